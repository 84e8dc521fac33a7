// SPDX-License-Identifier: Apache-2.0
/* sys.h - system calls that libc lacks (or has only lately), and their constants
 *
 * Owns:     every raw syscall() of the project. Thin wrappers named sys_…, so that a later libc cannot collide.
 * Must not: have an opinion: errno comes back as the kernel gave it.
 */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1u << 2) /* Linux 5.11 */
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* Linux 5.7 */
#endif

/* pidfd_open(2): Linux 5.3, glibc 2.36. */
static inline int sys_pidfd_open(pid_t pid, unsigned int flags)
{
	return (int)syscall(SYS_pidfd_open, pid, flags);
}

/* pidfd_getfd(2): Linux 5.6, glibc 2.36. Wants ptrace-attach rights on the target. */
static inline int sys_pidfd_getfd(int pidfd, int target_fd)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, target_fd, 0u);
}

/* pidfd_send_signal(2): Linux 5.1. */
static inline int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0u);
}

/* clone3(2): Linux 5.3. */
static inline pid_t sys_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

/* close_range(2): Linux 5.9. */
static inline int sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	return (int)syscall(SYS_close_range, first, last, flags);
}

/* openat2(2): Linux 5.6. */
static inline int sys_openat2(int dirfd, const char *path, const struct open_how *how)
{
	return (int)syscall(SYS_openat2, dirfd, path, how, sizeof(*how));
}

/* open_tree(2), move_mount(2), fsopen(2), fsconfig(2), fsmount(2): Linux 5.2. mount_setattr(2): 5.12. */
static inline int sys_open_tree(int dirfd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

static inline int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int sys_fsopen(const char *fsname, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, fsname, flags);
}

static inline int sys_fsconfig(int fd, unsigned int cmd, const char *key, const void *value, int aux)
{
	return (int)syscall(SYS_fsconfig, fd, cmd, key, value, aux);
}

static inline int sys_fsmount(int fd, unsigned int flags, unsigned int attr_flags)
{
	return (int)syscall(SYS_fsmount, fd, flags, attr_flags);
}

static inline int sys_mount_setattr(int dirfd, const char *path, unsigned int flags, struct mount_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr));
}

/* pivot_root(2): never wrapped by glibc. */
static inline int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)syscall(SYS_pivot_root, new_root, put_old);
}

/* execveat(2): Linux 3.19, glibc 2.34. */
static inline int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dirfd, path, argv, envp, flags);
}

/* seccomp(2): Linux 3.17. */
static inline int sys_seccomp(unsigned int op, unsigned int flags, void *args)
{
	return (int)syscall(SYS_seccomp, op, flags, args);
}

/* keyctl(2), KEYCTL_JOIN_SESSION_KEYRING: libkeyutils is not worth its dependency for one call. */
static inline long sys_keyctl_join(const char *name)
{
	return syscall(SYS_keyctl, 1 /* KEYCTL_JOIN_SESSION_KEYRING */, name);
}

/* KEYCTL_SETPERM. */
static inline long sys_keyctl_setperm(long key, unsigned int perm)
{
	return syscall(SYS_keyctl, 5, key, perm);
}

/* Landlock: Linux 5.13. The structs are the caller's, of the ABI that it speaks. */
static inline int sys_landlock_create_ruleset(const void *attr, size_t size, unsigned int flags)
{
	return (int)syscall(SYS_landlock_create_ruleset, attr, size, flags);
}

static inline int sys_landlock_add_rule(int ruleset, int type, const void *rule)
{
	return (int)syscall(SYS_landlock_add_rule, ruleset, type, rule, 0u);
}

static inline int sys_landlock_restrict_self(int ruleset)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0u);
}

/* capget(2), capset(2): glibc exports them but declares them nowhere. */
static inline int sys_capget(struct __user_cap_header_struct *header, struct __user_cap_data_struct data[2])
{
	return (int)syscall(SYS_capget, header, data);
}

static inline int sys_capset(struct __user_cap_header_struct *header, const struct __user_cap_data_struct data[2])
{
	return (int)syscall(SYS_capset, header, data);
}

/* Named apart from <linux/sched/types.h>, which later libcs include and earlier ones clash with. */
struct sys_sched_attr {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max; /* Linux 5.3 */
};

/* sched_setattr(2) of the calling thread: Linux 3.14; glibc 2.41. */
static inline int sys_sched_setattr(const struct sys_sched_attr *a)
{
	return (int)syscall(SYS_sched_setattr, 0, a, 0u);
}

/* ioprio_set(2): never wrapped by glibc. */
static inline int sys_ioprio_set(int which, int who, int value)
{
	return (int)syscall(SYS_ioprio_set, which, who, value);
}

/* set_mempolicy(2): Linux 2.6.7; wrapped by libnuma only. */
static inline int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long max)
{
	return (int)syscall(SYS_set_mempolicy, mode, nodes, max);
}

/* getcwd(2) as the kernel answers it, with its "(unreachable)": libcs disagree on what they make of that. The length with
 * the NUL. */
static inline long sys_getcwd(char *buf, size_t size)
{
	return syscall(SYS_getcwd, buf, size);
}

/* bpf(2): Linux 3.18. */
static inline int sys_bpf(int cmd, union bpf_attr *attr, unsigned int size)
{
	return (int)syscall(SYS_bpf, cmd, attr, size);
}

/* rt_sigaction(2) with SIG_DFL, also for the signals that libc hides. The kernel's structure is all zeros then: the default
 * handler, no flags, an empty mask, whatever the order of its members (at most 40 bytes; its set has 8). */
static inline int sys_default_signal(int sig)
{
	const unsigned long dfl[8] = { 0 };

	return (int)syscall(SYS_rt_sigaction, sig, dfl, NULL, (size_t)8);
}

#endif
