// SPDX-License-Identifier: Apache-2.0
/* check_host.c - cgroups, user namespaces, and programs that some features want
 *
 * Runs in:  sandrun check.
 */
#include "inspect/check.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cgroupfs.h"
#include "base/file.h"
#include "base/str.h"
#include "checkpoint/checkpoint.h"

#define AREA_CGROUPS "cgroups"
#define AREA_USERNS "user namespaces"
#define AREA_PROGRAMS "programs"

/* --- cgroups ---------------------------------------------------------------------------------------------------------- */

static bool is_mounted(const char *name)
{
	autofree char *path = xasprintf(CGROUPFS_ROOT "/%s", name);

	return access(path, F_OK) == 0;
}

static void look_at_delegation(struct check *c)
{
	autofree char *path = xasprintf(CGROUPFS_ROOT "/user.slice/user-%u.slice/user@%u.service/cgroup.controllers",
					(unsigned int)geteuid(), (unsigned int)geteuid());
	autofree char *have = NULL, *lacking = xstrdup("");
	static const char *const wanted[] = { "cpu", "memory", "pids" };

	if (file_read(AT_FDCWD, path, 4096, &have, NULL, NULL) < 0) {
		check_add(c, AREA_CGROUPS, "delegation", CHECK_MISSING,
			  xstrdup("a session of systemd's for this user (loginctl enable-linger), and the systemd cgroup manager"),
			  "this user has no cgroup of his own: limits cannot be set");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (strstr(have, wanted[i]))
			continue;
		char *longer = xasprintf("%s%s%s", lacking, *lacking ? " " : "", wanted[i]);

		free(lacking);
		lacking = longer;
	}
	if (*lacking)
		check_add(c, AREA_CGROUPS, "delegation", CHECK_MISSING,
			  xstrdup("/etc/systemd/system/user@.service.d/delegate.conf:\n[Service]\nDelegate=cpu cpuset io memory pids"),
			  "not delegated to this user: %s", lacking);
	else
		check_add(c, AREA_CGROUPS, "delegation", CHECK_OK, NULL, "cpu, memory and pids are delegated to this user");
}

static void look_at_cgroups(struct check *c)
{
	bool systemd = access("/run/systemd/system", F_OK) == 0;

	if (cgroupfs_v2_alone())
		check_add(c, AREA_CGROUPS, "hierarchy", CHECK_OK, NULL, "v2");
	else if (is_mounted("unified/cgroup.procs"))
		check_add(c, AREA_CGROUPS, "hierarchy", CHECK_NOTE, xstrdup("on the kernel's command line: systemd.unified_cgroup_hierarchy=1"),
			  "v1 with v2 beside it: limits are v1's");
	else if (is_mounted("memory") || is_mounted("pids"))
		check_add(c, AREA_CGROUPS, "hierarchy", CHECK_NOTE, xstrdup("on the kernel's command line: systemd.unified_cgroup_hierarchy=1"),
			  "v1");
	else
		check_add(c, AREA_CGROUPS, "hierarchy", CHECK_MISSING, xstrdup("mount one on " CGROUPFS_ROOT), "none is mounted");
	check_add(c, AREA_CGROUPS, "systemd", systemd ? CHECK_OK : CHECK_NOTE, NULL,
		  systemd ? "runs here: --systemd-cgroup can be used" : "does not run here: --systemd-cgroup cannot be used");
	if (geteuid() != 0 && cgroupfs_v2_alone())
		look_at_delegation(c);
}

/* --- user namespaces -------------------------------------------------------------------------------------------------- */

static bool file_is(const char *path, const char *text)
{
	autofree char *have = NULL;

	return file_read(AT_FDCWD, path, 256, &have, NULL, NULL) == 0 && str_eq(have, text);
}

static bool can_unshare(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER) < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void look_at_userns(struct check *c)
{
	if (can_unshare() && !(geteuid() && file_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n")))
		check_add(c, AREA_USERNS, "kernel", CHECK_OK, NULL, "can be made");
	else if (file_is("/proc/sys/user/max_user_namespaces", "0\n"))
		check_add(c, AREA_USERNS, "kernel", CHECK_MISSING, xstrdup("sysctl user.max_user_namespaces=15000"), "none may be made");
	else if (file_is("/proc/sys/kernel/unprivileged_userns_clone", "0\n"))
		check_add(c, AREA_USERNS, "kernel", CHECK_MISSING, xstrdup("sysctl kernel.unprivileged_userns_clone=1"), "users may not make any");
	else if (file_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"))
		check_add(c, AREA_USERNS, "kernel", CHECK_MISSING,
			  xstrdup("sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for the engine that has userns"),
			  "AppArmor leaves users' ones without rights");
	else
		check_add(c, AREA_USERNS, "kernel", CHECK_MISSING, xstrdup("a kernel with CONFIG_USER_NS"), "cannot be made");
}

/* Lines "user:first:count" of @path for @name or @uid; any line for root. */
static bool has_ranges(const char *path, const char *name, uid_t uid)
{
	autofree char *text = NULL, *number = xasprintf("%u:", (unsigned int)uid), *named = xasprintf("%s:", name);
	char *save = NULL;

	if (file_read(AT_FDCWD, path, 1024 * 1024, &text, NULL, NULL) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (uid == 0 || str_starts(line, named) || str_starts(line, number))
			return true;
	return false;
}

static void look_at_subids(struct check *c)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *name = pw ? pw->pw_name : "?";
	bool uids = has_ranges("/etc/subuid", name, geteuid()), gids = has_ranges("/etc/subgid", name, geteuid());
	autofree char *uidmap = check_find_program("newuidmap"), *gidmap = check_find_program("newgidmap");
	struct stat st;

	if (uids && gids)
		check_add(c, AREA_USERNS, "subordinate ids", CHECK_OK, NULL, "of %s: there", geteuid() ? name : "somebody");
	else if (geteuid() == 0)
		check_add(c, AREA_USERNS, "subordinate ids", CHECK_NOTE, xstrdup("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"),
			  "no user has any: rootless containers have one user");
	else
		check_add(c, AREA_USERNS, "subordinate ids", CHECK_MISSING,
			  xasprintf("usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name),
			  "%s has none in /etc/%s: a container has one user", name, uids ? "subgid" : "subuid");
	if (!uidmap || !gidmap)
		check_add(c, AREA_USERNS, "newuidmap", geteuid() ? CHECK_MISSING : CHECK_NOTE, xstrdup("install the package uidmap (shadow-utils)"),
			  "not installed: a user's own containers have one user");
	else if (stat(uidmap, &st) == 0 && !(st.st_mode & S_ISUID) && !geteuid())
		check_add(c, AREA_USERNS, "newuidmap", CHECK_NOTE, NULL, "%s is not setuid root; it needs file capabilities then", uidmap);
}

/* --- programs --------------------------------------------------------------------------------------------------------- */

static void look_at_criu(struct check *c)
{
	autofree char *path = check_find_program("criu");
	autofree char *version = path ? check_ask_program(path, "--version") : NULL;

	if (!checkpoint_supported())
		check_add(c, AREA_PROGRAMS, "criu", CHECK_MISSING, xstrdup("build sandrun with protobuf-c"),
			  "checkpoint and restore were left out when sandrun was built");
	else if (!path)
		check_add(c, AREA_PROGRAMS, "criu", CHECK_MISSING, xstrdup("install the package criu"), "not installed: no checkpoint, no restore");
	else
		check_add(c, AREA_PROGRAMS, "criu", CHECK_OK, NULL, "%s, %s", path, version ? version : "of unknown version");
}

static void look_at_haproxy(struct check *c)
{
	autofree char *path = check_find_program("haproxy");
	autofree char *version = path ? check_ask_program(path, "-v") : NULL;
	unsigned int v = check_version(version);

	if (!path)
		check_add(c, AREA_PROGRAMS, "haproxy", CHECK_MISSING, xstrdup("install the package haproxy"),
			  "not installed: no http-allow and http-deny");
	else if (v && v < 2006)
		check_add(c, AREA_PROGRAMS, "haproxy", CHECK_MISSING, xstrdup("version 2.6 or later"), "%s is version %u.%u", path, v / 1000, v % 1000);
	else
		check_add(c, AREA_PROGRAMS, "haproxy", CHECK_OK, NULL, "%s, version %u.%u", path, v / 1000, v % 1000);
}

void check_host(struct check *c)
{
	look_at_cgroups(c);
	look_at_userns(c);
	look_at_subids(c);
	look_at_criu(c);
	look_at_haproxy(c);
}
