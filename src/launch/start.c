// SPDX-License-Identifier: Apache-2.0
/* start.c - letting a created container run
 *
 * Owns:     what follows on the ring (bell.h): init's end of the connection closes when execve succeeds, so an end without text is
 *           success, if init is not found dead.
 * Runs in:  start and run.
 */
#include "launch/start.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "cgroup/cgroup.h"
#include "container/bell.h"
#include "container/delete.h"
#include "container/hooks.h"
#include "container/notify.h"
#include "container/patience.h"
#include "launch/init.h"
#include "launch/needs.h"
#include "oci/read.h"
#include "oci/state.h"

static int check_status(const struct container *c, struct err *e)
{
	switch (container_status(c)) {
	case CONTAINER_CREATED:
		return 0;
	case CONTAINER_RUNNING:
		return err_text(e, EBUSY, "cannot start an already running container: %s", c->id);
	case CONTAINER_PAUSED:
		return err_text(e, EBUSY, "cannot start a paused container: %s", c->id);
	case CONTAINER_CREATING:
		return err_text(e, EBUSY, "cannot start a container that is still being created: %s", c->id);
	case CONTAINER_STOPPED:
		break;
	}
	return err_text(e, ESRCH, "cannot start a container that has stopped: %s", c->id);
}

/* Reads what init has to say until it hangs up, by execve or by its end. *hook: it was a hook that failed. *died: it did not come to
 * its execve, for sure. */
static int hear(struct patience *patience, int fd, int pidfd, bool *hook, bool *died, struct err *e)
{
	char buf[sizeof(e->msg)], *text = buf;
	size_t len = 0;

	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		ssize_t n;

		if (patience_wait(patience, p, 2, e) < 0)
			return -1;
		n = read(fd, buf + len, sizeof(buf) - 1 - len);
		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		/* With an end of file it had taken the connection, and could have said that it goes. */
		*died = n == 0 && len == 0;
		if (n == 0 || errno == ECONNRESET || (p[1].revents && errno == EAGAIN))
			break;
	}
	buf[len] = 0;
	if (str_starts(text, INIT_AT_EXECVE))
		text++;
	*hook = str_starts(text, INIT_HOOK_FAILED);
	if (*hook)
		return err_text(e, 0, "%s", text + strlen(INIT_HOOK_FAILED));
	return *text ? err_text(e, 0, "%s", text) : 0;
}

static int report_death(const struct container *c, int status, struct err *e)
{
	struct oci_config config = { 0 };
	struct confine_profile *profile = NULL;
	struct cgroup *cg = c->cgroup ? cgroup_read(c->cgroup, NULL) : NULL;
	struct needs needs = { .process = &config.process, .waits = true };

	/* Without a configuration the words are fewer. */
	if (container_read_config(c, &config, NULL) == 0 && confine_profile_prepare(&config.linux_.seccomp, NULL, &profile, NULL) == 0)
		needs.profile = profile;
	needs.notify = confine_profile_has_notify(&config.linux_.seccomp);
	needs_death(&needs, "init", status, cg && cgroup_had_oom(cg), e);
	confine_profile_free(profile);
	cgroup_free(cg);
	oci_config_free(&config);
	return -1;
}

/* Init has hung up without a word of failure: by execve, or because it died on the way there. The kernel knows, if whoever reaps it was
 * not faster than this look. */
static int check_exec(const struct container *c, bool died, struct err *e)
{
	struct proc_stat st;
	bool there = proc_stat(c->pid, &st) && st.start == c->start_time;

	if (!died && (!there || !proc_has_not_execed(&st)))
		return 0;
	return report_death(c, there ? st.exit_status : 0, e);
}

static int poststart(struct container *c, struct err *e)
{
	struct oci_state s = { .id = c->id, .status = "running", .pid = c->pid, .bundle = c->bundle,
			       .annotations = &c->annotations };
	autofree char *json = NULL;
	struct oci_config config = { 0 };
	int r;

	if (!c->poststart)
		return 0;
	if (container_read_config(c, &config, e) < 0)
		return -1;
	json = oci_state_write(&s, false);
	r = hooks_run(&config.hooks.poststart, "poststart", json, &c->annotations, e);
	oci_config_free(&config);
	return r;
}

/* Until the workload runs and its poststart hooks have. */
static int follow(struct container *c, int error, int pidfd, bool *hook_failed, struct err *e)
{
	struct patience patience = { .pid = c->pid, .limit_ms = c->start_hooks ? 0 : PATIENCE_MS };
	bool died = false;
	int r;

	patience_begin(&patience);
	r = hear(&patience, error, pidfd, hook_failed, &died, e);
	if (r == 0)
		r = check_exec(c, died, e);
	if (r == 0 && poststart(c, e) < 0) {
		*hook_failed = true;
		r = -1;
	}
	patience_end(&patience);
	return r;
}

static int ring(struct container *c, const struct bell *bell, int pidfd, bool *hook_failed, struct err *e)
{
	/* "running" from here on: a start that is killed behind this line leaves a container that runs and says so. */
	unlinkat(c->dirfd, BELL_START, 0);
	unlinkat(c->dirfd, BELL_ERROR, 0);
	if (bell_ring(bell, e) < 0)
		return -1;
	trace(TRACE_STATE, "init %d is told to start", (int)c->pid);
	if (follow(c, bell->error, pidfd, hook_failed, e) < 0)
		return -1;
	trace(TRACE_STATE, "init is the workload");
	return 0;
}

static int start_locked(struct container *c, int *notify, int *pidfd_out, bool *hook_failed, struct err *e)
{
	struct bell bell = BELL_INIT;
	autofd pidfd = -1, sock = -1;
	int r = -1;

	if (check_status(c, e) < 0)
		return -1;
	pidfd = container_pidfd(c);
	if (pidfd < 0 || (bell_find(&bell, c->dirfd, e) < 0 && e->code == ECONNREFUSED))
		err_text(e, ESRCH, "cannot start a container that has stopped: %s", c->id);
	else if (bell.start < 0)
		err_prefix(e, "container %s", c->id);
	else if (notify_open(c, &sock, e) == 0)
		r = ring(c, &bell, pidfd, hook_failed, e);
	bell_close(&bell);
	if (r == 0) {
		*notify = fd_steal(&sock);
		*pidfd_out = fd_steal(&pidfd);
	}
	return r;
}

int container_start(struct container *c, int *notify, struct err *e)
{
	autofd pidfd = -1, sock = -1;
	bool hook_failed = false;
	struct err later;
	int r;

	/* Two starts at once: the second sees the first one's work. */
	if (container_lock(c, 10000, e) < 0)
		return -1;
	r = container_reload(c, e) < 0 ? -1 : start_locked(c, &sock, &pidfd, &hook_failed, e);
	container_unlock(c);
	/* "… stop the container, and continue the lifecycle at step 12" (runtime.md), which destroys it. */
	if (hook_failed && container_delete(c, true, &later) < 0)
		log_warn("%s", later.msg);
	if (r == 0 && notify)
		*notify = fd_steal(&sock);
	else if (r == 0 && sock >= 0)
		notify_wait(sock, pidfd, c->pid);
	return r;
}
