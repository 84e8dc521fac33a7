// SPDX-License-Identifier: Apache-2.0
/* metrics.h - the policies of all containers in numbers, in the OpenMetrics text format
 *
 * Owns:     the names, which dashboards rely on: they do not change.
 * Must not: open a port: a file is read by what collects metrics anyway (node_exporter's textfile collector).
 * Runs in:  sandrun metrics.
 */
#ifndef INSPECT_METRICS_H
#define INSPECT_METRICS_H

#include "inspect/find.h"

/* Heap. */
char *metrics_text(const struct found *f);

#endif
