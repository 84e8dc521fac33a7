// SPDX-License-Identifier: Apache-2.0
/* foreground.c - staying with a process until it ends: signals forwarded, its terminal relayed
 *
 * Owns:     our own terminal's mode while it is relayed (raw, restored at the end), window size changes.
 * Runs in:  run and exec without --detach.
 */
#include "container/foreground.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "container/notify.h"
#include "container/patience.h"

#define DRAIN_MAX 64 /* reads of at most 4 KiB, which is all that a pty holds and more */

struct relay {
	int master;
	int in; /* our terminal */
	bool in_open; /* it still gives something */
	bool raw;
	struct termios saved;
	char to_pty[4096]; /* read from it and not yet taken by the pty */
	size_t to_pty_len;
};

static void forwarded(sigset_t *set)
{
	/* All but what the kernel sends for a fault of our own, what cannot be caught, and SIGPIPE, which is ours. */
	static const int own[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE };

	sigfillset(set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(set, own[i]);
}

void foreground_prepare(void)
{
	sigset_t set;

	forwarded(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Our terminal: standard input, else output or error, else the one that controls us, as with runc. So a script whose input comes from
 * elsewhere can have a session on the terminal it runs on. A duplicate; -1: there is none. */
static int open_terminal(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (isatty(fd) && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY)
			return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

int foreground_check_terminal(struct err *e)
{
	autofd fd = open_terminal();

	if (fd >= 0)
		return 0;
	return err_msg(e, "process.terminal is true, and there is no terminal here: standard input, output and error are none (use "
			  "--console-socket, or a configuration without a terminal)");
}

void foreground_copy_size(int master)
{
	autofd fd = open_terminal();
	struct winsize ws;

	if (fd >= 0 && ioctl(fd, TIOCGWINSZ, &ws) == 0)
		ioctl(master, TIOCSWINSZ, &ws);
}

void foreground_adopt_terminal(int master, bool copy_size)
{
	struct termios t;

	if (copy_size)
		foreground_copy_size(master);
	/* A pipe or a file gets lines as the program wrote them: the CR is for a screen. */
	if (!isatty(STDOUT_FILENO) && tcgetattr(master, &t) == 0) {
		t.c_oflag &= ~(tcflag_t)ONLCR;
		(void)tcsetattr(master, TCSANOW, &t);
	}
}

static void relay_start(struct relay *r)
{
	struct termios raw;

	if (r->master < 0)
		return;
	fcntl(r->master, F_SETFL, O_NONBLOCK);
	r->in = open_terminal();
	r->in_open = r->in >= 0;
	foreground_copy_size(r->master);
	if (tcgetattr(r->in, &r->saved) < 0)
		return;
	raw = r->saved;
	cfmakeraw(&raw);
	r->raw = tcsetattr(r->in, TCSANOW, &raw) == 0;
}

static void relay_end(struct relay *r)
{
	if (r->raw)
		tcsetattr(r->in, TCSANOW, &r->saved);
	r->raw = false;
	fd_close(&r->in);
}

/* pty -> stdout. False when the other side is closed (EIO) and everything was read. */
static bool from_pty(const struct relay *r)
{
	char buf[8192];
	ssize_t n = read(r->master, buf, sizeof(buf));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	(void)fd_write_all(STDOUT_FILENO, buf, (size_t)n);
	return true;
}

/* Our terminal -> pty, through a buffer: a pty that takes no more must not stop the output. */
static void from_terminal(struct relay *r)
{
	ssize_t n = read(r->in, r->to_pty, sizeof(r->to_pty));

	if (n > 0) {
		r->to_pty_len = (size_t)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		/* A terminal that has been hung up is the end of input for the program: ^D, as a user would type it. */
		r->in_open = false;
		r->to_pty[0] = 4;
		r->to_pty_len = 1;
	}
}

static void into_pty(struct relay *r)
{
	ssize_t n = write(r->master, r->to_pty, r->to_pty_len);

	if (n > 0) {
		r->to_pty_len -= (size_t)n;
		memmove(r->to_pty, r->to_pty + n, r->to_pty_len);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		r->to_pty_len = 0;
		r->in_open = false;
	}
}

/* What the process said before its end; not all that others may go on to say. */
static void drain(struct relay *r)
{
	struct pollfd p = { .fd = r->master, .events = POLLIN };

	for (int i = 0; i < DRAIN_MAX && r->master >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLIN); i++)
		if (!from_pty(r))
			break;
}

/* True when @pid has ended; other children (the supervisor) are reaped along the way. */
static bool reap(pid_t pid, int *code)
{
	int status;
	pid_t got;

	while ((got = waitpid(-1, &status, WNOHANG)) > 0) {
		if (got != pid)
			continue;
		*code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		return true;
	}
	return false;
}

/* A process that is stopped (the container may have done that) hears of its end, too. */
static void forward(pid_t pid, int sig)
{
	bool wake = (sig == SIGTERM || sig == SIGINT || sig == SIGHUP || sig == SIGQUIT) && patience_is_stopped(pid);

	kill(pid, sig);
	if (wake)
		kill(pid, SIGCONT);
}

static bool take_signal(int sigfd, pid_t pid, const struct relay *r, int *code)
{
	struct signalfd_siginfo si;

	if (read(sigfd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return false;
	if (si.ssi_signo == SIGCHLD)
		return reap(pid, code);
	if (si.ssi_signo == SIGWINCH && r->master >= 0)
		foreground_copy_size(r->master);
	else if (si.ssi_signo != SIGURG) /* SIGURG, SIGWINCH of no terminal: nothing to say to it */
		forward(pid, (int)si.ssi_signo);
	return false;
}

int foreground_wait(pid_t pid, int master, int notify, struct err *e)
{
	struct relay r = { .master = master, .in = -1 };
	autofd sigfd = -1;
	sigset_t set;
	int code = -1;

	forwarded(&set);
	sigfd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		return err_sys(e, "make a signalfd");
	relay_start(&r);
	while (!reap(pid, &code)) {
		struct pollfd p[4] = {
			{ .fd = sigfd, .events = POLLIN },
			{ .fd = r.master, .events = (short)(POLLIN | (r.to_pty_len ? POLLOUT : 0)) },
			{ .fd = r.in_open && !r.to_pty_len ? r.in : -1, .events = POLLIN },
			{ .fd = notify, .events = POLLIN },
		};

		if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR) {
			relay_end(&r);
			return err_sys(e, "wait for the process in the container");
		}
		if (p[0].revents && take_signal(sigfd, pid, &r, &code))
			break;
		if ((p[1].revents & POLLIN) || (p[1].revents & POLLHUP)) {
			if (!from_pty(&r))
				r.master = -1; /* every slave is closed; the process may go on without a terminal */
		}
		if (r.master >= 0 && (p[1].revents & POLLOUT))
			into_pty(&r);
		if (p[2].revents)
			from_terminal(&r);
		if (p[3].revents)
			(void)notify_relay(notify, 0); /* we are the service's main process, and stay it */
	}
	drain(&r);
	notify_drain(notify);
	relay_end(&r);
	return code;
}
