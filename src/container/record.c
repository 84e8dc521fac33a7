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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "oci/json_tree.h"
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
	{ "wall", RECORD_FLAG, AT(wall) },
	{ "wallPath", RECORD_TEXT, AT(wall_path) },
	{ "foreign", RECORD_FLAG, AT(foreign) },
	{ "tcpFromOutside", RECORD_FLAG, AT(tcp_from_outside) },
	{ "links", RECORD_FLAG, AT(links) },
	{ "cgroupPlanned", RECORD_FLAG, AT(cgroup_planned) },
	{ "privatePid", RECORD_FLAG, AT(private_pid) },
	{ "callersKeyring", RECORD_FLAG, AT(callers_keyring) },
	{ "startContainer", RECORD_FLAG, AT(start_hooks) },
	{ "poststart", RECORD_FLAG, AT(poststart) },
	{ "poststop", RECORD_FLAG, AT(poststop) },
	{ "pid", RECORD_PID, AT(pid) },
	{ "startTime", RECORD_TIME, AT(start_time) },
	{ "bundle", RECORD_TEXT, AT(bundle) },
	{ "rootfs", RECORD_TEXT, AT(rootfs) },
	{ "namespaces", RECORD_TEXT, AT(namespaces) },
	{ "root", RECORD_TEXT, AT(root_note) },
	{ "created", RECORD_TEXT, AT(created) },
	{ "owner", RECORD_TEXT, AT(owner) },
	{ "cgroup", RECORD_TEXT, AT(cgroup) },
	{ "rdt", RECORD_TEXT, AT(rdt) },
	{ "supervisorPid", RECORD_PID, AT(supervisor_pid) },
	{ "supervisorStartTime", RECORD_TIME, AT(supervisor_start_time) },
	{ "enforcement", RECORD_TEXT, AT(enforcement) },
	{ "policyFiles", RECORD_TEXT, AT(policy_files) },
	{ "policySources", RECORD_TEXT, AT(policy_sources) },
	{ "stdin", RECORD_TEXT, AT(stdio[0]) },
	{ "stdout", RECORD_TEXT, AT(stdio[1]) },
	{ "stderr", RECORD_TEXT, AT(stdio[2]) },
};

/* --- reading ------------------------------------------------------------------------------------------------ */

static const struct record_field *find_field(const struct json_node *n)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (strlen(fields[i].key) == n->key_len && memcmp(fields[i].key, n->key, n->key_len) == 0)
			return &fields[i];
	return NULL;
}

/* False: it is of another type than container_save() writes. */
static bool read_field(enum record_type type, const struct json_node *n, void *at)
{
	uint64_t v;

	switch (type) {
	case RECORD_FLAG:
		*(bool *)at = n->truth;
		return n->type == JSON_BOOL;
	case RECORD_PID:
		if (n->type != JSON_NUMBER || str_to_u64(n->text, 10, INT32_MAX, &v) < 0)
			return false;
		*(pid_t *)at = (pid_t)v;
		return true;
	case RECORD_TIME:
		return n->type == JSON_NUMBER && str_to_u64(n->text, 10, UINT64_MAX, at) == 0;
	case RECORD_TEXT:
		if (n->type != JSON_STRING || strlen(n->text) != n->len)
			return false;
		free(*(char **)at);
		*(char **)at = xstrdup(n->text);
		return true;
	}
	return false;
}

static bool read_annotations(struct container *c, const struct json_node *list)
{
	if (list->type != JSON_OBJECT || c->annotations.v)
		return false;
	c->annotations.v = xcalloc(list->len, sizeof(*c->annotations.v));
	for (const struct json_node *n = list->first; n; n = n->next) {
		if (n->type != JSON_STRING)
			return false;
		c->annotations.v[c->annotations.n].key = xstrdup(n->key);
		c->annotations.v[c->annotations.n++].value = xstrdup(n->text);
	}
	return true;
}

static bool read_member(struct container *c, const struct json_node *n, bool *named)
{
	const struct record_field *f = find_field(n);

	if (f)
		return read_field(f->type, n, (char *)c + f->at);
	if (str_eq(n->key, "annotations"))
		return read_annotations(c, n);
	if (str_eq(n->key, "id"))
		*named = n->type == JSON_STRING && str_eq(n->text, c->id);
	return true; /* of a later version's */
}

/* Whole or not at all: half of a record would lose a process or a cgroup without a word. */
static bool read_members(struct container *c, const struct json_node *root, char *why, size_t size)
{
	bool named = false;

	if (root->type != JSON_OBJECT) {
		snprintf(why, size, "it is not an object");
		return false;
	}
	for (const struct json_node *n = root->first; n; n = n->next) {
		if (!read_member(c, n, &named)) {
			snprintf(why, size, "\"%.60s\" is of another type", n->key);
			return false;
		}
	}
	if (!named)
		snprintf(why, size, "it does not name this container");
	return named;
}

static void forget(struct container *c)
{
	record_free(c);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].type == RECORD_TEXT)
			*(char **)((char *)c + fields[i].at) = NULL;
	c->annotations = (struct oci_map){ 0 };
}

static int read_file(struct container *c, const char *name, struct err *e)
{
	autofree char *text = NULL;
	char why[256] = "";
	struct json_tree *tree;
	struct err failed;
	size_t len;
	bool whole;

	if (file_read_regular(c->dirfd, name, RECORD_MAX, &text, &len, &failed) < 0)
		return err_text(e, EBADMSG, "container %s: its record: %s", c->id, failed.msg);
	tree = json_tree_parse(text, len, why, sizeof(why));
	whole = tree && read_members(c, json_tree_root(tree), why, sizeof(why));
	json_tree_free(tree);
	if (whole)
		return 0;
	forget(c);
	return err_text(e, EBADMSG, "container %s: its record is damaged: %s (\"delete --force\" removes the container)", c->id, why);
}

int record_read(struct container *c, struct err *e)
{
	if (faccessat(c->dirfd, CONTAINER_RECORD, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) {
		c->creating = true;
		return 0;
	}
	return read_file(c, CONTAINER_RECORD, e);
}

int record_read_copy(struct container *c, struct err *e)
{
	return read_file(c, CONTAINER_RECORD_COPY, e);
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
	if (file_replace(c->dirfd, CONTAINER_RECORD, text, strlen(text), 0600, e) < 0)
		return -1;
	/* While it is being made, create itself knows what there is. */
	return c->creating ? 0 : file_replace(c->dirfd, CONTAINER_RECORD_COPY, text, strlen(text), 0600, e);
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
