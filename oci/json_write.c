// SPDX-License-Identifier: Apache-2.0
/* json_write.c - building a JSON text over yajl_gen
 *
 * Owns:     valid UTF-8 whatever the caller passes (ids, paths and annotations may be any bytes on Linux), and the
 *           end of the process when memory is gone: for the short-lived commands, as base/str.h.
 * Runs in:  the commands.
 */
#include "oci/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_gen.h>

#include "oci/utf8.h"

struct json_out {
	yajl_gen g;
	/* '{' or '[' that has been opened and not told to yajl: it would write an empty one on three lines. */
	char pending;
};

static void *check(void *p)
{
	static const char msg[] = "sandrun: out of memory\n";

	if (!p) {
		(void)!write(STDERR_FILENO, msg, sizeof(msg) - 1);
		_exit(1);
	}
	return p;
}

/* yajl does not look at what these return. */
static void *on_malloc(void *ctx, size_t n)
{
	(void)ctx;
	return check(malloc(n ? n : 1));
}

static void *on_realloc(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return check(realloc(p, n ? n : 1));
}

static void on_free(void *ctx, void *p)
{
	(void)ctx;
	free(p);
}

static const yajl_alloc_funcs alloc_funcs = { .malloc = on_malloc, .realloc = on_realloc, .free = on_free };

/* A wrong status is a wrong order of calls (a value without a key): our mistake, never the data's. */
static void must(yajl_gen_status s)
{
	if (s != yajl_gen_status_ok)
		abort();
}

/* @s with U+FFFD in place of each byte that belongs to no character; the caller's. */
static char *clean(const char *s, size_t *len)
{
	size_t left = strlen(s), n = 0;
	/* U+FFFD is three bytes. */
	char *out = check(malloc(left * 3 + 1));

	while (left) {
		size_t l = utf8_length(s, left);

		memcpy(out + n, l ? s : UTF8_REPLACEMENT, l ? l : 3);
		n += l ? l : 3;
		l += !l;
		s += l;
		left -= l;
	}
	*len = n;
	return out;
}

static void flush(struct json_out *j)
{
	char pending = j->pending;

	j->pending = 0;
	if (pending == '{')
		must(yajl_gen_map_open(j->g));
	else if (pending == '[')
		must(yajl_gen_array_open(j->g));
}

static void put_string(struct json_out *j, const char *s)
{
	size_t len;
	char *t = clean(s, &len);

	flush(j);
	must(yajl_gen_string(j->g, (const unsigned char *)t, len));
	free(t);
}

static void put_atom(struct json_out *j, const char *s)
{
	flush(j);
	must(yajl_gen_number(j->g, s, strlen(s)));
}

struct json_out *json_out_new(bool pretty)
{
	struct json_out *j = check(calloc(1, sizeof(*j)));

	j->g = check(yajl_gen_alloc(&alloc_funcs));
	if (pretty) {
		yajl_gen_config(j->g, yajl_gen_beautify, 1);
		yajl_gen_config(j->g, yajl_gen_indent_string, "  ");
	}
	return j;
}

char *json_out_finish(struct json_out *j)
{
	const unsigned char *buf;
	size_t len;
	char *text;

	must(yajl_gen_get_buf(j->g, &buf, &len));
	text = check(malloc(len + 1));
	memcpy(text, buf, len);
	text[len] = '\0';
	yajl_gen_free(j->g);
	free(j);
	return text;
}

void json_open_map(struct json_out *j)
{
	flush(j);
	j->pending = '{';
}

void json_close_map(struct json_out *j)
{
	if (j->pending == '{') {
		j->pending = 0;
		put_atom(j, "{}");
		return;
	}
	must(yajl_gen_map_close(j->g));
}

void json_open_array(struct json_out *j)
{
	flush(j);
	j->pending = '[';
}

void json_close_array(struct json_out *j)
{
	if (j->pending == '[') {
		j->pending = 0;
		put_atom(j, "[]");
		return;
	}
	must(yajl_gen_array_close(j->g));
}

void json_key(struct json_out *j, const char *key)
{
	put_string(j, key);
}

void json_string(struct json_out *j, const char *s)
{
	if (s)
		put_string(j, s);
	else
		put_atom(j, "null");
}

void json_int(struct json_out *j, int64_t v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRId64, v);
	put_atom(j, buf);
}

void json_uint(struct json_out *j, uint64_t v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRIu64, v);
	put_atom(j, buf);
}

void json_bool(struct json_out *j, bool v)
{
	put_atom(j, v ? "true" : "false");
}

void json_strings(struct json_out *j, const char *const *list)
{
	json_open_array(j);
	for (; *list; list++)
		json_string(j, *list);
	json_close_array(j);
}

void json_kv_string(struct json_out *j, const char *key, const char *s)
{
	json_key(j, key);
	json_string(j, s);
}

void json_kv_int(struct json_out *j, const char *key, int64_t v)
{
	json_key(j, key);
	json_int(j, v);
}

void json_kv_uint(struct json_out *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_uint(j, v);
}

void json_kv_bool(struct json_out *j, const char *key, bool v)
{
	json_key(j, key);
	json_bool(j, v);
}

void json_kv_strings(struct json_out *j, const char *key, const char *const *list)
{
	json_key(j, key);
	json_strings(j, list);
}
