// SPDX-License-Identifier: Apache-2.0
/* unixsock.h - connecting to a unix socket that a user or an engine named
 *
 * Owns:     paths longer than the 107 bytes of sun_path (engines' state directories are deep).
 */
#ifndef BASE_UNIXSOCK_H
#define BASE_UNIXSOCK_H

#include "base/error.h"

/* @path: "@name" is an abstract one. @type: SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM. Returns a close-on-exec descriptor, the caller's, or -1 with @e, whose
 * text never has the words that engines take for "command not found". */
int unixsock_connect(const char *path, int type, struct err *e);

#endif
