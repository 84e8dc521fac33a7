// SPDX-License-Identifier: Apache-2.0
/* test-record.c - what a container's record keeps from one command to the next */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "container/container.h"

static char root[64];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test-record-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	(void)state;
	return rmdir(root);
}

static void claim(struct container *c)
{
	struct err e = { 0 };

	if (container_claim(root, "ctr", c, &e) < 0)
		fail_msg("claim: %s", e.msg);
}

static void reopen(struct container *c)
{
	struct err e = { 0 };

	container_close(c);
	if (container_open(root, "ctr", c, &e) < 0)
		fail_msg("open: %s", e.msg);
}

static void discard(struct container *c)
{
	struct err e = { 0 };

	if (container_remove(c, &e) < 0)
		fail_msg("remove: %s", e.msg);
	container_close(c);
}

static void put(struct container *c, const char *text)
{
	int fd = openat(c->dirfd, CONTAINER_RECORD, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void every_field_comes_back(void **state)
{
	struct container c;
	struct err e = { 0 };

	(void)state;
	claim(&c);
	c.creating = c.bpf = c.foreign = c.cgroup_planned = c.private_pid = c.poststart = c.poststop = true;
	c.pid = 4194303;
	c.start_time = UINT64_MAX;
	c.bundle = xstrdup("/a \"bundle\"\n");
	c.rootfs = xstrdup("/rootfs");
	c.created = xstrdup("2024-01-01T00:00:00Z");
	c.owner = xstrdup("owner");
	c.cgroup = xstrdup("cgroup");
	c.rdt = xstrdup("rdt");
	c.supervisor_pid = 17;
	c.supervisor_start_time = 18;
	c.enforcement = xstrdup("");
	c.annotations.v = xcalloc(2, sizeof(*c.annotations.v));
	c.annotations.v[0] = (struct oci_pair){ xstrdup("one"), xstrdup("") };
	c.annotations.v[1] = (struct oci_pair){ xstrdup("two"), xstrdup("2") };
	c.annotations.n = 2;
	assert_int_equal(container_save(&c, &e), 0);
	reopen(&c);
	assert_true(c.creating && c.bpf && c.foreign && c.cgroup_planned && c.private_pid && c.poststart && c.poststop);
	assert_int_equal(c.pid, 4194303);
	assert_true(c.start_time == UINT64_MAX);
	assert_string_equal(c.bundle, "/a \"bundle\"\n");
	assert_string_equal(c.rootfs, "/rootfs");
	assert_string_equal(c.created, "2024-01-01T00:00:00Z");
	assert_string_equal(c.owner, "owner");
	assert_string_equal(c.cgroup, "cgroup");
	assert_string_equal(c.rdt, "rdt");
	assert_int_equal(c.supervisor_pid, 17);
	assert_int_equal(c.supervisor_start_time, 18);
	assert_string_equal(c.enforcement, "");
	assert_int_equal(c.annotations.n, 2);
	assert_string_equal(c.annotations.v[0].key, "one");
	assert_string_equal(c.annotations.v[0].value, "");
	assert_string_equal(c.annotations.v[1].value, "2");
	discard(&c);
}

static void what_was_never_set_comes_back_empty(void **state)
{
	struct container c;
	struct err e = { 0 };

	(void)state;
	claim(&c);
	assert_int_equal(container_save(&c, &e), 0);
	reopen(&c);
	assert_false(c.creating || c.bpf || c.foreign || c.cgroup_planned || c.private_pid || c.poststart || c.poststop);
	assert_int_equal(c.pid, 0);
	assert_int_equal(c.supervisor_pid, 0);
	assert_null(c.bundle);
	assert_null(c.cgroup);
	assert_null(c.rdt);
	assert_null(c.enforcement);
	assert_int_equal(c.annotations.n, 0);
	discard(&c);
}

static void no_record_is_a_create_at_its_beginning(void **state)
{
	struct container c;

	(void)state;
	claim(&c);
	reopen(&c);
	assert_true(c.creating);
	assert_int_equal(c.pid, 0);
	discard(&c);
}

static void a_damaged_record_is_an_error(void **state)
{
	struct container c, again;
	struct err e = { 0 };

	(void)state;
	claim(&c);
	put(&c, "{\"pid\": 1");
	assert_int_equal(container_open(root, "ctr", &again, &e), -1);
	assert_non_null(strstr(e.msg, "container ctr: its record is damaged"));
	assert_int_equal(e.code, EBADMSG);
	container_close(&again);
	discard(&c);
}

/* A record counts whole or not at all: one that lost its pid would lose the process. */
static void half_a_record_is_none(void **state)
{
	static const char *const texts[] = {
		"", "{}", "null", "[]", "\"ctr\"", "{\"id\": \"other\"}", "{\"id\": 1}", "{\"pid\": 12}",
		"{\"id\": \"ctr\", \"pid\": \"12\"}", "{\"id\": \"ctr\", \"pid\": -1}", "{\"id\": \"ctr\", \"pid\": 1e3}",
		"{\"id\": \"ctr\", \"pid\": 4294967297}", "{\"id\": \"ctr\", \"startTime\": 1.5}",
		"{\"id\": \"ctr\", \"creating\": 1}", "{\"id\": \"ctr\", \"bundle\": 3}", "{\"id\": \"ctr\", \"bundle\": \"a\\u0000b\"}",
		"{\"id\": \"ctr\", \"annotations\": {\"a\": 1}}", "{\"id\": \"ctr\", \"annotations\": []}",
		"{\"id\": \"ctr\", \"bundle\": \"b\", \"annotations\": {\"a\": \"1\"}, \"annotations\": {}}",
	};
	struct container c;

	(void)state;
	claim(&c);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct container again;
		struct err e = { 0 };

		put(&c, texts[i]);
		if (container_open(root, "ctr", &again, &e) == 0)
			fail_msg("%s: it was taken", texts[i]);
		assert_int_equal(e.code, EBADMSG);
		assert_null(again.bundle);
		assert_int_equal(again.annotations.n, 0);
		container_close(&again);
	}
	put(&c, "{\"id\": \"ctr\", \"pid\": 12, \"later\": {\"x\": [1]}}");
	reopen(&c);
	assert_int_equal(c.pid, 12);
	discard(&c);
}

/* yajl's tree frees itself by recursion. */
static void a_deep_record_is_an_error(void **state)
{
	const size_t depth = 4u << 20;
	autofree char *text = xcalloc(1, depth + 1);
	struct container c, again;

	(void)state;
	claim(&c);
	memset(text, '[', depth);
	put(&c, text);
	assert_int_equal(container_open(root, "ctr", &again, NULL), -1);
	container_close(&again);
	discard(&c);
}

static void a_damaged_record_is_known_from_its_copy(void **state)
{
	struct container c, again;
	struct err e = { 0 };

	(void)state;
	claim(&c);
	c.pid = 12;
	c.cgroup = xstrdup("cgroup");
	assert_int_equal(container_save(&c, &e), 0);
	put(&c, "");
	assert_int_equal(container_open(root, "ctr", &again, &e), -1);
	container_salvage(&again);
	assert_int_equal(again.pid, 12);
	assert_string_equal(again.cgroup, "cgroup");
	container_close(&again);
	discard(&c);
}

static void a_record_that_is_no_file_does_not_hold_us(void **state)
{
	struct container c, again;
	struct err e = { 0 };

	(void)state;
	claim(&c);
	assert_int_equal(mkfifoat(c.dirfd, CONTAINER_RECORD, 0600), 0);
	assert_int_equal(container_open(root, "ctr", &again, &e), -1);
	assert_int_equal(e.code, EBADMSG);
	container_close(&again);
	discard(&c);
}

/* A tree of @depth directories, a file in each, below c->dirfd. */
static void grow(const struct container *c, const char *name, int depth)
{
	int at = dup(c->dirfd);

	for (int i = 0; i < depth; i++) {
		int next;

		assert_int_equal(mkdirat(at, name, 0755), 0);
		next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(at);
		at = next;
		close(openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		assert_int_equal(symlinkat("/etc", at, "link"), 0);
	}
	close(at);
}

static void whatever_is_in_the_directory_goes_with_it(void **state)
{
	struct container c;

	(void)state;
	claim(&c);
	grow(&c, "notify", 5000); /* more than there are descriptors, and longer than a path */
	grow(&c, ".0", 3);	  /* the names that directories are moved to */
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "d%d", i);
		grow(&c, name, 2);
	}
	discard(&c);
	assert_int_equal(access("/etc/passwd", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_comes_back),
		cmocka_unit_test(what_was_never_set_comes_back_empty),
		cmocka_unit_test(no_record_is_a_create_at_its_beginning),
		cmocka_unit_test(a_damaged_record_is_an_error),
		cmocka_unit_test(half_a_record_is_none),
		cmocka_unit_test(a_deep_record_is_an_error),
		cmocka_unit_test(a_damaged_record_is_known_from_its_copy),
		cmocka_unit_test(a_record_that_is_no_file_does_not_hold_us),
		cmocka_unit_test(whatever_is_in_the_directory_goes_with_it),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
