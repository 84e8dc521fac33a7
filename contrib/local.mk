bashcompdir = $(datadir)/bash-completion/completions
install-data-local: install-completion
install-completion:
	$(MKDIR_P) $(DESTDIR)$(bashcompdir)
	$(INSTALL_DATA) $(srcdir)/contrib/completion/sandrun.bash $(DESTDIR)$(bashcompdir)/sandrun
uninstall-local:
	rm -f $(DESTDIR)$(bashcompdir)/sandrun
EXTRA_DIST += \
	contrib/completion/sandrun.bash \
	contrib/containerd/config-v2.toml contrib/containerd/config-v3.toml \
	contrib/crio/10-sandrun.conf \
	contrib/kubernetes/runtimeclass.yaml \
	contrib/podman/containers.conf \
	contrib/demo contrib/packages contrib/test
