// SPDX-License-Identifier: Apache-2.0
/* unix.c - AF_UNIX and netlink without a backstop: calls made in the caller's name
 *
 * Owns:     connect, listen and sends on these sockets, as a deputy makes them (deputy.c); SCM_RIGHTS and SCM_CREDENTIALS.
 * Runs in:  a worker thread; what a deputy does in that.
 *
 * Used only where the kernel may not run the call itself (connect_handle(), send_handle()): with UDP or ICMP possible, no cgroup program, and
 * a caller with several threads. The other side then sees somebody who is not the supervisor, and no longer there:
 *   - a path is looked up from the caller's root and current directory, with its ids and groups, and with its right to pass directories
 *     if it lives in the supervisor's user namespace. (/proc/self is not the caller's, and in another pid namespace nobody's: such
 *     paths lead nowhere.);
 *   - SO_PEERCRED of the other side shows its uid and gid. The pid is the deputy's, which reads as 0 in the container's pid namespace;
 *   - messages carry SCM_CREDENTIALS with its pid, uid and gid (where the supervisor may claim a pid: not rootless);
 *   - descriptors are fetched from it and sent on, on its account and within its limit.
 * Netlink: without capabilities, and only rtnetlink requests that read (a kernel check of the sender's rights would be a
 * check of ours). Everything else is EPERM in that mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#define CAP(c) (1ULL << (c))

static bool same_userns(const struct sup *s, pid_t tid)
{
	struct stat ours, theirs;
	char path[40];

	snprintf(path, sizeof(path), "%d/ns/user", (int)tid);
	return fstatat(s->proc_fd, "self/ns/user", &ours, 0) == 0 && fstatat(s->proc_fd, path, &theirs, 0) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

/* To pass directories. */
static uint64_t path_rights(const struct sup *s, const struct op *op, const struct caller_identity *id)
{
	const uint64_t passes = CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH);

	return id->cap_eff & passes && same_userns(s, op->tid) ? id->cap_eff & passes : 0;
}

static int prepare_path(const struct sup *s, const struct op *op, const struct caller_identity *id, void *arg, uint64_t *caps)
{
	(void)arg;
	*caps = path_rights(s, op, id);
	return 0;
}

/* A netlink socket without a number gets its process's with the first call: the caller's, not the deputy's. */
static void take_number(int sock, const struct caller_identity *id)
{
	struct sockaddr_nl nl = { 0 };
	socklen_t len = sizeof(nl);

	if (getsockname(sock, (struct sockaddr *)&nl, &len) < 0 || nl.nl_family != AF_NETLINK || nl.nl_pid)
		return;
	nl = (struct sockaddr_nl){ .nl_family = AF_NETLINK, .nl_pid = (uint32_t)id->ns_tgid, .nl_groups = nl.nl_groups };
	(void)!bind(sock, (struct sockaddr *)&nl, sizeof(nl)); /* taken: the kernel finds another */
}

/* --- connect and listen ---------------------------------------------------------------------------------------------- */

static int64_t act_connect(const struct op *op, const struct caller_identity *id, void *arg)
{
	(void)arg;
	if (op->si.domain == AF_NETLINK)
		take_number(op->sock, id);
	return connect(op->sock, (const struct sockaddr *)&op->addr, op->addr_len) < 0 ? -errno : 0;
}

enum answer unix_connect(struct worker *w, struct op *op, struct result *r)
{
	const struct deputy d = { .finds_names = true, .blocks = true, .prepare = prepare_path, .act = act_connect };

	/* Whatever O_NONBLOCK says: it may be said anew at any moment. */
	r->error = (int)deputy_run(w, op, &d);
	if (r->error == -ESRCH)
		return ANSWER_DONE;
	if (r->error != -EINTR)
		return ANSWER_VALUE;
	/* The listener's backlog is full. */
	op->phase = OP_CONNECTING;
	return ANSWER_WAIT;
}

static int64_t act_listen(const struct op *op, const struct caller_identity *id, void *arg)
{
	(void)id;
	return listen(op->sock, *(int *)arg) < 0 ? -errno : 0;
}

int unix_listen(struct worker *w, const struct op *op, int backlog)
{
	return (int)deputy_run(w, op, &(struct deputy){ .act = act_listen, .arg = &backlog });
}

/* --- sends ------------------------------------------------------------------------------------------------------------ */

/* The caller's descriptors become ours for as long as the message needs. One that it has not is one that we have not: the
 * kernel refuses it when it comes to it. */
static int fetch_rights(struct worker *w, struct caller *c)
{
	struct message_control *mc = w->control;

	for (unsigned int i = 0; i < mc->nfds; i++) {
		int fd = caller_fetch(c, mc->fds[i]);

		if (fd < 0 && fd != -EBADF) {
			while (i > 0)
				fd_close(&w->fds[--i]);
			return fd;
		}
		fd = fd < 0 ? -1 : fd;
		w->fds[i] = fd;
		memcpy(mc->out + mc->fds_at[i], &fd, sizeof(fd));
	}
	return 0;
}

static void drop_rights(struct worker *w)
{
	for (unsigned int i = 0; i < w->control->nfds; i++)
		fd_close(&w->fds[i]);
}

/* Ids in the caller's own user namespace, as it would name itself: read from its uid_map. False: no such id there. */
static bool ns_id_is(const struct sup *s, pid_t tid, const char *map, uint32_t ns_id, uint32_t a, uint32_t b, uint32_t c)
{
	char path[40], buf[2048];
	autofd fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", (int)tid, map);
	fd = openat(s->proc_fd, path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : fd_read_all(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return false;
	buf[n] = '\0';
	/* Lines of: first id inside, first id in our namespace (we opened it), count. */
	for (char *line = buf; *line;) {
		char *end = line;
		uint32_t inside = (uint32_t)strtoul(end, &end, 10), outside = (uint32_t)strtoul(end, &end, 10);
		uint32_t count = (uint32_t)strtoul(end, &end, 10);

		if (ns_id - inside < count) {
			uint32_t ours = outside + (ns_id - inside);

			return ours == a || ours == b || ours == c;
		}
		line = strchr(line, '\n');
		if (!line)
			break;
		line++;
	}
	return false;
}

struct sending {
	struct message_control *control;
	struct msghdr *msg;
	int flags;
	bool is_unix;
	bool claims; /* the caller's pid */
};

/* A caller may name its own pid and any of its ids; more (with capabilities) is not passed on in this mode. */
static int check_creds(const struct sup *s, const struct op *op, const struct caller_identity *id, const struct message_control *mc)
{
	for (unsigned int i = 0; i < mc->ncreds; i++) {
		struct ucred u;

		memcpy(&u, mc->out + mc->creds_at[i], sizeof(u));
		if (u.pid != id->ns_tgid || !ns_id_is(s, op->tid, "uid_map", u.uid, id->uid, id->euid, id->suid) ||
		    !ns_id_is(s, op->tid, "gid_map", u.gid, id->gid, id->egid, id->sgid))
			return -EPERM;
	}
	return 0;
}

static int prepare_send(const struct sup *s, const struct op *op, const struct caller_identity *id, void *arg, uint64_t *caps)
{
	const struct sending *m = arg;

	*caps = (m->is_unix && m->msg->msg_name ? path_rights(s, op, id) : 0) | (m->claims ? CAP(CAP_SYS_ADMIN) : 0);
	return m->is_unix ? check_creds(s, op, id, m->control) : 0;
}

/* Says who sends. The kernel would say "the deputy". */
static int put_creds(struct sending *m, const struct caller_identity *id)
{
	struct ucred ours = { .pid = m->claims ? id->tgid : getpid(), .uid = id->uid, .gid = id->gid };
	struct message_control *mc = m->control;
	struct cmsghdr *cm;

	for (unsigned int i = 0; i < mc->ncreds; i++)
		memcpy(mc->out + mc->creds_at[i], &ours, sizeof(ours));
	if (mc->ncreds || !m->claims)
		return 0;
	if (mc->len + CMSG_SPACE(sizeof(ours)) > sizeof(mc->out))
		return -ENOBUFS;
	cm = (struct cmsghdr *)(void *)(mc->out + mc->len);
	memset(cm, 0, CMSG_SPACE(sizeof(ours)));
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_CREDENTIALS;
	cm->cmsg_len = CMSG_LEN(sizeof(ours));
	memcpy(CMSG_DATA(cm), &ours, sizeof(ours));
	m->msg->msg_control = mc->out;
	m->msg->msg_controllen = mc->len + CMSG_SPACE(sizeof(ours));
	return 0;
}

/* Whether the caller has more descriptors on their way than it may. The kernel asks that of each message, but not of who may claim a pid:
 * so it is asked about a message of no consequence, before that right is in effect. */
static bool sends_too_many(void)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int pair[2];
	bool r;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0)
		return true;
	memcpy(CMSG_DATA(&c.h), &pair[0], sizeof(int));
	r = sendmsg(pair[0], &m, MSG_DONTWAIT) < 0 && errno == ETOOMANYREFS;
	close(pair[0]);
	close(pair[1]);
	return r;
}

static int64_t act_send(const struct op *op, const struct caller_identity *id, void *arg)
{
	struct sending *m = arg;
	int64_t n;

	if (!m->is_unix)
		take_number(op->sock, id);
	else if (put_creds(m, id) < 0)
		return -ENOBUFS;
	if (m->control->nfds && sends_too_many())
		return -ETOOMANYREFS;
	if (m->claims && deputy_raise() < 0)
		return -EACCES;
	n = sendmsg(op->sock, m->msg, m->flags);
	/* Rootless: only the owner of the pid namespace's user namespace may claim a pid. */
	if (n < 0 && errno == EPERM && m->claims) {
		m->claims = false;
		m->msg->msg_controllen = m->control->len;
		m->msg->msg_control = m->control->len ? m->control->out : NULL;
		put_creds(m, id);
		n = sendmsg(op->sock, m->msg, m->flags);
	}
	return n < 0 ? -errno : n;
}

static bool netlink_reads_only(const struct op *op, const uint8_t *buf, size_t len)
{
	if (op->si.protocol != NETLINK_ROUTE)
		return false;
	for (size_t at = 0; at < len;) {
		struct nlmsghdr h;

		if (len - at < sizeof(h))
			return true; /* a rest that the kernel ignores, too */
		memcpy(&h, buf + at, sizeof(h));
		/* RTM_…: NEW, DEL, GET, SET in turn from 16 on. */
		if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > len - at || (h.nlmsg_type >= 16 && (h.nlmsg_type & 3) != 2))
			return false;
		at += NLMSG_ALIGN(h.nlmsg_len);
	}
	return true;
}

int64_t unix_send(struct worker *w, struct caller *c, struct op *op, struct msghdr *msg, int flags)
{
	struct sending m = { .control = w->control, .msg = msg, .flags = flags, .is_unix = op->si.domain == AF_UNIX };
	struct deputy d = { .prepare = prepare_send, .act = act_send, .arg = &m, .keep = w->fds };
	int64_t n;
	int r;

	if (!m.is_unix && (msg->msg_controllen || !netlink_reads_only(op, w->payload, msg->msg_iov->iov_len))) {
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, "netlink on behalf of several threads", EPERM);
		return -EPERM;
	}
	r = fetch_rights(w, c);
	if (r < 0)
		return r;
	/* Streams and the like look at no path. */
	d.finds_names = m.is_unix && op->si.type == SOCK_DGRAM && msg->msg_name;
	d.n_keep = w->control->nfds;
	d.limits_fds = d.n_keep > 0;
	m.claims = m.is_unix;
	n = deputy_run(w, op, &d);
	drop_rights(w);
	return n;
}
