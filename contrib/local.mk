# SPDX-License-Identifier: Apache-2.0
# contrib/local.mk - what engines and shells read, and where it is installed
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
install-data-local: install-completion install-podman
install-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir) $(DESTDIR)$(zshcompdir) $(DESTDIR)$(fishcompdir)
	$(INSTALL_DATA) $(srcdir)/contrib/completion/sandrun.bash $(DESTDIR)$(bashcompdir)/sandrun
	$(INSTALL_DATA) $(srcdir)/contrib/completion/_sandrun $(DESTDIR)$(zshcompdir)/_sandrun
	$(INSTALL_DATA) $(srcdir)/contrib/completion/sandrun.fish $(DESTDIR)$(fishcompdir)/sandrun.fish
install-podman:
if INSTALL_PODMAN
	$(MKDIR_P) $(DESTDIR)$(containersconfdir)
	$(INSTALL_DATA) $(srcdir)/contrib/podman/sandrun.conf $(DESTDIR)$(containersconfdir)/sandrun.conf
endif
uninstall-local:
	rm -f $(DESTDIR)$(bashcompdir)/sandrun $(DESTDIR)$(zshcompdir)/_sandrun $(DESTDIR)$(fishcompdir)/sandrun.fish \
		$(DESTDIR)$(containersconfdir)/sandrun.conf
.PHONY: install-completion install-podman
tmpfilesdir = $(prefix)/lib/tmpfiles.d
dist_tmpfiles_DATA = contrib/tmpfiles/sandrun.conf
EXTRA_DIST += \
	contrib/completion/sandrun.bash contrib/completion/_sandrun contrib/completion/sandrun.fish \
	contrib/compose/compose.yaml \
	contrib/containerd/config-v2.toml contrib/containerd/config-v3.toml \
	contrib/crio/10-sandrun.conf \
	contrib/docker/daemon.json \
	contrib/kubernetes/admission.yaml contrib/kubernetes/networkpolicy-to-annotations contrib/kubernetes/pod.yaml \
	contrib/kubernetes/runtimeclass.yaml \
	contrib/kubernetes/installer/Containerfile contrib/kubernetes/installer/install \
	contrib/kubernetes/installer/daemonset-install.yaml contrib/kubernetes/installer/daemonset-uninstall.yaml \
	contrib/monitoring/alerts.yaml contrib/monitoring/dashboard.json \
	contrib/monitoring/sandrun-metrics.service contrib/monitoring/sandrun-metrics.timer \
	contrib/podman/agent.container contrib/podman/sandrun.conf \
	contrib/rpm/sandrun.spec \
	contrib/demo contrib/packages contrib/test
