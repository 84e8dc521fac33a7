// SPDX-License-Identifier: Apache-2.0
/* sets.h - one set after the other, and what is put into it
 *
 * Owns:     the names of sets, the form of their keys.
 * Must not: decide what goes where (lists.c).
 */
#ifndef CONFINE_WALL_SETS_H
#define CONFINE_WALL_SETS_H

#include "confine/wall/lists.h"
#include "confine/wall/ports.h"

/* The pointer is good until the next one is added. */
struct wall_set *sets_add(struct wall_lists *l, enum wall_list list, bool v6, enum wall_shape shape, unsigned int protos);
/* The one of @shape, which all protocols share. */
struct wall_set *sets_shared(struct wall_lists *l, enum wall_list list, bool v6, enum wall_shape shape);
/* Of ports of any address. */
void sets_add_ports(struct wall_lists *l, bool v6, const struct ports *p, unsigned int protos);
/* Another element, empty. */
struct nft_element *sets_element(struct wall_set *s);
/* @a (IPv4 in its canonical form) as the field of a key: its length. */
size_t sets_put_addr(uint8_t *at, const struct in6_addr *a, bool v6);
/* Address, protocol and port as a key. */
void sets_put_triple(uint8_t *at, const struct in6_addr *a, bool v6, enum policy_proto proto, uint16_t port);

#endif
