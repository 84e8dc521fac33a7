// SPDX-License-Identifier: Apache-2.0
/* delete.c - sandrun delete */
#include "cmd/cmd.h"

#include "container/delete.h"

static int delete_one(void *ctx, const char *root, const char *id, struct err *e)
{
	bool force = *(const bool *)ctx;
	struct container c;
	int r = container_open(root, id, &c, e);

	if (r < 0 && force && e->code == EBADMSG) {
		container_salvage(&c);
		r = 0;
	}
	if (r == 0)
		r = container_delete(&c, force, e);
	else if (force && e->code == ENOENT)
		r = 0; /* engines call it twice, and after a create that left nothing */
	container_close(&c);
	return r;
}

int cmd_delete(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool force = false, regex = false;
	const struct option table[] = {
		{ "force", 'f', OPT_FLAG, &force, NULL, "end a container that still runs; an unknown one is no error" },
		{ "regex", 'r', OPT_FLAG, &regex, NULL, "ID is a regular expression: delete all whose id matches" },
		{ 0 },
	};
	int at, r;

	r = cmd_begin(table, "[--force] [--regex] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (regex)
		return cmd_each_matching(g->root, "delete", argv[at], delete_one, &force, e);
	return delete_one(&force, g->root, argv[at], e);
}
