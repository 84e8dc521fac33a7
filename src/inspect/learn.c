// SPDX-License-Identifier: Apache-2.0
/* learn.c - the smallest policy under which nothing of a record would have been refused
 *
 * Runs in:  sandrun policy learn.
 *
 * One destination is (protocol, host, port), a host being a name where the record has one. Those of one host and protocol are one rule;
 * then neighbours with the same ports are one prefix, where there are many.
 *
 * A UDP socket that is connected sends nothing yet: C libraries connect one to each address of a name to learn which of their own
 * addresses they would use. Such a connect says nothing where the same program then goes to the same place by TCP.
 */
#include "inspect/learn.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "inspect/dest.h"

struct seen {
	enum policy_proto proto;
	char *name; /* NULL: the address */
	struct in6_addr addr;
	unsigned int bits; /* of the prefix: 128, or what the collapse made of it */
	uint16_t port;	   /* of one */
	char *ports;	   /* "80,443" of all of the host; "" for ICMP */
	bool phantom;
};

struct learning {
	struct seen *v;
	size_t n;
	uint16_t *binds;
	size_t n_binds;
	struct learn *out;
};

/* --- reading the record ----------------------------------------------------------------------------------------------- */

static void add_bind(struct learning *l, const char *destination)
{
	const char *port = strrchr(destination, ' ');
	uint64_t v;

	if (!port || str_to_u64(port + 1, 10, 65535, &v) < 0)
		return;
	l->binds = xrealloc(l->binds, l->n_binds + 1, sizeof(*l->binds));
	l->binds[l->n_binds++] = (uint16_t)v;
}

static void add_impossible(struct learning *l, const struct refusal *r)
{
	if (!l->out->n_impossible++)
		l->out->impossible = xasprintf("%s%s%s: %s", r->call, *r->destination ? " " : "", r->destination, r->rule);
}

static void add_destination(struct learning *l, const struct refusal *r)
{
	struct dest d;

	if (dest_parse(r->destination, &d, NULL) < 0 || d.bind || !d.n) {
		add_impossible(l, r);
		dest_free(&d);
		return;
	}
	l->v = xrealloc(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = (struct seen){ .proto = d.proto, .name = *r->name ? xstrdup(r->name) : NULL, .addr = d.addrs[0], .bits = 128,
				      .port = d.port, .phantom = d.proto == POLICY_UDP && str_eq(r->call, "connect") };
	dest_free(&d);
}

/* Refused for what it is, not for where it goes. */
static bool is_about_rules(const struct refusal *r)
{
	return str_starts(r->rule, "default") || strstr(r->rule, "(io.sandlock.");
}

static void read_record(struct learning *l, const struct refusals *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct refusal *one = &r->v[i].last;

		if (str_eq(one->call, "bind") || str_eq(one->call, "listen"))
			add_bind(l, one->destination);
		else if (strstr(one->destination, "ICMP"))
			l->out->icmp_sockets = true;
		else if (is_about_rules(one) && strstr(one->destination, "://"))
			add_destination(l, one);
		else
			add_impossible(l, one);
	}
}

/* --- one rule a host -------------------------------------------------------------------------------------------------- */

static int compare_hosts(const struct seen *a, const struct seen *b)
{
	if (a->proto != b->proto)
		return a->proto < b->proto ? -1 : 1;
	if (!a->name != !b->name)
		return a->name ? -1 : 1;
	return a->name ? strcmp(a->name, b->name) : memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static int by_host_and_port(const void *pa, const void *pb)
{
	const struct seen *a = pa, *b = pb;
	int d = compare_hosts(a, b);

	return d ? d : (int)a->port - (int)b->port;
}

static bool has_tcp(const struct learning *l, const struct seen *udp)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].proto == POLICY_TCP && l->v[i].port == udp->port && memcmp(&l->v[i].addr, &udp->addr, sizeof(udp->addr)) == 0)
			return true;
	return false;
}

static void free_seen(struct seen *s)
{
	free(s->name);
	free(s->ports);
}

static void drop_phantoms(struct learning *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++)
		l->v[i].phantom = l->v[i].phantom && (!l->v[i].port || has_tcp(l, &l->v[i]));
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].phantom)
			free_seen(&l->v[i]);
		else
			l->v[kept++] = l->v[i];
	}
	l->n = kept;
}

static void merge_ports(struct learning *l)
{
	size_t kept = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_host_and_port);
	for (size_t i = 0; i < l->n; i++) {
		struct seen *s = kept ? &l->v[kept - 1] : NULL;

		if (s && compare_hosts(s, &l->v[i]) == 0) {
			if (s->port != l->v[i].port) {
				char *longer = xasprintf("%s,%u", s->ports, l->v[i].port);

				free(s->ports);
				s->ports = longer;
			}
			s->port = l->v[i].port;
			free_seen(&l->v[i]);
			continue;
		}
		l->v[kept] = l->v[i];
		l->v[kept].ports = l->v[i].proto == POLICY_ICMP ? xstrdup("") : xasprintf("%u", l->v[i].port);
		kept++;
	}
	l->n = kept;
}

/* --- prefixes --------------------------------------------------------------------------------------------------------- */

/* Never one of many: what stands there is worth a look. */
static bool is_single(const struct in6_addr *a, bool *metadata)
{
	static const char *const services[] = { "::ffff:169.254.169.254", "fd00:ec2::254", "::ffff:100.100.100.200" };
	struct in6_addr one;

	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		if (inet_pton(AF_INET6, services[i], &one) == 1 && memcmp(a, &one, sizeof(one)) == 0)
			return *metadata = true;
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* /24 of IPv4, /64 of IPv6. */
static size_t prefix_bytes(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) ? 15 : 8;
}

static bool are_neighbours(const struct seen *a, const struct seen *b)
{
	bool metadata;

	return !a->name && !b->name && a->proto == b->proto && str_eq(a->ports, b->ports) &&
	       IN6_IS_ADDR_V4MAPPED(&a->addr) == IN6_IS_ADDR_V4MAPPED(&b->addr) &&
	       memcmp(&a->addr, &b->addr, prefix_bytes(&a->addr)) == 0 && !is_single(&a->addr, &metadata) &&
	       !is_single(&b->addr, &metadata);
}

/* Neighbours stand together only if their ports are alike, so all later ones are looked at. */
static void collapse(struct learning *l, unsigned int from)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		size_t n = 1, size = prefix_bytes(&l->v[i].addr);

		if (l->v[i].bits == 0)
			continue;
		for (size_t k = i + 1; k < l->n; k++)
			n += l->v[k].bits && are_neighbours(&l->v[i], &l->v[k]);
		if (!from || n < from || n < 2)
			continue;
		for (size_t k = i + 1; k < l->n; k++)
			if (l->v[k].bits && are_neighbours(&l->v[i], &l->v[k]))
				l->v[k].bits = 0; /* in the prefix */
		memset(l->v[i].addr.s6_addr + size, 0, 16 - size);
		l->v[i].bits = (unsigned int)size * 8;
	}
	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].bits)
			l->v[kept++] = l->v[i];
		else
			free_seen(&l->v[i]);
	}
	l->n = kept;
}

/* --- writing ---------------------------------------------------------------------------------------------------------- */

static void append(char **text, const char *word)
{
	char *longer = xasprintf("%s%s%s", *text, **text ? " " : "", word);

	free(*text);
	*text = longer;
}

static void append_rule(struct learning *l, const struct seen *s)
{
	static const char *const schemes[] = { [POLICY_TCP] = "", [POLICY_UDP] = "udp://", [POLICY_ICMP] = "icmp://" };
	bool v4 = IN6_IS_ADDR_V4MAPPED(&s->addr), bracket = !s->name && !v4 && *s->ports;
	char addr[INET6_ADDRSTRLEN] = "", len[8] = "";
	autofree char *rule = NULL;

	if (v4)
		inet_ntop(AF_INET, &s->addr.s6_addr[12], addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, &s->addr, addr, sizeof(addr));
	if (s->bits != 128)
		snprintf(len, sizeof(len), "/%u", v4 ? s->bits - 96 : s->bits);
	rule = xasprintf("%s%s%s%s%s%s%s", schemes[s->proto], bracket ? "[" : "", s->name ? s->name : addr, s->name ? "" : len,
			 bracket ? "]" : "", *s->ports ? ":" : "", s->ports);
	append(&l->out->allow, rule);
	l->out->n_rules++;
	if (!s->name)
		(void)is_single(&s->addr, &l->out->metadata);
}

static int by_number(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static void append_binds(struct learning *l)
{
	if (l->n_binds)
		qsort(l->binds, l->n_binds, sizeof(*l->binds), by_number);
	for (size_t i = 0; i < l->n_binds; i++) {
		char port[8];

		/* A port of the kernel's choice may be any. */
		if (l->binds[i] == 0) {
			free(l->out->bind);
			l->out->bind = xstrdup("*");
			return;
		}
		snprintf(port, sizeof(port), "%u", l->binds[i]);
		if (!i || l->binds[i] != l->binds[i - 1])
			append(&l->out->bind, port);
	}
}

void learn_rules(const struct refusals *r, unsigned int from, struct learn *out)
{
	struct learning l = { .out = out };

	*out = (struct learn){ .allow = xstrdup(""), .bind = xstrdup("") };
	read_record(&l, r);
	drop_phantoms(&l);
	merge_ports(&l);
	collapse(&l, from);
	for (size_t i = 0; i < l.n; i++) {
		append_rule(&l, &l.v[i]);
		free_seen(&l.v[i]);
	}
	append_binds(&l);
	free(l.v);
	free(l.binds);
}

void learn_free(struct learn *l)
{
	free(l->allow);
	free(l->bind);
	free(l->impossible);
	*l = (struct learn){ 0 };
}
