// SPDX-License-Identifier: Apache-2.0
/* notify_filter.c - the seccomp filter that hands calls to the supervisor
 *
 * Owns:     which calls are trapped, refused at once, or none of our business; loading the filter.
 * Must not: decide about addresses: what is behind a pointer is the supervisor's.
 * Runs in:  *_prepare() in create and exec; *_apply() in init and exec'd processes, no heap.
 *
 * Theory of operation. A filter sees the number and the six registers, nothing behind a pointer. Three answers:
 *
 *   notify   connect; sendto with an address; sends with MSG_FASTOPEN in their flags (Landlock does not see that they
 *            connect); setsockopt of what sockopts.c names; where UDP or ICMP has no backstop, or sockets may come from outside,
 *            also sendmsg and sendmmsg; bind and listen under a bind policy. See plan.c for the modes.
 *            Also what no policy can allow and registers tell, though the answer is certain: so that each refusal is counted
 *            and somebody reads of it (supervisor/refuse.c). Sockets of other families, types and protocols (EACCES; MPTCP
 *            EPROTONOSUPPORT, so that programs fall back to TCP), io_uring (ENOSYS: its operations would not come by here;
 *            enter and register as well, for a ring from outside), x32 numbers (ENOSYS), request_key with a text for the
 *            kernel's helper (which runs on the host, and looks names up in its network). Where sockets may come from outside,
 *            new network namespaces, too (supervisor/refuse.c says when they are refused).
 *   errno    foreign architectures (ENOSYS); clone3, where its flags matter (ENOSYS, on which C libraries use clone: nothing is
 *            refused, so nothing is counted).
 *   allow    all else. The kernel keeps a bitmap of calls that are allowed whatever their arguments (5.11), so these
 *            cost nothing. A send without an address goes to the peer that a judged connect has set.
 *
 * i386's socketcall has its arguments in memory, so of a call that is trapped at all all are.
 * socketcall(SOCKETPAIR) is not: only AF_UNIX (and TIPC, which needs a bearer in the container's namespace) has pairs.
 *
 * Where nothing backs the verdict up, the supervisor may let a call on an AF_UNIX socket continue only if the descriptor
 * cannot change under it, that is if no other task shares the table: threads (it can count those) or a process made with
 * CLONE_FILES but without CLONE_THREAD. Hardly anything makes such processes; the filter refuses them (EPERM), and
 * clone3 whose flags are in memory (ENOSYS: C libraries fall back to clone). Only in that mode.
 *
 * The program is assembled here and not by libseccomp: it is a first-match list over several arguments ("TCP and protocol 0
 * or 6, else refuse"), which libseccomp's rules express only as dozens of exceptions, and libseccomp rewrites rules on
 * i386's socket calls into socketcall ones with the wrong arguments.
 *
 * A later filter of the workload's own can refuse more, never less; its own listener is refused by the kernel (EBUSY:
 * one for each task's chain). WAIT_KILLABLE_RECV (5.19): a call that the supervisor has received is not interrupted by
 * signals that have handlers, else Go's preemption signal would send datagrams twice.
 */
#include "confine/confine.h"

#include <endian.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "confine/notify_calls.h"
#include "confine/plan.h"
#include "confine/sockopts.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define RET_ALLOW SECCOMP_RET_ALLOW
#define RET_NOTIFY SECCOMP_RET_USER_NOTIF
#define RET_ERRNO(e) (SECCOMP_RET_ERRNO | ((e) & SECCOMP_RET_DATA))

/* Ours are a few hundred instructions; the kernel takes 4096 (BPF_MAXINSNS). */
#define CODE_MAX 2048

struct confine_notify {
	bool filled;
	struct confine_plan plan;
	unsigned short len;
	struct sock_filter code[CODE_MAX];
};

/* --- a small assembler: straight code and "if … else skip this block" ------------------------------------ */

struct emitter {
	struct confine_notify *n;
	bool full;
};

static unsigned int emit(struct emitter *em, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	unsigned int at = em->n->len;

	if (at >= CODE_MAX) {
		em->full = true;
		return 0;
	}
	em->n->code[at] = (struct sock_filter){ .code = code, .jt = jt, .jf = jf, .k = k };
	em->n->len++;
	return at;
}

static void emit_ret(struct emitter *em, uint32_t action)
{
	emit(em, BPF_RET | BPF_K, 0, 0, action);
}

static void load_nr(struct emitter *em)
{
	emit(em, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
}

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define WORD_LO 0u
#define WORD_HI 4u
#else
#define WORD_LO 4u
#define WORD_HI 0u
#endif

/* The lower half is all of an int argument: the kernel cuts the rest off. */
static void load_lo(struct emitter *em, unsigned int arg)
{
	emit(em, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, args) + arg * 8 + WORD_LO);
}

static void load_hi(struct emitter *em, unsigned int arg)
{
	emit(em, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, args) + arg * 8 + WORD_HI);
}

/* Opens a block that is run if the comparison holds; close it with block_end(). The far jump has 32 bits, so a
 * block may be as long as it likes. */
static unsigned int block_if(struct emitter *em, uint16_t op, uint32_t k)
{
	emit(em, (uint16_t)(BPF_JMP | op | BPF_K), 1, 0, k);
	return emit(em, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void block_end(struct emitter *em, unsigned int at)
{
	em->n->code[at].k = em->n->len - at - 1;
}

static void ret_if(struct emitter *em, uint16_t op, uint32_t k, uint32_t action)
{
	emit(em, (uint16_t)(BPF_JMP | op | BPF_K), 0, 1, k);
	emit_ret(em, action);
}

static void ret_if_less(struct emitter *em, uint32_t k, uint32_t action)
{
	emit(em, BPF_JMP | BPF_JGE | BPF_K, 1, 0, k);
	emit_ret(em, action);
}

static void ret_if_not(struct emitter *em, uint32_t k, uint32_t action)
{
	emit(em, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, k);
	emit_ret(em, action);
}

struct context {
	const struct policy *p;
	const struct confine_plan *plan;
};

/* --- socket(): the policy's answers as a decision list ------------------------------------------------------ */

#define FAMILIES 64 /* AF_MAX is 46; whatever is above gets the answer for 63 */
#define TYPES 16    /* the kernel's SOCK_TYPE_MASK */
#define PROTOCOLS (IPPROTO_MPTCP + 1)

/* The bind policy speaks of TCP, and Landlock does not see MPTCP's bind: no MPTCP under any policy. */
static int socket_errno(const struct context *c, int family, int type, int protocol)
{
	int r = policy_check_socket(c->p, family, type, protocol);

	if (!r && (family == AF_INET || family == AF_INET6) && protocol == IPPROTO_MPTCP)
		return EPROTONOSUPPORT;
	return r;
}

/* Which errno is the supervisor's to say. */
static uint32_t socket_action(int error)
{
	return error ? RET_NOTIFY : RET_ALLOW;
}

/* One errno (or 0) for every type and protocol of @family, or -1 if it depends. */
static int family_errno(const struct context *p, int family)
{
	int first = socket_errno(p, family, 1, 0);

	for (int type = 1; type < TYPES; type++)
		for (int protocol = 0; protocol < PROTOCOLS; protocol++)
			if (socket_errno(p, family, type, protocol) != first)
				return -1;
	return first;
}

/* The answer that most protocols of this type get; the others become exceptions in front of it. */
static int usual_errno(const struct context *p, int family, int type)
{
	/* Protocols that no one gave a meaning stand for all those that nobody names. */
	int a = socket_errno(p, family, type, 3), b = socket_errno(p, family, type, 200);

	return a ? a : b;
}

static void emit_family(struct emitter *em, const struct context *p, int family)
{
	load_lo(em, 1);
	emit(em, BPF_ALU | BPF_AND | BPF_K, 0, 0, TYPES - 1);
	for (int type = 1; type < TYPES; type++) {
		int usual = usual_errno(p, family, type);
		unsigned int block = block_if(em, BPF_JEQ, (uint32_t)type);

		load_lo(em, 2);
		for (int protocol = 0; protocol < PROTOCOLS; protocol++) {
			int r = socket_errno(p, family, type, protocol);

			if (r != usual)
				ret_if(em, BPF_JEQ, (uint32_t)protocol, socket_action(r));
		}
		emit_ret(em, socket_action(usual));
		block_end(em, block);
	}
	emit_ret(em, RET_ERRNO(EINVAL)); /* type 0: no such thing */
}

/* @pair: socketpair(), where a family that needs a closer look (AF_INET) is left to the kernel, which has no pairs of it. */
static void emit_socket(struct emitter *em, const struct context *p, bool pair)
{
	int usual = family_errno(p, FAMILIES - 1);

	load_lo(em, 0);
	for (int family = 0; family < FAMILIES; family++) {
		int r = family_errno(p, family);

		if (r == usual)
			continue;
		if (r >= 0 || pair) {
			ret_if(em, BPF_JEQ, (uint32_t)family, r >= 0 ? socket_action(r) : RET_ALLOW);
		} else {
			unsigned int block = block_if(em, BPF_JEQ, (uint32_t)family);

			emit_family(em, p, family);
			block_end(em, block);
		}
	}
	emit_ret(em, socket_action(usual));
}

/* --- the other calls ------------------------------------------------------------------------------------------ */

static void do_socket(struct emitter *em, const struct context *c)
{
	emit_socket(em, c, false);
}

static void do_socketpair(struct emitter *em, const struct context *c)
{
	emit_socket(em, c, true);
}

/* Where the call is only judged, it need not be judged whatever the caller calls the length of the address: programs say that of an
 * internet address, or of the room for any. So calls on unix sockets (a struct of 110 bytes) are not delayed; and what is
 * not judged for its errno meets the wall. */
static void do_connect(struct emitter *em, const struct context *c)
{
	if (c->plan->trap_connect && c->plan->judge_only) {
		load_lo(em, 2);
		ret_if(em, BPF_JEQ, sizeof(struct sockaddr_storage), RET_NOTIFY);
		ret_if(em, BPF_JGT, sizeof(struct sockaddr_in6), RET_ALLOW);
		ret_if_less(em, sizeof(struct sockaddr_in), RET_ALLOW);
	}
	emit_ret(em, c->plan->trap_connect ? RET_NOTIFY : RET_ALLOW);
}

static void do_bind(struct emitter *em, const struct context *c)
{
	emit_ret(em, c->plan->trap_bind ? RET_NOTIFY : RET_ALLOW);
}

static void do_listen(struct emitter *em, const struct context *c)
{
	emit_ret(em, c->plan->trap_listen ? RET_NOTIFY : RET_ALLOW);
}

static void check_fastopen(struct emitter *em, const struct context *c, unsigned int flags_arg)
{
	if (!c->plan->trap_fastopen)
		return;
	load_lo(em, flags_arg);
	ret_if(em, BPF_JSET, MSG_FASTOPEN, RET_NOTIFY);
}

static void do_sendto(struct emitter *em, const struct context *c)
{
	if (c->plan->trap_sendto) {
		load_lo(em, 4);
		ret_if_not(em, 0, RET_NOTIFY);
		load_hi(em, 4);
		ret_if_not(em, 0, RET_NOTIFY);
	}
	check_fastopen(em, c, 3);
	emit_ret(em, RET_ALLOW);
}

static void do_sendmsg(struct emitter *em, const struct context *c)
{
	if (c->plan->trap_sendmsg)
		emit_ret(em, RET_NOTIFY);
	check_fastopen(em, c, 2);
	emit_ret(em, RET_ALLOW);
}

static void do_sendmmsg(struct emitter *em, const struct context *c)
{
	if (c->plan->trap_sendmsg)
		emit_ret(em, RET_NOTIFY);
	check_fastopen(em, c, 3);
	emit_ret(em, RET_ALLOW);
}

/* Under a policy of egress: all that the table knows. Where sends are made on behalf, an honest "no" to what they could not
 * honour. Under a policy of binds: what chooses ports. */
static uint32_t option_action(const struct confine_plan *plan, enum sockopt_effect effect)
{
	switch (effect) {
	case SOCKOPT_NONE:
		return RET_ALLOW;
	case SOCKOPT_PORTS:
		return plan->trap_bind ? RET_NOTIFY : RET_ALLOW;
	case SOCKOPT_DEVICE:
		/* The wall sees by which device a packet leaves. Elsewhere own loopback is free by its address alone. */
		return plan->trap_options && !plan->wall ? RET_NOTIFY : RET_ALLOW;
	case SOCKOPT_PINNED:
		return plan->trap_sendmsg && !plan->bpf && !plan->audit ? RET_ERRNO(EOPNOTSUPP) : RET_ALLOW;
	default:
		return plan->trap_options ? RET_NOTIFY : RET_ALLOW;
	}
}

/* All are plain values in registers. */
static void do_setsockopt(struct emitter *em, const struct context *c)
{
	/* Of no length: clears the option, or is refused by the kernel. */
	load_lo(em, 4);
	ret_if(em, BPF_JEQ, 0, RET_ALLOW);
	for (size_t i = 0; i < sockopts_count; i++) {
		uint32_t action = option_action(c->plan, sockopts[i].set);
		unsigned int block;

		if (action == RET_ALLOW)
			continue;
		load_lo(em, 1);
		block = block_if(em, BPF_JEQ, (uint32_t)sockopts[i].level);
		if (sockopts[i].name == SOCKOPT_ANY) {
			emit_ret(em, action);
		} else {
			load_lo(em, 2);
			ret_if(em, BPF_JEQ, (uint32_t)sockopts[i].name, action);
		}
		block_end(em, block);
	}
	emit_ret(em, RET_ALLOW);
}

/* An option that connects by being asked for. */
static void do_getsockopt(struct emitter *em, const struct context *c)
{
	load_lo(em, 1);
	for (size_t i = 0; i < sockopts_count; i++)
		if (sockopts[i].name == SOCKOPT_ANY)
			ret_if(em, BPF_JEQ, (uint32_t)sockopts[i].level, option_action(c->plan, sockopts[i].set));
	emit_ret(em, RET_ALLOW);
}

static bool socketcall_is_trapped(const struct confine_plan *plan, enum notify_kind kind)
{
	switch (kind) {
	case NOTIFY_BIND:
		return plan->trap_bind;
	case NOTIFY_LISTEN:
		return plan->trap_listen;
	case NOTIFY_CONNECT:
		return plan->trap_connect;
	case NOTIFY_SENDTO:
	case NOTIFY_SENDMSG:
	case NOTIFY_SENDMMSG:
		/* What the registers of the others would tell is in memory. */
		return plan->trap_sendto || plan->trap_sendmsg || plan->trap_fastopen;
	case NOTIFY_SETSOCKOPT:
		return plan->trap_options || plan->trap_bind;
	case NOTIFY_GETSOCKOPT:
		return false;
	default:
		return true;
	}
}

static void do_socketcall(struct emitter *em, const struct context *c)
{
	load_lo(em, 0);
	for (uint32_t number = 0; number <= 20; number++) {
		struct notify_call call = { .kind = NOTIFY_SOCKETCALL, .args = { number } };
		const uint32_t words[6] = { 0 };

		if (notify_calls_decode_socketcall(words, &call) && socketcall_is_trapped(c->plan, call.kind))
			ret_if(em, BPF_JEQ, number, RET_NOTIFY);
	}
	emit_ret(em, RET_ALLOW);
}

static void do_io_uring(struct emitter *em, const struct context *c)
{
	(void)c;
	emit_ret(em, RET_NOTIFY);
}

static void do_request_key(struct emitter *em, const struct context *c)
{
	if (c->plan->trap_options) {
		load_lo(em, 2);
		ret_if_not(em, 0, RET_NOTIFY);
		load_hi(em, 2);
		ret_if_not(em, 0, RET_NOTIFY);
	}
	emit_ret(em, RET_ALLOW);
}

/* A device could come out of it, into a network that others share. */
static void trap_netns(struct emitter *em, const struct context *c)
{
	if (!c->plan->links)
		return;
	load_lo(em, 0);
	ret_if(em, BPF_JSET, CLONE_NEWNET, RET_NOTIFY);
}

static void do_unshare(struct emitter *em, const struct context *c)
{
	trap_netns(em, c);
	emit_ret(em, RET_ALLOW);
}

static void do_clone(struct emitter *em, const struct context *c)
{
	trap_netns(em, c);
	if (c->plan->restrict_clone) {
		unsigned int block;

		load_lo(em, 0); /* s390 and cris have the flags second; neither is in the table */
		block = block_if(em, BPF_JSET, CLONE_FILES);
		emit(em, BPF_JMP | BPF_JSET | BPF_K, 1, 0, CLONE_THREAD);
		emit_ret(em, RET_NOTIFY);
		block_end(em, block);
	}
	emit_ret(em, RET_ALLOW);
}

static void do_clone3(struct emitter *em, const struct context *c)
{
	emit_ret(em, c->plan->restrict_clone ? RET_ERRNO(ENOSYS) : RET_ALLOW);
}

static void (*const rules[NOTIFY_KINDS])(struct emitter *em, const struct context *c) = {
	[NOTIFY_SOCKET] = do_socket,	     [NOTIFY_SOCKETPAIR] = do_socketpair,
	[NOTIFY_BIND] = do_bind,	     [NOTIFY_LISTEN] = do_listen,
	[NOTIFY_CONNECT] = do_connect,	     [NOTIFY_SENDTO] = do_sendto,
	[NOTIFY_SENDMSG] = do_sendmsg,	     [NOTIFY_SENDMMSG] = do_sendmmsg,
	[NOTIFY_SETSOCKOPT] = do_setsockopt, [NOTIFY_GETSOCKOPT] = do_getsockopt,
	[NOTIFY_SOCKETCALL] = do_socketcall,
	[NOTIFY_IO_URING_SETUP] = do_io_uring, [NOTIFY_IO_URING_ENTER] = do_io_uring,
	[NOTIFY_IO_URING_REGISTER] = do_io_uring, [NOTIFY_CLONE] = do_clone,
	[NOTIFY_CLONE3] = do_clone3,	     [NOTIFY_UNSHARE] = do_unshare,
	[NOTIFY_REQUEST_KEY] = do_request_key,
};

static void emit_arch(struct emitter *em, const struct notify_arch *arch, const struct context *c)
{
	load_nr(em);
	if (arch->bad_bit) {
		/* Negative ones are what tracers write over a number, so that nothing is called. */
		ret_if(em, BPF_JGE, 0x80000000u, RET_ERRNO(ENOSYS));
		ret_if(em, BPF_JGE, arch->bad_bit, RET_NOTIFY);
	}
	for (int k = 0; k < NOTIFY_KINDS; k++) {
		unsigned int block;

		if (arch->nr[k] == NOTIFY_NO_CALL)
			continue;
		block = block_if(em, BPF_JEQ, arch->nr[k]);
		rules[k](em, c);
		block_end(em, block);
	}
	emit_ret(em, RET_ALLOW);
}

struct confine_notify *confine_notify_new(struct err *e)
{
	struct confine_notify *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (n == MAP_FAILED) {
		err_sys(e, "memory for the notify filter");
		return NULL;
	}
	return n;
}

const struct confine_plan *confine_notify_plan(const struct confine_notify *n)
{
	return n->filled ? &n->plan : NULL;
}

int confine_notify_fill(struct confine_notify *n, const struct confine_plan *plan, const struct policy *p, struct err *e)
{
	struct emitter em = { .n = n };
	struct context c = { .p = p, .plan = plan };

	for (size_t a = 0; a < notify_arches_count; a++) {
		unsigned int block;

		emit(&em, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
		block = block_if(&em, BPF_JEQ, notify_arches[a].audit);
		emit_arch(&em, &notify_arches[a], &c);
		block_end(&em, block);
	}
	emit_ret(&em, RET_ERRNO(ENOSYS));
	if (em.full)
		return err_msg(e, "the notify filter needs more than %d instructions", CODE_MAX);
	trace(TRACE_SECCOMP, "filter of the network policy: %u instructions", (unsigned int)n->len);
	n->plan = *plan;
	n->filled = true;
	return 0;
}

int confine_notify_prepare(const struct confine_plan *plan, const struct policy *p, struct confine_notify **out, struct err *e)
{
	*out = confine_notify_new(e);
	if (!*out || confine_notify_fill(*out, plan, p, e) == 0)
		return *out ? 0 : -1;
	confine_notify_free(*out);
	*out = NULL;
	return -1;
}

void confine_notify_free(struct confine_notify *n)
{
	if (n)
		munmap(n, sizeof(*n));
}

int confine_notify_apply(const struct confine_notify *n, int *listener, struct err *e)
{
	struct sock_fprog prog = { .len = n->len, .filter = (struct sock_filter *)(uintptr_t)n->code };
	unsigned int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	*listener = -1;
	*listener = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	/* Before 5.19: a signal may interrupt a call that was received. The supervisor sees its notification die. */
	if (*listener < 0 && errno == EINVAL)
		*listener = sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	if (*listener < 0 && errno == EBUSY)
		return err_set(e, EBUSY, "the seccomp profile already has a listener (SCMP_ACT_NOTIFY), and the kernel allows "
					 "one: it cannot be combined with a network policy");
	if (*listener < 0)
		return err_sys(e, "load the seccomp notify filter of the network policy");
	return *listener;
}

bool confine_notify_needed(const struct policy *p)
{
	struct policy_traits t = policy_get_traits(p);

	return t.egress || t.bind;
}
