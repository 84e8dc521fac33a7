// SPDX-License-Identifier: Apache-2.0
/* plan.h - which layer enforces which part of a policy on this kernel
 *
 * Owns:     the one decision that Landlock, the notify filter and the supervisor share: made once, and handed on. Pure.
 */
#ifndef CONFINE_PLAN_H
#define CONFINE_PLAN_H

#include <stdbool.h>

#include "policy/policy.h"

/* What a plan is made from, beside the policy. create finds it out (enforcement.c) and writes it down, so that every session has the
 * same plan. */
struct confine_facts {
	int landlock_abi; /* 0 where none is in force; asked for anew by every session */
	bool wall;	  /* a table of nftables in the container's network namespace refuses packets */
	bool bpf;	  /* a program on the container's cgroup judges all that the container makes */
	bool foreign;	  /* sockets that were not made in the container are to be judged. Excludes @bpf */
	bool tcp_from_outside; /* with @wall: a TCP socket of another network was handed down, which Landlock stops */
	bool links;	  /* devices may be put into the container's network by whoever has one of his own */
};

struct confine_plan {
	bool filter;	       /* the policy restricts anything at all: there is a filter, and somebody who answers */
	bool wall;
	bool bpf;		/* the cgroup program judges all that the container can make */
	bool foreign;		/* sockets that were not made in the container are judged, too */
	bool links;		/* new network namespaces are refused: devices could come out of them */
	bool landlock;	       /* a network domain is in force: the next two are not both false */
	bool landlock_connect; /* CONNECT_TCP is handled … */
	bool landlock_ports;   /* … with the policy's ports granted, for there is a wall that looks at addresses */
	bool landlock_bind;    /* BIND_TCP is handled with the policy's ports granted */
	bool trap_connect;
	bool trap_listen;	/* Landlock does not see it */
	bool trap_sendto;	/* with an address */
	bool trap_sendmsg;	/* all of them: a register does not tell whether there is an address */
	bool trap_fastopen;	/* sends whose flags have MSG_FASTOPEN */
	bool trap_bind;
	bool trap_options;	/* socket options that change where packets go */
	bool audit;	       /* nothing is refused, all is looked at */
	bool restrict_clone;	/* file tables are shared by threads of one process only (see notify_filter.c) */
	/* Nothing is done on behalf: what the policy allows is the kernel's own call again. Its packets are looked at. */
	bool judge_only;
	/* Every internet protocol of which the container can hold a socket is refused by the kernel itself where
	 * the policy does not (docs/security.md, "The layers"): CONTINUE is safe. */
	bool backstop;
};

void confine_plan_make(const struct policy *p, const struct confine_facts *f, struct confine_plan *out);
/* The TCP ports that Landlock grants where landlock_ports: each one that is allowed at some address. */
void confine_plan_each_port(const struct policy *p, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx);

/* Landlock knows network rules since this ABI (Linux 6.7). */
#define CONFINE_LANDLOCK_NET_ABI 4
/* Landlock takes one rule a port (about 0.4 µs and 80 bytes each). A list of more ports than this is enforced by the
 * supervisor instead. */
#define CONFINE_LANDLOCK_PORTS_MAX 2048

#endif
