// SPDX-License-Identifier: Apache-2.0
/* test-rootfs.c - the pure parts of the rootfs room: option words, sysctl rules, the text of /etc/hosts, id maps */

/* The strings of a config are char *; here they are literals, which nobody writes to. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "base/sys.h"
#include "rootfs/devices.h"
#include "rootfs/hosts.h"
#include "rootfs/idmap.h"
#include "rootfs/mount_options.h"
#include "rootfs/propagation.h"
#include "rootfs/rootfs.h"
#include "rootfs/sysctl.h"
#include "rootfs/target.h"

/* --- options ------------------------------------------------------------------------------------------------ */

#define PARSE(o, ...) parse((char *[]){ __VA_ARGS__, NULL }, (o))

static void parse(char **words, struct mount_options *o)
{
	struct oci_strings list = { .v = words };
	struct err e = { 0 };

	while (words[list.n])
		list.n++;
	if (mount_options_parse(&list, o, &e) < 0)
		fail_msg("%s", e.msg);
}

static void the_later_word_wins(void **state)
{
	struct mount_options o;

	(void)state;
	PARSE(&o, "ro", "nosuid", "rw", "suid", "nosuid");
	assert_int_equal(o.set, MOUNT_ATTR_NOSUID);
	assert_int_equal(o.clr, MOUNT_ATTR_RDONLY);
	mount_options_free(&o);
}

static void an_atime_word_replaces_the_former_mode(void **state)
{
	struct mount_options o;

	(void)state;
	PARSE(&o, "noatime", "strictatime");
	assert_int_equal(o.set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(o.clr, MOUNT_ATTR__ATIME);
	mount_options_free(&o);
	PARSE(&o, "rnoatime", "ratime");
	assert_int_equal(o.rec_set, MOUNT_ATTR_RELATIME);
	assert_int_equal(o.rec_clr, MOUNT_ATTR__ATIME);
	mount_options_free(&o);
}

static void bind_and_rbind_in_any_order_is_recursive(void **state)
{
	struct mount_options o;

	(void)state;
	PARSE(&o, "rbind", "bind", "rprivate", "rro");
	assert_int_equal(o.flags, MOUNT_OPT_BIND | MOUNT_OPT_REC);
	assert_int_equal(o.n_propagation, 1);
	assert_int_equal(o.propagation[0], MS_PRIVATE | MS_REC);
	assert_int_equal(o.rec_set, MOUNT_ATTR_RDONLY);
	assert_int_equal(o.set, 0);
	mount_options_free(&o);
}

static void unknown_words_are_data_and_split_at_bare_commas(void **state)
{
	struct mount_options o;
	char *joined;

	(void)state;
	PARSE(&o, "defaults", "size=64k,mode=755", "context=\"a:b:c1,c2\"", "lowerdir=/a\\,b:/c", "noauto_da_alloc");
	assert_int_equal(o.n_data, 5);
	assert_string_equal(o.data[1], "mode=755");
	assert_string_equal(o.data[2], "context=\"a:b:c1,c2\"");
	assert_string_equal(o.data[3], "lowerdir=/a\\,b:/c");
	assert_true(mount_options_has_data(&o, "size"));
	assert_false(mount_options_has_data(&o, "siz"));
	joined = mount_options_join_data(&o);
	assert_string_equal(joined, "size=64k,mode=755,context=\"a:b:c1,c2\",lowerdir=/a\\,b:/c,noauto_da_alloc");
	free(joined);
	mount_options_free(&o);
}

static void idmap_keeps_what_follows_it(void **state)
{
	struct mount_options o;

	(void)state;
	PARSE(&o, "rbind", "ridmap=uids=0-1-2;gids=0-1-2");
	assert_int_equal(o.flags & (MOUNT_OPT_IDMAP | MOUNT_OPT_RIDMAP), MOUNT_OPT_IDMAP | MOUNT_OPT_RIDMAP);
	assert_string_equal(o.idmap, "uids=0-1-2;gids=0-1-2");
	assert_int_equal(o.n_data, 0);
	mount_options_free(&o);
}

static void too_many_words_of_propagation_are_an_error(void **state)
{
	char *words[] = { "private", "slave", "shared", "private", "slave" };
	struct oci_strings list = { words, 5 };
	struct mount_options o;
	struct err e;

	(void)state;
	assert_int_equal(mount_options_parse(&list, &o, &e), -1);
}

/* runtime-spec, config.md: MUST and SHOULD. */
static void every_word_of_the_specification_is_listed(void **state)
{
	static const char *const spec[] = {
		"async", "atime", "bind", "defaults", "dev", "diratime", "dirsync", "exec", "iversion", "lazytime", "loud",
		"mand", "noatime", "nodev", "nodiratime", "noexec", "noiversion", "nolazytime", "nomand", "norelatime",
		"nostrictatime", "nosuid", "nosymfollow", "private", "ratime", "rbind", "rdev", "rdiratime", "relatime",
		"remount", "rexec", "rnoatime", "rnodiratime", "rnoexec", "rnorelatime", "rnostrictatime", "rnosuid",
		"rnosymfollow", "ro", "rprivate", "rrelatime", "rro", "rrw", "rshared", "rslave", "rstrictatime", "rsuid",
		"rsymfollow", "runbindable", "rw", "shared", "silent", "slave", "strictatime", "suid", "symfollow", "sync",
		"tmpcopyup", "unbindable", "idmap", "ridmap", "nodev",
	};
	const char *const *known = rootfs_mount_options();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(spec); i++) {
		size_t k = 0;

		while (known[k] && !str_eq(known[k], spec[i]))
			k++;
		if (!known[k])
			fail_msg("%s is missing", spec[i]);
	}
	for (size_t i = 0; known[i] && known[i + 1]; i++)
		assert_true(strcmp(known[i], known[i + 1]) < 0);
}

static void rootfs_propagation_defaults_to_rprivate_unless_a_mount_receives(void **state)
{
	char *words[] = { "rbind", "ro", "rslave" };
	struct oci_mount m = { .destination = "/vol", .options = { .v = words, .n = 2 } };
	struct oci_config c = { .mounts = &m, .n_mounts = 1 };
	unsigned long ms;
	struct err e;

	(void)state;
	assert_int_equal(propagation_of(&c, &ms, &e), 0);
	assert_int_equal(ms, MS_PRIVATE | MS_REC);
	m.options.n = 3;
	assert_int_equal(propagation_of(&c, &ms, &e), 0);
	assert_int_equal(ms, MS_SLAVE | MS_REC);
	c.linux_.rootfs_propagation = "shared";
	assert_int_equal(propagation_of(&c, &ms, &e), 0);
	assert_int_equal(ms, MS_SHARED);
	c.linux_.rootfs_propagation = "ro";
	assert_int_equal(propagation_of(&c, &ms, &e), -1);
	assert_non_null(strstr(e.msg, "linux.rootfsPropagation"));
}

/* --- names --------------------------------------------------------------------------------------------------- */

static void paths_are_split_before_their_last_name(void **state)
{
	static const struct {
		const char *path, *parent, *name;
	} cases[] = {
		{ "/dev/null", "/dev/", "null" }, { "/dev/net/tun//", "/dev/net/", "tun" }, { "x", "/", "x" },
		{ "/a/b/.", "/a/", "b" },	  { "/", NULL, NULL },			     { "/a/..", NULL, NULL },
		{ "", NULL, NULL },		  { "/./.", NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *parent = NULL;
		char *name = target_split(cases[i].path, &parent);

		if (!cases[i].name) {
			assert_null(name);
			continue;
		}
		assert_string_equal(name, cases[i].name);
		assert_string_equal(parent, cases[i].parent);
		free(name);
		free(parent);
	}
	assert_true(devices_same_path("/dev//null/", "/dev/null"));
	assert_false(devices_same_path("/dev/nul", "/dev/null"));
	assert_false(devices_same_path("/dev", "/dev/null"));
}

/* --- sysctl ---------------------------------------------------------------------------------------------------- */

static void sysctl_names_in_dots_and_slashes(void **state)
{
	static const struct {
		const char *key, *path;
	} cases[] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "net/ipv4/ip_forward" },
		{ "net.ipv4.conf.eno2/100.rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "net/ipv4/conf/eno2.100/rp_filter", "net/ipv4/conf/eno2.100/rp_filter" },
		{ "net/../kernel/core_pattern", NULL },
		{ "net.//.kernel", NULL },
		{ "net..ipv4", NULL },
		{ "/kernel/sem", NULL },
		{ "net.", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e;
		char *path = sysctl_path(cases[i].key, &e);

		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
		else
			assert_null(path);
		free(path);
	}
}

static void only_sysctls_of_own_namespaces_are_allowed(void **state)
{
	struct oci_namespace none[1] = { { .type = OCI_NS_MOUNT } };
	struct oci_namespace all[] = {
		{ .type = OCI_NS_IPC }, { .type = OCI_NS_NETWORK }, { .type = OCI_NS_UTS }, { .type = OCI_NS_USER },
	};
	struct oci_namespace host_net[] = { { .type = OCI_NS_NETWORK, .path = "/proc/1/ns/net" } };
	static const char *const names[] = {
		"kernel/shmmax", "kernel/msgmax", "kernel/sem", "fs/mqueue/msg_max", "net/core/somaxconn", "kernel/domainname",
		"user/max_user_namespaces",
	};
	struct oci_config c = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		c.linux_.namespaces = all;
		c.linux_.n_namespaces = ARRAY_SIZE(all);
		assert_int_equal(sysctl_check(&c, names[i], "1", &e), 0);
		c.linux_.namespaces = none;
		c.linux_.n_namespaces = 1;
		assert_int_equal(sysctl_check(&c, names[i], "1", &e), -1);
	}
	c.linux_.namespaces = all;
	c.linux_.n_namespaces = ARRAY_SIZE(all);
	assert_int_equal(sysctl_check(&c, "kernel/core_pattern", "|/x", &e), -1);
	assert_int_equal(sysctl_check(&c, "kernel/shmmaxx", "1", &e), -1);
	assert_int_equal(sysctl_check(&c, "vm/swappiness", "1", &e), -1);
	assert_int_equal(sysctl_check(&c, "kernel/hostname", "x", &e), -1);
	assert_non_null(strstr(e.msg, "hostname"));
	c.domainname = "a";
	assert_int_equal(sysctl_check(&c, "kernel/domainname", "a", &e), 0);
	assert_int_equal(sysctl_check(&c, "kernel/domainname", "b", &e), -1);
	c.linux_.namespaces = host_net;
	c.linux_.n_namespaces = 1;
	if (access("/proc/1/ns/net", F_OK) == 0)
		assert_int_equal(sysctl_check(&c, "net/core/somaxconn", "1", &e), -1);
}

/* --- hosts ------------------------------------------------------------------------------------------------------ */

static void merged(const char *old, const char *want)
{
	struct in6_addr a[2], b[1];
	struct policy_host hosts[] = { { "api.example", a, 2 }, { "DB", b, 1 } };
	static const char head[] = "# Pinned by the network policy of this container.\n"
				   "10.0.0.1\tapi.example\n2001:db8::1\tapi.example\n192.0.2.7\tDB\n";
	size_t len;
	char *text, *whole = xasprintf("%s%s", head, want);

	assert_int_equal(inet_pton(AF_INET6, "::ffff:10.0.0.1", &a[0]), 1);
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &a[1]), 1);
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &b[0]), 1);
	text = hosts_merge(old, strlen(old), hosts, 2, &len);
	assert_string_equal(text, whole);
	assert_int_equal(len, strlen(whole));
	free(text);
	free(whole);
}

static void pinned_names_come_first_and_alone(void **state)
{
	(void)state;
	merged("", "");
	merged("127.0.0.1 localhost\n", "127.0.0.1 localhost\n");
	merged("127.0.0.1 localhost", "127.0.0.1 localhost\n");
	merged("1.2.3.4 api.example\n::1\tlocalhost ip6-loopback # db\n", "::1\tlocalhost ip6-loopback # db\n");
	merged("1.2.3.4  one API.EXAMPLE. two db three # c\n", "1.2.3.4\tone two three\n");
	merged("1.2.3.4 xdb api.example.org\n\n# db\n", "1.2.3.4 xdb api.example.org\n\n# db\n");
	merged("db\n1.2.3.4 db\r\n", "db\n");
}

/* --- id maps ------------------------------------------------------------------------------------------------------ */

static void idmap_triples(void **state)
{
	struct oci_id_mapping m[] = { { 0, 100000, 10 }, { 10, 5000, 5 } };
	static const char *const bad[] = { "", "1", "1-2", "1-2-3-4", "a-1-1", "#", "@99-99-1x", "@0-77-1", "0--1-2-3" };
	struct err e;
	char *text = idmap_parse_triples("0-1000-10#@10-12-2", m, 2, &e);

	(void)state;
	assert_non_null(text);
	assert_string_equal(text, "0 1000 10\n10 5002 2\n");
	free(text);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		text = idmap_parse_triples(bad[i], m, 2, &e);
		if (text)
			fail_msg("\"%s\" was accepted as \"%s\"", bad[i], text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_word_wins),
		cmocka_unit_test(an_atime_word_replaces_the_former_mode),
		cmocka_unit_test(bind_and_rbind_in_any_order_is_recursive),
		cmocka_unit_test(unknown_words_are_data_and_split_at_bare_commas),
		cmocka_unit_test(idmap_keeps_what_follows_it),
		cmocka_unit_test(too_many_words_of_propagation_are_an_error),
		cmocka_unit_test(every_word_of_the_specification_is_listed),
		cmocka_unit_test(rootfs_propagation_defaults_to_rprivate_unless_a_mount_receives),
		cmocka_unit_test(paths_are_split_before_their_last_name),
		cmocka_unit_test(sysctl_names_in_dots_and_slashes),
		cmocka_unit_test(only_sysctls_of_own_namespaces_are_allowed),
		cmocka_unit_test(pinned_names_come_first_and_alone),
		cmocka_unit_test(idmap_triples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
