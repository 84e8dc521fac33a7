// SPDX-License-Identifier: Apache-2.0
/* validate.c - the check of "process" before anything is made
 *
 * Owns:     that every part is asked. What a part accepts is in the part's own file, beside its use.
 * Runs in:  create and exec, with the caller's rights.
 */
#include "process/process.h"

#include "process/internal.h"

int process_validate(const struct oci_process *p, struct err *e)
{
	if (command_check(p, e) < 0 || user_check(&p->user, e) < 0 || caps_check(&p->capabilities, e) < 0 ||
	    rlimits_check(p, e) < 0 || scheduler_check(p, e) < 0 || label_check(p, e) < 0 || terminal_check(p, e) < 0)
		return -1;
	/* The range of /proc/PID/oom_score_adj. */
	if (p->oom_score_adj.set && (p->oom_score_adj.v < -1000 || p->oom_score_adj.v > 1000))
		return err_msg(e, "process.oomScoreAdj: %lld is not from -1000 to 1000", (long long)p->oom_score_adj.v);
	return 0;
}
