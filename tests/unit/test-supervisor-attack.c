// SPDX-License-Identifier: Apache-2.0
/* test-supervisor-attack.c - the known ways in: none of them gets a packet to an unlisted destination */
#include <linux/userfaultfd.h>

#include "sup-util.h"

#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

static const char *const tcp_only[] = { "net-allow", "tcp://127.0.0.1:7001", NULL };
static const char *const all_kinds[] = { "net-allow", "tcp://127.0.0.1:7001 udp://127.0.0.1:7101 icmp://127.0.0.1",
					 "allow-icmp", "true", NULL };
static const char *const tcp_and_udp[] = { "net-allow", "tcp://127.0.0.1:7001 udp://127.0.0.1:7101", NULL };
static int tcp_good, tcp_bad, udp_good, udp_bad;

static int setup(void **state)
{
	if (util_network(state) < 0)
		return -1;
	tcp_good = util_server(SOCK_STREAM, "127.0.0.1", 7001);
	tcp_bad = util_server(SOCK_STREAM, "127.0.0.1", 7002);
	udp_good = util_server(SOCK_DGRAM, "127.0.0.1", 7101);
	udp_bad = util_server(SOCK_DGRAM, "127.0.0.1", 7102);
	return 0;
}

static void assert_nothing_denied_arrived(void)
{
	assert_int_equal(util_arrived(tcp_bad), 0);
	assert_int_equal(util_arrived(udp_bad), 0);
	util_arrived(tcp_good);
	util_arrived(udp_good);
}

/* --- flips ------------------------------------------------------------------------------------------------------------- */

struct flip {
	_Alignas(64) struct sockaddr_storage addr;
	struct sockaddr_storage a, b;
	int fd, fd_a, fd_b; /* dup2'ed onto fd in turn, if fd >= 0 */
	_Atomic bool stop;
};

static void *flipper(void *arg)
{
	struct flip *f = arg;

	while (!atomic_load(&f->stop)) {
		memcpy(&f->addr, &f->a, 16);
		if (f->fd >= 0)
			dup2(f->fd_a, f->fd);
		memcpy(&f->addr, &f->b, 16);
		if (f->fd >= 0)
			dup2(f->fd_b, f->fd);
	}
	return NULL;
}

static int flip_address_body(void *arg)
{
	static struct flip f = { .fd = -1 };
	struct iovec iov = { (void *)(uintptr_t)"x", 1 };
	struct msghdr m = { .msg_name = &f.addr, .msg_namelen = 16, .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mm[2] = { { .msg_hdr = m }, { .msg_hdr = m } };
	struct sockaddr_in udp[2] = { util_v4("127.0.0.1", 7101), util_v4("127.0.0.1", 7102) };
	struct sockaddr_in tcp[2] = { util_v4("127.0.0.1", 7001), util_v4("127.0.0.1", 7002) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned int sent = 0;
	pthread_t t;

	(void)arg;
	memcpy(&f.a, &udp[0], 16);
	memcpy(&f.b, &udp[1], 16);
	CHECK(pthread_create(&t, NULL, flipper, &f) == 0);
	for (int i = 0; i < 20000; i++) {
		sent += sendto(s, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&f.addr, 16) == 1;
		sent += sendmsg(s, &m, MSG_DONTWAIT) == 1;
		sent += sendmmsg(s, mm, 2, MSG_DONTWAIT) > 0;
		if (i % 16 == 0 && connect(s, (struct sockaddr *)&f.addr, 16) == 0)
			send(s, "x", 1, MSG_DONTWAIT);
	}
	f.stop = true;
	pthread_join(t, NULL);
	f.stop = false;
	memcpy(&f.a, &tcp[0], 16);
	memcpy(&f.b, &tcp[1], 16);
	CHECK(pthread_create(&t, NULL, flipper, &f) == 0);
	for (int i = 0; i < 4000; i++) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		sent += connect(s, (struct sockaddr *)&f.addr, 16) == 0;
		close(s);
	}
	f.stop = true;
	pthread_join(t, NULL);
	CHECK(sent > 100);
	return 0;
}

static void test_flip_address(void **state)
{
	(void)state;
	util_run(all_kinds, NULL, flip_address_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

static const struct util_options with_bpf = { .bpf = true };

static void test_flip_address_bpf(void **state)
{
	(void)state;
	util_run(all_kinds, &with_bpf, flip_address_body, NULL, NULL);
	assert_nothing_denied_arrived();
	util_run(tcp_and_udp, &with_bpf, flip_address_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

/* The descriptor turns from an AF_UNIX into an internet socket while the address turns, too. */
static int flip_descriptor_body(void *arg)
{
	bool udp = *(bool *)arg;
	struct sockaddr_in bad = util_v4("127.0.0.1", udp ? 7102 : 7002);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	static struct flip f;
	struct iovec iov = { (void *)(uintptr_t)"x", 1 };
	struct msghdr m = { .msg_name = &f.addr, .msg_namelen = 16, .msg_iov = &iov, .msg_iovlen = 1 };
	int server = socket(AF_UNIX, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	pthread_t t;

	memcpy(un.sun_path, "\0flip-123456789", 14);
	CHECK(bind(server, (struct sockaddr *)&un, 16) == 0);
	if (!udp)
		CHECK(listen(server, 4096) == 0);
	memcpy(&f.a, &un, 16);
	memcpy(&f.b, &bad, 16);
	f.fd_a = socket(AF_UNIX, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	f.fd_b = socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	CHECK(f.fd_a >= 0 && f.fd_b >= 0);
	f.fd = dup(f.fd_a);
	CHECK(pthread_create(&t, NULL, flipper, &f) == 0);
	for (int i = 0; i < 20000; i++) {
		char buf[8];

		if (udp) {
			sendto(f.fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&f.addr, 16);
			sendmsg(f.fd, &m, MSG_DONTWAIT);
			while (recv(server, buf, sizeof(buf), MSG_DONTWAIT) > 0)
				;
		} else {
			connect(f.fd, (struct sockaddr *)&f.addr, 16);
		}
	}
	f.stop = true;
	pthread_join(t, NULL);
	return 0;
}

static void test_flip_descriptor_udp(void **state)
{
	bool udp = true;

	(void)state;
	util_run(all_kinds, NULL, flip_descriptor_body, &udp, NULL);
	assert_nothing_denied_arrived();
}

static void test_flip_descriptor_tcp(void **state)
{
	bool udp = false;

	(void)state;
	if (confine_landlock_abi() < 4)
		skip();
	util_run(tcp_only, NULL, flip_descriptor_body, &udp, NULL);
	assert_nothing_denied_arrived();
}

/* With the cgroup program these continue, for the kernel judges. */
static void test_flip_descriptor_bpf(void **state)
{
	(void)state;
	for (int udp = 0; udp < 2; udp++) {
		bool arg = udp;

		util_run(all_kinds, &with_bpf, flip_descriptor_body, &arg, NULL);
		assert_nothing_denied_arrived();
		util_run(tcp_and_udp, &with_bpf, flip_descriptor_body, &arg, NULL);
		assert_nothing_denied_arrived();
	}
}

/* A UDP socket, whose sends continue, turns into one that may send echo requests. @arg: its type. */
static int flip_to_icmp_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7101), bad = util_v4("127.0.0.1", 7101);
	static struct flip f;
	uint8_t echo[16] = { 8 };
	struct iovec iov = { echo, sizeof(echo) };
	struct msghdr m = { .msg_name = &f.addr, .msg_namelen = 16, .msg_iov = &iov, .msg_iovlen = 1 };
	pthread_t t;

	inet_pton(AF_INET, "10.9.0.2", &bad.sin_addr);
	memcpy(&f.a, &good, 16);
	memcpy(&f.b, &bad, 16);
	f.fd_a = socket(AF_INET, SOCK_DGRAM, 0);
	f.fd_b = socket(AF_INET, *(int *)arg, IPPROTO_ICMP);
	CHECK(f.fd_a >= 0 && f.fd_b >= 0);
	f.fd = dup(f.fd_a);
	CHECK(pthread_create(&t, NULL, flipper, &f) == 0);
	for (int i = 0; i < 20000; i++) {
		sendto(f.fd, echo, sizeof(echo), MSG_DONTWAIT, (struct sockaddr *)&f.addr, 16);
		sendmsg(f.fd, &m, MSG_DONTWAIT);
		if (i % 64 == 0 && *(int *)arg == SOCK_RAW && connect(f.fd_b, SA(bad)) == 0)
			CHECK_ERRNO(write(f.fd_b, echo, sizeof(echo)), EPERM);
	}
	f.stop = true;
	pthread_join(t, NULL);
	return 0;
}

static int count_echo_requests(int s, const char *to, unsigned int *others)
{
	uint8_t buf[256];
	uint32_t addr;
	int n = 0;

	inet_pton(AF_INET, to, &addr);
	*others = 0;
	for (ssize_t r; (r = recv(s, buf, sizeof(buf), MSG_DONTWAIT)) > 0;) {
		if (r < 28 || buf[20] != 8)
			continue;
		if (memcmp(buf + 16, &addr, 4) == 0)
			n++;
		else
			(*others)++;
	}
	return n;
}

static void test_flip_to_icmp_bpf(void **state)
{
	int watch = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), types[] = { SOCK_DGRAM, SOCK_RAW }, size = 1 << 24;
	unsigned int allowed;

	(void)state;
	if (watch < 0)
		skip();
	setsockopt(watch, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (int i = 0; i < 2; i++) {
		util_run(all_kinds, &with_bpf, flip_to_icmp_body, &types[i], NULL);
		assert_int_equal(count_echo_requests(watch, "10.9.0.2", &allowed), 0);
		assert_true(allowed > 0);
	}
	close(watch);
	assert_nothing_denied_arrived();
}

/* --- slow pages ------------------------------------------------------------------------------------------------------------ */

static _Atomic int slow_ended;

static void *touch_slow(void *page)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	connect(s, page, 16);
	atomic_fetch_add(&slow_ended, 1);
	return NULL;
}

static void *write_slow(void *arg)
{
	void **v = arg;

	(void)!write(*(int *)v[0], v[1], 16);
	return NULL;
}

static void *connect_locked(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);

	connect(*(int *)arg, SA(good));
	atomic_fetch_add(&slow_ended, 1);
	return NULL;
}

static int slow_page_body(void *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);
	int u = (int)syscall(SYS_userfaultfd, O_CLOEXEC), s;
	char *pages = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static int locked;
	static void *v[2];
	int64_t t0;

	(void)arg;
	if (u < 0)
		return 0; /* not here; FUSE would be the other way */
	CHECK(ioctl(u, UFFDIO_API, &api) == 0);
	reg.range.start = (uintptr_t)pages;
	reg.range.len = 64 * 4096;
	CHECK(ioctl(u, UFFDIO_REGISTER, &reg) == 0);
	for (int i = 0; i < 12; i++) {
		pthread_t t;

		CHECK(pthread_create(&t, NULL, touch_slow, pages + i * 4096) == 0);
	}
	/* A socket whose lock is held by a write of such a page. */
	locked = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(locked, SA(good)) == 0);
	v[0] = &locked;
	v[1] = pages + 40 * 4096;
	{
		pthread_t t;

		CHECK(pthread_create(&t, NULL, write_slow, v) == 0);
		usleep(20000);
		CHECK(pthread_create(&t, NULL, connect_locked, &locked) == 0);
	}
	usleep(20000);
	t0 = util_now_us();
	for (int i = 0; i < 20; i++) {
		s = socket(AF_INET, SOCK_STREAM, 0);
		CHECK(connect(s, SA(good)) == 0);
		close(s);
	}
	fprintf(stderr, "  20 connects beside 13 stuck callers: %lld us\n", (long long)(util_now_us() - t0));
	CHECK(atomic_load(&slow_ended) == 0); /* nobody waited for them */
	return 0;
}

static void test_slow_pages(void **state)
{
	(void)state;
	util_run(tcp_only, NULL, slow_page_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

/* --- other doors ------------------------------------------------------------------------------------------------------------ */

static int fastopen_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002);
	struct iovec iov = { (void *)(uintptr_t)"hello", 5 };
	struct msghdr m = { .msg_name = &bad, .msg_namelen = sizeof(bad), .msg_iov = &iov, .msg_iovlen = 1 };
	struct mmsghdr mm = { .msg_hdr = m };
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)arg;
	CHECK_ERRNO(sendto(s, "hello", 5, MSG_FASTOPEN, SA(bad)), ECONNREFUSED);
	CHECK_ERRNO(sendmsg(s, &m, MSG_FASTOPEN), ECONNREFUSED);
	CHECK_ERRNO(sendmmsg(s, &mm, 1, MSG_FASTOPEN), ECONNREFUSED);
	CHECK(sendto(s, "hello", 5, MSG_FASTOPEN, SA(good)) == 5);
	s = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(setsockopt(s, IPPROTO_TCP, 30 /* TCP_FASTOPEN_CONNECT */, &one, sizeof(one)) == 0);
	CHECK_ERRNO(connect(s, SA(bad)), ECONNREFUSED);
	CHECK(connect(s, SA(good)) == 0 && write(s, "hello", 5) == 5);
	return 0;
}

static void test_fastopen(void **state)
{
	(void)state;
	util_run(tcp_only, NULL, fastopen_body, NULL, NULL);
	assert_nothing_denied_arrived();
	util_run(all_kinds, NULL, fastopen_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

static void test_fastopen_bpf(void **state)
{
	(void)state;
	util_run(tcp_and_udp, &with_bpf, fastopen_body, NULL, NULL);
	assert_nothing_denied_arrived();
	util_run(all_kinds, &with_bpf, fastopen_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

static int forms_body(void *arg)
{
	struct sockaddr_in6 mapped = util_v6("::ffff:127.0.0.1", 7102), any = util_v6("::", 7102);
	struct sockaddr_in zero = util_v4("0.0.0.0", 7002), on_six = util_v4("127.0.0.1", 7102);
	uint8_t route[12] = { 131, 11, 4, 127, 0, 0, 1, 127, 0, 0, 1, 0 }; /* LSRR */
	int s = socket(AF_INET6, SOCK_DGRAM, 0), one = 1;
	union {
		struct cmsghdr align;
		char buf[64];
	} control = { 0 };
	struct sockaddr_in good = util_v4("127.0.0.1", 7101);
	struct iovec iov = { (void *)(uintptr_t)"x", 1 };
	struct msghdr m = { .msg_name = &good, .msg_namelen = sizeof(good), .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control.buf, .msg_controllen = CMSG_SPACE(12) };

	(void)arg;
	CHECK_ERRNO(sendto(s, "x", 1, 0, SA(mapped)), ECONNREFUSED);
	CHECK_ERRNO(sendto(s, "x", 1, 0, SA(any)), ECONNREFUSED);
	CHECK_ERRNO(sendto(s, "x", 1, 0, SA(on_six)), ECONNREFUSED);
	CHECK_ERRNO(connect(s, SA(on_six)), ECONNREFUSED);
	CHECK_ERRNO(connect(socket(AF_INET, SOCK_STREAM, 0), SA(zero)), ECONNREFUSED);
	/* Source routes, by option and by control message. */
	s = socket(AF_INET, SOCK_DGRAM, 0);
	CHECK_ERRNO(setsockopt(s, IPPROTO_IP, IP_OPTIONS, route, sizeof(route)), EPERM);
	CHECK_ERRNO(setsockopt(s, IPPROTO_IP, IP_HDRINCL, &one, sizeof(one)), EPERM);
	CHECK_ERRNO(setsockopt(s, IPPROTO_SCTP, 110, &one, sizeof(one)), EPERM);
	CHECK_ERRNO(setsockopt(s, IPPROTO_IPV6, IPV6_RTHDR, route, sizeof(route)), EPERM);
	CHECK_ERRNO(setsockopt(socket(AF_INET, SOCK_STREAM, 0), IPPROTO_TCP, 31, "smc", 3), EPERM);
	control.align.cmsg_level = IPPROTO_IP;
	control.align.cmsg_type = IP_RETOPTS;
	control.align.cmsg_len = CMSG_LEN(12);
	memcpy(CMSG_DATA(&control.align), route, 12);
	CHECK_ERRNO(sendmsg(s, &m, 0), EPERM);
	control.align.cmsg_type = IP_TTL;
	control.align.cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(&control.align), &(int){ 9 }, 4);
	m.msg_controllen = CMSG_SPACE(4);
	CHECK(sendmsg(s, &m, 0) == 1);
	return 0;
}

static void test_forms(void **state)
{
	(void)state;
	util_run(all_kinds, NULL, forms_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

/* The errnos of wrong arguments: first natively, then confined. */
static int errno_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);
	struct msghdr m = { .msg_iovlen = 2000 };
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);
	void *bad = (void *)8;

	(void)arg;
	CHECK_ERRNO(connect(999, SA(good)), EBADF);
	CHECK_ERRNO(connect(-1, SA(good)), EBADF);
	CHECK_ERRNO(connect(0, SA(good)), ENOTSOCK);
	CHECK_ERRNO(connect(t, bad, 16), EFAULT);
	CHECK_ERRNO(connect(t, (struct sockaddr *)&good, 0xffffffffu), EINVAL);
	CHECK_ERRNO(connect(t, (struct sockaddr *)&good, 129), EINVAL);
	CHECK_ERRNO(connect(t, (struct sockaddr *)&good, 8), EINVAL);
	CHECK_ERRNO(connect(t, (struct sockaddr *)&good, 0), EINVAL);
	good.sin_family = AF_INET6;
	CHECK_ERRNO(connect(t, SA(good)), EAFNOSUPPORT);
	good.sin_family = AF_UNIX;
	CHECK_ERRNO(connect(u, SA(good)), EAFNOSUPPORT);
	CHECK_ERRNO(sendto(u, "x", 1, 0, SA(good)), EAFNOSUPPORT);
	good.sin_family = AF_INET;
	good.sin_port = htons(7101);
	CHECK_ERRNO(sendto(u, "x", 1, 0, (struct sockaddr *)&good, 4), EINVAL);
	CHECK_ERRNO(sendto(u, "x", 1, 0, (struct sockaddr *)&good, 200), EINVAL);
	CHECK_ERRNO(sendto(u, bad, 1, 0, SA(good)), EFAULT);
	CHECK_ERRNO(sendto(u, "x", 1, 0, bad, 16), EFAULT);
	CHECK_ERRNO(sendto(999, "x", 1, 0, SA(good)), EBADF);
	CHECK_ERRNO(sendto(0, "x", 1, 0, SA(good)), ENOTSOCK);
	CHECK_ERRNO(sendmsg(u, bad, 0), EFAULT);
	CHECK_ERRNO(sendmsg(u, &m, 0), EMSGSIZE);
	m.msg_iovlen = 2;
	CHECK_ERRNO(sendmsg(u, &m, 0), EFAULT);
	m.msg_iovlen = 0;
	CHECK_ERRNO(sendmsg(u, &m, 0), EDESTADDRREQ);
	CHECK_ERRNO(sendmmsg(u, bad, 2, 0), EFAULT);
	CHECK(sendmmsg(u, bad, 0, 0) == 0);
	{
		static char big[70000];

		CHECK_ERRNO(sendto(u, big, sizeof(big), 0, SA(good)), EMSGSIZE);
		CHECK_ERRNO(sendto(u, big, 65535, 0, SA(good)), EMSGSIZE);
		CHECK(sendto(u, big, 0, 0, SA(good)) == 0);
	}
	return 0;
}

static void test_errnos(void **state)
{
	(void)state;
	assert_int_equal(errno_body(NULL), 0);
	util_run(all_kinds, NULL, errno_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

static void test_errnos_bpf(void **state)
{
	(void)state;
	util_run(all_kinds, &with_bpf, errno_body, NULL, NULL);
	util_run(tcp_and_udp, &with_bpf, errno_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

/* --- 32-bit -------------------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static long int80(long nr, long a, long b, long c, long d, long e)
{
	long r;

	__asm__ volatile("push %%rbp; xor %%ebp, %%ebp; int $0x80; pop %%rbp"
			 : "=a"(r)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)r;
}

static int compat_body(void *arg)
{
	struct {
		uint32_t words[6];
		struct sockaddr_in good, bad, udp_bad;
		uint32_t msg[7], iov[2];
		char data[8];
	} *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long s, u;
#define LOW(x) ((uint32_t)(uintptr_t)(x))

	(void)arg;
	CHECK(low != MAP_FAILED);
	low->good = util_v4("127.0.0.1", 7001);
	low->bad = util_v4("127.0.0.1", 7002);
	low->udp_bad = util_v4("127.0.0.1", 7102);
	if (int80(20 /* getpid */, 0, 0, 0, 0, 0) != getpid())
		return 0; /* a kernel without 32-bit calls */
	memcpy(low->words, (uint32_t[]){ AF_INET, SOCK_STREAM, 0 }, 12);
	s = int80(102, 1, LOW(low->words), 0, 0, 0);
	CHECK(s >= 0);
	memcpy(low->words, (uint32_t[]){ (uint32_t)s, LOW(&low->bad), 16 }, 12);
	CHECK(int80(102, 3, LOW(low->words), 0, 0, 0) == -ECONNREFUSED);
	CHECK(int80(362, s, LOW(&low->bad), 16, 0, 0) == -ECONNREFUSED);
	memcpy(low->words, (uint32_t[]){ (uint32_t)s, LOW(&low->good), 16 }, 12);
	CHECK(int80(102, 3, LOW(low->words), 0, 0, 0) == 0);
	memcpy(low->words, (uint32_t[]){ AF_INET, SOCK_RAW, IPPROTO_RAW }, 12);
	CHECK(int80(102, 1, LOW(low->words), 0, 0, 0) == -EACCES);
	CHECK(int80(359, AF_INET, SOCK_STREAM, 262, 0, 0) == -EPROTONOSUPPORT);
	CHECK(int80(425, 1, 0, 0, 0, 0) == -ENOSYS);
	/* sendto and sendmsg, through both doors. */
	u = int80(359, AF_INET, SOCK_DGRAM, 0, 0, 0);
	CHECK(u >= 0);
	memcpy(low->words, (uint32_t[]){ (uint32_t)u, LOW(low->data), 4, 0, LOW(&low->udp_bad), 16 }, 24);
	CHECK(int80(102, 11, LOW(low->words), 0, 0, 0) == -ECONNREFUSED);
	low->iov[0] = LOW(low->data);
	low->iov[1] = 4;
	low->msg[0] = LOW(&low->udp_bad);
	low->msg[1] = 16;
	low->msg[2] = LOW(low->iov);
	low->msg[3] = 1;
	CHECK(int80(370, u, LOW(low->msg), 0, 0, 0) == -ECONNREFUSED);
	low->udp_bad.sin_port = htons(7101);
	CHECK(int80(370, u, LOW(low->msg), 0, 0, 0) == 4);
	CHECK(int80(102, 11, LOW(low->words), 0, 0, 0) == 4);
	return 0;
}

static void test_compat(void **state)
{
	(void)state;
	util_run(all_kinds, NULL, compat_body, NULL, NULL);
	assert_nothing_denied_arrived();
}

static void test_compat_bpf(void **state)
{
	(void)state;
	util_run(all_kinds, &with_bpf, compat_body, NULL, NULL);
	util_run(tcp_and_udp, &with_bpf, compat_body, NULL, NULL);
	assert_nothing_denied_arrived();
}
#endif

/* --- the supervisor itself ----------------------------------------------------------------------------------------------- */

static int denied_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001);
	int *sync = arg;
	char c;

	if (sync)
		CHECK(read(sync[0], &c, 1) == 1);
	/* ENOSYS: the kernel's answer where no one listens. */
	CHECK_ERRNO(connect(socket(AF_INET, SOCK_STREAM, 0), SA(good)), ENOSYS);
	CHECK_ERRNO(sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, SA(good)), ENOSYS);
	CHECK_ERRNO(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), ENOSYS);
	return 0;
}

static void test_killed_supervisor(void **state)
{
	struct util_session s;
	struct supervisor_status st;
	struct err e;
	int sync[2], pidfd;
	pid_t pid;

	(void)state;
	util_open(&s, tcp_only, NULL);
	assert_int_equal(pipe(sync), 0);
	pid = util_spawn(&s, true, denied_body, sync);
	st = util_status(&s);
	pidfd = sys_pidfd_open(st.pid, 0);
	/* The one that would bring another up first. */
	kill(s.sup, SIGKILL);
	kill(st.pid, SIGKILL);
	waitpid(s.sup, NULL, 0);
	util_gone(pidfd);
	assert_int_equal(write(sync[1], "x", 1), 1);
	assert_int_equal(util_wait(pid), 0);
	assert_int_equal(supervisor_get_status(s.state_dir, &st, &e), 0);
	assert_false(st.alive);
	util_close(&s);
	assert_nothing_denied_arrived();
}

static int wait_body(void *arg)
{
	char c;

	return read(((int *)arg)[0], &c, 1) == 1 ? 0 : __LINE__;
}

static int session_body(void *arg)
{
	struct sockaddr_in good = util_v4("127.0.0.1", 7001), bad = util_v4("127.0.0.1", 7002);

	(void)arg;
	CHECK(connect(socket(AF_INET, SOCK_STREAM, 0), SA(good)) == 0);
	CHECK_ERRNO(connect(socket(AF_INET, SOCK_STREAM, 0), SA(bad)), ECONNREFUSED);
	/* No listener of its own. */
	{
		struct confine_notify *n;
		struct confine_plan plan;
		struct policy *p = util_policy(tcp_only);
		struct err e;
		int l;

		confine_plan_make(p, &(struct confine_facts){ .landlock_abi = confine_landlock_abi() }, &plan);
		CHECK(confine_notify_prepare(&plan, p, &n, &e) == 0);
		CHECK(confine_notify_apply(n, &l, &e) == -1 && e.code == EBUSY);
	}
	return 0;
}

/* Sessions come and go beside init; with init, the supervisor goes. */
static void test_exec_sessions(void **state)
{
	struct util_session s;
	struct supervisor_status st;
	struct err e;
	int sync[2];
	pid_t init;

	(void)state;
	util_open(&s, tcp_only, NULL);
	assert_int_equal(pipe(sync), 0);
	init = util_spawn(&s, true, wait_body, sync);
	for (int i = 0; i < 300; i++)
		assert_int_equal(util_wait(util_spawn(&s, false, session_body, NULL)), 0);
	assert_int_equal(supervisor_get_status(s.state_dir, &st, &e), 0);
	assert_true(st.alive);
	assert_int_equal(st.denied, 300);
	/* A second watch, and a listener that is none. */
	assert_int_equal(supervisor_watch(s.state_dir, sync[0], &e), -1);
	assert_int_equal(supervisor_add_listener(s.state_dir, sync[0], &e), -1);
	assert_int_equal(write(sync[1], "x", 1), 1);
	assert_int_equal(util_wait(init), 0);
	assert_int_equal(util_wait(s.sup), 0);
	util_close(&s);
	assert_int_equal(util_arrived(tcp_good), 300);
	assert_nothing_denied_arrived();
}

/* create dies before it has an init: so does the supervisor. */
static void test_no_orphan(void **state)
{
	struct util_session s;
	int out[2];
	pid_t sup = -1, pid;
	struct pollfd p = { .events = POLLIN };

	(void)state;
	assert_int_equal(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		util_open(&s, tcp_only, NULL);
		(void)!write(out[1], &s.sup, sizeof(s.sup));
		_exit(0);
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	assert_int_equal(read(out[0], &sup, sizeof(sup)), sizeof(sup));
	p.fd = sys_pidfd_open(sup, 0);
	waitpid(pid, NULL, 0);
	if (p.fd >= 0)
		assert_int_equal(poll(&p, 1, limit_ms()), 1);
	waitpid(sup, NULL, 0);
}

/* A flood of refusals: counted all, described within bounds. */
static int flood_body(void *arg)
{
	struct sockaddr_in bad = util_v4("127.0.0.1", 7102);
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	(void)arg;
	for (int i = 0; i < 20000; i++)
		CHECK_ERRNO(sendto(s, "x", 1, 0, SA(bad)), ECONNREFUSED);
	return 0;
}

static void test_audit_flood(void **state)
{
	static struct util_result r;

	(void)state;
	util_run(all_kinds, NULL, flood_body, NULL, &r);
	assert_int_equal(r.denied, 20000);
	assert_non_null(strstr(r.log, "\"suppressed\":"));
	assert_true(strlen(r.log) < sizeof(r.log) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flip_address),
		cmocka_unit_test(test_flip_address_bpf),
		cmocka_unit_test(test_flip_descriptor_udp),
		cmocka_unit_test(test_flip_descriptor_tcp),
		cmocka_unit_test(test_flip_descriptor_bpf),
		cmocka_unit_test(test_flip_to_icmp_bpf),
		cmocka_unit_test(test_slow_pages),
		cmocka_unit_test(test_fastopen),
		cmocka_unit_test(test_fastopen_bpf),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_errnos),
		cmocka_unit_test(test_errnos_bpf),
#if defined(__x86_64__)
		cmocka_unit_test(test_compat),
		cmocka_unit_test(test_compat_bpf),
#endif
		cmocka_unit_test(test_killed_supervisor),
		cmocka_unit_test(test_exec_sessions),
		cmocka_unit_test(test_no_orphan),
		cmocka_unit_test(test_audit_flood),
	};

	return cmocka_run_group_tests_name("supervisor, known ways in", tests, setup, NULL);
}
