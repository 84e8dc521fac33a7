// SPDX-License-Identifier: Apache-2.0
/* devbpf.c - device rules as a BPF program on a v2 cgroup
 *
 * Owns:     the program and its exchange for a newer one.
 * Must not: touch programs that others attached (systemd has its own for DeviceAllow; an outer
 *           runtime may have one): ours are known by their name.
 * Runs in:  create and update, with CAP_BPF or CAP_SYS_ADMIN in the initial user namespace.
 *
 * The kernel calls the program with what is wanted: kind of device, kinds of access (a set),
 * major, minor. The rules are tried from the last to the first. One that matches takes the
 * accesses it speaks of out of the wanted set: if it allows, the rest goes on to earlier rules,
 * and an empty rest is a yes; if it denies, any hit is a no. So each access is decided by the last
 * rule that names it, also where two rules grant one each. What is left at the end is refused.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "cgroup/device.h"

_Static_assert((int)CG_DEV_MKNOD == (int)BPF_DEVCG_ACC_MKNOD &&
		       (int)CG_DEV_READ == (int)BPF_DEVCG_ACC_READ &&
		       (int)CG_DEV_WRITE == (int)BPF_DEVCG_ACC_WRITE,
	       "access bits are the kernel's");

/* At most 15 bytes, letters, digits, '_' and '.'. */
#define PROG_NAME "sandrun_devices"

enum {
	R_RET = BPF_REG_0,
	R_CTX = BPF_REG_1,
	R_TMP = BPF_REG_1,
	R_TYPE,
	R_WANTED,
	R_MAJOR,
	R_MINOR
};

struct prog {
	struct bpf_insn *v;
	size_t n, cap;
};

static void emit(struct prog *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 256;
		p->v = xrealloc(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 15u, .src_reg = src & 15u, .off = off, .imm = imm
	};
}

static void emit_return(struct prog *p, int value)
{
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, R_RET, 0, 0, value);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Jumps emitted from here on with offset 0 go behind the rule; fixed up when its length is known.
 */
static void emit_skip(struct prog *p, uint8_t op, uint8_t reg, int32_t imm)
{
	emit(p, BPF_JMP | op | BPF_K, reg, 0, 0, imm);
}

static void fix_skips(struct prog *p, size_t from)
{
	for (size_t i = from; i < p->n; i++)
		if (BPF_CLASS(p->v[i].code) == BPF_JMP && BPF_OP(p->v[i].code) != BPF_EXIT)
			p->v[i].off = (int16_t)(p->n - i - 1);
}

static void emit_rule(struct prog *p, const struct cg_devrule *r)
{
	size_t start = p->n;

	if (r->type != 'a')
		emit_skip(p, BPF_JNE, R_TYPE,
			  r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (r->major != CG_DEV_ANY)
		emit_skip(p, BPF_JNE, R_MAJOR, (int32_t)r->major);
	if (r->minor != CG_DEV_ANY)
		emit_skip(p, BPF_JNE, R_MINOR, (int32_t)r->minor);
	if (r->access != CG_DEV_ALL && r->allow) {
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_WANTED, 0, 0, (int32_t)~r->access);
		emit_skip(p, BPF_JNE, R_WANTED, 0);
	} else if (r->access != CG_DEV_ALL) {
		emit(p, BPF_ALU64 | BPF_MOV | BPF_X, R_TMP, R_WANTED, 0, 0);
		emit(p, BPF_ALU64 | BPF_AND | BPF_K, R_TMP, 0, 0, (int32_t)r->access);
		emit_skip(p, BPF_JEQ, R_TMP, 0);
	}
	emit_return(p, r->allow);
	fix_skips(p, start);
}

struct bpf_insn *cg_devbpf_build(const struct cg_devrules *r, size_t *n)
{
	struct prog p = { 0 };

	/* struct bpf_cgroup_dev_ctx: u32 access_type (access << 16 | type), u32 major, u32 minor */
	emit(&p, BPF_LDX | BPF_MEM | BPF_W, R_TYPE, R_CTX, 0, 0);
	emit(&p, BPF_ALU64 | BPF_MOV | BPF_X, R_WANTED, R_TYPE, 0, 0);
	emit(&p, BPF_ALU64 | BPF_AND | BPF_K, R_TYPE, 0, 0, 0xffff);
	emit(&p, BPF_ALU64 | BPF_RSH | BPF_K, R_WANTED, 0, 0, 16);
	emit(&p, BPF_LDX | BPF_MEM | BPF_W, R_MAJOR, R_CTX, 4, 0);
	emit(&p, BPF_LDX | BPF_MEM | BPF_W, R_MINOR, R_CTX, 8, 0);
	for (size_t i = r->n; i-- > 0;) {
		const struct cg_devrule *x = &r->v[i];

		if (x->access == 0)
			continue;
		/* A dev_t has 12 bits of major and 20 of minor: nothing matches, and the comparison
		 * is with a signed number. */
		if (x->major > INT32_MAX || x->minor > INT32_MAX)
			continue;
		emit_rule(&p, x);
		/* This one always decides. Old verifiers refuse code that cannot be reached. */
		if (x->type == 'a' && x->major == CG_DEV_ANY && x->minor == CG_DEV_ANY &&
		    x->access == CG_DEV_ALL) {
			*n = p.n;
			return p.v;
		}
	}
	emit_return(&p, 0);
	*n = p.n;
	return p.v;
}

/* --- the kernel side ---------------------------------------------------------------------- */

static uint64_t ptr(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int load(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr a = { 0 };

	a.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.insns = ptr(insns);
	a.insn_cnt = (uint32_t)n;
	a.license = ptr("Apache-2.0");
	memcpy(a.prog_name, PROG_NAME, sizeof(PROG_NAME));
	return sys_bpf(BPF_PROG_LOAD, &a, sizeof(a));
}

/* Before Linux 5.11 programs count against RLIMIT_MEMLOCK, 64 KiB by default. */
static int load_with_memlock(const struct bpf_insn *insns, size_t n)
{
	struct rlimit old, wide = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = load(insns, n);

	if (fd >= 0 || errno != EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0)
		return fd;
	if (setrlimit(RLIMIT_MEMLOCK, &wide) < 0) {
		errno = EPERM;
		return -1;
	}
	fd = load(insns, n);
	setrlimit(RLIMIT_MEMLOCK,
		  &old); /* children inherit it; a failure to lower it back harms nothing */
	return fd;
}

static int by_id(uint32_t id)
{
	union bpf_attr a = { 0 };

	a.prog_id = id;
	return sys_bpf(BPF_PROG_GET_FD_BY_ID, &a, sizeof(a));
}

static bool is_ours(int fd)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr a = { 0 };

	a.info.bpf_fd = (uint32_t)fd;
	a.info.info_len = sizeof(info);
	a.info.info = ptr(&info);
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &a, sizeof(a)) == 0 && str_eq(info.name, PROG_NAME);
}

/* The kernel's limit for one cgroup is 64. */
#define ATTACHED_MAX 64

static size_t attached(int cgroup, uint32_t *ids)
{
	union bpf_attr a = { 0 };

	a.query.target_fd = (uint32_t)cgroup;
	a.query.attach_type = BPF_CGROUP_DEVICE;
	a.query.prog_ids = ptr(ids);
	a.query.prog_cnt = ATTACHED_MAX;
	/* A failure (Linux before 4.15 has no query) means that we cannot know: then nothing is
	 * replaced, only added, and two programs allow what both allow. */
	return sys_bpf(BPF_PROG_QUERY, &a, sizeof(a)) < 0 ? 0 : a.query.prog_cnt;
}

static int attach(int cgroup, int prog, int replace)
{
	union bpf_attr a = { 0 };

	a.target_fd = (uint32_t)cgroup;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	/* MULTI: others keep theirs beside ours, and so can cgroups below. */
	a.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace >= 0) {
		a.attach_flags |= BPF_F_REPLACE;
		a.replace_bpf_fd = (uint32_t)replace;
	}
	return sys_bpf(BPF_PROG_ATTACH, &a, sizeof(a));
}

static void detach(int cgroup, int prog)
{
	union bpf_attr a = { 0 };

	a.target_fd = (uint32_t)cgroup;
	a.attach_bpf_fd = (uint32_t)prog;
	a.attach_type = BPF_CGROUP_DEVICE;
	sys_bpf(BPF_PROG_DETACH, &a, sizeof(a));
}

/* Swaps the first of ours atomically (Linux 5.6); where the kernel cannot, the new one is added
 * first and the old one taken away then: in between both must allow, so there is no moment without
 * a filter. */
static int attach_instead(int cgroup, int prog)
{
	uint32_t ids[ATTACHED_MAX];
	size_t n = attached(cgroup, ids);
	bool done = false;

	for (size_t i = 0; i < n; i++) {
		autofd old = by_id(ids[i]);

		if (old < 0 || !is_ours(old))
			continue;
		if (!done) {
			if (attach(cgroup, prog, old) == 0) {
				done = true;
				continue;
			}
			/* ENOENT: somebody else's update took it away meanwhile. */
			if (errno != EINVAL && errno != ENOENT)
				return -1;
			if (attach(cgroup, prog, -1) < 0)
				return -1;
			done = true;
		}
		detach(cgroup, old);
	}
	return done ? 0 : attach(cgroup, prog, -1);
}

int cg_devbpf_attach(const char *dir, const struct bpf_insn *insns, size_t n, struct err *e)
{
	autofd cgroup = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd prog = -1;

	if (cgroup < 0)
		return err_sys(e, "linux.resources.devices: open %s", dir);
	prog = load_with_memlock(insns, n);
	if (prog < 0)
		return err_sys(
			e, "linux.resources.devices: load the BPF program that filters devices");
	if (attach_instead(cgroup, prog) < 0)
		return err_sys(e, "linux.resources.devices: attach the BPF program to %s", dir);
	return 0;
}
