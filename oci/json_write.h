// SPDX-License-Identifier: Apache-2.0
/* json_write.h - building a JSON text, a thin layer over yajl_gen that never emits invalid UTF-8
 *
 * struct json_out *j = json_out_new(pretty); json_open_map(j); json_key(j, "id"); json_string(j, id); … json_close_map(j);
 * text = json_out_finish(j);   // frees j; the text is the caller's
 *
 * Strings are NUL-terminated; a byte that is no UTF-8 comes out as U+FFFD. When memory is gone the process ends.
 */
#ifndef OCI_JSON_WRITE_H
#define OCI_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_out;

/* Never NULL. @pretty: for people, with line breaks. */
struct json_out *json_out_new(bool pretty);
/* Ends the text and frees @j. The text is heap, the caller's. */
char *json_out_finish(struct json_out *j);
void json_open_map(struct json_out *j);
void json_close_map(struct json_out *j);
void json_open_array(struct json_out *j);
void json_close_array(struct json_out *j);
void json_key(struct json_out *j, const char *key);
void json_string(struct json_out *j, const char *s); /* NULL is written as null */
void json_int(struct json_out *j, int64_t v);
void json_uint(struct json_out *j, uint64_t v);
void json_bool(struct json_out *j, bool v);
void json_strings(struct json_out *j, const char *const *list); /* an array; @list ends with NULL */
/* key and value at once */
void json_kv_string(struct json_out *j, const char *key, const char *s);
void json_kv_int(struct json_out *j, const char *key, int64_t v);
void json_kv_uint(struct json_out *j, const char *key, uint64_t v);
void json_kv_bool(struct json_out *j, const char *key, bool v);
void json_kv_strings(struct json_out *j, const char *key, const char *const *list);

#endif
