// SPDX-License-Identifier: Apache-2.0
/* mask.c - masked and read-only paths, and everything else that becomes read-only at the end
 *
 * Owns:     rootfs_seal().
 * Must not: trust a name: what is bound over a masked file is a verified null device taken before pivot_root, and it is
 *           attached to the descriptor that was looked at (CVE-2025-31133, -52881).
 * Runs in:  init, after pivot_root, before anything of the image has run.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "rootfs/devices.h"
#include "rootfs/mount.h"
#include "rootfs/mount_special.h"
#include "rootfs/propagation.h"
#include "rootfs/state.h"
#include "rootfs/target.h"

/* A mount that goes over many places: detached at first, then attached to the first of them and copied for the rest (a
 * detached mount can be copied since Linux 6.15 only). */
struct cover {
	int mount;
	bool attached;
	uint64_t attr; /* its copies inherit them */
};

/* Opens @path, or says that there is nothing to cover. 1: opened, 0: nothing, -1 with @e. */
static int open_path(const struct rootfs *r, const char *path, int *fd, struct err *e)
{
	*fd = file_open_in_root(r->rootfd, path, O_PATH, 0);
	if (*fd >= 0)
		return 1;
	/* EACCES: init has every capability here, so nobody in the container gets there. */
	if (errno == ENOENT || errno == ENOTDIR || errno == EACCES)
		return 0;
	return err_sys(e, "open");
}

static int put_cover(struct cover *c, int target, struct err *e)
{
	autofd copy = -1;

	if (target_same(c->mount, target)) /* the same path twice, or a symlink to a masked one */
		return 0;
	if (!c->attached) {
		c->attached = true;
		return mount_attach_with(c->mount, target, false, c->attr, e);
	}
	copy = mount_clone(c->mount, "", false, false);
	if (copy < 0)
		return err_sys(e, "copy the mask");
	return mount_attach(copy, target, e);
}

static int make_null_cover(struct rootfs *r, struct cover *c, struct err *e)
{
	struct rootfs_state *s = state_get(r);
	struct stat st;

	if (c->mount >= 0)
		return 0;
	c->mount = fd_steal(&s->null_tree);
	if (c->mount < 0) {
		/* The host had none to take along. The container's must be the real one then. */
		autofd null = file_open_in_root(r->rootfd, "/dev/null", O_PATH | O_NOFOLLOW, 0);

		if (null < 0)
			return err_sys(e, "open /dev/null");
		c->mount = mount_clone(null, "", false, false);
		if (c->mount < 0)
			return err_sys(e, "copy /dev/null");
	}
	if (fstat(c->mount, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_msg(e, "/dev/null is not the null device");
	return 0;
}

static int mask_one(struct rootfs *r, const char *path, struct cover *null, struct cover *dir, struct err *e)
{
	autofd fd = -1;
	struct stat st;
	int found = open_path(r, path, &fd, e);

	trace(TRACE_MOUNT, "mask %s%s", path, found ? "" : " (not there)");
	if (found <= 0)
		return found;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (target_same_mount(fd, r->rootfd))
		return err_msg(e, "the root itself cannot be masked");
	if (!S_ISDIR(st.st_mode))
		return make_null_cover(r, null, e) < 0 ? -1 : put_cover(null, fd, e);
	if (dir->mount < 0)
		dir->mount = mount_special_empty_dir(state_get(r)->label, e);
	return dir->mount < 0 ? -1 : put_cover(dir, fd, e);
}

static int mask_all(struct rootfs *r, struct err *e)
{
	const struct oci_strings *paths = &r->config->linux_.masked_paths;
	struct cover null = { .mount = -1, .attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC };
	struct cover dir = { .mount = -1 };
	int ret = 0;

	for (size_t i = 0; i < paths->n && ret == 0; i++)
		if (mask_one(r, paths->v[i], &null, &dir, e) < 0)
			ret = err_prefix(e, "linux.maskedPaths[%zu] (%s)", i, paths->v[i]);
	fd_close(&null.mount);
	fd_close(&dir.mount);
	return ret;
}

/* A copy of the tree over itself. What is mounted in it comes along and stays as it was asked for, as with the peers; other
 * flags are inherited by the copy. */
static int readonly_one(struct rootfs *r, const char *path, struct err *e)
{
	autofd fd = -1;
	autofd tree = -1;
	int found = open_path(r, path, &fd, e);

	trace(TRACE_MOUNT, "read-only %s%s", path, found ? "" : " (not there)");
	if (found <= 0)
		return found;
	/* A process whose root is "/" does not see what is mounted over it. */
	if (target_same_mount(fd, r->rootfd))
		return mount_set_attr(r->rootfd, false, MOUNT_ATTR_RDONLY, 0, e);
	tree = mount_clone(fd, "", true, false);
	if (tree < 0)
		return err_sys(e, "bind");
	return mount_attach_with(tree, fd, false, MOUNT_ATTR_RDONLY, e);
}

static int readonly_all(struct rootfs *r, struct err *e)
{
	const struct oci_strings *paths = &r->config->linux_.readonly_paths;

	for (size_t i = 0; i < paths->n; i++)
		if (readonly_one(r, paths->v[i], e) < 0)
			return err_prefix(e, "linux.readonlyPaths[%zu] (%s)", i, paths->v[i]);
	return 0;
}

static int late_readonly(struct rootfs *r, struct err *e)
{
	struct rootfs_state *s = state_get(r);

	for (size_t i = 0; i < s->n_late_ro; i++)
		if (mount_set_attr(s->late_ro[i], false, MOUNT_ATTR_RDONLY, 0, e) < 0)
			return err_prefix(e, "make a mount read-only");
	if (r->config->root.readonly && mount_set_attr(r->rootfd, false, MOUNT_ATTR_RDONLY, 0, e) < 0)
		return err_prefix(e, "make the root filesystem read-only");
	return 0;
}

/* The peers make process.cwd where it is missing. This is the last moment; whether it can be entered is found out when the
 * workload's user tries. */
static void make_cwd(struct rootfs *r)
{
	const char *cwd = r->config->process.cwd;
	int fd = cwd && cwd[0] == '/' ? target_open(r->rootfd, cwd, TARGET_DIR, NULL) : -1;

	fd_close(&fd);
}

/* The root was kept private or a slave until now so that nothing of the above could reach the host. */
static int root_propagation(struct rootfs *r, struct err *e)
{
	unsigned long ms;

	if (propagation_of(r->config, &ms, e) < 0)
		return -1;
	if (ms & (MS_PRIVATE | MS_SLAVE))
		return 0;
	return mount_set_propagation(r->rootfd, ms, e) < 0 ? err_prefix(e, "linux.rootfsPropagation") : 0;
}

static int seal_without_namespace(const struct rootfs *r, struct err *e)
{
	const struct oci_linux *l = &r->config->linux_;

	/* Never silently: these are promises of safety. */
	if (l->masked_paths.n || l->readonly_paths.n)
		return err_msg(e, "linux.%s needs a new mount namespace", l->masked_paths.n ? "maskedPaths" : "readonlyPaths");
	if (r->config->root.readonly)
		/* With the host's mounts in reach it would not be much of a promise, and the peers go on. */
		log_warn("root.readonly needs a new mount namespace: it has no effect");
	return 0;
}

int rootfs_seal(struct rootfs *r, struct err *e)
{
	int ret;

	make_cwd(r);
	if (!r->new_mount_ns)
		return seal_without_namespace(r, e);
	ret = devices_reopen_null(r, e) < 0 || mask_all(r, e) < 0 || readonly_all(r, e) < 0 || late_readonly(r, e) < 0 ||
		      root_propagation(r, e) < 0 ? -1 : 0;
	state_free(r);
	return ret;
}
