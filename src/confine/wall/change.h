// SPDX-License-Identifier: Apache-2.0
/* change.h - changes to a wall that stands
 *
 * Owns:     the messages by which elements of its sets come, stay and go: all of a change, or none of it.
 * Must not: replace a table, a base chain or a rule (packets between the two would find neither), or use the heap.
 * Runs in:  the supervisor's main thread, with CAP_NET_ADMIN in effect for the moment.
 */
#ifndef CONFINE_WALL_CHANGE_H
#define CONFINE_WALL_CHANGE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/netlink.h"
#include "confine/wall/groups.h"
#include "confine/wall/wall.h"

/* An address for the ports of some groups, from now on for @ms, whether or not it is in already; with 0 it ends now, if it has not. */
struct wall_lease {
	struct in6_addr addr; /* IPv4 v4-mapped */
	uint64_t groups;      /* 1 << its index in struct wall_groups */
	uint64_t ms;
};
#define WALL_LEASES_MAX 32 /* at a time; each address at most once for each group */
int wall_lease(struct netlink *n, const struct wall *w, const struct wall_groups *g, const struct wall_lease *v, size_t count, struct err *e);

/* By which ports the name service asks which servers, and where it awaits answers. Once for each wall. */
struct wall_asker {
	bool v6;
	bool tcp;
	uint16_t port;
};
int wall_let_ask(struct netlink *n, const struct wall *w, const struct in6_addr *servers, size_t n_servers, const struct wall_asker *v,
		 size_t count, struct err *e);
#define WALL_SERVERS_MAX 3
#define WALL_ASKERS_MAX 64

#endif
