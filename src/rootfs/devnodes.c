// SPDX-License-Identifier: Apache-2.0
/* devnodes.c - devices of linux.devices for a container with a user namespace, with the owner and the mode that were asked for
 *
 * In a user namespace no device can be made, and one of the host's that is bound there has the host's owner and mode. So they are
 * made outside, on a tmpfs that only a process of ours ever sees, and bound from there. (The idea is crun's.)
 *
 * Owns:     that process, its mount namespace, the descriptors it hands over.
 * Must not: be necessary: where it does not work, the host's own device is bound.
 * Runs in:  create, with its rights, before clone.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hide.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "oci/names.h"
#include "rootfs/devices.h"
#include "rootfs/mount.h"
#include "rootfs/rootfs.h"

static bool to_host(const struct oci_id_mapping *m, size_t n, const struct oci_opt_u32 *id, uint32_t *out)
{
	uint32_t v = id->set ? id->v : 0;

	for (size_t i = 0; i < n; i++) {
		if (v >= m[i].container_id && v - m[i].container_id < m[i].size) {
			*out = m[i].host_id + (v - m[i].container_id);
			return true;
		}
	}
	return false;
}

/* In the child's mount namespace: a detached copy of the node, or -1. */
static int make_one(int dir, const struct oci_linux *l, size_t i)
{
	const struct oci_device *d = &l->devices[i];
	const char *type = d->type ? d->type : "";
	char name[24];
	uint32_t uid, gid;
	mode_t kind = str_eq(type, "b") ? S_IFBLK : S_IFCHR;

	if (str_eq(type, "p") || d->major < 0 || d->minor < 0)
		return -1;
	if (!to_host(l->uid_mappings, l->n_uid_mappings, &d->uid, &uid) ||
	    !to_host(l->gid_mappings, l->n_gid_mappings, &d->gid, &gid))
		return -1;
	snprintf(name, sizeof(name), "%zu", i);
	if (mknodat(dir, name, kind | 0600, makedev((unsigned int)d->major, (unsigned int)d->minor)) < 0 ||
	    fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(dir, name, d->file_mode.set ? d->file_mode.v & 07777 : 0666, 0) < 0)
		return -1;
	return mount_clone(dir, name, false, true);
}

/* Sends for each device one byte: 1 with the descriptor, or 0. */
__attribute__((noreturn)) static void child(const struct oci_linux *l, int sock)
{
	const struct mount_fs fs = { .type = "tmpfs" };
	int dir, tree;

	hide_self();
	log_divert(NULL);
	fd_close_from_but(3, sock);
	/* On "/", for want of a directory that is there for sure. Nobody else is in this namespace. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		_exit(1);
	tree = mount_fs_detached(&fs, NULL);
	dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (tree < 0 || dir < 0 || mount_attach(tree, dir, NULL) < 0)
		_exit(1);
	for (size_t i = 0; i < l->n_devices; i++) {
		int fd = make_one(tree, l, i);

		if (fd >= 0 ? fd_send(sock, fd, "\1", 1, NULL) < 0 : write(sock, "", 1) != 1)
			_exit(1);
		fd_close(&fd);
	}
	_exit(0);
}

int *rootfs_make_nodes(const struct oci_config *config)
{
	const struct oci_linux *l = &config->linux_;
	int pair[2];
	int *nodes;
	pid_t pid;

	if (!l->n_devices || !l->n_uid_mappings || !l->n_gid_mappings || geteuid() != 0)
		return NULL;
	/* Sequenced packets: a descriptor comes with its byte. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return NULL;
	pid = fork();
	if (pid == 0)
		child(l, pair[1]);
	close(pair[1]);
	nodes = xcalloc(l->n_devices, sizeof(*nodes));
	for (size_t i = 0; i < l->n_devices; i++) {
		char byte;

		nodes[i] = -1;
		if (pid > 0)
			(void)fd_recv(pair[0], &byte, 1, &nodes[i], NULL);
	}
	close(pair[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return nodes;
}

void rootfs_nodes_free(int *nodes, size_t n)
{
	for (size_t i = 0; nodes && i < n; i++)
		fd_close(&nodes[i]);
	free(nodes);
}
