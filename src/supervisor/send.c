// SPDX-License-Identifier: Apache-2.0
/* send.c - sendto(2), sendmsg(2) and sendmmsg(2) on behalf
 *
 * Owns:     the three steps for each message: copy everything, judge, send from the copy on the duplicate.
 * Must not: read from the caller between the hard edge of a message and its send.
 * Runs in:  a worker thread.
 *
 * Never blocks: MSG_DONTWAIT is added, and a caller that wants to wait is put into the pending table with its socket and
 * nothing else. When the socket is writable, the message is copied and judged anew (natively, too, the kernel waits
 * for room first and reads the caller's memory afterwards), so there are no buffers to bound.
 *
 * Corked datagrams (MSG_MORE, UDP_CORK): the first send fixes the destination and was judged; what later sends name is
 * judged, and then ignored by the kernel, as natively.
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sys.h"
#include "confine/sockopts.h"
#include "supervisor/internal.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
#ifndef MSG_CMSG_COMPAT
#define MSG_CMSG_COMPAT ((int)0x80000000)
#endif
#ifndef MSG_ZEROCOPY
#define MSG_ZEROCOPY 0x4000000
#endif

/* The notification died under us; no errno of the kernel's. */
#define GONE (-4096)

/* Our copy of one message. */
struct copy {
	struct sockaddr_storage addr;
	socklen_t addr_len; /* 0: none */
	size_t len;
	uint64_t total; /* of the caller's message; a stream takes more than one copy */
	size_t control_in;
	bool no_payload; /* not readable, or longer than any datagram */
};

/* What is sent then: the kernel says what it would have said of the caller's, in the order of its checks, and at the latest when it
 * comes to read this. Nothing is ever mapped there (vm.mmap_min_addr). */
#define UNREADABLE ((void *)8)

/* --- step 1: materialize ------------------------------------------------------------------------------------------- */

static int read_iovecs(struct worker *w, struct caller *c, const struct op *op, const struct message *m, uint64_t *total)
{
	size_t n = (size_t)m->iov_len, size = message_iovec_size(op->call.compat);

	if (n && caller_read(c, m->iov, w->iovecs_in, n * size) < 0)
		return -EFAULT;
	return message_parse_iovecs(w->iovecs_in, n, op->call.compat, w->iovecs, total);
}

/* Reads up to @want bytes of the message, from @skip on. */
static int read_payload(struct worker *w, struct caller *c, size_t n, uint64_t skip, size_t want)
{
	struct iovec *v = w->iovecs;
	size_t left = want;

	while (n && skip >= v->iov_len) {
		skip -= v->iov_len;
		v++;
		n--;
	}
	if (!n)
		return 0;
	v->iov_base = (uint8_t *)v->iov_base + skip;
	v->iov_len -= skip;
	for (size_t i = 0; i < n; i++) {
		if (v[i].iov_len > left)
			v[i].iov_len = left;
		left -= v[i].iov_len;
	}
	return caller_read_vec(c, v, n, w->payload, want);
}

static bool is_stream(const struct op *op)
{
	return op->si.type == SOCK_STREAM;
}

static int copy_message(struct worker *w, struct caller *c, const struct op *op, const struct message *m, uint64_t skip,
			struct copy *out)
{
	uint64_t want;
	int r;

	memset(out, 0, sizeof(*out));
	out->addr_len = m->name ? m->name_len : 0;
	if (op->call.kind == NOTIFY_SENDTO && !is_stream(op) && m->iov_len <= 65535) {
		/* The common datagram: one read for both. */
		out->total = out->len = m->iov_len;
		if (caller_read2(c, m->name, &out->addr, out->addr_len, m->iov, w->payload, out->len) == 0)
			return 0;
	}
	if (out->addr_len && caller_read(c, m->name, &out->addr, out->addr_len) < 0)
		return -EFAULT;
	if (op->call.kind == NOTIFY_SENDTO) {
		w->iovecs[0] = (struct iovec){ .iov_base = (void *)(uintptr_t)m->iov, .iov_len = m->iov_len };
		out->total = m->iov_len;
	} else {
		if (m->iov_len > IOVECS_MAX)
			return -EMSGSIZE;
		r = read_iovecs(w, c, op, m, &out->total);
		if (r < 0)
			return r;
	}
	if (m->control_len > CONTROL_MAX) /* as the kernel beyond net.core.optmem_max */
		return -ENOBUFS;
	out->control_in = (size_t)m->control_len;
	if (out->control_in && caller_read(c, m->control, w->control_in, out->control_in) < 0)
		return -EFAULT;
	if (verdict_is_inet(&op->si) && !is_stream(op) && out->total > 65535) {
		out->len = (size_t)out->total;
		out->no_payload = true;
		return 0;
	}
	if (!is_stream(op) && out->total > PAYLOAD_MAX)
		return -EMSGSIZE;
	if (skip > out->total)
		return -EFAULT; /* the caller shortened its iovecs meanwhile */
	want = out->total - skip;
	out->len = want > PAYLOAD_MAX ? PAYLOAD_MAX : (size_t)want;
	out->no_payload = read_payload(w, c, op->call.kind == NOTIFY_SENDTO ? 1 : (size_t)m->iov_len, skip, out->len) < 0;
	return 0;
}

/* --- step 2: judge --------------------------------------------------------------------------------------------------- */

static int refuse(struct worker *w, const struct op *op, const struct policy_dest *d, int rule, const char *why, int error)
{
	listener_audit(w->sup, op, d, rule, why, error);
	return -error;
}

/* 0, or the errno of a refusal. */
static int judge(struct worker *w, const struct op *op, struct copy *copy)
{
	struct policy_verdict v;
	struct policy_dest d;

	switch (verdict_destination(&op->si, true, &copy->addr, &copy->addr_len, &d)) {
	case DEST_REFUSED:
		return refuse(w, op, NULL, AUDIT_NO_RULE, "a protocol that no rule can allow", EACCES);
	case DEST_NONE:
		/* No address: the peer that a judged connect has set. An unusable one: the kernel says which errno. */
		return 0;
	case DEST_JUDGE:
		break;
	}
	v = names_check(w->sup, &d);
	return v.allowed ? 0 : refuse(w, op, &d, v.rule, NULL, policy_get_errno(w->sup->policy));
}

/* What the container cannot set (the filter), but may have come by: an inherited socket, a connection that came in with a source route
 * and is connected anew. */
static enum sockopt_effect look_at(const struct worker *w, const struct op *op, bool fastopen)
{
	return w->sup->plan.foreign || fastopen || op->si.type == SOCK_RAW ? sockopts_look(op->sock) : SOCKOPT_NONE;
}

static bool wants_zerocopy(const struct op *op)
{
	int on = 0;
	socklen_t len = sizeof(on);

	return getsockopt(op->sock, SOL_SOCKET, 60 /* SO_ZEROCOPY */, &on, &len) == 0 && on;
}

/* --- step 3: send ----------------------------------------------------------------------------------------------------- */

static int64_t send_inet(struct worker *w, struct op *op, struct copy *copy, struct msghdr *msg, int flags)
{
	bool fastopen = flags & MSG_FASTOPEN && op->si.protocol == IPPROTO_TCP && !op->fastopen_sent;
	enum sockopt_effect carried;
	ssize_t n;
	int r;

	/* TCP takes an address only with Fast Open, which connects. */
	if (op->si.type == SOCK_STREAM && op->si.protocol == IPPROTO_TCP && !fastopen)
		copy->addr_len = 0;
	if (!fastopen)
		flags &= ~MSG_FASTOPEN;
	r = judge(w, op, copy);
	if (r < 0)
		return r;
	carried = look_at(w, op, fastopen);
	if (carried != SOCKOPT_NONE)
		return refuse(w, op, NULL, AUDIT_NO_RULE, sockopts_why(carried), carried == SOCKOPT_HEADER ? EACCES : policy_get_errno(w->sup->policy));
	msg->msg_name = copy->addr_len ? &copy->addr : NULL;
	msg->msg_namelen = copy->addr_len;
	n = sendmsg(op->sock, msg, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
	if (fastopen && (n >= 0 || errno == EINPROGRESS))
		op->fastopen_sent = true;
	if (n < 0 && fastopen && errno == EINPROGRESS && !(flags & MSG_DONTWAIT) && !sockinfo_nonblock(op->sock))
		return -EAGAIN; /* the SYN is out without data; a blocking caller waits for the handshake */
	return n < 0 ? -errno : n;
}

/* One copy of one message, from @skip on: bytes that went out, or a negative errno. */
static int64_t send_copy(struct worker *w, struct caller *c, struct op *op, struct copy *copy, uint64_t skip, int flags)
{
	struct iovec iov = { .iov_base = copy->no_payload ? UNREADABLE : w->payload, .iov_len = copy->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	enum message_family family = verdict_is_inet(&op->si)	     ? MESSAGE_INET
				     : op->si.domain == AF_NETLINK ? MESSAGE_NETLINK
								     : MESSAGE_UNIX;
	int r;

	/* Descriptors and credentials of a stream go with its first byte. */
	r = message_parse_control(w->control_in, skip ? 0 : copy->control_in, op->call.compat, family, w->control);
	if (r == -EPERM)
		return refuse(w, op, NULL, AUDIT_NO_RULE, "control message", EPERM);
	if (r < 0)
		return r;
	if (flags & MSG_ZEROCOPY) {
		/* Our buffer is used again at once. ENOBUFS is the documented "copy instead" for who really asked. */
		if (family == MESSAGE_INET && wants_zerocopy(op))
			return -ENOBUFS;
		flags &= ~MSG_ZEROCOPY;
	}
	if (!listener_valid(w->sup, op)) /* the hard edge, as in connect_handle() */
		return GONE;
	msg.msg_control = w->control->len ? w->control->out : NULL;
	msg.msg_controllen = w->control->len;
	if (family == MESSAGE_INET)
		return send_inet(w, op, copy, &msg, flags);
	if (family == MESSAGE_NETLINK && copy->no_payload)
		return -EFAULT;
	msg.msg_name = copy->addr_len ? &copy->addr : NULL;
	msg.msg_namelen = copy->addr_len;
	return unix_send(w, c, op, &msg, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void send_sigpipe(struct worker *w, struct caller *c, const struct op *op)
{
	struct caller_identity id;

	/* A thread's pidfd addresses the thread. */
	if (c->sup->thread_pidfds)
		sys_pidfd_send_signal(c->pidfd, SIGPIPE);
	else if (caller_identify(c->sup, c->tid, &id) == 0 && listener_valid(w->sup, op)) /* its number is nobody else's */
		syscall(SYS_tgkill, id.tgid, c->tid, SIGPIPE);
}

/* One message to its end. *@done counts the bytes of a stream across waits. -EAGAIN: no room at the moment. */
static int64_t send_one(struct worker *w, struct caller *c, struct op *op, const struct message *m, uint64_t *done, int flags)
{
	for (;;) {
		struct copy copy;
		int64_t n = copy_message(w, c, op, m, *done, &copy);

		if (n == 0)
			n = send_copy(w, c, op, &copy, *done, flags);
		if (n == GONE)
			return n;
		if (n < 0 && n != -EAGAIN) {
			if (*done)
				return (int64_t)*done;
			if (n == -EPIPE && is_stream(op) && !(flags & MSG_NOSIGNAL))
				send_sigpipe(w, c, op);
			return n;
		}
		if (n < 0)
			return n;
		if (!is_stream(op))
			return n;
		*done += (uint64_t)n;
		if (*done >= copy.total || n == 0)
			return (int64_t)*done;
	}
}

static enum answer finish(struct op *op, int64_t n, uint64_t done, int flags, struct result *r)
{
	if (n == GONE)
		return ANSWER_DONE;
	if (n == -EAGAIN) {
		if (!(flags & MSG_DONTWAIT) && !sockinfo_nonblock(op->sock)) {
			op->phase = OP_SENDING;
			op->done = done;
			return ANSWER_WAIT;
		}
		if (done)
			n = (int64_t)done;
	}
	if (n < 0)
		r->error = (int)n;
	else
		r->val = n;
	return ANSWER_VALUE;
}

static enum answer send_each(struct worker *w, struct caller *c, struct op *op, struct caller_memory *memory, struct result *r)
{
	uint8_t header[MESSAGE_HEADER_MAX];
	uint64_t base = op->call.args[1];
	unsigned int count = (unsigned int)op->call.args[2];
	int flags = (int)op->call.args[3] & ~MSG_CMSG_COMPAT;
	size_t size = message_entry_size(op->call.compat);
	uint64_t i = op->done;
	int64_t n = 0;

	if (count > IOVECS_MAX)
		count = IOVECS_MAX;
	if (!listener_valid(w->sup, op))
		return ANSWER_DONE;
	for (; i < count; i++) {
		uint64_t at = base + i * size, sent = 0;
		struct message m;
		uint32_t len;

		n = caller_read(c, at, header, message_header_size(op->call.compat));
		if (n == 0)
			n = message_parse(header, op->call.compat, &m);
		if (n == 0)
			n = send_one(w, c, op, &m, &sent, flags);
		if (n == -EAGAIN && sent)
			n = (int64_t)sent;
		if (n < 0)
			break;
		op->fastopen_sent = false; /* the next one asks anew, and is told EISCONN */
		len = (uint32_t)n;
		n = caller_write(memory, at + message_entry_len_at(op->call.compat), &len, sizeof(len));
		if (n < 0)
			break;
	}
	if (n == GONE)
		return ANSWER_DONE;
	if (n == -EAGAIN && !(flags & MSG_DONTWAIT) && !sockinfo_nonblock(op->sock)) {
		op->phase = OP_SENDING;
		op->done = i;
		return ANSWER_WAIT;
	}
	if (i > 0)
		r->val = (int64_t)i;
	else
		r->error = (int)n;
	return ANSWER_VALUE;
}

static enum answer send_many(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	struct caller_memory memory;
	enum answer answer = ANSWER_VALUE;

	r->error = caller_open_memory(c, &memory);
	if (r->error == 0)
		answer = send_each(w, c, op, &memory, r);
	caller_close_memory(&memory);
	return answer;
}

/* The kernel finds fault with the address before it takes anything but ping's header, which has its place and nothing in it here. */
static enum answer send_no_address(struct worker *w, const struct op *op, int flags, struct result *r)
{
	static const uint8_t header[8];
	bool ping = op->si.type == SOCK_DGRAM && op->si.protocol != IPPROTO_UDP;
	size_t len = (size_t)op->call.args[2];
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	if (!listener_valid(w->sup, op))
		return ANSWER_DONE;
	r->error = sendto(op->sock, ping ? (const void *)header : UNREADABLE, ping && len > sizeof(header) ? sizeof(header) : len,
			  flags | MSG_DONTWAIT | MSG_NOSIGNAL, &none, 0) < 0
			   ? -errno
			   : -EINVAL;
	return ANSWER_VALUE;
}

static enum answer send_single(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	uint8_t header[MESSAGE_HEADER_MAX];
	uint64_t done = op->done;
	struct message m = { 0 };
	int64_t n;
	int flags;

	if (op->call.kind == NOTIFY_SENDTO) {
		int name_len = (int)op->call.args[5];

		flags = (int)op->call.args[3] & ~MSG_CMSG_COMPAT;
		m.name = op->call.args[4];
		if (m.name && (name_len < 0 || name_len > (int)sizeof(struct sockaddr_storage))) {
			r->error = -EINVAL;
			return ANSWER_VALUE;
		}
		/* An address of no length is too short for most; sendmsg, which is made of it, would see none. (To raw IPv4 sockets it is none.) */
		if (m.name && name_len == 0 && verdict_is_inet(&op->si) && (!is_stream(op) || flags & MSG_FASTOPEN) &&
		    !(op->si.type == SOCK_RAW && op->si.domain == AF_INET))
			return send_no_address(w, op, flags, r);
		m.name_len = (uint32_t)name_len;
		m.iov = op->call.args[1];
		m.iov_len = op->call.args[2] > 0x7ffff000u ? 0x7ffff000u : op->call.args[2];
	} else {
		int rc;

		flags = (int)op->call.args[2] & ~MSG_CMSG_COMPAT;
		rc = caller_read(c, op->call.args[1], header, message_header_size(op->call.compat));
		if (rc == 0)
			rc = message_parse(header, op->call.compat, &m);
		if (rc < 0) {
			r->error = rc;
			return ANSWER_VALUE;
		}
	}
	n = send_one(w, c, op, &m, &done, flags);
	return finish(op, n, done, flags, r);
}

static int flags_of(const struct op *op)
{
	return (int)(op->call.kind == NOTIFY_SENDMSG ? op->call.args[2] : op->call.args[3]);
}

/* The kernel's own mark of a 32-bit caller: refused from others by sendmsg and sendmmsg, and without a meaning else. */
static bool has_forbidden_flag(const struct op *op)
{
	return flags_of(op) & MSG_CMSG_COMPAT && op->call.kind != NOTIFY_SENDTO && !op->call.compat;
}

enum answer send_handle(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	struct sup *s = w->sup;
	bool fastopen = flags_of(op) & MSG_FASTOPEN, known, tcp, judged;
	int rc;

	if (has_forbidden_flag(op)) {
		r->error = -EINVAL;
		return ANSWER_VALUE;
	}
	if (op->sock < 0) {
		op->sock = caller_fetch(c, (int)op->call.args[0]);
		rc = op->sock < 0 ? op->sock : sockinfo_get(op->sock, &op->si);
		if (rc < 0) {
			r->error = rc;
			return ANSWER_VALUE;
		}
	}
	tcp = verdict_is_inet(&op->si) && op->si.protocol == IPPROTO_TCP;
	known = op->si.domain == AF_UNIX || op->si.domain == AF_NETLINK;
	if (!known && !verdict_is_inet(&op->si)) {
		r->error = refuse(w, op, NULL, AUDIT_NO_RULE, "a family that no rule can allow", EACCES);
		return ANSWER_VALUE;
	}
	/* CONTINUE, before anything has gone out: AF_UNIX and netlink, as in connect_handle(); TCP, which ignores the address but
	 * with Fast Open; and all that the cgroup program judges. What is left to us of that are ping and raw sockets: for the
	 * errno, and should their descriptor be another's by then, the packet program refuses what the verdict would have.
	 * (No listener_valid(): an answer that arrives proves that all this was the caller's.) */
	judged = s->plan.bpf && (op->si.protocol == IPPROTO_TCP || op->si.protocol == IPPROTO_UDP);
	if (op->phase == OP_NEW && (judged || known || (tcp && !fastopen)) && listener_may_continue(s, c, op, fastopen))
		return ANSWER_CONTINUE;
	if (op->call.kind == NOTIFY_SENDMMSG)
		return send_many(w, c, op, r);
	return send_single(w, c, op, r);
}
