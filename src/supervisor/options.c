// SPDX-License-Identifier: Apache-2.0
/* options.c - setsockopt, bind, listen
 *
 * Owns:     the calls around connect and send that a policy speaks of.
 * Runs in:  a worker thread.
 *
 * bind: what the policy refuses is refused here, where it is counted. What it allows is the kernel's own where Landlock
 * has the same ports: whatever changes meanwhile, it lets no other through. Where Landlock cannot express the policy, an
 * internet socket is bound on behalf. For others (AF_UNIX) the call continues in any case: a path must be made with the
 * caller's own rights, labels and umask. Its descriptor may be changed to a TCP socket meanwhile; what that wins without
 * Landlock is a bound socket, of little use until it listens or, under an egress policy, connects: both look at the port that
 * it really has (options_listen(), connect.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "confine/sockopts.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#define OPTION_MAX MESSAGE_MEMBERSHIP_MAX

static enum answer fail(struct result *r, int error)
{
	r->error = error;
	return ANSWER_VALUE;
}

/* 0 with op->sock and op->si filled, or a negative errno. */
static int fetch(struct caller *c, struct op *op)
{
	op->sock = caller_fetch(c, (int)op->call.args[0]);
	return op->sock < 0 ? op->sock : sockinfo_get(op->sock, &op->si);
}

static enum answer refuse(struct worker *w, struct op *op, struct result *r, const char *why, int error)
{
	listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, why, error);
	return fail(r, -error);
}

static bool bind_allowed(struct worker *w, struct op *op, uint16_t port)
{
	struct policy_verdict v = policy_check_bind(w->sup->policy, port);
	struct policy_dest d = { .proto = POLICY_TCP, .port = port };

	if (!v.allowed)
		listener_audit(w->sup, op, &d, v.rule, NULL, EACCES);
	return v.allowed;
}

/* --- setsockopt ------------------------------------------------------------------------------------------------------- */

static bool is_refused(enum sockopt_effect effect)
{
	return effect == SOCKOPT_ROUTE || effect == SOCKOPT_HEADER || effect == SOCKOPT_SOURCE || effect == SOCKOPT_MARK ||
	       effect == SOCKOPT_CONNECT || effect == SOCKOPT_DEVICE;
}

/* Options of 32-bit callers that we may set from our copy: plain values. Pointers inside (filters, iptables) would be
 * taken for ours. */
static bool is_plain(int level, int name)
{
	switch (level) {
	case SOL_SOCKET:
		return name != 26 && name != 50 && name != 51 && name != 52 && name != 36 /* SO_MARK: by our rights */ &&
		       name != 32 && name != 33 /* …BUFFORCE */;
	case IPPROTO_IP:
	case IPPROTO_IPV6:
		return name < 64 && !(name >= 41 && name <= 48);
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return true;
	default:
		return false;
	}
}

/* SO_RCVTIMEO and SO_SNDTIMEO of 32-bit callers: two 32-bit numbers. */
static int set_timeout(int sock, int name, const uint8_t *value, int len)
{
	struct timeval tv;
	int32_t words[2];

	if (len < (int)sizeof(words))
		return -EINVAL;
	memcpy(words, value, sizeof(words));
	tv = (struct timeval){ .tv_sec = words[0], .tv_usec = words[1] };
	return setsockopt(sock, SOL_SOCKET, name, &tv, sizeof(tv)) < 0 ? -errno : 0;
}

/* Who joins a group makes the kernel tell the neighbourhood, unasked and again and again, about an address (and for sources:
 * addresses) of the caller's choice. So it may where it may send to the group, whatever the port. 0: *r has the answer. */
static int join(struct worker *w, struct op *op, struct result *r, int level, int name, const uint8_t *value, size_t len)
{
	struct policy_dest d = { .proto = POLICY_UDP };
	struct message_membership m;
	struct policy_verdict v;
	int rc = message_parse_membership(value, len, op->call.compat, level, name, &m);

	if (rc < 0)
		return rc;
	v = policy_check_group(w->sup->policy, &m.group);
	d.addr = m.group;
	if (!v.allowed)
		listener_audit(w->sup, op, &d, v.rule, NULL, EACCES);
	r->error = !v.allowed ? -EACCES : setsockopt(op->sock, level, name, m.value, (socklen_t)m.len) < 0 ? -errno : 0;
	return 0;
}

struct setting {
	const uint8_t *value;
	socklen_t len;
};

static int64_t act_set(const struct op *op, const struct caller_identity *id, void *arg)
{
	const struct setting *v = arg;

	(void)id;
	return setsockopt(op->sock, (int)op->call.args[1], (int)op->call.args[2], v->value, v->len) < 0 ? -errno : 0;
}

/* With the caller's ids and no capability: the user who has made the container's user namespace, as the supervisor is, has every one over
 * it and its network, also what is not in effect. */
static int set_as(struct worker *w, const struct op *op, const uint8_t *value, socklen_t len)
{
	struct setting v = { value, len };

	return (int)deputy_run(w, op, &(struct deputy){ .act = act_set, .arg = &v });
}

/* From where the kernel shall choose ports: all of them must be such as may be bound. 0 at either end means none. */
static enum answer set_ports(struct worker *w, struct op *op, struct result *r, const uint8_t *value, int len)
{
	uint32_t range, lo, hi;

	if (len != sizeof(range))
		return fail(r, -EINVAL);
	memcpy(&range, value, sizeof(range));
	lo = range & 0xffff ? range & 0xffff : 1;
	hi = range >> 16 ? range >> 16 : 65535;
	for (uint32_t port = lo; port <= hi; port++)
		if (!bind_allowed(w, op, (uint16_t)port))
			return fail(r, -EACCES);
	return fail(r, setsockopt(op->sock, (int)op->call.args[1], (int)op->call.args[2], &range, sizeof(range)) < 0 ? -errno : 0);
}

enum answer options_handle(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	int level = (int)op->call.args[1], name = (int)op->call.args[2], len = (int)op->call.args[4];
	const struct sockopt *o = sockopts_find(level, name);
	enum sockopt_effect effect = o ? o->set : SOCKOPT_NONE;
	uint8_t value[OPTION_MAX] = { 0 };
	int rc;

	if (len != 0 && w->sup->traits.egress && is_refused(effect))
		return refuse(w, op, r, sockopts_why(effect), EPERM);
	/* As the filter, which could not see it in a socketcall. */
	if (len != 0 && effect == SOCKOPT_PINNED && w->sup->plan.trap_sendmsg && !w->sup->plan.bpf)
		return fail(r, -EOPNOTSUPP);
	rc = fetch(c, op);
	if (rc < 0)
		return fail(r, rc);
	if (len < 0 || len > OPTION_MAX)
		return fail(r, -EINVAL);
	if (caller_read(c, op->call.args[3], value, (size_t)len) < 0)
		return fail(r, -EFAULT);
	if (!listener_valid(w->sup, op))
		return ANSWER_DONE;
	if (effect == SOCKOPT_PORTS && w->sup->plan.trap_bind)
		return set_ports(w, op, r, value, len);
	if (effect == SOCKOPT_GROUP) {
		rc = join(w, op, r, level, name, value, (size_t)len);
		return rc < 0 ? fail(r, rc) : ANSWER_VALUE;
	}
	if (effect == SOCKOPT_ULP && w->sup->traits.egress) {
		/* The kernel takes the bytes up to the first zero, at most 15. "smc" and its like connect by themselves; a name that
		 * nobody knows is ENOENT there, too. */
		value[len < 15 ? len : 15] = '\0';
		if (str_eq((char *)value, "smc") || str_eq((char *)value, "espintcp") || str_eq((char *)value, "mptcp"))
			return refuse(w, op, r, sockopts_why(effect), EPERM);
		if (!str_eq((char *)value, "tls"))
			return fail(r, -ENOENT);
		return fail(r, setsockopt(op->sock, level, name, value, (socklen_t)len) < 0 ? -errno : 0);
	} else if (!op->call.in_memory || !is_plain(level, name)) {
		return fail(r, -ENOPROTOOPT);
	}
	if (level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO))
		return fail(r, set_timeout(op->sock, name, value, len));
	rc = set_as(w, op, value, (socklen_t)len);
	return rc == -ESRCH ? ANSWER_DONE : fail(r, rc);
}

/* --- bind and listen -------------------------------------------------------------------------------------------------- */

static bool is_tcp(const struct op *op)
{
	return verdict_is_inet(&op->si) && op->si.type == SOCK_STREAM;
}

static uint16_t port_of(const struct sockaddr_storage *ss)
{
	return ntohs(ss->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)ss)->sin6_port
					       : ((const struct sockaddr_in *)ss)->sin_port);
}

enum answer options_bind(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	int len = (int)op->call.args[2];
	int rc = fetch(c, op);

	if (rc < 0)
		return fail(r, rc);
	if (!verdict_is_inet(&op->si))
		return ANSWER_CONTINUE; /* backstop: Landlock; else listen and connect look at the real port, see above */
	if (len < 0 || len > (int)sizeof(op->addr))
		return fail(r, -EINVAL);
	op->addr_len = (socklen_t)len;
	if (caller_read(c, op->call.args[1], &op->addr, op->addr_len) < 0)
		return fail(r, -EFAULT);
	if (!listener_valid(w->sup, op))
		return ANSWER_DONE;
	/* AF_UNSPEC is AF_INET to bind. A length too short for a port is the kernel's to refuse. */
	if (is_tcp(op) && len >= (int)sizeof(struct sockaddr_in) && !bind_allowed(w, op, port_of(&op->addr)))
		return fail(r, -EACCES);
	if (w->sup->plan.wall)
		return ANSWER_CONTINUE; /* backstop: nobody can connect to a refused port */
	if (w->sup->plan.landlock_bind)
		return ANSWER_CONTINUE; /* backstop: Landlock, with the ports of the same policy, and bind is all it can become */
	rc = lowport_bind(w, op);
	return rc == -ESRCH ? ANSWER_DONE : fail(r, rc);
}

static bool real_port_allowed(struct worker *w, struct op *op)
{
	socklen_t len = sizeof(op->addr);

	return getsockname(op->sock, (struct sockaddr *)&op->addr, &len) < 0 || bind_allowed(w, op, port_of(&op->addr));
}

/* The port that counts is the one that the socket really has. One that has none gets it first, as listen(2) would give it: where the kernel
 * chooses, the caller has its hand in that (IP_LOCAL_PORT_RANGE), and another thread may bind the socket meanwhile. */
static enum answer listen_tcp(struct worker *w, struct op *op, struct result *r)
{
	struct sockaddr_storage any = { .ss_family = (sa_family_t)op->si.domain };
	socklen_t len = sizeof(op->addr);

	if (getsockname(op->sock, (struct sockaddr *)&op->addr, &len) == 0 && port_of(&op->addr) == 0) {
		if (!bind_allowed(w, op, 0))
			return fail(r, -EACCES);
		/* EINVAL: it is bound by now. */
		(void)!bind(op->sock, (struct sockaddr *)&any,
			    op->si.domain == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
	}
	if (!real_port_allowed(w, op))
		return fail(r, -EACCES);
	if (listen(op->sock, (int)op->call.args[1]) < 0)
		return fail(r, -errno);
	/* A connect and a dissolve in between would have made it choose again. */
	if (!real_port_allowed(w, op)) {
		shutdown(op->sock, SHUT_RDWR);
		return fail(r, -EACCES);
	}
	return fail(r, 0);
}

enum answer options_listen(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	int rc = fetch(c, op);

	if (rc < 0)
		return fail(r, rc);
	if (!listener_valid(w->sup, op))
		return ANSWER_DONE;
	/* An AF_UNIX listener: SO_PEERCRED of who connects to it shows who listened. bind may have been raced, so here the
	 * backstop does not count, only that the descriptor cannot change. */
	if (!verdict_is_inet(&op->si))
		return !op->call.in_memory && caller_is_alone(c, (int)op->call.args[0], &op->si)
			       ? ANSWER_CONTINUE
			       : fail(r, unix_listen(w, op, (int)op->call.args[1]));
	return is_tcp(op) ? listen_tcp(w, op, r) : fail(r, listen(op->sock, (int)op->call.args[1]) < 0 ? -errno : 0);
}
