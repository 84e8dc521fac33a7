// SPDX-License-Identifier: Apache-2.0
/* kill.c - signals for a container
 *
 * Owns:     whom a signal goes to: init by its pidfd, or every member of the cgroup (--all; SIGKILL where no pid
 *           namespace of its own ends with init).
 * Runs in:  kill, delete, run.
 */
#include "container/kill.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"

static int kill_all(const struct container *c, int sig, struct err *e)
{
	struct cgroup *cg = c->cgroup ? cgroup_read(c->cgroup, e) : NULL;
	int r;

	if (!cg)
		return c->cgroup ? -1 : err_msg(e, "container %s has no cgroup: kill --all is not possible", c->id);
	r = cgroup_signal(cg, sig, e);
	cgroup_free(cg);
	return r;
}

/* In a shared pid namespace processes may have outlived init. True if there were any, and they are gone. */
static bool kill_rest(const struct container *c)
{
	struct cgroup *cg = !c->private_pid && c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;
	pid_t *pids = NULL;
	size_t n = 0;
	bool some = cg && cgroup_pids(cg, &pids, &n, NULL) == 0 && n > 0 && cgroup_signal(cg, SIGKILL, NULL) == 0;

	free(pids);
	cgroup_free(cg);
	return some;
}

/* A paused container is to end, too, as with runc. */
static void kill_frozen(const struct container *c)
{
	struct cgroup *cg = c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;

	if (cg)
		cgroup_kill_frozen(cg);
	cgroup_free(cg);
}

int container_kill(const struct container *c, int sig, bool all, struct err *e)
{
	autofd pidfd = container_pidfd(c);

	trace(TRACE_STATE, "kill %s: signal %d to %s", c->id, sig, all ? "all" : "init");
	if (all)
		return kill_all(c, sig, e);
	if (pidfd < 0 && sig == SIGKILL && kill_rest(c))
		return 0;
	if (pidfd < 0)
		return err_text(e, ESRCH, "container not running: %s", c->id);
	if (sys_pidfd_send_signal(pidfd, sig) < 0) {
		if (errno == ESRCH)
			return err_text(e, ESRCH, "container not running: %s", c->id);
		return err_sys(e, "send signal %d to container %s", sig, c->id);
	}
	/* Its children would outlive it: nobody ends a shared pid namespace for us. */
	if (sig == SIGKILL && !c->private_pid && c->cgroup)
		(void)kill_all(c, sig, NULL);
	else if (sig == SIGKILL)
		kill_frozen(c);
	return 0;
}
