// SPDX-License-Identifier: Apache-2.0
/* test-profile.c - linux.seccomp: what a loaded profile does, and that the cache never gives the wrong one */
#include "child.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "confine/confine.h"
#include "confine/profile_internal.h"

#define ARG(i, o, a, b) { .index = (i), .op = (char *)(o), .value = (a), .value_two = (b) }
#define CALL(act, ...) { .names = STRINGS(__VA_ARGS__), .action = (char *)(act) }

static void load(struct report *r, const struct oci_seccomp *s)
{
	struct confine_profile *p;
	int listener;

	expect(r, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	expect(r, confine_profile_prepare(s, NULL, &p, &r->err) == 0);
	expect(r, confine_profile_apply(p, &listener, &r->err) == 0);
	expect(r, listener == -1);
}

static long mkdir_errno(unsigned long mode)
{
	return syscall(SYS_mkdir, NULL, mode) == 0 ? 0 : errno;
}

/* --- actions --- */

struct case_action {
	const char *action;
	struct oci_opt_u32 errno_ret;
};

static void do_action(struct report *r, const void *arg)
{
	const struct case_action *c = arg;
	struct oci_seccomp_syscall calls[] = { CALL(c->action, "mkdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1 };

	calls[0].errno_ret = c->errno_ret;
	load(r, &s);
	r->value[0] = mkdir_errno(0);
	r->value[1] = syscall(SYS_getppid) > 0;
}

static void errno_action_gives_its_errno_and_eperm_by_default(void **state)
{
	(void)state;
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_ERRNO", { 0 } })->value[0], EPERM);
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_ERRNO", { true, 71 } })->value[0], 71);
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_ERRNO", { true, 0 } })->value[0], 0);
	/* nobody traces: ENOSYS by the kernel */
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_TRACE", { true, 5 } })->value[0], ENOSYS);
	/* goes through to the kernel: a null path is EFAULT */
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_LOG", { 0 } })->value[0], EFAULT);
	assert_int_equal(child_ok(do_action, &(struct case_action){ "SCMP_ACT_ALLOW", { 0 } })->value[0], EFAULT);
}

static void kill_and_trap_actions_end_with_sigsys(void **state)
{
	static const char *const actions[] = { "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_KILL_PROCESS",
					       "SCMP_ACT_TRAP" };
	struct report *r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		int status = child_run(do_action, &(struct case_action){ actions[i], { 0 } }, &r);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

/* --- operators --- */

struct case_args {
	struct oci_seccomp_arg args[3];
	size_t n;
	unsigned long value;
	long want;
};

static void do_args(struct report *r, const void *arg)
{
	const struct case_args *c = arg;
	struct oci_seccomp_syscall calls[] = { CALL("SCMP_ACT_ERRNO", "mkdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1 };

	calls[0].errno_ret = (struct oci_opt_u32){ true, 77 };
	calls[0].args = (struct oci_seccomp_arg *)(uintptr_t)c->args;
	calls[0].n_args = c->n;
	load(r, &s);
	r->value[0] = mkdir_errno(c->value);
}

static void operators_compare_as_their_names_say(void **state)
{
	static const struct case_args cases[] = {
		{ { ARG(1, "SCMP_CMP_EQ", 7, 0) }, 1, 7, 77 },
		{ { ARG(1, "SCMP_CMP_EQ", 7, 0) }, 1, 8, EFAULT },
		{ { ARG(1, "SCMP_CMP_EQ", 0x700000007, 0) }, 1, 7, EFAULT }, /* all 64 bits */
		{ { ARG(1, "SCMP_CMP_EQ", 0x700000007, 0) }, 1, 0x700000007, 77 },
		{ { ARG(1, "SCMP_CMP_NE", 7, 0) }, 1, 8, 77 },
		{ { ARG(1, "SCMP_CMP_NE", 7, 0) }, 1, 7, EFAULT },
		{ { ARG(1, "SCMP_CMP_LT", 7, 0) }, 1, 6, 77 },
		{ { ARG(1, "SCMP_CMP_LT", 7, 0) }, 1, 7, EFAULT },
		{ { ARG(1, "SCMP_CMP_LE", 7, 0) }, 1, 7, 77 },
		{ { ARG(1, "SCMP_CMP_LE", 7, 0) }, 1, 8, EFAULT },
		{ { ARG(1, "SCMP_CMP_GE", 7, 0) }, 1, 7, 77 },
		{ { ARG(1, "SCMP_CMP_GE", 7, 0) }, 1, 6, EFAULT },
		{ { ARG(1, "SCMP_CMP_GT", 7, 0) }, 1, 8, 77 },
		{ { ARG(1, "SCMP_CMP_GT", 7, 0) }, 1, 7, EFAULT },
		{ { ARG(1, "SCMP_CMP_MASKED_EQ", 0xf0, 0x50) }, 1, 0x157, 77 },
		{ { ARG(1, "SCMP_CMP_MASKED_EQ", 0xf0, 0x50) }, 1, 0x167, EFAULT },
		/* on different arguments: and */
		{ { ARG(0, "SCMP_CMP_EQ", 0, 0), ARG(1, "SCMP_CMP_EQ", 7, 0) }, 2, 7, 77 },
		{ { ARG(0, "SCMP_CMP_EQ", 1, 0), ARG(1, "SCMP_CMP_EQ", 7, 0) }, 2, 7, EFAULT },
		/* on the same argument: or, as the peers read it */
		{ { ARG(1, "SCMP_CMP_EQ", 7, 0), ARG(1, "SCMP_CMP_EQ", 9, 0) }, 2, 9, 77 },
		{ { ARG(1, "SCMP_CMP_EQ", 7, 0), ARG(1, "SCMP_CMP_EQ", 9, 0) }, 2, 7, 77 },
		{ { ARG(1, "SCMP_CMP_EQ", 7, 0), ARG(1, "SCMP_CMP_EQ", 9, 0) }, 2, 8, EFAULT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		long got = child_ok(do_args, &cases[i])->value[0];

		if (got != cases[i].want)
			fail_msg("case %zu: errno %ld instead of %ld", i, got, cases[i].want);
	}
}

/* --- the ENOSYS stub --- */

static const char *const basics[] = { "exit_group", "exit", "write", "rt_sigreturn", "mkdir", "getppid" };

static void strict_profile(struct oci_seccomp *s, struct oci_seccomp_syscall *call, const char *action)
{
	*call = (struct oci_seccomp_syscall){ .action = (char *)"SCMP_ACT_ALLOW",
					      .names = { (char **)(uintptr_t)basics, ARRAY_SIZE(basics) } };
	*s = (struct oci_seccomp){ .set = true, .default_action = (char *)(uintptr_t)action, .syscalls = call, .n_syscalls = 1 };
}

static void do_newer(struct report *r, const void *arg)
{
	struct oci_seccomp_syscall call;
	struct oci_seccomp s;

	strict_profile(&s, &call, "SCMP_ACT_ERRNO");
	if (arg)
		s.default_errno_ret = *(const struct oci_opt_u32 *)arg;
	load(r, &s);
	errno = 0;
	syscall(SYS_getuid); /* below exit_group, the highest one named */
	r->value[0] = errno;
	errno = 0;
	syscall(SYS_openat); /* above it */
	r->value[1] = errno;
	errno = 0;
	syscall(499);
	r->value[2] = errno;
	errno = 0;
	r->value[3] = syscall(SYS_getppid) > 0;
}

static void calls_newer_than_a_denying_profile_are_enosys(void **state)
{
	struct oci_opt_u32 other = { true, EACCES }, same = { true, ENOSYS };
	struct report *r;

	(void)state;
	r = child_ok(do_newer, NULL);
	assert_int_equal(r->value[0], EPERM);
	assert_int_equal(r->value[1], ENOSYS);
	assert_int_equal(r->value[2], ENOSYS);
	assert_int_equal(r->value[3], 1);
	r = child_ok(do_newer, &other);
	assert_int_equal(r->value[0], EACCES);
	assert_int_equal(r->value[1], ENOSYS);
	r = child_ok(do_newer, &same);
	assert_int_equal(r->value[0], ENOSYS);
}

#ifdef __x86_64__
static long int80(long nr)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(0L), "c"(0L), "d"(0L) : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static void do_other_abis(struct report *r, const void *arg)
{
	struct oci_seccomp_syscall call;
	struct oci_seccomp s;

	strict_profile(&s, &call, "SCMP_ACT_ERRNO");
	s.architectures = (struct oci_strings)STRINGS((char *)"SCMP_ARCH_X86", (char *)"SCMP_ARCH_X32", (char *)"SCMP_ARCH_ARM",
						      (char *)"SCMP_ARCH_MIPS", (char *)"SCMP_ARCH_LOONGARCH64");
	load(r, &s);
	(void)arg;
	r->value[0] = int80(64);  /* i386 getppid: allowed */
	r->value[1] = int80(24);  /* getuid: below, denied */
	r->value[2] = int80(435); /* clone3: above exit_group (252) */
	r->value[3] = syscall(0x40000000 | SYS_getuid) < 0 ? errno : 0;
	r->value[4] = syscall(0x40000000 | 600) < 0 ? errno : 0; /* above rt_sigreturn, 513 there */
}

static void every_listed_abi_has_its_own_limit(void **state)
{
	struct report *r = child_ok(do_other_abis, NULL);

	(void)state;
	assert_true(r->value[0] > 0 || r->value[0] == -ENOSYS); /* a kernel without IA32 emulation */
	assert_int_equal(r->value[1], -EPERM);
	assert_int_equal(r->value[2], -ENOSYS);
	assert_int_equal(r->value[3], EPERM);
	assert_int_equal(r->value[4], ENOSYS);
}

static void do_unlisted_abi(struct report *r, const void *arg)
{
	struct oci_seccomp_syscall call;
	struct oci_seccomp s;

	strict_profile(&s, &call, "SCMP_ACT_ERRNO");
	load(r, &s);
	if (arg)
		syscall(0x40000000 | 435);
	else
		int80(435);
}

static void calls_of_an_abi_that_is_not_listed_are_killed(void **state)
{
	struct report *r;
	int status;

	(void)state;
	status = child_run(do_unlisted_abi, NULL, &r);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	status = child_run(do_unlisted_abi, "x32", &r);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}
#endif

/* --- errors --- */

static void must_fail(struct oci_seccomp *s, const char *text)
{
	struct confine_profile *p = NULL;
	struct err e = { 0 };

	assert_int_equal(confine_profile_prepare(s, NULL, &p, &e), -1);
	assert_null(p);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" does not contain \"%s\"", e.msg, text);
	/* podman would report a missing command */
	assert_null(strcasestr(e.msg, "no such file"));
	assert_null(strcasestr(e.msg, "not found"));
}

static void errors_name_the_place_in_the_document(void **state)
{
	struct oci_seccomp_arg arg = ARG(6, "SCMP_CMP_EQ", 0, 0);
	struct oci_seccomp_syscall calls[] = { CALL("SCMP_ACT_ALLOW", "read"), CALL("SCMP_ACT_ALLOW", "mkdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ERRNO", .syscalls = calls, .n_syscalls = 2 };
	struct oci_seccomp t;

	(void)state;
	t = s;
	t.default_action = (char *)"SCMP_ACT_SHRUG";
	must_fail(&t, "linux.seccomp.defaultAction: unknown action \"SCMP_ACT_SHRUG\"");
	t = s;
	t.default_action = (char *)"SCMP_ACT_KILL";
	t.default_errno_ret = (struct oci_opt_u32){ true, 1 };
	must_fail(&t, "SCMP_ACT_KILL has none");
	t = s;
	t.architectures = (struct oci_strings)STRINGS((char *)"SCMP_ARCH_X86", (char *)"SCMP_ARCH_PDP11");
	must_fail(&t, "linux.seccomp.architectures[1]: unknown architecture \"SCMP_ARCH_PDP11\"");
	t = s;
	t.flags = (struct oci_strings)STRINGS((char *)"SECCOMP_FILTER_FLAG_NEW_LISTENER");
	must_fail(&t, "linux.seccomp.flags[0]: unknown flag");
	t = s;
	t.listener_metadata = (char *)"x";
	must_fail(&t, "listenerMetadata");
	t.default_action = (char *)"SCMP_ACT_NOTIFY";
	must_fail(&t, "cannot be the default");

	calls[1].args = &arg;
	calls[1].n_args = 1;
	must_fail(&s, "linux.seccomp.syscalls[1].args[0].index: 6");
	arg.index = 0;
	arg.op = (char *)"SCMP_CMP_ISH";
	must_fail(&s, "linux.seccomp.syscalls[1].args[0].op: unknown operator \"SCMP_CMP_ISH\"");
	calls[1].n_args = 0;
	calls[1].errno_ret = (struct oci_opt_u32){ true, 1 };
	must_fail(&s, "linux.seccomp.syscalls[1].action: an errno is given");
	calls[1].action = (char *)"SCMP_ACT_ERRNO";
	calls[1].errno_ret.v = 65536;
	must_fail(&s, "above 65535");
	calls[1] = (struct oci_seccomp_syscall)CALL("SCMP_ACT_NOTIFY", "mkdir", "write");
	must_fail(&s, "linux.seccomp.syscalls[1].names[1]: SCMP_ACT_NOTIFY cannot be used for the write syscall");
	calls[1].names.n = 1;
	must_fail(&s, "listenerPath is missing");
}

static void a_rule_equal_to_the_default_and_an_unknown_call_are_passed_over(void **state)
{
	struct oci_seccomp_syscall calls[] = { CALL("SCMP_ACT_ALLOW", "mkdir"),
					       CALL("SCMP_ACT_ERRNO", "call_of_the_year_2040", "rmdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 2 };
	struct confine_profile *p = NULL;
	struct err e;

	(void)state;
	assert_int_equal(confine_profile_prepare(&s, NULL, &p, &e), 0);
	assert_non_null(p);
	confine_profile_free(p);
	/* not there, or an empty object */
	s = (struct oci_seccomp){ .set = false };
	assert_int_equal(confine_profile_prepare(&s, NULL, &p, &e), 0);
	assert_null(p);
	s.set = true;
	assert_int_equal(confine_profile_prepare(&s, NULL, &p, &e), 0);
	assert_null(p);
}

static void a_profile_too_large_for_the_kernel_says_so(void **state)
{
	enum { N = 1500 };
	autofree struct oci_seccomp_syscall *calls = xcalloc(N, sizeof(*calls));
	autofree struct oci_seccomp_arg *args = xcalloc(N, sizeof(*args));
	static char *name[] = { (char *)"mkdir", NULL };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ERRNO", .syscalls = calls, .n_syscalls = N };

	(void)state;
	for (size_t i = 0; i < N; i++) {
		args[i] = (struct oci_seccomp_arg)ARG(1, "SCMP_CMP_EQ", (i * 7919) << 20, 0);
		calls[i] = (struct oci_seccomp_syscall){ .names = { name, 1 }, .action = (char *)"SCMP_ACT_ALLOW",
							 .args = &args[i], .n_args = 1 };
	}
	must_fail(&s, "the kernel takes 4096");
}

/* --- flags and features --- */

static void do_flags(struct report *r, const void *arg)
{
	struct oci_seccomp_syscall calls[] = { CALL("SCMP_ACT_ERRNO", "mkdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1 };

	(void)arg;
	s.flags = (struct oci_strings)STRINGS((char *)"SECCOMP_FILTER_FLAG_TSYNC", (char *)"SECCOMP_FILTER_FLAG_LOG",
					      (char *)"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
					      (char *)"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	load(r, &s);
	r->value[0] = mkdir_errno(0);
	s.flags = (struct oci_strings){ .v = (char *[]){ NULL }, .n = 0 };
	load(r, &s);
}

static void all_flags_can_be_asked_for_together(void **state)
{
	(void)state;
	assert_int_equal(child_ok(do_flags, NULL)->value[0], EPERM);
}

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static void features_lists_are_what_the_reader_takes(void **state)
{
	uint32_t action, arch;
	enum scmp_compare op;
	unsigned int flag;
	struct err e;

	(void)state;
	for (const char *const *l = confine_profile_actions(); *l; l++)
		assert_int_equal(profile_action(*l, &(struct oci_opt_u32){ 0 }, "", &action, &e), 0);
	for (const char *const *l = confine_profile_operators(); *l; l++)
		assert_int_equal(profile_operator(*l, &op), 0);
	for (const char *const *l = confine_profile_archs(); *l; l++) {
		assert_int_equal(profile_arch(*l, &arch), 0);
		assert_int_not_equal(arch, 0);
	}
	for (const char *const *l = confine_profile_flags_supported(); *l; l++)
		assert_true(listed(confine_profile_flags_known(), *l));
	for (const char *const *l = confine_profile_flags_known(); *l; l++)
		assert_int_equal(profile_flag(*l, &flag), 0);
	assert_true(listed(confine_profile_archs(), "SCMP_ARCH_X86_64"));
	assert_true(listed(confine_profile_flags_supported(), "SECCOMP_FILTER_FLAG_LOG"));
}

/* --- notify --- */

static void do_notify(struct report *r, const void *arg)
{
	struct oci_seccomp_syscall calls[] = { CALL("SCMP_ACT_NOTIFY", "mkdir") };
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .syscalls = calls, .n_syscalls = 1,
				 .listener_path = (char *)(uintptr_t)arg, .listener_metadata = (char *)"a \"b\"\n\\" };
	struct seccomp_notif req = { 0 };
	struct seccomp_notif_resp resp = { 0 };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct confine_profile *p;
	int listener, got, srv, conn;
	char doc[8192] = "", part[4096];
	autofree char *state = xasprintf("{\"id\":\"%0*d\"}", 3000, 0);
	ssize_t n;
	pid_t pid;

	s.flags = (struct oci_strings)STRINGS((char *)"SECCOMP_FILTER_FLAG_TSYNC",
					      (char *)"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	expect(r, confine_profile_has_notify(&s));
	expect(r, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	expect(r, confine_profile_prepare(&s, NULL, &p, &r->err) == 0);
	/* nobody there yet */
	expect(r, confine_profile_send_listener(&s, 0, 1, "{}", &r->err) == -1);
	expect(r, strstr(r->err.msg, "failed to connect with seccomp agent") && !strcasestr(r->err.msg, "no such file"));
	srv = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	memcpy(sa.sun_path, s.listener_path, strlen(s.listener_path));
	expect(r, bind(srv, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(srv, 1) == 0);
	expect(r, confine_profile_apply(p, &listener, &r->err) == 0);
	expect(r, listener >= 0 && fcntl(listener, F_GETFD) == FD_CLOEXEC);

	expect(r, confine_profile_send_listener(&s, listener, 4242, state, &r->err) == 0);
	close(listener);
	conn = accept(srv, NULL, NULL);
	expect(r, (n = fd_recv(conn, part, sizeof(part) - 1, &got, &r->err)) > 0);
	expect(r, got >= 0);
	memcpy(doc, part, (size_t)n);
	expect(r, fd_read_all(conn, doc + n, sizeof(doc) - 1 - (size_t)n) > 0);
	snprintf(r->text[0], sizeof(r->text[0]), "%.*s", 200, doc);
	expect(r, str_starts(doc, "{\"ociVersion\":\"1.") && strstr(doc, "\"fds\":[\"seccompFd\"]"));
	expect(r, strstr(doc, "\"pid\":4242") && strstr(doc, "\"metadata\":\"a \\\"b\\\"\\n\\\\\""));
	expect(r, strstr(doc, ",\"state\":{\"id\":\"000") && str_eq(doc + strlen(doc) - 3, "\"}}"));

	/* and it works */
	pid = fork();
	if (pid == 0)
		_exit((int)mkdir_errno(0));
	expect(r, ioctl(got, SECCOMP_IOCTL_NOTIF_RECV, &req) == 0);
	resp.id = req.id;
	resp.error = -ENOTUNIQ;
	expect(r, ioctl(got, SECCOMP_IOCTL_NOTIF_SEND, &resp) == 0);
	waitpid(pid, &got, 0);
	r->value[0] = WEXITSTATUS(got);
	unlink(s.listener_path);
}

static void the_listener_reaches_the_agent_with_the_state_document(void **state)
{
	char dir[] = "/tmp/sandrun-test-XXXXXX";
	autofree char *path = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/agent", dir);
	assert_int_equal(child_ok(do_notify, path)->value[0], ENOTUNIQ);
	rmdir(dir);
}

/* --- cache --- */

struct fixture {
	char dir[64];
	struct oci_seccomp_syscall calls[1];
	struct oci_seccomp s;
	struct profile_key key;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char tmp[] = "/tmp/sandrun-test-XXXXXX";

	if (!mkdtemp(tmp))
		return -1;
	snprintf(f->dir, sizeof(f->dir), "%s/cache", tmp);
	strict_profile(&f->s, &f->calls[0], "SCMP_ACT_ERRNO");
	profile_key_make(&f->s, &f->key);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	autofree char *cmd = xasprintf("rm -rf '%.*s'", (int)(strrchr(f->dir, '/') - f->dir), f->dir);

	free(f->key.bytes);
	if (system(cmd) != 0)
		return -1;
	free(f);
	return 0;
}

static void fill(struct fixture *f)
{
	struct confine_profile *p;
	struct err e;

	assert_int_equal(confine_profile_prepare(&f->s, f->dir, &p, &e), 0);
	confine_profile_free(p);
}

static size_t count(const char *dir, char name[300])
{
	DIR *d = opendir(dir);
	struct dirent *de;
	size_t n = 0;

	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.') {
			n++;
			if (name)
				snprintf(name, 300, "%s/%.200s", dir, de->d_name);
		}
	if (d)
		closedir(d);
	return n;
}

static bool hit(struct fixture *f)
{
	autofree struct profile_program *prog = xcalloc(1, sizeof(*prog));

	return profile_cache_load(f->dir, &f->key, prog);
}

static void a_second_use_takes_the_same_program_from_the_cache(void **state)
{
	struct fixture *f = *state;
	autofree struct profile_program *made = xcalloc(1, sizeof(*made));
	autofree struct profile_program *kept = xcalloc(1, sizeof(*kept));
	struct err e;
	struct stat st;
	char path[300];

	assert_false(hit(f));
	fill(f);
	assert_true(profile_cache_load(f->dir, &f->key, kept));
	assert_int_equal(profile_compile(&f->s, made, &e), 0);
	assert_int_equal(made->len, kept->len);
	assert_memory_equal(made->insns, kept->insns, made->len * sizeof(made->insns[0]));
	assert_int_equal(count(f->dir, path), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(f->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	fill(f);
	assert_int_equal(count(f->dir, NULL), 1);
}

static void another_profile_is_another_entry(void **state)
{
	struct fixture *f = *state;

	fill(f);
	f->calls[0].errno_ret.set = false;
	f->s.default_errno_ret = (struct oci_opt_u32){ true, 5 };
	fill(f);
	assert_int_equal(count(f->dir, NULL), 2);
}

static void a_collision_of_names_is_a_miss(void **state)
{
	struct fixture *f = *state;
	char path[300];
	autofree char *text = NULL;
	size_t len;

	/* Another profile's file under our name: as if somebody had found a second profile with the same hash. */
	f->s.default_errno_ret = (struct oci_opt_u32){ true, 5 };
	fill(f);
	count(f->dir, path);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &len, NULL), 0);
	unlink(path);
	f->s.default_errno_ret.set = false;
	fill(f);
	assert_int_equal(count(f->dir, path), 1);
	assert_true(hit(f));
	assert_int_equal(file_replace(AT_FDCWD, path, text, len, 0600, NULL), 0);
	assert_false(hit(f));
	fill(f);
	assert_true(hit(f));
}

static void a_damaged_entry_is_made_anew(void **state)
{
	struct fixture *f = *state;
	autofree char *good = NULL;
	char path[300];
	size_t len;

	fill(f);
	assert_int_equal(count(f->dir, path), 1);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &good, &len, NULL), 0);
	for (size_t i = 0; i < len; i += i < 64 ? 1 : 37) {
		if (i >= 20 && i < 24)
			continue; /* the unused field of the header */
		good[i] ^= 1;
		assert_int_equal(file_replace(AT_FDCWD, path, good, len, 0600, NULL), 0);
		if (hit(f))
			fail_msg("byte %zu changed and still a hit", i);
		good[i] ^= 1;
	}
	for (size_t cut = 0; cut < len; cut += 61) {
		assert_int_equal(file_replace(AT_FDCWD, path, good, cut, 0600, NULL), 0);
		assert_false(hit(f));
	}
	fill(f);
	assert_true(hit(f));
}

static void only_our_own_private_file_is_taken(void **state)
{
	struct fixture *f = *state;
	char path[300], other[310];

	fill(f);
	count(f->dir, path);
	chmod(path, 0620);
	assert_false(hit(f));
	chmod(path, 0602);
	assert_false(hit(f));
	chmod(path, 0600);
	assert_true(hit(f));
	chmod(f->dir, 0770);
	assert_false(hit(f));
	chmod(f->dir, 0700);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
		assert_false(hit(f));
		assert_int_equal(chown(path, 0, (gid_t)-1), 0);
		assert_int_equal(chown(f->dir, 12345, (gid_t)-1), 0);
		assert_false(hit(f));
		assert_int_equal(chown(f->dir, 0, (gid_t)-1), 0);
		assert_true(hit(f));
	}
	snprintf(other, sizeof(other), "%s.x", path);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_false(hit(f));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_false(hit(f));
	unlink(path);
	assert_int_equal(link(other, path), 0);
	assert_false(hit(f));
	unlink(other);
	assert_true(hit(f));
	/* the directory itself by a symlink */
	snprintf(other, sizeof(other), "%s-real", f->dir);
	assert_int_equal(rename(f->dir, other), 0);
	assert_int_equal(symlink(other, f->dir), 0);
	assert_false(hit(f));
}

static void the_cache_is_bounded_and_the_oldest_go_first(void **state)
{
	struct fixture *f = *state;
	char path[300];
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };

	fill(f);
	count(f->dir, path);
	utimensat(AT_FDCWD, path, old, 0);
	for (uint32_t i = 1; i < 80; i++) {
		f->s.default_errno_ret = (struct oci_opt_u32){ true, i };
		fill(f);
	}
	assert_int_equal(count(f->dir, NULL), 64);
	assert_int_equal(access(path, F_OK), -1);
	assert_false(hit(f));
}

static void a_hit_makes_an_entry_young_again(void **state)
{
	struct fixture *f = *state;
	char path[300];
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	fill(f);
	count(f->dir, path);
	utimensat(AT_FDCWD, path, old, 0);
	assert_true(hit(f));
	assert_int_equal(stat(path, &st), 0);
	assert_true(time(NULL) - st.st_mtime < 60);
}

static void an_unusable_cache_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct confine_profile *p = NULL;
	struct err e;

	assert_int_equal(confine_profile_prepare(&f->s, "/proc/none/here", &p, &e), 0);
	assert_non_null(p);
	confine_profile_free(p);
}

/* --- many rules --- */

#define MANY 20000

static double cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Each call has a condition on an argument of ioctl: the same ones again and again, or each its own. */
static struct oci_seccomp many_rules(size_t different)
{
	struct oci_seccomp s = { .set = true, .default_action = (char *)"SCMP_ACT_ALLOW", .n_syscalls = MANY };

	s.syscalls = xcalloc(MANY, sizeof(*s.syscalls));
	for (size_t i = 0; i < MANY; i++) {
		struct oci_seccomp_syscall *c = &s.syscalls[i];

		c->names.v = xcalloc(1, sizeof(*c->names.v));
		c->names.v[c->names.n++] = (char *)(uintptr_t)"ioctl";
		c->action = (char *)(uintptr_t)"SCMP_ACT_ERRNO";
		c->args = xcalloc(1, sizeof(*c->args));
		c->args[c->n_args++] = (struct oci_seccomp_arg){ .index = 1, .op = (char *)(uintptr_t)"SCMP_CMP_EQ",
								  .value = 7 * (i % different) };
	}
	return s;
}

static void free_rules(struct oci_seccomp *s)
{
	for (size_t i = 0; i < s->n_syscalls; i++) {
		free(s->syscalls[i].names.v);
		free(s->syscalls[i].args);
	}
	free(s->syscalls);
}

static void rules_that_are_there_already_cost_nothing_and_change_nothing(void **state)
{
	static struct profile_program once, often;
	struct oci_seccomp s = many_rules(100);
	struct err e = { 0 };
	double start;

	(void)state;
	s.n_syscalls = 100;
	if (profile_compile(&s, &once, &e) < 0)
		fail_msg("%s", e.msg);
	s.n_syscalls = MANY;
	start = cpu_seconds();
	if (profile_compile(&s, &often, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(cpu_seconds() - start < 1);
	assert_int_equal(once.len, often.len);
	assert_memory_equal(once.insns, often.insns, once.len * sizeof(once.insns[0]));
	free_rules(&s);
}

static void more_conditions_than_the_kernel_takes_are_refused_at_once(void **state)
{
	static struct profile_program p;
	struct oci_seccomp s = many_rules(MANY);
	double start = cpu_seconds();
	struct err e = { 0 };

	(void)state;
	assert_int_equal(profile_compile(&s, &p, &e), -1);
	assert_non_null(strstr(e.msg, "linux.seccomp.syscalls[4096]: the profile has more than 4096 conditions"));
	assert_true(cpu_seconds() - start < 4);
	free_rules(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errno_action_gives_its_errno_and_eperm_by_default),
		cmocka_unit_test(kill_and_trap_actions_end_with_sigsys),
		cmocka_unit_test(operators_compare_as_their_names_say),
		cmocka_unit_test(calls_newer_than_a_denying_profile_are_enosys),
#ifdef __x86_64__
		cmocka_unit_test(every_listed_abi_has_its_own_limit),
		cmocka_unit_test(calls_of_an_abi_that_is_not_listed_are_killed),
#endif
		cmocka_unit_test(errors_name_the_place_in_the_document),
		cmocka_unit_test(a_rule_equal_to_the_default_and_an_unknown_call_are_passed_over),
		cmocka_unit_test(a_profile_too_large_for_the_kernel_says_so),
		cmocka_unit_test(all_flags_can_be_asked_for_together),
		cmocka_unit_test(features_lists_are_what_the_reader_takes),
		cmocka_unit_test(the_listener_reaches_the_agent_with_the_state_document),
		cmocka_unit_test_setup_teardown(a_second_use_takes_the_same_program_from_the_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(another_profile_is_another_entry, setup, teardown),
		cmocka_unit_test_setup_teardown(a_collision_of_names_is_a_miss, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_entry_is_made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(only_our_own_private_file_is_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(the_cache_is_bounded_and_the_oldest_go_first, setup, teardown),
		cmocka_unit_test_setup_teardown(a_hit_makes_an_entry_young_again, setup, teardown),
		cmocka_unit_test_setup_teardown(an_unusable_cache_is_no_error, setup, teardown),
		cmocka_unit_test(rules_that_are_there_already_cost_nothing_and_change_nothing),
		cmocka_unit_test(more_conditions_than_the_kernel_takes_are_refused_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
