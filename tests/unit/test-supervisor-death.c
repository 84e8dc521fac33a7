// SPDX-License-Identifier: Apache-2.0
/* test-supervisor-death.c - supervisor and watcher are killed, one, the other, both, again and again: what is allowed works
 * again, what is denied stays denied, and no call hangs
 */
#include "sup-util.h"

static const char *const kinds[] = { "net-allow", "tcp://127.0.0.1:7001 tcp://10.9.0.2:7003 udp://127.0.0.1:7101", NULL };
static int tcp_good, tcp_bad, udp_good, udp_bad, full;

static int setup(void **state)
{
	if (util_network(state) < 0)
		return -1;
	tcp_good = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	tcp_bad = util_server(SOCK_STREAM, "127.0.0.1", 7002);
	udp_good = util_server(SOCK_DGRAM, "127.0.0.1", 7101);
	udp_bad = util_server(SOCK_DGRAM, "127.0.0.1", 7102);
	/* A listener whose queue is full: connects to it hang. */
	full = util_server(SOCK_STREAM, "10.9.0.2", 7003);
	assert_int_equal(listen(full, 0), 0);
	for (int i = 0; i < 3; i++) {
		struct sockaddr_in to = util_v4("10.9.0.2", 7003);
		int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

		(void)!connect(s, SA(to));
	}
	return 0;
}

/* A body that makes one step for each byte it is sent, and answers each with the step's result. */
struct steps {
	int to[2], from[2];
	int (*step)(void);
};

static int steps_body(void *arg)
{
	struct steps *st = arg;
	char c;

	close(st->to[1]);
	while (read(st->to[0], &c, 1) == 1) {
		int r = st->step();

		if (write(st->from[1], &r, sizeof(r)) != sizeof(r))
			return __LINE__;
	}
	return 0;
}

static void steps_open(struct steps *st, int (*step)(void))
{
	assert_int_equal(pipe2(st->to, O_CLOEXEC), 0);
	assert_int_equal(pipe2(st->from, O_CLOEXEC), 0);
	st->step = step;
}

static void steps_begin(struct steps *st)
{
	assert_int_equal(write(st->to[1], "x", 1), 1);
}

/* The step's result: 0, or the line of a failed check; -1: none within @ms. */
static int steps_end(struct steps *st, int ms)
{
	struct pollfd p = { .fd = st->from[0], .events = POLLIN };
	int r = -1;

	if (poll(&p, 1, ms) == 1)
		assert_int_equal(read(st->from[0], &r, sizeof(r)), sizeof(r));
	return r;
}

static int step(struct steps *st)
{
	steps_begin(st);
	return steps_end(st, 10000);
}

/* No more steps: the body ends, and well. */
static void steps_last(struct steps *st, pid_t body)
{
	close(st->to[1]);
	st->to[1] = -1;
	assert_int_equal(util_wait(body), 0);
}

static void steps_close(struct steps *st)
{
	close(st->to[0]), close(st->to[1]), close(st->from[0]), close(st->from[1]);
}

static int both_ways(void)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002);
	struct sockaddr_in ugood = util_v4("127.0.0.1", 7101), ubad = util_v4("127.0.0.1", 7102);
	autofd t = socket(AF_INET, SOCK_STREAM, 0);
	autofd d = socket(AF_INET, SOCK_STREAM, 0);
	autofd u = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(connect(t, SA(good)) == 0);
	CHECK_ERRNO(connect(d, SA(bad)), ECONNREFUSED);
	CHECK(sendto(u, "x", 1, 0, SA(ugood)) == 1);
	CHECK_ERRNO(sendto(u, "x", 1, 0, SA(ubad)), ECONNREFUSED);
	return 0;
}

static int closed_step(void)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002), ubad = util_v4("127.0.0.1", 7102);
	autofd t = socket(AF_INET, SOCK_STREAM, 0);
	autofd d = socket(AF_INET, SOCK_STREAM, 0);
	autofd u = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK_ERRNO(connect(t, SA(good)), ENOSYS);
	CHECK_ERRNO(connect(d, SA(bad)), ENOSYS);
	CHECK_ERRNO(sendto(u, "x", 1, 0, SA(ubad)), ENOSYS);
	return 0;
}

static void assert_nothing_denied_arrived(void)
{
	assert_int_equal(util_arrived(tcp_bad), 0);
	assert_int_equal(util_arrived(udp_bad), 0);
}

/* Kills one of the two by pidfd and waits for its end. @own: the watcher is our child. */
static void kill_one(pid_t pid, bool own)
{
	int pidfd = sys_pidfd_open(pid, 0);

	assert_true(pidfd >= 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	util_gone(pidfd);
	if (own)
		waitpid(pid, NULL, 0);
}

/* A session whose init makes @one_step each time that it is told to. */
static pid_t begin(struct util_session *s, struct steps *st, int (*one_step)(void))
{
	util_open(s, kinds, NULL);
	steps_open(st, one_step);
	return util_spawn(s, true, steps_body, st);
}

static void end(struct util_session *s, struct steps *st, pid_t init)
{
	steps_last(st, init);
	util_wait(s->sup);
	steps_close(st);
	util_close(s);
	assert_nothing_denied_arrived();
}

/* --- the supervisor ----------------------------------------------------------------------------------------------------- */

static void test_supervisor_killed(void **state)
{
	static struct util_result r;
	struct supervisor_status before, after;
	struct util_session s;
	struct steps st;
	pid_t init, session;
	int64_t at;

	(void)state;
	init = begin(&s, &st, both_ways);
	assert_int_equal(step(&st), 0);
	before = util_status(&s);
	assert_int_equal(before.restarts, 0);
	assert_int_equal(before.denied, 2);
	assert_int_equal(before.watcher, s.sup);
	at = util_now_us();
	kill_one(before.pid, false);
	assert_int_equal(step(&st), 0);
	fprintf(stderr, "  served again after %lld us\n", (long long)(util_now_us() - at));
	after = util_status(&s);
	assert_true(after.alive);
	assert_int_equal(after.restarts, 1);
	assert_int_equal(after.denied, 4); /* the count goes on */
	assert_int_not_equal(after.pid, before.pid);
	assert_int_equal(after.watcher, s.sup);
	/* A session that comes afterwards, and both after one more. */
	{
		struct steps other;

		steps_open(&other, both_ways);
		session = util_spawn(&s, false, steps_body, &other);
		assert_int_equal(step(&other), 0);
		kill_one(after.pid, false);
		assert_int_equal(step(&other), 0);
		assert_int_equal(step(&st), 0);
		steps_last(&other, session);
		steps_close(&other);
	}
	assert_int_equal(util_status(&s).restarts, 2);
	util_read_log(&s, &r);
	assert_non_null(strstr(r.log, "\"supervisor_restarts\":1}"));
	assert_non_null(strstr(r.log, "\"supervisor_restarts\":2}"));
	end(&s, &st, init);
}

/* --- calls in its hands ---------------------------------------------------------------------------------------------------- */

static int hanging_step(void)
{
	struct sockaddr_in to = util_v4("10.9.0.2", 7003);
	autofd t = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_ERRNO(connect(t, SA(to)), ECONNABORTED);
	return both_ways();
}

static int64_t denied_or_more(struct util_session *s, uint64_t n)
{
	int64_t until = util_now_us() + 5000000;

	while (util_status(s).denied < n && util_now_us() < until)
		usleep(1000);
	return (int64_t)util_status(s).denied;
}

/* A connect that waits: in the table of blocked calls by then, for other calls have been served since. */
static void test_blocked_call_ends(void **state)
{
	struct util_session s;
	struct steps st, other;
	pid_t init, session;
	int64_t at;

	(void)state;
	init = begin(&s, &st, hanging_step);
	steps_open(&other, both_ways);
	session = util_spawn(&s, false, steps_body, &other);
	steps_begin(&st);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(step(&other), 0);
		usleep(2000);
	}
	assert_int_equal(steps_end(&st, 0), -1);
	assert_int_equal(denied_or_more(&s, 40), 40);
	at = util_now_us();
	kill_one(util_status(&s).pid, false);
	assert_int_equal(steps_end(&st, 5000), 0);
	fprintf(stderr, "  ended after %lld us\n", (long long)(util_now_us() - at));
	assert_int_equal(step(&other), 0);
	steps_last(&other, session);
	steps_close(&other);
	end(&s, &st, init);
}

/* --- at any moment ------------------------------------------------------------------------------------------------------------ */

static _Atomic int wild_failed;

/* Whatever becomes of a call, it ends, and with one of these. */
static void *wild_thread(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002);
	struct sockaddr_in ugood = util_v4("127.0.0.1", 7101), ubad = util_v4("127.0.0.1", 7102);
	int64_t until = *(int64_t *)arg;
	autofd u = socket(AF_INET, SOCK_DGRAM, 0);

	while (util_now_us() < until) {
		autofd t = socket(AF_INET, SOCK_STREAM, 0);
		autofd d = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(t, SA(good)) < 0 && errno != ECONNABORTED)
			atomic_store(&wild_failed, errno ? errno : 1);
		if (connect(d, SA(bad)) == 0 || (errno != ECONNREFUSED && errno != ECONNABORTED))
			atomic_store(&wild_failed, errno ? errno : 1);
		if (sendto(u, "x", 1, 0, SA(ugood)) < 0 && errno != ECONNABORTED)
			atomic_store(&wild_failed, errno ? errno : 1);
		if (sendto(u, "x", 1, 0, SA(ubad)) >= 0 || (errno != ECONNREFUSED && errno != ECONNABORTED))
			atomic_store(&wild_failed, errno ? errno : 1);
	}
	return NULL;
}

static int wild_step(void)
{
	int64_t until = util_now_us() + 1500000;
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		CHECK(pthread_create(&threads[i], NULL, wild_thread, &until) == 0);
	for (int i = 0; i < 6; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	errno = atomic_load(&wild_failed);
	CHECK(errno == 0);
	return 0;
}

static void test_killed_under_load(void **state)
{
	struct util_session s;
	struct steps st;
	pid_t init;

	(void)state;
	init = begin(&s, &st, wild_step);
	steps_begin(&st);
	for (int i = 0; i < 8; i++) {
		usleep(30000 + (useconds_t)i * 1371);
		kill_one(util_status(&s).pid, false);
		util_arrived(tcp_good), util_arrived(udp_good);
	}
	while (steps_end(&st, 20) == -1)
		util_arrived(tcp_good), util_arrived(udp_good);
	assert_int_equal(util_status(&s).restarts, 8);
	st.step = both_ways;
	end(&s, &st, init);
}

/* One that dies and dies is given up: closed, and the container's end is still nobody's business. */
static void test_given_up(void **state)
{
	struct util_session s;
	struct steps st;
	unsigned int n = 0;
	pid_t init;

	(void)state;
	init = begin(&s, &st, closed_step);
	for (; n < 50; n++) {
		struct supervisor_status now = util_status(&s);

		if (!now.alive)
			break;
		assert_int_equal(now.restarts, n);
		kill_one(now.pid, false);
	}
	assert_int_equal(n, 11);
	assert_int_equal(step(&st), 0);
	end(&s, &st, init);
}

/* --- the watcher, and both ------------------------------------------------------------------------------------------------------- */

static void test_watcher_killed(void **state)
{
	struct supervisor_status now;
	struct util_session s;
	struct steps st;
	pid_t init;

	(void)state;
	init = begin(&s, &st, both_ways);
	now = util_status(&s);
	kill_one(s.sup, true);
	/* The supervisor goes on alone, also for new sessions, and says so. */
	assert_int_equal(step(&st), 0);
	assert_int_equal(util_wait(util_spawn(&s, false, steps_body, &(struct steps){ .to = { open("/dev/null", O_RDONLY), -1 } })), 0);
	assert_true(util_status(&s).alive);
	assert_int_equal(util_status(&s).watcher, 0);
	assert_int_equal(util_status(&s).pid, now.pid);
	{
		int pidfd = sys_pidfd_open(now.pid, 0);

		steps_last(&st, init);
		util_gone(pidfd); /* and ends with init */
	}
	steps_close(&st);
	util_close(&s);
	assert_nothing_denied_arrived();
}

static int both_killed_step(void)
{
	struct sockaddr_in to = util_v4("10.9.0.2", 7003);
	autofd t = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_ERRNO(connect(t, SA(to)), ENOSYS);
	return closed_step();
}

static void test_both_killed(void **state)
{
	struct supervisor_status now;
	struct util_session s;
	struct steps st;
	pid_t init;

	(void)state;
	init = begin(&s, &st, both_killed_step);
	steps_begin(&st); /* with a call in their hands */
	assert_int_equal(steps_end(&st, 50), -1);
	now = util_status(&s);
	kill_one(s.sup, true);
	kill_one(now.pid, false);
	assert_int_equal(steps_end(&st, 5000), 0);
	assert_false(util_status(&s).alive);
	steps_last(&st, init);
	steps_close(&st);
	util_close(&s);
	assert_nothing_denied_arrived();
}

/* SIGTERM is the way to end both, whether or not there is an init. */
static void test_term(void **state)
{
	struct supervisor_status now;
	struct util_session s;
	struct steps st;
	pid_t init;
	int pidfd;

	(void)state;
	util_open(&s, kinds, NULL);
	now = util_status(&s);
	pidfd = sys_pidfd_open(now.pid, 0);
	kill(s.sup, SIGTERM);
	assert_int_equal(util_wait(s.sup), 0);
	util_gone(pidfd);
	util_close(&s);
	init = begin(&s, &st, closed_step);
	kill(s.sup, SIGTERM);
	assert_int_equal(util_wait(s.sup), 0);
	assert_int_equal(step(&st), 0);
	steps_last(&st, init);
	steps_close(&st);
	util_close(&s);
}

/* A stopped supervisor does not hold up the end. */
static void test_stopped(void **state)
{
	struct supervisor_status now;
	struct util_session s;
	struct steps st;
	pid_t init;
	int pidfd;

	(void)state;
	init = begin(&s, &st, both_ways);
	now = util_status(&s);
	pidfd = sys_pidfd_open(now.pid, 0);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGSTOP), 0);
	steps_last(&st, init);
	assert_int_equal(util_wait(s.sup), 0);
	util_gone(pidfd);
	steps_close(&st);
	util_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_supervisor_killed), cmocka_unit_test(test_blocked_call_ends),
		cmocka_unit_test(test_killed_under_load), cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_watcher_killed),	  cmocka_unit_test(test_both_killed),
		cmocka_unit_test(test_term),		  cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests_name("supervisor, its death", tests, setup, NULL);
}
