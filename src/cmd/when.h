// SPDX-License-Identifier: Apache-2.0
/* when.h - spans and moments on the command line
 *
 * Must not: know what they are for.
 */
#ifndef CMD_WHEN_H
#define CMD_WHEN_H

#include <stdint.h>

#include "base/error.h"

/* "5m", "1h30m", "90" (seconds), "2d": milliseconds, more than 0. -1 with @e. @option: "denied: --since", for the error. */
int when_span(const char *option, const char *text, int64_t *ms, struct err *e);
/* A span before @now, or a moment: "2026-11-30T14:00:00Z", "2026-11-30 14:00", "14:00" (local time, of today). ms since 1970. */
int when_since(const char *option, const char *text, int64_t now, int64_t *ms, struct err *e);

#endif
