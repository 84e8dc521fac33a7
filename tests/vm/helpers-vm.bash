# SPDX-License-Identifier: Apache-2.0
# helpers-vm.bash - looking at systemd and at cgroup v2, for the checks that run in the virtual machine
#
# Owns:     $SD, the systemctl of the manager in question (the system's, or the user's own).

SD=(systemctl)

# unit_prop UNIT PROPERTY: its value.
unit_prop() { "${SD[@]}" show -P "$2" "$1"; }
unit_is() { is "$3" "$(unit_prop "$1" "$2")" || { echo "($2 of $1)"; return 1; }; }
# A scope that has ended is unloaded a moment after its last process.
unit_gone() { [ "$(unit_prop "$1" LoadState)" = not-found ] || [ "$(unit_prop "$1" ActiveState)" = inactive ]; }
not_failed() { ! "${SD[@]}" --failed --plain --no-legend list-units | grep -qF "$1"; }

# cg_of PID: its cgroup's directory. cg_file PID FILE: what a file of it says.
cg_of() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$1/cgroup")"; }
cg_file() { cat "$(cg_of "$1")/$2"; }
cg_is() { is "$3" "$(cg_file "$1" "$2")" || { echo "($2 of $(cg_of "$1"))"; return 1; }; }

v2_only() {
	[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || skip_or_fail "not a cgroup v2 host"
}

# As common_setup and podman_teardown, for a user who is not root: the manager is that user's own.
user_setup() {
	[ "$(id -u)" != 0 ] || skip_or_fail "this is for a user who is not root"
	SD=(systemctl --user)
	T=$(mktemp -d /tmp/srt.XXXXXX)
	ID=${T##*/}
	NAME=$ID
	STATE=$T/state
	B=$T/bundle
	OUT=$T/out
	NSENTER=()
	CLEANUPS=()
	SPAWNED=()
	rm -f "${FT:-/nonexistent}/calls"
}

user_teardown() {
	local rc=0
	if [ -n "${FT:-}" ]; then
		pm rm -fa -t 0 >/dev/null 2>&1 || true
		wait_until nothing_left_of_engine || { leftovers_of_engine >&2; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	fi
	[ ! -d "$STATE" ] || common_teardown || rc=1
	rm -rf "$T"
	return $rc
}

# limits: what the tests ask for, and what systemd and the kernel must have of it.
limits='.linux.resources += {memory: {limit: 67108864, reservation: 33554432, swap: 100663296},
	cpu: {quota: 25000, period: 100000, shares: 512, cpus: "0"}, pids: {limit: 40}}'

limits_in_files() {
	cg_is "$1" memory.max 67108864 &&
		cg_is "$1" memory.low 33554432 &&
		cg_is "$1" memory.swap.max 33554432 &&
		cg_is "$1" cpu.max '25000 100000' &&
		cg_is "$1" cpu.weight "${2:-20}" &&
		cg_is "$1" cpuset.cpus 0 &&
		cg_is "$1" pids.max 40
}

limits_in_unit() {
	unit_is "$1" MemoryMax 67108864 &&
		unit_is "$1" MemoryLow 33554432 &&
		unit_is "$1" MemorySwapMax 33554432 &&
		unit_is "$1" CPUQuotaPerSecUSec 250ms &&
		unit_is "$1" AllowedCPUs 0 &&
		unit_is "$1" TasksMax 40
}

# devices_open FILE…: in the container: which of them may be opened.
open_script='for d; do if (: <"$d") 2>/dev/null; then echo "$d yes"; else echo "$d no"; fi; done'
