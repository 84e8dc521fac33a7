// SPDX-License-Identifier: Apache-2.0
/* test-rdt.c - groups of resctrl, on a directory that plays resctrl
 *
 * The linker puts our mkdir() and rmdir() in the place of libc's: as the kernel does, the one fills a new group with its
 * files, and the other removes it with them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "host/rdt.h"

static char root[64];
static bool monitoring = true;
static int classes_left = 10;

int __real_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_rmdir(const char *path);

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void put_in(const char *dir, const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", dir, name);

	put(path, text);
}

static char *get(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *get(const char *fmt, ...)
{
	char *path, *text = NULL;
	struct err e;
	va_list ap;

	va_start(ap, fmt);
	path = xvasprintf(fmt, ap);
	va_end(ap);
	if (file_read(AT_FDCWD, path, 4096, &text, NULL, &e) < 0)
		text = NULL;
	free(path);
	return text;
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	if (!strstr(path, "/mon_groups/") && classes_left == 0) {
		errno = ENOSPC;
		return -1;
	}
	if (__real_mkdir(path, mode) < 0)
		return -1;
	put_in(path, "tasks", "");
	if (!strstr(path, "/mon_groups/")) {
		autofree char *groups = xasprintf("%s/mon_groups", path);

		classes_left--;
		put_in(path, "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
		if (monitoring)
			__real_mkdir(groups, 0755);
	}
	return 0;
}

int __wrap_rmdir(const char *path)
{
	static const char *const files[] = { "tasks", "schemata" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *f = xasprintf("%s/%s", path, files[i]);

		unlink(f);
	}
	if (!strstr(path, "/mon_groups/")) {
		autofree char *groups = xasprintf("%s/mon_groups", path);

		__real_rmdir(groups);
	}
	return __real_rmdir(path);
}

static int set_up(void **state)
{
	autofree char *info = NULL, *groups = NULL;

	(void)state;
	snprintf(root, sizeof(root), "/tmp/sandrun-rdt-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	monitoring = true;
	classes_left = 10;
	info = xasprintf("%s/info", root);
	__real_mkdir(info, 0755);
	put_in(info, "last_cmd_status", "ok\n");
	put_in(root, "tasks", "");
	put_in(root, "schemata", "    L3:0=fff;1=fff\n    MB:0=100;1=100\n");
	groups = xasprintf("%s/mon_groups", root);
	__real_mkdir(groups, 0755);
	return 0;
}

static int tear_down(void **state)
{
	autofree char *command = xasprintf("rm -rf %s", root);

	(void)state;
	return system(command);
}

static bool is_there(const char *name)
{
	autofree char *path = xasprintf("%s/%s", root, name);

	return access(path, F_OK) == 0;
}

#define TEXT(s) ((char *)(uintptr_t)(s))

static void a_group_of_its_own_is_made_joined_and_removed(void **state)
{
	char *lines[] = { TEXT("L2:0=f"), TEXT("L2:1=3"), NULL };
	struct oci_intel_rdt r = { .set = true, .l3_cache_schema = TEXT("L3:0=7f0;1=1f"), .mem_bw_schema = TEXT("MB:0=20;1=70"),
				   .schemata = { .v = lines, .n = 2 }, .enable_monitoring = true };
	autofree char *record = NULL, *schemata = NULL, *tasks = NULL, *changed = NULL, *counted = NULL;
	struct err e;

	(void)state;
	record = rdt_make(root, &r, "c1", &e);
	assert_non_null(record);
	schemata = get("%s/c1/schemata", root);
	assert_true(str_starts(schemata, "L3:0=7f0;1=1f\nMB:0=20;1=70\nL2:0=f\nL2:1=3\n"));
	assert_int_equal(rdt_join(record, 4711, &e), 0);
	tasks = get("%s/c1/tasks", root);
	assert_string_equal(tasks, "4711");
	counted = get("%s/c1/mon_groups/c1/tasks", root);
	assert_string_equal(counted, "4711");
	assert_int_equal(rdt_update(record, &(struct oci_intel_rdt){ .set = true, .mem_bw_schema = TEXT("MB:0=50") }, &e), 0);
	changed = get("%s/c1/schemata", root);
	assert_true(str_starts(changed, "MB:0=50\n"));
	assert_int_equal(rdt_remove(record, &e), 0);
	assert_false(is_there("c1"));
	/* Once more: gone already is gone. */
	assert_int_equal(rdt_remove(record, &e), 0);
}

static void a_named_group_stays(void **state)
{
	struct oci_intel_rdt r = { .set = true, .clos_id = TEXT("gold"), .l3_cache_schema = TEXT("L3:0=f") };
	autofree char *record = NULL;
	struct err e;

	(void)state;
	record = rdt_make(root, &r, "c1", &e);
	assert_non_null(record);
	assert_true(is_there("gold"));
	assert_int_equal(rdt_remove(record, &e), 0);
	assert_true(is_there("gold"));
}

static void a_named_group_that_is_there_has_to_agree(void **state)
{
	static const struct {
		const char *l3, *mb;
		const char *message; /* NULL: agrees */
	} t[] = {
		{ "L3:0=ff0;1=00f", "MB:0=50;1=60", NULL },
		{ "L3:1=f; 0=0ff0", NULL, NULL },
		{ "L3:1=f", "MB:1=60", NULL },
		{ "L3:0=ff;1=f", NULL,
		  "linux.intelRdt: l3CacheSchema: \"L3:0=ff;1=f\" is not what the group " },
		{ "L3:2=f", NULL, "linux.intelRdt: l3CacheSchema: " },
		{ "L3CODE:0=f", NULL, "linux.intelRdt: l3CacheSchema: " },
		{ NULL, "MB:0=50;1=70", "linux.intelRdt: memBwSchema: " },
		{ NULL, "MB:0=50,1=60", "linux.intelRdt: memBwSchema: " },
		{ "nonsense", NULL, "linux.intelRdt: l3CacheSchema: " },
	};
	autofree char *gold = xasprintf("%s/gold", root);
	struct err e;

	(void)state;
	mkdir(gold, 0755);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct oci_intel_rdt r = { .set = true, .clos_id = TEXT("gold"), .l3_cache_schema = TEXT(t[i].l3),
					   .mem_bw_schema = TEXT(t[i].mb) };
		autofree char *record = NULL;

		put_in(gold, "schemata", "    L3:0=ff0;1=00f\n    MB:0=50;1=60\n    L2:0=ff\n");
		record = rdt_make(root, &r, "c1", &e);
		if (!record != (t[i].message != NULL) || (!record && !str_starts(e.msg, t[i].message)))
			fail_msg("%zu: %s", i, record ? "accepted" : e.msg);
		assert_true(is_there("gold"));
	}
}

static void without_a_schema_the_named_group_has_to_be_there(void **state)
{
	struct oci_intel_rdt r = { .set = true, .clos_id = TEXT("gold") };
	autofree char *gold = xasprintf("%s/gold", root), *record = NULL, *before = NULL, *after = NULL;
	struct err e;

	(void)state;
	assert_null(rdt_make(root, &r, "c1", &e));
	assert_string_equal(e.msg, "linux.intelRdt: closID: there is no group \"gold\", and no schema to make it with");
	assert_false(is_there("gold"));
	mkdir(gold, 0755);
	before = get("%s/schemata", gold);
	record = rdt_make(root, &r, "c1", &e);
	assert_non_null(record);
	after = get("%s/schemata", gold);
	assert_string_equal(before, after);
	assert_int_equal(rdt_remove(record, &e), 0);
	assert_true(is_there("gold"));
}

static void the_default_group_is_the_root(void **state)
{
	struct oci_intel_rdt r = { .set = true, .clos_id = TEXT("/"), .enable_monitoring = true };
	autofree char *record = NULL, *tasks = NULL;
	struct err e;

	(void)state;
	record = rdt_make(root, &r, "c1", &e);
	assert_non_null(record);
	assert_true(is_there("mon_groups/c1"));
	assert_int_equal(rdt_join(record, 12, &e), 0);
	tasks = get("%s/mon_groups/c1/tasks", root);
	assert_string_equal(tasks, "12");
	assert_int_equal(rdt_remove(record, &e), 0);
	assert_false(is_there("mon_groups/c1"));
	assert_true(is_there("tasks"));
}

static void a_group_with_the_id_that_was_there_before_stays(void **state)
{
	struct oci_intel_rdt r = { .set = true };
	autofree char *dir = xasprintf("%s/c1", root), *record = NULL;
	struct err e;

	(void)state;
	mkdir(dir, 0755);
	record = rdt_make(root, &r, "c1", &e);
	assert_non_null(record);
	assert_int_equal(rdt_remove(record, &e), 0);
	assert_true(is_there("c1"));
}

static void what_cannot_be_a_group_is_refused(void **state)
{
	struct oci_intel_rdt r = { .set = true };
	struct err e;

	(void)state;
	assert_null(rdt_make(root, &r, "info", &e));
	assert_non_null(strstr(e.msg, "is not a group"));
	assert_null(rdt_make(root, &r, "mon_groups", &e));
	assert_true(is_there("info") && is_there("mon_groups"));
}

static void a_failure_leaves_nothing_behind_and_gives_the_kernels_reason(void **state)
{
	struct oci_intel_rdt r = { .set = true, .clos_id = TEXT("gold"), .l3_cache_schema = TEXT("L3:0=f"),
				   .enable_monitoring = true };
	autofree char *status = xasprintf("%s/info/last_cmd_status", root), *group = xasprintf("%s/mon_groups/c2", root);
	struct err e;

	(void)state;
	monitoring = false;
	assert_null(rdt_make(root, &r, "c1", &e));
	assert_string_equal(e.msg, "linux.intelRdt: enableMonitoring: the resctrl of this machine has no monitoring");
	assert_false(is_there("gold"));
	classes_left = 0;
	put(status, "Out of CLOSIDs\n");
	assert_null(rdt_make(root, &r, "c1", &e));
	assert_non_null(strstr(e.msg, "(No space left on device): Out of CLOSIDs"));
	/* A monitoring group that is there is somebody else's. */
	r = (struct oci_intel_rdt){ .set = true, .clos_id = TEXT("/"), .enable_monitoring = true };
	put(status, "ok\n");
	mkdir(group, 0755);
	assert_null(rdt_make(root, &r, "c2", &e));
	assert_non_null(strstr(e.msg, "enableMonitoring: make the monitoring group"));
	assert_true(is_there("mon_groups/c2"));
}

static void a_process_cannot_join_what_is_gone(void **state)
{
	autofree char *record = xasprintf("join %s/absent\n", root);
	struct err e;

	(void)state;
	assert_int_equal(rdt_join(record, 1, &e), -1);
	assert_null(strcasestr(e.msg, "no such file"));
}

static void resctrl_is_found_by_its_type(void **state)
{
	autofree char *none = rdt_find_in("22 28 0:21 / /sys rw,nosuid - sysfs sysfs rw\n");
	autofree char *odd = rdt_find_in("22 28 0:21 / /sys rw - sysfs resctrl rw\n"
					 "40 22 0:36 / /mnt/my\\040rdt rw,relatime shared:5 master:2 - resctrl resctrl rw,cdp\n");
	autofree char *both = rdt_find_in("40 22 0:36 / /mnt/rdt rw - resctrl resctrl rw\n"
					  "41 22 0:36 / /sys/fs/resctrl rw - resctrl resctrl rw\n"
					  "42 22 0:36 / /mnt/rdt2 rw - resctrl resctrl rw\n");
	autofree char *part = rdt_find_in("40 22 0:36 /gold /mnt/rdt rw - resctrl resctrl rw\n");
	autofree char *cut = rdt_find_in("40 22 - resctrl resctrl rw\n - resctrl \n\n");

	(void)state;
	assert_null(none);
	assert_string_equal(odd, "/mnt/my rdt");
	assert_string_equal(both, "/sys/fs/resctrl");
	assert_null(part);
	assert_null(cut);
}

int main(void)
{
#define ON_A_ROOT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_A_ROOT(a_group_of_its_own_is_made_joined_and_removed),
		ON_A_ROOT(a_named_group_stays),
		ON_A_ROOT(a_named_group_that_is_there_has_to_agree),
		ON_A_ROOT(without_a_schema_the_named_group_has_to_be_there),
		ON_A_ROOT(the_default_group_is_the_root),
		ON_A_ROOT(a_group_with_the_id_that_was_there_before_stays),
		ON_A_ROOT(what_cannot_be_a_group_is_refused),
		ON_A_ROOT(a_failure_leaves_nothing_behind_and_gives_the_kernels_reason),
		ON_A_ROOT(a_process_cannot_join_what_is_gone),
		cmocka_unit_test(resctrl_is_found_by_its_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
