// SPDX-License-Identifier: Apache-2.0
/* stats.c - what "events --stats" prints
 *
 * Owns:     the statistics files of v1 and v2, in v1's units (nanoseconds, memory and swap
 *           together).
 * Must not: fail for a file that a kernel does not have: it stays 0.
 * Runs in:  events.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "cgroup/internal.h"

static uint64_t number(const char *dir, const char *file)
{
	uint64_t v;

	return cg_io_u64(dir, file, &v) == 0 ? v : 0;
}

static uint64_t key_of(const char *text, const char *key)
{
	uint64_t v = 0;

	if (text)
		cg_text_key(text, key, &v);
	return v;
}

static uint64_t key_in(const char *dir, const char *file, const char *key)
{
	autofree char *text = cg_io_slurp(dir, file);

	return key_of(text, key);
}

/* --- cpu ---------------------------------------------------------------------------------- */

static void cpuacct_v1(const char *dir, struct cgroup_stats *s)
{
	autofree char *stat = cg_io_slurp(dir, "cpuacct.stat");
	autofree char *each = cg_io_slurp(dir, "cpuacct.usage_percpu");
	uint64_t hz = (uint64_t)sysconf(_SC_CLK_TCK);
	char *p = each, *end;

	s->cpu_total_ns = number(dir, "cpuacct.usage");
	s->cpu_user_ns = key_of(stat, "user") * (1000000000 / hz);
	s->cpu_kernel_ns = key_of(stat, "system") * (1000000000 / hz);
	while (p && *p) {
		uint64_t v = strtoull(p, &end, 10);

		if (end == p)
			break;
		s->percpu_ns = xrealloc(s->percpu_ns, s->n_percpu + 1, sizeof(*s->percpu_ns));
		s->percpu_ns[s->n_percpu++] = v;
		p = end + strspn(end, " \n");
	}
}

static void cpu_v1(const char *dir, struct cgroup_stats *s)
{
	autofree char *stat = cg_io_slurp(dir, "cpu.stat");

	s->throttle_periods = key_of(stat, "nr_periods");
	s->throttled_periods = key_of(stat, "nr_throttled");
	s->throttled_ns = key_of(stat, "throttled_time");
}

/* There without the controller, too. */
static void cpu_v2(const char *dir, struct cgroup_stats *s)
{
	autofree char *stat = cg_io_slurp(dir, "cpu.stat");

	s->cpu_total_ns = key_of(stat, "usage_usec") * 1000;
	s->cpu_user_ns = key_of(stat, "user_usec") * 1000;
	s->cpu_kernel_ns = key_of(stat, "system_usec") * 1000;
	s->throttle_periods = key_of(stat, "nr_periods");
	s->throttled_periods = key_of(stat, "nr_throttled");
	s->throttled_ns = key_of(stat, "throttled_usec") * 1000;
}

/* --- memory ------------------------------------------------------------------------------- */

static void memory_v1(const char *dir, struct cgroup_stats *s)
{
	s->mem_raw = cg_io_slurp(dir, "memory.stat");
	s->mem_cache = key_of(s->mem_raw, "cache");
	s->mem_usage = number(dir, "memory.usage_in_bytes");
	s->mem_max_usage = number(dir, "memory.max_usage_in_bytes");
	s->mem_failcnt = number(dir, "memory.failcnt");
	s->mem_limit = number(dir, "memory.limit_in_bytes");
	s->swap_usage = number(dir, "memory.memsw.usage_in_bytes");
	s->swap_limit = number(dir, "memory.memsw.limit_in_bytes");
	s->kernel_usage = number(dir, "memory.kmem.usage_in_bytes");
	s->kernel_limit = number(dir, "memory.kmem.limit_in_bytes");
	s->oom_kills = key_in(dir, "memory.oom_control", "oom_kill");
}

static void memory_v2(const char *dir, struct cgroup_stats *s)
{
	autofree char *events = cg_io_slurp(dir, "memory.events");
	uint64_t swap_limit = number(dir, "memory.swap.max");

	s->mem_raw = cg_io_slurp(dir, "memory.stat");
	s->mem_cache = key_of(s->mem_raw, "file");
	s->mem_usage = number(dir, "memory.current");
	s->mem_max_usage = number(dir, "memory.peak"); /* Linux 5.19 */
	s->mem_failcnt = key_of(events, "max");
	s->mem_limit = number(dir, "memory.max");
	s->swap_usage = s->mem_usage + number(dir, "memory.swap.current");
	if (__builtin_add_overflow(s->mem_limit, swap_limit, &s->swap_limit))
		s->swap_limit = UINT64_MAX;
	s->kernel_usage = key_of(s->mem_raw, "kernel"); /* Linux 5.18 */
	s->oom_kills = key_of(events, "oom_kill");
}

/* --- io ----------------------------------------------------------------------------------- */

static void add_io(struct cgroup_io_stats *t, uint64_t major_, uint64_t minor_, const char *op,
		   uint64_t value)
{
	struct cgroup_io_stat *x;

	t->v = xrealloc(t->v, t->n + 1, sizeof(*t->v));
	x = &t->v[t->n++];
	*x = (struct cgroup_io_stat){ .major = major_, .minor = minor_, .value = value };
	snprintf(x->op, sizeof(x->op), "%.11s", op);
}

/* "8:0 Read 1282048" */
static bool io_v1_file(const char *dir, const char *file, struct cgroup_io_stats *t)
{
	autofree char *text = cg_io_slurp(dir, file);
	char *save = NULL;

	if (!text)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long major_, minor_, value;
		char op[12];

		if (sscanf(line, "%llu:%llu %11s %llu", &major_, &minor_, op, &value) == 4)
			add_io(t, major_, minor_, op, value);
	}
	return true;
}

/* BFQ counts what it schedules, the throttling layer everything; the first that has something to
 * say. */
static void io_v1(const char *dir, struct cgroup_stats *s)
{
	static const char *const files[][2] = {
		{ "blkio.bfq.io_service_bytes_recursive", "blkio.bfq.io_serviced_recursive" },
		{ "blkio.io_service_bytes_recursive", "blkio.io_serviced_recursive" },
		{ "blkio.throttle.io_service_bytes_recursive",
		  "blkio.throttle.io_serviced_recursive" },
		{ "blkio.throttle.io_service_bytes", "blkio.throttle.io_serviced" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files) && !s->io_bytes.n; i++)
		if (io_v1_file(dir, files[i][0], &s->io_bytes))
			io_v1_file(dir, files[i][1], &s->io_ops);
}

/* "8:0 rbytes=90112 wbytes=0 rios=22 wios=0 dbytes=0 dios=0" */
static void io_v2(const char *dir, struct cgroup_stats *s)
{
	static const struct {
		const char *key, *op;
		bool bytes;
	} keys[] = {
		{ "rbytes=", "Read", true },	{ "wbytes=", "Write", true },
		{ "dbytes=", "Discard", true }, { "rios=", "Read", false },
		{ "wios=", "Write", false },	{ "dios=", "Discard", false },
	};
	autofree char *text = cg_io_slurp(dir, "io.stat");
	char *save = NULL, *save2 = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		unsigned long long major_, minor_;

		if (sscanf(line, "%llu:%llu", &major_, &minor_) != 2)
			continue;
		for (char *w = strtok_r(line, " ", &save2); w; w = strtok_r(NULL, " ", &save2))
			for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
				if (str_starts(w, keys[i].key))
					add_io(keys[i].bytes ? &s->io_bytes : &s->io_ops, major_,
					       minor_, keys[i].op,
					       strtoull(w + strlen(keys[i].key), NULL, 10));
	}
}

/* --- huge pages --------------------------------------------------------------------------- */

/* "hugepages-2048kB" is "2MB" in the names of cgroup files. */
static bool page_size_name(const char *entry, char *out, size_t size)
{
	unsigned long long kb;
	char unit[4];

	if (sscanf(entry, "hugepages-%llu%3s", &kb, unit) != 2 || !str_eq(unit, "kB") || kb == 0)
		return false;
	if (kb >= 1 << 20)
		snprintf(out, size, "%lluGB", kb >> 20);
	else if (kb >= 1 << 10)
		snprintf(out, size, "%lluMB", kb >> 10);
	else
		snprintf(out, size, "%lluKB", kb);
	return true;
}

/* Reservations (Linux 5.7) where they are counted. */
static bool hugetlb_one(const struct cg_dir *d, const char *size, const char *rsvd,
			struct cgroup_hugetlb_stat *x)
{
	char file[64];

	snprintf(file, sizeof(file), "hugetlb.%s%s.%s", size, rsvd,
		 d->v2 ? "current" : "usage_in_bytes");
	if (cg_io_u64(d->path, file, &x->usage) < 0)
		return false;
	if (d->v2) {
		snprintf(file, sizeof(file), "hugetlb.%s.events", size);
		x->failcnt = key_in(d->path, file, "max");
		return true;
	}
	snprintf(file, sizeof(file), "hugetlb.%s%s.max_usage_in_bytes", size, rsvd);
	x->max = number(d->path, file);
	snprintf(file, sizeof(file), "hugetlb.%s%s.failcnt", size, rsvd);
	x->failcnt = number(d->path, file);
	return true;
}

static void hugetlb(const struct cg_dir *d, struct cgroup_stats *s)
{
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	struct dirent *de;

	while (dir && (de = readdir(dir))) {
		struct cgroup_hugetlb_stat x = { 0 };

		if (!page_size_name(de->d_name, x.page_size, sizeof(x.page_size)))
			continue;
		if (!hugetlb_one(d, x.page_size, ".rsvd", &x) &&
		    !hugetlb_one(d, x.page_size, "", &x))
			continue;
		s->hugetlb = xrealloc(s->hugetlb, s->n_hugetlb + 1, sizeof(*s->hugetlb));
		s->hugetlb[s->n_hugetlb++] = x;
	}
	if (dir)
		closedir(dir);
}

/* --- all ---------------------------------------------------------------------------------- */

static void pids(const char *dir, struct cgroup_stats *s)
{
	uint64_t limit = number(dir, "pids.max");

	s->pids_current = number(dir, "pids.current");
	s->pids_limit = limit == UINT64_MAX ? 0 : limit;
}

static void count_pids(const struct cgroup *cg, struct cgroup_stats *s)
{
	pid_t *v;
	size_t n;

	if (cgroup_pids(cg, &v, &n, NULL) == 0) {
		s->pids_current = n;
		free(v);
	}
}

/* In the order in which they may overwrite each other: v2's cpu.stat has all that cpu and cpuacct
 * have. */
static const struct {
	enum cg_controller controller;
	void (*v1)(const char *dir, struct cgroup_stats *s);
	void (*v2)(const char *dir, struct cgroup_stats *s);
} readers[] = {
	{ CG_CPUACCT, cpuacct_v1, cpu_v2 },
	{ CG_CPU, cpu_v1, NULL },
	{ CG_MEMORY, memory_v1, memory_v2 },
	{ CG_BLKIO, io_v1, io_v2 },
	{ CG_PIDS, pids, pids },
};

static const struct cg_dir *v1_with(const struct cgroup *cg, enum cg_controller c)
{
	const struct cg_dir *d = cg_dir_with(cg, c);

	return d && !d->v2 ? d : NULL;
}

static void read_all(const struct cgroup *cg, struct cgroup_stats *s)
{
	const struct cg_dir *v2 = cg_dir_v2(cg);
	const struct cg_dir *huge = v1_with(cg, CG_HUGETLB);

	/* What v1 does not have v2 may have (a kernel without CONFIG_MEMCG_V1 in the hybrid
	 * layout).
	 */
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		const struct cg_dir *v1 = v1_with(cg, readers[i].controller);

		if (v1)
			readers[i].v1(v1->path, s);
		else if (v2 && readers[i].v2)
			readers[i].v2(v2->path, s);
	}
	if (huge || v2)
		hugetlb(huge ? huge : v2, s);
}

int cgroup_get_stats(const struct cgroup *cg, struct cgroup_stats *out, struct err *e)
{
	const struct cg_dir *members = cg_dir_members(cg);

	*out = (struct cgroup_stats){ 0 };
	if (!members)
		return err_text(e, EOPNOTSUPP,
				"the container has no cgroup to take statistics from");
	if (access(members->path, F_OK) < 0)
		return err_text(e, errno, "the cgroup %s is gone", members->path);
	read_all(cg, out);
	if (!out->pids_current)
		count_pids(cg, out);
	return 0;
}

void cgroup_stats_free(struct cgroup_stats *s)
{
	free(s->percpu_ns);
	free(s->io_bytes.v);
	free(s->io_ops.v);
	free(s->hugetlb);
	free(s->mem_raw);
	*s = (struct cgroup_stats){ 0 };
}
