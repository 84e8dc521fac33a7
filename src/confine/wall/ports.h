// SPDX-License-Identifier: Apache-2.0
/* ports.h - ports as ranges: sorted, disjoint, not touching
 *
 * Owns:     what is done with them. Pure; heap.
 */
#ifndef CONFINE_WALL_PORTS_H
#define CONFINE_WALL_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

#define PORTS_LAST 65535u

struct ports {
	struct policy_ports *v;
	size_t n;
};

/* How many there are of @proto. Of ICMP, which has none, one stands for all. */
size_t ports_all(enum policy_proto proto);
size_t ports_count(const struct ports *p);
bool ports_full(const struct ports *p, enum policy_proto proto);
bool ports_same(const struct ports *a, const struct ports *b);
/* Behind those that are there. */
void ports_add(struct ports *p, uint32_t lo, uint32_t hi);
/* Adds to the empty @to all that @v does not have. */
void ports_complement(struct ports *to, const struct policy_ports *v, size_t n, enum policy_proto proto);
/* Leaves in @a what @b has, too, or what it has not. */
void ports_intersect(struct ports *a, const struct ports *b);
void ports_subtract(struct ports *a, const struct ports *b, enum policy_proto proto);
void ports_free(struct ports *p);

#endif
