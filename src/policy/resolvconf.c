// SPDX-License-Identifier: Apache-2.0
/* resolvconf.c - a container's own resolv.conf and hosts file, as text
 *
 * Owns:     what of them matters: name servers, the search list, the addresses of a name.
 * Must not: open a file. Both texts may be a stranger's (an image's, or one that a workload has written to).
 * Runs in:  create. Pure.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "policy/internal.h"

#define BLANK " \t\r\v\f"

/* The next word of a line that ends at @end. Its length; 0: none. */
static size_t next_word(const char **s, const char *end)
{
	const char *w;

	while (*s < end && **s && strchr(BLANK, **s))
		++*s;
	for (w = *s; w < end && *w && !strchr(BLANK, *w);)
		w++;
	return (size_t)(w - *s);
}

/* An address as resolv.conf(5) and hosts(5) have it: perhaps with a zone. False: none, or one that nobody can be asked at. */
static bool read_address(const char *s, size_t n, struct in6_addr *out)
{
	char buf[INET6_ADDRSTRLEN + 1] = "";
	const char *zone = memchr(s, '%', n);
	struct in_addr v4;

	n = zone ? (size_t)(zone - s) : n;
	if (n >= sizeof(buf))
		return false;
	memcpy(buf, s, n);
	if (inet_pton(AF_INET, buf, &v4) == 1) {
		*out = canonical_v4(ntohl(v4.s_addr));
		return v4.s_addr != 0;
	}
	return inet_pton(AF_INET6, buf, out) == 1 && !IN6_IS_ADDR_UNSPECIFIED(out);
}

static bool is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(s, word, n) == 0;
}

static void add_server(struct policy_resolv_conf *c, const struct in6_addr *a)
{
	for (size_t i = 0; i < c->n_servers; i++)
		if (memcmp(&c->servers[i], a, sizeof(*a)) == 0)
			return;
	if (c->n_servers < POLICY_MAX_RESOLVERS)
		c->servers[c->n_servers++] = *a;
}

/* What is no name is passed over, as a C library's look-up of it would fail. */
static void add_search(struct policy_resolv_conf *c, const char *s, size_t n)
{
	char *out;

	n -= n > 1 && s[n - 1] == '.';
	if (c->n_search >= POLICY_MAX_SEARCH || n >= sizeof(c->search[0]))
		return;
	out = c->search[c->n_search];
	for (size_t i = 0; i < n; i++)
		out[i] = (char)tolower((unsigned char)s[i]);
	out[n] = '\0';
	if (grammar_is_hostname(out, n))
		c->n_search++;
}

static void read_option(struct policy_resolv_conf *c, const char *s, size_t n)
{
	if (n < 7 || n > 8 || memcmp(s, "ndots:", 6) != 0)
		return;
	c->ndots = 0;
	for (size_t i = 6; i < n && isdigit((unsigned char)s[i]); i++)
		c->ndots = c->ndots * 10 + (unsigned int)(s[i] - '0');
	if (c->ndots > 15)
		c->ndots = 15; /* the C library's bound */
}

static void read_line(struct policy_resolv_conf *c, const char *s, const char *end)
{
	const char *key;
	size_t n = next_word(&s, end), key_len;
	struct in6_addr a;

	/* Comments begin with another word. */
	key = s;
	key_len = n;
	s += n;
	/* The last of these lines counts. */
	if (is_word(key, key_len, "search") || is_word(key, key_len, "domain"))
		c->n_search = 0;
	for (; (n = next_word(&s, end)); s += n) {
		if (is_word(key, key_len, "search") || (is_word(key, key_len, "domain") && !c->n_search))
			add_search(c, s, n);
		else if (is_word(key, key_len, "options"))
			read_option(c, s, n);
		else if (is_word(key, key_len, "nameserver")) {
			if (read_address(s, n, &a))
				add_server(c, &a);
			break;
		}
	}
}

void policy_read_resolv_conf(const char *text, size_t len, struct policy_resolv_conf *out)
{
	*out = (struct policy_resolv_conf){ .ndots = 1 };
	for (const char *line = text, *stop = text + len; line < stop;) {
		const char *nl = memchr(line, '\n', (size_t)(stop - line)), *end = nl ? nl : stop;

		read_line(out, line, end);
		line = end + 1;
	}
}

static bool same_name(const char *a, size_t n, const char *b)
{
	n -= n > 1 && a[n - 1] == '.';
	return n == strlen(b) && strncasecmp(a, b, n) == 0;
}

size_t policy_find_host(const char *text, size_t len, const char *name, struct in6_addr *out, size_t room)
{
	size_t found = 0;

	for (const char *line = text, *stop = text + len; line < stop && found < room;) {
		const char *nl = memchr(line, '\n', (size_t)(stop - line)), *next = nl ? nl : stop;
		const char *hash = memchr(line, '#', (size_t)(next - line)), *end = hash ? hash : next, *s = line;
		size_t n = next_word(&s, end);
		struct in6_addr a;

		if (n && read_address(s, n, &a)) {
			for (s += n; (n = next_word(&s, end)); s += n) {
				if (!same_name(s, n, name))
					continue;
				out[found++] = a;
				break;
			}
		}
		line = next + 1;
	}
	return found;
}
