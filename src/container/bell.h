// SPDX-License-Identifier: Apache-2.0
/* bell.h - how "start" reaches the init that waits for it
 *
 * Owns:     two sockets of init's, with names in the state directory: start.sock, a datagram socket from which init reads one byte, and
 *           error.sock, to which "start" connects before: init's end of that connection closes when execve succeeds (close-on-exec),
 *           and has the reason when it does not.
 * Must not: let init hold a file of the host's while it waits (a fifo would lead to the filesystem that it lies on), nor ask more than
 *           read(2) of a seccomp profile while all is well.
 */
#ifndef CONTAINER_BELL_H
#define CONTAINER_BELL_H

#include <stdbool.h>

#include "base/error.h"

#define BELL_START "start.sock"
#define BELL_ERROR "error.sock"

struct bell {
	int start, error; /* -1: none */
	int answer;	  /* init's: the connection of who rang; -1: not taken */
};
#define BELL_INIT { .start = -1, .error = -1, .answer = -1 }

/* In create: init's sockets, in the state directory @dirfd. */
int bell_make(struct bell *b, int dirfd, struct err *e);
void bell_close(struct bell *b);
/* In init: until it rings. */
int bell_wait(const struct bell *b, struct err *e);
/* In init, if accept4(2) may be called: takes the connection, so that write(2) is all that bell_complain() calls. */
void bell_answer(struct bell *b);
/* In init: why there will be no workload. */
void bell_complain(const struct bell *b, const char *text);

/* In start: connects to both; ECONNREFUSED in e->code: init is gone. bell_ring() then, and what comes from @error until its end. */
int bell_find(struct bell *b, int dirfd, struct err *e);
int bell_ring(const struct bell *b, struct err *e);

#endif
