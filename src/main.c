// SPDX-License-Identifier: Apache-2.0
/* main.c - global options, and the way to a command
 *
 * Owns:     how a failure is told: one line on stderr, one entry in --log, the exit status of the command.
 * Must not: know what a command does: the table in cmd/table.c calls it.
 * Runs in:  every invocation, also the second one of the same command (selfexe.c).
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/log.h"
#include "base/str.h"
#include "base/title.h"
#include "base/trace.h"
#include "cmd/cmd.h"
#include "container/stateroot.h"
#include "launch/selfexe.h"

struct global_options {
	const char *root, *log, *log_format, *log_level, *manager;
	bool debug, systemd_cgroup, version;
};

static int open_log(const struct global_options *o, struct err *e)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = { { "error", LOG_LVL_ERROR }, { "warning", LOG_LVL_WARNING }, { "warn", LOG_LVL_WARNING },
		       { "info", LOG_LVL_INFO },   { "debug", LOG_LVL_DEBUG } };
	enum log_format format = LOG_FMT_TEXT;
	bool known = !o->log_level;

	if (o->log_format && str_eq(o->log_format, "json"))
		format = LOG_FMT_JSON;
	else if (o->log_format && !str_eq(o->log_format, "text"))
		return err_text(e, EINVAL, "--log-format %.100s: text or json is expected", o->log_format);
	/* The log first: the next errors go there, too. An engine that has one reads a failure from it, and nothing else. */
	if (o->log && *o->log) {
		log_set_level(LOG_LVL_ERROR);
		if (log_open(o->log, format, e) < 0)
			return -1;
	}
	for (size_t i = 0; o->log_level && i < ARRAY_SIZE(levels); i++) {
		if (!str_eq(o->log_level, levels[i].name))
			continue;
		log_set_level(levels[i].level);
		known = true;
	}
	if (!known)
		return err_text(e, EINVAL, "--log-level %.100s: error, warning, info or debug is expected", o->log_level);
	if (o->debug)
		log_set_level(LOG_LVL_DEBUG);
	return 0;
}

static int choose_manager(const struct global_options *o, struct globals *g, struct err *e)
{
	g->cgroup_manager = o->systemd_cgroup ? CGROUP_SYSTEMD : CGROUP_CGROUPFS;
	if (!o->manager)
		return 0;
	if (str_eq(o->manager, "systemd"))
		g->cgroup_manager = CGROUP_SYSTEMD;
	else if (str_eq(o->manager, "disabled"))
		g->cgroup_manager = CGROUP_DISABLED;
	else if (str_eq(o->manager, "cgroupfs"))
		g->cgroup_manager = CGROUP_CGROUPFS;
	else
		return err_text(e, EINVAL, "--cgroup-manager %.100s: cgroupfs, systemd or disabled is expected", o->manager);
	return 0;
}

static const char *trace_wish(const struct global_options *o)
{
	return o->debug || (o->log_level && str_eq(o->log_level, "debug")) ? "all" : getenv("SANDRUN_TRACE");
}

/* What was printed counts only if it has arrived (a full disk, a reader that is gone). */
static int end_output(int r)
{
	struct err e;

	if (!ferror(stdout) && fflush(stdout) == 0)
		return r;
	err_msg(&e, "standard output: not everything could be written to it");
	log_failure(&e);
	return 1;
}

static int run_command(const struct command *cmd, const struct globals *g, int argc, char **argv)
{
	struct err e = { 0 };
	int r = cmd->enters ? selfexe_protect(g->argv, &e) : 0;

	/* Every process to come inherits it. A user's are hidden one by one: id maps are written through files of /proc (spawn.c). */
	if (geteuid() == 0)
		hide_self();
	if (r == 0)
		r = cmd->run(g, argc, argv, &e);
	if (r >= 0)
		return end_output(r);
	log_failure(&e);
	return cmd->failure_status;
}

/* What the caller may have left otherwise than a program expects it. */
static int begin(struct err *e)
{
	/* A reader that went away, and a caller's limit on the size of files, are errors of the write, not our end. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Ignored by the caller, children would be gone before they are waited for. */
	signal(SIGCHLD, SIG_DFL);
	return fd_fill_standard(e);
}

int main(int argc, char **argv)
{
	struct global_options o = { 0 };
	struct globals g = { .argv = argv };
	const struct option table[] = {
		{ "root", 0, OPT_STRING, &o.root, "DIR", "state directory (default: /run/sandrun, or in $XDG_RUNTIME_DIR)" },
		{ "log", 0, OPT_STRING, &o.log, "FILE", "write errors there, too" },
		{ "log-format", 0, OPT_STRING, &o.log_format, "FORMAT", "text (default) or json" },
		{ "log-level", 0, OPT_STRING, &o.log_level, "LEVEL", "error (default with --log), warning (default), info, debug" },
		{ "debug", 0, OPT_FLAG, &o.debug, NULL, "the same as --log-level debug" },
		{ "cgroup-manager", 0, OPT_STRING, &o.manager, "NAME", "cgroupfs (default), systemd, disabled" },
		{ "systemd-cgroup", 's', OPT_FLAG, &o.systemd_cgroup, NULL, "the same as --cgroup-manager systemd" },
		{ "rootless", 0, OPT_IGNORED, NULL, NULL, NULL },
		{ "annotation", 0, OPT_LIST, &g.annotations, "KEY=VALUE",
		  "in the place of the container's of that key: a policy where the engine passes none (may be repeated)" },
		{ "criu", 0, OPT_STRING, &g.criu, "PATH", "the CRIU to use (default: criu in $PATH)" },
		{ "version", 'v', OPT_FLAG, &o.version, NULL, "print the version" },
		{ "version", 'V', OPT_FLAG, &o.version, NULL, NULL },
		{ 0 },
	};
	const struct command *cmd = NULL;
	bool help = false;
	struct err e;
	int at;

	title_remember(argc, argv);
	if (begin(&e) < 0)
		goto fail;
	at = options_parse(table, argc, argv, &help, &e);
	if (at >= 0 && help) {
		cmd_print_help(table);
		return end_output(0);
	}
	if (at >= 0 && o.version) {
		cmd_print_version();
		return end_output(0);
	}
	if (at < 0 || open_log(&o, &e) < 0 || trace_set(trace_wish(&o), &e) < 0 || choose_manager(&o, &g, &e) < 0)
		goto fail;
	if (at == argc) {
		err_msg(&e, "a command is missing; \"sandrun help\" lists them");
		goto fail;
	}
	cmd = cmd_find(argv[at]);
	if (!cmd) {
		if (at + 1 < argc && (str_eq(argv[at + 1], "-h") || str_eq(argv[at + 1], "--help")))
			err_msg(&e, "No help topic for '%.100s'; \"sandrun --help\" lists the commands", argv[at]);
		else
			cmd_unknown(argv[at], &e);
		goto fail;
	}
	g.options = table;
	g.root = stateroot_path(o.root);
	g.root_named = o.root && *o.root;
	return run_command(cmd, &g, argc - at, argv + at);
fail:
	log_failure(&e);
	return 1;
}
