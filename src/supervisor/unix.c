// SPDX-License-Identifier: Apache-2.0
/* unix.c - acting as the caller: AF_UNIX and netlink without a backstop
 *
 * Owns:     the change of one thread's credentials and root directory to the caller's, and the way back; SCM_RIGHTS and
 *           SCM_CREDENTIALS.
 * Must not: return from a handler in the caller's shape: if the way back fails, the process ends (and with it every
 *           connection: closed, not open).
 * Runs in:  a worker thread, which has its own fs_struct (unshare(CLONE_FS), loop.c) and, as any thread, its own
 *           credentials.
 *
 * Used only where the kernel may not run the call itself (connect_handle(), send_handle()): with UDP or ICMP possible, no
 * cgroup program, and a caller with several threads. Then the kernel sees us do it, in the caller's name:
 *   - the path is resolved from the caller's root and current directory, with its ids and groups, and with its right to
 *     pass directories if it lives in our user namespace; without magic links (find_socket());
 *   - SO_PEERCRED of the other side shows its uid and gid. The pid is ours, which reads as 0 in the container's pid
 *     namespace: the kernel takes it from the task, and there is no asking for another;
 *   - messages carry SCM_CREDENTIALS with its pid, uid and gid (where we may claim a pid: not rootless);
 *   - descriptors are fetched from it and sent on.
 * Netlink: without capabilities, and only rtnetlink requests that read (a kernel check of the sender's rights would be a
 * check of ours). Everything else is EPERM in that mode.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

static int open_link(const struct sup *s, pid_t tid, const char *name)
{
	char path[40];

	snprintf(path, sizeof(path), "%d/%s", (int)tid, name);
	return openat(s->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool same_userns(const struct sup *s, pid_t tid)
{
	struct stat ours, theirs;
	char path[40];

	snprintf(path, sizeof(path), "%d/ns/user", (int)tid);
	return fstatat(s->proc_fd, "self/ns/user", &ours, 0) == 0 && fstatat(s->proc_fd, path, &theirs, 0) == 0 &&
	       ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev;
}

static void save_ids(struct self_ids *ids)
{
	getresuid(&ids->r, &ids->e, &ids->s);
	getresgid(&ids->gr, &ids->ge, &ids->gs);
}

/* Our own supplementary groups are none (self.c), where we may say so. Where the user namespace denies setgroups(2), the
 * container cannot have changed them, either: they are the same, and stay. */
static int set_groups(const struct sup *s, const struct caller_identity *id)
{
	if (s->groups_denied)
		return 0;
	return raw_setgroups(id ? id->ngroups : 0, id ? id->groups : NULL);
}

#define CAP(c) (1ULL << (c))

static int take_ids(const struct sup *s, const struct caller_identity *id, uint64_t caps)
{
	uint64_t effective, permitted;

	/* The real uid decides who may signal this thread (and so end the process), where the pid namespace is shared: it stays
	 * ours. Unless it has to be named in SCM_CREDENTIALS, for which the kernel wants to find it here. */
	uid_t uid = id->uid == id->euid ? (uid_t)-1 : id->uid;

	if (set_groups(s, id) < 0 || raw_setresgid(id->gid, id->egid, (gid_t)-1) < 0 ||
	    raw_setresuid(uid, id->euid, (uid_t)-1) < 0)
		return -errno;
	if (id->fsgid != id->egid)
		raw_setfsgid(id->fsgid);
	if (id->fsuid != id->euid)
		raw_setfsuid(id->fsuid);
	hide_self(); /* for all threads: fs.suid_dumpable */
	if (raw_capget(&effective, &permitted) < 0 || raw_capset(caps & permitted, permitted) < 0)
		return -errno;
	return 0;
}

/* The way back. Nothing here fails on a kernel that let us come: the saved ids are ours, the capabilities are still
 * permitted. If it does, this thread would go on as the container's user: better no supervisor than that one. */
static void come_back(struct worker *w, const struct self_ids *ids)
{
	bool ok = self_raise(true) == 0 && raw_setresuid(ids->r, ids->e, ids->s) == 0 &&
		  raw_setresgid(ids->gr, ids->ge, ids->gs) == 0 &&
		  set_groups(w->sup, NULL) == 0;

	hide_self();
	if (ok && w->privileged)
		ok = fchdir(w->sup->root_fd) == 0 && chroot(".") == 0 && chdir("/") == 0;
	if (!ok || self_raise(false) < 0)
		_exit(EXIT_FAILURE);
	w->privileged = false;
}

/* Becomes the caller. @path: also for resolving names. @claim: keeps the right to name another pid in SCM_CREDENTIALS.
 * 0, or a negative errno in our own shape. */
static int become(struct worker *w, struct caller *c, const struct op *op, bool path, bool claim,
		  struct caller_identity *id, struct self_ids *ids)
{
	struct sup *s = w->sup;
	autofd root = -1;
	autofd cwd = -1;
	uint64_t caps;
	int r;

	if (caller_identify(s, c->tid, id) < 0)
		return -ESRCH;
	caps = same_userns(s, c->tid) ? id->cap_eff & (CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH)) : 0;
	if (claim)
		caps |= CAP(CAP_SYS_ADMIN);
	if (path) {
		root = open_link(s, c->tid, "root");
		cwd = open_link(s, c->tid, "cwd");
		if (root < 0 || cwd < 0)
			return -EACCES;
	}
	/* Its identity belongs to the verdict as much as its memory does. */
	if (!listener_valid(s, op))
		return -ESRCH;
	save_ids(ids);
	if (self_raise(true) < 0)
		return -EACCES;
	r = 0;
	if (path) {
		w->privileged = true;
		if (fchdir(root) < 0 || chroot(".") < 0 || fchdir(cwd) < 0)
			r = -EACCES;
	}
	if (!r)
		r = take_ids(s, id, caps);
	if (r < 0) {
		come_back(w, ids);
		return -EACCES;
	}
	return 0;
}

int unix_take_ids(const struct sup *s, const struct caller_identity *id, struct self_ids *ids)
{
	save_ids(ids);
	return take_ids(s, id, 0);
}

void unix_come_back(struct worker *w, const struct self_ids *ids)
{
	come_back(w, ids);
}

static bool is_pathname(const struct sockaddr_storage *ss, socklen_t len)
{
	return ss->ss_family == AF_UNIX && len > offsetof(struct sockaddr_un, sun_path) &&
	       ((const struct sockaddr_un *)ss)->sun_path[0] != '\0';
}

/* Finds the socket that a pathname means to the caller, and names it by our descriptor: *@fd is the caller's to close
 * when the call is done. 0 or a negative errno; an address without a path stays as it is.
 *
 * No magic links: "/proc/self/root" would be the supervisor's, that is the host's, wherever the container sees our pid
 * namespace. (Natively they work; here it is ELOOP.) The search rights of the directories are checked here, the right to
 * write to the socket by the call. */
static int find_socket(struct worker *w, struct caller *c, const struct op *op, struct sockaddr_storage *ss, socklen_t *len,
		       int *fd)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	struct sockaddr_un *un = (struct sockaddr_un *)ss;
	char path[sizeof(un->sun_path) + 1] = "";
	struct caller_identity id;
	struct self_ids ids;
	int r;

	if (!is_pathname(ss, *len) || *len > sizeof(*un))
		return 0; /* too long: the kernel says EINVAL */
	memcpy(path, un->sun_path, *len - offsetof(struct sockaddr_un, sun_path));
	r = become(w, c, op, true, false, &id, &ids);
	if (r < 0)
		return r;
	*fd = sys_openat2(AT_FDCWD, path, &how);
	r = *fd < 0 ? -errno : 0;
	come_back(w, &ids);
	if (r < 0)
		return r;
	memset(un->sun_path, 0, sizeof(un->sun_path));
	snprintf(un->sun_path, sizeof(un->sun_path), "/proc/self/fd/%d", *fd);
	*len = sizeof(*un);
	return 0;
}

enum answer unix_connect(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	bool may_block = op->si.domain == AF_UNIX && !sockinfo_nonblock(op->sock);
	struct sockaddr_storage addr = op->addr; /* a retry looks for the path again */
	socklen_t addr_len = op->addr_len;
	struct caller_identity id;
	struct self_ids ids;
	autofd found = -1;
	int error;

	r->error = find_socket(w, c, op, &addr, &addr_len, &found);
	if (!r->error)
		r->error = become(w, c, op, false, false, &id, &ids);
	if (r->error == -ESRCH)
		return ANSWER_DONE;
	if (r->error < 0)
		return ANSWER_VALUE;
	if (may_block) {
		/* The listener's backlog is full, or the path leads through a slow file system. */
		loop_hand_over(w);
		atomic_store(&w->in_connect, true);
	}
	error = connect(op->sock, (struct sockaddr *)&addr, addr_len) < 0 ? errno : 0;
	atomic_store(&w->in_connect, false);
	come_back(w, &ids);
	if (may_block && error == EINTR) {
		op->phase = OP_CONNECTING;
		return ANSWER_WAIT;
	}
	r->error = -error;
	return ANSWER_VALUE;
}

int unix_listen(struct worker *w, struct caller *c, struct op *op, int backlog)
{
	struct caller_identity id;
	struct self_ids ids;
	int r = become(w, c, op, false, false, &id, &ids);

	if (r < 0)
		return r;
	r = listen(op->sock, backlog) < 0 ? -errno : 0;
	come_back(w, &ids);
	return r;
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

/* A caller may name its own pid and any of its ids; more (with capabilities) is not passed on in this mode. */
static int check_creds(const struct sup *s, const struct op *op, const struct caller_identity *id, const struct ucred *u)
{
	if (u->pid != id->ns_tgid)
		return -EPERM;
	if (!ns_id_is(s, op->tid, "uid_map", u->uid, id->uid, id->euid, id->suid) ||
	    !ns_id_is(s, op->tid, "gid_map", u->gid, id->gid, id->egid, id->sgid))
		return -EPERM;
	return 0;
}

/* Says who sends. The kernel would say "the supervisor". */
static int put_creds(struct worker *w, const struct op *op, const struct caller_identity *id, struct msghdr *msg)
{
	struct message_control *mc = w->control;
	struct ucred ours = { .pid = id->tgid, .uid = id->uid, .gid = id->gid };
	struct cmsghdr *cm;

	for (unsigned int i = 0; i < mc->ncreds; i++) {
		struct ucred theirs;
		int r;

		memcpy(&theirs, mc->out + mc->creds_at[i], sizeof(theirs));
		r = check_creds(w->sup, op, id, &theirs);
		if (r < 0)
			return r;
		memcpy(mc->out + mc->creds_at[i], &ours, sizeof(ours));
	}
	if (mc->ncreds)
		return 0;
	if (mc->len + CMSG_SPACE(sizeof(ours)) > sizeof(mc->out))
		return -ENOBUFS;
	cm = (struct cmsghdr *)(void *)(mc->out + mc->len);
	memset(cm, 0, CMSG_SPACE(sizeof(ours)));
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_CREDENTIALS;
	cm->cmsg_len = CMSG_LEN(sizeof(ours));
	memcpy(CMSG_DATA(cm), &ours, sizeof(ours));
	msg->msg_control = mc->out;
	msg->msg_controllen = mc->len + CMSG_SPACE(sizeof(ours));
	return 0;
}

/* The path leads nowhere. That is the last thing that a send finds out, so one is tried all the same. */
static void name_nothing(struct msghdr *msg)
{
	static const char nothing[] = "/proc/self/fd/-";
	struct sockaddr_un *un = msg->msg_name;

	memcpy(un->sun_path, nothing, sizeof(nothing));
	msg->msg_namelen = offsetof(struct sockaddr_un, sun_path) + sizeof(nothing);
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
	bool is_unix = op->si.domain == AF_UNIX;
	struct caller_identity id;
	struct self_ids ids;
	autofd found = -1;
	int missing = 0;
	int64_t n;
	int r;

	if (!is_unix && (msg->msg_controllen || !netlink_reads_only(op, w->payload, msg->msg_iov->iov_len))) {
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, "netlink on behalf of several threads", EPERM);
		return -EPERM;
	}
	r = fetch_rights(w, c);
	if (r < 0)
		return r;
	/* Streams and the like look at no path. */
	if (op->si.type == SOCK_DGRAM && is_unix && msg->msg_name)
		missing = find_socket(w, c, op, msg->msg_name, &msg->msg_namelen, &found);
	if (missing < 0)
		name_nothing(msg);
	r = missing == -ESRCH ? missing : 0;
	if (!r)
		r = become(w, c, op, false, is_unix, &id, &ids);
	if (r < 0) {
		drop_rights(w);
		return r;
	}
	r = is_unix ? put_creds(w, op, &id, msg) : 0;
	n = r;
	if (r == 0) {
		n = sendmsg(op->sock, msg, flags);
		n = n < 0 ? -errno : n;
	}
	/* Rootless: only the owner of the pid namespace's user namespace may claim a pid. The message then goes out under
	 * the supervisor's pid and the caller's own uid and gid. */
	if (n == -EPERM && r == 0 && is_unix && !w->control->ncreds) {
		msg->msg_controllen = w->control->len;
		msg->msg_control = w->control->len ? w->control->out : NULL;
		n = sendmsg(op->sock, msg, flags);
		n = n < 0 ? -errno : n;
	}
	come_back(w, &ids);
	drop_rights(w);
	return missing && n == -ENOENT ? missing : n;
}
