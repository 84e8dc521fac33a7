// SPDX-License-Identifier: Apache-2.0
/* read.c - one walker for every document: tree and tables in, structs out
 *
 * Owns:     the walk: which value goes into which member. Errors are in fault.c, the end of it all in end.c.
 * Must not: know any field by name.
 * Runs in:  the commands, before anything is made.
 *
 * The walk recurses over the tables, whose depth is a constant, never over the text. What it allocates hangs off the
 * struct at once and its count is set before its elements are filled, so that oci_…_free() ends a half-read one, too.
 */
#include "oci/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/fault.h"
#include "oci/fields.h"
#include "oci/json_tree.h"

static int read_object(struct oci_walk *w, const struct oci_object *o, const struct json_node *n, void *obj);

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
		fault_type(w, "a string", n);
		return NULL;
	}
	s = copy(w, n->text, n->len);
	if (!s)
		return NULL;
	if (f->words) {
		for (size_t i = 0; f->words[i]; i++)
			if (strcmp(f->words[i], s) == 0)
				return s;
		fault_word(w, f, s);
	} else {
		wrong = f->wrong ? f->wrong(s) : NULL;
		if (!wrong)
			return s;
		fault_wrong(w, wrong, s);
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

	*out = 0;
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
	return fault_type(w, expected, n);
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
		return fault_type(w, "true or false", n);
	*out = n->truth;
	return 0;
}

/* --- arrays and objects ------------------------------------------------------------------------------- */

static int expect_array(struct oci_walk *w, const struct oci_field *f, const struct json_node *n)
{
	if (n->type != JSON_ARRAY)
		return fault_type(w, "an array", n);
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
		fault_enter_index(w, out->n);
		out->v[out->n] = take_string(w, f, m);
		if (!out->v[out->n])
			return -1;
		out->n++;
		fault_leave(w);
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

		fault_enter_index(w, *count);
		if (take_number(w, f, m, &v) < 0)
			return -1;
		(*out)[(*count)++] = (uint32_t)v;
		fault_leave(w);
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

		fault_enter_index(w, *count);
		++*count;
		if (read_object(w, f->of, m, element) < 0)
			return -1;
		fault_leave(w);
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct json_node *x = *(const struct json_node *const *)a, *y = *(const struct json_node *const *)b;
	size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
	int r = memcmp(x->key, y->key, n);

	return r ? r : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

/* In an object whose keys are data no key may be there twice: readers that take the first and readers that take the last
 * would disagree about, say, an annotation that is a policy. The keys are sorted for that, since a hostile text has a
 * million of them. */
static int check_keys(struct oci_walk *w, const struct json_node *n)
{
	const struct json_node **sorted;
	size_t i = 0;
	int r = 0;

	if (n->type != JSON_OBJECT)
		return fault_type(w, "an object", n);
	sorted = allocate(w, n->len, sizeof(*sorted));
	if (!sorted)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next)
		sorted[i++] = m;
	qsort(sorted, n->len, sizeof(*sorted), by_key);
	for (i = 1; i < n->len && r == 0; i++) {
		const struct json_node *last = sorted[i - 1], *m = sorted[i];

		if (last->key_len != m->key_len || memcmp(last->key, m->key, m->key_len) != 0)
			continue;
		fault_enter_key(w, m);
		r = oci_walk_fail(w, "", "it is there twice");
	}
	free(sorted);
	return r;
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
	if (check_keys(w, n) < 0)
		return -1;
	out->v = allocate(w, n->len, sizeof(*out->v));
	if (!out->v)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next) {
		struct oci_pair *p = &out->v[out->n];

		fault_enter_key(w, m);
		/* Counted first: oci_…_free() takes NULLs. */
		out->n++;
		p->key = take_key(w, m);
		p->value = p->key ? take_string(w, f, m) : NULL;
		if (!p->value)
			return -1;
		fault_leave(w);
	}
	return 0;
}

static int read_keyed(struct oci_walk *w, const struct oci_field *f, const struct json_node *n, char **out,
		      size_t *count)
{
	/* "eth0": null is {} in Go. */
	static const struct json_node nothing = { .type = JSON_OBJECT };

	if (check_keys(w, n) < 0)
		return -1;
	*out = allocate(w, n->len, f->of->size);
	if (!*out)
		return -1;
	for (const struct json_node *m = n->first; m; m = m->next) {
		char *element = *out + *count * f->of->size;
		char **key = (char **)(void *)(element + f->of->key);

		fault_enter_key(w, m);
		++*count;
		*key = take_key(w, m);
		if (!*key || read_object(w, f->of, m->type == JSON_NULL ? &nothing : m, element) < 0)
			return -1;
		fault_leave(w);
	}
	return 0;
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

static int read_object(struct oci_walk *w, const struct oci_object *o, const struct json_node *n, void *obj)
{
	const struct json_node *value[OCI_FIELDS_MAX] = { NULL };

	if (n->type != JSON_OBJECT)
		return fault_type(w, "an object", n);
	/* The last of several wins, before any of them is looked at: so nothing has to be undone. */
	for (const struct json_node *m = n->first; m; m = m->next) {
		int i = field_index(o, m);

		if (i >= 0)
			value[i] = m->type == JSON_NULL ? NULL : m;
		else if (o->known_keys)
			return fault_key(w, o, m);
	}
	for (size_t i = 0; i < o->n_fields; i++) {
		const struct oci_field *f = &o->fields[i];

		if (!value[i]) {
			if (f->flags & OCI_REQUIRED)
				return oci_walk_fail(w, f->name, "required field is missing");
			continue;
		}
		fault_enter_field(w, f->name);
		if (read_field(w, f, value[i], obj) < 0)
			return -1;
		fault_leave(w);
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
		oci_object_end(o, out);
	return r;
}

int oci_config_parse(const char *text, size_t len, struct oci_config *out, struct oci_error *e)
{
	return parse(&oci_object_config, text, len, out, e);
}

void oci_config_free(struct oci_config *c)
{
	oci_object_end(&oci_object_config, c);
}

int oci_process_parse(const char *text, size_t len, struct oci_process *out, struct oci_error *e)
{
	return parse(&oci_object_process, text, len, out, e);
}

void oci_process_free(struct oci_process *p)
{
	oci_object_end(&oci_object_process, p);
}

int oci_resources_parse(const char *text, size_t len, struct oci_resources *out, struct oci_error *e)
{
	return parse(&oci_object_resources, text, len, out, e);
}

void oci_resources_free(struct oci_resources *r)
{
	oci_object_end(&oci_object_resources, r);
}
