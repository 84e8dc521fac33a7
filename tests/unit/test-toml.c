// SPDX-License-Identifier: Apache-2.0
/* test-toml.c - what is TOML and what is not, by the specification's own examples and by what attackers and editors make of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/str.h"
#include "toml/toml.h"

/* The tree in one line: {key:"text",…} with [] for arrays, so that it can be compared. */
static void dump(const struct toml_node *n, char *out, size_t size)
{
	size_t len = strlen(out);

	switch (n->type) {
	case TOML_STRING:
		snprintf(out + len, size - len, "'%s'", n->text);
		return;
	case TOML_INTEGER:
		snprintf(out + len, size - len, "%lld", (long long)n->number);
		return;
	case TOML_FLOAT:
		snprintf(out + len, size - len, "f%s", n->text);
		return;
	case TOML_DATE:
		snprintf(out + len, size - len, "d%s", n->text);
		return;
	case TOML_BOOL:
		snprintf(out + len, size - len, "%s", n->truth ? "true" : "false");
		return;
	case TOML_ARRAY:
	case TOML_TABLE:
		break;
	}
	snprintf(out + len, size - len, n->type == TOML_ARRAY ? "[" : "{");
	for (const struct toml_node *m = n->first; m; m = m->next) {
		len = strlen(out);
		if (n->type == TOML_TABLE)
			snprintf(out + len, size - len, "%s:", m->key);
		dump(m, out, size);
		len = strlen(out);
		snprintf(out + len, size - len, m->next ? "," : "");
	}
	len = strlen(out);
	snprintf(out + len, size - len, n->type == TOML_ARRAY ? "]" : "}");
}

static const struct {
	const char *text, *tree;
} good[] = {
	{ "", "{}" },
	{ "\xef\xbb\xbf# only a comment", "{}" },
	{ "a = 1\r\nb = 2\r\n", "{a:1,b:2}" },
	{ "a=1", "{a:1}" },
	{ "  a  =  'x' # why\n", "{a:'x'}" },
	{ "bare-key_1 = true\n1234 = false", "{bare-key_1:true,1234:false}" },
	{ "\"127.0.0.1\" = 'v'\n'a b' = 'w'\n\"\" = 1", "{127.0.0.1:'v',a b:'w',:1}" },
	{ "fruit . name = 1\nfruit.'color' = 2", "{fruit:{name:1,color:2}}" },
	{ "3.14 = 'pi'", "{3:{14:'pi'}}" },
	{ "s = \"a\\tb\\\"c\\\\d\\u00e9\\U0001F600\"", "{s:'a\tb\"c\\d\xc3\xa9\xf0\x9f\x98\x80'}" },
	{ "s = 'C:\\x'", "{s:'C:\\x'}" },
	{ "s = \"\"\"\nRoses\nare\"\"\"", "{s:'Roses\nare'}" },
	{ "s = \"\"\"a \\\n   \n  b\"\"\"", "{s:'a b'}" },
	{ "s = \"\"\"\"two\"\" in it\"\"\"\"\"", "{s:'\"two\"\" in it\"\"'}" },
	{ "s = '''\r\nI [dw]on't'''", "{s:'I [dw]on't'}" },
	{ "i = [+99, -17, 0, 1_000, 0xDEAD_beef, 0o755, 0b11]", "{i:[99,-17,0,1000,3735928559,493,3]}" },
	{ "i = -9223372036854775808", "{i:-9223372036854775808}" },
	{ "f = [1.0, -0.01, 5e+22, 6.6e-3, inf, -nan, 9_2.5]", "{f:[f1.0,f-0.01,f5e+22,f6.6e-3,finf,f-nan,f9_2.5]}" },
	{ "d = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5-07:00, 1979-05-27, 07:32:00]",
	  "{d:[d1979-05-27T07:32:00Z,d1979-05-27 07:32:00.5-07:00,d1979-05-27,d07:32:00]}" },
	{ "a = [\n 1, # one\n 2,\n\n]\nb = [[], ['x']]", "{a:[1,2],b:[[],['x']]}" },
	{ "p = { x = 1, y.z = 2 }\nq = {}", "{p:{x:1,y:{z:2}},q:{}}" },
	{ "[a]\nx = 1\n[b . c]\ny = 2\n[a.d]\nz = 3", "{a:{x:1,d:{z:3}},b:{c:{y:2}}}" },
	{ "[x.y]\n[x]\nk = 1", "{x:{y:{},k:1}}" },
	{ "[[m]]\nn = 1\n[m.in]\nq = 2\n[[m]]\nn = 3", "{m:[{n:1,in:{q:2}},{n:3}]}" },
	{ "[[a.b]]\n[[a.b]]\n[a.c]", "{a:{b:[{},{}],c:{}}}" },
	{ "[ \"x.y\" ]\na.b = 1\na.c = 2", "{x.y:{a:{b:1,c:2}}}" },
};

static const struct {
	const char *text, *error;
} bad[] = {
	{ "a", "line 1: \"=\" is expected" },
	{ "a =", "line 1: a value is missing" },
	{ "a = b", "line 1: b is no value; texts stand in quotes" },
	{ "= 1", "line 1: a key is expected" },
	{ "\n\na = 1\na = 2", "line 4: \"a\" is there twice (first in line 3)" },
	{ "a = 1 b = 2", "something follows" },
	{ "a = 1\na.b = 2", "line 2: \"a\" is there already" },
	{ "a.b = 1\n[a]", "the table \"a\" is there twice" },
	{ "[a]\n[a]", "the table \"a\" is there twice" },
	{ "[a]\nb = 1\n[a.b]", "there twice" },
	{ "a = { b = 1 }\na.c = 2", "cannot be added to" },
	{ "a = { b = 1 }\n[a.c]", "cannot be added to" },
	{ "a = { b.c = 1 }\n[a.b.d]", "cannot be added to" },
	{ "a = []\n[[a]]", "is no array of tables" },
	{ "[[a]]\n[a]", "there twice" },
	{ "[a]\n[[a]]", "is no array of tables" },
	{ "[a.b]\nc = 1\n[a]\nb.d = 2", "cannot be added to" },
	{ "[a", "\"]\" is expected" },
	{ "[[a]", "\"]]\" is expected" },
	{ "[]", "a key is expected" },
	{ "[a]x", "something follows" },
	{ "s = \"a\nb\"", "does not end on its line" },
	{ "s = \"a", "a string does not end" },
	{ "s = '''a''", "a string does not end" },
	{ "s = \"\\q\"", "unknown escape" },
	{ "s = \"\\u12\"", "wants 4 hexadecimal digits" },
	{ "s = \"\\ud800\"", "is no character" },
	{ "s = \"\\u0000\"", "is no character" },
	{ "s = \"\x01\"", "a control character" },
	{ "# \x01", "a control character" },
	{ "s = \"\\ \"", "unknown escape" },
	{ "s = \"\xff\"", "not valid UTF-8" },
	{ "i = 012", "is no value" },
	{ "i = 1__0", "is no value" },
	{ "i = _1", "is no value" },
	{ "i = 1_", "is no value" },
	{ "i = 0x", "is no value" },
	{ "i = +0x1", "is no value" },
	{ "i = 9223372036854775808", "too large" },
	{ "f = .5", "is no value" },
	{ "f = 5.", "is no value" },
	{ "f = 1.e2", "is no value" },
	{ "b = True", "is no value" },
	{ "a = [1 2]", "\",\" or \"]\"" },
	{ "a = [1,", "a value is missing" },
	{ "a = { b = 1, }", "cannot end in a comma" },
	{ "a = { b = 1\n}", "\",\" or \"}\"" },
	{ "a = 1\r", "something follows" },
	{ "\"\"\"a\"\"\" = 1", "\"=\" is expected" },
};

static void what_is_toml_is_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct err e = { 0 };
		char out[1000] = "";
		struct toml *t = toml_parse(good[i].text, strlen(good[i].text), &e);

		if (!t)
			fail_msg("%s: %s", good[i].text, e.msg);
		dump(toml_root(t), out, sizeof(out));
		assert_string_equal(out, good[i].tree);
		toml_free(t);
	}
}

static void what_is_not_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = { 0 };
		struct toml *t = toml_parse(bad[i].text, strlen(bad[i].text), &e);

		if (t)
			fail_msg("taken: %s", bad[i].text);
		if (!strstr(e.msg, bad[i].error))
			fail_msg("%s: %s, not %s", bad[i].text, e.msg, bad[i].error);
		assert_true(str_starts(e.msg, "line "));
	}
}

static void what_is_found_is_there(void **state)
{
	static const char text[] = "a.b.c = 'x'\nn = 1";
	struct toml *t = toml_parse(text, strlen(text), NULL);
	const struct toml_node *root = toml_root(t);

	(void)state;
	assert_string_equal(toml_at(root, "a", "b", "c")->text, "x");
	assert_null(toml_at(root, "a", "n", "c"));
	assert_null(toml_get(toml_get(root, "n"), "x"));
	assert_string_equal(toml_string(toml_at(root, "a", "b"), "c"), "x");
	assert_null(toml_string(root, "n"));
	assert_int_equal(toml_get(root, "n")->line, 2);
	toml_free(t);
}

static void what_is_quoted_is_read_as_it_was(void **state)
{
	static const char *const texts[] = { "", "a\"b\\c", "\x01\n\t\x7f", "\xc3\xa9 '" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		autofree char *quoted = toml_quote(texts[i]), *line = xasprintf("a = %s", quoted);
		struct toml *t = toml_parse(line, strlen(line), NULL);

		assert_non_null(t);
		assert_string_equal(toml_string(toml_root(t), "a"), texts[i]);
		toml_free(t);
	}
}

/* Bounds: nothing that fits into the size takes long or deep. */
static void bounds_hold(void **state)
{
	enum { SIZE = TOML_TEXT_MAX };
	autofree char *text = xcalloc(SIZE + 2, 1);
	static const char *const units[] = { "[", "a=[[", "{a=", "a.", "[a.", "\"\"\n", "[[a]]\n", "a={},", "\"x", "a=\"\"\"\\\n" };
	struct err e = { 0 };

	(void)state;
	memset(text, ' ', SIZE + 1);
	assert_null(toml_parse(text, SIZE + 1, &e));
	assert_non_null(strstr(e.msg, "longer than"));
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		size_t n = strlen(units[i]);
		clock_t begin = clock();
		struct toml *t;

		for (size_t at = 0; at + n <= SIZE; at += n)
			memcpy(text + at, units[i], n);
		t = toml_parse(text, SIZE, &e);
		toml_free(t);
		assert_true(clock() - begin < 5 * CLOCKS_PER_SEC);
	}
	assert_null(toml_parse("a\0=1", 4, &e));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_toml_is_read),	      cmocka_unit_test(what_is_not_is_named_with_its_line),
		cmocka_unit_test(what_is_found_is_there),     cmocka_unit_test(what_is_quoted_is_read_as_it_was),
		cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
