// SPDX-License-Identifier: Apache-2.0
/* lookup.h - the names of a policy, as the container knows them
 *
 * Owns:     whom is asked in which order: the hosts file that the engine mounts, the container's own name servers in its network
 *           namespace, the host's resolver.
 */
#ifndef CONTAINER_LOOKUP_H
#define CONTAINER_LOOKUP_H

#include "confine/foreign.h"
#include "policy/policy.h"

struct lookup {
	char *hosts; /* the text of the engine's file; NULL: it mounts none */
	size_t hosts_len;
	struct policy_resolv_conf conf;
	bool own_network;
	/* Where the container's servers are asked: the network is ready. A namespace of -1 is the host's. */
	bool ready;
	int userns, netns;
};

#define LOOKUP_INIT { .userns = -1, .netns = -1 }

/* Reads both files, and fills the facts of the policy. */
void lookup_prepare(struct lookup *l, const struct foreign_facts *f, struct policy_facts *facts);
/* For policy_resolve(); @ctx is a struct lookup. */
int lookup_resolve(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
/* Only the first of the sources: what costs nothing. */
int lookup_resolve_hosts(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
/* Asks nobody, and gives an address that stands for those that the name service will learn. */
int lookup_later(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e);
/* The descriptors are the caller's. */
void lookup_free(struct lookup *l);

#endif
