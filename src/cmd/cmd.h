// SPDX-License-Identifier: Apache-2.0
/* cmd.h - the commands: options in, one call into container/ or launch/, output out
 *
 * For every file of this room:
 *
 * Owns:     a command's table of options, the words of its usage, and what is printed.
 * Must not: do the work: another front end would call the same function.
 * Runs in:  the short-lived command itself, with the caller's privileges.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cmd/options.h"
#include "container/container.h"

/* What stands before the command's name. */
struct globals {
	char *root; /* the state root, resolved */
	bool root_named; /* by --root */
	enum cgroup_manager cgroup_manager;
	struct option_list annotations; /* "KEY=VALUE": more than, and before, those of config.json */
	const char *criu; /* NULL: looked up in $PATH */
	char **argv; /* the whole command line, for re-execution */
	const struct option *options; /* the table of what may stand here */
};

/* Returns the exit status: 0; the container's own for "run" and "exec"; or -1 with @e filled, which main() reports. */
typedef int (*cmd_function)(const struct globals *g, int argc, char **argv, struct err *e);

struct command {
	const char *name;
	cmd_function run;
	const char *help;   /* one line */
	int failure_status; /* exit status when it returned -1: 1, or 255 for exec */
	bool enters; /* a process of ours enters the container: the binary is protected first */
};

extern const struct command cmd_table[];
extern const size_t cmd_count;
/* NULL: there is none of this name. */
const struct command *cmd_find(const char *name);
/* -1 with @e: there is no command @name, and which one may be meant. */
int cmd_unknown(const char *name, struct err *e);
/* What "sandrun --help" prints. @options: the global ones. */
void cmd_print_help(const struct option *options);
void cmd_print_version(void);

int cmd_check(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_checkpoint(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_create(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_delete(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_denied(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_events(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_exec(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_features(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_help(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_kill(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_list(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_metrics(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_pause(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_ps(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_restore(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_resume(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_run(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_spec(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_start(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_state(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_update(const struct globals *g, int argc, char **argv, struct err *e);
int cmd_version(const struct globals *g, int argc, char **argv, struct err *e);

/* Options, then exactly @n words (or at least, with @more). *at: the index of the first word. 0: go on; 1: help was printed (the
 * command returns 0); -1 with @e. @usage: "[options] ID". */
int cmd_begin(const struct option *table, const char *usage, int n, bool more, int argc, char **argv, int *at,
	      struct err *e);
/* Options and words in whatever order: at least @min and at most @max words, which come into words[] (untouched where there are
 * fewer). Returns how many, CMD_HELP if help was printed (the command returns 0), or -1 with @e. "--" ends the options. */
#define CMD_HELP (-2)
int cmd_begin_words(const struct option *table, const char *usage, int min, int max, int argc, char **argv, const char **words,
		    struct err *e);
/* What a command does to one container. */
typedef int (*cmd_one)(void *ctx, const char *root, const char *id, struct err *e);
/* --regex: @one for each container whose id matches the extended regular expression @pattern. One that fails does not keep the
 * others; the first such error is reported at the end. */
int cmd_each_matching(const char *root, const char *command, const char *pattern, cmd_one one, void *ctx, struct err *e);
/* systemd's LISTEN_FDS (if LISTEN_PID is us), and --preserve-fds behind them: how many descriptors from 3 on the container
 * gets, and how many of them are the former. All others are closed now, and holes are filled, so that none of ours takes
 * their place. */
int cmd_take_fds(int preserve_fds, int *listen_fds);

#endif
