// SPDX-License-Identifier: Apache-2.0
/* patience.h - waiting for a process that the container can touch
 *
 * Owns:     how long: a process of ours that is in the container can be stopped, starved or led into a file that never answers by
 *           the container, and the command that waits for it must end all the same, and hear SIGTERM meanwhile, though it has blocked
 *           signals for what it will forward later.
 * Must not: count the caller's own work as the other's silence.
 */
#ifndef CONTAINER_PATIENCE_H
#define CONTAINER_PATIENCE_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

#define PATIENCE_MS 60000	 /* of silence: a starved or throttled process, a slow filesystem */
#define PATIENCE_STOPPED_MS 5000 /* of being stopped: by a signal, that is */

struct patience {
	pid_t pid; /* who is waited for */
	int limit_ms; /* of silence; 0: as long as it takes (but for being stopped) */
	bool (*excused)(void *ctx); /* asked when a limit is reached: true is another round. May be NULL */
	void *ctx;
	sigset_t before;
};

/* From here to patience_end() SIGTERM, SIGINT, SIGQUIT and SIGHUP end the wait, and nothing else. */
void patience_begin(struct patience *p);
void patience_end(struct patience *p);
/* For who waits for something else meanwhile (a hook): becomes readable when there is a signal; -1: there is no wait. */
int patience_ears(void);
/* What that was: -1 with @e; 0: nothing. */
int patience_hear(struct err *e);
/* Until one of the @n of @fds has something: 0. -1 with @e: a signal, or a limit that is reached. */
int patience_wait(struct patience *p, struct pollfd *fds, size_t n, struct err *e);
/* Reaps a child that is about to end, within @ms. False: it has not ended (frozen, or in the kernel), and stays the child of whoever
 * takes our children. */
bool patience_reap(pid_t pid, int *status, int ms);
/* True while @pid is stopped by a signal. */
bool patience_is_stopped(pid_t pid);

#endif
