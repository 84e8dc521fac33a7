// SPDX-License-Identifier: Apache-2.0
/* nlbuf.c - netlink messages in memory: any number, one behind the other, with attributes inside attributes
 *
 * Runs in:  create and the commands. Heap.
 */
#include "base/nlbuf.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Room for @len more bytes, padded: the padding is zero. */
static unsigned char *take_room(struct nlbuf *b, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);
	unsigned char *at;

	if (b->len + padded > b->cap) {
		if (b->lent)
			abort(); /* who lends memory knows how much is needed */
		b->cap = (b->len + padded) * 2 + 4096;
		b->v = xrealloc(b->v, b->cap, 1);
	}
	at = b->v + b->len;
	memset(at + len, 0, padded - len);
	b->len += padded;
	return at;
}

/* The length of a message is right after each step, so that there is no end to forget. */
static struct nlmsghdr *header(struct nlbuf *b)
{
	return (struct nlmsghdr *)(void *)(b->v + b->message);
}

static void set_length(struct nlbuf *b)
{
	header(b)->nlmsg_len = (uint32_t)(b->len - b->message);
}

void nlbuf_begin(struct nlbuf *b, uint16_t type, uint16_t flags, uint32_t seq, const void *head, size_t len)
{
	const struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags, .nlmsg_seq = seq };

	b->message = b->len;
	memcpy(take_room(b, sizeof(h)), &h, sizeof(h));
	if (len)
		memcpy(take_room(b, len), head, len);
	set_length(b);
}

void nlbuf_add(struct nlbuf *b, uint16_t type, const void *data, size_t len)
{
	const struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + len), .nla_type = type };

	if (len > UINT16_MAX - NLA_HDRLEN)
		abort(); /* the callers' values are short */
	memcpy(take_room(b, NLA_HDRLEN), &a, sizeof(a));
	if (len)
		memcpy(take_room(b, len), data, len);
	set_length(b);
}

void nlbuf_add_text(struct nlbuf *b, uint16_t type, const char *text)
{
	nlbuf_add(b, type, text, strlen(text) + 1);
}

void nlbuf_add_be16(struct nlbuf *b, uint16_t type, uint16_t v)
{
	v = htobe16(v);
	nlbuf_add(b, type, &v, sizeof(v));
}

void nlbuf_add_be32(struct nlbuf *b, uint16_t type, uint32_t v)
{
	v = htobe32(v);
	nlbuf_add(b, type, &v, sizeof(v));
}

void nlbuf_add_be64(struct nlbuf *b, uint16_t type, uint64_t v)
{
	v = htobe64(v);
	nlbuf_add(b, type, &v, sizeof(v));
}

size_t nlbuf_nest(struct nlbuf *b, uint16_t type)
{
	size_t at = b->len;

	nlbuf_add(b, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void nlbuf_end(struct nlbuf *b, size_t nest)
{
	struct nlattr *a = (struct nlattr *)(void *)(b->v + nest);

	if (b->len - nest > UINT16_MAX)
		abort(); /* who fills it with a list knows how long it may be */
	a->nla_len = (uint16_t)(b->len - nest);
}

void nlbuf_flag(struct nlbuf *b, uint16_t flags)
{
	header(b)->nlmsg_flags |= flags;
}

void nlbuf_free(struct nlbuf *b)
{
	if (!b->lent)
		free(b->v);
	*b = (struct nlbuf){ 0 };
}
