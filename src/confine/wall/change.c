// SPDX-License-Identifier: Apache-2.0
/* change.c - changes to a wall that stands
 *
 * Runs in:  the supervisor's main thread. No heap: messages are composed in memory of this file's own, which is enough for what the header
 *           allows.
 *
 * Most kernels take no new time to live for an element that is there (later ones do, from Linux 6.12 on); and to delete one that has ended by itself is an
 * error, which would take the whole change with it. So each is put in (no matter if it is there), taken out (it is there for sure), and put
 * in with its time, in one batch, which holds or falls as a whole.
 */
#include "confine/wall/change.h"

#include <string.h>

#include "confine/wall/named.h"

/* At worst every address in every group: a message of less than 100 bytes for each step, family and group, and three elements, of 96 bytes
 * together, for each address in each. */
static unsigned char room[WALL_LEASES_MAX * GROUPS_MAX_LISTS * 96 + GROUPS_MAX_LISTS * 6 * 100 + 4096];

static int commit(struct netlink *n, struct nft *q, struct err *e)
{
	nft_batch_end(q);
	return netlink_commit(n, q->b.v + q->batches[0].at, q->batches[0].len, q->batches[0].last, e);
}

static struct nft begin(const struct wall *w, struct nft_batch *batch)
{
	struct nft q = { .b = { .v = room, .cap = sizeof(room), .lent = true }, .table = w->table, .batches = batch, .cap_batches = 1 };

	nft_batch_begin(&q);
	return q;
}

static const uint8_t *key_of(const struct in6_addr *a, bool v6)
{
	return v6 ? a->s6_addr : a->s6_addr + 12;
}

/* --- addresses of names ------------------------------------------------------------------------------------------------ */

enum step { PUT, TAKE, LEASE };

static bool is_in(const struct wall_lease *l, size_t group, bool v6)
{
	return l->groups & 1ULL << group && IN6_IS_ADDR_V4MAPPED(&l->addr) != v6;
}

static void put_step(struct nft *q, const struct wall_lease *v, size_t count, size_t group, bool v6, enum step step)
{
	const struct nft_key key = groups_key(v6);
	char name[GROUPS_NAME];
	bool begun = false;

	groups_set_name(group, v6, name);
	for (size_t i = 0; i < count; i++) {
		if (!is_in(&v[i], group, v6) || (step == LEASE && !v[i].ms))
			continue;
		if (!begun && step == TAKE)
			nft_delete_begin(q, name);
		else if (!begun)
			nft_insert_begin(q, name);
		begun = true;
		nft_element(q, &key, key_of(&v[i].addr, v6), step == LEASE ? v[i].ms : 0);
	}
	if (begun)
		nft_list_end(q);
}

int wall_lease(struct netlink *n, const struct wall *w, const struct wall_groups *g, const struct wall_lease *v, size_t count, struct err *e)
{
	struct nft_batch batch;
	struct nft q = begin(w, &batch);

	if (count > WALL_LEASES_MAX)
		return err_msg(e, "%zu addresses are too many for one change", count);
	for (size_t i = 0; i < 2 * g->n; i++)
		for (int step = PUT; step <= LEASE; step++)
			put_step(&q, v, count, i / 2, i % 2, (enum step)step);
	return commit(n, &q, e) < 0 ? err_prefix(e, "let addresses of names through the table %s", w->table) : 0;
}

/* --- the name service --------------------------------------------------------------------------------------------------- */

static void put_port(uint8_t *at, uint16_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

static void put_asking(struct nft *q, const struct in6_addr *servers, size_t n_servers, const struct wall_asker *v, size_t count, bool v6)
{
	const struct nft_key key = named_asking_key(v6);
	size_t len = v6 ? 16 : 4;
	bool begun = false;

	for (size_t i = 0; i < count * n_servers; i++) {
		const struct in6_addr *server = &servers[i % n_servers];
		const struct wall_asker *a = &v[i / n_servers];
		uint8_t el[NFT_KEY_MAX] = { 0 };

		if (a->v6 != v6 || IN6_IS_ADDR_V4MAPPED(server) == v6)
			continue;
		if (!begun)
			nft_insert_begin(q, v6 ? NAMED_ASKING6 : NAMED_ASKING4);
		begun = true;
		memcpy(el, key_of(server, v6), len);
		el[len] = a->tcp ? IPPROTO_TCP : IPPROTO_UDP;
		put_port(el + len + 4, a->port);
		nft_element(q, &key, el, 0);
	}
	if (begun)
		nft_list_end(q);
}

static void put_awaited(struct nft *q, const struct wall_asker *v, size_t count)
{
	const struct nft_key key = { { NFT_TYPE_SERVICE } };

	nft_insert_begin(q, NAMED_AWAITED);
	for (size_t i = 0; i < count; i++) {
		uint8_t port[NFT_KEY_MAX] = { 0 };

		put_port(port, v[i].port);
		if (!v[i].tcp)
			nft_element(q, &key, port, 0);
	}
	nft_list_end(q);
}

int wall_let_ask(struct netlink *n, const struct wall *w, const struct in6_addr *servers, size_t n_servers, const struct wall_asker *v,
		 size_t count, struct err *e)
{
	struct nft_batch batch;
	struct nft q = begin(w, &batch);

	if (n_servers > WALL_SERVERS_MAX || count > WALL_ASKERS_MAX)
		return err_msg(e, "%zu servers and %zu ports are too many for a name service", n_servers, count);
	put_asking(&q, servers, n_servers, v, count, false);
	put_asking(&q, servers, n_servers, v, count, true);
	put_awaited(&q, v, count);
	return commit(n, &q, e) < 0 ? err_prefix(e, "let the name service ask through the table %s", w->table) : 0;
}
