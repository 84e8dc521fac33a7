// SPDX-License-Identifier: Apache-2.0
/* list.c - sandrun list */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/stateroot.h"
#include "oci/state.h"

struct row {
	struct container c;
	enum container_status status;
};

static void print_table(const struct row *rows, size_t n)
{
	size_t id = 2, bundle = 6;

	for (size_t i = 0; i < n; i++) {
		size_t a = strlen(rows[i].c.id), b = rows[i].c.bundle ? strlen(rows[i].c.bundle) : 0;

		id = a > id ? a : id;
		bundle = b > bundle ? b : bundle;
	}
	printf("%-*s  %-8s  %-8s  %-*s  %-30s  %s\n", (int)id, "ID", "PID", "STATUS", (int)bundle, "BUNDLE", "CREATED", "OWNER");
	for (size_t i = 0; i < n; i++) {
		const struct container *c = &rows[i].c;

		printf("%-*s  %-8d  %-8s  %-*s  %-30s  %s\n", (int)id, c->id,
		       rows[i].status == CONTAINER_STOPPED ? 0 : (int)c->pid, container_status_name(rows[i].status), (int)bundle,
		       c->bundle ? c->bundle : "", c->created ? c->created : "", c->owner ? c->owner : "");
	}
}

static void print_json(const struct row *rows, size_t n)
{
	struct oci_state *v = xcalloc(n, sizeof(*v));
	autofree char *text = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct container *c = &rows[i].c;

		v[i] = (struct oci_state){ .id = c->id,
					   .status = container_status_name(rows[i].status),
					   .pid = rows[i].status == CONTAINER_STOPPED ? 0 : c->pid,
					   .bundle = c->bundle ? c->bundle : "",
					   .rootfs = c->rootfs,
					   .created = c->created,
					   .owner = c->owner,
					   .annotations = &c->annotations };
	}
	text = oci_state_write_list(v, n);
	puts(text);
	free(v);
}

/* A container that vanishes while we look, or whose record cannot be read, is left out: list tells what is there. */
static size_t collect(const char *root, char **ids, size_t n, struct row *rows)
{
	size_t got = 0;

	for (size_t i = 0; i < n; i++) {
		struct row *r = &rows[got];

		if (container_open(root, ids[i], &r->c, NULL) < 0) {
			container_close(&r->c);
			continue;
		}
		r->status = container_status(&r->c);
		got++;
	}
	return got;
}

int cmd_list(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool quiet = false;
	const char *format = "table";
	const struct option table[] = {
		{ "quiet", 'q', OPT_FLAG, &quiet, NULL, "ids only" },
		{ "format", 'f', OPT_STRING, &format, "FORMAT", "table (default) or json" },
		{ 0 },
	};
	struct row *rows;
	char **ids;
	autofd root = -1;
	size_t n, got;
	int at, r;

	r = cmd_begin(table, "[options]", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_text(e, EINVAL, "list: --format %.100s: table or json is expected", format);
	root = stateroot_open(g->root, false, e);
	if (root < 0 && e->code != ENOENT)
		return -1;
	/* Nothing was made yet below the default root. One that was named and is not there is a mistake, as under runc. */
	if (container_list_ids(g->root, &ids, &n, e) < 0 && (g->root_named || e->code != ENOENT))
		return -1;
	rows = xcalloc(n, sizeof(*rows));
	got = quiet ? 0 : collect(g->root, ids, n, rows);
	if (quiet)
		for (size_t i = 0; i < n; i++)
			puts(ids[i]);
	else if (str_eq(format, "json"))
		print_json(rows, got);
	else
		print_table(rows, got);
	for (size_t i = 0; i < got; i++)
		container_close(&rows[i].c);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	free(rows);
	return 0;
}
