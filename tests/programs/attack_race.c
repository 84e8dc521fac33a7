// SPDX-License-Identifier: Apache-2.0
/* attack_race.c - races and storms: what a verdict was based on changes, or the caller disappears, meanwhile
 *
 * Owns:     one verb each. Whether a packet reached the denied destination is counted by serve, outside.
 * Runs in:  the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* --- the last rival -------------------------------------------------------------------------------------------------- */

/* The descriptor is a unix socket when the call is caught; another thread makes an internet socket of it and ends, so that
 * the caller is the only thread when somebody counts. The address lies in a page that has to come from a disk, so there is
 * time for that. */
static struct {
	volatile int go;
	int fd, inet;
	int64_t delay;
} rival;

static void *rival_main(void *arg)
{
	int64_t until;

	(void)arg;
	while (!rival.go)
		;
	until = now_ns() + rival.delay;
	while (now_ns() < until)
		;
	dup2(rival.inet, rival.fd);
	syscall(SYS_exit, 0); /* pthread_exit() would map and unmap */
	return NULL;
}

/* ROUNDS calls of connect (or, "sendto", of that); counts those after which the descriptor is connected to ADDR PORT. */
static void last_rival(int argc, char **argv)
{
	int by_send = strcmp(argv[1], "sendto") == 0, rounds = atoi(argv[2]), won = 0;
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/tmp/none" };
	int file = open("/tmp/rival.pages", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t size = (size_t)rounds * 65536;
	uint8_t *pages;
	struct dest d;

	(void)argc;
	(void)un;
	alarm(0);
	dest_parse(&d, argv[3], argv[4]);
	if (file < 0 || ftruncate(file, (off_t)size) < 0) {
		say(errno);
		return;
	}
	for (int i = 0; i < rounds; i++)
		if (pwrite(file, &d.ss, d.len, (off_t)i * 65536) < 0)
			say(errno);
	fsync(file);
	posix_fadvise(file, 0, (off_t)size, POSIX_FADV_DONTNEED);
	posix_fadvise(file, 0, (off_t)size, POSIX_FADV_RANDOM);
	pages = mmap(NULL, size, PROT_READ, MAP_SHARED, file, 0);
	madvise(pages, size, MADV_RANDOM);
	rival.fd = dup(0);
	for (int i = 0; i < rounds; i++) {
		int un_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		struct sockaddr *sa = (struct sockaddr *)(void *)(pages + (size_t)i * 65536);
		pthread_t t;

		rival.inet = socket(d.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		rival.go = 0;
		rival.delay = (int64_t)(i % 40) * 2000;
		dup2(un_fd, rival.fd);
		pthread_create(&t, NULL, rival_main, NULL);
		rival.go = 1;
		if (by_send)
			won += sendto(rival.fd, payload, sizeof(payload), 0, sa, d.len) > 0;
		else
			won += connect(rival.fd, sa, d.len) == 0 && write(rival.fd, payload, sizeof(payload)) > 0;
		pthread_join(t, NULL);
		close(un_fd);
		close(rival.inet);
	}
	unlink("/tmp/rival.pages");
	printf("%d", won);
	alarm(20);
}

/* --- signals ------------------------------------------------------------------------------------------------------------ */

static volatile int storm_over;
static pid_t storm_target;

static void nothing(int sig)
{
	(void)sig;
}

static void *storm(void *arg)
{
	(void)arg;
	while (!storm_over)
		syscall(SYS_tgkill, getpid(), storm_target, SIGUSR1);
	return NULL;
}

/* N datagrams to ADDR PORT under a storm of signals, by sendto, sendmsg and sendmmsg in turn: how many the kernel said
 * have gone out, and which other errno there was. */
static void signal_storm(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct iovec iov = { (void *)payload, sizeof(payload) };
	struct mmsghdr mm = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int n = atoi(argv[1]), sent = 0, other = 0, fd;
	struct dest d;
	char echo[64];
	pthread_t t;

	(void)argc;
	fd = dest_sock(&d, argv + 2, 0, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	mm.msg_hdr.msg_name = &d.ss;
	mm.msg_hdr.msg_namelen = d.len;
	sigaction(SIGUSR1, &sa, NULL);
	storm_target = (pid_t)syscall(SYS_gettid);
	pthread_create(&t, NULL, storm, NULL);
	for (int i = 0; i < n; i++) {
		long r;

		if (i % 3 == 0)
			r = sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len);
		else if (i % 3 == 1)
			r = sendmsg(fd, &mm.msg_hdr, 0);
		else
			r = sendmmsg(fd, &mm, 1, 0);
		if (r > 0)
			sent++;
		else
			other = errno;
		/* In step with the other side, whose queue is short. */
		while (r > 0 && recv(fd, echo, sizeof(echo), 0) < 0 && errno == EINTR)
			;
	}
	storm_over = 1;
	pthread_join(t, NULL);
	printf("%d", sent);
	if (other) {
		printf(" ");
		say(other);
	}
	close(fd);
}

/* Byte number n of the stream is n modulo 251. */
static struct {
	int listener;
	size_t size;
	const char *wrong;
} stream;

static void *stream_reader(void *arg)
{
	int fd = accept(stream.listener, NULL, NULL);
	static uint8_t buf[30011];
	size_t at = 0;
	ssize_t n;

	(void)arg;
	stream.wrong = "SHORT";
	while ((n = read(fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < n; i++, at++) {
			if (buf[i] != at % 251) {
				stream.wrong = "DIFFERS";
				close(fd);
				return NULL;
			}
		}
		if (at % 7 == 0) /* so that the sender has to wait */
			usleep(300);
	}
	close(fd);
	if (at == stream.size)
		stream.wrong = NULL;
	return NULL;
}

/* MB megabytes by sendmsg to ourselves at ADDR PORT, with and without SA_RESTART: not a byte more, less or twice. */
static void stream_storm(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = nothing, .sa_flags = strcmp(argv[0], "stream-storm") == 0 ? SA_RESTART : 0 };
	static uint8_t data[251 * 2000];
	size_t at = 0;
	pthread_t t, reader;
	struct dest d;
	int fd, one = 1;

	(void)argc;
	alarm(60);
	stream.size = (size_t)atoi(argv[1]) << 20;
	dest_parse(&d, argv[2], argv[3]);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	stream.listener = sock(d.sa.sa_family, SOCK_STREAM, 0);
	fd = sock(d.sa.sa_family, SOCK_STREAM, 0);
	setsockopt(stream.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(stream.listener, &d.sa, d.len) < 0 || listen(stream.listener, 1) < 0) {
		say(errno);
		return;
	}
	pthread_create(&reader, NULL, stream_reader, NULL);
	if (connect(fd, &d.sa, d.len) < 0) {
		say(errno);
		return;
	}
	sigaction(SIGUSR1, &sa, NULL);
	storm_target = (pid_t)syscall(SYS_gettid);
	storm_over = 0;
	pthread_create(&t, NULL, storm, NULL);
	while (at < stream.size) {
		size_t want = 1 + (at * 7919) % 200000, off = at % 251;
		struct iovec iov[2] = { { data + off, 100 }, { data + off + 100, want } };
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };
		ssize_t n;

		if (want + 100 > stream.size - at) {
			m.msg_iovlen = 1;
			iov[0].iov_len = stream.size - at < 100 ? stream.size - at : 100;
		}
		n = sendmsg(fd, &m, 0);
		if (n < 0 && errno != EINTR) {
			say_step("SEND");
			break;
		}
		at += n > 0 ? (size_t)n : 0;
	}
	storm_over = 1;
	pthread_join(t, NULL);
	close(fd);
	pthread_join(reader, NULL);
	printf("%s", stream.wrong ? stream.wrong : "OK");
	alarm(20);
}

/* --- callers that disappear ---------------------------------------------------------------------------------------- */

static struct dest target;

static void *call_for_ever(void *arg)
{
	(void)arg;
	for (;;) {
		int fd = socket(target.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		connect(fd, &target.sa, target.len);
		close(fd);
	}
	return NULL;
}

/* N processes with four threads each that call without end and are killed, exit or exec in the middle of it. */
static void vanish(int argc, char **argv)
{
	int n = atoi(argv[1]);

	(void)argc;
	alarm(0);
	dest_parse(&target, argv[2], argv[3]);
	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t t;

			for (int k = 0; k < 4; k++)
				pthread_create(&t, NULL, call_for_ever, NULL);
			usleep((useconds_t)(i % 17) * 100);
			if (i % 3 == 0)
				_exit(0);
			if (i % 3 == 1)
				execl("/proc/self/exe", "probe", "exit", "0", NULL);
			for (;;)
				pause();
		}
		if (i % 3 == 2) {
			usleep((useconds_t)(i % 13) * 100);
			kill(pid, SIGKILL);
		}
		waitpid(pid, NULL, 0);
	}
	say(0);
	alarm(20);
}

/* N processes at once that call without end for a second; meanwhile one connect to ADDR2 PORT2. */
static void swarm(int argc, char **argv)
{
	int n = atoi(argv[1]), fd;
	int64_t began;
	struct dest d;
	pid_t *pids = calloc((size_t)n, sizeof(*pids));

	(void)argc;
	dest_parse(&target, argv[2], argv[3]);
	dest_parse(&d, argv[4], argv[5]);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			call_for_ever(NULL);
	}
	usleep(300000);
	began = now_ns();
	fd = sock(d.sa.sa_family, SOCK_STREAM, 0);
	say_ret(connect(fd, &d.sa, d.len));
	printf(" %s", now_ns() - began < 3000000000LL ? "FAST" : "SLOW");
	close(fd);
	for (int i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	free(pids);
}

static void *block_once(void *arg)
{
	int fd = socket(target.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)arg;
	connect(fd, &target.sa, target.len);
	return NULL;
}

/* N blocked connects to ADDR PORT, then one to ADDR2 PORT2: its outcome, and how long it took. */
static void crowd(int argc, char **argv)
{
	int n = atoi(argv[1]), made = 0, fd;
	struct dest d;
	pthread_attr_t attr;
	int64_t began;

	(void)argc;
	dest_parse(&target, argv[2], argv[3]);
	dest_parse(&d, argv[4], argv[5]);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < n; i++) {
		pthread_t t;

		made += pthread_create(&t, &attr, block_once, NULL) == 0;
	}
	usleep(500000);
	began = now_ns();
	fd = sock(d.sa.sa_family, SOCK_STREAM, 0);
	say_ret(connect(fd, &d.sa, d.len));
	printf(" %s", now_ns() - began < 2000000000LL ? "FAST" : "SLOW");
	if (made != n)
		printf(" %d", made);
	close(fd);
	fflush(stdout);
	printf("\n");
	fflush(stdout);
	_exit(0);
}

/* Processes that share this one's memory but not its descriptors change the address (vfork's kind); and one that writes
 * it from outside with process_vm_writev. ROUNDS datagrams; how many were sent and refused. */
static struct dest flip_allowed, flip_denied;
static volatile struct dest flip_target;
static volatile int flip_over;

static int flip_in_shared_memory(void *arg)
{
	(void)arg;
	while (!flip_over) {
		memcpy((void *)&flip_target, &flip_denied, sizeof(struct sockaddr_in));
		memcpy((void *)&flip_target, &flip_allowed, sizeof(struct sockaddr_in));
	}
	return 0;
}

static void flip_from_outside(pid_t pid)
{
	struct iovec to = { (void *)&flip_target, sizeof(struct sockaddr_in) }, from[2] = {
		{ &flip_denied, sizeof(struct sockaddr_in) }, { &flip_allowed, sizeof(struct sockaddr_in) }
	};

	for (unsigned int i = 0; getppid() == pid; i++)
		syscall(SYS_process_vm_writev, (long)pid, &from[i & 1], 1UL, &to, 1UL, 0UL);
	_exit(0);
}

static void flip_by_process(int argc, char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));
	int outside = strcmp(argv[1], "writev") == 0, rounds = atoi(argv[2]), ok = 0, refused = 0, fd;
	pid_t me = getpid(), pid;

	(void)argc;
	alarm(0);
	dest_parse(&flip_allowed, argv[3], argv[4]);
	dest_parse(&flip_denied, argv[5], argv[6]);
	memcpy((void *)&flip_target, &flip_allowed, sizeof(flip_allowed));
	fd = sock(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	pid = outside ? fork() : clone(flip_in_shared_memory, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	if (outside && pid == 0)
		flip_from_outside(me);
	for (int i = 0; i < rounds; i++) {
		if (sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&flip_target.sa, sizeof(struct sockaddr_in)) > 0)
			ok++;
		else
			refused += errno == ECONNREFUSED;
	}
	flip_over = 1;
	if (outside)
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("%s", ok + refused == rounds ? "DONE" : "OTHER");
	alarm(20);
}

const struct verb attack_race_verbs[] = {
	{ "last-rival", "connect|sendto ROUNDS ADDR PORT", 4, last_rival },
	{ "signal-storm", "N ADDR PORT", 3, signal_storm },
	{ "stream-storm", "MB ADDR PORT", 3, stream_storm },
	{ "stream-storm-eintr", "MB ADDR PORT", 3, stream_storm },
	{ "vanish", "N ADDR PORT", 3, vanish },
	{ "swarm", "N ADDR PORT ADDR PORT", 5, swarm },
	{ "crowd", "N BLOCKED-ADDR PORT ADDR PORT", 5, crowd },
	{ "flip-by-process", "memory|writev ROUNDS ADDR PORT ADDR PORT", 6, flip_by_process },
	{ 0 },
};
