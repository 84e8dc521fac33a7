// SPDX-License-Identifier: Apache-2.0
/* find.c - the containers that somebody means
 *
 * Runs in:  the commands that look at containers.
 *
 * An exact id is one look in each root. Everything else reads every record, 15 µs each, and takes those apart that may be meant. None of
 * the containers is asked anything.
 */
#include "inspect/find.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/container.h"

static struct card *add(struct found *f)
{
	f->v = xrealloc(f->v, f->n + 1, sizeof(*f->v));
	return &f->v[f->n];
}

static void add_present(struct found *f, const char *root, const char *id)
{
	struct card *c = add(f);

	if (card_open(root, id, c, NULL) == 0)
		f->n++;
	else
		card_close(c);
}

static void by_id(const struct roots *roots, const char *id, struct found *f)
{
	for (size_t i = 0; i < roots->n; i++)
		add_present(f, roots->v[i], id);
}

/* A record that cannot have anything to do with @word need not be taken apart: neither has it in it, nor is the engine one that
 * keeps names elsewhere (podman's and Docker's bundles are known by their paths). */
static bool may_match(int root, const char *id, const char *word)
{
	autofree char *path = xasprintf("%s/" CONTAINER_RECORD, id);
	autofd fd = strstr(id, word) ? -1 : card_open_file(root, path);
	char text[16384];
	ssize_t n;

	if (fd < 0)
		return true;
	n = fd_read_all(fd, text, sizeof(text));
	if (n < 0 || n == (ssize_t)sizeof(text))
		return true;
	return memmem(text, (size_t)n, word, strlen(word)) || memmem(text, (size_t)n, "-containers/", 12) ||
	       memmem(text, (size_t)n, "/moby/", 6) || strpbrk(word, "/\\\"");
}

/* All, or those that may be meant by @word. */
static void every_one(const struct roots *roots, const char *word, struct names_cache *cache, struct found *f)
{
	for (size_t i = 0; i < roots->n; i++) {
		autofd root = open(roots->v[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char **ids = NULL;
		size_t n = 0;

		(void)container_list_ids(roots->v[i], &ids, &n, NULL);
		f->looked_at += n;
		for (size_t k = 0; k < n; k++) {
			if (!word || may_match(root, ids[k], word))
				add_present(f, roots->v[i], ids[k]);
			free(ids[k]);
		}
		free(ids);
	}
	for (size_t i = 0; i < f->n; i++)
		card_name(&f->v[i], cache);
}

static void every_past_one(const struct roots *roots, struct found *f)
{
	for (size_t i = 0; i < roots->n_past; i++) {
		DIR *d = opendir(roots->past[i]);
		struct dirent *de;

		while (d && (de = readdir(d))) {
			size_t len = strlen(de->d_name);
			struct card *c;

			if (len < 7 || !str_eq(de->d_name + len - 6, ".jsonl"))
				continue;
			c = add(f);
			if (card_open_past(roots->past[i], de->d_name, c, NULL) == 0)
				f->n++;
			else
				card_close(c);
		}
		if (d)
			closedir(d);
	}
}

static bool is_text(const char *have, const char *word)
{
	return have && str_eq(have, word);
}

/* "NAMESPACE/POD" or "NAMESPACE/POD/NAME", too. */
static bool is_path(const struct card *c, const char *word, bool whole)
{
	autofree char *path = xasprintf("%s/%s%s%s", c->names.pod_namespace ? c->names.pod_namespace : "",
					c->names.pod ? c->names.pod : "", whole ? "/" : "",
					whole && c->names.name ? c->names.name : "");

	return c->names.pod && str_eq(path, word);
}

static bool matches(const struct card *c, const char *word, int by)
{
	switch (by) {
	case FOUND_ID:
		return str_eq(c->id, word);
	case FOUND_NAME:
		return is_text(c->names.name, word) || is_path(c, word, true);
	case FOUND_POD:
		return is_text(c->names.pod, word) || is_path(c, word, false);
	case FOUND_PREFIX:
		return str_starts(c->id, word);
	default:
		return false;
	}
}

/* Keeps those that @word means, by the first way that finds any. */
static void keep_matching(struct found *f, const char *word)
{
	for (int by = FOUND_ID; by <= FOUND_PREFIX; by++) {
		size_t kept = 0;
		bool any = false;

		for (size_t i = 0; i < f->n; i++)
			any = any || matches(&f->v[i], word, by);
		if (!any && by < FOUND_PREFIX)
			continue;
		for (size_t i = 0; i < f->n; i++) {
			if (matches(&f->v[i], word, by))
				f->v[kept++] = f->v[i];
			else
				card_close(&f->v[i]);
		}
		f->n = kept;
		f->by = by;
		return;
	}
}

static void by_word(const struct roots *roots, const char *word, bool past, struct names_cache *cache, struct found *out)
{
	every_one(roots, word, cache, out);
	if (past)
		every_past_one(roots, out);
	if (word)
		keep_matching(out, word);
}

void find_containers(const struct roots *roots, const char *word, enum find_past past, struct found *out)
{
	struct names_cache cache = { 0 };

	*out = (struct found){ .by = FOUND_ALL };
	if (word && past != FIND_PAST)
		by_id(roots, word, out);
	for (size_t i = 0; i < out->n; i++)
		card_name(&out->v[i], &cache);
	if (out->n)
		out->by = FOUND_ID;
	else
		by_word(roots, word, past == FIND_PAST, &cache, out);
	if (!out->n && word && past == FIND_PAST_IF_NONE) {
		every_past_one(roots, out);
		keep_matching(out, word);
	}
	names_cache_free(&cache);
}

void find_free(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		card_close(&f->v[i]);
	free(f->v);
	*f = (struct found){ 0 };
}
