// SPDX-License-Identifier: Apache-2.0
/* lowport.c - binding to a low port with the caller's right to, which the kernel would look for in us
 *
 * Owns:     the question whether the caller has CAP_NET_BIND_SERVICE over the network of this very socket.
 * Must not: believe in the capability alone: whoever makes a user namespace has every one, over what belongs to that.
 * Runs in:  a worker thread and its deputy, for binds that are made on behalf.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71 /* Linux 5.14 */
#endif

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev;
}

static bool cookie_of(int sock, uint64_t *out)
{
	socklen_t len = sizeof(*out);

	return sock >= 0 && getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, out, &len) == 0;
}

/* @sock belongs to the network namespace @net. Sockets tell by a number alone, so one is made there to compare with: there this
 * process stays. */
static bool is_of(int sock, int net)
{
	autofd there = -1;
	uint64_t one, other;

	if (!cookie_of(sock, &one) || setns(net, CLONE_NEWNET) < 0)
		return false;
	there = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return cookie_of(there, &other) && one == other;
}

static bool has_right(const struct sup *s, const struct op *op, const struct caller_identity *id)
{
	struct stat ours, theirs, owners;
	autofd owner = -1;
	autofd net = -1;
	char path[40];

	if (!(id->cap_eff & 1ULL << CAP_NET_BIND_SERVICE))
		return false;
	snprintf(path, sizeof(path), "%d/ns/user", (int)op->tid);
	if (fstatat(s->proc_fd, "self/ns/user", &ours, 0) < 0 || fstatat(s->proc_fd, path, &theirs, 0) < 0)
		return false;
	/* Ours is above all that the container can make or be given. */
	if (same(&ours, &theirs))
		return true;
	snprintf(path, sizeof(path), "%d/ns/net", (int)op->tid);
	net = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	owner = net < 0 ? -1 : ioctl(net, NS_GET_USERNS);
	return owner >= 0 && fstat(owner, &owners) == 0 && same(&owners, &theirs) && is_of(op->sock, net);
}

/* Ports of which everybody may take one (ip_unprivileged_port_start, unless somebody has raised it); 0: the kernel chooses such. */
static bool needs_no_right(const struct op *op)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)&op->addr; /* sockaddr_in6 has the port in the same place */
	uint16_t port = ntohs(sin->sin_port);

	return port == 0 || port >= 1024;
}

static int prepare(const struct sup *s, const struct op *op, const struct caller_identity *id, void *arg, uint64_t *caps)
{
	(void)arg;
	*caps = !needs_no_right(op) && has_right(s, op, id) ? 1ULL << CAP_NET_BIND_SERVICE : 0;
	return 0;
}

static int64_t act(const struct op *op, const struct caller_identity *id, void *arg)
{
	(void)id;
	(void)arg;
	return bind(op->sock, (const struct sockaddr *)&op->addr, op->addr_len) < 0 ? -errno : 0;
}

int lowport_bind(struct worker *w, const struct op *op)
{
	/* Without a capability, and as nobody who has made the container's user namespace: its maker has every one over it. */
	return (int)deputy_run(w, op, &(struct deputy){ .prepare = prepare, .act = act, .as_anybody = needs_no_right(op) });
}
