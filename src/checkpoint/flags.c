// SPDX-License-Identifier: Apache-2.0
/* flags.c - the flags of mounts from outside, once more
 *
 * Must not: follow a name out of the container's root, or touch what is no mount: a container that had unmounted something has it
 *           unmounted still.
 * Runs in:  restore; a child in the mount namespace of the container.
 */
#include "checkpoint/flags.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hide.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "checkpoint/external.h"
#include "rootfs/mount.h"
#include "rootfs/mount_options.h"

#define KEPT (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define MASK (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC) /* src/rootfs/mask.c */

static int set(int rootfd, const char *place, uint64_t attr, bool device, struct err *e)
{
	autofd fd = attr ? file_open_in_root(rootfd, place, O_PATH, 0) : -1;
	struct stat st;
	struct err why;

	if (fd < 0 || fstat(fd, &st) < 0 || (device && !S_ISCHR(st.st_mode)))
		return 0;
	/* EINVAL: no mount is there. */
	if (mount_set_attr(fd, false, attr, 0, &why) == 0 || why.code == EINVAL)
		return 0;
	*e = why;
	return err_prefix(e, "flags of the mount on %s", place);
}

static int set_all(const struct oci_config *c, int rootfd, struct err *e)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		autofree char *place = external_place(c->mounts[i].destination);
		struct mount_options o;
		uint64_t attr;

		if (!external_is_bind(&c->mounts[i]))
			continue;
		if (mount_options_parse(&c->mounts[i].options, &o, e) < 0)
			return err_prefix(e, "mounts[%zu]", i);
		attr = (o.set | o.rec_set) & KEPT;
		mount_options_free(&o);
		if (set(rootfd, place, attr, false, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < c->linux_.masked_paths.n; i++)
		if (set(rootfd, c->linux_.masked_paths.v[i], MASK, true, e) < 0)
			return -1;
	return 0;
}

static int enter_and_set(const struct oci_config *c, int mntns, struct err *e)
{
	autofd rootfd = -1;

	if (setns(mntns, CLONE_NEWNS) < 0)
		return err_sys(e, "enter the mount namespace of the container");
	rootfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return rootfd < 0 ? err_sys(e, "open the root of the container") : set_all(c, rootfd, e);
}

int flags_renew(const struct oci_config *c, pid_t init, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/ns/mnt", (int)init);
	autofd mntns = open(path, O_RDONLY | O_CLOEXEC);
	int ends[2], status = 0;
	struct err said;
	ssize_t n;
	pid_t pid;

	if (mntns < 0)
		return err_sys(e, "open the mount namespace of the container");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	pid = fork();
	if (pid == 0) {
		int keep[] = { mntns, ends[1] };
		struct err why;

		hide_self();
		log_divert(NULL);
		fd_close_from_but_all(3, keep, ARRAY_SIZE(keep));
		if (enter_and_set(c, mntns, &why) < 0)
			(void)!write(ends[1], &why, sizeof(why));
		_exit(0);
	}
	fd_close(&ends[1]);
	n = pid < 0 ? -1 : fd_read_all(ends[0], &said, sizeof(said));
	fd_close(&ends[0]);
	if (pid < 0)
		return err_sys(e, "fork");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n == 0 && status == 0)
		return 0;
	if (n != (ssize_t)sizeof(said))
		return err_msg(e, "the process that sets the flags of mounts ended early");
	*e = said;
	return -1;
}
