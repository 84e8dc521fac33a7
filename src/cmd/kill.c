// SPDX-License-Identifier: Apache-2.0
/* kill.c - sandrun kill */
#include "cmd/cmd.h"

#include "container/kill.h"
#include "process/signals.h"

struct wish {
	int sig;
	bool all;
};

static int kill_one(void *ctx, const char *root, const char *id, struct err *e)
{
	const struct wish *w = ctx;
	struct container c;
	int r = container_open(root, id, &c, e);

	if (r == 0)
		r = container_kill(&c, w->sig, w->all, e);
	container_close(&c);
	return r;
}

int cmd_kill(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct wish w = { 0 };
	bool regex = false;
	const struct option table[] = {
		{ "all", 'a', OPT_FLAG, &w.all, NULL, "every process of the container's cgroup" },
		{ "regex", 'r', OPT_FLAG, &regex, NULL, "ID is a regular expression: all whose id matches" },
		{ 0 },
	};
	int at, r;

	r = cmd_begin(table, "[--all] [--regex] ID [SIGNAL]", 1, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (argc - at > 2)
		return err_text(e, EINVAL, "kill: too many arguments; usage: sandrun kill [--all] [--regex] ID [SIGNAL]");
	w.sig = signals_parse(argc - at == 2 ? argv[at + 1] : "TERM", e);
	if (w.sig < 0)
		return -1;
	if (regex)
		return cmd_each_matching(g->root, "kill", argv[at], kill_one, &w, e);
	return kill_one(&w, g->root, argv[at], e);
}
