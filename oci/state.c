// SPDX-License-Identifier: Apache-2.0
/* state.c - the state document
 *
 * Owns:     its keys and their order.
 * Must not: have any of the keys "started", "finished", "exitCode", "oomKilled", "seccompKilled", "error", "initPid",
 *           "initStartTime", "checkpointedTime", "containerMonitorProcess": CRI-O decodes it over a struct of its own.
 * Runs in:  state, list; whoever runs hooks or a seccomp agent.
 */
#include "oci/state.h"

#include "oci/json_write.h"
#include "oci/names.h"

static void put_state(struct json_out *j, const struct oci_state *s)
{
	json_open_map(j);
	json_kv_string(j, "ociVersion", OCI_SPEC_VERSION);
	json_kv_string(j, "id", s->id);
	json_kv_int(j, "pid", s->pid);
	json_kv_string(j, "status", s->status);
	json_kv_string(j, "bundle", s->bundle);
	if (s->rootfs)
		json_kv_string(j, "rootfs", s->rootfs);
	if (s->created)
		json_kv_string(j, "created", s->created);
	if (s->owner)
		json_kv_string(j, "owner", s->owner);
	if (s->annotations && s->annotations->n) {
		json_key(j, "annotations");
		json_open_map(j);
		for (size_t i = 0; i < s->annotations->n; i++)
			json_kv_string(j, s->annotations->v[i].key, s->annotations->v[i].value);
		json_close_map(j);
	}
	json_close_map(j);
}

char *oci_state_write(const struct oci_state *s, bool pretty)
{
	struct json_out *j = json_out_new(pretty);

	put_state(j, s);
	return json_out_finish(j);
}

char *oci_state_write_list(const struct oci_state *v, size_t n)
{
	struct json_out *j = json_out_new(false);

	json_open_array(j);
	for (size_t i = 0; i < n; i++)
		put_state(j, &v[i]);
	json_close_array(j);
	return json_out_finish(j);
}
