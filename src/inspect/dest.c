// SPDX-License-Identifier: Apache-2.0
/* dest.c - destinations as people write them
 *
 * Runs in:  sandrun policy.
 */
#include "inspect/dest.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *const schemes[] = { [POLICY_TCP] = "tcp://", [POLICY_UDP] = "udp://", [POLICY_ICMP] = "icmp://" };

static int take_port(const char *text, const char *port, bool zero, uint16_t *out, struct err *e)
{
	uint64_t v;

	if (str_to_u64(port, 10, 65535, &v) < 0 || (v == 0 && !zero))
		return err_text(e, EINVAL, "\"%.100s\": \"%.40s\" is no port; a number from 1 to 65535 is", text, port);
	*out = (uint16_t)v;
	return 0;
}

static bool take_address(const char *host, struct dest *out)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, 0xff } };

	if (inet_pton(AF_INET, host, &a.s6_addr[12]) != 1 && inet_pton(AF_INET6, host, &a) != 1)
		return false;
	out->addrs = xcalloc(1, sizeof(*out->addrs));
	out->addrs[0] = a;
	out->n = 1;
	return true;
}

static bool is_name(const char *host)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";

	return *host && strspn(host, letters) == strlen(host) && strpbrk(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

static int take_host(const char *text, const char *host, struct dest *out, struct err *e)
{
	if (take_address(host, out))
		return 0;
	if (!is_name(host))
		return err_text(e, EINVAL, "\"%.100s\": \"%.100s\" is neither an address nor a host name", text, host);
	out->name = xstrdup(host);
	for (char *s = out->name; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
	return 0;
}

/* "host:port", "[v6]:port", "host" alone for ICMP. */
static int take_host_and_port(const char *text, const char *rest, struct dest *out, struct err *e)
{
	bool bracket = *rest == '[';
	const char *end = bracket ? strchr(rest, ']') : NULL;
	const char *colon = strrchr(end ? end : rest, ':');
	autofree char *host = NULL;

	if (bracket && (!end || (end[1] && end[1] != ':')))
		return err_text(e, EINVAL, "\"%.100s\": \"]\" and a port are expected", text);
	/* 2001:db8::1, as ICMP may have it. */
	if (!bracket && colon && strchr(rest, ':') != colon)
		colon = NULL;
	host = bracket ? xstrndup(rest + 1, (size_t)(end - rest - 1)) : xstrndup(rest, colon ? (size_t)(colon - rest) : strlen(rest));
	if (out->proto == POLICY_ICMP && colon)
		return err_text(e, EINVAL, "\"%.100s\": ICMP has no ports", text);
	if (out->proto != POLICY_ICMP && !colon)
		return err_text(e, EINVAL, "\"%.100s\": a port is missing (10.1.2.3:443, [2001:db8::1]:443, icmp://10.1.2.3)", text);
	if (colon && take_port(text, colon + 1, false, &out->port, e) < 0)
		return -1;
	return take_host(text, host, out, e);
}

int dest_parse(const char *text, struct dest *out, struct err *e)
{
	const char *rest = text;

	*out = (struct dest){ .text = xstrdup(text), .proto = POLICY_TCP };
	if (str_starts(text, "bind:")) {
		out->bind = true;
		return take_port(text, text + 5, true, &out->port, e);
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
		if (!str_starts(text, schemes[i]))
			continue;
		out->proto = (enum policy_proto)i;
		rest = text + strlen(schemes[i]);
	}
	if (rest == text && strstr(text, "://"))
		return err_text(e, EINVAL, "\"%.100s\": tcp://, udp:// or icmp:// is expected, or none of them (TCP)", text);
	return take_host_and_port(text, rest, out, e);
}

int dest_resolve(struct dest *d, const struct policy *p, struct err *e)
{
	const struct policy_host *hosts;
	size_t n = policy_hosts(p, &hosts);

	if (!d->name)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!str_eq(hosts[i].name, d->name) || !hosts[i].n)
			continue;
		d->addrs = xcalloc(hosts[i].n, sizeof(*d->addrs));
		memcpy(d->addrs, hosts[i].addrs, hosts[i].n * sizeof(*d->addrs));
		d->n = hosts[i].n;
		return 0;
	}
	if (policy_resolve_host(d->name, &d->addrs, &d->n, e) < 0)
		return err_prefix(e, "%s", d->text);
	return 0;
}

const char *dest_words(const struct dest *d, size_t i, char buf[DEST_TEXT])
{
	char addr[INET6_ADDRSTRLEN] = "";
	bool v4 = IN6_IS_ADDR_V4MAPPED(&d->addrs[i]);

	if (v4)
		inet_ntop(AF_INET, &d->addrs[i].s6_addr[12], addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, &d->addrs[i], addr, sizeof(addr));
	if (d->proto == POLICY_ICMP)
		snprintf(buf, DEST_TEXT, "icmp://%s", addr);
	else
		snprintf(buf, DEST_TEXT, v4 ? "%s%s:%u" : "%s[%s]:%u", schemes[d->proto], addr, d->port);
	return buf;
}

void dest_free(struct dest *d)
{
	free(d->text);
	free(d->name);
	free(d->addrs);
	*d = (struct dest){ 0 };
}
