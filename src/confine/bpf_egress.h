// SPDX-License-Identifier: Apache-2.0
/* bpf_egress.h - the policy as a cgroup program
 *
 * Owns:     what create and the supervisor share of it.
 */
#ifndef CONFINE_BPF_EGRESS_H
#define CONFINE_BPF_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/policy.h"

/* What the programs write and the supervisor reads, in the memory of an array map. The ring is lossy on purpose: the
 * writers are the container's own calls, the reader looks once a second. */
#define BPF_EGRESS_RING 64
struct bpf_egress_record {
	uint32_t proto; /* enum policy_proto, or BPF_EGRESS_OTHER */
	uint32_t port;	/* host order */
	uint32_t addr[4];
	uint32_t tid; /* in the root pid namespace; 0 where the kernel does not tell */
	uint32_t send; /* not a connect */
	char comm[16]; /* empty where the kernel does not tell */
	uint64_t when; /* CLOCK_MONOTONIC, ns */
};
#define BPF_EGRESS_OTHER 0xff
#define BPF_EGRESS_ROUTED 0xfe /* a packet with a source route or a routing header */
struct bpf_egress_log {
	uint64_t count;
	uint64_t pad;
	struct bpf_egress_record ring[BPF_EGRESS_RING];
};

/* Attaches connect4/6 and sendmsg4/6 programs with the verdict of @p, and one for packets (ICMP, source routes) where there can
 * be any, to the cgroup v2 directory @cgroup_fd (beside whatever
 * is there: BPF_F_ALLOW_MULTI). They go with the cgroup. *active: false where the kernel or our rights do not allow it, or
 * the policy does not fit; no error: the supervisor then judges what they would have. *log: a descriptor of the log map,
 * for supervisor_start(); -1 if not active. */
int confine_bpf_attach(const struct policy *p, int cgroup_fd, bool *active, int *log, struct err *e);

/* For tests: the loaded programs without a cgroup, run by BPF_PROG_TEST_RUN or attached by hand. */
enum bpf_egress_hook { BPF_EGRESS_CONNECT4, BPF_EGRESS_CONNECT6, BPF_EGRESS_SENDMSG4, BPF_EGRESS_SENDMSG6,
		       BPF_EGRESS_PACKETS, BPF_EGRESS_HOOKS };

#endif
