// SPDX-License-Identifier: Apache-2.0
/* systemd.c - the systemd cgroup manager: a transient scope, asked for over D-Bus
 *
 * Owns:     the connection, the four calls, waiting for a job's end.
 * Must not: decide properties (sdprops.c) or write cgroup files.
 * Runs in:  create, update, delete, exec; only where the systemd manager was asked for.
 *
 * libsystemd is loaded when first needed, not linked: with the compression and crypto libraries
 * behind it, it would cost each start of the program more than most commands take.
 */
#include "cgroup/systemd.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cgroup/sdprops.h"

#define SERVICE "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define MANAGER "org.freedesktop.systemd1.Manager"

#define JOB_WAIT_MS 30000
/* Properties that an old systemd does not know are left out one by one. */
#define RETRIES 16

/* --- the library -------------------------------------------------------------------------- */

#define FUNCTIONS(X)                                                                               \
	X(sd_bus_open_system)                                                                      \
	X(sd_bus_open_user)                                                                        \
	X(sd_bus_new)                                                                              \
	X(sd_bus_set_address)                                                                      \
	X(sd_bus_start)                                                                            \
	X(sd_bus_flush_close_unref)                                                                \
	X(sd_bus_message_new_method_call)                                                          \
	X(sd_bus_message_append)                                                                   \
	X(sd_bus_message_append_array)                                                             \
	X(sd_bus_message_open_container)                                                           \
	X(sd_bus_message_close_container)                                                          \
	X(sd_bus_message_read)                                                                     \
	X(sd_bus_message_unref)                                                                    \
	X(sd_bus_call)                                                                             \
	X(sd_bus_match_signal)                                                                     \
	X(sd_bus_process)                                                                          \
	X(sd_bus_wait)                                                                             \
	X(sd_bus_error_free)                                                                       \
	X(sd_bus_error_get_errno)

/* Filled by the first connection, then constant. */
static struct {
	bool ready;
#define MEMBER(name) __typeof__(name) *name;
	FUNCTIONS(MEMBER)
#undef MEMBER
} sd;

static int load_library(struct err *e)
{
	void *lib;

	if (sd.ready)
		return 0;
	lib = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return err_text(
			e, EOPNOTSUPP,
			"the systemd cgroup manager needs libsystemd, which cannot be loaded (libsystemd.so.0)");
#define LOOK_UP(name)                                                                              \
	*(void **)&sd.name = dlsym(lib, #name);                                                    \
	if (!sd.name)                                                                              \
		return err_text(e, EOPNOTSUPP, "libsystemd lacks %s", #name);
	FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	sd.ready = true;
	return 0;
}

static void bus_close(sd_bus **bus)
{
	if (*bus)
		sd.sd_bus_flush_close_unref(*bus);
}

static void message_free(sd_bus_message **m)
{
	if (*m)
		sd.sd_bus_message_unref(*m);
}

static void error_free(sd_bus_error *error)
{
	if (sd.ready)
		sd.sd_bus_error_free(error);
}

#define autobus __attribute__((cleanup(bus_close))) sd_bus
#define automsg __attribute__((cleanup(message_free))) sd_bus_message
#define autoerror __attribute__((cleanup(error_free))) sd_bus_error

static int sd_failed(struct err *e, int r, const char *what)
{
	return err_set(e, -r, "systemd: %s", what);
}

/* Where no D-Bus daemon runs, root reaches systemd by a socket of its own. */
static int open_private(sd_bus **bus)
{
	int r = sd.sd_bus_new(bus);

	if (r >= 0)
		r = sd.sd_bus_set_address(*bus, "unix:path=/run/systemd/private");
	if (r >= 0)
		r = sd.sd_bus_start(*bus);
	if (r < 0) {
		bus_close(bus);
		*bus = NULL;
	}
	return r;
}

/* As sd_booted(3). */
bool cg_systemd_absent(struct err *e)
{
	if (access("/run/systemd/system", F_OK) == 0)
		return false;
	err_text(e, EOPNOTSUPP,
		 "systemd does not run on this machine, and the systemd cgroup manager is asked for: use cgroupfs (podman: "
		 "--cgroup-manager=cgroupfs; Docker: native.cgroupdriver=cgroupfs; containerd: SystemdCgroup = false)");
	return true;
}

static int no_bus(int r, bool user, struct err *e)
{
	if (cg_systemd_absent(e))
		return -1;
	if (user)
		return err_set(e, -r,
			       "connect to the user's systemd (it needs a login session, or lingering: loginctl "
			       "enable-linger; and XDG_RUNTIME_DIR)");
	return err_set(e, -r, "connect to systemd");
}

static int connect_bus(bool user, sd_bus **bus, struct err *e)
{
	int r;

	*bus = NULL;
	if (load_library(e) < 0)
		return -1;
	if (user) {
		r = sd.sd_bus_open_user(bus);
		return r < 0 ? no_bus(r, true, e) : 0;
	}
	r = sd.sd_bus_open_system(bus);
	return r < 0 && open_private(bus) < 0 ? no_bus(r, false, e) : 0;
}

/* --- calls and jobs ----------------------------------------------------------------------- */

static int new_call(sd_bus *bus, const char *method, sd_bus_message **m, struct err *e)
{
	int r = sd.sd_bus_message_new_method_call(bus, m, SERVICE, OBJECT, MANAGER, method);

	return r < 0 ? sd_failed(e, r, method) : 0;
}

/* What came before is heard as well: the job may be over before its number is known to us. */
struct job {
	char *path;
	bool over;
	char result[32];
	struct {
		char path[128];
		char result[32];
	} early[16];
	size_t n_early;
};

static void job_ends(struct job *j, const char *result)
{
	j->over = true;
	snprintf(j->result, sizeof(j->result), "%s", result);
}

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *path, *unit, *result;
	struct job *j = arg;
	uint32_t id;

	(void)error;
	if (sd.sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (j->path && str_eq(j->path, path)) {
		job_ends(j, result);
	} else if (!j->path && j->n_early < ARRAY_SIZE(j->early)) {
		snprintf(j->early[j->n_early].path, sizeof(j->early->path), "%s", path);
		snprintf(j->early[j->n_early++].result, sizeof(j->early->result), "%s", result);
	}
	return 0;
}

static int watch_jobs(sd_bus *bus, struct job *j, struct err *e)
{
	int r = sd.sd_bus_match_signal(bus, NULL, SERVICE, OBJECT, MANAGER, "JobRemoved",
				       on_job_removed, j);

	return r < 0 ? sd_failed(e, r, "listen for the end of jobs") : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* @path is what the call returned. The result is in j->result. */
static int wait_job(sd_bus *bus, struct job *j, const char *path, struct err *e)
{
	int64_t end = now_ms() + JOB_WAIT_MS;
	autofree char *copy = xstrdup(path);
	int r = 0;

	j->path = copy;
	for (size_t i = 0; i < j->n_early; i++)
		if (str_eq(j->early[i].path, path))
			job_ends(j, j->early[i].result);
	while (!j->over && r >= 0) {
		int64_t left = end - now_ms();

		if (left <= 0)
			r = -ETIMEDOUT;
		else if ((r = sd.sd_bus_process(bus, NULL)) == 0)
			r = sd.sd_bus_wait(bus, (uint64_t)left * 1000);
	}
	j->path = NULL;
	return j->over ? 0 : sd_failed(e, r, "wait for the end of its job");
}

static void reset_failed(sd_bus *bus, const char *unit)
{
	autoerror error = SD_BUS_ERROR_NULL;
	automsg *m = NULL, *reply = NULL;

	/* Nearly always there is nothing to reset, which is an error to systemd and none to us. */
	if (new_call(bus, "ResetFailedUnit", &m, NULL) == 0 &&
	    sd.sd_bus_message_append(m, "s", unit) >= 0)
		sd.sd_bus_call(bus, m, 0, &error, &reply);
}

/* --- properties into messages ------------------------------------------------------------- */

static int append_strings(sd_bus_message *m, const struct sd_prop *p)
{
	int r = sd.sd_bus_message_open_container(m, 'a', "s");

	for (size_t i = 0; r >= 0 && i < p->n; i++)
		r = sd.sd_bus_message_append(m, "s", p->strings[i]);
	return r < 0 ? r : sd.sd_bus_message_close_container(m);
}

static int append_devices(sd_bus_message *m, const struct sd_prop *p)
{
	int r = sd.sd_bus_message_open_container(m, 'a', "(ss)");

	for (size_t i = 0; r >= 0 && i + 1 < p->n; i += 2)
		r = sd.sd_bus_message_append(m, "(ss)", p->strings[i], p->strings[i + 1]);
	return r < 0 ? r : sd.sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, const struct sd_prop *p)
{
	switch (p->type) {
	case SD_BOOL:
		return sd.sd_bus_message_append(m, "b", (int)(p->number != 0));
	case SD_U32:
		return sd.sd_bus_message_append(m, "u", (uint32_t)p->number);
	case SD_I32:
		return sd.sd_bus_message_append(m, "i", (int32_t)p->number);
	case SD_U64:
		return sd.sd_bus_message_append(m, "t", p->number);
	case SD_I64:
		return sd.sd_bus_message_append(m, "x", (int64_t)p->number);
	case SD_STRING:
		return sd.sd_bus_message_append(m, "s", p->string);
	case SD_STRINGS:
		return append_strings(m, p);
	case SD_BYTES:
		return sd.sd_bus_message_append_array(m, 'y', p->bytes, p->n);
	case SD_DEVICES:
		return append_devices(m, p);
	case SD_PIDS:
		return sd.sd_bus_message_append(m, "au", 1, (uint32_t)p->number);
	}
	return -EINVAL;
}

static const char *const signatures[] = {
	[SD_BOOL] = "b",	[SD_U32] = "u",	   [SD_I32] = "i",	[SD_U64] = "t",
	[SD_I64] = "x",		[SD_STRING] = "s", [SD_STRINGS] = "as", [SD_BYTES] = "ay",
	[SD_DEVICES] = "a(ss)", [SD_PIDS] = "au",
};

static int append_one(sd_bus_message *m, const struct sd_prop *p)
{
	int r = sd.sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd.sd_bus_message_append(m, "s", p->name);
	if (r >= 0)
		r = sd.sd_bus_message_open_container(m, 'v', signatures[p->type]);
	if (r >= 0)
		r = append_value(m, p);
	if (r >= 0)
		r = sd.sd_bus_message_close_container(m);
	return r < 0 ? r : sd.sd_bus_message_close_container(m);
}

static int append_props(sd_bus_message *m, const struct sd_props *p, struct err *e)
{
	int r = sd.sd_bus_message_open_container(m, 'a', "(sv)");

	for (size_t i = 0; r >= 0 && i < p->n; i++) {
		r = append_one(m, &p->v[i]);
		if (r < 0)
			return err_set(e, -r, "systemd: property %s", p->v[i].name);
	}
	if (r >= 0)
		r = sd.sd_bus_message_close_container(m);
	return r < 0 ? sd_failed(e, r, "properties") : 0;
}

/* "Cannot set property AllowedCPUs, or unknown property." True if that one could be left out. */
static bool drop_unknown(struct sd_props *p, const sd_bus_error *error)
{
	static const char start[] = "Cannot set property ";
	autofree char *name = NULL;

	if (!error->message || !str_starts(error->message, start))
		return false;
	name = xstrdup(error->message + strlen(start));
	name[strcspn(name, ", ")] = 0;
	if (!cg_sdprops_drop(p, name))
		return false;
	log_debug("systemd does not know %s: left out", name);
	return true;
}

static int call_failed(struct err *e, const char *what, const char *unit, const sd_bus_error *error)
{
	return err_text(e, sd.sd_bus_error_get_errno(error), "systemd: %s %s: %s", what, unit,
			error->message ? error->message : error->name);
}

/* --- start -------------------------------------------------------------------------------- */

static int start_call(sd_bus *bus, const struct cgroup *cg, const struct sd_props *p,
		      sd_bus_error *error, sd_bus_message **reply, struct err *e)
{
	automsg *m = NULL;
	int r;

	if (new_call(bus, "StartTransientUnit", &m, e) < 0)
		return -1;
	r = sd.sd_bus_message_append(m, "ss", cg->unit, "fail");
	if (r < 0)
		return sd_failed(e, r, "StartTransientUnit");
	if (append_props(m, p, e) < 0)
		return -1;
	r = sd.sd_bus_message_append(m, "a(sa(sv))", 0);
	if (r >= 0)
		r = sd.sd_bus_call(bus, m, 0, error, reply);
	return r < 0 ? call_failed(e, "start", cg->unit, error) : 0;
}

static int start_unit(sd_bus *bus, const struct cgroup *cg, struct sd_props *p, struct err *e)
{
	struct job job = { 0 };
	bool reset = false;

	if (watch_jobs(bus, &job, e) < 0)
		return -1;
	for (int tries = 0; tries < RETRIES; tries++) {
		autoerror error = SD_BUS_ERROR_NULL;
		automsg *reply = NULL;
		const char *path;
		int r;

		if (start_call(bus, cg, p, &error, &reply, e) == 0) {
			r = sd.sd_bus_message_read(reply, "o", &path);
			if (r < 0)
				return sd_failed(e, r, "StartTransientUnit");
			if (wait_job(bus, &job, path, e) < 0)
				return -1;
			if (str_eq(job.result, "done"))
				return 0;
			reset_failed(bus, cg->unit);
			return err_text(e, EIO, "systemd: start %s: its job ended with \"%s\"",
					cg->unit, job.result);
		}
		/* A scope whose processes were killed for want of memory stays behind as failed
		 * until it is reset. */
		if (error.name && str_eq(error.name, "org.freedesktop.systemd1.UnitExists") &&
		    !reset) {
			reset_failed(bus, cg->unit);
			reset = true;
			continue;
		}
		if (!drop_unknown(p, &error))
			return -1;
	}
	return -1;
}

int cg_systemd_start(struct cgroup *cg, pid_t pid, struct err *e)
{
	autofree char *description = xasprintf("sandrun container %s", cg->unit);
	bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
	struct sd_props props = { 0 };
	autobus *bus = NULL;
	int r;

	cg_sdprops_scope(&props, description, cg->slice, (uint32_t)pid, v2);
	r = cg_sdprops_resources(&props, cg->resources, v2, false, e);
	/* Last: what is said twice counts as it was said last. */
	if (r == 0)
		r = cg_sdprops_annotations(&props, cg->annotations, e);
	if (r == 0)
		r = connect_bus(cg->rootless, &bus, e);
	if (r == 0)
		r = start_unit(bus, cg, &props, e);
	cg_sdprops_free(&props);
	return r;
}

/* --- update, stop, attach ----------------------------------------------------------------- */

static int set_properties(sd_bus *bus, const struct cgroup *cg, const struct sd_props *p,
			  sd_bus_error *error, struct err *e)
{
	automsg *m = NULL, *reply = NULL;
	int r;

	if (new_call(bus, "SetUnitProperties", &m, e) < 0)
		return -1;
	/* runtime = true: not written to disk */
	r = sd.sd_bus_message_append(m, "sb", cg->unit, 1);
	if (r < 0)
		return sd_failed(e, r, "SetUnitProperties");
	if (append_props(m, p, e) < 0)
		return -1;
	r = sd.sd_bus_call(bus, m, 0, error, &reply);
	return r < 0 ? call_failed(e, "change", cg->unit, error) : 0;
}

int cg_systemd_update(const struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	struct sd_props props = { 0 };
	autobus *bus = NULL;
	int r = cg_sdprops_resources(&props, res, cg_is_pure_v2(cg), true, e);

	if (r == 0 && props.n > 0)
		r = connect_bus(cg->rootless, &bus, e);
	for (int tries = 0; r == 0 && props.n > 0 && tries < RETRIES; tries++) {
		autoerror error = SD_BUS_ERROR_NULL;

		r = set_properties(bus, cg, &props, &error, e);
		if (r == 0)
			break;
		if (drop_unknown(&props, &error))
			r = 0;
	}
	cg_sdprops_free(&props);
	return r;
}

int cg_systemd_stop(const struct cgroup *cg, struct err *e)
{
	autoerror error = SD_BUS_ERROR_NULL;
	automsg *m = NULL, *reply = NULL;
	autobus *bus = NULL;
	struct job job = { 0 };
	const char *path;
	int r;

	if (connect_bus(cg->rootless, &bus, e) < 0 || watch_jobs(bus, &job, e) < 0 ||
	    new_call(bus, "StopUnit", &m, e) < 0)
		return -1;
	r = sd.sd_bus_message_append(m, "ss", cg->unit, "replace");
	if (r < 0)
		return sd_failed(e, r, "StopUnit");
	r = sd.sd_bus_call(bus, m, 0, &error, &reply);
	if (r < 0) {
		/* Gone with its last process, as scopes go. */
		if (error.name && str_eq(error.name, "org.freedesktop.systemd1.NoSuchUnit"))
			return 0;
		return call_failed(e, "stop", cg->unit, &error);
	}
	r = sd.sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return sd_failed(e, r, "StopUnit");
	r = wait_job(bus, &job, path, e);
	reset_failed(bus, cg->unit);
	return r;
}

/* What of the container's place lies below the unit's cgroup: "", or "/container". */
static const char *below_unit(const struct cgroup *cg)
{
	const struct cg_dir *d = cg_dir_v2(cg);
	size_t len = strlen(cg->unit);

	for (const char *p = d ? strchr(d->path, '/') : NULL; p; p = strchr(p + 1, '/'))
		if (strncmp(p + 1, cg->unit, len) == 0 && (p[1 + len] == '/' || !p[1 + len]))
			return p + 1 + len;
	return "";
}

int cg_systemd_attach(const struct cgroup *cg, const char *sub, pid_t pid, struct err *e)
{
	autofree char *where = xasprintf("%s%s", below_unit(cg), sub);
	autoerror error = SD_BUS_ERROR_NULL;
	automsg *m = NULL, *reply = NULL;
	autobus *bus = NULL;
	int r;

	if (connect_bus(cg->rootless, &bus, e) < 0 ||
	    new_call(bus, "AttachProcessesToUnit", &m, e) < 0)
		return -1;
	r = sd.sd_bus_message_append(m, "ssau", cg->unit, where, 1, (uint32_t)pid);
	if (r < 0)
		return sd_failed(e, r, "AttachProcessesToUnit");
	r = sd.sd_bus_call(bus, m, 0, &error, &reply);
	return r < 0 ? call_failed(e, "put a process into", cg->unit, &error) : 0;
}
