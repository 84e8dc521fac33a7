// SPDX-License-Identifier: Apache-2.0
/* fault.c - where a document is wrong, in one line
 *
 * Owns:     the path of the walk, and the sentences. Whatever the document holds, a message is one line and ends.
 * Runs in:  the commands.
 */
#include "oci/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/utf8.h"

/* What a message quotes of a string is cut here. */
#define QUOTE_MAX 64
/* A longer list of right words is told by its ends. */
#define WORDS_SHOWN 16

struct text {
	char *buf;
	size_t size;
	size_t len;
};

static void put(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void vput(struct text *t, const char *fmt, va_list ap)
{
	int n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);

	if (n > 0)
		t->len += (size_t)n < t->size - t->len ? (size_t)n : t->size - t->len - 1;
}

static void put(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vput(t, fmt, ap);
	va_end(ap);
}

/* A string of the document in quotation marks: one line of valid UTF-8, whatever is in it. */
static void put_quoted(struct text *t, const char *s, size_t len)
{
	size_t i = 0, l;

	put(t, "\"");
	for (; i < len && i < QUOTE_MAX; i += l) {
		unsigned char c = (unsigned char)s[i];

		l = utf8_length(s + i, len - i);
		if (!l) {
			put(t, "%s", UTF8_REPLACEMENT);
			l = 1;
		} else if (c < 0x20 || c == 0x7f) {
			put(t, "\\u%04x", c);
		} else {
			put(t, "%s%.*s", c == '"' || c == '\\' ? "\\" : "", (int)l, s + i);
		}
	}
	put(t, i < len ? "…\"" : "\"");
}

static void put_path(struct text *t, const struct oci_walk *w)
{
	for (unsigned int i = 0; i < w->depth; i++) {
		const struct fault_frame *f = &w->path[i];

		if (f->kind == FRAME_FIELD)
			put(t, "%s%s", i ? "." : "", f->name);
		else if (f->kind == FRAME_INDEX)
			put(t, "[%zu]", f->index);
		else {
			put(t, "[");
			put_quoted(t, f->name, f->len);
			put(t, "]");
		}
	}
}

/* Begins the message: the path, @below, ": ". */
static struct text begin(struct oci_walk *w, const char *below)
{
	struct text t = { .buf = w->e->msg, .size = sizeof(w->e->msg) };

	w->e->msg[0] = '\0';
	put_path(&t, w);
	put(&t, "%s%s", below[0] && w->depth ? "." : "", below);
	if (!t.len)
		put(&t, "the document");
	put(&t, ": ");
	return t;
}

int oci_walk_fail(struct oci_walk *w, const char *below, const char *fmt, ...)
{
	struct text t = begin(w, below);
	va_list ap;

	va_start(ap, fmt);
	vput(&t, fmt, ap);
	va_end(ap);
	return -1;
}

int fault_type(struct oci_walk *w, const char *expected, const struct json_node *n)
{
	struct text t = begin(w, "");

	put(&t, "expected %s, found ", expected);
	switch (n->type) {
	case JSON_NULL:
		put(&t, "null");
		break;
	case JSON_BOOL:
		put(&t, "%s", n->truth ? "true" : "false");
		break;
	case JSON_NUMBER:
		put(&t, "%.*s%s", (int)(n->len > QUOTE_MAX ? QUOTE_MAX : n->len), n->text,
		    n->len > QUOTE_MAX ? "…" : "");
		break;
	case JSON_STRING:
		put(&t, "a string");
		break;
	case JSON_ARRAY:
		put(&t, "an array");
		break;
	case JSON_OBJECT:
		put(&t, "an object");
		break;
	}
	return -1;
}

int fault_word(struct oci_walk *w, const struct oci_field *f, const char *value)
{
	struct text t = begin(w, "");
	size_t n = 0;

	while (f->words[n])
		n++;
	put(&t, "%s%s ", strncmp(f->what, "invalid ", 8) == 0 ? "" : "unknown ", f->what);
	put_quoted(&t, value, strlen(value));
	/* 41 capabilities would hide the one that matters, in a line that engines cut. */
	if (n > WORDS_SHOWN) {
		put(&t, " (one of %s … %s, %zu in all)", f->words[0], f->words[n - 1], n);
		return -1;
	}
	put(&t, " (one of ");
	for (size_t i = 0; i < n; i++)
		put(&t, "%s%s", i ? ", " : "", f->words[i]);
	put(&t, ")");
	return -1;
}

int fault_wrong(struct oci_walk *w, const char *wrong, const char *value)
{
	struct text t = begin(w, "");

	put(&t, "%s, found ", wrong);
	put_quoted(&t, value, strlen(value));
	return -1;
}

int fault_key(struct oci_walk *w, const struct oci_object *o, const struct json_node *n)
{
	struct text t = begin(w, "");

	put(&t, "unknown key ");
	put_quoted(&t, n->key, n->key_len);
	put(&t, " (one of %s)", o->known_keys);
	return -1;
}

static void enter(struct oci_walk *w, struct fault_frame f)
{
	/* Only a table nested deeper than any of ours could get here. */
	if (w->depth == FAULT_FRAMES_MAX)
		abort();
	w->path[w->depth++] = f;
}

void fault_enter_field(struct oci_walk *w, const char *name)
{
	enter(w, (struct fault_frame){ .kind = FRAME_FIELD, .name = name });
}

void fault_enter_index(struct oci_walk *w, size_t i)
{
	enter(w, (struct fault_frame){ .kind = FRAME_INDEX, .index = i });
}

void fault_enter_key(struct oci_walk *w, const struct json_node *n)
{
	enter(w, (struct fault_frame){ .kind = FRAME_KEY, .name = n->key, .len = n->key_len });
}

void fault_leave(struct oci_walk *w)
{
	w->depth--;
}
