// SPDX-License-Identifier: Apache-2.0
/* refuse.c - calls that the filter has recognised by their registers, and no policy allows
 *
 * Owns:     which errno each gets, and what is written about it.
 * Must not: let one of them pass that the table names: CONTINUE is for network namespaces alone.
 * Runs in:  a worker thread.
 *
 * The filter could give the errno itself, in no time. But then nobody would know: a workload that tries raw sockets or
 * io_uring shows what it is about. So these calls come here, cost what a refused connect costs, and are counted as one.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>

#include "base/str.h"
#include "supervisor/internal.h"

static const struct {
	enum notify_kind kind;
	int error;
	const char *why;
} refused[] = {
	/* As a kernel without it: programs then do without. */
	{ NOTIFY_IO_URING_SETUP, ENOSYS, "io_uring, whose operations no filter sees" },
	{ NOTIFY_IO_URING_ENTER, ENOSYS, "io_uring, whose operations no filter sees" },
	{ NOTIFY_IO_URING_REGISTER, ENOSYS, "io_uring, whose operations no filter sees" },
	{ NOTIFY_X32, ENOSYS, "the x32 table of system calls" },
	{ NOTIFY_UNSHARE, EPERM, "a network namespace from which devices reach into the container's" },
	{ NOTIFY_GETSOCKOPT, EPERM, "an option that connects by itself" },
	{ NOTIFY_CLONE, EPERM, "a process that shares descriptors without being a thread" },
	/* As where there is no helper that could make the key. */
	{ NOTIFY_REQUEST_KEY, ENOKEY, "a key that a program of the host would have to look for" },
};

/* The kind of socket in place of a destination. */
static enum answer refuse_socket(struct worker *w, const struct op *op, struct result *r, int error)
{
	struct audit_record rec = { .rule = AUDIT_NO_RULE, .error = error,
				    .has_socket = true };

	for (int i = 0; i < 3; i++)
		rec.socket[i] = (int)op->call.args[i];
	rec.socket[1] &= 0xf; /* without SOCK_CLOEXEC, SOCK_NONBLOCK */
	rec.why = policy_socket_why(w->sup->policy, rec.socket[0], rec.socket[1], rec.socket[2]);
	listener_audit_record(w->sup, op, &rec);
	r->error = -error;
	return ANSWER_VALUE;
}

/* clone and unshare with CLONE_NEWNET, from a container that shares its network with others. Where the kernel keeps namespaces
 * apart the filter does not ask. */
static bool makes_netns(const struct op *op)
{
	bool shares_files = (op->call.args[0] & (CLONE_FILES | CLONE_THREAD)) == CLONE_FILES;

	return op->call.kind == NOTIFY_UNSHARE || (op->call.kind == NOTIFY_CLONE && !shares_files);
}

enum answer refuse_handle(struct worker *w, const struct op *op, struct result *r)
{
	enum notify_kind kind = op->call.kind;

	if (makes_netns(op))
		kind = NOTIFY_UNSHARE;
	if (op->call.kind == NOTIFY_SOCKET || op->call.kind == NOTIFY_SOCKETPAIR) {
		int error = policy_check_socket(w->sup->policy, (int)op->call.args[0], (int)op->call.args[1], (int)op->call.args[2]);

		/* The filter was made from the same answers. Should they differ, it is closed. */
		return refuse_socket(w, op, r, error ? error : EACCES);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		if (refused[i].kind != kind)
			continue;
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, refused[i].why, refused[i].error);
		r->error = -refused[i].error;
		return ANSWER_VALUE;
	}
	r->error = -ENOSYS;
	return ANSWER_VALUE;
}
