// SPDX-License-Identifier: Apache-2.0
/* kill.c - sandrun kill */
#include "cmd/cmd.h"

#include "container/kill.h"
#include "process/signals.h"

int cmd_kill(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool all = false;
	const struct option table[] = {
		{ "all", 'a', OPT_FLAG, &all, NULL, "every process of the container's cgroup" },
		{ 0 },
	};
	struct container c;
	int at, r, sig;

	r = cmd_begin(table, "[--all] ID [SIGNAL]", 1, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (argc - at > 2)
		return err_text(e, EINVAL, "kill: too many arguments; usage: sandrun kill [--all] ID [SIGNAL]");
	sig = signals_parse(argc - at == 2 ? argv[at + 1] : "TERM", e);
	if (sig < 0)
		return -1;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = container_kill(&c, sig, all, e);
	container_close(&c);
	return r;
}
