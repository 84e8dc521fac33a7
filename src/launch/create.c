// SPDX-License-Identifier: Apache-2.0
/* create.c - making a container, up to the point where it waits for "start"
 *
 * Owns:     what is made, in which order, and that all of it is undone on failure.
 * Must not: do init's work (init.c): here is the parent's side of each step.
 * Runs in:  create and run, with the caller's privileges, in the runtime namespace.
 *
 * Theory of operation. What can be refused without making anything is refused first: configuration, policy (which resolves
 * names), profile, paths of namespaces. Then, in this order: state directory (its mkdir is the claim of the id), cgroup,
 * supervisor (only with a policy that needs one), init. From its birth on init speaks first and we answer: the protocol and
 * its order are the table in sync.h, what we do for each message is the table "handlers" below. The record is written as soon as
 * there is something in it that "delete" would have to undo if we were killed.
 */
#include "launch/create.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "confine/confine.h"
#include "confine/enforcement.h"
#include "confine/wall/log.h"
#include "container/bell.h"
#include "container/names.h"
#include "container/notify.h"
#include "container/stateroot.h"
#include "host/netdev.h"
#include "host/rdt.h"
#include "launch/annotations.h"
#include "launch/bundle.h"
#include "launch/idmap.h"
#include "launch/init.h"
#include "launch/logging.h"
#include "launch/lookup.h"
#include "launch/making.h"
#include "launch/namespaces.h"
#include "launch/needs.h"
#include "launch/netfacts.h"
#include "launch/parent.h"
#include "launch/policing.h"
#include "launch/serve_names.h"
#include "launch/spawn.h"
#include "launch/sync.h"
#include "oci/names.h"
#include "oci/read.h"
#include "oci/state.h"
#include "policy/policy.h"
#include "process/process.h"
#include "rootfs/rootfs.h"
#include "supervisor/supervisor.h"

#define UNDO_MS 3000

/* What one create has made so far. */
struct creation {
	const struct create_options *o;
	struct container *c;
	struct oci_config config;
	char *config_text;
	char *bundle; /* absolute */
	struct namespaces ns;
	struct netdevs *netdevs; /* moved into the container's network namespace */
	struct policy *policy;
	struct policing policing;
	struct policy_resolv_conf resolv; /* with the servers that may be believed */
	struct confine_profile *profile;
	struct confine_notify *notify;
	struct rootfs_source *sources;
	struct rootfs_idmaps idmaps;
	int *nodes;
	struct cgroup *cgroup;
	char *rdt_root; /* NULL: no linux.intelRdt */
	struct foreign_facts facts; /* what the policy's layers depend on */
	struct enforcement enforcement;
	bool claimed;
	pid_t supervisor;
	bool served; /* it has init's listener */
	struct parent p; /* init, and our end of the conversation */
	int pidfd;
	struct bell bell; /* init's */
};

/* --- before anything is made ------------------------------------------------------------------------- */

static struct foreign_facts foreign_facts(const struct creation *k)
{
	return (struct foreign_facts){
		.config = &k->config,
		.bundle = k->bundle,
		.preserve_fds = k->o->preserve_fds,
		.own_pid = k->ns.new_flags & CLONE_NEWPID,
		.own_mount = k->ns.new_flags & CLONE_NEWNS,
		.own_net = namespaces_has(&k->ns, OCI_NS_NETWORK),
		.joined_net = k->ns.join[OCI_NS_NETWORK],
		.own_user = namespaces_has(&k->ns, OCI_NS_USER),
	};
}

/* Where the container's name servers can be asked already: a network that was there before. */
static int resolve_names(struct creation *k, const struct foreign_facts *given, struct lookup *l, struct err *e)
{
	if (policy_resolve(k->policy, lookup_resolve_hosts, l, false, e) < 0)
		return -1;
	l->ready = !given->own_net || given->joined_net >= 0;
	l->netns = given->joined_net;
	/* Whoever follows names need not know them before there is a network. */
	if (!l->ready && policy_follows_names(k->policy))
		return policy_resolve(k->policy, lookup_later, NULL, true, e);
	return policy_resolve(k->policy, lookup_resolve, l, true, e);
}

static int compile_policy(struct creation *k, struct err *e)
{
	const struct foreign_facts given = foreign_facts(k);
	struct lookup l = LOOKUP_INIT;
	autofree char *name = NULL;
	struct policy_facts facts;
	bool wanted;
	int r;

	if (policing_begin(&k->policing, &k->config.annotations, &wanted, e) < 0)
		return -1;
	if (!wanted || policy_is_sandbox(&k->config.annotations, k->o->id))
		return 0;
	lookup_prepare(&l, &given, &facts);
	facts.distrust_name = names_of_podman(k->bundle, k->o->id, &name);
	facts.name = name;
	r = policing_parse(&k->policing, &k->config.annotations, &facts, &k->policy, e);
	if (r == 0 && k->policy)
		r = resolve_names(k, &given, &l, e);
	k->resolv = l.conf;
	lookup_free(&l);
	if (r < 0 || !k->policy)
		return r;
	/* One listener per task is all the kernel gives. */
	if (confine_notify_needed(k->policy) && confine_profile_has_notify(&k->config.linux_.seccomp))
		return err_msg(e, "linux.seccomp has SCMP_ACT_NOTIFY: it cannot be combined with an io.sandlock policy "
			       "(the kernel allows one seccomp listener per process)");
	return 0;
}

/* Without privileges there is no namespace but in a user namespace of one's own. As crun does it; runc wants it to be said. */
static void add_user_namespace(struct oci_linux *l)
{
	if (geteuid() == 0 || oci_namespace_find(l, OCI_NS_USER))
		return;
	l->namespaces = xrealloc(l->namespaces, l->n_namespaces + 1, sizeof(*l->namespaces));
	l->namespaces[l->n_namespaces++] = (struct oci_namespace){ .type = OCI_NS_USER };
}

static struct needs needs_of(const struct creation *k)
{
	return (struct needs){ .profile = k->profile, .process = &k->config.process,
			       .notify = confine_profile_has_notify(&k->config.linux_.seccomp), .waits = true };
}

static int prepare_profile(struct creation *k, struct err *e)
{
	const struct oci_seccomp *s = &k->config.linux_.seccomp;
	autofree char *cache = s->set ? stateroot_cache() : NULL;
	struct needs needs;

	if (annotations_fail_unknown_calls(&k->config.annotations) && confine_profile_check_names(s, e) < 0)
		return -1;
	if (confine_profile_prepare(s, cache, &k->profile, e) < 0)
		return -1;
	needs = needs_of(k);
	return needs_check(&needs, e);
}

static int prepare(struct creation *k, struct err *e)
{
	autofree char *root = NULL;

	k->bundle = bundle_read(k->o->bundle, k->o->config_file, &k->config, &k->config_text, k->o->config_len, e);
	if (!k->bundle)
		return -1;
	if (annotations_put(&k->config.annotations, k->o->annotations, k->o->n_annotations, e) < 0)
		return -1;
	root = bundle_root(&k->config, k->bundle);
	rootfs_strip_root(&k->config, root);
	if (bundle_check_terminal(&k->config.process, k->o->console_socket, k->o->foreground, e) < 0)
		return -1;
	if (annotations_check(&k->config.annotations, e) < 0 || annotations_take_receiver(&k->config, e) < 0)
		return -1;
	if (prepare_profile(k, e) < 0)
		return -1;
	add_user_namespace(&k->config.linux_);
	if (namespaces_prepare(&k->config.linux_, &k->ns, e) < 0)
		return -1;
	if (compile_policy(k, e) < 0)
		return -1;
	if (k->ns.new_flags & CLONE_NEWUSER)
		idmap_add_default(&k->config.linux_, &k->config.process.user);
	if (netdev_check(&k->config.linux_, k->ns.join[OCI_NS_NETWORK], e) < 0)
		return -1;
	if (k->config.linux_.intel_rdt.set)
		k->rdt_root = rdt_find(e);
	return k->config.linux_.intel_rdt.set && !k->rdt_root ? -1 : 0;
}

/* --- making ------------------------------------------------------------------------------------------------ */

static int make_state(struct creation *k, struct err *e)
{
	struct container *c = k->c;

	if (container_claim(k->o->root, k->o->id, c, e) < 0)
		return -1;
	k->claimed = true;
	c->callers_keyring = k->o->no_new_keyring;
	making_fill_record(c, &k->config, k->bundle, &k->ns);
	c->policy_files = steal_ptr(&k->policing.digests);
	c->policy_sources = steal_ptr(&k->policing.sources);
	if (!k->config.process.terminal)
		making_note_stdio(c);
	if (file_replace(c->dirfd, CONTAINER_CONFIG, k->config_text, strlen(k->config_text), 0600, e) < 0)
		return -1;
	if (k->policy) {
		autofree char *text = policy_write(k->policy);

		if (file_replace(c->dirfd, CONTAINER_POLICY, text, strlen(text), 0600, e) < 0)
			return -1;
	}
	if (notify_prepare(c, &k->config, e) < 0)
		return -1;
	return bell_make(&k->bell, c->dirfd, e);
}

static int start_supervisor(struct creation *k, struct err *e)
{
	struct supervisor_request req = { .id = k->o->id, .state_dir = k->c->dirfd, .policy = k->policy,
					  .plan = &k->enforcement.plan, .wall = k->enforcement.wall, .bpf_log = k->enforcement.bpf_log,
					  .bpf_cgroup = k->enforcement.bpf_cgroup };
	const struct logging_request places = { .container = k->c, .policy = k->policy };
	struct sinks_request sinks;
	autofd quota = -1;
	autofd period = -1;

	if (logging_open(&places, &sinks, e) < 0)
		return -1;
	autofd dir = sinks.dir; /* ours, until the supervisor has its own */

	(void)dir;
	req.sinks = &sinks;
	req.has_quota = cgroup_open_cpu_quota(k->cgroup, &quota, &period);
	req.cpu_quota = quota;
	req.cpu_period = period;
	k->supervisor = supervisor_start(&req, e);
	if (k->supervisor < 0) {
		k->supervisor = 0;
		return -1;
	}
	k->c->supervisor_pid = k->supervisor;
	k->c->supervisor_start_time = container_start_time(k->supervisor);
	return container_save(k->c, e);
}

/* Where a kernel cannot tell of single packets (no nfnetlink_log), they are counted all the same. */
static int show_wall(struct creation *k, struct err *e)
{
	struct err why;

	if (wall_log_bind(k->enforcement.netlink, &k->enforcement.wall, &why) < 0)
		log_debug("create %s: %s", k->o->id, why.msg);
	return supervisor_show_wall(k->c->dirfd, k->enforcement.netlink, e);
}

/* Who enforces what, once it is known whether there is a wall: init learns it by the memory that it shares with us. */
static int settle_enforcement(struct creation *k, struct err *e)
{
	struct enforcement *n = &k->enforcement;
	autofd cgroup = cgroup_open_v2(k->cgroup);

	if (enforcement_settle(k->policy, &k->facts, cgroup, n, e) < 0)
		return -1;
	if (n->plan.filter && confine_notify_fill(k->notify, &n->plan, k->policy, e) < 0)
		return -1;
	k->c->enforcement = enforcement_words(n);
	k->c->wall = n->facts.wall;
	k->c->bpf = n->facts.bpf;
	k->c->foreign = n->facts.foreign;
	k->c->tcp_from_outside = n->facts.tcp_from_outside;
	k->c->links = n->facts.links;
	if (n->plan.filter && start_supervisor(k, e) < 0)
		return -1;
	if (n->plan.wall && show_wall(k, e) < 0)
		return -1;
	log_debug("create %s: the policy is enforced by %s%s%s; supervisor %d", k->o->id, k->c->enforcement,
		  n->facts.wall ? "" : "; no table of nftables: ", n->facts.wall ? "" : n->missing[POLICY_LAYER_NFT], (int)k->supervisor);
	return 0;
}

/* Into a network namespace that is there already, the table is loaded now, and noted down before. */
static int load_wall(struct creation *k, struct err *e)
{
	const struct oci_namespace *ns = oci_namespace_find(&k->config.linux_, OCI_NS_NETWORK);
	struct err why = { 0 };

	k->c->wall_path = xstrdup(ns->path);
	if (container_save(k->c, e) < 0)
		return -1;
	enforcement_load_wall(&k->enforcement, k->policy, wall_socket(k->facts.joined_net, &why), &why);
	if (!k->enforcement.facts.wall) {
		free(k->c->wall_path);
		k->c->wall_path = NULL;
	}
	return 0;
}

static int choose_enforcement(struct creation *k, struct err *e)
{
	struct wall wall;

	k->facts = foreign_facts(k);
	wall_name(k->c->root, k->o->id, &wall);
	k->notify = confine_notify_new(e);
	if (!k->notify || enforcement_look(k->policy, &k->facts, &wall, &k->enforcement, e) < 0)
		return -1;
	if (k->enforcement.wall_wanted && k->facts.joined_net >= 0 && load_wall(k, e) < 0)
		return -1;
	/* Else when there is a network namespace: on_network(). */
	return k->enforcement.wall_wanted ? 0 : settle_enforcement(k, e);
}

/* --- the conversation with init ---------------------------------------------------------------------------- */

static int know_init(void *ctx, struct err *e)
{
	struct creation *k = ctx;

	k->pidfd = sys_pidfd_open(k->p.pid, 0);
	if (k->pidfd < 0)
		return err_sys(e, "open a pidfd of init");
	k->c->pid = k->p.pid;
	k->c->start_time = container_start_time(k->p.pid);
	if (k->supervisor && supervisor_watch(k->c->dirfd, k->pidfd, e) < 0)
		return -1;
	return container_save(k->c, e);
}

static int on_stage_maps(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	(void)passed;
	return idmap_write(k->p.staged, &k->config.linux_, e);
}

static int on_maps_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	(void)passed;
	return idmap_write(k->p.pid, &k->config.linux_, e);
}

static int on_network(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;
	struct err why;

	if (!k->enforcement.wall_wanted)
		return err_msg(e, "init offers a network namespace that nobody has asked for");
	wall_socket_error(m->num, &why);
	enforcement_load_wall(&k->enforcement, k->policy, passed < 0 ? -1 : fcntl(passed, F_DUPFD_CLOEXEC, 3), &why);
	if (settle_enforcement(k, e) < 0)
		return -1;
	return k->supervisor ? supervisor_watch(k->c->dirfd, k->pidfd, e) : 0;
}

static int on_namespaced(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	(void)passed;
	if (cgroup_add(k->cgroup, k->p.pid, e) < 0)
		return -1;
	if (k->c->rdt && rdt_join(k->c->rdt, k->p.pid, e) < 0)
		return -1;
	if (netdev_move(&k->config.linux_, k->p.pid, &k->netdevs, e) < 0)
		return -1;
	if (serve_names(k->policy, &k->resolv, k->p.pid, k->pidfd, k->c->dirfd, e) < 0)
		return -1;
	return making_note_cgroup(k->c, k->cgroup, e);
}

static int on_delegate_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;
	const char *name = annotations_delegated_cgroup(&k->config.annotations);

	(void)m;
	(void)passed;
	if (!name)
		return err_msg(e, "init asks for a delegated cgroup");
	return cgroup_delegate(k->cgroup, name, k->p.pid, e) < 0 ? err_prefix(e, "annotation run.oci.delegate-cgroup") : 0;
}

static int on_placed(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)passed;
	(void)e;
	free(k->c->namespaces);
	k->c->namespaces = xstrdup(m->err.msg);
	return 0;
}

static int on_idmap_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	return rootfs_idmap(&k->config, &k->idmaps, (size_t)m->num, passed, e);
}

static int on_hooks_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	(void)passed;
	return making_hooks(k->c, &k->config, k->p.pid, e);
}

static int on_console(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	return parent_take_console(&k->p, passed, e);
}

static int on_limits_wanted(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	(void)passed;
	return process_set_rlimits_of(k->p.pid, &k->config.process, e);
}

static int on_listener(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;

	(void)m;
	if (passed < 0 || !k->supervisor)
		return err_msg(e, "init sent no seccomp listener");
	if (supervisor_add_listener(k->c->dirfd, passed, e) < 0)
		return -1;
	k->served = true;
	return 0;
}

static int on_profile_listener(void *ctx, const struct sync_msg *m, int passed, struct err *e)
{
	struct creation *k = ctx;
	const struct oci_state s = { .id = k->o->id, .status = "creating", .pid = k->p.pid, .bundle = k->bundle,
				     .annotations = &k->config.annotations };
	autofree char *json = oci_state_write(&s, false);

	(void)m;
	if (passed < 0)
		return err_msg(e, "init sent no seccomp listener");
	return confine_profile_send_listener(&k->config.linux_.seccomp, passed, k->p.pid, json, e);
}

static const parent_handler handlers[SYNC_COUNT] = {
	[SYNC_STAGE_MAPS] = on_stage_maps,
	[SYNC_MAPS_WANTED] = on_maps_wanted,
	[SYNC_NETWORK] = on_network,
	[SYNC_NAMESPACED] = on_namespaced,
	[SYNC_DELEGATE_WANTED] = on_delegate_wanted,
	[SYNC_PLACED] = on_placed,
	[SYNC_IDMAP_WANTED] = on_idmap_wanted,
	[SYNC_HOOKS_WANTED] = on_hooks_wanted,
	[SYNC_CONSOLE] = on_console,
	[SYNC_LIMITS_WANTED] = on_limits_wanted,
	[SYNC_LISTENER] = on_listener,
	[SYNC_PROFILE_LISTENER] = on_profile_listener,
};

/* Init ended without a word: killed (by a limit of its own cgroup, most often, or by its seccomp profile) or crashed. */
static int report_death(const struct creation *k, struct err *e)
{
	const struct needs needs = needs_of(k);
	int status = 0;

	if (k->p.pid > 0)
		(void)patience_reap(k->p.pid, &status, UNDO_MS);
	return needs_death(&needs, "init", status, k->cgroup && cgroup_had_oom(k->cgroup), e);
}

static int converse(struct creation *k, struct err *e)
{
	bool seen = k->ns.join[OCI_NS_PID] >= 0; /* by others that could lengthen it; a hook takes what it takes */
	int r;

	k->p.patience.limit_ms = seen && !k->config.hooks.create_container.n ? PATIENCE_MS : 0;
	r = parent_converse(&k->p, handlers, know_init, k, e);

	if (r == 0)
		return report_death(k, e);
	if (r > 0 && k->policy && (!k->enforcement.settled || (confine_notify_plan(k->notify) && !k->served)))
		return err_msg(e, "init is ready without confinement");
	return r < 0 ? -1 : 0;
}

static int spawn_init(struct creation *k, bool entry, struct err *e)
{
	struct init_args args = {
		.config = &k->config,
		.ns = &k->ns,
		.id = k->c->id, /* the arguments are overwritten */
		.bundle = k->bundle,
		.no_new_keyring = k->o->no_new_keyring,
		.bell = k->bell,
		.wall_wanted = k->enforcement.wall_wanted,
		.parent = &k->p,
		.entry.clone_fd = -1,
		.rootfs = {
			.config = &k->config,
			.bundle = k->bundle,
			.rootfd = -1,
			.no_pivot = k->o->no_pivot,
			.new_mount_ns = namespaces_has(&k->ns, OCI_NS_MOUNT),
			.userns = namespaces_has(&k->ns, OCI_NS_USER) || geteuid() != 0,
			.cgroupns = namespaces_has(&k->ns, OCI_NS_CGROUP),
			.sources = k->sources,
			.nodes = k->nodes,
		},
		.workload = {
			.process = &k->config.process,
			.linux_ = &k->config.linux_,
			.policy = k->policy,
			.profile = k->profile,
			.notify = k->notify,
			.preserve_fds = k->o->preserve_fds,
			.listen_fds = k->o->listen_fds,
			.keep_groups = annotations_keep_groups(&k->config.annotations),
			.limits_from_parent = namespaces_has(&k->ns, OCI_NS_USER),
			.at_execve = -1,
			.label_fd = -1,
		},
	};
	struct spawn s = { .ns = &k->ns, .begin = init_begin, .enter = init_enter, .body = init_run, .arg = &args };
	pid_t pid;

	s.sync = args.workload.sync = parent_open(&k->p, e);
	s.sync_parent = k->p.sync;
	if (s.sync < 0)
		return -1;
	if (entry)
		cgroup_entry_open(k->cgroup, NULL, &args.entry);
	s.cgroup_fd = args.entry.clone_fd;
	pid = spawn(&s, &k->p.staged, e);
	cgroup_entry_close(&args.entry);
	close(s.sync);
	if (pid < 0)
		return -1;
	parent_know(&k->p, pid);
	if (pid > 0 && know_init(k, e) < 0)
		return -1;
	return converse(k, e);
}

static int make_init(struct creation *k, struct err *e)
{
	if (spawn_init(k, true, e) == 0)
		return 0;
	return parent_again(&k->p, e) ? spawn_init(k, false, e) : -1;
}

/* What a user should know of a policy that is in force. */
static void warn_of_policy(const struct policy *p)
{
	const struct policy_host *hosts;
	size_t n;

	if (p && policy_is_audit(p))
		log_warn("io.sandlock.mode=audit: the network policy is only recorded, nothing is refused");
	if (p)
		netfacts_warn(p);
	n = p ? policy_hosts(p, &hosts) : 0;
	for (size_t i = 0; i < n; i++)
		if (!hosts[i].n)
			log_warn("io.sandlock.net-allow: ?%s has no address now, and nothing is reached by that name", hosts[i].name);
}

static int make_all(struct creation *k, struct err *e)
{
	const char *receiver;

	if (prepare(k, e) < 0)
		return -1;
	log_debug("create %s: the bundle %s is fine%s", k->o->id, k->bundle, k->policy ? ", with a network policy" : "");
	if (make_state(k, e) < 0)
		return -1;
	/* What enforces a policy on egress is decided before there is an init, and the cgroup program is attached to it. */
	if (making_cgroup(k->c, &k->config, &k->ns, k->o->cgroup_manager, k->policy && policy_get_traits(k->policy).egress, &k->cgroup,
			  e) < 0)
		return -1;
	if (k->rdt_root && making_rdt(k->c, &k->config, k->rdt_root, e) < 0)
		return -1;
	log_debug("create %s: the cgroup is made", k->o->id);
	if (k->policy && choose_enforcement(k, e) < 0)
		return -1;
	if (rootfs_open_sources(&k->config, k->bundle, &k->sources, e) < 0)
		return -1;
	if (k->ns.new_flags & CLONE_NEWUSER)
		k->nodes = rootfs_make_nodes(&k->config);
	if (make_init(k, e) < 0)
		return -1;
	receiver = oci_map_get(&k->config.annotations, "run.oci.pidfd_receiver"); /* crun's --pidfd-socket */
	if (receiver && parent_send_pidfd(receiver, k->pidfd, k->o->id, e) < 0)
		return err_prefix(e, "run.oci.pidfd_receiver");
	if (k->o->pidfd_socket && parent_send_pidfd(k->o->pidfd_socket, k->pidfd, "standard", e) < 0)
		return -1;
	warn_of_policy(k->policy);
	log_debug("create %s: init is process %d and waits for start", k->o->id, (int)k->p.pid);
	k->c->creating = false;
	if (container_save(k->c, e) < 0)
		return -1;
	return k->o->pid_file ? parent_write_pid_file(&k->p, k->o->pid_file, e) : 0;
}

/* --- undoing --------------------------------------------------------------------------------------------------- */

/* Told to, because without an init it would wait for one as long as we live. */
static void end_supervisor(struct creation *k)
{
	autofd pidfd = k->supervisor > 0 ? sys_pidfd_open(k->supervisor, 0) : -1;

	if (k->supervisor <= 0)
		return;
	kill(k->supervisor, SIGTERM);
	supervisor_end(k->c->dirfd, pidfd, UNDO_MS);
	parent_end_child(k->supervisor);
}

static void undo(struct creation *k)
{
	parent_undo(&k->p);
	netdev_give_back(k->netdevs);
	k->netdevs = NULL;
	end_supervisor(k);
	enforcement_undo(&k->enforcement);
	making_undo(k->claimed ? k->c : NULL, k->cgroup, &k->config.hooks.poststop);
}

static void free_all(struct creation *k)
{
	rootfs_sources_free(k->sources, k->config.n_mounts);
	rootfs_idmaps_free(&k->idmaps);
	rootfs_nodes_free(k->nodes, k->config.linux_.n_devices);
	confine_notify_free(k->notify);
	confine_profile_free(k->profile);
	policy_free(k->policy);
	policing_free(&k->policing);
	cgroup_free(k->cgroup);
	netdev_free(k->netdevs);
	namespaces_close(&k->ns);
	oci_config_free(&k->config);
	free(k->config_text);
	free(k->bundle);
	free(k->rdt_root);
	fd_close(&k->pidfd);
	enforcement_close(&k->enforcement);
	parent_close(&k->p);
	bell_close(&k->bell);
}

int container_create(const struct create_options *o, struct container *c, int *master, struct err *e)
{
	struct creation k = { .o = o, .c = c, .config_text = o->config_text, .pidfd = -1, .idmaps = ROOTFS_IDMAPS_INIT,
			      .enforcement = ENFORCEMENT_INIT, .bell = BELL_INIT };
	int r;

	k.p = (struct parent)PARENT_INIT(&k.config.process, o->console_socket);
	container_init(c);
	namespaces_init(&k.ns);
	*master = -1;
	if (container_check_id(o->id, e) < 0)
		return -1;
	r = make_all(&k, e);
	if (r < 0) {
		undo(&k);
		container_close(c);
	} else {
		container_unlock(c);
		*master = fd_steal(&k.p.master);
	}
	free_all(&k);
	return r;
}
