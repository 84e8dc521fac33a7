// SPDX-License-Identifier: Apache-2.0
/* cgroup.c - a container's cgroup from create to delete
 *
 * Owns:     the order of steps and what the managers (cgroupfs, systemd, disabled) differ in.
 * Must not: know files of controllers (limits*.c), nor D-Bus (systemd.c), nor why a directory takes
 *           no process (join.c).
 * Runs in:  create and the later commands, on the host's side.
 *
 * The managers differ in who makes the directory. cgroupfs: cgroup_make() makes it, in every
 * hierarchy, and sets the limits while it is empty; cgroup_add() only moves the process. systemd:
 * a scope cannot be without a process, so all of it happens in cgroup_add(): the unit is started
 * with the limits that systemd knows, then the directories are looked up (and those made that
 * systemd does not manage), then all limits are written as with cgroupfs.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/internal.h"
#include "cgroup/layout.h"
#include "cgroup/place.h"
#include "cgroup/systemd.h"
#include "oci/names.h"

void cgroup_free(struct cgroup *cg)
{
	if (!cg)
		return;
	cg_holder_end(cg);
	for (size_t i = 0; i < cg->n_dirs; i++)
		cg_dir_free(&cg->dirs[i]);
	free(cg->dirs);
	while (cg->n_parents > 0)
		free(cg->parents[--cg->n_parents]);
	free(cg->parents);
	free(cg->unit);
	free(cg->slice);
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

/* The directory at @place of hierarchy @h, one more of the container's. */
static struct cg_dir *append_place(struct cgroup *cg, const struct cg_hier *h, const char *place)
{
	size_t mount_len = str_eq(h->mount, "/") ? 0 : strlen(h->mount);

	return cg_dir_append(cg, h->v2, h->key, h->controllers,
			     xasprintf("%.*s%s", (int)mount_len, h->mount, place), mount_len);
}

static int plan_dirs(struct cgroup *cg, const struct cg_layout *l, const char *path, const char *id,
		     struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cg_hier *h = &l->v[i];
		autofree char *place = cg_place_dir(h, path, id, e);

		if (!place)
			return -1;
		append_place(cg, h, place);
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
		cg_dir_drop(cg, i);
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
	if (v2 && cg->owner)
		return cg_tree_chown(v2, cg->owner, e);
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
	if (cg->n_dirs == 0)
		return cg_limits_apply(cg, cg->resources, false, e);
	if (make_dirs(cg, e) < 0)
		return -1;
	enable_controllers(cg);
	return set_up(cg, e);
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
	cg->owner = req->owner;
	/* Others may not move a process into the scope by themselves. */
	cg->early = req->early && !req->rootless;
	if (cg->manager == CGROUP_SYSTEMD)
		r = cg_place_unit(req->path, req->id, cg->rootless, &cg->unit, &cg->slice, e);
	else if (cg->manager == CGROUP_CGROUPFS)
		r = plan_fs(cg, req, e);
	if (r == 0)
		return cg;
	cgroup_free(cg);
	return NULL;
}

static int add_systemd(struct cgroup *cg, pid_t pid, struct err *e);

static int make_early(struct cgroup *cg, struct err *e)
{
	struct err ignored;

	if (cg_holder_start(cg, e) < 0)
		return -1;
	if (add_systemd(cg, cg->holder, e) == 0)
		return 0;
	cg_holder_end(cg);
	/* None: the unit was not started (or ends with its only process), and one of this name is somebody else's. */
	if (cg->n_dirs > 0)
		cgroup_destroy(cg, &ignored);
	return -1;
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
	else if (cg->early)
		r = make_early(cg, e);
	if (r < 0)
		cg_tree_undo(cg);
	return r;
}

void cgroup_unplan(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n_dirs; i++)
		rmdir(cg->dirs[i].path);
}

/* --- add ---------------------------------------------------------------------------------- */

static int add_to_all(struct cgroup *cg, pid_t pid, struct err *e)
{
	autofree char *places = cg_entry_places(pid);
	struct err mine;

	for (size_t i = 0; i < cg->n_dirs;) {
		/* It may have come in by itself (entry.c). */
		if (cg_entry_is_in(places, &cg->dirs[i], "") ||
		    cg_join_add(cg, &cg->dirs[i], pid, &mine) == 0) {
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
		cg_dir_drop(cg, i);
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
		*place = cg_join_path_of(pid, l->v[i].key);
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

/* crun's annotation: on v2 the container goes into a cgroup below the scope, so that the scope itself may pass controllers on. */
static int add_subgroup(const struct cgroup *cg, const struct cg_layout *l, char **place, struct err *e)
{
	const char *name = oci_map_get(cg->annotations, "run.oci.systemd.subgroup");
	autofree char *clean = NULL;
	char *whole;

	if (!name || !cg_layout_pure_v2(l))
		return 0;
	clean = cg_place_clean(name, NULL);
	if (!clean)
		return err_text(e, EINVAL, "annotation run.oci.systemd.subgroup: \"%.64s\" is no place below the scope", name);
	if (!*clean)
		return 0;
	whole = xasprintf("%s%s%s", *place, *clean == '/' ? "" : "/", clean);
	free(*place);
	*place = whole;
	return 0;
}

static int add_systemd_dirs(struct cgroup *cg, const struct cg_layout *l, const char *place,
			    pid_t pid, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct cg_hier *h = &l->v[i];
		autofree char *now = cg_join_path_of(pid, h->key);
		struct cg_dir *d = append_place(cg, h, place);

		if (now && str_eq(now, place)) {
			/* systemd makes cpuset cgroups, too, where it was told of cpus: but fills
			 * them only then. */
			if (!d->v2 && (d->controllers & CG_BIT(CG_CPUSET)) &&
			    cg_tree_cpuset_init(d, cg->resources ? &cg->resources->cpu : NULL, e) <
				    0)
				return -1;
			continue;
		}
		/* v1: hierarchies that systemd does not manage. v2: a cgroup below the scope. */
		if (make_dir(cg, d, e) < 0 || cg_join_add(cg, d, pid, e) < 0)
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
		if (cg_systemd_absent(e))
			return -1;
		return err_text(e, EOPNOTSUPP,
				"the systemd cgroup manager needs cgroup v2 where one is not root");
	}
	r = cg_systemd_start(cg, pid, e);
	if (r == 0)
		r = find_systemd_place(cg, &layout, pid, &place, e);
	if (r == 0)
		r = add_subgroup(cg, &layout, &place, e);
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
	int r;

	cg->init = pid;
	if (cg->manager == CGROUP_SYSTEMD && cg->holder == 0)
		return add_systemd(cg, pid, e);
	r = add_to_all(cg, pid, e);
	cg_holder_end(cg);
	return r;
}

/* --- update, destroy, the rest ------------------------------------------------------------ */

int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	struct oci_resources whole;

	if (cg->manager == CGROUP_SYSTEMD && res) {
		whole = *res;
		cg_limits_complete_cpu(cg, &whole.cpu);
		if (cg_systemd_update(cg, &whole, e) < 0)
			return -1;
	}
	if (cg_limits_apply(cg, res, true, e) < 0)
		return -1;
	return cg_device_apply(cg, res, true, e);
}

int cgroup_destroy(struct cgroup *cg, struct err *e)
{
	struct err later;
	int r = 0;

	cg_holder_end(cg);
	/* Without a directory there was no unit of ours: one of this name is somebody else's. */
	if (cg->manager == CGROUP_SYSTEMD && cg->unit && cg->n_dirs > 0) {
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

bool cgroup_open_cpu_quota(const struct cgroup *cg, int *quota, int *period)
{
	const struct cg_dir *d = cg ? cg_dir_with(cg, CG_CPU) : NULL;

	*quota = *period = -1;
	if (!d)
		return false;
	*quota = cg_io_open(d->path, d->v2 ? "cpu.max" : "cpu.cfs_quota_us", O_RDONLY);
	if (!d->v2 && *quota >= 0)
		*period = cg_io_open(d->path, "cpu.cfs_period_us", O_RDONLY);
	return *quota >= 0;
}
