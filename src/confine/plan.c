// SPDX-License-Identifier: Apache-2.0
/* plan.c - policy and kernel features -> who enforces what
 *
 * Runs in:  create, which finds the facts out, and exec, which has them from the record: once each. Pure.
 *
 * The modes, by what the policy makes possible and what the kernel offers:
 *
 *   ports only      net-allow names TCP ports at any address, Landlock has network rules: Landlock grants the ports.
 *                   connect is trapped all the same, since Landlock would say EACCES where the contract says ECONNREFUSED,
 *                   and nobody would be told; but an allowed one is the kernel's own again (CONTINUE): whatever the
 *                   address has become by then, Landlock lets only the ports through that the policy allows.
 *   TCP only        nothing but TCP sockets can be made. Landlock handles CONNECT_TCP and grants nothing, the supervisor
 *                   connects on behalf. Trapped: connect, sends with an address in a register, Fast Open sends.
 *   with BPF        the cgroup program judges TCP and UDP in the kernel: connect, Fast Open and sends run untrapped, and no
 *                   Landlock domain is needed (a domain a session would cut exec sessions off from init's memory and /proc).
 *                   io.sandlock.require=landlock has it all the same, and with it the trap on connect.
 *   with BPF, ICMP  no hook asks about the sends of ping and raw sockets, only the packet program sees them, whose refusal is
 *                   EPERM. So sends are trapped for the contract's errno and the audit, and continue on all other sockets.
 *   foreign         sockets may come from outside (foreign.c tells when): what the container itself can make says nothing of
 *                   what it holds, and neither Landlock nor the cgroup program sees a UDP socket that was made elsewhere. So
 *                   every send with an address is trapped and nothing backs a verdict up, whatever the policy makes
 *                   possible: as "UDP or ICMP".
 *   UDP or ICMP     without BPF: sendmsg and sendmmsg are trapped, too, for their address is in memory. There is no
 *                   backstop, so nothing is continued unless the caller provably cannot race.
 */
#include "confine/plan.h"

#include <string.h>

static void count_ports(uint16_t lo, uint16_t hi, void *ctx)
{
	*(unsigned int *)ctx += hi >= lo ? (unsigned int)(hi - lo) + 1 : 0;
}

/* Each port is asked, because a list of what may be bound is all that Landlock can be told: a denylist shows itself by
 * the number of ports that it leaves. */
static bool bind_ports_fit(const struct policy *p)
{
	unsigned int n = 0;

	for (unsigned int port = 0; port < 65536 && n <= CONFINE_LANDLOCK_PORTS_MAX; port++)
		n += policy_check_bind(p, (uint16_t)port).allowed;
	return n <= CONFINE_LANDLOCK_PORTS_MAX;
}

static bool connect_ports_fit(const struct policy *p)
{
	unsigned int n = 0;

	policy_each_port(p, false, count_ports, &n);
	return n <= CONFINE_LANDLOCK_PORTS_MAX;
}

void confine_plan_make(const struct policy *p, const struct confine_facts *f, struct confine_plan *out)
{
	struct policy_traits t = policy_get_traits(p);
	/* A policy that is only recorded has nothing behind it that could refuse, and everything in front. */
	bool audit = policy_is_audit(p), foreign = f->foreign || audit;
	bool landlock = f->landlock_abi >= CONFINE_LANDLOCK_NET_ABI && !audit, bpf = f->bpf && !foreign;

	memset(out, 0, sizeof(*out));
	out->filter = t.egress || t.bind;
	out->audit = audit;
	if (t.egress) {
		bool alone = bpf && !(policy_required(p) & 1u << POLICY_LAYER_LANDLOCK);

		out->foreign = foreign;
		out->links = foreign && f->links;
		out->bpf = bpf;
		out->landlock_connect = landlock && !alone;
		out->landlock_ports = out->landlock_connect && t.tcp_ports_only && connect_ports_fit(p);
		out->trap_connect = out->trap_fastopen = !alone;
		out->trap_sendto = t.icmp_possible || !bpf;
		out->trap_options = true;
		out->trap_sendmsg = foreign || t.icmp_possible || (t.udp_possible && !bpf);
		/* Landlock sees TCP only. */
		out->backstop = bpf || (!foreign && landlock && !t.udp_possible && !t.icmp_possible);
	}
	if (t.bind) {
		out->landlock_bind = landlock && bind_ports_fit(p);
		/* Also where Landlock would refuse it: nobody would be told. An allowed one is then the kernel's own again. */
		out->trap_bind = true;
		/* listen without bind takes a port that the kernel chooses; Landlock sees binds only. */
		out->trap_listen = !out->landlock_bind || !policy_check_bind(p, 0).allowed;
		/* connect, too, looks at the port that the socket was bound to (supervisor/options.c). */
		out->trap_connect = out->trap_connect || (t.egress && !out->landlock_bind);
	}
	/* AF_UNIX calls then continue only where the descriptor cannot change. */
	out->restrict_clone = !audit && (out->trap_listen || (out->filter && !out->backstop));
	out->landlock = out->landlock_connect || out->landlock_bind;
}
