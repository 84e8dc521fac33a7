// SPDX-License-Identifier: Apache-2.0
/* profile_ask.c - what a compiled profile answers to a system call whose arguments are not known
 *
 * Owns:     the walk through the program: the number and the architecture are known, everything else is not.
 * Must not: allocate or make a system call: init asks behind the profile.
 * Runs in:  create, exec, start and init.
 */
#include <linux/seccomp.h>
#include <stddef.h>

#include "confine/profile_internal.h"

struct machine {
	uint32_t a; /* the accumulator */
	uint32_t nr, arch;
};

/* False: it depends on an argument, or is an instruction that libseccomp does not make. */
static bool load(struct machine *m, const struct sock_filter *f)
{
	if (f->code != (BPF_LD | BPF_W | BPF_ABS))
		return false;
	if (f->k == offsetof(struct seccomp_data, nr))
		m->a = m->nr;
	else if (f->k == offsetof(struct seccomp_data, arch))
		m->a = m->arch;
	else
		return false;
	return true;
}

static bool jump(const struct machine *m, const struct sock_filter *f, unsigned int *pc)
{
	bool yes;

	switch (f->code) {
	case BPF_JMP | BPF_JA:
		*pc += f->k;
		return true;
	case BPF_JMP | BPF_JEQ | BPF_K:
		yes = m->a == f->k;
		break;
	case BPF_JMP | BPF_JGT | BPF_K:
		yes = m->a > f->k;
		break;
	case BPF_JMP | BPF_JGE | BPF_K:
		yes = m->a >= f->k;
		break;
	case BPF_JMP | BPF_JSET | BPF_K:
		yes = m->a & f->k;
		break;
	default:
		return false;
	}
	*pc += yes ? f->jt : f->jf;
	return true;
}

uint32_t profile_ask(const struct profile_program *p, int nr)
{
	struct machine m = { .nr = (uint32_t)nr, .arch = seccomp_arch_native() };

	for (unsigned int pc = 0; pc < p->len; pc++) {
		const struct sock_filter *f = &p->insns[pc];

		if (f->code == (BPF_RET | BPF_K))
			return f->k;
		if (BPF_CLASS(f->code) == BPF_JMP ? !jump(&m, f, &pc) : !load(&m, f))
			break;
	}
	return PROFILE_DEPENDS;
}
