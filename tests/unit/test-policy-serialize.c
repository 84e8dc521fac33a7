// SPDX-License-Identifier: Apache-2.0
/* test-policy-serialize.c - the stored policy is the policy, or it is refused */
#include <inttypes.h>

#include "policy-util.h"

static const char *const policies[][10] = {
	{ "net-allow", "" },
	{ "net-deny", "10.0.0.1" },
	{ "net-allow", "*:443 !private ?gone.test ?one.test:25 ?privat.", "net-deny",
	  "private !10.1.2.3:5432 !udp://[fd00::1]:53 resolver", "net-allow-bind", "*", "net-deny-bind", "22", "dns",
	  "off" },
	{ "net-allow", "resolver udp://resolver:* icmp://resolver [::1:80] [::2:81]:443", "mode", "audit", "outside",
	  "judge", "errno", "EPERM", "require", "nft" },
	{ "net-allow", "*", "allow-udp", "yes", "allow-icmp", "yes" },
	{ "net-allow", "two.test:80,443 one.test udp://two.test:53 10.1.2.3/8:1-3,9 [2001:db8::1]:5 ::2 *, :443" },
	{ "net-allow", "nat.test", "allow-icmp", "1", "net-allow-bind", "*" },
	{ "net-deny", "private:80 tcp://metadata,icmp://10.0.0.1 udp://* ::/0 0.0.0.0/0", "net-deny-bind",
	  "22 8000-9000" },
	{ "net-allow-bind", "80" },
	{ "net-allow-bind", "" },
	{ "net-deny-bind", "1-65535" },
	{ "net-deny", "private", "require", "landlock bpf" },
};

static struct policy *make(size_t i)
{
	const char *const *v = policies[i];

	return util_policy(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
}

static void assert_same_verdicts(const struct policy *p, const struct policy *q)
{
	static const char *const addrs[] = { "192.0.2.1", "192.0.2.2", "2001:db8::2", "10.0.0.1", "127.0.0.1", "::1",
					     "64:ff9b::192.0.2.9", "169.254.169.254", "8.8.8.8", "::", "2001:db8::1" };
	static const unsigned int ports[] = { 0, 1, 22, 53, 80, 443, 8500, 65535 };

	for (size_t i = 0; i < ARRAY_SIZE(addrs) * ARRAY_SIZE(ports) * 3; i++) {
		enum policy_proto proto = (enum policy_proto)(i % 3);
		unsigned int port = ports[i / 3 % ARRAY_SIZE(ports)];
		struct policy_verdict v = util_check(p, proto, addrs[i / 3 / ARRAY_SIZE(ports)], port);
		struct policy_verdict w = util_check(q, proto, addrs[i / 3 / ARRAY_SIZE(ports)], port);

		assert_true(v.allowed == w.allowed && v.rule == w.rule);
		v = policy_check_bind(p, (uint16_t)port);
		w = policy_check_bind(q, (uint16_t)port);
		assert_true(v.allowed == w.allowed && v.rule == w.rule);
	}
	assert_memory_equal(&p->traits, &q->traits, sizeof(p->traits));
	for (int i = -1; i < 20; i++) {
		char a[200], b[200];

		policy_rule_text(p, i, a, sizeof(a));
		policy_rule_text(q, i, b, sizeof(b));
		assert_string_equal(a, b);
	}
}

static void what_is_written_is_read_as_the_same_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct policy *p = make(i), *q;
		autofree char *text = policy_write(p);
		struct err e = { 0 };

		q = policy_read(text, strlen(text), &e);
		if (!q)
			fail_msg("%s: %s", text, e.msg);
		autofree char *again = policy_write(q);

		assert_string_equal(text, again);
		assert_same_verdicts(p, q);
		assert_int_equal(p->n_hosts, q->n_hosts);
		assert_int_equal(p->require, q->require);
		policy_free(p);
		policy_free(q);
	}
}

static void the_text_is_this(void **state)
{
	struct policy *p = make(5);
	autofree char *text = policy_write(p);
	struct policy *q = make(7);
	autofree char *text2 = policy_write(q);

	(void)state;
	/* A stored policy outlives the sandrun that wrote it: another one may be installed before the next exec. A
	 * change of this text needs a new number in its first line. */
	assert_string_equal(text, "sandrun-policy 2\n"
				  "net-allow\n"
				  "host two.test 192.0.2.2 2001:db8::2\n"
				  "host one.test 192.0.2.1\n"
				  "allow two.test:80,443\n"
				  "allow one.test\n"
				  "allow udp://two.test:53\n"
				  "allow 10.0.0.0/8:1-3,9\n"
				  "allow [2001:db8::1]:5\n"
				  "allow ::2\n"
				  "allow *\n"
				  "allow :443\n"
				  "end 0350658d86db7204\n");
	assert_non_null(strstr(text2, "\ndeny 0.0.0.0/0\nbind-deny 22\nbind-deny 8000-9000\nend "));
	policy_free(p);
	policy_free(q);
}

static void refuse(const char *text, size_t len, const char *what, size_t at)
{
	struct err e = { 0 };
	struct policy *p = policy_read(text, len, &e);

	if (p)
		fail_msg("%s at %zu was taken", what, at);
	util_assert_harmless(e.msg);
	assert_true(e.msg[0]);
}

static void a_torn_or_flipped_text_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct policy *p = make(i);
		autofree char *text = policy_write(p);
		size_t len = strlen(text);
		autofree char *bad = xcalloc(len + 2, 1);

		for (size_t n = 0; n < len; n++) {
			/* Its own allocation: a read past the end is seen by a sanitizer. */
			autofree char *cut = xcalloc(n, 1);

			memcpy(cut, text, n);
			refuse(cut, n, "a text cut", n);
		}
		for (size_t n = 0; n < len * 8; n++) {
			memcpy(bad, text, len + 1);
			bad[n / 8] = (char)(bad[n / 8] ^ 1 << n % 8);
			refuse(bad, len, "a flipped bit", n);
		}
		memcpy(bad, text, len);
		strcpy(bad + len, "\n");
		refuse(bad, len + 1, "a line more", len);
		policy_free(p);
	}
}

/* Puts the right sum under a body: so that what is behind the sum is tested, too. */
static char *sealed(const char *body)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (const char *s = body; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return xasprintf("%send %016" PRIx64 "\n", body, h);
}

#define HEAD "sandrun-policy 2\n"

static void a_text_with_a_right_sum_is_still_not_trusted(void **state)
{
	static const char *const good[] = {
		HEAD,
		HEAD "net-allow\n",
		HEAD "net-allow\nallow-udp\nallow-icmp\nallow *\n",
		HEAD "bind-allow none\n",
		HEAD "net-allow\nhost a 1.2.3.4\nallow a\nbind-allow 0-65535\n",
	};
	static const char *const bad[] = {
		"sandrun-policy 1\nnet-allow\n",
		"sandrun-policy 3\nnet-allow\n",
		"",
		"\n",
		/* order, repetition, words */
		HEAD "\n",
		HEAD "net-allow\nnet-deny\n",
		HEAD "net-allow\nnet-allow\n",
		HEAD "net-allow \n",
		HEAD "net-allow x\n",
		HEAD " net-allow\n",
		HEAD "NET-ALLOW\n",
		HEAD "nonsense\n",
		HEAD "allow-udp\n",
		HEAD "net-deny\nallow-udp\n",
		HEAD "net-deny\nallow-icmp\n",
		HEAD "allow-udp\nnet-allow\n",
		HEAD "net-allow\nallow-icmp\nallow-udp\n",
		HEAD "net-allow\nallow *\nhost a 1.2.3.4\n",
		HEAD "bind-deny 22\nbind-allow 80\n",
		HEAD "bind-allow 80\nnet-allow\n",
		HEAD "net-deny\n",
		HEAD "net-allow\nend 0\n",
		/* rules */
		HEAD "allow *\n",
		HEAD "net-allow\nallow\n",
		HEAD "net-allow\nallow \n",
		HEAD "net-allow\nallow * *\n",
		HEAD "net-allow\nallow *:*\n",
		HEAD "net-allow\nallow  *\n",
		HEAD "net-allow\nallow 10.0.0.1/8\n",
		HEAD "net-allow\nallow :443,80\n",
		HEAD "net-allow\nallow :80 81\n",
		HEAD "net-allow\nallow :80,81\n",
		HEAD "net-allow\nallow TCP://*\n",
		HEAD "net-allow\nallow 0.0.0.0\n",
		HEAD "net-allow\nallow ::ffff:1.2.3.4\n",
		HEAD "net-allow\nallow :0\n",
		HEAD "net-allow\nallow :443\r\n",
		/* hosts */
		HEAD "net-allow\nallow a\n",
		HEAD "net-allow\nhost a\nallow a\n",
		HEAD "net-allow\nhost a 1.2.3.4\n",
		HEAD "host a 1.2.3.4\n",
		HEAD "net-deny\nhost a 1.2.3.4\nallow a\n",
		HEAD "net-deny\nhost a 1.2.3.4\n",
		HEAD "net-allow\nhost a 1.2.3.4\nallow b\n",
		HEAD "net-allow\nhost b 1.2.3.4\nhost a 1.2.3.4\nallow a\nallow b\n",
		HEAD "net-allow\nhost a 1.2.3.4\nhost a 1.2.3.5\nallow a\n",
		HEAD "net-allow\nhost A 1.2.3.4\nallow a\n",
		HEAD "net-allow\nhost a 1.2.3\nallow a\n",
		HEAD "net-allow\nhost a 1.2.3.4/8\nallow a\n",
		HEAD "net-allow\nhost a 0.0.0.0\nallow a\n",
		HEAD "net-allow\nhost a ::\nallow a\n",
		HEAD "net-allow\nhost a ::ffff:1.2.3.4\nallow a\n",
		HEAD "net-allow\nhost a 2001:DB8::1\nallow a\n",
		HEAD "net-allow\nhost a  1.2.3.4\nallow a\n",
		HEAD "net-allow\nhost a 1.2.3.4 \nallow a\n",
		HEAD "net-allow\nhost 1.2.3.4 1.2.3.4\nallow 1.2.3.4\n",
		HEAD "net-allow\nhost /etc/passwd 1.2.3.4\nallow a\n",
		/* ports */
		HEAD "bind-allow\n",
		HEAD "bind-allow 0\n",
		HEAD "bind-allow *\n",
		HEAD "bind-deny 0-65535\n",
		HEAD "bind-deny none\n",
		HEAD "bind-allow none\nbind-allow none\n",
		HEAD "bind-allow none\nbind-allow 80\n",
		HEAD "bind-allow 80\nbind-allow none\n",
		HEAD "bind-allow 80\nbind-allow 80\n",
		HEAD "bind-allow 81\nbind-allow 80\n",
		HEAD "bind-allow 80\nbind-allow 81\n",
		HEAD "bind-allow 80,81\n",
		HEAD "bind-allow 080\n",
		/* what create knew, and settings */
		HEAD "own-network\nown-network\n",
		HEAD "own-network yes\n",
		HEAD "net-deny\nown-network\n",
		HEAD "resolver\n",
		HEAD "resolver 0.0.0.0\n",
		HEAD "resolver 10.0.0.1 10.0.0.2\n",
		HEAD "resolver ::ffff:10.0.0.1\n",
		HEAD "net-deny\ndns auto\ndeny *\n",
		HEAD "net-deny\ndns on\ndeny *\n",
		HEAD "net-deny\nerrno ECONNREFUSED\ndeny *\n",
		HEAD "net-deny\nerrno EINTR\ndeny *\n",
		HEAD "net-deny\naudit\naudit\ndeny *\n",
		HEAD "net-deny\nrequire nothing\ndeny *\n",
		/* lists and exceptions */
		HEAD "net-deny\nallow *\n",
		HEAD "net-allow\ndeny *\n",
		HEAD "net-allow\nnet-deny\ndeny *\nallow *\n",
		HEAD "net-allow\nallow !*\n",
		HEAD "net-allow\nallow 10.0.0.1\nallow !10.0.0.2\n",
		HEAD "net-allow\nallow ! *\n",
		HEAD "net-allow\nallow ?10.0.0.1\n",
		HEAD "net-allow\nhost a\nallow ?a\nallow a:80\n",
		HEAD "net-deny\ndeny *.a.b\n",
		HEAD "net-allow\nallow ::1:80\n",
		HEAD "net-allow\nallow resolver\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		autofree char *text = sealed(good[i]);
		struct err e = { 0 };
		struct policy *p = policy_read(text, strlen(text), &e);

		if (!p)
			fail_msg("%s: %s", text, e.msg);
		policy_free(p);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autofree char *text = sealed(bad[i]);

		refuse(text, strlen(text), bad[i], i);
	}
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	autofree char *text = sealed(HEAD "net-allow\nallow *\n");
	autofree char *longer = xcalloc(strlen(text) + 1, 1);

	(void)state;
	refuse("", 0, "nothing", 0);
	refuse(text, strlen(text) + 1, "a NUL behind", 0);
	memcpy(longer, text, strlen(text));
	longer[20] = '\0';
	refuse(longer, strlen(text), "a NUL inside", 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_as_the_same_policy),
		cmocka_unit_test(the_text_is_this),
		cmocka_unit_test(a_torn_or_flipped_text_is_refused),
		cmocka_unit_test(a_text_with_a_right_sum_is_still_not_trusted),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
