// SPDX-License-Identifier: Apache-2.0
/* fuzz-names.c - the DNS messages of a workload (questions) and of its name servers (answers)
 *
 * Input: two bytes of length, a question of that length, then an answer, whose question is made to fit (else nothing behind it
 * would ever be read). Checked besides memory safety: what is written is a message again, answers what was asked, and has no
 * address that was not reported.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../src/names/message.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

/* The written answer, read by the same eyes: a second pass changes nothing. */
static void check_written(const unsigned char *msg, size_t len, const struct message_query *q, const struct message_answer *a)
{
	static struct message_answer again;
	static unsigned char out[MESSAGE_MAX], client[MESSAGE_MAX];
	size_t out_len;

	check(len <= MESSAGE_MAX - OPT_SIZE);
	check(message_read_answer(msg, len, q->id, q->question, q->question_len, q, &again, out, &out_len) == 0);
	check(again.n == a->n && again.rcode == a->rcode && out_len == len);
	check(memcmp(again.addrs, a->addrs, a->n * sizeof(a->addrs[0])) == 0);
	check(message_for_client(msg, len, q, q->size, client) <= q->size);
	check(message_for_client(msg, len, q, MESSAGE_MAX, client) <= MESSAGE_MAX);
}

static void answer(const struct message_query *q, const uint8_t *data, size_t size)
{
	static unsigned char msg[MESSAGE_MAX], sent[MESSAGE_MAX], out[MESSAGE_MAX], question[MESSAGE_QUESTION_MAX];
	static struct message_answer a;
	static const unsigned char noise[4] = { 0xa5, 0x5a, 0xff, 0 };
	uint16_t question_len;
	size_t out_len, rest;

	check(message_write_query(q, 0x1234, noise, sizeof(noise), sent, question, &question_len) > 0);
	check(question_len == q->question_len);
	if (size < HEADER)
		return;
	rest = size - HEADER;
	if (rest > sizeof(msg) - HEADER - question_len)
		rest = sizeof(msg) - HEADER - question_len;
	memcpy(msg, data, HEADER);
	put16(msg, 0x1234);
	put16(msg + 4, 1);
	memcpy(msg + HEADER, question, question_len);
	memcpy(msg + HEADER + question_len, data + HEADER, rest);
	if (message_read_answer(msg, HEADER + question_len + rest, 0x1234, question, question_len, q, &a, out, &out_len) == 0)
		check_written(out, out_len, q, &a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct message_query q;
	static unsigned char out[MESSAGE_MAX];
	size_t len;

	if (size < 2)
		return 0;
	len = (size_t)data[0] << 8 | data[1];
	if (len > size - 2)
		len = size - 2;
	switch (message_read_query(data + 2, len, &q)) {
	case 0:
		check(strlen(q.name) < sizeof(q.name) && q.size >= NS_PACKETSZ && q.size <= MESSAGE_MAX);
		check(message_refuse(&q, ns_r_nxdomain, out) <= NS_PACKETSZ);
		answer(&q, data + 2 + len, size - 2 - len);
		break;
	case -1:
		break;
	default:
		check(message_refuse(&q, ns_r_formerr, out) <= NS_PACKETSZ);
	}
	return 0;
}
