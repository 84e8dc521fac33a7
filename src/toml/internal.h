// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the two halves of the TOML reader share: the text and where one is in it (toml.c), its values (value.c)
 *
 * Must not: be included outside src/toml.
 */
#ifndef TOML_INTERNAL_H
#define TOML_INTERNAL_H

#include "toml/toml.h"

struct toml_parser {
	const char *at, *end;
	unsigned int line;
	unsigned int depth;
	unsigned int nodes;
	char *room; /* for a string in the making, as large as the text */
	struct toml *tree;
	struct err *e;
};

/* -1 with "line N: …". */
int toml_fail(struct toml_parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#ifdef __clang_analyzer__
#define toml_fail(...) ((void)(toml_fail)(__VA_ARGS__), -1)
#endif
/* NULL with @p->e: too many. */
struct toml_node *toml_new(struct toml_parser *p, enum toml_type type);
/* Memory that goes with the tree. Never NULL. */
char *toml_keep(struct toml_parser *p, const char *s, size_t n);
void toml_append(struct toml_node *parent, struct toml_node *member);

static inline bool toml_more(const struct toml_parser *p)
{
	return p->at < p->end;
}
static inline bool toml_is(const struct toml_parser *p, char c)
{
	return p->at < p->end && *p->at == c;
}
/* Blanks and tabs; with toml_skip_lines() also line breaks and comments. */
void toml_skip_blanks(struct toml_parser *p);
int toml_skip_lines(struct toml_parser *p);

/* One part of a key: bare or quoted. NULL with the error. */
const char *toml_key_part(struct toml_parser *p);
/* A dotted key below @table: the table that it ends in and its last part. *@table is moved. NULL with the error. */
const char *toml_key_path(struct toml_parser *p, struct toml_node **table);
/* "key = value" into @table. */
int toml_pair(struct toml_parser *p, struct toml_node *table);

/* --- value.c --- */
/* The value at the parser's place; NULL with the error. */
struct toml_node *toml_value(struct toml_parser *p);
/* A basic or literal string on one line, as keys have it. NULL with the error. */
const char *toml_plain_string(struct toml_parser *p);

#endif
