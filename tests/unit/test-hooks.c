// SPDX-License-Identifier: Apache-2.0
/* test-hooks.c - hooks get the state, their failures are told in their own words, their timeouts hold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "container/hooks.h"

static int run(const char *script, int64_t timeout, const char *state, struct err *e)
{
	char *args[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)script, NULL };
	struct oci_hook h = { .path = (char *)(uintptr_t)"/bin/sh", .args = { args, 3 },
			      .timeout = { timeout > 0, timeout } };
	const struct oci_hook_list list = { &h, 1 };

	return hooks_run(&list, "createRuntime", state, NULL, e);
}

static void the_state_comes_on_standard_input(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("read line; test \"$line\" = '{\"id\":\"a\"}'", 0, "{\"id\":\"a\"}\n", &e), 0);
}

static void a_failure_is_told_in_the_hooks_words(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("echo out; echo because >&2; exit 3", 0, "", &e), -1);
	assert_string_equal(e.msg, "error running createRuntime hook #0: /bin/sh: exit status 3: out\nbecause");
	assert_int_equal(run("kill -TERM $$", 0, "", &e), -1);
	assert_string_equal(e.msg, "error running createRuntime hook #0: /bin/sh: it was killed by signal 15 (TERM)");
}

static void of_much_output_the_end_is_told(void **state)
{
	struct err e;

	(void)state;
	/* More than a read takes, and more than a pipe holds. */
	for (int lines = 500; lines <= 20000; lines *= 40) {
		autofree char *script = xasprintf("i=0; while [ $i -lt %d ]; do echo progress $i; i=$((i+1)); done; echo REAL CAUSE >&2; exit 3",
						  lines);

		assert_int_equal(run(script, 0, "", &e), -1);
		assert_true(str_starts(e.msg, "error running createRuntime hook #0: /bin/sh: exit status 3: … progress "));
		assert_string_equal(e.msg + strlen(e.msg) - strlen("\nREAL CAUSE"), "\nREAL CAUSE");
		assert_true(strlen(e.msg) < 600);
	}
	assert_int_equal(run("seq 100000; echo LAST; exec sleep 1000", 1, "", &e), -1);
	assert_non_null(strstr(e.msg, "\nLAST"));
	/* One line without an end, longer than what is kept. */
	assert_int_equal(run("seq -s, 1000; exit 1", 0, "", &e), -1);
	assert_non_null(strstr(e.msg, ",999,1000"));
}

static void a_hook_that_reads_nothing_does_not_block(void **state)
{
	size_t size = 1 << 20;
	char *big = malloc(size + 1);
	struct err e;

	(void)state;
	memset(big, 'x', size);
	big[size] = 0;
	assert_int_equal(run("exit 0", 0, big, &e), 0);
	assert_int_equal(run("wc -c | grep -q 1048576", 0, big, &e), 0);
	free(big);
}

static void a_background_child_with_our_pipes_does_not_block(void **state)
{
	struct err e;

	(void)state;
	/* The child lives as long as this test, on our pipes; the hook itself is done. */
	assert_int_equal(run("(while kill -0 $PPID 2>/dev/null; do read -t 1 x; done) & exit 0", 0, "", &e), 0);
}

static void the_timeout_kills(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(run("exec sleep 1000", 1, "", &e), -1);
	assert_non_null(strstr(e.msg, "did not end within its timeout of 1 s"));
}

static void a_missing_program_is_an_error(void **state)
{
	struct oci_hook h = { .path = (char *)(uintptr_t)"/nowhere/hook" };
	const struct oci_hook_list list = { &h, 1 };
	struct err e;

	(void)state;
	assert_int_equal(hooks_run(&list, "prestart", "", NULL, &e), -1);
	assert_string_equal(e.msg, "error running prestart hook #0: /nowhere/hook: execute it: it is not there");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_comes_on_standard_input),
		cmocka_unit_test(a_failure_is_told_in_the_hooks_words),
		cmocka_unit_test(of_much_output_the_end_is_told),
		cmocka_unit_test(a_hook_that_reads_nothing_does_not_block),
		cmocka_unit_test(a_background_child_with_our_pipes_does_not_block),
		cmocka_unit_test(the_timeout_kills),
		cmocka_unit_test(a_missing_program_is_an_error),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
