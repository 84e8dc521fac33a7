// SPDX-License-Identifier: Apache-2.0
/* toml.c - a TOML text as a tree: lines, keys and tables
 *
 * Runs in:  the commands that read a policy file or an engine's configuration.
 */
#include "toml/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "oci/utf8.h"

struct toml_chunk {
	struct toml_chunk *next;
	_Alignas(16) char bytes[];
};

struct toml {
	struct toml_node *root;
	struct toml_chunk *chunks;
};

const char *const toml_type_names[] = {
	[TOML_STRING] = "a string", [TOML_INTEGER] = "an integer", [TOML_FLOAT] = "a float", [TOML_BOOL] = "true or false",
	[TOML_DATE] = "a date",	    [TOML_ARRAY] = "an array",	   [TOML_TABLE] = "a table",
};

int (toml_fail)(struct toml_parser *p, const char *fmt, ...)
{
	va_list ap;
	char text[600];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return err_text(p->e, EINVAL, "line %u: %s", p->line, text);
}

static void *keep_room(struct toml *t, size_t size)
{
	struct toml_chunk *c = xcalloc(1, sizeof(*c) + size);

	c->next = t->chunks;
	t->chunks = c;
	return c->bytes;
}

char *toml_keep(struct toml_parser *p, const char *s, size_t n)
{
	char *copy = keep_room(p->tree, n + 1);

	if (n)
		memcpy(copy, s, n);
	return copy;
}

struct toml_node *toml_new(struct toml_parser *p, enum toml_type type)
{
	struct toml_node *n;

	if (++p->nodes > TOML_NODES_MAX) {
		toml_fail(p, "more than %d values", TOML_NODES_MAX);
		return NULL;
	}
	n = keep_room(p->tree, sizeof(*n));
	n->type = type;
	n->line = p->line;
	return n;
}

void toml_append(struct toml_node *parent, struct toml_node *member)
{
	if (parent->last)
		parent->last->next = member;
	else
		parent->first = member;
	parent->last = member;
	parent->len++;
}

/* --- blanks ----------------------------------------------------------------------------------------------------------- */

void toml_skip_blanks(struct toml_parser *p)
{
	while (toml_is(p, ' ') || toml_is(p, '\t'))
		p->at++;
}

static int skip_comment(struct toml_parser *p)
{
	for (; toml_more(p) && *p->at != '\n'; p->at++) {
		bool crlf = *p->at == '\r' && p->at + 1 < p->end && p->at[1] == '\n';

		if (((unsigned char)*p->at < 0x20 && *p->at != '\t' && !crlf) || *p->at == 0x7f)
			return toml_fail(p, "a control character in a comment");
	}
	return 0;
}

/* A line break; false: there is none. */
static bool skip_break(struct toml_parser *p)
{
	if (toml_is(p, '\r') && p->at + 1 < p->end && p->at[1] == '\n')
		p->at++;
	if (!toml_is(p, '\n'))
		return false;
	p->at++;
	p->line++;
	return true;
}

int toml_skip_lines(struct toml_parser *p)
{
	do {
		toml_skip_blanks(p);
		if (toml_is(p, '#') && skip_comment(p) < 0)
			return -1;
	} while (skip_break(p));
	return 0;
}

/* Nothing may follow but a comment. */
static int end_line(struct toml_parser *p)
{
	toml_skip_blanks(p);
	if (toml_is(p, '#') && skip_comment(p) < 0)
		return -1;
	if (!toml_more(p) || skip_break(p))
		return 0;
	return toml_fail(p, "something follows that does not belong to it; a line holds one \"key = value\"");
}

/* --- keys ------------------------------------------------------------------------------------------------------------- */

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

const char *toml_key_part(struct toml_parser *p)
{
	const char *from = p->at;

	if (toml_is(p, '"') || toml_is(p, '\''))
		return toml_plain_string(p);
	while (toml_more(p) && is_bare(*p->at))
		p->at++;
	if (p->at == from) {
		toml_fail(p, "a key is expected: letters, digits, - and _, or a text in quotes");
		return NULL;
	}
	return toml_keep(p, from, (size_t)(p->at - from));
}

static struct toml_node *find(const struct toml_node *table, const char *key)
{
	for (struct toml_node *m = table->first; m; m = m->next)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

static int add_member(struct toml_parser *p, struct toml_node *table, const char *key, struct toml_node *member)
{
	if (table->len >= TOML_MEMBERS_MAX)
		return toml_fail(p, "more than %d keys in one table", TOML_MEMBERS_MAX);
	member->key = key;
	toml_append(table, member);
	return 0;
}

/* The table @key of @table, made if it is not there. @dotted: by a key, not by a header. */
static struct toml_node *enter(struct toml_parser *p, struct toml_node *table, const char *key, bool dotted)
{
	struct toml_node *t = find(table, key);

	if (!t) {
		t = toml_new(p, TOML_TABLE);
		if (!t || add_member(p, table, key, t) < 0)
			return NULL;
		t->how = dotted ? TOML_DOTTED : TOML_IMPLIED;
		return t;
	}
	/* [[a]] and then [a.b]: the last of them is meant. */
	if (t->type == TOML_ARRAY && t->how == TOML_TABLES && !dotted)
		return t->last;
	if (t->type != TOML_TABLE || t->how == TOML_INLINE || (dotted && t->how != TOML_DOTTED)) {
		toml_fail(p, "\"%.100s\" is there already (line %u), and cannot be added to", key, t->line);
		return NULL;
	}
	return t;
}

const char *toml_key_path(struct toml_parser *p, struct toml_node **table)
{
	unsigned int depth = 0;

	for (;;) {
		const char *part = toml_key_part(p);

		if (!part)
			return NULL;
		toml_skip_blanks(p);
		if (!toml_is(p, '.'))
			return part;
		if (++depth > TOML_DEPTH_MAX) {
			toml_fail(p, "a key of more than %d parts", TOML_DEPTH_MAX);
			return NULL;
		}
		p->at++;
		toml_skip_blanks(p);
		*table = enter(p, *table, part, true);
		if (!*table)
			return NULL;
	}
}

int toml_pair(struct toml_parser *p, struct toml_node *table)
{
	const char *key = toml_key_path(p, &table);
	struct toml_node *value, *other;

	if (!key)
		return -1;
	other = find(table, key);
	if (other)
		return toml_fail(p, "\"%.100s\" is there twice (first in line %u)", key, other->line);
	if (!toml_is(p, '='))
		return toml_fail(p, "\"=\" is expected behind the key \"%.100s\"", key);
	p->at++;
	toml_skip_blanks(p);
	value = toml_value(p);
	return value ? add_member(p, table, key, value) : -1;
}

/* --- headers ---------------------------------------------------------------------------------------------------------- */

/* One more element of the array of tables @key. */
static struct toml_node *add_table(struct toml_parser *p, struct toml_node *table, const char *key)
{
	struct toml_node *array = find(table, key), *t;

	if (array && (array->type != TOML_ARRAY || array->how != TOML_TABLES)) {
		toml_fail(p, "\"%.100s\" is there already (line %u), and is no array of tables", key, array->line);
		return NULL;
	}
	if (!array) {
		array = toml_new(p, TOML_ARRAY);
		if (!array || add_member(p, table, key, array) < 0)
			return NULL;
		array->how = TOML_TABLES;
	}
	t = toml_new(p, TOML_TABLE);
	if (t) {
		t->how = TOML_DEFINED;
		toml_append(array, t);
	}
	return t;
}

static struct toml_node *define_table(struct toml_parser *p, struct toml_node *table, const char *key)
{
	struct toml_node *t = find(table, key);

	if (t && (t->type != TOML_TABLE || t->how != TOML_IMPLIED)) {
		toml_fail(p, "the table \"%.100s\" is there twice (first in line %u)", key, t->line);
		return NULL;
	}
	if (!t) {
		t = toml_new(p, TOML_TABLE);
		if (!t || add_member(p, table, key, t) < 0)
			return NULL;
	}
	t->how = TOML_DEFINED;
	return t;
}

/* "[a.b]" or "[[a.b]]": the table that the following lines fill. */
static struct toml_node *header(struct toml_parser *p)
{
	struct toml_node *table = p->tree->root;
	const char *key;
	bool many;

	p->at++;
	many = toml_is(p, '[');
	p->at += many;
	for (unsigned int depth = 0;; depth++) {
		toml_skip_blanks(p);
		key = toml_key_part(p);
		toml_skip_blanks(p);
		if (!key || !toml_is(p, '.'))
			break;
		if (depth >= TOML_DEPTH_MAX) {
			toml_fail(p, "a table below more than %d others", TOML_DEPTH_MAX);
			return NULL;
		}
		p->at++;
		table = enter(p, table, key, false);
		if (!table)
			return NULL;
	}
	if (!key)
		return NULL;
	for (int i = 0; i < (many ? 2 : 1); i++) {
		if (!toml_is(p, ']')) {
			toml_fail(p, "\"%s\" is expected behind the name of the table", many ? "]]" : "]");
			return NULL;
		}
		p->at++;
	}
	table = many ? add_table(p, table, key) : define_table(p, table, key);
	return table && end_line(p) == 0 ? table : NULL;
}

/* --- the whole -------------------------------------------------------------------------------------------------------- */

static int parse_lines(struct toml_parser *p)
{
	struct toml_node *table = p->tree->root;

	for (;;) {
		if (toml_skip_lines(p) < 0)
			return -1;
		if (!toml_more(p))
			return 0;
		if (toml_is(p, '[')) {
			table = header(p);
			if (!table)
				return -1;
		} else if (toml_pair(p, table) < 0 || end_line(p) < 0) {
			return -1;
		}
	}
}

static bool is_utf8(const char *s, size_t len)
{
	while (len) {
		size_t n = utf8_length(s, len);

		if (!n)
			return false;
		s += n;
		len -= n;
	}
	return true;
}

struct toml *toml_parse(const char *text, size_t len, struct err *e)
{
	struct toml_parser p = { .at = text, .end = text + len, .line = 1, .tree = xcalloc(1, sizeof(*p.tree)), .e = e };
	int r = -1;

	if (len > TOML_TEXT_MAX)
		toml_fail(&p, "the text is longer than %d bytes", TOML_TEXT_MAX);
	else if (memchr(text, 0, len))
		toml_fail(&p, "it holds a NUL byte");
	else if (!is_utf8(text, len))
		toml_fail(&p, "it is not valid UTF-8");
	else
		r = 0;
	/* As editors of another system put it in front. */
	if (r == 0 && len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		p.at += 3;
	p.tree->root = toml_new(&p, TOML_TABLE);
	p.room = r == 0 ? xcalloc(len + 1, 1) : NULL;
	if (r == 0)
		r = parse_lines(&p);
	free(p.room);
	if (r == 0)
		return p.tree;
	toml_free(p.tree);
	return NULL;
}

const struct toml_node *toml_root(const struct toml *t)
{
	return t->root;
}

void toml_free(struct toml *t)
{
	while (t && t->chunks) {
		struct toml_chunk *c = t->chunks;

		t->chunks = c->next;
		free(c);
	}
	free(t);
}

/* --- looking things up ------------------------------------------------------------------------------------------------ */

const struct toml_node *toml_get(const struct toml_node *n, const char *key)
{
	return n && n->type == TOML_TABLE ? find(n, key) : NULL;
}

const struct toml_node *toml_at_keys(const struct toml_node *n, const char *const *keys)
{
	for (; n && *keys; keys++)
		n = toml_get(n, *keys);
	return n;
}

const char *toml_string(const struct toml_node *n, const char *key)
{
	const struct toml_node *m = toml_get(n, key);

	return m && m->type == TOML_STRING ? m->text : NULL;
}

char *toml_quote(const char *s)
{
	char *out = xcalloc(strlen(s) + 1, 6), *at = out;

	*at++ = '"';
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			*at++ = '\\';
		if (c < 0x20 || c == 0x7f)
			at += snprintf(at, 7, "\\u%04x", c);
		else
			*at++ = (char)c;
	}
	*at++ = '"';
	return out;
}
