// SPDX-License-Identifier: Apache-2.0
/* audit.c - what was refused, countable and readable
 *
 * Owns:     the count, a ring of descriptions, the lines (JSON objects). Where they go: sinks.c.
 * Must not: delay a verdict: workers only copy into the ring, under a lock that is never held over I/O; the main
 *           thread writes. Nor fill a disk: two files of AUDIT_FILE_MAX, AUDIT_PER_SECOND lines; what exceeds that is counted
 *           in a line of its own.
 * Runs in:  the main thread, but audit_denied() and its like: workers.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "supervisor/internal.h"

int audit_init(struct audit *a, const struct sinks_request *sinks, int state_dir, struct counts *counts)
{
	struct tm tm;

	pthread_mutex_init(&a->lock, NULL);
	sinks_init(&a->sinks, sinks, state_dir);
	a->counts = counts;
	a->tokens = 2 * AUDIT_PER_SECOND;
	a->tokens_at = sup_now_ms();
	/* glibc reads the zone file, on the heap, at the first conversion, even of UTC. Not later. */
	gmtime_r(&(time_t){ 0 }, &tm);
	a->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return a->wake_fd < 0 ? -1 : 0;
}

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* The last record to its place: what the kernel refused is heard of later than what we did. The numbers stay in order. */
static void sort_in(struct audit *a)
{
	for (unsigned int i = a->count - 1; i > 0; i--) {
		struct audit_record *before = &a->ring[(a->head + i - 1) % AUDIT_RING], *last = &a->ring[(a->head + i) % AUDIT_RING];
		struct audit_record moved = *before;
		uint64_t seq = last->seq;

		if (!is_later(&before->when, &last->when))
			return;
		*before = *last;
		*last = moved;
		last->seq = seq;
		before->seq = moved.seq;
	}
}

void audit_denied(struct audit *a, const struct audit_record *r)
{
	const uint64_t one = 1;
	uint64_t seq;
	bool wake;

	pthread_mutex_lock(&a->lock);
	/* Under the lock, so that the numbers of the lines are in order. */
	seq = atomic_fetch_add_explicit(&a->counts->denied, 1, memory_order_relaxed) + 1;
	counts_hit(a->counts, r->rule, r->has_dest ? (unsigned int)r->dest.proto : COUNTS_PROTOS);
	wake = a->count == 0;
	if (a->count < AUDIT_RING) {
		struct audit_record *slot = &a->ring[(a->head + a->count++) % AUDIT_RING];

		*slot = *r;
		slot->seq = seq;
		sort_in(a);
	} else {
		a->suppressed++;
	}
	pthread_mutex_unlock(&a->lock);
	if (wake)
		(void)!write(a->wake_fd, &one, sizeof(one)); /* full (EAGAIN) is as good */
}

void audit_denied_many(struct audit *a, uint64_t n)
{
	pthread_mutex_lock(&a->lock);
	atomic_fetch_add_explicit(&a->counts->denied, n, memory_order_relaxed);
	a->suppressed += n;
	pthread_mutex_unlock(&a->lock);
}

static bool take(struct audit *a, struct audit_record *r)
{
	bool any;

	pthread_mutex_lock(&a->lock);
	any = a->count > 0;
	if (any) {
		*r = a->ring[a->head];
		a->head = (a->head + 1) % AUDIT_RING;
		a->count--;
	}
	pthread_mutex_unlock(&a->lock);
	return any;
}

static uint64_t take_suppressed(struct audit *a)
{
	uint64_t n;

	pthread_mutex_lock(&a->lock);
	n = a->suppressed;
	a->suppressed = 0;
	pthread_mutex_unlock(&a->lock);
	return n;
}

/* Task names and rule texts come from strangers. */
static void escape(const char *in, char *out, size_t size)
{
	size_t n = 0;

	for (; *in && n + 7 < size; in++) {
		unsigned char ch = (unsigned char)*in;

		if (ch == '"' || ch == '\\')
			n += (size_t)snprintf(out + n, size - n, "\\%c", ch);
		else if (ch < 0x20 || ch >= 0x7f)
			n += (size_t)snprintf(out + n, size - n, "\\u%04x", ch);
		else
			out[n++] = (char)ch;
	}
	out[n] = '\0';
}

static void put_dest(const struct policy_dest *d, char *out, size_t size)
{
	static const char *const protos[] = { [POLICY_TCP] = "tcp", [POLICY_UDP] = "udp", [POLICY_ICMP] = "icmp" };
	char addr[INET6_ADDRSTRLEN] = "";
	bool v4 = IN6_IS_ADDR_V4MAPPED(&d->addr);

	if (v4)
		inet_ntop(AF_INET, &d->addr.s6_addr[12], addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, &d->addr, addr, sizeof(addr));
	if (d->proto == POLICY_ICMP)
		snprintf(out, size, "icmp://%s", addr);
	else
		snprintf(out, size, v4 ? "%s://%s:%u" : "%s://[%s]:%u", protos[d->proto], addr, d->port);
}

/* What each line begins with: "{"schema":1,"time":"…","container":"…"", without an end. */
static void put_head(const struct timespec *when, const char *id, char *out, size_t size)
{
	char stamp[40];
	struct tm tm;

	gmtime_r(&when->tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, size, "{\"schema\":%d,\"time\":\"%s.%03ldZ\",\"container\":\"%s\"", AUDIT_SCHEMA, stamp, when->tv_nsec / 1000000, id);
}

/* In words what was asked for. */
static void put_wanted(const struct audit_record *r, char *out, size_t size)
{
	out[0] = '\0';
	if (r->has_socket)
		policy_socket_words(r->socket[0], r->socket[1], r->socket[2], out, size);
	if (r->dns)
		snprintf(out, size, "dns");
	/* Binds are judged by the port alone. */
	if (r->has_dest && (r->kind == NOTIFY_BIND || r->kind == NOTIFY_LISTEN))
		snprintf(out, size, "tcp port %u", r->dest.port);
	else if (r->has_dest)
		put_dest(&r->dest, out, size);
}

static void put_record(struct audit *a, const struct audit_record *r, const struct policy *p, const char *id)
{
	char head[640], rest[1024 + 2 * LEARNED_TEXT], id_text[512], comm[96], rule_raw[160] = "", rule[320], wanted[96], socket[48] = "";
	char uid[24] = "", name[2 * LEARNED_TEXT], named[2 * LEARNED_TEXT + 16] = "";
	const char *error = strerrorname_np(r->error);
	const char *verdict = policy_is_audit(p) ? "would-deny" : "denied";
	const char *call = r->dns ? "dns" : notify_calls_name(r->kind);
	int n;

	escape(id, id_text, sizeof(id_text));
	escape(r->comm, comm, sizeof(comm));
	put_wanted(r, wanted, sizeof(wanted));
	escape(r->name, name, sizeof(name));
	if (name[0])
		snprintf(named, sizeof(named), "\"name\":\"%s\",", name);
	if (r->has_socket)
		snprintf(socket, sizeof(socket), "\"socket\":\"%d/%d/%d\",", r->socket[0], r->socket[1], r->socket[2]);
	if (r->has_uid)
		snprintf(uid, sizeof(uid), ",\"uid\":%u", (unsigned int)r->uid);
	if (r->rule >= 0)
		policy_rule_text(p, r->rule, rule_raw, sizeof(rule_raw));
	else
		snprintf(rule_raw, sizeof(rule_raw), "%s", r->rule == AUDIT_NO_RULE ? r->why : "default: not listed");
	escape(rule_raw, rule, sizeof(rule));
	put_head(&r->when, id_text, head, sizeof(head));
	n = snprintf(rest, sizeof(rest),
		     ",\"seq\":%llu,\"verdict\":\"%s\",\"pid\":%d,\"comm\":\"%s\"%s,\"call\":\"%s\",\"destination\":\"%s\",%s%s\"rule\":\"%s\","
		     "\"layer\":\"%s\",\"error\":\"%s\"}\n",
		     (unsigned long long)r->seq, verdict, (int)r->tid, comm, uid, call, wanted, socket, named, rule,
		     policy_layer_names[r->layer], error ? error : "?");
	if (n > 0 && (size_t)n < sizeof(rest))
		sinks_write(&a->sinks, &(struct sinks_line){ head, rest, id_text, comm, call, wanted, rule,
							    policy_layer_names[r->layer], error ? error : "?", verdict, r->seq, r->tid });
}

/* A line that is about no single refusal: @key and @value. */
static void put_note(struct audit *a, const char *id, const char *key, uint64_t value)
{
	char head[640], rest[128], id_text[512];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	escape(id, id_text, sizeof(id_text));
	put_head(&now, id_text, head, sizeof(head));
	snprintf(rest, sizeof(rest), ",\"seq\":%llu,\"%s\":%llu}\n", (unsigned long long)atomic_load(&a->counts->denied), key,
		 (unsigned long long)value);
	sinks_write(&a->sinks, &(struct sinks_line){ .head = head, .rest = rest });
}

void audit_restarted(struct audit *a, const char *id, unsigned int restarts)
{
	atomic_store(&a->counts->restarts, restarts);
	put_note(a, id, "supervisor_restarts", restarts);
}

void audit_ended(struct audit *a, const char *id)
{
	uint64_t denied = atomic_load(&a->counts->denied);

	if (denied)
		put_note(a, id, "total_denied", denied);
}

void audit_flush(struct audit *a, const struct policy *p, const char *id, bool last)
{
	int64_t now = sup_now_ms(), earned = (now - a->tokens_at) * AUDIT_PER_SECOND / 1000;
	struct audit_record r;
	uint64_t over = 0, drain;

	(void)!read(a->wake_fd, &drain, sizeof(drain));
	if (earned > 0) {
		a->tokens = earned + a->tokens > 2 * AUDIT_PER_SECOND ? 2 * AUDIT_PER_SECOND : (unsigned int)(a->tokens + earned);
		a->tokens_at = now;
	}
	/* At most one ring's worth: the main thread has other things to do. */
	for (unsigned int i = 0; i < AUDIT_RING && take(a, &r); i++) {
		if (a->tokens == 0) {
			over++;
			continue;
		}
		a->tokens--;
		put_record(a, &r, p, id);
	}
	pthread_mutex_lock(&a->lock);
	a->suppressed += over;
	pthread_mutex_unlock(&a->lock);
	/* One line for many: written with the next line that is due, so that it is bounded, too. */
	if ((a->tokens > 0 || last) && (over = take_suppressed(a)) > 0) {
		a->tokens -= a->tokens > 0;
		atomic_fetch_add_explicit(&a->counts->suppressed, over, memory_order_relaxed);
		put_note(a, id, "suppressed", over);
	}
}
