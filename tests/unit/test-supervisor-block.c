// SPDX-License-Identifier: Apache-2.0
/* test-supervisor-block.c - calls that block: alone, interruptible, and without harm to others */
#include "sup-util.h"

static const char *const tcp_only[] = { "net-allow", "tcp://127.0.0.1:7001,7003", NULL };
static const char *const all_kinds[] = { "net-allow", "tcp://127.0.0.1:7001,7003 udp://127.0.0.1:7101", NULL };
static int tcp_good, hole;

/* A server whose backlog is full drops SYNs: the nearest black hole. */
static int make_hole(void)
{
	struct sockaddr_in sin = util_v4("127.0.0.1", 7003);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(s, SA(sin)), 0);
	assert_int_equal(listen(s, 0), 0);
	for (int i = 0; i < 2; i++) {
		int c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		connect(c, SA(sin));
	}
	return s;
}

static int setup(void **state)
{
	if (util_network(state) < 0)
		return -1;
	tcp_good = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	hole = make_hole();
	return 0;
}

static _Atomic int returned;

static void *hang(void *arg)
{
	struct sockaddr_in sin = util_v4("127.0.0.1", 7003);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	connect(s, SA(sin));
	atomic_fetch_add(&returned, 1);
	return arg;
}

static int many_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);
	int n = *(int *)arg;
	pthread_attr_t attr;
	int64_t worst = 0, all = util_now_us();

	atomic_store(&returned, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 65536);
	for (int i = 0; i < n; i++) {
		pthread_t t;

		CHECK(pthread_create(&t, &attr, hang, NULL) == 0);
	}
	for (int i = 0; i < 20; i++) {
		int64_t t0 = util_now_us(), t;
		int s = socket(AF_INET, SOCK_STREAM, 0);

		CHECK(connect(s, SA(good)) == 0);
		t = util_now_us() - t0;
		if (t > worst)
			worst = t;
		close(s);
	}
	fprintf(stderr, "  %d hanging connects: slowest of 20 allowed ones %lld us, all in %lld us\n", n, (long long)worst,
		(long long)(util_now_us() - all));
	/* None of them had to end first. (How long it takes on a machine with other work says nothing.) */
	CHECK(atomic_load(&returned) == 0);
	return 0;
}

static void test_thousand_hang(void **state)
{
	int n = 1000;

	(void)state;
	util_run(tcp_only, NULL, many_body, &n, NULL);
	util_arrived(tcp_good);
}

/* --- signals ----------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

static void *signal_later(void *arg)
{
	pthread_t *who = arg;

	usleep(60000);
	if (who)
		pthread_kill(*who, SIGUSR2);
	else
		kill(getpid(), SIGUSR2);
	return NULL;
}

static int interrupt_body(void *arg)
{
	bool alone = *(bool *)arg;
	struct sockaddr_in sin = util_v4("127.0.0.1", 7003);
	struct sigaction sa = { .sa_handler = on_signal };
	pthread_t me = pthread_self(), t;
	int s = socket(AF_INET, SOCK_STREAM, 0);
	struct itimerval it = { .it_value = { .tv_usec = 60000 } };

	signals = 0;
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGALRM, &sa, NULL);
	if (alone)
		setitimer(ITIMER_REAL, &it, NULL);
	else
		CHECK(pthread_create(&t, NULL, signal_later, &me) == 0);
	CHECK_ERRNO(connect(s, SA(sin)), EINTR);
	CHECK(signals == 1);
	/* As natively, the connect goes on; calling again waits for it. */
	setitimer(ITIMER_REAL, &it, NULL);
	CHECK_ERRNO(connect(s, SA(sin)), EINTR);
	CHECK(signals == 2);
	/* With SA_RESTART it goes on by itself; SO_SNDTIMEO ends it. */
	sa.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &sa, NULL);
	{
		/* Again and again: on a loaded machine the first may come before the connect. */
		struct itimerval often = { .it_value = { .tv_usec = 60000 }, .it_interval = { .tv_usec = 60000 } };
		struct itimerval off = { 0 };
		struct timeval tv = { .tv_usec = 200000 };
		int64_t t0 = util_now_us();

		s = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
		setitimer(ITIMER_REAL, &often, NULL);
		CHECK_ERRNO(connect(s, SA(sin)), EINTR); /* natively, too: no restart with a timeout */
		setitimer(ITIMER_REAL, &off, NULL);
		CHECK(signals >= 3);
		CHECK_ERRNO(connect(s, SA(sin)), EALREADY);
		CHECK(util_now_us() - t0 > 200000);
	}
	s = socket(AF_INET, SOCK_STREAM, 0);
	{
		struct timeval tv = { .tv_usec = 100000 };

		CHECK(setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0);
		CHECK_ERRNO(connect(s, SA(sin)), EINPROGRESS);
	}
	return 0;
}

static void test_signals_alone(void **state)
{
	bool alone = true;

	(void)state;
	assert_int_equal(interrupt_body(&alone), 0); /* natively first */
	util_run(tcp_only, NULL, interrupt_body, &alone, NULL);
}

static void test_signals_threads(void **state)
{
	bool alone = false;

	(void)state;
	assert_int_equal(interrupt_body(&alone), 0);
	util_run(all_kinds, NULL, interrupt_body, &alone, NULL);
}

/* The process is signalled, with SA_RESTART, while its first thread waits: the connect restarts, and then succeeds. */
static int restart_body(void *arg)
{
	struct sockaddr_in sin = util_v4("127.0.0.1", 7004);
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	pthread_t t;
	int s = socket(AF_INET, SOCK_STREAM, 0);

	signals = 0;
	(void)arg;
	sigaction(SIGUSR2, &sa, NULL);
	CHECK(pthread_create(&t, NULL, signal_later, NULL) == 0);
	CHECK(connect(s, SA(sin)) == 0);
	CHECK(signals == 1);
	return 0;
}

static void *drain_later(void *arg)
{
	int s = *(int *)arg;

	usleep(300000);
	for (int i = 0; i < 50; i++) {
		int c = accept4(s, NULL, NULL, SOCK_NONBLOCK);

		if (c >= 0)
			close(c);
		usleep(50000);
	}
	return NULL;
}

static void test_restart_then_success(void **state)
{
	static const char *const kv[] = { "net-allow", "tcp://127.0.0.1:7004", NULL };
	struct sockaddr_in sin = util_v4("127.0.0.1", 7004);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), c[2];
	pthread_t t;

	(void)state;
	assert_int_equal(bind(s, SA(sin)), 0);
	assert_int_equal(listen(s, 0), 0);
	for (int i = 0; i < 2; i++) {
		c[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(c[i], SA(sin));
	}
	pthread_create(&t, NULL, drain_later, &s);
	util_run(kv, NULL, restart_body, NULL, NULL);
	pthread_join(t, NULL);
	close(s);
	close(c[0]);
	close(c[1]);
}

/* --- sends that wait ---------------------------------------------------------------------------------------------------- */

static void *receive_slowly(void *arg)
{
	int s = *(int *)arg;
	char buf[4096];

	usleep(50000);
	for (int i = 0; i < 60; i++)
		if (recv(s, buf, sizeof(buf), 0) <= 0)
			break;
	return NULL;
}

/* More datagrams than a receiver's queue holds (net.unix.max_dgram_qlen), and a stream beyond its buffer, by sendmsg. */
static int unix_wait_body(void *arg)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_DGRAM, 0), s = socket(AF_UNIX, SOCK_DGRAM, 0), sv[2];
	char *big = calloc(1, 3 << 20);
	struct iovec iov = { big, 3 << 20 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	pthread_t t;

	(void)arg;
	memcpy(un.sun_path, "\0sup-wait", 9);
	CHECK(bind(server, SA(un)) == 0);
	CHECK(pthread_create(&t, NULL, receive_slowly, &server) == 0);
	for (int i = 0; i < 60; i++)
		CHECK(sendto(s, "x", 1, 0, SA(un)) == 1);
	pthread_join(t, NULL);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	if (fork() == 0) {
		size_t got = 0;
		ssize_t n;

		close(sv[0]);
		while ((n = read(sv[1], big, 1 << 16)) > 0)
			got += (size_t)n;
		if (got != 3 << 20)
			fprintf(stderr, "  reader got %zu, errno %s\n", got, strerrorname_np(errno));
		_exit(got == 3 << 20 ? 0 : 1);
	}
	close(sv[1]);
	CHECK(pthread_create(&t, NULL, hang, NULL) == 0); /* not alone: on behalf */
	CHECK(sendmsg(sv[0], &m, 0) == 3 << 20);
	close(sv[0]);
	{
		int status;

		CHECK(wait(&status) > 0 && status == 0);
	}
	/* Its reader is gone: EPIPE and SIGPIPE. */
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
	close(sv[1]);
	signals = 0;
	signal(SIGPIPE, on_signal);
	iov.iov_len = 1;
	CHECK_ERRNO(sendmsg(sv[0], &m, 0), EPIPE);
	CHECK(signals == 1);
	CHECK_ERRNO(sendmsg(sv[0], &m, MSG_NOSIGNAL), EPIPE);
	CHECK(signals == 1);
	return 0;
}

static void test_sends_that_wait(void **state)
{
	(void)state;
	util_run(all_kinds, NULL, unix_wait_body, NULL, NULL);
}

/* --- the caller goes away ------------------------------------------------------------------------------------------------ */

static int killed_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);
	int s;

	(void)arg;
	for (int i = 0; i < 30; i++) {
		pid_t p = fork();

		if (p == 0) {
			hang(NULL);
			_exit(0);
		}
		usleep((unsigned int)(i % 10) * 700);
		kill(p, SIGKILL);
		CHECK(waitpid(p, NULL, 0) == p);
	}
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(s, SA(good)) == 0);
	return 0;
}

static void test_callers_die(void **state)
{
	(void)state;
	util_run(tcp_only, NULL, killed_body, NULL, NULL);
}

/* --- what the supervisor spends ------------------------------------------------------------------------------------------ */

static void *big_sends(void *arg)
{
	static char big[60000];
	struct sockaddr_in good = util_v4("127.0.0.1", 7101);
	struct iovec iov = { big, sizeof(big) };
	struct mmsghdr mm[256] = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	int64_t end = util_now_us() + 2000000;

	for (int i = 0; i < 256; i++)
		mm[i].msg_hdr = (struct msghdr){ .msg_name = &good, .msg_namelen = sizeof(good), .msg_iov = &iov, .msg_iovlen = 1 };
	while (util_now_us() < end)
		if (sendmmsg(s, mm, 256, 0) <= 0)
			return arg;
	return NULL;
}

static int spend_body(void *arg)
{
	pthread_t t[4];
	void *failed;

	(void)arg;
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&t[i], NULL, big_sends, &t) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_join(t[i], &failed) == 0 && !failed);
	return 0;
}

static int64_t cpu_us(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	assert_int_equal(clock_gettime(clock, &ts), 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* A container of a tenth of a processor makes us spend no more than that: with a call that costs it next to nothing. */
static void test_budget(void **state)
{
	struct util_options o = { .cpu_max = "10000 100000\n" };
	struct supervisor_status st;
	struct util_session s;
	struct err e = { 0 };
	int64_t began, spent, took;
	pid_t pid;

	(void)state;
	util_open(&s, all_kinds, &o);
	began = util_now_us();
	pid = util_spawn(&s, true, spend_body, NULL);
	/* It is init: the supervisor ends with it. Looked at before. */
	do {
		usleep(20000);
		assert_int_equal(supervisor_get_status(s.state_dir, &st, &e), 0);
		spent = cpu_us(st.pid);
		took = util_now_us() - began;
	} while (took < 1800000);
	fprintf(stderr, "  %lld ms of processor time in %lld ms\n", (long long)spent / 1000, (long long)took / 1000);
	/* A tenth, and what a single call costs; without a bound it is what the machine has to give. */
	assert_true(spent < took / 7);
	assert_int_equal(util_wait(pid), 0);
	util_wait(s.sup);
	util_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_thousand_hang),
		cmocka_unit_test(test_signals_alone),
		cmocka_unit_test(test_signals_threads),
		cmocka_unit_test(test_restart_then_success),
		cmocka_unit_test(test_sends_that_wait),
		cmocka_unit_test(test_callers_die),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests_name("supervisor, blocked calls", tests, setup, NULL);
}
