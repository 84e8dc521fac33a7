// SPDX-License-Identifier: Apache-2.0
/* help.c - sandrun help, and --help */
#include "cmd/cmd.h"

#include <stdio.h>

void cmd_print_help(const struct option *options)
{
	printf("NAME:\n   sandrun - OCI container runtime that also locks down what a container may reach on the network\n\n"
	       "USAGE:\n   sandrun [global options] COMMAND [options] …\n\nCOMMANDS:\n");
	for (size_t i = 0; i < cmd_count; i++)
		printf("   %-14s %s\n", cmd_table[i].name, cmd_table[i].help);
	printf("\nGLOBAL OPTIONS:\n");
	options_print(options);
	printf("\n\"sandrun help COMMAND\" tells more; so do the manual pages sandrun(1) and sandrun-policy(5).\n");
}

int cmd_help(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	char help[] = "--help";
	char *words[] = { NULL, help, NULL };
	const struct command *c;
	int at, r;

	r = cmd_begin(table, "[COMMAND]", 0, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (argc - at > 1)
		return err_text(e, EINVAL, "help: too many arguments; usage: sandrun help [COMMAND]");
	if (at == argc) {
		cmd_print_help(g->options);
		return 0;
	}
	c = cmd_find(argv[at]);
	if (!c)
		return cmd_unknown(argv[at], e);
	words[0] = argv[at];
	return c->run(g, 2, words, e);
}
