# SPDX-License-Identifier: Apache-2.0
# killed.bats - a command that is killed in the middle, at any system call: "delete --force" leaves nothing of it
#
# Each test kills at every so-many-th system call. SANDRUN_KILL_STEP=1 kills at each of them (half an hour for the file; give
# BATS_TEST_TIMEOUT=3600, too), SANDRUN_KILL_FROM at which it begins.

load helpers

setup() {
	common_setup
	need sandrun strace
	args sleep 1000
	FOLLOW=()
	GLOBAL=()
}
teardown() { common_teardown; }

# The commands, each with what must be there before and what must hold after a kill and before "delete --force".
before_create() { :; }
before_run() { :; }
before_start() { create; }
before_exec() { start_container; }
before_pause() { start_container; }
before_resume() { start_container && rt pause "$ID"; }
before_update() { start_container; }
before_delete() { start_container && rt kill "$ID" KILL && wait_until status_is stopped; }
before_force() { start_container; }
command_of() {
	case $1 in
	create) echo create --bundle "$B" "$ID" ;;
	run) echo run --bundle "$B" "$ID" ;;
	start) echo start "$ID" ;;
	exec) echo exec "$ID" /bin/true ;;
	pause) echo pause "$ID" ;;
	resume) echo resume "$ID" ;;
	update) echo update --pids-limit 77 "$ID" ;;
	delete) echo delete "$ID" ;;
	force) echo delete --force "$ID" ;;
	esac
}
# Whatever was killed, what is there can be told.
after() { rt list -q && { rt state "$ID" || [ ! -d "$STATE/$ID" ]; }; }
after_create() { after; }
after_run() { after; }
after_start() { after; }
# No half-made session stays, and the next one works.
after_exec() { after && wait_until alone && rt exec "$ID" /bin/true; }
alone() { [ "$(rt ps --format json "$ID" | jq length)" = 1 ]; }
after_pause() { rt resume "$ID"; rt exec "$ID" /bin/true; }
after_resume() { after_pause; }
after_update() { after && rt exec "$ID" /bin/true; }
after_delete() { after; }
after_force() { after; }

# Nobody waits for more than a command should take, whatever was killed.
traced() { SANDRUN_TEST=$ID timeout --foreground -k 5 20 strace "${FOLLOW[@]}" "$@" </dev/null >"$T/traced.out" 2>&1 3>&-; }

# Every system call of a command, as "name occurrence" lines: strace counts each name for itself, and in each process.
calls_of() {
	"before_$1" || return 1
	# shellcheck disable=SC2046
	traced -o "$T/trace" "$SANDRUN" --root "$STATE" "${GLOBAL[@]}" $(command_of "$1") || true
	rt delete --force "$ID"
	if [ ${#FOLLOW[@]} = 0 ]; then
		awk -F'(' '/^[a-z0-9_]+\(/ { n[$1]++; print $1, n[$1] }' "$T/trace"
	else
		# of the children only: what is not the first process', once for each name and number
		awk '$2 ~ /^[a-z0-9_]+\(/ { if (!first) first = $1; split($2, a, "("); k = $1 " " a[1]; n[k]++
			if ($1 != first && !seen[a[1] " " n[k]]++) print a[1], n[k] }' "$T/trace"
	fi
}

# With -f each line begins with a pid, the first process' first. (Where only others died, it has to clean up itself.)
itself_killed() {
	[ ${#FOLLOW[@]} != 0 ] || { grep -q '^+++ killed by SIGKILL' "$T/killed"; return; }
	awk 'NR == 1 { first = $1 } $1 == first && /\+\+\+ killed by SIGKILL/ { yes = 1 } END { exit !yes }' "$T/killed"
}

# kill_at COMMAND STEP: at every STEP-th call.
kill_at() {
	local cmd=$1 step=${SANDRUN_KILL_STEP:-$2} name nth killed=0 at=0 rc
	calls_of "$cmd" >"$T/calls"
	while read -r name nth; do
		at=$((at + 1))
		[ "$at" -ge "${SANDRUN_KILL_FROM:-1}" ] && [ $((at % step)) = 0 ] || continue
		"before_$cmd" || { echo "before call $at"; return 1; }
		rc=0
		# shellcheck disable=SC2046
		traced -o "$T/killed" -e inject="$name:signal=KILL:when=$nth" "$SANDRUN" --root "$STATE" "${GLOBAL[@]}" $(command_of "$cmd") || rc=$?
		! grep -q 'killed by SIGKILL' "$T/killed" || killed=$((killed + 1))
		[ "$rc" != 124 ] || { echo "hangs after the kill at call $at: $name, time $nth"; return 1; }
		[ "$cmd" != run ] || itself_killed || wait_until nothing_left ||
			{ echo "not cleaned up after the kill at call $at: $name, time $nth"; leftovers; return 1; }
		"after_$cmd" >"$T/after.out" 2>&1 ||
			{ echo "after the kill at call $at: $name, time $nth"; cat "$T/after.out"; rt state "$ID"; return 1; }
		rt delete --force "$ID" || { echo "delete after the kill at call $at: $name, time $nth"; return 1; }
		wait_until nothing_left || { echo "left by the kill at call $at: $name, time $nth"; leftovers; return 1; }
	done <"$T/calls"
	[ "$killed" -gt 0 ] || { echo "nothing was killed"; wc -l "$T/calls"; return 1; }
	[ -z "${SANDRUN_KILL_STEP:-}" ] || echo "# $cmd: $killed kills at $at calls" >&3
}

@test "killed anywhere in create, a plain container can be deleted without a trace" {
	kill_at create 11
}

@test "killed anywhere in create, a container with a policy can be deleted without a trace" {
	annotate net-deny=private
	kill_at create 13
}

@test "killed anywhere in run, a container can be deleted without a trace" {
	args true
	kill_at run 29
	annotate net-deny=private
	kill_at run 31
}

@test "a child of run's killed anywhere: run ends and cleans up itself" {
	args true
	FOLLOW=(-f)
	kill_at run 37
	annotate net-deny=private
	kill_at run 67
}

@test "killed anywhere in start, the container can be deleted without a trace" {
	kill_at start 13
	annotate net-deny=private
	kill_at start 17
}

@test "killed anywhere in exec, no session stays, the next one works, and the container can be deleted" {
	kill_at exec 19
	annotate net-deny=private
	kill_at exec 23
}

@test "killed anywhere in pause, resume and update, the container can be resumed and used" {
	kill_at pause 11
	kill_at resume 11
	kill_at update 17
}

@test "killed anywhere in delete, with and without --force, another delete finishes it" {
	annotate net-deny=private
	kill_at delete 19
	kill_at force 19
}

@test "killed anywhere with the machine's own cgroup manager, a container and its scope can be deleted without a trace" {
	if [ -d /run/systemd/system ]; then
		cfg '.linux.cgroupsPath = "system.slice:sandrun:" + $id' --arg id "$ID"
		GLOBAL=(--systemd-cgroup)
	fi
	annotate net-deny=private
	kill_at create 29
	kill_at run 61
}
