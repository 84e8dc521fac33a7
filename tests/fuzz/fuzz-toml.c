// SPDX-License-Identifier: Apache-2.0
/* fuzz-toml.c - TOML texts, and what must hold of whatever comes out
 *
 * A text that is refused must be refused with its line. A tree that comes out is whole (no key twice, UTF-8 throughout), and when it
 * is written as TOML again, the same tree comes out of that.
 */
#include "../../oci/utf8.c"
#include "../../src/base/error.c"
#include "../../src/base/str.c"
#include "../../src/toml/toml.c"
#include "../../src/toml/value.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "fuzz-toml.c:%d: %s\n", __LINE__, #x); \
			abort(); \
		} \
	} while (0)

struct writing {
	char *buf;
	size_t n, cap;
};

static void put(struct writing *w, const char *s)
{
	size_t n = strlen(s);

	if (w->n + n + 1 > w->cap) {
		w->cap = (w->n + n + 1) * 2;
		w->buf = xrealloc(w->buf, w->cap, 1);
	}
	memcpy(w->buf + w->n, s, n + 1);
	w->n += n;
}

static void put_quoted(struct writing *w, const char *s)
{
	char *q = toml_quote(s);

	MUST(is_utf8(s, strlen(s)));
	put(w, q);
	free(q);
}

static void put_value(struct writing *w, const struct toml_node *n, unsigned int depth, unsigned int *deepest)
{
	size_t members = 0;

	*deepest = depth > *deepest ? depth : *deepest;
	if (n->type == TOML_STRING) {
		put_quoted(w, n->text);
		return;
	}
	if (n->type != TOML_ARRAY && n->type != TOML_TABLE) {
		put(w, n->text);
		return;
	}
	put(w, n->type == TOML_ARRAY ? "[" : "{");
	for (const struct toml_node *m = n->first; m; m = m->next, members++) {
		if (members)
			put(w, ",");
		if (n->type == TOML_TABLE) {
			MUST(find(n, m->key) == m);
			put_quoted(w, m->key);
			put(w, "=");
		}
		put_value(w, m, depth + 1, deepest);
		MUST(m->next || n->last == m);
	}
	MUST(members == n->len);
	put(w, n->type == TOML_ARRAY ? "]" : "}");
}

static void put_root(struct writing *w, const struct toml_node *root, unsigned int *deepest)
{
	put(w, "");
	for (const struct toml_node *m = root->first; m; m = m->next) {
		put_quoted(w, m->key);
		put(w, "=");
		put_value(w, m, 1, deepest);
		put(w, "\n");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xcalloc(size + 1, 1); /* so that a byte too many is seen */
	struct writing one = { 0 }, two = { 0 };
	struct toml *t, *again;
	unsigned int deepest = 0;
	struct err e = { 0 };

	if (size)
		memcpy(text, data, size);
	t = toml_parse(text, size, &e);
	if (!t) {
		MUST(str_starts(e.msg, "line "));
		free(text);
		return 0;
	}
	put_root(&one, toml_root(t), &deepest);
	/* What keys and headers nest, values may not. */
	if (deepest <= TOML_DEPTH_MAX && one.n <= TOML_TEXT_MAX) {
		again = toml_parse(one.buf, one.n, &e);
		MUST(again);
		put_root(&two, toml_root(again), &deepest);
		MUST(one.n == two.n && memcmp(one.buf, two.buf, one.n) == 0);
		toml_free(again);
	}
	free(one.buf);
	free(two.buf);
	toml_free(t);
	free(text);
	return 0;
}
