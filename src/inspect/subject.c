// SPDX-License-Identifier: Apache-2.0
/* subject.c - the policy that a question is about
 *
 * Runs in:  sandrun policy.
 */
#include "inspect/subject.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "confine/foreign.h"
#include "container/container.h"
#include "inspect/find.h"
#include "launch/bundle.h"
#include "launch/lookup.h"
#include "launch/policing.h"
#include "oci/names.h"
#include "oci/read.h"

#define PREFIX "io.sandlock."
#define POLICY_MAX (64 * 1024 * 1024)

static void add_pair(struct oci_map *map, char *key, char *value)
{
	map->v = xrealloc(map->v, map->n + 1, sizeof(*map->v));
	map->v[map->n++] = (struct oci_pair){ key, value };
}

int subject_add_pair(struct oci_map *map, const char *text, struct err *e)
{
	const char *eq = strchr(text, '=');
	autofree char *key = eq ? xstrndup(text, (size_t)(eq - text)) : NULL;

	if (!eq || eq == text)
		return err_text(e, EINVAL, "--annotation %.100s: KEY=VALUE is expected (net-deny=private)", text);
	/* What has a dot is a whole key, or was meant to be one: then it is for the policy to say so. */
	add_pair(map, strchr(key, '.') ? xstrdup(key) : xasprintf(PREFIX "%s", key), xstrdup(eq + 1));
	return 0;
}

void subject_free_map(struct oci_map *map)
{
	for (size_t i = 0; i < map->n; i++) {
		free(map->v[i].key);
		free(map->v[i].value);
	}
	free(map->v);
	*map = (struct oci_map){ 0 };
}

static void copy_ours(const struct oci_map *from, struct oci_map *to)
{
	for (size_t i = 0; i < from->n; i++)
		if (str_starts(from->v[i].key, PREFIX))
			add_pair(to, xstrdup(from->v[i].key), xstrdup(from->v[i].value));
}

/* --- a container ------------------------------------------------------------------------------------------------------ */

static int choose(struct found *f, const char *word, struct err *e)
{
	char buf[2][CARD_SHORT];

	if (f->n == 1)
		return 0;
	if (f->n == 0)
		return err_text(e, ENOENT, "no container has the id or name \"%.100s\"", word);
	return err_text(e, EINVAL, "\"%.100s\" is %zu containers (%s, %s%s): name one by its id", word, f->n,
			card_short_id(f->v[0].id, buf[0]), card_short_id(f->v[1].id, buf[1]), f->n > 2 ? ", …" : "");
}

static int read_stored(struct subject *s, struct err *e)
{
	size_t len = 0;
	autofree char *text = card_read_file(s->card.dir, CONTAINER_POLICY, POLICY_MAX, &len);
	autofree char *title = card_title(&s->card);
	char buf[CARD_SHORT];
	const char *id = card_short_id(s->card.id, buf);

	s->title = str_eq(title, id) ? xstrdup(title) : xasprintf("%s (%s)", title, id);
	copy_ours(&s->card.annotations, &s->annotations);
	if (!text)
		return s->card.enforcement ? err_text(e, EIO, "%s: its stored policy cannot be read", s->title) : 0;
	s->policy = policy_read(text, len, e);
	return s->policy ? 0 : err_prefix(e, "%s", s->title);
}

int subject_of_container(const char *named_root, const char *word, struct subject *out, struct err *e)
{
	struct roots roots;
	struct found found;
	int r;

	*out = (struct subject){ .card = { .dir = -1 } };
	roots_find(named_root, &roots);
	find_containers(&roots, word, FIND_PRESENT, &found);
	r = choose(&found, word, e);
	if (r == 0) {
		out->card = found.v[0];
		found.v[0] = (struct card){ .dir = -1 };
		r = read_stored(out, e);
	}
	find_free(&found);
	roots_free(&roots);
	return r;
}

/* --- without one ------------------------------------------------------------------------------------------------------ */

static int resolve_name(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	(void)ctx;
	return policy_resolve_host(name, addrs, n, e);
}

static int compile(struct subject *s, const struct policy_facts *facts, struct err *e)
{
	if (policy_parse(&s->annotations, facts, &s->policy, e) < 0)
		return -1;
	return s->policy ? policy_resolve(s->policy, resolve_name, NULL, true, e) : 0;
}

int subject_of_annotations(char *const *pairs, size_t n, bool host_network, struct subject *out, struct err *e)
{
	struct policy_facts facts = { .own_network = !host_network };

	*out = (struct subject){ .card = { .dir = -1 }, .title = xstrdup("the annotations") };
	for (size_t i = 0; i < n; i++)
		if (subject_add_pair(&out->annotations, pairs[i], e) < 0)
			return -1;
	return compile(out, &facts, e);
}

static bool has_own_network(const struct oci_config *c)
{
	const struct oci_namespace *ns = oci_namespace_find(&c->linux_, OCI_NS_NETWORK);

	return ns != NULL;
}

int subject_of_bundle(const char *dir, struct subject *out, struct err *e)
{
	struct oci_config config = { 0 };
	autofree char *text = NULL, *path = NULL;
	struct policy_facts facts;
	struct lookup l = LOOKUP_INIT;
	struct policing policing = { 0 };
	bool wanted = false;
	int r = -1;

	*out = (struct subject){ .card = { .dir = -1 } };
	path = bundle_read(dir, NULL, &config, &text, 0, e);
	if (path) {
		const struct foreign_facts given = { .config = &config, .bundle = path, .own_net = has_own_network(&config), .joined_net = -1 };

		out->title = xasprintf("the bundle %s", path);
		lookup_prepare(&l, &given, &facts);
		r = policing_begin(&policing, &config.annotations, &wanted, e);
		if (r == 0 && wanted)
			r = policing_parse(&policing, &config.annotations, &facts, &out->policy, e);
		copy_ours(&config.annotations, &out->annotations);
		/* The container's own name servers cannot be asked from here: its network is not made yet. */
		if (r == 0 && out->policy)
			r = policy_resolve(out->policy, lookup_resolve_hosts, &l, false, e);
		if (r == 0 && out->policy)
			r = policy_resolve(out->policy, resolve_name, NULL, true, e);
		lookup_free(&l);
		policing_free(&policing);
	}
	oci_config_free(&config);
	return r;
}

void subject_free(struct subject *s)
{
	policy_free(s->policy);
	card_close(&s->card);
	subject_free_map(&s->annotations);
	free(s->title);
	*s = (struct subject){ .card = { .dir = -1 } };
}
