// SPDX-License-Identifier: Apache-2.0
/* refusal.c - the record of what was refused
 *
 * Runs in:  the commands that look at containers.
 */
#include "inspect/refusal.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "oci/json_tree.h"
#include "supervisor/supervisor.h"

#define SETTLE_MS 30
#define RECORD_FILE_MAX (256 * 1024 * 1024) /* what somebody has kept */

#define RECORD_MAX (8 * 1024 * 1024) /* the supervisor keeps it below 1 MiB and one line */

/* --- one line --------------------------------------------------------------------------------------------------------- */

/* "2026-11-30T14:02:11.123Z" as ms since 1970; 0: not of this form. */
static int64_t parse_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t ms = 0;

	if (!rest)
		return 0;
	if (*rest == '.')
		ms = strtol(rest + 1, NULL, 10) % 1000;
	return (int64_t)timegm(&tm) * 1000 + ms;
}

static char *text_of(const struct json_node *n, const char *key)
{
	const char *s = card_string(n, key);

	return xstrdup(s ? s : "");
}

static void take_call(const struct json_node *n, struct refusal *r)
{
	r->pid = card_number(n, "pid");
	r->comm = text_of(n, "comm");
	r->call = text_of(n, "call");
	r->destination = text_of(n, "destination");
	r->name = text_of(n, "name");
	r->rule = text_of(n, "rule");
	r->layer = text_of(n, "layer");
	r->error = text_of(n, "error");
	r->verdict = text_of(n, "verdict");
}

int refusal_parse(const char *line, size_t len, struct refusal *out)
{
	const struct json_node *n;
	struct json_tree *tree;
	char why[128];

	*out = (struct refusal){ .what = REFUSAL_OTHER };
	tree = json_tree_parse(line, len, why, sizeof(why));
	n = tree ? json_tree_root(tree) : NULL;
	if (!n || n->type != JSON_OBJECT || card_member(n, "past")) {
		json_tree_free(tree);
		return -1;
	}
	out->when = parse_time(card_string(n, "time"));
	out->seq = card_number(n, "seq");
	take_call(n, out);
	if (card_member(n, "call")) {
		out->what = REFUSAL_CALL;
	} else if (card_member(n, "suppressed")) {
		out->what = REFUSAL_SUPPRESSED;
		out->n = card_number(n, "suppressed");
	} else if (card_member(n, "supervisor_restarts")) {
		out->what = REFUSAL_RESTARTED;
		out->n = card_number(n, "supervisor_restarts");
	}
	json_tree_free(tree);
	return 0;
}

void refusal_free(struct refusal *r)
{
	char **heap[] = { &r->comm, &r->call, &r->destination, &r->name, &r->rule, &r->layer, &r->error, &r->verdict };

	for (size_t i = 0; i < ARRAY_SIZE(heap); i++) {
		/* cppcheck-suppress shadowVariable ; it takes this for a declaration */
		free(*heap[i]);
		*heap[i] = NULL;
	}
}

/* --- groups ----------------------------------------------------------------------------------------------------------- */

static int compare_kind(const struct refusal *a, const struct refusal *b)
{
	const char *one[] = { a->destination, a->comm, a->call, a->rule, a->layer, a->error, a->name, a->verdict };
	const char *two[] = { b->destination, b->comm, b->call, b->rule, b->layer, b->error, b->name, b->verdict };

	for (size_t i = 0; i < ARRAY_SIZE(one); i++) {
		int d = strcmp(one[i], two[i]);

		if (d)
			return d;
	}
	return 0;
}

static int by_kind(const void *a, const void *b)
{
	const struct refusal *x = a, *y = b;
	int d = compare_kind(x, y);

	if (d)
		return d;
	if (x->when != y->when)
		return x->when < y->when ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int newest_first(const void *a, const void *b)
{
	const struct refusal_group *x = a, *y = b;

	if (x->last.when != y->last.when)
		return x->last.when > y->last.when ? -1 : 1;
	return x->last.seq > y->last.seq ? -1 : x->last.seq < y->last.seq;
}

/* Takes the @n refusals, in whatever order, into groups. */
static void make_groups(struct refusal *v, size_t n, struct refusals *out)
{
	if (n)
		qsort(v, n, sizeof(*v), by_kind);
	out->v = xcalloc(n, sizeof(*out->v));
	for (size_t i = 0; i < n; i++) {
		struct refusal_group *g = out->n ? &out->v[out->n - 1] : NULL;

		if (!g || compare_kind(&g->last, &v[i])) {
			out->v[out->n++] = (struct refusal_group){ .last = v[i], .first = v[i].when, .count = 1, .pids = 1 };
			continue;
		}
		g->count++;
		g->pids += g->last.pid != v[i].pid;
		refusal_free(&g->last);
		g->last = v[i];
	}
	if (out->n)
		qsort(out->v, out->n, sizeof(*out->v), newest_first);
}

/* --- the record ------------------------------------------------------------------------------------------------------- */

struct reading {
	struct refusal *v;
	size_t n, cap;
	int64_t since;
	uint64_t seq;	  /* of the line before */
	uint64_t excused; /* suppressed ones of which a line has told */
	uint64_t missing;
	struct refusals *out;
};

static void take_refusal(struct reading *r, struct refusal *line)
{
	if (line->when < r->since) {
		refusal_free(line);
		return;
	}
	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->v = xrealloc(r->v, r->cap, sizeof(*r->v));
	}
	r->v[r->n++] = *line;
	r->out->described++;
}

static void take_line(struct reading *r, const char *text, size_t len)
{
	struct refusal line;

	if (!len || refusal_parse(text, len, &line) < 0)
		return;
	/* Nothing is known of what was before the first line: an older file may be gone. */
	if (line.what == REFUSAL_CALL && line.seq > r->seq + 1 && r->seq)
		r->missing += line.seq - r->seq - 1;
	if (line.seq > r->seq)
		r->seq = line.seq;
	if (line.what == REFUSAL_CALL) {
		take_refusal(r, &line);
		return;
	}
	if (line.what == REFUSAL_SUPPRESSED) {
		r->excused += line.n;
		if (line.when >= r->since)
			r->out->suppressed += line.n;
	}
	if (line.what == REFUSAL_RESTARTED)
		r->out->restarts = line.n;
	refusal_free(&line);
}

static void take_text(struct reading *r, const char *text, size_t len)
{
	const char *at = text, *end;

	for (; at && (end = memchr(at, '\n', len - (size_t)(at - text))); at = end + 1)
		take_line(r, at, (size_t)(end - at));
}

static void read_file(struct reading *r, int dir, const char *name)
{
	size_t len = 0;
	autofree char *text = card_read_file(dir, name, RECORD_MAX, &len);

	take_text(r, text, len);
}

static void end_reading(struct reading *r)
{
	r->out->last_seq = r->seq;
	r->out->lost = r->missing > r->excused ? r->missing - r->excused : 0;
	make_groups(r->v, r->n, r->out);
	free(r->v);
}

int refusals_read_file(const char *path, struct refusals *out, struct err *e)
{
	struct reading r = { .out = out };
	autofree char *text = NULL;
	size_t len = 0;

	*out = (struct refusals){ 0 };
	if (file_read_regular(AT_FDCWD, path, RECORD_FILE_MAX, &text, &len, e) < 0)
		return -1;
	take_text(&r, text, len);
	end_reading(&r);
	return 0;
}

void refusals_read(const struct card *c, int64_t since, struct refusals *out)
{
	struct reading r = { .since = since, .out = out };

	*out = (struct refusals){ 0 };
	if (c->past) {
		read_file(&r, c->dir, c->past);
	} else {
		read_file(&r, c->dir, "denied.jsonl.1");
		read_file(&r, c->dir, "denied.jsonl");
	}
	end_reading(&r);
}

/* The number in the last line. */
static uint64_t last_seq(const struct card *c)
{
	char tail[4096 + 1];
	autofd fd = card_open_file(c->dir, "denied.jsonl");
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = size <= 0 ? 0 : pread(fd, tail, sizeof(tail) - 1, size > 4096 ? size - 4096 : 0);
	struct refusal r = { 0 };
	char *line;

	if (n <= 0 || tail[n - 1] != '\n')
		return 0;
	tail[n - 1] = '\0';
	line = strrchr(tail, '\n');
	line = line ? line + 1 : tail;
	if (refusal_parse(line, strlen(line), &r) < 0)
		return 0;
	refusal_free(&r);
	return r.seq;
}

void refusals_settle(const struct card *c)
{
	struct supervisor_status s;
	struct stat st;

	/* Another user's supervisor may be anything that takes its time. */
	if (fstat(c->dir, &st) < 0 || st.st_uid != geteuid() || supervisor_get_status(c->dir, &s, NULL) < 0 || !s.alive)
		return;
	/* That it was asked made it look; its writing is another step. What it leaves undescribed is not waited for. */
	for (int waited = 0; waited < SETTLE_MS && last_seq(c) < s.denied; waited += 2)
		poll(NULL, 0, 2);
}

void refusals_free(struct refusals *r)
{
	for (size_t i = 0; i < r->n; i++)
		refusal_free(&r->v[i].last);
	free(r->v);
	*r = (struct refusals){ 0 };
}
