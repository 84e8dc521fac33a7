// SPDX-License-Identifier: Apache-2.0
/* pause.c - sandrun pause and resume */
#include "cmd/cmd.h"

static int freeze(const struct container *c, bool on, struct err *e)
{
	enum container_status s = container_status(c);
	struct cgroup *cg;
	int r;

	if (s == CONTAINER_STOPPED || s == CONTAINER_CREATING)
		return err_text(e, ESRCH, "container not running: %s", c->id);
	if (!on && s != CONTAINER_PAUSED)
		return err_text(e, EINVAL, "container not paused: %s", c->id);
	if (!c->cgroup)
		return err_msg(e, "container %s has no cgroup: it cannot be paused", c->id);
	cg = cgroup_read(c->cgroup, e);
	if (!cg)
		return -1;
	r = cgroup_freeze(cg, on, e);
	cgroup_free(cg);
	return r;
}

static int pause_or_resume(bool on, const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct option table[] = { { 0 } };
	struct container c;
	int at, r;

	r = cmd_begin(table, "ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = freeze(&c, on, e);
	container_close(&c);
	return r;
}

int cmd_pause(const struct globals *g, int argc, char **argv, struct err *e)
{
	return pause_or_resume(true, g, argc, argv, e);
}

int cmd_resume(const struct globals *g, int argc, char **argv, struct err *e)
{
	return pause_or_resume(false, g, argc, argv, e);
}
