// SPDX-License-Identifier: Apache-2.0
/* seize.c - a workload that tries to ptrace every process as soon as it is born
 *
 * seize [-u] [-w N] [-m WORD] FILE: with -u it makes a user namespace first, in which it has CAP_SYS_PTRACE whatever the container has.
 * The next N pids (3) are tried over and over, for the number is known before the process is; with -m only those with WORD in their
 * command line (where others' processes can be seen). Of each that can be seized, FILE gets the command's name, the uids, and what its
 * descriptors lead to; then it is killed. "tried" is appended for one that was there and could not be seized.
 *
 * Runs in:  the container, as its first process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static int out;

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(out, fmt, ap);
	va_end(ap);
}

static void say_file(pid_t pid, const char *name, const char *word)
{
	char path[64], text[4096], *at;
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = *word ? strstr(text, word) : text;
	say("%s %.*s\n", name, at ? (int)strcspn(at, "\n") : 0, at ? at : "");
}

static void say_fds(pid_t pid)
{
	char path[300], link[256];
	struct dirent *de;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		ssize_t n;

		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)pid, de->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		link[n > 0 ? n : 0] = 0;
		say("fd %s %s\n", de->d_name, link);
	}
}

static void seized(pid_t pid)
{
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, NULL, __WALL);
	say("SEIZED\n");
	say_file(pid, "comm", "");
	say_file(pid, "status", "Uid:");
	say_fds(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

static bool is_meant(pid_t pid, const char *word)
{
	char path[64], text[4096];
	ssize_t n;
	int fd;

	if (!word)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && memmem(text, (size_t)n, word, strlen(word));
}

static pid_t next_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return pid + 1;
}

int main(int argc, char **argv)
{
	int opt, window = 3;
	const char *word = NULL;
	pid_t met = 0;

	while ((opt = getopt(argc, argv, "uw:m:")) != -1) {
		if (opt == 'u' && unshare(CLONE_NEWUSER) < 0)
			return 1;
		if (opt == 'w')
			window = atoi(optarg);
		if (opt == 'm')
			word = optarg;
	}
	out = optind < argc ? open(argv[optind], O_WRONLY | O_CREAT | O_APPEND, 0644) : 1;
	if (out < 0)
		return 1;
	say("ready\n");
	for (;;) {
		pid_t first = next_pid();

		/* Renewed now and then: a number that was taken and given back is not the next any more. */
		for (int i = 0; i < 20000; i++) {
			pid_t pid = first + i % window;

			if (!is_meant(pid, word))
				continue;
			if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) {
				seized(pid);
				break;
			}
			if (errno == EPERM && pid != met) {
				met = pid;
				say("tried\n");
			}
		}
	}
}
