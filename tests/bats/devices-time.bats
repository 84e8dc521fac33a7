#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# devices-time.bats - what a configuration can have since 1.1 to 1.3: network devices, clocks, resctrl; and limits and
# activation sockets, which depend on the namespaces
load helpers

setup() { common_setup; }
teardown() { common_teardown; }

# The "host" of these tests is a network namespace of the test's own.
in_a_netns() {
	need ip nsenter
	spawn unshare -n sleep 1000
	HOST=$!
	wait_until other_netns "$HOST"
	NSENTER=(nsenter -t "$HOST" -n)
	"${NSENTER[@]}" ip link add eth7 type veth peer name peer7 || skip_or_fail "no veth interfaces"
	"${NSENTER[@]}" ip addr add 10.7.0.2/24 dev eth7
	"${NSENTER[@]}" ip link set eth7 up
}
other_netns() { [ "$(readlink "/proc/$1/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
host_ip() { "${NSENTER[@]}" ip -o "$@"; }

user_namespace() {
	cfg '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
}

@test "a network device moves into the container with its address and is up before the hooks run" {
	in_a_netns
	cfg '.linux.netDevices = {"eth7": {"name": "net%d"}} |
		.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", $c]}]' \
		--arg c "nsenter -t \$(jq .pid) -n ip -o addr show net0 >$T/hook"
	args sleep 1000
	start_container
	file_has "$T/hook" 10.7.0.2/24
	run nsenter -t "$(container_pid)" -n ip -o link show net0
	has ",UP" "$output"
	run host_ip link show eth7
	[ "$status" -ne 0 ]
}

@test "a network device is back on the host, up and with its address, when create fails later" {
	in_a_netns
	cfg '.linux.netDevices = {"eth7": {"name": "net0"}} | .hooks.createContainer = [{"path": "/bin/false"}]'
	run_container -- true
	one_clear_line createContainer
	run host_ip addr show eth7
	has 10.7.0.2/24 "$output"
	run host_ip link show eth7
	has ",UP" "$output"
}

@test "network devices: a name that cannot be, one that is taken, no namespace, and the host's own are errors" {
	in_a_netns
	cfg '.linux.netDevices = {"eth7": {"name": "a/b"}}'
	run_container -- true
	one_clear_line linux.netDevices.eth7 '"a/b"'
	cfg '.linux.netDevices = {"eth7": {"name": "lo"}}'
	run_container -- true
	one_clear_line linux.netDevices.eth7 '"lo"'
	cfg '.linux.netDevices = {"absent7": {}}'
	run_container -- true
	one_clear_line linux.netDevices.absent7
	cfg '.linux.netDevices = {"eth7": {}} | (.linux.namespaces[] | select(.type == "network")).path = $p' \
		--arg p "/proc/$HOST/ns/net"
	run_container -- true
	one_clear_line linux.netDevices "host's own"
	host_network
	run_container -- true
	one_clear_line linux.netDevices "network namespace"
	run host_ip addr show eth7
	has 10.7.0.2/24 "$output"
}

@test "a new network namespace has its loopback interface up" {
	args sleep 1000
	start_container
	need ip nsenter
	run nsenter -t "$(container_pid)" -n ip -o addr show lo
	has 127.0.0.1/8 "$output"
	has ::1/128 "$output" || [ ! -e /proc/net/if_inet6 ]
}

@test "timeOffsets: the container's clocks are ahead, for exec too, with and without a user namespace" {
	[ -e /proc/self/ns/time ] || skip_or_fail "the kernel has no time namespaces"
	local uptime
	cfg '.linux.namespaces += [{"type": "time"}] | .linux.timeOffsets = {"boottime": {"secs": 864000, "nanosecs": 5}}'
	args sleep 1000
	for _ in root user; do
		start_container
		uptime=$(rt exec "$ID" cat /proc/uptime)
		[ "${uptime%%.*}" -ge 864000 ] && [ "${uptime%%.*}" -lt $(($(cut -d. -f1 /proc/uptime) + 864100)) ]
		rt delete --force "$ID"
		user_namespace
	done
}

@test "rlimits of a container with a user namespace are set from outside, for exec too" {
	need userns
	user_namespace
	cfg '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]'
	shell 'ulimit -n; ulimit -Hn; exec sleep 1000'
	start_container
	wait_until file_has "$OUT" 88
	is "77 88" "$(tr '\n' ' ' <"$OUT" | sed 's/ $//')"
	jq '.process | .rlimits[0] |= (.soft = 9 | .hard = 10) | .args = ["sh", "-c", "ulimit -n; ulimit -Hn"]' \
		"$B/config.json" >"$T/process.json"
	is "9 10" "$(rt exec --process "$T/process.json" "$ID" | tr '\n' ' ' | sed 's/ $//')"
	rt delete --force "$ID"
	# Beyond fs.nr_open nobody can go.
	cfg '.process.rlimits[0].hard = 4000000000'
	run_container -- true
	one_clear_line 'process.rlimits[0] (RLIMIT_NOFILE)' CAP_SYS_RESOURCE
}

@test "LISTEN_PID is the pid that the process has, also in exec" {
	echo hello >"$T/file"
	activated() { # WORD…: with descriptor 3 as systemd would pass it
		(exec 3<"$T/file" && exec env "SANDRUN_TEST=$ID" sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh \
			"$SANDRUN" --root "$STATE" "$@")
	}
	shell 'echo $LISTEN_FDS $LISTEN_PID; cat <&3'
	run activated run --bundle "$B" "$ID"
	is "1 1
hello" "$output"
	args sleep 1000
	start_container
	run activated exec "$ID" sh -c '[ "$LISTEN_PID" = $$ ] && echo mine $LISTEN_FDS; cat <&3'
	is "mine 1
hello" "$output"
	run rt exec "$ID" sh -c 'echo ${LISTEN_FDS:-none}'
	is none "$output"
}

@test "intelRdt without a mounted resctrl is an error that says so" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "resctrl is mounted here"
	cfg '.linux.intelRdt = {"closID": "gold", "l3CacheSchema": "L3:0=f"}'
	run_container -- true
	one_clear_line linux.intelRdt "not mounted"
	assert_no_leftovers
}
