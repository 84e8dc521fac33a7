// SPDX-License-Identifier: Apache-2.0
/* init.c - what pid 1 of the container does before it is the workload
 *
 * Owns:     the order of the steps; each is a function elsewhere. create is told where we are (sync.h), waits at the same
 *           places, and prints our error as its own.
 * Must not: return, or run anything of the container before create has acknowledged the confinement.
 * Runs in:  the new process, in its namespaces; root in its user namespace until workload_become().
 *
 * The order where it is not free:
 *   - the cgroup is joined (by create) before its namespace is made: the namespace's root is where we are then;
 *   - runtime hooks run when the mounts are made and the old root is still there (config.md);
 *   - labels and sysctls go through the host's procfs: before pivot_root;
 *   - the terminal comes from the container's own devpts: after pivot_root, by which names are the container's;
 *   - read-only paths and masks come last of the file tree: what was mounted is covered, too.
 */
#include "launch/init.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/title.h"
#include "confine/wall/wall.h"
#include "container/hooks.h"
#include "host/netdev.h"
#include "launch/annotations.h"
#include "launch/idmap.h"
#include "launch/places.h"
#include "launch/sync.h"
#include "names/names.h"
#include "oci/state.h"
#include "process/process.h"

/* Root of the user namespace, or who stands for it, once the maps are there; of a joined one, too, for what we make belongs to the
 * creator's ids otherwise, and those may not exist in it (EOVERFLOW). */
static int become_root(const struct init_args *a, struct err *e)
{
	const struct oci_linux *l = &a->config->linux_;

	if (idmap_become_maker(idmap_maker(l->uid_mappings, l->n_uid_mappings, "self", "uid_map"),
			       idmap_maker(l->gid_mappings, l->n_gid_mappings, "self", "gid_map"), e) < 0)
		return -1;
	/* The creator's groups are not the container's. EPERM: setgroups is denied in this namespace. */
	if (!a->workload.keep_groups && setgroups(0, NULL) < 0 && errno != EPERM)
		return err_sys(e, "drop the creator's groups");
	return 0;
}

void init_begin(void *args, bool staged)
{
	struct init_args *a = args;

	cgroup_entry_take(&a->entry);
	if (!staged)
		return;
	parent_set_oom_score_adj(a->parent, 0);
	if ((a->ns->new_flags & CLONE_NEWUSER) && a->ns->maps_first)
		workload_drop_groups(&a->workload);
}

/* What is needed of the host until the root has changed: sources of mounts, devices, the conversation, the sockets for start. The rest
 * goes: the state directory (and with it the lock: a create that is killed must not stay "at work" in us), the log, namespaces. */
static void close_the_hosts(const struct init_args *a)
{
	const struct oci_config *c = a->config;
	size_t n = 0, preserved = (size_t)a->workload.preserve_fds;
	autofree int *keep = xcalloc(preserved + c->n_mounts + c->linux_.n_devices + 3, sizeof(*keep));

	for (size_t i = 0; i < preserved; i++)
		keep[n++] = 3 + (int)i;
	for (size_t i = 0; a->rootfs.sources && i < c->n_mounts; i++)
		keep[n++] = a->rootfs.sources[i].fd;
	for (size_t i = 0; a->rootfs.nodes && i < c->linux_.n_devices; i++)
		keep[n++] = a->rootfs.nodes[i];
	keep[n++] = a->bell.start;
	keep[n++] = a->bell.error;
	keep[n++] = a->workload.sync;
	sync_divert_log(a->workload.sync);
	fd_close_from_but_all(3, keep, n);
}

int init_enter(void *args, struct err *e)
{
	const struct init_args *a = args;

	title_set("sandrun init");
	close_the_hosts(a);
	return a->ns->maps_first || a->ns->join[OCI_NS_USER] >= 0 ? become_root(a, e) : 0;
}

/* A user namespace that was made by the clone. */
static int enter_user_namespace(const struct init_args *a, struct err *e)
{
	if (!(a->ns->new_flags & CLONE_NEWUSER) || a->ns->maps_first)
		return 0;
	return sync_ask(a->workload.sync, SYNC_MAPS_WANTED, e) < 0 ? -1 : become_root(a, e);
}

static int set_names(const struct init_args *a, struct err *e)
{
	const struct oci_config *c = a->config;

	if (c->hostname && *c->hostname && sethostname(c->hostname, strlen(c->hostname)) < 0)
		return err_sys(e, "hostname: set \"%.64s\"", c->hostname);
	if (c->domainname && *c->domainname && setdomainname(c->domainname, strlen(c->domainname)) < 0)
		return err_sys(e, "domainname: set \"%.64s\"", c->domainname);
	return 0;
}

/* With the creator's procfs still in place. Create could not read all of it of a process that is hidden. */
static int tell_places(const struct init_args *a, struct err *e)
{
	autofree char *note = places_note("self");

	return sync_send_text(a->workload.sync, SYNC_PLACED, note, e);
}

/* rootfs.h: create puts the id mappings on the tree. */
static int ask_idmap(void *ctx, size_t i, int tree, struct err *e)
{
	const struct init_args *a = ctx;

	if (sync_send_fd(a->workload.sync, SYNC_IDMAP_WANTED, (int)i, tree, e) < 0)
		return -1;
	return sync_wait_go(a->workload.sync, e);
}

static int make_rootfs(struct init_args *a, struct err *e)
{
	struct rootfs *r = &a->rootfs;
	const struct policy_host *hosts;
	size_t n;

	r->idmap = ask_idmap;
	r->idmap_ctx = a;
	if (rootfs_enter(r, e) < 0 || rootfs_mount_all(r, e) < 0 || rootfs_make_devices(r, e) < 0)
		return -1;
	n = a->workload.policy ? policy_hosts(a->workload.policy, &hosts) : 0;
	if (n && rootfs_pin_hosts(r, hosts, n, e) < 0)
		return -1;
	return n && policy_follows_names(a->workload.policy) ? rootfs_point_resolv(r, NAMES_LISTEN, e) : 0;
}

/* The state as seen from inside: pid is ours in the container's pid namespace, as under runc. */
static int run_hooks(const struct init_args *a, const struct oci_hook_list *hooks, const char *kind, const char *status,
		     struct err *e)
{
	const struct oci_state state = { .id = a->id, .status = status, .pid = getpid(), .bundle = a->bundle,
					 .annotations = &a->config->annotations };
	autofree char *json = hooks->n ? oci_state_write(&state, false) : NULL;
	/* Files of the host are here until the root changes, and for whom they were meant only with the host's ids. */
	const struct oci_map *files = a->rootfs.userns ? NULL : &a->config->annotations;

	if (!hooks->n)
		return 0;
	/* Code of the image's: behind the profile as the workload will be. */
	if (str_eq(kind, "startContainer"))
		return hooks_run_behind(hooks, kind, json, workload_late_profile(&a->workload), e);
	return hooks_run(hooks, kind, json, files, e);
}

static int run_create_hooks(struct init_args *a, struct err *e)
{
	const struct oci_hooks *h = &a->config->hooks;

	if ((h->prestart.n || h->create_runtime.n) && sync_ask(a->workload.sync, SYNC_HOOKS_WANTED, e) < 0)
		return -1;
	return run_hooks(a, &h->create_container, "createContainer", "creating", e);
}

static int make_terminal(struct init_args *a, struct err *e)
{
	const struct oci_process *p = &a->config->process;
	autofd master = -1, slave = -1;

	if (!p->terminal)
		return 0;
	if (process_open_terminal(&master, &slave, e) < 0)
		return -1;
	if (a->rootfs.new_mount_ns && rootfs_bind_console(&a->rootfs, slave, e) < 0)
		return -1;
	if (p->console_size.set &&
	    process_set_winsize(slave, (unsigned int)p->console_size.height, (unsigned int)p->console_size.width, e) < 0)
		return -1;
	if (sync_send_fd(a->workload.sync, SYNC_CONSOLE, 0, master, e) < 0 || sync_wait_go(a->workload.sync, e) < 0)
		return -1;
	return process_take_terminal(slave, p->user.uid, e);
}

static void die(int sig)
{
	_exit(128 + sig);
}

/* While we wait for start, a signal that ends a program ends us, too, as it ends runc's init: the first process of a pid namespace
 * is spared all for which it has no handler. */
static void end_by_signals(bool on)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction act = { .sa_handler = on ? die : SIG_DFL };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		sigaddset(&set, ends[i]);
		sigaction(ends[i], &act, NULL);
	}
	if (on)
		sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* create loads the table by a socket that only somebody inside can make. */
static int offer_network(struct init_args *a, struct err *e)
{
	struct err why = { 0 };
	autofd sock = -1;

	if (!a->wall_wanted)
		return 0;
	sock = wall_socket(-1, &why);
	if (sock < 0 ? sync_send(a->workload.sync, SYNC_NETWORK, why.code, e) < 0
		     : sync_send_fd(a->workload.sync, SYNC_NETWORK, 0, sock, e) < 0)
		return -1;
	return sync_wait_go(a->workload.sync, e);
}

static int until_ready(struct init_args *a, struct err *e)
{
	struct workload *w = &a->workload;

	if (enter_user_namespace(a, e) < 0)
		return -1;
	if (setsid() < 0 && errno != EPERM) /* EPERM: we lead a group already, as the first of a new pid namespace may */
		return err_sys(e, "start a session for the container");
	if (offer_network(a, e) < 0 || sync_ask(w->sync, SYNC_NAMESPACED, e) < 0)
		return -1;
	if ((a->ns->new_flags & CLONE_NEWNET) && netdev_raise_loopback(e) < 0)
		return -1;
	if (a->ns->new_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(e, "make a cgroup namespace");
	/* After it: what is delegated lies below the namespace's root. */
	if (annotations_delegated_cgroup(&a->config->annotations) && sync_ask(w->sync, SYNC_DELEGATE_WANTED, e) < 0)
		return -1;
	if (tell_places(a, e) < 0 || (!a->no_new_keyring && workload_join_keyring(a->id, e) < 0) || set_names(a, e) < 0 || make_rootfs(a, e) < 0)
		return -1;
	if (run_create_hooks(a, e) < 0)
		return -1;
	if (rootfs_write_sysctls(&a->rootfs, e) < 0 || process_open_label_fd(w->process, &w->label_fd, e) < 0)
		return -1;
	/* In the host's mount namespace nothing was mounted: the only devpts is the host's, and out of sight behind the chroot. */
	if (!a->rootfs.new_mount_ns && make_terminal(a, e) < 0)
		return -1;
	if (rootfs_pivot(&a->rootfs, e) < 0 || (a->rootfs.new_mount_ns && make_terminal(a, e) < 0) || rootfs_seal(&a->rootfs, e) < 0)
		return -1;
	fd_close(&a->rootfs.rootfd);
	process_reset_cpu_affinity();
	if (workload_become(w, e) < 0)
		return -1;
	end_by_signals(true); /* before anybody can know that there is somebody to be ended */
	return sync_send(w->sync, SYNC_READY, 0, e);
}

/* In force already, and without a place for accept4(2)? */
static bool may_answer(const struct workload *w)
{
	return !w->profile || workload_late_profile(w) || confine_profile_ask(w->profile, SYS_accept4) == 0;
}

static int wait_for_start(struct init_args *a, struct err *e)
{
	int r = bell_wait(&a->bell, e);

	end_by_signals(false); /* hooks are to run, and execve may fail; for the workload all signals are reset */
	if (r == 0 && may_answer(&a->workload))
		bell_answer(&a->bell);
	return r;
}

static void exec_workload(struct init_args *a, struct err *e)
{
	a->workload.at_execve = a->bell.answer;
	workload_exec(&a->workload, e);
}

void init_run(void *args)
{
	struct init_args *a = args;
	struct err e = { 0 };

	if (until_ready(a, &e) < 0) {
		sync_send_error(a->workload.sync, &e);
		_exit(1);
	}
	sync_divert_log(-1);
	fd_close(&a->workload.sync);
	/* A startContainer hook runs inside: without "env" it gets the container's, not that of the engine that called create. */
	environ = a->workload.env;
	if (wait_for_start(a, &e) == 0) {
		if (run_hooks(a, &a->config->hooks.start_container, "startContainer", "created", &e) < 0)
			bell_complain(&a->bell, INIT_HOOK_FAILED);
		else
			exec_workload(a, &e);
	}
	bell_complain(&a->bell, e.msg);
	_exit(1);
}
