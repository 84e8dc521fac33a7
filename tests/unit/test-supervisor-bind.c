// SPDX-License-Identifier: Apache-2.0
/* test-supervisor-bind.c - bind policies, the ports-only mode, and the supervisor's own shape */
#include "sup-util.h"

static int tcp_good;

static int setup(void **state)
{
	if (util_network(state) < 0)
		return -1;
	tcp_good = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	return 0;
}

static int bind_body(void *arg)
{
	bool allow = *(bool *)arg;
	struct sockaddr_in good = util_v4("0.0.0.0", 8080), bad = util_v4("0.0.0.0", 2525), tcp = util_v4("127.0.0.1", 7001);
	struct sockaddr_in any = util_v4("0.0.0.0", 0);
	struct sockaddr_in6 bad6 = util_v6("::", 2525);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_ERRNO(bind(s, SA(bad)), EACCES);
	CHECK(bind(s, SA(good)) == 0 && listen(s, 5) == 0);
	CHECK_ERRNO(bind(socket(AF_INET6, SOCK_STREAM, 0), SA(bad6)), EACCES);
	/* UDP is never touched, egress is open. */
	CHECK(bind(socket(AF_INET, SOCK_DGRAM, 0), SA(bad)) == 0);
	CHECK(connect(socket(AF_INET, SOCK_STREAM, 0), SA(tcp)) == 0);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, 262), EPROTONOSUPPORT);
	s = socket(AF_INET, SOCK_STREAM, 0);
	if (allow)
		CHECK_ERRNO(bind(s, SA(any)), EACCES);
	else
		CHECK(bind(s, SA(any)) == 0 && listen(s, 1) == 0);
	memcpy(un.sun_path, "\0bind-test", 10);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(s, SA(un)) == 0 && listen(s, 1) == 0);
	CHECK_ERRNO(bind(999, SA(good)), EBADF);
	CHECK_ERRNO(bind(s, (struct sockaddr *)8, 16), EFAULT);
	return 0;
}

static void test_bind_deny(void **state)
{
	static const char *const kv[] = { "net-deny-bind", "2525,25", NULL };
	static struct util_result r;
	bool allow = false;

	(void)state;
	util_run(kv, NULL, bind_body, &allow, &r);
	/* Two binds and the MPTCP socket. */
	assert_int_equal(r.denied, 3);
	assert_non_null(strstr(r.log, "\"call\":\"bind\""));
}

static void test_bind_allow(void **state)
{
	static const char *const kv[] = { "net-allow-bind", "8080", NULL };
	static struct util_result r;
	bool allow = true;

	(void)state;
	util_run(kv, NULL, bind_body, &allow, &r);
	/* Three binds, which Landlock would refuse, too, and the MPTCP socket. */
	assert_int_equal(r.denied, 4);
	assert_non_null(strstr(r.log, "\"destination\":\"tcp port "));
}

static void *flip_unix_tcp(void *arg)
{
	int *fds = arg;

	while (!fds[3]) {
		dup2(fds[0], fds[2]);
		dup2(fds[1], fds[2]);
	}
	return NULL;
}

/* bind on an AF_UNIX socket continues; what a descriptor changed meanwhile wins must not listen. */
static int bind_flip_body(void *arg)
{
	static volatile int fds[4];
	struct sockaddr_in bad = util_v4("127.0.0.1", 2525);
	pthread_t t;

	(void)arg;
	fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	fds[2] = dup(fds[0]);
	CHECK(pthread_create(&t, NULL, flip_unix_tcp, (void *)(uintptr_t)fds) == 0);
	for (int i = 0; i < 20000; i++) {
		bind(fds[2], SA(bad));
		listen(fds[2], 1);
	}
	fds[3] = 1;
	pthread_join(t, NULL);
	{
		int on = 1;
		socklen_t len = sizeof(on);

		CHECK(getsockopt(fds[1], SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0);
		if (on) {
			struct sockaddr_in sin;

			len = sizeof(sin);
			CHECK(getsockname(fds[1], (struct sockaddr *)&sin, &len) == 0);
			CHECK(sin.sin_port != bad.sin_port);
		}
	}
	return 0;
}

static void test_bind_flip(void **state)
{
	static const char *const kv[] = { "net-deny-bind", "2525", NULL };

	(void)state;
	util_run(kv, NULL, bind_flip_body, NULL, NULL);
}

static int ports_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	CHECK(connect(s, SA(good)) == 0);
	CHECK_ERRNO(sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, SA(good)), ECONNREFUSED);
	CHECK_ERRNO(syscall(425, 1, NULL), ENOSYS);
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERRNO(sendto(s, "x", 1, 0x20000000, SA(bad)), ECONNREFUSED);
	return 0;
}

static void test_ports_only(void **state)
{
	static const char *const kv[] = { "net-allow", ":7001", NULL };
	struct policy *p = util_policy(kv);

	(void)state;
	assert_true(policy_get_traits(p).tcp_ports_only);
	policy_free(p);
	util_run(kv, NULL, ports_body, NULL, NULL);
}

/* Numbers from /proc/PID/status. */
static uint64_t status_of(pid_t pid, const char *key)
{
	char path[64], line[256];
	uint64_t v = UINT64_MAX;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtoull(line + strlen(key) + 1, NULL, 16);
	fclose(f);
	return v;
}

/* @caps: what may be in effect. @fds: what may be open beside standard streams. */
static void check_shape(pid_t pid, uint64_t caps, unsigned int least_fds, unsigned int most_fds)
{
	int64_t until = util_now_us() + 5000000;
	char path[64], link[64];
	unsigned int fds = 0;

#if !defined(__SANITIZE_ADDRESS__) /* its runtime calls what it likes: no filter */
	while (status_of(pid, "Seccomp:") != 2 && util_now_us() < until)
		usleep(1000);
	assert_int_equal(status_of(pid, "Seccomp:"), 2);
#endif
	(void)until;
	assert_int_equal(status_of(pid, "NoNewPrivs:"), 1);
	if (geteuid() == 0)
		assert_int_equal(status_of(pid, "CapEff:") & ~caps, 0);
	assert_int_equal(getsid(pid), pid);
	for (int i = 0; i < 3; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, i);
		n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		assert_string_equal(link, "/dev/null");
	}
	for (int i = 3; i < 512; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, i);
		fds += readlink(path, link, sizeof(link)) > 0;
	}
	assert_in_range(fds, least_fds, most_fds);
}

static void test_shape(void **state)
{
	static const char *const kv[] = { "net-allow", "tcp://127.0.0.1:7001", NULL };
	struct util_session s;
	struct supervisor_status st;
	int pidfd;

	(void)state;
	util_open(&s, kv, NULL);
	st = util_status(&s);
	pidfd = sys_pidfd_open(st.pid, 0);
	assert_int_equal(st.watcher, s.sup);
	check_shape(st.pid, 1ULL << 19 | 1ULL << 5, 8, 14);
	check_shape(s.sup, 0, 5, 7);
	/* Before there is an init, the end of one is the end of both. */
	kill(s.sup, SIGKILL);
	waitpid(s.sup, NULL, 0);
	util_gone(pidfd);
	util_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind_deny),  cmocka_unit_test(test_bind_allow), cmocka_unit_test(test_bind_flip),
		cmocka_unit_test(test_ports_only), cmocka_unit_test(test_shape),
	};

	return cmocka_run_group_tests_name("supervisor, bind and shape", tests, setup, NULL);
}
