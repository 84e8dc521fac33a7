// SPDX-License-Identifier: Apache-2.0
/* loop.c - the threads of the supervisor and who leads
 *
 * Owns:     the main thread's loop, the workers, the lead.
 * Must not: let the main thread touch a caller or a caller's socket: it must never be stuck.
 *
 * Theory of operation. Calls are served by one thread at a time, the leader: it waits in the work epoll set (listeners,
 * sockets of blocked calls, a timer) and carries a call from its notification to its answer. No call to another thread is
 * on the way of a packet.
 *
 * But any step may take as long as the workload likes: a page under an address that a userfaultfd or a FUSE server fills,
 * a socket whose lock is held by a write of such a page, a path on a file system that hangs. Neither can be interrupted,
 * nor asked beforehand without a race. So the leader is watched: while calls come in, the main thread ticks every
 * TICK_MS; finds it the leader in the same step as a tick ago, it gives the lead to an idle worker. The stuck one finishes
 * alone when it can, and lies down with the idle. A call known to block (connect on a blocking socket) hands the lead over
 * before; it is interrupted at the second tick and goes on in the epoll set (connect.c).
 *
 * The lead is one atomic word: who, busy or waiting, and a sequence number that both sides compare-and-swap, so that a
 * leader that comes back at the moment of its dismissal knows.
 *
 * The main thread has the control socket, init's pidfd, the watcher's pair, the audit file and the ticks. It ends the process
 * when init is gone, and before there is an init when `create` or the watcher is gone or WATCH_DEADLINE_S have passed: with
 * status 0, which tells the watcher that it was meant so.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#define WORKER_STACK (64 * 1024)
#define BUSY 1ULL
#define IDLE_TICKS_MAX 5

int64_t sup_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the lead ------------------------------------------------------------------------------------------------------- */

static uint64_t lead_word(unsigned int worker, bool busy, uint64_t seq)
{
	return seq << 16 | (uint64_t)worker << 1 | (busy ? BUSY : 0);
}

static unsigned int lead_worker(uint64_t word)
{
	return (unsigned int)(word >> 1) & 0x7fff;
}

static bool lead_turn(struct worker *w, bool busy)
{
	uint64_t old = atomic_load(&w->sup->lead);

	if (lead_worker(old) != w->index)
		return false;
	return atomic_compare_exchange_strong(&w->sup->lead, &old, lead_word(w->index, busy, (old >> 16) + 1));
}

static void wake(struct worker *w)
{
	atomic_store(&w->wake, 1);
	raw_futex(&w->wake, FUTEX_WAKE_PRIVATE, 1);
}

static void sleep_until_lead(struct worker *w)
{
	while (!atomic_exchange(&w->wake, 0))
		raw_futex(&w->wake, FUTEX_WAIT_PRIVATE, 0);
}

static void lie_down(struct worker *w)
{
	struct sup *s = w->sup;

	pthread_mutex_lock(&s->idle_lock);
	s->idle[s->idle_count++] = w->index;
	pthread_mutex_unlock(&s->idle_lock);
}

/* Takes the lead from where @old says it is. False: it has moved meanwhile, or nobody is idle. */
static bool promote(struct sup *s, uint64_t old)
{
	struct worker *next = NULL;

	pthread_mutex_lock(&s->idle_lock);
	if (s->idle_count)
		next = &s->workers[s->idle[--s->idle_count]];
	pthread_mutex_unlock(&s->idle_lock);
	if (!next)
		return false;
	if (!atomic_compare_exchange_strong(&s->lead, &old, lead_word(next->index, false, (old >> 16) + 1))) {
		lie_down(next); /* it still sleeps */
		return false;
	}
	wake(next);
	return true;
}

bool loop_hand_over(struct worker *w)
{
	uint64_t old = atomic_load(&w->sup->lead);

	return lead_worker(old) != w->index || promote(w->sup, old);
}

void loop_arm_tick(struct sup *s)
{
	struct itimerspec ts = { .it_value = { .tv_nsec = TICK_MS * 1000000 }, .it_interval = { .tv_nsec = TICK_MS * 1000000 } };

	if (!atomic_load_explicit(&s->tick_armed, memory_order_relaxed) && !atomic_exchange(&s->tick_armed, true))
		timerfd_settime(s->tick_fd, 0, &ts, NULL);
}

/* --- workers ------------------------------------------------------------------------------------------------------------ */

static void serve(struct worker *w, const struct epoll_event *ev)
{
	uint64_t data = ev->data.u64;

	switch (data >> 56) {
	case WORK_LISTENER:
		listener_serve(w, (uint32_t)data, ev->events);
		break;
	case WORK_PENDING:
		pending_ready(w, (uint32_t)data, (uint32_t)(data >> 32) & 0xffffff);
		break;
	case WORK_TIMER:
		pending_tick(w);
		break;
	default:
		break;
	}
}

static void lead(struct worker *w)
{
	struct epoll_event ev;

	for (;;) {
		int n;

		budget_wait(w->sup);
		n = epoll_wait(w->sup->work_ep, &ev, 1, -1);
		if (n <= 0)
			continue;
		if (!lead_turn(w, true))
			return;
		loop_arm_tick(w->sup);
		serve(w, &ev);
		if (!lead_turn(w, false))
			return;
	}
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, TICK_SIGNAL);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	atomic_store(&w->tid, gettid());
	for (;;) {
		lie_down(w);
		sleep_until_lead(w);
		lead(w);
	}
	return NULL;
}

/* Scratch and stack out of one mapping made before "ready"; the kernel gives pages when they are touched. */
static size_t worker_room(void)
{
	return WORKER_STACK + PAYLOAD_MAX + CONTROL_MAX + IOVECS_MAX * (sizeof(struct iovec) + 16) +
	       ((sizeof(struct message_control) + 4095) & ~(size_t)4095);
}

static bool start_worker(struct sup *s, unsigned int i, uint8_t *room)
{
	struct worker *w = &s->workers[i];
	pthread_attr_t attr;
	bool ok;

	*w = (struct worker){ .sup = s, .index = i };
	w->payload = room + WORKER_STACK;
	w->control_in = w->payload + PAYLOAD_MAX;
	w->iovecs_in = w->control_in + CONTROL_MAX;
	w->iovecs = (struct iovec *)(void *)(w->iovecs_in + IOVECS_MAX * 16);
	w->control = (struct message_control *)(void *)(w->iovecs + IOVECS_MAX);
	pthread_attr_init(&attr);
	/* The lowest page stays inaccessible: an overflow must not run into the neighbour's buffers. */
	mprotect(room, 4096, PROT_NONE);
	ok = pthread_attr_setstack(&attr, room + 4096, WORKER_STACK - 4096) == 0 &&
	     pthread_create(&w->thread, &attr, worker_main, w) == 0;
	pthread_attr_destroy(&attr);
	return ok;
}

static void add_workers(struct sup *s, unsigned int n)
{
	while (n-- > 0 && s->worker_count < WORKERS_MAX &&
	       start_worker(s, s->worker_count, s->worker_rooms + s->worker_count * worker_room()))
		s->worker_count++;
}

/* Three: one leads, one is there when the lead is handed over, one while that one is away. More come when none is idle
 * (tick()): a thread costs 50 µs, and most containers never need the fourth. */
static void start_workers(struct sup *s)
{
	s->worker_rooms = mmap(NULL, worker_room() * WORKERS_MAX, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->worker_rooms == MAP_FAILED)
		_exit(EXIT_FAILURE);
	add_workers(s, WORKERS_FIRST);
	/* A task limit may leave us fewer; with none, nobody would serve: closed. */
	if (s->worker_count == 0)
		_exit(EXIT_FAILURE);
}

static unsigned int count_idle(struct sup *s)
{
	unsigned int n;

	pthread_mutex_lock(&s->idle_lock);
	n = s->idle_count;
	pthread_mutex_unlock(&s->idle_lock);
	return n;
}

/* --- the main thread ---------------------------------------------------------------------------------------------------- */

static void on_tick_signal(int sig)
{
	(void)sig; /* its only effect is EINTR */
}

/* Interrupts workers in a call that was known to be able to block, at their second tick. */
static bool watch_blocked(struct sup *s)
{
	bool any = false;

	for (unsigned int i = 0; i < s->worker_count; i++) {
		struct worker *w = &s->workers[i];
		bool leads = lead_worker(atomic_load(&s->lead)) == i;

		if (!atomic_load(&w->in_connect)) {
			w->away_ticks = 0;
			continue;
		}
		any = true;
		if (++w->away_ticks < 2 && !leads)
			continue;
		raw_tgkill(getpid(), atomic_load(&w->tid), TICK_SIGNAL);
	}
	return any;
}

static void tick(struct sup *s)
{
	static uint64_t last;
	static unsigned int idle_ticks;
	uint64_t now, drain;
	bool blocked;

	(void)!read(s->tick_fd, &drain, sizeof(drain));
	budget_tick(s);
	blocked = watch_blocked(s);
	now = atomic_load(&s->lead);
	/* Those made now are idle at the next tick. */
	if (count_idle(s) == 0)
		add_workers(s, WORKERS_MORE);
	if (now & BUSY && now == last)
		promote(s, now);
	idle_ticks = now & BUSY || now != last || blocked ? 0 : idle_ticks + 1;
	last = now;
	if (idle_ticks > IDLE_TICKS_MAX) {
		const struct itimerspec off = { 0 };

		timerfd_settime(s->tick_fd, 0, &off, NULL);
		atomic_store(&s->tick_armed, false);
		idle_ticks = 0;
		/* A call that came in between saw "armed" and relied on it. */
		if (atomic_load(&s->lead) != now)
			loop_arm_tick(s);
	}
}

/* The last act. A worker may wait for a page of a FUSE server that is gone with its container, for ever: as long as somebody has that
 * server's /dev/fuse. That may be we: a duplicate of it, or of a unix socket with one in its queue, in the very hands of the one
 * that waits; and the table of descriptors outlives every thread but the last. So these are closed first. (statx as it is cached, for
 * it must not ask such a server either; files and directories stay open, for their close would.) */
static void let_go(struct sup *s)
{
	struct rlimit rl = { .rlim_cur = 65536 };

	if (count_idle(s) + 1 >= s->worker_count && !(atomic_load(&s->lead) & BUSY))
		return;
	getrlimit(RLIMIT_NOFILE, &rl);
	for (int fd = 3; fd < (int)rl.rlim_cur; fd++) {
		socklen_t len = sizeof(int);
		struct statx st;
		int domain = -1;

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0 &&
		    (errno == EBADF || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0 ||
		     !S_ISCHR(st.stx_mode)))
			continue;
		/* Others hold nothing, and their close may linger. */
		if (domain == -1 || domain == AF_UNIX)
			close(fd);
	}
}

enum main_tag { MAIN_CONTROL = 1, MAIN_CONNECTION, MAIN_CREATOR, MAIN_INIT, MAIN_WATCHER, MAIN_TICK, MAIN_AUDIT, MAIN_WALL, MAIN_NAMES };

static void add(int ep, int fd, uint64_t data)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = data };

	if (fd >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		_exit(EXIT_FAILURE);
}

void loop_watch_init(struct sup *s)
{
	add(s->main_ep, s->init_fd, (uint64_t)MAIN_INIT << 56);
}

void loop_watch_names(struct sup *s)
{
	add(s->main_ep, s->names_fd, (uint64_t)MAIN_NAMES << 56);
}

void loop_watch_wall(struct sup *s)
{
	add(s->main_ep, s->wall_fd, (uint64_t)MAIN_WALL << 56);
}

void loop_watch_connection(struct sup *s, int fd, unsigned int index)
{
	add(s->main_ep, fd, (uint64_t)MAIN_CONNECTION << 56 | index);
}

static void main_event(struct sup *s, const struct epoll_event *ev)
{
	switch (ev->data.u64 >> 56) {
	case MAIN_CONTROL:
		control_accept(s);
		break;
	case MAIN_CONNECTION:
		control_serve(s, (unsigned int)ev->data.u64);
		break;
	case MAIN_NAMES:
		names_hear(s);
		break;
	case MAIN_WALL:
		wall_log_hear(s);
		break;
	case MAIN_TICK:
		tick(s);
		break;
	case MAIN_AUDIT:
		kernel_log_drain(s); /* what came before is written before */
		audit_flush(&s->audit, s->policy, s->id, false);
		break;
	case MAIN_CREATOR:
		/* Its end without an init: nobody will ever watch. With one: its work is done. */
		if (s->init_fd < 0)
			_exit(EXIT_SUCCESS);
		epoll_ctl(s->main_ep, EPOLL_CTL_DEL, s->creator_fd, NULL);
		break;
	case MAIN_WATCHER:
		/* It never speaks; this is its end. Before there is an init: create has given up. */
		if (s->init_fd < 0)
			_exit(EXIT_SUCCESS);
		fd_close(&s->watch_fd);
		break;
	case MAIN_INIT:
		kernel_log_drain(s);
		wall_log_drain(s);
		audit_flush(&s->audit, s->policy, s->id, true);
		audit_ended(&s->audit, s->id);
		let_go(s);
		_exit(EXIT_SUCCESS);
	default:
		break;
	}
}

void loop_run(struct sup *s)
{
	struct sigaction sa = { .sa_handler = on_tick_signal }; /* no SA_RESTART: EINTR is the point */
	int64_t deadline = sup_now_ms() + WATCH_DEADLINE_S * 1000, looked = 0;
	struct err e;
	sigset_t set;

	sigaction(TICK_SIGNAL, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	signal(SIGCHLD, SIG_IGN); /* deputy.c: nobody waits */
	sigemptyset(&set);
	sigaddset(&set, TICK_SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	add(s->main_ep, s->control_fd, (uint64_t)MAIN_CONTROL << 56);
	add(s->main_ep, s->creator_fd, (uint64_t)MAIN_CREATOR << 56);
	add(s->main_ep, s->watch_fd, (uint64_t)MAIN_WATCHER << 56);
	add(s->main_ep, s->init_fd, (uint64_t)MAIN_INIT << 56); /* known from the start by all but the first */
	loop_watch_wall(s); /* likewise */
	add(s->main_ep, s->tick_fd, (uint64_t)MAIN_TICK << 56);
	add(s->main_ep, s->audit.wake_fd, (uint64_t)MAIN_AUDIT << 56);
	add(s->work_ep, s->pending_fd, (uint64_t)WORK_TIMER << 56);
	atomic_store(&s->lead, lead_word(0x7fff, false, 1));
	start_workers(s);
	while (count_idle(s) < s->worker_count)
		sched_yield();
	promote(s, atomic_load(&s->lead));
	if (self_filter(&e) < 0)
		_exit(EXIT_FAILURE);
	if (atomic_load(&s->shared->restarts))
		audit_restarted(&s->audit, s->id, atomic_load(&s->shared->restarts));
	for (;;) {
		struct epoll_event ev;
		/* Before there is an init, a deadline; with unwritten refusals or the kernel's ring, a second look. */
		int n = epoll_wait(s->main_ep, &ev, 1, s->init_fd < 0 || s->audit.suppressed || s->kernel_log || s->wall_dirty ? 1000 : -1);

		if (s->init_fd < 0 && sup_now_ms() > deadline)
			_exit(EXIT_SUCCESS);
		if (n > 0)
			main_event(s, &ev);
		/* Not only when nothing happens: ticks come every TICK_MS while calls do. */
		if ((s->kernel_log || s->wall_dirty) && (n == 0 || sup_now_ms() - looked >= 1000)) {
			looked = sup_now_ms();
			kernel_log_drain(s);
			if (s->wall_dirty)
				wall_log_drain(s);
		}
		if (n == 0)
			audit_flush(&s->audit, s->policy, s->id, false);
	}
}
