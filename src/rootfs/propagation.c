// SPDX-License-Identifier: Apache-2.0
/* propagation.c - linux.rootfsPropagation
 *
 * Runs in:  create (sources) and init.
 */
#include "rootfs/propagation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "rootfs/mount.h"
#include "rootfs/target.h"

bool propagation_is_asked(const struct oci_config *config)
{
	const char *word = config->linux_.rootfs_propagation;

	return word && *word;
}

/* Some mount wants to see what the host mounts below its source. */
static bool some_mount_receives(const struct oci_config *config)
{
	for (size_t i = 0; i < config->n_mounts; i++) {
		const struct oci_strings *o = &config->mounts[i].options;

		for (size_t k = 0; k < o->n; k++)
			if (mount_options_propagation(o->v[k]) & (MS_SLAVE | MS_SHARED))
				return true;
	}
	return false;
}

int propagation_of(const struct oci_config *config, unsigned long *ms, struct err *e)
{
	const char *word = config->linux_.rootfs_propagation;

	*ms = (some_mount_receives(config) ? MS_SLAVE : MS_PRIVATE) | MS_REC;
	if (!propagation_is_asked(config))
		return 0;
	*ms = mount_options_propagation(word);
	if (!*ms)
		return err_msg(e, "linux.rootfsPropagation: unknown value \"%s\" (known are shared, slave, private, "
				  "unbindable, and these with an r in front)", word);
	return 0;
}

int propagation_set_namespace(unsigned long ms, struct err *e)
{
	/* An unbindable "/" could not be bound to make the root of. What the word wants is said of the new root, later. */
	if (ms & MS_UNBINDABLE)
		ms = MS_PRIVATE | (ms & MS_REC);
	/* By name and not by descriptor: this happens in our own mount namespace, before anything of the image is
	 * looked at. */
	if (mount(NULL, "/", NULL, ms, NULL) < 0)
		return err_sys(e, "set the propagation of / in the new mount namespace");
	return 0;
}

int propagation_protect_parent(int fd, bool slave, struct err *e)
{
	unsigned long want = slave ? MS_SLAVE : MS_PRIVATE;
	autofd cur = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	/* Only the root of a mount can be told so, EINVAL elsewhere: go up until it is one. */
	while (cur >= 0) {
		struct err why;
		autofd up = -1;

		if (mount_set_propagation(cur, want, &why) == 0)
			return 0;
		if (why.code != EINVAL) {
			if (e)
				*e = why;
			return -1;
		}
		up = openat(cur, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return err_sys(e, "open a directory above the root filesystem");
		/* "/" is no mount in a chroot. There is no better place then. */
		if (target_same(cur, up))
			return 0;
		fd_close(&cur);
		cur = fd_steal(&up);
	}
	return err_sys(e, "duplicate the descriptor of the root");
}
