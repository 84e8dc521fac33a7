// SPDX-License-Identifier: Apache-2.0
/* notify_calls.c - the table of call numbers and its readers
 *
 * Runs in:  create and exec (building the filter), the supervisor (reading a notification). Pure.
 */
#include "confine/notify_calls.h"

#include <linux/audit.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/str.h"

#if defined(__x86_64__)
#define NATIVE_AUDIT AUDIT_ARCH_X86_64
#define NATIVE_BAD_BIT 0x40000000u /* x32: same AUDIT_ARCH, its own numbers; refused as by a kernel without it */
#elif defined(__aarch64__)
#define NATIVE_AUDIT AUDIT_ARCH_AARCH64
#define NATIVE_BAD_BIT 0u
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_AUDIT AUDIT_ARCH_RISCV64
#define NATIVE_BAD_BIT 0u
#else
#error "notify_calls.c: add this architecture's AUDIT_ARCH (and its 32-bit companion, if the kernel runs one)"
#endif

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#endif
#ifndef __NR_io_uring_enter
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif
#ifndef __NR_clone3
#define __NR_clone3 435
#endif

const struct notify_arch notify_arches[] = {
	{
		.audit = NATIVE_AUDIT,
		.bad_bit = NATIVE_BAD_BIT,
		.nr = {
			[NOTIFY_SOCKET] = __NR_socket,
			[NOTIFY_SOCKETPAIR] = __NR_socketpair,
			[NOTIFY_BIND] = __NR_bind,
			[NOTIFY_LISTEN] = __NR_listen,
			[NOTIFY_CONNECT] = __NR_connect,
			[NOTIFY_SENDTO] = __NR_sendto,
			[NOTIFY_SENDMSG] = __NR_sendmsg,
			[NOTIFY_SENDMMSG] = __NR_sendmmsg,
			[NOTIFY_SETSOCKOPT] = __NR_setsockopt,
			[NOTIFY_GETSOCKOPT] = __NR_getsockopt,
			[NOTIFY_SOCKETCALL] = NOTIFY_NO_CALL,
			[NOTIFY_IO_URING_SETUP] = __NR_io_uring_setup,
			[NOTIFY_IO_URING_ENTER] = __NR_io_uring_enter,
			[NOTIFY_IO_URING_REGISTER] = __NR_io_uring_register,
			[NOTIFY_CLONE] = __NR_clone,
			[NOTIFY_CLONE3] = __NR_clone3,
			[NOTIFY_UNSHARE] = __NR_unshare,
			[NOTIFY_REQUEST_KEY] = __NR_request_key,
		},
	},
#if defined(__x86_64__)
	{
		/* i386, from arch/x86/entry/syscalls/syscall_32.tbl: the direct calls are there since Linux 4.3, but
		 * programs built for older ones still use socketcall. */
		.audit = AUDIT_ARCH_I386,
		.compat = true,
		.nr = {
			[NOTIFY_SOCKET] = 359,
			[NOTIFY_SOCKETPAIR] = 360,
			[NOTIFY_BIND] = 361,
			[NOTIFY_LISTEN] = 363,
			[NOTIFY_CONNECT] = 362,
			[NOTIFY_SENDTO] = 369,
			[NOTIFY_SENDMSG] = 370,
			[NOTIFY_SENDMMSG] = 345,
			[NOTIFY_SETSOCKOPT] = 366,
			[NOTIFY_GETSOCKOPT] = 365,
			[NOTIFY_SOCKETCALL] = 102,
			[NOTIFY_IO_URING_SETUP] = 425,
			[NOTIFY_IO_URING_ENTER] = 426,
			[NOTIFY_IO_URING_REGISTER] = 427,
			[NOTIFY_CLONE] = 120,
			[NOTIFY_CLONE3] = 435,
			[NOTIFY_UNSHARE] = 310,
			[NOTIFY_REQUEST_KEY] = 287,
		},
	},
#elif defined(__aarch64__)
	{
		/* 32-bit ARM (EABI): no socketcall. */
		.audit = AUDIT_ARCH_ARM,
		.compat = true,
		.nr = {
			[NOTIFY_SOCKET] = 281,
			[NOTIFY_SOCKETPAIR] = 288,
			[NOTIFY_BIND] = 282,
			[NOTIFY_LISTEN] = 284,
			[NOTIFY_CONNECT] = 283,
			[NOTIFY_SENDTO] = 290,
			[NOTIFY_SENDMSG] = 296,
			[NOTIFY_SENDMMSG] = 374,
			[NOTIFY_SETSOCKOPT] = 294,
			[NOTIFY_GETSOCKOPT] = 295,
			[NOTIFY_SOCKETCALL] = NOTIFY_NO_CALL,
			[NOTIFY_IO_URING_SETUP] = 425,
			[NOTIFY_IO_URING_ENTER] = 426,
			[NOTIFY_IO_URING_REGISTER] = 427,
			[NOTIFY_CLONE] = 120,
			[NOTIFY_CLONE3] = 435,
			[NOTIFY_UNSHARE] = 337,
			[NOTIFY_REQUEST_KEY] = 310,
		},
	},
#endif
};
const size_t notify_arches_count = sizeof(notify_arches) / sizeof(notify_arches[0]);

/* net.h's SYS_… numbers, and how many arguments each reads. */
static const struct {
	enum notify_kind kind;
	unsigned int args;
} socketcalls[21] = {
	[1] = { NOTIFY_SOCKET, 3 },	 [2] = { NOTIFY_BIND, 3 },	  [3] = { NOTIFY_CONNECT, 3 },
	[4] = { NOTIFY_LISTEN, 2 },	 [11] = { NOTIFY_SENDTO, 6 },	  [14] = { NOTIFY_SETSOCKOPT, 5 },
	[15] = { NOTIFY_GETSOCKOPT, 5 },  [16] = { NOTIFY_SENDMSG, 3 },	 [20] = { NOTIFY_SENDMMSG, 4 },
};

bool notify_calls_decode(const struct seccomp_data *data, struct notify_call *out)
{
	for (size_t a = 0; a < notify_arches_count; a++) {
		const struct notify_arch *arch = &notify_arches[a];

		if (arch->audit != data->arch)
			continue;
		for (int k = 0; k < NOTIFY_KINDS; k++) {
			if (arch->nr[k] == NOTIFY_NO_CALL || arch->nr[k] != (uint32_t)data->nr)
				continue;
			memset(out, 0, sizeof(*out));
			out->kind = (enum notify_kind)k;
			out->compat = arch->compat;
			for (int i = 0; i < 6; i++)
				out->args[i] = arch->compat ? (uint32_t)data->args[i] : data->args[i];
			return true;
		}
		if (arch->bad_bit && (uint32_t)data->nr & arch->bad_bit) {
			*out = (struct notify_call){ .kind = NOTIFY_X32 };
			return true;
		}
	}
	return false;
}

unsigned int notify_calls_socketcall_args(uint32_t number)
{
	return number < sizeof(socketcalls) / sizeof(socketcalls[0]) ? socketcalls[number].args : 0;
}

bool notify_calls_decode_socketcall(const uint32_t words[6], struct notify_call *call)
{
	uint32_t number = (uint32_t)call->args[0];
	unsigned int n = notify_calls_socketcall_args(number);

	if (!n)
		return false;
	call->kind = socketcalls[number].kind;
	call->in_memory = true;
	for (unsigned int i = 0; i < 6; i++)
		call->args[i] = i < n ? words[i] : 0;
	return true;
}

const char *notify_calls_name(enum notify_kind kind)
{
	static const char *const names[] = {
		"socket", "socketpair", "bind", "listen", "connect", "sendto", "sendmsg",
		"sendmmsg", "setsockopt", "getsockopt", "socketcall", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"clone", "clone3", "unshare", "request_key", "x32", "packet",
	};

	_Static_assert(ARRAY_SIZE(names) == NOTIFY_NAMES, "a name for each");
	return (unsigned int)kind < NOTIFY_NAMES ? names[kind] : "?";
}
