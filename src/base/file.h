// SPDX-License-Identifier: Apache-2.0
/* file.h - whole small files, and paths that must stay below a root
 *
 * Owns:     reading and writing a file in one call; openat2(2) below a root that an attacker may have filled
 *           with symlinks.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Reads the whole of @path (relative to @dirfd, AT_FDCWD allowed) into a NUL-terminated heap string that the caller
 * frees; *len without the NUL (len may be NULL). More than @max bytes is EFBIG. Returns 0 or -1 with @e filled. */
int file_read(int dirfd, const char *path, size_t max, char **out, size_t *len, struct err *e);
/* The same of a regular file only: a FIFO without a writer, or a terminal, would hold us for ever. */
int file_read_regular(int dirfd, const char *path, size_t max, char **out, size_t *len, struct err *e);
/* Writes @data to an existing file (procfs, sysfs, cgroupfs) in one write(2): no O_CREAT, no O_TRUNC. */
int file_write(int dirfd, const char *path, const char *data, struct err *e);
/* Makes or replaces @path atomically: a temporary file beside it, then rename(2). No partial content is ever seen. Safe where others
 * may write: what they put there, under whatever name, is not opened. */
int file_replace(int dirfd, const char *path, const void *data, size_t len, mode_t mode, struct err *e);
/* Opens a regular file to append to it, made if it is not there. Likewise safe: a link is not followed, a FIFO or a device is not
 * opened. */
int file_append(int dirfd, const char *path, mode_t mode, struct err *e);
/* Opens what @fd stands for (O_PATH as well) once more, with @flags. -1 with errno. */
int file_reopen(int fd, int flags);

/* Opens @path as seen by a process whose root is @rootfd: symlinks and ".." are resolved inside it
 * (openat2 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, Linux 5.6). Descriptor or -1 with errno; O_CLOEXEC is added. */
int file_open_in_root(int rootfd, const char *path, int flags, mode_t mode);
/* Removes @name below @dirfd, whatever it is and has in it. Nothing is followed, no depth is too deep. -1 with @e if some of it
 * could not be removed; ENOENT is none. */
int file_remove_tree(int dirfd, const char *name, struct err *e);
/* mkdir -p of a host path. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);

#endif
