// SPDX-License-Identifier: Apache-2.0
/* features.c - the features document
 *
 * Runs in:  features.
 */
#include "oci/features.h"

#include "oci/json_write.h"
#include "oci/names.h"

static void put_list(struct json_out *j, const char *key, const char *const *list)
{
	if (list)
		json_kv_strings(j, key, list);
}

/* "key": { "enabled": on } */
static void put_enabled(struct json_out *j, const char *key, bool on)
{
	json_key(j, key);
	json_open_map(j);
	json_kv_bool(j, "enabled", on);
	json_close_map(j);
}

static void put_cgroup(struct json_out *j, const struct oci_features *f)
{
	json_key(j, "cgroup");
	json_open_map(j);
	json_kv_bool(j, "v1", f->cgroup_v1);
	json_kv_bool(j, "v2", f->cgroup_v2);
	json_kv_bool(j, "systemd", f->cgroup_systemd);
	json_kv_bool(j, "systemdUser", f->cgroup_systemd_user);
	json_kv_bool(j, "rdma", f->cgroup_rdma);
	json_close_map(j);
}

static void put_seccomp(struct json_out *j, const struct oci_features *f)
{
	json_key(j, "seccomp");
	json_open_map(j);
	json_kv_bool(j, "enabled", f->seccomp);
	if (f->seccomp) {
		put_list(j, "actions", f->seccomp_actions ? f->seccomp_actions : oci_names_seccomp_actions);
		put_list(j, "operators", f->seccomp_operators ? f->seccomp_operators : oci_names_seccomp_operators);
		put_list(j, "archs", f->seccomp_archs ? f->seccomp_archs : oci_names_seccomp_archs);
		put_list(j, "knownFlags", f->seccomp_known_flags ? f->seccomp_known_flags : oci_names_seccomp_flags);
		put_list(j, "supportedFlags", f->seccomp_supported_flags);
	}
	json_close_map(j);
}

static void put_memory_policy(struct json_out *j)
{
	json_key(j, "memoryPolicy");
	json_open_map(j);
	json_kv_strings(j, "modes", oci_names_mpol_modes);
	json_kv_strings(j, "flags", oci_names_mpol_flags);
	json_close_map(j);
}

static void put_intel_rdt(struct json_out *j, const struct oci_features *f)
{
	json_key(j, "intelRdt");
	json_open_map(j);
	json_kv_bool(j, "enabled", f->intel_rdt);
	json_kv_bool(j, "schemata", f->intel_rdt_schemata);
	json_kv_bool(j, "monitoring", f->intel_rdt_monitoring);
	json_close_map(j);
}

static void put_linux(struct json_out *j, const struct oci_features *f)
{
	json_key(j, "linux");
	json_open_map(j);
	json_kv_strings(j, "namespaces", oci_names_namespaces);
	json_kv_strings(j, "capabilities", oci_names_capabilities);
	put_cgroup(j, f);
	put_seccomp(j, f);
	put_enabled(j, "apparmor", f->apparmor);
	put_enabled(j, "selinux", f->selinux);
	if (f->memory_policy)
		put_memory_policy(j);
	put_intel_rdt(j, f);
	json_key(j, "mountExtensions");
	json_open_map(j);
	put_enabled(j, "idmap", f->idmap);
	json_close_map(j);
	put_enabled(j, "netDevices", f->net_devices);
	json_close_map(j);
}

char *oci_features_write(const struct oci_features *f)
{
	struct json_out *j = json_out_new(true);

	json_open_map(j);
	json_kv_string(j, "ociVersionMin", OCI_SPEC_VERSION_MIN);
	json_kv_string(j, "ociVersionMax", OCI_SPEC_VERSION);
	json_kv_strings(j, "hooks", oci_names_hooks);
	put_list(j, "mountOptions", f->mount_options);
	put_linux(j, f);
	if (f->annotations && f->annotations->n) {
		json_key(j, "annotations");
		json_open_map(j);
		for (size_t i = 0; i < f->annotations->n; i++)
			json_kv_string(j, f->annotations->v[i].key, f->annotations->v[i].value);
		json_close_map(j);
	}
	put_list(j, "potentiallyUnsafeConfigAnnotations", f->unsafe_annotations);
	json_close_map(j);
	return json_out_finish(j);
}
