// SPDX-License-Identifier: Apache-2.0
/* profile_names.c - actions, operators, architectures and flags of linux.seccomp
 *
 * Owns:     one table for each; they feed the compiler and "features".
 * Runs in:  create, exec, features.
 */
#include "confine/profile_internal.h"

#include <ctype.h>

#include "base/str.h"
#include "base/sys.h"
#include "confine/confine.h"

#define ACTIONS(X)                                                                                                     \
	X("SCMP_ACT_KILL", SCMP_ACT_KILL, false)                                                                       \
	X("SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS, false)                                                       \
	X("SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD, false)                                                         \
	X("SCMP_ACT_TRAP", SCMP_ACT_TRAP, false)                                                                       \
	X("SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0), true)                                                                   \
	X("SCMP_ACT_TRACE", SCMP_ACT_TRACE(0), true)                                                                   \
	X("SCMP_ACT_ALLOW", SCMP_ACT_ALLOW, false)                                                                     \
	X("SCMP_ACT_LOG", SCMP_ACT_LOG, false)                                                                         \
	X("SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY, false)

#define OPERATORS(X)                                                                                                   \
	X("SCMP_CMP_NE", SCMP_CMP_NE)                                                                                  \
	X("SCMP_CMP_LT", SCMP_CMP_LT)                                                                                  \
	X("SCMP_CMP_LE", SCMP_CMP_LE)                                                                                  \
	X("SCMP_CMP_EQ", SCMP_CMP_EQ)                                                                                  \
	X("SCMP_CMP_GE", SCMP_CMP_GE)                                                                                  \
	X("SCMP_CMP_GT", SCMP_CMP_GT)                                                                                  \
	X("SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ)

/* Without WAIT_KILLABLE_RECV's two neighbours NEW_LISTENER and TSYNC_ESRCH, which are not the profile's to ask for. */
#define FLAGS(X)                                                                                                       \
	X("SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC)                                                      \
	X("SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG)                                                          \
	X("SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW)                                            \
	X("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)

static const struct {
	const char *name;
	uint32_t value;
	bool has_errno;
} actions[] = {
#define X(name, value, has_errno) { name, value, has_errno },
	ACTIONS(X)
#undef X
};

static const struct {
	const char *name;
	enum scmp_compare value;
} operators[] = {
#define X(name, value) { name, value },
	OPERATORS(X)
#undef X
};

static const struct {
	const char *name;
	unsigned int value;
} flags[] = {
#define X(name, value) { name, (unsigned int)(value) },
	FLAGS(X)
#undef X
};

/* config-linux.md's list "as of libseccomp v2.6.0". Which of them exist is asked of the library: 2.5 has no
 * LOONGARCH64, M68K, SH and SHEB. */
static const char *const archs[] = {
	"SCMP_ARCH_X86",      "SCMP_ARCH_X86_64",      "SCMP_ARCH_X32",	    "SCMP_ARCH_ARM",	  "SCMP_ARCH_AARCH64",
	"SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL",	  "SCMP_ARCH_MIPSEL64",
	"SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",      "SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",
	"SCMP_ARCH_S390X",    "SCMP_ARCH_PARISC",      "SCMP_ARCH_PARISC64",  "SCMP_ARCH_RISCV64",  "SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",     "SCMP_ARCH_SH",	       "SCMP_ARCH_SHEB",
};

int profile_action(const char *name, const struct oci_opt_u32 *errno_ret, const char *where, uint32_t *out, struct err *e)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(actions); i++) {
		if (!str_eq(actions[i].name, name))
			continue;
		if (errno_ret->set && !actions[i].has_errno)
			return err_msg(e, "%s: an errno is given, and %s has none", where, name);
		/* Both actions have 16 bits for it. */
		if (errno_ret->set && errno_ret->v > SECCOMP_RET_DATA)
			return err_msg(e, "%s: errno %u is above %u", where, errno_ret->v, SECCOMP_RET_DATA);
		*out = actions[i].value;
		if (actions[i].has_errno)
			*out |= errno_ret->set ? errno_ret->v : EPERM;
		return 0;
	}
	return err_msg(e, "%s: unknown action \"%.64s\"", where, name ? name : "");
}

int profile_operator(const char *name, enum scmp_compare *out)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(operators); i++) {
		if (!str_eq(operators[i].name, name))
			continue;
		*out = operators[i].value;
		return 0;
	}
	return -1;
}

/* "SCMP_ARCH_X86_64" → "x86_64" → token. */
static uint32_t arch_token(const char *name)
{
	char lower[32];
	size_t n = 0;

	for (const char *c = name + strlen("SCMP_ARCH_"); *c && n < sizeof(lower) - 1; c++)
		lower[n++] = (char)tolower((unsigned char)*c);
	lower[n] = 0;
	return seccomp_arch_resolve_name(lower);
}

int profile_arch(const char *name, uint32_t *out)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(archs); i++) {
		if (!str_eq(archs[i], name))
			continue;
		*out = arch_token(name);
		return 0;
	}
	return -1;
}

int profile_flag(const char *name, unsigned int *out)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(flags); i++) {
		if (!str_eq(flags[i].name, name))
			continue;
		*out = flags[i].value;
		return 0;
	}
	return -1;
}

const char *profile_flag_name(unsigned int flag)
{
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (flags[i].value == flag)
			return flags[i].name;
	return "?";
}

bool profile_flag_supported(unsigned int flag)
{
	/* Refused by itself; of no use by itself either. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Flags are looked at before the program: EFAULT for the missing program means that they are known. */
	return sys_seccomp(SECCOMP_SET_MODE_FILTER, flag, NULL) < 0 && errno == EFAULT;
}

const char *const *confine_profile_actions(void)
{
	static const char *const list[] = {
#define X(name, value, has_errno) name,
		ACTIONS(X)
#undef X
		NULL,
	};

	return list;
}

const char *const *confine_profile_operators(void)
{
	static const char *const list[] = {
#define X(name, value) name,
		OPERATORS(X)
#undef X
		NULL,
	};

	return list;
}

const char *const *confine_profile_archs(void)
{
	static const char *list[ARRAY_SIZE(archs) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(archs); i++)
		if (arch_token(archs[i]))
			list[n++] = archs[i];
	list[n] = NULL;
	return list;
}

const char *const *confine_profile_flags_known(void)
{
	static const char *const list[] = {
#define X(name, value) name,
		FLAGS(X)
#undef X
		NULL,
	};

	return list;
}

const char *const *confine_profile_flags_supported(void)
{
	static const char *list[ARRAY_SIZE(flags) + 1];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (profile_flag_supported(flags[i].value))
			list[n++] = flags[i].name;
	list[n] = NULL;
	return list;
}
