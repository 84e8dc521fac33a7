// SPDX-License-Identifier: Apache-2.0
/* ulimits.c - the resource limits of whoever called us are not the supervisor's
 *
 * Owns:     which limits are lifted. The container's own are set by its configuration, and it inherits the caller's else: so they are
 *           lifted here, and not in the command.
 * Runs in:  the watcher, first of all; the supervisors inherit it.
 */
#include <errno.h>
#include <sys/resource.h>

#include "base/str.h"
#include "supervisor/internal.h"

/* As root, to these values. A user cannot raise a hard limit: the soft one goes up to it, and what is beyond is an errno (self.c
 * ignores the signals that come with two of them). */
static const struct {
	enum __rlimit_resource what;
	rlim_t wanted;
} limits[] = {
	{ RLIMIT_NOFILE, 65536 },	   /* one descriptor a blocked call */
	{ RLIMIT_FSIZE, RLIM_INFINITY },   /* denied.jsonl, which has a bound of its own */
	{ RLIMIT_CPU, RLIM_INFINITY },	   /* it lives as long as the container */
	{ RLIMIT_AS, RLIM_INFINITY },	   /* its tables and threads */
	{ RLIMIT_DATA, RLIM_INFINITY },
	{ RLIMIT_NPROC, RLIM_INFINITY },   /* threads */
	{ RLIMIT_STACK, 8 * 1024 * 1024 }, /* of the first thread */
	{ RLIMIT_SIGPENDING, RLIM_INFINITY },
	{ RLIMIT_MEMLOCK, RLIM_INFINITY },
};

void ulimits_lift(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit was, rl = { limits[i].wanted, limits[i].wanted };

		if (getrlimit(limits[i].what, &was) < 0)
			continue;
		if (rl.rlim_max < was.rlim_max)
			rl.rlim_max = was.rlim_max;
		if (setrlimit(limits[i].what, &rl) == 0)
			continue;
		rl = (struct rlimit){ was.rlim_max < limits[i].wanted ? was.rlim_max : limits[i].wanted, was.rlim_max };
		(void)setrlimit(limits[i].what, &rl);
	}
}
