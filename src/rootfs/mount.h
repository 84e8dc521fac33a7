// SPDX-License-Identifier: Apache-2.0
/* mount.h - the kernel's mount interface in a handful of calls, all by descriptor
 *
 * Owns:     making a detached mount (of a filesystem, of a tree), its attributes, attaching it; and mount(2) for
 *           what the interface of Linux 5.2 cannot do.
 * Must not: know of config.json or look up names in the container's root.
 * Runs in:  create (detached sources) and init.
 */
#ifndef ROOTFS_MOUNT_H
#define ROOTFS_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "rootfs/mount_options.h"

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* Linux 5.14 */
#endif

/* A detached copy of the mount at @path (relative to @dirfd; "" is @dirfd itself), with everything below if
 * @recursive. Descriptor or -1 with errno. */
int mount_clone(int dirfd, const char *path, bool recursive, bool nofollow);

/* A filesystem to be made. */
struct mount_fs {
	const char *type;
	const char *source;		     /* NULL: the type's name */
	const struct mount_options *options; /* attributes, superblock flags and data; NULL: none */
	const char *label;		     /* SELinux context as a mount option ("context=…"), or NULL */
	bool ro_super;			     /* "ro" also makes the superblock read-only (a real device must be mounted so) */
};
/* Makes @fs and mounts it on @target, a descriptor. Returns a descriptor of the new mount (O_PATH) or -1 with @e. @root
 * and @path (where @target is in it) serve to find the mount again after mount(2). */
int mount_fs_on(const struct mount_fs *fs, int target, int rootfd, const char *path, struct err *e);
/* Makes it without mounting it: descriptor or -1 with @e. */
int mount_fs_detached(const struct mount_fs *fs, struct err *e);

/* Attaches a detached mount to @target. */
int mount_attach(int mount, int target, struct err *e);
/* As above, after setting attributes (recursively where the kernel can: Linux 5.12). */
int mount_attach_with(int mount, int target, bool recursive, uint64_t set, struct err *e);
/* Sets and clears MOUNT_ATTR_… of the mount @fd. What a more privileged user namespace has locked stays as it is:
 * that is always the stricter value. */
int mount_set_attr(int fd, bool recursive, uint64_t set, uint64_t clr, struct err *e);
/* @ms: MS_PRIVATE, … with or without MS_REC. */
int mount_set_propagation(int fd, unsigned long ms, struct err *e);
/* Everything in @o that is no datum: attributes, recursive ones, propagation. */
int mount_apply(int fd, const struct mount_options *o, struct err *e);
/* False before Linux 5.12: attributes can be given to an attached mount only, so with a moment in which it has others. */
bool mount_attr_by_fd(void);
/* Detaches the mount @fd. */
int mount_detach(int fd);

#endif
