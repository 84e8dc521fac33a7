// SPDX-License-Identifier: Apache-2.0
/* holder.c - a process that holds a scope open until there is an init
 *
 * Owns:     that process.
 * Runs in:  create (start, end); the process itself only waits.
 *
 * systemd makes a scope around a process. Who wants to do something with the cgroup before init is cloned (attach a program to
 * it, say, and decide by that what init loads upon itself) needs another one in it meanwhile.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "cgroup/internal.h"

static void hold(pid_t parent) __attribute__((noreturn));
static void hold(pid_t parent)
{
	/* Ends with create, however that ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	/* Nobody is to wait for the end of a pipe because of it. ENOSYS (before Linux 5.9): he waits until there is an init. */
	sys_close_range(0, ~0u, 0);
	for (;;)
		pause();
}

int cg_holder_start(struct cgroup *cg, struct err *e)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		hold(parent);
	if (pid < 0)
		return err_sys(e, "fork a process to make %s with", cg->unit);
	cg->holder = pid;
	return 0;
}

void cg_holder_end(struct cgroup *cg)
{
	int saved = errno;

	if (cg->holder > 0) {
		kill(cg->holder, SIGKILL);
		while (waitpid(cg->holder, NULL, 0) < 0 && errno == EINTR)
			;
	}
	cg->holder = 0;
	errno = saved;
}
