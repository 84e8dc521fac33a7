// SPDX-License-Identifier: Apache-2.0
/* sup-util.h - what the tests of the supervisor share: a confined child, its supervisor, and servers that count
 *
 * A body runs in the child, under Landlock and the notify filter as init would set them up, and returns 0 or the line of
 * its first failed CHECK. Everything happens in a network namespace of the test's own.
 */
#ifndef TESTS_SUP_UTIL_H
#define TESTS_SUP_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "confine/bpf_egress.h"
#include "confine/confine.h"
#include "policy/policy.h"
#include "limit.h"
#include "supervisor/supervisor.h"

#define CHECK(x) do { if (!(x)) { fprintf(stderr, "%s:%d: %s (errno %s)\n", __FILE__, __LINE__, #x, strerrorname_np(errno)); return __LINE__; } } while (0)
#define CHECK_ERRNO(call, e) do { errno = 0; long r_ = (long)(call); if (r_ != -1 || errno != (e)) { \
	fprintf(stderr, "%s:%d: %s: %ld %s, wanted %s\n", __FILE__, __LINE__, #call, r_, strerrorname_np(errno), \
		strerrorname_np(e)); return __LINE__; } } while (0)

typedef int (*util_body)(void *arg);

struct util_options {
	bool no_landlock;
	bool foreign;
	bool bpf; /* in a cgroup of its own, with the program attached; skipped where that is not possible */
	const char *cpu_max; /* the text of a cpu.max */
	bool keep_supervisor_check; /* the body kills it: no status afterwards */
	void (*before)(void *arg);  /* in the child, before it is confined */
};

struct util_result {
	int line;	 /* of the failed check; 0: none */
	uint64_t denied;
	char log[65536]; /* denied.jsonl */
};

static inline struct policy *util_policy(const char *const kv[])
{
	struct oci_pair pairs[8];
	struct oci_map map = { .v = pairs };
	struct policy *p;
	struct err e = { 0 };
	char keys[8][64];

	for (; kv[map.n * 2]; map.n++) {
		snprintf(keys[map.n], sizeof(keys[0]), "io.sandlock.%s", kv[map.n * 2]);
		pairs[map.n].key = keys[map.n];
		pairs[map.n].value = (char *)(uintptr_t)kv[map.n * 2 + 1];
	}
	p = policy_compile(&map, policy_resolve_host, &e);
	if (!p)
		fprintf(stderr, "policy: %s\n", e.msg);
	assert_non_null(p);
	return p;
}

static inline int64_t util_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

struct util_session {
	struct policy *policy;
	struct confine_plan plan;
	struct confine_notify *filter;
	struct util_options o;
	char dir[64], cgroup[128];
	int state_dir;
	pid_t sup; /* the watcher */
};

static inline void util_join_cgroup(const char *cgroup)
{
	char path[192], pid[16];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (fd < 0 || write(fd, pid, strlen(pid)) < 0)
		_exit(255);
	close(fd);
}

/* A new cgroup v2 directory, by descriptor, or -1. */
static inline int util_cgroup(char *path, size_t size)
{
	static const char *const roots[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	char probe[192];

	for (size_t i = 0; i < 2; i++) {
		snprintf(probe, sizeof(probe), "%s/cgroup.procs", roots[i]);
		snprintf(path, size, "%s/sup-test-%d-%ld", roots[i], (int)getpid(), (long)(util_now_us() % 1000000));
		if (access(probe, F_OK) == 0 && mkdir(path, 0755) == 0)
			return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return -1;
}

/* Confines the calling process and tells the parent; returns when the supervisor serves it. */
static inline void util_confine(const struct util_session *s, int tell, int go)
{
	struct err e = { 0 };
	int listener = -1;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    (!s->o.no_landlock && confine_landlock_apply(&s->plan, s->policy, &e) < 0) ||
	    confine_notify_apply(s->filter, &listener, &e) < 0) {
		fprintf(stderr, "confine: %s\n", e.msg);
		_exit(255);
	}
	if (write(tell, &listener, sizeof(listener)) != sizeof(listener))
		_exit(255);
	if (listener >= 0 && read(go, &c, 1) != 1)
		_exit(255);
	if (listener >= 0)
		close(listener);
}

/* A confined process that runs @body: its pid. Its first one is init and watched. */
static inline pid_t util_spawn(struct util_session *s, bool watch, util_body body, void *arg)
{
	int tell[2], go[2], listener = -1, pidfd;
	struct err e = { 0 };
	pid_t pid;

	assert_int_equal(pipe2(tell, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int line;

		if (s->cgroup[0])
			util_join_cgroup(s->cgroup);
		if (s->o.before)
			s->o.before(arg);
		util_confine(s, tell[1], go[0]);
		line = body(arg);
		fflush(NULL);
		/* Two bytes of a line do not fit into a status. */
		_exit(line ? 1 + line % 250 : 0);
	}
	pidfd = sys_pidfd_open(pid, 0);
	assert_true(pidfd >= 0);
	if (watch && supervisor_watch(s->state_dir, pidfd, &e) < 0) {
		fprintf(stderr, "watch: %s\n", e.msg);
		fail();
	}
	assert_int_equal(read(tell[0], &listener, sizeof(listener)), sizeof(listener));
	if (listener >= 0) {
		int fd = sys_pidfd_getfd(pidfd, listener);

		assert_true(fd >= 0);
		if (supervisor_add_listener(s->state_dir, fd, &e) < 0) {
			fprintf(stderr, "add_listener: %s\n", e.msg);
			fail();
		}
		close(fd);
		assert_int_equal(write(go[1], "x", 1), 1);
	}
	close(pidfd);
	close(tell[0]), close(tell[1]), close(go[0]), close(go[1]);
	return pid;
}

static inline void util_open(struct util_session *s, const char *const kv[], const struct util_options *o)
{
	struct supervisor_request req = { .id = "test" };
	struct confine_facts facts = { .bpf = o && o->bpf, .foreign = o && o->foreign };
	struct err e = { 0 };

	memset(s, 0, sizeof(*s));
	if (o)
		s->o = *o;
	s->policy = util_policy(kv);
	strcpy(s->dir, "/tmp/sup-test-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	s->state_dir = open(s->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	req.state_dir = s->state_dir;
	req.policy = s->policy;
	if (s->o.bpf) {
		int cg = util_cgroup(s->cgroup, sizeof(s->cgroup));
		bool active = false;

		assert_int_equal(confine_bpf_attach(s->policy, cg, &active, &req.bpf_log, &e), 0);
		req.bpf_cgroup = cg;
		if (!active) {
			fprintf(stderr, "no cgroup program here: skipped\n");
			fd_close(&cg);
			rmdir(s->cgroup);
			skip();
		}
	}
	if (s->o.cpu_max) {
		req.has_quota = true;
		req.cpu_quota = memfd_create("cpu.max", MFD_CLOEXEC);
		req.cpu_period = -1;
		assert_int_equal(write(req.cpu_quota, s->o.cpu_max, strlen(s->o.cpu_max)), strlen(s->o.cpu_max));
	}
	facts.landlock_abi = s->o.no_landlock ? 0 : confine_landlock_abi();
	confine_plan_make(s->policy, &facts, &s->plan);
	req.plan = &s->plan;
	s->sup = supervisor_start(&req, &e);
	if (s->sup < 0)
		fprintf(stderr, "start: %s\n", e.msg);
	assert_true(s->sup > 0);
	if (s->o.cpu_max)
		close(req.cpu_quota);
	if (s->o.bpf)
		close(req.bpf_log), close(req.bpf_cgroup);
	assert_int_equal(confine_notify_prepare(&s->plan, s->policy, &s->filter, &e), 0);
}

/* Waits for @pid; its exit status, or -1 (and it is killed). */
static inline int util_wait(pid_t pid)
{
	struct pollfd p = { .fd = sys_pidfd_open(pid, 0), .events = POLLIN };
	int status = -1;

	if (p.fd < 0 || poll(&p, 1, limit_ms()) != 1)
		kill(pid, SIGKILL);
	close(p.fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void util_read_log(struct util_session *s, struct util_result *r)
{
	int fd = openat(s->state_dir, "denied.jsonl", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read_all(fd, r->log, sizeof(r->log) - 1);

	r->log[n > 0 ? n : 0] = '\0';
	fd_close(&fd);
}

static inline void util_close(struct util_session *s)
{
	char cmd[128];

	/* Busy until the last zombie is reaped. */
	for (int i = 0; s->cgroup[0] && i < 1000 && rmdir(s->cgroup) < 0 && errno == EBUSY; i++)
		usleep(1000);
	confine_notify_free(s->filter);
	policy_free(s->policy);
	close(s->state_dir);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", s->dir);
	(void)!system(cmd);
}

static inline struct supervisor_status util_status(const struct util_session *s)
{
	struct supervisor_status st;
	struct err e = { 0 };

	if (supervisor_get_status(s->state_dir, &st, &e) < 0) {
		fprintf(stderr, "status: %s\n", e.msg);
		fail();
	}
	return st;
}

/* Waits until @pid, no child of ours, is gone. */
static inline void util_gone(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	assert_true(pidfd >= 0);
	assert_int_equal(poll(&p, 1, limit_ms()), 1);
	close(pidfd);
}

/* One body in one container; the supervisor must end by itself. */
static inline void util_run(const char *const kv[], const struct util_options *o, util_body body, void *arg,
			    struct util_result *r)
{
	struct supervisor_status st = { 0 };
	static struct util_result spare;
	struct util_session s;
	struct err e = { 0 };
	int status, go[2];
	pid_t pid, holder;

	if (!r)
		r = &spare;
	memset(r, 0, sizeof(*r));
	util_open(&s, kv, o);
	/* Init proper is a process that lives on, so that the count can be read after the body. */
	assert_int_equal(pipe(go), 0);
	holder = fork();
	if (holder == 0) {
		char c;

		close(go[1]);
		(void)!read(go[0], &c, 1);
		_exit(0);
	}
	close(go[0]);
	{
		int pidfd = sys_pidfd_open(holder, 0);

		if (supervisor_watch(s.state_dir, pidfd, &e) < 0) {
			fprintf(stderr, "watch: %s\n", e.msg);
			fail();
		}
		close(pidfd);
	}
	pid = util_spawn(&s, false, body, arg);
	status = util_wait(pid);
	if (!s.o.keep_supervisor_check) {
		assert_int_equal(supervisor_get_status(s.state_dir, &st, &e), 0);
		assert_true(st.alive);
		assert_int_equal(st.watcher, s.sup);
	}
	r->denied = st.denied;
	close(go[1]);
	waitpid(holder, NULL, 0);
	util_wait(s.sup);
	util_read_log(&s, r);
	util_close(&s);
	r->line = status;
	if (status)
		fprintf(stderr, "body: status %d, denied %llu, log:\n%s", status, (unsigned long long)r->denied, r->log);
	assert_int_equal(status, 0);
}

/* --- addresses and servers ------------------------------------------------------------------------------------ */

static inline void util_if_addr(const char *name, const char *addr)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_in *sin = (struct sockaddr_in *)&ifr.ifr_addr;
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	sin->sin_family = AF_INET;
	inet_pton(AF_INET, addr, &sin->sin_addr);
	assert_int_equal(ioctl(s, SIOCSIFADDR, &ifr), 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	assert_int_equal(ioctl(s, SIOCSIFFLAGS, &ifr), 0);
	close(s);
}

/* A network of our own: loopback, and a second address 10.9.0.2 on it. Skips where that is not allowed. */
static inline int util_network(void **state)
{
	int fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (unshare(CLONE_NEWNET) < 0) {
		if (getenv("SANDRUN_MUST_RUN"))
			return -1;
		fprintf(stderr, "no network namespace: skipped\n");
		exit(77);
	}
	util_if_addr("lo", "127.0.0.1");
	util_if_addr("lo:1", "10.9.0.2");
	fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		/* In a user namespace only mapped groups can be named. */
		if (write(fd, "0 2147483647", 12) < 0)
			(void)!write(fd, "0 0", 3);
		close(fd);
	}
	return 0;
}

/* In a user namespace that is not the first, nobody may claim a pid for another (unix.c). */
static inline bool util_rootless(void)
{
	unsigned int inside = 1, outside = 1, count = 0;
	FILE *f = fopen("/proc/self/uid_map", "re");

	if (f && fscanf(f, "%u %u %u", &inside, &outside, &count) != 3)
		count = 0;
	if (f)
		fclose(f);
	return count != 4294967295u;
}

static inline struct sockaddr_in util_v4(const char *addr, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, addr, &sin.sin_addr);
	return sin;
}

static inline struct sockaddr_in6 util_v6(const char *addr, uint16_t port)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	inet_pton(AF_INET6, addr, &sin6.sin6_addr);
	return sin6;
}

static inline int util_server(int type, const char *addr, uint16_t port)
{
	struct sockaddr_in sin = util_v4(addr, port);
	int one = 1, s = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(s, (struct sockaddr *)&sin, sizeof(sin)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(s, 4096), 0);
	return s;
}

/* What has arrived at a server since the last look. */
static inline unsigned int util_arrived(int server)
{
	unsigned int n = 0;
	char buf[64];
	int type, fd;
	socklen_t len = sizeof(type);

	getsockopt(server, SOL_SOCKET, SO_TYPE, &type, &len);
	if (type == SOCK_STREAM) {
		while ((fd = accept(server, NULL, NULL)) >= 0) {
			close(fd);
			n++;
		}
	} else {
		while (recv(server, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
			n++;
	}
	return n;
}

#define SA(x) ((struct sockaddr *)&(x)), sizeof(x)

#endif
