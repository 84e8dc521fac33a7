// SPDX-License-Identifier: Apache-2.0
/* mount_special.h - filesystems that are more than "mount it": proc, sysfs, mqueue, devpts, tmpfs, cgroup
 *
 * Owns:     what each of them needs besides its options, and what is done instead where the kernel refuses it.
 * Runs in:  init.
 */
#ifndef ROOTFS_MOUNT_SPECIAL_H
#define ROOTFS_MOUNT_SPECIAL_H

#include <limits.h>
#include <stdbool.h>

#include "rootfs/mount.h"
#include "rootfs/rootfs.h"

struct mount_job {
	struct rootfs *r;
	const struct oci_mount *mount;
	const char *type;
	struct mount_options options;
	const char *label;   /* as in struct mount_fs; NULL if there is none or no SELinux */
	int target;	     /* what is mounted on; borrowed */
	bool target_was_there; /* not made by us just now */
	char path[PATH_MAX]; /* where it is in the root */
};

struct mount_special {
	const char *type;
	bool real_dir; /* the target must be a directory that is reached without a symlink */
	bool label;    /* takes the SELinux context as a mount option */
	/* Mounts it on job->target: a descriptor of the mount, or -1 with @e. May change job->options. */
	int (*mount)(struct mount_job *job, struct err *e);
};

/* The row of @type; the last one, for everything else, if it has none. Never NULL. */
const struct mount_special *mount_special_find(const char *type);

/* The source is a block device: the superblock belongs to this mount. */
bool mount_special_is_on_device(const struct mount_job *job);

/* mount_cgroup.c: types "cgroup" and "cgroup2", v1, hybrid and v2. */
int mount_cgroup(struct mount_job *job, struct err *e);

/* copyup.c: copies what is in the directory @src (open for reading) to the empty directory @dst. */
int copyup(int src, int dst, struct err *e);

/* An empty, read-only tmpfs, not attached: the mask of directories. */
int mount_special_empty_dir(const char *label, struct err *e);

#endif
