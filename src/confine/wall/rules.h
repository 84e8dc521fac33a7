// SPDX-License-Identifier: Apache-2.0
/* rules.h - the table that refuses a container's packets, as messages to the kernel
 *
 * Owns:     the chains and what is in them. Pure.
 * Must not: send anything (load.c).
 */
#ifndef CONFINE_WALL_RULES_H
#define CONFINE_WALL_RULES_H

#include "base/error.h"
#include "confine/wall/nft.h"
#include "confine/wall/wall.h"
#include "policy/policy.h"

/* The whole table of @w for @p in batches: what hooks it in is in the last. An old one of the same name is replaced. Heap. */
int rules_build(const struct wall *w, const struct policy *p, struct nft *out, struct err *e);

/* The chains whose counters are refusals (read.c). */
#define RULES_REFUSE "refuse"
#define RULES_STRANGE "strange"
#define RULES_OPTIONS "options"
#define RULES_HEADERS "headers6"
#define RULES_IN "in"
#define RULES_FORWARDED "forwarded"

#endif
