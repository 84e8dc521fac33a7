// SPDX-License-Identifier: Apache-2.0
/* addrset.c - which rule covers this address and port, in a time that does not grow with the rules
 *
 * Owns:     the sorted form of one list's rules for one protocol.
 * Must not: know where the entries came from. After addrset_build() no heap.
 * Runs in:  create and exec (build), the supervisor (find).
 *
 * Prefixes either nest or are disjoint. So the nodes (one for each different prefix), sorted by address and then by
 * length, form a forest in which each knows its parent: the narrowest other prefix around it. The narrowest prefix
 * around an address is then the last node that starts at or before it, or one of that node's ancestors; and all other
 * prefixes around the address are the ancestors of that one. A look-up is one binary search and a walk of at most 33
 * (IPv4) or 129 (IPv6) steps, in practice two or three, with a binary search in the ports of each node on the way.
 * Memory is linear in the rules. (Elementary intervals, each with all of its ports, would be one search less but
 * quadratic: 10,000 hosts times 10,000 "any address" ports.)
 *
 * Rules and exceptions, and what does not count for some addresses, are in one forest: a node has one kind, and nodes of
 * several kinds with the same prefix are each other's parents. So exceptions cost a step of the walk and no search of their own.
 *
 * IPv4 and IPv6 are two forests: 2001:db8::/32 can never contain IPv4, and ::/0 must not, though numerically it
 * contains ::ffff:0:0/96: "all of IPv6" is not "everything".
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

struct addrset_key {
	uint64_t hi;
	uint64_t lo;
};

struct addrset_node {
	struct addrset_key start;
	uint32_t parent; /* NO_NODE: none */
	uint32_t port;	 /* its ports: from here in the tree's … */
	uint32_t n_ports; /* … so many */
	uint8_t len;
	uint8_t kind;
};

#define NO_NODE UINT32_MAX

static struct addrset_key addrset_key(const struct in6_addr *a)
{
	uint64_t w[2];

	memcpy(w, a, sizeof(w));
	return (struct addrset_key){ be64toh(w[0]), be64toh(w[1]) };
}

static int addrset_key_cmp(const struct addrset_key *a, const struct addrset_key *b)
{
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return 0;
}

static bool addrset_covers(const struct addrset_node *n, const struct addrset_key *k)
{
	if (n->len == 0)
		return true;
	if (n->len <= 64)
		return (n->start.hi ^ k->hi) >> (64 - n->len) == 0;
	return n->start.hi == k->hi && (n->start.lo ^ k->lo) >> (128 - n->len) == 0;
}

/* --- ports ------------------------------------------------------------------------------------------ */

static int addrset_by_port(const void *pa, const void *pb)
{
	const struct addrset_entry *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

static int addrset_by_u32(const void *pa, const void *pb)
{
	uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;

	return (a > b) - (a < b);
}

/* A binary heap of entries, the lowest rule on top. */
static void addrset_heap_push(const struct addrset_entry **h, size_t *n, const struct addrset_entry *e)
{
	size_t i = (*n)++;

	while (i > 0 && h[(i - 1) / 2]->rule > e->rule) {
		h[i] = h[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	h[i] = e;
}

static void addrset_heap_pop(const struct addrset_entry **h, size_t *n)
{
	const struct addrset_entry *last = h[--*n];
	size_t i = 0;

	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= *n)
			break;
		if (c + 1 < *n && h[c + 1]->rule < h[c]->rule)
			c++;
		if (h[c]->rule >= last->rule)
			break;
		h[i] = h[c];
		i = c;
	}
	if (*n)
		h[i] = last;
}

/* From cut to cut (each place where a range begins or has ended) the same rules apply: the lowest of them gets the
 * run. Overlapping rules cost n log n this way, not n². */
static size_t addrset_sweep_many(struct addrset_entry *e, size_t n, struct addrset_ports *out)
{
	autofree const struct addrset_entry **heap = xcalloc(n, sizeof(*heap));
	autofree uint32_t *cuts = xcalloc(2 * n, sizeof(*cuts));
	size_t n_heap = 0, next = 0, n_out = 0;

	qsort(e, n, sizeof(*e), addrset_by_port);
	for (size_t i = 0; i < n; i++) {
		cuts[2 * i] = e[i].lo;
		cuts[2 * i + 1] = e[i].hi + 1u;
	}
	qsort(cuts, 2 * n, sizeof(*cuts), addrset_by_u32);
	for (size_t c = 0; c + 1 < 2 * n; c++) {
		uint32_t from = cuts[c], to = cuts[c + 1];

		if (from == to)
			continue;
		while (next < n && e[next].lo <= from)
			addrset_heap_push(heap, &n_heap, &e[next++]);
		while (n_heap && heap[0]->hi < from)
			addrset_heap_pop(heap, &n_heap);
		if (!n_heap)
			continue;
		if (n_out && out[n_out - 1].rule == heap[0]->rule && out[n_out - 1].hi + 1u == from)
			out[n_out - 1].hi = (uint16_t)(to - 1);
		else
			out[n_out++] = (struct addrset_ports){ (uint16_t)from, (uint16_t)(to - 1), heap[0]->rule };
	}
	return n_out;
}

size_t addrset_sweep(struct addrset_entry *e, size_t n, struct addrset_ports *out)
{
	if (n == 0)
		return 0;
	if (n == 1) {
		*out = (struct addrset_ports){ e->lo, e->hi, e->rule };
		return 1;
	}
	return addrset_sweep_many(e, n, out);
}

int addrset_find_port(const struct addrset_ports *ports, size_t n, uint16_t port)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (port < ports[mid].lo)
			hi = mid;
		else if (port > ports[mid].hi)
			lo = mid + 1;
		else
			return (int)ports[mid].rule;
	}
	return -1;
}

/* --- addresses -------------------------------------------------------------------------------------- */

static int addrset_by_net(const void *pa, const void *pb)
{
	const struct addrset_entry *a = pa, *b = pb;
	int r = memcmp(&a->net.addr, &b->net.addr, sizeof(a->net.addr));

	if (r)
		return r;
	return a->net.len != b->net.len ? (int)a->net.len - (int)b->net.len : (int)a->kind - (int)b->kind;
}

static bool addrset_same_net(const struct addrset_entry *a, const struct addrset_entry *b)
{
	return addrset_by_net(a, b) == 0;
}

static void addrset_build_tree(struct addrset_tree *t, struct addrset_entry *e, size_t n)
{
	uint32_t open = NO_NODE;

	*t = (struct addrset_tree){ 0 };
	if (!n)
		return;
	qsort(e, n, sizeof(*e), addrset_by_net);
	t->nodes = xcalloc(n, sizeof(*t->nodes));
	t->ports = xcalloc(2 * n, sizeof(*t->ports));
	for (size_t i = 0, next; i < n; i = next) {
		struct addrset_node *node = &t->nodes[t->n];

		for (next = i + 1; next < n && addrset_same_net(&e[i], &e[next]); next++)
			;
		node->start = addrset_key(&e[i].net.addr);
		node->len = e[i].net.len;
		node->kind = e[i].kind;
		/* @open is the previous node: up from it to the first that is around this one. */
		while (open != NO_NODE && !addrset_covers(&t->nodes[open], &node->start))
			open = t->nodes[open].parent;
		node->parent = open;
		node->port = (uint32_t)t->n_ports;
		node->n_ports = (uint32_t)addrset_sweep(&e[i], next - i, t->ports + t->n_ports);
		t->n_ports += node->n_ports;
		open = (uint32_t)t->n++;
	}
	t->nodes = xrealloc(t->nodes, t->n, sizeof(*t->nodes));
	t->ports = xrealloc(t->ports, t->n_ports, sizeof(*t->ports));
}

void addrset_build(struct addrset *s, struct addrset_entry *entries, size_t n)
{
	size_t n_v4 = 0;

	*s = (struct addrset){ 0 };
	if (!n)
		return;
	/* IPv4 to the front. */
	for (size_t i = 0; i < n; i++) {
		struct addrset_entry tmp = entries[i];

		if (tmp.net.len < 96 || !canonical_is_v4(&tmp.net.addr))
			continue;
		entries[i] = entries[n_v4];
		entries[n_v4++] = tmp;
	}
	addrset_build_tree(&s->v4, entries, n_v4);
	addrset_build_tree(&s->v6, entries + n_v4, n - n_v4);
}

/* The last node that starts at or before the address. */
static uint32_t addrset_last(const struct addrset_tree *t, const struct addrset_key *k)
{
	size_t lo = 0, hi = t->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (addrset_key_cmp(&t->nodes[mid].start, k) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? (uint32_t)(lo - 1) : NO_NODE;
}

static const struct addrset_tree *addrset_tree(const struct addrset *s, const struct in6_addr *addr)
{
	return canonical_is_v4(addr) ? &s->v4 : &s->v6;
}

struct addrset_hit addrset_find(const struct addrset *s, const struct in6_addr *addr, uint16_t port, unsigned int left,
				unsigned int max_len)
{
	const struct addrset_tree *t = addrset_tree(s, addr);
	const struct addrset_key k = addrset_key(addr);
	struct addrset_hit hit = { -1, -1 };

	for (uint32_t i = addrset_last(t, &k); i != NO_NODE; i = t->nodes[i].parent) {
		const struct addrset_node *node = &t->nodes[i];
		int rule, *best = node->kind & ADDRSET_EXCEPT ? &hit.except : &hit.rule;

		if (node->len > max_len || node->kind & left || !addrset_covers(node, &k))
			continue;
		rule = addrset_find_port(t->ports + node->port, node->n_ports, port);
		if (rule >= 0 && (*best < 0 || rule < *best))
			*best = rule;
	}
	return hit;
}

/* Where a run begins or has ended, above @port. */
static uint32_t addrset_next_edge(const struct addrset_ports *ports, size_t n, uint16_t port)
{
	size_t lo = 0, hi = n;

	/* The first run that ends at @port or above. */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (ports[mid].hi < port)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == n)
		return 65536;
	return ports[lo].lo > port ? ports[lo].lo : ports[lo].hi + 1u;
}

uint32_t addrset_next_change(const struct addrset *s, const struct in6_addr *addr, uint16_t port, unsigned int max_len)
{
	const struct addrset_tree *t = addrset_tree(s, addr);
	const struct addrset_key k = addrset_key(addr);
	uint32_t next = 65536;

	for (uint32_t i = addrset_last(t, &k); i != NO_NODE; i = t->nodes[i].parent) {
		const struct addrset_node *node = &t->nodes[i];
		uint32_t edge;

		if (node->len > max_len || !addrset_covers(node, &k))
			continue;
		edge = addrset_next_edge(t->ports + node->port, node->n_ports, port);
		if (edge < next)
			next = edge;
	}
	return next;
}

int addrset_any(const struct addrset *s, const struct in6_addr *addr, unsigned int left)
{
	const struct addrset_tree *t = addrset_tree(s, addr);
	const struct addrset_key k = addrset_key(addr);

	for (uint32_t i = addrset_last(t, &k); i != NO_NODE; i = t->nodes[i].parent) {
		const struct addrset_node *node = &t->nodes[i];

		if (!(node->kind & (ADDRSET_EXCEPT | left)) && addrset_covers(node, &k))
			return (int)t->ports[node->port].rule;
	}
	return -1;
}

static void addrset_tree_prefixes(const struct addrset_tree *t, struct canonical_net *out, size_t *n)
{
	for (size_t i = 0; i < t->n; i++) {
		uint64_t w[2] = { htobe64(t->nodes[i].start.hi), htobe64(t->nodes[i].start.lo) };
		struct canonical_net *net = &out[*n];

		memcpy(&net->addr, w, sizeof(w));
		net->len = t->nodes[i].len;
		if (!*n || net[-1].len != net->len || memcmp(&net[-1].addr, &net->addr, sizeof(net->addr)) != 0)
			++*n;
	}
}

size_t addrset_count(const struct addrset *s)
{
	return s->v4.n + s->v6.n;
}

size_t addrset_prefixes(const struct addrset *s, struct canonical_net *out)
{
	size_t n = 0;

	addrset_tree_prefixes(&s->v4, out, &n);
	addrset_tree_prefixes(&s->v6, out, &n);
	return n;
}

void addrset_free(struct addrset *s)
{
	free(s->v4.nodes);
	free(s->v4.ports);
	free(s->v6.nodes);
	free(s->v6.ports);
	*s = (struct addrset){ 0 };
}
