// SPDX-License-Identifier: Apache-2.0
/* selfexe.c - the running binary must not be reachable from the container (CVE-2019-5736)
 *
 * Owns:     the one descriptor that the runtime executes itself from.
 *
 * A container whose entry point is /proc/self/exe (or a script with that interpreter) gets a descriptor of the runtime's
 * own binary, and with host root's uid can open it for writing once it is no longer running: the next container is then
 * started by the attacker's program. So what enters a container is executed from something that cannot be written:
 *
 *   1. a read-only detached mount of the binary (open_tree(2) + mount_setattr(2), Linux 5.12): no copy, the page cache is
 *      shared; the mount belongs to no namespace, so nobody can remount it;
 *   2. else a sealed memfd copy.
 *
 * Nothing is needed where our own ids could not write the file either, nor allow themselves to: a user's container is never more
 * than the user. That the file cannot be written *now* (a filesystem that is read-only, a program that is running) says nothing:
 * a container waits with a descriptor of it until an update makes the filesystem writable.
 *
 * Runs in:  create, run, exec; first of all.
 */
#include "launch/selfexe.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/sys.h"
#include "container/container.h"

#define SELF "/proc/self/exe"
#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* What we leave to ourselves across the execve. A detached mount looks to us like any other that is read-only and not below our
 * root, so this tells which one we made, and that it was we: the process and its start, the mount. Who inherits the variable (a
 * hook) is another process. */
#define MARK "SANDRUN_PROTECTED"

static bool compose_mark(int exe, char *text, size_t size)
{
	uint64_t start = container_start_time(getpid());
	struct statx st;

	if (!start || statx(exe, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
		return false;
	/* The mount's root is the file itself: nobody's path leads here. */
	if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return false;
	snprintf(text, size, "%d.%llu.%llu", (int)getpid(), (unsigned long long)start, (unsigned long long)st.stx_mnt_id);
	return true;
}

static bool is_protected(int exe)
{
	const char *mark = getenv(MARK);
	char text[80];
	struct statvfs vfs;

	if (fcntl(exe, F_GET_SEALS) == ALL_SEALS)
		return true;
	return mark && compose_mark(exe, text, sizeof(text)) && str_eq(mark, text) && fstatvfs(exe, &vfs) == 0 &&
	       (vfs.f_flag & ST_RDONLY);
}

static bool could_be_written(int exe)
{
	struct stat st;

	/* Its owner may change its mode. EACCES is about us; EROFS and ETXTBSY (it is running) are about the moment. */
	if (geteuid() == 0 || fstat(exe, &st) < 0 || st.st_uid == geteuid())
		return true;
	return faccessat(AT_FDCWD, SELF, W_OK, AT_EACCESS) == 0 || errno != EACCES;
}

static int read_only_mount(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	autofd tree = sys_open_tree(AT_FDCWD, SELF, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	char mark[80];

	if (tree < 0 || sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr) < 0)
		return -1;
	if (!compose_mark(tree, mark, sizeof(mark)) || setenv(MARK, mark, 1) < 0)
		return -1;
	return fd_steal(&tree);
}

static int sealed_copy(int exe, struct err *e)
{
	/* MFD_EXEC (Linux 6.3) for systems with vm.memfd_noexec; older kernels do not know it. */
	autofd mem = memfd_create("sandrun", MFD_CLOEXEC | MFD_ALLOW_SEALING | 0x0010u);
	struct stat st;
	off_t done = 0;

	if (mem < 0 && errno == EINVAL)
		mem = memfd_create("sandrun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem < 0 || fstat(exe, &st) < 0)
		return err_sys(e, "copy the runtime's binary");
	while (done < st.st_size)
		if (sendfile(mem, exe, &done, (size_t)(st.st_size - done)) <= 0)
			return err_sys(e, "copy the runtime's binary");
	if (fcntl(mem, F_ADD_SEALS, ALL_SEALS) < 0)
		return err_sys(e, "seal the copy of the runtime's binary");
	return fd_steal(&mem);
}

int selfexe_protect(char **argv, struct err *e)
{
	autofd exe = open(SELF, O_RDONLY | O_CLOEXEC);
	autofd copy = -1;

	if (exe < 0)
		return err_sys(e, "open %s (is /proc mounted?)", SELF);
	if (is_protected(exe) || !could_be_written(exe)) {
		unsetenv(MARK); /* nobody else's: hooks have our environment */
		return 0;
	}
	copy = read_only_mount();
	if (copy < 0)
		copy = sealed_copy(exe, e);
	if (copy < 0)
		return -1;
	sys_execveat(copy, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(e, "execute the protected copy of the runtime's binary");
}
