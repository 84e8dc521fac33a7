// SPDX-License-Identifier: Apache-2.0
/* sets.c - the named sets of addresses: private, loopback, link-local, metadata, multicast; resolver by name only
 *
 * Owns:     their names and prefixes (IANA's special-purpose registries; for metadata, the clouds' manuals).
 * Must not: parse or judge anything.
 * Runs in:  create, and exec when it reads the stored policy.
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "policy/internal.h"

const char *const sets_names[SET_COUNT] = {
	[SET_PRIVATE] = "private",   [SET_LOOPBACK] = "loopback",   [SET_LINK_LOCAL] = "link-local",
	[SET_METADATA] = "metadata", [SET_MULTICAST] = "multicast", [SET_RESOLVER] = "resolver",
};

#define NET4(a, b, c, d, l) \
	{ { .s6_addr = { [10] = 0xff, 0xff, (a), (b), (c), (d) } }, 96 + (l) }
#define NET6(hi, l) \
	{ { .s6_addr = { (hi) >> 8, (hi) & 0xff } }, (l) }

static const struct canonical_net set_private[] = {
	NET4(127, 0, 0, 0, 8),	  NET4(10, 0, 0, 0, 8),	    NET4(172, 16, 0, 0, 12),
	NET4(192, 168, 0, 0, 16), NET4(169, 254, 0, 0, 16), { IN6ADDR_LOOPBACK_INIT, 128 },
	NET6(0xfc00, 7),	  NET6(0xfe80, 10),	    NET4(100, 64, 0, 0, 10), /* carriers' and clouds' own */
};
static const struct canonical_net set_loopback[] = { NET4(127, 0, 0, 0, 8), { IN6ADDR_LOOPBACK_INIT, 128 } };
static const struct canonical_net set_link_local[] = { NET4(169, 254, 0, 0, 16), NET6(0xfe80, 10) };
static const struct canonical_net set_metadata[] = {
	NET4(169, 254, 169, 254, 32), /* AWS, Azure, Google and most others */
	{ { .s6_addr = { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 } }, 128 }, /* AWS */
	NET4(100, 100, 100, 200, 32), /* Alibaba */
};
static const struct canonical_net set_multicast[] = { NET4(224, 0, 0, 0, 4), NET6(0xff00, 8) };

static const struct {
	const struct canonical_net *v;
	size_t n;
} sets[SET_COUNT] = {
	[SET_PRIVATE] = { set_private, ARRAY_SIZE(set_private) },
	[SET_LOOPBACK] = { set_loopback, ARRAY_SIZE(set_loopback) },
	[SET_LINK_LOCAL] = { set_link_local, ARRAY_SIZE(set_link_local) },
	[SET_METADATA] = { set_metadata, ARRAY_SIZE(set_metadata) },
	[SET_MULTICAST] = { set_multicast, ARRAY_SIZE(set_multicast) },
	[SET_RESOLVER] = { NULL, 0 }, /* each container has its own */
};

const struct canonical_net *sets_nets(enum policy_set set, size_t *n)
{
	*n = sets[set].n;
	return sets[set].v;
}

bool sets_find(const char *s, size_t n, enum policy_set *set)
{
	for (unsigned int i = 0; i < SET_COUNT; i++) {
		if (strlen(sets_names[i]) != n || strncasecmp(s, sets_names[i], n) != 0)
			continue;
		*set = (enum policy_set)i;
		return true;
	}
	return false;
}

const char *sets_nearest(const char *s, size_t n)
{
	for (unsigned int i = 0; i < SET_COUNT; i++)
		if (keys_distance(s, n, sets_names[i], strlen(sets_names[i])) <= 2)
			return sets_names[i];
	return NULL;
}

bool policy_is_metadata(const struct in6_addr *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(set_metadata); i++)
		if (memcmp(a, &set_metadata[i].addr, sizeof(*a)) == 0)
			return true;
	return false;
}
