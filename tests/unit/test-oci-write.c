// SPDX-License-Identifier: Apache-2.0
/* test-oci-write.c - what is written is valid JSON whatever goes in, and what the engines look for is in it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/features.h"
#include "oci/json_tree.h"
#include "oci/json_write.h"
#include "oci/names.h"
#include "oci/read.h"
#include "oci/spec.h"
#include "oci/state.h"

/* --- helpers ------------------------------------------------------------------------------------------ */

/* Parses (and so proves valid) @text, which it frees. */
static struct json_tree *parsed(char *text)
{
	char why[200];
	struct json_tree *t = json_tree_parse(text, strlen(text), why, sizeof(why));

	if (!t)
		fail_msg("%s: %s", why, text);
	free(text);
	return t;
}

/* Member by dotted path, NULL if absent. */
static const struct json_node *at(const struct json_node *n, const char *path)
{
	size_t len = strcspn(path, "/");

	for (const struct json_node *m = n->first; m; m = m->next)
		if (m->key_len == len && memcmp(m->key, path, len) == 0)
			return path[len] ? at(m, path + len + 1) : m;
	return NULL;
}

static void assert_text(const struct json_tree *t, const char *path, const char *value)
{
	const struct json_node *n = at(json_tree_root(t), path);

	if (!n)
		fail_msg("no %s", path);
	assert_string_equal(n->text, value);
}

static void assert_bool(const struct json_tree *t, const char *path, bool value)
{
	const struct json_node *n = at(json_tree_root(t), path);

	if (!n || n->type != JSON_BOOL)
		fail_msg("no %s", path);
	assert_int_equal(n->truth, value);
}

static bool list_has(const struct json_tree *t, const char *path, const char *value)
{
	const struct json_node *n = at(json_tree_root(t), path);

	for (n = n ? n->first : NULL; n; n = n->next)
		if (strcmp(n->text, value) == 0)
			return true;
	return false;
}

/* --- json_out ----------------------------------------------------------------------------------------- */

static void every_kind_of_value_is_written(void **state)
{
	struct json_out *j = json_out_new(false);
	char *text;

	(void)state;
	json_open_map(j);
	json_kv_string(j, "s", "a\"\\\n\x01/é");
	json_kv_string(j, "n", NULL);
	json_kv_int(j, "i", INT64_MIN);
	json_kv_uint(j, "u", UINT64_MAX);
	json_kv_bool(j, "b", false);
	json_key(j, "e");
	json_open_array(j);
	json_open_map(j);
	json_close_map(j);
	json_open_array(j);
	json_close_array(j);
	json_int(j, -1);
	json_close_array(j);
	json_close_map(j);
	text = json_out_finish(j);
	assert_string_equal(text, "{\"s\":\"a\\\"\\\\\\n\\u0001/é\",\"n\":null,\"i\":-9223372036854775808,"
				  "\"u\":18446744073709551615,\"b\":false,\"e\":[{},[],-1]}");
	free(text);
}

static void bytes_that_are_no_utf8_become_replacement_characters(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "é€𐍈\xf4\x8f\xbf\xbf", "é€𐍈\xf4\x8f\xbf\xbf" },
		{ "\xff", "�" },
		{ "a\xc3", "a�" },		      /* cut at the end */
		{ "\xe2\x82z", "��z" },		      /* cut inside */
		{ "\xc0\xaf", "��" },		      /* overlong */
		{ "\xe0\x80\xaf", "���" },	      /* overlong */
		{ "\xed\xa0\x80", "���" },	      /* a surrogate */
		{ "\xf4\x90\x80\x80", "����" },	      /* past U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", "�����" }, /* five bytes were never legal */
		{ "\x80", "�" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json_out *j = json_out_new(false);
		char expected[64];
		char *text;

		json_open_array(j);
		json_string(j, cases[i].in);
		json_close_array(j);
		text = json_out_finish(j);
		snprintf(expected, sizeof(expected), "[\"%s\"]", cases[i].out);
		assert_string_equal(text, expected);
		json_tree_free(parsed(text));
	}
}

static void every_byte_pair_comes_out_as_valid_json(void **state)
{
	(void)state;
	for (int a = 1; a < 256; a++) {
		struct json_out *j = json_out_new(false);

		json_open_array(j);
		for (int b = 0; b < 256; b++) {
			char s[4] = { (char)a, (char)b, 'x', '\0' };

			json_string(j, s);
		}
		json_close_array(j);
		json_tree_free(parsed(json_out_finish(j)));
	}
}

static void pretty_text_is_indented_by_two_and_ends_with_a_newline(void **state)
{
	struct json_out *j = json_out_new(true);
	char *text;

	(void)state;
	json_open_map(j);
	json_key(j, "a");
	json_open_array(j);
	json_close_array(j);
	json_key(j, "b");
	json_open_map(j);
	json_kv_int(j, "c", 1);
	json_close_map(j);
	json_close_map(j);
	text = json_out_finish(j);
	assert_string_equal(text, "{\n  \"a\": [],\n  \"b\": {\n    \"c\": 1\n  }\n}\n");
	free(text);
}

/* --- state --------------------------------------------------------------------------------------------- */

static void state_for_hooks_is_one_line(void **state)
{
	struct oci_pair pair = { (char *)"k\n", (char *)"v\xff" };
	struct oci_map map = { &pair, 1 };
	struct oci_state s = { .id = "c1", .status = "creating", .pid = 42, .bundle = "/b", .annotations = &map };
	char *text = oci_state_write(&s, false);

	(void)state;
	assert_string_equal(text, "{\"ociVersion\":\"1.3.0\",\"id\":\"c1\",\"pid\":42,\"status\":\"creating\","
				  "\"bundle\":\"/b\",\"annotations\":{\"k\\n\":\"v�\"}}");
	free(text);
}

static void state_command_prints_every_field(void **state)
{
	struct oci_map none = { NULL, 0 };
	struct oci_state s = { .id = "c1",
			       .status = "stopped",
			       .bundle = "/b",
			       .rootfs = "/b/rootfs",
			       .created = "2026-01-01T00:00:00.000000001Z",
			       .owner = "",
			       .annotations = &none };
	char *text = oci_state_write(&s, true);
	struct json_tree *t;

	(void)state;
	assert_int_equal(text[strlen(text) - 1], '\n');
	t = parsed(text);
	assert_text(t, "ociVersion", OCI_SPEC_VERSION);
	assert_text(t, "id", "c1");
	assert_text(t, "status", "stopped");
	assert_text(t, "pid", "0");
	assert_text(t, "bundle", "/b");
	assert_text(t, "rootfs", "/b/rootfs");
	assert_text(t, "created", "2026-01-01T00:00:00.000000001Z");
	assert_text(t, "owner", "");
	assert_null(at(json_tree_root(t), "annotations"));
	json_tree_free(t);
}

static void list_is_an_array_of_states(void **state)
{
	struct oci_state v[2] = { { .id = "a", .status = "running", .pid = 1, .bundle = "/a" },
				  { .id = "b", .status = "stopped", .bundle = "/b" } };
	struct json_tree *t = parsed(oci_state_write_list(v, 2));
	const struct json_node *root = json_tree_root(t);
	char *text;

	(void)state;
	assert_int_equal(root->type, JSON_ARRAY);
	assert_int_equal(root->len, 2);
	assert_string_equal(at(root->last, "id")->text, "b");
	json_tree_free(t);
	text = oci_state_write_list(NULL, 0);
	assert_string_equal(text, "[]");
	free(text);
}

/* --- features ------------------------------------------------------------------------------------------ */

static void features_has_what_engines_look_for(void **state)
{
	static const char *const options[] = { "ro", "rro", "idmap", NULL };
	static const char *const flags[] = { "SECCOMP_FILTER_FLAG_LOG", NULL };
	static const char *const unsafe[] = { "io.sandlock.", NULL };
	struct oci_pair pair = { (char *)"io.sandlock.version", (char *)"0.1" };
	struct oci_map map = { &pair, 1 };
	struct oci_features f = { .mount_options = options,
				  .cgroup_v1 = true,
				  .cgroup_v2 = true,
				  .cgroup_systemd = true,
				  .seccomp = true,
				  .seccomp_supported_flags = flags,
				  .memory_policy = true,
				  .idmap = true,
				  .net_devices = true,
				  .annotations = &map,
				  .unsafe_annotations = unsafe };
	struct json_tree *t = parsed(oci_features_write(&f));

	(void)state;
	assert_text(t, "ociVersionMin", "1.0.0");
	assert_text(t, "ociVersionMax", "1.3.0");
	for (size_t i = 0; oci_names_hooks[i]; i++)
		assert_true(list_has(t, "hooks", oci_names_hooks[i]));
	assert_true(list_has(t, "mountOptions", "rro"));
	assert_true(list_has(t, "linux/namespaces", "user"));
	assert_true(list_has(t, "linux/namespaces", "time"));
	assert_true(list_has(t, "linux/capabilities", "CAP_CHECKPOINT_RESTORE"));
	assert_int_equal(at(json_tree_root(t), "linux/capabilities")->len, 41);
	assert_bool(t, "linux/cgroup/v1", true);
	assert_bool(t, "linux/cgroup/systemd", true);
	assert_bool(t, "linux/cgroup/systemdUser", false);
	assert_bool(t, "linux/cgroup/rdma", false);
	assert_bool(t, "linux/seccomp/enabled", true);
	assert_true(list_has(t, "linux/seccomp/actions", "SCMP_ACT_NOTIFY"));
	assert_true(list_has(t, "linux/seccomp/operators", "SCMP_CMP_MASKED_EQ"));
	assert_true(list_has(t, "linux/seccomp/archs", "SCMP_ARCH_X86_64"));
	assert_true(list_has(t, "linux/seccomp/knownFlags", "SECCOMP_FILTER_FLAG_TSYNC"));
	assert_false(list_has(t, "linux/seccomp/supportedFlags", "SECCOMP_FILTER_FLAG_TSYNC"));
	assert_true(list_has(t, "linux/seccomp/supportedFlags", "SECCOMP_FILTER_FLAG_LOG"));
	assert_bool(t, "linux/apparmor/enabled", false);
	assert_bool(t, "linux/selinux/enabled", false);
	assert_true(list_has(t, "linux/memoryPolicy/modes", "MPOL_LOCAL"));
	assert_true(list_has(t, "linux/memoryPolicy/flags", "MPOL_F_STATIC_NODES"));
	assert_bool(t, "linux/intelRdt/enabled", false);
	assert_bool(t, "linux/mountExtensions/idmap/enabled", true);
	assert_bool(t, "linux/netDevices/enabled", true);
	assert_text(t, "annotations/io.sandlock.version", "0.1");
	assert_true(list_has(t, "potentiallyUnsafeConfigAnnotations", "io.sandlock."));
	json_tree_free(t);
}

static void features_leaves_out_what_is_not_said(void **state)
{
	struct oci_features f = { .cgroup_v1 = false };
	struct json_tree *t = parsed(oci_features_write(&f));

	(void)state;
	assert_null(at(json_tree_root(t), "mountOptions"));
	assert_null(at(json_tree_root(t), "annotations"));
	assert_null(at(json_tree_root(t), "potentiallyUnsafeConfigAnnotations"));
	assert_null(at(json_tree_root(t), "linux/memoryPolicy"));
	assert_null(at(json_tree_root(t), "linux/seccomp/actions"));
	assert_bool(t, "linux/seccomp/enabled", false);
	json_tree_free(t);
}

/* --- spec ---------------------------------------------------------------------------------------------- */

static void spec_of(bool rootless, struct oci_config *c)
{
	char *text = oci_spec_default(rootless, true, 1000, 1001);
	struct oci_error e = { "" };

	if (oci_config_parse(text, strlen(text), c, &e) < 0)
		fail_msg("%s", e.msg);
	free(text);
}

static void spec_template_is_read_back(void **state)
{
	struct oci_config c;

	(void)state;
	spec_of(false, &c);
	assert_string_equal(c.oci_version, OCI_SPEC_VERSION);
	assert_string_equal(c.root.path, "rootfs");
	assert_true(c.root.readonly);
	assert_true(c.process.terminal);
	assert_string_equal(c.process.args.v[0], "sh");
	assert_true(c.process.no_new_privileges);
	assert_int_equal(c.process.capabilities.bounding.n, 3);
	assert_int_equal(c.process.capabilities.inheritable.n, 0);
	assert_int_equal(c.process.capabilities.ambient.n, 0);
	assert_non_null(oci_namespace_find(&c.linux_, OCI_NS_NETWORK));
	assert_null(oci_namespace_find(&c.linux_, OCI_NS_USER));
	assert_int_equal(c.linux_.n_uid_mappings, 0);
	assert_int_equal(c.linux_.resources.n_devices, 1);
	assert_true(c.linux_.masked_paths.n > 5);
	assert_true(c.linux_.readonly_paths.n > 3);
	assert_int_equal(c.n_mounts, 7);
	oci_config_free(&c);
}

static void rootless_spec_maps_the_caller_and_asks_for_nothing_that_needs_root(void **state)
{
	struct oci_config c;

	(void)state;
	spec_of(true, &c);
	assert_null(oci_namespace_find(&c.linux_, OCI_NS_NETWORK));
	assert_non_null(oci_namespace_find(&c.linux_, OCI_NS_USER));
	assert_int_equal(c.linux_.n_uid_mappings, 1);
	assert_int_equal(c.linux_.uid_mappings[0].container_id, 0);
	assert_int_equal(c.linux_.uid_mappings[0].host_id, 1000);
	assert_int_equal(c.linux_.uid_mappings[0].size, 1);
	assert_int_equal(c.linux_.gid_mappings[0].host_id, 1001);
	assert_int_equal(c.linux_.resources.n_devices, 0);
	assert_int_equal(c.n_mounts, 7);
	for (size_t i = 0; i < c.n_mounts; i++) {
		if (strcmp(c.mounts[i].destination, "/sys") == 0)
			assert_string_equal(c.mounts[i].options.v[0], "rbind");
		for (size_t k = 0; k < c.mounts[i].options.n; k++)
			assert_int_not_equal(strncmp(c.mounts[i].options.v[k], "gid=", 4), 0);
	}
	oci_config_free(&c);
}

/* --- names --------------------------------------------------------------------------------------------- */

static void names_and_numbers_go_both_ways(void **state)
{
	(void)state;
	assert_int_equal(oci_capability_number("CAP_CHOWN"), 0);
	assert_int_equal(oci_capability_number("CAP_SYS_ADMIN"), 21);
	assert_int_equal(oci_capability_number("CAP_CHECKPOINT_RESTORE"), 40);
	assert_int_equal(oci_capability_number("CAP_FOO"), -1);
	for (int i = 0; i <= 40; i++)
		assert_int_equal(oci_capability_number(oci_capability_name(i)), i);
	assert_null(oci_capability_name(41));
	assert_null(oci_capability_name(-1));
	assert_int_equal(oci_rlimit_number("RLIMIT_NOFILE"), 7);
	assert_int_equal(oci_rlimit_number("RLIMIT_RTTIME"), 15);
	assert_int_equal(oci_rlimit_number("RLIMIT_TEST"), -1);
	assert_string_equal(oci_namespace_name(OCI_NS_MOUNT), "mount");
	assert_string_equal(oci_namespace_name(OCI_NS_TIME), "time");
	assert_null(oci_namespace_name(OCI_NS_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_value_is_written),
		cmocka_unit_test(bytes_that_are_no_utf8_become_replacement_characters),
		cmocka_unit_test(every_byte_pair_comes_out_as_valid_json),
		cmocka_unit_test(pretty_text_is_indented_by_two_and_ends_with_a_newline),
		cmocka_unit_test(state_for_hooks_is_one_line),
		cmocka_unit_test(state_command_prints_every_field),
		cmocka_unit_test(list_is_an_array_of_states),
		cmocka_unit_test(features_has_what_engines_look_for),
		cmocka_unit_test(features_leaves_out_what_is_not_said),
		cmocka_unit_test(spec_template_is_read_back),
		cmocka_unit_test(rootless_spec_maps_the_caller_and_asks_for_nothing_that_needs_root),
		cmocka_unit_test(names_and_numbers_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
