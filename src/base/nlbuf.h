// SPDX-License-Identifier: Apache-2.0
/* nlbuf.h - netlink messages in memory: any number, one behind the other, with attributes inside attributes
 *
 * Owns:     the framing and padding of messages and attributes. Pure: bytes in a buffer that grows.
 * Must not: send anything (netlink.h), or know what an attribute means.
 */
#ifndef BASE_NLBUF_H
#define BASE_NLBUF_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlbuf {
	unsigned char *v;
	size_t len, cap;
	bool lent; /* @v is the caller's, of @cap bytes, which are enough: no heap */
	size_t message; /* where the last message begins: attributes are added to it */
};

/* Begins a message. @head: the family header (struct nfgenmsg, struct ifinfomsg). */
void nlbuf_begin(struct nlbuf *b, uint16_t type, uint16_t flags, uint32_t seq, const void *head, size_t len);
void nlbuf_add(struct nlbuf *b, uint16_t type, const void *data, size_t len);
void nlbuf_add_text(struct nlbuf *b, uint16_t type, const char *text);
/* Numbers in network order, as nf_tables has them. */
void nlbuf_add_be16(struct nlbuf *b, uint16_t type, uint16_t v);
void nlbuf_add_be32(struct nlbuf *b, uint16_t type, uint32_t v);
void nlbuf_add_be64(struct nlbuf *b, uint16_t type, uint64_t v);
/* Opens an attribute that holds others, and returns its place, which nlbuf_end() takes. At most 64 KiB fit into one. */
size_t nlbuf_nest(struct nlbuf *b, uint16_t type);
void nlbuf_end(struct nlbuf *b, size_t nest);
/* Adds to the flags of the last message. */
void nlbuf_flag(struct nlbuf *b, uint16_t flags);
void nlbuf_free(struct nlbuf *b);

#endif
