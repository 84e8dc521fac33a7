// SPDX-License-Identifier: Apache-2.0
/* title.h - what /proc/PID/cmdline shows of this process
 *
 * Owns:     the memory of the command line, which everybody may read who sees the process, hidden or not: paths of the host, and what
 *           a caller wrote behind -e.
 * Must not: be used in a process that still needs its arguments.
 */
#ifndef BASE_TITLE_H
#define BASE_TITLE_H

/* Once, by main. */
void title_remember(int argc, char **argv);
/* Overwrites the arguments with @words, cut where these were shorter. */
void title_set(const char *words);

#endif
