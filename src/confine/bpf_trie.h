// SPDX-License-Identifier: Apache-2.0
/* bpf_trie.h - the rules of a policy as a longest-prefix-match map
 *
 * Owns:     what the map's keys and values look like, for who fills it and for the programs that look into it; bpf(2).
 */
#ifndef CONFINE_BPF_TRIE_H
#define CONFINE_BPF_TRIE_H

#include <linux/bpf.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/policy.h"

#define BPF_TRIE_RANGES 16

struct bpf_trie_key {
	uint32_t prefixlen; /* 32 bits of protocol, then the address */
	uint32_t proto;	    /* enum policy_proto */
	uint8_t addr[16];   /* IPv4 as ::ffff:a.b.c.d */
};

struct bpf_trie_value {
	struct {
		uint16_t lo, hi; /* host order; lo > hi: none */
	} r[BPF_TRIE_RANGES];
};

/* What @p allows as a new map: the caller's descriptor, or -1 where they do not fit or the kernel does not let us. Heap. */
int bpf_trie_make(const struct policy *p);

/* bpf(2), which libc lacks. */
static inline int sys_bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static inline int bpf_map_make(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = entries;
	a.map_flags = flags;
	return sys_bpf(BPF_MAP_CREATE, &a);
}

#endif
