// SPDX-License-Identifier: Apache-2.0
/* limits_v1.c - linux.resources as cgroup v1 files
 *
 * Owns:     names, order and units of v1's memory, cpu, blkio, net_cls and net_prio files.
 * Must not: run without l->dir being the hierarchy's directory.
 * Runs in:  as limits.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "cgroup/internal.h"

#define R "linux.resources."

static void setting_i64(struct cg_setting *v, size_t *n, const char *what, const char *file,
			int64_t value)
{
	v[*n] = (struct cg_setting){ .what = what, .file = file };
	snprintf(v[*n].value, sizeof(v[*n].value), "%lld", (long long)value);
	(*n)++;
}

static void setting_u64(struct cg_setting *v, size_t *n, const char *what, const char *file,
			uint64_t value)
{
	v[*n] = (struct cg_setting){ .what = what, .file = file };
	snprintf(v[*n].value, sizeof(v[*n].value), "%llu", (unsigned long long)value);
	(*n)++;
}

/* --- memory ------------------------------------------------------------------------------- */

/* limit <= memsw holds at every moment: lowering wants the limit first, raising the sum first. */
static int memory_limits(const struct cg_limit *l)
{
	const struct oci_memory *m = &l->res->memory;
	struct cg_setting v[2];
	size_t n = 0;
	int64_t limit = m->limit.set ? m->limit.v : 0;
	int64_t memsw = m->swap.set ? m->swap.v : 0;

	/* Unlimited memory under a limited sum would be refused, and is not what was meant. */
	bool implied = limit == -1 && memsw == 0;

	if (memsw > 0 && limit > 0 && memsw < limit)
		return err_text(l->e, EINVAL,
				R "memory.swap: %lld is less than the memory limit of %lld",
				(long long)memsw, (long long)limit);
	if (limit)
		setting_i64(v, &n, R "memory.limit", "memory.limit_in_bytes", limit);
	if (memsw || implied) {
		setting_i64(v, &n, R "memory.swap", "memory.memsw.limit_in_bytes",
			    implied ? -1 : memsw);
		/* The file needs swap accounting (swapaccount=1 before Linux 5.8). What forbids
		 * nothing needs none. */
		v[n - 1].optional = implied || memsw == -1;
	}
	return cg_limit_settle(l, v, n);
}

/* Linux 5.16 stopped taking these limits (EOPNOTSUPP, later no file), and the specification advises
 * against them. */
static int memory_kernel(const struct cg_limit *l, const struct oci_opt_i64 *limit,
			 const char *what, const char *file)
{
	char value[24];

	if (!limit->set || !limit->v)
		return 0;
	snprintf(value, sizeof(value), "%lld", (long long)limit->v);
	if (cg_io_write(l->dir->path, file, value) == 0)
		return 0;
	if (errno != ENOENT && errno != EOPNOTSUPP)
		return cg_limit_failed(l, what, file, value);
	log_warn("%s: ignored, this kernel has no such limit any more", what);
	return 0;
}

static int memory_hierarchy(const struct cg_limit *l)
{
	const struct oci_opt_bool *h = &l->res->memory.use_hierarchy;
	uint64_t now;

	/* The kernel refuses to write even the same value once there are children; since 5.11 it is
	 * always 1. */
	if (!h->set || (cg_io_u64(l->dir->path, "memory.use_hierarchy", &now) == 0 && now == h->v))
		return 0;
	return cg_limit_put(l, R "memory.useHierarchy", "memory.use_hierarchy", h->v ? "1" : "0");
}

int cg_v1_memory(const struct cg_limit *l)
{
	const struct oci_memory *m = &l->res->memory;

	if (memory_hierarchy(l) < 0 || memory_limits(l) < 0)
		return -1;
	if (m->reservation.set && m->reservation.v &&
	    cg_limit_put_i64(l, R "memory.reservation", "memory.soft_limit_in_bytes",
			     m->reservation.v) < 0)
		return -1;
	if (memory_kernel(l, &m->kernel, R "memory.kernel", "memory.kmem.limit_in_bytes") < 0 ||
	    memory_kernel(l, &m->kernel_tcp, R "memory.kernelTCP",
			  "memory.kmem.tcp.limit_in_bytes") < 0)
		return -1;
	/* -1, which some engines write as the largest number, is "leave it". */
	if (m->swappiness.set && m->swappiness.v < INT64_MAX &&
	    cg_limit_put_u64(l, R "memory.swappiness", "memory.swappiness", m->swappiness.v) < 0)
		return -1;
	if (m->disable_oom_killer.set && (m->disable_oom_killer.v || l->update))
		return cg_limit_put(l, R "memory.disableOOMKiller", "memory.oom_control",
				    m->disable_oom_killer.v ? "1" : "0");
	return 0;
}

/* --- cpu ---------------------------------------------------------------------------------- */

int cg_v1_cpu(const struct cg_limit *l)
{
	const struct oci_cpu *c = &l->res->cpu;
	struct cg_setting v[7];
	size_t n = 0;

	/* Shares cannot be written while idle is set; burst <= quota; quota/period within the
	 * parent's; runtime <= period. */
	if (c->shares.set && c->shares.v)
		setting_u64(v, &n, R "cpu.shares", "cpu.shares", c->shares.v);
	if (c->idle.set)
		setting_i64(v, &n, R "cpu.idle", "cpu.idle", c->idle.v);
	if (c->idle.set && c->idle.v == 0)
		v[n - 1].optional = true; /* Linux 5.15; before it nobody is idle */
	if (c->period.set && c->period.v)
		setting_u64(v, &n, R "cpu.period", "cpu.cfs_period_us", c->period.v);
	if (c->quota.set && c->quota.v)
		setting_i64(v, &n, R "cpu.quota", "cpu.cfs_quota_us", c->quota.v);
	if (c->burst.set) {
		setting_u64(v, &n, R "cpu.burst", "cpu.cfs_burst_us", c->burst.v);
		v[n - 1].optional = c->burst.v == 0; /* Linux 5.14 */
	}
	/* Before the first member comes in: a realtime process could not enter without runtime. */
	if (c->realtime_period.set && c->realtime_period.v)
		setting_u64(v, &n, R "cpu.realtimePeriod", "cpu.rt_period_us",
			    c->realtime_period.v);
	if (c->realtime_runtime.set && c->realtime_runtime.v)
		setting_i64(v, &n, R "cpu.realtimeRuntime", "cpu.rt_runtime_us",
			    c->realtime_runtime.v);
	return cg_limit_settle(l, v, n);
}

/* --- blkio -------------------------------------------------------------------------------- */

/* The CFQ scheduler (until Linux 5.0) and its successor BFQ name their files differently. */
static int put_either(const struct cg_limit *l, const char *what, const char *cfq, const char *bfq,
		      const char *value)
{
	if (cg_io_write(l->dir->path, cfq, value) == 0)
		return 0;
	if (errno != ENOENT || !bfq)
		return cg_limit_failed(l, what, cfq, value);
	if (cg_io_write(l->dir->path, bfq, value) == 0)
		return 0;
	if (errno == ENOENT)
		return err_text(
			l->e, EOPNOTSUPP,
			"%s: no I/O scheduler with weights in this kernel (neither %s nor %s)",
			what, cfq, bfq);
	return cg_limit_failed(l, what, bfq, value);
}

static int weight(const struct cg_limit *l, const struct oci_opt_u32 *w, const char *what,
		  const char *cfq, const char *bfq)
{
	char value[24];

	if (!w->set || !w->v)
		return 0;
	snprintf(value, sizeof(value), "%u", w->v);
	return put_either(l, what, cfq, bfq, value);
}

static int weight_devices(const struct cg_limit *l)
{
	const struct oci_block_io *b = &l->res->block_io;

	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];
		char what[64], value[96];

		snprintf(what, sizeof(what), R "blockIO.weightDevice[%zu]", i);
		snprintf(value, sizeof(value), "%lld:%lld %u", (long long)d->major,
			 (long long)d->minor, d->weight.v);
		if (d->weight.set && d->weight.v &&
		    put_either(l, what, "blkio.weight_device", "blkio.bfq.weight_device", value) <
			    0)
			return -1;
		snprintf(value, sizeof(value), "%lld:%lld %u", (long long)d->major,
			 (long long)d->minor, d->leaf_weight.v);
		if (d->leaf_weight.set && d->leaf_weight.v &&
		    put_either(l, what, "blkio.leaf_weight_device", NULL, value) < 0)
			return -1;
	}
	return 0;
}

static int throttle(const struct cg_limit *l, const struct oci_throttle_list *t, const char *what,
		    const char *file)
{
	for (size_t i = 0; i < t->n; i++) {
		char value[96];

		snprintf(value, sizeof(value), "%lld:%lld %llu", (long long)t->v[i].major,
			 (long long)t->v[i].minor, (unsigned long long)t->v[i].rate);
		if (cg_limit_put(l, what, file, value) < 0)
			return -1;
	}
	return 0;
}

int cg_v1_blkio(const struct cg_limit *l)
{
	const struct oci_block_io *b = &l->res->block_io;
	const struct {
		const struct oci_throttle_list *list;
		const char *what, *file;
	} throttles[] = {
		{ &b->throttle_read_bps_device, R "blockIO.throttleReadBpsDevice",
		  "blkio.throttle.read_bps_device" },
		{ &b->throttle_write_bps_device, R "blockIO.throttleWriteBpsDevice",
		  "blkio.throttle.write_bps_device" },
		{ &b->throttle_read_iops_device, R "blockIO.throttleReadIOPSDevice",
		  "blkio.throttle.read_iops_device" },
		{ &b->throttle_write_iops_device, R "blockIO.throttleWriteIOPSDevice",
		  "blkio.throttle.write_iops_device" },
	};

	if (weight(l, &b->weight, R "blockIO.weight", "blkio.weight", "blkio.bfq.weight") < 0 ||
	    weight(l, &b->leaf_weight, R "blockIO.leafWeight", "blkio.leaf_weight", NULL) < 0 ||
	    weight_devices(l) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(throttles); i++)
		if (throttle(l, throttles[i].list, throttles[i].what, throttles[i].file) < 0)
			return -1;
	return 0;
}

/* --- network ------------------------------------------------------------------------------ */

int cg_v1_net_cls(const struct cg_limit *l)
{
	return cg_limit_put_u64(l, R "network.classID", "net_cls.classid",
				l->res->network.class_id.v);
}

int cg_v1_net_prio(const struct cg_limit *l)
{
	for (size_t i = 0; i < l->res->network.n_priorities; i++) {
		const struct oci_interface_priority *p = &l->res->network.priorities[i];
		char what[64];
		autofree char *value = xasprintf("%s %u", p->name, p->priority);

		snprintf(what, sizeof(what), R "network.priorities[%zu]", i);
		if (strpbrk(p->name, " \t\n"))
			return err_text(l->e, EINVAL, "%s.name: no interface has such a name",
					what);
		if (cg_limit_put(l, what, "net_prio.ifpriomap", value) < 0)
			return -1;
	}
	return 0;
}
