// SPDX-License-Identifier: Apache-2.0
/* attack_link.c - network namespaces of the workload's own, and devices between them and the container's
 *
 * Owns:     one verb each. Whether a packet reached the denied destination is counted by serve, outside.
 * Runs in:  the container.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

/* A request of route netlink: what follows the header differs. */
struct request {
	struct nlmsghdr h;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg addr;
		struct rtmsg route;
		struct ndmsg neigh;
	};
	char attrs[256];
};

/* NLMSG_LENGTH of what follows the header; the union is as long as the longest. */
#define REQUEST(type, part)                                                                                            \
	{ .h = { .nlmsg_len = NLMSG_LENGTH(sizeof(((struct request *)0)->part)), .nlmsg_type = (type),                 \
		 .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK } }

static struct rtattr *attr(struct request *q, unsigned short type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)(void *)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	q->h.nlmsg_len = NLMSG_ALIGN(q->h.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void end(struct request *q, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((char *)q + NLMSG_ALIGN(q->h.nlmsg_len) - (char *)nest);
}

/* Says the answer; true if it was yes. */
static bool ask(struct request *q)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} answer = { 0 };
	int fd = sock(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (fd < 0)
		return false;
	answer.e.error = -ENODATA;
	if (send(fd, q, q->h.nlmsg_len, 0) < 0 || recv(fd, &answer, sizeof(answer), MSG_TRUNC) < (ssize_t)sizeof(answer.h))
		answer.e.error = -errno;
	say(-answer.e.error);
	close(fd);
	return !answer.e.error;
}

/* RTM_NEWLINK of @kind in the network namespace that process 1 is in, or (for veth) with the other end there. */
static void make_link(const char *kind, uint32_t netns_pid)
{
	struct request q = REQUEST(RTM_NEWLINK, link);
	struct ifinfomsg peer = { 0 };
	struct rtattr *info, *data, *p;

	if (netns_pid && strcmp(kind, "veth") != 0)
		attr(&q, 19 /* IFLA_NET_NS_PID */, &netns_pid, sizeof(netns_pid));
	info = attr(&q, 18 /* IFLA_LINKINFO */, NULL, 0);
	attr(&q, 1 /* IFLA_INFO_KIND */, kind, strlen(kind));
	if (netns_pid && strcmp(kind, "veth") == 0) {
		data = attr(&q, 2 /* IFLA_INFO_DATA */, NULL, 0);
		p = attr(&q, 1 /* VETH_INFO_PEER */, &peer, sizeof(peer));
		attr(&q, 19, &netns_pid, sizeof(netns_pid));
		end(&q, p);
		end(&q, data);
	}
	end(&q, info);
	ask(&q);
}

/* In a user and network namespace of its own, with every capability there: devices that reach into the container's own
 * network, then a datagram to ADDR. With "here": no namespace, in the container's itself. */
static void links(int argc, char **argv)
{
	static const char *const kinds[] = { "veth", "dummy", "ipvlan", "macvlan", "ipip", "gre", "sit", "vxlan", "wireguard", "xfrm" };
	bool own = argc < 4;
	struct dest d;
	pid_t pid;
	int fd;

	fflush(stdout);
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	if (own && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		say_step("UNSHARE");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		printf("%s%s=", i ? " " : "", kinds[i]);
		make_link(kinds[i], own ? 1 : 0);
	}
	printf(" send=");
	fd = dest_sock(&d, argv + 1, 0, SOCK_DGRAM, 0);
	if (fd >= 0)
		say_ret(sendto(fd, payload, sizeof(payload), 0, &d.sa, d.len));
	fflush(stdout);
	_exit(0);
}

/* What answers a step; true if it worked. */
static bool step(struct request *q, const char *name)
{
	printf(" %s=", name);
	return ask(q);
}

/* The near end is "near", up; the far end "far" is in the network that process 1 is in, with @flags. */
static bool make_pair(const uint8_t mac[6], unsigned int flags)
{
	struct ifinfomsg peer = { .ifi_flags = flags, .ifi_change = flags };
	struct request q = REQUEST(RTM_NEWLINK, link);
	struct rtattr *info, *data, *p;
	uint32_t pid = 1;

	q.link.ifi_flags = q.link.ifi_change = IFF_UP;
	attr(&q, IFLA_IFNAME, "near", 5);
	info = attr(&q, IFLA_LINKINFO, NULL, 0);
	attr(&q, IFLA_INFO_KIND, "veth", 4);
	data = attr(&q, IFLA_INFO_DATA, NULL, 0);
	p = attr(&q, 1 /* VETH_INFO_PEER */, &peer, sizeof(peer));
	attr(&q, IFLA_IFNAME, "far", 4);
	attr(&q, IFLA_ADDRESS, mac, 6);
	attr(&q, IFLA_NET_NS_PID, &pid, sizeof(pid));
	end(&q, p);
	end(&q, data);
	end(&q, info);
	return step(&q, "veth");
}

static bool add_address(const char *link, const char *address)
{
	struct request q = REQUEST(RTM_NEWADDR, addr);
	struct in_addr in;

	inet_pton(AF_INET, address, &in);
	q.addr = (struct ifaddrmsg){ .ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = if_nametoindex(link) };
	attr(&q, IFA_LOCAL, &in, sizeof(in));
	return step(&q, "address");
}

static bool add_neighbour(const char *address, const uint8_t mac[6])
{
	struct request q = REQUEST(RTM_NEWNEIGH, neigh);
	struct in_addr in;

	inet_pton(AF_INET, address, &in);
	q.neigh = (struct ndmsg){ .ndm_family = AF_INET, .ndm_ifindex = (int)if_nametoindex("near"), .ndm_state = NUD_PERMANENT };
	attr(&q, NDA_DST, &in, sizeof(in));
	attr(&q, NDA_LLADDR, mac, 6);
	return step(&q, "neighbour");
}

static bool add_default_route(const char *gateway)
{
	struct request q = REQUEST(RTM_NEWROUTE, route);
	struct in_addr in;

	inet_pton(AF_INET, gateway, &in);
	q.route = (struct rtmsg){ .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
				  .rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST };
	attr(&q, RTA_GATEWAY, &in, sizeof(in));
	return step(&q, "route");
}

/* All that goes into "tunnel" comes out as datagrams to @d. */
static bool make_tunnel(const struct dest *d)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)&d->ss;
	struct request q = REQUEST(RTM_NEWLINK, link);
	struct rtattr *info, *data;
	uint32_t id = 1;

	q.link.ifi_flags = q.link.ifi_change = IFF_UP;
	attr(&q, IFLA_IFNAME, "tunnel", 7);
	info = attr(&q, IFLA_LINKINFO, NULL, 0);
	attr(&q, IFLA_INFO_KIND, "vxlan", 5);
	data = attr(&q, IFLA_INFO_DATA, NULL, 0);
	attr(&q, IFLA_VXLAN_ID, &id, sizeof(id));
	attr(&q, IFLA_VXLAN_GROUP, &in->sin_addr, sizeof(in->sin_addr));
	attr(&q, IFLA_VXLAN_PORT, &in->sin_port, sizeof(in->sin_port));
	end(&q, data);
	end(&q, info);
	return step(&q, "tunnel");
}

/* At once: a namespace that nobody is in goes later. */
static void drop_pair(void)
{
	struct request q = REQUEST(RTM_DELLINK, link);

	q.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	q.link.ifi_index = (int)if_nametoindex("near");
	step(&q, "end");
}

/* The near end has a carrier when the far one has been brought up, by whoever does so there; after two seconds nobody did. */
static void await_carrier(void)
{
	struct ifreq ifr = { .ifr_name = "near" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	for (int i = 0; i < 40 && fd >= 0 && ioctl(fd, SIOCGIFFLAGS, &ifr) == 0 && !(ifr.ifr_flags & IFF_RUNNING); i++)
		usleep(50000);
	close(fd);
}

/* In a user and network namespace of its own: a pair of devices whose other end is in the container's network, and a tunnel
 * to ADDR PORT through it. What is sent to NEIGHBOUR, which the policy allows, is a datagram to ADDR there: the ARP request for
 * a start. "STEP=…" each. */
static void tunnel(int argc, char **argv)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct dest d, allowed;
	pid_t pid;
	int fd;

	(void)argc;
	dest_parse(&d, argv[1], argv[2]);
	fflush(stdout);
	pid = fork();
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (pid)
		return;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		say_step("UNSHARE");
	} else if ((make_pair(mac, IFF_UP) || make_pair(mac, 0)) && add_address("near", "198.18.0.2") &&
		   add_neighbour("198.18.0.1", mac) && add_default_route("198.18.0.1") && make_tunnel(&d) &&
		   add_address("tunnel", argv[3])) {
		await_carrier();
		printf(" send=");
		fd = dest_sock(&allowed, argv + 4, AF_INET, SOCK_DGRAM, 0);
		if (fd >= 0)
			say_ret(sendto(fd, payload, sizeof(payload), 0, &allowed.sa, allowed.len));
		drop_pair();
	}
	fflush(stdout);
	_exit(0);
}

/* A network namespace by unshare(2), and one by clone(2), out of a user namespace of its own. */
static void netns(int argc, char **argv)
{
	long child;

	(void)argc;
	(void)argv;
	if (unshare(CLONE_NEWUSER) < 0) {
		say_step("UNSHARE");
		return;
	}
	fflush(stdout);
	child = syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL);
	if (child == 0)
		_exit(0);
	if (child > 0)
		waitpid((pid_t)child, NULL, 0);
	else
		child = -errno;
	say_ret(unshare(CLONE_NEWNET));
	printf(" ");
	say(child < 0 ? (int)-child : 0);
}

const struct verb attack_link_verbs[] = {
	{ "netns", "", 0, netns },
	{ "links", "ADDR PORT [here]", 2, links },
	{ "tunnel", "ADDR PORT OWN-ADDR NEIGHBOUR PORT", 5, tunnel },
	{ 0 },
};
