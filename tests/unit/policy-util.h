// SPDX-License-Identifier: Apache-2.0
/* policy-util.h - what the tests of the policy room share: compiling from a few strings, a resolver without a network */
#ifndef TESTS_POLICY_UTIL_H
#define TESTS_POLICY_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "base/str.h"
#include "policy/internal.h"

/* "io.sandlock.KEY=VALUE" as "KEY", "VALUE", …, NULL. A key with a colon in front is taken as it is. */
#define ANNOTATIONS_MAX 16

static inline struct in6_addr util_addr(const char *s)
{
	struct in6_addr a;
	struct in_addr v4;

	if (inet_pton(AF_INET, s, &v4) == 1)
		return canonical_v4(ntohl(v4.s_addr));
	assert_int_equal(inet_pton(AF_INET6, s, &a), 1);
	return a;
}

/* one.test has one address, two.test two (IPv4 and IPv6), nat.test what DNS64 makes of 192.0.2.9, hole.test only
 * 0.0.0.0; others do not resolve. */
static inline int util_resolve(const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	static const struct {
		const char *name;
		const char *addrs[3];
	} hosts[] = {
		{ "one.test", { "192.0.2.1" } },
		{ "two.test", { "192.0.2.2", "2001:db8::2", "192.0.2.2" } },
		{ "nat.test", { "64:ff9b::192.0.2.9" } },
		{ "hole.test", { "0.0.0.0", "::" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		if (!str_eq(hosts[i].name, name))
			continue;
		*addrs = xcalloc(3, sizeof(**addrs));
		for (*n = 0; *n < 3 && hosts[i].addrs[*n]; (*n)++)
			(*addrs)[*n] = util_addr(hosts[i].addrs[*n]);
		return 0;
	}
	return err_text(e, EINVAL, "the test resolver has no %s", name);
}

static inline int util_resolve_ctx(void *ctx, const char *name, struct in6_addr **addrs, size_t *n, struct err *e)
{
	(void)ctx;
	return util_resolve(name, addrs, n, e);
}

/* What policies are compiled with from here on; NULL: nothing is known. */
static const struct policy_facts *util_facts;

/* NULL without a text in @e: none of it is for this container. */
static inline struct policy *util_try(struct err *e, ...)
{
	struct oci_pair pairs[ANNOTATIONS_MAX];
	struct oci_map map = { .v = pairs };
	struct policy *p;
	const char *key;
	va_list ap;

	va_start(ap, e);
	while ((key = va_arg(ap, const char *))) {
		assert_true(map.n < ANNOTATIONS_MAX);
		pairs[map.n].key = key[0] == ':' ? xstrdup(key + 1) : xasprintf("io.sandlock.%s", key);
		pairs[map.n++].value = xstrdup(va_arg(ap, const char *));
	}
	va_end(ap);
	memset(e, 0, sizeof(*e));
	if (policy_parse(&map, util_facts, &p, e) == 0 && p && policy_resolve(p, util_resolve_ctx, NULL, true, e) < 0) {
		policy_free(p);
		p = NULL;
	}
	for (size_t i = 0; i < map.n; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	return p;
}

/* Compiles what must compile. */
#define util_policy(...)                                                        \
	({                                                                      \
		struct err util_e_;                                             \
		struct policy *util_p_ = util_try(&util_e_, __VA_ARGS__, NULL); \
		if (!util_p_)                                                   \
			fail_msg("%s", util_e_.msg);                            \
		util_p_;                                                        \
	})

static inline struct policy_verdict util_check(const struct policy *p, enum policy_proto proto, const char *addr,
					       unsigned int port)
{
	struct policy_dest d = { .proto = proto, .addr = util_addr(addr), .port = (uint16_t)port };

	return policy_check(p, &d);
}

/* The rules as one string, a blank between two. The caller frees. */
static inline char *util_rules(const struct policy *p)
{
	char *s = xstrdup("");

	for (size_t i = 0; i < p->n_rules; i++) {
		char buf[4096];
		struct text t = { .buf = buf, .size = sizeof(buf) };
		char *longer;

		text_rule(p, &p->rules[i], &t);
		longer = xasprintf("%s%s%s", s, i ? " " : "", buf);
		free(s);
		s = longer;
	}
	return s;
}

/* What engines look for in a failure, and turn into other exit codes (any case). */
static inline void util_assert_harmless(const char *msg)
{
	static const char *const words[] = { "not found",	  "no such file",	 "permission denied",
					     "operation not permitted", "executable file", "does not exist",
					     "is a directory",	  "not a directory",	 "cannot find",
					     "open executable" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcasestr(msg, words[i]))
			fail_msg("\"%s\" contains \"%s\"", msg, words[i]);
	assert_null(strchr(msg, '\n'));
}

/* xorshift64*: the same sequence on every machine. */
static inline uint32_t util_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 2685821657736338717u) >> 32);
}

#endif
