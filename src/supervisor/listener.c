// SPDX-License-Identifier: Apache-2.0
/* listener.c - the life of a notification
 *
 * Owns:     the listeners' slots; receiving, the dispatch to a handler, the answer.
 * Must not: answer CONTINUE but where listener_may_continue() says so.
 * Runs in:  worker threads; listener_add() also in the main thread.
 *
 *   state      what may be read       what may be called              what ends it
 *   received   registers              caller_…: memory, descriptor    the caller's death (ESRCH, EFAULT: dropped)
 *   judged     our copies only        the call, on the duplicate      an answer; or it would block
 *   pending    registers; for sends   ID_VALID, /proc/TID/status      writable, signal, SO_SNDTIMEO, death
 *              all is copied anew     (pending.c)
 *   answered   nothing                nothing                         —
 *
 * Between "received" and "judged" lies the hard edge: listener_valid(), after the last read.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

static int serve_slot(struct sup *s, unsigned int slot)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = WORK_DATA(WORK_LISTENER, slot, 0) };

	return epoll_ctl(s->work_ep, EPOLL_CTL_ADD, s->listeners[slot].fd, &ev);
}

int listener_restore(struct sup *s, unsigned int slot, int fd)
{
	s->listeners[slot].fd = fd;
	atomic_store(&s->listeners[slot].refs, 1);
	return serve_slot(s, slot);
}

/* A client asks again when it got no answer because a supervisor died: the watcher may have been told already. */
static bool is_served(struct sup *s, int fd)
{
	bool found = false;

	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < LISTENERS_MAX && !found; i++)
		found = s->listeners[i].fd >= 0 && !s->listeners[i].closing && raw_kcmp_fds(s->listeners[i].fd, fd) == 0;
	pthread_mutex_unlock(&s->lock);
	return found;
}

int listener_add(struct sup *s, int fd, struct err *e)
{
	struct watch_note note = { .what = WATCH_LISTENER };
	int slot = -1;

	/* Linux 6.6: 6 µs a call instead of 50, same verdicts. So its absence (EINVAL) is no error. */
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) < 0 && errno != EINVAL) {
		err_sys(e, "ask the seccomp listener for synchronous wake-ups (is it a listener?)");
		close(fd);
		return -1;
	}
	if (atomic_load(&s->shared->restarts) && is_served(s, fd)) {
		close(fd);
		return 0;
	}
	pthread_mutex_lock(&s->lock);
	for (int i = 0; i < LISTENERS_MAX && slot < 0; i++)
		if (s->listeners[i].fd < 0)
			slot = i;
	if (slot >= 0) {
		s->listeners[slot].fd = fd;
		s->listeners[slot].closing = false;
		atomic_store(&s->listeners[slot].refs, 1);
	}
	pthread_mutex_unlock(&s->lock);
	if (slot < 0) {
		close(fd);
		return err_msg(e, "the supervisor serves %d sessions already", LISTENERS_MAX);
	}
	note.slot = (unsigned int)slot;
	if (watch_tell(s, &note, fd, e) < 0) {
		listener_put(s, note.slot);
		return -1;
	}
	if (serve_slot(s, note.slot) < 0) {
		err_sys(e, "poll the seccomp listener");
		listener_put(s, note.slot);
		return -1;
	}
	return slot;
}

void listener_put(struct sup *s, unsigned int slot)
{
	struct listener *l = &s->listeners[slot];

	pthread_mutex_lock(&s->lock);
	if (atomic_fetch_sub(&l->refs, 1) == 1) {
		close(l->fd);
		l->fd = -1;
	}
	pthread_mutex_unlock(&s->lock);
}

/* Everyone under this filter is gone. Ops of dead callers may still hold the slot. */
static void hang_up(struct sup *s, unsigned int slot)
{
	struct listener *l = &s->listeners[slot];
	bool mine;

	pthread_mutex_lock(&s->lock);
	mine = l->fd >= 0 && !l->closing;
	l->closing = true;
	if (mine)
		epoll_ctl(s->work_ep, EPOLL_CTL_DEL, l->fd, NULL);
	pthread_mutex_unlock(&s->lock);
	if (mine)
		listener_put(s, slot);
}

/* The tick's signal may come late, into any call of a worker. */
static int ioctl_retry(int fd, unsigned long request, void *arg)
{
	int r;

	do {
		r = ioctl(fd, request, arg);
	} while (r < 0 && errno == EINTR);
	return r;
}

bool listener_valid(struct sup *s, const struct op *op)
{
	uint64_t id = op->id;

	return ioctl_retry(s->listeners[op->listener].fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool listener_respond(struct sup *s, const struct op *op, int64_t val, int error, uint32_t flags)
{
	struct seccomp_notif_resp resp = { .id = op->id, .val = val, .error = error, .flags = flags };

	return ioctl_retry(s->listeners[op->listener].fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0;
}

int listener_add_fd(struct sup *s, const struct op *op, int fd, bool cloexec)
{
	struct seccomp_notif_addfd add = { .id = op->id, .srcfd = (uint32_t)fd,
					   .newfd_flags = cloexec ? (uint32_t)O_CLOEXEC : 0 };

	return ioctl_retry(s->listeners[op->listener].fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
}

bool listener_may_continue(const struct sup *s, struct caller *c, const struct op *op, bool fastopen)
{
	if (s->plan.judge_only)
		return true;
	/* socketcall: the kernel reads descriptor, address and flags from memory again. Landlock would still refuse a
	 * connect, but not a Fast Open send; the cgroup program refuses both. */
	if (op->call.in_memory)
		return s->plan.backstop && (op->call.kind == NOTIFY_CONNECT || s->plan.bpf);
	if (s->plan.backstop && (!fastopen || s->plan.bpf))
		return true;
	return caller_is_alone(c, (int)op->call.args[0], &op->si);
}

void listener_audit_record(struct sup *s, const struct op *op, struct audit_record *r)
{
	struct caller_identity id;

	r->tid = op->tid;
	r->kind = op->call.kind;
	clock_gettime(CLOCK_REALTIME, &r->when);
	/* The caller waits for us, so this is still its name. */
	if (caller_identify(s, op->tid, &id) == 0)
		memcpy(r->comm, id.comm, sizeof(r->comm));
	audit_denied(&s->audit, r);
}

void listener_audit(struct sup *s, const struct op *op, const struct policy_dest *d, int rule, const char *why, int error)
{
	struct audit_record r = { .rule = rule, .why = why, .error = error, .has_dest = d != NULL };

	if (d) {
		r.dest = *d;
		names_of(s, &d->addr, r.name);
	}
	listener_audit_record(s, op, &r);
}

/* --- running one ---------------------------------------------------------------------------------------------------- */

static enum answer unsocketcall(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	unsigned int n = notify_calls_socketcall_args((uint32_t)op->call.args[0]);
	uint32_t words[6] = { 0 };

	(void)w;
	r->error = -EFAULT;
	if (caller_read(c, op->call.args[1], words, n * sizeof(words[0])) < 0)
		return ANSWER_VALUE;
	r->error = -EINVAL;
	if (!notify_calls_decode_socketcall(words, &op->call))
		return ANSWER_VALUE;
	r->error = 0;
	return ANSWER_WAIT;
}

static enum answer dispatch(struct worker *w, struct caller *c, struct op *op, struct result *r)
{
	if (op->call.kind == NOTIFY_SOCKETCALL && unsocketcall(w, c, op, r) == ANSWER_VALUE)
		return policy_is_audit(w->sup->policy) ? ANSWER_CONTINUE : ANSWER_VALUE;
	if (policy_is_audit(w->sup->policy))
		return onlooker_handle(w, c, op);
	switch (op->call.kind) {
	case NOTIFY_CONNECT:
		return connect_handle(w, c, op, r);
	case NOTIFY_SENDTO:
	case NOTIFY_SENDMSG:
	case NOTIFY_SENDMMSG:
		return send_handle(w, c, op, r);
	case NOTIFY_SETSOCKOPT:
		return options_handle(w, c, op, r);
	case NOTIFY_BIND:
		return options_bind(w, c, op, r);
	case NOTIFY_LISTEN:
		return options_listen(w, c, op, r);
	case NOTIFY_SOCKET:
		return op->call.in_memory ? socket_handle(w, op, r) : refuse_handle(w, op, r);
	default:
		return refuse_handle(w, op, r);
	}
}

static void remember_undelivered(struct sup *s, const struct op *op)
{
	socklen_t len = sizeof(uint64_t);
	uint64_t cookie;

	if (getsockopt(op->sock, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return;
	pthread_mutex_lock(&s->lock);
	s->undelivered[s->undelivered_next++ % (sizeof(s->undelivered) / sizeof(s->undelivered[0]))] = cookie;
	pthread_mutex_unlock(&s->lock);
}

bool listener_run(struct worker *w, struct op *op)
{
	struct result r = { 0 };
	enum answer a = ANSWER_VALUE;
	struct caller c;
	int opened;

	/* EACCES: someone we may not look at (fail closed); ESRCH: dead, and the answer goes nowhere. */
	opened = caller_open(&c, w, op->tid);
	if (opened == 0)
		a = dispatch(w, &c, op, &r);
	else
		r.error = -EACCES;
	if (opened < 0 && policy_is_audit(w->sup->policy))
		a = ANSWER_CONTINUE;
	if (opened < 0 && opened != -ESRCH)
		listener_audit(w->sup, op, NULL, AUDIT_NO_RULE, "a caller that cannot be looked at", EACCES);
	caller_close(&c);
	if (a == ANSWER_WAIT)
		return true;
	if (a == ANSWER_CONTINUE)
		listener_respond(w->sup, op, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	if (a == ANSWER_VALUE && !listener_respond(w->sup, op, r.val, r.error, 0) && op->call.kind == NOTIFY_CONNECT &&
	    !r.error && op->sock >= 0)
		remember_undelivered(w->sup, op);
	return false;
}

/* Nobody waits any longer: its place in the table is gone, what it would have waited for has an errno. */
static void answer_full(struct sup *s, const struct op *op)
{
	listener_respond(s, op, 0, op->call.kind == NOTIFY_CONNECT ? -EAGAIN : -ENOBUFS, 0);
}

void listener_close(struct worker *w, int *sock)
{
	atomic_store(&w->in_connect, true);
	fd_close(sock);
	atomic_store(&w->in_connect, false);
}

static void serve_one(struct worker *w, unsigned int slot, const struct seccomp_notif *n)
{
	struct op op = { .id = n->id, .listener = slot, .tid = (pid_t)n->pid, .sock = -1 };
	struct sup *s = w->sup;

	if (!notify_calls_decode(&n->data, &op.call) || n->pid == 0) {
		/* pid 0: a caller outside our pid namespace cannot be read, hence not judged. */
		listener_respond(s, &op, 0, -ENOSYS, 0);
	} else if (listener_run(w, &op)) {
		if (pending_add(s, &op))
			return;
		answer_full(s, &op);
	}
	listener_close(w, &op.sock);
	listener_put(s, slot);
}

void listener_serve(struct worker *w, unsigned int slot, uint32_t events)
{
	struct sup *s = w->sup;
	struct seccomp_notif *n = &s->shared->received[w->index].n;
	int fd, r;

	if (!(events & EPOLLIN)) {
		if (events & (EPOLLHUP | EPOLLERR))
			hang_up(s, slot);
		return;
	}
	pthread_mutex_lock(&s->lock);
	fd = s->listeners[slot].fd;
	if (fd >= 0)
		atomic_fetch_add(&s->listeners[slot].refs, 1);
	pthread_mutex_unlock(&s->lock);
	if (fd < 0)
		return;
	atomic_store(&s->shared->received[w->index].listener, slot);
	memset(s->shared->received[w->index].room, 0, NOTIF_ROOM);
	/* Blocks if the caller has died since epoll saw it: another worker then takes the lead, and the tick's signal brings
	 * this one back (EINTR). ENOENT: it died inside RECV. */
	atomic_store(&w->in_connect, true);
	r = ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n);
	atomic_store(&w->in_connect, false);
	if (r == 0)
		serve_one(w, slot, n);
	else
		listener_put(s, slot);
	/* Answered, or in the table of blocked calls: no longer the watcher's business. */
	n->id = 0;
}
