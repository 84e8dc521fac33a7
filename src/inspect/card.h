// SPDX-License-Identifier: Apache-2.0
/* card.h - a container as somebody sees it who looks through every state root: who it is, not what can be done to it
 *
 * Owns:     a careful reading of record.json: in another user's state directory it may be anything.
 * Must not: lock, change or ask the container; wait for a file (a FIFO) of somebody else's.
 * Runs in:  the commands that look at containers.
 */
#ifndef INSPECT_CARD_H
#define INSPECT_CARD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "container/names.h"
#include "oci/config.h"

struct json_node;

struct card {
	char *root;
	char *id;
	int dir;	   /* its state directory; of a past one: that of the records */
	char *past;	   /* a container that is gone: the file of its refusals; NULL: it is there */
	bool whole;	   /* the record could be read */
	pid_t pid;
	uint64_t start_time;
	char *bundle;
	char *created;
	char *enforcement; /* NULL: no policy */
	struct oci_map annotations;
	struct names names;
	bool named; /* names has been filled in */
};

/* The container @id below @root. ENOENT in @e: there is none, or it is another runtime's. */
int card_open(const char *root, const char *id, struct card *out, struct err *e);
/* The same for a removed one: the file @name in the directory @past. */
int card_open_past(const char *past, const char *name, struct card *out, struct err *e);
void card_name(struct card *c, struct names_cache *cache);
void card_close(struct card *c);

/* "NAMESPACE/POD/NAME", "NAME", or the id, cut to 12 characters if it is a long hexadecimal one. Heap. */
char *card_title(const struct card *c);
/* The id as people read it: the first 12 characters of an engine's long one. Into @buf. */
#define CARD_SHORT 16
const char *card_short_id(const char *id, char buf[CARD_SHORT]);
/* It is running (its init is the one that was recorded). */
bool card_is_alive(const struct card *c);

/* A regular file of @dir, not a link; -1 with errno. */
int card_open_file(int dir, const char *name);
/* All of it, at most @max bytes, NUL-terminated, the caller's; NULL: not there, or too large. */
char *card_read_file(int dir, const char *name, size_t max, size_t *len);
/* The member @key of the object @n; NULL. Its string; NULL if it is none. */
const struct json_node *card_member(const struct json_node *n, const char *key);
const char *card_string(const struct json_node *n, const char *key);
uint64_t card_number(const struct json_node *n, const char *key);

#endif
