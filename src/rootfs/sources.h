// SPDX-License-Identifier: Apache-2.0
/* sources.h - where the source of a bind is (rootfs_open_sources() is in rootfs.h)
 */
#ifndef ROOTFS_SOURCES_H
#define ROOTFS_SOURCES_H

/* Relative sources are relative to the bundle. Heap. */
char *sources_path(const char *bundle, const char *source);

#endif
