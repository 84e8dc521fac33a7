// SPDX-License-Identifier: Apache-2.0
/* bench-net.c - what a call costs natively and confined, microseconds for each, medians of interleaved rounds */
#include "../unit/sup-util.h"

#define ROUNDS 9

static int64_t *results;

static int cost_body(void *arg)
{
	struct sockaddr_in tcp = util_v4("127.0.0.1", 7001), udp = util_v4("127.0.0.1", 7101);
	bool with_udp = *(bool *)arg;
	struct iovec iov = { (void *)(uintptr_t)"0123456789012345678901234567890123456789012345678901234567890123", 64 };
	struct msghdr m = { .msg_name = &udp, .msg_namelen = sizeof(udp), .msg_iov = &iov, .msg_iovlen = 1 };
	int n = 2000, s;
	int64_t t = util_now_us();

	for (int i = 0; i < n; i++) {
		struct linger l = { 1, 0 };

		s = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(connect(s, SA(tcp)) == 0);
		setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
		close(s);
	}
	results[0] = (util_now_us() - t) * 1000 / n;
	t = util_now_us();
	for (int i = 0; i < n; i++) {
		s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(s, SA(tcp));
		close(s);
	}
	results[1] = (util_now_us() - t) * 1000 / n;
	if (!with_udp)
		return 0;
	s = socket(AF_INET, SOCK_DGRAM, 0);
	n = 20000;
	t = util_now_us();
	for (int i = 0; i < n; i++)
		CHECK(sendto(s, iov.iov_base, 64, 0, SA(udp)) == 64);
	results[2] = (util_now_us() - t) * 1000 / n;
	t = util_now_us();
	for (int i = 0; i < n; i++)
		CHECK(sendmsg(s, &m, 0) == 64);
	results[3] = (util_now_us() - t) * 1000 / n;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return (int)(*(const int64_t *)a - *(const int64_t *)b);
}

static void *drain(void *arg)
{
	int s = *(int *)arg;

	for (;;) {
		struct pollfd p = { .fd = s, .events = POLLIN };

		poll(&p, 1, -1);
		util_arrived(s);
	}
	return NULL;
}

static void bench(void **state)
{
	static const char *const kv[] = { "net-allow", "tcp://127.0.0.1:7001 udp://127.0.0.1:7101", NULL };
	static const char *const names[] = { "TCP connect+close", "TCP non-blocking connect+close", "UDP sendto 64 B",
					     "UDP sendmsg 64 B" };
	struct util_options o = { .bpf = true };
	static int64_t all[3][4][ROUNDS];
	bool with_udp = true;

	(void)state;
	for (int r = 0; r < ROUNDS; r++) {
		if (fork() == 0)
			_exit(cost_body(&with_udp) != 0);
		wait(NULL);
		for (int i = 0; i < 4; i++)
			all[0][i][r] = results[i];
		util_run(kv, NULL, cost_body, &with_udp, NULL);
		for (int i = 0; i < 4; i++)
			all[1][i][r] = results[i];
		util_run(kv, &o, cost_body, &with_udp, NULL);
		for (int i = 0; i < 4; i++)
			all[2][i][r] = results[i];
	}
	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 3; k++)
			qsort(all[k][i], ROUNDS, sizeof(int64_t), compare);
		printf("%-32s native %6.2f us   confined %6.2f us   with cgroup program %6.2f us\n", names[i], (double)all[0][i][ROUNDS / 2] / 1000,
		       (double)all[1][i][ROUNDS / 2] / 1000, (double)all[2][i][ROUNDS / 2] / 1000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(bench) };
	static int tcp;
	pthread_t t;

	results = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (util_network(NULL) < 0)
		return 77;
	tcp = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	util_server(SOCK_DGRAM, "127.0.0.1", 7101);
	pthread_create(&t, NULL, drain, &tcp);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
