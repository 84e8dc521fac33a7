// SPDX-License-Identifier: Apache-2.0
/* grammar.c - the rule language: lists of specs, and every error that they can have (ports: grammar_ports.c)
 *
 * Owns:     tokens and their positions, the shape of a spec, the words of each error.
 * Must not: resolve names or give a rule its meaning (compile.c does). Pure: text in, rules out.
 * Runs in:  create, and exec when it reads the stored policy.
 *
 * A list is cut into tokens at commas, semicolons and white space, any run of them. The three are equal because users
 * cannot always choose: podman 4.3 cuts the value of --annotation at commas. So a token alone does not tell what it
 * is: "443" continues the ports of the spec before it ("host:80,443"), and is an error where there are none to
 * continue. Inside a token the order of the questions matters:
 *
 *   scheme://   before anything else, so that "http://…" is an unknown scheme and not a host named http
 *   [           an IPv6 address, with a port part perhaps
 *   two colons  an IPv6 address without a port part: "::1:80" is an address, nobody can tell
 *   one colon   what is behind it are ports
 *   the rest    any, address, set, name - in this order, so that no name can shadow an address or a set
 *
 * What looks like a number is never a name: resolvers read "10.1", "0x7f.1" and "2130706433" as addresses.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/grammar.h"

const char *const grammar_scheme_names[SCHEME_COUNT] = {
	[SCHEME_NONE] = "",
	[SCHEME_TCP] = "tcp",
	[SCHEME_UDP] = "udp",
	[SCHEME_ICMP] = "icmp",
};

int grammar_error(struct err *e, const char *key, const char *token, size_t len, size_t pos, const char *fmt, ...)
{
	char quoted[TEXT_QUOTED];
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_text(e, EINVAL, "%s: %s at character %zu: %s", key, text_quote(quoted, token, len), pos, what);
}

/* --- targets ---------------------------------------------------------------------------------------- */

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

static uint32_t grammar_intern(struct grammar *g, const char *name)
{
	struct grammar_rules *o = g->out;
	struct grammar_name *n;

	for (size_t i = 0; i < o->n_names; i++)
		if (str_eq(o->names[i].name, name))
			return (uint32_t)i;
	if (o->n_names == o->cap_names) {
		o->cap_names = o->cap_names ? o->cap_names * 2 : 8;
		o->names = xrealloc(o->names, o->cap_names, sizeof(*o->names));
	}
	n = &o->names[o->n_names];
	n->name = xstrdup(name);
	n->token = xstrndup(g->token.s, g->token.n);
	n->pos = (size_t)(g->token.s - g->text) + 1;
	return (uint32_t)o->n_names++;
}

static int grammar_host(struct grammar *g, struct piece p, struct policy_rule *r)
{
	char show[TEXT_QUOTED];
	char name[254];
	size_t n = p.n;

	if (piece_find(p, '*'))
		return bad(g, "a host name cannot have a wildcard; list the names, or \"*\" alone for any address");
	if (n > 1 && p.s[n - 1] == '.')
		n--;
	for (size_t i = 0; i < n && n < sizeof(name); i++)
		name[i] = (char)tolower((unsigned char)p.s[i]);
	if (n >= sizeof(name) || !grammar_is_hostname(name, n))
		return bad(g, "\"%s\" is no address, no set (private, loopback, link-local, metadata, multicast) and "
			      "no valid host name", piece_show(p, show));
	if (g->deny)
		return bad(g, "a host name cannot be denied, its addresses may change and then nothing is blocked; "
			      "list addresses or prefixes");
	name[n] = '\0';
	if (g->out->n_names >= POLICY_MAX_HOSTS)
		return bad(g, "more than %u host names; list prefixes instead", POLICY_MAX_HOSTS);
	r->target = TARGET_HOST;
	r->host = grammar_intern(g, name);
	return 0;
}

/* "10.0.0.0/8", "2001:db8::/32". */
static int grammar_net(struct grammar *g, struct piece p, int family, struct policy_rule *r)
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

/* Whatever stands in front of the ports and is no IPv6 address. */
static int grammar_target(struct grammar *g, struct piece p, struct policy_rule *r)
{
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
	if (piece_find(p, '/') || piece_only(p, "0123456789."))
		return grammar_net(g, p, AF_INET, r);
	return grammar_host(g, p, r);
}

/* --- specs ------------------------------------------------------------------------------------------ */

/* What is behind the colon in the token of the spec itself: one item or "*". */
static int grammar_port_part(struct grammar *g, struct piece p, struct policy_rule *r)
{
	if (r->scheme == SCHEME_ICMP)
		return bad(g, "ICMP has no ports; write it without the port part");
	if (!p.n)
		return bad(g, "the port part is empty; write ports behind the colon, or leave the colon out for every "
			      "port");
	if (piece_is(p, "*")) {
		g->open = PORTS_STAR;
		return 0;
	}
	g->open = PORTS_LIST;
	return grammar_item(g, p);
}

static int grammar_bracketed(struct grammar *g, struct piece p, struct policy_rule *r)
{
	const char *close = piece_find(p, ']');
	struct piece rest;

	if (!close)
		return bad(g, "the bracket is not closed; an IPv6 address with a port is written [2001:db8::1]:443");
	if (grammar_net(g, piece_to(piece_from(p, p.s + 1), close), AF_INET6, r) < 0)
		return -1;
	rest = piece_from(p, close + 1);
	if (!rest.n)
		return 0;
	if (rest.s[0] == '/')
		return bad(g, "the prefix length belongs inside the brackets, as in [2001:db8::/32]:443");
	if (rest.s[0] != ':')
		return bad(g, "only \":\" and ports may follow the bracket, as in [2001:db8::1]:443");
	return grammar_port_part(g, piece_from(rest, rest.s + 1), r);
}

static int grammar_scheme(struct grammar *g, struct piece *body, enum policy_scheme *out)
{
	char show[TEXT_QUOTED];

	*out = SCHEME_NONE;
	for (size_t i = 0; i + 3 <= body->n; i++) {
		struct piece name = { body->s, i };

		if (memcmp(body->s + i, "://", 3) != 0)
			continue;
		for (unsigned int s = SCHEME_TCP; s < SCHEME_COUNT; s++)
			if (piece_is_word(name, grammar_scheme_names[s]))
				*out = (enum policy_scheme)s;
		if (*out == SCHEME_NONE)
			return bad(g, "unknown scheme \"%s\"; the schemes are tcp, udp and icmp", piece_show(name, show));
		*body = piece_from(*body, body->s + i + 3);
		if (!body->n)
			return bad(g, "nothing follows the scheme; write %s://* for any address", grammar_scheme_names[*out]);
		return 0;
	}
	return 0;
}

static int grammar_spec(struct grammar *g, struct policy_rule *r)
{
	struct piece body = g->token;
	const char *colon;

	if (grammar_scheme(g, &body, &r->scheme) < 0)
		return -1;
	if (body.s[0] == '[')
		return grammar_bracketed(g, body, r);
	if (piece_only(body, "0123456789-")) {
		char show[TEXT_QUOTED];

		if (r->scheme == SCHEME_ICMP)
			return bad(g, "a number alone is no destination; write icmp:// and an address");
		piece_show(body, show);
		return bad(g, "a number alone is no destination; did you mean \"%s%s:%s\"?", grammar_scheme_names[r->scheme],
			   r->scheme == SCHEME_NONE ? "" : "://", show + 1);
	}
	colon = piece_find(body, ':');
	if (!colon)
		return grammar_target(g, body, r);
	if (piece_find(piece_from(body, colon + 1), ':'))
		return grammar_net(g, body, AF_INET6, r);
	if (grammar_target(g, piece_to(body, colon), r) < 0)
		return -1;
	return grammar_port_part(g, piece_from(body, colon + 1), r);
}

static int grammar_new_rule(struct grammar *g)
{
	struct grammar_rules *o = g->out;
	struct policy_rule *r;

	if (o->n >= POLICY_MAX_RULES)
		return bad(g, "more than %u rules; use wider prefixes", POLICY_MAX_RULES);
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 16;
		o->rules = xrealloc(o->rules, o->cap, sizeof(*o->rules));
	}
	r = &o->rules[o->n++];
	memset(r, 0, sizeof(*r));
	r->range = (uint32_t)o->n_ranges;
	g->open = PORTS_NONE;
	return grammar_spec(g, r);
}

static void grammar_end_rule(struct grammar_rules *o)
{
	struct policy_rule *r;

	if (!o->n)
		return;
	r = &o->rules[o->n - 1];
	grammar_merge_ranges(o, r->range);
	r->n_ranges = (uint32_t)(o->n_ranges - r->range);
}

bool grammar_next(struct grammar *g)
{
	static const char seps[] = ",; \t\n\r\f\v";
	const char *s = g->token.s + g->token.n;

	s += strspn(s, seps);
	g->token = (struct piece){ s, strcspn(s, seps) };
	return g->token.n > 0;
}

int grammar_parse(struct grammar_rules *o, const char *key, const char *text, bool deny, struct err *e)
{
	struct grammar g = { .out = o, .key = key, .text = text, .deny = deny, .e = e, .token = { text, 0 } };

	while (grammar_next(&g)) {
		if (g.open != PORTS_NONE && piece_is(g.token, "*"))
			return bad(&g, "\"*\" cannot join a port list; write HOST:* for every port, or put a \"*\" that "
				       "means any address first");
		if (g.open != PORTS_NONE && piece_only(g.token, "0123456789-")) {
			if (g.open == PORTS_STAR)
				return bad(&g, "\"*\" is every port already; leave either it or this port out");
			if (grammar_item(&g, g.token) < 0)
				return -1;
			continue;
		}
		grammar_end_rule(o);
		if (grammar_new_rule(&g) < 0)
			return -1;
	}
	grammar_end_rule(o);
	return 0;
}

void grammar_free(struct grammar_rules *g)
{
	for (size_t i = 0; i < g->n_names; i++) {
		free(g->names[i].name);
		free(g->names[i].token);
	}
	free(g->names);
	free(g->rules);
	free(g->ranges);
	*g = (struct grammar_rules){ 0 };
}
