// SPDX-License-Identifier: Apache-2.0
/* needs.c - what linux.seccomp has to let pass, so that a process comes through to its execve
 *
 * When the profile is loaded decides what is behind it (workload.c): with process.noNewPrivileges execve(2) alone; with
 * SCMP_ACT_NOTIFY, too, the hand-over of the listener and the wait for start; without noNewPrivileges (loading then takes a
 * capability that the workload will not have) also the change of user and the look-up of the command.
 *
 * Runs in:  create, exec and start; needs_explain() in the process itself.
 */
#include "launch/needs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/str.h"

enum stage { BECOME, WAIT, LAST, EXEC };

#define CALL(name, stage, always) { SYS_##name, #name, stage, always }

static const struct {
	int nr;
	const char *name;
	enum stage stage;
	bool always; /* else it depends on the configuration, the libc or the kernel */
} calls[] = {
	CALL(prctl, BECOME, true),
	CALL(setgroups, BECOME, false),
	CALL(setresgid, BECOME, true),
	CALL(setresuid, BECOME, true),
	CALL(umask, BECOME, true),
	CALL(capget, BECOME, true),
	CALL(capset, BECOME, true),
	CALL(fstat, BECOME, false),
#ifdef SYS_newfstatat
	CALL(newfstatat, BECOME, false),
#endif
	CALL(faccessat2, BECOME, false),
	CALL(chdir, BECOME, false),
	CALL(getcwd, BECOME, false),
	CALL(ioctl, BECOME, false),
	CALL(wait4, WAIT, false),
	CALL(write, WAIT, true),
	CALL(close, WAIT, true),
	CALL(read, WAIT, true),
	CALL(getpid, WAIT, true),
	CALL(close_range, LAST, true),
	CALL(rt_sigaction, LAST, true),
	CALL(rt_sigprocmask, LAST, true),
	CALL(execve, EXEC, true),
};

static enum stage first_stage(const struct needs *n)
{
	if (!n->process->no_new_privileges)
		return BECOME;
	return n->notify ? WAIT : EXEC;
}

/* The names of those behind the profile to which it answers with @answer, or (@maybe) perhaps so. False: none. */
static bool list_calls(const struct needs *n, int answer, bool maybe, char *buf, size_t size)
{
	size_t len = 0;

	buf[0] = 0;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		int r = calls[i].stage < first_stage(n) ? 0 : confine_profile_ask(n->profile, calls[i].nr);
		/* exec has nothing to wait for, and nobody to write to. */
		bool certain = calls[i].always && (n->waits || calls[i].stage != WAIT);

		if (maybe ? r != answer && r != CONFINE_DEPENDS : r != answer || !certain)
			continue;
		if (len + strlen(calls[i].name) + 3 > size)
			break;
		len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? ", " : "", calls[i].name);
	}
	return len > 0;
}

static const char *advice(const struct needs *n)
{
	return first_stage(n) == BECOME ? " (with process.noNewPrivileges it would need nothing but execve)" : "";
}

int needs_check(const struct needs *n, struct err *e)
{
	char names[256];

	if (!n->profile || !n->process->args.n || !list_calls(n, CONFINE_KILLS, false, names, sizeof(names)))
		return 0;
	return err_msg(e, "linux.seccomp kills whatever calls %s, which this process has to on its way to the command%s", names, advice(n));
}

void needs_explain(const struct needs *n, struct err *e)
{
	struct err first = *e;
	char names[256];

	if (!n->profile || e->code <= 0 || !list_calls(n, e->code, false, names, sizeof(names)))
		return;
	err_text(e, first.code, "%.600s (linux.seccomp answers so to %s, which the process needs on its way to the command; with "
				"process.noNewPrivileges it would not)",
		 first.msg, names);
}

static int killed_by_profile(const struct needs *n, const char *what, struct err *e)
{
	char names[256];

	if (!list_calls(n, CONFINE_KILLS, true, names, sizeof(names)))
		return err_msg(e, "%s was killed by signal 31 (SYS): by a seccomp filter, on its way to the command", what);
	return err_msg(e, "%s was killed by linux.seccomp on its way to the command, where it needs %s%s", what, names, advice(n));
}

int needs_death(const struct needs *n, const char *what, int status, bool oom, struct err *e)
{
	char names[256];
	const char *name;

	if (status == 0 && list_calls(n, CONFINE_KILLS, true, names, sizeof(names)))
		return err_msg(e, "%s ended before it was the command (killed by linux.seccomp? It needs %s)", what, names);
	if (status == 0)
		return err_msg(e, "%s ended before it was the command", what);
	if (WIFEXITED(status))
		return err_msg(e, "%s ended with status %d before it was the command, without a word%s", what, WEXITSTATUS(status),
			       n->profile ? " (does linux.seccomp let accept4 and write pass?)" : "");
	if (WTERMSIG(status) == SIGSYS)
		return killed_by_profile(n, what, e);
	if (WTERMSIG(status) == SIGKILL && oom)
		return err_msg(e, "%s was killed before it was the command: its cgroup is out of memory (linux.resources.memory.limit)",
			       what);
	name = sigabbrev_np(WTERMSIG(status));
	return err_msg(e, "%s was killed by signal %d (%s) before it was the command", what, WTERMSIG(status), name ? name : "?");
}
