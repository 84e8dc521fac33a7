// SPDX-License-Identifier: Apache-2.0
/* policy_words.c - a container's policy in a few words
 *
 * Runs in:  list, denied.
 */
#include "inspect/policy_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PREFIX "io.sandlock."
#define VALUE_MAX 40

/* The keys that say what may be reached, in the order in which they are read. Others are about how. */
static const char *const keys[] = { "net-allow", "network.allow", "net-deny", "network.deny", "allow-udp", "allow-icmp", "net-allow-bind",
				    "network.allow_bind", "net-deny-bind", "network.deny_bind", "http-allow", "http-deny", "profile", "dns",
				    "mode" };

static char *append(char *text, const char *key, const char *value)
{
	bool cut = strlen(value) > VALUE_MAX;
	char *longer = xasprintf("%s%s%s=%.*s%s", text, *text ? " " : "", key, cut ? VALUE_MAX - 1 : VALUE_MAX, value, cut ? "…" : "");

	free(text);
	return longer;
}

char *policy_words(const struct oci_map *annotations)
{
	char *text = xstrdup("");

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		for (size_t i = 0; i < annotations->n; i++) {
			const struct oci_pair *p = &annotations->v[i];

			if (str_starts(p->key, PREFIX) && str_eq(p->key + strlen(PREFIX), keys[k]))
				text = append(text, keys[k], p->value);
		}
	}
	return text;
}
