// SPDX-License-Identifier: Apache-2.0
/* cache.c - answers that are still true, a bounded number
 *
 * Runs in:  the name service.
 */
#include "names/cache.h"

#include <string.h>

static bool is_entry_for(const struct cache_entry *c, const struct message_query *q)
{
	return c->until && c->type == q->type && strcmp(c->name, q->name) == 0;
}

/* Its own entry from before, else a free one, else the one that ends first. */
static struct cache_entry *choose_entry(struct cache *c, const struct message_query *q)
{
	struct cache_entry *first = &c->entries[0];

	for (size_t i = 0; i < CACHE_ENTRIES; i++) {
		if (is_entry_for(&c->entries[i], q))
			return &c->entries[i];
		if (c->entries[i].until < first->until)
			first = &c->entries[i];
	}
	return first;
}

void cache_put(struct cache *c, const struct message_query *q, const unsigned char *answer, size_t len, uint32_t ttl, int64_t now)
{
	struct cache_entry *to;

	if (ttl == 0 || len > CACHE_ANSWER_MAX)
		return;
	to = choose_entry(c, q);
	to->until = now + (int64_t)(ttl < CACHE_TTL_MAX ? ttl : CACHE_TTL_MAX) * 1000;
	to->type = q->type;
	to->len = (uint16_t)len;
	memcpy(to->name, q->name, sizeof(to->name));
	memcpy(to->answer, answer, len);
}

const struct cache_entry *cache_get(const struct cache *c, const struct message_query *q, int64_t now)
{
	for (size_t i = 0; i < CACHE_ENTRIES; i++)
		if (is_entry_for(&c->entries[i], q))
			return c->entries[i].until > now ? &c->entries[i] : NULL;
	return NULL;
}
