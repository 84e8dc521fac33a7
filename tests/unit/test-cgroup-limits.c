// SPDX-License-Identifier: Apache-2.0
/* test-cgroup-limits.c - conversions, and which files get which values in which order
 *
 * A cgroup directory is played by a plain one: its files hold what was written last.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/convert.h"
#include "cgroup/internal.h"
#include "cgroup-util.h"

/* --- conversions -------------------------------------------------------------------------- */

static void weight_is_what_libm_says_for_every_input(void **state)
{
	(void)state;
	for (uint64_t s = 3; s < 262144; s++) {
		double l = log2((double)s);
		uint64_t want = (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));

		if (cg_convert_weight(s) != want)
			fail_msg("%llu shares: %llu, libm says %llu", (unsigned long long)s,
				 (unsigned long long)cg_convert_weight(s),
				 (unsigned long long)want);
	}
	assert_int_equal(cg_convert_weight(0), 0);
	assert_int_equal(cg_convert_weight(1), 1);
	assert_int_equal(cg_convert_weight(2), 1);
	assert_int_equal(cg_convert_weight(1024), 100);
	assert_int_equal(cg_convert_weight(262144), 10000);
	assert_int_equal(cg_convert_weight(UINT64_MAX), 10000);
}

static void io_weight_is_linear(void **state)
{
	(void)state;
	assert_int_equal(cg_convert_io_weight(0), 0);
	assert_int_equal(cg_convert_io_weight(10), 1);
	assert_int_equal(cg_convert_io_weight(1), 1);
	assert_int_equal(cg_convert_io_weight(500), 4950);
	assert_int_equal(cg_convert_io_weight(1000), 10000);
}

static void swap_is_the_sum_less_the_memory(void **state)
{
	int64_t swap;
	struct err e;

	(void)state;
	assert_int_equal(cg_convert_swap(300, 100, &swap, &e), 0);
	assert_int_equal(swap, 200);
	assert_int_equal(cg_convert_swap(100, 100, &swap, &e), 0);
	assert_int_equal(swap, 0);
	assert_int_equal(cg_convert_swap(-1, 100, &swap, &e), 0);
	assert_int_equal(swap, -1);
	assert_int_equal(cg_convert_swap(300, -1, &swap, &e), 0);
	assert_int_equal(swap, 300);
	assert_int_equal(cg_convert_swap(99, 100, &swap, &e), -1);
}

static void quota_is_rounded_up_to_whole_percents(void **state)
{
	(void)state;
	assert_int_equal(cg_convert_quota_per_sec(50000, 100000), 500000);
	assert_int_equal(cg_convert_quota_per_sec(50000, 0), 500000);
	assert_int_equal(cg_convert_quota_per_sec(33333, 100000), 340000);
	assert_true(cg_convert_quota_per_sec(-1, 100000) == UINT64_MAX);
	assert_true(cg_convert_quota_per_sec(INT64_MAX, 1) == UINT64_MAX);
}

static void expect_mask(const char *list, const uint8_t *want, size_t want_len)
{
	autofree uint8_t *mask = NULL;
	size_t len = 0;
	struct err e;
	int r = cg_convert_cpu_mask(list, &mask, &len, &e);

	if (!want) {
		assert_int_equal(r, -1);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(len, want_len);
	assert_memory_equal(mask, want, len);
}

static void cpu_lists_become_masks(void **state)
{
	(void)state;
	expect_mask("0", (const uint8_t[]){ 1 }, 1);
	expect_mask("0-2,7", (const uint8_t[]){ 0x87 }, 1);
	expect_mask("8", (const uint8_t[]){ 0, 1 }, 2);
	expect_mask(" 1, 3-4 ,\n", (const uint8_t[]){ 0x1a }, 1);
	expect_mask("", NULL, 0);
	expect_mask("2-1", NULL, 0);
	expect_mask("a", NULL, 0);
	expect_mask("1-", NULL, 0);
	expect_mask("1x", NULL, 0);
	expect_mask("-1", NULL, 0);
	expect_mask("65536", NULL, 0);
	expect_mask("99999999999999999999999", NULL, 0);
}

/* --- files -------------------------------------------------------------------------------- */

static char top[64];

static int make_top(void **state)
{
	(void)state;
	strcpy(top, "/tmp/sandrun-cgroup-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int remove_top(void **state)
{
	autofree char *cmd = xasprintf("rm -rf %s", top);

	(void)state;
	return system(cmd);
}

static void put_file(const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", top, name);
	autofd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

/* A plain file keeps the tail of a longer text before it. */
static void expect_file(const char *name, const char *want)
{
	char buf[256];

	assert_true(cg_io_read(top, name, buf, sizeof(buf)) >= 0);
	if (strncmp(buf, want, strlen(want)) != 0)
		fail_msg("%s holds \"%s\", not \"%s\"", name, buf, want);
}

static struct cgroup *fake(bool v2, const char *controllers)
{
	struct cgroup *cg = cgroup_read("1 cgroupfs", NULL);

	cg_dir_append(cg, v2, v2 ? "" : controllers, cg_controllers_parse(controllers, ",", v2),
		      xstrdup(top), 4);
	return cg;
}

static int apply(bool v2, const char *controllers, const struct oci_resources *res, struct err *e)
{
	struct cgroup *cg = fake(v2, controllers);
	int r = cg_limits_apply(cg, res, false, e);

	cgroup_free(cg);
	return r;
}

static void v1_limits_go_to_their_files(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };
	char cpus[] = "0-1";

	(void)state;
	r.memory.limit = SET_I(1000);
	r.memory.swap = SET_I(2000);
	r.memory.reservation = SET_I(500);
	r.memory.swappiness = SET_U(60);
	r.cpu.shares = SET_U(512);
	r.cpu.quota = SET_I(-1);
	r.cpu.period = SET_U(50000);
	r.cpu.cpus = cpus;
	r.pids_limit = SET_I(-1);
	put_file("memory.limit_in_bytes", "");
	put_file("memory.memsw.limit_in_bytes", "");
	put_file("memory.soft_limit_in_bytes", "");
	put_file("memory.swappiness", "");
	put_file("cpu.shares", "");
	put_file("cpu.cfs_quota_us", "");
	put_file("cpu.cfs_period_us", "");
	put_file("cpuset.cpus", "");
	put_file("pids.max", "");
	assert_int_equal(apply(false, "memory,cpu,cpuset,pids", &r, &e), 0);
	expect_file("memory.limit_in_bytes", "1000");
	expect_file("memory.memsw.limit_in_bytes", "2000");
	expect_file("memory.soft_limit_in_bytes", "500");
	expect_file("memory.swappiness", "60");
	expect_file("cpu.shares", "512");
	expect_file("cpu.cfs_quota_us", "-1");
	expect_file("cpu.cfs_period_us", "50000");
	expect_file("cpuset.cpus", "0-1");
	expect_file("pids.max", "max");
}

static void v2_limits_are_translated(void **state)
{
	struct oci_resources r = { 0 };
	struct oci_throttle_device t = { 8, 0, 1048576 };
	struct err e = { 0 };

	(void)state;
	r.memory.limit = SET_I(1000);
	r.memory.swap = SET_I(3000);
	r.memory.reservation = SET_I(-1);
	r.cpu.shares = SET_U(1024);
	r.cpu.quota = SET_I(20000);
	r.pids_limit = SET_I(0);
	r.block_io.weight = (struct oci_opt_u32){ true, 500 };
	r.block_io.throttle_write_iops_device.v = &t;
	r.block_io.throttle_write_iops_device.n = 1;
	put_file("memory.max", "");
	put_file("memory.swap.max", "");
	put_file("memory.low", "");
	put_file("cpu.weight", "");
	put_file("cpu.max", "max 50000");
	put_file("pids.max", "");
	put_file("io.weight", "");
	put_file("io.max", "");
	assert_int_equal(apply(true, "memory,cpu,pids,io", &r, &e), 0);
	expect_file("memory.max", "1000");
	expect_file("memory.swap.max", "2000");
	expect_file("memory.low", "max");
	expect_file("cpu.weight", "100");
	expect_file("cpu.max", "20000 50000"); /* the period stays */
	expect_file("pids.max", "1");
	expect_file("io.weight", "4950");
	expect_file("io.max", "8:0 wiops=1048576");
}

static void swap_alone_is_counted_from_the_limit_in_force(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };

	(void)state;
	r.memory.swap = SET_I(3000);
	put_file("memory.max", "1000");
	put_file("memory.swap.max", "");
	assert_int_equal(apply(true, "memory", &r, &e), 0);
	expect_file("memory.swap.max", "2000");
}

static void unlimited_memory_means_unlimited_swap(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };

	(void)state;
	r.memory.limit = SET_I(-1);
	put_file("memory.max", "");
	put_file("memory.swap.max", "");
	assert_int_equal(apply(true, "memory", &r, &e), 0);
	expect_file("memory.max", "max");
	expect_file("memory.swap.max", "max");
}

/* As an update has it: a cgroup that was read back, of which only the files say what is switched on. */
static void a_quota_alone_keeps_its_period(void **state)
{
	struct cgroup *cg = fake(true, "");
	struct oci_cpu quota = { .quota = SET_I(20000) }, period = { .period = SET_U(25000) };

	(void)state;
	put_file("cpu.max", "10000 50000");
	cg_limits_complete_cpu(cg, &quota);
	assert_int_equal(quota.period.v, 50000);
	cg_limits_complete_cpu(cg, &period);
	assert_int_equal(period.quota.v, 10000);
	put_file("cpu.max", "max 40000   ");
	quota.period = (struct oci_opt_u64){ 0 };
	cg_limits_complete_cpu(cg, &quota);
	assert_int_equal(quota.period.v, 40000);
	period.quota = (struct oci_opt_i64){ 0 };
	cg_limits_complete_cpu(cg, &period);
	assert_false(period.quota.set);
	cgroup_free(cg);
}

static void unified_writes_lines_and_wins(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };
	char key[] = "memory.max", value[] = "77777", high[] = "memory.high", max[] = "max";
	struct oci_pair pairs[] = { { key, value }, { high, max } };

	(void)state;
	r.memory.limit = SET_I(1000);
	r.unified = (struct oci_map){ pairs, 2 };
	put_file("memory.max", "");
	put_file("memory.high", "");
	assert_int_equal(apply(true, "memory", &r, &e), 0);
	expect_file("memory.max", "77777");
	expect_file("memory.high", "max");
}

static void expect_refused(bool v2, const char *controllers, const struct oci_resources *r,
			   const char *words)
{
	struct err e = { 0 };

	assert_int_equal(apply(v2, controllers, r, &e), -1);
	if (!strstr(e.msg, words))
		fail_msg("\"%s\" does not say \"%s\"", e.msg, words);
	/* podman takes these for "the command does not exist" */
	assert_null(strcasestr(e.msg, "no such file"));
	assert_null(strcasestr(e.msg, "not found"));
}

static void what_cannot_be_done_is_an_error(void **state)
{
	struct oci_resources r = { 0 };
	char slash[] = "../x.y", memory[] = "memory.high", v[] = "1";
	struct oci_pair pair = { slash, v };

	(void)state;
	r.memory.limit = SET_I(1000);
	expect_refused(false, "pids", &r,
		       "linux.resources.memory.limit: no cgroup with the memory controller");
	expect_refused(true, "pids", &r,
		       "linux.resources.memory.limit: the memory controller is not available");
	expect_refused(true, "memory", &r,
		       "linux.resources.memory.limit: this kernel has no memory.max");
	r.memory.swap = SET_I(900);
	expect_refused(false, "memory", &r, "linux.resources.memory.swap: 900 is less than");
	expect_refused(true, "memory", &r, "linux.resources.memory.swap: 900 is less than");
	r = (struct oci_resources){ 0 };
	r.cpu.realtime_runtime = SET_I(1000);
	expect_refused(true, "cpu", &r, "linux.resources.cpu.realtimeRuntime");
	r = (struct oci_resources){ 0 };
	r.network.class_id = (struct oci_opt_u32){ true, 5 };
	expect_refused(true, "memory", &r, "cgroup v2 has no net_cls");
	r = (struct oci_resources){ 0 };
	r.block_io.weight = (struct oci_opt_u32){ true, 500 };
	expect_refused(false, "blkio", &r, "no I/O scheduler with weights");
	r = (struct oci_resources){ 0 };
	r.unified = (struct oci_map){ &pair, 1 };
	expect_refused(false, "memory", &r,
		       "linux.resources.unified: invalid configuration: the container has no cgroup v2");
	expect_refused(true, "memory", &r, "a key is a file name");
	pair.key = memory;
	put_file("cgroup.controllers", "cpu pids\n");
	expect_refused(true, "", &r, "the memory controller is not available");
}

static void zeros_of_docker_are_no_limits(void **state)
{
	struct oci_resources r = { 0 };
	struct err e = { 0 };

	(void)state;
	r.memory.limit = SET_I(0);
	r.memory.reservation = SET_I(0);
	r.cpu.shares = SET_U(0);
	r.cpu.quota = SET_I(0);
	r.cpu.period = SET_U(0);
	r.block_io.weight = (struct oci_opt_u32){ true, 0 };
	assert_int_equal(cg_limits_controllers(&r), 0);
	assert_int_equal(apply(false, "", &r, &e), 0);
	assert_int_equal(apply(true, "", &r, &e), 0);
}

static void limits_without_a_cgroup_are_an_error(void **state)
{
	struct oci_resources r = { 0 };
	struct cgroup_request q = { .manager = CGROUP_DISABLED, .id = "x", .resources = &r };
	struct cgroup *cg;
	struct err e = { 0 };

	(void)state;
	cg = create_cgroup(&q, &e);
	assert_non_null(cg);
	assert_int_equal(cgroup_add(cg, 1, &e), 0);
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	assert_int_equal(cgroup_open_v2(cg), -1);
	assert_int_equal(cgroup_freeze(cg, true, &e), -1);
	assert_int_equal(cgroup_signal(cg, 9, &e), -1);
	assert_int_equal(e.code, EOPNOTSUPP);
	cgroup_free(cg);
	r.pids_limit = SET_I(5);
	assert_null(create_cgroup(&q, &e));
	assert_non_null(
		strstr(e.msg, "linux.resources.pids.limit: no limit can be set without a cgroup"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weight_is_what_libm_says_for_every_input),
		cmocka_unit_test(io_weight_is_linear),
		cmocka_unit_test(swap_is_the_sum_less_the_memory),
		cmocka_unit_test(quota_is_rounded_up_to_whole_percents),
		cmocka_unit_test(cpu_lists_become_masks),
		cmocka_unit_test_setup_teardown(v1_limits_go_to_their_files, make_top, remove_top),
		cmocka_unit_test_setup_teardown(v2_limits_are_translated, make_top, remove_top),
		cmocka_unit_test_setup_teardown(swap_alone_is_counted_from_the_limit_in_force,
						make_top, remove_top),
		cmocka_unit_test_setup_teardown(unlimited_memory_means_unlimited_swap, make_top,
						remove_top),
		cmocka_unit_test_setup_teardown(a_quota_alone_keeps_its_period, make_top,
						remove_top),
		cmocka_unit_test_setup_teardown(unified_writes_lines_and_wins, make_top,
						remove_top),
		cmocka_unit_test_setup_teardown(what_cannot_be_done_is_an_error, make_top,
						remove_top),
		cmocka_unit_test_setup_teardown(zeros_of_docker_are_no_limits, make_top,
						remove_top),
		cmocka_unit_test(limits_without_a_cgroup_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
