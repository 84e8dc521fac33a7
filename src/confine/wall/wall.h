// SPDX-License-Identifier: Apache-2.0
/* wall.h - the policy as an nftables table in the container's own network namespace
 *
 * Owns:     the table's name, loading it, reading it back, what it has counted, its end.
 * Must not: decide whether there is to be one (enforcement.c).
 * Runs in:  create and the commands, as one who has CAP_NET_ADMIN over the namespace: nothing of the container's does it.
 *
 * Theory of operation: rules.c.
 */
#ifndef CONFINE_WALL_WALL_H
#define CONFINE_WALL_WALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/policy.h"

/* One table: two runtimes, or two containers of a pod, in one namespace have one each. */
struct wall {
	char table[32];
	uint16_t group; /* of NFLOG, by which it tells what it refused */
};

/* By the container's id and the state root that it is unique in. */
void wall_name(const char *root, const char *id, struct wall *out);

/* A netlink socket of the namespace @netns (a descriptor of it), or, with -1, of the caller's: it stays one of it whoever holds it.
 * -1 with @e: also where the namespace is not ours to enter. */
int wall_socket(int netns, struct err *e);
/* The words for an errno of it that has come from another process. Returns -1. */
int wall_socket_error(int error, struct err *e);

/* Loads the table for @p by @sock, and reads it back. Nothing is hooked in before all of it is there; -1: nothing is left of it. What
 * the kernel lacks shows here, and only here. */
int wall_load(int sock, const struct wall *w, const struct policy *p, struct err *e);
/* Gone is as good as removed. */
int wall_remove(int sock, const struct wall *w, struct err *e);

/* What it refused: packets, since it was loaded. */
struct wall_counters {
	uint64_t refused;   /* by the policy */
	uint64_t forged;    /* by a source that is not the container's */
	uint64_t routed;    /* by a source route, or headers that may hide one */
	uint64_t listeners; /* connections to ports that may not be listened on */
};
struct netlink;
int wall_read(struct netlink *n, const struct wall *w, struct wall_counters *out, struct err *e);

#endif
