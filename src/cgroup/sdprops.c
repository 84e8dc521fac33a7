// SPDX-License-Identifier: Apache-2.0
/* sdprops.c - the properties of a container's scope, as data
 *
 * Owns:     the list of properties; which one stands for which limit.
 * Must not: talk to systemd (systemd.c does): so this can be tested anywhere. Nor read annotations
 *           (sdprops_annotations.c).
 * Runs in:  create and update.
 *
 * Limits are given to systemd and written to the files as well. Both are needed: systemd has no
 * property for some, and what it was not told it resets when it next writes the unit's files
 * (daemon-reload, set-property).
 */
#include "cgroup/sdprops.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/convert.h"
#include "cgroup/device.h"

#define R "linux.resources."

static void prop_free(struct sd_prop *p)
{
	for (size_t i = 0; p->strings && i < p->n; i++)
		free(p->strings[i]);
	free(p->strings);
	free(p->name);
	free(p->string);
	free(p->bytes);
}

void cg_sdprops_free(struct sd_props *p)
{
	for (size_t i = 0; i < p->n; i++)
		prop_free(&p->v[i]);
	free(p->v);
	*p = (struct sd_props){ 0 };
}

bool cg_sdprops_drop(struct sd_props *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (!str_eq(p->v[i].name, name) || !p->v[i].optional)
			continue;
		prop_free(&p->v[i]);
		memmove(&p->v[i], &p->v[i + 1], (--p->n - i) * sizeof(*p->v));
		return true;
	}
	return false;
}

struct sd_prop *cg_sdprops_add(struct sd_props *p, const char *name, enum sd_type type)
{
	p->v = xrealloc(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n] = (struct sd_prop){ .name = xstrdup(name), .type = type };
	return &p->v[p->n++];
}

static void add_number(struct sd_props *p, const char *name, enum sd_type type, uint64_t v)
{
	cg_sdprops_add(p, name, type)->number = v;
}

static void add_limit(struct sd_props *p, const char *name, uint64_t v)
{
	struct sd_prop *x = cg_sdprops_add(p, name, SD_U64);

	x->number = v;
	x->optional = true;
}

static void add_string(struct sd_props *p, const char *name, const char *v)
{
	cg_sdprops_add(p, name, SD_STRING)->string = xstrdup(v);
}

void cg_sdprops_push(struct sd_prop *x, char *s)
{
	x->strings = xrealloc(x->strings, x->n + 1, sizeof(*x->strings));
	x->strings[x->n++] = s;
}

/* --- the scope ---------------------------------------------------------------------------- */

void cg_sdprops_scope(struct sd_props *p, const char *description, const char *slice, uint32_t pid,
		      bool v2)
{
	add_string(p, "Description", description);
	add_string(p, "Slice", slice);
	add_number(p, "Delegate", SD_BOOL, 1);
	add_number(p, "PIDs", SD_PIDS, pid);
	/* Without these systemd would not switch the controllers on, and engines could read no
	 * statistics. */
	add_number(p, "MemoryAccounting", SD_BOOL, 1);
	add_number(p, "CPUAccounting", SD_BOOL, 1);
	add_number(p, v2 ? "IOAccounting" : "BlockIOAccounting", SD_BOOL, 1);
	add_number(p, "TasksAccounting", SD_BOOL, 1);
	/* Containers are not stopped first thing at shutdown, nor ordered behind basic.target:
	 * their engine stops them. */
	add_number(p, "DefaultDependencies", SD_BOOL, 0);
}

/* --- resources ---------------------------------------------------------------------------- */

static uint64_t infinity_if_negative(int64_t v)
{
	return v < 0 ? UINT64_MAX : (uint64_t)v;
}

static int memory(struct sd_props *p, const struct oci_memory *m, bool v2, struct err *e)
{
	int64_t limit = m->limit.set ? m->limit.v : 0, swap;

	if (limit)
		add_limit(p, v2 ? "MemoryMax" : "MemoryLimit", infinity_if_negative(limit));
	if (!v2)
		return 0;
	if (m->reservation.set && m->reservation.v)
		add_limit(p, "MemoryLow", infinity_if_negative(m->reservation.v));
	/* The sum alone says nothing without the limit in force: then the file is written only. */
	if (m->swap.set && (limit || m->swap.v <= 0)) {
		if (cg_convert_swap(m->swap.v, limit, &swap, e) < 0)
			return -1;
		add_limit(p, "MemorySwapMax", infinity_if_negative(swap));
	} else if (!m->swap.set && limit == -1) {
		add_limit(p, "MemorySwapMax", UINT64_MAX);
	}
	return 0;
}

static void add_quota(struct sd_props *p, int64_t quota, uint64_t period)
{
	if (period)
		add_limit(p, "CPUQuotaPeriodUSec", period);
	add_limit(p, "CPUQuotaPerSecUSec", cg_convert_quota_per_sec(quota, period));
}

static int add_mask(struct sd_props *p, const char *name, const char *list, const char *what,
		    struct err *e)
{
	uint8_t *mask;
	size_t len;
	struct sd_prop *x;

	if (cg_convert_cpu_mask(list, &mask, &len, e) < 0)
		return err_prefix(e, "%s", what);
	x = cg_sdprops_add(p, name, SD_BYTES);
	x->optional = true; /* systemd 244 */
	x->bytes = mask;
	x->n = len;
	return 0;
}

static int cpu(struct sd_props *p, const struct oci_cpu *c, bool v2, struct err *e)
{
	/* CPUWeight=0 is systemd's word for cpu.idle (252); an older one refuses it, and the file
	 * is written after all. */
	if (v2 && c->idle.set && c->idle.v == 1)
		add_limit(p, "CPUWeight", 0);
	else if (c->shares.set && c->shares.v)
		add_limit(p, v2 ? "CPUWeight" : "CPUShares",
			  v2 ? cg_convert_weight(c->shares.v) : c->shares.v);
	/* A period alone would reset the quota. */
	if (c->quota.set && c->quota.v)
		add_quota(p, c->quota.v, c->period.set ? c->period.v : 0);
	if (!v2) /* systemd does not manage v1's cpusets */
		return 0;
	if (c->cpus && *c->cpus && add_mask(p, "AllowedCPUs", c->cpus, R "cpu.cpus", e) < 0)
		return -1;
	if (c->mems && *c->mems && add_mask(p, "AllowedMemoryNodes", c->mems, R "cpu.mems", e) < 0)
		return -1;
	return 0;
}

static void pids(struct sd_props *p, const struct oci_opt_i64 *limit)
{
	if (limit->set) /* 0 is refused by systemd; see limits.c for what it means */
		add_limit(p, "TasksMax", limit->v ? infinity_if_negative(limit->v) : 1);
}

static void io(struct sd_props *p, const struct oci_block_io *b, bool v2)
{
	if (b->weight.set && b->weight.v)
		add_limit(p, v2 ? "IOWeight" : "BlockIOWeight",
			  v2 ? cg_convert_io_weight(b->weight.v) : b->weight.v);
}

/* --- unified ------------------------------------------------------------------------------ */

static const struct {
	const char *key, *name;
} unified_numbers[] = {
	{ "cpu.weight", "CPUWeight" },
	{ "io.weight", "IOWeight" },
	{ "memory.high", "MemoryHigh" },
	{ "memory.low", "MemoryLow" },
	{ "memory.max", "MemoryMax" },
	{ "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" },
	{ "memory.zswap.max", "MemoryZSwapMax" },
	{ "pids.max", "TasksMax" },
};

static void unified_number(struct sd_props *p, const char *name, const char *value)
{
	uint64_t v = UINT64_MAX;

	if (str_starts(value, "default "))
		value += strlen("default ");
	/* "1G", or a device's own weight: the kernel understands, systemd need not. */
	if (!str_eq(value, "max") && str_to_u64(value, 10, UINT64_MAX, &v) < 0)
		return;
	add_limit(p, name, str_eq(name, "TasksMax") && v == 0 ? 1 : v);
}

static void unified_cpu_max(struct sd_props *p, const char *value)
{
	char quota[24] = "", period[24] = "";
	uint64_t period_us = 0;
	int64_t quota_us = -1;

	sscanf(value, "%23s %23s", quota, period);
	if ((!str_eq(quota, "max") && str_to_i64(quota, &quota_us) < 0) ||
	    (*period && str_to_u64(period, 10, UINT64_MAX, &period_us) < 0))
		return;
	add_quota(p, quota_us, period_us);
}

static int unified_one(struct sd_props *p, const char *key, const char *value, bool idle,
		       struct err *e)
{
	if (str_eq(key, "cpu.max"))
		unified_cpu_max(p, value);
	else if (str_eq(key, "cpu.idle") && idle)
		add_limit(p, "CPUWeight", 0);
	else if (str_eq(key, "cpuset.cpus") && *value)
		return add_mask(p, "AllowedCPUs", value, R "unified[\"cpuset.cpus\"]", e);
	else if (str_eq(key, "cpuset.mems") && *value)
		return add_mask(p, "AllowedMemoryNodes", value, R "unified[\"cpuset.mems\"]", e);
	for (size_t i = 0; i < ARRAY_SIZE(unified_numbers); i++)
		if (str_eq(key, unified_numbers[i].key) && !(idle && str_eq(key, "cpu.weight")))
			unified_number(p, unified_numbers[i].name, value);
	return 0;
}

/* Unknown keys are written to their files only. */
static int unified(struct sd_props *p, const struct oci_map *m, bool update, struct err *e)
{
	bool idle = false;

	for (size_t i = 0; i < m->n; i++)
		idle |= str_eq(m->v[i].key, "cpu.idle") && m->v[i].value &&
			str_eq(m->v[i].value, "1");
	for (size_t i = 0; i < m->n; i++) {
		autofree char *value = xstrdup(m->v[i].value ? m->v[i].value : "");
		size_t len = strlen(value);
		const char *v;

		while (len > 0 && isspace((unsigned char)value[len - 1]))
			value[--len] = 0;
		v = value + strspn(value, " \t\n");
		/* Fixed at the start of a unit; what the file says systemd respects by this policy
		 * only. */
		if (str_eq(m->v[i].key, "memory.oom.group") && !update &&
		    (str_eq(v, "0") || str_eq(v, "1"))) {
			add_string(p, "OOMPolicy", *v == '1' ? "kill" : "continue");
			p->v[p->n - 1].optional = true; /* systemd 253 has it for scopes */
			continue;
		}
		if (unified_one(p, m->v[i].key, v, idle, e) < 0)
			return -1;
	}
	return 0;
}

/* --- devices ------------------------------------------------------------------------------ */

static char *device_name(const struct cg_devrule *r)
{
	const char *kind = r->type == 'c' ? "char" : "block";

	if (r->major == CG_DEV_ANY)
		return r->minor == CG_DEV_ANY ? xasprintf("%s-*", kind) : NULL;
	if (r->minor == CG_DEV_ANY)
		return xasprintf("%s-%lld", kind, (long long)r->major);
	return xasprintf("/dev/%s/%lld:%lld", kind, (long long)r->major, (long long)r->minor);
}

static bool list_devices(struct sd_prop *x, const struct cg_devset *set)
{
	for (size_t i = 0; i < set->n; i++) {
		char text[CG_DEVRULE_TEXT];
		char *name = device_name(&set->v[i]);

		if (!name)
			return false;
		cg_sdprops_push(x, name);
		cg_sdprops_push(x, xstrdup(strrchr(cg_devrule_text(&set->v[i], text), ' ') + 1));
	}
	return true;
}

/* systemd knows lists of allowed devices only. What it cannot express ("*:5", everything but …) is
 * left to our own filter, which is there in any case; systemd is then told to keep out of it. */
static int devices(struct sd_props *p, const struct oci_resources *res, bool update, struct err *e)
{
	struct cg_devrules rules;
	struct cg_devset set = { .allow = true };
	struct sd_prop list = { .name = xstrdup("DeviceAllow"), .type = SD_DEVICES };
	bool strict;

	if (update && !res->n_devices) {
		prop_free(&list);
		return 0;
	}
	if (cg_devrules_read(res, &rules, e) < 0) {
		prop_free(&list);
		return -1;
	}
	strict = cg_devset_make(&rules, &set, NULL) == 0 && !set.allow && list_devices(&list, &set);
	cg_devrules_free(&rules);
	cg_devset_free(&set);
	add_string(p, "DevicePolicy", strict ? "strict" : "auto");
	/* An assignment adds to the list; an empty one clears it first. */
	cg_sdprops_add(p, "DeviceAllow", SD_DEVICES);
	if (strict) {
		p->v = xrealloc(p->v, p->n + 1, sizeof(*p->v));
		p->v[p->n++] = list;
	} else {
		prop_free(&list);
	}
	return 0;
}

int cg_sdprops_resources(struct sd_props *p, const struct oci_resources *res, bool v2, bool update,
			 struct err *e)
{
	static const struct oci_resources none;

	if (!res)
		res = &none;
	if (devices(p, res, update, e) < 0 || memory(p, &res->memory, v2, e) < 0 ||
	    cpu(p, &res->cpu, v2, e) < 0)
		return -1;
	pids(p, &res->pids_limit);
	io(p, &res->block_io, v2);
	return v2 ? unified(p, &res->unified, update, e) : 0;
}
