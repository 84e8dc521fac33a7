// SPDX-License-Identifier: Apache-2.0
/* attack_fuse.c - memory and files of a FUSE server that never answers
 *
 * Owns:     the server; a verb that tries what else is served meanwhile, and one that leaves everything hanging.
 * Runs in:  the container, with /dev/fuse and the right to mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe.h"

#define PAGES 4

struct fuse_reply {
	struct fuse_out_header h;
	union {
		struct fuse_init_out init;
		struct fuse_attr_out attr;
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} u;
};

static void fuse_attr(struct fuse_attr *a, uint64_t ino)
{
	a->ino = ino;
	a->mode = ino == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
	a->size = 4096 * PAGES;
	a->nlink = 1;
}

static int read_seen = -1;  /* a byte for each read that will wait */
static bool close_hangs;

/* One file, whose reads wait for ever. */
static void fuse_serve(int dev)
{
	static char in[1 << 17];

	for (;;) {
		struct fuse_in_header *q = (struct fuse_in_header *)in;
		struct fuse_reply r = { 0 };
		size_t len = 0;

		if (read(dev, in, sizeof(in)) < (ssize_t)sizeof(*q))
			return;
		switch (q->opcode) {
		case FUSE_INIT:
			r.u.init.major = FUSE_KERNEL_VERSION;
			r.u.init.minor = 31;
			r.u.init.max_write = 4096;
			len = sizeof(r.u.init);
			break;
		case FUSE_LOOKUP:
			r.u.entry.nodeid = 2;
			r.u.entry.attr_valid = 1000;
			r.u.entry.entry_valid = 1000;
			fuse_attr(&r.u.entry.attr, 2);
			len = sizeof(r.u.entry);
			break;
		case FUSE_GETATTR:
			r.u.attr.attr_valid = 1000;
			fuse_attr(&r.u.attr.attr, q->nodeid);
			len = sizeof(r.u.attr);
			break;
		case FUSE_OPEN:
			len = sizeof(r.u.open);
			break;
		case FUSE_READ:
			if (write(read_seen, "x", 1) < 0)
				return;
			continue;
		case FUSE_FORGET:
		case FUSE_INTERRUPT:
			continue;
		case FUSE_FLUSH:
			if (close_hangs)
				continue;
			break;
		default:
			r.h.error = -ENOSYS;
		}
		r.h.unique = q->unique;
		r.h.len = (uint32_t)(sizeof(r.h) + len);
		if (write(dev, &r, r.h.len) < 0)
			return;
	}
}

static void *serve_thread(void *dev)
{
	fuse_serve((int)(intptr_t)dev);
	return NULL;
}

/* --- who waits for it ----------------------------------------------------------------------------------------------------- */

static int dev, file, read_came;
static char *fuse_page;

/* The server is a process of its own, or a @thread of this one: then who waits for it shares its descriptors, and the kernel waits for
 * ever when both are killed. */
static bool fuse_mount(bool thread)
{
	char options[64];
	pthread_t t;
	int ends[2];

	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", dev);
	if (dev < 0 || pipe(ends) < 0 || mount("slow", "/tmp", "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
		say_step("FUSE");
		return false;
	}
	read_came = ends[0];
	read_seen = ends[1];
	if (thread) {
		pthread_create(&t, NULL, serve_thread, (void *)(intptr_t)dev);
	} else if (fork() == 0) {
		fuse_serve(dev);
		_exit(0);
	}
	file = open("/tmp/file", O_RDONLY | O_CLOEXEC);
	fuse_page = mmap(NULL, 4096 * PAGES, PROT_READ, MAP_PRIVATE, file, 0);
	if (file < 0 || fuse_page == MAP_FAILED) {
		say_step("FILE");
		return false;
	}
	return true;
}

static void *fuse_call(void *type)
{
	int fd = socket(AF_INET, (int)(intptr_t)type | SOCK_CLOEXEC, 0);

	if ((intptr_t)type == SOCK_STREAM)
		connect(fd, (struct sockaddr *)(void *)fuse_page, sizeof(struct sockaddr_in));
	else
		sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)(void *)fuse_page, sizeof(struct sockaddr_in));
	return NULL;
}

/* Several threads' addresses lie in a file of FUSE that is never read; meanwhile a connect to ADDR PORT, and one to ADDR2
 * PORT2: the outcomes, and whether they took less than a second. */
static void fuse_pages(int argc, char **argv)
{
	struct timeval a, b;
	struct dest d[2];
	pthread_t t;
	long ms;

	(void)argc;
	dest_parse(&d[0], argv[1], argv[2]);
	dest_parse(&d[1], argv[3], argv[4]);
	if (!fuse_mount(false))
		return;
	close(dev);
	for (int i = 0; i < 24; i++) /* the supervisor has 32 threads */
		pthread_create(&t, NULL, fuse_call, (void *)(intptr_t)(i & 1 ? SOCK_STREAM : SOCK_DGRAM));
	usleep(100000); /* one read tells of the first of them only */
	gettimeofday(&a, NULL);
	for (int i = 0; i < 2; i++) {
		int fd = sock(AF_INET, SOCK_STREAM, 0);

		say_ret(connect(fd, &d[i].sa, d[i].len));
		printf(" ");
	}
	gettimeofday(&b, NULL);
	ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_usec - a.tv_usec) / 1000;
	printf("%s", ms < 1000 ? "FAST" : "SLOW");
	fflush(stdout);
	_exit(0); /* the threads will not end by themselves */
}

/* --- what keeps its connection open --------------------------------------------------------------------------------------- */

static void *connect_there(void *fd)
{
	connect((int)(intptr_t)fd, (struct sockaddr *)(void *)fuse_page, sizeof(struct sockaddr_in));
	return NULL;
}

static void *touch_there(void *unused)
{
	(void)unused;
	return (void *)(intptr_t)*(volatile char *)fuse_page;
}

/* A unix socket that has @fd in its queue. */
static int queue_of(int fd)
{
	union {
		struct cmsghdr h;
		char buf[CMSG_SPACE(sizeof(int))];
	} c = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (void *)(uintptr_t)payload, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c) };
	int pair[2];

	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || sendmsg(pair[1], &m, 0) < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

/* Hangs, and says "HANGS" when it does. On behalf of a connect, in which the supervisor has in its hands: "device", /dev/fuse itself;
 * "queue", a unix socket with that in its queue. Without its help: "self", a thread that waits for another one's page; "close", the
 * end of the first process, at whose close the server says nothing. */
static void fuse_hang(int argc, char **argv)
{
	bool self = strcmp(argv[1], "self") == 0;
	pthread_t t;
	char byte;

	(void)argc;
	alarm(0);
	close_hangs = strcmp(argv[1], "close") == 0;
	if (!fuse_mount(self))
		return;
	/* Else this process would wait, too, at its end: for the page, to take the filesystem down; for an answer to the close. And who
	 * looks for mounts would find this one. */
	if (!self && !close_hangs) {
		umount2("/tmp", MNT_DETACH);
		close(file);
	}
	if (self)
		pthread_create(&t, NULL, touch_there, NULL);
	else if (strcmp(argv[1], "device") == 0)
		pthread_create(&t, NULL, connect_there, (void *)(intptr_t)dev);
	else if (strcmp(argv[1], "queue") == 0)
		pthread_create(&t, NULL, connect_there, (void *)(intptr_t)queue_of(dev));
	if (!close_hangs && read(read_came, &byte, 1) < 0)
		return;
	printf("HANGS\n");
	fflush(stdout);
	for (;;)
		pause();
}

const struct verb attack_fuse_verbs[] = {
	{ "fuse-pages", "ADDR PORT ADDR PORT", 4, fuse_pages },
	{ "fuse-hang", "device|queue|self|close", 1, fuse_hang },
	{ 0 },
};
