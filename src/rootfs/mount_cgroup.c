// SPDX-License-Identifier: Apache-2.0
/* mount_cgroup.c - /sys/fs/cgroup of the container
 *
 * Owns:     what of the host's hierarchies a container sees, and under which names.
 *
 * v2:      the one hierarchy. In a cgroup namespace a new mount of it, whose root is the container's cgroup; without one,
 *          a bind of the host's.
 * v1:      a tmpfs with a directory for each hierarchy of the host, under the host's names, and the host's symlinks
 *          (cpu -> cpu,cpuacct). In a cgroup namespace each is a new mount, without one a bind of the container's own part.
 * hybrid:  v1, and the v2 hierarchy is one more directory ("unified").
 *
 * Without a cgroup namespace the v2 hierarchy is never mounted anew: the mount would take nsdelegate and the other
 * options off the host's, since the superblock is the same.
 *
 * Runs in:  init, in its final cgroup and cgroup namespace, while the host's /proc and /sys are still there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/names.h"
#include "rootfs/mount_special.h"

#define FORCE_V1 "run.oci.systemd.force_cgroup_v1"

#define HARDENED (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A bind of @path with the job's flags, on @target. */
static int bind_cgroup(const char *path, uint64_t set, int target, struct err *e)
{
	autofd tree = mount_clone(AT_FDCWD, path, false, false);

	if (tree < 0 && errno == EINVAL) /* in a user namespace what is mounted below is locked to it */
		tree = mount_clone(AT_FDCWD, path, true, false);
	if (tree < 0)
		return err_sys(e, "bind %s", path);
	/* A filesystem for the container, and no bind: what the host mounts there later is not for it. */
	if (mount_attach_with(tree, target, false, set, e) < 0 || mount_set_propagation(tree, MS_PRIVATE | MS_REC, e) < 0)
		return err_prefix(e, "bind %s", path);
	return fd_steal(&tree);
}

/* --- v2 --------------------------------------------------------------------------------------------------- */

static char *own_path_v2(const struct rootfs *r)
{
	const char *p = r->cgroup_path_v2;

	if (!cgroupfs_v2_alone())
		return xstrdup(CGROUPFS_ROOT "/unified");
	if (!r->cgroupns || !p || !*p)
		return xstrdup(CGROUPFS_ROOT);
	return str_starts(p, CGROUPFS_ROOT) ? xstrdup(p) : xasprintf(CGROUPFS_ROOT "/%s", p);
}

static int mount_v2(struct mount_job *j, struct err *e)
{
	struct mount_fs fs = { .type = "cgroup2", .source = "cgroup", .options = &j->options };
	autofree char *own = NULL;
	autofd fd = -1;

	if (j->r->cgroupns) {
		fd = mount_fs_on(&fs, j->target, j->r->rootfd, j->path, e);
		/* EPERM: a user namespace that does not own the cgroup namespace. EBUSY: mount(2) on a bind of the same. */
		if (fd >= 0 || (e->code != EPERM && e->code != EBUSY))
			return fd_steal(&fd);
	}
	own = own_path_v2(j->r);
	fd = bind_cgroup(own, j->options.set, j->target, e);
	if (fd >= 0 || !j->r->userns || (e->code != ENOENT && e->code != EACCES))
		return fd_steal(&fd);
	/* Rootless, and the cgroup is out of sight: an empty directory hides that of the host, which may be there as part of
	 * a bind of /sys. */
	fd = mount_special_empty_dir(NULL, e);
	if (fd < 0 || mount_attach(fd, j->target, e) < 0)
		return -1;
	return fd_steal(&fd);
}

/* --- v1 --------------------------------------------------------------------------------------------------- */

static int mount_new(struct mount_job *j, const char *what, bool v2, int dir, const char *name, struct err *e)
{
	struct mount_options o = { .set = j->options.set | HARDENED };
	struct mount_fs fs = { .type = v2 ? "cgroup2" : "cgroup", .source = "cgroup", .options = &o };
	autofree char *path = xasprintf("%s/%s", j->path, name);
	autofree char *copy = xstrdup(what);
	char *save = NULL;
	int fd;

	/* Each controller is an option of its own; the v2 hierarchy has none. */
	for (char *t = v2 ? NULL : strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save))
		mount_options_add_data(&o, t);
	fd = mount_fs_on(&fs, dir, j->r->rootfd, path, e);
	mount_options_free(&o);
	return fd;
}

static int bind_own(struct mount_job *j, const char *name, const char *where, int dir, struct err *e)
{
	autofree char *own = xasprintf(CGROUPFS_ROOT "/%s%s", name, where);
	autofree char *all = xasprintf(CGROUPFS_ROOT "/%s", name);
	uint64_t set = j->options.set | HARDENED;
	int fd = bind_cgroup(own, set, dir, e);

	/* We are in a container already: what /proc says is a path of the host, and the mount shows our part only. */
	if (fd < 0 && e->code == ENOENT)
		fd = bind_cgroup(all, set, dir, e);
	return fd;
}

/* One directory of the host's /sys/fs/cgroup. A hierarchy that cannot be had (gone, or not for this user namespace) is left
 * out, as the peers do. */
static int add_hierarchy(struct mount_job *j, int tmpfs, const char *name, bool v2, const char *text, struct err *e)
{
	autofree char *what = NULL;
	autofree char *where = NULL;
	autofd dir = -1;
	autofd fd = -1;

	if (!cgroupfs_find(text, name, v2, &what, &where))
		return 0;
	if (mkdirat(tmpfs, name, 0755) < 0)
		return err_sys(e, "make directory %s", name);
	dir = openat(tmpfs, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open directory %s", name);
	fd = j->r->cgroupns ? mount_new(j, what, v2, dir, name, e) : bind_own(j, name, where, dir, e);
	if (fd >= 0)
		return 0;
	if (e->code != ENOENT && e->code != ENODEV && !(v2 || j->r->userns))
		return err_prefix(e, "cgroup hierarchy %s", name);
	unlinkat(tmpfs, name, AT_REMOVEDIR);
	return 0;
}

static int add_symlink(int tmpfs, const char *name, const char *to, struct err *e)
{
	if (symlinkat(to, tmpfs, name) < 0 && errno != EEXIST)
		return err_sys(e, "make symlink %s", name);
	return 0;
}

/* "cpu,cpuacct" is also found as "cpu" and as "cpuacct", whether the host has those symlinks or not. */
static int add_controller_names(int tmpfs, const char *name, struct err *e)
{
	autofree char *copy = xstrdup(name);
	char *save = NULL;

	if (!strchr(name, ','))
		return 0;
	for (char *t = strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save))
		if (add_symlink(tmpfs, t, name, e) < 0)
			return -1;
	return 0;
}

static int add_entry(struct mount_job *j, int tmpfs, int host, const char *name, const char *text, struct err *e)
{
	char to[NAME_MAX + 1];
	ssize_t n = readlinkat(host, name, to, sizeof(to) - 1);
	enum cgroupfs kind;

	if (n > 0) {
		to[n] = 0;
		/* Only "cpu -> cpu,cpuacct": nothing that leads elsewhere. */
		return strchr(to, '/') ? 0 : add_symlink(tmpfs, name, to, e);
	}
	kind = cgroupfs_kind(host, name);
	if (kind == CGROUPFS_NONE)
		return 0;
	if (add_hierarchy(j, tmpfs, name, kind == CGROUPFS_V2, text, e) < 0)
		return -1;
	return add_controller_names(tmpfs, name, e);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int fill_v1(struct mount_job *j, int tmpfs, struct err *e)
{
	__attribute__((cleanup(close_dir))) DIR *d = opendir(CGROUPFS_ROOT);
	autofree char *text = NULL;
	struct dirent *de;

	if (!d)
		return err_sys(e, "open " CGROUPFS_ROOT);
	if (file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL, e) < 0)
		return -1;
	while ((de = readdir(d)))
		if (de->d_name[0] != '.' && add_entry(j, tmpfs, dirfd(d), de->d_name, text, e) < 0)
			return -1;
	return 0;
}

/* crun's annotation, for an old systemd in a container on a host with v2: nothing but the hierarchy name=systemd, if somebody has
 * mounted it on the host. */
static int fill_systemd(struct mount_job *j, int tmpfs, struct err *e)
{
	autofree char *text = NULL;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL, e) < 0 ||
	    add_hierarchy(j, tmpfs, "systemd", false, text, e) < 0)
		return -1;
	if (faccessat(tmpfs, "systemd", F_OK, 0) < 0)
		return err_msg(e, "annotation " FORCE_V1 ": the host has no cgroup hierarchy name=systemd, or not for this user "
				  "(mount -t cgroup cgroup " CGROUPFS_ROOT "/systemd -o none,name=systemd,xattr)");
	return 0;
}

static int mount_v1(struct mount_job *j, int (*fill)(struct mount_job *j, int tmpfs, struct err *e), struct err *e)
{
	char *data[] = { (char *)"mode=755", (char *)"size=1024k" };
	struct mount_options o = {
		.set = (j->options.set | HARDENED) & ~(uint64_t)MOUNT_ATTR_RDONLY,
		.data = data,
		.n_data = ARRAY_SIZE(data),
	};
	struct mount_fs fs = { .type = "tmpfs", .options = &o };
	autofd tmpfs = mount_fs_on(&fs, j->target, j->r->rootfd, j->path, e);

	if (tmpfs < 0 || fill(j, tmpfs, e) < 0)
		return -1;
	if (mount_set_attr(tmpfs, false, j->options.set & MOUNT_ATTR_RDONLY, 0, e) < 0)
		return -1;
	return fd_steal(&tmpfs);
}

int mount_cgroup(struct mount_job *job, struct err *e)
{
	const char *forced = oci_map_get(&job->r->config->annotations, FORCE_V1);

	if (forced && str_eq(forced, job->mount->destination))
		return mount_v1(job, fill_systemd, e);
	if (str_eq(job->type, "cgroup2") || cgroupfs_v2_alone())
		return mount_v2(job, e);
	return mount_v1(job, fill_v1, e);
}
