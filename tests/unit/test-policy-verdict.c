// SPDX-License-Identifier: Apache-2.0
/* test-policy-verdict.c - who may go where: modes, protocols, the forms of an address, sockets, binds, traits */
#include <sys/socket.h>

#include "policy-util.h"

/* --- connect and send ---------------------------------------------------------------------------------- */

#define T POLICY_TCP
#define U POLICY_UDP
#define I POLICY_ICMP
#define ALLOW "net-allow"
#define DENY "net-deny"

static const struct {
	const char *key, *list;
	enum policy_proto proto;
	const char *addr;
	unsigned int port;
	bool allowed;
	int rule;
} verdicts[] = {
	/* allow mode: default deny */
	{ ALLOW, "", T, "1.2.3.4", 80, false, -1 },
	{ ALLOW, "", I, "127.0.0.1", 0, false, -1 },
	{ ALLOW, "1.2.3.4:80", T, "1.2.3.4", 80, true, 0 },
	{ ALLOW, "1.2.3.4:80", T, "1.2.3.4", 81, false, -1 },
	{ ALLOW, "1.2.3.4:80", T, "1.2.3.5", 80, false, -1 },
	{ ALLOW, "1.2.3.4", T, "1.2.3.4", 65535, true, 0 },
	{ ALLOW, "1.2.3.4", T, "1.2.3.4", 0, true, 0 },
	{ ALLOW, ":443", T, "2001:db8::1", 443, true, 0 },
	{ ALLOW, "*", T, "255.255.255.255", 1, true, 0 },
	{ ALLOW, "10.0.0.0/8 10.1.0.0/16:80 *:80", T, "10.1.2.3", 80, true, 0 },
	{ ALLOW, "10.1.0.0/16:80 10.0.0.0/8", T, "10.1.2.3", 81, true, 1 },
	/* … a scheme-less rule is TCP there */
	{ ALLOW, "1.2.3.4", U, "1.2.3.4", 53, false, -1 },
	{ ALLOW, "1.2.3.4", I, "1.2.3.4", 0, false, -1 },
	{ ALLOW, "udp://1.2.3.4:53", U, "1.2.3.4", 53, true, 0 },
	{ ALLOW, "udp://1.2.3.4:53", T, "1.2.3.4", 53, false, -1 },
	{ ALLOW, "icmp://1.2.3.4", I, "1.2.3.4", 0, true, 0 },
	{ ALLOW, "icmp://1.2.3.4", I, "1.2.3.4", 4711, true, 0 }, /* ICMP has no ports */
	{ ALLOW, "icmp://1.2.3.4", U, "1.2.3.4", 0, false, -1 },
	/* deny mode: default allow */
	{ DENY, "1.2.3.5", T, "1.2.3.4", 80, true, -1 },
	{ DENY, "1.2.3.4:80", T, "1.2.3.4", 80, false, 0 },
	{ DENY, "1.2.3.4:80", T, "1.2.3.4", 81, true, -1 },
	{ DENY, "tcp://1.2.3.4", U, "1.2.3.4", 80, true, -1 },
	{ DENY, "tcp://1.2.3.4 udp://1.2.3.4:53", U, "1.2.3.4", 53, false, 1 },
	/* … a scheme-less rule is every protocol there */
	{ DENY, "1.2.3.4", T, "1.2.3.4", 80, false, 0 },
	{ DENY, "1.2.3.4", U, "1.2.3.4", 80, false, 0 },
	{ DENY, "1.2.3.4", I, "1.2.3.4", 0, false, 0 },
	{ DENY, "*", I, "2001:db8::1", 0, false, 0 },
	{ DENY, ":25", U, "1.2.3.4", 25, false, 0 },
	{ DENY, ":25", I, "1.2.3.4", 0, true, -1 }, /* speaks of ports, so not of ICMP */
	/* names */
	{ ALLOW, "two.test:80", T, "192.0.2.2", 80, true, 0 },
	{ ALLOW, "two.test:80", T, "2001:db8::2", 80, true, 0 },
	{ ALLOW, "two.test:80", T, "192.0.2.1", 80, false, -1 },
	/* sets */
	{ DENY, "private", T, "127.1.2.3", 1, false, 0 },
	{ DENY, "private", T, "10.255.255.255", 1, false, 0 },
	{ DENY, "private", T, "172.16.0.1", 1, false, 0 },
	{ DENY, "private", T, "172.32.0.1", 1, true, -1 },
	{ DENY, "private", T, "192.168.1.1", 1, false, 0 },
	{ DENY, "private", T, "192.169.1.1", 1, true, -1 },
	{ DENY, "private", T, "169.254.169.254", 80, false, 0 },
	{ DENY, "private", T, "::1", 1, false, 0 },
	{ DENY, "private", T, "fd00:ec2::254", 1, false, 0 },
	{ DENY, "private", T, "fc00::", 1, false, 0 },
	{ DENY, "private", T, "fe00::", 1, true, -1 },
	{ DENY, "private", T, "febf::1", 1, false, 0 },
	{ DENY, "private", T, "fec0::1", 1, true, -1 },
	{ DENY, "private", T, "8.8.8.8", 1, true, -1 },
	{ DENY, "private:80", U, "10.0.0.1", 80, false, 0 },
	{ DENY, "private:80", U, "10.0.0.1", 81, true, -1 },
	{ DENY, "loopback", T, "127.0.0.1", 1, false, 0 },
	{ DENY, "loopback", T, "10.0.0.1", 1, true, -1 },
	{ DENY, "link-local", T, "169.254.1.1", 1, false, 0 },
	{ DENY, "link-local", T, "fe80::1", 1, false, 0 },
	{ DENY, "link-local", T, "::1", 1, true, -1 },
	{ DENY, "metadata", T, "169.254.169.254", 80, false, 0 },
	{ DENY, "metadata", T, "169.254.169.253", 80, true, -1 },
	{ DENY, "metadata", T, "fd00:ec2::254", 80, false, 0 },
	{ DENY, "metadata", T, "100.100.100.200", 80, false, 0 },
	{ DENY, "multicast", U, "239.1.2.3", 5353, false, 0 },
	{ DENY, "multicast", U, "ff02::fb", 5353, false, 0 },
	{ DENY, "multicast", U, "240.0.0.1", 5353, true, -1 },
	/* IPv4 in IPv6 */
	{ ALLOW, "10.0.0.0/8", T, "::ffff:10.1.2.3", 80, true, 0 },
	{ DENY, "10.0.0.0/8", T, "::ffff:10.1.2.3", 80, false, 0 },
	{ DENY, "::ffff:10.0.0.0/104", T, "10.1.2.3", 80, false, 0 },
	{ DENY, "10.0.0.0/8", T, "::10.1.2.3", 80, true, -1 }, /* "compatible" is an IPv6 address of its own */
	{ ALLOW, "10.0.0.0/8", T, "::10.1.2.3", 80, false, -1 },
	/* 0.0.0.0 and :: are loopback */
	{ DENY, "loopback", T, "0.0.0.0", 80, false, 0 },
	{ DENY, "loopback", T, "::", 80, false, 0 },
	{ DENY, "loopback", T, "::ffff:0.0.0.0", 80, false, 0 },
	{ DENY, "private", U, "::", 53, false, 0 },
	{ DENY, "127.0.0.1", T, "0.0.0.0", 80, false, 0 },
	{ DENY, "127.0.0.1", T, "::", 80, false, 0 }, /* on a socket bound to ::ffff:… it would be that */
	{ DENY, "::1", T, "::", 80, false, 0 },
	{ DENY, "0.0.0.0", T, "0.0.0.0", 80, false, 0 },
	{ DENY, "0.0.0.0", T, "127.0.0.1", 80, false, 0 },
	{ DENY, "0.0.0.0/8", T, "0.0.0.0", 80, false, 0 },
	{ DENY, "0.0.0.0/8", T, "127.0.0.1", 80, true, -1 },
	{ DENY, "::/127", T, "::", 80, false, 0 },
	{ DENY, "8.8.8.8", T, "0.0.0.0", 80, true, -1 },
	{ ALLOW, "127.0.0.1:80", T, "0.0.0.0", 80, true, 0 },
	{ ALLOW, "0.0.0.0/8", T, "0.0.0.0", 80, false, -1 },
	{ ALLOW, "loopback:80", T, "::", 80, true, 0 },
	{ ALLOW, "::1 127.0.0.1", T, "::", 80, true, 0 },
	{ ALLOW, "::1", T, "::", 80, false, -1 },
	{ ALLOW, "127.0.0.1", T, "::", 80, false, -1 },
	/* NAT64: both forms */
	{ DENY, "10.0.0.0/8", T, "64:ff9b::10.1.2.3", 80, false, 0 },
	{ DENY, "64:ff9b::/96", T, "64:ff9b::8.8.8.8", 80, false, 0 },
	{ DENY, "64:ff9b::/96", T, "8.8.8.8", 80, true, -1 },
	{ DENY, "private", T, "64:ff9b::169.254.169.254", 80, false, 0 },
	{ DENY, "loopback", T, "64:ff9b::127.0.0.1", 80, false, 0 },
	{ DENY, "loopback", T, "64:ff9b::0.0.0.0", 80, false, 0 },
	{ DENY, "0.0.0.0/8", T, "64:ff9b::0.0.0.0", 80, false, 0 },
	{ DENY, "private", T, "64:ff9b::8.8.8.8", 80, true, -1 },
	{ DENY, "private", T, "64:ff9b:1::10.0.0.1", 80, true, -1 },
	{ ALLOW, "::/0", T, "64:ff9b::169.254.169.254", 80, false, -1 },
	{ ALLOW, "169.254.169.254", T, "64:ff9b::169.254.169.254", 80, false, -1 },
	{ ALLOW, "64:ff9b::/96", T, "64:ff9b::8.8.8.8", 80, false, -1 },
	{ ALLOW, "64:ff9b::/96 8.8.8.8:80", T, "64:ff9b::8.8.8.8", 80, true, 0 },
	{ ALLOW, "64:ff9b::/96 8.8.8.8:80", T, "64:ff9b::8.8.8.8", 81, false, -1 },
	{ ALLOW, ":80", T, "64:ff9b::8.8.8.8", 80, true, 0 },
	{ ALLOW, "nat.test:80", T, "64:ff9b::192.0.2.9", 80, true, 0 },
	{ ALLOW, "nat.test:80", T, "192.0.2.9", 80, true, 0 },
	{ ALLOW, "nat.test:80", T, "64:ff9b::192.0.2.8", 80, false, -1 },
};

static void each_destination_gets_its_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		struct policy *p = util_policy(verdicts[i].key, verdicts[i].list);
		struct policy_verdict v = util_check(p, verdicts[i].proto, verdicts[i].addr, verdicts[i].port);

		if (v.allowed != verdicts[i].allowed || v.rule != verdicts[i].rule)
			fail_msg("%s \"%s\": %d %s port %u: allowed %d by rule %d", verdicts[i].key, verdicts[i].list,
				 verdicts[i].proto, verdicts[i].addr, verdicts[i].port, v.allowed, v.rule);
		policy_free(p);
	}
}

static void allow_udp_and_allow_icmp_widen_scheme_less_rules(void **state)
{
	struct policy *p = util_policy("net-allow", "10.0.0.1 10.0.0.2:80 tcp://10.0.0.3", "allow-udp", "on");
	struct policy *q = util_policy("net-allow", "10.0.0.1 10.0.0.2:80 tcp://10.0.0.3 10.0.0.4:*", "allow-icmp", "1");

	(void)state;
	assert_true(util_check(p, U, "10.0.0.1", 53).allowed);
	assert_true(util_check(p, T, "10.0.0.1", 53).allowed);
	assert_true(util_check(p, U, "10.0.0.2", 80).allowed);
	assert_false(util_check(p, U, "10.0.0.2", 81).allowed);
	assert_false(util_check(p, U, "10.0.0.3", 80).allowed);
	assert_false(util_check(p, I, "10.0.0.1", 0).allowed);
	assert_true(util_check(q, I, "10.0.0.1", 0).allowed);
	assert_false(util_check(q, I, "10.0.0.2", 0).allowed);
	assert_false(util_check(q, I, "10.0.0.3", 0).allowed);
	assert_true(util_check(q, I, "10.0.0.4", 0).allowed);
	assert_false(util_check(q, U, "10.0.0.1", 53).allowed);
	policy_free(p);
	policy_free(q);
}

static bool group_allowed(const struct policy *p, const char *addr)
{
	struct in6_addr a = { .s6_addr = { [10] = 0xff, [11] = 0xff } };

	assert_int_equal(strchr(addr, ':') ? inet_pton(AF_INET6, addr, &a) : inet_pton(AF_INET, addr, &a.s6_addr[12]), 1);
	return policy_check_group(p, &a).allowed;
}

static void a_group_is_joined_where_some_port_of_it_may_be_sent_to(void **state)
{
	struct policy *p = util_policy("net-allow", "udp://224.0.0.251:5353 tcp://224.0.0.9 udp://[ff02::fb]:5353 10.0.0.0/8");
	struct policy *q = util_policy("net-deny", "multicast:1-1000 multicast:1001-65535 224.0.0.0/24:53");
	struct policy *r = util_policy("net-deny", "239.0.0.0/8:1-65534 224.0.0.251 [ff02::/16]:5353");
	struct policy *s = util_policy("net-allow-bind", "80");

	(void)state;
	assert_true(group_allowed(p, "224.0.0.251"));
	assert_true(group_allowed(p, "ff02::fb"));
	assert_false(group_allowed(p, "224.0.0.9"));
	assert_false(group_allowed(p, "224.0.0.252"));
	assert_false(group_allowed(p, "ff02::1"));
	assert_false(group_allowed(q, "239.1.2.3"));
	assert_false(group_allowed(q, "224.0.0.1"));
	assert_false(group_allowed(q, "ff05::1"));
	assert_true(group_allowed(r, "239.1.2.3"));
	assert_true(group_allowed(r, "224.0.0.1"));
	assert_true(group_allowed(r, "ff02::1"));
	assert_false(group_allowed(r, "224.0.0.251"));
	assert_true(group_allowed(s, "224.0.0.1"));
	policy_free(p);
	policy_free(q);
	policy_free(r);
	policy_free(s);
}

static void a_protocol_out_of_range_is_denied_in_both_modes(void **state)
{
	struct policy *p = util_policy("net-allow", "*", "allow-udp", "1", "allow-icmp", "1");
	struct policy *q = util_policy("net-deny", "1.1.1.1");

	(void)state;
	assert_false(util_check(p, (enum policy_proto)3, "1.2.3.4", 80).allowed);
	assert_false(util_check(q, (enum policy_proto)200, "1.2.3.4", 80).allowed);
	policy_free(p);
	policy_free(q);
}

static void a_bind_policy_leaves_egress_open(void **state)
{
	struct policy *p = util_policy("net-allow-bind", "80");

	(void)state;
	assert_true(util_check(p, U, "169.254.169.254", 53).allowed);
	assert_true(util_check(p, T, "::", 1).allowed);
	policy_free(p);
}

/* --- bind -------------------------------------------------------------------------------------------------- */

static void binds_follow_their_list(void **state)
{
	static const struct {
		const char *key, *list;
		unsigned int port;
		bool allowed;
		int rule;
	} binds[] = {
		{ "net-allow-bind", "", 80, false, -1 },
		{ "net-allow-bind", "", 0, false, -1 },
		{ "net-allow-bind", "80,8000-8999", 80, true, 0 },
		{ "net-allow-bind", "8000-8999 80", 8500, true, 1 },
		{ "net-allow-bind", "80", 81, false, -1 },
		{ "net-allow-bind", "80", 0, false, -1 },
		{ "net-allow-bind", "1024-65535", 0, false, -1 },
		{ "net-allow-bind", "1-65535", 0, true, 0 },
		{ "net-allow-bind", "*", 0, true, 0 },
		{ "net-allow-bind", "*", 1, true, 0 },
		{ "net-deny-bind", "22", 22, false, 0 },
		{ "net-deny-bind", "22", 23, true, -1 },
		{ "net-deny-bind", "22,8080", 0, true, -1 },
		{ "net-deny-bind", "22;40000", 0, false, 1 },
		{ "net-deny-bind", "60999-61000", 0, false, 0 },
		{ "net-deny-bind", "61000", 0, true, -1 },
		{ "net-deny-bind", "1-65535", 65535, false, 0 },
		{ "net-deny", "*", 22, true, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(binds); i++) {
		struct policy *p = util_policy(binds[i].key, binds[i].list);
		struct policy_verdict v = policy_check_bind(p, (uint16_t)binds[i].port);

		if (v.allowed != binds[i].allowed || v.rule != binds[i].rule)
			fail_msg("%s \"%s\": port %u: allowed %d by rule %d", binds[i].key, binds[i].list, binds[i].port,
				 v.allowed, v.rule);
		policy_free(p);
	}
}

static void collect_range(uint16_t lo, uint16_t hi, void *ctx)
{
	char *s = ctx;

	sprintf(s + strlen(s), "%u-%u ", lo, hi);
}

static void walks_over_ports_give_what_is_open(void **state)
{
	static const struct {
		const char *key, *list;
		bool bind;
		const char *ranges;
	} walks[] = {
		{ "net-allow-bind", "", true, "" },
		{ "net-allow-bind", "80,81,9000-9100", true, "80-81 9000-9100 " },
		{ "net-allow-bind", "*", true, "0-65535 " },
		{ "net-allow-bind", "1-65535", true, "0-65535 " },
		{ "net-deny-bind", "22", true, "0-21 23-65535 " },
		{ "net-deny-bind", "1,2", true, "0-0 3-65535 " },
		{ "net-deny-bind", "22 40000", true, "1-21 23-39999 40001-65535 " },
		{ "net-deny-bind", "1-65535", true, "" },
		{ "net-allow", ":443 :80,81 *:82", false, "80-82 443-443 " },
		{ "net-allow", "10.0.0.1:5 tcp://:443 udp://:53", false, "443-443 " },
		{ "net-allow", "*", false, "0-65535 " },
		{ "net-deny", ":443", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(walks); i++) {
		struct policy *p = util_policy(walks[i].key, walks[i].list);
		char buf[256] = "";

		policy_each_port(p, walks[i].bind, collect_range, buf);
		if (!str_eq(buf, walks[i].ranges))
			fail_msg("%s \"%s\": %s", walks[i].key, walks[i].list, buf);
		policy_free(p);
	}
}

/* --- traits ------------------------------------------------------------------------------------------------ */

static void traits_say_what_must_be_guarded(void **state)
{
	static const struct {
		const char *k1, *v1, *k2, *v2;
		const char *traits; /* e: egress, a: allow mode, t u i: possible, b: bind, o: tcp ports only */
	} rows[] = {
		{ "net-allow", "", NULL, NULL, "eau" },
		{ "net-allow", ":443", NULL, NULL, "eatuo" },
		{ "net-allow", ":443 tcp://:80", NULL, NULL, "eatuo" },
		{ "net-allow", "*", NULL, NULL, "eatuo" },
		{ "net-allow", ":443 10.0.0.1:80", NULL, NULL, "eatu" },
		{ "net-allow", "0.0.0.0/0:443 [::/0]:443", NULL, NULL, "eatu" },
		{ "net-allow", ":443", "allow-udp", "true", "eatu" },
		{ "net-allow", ":443", "allow-udp", "false", "eatuo" },
		{ "net-allow", "tcp://:443", "allow-udp", "true", "eatuo" },
		{ "net-allow", ":443", "allow-icmp", "true", "eatui" },
		{ "net-allow", "", "allow-icmp", "true", "eaui" },
		{ "net-allow", ":443 udp://:53", NULL, NULL, "eatu" },
		{ "net-allow", "udp://1.1.1.1", NULL, NULL, "eau" },
		{ "net-allow", "icmp://*", NULL, NULL, "eaui" },
		{ "net-allow", ":443", "net-allow-bind", "80", "eatubo" },
		{ "net-deny", "1.1.1.1", NULL, NULL, "etui" },
		{ "net-deny", "*", NULL, NULL, "etui" },
		{ "net-deny", ":443", "net-deny-bind", "22", "etuib" },
		{ "net-allow-bind", "", NULL, NULL, "tuib" },
		{ "net-allow-bind", "*", NULL, NULL, "tui" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct policy *p = util_policy(rows[i].k1, rows[i].v1, rows[i].k2, rows[i].v2);
		struct policy_traits t = policy_get_traits(p);
		char buf[8] = "";

		snprintf(buf, sizeof(buf), "%s%s%s%s%s%s%s", t.egress ? "e" : "", t.allow_mode ? "a" : "",
			 t.tcp_possible ? "t" : "", t.udp_possible ? "u" : "", t.icmp_possible ? "i" : "", t.bind ? "b" : "",
			 t.tcp_ports_only ? "o" : "");
		if (!str_eq(buf, rows[i].traits))
			fail_msg("%s=%s: %s", rows[i].k1, rows[i].v1, buf);
		policy_free(p);
	}
}

/* --- sockets ----------------------------------------------------------------------------------------------- */

#define MPTCP 262
#define SMC 256

static const struct {
	int domain, type, protocol;
	/* under a list of :443; that with UDP and ICMP rules; any, with allow-udp and allow-icmp; deny mode; a bind
	 * policy alone */
	int tcp, all_three, raw, deny, bind;
} sockets[] = {
	{ AF_INET, SOCK_STREAM, 0, 0, 0, 0, 0, 0 },
	{ AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP, 0, 0, 0, 0, 0 },
	{ AF_INET6, SOCK_STREAM, IPPROTO_TCP, 0, 0, 0, 0, 0 },
	{ AF_INET, SOCK_STREAM, MPTCP, EPROTONOSUPPORT, EPROTONOSUPPORT, EPROTONOSUPPORT, EPROTONOSUPPORT,
	  EPROTONOSUPPORT },
	{ AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, MPTCP, EPROTONOSUPPORT, EPROTONOSUPPORT, EPROTONOSUPPORT,
	  EPROTONOSUPPORT, EPROTONOSUPPORT },
	{ AF_INET, SOCK_STREAM, IPPROTO_SCTP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_STREAM, SMC, EACCES, EACCES, EACCES, EACCES, EACCES },
	{ AF_INET, SOCK_STREAM, IPPROTO_UDP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_DGRAM, 0, 0, 0, 0, 0, 0 },
	{ AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_UDP, 0, 0, 0, 0, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_DGRAM, 115 /* L2TP */, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMP, EACCES, 0, 0, 0, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, EACCES, 0, 0, 0, 0 },
	{ AF_INET6, SOCK_DGRAM, IPPROTO_ICMP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_RAW, IPPROTO_ICMP, EACCES, EACCES, 0, EACCES, 0 },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, EACCES, EACCES, 0, EACCES, 0 },
	{ AF_INET6, SOCK_RAW, IPPROTO_ICMP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_RAW, IPPROTO_RAW, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_RAW, IPPROTO_TCP, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_RAW, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, 6 /* SOCK_DCCP */, 33, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_PACKET, 0x0300, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_INET, SOCK_RDM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_PACKET, SOCK_RAW, 0x0300, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_PACKET, SOCK_DGRAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_VSOCK, SOCK_STREAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_XDP, SOCK_RAW, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ 43 /* AF_SMC */, SOCK_STREAM, 0, EACCES, EACCES, EACCES, EACCES, EACCES },
	{ AF_TIPC, SOCK_RDM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_RDS, SOCK_SEQPACKET, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_KCM, SOCK_DGRAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_BLUETOOTH, SOCK_STREAM, 3, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_ALG, SOCK_SEQPACKET, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_CAN, SOCK_RAW, 1, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_KEY, SOCK_RAW, 2, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_UNSPEC, SOCK_STREAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ -1, SOCK_STREAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ 1000, SOCK_STREAM, 0, EACCES, EACCES, EACCES, EACCES, 0 },
	{ AF_UNIX, SOCK_STREAM, 0, 0, 0, 0, 0, 0 },
	{ AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, 0, 0, 0, 0, 0 },
	{ AF_NETLINK, SOCK_RAW, 0, 0, 0, 0, 0, 0 },
	{ AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, 15, 0, 0, 0, 0, 0 },
};

static void only_sockets_that_the_policy_can_speak_of_are_made(void **state)
{
	struct policy *p[] = {
		util_policy("net-allow", ":443"),
		util_policy("net-allow", ":443 udp://:53 icmp://*"),
		util_policy("net-allow", "*", "allow-udp", "true", "allow-icmp", "true"),
		util_policy("net-deny", "private"),
		util_policy("net-allow-bind", "80"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++) {
		const int want[] = { sockets[i].tcp, sockets[i].all_three, sockets[i].raw, sockets[i].deny, sockets[i].bind };

		for (size_t j = 0; j < ARRAY_SIZE(p); j++) {
			int got = policy_check_socket(p[j], sockets[i].domain, sockets[i].type, sockets[i].protocol);

			if (got != want[j])
				fail_msg("policy %zu: socket(%d, %d, %d): %d, not %d", j, sockets[i].domain,
					 sockets[i].type, sockets[i].protocol, got, want[j]);
		}
	}
	for (size_t j = 0; j < ARRAY_SIZE(p); j++)
		policy_free(p[j]);
}

static void a_server_that_calls_nobody_still_has_its_sockets(void **state)
{
	struct policy *p = util_policy("net-allow", "");
	struct policy *q = util_policy("net-allow", "", "net-allow-bind", "8080");
	struct policy *r = util_policy("net-allow", "", "net-allow-bind", "");
	struct policy *s = util_policy("net-allow", "udp://1.1.1.1:53", "net-allow-bind", "");

	(void)state;
	assert_int_equal(policy_check_socket(p, AF_INET, SOCK_STREAM, 0), 0);
	assert_int_equal(policy_check_socket(p, AF_INET, SOCK_DGRAM, 0), 0);
	assert_int_equal(policy_check_socket(p, AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
	assert_int_equal(policy_check_socket(q, AF_INET6, SOCK_STREAM, IPPROTO_TCP), 0);
	assert_int_equal(policy_check_socket(r, AF_INET, SOCK_STREAM, 0), EACCES);
	assert_int_equal(policy_check_socket(s, AF_INET, SOCK_STREAM, 0), EACCES);
	assert_int_equal(policy_check_socket(s, AF_INET, SOCK_DGRAM, 0), 0);
	policy_free(p);
	policy_free(q);
	policy_free(r);
	policy_free(s);
}

/* --- text and hosts ---------------------------------------------------------------------------------------- */

static void a_rule_has_a_text_for_the_audit(void **state)
{
	struct policy *p = util_policy("net-allow", "tcp://10.1.2.3/8:25 two.test", "network.allow_bind", "80,443-444");
	struct policy *q = util_policy("net-deny", "[2001:db8::/32]:80", "net-deny-bind", "22");
	char buf[128], small[8];

	(void)state;
	policy_rule_text(p, 0, buf, sizeof(buf));
	assert_string_equal(buf, "tcp://10.0.0.0/8:25 (io.sandlock.net-allow)");
	policy_rule_text(p, 1, buf, sizeof(buf));
	assert_string_equal(buf, "two.test (io.sandlock.net-allow)");
	policy_rule_text(p, policy_check_bind(p, 444).rule, buf, sizeof(buf));
	assert_string_equal(buf, "443-444 (io.sandlock.net-allow-bind)");
	policy_rule_text(q, 0, buf, sizeof(buf));
	assert_string_equal(buf, "[2001:db8::/32]:80 (io.sandlock.net-deny)");
	policy_rule_text(q, policy_check_bind(q, 22).rule, buf, sizeof(buf));
	assert_string_equal(buf, "22 (io.sandlock.net-deny-bind)");
	for (int i = -2; i < 100; i++) {
		policy_rule_text(p, i, buf, sizeof(buf));
		assert_true(i >= 0 && i < 4 ? strstr(buf, "io.sandlock.") != NULL : str_eq(buf, "no rule"));
	}
	/* Cut, ended, and no byte too far. */
	memset(small, 'x', sizeof(small));
	policy_rule_text(p, 0, small, 7);
	assert_string_equal(small, "tcp://");
	assert_int_equal(small[7], 'x');
	policy_rule_text(p, 0, small, 1);
	assert_string_equal(small, "");
	policy_rule_text(p, 0, NULL, 0);
	policy_free(p);
	policy_free(q);
}

static void hosts_are_listed_once_with_all_addresses(void **state)
{
	struct policy *p = util_policy("net-allow", "two.test:80 ONE.test udp://two.test.:53");
	const struct policy_host *h;

	(void)state;
	assert_int_equal(policy_hosts(p, &h), 2);
	assert_string_equal(h[0].name, "two.test");
	assert_int_equal(h[0].n, 2); /* the resolver gave one of them twice */
	assert_string_equal(h[1].name, "one.test");
	assert_int_equal(h[1].n, 1);
	assert_true(util_check(p, U, "2001:db8::2", 53).allowed);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_destination_gets_its_verdict),
		cmocka_unit_test(allow_udp_and_allow_icmp_widen_scheme_less_rules),
		cmocka_unit_test(a_group_is_joined_where_some_port_of_it_may_be_sent_to),
		cmocka_unit_test(a_protocol_out_of_range_is_denied_in_both_modes),
		cmocka_unit_test(a_bind_policy_leaves_egress_open),
		cmocka_unit_test(binds_follow_their_list),
		cmocka_unit_test(walks_over_ports_give_what_is_open),
		cmocka_unit_test(traits_say_what_must_be_guarded),
		cmocka_unit_test(only_sockets_that_the_policy_can_speak_of_are_made),
		cmocka_unit_test(a_server_that_calls_nobody_still_has_its_sockets),
		cmocka_unit_test(a_rule_has_a_text_for_the_audit),
		cmocka_unit_test(hosts_are_listed_once_with_all_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
