// SPDX-License-Identifier: Apache-2.0
/* device.h - device rules: read once, then made v1 file lines, a v2 program, or systemd's list */
#ifndef CGROUP_DEVICE_H
#define CGROUP_DEVICE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "oci/config.h"

enum { CG_DEV_MKNOD = 1, CG_DEV_READ = 2, CG_DEV_WRITE = 4, CG_DEV_ALL = 7 }; /* BPF_DEVCG_ACC_… */

#define CG_DEV_ANY (-1)

struct cg_devrule {
	bool allow;
	char type; /* 'c', 'b', or 'a' for both */
	int64_t major;
	int64_t minor; /* CG_DEV_ANY */
	unsigned int access;
};

/* An ordered list: for each kind of access the last rule that matches decides; none matches:
 * refused. */
struct cg_devrules {
	struct cg_devrule *v;
	size_t n;
};

/* The configured rules with the default devices behind them (so that they cannot be denied, as with
 * the other runtimes: a container without /dev/null works nowhere). */
int cg_devrules_read(const struct oci_resources *res, struct cg_devrules *out, struct err *e);
void cg_devrules_free(struct cg_devrules *r);

/* What v1 (and systemd) can express: one default and exceptions from it, which never overlap in
 * opposite senses. */
struct cg_devset {
	bool allow; /* the default */
	struct cg_devrule *v;
	size_t n;
};

/* Fails where an exception would have to punch a hole into a wider one: v1 ignores that silently.
 */
int cg_devset_make(const struct cg_devrules *r, struct cg_devset *out, struct err *e);
/* What devices.list says. */
int cg_devset_parse(const char *list, struct cg_devset *out, struct err *e);
void cg_devset_free(struct cg_devset *s);
/* "c 1:3 rwm". @buf of CG_DEVRULE_TEXT bytes. */
#define CG_DEVRULE_TEXT 64
const char *cg_devrule_text(const struct cg_devrule *r, char *buf);

/* devbpf.c. The program for v2: heap, *n instructions. */
struct bpf_insn *cg_devbpf_build(const struct cg_devrules *r, size_t *n);
/* Loads it and puts it on the cgroup, in place of an earlier one of ours without a gap. -1 with @e;
 * e->code tells what bpf(2) said. */
int cg_devbpf_attach(const char *dir, const struct bpf_insn *insns, size_t n, struct err *e);

#endif
