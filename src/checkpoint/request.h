// SPDX-License-Identifier: Apache-2.0
/* request.h - a request to CRIU being put together: what dump and restore say alike
 *
 * Owns:     the memory of the message (all of it is the heap's, so one call frees it), the directories' descriptors.
 */
#ifndef CHECKPOINT_REQUEST_H
#define CHECKPOINT_REQUEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/rpc.h"

#define REQUEST_DESCRIPTORS "descriptors.json" /* with the images, where the peers have it: what stdio was */

struct request {
	CriuRequest message;
	CriuOptions *options;
	int images, work; /* directories */
	const char *images_path, *work_path; /* borrowed; the latter may be NULL */
	const char *log_name;
	bool opened; /* the images' directory, to a group: before, it was */
	mode_t mode;
	gid_t group;
};

#define REQUEST_INIT { .message = CRIU_REQUEST__INIT, .images = -1, .work = -1 }

/* Opens the directories (and makes them where they are missing: the images' only if @make) and says what @o and the
 * annotations of @config say. */
int request_open(struct request *q, CriuKind kind, const struct checkpoint_options *o, const struct oci_config *config,
		 struct err *e);
void request_close(struct request *q);
/* CRIU's process has to have the directories. */
void request_keep(const struct request *q, struct rpc_child *child);
/* Lets the host's group @gid into the directory of the images: root of a user namespace reads them. What it was before is kept in
 * @q and put back by request_close(). */
int request_open_images_to(struct request *q, gid_t gid, struct err *e);
/* Opens the directories once more under the same numbers: for a process that has moved to another mount namespace. */
int request_reopen(const struct request *q, struct err *e);

/* Copies. */
void request_add_mount(struct request *q, const char *key, const char *val);
void request_add_external(struct request *q, const char *text);
void request_add_join(struct request *q, const char *kind, const char *path);
void request_add_inherit(struct request *q, const char *key, int fd);
void request_add_cgroup(struct request *q, const char *controller, const char *path);

/* Puts what CRIU's log (or, where there is none yet, its output) says of errors behind the message in @e. */
void request_explain(const struct request *q, const struct rpc *r, struct err *e);

#endif
