// SPDX-License-Identifier: Apache-2.0
/* propagation.h - linux.rootfsPropagation
 *
 * Owns:     what the word means at each of the three moments that it matters: for the whole new mount namespace, for the
 *           mount that the root is on, for the root after pivot_root.
 * Runs in:  create (sources) and init.
 */
#ifndef ROOTFS_PROPAGATION_H
#define ROOTFS_PROPAGATION_H

#include <stdbool.h>

#include "base/error.h"
#include "oci/config.h"

/* Does the config say anything? Else nothing of what the host mounts later comes in, as with crun (runc: into all of it): root and binds
 * are private, but for a bind with "slave" or "shared" among its options. */
bool propagation_is_asked(const struct oci_config *config);
/* Of the mount namespace: MS_SLAVE | MS_REC, … into *ms. If the config says nothing, rprivate, or rslave where some bind is to
 * receive. Returns 0, or -1 with @e. */
int propagation_of(const struct oci_config *config, unsigned long *ms, struct err *e);
/* "/" and with it every mount that the namespace was born with. */
int propagation_set_namespace(unsigned long ms, struct err *e);
/* The mount that @fd is on must not be shared: pivot_root(2) refuses it, and what we mount would appear on the host. A slave,
 * or private: the root inherits it. */
int propagation_protect_parent(int fd, bool slave, struct err *e);

#endif
