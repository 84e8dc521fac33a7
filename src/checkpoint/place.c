// SPDX-License-Identifier: Apache-2.0
/* place.c - where CRIU works: a mount namespace of its own, with what it needs of mounts
 *
 * Owns:     the mounts on PLACE_DIR; mount points that are missing in the root filesystem, as create makes them.
 * Must not: let a mount reach the host; follow a name out of the root.
 * Runs in:  checkpoint and restore, and in their child that executes CRIU.
 */
#include "checkpoint/place.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/str.h"
#include "checkpoint/external.h"
#include "rootfs/mount.h"
#include "rootfs/propagation.h"
#include "rootfs/target.h"

int place_make(struct place *p, const struct container *c, struct request *q, struct err *e)
{
	autofree char *state = container_path(c, e);

	if (!state)
		return -1;
	/* There already: somebody before us was killed. */
	if (mkdirat(c->dirfd, PLACE_DIR, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s/" PLACE_DIR, state);
	p->request = q;
	p->dir = xasprintf("%s/" PLACE_DIR, state);
	if (p->config)
		q->options->root = xasprintf("%s/root", p->dir);
	if (cgroupfs_v2_alone())
		q->options->cgroup_yard = xstrdup(p->dir);
	return 0;
}

void place_remove(struct place *p, const struct container *c)
{
	if (p->dir)
		unlinkat(c->dirfd, PLACE_DIR, AT_REMOVEDIR);
	free(p->dir);
	p->dir = NULL;
}

/* --- the root of a container that comes back ---------------------------------------------------------------------- */

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
static int make_place(const struct place *p, const struct oci_mount *m, int rootfd, int *mount, struct err *e)
{
	autofree char *place = external_place(m->destination);
	autofree char *source = external_source(m, p->bundle);
	bool bind = external_is_bind(m);
	struct stat st;
	autofd target = -1;

	if ((m->type && str_starts(m->type, "cgroup")) || comes_back(p->config, place))
		return 0;
	if (bind && stat(source, &st) < 0)
		return err_sys(e, "bind source %s", source);
	target = target_open(rootfd, place, bind && !S_ISDIR(st.st_mode) ? TARGET_FILE : TARGET_DIR, e);
	if (target < 0)
		return -1;
	if (!bind || !has_below(p->config, place))
		return 0;
	*mount = mount_clone(AT_FDCWD, source, true, false);
	if (*mount < 0)
		return err_sys(e, "bind source %s", source);
	return mount_attach(*mount, target, e);
}

static int make_places(const struct place *p, int rootfd, struct err *e)
{
	size_t n = p->config->n_mounts;
	autofree int *mounts = xcalloc(n + 1, sizeof(*mounts));
	int ret = 0;

	for (size_t i = 0; i < n; i++)
		mounts[i] = -1;
	for (size_t i = 0; i < n && ret == 0; i++)
		if (make_place(p, &p->config->mounts[i], rootfd, &mounts[i], e) < 0)
			ret = err_prefix(e, "mounts[%zu] (%s)", i, p->config->mounts[i].destination);
	/* CRIU mounts them itself, and takes the root with all that is mounted in it. */
	for (size_t i = n; i-- > 0;) {
		if (mounts[i] >= 0)
			mount_detach(mounts[i]);
		fd_close(&mounts[i]);
	}
	return ret;
}

/* @name in the tmpfs, with the tree @source on it. */
static int bind_on(const struct place *p, const char *name, const char *source, bool recursive, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", p->dir, name);

	if (mkdir(path, 0755) < 0 || mount(source, path, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL) < 0)
		return err_sys(e, "bind %s for CRIU", source);
	/* What it does there is none of the host's business. */
	if (mount(NULL, path, NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_sys(e, "keep CRIU's mounts from %s of the host", source);
	return 0;
}

static int make_root(const struct place *p, struct err *e)
{
	autofree char *path = xasprintf("%s/root", p->dir);
	autofd rootfd = -1;

	if (bind_on(p, "root", p->rootfs, true, e) < 0)
		return err_prefix(e, "root.path");
	rootfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rootfd < 0 ? err_sys(e, "open %s", path) : make_places(p, rootfd, e);
}

int place_enter(void *ctx, struct err *e)
{
	const struct place *p = ctx;
	autofd dir = -1;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace for CRIU");
	if (request_reopen(p->request, e) < 0)
		return -1;
	/* Only the mount that the state directory is on: bind mounts of the container that CRIU takes from here shall stay in
	 * the peer groups in which they are on the host. */
	dir = open(p->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", p->dir);
	if (propagation_protect_parent(dir, true, e) < 0)
		return err_prefix(e, "keep CRIU's mounts from the host");
	if (mount("tmpfs", p->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=711,size=64k") < 0)
		return err_sys(e, "mount a tmpfs on %s", p->dir);
	if (cgroupfs_v2_alone() && bind_on(p, "unified", CGROUPFS_ROOT, false, e) < 0)
		return -1;
	return p->config ? make_root(p, e) : 0;
}
