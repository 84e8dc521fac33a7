// SPDX-License-Identifier: Apache-2.0
/* walk.c - visit a cgroup and everything below it
 *
 * Owns:     the walk. A container that owns its cgroup may have made a tree of any depth and may
 *           be changing it: one descriptor is open at a time (the way back is ".."), and no path
 *           is put together.
 * Runs in:  kill, ps, delete.
 */
#include "cgroup/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

struct level {
	char **names; /* directories that are still to be visited; the last one is the next */
	size_t n;
};

static void level_free(struct level *l)
{
	while (l->n > 0)
		free(l->names[--l->n]);
	free(l->names);
	l->names = NULL;
}

static int level_read(int dir, struct level *l)
{
	struct stat st;
	struct dirent *de;
	int fd;
	DIR *d;

	*l = (struct level){ 0 };
	/* Two links: itself from above and ".": no directories below. Saves reading fifty names of
	 * files. */
	if (fstat(dir, &st) == 0 && st.st_nlink == 2)
		return 0;
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	d = fdopendir(fd);
	if (!d) {
		fd_close(&fd);
		return -1;
	}
	while ((de = readdir(d))) {
		if (de->d_type != DT_DIR || str_eq(de->d_name, ".") || str_eq(de->d_name, ".."))
			continue;
		l->names = xrealloc(l->names, l->n + 1, sizeof(*l->names));
		l->names[l->n++] = xstrdup(de->d_name);
	}
	closedir(d);
	return 0;
}

struct walk {
	struct level *v;
	size_t n;
	int cur;
	int (*pre)(int dir, void *arg);
	int (*post)(int parent, const char *name, void *arg);
	void *arg;
};

static int enter(struct walk *w, int fd)
{
	struct level l;
	int r = w->pre ? w->pre(fd, w->arg) : 0;

	fd_close(&w->cur);
	w->cur = fd;
	if (r == 0)
		r = level_read(fd, &l);
	if (r != 0)
		return r;
	w->v = xrealloc(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = l;
	return 0;
}

static char *next_name(struct walk *w)
{
	struct level *l = &w->v[w->n - 1];

	return l->n ? l->names[l->n - 1] : NULL;
}

static void drop_name(struct walk *w)
{
	struct level *l = &w->v[w->n - 1];

	free(l->names[--l->n]);
}

static int leave(struct walk *w)
{
	int up, r = 0;

	level_free(&w->v[--w->n]);
	if (w->n == 0)
		return 0;
	up = openat(w->cur, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return -1;
	fd_close(&w->cur);
	w->cur = up;
	if (w->post)
		r = w->post(up, next_name(w), w->arg);
	drop_name(w);
	return r;
}

static int step(struct walk *w)
{
	const char *name = next_name(w);
	int fd;

	if (!name)
		return leave(w);
	fd = openat(w->cur, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		return enter(w, fd);
	if (errno != ENOENT && errno != ENODEV)
		return -1;
	drop_name(w);
	return 0;
}

int cg_walk(const char *top, int (*pre)(int dir, void *arg),
	    int (*post)(int parent, const char *name, void *arg), void *arg)
{
	struct walk w = { .cur = -1, .pre = pre, .post = post, .arg = arg };
	int fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r, saved;

	if (fd < 0)
		return -1;
	r = enter(&w, fd);
	while (r == 0 && w.n > 0)
		r = step(&w);
	saved = errno;
	while (w.n > 0)
		level_free(&w.v[--w.n]);
	free(w.v);
	fd_close(&w.cur);
	errno = saved;
	return r;
}
