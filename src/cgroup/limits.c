// SPDX-License-Identifier: Apache-2.0
/* limits.c - apply linux.resources, controller by controller
 *
 * Owns:     which limit needs which controller; the words of a failure. The files are in
 *           limits_v1.c and limits_v2.c.
 * Must not: pass a limit over in silence because the host cannot do it.
 * Runs in:  create (on the empty cgroup), add (systemd), update.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define R "linux.resources."

/* --- writing ------------------------------------------------------------------------------ */

int cg_limit_failed(const struct cg_limit *l, const char *what, const char *file, const char *value)
{
	int code = errno;
	uint64_t usage;

	/* "No such file" in an error is read by podman as "the command does not exist". */
	if (code == ENOENT)
		return err_text(l->e, EOPNOTSUPP, "%s: this kernel has no %s (cgroup %s)", what,
				file, l->dir->path);
	if (code == EBUSY && strstr(file, "memory.") &&
	    cg_io_u64(l->dir->path, "memory.usage_in_bytes", &usage) == 0)
		return err_text(l->e, code,
				"%s: write %s to %s: %s (the container uses %llu bytes)", what,
				value, file, err_words(code), (unsigned long long)usage);
	if (code == EINVAL && str_eq(file, "memory.limit_in_bytes"))
		return err_text(
			l->e, code,
			"%s: write %s to %s: %s (more than the limit of memory and swap together?)",
			what, value, file, err_words(code));
	return err_set(l->e, code, "%s: write %s to %s", what, value, file);
}

int cg_limit_put(const struct cg_limit *l, const char *what, const char *file, const char *value)
{
	if (cg_io_write(l->dir->path, file, value) < 0)
		return cg_limit_failed(l, what, file, value);
	return 0;
}

int cg_limit_put_u64(const struct cg_limit *l, const char *what, const char *file, uint64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)value);
	return cg_limit_put(l, what, file, buf);
}

int cg_limit_put_i64(const struct cg_limit *l, const char *what, const char *file, int64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%lld", (long long)value);
	return cg_limit_put(l, what, file, buf);
}

int cg_limit_settle(const struct cg_limit *l, struct cg_setting *v, size_t n)
{
	bool done[8] = { false };
	size_t left = n, before;

	do {
		before = left;
		for (size_t i = 0; i < n; i++) {
			if (done[i])
				continue;
			if (cg_io_write(l->dir->path, v[i].file, v[i].value) < 0) {
				if (errno == EINVAL && left > 1)
					continue;
				if (!(errno == ENOENT && v[i].optional))
					return cg_limit_failed(l, v[i].what, v[i].file, v[i].value);
			}
			done[i] = true;
			left--;
		}
	} while (left && left < before);
	for (size_t i = 0; left && i < n; i++)
		if (!done[i])
			return cg_limit_put(l, v[i].what, v[i].file, v[i].value);
	return 0;
}

/* --- what is asked ------------------------------------------------------------------------ */

/* Zeros mean "not set" here, as runc takes them: Docker fills the whole structure. */
static bool nonzero(const struct oci_opt_i64 *v)
{
	return v->set && v->v != 0;
}

static bool nonzero_u(const struct oci_opt_u64 *v)
{
	return v->set && v->v != 0;
}

static const char *asked_memory(const struct oci_resources *r)
{
	const struct oci_memory *m = &r->memory;

	return nonzero(&m->limit)				      ? R "memory.limit"
	       : m->swap.set					      ? R "memory.swap"
	       : nonzero(&m->reservation)			      ? R "memory.reservation"
	       : nonzero(&m->kernel)				      ? R "memory.kernel"
	       : nonzero(&m->kernel_tcp)			      ? R "memory.kernelTCP"
	       : m->swappiness.set				      ? R "memory.swappiness"
	       : m->disable_oom_killer.set && m->disable_oom_killer.v ? R "memory.disableOOMKiller"
	       : m->use_hierarchy.set				      ? R "memory.useHierarchy"
								      : NULL;
}

static const char *asked_cpu(const struct oci_resources *r)
{
	const struct oci_cpu *c = &r->cpu;

	return nonzero_u(&c->shares)		? R "cpu.shares"
	       : nonzero(&c->quota)		? R "cpu.quota"
	       : nonzero_u(&c->period)		? R "cpu.period"
	       : nonzero_u(&c->burst)		? R "cpu.burst"
	       : nonzero(&c->realtime_runtime)	? R "cpu.realtimeRuntime"
	       : nonzero_u(&c->realtime_period) ? R "cpu.realtimePeriod"
	       : c->idle.set			? R "cpu.idle"
						: NULL;
}

static const char *asked_cpuset(const struct oci_resources *r)
{
	return r->cpu.cpus && *r->cpu.cpus   ? R "cpu.cpus"
	       : r->cpu.mems && *r->cpu.mems ? R "cpu.mems"
					     : NULL;
}

static const char *asked_pids(const struct oci_resources *r)
{
	return r->pids_limit.set ? R "pids.limit" : NULL;
}

static const char *asked_blkio(const struct oci_resources *r)
{
	const struct oci_block_io *b = &r->block_io;

	return b->weight.set && b->weight.v		? R "blockIO.weight"
	       : b->leaf_weight.set && b->leaf_weight.v ? R "blockIO.leafWeight"
	       : b->n_weight_device			? R "blockIO.weightDevice"
	       : b->throttle_read_bps_device.n		? R "blockIO.throttleReadBpsDevice"
	       : b->throttle_write_bps_device.n		? R "blockIO.throttleWriteBpsDevice"
	       : b->throttle_read_iops_device.n		? R "blockIO.throttleReadIOPSDevice"
	       : b->throttle_write_iops_device.n	? R "blockIO.throttleWriteIOPSDevice"
							: NULL;
}

static const char *asked_hugetlb(const struct oci_resources *r)
{
	return r->n_hugepage_limits ? R "hugepageLimits" : NULL;
}

static const char *asked_rdma(const struct oci_resources *r)
{
	return r->n_rdma ? R "rdma" : NULL;
}

static const char *asked_net_cls(const struct oci_resources *r)
{
	return r->network.class_id.set && r->network.class_id.v ? R "network.classID" : NULL;
}

static const char *asked_net_prio(const struct oci_resources *r)
{
	return r->network.n_priorities ? R "network.priorities" : NULL;
}

void cg_limits_complete_cpu(const struct cgroup *cg, struct oci_cpu *c)
{
	const struct cg_dir *d = cg_dir_with(cg, CG_CPU);
	bool quota = nonzero(&c->quota), period = nonzero_u(&c->period);
	char line[64] = "";
	int64_t q = -1;
	uint64_t p = 0;

	/* What is switched on in a v2 cgroup is not known of one that was read back: its files tell. */
	if (!d)
		d = cg_dir_v2(cg);
	if (!d || quota == period)
		return;
	if (d->v2) {
		/* "max 100000" has no number in front: then only the period is known. */
		cg_io_read(d->path, "cpu.max", line, sizeof(line));
		if (sscanf(line, "%" SCNd64 " %" SCNu64, &q, &p) < 1)
			sscanf(line, "max %" SCNu64, &p);
	} else {
		cg_io_read(d->path, "cpu.cfs_quota_us", line, sizeof(line));
		sscanf(line, "%" SCNd64, &q);
		cg_io_u64(d->path, "cpu.cfs_period_us", &p);
	}
	if (quota && p)
		c->period = (struct oci_opt_u64){ .set = true, .v = p };
	if (period && q > 0)
		c->quota = (struct oci_opt_i64){ .set = true, .v = q };
}

/* --- controllers whose files are alike on v1 and v2 --------------------------------------- */

static int apply_cpuset(const struct cg_limit *l)
{
	const struct oci_cpu *c = &l->res->cpu;
	const char *const v[2][4] = {
		{ c->cpus, R "cpu.cpus", "cpuset.cpus", "cpus" },
		{ c->mems, R "cpu.mems", "cpuset.mems", "mems" },
	};

	for (int i = 0; i < 2; i++) {
		const char *value = v[i][0];

		if (!value || !*value)
			continue;
		if (cg_io_write(l->dir->path, v[i][2], value) == 0)
			continue;
		/* "noprefix" mounts of v1 */
		if (errno == ENOENT && !l->dir->v2 &&
		    cg_io_write(l->dir->path, v[i][3], value) == 0)
			continue;
		return cg_limit_failed(l, v[i][1], v[i][2], value);
	}
	return 0;
}

static int apply_pids(const struct cg_limit *l)
{
	int64_t limit = l->res->pids_limit.v;

	if (limit < 0)
		return cg_limit_put(l, R "pids.limit", "pids.max", "max");
	/* 0 is a limit (the specification insists): nothing may be forked. Written as 1, which
	 * means the same to a container that has its init, because with 0 init itself could not be
	 * cloned into the cgroup, and systemd takes no 0. */
	return cg_limit_put_i64(l, R "pids.limit", "pids.max", limit ? limit : 1);
}

static int check_page_size(const struct cg_limit *l, size_t i, const char *size)
{
	if (size && *size && strspn(size, "0123456789KMGTPB") == strlen(size))
		return 0;
	return err_text(l->e, EINVAL,
			R "hugepageLimits[%zu].pageSize: \"%s\" is not like 64KB, 2MB or 1GB", i,
			size ? size : "");
}

static int apply_hugetlb(const struct cg_limit *l)
{
	const char *suffix = l->dir->v2 ? "max" : "limit_in_bytes";

	for (size_t i = 0; i < l->res->n_hugepage_limits; i++) {
		const struct oci_hugepage_limit *h = &l->res->hugepage_limits[i];
		char what[64], file[96], value[24];

		if (check_page_size(l, i, h->page_size) < 0)
			return -1;
		snprintf(what, sizeof(what), R "hugepageLimits[%zu]", i);
		snprintf(value, sizeof(value), "%llu", (unsigned long long)h->limit);
		snprintf(file, sizeof(file), "hugetlb.%.32s.%s", h->page_size, suffix);
		if (cg_limit_put(l, what, file, value) < 0)
			return -1;
		/* Reservations: Linux 5.7. Without them the limit above acts at the page fault. */
		snprintf(file, sizeof(file), "hugetlb.%.32s.rsvd.%s", h->page_size, suffix);
		if (cg_io_write(l->dir->path, file, value) < 0 && errno != ENOENT)
			return cg_limit_failed(l, what, file, value);
	}
	return 0;
}

static int apply_rdma(const struct cg_limit *l)
{
	for (size_t i = 0; i < l->res->n_rdma; i++) {
		const struct oci_rdma *d = &l->res->rdma[i];
		autofree char *what = xasprintf(R "rdma[\"%s\"]", d->device);
		char handles[40] = "", objects[40] = "";
		autofree char *line = NULL;

		if (strpbrk(d->device, " \t\n"))
			return err_text(l->e, EINVAL, "%s: no device has such a name", what);
		if (d->hca_handles.set)
			snprintf(handles, sizeof(handles), " hca_handle=%u", d->hca_handles.v);
		if (d->hca_objects.set)
			snprintf(objects, sizeof(objects), " hca_object=%u", d->hca_objects.v);
		if (!*handles && !*objects)
			continue;
		line = xasprintf("%s%s%s", d->device, handles, objects);
		if (cg_limit_put(l, what, "rdma.max", line) < 0)
			return -1;
	}
	return 0;
}

/* --- all of them -------------------------------------------------------------------------- */

static const struct kind {
	enum cg_controller controller;
	const char *(*asked)(const struct oci_resources *r);
	int (*v1)(const struct cg_limit *l);
	int (*v2)(const struct cg_limit *l); /* NULL: v2 has nothing of the kind */
} kinds[] = {
	{ CG_MEMORY, asked_memory, cg_v1_memory, cg_v2_memory },
	{ CG_CPU, asked_cpu, cg_v1_cpu, cg_v2_cpu },
	{ CG_CPUSET, asked_cpuset, apply_cpuset, apply_cpuset },
	{ CG_PIDS, asked_pids, apply_pids, apply_pids },
	{ CG_BLKIO, asked_blkio, cg_v1_blkio, cg_v2_io },
	{ CG_HUGETLB, asked_hugetlb, apply_hugetlb, apply_hugetlb },
	{ CG_RDMA, asked_rdma, apply_rdma, apply_rdma },
	{ CG_NET_CLS, asked_net_cls, cg_v1_net_cls, NULL },
	{ CG_NET_PRIO, asked_net_prio, cg_v1_net_prio, NULL },
};

uint32_t cg_limits_controllers(const struct oci_resources *res)
{
	uint32_t set = 0;

	for (size_t i = 0; res && i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].asked(res))
			set |= CG_BIT(kinds[i].controller);
	for (size_t i = 0; res && i < res->unified.n; i++) {
		autofree char *key = xstrdup(res->unified.v[i].key);

		key[strcspn(key, ".")] = 0;
		set |= cg_controllers_parse(key, " ", true);
	}
	return set;
}

static int no_controller(const struct cgroup *cg, const struct kind *k, const char *what,
			 struct err *e)
{
	const char *name = cg_controller_name(k->controller, cg_is_pure_v2(cg));
	const struct cg_dir *v2 = cg_dir_v2(cg);

	if (cg->manager == CGROUP_DISABLED)
		return err_text(
			e, EOPNOTSUPP,
			"%s: no limit can be set without a cgroup (the cgroup manager is disabled)",
			what);
	if (cg->why.msg[0])
		return err_text(e, EOPNOTSUPP, "%s: the %s controller is not available: %s", what,
				name, cg->why.msg);
	if (cg_is_pure_v2(cg) && !k->v2)
		return err_text(e, EOPNOTSUPP, "%s: cgroup v2 has no %s controller", what, name);
	if (v2 && cg->n_dirs == 1)
		return err_text(e, EOPNOTSUPP,
				"%s: the %s controller is not available in the cgroup %s (the "
				"kernel lacks it, or it was not "
				"delegated)",
				what, name, v2->path);
	return err_text(e, EOPNOTSUPP, "%s: no cgroup with the %s controller (is it mounted?)",
			what, name);
}

static int apply_kind(const struct cgroup *cg, const struct kind *k, struct cg_limit *l)
{
	const char *what = k->asked(l->res);

	if (!what)
		return 0;
	l->dir = cg_dir_with(cg, k->controller);
	if (!l->dir)
		return no_controller(cg, k, what, l->e);
	return l->dir->v2 ? k->v2(l) : k->v1(l);
}

static int apply_unified(const struct cgroup *cg, struct cg_limit *l)
{
	if (!l->res->unified.n)
		return 0;
	l->dir = cg_dir_v2(cg);
	if (!l->dir)
		return err_text(l->e, EOPNOTSUPP, R "unified: invalid configuration: the container has no cgroup v2 here");
	return cg_v2_unified(l);
}

/* After cgroup_read() the switched-on controllers are not known yet, and they may have changed
 * since. */
static void look_again(struct cgroup *cg)
{
	char list[512];

	for (size_t i = 0; i < cg->n_dirs; i++) {
		struct cg_dir *d = &cg->dirs[i];

		if (d->v2 && cg_io_read(d->path, "cgroup.controllers", list, sizeof(list)) >= 0)
			d->controllers = cg_controllers_parse(list, " ", true);
	}
}

int cg_limits_apply(struct cgroup *cg, const struct oci_resources *res, bool update, struct err *e)
{
	struct cg_limit l = { .cg = cg, .res = res, .update = update, .e = e };

	if (!res)
		return 0;
	if (update)
		look_again(cg);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (apply_kind(cg, &kinds[i], &l) < 0)
			return -1;
	/* Last: what is said in v2's own words wins over what was translated. */
	return apply_unified(cg, &l);
}
