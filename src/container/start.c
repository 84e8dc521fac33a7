// SPDX-License-Identifier: Apache-2.0
/* start.c - letting a created container run
 *
 * Owns:     the two fifos, from this side. init holds both open read-write: it reads start.fifo until a byte comes, and
 *           its end of error.fifo closes when execve succeeds (close-on-exec): an end of file without text is success.
 * Runs in:  start and run.
 */
#include "container/start.h"

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
#include "container/delete.h"
#include "container/hooks.h"
#include "container/init.h"
#include "container/needs.h"
#include "container/notify.h"
#include "container/patience.h"
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

/* Reads what init has to say until it closes the fifo, by execve or by its end. *hook: it was a hook that failed. */
static int hear(struct patience *patience, int fd, int pidfd, bool *hook, struct err *e)
{
	char text[sizeof(e->msg)];
	size_t len = 0;

	for (;;) {
		struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		ssize_t n;

		if (patience_wait(patience, p, 2, e) < 0)
			return -1;
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n > 0) {
			len += (size_t)n;
			continue;
		}
		if (n == 0 || (p[1].revents && errno == EAGAIN))
			break;
	}
	text[len] = 0;
	*hook = str_starts(text, INIT_HOOK_FAILED);
	if (*hook)
		return err_text(e, 0, "%s", text + strlen(INIT_HOOK_FAILED));
	return len ? err_text(e, 0, "%s", text) : 0;
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

/* Init's end of the fifo is closed, and it has said nothing: by execve, or because it died on the way there. If whoever reaps it was
 * faster than this look, its exit code is all that there is. */
static int check_exec(const struct container *c, struct err *e)
{
	struct proc_stat st;

	if (!proc_stat(c->pid, &st) || st.start != c->start_time || !proc_has_not_execed(&st))
		return 0;
	return report_death(c, st.exit_status, e);
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
	int r;

	patience_begin(&patience);
	r = hear(&patience, error, pidfd, hook_failed, e);
	if (r == 0)
		r = check_exec(c, e);
	if (r == 0 && poststart(c, e) < 0) {
		*hook_failed = true;
		r = -1;
	}
	patience_end(&patience);
	return r;
}

static int start_locked(struct container *c, int *notify, int *pidfd_out, bool *hook_failed, struct err *e)
{
	autofd pidfd = -1, error = -1, start = -1, sock = -1;

	if (check_status(c, e) < 0)
		return -1;
	pidfd = container_pidfd(c);
	error = openat(c->dirfd, CONTAINER_ERROR_FIFO, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	start = openat(c->dirfd, CONTAINER_START_FIFO, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (pidfd < 0 || (start < 0 && errno == ENXIO))
		return err_text(e, ESRCH, "cannot start a container that has stopped: %s", c->id);
	if (start < 0 || error < 0)
		return err_sys(e, "open the start fifo of container %s", c->id);
	if (notify_open(c, &sock, e) < 0)
		return -1;
	/* "running" from here on: a start that is killed behind this line leaves a container that runs and says so. */
	unlinkat(c->dirfd, CONTAINER_START_FIFO, 0);
	unlinkat(c->dirfd, CONTAINER_ERROR_FIFO, 0);
	if (write(start, "s", 1) != 1)
		return err_sys(e, "tell init to start");
	trace(TRACE_STATE, "init %d is told to start", (int)c->pid);
	if (follow(c, error, pidfd, hook_failed, e) < 0)
		return -1;
	trace(TRACE_STATE, "init is the workload");
	*notify = fd_steal(&sock);
	*pidfd_out = fd_steal(&pidfd);
	return 0;
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
