// SPDX-License-Identifier: Apache-2.0
/* test-rootfs-live.c - whole roots as engines ask for them: what is there, on newer and older kernels, and what it costs */
#include "rootfs-box.h"

static void look_at_usual(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, look_is_on("/proc", 0x9fa0));
	expect(r, getpid() == 1 && access("/proc/1/stat", F_OK) == 0 && access("/proc/2/stat", F_OK) < 0);
	expect(r, look_has("/dev", ",nosuid") && look_has("/dev", "size=65536k"));
	expect(r, look_has("/sys", ",ro,nosuid,nodev,noexec"));
	expect(r, look_has("/dev/shm", "nosuid,nodev,noexec"));
	expect(r, stat("/dev/shm", &st) == 0 && (st.st_mode & 07777) == 01777);
	expect(r, look_has("/dev/mqueue", "mqueue"));
	expect(r, look_is_dev("/dev/null", 1, 3, 0666) && look_is_dev("/dev/zero", 1, 5, 0666) && look_is_dev("/dev/full", 1, 7, 0666));
	expect(r, look_is_dev("/dev/random", 1, 8, 0666) && look_is_dev("/dev/urandom", 1, 9, 0666) && look_is_dev("/dev/tty", 5, 0, 0666));
	expect(r, look_links_to("/dev/ptmx", "pts/ptmx") && look_is_dev("/dev/pts/ptmx", 5, 2, 0666));
	expect(r, look_links_to("/dev/fd", "/proc/self/fd") && look_links_to("/dev/stdin", "/proc/self/fd/0"));
	expect(r, look_is_dev("/proc/kcore", 1, 3, 0666) || access("/proc/kcore", F_OK) < 0);
	expect(r, look_has("/proc/keys", ",ro") || access("/proc/keys", F_OK) < 0);
	expect(r, look_has("/proc/sys", ",ro"));
	expect(r, open("/proc/sys/kernel/core_pattern", O_WRONLY) < 0 && errno == EROFS);
	expect(r, mkdir("/x", 0755) < 0 && errno == EROFS);
	expect(r, access("/host", F_OK) < 0 && access("/tmp", F_OK) == 0);
	expect(r, look_options("/sys/fs/cgroup") != NULL && look_has("/sys/fs/cgroup", ",ro"));
	expect(r, mkdir("/sys/fs/cgroup/x", 0755) < 0 && errno == EROFS);
	expect(r, chdir("..") == 0 && access("bin/busybox", X_OK) == 0);
}

static void a_usual_container_has_what_the_specification_says(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_copy_busybox(b);
	box_mask_usual(b);
	b->c.root.readonly = true;
	b->inside = look_at_usual;
	box_works(b);
}

static void the_same_without_pivot(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_copy_busybox(b);
	box_mask_usual(b);
	b->c.root.readonly = true;
	b->no_pivot = true;
	b->inside = look_at_usual;
	box_works(b);
}

static void the_same_without_a_cgroup_namespace(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_copy_busybox(b);
	box_mask_usual(b);
	b->c.root.readonly = true;
	b->no_cgroupns = true;
	b->inside = look_at_usual;
	box_works(b);
}

/* Linux 5.6 to 5.11: attributes by a remount, after the mount. */
static void forbid_mount_setattr(struct report *r, const struct box *b)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	(void)b;
	expect(r, sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

/* No fsopen(2), as below an older seccomp profile: filesystems by mount(2). */
static void forbid_fsopen(struct report *r, const struct box *b)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsopen, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	(void)b;
	expect(r, sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
}

static void the_same_on_kernels_without_the_newer_calls(void **state)
{
	void (*const lacks[])(struct report *, const struct box *) = { forbid_mount_setattr, forbid_fsopen };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++) {
		struct box *b = box_new_usual();

		box_copy_busybox(b);
		box_mask_usual(b);
		if (lacks[i] == forbid_fsopen) /* the mask of directories is a detached tmpfs */
			b->masked[0] = (char *)"/proc/kcore", b->masked[1] = (char *)"/proc/keys", b->masked[2] = NULL;
		b->c.root.readonly = true;
		b->before = lacks[i];
		b->inside = look_at_usual;
		box_works(b);
	}
}

/* A host with cgroup v2 only: the hierarchy where a v1 host has its tmpfs. */
static void pretend_unified(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL) < 0)
		child_skip(r, "no cgroup v2 in this kernel");
}

static void look_at_unified(struct report *r, const struct box *b)
{
	look_at_usual(r, b);
	expect(r, look_is_on("/sys/fs/cgroup", 0x63677270) && access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0);
}

static void the_same_with_cgroup_v2(void **state)
{
	for (int i = 0; i < 2; i++) {
		struct box *b = box_new_usual();

		(void)state;
		box_copy_busybox(b);
		box_mask_usual(b);
		b->c.root.readonly = true;
		b->no_cgroupns = i == 1;
		b->before = pretend_unified;
		b->inside = look_at_unified;
		box_works(b);
	}
}

static void run_shell(struct report *r, const struct box *b)
{
	static char *argv[] = { (char *)"sh", (char *)"-c", (char *)"test $$ = 1 && echo hi >/dev/null && test -c /dev/tty && "
					      "test \"$(busybox head -c 3 /dev/zero | busybox wc -c)\" = 3", NULL };
	static char *envp[] = { (char *)"PATH=/bin", NULL };

	(void)b;
	execve("/bin/sh", argv, envp);
	expect(r, !"exec");
}

static void a_program_of_the_image_runs_in_it(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_copy_busybox(b);
	b->inside = run_shell;
	box_works(b);
}

static void no_mount_is_in_the_namespace_but_ours(struct report *r, const struct box *b)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	(void)b;
	while (f && fgets(line, sizeof(line), f)) {
		char where[1024];

		expect(r, sscanf(line, "%*d %*d %*s %*s %1023s", where) == 1);
		expect(r, !strcmp(where, "/") || !strncmp(where, "/proc", 5) || !strncmp(where, "/dev", 4) ||
				  !strncmp(where, "/sys", 4));
	}
	expect(r, f);
	fclose(f);
}

static void the_host_is_gone_after_pivot(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	b->inside = no_mount_is_in_the_namespace_but_ours;
	box_works(b);
}

static void look_at_chroot(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, access("/etc/hosts", F_OK) == 0 && access("/host", F_OK) < 0);
	expect(r, access("/proc/self", F_OK) < 0 && look_is_dev("/dev/null", 1, 3, 0666));
}

static void without_a_mount_namespace_there_is_only_the_chroot(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	b->no_mount_ns = true;
	b->inside = look_at_chroot;
	box_works(b);
	b = box_new_usual();
	b->no_mount_ns = true;
	b->masked[0] = "/proc/kcore";
	box_fails(b, "linux.maskedPaths needs a new mount namespace");
}


/* --- cost -------------------------------------------------------------------------------------------------------------------------- */

static struct timespec begin;

static void start_clock(struct report *r, const struct box *b)
{
	(void)r;
	(void)b;
	clock_gettime(CLOCK_MONOTONIC, &begin);
}

static void stop_clock(struct report *r, const struct box *b)
{
	struct timespec end;

	(void)b;
	clock_gettime(CLOCK_MONOTONIC, &end);
	r->value[0] = (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000;
}

static void thirty_binds_cost_little(void **state)
{
	for (int n = 0; n <= 30; n += 30) {
		struct box *b = box_new_usual();
		struct report *rep;
		char dest[30][24];

		(void)state;
		box_mask_usual(b);
		for (int i = 0; i < n; i++) {
			snprintf(dest[i], sizeof(dest[i]), "/vol/%d", i);
			box_add(b, dest[i], "bind", "host/dir", "rbind", "rprivate", "ro", NULL);
		}
		b->before = start_clock;
		b->inside = stop_clock;
		if (!box_run(b, &rep))
			fail_msg("%s", rep->err.msg);
		print_message("all steps with %d binds: %ld us\n", n, rep->value[0]);
		box_end(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_usual_container_has_what_the_specification_says),
		cmocka_unit_test(the_same_without_pivot),
		cmocka_unit_test(the_same_without_a_cgroup_namespace),
		cmocka_unit_test(the_same_on_kernels_without_the_newer_calls),
		cmocka_unit_test(the_same_with_cgroup_v2),
		cmocka_unit_test(a_program_of_the_image_runs_in_it),
		cmocka_unit_test(the_host_is_gone_after_pivot),
		cmocka_unit_test(without_a_mount_namespace_there_is_only_the_chroot),
		cmocka_unit_test(thirty_binds_cost_little),
	};

	return box_tests("rootfs-live", tests, ARRAY_SIZE(tests));
}
