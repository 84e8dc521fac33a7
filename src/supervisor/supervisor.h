// SPDX-License-Identifier: Apache-2.0
/* supervisor.h - starting the per-container supervisor and talking to it
 *
 * Owns:     the life of the process and its control protocol, as seen by the commands.
 */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "confine/plan.h"
#include "confine/wall/wall.h"
#include "policy/policy.h"
#include "supervisor/sinks.h"

struct supervisor_request {
	const char *id;
	int state_dir;		     /* O_PATH/O_DIRECTORY of the container's state directory; the control socket
				      * "supervisor.sock" and the audit log "denied.jsonl" live there. Borrowed */
	const struct policy *policy; /* read before the fork, inherited by memory */
	const struct confine_plan *plan;
	struct wall wall; /* only with plan->wall */
	int bpf_log;		     /* only with plan->bpf: the log of the cgroup program. Borrowed */
	int bpf_cgroup;		     /* only then: the cgroup that it is attached to. Borrowed */
	const struct sinks_request *sinks; /* where the record goes */
	bool has_quota;		     /* the container's cgroup has a processor quota to read: */
	int cpu_quota, cpu_period;   /* only then, from cgroup_open_cpu_quota(). Borrowed */
};

/* Forks the watcher, which forks the supervisor and, when that one dies, another: each its own session, /dev/null stdio, every
 * other descriptor closed, outside the container's cgroup, non-dumpable, confined. Returns when the supervisor said "ready" (its
 * control socket listens): the watcher's pid, or -1 with @e. SIGTERM to the watcher ends both. */
pid_t supervisor_start(const struct supervisor_request *req, struct err *e);
/* Ends what supervisor_start() made, when the container's init is gone: waits for it to end by itself for a moment, then sees
 * to it. @pidfd: the watcher's, or -1 if it is gone already. Returns when no process is left, or after @timeout_ms. */
void supervisor_end(int state_dir, int pidfd, int timeout_ms);

/* The following talk to the control socket in @state_dir. */

/* Tells it which process is init: it ends when that one ends. @pidfd is sent. */
int supervisor_watch(int state_dir, int init_pidfd, struct err *e);
/* Hands over a listener (of init or of an exec session); returns when it is being served. @listener stays the caller's. */
int supervisor_add_listener(int state_dir, int listener, struct err *e);
/* Hands over a netlink socket of the network namespace in which the wall stands, bound to what it tells (wall_log_bind()). @sock stays the
 * caller's. */
int supervisor_show_wall(int state_dir, int sock, struct err *e);
/* Hands the supervisor its end of the conversation with the container's name service (names/names.h). @sock is borrowed. */
int supervisor_join_names(int state_dir, int sock, struct err *e);

struct supervisor_status {
	pid_t pid;
	pid_t watcher;	       /* 0: it is gone, and the supervisor's end will not be survived */
	unsigned int restarts; /* how often its end was */
	uint64_t denied;
	bool alive;
};
/* No supervisor there: alive = false, 0 returned. */
int supervisor_get_status(int state_dir, struct supervisor_status *out, struct err *e);

/* The same numbers without asking anybody, from the file that it writes; untouched if there is none. What the cgroup program has
 * refused is in it at most a second later. */
void supervisor_get_counts(int state_dir, uint64_t *denied, unsigned int *restarts);

#endif
