# SPDX-License-Identifier: Apache-2.0
# state.bats - the state directory: commands side by side, damaged files, what a container has put there
#
# SANDRUN_RACES=80 has more rounds of each race.

load helpers

setup() {
	common_setup
	need sandrun
	args sleep 1000
	ROUNDS=${SANDRUN_RACES:-15}
}
teardown() { common_teardown; }

# beside N WORD…: in each of $ROUNDS rounds a container, "delete --force" beside N times the runtime with WORD… and the id. No delete
# fails, and nothing is there afterwards. What the others say is in $T/said.
beside() {
	local n=$1 i k id p
	shift
	for ((i = 0; i < ROUNDS; i++)); do
		id=$ID-$i
		rt create --bundle "$B" "$id" </dev/null >"$T/made" 2>&1 || { cat "$T/made"; return 1; }
		p=()
		for ((k = 0; k < n; k++)); do
			rt "${@//ID/$id}" >>"$T/said" 2>&1 &
			p+=($!)
		done
		rt delete --force "$id" >"$T/deleted" 2>&1 || { echo "round $i:"; cat "$T/deleted"; wait "${p[@]}"; return 1; }
		# What began before the end of the container may end after it, but leaves nothing.
		wait "${p[@]}" || true
		[ ! -e "$STATE/$id" ] || { echo "round $i: left:"; ls -A "$STATE/$id"; cat "$T/said"; return 1; }
	done
	! grep -i 'not empty' "$T/said"
}

@test "delete --force beside two others: none fails, and nothing is left" {
	cfg '.linux.cgroupsPath = ""'
	beside 2 delete --force ID
	is "" "$(cat "$T/said")"
}

@test "delete --force beside start: it does not fail, and nothing is left" {
	cfg '.linux.cgroupsPath = ""'
	beside 2 start ID
}

@test "delete --force beside kill, state and pause: it does not fail, and nothing is left" {
	cfg '.linux.cgroupsPath = ""'
	beside 2 kill ID KILL
	beside 1 state ID
	beside 1 pause ID
}

@test "delete --force beside create: whichever is first, nothing is left by a create that failed, and the id is free again" {
	local i p
	for ((i = 0; i < ROUNDS; i++)); do
		rt create --bundle "$B" "$ID" </dev/null >"$T/made" 2>&1 &
		p=$!
		wait_until test -e "$STATE/$ID" || return 1
		rt delete --force "$ID"
		wait $p || true
		[ ! -e "$STATE/$ID" ] || rt delete --force "$ID"
		[ ! -e "$STATE/$ID" ] || { ls -A "$STATE/$ID"; return 1; }
	done
	create
}

@test "a state directory in which nothing is yet: delete removes it, and no command makes a lock in it" {
	mkdir -p "$STATE/$ID"
	run --separate-stderr rt start "$ID"
	[ "$status" -ne 0 ]
	is "" "$(ls -A "$STATE/$ID")"
	rt delete --force "$ID"
	[ ! -e "$STATE/$ID" ]
}

@test "a container whose lock somebody removed is deleted with --force" {
	create
	rm "$STATE/$ID/lock"
	run --separate-stderr rt start "$ID"
	one_clear_line "has no lock"
	rt delete --force "$ID"
	assert_no_leftovers
}

# damage FILE HOW
damage() {
	case $2 in
	empty) : >"$STATE/$ID/$1" ;;
	cut) truncate -s 20 "$STATE/$ID/$1" ;;
	noise) head -c 300 /dev/urandom >"$STATE/$ID/$1" ;;
	other) echo '{}' >"$STATE/$ID/$1" ;;
	directory) rm "$STATE/$ID/$1" && mkdir -p "$STATE/$ID/$1/x/y" ;;
	fifo) rm "$STATE/$ID/$1" && mkfifo "$STATE/$ID/$1" ;;
	esac
}

@test "a container whose record is damaged in any way: commands say so, delete --force ends its init and leaves nothing" {
	local how pid
	annotate net-deny=private
	for how in empty cut noise other directory fifo; do
		start_container
		pid=$(container_pid)
		damage record.json $how
		run --separate-stderr rt state "$ID"
		one_clear_line "its record"
		run --separate-stderr rt kill "$ID" KILL
		one_clear_line "its record"
		run --separate-stderr rt delete "$ID"
		one_clear_line "its record"
		run ! pid_gone "$pid"
		rt list -q
		rt delete --force "$ID" || { echo "$how"; return 1; }
		pid_gone "$pid" || { echo "$how: init lives"; return 1; }
		[ ! -e "$STATE/$ID" ]
		nothing_left || wait_until nothing_left || { echo "$how"; leftovers; return 1; }
	done
}

@test "a container whose other files are damaged in any way is deleted with --force" {
	local how f
	annotate net-deny=private
	cfg '.hooks.poststop = [{path: "/bin/true"}]'
	for f in config.json policy supervisor.sock start.sock record.copy; do
		for how in empty noise directory fifo; do
			create
			[ -e "$STATE/$ID/$f" ] || echo >"$STATE/$ID/$f"
			[ ! -S "$STATE/$ID/$f" ] || rm "$STATE/$ID/$f"
			[ -e "$STATE/$ID/$f" ] && [ ! -p "$STATE/$ID/$f" ] || { rm -f "$STATE/$ID/$f"; echo >"$STATE/$ID/$f"; }
			damage "$f" $how
			rt delete --force "$ID" || { echo "$f $how"; return 1; }
			wait_until nothing_left || { echo "$f $how"; leftovers; return 1; }
		done
	done
}

@test "what a container made in the directory of its notification socket does not keep it from being deleted" {
	all_caps
	shell 'mount -o remount,bind,rw /run/notify && mkdir -p /run/notify/a/b/c && echo >/run/notify/a/file && ln -s / /run/notify/a/b/link; sleep 1000'
	NOTIFY_SOCKET=@$ID create
	NOTIFY_SOCKET=@$ID rt start "$ID" &
	wait_until test -L "$STATE/$ID/notify/a/b/link" || { cat "$OUT"; return 1; }
	rt delete --force "$ID"
	wait $!
	[ ! -e "$STATE/$ID" ]
}

@test "state of a directory without a record" {
	mkdir -p "$STATE/$ID"
	rt state "$ID" | jq -e '.status == "stopped" and .annotations == null or .annotations == {}'
	rt delete "$ID"
}

# stop PID…: and all of them have stopped.
stop() {
	local p
	kill -STOP "$@"
	for p; do wait_until is_stopped "$p"; done
}
is_stopped() { grep -q '^State:	T' "/proc/$1/status"; }

@test "delete --force of a container whose supervisor or watcher, or both, are stopped or gone, is quick and leaves nobody" {
	local how sup watcher
	annotate net-deny=private
	for how in supervisor watcher both init all killed-watcher; do
		start_container
		sup=$(rt state "$ID" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
		watcher=$(jq .supervisorPid "$STATE/$ID/record.json")
		case $how in
		supervisor) stop "$sup" ;;
		watcher) stop "$watcher" ;;
		both) stop "$sup" "$watcher" ;;
		init) stop "$(container_pid)" ;;
		all) stop "$sup" "$watcher" "$(container_pid)" ;;
		killed-watcher)
			stop "$sup"
			kill -KILL "$watcher"
			wait_until pid_gone "$watcher"
			;;
		esac
		elapsed_ms rt delete --force "$ID"
		[ "$MS" -lt $((1000 * SLOWER)) ] || { echo "$how: $MS ms"; return 1; }
		pid_gone "$sup" && pid_gone "$watcher" || { echo "$how: left"; return 1; }
		wait_until nothing_left
	done
}
