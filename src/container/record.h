// SPDX-License-Identifier: Apache-2.0
/* record.h - record.json: what a later command has to know of a container
 *
 * Owns:     the form of the record on disk; container_save() is here, too. What its fields mean is in container.h.
 * Must not: decide anything by them.
 */
#ifndef CONTAINER_RECORD_H
#define CONTAINER_RECORD_H

#include "base/error.h"
#include "container/container.h"

/* Reads the record of @c, whose directory is open and whose fields are still empty. Without one, c->creating is set and all
 * else stays empty. -1 with EBADMSG in @e if it cannot be read or is not a record of this container, whole; the fields are empty
 * then. */
int record_read(struct container *c, struct err *e);
/* The same of the copy that is kept beside it once the container is made. */
int record_read_copy(struct container *c, struct err *e);
/* Frees the fields that record_read() made. */
void record_free(struct container *c);

#endif
