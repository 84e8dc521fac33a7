# SPDX-License-Identifier: Apache-2.0
# tests/vm/vm.mk - make vmcheck: the tests in a virtual machine with systemd and cgroup v2 (see tests/vm/vmcheck)
#
# Not part of make check: it wants root, half an hour, and the first time a gigabyte of packages.
EXTRA_DIST += tests/vm/vm.mk tests/vm/vmcheck tests/vm/guest tests/vm/packages tests/vm/setup-image \
	tests/vm/helpers-vm.bash tests/vm/systemd.bats tests/vm/properties.bats tests/vm/engines.bats tests/vm/docker.bats tests/vm/units.bats \
	tests/vm/rootless.bats tests/vm/hand.bats

# make vmcheck PARTS="systemd rootless": just these; KERNEL=6.1: with an older kernel
vmcheck:
	$(srcdir)/tests/vm/vmcheck --srcdir $(abs_top_srcdir) $(if $(KERNEL),--kernel $(KERNEL)) $(PARTS)
.PHONY: vmcheck
