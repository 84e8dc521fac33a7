// SPDX-License-Identifier: Apache-2.0
/* delete.c - sandrun delete */
#include "cmd/cmd.h"

#include "container/delete.h"

int cmd_delete(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool force = false;
	const struct option table[] = {
		{ "force", 'f', OPT_FLAG, &force, NULL, "end a container that still runs; an unknown one is no error" },
		{ 0 },
	};
	struct container c;
	int at, r;

	r = cmd_begin(table, "[--force] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = container_delete(&c, force, e);
	else if (force && e->code == ENOENT)
		r = 0; /* engines call it twice, and after a create that left nothing */
	container_close(&c);
	return r;
}
