// SPDX-License-Identifier: Apache-2.0
/* rootfs.h - the container's file tree: mounts, devices, masks, the change of root
 *
 * Owns:     everything between "new mount namespace" and "the old root is gone".
 * Must not: follow a name that the image or a shared volume could have planted: targets are opened below the
 *           root (openat2 RESOLVE_IN_ROOT) and used by descriptor; masked paths, /dev and /proc targets are verified by
 *           descriptor (CVE-2021-30465, CVE-2025-31133, -52565, -52881).
 * Runs in:  init, inside the new namespaces, before confinement. Steps are called by launch/init.c in order.
 */
#ifndef ROOTFS_ROOTFS_H
#define ROOTFS_ROOTFS_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/config.h"
#include "policy/policy.h"

/* Something to be mounted whose source could only be opened outside (before the user namespace or with the
 * creator's rights): bind sources that a mapped root may not reach. */
struct rootfs_source {
	int fd; /* detached tree (open_tree), or -1 */
};

/* The last user namespace made for id mappings: engines give all volumes of a container the same. */
struct rootfs_idmaps {
	char *uids, *gids; /* as in uid_map and gid_map */
	int userns;
};
#define ROOTFS_IDMAPS_INIT { .userns = -1 }

struct rootfs_state; /* state.h */

struct rootfs {
	const struct oci_config *config;
	const char *bundle;
	int rootfd;		/* O_PATH on the mounted root; -1 before rootfs_enter() */
	bool no_pivot;
	bool new_mount_ns;	/* false: mounts would hit the host; only chroot is done */
	bool userns;		/* in a user namespace (new or joined, or rootless): mknod falls back to bind mounts */
	bool cgroupns;
	struct rootfs_source *sources; /* one for each config->mounts[], or NULL */
	int *nodes; /* one for each config->linux_.devices[]: rootfs_make_nodes(), or NULL */
	const char *cgroup_path_v2;    /* where the cgroup of the container is, for mounts of type cgroup without a cgroup ns */
	/* Has create call rootfs_idmap() for mounts[@i] and its detached tree. */
	int (*idmap)(void *ctx, size_t i, int tree, struct err *e);
	void *idmap_ctx;
	struct rootfs_state *state;    /* of the room itself: NULL at the start; rootfs_seal() frees it */
};

/* Destinations that begin with @root, the absolute path of the root filesystem, are taken as what is behind it, as runc does. */
void rootfs_strip_root(struct oci_config *config, const char *root);
/* Runs in create with its rights, before clone: opens what init could not, and refuses id mappings that are none. May leave fds at
 * -1. The owner frees with rootfs_sources_free(). */
int rootfs_open_sources(const struct oci_config *config, const char *bundle, struct rootfs_source **out, struct err *e);
void rootfs_sources_free(struct rootfs_source *s, size_t n);
/* Runs in create, with its rights, when init asks for it: the id mappings of mounts[@i] are put on @tree, which init has cloned and
 * not yet attached (borrowed). */
int rootfs_idmap(const struct oci_config *config, struct rootfs_idmaps *cache, size_t i, int tree, struct err *e);
void rootfs_idmaps_free(struct rootfs_idmaps *c);
/* Before clone, too: a detached mount of each device, made with its owner and mode, for a container with a new user namespace. NULL, or -1
 * for a device, where that is not possible: then the host's device has to do. */
int *rootfs_make_nodes(const struct oci_config *config);
void rootfs_nodes_free(int *nodes, size_t n);

/* Propagation of "/" (rootfsPropagation), bind of root.path on itself, its descriptor. */
int rootfs_enter(struct rootfs *r, struct err *e);
/* config->mounts in order. The error names "mounts[3]" and destination. */
int rootfs_mount_all(struct rootfs *r, struct err *e);
/* Default devices of config-linux.md, linux.devices, /dev/fd and friends, /dev/ptmx. */
int rootfs_make_devices(struct rootfs *r, struct err *e);
/* Names that net-allow pinned, on top of what the engine put in /etc/hosts: a private copy is mounted over it. */
int rootfs_pin_hosts(struct rootfs *r, const struct policy_host *hosts, size_t n, struct err *e);
/* /etc/resolv.conf with @server as the only name server; the rest of it stays. A private copy is mounted over it. */
int rootfs_point_resolv(struct rootfs *r, const char *server, struct err *e);
/* linux.sysctl by descriptor through a verified procfs. After this nothing needs a writable /proc/sys. */
int rootfs_write_sysctls(struct rootfs *r, struct err *e);
/* pivot_root, or MS_MOVE + chroot with no_pivot, or chroot without a mount namespace; the old root is detached. The
 * working directory is "/" after it. */
int rootfs_pivot(struct rootfs *r, struct err *e);
/* root.readonly, linux.readonlyPaths, linux.maskedPaths, rootfsPropagation of the new root: after pivot. */
int rootfs_seal(struct rootfs *r, struct err *e);
/* Binds the pty slave on /dev/console. @slave is borrowed. Before pivot. */
int rootfs_bind_console(struct rootfs *r, int slave, struct err *e);

/* The mount options that are understood, for "features": NULL-terminated, static. */
const char *const *rootfs_mount_options(void);

#endif
