// SPDX-License-Identifier: Apache-2.0
/* rawsys.h - calls that must act on the calling thread only, and newer constants
 *
 * Owns:     credentials as the kernel has them: one set a thread. libc's wrappers would change every thread.
 */
#ifndef SUPERVISOR_RAWSYS_H
#define SUPERVISOR_RAWSYS_H

#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/sys.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64) /* Linux 6.6 */
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

static inline int raw_setresuid(uid_t r, uid_t e, uid_t s)
{
	return (int)syscall(SYS_setresuid, r, e, s);
}

static inline int raw_setresgid(gid_t r, gid_t e, gid_t s)
{
	return (int)syscall(SYS_setresgid, r, e, s);
}

static inline int raw_setgroups(size_t n, const gid_t *groups)
{
	return (int)syscall(SYS_setgroups, n, groups);
}

static inline int raw_setfsuid(uid_t uid)
{
	return (int)syscall(SYS_setfsuid, uid);
}

static inline int raw_setfsgid(gid_t gid)
{
	return (int)syscall(SYS_setfsgid, gid);
}

static inline int raw_capset(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (__u32)effective, .permitted = (__u32)permitted },
		{ .effective = (__u32)(effective >> 32), .permitted = (__u32)(permitted >> 32) },
	};

	return (int)syscall(SYS_capset, &head, data);
}

static inline int raw_capget(uint64_t *effective, uint64_t *permitted)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -1;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static inline long raw_futex(void *word, int op, uint32_t val)
{
	return syscall(SYS_futex, word, op, val, NULL, NULL, 0);
}

static inline int raw_tgkill(pid_t tgid, pid_t tid, int sig)
{
	return (int)syscall(SYS_tgkill, tgid, tid, sig);
}

/* 0: two descriptors of the calling process are of one file. */
static inline int raw_kcmp_fds(int a, int b)
{
	return (int)syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, a, b);
}

static inline int raw_kcmp(pid_t a, pid_t b, int type)
{
	return (int)syscall(SYS_kcmp, a, b, type, 0, 0);
}

#endif
