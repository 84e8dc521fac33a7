// SPDX-License-Identifier: Apache-2.0
/* daemon.h - the name service as processes: one that serves, and one that brings another up when it dies
 *
 * Owns:     the two processes from fork to end.
 * Must not: hold anything of the host's but the state directory (the outer one), or keep a right.
 */
#ifndef NAMES_DAEMON_H
#define NAMES_DAEMON_H

#include "names/names.h"

struct names_request {
	int netns;	/* of the container */
	int init;	/* its pidfd: the end of init is theirs */
	int state_dir;
	struct in_addr listen; /* in the container's network, port 53 */
	const struct in6_addr *servers;
	size_t n_servers;
	const struct names_pattern *patterns;
	size_t n_patterns;
	/* Gives the supervisor of @state_dir its end of a conversation with the service, @sock (borrowed). -1: it cannot be reached now. */
	int (*join)(int state_dir, int sock, struct err *e);
};

/* Starts both. The descriptors are borrowed. Returns when names are served: the pid of the outer process, a child of the caller
 * and then of whoever reaps for it; or -1 with @e. */
pid_t names_start(const struct names_request *q, struct err *e);

#endif
