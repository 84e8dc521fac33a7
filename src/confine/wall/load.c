// SPDX-License-Identifier: Apache-2.0
/* load.c - the table into the kernel, and out of it
 *
 * Owns:     the socket in the namespace, the batches' way, the proof that what was loaded is there.
 * Runs in:  create and the commands.
 *
 * To change a namespace's tables takes CAP_NET_ADMIN over it, of who made the socket and of who sends. Host root has it over every
 * namespace, a user's runtime over those of its own user namespace and of those that it made. The socket has to be made inside:
 * by init, in a namespace that is new; by a child of ours that goes there, in one that is joined.
 *
 * What a kernel lacks (nf_tables itself, or the expressions fib, reject, log, which may be modules of their own) is seen by
 * trying: each message has its own answer.
 */
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/netlink.h"
#include "base/sys.h"
#include "confine/wall/rules.h"
#include "confine/wall/wall.h"

void wall_name(const char *root, const char *id, struct wall *out)
{
	uint64_t h = 0xcbf29ce484222325ULL; /* FNV-1a: names have to be different, not secret */

	for (const char *part = root; part; part = part == root ? id : NULL) {
		for (const char *s = part; *s; s++)
			h = (h ^ (unsigned char)*s) * 0x100000001b3ULL;
		h = (h ^ '/') * 0x100000001b3ULL;
	}
	snprintf(out->table, sizeof(out->table), "sandrun-%016llx", (unsigned long long)h);
	out->group = (uint16_t)(h >> 48 ? h >> 48 : 1);
}

/* --- a socket in the namespace -------------------------------------------------------------------------------------------- */

/* Goes into @netns, by its owner's user namespace if need be: who has made that is root in it. */
static int go_into(int netns)
{
	autofd owner = -1;

	if (setns(netns, CLONE_NEWNET) == 0)
		return 0;
	if (errno != EPERM)
		return -1;
	owner = ioctl(netns, NS_GET_USERNS);
	if (owner < 0 || setns(owner, CLONE_NEWUSER) < 0)
		return -1;
	return setns(netns, CLONE_NEWNET);
}

/* In a child that shares our table of descriptors: the socket's number, or a negative errno. */
static int make_inside(int netns)
{
	int fd;

	prctl(PR_SET_DUMPABLE, 0);
	if (go_into(netns) < 0)
		return -errno;
	prctl(PR_SET_DUMPABLE, 0);
	fd = netlink_socket(NETLINK_NETFILTER);
	return fd < 0 ? -errno : fd;
}

static int ask_child(int netns, struct err *e)
{
	struct clone_args args = { .flags = CLONE_FILES, .exit_signal = SIGCHLD };
	_Atomic int *made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;
	int r;

	if (made == MAP_FAILED)
		return err_sys(e, "memory for the way into a network namespace");
	*made = -ECHILD;
	pid = sys_clone3(&args);
	if (pid == 0) {
		*made = make_inside(netns);
		_exit(0);
	}
	r = pid < 0 ? -errno : 0;
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r == 0)
		r = *made;
	munmap((void *)(uintptr_t)made, sizeof(*made));
	return r;
}

int wall_socket_error(int error, struct err *e)
{
	if (error == EPROTONOSUPPORT || error == EAFNOSUPPORT)
		return err_set(e, error, "the kernel has no nf_tables (CONFIG_NF_TABLES)");
	if (error == EPERM)
		return err_set(e, error, "the network namespace is not the runtime's to change");
	return err_set(e, error, "open a netlink socket in the network namespace");
}

int wall_socket(int netns, struct err *e)
{
	int fd = netns < 0 ? netlink_socket(NETLINK_NETFILTER) : ask_child(netns, e);

	if (netns < 0 && fd < 0)
		fd = -errno;
	return fd < 0 ? wall_socket_error(-fd, e) : fd;
}

/* --- what is there --------------------------------------------------------------------------------------------------------- */

struct found {
	const struct wall *w;
	size_t rules, chains, expressions;
	struct wall_counters *counters; /* NULL: only how much there is */
};

static bool is_text(const struct rtattr *a, const char *text)
{
	return a && RTA_PAYLOAD(a) == strlen(text) + 1 && memcmp(RTA_DATA(a), text, RTA_PAYLOAD(a)) == 0;
}

static const struct {
	const char *chain;
	size_t at;
} counted[] = {
	{ RULES_REFUSE, offsetof(struct wall_counters, refused) },  { RULES_STRANGE, offsetof(struct wall_counters, forged) },
	{ RULES_OPTIONS, offsetof(struct wall_counters, routed) },  { RULES_HEADERS, offsetof(struct wall_counters, routed) },
	{ RULES_FORWARDED, offsetof(struct wall_counters, routed) }, { RULES_IN, offsetof(struct wall_counters, listeners) },
};

static void add_counter(const struct found *f, const struct rtattr *chain, const struct rtattr *expression)
{
	const struct rtattr *data = netlink_find_inside(expression, NFTA_EXPR_DATA, 0), *packets;
	uint64_t v;

	if (!is_text(netlink_find_inside(expression, NFTA_EXPR_NAME, 1), "counter") || !data)
		return;
	packets = netlink_find_inside(data, NFTA_COUNTER_PACKETS, sizeof(v));
	if (!packets)
		return;
	memcpy(&v, RTA_DATA(packets), sizeof(v));
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++)
		if (is_text(chain, counted[i].chain))
			*(uint64_t *)(void *)((char *)f->counters + counted[i].at) += be64toh(v);
}

static void take_rule(const struct nlmsghdr *h, void *ctx)
{
	const struct rtattr *list = netlink_find(h, sizeof(struct nfgenmsg), NFTA_RULE_EXPRESSIONS, 0), *x;
	const struct rtattr *chain = netlink_find(h, sizeof(struct nfgenmsg), NFTA_RULE_CHAIN, 1);
	struct found *f = ctx;
	size_t left;

	if (!is_text(netlink_find(h, sizeof(struct nfgenmsg), NFTA_RULE_TABLE, 1), f->w->table))
		return;
	f->rules++;
	if (!list)
		return;
	left = RTA_PAYLOAD(list);
	for (x = RTA_DATA(list); RTA_OK(x, left); x = RTA_NEXT(x, left)) {
		f->expressions++;
		if (f->counters)
			add_counter(f, chain, x);
	}
}

static void take_chain(const struct nlmsghdr *h, void *ctx)
{
	struct found *f = ctx;

	if (is_text(netlink_find(h, sizeof(struct nfgenmsg), NFTA_CHAIN_TABLE, 1), f->w->table))
		f->chains += netlink_find(h, sizeof(struct nfgenmsg), NFTA_CHAIN_HOOK, 0) != NULL;
}

static int dump(struct netlink *n, uint16_t type, uint16_t table, netlink_each each, struct found *f, struct err *e)
{
	const struct nfgenmsg g = { .nfgen_family = NFPROTO_INET };
	int r = -1;

	/* Somebody else's change of another table tears it, too. */
	for (int i = 0; i < 8; i++) {
		struct found before = *f;
		struct netlink_request q;

		netlink_begin(&q, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP, &g, sizeof(g));
		if (table)
			netlink_add(&q, table, f->w->table, strlen(f->w->table) + 1);
		r = netlink_ask(n, &q, each, f, e);
		if (r == 0 || e->code != EINTR)
			return r;
		if (f->counters)
			*f->counters = (struct wall_counters){ 0 };
		*f = before;
	}
	return r;
}

int wall_read(struct netlink *n, const struct wall *w, struct wall_counters *out, struct err *e)
{
	struct found f = { .w = w, .counters = out };

	*out = (struct wall_counters){ 0 };
	return dump(n, NFT_MSG_GETRULE, NFTA_RULE_TABLE, take_rule, &f, e) < 0 ? err_prefix(e, "read the table %s", w->table) : 0;
}

/* A kernel that leaves something out without a word is not believed. */
static int prove(struct netlink *n, const struct wall *w, const struct nft *built, struct err *e)
{
	struct found f = { .w = w };

	if (dump(n, NFT_MSG_GETRULE, NFTA_RULE_TABLE, take_rule, &f, e) < 0 || dump(n, NFT_MSG_GETCHAIN, 0, take_chain, &f, e) < 0)
		return err_prefix(e, "read the table back");
	if (f.rules != built->rules || f.expressions != built->expressions || f.chains != built->chains)
		return err_msg(e, "of %zu rules with %zu parts and %zu hooks the kernel has taken %zu, %zu and %zu", built->rules,
			       built->expressions, built->chains, f.rules, f.expressions, f.chains);
	return 0;
}

/* --- in and out ------------------------------------------------------------------------------------------------------------- */

/* Numbers of messages go on from socket to socket, and never come again: an answer is never taken for another's. */
static int send_batches(struct netlink *n, const struct nft *built, struct err *e)
{
	/* The first is what a user's runtime may have. */
	static const int sizes[] = { 8 << 20, 4 << 20 };

	if (setsockopt(n->fd, SOL_SOCKET, SO_SNDBUFFORCE, &sizes[0], sizeof(sizes[0])) < 0)
		setsockopt(n->fd, SOL_SOCKET, SO_SNDBUF, &sizes[1], sizeof(sizes[1]));
	for (size_t i = 0; i < built->n_batches; i++)
		if (netlink_commit(n, built->b.v + built->batches[i].at, built->batches[i].len, built->batches[i].last, e) < 0)
			return -1;
	return 0;
}

int wall_remove(int sock, const struct wall *w, struct err *e)
{
	struct nft q = { .table = w->table };
	struct netlink n;
	int r;

	netlink_adopt(&n, sock);
	nft_batch_begin(&q);
	nft_table(&q, true);
	nft_table(&q, false);
	nft_batch_end(&q);
	r = send_batches(&n, &q, e);
	nft_free(&q);
	return r < 0 ? err_prefix(e, "remove the table %s", w->table) : 0;
}

int wall_load(int sock, const struct wall *w, const struct policy *p, struct err *e)
{
	struct nft built;
	struct netlink n;
	int r;

	if (rules_build(w, p, &built, e) < 0)
		return -1;
	netlink_adopt(&n, sock);
	r = send_batches(&n, &built, e);
	if (r == 0)
		r = prove(&n, w, &built, e);
	nft_free(&built);
	if (r < 0)
		wall_remove(sock, w, NULL);
	return r;
}
