// SPDX-License-Identifier: Apache-2.0
/* source.c - where a list came from, if that is no annotation
 *
 * Runs in:  create, exec and the supervisor.
 */
#include <stdlib.h>

#include "base/str.h"
#include "policy/internal.h"

const char *const source_names[2 * LIST_COUNT] = { "allow", "deny", "allow_bind", "deny_bind" };

struct policy_source *source_of(struct policy *p, const char *key)
{
	if (str_eq(key, annotations_names[KEY_NET_ALLOW]))
		return &p->source[LIST_ALLOW];
	if (str_eq(key, annotations_names[KEY_NET_DENY]))
		return &p->source[LIST_DENY];
	if (str_eq(key, annotations_names[KEY_NET_ALLOW_BIND]))
		return &p->bind_source[LIST_ALLOW];
	return str_eq(key, annotations_names[KEY_NET_DENY_BIND]) ? &p->bind_source[LIST_DENY] : NULL;
}

void source_set(struct policy_source *s, const char *name, const char *from)
{
	const char *table = strrchr(from, '[');

	source_free(s);
	s->from = xstrdup(from);
	/* It stands on one line, whatever a file is called. */
	for (char *c = s->from; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	s->label = xasprintf("%s %s", table ? s->from + (table - from) : s->from, name);
}

void source_free(struct policy_source *s)
{
	free(s->from);
	free(s->label);
	*s = (struct policy_source){ 0 };
}

void policy_note_source(struct policy *p, const char *key, const char *from)
{
	struct policy_source *s = source_of(p, key);

	if (!s)
		return;
	if (s >= p->bind_source && s < p->bind_source + LIST_COUNT)
		source_set(s, source_names[LIST_COUNT + (s - p->bind_source)], from);
	else
		source_set(s, source_names[s - p->source], from);
}

const char *policy_rule_from(const struct policy *p, int index)
{
	const char *key = text_list_key(p, index);
	const struct policy_source *s = key ? source_of((struct policy *)(uintptr_t)p, key) : NULL;

	return s ? s->from : NULL;
}
