// SPDX-License-Identifier: Apache-2.0
/* names.c - names that move: whether they are followed, and which a name is
 *
 * A name means the addresses that the container itself would get for it, as long as it would get them. That wants a name
 * service between the container and its name servers (names/). Where there can be none, the addresses of the moment of create are
 * what an exact name means, and a wildcard means nothing that could be said.
 *
 * Runs in:  create; exec and the supervisor, on what was stored.
 */
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

int names_depth(const char *name, const char **base)
{
	size_t stars = strspn(name, "*");

	*base = stars ? name + stars + 1 : name;
	return stars == 0 ? NAME_EXACT : stars == 1 ? NAME_ONE_LABEL : NAME_ANY_DEPTH;
}

bool policy_follows_names(const struct policy *p)
{
	return p->follows_names;
}

/* NULL: it can. */
static const char *why_not(const struct policy *p)
{
	const struct policy_facts *f = &p->facts;

	if (p->audit)
		return "io.sandlock.mode=audit refuses nothing, so there is none";
	if (!f->own_network)
		return "the container has no network of its own that nobody else is in";
	if (!f->n_resolvers)
		return "the container's resolv.conf has no name server";
	if (!f->can_serve_names)
		return "no name server of a resolv.conf that the engine mounts can be asked there (an image's is not believed, nor one on the "
		       "container's own loopback; and the runtime has to be root, or root of a user namespace)";
	return NULL;
}

static const struct grammar_name *first_wildcard(const struct policy *p)
{
	for (size_t i = 0; i < p->n_hosts && p->names; i++)
		if (names_is_wildcard(p->names[i].name))
			return &p->names[i];
	return NULL;
}

static int wildcard_error(const struct policy *p, const struct grammar_name *n, const char *why, struct err *e)
{
	return grammar_error(e, p->key[LIST_ALLOW], p->text[LIST_ALLOW] + n->pos - 1, n->len, n->pos,
			     "a wildcard needs a name service in the container's network, and %s; list the names", why);
}

int names_choose(struct policy *p, struct err *e)
{
	const struct grammar_name *wild = first_wildcard(p);
	const char *why = why_not(p);
	bool wanted = p->n_hosts && (p->dns == DNS_AUTO || p->dns == DNS_FILTER);

	if (wild && !wanted)
		return wildcard_error(p, wild, p->dns == DNS_OFF ? "io.sandlock.dns is off" : "io.sandlock.dns is open", e);
	if (wild && why)
		return wildcard_error(p, wild, why, e);
	if (p->dns == DNS_FILTER && why)
		return err_text(e, EINVAL, "io.sandlock.dns: filter needs a name service in the container's network, and %s; write auto or open",
				why);
	p->follows_names = wanted && !why;
	return 0;
}
