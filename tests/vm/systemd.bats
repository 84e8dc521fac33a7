# SPDX-License-Identifier: Apache-2.0
# systemd.bats - the systemd cgroup manager on cgroup v2, as root: the runtime by hand
#
# SANDRUN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load helpers-vm

setup() {
	common_setup
	v2_only
	UNIT=srt-$ID.scope
	sd_path system.slice
}
teardown() {
	local rc=0
	common_teardown || rc=1
	systemctl stop "$UNIT" 2>/dev/null
	systemctl reset-failed "$UNIT" 2>/dev/null
	return $rc
}

# sd_path SLICE: the container goes there.
sd_path() { cfg '.linux.cgroupsPath = $p' --arg p "$1:srt:$ID"; }
rts() { rt --systemd-cgroup "$@"; }
sd_create() { rts create --bundle "$B" --pid-file "$T/pid" "$@" "$ID" </dev/null >"$OUT" 2>"$OUT.err" || { cat "$OUT.err"; return 1; }; }
sd_start() { sd_create && rts start "$ID"; }

@test "systemd: the scope is in its slice, delegated, and holds init" {
	args sleep 1000
	sd_start
	unit_is "$UNIT" ActiveState active
	unit_is "$UNIT" Slice system.slice
	unit_is "$UNIT" Delegate yes
	is "/sys/fs/cgroup$(unit_prop "$UNIT" ControlGroup)" "$(cg_of "$(container_pid)")"
	rts kill "$ID" KILL
	wait_until status_is stopped
	rts delete "$ID"
	unit_gone "$UNIT"
	not_failed "$ID"
}

@test "systemd: each limit is in the unit and in the kernel's files, also after a daemon-reload" {
	cfg "$limits"
	args sleep 1000
	sd_start
	limits_in_unit "$UNIT"
	limits_in_files "$(container_pid)" "$(unit_prop "$UNIT" CPUWeight)"
	systemctl daemon-reload
	limits_in_files "$(container_pid)" "$(unit_prop "$UNIT" CPUWeight)"
}

@test "systemd: memory.high and others of unified are in the unit" {
	cfg '.linux.resources.unified = {"memory.high": "50331648", "pids.max": "77", "cpu.max": "50000 100000"}'
	args sleep 1000
	sd_start
	unit_is "$UNIT" MemoryHigh 50331648
	unit_is "$UNIT" TasksMax 77
	unit_is "$UNIT" CPUQuotaPerSecUSec 500ms
	systemctl daemon-reload
	cg_is "$(container_pid)" memory.high 50331648
	cg_is "$(container_pid)" pids.max 77
	cg_is "$(container_pid)" cpu.max '50000 100000'
}

@test "systemd: update changes unit and files" {
	cfg "$limits"
	args sleep 1000
	sd_start
	rts update --memory 134217728 --memory-swap 134217728 --pids-limit 99 --cpu-quota 50000 "$ID"
	unit_is "$UNIT" MemoryMax 134217728
	unit_is "$UNIT" TasksMax 99
	unit_is "$UNIT" CPUQuotaPerSecUSec 500ms
	systemctl daemon-reload
	cg_is "$(container_pid)" memory.max 134217728
	cg_is "$(container_pid)" memory.swap.max 0
	cg_is "$(container_pid)" pids.max 99
	cg_is "$(container_pid)" cpu.max '50000 100000'
	# what was not named stays
	cg_is "$(container_pid)" memory.low 33554432
}

@test "systemd: a slice below a slice" {
	sd_path srt-a.slice
	args sleep 1000
	sd_start
	has "/srt.slice/srt-a.slice/$UNIT" "$(cg_of "$(container_pid)")"
	rts delete --force "$ID"
	systemctl stop srt-a.slice srt.slice
}

@test "systemd: a container that ends by itself leaves no unit, also when it was killed" {
	run rts run --bundle "$B" "$ID"
	is 0 "$status"
	unit_gone "$UNIT"
	shell 'kill -KILL $$'
	args sleep 1000
	sd_start
	kill -KILL "$(container_pid)"
	wait_until status_is stopped
	rts delete "$ID"
	wait_until unit_gone "$UNIT"
	not_failed "$ID"
}

@test "systemd: killed for want of memory; the same id can be used again" {
	cfg '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
	shell 'x=$(yes | head -c 60000000 | tr -d "\n"); echo survived'
	run rts run --bundle "$B" "$ID"
	is 137 "$status"
	args true
	run rts run --bundle "$B" "$ID"
	is 0 "$status"
}

@test "systemd: stopping the scope ends the container; delete then works" {
	args sh -c 'trap "exit 0" TERM; while :; do sleep 0.1; done'
	sd_start
	systemctl stop "$UNIT"
	wait_until status_is stopped
	rts delete "$ID"
}

@test "systemd: pause and resume, exec, kill --all" {
	args sh -c 'sleep 1000 & sleep 1001'
	sd_start
	rts pause "$ID"
	status_is paused
	cg_is "$(container_pid)" cgroup.freeze 1
	rts resume "$ID"
	status_is running
	rts exec -d --pid-file "$T/exec.pid" "$ID" sleep 1002
	is "$(cg_of "$(container_pid)")" "$(cg_of "$(cat "$T/exec.pid")")"
	rts kill --all "$ID" KILL
	wait_until pid_gone "$(cat "$T/exec.pid")"
	wait_until status_is stopped
}

@test "systemd: device rules hold, also after daemon-reload, update and in an exec" {
	cfg '.linux.devices = [{type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 438},
			{type: "b", path: "/dev/vda", major: $a, minor: $b, fileMode: 438}] |
		.linux.resources.devices = [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 10, minor: 229, access: "rw"}]' \
		--argjson a "$(stat -c %Hr /dev/vda)" --argjson b "$(stat -c %Lr /dev/vda)"
	modprobe fuse || true
	args sleep 1000
	sd_start
	expect=$'/dev/null yes\n/dev/zero yes\n/dev/fuse yes\n/dev/vda no'
	is "$expect" "$(rts exec "$ID" sh -c "$open_script" _ /dev/null /dev/zero /dev/fuse /dev/vda)"
	systemctl daemon-reload
	is "$expect" "$(rts exec "$ID" sh -c "$open_script" _ /dev/null /dev/zero /dev/fuse /dev/vda)"
	# a node may always be made (images hold some), but not opened
	run rts exec "$ID" sh -c 'mknod /tmp/b b 7 0 && : </tmp/b'
	[ "$status" -ne 0 ]
	# update without devices leaves the rules alone
	rts update --pids-limit 50 "$ID"
	is "$expect" "$(rts exec "$ID" sh -c "$open_script" _ /dev/null /dev/zero /dev/fuse /dev/vda)"
	need sandrun
	echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "b", "major": '"$(stat -c %Hr /dev/vda)"', "access": "r"}]}' |
		rts update -r - "$ID"
	is $'/dev/fuse no\n/dev/vda yes' "$(rts exec "$ID" sh -c "$open_script" _ /dev/fuse /dev/vda)"
	systemctl daemon-reload
	is $'/dev/fuse no\n/dev/vda yes' "$(rts exec "$ID" sh -c "$open_script" _ /dev/fuse /dev/vda)"
}

@test "systemd: org.systemd.property annotations" {
	annotate "org.systemd.property.TimeoutStopUSec=uint64 5000000" "org.systemd.property.CollectMode='inactive-or-failed'"
	args sleep 1000
	sd_start
	unit_is "$UNIT" TimeoutStopUSec 5s
	unit_is "$UNIT" CollectMode inactive-or-failed
}

@test "systemd: a container with a cgroup namespace sees its own cgroup as the root" {
	cfg '.linux.namespaces += [{type: "cgroup"}] | .mounts += [{destination: "/sys/fs/cgroup", type: "cgroup",
		source: "cgroup", options: ["nosuid", "noexec", "nodev", "relatime", "ro"]}]'
	cfg "$limits"
	shell 'cat /proc/self/cgroup /sys/fs/cgroup/memory.max; mkdir /sys/fs/cgroup/x 2>/dev/null || echo no; grep cgroup /proc/mounts'
	run --separate-stderr rts run --bundle "$B" "$ID"
	is 0 "$status"
	is "0::/" "${lines[0]}"
	is 67108864 "${lines[1]}"
	is no "${lines[2]}"
	has "/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime" "${lines[3]}"
}

@test "systemd: without a cgroup namespace /sys/fs/cgroup is the host's, as with the peers" {
	cfg '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "ro"]}]'
	cfg "$limits"
	shell 'cat "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)/memory.max"'
	run --separate-stderr rts run --bundle "$B" "$ID"
	is 0 "$status"
	is 67108864 "$output"
}

@test "systemd: with a user namespace and a writable mount the cgroup is the container's, and goes away with all below" {
	cfg '.linux.namespaces += [{type: "cgroup"}, {type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 200000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "noexec", "nodev", "rw"]}]'
	chown -R 200000:200000 "$B/rootfs"
	shell 'cd /sys/fs/cgroup && mkdir init a a/b && echo $$ >init/cgroup.procs && echo +pids >cgroup.subtree_control &&
		cat a/pids.max && echo 5 >a/pids.max && echo ready; exec sleep 1000'
	sd_start
	wait_until file_has "$OUT" ready
	is $'max\nready' "$(cat "$OUT")"
	# its own cgroup takes no more processes now: exec goes where init is
	is /init "$(rts exec "$ID" sed 's/.*:://' /proc/self/cgroup 2>/dev/null || rts exec "$ID" awk -F: '{print $3}' /proc/self/cgroup)"
	rts kill "$ID" KILL
	wait_until status_is stopped
	rts delete "$ID"
	unit_gone "$UNIT"
}

@test "systemd: events --stats has figures" {
	need sandrun
	cfg "$limits"
	args sleep 1000
	sd_start
	run --separate-stderr rts events --stats "$ID"
	is 0 "$status"
	is 67108864 "$(jq .data.memory.usage.limit <<<"$output")"
	[ "$(jq .data.memory.usage.usage <<<"$output")" -gt 0 ]
	[ "$(jq .data.cpu.usage.total <<<"$output")" -gt 0 ]
	is "1 40" "$(jq -r '"\(.data.pids.current) \(.data.pids.limit)"' <<<"$output")"
}

@test "systemd: a create that fails late leaves no unit" {
	args /no/such
	run rts run --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	unit_gone "$UNIT"
	cfg '.linux.resources.unified = {"memory.nosuch": "5"}'
	args true
	run rts run --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	wait_until unit_gone "$UNIT"
	not_failed "$ID"
}

@test "systemd: the supervisor is outside the scope, and goes when the scope is stopped" {
	need sandrun
	annotate net-deny=private
	args sleep 1000
	sd_start
	sup=$(rts state "$ID" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	[ -d "/proc/$sup" ]
	[[ $(cg_of "$sup") != *"$ID"* ]]
	systemctl kill --signal=KILL "$UNIT"
	wait_until pid_gone "$sup"
	wait_until status_is stopped
	rts delete "$ID"
}

@test "systemd: a policy has its cgroup program, whose cgroup is made before there is an init" {
	need sandrun
	cfg "$limits"' | .linux.resources.pids.limit = 2 | .annotations["io.sandlock.net-deny"] = "private"'
	args probe tcp 127.0.0.1 80
	run --separate-stderr rts run --bundle "$B" "$ID"
	is "0 ECONNREFUSED " "$status $output $stderr"
	wait_until unit_gone "$UNIT"
	cfg "$limits"
	args sleep 1000
	sd_start
	has bpf "$(rts state "$ID" | jq -r '.annotations["io.sandlock.enforcement"]')"
	limits_in_unit "$UNIT"
	limits_in_files "$(container_pid)" "$(unit_prop "$UNIT" CPUWeight)"
	is "$(container_pid)" "$(cg_file "$(container_pid)" cgroup.procs)"
	is ECONNREFUSED "$(rts exec "$ID" probe tcp 127.0.0.1 80)"
	rts delete --force "$ID"
	unit_gone "$UNIT"
}

@test "systemd: a create with a policy that fails leaves no unit, and a unit of that name is left alone" {
	need sandrun
	cfg '.annotations["io.sandlock.net-deny"] = "private"'
	args /no/such
	run --separate-stderr rts create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	wait_until unit_gone "$UNIT"
	# The limits are the first to fail once the scope is there.
	args true
	cfg '.linux.resources.unified = {"memory.nosuch": "1"}'
	run --separate-stderr rts create --bundle "$B" "$ID"
	one_clear_line memory.nosuch
	wait_until unit_gone "$UNIT"
	cfg 'del(.linux.resources.unified)'
	spawn systemd-run --quiet --scope --unit "$UNIT" sleep 1000
	wait_until unit_is "$UNIT" ActiveState active
	run --separate-stderr rts create --bundle "$B" "$ID"
	one_clear_line "$UNIT"
	unit_is "$UNIT" ActiveState active
	systemctl stop "$UNIT"
	assert_no_leftovers
}

@test "cgroupfs: limits on v2, parents are made and pass the controllers on" {
	cfg ".linux.cgroupsPath = \"/srt.$ID/a/b\" | $limits"
	args sleep 1000
	start_container
	is "/sys/fs/cgroup/srt.$ID/a/b" "$(cg_of "$(container_pid)")"
	limits_in_files "$(container_pid)" "$(cg_file "$(container_pid)" cpu.weight)"
	rt update --memory 134217728 --memory-swap 134217728 "$ID"
	cg_is "$(container_pid)" memory.max 134217728
	rt pause "$ID"
	status_is paused
	rt delete --force "$ID"
	[ ! -e "/sys/fs/cgroup/srt.$ID/a/b" ]
	rmdir "/sys/fs/cgroup/srt.$ID/a" "/sys/fs/cgroup/srt.$ID"
}

@test "cgroupfs: init is cloned into its cgroup" {
	need strace sandrun
	args true
	strace -f -qq -e trace=clone3 -o "$T/trace" "$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" 3>&-
	grep -q CLONE_INTO_CGROUP "$T/trace"
	# and needs no second step
	! grep -q 'CLONE_INTO_CGROUP.*= -1' "$T/trace"
}

@test "cgroupfs: device rules on v2 are replaced by update without a gap" {
	need sandrun
	cfg '.linux.devices = [{type: "c", path: "/dev/fuse", major: 10, minor: 229, fileMode: 438}]'
	args sleep 1000
	start_container
	is "/dev/null yes
/dev/fuse no" "$(rt exec "$ID" sh -c "$open_script" _ /dev/null /dev/fuse)"
	echo '{"devices": [{"allow": true, "access": "rwm"}]}' | rt update -r - "$ID"
	is "/dev/fuse yes" "$(rt exec "$ID" sh -c "$open_script" _ /dev/fuse)"
	echo '{"devices": [{"allow": false, "access": "rwm"}]}' | rt update -r - "$ID"
	is "/dev/fuse no" "$(rt exec "$ID" sh -c "$open_script" _ /dev/fuse)"
}

@test "cgroupfs: io limits of a device" {
	dev=$(stat -c '%Hr:%Lr' /dev/vda)
	cfg '.linux.resources.blockIO.throttleReadBpsDevice = [{major: $a, minor: $b, rate: 1048576}]' \
		--argjson a "${dev%:*}" --argjson b "${dev#*:}"
	args sleep 1000
	start_container
	has "$dev rbps=1048576" "$(cg_file "$(container_pid)" io.max)"
}

@test "cgroupfs: a process that forks on and on does not outlive kill --all and delete" {
	shell 'f() { while :; do sleep 0.01 & done; }; f & f & exec sleep 1000'
	cfg '.linux.resources.pids.limit = 100'
	start_container
	rt kill --all "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
}
