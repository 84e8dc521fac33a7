// SPDX-License-Identifier: Apache-2.0
/* hide.c - out of the reach of processes that can see this one
 *
 * Runs in:  every command of root's; whatever enters a container.
 */
#include "base/hide.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

void hide_self(void)
{
	prctl(PR_SET_DUMPABLE, 0);
}

bool hide_is_lost_with_ids(void)
{
	int fd = open("/proc/sys/fs/suid_dumpable", O_RDONLY | O_CLOEXEC);
	char digit = 0;

	if (fd >= 0) {
		(void)!read(fd, &digit, 1);
		close(fd);
	}
	return digit == '1';
}

int hide_setresgid(gid_t gid)
{
	int r = setresgid(gid, gid, gid);
	int saved = errno;

	hide_self();
	errno = saved;
	return r;
}

int hide_setresuid(uid_t uid)
{
	int r = setresuid(uid, uid, uid);
	int saved = errno;

	hide_self();
	errno = saved;
	return r;
}
