// SPDX-License-Identifier: Apache-2.0
/* test-process-user.c - user, groups and capabilities of a child that went through the steps of init */
#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/str.h"
#include "oci/names.h"
#include "process/process.h"

#define BIT(n) (UINT64_C(1) << (n))

struct caps {
	uint64_t eff, prm, inh, bnd, amb;
};

static void read_caps(struct report *r, struct caps *c)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	*c = (struct caps){ 0 };
	expect(r, syscall(SYS_capget, &h, d) == 0);
	c->eff = d[0].effective | (uint64_t)d[1].effective << 32;
	c->prm = d[0].permitted | (uint64_t)d[1].permitted << 32;
	c->inh = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	for (int n = 0; n < 64; n++) {
		if (prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 1)
			c->bnd |= BIT(n);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, n, 0, 0) == 1)
			c->amb |= BIT(n);
	}
}

static void need_root(void)
{
	if (geteuid() != 0) {
		print_message("skipped: not root\n");
		skip();
	}
}

static void become(struct report *r, const struct oci_process *p)
{
	expect(r, process_drop_bounding(p, &r->err) == 0);
	expect(r, process_set_user(p, false, &r->err) == 0);
	expect(r, process_set_caps(p, &r->err) == 0);
}

#define SET STRINGS((char *)"CAP_CHOWN", (char *)"CAP_NET_RAW", (char *)"CAP_KILL")
#define SET_BITS (BIT(CAP_CHOWN) | BIT(CAP_NET_RAW) | BIT(CAP_KILL))

static void do_root(struct report *r, const void *arg)
{
	struct oci_process p = { .capabilities = { .set = true, .bounding = SET, .permitted = SET, .effective = SET } };
	struct caps c;

	(void)arg;
	become(r, &p);
	read_caps(r, &c);
	expect(r, c.bnd == SET_BITS && c.prm == SET_BITS && c.eff == SET_BITS && c.inh == 0 && c.amb == 0);
	expect(r, prctl(PR_GET_KEEPCAPS, 0, 0, 0, 0) == 0);
}

static void root_gets_exactly_the_sets_and_no_inheritable(void **state)
{
	(void)state;
	need_root();
	child_ok(do_root, NULL);
}

static void do_user(struct report *r, const void *arg)
{
	uint32_t gids[] = { 7, 8 };
	struct oci_process p = {
		.user = { .uid = 1234, .gid = 4321, .additional_gids = gids, .n_additional_gids = 2, .umask = { true, 027 } },
		.capabilities = { .set = true, .bounding = SET, .permitted = SET, .effective = SET, .inheritable = SET,
				  .ambient = STRINGS((char *)"CAP_KILL") },
	};
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid, have[8];
	struct caps c;

	(void)arg;
	become(r, &p);
	expect(r, getresuid(&ruid, &euid, &suid) == 0 && ruid == 1234 && euid == 1234 && suid == 1234);
	expect(r, getresgid(&rgid, &egid, &sgid) == 0 && rgid == 4321 && egid == 4321 && sgid == 4321);
	expect(r, getgroups(8, have) == 2 && have[0] == 7 && have[1] == 8);
	expect(r, umask(0) == 027);
	read_caps(r, &c);
	expect(r, c.bnd == SET_BITS && c.prm == SET_BITS && c.eff == SET_BITS && c.inh == SET_BITS);
	expect(r, c.amb == BIT(CAP_KILL));
}

static void a_user_keeps_what_is_asked_and_ambient_needs_inheritable(void **state)
{
	(void)state;
	need_root();
	child_ok(do_user, NULL);
}

static void do_cut(struct report *r, const void *arg)
{
	/* Not in the bounding set, not permitted, unknown to the kernel: less is given, nothing fails. */
	struct oci_process p = {
		.capabilities = { .set = true, .bounding = SET, .permitted = SET,
				  .effective = STRINGS((char *)"CAP_CHOWN", (char *)"CAP_SYS_ADMIN", (char *)"CAP_TIME_TRAVEL"),
				  .inheritable = STRINGS((char *)"CAP_CHOWN", (char *)"CAP_SYS_ADMIN"),
				  .ambient = STRINGS((char *)"CAP_CHOWN", (char *)"CAP_KILL", (char *)"CAP_SYS_ADMIN") },
	};
	struct caps c;

	(void)arg;
	become(r, &p);
	read_caps(r, &c);
	expect(r, c.prm == SET_BITS && c.eff == BIT(CAP_CHOWN) && c.inh == BIT(CAP_CHOWN) && c.amb == BIT(CAP_CHOWN));
}

static void what_cannot_be_granted_is_left_out(void **state)
{
	(void)state;
	need_root();
	child_ok(do_cut, NULL);
}

static void do_all(struct report *r, const void *arg)
{
	char *names[65] = { 0 };
	struct oci_strings all = { names, 0 };
	struct oci_process p = { .capabilities = { .set = true } };
	struct caps before, after;

	(void)arg;
	for (int n = 0; oci_capability_name(n); n++)
		names[all.n++] = (char *)(uintptr_t)oci_capability_name(n);
	p.capabilities.bounding = p.capabilities.permitted = p.capabilities.effective = all;
	read_caps(r, &before);
	become(r, &p);
	read_caps(r, &after);
	/* A privileged container on a host that lacks some itself. */
	expect(r, after.prm == before.prm && after.eff == before.prm && after.bnd == before.bnd);
}

static void a_privileged_container_gets_what_the_host_has(void **state)
{
	(void)state;
	need_root();
	child_ok(do_all, NULL);
}

static void do_none(struct report *r, const void *arg)
{
	struct oci_process p = { .user = { .uid = *(const uint32_t *)arg } };
	struct caps after;

	become(r, &p);
	read_caps(r, &after);
	expect(r, !after.prm && !after.eff && !after.inh && !after.bnd && !after.amb);
	expect(r, umask(0) == 022);
}

static void without_an_object_nobody_keeps_any(void **state)
{
	(void)state;
	need_root();
	child_ok(do_none, &(uint32_t){ 0 });
	child_ok(do_none, &(uint32_t){ 1000 });
}

static void write_to(struct report *r, const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	expect(r, fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void do_userns(struct report *r, const void *arg)
{
	uint32_t mapped[] = { 0 }, other[] = { 55 };
	struct oci_process p = { .capabilities = { .set = true, .permitted = SET, .effective = SET, .bounding = SET } };

	(void)arg;
	if (unshare(CLONE_NEWUSER) < 0)
		child_skip(r, "no user namespaces");
	write_to(r, "/proc/self/setgroups", "deny");
	write_to(r, "/proc/self/uid_map", "0 0 1");
	write_to(r, "/proc/self/gid_map", "0 0 1");
	/* nothing asked: no error, no setgroups */
	expect(r, process_set_user(&p, false, &r->err) == 0);
	/* asked for what is there already */
	p.user.additional_gids = mapped;
	p.user.n_additional_gids = 1;
	expect(r, process_set_user(&p, false, &r->err) == 0);
	p.user.additional_gids = other;
	expect(r, process_set_user(&p, false, &r->err) == -1);
	expect(r, strstr(r->err.msg, "process.user.additionalGids[0]: group 55 cannot be added here") == r->err.msg);
	p.user.n_additional_gids = 0;
	p.user.gid = 7;
	expect(r, process_set_user(&p, false, &r->err) == -1);
	expect(r, str_eq(r->err.msg, "process.user.gid: 7 is not mapped in the user namespace (linux.gidMappings)"));
	p.user.gid = 0;
	p.user.uid = 7;
	expect(r, process_set_user(&p, false, &r->err) == -1);
	expect(r, str_eq(r->err.msg, "process.user.uid: 7 is not mapped in the user namespace (linux.uidMappings)"));
	p.user.uid = 0;
	become(r, &p);
}

static void a_user_namespace_without_setgroups_is_coped_with(void **state)
{
	(void)state;
	need_root();
	child_ok(do_userns, NULL);
}

static void do_gid_unmapped(struct report *r, const void *arg)
{
	uint32_t gids[] = { 0, 99 };
	struct oci_process p = { .user = { .additional_gids = gids, .n_additional_gids = 2 } };
	int sync[2][2], status;
	char path[64], b = 0;
	pid_t pid;

	(void)arg;
	/* Mapped by a parent, setgroups stays allowed. */
	expect(r, pipe(sync[0]) == 0 && pipe(sync[1]) == 0);
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER) < 0)
			child_skip(r, "no user namespaces");
		expect(r, write(sync[0][1], "x", 1) == 1 && read(sync[1][0], &b, 1) == 1);
		expect(r, process_set_user(&p, false, &r->err) == -1);
		expect(r, str_eq(r->err.msg, "process.user.additionalGids[1]: group 99 is not mapped in the user namespace "
					     "(linux.gidMappings)"));
		_exit(0);
	}
	close(sync[0][1]);
	if (read(sync[0][0], &b, 1) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
		write_to(r, path, "0 0 1");
		snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
		write_to(r, path, "0 0 2");
		expect(r, write(sync[1][1], "x", 1) == 1);
	}
	expect(r, waitpid(pid, &status, 0) == pid && status == 0);
}

static void an_unmapped_group_is_named(void **state)
{
	(void)state;
	need_root();
	child_ok(do_gid_unmapped, NULL);
}

static void do_stdio(struct report *r, const void *arg)
{
	struct oci_process p = { .user = { .uid = 1000, .gid = 1000 } };
	char file[] = "/tmp/sandrun-test-XXXXXX";
	int pipes[2], plain = mkstemp(file), null = open("/dev/null", O_RDWR);
	struct stat st, device;

	(void)arg;
	unlink(file);
	expect(r, pipe(pipes) == 0 && plain >= 0 && null >= 0 && fstat(null, &device) == 0);
	dup2(null, 0);
	dup2(pipes[1], 1);
	dup2(plain, 2);
	expect(r, process_set_user(&p, false, &r->err) == 0);
	expect(r, fstat(1, &st) == 0 && st.st_uid == 1000 && st.st_gid == 1000);
	expect(r, fstat(0, &st) == 0 && st.st_uid == device.st_uid); /* other runtimes have given it away on some hosts */
	expect(r, fstat(2, &st) == 0 && st.st_uid == 0); /* the caller's own log file stays his */
}

static void pipes_of_the_engine_become_the_users_and_files_do_not(void **state)
{
	(void)state;
	need_root();
	child_ok(do_stdio, NULL);
}

static void do_nnp(struct report *r, const void *arg)
{
	(void)arg;
	expect(r, process_set_no_new_privs(&r->err) == 0);
	expect(r, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void no_new_privs_is_set(void **state)
{
	(void)state;
	child_ok(do_nnp, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_gets_exactly_the_sets_and_no_inheritable),
		cmocka_unit_test(a_user_keeps_what_is_asked_and_ambient_needs_inheritable),
		cmocka_unit_test(what_cannot_be_granted_is_left_out),
		cmocka_unit_test(a_privileged_container_gets_what_the_host_has),
		cmocka_unit_test(without_an_object_nobody_keeps_any),
		cmocka_unit_test(a_user_namespace_without_setgroups_is_coped_with),
		cmocka_unit_test(an_unmapped_group_is_named),
		cmocka_unit_test(pipes_of_the_engine_become_the_users_and_files_do_not),
		cmocka_unit_test(no_new_privs_is_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
