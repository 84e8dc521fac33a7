// SPDX-License-Identifier: Apache-2.0
/* ps.c - sandrun ps: the pids of a container, or ps(1)'s lines of them */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

static bool among(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* The column of PID in ps's header line, counted in words; -1 if there is none. */
static int pid_column(const char *header)
{
	autofree char *copy = xstrdup(header);
	char *save = NULL;
	int i = 0;

	for (char *w = strtok_r(copy, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save), i++)
		if (str_eq(w, "PID"))
			return i;
	return -1;
}

static long word_number(const char *line, int column)
{
	autofree char *copy = xstrdup(line);
	char *save = NULL;
	int i = 0;

	for (char *w = strtok_r(copy, " \t\n", &save); w; w = strtok_r(NULL, " \t\n", &save), i++)
		if (i == column)
			return strtol(w, NULL, 10);
	return -1;
}

/* Fixed words, or what the user gave us on his own command line. */
static char *ps_command(int argc, char **argv)
{
	char *cmd = xstrdup("ps");

	if (argc == 0) {
		free(cmd);
		return xstrdup("ps -ef");
	}
	for (int i = 0; i < argc; i++) {
		autofree char *old = cmd;
		char *quoted = xcalloc(strlen(argv[i]) * 4 + 3, 1), *p = quoted;

		*p++ = '\'';
		for (const char *s = argv[i]; *s; s++) {
			if (*s == '\'')
				p = stpcpy(p, "'\\''");
			else
				*p++ = *s;
		}
		*p++ = '\'';
		cmd = xasprintf("%s %s", old, quoted);
		free(quoted);
	}
	return cmd;
}

static int print_table(const pid_t *pids, size_t n, int argc, char **argv, struct err *e)
{
	autofree char *cmd = ps_command(argc, argv);
	FILE *f = popen(cmd, "re");
	char *line = NULL;
	size_t size = 0;
	int column;

	if (!f)
		return err_sys(e, "run ps");
	if (getline(&line, &size, f) < 0 || (column = pid_column(line)) < 0) {
		free(line);
		pclose(f);
		return err_msg(e, "ps: %s gave no column PID (is ps installed? --format json needs none)", cmd);
	}
	fputs(line, stdout);
	while (getline(&line, &size, f) >= 0)
		if (among(pids, n, word_number(line, column)))
			fputs(line, stdout);
	free(line);
	pclose(f);
	return 0;
}

static void print_json(const pid_t *pids, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

static int show(const struct container *c, const char *format, int argc, char **argv, struct err *e)
{
	struct cgroup *cg;
	pid_t *pids = NULL;
	size_t n = 0;
	int r;

	if (!c->cgroup)
		return err_msg(e, "container %s has no cgroup: its processes are not known", c->id);
	cg = cgroup_read(c->cgroup, e);
	if (!cg)
		return -1;
	r = cgroup_pids(cg, &pids, &n, e);
	cgroup_free(cg);
	if (r < 0)
		return -1;
	if (str_eq(format, "json"))
		print_json(pids, n);
	else
		r = print_table(pids, n, argc, argv, e);
	free(pids);
	return r;
}

int cmd_ps(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *format = "table";
	const struct option table[] = {
		{ "format", 'f', OPT_STRING, &format, "FORMAT", "table (default; options of ps may follow ID) or json" },
		{ 0 },
	};
	struct container c;
	int at, r;

	r = cmd_begin(table, "[options] ID [PS OPTIONS]", 1, true, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (!str_eq(format, "table") && !str_eq(format, "json"))
		return err_text(e, EINVAL, "ps: --format %.100s: table or json is expected", format);
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = show(&c, format, argc - at - 1, argv + at + 1, e);
	container_close(&c);
	return r;
}
