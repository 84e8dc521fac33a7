// SPDX-License-Identifier: Apache-2.0
/* annotations.c - what crun's annotations (run.oci.*) ask of create and exec
 *
 * Runs in:  create and exec.
 */
#include "launch/annotations.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "confine/confine.h"
#include "oci/names.h"

#define RECEIVER "run.oci.seccomp.receiver"
#define RECEIVER_ENV "RUN_OCI_SECCOMP_RECEIVER"

static bool is_on(const struct oci_map *annotations, const char *key)
{
	const char *v = oci_map_get(annotations, key);

	return v && !str_eq(v, "0");
}

static void put(struct oci_map *annotations, char *key, char *value)
{
	size_t kept = 0;

	for (size_t i = 0; i < annotations->n; i++) {
		if (!str_eq(annotations->v[i].key, key)) {
			annotations->v[kept++] = annotations->v[i];
			continue;
		}
		free(annotations->v[i].key);
		free(annotations->v[i].value);
	}
	annotations->v = xrealloc(annotations->v, kept + 1, sizeof(*annotations->v));
	annotations->v[kept] = (struct oci_pair){ key, value };
	annotations->n = kept + 1;
}

int annotations_put(struct oci_map *annotations, char *const *words, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = strchr(words[i], '=');

		if (!end || end == words[i])
			return err_text(e, EINVAL, "--annotation %.100s: KEY=VALUE is expected", words[i]);
		put(annotations, xasprintf("%.*s", (int)(end - words[i]), words[i]), xstrdup(end + 1));
	}
	return 0;
}

bool annotations_fail_unknown_calls(const struct oci_map *annotations)
{
	return is_on(annotations, "run.oci.seccomp_fail_unknown_syscall");
}

bool annotations_keep_groups(const struct oci_map *annotations)
{
	return is_on(annotations, "run.oci.keep_original_groups");
}

const char *annotations_delegated_cgroup(const struct oci_map *annotations)
{
	const char *v = oci_map_get(annotations, "run.oci.delegate-cgroup");

	return v && *v ? v : NULL;
}

/* A word that ends so means: only if the command is something for the handler, and else run it as ever. */
static bool is_conditional(const char *handler)
{
	size_t n = strlen(handler), k = strlen("-smart");

	return n > k && str_eq(handler + n - k, "-smart");
}

int annotations_check(const struct oci_map *annotations, struct err *e)
{
	const char *handler = oci_map_get(annotations, "run.oci.handler");
	const char *kind = oci_map_get(annotations, "io.kubernetes.cri.container-type");

	/* The annotation is the pod's: its pause container is an ordinary program. */
	if (handler && *handler && !is_conditional(handler) && !(kind && str_eq(kind, "sandbox")))
		return err_msg(e, "annotation run.oci.handler: this runtime has no handler \"%.64s\" (it runs programs on the host's kernel)",
			       handler);
	if (oci_map_get(annotations, "run.oci.seccomp_bpf_data"))
		return err_msg(e, "annotation run.oci.seccomp_bpf_data: a seccomp filter in this form is not supported (use linux.seccomp)");
	return 0;
}

int annotations_take_receiver(struct oci_config *config, struct err *e)
{
	struct oci_seccomp *s = &config->linux_.seccomp;
	const char *path = oci_map_get(&config->annotations, RECEIVER);
	const char *from = path ? "annotation " RECEIVER : RECEIVER_ENV;

	if (!path)
		path = getenv(RECEIVER_ENV);
	if (!path || s->listener_path || !confine_profile_has_notify(s))
		return 0;
	if (path[0] != '/')
		return err_msg(e, "%s: \"%.64s\" is no absolute path", from, path);
	s->listener_path = xstrdup(path);
	return 0;
}
