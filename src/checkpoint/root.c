// SPDX-License-Identifier: Apache-2.0
/* root.c - the root filesystem as CRIU wants it: a mount of its own, with a place for everything that is mounted in it
 *
 * Owns:     the mount on struct root.dir; mount points that are missing in the root filesystem, as create makes them.
 * Must not: let a mount reach the host; follow a name out of the root.
 * Runs in:  restore, in the child that executes CRIU.
 */
#include "checkpoint/root.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "checkpoint/external.h"
#include "rootfs/mount.h"
#include "rootfs/propagation.h"
#include "rootfs/target.h"

static bool is_below(const char *place, const char *dir)
{
	size_t len = strlen(dir);

	return str_eq(dir, "/") || (str_starts(place, dir) && place[len] == '/');
}

/* What is inside a filesystem that CRIU makes (tmpfs, proc, …) comes back with it. */
static bool comes_back(const struct oci_config *c, const char *place)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		autofree char *dir = external_place(c->mounts[i].destination);

		if (!external_is_bind(&c->mounts[i]) && is_below(place, dir))
			return true;
	}
	return false;
}

static bool has_below(const struct oci_config *c, const char *place)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		autofree char *other = external_place(c->mounts[i].destination);

		if (is_below(other, place))
			return true;
	}
	return false;
}

/* @mounts gets a descriptor where another mount point has to be made in this one. */
static int make_place(const struct root *r, const struct oci_mount *m, int rootfd, int *mount, struct err *e)
{
	autofree char *place = external_place(m->destination);
	autofree char *source = external_source(m, r->bundle);
	bool bind = external_is_bind(m);
	struct stat st;
	autofd target = -1;

	if ((m->type && str_starts(m->type, "cgroup")) || comes_back(r->config, place))
		return 0;
	if (bind && stat(source, &st) < 0)
		return err_sys(e, "bind source %s", source);
	target = target_open(rootfd, place, bind && !S_ISDIR(st.st_mode) ? TARGET_FILE : TARGET_DIR, e);
	if (target < 0)
		return -1;
	if (!bind || !has_below(r->config, place))
		return 0;
	*mount = mount_clone(AT_FDCWD, source, true, false);
	if (*mount < 0)
		return err_sys(e, "bind source %s", source);
	return mount_attach(*mount, target, e);
}

static int make_places(const struct root *r, int rootfd, struct err *e)
{
	size_t n = r->config->n_mounts;
	autofree int *mounts = xcalloc(n + 1, sizeof(*mounts));
	int ret = 0;

	for (size_t i = 0; i < n; i++)
		mounts[i] = -1;
	for (size_t i = 0; i < n && ret == 0; i++)
		if (make_place(r, &r->config->mounts[i], rootfd, &mounts[i], e) < 0)
			ret = err_prefix(e, "mounts[%zu] (%s)", i, r->config->mounts[i].destination);
	/* CRIU mounts them itself, and takes the root with all that is mounted in it. */
	for (size_t i = n; i-- > 0;) {
		if (mounts[i] >= 0)
			mount_detach(mounts[i]);
		fd_close(&mounts[i]);
	}
	return ret;
}

int root_prepare(void *ctx, struct err *e)
{
	const struct root *r = ctx;
	autofd parent = -1;
	autofd rootfd = -1;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace for CRIU");
	if (request_reopen(r->request, e) < 0)
		return -1;
	/* Only the mount that the state directory is on: bind mounts of the container that CRIU takes from here shall stay in
	 * the peer groups in which they are on the host. */
	parent = open(r->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return err_sys(e, "open %s", r->dir);
	if (propagation_protect_parent(parent, MS_SLAVE, e) < 0)
		return err_prefix(e, "keep CRIU's mounts from the host");
	if (mount(r->rootfs, r->dir, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(e, "root.path: bind %s", r->rootfs);
	if (mount(NULL, r->dir, NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "keep CRIU's mounts from the root filesystem of the host");
	rootfd = open(r->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfd < 0)
		return err_sys(e, "open %s", r->dir);
	return make_places(r, rootfd, e);
}
