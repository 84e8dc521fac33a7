// SPDX-License-Identifier: Apache-2.0
/* test-cgroup-systemd.c - the properties that a scope is given */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/str.h"
#include "cgroup/sdprops.h"
#include "cgroup-util.h"

static const struct sd_prop *prop(const struct sd_props *p, const char *name)
{
	const struct sd_prop *last = NULL;

	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->v[i].name, name))
			last = &p->v[i];
	return last;
}

static void expect_number(const struct sd_props *p, const char *name, uint64_t want)
{
	const struct sd_prop *x = prop(p, name);

	if (!x)
		fail_msg("no %s", name);
	else
		assert_true(x->number == want);
}

static void resources_become_properties(void **state)
{
	struct oci_resources r = { 0 };
	struct sd_props p = { 0 };
	struct err e = { 0 };
	char cpus[] = "1,3";

	(void)state;
	r.memory.limit = SET_I(1000);
	r.memory.swap = SET_I(3000);
	r.memory.reservation = SET_I(500);
	r.cpu.shares = SET_U(1024);
	r.cpu.quota = SET_I(33333);
	r.cpu.period = SET_U(100000);
	r.cpu.cpus = cpus;
	r.pids_limit = SET_I(-1);
	r.block_io.weight = (struct oci_opt_u32){ true, 1000 };
	assert_int_equal(cg_sdprops_resources(&p, &r, true, false, &e), 0);
	expect_number(&p, "MemoryMax", 1000);
	expect_number(&p, "MemorySwapMax", 2000);
	expect_number(&p, "MemoryLow", 500);
	expect_number(&p, "CPUWeight", 100);
	expect_number(&p, "CPUQuotaPeriodUSec", 100000);
	expect_number(&p, "CPUQuotaPerSecUSec", 340000);
	expect_number(&p, "TasksMax", UINT64_MAX);
	expect_number(&p, "IOWeight", 10000);
	assert_int_equal(prop(&p, "AllowedCPUs")->n, 1);
	assert_int_equal(prop(&p, "AllowedCPUs")->bytes[0], 0x0a);
	assert_true(cg_sdprops_drop(&p, "AllowedCPUs"));
	assert_null(prop(&p, "AllowedCPUs"));
	assert_false(cg_sdprops_drop(&p, "DevicePolicy"));
	cg_sdprops_free(&p);
}

static void v1_has_its_own_names(void **state)
{
	struct oci_resources r = { 0 };
	struct sd_props p = { 0 };

	(void)state;
	r.memory.limit = SET_I(-1);
	r.cpu.shares = SET_U(512);
	r.block_io.weight = (struct oci_opt_u32){ true, 500 };
	assert_int_equal(cg_sdprops_resources(&p, &r, false, false, NULL), 0);
	expect_number(&p, "MemoryLimit", UINT64_MAX);
	expect_number(&p, "CPUShares", 512);
	expect_number(&p, "BlockIOWeight", 500);
	assert_null(prop(&p, "MemorySwapMax"));
	cg_sdprops_free(&p);
}

static void unified_is_translated_where_systemd_has_a_word(void **state)
{
	struct oci_pair v[] = {
		{ (char *)(uintptr_t) "cpu.max", (char *)(uintptr_t) "max 50000\n" },
		{ (char *)(uintptr_t) "memory.high", (char *)(uintptr_t) " 4096 " },
		{ (char *)(uintptr_t) "memory.max", (char *)(uintptr_t) "1G" },
		{ (char *)(uintptr_t) "pids.max", (char *)(uintptr_t) "max" },
		{ (char *)(uintptr_t) "cpu.weight", (char *)(uintptr_t) "50" },
		{ (char *)(uintptr_t) "cpu.idle", (char *)(uintptr_t) "1" },
		{ (char *)(uintptr_t) "memory.oom.group", (char *)(uintptr_t) "1" },
		{ (char *)(uintptr_t) "hugetlb.1GB.max", (char *)(uintptr_t) "0" },
	};
	struct oci_resources r = { .unified = { v, ARRAY_SIZE(v) } };
	struct sd_props p = { 0 };

	(void)state;
	assert_int_equal(cg_sdprops_resources(&p, &r, true, false, NULL), 0);
	expect_number(&p, "CPUQuotaPerSecUSec", UINT64_MAX);
	expect_number(&p, "CPUQuotaPeriodUSec", 50000);
	expect_number(&p, "MemoryHigh", 4096);
	assert_null(prop(&p, "MemoryMax")); /* the kernel reads "1G", we do not */
	expect_number(&p, "TasksMax", UINT64_MAX);
	expect_number(&p, "CPUWeight", 0);
	assert_string_equal(prop(&p, "OOMPolicy")->string, "kill");
	cg_sdprops_free(&p);
}

static void an_empty_update_changes_nothing(void **state)
{
	struct oci_resources r = { 0 };
	struct sd_props p = { 0 };

	(void)state;
	assert_int_equal(cg_sdprops_resources(&p, &r, true, true, NULL), 0);
	assert_int_equal(p.n, 0);
	assert_int_equal(cg_sdprops_resources(&p, NULL, true, true, NULL), 0);
	assert_int_equal(p.n, 0);
}

static void devices_are_a_strict_list_or_left_to_our_filter(void **state)
{
	char b[] = "b", rw[] = "rw", rwm[] = "rwm";
	struct oci_device_rule v[] = {
		{ .allow = false, .access = rwm },
		{ .allow = true, .type = b, .major = SET_I(8), .minor = SET_I(1), .access = rw },
	};
	struct oci_resources r = { .devices = v, .n_devices = 2 };
	struct sd_props p = { 0 };
	const struct sd_prop *list;
	bool seen = false, mknod = false;

	(void)state;
	assert_int_equal(cg_sdprops_resources(&p, &r, true, false, NULL), 0);
	assert_string_equal(prop(&p, "DevicePolicy")->string, "strict");
	list = prop(&p, "DeviceAllow");
	for (size_t i = 0; i + 1 < list->n; i += 2) {
		seen |= str_eq(list->strings[i], "/dev/block/8:1") &&
			str_eq(list->strings[i + 1], "rw");
		mknod |= str_eq(list->strings[i], "char-*") && str_eq(list->strings[i + 1], "m");
	}
	assert_true(seen);
	assert_true(mknod);
	cg_sdprops_free(&p);

	v[1].major.set = false; /* "*:1" */
	assert_int_equal(cg_sdprops_resources(&p, &r, true, false, NULL), 0);
	assert_string_equal(prop(&p, "DevicePolicy")->string, "auto");
	assert_int_equal(prop(&p, "DeviceAllow")->n, 0);
	cg_sdprops_free(&p);
}

static int annotate(struct sd_props *p, const char *key, const char *value, struct err *e)
{
	autofree char *k = xasprintf("org.systemd.property.%s", key);
	struct oci_pair pair = { k, (char *)(uintptr_t)value };
	struct oci_map m = { &pair, 1 };

	return cg_sdprops_annotations(p, &m, e);
}

static void annotations_are_gvariant_text(void **state)
{
	struct sd_props p = { 0 };

	(void)state;
	assert_int_equal(annotate(&p, "CollectMode", "'inactive-or-failed'", NULL), 0);
	assert_string_equal(prop(&p, "CollectMode")->string, "inactive-or-failed");
	assert_int_equal(annotate(&p, "DefaultDependencies", "true", NULL), 0);
	assert_int_equal(prop(&p, "DefaultDependencies")->type, SD_BOOL);
	assert_int_equal(annotate(&p, "TimeoutStopUSec", "uint64 18446744073709551615", NULL), 0);
	expect_number(&p, "TimeoutStopUSec", UINT64_MAX);
	assert_int_equal(annotate(&p, "TimeoutStartSec", "7", NULL), 0);
	expect_number(&p, "TimeoutStartUSec", 7000000);
	assert_int_equal(prop(&p, "TimeoutStartUSec")->type, SD_U64);
	assert_int_equal(annotate(&p, "KillSignal", "int32 -9", NULL), 0);
	assert_int_equal((int32_t)prop(&p, "KillSignal")->number, -9);
	assert_int_equal(annotate(&p, "After", "['a.service', \"b c\", 'it\\'s']", NULL), 0);
	assert_int_equal(prop(&p, "After")->n, 3);
	assert_string_equal(prop(&p, "After")->strings[2], "it's");
	assert_int_equal(annotate(&p, "Before", "@as []", NULL), 0);
	assert_int_equal(prop(&p, "Before")->n, 0);
	cg_sdprops_free(&p);
}

static void bad_annotations_are_errors(void **state)
{
	static const struct {
		const char *key, *value;
	} bad[] = {
		{ "Ab", "true" },
		{ "A.b", "true" },
		{ "", "true" },
		{ "Slice", "'-.slice'" },
		{ "PIDs", "[1]" },
		{ "DevicePolicy", "'x'" },
		{ "Foo", "" },
		{ "Foo", "bar" },
		{ "Foo", "'open" },
		{ "Foo", "'a' b" },
		{ "Foo", "['a'" },
		{ "Foo", "[1, 2]" },
		{ "Foo", "uint32 -1" },
		{ "Foo", "5000000000" },
		{ "Foo", "uint64 -1" },
		{ "FooSec", "-5" },
		{ "Foo", "['a' 'b']" },
		{ "Foo", "['a'] x" },
		{ "FooSec", "uint64 18446744073709551615" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct sd_props p = { 0 };
		struct err e = { 0 };

		if (annotate(&p, bad[i].key, bad[i].value, &e) == 0)
			fail_msg("%s=%s was taken", bad[i].key, bad[i].value);
		assert_non_null(strstr(e.msg, "org.systemd.property."));
		cg_sdprops_free(&p);
	}
}

static void bad_cpu_lists_are_errors(void **state)
{
	struct oci_resources r = { 0 };
	struct sd_props p = { 0 };
	struct err e = { 0 };
	char cpus[] = "x";

	(void)state;
	r.cpu.cpus = cpus;
	assert_int_equal(cg_sdprops_resources(&p, &r, true, false, &e), -1);
	assert_non_null(strstr(e.msg, "linux.resources.cpu.cpus"));
	cg_sdprops_free(&p);
}

static void a_scope_has_its_basics(void **state)
{
	struct sd_props p = { 0 };

	(void)state;
	cg_sdprops_scope(&p, "text", "machine.slice", 77, true);
	assert_string_equal(prop(&p, "Slice")->string, "machine.slice");
	expect_number(&p, "PIDs", 77);
	expect_number(&p, "Delegate", 1);
	expect_number(&p, "IOAccounting", 1);
	expect_number(&p, "DefaultDependencies", 0);
	cg_sdprops_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resources_become_properties),
		cmocka_unit_test(v1_has_its_own_names),
		cmocka_unit_test(unified_is_translated_where_systemd_has_a_word),
		cmocka_unit_test(an_empty_update_changes_nothing),
		cmocka_unit_test(devices_are_a_strict_list_or_left_to_our_filter),
		cmocka_unit_test(annotations_are_gvariant_text),
		cmocka_unit_test(bad_annotations_are_errors),
		cmocka_unit_test(bad_cpu_lists_are_errors),
		cmocka_unit_test(a_scope_has_its_basics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
