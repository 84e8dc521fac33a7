// SPDX-License-Identifier: Apache-2.0
/* mempolicy.c - linux.memoryPolicy: the NUMA policy of init, which every child inherits
 *
 * Owns:     the words of set_mempolicy(2).
 * Must not: judge which nodes exist: the kernel does.
 * Runs in:  init and exec'd processes.
 */
#include "process/process.h"

#include "base/sys.h"
#include "process/internal.h"

enum { MODE_DEFAULT = 0, MODE_LOCAL = 4 };

static const struct word modes[] = {
	{ "MPOL_DEFAULT", MODE_DEFAULT },
	{ "MPOL_PREFERRED", 1 },
	{ "MPOL_BIND", 2 },
	{ "MPOL_INTERLEAVE", 3 },
	{ "MPOL_LOCAL", MODE_LOCAL },
	{ "MPOL_PREFERRED_MANY", 5 },	   /* Linux 5.15 */
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 }, /* Linux 6.9 */
	{ NULL, 0 },
};

static const struct word flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1u << 13 }, /* Linux 5.12 */
	{ "MPOL_F_RELATIVE_NODES", 1u << 14 },
	{ "MPOL_F_STATIC_NODES", 1u << 15 },
	{ NULL, 0 },
};

int process_set_memory_policy(const struct oci_memory_policy *p, struct err *e)
{
	const struct word *mode;
	struct idlist nodes;
	unsigned long value;
	bool some = p->nodes && *p->nodes;

	if (!p->set)
		return 0;
	mode = word_find(modes, p->mode);
	if (!mode)
		return err_msg(e, "linux.memoryPolicy.mode: unknown mode \"%.64s\"", p->mode ? p->mode : "");
	value = mode->value;
	for (size_t i = 0; i < p->flags.n; i++) {
		const struct word *f = word_find(flags, p->flags.v[i]);

		if (!f)
			return err_msg(e, "linux.memoryPolicy.flags[%zu]: unknown flag \"%.64s\"", i, p->flags.v[i]);
		value |= f->value;
	}
	if (some && idlist_parse(p->nodes, &nodes, e) < 0)
		return err_prefix(e, "linux.memoryPolicy.nodes: invalid memory policy node");
	/* The two that take none; the kernel's answer would be a bare EINVAL. */
	if (some && (mode->value == MODE_DEFAULT || mode->value == MODE_LOCAL))
		return err_msg(e, "linux.memoryPolicy: %s: mode requires 0 nodes but got %zu", mode->name, idlist_count(&nodes));
	/* The count is one more than the bits looked at (a quirk as old as the call); the kernel refuses set bits above
	 * its own maximum and ignores clear ones. */
	if (sys_set_mempolicy((int)value, some ? nodes.bits : NULL, some ? nodes.top + 1 : 0) < 0)
		return err_sys(e, "linux.memoryPolicy: set %s, nodes \"%.64s\"%s", mode->name, some ? p->nodes : "",
			       errno == EINVAL ? " (a mode or flag that this kernel lacks, or nodes that do not fit the mode)" : "");
	return 0;
}
