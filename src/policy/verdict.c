// SPDX-License-Identifier: Apache-2.0
/* verdict.c - what the policy says of a destination and of a bind
 *
 * Owns:     the two lists together: allowed is what the allow list covers (if there is one), less what the deny list covers (if
 *           there is one); and what the forms of an address mean in each.
 * Must not: allocate, do I/O, or look at anything but its arguments: policy contract, section 4, rule 1.
 * Runs in:  the supervisor, for each notification.
 */
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

#define DNS_PORT 53

/* The kernel's default net.ipv4.ip_local_port_range, from which it serves a bind to port 0. */
#define EPHEMERAL_LO 32768
#define EPHEMERAL_HI 60999

bool verdict_own_loopback(const struct policy *p, const struct in6_addr *a)
{
	bool v4 = canonical_is_v4(a);

	if (!p->facts.own_network || (v4 ? a->s6_addr[12] != 127 : !IN6_IS_ADDR_LOOPBACK(a)))
		return false;
	/* 127.0.0.11 of Docker's is a way to its daemon, who asks the world: a door, whatever its address. A name server at 127.0.0.1
	 * is a program of the container's. */
	if (!v4 || (a->s6_addr[13] == 0 && a->s6_addr[14] == 0 && a->s6_addr[15] == 1))
		return true;
	for (size_t i = 0; i < p->facts.n_resolvers; i++)
		if (memcmp(a, &p->facts.resolvers[i], sizeof(*a)) == 0)
			return false;
	return true;
}

static bool is_resolver(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port)
{
	/* Where a name service stands in front of them, nobody else is to ask them: a name can carry data. */
	if (port != DNS_PORT || proto == POLICY_ICMP || p->dns == DNS_OFF || p->follows_names)
		return false;
	for (size_t i = 0; i < p->facts.n_resolvers; i++)
		if (memcmp(a, &p->facts.resolvers[i], sizeof(*a)) == 0)
			return true;
	return false;
}

/* Of a prefix: where it is longer than @max_len, no address is meant but all of the prefix. */
static unsigned int left_out(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port,
			     unsigned int max_len)
{
	static const struct in6_addr zero4 = { .s6_addr = { [10] = 0xff, 0xff } };
	bool loopback = max_len >= (canonical_is_v4(a) ? 96u + 8 : 128u) && verdict_own_loopback(p, a);
	unsigned int left = 0;

	if (p->facts.own_network && max_len == 128 &&
	    (IN6_IS_ADDR_UNSPECIFIED(a) || memcmp(a, &zero4, sizeof(zero4)) == 0))
		loopback = true;
	if (loopback)
		left |= ADDRSET_NOT_LOOPBACK;
	if (max_len == 128 && is_resolver(p, proto, a, port))
		left |= ADDRSET_NOT_RESOLVER;
	return left;
}

/* Does the deny list cover it? */
static struct policy_verdict deny_verdict(const struct policy *p, enum policy_proto proto, const struct in6_addr *a,
					  uint16_t port, unsigned int left, unsigned int max_len)
{
	struct policy_verdict v = { .allowed = true, .rule = -1, .why = POLICY_WHY_DEFAULT };
	struct addrset_hit hit;

	if (!p->has[LIST_DENY])
		return v;
	hit = addrset_find(&p->sets[LIST_DENY][proto], a, port, left, max_len);
	if (hit.rule >= 0 && hit.except < 0)
		return (struct policy_verdict){ .allowed = false, .rule = hit.rule, .why = POLICY_WHY_LISTED };
	return v;
}

/* Does the allow list? */
static struct policy_verdict allow_verdict(const struct policy *p, enum policy_proto proto, const struct in6_addr *a,
					   uint16_t port, unsigned int left, unsigned int max_len)
{
	struct addrset_hit hit;

	if (!p->has[LIST_ALLOW])
		return (struct policy_verdict){ .allowed = true, .rule = -1, .why = POLICY_WHY_DEFAULT };
	/* What is left out is left out of what takes away. A rule that gives "any address" gives loopback, too. */
	hit = addrset_find(&p->sets[LIST_ALLOW][proto], a, port, 0, max_len);
	if (left && hit.except >= 0)
		hit.except = addrset_find(&p->sets[LIST_ALLOW][proto], a, port, left, max_len).except;
	if (hit.rule >= 0 && hit.except < 0)
		return (struct policy_verdict){ .allowed = true, .rule = hit.rule, .why = POLICY_WHY_LISTED };
	if (left & ADDRSET_NOT_LOOPBACK)
		return (struct policy_verdict){ .allowed = true, .rule = -1, .why = POLICY_WHY_OWN_LOOPBACK };
	if (hit.rule >= 0)
		return (struct policy_verdict){ .allowed = false, .rule = hit.except, .why = POLICY_WHY_EXCEPTED };
	return (struct policy_verdict){ .allowed = false, .rule = -1, .why = POLICY_WHY_DEFAULT };
}

struct policy_verdict verdict_form(const struct policy *p, enum policy_proto proto, const struct in6_addr *a,
				   uint16_t port, unsigned int max_len)
{
	unsigned int left = left_out(p, proto, a, port, max_len);
	struct policy_verdict v = deny_verdict(p, proto, a, port, left, max_len);

	return v.allowed ? allow_verdict(p, proto, a, port, left, max_len) : v;
}

uint32_t verdict_next_change(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port,
			     unsigned int max_len)
{
	uint32_t next = 65536;

	for (unsigned int list = 0; list < LIST_COUNT; list++) {
		uint32_t edge = p->has[list] ? addrset_next_change(&p->sets[list][proto], a, port, max_len) : next;

		if (edge < next)
			next = edge;
	}
	/* Where name servers begin and end to be left out. */
	if (p->facts.n_resolvers && port < DNS_PORT && next > DNS_PORT)
		next = DNS_PORT;
	else if (p->facts.n_resolvers && port == DNS_PORT && next > DNS_PORT + 1)
		next = DNS_PORT + 1;
	return next;
}

/* The forms that only count against a destination: how it is written, where that is not what the kernel makes of it. So
 * 0.0.0.0/8 holds of 0.0.0.0, also where that is loopback. */
struct policy_verdict verdict_taken_form(const struct policy *p, enum policy_proto proto, const struct in6_addr *a, uint16_t port,
					 unsigned int max_len)
{
	unsigned int left = left_out(p, proto, a, port, max_len);
	struct policy_verdict v = deny_verdict(p, proto, a, port, left, max_len);
	int except;

	if (!v.allowed || !p->has[LIST_ALLOW])
		return v;
	except = addrset_find(&p->sets[LIST_ALLOW][proto], a, port, left, max_len).except;
	if (except >= 0)
		return (struct policy_verdict){ .allowed = false, .rule = except, .why = POLICY_WHY_EXCEPTED };
	return v;
}

struct policy_verdict verdict_taken(const struct policy *p, const struct policy_dest *d)
{
	uint16_t port = d->proto == POLICY_ICMP ? 0 : d->port;
	struct canonical_forms f;

	canonical_forms(&d->addr, &f);
	for (size_t i = 0; i < f.n; i++) {
		struct policy_verdict v = verdict_taken_form(p, d->proto, &f.v[i], port, 128);

		if (!v.allowed)
			return v;
	}
	return (struct policy_verdict){ .allowed = true, .rule = -1, .why = POLICY_WHY_DEFAULT };
}

struct policy_verdict policy_check(const struct policy *p, const struct policy_dest *d)
{
	struct policy_verdict v = { .allowed = true, .rule = -1, .why = POLICY_WHY_OPEN };
	/* ICMP rules have every port; whatever a caller puts there must not matter. */
	uint16_t port = d->proto == POLICY_ICMP ? 0 : d->port;
	struct canonical_forms f;

	if (!policy_has_egress(p))
		return v;
	/* A protocol that the policy cannot speak of: no socket of it should exist. */
	if ((unsigned int)d->proto >= POLICY_N_PROTO)
		return (struct policy_verdict){ .allowed = false, .rule = -1, .why = POLICY_WHY_PROTOCOL };
	canonical_forms(&d->addr, &f);
	for (size_t i = 0; i < f.n; i++) {
		struct policy_verdict w = i < f.n_must ? verdict_form(p, d->proto, &f.v[i], port, 128)
						       : verdict_taken_form(p, d->proto, &f.v[i], port, 128);

		if (!w.allowed)
			return w;
		if (i == 0 || (i < f.n_must && w.rule >= 0 && (v.rule < 0 || w.rule < v.rule)))
			v = w;
	}
	return v;
}

struct policy_verdict policy_check_group(const struct policy *p, const struct in6_addr *group)
{
	struct policy_verdict first = { .allowed = true, .rule = -1, .why = POLICY_WHY_OPEN };

	if (!policy_has_egress(p))
		return first;
	for (uint32_t port = 1; port <= 65535;) {
		const struct policy_dest d = { .proto = POLICY_UDP, .addr = *group, .port = (uint16_t)port };
		struct policy_verdict v = policy_check(p, &d);

		if (v.allowed)
			return v;
		if (port == 1)
			first = v;
		port = verdict_next_change(p, POLICY_UDP, group, (uint16_t)port, 128);
	}
	return first;
}

bool policy_covers_address(const struct policy *p, const struct in6_addr *a)
{
	for (unsigned int proto = 0; proto < POLICY_N_PROTO; proto++) {
		/* What the forms of an address are does not depend on the port. */
		for (uint32_t port = 1; port <= 65535;) {
			const struct policy_dest d = { .proto = (enum policy_proto)proto,
						       .addr = *a,
						       .port = (uint16_t)port };
			struct canonical_forms f;
			uint32_t next = 65536;

			if (policy_check(p, &d).allowed)
				return true;
			canonical_forms(a, &f);
			for (size_t i = 0; i < f.n && proto != POLICY_ICMP; i++) {
				uint32_t edge = verdict_next_change(p, d.proto, &f.v[i], (uint16_t)port, 128);

				next = edge < next ? edge : next;
			}
			port = next;
		}
	}
	return false;
}

/* --- bind --------------------------------------------------------------------------------------------------- */

static int bind_index(const struct policy *p, enum policy_list list, size_t i)
{
	return (int)(p->n_rules + (list == LIST_DENY ? p->bind[LIST_ALLOW].n : 0) + i);
}

/* Port 0 leaves the choice to the kernel. Allow list: good only if every port is. Deny list: refused only if the kernel
 * might choose a denied one, else "deny 22" would break every program that asks for any port. */
static struct policy_verdict check_bind_any(const struct policy *p)
{
	const struct policy_bind *allow = &p->bind[LIST_ALLOW], *deny = &p->bind[LIST_DENY];

	for (size_t i = 0; i < deny->n; i++)
		if (deny->ports[i].lo <= EPHEMERAL_HI && deny->ports[i].hi >= EPHEMERAL_LO)
			return (struct policy_verdict){ false, bind_index(p, LIST_DENY, i), POLICY_WHY_LISTED };
	if (!allow->there)
		return (struct policy_verdict){ true, -1, POLICY_WHY_DEFAULT };
	if (allow->n == 1 && allow->ports[0].lo <= 1 && allow->ports[0].hi == 65535)
		return (struct policy_verdict){ true, bind_index(p, LIST_ALLOW, 0), POLICY_WHY_LISTED };
	return (struct policy_verdict){ false, -1, POLICY_WHY_DEFAULT };
}

struct policy_verdict policy_check_bind(const struct policy *p, uint16_t port)
{
	const struct policy_bind *allow = &p->bind[LIST_ALLOW], *deny = &p->bind[LIST_DENY];
	int i;

	if (!allow->there && !deny->there)
		return (struct policy_verdict){ true, -1, POLICY_WHY_OPEN };
	if (port == 0)
		return check_bind_any(p);
	i = addrset_find_port(deny->ports, deny->n, port);
	if (i >= 0)
		return (struct policy_verdict){ false, bind_index(p, LIST_DENY, (size_t)i), POLICY_WHY_LISTED };
	if (!allow->there)
		return (struct policy_verdict){ true, -1, POLICY_WHY_DEFAULT };
	i = addrset_find_port(allow->ports, allow->n, port);
	if (i >= 0)
		return (struct policy_verdict){ true, bind_index(p, LIST_ALLOW, (size_t)i), POLICY_WHY_LISTED };
	return (struct policy_verdict){ false, -1, POLICY_WHY_DEFAULT };
}

/* --- what is asked once --------------------------------------------------------------------------------------- */

struct policy_traits policy_get_traits(const struct policy *p)
{
	return p->traits;
}

size_t policy_hosts(const struct policy *p, const struct policy_host **out)
{
	*out = p->hosts;
	return p->n_hosts;
}

const struct policy_facts *policy_get_facts(const struct policy *p)
{
	return &p->facts;
}

/* Any address, or as good as: 0.0.0.0/0, 2000::/3. */
static bool is_world(const struct policy_rule *r)
{
	if (r->list != LIST_ALLOW || r->except || r->scheme == SCHEME_ICMP)
		return false;
	return r->target == TARGET_ANY ||
	       (r->target == TARGET_NET && r->net.len <= (canonical_is_v4(&r->net.addr) ? 96 + 3 : 3));
}

bool policy_needs_names(const struct policy *p)
{
	bool any = p->has[LIST_DENY] && !p->has[LIST_ALLOW];

	for (size_t i = 0; i < p->n_rules && !any; i++)
		any = is_world(&p->rules[i]);
	return any;
}

int policy_get_errno(const struct policy *p)
{
	return p->error;
}

struct policy_log policy_get_log(const struct policy *p)
{
	return p->log;
}

bool policy_is_audit(const struct policy *p)
{
	return p->audit;
}

bool policy_judges_outside(const struct policy *p)
{
	return p->judge_outside;
}

unsigned int policy_required(const struct policy *p)
{
	return p->require;
}

/* The runs of ports that policy_check_bind() allows. */
static void each_bindable(const struct policy *p, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx)
{
	long from = -1;

	for (uint32_t port = 0; port <= 65536; port++) {
		bool allowed = port <= 65535 && policy_check_bind(p, (uint16_t)port).allowed;

		if (allowed && from < 0)
			from = port;
		if (!allowed && from >= 0) {
			each((uint16_t)from, (uint16_t)(port - 1), ctx);
			from = -1;
		}
	}
}

void policy_each_port(const struct policy *p, bool bind, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx)
{
	if (bind) {
		each_bindable(p, each, ctx);
		return;
	}
	for (size_t i = 0; i < p->n_any_tcp; i++)
		each(p->any_tcp[i].lo, p->any_tcp[i].hi, ctx);
}
