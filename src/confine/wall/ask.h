// SPDX-License-Identifier: Apache-2.0
/* ask.h - rules that ask the policy's sets
 *
 * Owns:     how an address and a port of a packet are looked up in the sets of a list (lists.h). Pure.
 * Must not: know in which chains (rules.c).
 */
#ifndef CONFINE_WALL_ASK_H
#define CONFINE_WALL_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include "confine/wall/lists.h"
#include "confine/wall/nft.h"

/* In which fields of a packet an address is looked up. */
struct ask_fields {
	bool v6;      /* whose sets */
	uint8_t addr, port;
	uint8_t icmp; /* the protocol that counts as POLICY_ICMP */
	unsigned int protos; /* those that come by */
};
extern const struct ask_fields ask_destination[2]; /* [v6] */
extern const struct ask_fields ask_source[2];	   /* of what comes in */
extern const struct ask_fields ask_embedded;	   /* an IPv4 destination in an IPv6 one */

/* The table that is being written, and the lists that are asked. */
struct ask {
	struct nft *n;
	const struct wall_lists *l;
};

/* A rule, step by step. */
struct ask_row {
	struct nft_step v[16];
	unsigned int n;
};
void ask_step(struct ask_row *r, struct nft_step s);
void ask_proto(struct ask_row *r, const struct ask_fields *f, unsigned int proto);
void ask_range(struct ask_row *r, const struct ask_fields *f, uint16_t lo, uint16_t hi);

/* Appends to @chain what the lists say of the address in @f, down to the end: @good or @bad. @but is the name of the chain where
 * exceptions go, if there are any. */
void ask_judge(struct ask *b, const char *chain, const char *but, const struct ask_fields *f, struct nft_step good, struct nft_step bad);
/* The last rule of @chain. */
void ask_end(struct ask *b, const char *chain, struct nft_step verdict);
/* Makes the sets of the lists, and fills them. */
void ask_put_sets(struct ask *b);

#endif
