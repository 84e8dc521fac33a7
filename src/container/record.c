// SPDX-License-Identifier: Apache-2.0
/* record.c - record.json: what a later command has to know of a container
 *
 * Owns:     the table of its fields, which feeds reading, writing and freeing.
 * Must not: decide anything by them.
 * Runs in:  the commands.
 */
#include "container/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#include "base/file.h"
#include "base/str.h"
#include "oci/json_write.h"

#define RECORD_MAX (32 * 1024 * 1024) /* it has the annotations of a config.json, which may be 16 MiB */

enum record_type {
	RECORD_FLAG, /* bool */
	RECORD_PID,  /* pid_t */
	RECORD_TIME, /* uint64_t */
	RECORD_TEXT, /* char *, heap; NULL is left out */
};

#define AT(member) offsetof(struct container, member)
static const struct record_field {
	const char *key;
	enum record_type type;
	size_t at;
} fields[] = {
	{ "creating", RECORD_FLAG, AT(creating) },
	{ "bpf", RECORD_FLAG, AT(bpf) },
	{ "foreign", RECORD_FLAG, AT(foreign) },
	{ "cgroupPlanned", RECORD_FLAG, AT(cgroup_planned) },
	{ "privatePid", RECORD_FLAG, AT(private_pid) },
	{ "poststart", RECORD_FLAG, AT(poststart) },
	{ "poststop", RECORD_FLAG, AT(poststop) },
	{ "pid", RECORD_PID, AT(pid) },
	{ "startTime", RECORD_TIME, AT(start_time) },
	{ "bundle", RECORD_TEXT, AT(bundle) },
	{ "rootfs", RECORD_TEXT, AT(rootfs) },
	{ "created", RECORD_TEXT, AT(created) },
	{ "owner", RECORD_TEXT, AT(owner) },
	{ "cgroup", RECORD_TEXT, AT(cgroup) },
	{ "rdt", RECORD_TEXT, AT(rdt) },
	{ "supervisorPid", RECORD_PID, AT(supervisor_pid) },
	{ "supervisorStartTime", RECORD_TIME, AT(supervisor_start_time) },
	{ "enforcement", RECORD_TEXT, AT(enforcement) },
	{ "stdin", RECORD_TEXT, AT(stdio[0]) },
	{ "stdout", RECORD_TEXT, AT(stdio[1]) },
	{ "stderr", RECORD_TEXT, AT(stdio[2]) },
};

/* --- reading ------------------------------------------------------------------------------------------------ */

static yajl_val find(yajl_val tree, const char *key, yajl_type type)
{
	const char *path[] = { key, NULL };

	return yajl_tree_get(tree, path, type);
}

static void read_field(const struct record_field *f, yajl_val tree, void *at)
{
	yajl_val text = find(tree, f->key, yajl_t_string);
	yajl_val number = find(tree, f->key, yajl_t_number);
	uint64_t v = number ? strtoull(YAJL_GET_NUMBER(number), NULL, 10) : 0;

	switch (f->type) {
	case RECORD_FLAG:
		*(bool *)at = find(tree, f->key, yajl_t_true) != NULL;
		break;
	case RECORD_PID:
		*(pid_t *)at = (pid_t)v;
		break;
	case RECORD_TIME:
		*(uint64_t *)at = v;
		break;
	case RECORD_TEXT:
		*(char **)at = text ? xstrdup(YAJL_GET_STRING(text)) : NULL;
		break;
	}
}

static void read_annotations(struct container *c, yajl_val tree)
{
	yajl_val v = find(tree, "annotations", yajl_t_object);

	if (!v)
		return;
	c->annotations.v = xcalloc(v->u.object.len, sizeof(*c->annotations.v));
	for (size_t i = 0; i < v->u.object.len; i++) {
		if (!YAJL_IS_STRING(v->u.object.values[i]))
			continue;
		c->annotations.v[c->annotations.n].key = xstrdup(v->u.object.keys[i]);
		c->annotations.v[c->annotations.n++].value = xstrdup(YAJL_GET_STRING(v->u.object.values[i]));
	}
}

int record_read(struct container *c, struct err *e)
{
	autofree char *text = NULL;
	char why[256] = "";
	yajl_val tree;

	if (faccessat(c->dirfd, CONTAINER_RECORD, F_OK, 0) < 0 && errno == ENOENT) {
		c->creating = true;
		return 0;
	}
	if (file_read(c->dirfd, CONTAINER_RECORD, RECORD_MAX, &text, NULL, e) < 0)
		return err_prefix(e, "container %s", c->id);
	tree = yajl_tree_parse(text, why, sizeof(why));
	if (!tree)
		return err_msg(e, "container %s: its record is damaged: %s", c->id, why);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		read_field(&fields[i], tree, (char *)c + fields[i].at);
	read_annotations(c, tree);
	yajl_tree_free(tree);
	return 0;
}

/* --- writing ------------------------------------------------------------------------------------------------ */

static void write_field(const struct record_field *f, const void *at, struct json_out *j)
{
	switch (f->type) {
	case RECORD_FLAG:
		json_kv_bool(j, f->key, *(const bool *)at);
		break;
	case RECORD_PID:
		json_kv_int(j, f->key, *(const pid_t *)at);
		break;
	case RECORD_TIME:
		json_kv_uint(j, f->key, *(const uint64_t *)at);
		break;
	case RECORD_TEXT:
		if (*(char *const *)at)
			json_kv_string(j, f->key, *(char *const *)at);
		break;
	}
}

int container_save(const struct container *c, struct err *e)
{
	struct json_out *j = json_out_new(false);
	autofree char *text = NULL;

	json_open_map(j);
	json_kv_string(j, "id", c->id);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		write_field(&fields[i], (const char *)c + fields[i].at, j);
	json_key(j, "annotations");
	json_open_map(j);
	for (size_t i = 0; i < c->annotations.n; i++)
		json_kv_string(j, c->annotations.v[i].key, c->annotations.v[i].value);
	json_close_map(j);
	json_close_map(j);
	text = json_out_finish(j);
	return file_replace(c->dirfd, CONTAINER_RECORD, text, strlen(text), 0600, e);
}

void record_free(struct container *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].type == RECORD_TEXT)
			free(*(char **)((char *)c + fields[i].at));
	for (size_t i = 0; i < c->annotations.n; i++) {
		free(c->annotations.v[i].key);
		free(c->annotations.v[i].value);
	}
	free(c->annotations.v);
}
