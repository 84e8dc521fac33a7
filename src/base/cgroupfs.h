// SPDX-License-Identifier: Apache-2.0
/* cgroupfs.h - cgroup filesystems as the kernel shows them: which is where, and the lines of /proc/PID/cgroup (cgroups(7))
 *
 * Must not: decide anything: which hierarchies a container uses is src/cgroup/'s business, what it sees is src/rootfs/'s.
 */
#ifndef BASE_CGROUPFS_H
#define BASE_CGROUPFS_H

#include <stdbool.h>

#define CGROUPFS_ROOT "/sys/fs/cgroup"

enum cgroupfs { CGROUPFS_NONE, CGROUPFS_V1, CGROUPFS_V2 };

/* What is mounted on the directory @name in @dirfd, which must not be a symlink. NONE: something else, or no directory. */
enum cgroupfs cgroupfs_kind(int dirfd, const char *name);
/* v2 is all that the host has: it is mounted on CGROUPFS_ROOT itself. */
bool cgroupfs_v2_alone(void);

/* Takes the next line "N:CONTROLLERS:PATH" off *text, which it cuts up: both results lie in it. v2's controllers are "".
 * False at the end; *text is NULL then. */
bool cgroupfs_next(char **text, char **controllers, char **path);
/* The line that belongs to the directory @name of CGROUPFS_ROOT ("cpu,cpuacct" in whatever order, "systemd" for
 * "name=systemd"), or v2's. @controllers may be NULL; both are the caller's to free, and untouched if there is no such line. */
bool cgroupfs_find(const char *text, const char *name, bool v2, char **controllers, char **path);

#endif
