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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(localhost_is_loopback),
		cmocka_unit_test(a_name_without_address_is_an_error_in_our_words),
		cmocka_unit_test(no_child_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
