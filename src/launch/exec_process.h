// SPDX-License-Identifier: Apache-2.0
/* exec_process.h - which process exec is to run (with container_exec_read_process() of exec.h) */
#ifndef CONTAINER_EXEC_PROCESS_H
#define CONTAINER_EXEC_PROCESS_H

#include "base/error.h"
#include "launch/exec.h"
#include "oci/config.h"

/* Parses the text of --process into @p, which the caller frees with oci_process_free(), also after an error. Capabilities, limits
 * and the like that it does not name are moved out of @container, the process of the stored configuration. */
int exec_process_from_file(struct oci_process *p, struct oci_process *container, const struct exec_options *o, struct err *e);
/* Changes @p, the process of the stored configuration, into what the options ask for. */
int exec_process_from_args(struct oci_process *p, const struct exec_options *o, struct err *e);
/* What create checks of a process, and that its terminal and --console-socket go together. */
int exec_process_check(const struct oci_process *p, const struct exec_options *o, struct err *e);

#endif
