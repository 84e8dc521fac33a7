// SPDX-License-Identifier: Apache-2.0
/* self.c - what the supervisor does to itself
 *
 * Owns:     the way from a fork of `create` to a daemon that no engine notices, and its confinement in stages:
 *           1. detach: session, /dev/null, no inherited descriptor, signals, name (the watcher; before "ready");
 *           2. limit: no_new_privs, not dumpable, capabilities, rlimits (the watcher; before "ready");
 *           3. filter: system calls: the watcher's when the first supervisor is on its way, a supervisor's own once its
 *              first threads are made (before the first notification).
 * Runs in:  the watcher and the supervisors, before their first notification.
 *
 * The supervisors inherit what their watcher is.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "supervisor/internal.h"
#include "supervisor/rawsys.h"

#ifndef __NR_epoll_wait /* newer architectures have the p… forms only */
#define __NR_epoll_wait __NR_epoll_pwait
#endif
#ifndef __NR_poll
#define __NR_poll __NR_ppoll
#endif

/* linux/securebits.h: uid changes leave the capabilities alone (deputy.c sets both, explicitly). Locked. */
#define SECURE_NO_SETUID_FIXUP_LOCKED ((1 << 2) | (1 << 3))

static int park_high(int *fd, struct err *e)
{
	/* Out of the way of 0 to 2 and of the sweep's order; EINVAL: beyond the limit of a user who was given few. */
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, 100);

	if (high < 0 && errno == EINVAL)
		high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (high < 0)
		return err_sys(e, "keep a descriptor for the supervisor");
	*fd = high;
	return 0;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_all_but(int *sorted, size_t n)
{
	unsigned int from = 3;

	for (size_t i = 0; i < n; i++) {
		if ((unsigned int)sorted[i] > from)
			sys_close_range(from, (unsigned int)sorted[i] - 1, 0);
		from = (unsigned int)sorted[i] + 1;
	}
	fd_close_from((int)from);
}

void self_begin(const char *name)
{
	setsid(); /* a fork is never a group leader */
	prctl(PR_SET_NAME, name);
}

int self_detach(int *keep[], size_t n, struct err *e)
{
	int sorted[8];
	sigset_t none;
	int null;

	for (size_t i = 0; i < n; i++) {
		if (park_high(keep[i], e) < 0)
			return -1;
		sorted[i] = *keep[i];
	}
	qsort(sorted, n, sizeof(sorted[0]), compare_fds);
	/* Engines wait for the end of these files (shim's listening socket, published ports, conmon's pipes). */
	close_all_but(sorted, n);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_sys(e, "open /dev/null for the supervisor");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(null, fd) < 0)
			return err_sys(e, "give /dev/null to the supervisor");
	if (null > 2)
		close(null);
	self_begin("sandrun-watch");
	prctl(PR_SET_PDEATHSIG, 0);
	if (chdir("/") < 0)
		return err_sys(e, "enter / as the supervisor");
	umask(077);
	for (int sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	/* What a dying terminal, engine or peer may send; SIGTERM stays deadly: the watcher ends both for it (watch.c). */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* limits that a user's caller had (ulimits.c): an errno is enough */
	signal(SIGXCPU, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return 0;
}

#define CAP(c) (1ULL << (c))
/* Always in effect: the caller's memory and descriptors, SIGPIPE where the kernel would have sent it. */
#define CAPS_ALWAYS (CAP(CAP_SYS_PTRACE) | CAP(CAP_KILL))
/* In effect only for the birth of a deputy and in it, until it has become the caller: its cgroup, ids, root directory, network namespace, its
 * pid in SCM_CREDENTIALS, its own right to pass directories and to low ports. Not among them, so that no caller gains them by asking us:
 * CAP_NET_ADMIN, CAP_NET_RAW. */
#define CAPS_AS_CALLER \
	(CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_SYS_CHROOT) | CAP(CAP_SYS_ADMIN) | CAP(CAP_DAC_OVERRIDE) | \
	 CAP(CAP_DAC_READ_SEARCH) | CAP(CAP_NET_BIND_SERVICE))

static uint64_t permitted_caps;
/* Beside them, where there is a wall: to read its counters. No deputy has it. */
static uint64_t network_caps;

int self_raise(bool on)
{
	return raw_capset(on ? permitted_caps : CAPS_ALWAYS & permitted_caps, permitted_caps | network_caps);
}

void self_raise_network(bool on)
{
	/* A user's supervisor may have none: who has made a user namespace needs none over its networks. */
	(void)raw_capset((CAPS_ALWAYS & permitted_caps) | (on ? network_caps : 0), permitted_caps | network_caps);
}

uint64_t self_caps(void)
{
	return permitted_caps;
}

int self_limit(bool network, bool *groups_denied, struct err *e)
{
	uint64_t effective, permitted;
	const struct rlimit rl = { 0, 0 };

	setrlimit(RLIMIT_CORE, &rl);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs for the supervisor");
	*groups_denied = raw_setgroups(0, NULL) < 0;
	if (raw_capget(&effective, &permitted) < 0)
		return err_sys(e, "read the supervisor's capabilities");
	/* Fails without CAP_SETPCAP (rootless with a trimmed set): then there are no uids to change to, either. */
	prctl(PR_SET_SECUREBITS, SECURE_NO_SETUID_FIXUP_LOCKED, 0, 0, 0);
	permitted_caps = permitted & (CAPS_ALWAYS | CAPS_AS_CALLER);
	network_caps = network ? permitted & CAP(CAP_NET_ADMIN) : 0;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (self_raise(false) < 0)
		return err_sys(e, "reduce the supervisor's capabilities");
	/* No ptrace, no /proc/PID/mem, no core: also not by a root of the container that shares our pid namespace. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return err_sys(e, "make the supervisor non-dumpable");
	return 0;
}

/* --- its own filter ------------------------------------------------------------------------------------------------------ */

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define LOW_WORD 0
#else
#define LOW_WORD 4
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* its runtime calls what it likes */
#else
#define SANITIZED 0
#endif

/* Every call that the supervisor makes after its first threads have started, by the file that makes it. What is missing:
 * execve, ptrace, mount, unlink, kill, executable memory … Anything else is EPERM, which each of these callers
 * takes for a refusal (closed). */
static const unsigned int own_calls[] = {
	/* loop.c: a further worker, by libc. clone with CLONE_THREAD only; clone3 has its flags in memory: ENOSYS. */
	__NR_set_robust_list, __NR_rseq, __NR_brk, __NR_mprotect, __NR_madvise, __NR_gettid,
	/* loop.c, pending.c */
	__NR_futex, __NR_epoll_wait, __NR_epoll_pwait, __NR_epoll_ctl, __NR_timerfd_settime, __NR_tgkill,
	__NR_rt_sigreturn, __NR_rt_sigprocmask, __NR_sched_yield, __NR_exit_group, __NR_restart_syscall, __NR_getpid,
	__NR_clock_gettime, /* where the vDSO cannot */
	__NR_prlimit64, __NR_statx,
	/* budget.c */
	__NR_clock_nanosleep, __NR_pread64,
	/* listener.c */
	__NR_ioctl,
	/* caller.c */
	__NR_process_vm_readv, __NR_pidfd_open, __NR_pidfd_getfd, __NR_pidfd_send_signal, __NR_kcmp,
	__NR_openat, __NR_read, __NR_close, __NR_newfstatat, __NR_fstat,
	/* connect.c, send.c, options.c */
	__NR_pwrite64, __NR_getsockopt, __NR_setsockopt, __NR_getsockname, __NR_fcntl, __NR_connect, __NR_sendmsg, __NR_bind, __NR_listen, __NR_shutdown,
	__NR_socket, __NR_setns,
	/* deputy.c */
	__NR_openat2, __NR_fchdir, __NR_chroot, __NR_umask, __NR_setresuid, __NR_setresgid, __NR_setgroups, __NR_setfsuid, __NR_setfsgid,
	__NR_capget, __NR_capset, __NR_close_range, __NR_setitimer, __NR_socketpair,
	/* audit.c */
	__NR_write, __NR_renameat2,
#ifdef __NR_renameat
	__NR_renameat,
#endif
	/* control.c */
	__NR_accept4, __NR_recvmsg, __NR_recvfrom /* names.c */, __NR_sendto, __NR_poll, __NR_ppoll, __NR_geteuid,
};

/* What the watcher does beside some of these, and what a further supervisor does before it has its own filter. */
static const unsigned int watcher_calls[] = {
	/* watch.c */
	__NR_wait4,
	/* become_supervisor(), start.c */
	__NR_setsid, __NR_prctl, __NR_seccomp, __NR_epoll_create1, __NR_timerfd_create, __NR_eventfd2, __NR_set_tid_address,
	__NR_rt_sigaction, __NR_munmap, __NR_getrandom, __NR_sched_getaffinity, __NR_prlimit64, __NR_lseek,
#ifdef __NR_fork
	__NR_fork,
#endif
};

static const struct thread_rule {
	unsigned int nr, arg;
	uint32_t mask, want;
} own_rules[] = {
	{ __NR_clone, 0, CLONE_THREAD, CLONE_THREAD },
	{ __NR_prctl, 0, 0xffffffff, PR_SET_DUMPABLE }, /* deputy.c */
	{ __NR_mmap, 2, PROT_EXEC, 0 }, /* malloc's, for the new thread's table */
}, watcher_rules[] = {
	{ __NR_clone, 0, 0x7e020000 /* CLONE_NEW… */, 0 },
	{ __NR_mmap, 2, PROT_EXEC, 0 },
};

/* Its flags are in memory: allowed with arguments that are the deputies' (deputy.c); else ENOSYS, and libc takes clone. */
static unsigned short filter_clone3(struct sock_filter *code, unsigned short n)
{
	const uint32_t at = offsetof(struct seccomp_data, args);
	const void *args;
	uint64_t from;
	size_t size;

	deputy_clone_args(&args, &size);
	from = (uintptr_t)args;
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 7);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + (4 - LOW_WORD));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(from >> 32), 0, 4);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at + LOW_WORD);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)from, 0, 2);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)from + (uint32_t)size, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	return n;
}

/* Calls that depend on an argument. Falls through with the number loaded. */
static unsigned short filter_rules(struct sock_filter *code, unsigned short n, const struct thread_rule *rules, size_t count)
{
	n = filter_clone3(code, n);
	for (size_t i = 0; i < count; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules[i].nr, 0, 5);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args) +
										    rules[i].arg * 8 + LOW_WORD);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, rules[i].mask);
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, rules[i].want, 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	return n;
}

static unsigned short filter_calls(struct sock_filter *code, unsigned short n, const unsigned int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	return n;
}

static int load_filter(const struct thread_rule *rules, size_t n_rules, bool watcher, struct err *e)
{
	static struct sock_filter code[(ARRAY_SIZE(own_calls) + ARRAY_SIZE(watcher_calls)) * 2 + 48];
	struct sock_fprog prog = { .filter = code };
	unsigned short n = 0;

	if (SANITIZED)
		return 0;
	/* The native architecture only: numbers of another would mean other calls. */
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, notify_arches[0].audit, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	n = filter_rules(code, n, rules, n_rules);
	n = filter_calls(code, n, own_calls, ARRAY_SIZE(own_calls));
	if (watcher)
		n = filter_calls(code, n, watcher_calls, ARRAY_SIZE(watcher_calls));
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prog.len = n;
	if (sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &prog) != 0)
		return err_sys(e, "load the supervisor's own filter");
	return 0;
}

int self_filter(struct err *e)
{
	return load_filter(own_rules, ARRAY_SIZE(own_rules), false, e);
}

int self_filter_watcher(struct err *e)
{
	/* In effect: nothing. Permitted: what the next supervisor takes (start_supervise()). */
	if (raw_capset(0, permitted_caps | network_caps) < 0)
		return err_sys(e, "drop the watcher's capabilities");
	return load_filter(watcher_rules, ARRAY_SIZE(watcher_rules), true, e);
}
