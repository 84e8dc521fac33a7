// SPDX-License-Identifier: Apache-2.0
/* compile.c - annotations -> policy, its names, its life
 *
 * Owns:     the order: keys, bind lists, rules, names, sets; the traits.
 * Must not: parse (grammar.c), say what a rule covers (cover.c) or answer (verdict.c).
 * Runs in:  create; policy_finish() also in exec, on what unserialize.c read.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "policy/internal.h"

/* All names of one policy together. One name has its own deadline (resolve.c). */
#define RESOLVE_TOTAL_SECONDS 30

/* --- traits ----------------------------------------------------------------------------------------- */

static void finish_traits(struct policy *p)
{
	bool ports_only = p->has[LIST_ALLOW] && !p->has[LIST_DENY] && p->n_rules > 0 && !p->facts.own_network;
	struct policy_traits *t = &p->traits;
	unsigned int possible = 0;
	bool udp;

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (r->list == LIST_ALLOW && !r->except)
			possible |= cover_protos(p, r);
		ports_only = ports_only && cover_is_any_tcp(p, r);
	}
	udp = possible & 1u << POLICY_UDP;
	/* Without an allow list everything is open that no rule covers; the own loopback is in any case. */
	if (!p->has[LIST_ALLOW])
		possible = ~0u;
	if (p->facts.own_network)
		possible |= 1u << POLICY_TCP;
	*t = (struct policy_traits){
		.egress = policy_has_egress(p),
		.allow_mode = p->has[LIST_ALLOW],
		.own_loopback = policy_has_egress(p) && p->facts.own_network,
		.tcp_possible = possible & 1u << POLICY_TCP,
		.udp_possible = true,
		/* "ICMP echo sockets may be created": allow-icmp says so without a word about rules. */
		.icmp_possible = possible & 1u << POLICY_ICMP || p->allow_icmp,
	};
	/* Lists that permit every port may be there, and then there is nothing to enforce. */
	for (uint32_t port = 0; (p->bind[LIST_ALLOW].there || p->bind[LIST_DENY].there) && port <= 65535 && !t->bind;
	     port++)
		t->bind = !policy_check_bind(p, (uint16_t)port).allowed;
	t->tcp_ports_only = ports_only && !udp && !t->icmp_possible;
}

static uint32_t next_of(const struct policy *p, enum policy_proto proto, const struct in6_addr *const *forms, size_t n,
			uint16_t port)
{
	uint32_t next = 65536;

	for (size_t i = 0; i < n; i++) {
		uint32_t edge = verdict_next_change(p, proto, forms[i], port, 128);

		next = edge < next ? edge : next;
	}
	return next;
}

/* Is @any denied at a port at which @loopback is allowed? */
static bool differs(const struct policy *p, enum policy_proto proto, const struct in6_addr *any, const struct in6_addr *loopback)
{
	const struct in6_addr *const forms[] = { any, loopback, &in6addr_loopback };
	uint32_t next;

	for (uint32_t port = 0; port <= 65535; port = next) {
		const struct policy_dest d = { .proto = proto, .addr = *any, .port = (uint16_t)port };

		if (!policy_check(p, &d).allowed && verdict_form(p, proto, loopback, (uint16_t)port, 128).allowed)
			return true;
		next = proto == POLICY_ICMP ? 65536 : next_of(p, proto, forms, ARRAY_SIZE(forms), (uint16_t)port);
	}
	return false;
}

/* Only a prefix that holds them as they are written makes a difference. */
static bool holds_any_address(const struct policy *p)
{
	static const uint8_t zero[4];

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];
		bool takes = (r->list == LIST_DENY) != r->except;

		if (takes && r->target == TARGET_NET && r->net.len < 128 &&
		    (canonical_is_v4(&r->net.addr) ? memcmp(&r->net.addr.s6_addr[12], zero, 4) == 0
						   : IN6_IS_ADDR_UNSPECIFIED(&r->net.addr)))
			return true;
	}
	return false;
}

static void finish_any_address(struct policy *p)
{
	static const struct in6_addr zero4 = { .s6_addr = { [10] = 0xff, 0xff } };
	const struct in6_addr loopback4 = canonical_v4(INADDR_LOOPBACK);

	for (unsigned int i = 0; i < POLICY_N_PROTO && holds_any_address(p); i++)
		p->traits.any_address_differs = p->traits.any_address_differs ||
						differs(p, (enum policy_proto)i, &zero4, &loopback4) ||
						differs(p, (enum policy_proto)i, &in6addr_any, &in6addr_loopback);
}

int policy_finish(struct policy *p, struct err *e)
{
	if (cover_build(p, e) < 0)
		return -1;
	if (p->has[LIST_ALLOW])
		cover_any_tcp(p);
	finish_traits(p);
	finish_any_address(p);
	return 0;
}

/* --- names -------------------------------------------------------------------------------------------- */

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

size_t policy_unresolved(const struct policy *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_hosts && p->names; i++)
		n += p->hosts[i].n == 0 && !names_is_wildcard(p->names[i].name);
	return n;
}

static int name_error(const struct policy *p, const struct grammar_name *n, const char *what, struct err *e)
{
	return grammar_error(e, p->key[LIST_ALLOW], p->text[LIST_ALLOW] + n->pos - 1, n->len, n->pos, "%s", what);
}

static int resolve_one(struct policy *p, size_t i,
		       policy_resolve_fn *resolve, void *ctx, bool last, struct err *e)
{
	const struct grammar_name *name = &p->names[i];
	struct policy_host *h = &p->hosts[i];
	struct in6_addr *addrs = NULL;
	struct err why = { 0 };
	size_t n = 0;
	int r = resolve(ctx, name->name, &addrs, &n, &why);

	free((void *)(uintptr_t)h->addrs);
	h->addrs = addrs;
	h->n = r < 0 ? 0 : clean_addrs(addrs, n);
	if (h->n && last && p->follows_names) {
		/* It is known to somebody. Its addresses are those of when it is asked for. */
		free(steal_ptr(&addrs));
		*h = (struct policy_host){ .name = h->name };
		return 0;
	}
	if (h->n || name->optional || !last)
		return 0;
	if (r == 0)
		return name_error(p, name, "the name resolves to no usable address; list its addresses", e);
	autofree char *what = xasprintf(
		"the name does not resolve (%.200s); check it%s, or list its addresses, or write ?%s to go on "
		"without it",
		why.msg, strchr(name->name, '.') ? "" : " (it is no set, either)", name->name);

	return name_error(p, name, what, e);
}

static void forget_names(struct policy *p)
{
	for (size_t i = 0; i < p->n_hosts && p->names; i++)
		free(p->names[i].name);
	free(p->names);
	p->names = NULL;
}

int policy_resolve(struct policy *p, policy_resolve_fn *resolve, void *ctx, bool last, struct err *e)
{
	struct timespec begin, now;

	if (!policy_unresolved(p))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (size_t i = 0; i < p->n_hosts; i++) {
		if (p->hosts[i].n || names_is_wildcard(p->names[i].name))
			continue;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= RESOLVE_TOTAL_SECONDS)
			return name_error(p, &p->names[i],
					  "the names before this one took the resolver more than 30 seconds; list "
					  "addresses, or see why the resolver is slow",
					  e);
		if (resolve_one(p, i, resolve, ctx, last, e) < 0)
			return -1;
	}
	if (last || !policy_unresolved(p))
		forget_names(p);
	return policy_finish(p, e);
}

/* --- annotations -> policy -------------------------------------------------------------------------- */

static int parse_list(struct policy *p, struct grammar_rules *g, const struct annotations *a, enum policy_list list,
		      struct err *e)
{
	enum annotation_key k = list == LIST_ALLOW ? KEY_NET_ALLOW : KEY_NET_DENY;
	size_t before = g->n;

	if (!a->v[k].key)
		return 0;
	p->has[list] = true;
	p->key[list] = xstrdup(a->v[k].key);
	p->text[list] = xstrdup(a->v[k].value);
	if (grammar_parse(g, p->key[list], p->text[list], list, e) < 0)
		return -1;
	if (list == LIST_DENY && g->n == before)
		return err_text(e, EINVAL,
				"%s: it is empty, nothing would be denied; list what is to be denied, or remove it",
				p->key[list]);
	return 0;
}

static int parse_rules(struct policy *p, const struct annotations *a, struct err *e)
{
	struct grammar_rules g = { 0 };
	int r = 0;

	for (unsigned int list = 0; list < LIST_COUNT && r == 0; list++)
		r = parse_list(p, &g, a, (enum policy_list)list, e);
	p->rules = steal_ptr(&g.rules);
	p->n_rules = g.n;
	p->ranges = steal_ptr(&g.ranges);
	p->n_ranges = g.n_ranges;
	p->names = steal_ptr(&g.names);
	p->n_hosts = g.n_names;
	p->hosts = xcalloc(p->n_hosts, sizeof(*p->hosts));
	for (size_t i = 0; i < p->n_hosts; i++)
		p->hosts[i].name = xstrdup(p->names[i].name);
	g.n_names = 0;
	grammar_free(&g);
	return r;
}

static int parse_bind(struct policy *p, const struct annotations *a, enum policy_list list, struct err *e)
{
	enum annotation_key k = list == LIST_ALLOW ? KEY_NET_ALLOW_BIND : KEY_NET_DENY_BIND;
	struct policy_bind *b = &p->bind[list];
	struct grammar_rules g = { 0 };
	int r;

	if (!a->v[k].key)
		return 0;
	r = grammar_parse_ports(&g, a->v[k].key, a->v[k].value, list, e);
	if (r == 0 && list == LIST_DENY && !g.n_ranges)
		r = err_text(e, EINVAL, "%s: it is empty, nothing would be denied; list ports, or remove it",
			     a->v[k].key);
	b->there = true;
	b->ports = xcalloc(g.n_ranges, sizeof(*b->ports));
	b->n = g.n_ranges;
	for (size_t i = 0; i < g.n_ranges; i++)
		b->ports[i] = (struct addrset_ports){ g.ranges[i].lo, g.ranges[i].hi, (uint32_t)i };
	grammar_free(&g);
	return r;
}

int policy_try_list(const char *key, const char *name, const char *text, struct err *e)
{
	enum policy_list list = str_eq(key, annotations_names[KEY_NET_DENY]) || str_eq(key, annotations_names[KEY_NET_DENY_BIND]);
	bool rules = str_eq(key, annotations_names[KEY_NET_ALLOW]) || str_eq(key, annotations_names[KEY_NET_DENY]);
	bool ports = str_eq(key, annotations_names[KEY_NET_ALLOW_BIND]) || str_eq(key, annotations_names[KEY_NET_DENY_BIND]);
	struct grammar_rules g = { 0 };
	int r = 0;

	if (rules)
		r = grammar_parse(&g, name, text, list, e);
	else if (ports)
		r = grammar_parse_ports(&g, name, text, list, e);
	grammar_free(&g);
	return r;
}

/* 1: none of it is for this container. */
static int parse(struct policy *p, const struct oci_map *map, struct err *e)
{
	struct annotations a;

	if (annotations_read(map, &p->facts, &a, e) < 0)
		return -1;
	if (a.none)
		return 1;
	p->allow_udp = a.allow_udp;
	p->allow_icmp = a.allow_icmp;
	p->require = a.require;
	p->dns = a.dns;
	p->audit = a.audit;
	p->judge_outside = a.judge_outside;
	p->error = a.error;
	p->log = a.log;
	if (a.log.file)
		p->log.file = xstrndup(a.log.file, strcspn(a.log.file, " \t\r\n;,"));
	for (unsigned int list = 0; list < LIST_COUNT; list++)
		if (parse_bind(p, &a, (enum policy_list)list, e) < 0)
			return -1;
	return parse_rules(p, &a, e) < 0 || names_choose(p, e) < 0 ? -1 : policy_finish(p, e);
}

int policy_parse(const struct oci_map *annotations, const struct policy_facts *facts, struct policy **out,
		 struct err *e)
{
	struct policy *p = xcalloc(1, sizeof(*p));
	int r;

	if (facts)
		p->facts = *facts;
	r = parse(p, annotations, e);
	p->facts.name = NULL;
	*out = r == 0 ? p : NULL;
	if (r != 0)
		policy_free(p);
	return r < 0 ? -1 : 0;
}

static int without_context(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	return (*(policy_resolver *)ctx)(name, addrs, n, e);
}

struct policy *policy_compile(const struct oci_map *annotations, policy_resolver resolve, struct err *e)
{
	struct policy *p;

	if (policy_parse(annotations, NULL, &p, e) < 0 || !p)
		return NULL;
	if (policy_resolve(p, without_context, &resolve, true, e) == 0)
		return p;
	policy_free(p);
	return NULL;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	forget_names(p);
	for (size_t i = 0; i < p->n_hosts; i++) {
		free((void *)(uintptr_t)p->hosts[i].name);
		free((void *)(uintptr_t)p->hosts[i].addrs);
	}
	for (unsigned int list = 0; list < LIST_COUNT; list++) {
		free(p->key[list]);
		free(p->text[list]);
		free(p->bind[list].ports);
		source_free(&p->source[list]);
		source_free(&p->bind_source[list]);
		for (unsigned int i = 0; i < POLICY_N_PROTO; i++)
			addrset_free(&p->sets[list][i]);
	}
	free((void *)(uintptr_t)p->log.file);
	free(p->hosts);
	free(p->rules);
	free(p->ranges);
	free(p->any_tcp);
	free(p);
}
