// SPDX-License-Identifier: Apache-2.0
/* start.c - sandrun start */
#include "cmd/cmd.h"

#include "launch/start.h"

int cmd_start(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	struct container c;
	int at, r;

	r = cmd_begin(table, "ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = container_start(&c, NULL, e);
	container_close(&c);
	return r;
}
