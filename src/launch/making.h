// SPDX-License-Identifier: Apache-2.0
/* making.h - the steps in making a container that create and restore have in common
 *
 * Owns:     the record's first contents, the cgroup and the resctrl group, each written down as soon as it can be there; the hooks
 *           that run while there is no workload yet; the undoing of these.
 * Must not: end processes: the caller does so before it undoes.
 * Runs in:  create, run and restore; *c is claimed.
 */
#ifndef CONTAINER_MAKING_H
#define CONTAINER_MAKING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "launch/namespaces.h"
#include "oci/config.h"

/* All that config.json says; "creating" is set. @bundle is absolute. */
void making_fill_record(struct container *c, const struct oci_config *config, const char *bundle,
			const struct namespaces *ns);
/* Fills c->stdio from our own standard descriptors, which init inherits: "pipe:[1234]"; a file of the host is "file[mount
 * id:inode]", as CRIU says it. Checkpoint and restore look at it. */
void making_note_stdio(struct container *c);
/* The host's id of the container's root by its uidMappings or gidMappings (where that is not mapped, of the first that is); 0
 * without any. */
uint32_t making_host_root(const struct oci_id_mapping *v, size_t n);
/* *out (the caller's): the cgroup, empty, with its limits. @early: also where systemd would make it with init (cgroup.h). */
int making_cgroup(struct container *c, const struct oci_config *config, const struct namespaces *ns,
		  enum cgroup_manager manager, bool early, struct cgroup **out, struct err *e);
/* After cgroup_add(): with systemd the path is known only then. */
int making_note_cgroup(struct container *c, const struct cgroup *cg, struct err *e);
int making_rdt(struct container *c, const struct oci_config *config, const char *rdt_root, struct err *e);
/* prestart and createRuntime, in the runtime's namespaces; @pid is init's. */
int making_hooks(const struct container *c, const struct oci_config *config, pid_t pid, struct err *e);
/* Removes cgroup, resctrl group and state directory, whose processes are gone; what fails is a warning. @c: NULL while the id is not
 * claimed; @cg: NULL before there is one. Then, if there was an init, the poststop hooks clean up what others may have made
 * (runtime.md, "Lifecycle", steps 3 to 5, 12 and 13). */
void making_undo(struct container *c, struct cgroup *cg, const struct oci_hook_list *poststop);

#endif
