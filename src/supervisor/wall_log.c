// SPDX-License-Identifier: Apache-2.0
/* wall_log.c - refusals that the wall made by itself
 *
 * Owns:     reading its counters and what it tells of single packets (confine/wall/log.h) into the audit.
 * Runs in:  the main thread: when the table tells something, a moment later, before a status is told and at the end.
 *
 * The table counts all and tells of some, at most 20 a second. A packet has no process: what is known is whose socket it was. What a
 * connect was refused for beforehand never gets there.
 */
#include "confine/wall/log.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/netlink.h"
#include "supervisor/internal.h"

#define PACKETS_A_ROUND 64

static _Alignas(16) uint8_t room[NETLINK_ROOM];

static void describe(struct sup *s, const struct wall_packet *p)
{
	struct audit_record r = { .kind = NOTIFY_PACKET, .layer = POLICY_LAYER_NFT, .rule = AUDIT_NO_RULE, .error = EPERM,
				  .why = "a protocol that no rule can allow", .has_uid = p->has_uid, .uid = p->uid };

	clock_gettime(CLOCK_REALTIME, &r.when);
	if (p->known) {
		struct policy_verdict v = policy_check(s->policy, &p->dest);

		r.has_dest = true;
		r.dest = p->dest;
		r.error = p->dest.proto == POLICY_TCP ? ECONNREFUSED : EPERM;
		/* What is allowed was refused for something else. */
		r.rule = v.allowed ? AUDIT_NO_RULE : v.rule;
		r.why = "a packet that is not what it says";
		names_of(s, &p->dest.addr, r.name);
	}
	audit_denied(&s->audit, &r);
	s->shared->wall_told++;
}

static void take(const struct nlmsghdr *h, void *arg)
{
	struct wall_packet p;

	if (wall_log_take(h, &p))
		describe(arg, &p);
}

void wall_log_adopt(struct sup *s, struct netlink *n)
{
	netlink_adopt(n, s->wall_fd);
	n->room = room;
	n->unasked = take;
	n->unasked_arg = s;
}

void wall_log_hear(struct sup *s)
{
	struct netlink n;

	if (s->wall_fd < 0)
		return;
	wall_log_adopt(s, &n);
	netlink_overhear(&n, take, s);
	s->wall_dirty = true;
}

/* What was told is counted already. What the table tells later than it counts it is made up for by the next look. */
void wall_log_drain(struct sup *s)
{
	struct wall_counters c;
	struct netlink n;
	uint64_t all;
	struct err e;
	int r;

	if (s->wall_fd < 0)
		return;
	wall_log_hear(s);
	s->wall_dirty = false;
	wall_log_adopt(s, &n);
	self_raise_network(true);
	r = wall_read(&n, &s->wall, &c, &e);
	self_raise_network(false);
	all = c.refused + c.forged + c.routed + c.listeners;
	if (r < 0 || all < s->shared->wall_seen)
		return;
	if (all - s->shared->wall_seen > s->shared->wall_told) {
		audit_denied_many(&s->audit, all - s->shared->wall_seen - s->shared->wall_told);
		s->shared->wall_told = 0;
	} else {
		s->shared->wall_told -= all - s->shared->wall_seen;
	}
	s->shared->wall_seen = all;
}
