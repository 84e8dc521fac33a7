// SPDX-License-Identifier: Apache-2.0
/* past.h - what was refused to a container, kept for a while after its removal
 *
 * Owns:     <root>.past/, beside the state root: one file for each container that had refusals, a head and the last lines of its
 *           denied.jsonl; how many files and how large.
 * Must not: keep a removal from being made: whatever fails here is left.
 * Runs in:  delete.
 */
#ifndef CONTAINER_PAST_H
#define CONTAINER_PAST_H

#include "container/container.h"

#define PAST_SUFFIX ".past"
#define PAST_FILES_MAX 256
#define PAST_BYTES_MAX (64 * 1024) /* the last lines of one container */

/* Call while the state directory is still there. Nothing was refused: nothing is kept. */
void past_keep(const struct container *c);

#endif
