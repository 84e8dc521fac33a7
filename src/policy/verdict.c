// SPDX-License-Identifier: Apache-2.0
/* verdict.c - what the policy says of a destination and of a bind; walks over it for the kernel's own copies
 *
 * Owns:     allow mode, deny mode, and what the forms of an address mean in each.
 * Must not: allocate, do I/O, or look at anything but its arguments: policy contract, section 4, rule 1.
 * Runs in:  the supervisor, for each notification.
 */
#include "base/str.h"
#include "policy/internal.h"

/* The kernel's default net.ipv4.ip_local_port_range, from which it serves a bind to port 0. */
#define EPHEMERAL_LO 32768
#define EPHEMERAL_HI 60999

struct policy_verdict policy_check(const struct policy *p, const struct policy_dest *d)
{
	struct policy_verdict v = { .allowed = !p->allow_mode, .rule = -1 };
	/* ICMP rules have every port; whatever a caller puts there must not matter. */
	uint16_t port = d->proto == POLICY_ICMP ? 0 : d->port;
	struct canonical_forms f;

	if (!p->egress)
		return (struct policy_verdict){ .allowed = true, .rule = -1 };
	/* A protocol that the policy cannot speak of: no socket of it should exist. */
	if ((unsigned int)d->proto >= POLICY_N_PROTO)
		return (struct policy_verdict){ .allowed = false, .rule = -1 };
	canonical_forms(&d->addr, &f);
	for (size_t i = 0; i < (p->allow_mode ? f.n_must : f.n); i++) {
		int rule = addrset_find(&p->sets[d->proto], &f.v[i], port);

		if (p->allow_mode && rule < 0)
			return (struct policy_verdict){ .allowed = false, .rule = -1 };
		if (!p->allow_mode && rule >= 0)
			return (struct policy_verdict){ .allowed = false, .rule = rule };
		if (p->allow_mode && (v.rule < 0 || rule < v.rule))
			v.rule = rule;
	}
	v.allowed = true;
	return v;
}

struct policy_verdict policy_check_group(const struct policy *p, const struct in6_addr *group)
{
	struct policy_verdict v = { .allowed = true, .rule = -1 };
	const struct addrset *set = &p->sets[POLICY_UDP];

	if (!p->egress)
		return v;
	if (p->allow_mode) {
		v.rule = addrset_any(set, group);
		v.allowed = v.rule >= 0;
	} else if (addrset_all_ports(set, group)) {
		v.rule = addrset_find(set, group, 1);
		v.allowed = false;
	}
	return v;
}

/* Port 0 leaves the choice to the kernel. Allow list: good only if every port is. Deny list: refused only if the kernel
 * might choose a denied one, else "deny 22" would break every program that asks for any port. */
static struct policy_verdict check_bind_any(const struct policy *p)
{
	if (p->bind == BIND_ALLOW) {
		bool all = p->n_bind_ports == 1 && p->bind_ports[0].lo <= 1 && p->bind_ports[0].hi == 65535;

		return (struct policy_verdict){ .allowed = all, .rule = all ? (int)p->n_rules : -1 };
	}
	for (size_t i = 0; i < p->n_bind_ports; i++)
		if (p->bind_ports[i].lo <= EPHEMERAL_HI && p->bind_ports[i].hi >= EPHEMERAL_LO)
			return (struct policy_verdict){ .allowed = false, .rule = (int)(p->n_rules + i) };
	return (struct policy_verdict){ .allowed = true, .rule = -1 };
}

struct policy_verdict policy_check_bind(const struct policy *p, uint16_t port)
{
	int i;

	if (p->bind == BIND_OPEN)
		return (struct policy_verdict){ .allowed = true, .rule = -1 };
	if (port == 0)
		return check_bind_any(p);
	i = addrset_find_port(p->bind_ports, p->n_bind_ports, port);
	return (struct policy_verdict){
		.allowed = (i >= 0) == (p->bind == BIND_ALLOW),
		.rule = i < 0 ? -1 : (int)p->n_rules + i,
	};
}

struct policy_traits policy_get_traits(const struct policy *p)
{
	return p->traits;
}

size_t policy_hosts(const struct policy *p, const struct policy_host **out)
{
	*out = p->hosts;
	return p->n_hosts;
}

/* --- walks ------------------------------------------------------------------------------------------ */

/* The runs of ports that policy_check_bind() allows. */
static void each_bindable(const struct policy *p, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx)
{
	bool zero = policy_check_bind(p, 0).allowed;
	uint32_t from = 1;

	if (p->bind == BIND_ALLOW) {
		for (size_t i = 0; i < p->n_bind_ports; i++)
			each(zero ? 0 : p->bind_ports[i].lo, p->bind_ports[i].hi, ctx);
		return;
	}
	if (zero && p->n_bind_ports && p->bind_ports[0].lo == 1)
		each(0, 0, ctx);
	else if (zero)
		from = 0;
	for (size_t i = 0; i < p->n_bind_ports; i++) {
		if (p->bind_ports[i].lo > from)
			each((uint16_t)from, (uint16_t)(p->bind_ports[i].lo - 1), ctx);
		from = p->bind_ports[i].hi + 1u;
	}
	if (from <= 65535)
		each((uint16_t)from, 65535, ctx);
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

struct each_rule {
	void (*each)(enum policy_proto proto, const struct in6_addr *prefix, unsigned int len, uint16_t lo, uint16_t hi,
		     void *ctx);
	void *ctx;
	const struct policy *p;
	const struct policy_rule *r;
	unsigned int protos;
};

static void each_rule_prefix(const struct canonical_net *net, const struct each_rule *w)
{
	static const struct policy_range every = { 0, 65535 };
	const struct policy_range *ranges = w->r->n_ranges ? w->p->ranges + w->r->range : &every;
	uint32_t n = w->r->n_ranges ? w->r->n_ranges : 1;

	for (unsigned int proto = 0; proto < POLICY_N_PROTO; proto++) {
		if (!(w->protos & 1u << proto))
			continue;
		for (uint32_t i = 0; i < n; i++)
			w->each((enum policy_proto)proto, &net->addr, net->len, ranges[i].lo, ranges[i].hi, w->ctx);
	}
}

/* An IPv6 prefix around ::ffff:0:0/96 does not mean IPv4, which a kernel map of one address space could not know: it
 * goes out as the prefixes that leave that one out. */
static void each_rule_net(const struct canonical_net *net, void *ctx)
{
	struct canonical_net v4 = { canonical_v4(0), net->len };

	canonical_mask(&v4);
	if (net->len >= 96 || memcmp(&v4.addr, &net->addr, sizeof(v4.addr)) != 0) {
		each_rule_prefix(net, ctx);
		return;
	}
	for (unsigned int len = net->len + 1u; len <= 96; len++) {
		struct canonical_net side = { canonical_v4(0), (uint8_t)len };

		side.addr.s6_addr[(len - 1) / 8] ^= (uint8_t)(0x80 >> (len - 1) % 8);
		canonical_mask(&side);
		each_rule_prefix(&side, ctx);
	}
}

void policy_each_rule(const struct policy *p,
		      void (*each)(enum policy_proto proto, const struct in6_addr *prefix, unsigned int len, uint16_t lo,
				   uint16_t hi, void *ctx),
		      void *ctx)
{
	static const struct canonical_net everything = { IN6ADDR_ANY_INIT, 0 };

	for (size_t i = 0; i < p->n_rules; i++) {
		struct each_rule w = { each, ctx, p, &p->rules[i], policy_rule_protos(p, &p->rules[i]) };

		if (p->rules[i].target == TARGET_ANY)
			each_rule_prefix(&everything, &w);
		else
			policy_rule_nets(p, &p->rules[i], each_rule_net, &w);
	}
}
