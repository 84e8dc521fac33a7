// SPDX-License-Identifier: Apache-2.0
/* probe_self.c - what the runtime made of this process: ids, capabilities, descriptors, signals, terminal
 *
 * Owns:     printers for runtime tests; each prints one line (fds and env: one line each entry).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

extern char **environ;

static void do_exit(int argc, char **argv)
{
	(void)argc;
	fflush(stdout);
	_exit(atoi(argv[1]));
}

/* Kills itself; as pid 1 a signal without a handler does nothing, hence the fallback. */
static void do_sig(int argc, char **argv)
{
	(void)argc;
	signal(atoi(argv[1]), SIG_DFL);
	kill(getpid(), atoi(argv[1]));
	printf("SURVIVED");
}

/* As a debugger or strace -p does. */
static void attach(int argc, char **argv)
{
	pid_t pid = atoi(argv[1]);
	int status;

	(void)argc;
	if (ptrace(PTRACE_ATTACH, pid, NULL, NULL) < 0) {
		say(errno);
		return;
	}
	waitpid(pid, &status, __WALL);
	say_ret(ptrace(PTRACE_DETACH, pid, NULL, NULL));
}

/* Runs the command with a session keyring of its own that has a user's key of this name. */
static void with_key(int argc, char **argv)
{
	if (syscall(SYS_keyctl, 1 /* JOIN_SESSION_KEYRING */, "probe") < 0 ||
	    syscall(SYS_add_key, "user", argv[1], "s", 1, -3 /* session */) < 0) {
		say(errno);
		return;
	}
	(void)argc;
	execvp(argv[2], argv + 2);
	say(errno);
}

/* Whether it is in the session keyring, or what that leads to. */
static void find_key(int argc, char **argv)
{
	(void)argc;
	say_ret(syscall(SYS_keyctl, 10 /* SEARCH */, -3, "user", argv[1], 0) < 0 ? -1 : 0);
}

static volatile sig_atomic_t caught;

static void catch_it(int sig)
{
	caught = sig;
}

/* Says "ready", waits for any signal, prints its number. SIGTERM is ignored with "ignore-term". */
static void do_catch(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = catch_it };
	sigset_t all, old;

	(void)argc;
	alarm(0);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int s = 1; s < 65; s++)
		sigaction(s, &sa, NULL);
	sigemptyset(&old);
	if (strcmp(argv[0], "ignore-term") == 0)
		sigaddset(&old, SIGTERM);
	puts("ready");
	fflush(stdout);
	while (!caught)
		sigsuspend(&old);
	printf("%d", (int)caught);
}

static int by_number(const struct dirent **a, const struct dirent **b)
{
	return atoi((*a)->d_name) - atoi((*b)->d_name);
}

/* Open descriptors, "N TARGET" a line, without the one that reads the directory. */
static void fds(int argc, char **argv)
{
	struct dirent **v;
	int n = scandir("/proc/self/fd", &v, NULL, by_number);
	const char *sep = "";

	(void)argc;
	(void)argv;
	for (int i = 0; i < n; i++) {
		char path[300], to[300];
		ssize_t len;

		if (v[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", v[i]->d_name);
		len = readlink(path, to, sizeof(to) - 1);
		if (len < 0)
			continue;
		to[len] = '\0';
		printf("%s%s %s", sep, v[i]->d_name, to);
		sep = "\n";
	}
}

static void ids(int argc, char **argv)
{
	uid_t r, e, s;
	gid_t rg, eg, sg, groups[64];
	int n = getgroups(64, groups);
	mode_t mask = umask(0);

	(void)argc;
	(void)argv;
	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	printf("uid=%u,%u,%u gid=%u,%u,%u groups=", r, e, s, rg, eg, sg);
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf(" umask=%04o nnp=%d", mask, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
}

/* Lines of /proc/self/status whose name begins with @prefix, "Name=value" on one line. */
static void status(const char *prefix)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[256];
	const char *sep = "";

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, prefix, strlen(prefix)) != 0)
			continue;
		*colon = '\0';
		printf("%s%s=%s", sep, line, strtok(colon + 1, " \t\n"));
		sep = " ";
	}
	if (f)
		fclose(f);
}

static void caps(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	status("Cap");
}

static void sigmasks(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	status("Sig");
}

static void env(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (char **e = environ; *e; e++)
		printf("%s%s", e == environ ? "" : "\n", *e);
}

/* "/dev/pts/0 33x99 session" of descriptor 0, or why not. */
static void tty(int argc, char **argv)
{
	struct winsize w = { 0 };
	pid_t sid = 0;

	(void)argc;
	(void)argv;
	if (!isatty(0)) {
		say(errno);
		return;
	}
	ioctl(0, TIOCGWINSZ, &w);
	ioctl(0, TIOCGSID, &sid);
	printf("%s %ux%u %s", ttyname(0) ? ttyname(0) : "?", w.ws_row, w.ws_col, sid == getsid(0) ? "session" : "foreign");
}

/* Waits until the terminal has that size, for resize tests. */
static void await_size(int argc, char **argv)
{
	struct winsize w = { 0 };

	(void)argc;
	while (ioctl(0, TIOCGWINSZ, &w) == 0 && (w.ws_row != atoi(argv[1]) || w.ws_col != atoi(argv[2])))
		usleep(10000);
	printf("%ux%u", w.ws_row, w.ws_col);
}

static void do_kill(int argc, char **argv)
{
	(void)argc;
	say_ret(kill(atoi(argv[1]), atoi(argv[2])));
}

/* The version of Landlock, 0 for none: what tests can ask of this kernel. */
static void landlock(int argc, char **argv)
{
	/* landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) */
	long abi = syscall(444, NULL, 0, 1u);

	(void)argc;
	(void)argv;
	printf("%ld", abi < 0 ? 0 : abi);
}

/* Makes and locks a file, says so, and stays. */
static void hold_lock(int argc, char **argv)
{
	int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)argc;
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		say(errno);
		return;
	}
	printf("locked\n");
	fflush(stdout);
	for (;;)
		pause();
}

const struct verb probe_self_verbs[] = {
	{ "attach", "PID", 1, attach },
	{ "with-key", "NAME COMMAND…", 2, with_key },
	{ "find-key", "NAME", 1, find_key },
	{ "exit", "N", 1, do_exit },
	{ "sig", "N", 1, do_sig },
	{ "catch", "", 0, do_catch },
	{ "ignore-term", "", 0, do_catch },
	{ "fds", "", 0, fds },
	{ "ids", "", 0, ids },
	{ "caps", "", 0, caps },
	{ "sigmask", "", 0, sigmasks },
	{ "env", "", 0, env },
	{ "tty", "", 0, tty },
	{ "await-size", "ROWS COLS", 2, await_size },
	{ "kill", "PID SIG", 2, do_kill },
	{ "landlock", "", 0, landlock },
	{ "hold-lock", "PATH", 1, hold_lock },
	{ 0 },
};
