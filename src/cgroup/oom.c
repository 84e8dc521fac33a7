// SPDX-License-Identifier: Apache-2.0
/* oom.c - be told when the kernel kills for want of memory
 *
 * Owns:     the eventfd of v1 and the inotify of v2.
 * Runs in:  events; create, exec and start when something died.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* v1: cgroup.event_control takes "<eventfd> <descriptor of memory.oom_control>". It also fires when
 * the cgroup goes. */
static int oom_v1(const char *dir, struct err *e)
{
	autofd ev = eventfd(0, EFD_CLOEXEC);
	autofd control = cg_io_open(dir, "memory.oom_control", O_RDONLY);
	char line[32];

	if (ev < 0 || control < 0)
		return err_sys(e, "watch for oom: open memory.oom_control of %s", dir);
	snprintf(line, sizeof(line), "%d %d", ev, control);
	if (cg_io_write(dir, "cgroup.event_control", line) < 0)
		return err_sys(e, "watch for oom: write cgroup.event_control of %s", dir);
	return fd_steal(&ev);
}

/* v2: files whose contents change are reported as modified. cgroup.events tells of the last
 * process' end. */
static int oom_v2(const char *dir, struct err *e)
{
	static const char *const files[] = { "memory.events", "cgroup.events" };
	autofd in = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (in < 0)
		return err_sys(e, "watch for oom: make an inotify descriptor");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		autofree char *path = xasprintf("%s/%s", dir, files[i]);

		if (inotify_add_watch(in, path, IN_MODIFY | IN_DELETE_SELF) < 0)
			return cg_gone(errno) ? err_text(e, EOPNOTSUPP,
							 "watch for oom: the cgroup %s has no %s",
							 dir, files[i])
					      : err_sys(e, "watch for oom: watch %s of %s",
							files[i], dir);
	}
	return fd_steal(&in);
}

bool cgroup_had_oom(const struct cgroup *cg)
{
	struct cgroup_stats s = { 0 };
	bool yes = cgroup_get_stats(cg, &s, NULL) == 0 && s.oom_kills > 0;

	cgroup_stats_free(&s);
	return yes;
}

int cgroup_oom_fd(const struct cgroup *cg, struct err *e)
{
	const struct cg_dir *d = cg_dir_with(cg, CG_MEMORY);

	if (!d)
		d = cg_dir_v2(cg); /* read back from its text, what is switched on is not known */
	if (!d)
		return err_text(e, EOPNOTSUPP, "watch for oom: the container has no memory cgroup");
	return d->v2 ? oom_v2(d->path, e) : oom_v1(d->path, e);
}
