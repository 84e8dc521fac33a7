// SPDX-License-Identifier: Apache-2.0
/* scheduler.c - process.scheduler, process.ioPriority, cpu affinity, linux.personality
 *
 * Owns:     the words of these objects and their kernel numbers.
 * Runs in:  init and exec'd processes, before capabilities are given up: real-time classes need CAP_SYS_NICE.
 */
#include "process/process.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/personality.h>

#include "base/str.h"
#include "base/sys.h"
#include "process/internal.h"

enum { POL_OTHER = 0, POL_FIFO = 1, POL_RR = 2, POL_BATCH = 3, POL_ISO = 4, POL_IDLE = 5, POL_DEADLINE = 6 };

static const struct word policies[] = {
	{ "SCHED_OTHER", POL_OTHER }, { "SCHED_FIFO", POL_FIFO }, { "SCHED_RR", POL_RR },
	{ "SCHED_BATCH", POL_BATCH }, { "SCHED_ISO", POL_ISO },	  { "SCHED_IDLE", POL_IDLE },
	{ "SCHED_DEADLINE", POL_DEADLINE },
	{ NULL, 0 },
};

#define FLAG_UTIL_CLAMP_MIN 0x20
#define FLAG_UTIL_CLAMP_MAX 0x40

static const struct word flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 },
	{ "SCHED_FLAG_RECLAIM", 0x02 },
	{ "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 },
	{ "SCHED_FLAG_KEEP_PARAMS", 0x10 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", FLAG_UTIL_CLAMP_MIN },
	{ "SCHED_FLAG_UTIL_CLAMP_MAX", FLAG_UTIL_CLAMP_MAX },
	{ NULL, 0 },
};

static const struct word io_classes[] = {
	{ "IOPRIO_CLASS_RT", 1 }, { "IOPRIO_CLASS_BE", 2 }, { "IOPRIO_CLASS_IDLE", 3 },
	{ NULL, 0 },
};

static const struct word domains[] = {
	{ "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 },
	{ NULL, 0 },
};

/* sched(7): what the kernel would answer with a bare EINVAL. */
static int check_deadline(const struct oci_scheduler *s, struct err *e)
{
	const struct {
		const char *name;
		uint64_t v;
		bool may_be_zero;
	} t[] = { { "runtime", s->runtime, false }, { "deadline", s->deadline, false }, { "period", s->period, true } };

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (!(t[i].v == 0 && t[i].may_be_zero) && (t[i].v < 1024 || t[i].v > INT64_MAX))
			return err_msg(e, "process.scheduler.%s: SCHED_DEADLINE takes 1024 or more nanoseconds, not %" PRIu64,
				       t[i].name, t[i].v);
	if (s->runtime > s->deadline)
		return err_msg(e, "process.scheduler.runtime: %" PRIu64 " is above the deadline %" PRIu64, s->runtime,
			       s->deadline);
	if (s->period && s->deadline > s->period)
		return err_msg(e, "process.scheduler.deadline: %" PRIu64 " is above the period %" PRIu64, s->deadline,
			       s->period);
	return 0;
}

static int check_policy(const struct oci_scheduler *s, struct err *e)
{
	const struct word *pol = word_find(policies, s->policy);
	bool realtime;

	if (!pol)
		return err_msg(e, "process.scheduler.policy: unknown policy \"%.64s\"", s->policy ? s->policy : "");
	if (pol->value == POL_ISO)
		return err_msg(e, "process.scheduler.policy: no Linux kernel has SCHED_ISO");
	realtime = pol->value == POL_FIFO || pol->value == POL_RR;
	if (realtime ? s->priority < 1 || s->priority > 99 : s->priority != 0)
		return err_msg(e, "process.scheduler.priority: %" PRId32 "; %s takes %s", s->priority, pol->name,
			       realtime ? "1 to 99" : "0 only");
	if (s->nice < -20 || s->nice > 19)
		return err_msg(e, "process.scheduler.nice: %" PRId32 " is not from -20 to 19", s->nice);
	for (size_t i = 0; i < s->flags.n; i++)
		if (!word_find(flags, s->flags.v[i]))
			return err_msg(e, "process.scheduler.flags[%zu]: unknown flag \"%.64s\"", i, s->flags.v[i]);
	return pol->value == POL_DEADLINE ? check_deadline(s, e) : 0;
}

int scheduler_check(const struct oci_process *p, struct err *e)
{
	struct idlist ignored;

	if (p->scheduler.set && check_policy(&p->scheduler, e) < 0)
		return -1;
	if (p->io_priority.set) {
		const struct oci_io_priority *io = &p->io_priority;

		if (!word_find(io_classes, io->class_))
			return err_msg(e, "process.ioPriority.class: unknown class \"%.64s\"",
				       io->class_ ? io->class_ : "");
		if (io->priority < 0 || io->priority > 7)
			return err_msg(e, "process.ioPriority.priority: %" PRId32 " is not from 0 to 7", io->priority);
	}
	if (p->exec_cpu_affinity.initial && *p->exec_cpu_affinity.initial &&
	    idlist_parse(p->exec_cpu_affinity.initial, &ignored, e) < 0)
		return err_prefix(e, "process.execCPUAffinity.initial");
	if (p->exec_cpu_affinity.final && *p->exec_cpu_affinity.final &&
	    idlist_parse(p->exec_cpu_affinity.final, &ignored, e) < 0)
		return err_prefix(e, "process.execCPUAffinity.final");
	return 0;
}

int process_set_scheduler(const struct oci_process *p, struct err *e)
{
	const struct oci_scheduler *s = &p->scheduler;
	struct sys_sched_attr a = { .size = sizeof(a) };

	if (!s->set)
		return 0;
	if (check_policy(s, e) < 0) /* exec --process comes here with what create never saw */
		return -1;
	a.policy = (uint32_t)word_find(policies, s->policy)->value;
	a.nice = s->nice;
	a.priority = (uint32_t)s->priority;
	a.runtime = s->runtime;
	a.deadline = s->deadline;
	a.period = s->period;
	for (size_t i = 0; i < s->flags.n; i++)
		a.flags |= word_find(flags, s->flags.v[i])->value;
	/* The specification has the flags but not their values: the widest range, which clamps nothing. */
	a.util_min = 0;
	a.util_max = a.flags & FLAG_UTIL_CLAMP_MAX ? 1024 : 0;
	/* Linux before 5.3 knows 48 bytes and refuses (E2BIG) only what is not zero behind them. */
	if (sys_sched_setattr(&a) == 0)
		return 0;
	if (errno == EPERM && a.policy == POL_DEADLINE)
		return err_sys(e, "process.scheduler: set SCHED_DEADLINE (needs CAP_SYS_NICE, and every processor of the domain: "
			       "process scheduler can't be used together with AllowedCPUs, a cpuset)");
	return err_sys(e, "process.scheduler: set %s, nice %" PRId32 ", priority %" PRId32, s->policy, s->nice, s->priority);
}

int process_set_io_priority(const struct oci_process *p, struct err *e)
{
	const struct oci_io_priority *io = &p->io_priority;
	const struct word *class;

	if (!io->set)
		return 0;
	class = word_find(io_classes, io->class_);
	if (!class || io->priority < 0 || io->priority > 7)
		return err_msg(e, "process.ioPriority: \"%.64s\", %" PRId32 " is no I/O priority",
			       io->class_ ? io->class_ : "", io->priority);
	/* Which = 1: this process; children inherit it. Not the process group, although config.md speaks of it: that
	 * may still be the engine's. */
	if (sys_ioprio_set(1, 0, (int)(class->value << 13) | io->priority) < 0)
		return err_sys(e, "process.ioPriority: set %s, %" PRId32, io->class_, io->priority);
	return 0;
}

void process_reset_cpu_affinity(void)
{
	struct idlist all;

	memset(all.bits, 0xff, sizeof(all.bits));
	/* The kernel cuts it to the cpuset. A refusal (an outer seccomp profile) leaves what was there, as under the peers. */
	(void)sched_setaffinity(0, sizeof(all.bits), (const cpu_set_t *)all.bits);
}

int process_set_cpu_affinity(const char *list, struct err *e)
{
	struct idlist cpus;

	if (!list || !*list)
		return 0;
	if (idlist_parse(list, &cpus, e) < 0)
		return err_prefix(e, "process.execCPUAffinity");
	/* The kernel copies what it can hold and ignores the rest; idlist is as wide as any kernel. */
	if (sched_setaffinity(0, sizeof(cpus.bits), (const cpu_set_t *)cpus.bits) < 0)
		return err_sys(e, "process.execCPUAffinity: run on processors %.64s", list);
	return 0;
}

int process_set_personality(const struct oci_personality *p, struct err *e)
{
	const struct word *d;

	if (!p->set)
		return 0;
	d = word_find(domains, p->domain);
	if (!d)
		return err_msg(e, "linux.personality.domain: unknown domain \"%.64s\"", p->domain ? p->domain : "");
	if (p->flags.n)
		return err_msg(e, "linux.personality.flags[0]: \"%.64s\": the specification has no flags yet",
			       p->flags.v[0]);
	if (personality(d->value) < 0)
		return err_sys(e, "linux.personality: set %s", d->name);
	return 0;
}
