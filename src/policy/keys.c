// SPDX-License-Identifier: Apache-2.0
/* keys.c - which annotations are ours, and which of them hold for this container
 *
 * Owns:     the table of keys and their other spellings; the keys of one container of a pod; the errors that are about keys.
 * Must not: look into a value (annotations.c, grammar.c).
 * Runs in:  create.
 *
 * Everything under io.sandlock. that is not in the table is an error: a typo must not silently mean "no policy". So are keys of
 * a later version: whoever wrote them counts on what they do. And so is one of our keys under a prefix that looks like ours, or
 * under none, for the same reason.
 *
 * Kubernetes knows annotations of pods only. So "container.NAME.KEY" is KEY for one container of it. It wins over the plain
 * KEY; and since two lists are one policy, a container with an egress list of its own has nothing of the pod's (nor what widens
 * the pod's), and likewise with the bind lists.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "oci/names.h"
#include "policy/internal.h"

#define PREFIX "io.sandlock."
#define CONTAINER "container."
#define CREDENTIAL "credential."
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

const char *const annotations_names[KEY_COUNT] = {
	[KEY_NET_ALLOW] = PREFIX "net-allow",
	[KEY_NET_DENY] = PREFIX "net-deny",
	[KEY_ALLOW_UDP] = PREFIX "allow-udp",
	[KEY_ALLOW_ICMP] = PREFIX "allow-icmp",
	[KEY_NET_ALLOW_BIND] = PREFIX "net-allow-bind",
	[KEY_NET_DENY_BIND] = PREFIX "net-deny-bind",
	[KEY_REQUIRE] = PREFIX "require",
	[KEY_DNS] = PREFIX "dns",
	[KEY_MODE] = PREFIX "mode",
	[KEY_OUTSIDE] = PREFIX "outside",
	[KEY_ERRNO] = PREFIX "errno",
	[KEY_PORT_REMAP] = PREFIX "network.port_remap",
	[KEY_LOG] = PREFIX "log",
	[KEY_LOG_ALLOWED] = PREFIX "log-allowed",
	[KEY_TELL] = PREFIX "tell",
};

static const struct known_key {
	const char *name; /* behind the prefix */
	enum annotation_key key;
	const char *later; /* of KEY_LATER: what it is about */
} known_keys[] = {
	{ "net-allow", KEY_NET_ALLOW, NULL },
	{ "net-deny", KEY_NET_DENY, NULL },
	{ "allow-udp", KEY_ALLOW_UDP, NULL },
	{ "allow-icmp", KEY_ALLOW_ICMP, NULL },
	{ "net-allow-bind", KEY_NET_ALLOW_BIND, NULL },
	{ "net-deny-bind", KEY_NET_DENY_BIND, NULL },
	{ "require", KEY_REQUIRE, NULL },
	{ "dns", KEY_DNS, NULL },
	{ "mode", KEY_MODE, NULL },
	{ "outside", KEY_OUTSIDE, NULL },
	{ "errno", KEY_ERRNO, NULL },
	{ "log", KEY_LOG, NULL },
	{ "log-allowed", KEY_LOG_ALLOWED, NULL },
	{ "tell", KEY_TELL, NULL },
	{ "network.allow", KEY_NET_ALLOW, NULL },
	{ "network.deny", KEY_NET_DENY, NULL },
	{ "network.allow_bind", KEY_NET_ALLOW_BIND, NULL },
	{ "network.deny_bind", KEY_NET_DENY_BIND, NULL },
	{ "network.port_remap", KEY_PORT_REMAP, NULL },
	{ "http-allow", KEY_LATER, "HTTP rules" },
	{ "http-deny", KEY_LATER, "HTTP rules" },
	{ "http-ports", KEY_LATER, "HTTP rules" },
	{ "http-ca", KEY_LATER, "HTTP rules" },
	{ "http-key", KEY_LATER, "HTTP rules" },
	{ "http-inject-ca", KEY_LATER, "HTTP rules" },
	{ "http-ca-out", KEY_LATER, "HTTP rules" },
	{ "http-auth", KEY_LATER, "HTTP rules" },
	{ "http-via", KEY_LATER, "HTTP rules" },
	{ "http.allow", KEY_LATER, "HTTP rules" },
	{ "http.deny", KEY_LATER, "HTTP rules" },
	{ "http.ports", KEY_LATER, "HTTP rules" },
	{ "config.http_ca", KEY_LATER, "HTTP rules" },
	{ "config.http_key", KEY_LATER, "HTTP rules" },
	{ "config.http_inject_ca", KEY_LATER, "HTTP rules" },
	{ "config.http_ca_out", KEY_LATER, "HTTP rules" },
	{ "profile", KEY_LATER, "policy files" },
};

static const struct known_key credential = { CREDENTIAL, KEY_LATER, "credentials" };

static const struct known_key *find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++)
		if (str_eq(name, known_keys[i].name))
			return &known_keys[i];
	return str_starts(name, CREDENTIAL) && name[strlen(CREDENTIAL)] ? &credential : NULL;
}

/* --- what was meant ------------------------------------------------------------------------------------ */

unsigned int keys_distance(const char *a, size_t n, const char *b, size_t m)
{
	enum { MAX = 40 };
	unsigned int row[MAX + 1];

	n = n < MAX ? n : MAX;
	m = m < MAX ? m : MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int diag = row[0]++;

		for (size_t j = 1; j <= m; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
			unsigned int subst = diag + !same;
			unsigned int gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diag = row[j];
			row[j] = subst < gap ? subst : gap;
		}
	}
	return row[m];
}

/* The key that is nearest to @name, and how far it is. */
static const char *nearest_key(const char *name, unsigned int *distance)
{
	size_t n = strlen(name);
	const char *best = NULL;

	*distance = ~0u;
	for (size_t i = 0; i < ARRAY_SIZE(known_keys); i++) {
		size_t m = strlen(known_keys[i].name);
		unsigned int d = n > m + 8 || m > n + 8 ? 8 : keys_distance(name, n, known_keys[i].name, m);

		if (d < *distance) {
			*distance = d;
			best = known_keys[i].name;
		}
	}
	return best;
}

/* Of a prefix that looks like ours and is not: its length. 0: none. */
static size_t foreign_prefix(const char *key)
{
	static const char *const words[] = { PREFIX, "io.sandrun.", "sandlock.", "sandrun." };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncasecmp(key, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	for (size_t n = strlen(PREFIX) - 2; n <= strlen(PREFIX) + 2 && n <= strlen(key); n++)
		if (ispunct((unsigned char)key[n - 1]) && keys_distance(key, n, PREFIX, strlen(PREFIX)) <= 2)
			return n;
	return 0;
}

/* A key of somebody's that was meant to be ours: which. NULL: it was not. Few annotations get past the first lines. */
static const char *meant_key(const char *key)
{
	size_t prefix = foreign_prefix(key), len = strlen(key);
	unsigned int distance, far;
	const char *best;

	if (!prefix && len > 24)
		return NULL;
	best = nearest_key(key + prefix, &distance);
	/* Without a prefix a short word means something to somebody else. */
	far = prefix || len >= 8 ? 2 : len >= 6 ? 1 : 0;
	if (best && distance <= far)
		return best;
	/* "io.sandrun.container.web.net-allow" */
	if (prefix && strncasecmp(key + prefix, CONTAINER, strlen(CONTAINER)) == 0 &&
	    strrchr(key, '.') > key + prefix + strlen(CONTAINER)) {
		best = nearest_key(strrchr(key, '.') + 1, &distance);
		return distance <= 2 ? best : NULL;
	}
	return NULL;
}

static int unknown_key(const char *key, const char *name, struct err *e)
{
	char quoted[TEXT_QUOTED], cure[TEXT_QUOTED];
	unsigned int distance;
	const char *best = nearest_key(name, &distance);

	text_quote(quoted, key, strlen(key));
	if (best && distance <= strlen(best) / 2) {
		autofree char *meant = xasprintf("%.*s%s", (int)(name - key), key, best);

		return err_text(e, EINVAL, "annotation %s: unknown key; did you mean %s?", quoted,
				text_quote(cure, meant, strlen(meant)));
	}
	return err_text(e, EINVAL,
			"annotation %s: unknown key; the keys are net-allow, net-deny, allow-udp, allow-icmp, net-allow-bind, "
			"net-deny-bind, require, dns, mode, outside, errno, log, log-allowed and tell, each behind \"" PREFIX "\"",
			quoted);
}

const char *policy_key_name(const char *key)
{
	const struct known_key *known = str_starts(key, PREFIX) ? find_key(key + strlen(PREFIX)) : NULL;

	return known && known->key < KEY_COUNT ? annotations_names[known->key] : NULL;
}

bool policy_wanted(const struct oci_map *annotations)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (str_starts(annotations->v[i].key, PREFIX) || meant_key(annotations->v[i].key))
			return true;
	return false;
}

/* --- pods ------------------------------------------------------------------------------------------------ */

bool policy_is_sandbox(const struct oci_map *annotations, const char *id)
{
	static const struct {
		const char *type, *sandbox;
	} engines[] = {
		{ "io.kubernetes.cri.container-type", "io.kubernetes.cri.sandbox-id" },	  /* containerd */
		{ "io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID" }, /* CRI-O, podman */
	};

	for (size_t i = 0; i < ARRAY_SIZE(engines); i++) {
		const char *type = oci_map_get(annotations, engines[i].type),
			   *sandbox = oci_map_get(annotations, engines[i].sandbox);

		/* Its own id: that an image, whose annotations some engines copy, cannot know. */
		if (type && sandbox && str_eq(type, "sandbox") && str_eq(sandbox, id))
			return true;
	}
	return false;
}

static const char *container_name(const struct oci_map *map)
{
	static const char *const keys[] = { "io.kubernetes.cri.container-name", "io.kubernetes.container.name" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *name = oci_map_get(map, keys[i]);

		if (name && *name)
			return name;
	}
	return NULL;
}

/* "NAME.KEY": where KEY begins, if it is one; names and keys may both have dots. @own: NAME is ours. */
static const char *scoped_key(const char *rest, const char *name, bool *own)
{
	size_t n = name ? strlen(name) : 0;

	*own = n && strncmp(rest, name, n) == 0 && rest[n] == '.';
	if (*own)
		return rest + n + 1;
	for (const char *dot = strchr(rest, '.'); dot; dot = strchr(dot + 1, '.'))
		if (dot > rest && find_key(dot + 1))
			return dot + 1;
	return NULL;
}

/* --- collecting -------------------------------------------------------------------------------------------- */

struct collector {
	struct annotations *a;
	struct annotations own; /* behind "container.NAME." */
	const char *name;
	struct err *e;
};

static int take(struct annotations *a, enum annotation_key k, const struct oci_pair *pair, struct err *e)
{
	if (a->v[k].key && str_eq(a->v[k].key, pair->key))
		return err_text(e, EINVAL, "annotation %s is there twice; keep one", pair->key);
	if (a->v[k].key)
		return err_text(e, EINVAL, "annotations %s and %s are two spellings of one key; keep one", a->v[k].key,
				pair->key);
	a->v[k].key = pair->key;
	a->v[k].value = pair->value ? pair->value : "";
	return 0;
}

static int take_known(struct collector *c, struct annotations *to, const char *name, const struct oci_pair *pair)
{
	const struct known_key *known = find_key(name);
	char quoted[TEXT_QUOTED];

	if (!known)
		return unknown_key(pair->key, name, c->e);
	if (known->key == KEY_LATER)
		return err_text(c->e, EINVAL,
				"annotation %s: %s are not implemented in this version of sandrun; remove it",
				text_quote(quoted, pair->key, strlen(pair->key)), known->later);
	return take(to, known->key, pair, c->e);
}

static int take_scoped(struct collector *c, const struct oci_pair *pair)
{
	const char *rest = pair->key + strlen(PREFIX CONTAINER), *key;
	char quoted[TEXT_QUOTED];
	bool own;

	text_quote(quoted, pair->key, strlen(pair->key));
	c->a->scoped = true;
	key = scoped_key(rest, c->name, &own);
	if (own)
		return take_known(c, &c->own, key, pair);
	if (!key && strchr(rest, '.'))
		return unknown_key(pair->key, strrchr(rest, '.') + 1, c->e);
	if (!key)
		return err_text(c->e, EINVAL, "annotation %s: it is " PREFIX CONTAINER "NAME.KEY", quoted);
	if (!c->name)
		return err_text(
			c->e, EINVAL,
			"annotation %s: nothing says which container this is (io.kubernetes.cri.container-name or "
			"io.kubernetes.container.name would); write the key without \"" CONTAINER "NAME.\"",
			quoted);
	return 0;
}

static int collect_one(struct collector *c, const struct oci_pair *pair)
{
	char quoted[TEXT_QUOTED];
	const char *meant;

	if (str_starts(pair->key, PREFIX CONTAINER))
		return take_scoped(c, pair);
	if (str_starts(pair->key, PREFIX))
		return take_known(c, c->a, pair->key + strlen(PREFIX), pair);
	meant = meant_key(pair->key);
	if (meant)
		return err_text(c->e, EINVAL,
				"annotation %s: it is not one of sandrun's, but nearly; did you mean \"" PREFIX "%s\"?",
				text_quote(quoted, pair->key, strlen(pair->key)), meant);
	return 0;
}

/* None of @keys holds for this container if it has one of the first two of its own. */
static void replace_group(struct collector *c, const enum annotation_key *keys, size_t n)
{
	if (!c->own.v[keys[0]].key && !c->own.v[keys[1]].key)
		return;
	for (size_t i = 0; i < n; i++)
		c->a->v[keys[i]].key = c->a->v[keys[i]].value = NULL;
}

int keys_collect(const struct oci_map *map, const struct policy_facts *f, struct annotations *a, struct err *e)
{
	static const enum annotation_key egress[] = { KEY_NET_ALLOW, KEY_NET_DENY, KEY_ALLOW_UDP, KEY_ALLOW_ICMP };
	static const enum annotation_key bind[] = { KEY_NET_ALLOW_BIND, KEY_NET_DENY_BIND };
	struct collector c = { .a = a, .e = e };

	c.name = f->name || f->distrust_name ? f->name : container_name(map);
	/* Engines give no others; what has them could make a key that cannot be shown. */
	if (c.name && strspn(c.name, NAME_CHARACTERS) != strlen(c.name))
		c.name = NULL;

	*a = (struct annotations){ 0 };
	for (size_t i = 0; i < map->n; i++)
		if (collect_one(&c, &map->v[i]) < 0)
			return -1;
	replace_group(&c, egress, ARRAY_SIZE(egress));
	replace_group(&c, bind, ARRAY_SIZE(bind));
	for (unsigned int k = 0; k < KEY_COUNT; k++)
		if (c.own.v[k].key)
			a->v[k] = c.own.v[k];
	return 0;
}

int policy_has_lists(const struct oci_map *annotations, const struct policy_facts *facts, bool *out, struct err *e)
{
	struct annotations a;

	if (keys_collect(annotations, facts, &a, e) < 0)
		return -1;
	*out = a.v[KEY_NET_ALLOW].key || a.v[KEY_NET_DENY].key || a.v[KEY_NET_ALLOW_BIND].key || a.v[KEY_NET_DENY_BIND].key;
	return 0;
}
