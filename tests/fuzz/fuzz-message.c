// SPDX-License-Identifier: Apache-2.0
/* fuzz-message.c - what a container puts into the memory that the supervisor copies: headers, iovecs, control data,
 * addresses, memberships, socketcall's words
 *
 * Input: 8 bytes of choices, then the bytes. Checked besides memory safety: everything stays within its bounds; a
 * destination is judged whenever the kernel could send to the address that is left in the copy.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/confine/notify_calls.c"
#include "../../src/confine/sockopts.c"
#include "../../src/supervisor/message.c"
#include "../../src/supervisor/verdict.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void fuzz_header(const uint8_t *data, size_t size, bool compat)
{
	struct message m;

	if (size < message_header_size(compat) || message_parse(data, compat, &m) < 0)
		return;
	check(m.name_len <= sizeof(struct sockaddr_storage));
	check((m.name != 0) == (m.name_len != 0));
}

static void fuzz_iovecs(const uint8_t *data, size_t size, bool compat)
{
	static struct iovec out[IOVECS_MAX];
	size_t n = size / message_iovec_size(compat);
	uint64_t total, sum = 0;

	if (n > IOVECS_MAX)
		n = IOVECS_MAX;
	if (message_parse_iovecs(data, n, compat, out, &total) < 0)
		return;
	for (size_t i = 0; i < n; i++)
		sum += out[i].iov_len;
	check(sum == total && total <= 0x7ffff000u);
}

static void fuzz_control(const uint8_t *data, size_t size, bool compat, unsigned int family)
{
	static struct message_control mc;
	size_t seen = 0;

	if (size > CONTROL_MAX)
		size = CONTROL_MAX;
	if (message_parse_control(data, size, compat, (enum message_family)(family % 3), &mc) < 0)
		return;
	check(mc.len <= sizeof(mc.out) && mc.nfds <= RIGHTS_MAX);
	for (unsigned int i = 0; i < mc.nfds; i++)
		check(mc.fds_at[i] + sizeof(int) <= mc.len);
	for (unsigned int i = 0; i < mc.ncreds; i++)
		check(mc.creds_at[i] + sizeof(struct ucred) <= mc.len);
	/* What comes out, libc walks to its end. */
	if (mc.len) {
		struct msghdr m = { .msg_control = mc.out, .msg_controllen = mc.len };

		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
			seen += CMSG_SPACE(c->cmsg_len - CMSG_LEN(0));
	}
	check(seen == mc.len);
}

static void fuzz_address(const uint8_t *data, size_t size, const uint8_t *choice)
{
	static const struct sockinfo kinds[] = {
		{ AF_INET, SOCK_STREAM, IPPROTO_TCP },  { AF_INET6, SOCK_STREAM, IPPROTO_TCP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },   { AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
		{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP },  { AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6 },
		{ AF_INET, SOCK_RAW, IPPROTO_ICMP },    { AF_INET6, SOCK_RAW, IPPROTO_ICMPV6 },
		{ AF_INET, SOCK_STREAM, 262 },	       { AF_UNIX, SOCK_STREAM, 0 },
	};
	const struct sockinfo *si = &kinds[choice[0] % ARRAY_SIZE(kinds)];
	struct sockaddr_storage ss = { 0 };
	socklen_t len = size > sizeof(ss) ? sizeof(ss) : (socklen_t)size;
	struct policy_dest d;
	enum destination r;
	static const struct in6_addr zero;

	memcpy(&ss, data, len);
	r = verdict_destination(si, choice[1] & 1, &ss, &len, &d);
	check(len <= sizeof(ss));
	if (choice[0] % ARRAY_SIZE(kinds) >= 8) {
		check(r == DEST_REFUSED);
		return;
	}
	check(r != DEST_REFUSED);
	/* Nothing that the kernel may send to goes unjudged, and nothing is left to its interpretation: what is sent to is what was
	 * judged, or loopback where the address that means it was judged. */
	if (len >= sizeof(struct sockaddr_in) && ss.ss_family == AF_INET) {
		check(r == DEST_JUDGE && ((struct sockaddr_in *)&ss)->sin_addr.s_addr != 0);
		check(memcmp(&d.addr.s6_addr[12], &((struct sockaddr_in *)&ss)->sin_addr, 4) == 0 ||
		      (memcmp(&d.addr.s6_addr[12], &zero, 4) == 0 &&
		       ((struct sockaddr_in *)&ss)->sin_addr.s_addr == htonl(INADDR_LOOPBACK)));
	} else if (len >= 24 && ss.ss_family == AF_INET6) {
		check(r == DEST_JUDGE && memcmp(&((struct sockaddr_in6 *)&ss)->sin6_addr, &zero, sizeof(zero)) != 0);
		check(memcmp(&d.addr, &((struct sockaddr_in6 *)&ss)->sin6_addr, sizeof(d.addr)) == 0 ||
		      memcmp(&d.addr, &zero, sizeof(zero)) == 0 || memcmp(&d.addr.s6_addr[12], &zero, 4) == 0);
	} else {
		check(r == DEST_NONE);
	}
	/* A send without a family: only ping and Fast Open, which refuse it, may see it. */
	if ((choice[1] & 1) && len >= sizeof(sa_family_t) && ss.ss_family == AF_UNSPEC)
		check(si->type == SOCK_STREAM || (d.proto == POLICY_ICMP && si->type == SOCK_DGRAM));
}

static void fuzz_membership(const uint8_t *data, size_t size, bool compat, const uint8_t *choice)
{
	static const int names[] = { 35, 39, 42, 46, 20, 1 };
	int level = choice[5] & 1 ? IPPROTO_IPV6 : IPPROTO_IP, name = names[choice[6] % ARRAY_SIZE(names)];
	struct message_membership m;
	size_t at = 0, skip;

	if (message_parse_membership(data, size, compat, level, name, &m) < 0)
		return;
	check(sockopts_find(level, name) && sockopts_find(level, name)->set == SOCKOPT_GROUP && m.len <= sizeof(m.value));
	/* What is judged is what the kernel will read. */
	if (name == 42 || name == 46)
		at = level == IPPROTO_IP ? 8 + 4 : 8 + 8;
	skip = level == IPPROTO_IP ? 12 : 0;
	check(at + 16 - skip <= m.len && memcmp(m.value + at, &m.group.s6_addr[skip], 16 - skip) == 0);
	check(level == IPPROTO_IP ? IN6_IS_ADDR_V4MAPPED(&m.group) && m.group.s6_addr[12] >> 4 == 0xe
				  : m.group.s6_addr[0] == 0xff);
}

static void fuzz_call(const uint8_t *data, size_t size)
{
	struct seccomp_data sd = { 0 };
	struct notify_call call;
	uint32_t words[6] = { 0 };

	memcpy(&sd, data, size < sizeof(sd) ? size : sizeof(sd));
	if (!notify_calls_decode(&sd, &call) || call.kind != NOTIFY_SOCKETCALL)
		return;
	memcpy(words, data, size < sizeof(words) ? size : sizeof(words));
	check(notify_calls_socketcall_args((uint32_t)call.args[0]) <= 6);
	if (notify_calls_decode_socketcall(words, &call))
		check(call.in_memory && call.compat && call.kind < NOTIFY_SOCKETCALL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *choice = data;
	uint8_t *copy;

	if (size < 8)
		return 0;
	size -= 8;
	/* A block of its own, so that one byte too many is seen. */
	copy = malloc(size ? size : 1);
	memcpy(copy, data + 8, size);
	switch (choice[2] % 6) {
	case 0:
		fuzz_header(copy, size, choice[3] & 1);
		break;
	case 1:
		fuzz_iovecs(copy, size, choice[3] & 1);
		break;
	case 2:
		fuzz_control(copy, size, choice[3] & 1, choice[4]);
		break;
	case 3:
		fuzz_address(copy, size, choice);
		break;
	case 5:
		fuzz_membership(copy, size, choice[3] & 1, choice);
		break;
	default:
		fuzz_call(copy, size);
	}
	free(copy);
	return 0;
}
