// SPDX-License-Identifier: Apache-2.0
/* device.c - device rules: which devices the container may open and make
 *
 * Owns:     the rule list with its defaults, its v1 form, and writing it to devices.allow and
 *           devices.deny.
 * Must not: make device nodes (rootfs does).
 * Runs in:  create and update, with host privileges. In a user namespace the kernel refuses; that
 *           is no error for a rootless container, which could not open such a device anyway.
 */
#include "cgroup/device.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cgroup/internal.h"

/* What every container gets, whatever its list says: mknod of anything (opening it is another
 * matter), and the devices of config-linux.md, "Default Devices". 10:200 is /dev/net/tun: runc
 * dropped it once, and VPN containers broke under engines that have no way to ask for it. */
static const struct cg_devrule default_rules[] = {
	{ true, 'c', CG_DEV_ANY, CG_DEV_ANY, CG_DEV_MKNOD },
	{ true, 'b', CG_DEV_ANY, CG_DEV_ANY, CG_DEV_MKNOD },
	{ true, 'c', 1, 3, CG_DEV_ALL },	    /* null */
	{ true, 'c', 1, 5, CG_DEV_ALL },	    /* zero */
	{ true, 'c', 1, 7, CG_DEV_ALL },	    /* full */
	{ true, 'c', 1, 8, CG_DEV_ALL },	    /* random */
	{ true, 'c', 1, 9, CG_DEV_ALL },	    /* urandom */
	{ true, 'c', 5, 0, CG_DEV_ALL },	    /* tty */
	{ true, 'c', 5, 1, CG_DEV_ALL },	    /* console */
	{ true, 'c', 5, 2, CG_DEV_ALL },	    /* ptmx */
	{ true, 'c', 136, CG_DEV_ANY, CG_DEV_ALL }, /* pts */
	{ true, 'c', 10, 200, CG_DEV_ALL },	    /* net/tun */
};

static int read_access(const char *s, unsigned int *access)
{
	*access = 0;
	for (; *s; s++) {
		if (*s == 'r')
			*access |= CG_DEV_READ;
		else if (*s == 'w')
			*access |= CG_DEV_WRITE;
		else if (*s == 'm')
			*access |= CG_DEV_MKNOD;
		else
			return -1;
	}
	return 0;
}

static int64_t number(const struct oci_opt_i64 *n)
{
	/* Docker writes -1 for "any". */
	return n->set && n->v >= 0 ? n->v : CG_DEV_ANY;
}

static int read_rule(const struct oci_device_rule *in, size_t i, struct cg_devrule *out,
		     struct err *e)
{
	const char *type = in->type && *in->type ? in->type : "a";
	const char *access = in->access ? in->access : "";

	if (strlen(type) != 1 || !strchr("abc", *type))
		return err_text(e, EINVAL,
				"linux.resources.devices[%zu].type: \"%s\" is none of a, b, c", i,
				type);
	*out = (struct cg_devrule){ in->allow, *type, number(&in->major), number(&in->minor),
				    CG_DEV_ALL };
	if (out->major > UINT32_MAX || out->minor > UINT32_MAX)
		return err_text(e, ERANGE, "linux.resources.devices[%zu]: a device number above %u",
				i, UINT32_MAX);
	if (!*access) {
		/* Refusing without saying what is refusing all; allowing so would grant what nobody
		 * wrote down. */
		if (in->allow)
			return err_text(
				e, EINVAL,
				"linux.resources.devices[%zu].access: empty in a rule that allows",
				i);
		return 0;
	}
	if (read_access(access, &out->access) < 0)
		return err_text(e, EINVAL,
				"linux.resources.devices[%zu].access: \"%s\" has other letters "
				"than r, w, m",
				i, access);
	return 0;
}

int cg_devrules_read(const struct oci_resources *res, struct cg_devrules *out, struct err *e)
{
	size_t n = res ? res->n_devices : 0;

	out->v = xcalloc(n + ARRAY_SIZE(default_rules), sizeof(*out->v));
	out->n = n + ARRAY_SIZE(default_rules);
	for (size_t i = 0; i < n; i++) {
		if (read_rule(&res->devices[i], i, &out->v[i], e) < 0) {
			cg_devrules_free(out);
			return -1;
		}
	}
	memcpy(out->v + n, default_rules, sizeof(default_rules));
	return 0;
}

void cg_devrules_free(struct cg_devrules *r)
{
	free(r->v);
	*r = (struct cg_devrules){ 0 };
}

const char *cg_devrule_text(const struct cg_devrule *r, char *buf)
{
	char major_[24] = "*", minor_[24] = "*";

	if (r->major >= 0)
		snprintf(major_, sizeof(major_), "%lld", (long long)r->major);
	if (r->minor >= 0)
		snprintf(minor_, sizeof(minor_), "%lld", (long long)r->minor);
	snprintf(buf, CG_DEVRULE_TEXT, "%c %s:%s %s%s%s", r->type, major_, minor_,
		 r->access & CG_DEV_READ ? "r" : "", r->access & CG_DEV_WRITE ? "w" : "",
		 r->access & CG_DEV_MKNOD ? "m" : "");
	return buf;
}

/* --- one default and its exceptions ------------------------------------------------------- */

static bool covers(int64_t wide, int64_t narrow)
{
	return wide == CG_DEV_ANY || wide == narrow;
}

static bool contains(const struct cg_devrule *wide, const struct cg_devrule *narrow)
{
	return wide->type == narrow->type && covers(wide->major, narrow->major) &&
	       covers(wide->minor, narrow->minor);
}

static bool overlaps(const struct cg_devrule *a, const struct cg_devrule *b)
{
	return a->type == b->type && (covers(a->major, b->major) || covers(b->major, a->major)) &&
	       (covers(a->minor, b->minor) || covers(b->minor, a->minor));
}

static struct cg_devrule *find_same(const struct cg_devset *s, const struct cg_devrule *r)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].type == r->type && s->v[i].major == r->major &&
		    s->v[i].minor == r->minor)
			return &s->v[i];
	return NULL;
}

static void add_exception(struct cg_devset *s, const struct cg_devrule *r)
{
	struct cg_devrule *same = find_same(s, r);

	if (same) {
		same->access |= r->access;
		return;
	}
	s->v = xrealloc(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = *r;
}

/* Back to the default for what @r matches. */
static int remove_exception(struct cg_devset *s, const struct cg_devrule *r, struct err *e)
{
	char a[CG_DEVRULE_TEXT], b[CG_DEVRULE_TEXT];
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct cg_devrule *x = &s->v[i];

		if (contains(r, x))
			x->access &= ~r->access;
		else if (overlaps(r, x) && (r->access & x->access))
			return err_text(e, EINVAL,
					"linux.resources.devices: \"%s\" %s a part of \"%s\", "
					"which cgroup v1 cannot express",
					cg_devrule_text(r, a), r->allow ? "allows" : "denies",
					cg_devrule_text(x, b));
		if (x->access)
			s->v[kept++] = *x;
	}
	s->n = kept;
	return 0;
}

static int apply_rule(struct cg_devset *s, struct cg_devrule r, struct err *e)
{
	if (r.type == 'a') {
		if (r.major == CG_DEV_ANY && r.minor == CG_DEV_ANY && r.access == CG_DEV_ALL) {
			s->allow = r.allow;
			s->n = 0;
			return 0;
		}
		r.type = 'b';
		if (apply_rule(s, r, e) < 0)
			return -1;
		r.type = 'c';
	}
	if (r.allow == s->allow)
		return remove_exception(s, &r, e);
	add_exception(s, &r);
	return 0;
}

int cg_devset_make(const struct cg_devrules *r, struct cg_devset *out, struct err *e)
{
	*out = (struct cg_devset){ 0 };
	for (size_t i = 0; i < r->n; i++) {
		if (apply_rule(out, r->v[i], e) < 0) {
			cg_devset_free(out);
			return -1;
		}
	}
	return 0;
}

void cg_devset_free(struct cg_devset *s)
{
	free(s->v);
	*s = (struct cg_devset){ 0 };
}

static int parse_number(const char *s, int64_t *out)
{
	*out = CG_DEV_ANY;
	return str_eq(s, "*") ? 0 : str_to_i64(s, out);
}

int cg_devset_parse(const char *list, struct cg_devset *out, struct err *e)
{
	autofree char *copy = xstrdup(list);
	char *save = NULL;

	*out = (struct cg_devset){ 0 };
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct cg_devrule r = { .allow = true };
		char major_[16], minor_[16], access[8];

		if (sscanf(line, "%c %15[^:]:%15s %7s", &r.type, major_, minor_, access) != 4 ||
		    !strchr("abc", r.type) || parse_number(major_, &r.major) < 0 ||
		    parse_number(minor_, &r.minor) < 0 || read_access(access, &r.access) < 0) {
			cg_devset_free(out);
			return err_text(e, EINVAL, "devices.list: cannot read \"%s\"", line);
		}
		if (r.type == 'a')
			out->allow = true;
		else
			add_exception(out, &r);
	}
	return 0;
}

/* --- v1 ----------------------------------------------------------------------------------- */

struct v1 {
	const char *dir;
	int allow_fd; /* opened when first needed: ten writes, one open */
	int deny_fd;
};

static int v1_write(struct v1 *d, bool allow, const struct cg_devrule *r, struct err *e)
{
	int *fd = allow ? &d->allow_fd : &d->deny_fd;
	const char *file = allow ? "devices.allow" : "devices.deny";
	char buf[CG_DEVRULE_TEXT] = "a";

	if (*fd < 0)
		*fd = cg_io_open(d->dir, file, O_WRONLY);
	if (*fd < 0)
		return err_sys(e, "linux.resources.devices: open %s", file);
	if (r)
		cg_devrule_text(r, buf);
	if (write(*fd, buf, strlen(buf)) < 0)
		return err_sys(e, "linux.resources.devices: write \"%s\" to %s", buf, file);
	return 0;
}

static int v1_rewrite(struct v1 *d, const struct cg_devset *want, struct err *e)
{
	if (v1_write(d, want->allow, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < want->n; i++)
		if (v1_write(d, !want->allow, &want->v[i], e) < 0)
			return -1;
	return 0;
}

/* From one list of allowed devices to another without a moment in which one that stays is refused:
 * additions first. Nor does this need "a", which the kernel refuses while there are cgroups below.
 */
static int v1_change(struct v1 *d, const struct cg_devset *have, const struct cg_devset *want,
		     struct err *e)
{
	for (size_t i = 0; i < want->n; i++) {
		const struct cg_devrule *x = find_same(have, &want->v[i]);

		if (!x || (want->v[i].access & ~x->access))
			if (v1_write(d, true, &want->v[i], e) < 0)
				return -1;
	}
	for (size_t i = 0; i < have->n; i++) {
		const struct cg_devrule *x = find_same(want, &have->v[i]);
		struct cg_devrule gone = have->v[i];

		gone.access &= x ? ~x->access : CG_DEV_ALL;
		if (gone.access && v1_write(d, false, &gone, e) < 0)
			return -1;
	}
	return 0;
}

static int apply_v1(const char *dir, const struct cg_devrules *rules, bool update, struct err *e)
{
	struct v1 d = { .dir = dir, .allow_fd = -1, .deny_fd = -1 };
	struct cg_devset want, have = { .allow = true };
	autofree char *list = NULL;
	int r;

	if (cg_devset_make(rules, &want, e) < 0)
		return -1;
	/* A new cgroup starts with its parent's list. With "everything" (the default) the
	 * exceptions are not shown. */
	if (update && !(list = cg_io_slurp(dir, "devices.list")))
		r = err_sys(e, "linux.resources.devices: read devices.list");
	else
		r = list ? cg_devset_parse(list, &have, e) : 0;
	if (r == 0 && !have.allow && !want.allow)
		r = v1_change(&d, &have, &want, e);
	else if (r == 0)
		r = v1_rewrite(&d, &want, e);
	fd_close(&d.allow_fd);
	fd_close(&d.deny_fd);
	cg_devset_free(&want);
	cg_devset_free(&have);
	return r;
}

static int apply_v2(const char *dir, const struct cg_devrules *rules, struct err *e)
{
	size_t n;
	autofree struct bpf_insn *insns = cg_devbpf_build(rules, &n);

	return cg_devbpf_attach(dir, insns, n, e);
}

int cg_device_apply(const struct cgroup *cg, const struct oci_resources *res, bool update,
		    struct err *e)
{
	const struct cg_dir *v1 = cg_dir_with(cg, CG_DEVICES);
	const struct cg_dir *v2 = cg_dir_v2(cg);
	struct cg_devrules rules;
	int r;

	if (!cg->n_dirs || (update && !(res && res->n_devices)))
		return 0;
	if (cg_devrules_read(res, &rules, e) < 0)
		return -1;
	if (v1)
		r = apply_v1(v1->path, &rules, update, e);
	else if (v2)
		r = apply_v2(v2->path, &rules, e);
	else
		r = err_text(e, EOPNOTSUPP,
			     "linux.resources.devices: no devices controller is mounted and no "
			     "cgroup v2 either");
	cg_devrules_free(&rules);
	if (r < 0 && cg->rootless && e->code != EINVAL)
		return 0;
	return r;
}
