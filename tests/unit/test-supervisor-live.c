// SPDX-License-Identifier: Apache-2.0
/* test-supervisor-live.c - a confined process and its supervisor: what is allowed feels native, what is not is refused */
#include <grp.h>
#include <sys/mount.h>

#include "sup-util.h"

static const char *const tcp_only[] = { "net-allow", "tcp://127.0.0.1:7001", NULL };
static const char *const all_kinds[] = { "net-allow", "tcp://127.0.0.1:7001 udp://127.0.0.1:7101 icmp://127.0.0.1",
					 "allow-icmp", "true", NULL };
static const char *const deny_some[] = { "net-deny", "10.9.0.2", NULL };
static int tcp_good, tcp_bad, udp_good, udp_bad, tcp_far;

static int setup(void **state)
{
	if (util_network(state) < 0)
		return -1;
	tcp_good = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	tcp_bad = util_server(SOCK_STREAM, "127.0.0.1", 7002);
	tcp_far = util_server(SOCK_STREAM, "10.9.0.2", 7001);
	udp_good = util_server(SOCK_DGRAM, "127.0.0.1", 7101);
	udp_bad = util_server(SOCK_DGRAM, "127.0.0.1", 7102);
	return 0;
}

/* --- TCP ---------------------------------------------------------------------------------------------------------- */

static int tcp_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002), peer;
	socklen_t len = sizeof(peer);
	int s;

	(void)arg;
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(s >= 0);
	CHECK(connect(s, SA(good)) == 0);
	CHECK(getpeername(s, (struct sockaddr *)&peer, &len) == 0 && peer.sin_port == good.sin_port);
	CHECK(send(s, "x", 1, 0) == 1);
	CHECK_ERRNO(connect(s, SA(good)), EISCONN);
	close(s);
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	CHECK(connect(s, SA(good)) == 0);
	close(s);
	/* Non-blocking. */
	s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	CHECK_ERRNO(connect(s, SA(good)), EINPROGRESS);
	{
		struct pollfd p = { .fd = s, .events = POLLOUT };
		int error = -1;

		CHECK(poll(&p, 1, limit_ms()) == 1);
		len = sizeof(error);
		CHECK(getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
	}
	close(s);
	return 0;
}

static void test_tcp_only(void **state)
{
	static struct util_result r;

	(void)state;
	util_run(tcp_only, NULL, tcp_body, NULL, &r);
	assert_int_equal(util_arrived(tcp_good), 3);
	assert_int_equal(util_arrived(tcp_bad), 0);
	assert_int_equal(r.denied, 1);
	assert_non_null(strstr(r.log, "\"call\":\"connect\",\"destination\":\"tcp://127.0.0.1:7002\""));
	assert_non_null(strstr(r.log, "\"error\":\"ECONNREFUSED\""));
}

static void test_tcp_all_kinds(void **state)
{
	(void)state;
	util_run(all_kinds, NULL, tcp_body, NULL, NULL);
	assert_int_equal(util_arrived(tcp_good), 3);
	assert_int_equal(util_arrived(tcp_bad), 0);
}

static void test_tcp_without_landlock(void **state)
{
	struct util_options o = { .no_landlock = true };

	(void)state;
	util_run(tcp_only, &o, tcp_body, NULL, NULL);
	assert_int_equal(util_arrived(tcp_good), 3);
	assert_int_equal(util_arrived(tcp_bad), 0);
}

static int deny_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("10.9.0.2", 7001);
	struct sockaddr_in6 mapped = util_v6("::ffff:10.9.0.2", 7001);
	int s = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	CHECK(connect(s, SA(good)) == 0);
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	s = socket(AF_INET6, SOCK_STREAM, 0);
	CHECK_ERRNO(connect(s, SA(mapped)), ECONNREFUSED);
	return 0;
}

static void test_deny_mode(void **state)
{
	static struct util_result r;

	(void)state;
	util_run(deny_some, NULL, deny_body, NULL, &r);
	assert_int_equal(util_arrived(tcp_good), 1);
	assert_int_equal(util_arrived(tcp_far), 0);
	assert_int_equal(r.denied, 2);
}

/* --- UDP and ICMP ----------------------------------------------------------------------------------------------------- */

static int udp_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7101), bad = util_v4("127.0.0.1", 7102);
	struct iovec iov[2] = { { (void *)(uintptr_t)"ab", 2 }, { (void *)(uintptr_t)"cd", 2 } };
	struct msghdr m = { .msg_name = &good, .msg_namelen = sizeof(good), .msg_iov = iov, .msg_iovlen = 2 };
	struct mmsghdr mm[4] = { 0 };
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	(void)arg;
	CHECK(s >= 0);
	CHECK(sendto(s, "hello", 5, 0, SA(good)) == 5);
	CHECK_ERRNO(sendto(s, "hello", 5, 0, SA(bad)), ECONNREFUSED);
	CHECK(sendmsg(s, &m, 0) == 4);
	m.msg_name = &bad;
	CHECK_ERRNO(sendmsg(s, &m, 0), ECONNREFUSED);
	m.msg_name = &good;
	for (int i = 0; i < 4; i++)
		mm[i].msg_hdr = m;
	CHECK(sendmmsg(s, mm, 4, 0) == 4);
	CHECK(mm[0].msg_len == 4 && mm[3].msg_len == 4);
	mm[2].msg_hdr.msg_name = &bad;
	CHECK(sendmmsg(s, mm, 4, 0) == 2);
	CHECK_ERRNO(sendmmsg(s, mm + 2, 2, 0), ECONNREFUSED);
	/* Connected. */
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	CHECK(connect(s, SA(good)) == 0);
	CHECK(send(s, "x", 1, 0) == 1);
	CHECK(write(s, "x", 1) == 1);
	m.msg_name = NULL;
	CHECK(sendmsg(s, &m, 0) == 4);
	CHECK_ERRNO(sendto(s, "hello", 5, 0, SA(bad)), ECONNREFUSED);
	{
		struct sockaddr un = { .sa_family = AF_UNSPEC };

		CHECK(connect(s, &un, sizeof(un)) == 0);
		CHECK_ERRNO(send(s, "x", 1, 0), EDESTADDRREQ);
	}
	/* The family that a UDP send makes IPv4 of. */
	bad.sin_family = AF_UNSPEC;
	CHECK_ERRNO(sendto(s, "hello", 5, 0, SA(bad)), ECONNREFUSED);
	good.sin_family = AF_UNSPEC;
	CHECK(sendto(s, "hello", 5, 0, SA(good)) == 5);
	return 0;
}

static void test_udp(void **state)
{
	static struct util_result r;

	(void)state;
	util_run(all_kinds, NULL, udp_body, NULL, &r);
	assert_int_equal(util_arrived(udp_good), 1 + 1 + 4 + 2 + 3 + 1);
	assert_int_equal(util_arrived(udp_bad), 0);
	assert_int_equal(r.denied, 7);
}

static int icmp_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 0), bad = util_v4("10.9.0.2", 0);
	uint8_t echo[16] = { 8 };
	int s = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	(void)arg;
	CHECK(s >= 0);
	CHECK(sendto(s, echo, sizeof(echo), 0, SA(good)) == sizeof(echo));
	CHECK(recv(s, echo, sizeof(echo), 0) == sizeof(echo) && echo[0] == 0);
	echo[0] = 8;
	CHECK_ERRNO(sendto(s, echo, sizeof(echo), 0, SA(bad)), ECONNREFUSED);
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	CHECK(connect(s, SA(good)) == 0);
	CHECK(send(s, echo, sizeof(echo), 0) == sizeof(echo));
	return 0;
}

static void test_icmp(void **state)
{
	struct util_options o = { .bpf = true };

	(void)state;
	util_run(all_kinds, NULL, icmp_body, NULL, NULL);
	util_run(all_kinds, &o, icmp_body, NULL, NULL);
}

/* --- sockets that cannot be -------------------------------------------------------------------------------------------- */

static int sockets_body(void *arg)
{
	int sv[2];

	(void)arg;
	CHECK(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	CHECK(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP) >= 0);
	CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, 262), EPROTONOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP), EACCES);
	CHECK_ERRNO(socket(AF_INET, SOCK_SEQPACKET, 0), EACCES);
	CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE), EACCES);
	CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), EACCES);
	CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EACCES);
	CHECK_ERRNO(socket(AF_PACKET, SOCK_RAW, 0), EACCES);
	CHECK_ERRNO(socket(AF_VSOCK, SOCK_STREAM, 0), EACCES);
	CHECK_ERRNO(syscall(425, 1, NULL), ENOSYS);
	CHECK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP) >= 0);
	CHECK(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sv) == 0);
#if defined(__x86_64__)
	CHECK_ERRNO(syscall(0x40000000 | SYS_connect, 0, NULL, 0), ENOSYS);
#endif
	return 0;
}

static void test_sockets(void **state)
{
	(void)state;
	util_run(tcp_only, NULL, sockets_body, NULL, NULL);
}

/* --- AF_UNIX ---------------------------------------------------------------------------------------------------------- */

static void *sleep_for_good(void *arg)
{
	pause();
	return arg;
}

/* Who calls; with threads the call may be on behalf, and the other side then sees no pid. */
enum unix_caller { ALONE, THREADS, ON_BEHALF };

static int unix_body(void *arg)
{
	bool threads = *(enum unix_caller *)arg != ALONE, true_pid = *(enum unix_caller *)arg != ON_BEHALF;
	struct sockaddr_un path = { .sun_family = AF_UNIX }, abstract = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/sup-unix-XXXXXX", rel[] = "rel.sock";
	int server, s, a, fds[2], got = -1;
	struct ucred u;
	socklen_t len = sizeof(u);
	pthread_t t;
	struct err e;
	char buf[8];

	if (threads)
		CHECK(pthread_create(&t, NULL, sleep_for_good, NULL) == 0);
	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	strcpy(path.sun_path, rel);
	server = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(bind(server, SA(path)) == 0 && listen(server, 4) == 0);
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK(connect(s, SA(path)) == 0);
	a = accept(server, NULL, NULL);
	CHECK(a >= 0);
	CHECK(getsockopt(a, SOL_SOCKET, SO_PEERCRED, &u, &len) == 0);
	CHECK(u.uid == getuid() && u.gid == getgid() && (!true_pid || u.pid == getpid()));
	/* A descriptor, and who sent it. */
	{
		int one = 1;

		CHECK(setsockopt(a, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) == 0);
	}
	CHECK(pipe(fds) == 0);
	CHECK(fd_send(s, fds[1], "fd", 2, &e) == 0);
	{
		union {
			struct cmsghdr align;
			char buf[256];
		} control = { 0 };
		struct iovec iov = { buf, sizeof(buf) };
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
				    .msg_controllen = sizeof(control.buf) };
		bool creds = false;

		CHECK(recvmsg(a, &m, 0) == 2);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			if (c->cmsg_type == SCM_RIGHTS)
				memcpy(&got, CMSG_DATA(c), sizeof(int));
			if (c->cmsg_type == SCM_CREDENTIALS) {
				memcpy(&u, CMSG_DATA(c), sizeof(u));
				creds = (u.pid == getpid() || (!true_pid && util_rootless())) && u.uid == getuid();
			}
		}
		CHECK(creds);
	}
	CHECK(got >= 0 && write(got, "y", 1) == 1 && read(fds[0], buf, 1) == 1 && buf[0] == 'y');
	/* Abstract, datagrams. */
	memcpy(abstract.sun_path, "\0sup-test", 9);
	server = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(bind(server, SA(abstract)) == 0);
	s = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(sendto(s, "hi", 2, 0, SA(abstract)) == 2);
	CHECK(recv(server, buf, sizeof(buf), 0) == 2);
	strcpy(path.sun_path, "nothing");
	CHECK_ERRNO(connect(socket(AF_UNIX, SOCK_STREAM, 0), SA(path)), ENOENT);
	unlink(rel);
	(void)!chdir("/");
	rmdir(dir);
	return 0;
}

static void test_unix_native(void **state)
{
	enum unix_caller caller = ALONE;

	(void)state;
	util_run(tcp_only, NULL, unix_body, &caller, NULL);
}

static void test_unix_alone(void **state)
{
	enum unix_caller caller = ALONE;

	(void)state;
	util_run(all_kinds, NULL, unix_body, &caller, NULL);
}

static void test_unix_on_behalf(void **state)
{
	enum unix_caller caller = ON_BEHALF;

	(void)state;
	util_run(all_kinds, NULL, unix_body, &caller, NULL);
}

static void become_somebody(void *arg)
{
	(void)arg;
	if (setgroups(1, &(gid_t){ 4242 }) < 0 || setresgid(4343, 4343, 4343) < 0 || setresuid(4444, 4444, 4444) < 0)
		_exit(255);
}

static int closed_socket_body(void *arg)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	pthread_t t;

	CHECK(pthread_create(&t, NULL, sleep_for_good, NULL) == 0);
	strcpy(un.sun_path, arg);
	CHECK_ERRNO(connect(socket(AF_UNIX, SOCK_STREAM, 0), SA(un)), EACCES);
	return 0;
}

/* In a pid namespace that both see, "self" is whoever asks: it must not be somebody whose root is the host's. */
static int magic_link_body(void *arg)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	pthread_t t;

	CHECK(pthread_create(&t, NULL, sleep_for_good, NULL) == 0);
	strcpy(un.sun_path, "/proc/self/root/sock");
	CHECK(connect(socket(AF_UNIX, SOCK_STREAM, 0), SA(un)) == 0);
	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/root%s/sock", (char *)arg);
	CHECK_ERRNO(connect(socket(AF_UNIX, SOCK_STREAM, 0), SA(un)), ENOENT);
	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/cwd/../../../../../../..%s/sock", (char *)arg);
	CHECK_ERRNO(connect(socket(AF_UNIX, SOCK_STREAM, 0), SA(un)), ENOENT);
	return 0;
}

static void enter_root(void *arg)
{
	char proc[80];

	snprintf(proc, sizeof(proc), "%s/proc", (char *)arg);
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || (mkdir(proc, 0755) < 0 && errno != EEXIST) ||
	    mount("/proc", proc, NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(arg) < 0 || chdir("/") < 0)
		_exit(255);
}

/* Another user than the supervisor's: its ids are what others see, and its rights are what counts. */
static void test_unix_other_user(void **state)
{
	struct util_options o = { .before = become_somebody }, rooted = { .before = enter_root };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	enum unix_caller caller = ON_BEHALF;
	char path[] = "/tmp/sup-closed-XXXXXX";
	int s;

	(void)state;
	if (geteuid() != 0 || util_rootless())
		skip();
	util_run(all_kinds, &o, unix_body, &caller, NULL);
	assert_non_null(mkdtemp(path)); /* 0700, root's */
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/sock", path);
	s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s, SA(un)), 0);
	assert_int_equal(listen(s, 1), 0);
	util_run(all_kinds, &o, closed_socket_body, un.sun_path, NULL);
	util_run(all_kinds, &rooted, magic_link_body, path, NULL);
	close(s);
	unlink(un.sun_path);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s/proc", path);
	rmdir(un.sun_path);
	rmdir(path);
}

/* --- with the cgroup program ------------------------------------------------------------------------------------------ */

static const char *const tcp_udp[] = { "net-allow", "tcp://127.0.0.1:7001 udp://127.0.0.1:7101", NULL };

static void test_bpf(void **state)
{
	struct util_options o = { .bpf = true };
	static struct util_result r;
	enum unix_caller caller = THREADS;

	(void)state;
	util_run(tcp_udp, &o, udp_body, NULL, &r);
	assert_int_equal(util_arrived(udp_good), 1 + 1 + 4 + 2 + 3 + 1);
	assert_int_equal(util_arrived(udp_bad), 0);
	assert_int_equal(r.denied, 7);
	assert_non_null(strstr(r.log, "\"call\":\"sendto\",\"destination\":\"udp://127.0.0.1:7102\""));
	util_run(tcp_udp, &o, tcp_body, NULL, &r);
	assert_int_equal(util_arrived(tcp_good), 3);
	assert_int_equal(util_arrived(tcp_bad), 0);
	util_run(tcp_udp, &o, unix_body, &caller, NULL);
	util_run(all_kinds, &o, unix_body, &caller, NULL);
	util_run(deny_some, &o, unix_body, &caller, NULL);
	util_run(deny_some, &o, deny_body, NULL, &r);
	assert_int_equal(util_arrived(tcp_far), 0);
	assert_int_equal(util_arrived(tcp_good), 1);
	assert_int_equal(r.denied, 2);
	assert_non_null(strstr(r.log, "\"call\":\"connect\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_only),
		cmocka_unit_test(test_tcp_all_kinds),
		cmocka_unit_test(test_tcp_without_landlock),
		cmocka_unit_test(test_deny_mode),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_unix_native),
		cmocka_unit_test(test_unix_alone),
		cmocka_unit_test(test_unix_on_behalf),
		cmocka_unit_test(test_unix_other_user),
		cmocka_unit_test(test_bpf),
	};

	return cmocka_run_group_tests_name("supervisor live", tests, setup, NULL);
}
