// SPDX-License-Identifier: Apache-2.0
/* annotations.c - which io.sandlock.* keys are there, and what contradicts what
 *
 * Owns:     the table of keys and their other spellings; bools; the errors that are about keys.
 * Must not: look into a rule list (grammar.c).
 * Runs in:  create.
 *
 * Everything under io.sandlock. that is not in the table is an error: a typo must not silently mean "no policy". So
 * are keys of a later version: whoever wrote them counts on what they do.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

#define PREFIX "io.sandlock."

const char *const annotations_names[KEY_COUNT] = {
	[KEY_NET_ALLOW] = PREFIX "net-allow",
	[KEY_NET_DENY] = PREFIX "net-deny",
	[KEY_ALLOW_UDP] = PREFIX "allow-udp",
	[KEY_ALLOW_ICMP] = PREFIX "allow-icmp",
	[KEY_NET_ALLOW_BIND] = PREFIX "net-allow-bind",
	[KEY_NET_DENY_BIND] = PREFIX "net-deny-bind",
	[KEY_REQUIRE] = PREFIX "require",
};

#define KEY_LATER KEY_COUNT /* known, and not supported yet */

static const struct {
	const char *name; /* behind the prefix */
	enum annotation_key key;
} annotation_keys[] = {
	{ "net-allow", KEY_NET_ALLOW },
	{ "net-deny", KEY_NET_DENY },
	{ "allow-udp", KEY_ALLOW_UDP },
	{ "allow-icmp", KEY_ALLOW_ICMP },
	{ "net-allow-bind", KEY_NET_ALLOW_BIND },
	{ "net-deny-bind", KEY_NET_DENY_BIND },
	{ "require", KEY_REQUIRE },
	{ "network.allow", KEY_NET_ALLOW },
	{ "network.deny", KEY_NET_DENY },
	{ "network.allow_bind", KEY_NET_ALLOW_BIND },
	{ "network.deny_bind", KEY_NET_DENY_BIND },
	{ "http-allow", KEY_LATER },
	{ "http-deny", KEY_LATER },
	{ "http-ca", KEY_LATER },
	{ "http-key", KEY_LATER },
	{ "http-port", KEY_LATER },
	{ "http.allow", KEY_LATER },
	{ "http.deny", KEY_LATER },
	{ "profile", KEY_LATER },
};

bool policy_wanted(const struct oci_map *annotations)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (str_starts(annotations->v[i].key, PREFIX))
			return true;
	return false;
}

/* Levenshtein's distance; beyond 40 characters the rest does not matter. */
static unsigned int annotations_distance(const char *a, const char *b)
{
	enum { MAX = 40 };
	size_t n = strnlen(a, MAX), m = strnlen(b, MAX);
	unsigned int row[MAX + 1];

	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned int diag = row[0]++;

		for (size_t j = 1; j <= m; j++) {
			unsigned int subst = diag + (a[i - 1] != b[j - 1]);
			unsigned int gap = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diag = row[j];
			row[j] = subst < gap ? subst : gap;
		}
	}
	return row[m];
}

static int annotations_unknown(const char *key, struct err *e)
{
	const char *name = key + strlen(PREFIX), *nearest = "";
	unsigned int least = ~0u;
	char quoted[TEXT_QUOTED];

	text_quote(quoted, key, strlen(key));
	for (size_t i = 0; i < ARRAY_SIZE(annotation_keys); i++) {
		unsigned int d = annotations_distance(name, annotation_keys[i].name);

		if (d < least) {
			least = d;
			nearest = annotation_keys[i].name;
		}
	}
	if (least <= strlen(nearest) / 2)
		return err_text(e, EINVAL, "annotation %s: unknown key; did you mean \"" PREFIX "%s\"?", quoted, nearest);
	return err_text(e, EINVAL,
			"annotation %s: unknown key; the keys are net-allow, net-deny, allow-udp, allow-icmp, "
			"net-allow-bind, net-deny-bind and require, each behind \"" PREFIX "\"", quoted);
}

static int annotations_take(struct annotations *a, enum annotation_key k, const char *key, const char *value,
			    struct err *e)
{
	if (a->v[k].key) {
		if (str_eq(a->v[k].key, key))
			return err_text(e, EINVAL, "annotation %s is there twice; keep one", key);
		return err_text(e, EINVAL, "annotations %s and %s are two spellings of one key; keep one", a->v[k].key,
				key);
	}
	a->v[k].key = key;
	a->v[k].value = value;
	return 0;
}

static int annotations_one(struct annotations *a, const struct oci_pair *pair, struct err *e)
{
	const char *name = pair->key + strlen(PREFIX);

	for (size_t i = 0; i < ARRAY_SIZE(annotation_keys); i++) {
		if (!str_eq(name, annotation_keys[i].name))
			continue;
		if (annotation_keys[i].key == KEY_LATER)
			return err_text(e, EINVAL,
					"annotation %s is not supported by this version of sandrun; "
					"remove it, or use net-allow or net-deny", pair->key);
		return annotations_take(a, annotation_keys[i].key, pair->key, pair->value ? pair->value : "", e);
	}
	return annotations_unknown(pair->key, e);
}

static int annotations_bool(const struct annotations *a, enum annotation_key k, bool *out, struct err *e)
{
	static const char *const words[][2] = { { "false", "true" }, { "0", "1" }, { "no", "yes" }, { "off", "on" } };
	const char *value = a->v[k].value;
	char quoted[TEXT_QUOTED];

	*out = false;
	if (!a->v[k].key)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (!str_eq(value, words[i][0]) && !str_eq(value, words[i][1]))
			continue;
		*out = str_eq(value, words[i][1]);
		return 0;
	}
	return err_text(e, EINVAL, "%s: %s is neither true nor false; write true or false (or 1/0, yes/no, on/off)",
			a->v[k].key, text_quote(quoted, value, strlen(value)));
}

static int annotations_exclude(const struct annotations *a, enum annotation_key k, enum annotation_key l, struct err *e)
{
	if (!a->v[k].key || !a->v[l].key)
		return 0;
	return err_text(e, EINVAL, "%s and %s exclude each other; keep the one that is meant", a->v[k].key, a->v[l].key);
}

/* allow-udp and allow-icmp say what a list of allowed destinations covers. In deny mode UDP and ICMP are open unless
 * denied, so "allow-udp=false" would promise what nobody keeps, and without a list there is nothing to widen: most
 * likely the list was forgotten. */
static int annotations_needs_list(const struct annotations *a, enum annotation_key k, struct err *e)
{
	if (!a->v[k].key || a->v[KEY_NET_ALLOW].key)
		return 0;
	if (a->v[KEY_NET_DENY].key)
		return err_text(e, EINVAL,
				"%s has a meaning only beside %s; under %s everything is allowed that is not listed, so "
				"remove it (and list udp:// or icmp:// rules to block those)",
				a->v[k].key, annotations_names[KEY_NET_ALLOW], a->v[KEY_NET_DENY].key);
	return err_text(e, EINVAL, "%s has a meaning only beside %s; add the list, or remove it", a->v[k].key,
			annotations_names[KEY_NET_ALLOW]);
}

/* --- require ---------------------------------------------------------------------------------------------- */

const char *const policy_layer_names[POLICY_LAYERS] = {
	[POLICY_LAYER_NOTIFY] = "notify",
	[POLICY_LAYER_LANDLOCK] = "landlock",
	[POLICY_LAYER_BPF] = "bpf",
};

static int annotations_layer(const char *word, size_t len)
{
	for (int i = 0; i < POLICY_LAYERS; i++)
		if (strlen(policy_layer_names[i]) == len && memcmp(policy_layer_names[i], word, len) == 0)
			return i;
	return -1;
}

/* Separated as rules are. */
static int annotations_require(struct annotations *a, struct err *e)
{
	static const char separators[] = ",; \t\r\n\v\f";
	const char *key = a->v[KEY_REQUIRE].key, *text = a->v[KEY_REQUIRE].value;

	if (!key)
		return 0;
	for (const char *s = text + strspn(text, separators); *s; s += strspn(s, separators)) {
		size_t len = strcspn(s, separators);
		int layer = annotations_layer(s, len);

		if (layer < 0)
			return grammar_error(e, key, s, len, (size_t)(s - text) + 1,
					     "no such layer; there are notify, landlock and bpf");
		a->require |= 1u << layer;
		s += len;
	}
	if (!a->require)
		return err_text(e, EINVAL, "%s: it names no layer; name some of notify, landlock and bpf, or remove it", key);
	if (a->v[KEY_NET_ALLOW].key || a->v[KEY_NET_DENY].key || a->v[KEY_NET_ALLOW_BIND].key || a->v[KEY_NET_DENY_BIND].key)
		return 0;
	return err_text(e, EINVAL, "%s has a meaning only beside a policy; add %s or another list, or remove it", key,
			annotations_names[KEY_NET_ALLOW]);
}

int annotations_read(const struct oci_map *map, struct annotations *a, struct err *e)
{
	*a = (struct annotations){ 0 };
	for (size_t i = 0; i < map->n; i++)
		if (str_starts(map->v[i].key, PREFIX) && annotations_one(a, &map->v[i], e) < 0)
			return -1;
	if (annotations_exclude(a, KEY_NET_ALLOW, KEY_NET_DENY, e) < 0 ||
	    annotations_exclude(a, KEY_NET_ALLOW_BIND, KEY_NET_DENY_BIND, e) < 0 ||
	    annotations_bool(a, KEY_ALLOW_UDP, &a->allow_udp, e) < 0 ||
	    annotations_bool(a, KEY_ALLOW_ICMP, &a->allow_icmp, e) < 0 ||
	    annotations_needs_list(a, KEY_ALLOW_UDP, e) < 0 || annotations_needs_list(a, KEY_ALLOW_ICMP, e) < 0 ||
	    annotations_require(a, e) < 0)
		return -1;
	return 0;
}
