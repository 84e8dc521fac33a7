// SPDX-License-Identifier: Apache-2.0
/* target.h - the place below the root that something is mounted on or made at
 *
 * Owns:     finding it, making what is missing of it, and telling where it really is: all by descriptor.
 * Must not: mount.
 * Runs in:  init, on a tree that an image filled and that other containers may be changing at the moment.
 */
#ifndef ROOTFS_TARGET_H
#define ROOTFS_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum target_kind { TARGET_DIR, TARGET_FILE };

/* The last component of @path, with "/" and "." at the end taken off; NULL if nothing is left ("/", "..").
 * @parent: what is before it ("/" if nothing is). Both are heap. */
char *target_split(const char *path, char **parent);

/* Opens @path in @rootfd (O_PATH). What is missing is made: directories 0755, and at the end a directory or an empty
 * file 0644. Symlinks are followed inside the root, dangling ones too: /etc/resolv.conf of many images points to a file
 * that only a running system has. Descriptor or -1 with @e. */
int target_open(int rootfd, const char *path, enum target_kind kind, struct err *e);
/* As above for a directory, and no component may be a symlink: for proc, sysfs and /dev, whose place later steps rely on
 * (CVE-2019-19921, CVE-2023-27561). ELOOP or ENOTDIR in e->code then. */
int target_open_real_dir(int rootfd, const char *path, struct err *e);
/* Where @fd is below @rootfd ("/" for the root itself), from /proc/self/fd: for checks and messages, not for access.
 * Returns 0, or -1 with @e if it is not below. */
int target_path(int rootfd, int fd, char path[PATH_MAX], struct err *e);
/* Refuses mounts on /proc or below it that would fake what later steps and the workload read there: on /proc itself only
 * procfs (@procfs: a new one, or a bind of one), below it only the files that lxcfs emulates. */
int target_check_proc(int rootfd, int fd, const char *path, bool procfs, struct err *e);
/* True if @a and @b are the same file or directory, through whichever mounts. */
bool target_same(int a, int b);
/* … of the same mount: a directory that is bound at two places is two. False where the kernel does not tell (before Linux 5.8). */
bool target_same_mount(int a, int b);

#endif
