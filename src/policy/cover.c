// SPDX-License-Identifier: Apache-2.0
/* cover.c - what a rule covers, and the sorted sets of both lists
 *
 * Owns:     which protocols and prefixes a rule covers, and what a set leaves out.
 * Must not: parse (grammar.c) or answer (verdict.c).
 * Runs in:  create; exec and the supervisor, on what unserialize.c read.
 *
 * Which protocols a rule covers:
 *
 *   tcp:// udp:// icmp://   that one, in both lists, whatever the bools say
 *   no scheme, net-allow    TCP; UDP with allow-udp; ICMP with allow-icmp
 *   no scheme, net-deny     all three: who lists a destination to block it does not mean one protocol of it
 *   no scheme, exception    all three, in both lists, for the same reason
 *
 * ICMP has no ports: a rule with a port part speaks of ports and so never of ICMP. ":443" with allow-icmp does not open
 * ping to the world, and ":25" under net-deny does not block it.
 *
 * What a rule does not cover although its prefixes do. Who writes an address or a prefix means it. Who writes the name of a
 * set means the neighbourhood, and wants a container that works in it:
 *
 *   the own loopback     is covered by no set but "loopback", nor by "any address" (":25"): it is no egress
 *   the name servers     at port 53 are not taken away by a set. What gives (a rule of net-allow, an exception of net-deny)
 *                        may give them.
 *
 * Both are bits of the entries, which the verdict compares with what holds of the destination.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

unsigned int cover_protos(const struct policy *p, const struct policy_rule *r)
{
	unsigned int all = 1u << POLICY_TCP | 1u << POLICY_UDP | 1u << POLICY_ICMP;

	switch (r->scheme) {
	case SCHEME_TCP:
		return 1u << POLICY_TCP;
	case SCHEME_UDP:
		return 1u << POLICY_UDP;
	case SCHEME_ICMP:
		return 1u << POLICY_ICMP;
	case SCHEME_NONE:
	case SCHEME_COUNT:
		break;
	}
	if (r->list == LIST_ALLOW && !r->except) {
		if (!p->allow_udp)
			all &= ~(1u << POLICY_UDP);
		if (!p->allow_icmp)
			all &= ~(1u << POLICY_ICMP);
	}
	return r->n_ranges ? all & ~(1u << POLICY_ICMP) : all;
}

unsigned int cover_kind(const struct policy_rule *r)
{
	bool takes = (r->list == LIST_DENY) != r->except;
	unsigned int kind = r->except ? ADDRSET_EXCEPT : 0;

	if (r->target == TARGET_ANY)
		kind |= ADDRSET_NOT_LOOPBACK;
	if (r->target != TARGET_SET || r->set == SET_RESOLVER)
		return kind;
	if (r->set != SET_LOOPBACK)
		kind |= ADDRSET_NOT_LOOPBACK;
	return takes ? kind | ADDRSET_NOT_RESOLVER : kind;
}

static void host_nets(const struct policy_host *h, void (*each)(const struct canonical_net *net, void *ctx), void *ctx)
{
	for (size_t i = 0; i < h->n; i++) {
		struct canonical_net net = { h->addrs[i], 128 };

		each(&net, ctx);
		/* On an IPv6-only host DNS64 makes up this answer from the name's IPv4 address. The user allowed the
		 * name, hence the machine behind it, hence both forms by which a NAT64 destination is judged. */
		if (canonical_nat64(&h->addrs[i], &net.addr))
			each(&net, ctx);
	}
}

static void resolver_nets(const struct policy_facts *f, void (*each)(const struct canonical_net *net, void *ctx),
			  void *ctx)
{
	for (size_t i = 0; i < f->n_resolvers; i++)
		each(&(struct canonical_net){ f->resolvers[i], 128 }, ctx);
}

void cover_nets(const struct policy *p, const struct policy_rule *r,
		void (*each)(const struct canonical_net *net, void *ctx), void *ctx)
{
	static const struct canonical_net any[] = {
		{ IN6ADDR_ANY_INIT, 0 },
		{ { .s6_addr = { [10] = 0xff, 0xff } }, 96 },
	};
	const struct canonical_net *nets = any;
	size_t n = ARRAY_SIZE(any);

	switch (r->target) {
	case TARGET_HOST:
		host_nets(&p->hosts[r->host], each, ctx);
		return;
	case TARGET_SET:
		if (r->set == SET_RESOLVER)
			resolver_nets(&p->facts, each, ctx);
		nets = sets_nets(r->set, &n);
		break;
	case TARGET_NET:
		nets = &r->net;
		n = 1;
		break;
	case TARGET_ANY:
		break;
	}
	for (size_t i = 0; i < n; i++)
		each(&nets[i], ctx);
}

/* --- (prefix, port range) pairs ----------------------------------------------------------------------------- */

struct gather {
	struct addrset_entry *v;
	size_t n, cap;
	bool full;
	const struct policy_range *ranges;
	uint32_t n_ranges;
	uint32_t rule;
	uint8_t kind;
};

static void gather_add(struct gather *g, const struct canonical_net *net, struct policy_range r)
{
	if (g->n == POLICY_MAX_ENTRIES) {
		g->full = true;
		return;
	}
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 64;
		g->v = xrealloc(g->v, g->cap, sizeof(*g->v));
	}
	g->v[g->n++] = (struct addrset_entry){ .net = *net, .lo = r.lo, .hi = r.hi, .rule = g->rule, .kind = g->kind };
}

static void gather_net(const struct canonical_net *net, void *ctx)
{
	struct gather *g = ctx;

	if (!g->n_ranges)
		gather_add(g, net, (struct policy_range){ 0, 65535 });
	for (uint32_t i = 0; i < g->n_ranges && !g->full; i++)
		gather_add(g, net, g->ranges[i]);
}

static void gather_list(const struct policy *p, enum policy_list list, enum policy_proto proto, struct gather *g)
{
	for (size_t i = 0; i < p->n_rules && !g->full; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (r->list != list || !(cover_protos(p, r) & 1u << proto))
			continue;
		g->rule = (uint32_t)i;
		g->kind = (uint8_t)cover_kind(r);
		g->n_ranges = r->n_ranges;
		g->ranges = g->n_ranges ? p->ranges + r->range : NULL;
		cover_nets(p, r, gather_net, g);
	}
}

/* --- exceptions that take nothing away ------------------------------------------------------------------------ */

/* Ports, one bit each. */
struct portmap {
	uint64_t bits[65536 / 64];
};

static void portmap_add(struct portmap *m, uint16_t lo, uint16_t hi)
{
	for (uint32_t port = lo; port <= hi;) {
		if (port % 64 == 0 && port + 63 <= hi) {
			m->bits[port / 64] = ~0ull;
			port += 64;
		} else {
			m->bits[port / 64] |= 1ull << port % 64;
			port++;
		}
	}
}

static bool portmap_has(const struct portmap *m, uint16_t lo, uint16_t hi)
{
	for (uint32_t port = lo; port <= hi;) {
		if (port % 64 == 0 && port + 63 <= hi) {
			if (m->bits[port / 64])
				return true;
			port += 64;
		} else if (m->bits[port / 64] >> port % 64 & 1) {
			return true;
		} else {
			port++;
		}
	}
	return false;
}

static int by_net(const void *pa, const void *pb)
{
	const struct addrset_entry *a = pa, *b = pb;
	bool v4a = a->net.len >= 96 && canonical_is_v4(&a->net.addr),
	     v4b = b->net.len >= 96 && canonical_is_v4(&b->net.addr);
	int r = v4a != v4b ? (v4a ? -1 : 1) : memcmp(&a->net.addr, &b->net.addr, sizeof(a->net.addr));

	return r ? r : (int)a->net.len - (int)b->net.len;
}

static bool is_around(const struct addrset_entry *outer, const struct addrset_entry *inner)
{
	struct canonical_net n = { inner->net.addr, outer->net.len };

	/* The two families do not nest, see addrset.c. */
	if (outer->net.len > inner->net.len || (inner->net.len >= 96 && canonical_is_v4(&inner->net.addr)) !=
						       (outer->net.len >= 96 && canonical_is_v4(&outer->net.addr)))
		return false;
	canonical_mask(&n);
	return memcmp(&n.addr, &outer->net.addr, sizeof(n.addr)) == 0;
}

/* The prefixes around the one that is looked at, and the ports that rules of them cover together. */
struct around {
	size_t first[130];
	struct portmap ports[130];
	struct portmap within;
	unsigned int depth;
};

static void around_push(struct around *a, const struct addrset_entry *e, size_t first, size_t next)
{
	struct portmap *m;

	while (a->depth && !is_around(&e[a->first[a->depth - 1]], &e[first]))
		a->depth--;
	m = &a->ports[a->depth];
	if (a->depth)
		*m = a->ports[a->depth - 1];
	else
		memset(m, 0, sizeof(*m));
	a->first[a->depth++] = first;
	for (size_t i = first; i < next; i++)
		if (!(e[i].kind & ADDRSET_EXCEPT))
			portmap_add(m, e[i].lo, e[i].hi);
}

/* The exceptions of e[first..next), one prefix, by what @m has. True: all of them are useful. */
static bool mark(const struct addrset_entry *e, size_t first, size_t next, const struct portmap *m, bool *useful)
{
	bool all = true;

	for (size_t i = first; i < next; i++) {
		if (!(e[i].kind & ADDRSET_EXCEPT) || useful[e[i].rule])
			continue;
		useful[e[i].rule] = portmap_has(m, e[i].lo, e[i].hi);
		all = all && useful[e[i].rule];
	}
	return all;
}

/* Marks in @useful the exceptions that take something away: of a rule around them, or of one within. A prefix has at most 128
 * around it, so the walks over what is within are linear in the entries, however they nest. */
static void mark_useful(struct addrset_entry *e, size_t n, bool *useful)
{
	autofree struct around *a = xcalloc(1, sizeof(*a));

	qsort(e, n, sizeof(*e), by_net);
	for (size_t i = 0, next; i < n; i = next) {
		struct portmap *m;

		for (next = i + 1; next < n && by_net(&e[i], &e[next]) == 0; next++)
			;
		around_push(a, e, i, next);
		m = &a->ports[a->depth - 1];
		if (mark(e, i, next, m, useful))
			continue;
		a->within = *m;
		for (size_t k = next; k < n && is_around(&e[i], &e[k]); k++)
			if (!(e[k].kind & ADDRSET_EXCEPT))
				portmap_add(&a->within, e[k].lo, e[k].hi);
		mark(e, i, next, &a->within, useful);
	}
}

static int useless(const struct policy *p, const struct policy_rule *r, struct err *e)
{
	const char *key = p->key[r->list] ? p->key[r->list]
					  : annotations_names[r->list == LIST_ALLOW ? KEY_NET_ALLOW : KEY_NET_DENY];
	char buf[TEXT_QUOTED];
	struct text t = { .buf = buf, .size = sizeof(buf) };

	if (p->text[r->list] && r->pos)
		return grammar_error(
			e, key, p->text[r->list] + r->pos - 1, r->len, r->pos,
			"the exception takes nothing away, no rule of this list covers any of it; remove it, or the "
			"\"!\"");
	text_rule(p, r, &t);
	return err_text(e, EINVAL, "%s: the exception %s takes nothing away", key, buf);
}

static int check_exceptions(const struct policy *p, const bool *useful, struct err *e)
{
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!r->except || useful[i])
			continue;
		/* Which name servers there are is not the list's fault, and a name that is followed may get any address. */
		if ((r->target == TARGET_SET && r->set == SET_RESOLVER) || (r->list == LIST_ALLOW && p->follows_names))
			continue;
		return useless(p, r, e);
	}
	return 0;
}

/* --- the sets --------------------------------------------------------------------------------------------------- */

static int build_one(struct policy *p, enum policy_list list, enum policy_proto proto, bool *useful, struct err *e)
{
	struct gather g = { 0 };

	gather_list(p, list, proto, &g);
	if (!g.full) {
		/* While names have no addresses, what they cover is not known. */
		if (useful && g.n)
			mark_useful(g.v, g.n, useful);
		addrset_build(&p->sets[list][proto], g.v, g.n);
	}
	free(g.v);
	if (g.full)
		return err_text(e, E2BIG, "%s has more than %u pairs of prefix and port range; use wider ranges",
				annotations_names[list == LIST_ALLOW ? KEY_NET_ALLOW : KEY_NET_DENY],
				POLICY_MAX_ENTRIES);
	return 0;
}

static bool has_exception(const struct policy *p)
{
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].except)
			return true;
	return false;
}

int cover_build(struct policy *p, struct err *e)
{
	autofree bool *useful = !policy_unresolved(p) && has_exception(p) ? xcalloc(p->n_rules, sizeof(*useful)) : NULL;

	for (unsigned int i = 0; i < POLICY_N_PROTO; i++) {
		for (unsigned int list = 0; list < LIST_COUNT; list++) {
			addrset_free(&p->sets[list][i]);
			if (build_one(p, (enum policy_list)list, (enum policy_proto)i, useful, e) < 0)
				return -1;
		}
	}
	return useful ? check_exceptions(p, useful, e) : 0;
}

bool cover_is_any_tcp(const struct policy *p, const struct policy_rule *r)
{
	return r->target == TARGET_ANY && r->list == LIST_ALLOW && !r->except && cover_protos(p, r) & 1u << POLICY_TCP;
}

void cover_any_tcp(struct policy *p)
{
	static const struct canonical_net any = { IN6ADDR_ANY_INIT, 0 };
	struct gather g = { 0 };

	for (size_t i = 0; i < p->n_rules; i++) {
		if (!cover_is_any_tcp(p, &p->rules[i]))
			continue;
		/* All get rule 0, so that neighbours merge: ports are asked for here, not reasons. */
		g.n_ranges = p->rules[i].n_ranges;
		g.ranges = g.n_ranges ? p->ranges + p->rules[i].range : NULL;
		gather_net(&any, &g);
	}
	free(p->any_tcp);
	p->any_tcp = xcalloc(2 * g.n, sizeof(*p->any_tcp));
	p->n_any_tcp = addrset_sweep(g.v, g.n, p->any_tcp);
	free(g.v);
}
