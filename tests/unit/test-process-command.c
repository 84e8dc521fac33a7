// SPDX-License-Identifier: Apache-2.0
/* test-process-command.c - env, HOME, cwd and the look-up of the command, inside a root that an image filled */
#include "child.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "process/process.h"

static char root[64];

static void put(const char *path, const char *text, mode_t mode)
{
	autofree char *full = xasprintf("%s/%s", root, path);
	FILE *f = fopen(full, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(full, mode);
}

static void dir(const char *path, mode_t mode)
{
	autofree char *full = xasprintf("%s/%s", root, path);

	assert_int_equal(mkdir(full, 0755), 0);
	chmod(full, mode);
}

static void link_to(const char *path, const char *target)
{
	autofree char *full = xasprintf("%s/%s", root, path);

	assert_int_equal(symlink(target, full), 0);
}

static int setup(void **state)
{
	char tmp[] = "/tmp/sandrun-test-XXXXXX";

	(void)state;
	if (!mkdtemp(tmp))
		return -1;
	snprintf(root, sizeof(root), "%s", tmp);
	chmod(root, 0755);
	dir("bin", 0755);
	dir("sbin", 0755);
	dir("closed", 0700);
	dir("etc", 0755);
	dir("tmp", 01777);
	dir("work", 0755);
	dir("sbin/adir", 0755);
	put("bin/tool", "#!", 0755);
	put("bin/data", "x", 0644);
	put("bin/rootonly", "x", 0700);
	put("sbin/tool2", "x", 0755);
	put("closed/hidden", "x", 0755);
	put("work/here", "x", 0755);
	link_to("bin/dangling", "/nowhere");
	link_to("bin/alias", "/bin/tool");
	link_to("bin/outside", "../../../../../../bin/tool");
	return 0;
}

static int teardown(void **state)
{
	autofree char *cmd = xasprintf("rm -rf '%s'", root);

	(void)state;
	return system(cmd);
}

static void enter(struct report *r)
{
	if (geteuid() != 0)
		child_skip(r, "chroot needs root");
	expect(r, chroot(root) == 0 && chdir("/") == 0);
}

/* --- command --- */

struct lookup {
	const char *name;
	const char *path; /* PATH=, or NULL for none */
	uid_t uid;
	const char *want; /* found, or NULL */
	const char *msg;
	int code;
};

static void do_lookup(struct report *r, const void *arg)
{
	const struct lookup *l = arg;
	autofree char *entry = l->path ? xasprintf("PATH=%s", l->path) : NULL;
	char *env[] = { (char *)"PATH=/first/one/loses", entry, NULL };
	char *args[] = { (char *)(uintptr_t)l->name, NULL };
	struct oci_process p = { .cwd = (char *)"/work", .args = { args, 1 }, .env = { env, 2 },
				 .user = { .uid = l->uid, .gid = l->uid } };
	char *got;

	if (!l->path)
		p.env.n = 0;
	enter(r);
	expect(r, process_enter_cwd("/work", &r->err) == 0);
	expect(r, process_set_user(&p, false, &r->err) == 0 && process_set_caps(&p, &r->err) == 0);
	got = process_find_command(&p, &r->err);
	snprintf(r->text[0], sizeof(r->text[0]), "%s", got ? got : "");
	r->value[0] = got != NULL;
}

static void the_command_is_found_or_refused_in_the_engines_words(void **state)
{
	static const struct lookup cases[] = {
		{ "tool", "/bin", 1000, "/bin/tool", NULL, 0 },
		{ "tool", NULL, 1000, "/bin/tool", NULL, 0 }, /* the default PATH */
		{ "tool2", "/bin:/sbin", 1000, "/sbin/tool2", NULL, 0 },
		{ "tool2", "/nowhere:/bin:/sbin:", 1000, "/sbin/tool2", NULL, 0 },
		{ "alias", "/bin", 1000, "/bin/alias", NULL, 0 },
		{ "outside", "/bin", 1000, "/bin/outside", NULL, 0 },
		{ "here", "/bin:", 1000, "./here", NULL, 0 },
		{ "here", "", 1000, "./here", NULL, 0 },
		{ "./here", "/bin", 1000, "./here", NULL, 0 },
		{ "/bin/tool", "", 1000, "/bin/tool", NULL, 0 },
		{ "../bin/tool", "", 1000, "../bin/tool", NULL, 0 },
		{ "rootonly", "/bin", 0, "/bin/rootonly", NULL, 0 },
		{ "hidden", "/closed", 0, "/closed/hidden", NULL, 0 },

		{ "", "/bin", 1000, NULL, "cannot find `` in $PATH: no such file or directory", ENOENT },
		{ "nix", "/bin:/sbin", 1000, NULL, "executable file `nix` not found in $PATH: no such file or directory", ENOENT },
		{ "dangling", "/bin", 1000, NULL, "executable file `dangling` not found in $PATH: no such file or directory",
		  ENOENT },
		{ "/no/such", "/bin", 1000, NULL, "exec `/no/such`: stat /no/such: no such file or directory", ENOENT },
		{ "./nix", "/bin", 1000, NULL, "exec `./nix`: stat ./nix: no such file or directory", ENOENT },
		{ "/etc", "/bin", 1000, NULL, "exec `/etc`: is a directory: permission denied", EACCES },
		{ "adir", "/bin:/sbin", 1000, NULL, "exec `/sbin/adir`: is a directory: permission denied", EACCES },
		{ "/bin/data", "/bin", 0, NULL, "exec `/bin/data`: is not executable: permission denied", EACCES },
		{ "data", "/bin", 0, NULL, "exec `/bin/data`: is not executable: permission denied", EACCES },
		{ "rootonly", "/bin", 1000, NULL, "exec `/bin/rootonly`: is not executable: permission denied", EACCES },
		{ "/closed/hidden", "/bin", 1000, NULL, "exec `/closed/hidden`: stat /closed/hidden: permission denied", EACCES },
		{ "/bin/tool/x", "/bin", 1000, NULL, "exec `/bin/tool/x`: stat /bin/tool/x: not a directory", ENOTDIR },
		/* a PATH element that the user may not search hides nothing and proves nothing */
		{ "nix", "/closed:/bin", 1000, NULL, "executable file `nix` not found in $PATH: no such file or directory", ENOENT },
		{ "tool", "/closed:/bin", 1000, "/bin/tool", NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct lookup *l = &cases[i];
		struct report *r = child_ok(do_lookup, l);

		if (l->want && strcmp(r->text[0], l->want) != 0)
			fail_msg("%zu: %s: \"%s\" instead of %s (%s)", i, l->name, r->text[0], l->want, r->err.msg);
		if (l->msg && (r->value[0] || strcmp(r->err.msg, l->msg) != 0 || r->err.code != l->code))
			fail_msg("%zu: %s: \"%s\" (%d)", i, l->name, r->err.msg, r->err.code);
	}
}

/* A profile from before faccessat2(2) answers it with EPERM; one may refuse access(2), too, and leave only execve(2). */
static void do_lookup_under_a_profile(struct report *r, const void *arg)
{
	static const int refused[] = { SCMP_SYS(faccessat2), SCMP_SYS(access), SCMP_SYS(faccessat) };
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	char *env[] = { (char *)"PATH=/bin", NULL };
	char *args[] = { (char *)"tool", NULL };
	struct oci_process p = { .args = { args, 1 }, .env = { env, 1 } };
	int n = *(const int *)arg;
	char *got;

	enter(r);
	expect(r, f);
	for (int i = 0; i < n; i++)
		expect(r, seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused[i], 0) == 0);
	expect(r, seccomp_load(f) == 0);
	got = process_find_command(&p, &r->err);
	expect(r, got && str_eq(got, "/bin/tool"));
	if (n == 1) {
		args[0] = (char *)"data";
		expect(r, !process_find_command(&p, &r->err) && r->err.code == EACCES);
	}
	seccomp_release(f);
}

static void the_command_is_found_under_a_profile_that_refuses_the_question(void **state)
{
	static const int one = 1, all = 3;

	(void)state;
	child_ok(do_lookup_under_a_profile, &one);
	child_ok(do_lookup_under_a_profile, &all);
}

/* --- environment --- */

static const char *value(char **env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return "(none)";
}

static void do_home(struct report *r, const void *arg)
{
	struct oci_process p = { .user = { .uid = *(const uint32_t *)arg }, .env = STRINGS((char *)"A=1") };
	char **env;

	enter(r);
	env = process_make_env(&p, &r->err);
	expect(r, env);
	snprintf(r->text[0], sizeof(r->text[0]), "%s", value(env, "HOME"));
	expect(r, str_eq(env[0], "A=1") && !env[2]);
}

static void passwd(const char *text)
{
	put("etc/passwd", text, 0644);
}

static const char *home(uint32_t uid)
{
	return child_ok(do_home, &uid)->text[0];
}

static void home_comes_from_the_containers_passwd(void **state)
{
	autofree char *path = xasprintf("%s/etc/passwd", root);
	char *big = xcalloc(1, 200000);

	(void)state;
	passwd("root:x:0:0:root:/root:/bin/sh\n# c\n\nbad\nw:x:33:33::/var/www:/bin/sh\nw2:x:33:33::/second:/x\n"
	       "e:x:40:40:::/x\nneg:x:-5:1::/neg:/x\nbig:x:99999999999:1::/big:/x\nlast:x:50:50::/last:/bin/sh");
	assert_string_equal(home(0), "/root");
	assert_string_equal(home(33), "/var/www"); /* the first one */
	assert_string_equal(home(40), "/");	   /* an empty field */
	assert_string_equal(home(50), "/last");	   /* no line break */
	assert_string_equal(home(77), "/");
	assert_string_equal(home(4294967291u), "/"); /* not "-5" */
	passwd("a:x:12\nb:x:12:\nc:x:12:1:g\nd:x:12:1:g:/five\n");
	assert_string_equal(home(12), "/five");
	/* A line without end is passed over; the next one counts. */
	memset(big, 'A', 199999);
	memcpy(big + 150000, "\nu:x:9:9::/nine:/x\n", 19);
	passwd(big);
	assert_string_equal(home(9), "/nine");
	/* across the block limit */
	memset(big, 0, 200000);
	memset(big, '\n', 16380);
	memcpy(big + 16380, "u:x:9:9::/nine:/x\n", 19);
	passwd(big);
	assert_string_equal(home(9), "/nine");
	free(big);
	unlink(path);
	assert_string_equal(home(0), "/");
	mkfifo(path, 0644);
	assert_string_equal(home(0), "/");
	unlink(path);
	mkdir(path, 0755);
	assert_string_equal(home(0), "/");
	rmdir(path);
	/* links are followed inside the root */
	put("etc/real", "root:x:0:0:root:/linked:/x\n", 0644);
	link_to("etc/passwd", "real");
	assert_string_equal(home(0), "/linked");
	unlink(path);
	link_to("etc/passwd", "passwd");
	assert_string_equal(home(0), "/");
	unlink(path);
	mknod(path, S_IFCHR | 0666, makedev(1, 5)); /* /dev/zero: endless */
	assert_string_equal(home(0), "/");
	unlink(path);
}

static void free_env(char **env)
{
	for (char **p = env; *p; p++)
		free(*p);
	free(env);
}

static void the_last_of_equal_names_is_left_and_the_order_kept(void **state)
{
	struct oci_process p = { .env = STRINGS((char *)"A=1", (char *)"HOME=", (char *)"B=2", (char *)"A=3", (char *)"AB=4",
						(char *)"HOME=/h", (char *)"E=", (char *)"B=2") };
	struct oci_process none = { .env = { 0 }, .user = { .uid = 4294967290u } };
	struct oci_process empty = { .env = STRINGS((char *)"HOME=/x", (char *)"HOME="), .user = { .uid = 4294967290u } };
	struct oci_process bad = { .env = STRINGS((char *)"A=1", (char *)"B") };
	static const char *const want[] = { "A=3", "AB=4", "HOME=/h", "E=", "B=2" };
	struct err e;
	char **env = process_make_env(&p, &e);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(env[i], want[i]);
	assert_null(env[ARRAY_SIZE(want)]);
	free_env(env);
	env = process_make_env(&none, &e);
	assert_string_equal(env[0], "HOME=/");
	assert_null(env[1]);
	free_env(env);
	env = process_make_env(&empty, &e);
	assert_string_equal(env[0], "HOME=/");
	assert_null(env[1]);
	free_env(env);
	assert_null(process_make_env(&bad, &e));
	assert_string_equal(e.msg, "process.env[1]: \"B\" has not the form NAME=value");
}

static void activation_sockets_are_announced_to_the_process_itself(void **state)
{
	struct oci_process p = { .env = STRINGS((char *)"LISTEN_PID=7", (char *)"HOME=/h", (char *)"LISTEN_FDS=9",
						(char *)"LISTEN_FDNAMES=x", (char *)"LISTEN_FDS_MORE=1") };
	static const char *const want[] = { "HOME=/h", "LISTEN_FDS_MORE=1", "LISTEN_FDS=2", "LISTEN_PID=34" };
	struct err e;
	char **env = process_add_listen_fds(process_make_env(&p, &e), 2, 34);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_string_equal(env[i], want[i]);
	assert_null(env[ARRAY_SIZE(want)]);
	free_env(env);
}

/* --- cwd --- */

static void do_cwd(struct report *r, const void *arg)
{
	char now[256];

	(void)arg;
	enter(r);
	expect(r, process_enter_cwd("/work", &r->err) == 0 && getcwd(now, sizeof(now)) && str_eq(now, "/work"));
	expect(r, process_enter_cwd("/nix", &r->err) == -1 && r->err.code == ENOENT);
	expect(r, str_eq(r->err.msg, "chdir to cwd `/nix`: no such file or directory"));
	expect(r, process_enter_cwd("/bin/tool", &r->err) == -1 && r->err.code == ENOTDIR);
}

static void cwd_is_entered_or_the_reason_told(void **state)
{
	(void)state;
	child_ok(do_cwd, NULL);
}

static void do_escape(struct report *r, const void *arg)
{
	int host = open("/usr", O_PATH | O_DIRECTORY);
	char path[64], proc[128], now[256];

	(void)arg;
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		child_skip(r, "a mount namespace needs root");
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	snprintf(proc, sizeof(proc), "%s/tmp", root);
	expect(r, mount("proc", proc, "proc", 0, NULL) == 0);
	enter(r);
	snprintf(path, sizeof(path), "/tmp/self/fd/%d", host);
	expect(r, chdir(path) == 0); /* that is the danger */
	expect(r, process_enter_cwd(path, &r->err) == -1);
	expect(r, strstr(r->err.msg, "leads out of the container's root"));
	expect(r, getcwd(now, sizeof(now)) && str_eq(now, "/"));
}

static void a_cwd_that_leads_to_a_leaked_host_directory_is_refused(void **state)
{
	(void)state;
	child_ok(do_escape, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_is_found_or_refused_in_the_engines_words),
		cmocka_unit_test(the_command_is_found_under_a_profile_that_refuses_the_question),
		cmocka_unit_test(home_comes_from_the_containers_passwd),
		cmocka_unit_test(the_last_of_equal_names_is_left_and_the_order_kept),
		cmocka_unit_test(activation_sockets_are_announced_to_the_process_itself),
		cmocka_unit_test(cwd_is_entered_or_the_reason_told),
		cmocka_unit_test(a_cwd_that_leads_to_a_leaked_host_directory_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
