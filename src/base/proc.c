// SPDX-License-Identifier: Apache-2.0
/* proc.c - what /proc says of a process
 *
 * Runs in:  every command.
 */
#include "base/proc.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

/* linux/sched.h: "forked but didn't exec". execve(2) clears it before it closes descriptors. */
#define PF_FORKNOEXEC 0x00000040u

bool proc_stat(pid_t pid, struct proc_stat *out)
{
	char path[64];
	autofree char *text = NULL;
	unsigned long long start = 0;
	char *p;
	int n;

	*out = (struct proc_stat){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, 8192, &text, NULL, NULL) < 0)
		return false;
	/* The name in parentheses may hold anything: the last ")" ends it. */
	p = strrchr(text, ')');
	if (!p)
		return false;
	/* Fields 3 (state), 9 (flags), 22 (start time), 52 (exit code); proc(5). */
	n = sscanf(p + 1,
		   " %c %*d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu"
		   " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u %*u %*u %*u %*d %*u %*u %*u %*u %*u"
		   " %*u %*u %d",
		   &out->state, &out->flags, &start, &out->exit_status);
	out->start = start;
	return n >= 3;
}

bool proc_has_not_execed(const struct proc_stat *st)
{
	return st->flags & PF_FORKNOEXEC;
}

bool proc_in_user_namespace(void)
{
	autofree char *text = NULL;
	unsigned long inside = 1, outside = 1, n = 0;

	if (file_read(AT_FDCWD, "/proc/self/uid_map", 64 * 1024, &text, NULL, NULL) < 0)
		return false;
	return sscanf(text, "%lu %lu %lu", &inside, &outside, &n) != 3 || inside != 0 || outside != 0 || n < UINT32_MAX;
}

bool proc_is_root(void)
{
	return geteuid() == 0 && !proc_in_user_namespace();
}
