// SPDX-License-Identifier: Apache-2.0
/* follow.c - refusals as they come
 *
 * Runs in:  denied --follow, events --denied.
 *
 * Each state directory is watched for changes of its denied.jsonl, each root for new directories. What an event says beyond "look
 * again" is not believed. When the supervisor begins a new file, the rest of the old one, which is still open here, is read first.
 */
#include "inspect/follow.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/container.h"

#define LINE_MAX_BYTES 8192
#define LOOK_MS 1000 /* how often the end of a container is looked for */
#define DIR_EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR)

struct follow_one {
	struct card card;
	int watch; /* -1: ended */
	int file;  /* -1: none yet */
	bool ending; /* seen dead: once more, and that is all */
	char *rest; /* a line that has no end yet */
	size_t rest_len;
};

struct follow {
	const struct follow_request *q;
	struct follow_one *v;
	size_t n;
	int inotify;
	int *root_watches; /* as q->roots */
	struct names_cache names;
	bool over;
};

/* --- lines ------------------------------------------------------------------------------------------------------------ */

static void take_line(struct follow *f, struct follow_one *o, char *line, int64_t since)
{
	struct refusal r;

	if (refusal_parse(line, strlen(line), &r) < 0)
		return;
	if (!o->card.named)
		card_name(&o->card, &f->names);
	if (r.when >= since && f->q->each(&o->card, &r, line, f->q->ctx) < 0)
		f->over = true;
	refusal_free(&r);
}

static void take_bytes(struct follow *f, struct follow_one *o, const char *buf, size_t n, int64_t since)
{
	for (size_t i = 0; i < n && !f->over; i++) {
		if (buf[i] != '\n') {
			/* No line of ours is as long: whoever wrote it, it is left out. */
			if (o->rest_len < LINE_MAX_BYTES)
				o->rest[o->rest_len++] = buf[i];
			continue;
		}
		o->rest[o->rest_len] = '\0';
		if (o->rest_len < LINE_MAX_BYTES)
			take_line(f, o, o->rest, since);
		o->rest_len = 0;
	}
}

static void read_on(struct follow *f, struct follow_one *o, int64_t since)
{
	char buf[65536];
	ssize_t n;

	while (o->file >= 0 && !f->over && (n = read(o->file, buf, sizeof(buf))) > 0)
		take_bytes(f, o, buf, (size_t)n, since);
}

static bool is_replaced(const struct follow_one *o)
{
	struct stat mine, there;

	return o->file >= 0 && fstat(o->file, &mine) == 0 && fstatat(o->card.dir, "denied.jsonl", &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (mine.st_ino != there.st_ino || mine.st_dev != there.st_dev);
}

static void look(struct follow *f, struct follow_one *o, int64_t since)
{
	read_on(f, o, since);
	if (is_replaced(o)) {
		read_on(f, o, since); /* what came between the two looks */
		fd_close(&o->file);
	}
	if (o->file < 0) {
		o->file = card_open_file(o->card.dir, "denied.jsonl");
		read_on(f, o, since);
	}
}

/* --- containers ------------------------------------------------------------------------------------------------------- */

static void add_one(struct follow *f, struct card *c, int64_t since)
{
	autofree char *path = xasprintf("/proc/self/fd/%d", c->dir);
	struct follow_one *o;

	f->v = xrealloc(f->v, f->n + 1, sizeof(*f->v));
	o = &f->v[f->n++];
	*o = (struct follow_one){ .card = *c, .file = -1, .rest = xcalloc(LINE_MAX_BYTES + 1, 1) };
	*c = (struct card){ .dir = -1 };
	o->watch = inotify_add_watch(f->inotify, path, DIR_EVENTS);
	/* Older refusals may be in the file before. */
	if (since != INT64_MAX && since != INT64_MIN) {
		o->file = card_open_file(o->card.dir, "denied.jsonl.1");
		read_on(f, o, since);
		fd_close(&o->file);
	}
	look(f, o, since);
}

static void new_container(struct follow *f, const char *root, const char *id)
{
	struct card c;

	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].watch >= 0 && str_eq(f->v[i].card.id, id) && str_eq(f->v[i].card.root, root))
			return;
	/* Too early for its record: it is read when there is something to tell. */
	if (card_open(root, id, &c, NULL) < 0 && c.dir < 0) {
		card_close(&c);
		return;
	}
	add_one(f, &c, INT64_MIN);
}

static void end_one(struct follow *f, struct follow_one *o)
{
	if (o->watch >= 0)
		inotify_rm_watch(f->inotify, o->watch);
	o->watch = -1;
	fd_close(&o->file);
	free(o->rest);
	o->rest = NULL;
	card_close(&o->card);
}

static bool is_removed(const struct follow_one *o)
{
	struct stat st;

	return fstat(o->card.dir, &st) == 0 && st.st_nlink == 0;
}

/* A record that was not there at first. */
static void read_again(struct follow_one *o)
{
	struct card c;

	if (o->card.whole && o->card.pid)
		return;
	if (card_open(o->card.root, o->card.id, &c, NULL) == 0 && c.whole) {
		card_close(&o->card);
		o->card = c;
	} else {
		card_close(&c);
	}
}

static size_t look_at_all(struct follow *f)
{
	size_t alive = 0;

	for (size_t i = 0; i < f->n && !f->over; i++) {
		struct follow_one *o = &f->v[i];
		bool last;

		if (o->watch < 0)
			continue;
		read_again(o);
		/* The supervisor writes what is left at the end of init: so once more after that was seen. */
		last = is_removed(o) || o->ending;
		o->ending = o->card.whole && o->card.pid && !card_is_alive(&o->card);
		look(f, o, INT64_MIN);
		if (last)
			end_one(f, o);
		else
			alive++;
	}
	return alive;
}

/* --- events ----------------------------------------------------------------------------------------------------------- */

static void take_event(struct follow *f, const struct inotify_event *ev)
{
	for (size_t i = 0; f->q->all && i < f->q->roots->n; i++)
		if (ev->wd == f->root_watches[i] && ev->len)
			new_container(f, f->q->roots->v[i], ev->name);
	for (size_t i = 0; i < f->n && !f->over; i++) {
		if (f->v[i].watch != ev->wd)
			continue;
		read_again(&f->v[i]);
		look(f, &f->v[i], INT64_MIN);
		if (ev->mask & (IN_DELETE_SELF | IN_IGNORED))
			end_one(f, &f->v[i]);
	}
}

static bool take_events(struct follow *f)
{
	_Alignas(struct inotify_event) char buf[65536];
	ssize_t n = read(f->inotify, buf, sizeof(buf));
	bool lost = false;

	for (char *at = buf; n > 0 && at < buf + n && !f->over;) {
		const struct inotify_event *ev = (const struct inotify_event *)(void *)at;

		lost = lost || ev->mask & IN_Q_OVERFLOW;
		take_event(f, ev);
		at += sizeof(*ev) + ev->len;
	}
	return lost;
}

static int wait_and_tell(struct follow *f, struct err *e)
{
	int64_t looked = 0;

	while (!f->over) {
		struct pollfd p = { .fd = f->inotify, .events = POLLIN };
		struct timespec now;
		int r = poll(&p, 1, LOOK_MS);
		bool lost = r > 0 && take_events(f);

		if (r < 0 && errno != EINTR)
			return err_sys(e, "wait for refusals");
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (r > 0 && !lost && now.tv_sec == looked)
			continue;
		looked = now.tv_sec;
		if (look_at_all(f) == 0 && !f->q->all)
			return 0;
	}
	return 0;
}

int follow_run(const struct follow_request *q, struct err *e)
{
	struct follow f = { .q = q, .inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK) };
	int r = -1;

	if (f.inotify < 0)
		return err_sys(e, "make an inotify instance");
	f.root_watches = xcalloc(q->roots->n, sizeof(*f.root_watches));
	for (size_t i = 0; i < q->roots->n; i++)
		f.root_watches[i] = q->all ? inotify_add_watch(f.inotify, q->roots->v[i], IN_CREATE | IN_ONLYDIR) : -1;
	for (size_t i = 0; i < q->found->n && !f.over; i++)
		if (!q->found->v[i].past)
			add_one(&f, &q->found->v[i], q->since);
	r = wait_and_tell(&f, e);
	for (size_t i = 0; i < f.n; i++)
		end_one(&f, &f.v[i]);
	names_cache_free(&f.names);
	free(f.v);
	free(f.root_watches);
	close(f.inotify);
	return r;
}
