// SPDX-License-Identifier: Apache-2.0
/* message.c - DNS messages: a client's question, a question of the service's own, an answer made anew
 *
 * Names go through dn_expand(3) and dn_comp(3) of the C library, which check bounds and loops. The answer is written with
 * compression, so that a client without EDNS (512 bytes) gets as many records as from the real server.
 *
 * Runs in:  the name service; tests, a fuzzer.
 */
#include "names/message.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <resolv.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define HEADER 12
#define FLAG_QR 0x8000u
#define FLAG_TC 0x0200u
#define FLAG_RD 0x0100u
#define FLAG_RA 0x0080u
#define OPCODE(flags) ((flags) >> 11 & 15)
#define RCODE(flags) ((int)((flags) & 15))
#define OPT_SIZE 11
#define OUR_SIZE 4096 /* what the service takes in one datagram */
/* RFC 9460: keys of a service's parameters that do not come over. */
#define SVC_IPV4HINT 4
#define SVC_ECH 5
#define SVC_IPV6HINT 6

static uint16_t get16(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(unsigned char *p, unsigned int v)
{
	p[0] = (unsigned char)(v >> 8);
	p[1] = (unsigned char)v;
}

static void put32(unsigned char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* --- reading ------------------------------------------------------------------------------------------------ */

struct reader {
	const unsigned char *msg, *end, *at;
};

/* One record of any section. @rdata stays in the message. */
struct record {
	char owner[NAMES_NAME_MAX];
	uint16_t type, class_;
	uint32_t ttl;
	const unsigned char *rdata;
	uint16_t rdlen;
};

static int read_name(struct reader *r, char name[NAMES_NAME_MAX])
{
	int n = dn_expand(r->msg, r->end, r->at, name, NAMES_NAME_MAX);

	if (n < 0)
		return -1;
	r->at += n;
	lower(name);
	return 0;
}

static int read_record(struct reader *r, struct record *rec)
{
	if (read_name(r, rec->owner) < 0 || r->end - r->at < 10)
		return -1;
	rec->type = get16(r->at);
	rec->class_ = get16(r->at + 2);
	rec->ttl = get32(r->at + 4);
	rec->rdlen = get16(r->at + 8);
	r->at += 10;
	if (r->end - r->at < rec->rdlen)
		return -1;
	rec->rdata = r->at;
	r->at += rec->rdlen;
	/* RFC 2181, 8: the highest bit set means zero. */
	if (rec->ttl > INT32_MAX)
		rec->ttl = 0;
	return 0;
}

/* The name of a question has no pointers: it is the first thing in its message. */
static int read_question(struct reader *r, struct message_query *q)
{
	const unsigned char *start = r->at;
	size_t len;

	if (read_name(r, q->name) < 0 || r->end - r->at < 4)
		return -1;
	len = (size_t)(r->at - start) + 4;
	if (len > sizeof(q->question) || get16(r->at + 2) != ns_c_in)
		return -1;
	q->type = get16(r->at);
	r->at += 4;
	memcpy(q->question, start, len);
	q->question_len = (uint16_t)len;
	return 0;
}

static void read_edns(struct reader *r, const unsigned char *msg, struct message_query *q)
{
	unsigned int n = get16(msg + 6) + get16(msg + 8) + get16(msg + 10);
	struct record rec;

	for (; n > 0 && read_record(r, &rec) == 0; n--) {
		if (rec.type != ns_t_opt)
			continue;
		q->edns = true;
		if (rec.class_ > NS_PACKETSZ)
			q->size = rec.class_ < MESSAGE_MAX ? rec.class_ : MESSAGE_MAX;
	}
}

int message_read_query(const unsigned char *msg, size_t len, struct message_query *q)
{
	struct reader r = { msg, msg + len, msg + HEADER };
	unsigned int flags;

	memset(q, 0, sizeof(*q));
	if (len < HEADER || len > MESSAGE_MAX)
		return -1;
	flags = get16(msg + 2);
	if (flags & FLAG_QR)
		return -1; /* an answer: answering it could go round for ever */
	q->id = get16(msg);
	q->size = NS_PACKETSZ;
	q->recursion = flags & FLAG_RD;
	if (OPCODE(flags) != ns_o_query)
		return ns_r_notimpl;
	if (get16(msg + 4) != 1 || read_question(&r, q) < 0)
		return ns_r_formerr;
	read_edns(&r, msg, q);
	return 0;
}

/* --- writing -------------------------------------------------------------------------------------------------- */

static size_t write_opt(unsigned char *p, unsigned int size)
{
	memset(p, 0, OPT_SIZE);
	put16(p + 1, ns_t_opt);
	put16(p + 3, size);
	return OPT_SIZE;
}

static size_t write_head(const struct message_query *q, unsigned int flags, unsigned char *out)
{
	memset(out, 0, HEADER);
	put16(out, q->id);
	put16(out + 2, flags | (q->recursion ? FLAG_RD : 0));
	put16(out + 4, q->question_len ? 1 : 0);
	memcpy(out + HEADER, q->question, q->question_len);
	return HEADER + q->question_len;
}

size_t message_refuse(const struct message_query *q, int rcode, unsigned char *out)
{
	size_t n = write_head(q, FLAG_QR | FLAG_RA | (unsigned int)rcode, out);

	if (q->edns) {
		put16(out + 10, 1);
		n += write_opt(out + n, OUR_SIZE);
	}
	return n;
}

/* A letter's bit 0x20 is its case. */
static void mix_case(unsigned char *name, size_t len, const unsigned char *noise, size_t noise_len)
{
	for (size_t i = 0; i < len && i / 8 < noise_len; i++)
		if (isalpha(name[i]) && noise[i / 8] >> (i % 8) & 1)
			name[i] ^= 0x20;
}

int message_write_query(const struct message_query *q, uint16_t id, const unsigned char *noise, size_t noise_len,
			unsigned char *out, unsigned char *question, uint16_t *question_len)
{
	struct message_query mine = *q;
	size_t n;

	/* The lengths of the labels stay what they are: 63 at most, and the first letter is 65. */
	mix_case(mine.question, q->question_len - 4u, noise, noise_len);
	mine.id = id;
	mine.recursion = true;
	n = write_head(&mine, 0, out);
	put16(out + 10, 1);
	n += write_opt(out + n, OUR_SIZE);
	memcpy(question, mine.question, mine.question_len);
	*question_len = mine.question_len;
	return (int)n;
}

/* --- an answer made anew ------------------------------------------------------------------------------------- */

struct writer {
	unsigned char *out, *at, *end;
	const unsigned char *names[64]; /* for dn_comp(): where compressed names begin */
};

static int write_name(struct writer *w, const char *name)
{
	int n = dn_comp(name, w->at, (int)(w->end - w->at), (unsigned char **)(void *)w->names,
			(unsigned char **)(void *)(w->names + ARRAY_SIZE(w->names)));

	if (n < 0)
		return -1;
	w->at += n;
	return 0;
}

static int write_bytes(struct writer *w, const unsigned char *p, size_t n)
{
	if ((size_t)(w->end - w->at) < n)
		return -1;
	if (n)
		memcpy(w->at, p, n);
	w->at += n;
	return 0;
}

/* @fixed bytes, then one name: NS, CNAME, PTR (0), MX (2), SRV (6). */
static int write_named(struct writer *w, const struct reader *r, const struct record *rec, size_t fixed)
{
	struct reader in = { r->msg, rec->rdata + rec->rdlen, rec->rdata + fixed };
	char target[NAMES_NAME_MAX];

	if (rec->rdlen <= fixed || write_bytes(w, rec->rdata, fixed) < 0 || read_name(&in, target) < 0)
		return -1;
	return write_name(w, target);
}

/* One parameter of SVCB. -1: damaged; 0: written, or left out on purpose. */
static int write_parameter(struct writer *w, const unsigned char **p, const unsigned char *end)
{
	unsigned int key, len;
	const unsigned char *start = *p;

	if (end - *p < 4)
		return -1;
	key = get16(*p);
	len = get16(*p + 2);
	if ((size_t)(end - *p) < 4u + len)
		return -1;
	*p += 4 + len;
	if (key == SVC_ECH || key == SVC_IPV4HINT || key == SVC_IPV6HINT)
		return 0;
	return write_bytes(w, start, 4u + len);
}

/* RFC 9460: priority, target (not compressed), parameters. Another target than the owner is a name that no rule may cover:
 * such a record is left out (1). So is one with "mandatory" (key 0), which may demand what is taken away. */
static int write_svcb(struct writer *w, const struct record *rec)
{
	const unsigned char *p = rec->rdata + 3, *end = rec->rdata + rec->rdlen;

	if (rec->rdlen < 3)
		return -1;
	if (rec->rdata[2] != 0 || (end - p >= 2 && get16(p) == 0))
		return 1;
	if (write_bytes(w, rec->rdata, 3) < 0)
		return -1;
	while (p < end)
		if (write_parameter(w, &p, end) < 0)
			return -1;
	return 0;
}

/* 0: written; 1: a kind that does not come over; -1: damaged, or no room. */
static int write_rdata(struct writer *w, const struct reader *r, const struct record *rec)
{
	switch (rec->type) {
	case ns_t_a:
		return rec->rdlen == 4 ? write_bytes(w, rec->rdata, 4) : -1;
	case ns_t_aaaa:
		return rec->rdlen == 16 ? write_bytes(w, rec->rdata, 16) : -1;
	case ns_t_cname:
	case ns_t_ptr:
		return write_named(w, r, rec, 0);
	case ns_t_mx:
		return write_named(w, r, rec, 2);
	case ns_t_srv:
		return write_named(w, r, rec, 6);
	case ns_t_txt:
	case MESSAGE_T_CAA:
		return write_bytes(w, rec->rdata, rec->rdlen);
	case MESSAGE_T_HTTPS:
	case MESSAGE_T_SVCB:
		return write_svcb(w, rec);
	default:
		return 1;
	}
}

static int write_record(struct writer *w, const struct reader *r, const struct record *rec)
{
	unsigned char *start = w->at, *head;
	int kind;

	if (write_name(w, rec->owner) < 0 || w->end - w->at < 10)
		return -1;
	head = w->at;
	put16(head, rec->type);
	put16(head + 2, ns_c_in);
	put32(head + 4, rec->ttl);
	w->at += 10;
	kind = write_rdata(w, r, rec);
	if (kind > 0)
		w->at = start; /* dn_comp() remembers nothing of it: the owner was known already, from the question or a CNAME */
	else if (kind == 0)
		put16(head + 8, (unsigned int)(w->at - head - 10));
	return kind;
}

static void keep_address(struct message_answer *a, const struct record *rec)
{
	struct in6_addr *to = &a->addrs[a->n++];

	memset(to, 0, sizeof(*to));
	if (rec->type == ns_t_a) {
		memset(&to->s6_addr[10], 0xff, 2);
		memcpy(&to->s6_addr[12], rec->rdata, 4);
	} else {
		memcpy(to, rec->rdata, sizeof(*to));
	}
}

/* The CNAME of the record becomes the name whose records are next. */
static int follow(const struct reader *r, const struct record *rec, char chain[NAMES_NAME_MAX])
{
	struct reader in = { r->msg, rec->rdata + rec->rdlen, rec->rdata };

	return read_name(&in, chain);
}

static int copy_answers(struct reader *r, unsigned int n, const struct message_query *q, struct writer *w,
			struct message_answer *a, unsigned int *written)
{
	char chain[NAMES_NAME_MAX];
	struct record rec;

	memcpy(chain, q->name, sizeof(chain));
	for (; n > 0; n--) {
		bool address;

		if (read_record(r, &rec) < 0)
			return -1;
		if (rec.class_ != ns_c_in || strcmp(rec.owner, chain) != 0 || (rec.type != q->type && rec.type != ns_t_cname))
			continue;
		address = rec.type == ns_t_a || rec.type == ns_t_aaaa;
		if (address && a->n == NAMES_ADDRS_MAX)
			continue;
		switch (write_record(w, r, &rec)) {
		case 0:
			break;
		case 1:
			continue;
		default:
			return -1;
		}
		if (address)
			keep_address(a, &rec);
		if (rec.type == ns_t_cname && q->type != ns_t_cname && follow(r, &rec, chain) < 0)
			return -1;
		a->ttl = *written == 0 || rec.ttl < a->ttl ? rec.ttl : a->ttl;
		++*written;
	}
	return 0;
}

int message_read_answer(const unsigned char *msg, size_t len, uint16_t id, const unsigned char *question,
			uint16_t question_len, const struct message_query *q, struct message_answer *a, unsigned char *out,
			size_t *out_len)
{
	struct reader r = { msg, msg + len, msg + HEADER + question_len };
	struct writer w = { .out = out, .end = out + MESSAGE_MAX - OPT_SIZE, .names = { out, out + HEADER } };
	unsigned int flags, written = 0;

	memset(a, 0, offsetof(struct message_answer, addrs));
	if (len < (size_t)HEADER + question_len || len > MESSAGE_MAX || get16(msg) != id || get16(msg + 4) != 1 ||
	    memcmp(msg + HEADER, question, question_len) != 0)
		return -1;
	flags = get16(msg + 2);
	if (!(flags & FLAG_QR) || OPCODE(flags) != ns_o_query)
		return -1;
	a->rcode = RCODE(flags);
	a->truncated = flags & FLAG_TC;
	w.at = out + write_head(q, FLAG_QR | FLAG_RA | (flags & (FLAG_TC | 15)), out);
	if (a->rcode == ns_r_noerror && !a->truncated &&
	    copy_answers(&r, get16(msg + 6), q, &w, a, &written) < 0)
		return -1;
	put16(out + 6, written);
	*out_len = (size_t)(w.at - out);
	return 0;
}

size_t message_for_client(const unsigned char *answer, size_t len, const struct message_query *q, size_t limit,
			  unsigned char *out)
{
	unsigned int flags = get16(answer + 2) & ~FLAG_RD;

	if (len + (q->edns ? OPT_SIZE : 0) > limit) {
		size_t n = message_refuse(q, RCODE(flags), out);

		out[2] |= FLAG_TC >> 8;
		return n;
	}
	memcpy(out, answer, len);
	put16(out, q->id);
	put16(out + 2, flags | (q->recursion ? FLAG_RD : 0));
	/* The same name, so of the same length. */
	memcpy(out + HEADER, q->question, q->question_len);
	put16(out + 10, 0);
	if (q->edns) {
		put16(out + 10, 1);
		len += write_opt(out + len, OUR_SIZE);
	}
	return len;
}
