// SPDX-License-Identifier: Apache-2.0
/* daemon.c - the name service as processes: one that serves, and one that brings another up when it dies
 *
 * The outer process is forked by create, enters the container's network namespace, opens the sockets and drops all rights.
 * It then forks the one that serves, and another one whenever that ends: because it died, or because the supervisor did, which closes
 * the conversation. The questions of the moment are lost, and asked again by whoever waits. Until the supervisor has the new
 * conversation nobody serves: closed.
 *
 * The inner one reads what strangers wrote, so it has no right, may open no file, make no process and no socket, and connects only
 * by TCP sockets that are there already.
 *
 * Runs in:  names_start() in create; the rest in its children.
 */
#include "names/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/str.h"
#include "base/sys.h"

#define DELAY_FIRST_MS 20
#define DELAY_MAX_MS 1000

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCH AUDIT_ARCH_RISCV64
#elif defined(__s390x__)
#define NATIVE_ARCH AUDIT_ARCH_S390X
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define NATIVE_ARCH AUDIT_ARCH_PPC64LE
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NATIVE_ARCH)
#define FILTERED 0 /* a sanitizer's runtime calls what it likes */
#else
#define FILTERED 1
#endif

/* --- the inner process ------------------------------------------------------------------------------------------- */

/* Every call that it makes, by the file that makes it. Anything else ends it. */
static const unsigned int own_calls[] = {
	/* service.c */
#ifdef __NR_epoll_wait
	__NR_epoll_wait,
#endif
	__NR_epoll_pwait, __NR_epoll_ctl, __NR_accept4, __NR_recvfrom, __NR_sendto, __NR_close, __NR_clock_gettime,
	/* upstream.c */
	__NR_connect, __NR_getrandom,
	/* its end */
	__NR_exit_group, __NR_rt_sigreturn, __NR_restart_syscall,
};

static int load_filter(struct err *e)
{
	static struct sock_filter code[2 * ARRAY_SIZE(own_calls) + 8];
	struct sock_fprog prog = { .filter = code };
	unsigned short n = 0;

#ifdef NATIVE_ARCH
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
#endif
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < ARRAY_SIZE(own_calls); i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, own_calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog.len = n;
	if (FILTERED && sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(e, "load the name service's own filter");
	return 0;
}

static int drop_caps(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 }, { 0 } };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
		return err_sys(e, "drop the name service's capabilities");
	return 0;
}

__attribute__((noreturn)) static void serve(const struct names_request *q, const struct names_sockets *k, int supervisor)
{
	const struct names_setup setup = { .sockets = *k, .patterns = q->patterns, .n_patterns = q->n_patterns, .supervisor = supervisor };
	const struct rlimit none = { 0, 0 };
	struct err e;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "sandrun-names");
	fd_close(&(int){ q->state_dir });
	fd_close(&(int){ q->init });
	fd_close(&(int){ q->netns });
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_NPROC, &none);
	/* It stays the user that it is: another one's processes in a shared pid namespace could end it. */
	if (drop_caps(&e) < 0 || names_serve(&setup, load_filter, &e) < 0)
		_exit(EXIT_FAILURE);
	_exit(EXIT_SUCCESS);
}

/* --- the outer process --------------------------------------------------------------------------------------------- */

static bool has_ended(int pidfd, int ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

/* One service: its pid, or 0 if there can be none now. */
static pid_t spawn(const struct names_request *q, const struct names_sockets *k, struct err *e)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		err_sys(e, "make the conversation of the name service with the supervisor");
		return 0;
	}
	if (q->join(q->state_dir, pair[1], e) < 0) {
		close(pair[0]);
		close(pair[1]);
		return 0;
	}
	close(pair[1]);
	pid = fork();
	if (pid == 0)
		serve(q, k, pair[0]);
	close(pair[0]);
	if (pid < 0)
		err_sys(e, "fork the name service");
	return pid > 0 ? pid : 0;
}

/* True: init has ended. */
static bool wait_for_end(const struct names_request *q, pid_t pid)
{
	autofd service = sys_pidfd_open(pid, 0);
	struct pollfd p[2] = { { .fd = q->init, .events = POLLIN }, { .fd = service, .events = POLLIN } };

	while (poll(p, 2, -1) < 0 && errno == EINTR)
		;
	if (p[0].revents)
		kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return p[0].revents;
}

__attribute__((noreturn)) static void keep_serving(const struct names_request *q, const struct names_sockets *k, pid_t first)
{
	int delay = DELAY_FIRST_MS;
	pid_t pid = first;

	for (;;) {
		if (pid > 0 && wait_for_end(q, pid))
			_exit(EXIT_SUCCESS);
		/* Waits between two tries, longer each time there was none. */
		if (has_ended(q->init, delay))
			_exit(EXIT_SUCCESS);
		pid = spawn(q, k, NULL);
		delay = pid > 0 ? DELAY_FIRST_MS : delay * 2 < DELAY_MAX_MS ? delay * 2 : DELAY_MAX_MS;
	}
}

static int detach(struct names_request *q, int *ready, struct err *e)
{
	int *fds[] = { &q->netns, &q->init, &q->state_dir, ready };
	int keep[ARRAY_SIZE(fds)];
	int null;

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		keep[i] = fcntl(*fds[i], F_DUPFD_CLOEXEC, 100);
		if (keep[i] < 0)
			return err_sys(e, "keep a descriptor for the name service");
		*fds[i] = keep[i];
	}
	/* Engines wait for the end of these files. */
	fd_close_from_but_all(3, keep, ARRAY_SIZE(keep));
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			return err_sys(e, "give /dev/null to the name service");
	if (null > 2)
		close(null);
	setsid();
	prctl(PR_SET_NAME, "sandrun-nwatch");
	prctl(PR_SET_PDEATHSIG, 0);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	return chdir("/") < 0 ? err_sys(e, "enter / as the name service") : 0;
}

static int open_sockets(const struct names_request *q, struct names_sockets *k, struct err *e)
{
	if (setns(q->netns, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	return names_open(k, &q->listen, q->servers, q->n_servers, e);
}

__attribute__((noreturn)) static void be_outer(struct names_request *q, int ready)
{
	struct names_sockets k;
	struct err e = { 0 };
	pid_t first = 0;

	hide_self();
	if (detach(q, &ready, &e) == 0 && open_sockets(q, &k, &e) == 0)
		first = spawn(q, &k, &e);
	(void)!write(ready, &e, sizeof(e));
	close(ready);
	if (first <= 0 || drop_caps(&e) < 0)
		_exit(EXIT_FAILURE);
	fd_close(&q->netns);
	keep_serving(q, &k, first);
}

pid_t names_start(const struct names_request *request, struct err *e)
{
	struct names_request q = *request;
	struct err said = { 0 };
	int ready[2];
	pid_t pid;
	ssize_t n;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return err_sys(e, "start the container's name service");
	pid = fork();
	if (pid == 0)
		be_outer(&q, ready[1]);
	close(ready[1]);
	n = pid < 0 ? -1 : fd_read_all(ready[0], &said, sizeof(said));
	close(ready[0]);
	if (n == (ssize_t)sizeof(said) && !said.msg[0])
		return pid;
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	if (n == (ssize_t)sizeof(said))
		*e = said;
	else
		err_msg(e, "it ended before it was ready");
	return err_prefix(e, "start the container's name service");
}
