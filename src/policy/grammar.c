// SPDX-License-Identifier: Apache-2.0
/* grammar.c - the rule language: lists of specs, lists of ports, and every error that they can have
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
#include "policy/internal.h"

const char *const grammar_scheme_names[SCHEME_COUNT] = {
	[SCHEME_NONE] = "",
	[SCHEME_TCP] = "tcp",
	[SCHEME_UDP] = "udp",
	[SCHEME_ICMP] = "icmp",
};

const char *const grammar_set_names[SET_COUNT] = {
	[SET_PRIVATE] = "private",
	[SET_LOOPBACK] = "loopback",
	[SET_LINK_LOCAL] = "link-local",
	[SET_METADATA] = "metadata",
	[SET_MULTICAST] = "multicast",
};

#define NET4(a, b, c, d, l) \
	{ { .s6_addr = { [10] = 0xff, 0xff, (a), (b), (c), (d) } }, 96 + (l) }
#define NET6(hi, l) \
	{ { .s6_addr = { (hi) >> 8, (hi) & 0xff } }, (l) }

static const struct canonical_net grammar_private[] = {
	NET4(127, 0, 0, 0, 8),	  NET4(10, 0, 0, 0, 8),	   NET4(172, 16, 0, 0, 12),
	NET4(192, 168, 0, 0, 16), NET4(169, 254, 0, 0, 16), { IN6ADDR_LOOPBACK_INIT, 128 },
	NET6(0xfc00, 7),	  NET6(0xfe80, 10),
};
static const struct canonical_net grammar_loopback[] = { NET4(127, 0, 0, 0, 8), { IN6ADDR_LOOPBACK_INIT, 128 } };
static const struct canonical_net grammar_link_local[] = { NET4(169, 254, 0, 0, 16), NET6(0xfe80, 10) };
static const struct canonical_net grammar_metadata[] = {
	NET4(169, 254, 169, 254, 32), /* AWS, Azure, Google and most others */
	{ { .s6_addr = { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 } }, 128 }, /* AWS */
	NET4(100, 100, 100, 200, 32), /* Alibaba */
};
static const struct canonical_net grammar_multicast[] = { NET4(224, 0, 0, 0, 4), NET6(0xff00, 8) };

static const struct {
	const struct canonical_net *v;
	size_t n;
} grammar_sets[SET_COUNT] = {
	[SET_PRIVATE] = { grammar_private, ARRAY_SIZE(grammar_private) },
	[SET_LOOPBACK] = { grammar_loopback, ARRAY_SIZE(grammar_loopback) },
	[SET_LINK_LOCAL] = { grammar_link_local, ARRAY_SIZE(grammar_link_local) },
	[SET_METADATA] = { grammar_metadata, ARRAY_SIZE(grammar_metadata) },
	[SET_MULTICAST] = { grammar_multicast, ARRAY_SIZE(grammar_multicast) },
};

const struct canonical_net *grammar_set_nets(enum policy_set set, size_t *n)
{
	*n = grammar_sets[set].n;
	return grammar_sets[set].v;
}

/* A piece of the list. All pieces of one token share its whole and position, which errors name. */
struct piece {
	const char *s;
	size_t n;
};

/* What the parser of one list knows. */
struct grammar {
	struct grammar_rules *out;
	const char *key;
	const char *text;
	bool deny;
	struct err *e;
	struct piece token; /* the current one */
	/* The spec before it: may a port list go on? */
	enum { PORTS_NONE, PORTS_LIST, PORTS_STAR } open;
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

#define bad(g, ...) \
	grammar_error((g)->e, (g)->key, (g)->token.s, (g)->token.n, (size_t)((g)->token.s - (g)->text) + 1, __VA_ARGS__)

static bool piece_is(struct piece p, const char *s)
{
	return p.n == strlen(s) && memcmp(p.s, s, p.n) == 0;
}

static bool piece_is_word(struct piece p, const char *s)
{
	return p.n == strlen(s) && strncasecmp(p.s, s, p.n) == 0;
}

static bool piece_only(struct piece p, const char *set)
{
	size_t i = 0;

	while (i < p.n && strchr(set, p.s[i]))
		i++;
	return i == p.n;
}

static const char *piece_find(struct piece p, char c)
{
	return memchr(p.s, c, p.n);
}

static struct piece piece_from(struct piece p, const char *at)
{
	return (struct piece){ at, p.n - (size_t)(at - p.s) };
}

static struct piece piece_to(struct piece p, const char *at)
{
	return (struct piece){ p.s, (size_t)(at - p.s) };
}

/* For messages: the piece as it may be printed, without quotes, short. */
static const char *piece_show(struct piece p, char buf[TEXT_QUOTED])
{
	text_quote(buf, p.s, p.n < 40 ? p.n : 40);
	buf[strlen(buf) - 1] = '\0';
	return buf + 1;
}

/* --- numbers and ports ------------------------------------------------------------------------------ */

/* At most 5 digits are a number worth naming; everything longer is too large. No leading zero: "080" is 80 to some
 * and octal to others. -1: no number; -2: too large. */
static long grammar_number(struct piece p)
{
	long v = 0;

	if (!p.n || !piece_only(p, "0123456789") || (p.n > 1 && p.s[0] == '0' && !piece_only(p, "0")))
		return -1;
	if (p.n > 5)
		return piece_only(p, "0") ? 0 : -2;
	for (size_t i = 0; i < p.n; i++)
		v = v * 10 + (p.s[i] - '0');
	return v;
}

static int grammar_port(struct grammar *g, struct piece p, uint16_t *out)
{
	char show[TEXT_QUOTED];
	long v = grammar_number(p);

	if (v == -1)
		return bad(g, "\"%s\" is no port; a port is a number from 1 to 65535, without leading zeros",
			   piece_show(p, show));
	if (v == 0)
		return bad(g, "port 0 is no destination; ports are 1 to 65535");
	if (v == -2 || v > 65535)
		return bad(g, "port %s is too large; ports are 1 to 65535", piece_show(p, show));
	*out = (uint16_t)v;
	return 0;
}

static void grammar_push_range(struct grammar_rules *o, uint16_t lo, uint16_t hi)
{
	if (o->n_ranges == o->cap_ranges) {
		o->cap_ranges = o->cap_ranges ? o->cap_ranges * 2 : 64;
		o->ranges = xrealloc(o->ranges, o->cap_ranges, sizeof(*o->ranges));
	}
	o->ranges[o->n_ranges++] = (struct policy_range){ lo, hi };
}

/* "80" or "8000-9000" to the pool. */
static int grammar_item(struct grammar *g, struct piece p)
{
	const char *dash = piece_find(p, '-');
	uint16_t lo, hi;

	if (grammar_port(g, dash ? piece_to(p, dash) : p, &lo) < 0)
		return -1;
	hi = lo;
	if (dash && grammar_port(g, piece_from(p, dash + 1), &hi) < 0)
		return -1;
	if (lo > hi)
		return bad(g, "the port range begins behind its end; write %u-%u", hi, lo);
	if (g->out->n_ranges >= POLICY_MAX_ENTRIES)
		return bad(g, "more than %u port ranges in one list; use wider ranges", POLICY_MAX_ENTRIES);
	grammar_push_range(g->out, lo, hi);
	return 0;
}

static int grammar_by_lo(const void *pa, const void *pb)
{
	const struct policy_range *a = pa, *b = pb;

	return a->lo != b->lo ? (a->lo < b->lo ? -1 : 1) : (a->hi > b->hi) - (a->hi < b->hi);
}

/* Sorts and merges the pool from @first on; touching ranges become one. */
static void grammar_merge_ranges(struct grammar_rules *o, size_t first)
{
	size_t n = first;

	if (o->n_ranges - first < 2)
		return;
	qsort(o->ranges + first, o->n_ranges - first, sizeof(*o->ranges), grammar_by_lo);
	for (size_t i = first + 1; i < o->n_ranges; i++) {
		if (o->ranges[i].lo > o->ranges[n].hi + 1)
			o->ranges[++n] = o->ranges[i];
		else if (o->ranges[i].hi > o->ranges[n].hi)
			o->ranges[n].hi = o->ranges[i].hi;
	}
	o->n_ranges = n + 1;
}

/* --- targets ---------------------------------------------------------------------------------------- */

static bool grammar_is_set(struct piece p, enum policy_set *set)
{
	for (unsigned int i = 0; i < SET_COUNT; i++) {
		if (!piece_is_word(p, grammar_set_names[i]))
			continue;
		*set = (enum policy_set)i;
		return true;
	}
	return false;
}

bool grammar_is_hostname(const char *s, size_t n)
{
	size_t label = 0, last = 0;
	enum policy_set set;
	bool hex;

	if (n == 0 || n > 253)
		return false;
	/* "80-90." and "private." lose their dot, and would be read back as something else. */
	if (piece_only((struct piece){ s, n }, "0123456789-") || grammar_is_set((struct piece){ s, n }, &set))
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
	if (grammar_is_set(p, &r->set)) {
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

static bool grammar_next(struct grammar *g)
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

int grammar_parse_ports(struct grammar_rules *o, const char *key, const char *text, bool star, struct err *e)
{
	struct grammar g = { .out = o, .key = key, .text = text, .e = e, .token = { text, 0 } };
	size_t first = o->n_ranges;
	bool all = false;

	while (grammar_next(&g)) {
		if (all || (piece_is(g.token, "*") && o->n_ranges > first))
			return bad(&g, "\"*\" is every port already; it stands alone");
		if (piece_is(g.token, "*")) {
			if (!star)
				return bad(&g, "\"*\" cannot be denied here; write 1-65535 for every port");
			grammar_push_range(o, 0, 65535);
			all = true;
			continue;
		}
		if (g.token.s[0] == ':')
			return bad(&g, "bind lists are ports alone; write them without the colon");
		if (grammar_item(&g, g.token) < 0)
			return -1;
	}
	grammar_merge_ranges(o, first);
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
