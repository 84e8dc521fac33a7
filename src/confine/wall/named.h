// SPDX-License-Identifier: Apache-2.0
/* named.h - the part of the table for names that are followed
 *
 * Owns:     the sets for addresses that names have at the moment, which change.c fills, and the rules that ask them; the name service's own
 *           way to its servers.
 * Must not: send anything.
 */
#ifndef CONFINE_WALL_NAMED_H
#define CONFINE_WALL_NAMED_H

#include "confine/wall/groups.h"
#include "confine/wall/lists.h"
#include "confine/wall/nft.h"

/* Sets that are filled when there is a name service (change.c). */
#define NAMED_ASKING4 "asking4" /* server, protocol, port that is asked from */
#define NAMED_ASKING6 "asking6"
#define NAMED_AWAITED "awaited" /* UDP ports where answers of servers are awaited */
struct nft_key named_asking_key(bool v6);

/* @taken: wall_lists_make() of what is taken away. */
void named_put_sets(struct nft *n, const struct wall_groups *g, const struct wall_lists *taken);
/* The rules of "out" (or "out6") that stand before the policy's other sets. */
void named_put_out(struct nft *n, const struct wall_groups *g, const struct wall_lists *taken, const char *chain, bool v6);
/* The first rules of the chain for what the policy does not allow. */
void named_put_suspect(struct nft *n, const char *chain);

#endif
