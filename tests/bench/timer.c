// SPDX-License-Identifier: Apache-2.0
/* timer.c - runs commands in turn, many rounds, and prints what each cost
 *
 * Owns:     the measure: CPU time of a command and of everything it leaves behind (getrusage(2) of children, as their
 *           subreaper), wall time, peak resident set; medians. CPU time is the steadiest figure on a shared machine.
 * Must not: measure two commands at once. The pause lets the kernel tear the last container's namespaces down, which
 *           would otherwise be the next one's time.
 *
 * usage: timer ROUNDS PAUSE_MS FILE     FILE: a line "NAME<TAB>COMMAND ARG…" for each; words are cut at spaces
 * output: a line "NAME CPU_US WALL_US RSS_KB" for each
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS 1000
#define MAX_WORDS 64

struct command {
	char *name, *words[MAX_WORDS];
	long cpu[MAX_ROUNDS], wall[MAX_ROUNDS], rss[MAX_ROUNDS];
};

static struct command commands[MAX_COMMANDS];
static int n_commands;

static long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static long us(const struct timeval *t)
{
	return t->tv_sec * 1000000L + t->tv_usec;
}

static void read_commands(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[8192];

	while (f && fgets(line, sizeof(line), f) && n_commands < MAX_COMMANDS) {
		struct command *c = &commands[n_commands++];
		char *copy = strdup(line), *tab = strchr(copy, '\t');
		int n = 0;

		if (!tab)
			exit(2);
		*tab = '\0';
		c->name = copy;
		for (char *w = strtok(tab + 1, " \n"); w && n < MAX_WORDS - 1; w = strtok(NULL, " \n"))
			c->words[n++] = w;
	}
	if (!f || n_commands == 0)
		exit(2);
	fclose(f);
}

static void run(struct command *c, int round)
{
	struct rusage before, after, own;
	long start = now_us();
	int status;
	pid_t pid;

	getrusage(RUSAGE_CHILDREN, &before);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(c->words[0], c->words);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &own) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "timer: %s failed (status %d)\n", c->name, status);
		exit(1);
	}
	c->wall[round] = now_us() - start;
	/* what it left behind: a supervisor ends moments after its container */
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	getrusage(RUSAGE_CHILDREN, &after);
	c->cpu[round] = us(&after.ru_utime) + us(&after.ru_stime) - us(&before.ru_utime) - us(&before.ru_stime);
	c->rss[round] = own.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

static long median(long *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	int rounds;
	long pause_ms;

	if (argc != 4) {
		fprintf(stderr, "usage: timer ROUNDS PAUSE_MS FILE\n");
		return 2;
	}
	rounds = atoi(argv[1]);
	pause_ms = atol(argv[2]);
	if (rounds < 1 || rounds > MAX_ROUNDS)
		return 2;
	read_commands(argv[3]);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < n_commands; i++) {
			struct timespec t = { pause_ms / 1000, pause_ms % 1000 * 1000000 };

			run(&commands[i], r);
			nanosleep(&t, NULL);
		}
	for (int i = 0; i < n_commands; i++)
		printf("%s %ld %ld %ld\n", commands[i].name, median(commands[i].cpu, rounds), median(commands[i].wall, rounds),
		       median(commands[i].rss, rounds));
	return 0;
}
