// SPDX-License-Identifier: Apache-2.0
/* log.c - what the wall tells of packets that it refused by itself
 *
 * Runs in:  create (binding); the supervisor's main thread (taking). No heap in the latter.
 */
#include "confine/wall/log.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/netlink.h"

static int ask_config(struct netlink *n, const struct wall *w, uint16_t type, const void *data, size_t len, struct err *e)
{
	const struct nfgenmsg g = { .res_id = htons(w->group) };
	struct netlink_request q;

	netlink_begin(&q, (uint16_t)(NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG), 0, &g, sizeof(g));
	netlink_add(&q, type, data, len);
	return netlink_ask(n, &q, NULL, NULL, e);
}

int wall_log_bind(int sock, const struct wall *w, struct err *e)
{
	const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	const struct nfulnl_msg_config_mode mode = { .copy_range = htonl(96), .copy_mode = NFULNL_COPY_PACKET };
	/* A reader that is late loses what it is told, not its place; and waits for no answer that was lost with it. */
	const struct timeval soon = { .tv_usec = 500000 };
	const int on = 1;
	struct netlink n;

	setsockopt(sock, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof(on));
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	netlink_adopt(&n, sock);
	if (ask_config(&n, w, NFULA_CFG_CMD, &bind, sizeof(bind), e) < 0 ||
	    ask_config(&n, w, NFULA_CFG_MODE, &mode, sizeof(mode), e) < 0)
		return err_prefix(e, "listen to the table %s", w->table);
	return 0;
}

static bool find_proto(uint8_t number, bool v6, enum policy_proto *out)
{
	if (number == IPPROTO_TCP)
		*out = POLICY_TCP;
	else if (number == IPPROTO_UDP)
		*out = POLICY_UDP;
	else if (number == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		*out = POLICY_ICMP;
	else
		return false;
	return true;
}

static void take_port(const uint8_t *transport, size_t len, struct policy_dest *d)
{
	if (d->proto != POLICY_ICMP && len >= 4)
		d->port = (uint16_t)(transport[2] << 8 | transport[3]);
}

/* Of IPv6 only what stands directly behind the header: anything else is not from a socket of TCP, UDP or ICMP as programs use them. */
static bool take_destination(const uint8_t *p, size_t len, struct policy_dest *d)
{
	*d = (struct policy_dest){ 0 };
	if (len >= 20 && p[0] >> 4 == 4) {
		size_t head = (size_t)(p[0] & 15) * 4;

		d->addr.s6_addr[10] = d->addr.s6_addr[11] = 0xff;
		memcpy(&d->addr.s6_addr[12], p + 16, 4);
		if (!find_proto(p[9], false, &d->proto) || head < 20)
			return false;
		take_port(p + head, len > head ? len - head : 0, d);
		return true;
	}
	if (len >= 40 && p[0] >> 4 == 6) {
		memcpy(&d->addr, p + 24, 16);
		if (!find_proto(p[6], true, &d->proto))
			return false;
		take_port(p + 40, len - 40, d);
		return true;
	}
	return false;
}

bool wall_log_take(const struct nlmsghdr *h, struct wall_packet *out)
{
	const struct rtattr *payload, *uid;

	if (h->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return false;
	*out = (struct wall_packet){ 0 };
	payload = netlink_find(h, sizeof(struct nfgenmsg), NFULA_PAYLOAD, 1);
	uid = netlink_find(h, sizeof(struct nfgenmsg), NFULA_UID, sizeof(uint32_t));
	if (payload)
		out->known = take_destination(RTA_DATA(payload), RTA_PAYLOAD(payload), &out->dest);
	if (uid) {
		memcpy(&out->uid, RTA_DATA(uid), sizeof(out->uid));
		out->uid = ntohl(out->uid);
		out->has_uid = true;
	}
	return true;
}
