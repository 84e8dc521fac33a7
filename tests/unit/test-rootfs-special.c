// SPDX-License-Identifier: Apache-2.0
/* test-rootfs-special.c - devices, the console, sysctls, and the pinned hosts */
#include "rootfs-box.h"

static void look_at_devices(struct report *r, const struct box *b)
{
	struct stat st;

	(void)b;
	expect(r, look_is_dev("/dev/fuse", 10, 229, 0775) && stat("/dev/fuse", &st) == 0 && st.st_uid == 3 && st.st_gid == 4);
	expect(r, look_is_dev("/srv/deep/full", 1, 7, 0666));
	expect(r, lstat("/dev/pipe", &st) == 0 && S_ISFIFO(st.st_mode) && (st.st_mode & 07777) == 0666);
	expect(r, look_is_dev("/dev/null", 1, 3, 0600));
}

static void listed_devices_have_their_modes_and_owners(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	b->devices[0] = (struct oci_device){ .type = "c", .path = "/dev/fuse/", .major = 10, .minor = 229,
					     .file_mode = { true, 0775 }, .uid = { true, 3 }, .gid = { true, 4 } };
	b->devices[1] = (struct oci_device){ .type = "u", .path = "/srv/deep/full", .major = 1, .minor = 7 };
	b->devices[2] = (struct oci_device){ .type = "p", .path = "/dev/pipe" };
	b->devices[3] = (struct oci_device){ .type = "c", .path = "/dev/null", .major = 1, .minor = 3, .file_mode = { true, 0600 } };
	b->devices[4] = (struct oci_device){ .type = "c", .path = "/dev/ptmx", .major = 5, .minor = 2 };
	b->inside = look_at_devices;
	box_works(b);
	b = box_new_usual();
	b->devices[0] = (struct oci_device){ .type = "x", .path = "/dev/fuse", .major = 10, .minor = 229 };
	box_fails(b, "linux.devices[0] (/dev/fuse): unknown type");
}

static void bind_a_terminal(struct report *r, const struct box *b)
{
	struct rootfs root = { .config = &b->c, .bundle = b->dir, .new_mount_ns = true };
	int master, slave;

	root.rootfd = open(box_in(b, "rootfs"), O_PATH | O_DIRECTORY);
	expect(r, openpty(&master, &slave, NULL, NULL, NULL) == 0);
	if (rootfs_bind_console(&root, slave, &r->err) < 0)
		_exit(1);
}

static void look_at_console(struct report *r, const struct box *b)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	(void)b;
	expect(r, fd >= 0 && isatty(fd) && look_has("/dev/console", "nosuid,noexec"));
}

static void the_console_is_bound_and_not_through_a_symlink(void **state)
{
	struct box *b = box_new();

	(void)state;
	box_add(b, "/proc", "proc", "proc", NULL);
	b->outside = bind_a_terminal;
	b->inside = look_at_console;
	box_works(b);
	b = box_new();
	assert_int_equal(symlink("/proc/sys/kernel/core_pattern", box_in(b, "rootfs/dev/console")), 0);
	b->outside = bind_a_terminal;
	box_fails(b, "/dev/console: a symlink is in its place");
}

static void look_at_sysctl(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, box_holds("/proc/sys/net/core/somaxconn", "77\n"));
	expect(r, box_holds("/proc/sys/kernel/shmmni", "99\n"));
}

static void sysctls_are_written_in_the_own_namespaces_only(void **state)
{
	struct box *b = box_new_usual();
	char host[64] = "";
	int fd = open("/proc/sys/kernel/shmmni", O_RDONLY);

	(void)state;
	assert_true(read(fd, host, sizeof(host) - 1) > 0);
	close(fd);
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->sysctl[1] = (struct oci_pair){ "kernel/shmmni", "99" };
	b->inside = look_at_sysctl;
	box_works(b);
	assert_true(box_holds("/proc/sys/kernel/shmmni", host));
	b = box_new_usual();
	b->sysctl[0] = (struct oci_pair){ "kernel.core_pattern", "|/x" };
	box_fails(b, "linux.sysctl[\"kernel.core_pattern\"]: is not in a separate kernel namespace");
	b = box_new_usual();
	b->sysctl[0] = (struct oci_pair){ "net.no.such", "1" };
	box_fails(b, "linux.sysctl[\"net.no.such\"]: write");
}

/* /proc is covered in part, as in a container: a procfs of our own is used. */
static void cover_sysctls(struct report *r, const struct box *b)
{
	(void)b;
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) == 0);
	expect(r, mount(NULL, "/proc/sys", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) == 0);
}

static void sysctls_are_written_below_a_covered_proc(void **state)
{
	struct box *b = box_new_usual();

	(void)state;
	b->sysctl[0] = (struct oci_pair){ "net.core.somaxconn", "77" };
	b->sysctl[1] = (struct oci_pair){ "kernel/shmmni", "99" };
	b->before = cover_sysctls;
	b->inside = look_at_sysctl;
	box_works(b);
}

static const char pinned[] = "# Pinned by the network policy of this container.\n10.9.8.7\tpinned.example\n";

static void look_at_hosts(struct report *r, const struct box *b)
{
	char *want = xasprintf("%s127.0.0.1 localhost\n1.1.1.1\tother\n", pinned);

	expect(r, box_holds("/etc/hosts", want));
	expect(r, (open("/etc/hosts", O_WRONLY) < 0) == b->c.root.readonly);
	free(want);
}

static void look_at_hosts_alone(struct report *r, const struct box *b)
{
	struct statvfs st;

	(void)b;
	expect(r, box_holds("/etc/hosts", pinned));
	expect(r, statvfs("/etc/hosts", &st) == 0 && (st.f_flag & ST_NOSUID) && (st.f_flag & ST_NODEV));
}

static struct box *new_pinning_box(void)
{
	struct box *b = box_new();

	box_add(b, "/proc", "proc", "proc", NULL);
	b->hosts[0] = (struct policy_host){ "pinned.example", b->addr, 1 };
	return b;
}

static void pinned_hosts_are_mounted_over_what_is_there(void **state)
{
	struct box *b;

	(void)state;
	for (int readonly = 0; readonly < 2; readonly++) {
		struct report *rep;

		b = new_pinning_box();
		b->c.root.readonly = readonly;
		b->inside = look_at_hosts;
		if (!box_run(b, &rep))
			fail_msg("%s", rep->err.msg);
		assert_string_equal(rep->failed, "");
		assert_true(box_holds(box_in(b, "rootfs/etc/hosts"), "127.0.0.1 localhost\n1.1.1.1 pinned.example other\n"));
		box_end(b);
	}
	b = new_pinning_box(); /* not there */
	assert_int_equal(unlink(box_in(b, "rootfs/etc/hosts")), 0);
	b->inside = look_at_hosts_alone;
	box_works(b);
	b = new_pinning_box(); /* a FIFO that nobody writes to */
	assert_int_equal(unlink(box_in(b, "rootfs/etc/hosts")) | mkfifo(box_in(b, "rootfs/etc/hosts"), 0644), 0);
	b->inside = look_at_hosts_alone;
	box_works(b);
	b = new_pinning_box(); /* a symlink to a file of the host, which in the root is another one */
	assert_int_equal(unlink(box_in(b, "rootfs/etc/hosts")), 0);
	assert_int_equal(symlink(box_in(b, "host/file"), box_in(b, "rootfs/etc/hosts")), 0);
	b->inside = look_at_hosts_alone;
	box_works(b);
	b = new_pinning_box(); /* huge */
	assert_int_equal(truncate(box_in(b, "rootfs/etc/hosts"), 1L << 40), 0);
	box_fails(b, "pin the hostnames of net-allow in /etc/hosts: more than");
	b = new_pinning_box();
	assert_int_equal(unlink(box_in(b, "rootfs/etc/hosts")) | mkdir(box_in(b, "rootfs/etc/hosts"), 0755), 0);
	box_fails(b, "pin the hostnames");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listed_devices_have_their_modes_and_owners),
		cmocka_unit_test(the_console_is_bound_and_not_through_a_symlink),
		cmocka_unit_test(sysctls_are_written_in_the_own_namespaces_only),
		cmocka_unit_test(sysctls_are_written_below_a_covered_proc),
		cmocka_unit_test(pinned_hosts_are_mounted_over_what_is_there),
	};

	return box_tests("rootfs-special", tests, ARRAY_SIZE(tests));
}
