// SPDX-License-Identifier: Apache-2.0
/* landlock.c - the network domain: the kernel's own "no" for TCP
 *
 * Owns:     the table of Landlock ABIs; the rules for connect and bind.
 * Must not: handle file system rights (mounts and masks are the specification's business), nor the scopes: they
 *           would cut exec sessions off from pid 1.
 * Runs in:  init and exec'd processes, before the notify filter, with CAP_SYS_ADMIN or no_new_privs. No heap.
 *
 * Where the supervisor connects on behalf, CONNECT_TCP is handled and no port is granted: whatever a thread of the
 * container manages to slip past the filter (a descriptor or an address changed after the verdict), the kernel
 * refuses it. The supervisor is outside the domain, and it is the task that counts, not the socket. Where the cgroup program
 * refuses the same, no domain is made for connect: init and each exec session would have their own, and could not look at
 * each other (plan.c).
 */
#include "confine/confine.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fd.h"
#include "base/sys.h"
#include "confine/plan.h"

/* Our own names: <linux/landlock.h> of the build machine may be older than the kernel. */
#define NET_BIND_TCP (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define RULE_NET_PORT 2
#define CREATE_RULESET_VERSION (1U << 0)

struct ruleset_attr {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
};

struct net_port_attr {
	uint64_t allowed_access;
	uint64_t port; /* host order */
};

/* What each ABI brought, as far as it matters here. */
static const struct abi {
	int abi;
	size_t attr_size;
	uint64_t net;
} abis[] = {
	{ .abi = 1, .attr_size = sizeof(uint64_t), .net = 0 },					/* 5.13 */
	{ .abi = 4, .attr_size = sizeof(struct ruleset_attr), .net = NET_BIND_TCP | NET_CONNECT_TCP }, /* 6.7 */
};

static const struct abi *abi_row(int abi)
{
	const struct abi *best = NULL;

	for (size_t i = 0; i < sizeof(abis) / sizeof(abis[0]); i++)
		if (abis[i].abi <= abi)
			best = &abis[i];
	return best;
}

int confine_landlock_abi(void)
{
	int abi = sys_landlock_create_ruleset(NULL, 0, CREATE_RULESET_VERSION);

	/* ENOSYS: not built in. EOPNOTSUPP: not enabled at boot. EPERM: an engine's seccomp profile. All mean "not here":
	 * the notify filter then does without a backstop, which the plan knows. */
	return abi < 0 ? 0 : abi;
}

struct grant {
	int ruleset;
	uint64_t access;
	int error;
};

static void grant_ports(uint16_t lo, uint16_t hi, void *ctx)
{
	struct grant *g = ctx;

	for (unsigned int port = lo; port <= hi && !g->error; port++) {
		struct net_port_attr rule = { .allowed_access = g->access, .port = port };

		if (sys_landlock_add_rule(g->ruleset, RULE_NET_PORT, &rule) < 0)
			g->error = errno;
	}
}

static void grant_bind(const struct policy *p, struct grant *g)
{
	/* Port 0 (the kernel's choice) is a port like any other to Landlock. */
	for (unsigned int port = 0; port < 65536; port++)
		if (policy_check_bind(p, (uint16_t)port).allowed)
			grant_ports((uint16_t)port, (uint16_t)port, g);
}

int confine_landlock_apply(const struct confine_plan *plan, const struct policy *p, struct err *e)
{
	const struct abi *row = abi_row(confine_landlock_abi());
	struct ruleset_attr attr = { 0 };
	struct grant g = { 0 };
	autofd ruleset = -1;

	if (!plan->landlock)
		return 0;
	if (!row || !row->net)
		return err_msg(e, "the policy counts on Landlock, which this process does not find");
	if (plan->landlock_connect)
		attr.handled_access_net |= NET_CONNECT_TCP & row->net;
	if (plan->landlock_bind)
		attr.handled_access_net |= NET_BIND_TCP & row->net;
	ruleset = sys_landlock_create_ruleset(&attr, row->attr_size, 0);
	if (ruleset < 0)
		return err_sys(e, "make the Landlock ruleset for the network policy");
	g.ruleset = ruleset;
	if (plan->landlock_ports) {
		g.access = NET_CONNECT_TCP;
		confine_plan_each_port(p, grant_ports, &g);
	}
	if (plan->landlock_bind) {
		g.access = NET_BIND_TCP;
		grant_bind(p, &g);
	}
	if (g.error)
		return err_set(e, g.error, "add a port to the Landlock ruleset");
	if (sys_landlock_restrict_self(ruleset) < 0)
		return err_sys(e, "enter the Landlock domain (needs no_new_privs or CAP_SYS_ADMIN; "
				  "the kernel allows 16 domains inside each other)");
	return 0;
}
