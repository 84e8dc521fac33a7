// SPDX-License-Identifier: Apache-2.0
/* read.c - one walker for every document: tree and tables in, structs out
 *
 * Owns:     the walk, the path of an error, and the end of what a walk has made.
 * Must not: know any field by name.
 *
 * The walk recurses over the tables, whose depth is a constant, never over the text. What it allocates hangs off the
 * struct at once and its count is set before its elements are filled, so that oci_…_free() ends a half-read one, too.
 */
#include "oci/read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/fields.h"
#include "oci/json_tree.h"

/* config.linux.resources.blockIO.throttleReadBpsDevice[0].rate is 7 frames deep. */
#define PATH_MAX_FRAMES 16
/* What an error quotes of a string is cut here. */
#define QUOTE_MAX 64

struct frame {
	enum { FRAME_FIELD, FRAME_INDEX, FRAME_KEY } kind;
	const char *name; /* FRAME_FIELD, FRAME_KEY */
	size_t len;
	size_t index; /* FRAME_INDEX */
};

struct oci_walk {
	struct oci_error *e;
	struct frame path[PATH_MAX_FRAMES];
	unsigned int depth;
};

static int read_object(struct oci_walk *w, const struct oci_object *o, const struct json_node *n, void *obj);

/* --- errors ----------------------------------------------------------------------------------------- */

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

/* A string of the document in quotation marks: one line, whatever is in it, and not cut inside a UTF-8 sequence. */
static void put_quoted(struct text *t, const char *s, size_t len)
{
	size_t n = len;

	if (n > QUOTE_MAX) {
		n = QUOTE_MAX;
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	put(t, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f)
			put(t, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			put(t, "\\%c", c);
		else
			put(t, "%c", c);
	}
	put(t, n < len ? "…\"" : "\"");
}

static void put_path(struct text *t, const struct oci_walk *w)
{
	for (unsigned int i = 0; i < w->depth; i++) {
		const struct frame *f = &w->path[i];

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
static struct text fail_begin(struct oci_walk *w, const char *below)
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
	struct text t = fail_begin(w, below);
	va_list ap;

	va_start(ap, fmt);
	vput(&t, fmt, ap);
	va_end(ap);
	return -1;
}

static int fail_type(struct oci_walk *w, const char *expected, const struct json_node *n)
{
	struct text t = fail_begin(w, "");

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

static int fail_word(struct oci_walk *w, const struct oci_field *f, const char *value)
{
	struct text t = fail_begin(w, "");

	put(&t, "unknown %s ", f->what);
	put_quoted(&t, value, strlen(value));
	put(&t, " (one of ");
	for (size_t i = 0; f->words[i]; i++)
		put(&t, "%s%s", i ? ", " : "", f->words[i]);
	put(&t, ")");
	return -1;
}

static int fail_wrong(struct oci_walk *w, const char *wrong, const char *value)
{
	struct text t = fail_begin(w, "");

	put(&t, "%s, found ", wrong);
	put_quoted(&t, value, strlen(value));
	return -1;
}

static void enter(struct oci_walk *w, struct frame f)
{
	/* Only a table nested deeper than any of ours could get here. */
	if (w->depth == PATH_MAX_FRAMES)
		abort();
	w->path[w->depth++] = f;
}

static void enter_field(struct oci_walk *w, const char *name)
{
	enter(w, (struct frame){ .kind = FRAME_FIELD, .name = name });
}

static void enter_index(struct oci_walk *w, size_t i)
{
	enter(w, (struct frame){ .kind = FRAME_INDEX, .index = i });
}

static void enter_key(struct oci_walk *w, const struct json_node *n)
{
	enter(w, (struct frame){ .kind = FRAME_KEY, .name = n->key, .len = n->key_len });
}

static void leave(struct oci_walk *w)
{
	w->depth--;
}

/* --- values ------------------------------------------------------------------------------------------ */

static void *allocate(struct oci_walk *w, size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	if (!p)
		oci_walk_fail(w, "", "out of memory");
	return p;
}

static char *copy(struct oci_walk *w, const char *s, size_t len)
{
	char *p;

	/* Everything behind would be lost without a word, in a path as well as in a policy. */
	if (memchr(s, '\0', len)) {
		oci_walk_fail(w, "", "a string cannot hold \\u0000");
		return NULL;
	}
	p = allocate(w, len + 1, 1);
	if (p)
		memcpy(p, s, len);
	return p;
}

/* The string of @n after the rules of @f; the caller's. NULL: failed. */
static char *take_string(struct oci_walk *w, const struct oci_field *f, const struct json_node *n)
{
	const char *wrong;
	char *s;

	if (n->type != JSON_STRING) {
		fail_type(w, "a string", n);
		return NULL;
	}
	s = copy(w, n->text, n->len);
	if (!s)
		return NULL;
	if (f->words) {
		for (size_t i = 0; f->words[i]; i++)
			if (strcmp(f->words[i], s) == 0)
				return s;
		fail_word(w, f, s);
	} else {
		wrong = f->wrong ? f->wrong(s) : NULL;
		if (!wrong)
			return s;
		fail_wrong(w, wrong, s);
	}
	free(s);
	return NULL;
}

static int read_string(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, char **out)
{
	if (n->type == JSON_STRING && n->len == 0)
		return f->flags & OCI_REQUIRED ? oci_walk_fail(w, "", "must not be empty") : 0;
	*out = take_string(w, f, n);
	return *out ? 0 : -1;
}

static int read_enum(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, int *out)
{
	char *s = take_string(w, f, n);

	if (!s)
		return -1;
	for (*out = 0; strcmp(f->words[*out], s) != 0;)
		++*out;
	free(s);
	return 0;
}

static void range_of(const struct oci_field *f, int64_t *min, uint64_t *max)
{
	*min = f->min;
	*max = f->max;
	if (*min || *max)
		return;
	switch (f->kind) {
	case OCI_I32:
		*min = INT32_MIN;
		*max = INT32_MAX;
		break;
	case OCI_I64:
	case OCI_OPT_I64:
		*min = INT64_MIN;
		*max = INT64_MAX;
		break;
	case OCI_U32:
	case OCI_U32S:
	case OCI_OPT_U32:
		*max = UINT32_MAX;
		break;
	default:
		*max = UINT64_MAX;
		break;
	}
}

/* Exactly, and as Go's decoder does: 1.0 and 1e3 are no whole numbers. A negative number comes back in two's
 * complement, so that a cast to the member's signed type gives it back. */
static int take_number(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, uint64_t *out)
{
	int64_t min;
	uint64_t max;
	char expected[96];
	bool ok = false;

	range_of(f, &min, &max);
	if (n->type == JSON_NUMBER && n->text[strspn(n->text, "-0123456789")] == '\0') {
		errno = 0;
		if (n->text[0] == '-') {
			int64_t v = strtoll(n->text, NULL, 10);

			ok = !errno && v >= min;
			*out = (uint64_t)v;
		} else {
			*out = strtoull(n->text, NULL, 10);
			ok = !errno && *out <= max && (min <= 0 || *out >= (uint64_t)min);
		}
	}
	if (ok)
		return 0;
	snprintf(expected, sizeof(expected), "a whole number from %lld to %llu", (long long)min,
		 (unsigned long long)max);
	return fail_type(w, expected, n);
}

static int read_number(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, void *to)
{
	uint64_t v;

	if (take_number(w, f, n, &v) < 0)
		return -1;
	switch (f->kind) {
	case OCI_I32:
		*(int32_t *)to = (int32_t)(int64_t)v;
		break;
	case OCI_I64:
		*(int64_t *)to = (int64_t)v;
		break;
	case OCI_U32:
		*(uint32_t *)to = (uint32_t)v;
		break;
	case OCI_OPT_I64:
		*(struct oci_opt_i64 *)to = (struct oci_opt_i64){ true, (int64_t)v };
		break;
	case OCI_OPT_U32:
		*(struct oci_opt_u32 *)to = (struct oci_opt_u32){ true, (uint32_t)v };
		break;
	case OCI_OPT_U64:
		*(struct oci_opt_u64 *)to = (struct oci_opt_u64){ true, v };
		break;
	default:
		*(uint64_t *)to = v;
		break;
	}
	return 0;
}

static int take_bool(struct oci_walk *w, const struct json_node *n, bool *out)
{
	if (n->type != JSON_BOOL)
		return fail_type(w, "true or false", n);
	*out = n->truth;
	return 0;
}

/* --- arrays and objects ------------------------------------------------------------------------------- */

static int expect_array(struct oci_walk *w, const struct oci_field *f, const struct json_node *n)
{
	if (n->type != JSON_ARRAY)
		return fail_type(w, "an array", n);
	if ((f->flags & OCI_NONEMPTY) && !n->len)
		return oci_walk_fail(w, "", "must have at least one entry");
	return 0;
}

static int read_strings(struct oci_walk *w, const struct oci_field *f, const struct json_node *n,
			struct oci_strings *out)
{
	if (expect_array(w, f, n) < 0)
		return -1;
	out->v = allocate(w, n->len + 1, sizeof(*out->v));
	if (!out->v)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next) {
		enter_index(w, out->n);
		out->v[out->n] = take_string(w, f, m);
		if (!out->v[out->n])
			return -1;
		out->n++;
		leave(w);
	}
	return 0;
}

static int read_u32s(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, uint32_t **out,
		     size_t *count)
{
	if (expect_array(w, f, n) < 0)
		return -1;
	*out = allocate(w, n->len, sizeof(**out));
	if (!*out)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next) {
		uint64_t v;

		enter_index(w, *count);
		if (take_number(w, f, m, &v) < 0)
			return -1;
		(*out)[(*count)++] = (uint32_t)v;
		leave(w);
	}
	return 0;
}

static int read_objects(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, char **out,
			size_t *count)
{
	if (expect_array(w, f, n) < 0)
		return -1;
	*out = allocate(w, n->len, f->of->size);
	if (!*out)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next) {
		char *element = *out + *count * f->of->size;

		enter_index(w, *count);
		++*count;
		if (read_object(w, f->of, m, element) < 0)
			return -1;
		leave(w);
	}
	return 0;
}

struct entry {
	const struct json_node *node;
	size_t at;
};

static int by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	size_t n = x->node->key_len < y->node->key_len ? x->node->key_len : y->node->key_len;
	int r = memcmp(x->node->key, y->node->key, n);

	if (r)
		return r;
	if (x->node->key_len != y->node->key_len)
		return x->node->key_len < y->node->key_len ? -1 : 1;
	return x->at < y->at ? -1 : 1;
}

/* The entries of an object whose keys are data, in the order of the text; of a key that is there twice, the last one.
 * Sorted aside for that, since a hostile text has a million of them. Returns a heap array that ends with NULL, and
 * the number of entries; or NULL. */
static const struct json_node **distinct_entries(struct oci_walk *w, const struct json_node *n, size_t *count)
{
	const struct json_node **list = NULL;
	struct entry *sorted;
	size_t i = 0;

	if (n->type != JSON_OBJECT) {
		fail_type(w, "an object", n);
		return NULL;
	}
	sorted = allocate(w, n->len, sizeof(*sorted));
	list = sorted ? allocate(w, n->len + 1, sizeof(*list)) : NULL;
	if (!list) {
		free(sorted);
		return NULL;
	}
	for (const struct json_node *m = n->first; m; m = m->next, i++)
		sorted[i] = (struct entry){ m, i };
	qsort(sorted, n->len, sizeof(*sorted), by_key);
	for (i = 0; i < n->len; i++) {
		const struct json_node *next = i + 1 < n->len ? sorted[i + 1].node : NULL;

		if (!next || next->key_len != sorted[i].node->key_len ||
		    memcmp(next->key, sorted[i].node->key, next->key_len) != 0)
			list[sorted[i].at] = sorted[i].node;
	}
	*count = 0;
	for (i = 0; i < n->len; i++)
		if (list[i])
			list[(*count)++] = list[i];
	list[*count] = NULL;
	free(sorted);
	return list;
}

static char *take_key(struct oci_walk *w, const struct json_node *n)
{
	if (!n->key_len) {
		oci_walk_fail(w, "", "a key must not be empty");
		return NULL;
	}
	return copy(w, n->key, n->key_len);
}

static int read_map(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, struct oci_map *out)
{
	size_t count;
	const struct json_node **list = distinct_entries(w, n, &count);
	int r = -1;

	if (!list)
		return -1;
	out->v = allocate(w, count, sizeof(*out->v));
	if (!out->v)
		goto out;
	for (size_t i = 0; i < count; i++) {
		struct oci_pair *p = &out->v[out->n];

		enter_key(w, list[i]);
		/* Counted first: oci_…_free() takes NULLs. */
		out->n++;
		p->key = take_key(w, list[i]);
		p->value = p->key ? take_string(w, f, list[i]) : NULL;
		if (!p->value)
			goto out;
		leave(w);
	}
	r = 0;
out:
	free(list);
	return r;
}

static int read_keyed(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, char **out,
		      size_t *count)
{
	/* "eth0": null is {} in Go. */
	static const struct json_node nothing = { .type = JSON_OBJECT };
	size_t total;
	const struct json_node **list = distinct_entries(w, n, &total);
	int r = -1;

	if (!list)
		return -1;
	*out = allocate(w, total, f->of->size);
	if (!*out)
		goto out;
	for (size_t i = 0; i < total; i++) {
		char *element = *out + *count * f->of->size;
		char **key = (char **)(void *)(element + f->of->key);

		enter_key(w, list[i]);
		++*count;
		*key = take_key(w, list[i]);
		if (!*key || read_object(w, f->of, list[i]->type == JSON_NULL ? &nothing : list[i], element) < 0)
			goto out;
		leave(w);
	}
	r = 0;
out:
	free(list);
	return r;
}

static int read_field(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, char *obj)
{
	void *to = obj + f->offset;
	size_t *count = (size_t *)(void *)(obj + f->count);

	switch (f->kind) {
	case OCI_STRING:
		return read_string(w, f, n, to);
	case OCI_BOOL:
		return take_bool(w, n, to);
	case OCI_OPT_BOOL:
		((struct oci_opt_bool *)to)->set = true;
		return take_bool(w, n, &((struct oci_opt_bool *)to)->v);
	case OCI_ENUM:
		return read_enum(w, f, n, to);
	case OCI_STRINGS:
		return read_strings(w, f, n, to);
	case OCI_U32S:
		return read_u32s(w, f, n, to, count);
	case OCI_MAP:
		return read_map(w, f, n, to);
	case OCI_OBJECT:
		if (f->has_present)
			*(bool *)(obj + f->present) = true;
		return read_object(w, f->of, n, to);
	case OCI_OBJECTS:
		return read_objects(w, f, n, to, count);
	case OCI_KEYED:
		return read_keyed(w, f, n, to, count);
	case OCI_I32:
	case OCI_I64:
	case OCI_U32:
	case OCI_U64:
	case OCI_OPT_I64:
	case OCI_OPT_U32:
	case OCI_OPT_U64:
		return read_number(w, f, n, to);
	}
	return -1;
}

static int field_index(const struct oci_object *o, const struct json_node *n)
{
	for (size_t i = 0; i < o->n_fields; i++)
		if (strlen(o->fields[i].name) == n->key_len && memcmp(o->fields[i].name, n->key, n->key_len) == 0)
			return (int)i;
	return -1;
}

static int fail_key(struct oci_walk *w, const struct oci_object *o, const struct json_node *n)
{
	struct text t = fail_begin(w, "");

	put(&t, "unknown key ");
	put_quoted(&t, n->key, n->key_len);
	put(&t, " (one of %s)", o->known_keys);
	return -1;
}

static int read_object(struct oci_walk *w, const struct oci_object *o, const struct json_node *n, void *obj)
{
	const struct json_node *value[OCI_FIELDS_MAX] = { NULL };

	if (n->type != JSON_OBJECT)
		return fail_type(w, "an object", n);
	/* The last of several wins, before any of them is looked at: so nothing has to be undone. */
	for (const struct json_node *m = n->first; m; m = m->next) {
		int i = field_index(o, m);

		if (i >= 0)
			value[i] = m->type == JSON_NULL ? NULL : m;
		else if (o->known_keys)
			return fail_key(w, o, m);
	}
	for (size_t i = 0; i < o->n_fields; i++) {
		const struct oci_field *f = &o->fields[i];

		if (!value[i]) {
			if (f->flags & OCI_REQUIRED)
				return oci_walk_fail(w, f->name, "required field is missing");
			continue;
		}
		enter_field(w, f->name);
		if (read_field(w, f, value[i], obj) < 0)
			return -1;
		leave(w);
	}
	return o->check ? o->check(w, n, obj) : 0;
}

bool oci_walk_has(const struct json_node *in, const char *key)
{
	bool has = false;
	size_t len = strlen(key);

	for (const struct json_node *m = in->first; m; m = m->next)
		if (m->key_len == len && memcmp(m->key, key, len) == 0)
			has = m->type != JSON_NULL;
	return has;
}

/* --- the end of it ------------------------------------------------------------------------------------ */

static void free_object(const struct oci_object *o, char *obj);

static void free_elements(const struct oci_field *f, char *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *element = v + i * f->of->size;

		if (f->kind == OCI_KEYED)
			free(*(char **)(void *)(element + f->of->key));
		free_object(f->of, element);
	}
	free(v);
}

static void free_strings(struct oci_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
}

static void free_map(struct oci_map *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].key);
		free(m->v[i].value);
	}
	free(m->v);
}

static void free_object(const struct oci_object *o, char *obj)
{
	for (size_t i = 0; i < o->n_fields; i++) {
		const struct oci_field *f = &o->fields[i];
		void *at = obj + f->offset;

		switch (f->kind) {
		case OCI_STRING:
		case OCI_U32S:
			free(*(void **)at);
			break;
		case OCI_STRINGS:
			free_strings(at);
			break;
		case OCI_MAP:
			free_map(at);
			break;
		case OCI_OBJECT:
			free_object(f->of, at);
			break;
		case OCI_OBJECTS:
		case OCI_KEYED:
			free_elements(f, *(char **)at, *(size_t *)(void *)(obj + f->count));
			break;
		case OCI_BOOL:
		case OCI_OPT_BOOL:
		case OCI_ENUM:
		case OCI_I32:
		case OCI_I64:
		case OCI_U32:
		case OCI_U64:
		case OCI_OPT_I64:
		case OCI_OPT_U32:
		case OCI_OPT_U64:
			break;
		}
	}
}

/* Zeroed behind, so that a second free is one of a zeroed struct. */
static void end(const struct oci_object *o, void *obj)
{
	free_object(o, obj);
	memset(obj, 0, o->size);
}

static int parse(const struct oci_object *o, const char *text, size_t len, void *out, struct oci_error *e)
{
	struct oci_walk w = { .e = e };
	struct json_tree *t;
	int r;

	memset(out, 0, o->size);
	t = json_tree_parse(text, len, e->msg, sizeof(e->msg));
	if (!t)
		return -1;
	r = read_object(&w, o, json_tree_root(t), out);
	json_tree_free(t);
	if (r < 0)
		end(o, out);
	return r;
}

int oci_config_parse(const char *text, size_t len, struct oci_config *out, struct oci_error *e)
{
	return parse(&oci_object_config, text, len, out, e);
}

void oci_config_free(struct oci_config *c)
{
	end(&oci_object_config, c);
}

int oci_process_parse(const char *text, size_t len, struct oci_process *out, struct oci_error *e)
{
	return parse(&oci_object_process, text, len, out, e);
}

void oci_process_free(struct oci_process *p)
{
	end(&oci_object_process, p);
}

int oci_resources_parse(const char *text, size_t len, struct oci_resources *out, struct oci_error *e)
{
	return parse(&oci_object_resources, text, len, out, e);
}

void oci_resources_free(struct oci_resources *r)
{
	end(&oci_object_resources, r);
}
