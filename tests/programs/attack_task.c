// SPDX-License-Identifier: Apache-2.0
/* attack_task.c - what tasks can do to each other and to a call on its way
 *
 * Owns:     one verb each: pages that come and go, other ways to write into a socket, exec and trace in
 *           mid-call, cgroups, a look at the supervisor. Whether a packet reached the denied destination is counted by serve, outside.
 * Runs in:  the container.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>
#include <sys/time.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* --- pages that come and go, under an address that changes ------------------------------------------------------------ */

static struct {
	struct dest d[2];
	void *page;
	volatile int stop;
	int how;
} flip;

static void *flip_pages(void *arg)
{
	for (unsigned int i = 0; !flip.stop; i++) {
		if (flip.how == 0) {
			mprotect(flip.page, 4096, PROT_NONE);
			mprotect(flip.page, 4096, PROT_READ | PROT_WRITE);
		} else if (flip.how == 1) {
			madvise(flip.page, 4096, MADV_DONTNEED);
		} else {
			mmap(flip.page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		}
		memcpy(flip.page, &flip.d[i & 1].ss, flip.d[0].len);
	}
	return arg;
}

/* N datagrams and connects from a page that another thread protects, drops and maps anew, with ADDR or ADDR2 in it. */
static void page_flip(int argc, char **argv)
{
	int rounds = atoi(argv[1]), sent = 0;

	(void)argc;
	dest_parse(&flip.d[0], argv[2], argv[3]);
	dest_parse(&flip.d[1], argv[4], argv[5]);
	flip.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (flip.how = 0; flip.how < 3; flip.how++) {
		int udp = sock(AF_INET, SOCK_DGRAM, 0);
		pthread_t t;

		flip.stop = 0;
		pthread_create(&t, NULL, flip_pages, NULL);
		for (int i = 0; i < rounds; i++) {
			int tcp = i % 8 ? -1 : socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

			sent += sendto(udp, payload, sizeof(payload), MSG_DONTWAIT, flip.page, flip.d[0].len) > 0;
			if (tcp >= 0) {
				connect(tcp, flip.page, flip.d[0].len);
				close(tcp);
			}
		}
		flip.stop = 1;
		pthread_join(t, NULL);
		close(udp);
	}
	printf("%s", sent ? "DONE" : "NONE-SENT");
}

/* --- other ways to write ------------------------------------------------------------------------------------------------- */

static void say_way(const char *way, long r)
{
	printf(" %s=", way);
	say_ret(r);
}

static long aio_write(int fd)
{
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = (uint32_t)fd, .aio_buf = (uintptr_t)payload,
			   .aio_nbytes = sizeof(payload) }, *list[1] = { &cb };
	struct io_event ev = { 0 };
	aio_context_t ctx = 0;
	long r;

	if (syscall(SYS_io_setup, 1, &ctx) < 0)
		return -1;
	r = syscall(SYS_io_submit, ctx, 1, list);
	if (r == 1 && syscall(SYS_io_getevents, ctx, 1, 1, &ev, NULL) == 1) {
		r = (long)ev.res;
		if (r < 0) {
			errno = (int)-r;
			r = -1;
		}
	}
	syscall(SYS_io_destroy, ctx);
	return r;
}

/* A UDP socket whose connect to ADDR was refused, written to in every way that has no address. Each must say that there is none. */
static void write_ways(int argc, char **argv)
{
	struct iovec iov = { (void *)(uintptr_t)payload, sizeof(payload) };
	int fd = sock(AF_INET, SOCK_DGRAM, 0), pipe_a[2], pipe_b[2], self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct dest d;

	(void)argc;
	if (fd < 0 || pipe(pipe_a) < 0 || pipe(pipe_b) < 0)
		return;
	dest_parse(&d, argv[1], argv[2]);
	printf("connect=");
	say_ret(connect(fd, &d.sa, d.len));
	say_way("write", write(fd, payload, sizeof(payload)));
	say_way("writev", writev(fd, &iov, 1));
	say_way("pwritev2", syscall(SYS_pwritev2, fd, &iov, 1L, -1L, -1L, 0));
	say_way("send", send(fd, payload, sizeof(payload), 0));
	say_way("aio", aio_write(fd));
	say_way("sendfile", sendfile(fd, self, NULL, 64));
	vmsplice(pipe_a[1], &iov, 1, SPLICE_F_GIFT);
	tee(pipe_a[0], pipe_b[1], sizeof(payload), 0);
	say_way("splice", splice(pipe_a[0], NULL, fd, NULL, sizeof(payload), 0));
	say_way("tee", splice(pipe_b[0], NULL, fd, NULL, sizeof(payload), SPLICE_F_MORE));
	close(fd);
}

/* --- exec, trace and replace in mid-call ------------------------------------------------------------------------------- */

static struct dest blocked;

static void *block(void *p)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)p;
	connect(fd, &blocked.sa, blocked.len);
	return NULL;
}

/* While connects of other threads to BLOCKED are on their way, this one becomes another program (of a file without a name):
 * probe VERB ADDR PORT. */
static void exec_midcall(int argc, char **argv)
{
	char name[] = "probe", *args[] = { name, argv[3], argv[4], argv[5], NULL }, *env[] = { NULL };
	int mem = memfd_create("probe", 0), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	pthread_t t;

	(void)argc;
	dest_parse(&blocked, argv[1], argv[2]);
	if (mem < 0 || fstat(self, &st) < 0 || sendfile(mem, self, NULL, (size_t)st.st_size) != st.st_size) {
		say_step("MEMFD");
		return;
	}
	for (int i = 0; i < 8; i++)
		pthread_create(&t, NULL, block, NULL);
	usleep(50000); /* nothing tells that they block */
	syscall(SYS_execveat, mem, "", args, env, AT_EMPTY_PATH);
	say(errno);
}

#ifdef __x86_64__
/* A child's connect to BLOCKED is on its way; a tracer seizes it, stops it, and lets it go on with another address in memory
 * and registers. */
static void trace_pending(int argc, char **argv)
{
	struct dest *d = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	(void)argc;
	dest_parse(&d[0], argv[1], argv[2]);
	dest_parse(&d[1], argv[3], argv[4]);
	pid = fork();
	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct timeval tv = { .tv_usec = 10000 };

		/* On behalf it is not interrupted by a tracer: each call ends by itself. */
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
		for (;;)
			connect(fd, &d[0].sa, d[0].len);
	}
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_EXITKILL) < 0) {
		say_step("SEIZE");
		kill(pid, SIGKILL);
		return;
	}
	for (int i = 0; i < 20; i++) {
		struct __attribute__((aligned(16))) {
			unsigned long r[64];
		} regs;
		struct iovec iov = { &regs, sizeof(regs) };

		usleep(15000); /* in the middle of one */
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
		if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
			break;
		if (ptrace(PTRACE_GETREGSET, pid, 1 /* NT_PRSTATUS */, &iov) == 0) {
			regs.r[13] = (uintptr_t)&d[1].sa; /* rsi, as in struct user_regs_struct */
			ptrace(PTRACE_SETREGSET, pid, 1, &iov);
		}
		ptrace(PTRACE_CONT, pid, NULL, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	printf("DONE");
}
#endif

/* --- filters of its own -------------------------------------------------------------------------------------------------- */

/* A listener over ours, by each of the flags that might be let through; and as a filter that says "allow" or "log". */
static void own_filters(int argc, char **argv)
{
	static const unsigned int flags[] = { 1u << 3, 1u << 3 | 1u << 4 | 1u << 0, 1u << 3 | 1u << 5, 1u << 3 | 1u << 2 };
	static const uint32_t answers[] = { 0x7fff0000 /* ALLOW */, 0x7ffc0000 /* LOG */, 0x7ff00000 /* TRACE, nobody traces */ };
	struct sock_filter f[] = { BPF_STMT(BPF_RET | BPF_K, 0x7fff0000) };
	struct sock_fprog prog = { .len = 1, .filter = f };
	struct dest d;

	(void)argc;
	dest_parse(&d, argv[1], argv[2]);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], &prog);

		printf("%s", i ? " " : "");
		say_ret(fd);
	}
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct sock_filter g[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_connect, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, answers[i]),
			BPF_STMT(BPF_RET | BPF_K, 0x7fff0000),
		};
		struct sock_fprog p = { .len = 4, .filter = g };
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		printf(" ");
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p) < 0)
			printf("LOAD-");
		say_ret(connect(fd, &d.sa, d.len));
		close(fd);
	}
}

/* --- cgroups -------------------------------------------------------------------------------------------------------------- */

static int cgroup_open(const char *dir)
{
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Sends out of a child that was cloned into DIR. */
static void clone_cgroup(int argc, char **argv)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
	} a = { .flags = 0x200000000ULL /* CLONE_INTO_CGROUP */, .exit_signal = SIGCHLD };
	int dir = cgroup_open(argv[1]);
	struct dest d;
	long pid;

	(void)argc;
	dest_parse(&d, argv[2], argv[3]);
	a.cgroup = (uint64_t)dir;
	fflush(stdout);
	pid = dir < 0 ? -1 : syscall(SYS_clone3, &a, sizeof(a));
	if (pid == 0) {
		int fd = sock(AF_INET, SOCK_DGRAM, 0);

		if (fd >= 0)
			say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
		fflush(stdout);
		_exit(0);
	}
	if (pid < 0) {
		say_step("CLONE");
	} else {
		waitpid((pid_t)pid, NULL, 0);
	}
}

static void cgroup_enter(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) < 0)
		printf("ENTER-%s ", strerrorname_np(errno));
	close(fd);
}

/* A socket that was made in a cgroup below DIR, which is gone when it is used. */
static void orphan_cgroup(int argc, char **argv)
{
	char below[256];
	struct dest d;
	int fd, tcp;

	(void)argc;
	dest_parse(&d, argv[2], argv[3]);
	snprintf(below, sizeof(below), "%s/orphan", argv[1]);
	if (mkdir(below, 0755) < 0) {
		say_step("MKDIR");
		return;
	}
	cgroup_enter(below);
	fd = sock(AF_INET, SOCK_DGRAM, 0);
	tcp = sock(AF_INET, SOCK_STREAM, 0);
	cgroup_enter(argv[1]);
	if (rmdir(below) < 0)
		printf("RMDIR-%s ", strerrorname_np(errno));
	say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	printf(" ");
	say_ret(connect(tcp, &d.sa, d.len));
	close(fd);
	close(tcp);
}

/* --- the supervisor itself, where its pid can be seen ------------------------------------------------------------------- */

/* Each way to look into, or to do something to, process PID. */
static void pry(int argc, char **argv)
{
	pid_t pid = (pid_t)atoi(argv[1]);
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), stolen = -1;
	struct iovec iov = { (void *)(uintptr_t)payload, 1 };
	char path[64], buf[8];

	(void)argc;
	printf("ptrace=");
	say_ret(ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	for (int i = 0; i < 256 && stolen < 0 && pidfd >= 0; i++)
		stolen = (int)syscall(SYS_pidfd_getfd, pidfd, i, 0);
	say_way("getfd", stolen);
	say_way("readv", process_vm_readv(pid, &iov, 1, &iov, 1, 0));
	say_way("writev", process_vm_writev(pid, &iov, 1, &iov, 1, 0));
	say_way("kcmp", syscall(SYS_kcmp, getpid(), pid, 2 /* KCMP_FILES */, 0, 0));
	say_way("madvise", syscall(SYS_process_madvise, pidfd, &iov, 1, MADV_COLD, 0));
	say_way("setns", syscall(SYS_setns, pidfd, CLONE_NEWNET));
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	say_way("mem", open(path, O_RDWR | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	say_way("ns", open(path, O_RDONLY | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	say_way("root", readlink(path, buf, sizeof(buf)));
	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)pid);
	say_way("fd", readlink(path, buf, sizeof(buf)));
}

/* --- a call in mid-air that another thread ends ------------------------------------------------------------------------- */

static struct {
	int sock, error;
	struct sockaddr_in to;
	_Atomic bool done;
} midair;

static void *connect_midair(void *arg)
{
	midair.error = connect(midair.sock, (struct sockaddr *)&midair.to, sizeof(midair.to)) < 0 ? errno : 0;
	atomic_store(&midair.done, true);
	return arg;
}

/* A blocking connect to a listener whose backlog is full, ended by "shutdown" or "unspec": its errno ("HANGS" if it does not end), and how
 * many connections of that socket come about when there is room again. */
static void end_midair(int argc, char **argv)
{
	struct sockaddr_in lo = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }, from, peer;
	int l = sock(AF_INET, SOCK_STREAM, 0), seen = 0, fd;
	struct timeval second = { .tv_usec = 200000 };
	socklen_t len = sizeof(peer);
	pthread_t t;

	(void)argc;
	bind(l, (struct sockaddr *)&lo, sizeof(lo));
	listen(l, 0);
	getsockname(l, (struct sockaddr *)&lo, &len);
	from = lo;
	for (int i = 0; i < 3; i++)
		connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&lo, sizeof(lo));
	midair.to = lo;
	midair.sock = socket(AF_INET, SOCK_STREAM, 0);
	from.sin_addr.s_addr = htonl(0x7f000009);
	from.sin_port = 0;
	bind(midair.sock, (struct sockaddr *)&from, sizeof(from));
	pthread_create(&t, NULL, connect_midair, NULL);
	usleep(300000);
	if (strcmp(argv[1], "shutdown") == 0)
		shutdown(midair.sock, SHUT_RDWR);
	else
		connect(midair.sock, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr));
	for (int i = 0; i < 100 && !atomic_load(&midair.done); i++)
		usleep(10000);
	if (atomic_load(&midair.done))
		say(midair.error);
	else
		printf("HANGS");
	setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	for (int i = 0; i < 15; i++) {
		len = sizeof(peer);
		fd = accept(l, (struct sockaddr *)&peer, &len);
		seen += fd >= 0 && peer.sin_addr.s_addr == from.sin_addr.s_addr;
	}
	printf(" %d", seen);
}

/* --- O_NONBLOCK, which comes and goes ------------------------------------------------------------------------------------ */

static struct sockaddr_in hole;
static _Atomic bool enough;

static void *flip_nonblock(void *arg)
{
	int *s = arg;

	while (!atomic_load(&enough)) {
		fcntl(*s, F_SETFL, O_NONBLOCK);
		for (volatile int i = 0; i < 300; i++)
			;
		fcntl(*s, F_SETFL, 0);
	}
	return NULL;
}

static _Atomic pid_t tids[40];

static void ignore_signal(int sig)
{
	(void)sig;
}

static void *connect_hole(void *arg)
{
	static _Atomic unsigned int n;
	int *s = arg;

	atomic_store(&tids[atomic_fetch_add(&n, 1)], (pid_t)syscall(SYS_gettid));

	while (!atomic_load(&enough)) {
		int next, old = *s, syns = 127;

		if (connect(*s, (struct sockaddr *)&hole, sizeof(hole)) == 0 || errno == ECONNREFUSED)
			continue;
		next = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(next, IPPROTO_TCP, 7 /* TCP_SYNCNT */, &syns, sizeof(syns));
		*s = next;
		close(old);
	}
	return NULL;
}

/* 40 threads connect to HOLE, which swallows, while 40 others change O_NONBLOCK of their sockets; another process connects to ADDR PORT
 * meanwhile: "QUICK", or how many of its connects took longer than half a second. */
static void stick(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = ignore_signal };
	static pthread_t callers[40];
	static int socks[40];
	struct dest d, h;
	int slow = 0;
	pthread_t t;

	(void)argc;
	dest_parse(&h, argv[1], "80");
	memcpy(&hole, &h.ss, sizeof(hole));
	dest_parse(&d, argv[2], argv[3]);
	for (int i = 0; i < 40; i++) {
		socks[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		pthread_create(&callers[i], NULL, connect_hole, &socks[i]);
		pthread_create(&t, NULL, flip_nonblock, &socks[i]);
	}
	sigaction(SIGUSR1, &sa, NULL);
	usleep(300000); /* for all of them to have written down who they are */
	if (fork() == 0) {
		/* Every connect is begun again and again. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			usleep(20000);
			for (int i = 0; i < 40; i++)
				syscall(SYS_tgkill, getppid(), tids[i], SIGUSR1);
		}
	}
	for (int i = 0; i < 80; i++) {
		struct timespec a, b;
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		clock_gettime(CLOCK_MONOTONIC, &a);
		connect(fd, &d.sa, d.len);
		clock_gettime(CLOCK_MONOTONIC, &b);
		slow += (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 > 500;
		close(fd);
		usleep(100000);
		if (slow > 3)
			break;
	}
	atomic_store(&enough, true);
	if (slow > 3)
		printf("%d slow", slow);
	else
		printf("QUICK");
	fflush(stdout);
	_exit(0);
}

const struct verb attack_task_verbs[] = {
	{ "end-midair", "shutdown|unspec", 1, end_midair },
	{ "stick", "HOLE ADDR PORT", 3, stick },
	{ "page-flip", "N ADDR PORT ADDR PORT", 5, page_flip },
	{ "write-ways", "ADDR PORT", 2, write_ways },
	{ "exec-midcall", "BLOCKED-ADDR PORT VERB ADDR PORT", 5, exec_midcall },
#ifdef __x86_64__
	{ "trace-pending", "BLOCKED-ADDR PORT ADDR PORT", 4, trace_pending },
#endif
	{ "own-filters", "ADDR PORT", 2, own_filters },
	{ "clone-cgroup", "DIR ADDR PORT", 3, clone_cgroup },
	{ "orphan-cgroup", "DIR ADDR PORT", 3, orphan_cgroup },
	{ "pry", "PID", 1, pry },
	{ 0 },
};
