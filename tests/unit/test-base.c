// SPDX-License-Identifier: Apache-2.0
/* test-base.c - errors, strings, files below a root, descriptors over sockets, the log's one line */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/unixsock.h"

static void error_says_errno_in_words(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, ENOENT, "open %s", "x"), -1);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.msg, "open x: it is not there");
	err_text(&e, ESRCH, "container not running: %s", "a");
	assert_string_equal(e.msg, "container not running: a");
	assert_int_equal(err_set(NULL, EINVAL, "nobody listens"), -1);
}

static void error_prefix_keeps_code_and_cuts(void **state)
{
	char longer[2000];
	struct err e;

	(void)state;
	err_set(&e, EPERM, "mount");
	err_prefix(&e, "mounts[%d]", 3);
	assert_string_equal(e.msg, "mounts[3]: mount: operation not permitted");
	assert_int_equal(e.code, EPERM);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	err_msg(&e, "%s", longer);
	assert_int_equal(strlen(e.msg), sizeof(e.msg) - 1);
	/* An argument may be the message itself. */
	err_msg(&e, "inner");
	err_msg(&e, "outer: %s", e.msg);
	assert_string_equal(e.msg, "outer: inner");
}

static void error_keeps_errno(void **state)
{
	struct err e;

	(void)state;
	errno = EBADF;
	err_set(&e, EIO, "x");
	assert_int_equal(errno, EBADF);
}

static void numbers_are_whole(void **state)
{
	static const char *const bad[] = { "", " 1", "+1", "-1", "1 ", "0x", "1x", "18446744073709551616" };
	uint64_t v;
	int64_t i;

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(bad); k++)
		assert_int_equal(str_to_u64(bad[k], 10, UINT64_MAX, &v), -1);
	assert_int_equal(str_to_u64("18446744073709551615", 10, UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(str_to_u64("65536", 10, 65535, &v), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(str_to_i64("-1", &i), 0);
	assert_int_equal(i, -1);
	assert_int_equal(str_to_i64("--1", &i), -1);
	assert_int_equal(str_to_i64("9223372036854775808", &i), -1);
}

struct tree {
	char path[PATH_MAX];
	int fd;
};

static int make_tree(void **state)
{
	struct tree *t = calloc(1, sizeof(*t));
	const char *tmp = getenv("TMPDIR");

	snprintf(t->path, sizeof(t->path), "%s/sandrun-base-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = t;
	return 0;
}

static int remove_tree(void **state)
{
	struct tree *t = *state;
	autofree char *cmd = xasprintf("rm -rf '%s'", t->path);

	close(t->fd);
	assert_int_equal(system(cmd), 0);
	free(t);
	return 0;
}

static void paths_stay_below_the_root(void **state)
{
	struct tree *t = *state;
	struct stat st;

	/* A link that points to the host's /etc leads to the tree's own. */
	assert_int_equal(symlinkat("/etc", t->fd, "link"), 0);
	assert_int_equal(symlinkat("../../../../../../etc", t->fd, "dots"), 0);
	assert_true(file_open_in_root(t->fd, "link/passwd", O_RDONLY, 0) < 0);
	assert_true(file_open_in_root(t->fd, "dots/passwd", O_RDONLY, 0) < 0);
	assert_true(file_open_in_root(t->fd, "../../../../etc/passwd", O_RDONLY, 0) < 0);
	assert_int_equal(fstatat(t->fd, "etc", &st, 0), -1);
}

static void replaced_files_are_whole_or_not_there(void **state)
{
	struct tree *t = *state;
	autofd dir = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofree char *text = NULL;
	struct err e;
	size_t len;

	assert_int_equal(file_replace(dir, "f", "one", 3, 0600, &e), 0);
	assert_int_equal(file_replace(dir, "f", "three", 5, 0600, &e), 0);
	assert_int_equal(file_read(dir, "f", 100, &text, &len, &e), 0);
	assert_string_equal(text, "three");
	assert_int_equal(len, 5);
	assert_int_equal(file_read(dir, "f", 4, &text, &len, &e), -1);
	assert_int_equal(e.code, EFBIG);
	assert_int_equal(file_write(dir, "absent", "x", &e), -1);
	assert_int_equal(e.code, ENOENT);
}

static void descriptors_travel_and_extras_are_closed(void **state)
{
	char buf[16];
	int pair[2], got;
	struct stat a, b;
	struct err e;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], pair[1], "hello", 5, &e), 0);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got, &e), 5);
	assert_true(got >= 0);
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(got, &a) | fstat(pair[1], &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	close(got);
	close(pair[0]);
	assert_int_equal(fd_recv(pair[1], buf, sizeof(buf), &got, &e), 0);
	close(pair[1]);
}

/* A listening socket at @path, bound by way of its directory as the path may be too long to be bound. */
static int listen_at(const char *dir, const char *name)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	autofd d = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofd sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(d >= 0 && sock >= 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", d, name);
	assert_int_equal(bind(sock, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(sock, 4), 0);
	return fd_steal(&sock);
}

static void unix_sockets_connect_by_short_and_long_paths(void **state)
{
	struct tree *t = *state;
	autofree char *deep = xasprintf("%s/%0*d", t->path, 150, 0), *longer = xasprintf("%s/s", deep);
	autofree char *brief = xasprintf("%s/s", t->path), *absent = xasprintf("%s/absent", deep);
	struct err e;

	assert_int_equal(mkdir(deep, 0700), 0);
	{
		autofd a = listen_at(t->path, "s"), b = listen_at(deep, "s");
		autofd c = unixsock_connect(brief, SOCK_STREAM, &e), d = unixsock_connect(longer, SOCK_STREAM, &e);

		assert_true(a >= 0 && b >= 0 && c >= 0 && d >= 0);
		assert_true(fcntl(c, F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(unixsock_connect(longer, SOCK_STREAM, &e), -1); /* nobody listens any more */
	assert_int_equal(e.code, ECONNREFUSED);
	assert_int_equal(unixsock_connect(absent, SOCK_STREAM, &e), -1);
	assert_int_equal(e.code, ENOENT);
	assert_null(strcasestr(e.msg, "no such file"));
	assert_int_equal(unixsock_connect("", SOCK_STREAM, &e), -1);
	unlink(brief);
	unlink(longer);
	rmdir(deep);
}

static void log_is_one_json_object(void **state)
{
	struct tree *t = *state;
	autofree char *path = xasprintf("%s/log", t->path), *text = NULL;
	autofd saved = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct err e;

	assert_int_equal(log_open(path, LOG_FMT_JSON, &e), 0);
	err_text(&e, 0, "a \"quoted\"\nline \\ with \xff bad and \xc3\xa9 good bytes");
	dup2(null, 2);
	log_failure(&e);
	dup2(saved, 2);
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, NULL, &e), 0);
	assert_non_null(strstr(text, "{\"level\":\"error\",\"msg\":\"a \\\"quoted\\\" line \\\\ with ? bad and \xc3\xa9 good bytes\""));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void a_hierarchy_is_found_by_its_directory(void **state)
{
	static const char text[] = "12:cpu,cpuacct:/a\n5:name=systemd:/b\nno line\n3:cpuset:/c:d\n0::/e\n";
	static const struct {
		const char *name, *controllers, *path;
		bool v2;
	} rows[] = {
		{ "cpu,cpuacct", "cpu,cpuacct", "/a", false }, { "cpuacct,cpu", "cpu,cpuacct", "/a", false },
		{ "systemd", "name=systemd", "/b", false },    { "cpuset", "cpuset", "/c:d", false },
		{ "unified", "", "/e", true },		       { "cpu", NULL, NULL, false },
		{ "cpua,cpucct", NULL, NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *controllers = NULL, *path = NULL;

		assert_int_equal(cgroupfs_find(text, rows[i].name, rows[i].v2, &controllers, &path), rows[i].path != NULL);
		if (rows[i].path) {
			assert_string_equal(controllers, rows[i].controllers);
			assert_string_equal(path, rows[i].path);
		} else {
			assert_null(path);
		}
		free(controllers);
		free(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_says_errno_in_words),
		cmocka_unit_test(error_prefix_keeps_code_and_cuts),
		cmocka_unit_test(error_keeps_errno),
		cmocka_unit_test(numbers_are_whole),
		cmocka_unit_test_setup_teardown(paths_stay_below_the_root, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(replaced_files_are_whole_or_not_there, make_tree, remove_tree),
		cmocka_unit_test(descriptors_travel_and_extras_are_closed),
		cmocka_unit_test(a_hierarchy_is_found_by_its_directory),
		cmocka_unit_test_setup_teardown(unix_sockets_connect_by_short_and_long_paths, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(log_is_one_json_object, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
