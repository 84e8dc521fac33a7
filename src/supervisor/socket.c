// SPDX-License-Identifier: Apache-2.0
/* socket.c - socket(2) for 32-bit callers, who have its arguments in memory
 *
 * Owns:     the socket that is made here, in the caller's network namespace and cgroup, and given to it.
 * Must not: make a kind that needs a right: ours are not the caller's.
 * Runs in:  a worker thread; in_cgroup() in a process of its own for the moment.
 *
 * The cgroup program judges by the cgroup of who makes a socket, and we are outside of the container's. Where it is there, a
 * child made with CLONE_INTO_CGROUP makes the socket, in the descriptor table that it shares with us, and ends; we wait
 * (CLONE_VFORK). It does not share our memory, so that a kernel that kills for want of it takes the child alone. If the
 * container is frozen or killed meanwhile, so is the child, and its caller with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

/* The only argument that our own filter lets clone3 have. */
static struct clone_args into_cgroup = {
	.flags = CLONE_FILES | CLONE_VFORK | CLONE_INTO_CGROUP,
	.exit_signal = SIGCHLD, /* ignored (loop.c): nobody needs to wait for it */
};

const void *socket_clone_args(const struct sup *s)
{
	if (s->cgroup_fd < 0)
		return NULL;
	into_cgroup.cgroup = (uint64_t)s->cgroup_fd;
	return &into_cgroup;
}

struct wanted {
	const struct sup *sup;
	struct caller_identity id;
	int net, domain, type, protocol;
};

/* With the caller's ids, for the socket has its owner's (SO_REUSEPORT, rules of a firewall, ping's range of groups) for good. *@ids are
 * the way back; untouched if this thread is still in its own network. */
static int make(const struct wanted *k, struct self_ids *ids, bool *moved)
{
	int sock, r;

	*moved = setns(k->net, CLONE_NEWNET) == 0;
	if (!*moved)
		return -EACCES;
	r = unix_take_ids(k->sup, &k->id, ids);
	if (r < 0)
		return -EACCES;
	sock = socket(k->domain, k->type | SOCK_CLOEXEC, k->protocol);
	return sock < 0 ? -errno : sock;
}

static int in_cgroup(struct worker *w, const struct wanted *k)
{
	_Atomic int *made = &w->sup->shared->made[w->index];
	struct self_ids ids;
	bool moved;
	pid_t pid;

	atomic_store(made, -EACCES); /* it may be killed before it says more */
	pid = sys_clone3(&into_cgroup);
	if (pid == 0) {
		atomic_store(made, make(k, &ids, &moved));
		_exit(EXIT_SUCCESS);
	}
	if (pid < 0)
		return errno == EAGAIN ? -ENOMEM : -EACCES; /* the container's task limit; else: its cgroup takes nobody */
	return atomic_load(made);
}

static int in_thread(struct worker *w, const struct wanted *k)
{
	autofd ours = openat(w->sup->proc_fd, "thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	struct self_ids ids;
	bool moved;
	int r;

	if (ours < 0)
		return -EACCES;
	r = make(k, &ids, &moved);
	if (!moved)
		return r;
	unix_come_back(w, &ids);
	/* In a stranger's network for good: as in unix.c, better dead. */
	if (self_raise(true) < 0 || setns(ours, CLONE_NEWNET) < 0)
		_exit(EXIT_FAILURE);
	return r;
}

static int make_socket(struct worker *w, const struct op *op, struct wanted *k)
{
	struct sup *s = w->sup;
	autofd theirs = -1;
	char path[40];
	int sock;

	snprintf(path, sizeof(path), "%d/ns/net", (int)op->tid);
	theirs = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (theirs < 0 || caller_identify(s, op->tid, &k->id) < 0 || !listener_valid(s, op) || self_raise(true) < 0)
		return -EACCES;
	k->sup = s;
	k->net = theirs;
	sock = s->cgroup_fd >= 0 ? in_cgroup(w, k) : in_thread(w, k);
	if (self_raise(false) < 0)
		_exit(EXIT_FAILURE);
	return sock;
}

static enum answer refuse(struct worker *w, struct op *op, struct result *r, const char *why, int error)
{
	listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, why, error);
	r->error = -error;
	return ANSWER_VALUE;
}

enum answer socket_handle(struct worker *w, struct op *op, struct result *r)
{
	struct wanted k = { .domain = (int)op->call.args[0], .type = (int)op->call.args[1], .protocol = (int)op->call.args[2] };
	struct sup *s = w->sup;
	autofd sock = -1;
	int fd;

	if (policy_check_socket(s->policy, k.domain, k.type, k.protocol))
		return refuse_handle(w, op, r);
	if ((k.type & 0xf) == SOCK_RAW && k.domain != AF_NETLINK)
		return refuse(w, op, r, "a raw socket through socketcall", EACCES);
	/* Made here, it would be free. */
	if (s->plan.bpf && s->cgroup_fd < 0)
		return refuse(w, op, r, "a socket through socketcall, which the cgroup program would not see", EACCES);
	sock = make_socket(w, op, &k);
	if (sock < 0) {
		r->error = sock;
		return ANSWER_VALUE;
	}
	fd = listener_add_fd(s, op, sock, k.type & SOCK_CLOEXEC);
	if (fd < 0)
		r->error = -EMFILE;
	else
		r->val = fd;
	return ANSWER_VALUE;
}
