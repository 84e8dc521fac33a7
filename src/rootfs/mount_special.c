// SPDX-License-Identifier: Apache-2.0
/* mount_special.c - filesystems that are more than "mount it": proc, sysfs, mqueue, devpts, tmpfs
 *
 * Runs in:  init.
 */
#include "rootfs/mount_special.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"

bool mount_special_is_on_device(const struct mount_job *j)
{
	const char *source = j->mount->source;
	struct stat st;

	return source && source[0] == '/' && stat(source, &st) == 0 && S_ISBLK(st.st_mode);
}

static int mount_plain(struct mount_job *j, struct err *e)
{
	struct mount_fs fs = { .type = j->type, .source = j->mount->source, .options = &j->options, .label = j->label };

	/* Only a filesystem on a device of its own gets a read-only superblock: on others (debugfs, cgroup, …) it is the
	 * same one as the host's. The mount itself is read-only in any case. */
	fs.ro_super = mount_special_is_on_device(j);
	return mount_fs_on(&fs, j->target, j->r->rootfd, j->path, e);
}

static int mount_proc(struct mount_job *j, struct err *e)
{
	int fd = mount_plain(j, e);

	if (fd < 0 && e->code == EPERM && j->r->userns)
		err_prefix(e, "a new procfs in a user namespace needs a pid namespace of its own, and a procfs without "
			      "masks outside");
	return fd;
}

/* A new sysfs shows the network namespace, so the kernel gives it only to its owner: not to a user namespace that uses the
 * host's network. The host's /sys does then, read-only throughout, as the peers do it. */
static int mount_sysfs(struct mount_job *j, struct err *e)
{
	struct err first = { 0 };
	autofd tree = mount_plain(j, &first);

	if (tree >= 0)
		return fd_steal(&tree);
	if (first.code != EPERM || !j->r->userns) {
		if (e)
			*e = first;
		return -1;
	}
	tree = mount_clone(AT_FDCWD, "/sys", true, false);
	if (tree < 0)
		return err_sys(e, "bind /sys of the host (a new sysfs is not permitted)");
	if (mount_attach_with(tree, j->target, true, j->options.set | MOUNT_ATTR_RDONLY, e) < 0 ||
	    mount_set_propagation(tree, MS_PRIVATE | MS_REC, e) < 0)
		return err_prefix(e, "/sys of the host");
	return fd_steal(&tree);
}

static int mount_devpts(struct mount_job *j, struct err *e)
{
	int fd = mount_plain(j, e);

	if (fd < 0 && e->code == EINVAL && j->r->userns && mount_options_has_data(&j->options, "gid"))
		err_prefix(e, "is the gid of devpts mapped in the user namespace?");
	return fd;
}

static int mount_mqueue(struct mount_job *j, struct err *e)
{
	const char *label = j->r->config->linux_.mount_label;
	char path[32];
	int fd = mount_plain(j, e);

	/* It knows no context= option; the attribute does it where SELinux is there, and elsewhere nobody misses it. */
	if (fd >= 0 && label && *label) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		(void)setxattr(path, "security.selinux", label, strlen(label), 0);
	}
	return fd;
}

/* Ends up as accessible as the directory under it, unless mode= says otherwise. */
static void inherit_mode(struct mount_job *j)
{
	struct stat st;
	char datum[24];

	if (!j->target_was_there || mount_options_has_data(&j->options, "mode") || fstat(j->target, &st) < 0)
		return;
	snprintf(datum, sizeof(datum), "mode=%04o", (unsigned int)st.st_mode & 07777);
	mount_options_add_data(&j->options, datum);
}

static int mount_tmpfs(struct mount_job *j, struct err *e)
{
	autofd under = -1;
	autofd fd = -1;

	if (j->options.flags & MOUNT_OPT_TMPCOPYUP) {
		/* "." of the descriptor is what is under the mount, before and after. */
		under = openat(j->target, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (under < 0)
			return err_sys(e, "open the directory for tmpcopyup");
	}
	inherit_mode(j);
	fd = mount_plain(j, e);
	if (fd >= 0 && under >= 0 && copyup(under, fd, e) < 0)
		return err_prefix(e, "tmpcopyup");
	return fd_steal(&fd);
}

int mount_special_empty_dir(const char *label, struct err *e)
{
	/* Two inodes and not one: some distributions' kernels (Ubuntu's 5.4) do not take 1. */
	char *data[] = { (char *)"size=4k", (char *)"nr_inodes=2", (char *)"mode=755" };
	struct mount_options o = {
		.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.data = data,
		.n_data = ARRAY_SIZE(data),
	};
	struct mount_fs fs = { .type = "tmpfs", .options = &o, .label = label };

	return mount_fs_detached(&fs, e);
}

static const struct mount_special table[] = {
	{ "proc", true, false, mount_proc },
	{ "sysfs", true, false, mount_sysfs },
	{ "tmpfs", false, true, mount_tmpfs },
	{ "devpts", false, true, mount_devpts },
	{ "mqueue", false, false, mount_mqueue },
	{ "cgroup", false, false, mount_cgroup },
	{ "cgroup2", false, false, mount_cgroup },
	{ NULL, false, true, mount_plain },
};

const struct mount_special *mount_special_find(const char *type)
{
	size_t i = 0;

	while (table[i].type && !str_eq(table[i].type, type))
		i++;
	return &table[i];
}
