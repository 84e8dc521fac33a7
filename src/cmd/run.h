// SPDX-License-Identifier: Apache-2.0
/* run.h - what run and restore do without --detach */
#ifndef CMD_RUN_H
#define CMD_RUN_H

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"

/* Stays until the end of @c, whose init is our child, relaying the terminal @master and the notify socket @notify (each may be -1);
 * then deletes it, unless @keep. Returns its exit status, or -1 with @e. */
int run_stay(struct container *c, int master, int notify, bool keep, struct err *e);

#endif
