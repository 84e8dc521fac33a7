// SPDX-License-Identifier: Apache-2.0
/* lookup.c - the names of a policy, as the container knows them
 *
 * Runs in:  create. The container's name servers are asked by a child (policy/resolve.c kills it when time is up), which goes into
 *           the container's network namespace without a privilege, a descriptor, or a memory that somebody there could look into.
 *
 * What a name server or the host's resolver says is not believed to the end: a name is no way to the clouds' metadata service, nor
 * to the host's own loopback. Who means these writes the address. The engine's hosts file may say both: "host.containers.internal"
 * is made of such lines.
 */
#include "launch/lookup.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "launch/netfacts.h"
#include "names/lookup.h"

void lookup_prepare(struct lookup *l, const struct foreign_facts *f, struct policy_facts *facts)
{
	netfacts_look(f, facts, &l->conf);
	l->own_network = facts->own_network;
	l->hosts = netfacts_read(f, "/etc/hosts", false, &l->hosts_len);
}

void lookup_free(struct lookup *l)
{
	free(l->hosts);
	*l = (struct lookup)LOOKUP_INIT;
}

static int give(const struct in6_addr *v, size_t n, struct in6_addr **addrs, size_t *n_addrs)
{
	*addrs = xcalloc(n, sizeof(**addrs));
	memcpy(*addrs, v, n * sizeof(**addrs));
	*n_addrs = n;
	return 0;
}

/* --- the hosts file --------------------------------------------------------------------------------------------- */

/* RFC 6761: it is never anything else. */
static bool is_localhost(const char *name)
{
	size_t n = strlen(name), k = strlen(".localhost");

	return str_eq(name, "localhost") || (n > k && str_eq(name + n - k, ".localhost"));
}

int lookup_resolve_hosts(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	static const struct in6_addr local[] = { { .s6_addr = { [10] = 0xff, 0xff, 127, 0, 0, 1 } }, IN6ADDR_LOOPBACK_INIT };
	const struct lookup *l = ctx;
	struct in6_addr found[64];
	size_t n_found = l->hosts ? policy_find_host(l->hosts, l->hosts_len, name, found, ARRAY_SIZE(found)) : 0;

	if (n_found)
		return give(found, n_found, addrs, n);
	if (is_localhost(name))
		return give(local, ARRAY_SIZE(local), addrs, n);
	return err_text(e, ENOENT, "the hosts file has no address for it");
}

int lookup_later(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	static const struct in6_addr someone = { .s6_addr = { [10] = 0xff, 0xff, 192, 0, 2, 1 } };

	(void)ctx;
	(void)name;
	(void)e;
	return give(&someone, 1, addrs, n);
}

/* --- the container's name servers ---------------------------------------------------------------------------------- */

/* Nothing of the host's and of ours is left but the descriptor for the answer. */
static int enter(const struct lookup *l, int out)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { { 0 } };

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || (l->userns >= 0 && setns(l->userns, CLONE_NEWUSER) < 0) ||
	    (l->netns >= 0 && setns(l->netns, CLONE_NEWNET) < 0))
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_capset, &head, none) < 0)
		return -1;
	fd_close_from_but(3, out);
	return 0;
}

static int ask_servers(void *ctx, int out, const char *name, struct in6_addr *addrs, size_t room)
{
	const struct lookup *l = ctx;
	const struct names_lookup q = {
		.servers = l->conf.servers,
		.n_servers = l->conf.n_servers,
		.search = (const char(*)[NAMES_NAME_MAX])l->conf.search,
		.n_search = l->conf.n_search,
		.ndots = l->conf.ndots,
	};

	return enter(l, out) < 0 ? -1 : names_lookup(&q, name, addrs, room);
}

/* --- in order --------------------------------------------------------------------------------------------------------- */

/* Takes out what a name is no way to. */
static size_t keep_usable(const struct lookup *l, const char *name, struct in6_addr *v, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool loopback = IN6_IS_ADDR_LOOPBACK(&v[i]) || (IN6_IS_ADDR_V4MAPPED(&v[i]) && v[i].s6_addr[12] == 127);

		if (policy_is_metadata(&v[i]) || (loopback && !l->own_network))
			log_warn("%s resolves to an address of %s, which is not let in by that name", name,
				 loopback ? "the host's loopback" : "a metadata service");
		else
			v[kept++] = v[i];
	}
	return kept;
}

int lookup_resolve(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	const struct lookup *l = ctx;
	int r;

	if (lookup_resolve_hosts(ctx, name, addrs, n, e) == 0)
		return 0;
	if (l->ready && l->conf.n_servers && policy_resolve_apart(ask_servers, ctx, name, addrs, n, e) == 0) {
		*n = keep_usable(l, name, *addrs, *n);
		if (*n)
			return 0;
		free(steal_ptr(addrs));
	}
	r = policy_resolve_host(name, addrs, n, e);
	if (r == 0)
		*n = keep_usable(l, name, *addrs, *n);
	return r;
}
