// SPDX-License-Identifier: Apache-2.0
/* grammar.c - the rule language: lists of specs, and the shape of each
 *
 * Owns:     tokens and their positions, what belongs to which spec. What a spec is made of: grammar_target.c and
 *           grammar_ports.c; what people write instead: grammar_hints.c.
 * Must not: resolve names or give a rule its meaning (compile.c does). Pure: text in, rules out.
 * Runs in:  create, and exec when it reads the stored policy.
 *
 * A list is cut into tokens at commas, semicolons and white space, any run of them. The three are equal because users
 * cannot always choose: podman 4.3 cuts the value of --annotation at commas. So a token alone does not tell what it
 * is: "443" continues the ports of the spec before it ("host:80,443"), and is an error where there are none to
 * continue. One case is worse: "host :443" is two rules, of which the second opens a port to anybody, where most likely one
 * was meant. So it is an error, if white space alone is between the two. Inside a token the order of the questions matters:
 *
 *   ! ?         what kind of rule it is
 *   scheme://   before anything else, so that "http://…" is an unknown scheme and not a host named http
 *   [           an IPv6 address, with a port part perhaps
 *   two colons  an IPv6 address without a port part, if it can be nothing else
 *   one colon   what is behind it are ports
 *   the rest    any, address, set, name - in this order, so that no name can shadow an address or a set
 *
 * What looks like a number is never a name: resolvers read "10.1", "0x7f.1" and "2130706433" as addresses.
 */
#include "policy/grammar.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

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
	*out = SCHEME_NONE;
	for (size_t i = 0; i + 3 <= body->n; i++) {
		struct piece name = { body->s, i };

		if (memcmp(body->s + i, "://", 3) != 0)
			continue;
		for (unsigned int s = SCHEME_TCP; s < SCHEME_COUNT; s++)
			if (piece_is_word(name, grammar_scheme_names[s]))
				*out = (enum policy_scheme)s;
		if (*out == SCHEME_NONE)
			return grammar_unknown_scheme(g, name, piece_from(*body, body->s + i + 3));
		*body = piece_from(*body, body->s + i + 3);
		if (!body->n)
			return bad(g, "nothing follows the scheme; write %s://* for any address", grammar_scheme_names[*out]);
		return 0;
	}
	return 0;
}

/* "!" and "?". */
static int grammar_marks(struct grammar *g, struct piece *body, struct policy_rule *r)
{
	r->except = body->n && body->s[0] == '!';
	if (r->except)
		*body = piece_from(*body, body->s + 1);
	r->optional = body->n && body->s[0] == '?';
	if (r->optional)
		*body = piece_from(*body, body->s + 1);
	if (!body->n)
		return bad(g, "nothing follows the \"%c\"; it stands directly in front of a rule",
			   g->token.s[g->token.n - 1]);
	if (body->s[0] == '!' || body->s[0] == '?')
		return bad(g, "\"!\" and \"?\" stand in front of a rule once, \"!\" first");
	return 0;
}

/* What the marks say must suit what they stand before. */
static int grammar_check_marks(struct grammar *g, const struct policy_rule *r)
{
	if (r->optional && r->target != TARGET_HOST)
		return bad(
			g,
			"\"?\" is for a host name that need not resolve; an address or a set is always there, write it "
			"without");
	if (r->except && r->target == TARGET_HOST)
		return bad(g, "a host name cannot be excepted, its addresses may change and then nothing is; list "
			      "addresses or "
			      "prefixes");
	return 0;
}

static int grammar_body(struct grammar *g, struct piece body, struct policy_rule *r)
{
	const char *colon;

	if (grammar_scheme(g, &body, &r->scheme) < 0)
		return -1;
	if (r->scheme == SCHEME_NONE && grammar_hint_scheme(g, body) < 0)
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
		return grammar_hint_ipv6(g, body) < 0 ? -1 : grammar_net(g, body, AF_INET6, r);
	if (grammar_target(g, piece_to(body, colon), r) < 0)
		return -1;
	return grammar_port_part(g, piece_from(body, colon + 1), r);
}

static int grammar_spec(struct grammar *g, struct policy_rule *r)
{
	struct piece body = g->token;

	if (grammar_hint_token(g) < 0 || grammar_marks(g, &body, r) < 0 || grammar_body(g, body, r) < 0)
		return -1;
	return grammar_check_marks(g, r);
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
	r->list = g->list;
	r->range = (uint32_t)o->n_ranges;
	r->pos = (uint32_t)(g->token.s - g->text) + 1;
	r->len = (uint32_t)g->token.n;
	g->spec = g->token;
	g->open = PORTS_NONE;
	return grammar_spec(g, r);
}

/* Name servers are asked at port 53, where nothing else is written. */
static void grammar_end_rule(struct grammar *g)
{
	struct grammar_rules *o = g->out;
	struct policy_rule *r;

	if (!g->spec.s)
		return;
	r = &o->rules[o->n - 1];
	if (r->target == TARGET_SET && r->set == SET_RESOLVER && g->open == PORTS_NONE && r->scheme != SCHEME_ICMP)
		grammar_push_range(o, 53, 53);
	grammar_merge_ranges(o, r->range);
	r->n_ranges = (uint32_t)(o->n_ranges - r->range);
}

bool grammar_next(struct grammar *g)
{
	static const char blanks[] = " \t\n\r\f\v", seps[] = ",; \t\n\r\f\v";
	const char *s = g->token.s + g->token.n;
	size_t n = strspn(s, blanks);

	g->blank = n > 0 && s[n] != ',' && s[n] != ';';
	s += strspn(s, seps);
	g->token = (struct piece){ s, strcspn(s, seps) };
	return g->token.n > 0;
}

/* A token that goes on with the ports of the rule before it. 1: it did; 0: it is none. */
static int grammar_more_ports(struct grammar *g)
{
	if (g->open == PORTS_NONE)
		return 0;
	if (piece_is(g->token, "*"))
		return bad(g, "\"*\" cannot join a port list; write HOST:* for every port, or put a \"*\" that means "
			      "any address "
			      "first");
	if (!piece_only(g->token, "0123456789-"))
		return 0;
	if (g->open == PORTS_STAR)
		return bad(g, "\"*\" is every port already; leave either it or this port out");
	return grammar_item(g, g->token) < 0 ? -1 : 1;
}

int grammar_parse(struct grammar_rules *o, const char *key, const char *text, enum policy_list list, struct err *e)
{
	struct grammar g = { .out = o, .key = key, .text = text, .list = list, .e = e, .token = { text, 0 } };

	while (grammar_next(&g)) {
		int r = grammar_more_ports(&g);

		if (r < 0)
			return -1;
		if (r > 0)
			continue;
		if (grammar_hint_blank(&g) < 0)
			return -1;
		grammar_end_rule(&g);
		if (grammar_new_rule(&g) < 0)
			return -1;
	}
	grammar_end_rule(&g);
	return 0;
}

void grammar_free(struct grammar_rules *g)
{
	for (size_t i = 0; i < g->n_names; i++)
		free(g->names[i].name);
	free(g->names);
	free(g->rules);
	free(g->ranges);
	*g = (struct grammar_rules){ 0 };
}
