// SPDX-License-Identifier: Apache-2.0
/* spec.c - the config.json that "sandrun spec" writes for a start
 *
 * Owns:     its content: what config-linux.md wants in every container ("Default Filesystems"), masked and read-only
 *           what /proc and /sys show of the host.
 * Runs in:  spec.
 */
#include "oci/spec.h"

#include "oci/json_write.h"
#include "oci/names.h"

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

/* What a small service needs: to bind below 1024, to end its children, to write to the audit log at login. */
static const char *const capabilities[] = { "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL };

static const char *const masked_paths[] = {
	"/proc/acpi",	       "/proc/asound",	     "/proc/interrupts",  "/proc/kcore",      "/proc/keys",
	"/proc/latency_stats", "/proc/sched_debug",  "/proc/scsi",	  "/proc/timer_list", "/proc/timer_stats",
	"/sys/devices/virtual/powercap", "/sys/firmware", NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

enum when { ALWAYS, ROOT_ONLY, ROOTLESS_ONLY };

struct mount_row {
	const char *destination;
	const char *type;
	const char *source;
	enum when when;
	const char *options[8];
};

static const struct mount_row mounts[] = {
	{ "/proc", "proc", "proc", ALWAYS, { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs", "tmpfs", ALWAYS, { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ "/dev/pts", "devpts", "devpts", ROOT_ONLY,
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	/* With one id mapped there is no group 5. */
	{ "/dev/pts", "devpts", "devpts", ROOTLESS_ONLY,
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ "/dev/shm", "tmpfs", "shm", ALWAYS, { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ "/dev/mqueue", "mqueue", "mqueue", ALWAYS, { "nosuid", "noexec", "nodev" } },
	{ "/sys", "sysfs", "sysfs", ROOT_ONLY, { "nosuid", "noexec", "nodev", "ro" } },
	/* A new sysfs wants a network namespace of our own, which a rootless container does not get here. */
	{ "/sys", "none", "/sys", ROOTLESS_ONLY, { "rbind", "nosuid", "noexec", "nodev", "ro" } },
	{ "/sys/fs/cgroup", "cgroup", "cgroup", ALWAYS, { "nosuid", "noexec", "nodev", "relatime", "ro" } },
};

static bool applies(enum when w, bool rootless)
{
	return w == ALWAYS || (w == ROOTLESS_ONLY) == rootless;
}

static void put_process(struct json_out *j)
{
	json_key(j, "process");
	json_open_map(j);
	json_kv_bool(j, "terminal", true);
	json_key(j, "user");
	json_open_map(j);
	json_kv_uint(j, "uid", 0);
	json_kv_uint(j, "gid", 0);
	json_close_map(j);
	json_kv_strings(j, "args", LIST("sh"));
	json_kv_strings(j, "env", LIST("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				       "TERM=xterm"));
	json_kv_string(j, "cwd", "/");
	/* Inheritable and ambient stay empty (CVE-2022-29162). */
	json_key(j, "capabilities");
	json_open_map(j);
	json_kv_strings(j, "bounding", capabilities);
	json_kv_strings(j, "effective", capabilities);
	json_kv_strings(j, "permitted", capabilities);
	json_close_map(j);
	json_key(j, "rlimits");
	json_open_array(j);
	json_open_map(j);
	json_kv_string(j, "type", "RLIMIT_NOFILE");
	json_kv_uint(j, "hard", 1024);
	json_kv_uint(j, "soft", 1024);
	json_close_map(j);
	json_close_array(j);
	json_kv_bool(j, "noNewPrivileges", true);
	json_close_map(j);
}

static void put_mounts(struct json_out *j, bool rootless)
{
	json_key(j, "mounts");
	json_open_array(j);
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (!applies(mounts[i].when, rootless))
			continue;
		json_open_map(j);
		json_kv_string(j, "destination", mounts[i].destination);
		json_kv_string(j, "type", mounts[i].type);
		json_kv_string(j, "source", mounts[i].source);
		json_kv_strings(j, "options", mounts[i].options);
		json_close_map(j);
	}
	json_close_array(j);
}

static void put_mapping(struct json_out *j, const char *key, uint32_t host_id)
{
	json_key(j, key);
	json_open_array(j);
	json_open_map(j);
	json_kv_uint(j, "containerID", 0);
	json_kv_uint(j, "hostID", host_id);
	json_kv_uint(j, "size", 1);
	json_close_map(j);
	json_close_array(j);
}

static void put_namespace(struct json_out *j, enum oci_namespace_type t)
{
	json_open_map(j);
	json_kv_string(j, "type", oci_namespace_name(t));
	json_close_map(j);
}

static void put_linux(struct json_out *j, bool rootless, bool cgroupns, uint32_t uid, uint32_t gid)
{
	json_key(j, "linux");
	json_open_map(j);
	if (rootless) {
		put_mapping(j, "uidMappings", uid);
		put_mapping(j, "gidMappings", gid);
	} else {
		json_key(j, "resources");
		json_open_map(j);
		json_key(j, "devices");
		json_open_array(j);
		json_open_map(j);
		json_kv_bool(j, "allow", false);
		json_kv_string(j, "access", "rwm");
		json_close_map(j);
		json_close_array(j);
		json_close_map(j);
	}
	json_key(j, "namespaces");
	json_open_array(j);
	put_namespace(j, OCI_NS_PID);
	put_namespace(j, OCI_NS_IPC);
	put_namespace(j, OCI_NS_UTS);
	put_namespace(j, OCI_NS_MOUNT);
	if (cgroupns)
		put_namespace(j, OCI_NS_CGROUP);
	/* Rootless without a network helper: an own namespace would have no way out. So the host's network. */
	put_namespace(j, rootless ? OCI_NS_USER : OCI_NS_NETWORK);
	json_close_array(j);
	json_kv_strings(j, "maskedPaths", masked_paths);
	json_kv_strings(j, "readonlyPaths", readonly_paths);
	json_close_map(j);
}

char *oci_spec_default(bool rootless, bool cgroupns, uint32_t uid, uint32_t gid)
{
	struct json_out *j = json_out_new(true);

	json_open_map(j);
	json_kv_string(j, "ociVersion", OCI_SPEC_VERSION);
	put_process(j);
	json_key(j, "root");
	json_open_map(j);
	json_kv_string(j, "path", "rootfs");
	json_kv_bool(j, "readonly", true);
	json_close_map(j);
	json_kv_string(j, "hostname", "sandrun");
	put_mounts(j, rootless);
	put_linux(j, rootless, cgroupns, uid, gid);
	json_close_map(j);
	return json_out_finish(j);
}
