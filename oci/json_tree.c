// SPDX-License-Identifier: Apache-2.0
/* json_tree.c - yajl's events into nodes that live in one arena
 *
 * Owns:     the arena: every node and string of a tree, freed in one loop. No recursion anywhere.
 * Runs in:  the commands, on a text that nobody has checked.
 */
#include "oci/json_tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#define ARENA_CHUNK ((size_t)64 * 1024)

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	_Alignas(max_align_t) char data[];
};

struct json_tree {
	struct chunk *chunks;
	struct json_node *root;
	/* While parsing: */
	struct json_node *open; /* the innermost array or object that has not ended */
	const char *key;	/* of the next value */
	size_t key_len;
	unsigned int depth;
	unsigned int nodes;
	const char *stopped; /* why a callback said stop */
};

static void *arena_alloc(struct json_tree *t, size_t n)
{
	struct chunk *c = t->chunks;
	size_t size;

	n = (n + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (!c || c->size - c->used < n) {
		size = n > ARENA_CHUNK ? n : ARENA_CHUNK;
		c = malloc(sizeof(*c) + size);
		if (!c) {
			t->stopped = "out of memory";
			return NULL;
		}
		c->size = size;
		c->used = 0;
		c->next = t->chunks;
		t->chunks = c;
	}
	c->used += n;
	return c->data + c->used - n;
}

static const char *arena_string(struct json_tree *t, const void *s, size_t len)
{
	char *p = arena_alloc(t, len + 1);

	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

static struct json_node *add_node(struct json_tree *t, enum json_type type)
{
	struct json_node *n;

	if (++t->nodes > JSON_TREE_NODES_MAX) {
		t->stopped = "more than 1048576 values";
		return NULL;
	}
	n = arena_alloc(t, sizeof(*n));
	if (!n)
		return NULL;
	memset(n, 0, sizeof(*n));
	n->type = type;
	n->parent = t->open;
	n->key = t->key;
	n->key_len = t->key_len;
	t->key = NULL;
	t->key_len = 0;
	if (!t->open) {
		t->root = n;
		return n;
	}
	if (t->open->last)
		t->open->last->next = n;
	else
		t->open->first = n;
	t->open->last = n;
	t->open->len++;
	return n;
}

static int add_text(struct json_tree *t, enum json_type type, const void *s, size_t len)
{
	struct json_node *n = add_node(t, type);

	if (!n)
		return 0;
	n->len = len;
	n->text = arena_string(t, s, len);
	return n->text != NULL;
}

static int open_node(struct json_tree *t, enum json_type type)
{
	struct json_node *n;

	if (++t->depth > JSON_TREE_DEPTH_MAX) {
		t->stopped = "nested deeper than 1000 levels";
		return 0;
	}
	n = add_node(t, type);
	if (!n)
		return 0;
	t->open = n;
	return 1;
}

static int close_node(struct json_tree *t)
{
	t->open = t->open->parent;
	t->depth--;
	return 1;
}

static int on_null(void *t)
{
	return add_node(t, JSON_NULL) != NULL;
}

static int on_bool(void *t, int v)
{
	struct json_node *n = add_node(t, JSON_BOOL);

	if (!n)
		return 0;
	n->truth = v;
	return 1;
}

/* With this callback yajl converts no number at all: 18446744073709551615 stays what it is. */
static int on_number(void *t, const char *s, size_t len)
{
	return add_text(t, JSON_NUMBER, s, len);
}

static int on_string(void *t, const unsigned char *s, size_t len)
{
	return add_text(t, JSON_STRING, s, len);
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct json_tree *t = ctx;

	t->key = arena_string(t, s, len);
	t->key_len = len;
	return t->key != NULL;
}

static int on_open_map(void *t)
{
	return open_node(t, JSON_OBJECT);
}

static int on_open_array(void *t)
{
	return open_node(t, JSON_ARRAY);
}

static int on_close(void *t)
{
	return close_node(t);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_bool,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_open_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_close,
	.yajl_start_array = on_open_array,
	.yajl_end_array = on_close,
};

/* yajl ends its sentence with a full stop and a line break, and says "parse error: " or "lexical error: " first. */
static void yajl_words(yajl_handle h, char *buf, size_t size)
{
	unsigned char *s = yajl_get_error(h, 0, NULL, 0);
	const char *p = s ? (const char *)s : "";
	const char *colon = strstr(p, "error: ");
	size_t n;

	if (colon)
		p = colon + strlen("error: ");
	n = strcspn(p, "\r\n");
	while (n && (p[n - 1] == '.' || p[n - 1] == ' '))
		n--;
	snprintf(buf, size, "%.*s", (int)n, n ? p : "");
	if (!buf[0])
		snprintf(buf, size, "unexpected text");
	if (s)
		yajl_free_error(h, s);
}

static void describe(const struct json_tree *t, yajl_handle h, const char *text, size_t len, char *why,
		     size_t why_size)
{
	size_t at = yajl_get_bytes_consumed(h);
	size_t line = 1, column = 1;
	char words[160];

	if (at > len)
		at = len;
	/* The count includes the byte that offends; for an early end it is 0, or stands behind the last one. */
	for (size_t i = 0; at && i < at - 1; i++) {
		column++;
		if (text[i] == '\n') {
			line++;
			column = 1;
		}
	}
	if (t->stopped) {
		snprintf(why, why_size, "line %zu, column %zu: %s", line, column, t->stopped);
		return;
	}
	yajl_words(h, words, sizeof(words));
	if (strstr(words, "premature EOF"))
		snprintf(why, why_size, "not valid JSON: the text ends too early (%zu bytes)", len);
	else
		snprintf(why, why_size, "not valid JSON: line %zu, column %zu: %s", line, column, words);
}

/* Whether that is an error has changed between versions of yajl. */
static bool is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strchr(" \t\r\n", text[i]) || !text[i])
			return false;
	return true;
}

struct json_tree *json_tree_parse(const char *text, size_t len, char *why, size_t why_size)
{
	struct json_tree *t = calloc(1, sizeof(*t));
	yajl_handle h = t ? yajl_alloc(&callbacks, NULL, t) : NULL;
	bool ok;

	if (!h) {
		snprintf(why, why_size, "out of memory");
		free(t);
		return NULL;
	}
	ok = yajl_parse(h, (const unsigned char *)text, len) == yajl_status_ok &&
	     yajl_complete_parse(h) == yajl_status_ok;
	if (is_blank(text, len))
		snprintf(why, why_size, "not valid JSON: the text is empty");
	else if (!ok || !t->root)
		describe(t, h, text, len, why, why_size);
	ok = ok && t->root;
	yajl_free(h);
	if (!ok) {
		json_tree_free(t);
		return NULL;
	}
	return t;
}

const struct json_node *json_tree_root(const struct json_tree *t)
{
	return t->root;
}

void json_tree_free(struct json_tree *t)
{
	if (!t)
		return;
	for (struct chunk *c = t->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(t);
}
