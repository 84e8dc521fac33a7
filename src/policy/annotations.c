// SPDX-License-Identifier: Apache-2.0
/* annotations.c - the values of the keys that are no lists, and what contradicts what
 *
 * Owns:     bools, words, layers, errnos.
 * Must not: know spellings and prefixes (keys.c), or look into a rule list (grammar.c).
 * Runs in:  create.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "policy/internal.h"

static const char *quote_value(const struct annotations *a, enum annotation_key k, char buf[TEXT_QUOTED])
{
	return text_quote(buf, a->v[k].value, strlen(a->v[k].value));
}

static int read_bool(const struct annotations *a, enum annotation_key k, bool *out, struct err *e)
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
			a->v[k].key, quote_value(a, k, quoted));
}

/* The index of the value in @words, 0 if the key is not there. @all: the words, for the error. */
static int read_word(const struct annotations *a, enum annotation_key k, const char *const *words, size_t n,
		     const char *all, struct err *e)
{
	char quoted[TEXT_QUOTED];

	if (!a->v[k].key)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (str_eq(a->v[k].value, words[i]))
			return (int)i;
	return err_text(e, EINVAL, "%s: %s is no value of this key; write %s", a->v[k].key, quote_value(a, k, quoted),
			all);
}

static bool has_egress(const struct annotations *a)
{
	return a->v[KEY_NET_ALLOW].key || a->v[KEY_NET_DENY].key;
}

static bool has_policy(const struct annotations *a)
{
	return has_egress(a) || a->v[KEY_NET_ALLOW_BIND].key || a->v[KEY_NET_DENY_BIND].key;
}

/* allow-udp and allow-icmp say what a list of allowed destinations covers. Without that list UDP and ICMP are open unless
 * denied, so "allow-udp=false" would promise what nobody keeps; and without any list there is nothing to widen: most likely the
 * list was forgotten. */
static int check_needs_allow(const struct annotations *a, enum annotation_key k, struct err *e)
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

/* Without a list all others mean nothing. In a pod they may be meant for those of its containers that have one. */
static int check_lists(const struct annotations *a, struct err *e)
{
	for (unsigned int k = 0; k < KEY_COUNT; k++)
		if (a->v[k].key && k != KEY_PORT_REMAP)
			return err_text(e, EINVAL,
					"%s has a meaning only beside a policy; add %s or another list, or remove it",
					a->v[k].key, annotations_names[KEY_NET_ALLOW]);
	return 0;
}

/* --- require ---------------------------------------------------------------------------------------------- */

#define LAYERS "notify, landlock, bpf and nft"

const char *const policy_layer_names[POLICY_LAYERS] = {
	[POLICY_LAYER_NOTIFY] = "notify",
	[POLICY_LAYER_LANDLOCK] = "landlock",
	[POLICY_LAYER_BPF] = "bpf",
	[POLICY_LAYER_NFT] = "nft",
};

static int find_layer(const char *word, size_t len)
{
	for (int i = 0; i < POLICY_LAYERS; i++)
		if (strlen(policy_layer_names[i]) == len && memcmp(policy_layer_names[i], word, len) == 0)
			return i;
	return -1;
}

/* Separated as rules are. */
static int read_require(struct annotations *a, struct err *e)
{
	static const char separators[] = ",; \t\r\n\v\f";
	const char *key = a->v[KEY_REQUIRE].key, *text = a->v[KEY_REQUIRE].value;

	if (!key)
		return 0;
	for (const char *s = text + strspn(text, separators); *s; s += strspn(s, separators)) {
		size_t len = strcspn(s, separators);
		int layer = find_layer(s, len);

		if (layer < 0)
			return grammar_error(e, key, s, len, (size_t)(s - text) + 1,
					     "no such layer; there are " LAYERS);
		a->require |= 1u << layer;
		s += len;
	}
	if (!a->require)
		return err_text(e, EINVAL, "%s: it names no layer; name some of " LAYERS ", or remove it", key);
	return 0;
}

/* --- words --------------------------------------------------------------------------------------------------- */

const char *const annotations_dns_words[DNS_COUNT] = {
	[DNS_AUTO] = "auto",
	[DNS_FILTER] = "filter",
	[DNS_OPEN] = "open",
	[DNS_OFF] = "off",
};

static int read_dns(struct annotations *a, struct err *e)
{
	int word = read_word(a, KEY_DNS, annotations_dns_words, DNS_COUNT, "auto, filter, open or off", e);

	if (word < 0)
		return -1;
	a->dns = (enum policy_dns)word;
	if (a->dns == DNS_FILTER && !a->v[KEY_NET_ALLOW].key && !a->scoped)
		return err_text(e, EINVAL, "%s: filter is for the names of %s, and there are none; write auto, open or off",
				a->v[KEY_DNS].key, annotations_names[KEY_NET_ALLOW]);
	if (a->v[KEY_DNS].key && !has_egress(a) && !a->scoped)
		return err_text(e, EINVAL, "%s has a meaning only beside %s or %s; add one, or remove it",
				a->v[KEY_DNS].key, annotations_names[KEY_NET_ALLOW], annotations_names[KEY_NET_DENY]);
	return 0;
}

static int read_mode(struct annotations *a, struct err *e)
{
	static const char *const words[] = { "enforce", "audit" };
	int word = read_word(a, KEY_MODE, words, ARRAY_SIZE(words), "enforce or audit", e);

	a->audit = word == 1;
	return word < 0 ? -1 : 0;
}

static int read_outside(struct annotations *a, struct err *e)
{
	static const char *const words[] = { "native", "judge" };
	int word = read_word(a, KEY_OUTSIDE, words, ARRAY_SIZE(words), "native or judge", e);

	a->judge_outside = word == 1;
	return word < 0 ? -1 : 0;
}

/* Those that a network gives by itself. EINTR, EAGAIN, EINPROGRESS and the like would have programs wait, or try for ever. */
const struct annotations_errno annotations_errnos[] = {
	{ "ECONNREFUSED", ECONNREFUSED },
	{ "EACCES", EACCES },
	{ "EPERM", EPERM },
	{ "ENETUNREACH", ENETUNREACH },
	{ "EHOSTUNREACH", EHOSTUNREACH },
	{ "ENETDOWN", ENETDOWN },
	{ "EHOSTDOWN", EHOSTDOWN },
	{ "ETIMEDOUT", ETIMEDOUT },
};
const size_t annotations_n_errnos = ARRAY_SIZE(annotations_errnos);

static int read_errno(struct annotations *a, struct err *e)
{
	char quoted[TEXT_QUOTED];

	a->error = ECONNREFUSED;
	if (!a->v[KEY_ERRNO].key)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(annotations_errnos); i++) {
		if (!str_eq(a->v[KEY_ERRNO].value, annotations_errnos[i].name))
			continue;
		a->error = annotations_errnos[i].value;
		return 0;
	}
	return err_text(e, EINVAL,
			"%s: %s is no errno that a refused call may have; write ECONNREFUSED, EACCES, EPERM, "
			"ENETUNREACH, EHOSTUNREACH, "
			"ENETDOWN, EHOSTDOWN or ETIMEDOUT",
			a->v[KEY_ERRNO].key, quote_value(a, KEY_ERRNO, quoted));
}

static int read_port_remap(const struct annotations *a, struct err *e)
{
	bool on;

	if (read_bool(a, KEY_PORT_REMAP, &on, e) < 0)
		return -1;
	return on ? err_text(e, EINVAL,
			     "%s: a network namespace does that (each container has all ports of its own); remove it",
			     a->v[KEY_PORT_REMAP].key)
		  : 0;
}

/* --- log ------------------------------------------------------------------------------------------------------ */

#define SINKS "state, journal, syslog, file:PATH or none"

static int read_sink(struct annotations *a, const char *word, size_t n, bool *none, struct err *e)
{
	const char *key = a->v[KEY_LOG].key;

	if (n == 5 && memcmp(word, "state", n) == 0)
		a->log.state = true;
	else if (n == 7 && memcmp(word, "journal", n) == 0)
		a->log.journal = true;
	else if (n == 6 && memcmp(word, "syslog", n) == 0)
		a->log.syslog = true;
	else if (n == 4 && memcmp(word, "none", n) == 0)
		*none = true;
	else if (n > 5 && memcmp(word, "file:", 5) == 0 && !a->log.file)
		a->log.file = word + 5;
	else
		return grammar_error(e, key, word, n, (size_t)(word - a->v[KEY_LOG].value) + 1,
				     a->log.file && n > 5 ? "a second file; there can be one"
							  : "no such place for the record; there are " SINKS);
	return 0;
}

/* Separated as rules are. Without the key: in the state directory. */
static int read_log(struct annotations *a, struct err *e)
{
	static const char separators[] = ",; \t\r\n\v\f";
	const char *key = a->v[KEY_LOG].key, *text = a->v[KEY_LOG].value;
	bool none = false;

	a->log.state = !key;
	if (!key)
		return 0;
	for (const char *s = text + strspn(text, separators); *s; s += strspn(s, separators)) {
		size_t n = strcspn(s, separators);

		if (read_sink(a, s, n, &none, e) < 0)
			return -1;
		s += n;
	}
	if (none == (a->log.state || a->log.journal || a->log.syslog || a->log.file))
		return err_text(e, EINVAL, none ? "%s: none excludes the others; write one or the other"
						: "%s: it names no place; write some of " SINKS, key);
	return 0;
}

static int read_record(struct annotations *a, struct err *e)
{
	bool on;

	if (read_log(a, e) < 0)
		return -1;
	for (unsigned int k = KEY_LOG_ALLOWED; k <= KEY_TELL; k++) {
		if (read_bool(a, (enum annotation_key)k, &on, e) < 0)
			return -1;
		if (on)
			return err_text(e, EINVAL, "%s is not implemented in this version of sandrun; remove it",
					a->v[k].key);
	}
	return 0;
}

int annotations_read(const struct oci_map *map, const struct policy_facts *f, struct annotations *a, struct err *e)
{
	if (keys_collect(map, f, a, e) < 0)
		return -1;
	if (read_bool(a, KEY_ALLOW_UDP, &a->allow_udp, e) < 0 || read_bool(a, KEY_ALLOW_ICMP, &a->allow_icmp, e) < 0 ||
	    read_require(a, e) < 0 || read_dns(a, e) < 0 || read_mode(a, e) < 0 || read_outside(a, e) < 0 ||
	    read_errno(a, e) < 0 || read_port_remap(a, e) < 0 || read_record(a, e) < 0)
		return -1;
	a->none = !has_policy(a);
	if (a->none && a->scoped)
		return 0;
	if (check_needs_allow(a, KEY_ALLOW_UDP, e) < 0 || check_needs_allow(a, KEY_ALLOW_ICMP, e) < 0)
		return -1;
	return a->none ? check_lists(a, e) : 0;
}
