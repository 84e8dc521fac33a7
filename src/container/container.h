// SPDX-License-Identifier: Apache-2.0
/* container.h - a container on disk: its state directory, its record, its lock
 *
 * Owns:     <root>/<id>/ and what is in it:
 *             record.json     what later commands need (written by create, atomically)
 *             record.copy     the same once more, for "delete --force" if the former was damaged
 *             config.json     the copy that counts: edits of the bundle's own after create have no effect (runtime.md)
 *             lock            held (flock) by create while the container is half made, and by start and delete; made by the
 *                             claim and by nobody else: what has none is no container any more
 *             start.sock, error.sock   how "start" reaches init (bell.h); their absence is what makes "created" into "running"
 *             policy          the compiled network policy (text); only with one
 *             supervisor.sock, denied.jsonl, counts   the supervisor's (supervisor.h, counts.h)
 * Must not: touch the container itself.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "oci/config.h"

#define CONTAINER_RECORD "record.json"
#define CONTAINER_RECORD_COPY "record.copy"
#define CONTAINER_CONFIG "config.json"
#define CONTAINER_POLICY "policy"

#define CONTAINER_STDIO 3

enum container_status {
	CONTAINER_CREATING,
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_STOPPED,
};

struct container {
	char *root; /* the state root; for words, and for nothing else: what was proven is rootfd */
	char *id;
	int rootfd; /* the state root */
	int dirfd;  /* its state directory */
	int lockfd; /* -1: not locked */

	/* The record. */
	bool creating; /* create has not finished, or died: what it made so far is in the other fields */
	pid_t pid;     /* init; 0: none was made yet */
	uint64_t start_time; /* clock ticks since boot, proc(5) stat field 22: tells the pid from a later one's */
	char *bundle;
	char *rootfs;
	char *namespaces; /* places_note(); NULL or empty: unknown */
	char *root_note;  /* places_note_root(), of a container without a mount namespace; NULL: unknown, or not needed */
	char *created; /* RFC 3339, nanoseconds */
	char *owner;
	char *cgroup; /* cgroup_write(); NULL: none */
	bool cgroup_planned; /* it may not have been made, or be another's (cgroup_unplan()) */
	char *rdt;    /* rdt_make(); NULL: none */
	pid_t supervisor_pid; /* of its watcher (supervisor.h); 0: no policy, or nothing to serve */
	uint64_t supervisor_start_time;
	char *policy_files;   /* those that had a say, with their digests; NULL: none */
	char *policy_sources; /* which keys came from which of their tables; NULL: none */
	char *enforcement; /* "notify,landlock"; NULL: no policy */
	bool bpf;	   /* a cgroup program has part of the policy: the same must hold for every exec */
	bool wall;	   /* a table in the network namespace has it; likewise (confine/plan.h has these and the next) */
	bool foreign;	   /* sockets that were not made in the container are judged */
	bool tcp_from_outside;
	bool links;
	char *wall_path;   /* the network namespace that it has to be taken out of again; NULL: that goes with the container */
	bool private_pid;  /* a pid namespace of its own, new with the container: init's end is everybody's end */
	char *stdio[CONTAINER_STDIO]; /* what the standard descriptors were at first (making_note_stdio()); NULL: unknown */
	bool callers_keyring; /* create was told to keep it: --no-new-keyring */
	bool start_hooks, poststart, poststop; /* hooks of these kinds (startContainer) are in the configuration */
	struct oci_map annotations;
};

/* Letters, digits and "_+-." only, as runc: the id becomes a file name. */
int container_check_id(const char *id, struct err *e);

/* Nobody's: no directory, no lock. */
void container_init(struct container *c);
/* Makes the state directory of a new container, locked. "container with given ID already exists" if it is there. */
int container_claim(const char *root, const char *id, struct container *c, struct err *e);
/* Opens an existing one. "container does not exist" if it is not there. A missing record is no error: a create at its
 * very beginning, or one that died there (creating, pid 0). EBADMSG in @e: its record is damaged. */
int container_open(const char *root, const char *id, struct container *c, struct err *e);
/* After a container_open() that failed with EBADMSG, which left the directory open: fills @c from the copy of its record. Without a
 * copy it warns, and @c has only its directory. For who is going to remove it. */
void container_salvage(struct container *c);
/* The path of the state directory, for who has to name it to others (mounts, CRIU). Heap, the caller's; NULL with @e. */
char *container_path(const struct container *c, struct err *e);
/* Reads the record again, with the lock kept: for who had to wait for it. ENOENT in @e: it is gone. */
int container_reload(struct container *c, struct err *e);
/* Waits at most @timeout_ms for the lock. In @e: EBUSY if it is held on; ENOENT if the container has been removed meanwhile;
 * ENOLCK if there is no lock (a claim that has not come to it or died there, a removal at its last step, or damage). */
int container_lock(struct container *c, int timeout_ms, struct err *e);
/* For everybody: a lock lives as long as any copy of its descriptor, and init has inherited one. */
void container_unlock(struct container *c);
/* Writes the record, in one step: whoever reads meanwhile sees the old one or the new one, whole. */
int container_save(const struct container *c, struct err *e);
/* Removes the state directory, and lets go of the lock. */
int container_remove(struct container *c, struct err *e);
/* Removes a state directory in which nothing is. A claim at this very moment fails. */
int container_remove_empty(const struct container *c, struct err *e);
/* Frees everything; the directory stays. Safe on a struct that claim or open refused. */
void container_close(struct container *c);

enum container_status container_status(const struct container *c);
const char *container_status_name(enum container_status s);
bool container_alive(const struct container *c);
/* A pidfd of init, proven by its start time to be init and not a later process; -1 if it is gone (ESRCH). */
int container_pidfd(const struct container *c);
/* The document of "state", heap, the caller's. @status as given. With a policy the supervisor is asked. */
char *container_state_json(const struct container *c, enum container_status s);

/* Every id below @root that has a state directory: foreign entries (other runtimes' share the root in Docker) are left
 * out. Names only: nothing is proven of the root or them. Sorted; heap strings; the caller frees each and the array. ENOENT in
 * @e: there is no such root. */
int container_list_ids(const char *root, char ***ids, size_t *n, struct err *e);

/* The configuration that counts. The caller frees with oci_config_free(). */
int container_read_config(const struct container *c, struct oci_config *out, struct err *e);

/* proc(5) stat field 22 of @pid, 0 if it is gone or a zombie. */
uint64_t container_start_time(pid_t pid);

#endif
