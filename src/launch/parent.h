// SPDX-License-Identifier: Apache-2.0
/* parent.h - the parent's side of the conversation of sync.h, as far as create and exec share it
 *
 * Owns:     the process being made (its pid, the stage before it), our end of the socket, the terminal's master; the rule
 *           that each message comes at most once (SYNC_IDMAP_WANTED: for each mount) and in its order.
 * Must not: know what a container is: what a message means to create or exec is in their own tables.
 */
#ifndef CONTAINER_PARENT_H
#define CONTAINER_PARENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/patience.h"
#include "launch/sync.h"
#include "oci/config.h"

struct parent {
	const char *console_socket; /* borrowed; NULL: the caller takes the master */
	const struct oci_process *process;
	int sync;   /* our end; -1 before parent_open() */
	int master; /* -1, or the pty's master */
	pid_t staged; /* the stage, until it is reaped */
	pid_t pid;    /* the process; 0 until it is known */
	struct patience patience; /* its limit_ms and excused are the owner's to set */
	uint32_t last; /* the last message that came */
	int32_t last_num; /* and its number */
};

#define PARENT_INIT(proc, socket) { .console_socket = (socket), .process = (proc), .sync = -1, .master = -1 }

/* What one message means. The answer GO, if sync.h has one, is sent when it returned 0. @passed is closed by the caller. */
typedef int (*parent_handler)(void *ctx, const struct sync_msg *m, int passed, struct err *e);

/* Makes the socket pair: our end is kept, the child's is returned, or -1. */
int parent_open(struct parent *p, struct err *e);
/* process.oomScoreAdj, for @pid (0: the caller). From outside where that is possible: a user namespace takes the right to lower it. For
 * the stage, which is to be hidden, by itself: it gives its files in /proc to a root that we may not be. */
void parent_set_oom_score_adj(const struct parent *p, pid_t pid);
/* Takes what spawn() returned: sets the oom score of a process that is there already. */
void parent_know(struct parent *p, pid_t pid);
/* Answers until READY (1), or until the process closed its end (0), or -1 with @e: its own error, or ours. The stage is
 * reaped here; @known (may be NULL) is called as soon as the pid is known through it. */
int parent_converse(struct parent *p, const parent_handler handlers[SYNC_COUNT], int (*known)(void *ctx, struct err *e),
		    void *ctx, struct err *e);
/* SYNC_CONSOLE: the master goes to the console socket, or is kept in p->master with our terminal's size. */
int parent_take_console(struct parent *p, int passed, struct err *e);
/* Atomically, without a newline (containerd parses the whole file as a number). */
int parent_write_pid_file(const struct parent *p, const char *path, struct err *e);
/* A pidfd to who listens on the unix socket @path (--pidfd-socket), with runc's word for what it is: "standard" for a container's
 * init, "setns" for exec. */
int parent_send_pidfd(const char *path, int pidfd, const char *what, struct err *e);
/* True where the process was not made because the stage, which is in the container's cgroup, left no room for it below the limit of
 * pids: then all is as before parent_open(), and the process may be made outside, and moved. */
bool parent_again(struct parent *p, const struct err *e);
/* Ends and reaps stage and process; closes the socket and the master. */
void parent_undo(struct parent *p);
/* Closes our end of the socket. */
void parent_close(struct parent *p);
/* SIGKILL and reap a child of ours; 0 is nobody. */
void parent_end_child(pid_t pid);

#endif
