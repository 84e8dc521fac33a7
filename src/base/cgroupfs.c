// SPDX-License-Identifier: Apache-2.0
/* cgroupfs.c - cgroup filesystems as the kernel shows them: which is where, and the lines of /proc/PID/cgroup
 *
 * Runs in:  whoever calls it.
 */
#include "base/cgroupfs.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"

enum cgroupfs cgroupfs_kind(int dirfd, const char *name)
{
	autofd fd = openat(dirfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs sfs;

	if (fd < 0 || fstatfs(fd, &sfs) < 0)
		return CGROUPFS_NONE;
	if (sfs.f_type == CGROUP2_SUPER_MAGIC)
		return CGROUPFS_V2;
	return sfs.f_type == CGROUP_SUPER_MAGIC ? CGROUPFS_V1 : CGROUPFS_NONE;
}

bool cgroupfs_v2_alone(void)
{
	struct statfs sfs;

	return statfs(CGROUPFS_ROOT, &sfs) == 0 && sfs.f_type == CGROUP2_SUPER_MAGIC;
}

bool cgroupfs_next(char **text, char **controllers, char **path)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		char *c = strchr(line, ':');
		char *p = c ? strchr(c + 1, ':') : NULL;

		if (!p)
			continue;
		*p = 0;
		*controllers = c + 1;
		*path = p + 1;
		return true;
	}
	return false;
}

/* "a,b" and "b,a" are the same controllers. */
static bool same_controllers(const char *a, const char *b)
{
	if (strlen(a) != strlen(b))
		return false;
	for (const char *p = a; *p;) {
		size_t len = strcspn(p, ",");
		bool found = false;

		for (const char *q = b; *q && !found;) {
			size_t qlen = strcspn(q, ",");

			found = qlen == len && !strncmp(p, q, len);
			q += qlen + (q[qlen] == ',');
		}
		if (!found)
			return false;
		p += len + (p[len] == ',');
	}
	return true;
}

static bool belongs(const char *controllers, const char *name, bool v2)
{
	if (v2)
		return !*controllers;
	return same_controllers(controllers, name) ||
	       (str_starts(controllers, "name=") && str_eq(controllers + strlen("name="), name));
}

bool cgroupfs_find(const char *text, const char *name, bool v2, char **controllers, char **path)
{
	autofree char *copy = xstrdup(text);
	char *rest = copy, *c, *p;

	while (cgroupfs_next(&rest, &c, &p)) {
		if (!belongs(c, name, v2))
			continue;
		if (controllers)
			*controllers = xstrdup(c);
		*path = xstrdup(p);
		return true;
	}
	return false;
}
