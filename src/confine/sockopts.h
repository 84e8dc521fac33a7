// SPDX-License-Identifier: Apache-2.0
/* sockopts.h - the socket options and control messages that a network policy has to know of
 *
 * Owns:     the tables of both. The notify filter (which calls are trapped), the supervisor (what becomes of each, which control
 *           messages are passed on) and the look at sockets from outside are made from it, so that they cannot disagree.
 * Must not: know of policies: what an option does is a fact of the kernel's.
 */
#ifndef CONFINE_SOCKOPTS_H
#define CONFINE_SOCKOPTS_H

#include <stdbool.h>
#include <stddef.h>

/* What setsockopt(2) with this option does. */
enum sockopt_effect {
	SOCKOPT_NONE,	 /* nothing that a policy speaks of */
	SOCKOPT_ROUTE,	 /* packets take another way than their address says: source routes, routing headers */
	SOCKOPT_HEADER,	 /* the address is in the payload */
	SOCKOPT_SOURCE,	 /* packets may have a source that is not the container's: whoever answers sends the answer there */
	SOCKOPT_MARK,	 /* the rules of the network, not the address, choose the way */
	SOCKOPT_CONNECT, /* it connects, or sends to somebody, by itself */
	SOCKOPT_ULP,	 /* so it may, by the name that is its value */
	SOCKOPT_DEVICE,	 /* packets leave by this device, whatever the way to their address: 127.0.0.1 is then the next host's */
	SOCKOPT_GROUP,	 /* a membership in a multicast group, which the kernel reports to the neighbours */
	SOCKOPT_PORTS,	 /* from where the kernel chooses a port */
	SOCKOPT_PINNED,	 /* sends from memory that must stay as it is: not to be had where another sends from a copy */
};

/* What becomes of a control message of this level and type that goes with a send. */
enum sockopt_cmsg {
	CMSG_UNKNOWN, /* not passed on, whatever a later kernel may make of it */
	CMSG_PASS,
	CMSG_SOURCE, /* passed on: it names the source */
	CMSG_IGNORE, /* the kernel ignores it on internet sockets */
	/* Another way for the packet; or what the kernel grants by the capabilities of the task that sends, which on behalf
	 * would not be the caller's. */
	CMSG_REFUSE,
};

/* How a socket that others have made is asked whether it is set. */
enum sockopt_readback {
	READBACK_NONE,
	READBACK_INT,	/* an int that is not 0 */
	READBACK_BYTES, /* anything at all */
};

#define SOCKOPT_ANY (-1) /* as a name: every option of the level */

struct sockopt {
	int level, name;
	enum sockopt_effect set;
	enum sockopt_readback readback;
};

extern const struct sockopt sockopts[];
extern const size_t sockopts_count;

/* The entry for an option, or NULL. */
const struct sockopt *sockopts_find(int level, int name);
/* For an internet socket. */
enum sockopt_cmsg sockopts_cmsg(int level, int type);
/* For people: why an option with this effect is refused. A constant. */
const char *sockopts_why(enum sockopt_effect effect);
/* What is set on @sock that makes its packets go elsewhere, or come from elsewhere, than its address says; SOCKOPT_NONE: nothing.
 * A container cannot set these itself; sockets from outside may have them, and connections that came in with a source route. */
enum sockopt_effect sockopts_look(int sock);

#endif
