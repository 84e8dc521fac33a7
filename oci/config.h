// SPDX-License-Identifier: Apache-2.0
/* config.h - the config.json of the OCI runtime specification (Linux, 1.0 to 1.3) as C structs
 *
 * Owns:     the types. They follow the specification name by name, so that the specification is their manual.
 * Must not: know how Linux does any of it. A leaf: only libc.
 *
 * Rules: a string that is absent is NULL; an array is a pointer and its count (n_…); a number or bool whose absence
 * differs from its zero is an oci_opt_…; everything hangs off one struct oci_config and oci_config_free() ends it all.
 */
#ifndef OCI_CONFIG_H
#define OCI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_opt_i64 {
	bool set;
	int64_t v;
};

struct oci_opt_u64 {
	bool set;
	uint64_t v;
};

struct oci_opt_u32 {
	bool set;
	uint32_t v;
};

struct oci_opt_bool {
	bool set;
	bool v;
};

struct oci_strings {
	char **v; /* n strings and a NULL behind them, so that it serves as argv and envp; NULL when absent */
	size_t n;
};

struct oci_pair {
	char *key;
	char *value;
};

/* A JSON object of strings, in the order of the file. */
struct oci_map {
	struct oci_pair *v;
	size_t n;
};

/* --- config.md, "Root", "Mounts" ------------------------------------------------------------------ */

struct oci_root {
	char *path;
	bool readonly;
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_mount {
	char *destination;
	char *type;
	char *source;
	struct oci_strings options;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
};

/* --- config.md, "Process" -------------------------------------------------------------------------- */

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct oci_opt_u32 umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
	char *username;
};

struct oci_console_size {
	bool set;
	uint64_t height;
	uint64_t width;
};

struct oci_capabilities {
	bool set; /* the object is there */
	struct oci_strings bounding;
	struct oci_strings permitted;
	struct oci_strings effective;
	struct oci_strings inheritable;
	struct oci_strings ambient;
};

struct oci_rlimit {
	char *type;
	uint64_t soft;
	uint64_t hard;
};

struct oci_scheduler {
	bool set;
	char *policy;
	int32_t nice;
	int32_t priority;
	struct oci_strings flags;
	uint64_t runtime;
	uint64_t deadline;
	uint64_t period;
};

struct oci_io_priority {
	bool set;
	char *class_;
	int32_t priority;
};

struct oci_exec_cpu_affinity {
	char *initial;
	char *final;
};

struct oci_process {
	bool terminal;
	struct oci_console_size console_size;
	char *cwd;
	struct oci_strings env;
	struct oci_strings args;
	char *command_line; /* Windows; read and ignored */
	struct oci_user user;
	struct oci_capabilities capabilities;
	struct oci_rlimit *rlimits;
	size_t n_rlimits;
	char *apparmor_profile;
	char *selinux_label;
	struct oci_opt_i64 oom_score_adj;
	struct oci_scheduler scheduler;
	struct oci_io_priority io_priority;
	struct oci_exec_cpu_affinity exec_cpu_affinity;
	bool no_new_privileges;
};

/* --- config.md, "POSIX-platform Hooks" -------------------------------------------------------------- */

struct oci_hook {
	char *path;
	struct oci_strings args;
	struct oci_strings env;
	struct oci_opt_i64 timeout; /* seconds, > 0 */
};

struct oci_hook_list {
	struct oci_hook *v;
	size_t n;
};

struct oci_hooks {
	struct oci_hook_list prestart; /* deprecated, and used by Docker before 28 */
	struct oci_hook_list create_runtime;
	struct oci_hook_list create_container;
	struct oci_hook_list start_container;
	struct oci_hook_list poststart;
	struct oci_hook_list poststop;
};

/* --- config-linux.md -------------------------------------------------------------------------------- */

enum oci_namespace_type {
	OCI_NS_MOUNT,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_UTS,
	OCI_NS_IPC,
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_COUNT
};

struct oci_namespace {
	enum oci_namespace_type type;
	char *path; /* NULL: a new one */
};

struct oci_time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct oci_device {
	char *type; /* "c", "b", "u" or "p" */
	char *path;
	int64_t major;
	int64_t minor;
	struct oci_opt_u32 file_mode;
	struct oci_opt_u32 uid;
	struct oci_opt_u32 gid;
};

struct oci_net_device {
	char *host_name; /* the key */
	char *name;	 /* the name inside; NULL: the same */
};

struct oci_device_rule {
	bool allow;
	char *type; /* "a", "c", "b" or NULL (= "a") */
	struct oci_opt_i64 major;
	struct oci_opt_i64 minor;
	char *access;
};

struct oci_memory {
	struct oci_opt_i64 limit;
	struct oci_opt_i64 reservation;
	struct oci_opt_i64 swap;
	struct oci_opt_i64 kernel;
	struct oci_opt_i64 kernel_tcp;
	struct oci_opt_u64 swappiness;
	struct oci_opt_bool disable_oom_killer;
	struct oci_opt_bool use_hierarchy;
	struct oci_opt_bool check_before_update;
};

struct oci_cpu {
	struct oci_opt_u64 shares;
	struct oci_opt_i64 quota;
	struct oci_opt_u64 burst;
	struct oci_opt_u64 period;
	struct oci_opt_i64 realtime_runtime;
	struct oci_opt_u64 realtime_period;
	char *cpus;
	char *mems;
	struct oci_opt_i64 idle;
};

struct oci_weight_device {
	int64_t major;
	int64_t minor;
	struct oci_opt_u32 weight;
	struct oci_opt_u32 leaf_weight;
};

struct oci_throttle_device {
	int64_t major;
	int64_t minor;
	uint64_t rate;
};

struct oci_throttle_list {
	struct oci_throttle_device *v;
	size_t n;
};

struct oci_block_io {
	struct oci_opt_u32 weight;
	struct oci_opt_u32 leaf_weight;
	struct oci_weight_device *weight_device;
	size_t n_weight_device;
	struct oci_throttle_list throttle_read_bps_device;
	struct oci_throttle_list throttle_write_bps_device;
	struct oci_throttle_list throttle_read_iops_device;
	struct oci_throttle_list throttle_write_iops_device;
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB", "1GB", "64KB" */
	uint64_t limit;
};

struct oci_interface_priority {
	char *name;
	uint32_t priority;
};

struct oci_network {
	struct oci_opt_u32 class_id;
	struct oci_interface_priority *priorities;
	size_t n_priorities;
};

struct oci_rdma {
	char *device; /* the key */
	struct oci_opt_u32 hca_handles;
	struct oci_opt_u32 hca_objects;
};

/* Also the document that "update --resources" reads. */
struct oci_resources {
	struct oci_device_rule *devices;
	size_t n_devices;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_opt_i64 pids_limit; /* pids.limit */
	struct oci_block_io block_io;
	struct oci_hugepage_limit *hugepage_limits;
	size_t n_hugepage_limits;
	struct oci_network network;
	struct oci_rdma *rdma;
	size_t n_rdma;
	struct oci_map unified;
};

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op;
};

struct oci_seccomp_syscall {
	struct oci_strings names;
	char *action;
	struct oci_opt_u32 errno_ret;
	struct oci_seccomp_arg *args;
	size_t n_args;
};

struct oci_seccomp {
	bool set;
	char *default_action;
	struct oci_opt_u32 default_errno_ret;
	struct oci_strings architectures;
	struct oci_strings flags;
	char *listener_path;
	char *listener_metadata;
	struct oci_seccomp_syscall *syscalls;
	size_t n_syscalls;
};

struct oci_intel_rdt {
	bool set;
	char *clos_id;
	struct oci_strings schemata;
	char *l3_cache_schema;
	char *mem_bw_schema;
	bool enable_monitoring;
};

struct oci_memory_policy {
	bool set;
	char *mode;
	char *nodes;
	struct oci_strings flags;
};

struct oci_personality {
	bool set;
	char *domain;
	struct oci_strings flags;
};

struct oci_linux {
	struct oci_namespace *namespaces;
	size_t n_namespaces;
	struct oci_id_mapping *uid_mappings;
	size_t n_uid_mappings;
	struct oci_id_mapping *gid_mappings;
	size_t n_gid_mappings;
	struct oci_time_offset boottime;  /* timeOffsets.boottime */
	struct oci_time_offset monotonic; /* timeOffsets.monotonic */
	struct oci_device *devices;
	size_t n_devices;
	struct oci_net_device *net_devices;
	size_t n_net_devices;
	char *cgroups_path;
	struct oci_resources resources;
	struct oci_intel_rdt intel_rdt;
	struct oci_memory_policy memory_policy;
	struct oci_map sysctl;
	struct oci_seccomp seccomp;
	char *rootfs_propagation;
	struct oci_strings masked_paths;
	struct oci_strings readonly_paths;
	char *mount_label;
	struct oci_personality personality;
};

struct oci_config {
	char *oci_version;
	struct oci_root root;
	struct oci_mount *mounts;
	size_t n_mounts;
	struct oci_process process;
	bool has_process; /* "process" is REQUIRED only when start is called */
	char *hostname;
	char *domainname;
	struct oci_hooks hooks;
	struct oci_linux linux_;
	bool has_linux;
	struct oci_map annotations;
};

#endif
