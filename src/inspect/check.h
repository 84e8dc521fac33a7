// SPDX-License-Identifier: Apache-2.0
/* check.h - what this machine can enforce, what it lacks and how to get it, and whether its engines know of sandrun
 *
 * Owns:     the list of findings. Each feature is tried, none is inferred from a version.
 * Must not: change anything that outlives the call.
 * Runs in:  sandrun check.
 */
#ifndef INSPECT_CHECK_H
#define INSPECT_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "toml/toml.h"

enum check_state {
	CHECK_OK,
	CHECK_NOTE,    /* nothing is wrong, but somebody may want to know */
	CHECK_MISSING, /* something optional is not there */
	CHECK_WRONG,   /* a policy cannot be had, or would be lost without a word */
	CHECK_STATES,
};
extern const char *const check_state_names[CHECK_STATES];

struct check_line {
	const char *area; /* "layers"; a constant, as is @name */
	const char *name;
	enum check_state state;
	char *what;
	char *cure; /* what to do or to write where; may have several lines; NULL: nothing */
};

struct check {
	struct check_line *v;
	size_t n;
};

/* Everything. */
void check_machine(struct check *c);
bool check_is_good(const struct check *c); /* no CHECK_WRONG */
void check_free(struct check *c);

/* --- for the files check_….c ------------------------------------------------------------------------------------------- */

/* Takes @cure (heap, or NULL). */
void check_add(struct check *c, const char *area, const char *name, enum check_state state, char *cure, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

void check_kernel(struct check *c);    /* check_kernel.c: the kernel and the layers of the policy */
void check_host(struct check *c);      /* check_host.c: cgroups, user namespaces, programs */
void check_podman(struct check *c);    /* check_podman.c */
void check_docker(struct check *c);    /* check_docker.c */
void check_containerd(struct check *c); /* check_cri.c: containerd and CRI-O */
void check_crio(struct check *c);

/* The program @name in $PATH or where root's programs are; heap, NULL. */
char *check_find_program(const char *name);
/* The first line of its output (both streams), at most 3 s later; heap, NULL. */
char *check_ask_program(const char *path, const char *option);
/* The first number "A.B" in @text as A * 1000 + B; 0. */
unsigned int check_version(const char *text);
bool check_is_sandrun(const char *path); /* its last part is "sandrun" */
/* The file as TOML. NULL: not there; or not readable as such, which is then a finding of @area. */
struct toml *check_read_toml(struct check *c, const char *area, const char *path);
/* @list is an array with the string @s in it. */
bool check_has_string(const struct toml_node *list, const char *s);

#endif
