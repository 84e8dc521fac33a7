// SPDX-License-Identifier: Apache-2.0
/* plan.c - policy and kernel features -> who enforces what
 *
 * Runs in:  create, which finds the facts out, and exec, which has them from the record: once each. Pure.
 *
 * The modes, by what the kernel offers and what the policy makes possible:
 *
 *   wall            the table in the container's network namespace refuses packets, whoever made the call and by whatever socket. What is
 *                   trapped is trapped to be judged: a connect gets the contract's errno and a line in the record, and is then the
 *                   kernel's own (CONTINUE); an address that has become another meanwhile meets the wall. Sends, unix sockets and
 *                   netlink are not trapped. io.sandlock.require=landlock has a domain beside it, with the ports that the policy
 *                   allows somewhere; if these are too many for it, it grants none and TCP is connected on behalf.
 *
 * Where there is none (the network is shared, or the kernel has no nf_tables):
 *
 *   with BPF        the cgroup program judges TCP and UDP in the kernel: connect, Fast Open and sends run untrapped, and no
 *                   Landlock domain is needed (a domain a session would cut exec sessions off from init's memory and /proc).
 *                   io.sandlock.require=landlock has it all the same, and with it the trap on connect.
 *   with BPF, ICMP  no hook asks about the sends of ping and raw sockets, only the packet program sees them, whose refusal is
 *                   EPERM. So sends are trapped for the contract's errno and the audit, and continue on all other sockets.
 *   on behalf       without BPF: sendmsg and sendmmsg are trapped, too, for their address is in memory. There is no backstop but
 *                   Landlock's for TCP, so nothing is continued unless the caller provably cannot race.
 *
 * With or without a wall:
 *
 *   foreign         sockets from outside are to be judged (enforcement.c tells when): what the container itself can make says
 *                   nothing of what it holds, and no layer of the kernel sees a UDP socket that was made elsewhere. So every send
 *                   with an address is trapped and nothing backs a verdict up, as with UDP or ICMP.
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

/* --- ports that are allowed somewhere ------------------------------------------------------------------------------------ */

struct port_map {
	uint8_t v[65536 / 8];
};

static void mark_ports(const struct in6_addr *lo, const struct in6_addr *hi, const struct policy_ports *ports, size_t n, void *ctx)
{
	struct port_map *m = ctx;

	(void)lo;
	(void)hi;
	for (size_t i = 0; i < n; i++)
		for (uint32_t port = ports[i].lo; port <= ports[i].hi; port++)
			m->v[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool is_marked(const struct port_map *m, uint32_t port)
{
	return port < 65536 && m->v[port / 8] & 1u << port % 8;
}

void confine_plan_each_port(const struct policy *p, void (*each)(uint16_t lo, uint16_t hi, void *ctx), void *ctx)
{
	struct port_map m = { 0 };
	uint32_t from = 0;

	for (int v4 = 0; v4 < 2; v4++)
		if (policy_each_interval(p, POLICY_TCP, v4, SIZE_MAX, mark_ports, &m) < 0)
			memset(&m, 0xff, sizeof(m));
	for (uint32_t port = 0; port < 65536; port++) {
		if (!is_marked(&m, port))
			continue;
		if (!port || !is_marked(&m, port - 1))
			from = port;
		if (!is_marked(&m, port + 1))
			each((uint16_t)from, (uint16_t)port, ctx);
	}
}

static bool connect_ports_fit(const struct policy *p)
{
	unsigned int n = 0;

	confine_plan_each_port(p, count_ports, &n);
	return n <= CONFINE_LANDLOCK_PORTS_MAX;
}

/* --- the plan --------------------------------------------------------------------------------------------------------------- */

static bool needs_landlock(const struct policy *p)
{
	return policy_required(p) & 1u << POLICY_LAYER_LANDLOCK;
}

static void plan_wall(const struct policy *p, const struct confine_facts *f, bool landlock, struct confine_plan *out)
{
	out->landlock_connect = landlock && (needs_landlock(p) || f->tcp_from_outside);
	out->landlock_ports = out->landlock_connect && !f->tcp_from_outside && connect_ports_fit(p);
	out->trap_connect = !out->bpf || out->landlock_connect;
	out->trap_fastopen = out->landlock_connect && !out->landlock_ports;
	out->judge_only = !out->landlock_connect || out->landlock_ports;
	out->backstop = true;
}

static void plan_egress(const struct policy *p, bool landlock, struct confine_plan *out)
{
	bool alone = out->bpf && !needs_landlock(p);

	out->landlock_connect = landlock && !alone;
	out->trap_connect = out->trap_fastopen = !alone;
	out->trap_sendto = out->trap_sendmsg = policy_get_traits(p).icmp_possible || !out->bpf;
	/* Landlock sees TCP only, and UDP sockets there always are. */
	out->backstop = out->bpf;
}

static void plan_bind(const struct policy *p, bool landlock, struct confine_plan *out)
{
	out->landlock_bind = landlock && bind_ports_fit(p);
	/* Also where Landlock would refuse it: nobody would be told. An allowed one is then the kernel's own again. */
	out->trap_bind = true;
	if (out->wall)
		return; /* nobody reaches who listens on a refused port, however he came to it */
	/* listen without bind takes a port that the kernel chooses; Landlock sees binds only. */
	out->trap_listen = !out->landlock_bind || !policy_check_bind(p, 0).allowed;
	/* connect, too, looks at the port that the socket was bound to (supervisor/options.c). */
	out->trap_connect = out->trap_connect || (policy_get_traits(p).egress && !out->landlock_bind);
}

void confine_plan_make(const struct policy *p, const struct confine_facts *f, struct confine_plan *out)
{
	struct policy_traits t = policy_get_traits(p);
	/* A policy that is only recorded has nothing behind it that could refuse, and everything in front. */
	bool audit = policy_is_audit(p), landlock = f->landlock_abi >= CONFINE_LANDLOCK_NET_ABI && !audit, judge;

	memset(out, 0, sizeof(*out));
	out->filter = t.egress || t.bind;
	out->audit = audit;
	out->wall = f->wall && out->filter && !audit;
	out->foreign = (f->foreign || audit) && t.egress;
	out->bpf = f->bpf && !out->foreign && t.egress;
	out->links = f->links && t.egress;
	out->trap_options = t.egress;
	/* A packet to loopback does not show that it was sent to 0.0.0.0: where that matters, the sends are looked at. */
	judge = out->wall && !out->foreign && !t.any_address_differs;
	out->judge_only = judge;
	if (t.egress && judge)
		plan_wall(p, f, landlock, out);
	else if (t.egress)
		plan_egress(p, landlock, out);
	if (t.bind)
		plan_bind(p, landlock, out);
	/* AF_UNIX calls then continue only where the descriptor cannot change. */
	out->restrict_clone = !audit && (out->trap_listen || (out->filter && !out->backstop && !out->judge_only));
	out->landlock = out->landlock_connect || out->landlock_bind;
}
