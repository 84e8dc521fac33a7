// SPDX-License-Identifier: Apache-2.0
/* terminal.c - the container's terminal: a pty from its own devpts, its size, its session, its way to the engine
 *
 * Owns:     proof that what is opened as "ptmx" is one: the tree below the root was filled by an image.
 * Must not: follow a symlink there, or open a device by name before it was looked at (a mere open() of a tape drive
 *           rewinds it; of another terminal, hangs).
 * Runs in:  init and exec'd processes, after the mounts, before capabilities are given up.
 *
 * A devpts holds nothing that userspace can create. So once a *directory* is proven to be the root of a devpts, "ptmx" and
 * the numbers in it are what they seem, and no second look can be raced.
 */
#include "process/process.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/unixsock.h"
#include "process/internal.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* Linux 4.13 */
#endif

#define PTMX_DEV makedev(5, 2)
#define SLAVE_MAJOR 136 /* to 143: 8 majors of 256 */
#define DEVPTS_ROOT_INODE 1

int terminal_check(const struct oci_process *p, struct err *e)
{
	const struct oci_console_size *s = &p->console_size;

	/* struct winsize has 16 bits for each. consoleSize without a terminal is to be ignored (config.md). */
	if (p->terminal && s->set && (s->height > USHRT_MAX || s->width > USHRT_MAX))
		return err_msg(e, "process.consoleSize: height and width are at most %d", USHRT_MAX);
	return 0;
}

static bool on_devpts(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == DEVPTS_SUPER_MAGIC;
}

static bool is_char(const struct stat *st, dev_t rdev)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == rdev;
}

/* Opens the character device @rdev that is @name in @dir, and nothing else. */
static int open_device(int dir, const char *name, dev_t rdev)
{
	struct stat st;
	autofd fd = -1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!is_char(&st, rdev)) {
		errno = ENODEV;
		return -1;
	}
	fd = openat(dir, name, O_RDWR | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	/* In a plain /dev (below) the name could have been exchanged in between. */
	if (!is_char(&st, rdev)) {
		errno = ENODEV;
		return -1;
	}
	return fd_steal(&fd);
}

/* dev/pts below @root if it is the root directory of a devpts; -1 with errno if not. Step by step, no symlinks. */
static int open_devpts(int dev)
{
	autofd pts = openat(dev, "pts", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (pts < 0 || fstat(pts, &st) < 0)
		return -1;
	if (!on_devpts(pts) || st.st_ino != DEVPTS_ROOT_INODE) {
		errno = ENODEV;
		return -1;
	}
	return fd_steal(&pts);
}

/* The slave by its number: before Linux 4.13 there is no other way. */
static int open_slave_by_number(int pts, int master)
{
	unsigned int n;
	char name[16];

	if (pts < 0) {
		errno = ENODEV;
		return -1;
	}
	if (ioctl(master, TIOCGPTN, &n) < 0)
		return -1;
	snprintf(name, sizeof(name), "%u", n);
	return open_device(pts, name, makedev(SLAVE_MAJOR + n / 256, n % 256));
}

static int open_slave(int pts, int master)
{
	/* From the master itself: no name is looked up at all. */
	int fd = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOTTY || errno == EINVAL))
		fd = open_slave_by_number(pts, master);
	return fd;
}

int process_open_terminal_at(int rootfd, int *master, int *slave, struct err *e)
{
	autofd dev = openat(rootfd, "dev", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autofd pts = -1;
	autofd m = -1;
	autofd s = -1;
	int unlock = 0;

	*master = *slave = -1;
	if (dev < 0)
		return err_msg(e, "process.terminal: the container has no /dev directory (%s)", err_words(errno));
	pts = open_devpts(dev);
	if (pts >= 0)
		m = open_device(pts, "ptmx", PTMX_DEV);
	/* A device node beside pts (a /dev from the host): the kernel then takes the devpts at "pts" next to it. */
	if (m < 0)
		m = open_device(dev, "ptmx", PTMX_DEV);
	if (m < 0)
		return err_msg(e, "process.terminal: the container has neither a devpts on /dev/pts nor a proper /dev/ptmx "
			       "(mounts: type devpts, destination /dev/pts): %s", err_words(errno));
	if (ioctl(m, TIOCSPTLCK, &unlock) < 0)
		return err_sys(e, "process.terminal: unlock the new pty");
	s = open_slave(pts, m);
	if (s < 0)
		return err_msg(e, "process.terminal: open the slave of the new pty (%s)", err_words(errno));
	if (!on_devpts(s) || !isatty(s))
		return err_msg(e, "process.terminal: the slave of the new pty is not on a devpts");
	*master = fd_steal(&m);
	*slave = fd_steal(&s);
	return 0;
}

int process_open_terminal(int *master, int *slave, struct err *e)
{
	autofd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, "process.terminal: open the root directory");
	return process_open_terminal_at(root, master, slave, e);
}

int process_set_winsize(int tty, unsigned int height, unsigned int width, struct err *e)
{
	struct winsize w = { .ws_row = (unsigned short)height, .ws_col = (unsigned short)width };

	if (height > USHRT_MAX || width > USHRT_MAX)
		return err_msg(e, "process.consoleSize: height and width are at most %d", USHRT_MAX);
	if (ioctl(tty, TIOCSWINSZ, &w) < 0)
		return err_sys(e, "process.consoleSize: set %u lines of %u characters", height, width);
	return 0;
}

int process_take_terminal(int slave, uid_t uid, struct err *e)
{
	/* EPERM: leader of a session already, which is what is wanted. */
	if (setsid() < 0 && errno != EPERM)
		return err_sys(e, "process.terminal: start a session");
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_sys(e, "process.terminal: make the pty the controlling terminal");
	/* Its group is the business of the devpts' gid= option. Not mapped, or a read-only devpts: still usable, as the
	 * descriptors are open. */
	if (fchown(slave, uid, (gid_t)-1) < 0 && errno != EPERM && errno != EINVAL && errno != EROFS)
		return err_sys(e, "process.terminal: give the pty to user %u", uid);
	for (int fd = 0; fd <= 2; fd++) {
		/* dup2() onto itself would leave close-on-exec as it is. */
		if (fd == slave ? fd_set_cloexec(fd, false) < 0 : dup2(slave, fd) < 0)
			return err_sys(e, "process.terminal: make the pty descriptor %d", fd);
	}
	return 0;
}

int process_send_console(const char *socket_path, int master, struct err *e)
{
	static const char name[] = "/dev/ptmx";
	autofd sock = unixsock_connect(socket_path, SOCK_STREAM, e);

	if (sock < 0)
		return err_prefix(e, "--console-socket");
	/* One message, one descriptor, no answer: conmon and the shim take what comes first and hang up. */
	if (fd_send(sock, master, name, sizeof(name) - 1, e) < 0)
		return err_prefix(e, "--console-socket %s", socket_path);
	return 0;
}
