// SPDX-License-Identifier: Apache-2.0
/* message.h - DNS messages: a client's question, a question of the service's own, an answer made anew
 *
 * Owns:     the form of RFC 1035 messages. Pure: bytes in, bytes out; every byte is a stranger's. Fuzzed.
 * Must not: keep a byte of an answer that it did not understand: what a client gets is written here from what was read.
 */
#ifndef NAMES_MESSAGE_H
#define NAMES_MESSAGE_H

#include <arpa/nameser.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "names/names.h"

#define MESSAGE_MAX 4096 /* the largest that is read or written */
#define MESSAGE_QUESTION_MAX (NS_MAXCDNAME + 4)

/* SVCB and HTTPS (RFC 9460), CAA: newer than arpa/nameser.h of some C libraries. */
#define MESSAGE_T_SVCB 64
#define MESSAGE_T_HTTPS 65
#define MESSAGE_T_CAA 257

struct message_query {
	uint16_t id;
	uint16_t type;
	uint16_t size; /* what the client takes in one datagram */
	bool edns;
	bool recursion;
	char name[NAMES_NAME_MAX]; /* lower case, no final dot; what is no plain host name has a '\' in it */
	unsigned char question[MESSAGE_QUESTION_MAX]; /* as the client wrote it: it comes back so */
	uint16_t question_len;
};

/* Reads a client's message. 0; an rcode (ns_r_formerr, ns_r_notimpl) to be answered with message_refuse(), for which then
 * only @q->id and, if it could be read, the question are set; -1: nothing that could be answered. */
int message_read_query(const unsigned char *msg, size_t len, struct message_query *q);

/* The answer @rcode without records. @out: MESSAGE_MAX. Returns the length. */
size_t message_refuse(const struct message_query *q, int rcode, unsigned char *out);

/* The service's own question for the same name and type, the letters' case by the bits of @noise (so that a forger has to
 * guess them). @out: MESSAGE_MAX; its question is kept by the caller to compare. Returns the length, or -1. */
int message_write_query(const struct message_query *q, uint16_t id, const unsigned char *noise, size_t noise_len,
			unsigned char *out, unsigned char *question, uint16_t *question_len);

struct message_answer {
	int rcode;
	bool truncated;
	uint32_t ttl; /* the least of the chain; 0 if there is no record */
	uint32_t n;
	struct in6_addr addrs[NAMES_ADDRS_MAX]; /* of the records that are in the new answer; IPv4 v4-mapped */
};

/* Reads a server's answer to the question @question (with the very letters that were sent) and writes the client's from it.
 * Only records on the chain from the question's name through CNAMEs come over. HTTPS and SVCB lose ECH, address hints
 * and other targets. @out: MESSAGE_MAX, *out_len. 0, or -1: not an answer to this question, or damaged. */
int message_read_answer(const unsigned char *msg, size_t len, uint16_t id, const unsigned char *question,
			uint16_t question_len, const struct message_query *q, struct message_answer *a, unsigned char *out,
			size_t *out_len);

/* An answer made for one client, for another with the same question: its id, letters and EDNS. Cuts to a truncated one where
 * @limit is less. @out: MESSAGE_MAX. Returns the length. */
size_t message_for_client(const unsigned char *answer, size_t len, const struct message_query *q, size_t limit,
			  unsigned char *out);

#endif
