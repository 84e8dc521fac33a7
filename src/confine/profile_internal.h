// SPDX-License-Identifier: Apache-2.0
/* profile_internal.h - what the profile_*.c files share: a program, and the steps to one
 *
 * seccomp_profile.c  the interface of confine.h: check, prepare, apply
 * profile_names.c    the specification's words and their numbers; the lists for "features"
 * profile_compile.c  profile → BPF, by libseccomp, behind our ENOSYS stub
 * profile_seen.c     the rules that were added already
 * profile_ask.c      what the BPF answers to a call
 * profile_cache.c    BPF ↔ file
 * profile_agent.c    the listener's way to the seccomp agent (listenerPath)
 */
#ifndef CONFINE_PROFILE_INTERNAL_H
#define CONFINE_PROFILE_INTERNAL_H

#include <linux/filter.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/config.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

struct profile_program {
	unsigned short len;
	struct sock_filter insns[BPF_MAXINSNS]; /* the kernel takes no more: 32 KiB */
};

/* --- profile_names.c --- */

/* The libseccomp action for a word, with its errno where the action has one (EPERM if none is given). */
int profile_action(const char *name, const struct oci_opt_u32 *errno_ret, const char *where, uint32_t *out, struct err *e);
int profile_operator(const char *name, enum scmp_compare *out); /* -1: unknown */
/* The token; 0 where the specification knows the word and this libseccomp does not. -1: unknown. */
int profile_arch(const char *name, uint32_t *out);
int profile_flag(const char *name, unsigned int *out); /* SECCOMP_FILTER_FLAG_…; -1: unknown */
const char *profile_flag_name(unsigned int flag);
/* Whether the running kernel knows the flag. Changes nothing. */
bool profile_flag_supported(unsigned int flag);

/* --- profile_compile.c --- */

/* The whole program, in the kernel's form. 0, or -1 with @e, which names the place in linux.seccomp. */
int profile_compile(const struct oci_seccomp *s, struct profile_program *out, struct err *e);

/* --- profile_seen.c --- */

#define PROFILE_ARGS 6

struct profile_rule {
	uint32_t action;
	int32_t nr;
	struct {
		uint32_t used, arg, op, zero; /* so that there is no padding: these are compared as bytes */
		uint64_t a, b;
	} cmp[PROFILE_ARGS];
};

struct profile_seen {
	struct profile_rule *v; /* a hash table of @room places */
	bool *used;
	size_t room, n;
	size_t conditions; /* rules that ask about arguments */
};

/* False: it is in there. */
bool profile_seen_add(struct profile_seen *s, uint32_t action, int nr, const struct scmp_arg_cmp *cmp, size_t n);
void profile_seen_free(struct profile_seen *s);

/* --- profile_ask.c --- */

#define PROFILE_DEPENDS 0xffffffffu /* no action of the kernel's: arguments decide */
/* SECCOMP_RET_… with its data, for the native call @nr. */
uint32_t profile_ask(const struct profile_program *p, int nr);

/* --- profile_cache.c --- */

struct profile_key {
	char *bytes; /* everything that the program depends on, unambiguously; heap */
	size_t len;
};

/* The caller frees key->bytes. */
void profile_key_make(const struct oci_seccomp *s, struct profile_key *key);
/* Both are best effort: a cache that cannot be used costs time, nothing else. */
bool profile_cache_load(const char *dir, const struct profile_key *key, struct profile_program *out);
void profile_cache_store(const char *dir, const struct profile_key *key, const struct profile_program *prog);

#endif
