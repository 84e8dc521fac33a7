# SPDX-License-Identifier: Apache-2.0
# stress.bats - many containers in a row and side by side, and not one process, mount, cgroup, socket or state left

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() {
	podman_setup
	pod_policy=()
	if is_sandrun; then
		pod_policy=(--annotation io.sandlock.net-deny=private)
		annotate net-deny=private
	fi
}
teardown() { podman_teardown; }

@test "thirty podman containers in a row leave nothing" {
	local i
	for i in $(seq 30); do
		is "$i" "$(pm run --rm --network none "${pod_policy[@]}" t echo "$i")"
	done
	wait_until nothing_left_of_engine
}

@test "ten podman containers side by side leave nothing" {
	local i pids=()
	for i in $(seq 10); do
		pm run --rm --network none "${pod_policy[@]}" t sh -c "sleep 0.2; echo $i; exit $i" >"$T/p$i" 2>&1 &
		pids[i]=$!
	done
	for i in $(seq 10); do
		local rc=0
		wait "${pids[i]}" || rc=$?
		is "$i" "$rc"
		is "$i" "$(cat "$T/p$i")"
	done
	wait_until nothing_left_of_engine
}

@test "a hundred runs by hand in a row leave nothing" {
	local i
	args probe tcp 127.0.0.1 9
	for i in $(seq 100); do
		is ECONNREFUSED "$(rt run --bundle "$B" "$ID")"
	done
	assert_no_leftovers
}

@test "twenty by hand side by side, with create, start, exec, kill and delete" {
	local i pids=()
	args sleep 1000
	for i in $(seq 20); do
		life "$ID-$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	assert_no_leftovers
}

# life ID: one whole life, in a cgroup of its own.
life() {
	local b=$T/b-$1
	mkdir "$b"
	ln -s "$B/rootfs" "$b/rootfs"
	jq --arg c "/$1" --arg r "$B/rootfs" '.linux.cgroupsPath = $c | .root.path = $r' "$B/config.json" >"$b/config.json"
	rt create --bundle "$b" --pid-file "$b/pid" "$1" </dev/null >"$b/out" 2>&1 || { cat "$b/out"; return 1; }
	rt start "$1" || return 1
	is ECONNREFUSED "$(rt exec "$1" probe tcp 127.0.0.1 9)" || return 1
	rt kill "$1" KILL || return 1
	wait_until status_is stopped "$1" || return 1
	rt delete "$1"
}

@test "killed in the middle of create, delete --force still removes everything" {
	need sandrun
	local delay
	args sleep 1000
	for delay in 0.002 0.004 0.006 0.008 0.010 0.015 0.020 0.030; do
		timeout --foreground -s KILL "$delay" "$SANDRUN" --root "$STATE" create --bundle "$B" "$ID" \
			</dev/null >"$OUT" 2>&1 3>&- || true
		rt delete --force "$ID"
		WAIT_FOR=5 assert_no_leftovers
	done
}

@test "hundreds of refusals a second do not lose one, and the count is right" {
	need sandrun
	netns_make
	host_network
	args sleep 1000
	start_container
	local i pids=()
	for i in 1 2 3 4; do
		rt exec "$ID" flip addr tcp 500 127.0.0.1 9 127.0.0.1 10 >"$T/f$i" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	is "allowed=0 refused=500 other=0 " "$(cat "$T"/f? | sort -u)"
	wait_until eval '[ "$(annotation denied)" = 2000 ]'
}
