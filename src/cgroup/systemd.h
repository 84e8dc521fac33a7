// SPDX-License-Identifier: Apache-2.0
/* systemd.h - the systemd cgroup manager: a transient scope, asked for over D-Bus */
#ifndef CGROUP_SYSTEMD_H
#define CGROUP_SYSTEMD_H

#include "cgroup/internal.h"

/* Starts cg->unit with @pid in it, and with the limits of cg->resources. */
int cg_systemd_start(struct cgroup *cg, pid_t pid, struct err *e);
/* Tells systemd of changed limits, so that it does not write its own ideas back one day. */
int cg_systemd_update(const struct cgroup *cg, const struct oci_resources *res, struct err *e);
/* Stops the unit, or forgets a failed one. One that is gone is no error. */
/* Says so in @e and returns true where the machine has no systemd at all. */
bool cg_systemd_absent(struct err *e);
int cg_systemd_stop(const struct cgroup *cg, struct err *e);
/* Puts @pid into the container's cgroup or the one below it named @sub ("" for none; begins with a slash
 * otherwise): systemd may where a rootless user may not. */
int cg_systemd_attach(const struct cgroup *cg, const char *sub, pid_t pid, struct err *e);

#endif
