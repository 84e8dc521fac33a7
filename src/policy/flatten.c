// SPDX-License-Identifier: Apache-2.0
/* flatten.c - the whole policy as one table of prefixes (or intervals) and the ports that are allowed there
 *
 * Owns:     the way from two lists with exceptions to what a kernel's map or set can hold.
 * Must not: judge by itself: each entry is what verdict.c says of it.
 * Runs in:  create, and whoever changes a copy in the kernel later. Heap.
 *
 * The answer changes with the address only where some prefix begins or ends: those of the rules, and the few that the
 * verdict knows by itself (loopback, name servers, the any-addresses). So each of these is asked once, for each run of ports.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

struct flat {
	const struct policy *p;
	enum policy_proto proto;
	bool taken; /* not what is allowed, but what neither a deny list nor an exception takes away */
	struct canonical_net *nets; /* sorted; each a prefix at which the answer may change */
	size_t n_nets;
	struct flat_node {
		struct canonical_net net;
		size_t first, n; /* its ports in the pool */
	} * v;
	size_t n;
	struct policy_ports *ports;
	size_t n_ports, cap_ports;
};

static void flat_free(struct flat *f)
{
	free(f->nets);
	free(f->v);
	free(f->ports);
}

/* IPv4 behind IPv6: within each family a prefix then stands directly before all that it contains. */
static int by_prefix(const void *pa, const void *pb)
{
	const struct canonical_net *a = pa, *b = pb;
	bool v4a = a->len >= 96 && canonical_is_v4(&a->addr), v4b = b->len >= 96 && canonical_is_v4(&b->addr);
	int r = v4a != v4b ? (v4a ? 1 : -1) : memcmp(&a->addr, &b->addr, sizeof(a->addr));

	return r ? r : (int)a->len - (int)b->len;
}

static bool contains(const struct canonical_net *outer, const struct canonical_net *inner)
{
	struct canonical_net n = { inner->addr, outer->len };

	if (outer->len > inner->len ||
	    (outer->len >= 96 && canonical_is_v4(&outer->addr)) != (inner->len >= 96 && canonical_is_v4(&inner->addr)))
		return false;
	canonical_mask(&n);
	return memcmp(&n.addr, &outer->addr, sizeof(n.addr)) == 0;
}

static void collect_nets(struct flat *f)
{
	static const struct canonical_net always[] = {
		{ IN6ADDR_ANY_INIT, 0 },
		{ { .s6_addr = { [10] = 0xff, 0xff } }, 96 },
		{ IN6ADDR_ANY_INIT, 128 },
		{ { .s6_addr = { [10] = 0xff, 0xff } }, 128 },
		{ { .s6_addr = { [10] = 0xff, 0xff, 127 } }, 104 },
		{ IN6ADDR_LOOPBACK_INIT, 128 },
	};
	const struct policy *p = f->p;
	size_t room = ARRAY_SIZE(always) + p->facts.n_resolvers, n = 0, kept = 0;

	for (unsigned int list = 0; list < LIST_COUNT; list++)
		room += addrset_count(&p->sets[list][f->proto]);
	f->nets = xcalloc(room, sizeof(*f->nets));
	for (unsigned int list = 0; list < LIST_COUNT; list++)
		n += addrset_prefixes(&p->sets[list][f->proto], f->nets + n);
	memcpy(f->nets + n, always, sizeof(always));
	n += ARRAY_SIZE(always);
	for (size_t i = 0; i < p->facts.n_resolvers; i++)
		f->nets[n++] = (struct canonical_net){ p->facts.resolvers[i], 128 };
	qsort(f->nets, n, sizeof(*f->nets), by_prefix);
	for (size_t i = 0; i < n; i++)
		if (!kept || by_prefix(&f->nets[kept - 1], &f->nets[i]) != 0)
			f->nets[kept++] = f->nets[i];
	f->n_nets = kept;
}

static bool ask(const struct flat *f, const struct canonical_net *net, uint16_t port)
{
	static const struct in6_addr zero4 = { .s6_addr = { [10] = 0xff, 0xff } };
	const struct policy_dest d = { .proto = f->proto, .addr = net->addr, .port = port };

	/* The any-addresses are judged as what the kernel makes of them. */
	if (net->len == 128 && (IN6_IS_ADDR_UNSPECIFIED(&net->addr) || memcmp(&net->addr, &zero4, sizeof(zero4)) == 0))
		return f->taken ? verdict_taken(f->p, &d).allowed : policy_check(f->p, &d).allowed;
	if (f->taken)
		return verdict_taken_form(f->p, f->proto, &net->addr, port, net->len).allowed;
	return verdict_form(f->p, f->proto, &net->addr, port, net->len).allowed;
}

/* The lowest port above @port where that may change. Of an any-address: of one of those that it stands for. */
static uint32_t ask_next(const struct flat *f, const struct canonical_net *net, uint16_t port)
{
	struct canonical_forms forms = { .v = { net->addr }, .n = 1 };
	uint32_t next = 65536;

	if (net->len == 128 && !canonical_nat64(&net->addr, &(struct in6_addr){ 0 }))
		canonical_forms(&net->addr, &forms);
	for (size_t i = 0; i < forms.n; i++) {
		uint32_t edge = verdict_next_change(f->p, f->proto, &forms.v[i], port, net->len);

		next = edge < next ? edge : next;
	}
	return next;
}

static void put_ports(struct flat *f, struct flat_node *node, uint32_t lo, uint32_t hi)
{
	struct policy_ports *last = node->n ? &f->ports[node->first + node->n - 1] : NULL;

	if (last && last->hi + 1u == lo) {
		last->hi = (uint16_t)hi;
		return;
	}
	if (f->n_ports == f->cap_ports) {
		f->cap_ports *= 2;
		f->ports = xrealloc(f->ports, f->cap_ports, sizeof(*f->ports));
	}
	f->ports[f->n_ports++] = (struct policy_ports){ (uint16_t)lo, (uint16_t)hi };
	node->n++;
}

/* False: more than @limit. */
static bool ask_ports(struct flat *f, struct flat_node *node, size_t limit)
{
	uint32_t next;

	node->first = f->n_ports;
	node->n = 0;
	if (f->proto == POLICY_ICMP) {
		if (ask(f, &node->net, 0))
			put_ports(f, node, 0, 0);
		return f->n_ports <= limit;
	}
	for (uint32_t port = 0; port <= 65535 && f->n_ports <= limit; port = next) {
		next = ask_next(f, &node->net, (uint16_t)port);
		if (ask(f, &node->net, (uint16_t)port))
			put_ports(f, node, port, next - 1);
	}
	return f->n_ports <= limit;
}

static bool same_ports(const struct flat *f, const struct flat_node *a, const struct flat_node *b)
{
	return a->n == b->n &&
	       (!a->n || memcmp(f->ports + a->first, f->ports + b->first, a->n * sizeof(*f->ports)) == 0);
}

/* Fills f->v with those prefixes whose answer is not that of what is around them. */
static bool flatten(struct flat *f, size_t limit)
{
	size_t around[131], depth = 0;

	collect_nets(f);
	f->cap_ports = 64;
	f->ports = xcalloc(f->cap_ports, sizeof(*f->ports));
	f->v = xcalloc(f->n_nets, sizeof(*f->v));
	for (size_t i = 0; i < f->n_nets; i++) {
		struct flat_node *node = &f->v[f->n];

		node->net = f->nets[i];
		if (!ask_ports(f, node, limit))
			return false;
		while (depth && !contains(&f->v[around[depth - 1]].net, &node->net))
			depth--;
		if (depth && same_ports(f, &f->v[around[depth - 1]], node)) {
			f->n_ports = node->first;
			continue;
		}
		around[depth++] = f->n++;
	}
	return true;
}

int policy_each_prefix(const struct policy *p, enum policy_proto proto, size_t limit,
		       void (*each)(const struct in6_addr *prefix, unsigned int len, const struct policy_ports *ports,
				    size_t n, void *ctx),
		       void *ctx)
{
	struct flat f = { .p = p, .proto = proto };
	bool fits = flatten(&f, limit);

	for (size_t i = 0; i < f.n && fits; i++)
		each(&f.v[i].net.addr, f.v[i].net.len, f.ports + f.v[i].first, f.v[i].n, ctx);
	flat_free(&f);
	return fits ? 0 : -1;
}

/* --- intervals -------------------------------------------------------------------------------------------- */

/* The last address of a prefix. */
static struct in6_addr last_of(const struct canonical_net *n)
{
	struct in6_addr a = n->addr;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int bits = n->len > i * 8 ? n->len - i * 8 : 0;

		if (bits < 8)
			a.s6_addr[i] |= (uint8_t)(0xffu >> bits);
	}
	return a;
}

/* @a + 1 (or - 1). False: there is none. */
static bool step(struct in6_addr *a, bool up)
{
	for (int i = 15; i >= 0; i--) {
		a->s6_addr[i] = (uint8_t)(a->s6_addr[i] + (up ? 1 : 255));
		if (a->s6_addr[i] != (up ? 0 : 255))
			return true;
	}
	return false;
}

struct cut {
	const struct flat *f;
	policy_interval_fn *each;
	void *ctx;
	struct in6_addr from;	/* all before it has been told … */
	bool done;		/* … and there is nothing behind */
	struct in6_addr lo, hi; /* what is held back: the next one may have the same ports */
	const struct flat_node *held;
};

static void cut_tell(struct cut *c)
{
	if (c->held)
		c->each(&c->lo, &c->hi, c->f->ports + c->held->first, c->held->n, c->ctx);
	c->held = NULL;
}

/* From c->from to @hi it is @node's. */
static void cut_to(struct cut *c, const struct in6_addr *hi, const struct flat_node *node)
{
	if (c->done || memcmp(&c->from, hi, sizeof(*hi)) > 0)
		return;
	if (c->held && same_ports(c->f, c->held, node)) {
		c->hi = *hi;
	} else {
		cut_tell(c);
		c->held = node;
		c->lo = c->from;
		c->hi = *hi;
	}
	c->from = *hi;
	c->done = !step(&c->from, true);
}

static int each_interval(struct flat f, bool v4, size_t limit, policy_interval_fn *each, void *ctx)
{
	struct cut c = { .f = &f, .each = each, .ctx = ctx };
	bool fits = flatten(&f, limit);
	size_t around[131], depth = 0;

	for (size_t i = 0; i < f.n && fits; i++) {
		const struct flat_node *node = &f.v[i];
		struct in6_addr before = node->net.addr;

		if ((node->net.len >= 96 && canonical_is_v4(&node->net.addr)) != v4)
			continue;
		if (!depth)
			c.from = node->net.addr;
		for (; depth && !contains(&f.v[around[depth - 1]].net, &node->net); depth--) {
			struct in6_addr end = last_of(&f.v[around[depth - 1]].net);

			cut_to(&c, &end, &f.v[around[depth - 1]]);
		}
		if (depth && step(&before, false))
			cut_to(&c, &before, &f.v[around[depth - 1]]);
		around[depth++] = i;
	}
	for (; depth && fits; depth--) {
		struct in6_addr end = last_of(&f.v[around[depth - 1]].net);

		cut_to(&c, &end, &f.v[around[depth - 1]]);
	}
	cut_tell(&c);
	flat_free(&f);
	return fits ? 0 : -1;
}

int policy_each_interval(const struct policy *p, enum policy_proto proto, bool v4, size_t limit, policy_interval_fn *each, void *ctx)
{
	return each_interval((struct flat){ .p = p, .proto = proto }, v4, limit, each, ctx);
}

int policy_each_left(const struct policy *p, enum policy_proto proto, bool v4, size_t limit, policy_interval_fn *each, void *ctx)
{
	return each_interval((struct flat){ .p = p, .proto = proto, .taken = true }, v4, limit, each, ctx);
}
