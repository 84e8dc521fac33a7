// SPDX-License-Identifier: Apache-2.0
/* profile_compile.c - an OCI seccomp profile to BPF
 *
 * Owns:     what the profile's rules mean to libseccomp; the ENOSYS stub in front of its program.
 * Must not: load anything.
 * Runs in:  create, exec.
 *
 * The ENOSYS stub. A profile that denies by default answers EPERM to system calls that are newer than itself. C
 * libraries and Go try new calls first (clone3, faccessat2, …) and fall back on ENOSYS only: with EPERM such an image
 * breaks on an older profile. So, as runc does since 1.0.0-rc93: calls above the highest number that the profile names
 * (in any rule) for that architecture give ENOSYS before the profile is asked. Not more open: they are refused
 * either way. Profiles that answer ENOSYS by default themselves, or allow, log or trace, need none.
 */
#include "confine/profile_internal.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "confine/confine.h"

#define MAX_ARCHS 32
#define X32_BIT 0x40000000u
/* From here on a binary tree over the system call numbers is faster than a list. 2.5.4 and before get it wrong for
 * a filter without rules. */
#define TREE_FROM_RULES 32

static void release(scmp_filter_ctx *ctx)
{
	if (*ctx)
		seccomp_release(*ctx);
}

struct arch_set {
	uint32_t token[MAX_ARCHS];
	size_t n;
};

static void arch_set_add(struct arch_set *set, uint32_t token)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->token[i] == token)
			return;
	if (set->n < MAX_ARCHS)
		set->token[set->n++] = token;
}

static int add_archs(scmp_filter_ctx ctx, const struct oci_seccomp *s, struct arch_set *set, struct err *e)
{
	/* Always: seccomp_init() puts it in, and Docker's profile for some machines forgets it. */
	arch_set_add(set, seccomp_arch_native());
	for (size_t i = 0; i < s->architectures.n; i++) {
		const char *name = s->architectures.v[i];
		uint32_t token;
		int r;

		if (profile_arch(name, &token) < 0)
			return err_msg(e, "linux.seccomp.architectures[%zu]: unknown architecture \"%.64s\"", i, name);
		/* This library does not know it, or (EDOM) it has the other byte order: no program of that kind can run
		 * here, and if one could it would be killed, as from every architecture that is not listed. */
		r = token ? seccomp_arch_add(ctx, token) : -EDOM;
		if (r == -EDOM) {
			log_debug("linux.seccomp.architectures[%zu]: %s is passed over", i, name);
			continue;
		}
		if (r < 0 && r != -EEXIST)
			return err_set(e, -r, "linux.seccomp.architectures[%zu]: add %s", i, name);
		arch_set_add(set, token);
	}
	return 0;
}

/* --- rules ----------------------------------------------------------------------------------------------- */

struct rule {
	uint32_t action;
	struct scmp_arg_cmp *cmp;
	size_t n_cmp;
	bool one_by_one; /* each comparison is a rule of its own */
};

/* Fills @r->cmp, which the caller frees. */
static int read_args(const struct oci_seccomp_syscall *call, size_t nth, struct rule *r, struct err *e)
{
	unsigned int used = 0;

	r->cmp = xcalloc(call->n_args, sizeof(*r->cmp));
	r->n_cmp = call->n_args;
	for (size_t i = 0; i < call->n_args; i++) {
		const struct oci_seccomp_arg *a = &call->args[i];

		if (a->index >= PROFILE_ARGS)
			return err_msg(e, "linux.seccomp.syscalls[%zu].args[%zu].index: %u is not from 0 to 5", nth, i,
				       a->index);
		r->cmp[i].arg = a->index;
		/* MASKED_EQ: value is the mask, valueTwo what is to remain. Others take no notice of the second. */
		r->cmp[i].datum_a = a->value;
		r->cmp[i].datum_b = a->value_two;
		if (profile_operator(a->op, &r->cmp[i].op) < 0)
			return err_msg(e, "linux.seccomp.syscalls[%zu].args[%zu].op: unknown operator \"%.64s\"", nth, i,
				       a->op ? a->op : "");
		/* libseccomp takes one comparison for each argument. Profiles that have two on the same one (Docker's
		 * once did, for clone) mean "or": so runc and crun read them, and so do we. */
		if (used & 1u << a->index)
			r->one_by_one = true;
		used |= 1u << a->index;
	}
	return 0;
}

static int add_rule(scmp_filter_ctx ctx, struct profile_seen *seen, const struct rule *r, int nr, const char *name, size_t nth,
		    struct err *e)
{
	size_t step = r->one_by_one ? 1 : r->n_cmp;
	size_t i = 0;

	do {
		bool is_new = profile_seen_add(seen, r->action, nr, r->cmp + i, step);
		int ret = is_new ? seccomp_rule_add_array(ctx, r->action, nr, (unsigned int)step, r->cmp + i) : 0;

		if (seen->conditions > BPF_MAXINSNS)
			return err_msg(e, "linux.seccomp.syscalls[%zu]: the profile has more than %d conditions on arguments; the "
				       "kernel takes %d instructions", nth, BPF_MAXINSNS, BPF_MAXINSNS);
		if (ret == -EEXIST)
			return err_msg(e, "linux.seccomp.syscalls[%zu]: %s has two rules with the same condition and "
				       "different actions", nth, name);
		if (ret < 0)
			return err_set(e, -ret, "linux.seccomp.syscalls[%zu]: add the rule for %s", nth, name);
		i += step;
	} while (i < r->n_cmp);
	return 0;
}

/* One entry of syscalls[]. Returns the number of rules it became, or -1. */
static int add_entry(scmp_filter_ctx ctx, struct profile_seen *seen, const struct oci_seccomp *s, size_t nth,
		     uint32_t default_action, struct err *e)
{
	const struct oci_seccomp_syscall *call = &s->syscalls[nth];
	struct rule r = { 0 };
	autofree struct scmp_arg_cmp *cmp = NULL;
	char where[64];
	int count = 0, ret;

	snprintf(where, sizeof(where), "linux.seccomp.syscalls[%zu].action", nth);
	if (profile_action(call->action, &call->errno_ret, where, &r.action, e) < 0)
		return -1;
	ret = read_args(call, nth, &r, e);
	cmp = r.cmp;
	if (ret < 0)
		return -1;
	/* libseccomp refuses a rule that says what happens anyway (EACCES). */
	if (r.action == default_action)
		return 0;
	for (size_t i = 0; i < call->names.n; i++) {
		int nr = seccomp_syscall_resolve_name(call->names.v[i]);

		/* Newer than the library, or misspelt: nobody can tell, and engines ship one profile for all. The default
		 * action holds. */
		if (nr == __NR_SCMP_ERROR) {
			log_debug("linux.seccomp.syscalls[%zu]: unknown system call %.64s is passed over", nth,
				  call->names.v[i]);
			continue;
		}
		if (add_rule(ctx, seen, &r, nr, call->names.v[i], nth, e) < 0)
			return -1;
		count++;
	}
	return count;
}

int confine_profile_check_names(const struct oci_seccomp *s, struct err *e)
{
	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; k < s->syscalls[i].names.n; k++)
			if (seccomp_syscall_resolve_name(s->syscalls[i].names.v[k]) == __NR_SCMP_ERROR)
				return err_msg(e, "linux.seccomp.syscalls[%zu].names[%zu]: unknown system call \"%.64s\"", i, k,
					       s->syscalls[i].names.v[k]);
	return 0;
}

/* --- the ENOSYS stub -------------------------------------------------------------------------------------- */

static void emit(struct profile_program *p, struct sock_filter insn)
{
	p->insns[p->len++] = insn;
}

static bool permissive(uint32_t action)
{
	/* A tracer answers for itself. */
	return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG ||
	       (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_TRACE;
}

/* The highest system call number of @arch that the profile names; -1 if it names none. */
static int64_t highest_number(const struct oci_seccomp *s, uint32_t arch)
{
	int64_t top = -1;

	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; k < s->syscalls[i].names.n; k++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, s->syscalls[i].names.v[k]);

			/* Negative: not on this architecture. */
			if (nr > top)
				top = nr;
		}
	return top;
}

/* "number above @top → ENOSYS; else leave the stub": 3 instructions. The jump is completed by make_stub(). */
#define STEP_LEN 3

static void emit_step(struct profile_program *p, uint32_t top)
{
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, top, 0, 1));
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SCMP_ACT_ERRNO(ENOSYS)));
	emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
}

/* One architecture. x32 shares x86_64's and is told apart by a bit in the number: @x32_top -1 if it is not in the profile
 * (the profile itself then kills such calls). */
static void emit_arch(struct profile_program *p, uint32_t arch, int64_t top, int64_t x32_top)
{
	unsigned short start = p->len;

	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, 0)); /* jf: see below */
	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
#ifdef __s390__
	/* Calls that the kernel does not know arrive as number 0 there. setup(2) itself is long gone. */
	emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1));
	emit(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SCMP_ACT_ERRNO(ENOSYS)));
#endif
	if (arch == SCMP_ARCH_X86_64)
		emit(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, top >= 0 ? STEP_LEN : 1, 0));
	if (top >= 0)
		emit_step(p, (uint32_t)top);
	else
		emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	if (arch == SCMP_ARCH_X86_64) {
		if (x32_top >= 0)
			emit_step(p, (uint32_t)x32_top);
		else
			emit(p, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	}
	p->insns[start].jf = (unsigned char)(p->len - start - 1);
}

static void make_stub(const struct oci_seccomp *s, const struct arch_set *archs, struct profile_program *p)
{
	bool x86_64_done = false;

	emit(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	for (size_t i = 0; i < archs->n; i++) {
		uint32_t arch = archs->token[i];
		int64_t top, x32_top = -1;

		/* Either of the two stands for both. */
		if (arch == SCMP_ARCH_X86_64 || arch == SCMP_ARCH_X32) {
			if (x86_64_done)
				continue;
			x86_64_done = true;
			top = -1;
			for (size_t k = 0; k < archs->n; k++) {
				if (archs->token[k] == SCMP_ARCH_X86_64)
					top = highest_number(s, SCMP_ARCH_X86_64);
				else if (archs->token[k] == SCMP_ARCH_X32)
					x32_top = highest_number(s, SCMP_ARCH_X32);
			}
			if (top >= 0 || x32_top >= 0)
				emit_arch(p, SCMP_ARCH_X86_64, top, x32_top);
			continue;
		}
		/* Elsewhere libseccomp's token is the kernel's AUDIT_ARCH. */
		top = highest_number(s, arch);
		if (top >= 0)
			emit_arch(p, arch, top, -1);
	}
	/* The open jumps: to the first instruction behind the stub. */
	for (unsigned short i = 0; i < p->len; i++)
		if (p->insns[i].code == (BPF_JMP | BPF_JA))
			p->insns[i].k = (uint32_t)(p->len - i - 1);
}

/* --- all together ------------------------------------------------------------------------------------------ */

static int export(scmp_filter_ctx ctx, struct profile_program *out, struct err *e)
{
	autofd fd = memfd_create("seccomp", MFD_CLOEXEC);
	size_t room = (BPF_MAXINSNS - out->len) * sizeof(out->insns[0]);
	off_t size;
	ssize_t n;
	int r;

	if (fd < 0)
		return err_sys(e, "make a memory file for the seccomp program");
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return err_set(e, -r, "linux.seccomp: translate the profile");
	size = lseek(fd, 0, SEEK_END);
	if (size < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the seccomp program");
	if ((size_t)size > room)
		return err_msg(e, "linux.seccomp: the profile becomes %zu instructions; the kernel takes %d",
			       out->len + (size_t)size / sizeof(out->insns[0]), BPF_MAXINSNS);
	n = fd_read_all(fd, out->insns + out->len, (size_t)size);
	if (n != size || n % (ssize_t)sizeof(out->insns[0]))
		return err_msg(e, "read the seccomp program: cut short");
	out->len = (unsigned short)(out->len + (size_t)n / sizeof(out->insns[0]));
	return 0;
}

int profile_compile(const struct oci_seccomp *s, struct profile_program *out, struct err *e)
{
	__attribute__((cleanup(release))) scmp_filter_ctx ctx = NULL;
	__attribute__((cleanup(profile_seen_free))) struct profile_seen seen = { 0 };
	struct arch_set archs = { .n = 0 };
	uint32_t action;
	long rules = 0;

	out->len = 0;
	if (profile_action(s->default_action, &s->default_errno_ret, "linux.seccomp.defaultAction", &action, e) < 0)
		return -1;
	ctx = seccomp_init(action);
	if (!ctx)
		return err_msg(e, "linux.seccomp.defaultAction: the kernel or libseccomp cannot do %s", s->default_action);
	if (add_archs(ctx, s, &archs, e) < 0)
		return -1;
	for (size_t i = 0; i < s->n_syscalls; i++) {
		int n = add_entry(ctx, &seen, s, i, action, e);

		if (n < 0)
			return -1;
		rules += n;
	}
	/* libseccomp 2.5. Only speed: its refusal is no error. */
	if (rules > TREE_FROM_RULES)
		(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!permissive(action) && action != SCMP_ACT_ERRNO(ENOSYS))
		make_stub(s, &archs, out);
	return export(ctx, out, e);
}
