# SPDX-License-Identifier: Apache-2.0
# tests/local.mk - one include line a room; each room's file lists its own programs
EXTRA_DIST += tests/README.md tests/debian.bash tests/newer-criu
include tests/unit/base.mk
include tests/unit/oci.mk
include tests/unit/policy.mk
include tests/unit/cgroup.mk
include tests/unit/rootfs.mk
include tests/unit/process.mk
include tests/unit/names.mk
include tests/unit/confine.mk
include tests/unit/supervisor.mk
include tests/unit/container.mk
include tests/fuzz/fuzz.mk
include tests/programs/programs.mk
include tests/bats/bats.mk
include tests/vm/vm.mk
include tests/checks.mk
include tests/bench/bench.mk
