// SPDX-License-Identifier: Apache-2.0
/* cache.h - answers that are still true, a bounded number
 *
 * Owns:     the answers of one name service and when each ends. No heap: an answer that has no room is not kept.
 * Must not: be asked before the question was found to be covered by a rule.
 */
#ifndef NAMES_CACHE_H
#define NAMES_CACHE_H

#include "names/message.h"

#define CACHE_ENTRIES 128
#define CACHE_ANSWER_MAX 768 /* larger ones are asked for again */
#define CACHE_TTL_MAX 300    /* seconds; a name that moves is followed even where its owner said a day */
#define CACHE_TTL_NONE 5     /* for "no such name", "no record of this type" */

struct cache_entry {
	int64_t until; /* ms of the monotonic clock; 0: free */
	uint16_t type;
	uint16_t len;
	char name[NAMES_NAME_MAX];
	unsigned char answer[CACHE_ANSWER_MAX];
};

struct cache {
	struct cache_entry entries[CACHE_ENTRIES];
};

/* Keeps a copy of @answer for @ttl seconds. What ends first gives way. */
void cache_put(struct cache *c, const struct message_query *q, const unsigned char *answer, size_t len, uint32_t ttl, int64_t now);
/* The answer to @q, or NULL. It belongs to the cache. */
const struct cache_entry *cache_get(const struct cache *c, const struct message_query *q, int64_t now);

#endif
