// SPDX-License-Identifier: Apache-2.0
/* checkpoint.c - sandrun checkpoint, and the options it shares with restore */
#include "cmd/checkpoint.h"

#include <sched.h>

#include "base/log.h"
#include "base/str.h"
#include "container/delete.h"

int cmd_empty_namespaces(const struct option_list *kinds, uint32_t *flags, struct err *e)
{
	for (size_t i = 0; i < kinds->n; i++) {
		if (!str_eq(kinds->v[i], "network"))
			return err_msg(e, "--empty-ns %.50s: only network is possible", kinds->v[i]);
		*flags |= CLONE_NEWNET;
	}
	return 0;
}

/* A container that is only files now is no container any more: as under runc and crun it is deleted, and its id is free for
 * restore. */
static int dump(struct container *c, const struct checkpoint_options *o, struct err *e)
{
	struct err why;

	if (checkpoint_dump(c, o, e) < 0)
		return -1;
	if (o->leave_running || o->pre_dump)
		return 0;
	/* An engine that saw it end may have been faster. */
	if (container_delete(c, true, &why) < 0)
		log_warn("%s", why.msg);
	return 0;
}

int cmd_checkpoint(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct checkpoint_options o = CMD_CHECKPOINT_DEFAULTS(g);
	struct option_list empty = { 0 };
	const struct option table[] = {
		CMD_CHECKPOINT_OPTIONS(o, empty),
		{ "leave-running", 0, OPT_FLAG, &o.leave_running, NULL, "let the container run on" },
		{ "pre-dump", 0, OPT_FLAG, &o.pre_dump, NULL, "memory only, and let the container run on" },
		{ "parent-path", 0, OPT_STRING, &o.parent_path, "DIR", "images of a pre-dump, relative to --image-path" },
		{ "tcp-skip-in-flight", 0, OPT_FLAG, &o.tcp_skip_in_flight, NULL, "leave out TCP connections being made" },
		{ "page-server", 0, OPT_STRING, &o.page_server, "ADDR:PORT", "send memory to a page server" },
		{ "status-fd", 0, OPT_NUMBER, &o.status_fd, "FD", "gets a NUL byte when lazy pages can be asked for" },
		{ 0 },
	};
	struct container c;
	int at, r;

	/* podman takes a "checkpoint --help" that exits with 0 for support. */
	if (!checkpoint_supported())
		return err_text(e, ENOSYS, "checkpoint: this sandrun was built without CRIU");
	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (cmd_empty_namespaces(&empty, &o.empty_namespaces, e) < 0)
		return -1;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = dump(&c, &o, e);
	container_close(&c);
	return r;
}
