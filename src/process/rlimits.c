// SPDX-License-Identifier: Apache-2.0
/* rlimits.c - process.rlimits and no_new_privs
 *
 * Owns:     setting them, for oneself or another process, and the words for why the kernel refused.
 * Must not: choose what limits apply where none are given.
 * Runs in:  init and exec'd processes, before capabilities are given up: raising a hard limit needs CAP_SYS_RESOURCE. It
 *           counts only in the initial user namespace, so for a process in another one create and exec set the limits,
 *           with the rights that the caller has.
 */
#include "process/process.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/trace.h"
#include "oci/names.h"
#include "process/internal.h"

/* RLIM_INFINITY is the highest number of the type, in the specification as in the kernel: nothing is converted. */
static const char *limit_text(uint64_t v, char buf[24])
{
	if (v == UINT64_MAX)
		return "unlimited";
	snprintf(buf, 24, "%" PRIu64, v);
	return buf;
}

int rlimits_check(const struct oci_process *p, struct err *e)
{
	char soft[24], hard[24];
	int seen[64] = { 0 };

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *r = &p->rlimits[i];
		int n = r->type ? oci_rlimit_number(r->type) : -1;

		if (n < 0)
			return err_msg(e, "process.rlimits[%zu].type: unknown limit \"%.64s\"", i,
				       r->type ? r->type : "");
		/* config.md asks for an error: which of the two would be meant? */
		if (n < (int)ARRAY_SIZE(seen) && seen[n])
			return err_msg(e, "process.rlimits[%zu].type: %s is there twice (first: rlimits[%d])", i,
				       r->type, seen[n] - 1);
		if (n < (int)ARRAY_SIZE(seen))
			seen[n] = (int)i + 1;
		if (r->soft > r->hard)
			return err_msg(e, "process.rlimits[%zu] (%s): soft limit %s is above the hard limit %s", i,
				       r->type, limit_text(r->soft, soft), limit_text(r->hard, hard));
	}
	return 0;
}

/* The reason of an EPERM, which has more than one. */
static const char *why_not(pid_t pid, int n, const struct rlimit64 *wanted, char buf[160])
{
	struct rlimit64 now;
	char hard[24];

	if (errno != EPERM || prlimit64(pid, (enum __rlimit_resource)n, NULL, &now) < 0)
		return "";
	errno = EPERM;
	if (wanted->rlim_max <= now.rlim_max && n != RLIMIT_NOFILE)
		return "";
	snprintf(buf, 160, " (the hard limit is %s: raising it needs CAP_SYS_RESOURCE on the host%s)",
		 limit_text(now.rlim_max, hard), n == RLIMIT_NOFILE ? ", and sysctl fs.nr_open is the most" : "");
	return buf;
}

int process_set_rlimits_of(pid_t pid, const struct oci_process *p, struct err *e)
{
	char soft[24], hard[24], why[160];

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *r = &p->rlimits[i];
		struct rlimit64 lim = { .rlim_cur = r->soft, .rlim_max = r->hard };
		int n = oci_rlimit_number(r->type);

		if (n < 0)
			return err_msg(e, "process.rlimits[%zu].type: unknown limit \"%.64s\"", i, r->type);
		trace(TRACE_PROCESS, "%s: soft %s, hard %s", r->type, limit_text(r->soft, soft), limit_text(r->hard, hard));
		if (prlimit64(pid, (enum __rlimit_resource)n, &lim, NULL) < 0)
			return err_sys(e, "process.rlimits[%zu] (%s): set soft limit %s, hard limit %s%s", i, r->type,
				       limit_text(r->soft, soft), limit_text(r->hard, hard), why_not(pid, n, &lim, why));
	}
	return 0;
}

int process_set_rlimits(const struct oci_process *p, struct err *e)
{
	return process_set_rlimits_of(0, p, e);
}

int process_set_no_new_privs(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "process.noNewPrivileges: set no_new_privs");
	return 0;
}
