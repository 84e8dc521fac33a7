// SPDX-License-Identifier: Apache-2.0
/* test-cgroup-device.c - device rules as a list of exceptions (v1) and as a BPF program (v2), which
 * is run here */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/device.h"

/* --- a machine for the dozen instructions that are used ----------------------------------- */

static uint64_t alu(uint8_t op, uint64_t dst, uint64_t src)
{
	switch (op) {
	case BPF_MOV:
		return src;
	case BPF_AND:
		return dst & src;
	case BPF_RSH:
		return dst >> src;
	default:
		fail_msg("unknown ALU operation %#x", op);
		return 0;
	}
}

static int run(const struct bpf_insn *v, size_t n, uint32_t type, uint32_t access, uint32_t major,
	       uint32_t minor)
{
	const uint32_t ctx[] = { access << 16 | type, major, minor };
	uint64_t reg[11] = { 0 };
	bool ctx_lost = false;

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &v[pc];
		uint64_t src =
			BPF_SRC(i->code) == BPF_X ? reg[i->src_reg] : (uint64_t)(int64_t)i->imm;

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			assert_int_equal(i->src_reg, 1);
			assert_false(ctx_lost);
			reg[i->dst_reg] = ctx[i->off / 4];
			break;
		case BPF_ALU64:
			ctx_lost |= i->dst_reg == 1;
			reg[i->dst_reg] = alu(BPF_OP(i->code), reg[i->dst_reg], src);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_EXIT)
				return (int)reg[0];
			assert_true(i->off >= 0 && pc + 1 + (size_t)i->off < n);
			if ((BPF_OP(i->code) == BPF_JNE) == (reg[i->dst_reg] != src))
				pc += (size_t)i->off;
			break;
		default:
			fail_msg("unknown instruction %#x", i->code);
		}
	}
	fail_msg("fell off the end");
	return -1;
}

/* --- rules in words ----------------------------------------------------------------------- */

#define RULES_MAX 16

struct list {
	struct oci_resources res;
	struct oci_device_rule v[RULES_MAX];
	char text[RULES_MAX][2][8];
};

/* "+c 1:3 rw" allows, "-a *:* rwm" denies. */
static void rule(struct list *l, const char *s)
{
	size_t i = l->res.n_devices++;
	struct oci_device_rule *r = &l->v[i];
	char major[16], minor[16];

	assert_int_equal(
		sscanf(s + 1, "%7s %15[^:]:%15s %7s", l->text[i][0], major, minor, l->text[i][1]),
		4);
	*r = (struct oci_device_rule){ .allow = *s == '+',
				       .type = l->text[i][0],
				       .access = l->text[i][1] };
	if (!str_eq(major, "*"))
		r->major = (struct oci_opt_i64){ true, atoll(major) };
	if (!str_eq(minor, "*"))
		r->minor = (struct oci_opt_i64){ true, atoll(minor) };
	l->res.devices = l->v;
}

static struct cg_devrules rules(const char *const *words)
{
	static struct list l;
	struct cg_devrules out;
	struct err e = { 0 };

	l = (struct list){ 0 };
	for (; *words; words++)
		rule(&l, *words);
	if (cg_devrules_read(&l.res, &out, &e) < 0)
		fail_msg("%s", e.msg);
	return out;
}

#define RULES(...) rules((const char *const[]){ __VA_ARGS__, NULL })

static unsigned int bits(const char *access)
{
	return (strchr(access, 'r') ? CG_DEV_READ : 0u) |
	       (strchr(access, 'w') ? CG_DEV_WRITE : 0u) |
	       (strchr(access, 'm') ? CG_DEV_MKNOD : 0u);
}

static bool allows(const struct cg_devrules *r, char type, uint32_t major, uint32_t minor,
		   const char *access)
{
	size_t n;
	autofree struct bpf_insn *insns = cg_devbpf_build(r, &n);

	return run(insns, n, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, bits(access),
		   major, minor);
}

/* --- v2 ----------------------------------------------------------------------------------- */

static void the_engines_list_denies_all_but_the_defaults(void **state)
{
	struct cg_devrules r = RULES("-a *:* rwm");

	(void)state;
	assert_true(allows(&r, 'c', 1, 3, "rw"));
	assert_true(allows(&r, 'c', 136, 77, "rw"));
	assert_true(allows(&r, 'c', 5, 2, "rw"));
	assert_true(allows(&r, 'c', 10, 200, "rw"));
	assert_true(allows(&r, 'b', 8, 0, "m"));
	assert_false(allows(&r, 'b', 8, 0, "r"));
	assert_false(allows(&r, 'b', 8, 0, "rm"));
	assert_false(allows(&r, 'c', 10, 229, "rw"));
	assert_false(allows(&r, 'b', 1, 3, "rw"));
	cg_devrules_free(&r);
}

static void no_list_is_the_same(void **state)
{
	struct cg_devrules r;

	(void)state;
	assert_int_equal(cg_devrules_read(NULL, &r, NULL), 0);
	assert_true(allows(&r, 'c', 1, 9, "r"));
	assert_false(allows(&r, 'b', 8, 0, "r"));
	cg_devrules_free(&r);
}

static void the_last_matching_rule_decides(void **state)
{
	struct cg_devrules r = RULES("-a *:* rwm", "+b 8:* rwm", "-b 8:1 w", "+c 10:229 rw");

	(void)state;
	assert_true(allows(&r, 'b', 8, 0, "rw"));
	assert_true(allows(&r, 'b', 8, 1, "r"));
	assert_false(allows(&r, 'b', 8, 1, "w"));
	assert_false(allows(&r, 'b', 8, 1, "rw"));
	assert_true(allows(&r, 'c', 10, 229, "rw"));
	assert_true(allows(&r, 'c', 10, 229, "m")); /* mknod of anything is a default */
	cg_devrules_free(&r);
}

static void accesses_granted_by_two_rules_add_up(void **state)
{
	struct cg_devrules r = RULES("-a *:* rwm", "+b 8:0 r", "+b 8:0 w");

	(void)state;
	assert_true(allows(&r, 'b', 8, 0, "rw"));
	assert_true(allows(&r, 'b', 8, 0, "rwm"));
	assert_false(allows(&r, 'b', 8, 1, "r"));
	cg_devrules_free(&r);
}

static void everything_but_works(void **state)
{
	struct cg_devrules r = RULES("+a *:* rwm", "-b 8:0 rw", "-c *:7 r");

	(void)state;
	assert_true(allows(&r, 'b', 8, 1, "rw"));
	assert_false(allows(&r, 'b', 8, 0, "r"));
	assert_false(allows(&r, 'c', 99, 7, "r"));
	assert_true(allows(&r, 'c', 99, 7, "w"));
	assert_true(allows(&r, 'c', 1, 7, "r")); /* a default cannot be denied */
	cg_devrules_free(&r);
}

static void type_a_with_numbers_means_both_kinds(void **state)
{
	struct cg_devrules r = RULES("-a *:* rwm", "+a 9:9 r");

	(void)state;
	assert_true(allows(&r, 'b', 9, 9, "r"));
	assert_true(allows(&r, 'c', 9, 9, "r"));
	assert_false(allows(&r, 'c', 9, 8, "r"));
	cg_devrules_free(&r);
}

static void numbers_that_no_device_has_match_nothing(void **state)
{
	struct cg_devrules r = RULES("-a *:* rwm", "+c 4294967295:4294967295 rwm", "+c -1:-1 r");

	(void)state;
	assert_true(allows(&r, 'c', 77, 77, "r")); /* Docker's -1 is any */
	assert_false(allows(&r, 'c', 77, 77, "w"));
	assert_false(allows(&r, 'c', UINT32_MAX, UINT32_MAX, "w"));
	cg_devrules_free(&r);
}

/* What the v1 form says of one access, as the kernel decides it. */
static bool set_allows(const struct cg_devset *s, char type, int64_t major, int64_t minor,
		       unsigned int access)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct cg_devrule *x = &s->v[i];

		if (x->type != type || (x->major != CG_DEV_ANY && x->major != major) ||
		    (x->minor != CG_DEV_ANY && x->minor != minor))
			continue;
		if (s->allow && (x->access & access))
			return false;
		if (!s->allow && !(access & ~x->access))
			return true;
	}
	return s->allow;
}

/* Random lists: wherever v1 can express the rules, both forms agree on every single access. */
static void both_forms_agree(void **state)
{
	static const char types[] = "abc";
	struct cg_devrule v[6];
	size_t compared = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 4000; round++) {
		struct cg_devrules r = { v, (size_t)(rand() % 6) + 1 };
		struct cg_devset set;
		size_t n;
		struct bpf_insn *insns;

		for (size_t i = 0; i < r.n; i++)
			v[i] = (struct cg_devrule){ rand() % 2, types[rand() % 3], rand() % 3 - 1,
						    rand() % 3 - 1, (unsigned int)rand() % 8 };
		if (cg_devset_make(&r, &set, NULL) < 0)
			continue;
		compared++;
		insns = cg_devbpf_build(&r, &n);
		for (uint32_t i = 0; i < 2 * 3 * 3 * 3; i++) {
			char type = i % 2 ? 'c' : 'b';
			uint32_t major = i / 2 % 3, minor = i / 6 % 3, access = 1u << (i / 18 % 3);
			bool want = set_allows(&set, type, major, minor, access);
			bool got = run(insns, n,
				       type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
				       access, major, minor);

			if (want != got)
				fail_msg("round %d: %c %u:%u %u: v1 %d, v2 %d", round, type, major,
					 minor, access, want, got);
		}
		free(insns);
		cg_devset_free(&set);
	}
	assert_true(compared > 1000);
}

/* --- v1 ----------------------------------------------------------------------------------- */

static void expect_set(struct cg_devrules r, bool allow, const char *want)
{
	struct cg_devset s;
	struct err e = { 0 };
	char got[1024] = "";

	if (cg_devset_make(&r, &s, &e) < 0) {
		assert_null(want);
		assert_non_null(strstr(e.msg, "which cgroup v1 cannot express"));
		cg_devrules_free(&r);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		char buf[CG_DEVRULE_TEXT];

		strcat(strcat(got, cg_devrule_text(&s.v[i], buf)), "\n");
	}
	assert_non_null(want);
	assert_int_equal(s.allow, allow);
	if (!strstr(got, want))
		fail_msg("\"%s\" not in \"%s\"", want, got);
	cg_devset_free(&s);
	cg_devrules_free(&r);
}

static void v1_gets_a_default_and_exceptions(void **state)
{
	(void)state;
	expect_set(RULES("-a *:* rwm", "+b 8:0 r", "+b 8:0 w"), false, "b 8:0 rw\n");
	expect_set(RULES("+a *:* rwm"), true, "");
	expect_set(RULES("+a *:* rwm", "-b 8:0 rwm"), true,
		   "b 8:0 rw\n"); /* mknod comes back as a default */
	expect_set(RULES("-a *:* rwm", "+b 8:0 rw", "-b 8:* w"), false, "b 8:0 r\n");
	expect_set(RULES("-a *:* rwm", "+b 8:* rw", "+a *:* rwm"), true, "");
}

static void v1_holes_are_refused_not_ignored(void **state)
{
	(void)state;
	expect_set(RULES("-a *:* rwm", "+b 8:* rw", "-b 8:1 w"), false, NULL);
	expect_set(RULES("-a *:* rwm", "+b *:1 rw", "-b 8:* w"), false, NULL);
	expect_set(RULES("+a *:* rwm", "-c 1:* r"), true, NULL); /* would take /dev/null away */
}

static void devices_list_is_read(void **state)
{
	struct cg_devset s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cg_devset_parse("a *:* rwm\n", &s, &e), 0);
	assert_true(s.allow);
	cg_devset_free(&s);
	assert_int_equal(cg_devset_parse("c 1:3 rwm\nb *:* m\nc 136:* rw\n", &s, &e), 0);
	assert_false(s.allow);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.v[2].minor, CG_DEV_ANY);
	assert_int_equal(s.v[2].access, CG_DEV_READ | CG_DEV_WRITE);
	cg_devset_free(&s);
	assert_int_equal(cg_devset_parse("", &s, &e), 0);
	assert_false(s.allow);
	assert_int_equal(cg_devset_parse("c 1 rwm\n", &s, &e), -1);
	assert_int_equal(cg_devset_parse("z 1:3 rwm\n", &s, &e), -1);
	assert_int_equal(cg_devset_parse("c 1:3 rwx\n", &s, &e), -1);
}

static void bad_rules_are_named(void **state)
{
	struct oci_device_rule v[2] = { { .allow = false }, { .allow = true } };
	struct oci_resources r = { .devices = v, .n_devices = 2 };
	char type[] = "u", access[] = "rx";
	struct cg_devrules out;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(cg_devrules_read(&r, &out, &e), -1);
	assert_non_null(strstr(e.msg, "linux.resources.devices[1].access: empty"));
	v[1].access = access;
	assert_int_equal(cg_devrules_read(&r, &out, &e), -1);
	assert_non_null(strstr(e.msg, "other letters than r, w, m"));
	v[0].type = type;
	assert_int_equal(cg_devrules_read(&r, &out, &e), -1);
	assert_non_null(strstr(e.msg, "linux.resources.devices[0].type: \"u\""));
	v[0].type = NULL;
	access[1] = 'w';
	v[1].major = (struct oci_opt_i64){ true, 1LL << 33 };
	assert_int_equal(cg_devrules_read(&r, &out, &e), -1);
	assert_non_null(strstr(e.msg, "a device number above"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engines_list_denies_all_but_the_defaults),
		cmocka_unit_test(no_list_is_the_same),
		cmocka_unit_test(the_last_matching_rule_decides),
		cmocka_unit_test(accesses_granted_by_two_rules_add_up),
		cmocka_unit_test(everything_but_works),
		cmocka_unit_test(type_a_with_numbers_means_both_kinds),
		cmocka_unit_test(numbers_that_no_device_has_match_nothing),
		cmocka_unit_test(both_forms_agree),
		cmocka_unit_test(v1_gets_a_default_and_exceptions),
		cmocka_unit_test(v1_holes_are_refused_not_ignored),
		cmocka_unit_test(devices_list_is_read),
		cmocka_unit_test(bad_rules_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
