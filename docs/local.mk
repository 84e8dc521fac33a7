dist_man_MANS += docs/sandrun.1
dist_man_MANS += docs/sandrun-policy.5 docs/sandrun-policy.toml.5
EXTRA_DIST += docs/architecture.md docs/security.md docs/agents.md docs/ci.md docs/laptop.md docs/cluster.md docs/troubleshooting.md docs/demo.svg docs/picture
# The picture in README.md, from what the demo really prints (as root).
picture: all
	BUILD=$(abs_top_builddir) $(srcdir)/contrib/demo >demo.txt
	$(srcdir)/docs/picture <demo.txt >$(srcdir)/docs/demo.svg
.PHONY: picture
CLEANFILES += demo.txt
