// SPDX-License-Identifier: Apache-2.0
/* test-policy-resolve.c - the host's resolver, as far as it can be asked without a network */
#include <sys/wait.h>

#include "policy-util.h"

static void localhost_is_loopback(void **state)
{
	struct in6_addr *addrs = NULL;
	struct err e = { 0 };
	size_t n = 0;

	(void)state;
	if (policy_resolve_host("localhost", &addrs, &n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(n >= 1);
	for (size_t i = 0; i < n; i++)
		assert_true(IN6_IS_ADDR_LOOPBACK(&addrs[i]) || (canonical_is_v4(&addrs[i]) && addrs[i].s6_addr[12] == 127));
	free(addrs);
}

/* RFC 6761: ".invalid" has no addresses, and most resolvers know that without asking anybody. */
static void a_name_without_address_is_an_error_in_our_words(void **state)
{
	struct in6_addr *addrs = NULL;
	struct err e = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(policy_resolve_host("nothing.invalid", &addrs, &n, &e), -1);
	assert_null(addrs);
	assert_non_null(strstr(e.msg, "resolver"));
	util_assert_harmless(e.msg);
}

static void no_child_is_left_behind(void **state)
{
	struct in6_addr *addrs = NULL;
	struct err e = { 0 };
	size_t n = 0;

	(void)state;
	if (policy_resolve_host("localhost", &addrs, &n, &e) == 0)
		free(addrs);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* --- resolv.conf and hosts ----------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *servers, *search; /* blanks between */
	unsigned int ndots;
} confs[] = {
	{ "", "", "", 1 },
	{ "nameserver 10.0.2.3\n", "10.0.2.3", "", 1 },
	{ "nameserver 10.0.2.3", "10.0.2.3", "", 1 },
	{ "# nameserver 1.1.1.1\n;nameserver 1.1.1.2\n nameserver\t1.1.1.3 # x\r\n", "1.1.1.3", "", 1 },
	{ "nameserver ::ffff:1.2.3.4\nnameserver 2001:db8::1\nnameserver fe80::1%eth0\n", "1.2.3.4 2001:db8::1 fe80::1", "", 1 },
	{ "nameserver 1.1.1.1\nnameserver 1.1.1.1\nnameserver 0.0.0.0\nnameserver ::\nnameserver x\nnameserver\n", "1.1.1.1", "", 1 },
	{ "nameservers 1.1.1.1\nNAMESERVER 1.1.1.1\nnameserver 1.1.1.1/8\n", "", "", 1 },
	{ "search a.test B.Test. \noptions timeout:1 ndots:5 rotate\n", "", "a.test b.test", 5 },
	{ "search a.test\nsearch c.test\n", "", "c.test", 1 },
	{ "search a.test\ndomain d.test e.test\n", "", "d.test", 1 },
	{ "search . -x.test 1.2 ok.test\noptions ndots:99\n", "", "ok.test", 15 },
	{ "options ndots:0\n", "", "", 0 },
	{ "search a b c d e f g h\n", "", "a b c d e f", 1 },
};

static void a_resolv_conf_is_read_as_a_c_library_reads_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(confs); i++) {
		struct policy_resolv_conf c;
		char servers[400] = "", search[600] = "";

		policy_read_resolv_conf(confs[i].text, strlen(confs[i].text), &c);
		for (size_t k = 0; k < c.n_servers; k++) {
			char buf[CANONICAL_TEXT];

			canonical_text(&(struct canonical_net){ c.servers[k], 128 }, buf, sizeof(buf));
			sprintf(servers + strlen(servers), "%s%s", k ? " " : "", buf);
		}
		for (size_t k = 0; k < c.n_search; k++)
			sprintf(search + strlen(search), "%s%s", k ? " " : "", c.search[k]);
		if (!str_eq(servers, confs[i].servers) || !str_eq(search, confs[i].search) || c.ndots != confs[i].ndots)
			fail_msg("row %zu: servers \"%s\", search \"%s\", ndots %u", i, servers, search, c.ndots);
	}
}

static void any_bytes_are_a_resolv_conf(void **state)
{
	uint64_t seed = 99;
	char text[300];

	(void)state;
	for (unsigned int round = 0; round < 20000; round++) {
		static const char *const parts[] = { "nameserver ", "1.2.3.4", "\n", " ", "search ", "a.test", "options ", "ndots:", "9", "#", "::1",
						     "%", "\t", "." };
		struct policy_resolv_conf c;
		struct in6_addr found[4];
		size_t n = 0;

		while (n < 200) {
			const char *part = parts[util_random(&seed) % ARRAY_SIZE(parts)];

			if (util_random(&seed) % 10 == 0)
				text[n++] = (char)util_random(&seed);
			memcpy(text + n, part, strlen(part));
			n += strlen(part);
			if (util_random(&seed) % 20 == 0)
				break;
		}
		/* Its own allocation: a read past the end is seen by a sanitizer. */
		autofree char *exact = xcalloc(n, 1);

		memcpy(exact, text, n);
		policy_read_resolv_conf(exact, n, &c);
		assert_true(c.n_servers <= POLICY_MAX_RESOLVERS && c.n_search <= POLICY_MAX_SEARCH && c.ndots <= 15);
		assert_true(policy_find_host(exact, n, "a.test", found, 4) <= 4);
	}
}

static void a_hosts_file_gives_all_addresses_of_a_name(void **state)
{
	static const char text[] = "127.0.0.1 localhost\n10.1.2.3\tDB db.test # other\n#10.9.9.9 db\n  2001:db8::1 x db.\n10.1.2.4 dbx\n0.0.0.0 db\nx db\n"
				   "10.1.2.5 y db";
	struct in6_addr found[8];

	(void)state;
	assert_int_equal(policy_find_host(text, strlen(text), "db", found, 8), 3);
	for (size_t i = 0; i < 3; i++) {
		struct in6_addr want = util_addr((const char *const[]){ "10.1.2.3", "2001:db8::1", "10.1.2.5" }[i]);

		assert_memory_equal(&found[i], &want, 16);
	}
	assert_int_equal(policy_find_host(text, strlen(text), "db", found, 2), 2);
	assert_int_equal(policy_find_host(text, strlen(text), "other", found, 8), 0);
	assert_int_equal(policy_find_host(text, strlen(text), "10.1.2.3", found, 8), 0);
	assert_int_equal(policy_find_host("", 0, "db", found, 8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resolv_conf_is_read_as_a_c_library_reads_it),
		cmocka_unit_test(any_bytes_are_a_resolv_conf),
		cmocka_unit_test(a_hosts_file_gives_all_addresses_of_a_name),
		cmocka_unit_test(localhost_is_loopback),
		cmocka_unit_test(a_name_without_address_is_an_error_in_our_words),
		cmocka_unit_test(no_child_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
