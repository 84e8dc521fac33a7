// SPDX-License-Identifier: Apache-2.0
/* user.c - process.user: groups, gid, uid, umask; stdio that the new user can open again
 *
 * Owns:     the order of groups, gid and uid, and what is checked of them in create.
 * Must not: touch capabilities, but for keeping them over the change.
 * Runs in:  init and exec'd processes, after the bounding set, before process_set_caps().
 */
#include "process/process.h"

#include <grp.h>
#include <limits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hide.h"
#include "base/str.h"
#include "base/trace.h"
#include "process/internal.h"

/* -1 means "leave it" to setresuid(2) and setresgid(2): as an id it would silently keep root. */
#define NO_ID UINT32_MAX

int user_check(const struct oci_user *u, struct err *e)
{
	if (u->uid == NO_ID)
		return err_msg(e, "process.user.uid: %u is no user id", u->uid);
	if (u->gid == NO_ID)
		return err_msg(e, "process.user.gid: %u is no group id", u->gid);
	if (u->n_additional_gids > NGROUPS_MAX)
		return err_msg(e, "process.user.additionalGids: %zu entries; the kernel takes %d", u->n_additional_gids,
			       NGROUPS_MAX);
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (u->additional_gids[i] == NO_ID)
			return err_msg(e, "process.user.additionalGids[%zu]: %u is no group id", i,
				       u->additional_gids[i]);
	if (u->umask.set && u->umask.v > 0777)
		return err_msg(e, "process.user.umask: 0%o is above 0777", u->umask.v);
	return 0;
}

/* A pipe made by the engine belongs to root: without this /dev/stdout could not be opened by the user (nginx does). Only
 * pipes and terminals: a file or a device is the caller's property and stays so, a socket cannot be opened by name
 * anyway. A terminal keeps its group: a devpts may be mounted with gid=. */
static int own_stdio(const struct oci_user *u, struct err *e)
{
	for (int fd = 0; fd <= 2; fd++) {
		struct stat st;
		gid_t gid;

		if (fstat(fd, &st) < 0) {
			if (errno == EBADF)
				continue;
			return err_sys(e, "look at descriptor %d", fd);
		}
		if (S_ISFIFO(st.st_mode))
			gid = u->gid;
		else if (S_ISCHR(st.st_mode) && isatty(fd))
			gid = st.st_gid;
		else
			continue;
		if (st.st_uid == u->uid && st.st_gid == gid)
			continue;
		/* EPERM: its owner is not mapped in our user namespace. EINVAL: the new one is not, which
		 * setresuid() will say better. EROFS: a fifo or tty node on a read-only mount. */
		if (fchown(fd, u->uid, gid == st.st_gid ? (gid_t)-1 : gid) < 0 && errno != EPERM && errno != EROFS &&
		    errno != EINVAL)
			return err_sys(e, "give descriptor %d to user %u", fd, u->uid);
	}
	return 0;
}

static bool has_group(gid_t gid, const gid_t *have, int n)
{
	for (int i = 0; i < n; i++)
		if (have[i] == gid)
			return true;
	return false;
}

/* setgroups(2) was refused: a user namespace with a single group denies it (Linux 3.19), and so does the kernel to a
 * caller without CAP_SETGID. No loss where every group asked for is there anyway. */
static int groups_without_right(const struct oci_user *u, struct err *e)
{
	int n = getgroups(0, NULL);
	autofree gid_t *have = xcalloc(n > 0 ? (size_t)n : 1, sizeof(gid_t));

	n = n > 0 ? getgroups(n, have) : 0;
	for (size_t i = 0; i < u->n_additional_gids; i++) {
		gid_t g = u->additional_gids[i];

		if (g != u->gid && !has_group(g, have, n))
			return err_set(e, EPERM, "process.user.additionalGids[%zu]: group %u cannot be added here "
				       "(setgroups is denied in this user namespace, or CAP_SETGID is missing)", i, g);
	}
	return 0;
}

static int set_groups(const struct oci_user *u, struct err *e)
{
	_Static_assert(sizeof(gid_t) == sizeof(u->additional_gids[0]), "additional_gids serves as gid_t[]");

	if (setgroups(u->n_additional_gids, (const gid_t *)u->additional_gids) == 0)
		return 0;
	if (errno == EPERM)
		return groups_without_right(u, e);
	if (errno != EINVAL)
		return err_sys(e, "process.user.additionalGids: set %zu groups", u->n_additional_gids);
	/* Which one? Asked one by one; the list in force does not matter any more. */
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (setgroups(1, (const gid_t *)&u->additional_gids[i]) < 0 && errno == EINVAL)
			return err_msg(e, "process.user.additionalGids[%zu]: group %u is not mapped in the user "
				       "namespace (linux.gidMappings)", i, u->additional_gids[i]);
	return err_set(e, EINVAL, "process.user.additionalGids: set %zu groups", u->n_additional_gids);
}

static int id_error(const char *what, uint32_t id, const char *maps, struct err *e)
{
	if (errno == EINVAL)
		return err_msg(e, "process.user.%s: %u is not mapped in the user namespace (linux.%s)", what, id, maps);
	return err_sys(e, "process.user.%s: change to %u", what, id);
}

int process_set_user(const struct oci_process *p, bool keep_groups, struct err *e)
{
	const struct oci_user *u = &p->user;

	trace(TRACE_PROCESS, "user %u:%u, %zu more groups", u->uid, u->gid, u->n_additional_gids);
	if (own_stdio(u, e) < 0)
		return -1;
	/* Else the change from uid 0 empties the permitted set, and process_set_caps() would have nothing to give. */
	if (u->uid != 0 && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, "keep capabilities over the change of user");
	/* Groups before the uid: afterwards there is no right to. */
	if (!keep_groups && set_groups(u, e) < 0)
		return -1;
	if (hide_setresgid(u->gid) < 0)
		return id_error("gid", u->gid, "gidMappings", e);
	if (hide_setresuid(u->uid) < 0)
		return id_error("uid", u->uid, "uidMappings", e);
	/* 022 where nothing is said, as both peers: the caller's own umask was set to 0 to make devices and mount points. */
	umask(u->umask.set ? u->umask.v & 0777 : 022);
	return 0;
}
