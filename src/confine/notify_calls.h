// SPDX-License-Identifier: Apache-2.0
/* notify_calls.h - the system calls that the notify filter looks at, by architecture
 *
 * Owns:     one table of numbers, from which both the filter (number -> rules) and the supervisor
 *           (notification -> call) are made, so that they cannot disagree.
 */
#ifndef CONFINE_NOTIFY_CALLS_H
#define CONFINE_NOTIFY_CALLS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum notify_kind {
	NOTIFY_SOCKET,
	NOTIFY_SOCKETPAIR,
	NOTIFY_BIND,
	NOTIFY_LISTEN,
	NOTIFY_CONNECT,
	NOTIFY_SENDTO,
	NOTIFY_SENDMSG,
	NOTIFY_SENDMMSG,
	NOTIFY_SETSOCKOPT,
	NOTIFY_GETSOCKOPT,
	NOTIFY_SOCKETCALL, /* i386: the call's number in args[0], a pointer to its arguments in args[1] */
	NOTIFY_IO_URING_SETUP,
	NOTIFY_IO_URING_ENTER,
	NOTIFY_IO_URING_REGISTER,
	NOTIFY_CLONE,
	NOTIFY_CLONE3,
	NOTIFY_UNSHARE,
	NOTIFY_REQUEST_KEY,
	NOTIFY_KINDS,
	NOTIFY_X32 = NOTIFY_KINDS, /* any number of that table: refused, whatever it is */
	NOTIFY_PACKET,		   /* no call: a packet, which the wall refused */
	NOTIFY_NAMES
};

/* A number that no architecture has: the call does not exist there. */
#define NOTIFY_NO_CALL 0xffffffffu

struct notify_arch {
	uint32_t audit;	  /* AUDIT_ARCH_… */
	bool compat;	  /* 32-bit pointers and sizes in memory */
	uint32_t bad_bit; /* numbers with this bit or above are refused (x32); 0: none */
	uint32_t nr[NOTIFY_KINDS];
};

/* The native architecture first. */
extern const struct notify_arch notify_arches[];
extern const size_t notify_arches_count;

/* One call, its arguments as the registers had them: immutable, unlike anything behind a pointer. */
struct notify_call {
	enum notify_kind kind;
	bool compat;
	bool in_memory; /* the arguments came out of socketcall's array: the kernel would read them again */
	uint64_t args[6];
};

/* False for a call that the filter cannot have sent. */
bool notify_calls_decode(const struct seccomp_data *data, struct notify_call *out);
/* The second half for NOTIFY_SOCKETCALL: @words is the caller's array, @n as notify_calls_socketcall_args() said. */
bool notify_calls_decode_socketcall(const uint32_t words[6], struct notify_call *call);
/* How many words socketcall(@number) reads; 0: not one of ours. */
unsigned int notify_calls_socketcall_args(uint32_t number);
const char *notify_calls_name(enum notify_kind kind);

#endif
