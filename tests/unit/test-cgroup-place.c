// SPDX-License-Identifier: Apache-2.0
/* test-cgroup-place.c - where the hierarchies are, where a container goes in them, and how that is
 * written down */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/layout.h"
#include "cgroup/place.h"

/* --- layout ------------------------------------------------------------------------------- */

static const struct cg_hier *hier(const struct cg_layout *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, key))
			return &l->v[i];
	fail_msg("no hierarchy \"%s\"", key);
	return NULL;
}

static struct cg_layout parse(const char *mountinfo, const char *self)
{
	struct cg_layout l;
	struct err e;

	assert_int_equal(cg_layout_parse(mountinfo, self, NULL, &l, &e), 0);
	return l;
}

static void pure_v2_is_one_hierarchy(void **state)
{
	struct cg_layout l = parse(
		"25 1 8:1 / / rw - ext4 /dev/sda rw\n"
		"31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
		"0::/user.slice/user-0.slice/session-1.scope\n");

	(void)state;
	assert_true(cg_layout_pure_v2(&l));
	assert_string_equal(l.v[0].mount, "/sys/fs/cgroup");
	assert_string_equal(l.v[0].self, "/user.slice/user-0.slice/session-1.scope");
	cg_layout_free(&l);
}

static void comounted_controllers_are_found_in_any_order(void **state)
{
	struct cg_layout l = parse(
		"31 25 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
		"33 31 0:28 / /sys/fs/cgroup/cpuacct,cpu rw - cgroup cgroup rw,xattr,cpuacct,cpu\n"
		"34 31 0:29 / /sys/fs/cgroup/net_cls,net_prio rw - cgroup cgroup "
		"rw,net_cls,net_prio\n"
		"35 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup "
		"rw,xattr,release_agent=/lib/systemd/systemd-cgroups-agent,name=systemd\n",
		"5:cpu,cpuacct:/a\n4:net_prio,net_cls:/b\n1:name=systemd:/c\n");

	(void)state;
	assert_int_equal(l.n, 3);
	assert_string_equal(hier(&l, "cpu,cpuacct")->mount, "/sys/fs/cgroup/cpuacct,cpu");
	assert_int_equal(hier(&l, "cpu,cpuacct")->controllers, CG_BIT(CG_CPU) | CG_BIT(CG_CPUACCT));
	assert_string_equal(hier(&l, "net_prio,net_cls")->self, "/b");
	assert_string_equal(hier(&l, "name=systemd")->mount, "/sys/fs/cgroup/systemd");
	assert_false(cg_layout_pure_v2(&l));
	cg_layout_free(&l);
}

static void a_controller_is_not_found_by_the_start_of_its_name(void **state)
{
	struct cg_layout l =
		parse("33 31 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
		      "34 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
		      "5:cpu:/\n4:cpuset:/\n");

	(void)state;
	assert_string_equal(hier(&l, "cpu")->mount, "/sys/fs/cgroup/cpu");
	assert_string_equal(hier(&l, "cpuset")->mount, "/sys/fs/cgroup/cpuset");
	cg_layout_free(&l);
}

static void hybrid_has_both(void **state)
{
	struct cg_layout l =
		parse("40 31 0:37 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
		      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n",
		      "3:memory:/x\n0::/y\n");

	(void)state;
	assert_int_equal(l.n, 2);
	assert_true(hier(&l, "")->v2);
	assert_string_equal(hier(&l, "")->mount, "/sys/fs/cgroup/unified");
	assert_string_equal(hier(&l, "")->self, "/y");
	cg_layout_free(&l);
}

static void the_usual_mount_point_wins_over_bind_mounts(void **state)
{
	struct cg_layout l =
		parse("90 31 0:38 /ctr1 /var/lib/c/merged/sys/fs/cgroup/memory rw - cgroup cgroup "
		      "rw,memory\n"
		      "40 31 0:38 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		      "95 31 0:38 / /mnt/also rw - cgroup cgroup rw,memory\n",
		      "3:memory:/\n");

	(void)state;
	assert_string_equal(l.v[0].mount, "/sys/fs/cgroup/memory");
	cg_layout_free(&l);
}

static void unmounted_hierarchies_are_left_out_and_escapes_read(void **state)
{
	struct cg_layout l = parse("40 31 0:38 / /mnt/c\\040g\\134 rw - cgroup cgroup rw,memory\n",
				   "4:pids:/\n3:memory:/\n0::/\n");

	(void)state;
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].mount, "/mnt/c g\\");
	cg_layout_free(&l);
}

static bool not_device_38(const char *mount, dev_t dev)
{
	(void)mount;
	return dev != makedev(0, 38);
}

static void a_covered_mount_is_not_used(void **state)
{
	struct cg_layout l;
	struct err e;

	(void)state;
	assert_int_equal(
		cg_layout_parse("40 31 0:38 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
				"41 31 0:39 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
				"3:memory:/\n2:pids:/\n", not_device_38, &l, &e),
		0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].key, "pids");
	cg_layout_free(&l);
}

static void a_caller_whose_cgroup_was_removed_still_has_a_place(void **state)
{
	struct cg_layout l = parse("31 25 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
				   "0::/a/b (deleted)\n");

	(void)state;
	assert_string_equal(l.v[0].self, "/a/b");
	cg_layout_free(&l);
}

static void no_cgroup_mount_is_a_clear_error(void **state)
{
	struct cg_layout l;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cg_layout_parse("25 1 8:1 / / rw - ext4 /dev/sda rw\nrubbish\n\n",
					 "0::/\nx\n:\n", NULL, &l, &e),
			 -1);
	assert_non_null(strstr(e.msg, "no cgroup filesystem is mounted"));
}

/* --- place -------------------------------------------------------------------------------- */

static void expect_place(struct cg_hier h, bool v2, const char *path, const char *want)
{
	struct err e = { 0 };
	autofree char *got = NULL;

	h.v2 = v2;
	got = cg_place_dir(&h, path, "c1", &e);
	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static char slash[] = "/";

static struct cg_hier at(const char *self)
{
	return (struct cg_hier){ .self = (char *)(uintptr_t)self, .root = slash };
}

static void absent_path_is_below_the_caller_on_v1_and_beside_him_on_v2(void **state)
{
	(void)state;
	expect_place(at("/a/b"), false, NULL, "/a/b/c1");
	expect_place(at("/a/b"), true, NULL, "/a/c1");
	expect_place(at("/a"), true, "", "/c1");
	expect_place(at("/"), true, NULL, "/c1");
	expect_place(at("/"), false, NULL, "/c1");
}

static void relative_paths_are_taken_from_there_absolute_ones_from_the_root(void **state)
{
	(void)state;
	expect_place(at("/a/b"), false, "x/y", "/a/b/x/y");
	expect_place(at("/a/b"), true, "x/y", "/a/x/y");
	expect_place(at("/a/b"), true, "/x/y", "/x/y");
	expect_place(at("/a/b"), true, "//x/.//y/", "/x/y");
	expect_place(at("/a/b"), true, "/x y", "/x y");
}

static void dot_dot_and_the_root_are_refused(void **state)
{
	(void)state;
	expect_place(at("/a"), true, "/x/../y", NULL);
	expect_place(at("/a"), true, "..", NULL);
	expect_place(at("/a"), true, "../x", NULL);
	expect_place(at("/a"), true, "/", NULL);
	expect_place(at("/a"), true, "/.", NULL);
	expect_place(at("/a"), true, "/x\ny", NULL);
	expect_place(at("/a"), true, "/..x", "/..x");
}

static void a_partly_mounted_hierarchy_is_entered_from_its_part(void **state)
{
	char root[] = "/docker/abc", self[] = "/docker/abc/sub", strange[] = "/..";

	(void)state;
	expect_place((struct cg_hier){ .self = self, .root = root }, false, NULL, "/sub/c1");
	expect_place((struct cg_hier){ .self = root, .root = root }, false, NULL, "/c1");
	expect_place((struct cg_hier){ .self = slash, .root = strange }, false, NULL, "/c1");
	expect_place((struct cg_hier){ .self = strange, .root = slash }, false, NULL, "/c1");
}

static void units_are_read_from_slice_prefix_name(void **state)
{
	char *unit = NULL, *slice = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cg_place_unit("machine.slice:libpod:abc", "abc", false, &unit, &slice, &e),
			 0);
	assert_string_equal(unit, "libpod-abc.scope");
	assert_string_equal(slice, "machine.slice");
	free(unit);
	free(slice);
	assert_int_equal(cg_place_unit(":p:n", "c", true, &unit, &slice, &e), 0);
	assert_string_equal(slice, "user.slice");
	free(unit);
	free(slice);
	assert_int_equal(cg_place_unit(NULL, "c+1", false, &unit, &slice, &e), 0);
	assert_string_equal(unit, "sandrun-c\\x2b1.scope");
	assert_string_equal(slice, "system.slice");
	free(unit);
	free(slice);
	assert_int_equal(cg_place_unit("/a/b", "c", false, &unit, &slice, &e), -1);
	assert_int_equal(cg_place_unit("a.slice:b", "c", false, &unit, &slice, &e), -1);
	assert_int_equal(cg_place_unit("a.slice:b:", "c", false, &unit, &slice, &e), -1);
	assert_int_equal(cg_place_unit("notaslice:b:c", "c", false, &unit, &slice, &e), -1);
	assert_int_equal(cg_place_unit("a.slice:b:c d", "c", false, &unit, &slice, &e), -1);
	assert_int_equal(cg_place_unit("a.slice:b:c.slice", "c", false, &unit, &slice, &e), -1);
}

static void expect_slice(const char *slice, const char *want)
{
	autofree char *got = cg_place_slice(slice, NULL);

	if (want)
		assert_string_equal(got, want);
	else
		assert_null(got);
}

static void slices_nest_by_dashes(void **state)
{
	(void)state;
	expect_slice("a.slice", "/a.slice");
	expect_slice("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice");
	expect_slice("-.slice", "");
	expect_slice("a--b.slice", NULL);
	expect_slice("-a.slice", NULL);
	expect_slice("a-.slice", NULL);
	expect_slice(".slice", NULL);
	expect_slice("a/b.slice", NULL);
}

/* --- text --------------------------------------------------------------------------------- */

static void expect_round_trip(const char *text)
{
	struct err e = { 0 };
	struct cgroup *cg = cgroup_read(text, &e);
	autofree char *again = NULL;

	assert_non_null(cg);
	again = cgroup_write(cg);
	assert_string_equal(again, text);
	cgroup_free(cg);
}

static void text_round_trips(void **state)
{
	(void)state;
	expect_round_trip("1 disabled");
	expect_round_trip("1 cgroupfs rootless init=77");
	expect_round_trip("1 cgroupfs init=5 dir=cpu,cpuacct:21:/sys/fs/cgroup/cpu%20cp/a%3ab "
			  "dir=:22:/sys/fs/cgroup/unified/x");
	expect_round_trip("1 systemd init=5 unit=libpod-abc.scope slice=machine.slice "
			  "dir=:14:/sys/fs/cgroup/machine.slice/x");
}

static void text_is_checked(void **state)
{
	static const char *const bad[] = {
		"",
		"1",
		"2 cgroupfs",
		"1 other",
		"1 cgroupfs nonsense",
		"1 systemd",
		"1 cgroupfs dir=",
		"1 cgroupfs dir=cpu",
		"1 cgroupfs dir=cpu:5",
		"1 cgroupfs dir=cpu:5:",
		"1 cgroupfs dir=cpu:x:/sys/a",
		"1 cgroupfs dir=cpu:4:relative/x",
		"1 cgroupfs dir=cpu:4:/sys/../etc",
		"1 cgroupfs dir=cpu:4:/sys/a/..",
		"1 cgroupfs dir=cpu:4:/sys/./a",
		"1 cgroupfs dir=cpu:4:/sys//a",
		"1 cgroupfs dir=cpu:4:/sys/a/",
		"1 cgroupfs dir=cpu:3:/sys/a",
		"1 cgroupfs dir=cpu:40:/sys/a",
		"1 cgroupfs dir=cpu:4:/sys/a%2",
		"1 cgroupfs dir=cpu:4:/sys/a%zz",
		"1 cgroupfs dir=cpu:4:/sys/a%00b",
		"1 cgroupfs dir=:4:/sys/a dir=:4:/sys/b",
		"1 cgroupfs init=-1",
		"1 cgroupfs init=99999999999",
		"1 cgroupfs  init=1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };
		struct cgroup *cg = cgroup_read(bad[i], &e);

		if (cg)
			fail_msg("\"%s\" was read", bad[i]);
		assert_int_not_equal(strlen(e.msg), 0);
	}
}

static void a_directory_is_found_by_its_controller(void **state)
{
	struct cgroup *cg = cgroup_read(
		"1 cgroupfs dir=name=systemd:4:/sys/s dir=cpu,cpuacct:4:/sys/c dir=pids:4:/sys/p "
		"dir=:4:/sys/u",
		NULL);

	(void)state;
	assert_string_equal(cg_dir_with(cg, CG_CPUACCT)->path, "/sys/c");
	assert_null(cg_dir_with(cg, CG_MEMORY));
	assert_string_equal(cg_dir_v2(cg)->path, "/sys/u");
	assert_string_equal(cg_dir_members(cg)->path, "/sys/u");
	assert_false(cg_is_pure_v2(cg));
	assert_string_equal(cg_dir_with(cg, CG_CPU)->path + cg_dir_with(cg, CG_CPU)->mount_len, "/c");
	cgroup_free(cg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pure_v2_is_one_hierarchy),
		cmocka_unit_test(comounted_controllers_are_found_in_any_order),
		cmocka_unit_test(a_controller_is_not_found_by_the_start_of_its_name),
		cmocka_unit_test(hybrid_has_both),
		cmocka_unit_test(the_usual_mount_point_wins_over_bind_mounts),
		cmocka_unit_test(unmounted_hierarchies_are_left_out_and_escapes_read),
		cmocka_unit_test(a_covered_mount_is_not_used),
		cmocka_unit_test(a_caller_whose_cgroup_was_removed_still_has_a_place),
		cmocka_unit_test(no_cgroup_mount_is_a_clear_error),
		cmocka_unit_test(absent_path_is_below_the_caller_on_v1_and_beside_him_on_v2),
		cmocka_unit_test(relative_paths_are_taken_from_there_absolute_ones_from_the_root),
		cmocka_unit_test(dot_dot_and_the_root_are_refused),
		cmocka_unit_test(a_partly_mounted_hierarchy_is_entered_from_its_part),
		cmocka_unit_test(units_are_read_from_slice_prefix_name),
		cmocka_unit_test(slices_nest_by_dashes),
		cmocka_unit_test(text_round_trips),
		cmocka_unit_test(text_is_checked),
		cmocka_unit_test(a_directory_is_found_by_its_controller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
