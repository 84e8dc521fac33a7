// SPDX-License-Identifier: Apache-2.0
/* help.c - sandrun help, and --help */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

void cmd_print_help(const struct option *options)
{
	printf("NAME:\n   sandrun - OCI container runtime that also locks down what a container may reach on the network\n\n"
	       "USAGE:\n   sandrun [global options] COMMAND [options] …\n\nCOMMANDS:\n");
	for (size_t i = 0; i < cmd_count; i++)
		if (!strchr(cmd_table[i].name, ' '))
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
	autofree char *name = NULL;
	int at, r;

	r = cmd_begin(table, "[COMMAND]", 0, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	/* "help policy check". */
	if (argc - at == 2) {
		name = xasprintf("%s %s", argv[at], argv[at + 1]);
		c = cmd_find(name);
		words[0] = name;
		return c ? c->run(g, 2, words, e) : cmd_unknown(name, e);
	}
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
