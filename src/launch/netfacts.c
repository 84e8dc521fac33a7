// SPDX-License-Identifier: Apache-2.0
/* netfacts.c - what a container's policy has to know of the network that the engine gives it
 *
 * Runs in:  create, before anything is made.
 *
 * Engines mount a resolv.conf and a hosts file that they write themselves. Where they do not, a container has its image's
 * resolv.conf, and that is what its programs go by. It may be a stranger's: it is read below its root, like any file of an
 * image, and all it can say is which addresses are name servers. Which addresses a name in a policy has is not for an image to
 * say: neither its hosts file nor the servers of its resolv.conf are asked. Nor is a server on the container's own loopback, which may be
 * a program of the workload's. That goes for Docker's 127.0.0.11, too: a connection that the workload began first makes the kernel pass
 * its rewriting by, and the question comes to whoever has bound that address.
 */
#include "launch/netfacts.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "launch/bundle.h"

#define FILE_MAX (1u << 20)

/* What is behind the place @destination on the way to @path: "" if they are the same. NULL: it is on another way. */
static const char *behind(const char *destination, const char *path)
{
	for (;;) {
		while (*destination == '/')
			destination++;
		while (*path == '/')
			path++;
		if (!*destination)
			return path;
		if (strcspn(destination, "/") != strcspn(path, "/") ||
		    strncmp(destination, path, strcspn(path, "/")) != 0)
			return NULL;
		destination += strcspn(destination, "/");
		path += strcspn(path, "/");
	}
}

static bool is_bind(const struct oci_mount *m)
{
	if (m->type && str_eq(m->type, "bind"))
		return true;
	for (size_t i = 0; i < m->options.n; i++)
		if (str_eq(m->options.v[i], "bind") || str_eq(m->options.v[i], "rbind"))
			return true;
	return false;
}

/* The mount that will cover @path: the last one on its way. */
static const struct oci_mount *mount_of(const struct oci_config *c, const char *path, const char **rest)
{
	const struct oci_mount *found = NULL;

	for (size_t i = 0; i < c->n_mounts; i++) {
		const char *r = c->mounts[i].destination ? behind(c->mounts[i].destination, path) : NULL;

		if (!r || str_eq(r, path + 1))
			continue; /* on "/" nothing is mounted but the root itself */
		found = &c->mounts[i];
		*rest = r;
	}
	return found;
}

static char *read_fd(int fd, size_t *len)
{
	char path[32], *text = NULL;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return file_read_regular(AT_FDCWD, path, FILE_MAX, &text, len, NULL) < 0 ? NULL : text;
}

/* @rest below the directory @root, as a process in it would see it. */
static char *read_below(const char *root, const char *rest, size_t *len)
{
	autofd dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofd fd = dir < 0 ? -1 : file_open_in_root(dir, rest, O_PATH, 0);

	return fd < 0 ? NULL : read_fd(fd, len);
}

char *netfacts_read(const struct foreign_facts *f, const char *path, bool image, size_t *len)
{
	const char *rest = "";
	const struct oci_mount *m = mount_of(f->config, path, &rest);
	autofree char *root = NULL;
	char *text = NULL;

	if (!m && !image)
		return NULL;
	if (!m) {
		root = bundle_root(f->config, f->bundle);
		return read_below(root, path, len);
	}
	if (!is_bind(m) || !m->source)
		return NULL;
	root = m->source[0] == '/' ? xstrdup(m->source) : xasprintf("%s/%s", f->bundle, m->source);
	if (*rest)
		return read_below(root, rest, len);
	return file_read_regular(AT_FDCWD, root, FILE_MAX, &text, len, NULL) < 0 ? NULL : text;
}

static bool is_own_program(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

/* Of the servers those whose word on a name counts. */
static void keep_believed(const struct foreign_facts *f, bool own_network, struct policy_resolv_conf *conf)
{
	const char *rest;
	bool engines = mount_of(f->config, "/etc/resolv.conf", &rest);
	size_t kept = 0;

	for (size_t i = 0; i < conf->n_servers && engines; i++)
		if (!own_network || !is_own_program(&conf->servers[i]))
			conf->servers[kept++] = conf->servers[i];
	conf->n_servers = kept;
}

void netfacts_look(const struct foreign_facts *f, struct policy_facts *out, struct policy_resolv_conf *conf)
{
	autofree char *text = NULL;
	size_t len = 0;

	*out = (struct policy_facts){ .own_network = !foreign_shares_network(f) };
	text = netfacts_read(f, "/etc/resolv.conf", true, &len);
	policy_read_resolv_conf(text ? text : "", len, conf);
	memcpy(out->resolvers, conf->servers, sizeof(conf->servers));
	out->n_resolvers = conf->n_servers;
	keep_believed(f, out->own_network, conf);
	out->can_serve_names = geteuid() == 0 && conf->n_servers > 0;
}

void netfacts_warn(const struct policy *p)
{
	const struct policy_facts *f = policy_get_facts(p);
	char addr[INET6_ADDRSTRLEN] = "";

	if (!policy_needs_names(p) || !f->n_resolvers)
		return;
	for (size_t i = 0; i < f->n_resolvers; i++) {
		const struct policy_dest d = { .proto = POLICY_UDP, .addr = f->resolvers[i], .port = 53 };

		if (policy_check(p, &d).allowed)
			return;
	}
	if (IN6_IS_ADDR_V4MAPPED(&f->resolvers[0]))
		inet_ntop(AF_INET, &f->resolvers[0].s6_addr[12], addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, &f->resolvers[0], addr, sizeof(addr));
	log_warn("the network policy leaves the container without a name server (%s port 53 is denied): it can reach "
		 "nothing by name; %s",
		 addr,
		 policy_get_traits(p).allow_mode ? "udp://resolver in io.sandlock.net-allow would let it ask"
						 : "!resolver in io.sandlock.net-deny would let it ask");
}
