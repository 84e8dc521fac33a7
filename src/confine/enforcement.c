// SPDX-License-Identifier: Apache-2.0
/* enforcement.c - which layers enforce a policy here
 *
 * Runs in:  create: what is refused leaves nothing behind but what create undoes.
 *
 * A layer that is not there is no error by itself: the plan (plan.c) knows what the others must then do, and it is as
 * complete, only slower. Who wants to be sure of a layer says so by io.sandlock.require, and hears why it is missing. Whether the
 * kernel has one is found out by using it, never by its version.
 */
#include "confine/enforcement.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "confine/bpf_egress.h"
#include "confine/confine.h"
#include "confine/vethprobe.h"

static void note_missing(struct enforcement *n, enum policy_layer layer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void note_missing(struct enforcement *n, enum policy_layer layer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(n->missing[layer], sizeof(n->missing[layer]), fmt, ap);
	va_end(ap);
}

static bool is_required(const struct policy *p, enum policy_layer layer)
{
	return policy_required(p) & 1u << layer;
}

/* --- sockets from outside -------------------------------------------------------------------------------------------- */

/* A TCP socket that is handed down is left to Landlock, where there is one. */
static void look_for_foreign(const struct policy *p, const struct foreign_facts *f, struct enforcement *n)
{
	bool landlock = n->facts.landlock_abi >= CONFINE_LANDLOCK_NET_ABI;
	const char *what;
	int fd = foreign_descriptor(f->preserve_fds, landlock, &what);

	if (fd >= 0)
		snprintf(n->foreign, sizeof(n->foreign), "descriptor %d, which is handed down, is %s", fd, what);
	else if (policy_judges_outside(p))
		foreign_look(f, n->foreign, sizeof(n->foreign));
	n->facts.foreign = n->foreign[0];
	n->facts.tcp_from_outside = !n->facts.foreign && foreign_descriptor(f->preserve_fds, false, &what) >= 0;
	/* Nobody is in a network of the container's own who would bring such a device up, so it stays down there. */
	n->facts.links = foreign_shares_network(f) && !vethprobe_is_refused();
}

/* --- the wall ---------------------------------------------------------------------------------------------------------- */

static void look_for_wall(const struct policy *p, const struct foreign_facts *f, struct enforcement *n)
{
	if (!confine_notify_needed(p))
		note_missing(n, POLICY_LAYER_NFT, "the policy restricts nothing");
	else if (policy_is_audit(p))
		note_missing(n, POLICY_LAYER_NFT, "the policy is only recorded (io.sandlock.mode)");
	else if (!f->own_net)
		note_missing(n, POLICY_LAYER_NFT, "the container shares the network namespace of its runtime");
	else if (foreign_shares_network(f))
		note_missing(n, POLICY_LAYER_NFT, "the container shares its network namespace with other processes");
	else
		n->wall_wanted = true;
}

void enforcement_load_wall(struct enforcement *n, const struct policy *p, int sock, const struct err *why)
{
	struct err e = { 0 };

	n->wall_wanted = false;
	if (sock < 0) {
		note_missing(n, POLICY_LAYER_NFT, "%.140s", why->msg);
	} else if (wall_load(sock, &n->wall, p, &e) < 0) {
		note_missing(n, POLICY_LAYER_NFT, "%.140s", e.msg);
		fd_close(&sock);
	} else {
		n->facts.wall = true;
		n->netlink = sock;
	}
}

/* --- the cgroup program -------------------------------------------------------------------------------------------- */

/* True if it can be relied on here, and is of use. */
static bool may_use_bpf(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *n)
{
	char exit[160];

	foreign_look_for_exits(f, exit, sizeof(exit));
	if (!policy_get_traits(p).egress)
		note_missing(n, POLICY_LAYER_BPF, "the policy says nothing of egress");
	else if (policy_is_audit(p))
		note_missing(n, POLICY_LAYER_BPF, "the policy is only recorded (io.sandlock.mode)");
	else if (policy_follows_names(p))
		note_missing(n, POLICY_LAYER_BPF, "the policy follows names, whose addresses the supervisor alone knows");
	else if (n->facts.wall && !is_required(p, POLICY_LAYER_BPF))
		note_missing(n, POLICY_LAYER_BPF, "the table of nftables does the same");
	else if (n->foreign[0])
		note_missing(n, POLICY_LAYER_BPF, "%.100s, and a cgroup program does not see sockets from outside", n->foreign);
	/* Landlock stays in its place, and so the rest as it would be without the program. */
	else if (n->facts.tcp_from_outside)
		note_missing(n, POLICY_LAYER_BPF, "a socket is handed down, and a cgroup program does not see sockets from outside");
	else if (exit[0])
		note_missing(n, POLICY_LAYER_BPF, "%.150s", exit);
	else if (cgroup < 0)
		note_missing(n, POLICY_LAYER_BPF, "the container has no cgroup v2 directory");
	return !n->missing[POLICY_LAYER_BPF][0];
}

static void attach_bpf(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *n)
{
	struct err ignored; /* what cannot be had is done by the others */

	if (!may_use_bpf(p, f, cgroup, n))
		return;
	if (confine_bpf_attach(p, cgroup, &n->facts.bpf, &n->bpf_log, &ignored) < 0)
		n->facts.bpf = false;
	if (n->facts.bpf)
		n->bpf_cgroup = fcntl(cgroup, F_DUPFD_CLOEXEC, 3);
	else
		note_missing(n, POLICY_LAYER_BPF, "the kernel refuses the cgroup programs (Linux 6.1, and CAP_BPF or CAP_SYS_ADMIN, "
			     "are needed), or the list is too long for them");
}

/* --- the others ------------------------------------------------------------------------------------------------------ */

static void look_for_notify(const struct policy *p, struct enforcement *n)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	if (!confine_notify_needed(p))
		note_missing(n, POLICY_LAYER_NOTIFY, "the policy restricts nothing, so there is nothing to trap");
	else if (sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		note_missing(n, POLICY_LAYER_NOTIFY, "the kernel has no seccomp user notification (Linux 5.0)");
}

static void look_for_landlock(const struct policy *p, struct enforcement *n)
{
	int abi = n->facts.landlock_abi;

	if (n->plan.landlock)
		return;
	if (policy_is_audit(p))
		note_missing(n, POLICY_LAYER_LANDLOCK, "the policy is only recorded (io.sandlock.mode)");
	else if (abi == 0)
		note_missing(n, POLICY_LAYER_LANDLOCK, "the kernel has no Landlock (Linux 5.13), or it is not enabled (lsm= at boot)");
	else if (abi < CONFINE_LANDLOCK_NET_ABI)
		note_missing(n, POLICY_LAYER_LANDLOCK, "the kernel's Landlock has no network rules (ABI %d; %d came with Linux 6.7)", abi,
			     CONFINE_LANDLOCK_NET_ABI);
	else if ((n->plan.wall || n->plan.bpf) && !is_required(p, POLICY_LAYER_LANDLOCK))
		note_missing(n, POLICY_LAYER_LANDLOCK, "%s does the same", n->plan.wall ? "the table of nftables" : "the cgroup program");
	else if (policy_get_traits(p).bind)
		note_missing(n, POLICY_LAYER_LANDLOCK, "more than %d ports may be bound, which are too many rules for it",
			     CONFINE_LANDLOCK_PORTS_MAX);
	else
		note_missing(n, POLICY_LAYER_LANDLOCK, "the policy restricts nothing");
}

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static int require(const struct policy *p, const struct enforcement *n, struct err *e)
{
	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		if (is_required(p, (enum policy_layer)i) && n->missing[i][0])
			return err_text(e, ENOTSUP, "io.sandlock.require: the layer %s is not available here: %s",
					policy_layer_names[i], n->missing[i]);
	return 0;
}

int enforcement_look(const struct policy *p, const struct foreign_facts *f, const struct wall *wall, struct enforcement *out,
		     struct err *e)
{
	bool egress = policy_get_traits(p).egress;

	*out = (struct enforcement)ENFORCEMENT_INIT;
	out->wall = *wall;
	out->facts.landlock_abi = confine_landlock_abi();
	if (!foreign_check_rings(p, f->preserve_fds, e))
		return -1;
	if (egress && foreign_owns_network(f))
		log_warn("process.capabilities: with CAP_NET_ADMIN the container can rewrite routes and addresses: it is not held to what "
			 "those in the network policy mean");
	if (egress)
		look_for_foreign(p, f, out);
	look_for_wall(p, f, out);
	return 0;
}

static void trace_layers(const struct enforcement *n)
{
	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		trace(TRACE_POLICY, "layer %s: %s", policy_layer_names[i], n->missing[i][0] ? n->missing[i] : "in force");
}

int enforcement_settle(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *n, struct err *e)
{
	n->settled = true;
	attach_bpf(p, f, cgroup, n);
	confine_plan_make(p, &n->facts, &n->plan);
	look_for_notify(p, n);
	look_for_landlock(p, n);
	trace_layers(n);
	return require(p, n, e);
}

void enforcement_undo(struct enforcement *n)
{
	if (n->facts.wall && n->netlink >= 0)
		wall_remove(n->netlink, &n->wall, NULL);
}

void enforcement_close(struct enforcement *n)
{
	fd_close(&n->netlink);
	fd_close(&n->bpf_log);
	fd_close(&n->bpf_cgroup);
}

char *enforcement_words(const struct enforcement *n)
{
	return xasprintf("%s%s%s%s", n->plan.filter ? "notify" : "", n->plan.wall ? ",nft" : "", n->plan.landlock ? ",landlock" : "",
			 n->plan.bpf ? ",bpf" : "");
}
