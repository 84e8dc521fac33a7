// SPDX-License-Identifier: Apache-2.0
/* policy_check.c - sandrun policy check: may this destination be reached, by which rule, and what would change it */
#include "cmd/policy.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "inspect/ask.h"
#include "inspect/check.h"
#include "inspect/show.h"
#include "oci/json_write.h"

#define WORDS_MAX 4096

struct wanted {
	struct option_list annotations;
	const char *bundle;
	bool host_network, json;
	struct subject subject;
	bool denied; /* something was */
};

/* --- as text ---------------------------------------------------------------------------------------------------------- */

static void print_answer(const struct wanted *w, const struct answer *a)
{
	autofree char *asked = show_text(a->asked), *words = show_text(a->words), *hint = hint_words(&a->hint);
	/* "10.1.2.3:80" is in "tcp://10.1.2.3:80"; a name is not. */
	bool plain = strstr(a->destination, a->asked) || str_starts(a->asked, "bind:");

	printf("%-7s  %s%s%s%s: %s%s\n", a->allowed ? "allowed" : "denied", plain ? "" : asked, plain ? "" : " (", a->destination,
	       plain ? "" : ")", words,
	       !a->allowed && w->subject.policy && policy_is_audit(w->subject.policy) ? " (audit mode: noted, and let through)" : "");
	if (hint) {
		autofree char *shown = show_text(hint);

		printf("         to allow it: %s\n", shown);
	}
}

/* What enforces it: of a container what was chosen for it, else what there is here. */
static char *layers_of(const struct subject *s)
{
	struct check c = { 0 };
	char *text = xstrdup("");

	if (s->card.id)
		return free(text), xstrdup(s->card.enforcement ? s->card.enforcement : "");
	check_kernel(&c);
	for (size_t i = 0; i < c.n; i++) {
		char *longer;

		if (!str_eq(c.v[i].area, "layers") || c.v[i].state != CHECK_OK)
			continue;
		longer = xasprintf("%s%s%s", text, *text ? "," : "", c.v[i].name);
		free(text);
		text = longer;
	}
	check_free(&c);
	return text;
}

static void print_layers(const struct wanted *w)
{
	autofree char *layers = layers_of(&w->subject);

	if (!w->subject.policy)
		printf("%s: no policy, so everything is allowed\n", w->subject.title);
	else if (w->subject.card.id)
		printf("%s: enforced by %s\n", w->subject.title, *layers ? layers : "nothing");
	else
		printf("%s: this host has the layers %s\n", w->subject.title, *layers ? layers : "(none)");
}

/* --- as JSON ---------------------------------------------------------------------------------------------------------- */

static void json_answer(struct json_out *j, const struct answer *a)
{
	static const char *const words[] = { [HINT_NONE] = "none", [HINT_ADD] = "add", [HINT_DROP] = "drop", [HINT_SET] = "set" };

	json_open_map(j);
	json_kv_string(j, "asked", a->asked);
	json_kv_string(j, "destination", a->destination);
	json_kv_bool(j, "allowed", a->allowed);
	if (*a->rule)
		json_kv_string(j, "rule", a->rule);
	if (*a->list)
		json_kv_string(j, "list", a->list);
	if (*a->nearest)
		json_kv_string(j, "nearest", a->nearest);
	json_kv_string(j, "words", a->words);
	if (a->hint.what != HINT_NONE) {
		json_key(j, "toAllow");
		json_open_map(j);
		json_kv_string(j, "do", words[a->hint.what]);
		json_kv_string(j, "key", a->hint.key);
		json_kv_string(j, "value", a->hint.value);
		json_close_map(j);
	}
	json_close_map(j);
}

/* --------------------------------------------------------------------------------------------------------------------- */

static int ask_one(struct wanted *w, const char *text, struct json_out *j, struct err *e)
{
	struct dest d;
	int r = dest_parse(text, &d, e);

	if (r == 0 && w->subject.policy)
		r = dest_resolve(&d, w->subject.policy, e);
	for (size_t i = 0; r == 0 && i < (d.bind || !d.n ? 1 : d.n); i++) {
		struct answer a;

		ask_policy(&w->subject, &d, i, &a);
		w->denied = w->denied || !a.allowed;
		if (j)
			json_answer(j, &a);
		else
			print_answer(w, &a);
		answer_free(&a);
	}
	dest_free(&d);
	return r;
}

static int ask_all(struct wanted *w, const char **words, int n, struct err *e)
{
	struct json_out *j = w->json ? json_out_new(true) : NULL;
	autofree char *layers = j ? layers_of(&w->subject) : NULL, *text = NULL;
	int r = 0;

	if (j) {
		json_open_map(j);
		json_kv_string(j, "subject", w->subject.title);
		json_kv_bool(j, "policy", w->subject.policy != NULL);
		json_kv_bool(j, "audit", w->subject.policy && policy_is_audit(w->subject.policy));
		json_kv_string(j, "layers", layers);
		json_key(j, "destinations");
		json_open_array(j);
	}
	for (int i = 0; i < n && r == 0; i++)
		r = ask_one(w, words[i], j, e);
	if (!j) {
		if (r == 0)
			print_layers(w);
		return r;
	}
	json_close_array(j);
	json_kv_bool(j, "allowed", !w->denied);
	json_close_map(j);
	text = json_out_finish(j);
	if (r == 0)
		fputs(text, stdout);
	return r;
}

/* The policy that the options name; else the first word is a container. *first: of the destinations. */
static int find_subject(const struct globals *g, struct wanted *w, const char **words, int *first, struct err *e)
{
	*first = 0;
	if (w->bundle && w->annotations.n)
		return err_text(e, EINVAL, "policy check: --bundle and --annotation exclude each other");
	if (w->bundle)
		return subject_of_bundle(w->bundle, &w->subject, e);
	if (w->annotations.n)
		return subject_of_annotations(w->annotations.v, w->annotations.n, w->host_network, &w->subject, e);
	*first = 1;
	return subject_of_container(g->root_named ? g->root : NULL, words[0], &w->subject, e);
}

int cmd_policy_check(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct wanted w = { .subject = { .card = { .dir = -1 } } };
	const struct option table[] = {
		{ "annotation", 0, OPT_LIST, &w.annotations, "KEY=VALUE", "instead of a container's: a policy of these annotations (may be repeated)" },
		{ "bundle", 'b', OPT_STRING, &w.bundle, "DIR", "the policy of a bundle" },
		{ "host-network", 0, OPT_FLAG, &w.host_network, NULL, "with --annotation: the container shares its network with others" },
		{ "json", 0, OPT_FLAG, &w.json, NULL, "as JSON" },
		{ 0 },
	};
	autofree const char **words = xcalloc(WORDS_MAX, sizeof(*words));
	int n = cmd_begin_words(table, "[options] [ID] DESTINATION...", 1, WORDS_MAX, argc, argv, words, e), first, r;

	if (n < 0)
		return n == CMD_HELP ? 0 : -1;
	r = find_subject(g, &w, words, &first, e);
	if (r == 0 && n == first)
		r = err_text(e, EINVAL, "policy check: a destination is missing (tcp://10.1.2.3:443, example.com:443, bind:8080)");
	if (r == 0)
		r = ask_all(&w, words + first, n - first, e);
	subject_free(&w.subject);
	free(w.annotations.v);
	return r < 0 ? -1 : w.denied;
}
