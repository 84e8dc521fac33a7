// SPDX-License-Identifier: Apache-2.0
/* policy-naive.h - the plain truth about a policy, by walks over its rules, for tests and fuzzers to hold the sorted sets against */
#ifndef TESTS_POLICY_NAIVE_H
#define TESTS_POLICY_NAIVE_H

#include <string.h>

#include "policy/internal.h"

static inline bool naive_contains(const struct canonical_net *n, const struct in6_addr *a)
{
	struct canonical_net m = { .addr = *a, .len = n->len };

	/* ::/0 is every IPv6 address; IPv4 has its own 0.0.0.0/0 = ::ffff:0:0/96. */
	if (canonical_is_v4(a) != (n->len >= 96 && canonical_is_v4(&n->addr)))
		return false;
	canonical_mask(&m);
	return memcmp(&m.addr, &n->addr, sizeof(m.addr)) == 0;
}

struct naive_walk {
	struct in6_addr addr;
	bool hit;
};

static inline void naive_net(const struct canonical_net *net, void *ctx)
{
	struct naive_walk *w = ctx;

	w->hit = w->hit || naive_contains(net, &w->addr);
}

static inline bool naive_rule_covers(const struct policy *p, const struct policy_rule *r, enum policy_proto proto,
				     const struct in6_addr *a, uint16_t port)
{
	struct naive_walk w = { *a, false };
	bool in = r->n_ranges == 0;

	for (uint32_t k = 0; k < r->n_ranges; k++)
		in = in || (p->ranges[r->range + k].lo <= port && port <= p->ranges[r->range + k].hi);
	if (!in || !(cover_protos(p, r) & 1u << proto))
		return false;
	cover_nets(p, r, naive_net, &w);
	return w.hit;
}

static inline bool naive_is_zero(const struct in6_addr *a)
{
	return IN6_IS_ADDR_UNSPECIFIED(a) || memcmp(a, "\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0", 16) == 0;
}

static inline bool naive_is_resolver(const struct policy *p, const struct in6_addr *a)
{
	for (size_t i = 0; i < p->facts.n_resolvers; i++)
		if (memcmp(&p->facts.resolvers[i], a, sizeof(*a)) == 0)
			return true;
	return false;
}

static inline bool naive_own_loopback(const struct policy *p, const struct in6_addr *a)
{
	static const uint8_t one[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };

	if (!p->facts.own_network)
		return false;
	if (naive_is_zero(a) || IN6_IS_ADDR_LOOPBACK(a) || memcmp(a, one, 16) == 0)
		return true;
	return canonical_is_v4(a) && a->s6_addr[12] == 127 && !naive_is_resolver(p, a);
}

/* Is there a rule (or, @except, an exception) of @list that counts? */
static inline bool naive_any(const struct policy *p, enum policy_list list, bool except, enum policy_proto proto,
			     const struct in6_addr *a, uint16_t port)
{
	bool dns = port == 53 && proto != POLICY_ICMP && p->dns != DNS_OFF && naive_is_resolver(p, a);

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];
		bool named = r->target == TARGET_SET && r->set != SET_RESOLVER;
		bool takes = (list == LIST_DENY) != except;

		if (r->list != list || r->except != except || !naive_rule_covers(p, r, proto, a, port))
			continue;
		/* What gives, gives loopback as well. */
		if (naive_own_loopback(p, a) && (r->target == TARGET_ANY || (named && r->set != SET_LOOPBACK)) &&
		    (takes || list == LIST_DENY))
			continue;
		if (dns && named && takes)
			continue;
		return true;
	}
	return false;
}

static inline bool naive_form_allowed(const struct policy *p, enum policy_proto proto, const struct in6_addr *a,
				      uint16_t port, bool literal)
{
	if (naive_any(p, LIST_DENY, false, proto, a, port) && !naive_any(p, LIST_DENY, true, proto, a, port))
		return false;
	if (!p->has[LIST_ALLOW])
		return true;
	if (literal)
		return !naive_any(p, LIST_ALLOW, true, proto, a, port);
	if (naive_own_loopback(p, a))
		return true;
	return naive_any(p, LIST_ALLOW, false, proto, a, port) && !naive_any(p, LIST_ALLOW, true, proto, a, port);
}

static inline bool naive_allowed(const struct policy *p, const struct policy_dest *d)
{
	struct in6_addr forms[4] = { d->addr }, v4;
	uint16_t port = d->proto == POLICY_ICMP ? 0 : d->port;
	size_t n = 1;

	if (!p->has[LIST_ALLOW] && !p->has[LIST_DENY])
		return true;
	if (canonical_nat64(&d->addr, &v4))
		forms[n++] = v4;
	for (size_t i = 0; i < n; i++) {
		if (!naive_is_zero(&forms[i])) {
			if (!naive_form_allowed(p, d->proto, &forms[i], port, false))
				return false;
			continue;
		}
		/* What the kernel may make of it, and what is written. */
		if (IN6_IS_ADDR_UNSPECIFIED(&forms[i]) &&
		    !naive_form_allowed(p, d->proto, &in6addr_loopback, port, false))
			return false;
		v4 = canonical_v4(0x7f000001);
		if (!naive_form_allowed(p, d->proto, &v4, port, false) ||
		    !naive_form_allowed(p, d->proto, &forms[i], port, true))
			return false;
	}
	return true;
}

#endif
