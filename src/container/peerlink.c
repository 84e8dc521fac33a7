// SPDX-License-Identifier: Apache-2.0
/* peerlink.c - whether a process can put an end of a device into a network namespace that is not its own
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
#include "container/peerlink.h"

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

struct request {
	struct nlmsghdr h;
	struct ifinfomsg link;
	char attrs[128];
};

static struct rtattr *attr(struct request *q, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)q + q->h.nlmsg_len);

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->h.nlmsg_len += (uint32_t)RTA_SPACE(len);
	return a;
}

static void nest_end(struct request *q, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((char *)q + q->h.nlmsg_len - (char *)nest);
}

/* The errno of a veth whose far end is to be in the network namespace of @pid and has an impossible number of queues: EINVAL
 * when it comes to that, EPERM if the namespace was looked at before. */
static int ask(int fd, uint32_t pid)
{
	struct request q = { .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = RTM_NEWLINK,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK } };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} answer = { 0 };
	const struct ifinfomsg far = { 0 };
	const uint32_t queues = UINT32_MAX;
	struct rtattr *info = attr(&q, IFLA_LINKINFO, NULL, 0), *data, *peer;

	attr(&q, IFLA_INFO_KIND, "veth", 4);
	data = attr(&q, IFLA_INFO_DATA, NULL, 0);
	peer = attr(&q, VETH_INFO_PEER, &far, sizeof(far));
	attr(&q, IFLA_NET_NS_PID, &pid, sizeof(pid));
	attr(&q, IFLA_NUM_TX_QUEUES, &queues, sizeof(queues));
	nest_end(&q, peer);
	nest_end(&q, data);
	nest_end(&q, info);
	if (send(fd, &q, q.h.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), MSG_TRUNC) < (ssize_t)sizeof(answer.h))
		return 0;
	return answer.h.nlmsg_type == NLMSG_ERROR ? -answer.e.error : 0;
}

/* The namespace that is the child's own tells that the question is understood here. */
static bool child_is_refused(pid_t parent)
{
	int fd;

	/* Whoever may look into the new namespaces is to find nothing here. */
	hide_self();
	fd_close_from(0);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	return fd >= 0 && ask(fd, (uint32_t)getpid()) == EINVAL && ask(fd, (uint32_t)parent) == EPERM;
}

bool peerlink_is_refused(void)
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
