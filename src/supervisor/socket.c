// SPDX-License-Identifier: Apache-2.0
/* socket.c - socket(2) for 32-bit callers, who have its arguments in memory
 *
 * Owns:     the socket that is made here, in the caller's network namespace and cgroup, and given to it.
 * Must not: make a kind that needs a right: the supervisor's are not the caller's.
 * Runs in:  a worker thread and its deputy.
 *
 * The cgroup program judges by the cgroup of who makes a socket, and the supervisor is outside of the container's. The deputy is in it. With
 * the caller's ids, for the socket has its owner's (SO_REUSEPORT, rules of a firewall, ping's range of groups) for good.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"

static int prepare(const struct sup *s, const struct op *op, const struct caller_identity *id, void *arg, uint64_t *caps)
{
	autofd net = -1;
	char path[40];

	(void)id;
	(void)arg;
	(void)caps;
	snprintf(path, sizeof(path), "%d/ns/net", (int)op->tid);
	net = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	return net < 0 || setns(net, CLONE_NEWNET) < 0 ? -EACCES : 0;
}

static int64_t act(const struct op *op, const struct caller_identity *id, void *arg)
{
	int sock = socket((int)op->call.args[0], (int)op->call.args[1] | SOCK_CLOEXEC, (int)op->call.args[2]);

	(void)id;
	(void)arg;
	return sock < 0 ? -errno : sock;
}

static enum answer refuse(struct worker *w, struct op *op, struct result *r, const char *why, int error)
{
	listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, why, error);
	r->error = -error;
	return ANSWER_VALUE;
}

enum answer socket_handle(struct worker *w, struct op *op, struct result *r)
{
	int domain = (int)op->call.args[0], type = (int)op->call.args[1], protocol = (int)op->call.args[2], fd;
	const struct deputy d = { .prepare = prepare, .act = act, .shares_fds = true, .needs_cgroup = w->sup->plan.bpf };
	struct sup *s = w->sup;
	autofd sock = -1;

	if (policy_check_socket(s->policy, domain, type, protocol))
		return refuse_handle(w, op, r);
	if ((type & 0xf) == SOCK_RAW && domain != AF_NETLINK)
		return refuse(w, op, r, "a raw socket through socketcall", EACCES);
	/* Made here, it would be free. */
	if (s->plan.bpf && s->cgroup_fd < 0)
		return refuse(w, op, r, "a socket through socketcall, which the cgroup program would not see", EACCES);
	sock = (int)deputy_run(w, op, &d);
	if (sock < 0) {
		r->error = sock;
		return ANSWER_VALUE;
	}
	fd = listener_add_fd(s, op, sock, type & SOCK_CLOEXEC);
	if (fd < 0)
		r->error = -EMFILE;
	else
		r->val = fd;
	return ANSWER_VALUE;
}
