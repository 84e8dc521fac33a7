// SPDX-License-Identifier: Apache-2.0
/* test-cgroup-live.c - real cgroups on this machine, in whatever layout it has
 *
 * Makes cgroups with names of its own below the caller's and removes them. Skips with a reason
 * where that may not be; fails instead under SANDRUN_MUST_RUN=1.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "cgroup/device.h"
#include "cgroup/internal.h"
#include "cgroup/layout.h"
#include "cgroup-util.h"
#include "limit.h"

static char id[64];

static void skip_because(const char *why)
{
	const char *must = getenv("SANDRUN_MUST_RUN");

	if (must && str_eq(must, "1"))
		fail_msg("must run, but %s", why);
	print_message("skipped: %s\n", why);
	skip();
}

static struct cgroup *make(const char *path, const struct oci_resources *res)
{
	struct cgroup_request q = {
		.manager = CGROUP_CGROUPFS, .path = path, .id = id, .resources = res
	};
	struct err e = { 0 };
	struct cgroup *cg = create_cgroup(&q, &e);

	if (!cg && (cg_denied(e.code) || e.code == ENODEV))
		skip_because(e.msg);
	if (!cg)
		fail_msg("%s", e.msg);
	return cg;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	return pid;
}

static void add(struct cgroup *cg, pid_t pid)
{
	struct err e = { 0 };

	if (cgroup_add(cg, pid, &e) < 0)
		fail_msg("%s", e.msg);
}

static void ok(int r, const struct err *e)
{
	if (r < 0)
		fail_msg("%s", e->msg);
}

static void reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Kills, reaps, destroys, frees, and sees that nothing is left. */
static void end(struct cgroup *cg, pid_t pid)
{
	struct err e = { 0 };

	ok(cgroup_signal(cg, SIGKILL, &e), &e);
	if (pid > 0)
		reap(pid);
	ok(cgroup_destroy(cg, &e), &e);
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (access(cg->dirs[i].path, F_OK) == 0)
			fail_msg("%s is still there", cg->dirs[i].path);
	cgroup_free(cg);
}

static bool is_in(pid_t pid, const struct cg_dir *d)
{
	autofree char *path = xasprintf("/proc/%d/cgroup", (int)pid);
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	autofree char *want = xasprintf(":%s:%s\n", d->key, d->path + d->mount_len);
	char buf[8192];
	ssize_t n = fd_read_all(fd, buf, sizeof(buf) - 1);

	buf[n < 0 ? 0 : n] = 0;
	return strstr(buf, want);
}

static void expect_limit(const struct cgroup *cg, enum cg_controller c, const char *v1,
			 const char *v2, const char *want)
{
	const struct cg_dir *d = cg_dir_with(cg, c);
	char buf[256];

	assert_non_null(d);
	assert_true(cg_io_read(d->path, d->v2 ? v2 : v1, buf, sizeof(buf)) >= 0);
	if (!str_eq(buf, want))
		fail_msg("%s is \"%s\", not \"%s\"", d->v2 ? v2 : v1, buf, want);
}

/* --- tests -------------------------------------------------------------------------------- */

static void a_process_is_moved_into_every_hierarchy(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	pid_t pid = start_child();

	(void)state;
	add(cg, pid);
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (!is_in(pid, &cg->dirs[i]))
			fail_msg("not in %s", cg->dirs[i].path);
	end(cg, pid);
}

static pid_t clone_into(int fd)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	if (fd >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)fd;
	}
	return sys_clone3(&args);
}

static void a_new_process_enters_by_itself(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	struct cgroup_entry en;
	char c;
	int gate[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	cgroup_entry_open(cg, NULL, &en);
	assert_int_equal(en.n, cg->n_dirs - (cg_dir_v2(cg) != NULL));
	pid = clone_into(en.clone_fd);
	if (pid == 0) {
		cgroup_entry_take(&en);
		if (write(gate[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	assert_true(pid > 0);
	cgroup_entry_close(&en);
	assert_int_equal(read(gate[0], &c, 1), 1);
	/* Nothing left for cgroup_add() to do. */
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (!is_in(pid, &cg->dirs[i]))
			fail_msg("not in %s", cg->dirs[i].path);
	add(cg, pid);
	close(gate[0]);
	close(gate[1]);
	end(cg, pid);
}

static void it_survives_being_written_down(void **state)
{
	struct cgroup *cg = make(NULL, NULL), *again;
	autofree char *text = NULL, *text2 = NULL;
	struct err e = { 0 };
	pid_t pid = start_child();
	pid_t *pids;
	size_t n;

	(void)state;
	add(cg, pid);
	text = cgroup_write(cg);
	again = cgroup_read(text, &e);
	assert_non_null(again);
	text2 = cgroup_write(again);
	assert_string_equal(text, text2);
	ok(cgroup_pids(again, &pids, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	free(pids);
	cgroup_free(cg);
	end(again, pid);
}

static void limits_reach_the_kernel_and_can_be_raised_and_lowered(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };
	struct cgroup *cg;

	(void)state;
	r.memory.limit = SET_I(64 << 20);
	r.memory.swap = SET_I(128 << 20);
	r.pids_limit = SET_I(77);
	r.cpu.shares = SET_U(1024);
	r.cpu.quota = SET_I(50000);
	r.cpu.period = SET_U(100000);
	cg = make(NULL, &r);
	expect_limit(cg, CG_MEMORY, "memory.limit_in_bytes", "memory.max", "67108864");
	expect_limit(cg, CG_PIDS, "pids.max", "pids.max", "77");
	expect_limit(cg, CG_CPU, "cpu.shares", "cpu.weight", cg_is_pure_v2(cg) ? "100" : "1024");
	/* Up: the sum of memory and swap must be first. */
	r = (struct oci_resources){ 0 };
	r.memory.limit = SET_I(256 << 20);
	r.memory.swap = SET_I(512 << 20);
	ok(cgroup_update(cg, &r, &e), &e);
	expect_limit(cg, CG_MEMORY, "memory.limit_in_bytes", "memory.max", "268435456");
	/* Down: the memory. */
	r.memory.limit = SET_I(32 << 20);
	r.memory.swap = SET_I(32 << 20);
	r.pids_limit = SET_I(-1);
	ok(cgroup_update(cg, &r, &e), &e);
	expect_limit(cg, CG_MEMORY, "memory.limit_in_bytes", "memory.max", "33554432");
	expect_limit(cg, CG_PIDS, "pids.max", "pids.max", "max");
	/* Off. */
	r = (struct oci_resources){ 0 };
	r.memory.limit = SET_I(-1);
	r.cpu.quota = SET_I(-1);
	r.cpu.burst = SET_U(0);
	ok(cgroup_update(cg, &r, &e), &e);
	if (cg_is_pure_v2(cg))
		expect_limit(cg, CG_MEMORY, "", "memory.max", "max");
	/* What was not named is as it was. */
	expect_limit(cg, CG_CPU, "cpu.cfs_period_us", "cpu.max",
		     cg_is_pure_v2(cg) ? "max 100000" : "100000");
	/* Each failure names limit, value and file. */
	r = (struct oci_resources){ 0 };
	r.cpu.period = SET_U(1);
	assert_int_equal(cgroup_update(cg, &r, &e), -1);
	assert_non_null(strstr(e.msg, "linux.resources.cpu.period: write "));
	assert_non_null(strstr(e.msg, "invalid argument"));
	end(cg, 0);
}

static void burst_and_quota_settle_in_either_order(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };
	struct cgroup *cg = make(NULL, NULL);
	const struct cg_dir *d = cg_dir_with(cg, CG_CPU);
	bool burst = d && cg_io_read(d->path, d->v2 ? "cpu.max.burst" : "cpu.cfs_burst_us",
				     (char[8]){ 0 }, 8) >= 0;

	(void)state;
	if (!burst) {
		end(cg, 0);
		skip_because("no cpu controller with bursts");
	}
	r.cpu.quota = SET_I(20000);
	r.cpu.burst = SET_U(20000);
	ok(cgroup_update(cg, &r, &e), &e);
	r.cpu.quota = SET_I(90000);
	r.cpu.burst = SET_U(90000);
	ok(cgroup_update(cg, &r, &e), &e);
	r.cpu.quota = SET_I(10000);
	r.cpu.burst = SET_U(10000);
	ok(cgroup_update(cg, &r, &e), &e);
	expect_limit(cg, CG_CPU, "cpu.cfs_burst_us", "cpu.max.burst", "10000");
	r = (struct oci_resources){ 0 };
	r.cpu.shares = SET_U(2048);
	r.cpu.idle = SET_I(1);
	ok(cgroup_update(cg, &r, &e), &e);
	expect_limit(cg, CG_CPU, "cpu.idle", "cpu.idle", "1");
	r.cpu.idle = SET_I(0);
	r.cpu.shares = SET_U(512);
	ok(cgroup_update(cg, &r, &e), &e);
	expect_limit(cg, CG_CPU, "cpu.idle", "cpu.idle", "0");
	end(cg, 0);
}

static bool freezes(const struct cgroup *cg)
{
	struct err e = { 0 };

	return cg_dir_v2(cg) || cg_dir_with(cg, CG_FREEZER) || cgroup_freeze(cg, false, &e) == 0;
}

/* Answers each byte with one; from outside one sees whether it runs. */
static pid_t start_echo(int *fd)
{
	int pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		close(pair[0]);
		while (read(pair[1], &c, 1) == 1 && write(pair[1], &c, 1) == 1)
			;
		_exit(0);
	}
	close(pair[1]);
	*fd = pair[0];
	return pid;
}

static bool answers(int fd, int wait_ms)
{
	char c;

	return poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, wait_ms) == 1 &&
	       read(fd, &c, 1) == 1;
}

static void frozen_processes_stand_still_and_thaw(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	autofd fd = -1;
	pid_t pid = start_echo(&fd);
	struct err e = { 0 };

	(void)state;
	add(cg, pid);
	if (!freezes(cg)) {
		end(cg, pid);
		skip_because("no freezer");
	}
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(answers(fd, limit_ms()));
	assert_false(cgroup_frozen(cg));
	ok(cgroup_freeze(cg, true, &e), &e);
	assert_true(cgroup_frozen(cg));
	assert_int_equal(write(fd, "x", 1), 1);
	assert_false(answers(fd, 30));
	ok(cgroup_freeze(cg, true, &e), &e); /* twice is no error */
	ok(cgroup_freeze(cg, false, &e), &e);
	assert_false(cgroup_frozen(cg));
	assert_true(answers(fd, limit_ms()));
	end(cg, pid);
}

static void v1_freezer_works_where_there_is_one(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	const struct cg_dir *d = cg_dir_with(cg, CG_FREEZER);
	autofree char *text = NULL;
	struct cgroup *v1;
	struct err e = { 0 };
	pid_t pid = start_child();

	(void)state;
	add(cg, pid);
	if (!d) {
		end(cg, pid);
		skip_because("no v1 freezer");
	}
	text = xasprintf("1 cgroupfs dir=freezer:%zu:%s", d->mount_len, d->path);
	v1 = cgroup_read(text, &e);
	assert_non_null(v1);
	ok(cgroup_freeze(v1, true, &e), &e);
	assert_true(cgroup_frozen(v1));
	assert_true(cgroup_frozen(cg)); /* the other freezer's state counts, too */
	/* SIGKILL to the frozen: without cgroup.kill, by listing and thawing. */
	ok(cgroup_signal(v1, SIGKILL, &e), &e);
	reap(pid);
	cgroup_free(v1);
	end(cg, 0);
}

/* Forks a family that keeps forking; returns its head. */
static pid_t start_forkers(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			if (fork() == 0)
				break;
		for (;;) {
			pid_t p = fork();

			if (p == 0)
				_exit(0);
			waitpid(p, NULL, 0);
		}
	}
	return pid;
}

static void sigkill_leaves_nobody_not_even_forkers(void **state)
{
	struct cgroup *cg = make(NULL, NULL), *plain;
	autofree char *text = NULL;
	struct err e = { 0 };
	pid_t *pids;
	size_t n;

	(void)state;
	for (int with_kill_file = 0; with_kill_file < 2; with_kill_file++) {
		pid_t gate[2], pid;

		assert_int_equal(pipe(gate), 0);
		pid = fork();
		if (pid == 0) {
			char c;

			if (read(gate[0], &c, 1) == 1)
				start_forkers();
			for (;;)
				pause();
		}
		add(cg, pid);
		assert_int_equal(write(gate[1], "x", 1), 1);
		close(gate[0]);
		close(gate[1]);
		text = xasprintf("1 cgroupfs dir=%s:%zu:%s", cg->dirs[0].key, cg->dirs[0].mount_len,
				 cg->dirs[0].path);
		plain = with_kill_file || cg->dirs[0].v2 ? NULL : cgroup_read(text, &e);
		ok(cgroup_signal(plain ? plain : cg, SIGKILL, &e), &e);
		cgroup_free(plain);
		free(steal_ptr(&text));
		reap(pid);
		ok(cgroup_pids(cg, &pids, &n, &e), &e);
		assert_int_equal(n, 0);
		free(pids);
	}
	end(cg, 0);
}

static void a_signal_reaches_cgroups_below(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	const struct cg_dir *d = cg_dir_members(cg);
	autofree char *sub = xasprintf("%s/a", d->path), *subsub = xasprintf("%s/a/b", d->path);
	pid_t one = start_child(), two = start_child();
	struct err e = { 0 };
	pid_t *pids;
	size_t n;
	int st;

	(void)state;
	add(cg, one);
	assert_int_equal(mkdir(sub, 0755), 0);
	assert_int_equal(mkdir(subsub, 0755), 0);
	add(cg, two);
	if (d->v2)
		assert_int_equal(cg_procs_add(subsub, two), 0);
	ok(cgroup_pids(cg, &pids, &n, &e), &e);
	assert_int_equal(n, 2);
	free(pids);
	ok(cgroup_signal(cg, SIGTERM, &e), &e);
	assert_int_equal(waitpid(one, &st, 0), one);
	assert_int_equal(WTERMSIG(st), SIGTERM);
	assert_int_equal(waitpid(two, &st, 0), two);
	assert_int_equal(WTERMSIG(st), SIGTERM);
	assert_false(cgroup_frozen(cg));
	end(cg, 0); /* with what is below */
}

static int join_below(struct cgroup *cg, const char *sub, pid_t pid, struct err *e)
{
	char spec[64];
	char *specs[] = { spec };

	snprintf(spec, sizeof(spec), "%s", sub);
	return cgroup_join(cg, &(struct cgroup_subs){ specs, 1 }, pid, e);
}

static void exec_joins_the_cgroup_or_one_below(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	pid_t pid = start_child(), exec = start_child();
	struct err e = { 0 };

	(void)state;
	add(cg, pid);
	ok(cgroup_join(cg, NULL, exec, &e), &e);
	assert_true(is_in(exec, &cg->dirs[0]));
	assert_int_equal(join_below(cg, "../x", exec, &e), -1);
	assert_int_equal(join_below(cg, "absent", exec, &e), -1);
	assert_non_null(strstr(e.msg, "adding pid "));
	for (size_t i = 0; i < cg->n_dirs; i++) {
		autofree char *sub = xasprintf("%s/s", cg->dirs[i].path);
		struct oci_cpu none = { 0 };
		struct cg_dir d = cg->dirs[i];

		assert_int_equal(mkdir(sub, 0755), 0);
		d.path = sub;
		if (!d.v2 && (d.controllers & CG_BIT(CG_CPUSET)))
			ok(cg_tree_cpuset_init(&d, &none, &e), &e);
	}
	ok(join_below(cg, "s", exec, &e), &e);
	ok(cgroup_signal(cg, SIGKILL, &e), &e);
	reap(exec);
	end(cg, pid);
}

static void a_cgroup_in_use_is_refused_an_empty_one_taken(void **state)
{
	struct cgroup *cg = make(NULL, NULL), *second;
	pid_t pid = start_child();
	struct err e = { 0 };
	struct cgroup_request q = { .manager = CGROUP_CGROUPFS, .id = id };

	(void)state;
	add(cg, pid);
	assert_null(create_cgroup(&q, &e));
	assert_non_null(strstr(e.msg, "is not empty"));
	assert_true(is_in(pid, &cg->dirs[0]));
	ok(cgroup_signal(cg, SIGKILL, &e), &e);
	reap(pid);
	assert_true(cg_tree_wait_empty(cg, limit_ms()));
	second = create_cgroup(&q, &e);
	if (!second)
		fail_msg("%s", e.msg);
	cgroup_free(second);
	end(cg, 0);
}

static void a_failed_create_leaves_nothing(void **state)
{
	autofree char *path = xasprintf("/%s-top/mid/leaf", id);
	struct oci_resources r = { 0 };
	struct cgroup_request q = {
		.manager = CGROUP_CGROUPFS, .path = path, .id = id, .resources = &r
	};
	struct cg_layout l;
	struct err e = { 0 };

	(void)state;
	cgroup_free(make(NULL, NULL)); /* skips where cgroups may not be made */
	assert_int_equal(cg_layout_load(&l, &e), 0);
	r.cpu.period = SET_U(1);
	assert_null(create_cgroup(&q, &e));
	for (size_t i = 0; i < l.n; i++) {
		autofree char *top = xasprintf("%s/%s-top", l.v[i].mount, id);

		if (access(top, F_OK) == 0)
			fail_msg("%s was left", top);
	}
	cg_layout_free(&l);
	end(make(NULL, NULL), 0); /* the one from above */
}

/* What a user without rights gets: 0 a cgroup in which there is nothing, 1 an error that names
 * @word. */
static int as_nobody(const char *path, const struct oci_resources *res, const char *word)
{
	struct cgroup_request q = { .manager = CGROUP_CGROUPFS,
				    .path = path,
				    .id = id,
				    .rootless = true,
				    .resources = res };
	pid_t pid = fork();
	int st;

	if (pid == 0) {
		struct err e = { 0 };
		struct cgroup *cg;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(9);
		cg = create_cgroup(&q, &e);
		if (cg)
			_exit(cg->n_dirs == 0 && cgroup_add(cg, getpid(), &e) == 0 &&
					      cgroup_destroy(cg, &e) == 0
				      ? 0
				      : 8);
		_exit(strstr(e.msg, word) ? 1 : 7);
	}
	assert_int_equal(waitpid(pid, &st, 0), pid);
	return WEXITSTATUS(st);
}

static void a_rootless_user_does_without_unless_he_asks_for_something(void **state)
{
	struct oci_resources none = { 0 }, limit = { .pids_limit = SET_I(5) };

	(void)state;
	if (geteuid() != 0)
		skip_because("not root");
	assert_int_equal(as_nobody(NULL, &none, ""), 0);
	assert_int_equal(as_nobody(NULL, &limit,
				   "linux.resources.pids.limit: the pids controller is not "
				   "available: make the"),
			 1);
	assert_int_equal(as_nobody("/sandrun-named", &none, "make the cgroup"), 1);
}

static void the_owner_gets_what_may_be_delegated(void **state)
{
	struct cgroup_request q = {
		.manager = CGROUP_CGROUPFS, .id = id, .owner = 12345
	};
	struct err e = { 0 };
	struct cgroup *cg;
	const struct cg_dir *d;
	autofree char *procs = NULL, *events = NULL;
	struct stat st;

	(void)state;
	if (geteuid() != 0)
		skip_because("not root");
	end(make(NULL, NULL), 0);
	cg = create_cgroup(&q, &e);
	if (!cg)
		fail_msg("%s", e.msg);
	d = cg_dir_v2(cg);
	if (!d) {
		end(cg, 0);
		skip_because("no cgroup v2");
	}
	procs = xasprintf("%s/cgroup.procs", d->path);
	events = xasprintf("%s/cgroup.events", d->path);
	assert_int_equal(stat(d->path, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(stat(procs, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, getegid());
	assert_int_equal(stat(events, &st), 0);
	assert_int_equal(st.st_uid, 0);
	end(cg, 0);
}

static void destroy_waits_for_the_dying_and_says_who_stays(void **state)
{
	struct cgroup *cg = make(NULL, NULL);
	pid_t pid = start_child();
	struct err e = { 0 };

	(void)state;
	add(cg, pid);
	assert_int_equal(cgroup_destroy(cg, &e), -1);
	assert_int_equal(e.code, EBUSY);
	assert_non_null(strstr(e.msg, "still has 1 processes"));
	kill(pid, SIGKILL);
	ok(cgroup_destroy(cg, &e), &e); /* before it is reaped */
	ok(cgroup_destroy(cg, &e), &e); /* absent: no error */
	reap(pid);
	cgroup_free(cg);
}

static void statistics_are_read(void **state)
{
	struct oci_resources r = { 0 };
	struct cgroup_stats s;
	struct cgroup *cg;
	struct err e = { 0 };
	pid_t pid = start_child();

	(void)state;
	r.pids_limit = SET_I(12);
	cg = make(NULL, &r);
	add(cg, pid);
	ok(cgroup_get_stats(cg, &s, &e), &e);
	assert_int_equal(s.pids_current, 1);
	assert_int_equal(s.pids_limit, 12);
	if (cg_dir_with(cg, CG_MEMORY))
		assert_true(s.mem_limit > 0);
	cgroup_stats_free(&s);
	end(cg, pid);
}

static void eat_memory(void)
{
	for (;;) {
		char *p = malloc(1 << 20);

		if (p)
			memset(p, 1, 1 << 20);
	}
}

static void an_oom_kill_is_told_and_counted(void **state)
{
	struct oci_resources r = { 0 };
	struct cgroup_stats s;
	struct cgroup *cg;
	struct err e = { 0 };
	char buf[4096];
	autofd fd = -1;
	int gate[2];
	pid_t pid;

	(void)state;
	r.memory.limit = SET_I(16 << 20);
	r.memory.swap = SET_I(16 << 20);
	cg = make(NULL, &r);
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	if (pid == 0) {
		char c;

		if (read(gate[0], &c, 1) == 1)
			eat_memory();
		_exit(0);
	}
	add(cg, pid);
	fd = cgroup_oom_fd(cg, &e);
	if (fd < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0), 0);
	assert_int_equal(write(gate[1], "x", 1), 1);
	reap(pid);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, limit_ms()), 1);
	assert_true(read(fd, buf, sizeof(buf)) > 0);
	ok(cgroup_get_stats(cg, &s, &e), &e);
	assert_true(s.oom_kills >= 1);
	cgroup_stats_free(&s);
	close(gate[0]);
	close(gate[1]);
	end(cg, 0);
}

/* --- devices ------------------------------------------------------------------------------ */

/* What a process in the cgroup can do with block device 7:200 and /dev/null: bits of errors. */
enum { NULL_FAILS = 1, BLOCK_OPEN_DENIED = 2, MKNOD_DENIED = 4 };

static int probe(struct cgroup *cg)
{
	int gate[2], st;
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	pid = fork();
	if (pid == 0) {
		char name[64], c;
		int bits = 0;

		if (read(gate[0], &c, 1) != 1)
			_exit(99);
		if (open("/dev/null", O_RDWR) < 0)
			bits |= NULL_FAILS;
		/* Not in /tmp, which may be mounted nodev. */
		snprintf(name, sizeof(name), "/dev/sandrun-dev-%d", (int)getpid());
		if (mknod(name, S_IFBLK | 0600, makedev(7, 200)) < 0)
			bits |= MKNOD_DENIED;
		/* Allowed, it is ENXIO or success. */
		if (open(name, O_RDONLY | O_NONBLOCK) < 0 && errno == EPERM)
			bits |= BLOCK_OPEN_DENIED;
		unlink(name);
		_exit(bits);
	}
	add(cg, pid);
	assert_int_equal(write(gate[1], "x", 1), 1);
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFEXITED(st) && WEXITSTATUS(st) != 99);
	return WEXITSTATUS(st);
}

static struct oci_resources device_list(struct oci_device_rule *v, bool with_block)
{
	static char all[] = "rwm", block[] = "b";

	v[0] = (struct oci_device_rule){ .allow = false, .access = all };
	v[1] = (struct oci_device_rule){ true, block, SET_I(7), SET_I(200), all };
	return (struct oci_resources){ .devices = v, .n_devices = with_block ? 2 : 1 };
}

static void only_listed_devices_open_and_an_update_changes_that(void **state)
{
	struct oci_device_rule v[2];
	struct oci_resources deny = device_list(v, false), allow = device_list(v, true),
			     none = { 0 };
	struct cgroup *cg = make(NULL, &deny);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(probe(cg), BLOCK_OPEN_DENIED);
	ok(cgroup_update(cg, &allow, &e), &e);
	assert_int_equal(probe(cg), 0);
	ok(cgroup_update(cg, &none, &e), &e); /* says nothing of devices */
	assert_int_equal(probe(cg), 0);
	ok(cgroup_update(cg, &deny, &e), &e);
	assert_int_equal(probe(cg), BLOCK_OPEN_DENIED);
	end(cg, 0);
}

static void attach_rules(const struct cg_dir *d, const struct oci_resources *r)
{
	struct cg_devrules rules;
	struct bpf_insn *insns;
	struct err e = { 0 };
	size_t n;

	ok(cg_devrules_read(r, &rules, &e), &e);
	insns = cg_devbpf_build(&rules, &n);
	if (cg_devbpf_attach(d->path, insns, n, &e) < 0)
		fail_msg("%s", e.msg);
	free(insns);
	cg_devrules_free(&rules);
}

/* Also on hybrid hosts, where v1's controller does it otherwise: the kernel loads the program, and
 * it decides. */
static void the_bpf_program_filters_and_is_replaced_not_stacked(void **state)
{
	struct oci_device_rule v[2];
	struct oci_resources deny = device_list(v, false), allow = device_list(v, true);
	struct oci_resources open_v1 = allow;
	static char all[] = "rwm";
	struct oci_device_rule everything = { .allow = true, .access = all };
	struct cgroup *cg;
	const struct cg_dir *d;

	(void)state;
	open_v1.devices = &everything;
	open_v1.n_devices = 1;
	cg = make(NULL, &open_v1);
	d = cg_dir_v2(cg);
	if (!d) {
		end(cg, 0);
		skip_because("no cgroup v2");
	}
	assert_int_equal(probe(cg), 0);
	attach_rules(d, &deny);
	assert_int_equal(probe(cg), BLOCK_OPEN_DENIED);
	attach_rules(d, &allow); /* were both there, both would have to allow */
	assert_int_equal(probe(cg), 0);
	attach_rules(d, &deny);
	assert_int_equal(probe(cg), BLOCK_OPEN_DENIED);
	end(cg, 0);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void it_costs_little(void **state)
{
	double before;

	(void)state;
	end(make(NULL, NULL), 0);
	before = cpu_ms();
	for (int i = 0; i < 20; i++)
		end(make(NULL, NULL), 0);
	print_message("create and destroy: %.3f ms of CPU\n", (cpu_ms() - before) / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_moved_into_every_hierarchy),
		cmocka_unit_test(a_new_process_enters_by_itself),
		cmocka_unit_test(it_survives_being_written_down),
		cmocka_unit_test(limits_reach_the_kernel_and_can_be_raised_and_lowered),
		cmocka_unit_test(burst_and_quota_settle_in_either_order),
		cmocka_unit_test(frozen_processes_stand_still_and_thaw),
		cmocka_unit_test(v1_freezer_works_where_there_is_one),
		cmocka_unit_test(sigkill_leaves_nobody_not_even_forkers),
		cmocka_unit_test(a_signal_reaches_cgroups_below),
		cmocka_unit_test(exec_joins_the_cgroup_or_one_below),
		cmocka_unit_test(a_cgroup_in_use_is_refused_an_empty_one_taken),
		cmocka_unit_test(a_failed_create_leaves_nothing),
		cmocka_unit_test(a_rootless_user_does_without_unless_he_asks_for_something),
		cmocka_unit_test(the_owner_gets_what_may_be_delegated),
		cmocka_unit_test(destroy_waits_for_the_dying_and_says_who_stays),
		cmocka_unit_test(statistics_are_read),
		cmocka_unit_test(an_oom_kill_is_told_and_counted),
		cmocka_unit_test(only_listed_devices_open_and_an_update_changes_that),
		cmocka_unit_test(the_bpf_program_filters_and_is_replaced_not_stacked),
		cmocka_unit_test(it_costs_little),
	};

	snprintf(id, sizeof(id), "sandrun-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
