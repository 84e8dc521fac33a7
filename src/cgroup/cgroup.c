// SPDX-License-Identifier: Apache-2.0
/* cgroup.c - a container's cgroup from create to delete
 *
 * Owns:     the order of steps, the managers (cgroupfs here, systemd in systemd.c, disabled), and
 *           struct cgroup.
 * Must not: know files of controllers (limits*.c), nor D-Bus.
 * Runs in:  create and the later commands, on the host's side.
 *
 * The managers differ in who makes the directory. cgroupfs: cgroup_create() makes it, in every
 * hierarchy, and sets the limits while it is empty; cgroup_add() only moves the process. systemd:
 * a scope cannot be without a process, so all of it happens in cgroup_add(): the unit is started
 * with the limits that systemd knows, then the directories are looked up (and those made that
 * systemd does not manage), then all limits are written as with cgroupfs.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/layout.h"
#include "cgroup/place.h"
#include "cgroup/systemd.h"

/* --- the struct --------------------------------------------------------------------------- */

struct cg_dir *cg_dir_append(struct cgroup *cg, bool v2, const char *key, uint32_t controllers,
			     char *path, size_t mount_len)
{
	struct cg_dir *d;

	cg->dirs = xrealloc(cg->dirs, cg->n_dirs + 1, sizeof(*cg->dirs));
	d = &cg->dirs[cg->n_dirs++];
	*d = (struct cg_dir){ .v2 = v2,
			      .controllers = controllers,
			      .key = xstrdup(key),
			      .path = path,
			      .mount_len = mount_len };
	return d;
}

static void dir_free(struct cg_dir *d)
{
	free(d->key);
	free(d->path);
}

static void drop_dir(struct cgroup *cg, size_t i)
{
	dir_free(&cg->dirs[i]);
	memmove(&cg->dirs[i], &cg->dirs[i + 1], (--cg->n_dirs - i) * sizeof(*cg->dirs));
}

const struct cg_dir *cg_dir_with(const struct cgroup *cg, enum cg_controller c)
{
	const struct cg_dir *v2 = NULL;

	for (size_t i = 0; i < cg->n_dirs; i++) {
		if (!(cg->dirs[i].controllers & CG_BIT(c)))
			continue;
		if (!cg->dirs[i].v2)
			return &cg->dirs[i];
		v2 = &cg->dirs[i];
	}
	return v2;
}

const struct cg_dir *cg_dir_v2(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		if (cg->dirs[i].v2)
			return &cg->dirs[i];
	return NULL;
}

bool cg_is_pure_v2(const struct cgroup *cg)
{
	return cg->n_dirs == 1 && cg->dirs[0].v2;
}

const struct cg_dir *cg_dir_members(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_v2(cg);

	/* systemd's own and the pids hierarchy are those that nobody leaves out. */
	if (!d)
		d = cg_dir_with(cg, CG_PIDS);
	if (!d)
		d = cg_dir_with(cg, CG_MEMORY);
	return d || !cg->n_dirs ? d : &cg->dirs[0];
}

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	for (size_t i = 0; i < cg->n_dirs; i++)
		dir_free(&cg->dirs[i]);
	free(cg->dirs);
	while (cg->n_parents > 0)
		free(cg->parents[--cg->n_parents]);
	free(cg->parents);
	free(cg->unit);
	free(cg->slice);
	fd_close(&cg->clone_fd);
	free(cg);
}

/* --- create ------------------------------------------------------------------------------- */

static int make_dir(struct cgroup *cg, struct cg_dir *d, struct err *e)
{
	const struct oci_cpu *cpu = cg->resources ? &cg->resources->cpu : NULL;

	if (cg_tree_make(cg, d, e) < 0)
		return -1;
	/* A new v1 cpuset is empty, and nothing can run on no processor. */
	if (!d->v2 && (d->controllers & CG_BIT(CG_CPUSET)))
		return cg_tree_cpuset_init(d, cpu, e);
	return 0;
}

/* One directory that a rootless user may not make (or enter) is done without, unless it was asked
 * for by name. */
static bool may_do_without(struct cgroup *cg, const struct err *e)
{
	if (!cg->rootless || cg->explicit_path || !cg_denied(e->code))
		return false;
	if (!cg->why.msg[0])
		cg->why = *e;
	return true;
}

static int plan_dirs(struct cgroup *cg, const struct cg_layout *l, const char *path, const char *id,
		     struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cg_hier *h = &l->v[i];
		autofree char *place = cg_place_dir(h, path, id, e);
		size_t mount_len = str_eq(h->mount, "/") ? 0 : strlen(h->mount);

		if (!place)
			return -1;
		cg_dir_append(cg, h->v2, h->key, h->controllers,
			      xasprintf("%.*s%s", (int)mount_len, h->mount, place), mount_len);
	}
	return 0;
}

static int make_dirs(struct cgroup *cg, struct err *e)
{
	for (size_t i = 0; i < cg->n_dirs;) {
		if (make_dir(cg, &cg->dirs[i], e) == 0) {
			i++;
			continue;
		}
		if (!may_do_without(cg, e))
			return -1;
		drop_dir(cg, i);
	}
	return 0;
}

/* Hybrid hosts leave v2 without controllers mostly: nothing is switched on that no limit needs. */
static void enable_controllers(struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++) {
		uint32_t needed = cg_limits_controllers(cg->resources);

		if (!cg->dirs[i].v2)
			continue;
		for (size_t j = 0; j < cg->n_dirs; j++)
			needed &= ~cg->dirs[j].controllers;
		if (cg_is_pure_v2(cg) || needed)
			cg_tree_enable(cg, &cg->dirs[i]);
	}
}

static int set_up(struct cgroup *cg, struct err *e)
{
	const struct cg_dir *v2 = cg_dir_v2(cg);

	if (cg_limits_apply(cg, cg->resources, false, e) < 0 ||
	    cg_device_apply(cg, cg->resources, false, e) < 0)
		return -1;
	if (v2 && (cg->owner_uid || cg->owner_gid))
		return cg_tree_chown(v2, cg->owner_uid, cg->owner_gid, e);
	return 0;
}

static int plan_fs(struct cgroup *cg, const struct cgroup_request *req, struct err *e)
{
	struct cg_layout layout;
	int r;

	if (cg_layout_load(&layout, e) < 0) {
		/* No cgroup filesystem at all: as if it could not be made. */
		if (!cg->rootless || cg->explicit_path)
			return -1;
		cg->why = *e;
		return 0;
	}
	r = plan_dirs(cg, &layout, req->path, req->id, e);
	cg_layout_free(&layout);
	return r;
}

static int make_fs(struct cgroup *cg, struct err *e)
{
	const struct cg_dir *v2;

	if (cg->n_dirs == 0)
		return cg_limits_apply(cg, cg->resources, false, e);
	if (make_dirs(cg, e) < 0)
		return -1;
	enable_controllers(cg);
	if (set_up(cg, e) < 0)
		return -1;
	v2 = cg_dir_v2(cg);
	if (v2)
		cg->clone_fd = open(v2->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return 0;
}

struct cgroup *cgroup_plan(const struct cgroup_request *req, struct err *e)
{
	struct cgroup *cg = xcalloc(1, sizeof(*cg));
	struct err ignored;
	int r = 0;

	if (!e)
		e = &ignored;
	cg->manager = req->manager;
	cg->rootless = req->rootless;
	cg->explicit_path = req->path && *req->path;
	cg->resources = req->resources;
	cg->annotations = req->annotations;
	cg->owner_uid = req->owner_uid;
	cg->owner_gid = req->owner_gid;
	cg->clone_fd = -1;
	if (cg->manager == CGROUP_SYSTEMD)
		r = cg_place_unit(req->path, req->id, cg->rootless, &cg->unit, &cg->slice, e);
	else if (cg->manager == CGROUP_CGROUPFS)
		r = plan_fs(cg, req, e);
	if (r == 0)
		return cg;
	cgroup_free(cg);
	return NULL;
}

int cgroup_make(struct cgroup *cg, struct err *e)
{
	struct err ignored;
	int r = 0;

	if (!e)
		e = &ignored;
	if (cg->manager == CGROUP_DISABLED)
		r = cg_limits_apply(cg, cg->resources, false, e); /* any limit is an error */
	else if (cg->manager == CGROUP_CGROUPFS)
		r = make_fs(cg, e);
	if (r < 0)
		cg_tree_undo(cg);
	return r;
}

void cgroup_unplan(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		rmdir(cg->dirs[i].path);
}

struct cgroup *cgroup_create(const struct cgroup_request *req, struct err *e)
{
	struct cgroup *cg = cgroup_plan(req, e);

	if (cg && cgroup_make(cg, e) < 0) {
		cgroup_free(cg);
		return NULL;
	}
	return cg;
}

int cgroup_clone_fd(const struct cgroup *cg)
{
	return cg->clone_fd;
}

/* --- add ---------------------------------------------------------------------------------- */

/* The path behind "<id>:<key>:" in /proc/<pid>/cgroup. Heap; NULL if there is no such line. */
static char *path_of(pid_t pid, const char *key)
{
	char file[32];
	autofree char *text = NULL;
	char *save = NULL;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (file_read(AT_FDCWD, file, 1 << 20, &text, NULL, NULL) < 0)
		return NULL;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *k = strchr(line, ':');
		size_t len = strlen(key);

		if (k && strncmp(k + 1, key, len) == 0 && k[1 + len] == ':')
			return xstrdup(k + len + 2);
	}
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

static int add_to(const struct cgroup *cg, const struct cg_dir *d, pid_t pid, struct err *e)
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

static int add_to_all(struct cgroup *cg, pid_t pid, struct err *e)
{
	autofree char *places = cg_entry_places(pid);
	struct err mine;

	for (size_t i = 0; i < cg->n_dirs;) {
		/* It may have come in by itself (entry.c). */
		if (cg_entry_is_in(places, &cg->dirs[i], "") ||
		    add_to(cg, &cg->dirs[i], pid, &mine) == 0) {
			i++;
			continue;
		}
		if (!may_do_without(cg, &mine)) {
			if (e)
				*e = mine;
			return -1;
		}
		if (cg->dirs[i].made)
			rmdir(cg->dirs[i].path);
		drop_dir(cg, i);
	}
	return 0;
}

/* Where systemd put the process. */
static int find_systemd_place(const struct cgroup *cg, const struct cg_layout *l, pid_t pid,
			      char **place, struct err *e)
{
	const char *tail;

	for (size_t i = 0; i < l->n; i++) {
		if (!l->v[i].v2 && !str_eq(l->v[i].key, "name=systemd"))
			continue;
		*place = path_of(pid, l->v[i].key);
		tail = *place ? strrchr(*place, '/') : NULL;
		if (tail && str_eq(tail + 1, cg->unit))
			return 0;
		free(*place);
		*place = NULL;
	}
	return err_text(e, ESRCH,
			"process %d is not in %s, which systemd started with it (has it died?)",
			(int)pid, cg->unit);
}

static int add_systemd_dirs(struct cgroup *cg, const struct cg_layout *l, const char *place,
			    pid_t pid, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cg_hier *h = &l->v[i];
		autofree char *now = path_of(pid, h->key);
		size_t mount_len = str_eq(h->mount, "/") ? 0 : strlen(h->mount);
		struct cg_dir *d = cg_dir_append(
			cg, h->v2, h->key, h->controllers,
			xasprintf("%.*s%s", (int)mount_len, h->mount, place), mount_len);

		if (now && str_eq(now, place)) {
			/* systemd makes cpuset cgroups, too, where it was told of cpus: but fills
			 * them only then. */
			if (!d->v2 && (d->controllers & CG_BIT(CG_CPUSET)) &&
			    cg_tree_cpuset_init(d, cg->resources ? &cg->resources->cpu : NULL, e) <
				    0)
				return -1;
			continue;
		}
		/* v1: hierarchies that systemd does not manage. */
		if (make_dir(cg, d, e) < 0 || add_to(cg, d, pid, e) < 0)
			return -1;
	}
	return 0;
}

static int add_systemd(struct cgroup *cg, pid_t pid, struct err *e)
{
	struct cg_layout layout;
	autofree char *place = NULL;
	int r;

	if (cg_layout_load(&layout, e) < 0)
		return -1;
	if (cg->rootless && !cg_layout_pure_v2(&layout)) {
		cg_layout_free(&layout);
		return err_text(e, EOPNOTSUPP,
				"the systemd cgroup manager needs cgroup v2 where one is not root");
	}
	r = cg_systemd_start(cg, pid, e);
	if (r == 0)
		r = find_systemd_place(cg, &layout, pid, &place, e);
	if (r == 0)
		r = add_systemd_dirs(cg, &layout, place, pid, e);
	cg_layout_free(&layout);
	if (r < 0)
		return -1;
	/* The scope's own controllers come from systemd: Delegate=yes switches on all it has. */
	enable_controllers(cg);
	return set_up(cg, e);
}

int cgroup_add(struct cgroup *cg, pid_t pid, struct err *e)
{
	cg->init = pid;
	if (cg->manager == CGROUP_SYSTEMD)
		return add_systemd(cg, pid, e);
	return add_to_all(cg, pid, e);
}

/* --- join --------------------------------------------------------------------------------- */

/* The container's init (systemd, say) has gone into a cgroup below and passes controllers on, so
 * its own one takes no more processes (EBUSY): then exec goes where init is, if that is still in
 * the container. */
static int join_init(const struct cgroup *cg, const struct cg_dir *d, pid_t pid)
{
	const char *own = d->path + d->mount_len;

	for (int tries = 0; tries < 20; tries++) {
		autofree char *now = cg->init > 0 ? path_of(cg->init, "") : NULL;
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
		return *sub ? err_set(e, ENOENT, "--cgroup: error adding pid %d to %s", (int)pid, dir)
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

/* --- update, destroy, the rest ------------------------------------------------------------ */

int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	if (cg->manager == CGROUP_SYSTEMD && cg_systemd_update(cg, res, e) < 0)
		return -1;
	if (cg_limits_apply(cg, res, true, e) < 0)
		return -1;
	return cg_device_apply(cg, res, true, e);
}

int cgroup_destroy(struct cgroup *cg, struct err *e)
{
	struct err later;
	int r = 0;

	if (cg->manager == CGROUP_SYSTEMD && cg->unit) {
		/* systemd sends SIGTERM to what is left and may take 90 s over it: not while there
		 * is somebody. */
		cg_tree_wait_empty(cg, 2000);
		r = cg_systemd_stop(cg, &later);
	}
	/* Also when systemd failed: what it does not manage was made by us. */
	if (cg_tree_remove(cg, e) < 0)
		return -1;
	if (r < 0 && e)
		*e = later;
	return r;
}

int cgroup_open_v2(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_v2(cg);

	return d ? open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

bool cgroup_where(const struct cgroup *cg, size_t i, struct cgroup_where *out)
{
	if (i >= cg->n_dirs)
		return false;
	*out = (struct cgroup_where){ cg->dirs[i].key, cg->dirs[i].path,
				      cg->dirs[i].path + cg->dirs[i].mount_len };
	return true;
}
