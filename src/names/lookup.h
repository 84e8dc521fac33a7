// SPDX-License-Identifier: Apache-2.0
/* lookup.h - one name's addresses, asked once of a container's own name servers
 *
 * Owns:     the few questions that create asks before there is anybody to answer them later.
 * Must not: use the host's resolver, its configuration, or its network: the caller is in the container's network namespace.
 */
#ifndef NAMES_LOOKUP_H
#define NAMES_LOOKUP_H

#include "names/names.h"

#define NAMES_SEARCH_MAX 6 /* as resolv.conf(5) */

struct names_lookup {
	const struct in6_addr *servers; /* IPv4 v4-mapped; the first NAMES_SERVERS_MAX are asked, port 53 */
	size_t n_servers;
	const char (*search)[NAMES_NAME_MAX]; /* domains that a name may be meant in */
	size_t n_search;
	unsigned int ndots; /* a name with as many dots is asked for as it stands first */
	uint16_t port;	    /* 0: 53 */
};

/* The addresses of @name (lower case, no final dot), IPv6 and IPv4, as the C library of a container would find them: @room at
 * most. How many; 0: the servers say that there are none; -1: none of them answers. Blocks for some seconds at most. */
int names_lookup(const struct names_lookup *l, const char *name, struct in6_addr *addrs, size_t room);

#endif
