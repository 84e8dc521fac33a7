// SPDX-License-Identifier: Apache-2.0
/* confine.h - what a process loads upon itself: the OCI seccomp profile, Landlock, the notify filter
 *
 * Owns:     the three of them; the caller decides the order (Landlock, notify filter, profile).
 * Runs in:  the *_prepare() in create/exec, where libraries and caches may be used; the *_apply() in init.
 */
#ifndef CONFINE_CONFINE_H
#define CONFINE_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "confine/plan.h"
#include "oci/config.h"
#include "policy/policy.h"

/* --- seccomp_profile.c: linux.seccomp ---------------------------------------------------------------- */

struct confine_profile; /* a compiled BPF program and its load flags */

/* Compiles (or takes from the cache: keyed by a hash of the profile, the architecture and libseccomp's version; files in
 * @cache_dir, verified to be ours; NULL: no cache). *out is NULL where there is no profile. */
/* Refuses a profile that names a system call which the library does not know; confine_profile_prepare() passes over it. */
int confine_profile_check_names(const struct oci_seccomp *s, struct err *e);
int confine_profile_prepare(const struct oci_seccomp *s, const char *cache_dir, struct confine_profile **out, struct err *e);
void confine_profile_free(struct confine_profile *p);
/* Loads it with seccomp(2). Allocates nothing. *listener: the notify descriptor where the profile has SCMP_ACT_NOTIFY,
 * else -1. */
int confine_profile_apply(const struct confine_profile *p, int *listener, struct err *e);
/* What it does with the native system call @nr: 0 lets it pass; an errno; CONFINE_KILLS; CONFINE_DEPENDS on its arguments. */
#define CONFINE_KILLS (-1)
#define CONFINE_DEPENDS (-2)
int confine_profile_ask(const struct confine_profile *p, int nr);
bool confine_profile_has_notify(const struct oci_seccomp *s);
/* Sends the listener and the container process state (config-linux.md) to the agent at listenerPath. @state_json: the
 * state document (oci_state_write(), status "creating"), @pid as in it. @listener stays the caller's. In create
 * or exec, never in init. */
int confine_profile_send_listener(const struct oci_seccomp *s, int listener, pid_t pid, const char *state_json,
				  struct err *e);
/* For "features": NULL-terminated, static. What libseccomp and we know; the last one: what this kernel has. */
const char *const *confine_profile_actions(void);
const char *const *confine_profile_operators(void);
const char *const *confine_profile_archs(void);
const char *const *confine_profile_flags_known(void);
const char *const *confine_profile_flags_supported(void);

/* --- landlock.c ------------------------------------------------------------------------------------------ */

/* The kernel's Landlock ABI; 0: none (or not enabled). */
int confine_landlock_abi(void);
/* Restricts the calling thread as @plan says: CONNECT_TCP handled with no port granted, or the policy's; BIND_TCP by the bind
 * policy. Needs no_new_privs or CAP_SYS_ADMIN in the user namespace. */
int confine_landlock_apply(const struct confine_plan *plan, const struct policy *p, struct err *e);

/* --- notify_filter.c ---------------------------------------------------------------------------------- */

/* The plan and the compiled filter, in memory that processes which are forked from here on share: init is there before the plan is made. */
struct confine_notify;

/* Empty. NULL with @e. */
struct confine_notify *confine_notify_new(struct err *e);
/* Fills it in: from here on it holds for all who share it. */
int confine_notify_fill(struct confine_notify *n, const struct confine_plan *plan, const struct policy *p, struct err *e);
/* The plan that it was filled in from; NULL: it was not, and there is nothing to enforce. */
const struct confine_plan *confine_notify_plan(const struct confine_notify *n);

/* Both in one. */
int confine_notify_prepare(const struct confine_plan *plan, const struct policy *p, struct confine_notify **out, struct err *e);
void confine_notify_free(struct confine_notify *n);
/* Loads it (NEW_LISTENER | WAIT_KILLABLE_RECV where known) and returns the listener, or -1 with @e. After this
 * the caller may not call sendmsg, connect … until the supervisor serves it. */
int confine_notify_apply(const struct confine_notify *n, int *listener, struct err *e);
/* True if the policy restricts anything, so that the filter must be loaded, and a supervisor must be there. */
bool confine_notify_needed(const struct policy *p);

#endif
