// SPDX-License-Identifier: Apache-2.0
/* metrics.c - sandrun metrics: the policies of all containers in numbers, for a collector */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "inspect/find.h"
#include "inspect/metrics.h"

#define FILE_NAME "sandrun.prom"

/* In one step, so that a collector never sees half of it; readable by all, for a collector is not root. */
static int write_file(const char *dir, const char *text, struct err *e)
{
	autofd fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "metrics: open the directory %s", dir);
	if (file_replace(fd, FILE_NAME, text, strlen(text), 0644, e) < 0)
		return err_prefix(e, "metrics: in %s", dir);
	return 0;
}

int cmd_metrics(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *dir = NULL;
	const struct option table[] = {
		{ "textfile", 0, OPT_STRING, &dir, "DIR", "write " FILE_NAME " there, instead of to the standard output" },
		{ 0 },
	};
	autofree char *text = NULL;
	struct roots roots;
	struct found found;
	int at, r;

	r = cmd_begin(table, "[options]", 0, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	roots_find(g->root_named ? g->root : NULL, &roots);
	find_containers(&roots, NULL, FIND_PRESENT, &found);
	text = metrics_text(&found);
	if (dir)
		r = write_file(dir, text, e);
	else
		fputs(text, stdout);
	find_free(&found);
	roots_free(&roots);
	return r;
}
