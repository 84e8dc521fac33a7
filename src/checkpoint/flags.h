// SPDX-License-Identifier: Apache-2.0
/* flags.h - the flags of mounts from outside, once more
 *
 * CRIU makes mounts of one and the same source and the same flags by setting the flags of the first only, as if the others were
 * made from that one; those from outside are not (4.2, and earlier ones). A volume that is read-only in two places comes back writable in
 * one of them, and so do masked files.
 */
#ifndef CHECKPOINT_FLAGS_H
#define CHECKPOINT_FLAGS_H

#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

/* Sets what config.json says of binds, and what masked files have, in the mount namespace of @init, which must not run yet. */
int flags_renew(const struct oci_config *c, pid_t init, struct err *e);

#endif
