// SPDX-License-Identifier: Apache-2.0
/* fuzz-resolv.c - a container's resolv.conf and hosts file, which may be a stranger's
 *
 * The first byte chooses between the two. What comes out must be within its bounds, and mean the same when it is written down again.
 */
#include "../../oci/names.c"
#include "../../src/base/error.c"
#include "../../src/base/str.c"
#include "../../src/policy/canonical.c"
#include "../../src/policy/piece.c"
#include "../../src/policy/resolvconf.c"
#include "../../src/policy/sets.c"
#include "../../src/policy/text.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "fuzz-resolv.c:%d: %s\n", __LINE__, #x); \
			abort(); \
		} \
	} while (0)

/* What the grammar says of names, and the keys of distances: not what is looked at here. */
bool grammar_is_hostname(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] >= 0x7f)
			return false;
	return n > 0;
}
bool grammar_reads_like_port(const char *addr, size_t n)
{
	(void)addr;
	return n > 1000;
}
unsigned int keys_distance(const char *a, size_t n, const char *b, size_t m)
{
	(void)a;
	(void)b;
	return (unsigned int)(n + m);
}
const char *const grammar_scheme_names[SCHEME_COUNT] = { "" };
const char *const annotations_names[KEY_COUNT] = { "" };

static void resolv_conf(const char *text, size_t len)
{
	struct policy_resolv_conf c, again;
	char out[8192];
	size_t n = 0;

	policy_read_resolv_conf(text, len, &c);
	MUST(c.n_servers <= POLICY_MAX_RESOLVERS && c.n_search <= POLICY_MAX_SEARCH && c.ndots <= 15);
	for (size_t i = 0; i < c.n_servers; i++) {
		char buf[CANONICAL_TEXT];

		canonical_text(&(struct canonical_net){ c.servers[i], 128 }, buf, sizeof(buf));
		n += (size_t)snprintf(out + n, sizeof(out) - n, "nameserver %s\n", buf);
		for (size_t k = 0; k < i; k++)
			MUST(memcmp(&c.servers[i], &c.servers[k], sizeof(c.servers[i])) != 0);
	}
	n += (size_t)snprintf(out + n, sizeof(out) - n, "options ndots:%u\nsearch", c.ndots);
	for (size_t i = 0; i < c.n_search; i++) {
		MUST(strlen(c.search[i]) < sizeof(c.search[i]));
		n += (size_t)snprintf(out + n, sizeof(out) - n, " %s", c.search[i]);
	}
	policy_read_resolv_conf(out, n, &again);
	MUST(again.n_servers == c.n_servers && again.ndots == c.ndots);
	MUST(memcmp(again.servers, c.servers, c.n_servers * sizeof(c.servers[0])) == 0);
	MUST(again.n_search == c.n_search);
	for (size_t i = 0; i < c.n_search; i++)
		MUST(strcmp(again.search[i], c.search[i]) == 0 || strchr(c.search[i], '.'));
}

static void hosts(const char *text, size_t len)
{
	struct in6_addr found[8];
	size_t n = policy_find_host(text, len, "a.test", found, ARRAY_SIZE(found));

	MUST(n <= ARRAY_SIZE(found));
	MUST(n == 0 || memmem(text, len, "est", 3) || memmem(text, len, "EST", 3) || len > 3);
	for (size_t i = 0; i < n; i++)
		MUST(!IN6_IS_ADDR_UNSPECIFIED(&found[i]));
	MUST(policy_find_host(text, len, "a.test", found, 1) == (n > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	/* What the text ends with is not ours to read. */
	char *exact = malloc(size - 1 ? size - 1 : 1);

	memcpy(exact, data + 1, size - 1);
	if (data[0] & 1)
		hosts(exact, size - 1);
	else
		resolv_conf(exact, size - 1);
	free(exact);
	return 0;
}
