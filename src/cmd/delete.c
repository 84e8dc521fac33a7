// SPDX-License-Identifier: Apache-2.0
/* delete.c - sandrun delete */
#include "cmd/cmd.h"

#include <regex.h>
#include <stdlib.h>

#include "container/delete.h"

static int delete_one(const char *root, const char *id, bool force, struct err *e)
{
	struct container c;
	int r = container_open(root, id, &c, e);

	if (r == 0)
		r = container_delete(&c, force, e);
	else if (force && e->code == ENOENT)
		r = 0; /* engines call it twice, and after a create that left nothing */
	container_close(&c);
	return r;
}

/* Every one whose id matches. One that cannot be deleted does not keep the others: the first such error is reported at the end. */
static int delete_matching(const char *root, const char *pattern, bool force, struct err *e)
{
	char **ids = NULL, why[160];
	size_t n = 0;
	regex_t re;
	int r = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), result = 0;

	if (r) {
		regerror(r, &re, why, sizeof(why));
		return err_text(e, EINVAL, "delete: the regular expression \"%.100s\": %s", pattern, why);
	}
	if (container_list_ids(root, &ids, &n, e) < 0)
		result = e->code == ENOENT ? 0 : -1;
	for (size_t i = 0; i < n; i++) {
		struct err later;

		if (regexec(&re, ids[i], 0, NULL, 0) == 0 && delete_one(root, ids[i], force, result < 0 ? &later : e) < 0)
			result = -1;
		free(ids[i]);
	}
	free(ids);
	regfree(&re);
	return result;
}

int cmd_delete(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool force = false, regex = false;
	const struct option table[] = {
		{ "force", 'f', OPT_FLAG, &force, NULL, "end a container that still runs; an unknown one is no error" },
		{ "regex", 0, OPT_FLAG, &regex, NULL, "ID is a regular expression: delete all whose id matches" },
		{ 0 },
	};
	int at, r;

	r = cmd_begin(table, "[--force] [--regex] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	return regex ? delete_matching(g->root, argv[at], force, e) : delete_one(g->root, argv[at], force, e);
}
