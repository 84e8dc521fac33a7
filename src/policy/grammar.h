// SPDX-License-Identifier: Apache-2.0
/* grammar.h - what the parsers of lists share: grammar.c (specs), grammar_target.c, grammar_hints.c, grammar_ports.c
 *
 * Owns:     how far the parser of one list is, and with that where an error is.
 * Must not: be included by anybody else; internal.h has what the room may call.
 */
#ifndef POLICY_GRAMMAR_H
#define POLICY_GRAMMAR_H

#include "policy/internal.h"
#include "policy/piece.h"

#define GRAMMAR_NAME 257 /* "**." and a name of 253 characters */

/* What the parser of one list knows. */
struct grammar {
	struct grammar_rules *out;
	const char *key;
	const char *text;
	enum policy_list list;
	struct err *e;
	struct piece token; /* the current one */
	bool blank;	    /* nothing but white space is before it */
	struct piece spec;  /* the token with which the last rule began */
	/* That rule: may a port list go on? */
	enum { PORTS_NONE, PORTS_LIST, PORTS_STAR } open;
};

/* "return bad(…)": -1, and the error about the current token. */
#define bad(g, ...) \
	((void)grammar_error((g)->e, (g)->key, (g)->token.s, (g)->token.n, \
			     (size_t)((g)->token.s - (g)->text) + 1, __VA_ARGS__), -1)

#define GRAMMAR_SETS "private, loopback, link-local, metadata, multicast, resolver"

/* --- grammar.c -------------------------------------------------------------------------------------- */

/* Moves on to the next token of the list. False at its end. */
bool grammar_next(struct grammar *g);

/* --- grammar_target.c ------------------------------------------------------------------------------- */

/* "10.0.0.0/8", "2001:db8::/32". */
int grammar_net(struct grammar *g, struct piece p, int family, struct policy_rule *r);
/* Whatever stands in front of the ports and is no IPv6 address. */
int grammar_target(struct grammar *g, struct piece p, struct policy_rule *r);

/* --- grammar_hints.c: 0, or -1 with the error ---------------------------------------------------------- */

/* Of the whole token: quotes and brackets of JSON, what is not ASCII. */
int grammar_hint_token(struct grammar *g);
/* Of a rule without its scheme: "udp:10.0.0.1:53". */
int grammar_hint_scheme(struct grammar *g, struct piece body);
/* "https://x/y", and any other scheme that is none. */
int grammar_unknown_scheme(struct grammar *g, struct piece scheme, struct piece rest);
/* "10.0.0.1 :443". */
int grammar_hint_blank(struct grammar *g);
/* "2001:db8::1:443". */
int grammar_hint_ipv6(struct grammar *g, struct piece body);
/* What has a slash and is no prefix: "api.example.com/v1", "53/udp". */
int grammar_hint_slash(struct grammar *g, struct piece p, const char *slash);
/* "privat". */
int grammar_hint_set(struct grammar *g, struct piece p);
/* "*.example.com", "**.Example.com.": into @name in its canonical form, with the stars. */
int grammar_wildcard(struct grammar *g, struct piece p, char name[GRAMMAR_NAME]);

/* --- grammar_ports.c -------------------------------------------------------------------------------- */

/* At most 5 digits are a number worth naming; everything longer is too large. No leading zero: "080" is 80 to some
 * and octal to others. -1: no number; -2: too large. */
long grammar_number(struct piece p);
/* "80" or "8000-9000" to the pool. */
int grammar_item(struct grammar *g, struct piece p);
void grammar_push_range(struct grammar_rules *o, uint16_t lo, uint16_t hi);
/* Sorts and merges the pool from @first on; touching ranges become one. */
void grammar_merge_ranges(struct grammar_rules *o, size_t first);

#endif
