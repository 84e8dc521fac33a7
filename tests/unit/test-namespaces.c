// SPDX-License-Identifier: Apache-2.0
/* test-namespaces.c - births in new and joined namespaces: who makes the time namespace, and for whom */
#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "launch/spawn.h"
#include "launch/sync.h"

#define DAY 86400

struct birth {
	const char *types[4]; /* namespaces that are new */
	const char *join_user_of; /* not NULL: the user namespace of a helper is joined */
	bool unprivileged;
	int64_t offset;
};

static void namespace_name(const char *which, char out[64])
{
	autofree char *path = xasprintf("/proc/self/ns/%s", which);
	ssize_t n = readlink(path, out, 63);

	out[n > 0 ? n : 0] = 0;
}

static int64_t boottime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec;
}

struct body_arg {
	struct report *r;
	int sync;
};

static void begin(void *arg, bool staged)
{
	(void)arg;
	(void)staged;
}

static int enter(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

/* In the process that would become init. */
static void body(void *p)
{
	struct body_arg *b = p;
	char own[64], children[64];
	struct err e;

	b->r->value[1] = boottime();
	namespace_name("time", own);
	namespace_name("time_for_children", children);
	snprintf(b->r->text[0], sizeof(b->r->text[0]), "%s", own);
	snprintf(b->r->text[1], sizeof(b->r->text[1]), "%s", children);
	sync_send(b->sync, SYNC_READY, 0, &e);
	_exit(0);
}

static void add_namespace(struct oci_namespace *v, size_t *n, const char *type)
{
	static const struct {
		const char *name;
		enum oci_namespace_type type;
	} names[] = { { "user", OCI_NS_USER }, { "time", OCI_NS_TIME }, { "pid", OCI_NS_PID }, { "mount", OCI_NS_MOUNT } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i].name, type))
			v[(*n)++].type = names[i].type;
}

/* A process that holds a user namespace open, mapped to the caller; its end of file ends it. */
static pid_t user_holder(int *hold)
{
	int up[2], down[2];
	char byte;
	pid_t pid;

	if (pipe2(up, O_CLOEXEC) < 0 || pipe2(down, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(down[1]);
		if (unshare(CLONE_NEWUSER) < 0)
			_exit(1);
		(void)!write(up[1], "x", 1);
		(void)!read(down[0], &byte, 1);
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	*hold = down[1];
	if (read(up[0], &byte, 1) != 1)
		pid = -1;
	close(up[0]);
	return pid;
}

static void give_birth(struct report *r, const void *arg)
{
	const struct birth *b = arg;
	struct oci_namespace v[5] = { 0 };
	struct oci_linux l = { .namespaces = v };
	struct namespaces ns;
	struct body_arg ba = { .r = r };
	struct spawn s = { .ns = &ns, .cgroup_fd = -1, .begin = begin, .enter = enter, .body = body, .arg = &ba };
	autofree char *path = NULL;
	int pair[2], hold = -1, passed;
	struct sync_msg m = { 0 };
	pid_t staged, pid;

	if (access("/proc/self/ns/time", F_OK) < 0)
		child_skip(r, "this kernel has no time namespaces");
	if (b->unprivileged) {
		expect(r, setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
		/* What an execve by that user would do: the files of /proc/self are the user's. */
		prctl(PR_SET_DUMPABLE, 1);
		pid = fork();
		if (pid == 0)
			_exit(unshare(CLONE_NEWUSER) < 0);
		expect(r, waitpid(pid, (int *)&r->value[2], 0) == pid);
		if (r->value[2])
			child_skip(r, "users may not make user namespaces here");
	}
	for (size_t i = 0; i < ARRAY_SIZE(b->types) && b->types[i]; i++)
		add_namespace(v, &l.n_namespaces, b->types[i]);
	if (b->join_user_of) {
		pid = user_holder(&hold);
		expect(r, pid > 0);
		path = xasprintf("/proc/%d/ns/user", (int)pid);
		v[l.n_namespaces].type = OCI_NS_USER;
		v[l.n_namespaces++].path = path;
	}
	l.boottime = (struct oci_time_offset){ .set = true, .secs = b->offset };
	namespace_name("time", r->text[2]);
	r->value[0] = boottime();
	expect(r, namespaces_prepare(&l, &ns, &r->err) == 0 && sync_pair(pair, &r->err) == 0);
	s.sync = ba.sync = pair[1];
	s.sync_parent = pair[0];
	pid = spawn(&s, &staged, &r->err);
	close(pair[1]);
	expect(r, pid >= 0);
	r->value[3] = staged > 0;
	while (sync_recv(pair[0], &m, &passed, &r->err) == 1 && (m.type == SYNC_STAGED || m.type == SYNC_STAGE_MAPS)) {
		if (m.type == SYNC_STAGED)
			pid = m.num;
		expect(r, sync_send(pair[0], SYNC_GO, 0, &r->err) == 0);
	}
	if (m.type == SYNC_FAILED)
		r->err = m.err;
	r->value[4] = m.type;
	waitpid(pid, NULL, 0);
	if (staged)
		waitpid(staged, NULL, 0);
	fd_close(&hold);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static struct report *run(const struct birth *b)
{
	struct report *r;

	if (geteuid() != 0)
		skip();
	assert_int_equal(child_run(give_birth, b, &r), 0);
	return r;
}

static void assert_in_its_time(const struct report *r, int64_t offset)
{
	if (r->value[4] != SYNC_READY)
		fail_msg("%s", r->err.msg);
	assert_in_range(r->value[1] - r->value[0], offset, offset + 20);
	assert_string_equal(r->text[0], r->text[1]);
	assert_string_not_equal(r->text[0], r->text[2]);
}

static void time_alone_needs_no_stage(void **state)
{
	const struct birth b = { .types = { "time", "mount", "pid" }, .offset = 7 * DAY };
	struct report *r = run(&b);

	(void)state;
	assert_in_its_time(r, 7 * DAY);
	assert_int_equal(r->value[3], 0);
}

static void time_with_a_new_user_namespace(void **state)
{
	const struct birth b = { .types = { "user", "time", "pid", "mount" }, .offset = DAY };

	(void)state;
	assert_in_its_time(run(&b), DAY);
}

static void time_of_a_user_without_privileges(void **state)
{
	const struct birth b = { .types = { "time", "user", "pid" }, .unprivileged = true, .offset = 3 * DAY };

	(void)state;
	assert_in_its_time(run(&b), 3 * DAY);
}

static void time_in_a_joined_user_namespace(void **state)
{
	const struct birth b = { .types = { "time", "pid" }, .join_user_of = "helper", .offset = DAY };
	struct report *r = run(&b);

	(void)state;
	assert_in_its_time(r, DAY);
	assert_int_equal(r->value[3], 1);
}

static void time_in_a_joined_user_namespace_of_a_user(void **state)
{
	const struct birth b = {
		.types = { "time", "pid" }, .join_user_of = "helper", .unprivileged = true, .offset = DAY };

	(void)state;
	assert_in_its_time(run(&b), DAY);
}

static void an_impossible_offset_is_an_error_with_its_name(void **state)
{
	const struct birth b = { .types = { "time" }, .offset = -4000 * (int64_t)DAY };
	struct report *r = run(&b);

	(void)state;
	assert_int_equal(r->value[4], SYNC_FAILED);
	assert_int_equal(r->err.code, ERANGE);
	assert_non_null(strstr(r->err.msg, "linux.timeOffsets.boottime"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_alone_needs_no_stage),
		cmocka_unit_test(time_with_a_new_user_namespace),
		cmocka_unit_test(time_of_a_user_without_privileges),
		cmocka_unit_test(time_in_a_joined_user_namespace),
		cmocka_unit_test(time_in_a_joined_user_namespace_of_a_user),
		cmocka_unit_test(an_impossible_offset_is_an_error_with_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
