// SPDX-License-Identifier: Apache-2.0
/* plan.h - which layer enforces which part of a policy on this kernel
 *
 * Owns:     the one decision that Landlock, the notify filter and the supervisor must share. Pure.
 */
#ifndef CONFINE_PLAN_H
#define CONFINE_PLAN_H

#include <stdbool.h>

#include "policy/policy.h"

struct confine_plan {
	bool filter;	       /* the policy restricts anything at all */
	bool landlock_connect; /* CONNECT_TCP is handled … */
	bool landlock_ports;   /* … with the policy's ports granted: what is allowed may continue */
	bool landlock_bind;    /* BIND_TCP is handled with the policy's ports granted */
	bool trap_connect;
	bool trap_listen;	/* Landlock does not see it */
	bool trap_sendto;	/* with an address */
	bool trap_sendmsg;	/* all of them: a register does not tell whether there is an address */
	bool trap_fastopen;	/* sends whose flags have MSG_FASTOPEN */
	bool trap_bind;
	bool trap_options;	/* socket options that change where packets go */
	bool bpf;		/* the cgroup program judges all that the container can make */
	bool foreign;		/* sockets may come in that were not made in the container */
	bool restrict_clone;	/* file tables are shared by threads of one process only (see notify_filter.c) */
	/* Every internet protocol of which the container can hold a socket is refused by the kernel itself where
	 * the policy does not (policy contract, section 4, rule 2): CONTINUE is safe. */
	bool backstop;
};

/* @landlock_abi: 0 where none is in force. @bpf: a cgroup program covers TCP and UDP. @foreign: sockets of any kind may be handed
 * to the container, by inheritance or over a unix socket that reaches outside; excludes @bpf. */
void confine_plan_make(const struct policy *p, int landlock_abi, bool bpf, bool foreign, struct confine_plan *out);
/* True if the filter has a trap, so that a listener and a supervisor are needed. */
bool confine_plan_traps(const struct confine_plan *plan);

/* Landlock knows network rules since this ABI (Linux 6.7). */
#define CONFINE_LANDLOCK_NET_ABI 4
/* Landlock takes one rule a port (about 0.4 µs and 80 bytes each). A list of more ports than this is enforced by the
 * supervisor instead. */
#define CONFINE_LANDLOCK_PORTS_MAX 2048

#endif
