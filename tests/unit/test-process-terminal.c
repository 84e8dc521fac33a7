// SPDX-License-Identifier: Apache-2.0
/* test-process-terminal.c - the pty of a private devpts, and what an image may have planted in its place */
#include "child.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <termios.h>

#include "base/fd.h"
#include "base/str.h"
#include "process/process.h"

/* A root with an empty /dev/pts, in a mount namespace of our own. */
static int make_root(struct report *r, bool devpts)
{
	int root;

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		child_skip(r, "a mount namespace needs root");
	expect(r, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	expect(r, mount("tmpfs", "/mnt", "tmpfs", 0, NULL) == 0);
	expect(r, mkdir("/mnt/dev", 0755) == 0 && mkdir("/mnt/dev/pts", 0755) == 0);
	if (devpts && mount("devpts", "/mnt/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
			    "newinstance,ptmxmode=0666,mode=0620") < 0)
		child_skip(r, "devpts cannot be mounted here");
	root = open("/mnt", O_PATH | O_DIRECTORY | O_CLOEXEC);
	expect(r, root >= 0);
	return root;
}

static void check_pair(struct report *r, int master, int slave)
{
	struct stat inside, pts;
	char buf[8];

	expect(r, fcntl(master, F_GETFD) == FD_CLOEXEC && fcntl(slave, F_GETFD) == FD_CLOEXEC);
	expect(r, fstat(slave, &inside) == 0 && stat("/mnt/dev/pts/0", &pts) == 0);
	expect(r, inside.st_dev == pts.st_dev && inside.st_ino == pts.st_ino);
	expect(r, write(master, "a\n", 2) == 2 && read(slave, buf, sizeof(buf)) == 2);
}

static void do_private(struct report *r, const void *arg)
{
	int root = make_root(r, true), master, slave;

	if (arg)
		expect(r, symlink("pts/ptmx", "/mnt/dev/ptmx") == 0);
	expect(r, process_open_terminal_at(root, &master, &slave, &r->err) == 0);
	check_pair(r, master, slave);
}

static void the_pty_comes_from_the_containers_devpts(void **state)
{
	(void)state;
	child_ok(do_private, NULL);
	child_ok(do_private, "with /dev/ptmx as a link");
}

static void do_node(struct report *r, const void *arg)
{
	int root = make_root(r, true), master, slave;

	(void)arg;
	/* pts/ptmx cannot be opened (a file is mounted over it): the node beside pts is as good. */
	expect(r, mknod("/mnt/dev/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
	expect(r, mount("/dev/null", "/mnt/dev/pts/ptmx", NULL, MS_BIND, NULL) == 0);
	expect(r, process_open_terminal_at(root, &master, &slave, &r->err) == 0);
	check_pair(r, master, slave);
}

static void a_node_beside_pts_serves_too(void **state)
{
	(void)state;
	child_ok(do_node, NULL);
}

static void refused(struct report *r, int root)
{
	int master = 5, slave = 5;

	expect(r, process_open_terminal_at(root, &master, &slave, &r->err) == -1);
	expect(r, master == -1 && slave == -1);
	expect(r, str_starts(r->err.msg, "process.terminal: "));
}

static void do_planted(struct report *r, const void *arg)
{
	int root = make_root(r, false);

	(void)arg;
	refused(r, root); /* an empty /dev/pts */
	/* a ptmx by its numbers, in a directory that is no devpts: no slave to be had from it */
	expect(r, mknod("/mnt/dev/pts/ptmx", S_IFCHR | 0666, makedev(5, 2)) == 0);
	refused(r, root);
	expect(r, unlink("/mnt/dev/pts/ptmx") == 0);
	expect(r, mknod("/mnt/dev/pts/ptmx", S_IFREG | 0666, 0) == 0);
	refused(r, root);
	/* a link out of the root to the host's */
	expect(r, rename("/mnt/dev/pts", "/mnt/dev/old") == 0 && symlink("/dev/pts", "/mnt/dev/pts") == 0);
	refused(r, root);
	expect(r, symlink("/dev/pts/ptmx", "/mnt/dev/ptmx") == 0);
	refused(r, root);
	expect(r, unlink("/mnt/dev/ptmx") == 0);
	expect(r, mknod("/mnt/dev/ptmx", S_IFCHR | 0666, makedev(1, 3)) == 0);
	refused(r, root);
	expect(r, rename("/mnt/dev", "/mnt/olddev") == 0 && symlink("/dev", "/mnt/dev") == 0);
	refused(r, root);
	expect(r, unlink("/mnt/dev") == 0);
	refused(r, root);
	expect(r, strcasestr(r->err.msg, "no /dev directory"));
}

static void nothing_planted_is_taken_for_a_terminal(void **state)
{
	(void)state;
	child_ok(do_planted, NULL);
}

static void do_take(struct report *r, const void *arg)
{
	int root = make_root(r, true), master, slave;
	struct winsize w;
	struct stat st;

	(void)arg;
	expect(r, process_open_terminal_at(root, &master, &slave, &r->err) == 0);
	expect(r, process_set_winsize(slave, 25, 132, &r->err) == 0);
	expect(r, ioctl(master, TIOCGWINSZ, &w) == 0 && w.ws_row == 25 && w.ws_col == 132);
	expect(r, process_set_winsize(slave, 65536, 1, &r->err) == -1);
	expect(r, setsid() > 0); /* init has done so already */
	expect(r, process_take_terminal(slave, 1000, &r->err) == 0);
	expect(r, tcgetsid(0) == getpid() && isatty(0) && isatty(1) && isatty(2));
	expect(r, fcntl(0, F_GETFD) == 0 && fcntl(1, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0);
	expect(r, fstat(slave, &st) == 0 && st.st_uid == 1000);
}

static void the_slave_becomes_controlling_terminal_and_stdio(void **state)
{
	(void)state;
	child_ok(do_take, NULL);
}

static void do_take_low(struct report *r, const void *arg)
{
	int root = make_root(r, true), master, slave;

	(void)arg;
	/* Closed stdio: the slave itself may be descriptor 0 to 2, and must survive exec. */
	expect(r, process_open_terminal_at(root, &master, &slave, &r->err) == 0);
	expect(r, dup3(slave, 1, O_CLOEXEC) == 1);
	expect(r, process_take_terminal(1, 0, &r->err) == 0);
	expect(r, fcntl(0, F_GETFD) == 0 && fcntl(1, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0);
}

static void a_slave_among_the_first_three_survives_exec(void **state)
{
	(void)state;
	child_ok(do_take_low, NULL);
}

static void the_console_socket_gets_one_message_with_one_descriptor(void **state)
{
	char tmp[] = "/tmp/sandrun-test-XXXXXX", buf[64];
	autofree char *deep = NULL, *path = NULL, *cmd = NULL;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int srv, conn, got, null = open("/dev/null", O_RDWR);
	struct err e = { 0 };
	struct stat a, b;

	(void)state;
	assert_non_null(mkdtemp(tmp));
	/* longer than sun_path */
	deep = xasprintf("%s/%0*d", tmp, 150, 0);
	assert_int_equal(mkdir(deep, 0700), 0);
	path = xasprintf("%s/sock", deep);
	for (int round = 0; round < 2; round++) {
		const char *name = round ? path : "sock";

		assert_int_equal(chdir(deep), 0);
		unlink("sock");
		srv = socket(AF_UNIX, SOCK_STREAM, 0);
		strcpy(sa.sun_path, "sock");
		assert_int_equal(bind(srv, (struct sockaddr *)&sa, sizeof(sa)), 0);
		assert_int_equal(listen(srv, 1), 0);
		assert_int_equal(process_send_console(name, null, &e), 0);
		conn = accept(srv, NULL, NULL);
		assert_int_equal(fd_recv(conn, buf, sizeof(buf), &got, &e), 9);
		assert_memory_equal(buf, "/dev/ptmx", 9);
		assert_int_equal(fstat(got, &a), 0);
		assert_int_equal(fstat(null, &b), 0);
		assert_int_equal(a.st_rdev, b.st_rdev);
		close(got);
		assert_int_equal(fd_recv(conn, buf, sizeof(buf), &got, &e), 0); /* and the end */
		close(conn);
		close(srv);
	}
	assert_int_equal(process_send_console(path, null, &e), -1); /* nobody listens */
	assert_true(str_starts(e.msg, "--console-socket: "));
	assert_int_equal(chdir("/"), 0);
	close(null);
	cmd = xasprintf("rm -rf '%s'", tmp);
	assert_int_equal(system(cmd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_pty_comes_from_the_containers_devpts),
		cmocka_unit_test(a_node_beside_pts_serves_too),
		cmocka_unit_test(nothing_planted_is_taken_for_a_terminal),
		cmocka_unit_test(the_slave_becomes_controlling_terminal_and_stdio),
		cmocka_unit_test(a_slave_among_the_first_three_survives_exec),
		cmocka_unit_test(the_console_socket_gets_one_message_with_one_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
