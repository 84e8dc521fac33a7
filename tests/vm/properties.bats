# SPDX-License-Identifier: Apache-2.0
# properties.bats - what else of linux.resources systemd is told, so that it does not take it back; and changes of it by `update`
#
# SANDRUN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load helpers-vm

setup() {
	common_setup
	v2_only
	UNIT=srt-$ID.scope
	cfg '.linux.cgroupsPath = $p' --arg p "system.slice:srt:$ID"
	args sleep 1000
	VDA=$(stat -c '%Hr:%Lr' /dev/vda)
}
teardown() {
	local rc=0
	common_teardown || rc=1
	systemctl stop "$UNIT" 2>/dev/null
	systemctl reset-failed "$UNIT" 2>/dev/null
	return $rc
}

rts() { rt --systemd-cgroup "$@"; }
sd_start() {
	rts create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>"$OUT.err" || { cat "$OUT.err"; return 1; }
	rts start "$ID"
}
# kept FILE VALUE: it is there, and after systemd has written all that it knows.
kept() {
	cg_is "$(container_pid)" "$1" "$2"
	systemctl daemon-reload
	systemctl set-property --runtime "$UNIT" "CPUAccounting=yes"
	cg_is "$(container_pid)" "$1" "$2"
}

@test "cpuset: processors and memory nodes" {
	cfg '.linux.resources.cpu = {cpus: "0", mems: "0"}'
	sd_start
	unit_is "$UNIT" AllowedCPUs 0
	unit_is "$UNIT" AllowedMemoryNodes 0
	kept cpuset.cpus 0
	kept cpuset.mems 0
}

@test "cpu: a period of its own, idle, and back" {
	cfg '.linux.resources.cpu = {quota: 10000, period: 50000}'
	sd_start
	unit_is "$UNIT" CPUQuotaPerSecUSec 200ms
	unit_is "$UNIT" CPUQuotaPeriodUSec 50ms
	kept cpu.max '10000 50000'
	rts update --cpu-quota 20000 "$ID"
	kept cpu.max '20000 50000'
	rts update --cpu-quota -1 "$ID"
	unit_is "$UNIT" CPUQuotaPerSecUSec infinity
	# systemd forgets a period that has no quota
	has 'max ' "$(cg_file "$(container_pid)" cpu.max)"
	need sandrun
	echo '{"cpu": {"idle": 1}}' | rts update -r - "$ID"
	kept cpu.idle 1
	echo '{"cpu": {"idle": 0, "shares": 512}}' | rts update -r - "$ID"
	kept cpu.idle 0
}

@test "memory: limits are lifted, in the unit as well" {
	cfg "$limits"
	sd_start
	rts update --memory -1 --memory-swap -1 "$ID"
	unit_is "$UNIT" MemoryMax infinity
	unit_is "$UNIT" MemorySwapMax infinity
	kept memory.max max
	kept memory.swap.max max
	rts update --pids-limit -1 "$ID"
	unit_is "$UNIT" TasksMax infinity
	kept pids.max max
}

@test "update: shares, cpuset, reservation" {
	sd_start
	rts update --cpu-share 512 --cpuset-cpus 0 --cpuset-mems 0 --memory-reservation 33554432 "$ID"
	unit_is "$UNIT" AllowedCPUs 0
	unit_is "$UNIT" MemoryLow 33554432
	kept memory.low 33554432
	kept cpuset.cpus 0
	kept cpu.weight "$(unit_prop "$UNIT" CPUWeight)"
}

@test "io: throttles of a device" {
	cfg '.linux.resources.blockIO = {throttleReadBpsDevice: [{major: $a, minor: $b, rate: 1048576}],
		throttleWriteIOPSDevice: [{major: $a, minor: $b, rate: 100}]}' --argjson a "${VDA%:*}" --argjson b "${VDA#*:}"
	sd_start
	kept io.max "$VDA rbps=1048576 wbps=max riops=max wiops=100"
	need sandrun
	echo "{\"blockIO\": {\"throttleReadBpsDevice\": [{\"major\": ${VDA%:*}, \"minor\": ${VDA#*:}, \"rate\": 2097152}]}}" |
		rts update -r - "$ID"
	kept io.max "$VDA rbps=2097152 wbps=max riops=max wiops=100"
}

@test "unified: each file that systemd has a property for" {
	cfg '.linux.resources.unified = {"memory.min": "1048576", "memory.low": "2097152", "memory.max": "67108864",
		"memory.swap.max": "0", "cpu.weight": "42", "cpuset.cpus": "0", "cpuset.mems": "0", "pids.max": "max"}'
	sd_start
	kept memory.min 1048576
	kept memory.low 2097152
	kept memory.swap.max 0
	kept cpu.weight 42
	kept cpuset.cpus 0
	kept pids.max max
	unit_is "$UNIT" CPUWeight 42
	unit_is "$UNIT" MemoryMin 1048576
}

@test "unified: a file that systemd does not know is written all the same" {
	cfg '.linux.resources.unified = {"cgroup.max.descendants": "7", "memory.oom.group": "1"}'
	sd_start
	kept cgroup.max.descendants 7
	kept memory.oom.group 1
}

@test "a value that is none is an error before there is a unit" {
	cfg '.linux.resources.unified = {"memory.max": "plenty"}'
	run --separate-stderr rts run --bundle "$B" "$ID"
	! is_sandrun || one_clear_line memory.max
	[ "$status" -ne 0 ]
	wait_until unit_gone "$UNIT"
	not_failed "$ID"
}

@test "the limits are the scope's: a sibling cgroup that the container makes does not get out of them" {
	cfg '.linux.resources.pids.limit = 40 | .linux.namespaces += [{type: "cgroup"}] | .mounts += [{destination: "/sys/fs/cgroup",
		type: "cgroup", source: "cgroup", options: ["rw"]}]'
	shell 'cd /sys/fs/cgroup && mkdir a && echo max >a/pids.max && echo 0 >a/cgroup.procs; cat /sys/fs/cgroup/pids.max
		mkdir ../x 2>/dev/null || true; n=0; while [ $n -lt 60 ]; do sleep 5 & n=$((n + 1)); done'
	run rts run --bundle "$B" "$ID"
	has 40 "$output"
	[[ $output == *"an't fork"* ]]
}
