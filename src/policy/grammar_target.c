// SPDX-License-Identifier: Apache-2.0
/* grammar_target.c - what stands in front of the ports: any, an address, a set, a host name
 *
 * Owns:     the shape of each, and the words of their errors.
 * Must not: resolve names or give a set its prefixes.
 * Runs in:  create, and exec when it reads the stored policy.
 */
#include "policy/grammar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "base/str.h"

bool grammar_is_hostname(const char *s, size_t n)
{
	size_t label = 0, last = 0;
	enum policy_set set;
	bool hex;

	if (n == 0 || n > 253)
		return false;
	/* "80-90." and "private." lose their dot, and would be read back as something else. */
	if (piece_only((struct piece){ s, n }, "0123456789-") || sets_find(s, n, &set))
		return false;
	for (size_t i = 0; i <= n; i++) {
		if (i == n || s[i] == '.') {
			if (i == label || i - label > 63 || s[label] == '-' || s[i - 1] == '-')
				return false;
			last = label;
			label = i + 1;
		} else if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= '0' && s[i] <= '9') && s[i] != '-' &&
			   s[i] != '_') {
			return false;
		}
	}
	/* A last label that is a number, decimal or hexadecimal, makes the whole an address to inet_aton(3). */
	hex = n - last >= 2 && s[last] == '0' && s[last + 1] == 'x';
	for (size_t i = last + (hex ? 2 : 0); i < n; i++)
		if (hex ? !isxdigit((unsigned char)s[i]) : !isdigit((unsigned char)s[i]))
			return true;
	return false;
}

static uint32_t grammar_intern(struct grammar *g, const char *name, bool optional)
{
	struct grammar_rules *o = g->out;
	struct grammar_name *n;

	for (size_t i = 0; i < o->n_names; i++) {
		if (!str_eq(o->names[i].name, name))
			continue;
		/* Named once without "?", it must resolve. */
		o->names[i].optional = o->names[i].optional && optional;
		return (uint32_t)i;
	}
	if (o->n_names == o->cap_names) {
		o->cap_names = o->cap_names ? o->cap_names * 2 : 8;
		o->names = xrealloc(o->names, o->cap_names, sizeof(*o->names));
	}
	n = &o->names[o->n_names];
	n->name = xstrdup(name);
	n->optional = optional;
	n->pos = (uint32_t)(g->token.s - g->text) + 1;
	n->len = (uint32_t)g->token.n;
	return (uint32_t)o->n_names++;
}

static int take_name(struct grammar *g, const char *name, struct policy_rule *r)
{
	if (g->out->n_names >= POLICY_MAX_HOSTS)
		return bad(g, "more than %u host names; list prefixes instead", POLICY_MAX_HOSTS);
	r->target = TARGET_HOST;
	r->host = grammar_intern(g, name, r->optional);
	return 0;
}

static int grammar_host(struct grammar *g, struct piece p, struct policy_rule *r)
{
	char show[TEXT_QUOTED];
	char name[GRAMMAR_NAME];
	size_t n = p.n;

	if (piece_find(p, '*'))
		return grammar_wildcard(g, p, name) < 0 ? -1 : take_name(g, name, r);
	if (n > 1 && p.s[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n && n < sizeof(name); i++)
		name[i] = (char)tolower((unsigned char)p.s[i]);
	if (n > 253 || !grammar_is_hostname(name, n))
		return bad(g, "\"%s\" is no address, no set (" GRAMMAR_SETS ") and no valid host name",
			   piece_show(p, show));
	if (grammar_hint_set(g, p) < 0)
		return -1;
	if (g->list == LIST_DENY)
		return bad(g, "a host name cannot be denied, its addresses may change and then nothing is blocked; "
			      "list addresses or prefixes");
	name[n] = '\0';
	return take_name(g, name, r);
}

int grammar_net(struct grammar *g, struct piece p, int family, struct policy_rule *r)
{
	const char *slash = piece_find(p, '/');
	struct piece a = slash ? piece_to(p, slash) : p;
	long max = family == AF_INET ? 32 : 128;
	const char *ip = family == AF_INET ? "IPv4" : "IPv6";
	char show[TEXT_QUOTED], addr[INET6_ADDRSTRLEN] = "";
	struct in6_addr v6 = { 0 };
	struct in_addr v4;
	long len = max;

	if (a.n < sizeof(addr))
		memcpy(addr, a.s, a.n);
	if (piece_find(a, '%'))
		return bad(g, "a zone (\"%%eth0\") cannot be part of a rule; write the address without it");
	if (family == AF_INET ? inet_pton(AF_INET, addr, &v4) != 1 : inet_pton(AF_INET6, addr, &v6) != 1)
		return bad(g, "\"%s\" is no %s address; %s", piece_show(a, show), ip,
			   family == AF_INET ? "write four numbers from 0 to 255, as in 10.0.0.1"
					     : "with a port it is written [2001:db8::1]:443");
	if (slash) {
		struct piece l = piece_from(p, slash + 1);

		if (piece_find(l, ':'))
			return bad(g, "a prefix with a port needs brackets, as in [2001:db8::/32]:443");
		len = grammar_number(l);
		if (len == -1)
			return bad(g, "\"%s\" is no prefix length; %s has 0 to %ld", piece_show(l, show), ip, max);
		if (len == -2 || len > max)
			return bad(g, "prefix length %s is too long; %s has 0 to %ld", piece_show(l, show), ip, max);
	}
	r->target = TARGET_NET;
	r->net.addr = family == AF_INET ? canonical_v4(ntohl(v4.s_addr)) : v6;
	r->net.len = (uint8_t)(family == AF_INET ? len + 96 : len);
	/* As a destination these two are loopback, so they are as a rule. */
	if (r->net.len == 128) {
		struct canonical_forms f;

		canonical_forms(&r->net.addr, &f);
		r->net.addr = f.v[0];
	}
	canonical_mask(&r->net);
	return 0;
}

int grammar_target(struct grammar *g, struct piece p, struct policy_rule *r)
{
	const char *slash = piece_find(p, '/');

	if (!p.n || piece_is(p, "*")) {
		r->target = TARGET_ANY;
		return 0;
	}
	if (piece_find(p, '[') || piece_find(p, ']'))
		return bad(g, "a bracket is out of place; an IPv6 address with a port is written [2001:db8::1]:443");
	if (sets_find(p.s, p.n, &r->set)) {
		r->target = TARGET_SET;
		return 0;
	}
	if (slash && grammar_hint_slash(g, p, slash) < 0)
		return -1;
	if (slash || piece_only(p, "0123456789."))
		return grammar_net(g, p, AF_INET, r);
	return grammar_host(g, p, r);
}
