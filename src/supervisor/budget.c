// SPDX-License-Identifier: Apache-2.0
/* budget.c - the processor time that the workload makes us spend
 *
 * Owns:     how much there is of it, and the pause when it is spent.
 * Must not: delay the control socket or the audit: the main thread never pauses.
 * Runs in:  budget_tick() in the main thread, while calls come in; budget_wait() in the leader, between two calls.
 *
 * We are outside of the container's cgroup (a frozen one must not take us with it), so what we do on behalf of a workload does
 * not count as its own: one sendmmsg costs it a microsecond and us milliseconds. Therefore: in each window we may use as much as the
 * container itself may, by the quota that its cgroup has at that moment. What was used beyond is waited for, so that the mean
 * holds, whatever a single call has cost. Its own calls are what waits.
 *
 * No quota, no bound: what may use every processor gains nothing by our one. (One at a time leads; another follows only if that one
 * is stuck.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "supervisor/internal.h"

#define WINDOW_US 100000	/* as the kernel's cpu.cfs_period_us */
#define LEAST_US 5000		/* so much may always be used in a window: a thousand calls */
#define PAUSE_MAX_US 10000000

static int64_t clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static long long read_number(int fd, const char **rest, char buf[64])
{
	ssize_t n = fd < 0 ? -1 : pread(fd, buf, 63, 0);
	char *end = buf;
	long long v;

	buf[n > 0 ? n : 0] = '\0';
	v = strtoll(buf, &end, 10);
	*rest = end;
	return end == buf ? -1 : v;
}

/* For a window; INT64_MAX: no bound. v2's cpu.max has quota and period, "max" is none; v1 has a file for each, -1 is none. */
static int64_t allowance(const struct sup *s)
{
	const char *rest, *ignored;
	char buf[64], buf2[64];
	long long quota = read_number(s->cpu_quota_fd, &rest, buf);
	long long period = s->cpu_period_fd >= 0 ? read_number(s->cpu_period_fd, &ignored, buf2) : atoll(rest);
	int64_t us;

	if (quota <= 0 || period <= 0 || quota > INT64_MAX / WINDOW_US)
		return INT64_MAX;
	us = quota * WINDOW_US / period;
	return us < LEAST_US ? LEAST_US : us;
}

void budget_tick(struct sup *s)
{
	int64_t now, used, may;

	if (s->cpu_quota_fd < 0)
		return;
	now = clock_us(CLOCK_MONOTONIC);
	if (now < atomic_load_explicit(&s->pause_until, memory_order_relaxed))
		return;
	used = clock_us(CLOCK_PROCESS_CPUTIME_ID) - s->window_cpu;
	if (now - s->window_start >= WINDOW_US && used <= LEAST_US) {
		s->window_start = now;
		s->window_cpu += used;
		return;
	}
	if (used <= LEAST_US)
		return;
	may = allowance(s);
	if (may != INT64_MAX && used > may) {
		int64_t until = s->window_start + used / may * WINDOW_US + used % may * WINDOW_US / may;

		atomic_store(&s->pause_until, until > now + PAUSE_MAX_US ? now + PAUSE_MAX_US : until);
	} else if (now - s->window_start < WINDOW_US) {
		return;
	}
	/* A pause is the rest of its window. */
	s->window_start = atomic_load(&s->pause_until) > now ? atomic_load(&s->pause_until) : now;
	s->window_cpu += used;
}

void budget_wait(struct sup *s)
{
	int64_t until = atomic_load_explicit(&s->pause_until, memory_order_relaxed);

	while (until && clock_us(CLOCK_MONOTONIC) < until) {
		struct timespec ts = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
	}
}
