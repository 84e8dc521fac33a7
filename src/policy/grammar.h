// SPDX-License-Identifier: Apache-2.0
/* grammar.h - what the two parsers of lists share: grammar.c (specs) and grammar_ports.c (ports)
 *
 * Owns:     how far the parser of one list is, and with that where an error is.
 * Must not: be included by anybody else; internal.h has what the room may call.
 */
#ifndef POLICY_GRAMMAR_H
#define POLICY_GRAMMAR_H

#include "policy/internal.h"
#include "policy/piece.h"

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

/* "return bad(…)": -1, and the error about the current token. */
#define bad(g, ...) \
	((void)grammar_error((g)->e, (g)->key, (g)->token.s, (g)->token.n, \
			     (size_t)((g)->token.s - (g)->text) + 1, __VA_ARGS__), -1)

/* --- grammar.c -------------------------------------------------------------------------------------- */

/* Moves on to the next token of the list. False at its end. */
bool grammar_next(struct grammar *g);

/* --- grammar_ports.c -------------------------------------------------------------------------------- */

/* At most 5 digits are a number worth naming; everything longer is too large. No leading zero: "080" is 80 to some
 * and octal to others. -1: no number; -2: too large. */
long grammar_number(struct piece p);
/* "80" or "8000-9000" to the pool. */
int grammar_item(struct grammar *g, struct piece p);
/* Sorts and merges the pool from @first on; touching ranges become one. */
void grammar_merge_ranges(struct grammar_rules *o, size_t first);

#endif
