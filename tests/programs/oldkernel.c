// SPDX-License-Identifier: Apache-2.0
/* oldkernel.c - runs a program as if the kernel lacked some of its newer features
 *
 * Owns:     a seccomp filter with the errno that an older kernel (or one built or booted otherwise) would give.
 * Must not: be more than a test's means: nothing of the project looks for it, so no caller of the runtime can ask for less.
 *
 * usage: oldkernel FEATURE… -- PROGRAM ARG…
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define ARCH AUDIT_ARCH_RISCV64
#endif

/* The call fails if its argument @arg, masked, is @value; mask 0: always. All fit into the lower half (little endian). */
static const struct feature {
	const char *name;
	unsigned int nr, arg;
	uint32_t mask, value;
	int error;
} features[] = {
	{ "landlock", 444 /* landlock_create_ruleset */, 0, 0, 0, ENOSYS },
	{ "landlock-off", 444, 0, 0, 0, EOPNOTSUPP },		       /* built in, not in lsm= */
	{ "nf-tables", __NR_socket, 2, 0xffffffff, 12 /* NETLINK_NETFILTER; a PF_INET socket of this protocol there is not */, EPROTONOSUPPORT },
	{ "bpf", __NR_bpf, 0, 0, 0, EPERM },			       /* kernel.unprivileged_bpf_disabled, a user's runtime */
	{ "bpf-attach", __NR_bpf, 0, 0xffffffff, 8 /* BPF_PROG_ATTACH */, EINVAL },
	{ "sync-wake-up", __NR_ioctl, 1, 0xffffffff, 0x40082104, EINVAL }, /* SECCOMP_IOCTL_NOTIF_SET_FLAGS; Linux 6.6 */
	{ "wait-killable", __NR_seccomp, 1, 1u << 5, 1u << 5, EINVAL },    /* Linux 5.19 */
	{ "pidfd-thread", 434 /* pidfd_open */, 1, 0200, 0200, EINVAL },   /* O_EXCL; Linux 6.9 */
	{ "pidfd-getfd", 438, 0, 0, 0, ENOSYS },			     /* Linux 5.6 */
	{ "user-notif", __NR_seccomp, 1, 1u << 3, 1u << 3, EINVAL },	     /* NEW_LISTENER; Linux 5.0 */
	{ "action-avail", __NR_seccomp, 0, 0xffffffff, 2, EOPNOTSUPP },	     /* GET_ACTION_AVAIL says no */
	/* The question whether devices can be put into another's network (src/confine/vethprobe.c): no answer. */
	{ "peer-check", __NR_unshare, 0, 0xffffffff, CLONE_NEWUSER | CLONE_NEWNET, EPERM },
	{ "clone-into-cgroup", 435 /* clone3 */, 0, 0, 0, ENOSYS },	     /* Linux 5.3; flags in memory */
	{ "close-range", 436, 0, 0, 0, ENOSYS },			     /* Linux 5.9 */
	{ "mount-setattr", 442, 0, 0, 0, ENOSYS },			     /* Linux 5.12 */
	{ "faccessat2", 439, 0, 0, 0, ENOSYS },				     /* Linux 5.8 */
};
#define N_FEATURES (sizeof(features) / sizeof(features[0]))

static struct sock_filter code[16 * N_FEATURES];
static unsigned short len;

static void emit(uint16_t op, uint8_t jt, uint8_t jf, uint32_t k)
{
	code[len++] = (struct sock_filter){ .code = op, .jt = jt, .jf = jf, .k = k };
}

static void emit_feature(const struct feature *f)
{
	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 0, f->mask ? 4 : 1, f->nr);
	if (f->mask) {
		emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, args) + 8 * f->arg);
		emit(BPF_ALU | BPF_AND | BPF_K, 0, 0, f->mask);
		emit(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, f->value);
	}
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (uint32_t)f->error);
}

static void take(const char *name)
{
	for (size_t i = 0; i < N_FEATURES; i++) {
		if (strcmp(features[i].name, name) == 0) {
			emit_feature(&features[i]);
			return;
		}
	}
	fprintf(stderr, "oldkernel: no feature \"%s\"\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sock_fprog prog = { .filter = code };
	int i;

	emit(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		take(argv[i]);
	emit(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
	prog.len = len;
	if (i + 1 >= argc) {
		fprintf(stderr, "usage: oldkernel FEATURE... -- PROGRAM ARG...\n");
		return 2;
	}
	/* As root, without no_new_privs: setuid programs in the container are part of what is tested. */
	if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0) {
		perror("oldkernel: seccomp");
		return 2;
	}
	execvp(argv[i + 1], argv + i + 1);
	perror(argv[i + 1]);
	return 127;
}
