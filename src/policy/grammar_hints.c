// SPDX-License-Identifier: Apache-2.0
/* grammar_hints.c - what people write who mean something else, and what they mean
 *
 * Owns:     the errors that show what would be right: other programs' spellings, and what could be read in two ways.
 * Must not: accept any of it. A policy that is guessed at is none.
 * Runs in:  create, and exec when it reads the stored policy (where none of this occurs).
 */
#include "policy/grammar.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* What is in front of the colon that begins the last group, or the end of @p. */
static struct piece until(struct piece p, const char *set)
{
	size_t n = 0;

	while (n < p.n && !strchr(set, p.s[n]))
		n++;
	return (struct piece){ p.s, n };
}

/* The marks and the scheme of the token whose rest is @body. */
static struct piece in_front(const struct grammar *g, struct piece body)
{
	return piece_to(g->token, body.s);
}

int grammar_hint_token(struct grammar *g)
{
	struct piece t = g->token, inside = until(piece_from(t, t.s + 1), "]");

	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.s[i] >= 0x80)
			return bad(g, "it is not ASCII; an international name is written in its xn-- form");
	if (until(t, "\"'`{}").n < t.n)
		return bad(g, "quotes and braces are no part of a rule; the value is plain text, as in 10.0.0.0/8 "
			      "example.com:443");
	if (t.s[0] == '[' && inside.n && !piece_find(inside, ':'))
		return bad(g, "brackets are for an IPv6 address; a list is written without them");
	return 0;
}

int grammar_hint_scheme(struct grammar *g, struct piece body)
{
	const char *colon = piece_find(body, ':');
	char front[TEXT_QUOTED], show[TEXT_QUOTED];
	struct piece word, rest;

	if (!colon)
		return 0;
	word = piece_to(body, colon);
	rest = piece_from(body, colon + 1);
	if (!piece_is_word(word, "tcp") && !piece_is_word(word, "udp") && !piece_is_word(word, "icmp") &&
	    !piece_is_word(word, "tls"))
		return 0;
	while (rest.n && rest.s[0] == '/')
		rest = piece_from(rest, rest.s + 1);
	return bad(g, "a scheme ends in \"://\"; write \"%s://%s%s\"", piece_show(piece_to(g->token, colon), front),
		   piece_only(rest, "0123456789-") && rest.n ? ":" : "", rest.n ? piece_show(rest, show) : "*");
}

/* "x:8443/y?z" -> "x:8443". */
static int url(struct grammar *g, const char *port, struct piece rest)
{
	struct piece host = until(rest, "/?#");
	char show[TEXT_QUOTED];
	bool has_port;

	if (!host.n)
		return bad(g, "a rule is no URL; write HOST:%s", port);
	/* Behind the bracket of an IPv6 address. */
	has_port = piece_find(
		host.s[0] == '[' && piece_find(host, ']') ? piece_from(host, piece_find(host, ']')) : host, ':');
	return bad(g, "a rule is no URL; write \"%s%s%s\" (paths are for http-allow)", piece_show(host, show),
		   has_port ? "" : ":", has_port ? "" : port);
}

int grammar_unknown_scheme(struct grammar *g, struct piece scheme, struct piece rest)
{
	char show[TEXT_QUOTED], show_rest[TEXT_QUOTED];

	if (piece_is_word(scheme, "http") || piece_is_word(scheme, "https"))
		return url(g, piece_is_word(scheme, "https") ? "443" : "80", rest);
	if (piece_is_word(scheme, "tls"))
		return bad(g,
			   "tls:// is not implemented in this version of sandrun; write \"%s\", which goes by the "
			   "addresses of the "
			   "name",
			   rest.n ? piece_show(rest, show_rest) : "HOST:443");
	for (unsigned int s = SCHEME_TCP; s < SCHEME_COUNT; s++)
		if (keys_distance(scheme.s, scheme.n, grammar_scheme_names[s], strlen(grammar_scheme_names[s])) == 1)
			return bad(g, "unknown scheme \"%s\"; did you mean \"%s://\"?", piece_show(scheme, show),
				   grammar_scheme_names[s]);
	return bad(g, "unknown scheme \"%s\"; the schemes are tcp, udp and icmp", piece_show(scheme, show));
}

/* The rule of the token @t with @ports behind it, where that needs brackets with them. */
static const char *with_port(struct piece t, struct piece ports, char buf[3 * TEXT_QUOTED])
{
	char front[TEXT_QUOTED], show[TEXT_QUOTED], behind[TEXT_QUOTED];
	struct piece body = t;
	bool v6;

	for (size_t i = 0; i + 3 <= t.n; i++) {
		if (memcmp(t.s + i, "://", 3) != 0)
			continue;
		body = piece_from(t, t.s + i + 3);
		break;
	}
	v6 = body.n && body.s[0] != '[' && piece_find(body, ':');
	snprintf(buf, 3 * TEXT_QUOTED, "%s%s%s%s%s", body.s > t.s ? piece_show(piece_to(t, body.s), front) : "",
		 v6 ? "[" : "", piece_show(body, show), v6 ? "]" : "", piece_show(ports, behind));
	return buf;
}

int grammar_hint_blank(struct grammar *g)
{
	char one[3 * TEXT_QUOTED], before[TEXT_QUOTED], ports[TEXT_QUOTED];

	if (!g->blank || !g->spec.s || g->open != PORTS_NONE || g->token.s[0] != ':' ||
	    piece_find(piece_from(g->token, g->token.s + 1), ':'))
		return 0;
	piece_show(g->spec, before);
	if (g->out->rules[g->out->n - 1].scheme == SCHEME_ICMP)
		return bad(g,
			   "a port behind a blank may be meant for the rule before it, and ICMP has none; write "
			   "\"*%s\" for the port of "
			   "any address",
			   piece_show(g->token, ports));
	return bad(g,
		   "a port behind a blank can be read in two ways; write \"%s\" for the port of that rule, or \"%s "
		   "*%s\" for that rule and "
		   "the port of any address",
		   with_port(g->spec, g->token, one), before + 1, piece_show(g->token, ports));
}

bool grammar_reads_like_port(const char *addr, size_t n)
{
	const char *colon = memrchr(addr, ':', n);
	struct piece last;
	char before[INET6_ADDRSTRLEN] = "";
	struct in6_addr a;
	long port;

	if (!colon || (size_t)(colon - addr) >= sizeof(before))
		return false;
	last = (struct piece){ colon + 1, n - (size_t)(colon + 1 - addr) };
	port = grammar_number(last);
	memcpy(before, addr, (size_t)(colon - addr));
	return port > 0 && port <= 65535 && inet_pton(AF_INET6, before, &a) == 1;
}

int grammar_hint_ipv6(struct grammar *g, struct piece body)
{
	char front[TEXT_QUOTED], addr[TEXT_QUOTED], all[TEXT_QUOTED], port[TEXT_QUOTED];
	const char *colon = memrchr(body.s, ':', body.n), *before;

	if (!grammar_reads_like_port(body.s, body.n))
		return 0;
	before = piece_show(in_front(g, body), front);
	return bad(
		g,
		"the last group may be a port; write \"%s[%s]%s\" for that, or \"%s[%s]\" for the address as it stands",
		before, piece_show(piece_to(body, colon), addr), piece_show(piece_from(body, colon), port), before,
		piece_show(body, all));
}

int grammar_hint_slash(struct grammar *g, struct piece p, const char *slash)
{
	struct piece before = piece_to(p, slash), behind = piece_from(p, slash + 1);
	char show[TEXT_QUOTED], show2[TEXT_QUOTED];
	enum policy_set set;

	for (unsigned int s = SCHEME_TCP; s < SCHEME_COUNT; s++)
		if (before.n && piece_only(before, "0123456789-") && piece_is_word(behind, grammar_scheme_names[s]))
			return bad(g, "the protocol stands in front; write \"%s://:%s\"", grammar_scheme_names[s],
				   piece_show(before, show));
	if (piece_only(before, "0123456789."))
		return before.n ? 0 : bad(g, "a rule has no path (paths are for http-allow)");
	if (sets_find(before.s, before.n, &set))
		return bad(g, "a set has no prefix length; write \"%s\"", sets_names[set]);
	if (behind.n && piece_only(behind, "0123456789"))
		return bad(g, "\"%s\" is no address, and only an address has a prefix length",
			   piece_show(before, show));
	return bad(g,
		   "a rule has no path; write \"%s:443\", with the port that is meant (paths, as \"/%s\", are for "
		   "http-allow)",
		   piece_show(before, show), piece_show(behind, show2));
}

int grammar_hint_set(struct grammar *g, struct piece p)
{
	/* Who has a host of such a name ends it with a dot. */
	const char *near = piece_find(p, '.') ? NULL : sets_nearest(p.s, p.n);
	char show[TEXT_QUOTED];

	if (!near)
		return 0;
	return bad(g, "there is no such set; did you mean the set \"%s\"? (A host of that name is written \"%s.\")",
		   near, piece_show(p, show));
}

int grammar_wildcard(struct grammar *g, struct piece p, char out[GRAMMAR_NAME])
{
	size_t stars = p.n > 1 && p.s[1] == '*' ? 2 : 1;
	char name[254] = "", show[TEXT_QUOTED];
	struct piece base = piece_from(p, p.s + (p.n > stars ? stars + 1 : p.n));
	bool shape = p.s[0] == '*' && p.n > stars + 1 && p.s[stars] == '.' && base.n < sizeof(name);

	for (size_t i = 0; shape && i < base.n; i++)
		name[i] = (char)tolower((unsigned char)base.s[i]);
	if (shape && base.n > 1 && name[base.n - 1] == '.')
		base.n--;
	if (!shape || !grammar_is_hostname(name, base.n))
		return bad(g, "a wildcard stands in front of a name: *.example.com for one label more, **.example.com "
			      "for any number; "
			      "\"*\" alone is any address");
	name[base.n] = '\0';
	if (g->list == LIST_DENY)
		return bad(g, "a host name cannot be denied, its addresses may change and then nothing is blocked; "
			      "list addresses or "
			      "prefixes");
	if (suffix_is_public(name))
		return bad(g, "anybody can have a name below \"%s\"; write *.example.%s with the name that is meant",
			   piece_show(base, show), piece_show(base, show));
	snprintf(out, GRAMMAR_NAME, "%.*s.%s", (int)stars, "**", name);
	return 0;
}
