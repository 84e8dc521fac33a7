// SPDX-License-Identifier: Apache-2.0
/* fuse.c - FUSE servers that ended with their container, and whom they keep from ending
 *
 * Owns:     which connections are the container's own, and their abortion.
 * Must not: abort one that the host has mounted, too; stat anything, which would ask such a server.
 * Runs in:  delete --force, when init has survived SIGKILL.
 *
 * A task that waits for a request which the server has taken is out of any signal's reach. The kernel fails the request when the
 * server's /dev/fuse is closed for the last time; but where task and server share their descriptors (threads of one process),
 * that would be when the task ends. The kernel's own remedy is a file for each connection in the fusectl filesystem.
 */
#include "container/fuse.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"

#define MOUNTINFO_MAX (64u << 20)
#define CONNECTIONS "/sys/fs/fuse/connections"

/* The device numbers of a mountinfo: its third word, " 0:63 ". False at the end. */
static bool next_device(char **text, unsigned int *major, unsigned int *minor)
{
	char *line;

	while ((line = strsep(text, "\n")))
		if (sscanf(line, "%*u %*u %u:%u ", major, minor) == 2)
			return true;
	return false;
}

static bool has_device(const char *mountinfo, unsigned int major, unsigned int minor)
{
	char word[32];

	snprintf(word, sizeof(word), " %u:%u ", major, minor);
	return strstr(mountinfo, word);
}

/* The fusectl filesystem, which is one in all its mounts. A host need not have it mounted; a user cannot mount it. */
static int open_control(void)
{
	autofd context = sys_fsopen("fusectl", FSOPEN_CLOEXEC);
	int dir = -1;

	if (context >= 0 && sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		dir = sys_fsmount(context, FSMOUNT_CLOEXEC, 0);
	return dir >= 0 ? dir : open(CONNECTIONS, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* There is a file for this device if it is FUSE's, and only then. */
static void abort_connection(int control, unsigned int major, unsigned int minor)
{
	char path[32];

	snprintf(path, sizeof(path), "%u/abort", major << 20 | minor);
	(void)file_write(control, path, "1", NULL);
}

static void abort_mounts(int control, const char *ours, const char *task)
{
	autofree char *text = NULL;
	unsigned int major, minor;
	char *rest;

	/* A task that is past its namespaces has none (EINVAL). */
	if (file_read(AT_FDCWD, task, MOUNTINFO_MAX, &text, NULL, NULL) < 0)
		return;
	rest = text;
	while (next_device(&rest, &major, &minor))
		if (!has_device(ours, major, minor))
			abort_connection(control, major, minor);
}

/* Each thread: the leader may be gone before the others. */
static void abort_process(int control, const char *ours, pid_t pid)
{
	char path[300];
	struct dirent *de;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		if (de->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/mountinfo", (int)pid, de->d_name);
		abort_mounts(control, ours, path);
	}
	if (d)
		closedir(d);
}

void fuse_abort(const struct cgroup *cg, pid_t init)
{
	autofree char *ours = NULL;
	autofd control = open_control();
	pid_t *pids = NULL;
	size_t n = 0;

	if (control < 0 || file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &ours, NULL, NULL) < 0)
		return;
	abort_process(control, ours, init);
	if (cg && cgroup_pids(cg, &pids, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			abort_process(control, ours, pids[i]);
	free(pids);
}
