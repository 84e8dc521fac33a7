// SPDX-License-Identifier: Apache-2.0
/* hide.h - out of the reach of processes that can see this one
 *
 * Owns:     the "dumpable" mark of the calling process. Without it ptrace(2), /proc/PID/mem, /proc/PID/fd, pidfd_getfd(2) and their
 *           like ask for CAP_SYS_PTRACE in the user namespace in which this program was executed (the host's, as a rule), however
 *           much the asker may do in the one that this process has entered (CVE-2016-9962).
 * Must not: be left to a process that can be seen already: a clone inherits the mark, and only so is there no moment without it.
 */
#ifndef BASE_HIDE_H
#define BASE_HIDE_H

#include <stdbool.h>
#include <sys/types.h>

/* Until execve(2). Changes of ids, and joining a user namespace of another owner, take it back where the sysctl fs.suid_dumpable is
 * 1: to be called again after each. The files of /proc/self belong to root from here on. */
void hide_self(void);
/* True where a change of ids takes the mark back, and so leaves a moment before it is cleared again. */
bool hide_is_lost_with_ids(void);
/* setresgid(2) and setresuid(2) to @gid and @uid, hidden after each. */
int hide_setresgid(gid_t gid);
int hide_setresuid(uid_t uid);

#endif
