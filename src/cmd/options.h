// SPDX-License-Identifier: Apache-2.0
/* options.h - the command line as a table
 *
 * Owns:     reading options of all the forms that engines pass: "--name value", "--name=value", "-n value", "-nvalue",
 *           and "-name" (a single dash, as Go programs take it); booleans also as "--name=true|false". The last one wins.
 *           Help texts come from the same table.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum option_kind {
	OPT_FLAG,    /* bool *value = true */
	OPT_STRING,  /* const char **value */
	OPT_NUMBER,  /* int *value, >= 0 */
	OPT_LIST,    /* struct option_list *value */
	OPT_IGNORED, /* accepted for the sake of another runtime's dialect; with a value */
	OPT_IGNORED_FLAG,
};

/* Values of an option that may come several times, in order. v is on the heap: the process is short-lived. */
struct option_list {
	char **v;
	size_t n;
};

struct option {
	const char *name; /* without dashes; NULL ends the table */
	char letter;	  /* 0: none */
	enum option_kind kind;
	void *value;
	const char *arg; /* its name in the help text */
	const char *help; /* NULL: not shown (another letter of the one above it) */
};

/* Reads options from argv[1] on until the first word that is none, or "--". Returns the index of what follows, or -1 with
 * @e. "--help"/"-h" sets *help (which may be NULL: then they are errors like any unknown option). */
int options_parse(const struct option *table, int argc, char **argv, bool *help, struct err *e);
void options_print(const struct option *table);

#endif
