// SPDX-License-Identifier: Apache-2.0
/* limits_v2.c - linux.resources as cgroup v2 files
 *
 * Owns:     names, units and the translation of v1's ideas; the "unified" map.
 * Must not: pass over what v2 cannot do: it is an error, as config-linux.md ("Unified") wants it.
 * Runs in:  as limits.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/convert.h"
#include "cgroup/internal.h"

#define R "linux.resources."

static int not_on_v2(const struct cg_limit *l, const char *what)
{
	return err_text(l->e, EOPNOTSUPP, "%s: cgroup v2 has nothing like it", what);
}

static const char *number_or_max(int64_t v, char *buf, size_t size)
{
	if (v < 0)
		return "max";
	snprintf(buf, size, "%lld", (long long)v);
	return buf;
}

/* --- memory ------------------------------------------------------------------------------- */

static int check_usage(const struct cg_limit *l)
{
	const struct oci_memory *m = &l->res->memory;
	uint64_t now;

	/* v1 refuses a limit below what is in use, v2 starts killing. */
	if (!m->check_before_update.set || !m->check_before_update.v ||
	    cg_io_u64(l->dir->path, "memory.current", &now) < 0)
		return 0;
	if (m->limit.set && m->limit.v > 0 && (uint64_t)m->limit.v <= now)
		return err_text(
			l->e, EBUSY,
			R
			"memory.limit: %lld is not above the %llu bytes in use (checkBeforeUpdate)",
			(long long)m->limit.v, (unsigned long long)now);
	if (m->swap.set && m->swap.v > 0 && (uint64_t)m->swap.v <= now)
		return err_text(
			l->e, EBUSY,
			R
			"memory.swap: %lld is not above the %llu bytes in use (checkBeforeUpdate)",
			(long long)m->swap.v, (unsigned long long)now);
	return 0;
}

static int memory_swap(const struct cg_limit *l)
{
	const struct oci_memory *m = &l->res->memory;
	int64_t limit = m->limit.set ? m->limit.v : 0, swap;
	char buf[24];
	const char *value;
	uint64_t now;

	if (m->swap.set) {
		/* Only the sum was given: the memory part is the one in force. */
		if (limit == 0)
			limit = cg_io_u64(l->dir->path, "memory.max", &now) == 0 && now <= INT64_MAX
					? (int64_t)now
					: -1;
		if (cg_convert_swap(m->swap.v, limit, &swap, l->e) < 0)
			return -1;
	} else if (limit == -1) {
		swap = -1; /* as on v1: "unlimited" is meant for both */
	} else {
		return 0;
	}
	value = number_or_max(swap, buf, sizeof(buf));
	if (cg_io_write(l->dir->path, "memory.swap.max", value) == 0)
		return 0;
	/* No swap accounting in the kernel. It breaks neither "none" nor "any". */
	if (errno == ENOENT && swap <= 0)
		return 0;
	return cg_limit_failed(l, R "memory.swap", "memory.swap.max", value);
}

int cg_v2_memory(const struct cg_limit *l)
{
	const struct oci_memory *m = &l->res->memory;
	char buf[24];

	if (m->kernel.set && m->kernel.v > 0)
		return not_on_v2(l, R "memory.kernel");
	if (m->kernel_tcp.set && m->kernel_tcp.v > 0)
		return not_on_v2(l, R "memory.kernelTCP");
	if (m->swappiness.set && m->swappiness.v < INT64_MAX)
		return not_on_v2(l, R "memory.swappiness");
	if (m->disable_oom_killer.set && m->disable_oom_killer.v)
		return not_on_v2(l, R "memory.disableOOMKiller");
	if (m->use_hierarchy.set && !m->use_hierarchy.v)
		return not_on_v2(l, R "memory.useHierarchy: false");
	/* Swap first: a lower memory limit pushes pages out at once, and where to is best known by
	 * then. */
	if (check_usage(l) < 0 || memory_swap(l) < 0)
		return -1;
	if (m->limit.set && m->limit.v &&
	    cg_limit_put(l, R "memory.limit", "memory.max",
			 number_or_max(m->limit.v, buf, sizeof(buf))) < 0)
		return -1;
	if (m->reservation.set && m->reservation.v &&
	    cg_limit_put(l, R "memory.reservation", "memory.low",
			 number_or_max(m->reservation.v, buf, sizeof(buf))) < 0)
		return -1;
	return 0;
}

/* --- cpu ---------------------------------------------------------------------------------- */

/* cpu.max holds quota and period in one line; the one that was not given stays as it is. */
static void cpu_max(const struct cg_limit *l, char *out, size_t size)
{
	const struct oci_cpu *c = &l->res->cpu;
	char now[64] = "", quota[32] = "max", period[32] = "100000", buf[24];

	cg_io_read(l->dir->path, "cpu.max", now, sizeof(now));
	sscanf(now, "%31s %31s", quota, period);
	if (c->quota.set && c->quota.v)
		snprintf(quota, sizeof(quota), "%s", number_or_max(c->quota.v, buf, sizeof(buf)));
	if (c->period.set && c->period.v)
		snprintf(period, sizeof(period), "%llu", (unsigned long long)c->period.v);
	snprintf(out, size, "%.20s %.20s", quota, period);
}

int cg_v2_cpu(const struct cg_limit *l)
{
	const struct oci_cpu *c = &l->res->cpu;
	struct cg_setting v[4];
	size_t n = 0;

	if (c->realtime_runtime.set && c->realtime_runtime.v)
		return not_on_v2(l, R "cpu.realtimeRuntime");
	if (c->realtime_period.set && c->realtime_period.v)
		return not_on_v2(l, R "cpu.realtimePeriod");
	if (c->shares.set && c->shares.v) {
		v[n] = (struct cg_setting){ .what = R "cpu.shares", .file = "cpu.weight" };
		snprintf(v[n++].value, sizeof(v->value), "%llu",
			 (unsigned long long)cg_convert_weight(c->shares.v));
	}
	if (c->idle.set) {
		v[n] = (struct cg_setting){ .what = R "cpu.idle",
					    .file = "cpu.idle",
					    .optional = c->idle.v == 0 };
		snprintf(v[n++].value, sizeof(v->value), "%lld", (long long)c->idle.v);
	}
	if ((c->quota.set && c->quota.v) || (c->period.set && c->period.v)) {
		v[n] = (struct cg_setting){ .what = c->quota.set ? R "cpu.quota" : R "cpu.period",
					    .file = "cpu.max" };
		cpu_max(l, v[n].value, sizeof(v->value));
		n++;
	}
	if (c->burst.set) {
		v[n] = (struct cg_setting){ .what = R "cpu.burst",
					    .file = "cpu.max.burst",
					    .optional = c->burst.v == 0 };
		snprintf(v[n++].value, sizeof(v->value), "%llu", (unsigned long long)c->burst.v);
	}
	return cg_limit_settle(l, v, n);
}

/* --- io ----------------------------------------------------------------------------------- */

/* @prefix: "8:0 " or "". BFQ's file takes the weight as it is, io.weight (the cost model) has a
 * scale of its own. */
static int io_weight(const struct cg_limit *l, const char *what, const char *prefix, uint32_t w)
{
	char value[96];

	snprintf(value, sizeof(value), "%s%u", prefix, w);
	if (cg_io_write(l->dir->path, "io.bfq.weight", value) == 0)
		return 0;
	/* EINVAL: weights of single devices came to BFQ with Linux 5.4 only. */
	if (errno != ENOENT && !(*prefix && errno == EINVAL))
		return cg_limit_failed(l, what, "io.bfq.weight", value);
	snprintf(value, sizeof(value), "%s%llu", prefix,
		 (unsigned long long)cg_convert_io_weight(w));
	if (cg_io_write(l->dir->path, "io.weight", value) == 0)
		return 0;
	if (errno == ENOENT)
		return err_text(l->e, EOPNOTSUPP,
				"%s: no I/O scheduler with weights in this kernel (neither "
				"io.bfq.weight nor io.weight)",
				what);
	return cg_limit_failed(l, what, "io.weight", value);
}

static int io_max(const struct cg_limit *l, const struct oci_throttle_list *t, const char *what,
		  const char *key)
{
	for (size_t i = 0; i < t->n; i++) {
		char value[96], rate[24] = "max";

		if (t->v[i].rate) /* v1 writes 0 for "no limit", which v2 refuses */
			snprintf(rate, sizeof(rate), "%llu", (unsigned long long)t->v[i].rate);
		snprintf(value, sizeof(value), "%lld:%lld %s=%s", (long long)t->v[i].major,
			 (long long)t->v[i].minor, key, rate);
		if (cg_limit_put(l, what, "io.max", value) < 0)
			return -1;
	}
	return 0;
}

static int io_weight_devices(const struct cg_limit *l)
{
	const struct oci_block_io *b = &l->res->block_io;

	for (size_t i = 0; i < b->n_weight_device; i++) {
		const struct oci_weight_device *d = &b->weight_device[i];
		char what[64], prefix[48];

		snprintf(what, sizeof(what), R "blockIO.weightDevice[%zu]", i);
		snprintf(prefix, sizeof(prefix), "%lld:%lld ", (long long)d->major,
			 (long long)d->minor);
		if (d->leaf_weight.set && d->leaf_weight.v && !(d->weight.set && d->weight.v))
			return not_on_v2(l, what);
		if (d->weight.set && d->weight.v && io_weight(l, what, prefix, d->weight.v) < 0)
			return -1;
	}
	return 0;
}

int cg_v2_io(const struct cg_limit *l)
{
	const struct oci_block_io *b = &l->res->block_io;

	if (b->leaf_weight.set && b->leaf_weight.v)
		return not_on_v2(l, R "blockIO.leafWeight");
	if (b->weight.set && b->weight.v && io_weight(l, R "blockIO.weight", "", b->weight.v) < 0)
		return -1;
	if (io_weight_devices(l) < 0 ||
	    io_max(l, &b->throttle_read_bps_device, R "blockIO.throttleReadBpsDevice", "rbps") <
		    0 ||
	    io_max(l, &b->throttle_write_bps_device, R "blockIO.throttleWriteBpsDevice", "wbps") <
		    0 ||
	    io_max(l, &b->throttle_read_iops_device, R "blockIO.throttleReadIOPSDevice", "riops") <
		    0 ||
	    io_max(l, &b->throttle_write_iops_device, R "blockIO.throttleWriteIOPSDevice",
		   "wiops") < 0)
		return -1;
	return 0;
}

/* --- unified ------------------------------------------------------------------------------ */

static bool controller_is_on(const char *dir, const char *name)
{
	char list[512], *save = NULL;

	if (cg_io_read(dir, "cgroup.controllers", list, sizeof(list)) < 0)
		return true; /* unknown: then the errno is the better message */
	for (char *w = strtok_r(list, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (str_eq(w, name))
			return true;
	return false;
}

static int unified_failed(const struct cg_limit *l, const char *what, const char *key,
			  const char *value)
{
	int code = errno;
	autofree char *controller = xstrndup(key, strcspn(key, "."));

	if ((code == ENOENT || cg_denied(code)) && !str_eq(controller, "cgroup") &&
	    !controller_is_on(l->dir->path, controller))
		return err_text(l->e, EOPNOTSUPP,
				"%s: %sthe %s controller is not available in the cgroup %s%s%s", what,
				cg_is_pure_v2(l->cg) ? "" : "invalid configuration: ", controller, l->dir->path, l->cg->why.msg[0] ? ": " : "",
				l->cg->why.msg);
	errno = code;
	return cg_limit_failed(l, what, key, value);
}

/* Files that say who is in the cgroup and whether it runs. A number written to one of them would bring a stranger in, whom
 * "delete" then kills. */
static bool is_about_processes(const char *key)
{
	static const char *const names[] = { "cgroup.procs", "cgroup.threads", "cgroup.kill", "cgroup.freeze", "cgroup.type" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(key, names[i]))
			return true;
	return false;
}

static int unified_one(const struct cg_limit *l, const char *key, const char *text)
{
	autofree char *what = xasprintf(R "unified[\"%.100s\"]", key);
	autofree char *copy = xstrdup(text ? text : "");
	autofd fd = -1;
	char *save = NULL;

	if (strchr(key, '/') || !strchr(key, '.') || key[0] == '.')
		return err_text(l->e, EINVAL,
				"%s: a key is a file name like memory.high, without a slash", what);
	if (is_about_processes(key))
		return err_text(l->e, EINVAL, "%s: is about processes, not a resource", what);
	if (strspn(copy, " \t\n") == strlen(copy))
		return 0;
	fd = cg_io_open(l->dir->path, key, O_WRONLY);
	if (fd < 0)
		return unified_failed(l, what, key, copy);
	/* The kernel takes one line a write (io.max for several devices). */
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (write(fd, line, strlen(line)) < 0)
			return unified_failed(l, what, key, line);
	return 0;
}

int cg_v2_unified(const struct cg_limit *l)
{
	for (size_t i = 0; i < l->res->unified.n; i++)
		if (unified_one(l, l->res->unified.v[i].key, l->res->unified.v[i].value) < 0)
			return -1;
	return 0;
}
