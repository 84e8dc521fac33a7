// SPDX-License-Identifier: Apache-2.0
/* test-netdev.c - interfaces on their way into a container's network namespace, and back
 *
 * Never in the host's namespace: the "host" is one of the child's own, the "container" one of its child's. What is there is
 * made and looked at with ip(8), so that our netlink is not judged by itself.
 */
#include "child.h"

#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "base/str.h"
#include "base/sys.h"
#include "host/netdev.h"

struct world {
	pid_t pid; /* of the process in the container's namespace */
};

static bool run_ok(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static bool run_ok(const char *fmt, ...)
{
	va_list ap;
	char *command;
	int status;

	va_start(ap, fmt);
	command = xvasprintf(fmt, ap);
	va_end(ap);
	status = system(command);
	free(command);
	return status == 0;
}

/* What ip(8) says inside (or, with pid 0, outside), blanks squeezed. */
static void look(pid_t pid, const char *what, char out[4096])
{
	autofree char *command = pid ? xasprintf("nsenter -t %d -n ip -o %s 2>&1", (int)pid, what)
				     : xasprintf("ip -o %s 2>&1", what);
	FILE *f = popen(command, "r");
	size_t n = f ? fread(out, 1, 4095, f) : 0, to = 0;

	out[n] = 0;
	for (size_t i = 0; i < n; i++)
		if (!((out[i] == ' ' || out[i] == '\\') && to && out[to - 1] == ' '))
			out[to++] = out[i] == '\\' ? ' ' : out[i];
	out[to] = 0;
	if (f)
		pclose(f);
}

static bool seen(struct report *r, pid_t pid, const char *what, const char *needle)
{
	char text[4096];

	look(pid, what, text);
	snprintf(r->text[3], sizeof(r->text[3]), "%.500s", text);
	return strstr(text, needle) != NULL;
}

static void make_world(struct report *r, struct world *w)
{
	int up[2];
	char byte;

	if (geteuid() != 0)
		child_skip(r, "needs root");
	if (!run_ok("ip -V >/dev/null 2>&1 && nsenter -V >/dev/null 2>&1"))
		child_skip(r, "needs ip(8) and nsenter(1)");
	expect(r, unshare(CLONE_NEWNET) == 0 && pipe(up) == 0);
	if (!run_ok("ip link add eth7 type veth peer name peer7"))
		child_skip(r, "no veth interfaces here");
	w->pid = fork();
	if (w->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(up[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(up[1]);
	expect(r, read(up[0], &byte, 1) == 1);
	close(up[0]);
}

static void end_world(struct world *w)
{
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
}

static int move(struct report *r, struct world *w, struct oci_net_device *v, size_t n, struct netdevs **moved)
{
	struct oci_namespace net = { .type = OCI_NS_NETWORK };
	struct oci_linux l = { .namespaces = &net, .n_namespaces = 1, .net_devices = v, .n_net_devices = n };

	*moved = NULL;
	if (netdev_check(&l, -1, &r->err) < 0)
		return -1;
	return netdev_move(&l, w->pid, moved, &r->err);
}

static void full_move(struct report *r, const void *arg)
{
	struct oci_net_device v[] = { { (char *)(uintptr_t)"eth7", (char *)(uintptr_t)"net0" } };
	struct netdevs *moved;
	struct world w;

	(void)arg;
	make_world(r, &w);
	expect(r, run_ok("ip link set eth7 mtu 1400 address 02:00:00:00:00:77 txqueuelen 77 up && ip link set peer7 up"));
	expect(r, run_ok("ip addr add 10.7.0.2/24 dev eth7 label eth7:one && ip addr add 10.7.0.3/24 dev eth7"));
	expect(r, run_ok("ip addr add 10.8.0.1 peer 10.8.0.9/32 dev eth7 noprefixroute"));
	expect(r, run_ok("ip addr add 10.9.0.1/16 broadcast 10.9.255.255 dev eth7"));
	expect(r, run_ok("ip addr add 10.9.9.9/32 dev eth7 scope link"));
	expect(r, run_ok("ip addr add 10.6.0.1/24 dev eth7 valid_lft 1000 preferred_lft 500"));
	if (access("/proc/net/if_inet6", F_OK) == 0)
		expect(r, run_ok("ip addr add fd07::2/64 dev eth7 nodad && ip addr add fd07::3/64 dev eth7 preferred_lft 0"));
	expect(r, move(r, &w, v, 1, &moved) == 0);
	netdev_free(moved);

	expect(r, if_nametoindex("eth7") == 0 && if_nametoindex("net0") == 0);
	expect(r, seen(r, w.pid, "link show net0", "mtu 1400") && seen(r, w.pid, "link show net0", ",UP"));
	expect(r, seen(r, w.pid, "link show net0", "02:00:00:00:00:77") && seen(r, w.pid, "link show net0", "qlen 77"));
	expect(r, seen(r, w.pid, "addr show net0", "10.7.0.2/24 scope global net0:one"));
	expect(r, seen(r, w.pid, "addr show net0", "10.7.0.3/24 scope global secondary net0"));
	expect(r, seen(r, w.pid, "addr show net0", "10.8.0.1 peer 10.8.0.9/32 scope global noprefixroute net0"));
	expect(r, seen(r, w.pid, "addr show net0", "10.9.0.1/16 brd 10.9.255.255 scope global net0"));
	expect(r, !seen(r, w.pid, "addr show net0", "10.9.9.9") && !seen(r, w.pid, "addr show net0", "10.6.0.1"));
	if (access("/proc/net/if_inet6", F_OK) == 0) {
		expect(r, seen(r, w.pid, "-6 addr show net0", "fd07::2/64 scope global nodad"));
		expect(r, seen(r, w.pid, "-6 addr show net0", "fd07::3/64 scope global deprecated"));
	}
	end_world(&w);
}

static void an_interface_moves_with_all_that_is_to_survive(void **state)
{
	(void)state;
	child_ok(full_move, NULL);
}

static void taken_names(struct report *r, const void *arg)
{
	struct oci_net_device v[] = { { (char *)(uintptr_t)"eth7", (char *)(uintptr_t)"net0" } };
	struct netdevs *moved;
	struct world w;

	(void)arg;
	make_world(r, &w);
	expect(r, run_ok("ip link set eth7 up && ip addr add 10.7.0.2/24 dev eth7"));
	expect(r, run_ok("nsenter -t %d -n ip link add net0 type veth peer name x", (int)w.pid));
	expect(r, move(r, &w, v, 1, &moved) == -1 && r->err.code == EEXIST);
	snprintf(r->text[0], sizeof(r->text[0]), "%.500s", r->err.msg);
	netdev_give_back(moved);
	/* Nothing has happened to it. */
	expect(r, seen(r, 0, "addr show eth7", "10.7.0.2/24") && seen(r, 0, "link show eth7", ",UP"));
	/* Its own name being taken there does not matter: it gets the new one on the way. */
	expect(r, run_ok("nsenter -t %d -n ip link set net0 name eth7", (int)w.pid));
	expect(r, move(r, &w, v, 1, &moved) == 0);
	netdev_free(moved);
	expect(r, seen(r, w.pid, "addr show net0", "10.7.0.2/24"));
	end_world(&w);
}

static void a_name_that_is_taken_is_an_error(void **state)
{
	const struct report *r = child_ok(taken_names, NULL);

	(void)state;
	assert_string_equal(r->text[0], "linux.netDevices.eth7: the container's network namespace has an interface \"net0\": "
					"file exists");
}

static void templates(struct report *r, const void *arg)
{
	struct oci_net_device v[] = {
		{ (char *)(uintptr_t)"eth7", (char *)(uintptr_t)"net%d" },
		{ (char *)(uintptr_t)"peer7", (char *)(uintptr_t)"net%d" },
	};
	struct netdevs *moved;
	struct world w;

	(void)arg;
	make_world(r, &w);
	expect(r, run_ok("ip addr add 10.7.0.2/24 dev eth7 && ip addr add 10.7.0.3/24 dev peer7"));
	/* Makes the indices inside different ones, too. */
	expect(r, run_ok("nsenter -t %d -n ip link add net0 index %u type veth peer name x", (int)w.pid,
			 if_nametoindex("eth7")));
	expect(r, move(r, &w, v, 2, &moved) == 0);
	netdev_free(moved);
	expect(r, seen(r, w.pid, "addr show net1", "10.7.0.2/24") && seen(r, w.pid, "addr show net2", "10.7.0.3/24"));
	expect(r, seen(r, w.pid, "link show net1", ",UP") && seen(r, w.pid, "link show net0", "state DOWN"));
	end_world(&w);
}

static void the_kernel_numbers_a_template(void **state)
{
	(void)state;
	child_ok(templates, NULL);
}

static void there_and_back(struct report *r, const void *arg)
{
	struct oci_net_device v[] = {
		{ (char *)(uintptr_t)"eth7", (char *)(uintptr_t)"peer7" }, /* names change hands */
		{ (char *)(uintptr_t)"peer7", (char *)(uintptr_t)"eth7" },
		{ (char *)(uintptr_t)"lo", (char *)(uintptr_t)"lo5" }, /* never leaves */
	};
	struct netdevs *moved;
	struct world w;

	(void)arg;
	make_world(r, &w);
	expect(r, run_ok("ip link set eth7 mtu 1300 up && ip addr add 10.7.0.2/24 dev eth7 label eth7:x && "
			 "ip addr add 10.7.0.3/24 dev peer7"));
	if (access("/proc/net/if_inet6", F_OK) == 0)
		expect(r, run_ok("ip addr add fd07::2/64 dev eth7"));
	expect(r, move(r, &w, v, 3, &moved) == -1);
	snprintf(r->text[0], sizeof(r->text[0]), "%.500s", r->err.msg);
	expect(r, seen(r, w.pid, "addr show peer7", "10.7.0.2/24") && seen(r, w.pid, "addr show eth7", "10.7.0.3/24"));
	/* As in create: init has ended by then. */
	end_world(&w);
	netdev_give_back(moved);
	expect(r, seen(r, 0, "addr show eth7", "10.7.0.2/24 scope global eth7:x"));
	expect(r, seen(r, 0, "link show eth7", "mtu 1300") && seen(r, 0, "link show eth7", ",UP"));
	expect(r, seen(r, 0, "addr show peer7", "10.7.0.3/24") && seen(r, 0, "link show peer7", "state DOWN"));
	if (access("/proc/net/if_inet6", F_OK) == 0)
		expect(r, seen(r, 0, "-6 addr show eth7", "fd07::2/64"));
}

static void what_was_moved_is_given_back(void **state)
{
	const struct report *r = child_ok(there_and_back, NULL);

	(void)state;
	if (!str_starts(r->text[0], "linux.netDevices.lo: move to the container's network namespace (some kinds"))
		fail_msg("%s", r->text[0]);
}

static void host_namespace(struct report *r, const void *arg)
{
	struct oci_net_device v[] = { { (char *)(uintptr_t)"lo", NULL } };
	struct netdevs *moved;
	struct world w;

	(void)arg;
	make_world(r, &w);
	end_world(&w);
	w.pid = getpid();
	expect(r, move(r, &w, v, 1, &moved) == -1);
	netdev_give_back(moved);
}

static void the_hosts_own_namespace_is_an_error(void **state)
{
	const struct report *r = child_ok(host_namespace, NULL);

	(void)state;
	assert_string_equal(r->err.msg, "linux.netDevices: the container is in the host's own network namespace");
}

static void loopback(struct report *r, const void *arg)
{
	struct world w;

	(void)arg;
	make_world(r, &w);
	expect(r, seen(r, 0, "link show lo", "state DOWN"));
	expect(r, netdev_raise_loopback(&r->err) == 0);
	expect(r, seen(r, 0, "addr show lo", "127.0.0.1/8"));
	end_world(&w);
}

static void loopback_is_raised(void **state)
{
	(void)state;
	child_ok(loopback, NULL);
}

static void bad_names_are_refused_before_anything(void **state)
{
	static const struct {
		const char *host, *inside, *message;
	} t[] = {
		{ "lo", "a/b", "linux.netDevices.lo: name: \"a/b\" cannot be the name" },
		{ "lo", "a b", "linux.netDevices.lo: name: \"a b\" cannot be the name" },
		{ "lo", "a:1", "linux.netDevices.lo: name: \"a:1\" cannot be the name" },
		{ "lo", "..", "linux.netDevices.lo: name: \"..\" cannot be the name" },
		{ "lo", "sixteen-letters-", "linux.netDevices.lo: name: \"sixteen-letters-\" cannot" },
		{ "lo", "e%d%d", "linux.netDevices.lo: name: \"e%d%d\" cannot" },
		{ "lo", "e%s", "linux.netDevices.lo: name: \"e%s\" cannot" },
		{ "lo", "e%", "linux.netDevices.lo: name: \"e%\" cannot" },
		{ "", "x", "linux.netDevices.: \"\" is no name of an interface" },
		{ "sandrun-absent", "x", "linux.netDevices.sandrun-absent: there is no such interface" },
	};
	struct oci_namespace net = { .type = OCI_NS_NETWORK };
	struct oci_net_device d[2] = { { (char *)(uintptr_t)"lo", (char *)(uintptr_t)"x" },
				       { (char *)(uintptr_t)"lo", (char *)(uintptr_t)"x" } };
	struct oci_linux l = { .namespaces = &net, .n_namespaces = 1, .net_devices = d, .n_net_devices = 2 };
	struct err e;

	(void)state;
	assert_int_equal(netdev_check(&l, -1, &e), -1);
	assert_string_equal(e.msg, "linux.netDevices.lo: name: \"x\" is also the name of lo inside");
	l.n_net_devices = 1;
	assert_int_equal(netdev_check(&l, -1, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		d[0] = (struct oci_net_device){ (char *)(uintptr_t)t[i].host, (char *)(uintptr_t)t[i].inside };
		assert_int_equal(netdev_check(&l, -1, &e), -1);
		if (!str_starts(e.msg, t[i].message))
			fail_msg("%s", e.msg);
	}
	d[0] = (struct oci_net_device){ (char *)(uintptr_t)"lo", (char *)(uintptr_t)"e%d" };
	assert_int_equal(netdev_check(&l, -1, &e), 0);
	l.n_namespaces = 0;
	assert_int_equal(netdev_check(&l, -1, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interface_moves_with_all_that_is_to_survive),
		cmocka_unit_test(a_name_that_is_taken_is_an_error),
		cmocka_unit_test(the_kernel_numbers_a_template),
		cmocka_unit_test(what_was_moved_is_given_back),
		cmocka_unit_test(the_hosts_own_namespace_is_an_error),
		cmocka_unit_test(loopback_is_raised),
		cmocka_unit_test(bad_names_are_refused_before_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
