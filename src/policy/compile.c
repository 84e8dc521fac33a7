// SPDX-License-Identifier: Apache-2.0
/* compile.c - annotations -> policy: the meaning of a rule, and the sets that the verdict reads
 *
 * Owns:     which protocols and prefixes a rule covers; the life of struct policy.
 * Must not: parse (grammar.c) or answer (verdict.c).
 * Runs in:  create; policy_finish() also in exec, on what serialize.c read.
 *
 * Which protocols a rule covers:
 *
 *   tcp:// udp:// icmp://   that one, in both modes, whatever the bools say
 *   no scheme, net-allow    TCP; UDP with allow-udp; ICMP with allow-icmp
 *   no scheme, net-deny     all three: who lists a destination to block it does not mean one protocol of it
 *
 * ICMP has no ports: a rule with a port part speaks of ports and so never of ICMP. ":443" with allow-icmp does not open
 * ping to the world, and ":25" under net-deny does not block it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "policy/internal.h"

/* All names of one policy together. One name has its own deadline (resolve.c). */
#define RESOLVE_TOTAL_SECONDS 30

unsigned int policy_rule_protos(const struct policy *p, const struct policy_rule *r)
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
	if (p->allow_mode && !p->allow_udp)
		all &= ~(1u << POLICY_UDP);
	if ((p->allow_mode && !p->allow_icmp) || r->n_ranges)
		all &= ~(1u << POLICY_ICMP);
	return all;
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

void policy_rule_nets(const struct policy *p, const struct policy_rule *r,
		      void (*each)(const struct canonical_net *net, void *ctx), void *ctx)
{
	static const struct canonical_net any[] = {
		{ IN6ADDR_ANY_INIT, 0 },
		{ { .s6_addr = { [10] = 0xff, 0xff } }, 96 },
	};
	const struct canonical_net *nets = any;
	size_t n = ARRAY_SIZE(any);

	if (r->target == TARGET_HOST) {
		host_nets(&p->hosts[r->host], each, ctx);
		return;
	}
	if (r->target == TARGET_SET)
		nets = sets_nets(r->set, &n);
	if (r->target == TARGET_NET) {
		nets = &r->net;
		n = 1;
	}
	for (size_t i = 0; i < n; i++)
		each(&nets[i], ctx);
}

/* --- sets ------------------------------------------------------------------------------------------- */

/* Collects (prefix, port range) pairs. */
struct gather {
	struct addrset_entry *v;
	size_t n, cap;
	bool full;
	const struct policy_range *ranges;
	uint32_t n_ranges;
	uint32_t rule;
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
	g->v[g->n++] = (struct addrset_entry){ .net = *net, .lo = r.lo, .hi = r.hi, .rule = g->rule };
}

static void gather_net(const struct canonical_net *net, void *ctx)
{
	struct gather *g = ctx;

	if (!g->n_ranges)
		gather_add(g, net, (struct policy_range){ 0, 65535 });
	for (uint32_t i = 0; i < g->n_ranges && !g->full; i++)
		gather_add(g, net, g->ranges[i]);
}

static int finish_set(struct policy *p, enum policy_proto proto, struct err *e)
{
	struct gather g = { 0 };

	for (size_t i = 0; i < p->n_rules && !g.full; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!(policy_rule_protos(p, r) & 1u << proto))
			continue;
		g.rule = (uint32_t)i;
		g.n_ranges = r->n_ranges;
		g.ranges = g.n_ranges ? p->ranges + r->range : NULL;
		policy_rule_nets(p, r, gather_net, &g);
	}
	if (!g.full)
		addrset_build(&p->sets[proto], g.v, g.n);
	free(g.v);
	if (g.full)
		return err_text(e, E2BIG, "%s has more than %u pairs of prefix and port range; use wider ranges",
				annotations_names[p->allow_mode ? KEY_NET_ALLOW : KEY_NET_DENY], POLICY_MAX_ENTRIES);
	return 0;
}

static bool rule_is_any_tcp(const struct policy *p, const struct policy_rule *r)
{
	return r->target == TARGET_ANY && policy_rule_protos(p, r) & 1u << POLICY_TCP;
}

static void finish_any_tcp(struct policy *p)
{
	static const struct canonical_net any = { IN6ADDR_ANY_INIT, 0 };
	struct gather g = { 0 };

	for (size_t i = 0; i < p->n_rules; i++) {
		if (!rule_is_any_tcp(p, &p->rules[i]))
			continue;
		/* All get rule 0, so that neighbours merge: ports are asked for here, not reasons. */
		g.n_ranges = p->rules[i].n_ranges;
		g.ranges = g.n_ranges ? p->ranges + p->rules[i].range : NULL;
		gather_net(&any, &g);
	}
	p->any_tcp = xcalloc(2 * g.n, sizeof(*p->any_tcp));
	p->n_any_tcp = addrset_sweep(g.v, g.n, p->any_tcp);
	free(g.v);
}

static void finish_traits(struct policy *p)
{
	struct policy_traits *t = &p->traits;
	bool ports_only = p->allow_mode && p->n_rules > 0;
	unsigned int possible = 0;

	for (size_t i = 0; i < p->n_rules; i++) {
		possible |= policy_rule_protos(p, &p->rules[i]);
		ports_only = ports_only && rule_is_any_tcp(p, &p->rules[i]);
	}
	/* In deny mode everything is open that no rule covers. */
	if (!p->allow_mode)
		possible = ~0u;
	*t = (struct policy_traits){
		.egress = p->egress,
		.allow_mode = p->allow_mode,
		.tcp_possible = possible & 1u << POLICY_TCP,
		.udp_possible = possible & 1u << POLICY_UDP,
		/* "ICMP echo sockets may be created": allow-icmp says so without a word about rules. */
		.icmp_possible = possible & 1u << POLICY_ICMP || p->allow_icmp,
		/* A list that permits every port is there, and there is nothing to enforce. */
		.bind = (p->bind == BIND_ALLOW && !policy_check_bind(p, 0).allowed) ||
			(p->bind == BIND_DENY && p->n_bind_ports > 0),
	};
	t->tcp_ports_only = ports_only && !t->udp_possible && !t->icmp_possible;
}

int policy_finish(struct policy *p, struct err *e)
{
	for (unsigned int i = 0; i < POLICY_N_PROTO; i++)
		if (finish_set(p, (enum policy_proto)i, e) < 0)
			return -1;
	if (p->allow_mode)
		finish_any_tcp(p);
	finish_traits(p);
	return 0;
}

/* --- annotations -> policy -------------------------------------------------------------------------- */

/* What a resolver may give: no duplicates, no "blackhole" answers, and no more than we keep. */
static size_t clean_addrs(struct in6_addr *v, size_t n)
{
	static const struct in6_addr zero4 = { .s6_addr = { [10] = 0xff, 0xff } };
	size_t kept = 0;

	for (size_t i = 0; i < n && kept < POLICY_MAX_HOST_ADDRS; i++) {
		/* 0.0.0.0 and :: are how filtering name servers say "blocked"; as a destination they are loopback,
		 * which the user did not name. */
		bool skip = IN6_IS_ADDR_UNSPECIFIED(&v[i]) || memcmp(&v[i], &zero4, sizeof(zero4)) == 0;

		for (size_t j = 0; j < kept && !skip; j++)
			skip = memcmp(&v[i], &v[j], sizeof(v[i])) == 0;
		if (!skip)
			v[kept++] = v[i];
	}
	return kept;
}

static int compile_hosts(struct policy *p, const struct grammar_rules *g, const char *key, policy_resolver resolve,
			 struct err *e)
{
	struct timespec begin, now;

	p->hosts = xcalloc(g->n_names, sizeof(*p->hosts));
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < g->n_names; i++) {
		const struct grammar_name *name = &g->names[i];
		struct err why = { 0 };
		struct in6_addr *addrs = NULL;
		size_t n = 0;
		int r;

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= RESOLVE_TOTAL_SECONDS)
			return grammar_error(e, key, name->token, strlen(name->token), name->pos,
					     "the names before this one took the resolver more than %d seconds; list "
					     "addresses, or see why the resolver is slow", RESOLVE_TOTAL_SECONDS);
		r = resolve(name->name, &addrs, &n, &why);
		/* Kept from here on by the policy, which the caller frees on failure. */
		p->hosts[i] = (struct policy_host){ xstrdup(name->name), addrs, r < 0 ? 0 : clean_addrs(addrs, n) };
		p->n_hosts = i + 1;
		if (r < 0)
			return grammar_error(e, key, name->token, strlen(name->token), name->pos,
					     "the name does not resolve (%.200s); check it, or list its addresses",
					     why.msg);
		if (!p->hosts[i].n)
			return grammar_error(e, key, name->token, strlen(name->token), name->pos,
					     "the name resolves to no usable address; list its addresses");
	}
	return 0;
}

static int compile_egress(struct policy *p, const struct annotations *a, enum annotation_key k, policy_resolver resolve,
			  struct err *e)
{
	struct grammar_rules g = { 0 };
	int r;

	p->egress = true;
	p->allow_mode = k == KEY_NET_ALLOW;
	r = grammar_parse(&g, a->v[k].key, a->v[k].value, !p->allow_mode, e);
	if (r == 0)
		r = compile_hosts(p, &g, a->v[k].key, resolve, e);
	p->rules = steal_ptr(&g.rules);
	p->n_rules = g.n;
	p->ranges = steal_ptr(&g.ranges);
	p->n_ranges = g.n_ranges;
	grammar_free(&g);
	return r;
}

static int compile_bind(struct policy *p, const struct annotations *a, enum annotation_key k, struct err *e)
{
	struct grammar_rules g = { 0 };
	int r = grammar_parse_ports(&g, a->v[k].key, a->v[k].value, k == KEY_NET_ALLOW_BIND, e);

	p->bind = k == KEY_NET_ALLOW_BIND ? BIND_ALLOW : BIND_DENY;
	p->bind_ports = xcalloc(g.n_ranges, sizeof(*p->bind_ports));
	p->n_bind_ports = g.n_ranges;
	for (size_t i = 0; i < g.n_ranges; i++)
		p->bind_ports[i] = (struct addrset_ports){ g.ranges[i].lo, g.ranges[i].hi, (uint32_t)i };
	grammar_free(&g);
	return r;
}

static int compile(struct policy *p, const struct oci_map *annotations, policy_resolver resolve, struct err *e)
{
	struct annotations a;

	if (annotations_read(annotations, &a, e) < 0)
		return -1;
	p->allow_udp = a.allow_udp;
	p->allow_icmp = a.allow_icmp;
	p->require = a.require;
	/* Bind lists first: they cost no name look-up, so a mistake in them need not wait for one. */
	for (unsigned int k = KEY_NET_ALLOW_BIND; k <= KEY_NET_DENY_BIND; k++)
		if (a.v[k].key && compile_bind(p, &a, (enum annotation_key)k, e) < 0)
			return -1;
	for (unsigned int k = KEY_NET_ALLOW; k <= KEY_NET_DENY; k++)
		if (a.v[k].key && compile_egress(p, &a, (enum annotation_key)k, resolve, e) < 0)
			return -1;
	return policy_finish(p, e);
}

struct policy *policy_compile(const struct oci_map *annotations, policy_resolver resolve, struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));

	if (compile(p, annotations, resolve, e) == 0)
		return p;
	policy_free(p);
	return NULL;
}

unsigned int policy_required(const struct policy *p)
{
	return p->require;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_hosts; i++) {
		free((void *)(uintptr_t)p->hosts[i].name);
		free((void *)(uintptr_t)p->hosts[i].addrs);
	}
	free(p->hosts);
	free(p->rules);
	free(p->ranges);
	free(p->bind_ports);
	free(p->any_tcp);
	for (unsigned int i = 0; i < POLICY_N_PROTO; i++)
		addrset_free(&p->sets[i]);
	free(p);
}
