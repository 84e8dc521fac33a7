// SPDX-License-Identifier: Apache-2.0
/* card.c - a container as somebody sees it who looks through every state root
 *
 * Runs in:  the commands that look at containers.
 */
#include "inspect/card.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/container.h"
#include "oci/json_tree.h"

#define RECORD_MAX (4 * 1024 * 1024)
#define HEAD_MAX (256 * 1024)

int card_open_file(int dir, const char *name)
{
	autofd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return fd_steal(&fd);
}

char *card_read_file(int dir, const char *name, size_t max, size_t *len)
{
	autofd fd = card_open_file(dir, name);
	autofree char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || (uint64_t)st.st_size > max)
		return NULL;
	text = xcalloc((size_t)st.st_size + 1, 1);
	n = fd_read_all(fd, text, (size_t)st.st_size);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	*len = (size_t)n;
	return steal_ptr(&text);
}

const struct json_node *card_member(const struct json_node *n, const char *key)
{
	if (!n || n->type != JSON_OBJECT)
		return NULL;
	for (const struct json_node *m = n->first; m; m = m->next)
		if (str_eq(m->key, key))
			return m;
	return NULL;
}

const char *card_string(const struct json_node *n, const char *key)
{
	const struct json_node *m = card_member(n, key);

	return m && m->type == JSON_STRING ? m->text : NULL;
}

uint64_t card_number(const struct json_node *n, const char *key)
{
	const struct json_node *m = card_member(n, key);
	uint64_t v = 0;

	return m && m->type == JSON_NUMBER && str_to_u64(m->text, 10, UINT64_MAX, &v) == 0 ? v : 0;
}

static char *take_string(const struct json_node *n, const char *key)
{
	const char *s = card_string(n, key);

	return s ? xstrdup(s) : NULL;
}

static void take_annotations(struct card *c, const struct json_node *n)
{
	const struct json_node *map = card_member(n, "annotations");

	if (!map || map->type != JSON_OBJECT)
		return;
	c->annotations.v = xcalloc(map->len, sizeof(*c->annotations.v));
	for (const struct json_node *m = map->first; m; m = m->next)
		if (m->type == JSON_STRING)
			c->annotations.v[c->annotations.n++] = (struct oci_pair){ xstrdup(m->key), xstrdup(m->text) };
}

static void take_record(struct card *c, const struct json_node *n)
{
	c->whole = true;
	c->pid = (pid_t)card_number(n, "pid");
	c->start_time = card_number(n, "startTime");
	c->bundle = take_string(n, "bundle");
	c->created = take_string(n, "created");
	c->enforcement = take_string(n, "enforcement");
	take_annotations(c, n);
}

static struct json_tree *parse(const char *text, size_t len)
{
	char why[128];

	return json_tree_parse(text, len, why, sizeof(why));
}

int card_open(const char *root, const char *id, struct card *out, struct err *e)
{
	autofree char *path = xasprintf("%s/%s", root, id), *text = NULL;
	struct json_tree *tree = NULL;
	size_t len = 0;

	*out = (struct card){ .root = xstrdup(root), .id = xstrdup(id), .dir = -1 };
	if (container_check_id(id, e) < 0)
		return -1;
	out->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (out->dir < 0)
		return err_sys(e, "open the state directory %s", path);
	/* Other runtimes' containers may be in the same root. */
	if (faccessat(out->dir, "lock", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return err_text(e, ENOENT, "container does not exist: %s", id);
	text = card_read_file(out->dir, CONTAINER_RECORD, RECORD_MAX, &len);
	tree = text ? parse(text, len) : NULL;
	if (tree)
		take_record(out, json_tree_root(tree));
	json_tree_free(tree);
	return 0;
}

static void take_past(struct card *c, const struct json_node *n)
{
	take_record(c, n);
	free(c->id);
	free(c->root);
	c->id = take_string(n, "container");
	c->root = take_string(n, "root");
	c->names = (struct names){ .name = take_string(n, "name"), .pod = take_string(n, "pod"),
				   .pod_namespace = take_string(n, "podNamespace"), .image = take_string(n, "image") };
	c->named = true;
	c->pid = 0;
	/* Only containers with a policy have a record of refusals. */
	c->enforcement = c->enforcement ? c->enforcement : xstrdup("");
}

int card_open_past(const char *past, const char *name, struct card *out, struct err *e)
{
	char head[HEAD_MAX + 1];
	struct json_tree *tree;
	autofd file = -1;
	ssize_t n;
	char *end;

	*out = (struct card){ .dir = open(past, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), .past = xstrdup(name) };
	file = out->dir < 0 ? -1 : card_open_file(out->dir, name);
	n = file < 0 ? -1 : fd_read_all(file, head, HEAD_MAX);
	if (n < 0)
		return err_sys(e, "read %s/%s", past, name);
	head[n] = '\0';
	end = strchr(head, '\n');
	tree = end ? parse(head, (size_t)(end - head)) : NULL;
	if (tree)
		take_past(out, json_tree_root(tree));
	json_tree_free(tree);
	if (!out->id || !out->root)
		return err_text(e, EINVAL, "%s/%s: it does not begin as sandrun writes it", past, name);
	return 0;
}

void card_name(struct card *c, struct names_cache *cache)
{
	if (!c->named)
		names_find(&(struct names_about){ c->id, c->bundle, c->dir, &c->annotations }, cache, &c->names);
	c->named = true;
}

void card_close(struct card *c)
{
	fd_close(&c->dir);
	free(c->root);
	free(c->id);
	free(c->past);
	free(c->bundle);
	free(c->created);
	free(c->enforcement);
	for (size_t i = 0; i < c->annotations.n; i++) {
		free(c->annotations.v[i].key);
		free(c->annotations.v[i].value);
	}
	free(c->annotations.v);
	names_free(&c->names);
	*c = (struct card){ .dir = -1 };
}

const char *card_short_id(const char *id, char buf[CARD_SHORT])
{
	size_t n = strlen(id);

	if (n != 64 || strspn(id, "0123456789abcdef") != n)
		return id;
	snprintf(buf, CARD_SHORT, "%.12s", id);
	return buf;
}

char *card_title(const struct card *c)
{
	char buf[CARD_SHORT];

	if (c->names.pod)
		return xasprintf("%s%s%s/%s", c->names.pod_namespace ? c->names.pod_namespace : "",
				 c->names.pod_namespace ? "/" : "", c->names.pod, c->names.name ? c->names.name : "?");
	return xstrdup(c->names.name ? c->names.name : card_short_id(c->id, buf));
}

bool card_is_alive(const struct card *c)
{
	return c->pid > 0 && container_start_time(c->pid) == c->start_time;
}
