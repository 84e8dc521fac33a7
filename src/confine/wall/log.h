// SPDX-License-Identifier: Apache-2.0
/* log.h - what the wall tells of packets that it refused by itself
 *
 * Owns:     the way from the table's log rule (NFLOG) to a record: who, as far as the packet knows, and where to.
 * Must not: count: the rule tells some of them only (rules.c); the counters have them all (wall_read()).
 */
#ifndef CONFINE_WALL_LOG_H
#define CONFINE_WALL_LOG_H

#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "confine/wall/wall.h"

/* From here on @sock, a socket of the namespace (wall_socket()), is told. Needs the rights that loading needs; to listen needs none. */
int wall_log_bind(int sock, const struct wall *w, struct err *e);

struct wall_packet {
	bool known; /* the next three are */
	struct policy_dest dest;
	bool has_uid;
	uint32_t uid; /* whose socket it was, as the user namespace sees it in which the wall's socket was made */
};
/* True if @h is such a message. Pure: the packet is the workload's, so every length is looked at. */
bool wall_log_take(const struct nlmsghdr *h, struct wall_packet *out);

#endif
