// SPDX-License-Identifier: Apache-2.0
/* restore.c - sandrun restore: a container out of files; without --detach we stay until its end and delete it */
#include "cmd/checkpoint.h"

#include "base/fd.h"
#include "base/str.h"
#include "cmd/create.h"
#include "cmd/run.h"
#include "container/foreground.h"

int cmd_restore(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct checkpoint_options o = CMD_CHECKPOINT_DEFAULTS(g);
	struct create_options create = CMD_CREATE_DEFAULTS(g);
	struct option_list empty = { 0 };
	bool detach = false, keep = false;
	const struct option table[] = {
		CMD_CHECKPOINT_OPTIONS(o, empty),
		{ "bundle", 'b', OPT_STRING, &create.bundle, "DIR", "the bundle (default: the working directory)" },
		{ "config", 'f', OPT_STRING, &create.config_file, "FILE", "instead of config.json in the bundle" },
		{ "console-socket", 0, OPT_STRING, &create.console_socket, "PATH", "unix socket that gets the terminal" },
		{ "pid-file", 0, OPT_STRING, &create.pid_file, "FILE", "gets the pid of the container's init" },
		{ "detach", 'd', OPT_FLAG, &detach, NULL, "return when the container runs" },
		{ "keep", 0, OPT_FLAG, &keep, NULL, "do not delete it after its end" },
		{ "lsm-profile", 0, OPT_STRING, &o.lsm_profile, "TYPE:NAME", "another AppArmor profile or SELinux label" },
		{ "lsm-mount-context", 0, OPT_STRING, &o.lsm_mount_context, "CONTEXT", "another SELinux context for mounts" },
		{ "no-pivot", 0, OPT_IGNORED_FLAG, NULL, NULL, NULL },
		{ "no-subreaper", 0, OPT_IGNORED_FLAG, NULL, NULL, NULL },
		{ 0 },
	};
	struct container c;
	autofd master = -1;
	int at, r;

	if (!checkpoint_supported())
		return err_text(e, ENOSYS, "restore: this sandrun was built without CRIU");
	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (cmd_empty_namespaces(&empty, &o.empty_namespaces, e) < 0)
		return -1;
	create.id = argv[at];
	create.foreground = !detach && !create.console_socket;
	if (!detach)
		foreground_prepare();
	if (checkpoint_restore(&create, &o, &c, &master, e) < 0)
		return -1;
	r = detach ? 0 : run_stay(&c, master, -1, keep, e);
	container_close(&c);
	return r;
}
