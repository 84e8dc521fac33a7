// SPDX-License-Identifier: Apache-2.0
/* probe.c - tries one thing from inside a container and prints the outcome in one word
 *
 * Owns:     the table of verbs, the word, the time limit. `probe each 'tcp 10.0.0.1 80' 'udp ::1 53'` tries several
 *           and prints a line for each.
 * Must not: need a libc, a shell or a file in the container: it is linked statically.
 * Runs in:  a container (and outside, as the native behaviour to compare with).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

const char payload[6] = "probe";

static const struct verb *const tables[] = {
	probe_inet_verbs,
	probe_entry_verbs,
	probe_socket_verbs,
	probe_self_verbs,
	attack_entry_verbs,
	attack_race_verbs,
	attack_net_verbs,
	attack_link_verbs,
	attack_names_verbs, attack_task_verbs, attack_source_verbs, attack_trace_verbs,
	attack_fuse_verbs,
};

void dest_parse(struct dest *d, const char *addr, const char *port)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
	struct sockaddr_in *in = (struct sockaddr_in *)&d->ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&d->ss;
	char *scope;

	memset(d, 0, sizeof(*d));
	snprintf(host, sizeof(host), "%s", addr);
	scope = strchr(host, '%');
	if (scope)
		*scope++ = '\0';
	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)atoi(port));
		d->len = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)atoi(port));
		if (scope)
			in6->sin6_scope_id = if_nametoindex(scope);
		d->len = sizeof(*in6);
	} else {
		fprintf(stderr, "probe: %s is no address\n", addr);
		exit(2);
	}
}

void say(int err)
{
	const char *name = err ? strerrorname_np(err) : "OK";

	printf("%s", name ? name : "E?");
}

void say_ret(long ret)
{
	say(ret < 0 ? errno : 0);
}

void say_step(const char *step)
{
	printf("%s-", step);
	say(errno);
}

int sock(int domain, int type, int protocol)
{
	int fd = socket(domain, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		say(errno);
	return fd;
}

int dest_sock(struct dest *d, char **words, int domain, int type, int protocol)
{
	dest_parse(d, words[0], words[1]);
	return sock(domain ? domain : d->sa.sa_family, type, protocol);
}

int take_socket(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), fd = -1;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (s < 0 || connect(s, (struct sockaddr *)&un, sizeof(un)) < 0 || recvmsg(s, &m, 0) < 1)
		return -1;
	memcpy(&fd, CMSG_DATA(&c.h), sizeof(fd));
	close(s);
	return fd;
}

#ifdef __x86_64__
long int80(long nr, long a, long b, long c)
{
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	r = (int)r;
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}
#endif

static const struct verb *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct verb *v = tables[t]; v->name; v++)
			if (strcmp(v->name, name) == 0)
				return v;
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: probe VERB ARG…\n       probe each 'VERB ARG…' …\n");
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct verb *v = tables[t]; v->name; v++)
			fprintf(stderr, "  %s %s\n", v->name, v->args);
	return 2;
}

/* A probe that hangs has an answer too. */
static void too_late(int sig)
{
	(void)sig;
	if (write(STDOUT_FILENO, "TIMEOUT\n", 8) < 0)
		_exit(3);
	_exit(0);
}

static int run_one(int argc, char **argv)
{
	const struct verb *v = find(argv[0]);

	if (!v || argc - 1 < v->min)
		return usage();
	v->run(argc, argv);
	printf("\n");
	return 0;
}

static int run_each(int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		char *words[32];
		int n = 0;

		printf("%s: ", argv[i]);
		fflush(stdout);
		for (char *w = strtok(argv[i], " "); w && n < 32; w = strtok(NULL, " "))
			words[n++] = w;
		if (n == 0 || run_one(n, words) != 0)
			return 2;
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage();
	signal(SIGALRM, too_late);
	alarm(20);
	if (strcmp(argv[1], "each") == 0)
		return run_each(argc - 2, argv + 2);
	return run_one(argc - 1, argv + 1);
}
