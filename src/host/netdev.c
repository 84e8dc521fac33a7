// SPDX-License-Identifier: Apache-2.0
/* netdev.c - linux.netDevices: network interfaces of the host that move into the container's network namespace
 *
 * Runs in:  create, in the host's network namespace, with CAP_NET_ADMIN there and over the container's.
 *
 * Theory of operation. The kernel takes an interface down when it leaves its namespace, and its addresses with it: they are
 * read before. (Before it is taken down at all: IPv6 addresses do not survive that.) One request moves and renames. If the
 * new name is taken by then, the kernel may have moved the interface all the same, under its old one: so whether it has gone
 * is not read from the answer, but from the notification that every move makes. That one also tells the index on the other
 * side, which may be a new one, and so is all that is known of an interface whose name the kernel makes ("eth%d"). Then, on
 * the other side, addresses come back, and it is brought up.
 *
 * A socket belongs for ever to the namespace in which it was made: create visits the container's once, for one system call.
 *
 * Should create fail later on, everything moved is brought back: with the container's namespace virtual interfaces would be
 * destroyed and physical ones return under the wrong name. A namespace that was only joined would keep them.
 */
#include "host/netdev.h"

#include <ctype.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/netlink.h"
#include "base/str.h"
#include "oci/names.h"

#ifndef IFA_RT_PRIORITY
#define IFA_RT_PRIORITY 9 /* Linux 4.18 */
#endif
#ifndef IFA_PROTO
#define IFA_PROTO 11 /* Linux 5.18 */
#endif
#define OWN_NETNS "/proc/self/ns/net"

/* One address as the kernel described it. */
struct address {
	struct nlmsghdr *h; /* heap, a whole RTM_NEWADDR */
};

struct netdev {
	char key[IFNAMSIZ];  /* as configured: perhaps an alternative name */
	char name[IFNAMSIZ]; /* the real one, here */
	char wanted[IFNAMSIZ];
	char inside[IFNAMSIZ]; /* what it got */
	int index, index_inside; /* 0: it is not on that side */
	bool was_up;
	struct address *addresses;
	size_t n;
};

struct netdevs {
	struct netdev *v;
	size_t n;
	int own, netns;		/* namespaces: ours, the container's */
	struct netlink out, in; /* sockets there */
	struct netlink ear;	/* ours, hearing of every change of a link */
};

/* --- before anything is touched --------------------------------------------------------------------------- */

/* As dev_valid_name() in the kernel. */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len >= IFNAMSIZ || str_eq(s, ".") || str_eq(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || *s == ':' || isspace((unsigned char)*s))
			return false;
	return true;
}

/* The kernel makes a name of "%d", and takes no other use of a percent sign. */
static bool is_name_or_template(const char *s)
{
	const char *percent = strchr(s, '%');

	return is_name(s) && (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static const char *name_inside(const struct oci_net_device *d)
{
	return d->name && *d->name ? d->name : d->host_name;
}

static int check_device(const struct oci_linux *l, size_t i, struct err *e)
{
	const struct oci_net_device *d = &l->net_devices[i];

	if (!is_name(d->host_name))
		return err_msg(e, "\"%.64s\" is no name of an interface", d->host_name);
	if (!is_name_or_template(name_inside(d)))
		return err_msg(e, "name: \"%.64s\" cannot be the name of an interface (1 to %d characters, no blank, \"/\" or "
			       "\":\"; \"%%d\" once for a number of the kernel's choice)", name_inside(d), IFNAMSIZ - 1);
	for (size_t k = 0; k < i; k++)
		if (str_eq(name_inside(&l->net_devices[k]), name_inside(d)) && !strchr(name_inside(d), '%'))
			return err_msg(e, "name: \"%s\" is also the name of %s inside", name_inside(d),
				       l->net_devices[k].host_name);
	if (if_nametoindex(d->host_name) == 0)
		return err_msg(e, "there is no such interface (%s)", err_words(errno));
	return 0;
}

static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

int netdev_check(const struct oci_linux *l, int joined, struct err *e)
{
	if (!l->n_net_devices)
		return 0;
	if (!oci_namespace_find(l, OCI_NS_NETWORK))
		return err_msg(e, "linux.netDevices: they need a network namespace in linux.namespaces");
	if (joined >= 0 && same_file(joined, OWN_NETNS))
		return err_msg(e, "linux.netDevices: the network namespace in linux.namespaces is the host's own");
	for (size_t i = 0; i < l->n_net_devices; i++)
		if (check_device(l, i, e) < 0)
			return err_prefix(e, "linux.netDevices.%s", l->net_devices[i].host_name);
	return 0;
}

/* --- links ----------------------------------------------------------------------------------------------- */

struct link {
	int index; /* 0: none was described */
	unsigned int flags;
	char name[IFNAMSIZ];
};

static void take_link(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	const struct rtattr *name;
	struct link *l = arg;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)))
		return;
	l->index = m->ifi_index;
	l->flags = m->ifi_flags;
	name = netlink_find(h, sizeof(*m), IFLA_IFNAME, 1);
	if (name)
		snprintf(l->name, sizeof(l->name), "%.*s", (int)strnlen(RTA_DATA(name), RTA_PAYLOAD(name)),
			 (const char *)RTA_DATA(name));
}

/* By @index, or with index 0 by @name. */
static int get_link(struct netlink *n, int index, const char *name, struct link *out, struct err *e)
{
	const struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct netlink_request r;

	memset(out, 0, sizeof(*out));
	netlink_begin(&r, RTM_GETLINK, 0, &m, sizeof(m));
	if (index == 0)
		netlink_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (netlink_ask(n, &r, take_link, out, e) < 0)
		return -1;
	return out->index > 0 ? 0 : err_set(e, ENODEV, "netlink");
}

static int set_up(struct netlink *n, int index, bool up, struct err *e)
{
	const struct ifinfomsg m = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP };
	struct netlink_request r;

	netlink_begin(&r, RTM_SETLINK, 0, &m, sizeof(m));
	return netlink_ask(n, &r, NULL, NULL, e);
}

static int send_away(struct netlink *n, int index, int netns, const char *name, struct err *e)
{
	const struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	const uint32_t fd = (uint32_t)netns;
	struct netlink_request r;

	netlink_begin(&r, RTM_SETLINK, 0, &m, sizeof(m));
	netlink_add(&r, IFLA_NET_NS_FD, &fd, sizeof(fd));
	netlink_add(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_ask(n, &r, NULL, NULL, e);
}

struct departure {
	int index;
	int index_there; /* 0: it has not gone */
};

static void hear_departure(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *m = NLMSG_DATA(h);
	struct departure *d = arg;
	const struct rtattr *there;

	if (h->nlmsg_type != RTM_DELLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || m->ifi_index != d->index ||
	    m->ifi_family != AF_UNSPEC)
		return;
	there = netlink_find(h, sizeof(*m), IFLA_NEW_IFINDEX, sizeof(d->index_there)); /* Linux 4.16 */
	if (there)
		memcpy(&d->index_there, RTA_DATA(there), sizeof(d->index_there));
}

/* --- addresses --------------------------------------------------------------------------------------------- */

/* What RTM_NEWADDR takes. The rest describes the past (IFA_MULTICAST, …). */
static const struct {
	uint16_t type;
	size_t min;
} address_attributes[] = {
	{ IFA_ADDRESS, 4 }, { IFA_LOCAL, 4 }, { IFA_BROADCAST, 4 }, { IFA_RT_PRIORITY, 4 },
	{ IFA_PROTO, 1 }, { IFA_CACHEINFO, sizeof(struct ifa_cacheinfo) },
};

/* Flags that are a wish. The others (permanent, secondary, tentative, deprecated, …) are the kernel's findings. */
#define WISHES                                                                                                         \
	(IFA_F_NODAD | IFA_F_OPTIMISTIC | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

static uint32_t address_flags(const struct nlmsghdr *h)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	const struct rtattr *all = netlink_find(h, sizeof(*m), IFA_FLAGS, sizeof(uint32_t));
	uint32_t flags = m->ifa_flags;

	if (all)
		memcpy(&flags, RTA_DATA(all), sizeof(flags));
	return flags;
}

static void take_address(const struct nlmsghdr *h, void *arg)
{
	const struct ifaddrmsg *m = NLMSG_DATA(h);
	struct netdev *d = arg;

	if (h->nlmsg_type != RTM_NEWADDR || h->nlmsg_len < NLMSG_LENGTH(sizeof(*m)) || (int)m->ifa_index != d->index)
		return;
	/* "all permanent IP addresses … of any family with global scope" */
	if (m->ifa_scope != RT_SCOPE_UNIVERSE || !(address_flags(h) & IFA_F_PERMANENT))
		return;
	d->addresses = xrealloc(d->addresses, d->n + 1, sizeof(*d->addresses));
	d->addresses[d->n].h = xcalloc(1, h->nlmsg_len);
	memcpy(d->addresses[d->n++].h, h, h->nlmsg_len);
}

static void forget_addresses(struct netdev *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->addresses[i].h);
	free(d->addresses);
	d->addresses = NULL;
	d->n = 0;
}

static int read_addresses(struct netlink *n, struct netdev *d, struct err *e)
{
	const struct ifaddrmsg m = { .ifa_family = AF_UNSPEC, .ifa_index = (unsigned int)d->index };
	struct netlink_request r;

	for (int attempt = 0; attempt < 10; attempt++) {
		forget_addresses(d);
		netlink_begin(&r, RTM_GETADDR, NLM_F_DUMP, &m, sizeof(m));
		if (netlink_ask(n, &r, take_address, d, e) == 0)
			return 0;
		if (e->code != EINTR)
			break;
	}
	return err_prefix(e, "read its addresses");
}

/* The label of an IPv4 address begins with the interface's name ("eth0:1"), which is another one now. */
static void add_label(struct netlink_request *r, const struct nlmsghdr *h, const char *old, const char *new)
{
	const struct rtattr *a = netlink_find(h, sizeof(struct ifaddrmsg), IFA_LABEL, 1);
	char label[IFNAMSIZ], changed[2 * IFNAMSIZ];
	size_t len = strlen(old);

	if (!a)
		return;
	snprintf(label, sizeof(label), "%.*s", (int)strnlen(RTA_DATA(a), RTA_PAYLOAD(a)), (const char *)RTA_DATA(a));
	snprintf(changed, sizeof(changed), "%s", label);
	if (strncmp(label, old, len) == 0 && (label[len] == ':' || !label[len]))
		snprintf(changed, sizeof(changed), "%s%s", new, label + len);
	/* Too long with the new name: the kernel then gives it the name itself. */
	if (strlen(changed) < IFNAMSIZ)
		netlink_add(r, IFA_LABEL, changed, strlen(changed) + 1);
}

static int add_address(struct netlink *n, const struct nlmsghdr *h, int index, const char *old, const char *new,
		       struct err *e)
{
	struct ifaddrmsg m = *(const struct ifaddrmsg *)NLMSG_DATA(h);
	const uint32_t flags = address_flags(h) & WISHES;
	struct netlink_request r;

	m.ifa_index = (unsigned int)index;
	m.ifa_flags = (unsigned char)flags;
	netlink_begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &m, sizeof(m));
	for (size_t i = 0; i < ARRAY_SIZE(address_attributes); i++) {
		const struct rtattr *a = netlink_find(h, sizeof(m), address_attributes[i].type, address_attributes[i].min);

		if (a)
			netlink_add(&r, address_attributes[i].type, RTA_DATA(a), RTA_PAYLOAD(a));
	}
	netlink_add(&r, IFA_FLAGS, &flags, sizeof(flags)); /* Linux 3.14 */
	add_label(&r, h, old, new);
	return netlink_ask(n, &r, NULL, NULL, e);
}

/* IPv4 in the order in which they were listed: the first one of a subnet is its primary address. IPv6 the other way round,
 * as the kernel lists the latest first, and of equals prefers it as a source. */
static int add_addresses(struct netlink *n, const struct netdev *d, int index, const char *old, const char *new,
			 struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < d->n && r == 0; i++)
		if (((const struct ifaddrmsg *)NLMSG_DATA(d->addresses[i].h))->ifa_family != AF_INET6)
			r = add_address(n, d->addresses[i].h, index, old, new, e);
	for (size_t i = d->n; i-- > 0 && r == 0;)
		if (((const struct ifaddrmsg *)NLMSG_DATA(d->addresses[i].h))->ifa_family == AF_INET6)
			r = add_address(n, d->addresses[i].h, index, old, new, e);
	return r;
}

/* --- the move ------------------------------------------------------------------------------------------------ */

static int describe(struct netdevs *all, struct netdev *d, struct err *e)
{
	struct link link;

	/* Not by IFLA_IFNAME: the key may be one of its alternative names. */
	if (get_link(&all->out, (int)if_nametoindex(d->key), d->key, &link, e) < 0)
		return -1;
	d->index = link.index;
	d->was_up = (link.flags & IFF_UP) != 0;
	snprintf(d->name, sizeof(d->name), "%s", link.name);
	if (!*d->wanted)
		snprintf(d->wanted, sizeof(d->wanted), "%s", link.name);
	return read_addresses(&all->out, d, e);
}

static int refuse_taken_name(struct netdevs *all, const struct netdev *d, struct err *e)
{
	struct link there;

	if (!strchr(d->wanted, '%') && get_link(&all->in, 0, d->wanted, &there, NULL) == 0)
		return err_set(e, EEXIST, "the container's network namespace has an interface \"%s\"", d->wanted);
	return 0;
}

static int move_one(struct netdevs *all, struct netdev *d, struct err *e)
{
	struct departure gone;
	struct link link;
	int r;

	if (describe(all, d, e) < 0 || refuse_taken_name(all, d, e) < 0)
		return -1;
	r = send_away(&all->out, d->index, all->netns, d->wanted, e);
	gone = (struct departure){ .index = d->index };
	netlink_overhear(&all->ear, hear_departure, &gone);
	d->index_inside = gone.index_there;
	if (r < 0)
		return err_prefix(e, "move to the container's network namespace%s",
				  e->code == EINVAL ? " (some kinds of interface never leave theirs)" : "");
	if (get_link(&all->in, d->index_inside, d->wanted, &link, e) < 0)
		return err_prefix(e, "find it in the container's network namespace");
	d->index_inside = link.index;
	snprintf(d->inside, sizeof(d->inside), "%s", link.name);
	if (add_addresses(&all->in, d, link.index, d->name, link.name, e) < 0)
		return err_prefix(e, "give it its address back in the container's network namespace");
	if (set_up(&all->in, link.index, true, e) < 0)
		return err_prefix(e, "bring it up in the container's network namespace");
	return 0;
}

/* One system call in the other namespace: the socket is that one's from then on. */
static int open_inside(struct netdevs *all, struct err *e)
{
	struct err first;
	int r;

	if (setns(all->netns, CLONE_NEWNET) < 0)
		return err_sys(e, "enter the container's network namespace");
	r = netlink_open(&all->in, 0, &first);
	if (setns(all->own, CLONE_NEWNET) < 0)
		return err_sys(e, "return to the own network namespace");
	if (r < 0 && e)
		*e = first;
	return r;
}

static int open_both(struct netdevs *all, pid_t pid, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)pid);

	all->own = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
	all->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (all->own < 0 || all->netns < 0)
		return err_msg(e, "open the network namespaces (%s)", err_words(errno));
	/* The check knew what was configured; this knows what is. */
	if (same_file(all->netns, OWN_NETNS))
		return err_msg(e, "the container is in the host's own network namespace");
	if (netlink_open(&all->out, 0, e) < 0 || netlink_open(&all->ear, RTMGRP_LINK, e) < 0)
		return -1;
	return open_inside(all, e);
}

int netdev_move(const struct oci_linux *l, pid_t pid, struct netdevs **moved, struct err *e)
{
	struct netdevs *all;

	*moved = NULL;
	if (!l->n_net_devices)
		return 0;
	all = *moved = xcalloc(1, sizeof(*all));
	all->own = all->netns = all->out.fd = all->in.fd = all->ear.fd = -1;
	all->n = l->n_net_devices;
	all->v = xcalloc(all->n, sizeof(*all->v));
	if (open_both(all, pid, e) < 0)
		return err_prefix(e, "linux.netDevices");
	for (size_t i = 0; i < all->n; i++) {
		const struct oci_net_device *c = &l->net_devices[i];

		snprintf(all->v[i].key, IFNAMSIZ, "%s", c->host_name);
		snprintf(all->v[i].wanted, IFNAMSIZ, "%s", c->name ? c->name : "");
		if (move_one(all, &all->v[i], e) < 0)
			return err_prefix(e, "linux.netDevices.%s", c->host_name);
	}
	return 0;
}

/* --- the way back -------------------------------------------------------------------------------------------- */

static int give_back_one(struct netdevs *all, const struct netdev *d, struct err *e)
{
	struct link link;

	if (send_away(&all->in, d->index_inside, all->own, d->name, e) < 0 ||
	    get_link(&all->out, 0, d->name, &link, e) < 0 ||
	    add_addresses(&all->out, d, link.index, d->name, d->name, e) < 0)
		return -1;
	return d->was_up ? set_up(&all->out, link.index, true, e) : 0;
}

void netdev_give_back(struct netdevs *moved)
{
	struct err e;

	/* The last one first: names may have changed hands. */
	for (size_t i = moved ? moved->n : 0; i-- > 0;)
		if (moved->v[i].index_inside && give_back_one(moved, &moved->v[i], &e) < 0)
			log_warn("linux.netDevices.%s: bring it back: %s", moved->v[i].key, e.msg);
	netdev_free(moved);
}

void netdev_free(struct netdevs *moved)
{
	if (!moved)
		return;
	for (size_t i = 0; i < moved->n; i++)
		forget_addresses(&moved->v[i]);
	free(moved->v);
	netlink_close(&moved->out);
	netlink_close(&moved->in);
	netlink_close(&moved->ear);
	fd_close(&moved->own);
	fd_close(&moved->netns);
	free(moved);
}

/* --- loopback ------------------------------------------------------------------------------------------------ */

int netdev_raise_loopback(struct err *e)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	autofd sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* A kernel without IPv4. */
	if (sock < 0 && errno == EAFNOSUPPORT)
		return 0;
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &r) < 0)
		return err_sys(e, "bring the loopback interface up");
	return 0;
}
