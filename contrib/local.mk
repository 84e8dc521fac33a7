# SPDX-License-Identifier: Apache-2.0
# contrib/local.mk - what engines and shells read, and where it is installed
bashcompdir = $(datadir)/bash-completion/completions
install-data-local: install-completion install-podman
install-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/contrib/completion/sandrun.bash $(DESTDIR)$(bashcompdir)/sandrun
install-podman:
if INSTALL_PODMAN
	$(MKDIR_P) $(DESTDIR)$(containersconfdir)
	$(INSTALL_DATA) $(srcdir)/contrib/podman/sandrun.conf $(DESTDIR)$(containersconfdir)/sandrun.conf
endif
uninstall-local:
	rm -f $(DESTDIR)$(bashcompdir)/sandrun $(DESTDIR)$(containersconfdir)/sandrun.conf
.PHONY: install-completion install-podman
EXTRA_DIST += \
	contrib/completion/sandrun.bash \
	contrib/compose/compose.yaml \
	contrib/containerd/config-v2.toml contrib/containerd/config-v3.toml \
	contrib/crio/10-sandrun.conf \
	contrib/docker/daemon.json \
	contrib/kubernetes/runtimeclass.yaml \
	contrib/podman/agent.container contrib/podman/sandrun.conf \
	contrib/demo contrib/packages contrib/test
