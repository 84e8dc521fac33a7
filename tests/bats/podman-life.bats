# SPDX-License-Identifier: Apache-2.0
# podman-life.bats - what podman does with containers that live: pause, update, numbers, time limits, readiness, descriptors, cgroups,
# memory, and a monitor that dies

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() { podman_setup; }
teardown() { podman_teardown; }

# start WORD…: detached, as $NAME.
start() { pm run -d --network none --name "$NAME" "$@" >/dev/null; }
cpid() { pm inspect -f '{{.State.Pid}}' "$NAME"; }
is_podman_status() { [ "$(pm inspect -f '{{.State.Status}}' "$NAME")" = "$1" ]; }
# cg_value FILE…: of the container's cgroup, the first of the files (v1's name, v2's name) that is there.
cg_value() {
	local f
	for f; do
		f=$(find /sys/fs/cgroup -path "*$(cid)*/$f" -print -quit)
		[ -z "$f" ] || { cat "$f"; return 0; }
	done
	return 1
}

@test "podman: pause stops the workload, unpause lets it go on, and a paused one can be removed" {
	start t sh -c 'while :; do echo tick; sleep 0.02; done'
	wait_until eval 'pm logs "$NAME" | grep -q tick'
	pm pause "$NAME" >/dev/null
	is_podman_status paused
	is paused "$(rt_of_podman state "$(cid)" | jq -r .status)"
	local before
	before=$(pm logs "$NAME" | wc -l)
	run pm exec "$NAME" true
	[ "$status" -ne 0 ]
	is "$before" "$(pm logs "$NAME" | wc -l)"
	pm unpause "$NAME" >/dev/null
	is_podman_status running
	wait_until eval '[ "$(pm logs "$NAME" | wc -l)" -gt $before ]'
	pm pause "$NAME" >/dev/null
	elapsed_ms pm rm -f -t 0 "$NAME"
	[ "$MS" -lt $((6000 * SLOWER)) ]
}

@test "podman: update --memory and --cpus are in the cgroup, and the rest stays" {
	start --memory 64m --cpu-shares 512 t sleep 1000
	is 67108864 "$(cg_value memory.limit_in_bytes memory.max)"
	pm update --memory 96m "$NAME" >/dev/null
	is 100663296 "$(cg_value memory.limit_in_bytes memory.max)"
	pm update --cpus 0.5 "$NAME" >/dev/null
	has 50000 "$(cg_value cpu.cfs_quota_us cpu.max)"
	is 100663296 "$(cg_value memory.limit_in_bytes memory.max)"
	[ ! -e /sys/fs/cgroup/cpu ] || is 512 "$(cg_value cpu.shares)"
	is ok "$(pm exec "$NAME" echo ok)"
}

@test "podman: top lists exactly the container's processes, stats counts them" {
	local policy=()
	! is_sandrun || policy=(--annotation io.sandlock.net-deny=private)
	start "${policy[@]}" t sh -c 'sleep 1000 & wait'
	wait_until eval '[ "$(pm top "$NAME" hpid args | tail -n +2 | wc -l)" = 2 ]'
	has "$(cpid)" "$(pm top "$NAME" hpid args)"
	run --separate-stderr pm stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$NAME"
	[[ $output =~ ^2\ [0-9.]+[kM]B ]]
}

@test "podman: --timeout kills, and the code says so" {
	elapsed_ms pm run --network none --name "$NAME" --timeout 1 t sleep 1000 || true
	[ "$MS" -ge 900 ] && [ "$MS" -lt $((20000 * SLOWER)) ]
	[ "$(pm inspect -f '{{.State.ExitCode}}' "$NAME")" -ne 0 ]
	is_podman_status exited
}

@test "podman: --sdnotify=container: READY=1 of the workload, and a MAINPID, arrive where podman was told" {
	need socat
	spawn socat -u "UNIX-RECV:$T/notify" "CREATE:$T/notified"
	wait_until test -S "$T/notify"
	NOTIFY_SOCKET=$T/notify pm run -d --sdnotify=container --network none --name "$NAME" t \
		sh -c 'test -S "$NOTIFY_SOCKET" && probe notify "$NOTIFY_SOCKET" READY=1 && sleep 1000' >/dev/null
	wait_until file_has "$T/notified" READY=1
	has "MAINPID=" "$(cat "$T/notified")"
}

@test "podman: descriptors of socket activation arrive as 3 and up, with LISTEN_FDS and LISTEN_PID of the workload" {
	touch "$T/three" "$T/four"
	run --separate-stderr activated run --rm --network none t sh -c 'echo "$LISTEN_FDS $LISTEN_PID $$"; probe fds'
	is 0 "$status"
	is "2 1 1" "${lines[0]}"
	has "3 $T/three" "$output"
	has "4 $T/four" "$output"
	[[ $output != *$'\n5 '* ]]
}
# podman as a service with two sockets: LISTEN_PID is its own pid.
activated() {
	CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf LISTEN_FDS=2 sh -c 'LISTEN_PID=$$ exec podman "$@"' _ \
		--runtime "$FT/bin/sandrun" --tmpdir "$FT/tmp" "$@" 3>>"$T/three" 4>>"$T/four"
}

@test "podman: --cgroups=disabled makes no cgroup, --cgroup-parent one where it says" {
	start --cgroups=disabled t sleep 1000
	is "$(cat /proc/self/cgroup)" "$(cat "/proc/$(cpid)/cgroup")"
	is "" "$(find /sys/fs/cgroup -type d -path "*$(cid)*")"
	is ok "$(pm exec "$NAME" echo ok)"
	pm stop -t 0 "$NAME" >/dev/null
	is_podman_status exited
	pm rm -f -t 0 "$NAME" >/dev/null
	start --cgroup-parent "/$ID-parent" --cgroupns host t sleep 1000
	has "/$ID-parent/libpod-" "$(pm exec "$NAME" cat /proc/self/cgroup)"
	pm rm -f -t 0 "$NAME" >/dev/null
	# conmon ends a little later; where a controller has no hierarchy on this machine, podman has made plain files for it
	wait_until eval 'find /sys/fs/cgroup -depth -type d -path "*/$ID-parent*" ! -fstype tmpfs -exec rmdir {} +'
	find /sys/fs/cgroup -depth -path "*/$ID-parent*" -fstype tmpfs -delete
}

@test "podman: --cgroups=no-conmon" {
	start --cgroups=no-conmon t sleep 1000
	is ok "$(pm exec "$NAME" echo ok)"
	[ -n "$(cg_value pids.max)" ]
}

@test "podman: a workload out of memory is 137 and OOMKilled, with and without a policy" {
	local p
	cd "$T"
	for p in org.example=none io.sandlock.net-deny=private; do
		[ "${p%%.*}" = org ] || is_sandrun || continue
		run pm run --network none --name "$NAME" --annotation "$p" --memory 24m --memory-swap 24m t \
			sh -c 'dd if=/dev/zero of=/dev/null bs=100M count=1; exit $?'
		is 137 "$status"
		# podman 4.3 leaves conmon in its own working directory, where conmon writes what podman looks for in the container's
		[ -e "$T/oom" ] || is true "$(pm inspect -f '{{.State.OOMKilled}}' "$NAME")"
		rm -f "$T/oom"
		pm rm -f "$NAME" >/dev/null
	done
}

@test "podman: conmon is killed: rm -f ends the container and the supervisor" {
	local p monitor pid sup id
	for p in org.example=none io.sandlock.net-deny=private; do
		[ "${p%%.*}" = org ] || is_sandrun || continue
		start --annotation "$p" t sleep 1000
		id=$(cid)
		pid=$(cpid)
		monitor=$(pm inspect -f '{{.ConmonPidFile}}' "$NAME")
		kill -KILL "$(cat "$monitor")"
		sup=$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"] // ""')
		pm rm -f -t 0 "$NAME" >/dev/null
		wait_until pid_gone "$pid"
		[ -z "$sup" ] || wait_until pid_gone "$sup"
		# podman 4 asks no runtime to delete what has lost its monitor
		rt_of_podman delete --force "$id"
		wait_until nothing_left_of_engine
	done
}

@test "podman: a health check succeeds, fails and succeeds again" {
	start --health-cmd 'test -e /tmp/ok' --health-interval disable --health-retries 1 t sleep 1000
	run pm healthcheck run "$NAME"
	is 1 "$status"
	pm exec "$NAME" touch /tmp/ok
	run pm healthcheck run "$NAME"
	is 0 "$status"
	is healthy "$(pm inspect "$NAME" | jq -r '.[0].State | (.Health // .Healthcheck).Status')"
}

@test "podman: init is a child of conmon and has no descriptor of anybody's" {
	local policy=() pid
	! is_sandrun || policy=(--annotation io.sandlock.net-deny=private)
	start "${policy[@]}" t sleep 1000
	pid=$(cpid)
	is conmon "$(cat "/proc/$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f2)/comm")"
	is "0 1 2" "$(ls "/proc/$pid/fd" | xargs)"
}

@test "podman: info names the runtime and its version" {
	need sandrun
	run --separate-stderr pm info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Version}}'
	is 0 "$status"
	has "sandrun version " "$output"
	has "spec: 1." "$output"
}
