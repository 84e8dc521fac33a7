// SPDX-License-Identifier: Apache-2.0
/* test-options.c - the forms of options that engines pass */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/str.h"
#include "cmd/options.h"

static struct {
	const char *root;
	bool flag, other;
	int number;
	struct option_list list;
} o;

static const struct option table[] = {
	{ "root", 'r', OPT_STRING, &o.root, "DIR", "" },
	{ "flag", 'f', OPT_FLAG, &o.flag, NULL, "" },
	{ "other", 'o', OPT_FLAG, &o.other, NULL, "" },
	{ "number", 'n', OPT_NUMBER, &o.number, "N", "" },
	{ "env", 'e', OPT_LIST, &o.list, "K=V", "" },
	{ "no-subreaper", 0, OPT_IGNORED_FLAG, NULL, NULL, NULL },
	{ "rootless", 0, OPT_IGNORED, NULL, NULL, NULL },
	{ 0 },
};

#define PARSE(...)                                                                                     \
	({                                                                                             \
		char *argv[] = { (char *)(uintptr_t)"cmd", __VA_ARGS__, NULL };                         \
		free(o.list.v);                                                                        \
		memset(&o, 0, sizeof(o));                                                              \
		options_parse(table, (int)ARRAY_SIZE(argv) - 1, argv, &help, &e);                      \
	})
#define S(text) ((char *)(uintptr_t)(text))

static void every_form_is_read(void **state)
{
	bool help = false;
	struct err e;

	(void)state;
	assert_int_equal(PARSE(S("--root"), S("/a"), S("id")), 3);
	assert_string_equal(o.root, "/a");
	assert_int_equal(PARSE(S("--root=/a"), S("--root=/b"), S("id")), 3);
	assert_string_equal(o.root, "/b");
	assert_int_equal(PARSE(S("-r/c"), S("id")), 2);
	assert_string_equal(o.root, "/c");
	assert_int_equal(PARSE(S("-root"), S("/d")), 3);
	assert_string_equal(o.root, "/d");
	assert_int_equal(PARSE(S("-no-subreaper"), S("--rootless"), S("true"), S("-fo"), S("x")), 5);
	assert_true(o.flag && o.other);
	assert_int_equal(PARSE(S("--flag=false"), S("--number"), S("7"), S("-e"), S("A=1"), S("--env=B=2")), 7);
	assert_false(o.flag);
	assert_int_equal(o.number, 7);
	assert_int_equal(o.list.n, 2);
	assert_string_equal(o.list.v[1], "B=2");
}

static void what_follows_the_first_word_is_left_alone(void **state)
{
	bool help = false;
	struct err e;

	(void)state;
	assert_int_equal(PARSE(S("-f"), S("id"), S("ls"), S("--other")), 2);
	assert_false(o.other);
	assert_int_equal(PARSE(S("--"), S("--flag")), 2);
	assert_false(o.flag);
	assert_int_equal(PARSE(S("-"), S("--flag")), 1);
}

static void mistakes_are_named(void **state)
{
	bool help = false;
	struct err e;

	(void)state;
	assert_int_equal(PARSE(S("--root")), -1);
	assert_string_equal(e.msg, "option --root requires an argument");
	assert_int_equal(PARSE(S("--nonsense=1")), -1);
	assert_string_equal(e.msg, "unknown option --nonsense=1");
	assert_int_equal(PARSE(S("--nubmer=1")), -1);
	assert_string_equal(e.msg, "unknown option --nubmer=1; did you mean --number?");
	assert_int_equal(PARSE(S("--rot")), -1);
	assert_string_equal(e.msg, "unknown option --rot; did you mean --root?");
	assert_int_equal(PARSE(S("-fz")), -1);
	assert_string_equal(e.msg, "unknown option -z in \"-fz\"");
	assert_int_equal(PARSE(S("--number=-1")), -1);
	assert_string_equal(e.msg, "--number -1: a number is expected");
	assert_int_equal(PARSE(S("--flag=maybe")), -1);
	assert_int_equal(PARSE(S("-h")), 2);
	assert_true(help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_is_read),
		cmocka_unit_test(what_follows_the_first_word_is_left_alone),
		cmocka_unit_test(mistakes_are_named),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	free(o.list.v);
	return r;
}
