// SPDX-License-Identifier: Apache-2.0
/* bpf_egress.c - the policy as a cgroup program: the kernel's own "no" for UDP (and TCP)
 *
 * Owns:     the programs, their attachment.
 * Must not: judge differently from policy_check(): tests compare the two on the same destinations.
 * Runs in:  create, with the host's privileges (CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN). Heap.
 *
 * What it sees: connect of TCP (with Fast Open, too, and MPTCP), UDP and ping sockets, and UDP sends with an address. It goes
 * by the cgroup in which a socket was made, also when the supervisor connects it on behalf; the verdict is the same, so that
 * is only belt and braces. A socket that came from outside is not seen.
 *
 * A fifth program looks at the packets themselves, for what no hook above is asked about: a source route or a routing
 * header that comes with the control data of a send, so that the packet goes to another hop; and ICMP, which ping and raw
 * sockets send without a connect. Its refusal is EPERM. Echo replies, neighbour discovery and the like are sent by sockets of
 * the kernel's own, made with the network namespace, outside of the cgroup.
 *
 * What is trapped beside it: nothing but options and, for the errno, sends where ICMP is possible (plan.c). A connect or send runs
 * a program of at most 200 instructions and one look-up more.
 * The errno is set by bpf_set_retval() (in these hooks since 6.0 or so): where that is missing, so is this layer.
 *
 * The rules are in a map (bpf_trie.c), which all programs share.
 */
#include "confine/bpf_egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "confine/bpf_trie.h"

/* --- the programs --------------------------------------------------------------------------------------------------------- */

#define INSNS_MAX 512
#define FIXUPS_MAX 160

enum label { L_DENY, L_ALLOW, L_NEXT, L_ICMP, L_ROUTED, L_LABELS };

struct prog {
	struct bpf_insn code[INSNS_MAX];
	unsigned int n;
	struct {
		unsigned int at;
		enum label to;
	} fix[FIXUPS_MAX];
	unsigned int nfix;
	bool full;
};

static void put(struct prog *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (p->n >= INSNS_MAX) {
		p->full = true;
		return;
	}
	p->code[p->n++] = (struct bpf_insn){ .code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm };
}

static void jump(struct prog *p, uint8_t op, uint8_t dst, int32_t imm, enum label to)
{
	if (p->nfix >= FIXUPS_MAX) {
		p->full = true;
		return;
	}
	p->fix[p->nfix].at = p->n;
	p->fix[p->nfix++].to = to;
	put(p, (uint8_t)((op == BPF_JA ? BPF_JMP : BPF_JMP32) | op | BPF_K), dst, 0, 0, imm);
}

static void place(struct prog *p, enum label l)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < p->nfix; i++) {
		if (p->fix[i].to == l)
			p->code[p->fix[i].at].off = (int16_t)(p->n - p->fix[i].at - 1);
		else
			p->fix[kept++] = p->fix[i];
	}
	p->nfix = kept;
}

#define MOV_IMM(p, r, i) put(p, BPF_ALU64 | BPF_MOV | BPF_K, r, 0, 0, i)
#define MOV_REG(p, d, s) put(p, BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define ADD_IMM(p, r, i) put(p, BPF_ALU64 | BPF_ADD | BPF_K, r, 0, 0, i)
#define LDX(p, size, d, s, o) put(p, BPF_LDX | BPF_MEM | (size), d, s, o, 0)
#define STX(p, size, d, o, s) put(p, BPF_STX | BPF_MEM | (size), d, s, o, 0)
#define ST(p, size, d, o, i) put(p, BPF_ST | BPF_MEM | (size), d, 0, o, i)
#define CALL(p, f) put(p, BPF_JMP | BPF_CALL, 0, 0, 0, f)

/* r6 context, r7 protocol, r8 port, r9 spare; the key on the stack. */
#define KEY_AT (-24)
#define PROTO_AT (-20)
#define WHEN_AT (-32)
#define ADDR_AT(word) ((int16_t)(-16 + 4 * (word)))
#define CTX(field) ((int16_t)offsetof(struct bpf_sock_addr, field))
#define HELPER_SET_RETVAL 187
#define HELPER_PID_TGID 14
#define HELPER_COMM 16
#define HELPER_KTIME 5

static void load_map(struct prog *p, uint8_t reg, int fd, bool value)
{
	// NOLINTNEXTLINE(misc-redundant-expression): BPF_LD and BPF_IMM are both 0
	put(p, BPF_LD | BPF_DW | BPF_IMM, reg, value ? 2 /* BPF_PSEUDO_MAP_VALUE */ : BPF_PSEUDO_MAP_FD, 0, fd);
	put(p, 0, 0, 0, 0, 0);
}

static void emit_proto(struct prog *p, bool v6)
{
	LDX(p, BPF_W, BPF_REG_1, BPF_REG_6, CTX(protocol));
	MOV_IMM(p, BPF_REG_7, POLICY_TCP);
	put(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, 0, 6, IPPROTO_TCP);
	MOV_IMM(p, BPF_REG_7, POLICY_UDP);
	put(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, 0, 4, IPPROTO_UDP);
	MOV_IMM(p, BPF_REG_7, POLICY_ICMP);
	put(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_1, 0, 2, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	MOV_IMM(p, BPF_REG_7, BPF_EGRESS_OTHER);
	put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
}

/* The address into the key as it is written: the map has an answer for any-addresses of their own. The call gets the loopback
 * that the kernel would take for one. */
static void emit_addr4(struct prog *p)
{
	LDX(p, BPF_W, BPF_REG_1, BPF_REG_6, CTX(user_ip4));
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(0), 0);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(1), 0);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(2), (int32_t)htonl(0xffff));
	STX(p, BPF_W, BPF_REG_10, ADDR_AT(3), BPF_REG_1);
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_1, 0, 2, 0);
	put(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_1, 0, 0, (int32_t)htonl(INADDR_LOOPBACK));
	STX(p, BPF_W, BPF_REG_6, CTX(user_ip4), BPF_REG_1);
}

static void emit_addr6(struct prog *p)
{
	for (int i = 0; i < 4; i++) {
		LDX(p, BPF_W, (uint8_t)(BPF_REG_1 + i), BPF_REG_6, (int16_t)(CTX(user_ip6) + 4 * i));
		STX(p, BPF_W, BPF_REG_10, ADDR_AT(i), (uint8_t)(BPF_REG_1 + i));
	}
	jump(p, BPF_JNE, BPF_REG_1, 0, L_NEXT);
	jump(p, BPF_JNE, BPF_REG_2, 0, L_NEXT);
	jump(p, BPF_JNE, BPF_REG_4, 0, L_NEXT);
	/* :: */
	MOV_IMM(p, BPF_REG_5, (int32_t)htonl(1));
	put(p, BPF_JMP32 | BPF_JEQ | BPF_K, BPF_REG_3, 0, 2, 0);
	/* ::ffff:0.0.0.0 */
	jump(p, BPF_JNE, BPF_REG_3, (int32_t)htonl(0xffff), L_NEXT);
	put(p, BPF_ALU | BPF_MOV | BPF_K, BPF_REG_5, 0, 0, (int32_t)htonl(INADDR_LOOPBACK));
	STX(p, BPF_W, BPF_REG_6, CTX(user_ip6[3]), BPF_REG_5);
	place(p, L_NEXT);
}

/* Looks the key up. A match goes on at @match, none at @miss; one of them is L_NEXT, which the caller places. */
static void emit_lookup(struct prog *p, int trie, enum label match, enum label miss)
{
	ST(p, BPF_W, BPF_REG_10, KEY_AT, 32 + 128);
	STX(p, BPF_W, BPF_REG_10, PROTO_AT, BPF_REG_7);
	load_map(p, BPF_REG_1, trie, false);
	MOV_REG(p, BPF_REG_2, BPF_REG_10);
	ADD_IMM(p, BPF_REG_2, KEY_AT);
	CALL(p, BPF_FUNC_map_lookup_elem);
	p->fix[p->nfix].at = p->n;
	p->fix[p->nfix++].to = miss;
	put(p, BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_0, 0, 0, 0);
	for (int i = 0; i < BPF_TRIE_RANGES; i++) {
		LDX(p, BPF_H, BPF_REG_1, BPF_REG_0, (int16_t)(4 * i));
		put(p, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_1, BPF_REG_8, 2, 0); /* lo > port: not this one */
		LDX(p, BPF_H, BPF_REG_1, BPF_REG_0, (int16_t)(4 * i + 2));
		p->fix[p->nfix].at = p->n;
		p->fix[p->nfix++].to = match;
		put(p, BPF_JMP | BPF_JGE | BPF_X, BPF_REG_1, BPF_REG_8, 0, 0); /* hi >= port */
	}
	jump(p, BPF_JA, 0, 0, miss);
}

static void emit_judge(struct prog *p, int trie)
{
	emit_lookup(p, trie, L_NEXT, L_DENY);
	place(p, L_NEXT);
}

/* NAT64: the IPv4 address inside must be allowed, too. */
static void emit_nat64(struct prog *p, int trie)
{
	LDX(p, BPF_W, BPF_REG_1, BPF_REG_10, ADDR_AT(0));
	LDX(p, BPF_W, BPF_REG_2, BPF_REG_10, ADDR_AT(1));
	LDX(p, BPF_W, BPF_REG_3, BPF_REG_10, ADDR_AT(2));
	jump(p, BPF_JNE, BPF_REG_1, (int32_t)htonl(0x0064ff9b), L_ALLOW);
	jump(p, BPF_JNE, BPF_REG_2, 0, L_ALLOW);
	jump(p, BPF_JNE, BPF_REG_3, 0, L_ALLOW);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(0), 0);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(2), (int32_t)htonl(0xffff));
	emit_judge(p, trie);
}

/* Which of the helpers that tell who it was this kernel has in these hooks. */
enum who { WHO_UNKNOWN, WHO_PID, WHO_PID_COMM };

static void emit_log(struct prog *p, int log, enum who who, bool send)
{
	const int16_t record = (int16_t)offsetof(struct bpf_egress_log, ring);

	CALL(p, HELPER_KTIME);
	STX(p, BPF_DW, BPF_REG_10, WHEN_AT, BPF_REG_0);
	if (who != WHO_UNKNOWN)
		CALL(p, HELPER_PID_TGID);
	else
		MOV_IMM(p, BPF_REG_0, 0);
	MOV_REG(p, BPF_REG_9, BPF_REG_0);
	load_map(p, BPF_REG_1, log, true);
	MOV_IMM(p, BPF_REG_2, 1);
	/* Linux 5.12: fetch and add. */
	put(p, BPF_STX | BPF_ATOMIC | BPF_DW, BPF_REG_1, BPF_REG_2, 0, BPF_ADD | BPF_FETCH);
	put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, BPF_EGRESS_RING - 1);
	put(p, BPF_ALU64 | BPF_MUL | BPF_K, BPF_REG_2, 0, 0, sizeof(struct bpf_egress_record));
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	STX(p, BPF_W, BPF_REG_1, (int16_t)(record + 0), BPF_REG_7);
	STX(p, BPF_W, BPF_REG_1, (int16_t)(record + 4), BPF_REG_8);
	for (int i = 0; i < 4; i++) {
		LDX(p, BPF_W, BPF_REG_3, BPF_REG_10, ADDR_AT(i));
		STX(p, BPF_W, BPF_REG_1, (int16_t)(record + 8 + 4 * i), BPF_REG_3);
	}
	STX(p, BPF_W, BPF_REG_1, (int16_t)(record + 24), BPF_REG_9);
	ST(p, BPF_W, BPF_REG_1, (int16_t)(record + 28), send);
	/* Not what another refusal has left there. */
	ST(p, BPF_DW, BPF_REG_1, (int16_t)(record + 32), 0);
	ST(p, BPF_DW, BPF_REG_1, (int16_t)(record + 40), 0);
	LDX(p, BPF_DW, BPF_REG_3, BPF_REG_10, WHEN_AT);
	STX(p, BPF_DW, BPF_REG_1, (int16_t)(record + offsetof(struct bpf_egress_record, when)), BPF_REG_3);
	if (who == WHO_PID_COMM) {
		ADD_IMM(p, BPF_REG_1, record + 32);
		MOV_IMM(p, BPF_REG_2, sizeof(((struct bpf_egress_record *)0)->comm));
		CALL(p, HELPER_COMM);
	}
}

static void emit_exit(struct prog *p, int32_t value)
{
	MOV_IMM(p, BPF_REG_0, value);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void build(struct prog *p, bool v6, bool send, int error, int trie, int log, enum who who)
{
	memset(p, 0, sizeof(*p));
	MOV_REG(p, BPF_REG_6, BPF_REG_1);
	/* A send on a connected socket that has control data, but no address: the kernel asks about 0.0.0.0 port 0 (which
	 * nobody can name, EINVAL comes first). The peer was judged by connect. */
	if (send) {
		LDX(p, BPF_W, BPF_REG_1, BPF_REG_6, CTX(user_port));
		jump(p, BPF_JEQ, BPF_REG_1, 0, L_ALLOW);
	} else {
		/* A family that the socket does not connect to is the kernel's to refuse, with the native errno. (Sends come
		 * here after that check, and with AF_UNSPEC for AF_INET.) */
		LDX(p, BPF_W, BPF_REG_1, BPF_REG_6, CTX(user_family));
		jump(p, BPF_JNE, BPF_REG_1, v6 ? AF_INET6 : AF_INET, L_ALLOW);
	}
	emit_proto(p, v6);
	if (v6)
		emit_addr6(p);
	else
		emit_addr4(p);
	LDX(p, BPF_W, BPF_REG_8, BPF_REG_6, CTX(user_port));
	put(p, BPF_ALU | BPF_END | BPF_TO_BE, BPF_REG_8, 0, 0, 16);
	put(p, BPF_JMP32 | BPF_JNE | BPF_K, BPF_REG_7, 0, 1, POLICY_ICMP);
	MOV_IMM(p, BPF_REG_8, 0);
	jump(p, BPF_JEQ, BPF_REG_7, BPF_EGRESS_OTHER, L_DENY);
	emit_judge(p, trie);
	if (v6)
		emit_nat64(p, trie);
	place(p, L_ALLOW);
	emit_exit(p, 1);
	place(p, L_DENY);
	emit_log(p, log, who, send);
	MOV_IMM(p, BPF_REG_1, -error);
	CALL(p, HELPER_SET_RETVAL);
	emit_exit(p, 0);
}

#define SKB(field) ((int16_t)offsetof(struct __sk_buff, field))

/* The first @n bytes of the packet, or refused: r2 points to them. */
static void need_bytes(struct prog *p, int32_t n)
{
	MOV_REG(p, BPF_REG_4, BPF_REG_2);
	ADD_IMM(p, BPF_REG_4, n);
	p->fix[p->nfix].at = p->n;
	p->fix[p->nfix++].to = L_ROUTED;
	put(p, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 0, 0);
}

/* IPv4 options of more than a router alert's 4 bytes: the shortest source route has 7. */
static void emit_packet4(struct prog *p)
{
	need_bytes(p, 20);
	LDX(p, BPF_B, BPF_REG_1, BPF_REG_2, 0);
	put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 0xf);
	jump(p, BPF_JGT, BPF_REG_1, 6, L_ROUTED);
	LDX(p, BPF_B, BPF_REG_1, BPF_REG_2, 9);
	jump(p, BPF_JNE, BPF_REG_1, IPPROTO_ICMP, L_ALLOW);
	LDX(p, BPF_W, BPF_REG_1, BPF_REG_2, 16);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(0), 0);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(1), 0);
	ST(p, BPF_W, BPF_REG_10, ADDR_AT(2), (int32_t)htonl(0xffff));
	STX(p, BPF_W, BPF_REG_10, ADDR_AT(3), BPF_REG_1);
	jump(p, BPF_JA, 0, 0, L_ICMP);
}

/* IPv6 routing headers, and what could stand before one. */
static void emit_packet6(struct prog *p)
{
	need_bytes(p, 41);
	for (int i = 0; i < 4; i++) {
		LDX(p, BPF_W, BPF_REG_1, BPF_REG_2, (int16_t)(24 + 4 * i));
		STX(p, BPF_W, BPF_REG_10, ADDR_AT(i), BPF_REG_1);
	}
	LDX(p, BPF_B, BPF_REG_1, BPF_REG_2, 6);
	jump(p, BPF_JEQ, BPF_REG_1, IPPROTO_ROUTING, L_ROUTED);
	jump(p, BPF_JEQ, BPF_REG_1, IPPROTO_DSTOPTS, L_ROUTED);
	jump(p, BPF_JEQ, BPF_REG_1, IPPROTO_ICMPV6, L_ICMP);
	jump(p, BPF_JNE, BPF_REG_1, IPPROTO_HOPOPTS, L_ALLOW);
	/* Hop-by-hop options directly in front of what they carry: the kernel's own, of segments beyond 64 KB (BIG TCP). */
	LDX(p, BPF_B, BPF_REG_1, BPF_REG_2, 40);
	jump(p, BPF_JEQ, BPF_REG_1, IPPROTO_TCP, L_ALLOW);
	jump(p, BPF_JEQ, BPF_REG_1, IPPROTO_UDP, L_ALLOW);
	jump(p, BPF_JNE, BPF_REG_1, IPPROTO_ICMPV6, L_ROUTED);
	jump(p, BPF_JA, 0, 0, L_ICMP);
}

/* Packets that say another way than their destination's, and ICMP. */
static void build_packets(struct prog *p, int trie, int log)
{
	memset(p, 0, sizeof(*p));
	LDX(p, BPF_W, BPF_REG_5, BPF_REG_1, SKB(protocol));
	LDX(p, BPF_W, BPF_REG_2, BPF_REG_1, SKB(data));
	LDX(p, BPF_W, BPF_REG_3, BPF_REG_1, SKB(data_end));
	jump(p, BPF_JEQ, BPF_REG_5, htons(ETH_P_IPV6), L_NEXT);
	jump(p, BPF_JNE, BPF_REG_5, htons(ETH_P_IP), L_ALLOW);
	emit_packet4(p);
	place(p, L_NEXT);
	emit_packet6(p);
	place(p, L_ICMP);
	MOV_IMM(p, BPF_REG_7, POLICY_ICMP);
	MOV_IMM(p, BPF_REG_8, 0);
	emit_judge(p, trie);
	emit_nat64(p, trie);
	place(p, L_ALLOW);
	emit_exit(p, 1);
	place(p, L_ROUTED);
	MOV_IMM(p, BPF_REG_7, BPF_EGRESS_ROUTED);
	MOV_IMM(p, BPF_REG_8, 0);
	for (int i = 0; i < 4; i++)
		ST(p, BPF_W, BPF_REG_10, ADDR_AT(i), 0);
	place(p, L_DENY);
	emit_log(p, log, WHO_UNKNOWN, true);
	emit_exit(p, 0);
}

static const struct {
	uint32_t type, attach;
	bool v6, send;
} hooks[BPF_EGRESS_HOOKS] = {
	[BPF_EGRESS_CONNECT4] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, false, false },
	[BPF_EGRESS_CONNECT6] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, true, false },
	[BPF_EGRESS_SENDMSG4] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, false, true },
	[BPF_EGRESS_SENDMSG6] = { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, true, true },
	[BPF_EGRESS_PACKETS] = { BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, false, false },
};

static int load(const struct prog *p, enum bpf_egress_hook h, char *log, size_t log_size)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = hooks[h].type;
	a.expected_attach_type = hooks[h].attach;
	a.insns = (uint64_t)(uintptr_t)p->code;
	a.insn_cnt = p->n;
	a.license = (uint64_t)(uintptr_t)"Apache-2.0";
	a.log_buf = (uint64_t)(uintptr_t)log;
	a.log_size = (uint32_t)log_size;
	a.log_level = log ? 1 : 0;
	memcpy(a.prog_name, "sandrun_egress", 14);
	return sys_bpf(BPF_PROG_LOAD, &a);
}

static int load_hook(enum bpf_egress_hook h, int error, int trie, int log)
{
	struct prog *p = xcalloc(1, sizeof(*p));
	int fd = -1;

	/* Helpers that these hooks got late (6.x); without them the audit lacks the pid. */
	for (int who = WHO_PID_COMM; who >= WHO_UNKNOWN && fd < 0; who--) {
		if (h == BPF_EGRESS_PACKETS)
			build_packets(p, trie, log);
		else
			build(p, hooks[h].v6, hooks[h].send, error, trie, log, (enum who)who);
		fd = p->full ? -1 : load(p, h, NULL, 0);
	}
	free(p);
	return fd;
}

static int attach(int cgroup_fd, int prog, enum bpf_egress_hook h, bool on)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.target_fd = (uint32_t)cgroup_fd;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = hooks[h].attach;
	a.attach_flags = on ? BPF_F_ALLOW_MULTI : 0;
	return sys_bpf(on ? BPF_PROG_ATTACH : BPF_PROG_DETACH, &a);
}

static bool attach_all(int cgroup_fd, const int progs[], int n)
{
	int h;

	for (h = 0; h < n; h++)
		if (attach(cgroup_fd, progs[h], (enum bpf_egress_hook)h, true) < 0)
			break;
	if (h == n)
		return true;
	/* Half of them would be half a backstop: all or none. */
	while (h-- > 0)
		attach(cgroup_fd, progs[h], (enum bpf_egress_hook)h, false);
	return false;
}

int confine_bpf_attach(const struct policy *p, int cgroup_fd, bool *active, int *log_fd, struct err *e)
{
	struct policy_traits t = policy_get_traits(p);
	int progs[BPF_EGRESS_HOOKS], wanted;
	autofd trie = -1;
	autofd log = -1;
	bool ok = true;

	(void)e; /* nothing here is an error: what cannot be had is done by the supervisor */
	*active = false;
	*log_fd = -1;
	if (!t.egress || cgroup_fd < 0)
		return 0;
	trie = bpf_trie_make(p);
	if (trie < 0)
		return 0;
	log = bpf_map_make(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_egress_log), 1, BPF_F_MMAPABLE);
	if (log < 0)
		return 0;
	/* TCP alone has no control data (its routes are set by options, which are trapped) and no ICMP: no look at each packet. */
	wanted = t.udp_possible || t.icmp_possible ? BPF_EGRESS_HOOKS : BPF_EGRESS_PACKETS;
	for (int h = 0; h < wanted; h++) {
		progs[h] = ok ? load_hook((enum bpf_egress_hook)h, policy_get_errno(p), trie, log) : -1;
		ok = ok && progs[h] >= 0;
	}
	ok = ok && attach_all(cgroup_fd, progs, wanted);
	/* Attached programs live as long as the cgroup, and hold their maps. */
	for (int h = 0; h < wanted; h++)
		fd_close(&progs[h]);
	if (ok) {
		*active = true;
		*log_fd = fd_steal(&log);
	}
	return 0;
}
