// SPDX-License-Identifier: Apache-2.0
/* caps.c - process.capabilities: bounding set, then (after the change of user) the other four
 *
 * Owns:     the sets and the order inside each step.
 * Must not: open /proc (there may be none below the new root): what the kernel knows is asked with prctl(2).
 * Runs in:  init and exec'd processes.
 *
 * config.md: what cannot be granted "SHOULD NOT fail" but be told as a warning. So each set is cut to what this process
 * can give: names that the kernel does not know, capabilities that the runtime itself lacks (a restricted
 * host, a nested container), ambient ones that are not both permitted and inheritable. Less than asked is never unsafe.
 */
#include "process/process.h"

#include <stdint.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"
#include "base/trace.h"
#include "oci/names.h"
#include "process/internal.h"

#define BIT(n) (UINT64_C(1) << (n))
#define CAP_SLOTS 64 /* two words of 32 bits in capset(2) */

struct sets {
	uint64_t effective, permitted, inheritable;
};

/* libcap's functions for these two allocate. */
static int cap_get(struct sets *s)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	if (sys_capget(&h, d) < 0)
		return -1;
	s->effective = d[0].effective | (uint64_t)d[1].effective << 32;
	s->permitted = d[0].permitted | (uint64_t)d[1].permitted << 32;
	s->inheritable = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
	return 0;
}

static int cap_set(const struct sets *s)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = {
		{ (uint32_t)s->effective, (uint32_t)s->permitted, (uint32_t)s->inheritable },
		{ (uint32_t)(s->effective >> 32), (uint32_t)(s->permitted >> 32), (uint32_t)(s->inheritable >> 32) },
	};

	return sys_capset(&h, d);
}

static uint64_t mask_of(const struct oci_strings *names)
{
	uint64_t m = 0;

	for (size_t i = 0; i < names->n; i++) {
		int n = oci_capability_number(names->v[i]);

		if (n >= 0 && n < CAP_SLOTS)
			m |= BIT(n);
	}
	return m;
}

static uint64_t cut(const char *set, uint64_t wanted, uint64_t possible)
{
	for (int n = 0; n < CAP_SLOTS; n++) {
		const char *name = oci_capability_name(n);

		if (wanted & ~possible & BIT(n))
			log_warn("process.capabilities.%s: %s cannot be granted", set, name ? name : "?");
	}
	return wanted & possible;
}

int caps_check(const struct oci_capabilities *c, struct err *e)
{
	const struct {
		const char *name;
		const struct oci_strings *list;
	} sets[] = {
		{ "bounding", &c->bounding }, { "permitted", &c->permitted }, { "effective", &c->effective },
		{ "inheritable", &c->inheritable }, { "ambient", &c->ambient },
	};

	(void)e; /* config.md: a warning, no error */
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++)
		for (size_t i = 0; i < sets[s].list->n; i++)
			if (oci_capability_number(sets[s].list->v[i]) < 0)
				log_warn("process.capabilities.%s[%zu]: unknown capability \"%.64s\" is ignored",
					 sets[s].name, i, sets[s].list->v[i]);
	return 0;
}

int process_drop_bounding(const struct oci_process *p, struct err *e)
{
	uint64_t keep = mask_of(&p->capabilities.bounding);

	/* Not asked first: dropping what is not there succeeds, and costs the same as asking. */
	for (int n = 0; n < CAP_SLOTS; n++) {
		if (keep & BIT(n) || prctl(PR_CAPBSET_DROP, n, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			return 0; /* past the last one that this kernel knows */
		/* Without CAP_SETPCAP (an unprivileged runtime): fine if it is gone already. */
		if (errno == EPERM && prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 0)
			continue;
		return err_sys(e, "process.capabilities.bounding: drop %s",
			       oci_capability_name(n) ? oci_capability_name(n) : "a capability");
	}
	return 0;
}

/* Of @wanted those still in the bounding set: capset(2) refuses a new inheritable one that is not. */
static uint64_t in_bounding(uint64_t wanted)
{
	uint64_t m = 0;

	for (int n = 0; n < CAP_SLOTS; n++)
		if (wanted & BIT(n) && prctl(PR_CAPBSET_READ, n, 0, 0, 0) == 1)
			m |= BIT(n);
	return m;
}

/* In runc's words: people look for them. */
static void cannot_raise(uint64_t caps, int why)
{
	for (int n = 0; n < CAP_SLOTS; n++)
		if (caps & BIT(n))
			log_warn("can't raise ambient capability %s: %s", oci_capability_name(n) ? oci_capability_name(n) : "?",
				 err_words(why));
}

static int raise_ambient(uint64_t wanted, const struct sets *s, struct err *e)
{
	/* Linux 4.3. On an older kernel (EINVAL) there is nothing to clear. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno == EINVAL ? 0 : err_sys(e, "process.capabilities.ambient: clear the set");
	cannot_raise(wanted & ~(s->permitted & s->inheritable), EPERM);
	wanted &= s->permitted & s->inheritable;
	for (int n = 0; n < CAP_SLOTS; n++) {
		if (!(wanted & BIT(n)) || prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, n, 0, 0) == 0)
			continue;
		if (errno != EPERM) /* SECBIT_NO_CAP_AMBIENT_RAISE: cannot be granted */
			return err_sys(e, "process.capabilities.ambient: raise %s", oci_capability_name(n));
		cannot_raise(BIT(n), EPERM);
	}
	return 0;
}

int process_set_caps(const struct oci_process *p, struct err *e)
{
	const struct oci_capabilities *c = &p->capabilities;
	struct sets now, new = { 0 };

	if (cap_get(&now) < 0)
		return err_sys(e, "process.capabilities: read the present ones");
	new.permitted = cut("permitted", mask_of(&c->permitted), now.permitted);
	new.effective = cut("effective", mask_of(&c->effective), new.permitted);
	/* Root needs inheritable to keep capabilities through exec as little as anyone else: empty unless
	 * asked for (CVE-2022-29162). */
	new.inheritable = cut("inheritable", mask_of(&c->inheritable),
			      in_bounding(mask_of(&c->inheritable)) & (now.permitted | now.inheritable));
	trace(TRACE_PROCESS, "capabilities: permitted %#llx, effective %#llx, inheritable %#llx", (unsigned long long)new.permitted,
	      (unsigned long long)new.effective, (unsigned long long)new.inheritable);
	if (cap_set(&new) < 0)
		return err_sys(e, "process.capabilities: set effective, permitted and inheritable");
	if (raise_ambient(mask_of(&c->ambient), &new, e) < 0)
		return -1;
	/* Set by process_set_user(). exec would clear it too, but startContainer hooks run before. */
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0 && errno != EPERM)
		return err_sys(e, "clear the keep-capabilities flag");
	return 0;
}
