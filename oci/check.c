// SPDX-License-Identifier: Apache-2.0
/* check.c - the specification's rules that a type cannot say
 *
 * Owns:     what a single string must look like, and what the fields of one object must be to each other.
 * Must not: ask the host anything: the same text is right or wrong on every machine.
 * Runs in:  the commands, before anything is made.
 */
#include "oci/check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "oci/config.h"
#include "oci/names.h"

/* --- one string ------------------------------------------------------------------------------------- */

/* Semantic Versioning 2.0.0: digits without a leading zero. Returns the end, or NULL. */
static const char *semver_number(const char *s)
{
	if (!isdigit((unsigned char)*s) || (*s == '0' && isdigit((unsigned char)s[1])))
		return NULL;
	return s + strspn(s, "0123456789");
}

/* Identifiers with dots between, none empty. Before "+" a numeric one has no leading zero; we do not insist: that
 * rule orders versions, and we order none. */
static const char *semver_identifiers(const char *s)
{
	for (;;) {
		size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

		if (!n)
			return NULL;
		s += n;
		if (*s != '.')
			return s;
		s++;
	}
}

static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i && *s++ != '.')
			return false;
		s = semver_number(s);
		if (!s)
			return false;
	}
	if (*s == '-')
		s = semver_identifiers(s + 1);
	if (s && *s == '+')
		s = semver_identifiers(s + 1);
	return s && !*s;
}

/* "Retains forward and backward compatibility within major versions": so any 1.x, also one that is newer than us (what
 * it added is ignored like every unknown field). 1.0.0-rc1 to rc6 differ in details that engines never wrote. */
const char *oci_check_version(const char *s)
{
	if (!is_semver(s))
		return "must be a semantic version, such as \"" OCI_SPEC_VERSION "\"";
	if (s[0] != '1' || s[1] != '.')
		return "must be a version from 1.0.0 up to any 1.x, such as \"" OCI_SPEC_VERSION "\"";
	return NULL;
}

const char *oci_check_absolute(const char *s)
{
	return s[0] == '/' ? NULL : "must be an absolute path";
}

/* The schema's pattern. Whether these processors exist is the kernel's to say. */
const char *oci_check_cpu_list(const char *s)
{
	return s[strspn(s, "0123456789, -")] ? "must be a list such as \"0-3,7\"" : NULL;
}

const char *oci_check_device_access(const char *s)
{
	return s[strspn(s, "rwm")] ? "must be made of r, w and m" : NULL;
}

const char *oci_check_page_size(const char *s)
{
	size_t n = strspn(s, "0123456789");

	if (n && s[0] != '0' && strchr("KMG", s[n]) && s[n] && strcmp(s + n + 1, "B") == 0)
		return NULL;
	return "must be a size such as \"64KB\", \"2MB\" or \"1GB\"";
}

/* A second line would be a second setting, written by whoever could write one value. */
const char *oci_check_one_line(const char *s)
{
	return strchr(s, '\n') ? "must be one line" : NULL;
}

const char *oci_check_mb_schema(const char *s)
{
	if (strncmp(s, "MB:", 3) != 0)
		return "must begin with \"MB:\"";
	return oci_check_one_line(s);
}

/* A directory of resctrl, made and removed by us: no path may come out of it. */
const char *oci_check_clos_id(const char *s)
{
	if (strcmp(s, "/") == 0)
		return NULL;
	if (strchr(s, '/') || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return "must be \"/\" or one name";
	return oci_check_one_line(s);
}

/* "Currently no flag values are supported." */
const char *oci_check_no_flag(const char *s)
{
	(void)s;
	return "must be absent: the specification has no flags here yet";
}

/* --- one object ------------------------------------------------------------------------------------- */

int oci_check_id_mapping(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_id_mapping *m = obj;

	(void)in;
	/* 4294967295 is no id but "none", in every kernel interface. */
	if ((uint64_t)m->container_id + m->size > UINT32_MAX)
		return oci_walk_fail(w, "size", "%u ids from %u on go past 4294967294 in the container", m->size,
				     m->container_id);
	if ((uint64_t)m->host_id + m->size > UINT32_MAX)
		return oci_walk_fail(w, "size", "%u ids from %u on go past 4294967294 on the host", m->size,
				     m->host_id);
	return 0;
}

int oci_check_mount(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_mount *m = obj;

	(void)in;
	if (!m->n_uid_mappings != !m->n_gid_mappings)
		return oci_walk_fail(w, m->n_uid_mappings ? "gidMappings" : "uidMappings",
				     "required, as %s is there", m->n_uid_mappings ? "uidMappings" : "gidMappings");
	return 0;
}

int oci_check_rlimit(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_rlimit *r = obj;

	(void)in;
	if (r->soft > r->hard)
		return oci_walk_fail(w, "soft", "must not be above hard: %llu is above %llu",
				     (unsigned long long)r->soft, (unsigned long long)r->hard);
	return 0;
}

int oci_check_process(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_process *p = obj;
	char at[48];
	uint64_t seen = 0;

	(void)in;
	for (size_t i = 0; i < p->n_rlimits; i++) {
		uint64_t bit = 1ull << oci_names_index(oci_names_rlimits, p->rlimits[i].type);

		if (seen & bit) {
			snprintf(at, sizeof(at), "rlimits[%zu].type", i);
			return oci_walk_fail(w, at, "%s was given before", p->rlimits[i].type);
		}
		seen |= bit;
	}
	return 0;
}

int oci_check_device(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_device *d = obj;

	if (d->type[0] == 'p')
		return 0;
	if (!oci_walk_has(in, "major"))
		return oci_walk_fail(w, "major", "required field is missing");
	if (!oci_walk_has(in, "minor"))
		return oci_walk_fail(w, "minor", "required field is missing");
	return 0;
}

int oci_check_memory_policy(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_memory_policy *p = obj;

	(void)in;
	return p->mode ? 0 : oci_walk_fail(w, "mode", "invalid memory policy mode: required field is missing");
}

int oci_check_memory(struct oci_walk *w, const struct json_node *in, void *obj)
{
	struct oci_memory *m = obj;

	(void)in;
	/* Docker keeps "unset" as -1 and has written it through its unsigned field; runc reads it back so. */
	if (m->swappiness.set && m->swappiness.v == UINT64_MAX) {
		m->swappiness.set = false;
		m->swappiness.v = 0;
	}
	if (m->swappiness.set && m->swappiness.v > 100)
		return oci_walk_fail(w, "swappiness", "expected a whole number from 0 to 100, found %llu",
				     (unsigned long long)m->swappiness.v);
	return 0;
}

int oci_check_weight_device(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_weight_device *d = obj;

	(void)in;
	if (!d->weight.set && !d->leaf_weight.set)
		return oci_walk_fail(w, "", "needs weight or leafWeight, or both");
	return 0;
}

int oci_check_rdma(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_rdma *r = obj;

	(void)in;
	if (!r->hca_handles.set && !r->hca_objects.set)
		return oci_walk_fail(w, "", "needs hcaHandles or hcaObjects, or both");
	return 0;
}

static bool takes_errno(const char *action)
{
	return strcmp(action, "SCMP_ACT_ERRNO") == 0 || strcmp(action, "SCMP_ACT_TRACE") == 0;
}

int oci_check_seccomp_syscall(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_seccomp_syscall *s = obj;

	(void)in;
	if (s->errno_ret.set && !takes_errno(s->action))
		return oci_walk_fail(w, "errnoRet", "%s takes no errno (SCMP_ACT_ERRNO and SCMP_ACT_TRACE do)",
				     s->action);
	return 0;
}

int oci_check_seccomp(struct oci_walk *w, const struct json_node *in, void *obj)
{
	struct oci_seccomp *s = obj;

	(void)in;
	if (!s->default_action) {
		if (s->n_syscalls)
			return oci_walk_fail(w, "defaultAction", "required field is missing");
		/* An object of empty fields: how an engine's struct without a profile comes out. runc reads it as no
		 * seccomp. */
		s->set = false;
		return 0;
	}
	if (s->default_errno_ret.set && !takes_errno(s->default_action))
		return oci_walk_fail(w, "defaultErrnoRet", "%s takes no errno (SCMP_ACT_ERRNO and SCMP_ACT_TRACE do)",
				     s->default_action);
	if (s->listener_metadata && !s->listener_path)
		return oci_walk_fail(w, "listenerMetadata", "must be absent where listenerPath is");
	return 0;
}

int oci_check_linux(struct oci_walk *w, const struct json_node *in, void *obj)
{
	const struct oci_linux *l = obj;
	unsigned int seen = 0;
	char at[48];

	(void)in;
	for (size_t i = 0; i < l->n_namespaces; i++) {
		unsigned int bit = 1u << l->namespaces[i].type;

		if (seen & bit) {
			snprintf(at, sizeof(at), "namespaces[%zu].type", i);
			return oci_walk_fail(w, at, "namespace \"%s\" was given before",
					     oci_namespace_name(l->namespaces[i].type));
		}
		seen |= bit;
	}
	return 0;
}
