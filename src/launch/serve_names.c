// SPDX-License-Identifier: Apache-2.0
/* serve_names.c - the name service of a container whose policy follows names
 *
 * Runs in:  create, when init is in its namespaces and before it mounts anything.
 */
#include "launch/serve_names.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "names/daemon.h"
#include "supervisor/supervisor.h"

static struct names_pattern pattern_of(const char *name)
{
	size_t stars = strspn(name, "*");

	return (struct names_pattern){ .name = stars ? name + stars + 1 : name,
				       .depth = stars == 0 ? NAMES_EXACT : stars == 1 ? NAMES_ONE_LABEL : NAMES_ANY_DEPTH };
}

int serve_names(const struct policy *p, const struct policy_resolv_conf *conf, pid_t init, int init_fd, int state_dir, struct err *e)
{
	autofree char *path = xasprintf("/proc/%d/ns/net", (int)init);
	autofree struct names_pattern *patterns = NULL;
	const struct policy_host *hosts;
	struct names_request q = { .init = init_fd, .state_dir = state_dir, .join = supervisor_join_names };
	autofd netns = -1;

	if (!p || !policy_follows_names(p))
		return 0;
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(e, "open the container's network namespace");
	q.netns = netns;
	q.servers = conf->servers;
	q.n_servers = conf->n_servers;
	q.n_patterns = policy_hosts(p, &hosts);
	patterns = xcalloc(q.n_patterns, sizeof(*patterns));
	for (size_t i = 0; i < q.n_patterns; i++)
		patterns[i] = pattern_of(hosts[i].name);
	q.patterns = patterns;
	inet_pton(AF_INET, NAMES_LISTEN, &q.listen);
	return names_start(&q, e) < 0 ? -1 : 0;
}
