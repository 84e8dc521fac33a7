// SPDX-License-Identifier: Apache-2.0
/* policy.c - sandrun policy: finds the command that its next word names */
#include "cmd/policy.h"

#include <stdio.h>

#include "base/near.h"
#include "base/str.h"

#define FIRST "policy "

static int unknown(const char *word, struct err *e)
{
	struct near near = { 0 };
	const char *best;

	for (size_t i = 0; i < cmd_count; i++)
		if (str_starts(cmd_table[i].name, FIRST))
			near_offer(&near, word, cmd_table[i].name + strlen(FIRST));
	best = near_best(&near);
	if (best)
		return err_text(e, EINVAL, "policy: unknown command \"%.100s\"; did you mean \"policy %s\"?", word, best);
	return err_text(e, EINVAL, "policy: unknown command \"%.100s\"; \"sandrun help policy\" lists them", word);
}

/* All of them, one after the other. */
static int help(const struct globals *g, struct err *e)
{
	char word[] = "--help";

	for (size_t i = 0; i < cmd_count; i++) {
		char *argv[] = { (char *)(uintptr_t)cmd_table[i].name, word, NULL };

		if (!str_starts(cmd_table[i].name, FIRST))
			continue;
		if (cmd_table[i].run(g, 2, argv, e) < 0)
			return -1;
		printf("\n");
	}
	return 0;
}

int cmd_policy(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	autofree char *name = NULL;
	const struct command *c;
	bool wants_help = false;
	int at = options_parse(table, argc, argv, &wants_help, e);

	if (at < 0)
		return err_prefix(e, "policy");
	if (wants_help)
		return help(g, e);
	if (at == argc)
		return err_text(e, EINVAL, "policy: an argument is missing; \"sandrun help policy\" lists its commands");
	name = xasprintf(FIRST "%s", argv[at]);
	c = cmd_find(name);
	if (!c)
		return unknown(argv[at], e);
	/* It knows itself by both words. */
	argv[at] = (char *)(uintptr_t)c->name;
	return c->run(g, argc - at, argv + at, e);
}
