// SPDX-License-Identifier: Apache-2.0
/* layers.c - which layers enforce a policy here
 *
 * Runs in:  create, after the cgroup was made and before there is an init: what is refused leaves nothing behind but what
 *           create undoes.
 *
 * A layer that is not there is no error by itself: the plan (confine/plan.c) knows what the others must then do, and it is as
 * complete, only slower. Who wants to be sure of a layer says so by io.sandlock.require, and hears why it is missing.
 */
#include "container/layers.h"

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
#include "confine/plan.h"
#include "container/outside.h"
#include "container/peerlink.h"

static void missing(struct layers *l, enum policy_layer layer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void missing(struct layers *l, enum policy_layer layer, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->missing[layer], sizeof(l->missing[layer]), fmt, ap);
	va_end(ap);
}

static void look_for_notify(const struct policy *p, struct layers *l)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;

	l->notify = confine_notify_needed(p);
	if (!l->notify)
		missing(l, POLICY_LAYER_NOTIFY, "the policy restricts nothing, so there is nothing to trap");
	else if (sys_seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		missing(l, POLICY_LAYER_NOTIFY, "the kernel has no seccomp user notification (Linux 5.0)");
}

static void look_for_landlock(const struct policy *p, struct layers *l)
{
	int abi = confine_landlock_abi();
	struct confine_plan plan;

	confine_plan_make(p, abi, l->bpf, false, &plan);
	l->landlock = plan.landlock_connect || plan.landlock_bind;
	if (abi == 0)
		missing(l, POLICY_LAYER_LANDLOCK, "the kernel has no Landlock (Linux 5.13), or it is not enabled (lsm= at boot)");
	else if (abi < CONFINE_LANDLOCK_NET_ABI)
		missing(l, POLICY_LAYER_LANDLOCK, "the kernel's Landlock has no network rules (ABI %d; %d came with Linux 6.7)", abi,
			CONFINE_LANDLOCK_NET_ABI);
	else if (!l->landlock && policy_get_traits(p).bind)
		missing(l, POLICY_LAYER_LANDLOCK, "more than %d ports may be bound, which are too many rules for it",
			CONFINE_LANDLOCK_PORTS_MAX);
	else if (!l->landlock)
		missing(l, POLICY_LAYER_LANDLOCK, "the policy restricts nothing");
}

/* --- the cgroup program -------------------------------------------------------------------------------------------- */

static int attach_bpf(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *l,
		      struct err *e)
{
	const char *what;
	int fd = outside_descriptor(f->preserve_fds, true, &what);
	autofd dir = -1;

	if (!policy_get_traits(p).egress) {
		missing(l, POLICY_LAYER_BPF, "the policy says nothing of egress");
		return 0;
	}
	if (l->foreign[0]) {
		missing(l, POLICY_LAYER_BPF, "%.100s, and a cgroup program does not see sockets from outside", l->foreign);
		return 0;
	}
	/* A TCP socket: Landlock stays in its place, and so the rest as it would be without the program. */
	if (fd >= 0) {
		missing(l, POLICY_LAYER_BPF, "descriptor %d, which is handed down, is %s, and a cgroup program does not see sockets "
			"from outside", fd, what);
		return 0;
	}
	dir = cgroup_open_v2(cg);
	if (dir < 0) {
		missing(l, POLICY_LAYER_BPF, "the container has no cgroup v2 directory");
		return 0;
	}
	if (confine_bpf_attach(p, dir, &l->bpf, &l->bpf_log, e) < 0)
		return -1;
	l->bpf_cgroup = l->bpf ? fd_steal(&dir) : -1;
	if (!l->bpf)
		missing(l, POLICY_LAYER_BPF, "the kernel refuses the cgroup programs (Linux 6.1, and CAP_BPF or CAP_SYS_ADMIN, are "
			"needed), or the list is too long for them");
	return 0;
}

static int require(const struct policy *p, const struct layers *l, struct err *e)
{
	unsigned int wanted = policy_required(p);

	for (unsigned int i = 0; i < POLICY_LAYERS; i++)
		if (wanted & 1u << i && l->missing[i][0])
			return err_text(e, ENOTSUP, "io.sandlock.require: the layer %s is not available here: %s",
					policy_layer_names[i], l->missing[i]);
	return 0;
}

int layers_choose(const struct policy *p, const struct layers_facts *f, const struct cgroup *cg, struct layers *out,
		  struct err *e)
{
	*out = (struct layers){ .bpf_log = -1, .bpf_cgroup = -1 };
	look_for_notify(p, out);
	if (!outside_check_rings(p, f->preserve_fds, e))
		return -1;
	if (policy_get_traits(p).egress && outside_owns_network(f))
		log_warn("process.capabilities: with CAP_NET_ADMIN the container can rewrite routes and addresses: it is not held to what "
			 "those in the network policy mean");
	if (policy_get_traits(p).egress)
		outside_look(f, out->foreign, sizeof(out->foreign));
	/* Nobody is in a network of the container's own who would bring such a device up, so it stays down there. */
	if (out->foreign[0] && outside_shares_network(f))
		out->links = !peerlink_is_refused();
	if (attach_bpf(p, f, cg, out, e) < 0)
		return -1;
	look_for_landlock(p, out);
	return require(p, out, e);
}

char *layers_words(const struct layers *l)
{
	return xasprintf("%s%s%s", l->notify ? "notify" : "", l->landlock ? ",landlock" : "", l->bpf ? ",bpf" : "");
}
