// SPDX-License-Identifier: Apache-2.0
/* kernel_log.c - refusals that the cgroup program made by itself
 *
 * Owns:     reading its counter and ring (confine/bpf_egress.h) into the audit.
 * Runs in:  the main thread: once a second, and before a status is told.
 *
 * The ring is written without a lock and may be overtaken: what is described may then be a mixture of two refusals, what is
 * counted is exact. Neither decides anything.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "supervisor/internal.h"

#define FIRST_PID_NS 0xeffffffcu /* the kernel's PROC_PID_INIT_INO */

int kernel_log_open(struct sup *s, int map_fd)
{
	void *p = mmap(NULL, sizeof(struct bpf_egress_log), PROT_READ, MAP_SHARED, map_fd, 0);
	struct stat st;

	if (p == MAP_FAILED)
		return -1;
	s->kernel_log = p;
	s->first_pid_ns = stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NS;
	return 0;
}

/* The time of the refusal, by the clock of now. */
static struct timespec wall_clock(uint64_t monotonic_ns)
{
	struct timespec real, mono;
	int64_t ns, ago;

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	ago = (int64_t)mono.tv_sec * 1000000000 + mono.tv_nsec - (int64_t)monotonic_ns;
	/* A record that is half overwritten. */
	if (ago < 0 || ago > (int64_t)3600 * 1000000000)
		return real;
	ns = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec - ago;
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

static void describe(struct sup *s, const volatile struct bpf_egress_record *from)
{
	/* The kernel's numbers are those of the first pid namespace: elsewhere they would be somebody else's. */
	struct audit_record r = { .tid = s->first_pid_ns ? (pid_t)from->tid : 0, .error = policy_get_errno(s->policy), .rule = -1,
				  .layer = POLICY_LAYER_BPF };
	struct caller_identity id;
	uint32_t addr[4];

	r.kind = from->send ? NOTIFY_SENDTO : NOTIFY_CONNECT;
	for (int i = 0; i < 4; i++)
		addr[i] = from->addr[i];
	for (unsigned int i = 0; i < sizeof(r.comm) - 1; i++)
		r.comm[i] = from->comm[i];
	if (from->proto <= POLICY_ICMP) {
		struct policy_verdict v;

		r.has_dest = true;
		r.dest.proto = (enum policy_proto)from->proto;
		r.dest.port = (uint16_t)from->port;
		memcpy(&r.dest.addr, addr, sizeof(addr));
		v = policy_check(s->policy, &r.dest);
		r.rule = v.rule;
	} else {
		r.rule = AUDIT_NO_RULE;
		r.why = from->proto == BPF_EGRESS_ROUTED ? "source route" : "a protocol that no rule can allow";
		r.error = from->proto == BPF_EGRESS_ROUTED ? EPERM : policy_get_errno(s->policy);
	}
	r.when = wall_clock(from->when);
	/* An older kernel. Best effort: by now it may be gone, or another. */
	if (!r.comm[0] && r.tid && caller_identify(s, r.tid, &id) == 0)
		memcpy(r.comm, id.comm, sizeof(r.comm));
	audit_denied(&s->audit, &r);
}

void kernel_log_drain(struct sup *s)
{
	const volatile struct bpf_egress_log *log = s->kernel_log;
	uint64_t now, from;

	if (!log)
		return;
	now = log->count;
	from = atomic_load(&s->shared->kernel_seen);
	if (now - from > BPF_EGRESS_RING) {
		audit_denied_many(&s->audit, now - from - BPF_EGRESS_RING);
		from = now - BPF_EGRESS_RING;
	}
	for (; from < now; from++)
		describe(s, &log->ring[from % BPF_EGRESS_RING]);
	atomic_store(&s->shared->kernel_seen, now);
}
