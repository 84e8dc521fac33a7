// SPDX-License-Identifier: Apache-2.0
/* cgroup-util.h - what the tests of the cgroup room share */
#ifndef TESTS_UNIT_CGROUP_UTIL_H
#define TESTS_UNIT_CGROUP_UTIL_H

#include <stddef.h>

#include "cgroup/cgroup.h"

#define SET_I(x) ((struct oci_opt_i64){ true, (x) })
#define SET_U(x) ((struct oci_opt_u64){ true, (x) })

/* Plan and make at once. NULL with @e. */
static inline struct cgroup *create_cgroup(const struct cgroup_request *req, struct err *e)
{
	struct cgroup *cg = cgroup_plan(req, e);

	if (cg && cgroup_make(cg, e) < 0) {
		cgroup_free(cg);
		return NULL;
	}
	return cg;
}

#endif
