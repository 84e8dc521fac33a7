// SPDX-License-Identifier: Apache-2.0
/* vethprobe.c - whether a process can put an end of a device into a network namespace that is not its own
 *
 * Owns:     the question to the kernel, asked in a child.
 * Must not: leave a device behind: what is asked for has a mistake in it that is found last.
 * Runs in:  create, for containers that share a network namespace and have a policy on egress.
 *
 * A pair of devices (veth, netkit) is made by one request, which may name another network namespace for the far end. Older
 * kernels ask for CAP_NET_ADMIN over that of the near end only. So whoever can make a user and a network namespace of his own
 * puts a device into the host's network. It is down, and to bring it up takes the capability; but where something on
 * the host brings up and configures what appears there (systemd-networkd does with names like "ve-…"), packets that no verdict
 * was on come out of it: the sender routes, rewrites and wraps as it likes in its own namespace.
 * Fixed by commit 7b735ef81286 (April 2026), also in stable kernels: hence the question, and not a version.
 */
#include "confine/vethprobe.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/netlink.h"

/* The errno of a veth whose far end is to be in the network namespace of @pid and has an impossible number of queues: EINVAL
 * when it comes to that, EPERM if the namespace was looked at before. */
static int ask_for_veth(struct netlink *n, uint32_t pid)
{
	const struct ifinfomsg link = { 0 };
	const uint32_t queues = UINT32_MAX;
	struct netlink_request q;
	size_t info, data, peer;
	struct err e;

	netlink_begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	info = netlink_nest(&q, IFLA_LINKINFO);
	netlink_add(&q, IFLA_INFO_KIND, "veth", 4);
	data = netlink_nest(&q, IFLA_INFO_DATA);
	peer = netlink_nest(&q, VETH_INFO_PEER);
	netlink_put(&q, &link, sizeof(link));
	netlink_add(&q, IFLA_NET_NS_PID, &pid, sizeof(pid));
	netlink_add(&q, IFLA_NUM_TX_QUEUES, &queues, sizeof(queues));
	netlink_end(&q, peer);
	netlink_end(&q, data);
	netlink_end(&q, info);
	return netlink_ask(n, &q, NULL, NULL, &e) < 0 ? e.code : 0;
}

/* The namespace that is the child's own tells that the question is understood here. */
static bool child_is_refused(pid_t parent)
{
	struct netlink n;
	struct err e;

	/* Whoever may look into the new namespaces is to find nothing here. */
	hide_self();
	fd_close_from(0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	if (netlink_open(&n, 0, &e) < 0)
		return false;
	return ask_for_veth(&n, (uint32_t)getpid()) == EINVAL && ask_for_veth(&n, (uint32_t)parent) == EPERM;
}

bool vethprobe_is_refused(void)
{
	pid_t parent = getpid(), pid = fork(), got;
	int status = 0;

	if (pid == 0)
		_exit(child_is_refused(parent) ? EXIT_SUCCESS : EXIT_FAILURE);
	if (pid < 0)
		return false;
	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}
