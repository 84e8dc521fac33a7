// SPDX-License-Identifier: Apache-2.0
/* resolve.c - a host name's addresses, within a deadline
 *
 * Owns:     the child that asks (the host's resolver, or whom the caller knows), and its end.
 * Must not: let a name server, an NSS module or a hung file system hold create(): getaddrinfo(3) has no deadline.
 * Runs in:  create. The look-up itself in a child, which is killed when time is up. A thread could not be: it would
 *           go on inside libc's locks while create forks.
 */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "policy/internal.h"

/* One name. A first name server that is dead costs two seconds of it (see RES_OPTIONS). */
#define RESOLVE_MS 8000
#define RESOLVE_GRACE_MS 200

/* What the child writes: n addresses, or why not. A fixed size: anything shorter is no answer. */
struct resolve_answer {
	int32_t why; /* 0, or an EAI_… */
	uint32_t n;
	struct in6_addr addrs[POLICY_MAX_HOST_ADDRS];
};

/* Own words: libc's contain ones that engines react to, and EAI_SYSTEM would add an errno's. */
static const char *resolve_words(int why)
{
	switch (why) {
	case EAI_NONAME:
	case EAI_NODATA:
		return "the resolver knows no address for it";
	case EAI_AGAIN:
		return "the resolver has no answer for now: is a name server reachable?";
	case EAI_FAIL:
		return "the name server refused to answer";
	default:
		return "the resolver failed";
	}
}

static bool resolve_to_v6(const struct sockaddr *sa, struct in6_addr *out)
{
	if (sa->sa_family == AF_INET6)
		*out = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
	else if (sa->sa_family == AF_INET)
		*out = canonical_v4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
	else
		return false;
	return true;
}

static void ask_host(const char *name, struct resolve_answer *a)
{
	/* No AI_ADDRCONFIG: the container may have IPv6 where the host has none. */
	const struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	/* Without this a dead first name server alone takes five seconds. A user's own setting stays. */
	setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);
	a->why = getaddrinfo(name, NULL, &hints, &list);
	for (struct addrinfo *i = a->why ? NULL : list; i && a->n < POLICY_MAX_HOST_ADDRS; i = i->ai_next)
		if (resolve_to_v6(i->ai_addr, &a->addrs[a->n]))
			a->n++;
}

__attribute__((noreturn)) static void resolve_child(policy_asker asker, void *ctx, const char *name, int fd, pid_t parent)
{
	struct resolve_answer a = { 0 };
	int n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (!asker) {
		ask_host(name, &a);
	} else {
		n = asker(ctx, fd, name, a.addrs, POLICY_MAX_HOST_ADDRS);
		a.n = n > 0 ? (uint32_t)n : 0;
		a.why = n > 0 ? 0 : n == 0 ? EAI_NODATA : EAI_AGAIN;
	}
	_exit(fd_write_all(fd, &a, sizeof(a)) < 0);
}

static long resolve_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads up to @size bytes or the end of file. -1 with ETIMEDOUT if neither came in time. */
static ssize_t resolve_read(int fd, void *buf, size_t size, long until)
{
	size_t done = 0;

	while (done < size) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		long left = until - resolve_now_ms();
		ssize_t n;
		int r = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (r == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = r < 0 ? -1 : read(fd, (char *)buf + done, size - done);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)done;
}

/* The child is ours and not yet waited for, so the pid is its own. It may hang in the kernel (a dead NFS server below
 * /etc): then it stays behind and ends with us, rather than that we wait for it. */
static void resolve_end_child(pid_t pid, int fd)
{
	char rest[64];
	ssize_t n;

	kill(pid, SIGKILL);
	do {
		n = resolve_read(fd, rest, sizeof(rest), resolve_now_ms() + RESOLVE_GRACE_MS);
	} while (n > 0);
	/* End of file: it has closed its descriptors, so it is dead or about to be. */
	while (waitpid(pid, NULL, n < 0 ? WNOHANG : 0) < 0 && errno == EINTR)
		;
}

int policy_resolve_apart(policy_asker asker, void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	autofree struct resolve_answer *a = xcalloc(1, sizeof(*a));
	autofd in = -1, out = -1;
	pid_t parent = getpid(), pid;
	ssize_t got;
	bool late;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe to the resolver");
	in = p[0];
	out = p[1];
	pid = fork();
	if (pid < 0)
		return err_sys(e, "fork the resolver");
	if (pid == 0)
		resolve_child(asker, ctx, name, out, parent);
	fd_close(&out);
	got = resolve_read(in, a, sizeof(*a), resolve_now_ms() + RESOLVE_MS);
	late = got < 0 && errno == ETIMEDOUT;
	resolve_end_child(pid, in);
	if (late)
		return err_text(e, ETIMEDOUT, "the resolver has no answer after %d seconds", RESOLVE_MS / 1000);
	if (got != (ssize_t)sizeof(*a) || a->n > POLICY_MAX_HOST_ADDRS)
		return err_text(e, EIO, "the resolver ended without an answer");
	if (a->why || !a->n)
		return err_text(e, EINVAL, "%s", resolve_words(a->why ? a->why : EAI_NODATA));
	*addrs = xcalloc(a->n, sizeof(**addrs));
	memcpy(*addrs, a->addrs, a->n * sizeof(**addrs));
	*n = a->n;
	return 0;
}

int policy_resolve_host(const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	return policy_resolve_apart(NULL, NULL, name, addrs, n, e);
}
