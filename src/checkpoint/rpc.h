// SPDX-License-Identifier: Apache-2.0
/* rpc.h - one CRIU process and the conversation with it
 *
 * One SOCK_SEQPACKET pair; a message is a protocol buffer of criu.proto. We ask once, and while CRIU is at work it sends
 * notices, each of which it waits to have answered; then comes the answer and CRIU ends.
 *
 *   we        CriuRequest (kind)
 *   CRIU    * CriuAnswer CRIU_NOTICE (phase, pid, perhaps a descriptor)    we: CriuRequest CRIU_NOTICE (taken or not)
 *   CRIU      CriuAnswer (the same kind, success or not)
 */
#ifndef CHECKPOINT_RPC_H
#define CHECKPOINT_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "checkpoint/criu.pb-c.h"

#define RPC_KEEP_MAX 16

/* What the process gets. */
struct rpc_child {
	const char *program;   /* NULL: "criu" */
	int keep[RPC_KEEP_MAX]; /* descriptors that it inherits under their own numbers, besides 0 */
	size_t n_keep;
	int (*prepare)(void *ctx, struct err *e); /* runs in the child before the exec; NULL: nothing */
	void *ctx;
};

struct rpc {
	pid_t pid;  /* 0: none */
	int sock;   /* -1: none */
	bool refused; /* a notice was, by our own handler: what CRIU says then explains nothing */
	int output; /* what it wrote to its standard output and error: a container's must not get it */
};

#define RPC_INIT { .sock = -1, .output = -1 }

/* A phase: 0 lets CRIU go on, -1 with @e makes it fail. @fd: came along, or -1; closed by the caller. */
typedef int (*rpc_notice)(void *ctx, const char *phase, pid_t pid, int fd, struct err *e);

/* Starts CRIU, which waits for a request. */
int rpc_start(struct rpc *r, const struct rpc_child *child, struct err *e);
/* Asks and waits for the answer (the caller frees it with criu_answer__free_unpacked()); NULL with @e if CRIU failed, a notice
 * was refused (its error then), or nothing came that makes sense. */
CriuAnswer *rpc_ask(struct rpc *r, const CriuRequest *q, rpc_notice notice, void *ctx, struct err *e);
/* Closes the socket, which ends CRIU where it has not ended already, and reaps it. */
void rpc_end(struct rpc *r);
/* At most @max - 1 bytes of what it printed last, heap; for the time after rpc_end() too, until rpc_close(). */
char *rpc_output(const struct rpc *r, size_t max);
void rpc_close(struct rpc *r);

/* Root of the initial user namespace, or -1 with @e. */
int rpc_check_root(struct err *e);
/* Checks that there is a CRIU that is new enough, and that it has what @features asks for. */
int rpc_check(const char *program, const CriuFeatures *features, struct err *e);

#endif
