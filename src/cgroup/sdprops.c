// SPDX-License-Identifier: Apache-2.0
/* sdprops.c - the properties of a container's scope, as data
 *
 * Owns:     which property stands for which limit; the text form of annotations.
 * Must not: talk to systemd (systemd.c does): so this can be tested anywhere.
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
#define ANNOTATION "org.systemd.property."

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

static struct sd_prop *add(struct sd_props *p, const char *name, enum sd_type type)
{
	p->v = xrealloc(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n] = (struct sd_prop){ .name = xstrdup(name), .type = type };
	return &p->v[p->n++];
}

static void add_number(struct sd_props *p, const char *name, enum sd_type type, uint64_t v)
{
	add(p, name, type)->number = v;
}

static void add_limit(struct sd_props *p, const char *name, uint64_t v)
{
	struct sd_prop *x = add(p, name, SD_U64);

	x->number = v;
	x->optional = true;
}

static void add_string(struct sd_props *p, const char *name, const char *v)
{
	add(p, name, SD_STRING)->string = xstrdup(v);
}

static void push_string(struct sd_prop *x, char *s)
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

/* --- annotations -------------------------------------------------------------------------- */

/* Set by us alone. An annotation can come from an image (podman up to 4.5), and these decide what
 * the container may do to whom. */
static const char *const reserved[] = { "BPFProgram", "Delegate", "DeviceAllow", "DevicePolicy",
					"PIDs",	      "PIDFDs",	  "Slice" };

static const struct {
	const char *word;
	enum sd_type type;
} number_types[] = {
	{ "int32 ", SD_I32 },
	{ "uint32 ", SD_U32 },
	{ "int64 ", SD_I64 },
	{ "uint64 ", SD_U64 },
};

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* A string in either quote, with backslashes. Moves *s behind it; heap, NULL if it is none. */
static char *quoted(const char **s)
{
	char quote = **s;
	autofree char *out = xcalloc(strlen(*s) + 1, 1);
	char *w = out;

	if (quote != '\'' && quote != '"')
		return NULL;
	for (const char *c = *s + 1; *c; c++) {
		if (*c == quote) {
			*s = c + 1;
			return steal_ptr(&out);
		}
		if (*c == '\\' && c[1])
			c++;
		*w++ = *c;
	}
	return NULL;
}

static int parse_strings(struct sd_prop *x, const char *s)
{
	x->type = SD_STRINGS;
	s = skip_blanks(s + 1);
	while (*s != ']') {
		char *item = quoted(&s);

		if (!item)
			return -1;
		push_string(x, item);
		s = skip_blanks(s);
		if (*s == ',')
			s = skip_blanks(s + 1);
		else if (*s != ']')
			return -1;
	}
	return *skip_blanks(s + 1) ? -1 : 0;
}

static int fits(enum sd_type type, int64_t v)
{
	switch (type) {
	case SD_U32:
		return v >= 0 && v <= UINT32_MAX;
	case SD_I32:
		return v >= INT32_MIN && v <= INT32_MAX;
	case SD_BOOL:
	case SD_U64:
	case SD_I64:
	case SD_STRING:
	case SD_STRINGS:
	case SD_BYTES:
	case SD_DEVICES:
	case SD_PIDS:
		break;
	}
	return 1;
}

static int parse_number(struct sd_prop *x, const char *s)
{
	int64_t v;

	x->type = SD_I32; /* GVariant's type of a bare number */
	for (size_t i = 0; i < ARRAY_SIZE(number_types); i++) {
		if (str_starts(s, number_types[i].word)) {
			x->type = number_types[i].type;
			s = skip_blanks(s + strlen(number_types[i].word));
			break;
		}
	}
	if (x->type == SD_U64)
		return str_to_u64(s, 10, UINT64_MAX, &x->number);
	if (str_to_i64(s, &v) < 0 || !fits(x->type, v))
		return -1;
	x->number = (uint64_t)v;
	return 0;
}

/* TimeoutStopSec=30 on a unit's page is TimeoutStopUSec in µs on the bus. */
static int seconds(struct sd_prop *x)
{
	size_t len = strlen(x->name);
	bool is_number =
		x->type == SD_I32 || x->type == SD_U32 || x->type == SD_I64 || x->type == SD_U64;

	if (!is_number || len < 4 || !str_eq(x->name + len - 3, "Sec") || x->name[len - 4] == 'U')
		return 0;
	if ((x->type != SD_U64 && (int64_t)x->number < 0) ||
	    __builtin_mul_overflow(x->number, 1000000u, &x->number))
		return -1;
	x->type = SD_U64;
	x->name = xrealloc(x->name, len + 2, 1);
	memcpy(x->name + len - 3, "USec", 5);
	return 0;
}

static int parse_value(struct sd_prop *x, const char *value)
{
	const char *s = skip_blanks(value);

	if (str_starts(s, "@as "))
		s = skip_blanks(s + 4);
	if (str_eq(s, "true") || str_eq(s, "false")) {
		x->type = SD_BOOL;
		x->number = *s == 't';
		return 0;
	}
	if (*s == '[')
		return parse_strings(x, s);
	if (*s == '\'' || *s == '"') {
		x->type = SD_STRING;
		x->string = quoted(&s);
		return x->string && !*skip_blanks(s) ? 0 : -1;
	}
	return parse_number(x, s) < 0 ? -1 : seconds(x);
}

static int check_name(const char *name, const char *key, struct err *e)
{
	size_t len = 0;

	while (isalpha((unsigned char)name[len]))
		len++;
	if (name[len] || len < 3)
		return err_text(e, EINVAL, "annotation %s: \"%s\" is no name of a systemd property",
				key, name);
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (str_eq(name, reserved[i]))
			return err_text(e, EINVAL,
					"annotation %s: this property is not for annotations", key);
	return 0;
}

int cg_sdprops_annotations(struct sd_props *p, const struct oci_map *annotations, struct err *e)
{
	for (size_t i = 0; annotations && i < annotations->n; i++) {
		const struct oci_pair *a = &annotations->v[i];
		const char *name = a->key + strlen(ANNOTATION);

		if (!str_starts(a->key, ANNOTATION))
			continue;
		if (check_name(name, a->key, e) < 0)
			return -1;
		if (parse_value(add(p, name, SD_STRING), a->value ? a->value : "") < 0)
			return err_text(e, EINVAL,
					"annotation %s: cannot read \"%s\" (a value is like true, "
					"'text', ['a', 'b'], uint64 5)",
					a->key, a->value);
	}
	return 0;
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
	x = add(p, name, SD_BYTES);
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
		push_string(x, name);
		push_string(x, xstrdup(strrchr(cg_devrule_text(&set->v[i], text), ' ') + 1));
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
	add(p, "DeviceAllow", SD_DEVICES);
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
