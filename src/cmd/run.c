// SPDX-License-Identifier: Apache-2.0
/* run.c - sandrun run: create, start, and without --detach stay until the end and delete */
#include "cmd/cmd.h"

#include "base/fd.h"
#include "base/log.h"
#include "cmd/create.h"
#include "cmd/run.h"
#include "container/delete.h"
#include "container/foreground.h"
#include "launch/start.h"

int run_stay(struct container *c, int master, int notify, bool keep, struct err *e)
{
	int code = foreground_wait(c->pid, master, notify, e);
	struct err ignored;

	if (!keep && container_delete(c, true, code < 0 ? &ignored : e) < 0)
		return -1;
	return code;
}

int cmd_run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct create_options o = CMD_CREATE_DEFAULTS(g);
	bool detach = false, keep = false;
	const struct option table[] = {
		CMD_CREATE_OPTIONS(o),
		{ "detach", 'd', OPT_FLAG, &detach, NULL, "return when the container runs" },
		{ "keep", 0, OPT_FLAG, &keep, NULL, "do not delete it after its end" },
		{ 0 },
	};
	struct container c;
	autofd master = -1, notify = -1;
	struct err ignored;
	int at, r;

	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	o.id = argv[at];
	o.foreground = !detach && !o.console_socket;
	if (cmd_create_take_fds(&o, e) < 0)
		return -1;
	if (!detach)
		foreground_prepare();
	if (container_create(&o, &c, &master, e) < 0)
		return -1;
	if (container_start(&c, detach ? NULL : &notify, e) < 0) {
		container_delete(&c, true, &ignored);
		container_close(&c);
		return -1;
	}
	r = detach ? 0 : run_stay(&c, master, notify, keep, e);
	container_close(&c);
	return r;
}
