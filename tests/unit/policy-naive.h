// SPDX-License-Identifier: Apache-2.0
/* policy-naive.h - the plain truth about a prefix, for tests and fuzzers to hold the sorted sets against */
#ifndef TESTS_POLICY_NAIVE_H
#define TESTS_POLICY_NAIVE_H

#include <string.h>

#include "policy/internal.h"

static inline bool naive_contains(const struct canonical_net *n, const struct in6_addr *a)
{
	struct canonical_net m = { .addr = *a, .len = n->len };

	/* ::/0 is every IPv6 address; IPv4 has its own 0.0.0.0/0 = ::ffff:0:0/96. */
	if (canonical_is_v4(a) != (n->len >= 96 && canonical_is_v4(&n->addr)))
		return false;
	canonical_mask(&m);
	return memcmp(&m.addr, &n->addr, sizeof(m.addr)) == 0;
}

#endif
