// SPDX-License-Identifier: Apache-2.0
/* names.h - the name service of one container: what others need of it
 *
 * Owns:     the conversation with the supervisor (struct names_report, struct names_reply) and the sockets in the
 *           container's network namespace.
 * Must not: decide what an address may be used for: the supervisor does, before the client gets the answer.
 *
 * A name in a policy means the addresses that the container itself would get for it, as long as it would get them. So the
 * container's resolv.conf points to this service, which asks the container's real name servers. A question for a name that
 * no rule covers never leaves (a name would carry data otherwise). An address is reported to the supervisor, which lets it
 * in, and only then is the answer sent.
 */
#ifndef NAMES_NAMES_H
#define NAMES_NAMES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Where it listens: an address of the loopback of the container's network. */
#define NAMES_LISTEN "127.0.53.53"

/* Bounds: a workload chooses how much it asks. */
#define NAMES_SERVERS_MAX 3 /* as resolv.conf(5) */
#define NAMES_ADDRS_MAX 256 /* of one answer */
#define NAMES_NAME_MAX 256  /* a name as text, with the NUL */
#define NAMES_UDP_SOCKETS 16 /* of each family, to ask with: that many source ports, chosen by the kernel at random */
#define NAMES_TCP_SOCKETS 4

enum names_depth { NAMES_EXACT, NAMES_ONE_LABEL, NAMES_ANY_DEPTH };

/* A name that a rule covers. @name in lower case, without a final dot and without the "*." of a wildcard. */
struct names_pattern {
	const char *name;
	enum names_depth depth;
};

/* True if one of the patterns covers @name (lower case, no final dot). */
bool names_covered(const struct names_pattern *patterns, size_t n, const char *name);

struct names_sockets {
	int udp, tcp; /* listening on port 53 in the container's network namespace */
	int ask_udp[2][NAMES_UDP_SOCKETS]; /* IPv4, IPv6; bound, never connected; -1: no server of that family */
	int ask_tcp[2][NAMES_TCP_SOCKETS]; /* used again and again, by the same port */
	/* Where they are bound, host order: a wall lets these ask, and nobody else can send from them. */
	uint16_t udp_ports[2][NAMES_UDP_SOCKETS], tcp_ports[2][NAMES_TCP_SOCKETS];
	struct sockaddr_storage servers[NAMES_SERVERS_MAX];
	size_t n_servers;
};

/* Opens them all. The caller is in the container's network namespace with CAP_NET_BIND_SERVICE over it. @servers: IPv4 v4-mapped;
 * port 53 each. @listen: an address of the container's loopback. On failure nothing is left open. */
int names_open(struct names_sockets *s, const struct in_addr *listen, const struct in6_addr *servers, size_t n_servers, struct err *e);
void names_close(struct names_sockets *s);

/* What the service tells the supervisor, a datagram each. */
enum names_what {
	NAMES_LEARNED, /* wants a reply before the client gets its answer */
	NAMES_REFUSED, /* a question that no rule covers; no reply */
	NAMES_PORTS,   /* the first word: who is asked (@addrs) by which ports, where answers are awaited, and nobody else's; no reply */
};

struct names_report {
	uint32_t what;
	uint32_t seq; /* comes back in the reply */
	uint32_t ttl; /* seconds */
	uint32_t n;
	uint32_t suppressed; /* NAMES_REFUSED: so many more since the last report */
	uint16_t type;	     /* NAMES_REFUSED: of the question */
	uint16_t udp_ports[2][NAMES_UDP_SOCKETS], tcp_ports[2][NAMES_TCP_SOCKETS]; /* NAMES_PORTS; IPv4, IPv6; 0: none */
	char name[NAMES_NAME_MAX];
	struct in6_addr addrs[NAMES_ADDRS_MAX]; /* IPv4 v4-mapped; only the first @n are sent */
};
#define NAMES_REPORT_SIZE(n) (offsetof(struct names_report, addrs) + (n) * sizeof(struct in6_addr))

struct names_reply {
	uint32_t seq;
	int32_t error; /* 0, or an errno: the client gets SERVFAIL */
};

struct names_setup {
	struct names_sockets sockets;
	const struct names_pattern *patterns;
	size_t n_patterns;
	int supervisor; /* SOCK_SEQPACKET; its end ends the service */
};

/* Serves until the supervisor's end of the socket is closed. Returns only on failure of its own (-1) or then (0). @confine (or
 * NULL) is called when everything is open, and before the first byte is read. Allocates nothing once it runs. */
int names_serve(const struct names_setup *setup, int (*confine)(struct err *e), struct err *e);

#endif
