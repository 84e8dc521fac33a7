// SPDX-License-Identifier: Apache-2.0
/* past.c - what was refused to a container, kept for a while after its removal
 *
 * Runs in:  delete.
 *
 * A file is ID@MILLISECONDS.jsonl: ids come again. Its first line is the head, an object with "past": whose refusals these are. The
 * directory is bounded by the number of files, each by its size; the oldest goes first.
 */
#include "container/past.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "container/names.h"
#include "oci/json_write.h"

#define LINES_MAX (4 * 1024 * 1024) /* of a denied.jsonl; the supervisor keeps it below 1 MiB */
#define ANNOTATIONS_MAX (16 * 1024)

/* The last @max bytes of @name, from a line's beginning on. NULL: nothing. */
static char *read_tail(int dirfd, const char *name, size_t max)
{
	autofree char *text = NULL;
	size_t len = 0, from;

	if (file_read_regular(dirfd, name, LINES_MAX, &text, &len, NULL) < 0 || !len)
		return NULL;
	from = len > max ? len - max : 0;
	while (from > 0 && from < len && text[from - 1] != '\n')
		from++;
	return from < len ? xstrdup(text + from) : NULL;
}

static size_t annotations_size(const struct oci_map *m)
{
	size_t size = 0;

	for (size_t i = 0; i < m->n; i++)
		size += strlen(m->v[i].key) + strlen(m->v[i].value);
	return size;
}

static char *write_head(const struct container *c)
{
	struct names_cache cache = { 0 };
	struct names names;
	struct json_out *j = json_out_new(false);
	bool whole = annotations_size(&c->annotations) <= ANNOTATIONS_MAX;

	names_find(&(struct names_about){ c->id, c->bundle, c->dirfd, &c->annotations }, &cache, &names);
	names_cache_free(&cache);
	json_open_map(j);
	json_kv_bool(j, "past", true);
	json_kv_string(j, "container", c->id);
	json_kv_string(j, "root", c->root);
	if (names.engine)
		json_kv_string(j, "engine", names.engine);
	names_write(&names, j);
	if (c->bundle)
		json_kv_string(j, "bundle", c->bundle);
	if (c->created)
		json_kv_string(j, "created", c->created);
	json_kv_uint(j, "removed", (uint64_t)time(NULL));
	json_key(j, "annotations");
	json_open_map(j);
	for (size_t i = 0; i < c->annotations.n; i++)
		if (whole || str_starts(c->annotations.v[i].key, "io.sandlock."))
			json_kv_string(j, c->annotations.v[i].key, c->annotations.v[i].value);
	json_close_map(j);
	json_close_map(j);
	names_free(&names);
	return json_out_finish(j);
}

static bool is_ours(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && str_eq(name + n - 6, ".jsonl") && strchr(name, '@');
}

/* Makes room for one more. */
static void drop_oldest(int dir)
{
	autofree char *oldest = NULL;
	struct timespec least = { 0 };
	struct dirent *de;
	size_t n = 0;
	DIR *d = fdopendir(dup(dir));

	while (d && (de = readdir(d))) {
		struct stat st;

		if (!is_ours(de->d_name) || fstatat(dir, de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n++;
		if (oldest && (st.st_mtim.tv_sec > least.tv_sec ||
			       (st.st_mtim.tv_sec == least.tv_sec && st.st_mtim.tv_nsec >= least.tv_nsec)))
			continue;
		free(oldest);
		oldest = xstrdup(de->d_name);
		least = st.st_mtim;
	}
	if (d)
		closedir(d);
	if (n >= PAST_FILES_MAX && oldest)
		unlinkat(dir, oldest, 0);
}

/* The directory, made if need be; it has to be this user's. */
static int open_dir(const char *root)
{
	autofree char *path = xasprintf("%s" PAST_SUFFIX, root);
	autofd dir = -1;
	struct stat st;

	mkdir(path, 0700);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid())
		return -1;
	return fd_steal(&dir);
}

void past_keep(const struct container *c)
{
	autofree char *newer = NULL, *older = NULL, *head = NULL, *text = NULL, *name = NULL;
	struct timespec now;
	autofd dir = -1;
	size_t room;

	newer = read_tail(c->dirfd, "denied.jsonl", PAST_BYTES_MAX);
	if (!newer)
		return;
	room = PAST_BYTES_MAX - strlen(newer);
	older = room ? read_tail(c->dirfd, "denied.jsonl.1", room) : NULL;
	dir = open_dir(c->root);
	if (dir < 0)
		return;
	drop_oldest(dir);
	head = write_head(c);
	text = xasprintf("%s\n%s%s", head, older ? older : "", newer);
	clock_gettime(CLOCK_REALTIME, &now);
	name = xasprintf("%.180s@%lld%03ld.jsonl", c->id, (long long)now.tv_sec, now.tv_nsec / 1000000);
	(void)file_replace(dir, name, text, strlen(text), 0600, NULL);
}
