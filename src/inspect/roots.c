// SPDX-License-Identifier: Apache-2.0
/* roots.c - the state roots on this machine
 *
 * Runs in:  the commands that look at containers.
 *
 * An engine gives each of its runtimes a --root of its own; who looks for a container rarely knows it:
 *
 *   podman, CRI-O            none: the default root, root's or the user's
 *   containerd's shim        /run/containerd/runc/NAMESPACE
 *   Docker                   /run/docker/runtime-NAME/NAMESPACE
 *   rootless ones            the same below the user's runtime directory
 *
 * Below /tmp anybody can make a directory with a name like that, so there the owner has to be the one of the name.
 */
#include "inspect/roots.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/container.h"
#include "container/past.h"
#include "container/stateroot.h"

static const struct {
	const char *pattern;
	const char *user; /* what stands before the owner's number; NULL: root's */
} places[] = {
	{ "/run/sandrun", NULL },
	{ "/run/containerd/runc/*", NULL },
	{ "/run/docker/runtime-*/*", NULL },
	{ "/run/runc", NULL },
	{ "/run/crun", NULL },
	{ "/run/user/*/sandrun", "/run/user/" },
	{ "/run/user/*/containerd/runc/*", "/run/user/" },
	{ "/run/user/*/docker/runtime-*/*", "/run/user/" },
	{ "/run/user/*/runc", "/run/user/" },
	{ "/run/user/*/crun", "/run/user/" },
	{ "/tmp/sandrun-*", "/tmp/sandrun-" },
	{ "/tmp/podman-run-*/sandrun", "/tmp/podman-run-" },
	{ "/tmp/storage-run-*/sandrun", "/tmp/storage-run-" },
};

static void add(char ***v, size_t *n, const char *path)
{
	*v = xrealloc(*v, *n + 1, sizeof(**v));
	(*v)[(*n)++] = xstrdup(path);
}

/* Two names of one directory are one root. */
static bool is_known(const struct roots *r, const struct stat *st)
{
	struct stat other;

	for (size_t i = 0; i < r->n + r->n_past; i++) {
		const char *path = i < r->n ? r->v[i] : r->past[i - r->n];

		if (stat(path, &other) == 0 && other.st_dev == st->st_dev && other.st_ino == st->st_ino)
			return true;
	}
	return false;
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n > m && str_eq(path + n - m, end);
}

static void add_root(struct roots *r, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || is_known(r, &st) || ends_in(path, ".cache"))
		return;
	if (ends_in(path, PAST_SUFFIX))
		add(&r->past, &r->n_past, path);
	else if (access(path, R_OK | X_OK) == 0)
		add(&r->v, &r->n, path);
	else
		add(&r->closed, &r->n_closed, path);
}

/* The owner is root, or the user whose number is in the path. */
static bool is_rightful(const char *path, const char *user)
{
	uint64_t uid = 0;
	struct stat st;

	if (user) {
		const char *number = path + strlen(user);
		autofree char *digits = xstrndup(number, strspn(number, "0123456789"));

		if (str_to_u64(digits, 10, UINT32_MAX, &uid) < 0)
			return false;
	}
	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_uid == uid || st.st_uid == geteuid());
}

static void add_pattern(struct roots *r, const char *pattern, const char *user)
{
	autofree char *past = xasprintf("%s" PAST_SUFFIX, pattern);
	glob_t g = { 0 };

	/* A pattern that ends in "*" finds these by itself. */
	if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0 || g.gl_pathc == 0)
		glob(past, GLOB_NOSORT | (g.gl_pathv ? GLOB_APPEND : 0), NULL, &g);
	if (g.gl_pathv)
		for (size_t i = 0; i < g.gl_pathc; i++)
			if (is_rightful(g.gl_pathv[i], user))
				add_root(r, g.gl_pathv[i]);
	globfree(&g);
}

void roots_find(const char *named, struct roots *out)
{
	autofree char *own = named ? xstrdup(named) : stateroot_path(NULL);
	autofree char *past = xasprintf("%s" PAST_SUFFIX, own);

	*out = (struct roots){ 0 };
	add_root(out, own);
	add_root(out, past);
	for (size_t i = 0; !named && i < ARRAY_SIZE(places); i++)
		add_pattern(out, places[i].pattern, places[i].user);
}

static void free_list(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void roots_free(struct roots *r)
{
	free_list(r->v, r->n);
	free_list(r->closed, r->n_closed);
	free_list(r->past, r->n_past);
	*r = (struct roots){ 0 };
}
