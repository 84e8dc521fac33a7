// SPDX-License-Identifier: Apache-2.0
/* pending.c - calls that wait, without a thread
 *
 * Owns:     the table of blocked calls: a socket in the epoll set each; who gives up on them and when.
 * Must not: hold payload: a send that waits is copied and judged anew.
 * Runs in:  worker threads, under sup->lock; an entry that a worker has in its hands is "busy".
 *
 * What ends the wait, besides the socket: the caller is gone (its notification is no longer valid); SO_SNDTIMEO has
 * passed; a signal is pending for it. The filter is loaded with WAIT_KILLABLE_RECV, so the kernel wakes the caller only to
 * die; other signals are looked for here. -ERESTARTSYS then makes the kernel run the handler and restart the call
 * or return EINTR, by SA_RESTART, as natively. It must not be given to a task without TIF_SIGPENDING, whose user space
 * would see a bare 512; see interrupted().
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"

#define KERNEL_ERESTARTSYS 512
#define LOOK_FIRST_MS 4
#define LOOK_MAX_MS 20

int pending_init(struct sup *s)
{
	s->pending = mmap(NULL, PENDING_MAX * sizeof(struct pending), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	return s->pending == MAP_FAILED ? -1 : 0;
}

/* Every few ms; with a thousand entries less often, so that looking at them stays below a tenth of a processor. */
static void arm(struct sup *s)
{
	unsigned int ms = PENDING_TICK_MS + s->pending_count / 32;
	struct itimerspec ts = { .it_value = { .tv_nsec = (long)ms * 1000000 } };

	if (!s->pending_count || s->pending_armed)
		return;
	s->pending_armed = timerfd_settime(s->pending_fd, 0, &ts, NULL) == 0;
}

static void set_deadline(struct op *op)
{
	struct timeval tv = { 0 };
	socklen_t len = sizeof(tv);

	if (op->deadline || getsockopt(op->sock, SOL_SOCKET, SO_SNDTIMEO, &tv, &len) < 0)
		return;
	if (tv.tv_sec || tv.tv_usec)
		op->deadline = sup_now_ms() + tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000;
}

/* Writability of an AF_UNIX socket is about its own buffer; what it waits for is the receiver's. */
static bool retries_by_time(const struct op *op)
{
	return op->si.domain == AF_UNIX || op->si.domain == AF_NETLINK;
}

/* Under the lock. */
static void wait_again(struct sup *s, struct pending *p)
{
	uint32_t index = (uint32_t)(p - s->pending);
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLONESHOT, .data.u64 = WORK_DATA(WORK_PENDING, index, p->generation) };
	int64_t now = sup_now_ms();

	p->busy = false;
	p->next_look = now + p->backoff;
	if (retries_by_time(&p->op)) {
		p->next_retry = now + p->backoff;
		return;
	}
	/* Fails only for want of memory: then time does what the event would have done. */
	if (epoll_ctl(s->work_ep, p->polled ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, p->op.sock, &ev) < 0)
		p->next_retry = now + p->backoff;
	else
		p->polled = true;
}

/* For the watcher, in case that we do not live to answer it. */
static void note_inflight(struct sup *s, const struct pending *p, uint64_t id)
{
	struct inflight *in = &s->shared->pending[p - s->pending];

	atomic_store(&in->listener, p->op.listener);
	atomic_store(&in->id, id);
}

bool pending_add(struct sup *s, struct op *op)
{
	struct pending *p = NULL;

	set_deadline(op);
	pthread_mutex_lock(&s->lock);
	if (s->pending_count < PENDING_MAX) {
		for (unsigned int i = 0; i < PENDING_MAX && !p; i++)
			if (!s->pending[i].used)
				p = &s->pending[i];
	}
	if (p) {
		uint32_t generation = p->generation + 1;

		memset(p, 0, sizeof(*p));
		p->used = true;
		p->generation = generation;
		p->op = *op;
		p->backoff = LOOK_FIRST_MS;
		s->pending_count++;
		note_inflight(s, p, op->id);
		wait_again(s, p);
		arm(s);
	}
	pthread_mutex_unlock(&s->lock);
	return p != NULL;
}

static void release(struct worker *w, struct pending *p)
{
	struct sup *s = w->sup;
	unsigned int slot = p->op.listener;
	int sock;

	pthread_mutex_lock(&s->lock);
	if (p->polled)
		epoll_ctl(s->work_ep, EPOLL_CTL_DEL, p->op.sock, NULL);
	sock = p->op.sock;
	note_inflight(s, p, 0);
	p->used = false;
	s->pending_count--;
	pthread_mutex_unlock(&s->lock);
	/* Outside the lock: the last close of a socket that lingers takes its time. */
	listener_close(w, &sock);
	listener_put(s, slot);
}

/* @p is busy, ours. */
static void run(struct worker *w, struct pending *p)
{
	struct sup *s = w->sup;

	if (!listener_run(w, &p->op)) {
		release(w, p);
		return;
	}
	pthread_mutex_lock(&s->lock);
	p->next_retry = 0;
	wait_again(s, p);
	arm(s);
	pthread_mutex_unlock(&s->lock);
}

void pending_ready(struct worker *w, uint32_t index, uint32_t generation)
{
	struct sup *s = w->sup;
	struct pending *p;
	bool mine;

	if (index >= PENDING_MAX)
		return;
	p = &s->pending[index];
	pthread_mutex_lock(&s->lock);
	mine = p->used && !p->busy && (p->generation & 0xffffff) == generation;
	if (mine)
		p->busy = true;
	pthread_mutex_unlock(&s->lock);
	if (mine)
		run(w, p);
}

/* --- giving up --------------------------------------------------------------------------------------------------------- */

/* 0, or the errno with which a signal ends the wait.
 *
 * TIF_SIGPENDING is set for sure where the signal was sent to this very thread, where the process has only this one,
 * and where the thread leads its process, for which the kernel looks first when the process is signalled. SIGCHLD is
 * the exception: it goes to the thread that forked. A signal that stays pending although another thread might take it
 * gets EINTR, which needs no signal. */
static int interrupted(struct sup *s, struct pending *p)
{
	int intr = p->op.deadline ? EINTR : KERNEL_ERESTARTSYS;
	struct caller_identity id;
	uint64_t mine, shared;

	if (caller_identify(s, p->op.tid, &id) < 0)
		return 0;
	mine = id.sig_pending & ~id.sig_blocked;
	shared = id.sig_pending_shared & ~id.sig_blocked;
	if (mine || (shared && id.threads == 1))
		return intr;
	if (!shared) {
		p->signal_seen = false;
		return 0;
	}
	if (!p->signal_seen) {
		p->signal_seen = true; /* a thread that runs takes it before we look again */
		return 0;
	}
	if (p->op.tid == id.tgid && (shared & ~(1ULL << (SIGCHLD - 1))))
		return intr;
	return EINTR;
}

/* 0: goes on waiting. Else it has been answered. */
static bool give_up(struct sup *s, struct pending *p)
{
	struct op *op = &p->op;
	int error = 0;

	if (!listener_valid(s, op))
		return true;
	/* The signal first: on a machine under load both may have come since the last look. */
	error = interrupted(s, p);
	if (!error && op->deadline && sup_now_ms() >= op->deadline)
		error = op->timeout_errno ? op->timeout_errno : EAGAIN;
	if (!error)
		return false;
	/* What has gone out counts more than why the rest has not. */
	if (op->phase == OP_SENDING && op->done)
		listener_respond(s, op, (int64_t)op->done, 0, 0);
	else
		listener_respond(s, op, 0, -error, 0);
	return true;
}

static void look(struct worker *w, struct pending *p, int64_t now)
{
	struct sup *s = w->sup;

	if (give_up(s, p)) {
		release(w, p);
		return;
	}
	if (p->next_retry && p->next_retry <= now) {
		if (p->backoff < LOOK_MAX_MS)
			p->backoff *= 2;
		run(w, p);
		return;
	}
	pthread_mutex_lock(&s->lock);
	if (p->backoff < LOOK_MAX_MS)
		p->backoff *= 2;
	p->next_look = now + (p->signal_seen ? LOOK_FIRST_MS : p->backoff);
	p->busy = false;
	/* The socket may have become writable while we had it: a one-shot event that was turned away is asked again. */
	if (p->polled)
		wait_again(s, p);
	pthread_mutex_unlock(&s->lock);
}

void pending_tick(struct worker *w)
{
	struct sup *s = w->sup;
	int64_t now = sup_now_ms();
	uint64_t drain;

	(void)!read(s->pending_fd, &drain, sizeof(drain));
	/* Armed anew before anything is looked at: a look may get stuck (a socket's lock, a slow page), and another worker
	 * must then go on with the rest. */
	pthread_mutex_lock(&s->lock);
	s->pending_armed = false;
	arm(s);
	pthread_mutex_unlock(&s->lock);
	for (unsigned int i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &s->pending[i];
		bool due;

		pthread_mutex_lock(&s->lock);
		due = p->used && !p->busy && (p->next_look <= now || (p->op.deadline && p->op.deadline <= now));
		if (due)
			p->busy = true;
		pthread_mutex_unlock(&s->lock);
		if (due)
			look(w, p, now);
	}
}
