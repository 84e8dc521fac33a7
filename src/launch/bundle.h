// SPDX-License-Identifier: Apache-2.0
/* bundle.h - an engine's bundle: the directory, its config.json, and what no container can be without
 *
 * Owns:     reading it once. From then on the text that was read counts, not the file.
 * Must not: make anything.
 * Runs in:  create, run and restore; first of all.
 */
#ifndef CONTAINER_BUNDLE_H
#define CONTAINER_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "oci/config.h"

/* Reads @config_file, or config.json in the directory @bundle where it is NULL, and checks all that can be checked without
 * making anything. *text is NULL, or what bundle_read_file() has read of @config_file, with its @len. Returns the absolute path of
 * the bundle; that and *text are heap, the caller's. NULL with @e; the caller frees @config and *text in any case. */
char *bundle_read(const char *bundle, const char *config_file, struct oci_config *config, char **text, size_t len,
		  struct err *e);
/* Only the text, for who has to do it earlier. Heap, the caller's; 0, or -1 with @e. */
int bundle_read_file(const char *config_file, char **text, size_t *len, struct err *e);
/* The path of the root filesystem on the host. Heap, the caller's. */
char *bundle_root(const struct oci_config *config, const char *bundle);
/* That process.terminal and --console-socket go together. @foreground: the caller takes the terminal itself. */
int bundle_check_terminal(const struct oci_process *p, const char *console_socket, bool foreground, struct err *e);

#endif
