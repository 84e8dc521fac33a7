// SPDX-License-Identifier: Apache-2.0
/* bpf_trie.c - the rules of a policy as a longest-prefix-match map
 *
 * Owns:     the map's nodes.
 * Must not: judge: the programs do (bpf_egress.c).
 * Runs in:  create. Heap.
 *
 * One trie, keyed by (protocol, address). A look-up finds one prefix only, so each carries the whole answer for addresses of
 * which no longer one speaks: the ports that are allowed, at most BPF_TRIE_RANGES. A policy that needs more is not for this
 * layer.
 */
#include "confine/bpf_trie.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"

#define NODES_MAX 65536
#define PORTS_MAX (NODES_MAX * BPF_TRIE_RANGES)

struct node {
	struct bpf_trie_key key;
	struct bpf_trie_value value;
};

struct nodes {
	struct node *v;
	size_t n, room;
	enum policy_proto proto;
	bool too_many;
};

static void add_prefix(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports, size_t n,
		       void *ctx)
{
	struct nodes *t = ctx;
	struct node *node;

	if (t->n >= NODES_MAX || n > BPF_TRIE_RANGES) {
		t->too_many = true;
		return;
	}
	if (t->n == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->v = xrealloc(t->v, t->room, sizeof(*t->v));
	}
	node = &t->v[t->n++];
	node->key = (struct bpf_trie_key){ .prefixlen = 32 + len, .proto = (uint32_t)t->proto };
	memcpy(node->key.addr, prefix, sizeof(node->key.addr));
	for (size_t i = 0; i < BPF_TRIE_RANGES; i++) {
		node->value.r[i].lo = i < n ? ports[i].lo : 1;
		node->value.r[i].hi = i < n ? ports[i].hi : 0;
	}
}

static int fill(const struct nodes *t)
{
	autofd map = bpf_map_make(BPF_MAP_TYPE_LPM_TRIE, sizeof(struct bpf_trie_key), sizeof(struct bpf_trie_value),
				  (uint32_t)t->n, BPF_F_NO_PREALLOC);

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

	for (unsigned int proto = 0; proto <= POLICY_ICMP && !nodes.too_many; proto++) {
		nodes.proto = (enum policy_proto)proto;
		nodes.too_many =
			policy_each_prefix(p, nodes.proto, PORTS_MAX, add_prefix, &nodes) < 0 || nodes.too_many;
	}
	if (!nodes.too_many)
		map = fill(&nodes);
	free(nodes.v);
	return map;
}
