// SPDX-License-Identifier: Apache-2.0
/* fd.h - descriptors that close themselves
 *
 * Owns:     autofd (cleanup at the declaration) and the sweep of inherited descriptors.
 * Must not: retry close(): on Linux the descriptor is gone even on EINTR.
 */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Closes *fd if it is open and makes it -1. Keeps errno. */
void fd_close(int *fd);
#define autofd __attribute__((cleanup(fd_close))) int

/* Takes the descriptor out of the variable: the caller owns it from here on. */
static inline int fd_steal(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

/* Opens /dev/null in the place of each of 0 to 2 that is closed: else the next file takes it, and is written to as standard error,
 * or handed on to a workload as its input. First of all in a program. */
int fd_fill_standard(struct err *e);
/* Closes every descriptor >= @first (close_range(2), Linux 5.9; else a walk of /proc/self/fd). */
void fd_close_from(int first);
/* The same, but for @keep (which may be -1, or below @first). */
void fd_close_from_but(int first, int keep);
/* The same, but for the @n in @keep (each may be -1, or below @first), which it sorts. */
void fd_close_from_but_all(int first, int *keep, size_t n);
/* Marks every descriptor >= @first close-on-exec. */
void fd_cloexec_from(int first);
/* Sets or clears FD_CLOEXEC. */
int fd_set_cloexec(int fd, bool on);
/* Sends one byte of data @name (name_len >= 1) and @fd as SCM_RIGHTS over the unix socket @sock. */
int fd_send(int sock, int fd, const void *name, size_t name_len, struct err *e);
/* Receives up to @size bytes and at most one descriptor (-1 if none came; close-on-exec). Returns the number
 * of bytes (0: end of file) or -1. Further descriptors are closed. */
int fd_recv(int sock, void *buf, size_t size, int *fd, struct err *e);
/* Reads or writes all @len bytes, going on after EINTR and short counts. Read returns the count (short at end of
 * file), write 0; -1 with errno on failure. */
ssize_t fd_read_all(int fd, void *buf, size_t len);
int fd_write_all(int fd, const void *buf, size_t len);

#endif
