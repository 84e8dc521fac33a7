// SPDX-License-Identifier: Apache-2.0
/* signals.h - signal names and numbers as users write them */
#ifndef PROCESS_SIGNALS_H
#define PROCESS_SIGNALS_H

#include "base/error.h"

/* "9", "KILL", "SIGKILL", "rtmin+3", "SIGRTMAX-1", any case; 0 to 64. Returns the number or -1 with @e. */
int signals_parse(const char *s, struct err *e);

#endif
