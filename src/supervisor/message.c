// SPDX-License-Identifier: Apache-2.0
/* message.c - message headers, iovecs, control data and memberships as bytes
 *
 * Owns:     their layout in 64-bit and 32-bit callers. Which control messages are passed on says confine/sockopts.c.
 * Must not: read from anywhere but the buffers given (it is fuzzed as it stands).
 * Runs in:  a worker thread. Pure.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "confine/sockopts.h"
#include "supervisor/internal.h"

struct header32 {
	uint32_t name;
	int32_t name_len;
	uint32_t iov, iov_len, control, control_len, flags;
};

struct header64 {
	uint64_t name;
	int32_t name_len;
	uint32_t pad;
	uint64_t iov, iov_len, control, control_len;
	uint32_t flags, pad2;
};

struct iovec32 {
	uint32_t base, len;
};

struct iovec64 {
	uint64_t base, len;
};

_Static_assert(sizeof(struct header64) == 56 && sizeof(struct header32) == 28, "layout of struct user_msghdr");
_Static_assert(sizeof(struct header64) <= MESSAGE_HEADER_MAX, "room for a header");

size_t message_header_size(bool compat)
{
	return compat ? sizeof(struct header32) : sizeof(struct header64);
}

/* struct mmsghdr: the header, an unsigned int, padding to the pointer's size. */
size_t message_entry_size(bool compat)
{
	return compat ? 32 : 64;
}

size_t message_entry_len_at(bool compat)
{
	return message_header_size(compat);
}

int message_parse(const uint8_t *buf, bool compat, struct message *out)
{
	int32_t name_len;

	if (compat) {
		struct header32 h;

		memcpy(&h, buf, sizeof(h));
		*out = (struct message){ .name = h.name, .iov = h.iov, .iov_len = h.iov_len, .control = h.control,
					 .control_len = h.control_len };
		name_len = h.name_len;
	} else {
		struct header64 h;

		memcpy(&h, buf, sizeof(h));
		*out = (struct message){ .name = h.name, .iov = h.iov, .iov_len = h.iov_len, .control = h.control,
					 .control_len = h.control_len };
		name_len = h.name_len;
	}
	if (!out->name)
		name_len = 0;
	if (name_len < 0)
		return -EINVAL;
	/* Unlike connect and sendto, sendmsg cuts a name that is too long instead of refusing it. */
	if (name_len > (int32_t)sizeof(struct sockaddr_storage))
		name_len = sizeof(struct sockaddr_storage);
	out->name_len = (uint32_t)name_len;
	if (!out->name_len)
		out->name = 0;
	if (!out->control)
		out->control_len = 0;
	return 0;
}

size_t message_iovec_size(bool compat)
{
	return compat ? sizeof(struct iovec32) : sizeof(struct iovec64);
}

int message_parse_iovecs(const uint8_t *buf, size_t n, bool compat, struct iovec *out, uint64_t *total)
{
	*total = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t base, len;

		if (compat) {
			struct iovec32 v;

			memcpy(&v, buf + i * sizeof(v), sizeof(v));
			base = v.base;
			len = v.len;
			if (len > INT32_MAX)
				return -EINVAL;
		} else {
			struct iovec64 v;

			memcpy(&v, buf + i * sizeof(v), sizeof(v));
			base = v.base;
			len = v.len;
			if (len > INT64_MAX)
				return -EINVAL;
		}
		/* The kernel cuts the sum at MAX_RW_COUNT. */
		if (len > 0x7ffff000u - *total)
			len = 0x7ffff000u - *total;
		out[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)base, .iov_len = len };
		*total += len;
	}
	return 0;
}

/* --- control data -------------------------------------------------------------------------------------------------- */

/* What is in no list is not passed on; a kernel that does not know it ignores it or says EINVAL, by its level, and so does this
 * (POISON). */
static enum sockopt_cmsg fate_of(enum message_family family, int level, int type)
{
	if (family == MESSAGE_INET)
		return sockopts_cmsg(level, type);
	if (level != SOL_SOCKET)
		return CMSG_IGNORE;
	if (type == SCM_CREDENTIALS || (type == SCM_RIGHTS && family == MESSAGE_UNIX))
		return CMSG_PASS;
	return CMSG_UNKNOWN;
}

/* A type that no level has: the kernel refuses it at the point of its checks where it would have refused the caller's. */
#define POISON 0x7ffffff0
#define IPV6_FLOWINFO_TYPE 11

struct cmsg_head {
	size_t len, head, align; /* cmsg_len, bytes of the header, alignment of the next one */
	int level, type;
};

static bool take_head(const uint8_t *in, size_t left, bool compat, struct cmsg_head *h)
{
	int32_t words[2];

	h->head = compat ? 12 : 16;
	h->align = compat ? 4 : 8;
	if (left < h->head)
		return false;
	if (compat) {
		uint32_t len;

		memcpy(&len, in, sizeof(len));
		h->len = len;
		memcpy(words, in + 4, sizeof(words));
	} else {
		uint64_t len;

		memcpy(&len, in, sizeof(len));
		h->len = len;
		memcpy(words, in + 8, sizeof(words));
	}
	h->level = words[0];
	h->type = words[1];
	return true;
}

static int put(struct message_control *out, int level, int type, const uint8_t *data, size_t n)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(out->out + out->len);
	size_t space = CMSG_SPACE(n);

	if (space > sizeof(out->out) - out->len)
		return -ENOBUFS;
	memset(c, 0, space);
	c->cmsg_len = CMSG_LEN(n);
	c->cmsg_level = level;
	c->cmsg_type = type;
	memcpy(CMSG_DATA(c), data, n);
	out->len += space;
	return 0;
}

static int put_rights(struct message_control *out, const uint8_t *data, size_t n)
{
	size_t at = out->len + CMSG_LEN(0);

	/* As the kernel: of an odd length whole descriptors count, and none is no message. */
	n -= n % sizeof(int);
	if (!n)
		return 0;
	if (out->nfds + n / sizeof(int) > RIGHTS_MAX)
		return put(out, SOL_SOCKET, POISON, data, 0);
	for (size_t i = 0; i < n; i += sizeof(int)) {
		memcpy(&out->fds[out->nfds], data + i, sizeof(int));
		out->fds_at[out->nfds++] = at + i;
	}
	return put(out, SOL_SOCKET, SCM_RIGHTS, data, n);
}

static int pass(struct message_control *out, enum message_family family, int level, int type, const uint8_t *data, size_t n)
{
	/* As in an address (verdict.c): the traffic class stays, the label goes. */
	if (family == MESSAGE_INET && level == IPPROTO_IPV6 && type == IPV6_FLOWINFO_TYPE && n >= 4) {
		const uint8_t class_only[4] = { data[0], data[1] & 0xf0 };

		return put(out, level, type, class_only, sizeof(class_only));
	}
	if (family == MESSAGE_UNIX && type == SCM_RIGHTS)
		return put_rights(out, data, n);
	if (family != MESSAGE_INET && type == SCM_CREDENTIALS && n == sizeof(struct ucred)) {
		if (out->ncreds == CREDS_MAX)
			return -EINVAL;
		out->creds_at[out->ncreds++] = out->len + CMSG_LEN(0);
	}
	return put(out, level, type, data, n);
}

/* The device in it is left to the kernel: by another one, 127.0.0.1 would be the next host's. What IPv6 calls ::1 no host takes
 * from a wire. */
static int pass_source(struct message_control *out, enum message_family family, int level, int type, const uint8_t *data, size_t n)
{
	struct in_pktinfo info;

	if (level != IPPROTO_IP || n < sizeof(info))
		return pass(out, family, level, type, data, n);
	memcpy(&info, data, sizeof(info));
	info.ipi_ifindex = 0;
	return pass(out, family, level, type, (const uint8_t *)&info, sizeof(info));
}

static int take(struct message_control *out, enum message_family family, int level, int type, const uint8_t *data, size_t n)
{
	switch (fate_of(family, level, type)) {
	case CMSG_SOURCE:
		return pass_source(out, family, level, type, data, n);
	case CMSG_PASS:
		return pass(out, family, level, type, data, n);
	case CMSG_IGNORE:
		return 0;
	case CMSG_UNKNOWN:
		return put(out, level, POISON, data, 0);
	default:
		return -EPERM;
	}
}

int message_parse_control(const uint8_t *in, size_t len, bool compat, enum message_family family,
			  struct message_control *out)
{
	size_t at = 0;

	out->len = 0;
	out->nfds = 0;
	out->ncreds = 0;
	while (at < len) {
		struct cmsg_head h;
		size_t step;
		int r;

		/* As the kernel: a rest too short for a header ends the walk, a length that leaves the buffer is wrong. */
		if (!take_head(in + at, len - at, compat, &h))
			break;
		if (h.len < h.head || h.len > len - at)
			return put(out, SOL_SOCKET, POISON, in, 0);
		r = take(out, family, h.level, h.type, in + at + h.head, h.len - h.head);
		if (r < 0)
			return r;
		step = (h.len + h.align - 1) & ~(h.align - 1);
		if (step > len - at)
			break;
		at += step;
	}
	return 0;
}

/* --- memberships in groups ------------------------------------------------------------------------------------------ */

/* What the kernel reads of each: struct ip_mreqn (or the shorter ip_mreq), ip_mreq_source, group_req, group_source_req,
 * ipv6_mreq. Those with a struct sockaddr_storage differ in 32-bit callers: it stands behind a number of 4 bytes, without
 * padding. */
static const struct membership_form {
	int level, name;
	size_t least, most;
	bool exact, storage;
} memberships[] = {
	{ IPPROTO_IP, 35 /* IP_ADD_MEMBERSHIP */, 8, 12, false, false },
	{ IPPROTO_IP, 39 /* IP_ADD_SOURCE_MEMBERSHIP */, 12, 12, true, false },
	{ IPPROTO_IP, 42 /* MCAST_JOIN_GROUP */, 136, 136, false, true },
	{ IPPROTO_IP, 46 /* MCAST_JOIN_SOURCE_GROUP */, 264, 264, true, true },
	{ IPPROTO_IPV6, 20 /* IPV6_ADD_MEMBERSHIP */, 20, 20, false, false },
	{ IPPROTO_IPV6, 42, 136, 136, false, true },
	{ IPPROTO_IPV6, 46, 264, 264, true, true },
};

static const struct membership_form *membership_form(int level, int name)
{
	for (size_t i = 0; i < ARRAY_SIZE(memberships); i++)
		if (memberships[i].level == level && memberships[i].name == name)
			return &memberships[i];
	return NULL;
}

static bool take_group(const struct membership_form *f, struct message_membership *m)
{
	bool v4 = f->level == IPPROTO_IP;
	const uint8_t *at = m->value;
	sa_family_t family;

	if (f->storage) {
		memcpy(&family, m->value + 8, sizeof(family));
		if (family != (v4 ? AF_INET : AF_INET6))
			return false;
		at = m->value + 8 + (v4 ? offsetof(struct sockaddr_in, sin_addr) : offsetof(struct sockaddr_in6, sin6_addr));
	}
	m->group = (struct in6_addr){ .s6_addr = { [10] = 0xff, [11] = 0xff } };
	memcpy(v4 ? &m->group.s6_addr[12] : &m->group.s6_addr[0], at, v4 ? 4 : 16);
	return v4 ? (m->group.s6_addr[12] & 0xf0) == 0xe0 : m->group.s6_addr[0] == 0xff;
}

int message_parse_membership(const uint8_t *in, size_t len, bool compat, int level, int name, struct message_membership *out)
{
	const struct membership_form *f = membership_form(level, name);
	size_t pad;

	memset(out, 0, sizeof(*out));
	if (!f)
		return -ENOPROTOOPT;
	pad = f->storage && compat ? 4 : 0;
	if (len < f->least - pad || (f->exact && len != f->most - pad))
		return -EINVAL;
	out->len = len + pad > f->most ? f->most : len + pad;
	/* Between the two lengths the kernel takes the shorter structure. */
	if (out->len < f->most)
		out->len = f->least;
	if (pad) {
		memcpy(out->value, in, 4);
		memcpy(out->value + 8, in + 4, out->len - 8);
	} else {
		memcpy(out->value, in, out->len);
	}
	return take_group(f, out) ? 0 : -EINVAL;
}
