// SPDX-License-Identifier: Apache-2.0
/* signals.c - signal names and numbers as users write them; a clean slate of signals for the workload
 *
 * Owns:     the table of names.
 * Runs in:  kill (names); init and exec'd processes (reset).
 */
#include "process/signals.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "base/sys.h"
#include "process/process.h"

/* What users and engines mean by RTMIN: glibc's, which keeps two of the kernel's 32 to itself. Not SIGRTMIN, which is a
 * function call and differs between C libraries: podman sends 37 for RTMIN+3 whatever we are linked with. */
#define RT_MIN 34
#define RT_MAX 64

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT }, { "IOT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE }, { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM }, { "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT }, { "STOP", SIGSTOP },
	{ "TSTP", SIGTSTP }, { "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU },
	{ "XFSZ", SIGXFSZ }, { "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH },
	{ "IO", SIGIO }, { "POLL", SIGIO }, { "PWR", SIGPWR }, { "SYS", SIGSYS },
	/* Not on every architecture: */
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
#ifdef SIGEMT
	{ "EMT", SIGEMT },
#endif
};

/* "RTMIN", "RTMIN+3", "RTMAX-1": the number, or -1. */
static int realtime(const char *s)
{
	bool from_min = strncasecmp(s, "RTMIN", 5) == 0;
	uint64_t off;

	if (!from_min && strncasecmp(s, "RTMAX", 5) != 0)
		return -1;
	s += 5;
	if (!*s)
		return from_min ? RT_MIN : RT_MAX;
	if (*s != (from_min ? '+' : '-') || str_to_u64(s + 1, 10, RT_MAX - RT_MIN, &off) < 0)
		return -1;
	return from_min ? RT_MIN + (int)off : RT_MAX - (int)off;
}

int signals_parse(const char *s, struct err *e)
{
	const char *name = strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	uint64_t n;
	int rt;

	if (str_to_u64(s, 10, RT_MAX, &n) == 0)
		return (int)n;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].number;
	rt = realtime(name);
	if (rt >= 0)
		return rt;
	return err_msg(e, "unknown signal \"%.64s\" (a name such as TERM or RTMIN+3, or a number from 0 to %d)", s, RT_MAX);
}

void process_reset_signals(void)
{
	sigset_t none;

	/* An ignored signal stays ignored across exec: podman ignores SIGPIPE, Go programs more. KILL and STOP answer EINVAL.
	 * Not sigaction(3): that keeps the two signals that libc uses itself (32 and 33) out of reach, and a caller of ours
	 * may have ignored them all the same. */
	for (int sig = 1; sig <= RT_MAX; sig++)
		sys_default_signal(sig);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}
