# SPDX-License-Identifier: Apache-2.0
# stopped.bats - what a container does to a process of ours that enters it: the command that waits for it ends all the same, and hears signals

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	args sleep 1000
}
teardown() { common_teardown; }

# stopping WORD…: the runtime, in the background ($! is births', RUNTIME the runtime's own pid); its first process that starts a session is
# stopped as the container's root would stop it.
stopping() {
	: >"$T/log"
	spawn "$PROGRAMS/births" -S "$T/log" "$SANDRUN" --root "$STATE" "$@" </dev/null >"$OUT" 2>"$OUT.err"
	BIRTHS=$!
	wait_until file_has "$T/log" stopped
	STOPPED=$(sed -n 's/^stopped //p' "$T/log")
	RUNTIME=$(pgrep -P "$BIRTHS")
}

# ends STATUS MS: the command ends by itself within the time, and with it the process that was stopped.
ends() {
	local rc=0 a b
	a=$(date +%s%N)
	wait_until pid_gone "$BIRTHS"
	wait "$BIRTHS" || rc=$?
	b=$(date +%s%N)
	is "$1" "$rc"
	[ $(((b - a) / 1000000)) -lt $(($2 * SLOWER)) ] || { echo "it took $(((b - a) / 1000000)) ms"; return 1; }
	wait_until pid_gone "$STOPPED"
	is 1 "$(wc -l <"$OUT.err")"
}

@test "exec does not wait for ever for a process that was stopped" {
	start_container
	stopping exec "$ID" /bin/true
	ends 255 7000
	file_has "$OUT.err" "was stopped for 5 s before it was the command"
	is "" "$(cat "$OUT")"
	rt exec "$ID" /bin/true
}

@test "exec and run, in the foreground, end by SIGTERM or SIGINT while the process that enters is stopped" {
	local sig
	for sig in TERM INT; do
		start_container
		stopping exec "$ID" /bin/true
		kill -$sig "$RUNTIME"
		ends 255 1000
		file_has "$OUT.err" "ended by SIG$sig"
		rt delete --force "$ID"
		stopping run --bundle "$B" "$ID"
		kill -$sig "$RUNTIME"
		ends 1 3000
		file_has "$OUT.err" "ended by SIG$sig"
		[ ! -e "$STATE/$ID" ]
	done
}

@test "create undoes what it made when it is ended by a signal" {
	stopping create --bundle "$B" "$ID"
	kill -TERM "$RUNTIME"
	ends 1 3000
	[ ! -e "$STATE/$ID" ]
}

@test "a workload that is stopped hears of its end" {
	start_container
	spawn "$SANDRUN" --root "$STATE" exec "$ID" sh -c 'kill -STOP $$' </dev/null >"$OUT" 2>&1
	local exec=$!
	wait_until grep -q "^State:.T" "/proc/$(wait_until pgrep -P "$exec" >/dev/null; pgrep -P "$exec")/status"
	kill -TERM "$exec"
	wait_until pid_gone "$exec"
}

@test "a container that stops every process it sees delays exec, and leaves none of them behind" {
	local i n
	shell 'echo ready; while :; do kill -STOP -1 2>/dev/null; done'
	start_container
	wait_until file_has "$OUT" ready
	for i in 1 2 3 4 5; do
		RT_TIMEOUT=3 run --separate-stderr rt exec "$ID" /bin/true
		[ "$status" != 137 ]
	done
	n=$(cat "/proc/$(container_pid)/cgroup" >/dev/null && rt ps -f json "$ID" | jq length)
	is 1 "$n"
}

@test "a hook that does not end keeps run from no signal" {
	cfg '.hooks = {createRuntime: [{path: "/bin/sleep", args: ["sleep", "1000"]}]}'
	spawn "$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" </dev/null >"$OUT" 2>"$OUT.err"
	local run=$!
	wait_until pgrep -P "$run" -x sleep
	kill -TERM "$run"
	wait_until pid_gone "$run"
	file_has "$OUT.err" "ended by SIGTERM"
	[ ! -e "$STATE/$ID" ]
}

@test "who stays on the terminal and writes on does not keep exec from ending" {
	start_container
	# script: exec --tty wants a terminal.
	RT_TIMEOUT=20 run timeout 20 script -qefc "'$SANDRUN' --root '$STATE' exec --tty '$ID' sh -c 'trap \"\" HUP; yes & sleep 0.2'" /dev/null
	is 0 "$status"
}
