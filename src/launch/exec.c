// SPDX-License-Identifier: Apache-2.0
/* exec.c - another process in a running container
 *
 * Owns:     the entry of the new process into the container's namespaces, cgroup and root, and the parent's side of the
 *           conversation (sync.h). Which process it is: exec_process.c.
 * Must not: trust annotations or the bundle: what holds was stored by create (policy, profile, configuration).
 * Runs in:  exec; the child in the container, unseen by it (not dumpable) until it has become the workload.
 */
#include "launch/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/title.h"
#include "cgroup/cgroup.h"
#include "confine/confine.h"
#include "confine/foreign.h"
#include "container/stateroot.h"
#include "host/rdt.h"
#include "launch/annotations.h"
#include "launch/exec_process.h"
#include "launch/idmap.h"
#include "launch/namespaces.h"
#include "launch/needs.h"
#include "launch/parent.h"
#include "launch/places.h"
#include "launch/spawn.h"
#include "launch/sync.h"
#include "launch/workload.h"
#include "oci/names.h"
#include "oci/read.h"
#include "oci/state.h"
#include "process/process.h"
#include "supervisor/supervisor.h"

#define POLICY_MAX (16 * 1024 * 1024)
#define END_MS 1000 /* for the end of a process that has closed everything */

struct session {
	struct container *c;
	const struct exec_options *o;
	struct oci_config config;   /* the stored one; its process is used in the args form */
	struct oci_process given;   /* --process */
	struct oci_process *process; /* which of the two */
	struct policy *policy;
	struct confine_profile *profile;
	struct needs needs;
	struct confine_notify *notify;
	struct cgroup *cgroup;
	struct namespaces ns;
	struct workload workload;
	struct cgroup_entry entry; /* taken by the child (cgroup/entry.c) */
	int rootfd; /* -1: that of the mount namespace, which joining it makes ours */
	uint32_t uid, gid; /* whose the work in a user namespace is */
	bool served; /* the supervisor has the listener */
	struct parent p;
};

/* --- what holds for every process of this container ------------------------------------------------------- */

static int load_policy(struct session *s, struct err *e)
{
	struct supervisor_status sup = { 0 };
	autofree char *text = NULL;
	size_t len;
	const struct confine_facts facts = { .landlock_abi = confine_landlock_abi(), .bpf = s->c->bpf, .foreign = s->c->foreign,
					     .wall = s->c->wall, .tcp_from_outside = s->c->tcp_from_outside, .links = s->c->links };
	struct confine_plan plan;
	const char *cap, *what;
	int fd;

	if (!s->c->enforcement)
		return 0;
	if (file_read_regular(s->c->dirfd, CONTAINER_POLICY, POLICY_MAX, &text, &len, e) < 0)
		return -1;
	s->policy = policy_read(text, len, e);
	if (!s->policy)
		return -1;
	if (!confine_notify_needed(s->policy))
		return 0;
	if (!foreign_check_rings(s->policy, s->o->preserve_fds, e))
		return -1;
	fd = foreign_descriptor(s->o->preserve_fds, !s->c->bpf && !s->c->wall, &what);
	if (!s->c->foreign && policy_get_traits(s->policy).egress && fd >= 0)
		return err_msg(e, "descriptor %d is %s from outside: the layers that enforce this container's policy do not see the "
			       "sockets that come in by it (had create been given one, or a directory of the host, they would)", fd,
			       what);
	cap = foreign_capability(s->process, oci_namespace_find(&s->config.linux_, OCI_NS_USER));
	if (s->c->bpf && cap)
		return err_msg(e, "%s: with it a process leaves its cgroup, and with that a layer that enforces this container's "
			       "policy (a container that is created with it does not rely on that layer)", cap);
	confine_plan_make(s->policy, &facts, &plan);
	if (confine_notify_prepare(&plan, s->policy, &s->notify, e) < 0)
		return -1;
	/* Asked before anything is made: without it the new process could do nothing on the network, and would wait for an
	 * acknowledgement that never comes. */
	if (supervisor_get_status(s->c->dirfd, &sup, e) < 0 || !sup.alive)
		return err_msg(e, "the supervisor of container %s is gone: no process can be put under its policy", s->c->id);
	return 0;
}

static int choose_process(struct session *s, struct err *e)
{
	struct oci_process *container = &s->config.process;
	bool file = s->o->process_file != NULL;

	s->process = file ? &s->given : container;
	if ((file ? exec_process_from_file(&s->given, container, s->o, e) : exec_process_from_args(container, s->o, e)) < 0)
		return -1;
	return exec_process_check(s->process, s->o, e);
}

static void find_maker(struct session *s)
{
	const struct oci_linux *l = &s->config.linux_;
	autofree char *init = xasprintf("%d", (int)s->c->pid);

	if (s->ns.join[OCI_NS_USER] < 0)
		return;
	s->uid = idmap_maker(l->uid_mappings, l->n_uid_mappings, init, "uid_map");
	s->gid = idmap_maker(l->gid_mappings, l->n_gid_mappings, init, "gid_map");
}

static int prepare(struct session *s, struct err *e)
{
	autofree char *cache = NULL;
	enum container_status status = container_status(s->c);

	if (status == CONTAINER_STOPPED || status == CONTAINER_CREATING)
		return err_text(e, ESRCH, "cannot exec in a stopped container: %s", s->c->id);
	if (status == CONTAINER_PAUSED && !s->o->ignore_paused)
		return err_text(e, EBUSY, "cannot exec in a paused container: %s (resume it, or use --ignore-paused)", s->c->id);
	if (container_read_config(s->c, &s->config, e) < 0)
		return -1;
	if (choose_process(s, e) < 0)
		return -1;
	if (load_policy(s, e) < 0)
		return -1;
	cache = s->config.linux_.seccomp.set ? stateroot_cache() : NULL;
	if (annotations_take_receiver(&s->config, e) < 0)
		return -1;
	if (confine_profile_prepare(&s->config.linux_.seccomp, cache, &s->profile, e) < 0)
		return -1;
	s->needs = (struct needs){ .profile = s->profile, .process = s->process,
				   .notify = confine_profile_has_notify(&s->config.linux_.seccomp) };
	if (needs_check(&s->needs, e) < 0)
		return -1;
	s->cgroup = s->c->cgroup ? cgroup_read(s->c->cgroup, e) : NULL;
	if (s->c->cgroup && !s->cgroup)
		return -1;
	if (places_find(s->c, &s->config, s->cgroup, &s->ns, e) < 0)
		return -1;
	if (places_open_root(s->c, &s->ns, &s->rootfd, e) < 0)
		return -1;
	find_maker(s);
	/* All of that was read by number: it was the container's if init is still the same process. */
	if (!container_alive(s->c))
		return err_text(e, ESRCH, "cannot exec in a stopped container: %s", s->c->id);
	return 0;
}

/* --- the child ---------------------------------------------------------------------------------------------- */

static int make_terminal(struct session *s, struct err *e)
{
	const struct oci_process *p = s->process;
	autofd master = -1, slave = -1;

	if (!p->terminal)
		return 0;
	if (process_open_terminal(&master, &slave, e) < 0)
		return -1;
	if (p->console_size.set &&
	    process_set_winsize(slave, (unsigned int)p->console_size.height, (unsigned int)p->console_size.width, e) < 0)
		return -1;
	if (sync_send_fd(s->workload.sync, SYNC_CONSOLE, 0, master, e) < 0 || sync_wait_go(s->workload.sync, e) < 0)
		return -1;
	return process_take_terminal(slave, p->user.uid, e);
}

static void begin(void *arg, bool staged)
{
	struct session *s = arg;

	(void)staged;
	cgroup_entry_take(&s->entry);
	parent_set_oom_score_adj(&s->p, 0);
	if (s->ns.join[OCI_NS_USER] >= 0)
		workload_drop_groups(&s->workload);
}

static void close_the_hosts(const struct session *s)
{
	size_t n = (size_t)s->o->preserve_fds;
	autofree int *keep = xcalloc(n + 2, sizeof(*keep));

	for (size_t i = 0; i < n; i++)
		keep[i] = 3 + (int)i;
	keep[n++] = s->workload.sync;
	keep[n++] = s->rootfd;
	sync_divert_log(s->workload.sync);
	fd_close_from_but_all(3, keep, n);
}

/* In the stage: the last that has descriptors of the host. The process to come is seen by the container from its birth on. */
static int enter(void *arg, struct err *e)
{
	struct session *s = arg;

	title_set("sandrun exec");
	close_the_hosts(s);
	/* Root of the container's user namespace, for what comes before the user. */
	if (s->ns.join[OCI_NS_USER] >= 0 && idmap_become_maker(s->uid, s->gid, e) < 0)
		return -1;
	if (s->rootfd >= 0 && (fchdir(s->rootfd) < 0 || chroot(".") < 0))
		return err_sys(e, "enter the root of the container");
	fd_close(&s->rootfd);
	return 0;
}

static int until_exec(struct session *s, struct err *e)
{
	const struct oci_exec_cpu_affinity *cpus = &s->process->exec_cpu_affinity;
	struct workload *w = &s->workload;

	if (setsid() < 0)
		return err_sys(e, "start a session for the new process");
	if (!s->c->callers_keyring && workload_join_keyring(s->c->id, e) < 0)
		return -1;
	if (sync_ask(w->sync, SYNC_NAMESPACED, e) < 0)
		return -1;
	/* The procfs is the container's, and may be a forgery: label.c proves that it is none. */
	if (process_open_label_fd(s->process, &w->label_fd, e) < 0)
		return -1;
	if (!cpus->initial && !cpus->final)
		process_reset_cpu_affinity();
	if (make_terminal(s, e) < 0 || workload_become(w, e) < 0)
		return -1;
	return process_set_cpu_affinity(cpus->final, e) < 0 || workload_exec(w, e) < 0 ? -1 : 0;
}

static void child(void *arg)
{
	struct session *s = arg;
	struct err e = { 0 };

	if (until_exec(s, &e) < 0)
		sync_send_error(s->workload.sync, &e);
	_exit(255);
}

/* --- the parent's side ---------------------------------------------------------------------------------------- */

static int on_namespaced(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct session *s = ctx;

	(void)m;
	(void)passed;
	if (s->cgroup && cgroup_join(s->cgroup, &s->o->cgroup, s->p.pid, e) < 0)
		return -1;
	return s->c->rdt ? rdt_join(s->c->rdt, s->p.pid, e) : 0;
}

static int on_console(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct session *s = ctx;

	(void)m;
	return parent_take_console(&s->p, passed, e);
}

static int on_limits_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct session *s = ctx;

	(void)m;
	(void)passed;
	return process_set_rlimits_of(s->p.pid, s->process, e);
}

static int on_listener(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct session *s = ctx;

	(void)m;
	if (passed < 0)
		return err_msg(e, "the new process sent no seccomp listener");
	if (supervisor_add_listener(s->c->dirfd, passed, e) < 0)
		return -1;
	s->served = true;
	return 0;
}

static int on_profile_listener(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct session *s = ctx;
	const struct oci_state st = { .id = s->c->id, .status = "running", .pid = s->c->pid, .bundle = s->c->bundle,
				      .annotations = &s->c->annotations };
	autofree char *json = oci_state_write(&st, false);

	(void)m;
	if (passed < 0)
		return err_msg(e, "the new process sent no seccomp listener");
	return confine_profile_send_listener(&s->config.linux_.seccomp, passed, s->p.pid, json, e);
}

static const parent_handler handlers[SYNC_COUNT] = {
	[SYNC_NAMESPACED] = on_namespaced,
	[SYNC_CONSOLE] = on_console,
	[SYNC_LIMITS_WANTED] = on_limits_wanted,
	[SYNC_LISTENER] = on_listener,
	[SYNC_PROFILE_LISTENER] = on_profile_listener,
};

/* The process has closed its end without a word. If execve did not do that, it is at its end. */
static int report_death(const struct session *s, struct err *e)
{
	autofd pidfd = s->p.pid > 0 ? sys_pidfd_open(s->p.pid, 0) : -1;
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int status = 0;

	if (pidfd >= 0 && poll(&p, 1, END_MS) > 0)
		(void)waitpid(s->p.pid, &status, WNOHANG);
	return needs_death(&s->needs, "the new process", status, s->cgroup && cgroup_had_oom(s->cgroup), e);
}

/* In a container that is paused, a process that is to wait there does. */
static bool is_paused(void *ctx)
{
	const struct session *s = ctx;

	return s->o->ignore_paused && s->cgroup && cgroup_frozen(s->cgroup);
}

static int converse(struct session *s, struct err *e)
{
	int r = parent_converse(&s->p, handlers, NULL, s, e);
	struct proc_stat st;

	if (r < 0)
		return -1;
	if (r > 0)
		return err_msg(e, "the new process sent message %u out of order", s->p.last);
	if (s->p.last < SYNC_NAMESPACED || (s->notify && !s->served) || (proc_stat(s->p.pid, &st) && proc_has_not_execed(&st)))
		return report_death(s, e);
	return 0;
}

static int spawn_process(struct session *s, bool entry, struct err *e)
{
	struct spawn sp = { .ns = &s->ns, .stage = true, .begin = begin, .enter = enter, .body = child, .arg = s };
	pid_t pid;

	sp.sync = s->workload.sync = parent_open(&s->p, e);
	sp.sync_parent = s->p.sync;
	if (sp.sync < 0)
		return -1;
	s->entry = (struct cgroup_entry){ .clone_fd = -1 };
	if (entry && s->cgroup)
		cgroup_entry_open(s->cgroup, &s->o->cgroup, &s->entry);
	sp.cgroup_fd = s->entry.clone_fd;
	pid = spawn(&sp, &s->p.staged, e);
	cgroup_entry_close(&s->entry);
	close(sp.sync);
	return pid < 0 ? -1 : converse(s, e);
}

static int make_process(struct session *s, struct err *e)
{
	s->workload = (struct workload){
		.process = s->process,
		.linux_ = &s->config.linux_,
		.policy = s->policy,
		.profile = s->profile,
		.notify = s->notify,
		.preserve_fds = s->o->preserve_fds,
		.listen_fds = s->o->listen_fds,
		.keep_groups = annotations_keep_groups(&s->config.annotations),
		.limits_from_parent = namespaces_has(&s->ns, OCI_NS_USER),
		.at_execve = -1,
		.label_fd = -1,
	};
	if (process_set_cpu_affinity(s->process->exec_cpu_affinity.initial, e) < 0)
		return err_prefix(e, "process.execCPUAffinity.initial");
	s->p.process = s->process;
	s->p.patience = (struct patience){ .limit_ms = PATIENCE_MS, .excused = is_paused, .ctx = s };
	if (spawn_process(s, true, e) == 0)
		return 0;
	return parent_again(&s->p, e) ? spawn_process(s, false, e) : -1;
}

/* What the caller asked to be told of the process. */
static int publish(const struct session *s, struct err *e)
{
	if (s->o->pidfd_socket) {
		autofd pidfd = sys_pidfd_open(s->p.pid, 0); /* our child: nobody else can have its number */

		if (pidfd < 0)
			return err_sys(e, "--pidfd-socket: open a pidfd");
		if (parent_send_pidfd(s->o->pidfd_socket, pidfd, "setns", e) < 0)
			return -1;
	}
	return s->o->pid_file ? parent_write_pid_file(&s->p, s->o->pid_file, e) : 0;
}

pid_t container_exec(struct container *c, const struct exec_options *o, int *master, struct err *e)
{
	struct session s = { .c = c, .o = o, .rootfd = -1, .p = PARENT_INIT(NULL, o->console_socket) };
	pid_t pid = -1;

	namespaces_init(&s.ns);
	*master = -1;
	if (prepare(&s, e) == 0 && make_process(&s, e) == 0 && publish(&s, e) == 0) {
		pid = s.p.pid;
		*master = fd_steal(&s.p.master);
	} else {
		parent_undo(&s.p);
	}
	parent_close(&s.p);
	fd_close(&s.rootfd);
	namespaces_close(&s.ns);
	confine_notify_free(s.notify);
	confine_profile_free(s.profile);
	policy_free(s.policy);
	cgroup_free(s.cgroup);
	oci_process_free(&s.given);
	oci_config_free(&s.config);
	return pid;
}
