// SPDX-License-Identifier: Apache-2.0
/* entry.c - the fast way into a cgroup: by oneself
 *
 * Owns:     the descriptors through which a process that was just cloned moves itself.
 * Must not: fail: what does not work here cgroup_add() and cgroup_join() do from outside, and they
 *           say why not.
 * Runs in:  create and exec (open), the new process right after clone (take).
 *
 * Moving another process takes the kernel's lock on thread groups, and that waits for an RCU grace
 * period: measured on 6.18, 7 to 12 ms for the nine hierarchies of a v1 host, however idle it is.
 * A single thread that moves itself through v1's "tasks" needs no such lock (Linux 5.5): 0.2 ms.
 * v2 has CLONE_INTO_CGROUP for the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/place.h"

void cgroup_entry_open(const struct cgroup *cg, const struct cgroup_subs *subs, struct cgroup_entry *en)
{
	en->n = 0;
	en->clone_fd = -1;
	/* A fork would count in pids.max beside the holder, a move does not. */
	if (cg->holder > 0)
		return;
	for (size_t i = 0; i < cg->n_dirs && en->n < ARRAY_SIZE(en->fds); i++) {
		const struct cg_dir *d = &cg->dirs[i];
		autofree char *below = cg_sub_of(d, subs, NULL);
		autofree char *dir = below ? xasprintf("%s%s", d->path, below) : NULL;

		if (!dir)
			continue;
		if (d->v2)
			en->clone_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
		else if ((en->fds[en->n] = cg_io_open(dir, "tasks", O_WRONLY)) >= 0)
			en->n++;
	}
}

void cgroup_entry_take(struct cgroup_entry *en)
{
	/* 0 is the writer, whatever pid namespace it is in. A failure is made good from outside. */
	for (size_t i = 0; i < en->n; i++)
		(void)!write(en->fds[i], "0", 1);
	cgroup_entry_close(en);
}

void cgroup_entry_close(struct cgroup_entry *en)
{
	while (en->n > 0)
		fd_close(&en->fds[--en->n]);
	fd_close(&en->clone_fd);
}

char *cg_entry_places(pid_t pid)
{
	char dir[32];
	autofree char *text = NULL;

	snprintf(dir, sizeof(dir), "/proc/%d", (int)pid);
	text = cg_io_slurp(dir, "cgroup");
	/* A line break in front, so that each line can be searched for with those around it. */
	return xasprintf("\n%s", text ? text : "");
}

bool cg_entry_is_in(const char *places, const struct cg_dir *d, const char *sub)
{
	/* Where only a part of a hierarchy is mounted this does not match, and the process is
	 * "moved" to where it is. */
	autofree char *line = xasprintf(":%s:%s%s\n", d->key, d->path + d->mount_len, sub);

	return strstr(places, line);
}
