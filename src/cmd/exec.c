// SPDX-License-Identifier: Apache-2.0
/* exec.c - sandrun exec */
#include "cmd/cmd.h"

#include <unistd.h>

#include "base/fd.h"
#include "container/foreground.h"
#include "launch/exec.h"

static int run(const struct globals *g, const char *id, struct exec_options *o, bool detach, struct err *e)
{
	struct container c;
	autofd master = -1;
	pid_t pid = -1;

	if (o->process_file && container_exec_read_process(o, e) < 0)
		return -1;
	o->foreground = !detach && !o->console_socket;
	o->preserve_fds = cmd_take_fds(o->preserve_fds, &o->listen_fds);
	if (!detach)
		foreground_prepare();
	if (container_open(g->root, id, &c, e) == 0)
		pid = container_exec(&c, o, &master, e);
	container_close(&c);
	if (pid < 0)
		return -1;
	return detach ? 0 : foreground_wait(pid, master, -1, e);
}

int cmd_exec(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct exec_options o = { 0 };
	struct option_list env = { 0 }, caps = { 0 }, gids = { 0 }, subs = { 0 };
	bool detach = false;
	const struct option table[] = {
		{ "process", 'p', OPT_STRING, &o.process_file, "FILE", "the process as JSON, instead of a command" },
		{ "detach", 'd', OPT_FLAG, &detach, NULL, "return when it runs" },
		{ "pid-file", 0, OPT_STRING, &o.pid_file, "FILE", "gets its pid" },
		{ "console-socket", 0, OPT_STRING, &o.console_socket, "PATH", "unix socket that gets the terminal" },
		{ "pidfd-socket", 0, OPT_STRING, &o.pidfd_socket, "PATH", "unix socket that gets a pidfd of it" },
		{ "tty", 't', OPT_FLAG, &o.tty, NULL, "give it a terminal" },
		{ "cwd", 0, OPT_STRING, &o.cwd, "DIR", "working directory" },
		{ "env", 'e', OPT_LIST, &env, "KEY=VALUE", "set a variable (may be repeated)" },
		{ "user", 'u', OPT_STRING, &o.user, "UID[:GID]", "run as this user" },
		{ "additional-gids", 'g', OPT_LIST, &gids, "GID,…", "more groups (may be repeated)" },
		{ "cap", 'c', OPT_LIST, &caps, "CAP", "add a capability (may be repeated)" },
		{ "apparmor", 0, OPT_STRING, &o.apparmor, "PROFILE", "AppArmor profile" },
		{ "process-label", 0, OPT_STRING, &o.process_label, "LABEL", "SELinux label" },
		{ "no-new-privs", 0, OPT_FLAG, &o.no_new_privs, NULL, "no new privileges by execve" },
		{ "cgroup", 0, OPT_LIST, &subs, "[CTL,…:]PATH", "a cgroup below the container's; v1: for these controllers" },
		{ "ignore-paused", 0, OPT_FLAG, &o.ignore_paused, NULL, "also in a paused container (it waits there)" },
		{ "preserve-fds", 0, OPT_NUMBER, &o.preserve_fds, "N", "pass descriptors 3 to 2+N on" },
		{ "no-subreaper", 0, OPT_IGNORED_FLAG, NULL, NULL, NULL },
		{ 0 },
	};
	int at, r;

	r = cmd_begin(table, "[options] ID COMMAND [ARG…]", 1, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (!o.process_file && argc - at < 2)
		return err_text(e, EINVAL, "exec: a command or --process is missing; usage: sandrun exec [options] ID COMMAND [ARG…]");
	if (!o.process_file)
		o.args = argv + at + 1;
	o.env = env.v;
	o.n_env = env.n;
	o.caps = caps.v;
	o.n_caps = caps.n;
	o.additional_gids = gids.v;
	o.n_gids = gids.n;
	o.cgroup = (struct cgroup_subs){ subs.v, subs.n };
	return run(g, argv[at], &o, detach, e);
}
