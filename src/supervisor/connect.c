// SPDX-License-Identifier: Apache-2.0
/* connect.c - connect(2) on behalf
 *
 * Owns:     the three steps for connect: copy address and socket, judge, connect the duplicate.
 * Must not: read from the caller after the hard edge.
 * Runs in:  a worker thread.
 *
 * A blocking connect: O_NONBLOCK belongs to the file description that the container shares, so it is never touched. The
 * worker hands the lead to another, and connects. (Handing over costs 8 µs. So it waits until a connect was seen to
 * take its time: on loopback none does. The first one delays others for a tick or two.) If that takes longer than a tick, the main thread interrupts it; the
 * socket is then as after an interrupted connect of the container's own (SS_CONNECTING), and waits in the epoll set for
 * its handshake, without a thread. When it is writable, the outcome is collected as the
 * kernel does after its own wait (collect()).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "confine/sockopts.h"
#include "supervisor/internal.h"

int sockinfo_get(int sock, struct sockinfo *out)
{
	socklen_t len = sizeof(int);

	if (getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &out->domain, &len) < 0)
		return -errno;
	len = sizeof(int);
	if (getsockopt(sock, SOL_SOCKET, SO_TYPE, &out->type, &len) < 0)
		return -errno;
	len = sizeof(int);
	if (getsockopt(sock, SOL_SOCKET, SO_PROTOCOL, &out->protocol, &len) < 0)
		return -errno;
	return 0;
}

bool sockinfo_nonblock(int sock)
{
	int fl = fcntl(sock, F_GETFL);

	return fl >= 0 && fl & O_NONBLOCK;
}

static enum answer fail(struct result *r, int error)
{
	r->error = error;
	return ANSWER_VALUE;
}

static bool was_undelivered(struct sup *s, int sock)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie = 0;
	bool found = false;

	if (getsockopt(sock, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return false;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < sizeof(s->undelivered) / sizeof(s->undelivered[0]); i++) {
		if (s->undelivered[i] == cookie) {
			s->undelivered[i] = 0;
			found = true;
		}
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* When SO_SNDTIMEO runs out the errno tells whether this call or an earlier one began to connect. */
static int timeout_errno(int sock)
{
	struct timeval tv = { 0 };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(tv);

	if (getsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &tv, &len) < 0 || (!tv.tv_sec && !tv.tv_usec))
		return 0;
	len = sizeof(info);
	if (getsockopt(sock, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 && info.tcpi_state == TCP_SYN_SENT)
		return EALREADY;
	return EINPROGRESS;
}

static int64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A connect that took longer than this was a connect over a network … */
#define BLOCKED_US 150
/* … and for so long, the next ones will be, too. */
#define EXPECT_BLOCK_US 10000000

/* What became of a connect that was interrupted. The same connect(2) again would tell, but begin anew where another thread has ended it
 * meanwhile (shutdown, AF_UNSPEC): it would hang, and later there would be a connection that nobody wants. So it is called with an address
 * too short to begin anything with, at which the kernel does not look while a connect is under way. */
static enum answer collect(struct worker *w, struct op *op, struct result *r)
{
	const struct sockaddr none = { .sa_family = op->addr.ss_family };
	socklen_t len = sizeof(int);
	int error = 0, rc;

	atomic_store(&w->in_connect, true);
	rc = connect(op->sock, &none, sizeof(none.sa_family));
	error = rc < 0 ? errno : 0;
	atomic_store(&w->in_connect, false);
	if (error == EINTR || error == EALREADY || error == EINPROGRESS)
		return ANSWER_WAIT;
	/* Another thread has collected the outcome that this one waited for, too: natively both get 0. */
	if (error == EISCONN)
		error = 0;
	if (error == EINVAL) {
		getsockopt(op->sock, SOL_SOCKET, SO_ERROR, &error, &len);
		error = error == EINVAL || !error ? ECONNABORTED : error;
	}
	return fail(r, -error);
}

static enum answer perform(struct worker *w, struct op *op, struct result *r)
{
	/* Whatever O_NONBLOCK says at this moment: it may be said anew at the next, so every connect can be interrupted. */
	bool stream = op->si.type == SOCK_STREAM, blocks = stream && !sockinfo_nonblock(op->sock);
	int64_t began = now_us();
	int rc, error;

	if (blocks)
		op->timeout_errno = timeout_errno(op->sock);
	if (blocks && began < atomic_load(&w->sup->connects_block_until))
		loop_hand_over(w);
	atomic_store(&w->in_connect, stream);
	rc = connect(op->sock, (struct sockaddr *)&op->addr, op->addr_len);
	error = rc < 0 ? errno : 0;
	atomic_store(&w->in_connect, false);
	if (blocks && now_us() - began > BLOCKED_US)
		atomic_store(&w->sup->connects_block_until, began + EXPECT_BLOCK_US);
	if (stream && error == EINTR) {
		op->phase = OP_CONNECTING;
		return ANSWER_WAIT;
	}
	/* Another thread's connect has collected the outcome that this one waited for, too: natively both get 0. */
	if (error == EISCONN && was_undelivered(w->sup, op->sock))
		error = 0;
	return fail(r, -error);
}

/* The denylist for bind, once more: a socket that slipped by bind's verdict (a descriptor changed after it) may not be
 * used from a denied port (options.c has the theory). */
static bool local_port_allowed(struct sup *s, int sock)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	uint16_t port;

	if (!s->plan.trap_bind || s->plan.landlock_bind || getsockname(sock, (struct sockaddr *)&ss, &len) < 0)
		return true;
	port = ss.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&ss)->sin_port)
				       : ntohs(((struct sockaddr_in6 *)&ss)->sin6_port); // NOLINT(clang-analyzer-core.CallAndMessage): filled
	return port == 0 || policy_check_bind(s->policy, port).allowed;
}

/* A UDP socket that is connected to learn by which way one would go there (glibc sorts addresses so, curl and Go too) sends nothing; and
 * if it did, the wall would refuse it. */
static bool may_look(struct sup *s, const struct policy_dest *d)
{
	return s->plan.judge_only && d->proto == POLICY_UDP &&
	       (policy_covers_address(s->policy, &d->addr) || names_cover(s, &d->addr));
}

static enum answer judge(struct worker *w, struct op *op, struct result *r)
{
	enum sockopt_effect carried;
	struct sup *s = w->sup;
	struct policy_verdict v;
	struct policy_dest d;

	switch (verdict_destination(&op->si, false, &op->addr, &op->addr_len, &d)) {
	case DEST_REFUSED:
		listener_audit(s, op, NULL, AUDIT_NO_RULE, "a protocol that no rule can allow", EACCES);
		return fail(r, -EACCES);
	case DEST_NONE:
		return s->plan.judge_only ? ANSWER_CONTINUE : perform(w, op, r);
	case DEST_JUDGE:
		break;
	}
	v = names_check(s, &d);
	if (!v.allowed && may_look(s, &d))
		return ANSWER_CONTINUE;
	if (!v.allowed) {
		listener_audit(s, op, &d, v.rule, NULL, policy_get_errno(s->policy));
		return fail(r, -policy_get_errno(s->policy));
	}
	/* Backstop: the wall, whatever the address is by now. */
	if (s->plan.judge_only)
		return ANSWER_CONTINUE;
	if (d.proto == POLICY_TCP && !local_port_allowed(s, op->sock)) {
		listener_audit(s, op, &d, AUDIT_NO_RULE, "bound to a denied port", EACCES);
		return fail(r, -EACCES);
	}
	/* Not of the container's own making: a socket from outside, or a connection that came in with a source route, which it keeps,
	 * reversed, when it is dissolved and connected anew. */
	carried = sockopts_look(op->sock);
	if (carried != SOCKOPT_NONE) {
		listener_audit(s, op, &d, AUDIT_NO_RULE, sockopts_why(carried), policy_get_errno(s->policy));
		return fail(r, -policy_get_errno(s->policy));
	}
	return perform(w, op, r);
}

enum answer connect_handle(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	struct sup *s = w->sup;
	int addr_len = (int)op->call.args[2];
	int rc;

	if (op->phase == OP_CONNECTING)
		return op->si.domain == AF_UNIX ? unix_connect(w, op, r) : collect(w, op, r);

	/* Step 1: materialize, in the order in which the kernel finds fault. */
	op->sock = caller_fetch(c, (int)op->call.args[0]);
	if (op->sock < 0)
		return fail(r, op->sock);
	if (addr_len < 0 || addr_len > (int)sizeof(op->addr))
		return fail(r, -EINVAL);
	memset(&op->addr, 0, sizeof(op->addr));
	op->addr_len = (socklen_t)addr_len;
	/* What is no socket is not held while the address may be long in coming: it could be what the address waits for (/dev/fuse). */
	rc = sockinfo_get(op->sock, &op->si);
	if (rc < 0)
		fd_close(&op->sock);
	if (caller_read(c, op->call.args[1], &op->addr, op->addr_len) < 0)
		return fail(r, -EFAULT);
	if (rc < 0)
		return fail(r, rc);
	/* The hard edge. The caller may have died since RECV and its number gone to a stranger, whose memory and
	 * descriptor we then hold. A notification dies with its caller: valid now, all that was read was the caller's. */
	if (!listener_valid(s, op))
		return ANSWER_DONE;

	/* Steps 2 and 3. */
	if (verdict_is_inet(&op->si) && s->traits.egress)
		return judge(w, op, r);
	if (verdict_is_inet(&op->si))
		return perform(w, op, r);
	if (op->si.domain == AF_UNIX || op->si.domain == AF_NETLINK) {
		/* CONTINUE: either every internet protocol has its backstop (the cgroup program; or Landlock refuses TCP, and
		 * other sockets cannot be made), or the caller is the only task with this descriptor table and cannot change it. */
		if (listener_may_continue(s, c, op, false))
			return ANSWER_CONTINUE;
		return unix_connect(w, op, r);
	}
	listener_audit(s, op, NULL, AUDIT_NO_RULE, "a family that no rule can allow", EACCES);
	return fail(r, -EACCES);
}
