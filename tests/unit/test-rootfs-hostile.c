// SPDX-License-Identifier: Apache-2.0
/* test-rootfs-hostile.c - images and volumes that want out of the root, or something of the host in it */
#include "rootfs-box.h"

static void look_at_bound(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, box_holds("/etc/name", "of the host"));
}

static void a_target_behind_a_symlink_out_of_the_root_stays_in_the_root(void **state)
{
	struct box *b = box_new();
	struct stat st;

	(void)state;
	assert_int_equal(unlink(box_in(b, "rootfs/etc/hosts")), 0);
	assert_int_equal(rmdir(box_in(b, "rootfs/etc")), 0);
	assert_int_equal(symlink("../../../../../../../../elsewhere/deep", box_in(b, "rootfs/etc")), 0);
	box_add(b, "/etc/name", "bind", box_in(b, "host/file"), "bind", "ro", NULL);
	b->inside = look_at_bound;
	assert_int_not_equal(lstat("/elsewhere", &st), 0);
	/* Checked before the image is removed. */
	{
		struct report *rep;

		if (!box_run(b, &rep))
			fail_msg("%s", rep->err.msg);
		assert_string_equal(rep->failed, "");
		assert_int_equal(lstat(box_in(b, "rootfs/elsewhere/deep/name"), &st), 0);
		assert_int_not_equal(lstat("/elsewhere", &st), 0);
	}
	box_end(b);
}

static void an_absolute_dangling_symlink_is_followed_inside(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(symlink("/run/systemd/resolve/stub.conf", box_in(b, "rootfs/etc/name")), 0);
	box_add(b, "/etc/name", "bind", box_in(b, "host/file"), "rbind", "rprivate", NULL);
	b->inside = look_at_bound;
	box_works(b);
}

static void a_symlink_loop_is_an_error(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(symlink("name", box_in(b, "rootfs/etc/name")), 0);
	box_add(b, "/etc/name", "bind", box_in(b, "host/file"), "bind", NULL);
	box_fails(b, "mounts[0] (/etc/name): ");
}

static void proc_on_a_symlink_is_refused(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	assert_int_equal(rmdir(box_in(b, "rootfs/proc")), 0);
	assert_int_equal(symlink("/tmp", box_in(b, "rootfs/proc")), 0);
	box_fails(b, "must be mounted on ordinary directory");
	b = box_new_usual();
	assert_int_equal(rmdir(box_in(b, "rootfs/sys")), 0);
	assert_int_equal(symlink("tmp", box_in(b, "rootfs/sys")), 0);
	box_fails(b, "must be mounted on ordinary directory");
	b = box_new_usual();
	assert_int_equal(rmdir(box_in(b, "rootfs/proc")), 0);
	box_put(box_in(b, "rootfs/proc"), "");
	box_fails(b, "must be mounted on ordinary directory");
}

static void dev_that_is_a_symlink_is_refused(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(rmdir(box_in(b, "rootfs/dev")), 0);
	assert_int_equal(symlink(box_in(b, "host/dir"), box_in(b, "rootfs/dev")), 0);
	box_fails(b, "/dev must be an ordinary directory");
}

static void a_planted_device_is_refused(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_put(box_in(b, "rootfs/dev/null"), "");
	box_fails(b, "default device /dev/null: something else");
	b = box_new();
	assert_int_equal(symlink(box_in(b, "host/file"), box_in(b, "rootfs/dev/null")), 0);
	box_fails(b, "default device /dev/null: something else");
	b = box_new();
	assert_int_equal(mknod(box_in(b, "rootfs/dev/zero"), S_IFCHR | 0666, makedev(1, 3)), 0);
	box_fails(b, "default device /dev/zero: something else");
	b = box_new();
	assert_int_equal(mkdir(box_in(b, "rootfs/dev/tty"), 0755), 0);
	box_fails(b, "default device /dev/tty: something else");
}

static void look_at_own_null(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_is_dev("/dev/null", 1, 3, 0666));
	expect(r, look_links_to("/dev/ptmx", "pts/ptmx"));
}

static void a_right_device_of_the_image_gets_the_right_mode(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(mknod(box_in(b, "rootfs/dev/null"), S_IFCHR | 0600, makedev(1, 3)), 0);
	assert_int_equal(mknod(box_in(b, "rootfs/dev/ptmx"), S_IFCHR | 0666, makedev(5, 2)), 0);
	b->inside = look_at_own_null;
	box_works(b);
}

static void a_volume_cannot_become_the_root_through_a_symlink(void **state)
{
	struct box *b = box_new();

	(void)state;
	assert_int_equal(symlink("/etc/..", box_in(b, "rootfs/data")), 0);
	box_add(b, "/data", "bind", box_in(b, "host/dir"), "bind", NULL);
	box_fails(b, "mounts[0] (/data): the destination leads to the root itself");
}

static void mounts_inside_proc_are_refused(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	box_add(b, "/proc/sys", "bind", box_in(b, "host/dir"), "bind", NULL);
	box_fails(b, "inside /proc");
	b = box_new_usual();
	assert_int_equal(symlink("/proc/sys/kernel", box_in(b, "rootfs/data")), 0);
	box_add(b, "/data", "bind", box_in(b, "host/dir"), "bind", NULL);
	box_fails(b, "inside /proc");
	b = box_new();
	box_add(b, "/proc", "tmpfs", "tmpfs", NULL);
	box_fails(b, "only a filesystem of type proc");
	b = box_new();
	box_add(b, "/proc", "bind", "/sys", "rbind", NULL);
	box_fails(b, "only a filesystem of type proc");
	b = box_new_usual();
	box_add(b, "/proc/self/attr/exec", "bind", box_in(b, "host/file"), "bind", NULL);
	box_fails(b, "mounts[7] (/proc/self/attr/exec): ");
	b = box_new_usual();
	box_add(b, "/proc/self", "bind", box_in(b, "host/file"), "bind", "dest-nofollow", NULL);
	box_fails(b, "mounts[7] (/proc/self): ");
	b = box_new_usual();
	box_add(b, "/proc/uptime", "bind", box_in(b, "host/file"), "bind", NULL);
	box_works(b);
}

/* The container's /dev/null is replaced after the devices are made, as a hook or a neighbour might: the masks are still the
 * null device. */
static void swap_null(struct report *r, const struct box *b)
{
	expect(r, unlink(box_in(b, "rootfs/dev/null")) == 0);
	expect(r, symlink("/proc/sys/kernel/core_pattern", box_in(b, "rootfs/dev/null")) == 0);
}

/* Else the replaced one is noticed when stdio is moved to the container's (another test). */
static void no_null_on_stdio(struct report *r, const struct box *b)
{
	int pipefd[2];

	(void)b;
	expect(r, pipe(pipefd) == 0);
	for (int fd = 0; fd <= 2; fd++)
		expect(r, dup2(pipefd[fd > 0], fd) == fd);
}

static void look_at_mask(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, look_is_dev("/etc/hosts", 1, 3, 0666));
	expect(r, look_has("/etc/hosts", ",ro,nosuid,noexec"));
	expect(r, look_is_on("/tmp", 0x1021994) && look_has("/tmp", ",ro,nosuid,nodev,noexec"));
	expect(r, access("/tmp/x", F_OK) < 0);
	expect(r, look_is_dev("/etc/passwd", 1, 3, 0666));
}

static void masks_use_the_real_null_device(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	box_put(box_in(b, "rootfs/tmp/x"), "secret");
	box_put(box_in(b, "rootfs/etc/passwd"), "secret");
	b->outside = swap_null;
	b->inside = look_at_mask;
	b->masked[0] = "/etc/hosts";
	b->masked[1] = "/tmp";
	b->masked[2] = "/etc/passwd";
	b->masked[3] = "/etc/hosts";
	b->before = no_null_on_stdio;
	box_works(b);
}

static void null_on_stdin(struct report *r, const struct box *b)
{
	int fd = open("/dev/null", O_RDWR);

	(void)b;
	expect(r, fd >= 0 && dup2(fd, 0) == 0);
}

static void replaced_null_on_stdin_is_refused(void **state)
{
	struct box *b = box_new();

	(void)state;
	b->before = null_on_stdin;
	b->outside = swap_null;
	box_fails(b, "/dev/null of the container");
}

static void look_at_stdin(struct report *r, const struct box *b)
{
	struct stat a, c;

	(void)b;
	expect(r, fstat(0, &a) == 0 && stat("/dev/null", &c) == 0);
	expect(r, a.st_dev == c.st_dev && a.st_ino == c.st_ino);
}

static void the_null_device_of_the_host_is_not_left_on_stdin(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	b->before = null_on_stdin;
	b->inside = look_at_stdin;
	box_works(b);
}

/* CVE-2021-30465: somebody swaps a directory of a shared volume with a symlink to the host's root while we mount below it. */
static pid_t start_swapper(const struct box *b)
{
	char *dir = box_in(b, "rootfs/vol/dir"), *link = box_in(b, "rootfs/vol/link");
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			syscall(SYS_renameat2, AT_FDCWD, dir, AT_FDCWD, link, 2 /* RENAME_EXCHANGE */);
	}
	return pid;
}

static void a_racing_symlink_does_not_lead_out(void **state)
{
	char out[PATH_MAX];
	unsigned int worked = 0, refused = 0;

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		struct box *b = box_new();
		struct report *rep;
		pid_t swapper;

		snprintf(out, sizeof(out), "/../../../../../../../..%s/host", b->dir);
		assert_int_equal(mkdir(box_in(b, "rootfs/vol"), 0755), 0);
		assert_int_equal(mkdir(box_in(b, "rootfs/vol/dir"), 0755), 0);
		assert_int_equal(symlink(out, box_in(b, "rootfs/vol/link")), 0);
		box_add(b, "/vol/dir/a/b", "tmpfs", "tmpfs", NULL);
		box_add(b, "/vol/dir/file", "bind", box_in(b, "host/file"), "bind", NULL);
		box_add(b, "/vol/dir/dir", "bind", box_in(b, "host/dir"), "bind", "ro", NULL);
		box_add(b, "/vol/dir/p", "proc", "proc", NULL);
		swapper = start_swapper(b);
		assert_true(swapper > 0);
		if (box_run(b, &rep)) {
			assert_string_equal(rep->failed, "");
			worked++;
		} else {
			assert_non_null(strstr(rep->err.msg, "mounts["));
			refused++;
		}
		kill(swapper, SIGKILL);
		waitpid(swapper, NULL, 0);
		/* Nothing was made where the symlink would lead to on the host. */
		assert_int_not_equal(access(box_in(b, "host/a"), F_OK), 0);
		assert_int_not_equal(access(box_in(b, "host/p"), F_OK), 0);
		box_end(b);
	}
	print_message("%u worked, %u refused\n", worked, refused);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_behind_a_symlink_out_of_the_root_stays_in_the_root),
		cmocka_unit_test(an_absolute_dangling_symlink_is_followed_inside),
		cmocka_unit_test(a_symlink_loop_is_an_error),
		cmocka_unit_test(proc_on_a_symlink_is_refused),
		cmocka_unit_test(dev_that_is_a_symlink_is_refused),
		cmocka_unit_test(a_planted_device_is_refused),
		cmocka_unit_test(a_right_device_of_the_image_gets_the_right_mode),
		cmocka_unit_test(a_volume_cannot_become_the_root_through_a_symlink),
		cmocka_unit_test(mounts_inside_proc_are_refused),
		cmocka_unit_test(masks_use_the_real_null_device),
		cmocka_unit_test(replaced_null_on_stdin_is_refused),
		cmocka_unit_test(the_null_device_of_the_host_is_not_left_on_stdin),
		cmocka_unit_test(a_racing_symlink_does_not_lead_out),
	};

	return box_tests("rootfs-hostile", tests, ARRAY_SIZE(tests));
}
