// SPDX-License-Identifier: Apache-2.0
/* probe.h - what the files of the probe share
 *
 * Owns:     the form of a verb and of its answer: one word ("OK" or the errno's name) on standard output.
 */
#ifndef TESTS_PROGRAMS_PROBE_H
#define TESTS_PROGRAMS_PROBE_H

#include <stdio.h>
#include <sys/socket.h>

struct verb {
	const char *name;
	const char *args; /* for the usage */
	int min;	  /* number of arguments that must be there */
	/* argv[0] is the verb. Prints the answer without a newline. */
	void (*run)(int argc, char **argv);
};

extern const struct verb probe_inet_verbs[];   /* probe_inet.c: connect and send, every way */
extern const struct verb probe_entry_verbs[];  /* probe_entry.c: the odd ways in */
extern const struct verb probe_socket_verbs[]; /* probe_socket.c: what may be created, bound, unix sockets */
extern const struct verb probe_self_verbs[];   /* probe_self.c: what the process itself is */
extern const struct verb attack_entry_verbs[]; /* attack_entry.c: tricks without a race */
extern const struct verb attack_race_verbs[];  /* attack_race.c: races and storms */
extern const struct verb attack_net_verbs[];   /* attack_net.c: what the network itself can do */
extern const struct verb attack_link_verbs[];  /* attack_link.c: devices between network namespaces */
extern const struct verb attack_fuse_verbs[];  /* attack_fuse.c: memory that never comes */
extern const struct verb attack_source_verbs[]; /* attack_source.c: sources and headers that are not ours */
extern const struct verb attack_names_verbs[];  /* attack_names.c: who would like to be the name service */
extern const struct verb attack_trace_verbs[];  /* attack_trace.c: who is seen behind a call, and who pays */
extern const struct verb attack_task_verbs[];  /* attack_task.c: what tasks can do to a call on its way */

struct dest {
	union {
		struct sockaddr sa;
		struct sockaddr_storage ss;
	};
	socklen_t len;
};

/* Reads "10.0.0.1", "::1" or "fe80::1%2" and a port; ends the program with 2 if it cannot. */
void dest_parse(struct dest *d, const char *addr, const char *port);

/* The destination at @words (ADDR PORT), and a socket for it, as sock() gives it. @domain 0: of the address's family. */
int dest_sock(struct dest *d, char **words, int domain, int type, int protocol);

/* Prints "OK" for 0, else the errno's name. */
void say(int err);
/* say(0) for ret >= 0, say(errno) for -1. */
void say_ret(long ret);
/* "STEP-EPERM": what came before the call in question has failed. */
void say_step(const char *step);
/* socket(2) or the answer: on failure the errno is printed and -1 returned. */
int sock(int domain, int type, int protocol);
/* The socket that whoever listens at the unix socket @path gives away ("probe give"); -1 with errno. */
int take_socket(const char *path);
#ifdef __x86_64__
/* A call of the i386 table, from a 64-bit program. -1 with errno. */
long int80(long nr, long a, long b, long c);
#endif

/* What is sent. */
extern const char payload[6];

#endif
