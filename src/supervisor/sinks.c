// SPDX-License-Identifier: Apache-2.0
/* sinks.c - where the record of refusals goes
 *
 * Runs in:  the supervisor's main thread.
 *
 * The journal and syslog are addressed with each datagram, so that a daemon that was started anew gets the next one. The journal's own
 * protocol (systemd's documentation, "Native Journal Protocol") is lines of NAME=value; every value here is printable ASCII already.
 */
#include "supervisor/sinks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "supervisor/internal.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_PRIORITY (3 * 8 + 4) /* daemon, warning */
#define MESSAGE_ID "d5c1e0f6a5f64f0c9c2d6a5f3b7e8a41"

void sinks_init(struct sinks *s, const struct sinks_request *q, int state_dir)
{
	*s = (struct sinks){
		.state = { q->state ? state_dir : -1, "denied.jsonl", "denied.jsonl.1", AUDIT_FILE_MAX, 0600, -1 },
		.file = { q->dir, q->name, s->old_name, SINKS_FILE_MAX, 0600, -1 },
		.journal = q->journal,
		.syslog = q->syslog,
		.sock = -1,
		.who = q->who,
	};
	snprintf(s->old_name, sizeof(s->old_name), "%s.1", q->name);
	if (s->journal || s->syslog)
		s->sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* --- files ------------------------------------------------------------------------------------------------------------ */

/* Somebody has moved it away (logrotate), or another supervisor has that writes to it, too. */
static bool is_moved(const struct sinks_file *f, const struct stat *mine)
{
	struct stat there;

	return fstatat(f->dir, f->name, &there, AT_SYMLINK_NOFOLLOW) < 0 || there.st_ino != mine->st_ino || there.st_dev != mine->st_dev;
}

static void next_file(struct sinks_file *f)
{
	renameat(f->dir, f->name, f->dir, f->old_name);
	fd_close(&f->fd);
}

static bool open_file(struct sinks_file *f)
{
	struct stat st;

	if (f->fd >= 0 && (fstat(f->fd, &st) < 0 || is_moved(f, &st)))
		fd_close(&f->fd);
	if (f->fd >= 0 && st.st_size >= f->max)
		next_file(f);
	if (f->fd >= 0)
		return true;
	f->fd = openat(f->dir, f->name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, f->mode);
	/* Nothing that waits, and nobody else's file by another name. */
	if (f->fd >= 0 && (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1))
		fd_close(&f->fd);
	return f->fd >= 0;
}

/* In one write: several may append to one file. A full disk loses lines, not verdicts. */
static void write_file(struct sinks_file *f, const struct sinks_line *l, const char *who)
{
	char line[4096];
	int n = snprintf(line, sizeof(line), "%s%s%s", l->head, who, l->rest);

	if (f->dir < 0 || n <= 0 || (size_t)n >= sizeof(line) || !open_file(f))
		return;
	/* EFBIG: a user's limit, which was the caller's (ulimits.c); on in the next file. */
	if (write(f->fd, line, (size_t)n) < 0 && errno == EFBIG)
		next_file(f);
}

/* --- datagrams -------------------------------------------------------------------------------------------------------- */

static void send_to(const struct sinks *s, const char *path, const char *text, size_t len)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	(void)!sendto(s->sock, text, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sun, sizeof(sun));
}

static void write_journal(const struct sinks *s, const struct sinks_line *l)
{
	char text[4096];
	int n;

	if (!l->call)
		return;
	n = snprintf(text, sizeof(text),
		     "MESSAGE=container %s: %s %s by %s: %s, %s\nPRIORITY=4\nSYSLOG_IDENTIFIER=sandrun\nMESSAGE_ID=" MESSAGE_ID
		     "\nSANDRUN_CONTAINER=%s\nSANDRUN_SEQ=%llu\nSANDRUN_VERDICT=%s\nSANDRUN_CALL=%s\nSANDRUN_DESTINATION=%s\n"
		     "SANDRUN_RULE=%s\nSANDRUN_LAYER=%s\nSANDRUN_ERROR=%s\nSANDRUN_COMM=%s\nSANDRUN_PID=%d\nSANDRUN_WHO={%s}\n",
		     l->id, l->call, l->destination, l->comm, l->error, l->rule, l->id, (unsigned long long)l->seq, l->verdict, l->call,
		     l->destination, l->rule, l->layer, l->error, l->comm, (int)l->pid, *s->who ? s->who + 1 : "");
	if (n > 0 && (size_t)n < sizeof(text))
		send_to(s, JOURNAL_SOCKET, text, (size_t)n);
}

static void write_syslog(const struct sinks *s, const struct sinks_line *l)
{
	char text[4096], stamp[32];
	time_t now = time(NULL);
	struct tm tm;
	int n;

	gmtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &tm);
	n = snprintf(text, sizeof(text), "<%d>%s sandrun: %s%s%s", SYSLOG_PRIORITY, stamp, l->head, s->who, l->rest);
	/* Without the line break. */
	if (n > 1 && (size_t)n < sizeof(text))
		send_to(s, SYSLOG_SOCKET, text, (size_t)n - 1);
}

void sinks_write(struct sinks *s, const struct sinks_line *l)
{
	write_file(&s->state, l, "");
	write_file(&s->file, l, s->who);
	if (s->sock < 0)
		return;
	if (s->journal)
		write_journal(s, l);
	if (s->syslog)
		write_syslog(s, l);
}
