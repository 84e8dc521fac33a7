// SPDX-License-Identifier: Apache-2.0
/* lists.h - what a policy says of destinations, as the sets of a packet filter
 *
 * Owns:     which addresses, ports and pairs of them go into which set: each sorted, disjoint, what touches merged. Pure.
 * Must not: judge: the sets, asked as rules.c asks them, say what policy_check() says.
 */
#ifndef CONFINE_WALL_LISTS_H
#define CONFINE_WALL_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "confine/wall/nft.h"
#include "policy/policy.h"

/* One list decides, and is the shorter one: what is allowed, where there is a list of that, else what is denied. Of what is in it a
 * second one takes parts away again, where it would be long winded to say the rest (all ports of a host but one). */
enum wall_list { WALL_LISTED, WALL_EXCEPT, WALL_LISTS };

/* What the elements of a set are. The order is that of the questions: what is cheap comes first. */
enum wall_shape {
	WALL_PAIRS,  /* address, protocol, port: a hash */
	WALL_PORTS,  /* ports of any address: a tree */
	WALL_HOSTS,  /* addresses, each alone: a hash */
	WALL_NETS,   /* ranges of addresses: a tree */
	WALL_RANGES, /* ranges of address, protocol and port: 0.5 µs, so for what fits nowhere else */
};

struct wall_set {
	char name[32];
	enum wall_list list;
	bool v6;
	enum wall_shape shape;
	unsigned int protos; /* 1 << enum policy_proto: for whom it is asked. WALL_PAIRS and WALL_RANGES have it in their keys */
	uint16_t lo, hi;     /* WALL_HOSTS, WALL_NETS: of these ports only; 0-65535: of all, and for what has none */
	uint32_t flags;	     /* NFT_SET_INTERVAL, or 0 */
	struct nft_key key;
	struct nft_element *v;
	size_t n, cap;
};

struct wall_lists {
	struct wall_set *sets;
	size_t n, cap;
	bool allow;		/* WALL_LISTED is what is allowed; else what is denied */
	bool taken;		/* … by the deny list and exceptions, whatever allows it */
	unsigned int any[2];	/* [v6]: the protocols of which every address and port is in WALL_LISTED */
	bool loopback_listed;	/* the own loopback is not free as a whole: it is in the sets as any address */
	bool nat64;		/* the IPv4 address in one of 64:ff9b::/96 is to be judged as well */
};

/* More intervals than this are not for a packet filter: a second to load, 100 bytes of kernel memory each. */
#define WALL_INTERVALS_MAX (1u << 17)

/* Heap. E2BIG: too many. @taken: of what addresses of names may not have, though a rule gives it to the name. */
int wall_lists_make(const struct policy *p, bool taken, struct wall_lists *out, struct err *e);
void wall_lists_free(struct wall_lists *l);
/* The sets of one list and family, or NULL behind the last. @after: NULL for the first. */
const struct wall_set *wall_lists_next(const struct wall_lists *l, enum wall_list list, bool v6, const struct wall_set *after);

#endif
