// SPDX-License-Identifier: Apache-2.0
/* ps.c - sandrun ps: the pids of a container, or ps(1)'s lines of them
 *
 * Must not: bring a shell between the user's words and ps.
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Starts ps(1) with the words that the user gave on his own command line, or with -ef. Its output is the caller's to close, its
 * process to wait for. */
static FILE *start_ps(char **words, pid_t *pid, struct err *e)
{
	static const char *const all[] = { "ps", "-ef", NULL };
	posix_spawn_file_actions_t actions;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0) {
		err_sys(e, "ps: make a pipe");
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, p[1], STDOUT_FILENO);
	r = posix_spawnp(pid, "ps", &actions, NULL, words ? words : (char *const *)(uintptr_t)all, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(p[1]);
	if (r == 0)
		return fdopen(p[0], "re");
	close(p[0]);
	err_text(e, r, "ps: there is no program ps that could be run; --format json needs none");
	return NULL;
}

static int filter(FILE *f, const pid_t *pids, size_t n, struct err *e)
{
	autofree char *line = NULL;
	size_t size = 0;
	int column;

	if (getline(&line, &size, f) < 0 || (column = pid_column(line)) < 0)
		return err_msg(e, "ps: its output has no column PID: add it to the options, or use --format json");
	fputs(line, stdout);
	while (getline(&line, &size, f) >= 0)
		if (among(pids, n, word_number(line, column)))
			fputs(line, stdout);
	return 0;
}

/* @words: "ps" and its options; NULL: none. */
static int print_table(const pid_t *pids, size_t n, char **words, struct err *e)
{
	pid_t child;
	FILE *f = start_ps(words, &child, e);
	int r;

	if (!f)
		return -1;
	r = filter(f, pids, n, e);
	fclose(f);
	waitpid(child, NULL, 0);
	return r;
}

static void print_json(const pid_t *pids, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

static int show(const struct container *c, const char *format, char **words, struct err *e)
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
		r = print_table(pids, n, words, e);
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
	/* The id's place becomes the name of ps. */
	argv[at] = (char *)(uintptr_t)"ps";
	if (r == 0)
		r = show(&c, format, at + 1 < argc ? argv + at : NULL, e);
	container_close(&c);
	return r;
}
