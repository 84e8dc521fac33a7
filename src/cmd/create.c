// SPDX-License-Identifier: Apache-2.0
/* create.c - sandrun create, and the options it shares with run */
#include "cmd/cmd.h"
#include "cmd/create.h"
#include "launch/bundle.h"

int cmd_create_take_fds(struct create_options *o, struct err *e)
{
	if (o->config_file && bundle_read_file(o->config_file, &o->config_text, &o->config_len, e) < 0)
		return -1;
	o->preserve_fds = cmd_take_fds(o->preserve_fds, &o->listen_fds);
	return 0;
}

int cmd_create(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct create_options o = CMD_CREATE_DEFAULTS(g);
	const struct option table[] = { CMD_CREATE_OPTIONS(o), { 0 } };
	struct container c;
	int at, master, r;

	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	o.id = argv[at];
	if (cmd_create_take_fds(&o, e) < 0 || container_create(&o, &c, &master, e) < 0)
		return -1;
	container_close(&c);
	return 0;
}
