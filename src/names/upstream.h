// SPDX-License-Identifier: Apache-2.0
/* upstream.h - one question to the container's real name servers
 *
 * Owns:     which server is asked when, by which socket, and which datagram is its answer.
 * Must not: accept an answer that was not asked for: socket, server's address, id and the letters of the name must all be
 *           those of the question.
 */
#ifndef NAMES_UPSTREAM_H
#define NAMES_UPSTREAM_H

#include "names/message.h"

#define UPSTREAM_TRIES 4
#define UPSTREAM_WAIT_MS 1100 /* for each; libc's resolver gives up after 5 s */

struct upstream_question {
	uint16_t id;
	uint16_t question_len;
	unsigned char question[MESSAGE_QUESTION_MAX]; /* as it was sent last */
	uint8_t family, socket; /* where: an index of struct names_sockets */
	uint8_t server;
	uint8_t tries;
	int8_t tcp; /* the connection that asks, or -1 */
	int64_t until; /* ms: then the next try */
};

/* A connection to a server, used for one question at a time. */
struct upstream_tcp {
	bool busy;
	uint8_t family, socket;
	size_t want, have; /* of buf */
	bool sent;
	unsigned char buf[2 + MESSAGE_MAX];
};

struct upstream {
	const struct names_sockets *sockets;
	struct upstream_tcp tcp[2 * NAMES_TCP_SOCKETS];
};

/* IPv4 v4-mapped. */
struct in6_addr upstream_address(const struct sockaddr_storage *server);
void upstream_init(struct upstream *u, const struct names_sockets *s);
/* Asks by datagram, the next server each time. -1: all tries are used up. What cannot be sent waits for its next try. */
int upstream_ask(struct upstream *u, struct upstream_question *uq, const struct message_query *q, int64_t now);
/* Asks the same server again by TCP. -1: no connection is free. */
int upstream_ask_tcp(struct upstream *u, struct upstream_question *uq, const struct message_query *q, int64_t now);
/* True if a datagram on socket [@family][@socket] from @from may be the answer to @uq. */
bool upstream_is_from(const struct upstream *u, const struct upstream_question *uq, int family, int socket,
		      const struct sockaddr_storage *from);
/* Goes on with connection @i after an event. 1: the answer is in tcp[i].buf + 2, of tcp[i].have - 2 bytes; 0: not yet; -1: it
 * failed. The caller ends it (upstream_end_tcp) after 1 and -1. */
int upstream_continue_tcp(struct upstream *u, int i);
/* Makes the connection free for another question. */
void upstream_end_tcp(struct upstream *u, int i);
int upstream_tcp_fd(const struct upstream *u, int i);

#endif
