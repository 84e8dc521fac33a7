# SPDX-License-Identifier: Apache-2.0
# tests/bats/bats.mk - behaviour of real containers, one entry of the test log for each file
bats_files = tests/bats/options.bats tests/bats/tree.bats tests/bats/lifecycle.bats tests/bats/process.bats tests/bats/rootfs.bats tests/bats/container.bats tests/bats/devices-time.bats tests/bats/peers.bats tests/bats/systemd.bats \
	tests/bats/grammar.bats tests/bats/mistakes.bats tests/bats/policy.bats tests/bats/policy-entries.bats tests/bats/policy-supervisor.bats \
	tests/bats/policy-oldkernel.bats tests/bats/policy-foreign.bats tests/bats/policy-native.bats \
	tests/bats/attack-races.bats tests/bats/attack-entries.bats tests/bats/attack-runtime.bats \
	tests/bats/attack-supervisor.bats tests/bats/attack-refusals.bats tests/bats/attack-means.bats tests/bats/attack-outside.bats tests/bats/attack-fuse.bats \
	tests/bats/stress.bats tests/bats/killed.bats tests/bats/checkpoint.bats \
	tests/bats/podman.bats tests/bats/podman-exec.bats tests/bats/podman-policy.bats tests/bats/podman-checkpoint.bats tests/bats/podman-life.bats tests/bats/podman-make.bats tests/bats/podman-rootless.bats \
	tests/bats/ctr.bats tests/bats/ctr-shim.bats tests/bats/docker.bats
bats_helpers = tests/bats/helpers.bash tests/bats/helpers-net.bash tests/bats/helpers-engine.bash tests/bats/helpers-docker.bash \
	tests/bats/config.json tests/bats/run-bats
EXTRA_DIST += tests/bats/bats.mk $(bats_files) $(bats_helpers)

TEST_EXTENSIONS = .bats
BATS_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/bats/run-bats
AM_BATS_LOG_FLAGS = --builddir $(abs_top_builddir)
if HAVE_BATS
TESTS += $(bats_files)
endif
$(bats_files:.bats=.log): sandrun$(EXEEXT)

# make check-bats FILES="tests/bats/policy.bats": just these
check-bats: all $(check_PROGRAMS) $(check_DATA)
	cd $(srcdir) && $(SHELL) tests/bats/run-bats --builddir $(abs_top_builddir) $(if $(FILES),$(FILES),$(bats_files))
# make check-cri CRICTL=/path/to/crictl: through containerd's CRI service
check-cri: all $(check_PROGRAMS) $(check_DATA)
	cd $(srcdir) && CRICTL=$(CRICTL) $(SHELL) tests/bats/run-bats --builddir $(abs_top_builddir) tests/cri/cri.bats
EXTRA_DIST += tests/cri/cri.bats
.PHONY: check-bats check-cri
