// SPDX-License-Identifier: Apache-2.0
/* state.c - what the steps of the rootfs room hand on to each other
 *
 * Runs in:  init.
 */
#include "rootfs/state.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/str.h"
#include "rootfs/target.h"

struct rootfs_state *state_get(struct rootfs *r)
{
	if (!r->state) {
		r->state = xcalloc(1, sizeof(*r->state));
		r->state->null_tree = -1;
	}
	return r->state;
}

int state_add_late_ro(struct rootfs *r, int fd)
{
	struct rootfs_state *s = state_get(r);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		return -1;
	s->late_ro = xrealloc(s->late_ro, s->n_late_ro + 1, sizeof(*s->late_ro));
	s->late_ro[s->n_late_ro++] = copy;
	return 0;
}

void state_drop_late_ro(struct rootfs *r, int fd)
{
	struct rootfs_state *s = state_get(r);
	size_t kept = 0;

	for (size_t i = 0; i < s->n_late_ro; i++) {
		if (target_same_mount(s->late_ro[i], fd))
			fd_close(&s->late_ro[i]);
		else
			s->late_ro[kept++] = s->late_ro[i];
	}
	s->n_late_ro = kept;
}

void state_free(struct rootfs *r)
{
	struct rootfs_state *s = r->state;

	if (!s)
		return;
	fd_close(&s->null_tree);
	for (size_t i = 0; i < s->n_late_ro; i++)
		fd_close(&s->late_ro[i]);
	free(s->late_ro);
	free(s->label);
	free(s);
	r->state = NULL;
}
