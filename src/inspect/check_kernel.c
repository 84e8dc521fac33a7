// SPDX-License-Identifier: Apache-2.0
/* check_kernel.c - the kernel, and the layers of a policy that it can give
 *
 * Must not: look at the kernel's version: distributions carry features back, and switch others off.
 * Runs in:  sandrun check; what would stay behind is tried in a child.
 */
#include "inspect/check.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "confine/confine.h"
#include "confine/plan.h"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

#define AREA_KERNEL "kernel"
#define AREA_LAYERS "layers"

/* Runs @f in a child and returns what it returns, 0 to 125; 126 if it died. */
static int in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(f());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 126;
	return WEXITSTATUS(status);
}

/* --- seccomp ---------------------------------------------------------------------------------------------------------- */

/* A listener, and whether it can wake who waits for it on the same processor: 0 both, 1 no such wake-up, 2 no listener. */
static int try_listener(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = { .len = 1, .filter = &allow };
	int fd;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 2;
	fd = sys_seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	if (fd < 0)
		return 2;
	return ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1UL) < 0;
}

static void look_at_seccomp(struct check *c)
{
	int r = in_child(try_listener);

	if (r > 1)
		check_add(c, AREA_LAYERS, "notify", CHECK_WRONG,
			  xstrdup("a kernel from Linux 5.6 on, with CONFIG_SECCOMP_FILTER; inside another container, one that permits seccomp(2)"),
			  "no seccomp user notification: no policy can be enforced");
	else if (r == 1)
		check_add(c, AREA_LAYERS, "notify", CHECK_OK, NULL,
			  "seccomp user notification; a trapped call takes about 50 µs (6 µs from Linux 6.6 on)");
	else
		check_add(c, AREA_LAYERS, "notify", CHECK_OK, NULL, "seccomp user notification, with synchronous wake-up");
}

/* As the supervisor takes a descriptor out of a process of the container. 0: it can. */
static int try_getfd(void)
{
	pid_t parent = getpid(), pid = fork();
	autofd pidfd = -1, copy = -1;
	int saved;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (getppid() == parent)
			pause();
		_exit(0);
	}
	pidfd = sys_pidfd_open(pid, 0);
	copy = pidfd < 0 ? -1 : sys_pidfd_getfd(pidfd, 0);
	saved = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return copy >= 0 || saved == EBADF ? 0 : saved == EPERM ? 1 : 2;
}

static void look_at_getfd(struct check *c)
{
	int r = in_child(try_getfd);

	if (r == 0)
		return;
	check_add(c, AREA_LAYERS, "pidfd_getfd", CHECK_WRONG,
		  xstrdup(r == 1 ? "sysctl kernel.yama.ptrace_scope below 3" : "a kernel from Linux 5.6 on"),
		  r == 1 ? "the kernel forbids every ptrace: the supervisor could take no socket, and no policy can be enforced"
			 : "no pidfd_getfd(2): no policy can be enforced");
}

/* --- Landlock --------------------------------------------------------------------------------------------------------- */

static void look_at_landlock(struct check *c)
{
	autofree char *lsms = NULL;
	int abi = confine_landlock_abi();

	if (abi >= CONFINE_LANDLOCK_NET_ABI) {
		check_add(c, AREA_LAYERS, "landlock", CHECK_OK, NULL, "with rules for TCP (ABI %d)", abi);
		return;
	}
	if (abi > 0) {
		check_add(c, AREA_LAYERS, "landlock", CHECK_MISSING, xstrdup("a kernel from Linux 6.7 on"),
			  "ABI %d has no rules for the network (%d has)", abi, CONFINE_LANDLOCK_NET_ABI);
		return;
	}
	(void)file_read(AT_FDCWD, "/sys/kernel/security/lsm", 4096, &lsms, NULL, NULL);
	check_add(c, AREA_LAYERS, "landlock", CHECK_MISSING,
		  lsms ? xasprintf("on the kernel's command line: lsm=landlock,%s", lsms)
		       : xstrdup("a kernel with CONFIG_SECURITY_LANDLOCK, and landlock in lsm= on its command line"),
		  "the kernel has none, or it is not switched on");
}

/* --- the cgroup program ----------------------------------------------------------------------------------------------- */

/* A program of the kind that the layer is made of. */
static int load_cgroup_program(void)
{
	struct bpf_insn allow[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a = { 0 };

	a.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR;
	a.expected_attach_type = BPF_CGROUP_INET4_CONNECT;
	a.insns = (uint64_t)(uintptr_t)allow;
	a.insn_cnt = ARRAY_SIZE(allow);
	a.license = (uint64_t)(uintptr_t) "GPL";
	return sys_bpf(BPF_PROG_LOAD, &a, sizeof(a));
}

static void look_at_bpf(struct check *c)
{
	autofd prog = load_cgroup_program();
	int saved = errno;
	bool v2 = cgroupfs_v2_alone() || access(CGROUPFS_ROOT "/unified/cgroup.procs", F_OK) == 0;

	if (prog >= 0 && v2)
		check_add(c, AREA_LAYERS, "bpf", CHECK_OK, NULL, "programs on the container's cgroup");
	else if (prog >= 0)
		check_add(c, AREA_LAYERS, "bpf", CHECK_MISSING, xstrdup("on the kernel's command line: systemd.unified_cgroup_hierarchy=1"),
			  "there is no cgroup v2 hierarchy");
	else if (saved == EPERM && geteuid() != 0)
		check_add(c, AREA_LAYERS, "bpf", CHECK_MISSING, NULL, "for containers of root only");
	else
		check_add(c, AREA_LAYERS, "bpf", CHECK_MISSING,
			  xstrdup(saved == EPERM ? "CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN, for the runtime"
						 : "a kernel with CONFIG_CGROUP_BPF (Linux 6.1)"),
			  "the kernel refuses the program: %s", err_words(saved));
}

/* --- nftables --------------------------------------------------------------------------------------------------------- */

/* In a network namespace of its own, as a container's: 0: the kernel has nf_tables; 1: no namespace can be made; 2: it has not. */
static int try_nft(void)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} q = { .h = { .nlmsg_len = sizeof(q), .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, .nlmsg_flags = NLM_F_REQUEST } };
	char answer[512];
	const struct nlmsghdr *h = (const struct nlmsghdr *)(void *)answer;
	autofd sock = -1;
	ssize_t n;

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return 1;
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (sock < 0 || send(sock, &q, sizeof(q), 0) != (ssize_t)sizeof(q))
		return 2;
	n = recv(sock, answer, sizeof(answer), 0);
	return n >= (ssize_t)sizeof(*h) && h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) ? 0 : 2;
}

static void look_at_nft(struct check *c)
{
	int r = in_child(try_nft);

	if (r == 0)
		check_add(c, AREA_LAYERS, "nft", CHECK_OK, NULL, "tables in a container's own network namespace");
	else if (r == 1)
		check_add(c, AREA_LAYERS, "nft", CHECK_MISSING, NULL, "not tried: no network namespace can be made here");
	else
		check_add(c, AREA_LAYERS, "nft", CHECK_MISSING, xstrdup("modprobe nf_tables, or a kernel with CONFIG_NF_TABLES"),
			  "the kernel has no nf_tables");
}

void check_kernel(struct check *c)
{
	struct utsname u = { 0 };

	uname(&u);
	check_add(c, AREA_KERNEL, "release", CHECK_OK, NULL, "%s %s (%s)", u.sysname, u.release, u.machine);
	look_at_seccomp(c);
	look_at_getfd(c);
	look_at_nft(c);
	look_at_bpf(c);
	look_at_landlock(c);
}
