// SPDX-License-Identifier: Apache-2.0
/* rootfs-box.h - a root filesystem under test: an image, a config, and a child that takes the steps of rootfs.h with them
 *
 * Owns:     the temporary directory, the child's namespaces, and the check that the host's files and mounts are as they were.
 */
#ifndef TESTS_UNIT_ROOTFS_BOX_H
#define TESTS_UNIT_ROOTFS_BOX_H

/* The strings of a config are char *; here they are literals, which nobody writes to. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

#include "child.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/filter.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

#include <arpa/inet.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/str.h"
#include "base/sys.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"

#define MAX_MOUNTS 64
#define MAX_WORDS 8

/* An image, a config, and what the child does when it is inside. */
struct box {
	char dir[64];  /* the bundle; "rootfs" in it is the root, "host" what stands for the host */
	struct oci_config c;
	struct oci_mount mounts[MAX_MOUNTS];
	char *words[MAX_MOUNTS][MAX_WORDS];
	char *masked[16], *readonly[16];
	struct oci_namespace ns[8];
	struct oci_pair sysctl[8];
	struct oci_device devices[8];
	struct oci_id_mapping map[1];
	struct policy_host hosts[1];
	struct in6_addr addr[1];
	bool no_pivot, no_mount_ns, no_cgroupns;
	uid_t uid; /* not 0: become this user first, and make a user namespace */
	bool userns;
	void (*before)(struct report *r, const struct box *b);  /* in the child, in the new mount namespace, before the steps */
	void (*inside)(struct report *r, const struct box *b);
	void (*outside)(struct report *r, const struct box *b); /* after the mounts, before pivot_root */
};

/* --- the image ------------------------------------------------------------------------------------------------ */

/* With an empty image and config; and with the mounts that an engine asks for. Freed by works, fails or end. */
struct box *box_new(void);
struct box *box_new_usual(void);
void box_end(struct box *b);
/* The path of a file of the bundle. Valid for the next seven calls. */
char *box_in(const struct box *b, const char *path);
/* Writes a file, and says whether one holds just this. */
void box_put(const char *path, const char *text);
bool box_holds(const char *path, const char *text);
/* Adds an entry of "mounts"; its options end with NULL. */
struct oci_mount *box_add(struct box *b, const char *dest, const char *type, const char *source, ...);
void box_copy_busybox(const struct box *b);
/* The masked and read-only paths that engines ask for. */
void box_mask_usual(struct box *b);

/* --- the steps ------------------------------------------------------------------------------------------------ */

/* Takes them; false where one failed, with the error in *rep. The host must be untouched in any case. */
bool box_run(struct box *b, struct report **rep);
/* They succeed; or fail with @text in the error. */
void box_works(struct box *b);
void box_fails(struct box *b, const char *text);

/* --- looking around, in the child ------------------------------------------------------------------------------ */

/* The options of the topmost mount at @place (of the mount and of the superblock), or NULL. */
const char *look_options(const char *place);
bool look_has(const char *place, const char *word);
bool look_is_dev(const char *path, unsigned int major_, unsigned int minor_, unsigned int mode);
bool look_links_to(const char *path, const char *text);
/* Is it on a filesystem of this type (statfs(2))? */
bool look_is_on(const char *path, long magic);

/* main() of a test program; or 77 where it cannot run. */
int box_tests(const char *name, const struct CMUnitTest *tests, size_t n);

#endif
