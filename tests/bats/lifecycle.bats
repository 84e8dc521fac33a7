# SPDX-License-Identifier: Apache-2.0
# lifecycle.bats - create, start, state, kill, delete, run, exec, list, spec, features: codes, texts, files

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

# rrun WORD…: the runtime, with bats' run.
rrun() { run --separate-stderr rt "$@"; }

@test "create, start, state, kill and delete: each status in its turn, and nothing left" {
	args sleep 1000
	create
	is "" "$(cat "$OUT" "$OUT.err")"
	status_is created
	is "$(container_pid)" "$(rt state "$ID" | jq .pid)"
	is "$(realpath "$B")" "$(rt state "$ID" | jq -r .bundle)"
	is "$ID" "$(rt state "$ID" | jq -r .id)"
	rrun start "$ID"
	is "0  " "$status $output $stderr"
	status_is running
	rrun kill "$ID" TERM
	# busybox' sleep as pid 1 has no handler: TERM does nothing
	status_is running
	rrun kill "$ID" KILL
	is "0  " "$status $output $stderr"
	wait_until status_is stopped
	is 0 "$(rt state "$ID" | jq .pid)"
	rrun delete "$ID"
	is "0  " "$status $output $stderr"
	rrun state "$ID"
	one_clear_line "does not exist"
	assert_no_leftovers
}

@test "nothing of the workload runs before start" {
	args touch /tmp/ran
	create
	[ ! -e "$B/rootfs/tmp/ran" ]
	rt start "$ID"
	wait_until test -e "$B/rootfs/tmp/ran"
}

@test "run gives the workload's output and exit code, prints nothing itself, and leaves nothing" {
	shell 'echo out; echo err >&2; exit 42'
	run_container
	is 42 "$status"
	is out "$output"
	is err "$stderr"
	assert_no_leftovers
}

@test "run: death by signal is 128 and its number" {
	need sandrun
	shell 'kill -TERM $$'
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	run_container
	is 143 "$status"
}

@test "run --detach returns, run --keep keeps" {
	need sandrun
	args sleep 1000
	rt run --detach --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>&1
	status_is running
	rt delete --force "$ID"
	args true
	rrun run --keep --bundle "$B" "$ID"
	is 0 "$status"
	status_is stopped
	rt delete "$ID"
}

@test "the pid file is the pid without a newline, replaced atomically, and names init" {
	args sleep 1000
	echo garbage-that-is-longer >"$T/pid"
	create
	is "$(rt state "$ID" | jq .pid)" "$(cat "$T/pid")"
	is "${#ID}" "${#ID}"
	is "$(printf %s "$(cat "$T/pid")" | wc -c)" "$(wc -c <"$T/pid")"
	[ -e "/proc/$(container_pid)/ns/mnt" ]
}

@test "an id that exists, an id that does not, an id that is none" {
	args sleep 1000
	create
	rrun create --bundle "$B" "$ID"
	one_clear_line "already exists"
	status_is created
	rrun state nosuch
	one_clear_line "does not exist"
	rrun start nosuch
	one_clear_line "does not exist"
	rrun kill nosuch KILL
	one_clear_line "does not exist"
	rrun delete nosuch
	one_clear_line "does not exist"
	local bad
	for bad in ../up a/b "" . .. 'a b'; do
		rrun create --bundle "$B" "$bad"
		[ "$status" -ne 0 ]
	done
	[ ! -e "$STATE/../up" ]
}

@test "a bundle without process can be created and entered; start says that there is nothing to start" {
	need sandrun
	cfg 'del(.process)'
	create
	status_is created
	run --separate-stderr rt exec "$ID" pwd
	is "0 /" "$status $output"
	run --separate-stderr rt start "$ID"
	one_clear_line "process" "nothing to start"
	wait_until status_is stopped
	rt delete "$ID"
	run --separate-stderr rt run --bundle "$B" "$ID"
	one_clear_line "process" "nothing to start"
	[ ! -e "$STATE/$ID" ]
}

@test "start twice, and start of a stopped container, fail in runc's words" {
	args sleep 1000
	create
	rt start "$ID"
	rrun start "$ID"
	one_clear_line "cannot start an already running container"
	rt kill "$ID" KILL
	wait_until status_is stopped
	rrun start "$ID"
	one_clear_line "stopped"
}

@test "kill: by number, by name in every form, and 0; unknown signals are refused" {
	need sandrun
	args probe catch
	start_container
	wait_until file_has "$OUT" ready
	rrun kill "$ID" 0
	is 0 "$status"
	rrun kill "$ID" NOSUCH
	one_clear_line NOSUCH
	rrun kill "$ID" 65
	one_clear_line 65
	rrun kill "$ID" sigusr1
	is 0 "$status"
	wait_until file_has "$OUT" 10
	rt delete --force "$ID"
	local s
	for s in 12 USR2 SIGUSR2; do
		start_container
		wait_until file_has "$OUT" ready
		rt kill "$ID" "$s"
		wait_until file_has "$OUT" 12
		rt delete --force "$ID"
	done
}

@test "kill of a stopped container: 'container not running', with --all success" {
	args true
	start_container
	wait_until status_is stopped
	rrun kill "$ID" KILL
	one_clear_line "container not running"
	rrun kill --all "$ID" KILL
	is 0 "$status"
}

@test "delete of a running container is refused, with --force it ends it, and --force of nothing is silent" {
	args sleep 1000
	start_container
	rrun delete "$ID"
	[ "$status" -ne 0 ]
	status_is running
	elapsed_ms rt delete --force "$ID"
	[ "$MS" -lt $((5000 * SLOWER)) ]
	rrun delete --force "$ID"
	is "0  " "$status $output $stderr"
	assert_no_leftovers
}

@test "delete works with an empty environment and from another directory" {
	args sleep 1000
	start_container
	(cd / && env -i ASAN_OPTIONS="$ASAN_OPTIONS" "$SANDRUN" --root "$STATE" delete --force "$ID" 3>&-)
	assert_no_leftovers
}

@test "pause freezes, resume thaws, exec in a paused one fails, delete --force ends it" {
	args sleep 1000
	start_container
	rt pause "$ID"
	status_is paused
	rrun exec "$ID" true
	[ "$status" -ne 0 ]
	has "paused" "$stderr"
	rt resume "$ID"
	status_is running
	rrun resume "$ID"
	[ "$status" -ne 0 ]
	rt pause "$ID"
	rt delete --force "$ID"
	assert_no_leftovers
}

@test "ps lists host pids as one JSON array" {
	shell 'sleep 1000 & wait'
	start_container
	wait_until eval '[ "$(rt ps --format json $ID | jq length)" = 2 ]'
	rt ps --format json "$ID" | jq -e --argjson p "$(container_pid)" 'index($p) != null'
}

@test "ps: the lines of ps(1) for the container's processes, with options of its own" {
	args sleep 1000
	start_container
	rrun ps "$ID"
	is 0 "$status"
	is 2 "${#lines[@]}"
	[[ ${lines[0]} =~ PID ]]
	[[ ${lines[1]} =~ \ $(container_pid)\  ]]
	rrun ps "$ID" -o "pid,args" "--sort=pid"
	is "$(container_pid) sleep 1000" "$(xargs <<<"${lines[1]}")"
	rrun ps "$ID" -o 'args'
	one_clear_line "no column PID"
	rrun ps "$ID" '$(touch '"$T"'/run-by-a-shell)'
	[ "$status" -ne 0 ]
	[ ! -e "$T/run-by-a-shell" ]
}

@test "events: statistics as JSON; it ends with the container, and when its reader is gone" {
	args sleep 1000
	start_container
	rt events --stats "$ID" | jq -e --arg id "$ID" '.type == "stats" and .id == $id and .data.pids.current == 1'
	rt events --interval 10ms "$ID" | head -n 1 | jq -e '.type == "stats"'
	rt events --interval 10ms "$ID" >"$T/events" &
	wait_until test -s "$T/events"
	rt kill "$ID" KILL
	wait $!
}

@test "output that cannot be written is an error of the command" {
	need sandrun
	mkdir -p "$STATE"
	for c in --version --help features list; do
		run --separate-stderr bash -c '"$@" >/dev/full' _ "$SANDRUN" --root "$STATE" $c
		one_clear_line "standard output"
	done
}

@test "list: quiet, json, table; a foreign directory and a broken one are skipped" {
	args sleep 1000
	mkdir -p "$STATE"
	rrun list --format json
	[ "$output" = "[]" ] || [ "$output" = null ]
	create
	mkdir -p "$STATE/foreign"
	is "$ID" "$(rt list -q 2>/dev/null)"
	is "$ID created" "$(rt list -f json 2>/dev/null | jq -r '.[] | .id + " " + .status')"
	has "ID " "$(rt list 2>/dev/null | head -n 1)"
	rmdir "$STATE/foreign"
}

@test "spec writes a config.json that runs" {
	need sandrun
	mkdir "$T/spec"
	(cd "$T/spec" && rt spec)
	jq -e '.process.args and .linux.namespaces' "$T/spec/config.json"
	rrun spec --bundle "$T/spec"
	[ "$status" -ne 0 ]
	cp -a "$B/rootfs" "$T/spec/rootfs"
	jq '.process.args = ["echo", "spec"] | .process.terminal = false | del(.process.rlimits)' "$T/spec/config.json" >"$B/config.json"
	run_container
	is spec "$output"
}

@test "features: what the engines read is there" {
	need sandrun
	rt features | jq -e '.ociVersionMin and .ociVersionMax and (.mountOptions | index("rro")) and
		(.linux.namespaces | index("user")) and (.hooks | index("createContainer")) and
		(.potentiallyUnsafeConfigAnnotations | index("io.sandlock.") and index("org.criu.config"))'
	rrun features
	is "0 " "$status $stderr"
}

@test "--version: name, version, commit, spec; exit 0" {
	need sandrun
	run --separate-stderr "$SANDRUN" --version
	is "0 " "$status $stderr"
	[[ ${lines[0]} =~ ^sandrun\ version\ [0-9] ]]
	[[ ${lines[1]} =~ ^commit: ]]
	[[ ${lines[2]} =~ ^spec:\ 1 ]]
	local other
	for other in -v -V version; do
		is "$output" "$("$SANDRUN" $other)"
	done
}

@test "help: the same as --help, of sandrun and of each command" {
	need sandrun
	local c
	is "$("$SANDRUN" --help)" "$("$SANDRUN" help)"
	for c in $("$SANDRUN" help | sed -n '/^COMMANDS:/,/^GLOBAL OPTIONS:/s/^   \([a-z]*\) .*/\1/p'); do
		is "$("$SANDRUN" $c --help)" "$("$SANDRUN" help $c)"
	done
}

@test "checkpoint --help succeeds exactly if checkpoints can be had, and features say the same" {
	need sandrun
	rrun features
	run jq -r '.annotations["org.opencontainers.runc.checkpoint.enabled"] // "false"' <<<"$output"
	case $("$SANDRUN" --version) in *+CRIU*) is true "$output" ;; *) is false "$output" ;; esac
	local enabled=$output
	rrun checkpoint --help
	[ $((status == 0)) = $([ "$enabled" = true ] && echo 1 || echo 0) ]
	rrun restore --help
	[ $((status == 0)) = $([ "$enabled" = true ] && echo 1 || echo 0) ]
}

@test "usage errors are one line and non-zero" {
	need sandrun
	rrun nosuchcommand
	one_clear_line nosuchcommand
	rrun create --no-such-option "$ID"
	one_clear_line no-such-option
	rrun create
	one_clear_line
	rrun kill
	one_clear_line
	rrun create --bundle "$T/nowhere" "$ID"
	one_clear_line
	assert_no_leftovers
}

@test "--log json: one object with level, msg and time, the same text as on stderr; nothing on success" {
	need sandrun
	rrun --log "$T/log" --log-format json state nosuch
	[ "$status" -ne 0 ]
	is 1 "$(wc -l <"$T/log")"
	jq -e '.level == "error" and (.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T")) and (.msg | length > 0)' "$T/log"
	has "$(jq -r .msg "$T/log")" "$stderr"
	mkdir -p "$STATE"
	rrun --log "$T/log2" --log-format=json list -q
	[ ! -s "$T/log2" ]
	rrun --log "$T/log3" state nosuch
	has "does not exist" "$(cat "$T/log3")"
	rrun --log "$T/log4" --log-format json create --no-such-option
	[ -s "$T/log4" ]
}

@test "global options that other runtimes know are accepted, also twice" {
	need sandrun
	mkdir -p "$STATE"
	rrun --rootless=false --systemd-cgroup=false --root "$STATE" --criu /x --log-level error list -q
	is 0 "$status"
	rrun --cgroup-manager cgroupfs --rootless auto list -q
	is 0 "$status"
}

@test "config.json: what is wrong is named by its path, and nothing is left" {
	need sandrun
	local filter
	for filter in '.process.args = "true"' '.process.cwd = 3' '.linux.namespaces[0].type = "nosuch"' \
		'.mounts[0].destination = 7' '.process.user.uid = -1'; do
		cp "$B/config.json" "$T/saved"
		cfg "$filter"
		rrun create --bundle "$B" "$ID"
		one_clear_line
		local path=${filter%% =*}
		path=${path#.}
		has "${path##*.}" "$stderr"
		cp "$T/saved" "$B/config.json"
	done
	echo '{ "ociVersion": ' >"$B/config.json"
	rrun create --bundle "$B" "$ID"
	one_clear_line
	assert_no_leftovers
}

@test "a missing command, a directory and a file without x fail in create, in the engines' words, and leave nothing" {
	args nosuchcommand
	rrun create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	has 'not found in $PATH' "$stderr"
	args /etc
	rrun create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	[[ $stderr == *ermission\ denied* || $stderr == *"is a directory"* ]]
	args /etc/passwd
	rrun create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	has "ermission denied" "$stderr"
	args /no/such
	rrun create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	[[ $stderr == *"o such file or directory"* ]]
	assert_no_leftovers
}

@test "a create that fails halfway leaves no state, mount, cgroup or process" {
	local filter
	for filter in '.mounts += [{"destination":"/x","type":"bind","source":"/no/such/source","options":["bind"]}]' \
		'.root.path = "nowhere"' '.linux.sysctl = {"net.no.such": "1"}' \
		'.hooks.createRuntime = [{"path": "/bin/false"}]' '.linux.namespaces += [{"type":"ipc","path":"/no/such"}]'; do
		cp "$B/config.json" "$T/saved"
		cfg "$filter"
		rrun create --bundle "$B" "$ID"
		[ "$status" -ne 0 ] || { echo "succeeded with $filter"; false; }
		! is_sandrun || one_clear_line
		cp "$T/saved" "$B/config.json"
		assert_no_leftovers
	done
}

@test "exec: output, code, environment, directory, user, and a missing command is 255 or more than 0" {
	args sleep 1000
	start_container
	rrun exec "$ID" sh -c 'echo hi; exit 7'
	is "7 hi" "$status $output"
	rrun exec --env WORD=x --cwd /tmp --user 1000:1001 "$ID" sh -c 'echo $WORD $(pwd) $(id -u):$(id -g)'
	is "x /tmp 1000:1001" "$output"
	rrun exec "$ID" nosuchcommand
	[ "$status" -ne 0 ]
	has "not found" "$stderr"
	rrun exec "$ID" sh -c 'exit 0' --no-such-option
	is 0 "$status"
}

@test "exec --process FILE, --detach with --pid-file; a stopped container refuses" {
	args sleep 1000
	start_container
	jq '.process | .args = ["sh", "-c", "echo from-file; sleep 1000"]' "$B/config.json" >"$T/process.json"
	rt exec --process "$T/process.json" --detach --pid-file "$T/exec.pid" "$ID" >"$T/exec.out" 2>&1 </dev/null
	wait_until file_has "$T/exec.out" from-file
	[ -e "/proc/$(cat "$T/exec.pid")" ]
	is "$(cat "$T/exec.pid" | wc -c)" "$(printf %s "$(cat "$T/exec.pid")" | wc -c)"
	rt kill "$ID" KILL
	wait_until status_is stopped
	rrun exec "$ID" true
	[ "$status" -ne 0 ]
	has "stopped" "$stderr"
}

@test "only the declared descriptors reach the workload: --preserve-fds, LISTEN_FDS and stray ones" {
	args probe fds
	exec 7<"$T/bundle/config.json" 8<"$T/bundle/config.json"
	run_container
	is "0 1 2" "$(cut -d' ' -f1 <<<"$output" | xargs)"
	run --separate-stderr rt_fds run --preserve-fds 1 --bundle "$B" "$ID"
	is "0 1 2 3" "$(cut -d' ' -f1 <<<"$output" | xargs)"
	exec 7<&- 8<&-
}
# rt with 3 open on a file (bats has its own 3).
rt_fds() { "$SANDRUN" --root "$STATE" "$@" 3<"$T/bundle/config.json"; }

@test "two containers with different roots do not see each other" {
	args sleep 1000
	create
	run --separate-stderr "$SANDRUN" --root "$T/other" state "$ID"
	[ "$status" -ne 0 ]
}

@test "update: limits from a file and from stdin, keeping what is absent" {
	args sleep 1000
	start_container
	echo '{"memory":{"limit":67108864}}' | rt update --resources - "$ID"
	is 67108864 "$(cgroup_value memory.limit_in_bytes memory.max)"
	echo '{"pids":{"limit":50}}' >"$T/res"
	rt update --resources "$T/res" "$ID"
	is 50 "$(cgroup_value pids.max pids.max)"
	is 67108864 "$(cgroup_value memory.limit_in_bytes memory.max)"
}
# The value of a cgroup file of this container, by its v1 or its v2 name.
cgroup_value() { cat $(find /sys/fs/cgroup -path "*$ID*" \( -name "$1" -o -name "$2" \) | head -n 1); }
