// SPDX-License-Identifier: Apache-2.0
/* seccomp_profile.c - linux.seccomp: checked, compiled or taken from the cache, loaded
 *
 * Owns:     the filter flags and the listener; the order cache → compiler → cache.
 * Must not: allocate in confine_profile_apply(): it runs between clone and exec.
 * Runs in:  prepare in create and exec; apply in init.
 */
#include "confine/confine.h"

#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "confine/profile_internal.h"

struct confine_profile {
	unsigned int flags;	/* as the profile asks */
	unsigned int if_known;	/* of these: ours by default, left out where the kernel has them not */
	struct profile_program prog;
};

static bool is_notify(const char *action)
{
	return action && str_eq(action, "SCMP_ACT_NOTIFY");
}

bool confine_profile_has_notify(const struct oci_seccomp *s)
{
	if (!s->set)
		return false;
	for (size_t i = 0; i < s->n_syscalls; i++)
		if (is_notify(s->syscalls[i].action))
			return true;
	return false;
}

static int check_notify(const struct oci_seccomp *s, struct err *e)
{
	/* Init has to hand the listener out before anybody answers on it: by writing its number to a pipe. */
	if (is_notify(s->default_action))
		return err_msg(e, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default: nobody could answer "
			       "before the listener is handed over");
	for (size_t i = 0; i < s->n_syscalls; i++)
		for (size_t k = 0; is_notify(s->syscalls[i].action) && k < s->syscalls[i].names.n; k++)
			if (str_eq(s->syscalls[i].names.v[k], "write"))
				return err_msg(e, "linux.seccomp.syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY cannot be used for "
					       "the write syscall: the listener is handed over with it", i, k);
	if (confine_profile_has_notify(s) && !s->listener_path)
		return err_msg(e, "linux.seccomp.listenerPath is missing: SCMP_ACT_NOTIFY needs it");
	if (s->listener_metadata && !s->listener_path)
		return err_msg(e, "linux.seccomp.listenerMetadata is there without listenerPath");
	return 0;
}

static int read_flags(const struct oci_seccomp *s, struct confine_profile *p, struct err *e)
{
	bool notify = confine_profile_has_notify(s);

	/* Nothing said (an empty list says "none"): without SPEC_ALLOW old kernels slow the whole workload down to mitigate
	 * speculative store bypass. Both peers do so. */
	if (!s->flags.v)
		p->flags = p->if_known = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < s->flags.n; i++) {
		unsigned int f;

		if (profile_flag(s->flags.v[i], &f) < 0) // NOLINT(clang-analyzer-core.NullDereference): no list has no entries
			return err_msg(e, "linux.seccomp.flags[%zu]: unknown flag \"%.64s\"", i, s->flags.v[i]);
		p->flags |= f;
	}
	/* Init has one thread: nothing is lost, and together with a listener the kernel refuses it (the result can be a
	 * descriptor or a thread id, not both). */
	p->flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_TSYNC;
	if (notify)
		p->flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		/* Speaks of notifications, and the kernel refuses it where there can be none. */
		p->flags &= ~(unsigned int)SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return 0;
}

int confine_profile_prepare(const struct oci_seccomp *s, const char *cache_dir, struct confine_profile **out, struct err *e)
{
	struct confine_profile *p;
	struct profile_key key = { 0 };
	bool cached;
	int r = 0;

	*out = NULL;
	/* An empty object is no profile, as with runc. */
	if (!s->set || (!s->default_action && !s->n_syscalls))
		return 0;
	p = xcalloc(1, sizeof(*p));
	if (check_notify(s, e) < 0 || read_flags(s, p, e) < 0) {
		confine_profile_free(p);
		return -1;
	}
	if (cache_dir)
		profile_key_make(s, &key);
	cached = cache_dir && profile_cache_load(cache_dir, &key, &p->prog);
	if (!cached) {
		r = profile_compile(s, &p->prog, e);
		if (r == 0 && cache_dir)
			profile_cache_store(cache_dir, &key, &p->prog);
	}
	free(key.bytes);
	trace(TRACE_SECCOMP, "profile of %zu rules: %u instructions, %s", s->n_syscalls, (unsigned int)p->prog.len, cached ? "from the cache" : "compiled");
	if (r < 0) {
		confine_profile_free(p);
		return -1;
	}
	*out = p;
	return 0;
}

void confine_profile_free(struct confine_profile *p)
{
	free(p);
}

int confine_profile_ask(const struct confine_profile *p, int nr)
{
	uint32_t ret = p ? profile_ask(&p->prog, nr) : SECCOMP_RET_ALLOW;

	if (ret == PROFILE_DEPENDS)
		return CONFINE_DEPENDS;
	switch (ret & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
	case SECCOMP_RET_TRAP:
		return CONFINE_KILLS;
	case SECCOMP_RET_ERRNO:
		return (int)(ret & SECCOMP_RET_DATA);
	case SECCOMP_RET_TRACE:
		return ENOSYS; /* nobody traces us */
	default:
		return 0;
	}
}

static int load_error(int code, unsigned int flags, struct err *e)
{
	switch (code) {
	case EACCES:
		return err_set(e, code, "linux.seccomp: load the profile (needs CAP_SYS_ADMIN or process.noNewPrivileges)");
	case EBUSY:
		return err_set(e, code, "linux.seccomp: load a profile with SCMP_ACT_NOTIFY (the process has a listener "
			       "already; the kernel allows one)");
	case ENOMEM:
		return err_set(e, code, "linux.seccomp: load the profile (all filters of a process together are limited to "
			       "32768 instructions)");
	case ENOSYS:
		return err_set(e, code, "linux.seccomp: load the profile (the kernel has no seccomp, CONFIG_SECCOMP_FILTER)");
	case EINVAL:
		for (unsigned int f = 1; f && f <= flags; f <<= 1)
			if (flags & f && !profile_flag_supported(f))
				return err_msg(e, "linux.seccomp.flags: this kernel has no %s",
					       f == SECCOMP_FILTER_FLAG_NEW_LISTENER ? "SECCOMP_FILTER_FLAG_NEW_LISTENER" :
										       profile_flag_name(f));
		break;
	default:
		break;
	}
	return err_set(e, code, "linux.seccomp: load the profile");
}

int confine_profile_apply(const struct confine_profile *p, int *listener, struct err *e)
{
	struct sock_fprog prog;
	unsigned int flags;
	int r;

	*listener = -1;
	if (!p)
		return 0;
	/* struct sock_fprog wants a pointer to what it never writes to. */
	prog = (struct sock_fprog){ .len = p->prog.len, .filter = (struct sock_filter *)(uintptr_t)p->prog.insns };
	flags = p->flags;
	log_debug("seccomp filter flags: %u", flags);
	r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0 && errno == EINVAL && p->if_known && !profile_flag_supported(p->if_known)) {
		flags &= ~p->if_known;
		r = sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
	}
	if (r < 0)
		return load_error(errno, flags, e);
	if (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		*listener = r; /* close-on-exec from birth */
	return 0;
}
