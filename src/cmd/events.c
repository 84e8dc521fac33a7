// SPDX-License-Identifier: Apache-2.0
/* events.c - sandrun events: statistics in runc's form (no engine read by us calls it; people and scripts do) */
#include "cmd/cmd.h"

#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cmd/denied.h"
#include "inspect/follow.h"
#include "inspect/tally.h"
#include "oci/json_write.h"

static void usage(struct json_out *j, const char *key, uint64_t limit, uint64_t now, uint64_t max, uint64_t failcnt)
{
	json_key(j, key);
	json_open_map(j);
	json_kv_uint(j, "limit", limit);
	json_kv_uint(j, "usage", now);
	json_kv_uint(j, "max", max);
	json_kv_uint(j, "failcnt", failcnt);
	json_close_map(j);
}

static void cpu(struct json_out *j, const struct cgroup_stats *s)
{
	json_key(j, "cpu");
	json_open_map(j);
	json_key(j, "usage");
	json_open_map(j);
	json_kv_uint(j, "total", s->cpu_total_ns);
	if (s->n_percpu) {
		json_key(j, "percpu");
		json_open_array(j);
		for (size_t i = 0; i < s->n_percpu; i++)
			json_uint(j, s->percpu_ns[i]);
		json_close_array(j);
	}
	json_kv_uint(j, "kernel", s->cpu_kernel_ns);
	json_kv_uint(j, "user", s->cpu_user_ns);
	json_close_map(j);
	json_key(j, "throttling");
	json_open_map(j);
	json_kv_uint(j, "periods", s->throttle_periods);
	json_kv_uint(j, "throttledPeriods", s->throttled_periods);
	json_kv_uint(j, "throttledTime", s->throttled_ns);
	json_close_map(j);
	json_close_map(j);
}

/* memory.stat's lines as an object. */
static void raw(struct json_out *j, const char *text)
{
	autofree char *copy = xstrdup(text);
	char *save = NULL;

	json_key(j, "raw");
	json_open_map(j);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');
		uint64_t v;

		if (!value)
			continue;
		*value++ = 0;
		if (str_to_u64(value, 10, UINT64_MAX, &v) == 0)
			json_kv_uint(j, line, v);
	}
	json_close_map(j);
}

static void memory(struct json_out *j, const struct cgroup_stats *s)
{
	json_key(j, "memory");
	json_open_map(j);
	json_kv_uint(j, "cache", s->mem_cache);
	usage(j, "usage", s->mem_limit, s->mem_usage, s->mem_max_usage, s->mem_failcnt);
	usage(j, "swap", s->swap_limit, s->swap_usage, 0, 0);
	usage(j, "kernel", s->kernel_limit, s->kernel_usage, 0, 0);
	if (s->mem_raw)
		raw(j, s->mem_raw);
	json_close_map(j);
}

static void io_list(struct json_out *j, const char *key, const struct cgroup_io_stats *io)
{
	if (!io->n)
		return;
	json_key(j, key);
	json_open_array(j);
	for (size_t i = 0; i < io->n; i++) {
		json_open_map(j);
		json_kv_uint(j, "major", io->v[i].major);
		json_kv_uint(j, "minor", io->v[i].minor);
		json_kv_string(j, "op", io->v[i].op);
		json_kv_uint(j, "value", io->v[i].value);
		json_close_map(j);
	}
	json_close_array(j);
}

static void blkio_and_hugetlb(struct json_out *j, const struct cgroup_stats *s)
{
	json_key(j, "blkio");
	json_open_map(j);
	io_list(j, "ioServiceBytesRecursive", &s->io_bytes);
	io_list(j, "ioServicedRecursive", &s->io_ops);
	json_close_map(j);
	json_key(j, "hugetlb");
	json_open_map(j);
	for (size_t i = 0; i < s->n_hugetlb; i++) {
		json_key(j, s->hugetlb[i].page_size);
		json_open_map(j);
		json_kv_uint(j, "usage", s->hugetlb[i].usage);
		json_kv_uint(j, "max", s->hugetlb[i].max);
		json_kv_uint(j, "failcnt", s->hugetlb[i].failcnt);
		json_close_map(j);
	}
	json_close_map(j);
}

/* The policy's numbers, in an object that runc does not have. */
static void sandlock(struct json_out *j, const struct container *c)
{
	struct tally t;

	if (!c->enforcement)
		return;
	tally_read(c->dirfd, &t);
	json_key(j, "sandlock");
	json_open_map(j);
	json_kv_uint(j, "denied", t.denied);
	json_kv_uint(j, "undescribed", t.suppressed);
	json_kv_uint(j, "wouldDeny", t.would_deny);
	json_kv_uint(j, "supervisorRestarts", t.restarts);
	json_key(j, "byRule");
	json_open_array(j);
	for (size_t i = 0; i < t.n; i++) {
		json_open_map(j);
		json_kv_string(j, "rule", t.v[i].rule);
		json_kv_string(j, "proto", t.v[i].proto);
		json_kv_uint(j, "denied", t.v[i].hits);
		json_close_map(j);
	}
	json_close_array(j);
	json_close_map(j);
	tally_free(&t);
}

static char *stats_text(const struct container *c, const struct cgroup_stats *s)
{
	struct json_out *j = json_out_new(false);

	json_open_map(j);
	json_kv_string(j, "type", "stats");
	json_kv_string(j, "id", c->id);
	json_key(j, "data");
	json_open_map(j);
	cpu(j, s);
	memory(j, s);
	json_key(j, "pids");
	json_open_map(j);
	json_kv_uint(j, "current", s->pids_current);
	json_kv_uint(j, "limit", s->pids_limit);
	json_close_map(j);
	blkio_and_hugetlb(j, s);
	sandlock(j, c);
	json_close_map(j);
	json_close_map(j);
	return json_out_finish(j);
}

/* Each event at once. A reader that is gone will not come back. */
static int flush(struct err *e)
{
	return fflush(stdout) == 0 ? 0 : err_sys(e, "events: write to the standard output");
}

static int print_stats(const struct container *c, const struct cgroup *cg, struct err *e)
{
	struct cgroup_stats s = { 0 };
	autofree char *text = NULL;

	if (cgroup_get_stats(cg, &s, e) < 0)
		return -1;
	text = stats_text(c, &s);
	cgroup_stats_free(&s);
	puts(text);
	return flush(e);
}

/* Says so once for each kill that was counted since *seen. */
static int print_oom(const struct container *c, const struct cgroup *cg, uint64_t *seen, struct err *e)
{
	struct cgroup_stats s = { 0 };
	bool more;

	if (cgroup_get_stats(cg, &s, NULL) < 0)
		return 0;
	more = s.oom_kills > *seen;
	*seen = s.oom_kills;
	cgroup_stats_free(&s);
	if (!more)
		return 0;
	printf("{\"type\":\"oom\",\"id\":\"%s\"}\n", c->id);
	return flush(e);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until the container ends. */
static int watch(const struct container *c, const struct cgroup *cg, int interval_ms, struct err *e)
{
	autofd pidfd = container_pidfd(c);
	autofd oom = cgroup_oom_fd(cg, NULL); /* -1: no such events here; the statistics go on */
	int64_t next = now_ms();
	uint64_t seen = 0;

	if (print_oom(c, cg, &seen, e) < 0)
		return -1;
	for (;;) {
		struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = oom, .events = POLLIN } };
		int64_t left = next - now_ms();

		if (left <= 0) {
			if (print_stats(c, cg, e) < 0)
				return container_alive(c) ? -1 : 0;
			next += interval_ms;
			continue;
		}
		if (poll(p, 2, (int)left) <= 0)
			continue;
		if (p[1].revents) {
			char buf[4096];

			(void)!read(oom, buf, sizeof(buf));
			if (print_oom(c, cg, &seen, e) < 0)
				return -1;
		}
		if (p[0].revents)
			return 0;
	}
}

static int run(const struct container *c, bool once, int interval_ms, struct err *e)
{
	struct cgroup *cg;
	int r;

	if (!container_alive(c))
		return err_text(e, ESRCH, "container not running: %s", c->id);
	cg = c->cgroup ? cgroup_read(c->cgroup, e) : NULL;
	if (!cg)
		return c->cgroup ? -1 : err_msg(e, "container %s has no cgroup: there are no statistics", c->id);
	r = once ? print_stats(c, cg, e) : watch(c, cg, interval_ms, e);
	cgroup_free(cg);
	return r;
}

/* A Go duration of one unit, as runc takes it; without a unit it is seconds. */
static int parse_interval(const char *text, int *ms, struct err *e)
{
	static const struct {
		const char *unit;
		int ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "", 1000 } };
	size_t digits = strspn(text, "0123456789");
	autofree char *number = xstrndup(text, digits);
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!str_eq(text + digits, units[i].unit))
			continue;
		if (str_to_u64(number, 10, (uint64_t)(86400000 / units[i].ms), &v) < 0 || v == 0)
			break;
		*ms = (int)v * units[i].ms;
		return 0;
	}
	return err_text(e, EINVAL, "events: --interval %.100s: a duration of up to a day is expected (5s, 100ms)", text);
}

static int print_denied(struct card *c, const struct refusal *r, const char *line, void *ctx)
{
	(void)line;
	(void)ctx;
	cmd_print_refusal(c, r);
	return fflush(stdout) == 0 ? 0 : -1;
}

/* What is refused from now on, until the container ends; without an id, of all containers and without an end. */
static int stream_denied(const struct globals *g, const char *id, struct err *e)
{
	struct roots roots;
	struct found found;
	struct follow_request q = { .roots = &roots, .found = &found, .all = !id, .since = INT64_MAX, .each = print_denied };
	int r;

	roots_find(g->root_named ? g->root : NULL, &roots);
	find_containers(&roots, id, FIND_PRESENT, &found);
	if (id && !found.n)
		r = err_text(e, ENOENT, "container does not exist: %s", id);
	else
		r = follow_run(&q, e);
	find_free(&found);
	roots_free(&roots);
	return r;
}

int cmd_events(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *interval = "5s", *id = NULL;
	bool once = false, denied = false;
	const struct option table[] = {
		{ "stats", 0, OPT_FLAG, &once, NULL, "print the statistics once" },
		{ "interval", 0, OPT_STRING, &interval, "TIME", "how often to print them (default: 5s)" },
		{ "denied", 0, OPT_FLAG, &denied, NULL, "instead of statistics what the policy refuses, as it comes" },
		{ 0 },
	};
	struct container c;
	int r, interval_ms = 5000;

	r = cmd_begin_words(table, "[options] ID", 0, 1, argc, argv, &id, e);
	if (r < 0)
		return r == CMD_HELP ? 0 : -1;
	if (!id && !denied)
		return err_text(e, EINVAL, "events: an argument is missing; usage: sandrun events [options] ID");
	if (parse_interval(interval, &interval_ms, e) < 0)
		return -1;
	if (denied)
		return stream_denied(g, id, e);
	r = container_open(g->root, id, &c, e);
	if (r == 0)
		r = run(&c, once, interval_ms, e);
	container_close(&c);
	return r;
}
