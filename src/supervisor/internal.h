// SPDX-License-Identifier: Apache-2.0
/* internal.h - what the supervisor's files share
 *
 * Owns:     struct sup (the process), struct op (one call on its way), the limits and what happens at each; struct
 *           sup_shared, what outlives the process (watch.c).
 * Runs in:  the supervisor and its watcher only. Nothing here uses the heap after "ready".
 */
#ifndef SUPERVISOR_INTERNAL_H
#define SUPERVISOR_INTERNAL_H

#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/error.h"
#include "confine/bpf_egress.h"
#include "confine/notify_calls.h"
#include "confine/plan.h"
#include "confine/wall/groups.h"
#include "confine/wall/wall.h"
#include "names/names.h"
#include "policy/learned.h"
#include "policy/policy.h"
#include "supervisor/counts.h"
#include "supervisor/sinks.h"
#include "supervisor/supervisor.h"

/* Limits: each has an answer for when it is reached. */
#define LISTENERS_MAX 256     /* exec sessions at a time; more: the exec is refused with this as the reason */
#define PENDING_MAX 2048      /* blocked calls at a time; more: EAGAIN (connect), ENOBUFS (send) */
#define WORKERS_MAX 32	      /* threads; all stuck in the workload's own slow pages: its calls wait until one is back */
#define WORKERS_FIRST 3
#define WORKERS_MORE 8	      /* at a time */
#define CONNECTIONS_MAX 16    /* on the control socket; more: the oldest is closed */
#define PAYLOAD_MAX (256 * 1024) /* a datagram's bound (EMSGSIZE, as beyond SO_SNDBUF); a stream is sent in pieces */
#define CONTROL_MAX 8192      /* control data: ENOBUFS, as beyond net.core.optmem_max */
#define IOVECS_MAX 1024	      /* the kernel's UIO_MAXIOV: EMSGSIZE */
#define RIGHTS_MAX 253	      /* the kernel's SCM_MAX_FD: EINVAL */
#define CREDS_MAX 8	      /* SCM_CREDENTIALS in a message: EINVAL */
#define AUDIT_RING 256	      /* refusals not yet written; more: counted, not described */
#define AUDIT_FILE_MAX (1024 * 1024) /* then the file becomes denied.jsonl.1, the one before is gone */
#define AUDIT_PER_SECOND 50   /* lines written a second (and a burst of twice that); more: counted in one line */
#define WATCH_DEADLINE_S 30   /* no init by then: nobody is coming */
#define TICK_MS 2	      /* how long a worker may be away before another takes over */
#define PENDING_TICK_MS 4     /* how often blocked calls are looked at, at best */
#define RESTARTS_MAX 10	      /* a minute; more: the watcher gives up, and with it the listeners are gone: closed */
#define NOTIF_ROOM 512	      /* a later kernel may have longer structures; it tells by EINVAL: closed */

struct worker;
struct sup;

/* --- what the watcher and the supervisors, one after the other, have in common (watch.c) --------------------------- */

/* A notification that was received and not answered yet: nobody can receive it again, so its id must outlive whoever
 * has it. id 0: none. */
struct inflight {
	_Atomic uint64_t id;
	_Atomic unsigned int listener;
};

struct sup_shared {
	_Atomic uint64_t kernel_seen;
	uint64_t wall_seen, wall_told; /* the main threads', one after the other: wall_log.c */
	_Atomic unsigned int restarts;
	pid_t watcher;
	/* The kernel writes here, so that between "received" and "written down" there is nothing to be killed in. */
	struct {
		_Atomic unsigned int listener;
		union {
			struct seccomp_notif n;
			uint8_t room[NOTIF_ROOM];
		};
	} received[WORKERS_MAX];
	struct inflight pending[PENDING_MAX]; /* as in the table of blocked calls */
	_Atomic int64_t said[WORKERS_MAX]; /* the outcome of a call, from a child (deputy.c) */
	bool names_ask; /* the next one is there */
	struct names_report names_first; /* what the name service said first: who is asked, and by which ports */
	struct learned learned; /* names.c; touched only where names are followed */
};

/* --- caller.c: reading the task that made the call ------------------------------------------------------------ */

struct caller {
	const struct sup *sup;
	struct worker *worker;
	pid_t tid;
	int pidfd;	/* of the thread where the kernel can (6.9), else of its process */
};

/* Negative errno, or 0. @c must be closed with caller_close(). */
int caller_open(struct caller *c, struct worker *w, pid_t tid);
void caller_close(struct caller *c);
/* All @len bytes, or -EFAULT. A page that is slow to come blocks the calling worker (never the others, loop.c). */
int caller_read(const struct caller *c, uint64_t addr, void *buf, size_t len);
/* Two places at once. */
int caller_read2(const struct caller *c, uint64_t addr1, void *buf1, size_t len1, uint64_t addr2, void *buf2, size_t len2);
int caller_read_vec(const struct caller *c, const struct iovec *remote, size_t n, void *buf, size_t len);
/* The caller's memory for caller_write(): 0 or a negative errno, to be closed in any case. It is the caller's if the
 * notification is found valid after this; a stranger's must not be written to. */
struct caller_memory {
	int fd, maps;
	uint64_t from, to; /* a mapping that the caller may write to */
};
int caller_open_memory(const struct caller *c, struct caller_memory *out);
void caller_close_memory(struct caller_memory *m);
/* Where the caller itself could write; else -EFAULT. */
int caller_write(struct caller_memory *m, uint64_t addr, const void *buf, size_t len);
/* The caller's descriptor @fd as one of ours, or a negative errno (-EBADF). */
int caller_fetch(struct caller *c, int fd);
struct sockinfo;
/* True if no other task can change the caller's descriptor table while it waits for us, and its descriptor @fd is a socket
 * like @si for as long. */
bool caller_is_alone(struct caller *c, int fd, const struct sockinfo *si);

#define GROUPS_MAX 65536 /* the kernel's NGROUPS_MAX */
struct caller_identity {
	pid_t tgid, ns_tgid; /* in our pid namespace, in the caller's own */
	unsigned int threads;
	uid_t uid, euid, suid, fsuid;
	gid_t gid, egid, sgid, fsgid;
	unsigned int ngroups;
	gid_t *groups; /* NULL, or room for GROUPS_MAX */
	mode_t umask;
	uint64_t cap_eff;
	uint64_t sig_pending, sig_pending_shared, sig_blocked, sig_ignored;
	char comm[16];
	rlim_t nofile; /* not here: caller_find_nofile() */
};
/* From /proc/TID/status. Costs 10 to 20 µs: not on the way of an allowed packet. */
int caller_identify(const struct sup *s, pid_t tid, struct caller_identity *out);
/* With the groups, into the room that @out brings. */
int caller_identify_all(const struct sup *s, pid_t tid, struct caller_identity *out);
/* Its RLIMIT_NOFILE. */
int caller_find_nofile(const struct sup *s, pid_t tid, rlim_t *out);

struct caller_cgroup {
	int v2;	    /* the directory, or -1 */
	int memory; /* v1: the file of the memory hierarchy by which a thread moves itself there, or -1 */
};
/* Both, of a task that is there, are -1 where they cannot be found. To be closed with caller_close_cgroup(). */
struct caller_cgroup caller_find_cgroup(const struct sup *s, pid_t tid);
void caller_close_cgroup(struct caller_cgroup *cg);

/* --- message.c: headers, iovecs and control data as bytes (pure; fuzzed) ------------------------------------------ */

struct message {
	uint64_t name;
	uint32_t name_len;
	uint64_t iov;
	uint64_t iov_len;
	uint64_t control;
	uint64_t control_len;
};
#define MESSAGE_HEADER_MAX 64
size_t message_header_size(bool compat);
size_t message_entry_size(bool compat);	 /* struct mmsghdr */
size_t message_entry_len_at(bool compat); /* offset of msg_len in it */
/* Negative errno as copy_msghdr_from_user() gives, or 0. */
int message_parse(const uint8_t *buf, bool compat, struct message *out);
size_t message_iovec_size(bool compat);
int message_parse_iovecs(const uint8_t *buf, size_t n, bool compat, struct iovec *out, uint64_t *total);

enum message_family { MESSAGE_INET, MESSAGE_UNIX, MESSAGE_NETLINK };
struct message_control {
	size_t len;		/* of out[], in our own layout */
	unsigned int nfds;	/* SCM_RIGHTS: the caller's numbers, in order … */
	int fds[RIGHTS_MAX];
	size_t fds_at[RIGHTS_MAX]; /* … and where in out[] ours go */
	unsigned int ncreds;	/* SCM_CREDENTIALS (the last one counts, each is checked) … */
	size_t creds_at[CREDS_MAX]; /* … and where in out[] */
	_Alignas(16) uint8_t out[CONTROL_MAX * 2];
};
/* Copies the caller's control data @in into our layout and looks at every header. -EPERM for what must not be passed on,
 * -ENOBUFS. What the kernel would not take is copied as something else that it does not take. */
int message_parse_control(const uint8_t *in, size_t len, bool compat, enum message_family family,
			  struct message_control *out);

/* setsockopt's membership in a multicast group, of either family. */
#define MESSAGE_MEMBERSHIP_MAX 264 /* struct group_source_req */
struct message_membership {
	struct in6_addr group; /* IPv4 as ::ffff:a.b.c.d; multicast for sure */
	size_t len;
	_Alignas(8) uint8_t value[MESSAGE_MEMBERSHIP_MAX]; /* in our own layout */
};
/* Negative errno as the kernel, or 0. */
int message_parse_membership(const uint8_t *in, size_t len, bool compat, int level, int name, struct message_membership *out);

/* --- verdict.c: pure ---------------------------------------------------------------------------------------------- */

struct sockinfo {
	int domain, type, protocol;
};

enum destination {
	DEST_NONE,	/* no address that the kernel would send to: it may be asked, and will say so */
	DEST_REFUSED,	/* a protocol that the policy cannot speak of */
	DEST_JUDGE,	/* *out is to be judged */
};
/* What the kernel makes of @ss on this socket. Rewrites @ss where it leaves room for interpretation (any-address, no
 * family), so that what is judged is what is used. @send: not a connect. */
enum destination verdict_destination(const struct sockinfo *si, bool send, struct sockaddr_storage *ss, socklen_t *len,
				     struct policy_dest *out);
bool verdict_is_inet(const struct sockinfo *si);

/* --- audit.c -------------------------------------------------------------------------------------------------------- */

struct audit_record {
	struct timespec when;
	pid_t tid;
	enum notify_kind kind;
	char comm[16];
	bool has_dest;
	struct policy_dest dest;
	bool has_socket; /* no destination, but a kind of socket: family, type, protocol */
	int socket[3];
	enum policy_layer layer; /* who refused it: 0 is the supervisor */
	uint64_t seq; /* audit_denied() fills it in: the number of this refusal, from 1 on */
	int rule; /* as policy_verdict.rule; AUDIT_NO_RULE: not a rule but @why */
	const char *why; /* a string constant */
	int error;
	bool has_uid; /* of whom is known only whose socket it was */
	uid_t uid;
	bool dns; /* a question for @name, not a call */
	char name[LEARNED_TEXT]; /* by which the destination is known; empty: none */
};
#define AUDIT_SCHEMA 1 /* of the lines of the record; a field more is no other schema */
#define AUDIT_NO_RULE (-2)

struct audit {
	pthread_mutex_t lock;
	struct audit_record ring[AUDIT_RING];
	unsigned int head, count;
	uint64_t suppressed;
	struct counts *counts; /* shared: outlives this process */
	int wake_fd; /* eventfd: the main thread writes */
	/* main thread only: */
	struct sinks sinks;
	unsigned int tokens;
	int64_t tokens_at;
};
int audit_init(struct audit *a, const struct sinks_request *sinks, int state_dir, struct counts *counts);
/* Main thread: a line that says that the supervisor is the @restarts-th after the first. */
void audit_restarted(struct audit *a, const char *id, unsigned int restarts);
/* Main thread: the last line, if there was any. */
void audit_ended(struct audit *a, const char *id);
/* Any thread; never waits for a disk. */
void audit_denied(struct audit *a, const struct audit_record *r);
/* @n refusals of which no more is known. */
void audit_denied_many(struct audit *a, uint64_t n);
/* Main thread: writes what has come in. @last: also how many were not described, whether or not a line is due. */
void audit_flush(struct audit *a, const struct policy *p, const char *id, bool last);

/* --- the call on its way ---------------------------------------------------------------------------------------------- */

enum op_phase {
	OP_NEW,	       /* nothing done yet */
	OP_CONNECTING, /* a connect is under way on ->sock to ->addr, judged */
	OP_SENDING,    /* ->done bytes or messages have gone out; the rest is read again, judged again */
};

struct op {
	uint64_t id;	 /* the notification's */
	unsigned int listener; /* its slot */
	pid_t tid;
	struct notify_call call;
	enum op_phase phase;
	int sock;	 /* our duplicate of the socket, or -1. Owned */
	struct sockinfo si;
	uint64_t done;
	struct sockaddr_storage addr;
	socklen_t addr_len;
	bool fastopen_sent; /* the SYN is out: what follows is an ordinary send */
	int timeout_errno;  /* of a connect */
	int64_t deadline;   /* SO_SNDTIMEO, absolute ms; 0: none */
};

/* What a handler says of an op. */
enum answer {
	ANSWER_VALUE,	 /* result->val / result->error are the call's outcome */
	ANSWER_CONTINUE, /* the kernel may run the original: only where plan.c's backstop, or caller_is_alone(), allows, or no
			  * memory and no descriptor is in it */
	ANSWER_WAIT,	 /* would block: come again when op->sock is writable (or after a while) */
	ANSWER_DONE,	 /* the handler has answered itself */
};
struct result {
	int64_t val;
	int error; /* negative errno */
};

#define PIDFDS_CACHED 16 /* by thread id; another one in its place: opened anew */
struct cached_pidfd {
	pid_t tid; /* 0: none */
	int fd;
};

struct worker {
	struct sup *sup;
	struct cached_pidfd pidfds[PIDFDS_CACHED];
	unsigned int index;
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic uint32_t wake;	    /* futex: 1 = you lead */
	_Atomic bool in_connect;    /* may be interrupted by TICK_SIGNAL */
	unsigned int away_ticks;    /* main thread only */
	uint64_t seen_seq;	    /* main thread only */
	/* Scratch, bounded, touched only when used. */
	uint8_t *payload;	    /* PAYLOAD_MAX */
	uint8_t *control_in;	    /* CONTROL_MAX */
	struct iovec *iovecs;	    /* IOVECS_MAX */
	uint8_t *iovecs_in;	    /* IOVECS_MAX * 16 */
	struct message_control *control;
	int fds[RIGHTS_MAX];
};

struct listener {
	int fd; /* -1: free */
	_Atomic unsigned int refs; /* 1 for being served, 1 for each op */
	bool closing;
};

struct pending {
	struct op op;
	bool used, busy; /* busy: a worker has it in its hands */
	uint32_t generation;
	bool polled;	    /* in the epoll set */
	int64_t next_look;  /* ms: validity and signals */
	int64_t next_retry; /* ms: for sockets whose writability tells nothing (AF_UNIX datagrams) */
	unsigned int backoff;
	bool signal_seen;
};

struct sup {
	const struct policy *policy;
	struct policy_traits traits;
	struct confine_plan plan;
	char id[256];
	int proc_fd;	  /* the host's /proc */
	int cgroup_v2, cgroup_memory; /* where these hierarchies are mounted; -1: nowhere */
	int state_dir;
	int cgroup_fd;	  /* the cgroup of the program; -1: there is none */
	int control_fd;   /* listening */
	int connections[CONNECTIONS_MAX]; /* -1: free */
	unsigned int connection_next;
	int creator_fd;   /* pidfd of create, until watch */
	int init_fd;	  /* pidfd of init */
	int watch_fd;	  /* our end of the watcher's pair; -1: it is gone, and our end will be the end */
	struct sup_shared *shared;
	int names_fd; /* the name service; -1: none */
	pthread_mutex_t names_lock; /* shared->learned */
	int main_ep, work_ep;
	int tick_fd;	  /* main: workers */
	int pending_fd;	  /* workers: timerfd for blocked calls */
	_Atomic bool tick_armed;
	bool thread_pidfds; /* PIDFD_THREAD */
	bool groups_denied; /* setgroups(2) is not ours to call */
	struct audit audit;
	struct counts *counts; /* a file in the state directory; shared with the watcher */
	struct sinks_request sinks;
	const volatile struct bpf_egress_log *kernel_log; /* NULL: no cgroup program */
	bool first_pid_ns;	    /* only then: ours is the one in which the program counts */
	struct wall wall;
	struct wall_groups groups; /* of the names that are followed, where there is a wall */
	int wall_fd;	 /* a socket of the network that it stands in; -1: there is none */
	bool wall_dirty; /* it has refused something since its counters were read */
	pthread_mutex_t lock; /* listeners and pending */
	struct listener listeners[LISTENERS_MAX];
	struct pending *pending;
	unsigned int pending_count;
	bool pending_armed;
	/* Completed connects whose answer did not reach the caller (interrupted; kernels before 5.19): the restarted call
	 * must get 0, not EISCONN. By socket cookie. */
	uint64_t undelivered[16];
	unsigned int undelivered_next;
	/* Until when (µs) a connect on a blocking socket is expected to block (connect.c). */
	_Atomic int64_t connects_block_until;
	/* budget.c. The last two: main thread only. */
	int cpu_quota_fd, cpu_period_fd; /* -1: no quota to read */
	_Atomic int64_t pause_until;	 /* µs; 0: none yet */
	int64_t window_start, window_cpu;
	/* Leadership: (worker index << 1 | busy) | sequence << 16. */
	_Atomic uint64_t lead;
	pthread_mutex_t idle_lock;
	unsigned int idle[WORKERS_MAX];
	unsigned int idle_count;
	struct worker workers[WORKERS_MAX];
	unsigned int worker_count; /* main thread only */
	uint8_t *worker_rooms;	   /* stacks and scratch for WORKERS_MAX */
};

int64_t sup_now_ms(void);

/* --- listener.c ---------------------------------------------------------------------------------------------------------- */
/* Takes @fd. The slot or -1 if there is none. The watcher has it before anyone is told. */
int listener_add(struct sup *s, int fd, struct err *e);
/* Before the threads: takes what an earlier supervisor served in @slot. */
int listener_restore(struct sup *s, unsigned int slot, int fd);
/* Something is to be had from listener @slot. */
void listener_serve(struct worker *w, unsigned int slot, uint32_t events);
bool listener_valid(struct sup *s, const struct op *op);
/* False if the caller is no longer there to hear it. */
bool listener_respond(struct sup *s, const struct op *op, int64_t val, int error, uint32_t flags);
int listener_add_fd(struct sup *s, const struct op *op, int fd, bool cloexec);
void listener_put(struct sup *s, unsigned int slot);
/* Closes what may be the last duplicate of a socket that lingers, for as long as its maker says: may be interrupted. */
void listener_close(struct worker *w, int *sock);
/* Runs a call (new or once blocked) to its next stop and answers it if it is over. True: it waits, keep it. */
bool listener_run(struct worker *w, struct op *op);
void listener_audit(struct sup *s, const struct op *op, const struct policy_dest *d, int rule, const char *why, int error);
/* The same for a record that needs more: fills in who and when. */
void listener_audit_record(struct sup *s, const struct op *op, struct audit_record *r);

/* --- names.c ------------------------------------------------------------------------------------------------------------- */
/* policy_check(), with the addresses that names have at the moment. */
struct policy_verdict names_check(struct sup *s, const struct policy_dest *d);
/* Some name has @addr at the moment. */
bool names_cover(struct sup *s, const struct in6_addr *addr);
/* The name by which the container knows @addr, or "". */
void names_of(struct sup *s, const struct in6_addr *addr, char name[LEARNED_TEXT]);
/* Main thread. Takes @fd, the conversation with a new name service. */
void names_take(struct sup *s, int fd);
/* Main thread: it has said something, or has ended. */
void names_hear(struct sup *s);

/* --- names_wall.c: main thread -------------------------------------------------------------------------------------------- */
/* Brings the wall's sets up to what names have now. -1: they are not; who asked for a name has to ask again. */
int names_wall_update(struct sup *s);
/* Lets the name service through, as it has said first. */
int names_wall_open(struct sup *s);

/* --- wall_log.c: main thread --------------------------------------------------------------------------------------------- */
/* The wall's socket, for a question; what it tells meanwhile goes into the record. */
void wall_log_adopt(struct sup *s, struct netlink *n);
/* It has told something. */
void wall_log_hear(struct sup *s);
/* Brings the counts up to date. */
void wall_log_drain(struct sup *s);

/* --- kernel_log.c: main thread ------------------------------------------------------------------------------------------- */
int kernel_log_open(struct sup *s, int map_fd);
void kernel_log_drain(struct sup *s);

/* --- budget.c ------------------------------------------------------------------------------------------------------------ */
/* Main thread, while calls come in. */
void budget_tick(struct sup *s);
/* Returns when there is time to spend. */
void budget_wait(struct sup *s);

/* --- pending.c ------------------------------------------------------------------------------------------------------------- */
int pending_init(struct sup *s);
/* Takes over @op (its socket). False: full. */
bool pending_add(struct sup *s, struct op *op);
void pending_ready(struct worker *w, uint32_t index, uint32_t generation);
void pending_tick(struct worker *w);

/* --- loop.c ---------------------------------------------------------------------------------------------------------------- */
#define TICK_SIGNAL SIGUSR1
enum work_tag { WORK_LISTENER = 1, WORK_PENDING, WORK_TIMER };
#define WORK_DATA(tag, index, gen) ((uint64_t)(tag) << 56 | (uint64_t)((gen) & 0xffffff) << 32 | (uint32_t)(index))
/* The life of the process after "ready"; does not return. */
void loop_run(struct sup *s) __attribute__((noreturn));
/* The calling worker is about to block: lets another lead. False: nobody is free, do not block for long. */
bool loop_hand_over(struct worker *w);
void loop_arm_tick(struct sup *s);
void loop_watch_init(struct sup *s);
void loop_watch_names(struct sup *s);
void loop_watch_wall(struct sup *s);
void loop_watch_connection(struct sup *s, int fd, unsigned int index);

/* --- the handlers: connect.c, send.c, unix.c, options.c, socket.c --------------------------------------------------------------------- */
enum answer connect_handle(struct worker *w, struct caller *c, struct op *op, struct result *r);
enum answer send_handle(struct worker *w, struct caller *c, struct op *op, struct result *r);
enum answer unix_connect(struct worker *w, struct op *op, struct result *r);
/* bind(2) of an internet socket with the caller's right to low ports: 0 or a negative errno; -ESRCH: it is gone. */
int lowport_bind(struct worker *w, const struct op *op);
/* listen(2) in the caller's name: 0 or a negative errno. */
int unix_listen(struct worker *w, const struct op *op, int backlog);
/* Sends one message of an AF_UNIX or AF_NETLINK socket with the caller's credentials: bytes or a negative errno. */
int64_t unix_send(struct worker *w, struct caller *c, struct op *op, struct msghdr *msg, int flags);
enum answer options_handle(struct worker *w, struct caller *c, struct op *op, struct result *r);
enum answer options_bind(struct worker *w, struct caller *c, struct op *op, struct result *r);
enum answer options_listen(struct worker *w, struct caller *c, struct op *op, struct result *r);
/* socket(2) out of socketcall: made here and handed over, where the policy allows it. */
enum answer socket_handle(struct worker *w, struct op *op, struct result *r);
/* What the registers told already (refuse.c). */
enum answer refuse_handle(struct worker *w, const struct op *op, struct result *r);
/* onlooker.c: where nothing is refused. Always "continue". */
enum answer onlooker_handle(struct worker *w, struct caller *c, struct op *op);
/* True if the kernel may run the call itself (policy contract, section 4, rule 2). @fastopen: a send that would connect a TCP
 * socket, should the descriptor become one. */
bool listener_may_continue(const struct sup *s, struct caller *c, const struct op *op, bool fastopen);
int sockinfo_get(int sock, struct sockinfo *out);
/* O_NONBLOCK of the shared file description, at this moment. */
bool sockinfo_nonblock(int sock);

/* --- deputy.c -------------------------------------------------------------------------------------------------------- */

struct deputy {
	bool finds_names; /* the call looks up names */
	bool limits_fds;  /* the call counts descriptors */
	bool blocks;	  /* the call may block: it ends with EINTR after a moment */
	bool shares_fds;  /* the call makes a descriptor, for us: the table is one */
	bool as_anybody;  /* the call needs no identity: where the caller's cannot be had, another will do */
	bool needs_cgroup; /* the call counts for nothing outside of the container's cgroup */
	/* What the call needs that the caller cannot look up itself; *caps: its capabilities that the call needs. With all of ours in
	 * effect. NULL: nothing, none. 0 or a negative errno. */
	int (*prepare)(const struct sup *s, const struct op *op, const struct caller_identity *id, void *arg, uint64_t *caps);
	/* The call: its value or a negative errno. In the child, as the caller, without the heap. */
	int64_t (*act)(const struct op *op, const struct caller_identity *id, void *arg);
	void *arg;
	const int *keep; /* descriptors that the call needs beside op->sock */
	size_t n_keep;
};
/* Has a call made by somebody who is the caller in all that the kernel remembers of it: what it returned, or -EACCES, -ENOMEM; -ESRCH if the
 * caller is gone. */
int64_t deputy_run(struct worker *w, const struct op *op, const struct deputy *d);
/* In a deputy: brings CAP_SYS_ADMIN into effect, if prepare() gave it. */
int deputy_raise(void);
/* Where the arguments of its clone3 are. */
void deputy_clone_args(const void **from, size_t *size);

/* --- watch.c, start.c ------------------------------------------------------------------------------------------------ */

struct watch_note {
	enum { WATCH_INIT = 1, WATCH_LISTENER, WATCH_WALL } what; /* + init's pidfd; + a listener; + its socket */
	unsigned int slot;
};
/* In the supervisor: hands a copy of @fd to the watcher. No watcher (any more) is no error. */
int watch_tell(struct sup *s, const struct watch_note *note, int fd, struct err *e);
/* In the watcher: forks the first supervisor (which says "ready" through @ready) and watches. Does not return. */
void watch_run(struct sup *s, int ready) __attribute__((noreturn));
/* The life of a supervisor, after the fork: @ready is -1 for all but the first. */
void start_supervise(struct sup *s, int ready) __attribute__((noreturn));

/* --- control.c, self.c ------------------------------------------------------------------------------------------------------- */
void control_accept(struct sup *s);
void control_serve(struct sup *s, unsigned int conn);
int control_listen(int state_dir, struct err *e);

/* Becomes the daemon it is: session, stdio, descriptors (keeps those in @keep), signals, name. */
int self_detach(int *keep[], size_t n, struct err *e);
/* The caller's resource limits are not ours (ulimits.c). */
void ulimits_lift(void);
/* rlimits, dumpable, no_new_privs, groups, capabilities. *groups_denied: setgroups(2) is not ours to call. */
int self_limit(bool network, bool *groups_denied, struct err *e);
int self_filter(struct err *e); /* its own seccomp filter; after the first threads have been made */
int self_filter_watcher(struct err *e); /* the watcher's, which each further supervisor has, too */
/* The supervisor's share of self_detach(), for a child of the watcher. */
void self_begin(const char *name);
/* For the calling thread only: adds to (or returns to) the effective capabilities. */
int self_raise(bool on);
/* The same for CAP_NET_ADMIN, where self_limit() was told that it is needed, and nothing else. */
void self_raise_network(bool on);
/* All that may ever be in effect. */
uint64_t self_caps(void);

#endif
