// SPDX-License-Identifier: Apache-2.0
/* sync.h - the conversation between create (or exec) and the process that becomes the workload
 *
 * One SOCK_SEQPACKET pair, messages of one fixed size, written with write(2): sendmsg(2) may be trapped by the
 * filter that init has just loaded. The whole protocol, in order ("stage" is the helper of spawn.c; "*" = only if the
 * configuration asks for it, "+" = once for each mount that asks for it, num is its index and rises):
 *
 *   from        message                 what the parent does               answer
 *   stage     * SYNC_STAGE_MAPS         writes uid_map, gid_map of the stage GO, for the stage
 *   stage     * SYNC_STAGED (pid)       learns init's pid, reaps the stage  GO, for init
 *   init      * SYNC_MAPS_WANTED        writes uid_map, gid_map             GO
 *   init      * SYNC_NETWORK + fd       loads the policy's table into it    GO
 *   init        SYNC_NAMESPACED         cgroup and network interfaces join  GO
 *   init      * SYNC_DELEGATE_WANTED    moves it to the cgroup it may rule  GO
 *   init        SYNC_PLACED + text      notes its namespaces              (none)
 *   init      + SYNC_IDMAP_WANTED + fd  puts id mappings on a mount         GO
 *   init      * SYNC_HOOKS_WANTED       prestart and createRuntime hooks    GO
 *   init      * SYNC_CONSOLE + fd       passes the pty master on            GO
 *   init      * SYNC_LIMITS_WANTED      process.rlimits (in a userns)       GO
 *   init      * SYNC_LISTENER + fd      gives it to the supervisor          GO
 *   init      * SYNC_PROFILE_LISTENER+fd  gives it to listenerPath          GO
 *   init        SYNC_READY              create is done                      (none: init waits for "start")
 *   any       + SYNC_LOG (level) + text writes it into its log              (none)
 *   any         SYNC_FAILED + err       reports it, undoes everything       (none)
 *
 * SYNC_NETWORK has a netlink socket of the new network namespace, or why there is none as num (an errno).
 * A listener that cannot be sent has its number and one as num instead, and the parent fetches it.
 *
 * Anything else, or any message in the wrong place, ends the conversation. An end of file on either side means that the
 * other has died: init then exits, create undoes.
 */
#ifndef CONTAINER_SYNC_H
#define CONTAINER_SYNC_H

#include <stdint.h>

#include "base/error.h"

enum sync_type {
	SYNC_GO = 1,
	SYNC_STAGE_MAPS,
	SYNC_STAGED,
	SYNC_MAPS_WANTED,
	SYNC_NETWORK,
	SYNC_NAMESPACED,
	SYNC_DELEGATE_WANTED,
	SYNC_PLACED,
	SYNC_IDMAP_WANTED,
	SYNC_HOOKS_WANTED,
	SYNC_CONSOLE,
	SYNC_LIMITS_WANTED,
	SYNC_LISTENER,
	SYNC_PROFILE_LISTENER,
	SYNC_READY,
	SYNC_LOG,
	SYNC_FAILED,
	SYNC_COUNT
};

struct sync_msg {
	uint32_t type;
	int32_t num;
	struct err err; /* SYNC_FAILED, SYNC_LOG and SYNC_PLACED only */
};

/* fds[0]: the parent's end, fds[1]: the child's. Both close-on-exec. */
int sync_pair(int fds[2], struct err *e);
int sync_send(int fd, enum sync_type type, int num, struct err *e);
/* With a descriptor: sendmsg(2), so never after the notify filter was loaded by the calling process. */
int sync_send_fd(int fd, enum sync_type type, int num, int passed, struct err *e);
/* SYNC_PLACED. */
int sync_send_text(int fd, enum sync_type type, const char *text, struct err *e);
void sync_send_error(int fd, const struct err *error);
/* What this process logs goes to the other one, which has the log, from here on (base/log.h); to nobody with -1. */
void sync_divert_log(int fd);
/* Sends and waits for GO. */
int sync_ask(int fd, enum sync_type type, struct err *e);
/* What has happened when the message comes, for the log. */
const char *sync_word(enum sync_type type);
int sync_wait_go(int fd, struct err *e);
/* 1: a message (and perhaps a descriptor, the caller's, else -1); 0: the other side is gone; -1 with @e. */
int sync_recv(int fd, struct sync_msg *m, int *passed, struct err *e);

#endif
