// SPDX-License-Identifier: Apache-2.0
/* names.c - the words of the specification, one table each
 *
 * Runs in:  wherever such a word is read or written. Constants.
 */
#include "oci/names.h"

#include <string.h>
#include <sys/resource.h>

const char *const oci_names_namespaces[] = {
	[OCI_NS_MOUNT] = "mount",   [OCI_NS_PID] = "pid", [OCI_NS_NETWORK] = "network", [OCI_NS_UTS] = "uts",
	[OCI_NS_IPC] = "ipc",	    [OCI_NS_USER] = "user", [OCI_NS_CGROUP] = "cgroup", [OCI_NS_TIME] = "time",
	[OCI_NS_COUNT] = NULL,
};

/* Numbers as in linux/capability.h; the last one that exists (Linux 6.18) came with Linux 5.9. */
const char *const oci_names_capabilities[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
	NULL,
};

#define CAPABILITIES (sizeof(oci_names_capabilities) / sizeof(oci_names_capabilities[0]) - 1)
_Static_assert(CAPABILITIES == 41, "one name for each number 0 to 40");

const char *const oci_names_rlimits[] = {
	"RLIMIT_CPU",	     "RLIMIT_FSIZE",  "RLIMIT_DATA",   "RLIMIT_STACK",	"RLIMIT_CORE",	     "RLIMIT_RSS",
	"RLIMIT_NPROC",	     "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS",	"RLIMIT_LOCKS",	     "RLIMIT_SIGPENDING",
	"RLIMIT_MSGQUEUE",   "RLIMIT_NICE",   "RLIMIT_RTPRIO", "RLIMIT_RTTIME", NULL,
};

/* MIPS and SPARC number some of them differently: libc knows, so ask it. */
static const int rlimit_numbers[] = {
	RLIMIT_CPU,    RLIMIT_FSIZE,  RLIMIT_DATA,    RLIMIT_STACK, RLIMIT_CORE,   RLIMIT_RSS,
	RLIMIT_NPROC,  RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS,    RLIMIT_LOCKS,  RLIMIT_SIGPENDING,
	RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO,  RLIMIT_RTTIME,
};
_Static_assert(sizeof(rlimit_numbers) / sizeof(rlimit_numbers[0]) + 1 ==
		       sizeof(oci_names_rlimits) / sizeof(oci_names_rlimits[0]),
	       "a number for each name");

const char *const oci_names_hooks[] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL,
};

/* The specification has the four words without r. runc takes the recursive ones too, and podman writes them. */
const char *const oci_names_propagations[] = {
	"shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable", NULL,
};

const char *const oci_names_device_types[] = { "c", "b", "u", "p", NULL };
const char *const oci_names_device_rule_types[] = { "a", "c", "b", NULL };

const char *const oci_names_sched_policies[] = {
	"SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "SCHED_ISO", "SCHED_IDLE", "SCHED_DEADLINE", NULL,
};

const char *const oci_names_sched_flags[] = {
	"SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM",	"SCHED_FLAG_DL_OVERRUN",
	"SCHED_FLAG_KEEP_POLICY",   "SCHED_FLAG_KEEP_PARAMS",	"SCHED_FLAG_UTIL_CLAMP_MIN",
	"SCHED_FLAG_UTIL_CLAMP_MAX", NULL,
};

const char *const oci_names_ioprio_classes[] = {
	"IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE", NULL,
};

const char *const oci_names_seccomp_actions[] = {
	"SCMP_ACT_KILL",  "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",   "SCMP_ACT_ERRNO",
	"SCMP_ACT_TRACE", "SCMP_ACT_ALLOW",	   "SCMP_ACT_LOG",	   "SCMP_ACT_NOTIFY", NULL,
};

const char *const oci_names_seccomp_operators[] = {
	"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
	NULL,
};

const char *const oci_names_seccomp_archs[] = {
	"SCMP_ARCH_X86",       "SCMP_ARCH_X86_64",    "SCMP_ARCH_X32",		"SCMP_ARCH_ARM",
	"SCMP_ARCH_AARCH64",   "SCMP_ARCH_MIPS",      "SCMP_ARCH_MIPS64",	"SCMP_ARCH_MIPS64N32",
	"SCMP_ARCH_MIPSEL",    "SCMP_ARCH_MIPSEL64",  "SCMP_ARCH_MIPSEL64N32",	"SCMP_ARCH_PPC",
	"SCMP_ARCH_PPC64",     "SCMP_ARCH_PPC64LE",   "SCMP_ARCH_S390",		"SCMP_ARCH_S390X",
	"SCMP_ARCH_PARISC",    "SCMP_ARCH_PARISC64",  "SCMP_ARCH_RISCV64",	"SCMP_ARCH_LOONGARCH64",
	"SCMP_ARCH_M68K",      "SCMP_ARCH_SH",	      "SCMP_ARCH_SHEB",		NULL,
};

const char *const oci_names_seccomp_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
	NULL,
};

const char *const oci_names_mpol_modes[] = {
	"MPOL_DEFAULT",	 "MPOL_BIND",		"MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
	"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL",	    NULL,
};

const char *const oci_names_mpol_flags[] = {
	"MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL,
};

const char *const oci_names_personality_domains[] = { "LINUX", "LINUX32", NULL };

int oci_names_index(const char *const *list, const char *name)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(list[i], name) == 0)
			return i;
	return -1;
}

const char *oci_namespace_name(enum oci_namespace_type t)
{
	return (unsigned int)t < OCI_NS_COUNT ? oci_names_namespaces[t] : NULL;
}

int oci_capability_number(const char *name)
{
	return oci_names_index(oci_names_capabilities, name);
}

const char *oci_capability_name(int number)
{
	return number >= 0 && (size_t)number < CAPABILITIES ? oci_names_capabilities[number] : NULL;
}

int oci_rlimit_number(const char *name)
{
	int i = oci_names_index(oci_names_rlimits, name);

	return i < 0 ? -1 : rlimit_numbers[i];
}

const char *oci_map_get(const struct oci_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].key, key) == 0)
			return m->v[i].value;
	return NULL;
}

const struct oci_namespace *oci_namespace_find(const struct oci_linux *l, enum oci_namespace_type t)
{
	for (size_t i = 0; i < l->n_namespaces; i++)
		if (l->namespaces[i].type == t)
			return &l->namespaces[i];
	return NULL;
}

bool oci_mount_has_option(const struct oci_mount *m, const char *name)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i], name) == 0)
			return true;
	return false;
}
