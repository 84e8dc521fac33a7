// SPDX-License-Identifier: Apache-2.0
/* names.c - the supervisor's end of the name service
 *
 * Owns:     the addresses that names have at the moment: in shared memory, so that a supervisor's death forgets none.
 * Must not: delay a verdict: the lock is held for a look at the table, never over I/O.
 * Runs in:  the main thread; names_check() and names_of() in workers.
 */
#include "names/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "supervisor/internal.h"

#define REPORTS_A_ROUND 32

/* Who could send to where the name service awaits answers could make up the addresses of a name. */
static bool is_for_service(const struct sup *s, const struct policy_dest *d)
{
	const struct names_report *r = &s->shared->names_first;

	if (d->proto != POLICY_UDP || !d->port)
		return false;
	for (int i = 0; i < NAMES_UDP_SOCKETS; i++)
		if (r->udp_ports[0][i] == d->port || r->udp_ports[1][i] == d->port)
			return true;
	return false;
}

struct policy_verdict names_check(struct sup *s, const struct policy_dest *d)
{
	struct policy_verdict v;

	if (!policy_follows_names(s->policy))
		return policy_check(s->policy, d);
	if (is_for_service(s, d))
		return (struct policy_verdict){ .allowed = false, .rule = -1, .why = POLICY_WHY_DEFAULT };
	pthread_mutex_lock(&s->names_lock);
	v = policy_check_learned(s->policy, &s->shared->learned, d, sup_now_ms());
	pthread_mutex_unlock(&s->names_lock);
	return v;
}

bool names_cover(struct sup *s, const struct in6_addr *addr)
{
	bool r;

	if (!policy_follows_names(s->policy))
		return false;
	pthread_mutex_lock(&s->names_lock);
	r = policy_learned_covers(&s->shared->learned, addr, sup_now_ms());
	pthread_mutex_unlock(&s->names_lock);
	return r;
}

void names_of(struct sup *s, const struct in6_addr *addr, char name[LEARNED_TEXT])
{
	const char *known;

	name[0] = 0;
	if (!policy_follows_names(s->policy))
		return;
	pthread_mutex_lock(&s->names_lock);
	known = policy_learned_name(&s->shared->learned, addr);
	snprintf(name, LEARNED_TEXT, "%s", known ? known : "");
	pthread_mutex_unlock(&s->names_lock);
}

void names_take(struct sup *s, int fd)
{
	/* One that is still there has been replaced: its end follows. */
	fd_close(&s->names_fd);
	s->names_fd = fd;
	loop_watch_names(s);
}

static void learn(struct sup *s, const struct names_report *r)
{
	struct names_reply reply = { .seq = r->seq };
	int n;

	pthread_mutex_lock(&s->names_lock);
	n = policy_learn(s->policy, &s->shared->learned, r->name, r->addrs, r->n, r->ttl, sup_now_ms());
	pthread_mutex_unlock(&s->names_lock);
	if (n < 0)
		reply.error = EACCES; /* the service asks for covered names only; this is the second look */
	else if (s->plan.wall && names_wall_update(s) < 0)
		reply.error = EAGAIN;
	(void)!send(s->names_fd, &reply, sizeof(reply), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Its sockets are those that it was born with: a second one is not believed. */
static void take_first(struct sup *s, const struct names_report *r)
{
	if (r->n > NAMES_SERVERS_MAX)
		return;
	if (!s->shared->names_ask)
		s->shared->names_first = *r;
	if (s->plan.wall && !s->shared->names_ask && names_wall_open(s) < 0) {
		fd_close(&s->names_fd); /* another one will come and say it again */
		return;
	}
	s->shared->names_ask = true;
}

static void note_refused(struct sup *s, const struct names_report *r)
{
	struct audit_record rec = { .rule = AUDIT_NO_RULE, .why = "no rule covers the name", .error = ENOENT, .dns = true };

	clock_gettime(CLOCK_REALTIME, &rec.when);
	snprintf(rec.name, sizeof(rec.name), "%.*s", LEARNED_TEXT - 1, r->name);
	audit_denied(&s->audit, &rec);
	if (r->suppressed)
		audit_denied_many(&s->audit, r->suppressed);
}

void names_hear(struct sup *s)
{
	static struct names_report r;

	for (int i = 0; i < REPORTS_A_ROUND && s->names_fd >= 0; i++) {
		ssize_t n = recv(s->names_fd, &r, sizeof(r), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < (ssize_t)NAMES_REPORT_SIZE(0) || r.n > NAMES_ADDRS_MAX || n != (ssize_t)NAMES_REPORT_SIZE(r.n)) {
			fd_close(&s->names_fd); /* it has ended, or is no longer itself: another one will come */
			return;
		}
		r.name[sizeof(r.name) - 1] = 0;
		if (r.what == NAMES_LEARNED)
			learn(s, &r);
		else if (r.what == NAMES_REFUSED)
			note_refused(s, &r);
		else
			take_first(s, &r);
	}
}
