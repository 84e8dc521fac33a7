// SPDX-License-Identifier: Apache-2.0
/* update.c - sandrun update: new limits for a container that is there */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/str.h"
#include "host/rdt.h"
#include "oci/read.h"

#define RESOURCES_MAX (4 * 1024 * 1024)

/* The options of runc and crun. Values are text until they are known to be given. */
struct limits {
	const char *memory, *reservation, *swap, *kernel_memory, *kernel_memory_tcp;
	const char *quota, *burst, *period, *shares, *idle, *rt_period, *rt_runtime, *cpus, *mems;
	const char *pids, *blkio_weight;
	const char *l3, *mb;
};

static int read_number(const char *option, const char *text, bool bytes, int64_t *out, struct err *e)
{
	static const char units[] = "kmgt";
	autofree char *copy = xstrdup(text);
	size_t len = strlen(copy);
	int shift = 0;

	/* "512M", "1g", "64kb": what users write for memory. */
	if (bytes && len > 1 && (copy[len - 1] == 'b' || copy[len - 1] == 'B'))
		copy[--len] = 0;
	if (bytes && len > 1) {
		char c = (char)(copy[len - 1] | 0x20);
		const char *u = c ? strchr(units, c) : NULL;

		if (u) {
			shift = 10 * (int)(u - units + 1);
			copy[len - 1] = 0;
		}
	}
	if (str_to_i64(copy, out) < 0 || *out > INT64_MAX >> shift || *out < -1)
		return err_text(e, EINVAL, "update: --%s %.100s: a number%s is expected (-1: no limit)", option, text,
				bytes ? " of bytes, with k, m or g behind it if you like," : "");
	*out = *out < 0 ? *out : *out << shift;
	return 0;
}

static int signed_opt(const char *name, const char *text, bool bytes, struct oci_opt_i64 *out, struct err *e)
{
	if (!text)
		return 0;
	out->set = true;
	return read_number(name, text, bytes, &out->v, e);
}

static int unsigned_opt(const char *name, const char *text, struct oci_opt_u64 *out, struct err *e)
{
	int64_t v;

	if (!text)
		return 0;
	if (read_number(name, text, false, &v, e) < 0)
		return -1;
	if (v < 0)
		return err_text(e, EINVAL, "update: --%s %s: a number from 0 on is expected", name, text);
	out->set = true;
	out->v = (uint64_t)v;
	return 0;
}

static int from_options(const struct limits *l, struct oci_resources *r, struct err *e)
{
	struct oci_opt_u64 weight = { 0 };

	if (signed_opt("memory", l->memory, true, &r->memory.limit, e) < 0 ||
	    signed_opt("memory-reservation", l->reservation, true, &r->memory.reservation, e) < 0 ||
	    signed_opt("memory-swap", l->swap, true, &r->memory.swap, e) < 0 ||
	    signed_opt("kernel-memory", l->kernel_memory, true, &r->memory.kernel, e) < 0 ||
	    signed_opt("kernel-memory-tcp", l->kernel_memory_tcp, true, &r->memory.kernel_tcp, e) < 0 ||
	    signed_opt("cpu-quota", l->quota, false, &r->cpu.quota, e) < 0 ||
	    unsigned_opt("cpu-burst", l->burst, &r->cpu.burst, e) < 0 ||
	    unsigned_opt("cpu-period", l->period, &r->cpu.period, e) < 0 ||
	    unsigned_opt("cpu-share", l->shares, &r->cpu.shares, e) < 0 ||
	    signed_opt("cpu-idle", l->idle, false, &r->cpu.idle, e) < 0 ||
	    unsigned_opt("cpu-rt-period", l->rt_period, &r->cpu.realtime_period, e) < 0 ||
	    signed_opt("cpu-rt-runtime", l->rt_runtime, false, &r->cpu.realtime_runtime, e) < 0 ||
	    signed_opt("pids-limit", l->pids, false, &r->pids_limit, e) < 0 ||
	    unsigned_opt("blkio-weight", l->blkio_weight, &weight, e) < 0)
		return -1;
	if (weight.set)
		r->block_io.weight = (struct oci_opt_u32){ true, (uint32_t)weight.v };
	r->cpu.cpus = l->cpus ? xstrdup(l->cpus) : NULL;
	r->cpu.mems = l->mems ? xstrdup(l->mems) : NULL;
	return 0;
}

static int from_file(const char *path, struct oci_resources *r, struct err *e)
{
	autofree char *text = NULL;
	struct oci_error oe;
	size_t len;

	if (file_read(AT_FDCWD, str_eq(path, "-") ? "/dev/stdin" : path, RESOURCES_MAX, &text, &len, e) < 0)
		return err_prefix(e, "update: --resources");
	if (oci_resources_parse(text, len, r, &oe) < 0)
		return err_msg(e, "update: --resources %s: %s", path, oe.msg);
	return 0;
}

static int apply_rdt(const struct container *c, const struct limits *l, struct err *e)
{
	const struct oci_intel_rdt r = { .set = true, .l3_cache_schema = (char *)(uintptr_t)l->l3,
					 .mem_bw_schema = (char *)(uintptr_t)l->mb };

	if (!l->l3 && !l->mb)
		return 0;
	if (!c->rdt)
		return err_msg(e, "container %s has no linux.intelRdt: its share of caches and memory bandwidth cannot be set", c->id);
	return rdt_update(c->rdt, &r, e);
}

static int apply(struct container *c, const struct oci_resources *res, const struct limits *l, struct err *e)
{
	enum container_status s = container_status(c);
	struct cgroup *cg;
	int r;

	if (s == CONTAINER_STOPPED || s == CONTAINER_CREATING)
		return err_text(e, ESRCH, "container not running: %s", c->id);
	if (apply_rdt(c, l, e) < 0)
		return -1;
	if (!c->cgroup && (l->l3 || l->mb))
		return 0;
	if (!c->cgroup)
		return err_msg(e, "container %s has no cgroup", c->id);
	cg = cgroup_read(c->cgroup, e);
	if (!cg)
		return -1;
	r = cgroup_update(cg, res, e);
	cgroup_free(cg);
	return r;
}

int cmd_update(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct limits l = { 0 };
	const char *file = NULL;
	const struct option table[] = {
		{ "resources", 'r', OPT_STRING, &file, "FILE", "limits as JSON (linux.resources); - is standard input" },
		{ "memory", 0, OPT_STRING, &l.memory, "BYTES", "memory limit" },
		{ "memory-reservation", 0, OPT_STRING, &l.reservation, "BYTES", "soft memory limit" },
		{ "memory-swap", 0, OPT_STRING, &l.swap, "BYTES", "memory and swap together; -1: no limit" },
		{ "kernel-memory", 0, OPT_STRING, &l.kernel_memory, "BYTES", "kernel memory limit (cgroup v1)" },
		{ "kernel-memory-tcp", 0, OPT_STRING, &l.kernel_memory_tcp, "BYTES", "TCP buffer limit (cgroup v1)" },
		{ "cpu-quota", 0, OPT_STRING, &l.quota, "USEC", "CPU time in each period" },
		{ "cpu-burst", 0, OPT_STRING, &l.burst, "USEC", "CPU time that may be saved up" },
		{ "cpu-period", 0, OPT_STRING, &l.period, "USEC", "length of the period" },
		{ "cpu-share", 0, OPT_STRING, &l.shares, "N", "CPU weight, 2 to 262144" },
		{ "cpu-idle", 0, OPT_STRING, &l.idle, "0|1", "run only when nothing else does" },
		{ "cpu-rt-period", 0, OPT_STRING, &l.rt_period, "USEC", "realtime period" },
		{ "cpu-rt-runtime", 0, OPT_STRING, &l.rt_runtime, "USEC", "realtime budget" },
		{ "cpuset-cpus", 0, OPT_STRING, &l.cpus, "LIST", "CPUs that may be used" },
		{ "cpuset-mems", 0, OPT_STRING, &l.mems, "LIST", "memory nodes that may be used" },
		{ "pids-limit", 0, OPT_STRING, &l.pids, "N", "number of processes" },
		{ "blkio-weight", 0, OPT_STRING, &l.blkio_weight, "N", "block I/O weight, 10 to 1000" },
		{ "l3-cache-schema", 0, OPT_STRING, &l.l3, "SCHEMA", "share of the L3 cache (resctrl)" },
		{ "mem-bw-schema", 0, OPT_STRING, &l.mb, "SCHEMA", "share of the memory bandwidth (resctrl)" },
		{ 0 },
	};
	struct oci_resources res = { 0 };
	struct container c;
	int at, r;

	r = cmd_begin(table, "[options] ID", 1, false, argc, argv, &at, e);
	if (r)
		return r < 0 ? -1 : 0;
	/* As with runc, the document wins over the options. */
	if ((file ? from_file(file, &res, e) : from_options(&l, &res, e)) < 0)
		return -1;
	r = container_open(g->root, argv[at], &c, e);
	if (r == 0)
		r = apply(&c, &res, &l, e);
	container_close(&c);
	oci_resources_free(&res);
	return r;
}
