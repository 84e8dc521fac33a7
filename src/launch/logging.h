// SPDX-License-Identifier: Apache-2.0
/* logging.h - the places to which a container's record goes, opened
 *
 * Owns:     what io.sandlock.log says, made into descriptors, and who the container is to people.
 * Must not: write outside of the directories for it, whatever an annotation says (base/hostfile.h).
 * Runs in:  create.
 */
#ifndef CONTAINER_LOGGING_H
#define CONTAINER_LOGGING_H

#include <stdbool.h>

#include "base/error.h"
#include "container/container.h"
#include "policy/policy.h"
#include "supervisor/sinks.h"

struct logging_request {
	const struct container *container;
	const struct policy *policy;
	bool trusted; /* the administrator or the caller has written the path: it may be any */
};

/* out->dir is the caller's to close (-1: no file). -1 with @e. */
int logging_open(const struct logging_request *q, struct sinks_request *out, struct err *e);

#endif
