// SPDX-License-Identifier: Apache-2.0
/* matching.c - one command for all containers whose id matches a regular expression (--regex of delete and kill) */
#include "cmd/cmd.h"

#include <regex.h>
#include <stdlib.h>

int cmd_each_matching(const char *root, const char *command, const char *pattern, cmd_one one, void *ctx, struct err *e)
{
	char **ids = NULL, why[160];
	size_t n = 0;
	regex_t re;
	int r = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), result = 0;

	if (r) {
		regerror(r, &re, why, sizeof(why));
		return err_text(e, EINVAL, "%s: the regular expression \"%.100s\": %s", command, pattern, why);
	}
	if (container_list_ids(root, &ids, &n, e) < 0)
		result = e->code == ENOENT ? 0 : -1;
	for (size_t i = 0; i < n; i++) {
		struct err later;

		if (regexec(&re, ids[i], 0, NULL, 0) == 0 && one(ctx, root, ids[i], result < 0 ? &later : e) < 0)
			result = -1;
		free(ids[i]);
	}
	free(ids);
	regfree(&re);
	return result;
}
