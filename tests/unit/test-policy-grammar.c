// SPDX-License-Identifier: Apache-2.0
/* test-policy-grammar.c - rule lists: what they mean, and the exact words of every error */
#include "policy-util.h"

#define A "io.sandlock.net-allow"
#define D "io.sandlock.net-deny"

/* --- lists that are right --------------------------------------------------------------------------- */

static const struct {
	const char *list;
	const char *rules; /* canonical */
} good[] = {
	/* nothing */
	{ "", "" },
	{ "  ", "" },
	{ " , ;\t\n", "" },
	/* any */
	{ "*", "*" },
	{ "*:*", "*" },
	{ ":*", "*" },
	{ ":443", ":443" },
	{ "*:443", ":443" },
	{ "tcp://*", "tcp://*" },
	{ "tcp://:443", "tcp://:443" },
	{ "TCP://*:443", "tcp://:443" },
	{ "udp://:*", "udp://*" },
	{ "icmp://*", "icmp://*" },
	/* IPv4 */
	{ "10.0.0.1", "10.0.0.1" },
	{ "10.0.0.1:80", "10.0.0.1:80" },
	{ "10.0.0.1:*", "10.0.0.1" },
	{ "10.1.2.3/8", "10.0.0.0/8" },
	{ "10.1.2.3/32", "10.1.2.3" },
	{ "255.255.255.255/0", "0.0.0.0/0" },
	{ "10.0.0.0/8:25", "10.0.0.0/8:25" },
	{ "0.0.0.0", "127.0.0.1" },
	{ "0.0.0.0/8", "0.0.0.0/8" },
	/* IPv6 */
	{ "::1", "::1" },
	{ "::", "::1" },
	{ "::/0", "::/0" },
	{ "2001:DB8::1/32", "2001:db8::/32" },
	{ "[2001:db8::1]:443", "[2001:db8::1]:443" },
	{ "[2001:db8::1/32]:443", "[2001:db8::/32]:443" },
	{ "[2001:db8::1]", "2001:db8::1" },
	{ "[2001:db8::1]:*", "2001:db8::1" },
	{ "udp://[::1]:53", "udp://[::1]:53" },
	{ "tcp://::1", "tcp://::1" },
	{ "fe80::/127", "fe80::/127" },
	{ "[::1:80]", "[::1:80]" },
	{ "::1:80/112", "::1:0/112" },
	{ "1:2:3:4:5:6:7:80", "1:2:3:4:5:6:7:80" },
	{ "::1:080", "[::1:80]" },
	{ "::1:abcd", "::1:abcd" },
	{ "::2", "::2" },
	{ "::10.0.0.1", "[::a00:1]" },
	/* IPv4 in IPv6 is IPv4 */
	{ "::ffff:10.0.0.1", "10.0.0.1" },
	{ "[::ffff:a00:1]:80", "10.0.0.1:80" },
	{ "::ffff:10.1.2.3/104", "10.0.0.0/8" },
	{ "::ffff:0:0/96", "0.0.0.0/0" },
	{ "::ffff:0:0/95", "::fffe:0:0/95" },
	{ "64:ff9b::10.0.0.1", "[64:ff9b::a00:1]" },
	/* sets */
	{ "private", "private" },
	{ "Private:80", "private:80" },
	{ "udp://METADATA", "udp://metadata" },
	{ "loopback link-local multicast", "loopback link-local multicast" },
	{ "resolver", "resolver:53" },
	{ "udp://RESOLVER:*", "udp://resolver:*" },
	{ "resolver:853 53 icmp://resolver", "resolver:53,853 icmp://resolver" },
	/* exceptions */
	{ "10.0.0.0/8 !10.0.0.1", "10.0.0.0/8 !10.0.0.1" },
	{ "!10.0.0.1:80,443 10.0.0.0/8", "!10.0.0.1:80,443 10.0.0.0/8" },
	{ "10.0.0.1:80 !10.0.0.0/8", "10.0.0.1:80 !10.0.0.0/8" },
	{ "private !tcp://[fd00::1]:5432", "private !tcp://[fd00::1]:5432" },
	{ "*,!:25", "* !:25" },
	{ "udp://:53,!udp://private:53", "udp://:53 !udp://private:53" },
	{ "icmp://* !10.0.0.1", "icmp://* !10.0.0.1" },
	{ "!*:80-90 :85", "!:80-90 :85" },
	{ "private !resolver", "private !resolver:53" },
	{ "10.0.0.1 !resolver", "10.0.0.1 !resolver:53" },
	/* names */
	{ "one.test", "one.test" },
	{ "One.TEST.:443", "one.test:443" },
	{ "udp://two.test:53", "udp://two.test:53" },
	{ "?one.test:80 ?gone.test", "?one.test:80 ?gone.test" },
	{ "?udp://gone.test:53", "?udp://gone.test:53" },
	{ "?one.test one.test", "?one.test one.test" },
	{ "?Resolvers.:80", "?resolvers.:80" },
	/* ports */
	{ ":1-65535", ":1-65535" },
	{ ":80-80", ":80" },
	{ ":443,80", ":80,443" },
	{ ":80,81,82-90,85-100,200", ":80-100,200" },
	{ ":65535,65534", ":65534-65535" },
	/* lists: each separator, and what continues a port list */
	{ "10.0.0.1:80,443", "10.0.0.1:80,443" },
	{ "10.0.0.1:80;443", "10.0.0.1:80,443" },
	{ "10.0.0.1:80 443", "10.0.0.1:80,443" },
	{ "10.0.0.1:80 ,; 443-445\t500", "10.0.0.1:80,443-445,500" },
	{ "127.0.0.1,10.0.0.0/8,:25", "127.0.0.1 10.0.0.0/8 :25" },
	{ "*,:25,10.0.0.1", "* :25 10.0.0.1" },
	{ "private:80,443,10.0.0.1:25,26", "private:80,443 10.0.0.1:25-26" },
	{ "[::1]:80,443,::1", "[::1]:80,443 ::1" },
	{ ",,10.0.0.1,,", "10.0.0.1" },
	{ "10.0.0.1:80,10.0.0.2,*", "10.0.0.1:80 10.0.0.2 *" },
	{ "tcp://10.0.0.1:80,443,udp://10.0.0.1:53", "tcp://10.0.0.1:80,443 udp://10.0.0.1:53" },
};

static void lists_have_one_canonical_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *p = util_policy("net-allow", good[i].list);
		autofree char *once = util_rules(p);
		struct policy *q;

		if (!str_eq(once, good[i].rules))
			fail_msg("\"%s\" gave \"%s\", not \"%s\"", good[i].list, once, good[i].rules);
		/* … which means the same (behind a blank a port could belong to the rule before it). */
		for (char *blank = strchr(once, ' '); blank; blank = strchr(blank, ' '))
			*blank = ';';
		q = util_policy("net-allow", once);
		autofree char *twice = util_rules(q);

		assert_string_equal(twice, good[i].rules);
		policy_free(p);
		policy_free(q);
	}
}

static void a_deny_list_is_read_as_an_allow_list_is_but_for_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct policy *p;

		if (strstr(good[i].rules, ".test") || strchr(good[i].rules, '?') || !*good[i].rules)
			continue;
		p = util_policy("net-deny", good[i].list);
		autofree char *rules = util_rules(p);

		assert_string_equal(rules, good[i].rules);
		policy_free(p);
	}
}

/* --- every error ------------------------------------------------------------------------------------ */

#define V6_HINT "an IPv6 address with a port is written [2001:db8::1]:443"
#define NO_HOST                                                                                                        \
	" is no address, no set (private, loopback, link-local, metadata, multicast, resolver) and no valid host name"
#define NO_PORT " is no port; a port is a number from 1 to 65535, without leading zeros"
#define STAR_JOINS \
	"\"*\" cannot join a port list; write HOST:* for every port, or put a \"*\" that means any address first"
#define STAR_FULL "\"*\" is every port already; leave either it or this port out"
#define JSON "quotes and braces are no part of a rule; the value is plain text, as in 10.0.0.0/8 example.com:443"
#define NOT_ASCII "it is not ASCII; an international name is written in its xn-- form"
#define WILDCARD                                                                                                       \
	"a wildcard stands in front of a name: *.example.com for one label more, **.example.com for any number; "      \
	"\"*\" alone is any "                                                                                          \
	"address"
#define NO_SERVICE                                                                                                     \
	"a wildcard needs a name service in the container's network, and the container has no network of its own that nobody " \
	"else is in; list the names"
#define USELESS "the exception takes nothing away, no rule of this list covers any of it; remove it, or the \"!\""
#define TWO_WAYS(one, two)                                                                                             \
	"a port behind a blank can be read in two ways; write \"" one "\" for the port of that rule, or \"" two        \
	"\" for that rule and the port of any address"
#define DENY_HOST \
	"a host name cannot be denied, its addresses may change and then nothing is blocked; list addresses or prefixes"

static const struct {
	const char *key;
	const char *value;
	const char *msg;
} errors[] = {
	/* ports */
	{ "net-allow", "10.0.0.1:0",
	  A ": \"10.0.0.1:0\" at character 1: port 0 is no destination; ports are 1 to 65535" },
	{ "net-allow", ":000000", A ": \":000000\" at character 1: port 0 is no destination; ports are 1 to 65535" },
	{ "net-allow", ":65536", A ": \":65536\" at character 1: port 65536 is too large; ports are 1 to 65535" },
	{ "net-allow", ":1-99999999999999999999",
	  A ": \":1-99999999999999999999\" at character 1: port 99999999999999999999 is too large; ports are 1 to "
	    "65535" },
	{ "net-allow", "  10.0.0.1:80, 0",
	  A ": \"0\" at character 16: port 0 is no destination; ports are 1 to 65535" },
	{ "net-deny", ":80;443;70000", D ": \"70000\" at character 9: port 70000 is too large; ports are 1 to 65535" },
	{ "net-allow", ":443-80",
	  A ": \":443-80\" at character 1: the port range begins behind its end; write 80-443" },
	{ "net-allow", ":80,9-1", A ": \"9-1\" at character 5: the port range begins behind its end; write 1-9" },
	{ "net-allow", ":080", A ": \":080\" at character 1: \"080\"" NO_PORT },
	{ "net-allow", ":80-", A ": \":80-\" at character 1: \"\"" NO_PORT },
	{ "net-allow", ":80,-90", A ": \"-90\" at character 5: \"\"" NO_PORT },
	{ "net-allow", ":1-2-3", A ": \":1-2-3\" at character 1: \"2-3\"" NO_PORT },
	{ "net-allow", ":+80", A ": \":+80\" at character 1: \"+80\"" NO_PORT },
	{ "net-allow", "10.0.0.1:http", A ": \"10.0.0.1:http\" at character 1: \"http\"" NO_PORT },
	{ "net-allow", "10.0.0.1:",
	  A ": \"10.0.0.1:\" at character 1: the port part is empty; write ports behind the colon, or leave the colon "
	    "out "
	    "for every port" },
	{ "net-allow", "10.0.0.1:80,*", A ": \"*\" at character 13: " STAR_JOINS },
	{ "net-allow", "one.test:80,443 *", A ": \"*\" at character 17: " STAR_JOINS },
	{ "net-allow", "10.0.0.1:*,80", A ": \"80\" at character 12: " STAR_FULL },
	{ "net-allow", "10.0.0.1:*,*", A ": \"*\" at character 12: " STAR_JOINS },
	{ "net-allow", "443", A ": \"443\" at character 1: a number alone is no destination; did you mean \":443\"?" },
	{ "net-allow", "10.0.0.1 80-90",
	  A ": \"80-90\" at character 10: a number alone is no destination; did you mean \":80-90\"?" },
	{ "net-deny", "udp://53",
	  D ": \"udp://53\" at character 1: a number alone is no destination; did you mean \"udp://:53\"?" },
	{ "net-allow", "icmp://8",
	  A ": \"icmp://8\" at character 1: a number alone is no destination; write icmp:// and an address" },
	{ "net-allow", "icmp://10.0.0.1:7",
	  A ": \"icmp://10.0.0.1:7\" at character 1: ICMP has no ports; write it without the port part" },
	{ "net-allow", "icmp://[::1]:*",
	  A ": \"icmp://[::1]:*\" at character 1: ICMP has no ports; write it without the port part" },
	/* prefixes */
	{ "net-allow", "10.0.0.0/33",
	  A ": \"10.0.0.0/33\" at character 1: prefix length 33 is too long; IPv4 has 0 to 32" },
	{ "net-deny", "::1,::/129", D ": \"::/129\" at character 5: prefix length 129 is too long; IPv6 has 0 to 128" },
	{ "net-deny", "[::/999999]:1",
	  D ": \"[::/999999]:1\" at character 1: prefix length 999999 is too long; IPv6 has 0 to 128" },
	{ "net-allow", "10.0.0.0/", A ": \"10.0.0.0/\" at character 1: \"\" is no prefix length; IPv4 has 0 to 32" },
	{ "net-allow", "10.0.0.0/08",
	  A ": \"10.0.0.0/08\" at character 1: \"08\" is no prefix length; IPv4 has 0 to 32" },
	{ "net-allow", "10.0.0.0/255.0.0.0",
	  A ": \"10.0.0.0/255.0.0.0\" at character 1: \"255.0.0.0\" is no prefix length; IPv4 has 0 to 32" },
	{ "net-allow", "2001:db8::/32:443",
	  A ": \"2001:db8::/32:443\" at character 1: a prefix with a port needs brackets, as in [2001:db8::/32]:443" },
	/* schemes */
	{ "net-allow", "http://one.test",
	  A
	  ": \"http://one.test\" at character 1: a rule is no URL; write \"one.test:80\" (paths are for http-allow)" },
	{ "net-allow", "https://one.test/a?b",
	  A ": \"https://one.test/a?b\" at character 1: a rule is no URL; write \"one.test:443\" (paths are for "
	    "http-allow)" },
	{ "net-deny", "HTTPS://[::1]:8443/",
	  D ": \"HTTPS://[::1]:8443/\" at character 1: a rule is no URL; write \"[::1]:8443\" (paths are for "
	    "http-allow)" },
	{ "net-deny", "http://[::1]",
	  D ": \"http://[::1]\" at character 1: a rule is no URL; write \"[::1]:80\" (paths are for "
	    "http-allow)" },
	{ "net-allow", "https://", A ": \"https://\" at character 1: a rule is no URL; write HOST:443" },
	{ "net-allow", "tls://one.test:443",
	  A ": \"tls://one.test:443\" at character 1: tls:// is not implemented in this version of "
	    "sandrun; write \"one.test:443\", which goes by the addresses of the name" },
	{ "net-allow", "tpc://1.1.1.1",
	  A ": \"tpc://1.1.1.1\" at character 1: unknown scheme \"tpc\"; the schemes are tcp, udp and icmp" },
	{ "net-allow", "udpp://1.1.1.1",
	  A ": \"udpp://1.1.1.1\" at character 1: unknown scheme \"udpp\"; did you mean \"udp://\"?" },
	{ "net-allow", "udp:10.0.0.1:53",
	  A ": \"udp:10.0.0.1:53\" at character 1: a scheme ends in \"://\"; write \"udp://10.0.0.1:53\"" },
	{ "net-deny", "!tcp:443 :80",
	  D ": \"!tcp:443\" at character 1: a scheme ends in \"://\"; write \"!tcp://:443\"" },
	{ "net-deny", "icmp:", D ": \"icmp:\" at character 1: a scheme ends in \"://\"; write \"icmp://*\"" },
	{ "net-allow", "udp:/10.0.0.1",
	  A ": \"udp:/10.0.0.1\" at character 1: a scheme ends in \"://\"; write \"udp://10.0.0.1\"" },
	{ "net-allow", "53/udp", A ": \"53/udp\" at character 1: the protocol stands in front; write \"udp://:53\"" },
	{ "net-allow", "://1.1.1.1",
	  A ": \"://1.1.1.1\" at character 1: unknown scheme \"\"; the schemes are tcp, udp and icmp" },
	{ "net-deny", ":1 sctp://:1",
	  D ": \"sctp://:1\" at character 4: unknown scheme \"sctp\"; the schemes are tcp, udp and icmp" },
	{ "net-allow", "tcp://",
	  A ": \"tcp://\" at character 1: nothing follows the scheme; write tcp://* for any address" },
	{ "net-allow", "icmp://, 1.1.1.1",
	  A ": \"icmp://\" at character 1: nothing follows the scheme; write icmp://* for any address" },
	/* brackets */
	{ "net-allow", "[::1", A ": \"[::1\" at character 1: the bracket is not closed; " V6_HINT },
	{ "net-allow", "[::1,::2]", A ": \"[::1\" at character 1: the bracket is not closed; " V6_HINT },
	{ "net-allow", "[10.0.0.0/8, 1.1.1.1]",
	  A ": \"[10.0.0.0/8\" at character 1: brackets are for an IPv6 address; a list is written without them" },
	{ "net-allow", "[\"10.0.0.0/8\"]", A ": \"[\\x2210.0.0.0/8\\x22]\" at character 1: " JSON },
	{ "net-allow", "'private'", A ": \"'private'\" at character 1: " JSON },
	{ "net-allow", "::1]:80",
	  A
	  ": \"::1]:80\" at character 1: \"::1]:80\" is no IPv6 address; with a port it is written [2001:db8::1]:443" },
	{ "net-allow", "x]:80", A ": \"x]:80\" at character 1: a bracket is out of place; " V6_HINT },
	{ "net-allow", "[]:80",
	  A ": \"[]:80\" at character 1: \"\" is no IPv6 address; with a port it is written [2001:db8::1]:443" },
	{ "net-allow", "[::1]/64:80",
	  A ": \"[::1]/64:80\" at character 1: the prefix length belongs inside the brackets, as in "
	    "[2001:db8::/32]:443" },
	{ "net-allow", "[::1]80",
	  A ": \"[::1]80\" at character 1: only \":\" and ports may follow the bracket, as in [2001:db8::1]:443" },
	{ "net-allow", "[10.0.0.1]:80",
	  A ": \"[10.0.0.1]:80\" at character 1: brackets are for an IPv6 address; a list is written without them" },
	/* addresses */
	{ "net-allow", "10.0.0.256",
	  A ": \"10.0.0.256\" at character 1: \"10.0.0.256\" is no IPv4 address; write four numbers from 0 to 255, as "
	    "in 10.0.0.1" },
	{ "net-allow", "10.1:80",
	  A ": \"10.1:80\" at character 1: \"10.1\" is no IPv4 address; write four numbers from 0 to 255, as in "
	    "10.0.0.1" },
	{ "net-deny", "010.0.0.1",
	  D ": \"010.0.0.1\" at character 1: \"010.0.0.1\" is no IPv4 address; write four numbers from 0 to 255, as in "
	    "10.0.0.1" },
	{ "net-allow", "10.0.0.1:80:90",
	  A ": \"10.0.0.1:80:90\" at character 1: \"10.0.0.1:80:90\" is no IPv6 address; with a port it is written "
	    "[2001:db8::1]:443" },
	{ "net-allow", "fe80::1%eth0",
	  A ": \"fe80::1%eth0\" at character 1: a zone (\"%eth0\") cannot be part of a rule; write the address without "
	    "it" },
	{ "net-allow", "one.test/24",
	  A ": \"one.test/24\" at character 1: \"one.test\" is no address, and only an address has a prefix length" },
	{ "net-deny", "private/8:80",
	  D ": \"private/8:80\" at character 1: a set has no prefix length; write \"private\"" },
	{ "net-allow", "api.test/v1/x:8443",
	  A ": \"api.test/v1/x:8443\" at character 1: a rule has no path; write \"api.test:443\", with "
	    "the port that is meant (paths, as \"/v1/x\", are for http-allow)" },
	{ "net-allow", "/v1", A ": \"/v1\" at character 1: a rule has no path (paths are for http-allow)" },
	/* names */
	{ "net-allow", "*.example.com", A ": \"*.example.com\" at character 1: " NO_SERVICE },
	{ "net-allow", ":1,tcp://**.Example.com.:443",
	  A ": \"tcp://**.Example.com.:443\" at character 4: " NO_SERVICE },
	{ "net-deny", "*.example.com:80", D ": \"*.example.com:80\" at character 1: " DENY_HOST },
	{ "net-allow", "*.com:443",
	  A ": \"*.com:443\" at character 1: anybody can have a name below \"com\"; write *.example.com with the "
	    "name that is meant" },
	{ "net-allow", "a.*.com", A ": \"a.*.com\" at character 1: " WILDCARD },
	{ "net-allow", "*example.com", A ": \"*example.com\" at character 1: " WILDCARD },
	{ "net-allow", "***.example.com", A ": \"***.example.com\" at character 1: " WILDCARD },
	{ "net-allow", "*.", A ": \"*.\" at character 1: " WILDCARD },
	{ "net-allow", "*.1.2", A ": \"*.1.2\" at character 1: " WILDCARD },
	{ "net-allow", "**", A ": \"**\" at character 1: " WILDCARD },
	/* sets that are none */
	{ "net-deny", "privat",
	  D ": \"privat\" at character 1: there is no such set; did you mean the set \"private\"? (A host of that name "
	    "is "
	    "written \"privat.\")" },
	{ "net-allow", "!Loopbak:80 *",
	  A ": \"!Loopbak:80\" at character 1: there is no such set; did you mean the set \"loopback\"? (A host of "
	    "that name is written \"Loopbak.\")" },
	/* marks */
	{ "net-allow", "!",
	  A ": \"!\" at character 1: nothing follows the \"!\"; it stands directly in front of a rule" },
	{ "net-deny", "private ! 10.0.0.1",
	  D ": \"!\" at character 9: nothing follows the \"!\"; it stands directly in front of a rule" },
	{ "net-allow", "!?",
	  A ": \"!?\" at character 1: nothing follows the \"?\"; it stands directly in front of a rule" },
	{ "net-allow", "?!one.test",
	  A ": \"?!one.test\" at character 1: \"!\" and \"?\" stand in front of a rule once, \"!\" first" },
	{ "net-allow", "?10.0.0.1",
	  A ": \"?10.0.0.1\" at character 1: \"?\" is for a host name that need not resolve; an address or a set is "
	    "always there, write it without" },
	{ "net-allow", "* !one.test",
	  A ": \"!one.test\" at character 3: a host name cannot be excepted, its addresses may change and then "
	    "nothing is; list addresses or prefixes" },
	{ "net-deny", "?one.test", D ": \"?one.test\" at character 1: " DENY_HOST },
	/* exceptions that take nothing away */
	{ "net-deny", "private !8.8.8.8", D ": \"!8.8.8.8\" at character 9: " USELESS },
	{ "net-deny", "!10.0.0.1", D ": \"!10.0.0.1\" at character 1: " USELESS },
	{ "net-allow", "10.0.0.0/8:80 !10.0.0.1:81,82", A ": \"!10.0.0.1:81\" at character 15: " USELESS },
	{ "net-allow", "tcp://10.0.0.0/8 !udp://10.0.0.1", A ": \"!udp://10.0.0.1\" at character 18: " USELESS },
	{ "net-allow", "0.0.0.0/0 !::1", A ": \"!::1\" at character 11: " USELESS },
	{ "net-allow", "::/0 !10.0.0.1", A ": \"!10.0.0.1\" at character 6: " USELESS },
	{ "net-deny", "10.0.0.1 10.0.0.3 !10.0.0.2/32", D ": \"!10.0.0.2/32\" at character 19: " USELESS },
	{ "net-allow", "one.test !192.0.2.7", A ": \"!192.0.2.7\" at character 10: " USELESS },
	/* two readings */
	{ "net-allow", "10.0.0.1 :443", A ": \":443\" at character 10: " TWO_WAYS("10.0.0.1:443", "10.0.0.1 *:443") },
	{ "net-allow", "::1\t\n:80", A ": \":80\" at character 6: " TWO_WAYS("[::1]:80", "::1 *:80") },
	{ "net-deny", "private :25", D ": \":25\" at character 9: " TWO_WAYS("private:25", "private *:25") },
	{ "net-allow", ":1 udp://one.test :53",
	  A ": \":53\" at character 19: " TWO_WAYS("udp://one.test:53", "udp://one.test *:53") },
	{ "net-allow", "* :53", A ": \":53\" at character 3: " TWO_WAYS("*:53", "* *:53") },
	{ "net-allow", "[::1] :*", A ": \":*\" at character 7: " TWO_WAYS("[::1]:*", "[::1] *:*") },
	{ "net-allow", "icmp://* :80",
	  A ": \":80\" at character 10: a port behind a blank may be meant for the rule before it, and ICMP has none; "
	    "write \"*:80\" for the port of any address" },
	{ "net-allow", "2001:db8::1:443",
	  A ": \"2001:db8::1:443\" at character 1: the last group may be a port; write \"[2001:db8::1]:443\" "
	    "for that, or \"[2001:db8::1:443]\" for the address as it stands" },
	{ "net-deny", "!tcp://::1:80",
	  D ": \"!tcp://::1:80\" at character 1: the last group may be a port; write \"!tcp://[::1]:80\" for "
	    "that, or \"!tcp://[::1:80]\" for the address as it stands" },
	/* empty */
	{ "net-deny", "", D ": it is empty, nothing would be denied; list what is to be denied, or remove it" },
	{ "network.deny", " ,;",
	  "io.sandlock.network.deny: it is empty, nothing would be denied; list what is to be denied, or remove it" },
	{ "net-deny-bind", "", D "-bind: it is empty, nothing would be denied; list ports, or remove it" },
	{ "net-allow-bind", "80 !443",
	  A "-bind: \"!443\" at character 4: bind lists have no exceptions; list these ports in net-deny-bind" },
	{ "net-deny-bind", "!443",
	  D "-bind: \"!443\" at character 1: bind lists have no exceptions; list these ports in net-allow-bind" },
	{ "net-deny", "10.0.0.1;evil.example:80", D ": \"evil.example:80\" at character 10: " DENY_HOST },
	{ "net-allow", "1.1.1.1 Gone.test:80",
	  A ": \"Gone.test:80\" at character 9: the name does not resolve (the test resolver has no gone.test); check "
	    "it, or "
	    "list its addresses, or write ?gone.test to go on without it" },
	{ "net-allow", "hole.test",
	  A ": \"hole.test\" at character 1: the name resolves to no usable address; list its addresses" },
	{ "net-allow", "0x7f.0.0.0x1", A ": \"0x7f.0.0.0x1\" at character 1: \"0x7f.0.0.0x1\"" NO_HOST },
	{ "net-allow", "a.0x7f", A ": \"a.0x7f\" at character 1: \"a.0x7f\"" NO_HOST },
	{ "net-allow", "a.b.1", A ": \"a.b.1\" at character 1: \"a.b.1\"" NO_HOST },
	{ "net-allow", "-a.test", A ": \"-a.test\" at character 1: \"-a.test\"" NO_HOST },
	{ "net-allow", "a-.test", A ": \"a-.test\" at character 1: \"a-.test\"" NO_HOST },
	{ "net-allow", "a..test", A ": \"a..test\" at character 1: \"a..test\"" NO_HOST },
	{ "net-allow", ".",
	  A ": \".\" at character 1: \".\" is no IPv4 address; write four numbers from 0 to 255, as in 10.0.0.1" },
	{ "net-allow", "m\xc3\xbc.test", A ": \"m\\xc3\\xbc.test\" at character 1: " NOT_ASCII },
	{ "net-allow", "a\"\\\x01:80", A ": \"a\\x22\\x5c\\x01:80\" at character 1: " JSON },
	{ "net-allow", "a\\\x01:80", A ": \"a\\x5c\\x01:80\" at character 1: \"a\\x5c\\x01\"" NO_HOST },
	/* … nor what would be something else without its final dot */
	{ "net-allow", "80-90.", A ": \"80-90.\" at character 1: \"80-90.\"" NO_HOST },
	{ "net-allow", "Private.", A ": \"Private.\" at character 1: \"Private.\"" NO_HOST },
	{ "net-allow", "user@one.test", A ": \"user@one.test\" at character 1: \"user@one.test\"" NO_HOST },
	/* bind lists */
	{ "net-allow-bind", "0", A "-bind: \"0\" at character 1: port 0 is no destination; ports are 1 to 65535" },
	{ "net-allow-bind", "80,x", A "-bind: \"x\" at character 4: \"x\"" NO_PORT },
	{ "net-allow-bind", ":80",
	  A "-bind: \":80\" at character 1: bind lists are ports alone; write them without the colon" },
	{ "net-allow-bind", "80 *", A "-bind: \"*\" at character 4: \"*\" is every port already; it stands alone" },
	{ "net-allow-bind", "*,80", A "-bind: \"80\" at character 3: \"*\" is every port already; it stands alone" },
	{ "net-deny-bind", "*",
	  D "-bind: \"*\" at character 1: \"*\" cannot be denied here; write 1-65535 for every port" },
	{ "net-deny-bind", "9-8", D "-bind: \"9-8\" at character 1: the port range begins behind its end; write 8-9" },
	/* the spelling in the error is the user's */
	{ "network.deny", "x", "io.sandlock.network.deny: \"x\" at character 1: " DENY_HOST },
};

static void each_error_names_key_token_position_and_cure(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct err e;
		struct policy *p = util_try(&e, errors[i].key, errors[i].value, NULL);

		if (p)
			fail_msg("\"%s=%s\" was taken", errors[i].key, errors[i].value);
		assert_string_equal(e.msg, errors[i].msg);
		assert_int_equal(e.code, EINVAL);
		util_assert_harmless(e.msg);
	}
}

/* Whatever the tokens: one line, cut, still with its cure behind the cut token. */
static void long_and_strange_tokens_make_short_errors(void **state)
{
	char token[5000];
	struct err e;

	(void)state;
	for (unsigned int c = 1; c < 256; c++) {
		memset(token, (int)c, sizeof(token) - 1);
		token[sizeof(token) - 1] = '\0';
		if (strchr(",; \t\n\r\f\v", (int)c))
			continue;
		if (c == '0' || (c >= '1' && c <= '9')) {
			assert_null(util_try(&e, "net-allow", ":1", "net-deny-bind", token, NULL));
			util_assert_harmless(e.msg);
		}
		assert_null(util_try(&e, "net-deny", token, NULL));
		util_assert_harmless(e.msg);
		assert_true(strlen(e.msg) < 600);
		for (const char *s = e.msg; *s; s++)
			assert_true(*s >= ' ' && *s < 0x7f);
		token[200] = '\0';
		if (c == ':') /* the helper's mark for a whole key */
			continue;
		assert_null(util_try(&e, token, "", NULL));
		util_assert_harmless(e.msg);
		assert_true(strlen(e.msg) < 600);
	}
}

static void names_have_their_shape(void **state)
{
	static const char *const yes[] = { "a", "localhost", "a.b", "3com.example", "a_b.example", "xn--mnchen-3ya.de",
					   "1a", "0xyz", "a-b--c.d", "1.2.3.a" };
	static const char *const no[] = { "", ".", "a.", ".a", "-a", "a-", "a b", "A", "1", "1.2", "0x", "0xf", "a.0x1",
					  "a.1", "a/b", "a@b", "a*", "a\x80", "1-2", "metadata" };
	char long_one[260];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		if (!grammar_is_hostname(yes[i], strlen(yes[i])))
			fail_msg("%s is a name", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		if (grammar_is_hostname(no[i], strlen(no[i])))
			fail_msg("%s is no name", no[i]);
	memset(long_one, 'a', sizeof(long_one));
	assert_true(grammar_is_hostname(long_one, 63));
	assert_false(grammar_is_hostname(long_one, 64));
	for (size_t i = 50; i < sizeof(long_one); i += 50)
		long_one[i] = '.';
	assert_true(grammar_is_hostname(long_one, 253));
	assert_false(grammar_is_hostname(long_one, 254));
}

static void bounds_have_an_answer(void **state)
{
	size_t n = POLICY_MAX_RULES + 1;
	autofree char *list = xcalloc(n, 16);
	char *s = list;
	struct err e;

	(void)state;
	for (size_t i = 0; i < n; i++)
		s += sprintf(s, "10.%zu.%zu.1 ", i / 256 % 256, i % 256);
	assert_null(util_try(&e, "net-deny", list, NULL));
	assert_non_null(strstr(e.msg, ": more than 65536 rules; use wider prefixes"));

	/* 8 prefixes with 30,000 port ranges each, five times. */
	s = list;
	for (unsigned int i = 0; i < 5; i++) {
		s += sprintf(s, "private:1");
		for (unsigned int port = 3; port < 60000; port += 2)
			s += sprintf(s, ",%u", port);
		*s++ = ' ';
		if ((size_t)(s - list) + 200000 > n * 16)
			break;
	}
	*s = '\0';
	if (util_try(&e, "net-deny", list, NULL))
		fail_msg("taken");
	assert_non_null(strstr(e.msg, "io.sandlock.net-deny has more than 1048576 pairs of prefix and port range"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_have_one_canonical_form),
		cmocka_unit_test(a_deny_list_is_read_as_an_allow_list_is_but_for_names),
		cmocka_unit_test(each_error_names_key_token_position_and_cure),
		cmocka_unit_test(long_and_strange_tokens_make_short_errors),
		cmocka_unit_test(names_have_their_shape),
		cmocka_unit_test(bounds_have_an_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
