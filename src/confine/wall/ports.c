// SPDX-License-Identifier: Apache-2.0
/* ports.c - ports as ranges: sorted, disjoint, not touching
 *
 * Runs in:  create and the commands.
 */
#include "confine/wall/ports.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

size_t ports_all(enum policy_proto proto)
{
	return proto == POLICY_ICMP ? 1 : PORTS_LAST + 1;
}

size_t ports_count(const struct ports *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += (size_t)(p->v[i].hi - p->v[i].lo) + 1;
	return n;
}

bool ports_full(const struct ports *p, enum policy_proto proto)
{
	return ports_count(p) == ports_all(proto);
}

bool ports_same(const struct ports *a, const struct ports *b)
{
	return a->n == b->n && (!a->n || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0);
}

void ports_add(struct ports *p, uint32_t lo, uint32_t hi)
{
	p->v = xrealloc(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n++] = (struct policy_ports){ (uint16_t)lo, (uint16_t)hi };
}

void ports_complement(struct ports *to, const struct policy_ports *v, size_t n, enum policy_proto proto)
{
	uint32_t from = 0, all = (uint32_t)ports_all(proto);

	for (size_t i = 0; i < n; i++) {
		if (v[i].lo > from)
			ports_add(to, from, v[i].lo - 1u);
		from = v[i].hi + 1u;
	}
	if (from < all)
		ports_add(to, from, all - 1);
}

void ports_intersect(struct ports *a, const struct ports *b)
{
	struct ports both = { 0 };

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		uint16_t lo = a->v[i].lo > b->v[j].lo ? a->v[i].lo : b->v[j].lo;
		uint16_t hi = a->v[i].hi < b->v[j].hi ? a->v[i].hi : b->v[j].hi;

		if (lo <= hi)
			ports_add(&both, lo, hi);
		if (a->v[i].hi < b->v[j].hi)
			i++;
		else
			j++;
	}
	ports_free(a);
	*a = both;
}

void ports_subtract(struct ports *a, const struct ports *b, enum policy_proto proto)
{
	struct ports rest = { 0 };

	ports_complement(&rest, b->v, b->n, proto);
	ports_intersect(a, &rest);
	ports_free(&rest);
}

void ports_free(struct ports *p)
{
	free(p->v);
	*p = (struct ports){ 0 };
}
