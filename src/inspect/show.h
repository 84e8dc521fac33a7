// SPDX-License-Identifier: Apache-2.0
/* show.h - texts of strangers on a terminal, and times for people
 *
 * Must not: let a control sequence, or anything that hides or reorders what stands beside it, reach a terminal.
 * Runs in:  the commands that print what a workload, an image or another user has named.
 */
#ifndef INSPECT_SHOW_H
#define INSPECT_SHOW_H

#include <stddef.h>
#include <stdint.h>

/* A copy of @s in which every character that does not print, or is no UTF-8, is "?". Heap. */
char *show_text(const char *s);
/* How many columns @s takes: its characters. */
size_t show_width(const char *s);

int64_t show_now(void); /* ms since 1970 */
/* "14:02:11", or "30 Nov 14:02:11" if that is another day than today. Local time. Into @buf. */
#define SHOW_TIME 32
const char *show_time(int64_t ms, int64_t now, char buf[SHOW_TIME]);
/* "3s", "5m", "2h", "4d": how long ago @ms is. */
const char *show_age(int64_t ms, int64_t now, char buf[SHOW_TIME]);

#endif
