# SPDX-License-Identifier: Apache-2.0
# hooks/local.mk - OCI hooks, and the files that tell podman of them (hooks.d; README.md there says how they are switched on)
hooksdir = $(libexecdir)/sandrun
dist_hooks_SCRIPTS = hooks/poststop
hooksddir = $(pkgdatadir)/hooks.d
nodist_hooksd_DATA = hooks/hooks.d/installed/sandrun-poststop.json
hooks/hooks.d/installed/%.json: hooks/hooks.d/%.json
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)sed 's,[@]libexecdir[@],$(libexecdir),' $< >$@
CLEANFILES += $(nodist_hooksd_DATA)
EXTRA_DIST += hooks/README.md hooks/hooks.d/sandrun-poststop.json
