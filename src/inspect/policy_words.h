// SPDX-License-Identifier: Apache-2.0
/* policy_words.h - a container's policy in a few words: what list prints, and denied above its table
 *
 * Must not: leave out that a policy is not enforced.
 */
#ifndef INSPECT_POLICY_WORDS_H
#define INSPECT_POLICY_WORDS_H

#include "oci/config.h"

/* "net-deny=private net-allow-bind=8080", long lists cut; "" without a policy. Heap; not fit for a terminal as it is (show.h). */
char *policy_words(const struct oci_map *annotations);

#endif
