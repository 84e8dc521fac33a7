// SPDX-License-Identifier: Apache-2.0
/* enforcement.c - which layers enforce a policy here
 *
 * Runs in:  create, after the cgroup was made and before there is an init: what is refused leaves nothing behind but what
 *           create undoes.
 *
 * A layer that is not there is no error by itself: the plan (plan.c) knows what the others must then do, and it is as
 * complete, only slower. Who wants to be sure of a layer says so by io.sandlock.require, and hears why it is missing.
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
	else if (policy_get_traits(p).bind)
		note_missing(n, POLICY_LAYER_LANDLOCK, "more than %d ports may be bound, which are too many rules for it",
			     CONFINE_LANDLOCK_PORTS_MAX);
	else
		note_missing(n, POLICY_LAYER_LANDLOCK, "the policy restricts nothing, or the cgroup program does the same");
}

static void look_for_foreign(const struct foreign_facts *f, struct enforcement *n)
{
	foreign_look(f, n->foreign, sizeof(n->foreign));
	n->facts.foreign = n->foreign[0];
	/* Nobody is in a network of the container's own who would bring such a device up, so it stays down there. */
	n->facts.links = n->facts.foreign && foreign_shares_network(f) && !vethprobe_is_refused();
}

/* --- the cgroup program -------------------------------------------------------------------------------------------- */

/* True if it can be relied on here. */
static bool may_use_bpf(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *n)
{
	const char *what;
	int fd = foreign_descriptor(f->preserve_fds, true, &what);

	if (!policy_get_traits(p).egress)
		note_missing(n, POLICY_LAYER_BPF, "the policy says nothing of egress");
	else if (policy_is_audit(p))
		note_missing(n, POLICY_LAYER_BPF, "the policy is only recorded (io.sandlock.mode)");
	else if (policy_follows_names(p))
		note_missing(n, POLICY_LAYER_BPF, "the policy follows names, whose addresses the supervisor alone knows");
	else if (n->foreign[0])
		note_missing(n, POLICY_LAYER_BPF, "%.100s, and a cgroup program does not see sockets from outside", n->foreign);
	/* A TCP socket: Landlock stays in its place, and so the rest as it would be without the program. */
	else if (fd >= 0)
		note_missing(n, POLICY_LAYER_BPF, "descriptor %d, which is handed down, is %s, and a cgroup program does not see "
			     "sockets from outside", fd, what);
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

/* --- all of it ------------------------------------------------------------------------------------------------------- */

static int require(const struct policy *p, const struct enforcement *n, struct err *e)
{
	unsigned int wanted = policy_required(p);

	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		if (wanted & 1u << i && n->missing[i][0])
			return err_text(e, ENOTSUP, "io.sandlock.require: the layer %s is not available here: %s",
					policy_layer_names[i], n->missing[i]);
	return 0;
}

int enforcement_choose(const struct policy *p, const struct foreign_facts *f, int cgroup, struct enforcement *out, struct err *e)
{
	bool egress = policy_get_traits(p).egress;

	*out = (struct enforcement)ENFORCEMENT_INIT;
	note_missing(out, POLICY_LAYER_NFT, "this version of sandrun has no such layer");
	if (!foreign_check_rings(p, f->preserve_fds, e))
		return -1;
	if (egress && foreign_owns_network(f))
		log_warn("process.capabilities: with CAP_NET_ADMIN the container can rewrite routes and addresses: it is not held to what "
			 "those in the network policy mean");
	if (egress)
		look_for_foreign(f, out);
	out->facts.landlock_abi = confine_landlock_abi();
	attach_bpf(p, f, cgroup, out);
	confine_plan_make(p, &out->facts, &out->plan);
	look_for_notify(p, out);
	look_for_landlock(p, out);
	return require(p, out, e);
}

void enforcement_close(struct enforcement *n)
{
	fd_close(&n->bpf_log);
	fd_close(&n->bpf_cgroup);
}

char *enforcement_words(const struct enforcement *n)
{
	return xasprintf("%s%s%s", n->plan.filter ? "notify" : "", n->plan.landlock ? ",landlock" : "", n->plan.bpf ? ",bpf" : "");
}
