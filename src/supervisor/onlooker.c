// SPDX-License-Identifier: Apache-2.0
/* onlooker.c - io.sandlock.mode=audit: each call is judged, what would be refused is written down, and all of it goes on
 *
 * Owns:     the look at a call that is the kernel's own in any case.
 * Must not: act, wait, or answer anything but "continue". What it reads may be something else by the time the kernel reads it:
 *           nothing is held by this, and nothing has to be.
 * Runs in:  a worker thread.
 *
 * What a look needs and cannot have (the caller's memory is gone, say) is not looked at: the kernel will say so to the caller.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "confine/sockopts.h"
#include "supervisor/internal.h"

/* Of one sendmmsg; more are sent all the same. */
#define MESSAGES_MAX 64

static void judge_address(struct worker *w, struct op *op, bool send)
{
	const struct policy *p = w->sup->policy;
	struct policy_verdict v;
	struct policy_dest d;

	switch (verdict_destination(&op->si, send, &op->addr, &op->addr_len, &d)) {
	case DEST_REFUSED:
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, "a protocol that no rule can allow", EACCES);
		return;
	case DEST_NONE:
		return;
	case DEST_JUDGE:
		break;
	}
	v = policy_check(p, &d);
	if (!v.allowed)
		listener_audit(w->sup, op, &d, v.rule, NULL, policy_get_errno(p));
}

static void look_at_address(struct worker *w, struct caller *c, struct op *op, uint64_t at, uint64_t len, bool send)
{
	if (!at || !len || len > sizeof(op->addr) || !w->sup->traits.egress)
		return;
	memset(&op->addr, 0, sizeof(op->addr));
	op->addr_len = (socklen_t)len;
	if (caller_read(c, at, &op->addr, op->addr_len) == 0)
		judge_address(w, op, send);
}

static void look_at_message(struct worker *w, struct caller *c, struct op *op, uint64_t at)
{
	uint8_t header[MESSAGE_HEADER_MAX];
	struct message m = { 0 };

	if (caller_read(c, at, header, message_header_size(op->call.compat)) == 0 &&
	    message_parse(header, op->call.compat, &m) == 0)
		look_at_address(w, c, op, m.name, m.name_len, true);
}

static void look_at_send(struct worker *w, struct caller *c, struct op *op)
{
	const uint64_t *a = op->call.args;
	int flags = (int)(op->call.kind == NOTIFY_SENDMSG ? a[2] : a[3]);

	/* TCP takes an address only with Fast Open. */
	if (op->si.type == SOCK_STREAM && !(flags & MSG_FASTOPEN))
		return;
	if (op->call.kind == NOTIFY_SENDTO)
		look_at_address(w, c, op, a[4], (uint32_t)a[5], true);
	else if (op->call.kind == NOTIFY_SENDMSG)
		look_at_message(w, c, op, a[1]);
	for (unsigned int i = 0; op->call.kind == NOTIFY_SENDMMSG && i < (unsigned int)a[2] && i < MESSAGES_MAX; i++)
		look_at_message(w, c, op, a[1] + i * message_entry_size(op->call.compat));
}

static void look_at_port(struct worker *w, struct op *op)
{
	struct policy_dest d = { .proto = POLICY_TCP };
	struct policy_verdict v;

	if (op->si.type != SOCK_STREAM || op->addr_len < sizeof(struct sockaddr_in))
		return;
	/* In the same place in both families. */
	d.port = ntohs(((struct sockaddr_in *)&op->addr)->sin_port);
	v = policy_check_bind(w->sup->policy, d.port);
	if (!v.allowed)
		listener_audit(w->sup, op, &d, v.rule, NULL, EACCES);
}

static void look_at_bind(struct worker *w, struct caller *c, struct op *op)
{
	uint64_t len = (uint32_t)op->call.args[2];

	op->addr_len = sizeof(op->addr);
	if (op->call.kind == NOTIFY_LISTEN && getsockname(op->sock, (struct sockaddr *)&op->addr, &op->addr_len) < 0)
		return;
	if (op->call.kind == NOTIFY_BIND) {
		op->addr_len = len < sizeof(op->addr) ? (socklen_t)len : sizeof(op->addr);
		if (caller_read(c, op->call.args[1], &op->addr, op->addr_len) < 0)
			return;
	}
	look_at_port(w, op);
}

static void look_at_option(struct worker *w, struct caller *c, struct op *op)
{
	int level = (int)op->call.args[1], name = (int)op->call.args[2];
	const struct sockopt *o = sockopts_find(level, name);
	uint8_t value[MESSAGE_MEMBERSHIP_MAX] = { 0 };
	struct policy_dest d = { .proto = POLICY_UDP };
	size_t len = (uint32_t)op->call.args[4];
	struct message_membership m;
	struct policy_verdict v;

	len = len < sizeof(value) - 1 ? len : sizeof(value) - 1;
	if (!o || o->set == SOCKOPT_PORTS || o->set == SOCKOPT_PINNED || caller_read(c, op->call.args[3], value, len) < 0)
		return;
	if (o->set == SOCKOPT_ULP && str_eq((char *)value, "tls"))
		return;
	if (o->set != SOCKOPT_GROUP) {
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, sockopts_why(o->set), EPERM);
		return;
	}
	if (message_parse_membership(value, len, op->call.compat, level, name, &m) < 0)
		return;
	d.addr = m.group;
	v = policy_check_group(w->sup->policy, &m.group);
	if (!v.allowed)
		listener_audit(w->sup, op, &d, v.rule, NULL, EACCES);
}

/* Calls about a socket that is there. */
static void look_at_socket(struct worker *w, struct caller *c, struct op *op)
{
	op->sock = caller_fetch(c, (int)op->call.args[0]);
	if (op->sock < 0 || sockinfo_get(op->sock, &op->si) < 0 || !verdict_is_inet(&op->si) || !listener_valid(w->sup, op))
		return;
	switch (op->call.kind) {
	case NOTIFY_CONNECT:
		look_at_address(w, c, op, op->call.args[1], (uint32_t)op->call.args[2], false);
		break;
	case NOTIFY_BIND:
	case NOTIFY_LISTEN:
		look_at_bind(w, c, op);
		break;
	case NOTIFY_SETSOCKOPT:
		look_at_option(w, c, op);
		break;
	default:
		look_at_send(w, c, op);
		break;
	}
}

enum answer onlooker_handle(struct worker *w, struct caller *c, struct op *op)
{
	struct result ignored = { 0 };

	switch (op->call.kind) {
	case NOTIFY_CONNECT:
	case NOTIFY_BIND:
	case NOTIFY_LISTEN:
	case NOTIFY_SETSOCKOPT:
	case NOTIFY_SENDTO:
	case NOTIFY_SENDMSG:
	case NOTIFY_SENDMMSG:
		look_at_socket(w, c, op);
		break;
	case NOTIFY_SOCKET:
	case NOTIFY_SOCKETPAIR:
		/* Out of socketcall, not each is one that would be refused. */
		if (policy_check_socket(w->sup->policy, (int)op->call.args[0], (int)op->call.args[1], (int)op->call.args[2]))
			refuse_handle(w, op, &ignored);
		break;
	default:
		refuse_handle(w, op, &ignored);
		break;
	}
	return ANSWER_CONTINUE;
}
