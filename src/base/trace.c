// SPDX-License-Identifier: Apache-2.0
/* trace.c - what a command does, step by step, for whoever asks
 *
 * Runs in:  every command, and what it clones.
 */
#include "base/trace.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

#define TRACE_TEXT 1500

const char *const trace_words[TRACE_AREAS] = {
	[TRACE_STATE] = "state", [TRACE_NAMESPACES] = "namespaces", [TRACE_CGROUP] = "cgroup", [TRACE_MOUNT] = "mount",
	[TRACE_DEVICE] = "device", [TRACE_PROCESS] = "process", [TRACE_SECCOMP] = "seccomp", [TRACE_POLICY] = "policy",
	[TRACE_HOOKS] = "hooks", [TRACE_EXEC] = "exec",
};

unsigned int trace_areas;
static struct timespec began, last;

static int find_area(const char *word, size_t len, unsigned int *bits)
{
	if (len == 3 && memcmp(word, "all", 3) == 0) {
		*bits |= (1u << TRACE_AREAS) - 1;
		return 0;
	}
	for (int i = 0; i < TRACE_AREAS; i++)
		if (strlen(trace_words[i]) == len && memcmp(word, trace_words[i], len) == 0) {
			*bits |= 1u << i;
			return 0;
		}
	return -1;
}

int trace_set(const char *words, struct err *e)
{
	unsigned int bits = 0;

	for (const char *w = words; w && *w;) {
		size_t len = strcspn(w, ",");

		if (len && find_area(w, len, &bits) < 0)
			return err_text(e, EINVAL, "SANDRUN_TRACE: \"%.*s\" is no area: state, namespaces, cgroup, mount, device, process, "
					"seccomp, policy, hooks, exec or all is expected", (int)(len < 64 ? len : 64), w);
		w += len + (w[len] == ',');
	}
	trace_areas = bits;
	if (bits)
		clock_gettime(CLOCK_MONOTONIC, &began);
	last = began;
	return 0;
}

static double ms_since(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) * 1e3 + (double)(to->tv_nsec - from->tv_nsec) / 1e6;
}

void trace_line(enum trace_area area, const char *fmt, ...)
{
	char text[TRACE_TEXT];
	int saved = errno;
	struct timespec now;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	clock_gettime(CLOCK_MONOTONIC, &now);
	log_line(LOG_LVL_TRACE, "trace: %s: %s (%.2f ms, +%.2f)", trace_words[area], text, ms_since(&began, &now), ms_since(&last, &now));
	last = now;
	errno = saved;
}

const char *trace_path(int fd, char buf[TRACE_PATH])
{
	int saved = errno;
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, TRACE_PATH - 1);
	buf[n > 0 ? n : 1] = 0;
	if (n <= 0)
		buf[0] = '?';
	errno = saved;
	return buf;
}
