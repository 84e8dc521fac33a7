// SPDX-License-Identifier: Apache-2.0
/* state.c - sandrun state */
#include "cmd/cmd.h"

#include <stdio.h>

#include "base/str.h"

int cmd_state(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	struct container c;
	int at, r;

	r = cmd_begin(table, "ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0) {
		autofree char *json = container_state_json(&c, container_status(&c));

		fputs(json, stdout);
	}
	container_close(&c);
	return r;
}
