// SPDX-License-Identifier: Apache-2.0
/* grammar_ports.c - ports: one, a range, the list of a bind rule
 *
 * Owns:     what a number is, and the pool of ranges, sorted and merged.
 * Must not: know hosts or schemes (grammar.c).
 * Runs in:  create, and exec when it reads the stored policy.
 */
#include "policy/grammar.h"

#include <stdlib.h>

#include "base/str.h"

long grammar_number(struct piece p)
{
	long v = 0;

	if (!p.n || !piece_only(p, "0123456789") || (p.n > 1 && p.s[0] == '0' && !piece_only(p, "0")))
		return -1;
	if (p.n > 5)
		return piece_only(p, "0") ? 0 : -2;
	for (size_t i = 0; i < p.n; i++)
		v = v * 10 + (p.s[i] - '0');
	return v;
}

static int grammar_port(struct grammar *g, struct piece p, uint16_t *out)
{
	char show[TEXT_QUOTED];
	long v = grammar_number(p);

	if (v == -1)
		return bad(g, "\"%s\" is no port; a port is a number from 1 to 65535, without leading zeros",
			   piece_show(p, show));
	if (v == 0)
		return bad(g, "port 0 is no destination; ports are 1 to 65535");
	if (v == -2 || v > 65535)
		return bad(g, "port %s is too large; ports are 1 to 65535", piece_show(p, show));
	*out = (uint16_t)v;
	return 0;
}

void grammar_push_range(struct grammar_rules *o, uint16_t lo, uint16_t hi)
{
	if (o->n_ranges == o->cap_ranges) {
		o->cap_ranges = o->cap_ranges ? o->cap_ranges * 2 : 64;
		o->ranges = xrealloc(o->ranges, o->cap_ranges, sizeof(*o->ranges));
	}
	o->ranges[o->n_ranges++] = (struct policy_range){ lo, hi };
}

int grammar_item(struct grammar *g, struct piece p)
{
	const char *dash = piece_find(p, '-');
	uint16_t lo, hi;

	if (grammar_port(g, dash ? piece_to(p, dash) : p, &lo) < 0)
		return -1;
	hi = lo;
	if (dash && grammar_port(g, piece_from(p, dash + 1), &hi) < 0)
		return -1;
	if (lo > hi)
		return bad(g, "the port range begins behind its end; write %u-%u", hi, lo);
	if (g->out->n_ranges >= POLICY_MAX_ENTRIES)
		return bad(g, "more than %u port ranges in one list; use wider ranges", POLICY_MAX_ENTRIES);
	grammar_push_range(g->out, lo, hi);
	return 0;
}

static int grammar_by_lo(const void *pa, const void *pb)
{
	const struct policy_range *a = pa, *b = pb;

	return a->lo != b->lo ? (a->lo < b->lo ? -1 : 1) : (a->hi > b->hi) - (a->hi < b->hi);
}

void grammar_merge_ranges(struct grammar_rules *o, size_t first)
{
	size_t n = first;

	if (o->n_ranges - first < 2)
		return;
	qsort(o->ranges + first, o->n_ranges - first, sizeof(*o->ranges), grammar_by_lo);
	for (size_t i = first + 1; i < o->n_ranges; i++) {
		if (o->ranges[i].lo > o->ranges[n].hi + 1)
			o->ranges[++n] = o->ranges[i];
		else if (o->ranges[i].hi > o->ranges[n].hi)
			o->ranges[n].hi = o->ranges[i].hi;
	}
	o->n_ranges = n + 1;
}

int grammar_parse_ports(struct grammar_rules *o, const char *key, const char *text, enum policy_list list,
			struct err *e)
{
	bool star = list == LIST_ALLOW;
	struct grammar g = { .out = o, .key = key, .text = text, .e = e, .token = { text, 0 } };
	size_t first = o->n_ranges;
	bool all = false;

	while (grammar_next(&g)) {
		if (all || (piece_is(g.token, "*") && o->n_ranges > first))
			return bad(&g, "\"*\" is every port already; it stands alone");
		if (piece_is(g.token, "*")) {
			if (!star)
				return bad(&g, "\"*\" cannot be denied here; write 1-65535 for every port");
			grammar_push_range(o, 0, 65535);
			all = true;
			continue;
		}
		if (g.token.s[0] == ':')
			return bad(&g, "bind lists are ports alone; write them without the colon");
		if (g.token.s[0] == '!')
			return bad(&g, "bind lists have no exceptions; list these ports in %s",
				   list == LIST_ALLOW ? "net-deny-bind" : "net-allow-bind");
		if (grammar_item(&g, g.token) < 0)
			return -1;
	}
	grammar_merge_ranges(o, first);
	return 0;
}
