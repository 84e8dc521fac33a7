// SPDX-License-Identifier: Apache-2.0
/* events.c - sandrun events: statistics in runc's form (no engine read by us calls it; people and scripts do) */
#include "cmd/cmd.h"

#include <poll.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
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

static char *stats_text(const char *id, const struct cgroup_stats *s)
{
	struct json_out *j = json_out_new(false);

	json_open_map(j);
	json_kv_string(j, "type", "stats");
	json_kv_string(j, "id", id);
	json_key(j, "data");
	json_open_map(j);
	json_key(j, "cpu");
	json_open_map(j);
	json_key(j, "usage");
	json_open_map(j);
	json_kv_uint(j, "total", s->cpu_total_ns);
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
	json_key(j, "memory");
	json_open_map(j);
	json_kv_uint(j, "cache", s->mem_cache);
	usage(j, "usage", s->mem_limit, s->mem_usage, s->mem_max_usage, s->mem_failcnt);
	usage(j, "swap", s->swap_limit, s->swap_usage, 0, 0);
	json_close_map(j);
	json_key(j, "pids");
	json_open_map(j);
	json_kv_uint(j, "current", s->pids_current);
	json_kv_uint(j, "limit", s->pids_limit);
	json_close_map(j);
	json_close_map(j);
	json_close_map(j);
	return json_out_finish(j);
}

static int print_once(const struct container *c, const struct cgroup *cg, uint64_t *oom, struct err *e)
{
	struct cgroup_stats s = { 0 };
	autofree char *text = NULL;

	if (cgroup_get_stats(cg, &s, e) < 0)
		return -1;
	if (s.oom_kills > *oom)
		printf("{\"type\":\"oom\",\"id\":\"%s\"}\n", c->id);
	*oom = s.oom_kills;
	text = stats_text(c->id, &s);
	puts(text);
	fflush(stdout);
	return 0;
}

/* Until the container ends. */
static int watch(const struct container *c, const struct cgroup *cg, int seconds, struct err *e)
{
	autofd pidfd = container_pidfd(c);
	uint64_t oom = UINT64_MAX;

	for (;;) {
		struct pollfd p = { .fd = pidfd, .events = POLLIN };

		if (print_once(c, cg, &oom, e) < 0)
			return container_alive(c) ? -1 : 0;
		if (poll(&p, 1, seconds * 1000) > 0)
			return 0;
	}
}

static int run(const struct container *c, bool once, int seconds, struct err *e)
{
	uint64_t oom = UINT64_MAX;
	struct cgroup *cg;
	int r;

	if (!container_alive(c))
		return err_text(e, ESRCH, "container not running: %s", c->id);
	cg = c->cgroup ? cgroup_read(c->cgroup, e) : NULL;
	if (!cg)
		return c->cgroup ? -1 : err_msg(e, "container %s has no cgroup: there are no statistics", c->id);
	r = once ? print_once(c, cg, &oom, e) : watch(c, cg, seconds, e);
	cgroup_free(cg);
	return r;
}

static int parse_interval(const char *text, int *seconds, struct err *e)
{
	autofree char *copy = xstrdup(text);
	size_t len = strlen(copy);
	uint64_t v;

	if (len > 1 && copy[len - 1] == 's')
		copy[len - 1] = 0;
	if (str_to_u64(copy, 10, 86400, &v) < 0 || v == 0)
		return err_text(e, EINVAL, "events: --interval %.100s: seconds are expected (5s)", text);
	*seconds = (int)v;
	return 0;
}

int cmd_events(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *interval = "5s";
	bool once = false;
	const struct option table[] = {
		{ "stats", 0, OPT_FLAG, &once, NULL, "print the statistics once" },
		{ "interval", 0, OPT_STRING, &interval, "SECONDS", "how often to print them (default: 5s)" },
		{ 0 },
	};
	struct container c;
	int at, r, seconds = 5;

	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (parse_interval(interval, &seconds, e) < 0)
		return -1;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = run(&c, once, seconds, e);
	container_close(&c);
	return r;
}
