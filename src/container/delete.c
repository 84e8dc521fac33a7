// SPDX-License-Identifier: Apache-2.0
/* delete.c - the end of a container
 *
 * Owns:     the order: init first (what it made ends with it), then what is left in the cgroup, then the supervisor,
 *           the cgroup itself, the state directory, and the hooks when nothing is left.
 * Must not: depend on flags, environment or working directory of the call: engines call it with next to nothing.
 * Runs in:  delete, and run after its container's end.
 */
#include "container/delete.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"
#include "confine/wall/wall.h"
#include "container/fuse.h"
#include "container/hooks.h"
#include "container/past.h"
#include "host/rdt.h"
#include "oci/read.h"
#include "oci/state.h"
#include "supervisor/supervisor.h"

#define ALONE_MS 200
#define END_MS 3000 /* engines give "delete --force" five seconds in all (containerd) */

static int wait_end(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : -1;
}

static int end_init(const struct container *c, struct err *e)
{
	autofd pidfd = container_pidfd(c);
	struct cgroup *cg;
	bool ended;

	trace(TRACE_STATE, "init %d %s", (int)c->pid, pidfd < 0 ? "is gone" : "gets SIGKILL");
	if (pidfd < 0)
		return 0;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	/* cgroup v1 delivers nothing to a frozen task, not even SIGKILL. */
	cg = c->cgroup && !c->cgroup_planned ? cgroup_read(c->cgroup, NULL) : NULL;
	if (cg)
		cgroup_kill_frozen(cg);
	/* Init takes the others with it at its end, which may wait for one of them: a FUSE server that does not answer the close of
	 * a file. And what waits for a server among its own threads waits for ever. */
	ended = wait_end(pidfd, ALONE_MS) == 0;
	if (!ended && cg)
		cgroup_kill(cg);
	ended = ended || wait_end(pidfd, ALONE_MS) == 0;
	if (!ended)
		fuse_abort(cg, c->pid);
	cgroup_free(cg);
	/* In the middle of a call that does not come back, or frozen by somebody else. Its state is kept, for another try. */
	if (!ended && wait_end(pidfd, END_MS - 2 * ALONE_MS) < 0)
		return err_text(e, EBUSY, "container init still running: %s: process %d did not end within %d ms of SIGKILL", c->id,
				(int)c->pid, END_MS);
	trace(TRACE_STATE, "init has ended");
	/* If it is our own child ("run"), nobody else reaps it. */
	waitpid(c->pid, NULL, WNOHANG);
	return 0;
}

static void end_supervisor(const struct container *c)
{
	autofd pidfd = c->supervisor_pid > 0 ? sys_pidfd_open(c->supervisor_pid, 0) : -1;

	if (!c->supervisor_pid)
		return;
	if (pidfd >= 0 && container_start_time(c->supervisor_pid) != c->supervisor_start_time)
		fd_close(&pidfd);
	supervisor_end(c->dirfd, pidfd, END_MS);
	trace(TRACE_STATE, "the supervisor has ended");
	waitpid(c->supervisor_pid, NULL, WNOHANG);
}

/* The policy's table, out of a network namespace that outlives the container. One that is gone has none any more. */
static void take_wall_out(const struct container *c)
{
	autofd netns = c->wall_path ? open(c->wall_path, O_RDONLY | O_CLOEXEC) : -1;
	autofd sock = -1;
	struct wall wall;
	struct err e;

	if (netns < 0)
		return;
	wall_name(c->root, c->id, &wall);
	sock = wall_socket(netns, &e);
	if (sock < 0 || wall_remove(sock, &wall, &e) < 0)
		log_warn("the policy of container %s stays in %s: %s", c->id, c->wall_path, e.msg);
}

void container_poststop(const struct container *c, const struct oci_hook_list *hooks)
{
	struct oci_state s = { .id = c->id, .status = "stopped", .pid = 0, .bundle = c->bundle ? c->bundle : "",
			       .annotations = &c->annotations };
	autofree char *json = hooks->n ? oci_state_write(&s, false) : NULL;

	hooks_run_all(hooks, "poststop", json ? json : "", &c->annotations);
}

static int check_status(const struct container *c, bool force, struct err *e)
{
	enum container_status s = container_status(c);

	/* A created container has run nothing yet: runc deletes it without being forced. */
	if (force || s == CONTAINER_STOPPED || s == CONTAINER_CREATED)
		return 0;
	return err_text(e, EBUSY, "cannot delete container %s that is not stopped: %s", c->id, container_status_name(s));
}

/* 1: nothing is left to be deleted: another delete was faster (who forces it is content), or create had made nothing yet. */
static int lock_and_look(struct container *c, bool force, struct err *e)
{
	/* A create at work notices that its init is gone, undoes everything itself and lets go of the lock. If it had none yet
	 * when we looked, it may have come to an end in peace: so look again. */
	if (container_lock(c, END_MS, e) == 0 && container_reload(c, e) == 0)
		return 0;
	if (e->code == ENOENT)
		return force ? 1 : -1;
	/* Damaged as before: @c is what could be found out. */
	if (e->code == EBADMSG && force)
		return 0;
	if (e->code != ENOLCK)
		return -1;
	if (container_remove_empty(c, NULL) == 0)
		return 1;
	/* Without a record it is no container of ours. */
	return force && !c->creating ? 0 : -1;
}

int container_delete(struct container *c, bool force, struct err *e)
{
	struct oci_config config = { 0 };
	struct cgroup *cg = NULL;
	int r = 0;

	if (check_status(c, force, e) < 0)
		return -1;
	if (end_init(c, e) < 0)
		return -1;
	r = lock_and_look(c, force, e);
	if (r)
		return r < 0 ? -1 : 0;
	if (end_init(c, e) < 0)
		return -1;
	/* A broken configuration is no reason to keep a container: its poststop hooks are then unknown. */
	if (c->poststop && container_read_config(c, &config, NULL) < 0)
		memset(&config, 0, sizeof(config));
	cg = c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;
	if (cg && !c->cgroup_planned)
		(void)cgroup_signal(cg, SIGKILL, NULL);
	end_supervisor(c);
	if (cg && c->cgroup_planned)
		cgroup_unplan(cg);
	else if (cg)
		r = cgroup_destroy(cg, e);
	cgroup_free(cg);
	if (c->rdt && rdt_remove(c->rdt, r == 0 ? e : NULL) < 0)
		r = -1;
	if (r == 0 || force) {
		take_wall_out(c);
		past_keep(c);
		r = container_remove(c, e);
	}
	if (r == 0)
		container_poststop(c, &config.hooks.poststop);
	oci_config_free(&config);
	return r;
}
