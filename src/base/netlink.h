// SPDX-License-Identifier: Apache-2.0
/* netlink.h - netlink: one request, its answers, its acknowledgement; or a batch that holds or falls as a whole
 *
 * Owns:     sockets, the framing of requests and answers, and the kernel's own words for a refusal.
 * Must not: know what a link, an address or a rule is.
 */
#ifndef BASE_NETLINK_H
#define BASE_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* For each message that is no acknowledgement. */
typedef void (*netlink_each)(const struct nlmsghdr *h, void *arg);

#define NETLINK_ROOM 65536 /* more than the kernel puts into one message of a dump (32 KiB) */
struct netlink {
	int fd;
	uint32_t seq;
	void *room; /* NETLINK_ROOM bytes for answers, of a caller that wants no heap; NULL: heap */
	/* What comes unasked while an answer is waited for. NULL: is passed over. */
	netlink_each unasked;
	void *unasked_arg;
};

/* A socket of the network namespace that the caller is in now; it stays one of it. @groups: RTMGRP_… to listen to, or 0. */
int netlink_open(struct netlink *n, unsigned int groups, struct err *e);
void netlink_close(struct netlink *n);
/* A socket of any family (NETLINK_NETFILTER, …), of the network namespace that the caller is in now. -1 with errno. */
int netlink_socket(int protocol);
/* Takes one that was made by netlink_socket(), perhaps by another process: close with netlink_close(), or keep the descriptor. */
void netlink_adopt(struct netlink *n, int fd);

struct netlink_request {
	struct nlmsghdr h;
	unsigned char body[2048]; /* of all that is asked here, an address with every attribute is the longest: 200 bytes */
};

/* @head: the family header (struct ifinfomsg, struct ifaddrmsg), with which every rtnetlink message begins. */
void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, const void *head, size_t len);
void netlink_add(struct netlink_request *r, uint16_t type, const void *data, size_t len);
/* Opens an attribute that holds others, and returns its place, which netlink_end() takes. netlink_put(): bytes without a header. */
size_t netlink_nest(struct netlink_request *r, uint16_t type);
void netlink_put(struct netlink_request *r, const void *data, size_t len);
void netlink_end(struct netlink_request *r, size_t nest);

/* Sends and takes the answers up to the last one. A dump that the kernel marks as inconsistent is EINTR: ask again. */
int netlink_ask(struct netlink *n, struct netlink_request *r, netlink_each each, void *arg, struct err *e);

/* Sends messages that the kernel takes all or none (nf_tables: between NFNL_MSG_BATCH_BEGIN and _END), in one piece. @last: the
 * number of the message that asks for an acknowledgement. -1 with the first refusal. What comes by the way goes to @n->unasked. */
int netlink_commit(struct netlink *n, const void *batch, size_t len, uint32_t last, struct err *e);

/* What has come without being asked for (groups, NFLOG), without waiting. */
void netlink_overhear(struct netlink *n, netlink_each each, void *arg);

/* The attribute of type @type behind a family header of @head bytes, NULL if there is none of at least @min bytes. */
const struct rtattr *netlink_find(const struct nlmsghdr *h, size_t head, uint16_t type, size_t min);
/* The same among the attributes inside @a. */
const struct rtattr *netlink_find_inside(const struct rtattr *a, uint16_t type, size_t min);

#endif
