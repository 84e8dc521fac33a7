// SPDX-License-Identifier: Apache-2.0
/* fields.c - the documents of the specification, a table an object
 *
 * Owns:     which field goes where, what it must be, and where we are milder than the specification (said beside the
 *           row; everything that is not said is as the specification has it).
 * Must not: hold code.
 *
 * For all tables: null is an absent field and an empty string in an optional field is an absent one, for that is how
 * the engines' Go structs are written out. Keys that no row names are ignored (config.md, "Extensibility"); keys are
 * compared exactly, where Go would also take "OCIVERSION".
 *
 * A row is made by a macro of its kind, which also proves that the member of THIS has the C type of that kind.
 */
#include "oci/fields.h"

#include "oci/check.h"
#include "oci/config.h"
#include "oci/names.h"

#define PROVE(condition) (0 * sizeof(char[(condition) ? 1 : -1]))
#define MEMBER_TYPE(member) __typeof__(((THIS *)0)->member)
#define MEMBER(member, type) \
	(offsetof(THIS, member) + PROVE(__builtin_types_compatible_p(MEMBER_TYPE(member), type)))
#define ROW(json, member, ctype, k, ...) { .name = (json), .kind = (k), .offset = MEMBER(member, ctype), __VA_ARGS__ }

#define STRING(json, m, ...) ROW(json, m, char *, OCI_STRING, __VA_ARGS__)
#define BOOL(json, m, ...) ROW(json, m, bool, OCI_BOOL, __VA_ARGS__)
#define OPT_BOOL(json, m, ...) ROW(json, m, struct oci_opt_bool, OCI_OPT_BOOL, __VA_ARGS__)
#define I32(json, m, ...) ROW(json, m, int32_t, OCI_I32, __VA_ARGS__)
#define I64(json, m, ...) ROW(json, m, int64_t, OCI_I64, __VA_ARGS__)
#define U32(json, m, ...) ROW(json, m, uint32_t, OCI_U32, __VA_ARGS__)
#define U64(json, m, ...) ROW(json, m, uint64_t, OCI_U64, __VA_ARGS__)
#define OPT_I64(json, m, ...) ROW(json, m, struct oci_opt_i64, OCI_OPT_I64, __VA_ARGS__)
#define OPT_U32(json, m, ...) ROW(json, m, struct oci_opt_u32, OCI_OPT_U32, __VA_ARGS__)
#define OPT_U64(json, m, ...) ROW(json, m, struct oci_opt_u64, OCI_OPT_U64, __VA_ARGS__)
#define STRINGS(json, m, ...) ROW(json, m, struct oci_strings, OCI_STRINGS, __VA_ARGS__)
#define MAP(json, m, ...) ROW(json, m, struct oci_map, OCI_MAP, __VA_ARGS__)
#define U32S(json, m, n, ...) ROW(json, m, uint32_t *, OCI_U32S, .count = MEMBER(n, size_t), __VA_ARGS__)
/* enum_: the C type. Stored through an int. */
#define ENUM(json, m, enum_, ...) \
	ROW(json, m, enum_, OCI_ENUM, .count = PROVE(sizeof(MEMBER_TYPE(m)) == sizeof(int)), __VA_ARGS__)
/* An object in place; OBJECT_SET also notes in a bool that it is there. */
#define OBJECT(json, m, ctype, table, ...) ROW(json, m, ctype, OCI_OBJECT, .of = (table), __VA_ARGS__)
#define OBJECT_SET(json, m, ctype, table, set, ...) \
	OBJECT(json, m, ctype, table, .has_present = true, .present = MEMBER(set, bool), __VA_ARGS__)
/* An object whose fields are members of THIS itself. */
#define OBJECT_HERE(json, table) { .name = (json), .kind = OCI_OBJECT, .offset = 0, .of = (table) }
/* Many objects: from an array; from the values of an object. */
#define OBJECTS(json, m, n, ctype, table, ...) \
	ROW(json, m, ctype *, OCI_OBJECTS, .count = MEMBER(n, size_t), .of = (table), __VA_ARGS__)
#define KEYED(json, m, n, ctype, table, ...) \
	ROW(json, m, ctype *, OCI_KEYED, .count = MEMBER(n, size_t), .of = (table), __VA_ARGS__)

#define REQUIRED .flags = OCI_REQUIRED
#define WORDS(list, called) .words = (list), .what = (called)
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define IS(rule) .wrong = (rule)

/* The object made of some rows; further attributes of struct oci_object behind. */
#define TABLE(rows, ...) \
	{ .fields = (rows), .n_fields = sizeof(rows) / sizeof((rows)[0]) + \
		PROVE(sizeof(rows) / sizeof((rows)[0]) <= OCI_FIELDS_MAX), .size = sizeof(THIS), __VA_ARGS__ }

/* --- config.md: root, mounts ------------------------------------------------------------------------ */

#define THIS struct oci_root
static const struct oci_field root_fields[] = {
	STRING("path", path, REQUIRED),
	BOOL("readonly", readonly),
};
static const struct oci_object root = TABLE(root_fields);
#undef THIS

#define THIS struct oci_id_mapping
static const struct oci_field id_mapping_fields[] = {
	U32("containerID", container_id, REQUIRED),
	U32("hostID", host_id, REQUIRED),
	U32("size", size, REQUIRED, RANGE(1, UINT32_MAX)), /* the kernel refuses a mapping of no ids */
};
static const struct oci_object id_mapping = TABLE(id_mapping_fields, .check = oci_check_id_mapping);
#undef THIS

#define THIS struct oci_mount
static const struct oci_field mount_fields[] = {
	STRING("destination", destination, REQUIRED), /* may be relative to "/": deprecated, and still legal */
	STRING("type", type),
	STRING("source", source),
	STRINGS("options", options),
	OBJECTS("uidMappings", uid_mappings, n_uid_mappings, struct oci_id_mapping, &id_mapping),
	OBJECTS("gidMappings", gid_mappings, n_gid_mappings, struct oci_id_mapping, &id_mapping),
};
static const struct oci_object mount = TABLE(mount_fields, .check = oci_check_mount);
#undef THIS

/* --- config.md: process ------------------------------------------------------------------------------ */

#define THIS struct oci_user
static const struct oci_field user_fields[] = {
	/* Milder: uid and gid are "REQUIRED" in the text, but not in the schema, and hand-written files omit them. */
	U32("uid", uid),
	U32("gid", gid),
	OPT_U32("umask", umask),
	U32S("additionalGids", additional_gids, n_additional_gids),
	STRING("username", username),
};
static const struct oci_object user = TABLE(user_fields);
#undef THIS

#define THIS struct oci_console_size
static const struct oci_field console_size_fields[] = {
	U64("height", height, REQUIRED),
	U64("width", width, REQUIRED),
};
static const struct oci_object console_size = TABLE(console_size_fields);
#undef THIS

/* Any name: one that is in no kernel "MUST be logged as a warning" (config.md, since 1.0.2) as is one that this kernel lacks.
 * That is process/'s to say. */
#define THIS struct oci_capabilities
static const struct oci_field capabilities_fields[] = {
	STRINGS("bounding", bounding),
	STRINGS("permitted", permitted),
	STRINGS("effective", effective),
	STRINGS("inheritable", inheritable),
	STRINGS("ambient", ambient),
};
static const struct oci_object capabilities = TABLE(capabilities_fields);
#undef THIS

#define THIS struct oci_rlimit
static const struct oci_field rlimit_fields[] = {
	STRING("type", type, REQUIRED, WORDS(oci_names_rlimits, "limit")),
	U64("soft", soft, REQUIRED),
	U64("hard", hard, REQUIRED),
};
static const struct oci_object rlimit = TABLE(rlimit_fields, .check = oci_check_rlimit);
#undef THIS

#define THIS struct oci_scheduler
static const struct oci_field scheduler_fields[] = {
	STRING("policy", policy, REQUIRED, WORDS(oci_names_sched_policies, "scheduling policy")),
	I32("nice", nice),
	I32("priority", priority),
	STRINGS("flags", flags, WORDS(oci_names_sched_flags, "scheduling flag")),
	U64("runtime", runtime),
	U64("deadline", deadline),
	U64("period", period),
};
static const struct oci_object scheduler = TABLE(scheduler_fields);
#undef THIS

#define THIS struct oci_io_priority
static const struct oci_field io_priority_fields[] = {
	STRING("class", class_, REQUIRED, WORDS(oci_names_ioprio_classes, "I/O class")),
	/* Milder: "REQUIRED" in the text, not in the schema; without a sense for IOPRIO_CLASS_IDLE. */
	I32("priority", priority, RANGE(0, 7)),
};
static const struct oci_object io_priority = TABLE(io_priority_fields);
#undef THIS

#define THIS struct oci_exec_cpu_affinity
static const struct oci_field exec_cpu_affinity_fields[] = {
	STRING("initial", initial, IS(oci_check_cpu_list)),
	STRING("final", final, IS(oci_check_cpu_list)),
};
static const struct oci_object exec_cpu_affinity = TABLE(exec_cpu_affinity_fields);
#undef THIS

#define THIS struct oci_process
static const struct oci_field process_fields[] = {
	BOOL("terminal", terminal),
	OBJECT_SET("consoleSize", console_size, struct oci_console_size, &console_size, console_size.set),
	STRING("cwd", cwd, REQUIRED, IS(oci_check_absolute)),
	STRINGS("env", env),
	STRINGS("args", args, .flags = OCI_REQUIRED | OCI_NONEMPTY), /* optional on Windows alone */
	STRING("commandLine", command_line),
	OBJECT("user", user, struct oci_user, &user),
	OBJECT_SET("capabilities", capabilities, struct oci_capabilities, &capabilities, capabilities.set),
	OBJECTS("rlimits", rlimits, n_rlimits, struct oci_rlimit, &rlimit),
	STRING("apparmorProfile", apparmor_profile),
	STRING("selinuxLabel", selinux_label),
	OPT_I64("oomScoreAdj", oom_score_adj, RANGE(-1000, 1000)), /* proc(5) */
	OBJECT_SET("scheduler", scheduler, struct oci_scheduler, &scheduler, scheduler.set),
	OBJECT_SET("ioPriority", io_priority, struct oci_io_priority, &io_priority, io_priority.set),
	OBJECT("execCPUAffinity", exec_cpu_affinity, struct oci_exec_cpu_affinity, &exec_cpu_affinity),
	BOOL("noNewPrivileges", no_new_privileges),
};
const struct oci_object oci_object_process = TABLE(process_fields, .check = oci_check_process);
#undef THIS

/* --- config.md: hooks -------------------------------------------------------------------------------- */

#define THIS struct oci_hook
static const struct oci_field hook_fields[] = {
	STRING("path", path, REQUIRED, IS(oci_check_absolute)),
	STRINGS("args", args),
	STRINGS("env", env),
	OPT_I64("timeout", timeout, RANGE(1, INT64_MAX)),
};
static const struct oci_object hook = TABLE(hook_fields);
#undef THIS

#define THIS struct oci_hooks
#define HOOKS(json, list) OBJECTS(json, list.v, list.n, struct oci_hook, &hook)
static const struct oci_field hooks_fields[] = {
	HOOKS("prestart", prestart),		    HOOKS("createRuntime", create_runtime),
	HOOKS("createContainer", create_container), HOOKS("startContainer", start_container),
	HOOKS("poststart", poststart),		    HOOKS("poststop", poststop),
};
static const struct oci_object hooks = TABLE(hooks_fields);
#undef THIS

/* --- config-linux.md: namespaces, devices ------------------------------------------------------------ */

#define THIS struct oci_namespace
static const struct oci_field namespace_fields[] = {
	ENUM("type", type, enum oci_namespace_type, REQUIRED, WORDS(oci_names_namespaces, "namespace")),
	STRING("path", path, IS(oci_check_absolute)),
};
static const struct oci_object namespace = TABLE(namespace_fields);
#undef THIS

#define THIS struct oci_time_offset
static const struct oci_field time_offset_fields[] = {
	I64("secs", secs),
	U32("nanosecs", nanosecs, RANGE(0, 999999999)),
};
static const struct oci_object time_offset = TABLE(time_offset_fields);
#undef THIS

/* Stricter: the keys are clocks' names, hence values; to ignore an unknown one would run on the host's clock. */
#define THIS struct oci_linux
static const struct oci_field time_offsets_fields[] = {
	OBJECT_SET("boottime", boottime, struct oci_time_offset, &time_offset, boottime.set),
	OBJECT_SET("monotonic", monotonic, struct oci_time_offset, &time_offset, monotonic.set),
};
static const struct oci_object time_offsets = TABLE(time_offsets_fields, .known_keys = "boottime, monotonic");
#undef THIS

#define THIS struct oci_device
static const struct oci_field device_fields[] = {
	STRING("type", type, REQUIRED, WORDS(oci_names_device_types, "device type")),
	STRING("path", path, REQUIRED),
	I64("major", major), /* oci_check_device(): required unless the type is p */
	I64("minor", minor),
	OPT_U32("fileMode", file_mode), /* Milder: the schema ends at 0777; podman writes st_mode, type bits and all */
	OPT_U32("uid", uid),
	OPT_U32("gid", gid),
};
static const struct oci_object device = TABLE(device_fields, .check = oci_check_device);
#undef THIS

#define THIS struct oci_net_device
static const struct oci_field net_device_fields[] = {
	STRING("name", name),
};
static const struct oci_object net_device = TABLE(net_device_fields, .key = MEMBER(host_name, char *));
#undef THIS

/* --- config-linux.md: resources ---------------------------------------------------------------------- */

#define THIS struct oci_device_rule
static const struct oci_field device_rule_fields[] = {
	BOOL("allow", allow, REQUIRED),
	STRING("type", type, WORDS(oci_names_device_rule_types, "device type")),
	OPT_I64("major", major), /* -1 is "all", too: the engines' way to write it */
	OPT_I64("minor", minor),
	STRING("access", access, IS(oci_check_device_access)),
};
static const struct oci_object device_rule = TABLE(device_rule_fields);
#undef THIS

#define THIS struct oci_memory
#define BYTES RANGE(-1, INT64_MAX) /* -1: unlimited */
static const struct oci_field memory_fields[] = {
	OPT_I64("limit", limit, BYTES),
	OPT_I64("reservation", reservation, BYTES),
	OPT_I64("swap", swap, BYTES),
	OPT_I64("kernel", kernel, BYTES),
	OPT_I64("kernelTCP", kernel_tcp, BYTES),
	OPT_U64("swappiness", swappiness), /* oci_check_memory(): 0 to 100, or Docker's -1 */
	OPT_BOOL("disableOOMKiller", disable_oom_killer),
	OPT_BOOL("useHierarchy", use_hierarchy),
	OPT_BOOL("checkBeforeUpdate", check_before_update),
};
static const struct oci_object memory = TABLE(memory_fields, .check = oci_check_memory);
#undef THIS

#define THIS struct oci_cpu
static const struct oci_field cpu_fields[] = {
	OPT_U64("shares", shares),
	OPT_I64("quota", quota),
	OPT_U64("burst", burst),
	OPT_U64("period", period),
	OPT_I64("realtimeRuntime", realtime_runtime),
	OPT_U64("realtimePeriod", realtime_period),
	STRING("cpus", cpus, IS(oci_check_one_line)),
	STRING("mems", mems, IS(oci_check_one_line)),
	OPT_I64("idle", idle, RANGE(0, 1)),
};
static const struct oci_object cpu = TABLE(cpu_fields);
#undef THIS

#define THIS struct oci_resources
static const struct oci_field pids_fields[] = {
	OPT_I64("limit", pids_limit), /* Milder: required in the schema; "pids": {} comes from engines without a limit */
};
static const struct oci_object pids = TABLE(pids_fields);
#undef THIS

#define WEIGHT RANGE(0, UINT16_MAX)

#define THIS struct oci_weight_device
static const struct oci_field weight_device_fields[] = {
	I64("major", major, REQUIRED),
	I64("minor", minor, REQUIRED),
	OPT_U32("weight", weight, WEIGHT),
	OPT_U32("leafWeight", leaf_weight, WEIGHT),
};
static const struct oci_object weight_device = TABLE(weight_device_fields, .check = oci_check_weight_device);
#undef THIS

#define THIS struct oci_throttle_device
static const struct oci_field throttle_device_fields[] = {
	I64("major", major, REQUIRED),
	I64("minor", minor, REQUIRED),
	U64("rate", rate, REQUIRED),
};
static const struct oci_object throttle_device = TABLE(throttle_device_fields);
#undef THIS

#define THIS struct oci_block_io
#define THROTTLE(json, list) OBJECTS(json, list.v, list.n, struct oci_throttle_device, &throttle_device)
static const struct oci_field block_io_fields[] = {
	OPT_U32("weight", weight, WEIGHT), /* 0 where Docker means none: cgroup/ leaves it alone */
	OPT_U32("leafWeight", leaf_weight, WEIGHT),
	OBJECTS("weightDevice", weight_device, n_weight_device, struct oci_weight_device, &weight_device),
	THROTTLE("throttleReadBpsDevice", throttle_read_bps_device),
	THROTTLE("throttleWriteBpsDevice", throttle_write_bps_device),
	THROTTLE("throttleReadIOPSDevice", throttle_read_iops_device),
	THROTTLE("throttleWriteIOPSDevice", throttle_write_iops_device),
};
static const struct oci_object block_io = TABLE(block_io_fields);
#undef THIS

#define THIS struct oci_hugepage_limit
static const struct oci_field hugepage_limit_fields[] = {
	STRING("pageSize", page_size, REQUIRED, IS(oci_check_page_size)),
	U64("limit", limit, REQUIRED),
};
static const struct oci_object hugepage_limit = TABLE(hugepage_limit_fields);
#undef THIS

#define THIS struct oci_interface_priority
static const struct oci_field interface_priority_fields[] = {
	STRING("name", name, REQUIRED, IS(oci_check_one_line)),
	U32("priority", priority, REQUIRED),
};
static const struct oci_object interface_priority = TABLE(interface_priority_fields);
#undef THIS

#define THIS struct oci_network
static const struct oci_field network_fields[] = {
	OPT_U32("classID", class_id),
	OBJECTS("priorities", priorities, n_priorities, struct oci_interface_priority, &interface_priority),
};
static const struct oci_object network = TABLE(network_fields);
#undef THIS

#define THIS struct oci_rdma
static const struct oci_field rdma_fields[] = {
	OPT_U32("hcaHandles", hca_handles),
	OPT_U32("hcaObjects", hca_objects),
};
static const struct oci_object rdma = TABLE(rdma_fields, .key = MEMBER(device, char *), .check = oci_check_rdma);
#undef THIS

#define THIS struct oci_resources
static const struct oci_field resources_fields[] = {
	OBJECTS("devices", devices, n_devices, struct oci_device_rule, &device_rule),
	OBJECT("memory", memory, struct oci_memory, &memory),
	OBJECT("cpu", cpu, struct oci_cpu, &cpu),
	OBJECT_HERE("pids", &pids),
	OBJECT("blockIO", block_io, struct oci_block_io, &block_io),
	OBJECTS("hugepageLimits", hugepage_limits, n_hugepage_limits, struct oci_hugepage_limit, &hugepage_limit),
	OBJECT("network", network, struct oci_network, &network),
	KEYED("rdma", rdma, n_rdma, struct oci_rdma, &rdma),
	MAP("unified", unified),
};
const struct oci_object oci_object_resources = TABLE(resources_fields);
#undef THIS

/* --- config-linux.md: seccomp ------------------------------------------------------------------------ */

#define ACTIONS WORDS(oci_names_seccomp_actions, "seccomp action")

#define THIS struct oci_seccomp_arg
static const struct oci_field seccomp_arg_fields[] = {
	U32("index", index, REQUIRED, RANGE(0, 5)),
	U64("value", value, REQUIRED),
	U64("valueTwo", value_two),
	STRING("op", op, REQUIRED, WORDS(oci_names_seccomp_operators, "seccomp operator")),
};
static const struct oci_object seccomp_arg = TABLE(seccomp_arg_fields);
#undef THIS

#define THIS struct oci_seccomp_syscall
static const struct oci_field seccomp_syscall_fields[] = {
	STRINGS("names", names, .flags = OCI_REQUIRED | OCI_NONEMPTY),
	STRING("action", action, REQUIRED, ACTIONS),
	OPT_U32("errnoRet", errno_ret),
	OBJECTS("args", args, n_args, struct oci_seccomp_arg, &seccomp_arg),
};
static const struct oci_object seccomp_syscall = TABLE(seccomp_syscall_fields, .check = oci_check_seccomp_syscall);
#undef THIS

#define THIS struct oci_seccomp
static const struct oci_field seccomp_fields[] = {
	STRING("defaultAction", default_action, ACTIONS), /* oci_check_seccomp(): required where there are syscalls */
	OPT_U32("defaultErrnoRet", default_errno_ret),
	STRINGS("architectures", architectures, WORDS(oci_names_seccomp_archs, "architecture")),
	STRINGS("flags", flags, WORDS(oci_names_seccomp_flags, "seccomp flag")),
	STRING("listenerPath", listener_path),
	STRING("listenerMetadata", listener_metadata),
	OBJECTS("syscalls", syscalls, n_syscalls, struct oci_seccomp_syscall, &seccomp_syscall),
};
static const struct oci_object seccomp = TABLE(seccomp_fields, .check = oci_check_seccomp);
#undef THIS

/* --- config-linux.md: the rest ----------------------------------------------------------------------- */

#define THIS struct oci_intel_rdt
static const struct oci_field intel_rdt_fields[] = {
	STRING("closID", clos_id, IS(oci_check_clos_id)),
	STRINGS("schemata", schemata, IS(oci_check_one_line)),
	STRING("l3CacheSchema", l3_cache_schema, IS(oci_check_one_line)),
	STRING("memBwSchema", mem_bw_schema, IS(oci_check_mb_schema)),
	BOOL("enableMonitoring", enable_monitoring), /* enableCMT and enableMBM of 1.1 and 1.2 are gone: ignored */
};
static const struct oci_object intel_rdt = TABLE(intel_rdt_fields);
#undef THIS

#define THIS struct oci_memory_policy
static const struct oci_field memory_policy_fields[] = {
	STRING("mode", mode, WORDS(oci_names_mpol_modes, "invalid memory policy mode")),
	STRING("nodes", nodes),
	STRINGS("flags", flags, WORDS(oci_names_mpol_flags, "invalid memory policy flag")),
};
static const struct oci_object memory_policy = TABLE(memory_policy_fields, .check = oci_check_memory_policy);
#undef THIS

#define THIS struct oci_personality
static const struct oci_field personality_fields[] = {
	STRING("domain", domain, REQUIRED, WORDS(oci_names_personality_domains, "execution domain")),
	STRINGS("flags", flags, IS(oci_check_no_flag)),
};
static const struct oci_object personality = TABLE(personality_fields);
#undef THIS

#define THIS struct oci_linux
static const struct oci_field linux_fields[] = {
	OBJECTS("namespaces", namespaces, n_namespaces, struct oci_namespace, &namespace),
	OBJECTS("uidMappings", uid_mappings, n_uid_mappings, struct oci_id_mapping, &id_mapping),
	OBJECTS("gidMappings", gid_mappings, n_gid_mappings, struct oci_id_mapping, &id_mapping),
	OBJECT_HERE("timeOffsets", &time_offsets),
	OBJECTS("devices", devices, n_devices, struct oci_device, &device),
	KEYED("netDevices", net_devices, n_net_devices, struct oci_net_device, &net_device),
	STRING("cgroupsPath", cgroups_path),
	OBJECT("resources", resources, struct oci_resources, &oci_object_resources),
	OBJECT_SET("intelRdt", intel_rdt, struct oci_intel_rdt, &intel_rdt, intel_rdt.set),
	OBJECT_SET("memoryPolicy", memory_policy, struct oci_memory_policy, &memory_policy, memory_policy.set),
	MAP("sysctl", sysctl),
	OBJECT_SET("seccomp", seccomp, struct oci_seccomp, &seccomp, seccomp.set),
	STRING("rootfsPropagation", rootfs_propagation, WORDS(oci_names_propagations, "propagation")),
	STRINGS("maskedPaths", masked_paths, IS(oci_check_absolute)),
	STRINGS("readonlyPaths", readonly_paths, IS(oci_check_absolute)),
	STRING("mountLabel", mount_label),
	OBJECT_SET("personality", personality, struct oci_personality, &personality, personality.set),
};
static const struct oci_object linux_ = TABLE(linux_fields, .check = oci_check_linux);
#undef THIS

#define THIS struct oci_config
static const struct oci_field config_fields[] = {
	STRING("ociVersion", oci_version, REQUIRED, IS(oci_check_version)),
	OBJECT("root", root, struct oci_root, &root, REQUIRED),
	OBJECTS("mounts", mounts, n_mounts, struct oci_mount, &mount),
	OBJECT_SET("process", process, struct oci_process, &oci_object_process, has_process),
	STRING("hostname", hostname),
	STRING("domainname", domainname),
	OBJECT("hooks", hooks, struct oci_hooks, &hooks),
	OBJECT_SET("linux", linux_, struct oci_linux, &linux_, has_linux),
	MAP("annotations", annotations),
};
const struct oci_object oci_object_config = TABLE(config_fields);
#undef THIS
