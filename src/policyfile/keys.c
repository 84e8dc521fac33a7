// SPDX-License-Identifier: Apache-2.0
/* keys.c - where each key of an annotation stands in a policy file
 *
 * Runs in:  whoever reads or writes a policy file.
 */
#include "policyfile/keys.h"

#include "base/str.h"

const struct policyfile_key policyfile_keys[] = {
	{ "net-allow", "network.allow", "network", "allow", POLICYFILE_LIST },
	{ "net-deny", "network.deny", "network", "deny", POLICYFILE_LIST },
	{ "net-allow-bind", "network.allow_bind", "network", "allow_bind", POLICYFILE_LIST },
	{ "net-deny-bind", "network.deny_bind", "network", "deny_bind", POLICYFILE_LIST },
	{ "allow-udp", NULL, "network", "allow_udp", POLICYFILE_BOOL },
	{ "allow-icmp", NULL, "network", "allow_icmp", POLICYFILE_BOOL },
	{ "dns", NULL, "network", "dns", POLICYFILE_WORD },
	{ "mode", NULL, "network", "mode", POLICYFILE_WORD },
	{ "outside", NULL, "network", "outside", POLICYFILE_WORD },
	{ "errno", NULL, "network", "errno", POLICYFILE_WORD },
	{ "require", NULL, "network", "require", POLICYFILE_LIST },
	{ "tell", NULL, "network", "tell", POLICYFILE_BOOL },
	{ "network.port_remap", NULL, "network", "port_remap", POLICYFILE_BOOL },
	{ "log", NULL, "log", "to", POLICYFILE_LIST },
	{ "log-allowed", NULL, "log", "allowed", POLICYFILE_BOOL },
	{ "http-allow", "http.allow", "http", "allow", POLICYFILE_LIST },
	{ "http-deny", "http.deny", "http", "deny", POLICYFILE_LIST },
	{ "http-ports", "http.ports", "http", "ports", POLICYFILE_LIST },
	{ "http-ca", "config.http_ca", "http", "ca", POLICYFILE_WORD },
	{ "http-key", "config.http_key", "http", "key", POLICYFILE_WORD },
	{ "http-inject-ca", "config.http_inject_ca", "http", "inject_ca", POLICYFILE_LIST },
	{ "http-ca-out", "config.http_ca_out", "http", "ca_out", POLICYFILE_WORD },
	{ "http-auth", NULL, "http", "auth", POLICYFILE_LIST },
	{ "http-via", NULL, "http", "via", POLICYFILE_WORD },
};
const size_t policyfile_n_keys = ARRAY_SIZE(policyfile_keys);

const struct policyfile_key *policyfile_find_key(const char *table, const char *name)
{
	for (size_t i = 0; i < policyfile_n_keys; i++)
		if (str_eq(policyfile_keys[i].table, table) && str_eq(policyfile_keys[i].name, name))
			return &policyfile_keys[i];
	return NULL;
}
