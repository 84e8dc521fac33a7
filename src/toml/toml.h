// SPDX-License-Identifier: Apache-2.0
/* toml.h - a TOML 1.0 text as a tree of nodes
 *
 * Owns:     syntax, and what may be defined twice (nothing). Strict: what the specification forbids is an error with its line.
 * Must not: read files; know what the values mean.
 *
 * Of dates and times only the form is known. Numbers come as text; integers within 64 bits also as a number.
 */
#ifndef TOML_TOML_H
#define TOML_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum toml_type { TOML_STRING, TOML_INTEGER, TOML_FLOAT, TOML_BOOL, TOML_DATE, TOML_ARRAY, TOML_TABLE };

struct toml_node {
	enum toml_type type;
	const char *key;  /* in a table; UTF-8 without NUL */
	unsigned int line; /* where it begins, from 1 on */
	const char *text; /* STRING: its value (UTF-8 without NUL); INTEGER, FLOAT, DATE: as written */
	int64_t number;	  /* INTEGER */
	bool truth;	  /* BOOL */
	struct toml_node *first; /* ARRAY, TABLE: members in the order of the text */
	struct toml_node *last;
	struct toml_node *next;
	size_t len; /* how many */
	/* How a table came about, which decides what may still be added to it. */
	enum { TOML_IMPLIED, TOML_DEFINED, TOML_DOTTED, TOML_INLINE, TOML_TABLES } how;
};

struct toml;

#define TOML_TEXT_MAX (1024 * 1024)
#define TOML_DEPTH_MAX 64
#define TOML_NODES_MAX 50000
#define TOML_MEMBERS_MAX 4096 /* of one table: its keys are compared with each new one */

/* The tree, or NULL with @e: "line 3: …". */
struct toml *toml_parse(const char *text, size_t len, struct err *e);
const struct toml_node *toml_root(const struct toml *t);
void toml_free(struct toml *t); /* NULL is fine */

/* The member @key of the table @n; NULL: none, or @n is no table (NULL, too). */
const struct toml_node *toml_get(const struct toml_node *n, const char *key);
/* The value at "a", "b", "c"; NULL. */
#define toml_at(n, ...) toml_at_keys(n, (const char *const[]){__VA_ARGS__, NULL})
const struct toml_node *toml_at_keys(const struct toml_node *n, const char *const *keys); /* ended by NULL */
/* The string @key of the table @n; NULL if it is not there or no string. */
const char *toml_string(const struct toml_node *n, const char *key);

/* @s as TOML writes it: in quotes, escaped. Heap. */
char *toml_quote(const char *s);

extern const char *const toml_type_names[]; /* "a string", "a table" */

#endif
