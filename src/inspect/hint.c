// SPDX-License-Identifier: Apache-2.0
/* hint.c - the shortest change of a policy that would allow what was refused
 *
 * Runs in:  the commands that explain.
 *
 * It is read off the record alone: the destination says what has to be covered, the rule which list refused it. Where no list did (a
 * source route, io_uring, a packet socket), there is nothing to advise.
 */
#include "inspect/hint.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "container/names.h"

/* The list as the user spelled it; NULL: it is not in the policy. */
static const char *spelling(const struct oci_map *annotations, const char *key, const char *alias)
{
	return names_annotation(annotations, key) ? key : names_annotation(annotations, alias) ? alias : NULL;
}

static void set(struct hint *h, int what, const char *key, char *value)
{
	h->what = what;
	h->key = xstrdup(key);
	h->value = value;
}

/* "tcp://10.1.2.3:80" as a rule of this: TCP needs no scheme, and a name is better than one of its addresses. */
static char *rule_for(const struct refusal *r)
{
	const char *host = strstr(r->destination, "://"), *port;
	bool tcp = str_starts(r->destination, "tcp://");

	if (!host)
		return NULL;
	host += 3;
	/* A group that was to be joined: whatever the port. */
	if (str_eq(r->call, "setsockopt")) {
		port = strrchr(host, ':');
		return xasprintf("udp://%.*s", (int)(port ? (size_t)(port - host) : strlen(host)), host);
	}
	port = host[0] == '[' ? strchr(host, ']') : NULL;
	port = strchr(port ? port : host, ':');
	if (*r->name)
		return xasprintf("%.*s%s%s", tcp ? 0 : (int)(host - r->destination), r->destination, r->name, port ? port : "");
	return xstrdup(tcp ? host : r->destination);
}

static void for_destination(const struct refusal *r, const struct oci_map *a, struct hint *out)
{
	const char *allow = spelling(a, "io.sandlock.net-allow", "io.sandlock.network.allow");
	const char *deny = spelling(a, "io.sandlock.net-deny", "io.sandlock.network.deny");
	autofree char *rule = rule_for(r);

	if (!rule)
		return;
	if (deny && strstr(r->rule, "net-deny)")) {
		/* An exception is about addresses: a list of what is denied knows no names. */
		struct refusal bare = *r;

		bare.name = (char *)(uintptr_t)"";
		free(rule);
		rule = rule_for(&bare);
		set(out, HINT_ADD, deny, xasprintf("!%s", rule));
	} else if (allow && str_starts(r->rule, "default")) {
		set(out, HINT_ADD, allow, steal_ptr(&rule));
	}
}

/* A query that was not passed on. What the program wants of the name it has not said yet: most likely the web's port. */
static void for_name(const struct refusal *r, const struct oci_map *a, struct hint *out)
{
	const char *allow = spelling(a, "io.sandlock.net-allow", "io.sandlock.network.allow");

	if (allow && *r->name)
		set(out, HINT_ADD, allow, xasprintf("%s:443", r->name));
}

static void for_bind(const struct refusal *r, const struct oci_map *a, struct hint *out)
{
	const char *allow = spelling(a, "io.sandlock.net-allow-bind", "io.sandlock.network.allow_bind");
	const char *deny = spelling(a, "io.sandlock.net-deny-bind", "io.sandlock.network.deny_bind");
	const char *port = strrchr(r->destination, ' ');

	if (!port)
		port = strrchr(r->destination, ':');
	if (!port)
		return;
	if (allow && str_starts(r->rule, "default"))
		set(out, HINT_ADD, allow, xstrdup(str_eq(port + 1, "0") ? "*" : port + 1));
	else if (deny && strstr(r->rule, "net-deny-bind)"))
		set(out, HINT_DROP, deny, xasprintf("%.*s", (int)strcspn(r->rule, " "), r->rule));
}

static void for_socket(const struct refusal *r, const struct oci_map *a, struct hint *out)
{
	if (!spelling(a, "io.sandlock.net-allow", "io.sandlock.network.allow"))
		return;
	if (str_starts(r->destination, "UDP socket"))
		set(out, HINT_SET, "io.sandlock.allow-udp", xstrdup("true"));
	else if (str_starts(r->destination, "ICMP echo socket") || str_starts(r->destination, "raw ICMP socket"))
		set(out, HINT_SET, "io.sandlock.allow-icmp", xstrdup("true"));
}

void hint_find(const struct refusal *r, const struct oci_map *annotations, struct hint *out)
{
	*out = (struct hint){ .what = HINT_NONE };
	if (str_eq(r->call, "dns"))
		for_name(r, annotations, out);
	else if (str_eq(r->call, "bind") || str_eq(r->call, "listen"))
		for_bind(r, annotations, out);
	else if (str_eq(r->call, "socket") || str_eq(r->call, "socketpair"))
		for_socket(r, annotations, out);
	else
		for_destination(r, annotations, out);
}

char *hint_words(const struct hint *h)
{
	switch (h->what) {
	case HINT_ADD:
		return xasprintf("add %s to %s", h->value, h->key);
	case HINT_DROP:
		return xasprintf("take %s out of %s", h->value, h->key);
	case HINT_SET:
		return xasprintf("set %s=%s", h->key, h->value);
	case HINT_NONE:
		break;
	}
	return NULL;
}

void hint_free(struct hint *h)
{
	free(h->key);
	free(h->value);
	*h = (struct hint){ 0 };
}
