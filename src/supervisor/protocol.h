// SPDX-License-Identifier: Apache-2.0
/* protocol.h - the words on the control socket
 *
 * Owns:     the format: one request, one reply a connection, AF_UNIX SOCK_SEQPACKET. Both ends are the same binary's.
 */
#ifndef SUPERVISOR_PROTOCOL_H
#define SUPERVISOR_PROTOCOL_H

#include <stdint.h>
#include <sys/types.h>

#define CONTROL_SOCKET "supervisor.sock"
#define CONTROL_VERSION 2

enum control_op {
	CONTROL_WATCH,	  /* + init's pidfd */
	CONTROL_LISTENER, /* + a seccomp listener */
	CONTROL_STATUS,
	CONTROL_NAMES, /* + a conversation with the name service */
	CONTROL_WALL,  /* + a netlink socket of the network that it stands in */
	CONTROL_OPS,
};

struct control_request {
	uint32_t version;
	uint32_t op;
};

struct control_reply {
	uint32_t version;
	int32_t ok;    /* 1, or 0 with @code and @text */
	int32_t code;
	pid_t pid;
	pid_t watcher; /* 0: gone */
	uint32_t restarts;
	uint64_t denied;
	char text[256];
};

#endif
