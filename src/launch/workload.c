// SPDX-License-Identifier: Apache-2.0
/* workload.c - from "inside the namespaces and the root" to execve: the steps that init and exec share
 *
 * Owns:     their order, which is a matter of who still has which right:
 *             1. what needs the creator's privileges (limits, scheduler, Landlock and filters without no_new_privs)
 *             2. the working directory, the user, the capabilities
 *             3. what has to be judged with the rights that the workload will have: the command
 *             4. with no_new_privs, the OCI profile: right before execve, so that it need not allow our own calls (needs.c); one
 *                with a listener a little earlier, as long as there is somebody to hand that to
 * Runs in:  init and exec'd processes; no process of the container can look into us (not dumpable).
 */
#include "launch/workload.h"

#include <grp.h>
#include <stdlib.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "launch/init.h"
#include "launch/making.h"
#include "launch/needs.h"
#include "launch/sync.h"
#include "oci/names.h"
#include "process/process.h"

/* A process that shares our descriptor table (CLONE_FILES) but was born before the filter, so that it may call
 * sendmsg(2): it waits for the number of the listener and sends it to create. pidfd_getfd(2) from create does for root alone: a
 * user's create has no ptrace rights over an init that is not dumpable. It is the way where the pids limit of the container
 * leaves no room for a helper; then 0 is returned. */
static pid_t postman(int sync, enum sync_type type, int *wake, struct err *e)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	int pipefd[2];
	int listener;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe to the helper that hands over the seccomp listener");
	pid = sys_clone3(&args);
	if (pid < 0) {
		err_sys(e, "clone the helper that hands over the seccomp listener");
		close(pipefd[0]);
		close(pipefd[1]);
		return e->code == EAGAIN ? 0 : -1;
	}
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it may have been stopped, and is not to be left behind */
		if (fd_read_all(pipefd[0], &listener, sizeof(listener)) != (ssize_t)sizeof(listener) || listener < 0)
			_exit(0);
		_exit(sync_send_fd(sync, type, 0, listener, NULL) < 0);
	}
	/* The read end stays open here, too: the table is one. It is close-on-exec. */
	*wake = pipefd[1];
	return pid;
}

/* Tells the postman (or, where there is none, create) and waits for create's "it is being served": no acknowledgement, no exec. */
static int hand_over(int sync, enum sync_type type, pid_t pid, int wake, int listener, struct err *e)
{
	int status = -1;

	if (pid == 0 && listener < 0)
		return 0;
	if (pid == 0) {
		if (sync_send(sync, type, listener + 1, e) < 0 || sync_wait_go(sync, e) < 0)
			return -1;
		close(listener);
		return 0;
	}
	if (fd_write_all(wake, &listener, sizeof(listener)) < 0)
		return err_sys(e, "hand over the seccomp listener");
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (listener < 0)
		return 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return err_msg(e, "the seccomp listener could not be handed over");
	/* Ours must go: a workload that held its own listener could answer itself. */
	close(listener);
	return sync_wait_go(sync, e);
}

static int apply_policy(const struct workload *w, struct err *e)
{
	const struct confine_plan *plan = w->notify ? confine_notify_plan(w->notify) : NULL;
	int listener = -1, wake = -1, r;
	pid_t pid;

	if (!plan)
		return 0;
	if (confine_landlock_apply(plan, w->policy, e) < 0)
		return -1;
	pid = postman(w->sync, SYNC_LISTENER, &wake, e);
	if (pid < 0)
		return -1;
	r = confine_notify_apply(w->notify, &listener, e);
	if (hand_over(w->sync, SYNC_LISTENER, pid, wake, r < 0 ? -1 : listener, r < 0 ? NULL : e) < 0)
		return -1;
	fd_close(&wake);
	return r;
}

static int apply_profile(const struct workload *w, struct err *e)
{
	int listener = -1, wake = -1, r;
	pid_t pid;

	if (!w->profile)
		return 0;
	if (!confine_profile_has_notify(&w->linux_->seccomp))
		return confine_profile_apply(w->profile, &listener, e);
	pid = postman(w->sync, SYNC_PROFILE_LISTENER, &wake, e);
	if (pid < 0)
		return -1;
	r = confine_profile_apply(w->profile, &listener, e);
	if (hand_over(w->sync, SYNC_PROFILE_LISTENER, pid, wake, r < 0 ? -1 : listener, r < 0 ? NULL : e) < 0)
		return -1;
	fd_close(&wake);
	return r;
}

/* A directory that only the creator may enter (a mode 0700 of another user, with the capabilities still here), or only the
 * user (a FUSE or NFS mount that refuses root): one of the two has to succeed, as under the peers. The creator's try comes
 * before the profile, which may forbid getcwd(2), and with it the proof of where we are. */
static int enter_cwd_as_creator(const struct oci_process *p, bool *entered, struct err *e)
{
	*entered = process_enter_cwd(p->cwd, e) == 0;
	return *entered || e->code == EACCES || e->code == EPERM ? 0 : -1;
}

static int become_user(const struct oci_process *p, bool keep_groups, bool entered, struct err *e)
{
	if (process_drop_bounding(p, e) < 0 || process_set_user(p, keep_groups, e) < 0)
		return -1;
	if (!entered && process_enter_cwd(p->cwd, e) < 0)
		return -1;
	return process_set_caps(p, e);
}

static int set_limits(const struct workload *w, struct err *e)
{
	const struct oci_process *p = w->process;

	if (process_set_scheduler(p, e) < 0 || process_set_io_priority(p, e) < 0)
		return -1;
	if (w->limits_from_parent && p->n_rlimits ? sync_ask(w->sync, SYNC_LIMITS_WANTED, e) < 0
						  : process_set_rlimits(p, e) < 0)
		return -1;
	return process_set_personality(&w->linux_->personality, e) < 0 ||
			       process_set_memory_policy(&w->linux_->memory_policy, e) < 0
		       ? -1
		       : 0;
}

#define KEYRING_PERM 0x3f1b0000 /* as made, and to be found by its owner: for exec to come into that of init, as under runc */

int workload_join_keyring(const char *id, struct err *e)
{
	autofree char *name = xasprintf("_ses.%s", id);
	long keyring = sys_keyctl_join(name);

	/* ENOSYS: a kernel without keyrings. EPERM, EACCES: an outer profile forbids it, as in nested containers. EDQUOT: the
	 * user's quota of keys is used up; the peers go on as well. */
	if (keyring < 0 && errno != ENOSYS && errno != EPERM && errno != EACCES && errno != EDQUOT)
		return err_sys(e, "make a session keyring");
	if (keyring >= 0)
		(void)sys_keyctl_setperm(keyring, KEYRING_PERM);
	return 0;
}

void workload_drop_groups(const struct workload *w)
{
	if (geteuid() != 0 || !w->linux_->n_gid_mappings || w->keep_groups)
		return;
	(void)!setgroups(0, NULL);
	(void)!hide_setresgid(making_host_root(w->linux_->gid_mappings, w->linux_->n_gid_mappings));
}

/* Nothing but execve(2) comes behind it. */
static bool profile_is_last(const struct workload *w)
{
	return w->process->no_new_privileges && !confine_profile_has_notify(&w->linux_->seccomp);
}

static int become(struct workload *w, bool entered, struct err *e)
{
	const struct oci_process *p = w->process;

	if (become_user(p, w->keep_groups, entered, e) < 0)
		return -1;
	/* With the rights that the workload will have, and no more. A container without "process" has none, until somebody starts it. */
	if (p->args.n) {
		w->command = process_find_command(p, e);
		if (!w->command)
			return -1;
	}
	return w->label_fd >= 0 ? process_write_label(p, w->label_fd, e) : 0;
}

int workload_become(struct workload *w, struct err *e)
{
	const struct oci_process *p = w->process;
	bool entered;

	if (set_limits(w, e) < 0)
		return -1;
	/* These read the image's /etc/passwd: before a profile that may forbid to open anything. */
	w->env = process_make_env(p, e);
	if (!w->env)
		return -1;
	if (w->listen_fds)
		w->env = process_add_listen_fds(w->env, w->listen_fds, getpid());
	trace(TRACE_EXEC, "arguments: %zu, environment: %zu variables", p->args.n, p->env.n);
	if (apply_policy(w, e) < 0 || enter_cwd_as_creator(p, &entered, e) < 0)
		return -1;
	if (!p->no_new_privileges && apply_profile(w, e) < 0)
		return -1;
	if (become(w, entered, e) < 0) {
		if (!p->no_new_privileges)
			needs_explain(&(struct needs){ .profile = w->profile, .process = p }, e);
		return -1;
	}
	if (p->no_new_privileges && process_set_no_new_privs(e) < 0)
		return -1;
	return p->no_new_privileges && !profile_is_last(w) ? apply_profile(w, e) : 0;
}

const struct confine_profile *workload_late_profile(const struct workload *w)
{
	return profile_is_last(w) ? w->profile : NULL;
}

/* For the words of an error, a profile that is in force already is not to be asked what would kill us. */
static bool may_look(const struct confine_profile *in_force)
{
	static const int calls[] = {
#ifdef SYS_newfstatat
		SYS_newfstatat,
#endif
		SYS_fstat, SYS_faccessat2,
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if (confine_profile_ask(in_force, calls[i]) == CONFINE_KILLS)
			return false;
	return true;
}

int workload_exec(struct workload *w, struct err *e)
{
	int listener;

	if (!w->command)
		return err_msg(e, "process: config.json has none, so there is nothing to start");
	/* Every descriptor of ours is close-on-exec from birth; this is the belt to those braces (CVE-2024-21626). */
	fd_cloexec_from(3 + w->preserve_fds);
	/* With SIGPIPE still ignored: who listens may be gone. */
	if (w->at_execve >= 0)
		(void)!write(w->at_execve, INIT_AT_EXECVE, 1);
	process_reset_signals();
	if (confine_profile_apply(workload_late_profile(w), &listener, e) < 0)
		return -1;
	execve(w->command, w->process->args.v, w->env);
	return process_exec_error(w->command, errno, may_look(w->profile), e);
}
