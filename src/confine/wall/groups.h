// SPDX-License-Identifier: Apache-2.0
/* groups.h - which ports the names of a policy are for, each list of ports once
 *
 * Owns:     the sets in which addresses of names are: one for each family, protocol and list of ports that occurs, so that an address
 *           alone is the element. Pure.
 * Must not: know which addresses (policy/learned.h).
 */
#ifndef CONFINE_WALL_GROUPS_H
#define CONFINE_WALL_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "confine/wall/nft.h"
#include "confine/wall/ports.h"
#include "policy/policy.h"

/* A packet is compared with each of them. Who has names for more different lists of ports has no wall. */
#define GROUPS_MAX_LISTS 64
#define GROUPS_NAME 32

struct wall_group {
	enum policy_proto proto;
	struct ports ports;
};

struct wall_groups {
	struct wall_group v[GROUPS_MAX_LISTS];
	size_t n;
	int8_t (*of)[3]; /* of each name (policy_hosts()) and protocol: an index of v; -1: none */
	size_t hosts;
};

/* Of a policy that follows no names: none. Heap. E2BIG: too many. */
int groups_make(const struct policy *p, struct wall_groups *out, struct err *e);
void groups_free(struct wall_groups *g);
/* The name of the set of group @i: "names4_0". */
void groups_set_name(size_t i, bool v6, char out[GROUPS_NAME]);
struct nft_key groups_key(bool v6);

#endif
