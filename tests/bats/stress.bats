# SPDX-License-Identifier: Apache-2.0
# stress.bats - many containers in a row and side by side, and not one process, mount, cgroup, socket or state left; one that lives
# long, and its supervisor does not grow
#
# SANDRUN_SOAK=1000 (with BATS_TEST_TIMEOUT=3600) is a thousand in a row instead of a hundred, and so on.

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
SOAK=${SANDRUN_SOAK:-100}

@test "thirty podman containers in a row leave nothing" {
	local i
	for i in $(seq $((SOAK * 3 / 10))); do
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

@test "a hundred runs by hand in a row, with and without a policy, leave nothing" {
	local i
	args probe tcp 127.0.0.1 9
	for i in $(seq "$SOAK"); do
		is ECONNREFUSED "$(rt run --bundle "$B" "$ID")"
	done
	assert_no_leftovers
	cfg 'del(.annotations)'
	for i in $(seq "$SOAK"); do
		is ECONNREFUSED "$(rt run --bundle "$B" "$ID")"
	done
	assert_no_leftovers
}

@test "the cache of seccomp programs stays small, whatever profiles come" {
	need sandrun
	local i
	args true
	for i in $(seq "$SOAK"); do
		cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
			{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": $n}]}' --argjson n "$i"
		rt run --bundle "$B" "$ID"
	done
	i=$(find /run/sandrun.cache -type f | wc -l)
	echo "$i entries"
	[ "$i" -gt 1 ] && [ "$i" -le 64 ]
}

# numbers PID: descriptors and anonymous memory (kB) of a process.
numbers() { echo "$(ls "/proc/$1/fd" | wc -l) $(awk '/^RssAnon|^VmSwap/ { n += $2 } END { print n }' "/proc/$1/status")"; }
# flat WHAT BEFORE AFTER: no more than its fixed pool of threads may come to take (32: a descriptor or two and 64 kB each).
flat() {
	[ $((${3% *} - ${2% *})) -le 64 ] && [ $((${3#* } - ${2#* })) -le 2048 ] || { echo "$1: $2 kB, then $3 kB"; return 1; }
}
work() {
	local i n=$1 RT_TIMEOUT=1000
	rt exec "$ID" flip addr tcp $((n * 50)) 127.0.0.1 80 127.0.0.1 81 >/dev/null
	rt exec "$ID" flip addr udp $((n * 50)) 127.0.0.1 80 127.0.0.1 81 >/dev/null
	rt exec "$ID" flip msghdr udp $((n * 10)) 127.0.0.1 80 127.0.0.1 81 >/dev/null
	for i in $(seq "$n"); do rt exec "$ID" /bin/true; done
}

@test "a container that lives long: thousands of judged calls and hundreds of sessions, and the supervisor does not grow" {
	need sandrun
	netns_make
	host_network
	cfg 'del(.annotations)'
	annotate 'net-allow=127.0.0.1:80;udp://127.0.0.1:80'
	serve tcp:127.0.0.1:80 udp:127.0.0.1:80
	# or the ports run out
	in_ns sh -c 'echo 0 >/proc/sys/net/ipv4/tcp_max_tw_buckets'
	args sleep 10000
	start_container
	local sup watch before before_watch
	sup=$(supervisor_pid)
	watch=$(sed 's/.*) //' "/proc/$sup/stat" | cut -d' ' -f2)
	is "$(readlink "/proc/$sup/exe")" "$(readlink "/proc/$watch/exe")"
	work 20
	before=$(numbers "$sup")
	before_watch=$(numbers "$watch")
	work "$SOAK"
	work "$SOAK"
	# the end of the last sessions may still have to be seen
	wait_until eval 'flat supervisor "$before" "$(numbers "$sup")"' || flat supervisor "$before" "$(numbers "$sup")"
	flat watcher "$before_watch" "$(numbers "$watch")"
	echo "# supervisor: $before, then $(numbers "$sup"); watcher: $before_watch, then $(numbers "$watch")" >&3
	is "$sup" "$(supervisor_pid)"
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
