// SPDX-License-Identifier: Apache-2.0
/* groups.c - which ports the names of a policy are for, each list of ports once
 *
 * Runs in:  create; the supervisor's process before it is ready.
 */
#include "confine/wall/groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "policy/learned.h"

struct port_map {
	bool any;
	uint8_t v[(PORTS_LAST + 1) / 8];
};

static void mark(uint16_t lo, uint16_t hi, void *ctx)
{
	struct port_map *m = ctx;

	m->any = true;
	for (uint32_t port = lo; port <= hi; port++)
		m->v[port / 8] |= (uint8_t)(1u << port % 8);
}

static bool is_marked(const struct port_map *m, uint32_t port)
{
	return port <= PORTS_LAST && m->v[port / 8] & 1u << port % 8;
}

static struct ports to_ranges(const struct port_map *m, enum policy_proto proto)
{
	struct ports p = { 0 };
	uint32_t from = 0;

	if (proto == POLICY_ICMP) {
		ports_add(&p, 0, 0);
		return p;
	}
	for (uint32_t port = 0; port <= PORTS_LAST; port++) {
		if (is_marked(m, port) && (port == 0 || !is_marked(m, port - 1)))
			from = port;
		if (is_marked(m, port) && !is_marked(m, port + 1))
			ports_add(&p, from, port);
	}
	return p;
}

/* Its index, or -1: there are too many. Takes @ports. */
static int find_or_add(struct wall_groups *g, enum policy_proto proto, struct ports *ports)
{
	for (size_t i = 0; i < g->n; i++) {
		if (g->v[i].proto != proto || !ports_same(&g->v[i].ports, ports))
			continue;
		ports_free(ports);
		return (int)i;
	}
	if (g->n == GROUPS_MAX_LISTS) {
		ports_free(ports);
		return -1;
	}
	g->v[g->n] = (struct wall_group){ proto, *ports };
	return (int)g->n++;
}

static int make_group(const struct policy *p, struct wall_groups *g, size_t host, enum policy_proto proto)
{
	struct port_map m = { 0 };
	struct ports ports;
	int i;

	g->of[host][proto] = -1;
	policy_each_name_port(p, (uint32_t)host, proto, mark, &m);
	if (!m.any)
		return 0;
	ports = to_ranges(&m, proto);
	i = find_or_add(g, proto, &ports);
	g->of[host][proto] = (int8_t)i;
	return i < 0 ? -1 : 0;
}

int groups_make(const struct policy *p, struct wall_groups *out, struct err *e)
{
	const struct policy_host *hosts;

	*out = (struct wall_groups){ 0 };
	if (!policy_follows_names(p))
		return 0;
	out->hosts = policy_hosts(p, &hosts);
	out->of = xcalloc(out->hosts, sizeof(*out->of));
	for (size_t h = 0; h < out->hosts; h++) {
		for (unsigned int proto = 0; proto < 3; proto++) {
			if (make_group(p, out, h, (enum policy_proto)proto) == 0)
				continue;
			groups_free(out);
			return err_set(e, E2BIG, "the names of the policy are for more than %d different lists of ports", GROUPS_MAX_LISTS);
		}
	}
	return 0;
}

void groups_free(struct wall_groups *g)
{
	for (size_t i = 0; i < g->n; i++)
		ports_free(&g->v[i].ports);
	free(g->of);
	*g = (struct wall_groups){ 0 };
}

void groups_set_name(size_t i, bool v6, char out[GROUPS_NAME])
{
	snprintf(out, GROUPS_NAME, "names%c_%zu", v6 ? '6' : '4', i);
}

struct nft_key groups_key(bool v6)
{
	return (struct nft_key){ { v6 ? NFT_TYPE_IPV6 : NFT_TYPE_IPV4 } };
}
