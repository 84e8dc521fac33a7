# SPDX-License-Identifier: Apache-2.0
# hand.bats - the runtime by hand for a user without privileges: maps, and cgroups that are delegated or not
#
# Runs as that user (guest sees to it). RUNTIME_BIN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load helpers-vm

setup() {
	SANDRUN=${RUNTIME_BIN:-$SANDRUN}
	user_setup
	make_bundle "$B"
	cfg '.linux.namespaces += [{type: "user"}, {type: "cgroup"}] | del(.linux.cgroupsPath) | .linux.resources = {} |
		.linux.uidMappings = [{containerID: 0, hostID: $u, size: 1}] | .linux.gidMappings = [{containerID: 0, hostID: $g, size: 1}] |
		(.mounts[] | select(.destination == "/dev/pts") | .options) |= map(select(. != "gid=5"))' \
		--argjson u "$(id -u)" --argjson g "$(id -g)"
}
teardown() { user_teardown; }

# own_slice WORD…: the runtime from a scope of the user's manager: there all is delegated, what is above included.
own_slice() {
	systemd-run --user --quiet --scope --collect --unit "$ID-s.scope" "$SANDRUN" --root "$STATE" "$@" 3>&-
}
own_path() { cfg '.linux.cgroupsPath = $p' --arg p "/user.slice/user-$(id -u).slice/user@$(id -u).service/srt-$ID"; }
root_create() { rt "$@" create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>&1 || { cat "$OUT"; return 1; }; }

@test "by hand, one id, no cgroup: run, create, exec, kill, delete" {
	local option
	for option in "" --rootless=true --rootless=auto; do
		is_sandrun || [ -z "$option" ] || continue
		shell 'id -u; id -g; cat /proc/self/uid_map | tr -s " "'
		run --separate-stderr rt $option run --bundle "$B" "$ID"
		is "0 " "$status $stderr"
		is $'0\n0\n 0 1000 1' "$output"
	done
	args sleep 1000
	root_create
	status_is created
	rt start "$ID"
	status_is running
	is 0 "$(rt exec "$ID" id -u)"
	run rt exec "$ID" sh -c 'exit 9'
	is 9 "$status"
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
}

@test "by hand: a limit that cannot be is an error, and nothing is left" {
	need sandrun
	cfg '.linux.resources = {memory: {limit: 67108864}}'
	run --separate-stderr rt run --bundle "$B" "$ID"
	one_clear_line "linux.resources.memory.limit"
	own_path
	run --separate-stderr rt run --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	assert_no_leftovers
}

@test "by hand: the subordinate ids, by newuidmap" {
	cfg '.linux.uidMappings += [{containerID: 1, hostID: 100000, size: 65536}] |
		.linux.gidMappings += [{containerID: 1, hostID: 100000, size: 65536}] | .process.user = {uid: 5, gid: 6, additionalGids: [7]}'
	chmod 755 "$T" "$B" "$B/rootfs"
	shell 'id -u; id -g; id -G; cat /proc/self/uid_map | tr -s " "'
	run --separate-stderr rt run --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	is $'5\n6\n6 7\n 0 1000 1\n 1 100000 65536' "$output"
	# ids that are not the user's
	cfg '.linux.uidMappings[1].hostID = 200000'
	run --separate-stderr rt run --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	! is_sandrun || one_clear_line newuidmap
}

@test "by hand, cgroupfs: in the user's delegated tree limits hold and can be changed" {
	own_path
	cfg '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 40}, cpu: {quota: 25000, period: 100000, shares: 512}}'
	cfg '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]'
	shell 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max /proc/self/cgroup; exec sleep 1000'
	own_slice create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>&1 || { cat "$OUT"; false; }
	rt start "$ID"
	wait_until file_has "$OUT" 0::/
	is $'67108864\n40\n25000 100000\n0::/' "$(cat "$OUT")"
	rt update --memory 33554432 --memory-swap 33554432 --pids-limit 50 "$ID"
	cg_is "$(container_pid)" memory.max 33554432
	cg_is "$(container_pid)" pids.max 50
	is 0::/ "$(own_slice exec "$ID" cat /proc/self/cgroup)"
	rt pause "$ID"
	status_is paused
	rt resume "$ID"
	rt kill --all "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
	[ ! -e "/sys/fs/cgroup/user.slice/user-$(id -u).slice/user@$(id -u).service/srt-$ID" ]
}

@test "by hand, systemd: a scope of the user's own, exec goes there, update" {
	need sandrun
	cfg "$limits | del(.linux.resources.cpu.cpus)"
	cfg '.linux.cgroupsPath = ":srt:" + $id' --arg id "$ID"
	cfg '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["ro"]}]'
	shell 'cat /sys/fs/cgroup/memory.max'
	run --separate-stderr rt --systemd-cgroup run --bundle "$B" "$ID"
	is "0" "$status"
	is 67108864 "$output"
	# exec comes from the login session, which the user may not leave by hand: systemd moves it
	args sleep 1000
	root_create --systemd-cgroup
	rt --systemd-cgroup start "$ID"
	is 0::/ "$(rt --systemd-cgroup exec "$ID" cat /proc/self/cgroup)"
	unit_is "srt-$ID.scope" MemoryMax 67108864
	rt --systemd-cgroup update --memory 33554432 --memory-swap 33554432 "$ID"
	unit_is "srt-$ID.scope" MemoryMax 33554432
	cg_is "$(container_pid)" memory.max 33554432
	rt pause "$ID"
	status_is paused
	rt delete --force "$ID"
	unit_gone "srt-$ID.scope"
}

@test "by hand, systemd: a writable cgroup is the container's own" {
	cfg '.linux.cgroupsPath = ":srt:" + $id' --arg id "$ID"
	cfg '.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}]'
	shell 'cd /sys/fs/cgroup && mkdir init a && echo $$ >init/cgroup.procs && echo +pids >cgroup.subtree_control &&
		echo 5 >a/pids.max && cat a/pids.max /proc/self/cgroup'
	run --separate-stderr rt --systemd-cgroup run --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	is $'5\n0::/init' "$output"
	unit_gone "srt-$ID.scope"
}

@test "by hand: a policy holds in run, in exec and after the supervisor's death, and flips win nothing" {
	need sandrun
	annotate net-deny=loopback:81
	cp "$PROGRAMS/serve" "$B/rootfs/bin/"
	args serve /tmp/counts tcp:127.0.0.1:80 tcp:127.0.0.1:81 udp:127.0.0.1:80 udp:127.0.0.1:81
	root_create
	rt start "$ID"
	wait_until rt exec "$ID" test -e /tmp/counts
	all_denied() {
		is 'tcp 127.0.0.1 80: OK
tcp 127.0.0.1 81: ECONNREFUSED
udp 127.0.0.1 80: OK
udp 127.0.0.1 81: ECONNREFUSED
sendmsg 127.0.0.1 81: ECONNREFUSED
fastopen 127.0.0.1 81: ECONNREFUSED
io_uring: ENOSYS
unix-self: OK' "$(rt exec "$ID" probe each 'tcp 127.0.0.1 80' 'tcp 127.0.0.1 81' 'udp 127.0.0.1 80' 'udp 127.0.0.1 81' \
			'sendmsg 127.0.0.1 81' 'fastopen 127.0.0.1 81' io_uring unix-self)"
	}
	all_denied
	local sup kind
	sup=$(rt state "$ID" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	has notify "$(rt state "$ID" | jq -r '.annotations["io.sandlock.enforcement"]')"
	for kind in addr msghdr dup2; do
		rt exec "$ID" flip $kind tcp 300 127.0.0.1 80 127.0.0.1 81
		rt exec "$ID" flip $kind udp 300 127.0.0.1 80 127.0.0.1 81
	done
	kill -KILL "$sup"
	all_denied
	run rt exec "$ID" cat /tmp/counts
	! grep -q ':81 [1-9]' <<<"$output"
	rt delete --force "$ID"
}
