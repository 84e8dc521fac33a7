// SPDX-License-Identifier: Apache-2.0
/* watch.c - the watcher: the supervisor's own death is survived
 *
 * Owns:     what must outlive a supervisor: the listeners, the control socket, init's pidfd, the counters, the ids of calls
 *           that were received; the decision whether another supervisor follows.
 * Must not: read anything of the workload's, receive a notification, have a thread. What it does not do cannot kill it.
 * Runs in:  a process of its own, the parent of each supervisor; no capability in effect.
 *
 * Theory of operation. The kernel closes what a dead supervisor had open, and a listener without a holder is the end: each
 * call that the filter hands over is ENOSYS from then on. So somebody else holds it, too. A supervisor that takes init's pidfd
 * or a listener sends a copy here before it acknowledges (what is in the socket's queue survives the sender); a later one is
 * forked with all of them, in the same slots, and goes on as if nothing had been. In between:
 *
 *   calls not received yet       wait in the kernel's list, and are served by the next supervisor
 *   calls received, unanswered   could wait for ever: nobody can receive them again. Their ids are in memory that we share
 *                                (struct sup_shared), and we answer them: ECONNABORTED, for what was done about them is unknown
 *   requests of commands         wait in the control socket's backlog; one that was accepted is asked anew (client.c)
 *
 * A supervisor that ends with 0 meant to (no init any more, or none has come): so do we. One that keeps dying is not started
 * more than RESTARTS_MAX times a minute, and ever later: then we end, and with us the listeners. Closed, not open.
 *
 * Our own death is not survived, but does no harm: the supervisor sees the end of our pair and goes on alone; state says
 * so. If it dies as well, or both are killed at once, nobody holds a listener: closed.
 *
 * SIGTERM ends both (delete, a create that failed). Init's end, too: the supervisor writes down what it knows and ends by
 * itself; we wait for that, so that who waits for us waits for all.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#define LAST_WORDS_MS 1000 /* for a supervisor whose init has ended */
#define DELAY_FIRST_MS 20  /* before the second restart within a minute; then twice as long each time … */
#define DELAY_MAX_MS 1000  /* … up to this */

struct watch {
	struct sup *sup; /* as it was before the first supervisor: each gets its own copy by fork */
	int ep;
	int signals;
	pid_t child; /* 0: none at the moment */
	int child_fd;
	int pair;
	int listeners[LISTENERS_MAX];
	int64_t restarted[RESTARTS_MAX]; /* ms, a ring */
	unsigned int restarts;
	int64_t restart_at;
};

enum watch_tag { TAG_CHILD = 1, TAG_PAIR, TAG_INIT, TAG_SIGNAL, TAG_LISTENER };

int watch_tell(struct sup *s, const struct watch_note *note, int fd, struct err *e)
{
	struct err mine = { 0 };

	int r;

	if (s->watch_fd < 0)
		return 0;
	/* In effect for the moment: without CAP_SYS_ADMIN the kernel counts what others of this user have on its way, too, containers
	 * among them (ETOOMANYREFS). */
	self_raise(true);
	r = fd_send(s->watch_fd, fd, note, sizeof(*note), &mine);
	if (self_raise(false) < 0)
		_exit(EXIT_FAILURE);
	if (r == 0)
		return 0;
	/* Gone in this moment: as if it had been before. */
	if (mine.code == EPIPE || mine.code == ECONNRESET)
		return 0;
	if (e)
		*e = mine;
	return err_prefix(e, "hand a descriptor to the supervisor's watcher");
}

static void add(struct watch *w, int fd, uint32_t events, enum watch_tag tag, unsigned int slot)
{
	struct epoll_event ev = { .events = events, .data.u64 = (uint64_t)tag << 56 | slot };

	/* Unwatched is worse than closed. */
	if (epoll_ctl(w->ep, EPOLL_CTL_ADD, fd, &ev) < 0)
		_exit(EXIT_FAILURE);
}

static bool wait_child(struct watch *w, int ms)
{
	struct pollfd p = { .fd = w->child_fd, .events = POLLIN };
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* The end of everything, with no child left. */
static void finish(struct watch *w, int grace_ms) __attribute__((noreturn));
static void finish(struct watch *w, int grace_ms)
{
	if (w->child > 0 && !wait_child(w, grace_ms)) {
		sys_pidfd_send_signal(w->child_fd, SIGKILL);
		/* A thread may be where no signal reaches it (loop.c, let_go()): who reaps orphans gets it. */
		wait_child(w, LAST_WORDS_MS);
	}
	if (w->child > 0)
		waitpid(w->child, NULL, WNOHANG);
	_exit(EXIT_SUCCESS);
}

/* --- what supervisors tell -------------------------------------------------------------------------------------------- */

static void drop_listener(struct watch *w, unsigned int slot)
{
	if (w->listeners[slot] < 0)
		return;
	/* By hand: the file may be open in the supervisor for a moment longer. */
	epoll_ctl(w->ep, EPOLL_CTL_DEL, w->listeners[slot], NULL);
	fd_close(&w->listeners[slot]);
}

static void take_note(struct watch *w, const struct watch_note *note, int *fd)
{
	if (note->what == WATCH_INIT && w->sup->init_fd < 0) {
		w->sup->init_fd = fd_steal(fd);
		add(w, w->sup->init_fd, EPOLLIN, TAG_INIT, 0);
	}
	if (note->what == WATCH_WALL && w->sup->wall_fd < 0)
		w->sup->wall_fd = fd_steal(fd);
	if (note->what == WATCH_LISTENER && note->slot < LISTENERS_MAX) {
		/* A slot is used again when its session has ended; we may not have looked since. */
		drop_listener(w, note->slot);
		w->listeners[note->slot] = fd_steal(fd);
		/* No events: an end (EPOLLHUP) is told all the same, and calls do not wake us. */
		add(w, w->listeners[note->slot], 0, TAG_LISTENER, note->slot);
	}
}

static void take_notes(struct watch *w)
{
	for (;;) {
		struct watch_note note = { 0 };
		autofd fd = -1;

		if (fd_recv(w->pair, &note, sizeof(note), &fd, NULL) != (int)sizeof(note))
			return; /* none any more, or the end of the pair: the child's pidfd tells */
		if (fd >= 0)
			take_note(w, &note, &fd);
	}
}

/* --- deaths ---------------------------------------------------------------------------------------------------------------- */

static void answer(const struct watch *w, uint64_t id, unsigned int slot)
{
	struct seccomp_notif_resp resp = { .id = id, .error = -ECONNABORTED };

	/* ENOENT: it was answered, or its caller is gone. */
	if (id && slot < LISTENERS_MAX && w->listeners[slot] >= 0)
		ioctl(w->listeners[slot], SECCOMP_IOCTL_NOTIF_SEND, &resp);
}

static void answer_inflight(struct watch *w)
{
	struct sup_shared *sh = w->sup->shared;

	for (unsigned int i = 0; i < WORKERS_MAX; i++) {
		answer(w, sh->received[i].n.id, atomic_load(&sh->received[i].listener));
		sh->received[i].n.id = 0;
	}
	for (unsigned int i = 0; i < PENDING_MAX; i++)
		answer(w, atomic_exchange(&sh->pending[i].id, 0), atomic_load(&sh->pending[i].listener));
}

/* When the next one is due, or never. */
static void schedule(struct watch *w)
{
	int64_t now = sup_now_ms(), delay = 0;

	for (unsigned int i = 0; i < RESTARTS_MAX; i++) {
		if (!w->restarted[i] || now - w->restarted[i] > 60000)
			continue;
		delay = delay ? delay * 2 : DELAY_FIRST_MS;
	}
	if (w->restarts >= RESTARTS_MAX && now - w->restarted[w->restarts % RESTARTS_MAX] <= 60000)
		_exit(EXIT_FAILURE);
	w->restart_at = now + (delay > DELAY_MAX_MS ? DELAY_MAX_MS : delay);
}

static bool init_has_ended(const struct watch *w)
{
	struct pollfd p = { .fd = w->sup->init_fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static void bury(struct watch *w)
{
	int status = 0;

	take_notes(w);
	while (waitpid(w->child, &status, 0) < 0 && errno == EINTR)
		;
	w->child = 0;
	fd_close(&w->child_fd);
	fd_close(&w->pair);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS)
		_exit(EXIT_SUCCESS);
	/* Without an init there is a create that will see its request fail. */
	if (w->sup->init_fd < 0)
		_exit(EXIT_FAILURE);
	if (init_has_ended(w))
		_exit(EXIT_SUCCESS);
	answer_inflight(w);
	schedule(w);
}

/* --- births ---------------------------------------------------------------------------------------------------------------- */

static void become_supervisor(struct watch *w, int pair, int ready) __attribute__((noreturn));
static void become_supervisor(struct watch *w, int pair, int ready)
{
	struct sup *s = w->sup;
	sigset_t none;

	fd_close(&w->ep);
	fd_close(&w->signals);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	self_begin("sandrun-sup");
	s->watch_fd = pair;
	/* The slots as they were: the ids in the shared memory go by them. */
	for (unsigned int i = 0; i < LISTENERS_MAX; i++)
		s->listeners[i].fd = w->listeners[i];
	start_supervise(s, ready);
}

/* False: no memory, no process (pids.max of our cgroup). */
static bool spawn(struct watch *w, int ready)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		become_supervisor(w, pair[1], ready);
	}
	close(pair[1]);
	if (pid > 0) {
		w->child = pid;
		w->pair = pair[0];
		w->child_fd = sys_pidfd_open(pid, 0);
		if (w->child_fd >= 0)
			return true;
		raw_tgkill(pid, pid, SIGKILL);
		waitpid(pid, NULL, 0);
		w->child = 0;
	}
	fd_close(&pair[0]);
	w->pair = -1;
	return false;
}

static void attend(struct watch *w)
{
	add(w, w->child_fd, EPOLLIN, TAG_CHILD, 0);
	add(w, w->pair, EPOLLIN, TAG_PAIR, 0);
}

static void restart(struct watch *w)
{
	w->restarted[w->restarts++ % RESTARTS_MAX] = sup_now_ms();
	atomic_fetch_add(&w->sup->shared->restarts, 1);
	if (spawn(w, -1))
		attend(w);
	else
		schedule(w);
}

/* --- the loop ---------------------------------------------------------------------------------------------------------------- */

static void on_listener(struct watch *w, unsigned int slot)
{
	struct pollfd p = { .fd = w->listeners[slot] };

	/* Looked at again: another may have taken the slot since. */
	if (p.fd >= 0 && poll(&p, 1, 0) > 0 && p.revents & (POLLHUP | POLLERR))
		drop_listener(w, slot);
}

static void on_event(struct watch *w, const struct epoll_event *ev)
{
	switch (ev->data.u64 >> 56) {
	case TAG_CHILD:
		bury(w);
		break;
	case TAG_PAIR:
		take_notes(w);
		/* Closed by one that lives on: it will not tell us any more, so it cannot be replaced. */
		if (ev->events & EPOLLHUP)
			epoll_ctl(w->ep, EPOLL_CTL_DEL, w->pair, NULL);
		break;
	case TAG_LISTENER:
		on_listener(w, (uint32_t)ev->data.u64);
		break;
	case TAG_INIT:
		finish(w, LAST_WORDS_MS);
	case TAG_SIGNAL:
		finish(w, 0);
	default:
		break;
	}
}

static int until_restart(const struct watch *w)
{
	int64_t left;

	if (w->child > 0)
		return -1;
	left = w->restart_at - sup_now_ms();
	return left > 0 ? (int)left : 0;
}

void watch_run(struct sup *s, int ready)
{
	static struct watch w = { .ep = -1, .signals = -1, .child_fd = -1, .pair = -1 };
	struct err e = { 0 };
	sigset_t term;

	w.sup = s;
	for (unsigned int i = 0; i < LISTENERS_MAX; i++)
		w.listeners[i] = -1;
	s->shared->watcher = getpid();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	/* First of all: create waits for it. */
	if (!spawn(&w, ready)) {
		err_sys(&e, "fork the supervisor");
		fd_write_all(ready, &e, sizeof(e));
		_exit(EXIT_FAILURE);
	}
	close(ready);
	fd_close(&s->creator_fd);
	w.ep = epoll_create1(EPOLL_CLOEXEC);
	w.signals = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w.ep < 0 || w.signals < 0)
		_exit(EXIT_FAILURE);
	add(&w, w.signals, EPOLLIN, TAG_SIGNAL, 0);
	attend(&w);
	if (self_filter_watcher(&e) < 0)
		_exit(EXIT_FAILURE);
	for (;;) {
		struct epoll_event ev;
		int n = epoll_wait(w.ep, &ev, 1, until_restart(&w));

		if (n > 0)
			on_event(&w, &ev);
		else if (w.child <= 0 && until_restart(&w) == 0)
			restart(&w);
	}
}
