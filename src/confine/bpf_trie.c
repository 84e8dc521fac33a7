// SPDX-License-Identifier: Apache-2.0
/* bpf_trie.c - the rules of a policy as a longest-prefix-match map
 *
 * Owns:     the way from (protocol, prefix, ports) to the map's nodes.
 * Must not: judge: the programs do (bpf_egress.c).
 * Runs in:  create. Heap.
 *
 * One trie, keyed by (protocol, address). A look-up finds one prefix only, so each carries the ports of all prefixes around
 * it, merged, at most BPF_TRIE_RANGES. A policy that needs more is not for this layer.
 */
#include "confine/bpf_trie.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"

#define NODES_MAX 65536

struct node {
	struct bpf_trie_key key;
	struct bpf_trie_value value;
	unsigned int n;
};

struct nodes {
	struct node *v;
	size_t n, room;
	bool too_many;
};

static void collect(enum policy_proto proto, const struct in6_addr *prefix, unsigned int len, uint16_t lo, uint16_t hi,
		    void *ctx)
{
	struct nodes *t = ctx;
	struct node *node;

	if (t->n >= NODES_MAX) {
		t->too_many = true;
		return;
	}
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->v = xrealloc(t->v, t->room, sizeof(*t->v));
	}
	node = &t->v[t->n++];
	memset(node, 0, sizeof(*node));
	node->key.prefixlen = 32 + len;
	node->key.proto = (uint32_t)proto;
	memcpy(node->key.addr, prefix, 16);
	node->value.r[0].lo = lo;
	node->value.r[0].hi = hi;
	node->n = 1;
}

static int compare_nodes(const void *pa, const void *pb)
{
	const struct node *a = pa, *b = pb;
	int r;

	if (a->key.proto != b->key.proto)
		return a->key.proto < b->key.proto ? -1 : 1;
	r = memcmp(a->key.addr, b->key.addr, 16);
	if (r)
		return r;
	return (a->key.prefixlen > b->key.prefixlen) - (a->key.prefixlen < b->key.prefixlen);
}

static bool covers(const struct node *outer, const struct node *inner)
{
	unsigned int bits = outer->key.prefixlen - 32;

	if (outer->key.proto != inner->key.proto || outer->key.prefixlen > inner->key.prefixlen)
		return false;
	for (unsigned int i = 0; i < 16 && bits; i++) {
		unsigned int n = bits < 8 ? bits : 8;

		if ((outer->key.addr[i] ^ inner->key.addr[i]) >> (8 - n))
			return false;
		bits -= n;
	}
	return true;
}

/* Adds @lo-@hi to the node's sorted, merged ranges. False: no room. */
static bool add_range(struct node *node, uint16_t lo, uint16_t hi)
{
	unsigned int at = 0, end;
	uint32_t nlo = lo, nhi = hi;

	while (at < node->n && (uint32_t)node->value.r[at].hi + 1 < nlo)
		at++;
	for (end = at; end < node->n && node->value.r[end].lo <= nhi + 1; end++) {
		if (node->value.r[end].lo < nlo)
			nlo = node->value.r[end].lo;
		if (node->value.r[end].hi > nhi)
			nhi = node->value.r[end].hi;
	}
	if (end == at) {
		if (node->n == BPF_TRIE_RANGES)
			return false;
		memmove(&node->value.r[at + 1], &node->value.r[at], (node->n - at) * sizeof(node->value.r[0]));
		node->n++;
	} else {
		memmove(&node->value.r[at + 1], &node->value.r[end], (node->n - end) * sizeof(node->value.r[0]));
		node->n -= end - at - 1;
	}
	node->value.r[at].lo = (uint16_t)nlo;
	node->value.r[at].hi = (uint16_t)nhi;
	return true;
}

static bool add_all(struct node *to, const struct node *from)
{
	for (unsigned int i = 0; i < from->n; i++)
		if (!add_range(to, from->value.r[i].lo, from->value.r[i].hi))
			return false;
	return true;
}

/* Sorted, a prefix stands directly before all that it covers: a stack of the open ones suffices. */
static bool inherit(struct nodes *t)
{
	unsigned int open[130], depth = 0;
	size_t kept = 0;

	if (t->n == 0)
		return true;
	qsort(t->v, t->n, sizeof(*t->v), compare_nodes);
	for (size_t i = 0; i < t->n; i++) {
		if (kept && compare_nodes(&t->v[kept - 1], &t->v[i]) == 0) {
			if (!add_all(&t->v[kept - 1], &t->v[i]))
				return false;
			continue;
		}
		t->v[kept++] = t->v[i];
	}
	t->n = kept;
	for (size_t i = 0; i < t->n; i++) {
		while (depth && !covers(&t->v[open[depth - 1]], &t->v[i]))
			depth--;
		/* The innermost has inherited from the outer ones already. */
		if (depth && !add_all(&t->v[i], &t->v[open[depth - 1]]))
			return false;
		open[depth++] = (unsigned int)i;
		for (unsigned int k = t->v[i].n; k < BPF_TRIE_RANGES; k++)
			t->v[i].value.r[k].lo = 1, t->v[i].value.r[k].hi = 0;
	}
	return true;
}

static int fill(const struct nodes *t)
{
	autofd map = bpf_map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct bpf_trie_key), sizeof(struct bpf_trie_value),
			      t->n ? (uint32_t)t->n : 1, BPF_F_NO_PREALLOC);

	for (size_t i = 0; map >= 0 && i < t->n; i++) {
		union bpf_attr a;

		memset(&a, 0, sizeof(a));
		a.map_fd = (uint32_t)map;
		a.key = (uint64_t)(uintptr_t)&t->v[i].key;
		a.value = (uint64_t)(uintptr_t)&t->v[i].value;
		if (sys_bpf(BPF_MAP_UPDATE_ELEM, &a) < 0)
			return -1;
	}
	return fd_steal(&map);
}

int bpf_trie_make(const struct policy *p)
{
	struct nodes nodes = { 0 };
	int map = -1;

	policy_each_rule(p, collect, &nodes);
	if (!nodes.too_many && inherit(&nodes))
		map = fill(&nodes);
	free(nodes.v);
	return map;
}
