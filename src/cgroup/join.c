// SPDX-License-Identifier: Apache-2.0
/* join.c - a process comes into a container's cgroup, moved from outside
 *
 * Owns:     the reasons for which a directory takes no process, and the ways around them; cgroup_join().
 * Must not: make directories or write limits.
 * Runs in:  create and exec, on the host's side, while the process waits. The fast way in, without us, is entry.c's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cgroupfs.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/systemd.h"

char *cg_join_path_of(pid_t pid, const char *key)
{
	char file[32];
	autofree char *text = NULL;
	char *rest, *controllers, *path;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (file_read(AT_FDCWD, file, 1 << 20, &text, NULL, NULL) < 0)
		return NULL;
	rest = text;
	while (cgroupfs_next(&rest, &controllers, &path))
		if (str_eq(controllers, key))
			return xstrdup(path);
	return NULL;
}

static uint32_t domain_controllers(void)
{
	return CG_BIT(CG_MEMORY) | CG_BIT(CG_BLKIO) | CG_BIT(CG_HUGETLB) | CG_BIT(CG_RDMA) |
	       CG_BIT(CG_MISC);
}

/* EOPNOTSUPP: the place is inside a threaded subtree or below processes, where a cgroup is "domain
 * invalid" until it is made threaded itself, which domain controllers (memory, io) do not survive.
 */
static int add_threaded(const struct cgroup *cg, const struct cg_dir *d, pid_t pid, struct err *e)
{
	char type[32] = "";

	cg_io_read(d->path, "cgroup.type", type, sizeof(type));
	if (cg_limits_controllers(cg->resources) & domain_controllers())
		return err_text(e, EOPNOTSUPP,
				"the cgroup %s (%s) is in a threaded subtree, where memory and I/O "
				"limits are not possible",
				d->path, type);
	if (cg_io_write(d->path, "cgroup.type", "threaded") < 0 || cg_procs_add(d->path, pid) < 0)
		return err_sys(e, "put process %d into the cgroup %s (%s)", (int)pid, d->path,
			       type);
	return 0;
}

int cg_join_add(const struct cgroup *cg, const struct cg_dir *d, pid_t pid, struct err *e)
{
	if (cg_procs_add(d->path, pid) == 0)
		return 0;
	if (d->v2 && errno == EOPNOTSUPP)
		return add_threaded(cg, d, pid, e);
	if (d->v2 && errno == EBUSY)
		return err_text(e, EBUSY,
				"put process %d into the cgroup %s: it passes controllers on to "
				"cgroups below it, and such a one "
				"can have no processes itself",
				(int)pid, d->path);
	if (cg_gone(errno))
		return err_text(e, errno, "put process %d into the cgroup %s: the cgroup is gone",
				(int)pid, d->path);
	return err_sys(e, "put process %d into the cgroup %s", (int)pid, d->path);
}

/* The container's init (systemd, say) has gone into a cgroup below and passes controllers on, so
 * its own one takes no more processes (EBUSY): then exec goes where init is, if that is still in
 * the container. */
static int join_init(const struct cgroup *cg, const struct cg_dir *d, pid_t pid)
{
	const char *own = d->path + d->mount_len;

	for (int tries = 0; tries < 20; tries++) {
		autofree char *now = cg->init > 0 ? cg_join_path_of(cg->init, "") : NULL;
		autofree char *dir = NULL;

		if (!now || !str_starts(now, own) || now[strlen(own)] != '/') {
			errno = EBUSY;
			return -1;
		}
		dir = xasprintf("%.*s%s", (int)d->mount_len, d->path, now);
		if (cg_procs_add(dir, pid) == 0)
			return 0;
		/* Race: init has moved again, or removed what it left. */
		if (errno != EBUSY && !cg_gone(errno))
			return -1;
	}
	return -1;
}

static int join_dir(const struct cgroup *cg, const struct cg_dir *d, const char *sub, pid_t pid,
		    struct err *e)
{
	autofree char *dir = xasprintf("%s%s", d->path, sub);

	if (cg_procs_add(dir, pid) == 0)
		return 0;
	if (d->v2 && !*sub && errno == EBUSY && join_init(cg, d, pid) == 0)
		return 0;
	if (cg_denied(errno) && cg->manager == CGROUP_SYSTEMD && cg_is_pure_v2(cg))
		return cg_systemd_attach(cg, sub, pid, e);
	if (cg_gone(errno))
		/* Asked for by name: in runc's words. Else not in those of a missing command. */
		return *sub ? err_command(e, ENOENT, "--cgroup: error adding pid %d to %s", (int)pid, dir)
			    : err_text(e, errno, "join the cgroup %s: there is none", dir);
	return err_sys(e, "join the cgroup %s", dir);
}

int cgroup_join(const struct cgroup *cg, const struct cgroup_subs *subs, pid_t pid, struct err *e)
{
	autofree char *places = cg_entry_places(pid);

	if (cg_sub_check(cg, subs, e) < 0)
		return -1;
	for (size_t i = 0; i < cg->n_dirs; i++) {
		autofree char *below = cg_sub_of(&cg->dirs[i], subs, e);

		if (!below || (!cg_entry_is_in(places, &cg->dirs[i], below) &&
			       join_dir(cg, &cg->dirs[i], below, pid, e) < 0))
			return -1;
	}
	return 0;
}
