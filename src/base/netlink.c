// SPDX-License-Identifier: Apache-2.0
/* netlink.c - netlink: one request, its answers, its acknowledgement; or a batch that holds or falls as a whole
 *
 * Runs in:  create and the commands. Everything that is read comes from the kernel (port id 0); other senders are ignored.
 */
#include "base/netlink.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"

int netlink_open(struct netlink *n, unsigned int groups, struct err *e)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = groups };
	autofd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int on = 1;

	*n = (struct netlink){ .fd = -1 };
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(e, "open a netlink socket");
	/* For the words of a refusal: Linux 4.12. For dumps of one link only: 4.20. Without them the words are missing, and
	 * the caller skips what it has not asked for. */
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	n->fd = fd_steal(&fd);
	return 0;
}

void netlink_close(struct netlink *n)
{
	fd_close(&n->fd);
}

int netlink_socket(int protocol)
{
	autofd fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)); /* as above */
	return fd_steal(&fd);
}

void netlink_adopt(struct netlink *n, int fd)
{
	*n = (struct netlink){ .fd = fd };
}

void netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, const void *head, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->h.nlmsg_type = type;
	r->h.nlmsg_flags = NLM_F_REQUEST | flags;
	r->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(len);
	memcpy(r->body, head, len);
}

/* Room for @len more bytes. The callers' attributes are few and short. */
static void *take_room(struct netlink_request *r, size_t len)
{
	size_t at = NLMSG_ALIGN(r->h.nlmsg_len);

	if (at + NLMSG_ALIGN(len) > sizeof(*r))
		abort();
	r->h.nlmsg_len = (uint32_t)(at + NLMSG_ALIGN(len));
	return (unsigned char *)r + at;
}

void netlink_put(struct netlink_request *r, const void *data, size_t len)
{
	void *at = take_room(r, len);

	if (len)
		memcpy(at, data, len);
}

size_t netlink_nest(struct netlink_request *r, uint16_t type)
{
	const struct rtattr a = { .rta_type = type, .rta_len = RTA_LENGTH(0) };

	netlink_put(r, &a, sizeof(a));
	return r->h.nlmsg_len - sizeof(a);
}

void netlink_end(struct netlink_request *r, size_t nest)
{
	struct rtattr *a = (struct rtattr *)(void *)((unsigned char *)r + nest);

	a->rta_len = (unsigned short)(r->h.nlmsg_len - nest);
}

void netlink_add(struct netlink_request *r, uint16_t type, const void *data, size_t len)
{
	const struct rtattr a = { .rta_type = type, .rta_len = (unsigned short)RTA_LENGTH(len) };

	netlink_put(r, &a, sizeof(a));
	netlink_put(r, data, len);
}

static const struct rtattr *find_in(const void *first, size_t len, uint16_t type, size_t min)
{
	const struct rtattr *a = first;

	for (; RTA_OK(a, len); a = RTA_NEXT(a, len))
		if ((a->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(a) >= min)
			return a;
	return NULL;
}

const struct rtattr *netlink_find(const struct nlmsghdr *h, size_t head, uint16_t type, size_t min)
{
	size_t skip = NLMSG_SPACE(head);

	if (h->nlmsg_len < skip)
		return NULL;
	return find_in((const unsigned char *)h + skip, h->nlmsg_len - skip, type, min);
}

const struct rtattr *netlink_find_inside(const struct rtattr *a, uint16_t type, size_t min)
{
	return find_in(RTA_DATA(a), RTA_PAYLOAD(a), type, min);
}

/* An acknowledgement: the errno, and behind the request that it quotes (or only its header, if CAPPED), perhaps words. */
static int take_ack(const struct nlmsghdr *h, struct err *e)
{
	const struct nlmsgerr *ack = NLMSG_DATA(h);
	const struct rtattr *words = NULL;
	size_t skip;

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*ack)))
		return err_msg(e, "netlink: a short acknowledgement");
	if (ack->error == 0)
		return 0;
	skip = NLMSG_LENGTH(sizeof(*ack)) + ((h->nlmsg_flags & NLM_F_CAPPED) ? 0 : NLMSG_ALIGN(ack->msg.nlmsg_len - NLMSG_HDRLEN));
	if ((h->nlmsg_flags & NLM_F_ACK_TLVS) && skip < h->nlmsg_len)
		words = find_in((const unsigned char *)h + skip, h->nlmsg_len - skip, NLMSGERR_ATTR_MSG, 1);
	if (!words)
		return err_set(e, -ack->error, "netlink");
	return err_set(e, -ack->error, "netlink: \"%.*s\"", (int)strnlen(RTA_DATA(words), RTA_PAYLOAD(words)),
		       (const char *)RTA_DATA(words));
}

/* The end of a dump, with its errno. */
static int take_done(const struct nlmsghdr *h, struct err *e)
{
	int32_t error = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(h), sizeof(error));
	return error < 0 ? err_set(e, -error, "netlink") : 0;
}

/* One datagram. Returns its length, 0 if it is not the kernel's, or -1 with errno. */
static ssize_t receive(const struct netlink *n, void *buf, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = NETLINK_ROOM };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len;

	do {
		len = recvmsg(n->fd, &m, flags);
	} while (len < 0 && errno == EINTR);
	if (len >= 0 && (m.msg_flags & MSG_TRUNC)) {
		errno = EMSGSIZE;
		return -1;
	}
	return len > 0 && from.nl_pid != 0 ? 0 : len;
}

enum answer { ANSWER_MORE, ANSWER_END, ANSWER_ERROR };

/* The messages of one datagram. @type: of the question; an answer is of the same subsystem. */
static enum answer take_answers(const struct netlink *n, uint16_t type, const struct nlmsghdr *h, size_t len, bool *torn,
				netlink_each each, void *arg, struct err *e)
{
	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_seq != n->seq || (h->nlmsg_type >> 8 != type >> 8 && h->nlmsg_type >= NLMSG_MIN_TYPE)) {
			if (n->unasked)
				n->unasked(h, n->unasked_arg);
			continue;
		}
		*torn |= (h->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return take_ack(h, e) < 0 ? ANSWER_ERROR : ANSWER_END;
		if (h->nlmsg_type == NLMSG_DONE)
			return take_done(h, e) < 0 ? ANSWER_ERROR : ANSWER_END;
		if (each)
			each(h, arg);
	}
	return ANSWER_MORE;
}

int netlink_ask(struct netlink *n, struct netlink_request *r, netlink_each each, void *arg, struct err *e)
{
	autofree void *heap = n->room ? NULL : xcalloc(1, NETLINK_ROOM);
	void *buf = n->room ? n->room : heap;
	enum answer answer = ANSWER_MORE;
	bool torn = false;

	/* Without a dump the acknowledgement is what ends it. (NLM_F_DUMP is two bits, which have other meanings alone.) */
	if ((r->h.nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		r->h.nlmsg_flags |= NLM_F_ACK;
	r->h.nlmsg_seq = ++n->seq;
	if (send(n->fd, r, r->h.nlmsg_len, 0) < 0)
		return err_sys(e, "netlink: send");
	while (answer == ANSWER_MORE) {
		ssize_t len = receive(n, buf, 0);

		if (len < 0)
			return err_sys(e, "netlink: receive");
		answer = take_answers(n, r->h.nlmsg_type, buf, (size_t)len, &torn, each, arg, e);
	}
	if (answer == ANSWER_END && torn)
		return err_set(e, EINTR, "netlink: the list changed while it was read");
	return answer == ANSWER_END ? 0 : -1;
}

/* The kernel has dealt with a batch when it was sent: its answers are in the queue, refusals in the order of the messages. A batch that
 * it refuses as a whole (no memory when it came to commit) is answered as its first message. */
int netlink_commit(struct netlink *n, const void *batch, size_t len, uint32_t last, struct err *e)
{
	autofree void *heap = n->room ? NULL : xcalloc(1, NETLINK_ROOM);
	void *buf = n->room ? n->room : heap;
	bool acknowledged = false, refused = false;
	ssize_t got;

	if (send(n->fd, batch, len, 0) < 0)
		return err_sys(e, "netlink: send %zu bytes", len);
	/* To the end, so that no answer is left for the next request. */
	while ((got = receive(n, buf, MSG_DONTWAIT)) >= 0) {
		const struct nlmsghdr *h = buf;

		for (size_t left = (size_t)got; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type != NLMSG_ERROR) {
				if (n->unasked)
					n->unasked(h, n->unasked_arg);
				continue;
			}
			if (take_ack(h, refused ? NULL : e) < 0)
				refused = true;
			acknowledged |= h->nlmsg_seq == last;
		}
	}
	if (refused)
		return -1;
	if (errno != EAGAIN)
		return err_sys(e, "netlink: receive");
	return acknowledged ? 0 : err_msg(e, "netlink: the kernel did not acknowledge the batch");
}

void netlink_overhear(struct netlink *n, netlink_each each, void *arg)
{
	autofree void *heap = n->room ? NULL : xcalloc(1, NETLINK_ROOM);
	void *buf = n->room ? n->room : heap;
	ssize_t len;

	/* ENOBUFS: something was lost. The next receive goes on behind it; the caller sees what it did not find. */
	while ((len = receive(n, buf, MSG_DONTWAIT)) >= 0 || errno == ENOBUFS) {
		const struct nlmsghdr *h = buf;
		size_t left = len > 0 ? (size_t)len : 0;

		for (; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left))
			each(h, arg);
	}
}
