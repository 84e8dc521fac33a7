// SPDX-License-Identifier: Apache-2.0
/* test-process-check.c - what create refuses of "process"; signal names; lists of processors */
#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/str.h"
#include "process/internal.h"
#include "process/process.h"
#include "process/signals.h"

static void signals_are_read_as_users_write_them(void **state)
{
	static const struct {
		const char *text;
		int number;
	} good[] = {
		{ "9", 9 }, { "0", 0 }, { "64", 64 }, { "KILL", 9 }, { "SIGKILL", 9 }, { "sigterm", 15 }, { "Usr1", 10 },
		{ "SIGIOT", 6 }, { "POLL", 29 }, { "io", 29 }, { "CLD", 17 }, { "RTMIN", 34 }, { "rtmin+3", 37 },
		{ "SIGRTMIN+30", 64 }, { "SIGRTMAX", 64 }, { "RTMAX-1", 63 }, { "rtmax-30", 34 },
	};
	static const char *const bad[] = { "", "SIG", "65", "-1", "9 ", " 9", "0x9", "FOO", "SIGSIGKILL", "RTMIN-1",
					   "RTMAX+1", "RTMIN+31", "RTMIN+", "RTMIN3", "SIG9", "99999999999999999999" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (signals_parse(good[i].text, &e) != good[i].number)
			fail_msg("%s is not %d", good[i].text, good[i].number);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (signals_parse(bad[i], &e) != -1)
			fail_msg("\"%s\" was taken", bad[i]);
	assert_non_null(strstr(e.msg, "unknown signal \"9999"));
}

static bool in_list(const struct idlist *l, size_t i)
{
	return l->bits[i / 64] >> (i % 64) & 1;
}

static void lists_of_processors_are_strict(void **state)
{
	static const char *const bad[] = { "", ",", "1,", ",1", "1-", "-1", "3-1", "1--2", "1 ,2", " 1", "1\n", "a", "8192",
					   "1-8192", "99999999999999999999999", "0x1", "1,,2" };
	struct idlist l;
	struct err e;

	(void)state;
	_Static_assert(sizeof(long) == 8, "in_list() above");
	assert_int_equal(idlist_parse("0-3,7,64,8191", &l, &e), 0);
	assert_true(in_list(&l, 0) && in_list(&l, 3) && !in_list(&l, 4) && in_list(&l, 7) && in_list(&l, 64));
	assert_true(in_list(&l, 8191));
	assert_int_equal(l.top, 8192);
	assert_int_equal(idlist_parse("5", &l, &e), 0);
	assert_int_equal(l.top, 6);
	assert_false(in_list(&l, 0));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (idlist_parse(bad[i], &l, &e) == 0)
			fail_msg("\"%s\" was taken", bad[i]);
}

static struct oci_process good_process(void)
{
	static char *args[] = { (char *)"sh", NULL };
	static char *env[] = { (char *)"PATH=/bin", NULL };

	return (struct oci_process){ .cwd = (char *)"/", .args = { args, 1 }, .env = { env, 1 } };
}

static void must_refuse(const struct oci_process *p, const char *text)
{
	struct err e = { 0 };

	assert_int_equal(process_validate(p, &e), -1);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not contain \"%s\"", e.msg, text);
}

static void create_refuses_a_bad_process_and_says_where(void **state)
{
	struct oci_process p = good_process(), q;
	uint32_t gids[] = { 5, UINT32_MAX };
	struct oci_rlimit lim[] = { { (char *)"RLIMIT_NOFILE", 10, 20 }, { (char *)"RLIMIT_CORE", 5, 4 } };
	struct err e;

	(void)state;
	assert_int_equal(process_validate(&p, &e), 0);
	q = p;
	q.args.n = 0;
	must_refuse(&q, "process.args");
	q = p;
	q.cwd = (char *)"tmp";
	must_refuse(&q, "process.cwd: \"tmp\"");
	q = p;
	q.env = (struct oci_strings)STRINGS((char *)"A=1", (char *)"B");
	must_refuse(&q, "process.env[1]: \"B\"");
	q.env = (struct oci_strings)STRINGS((char *)"=1");
	must_refuse(&q, "process.env[0]");

	q = p; /* -1 is "leave it" to setresuid: the workload would stay root */
	q.user.uid = UINT32_MAX;
	must_refuse(&q, "process.user.uid");
	q = p;
	q.user.gid = UINT32_MAX;
	must_refuse(&q, "process.user.gid");
	q = p;
	q.user.additional_gids = gids;
	q.user.n_additional_gids = 2;
	must_refuse(&q, "process.user.additionalGids[1]");
	q = p;
	q.user.umask = (struct oci_opt_u32){ true, 01000 };
	must_refuse(&q, "process.user.umask");

	q = p;
	q.rlimits = lim;
	q.n_rlimits = 2;
	must_refuse(&q, "process.rlimits[1] (RLIMIT_CORE): soft limit 5 is above the hard limit 4");
	lim[1] = (struct oci_rlimit){ (char *)"RLIMIT_NOFILE", 1, 2 };
	must_refuse(&q, "process.rlimits[1].type: RLIMIT_NOFILE is there twice (first: rlimits[0])");
	lim[1].type = (char *)"RLIMIT_COFFEE";
	must_refuse(&q, "process.rlimits[1].type: unknown limit \"RLIMIT_COFFEE\"");

	q = p;
	q.scheduler = (struct oci_scheduler){ .set = true, .policy = (char *)"SCHED_SLOW" };
	must_refuse(&q, "process.scheduler.policy");
	q.scheduler.policy = (char *)"SCHED_ISO";
	must_refuse(&q, "process.scheduler.policy");
	q.scheduler.policy = (char *)"SCHED_FIFO";
	must_refuse(&q, "process.scheduler.priority: 0; SCHED_FIFO takes 1 to 99");
	q.scheduler = (struct oci_scheduler){ .set = true, .policy = (char *)"SCHED_OTHER", .nice = 20 };
	must_refuse(&q, "process.scheduler.nice");
	q.scheduler = (struct oci_scheduler){ .set = true, .policy = (char *)"SCHED_DEADLINE", .runtime = 5000,
					      .deadline = 4000 };
	must_refuse(&q, "process.scheduler.runtime: 5000 is above the deadline 4000");
	q.scheduler.runtime = 1023;
	must_refuse(&q, "process.scheduler.runtime");
	q.scheduler = (struct oci_scheduler){ .set = true, .policy = (char *)"SCHED_BATCH" };
	q.scheduler.flags = (struct oci_strings)STRINGS((char *)"SCHED_FLAG_RESET_ON_FORK", (char *)"SCHED_FLAG_FUN");
	must_refuse(&q, "process.scheduler.flags[1]");

	q = p;
	q.io_priority = (struct oci_io_priority){ true, (char *)"IOPRIO_CLASS_BE", 8 };
	must_refuse(&q, "process.ioPriority.priority: 8");
	q.io_priority.class_ = (char *)"IOPRIO_CLASS_NONE";
	must_refuse(&q, "process.ioPriority.class");
	q = p;
	q.exec_cpu_affinity.final = (char *)"0-";
	must_refuse(&q, "process.execCPUAffinity.final");
	q = p;
	q.oom_score_adj = (struct oci_opt_i64){ true, 1001 };
	must_refuse(&q, "process.oomScoreAdj: 1001");
	q = p;
	q.apparmor_profile = (char *)"a\nb";
	must_refuse(&q, "process.apparmorProfile: control character at byte 1");
	q = p;
	q.terminal = true;
	q.console_size.set = true;
	q.console_size.height = 65536;
	must_refuse(&q, "process.consoleSize");
}

static void unknown_capabilities_are_no_error(void **state)
{
	struct oci_process p = good_process();
	struct err e;

	(void)state;
	p.capabilities.set = true;
	p.capabilities.bounding = (struct oci_strings)STRINGS((char *)"CAP_CHOWN", (char *)"CAP_TIME_TRAVEL");
	assert_int_equal(process_validate(&p, &e), 0);
}

static void labels_that_the_kernel_cannot_give_are_errors_in_safe_words(void **state)
{
	struct oci_process p = good_process();
	struct err e = { 0 };
	int fd = 7;

	(void)state;
	assert_int_equal(process_open_label_fd(&p, &fd, &e), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(process_write_label(&p, fd, &e), 0);
	p.selinux_label = (char *)"system_u:system_r:container_t:s0";
	p.apparmor_profile = (char *)"sandrun-test-no-such-profile";
	/* Both: no kernel has both. */
	assert_int_equal(process_open_label_fd(&p, &fd, &e), -1);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(e.msg, "cannot be applied"));
	assert_null(strcasestr(e.msg, "not found"));
	assert_null(strcasestr(e.msg, "no such file"));
	p.selinux_label = NULL;
	if (process_open_label_fd(&p, &fd, &e) < 0) {
		assert_string_equal(e.msg, "AppArmor profile `sandrun-test-no-such-profile` cannot be applied: the kernel has "
					   "no AppArmor (or it is off)");
		p.apparmor_profile = (char *)"unconfined";
		assert_int_equal(process_open_label_fd(&p, &fd, &e), 0);
		assert_int_equal(process_write_label(&p, fd, &e), 0);
	} else {
		assert_int_equal(process_write_label(&p, fd, &e), -1);
		assert_null(strcasestr(e.msg, "no such file"));
		close(fd);
	}
}

static void do_limits(struct report *r, const void *arg)
{
	struct oci_rlimit lim[] = { { (char *)"RLIMIT_NOFILE", 100, 200 }, { (char *)"RLIMIT_CORE", 0, 0 } };
	struct oci_rlimit raise[] = { { (char *)"RLIMIT_CORE", 0, 0 }, { (char *)"RLIMIT_NOFILE", 100, 201 } };
	struct oci_process p = { .rlimits = lim, .n_rlimits = 2 };
	struct rlimit got;

	(void)arg;
	expect(r, process_set_rlimits(&p, &r->err) == 0);
	expect(r, getrlimit(RLIMIT_NOFILE, &got) == 0 && got.rlim_cur == 100 && got.rlim_max == 200);
	expect(r, getrlimit(RLIMIT_CORE, &got) == 0 && got.rlim_max == 0);
	/* no more right to raise */
	p.user.uid = 1000;
	p.user.gid = 1000;
	if (geteuid() == 0)
		expect(r, process_set_user(&p, false, &r->err) == 0 && process_set_caps(&p, &r->err) == 0);
	p.rlimits = raise;
	expect(r, process_set_rlimits(&p, &r->err) == -1);
	expect(r, str_starts(r->err.msg, "process.rlimits[1] (RLIMIT_NOFILE): set soft limit 100, hard limit 201 (the "));
	expect(r, strstr(r->err.msg, "limit is 200: raising it needs CAP_SYS_RESOURCE on the host, and sysctl fs.nr_open"));
}

/* The child has a user namespace of its own and ids that are not the caller's, as init of a container has. */
static void limits_from_outside(struct report *r, const void *arg)
{
	struct oci_rlimit lim[] = { { (char *)"RLIMIT_NOFILE", 100, 200 }, { (char *)"RLIMIT_CORE", 0, 0 } };
	struct oci_rlimit raise[] = { { (char *)"RLIMIT_CORE", 0, 1 } };
	struct oci_process p = { .rlimits = lim, .n_rlimits = 2 };
	struct rlimit got;
	int up[2], down[2];
	char byte, path[64];
	pid_t pid;

	(void)arg;
	if (geteuid() != 0)
		child_skip(r, "needs root");
	expect(r, pipe(up) == 0 && pipe(down) == 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) == 0 && write(up[1], "x", 1) == 1 && read(down[0], &byte, 1) == 1 &&
		    setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0 && write(up[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(up[1]);
	if (read(up[0], &byte, 1) != 1)
		child_skip(r, "no user namespaces here");
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	expect(r, file_write(AT_FDCWD, path, "0 100000 65536\n", &r->err) == 0);
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	expect(r, file_write(AT_FDCWD, path, "0 100000 65536\n", &r->err) == 0);
	expect(r, write(down[1], "x", 1) == 1 && read(up[0], &byte, 1) == 1);

	expect(r, process_set_rlimits_of(pid, &p, &r->err) == 0);
	expect(r, prlimit(pid, RLIMIT_NOFILE, NULL, &got) == 0 && got.rlim_cur == 100 && got.rlim_max == 200);
	expect(r, getrlimit(RLIMIT_NOFILE, &got) == 0 && got.rlim_max != 200);
	/* What this is for works only with CAP_SYS_RESOURCE; without it the text must say so. */
	p.rlimits = raise;
	p.n_rlimits = 1;
	if (process_set_rlimits_of(pid, &p, &r->err) == 0) {
		expect(r, prlimit(pid, RLIMIT_CORE, NULL, &got) == 0 && got.rlim_max == 1);
	} else {
		expect(r, str_starts(r->err.msg, "process.rlimits[0] (RLIMIT_CORE): set soft limit 0, hard limit 1 (the"));
		expect(r, strstr(r->err.msg, "limit is 0: raising it needs CAP_SYS_RESOURCE on the host): operation not"));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void limits_of_a_process_in_a_user_namespace(void **state)
{
	(void)state;
	child_ok(limits_from_outside, NULL);
}

static void limits_are_set_and_a_refusal_names_the_entry(void **state)
{
	(void)state;
	child_ok(do_limits, NULL);
}

static void do_scheduler(struct report *r, const void *arg)
{
	/* A user may not take back what "nice make check" gave. */
	int nice_now = getpriority(PRIO_PROCESS, 0), nicer = nice_now > 5 ? nice_now : 5;
	struct oci_process p = { .scheduler = { .set = true, .policy = (char *)"SCHED_BATCH", .nice = nicer },
				 .io_priority = { true, (char *)"IOPRIO_CLASS_BE", 6 } };
	struct oci_personality pers = { .set = true, .domain = (char *)"LINUX32" };
	struct oci_memory_policy mem = { .set = true, .mode = (char *)"MPOL_BIND", .nodes = (char *)"0" };
	cpu_set_t before, after;
	char text[16];
	int cpu = 0, mode = -1;

	(void)arg;
	p.scheduler.flags = (struct oci_strings)STRINGS((char *)"SCHED_FLAG_RESET_ON_FORK");
	expect(r, process_set_scheduler(&p, &r->err) == 0);
	expect(r, sched_getscheduler(0) == (SCHED_BATCH | SCHED_RESET_ON_FORK));
	expect(r, getpriority(PRIO_PROCESS, 0) == nicer);
	expect(r, process_set_io_priority(&p, &r->err) == 0);
	expect(r, syscall(SYS_ioprio_get, 1, 0) == (2 << 13 | 6));

	expect(r, sched_getaffinity(0, sizeof(before), &before) == 0);
	while (!CPU_ISSET(cpu, &before))
		cpu++;
	snprintf(text, sizeof(text), "%d", cpu);
	expect(r, process_set_cpu_affinity(NULL, &r->err) == 0 && process_set_cpu_affinity("", &r->err) == 0);
	expect(r, process_set_cpu_affinity(text, &r->err) == 0);
	expect(r, sched_getaffinity(0, sizeof(after), &after) == 0 && CPU_COUNT(&after) == 1 && CPU_ISSET(cpu, &after));
	expect(r, process_set_cpu_affinity("8191", &r->err) == -1);

	expect(r, process_set_personality(&pers, &r->err) == 0 && personality(0xffffffff) == PER_LINUX32);
	pers.domain = (char *)"LINUX";
	expect(r, process_set_personality(&pers, &r->err) == 0 && personality(0xffffffff) == PER_LINUX);
	pers.domain = (char *)"BSD";
	expect(r, process_set_personality(&pers, &r->err) == -1);

	mem.nodes = (char *)"a";
	expect(r, process_set_memory_policy(&mem, &r->err) == -1 && strstr(r->err.msg, "linux.memoryPolicy.nodes"));
	mem.nodes = NULL;
	mem.mode = (char *)"MPOL_SOMEWHERE";
	expect(r, process_set_memory_policy(&mem, &r->err) == -1 && strstr(r->err.msg, "linux.memoryPolicy.mode"));
	mem.mode = (char *)"MPOL_BIND";
	mem.nodes = (char *)"0";
	if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) < 0)
		child_skip(r, "the kernel has no NUMA support");
	mem.flags = (struct oci_strings)STRINGS((char *)"MPOL_F_STATIC_NODES");
	expect(r, process_set_memory_policy(&mem, &r->err) == 0);
	expect(r, syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0 && mode == (2 | 1 << 15));
	mem.nodes = (char *)"0-1023";
	mem.flags.n = 0;
	mem.mode = (char *)"MPOL_DEFAULT";
	expect(r, process_set_memory_policy(&mem, &r->err) == -1); /* takes no nodes */
	mem.nodes = NULL;
	expect(r, process_set_memory_policy(&mem, &r->err) == 0);
}

static void scheduler_affinity_personality_and_memory_policy_are_set(void **state)
{
	(void)state;
	child_ok(do_scheduler, NULL);
}

static void do_signals(struct report *r, const void *arg)
{
	struct sigaction sa;
	sigset_t set;

	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGRTMIN + 4, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	process_reset_signals();
	for (int s = 1; s <= 64; s++)
		if (sigaction(s, NULL, &sa) == 0)
			expect(r, sa.sa_handler == SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &set);
	for (int s = 1; s <= 64; s++)
		expect(r, sigismember(&set, s) != 1);
}

static void every_signal_is_default_and_none_blocked_after_reset(void **state)
{
	(void)state;
	child_ok(do_signals, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_are_read_as_users_write_them),
		cmocka_unit_test(lists_of_processors_are_strict),
		cmocka_unit_test(create_refuses_a_bad_process_and_says_where),
		cmocka_unit_test(unknown_capabilities_are_no_error),
		cmocka_unit_test(labels_that_the_kernel_cannot_give_are_errors_in_safe_words),
		cmocka_unit_test(limits_are_set_and_a_refusal_names_the_entry),
		cmocka_unit_test(limits_of_a_process_in_a_user_namespace),
		cmocka_unit_test(scheduler_affinity_personality_and_memory_policy_are_set),
		cmocka_unit_test(every_signal_is_default_and_none_blocked_after_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
