// SPDX-License-Identifier: Apache-2.0
/* test-policy-keys.c - which annotations are ours, whose they are in a pod, and the exact words of every error about them */
#include "policy-util.h"

#define A "io.sandlock.net-allow"
#define D "io.sandlock.net-deny"
#define P "io.sandlock."
#define KEYS                                                                                                           \
	"unknown key; the keys are net-allow, net-deny, allow-udp, allow-icmp, net-allow-bind, net-deny-bind, "        \
	"require, dns, mode, "                                                                                         \
	"outside, errno, log, log-allowed and tell, each behind \"io.sandlock.\""
#define LATER(what) ": " what " are not implemented in this version of sandrun; remove it"
#define NEARLY(key) ": it is not one of sandrun's, but nearly; did you mean \"io.sandlock." key "\"?"
#define LONE " has a meaning only beside a policy; add io.sandlock.net-allow or another list, or remove it"

static const struct {
	const char *key; /* behind "io.sandlock."; with a colon in front: as it is */
	const char *value;
	const char *msg;
} errors[] = {
	{ "net-alow", "", "annotation \"io.sandlock.net-alow\": unknown key; did you mean \"io.sandlock.net-allow\"?" },
	{ "network.denny", "",
	  "annotation \"io.sandlock.network.denny\": unknown key; did you mean \"io.sandlock.network.deny\"?" },
	{ "Net-Allow", "",
	  "annotation \"io.sandlock.Net-Allow\": unknown key; did you mean \"io.sandlock.net-allow\"?" },
	{ "", "", "annotation \"io.sandlock.\": " KEYS },
	{ "executable file not found", "", "annotation \"io.sandlock.executable\\x20file\\x20not\\x20found\": " KEYS },
	/* near misses of the prefix */
	{ ":io.sandrun.net-allow", "*", "annotation \"io.sandrun.net-allow\"" NEARLY("net-allow") },
	{ ":io.sandlck.net-deny", "*", "annotation \"io.sandlck.net-deny\"" NEARLY("net-deny") },
	{ ":io.sandlck.net-dny", "*", "annotation \"io.sandlck.net-dny\"" NEARLY("net-deny") },
	{ ":sandlock.net-deny", "*", "annotation \"sandlock.net-deny\"" NEARLY("net-deny") },
	{ ":sandrun.dns", "*", "annotation \"sandrun.dns\"" NEARLY("dns") },
	{ ":IO.SandLock.net-deny", "*", "annotation \"IO.SandLock.net-deny\"" NEARLY("net-deny") },
	{ ":io.sandlock/net-deny", "*", "annotation \"io.sandlock/net-deny\"" NEARLY("net-deny") },
	{ ":io-sandlock.net-deny", "*", "annotation \"io-sandlock.net-deny\"" NEARLY("net-deny") },
	{ ":io.sandlocks.mode", "audit", "annotation \"io.sandlocks.mode\"" NEARLY("mode") },
	{ ":net-deny", "*", "annotation \"net-deny\"" NEARLY("net-deny") },
	{ ":net-dny", "*", "annotation \"net-dny\"" NEARLY("net-deny") },
	{ ":network.allow", "*", "annotation \"network.allow\"" NEARLY("network.allow") },
	{ ":dns", "off", "annotation \"dns\"" NEARLY("dns") },
	{ ":io.sandrun.http-allow", "", "annotation \"io.sandrun.http-allow\"" NEARLY("http-allow") },
	{ ":io.sandrun.container.web.net-alow", "",
	  "annotation \"io.sandrun.container.web.net-alow\"" NEARLY("net-allow") },
	/* later ones */
	{ "http-allow", "x", "annotation \"io.sandlock.http-allow\"" LATER("HTTP rules") },
	{ "http.ports", "x", "annotation \"io.sandlock.http.ports\"" LATER("HTTP rules") },
	{ "config.http_inject_ca", "x", "annotation \"io.sandlock.config.http_inject_ca\"" LATER("HTTP rules") },
	{ "credential.github", "x", "annotation \"io.sandlock.credential.github\"" LATER("credentials") },
	{ "credential.", "x", "annotation \"io.sandlock.credential.\": " KEYS },
	{ "profile", "web", "annotation \"io.sandlock.profile\"" LATER("policy files") },
	{ "network.port_remap", "true",
	  P "network.port_remap: a network namespace does that (each container has all ports of its own); remove it" },
	{ "network.port_remap", "x",
	  P "network.port_remap: \"x\" is neither true nor false; write true or false (or 1/0, yes/no, on/off)" },
	/* values */
	{ "require", "", P "require: it names no layer; name some of notify, landlock, bpf and nft, or remove it" },
	{ "require", " ,; ", P "require: it names no layer; name some of notify, landlock, bpf and nft, or remove it" },
	{ "require", "bpf, Landlock",
	  P "require: \"Landlock\" at character 6: no such layer; there are notify, landlock, bpf and nft" },
	{ "dns", "Off", P "dns: \"Off\" is no value of this key; write auto, filter, open or off" },
	{ "dns", "filter",
	  P "dns: filter is for the names of " P "net-allow, and there are none; write auto, open or off" },
	{ "mode", "", P "mode: \"\" is no value of this key; write enforce or audit" },
	{ "outside", "no", P "outside: \"no\" is no value of this key; write native or judge" },
	{ "errno", "EINTR",
	  P
	  "errno: \"EINTR\" is no errno that a refused call may have; write ECONNREFUSED, EACCES, EPERM, ENETUNREACH, "
	  "EHOSTUNREACH, ENETDOWN, EHOSTDOWN or ETIMEDOUT" },
	{ "log", "state, jurnal",
	  P "log: \"jurnal\" at character 8: no such place for the record; there are state, journal, syslog, file:PATH or none" },
	{ "log", "file:", P "log: \"file:\" at character 1: no such place for the record; there are state, journal, syslog, file:PATH or none" },
	{ "log", "file:a file:b", P "log: \"file:b\" at character 8: a second file; there can be one" },
	{ "log", "none state", P "log: none excludes the others; write one or the other" },
	{ "log", " ", P "log: it names no place; write some of state, journal, syslog, file:PATH or none" },
	{ "log-allowed", "true", P "log-allowed is not implemented in this version of sandrun; remove it" },
	{ "tell", "yes", P "tell is not implemented in this version of sandrun; remove it" },
	{ "tell", "maybe",
	  P "tell: \"maybe\" is neither true nor false; write true or false (or 1/0, yes/no, on/off)" },
	/* without a list */
	{ "require", "bpf landlock;notify", P "require" LONE },
	{ "mode", "audit", P "mode" LONE },
	{ "outside", "judge", P "outside" LONE },
	{ "errno", "EPERM", P "errno" LONE },
	{ "log", "state", P "log" LONE },
	{ "dns", "off",
	  P "dns has a meaning only beside io.sandlock.net-allow or io.sandlock.net-deny; add one, or remove it" },
	/* one container's */
	{ "container.web.net-allow", ":80",
	  "annotation \"io.sandlock.container.web.net-allow\": nothing says which container this is "
	  "(io.kubernetes.cri.container-name or io.kubernetes.container.name would); write the key without "
	  "\"container.NAME.\"" },
	{ "container.web.net-alow", ":80",
	  "annotation \"io.sandlock.container.web.net-alow\": unknown key; did you mean "
	  "\"io.sandlock.container.web.net-allow\"?" },
	{ "container.net-allow", ":80",
	  "annotation \"io.sandlock.container.net-allow\": it is io.sandlock.container.NAME.KEY" },
	{ "container.", "", "annotation \"io.sandlock.container.\": it is io.sandlock.container.NAME.KEY" },
};

static void each_error_has_its_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct policy *p;
		struct err e;

		p = util_try(&e, errors[i].key, errors[i].value, NULL);
		if (p || !str_eq(e.msg, errors[i].msg))
			fail_msg("%s=%s:\n %s\nnot\n %s", errors[i].key, errors[i].value, e.msg, errors[i].msg);
		util_assert_harmless(e.msg);
	}
}

/* What other people may call their own. */
static void strangers_are_left_alone(void **state)
{
	static const char *const keys[] = {
		"org.opencontainers.image.title",
		"io.kubernetes.cri.sandbox-id",
		"io.podman.annotations.label",
		"io.container.manager",
		"net",
		"allow",
		"log2",
		"dn",
		"doc",
		"foo",
		"model",
		"modes",
		"com.example.net-allow",
		"io.sandbox.net-allow",
		"run.oci.keep_original_groups",
		"io.sandrun.version",
		"io.sandrun.state",
		"sandlock.version",
		"nerdctl/networks",
		"maintainer",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct oci_pair pair = { (char *)(uintptr_t)keys[i], (char *)(uintptr_t) "x" };

		if (policy_wanted(&(struct oci_map){ &pair, 1 }))
			fail_msg("%s is taken for ours", keys[i]);
	}
}

static void required_layers_are_a_set(void **state)
{
	static const struct {
		const char *list;
		unsigned int layers;
	} cases[] = {
		{ "notify", 1u << POLICY_LAYER_NOTIFY },
		{ " bpf,landlock ;bpf", 1u << POLICY_LAYER_BPF | 1u << POLICY_LAYER_LANDLOCK },
		{ "landlock\tbpf\nnotify,", 7 },
	};
	struct policy *p = util_policy("net-deny", "private", NULL, NULL);

	(void)state;
	assert_int_equal(policy_required(p), 0);
	policy_free(p);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		p = util_policy("net-deny", "private", "require", cases[i].list);
		assert_int_equal(policy_required(p), cases[i].layers);
		policy_free(p);
		p = util_policy("net-deny-bind", "80", "require", cases[i].list);
		assert_int_equal(policy_required(p), cases[i].layers);
		policy_free(p);
	}
}

static void bools_are_eight_words(void **state)
{
	static const char *const yes[] = { "true", "1", "yes", "on" };
	static const char *const no[] = { "false", "0", "no", "off" };
	static const char *const bad[] = { "", "True", "TRUE", "2", "y", "true ", " on", "not found" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		struct policy *p = util_policy("net-allow", "1.1.1.1", "allow-udp", yes[i]);
		struct policy *q = util_policy("net-allow", "1.1.1.1", "allow-udp", no[i]);

		assert_true(util_check(p, POLICY_UDP, "1.1.1.1", 443).allowed);
		assert_false(util_check(q, POLICY_UDP, "1.1.1.1", 443).allowed);
		policy_free(p);
		policy_free(q);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(util_try(&e, "net-allow", "", "allow-icmp", bad[i], NULL));
		assert_non_null(strstr(e.msg, "io.sandlock.allow-icmp: \""));
		assert_non_null(
			strstr(e.msg, "is neither true nor false; write true or false (or 1/0, yes/no, on/off)"));
		util_assert_harmless(e.msg);
	}
}

static void two_spellings_of_one_key_are_named_both(void **state)
{
	struct err e;

	(void)state;
	assert_null(util_try(&e, "net-allow", "1.1.1.1", "network.allow", "1.1.1.1", NULL));
	assert_string_equal(e.msg,
			    "annotations " A " and io.sandlock.network.allow are two spellings of one key; keep one");
	assert_null(util_try(&e, "net-allow", "1.1.1.1", "net-allow", "*", NULL));
	assert_string_equal(e.msg, "annotation " A " is there twice; keep one");
}

static void bools_without_an_allow_list_are_errors(void **state)
{
	struct err e;

	(void)state;
	assert_null(util_try(&e, "allow-udp", "true", NULL));
	assert_string_equal(e.msg, "io.sandlock.allow-udp has a meaning only beside " A "; add the list, or remove it");
	assert_null(util_try(&e, "net-deny", "private", "allow-icmp", "false", NULL));
	assert_string_equal(e.msg,
			    "io.sandlock.allow-icmp has a meaning only beside " A "; under " D " everything is allowed "
			    "that is not listed, so remove it (and list udp:// or icmp:// rules to block those)");
	assert_null(util_try(&e, "net-allow-bind", "80", "allow-udp", "true", NULL));
	assert_string_equal(e.msg, "io.sandlock.allow-udp has a meaning only beside " A "; add the list, or remove it");
}

static void other_peoples_annotations_are_none_of_ours(void **state)
{
	struct oci_pair pairs[] = { { (char *)(uintptr_t) "io.sandbox.net-allow", (char *)(uintptr_t) "?" },
				    { (char *)(uintptr_t) "org.opencontainers.image.title", (char *)(uintptr_t) "x" },
				    { (char *)(uintptr_t) "io.sandlock.nonsense", (char *)(uintptr_t) "x" } };
	struct oci_map map = { .v = pairs, .n = 2 };
	struct err e = { 0 };
	struct policy *p;

	(void)state;
	assert_false(policy_wanted(&(struct oci_map){ 0 }));
	assert_false(policy_wanted(&map));
	p = policy_compile(&map, util_resolve, &e);
	assert_null(p);
	assert_string_equal(e.msg, "");
	map.n = 3;
	assert_true(policy_wanted(&map));
	assert_null(policy_compile(&map, util_resolve, &e));
}

static void aliases_mean_the_same(void **state)
{
	struct policy *p = util_policy("network.allow", ":443", "network.allow_bind", "80");
	struct policy *q = util_policy("network.deny", ":443", "network.deny_bind", "80");

	(void)state;
	assert_true(p->has[LIST_ALLOW] && p->bind[LIST_ALLOW].there);
	assert_true(q->has[LIST_DENY] && !q->has[LIST_ALLOW] && q->bind[LIST_DENY].there);
	policy_free(p);
	policy_free(q);
}

/* --- values -------------------------------------------------------------------------------------------- */

static void settings_are_what_was_written(void **state)
{
	struct policy *p = util_policy("net-allow", "*", "errno", "EACCES", "mode", "audit", "outside", "judge", "dns",
				       "off", "network.port_remap", "false", "log", "state", "tell", "false");
	struct policy *q = util_policy("net-allow", "*", "mode", "enforce", "outside", "native", "dns", "auto");

	(void)state;
	assert_int_equal(policy_get_errno(p), EACCES);
	assert_true(policy_is_audit(p) && policy_judges_outside(p));
	assert_int_equal(p->dns, DNS_OFF);
	assert_int_equal(policy_get_errno(q), ECONNREFUSED);
	assert_false(policy_is_audit(q) || policy_judges_outside(q));
	policy_free(p);
	policy_free(q);
}

static void both_lists_may_be_there(void **state)
{
	struct policy *p =
		util_policy("net-allow", "*", "net-deny", "private", "net-allow-bind", "1-1000", "net-deny-bind", "22");

	(void)state;
	assert_true(util_check(p, POLICY_TCP, "8.8.8.8", 80).allowed);
	assert_false(util_check(p, POLICY_TCP, "10.0.0.1", 80).allowed);
	assert_true(policy_check_bind(p, 80).allowed);
	assert_false(policy_check_bind(p, 22).allowed);
	assert_false(policy_check_bind(p, 2000).allowed);
	policy_free(p);
}

/* --- pods ------------------------------------------------------------------------------------------------ */

#define CRI ":io.kubernetes.cri.container-name"

/* "A" and "D": which lists a container has, and their first rule. */
static void expect_lists(struct policy *p, struct err *e, const char *want, const char *what)
{
	autofree char *rules = p ? util_rules(p) : xstrdup("none");

	if (!p && e->msg[0])
		fail_msg("%s: %s", what, e->msg);
	if (!str_eq(rules, want))
		fail_msg("%s: \"%s\", not \"%s\"", what, rules, want);
	policy_free(p);
}

static void each_container_of_a_pod_has_its_own_keys(void **state)
{
	struct policy *p;
	struct err e;

	(void)state;
	p = util_try(&e, CRI, "web", "net-allow", ":1", "container.web.net-allow", ":2", "container.db.net-allow", ":3",
		     NULL);
	expect_lists(p, &e, ":2", "its own wins");
	p = util_try(&e, CRI, "log", "net-allow", ":1", "container.web.net-allow", ":2", NULL);
	expect_lists(p, &e, ":1", "who has none has the pod's");
	p = util_try(&e, CRI, "log", "container.web.net-allow", ":2", NULL);
	expect_lists(p, &e, "none", "nothing is for it");
	p = util_try(&e, CRI, "log", "container.web.net-allow", ":2", "errno", "EPERM", NULL);
	expect_lists(p, &e, "none", "a setting of the pod's is no policy");
	p = util_try(&e, CRI, "web", "net-deny", "private", "container.web.net-allow", ":2", NULL);
	expect_lists(p, &e, ":2", "lists are replaced as one");
	p = util_try(&e, CRI, "web", "net-deny", "private", "container.web.errno", "EPERM", NULL);
	assert_int_equal(policy_get_errno(p), EPERM);
	expect_lists(p, &e, "private", "a setting of its own leaves the lists");
	p = util_try(&e, CRI, "web", "net-allow", ":1", "allow-udp", "true", "container.web.net-allow", ":2", NULL);
	assert_false(util_check(p, POLICY_UDP, "1.1.1.1", 2).allowed);
	expect_lists(p, &e, ":2", "what widens the pod's list does not widen its own");
	p = util_try(&e, CRI, "web", "net-allow", ":1", "net-allow-bind", "5", "container.web.net-deny-bind", "6",
		     NULL);
	assert_true(policy_check_bind(p, 7).allowed && !policy_check_bind(p, 6).allowed);
	expect_lists(p, &e, ":1", "bind lists are another policy");
	p = util_try(&e, ":io.kubernetes.container.name", "a.b", "container.a.b.network.allow", ":1",
		     "container.a.network.allow", ":2", NULL);
	expect_lists(p, &e, ":1", "names and keys may have dots");
	assert_null(util_try(&e, CRI, "web", "container.web.net-alow", ":1", NULL));
	assert_non_null(strstr(e.msg, "did you mean \"io.sandlock.container.web.net-allow\"?"));
	assert_null(util_try(&e, CRI, "web", "container.db.net-alow", ":1", NULL));
	assert_non_null(strstr(e.msg, "did you mean \"io.sandlock.container.db.net-allow\"?"));
	assert_null(
		util_try(&e, CRI, "web", "container.web.net-allow", ":1", "container.web.network.allow", ":1", NULL));
	assert_non_null(strstr(e.msg, "two spellings of one key"));
}

/* Where an image may have written the annotations, it could call itself what has more rights. */
static void a_name_that_an_engine_tells_is_believed_alone(void **state)
{
	struct policy_facts f = { .name = "pod-web", .distrust_name = true };
	struct policy *p;
	struct err e;

	(void)state;
	util_facts = &f;
	p = util_try(&e, ":io.kubernetes.container.name", "evil", "net-allow", ":1", "container.evil.net-allow", "*", "container.pod-web.net-allow",
		     ":2", NULL);
	expect_lists(p, &e, ":2", "podman's own");
	f.name = NULL;
	p = util_try(&e, ":io.kubernetes.container.name", "evil", "net-allow", ":1", "container.evil.net-allow", "*", NULL);
	util_facts = NULL;
	assert_null(p);
	assert_non_null(strstr(e.msg, "nothing says which container this is"));
}

static void a_pause_container_is_known_by_its_own_id(void **state)
{
	struct oci_pair v[] = { { (char *)(uintptr_t) "io.kubernetes.cri.container-type",
				  (char *)(uintptr_t) "sandbox" },
				{ (char *)(uintptr_t) "io.kubernetes.cri.sandbox-id", (char *)(uintptr_t) "abc" } };
	struct oci_map map = { v, 2 };

	(void)state;
	assert_true(policy_is_sandbox(&map, "abc"));
	/* As an image could say of itself. */
	assert_false(policy_is_sandbox(&map, "abd"));
	map.n = 1;
	assert_false(policy_is_sandbox(&map, "abc"));
	map.n = 2;
	v[0].value = (char *)(uintptr_t) "container";
	assert_false(policy_is_sandbox(&map, "abc"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_error_has_its_words),
		cmocka_unit_test(strangers_are_left_alone),
		cmocka_unit_test(required_layers_are_a_set),
		cmocka_unit_test(bools_are_eight_words),
		cmocka_unit_test(two_spellings_of_one_key_are_named_both),
		cmocka_unit_test(bools_without_an_allow_list_are_errors),
		cmocka_unit_test(other_peoples_annotations_are_none_of_ours),
		cmocka_unit_test(aliases_mean_the_same),
		cmocka_unit_test(settings_are_what_was_written),
		cmocka_unit_test(both_lists_may_be_there),
		cmocka_unit_test(each_container_of_a_pod_has_its_own_keys),
		cmocka_unit_test(a_name_that_an_engine_tells_is_believed_alone),
		cmocka_unit_test(a_pause_container_is_known_by_its_own_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
