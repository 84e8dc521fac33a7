// SPDX-License-Identifier: Apache-2.0
/* selfexe.h - the running binary must not be reachable from the container (CVE-2019-5736) */
#ifndef CONTAINER_SELFEXE_H
#define CONTAINER_SELFEXE_H

#include "base/error.h"

/* Executes ourselves again from a copy that cannot be written, unless we are that already. Returns 0 when there is nothing
 * to do (also: the binary could not be written by the container's root anyway); does not return when it re-executes. */
int selfexe_protect(char **argv, struct err *e);

#endif
