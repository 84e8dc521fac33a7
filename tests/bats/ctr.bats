# SPDX-License-Identifier: Apache-2.0
# ctr.bats - containerd's users: tasks, exec, terminals, kill, pause, through the real shim

load helpers
load helpers-net
load helpers-engine

setup_file() { ctr_file_setup; }
teardown_file() { ctr_file_teardown; }
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# crun_d WORD…: a detached container $NAME.
cc_run_d() { cc_run -d "$@" >/dev/null; }
task_is() { cc task ls | awk -v n="$NAME" '$1 == n { print $3 }' | grep -qx "$1"; }

@test "ctr: run --rm gives the workload's exit code and output" {
	run --separate-stderr cc_run --rm "$IMG" "$NAME" sh -c 'echo out; echo err >&2; exit 32'
	is 32 "$status"
	is out "$output"
	is err "$stderr"
	run --separate-stderr cc_run --rm "$IMG" "$NAME" true
	is "0 " "$status $output"
}

@test "ctr: a missing command's text reaches the user, and nothing is left" {
	run --separate-stderr cc_run --rm "$IMG" "$NAME" /no/such
	[ "$status" -ne 0 ]
	has "OCI runtime create failed" "$stderr"
	[[ $stderr == *"no such file"* || $stderr == *"No such file"* || $stderr == *"not found"* ]]
	run --separate-stderr cc_run --rm "$IMG" "$NAME" true
	is 0 "$status"
}

@test "ctr: run -t gives a terminal" {
	need script
	run script -qefc "ctr -a $FT/ctd/c.sock -n sr run --rm -t --runc-binary $SANDRUN --runc-root $FT/rr $IMG $NAME probe tty" \
		"$T/tty.out" </dev/null
	is 0 "$status"
	has "/dev/pts/0" "$output"
	has session "$output"
}

@test "ctr: --null-io" {
	run --separate-stderr cc_run --null-io --rm "$IMG" "$NAME" sh -c 'echo lost; exit 6'
	is "6 " "$status $output"
}

@test "ctr: the workload reads what ctr is given" {
	# ctr itself never tells the shim that its own standard input has ended: so a line, not the end
	run --separate-stderr sh -c 'printf "a\nb\n" | timeout 30 "$@"' _ ctr -a "$FT/ctd/c.sock" -n sr run --rm \
		--runc-binary "$SANDRUN" --runc-root "$FT/rr" "$IMG" "$NAME" head -n 2
	is 0 "$status"
	is $'a\nb' "$output"
}

@test "ctr: a detached task goes from RUNNING to STOPPED and keeps its code" {
	cc_run_d "$IMG" "$NAME" probe catch
	task_is RUNNING
	cc task kill -s TERM "$NAME"
	wait_until task_is STOPPED
	run cc task rm "$NAME"
	# the code of probe catch is 0 whatever caught it
	is 0 "$status"
}

@test "ctr: exec gives the code, a terminal, and two at once" {
	need script
	cc_run_d "$IMG" "$NAME" sleep 1000
	run --separate-stderr cc task exec --exec-id one "$NAME" sh -c 'echo in; exit 9'
	is "9 in" "$status $output"
	run script -qefc "ctr -a $FT/ctd/c.sock -n sr task exec -t --exec-id tty $NAME probe tty" "$T/tty.out" </dev/null
	has "/dev/pts/" "$output"
	has session "$output"
	cc task exec --exec-id a "$NAME" sh -c 'until [ -e /tmp/b ]; do sleep 0.02; done; touch /tmp/a' 3>&- &
	local a=$!
	cc task exec --exec-id b "$NAME" sh -c 'touch /tmp/b; until [ -e /tmp/a ]; do sleep 0.02; done'
	wait $a
}

@test "ctr: a missing command in exec leaves the task usable" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	run --separate-stderr cc task exec --exec-id bad "$NAME" /no/such
	[ "$status" -ne 0 ]
	run --separate-stderr cc task exec --exec-id good "$NAME" echo fine
	is fine "$output"
}

@test "ctr: kill with KILL, then task rm" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	run cc task rm "$NAME"
	has 137 "$status $output"
}

@test "ctr: killing a stopped task is 'process already finished: not found'" {
	cc_run_d "$IMG" "$NAME" true
	wait_until task_is STOPPED
	run cc task kill -s KILL "$NAME"
	[ "$status" -ne 0 ]
	has "not found" "$output"
}

@test "ctr: kill --all reaches every process" {
	cc_run_d "$IMG" "$NAME" sh -c 'probe ignore-term & probe ignore-term & wait; sleep 1000'
	cc task kill --all -s KILL "$NAME"
	wait_until task_is STOPPED
}

@test "ctr: with the host's pid namespace nothing survives init" {
	shell 'sleep 876543 & sleep 876544'
	cfg '.linux.namespaces |= map(select(.type != "pid")) | .root.path = $r' --arg r "$B/rootfs"
	cc_run -d --config "$B/config.json" "$NAME" >/dev/null
	wait_until pgrep -f "sleep 876543"
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	wait_until not pgrep -f "sleep 87654[34]"
}

@test "ctr: pause shows PAUSED and resume RUNNING" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	cc task pause "$NAME"
	task_is PAUSED
	cc task resume "$NAME"
	task_is RUNNING
}

@test "ctr: ps lists exactly the container's processes" {
	cc_run_d "$IMG" "$NAME" sh -c 'sleep 1000 & wait'
	local init
	init=$(cc task ls | awk -v n="$NAME" '$1 == n { print $2 }')
	wait_until eval 'cc task ps $NAME | grep -c "^[0-9]" | grep -qx 2'
	cc task ps "$NAME" | grep -q "^$init"
}

@test "ctr: metrics are the container's: memory, processes, processor time" {
	cc_run_d "$IMG" "$NAME" sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; touch /tmp/done; sleep 1000'
	wait_until cc task exec --exec-id wait "$NAME" test -e /tmp/done
	local m
	m=$(cc task metrics --format json "$NAME")
	jq -e '(.memory.usage.usage // .memory.usage) > 0 and .pids.current == 1 and (.cpu.usage.total // .cpu.usage_usec) > 0' <<<"$m" || { echo "$m"; false; }
}

@test "ctr: two containers in one shim: each ends by itself" {
	local other=$NAME-2
	shell 'sleep 1000'
	cfg '.root.path = $r | .annotations["io.containerd.runc.v2.group"] = $g' --arg r "$B/rootfs" --arg g "$ID-group"
	cc_run -d --config "$B/config.json" "$NAME" >/dev/null
	cfg '.linux.cgroupsPath += "-2"'
	cc_run -d --config "$B/config.json" "$other" >/dev/null
	is 1 "$(pgrep -fc "containerd-shim-runc-v2 .*$FT/ctd/c.sock")"
	cc task kill -s KILL "$other"
	wait_until eval 'cc task ls | grep "^$NAME-2 " | grep -q STOPPED'
	cc task rm "$other" || true
	cc container rm "$other"
	task_is RUNNING
	run cc task exec --exec-id still "$NAME" sh -c 'exit 7' # not its output: ctr 1.6 may cut that off when it is slow
	is 7 "$status"
}

@test "ctr: the same name can be used again after rm" {
	local i
	for i in 1 2 3; do
		cc_run_d "$IMG" "$NAME" sleep 1000
		cc task kill -s KILL "$NAME"
		wait_until task_is STOPPED
		cc task rm "$NAME" || true
		cc container rm "$NAME"
	done
}

@test "ctr: --annotation is enforced in run and in exec" {
	need sandrun
	netns_make
	serve tcp:127.0.0.1:80
	cc_run_d --with-ns "network:/run/netns/$ID" --annotation io.sandlock.net-deny=private "$IMG" "$NAME" sleep 1000
	run --separate-stderr cc task exec --exec-id one "$NAME" probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	cc task rm "$NAME" || true
	cc container rm "$NAME"
	run --separate-stderr cc_run --rm --with-ns "network:/run/netns/$ID" \
		--annotation "io.sandlock.net-allow=127.0.0.1:81,127.0.0.1:82" "$IMG" "$NAME" probe each 'tcp 127.0.0.1 80' 'udp 127.0.0.1 80'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'udp 127.0.0.1 80' ECONNREFUSED
	nothing_reached tcp:127.0.0.1:80
}

@test "ctr: a bad annotation fails with our line, and nothing is left" {
	need sandrun
	run --separate-stderr cc_run --rm --annotation io.sandlock.net-deny=example.org "$IMG" "$NAME" true
	[ "$status" -ne 0 ]
	has io.sandlock.net-deny "$stderr"
	has example.org "$stderr"
}

@test "ctr: sandrun denied finds a task by its id in the shim's root" {
	need sandrun
	netns_make
	cc_run_d --with-ns "network:/run/netns/$ID" --annotation io.sandlock.net-deny=private "$IMG" "$NAME" sleep 1000
	cc task exec --exec-id one "$NAME" probe tcp 10.1.2.3 80
	run --separate-stderr "$SANDRUN" --root "$FT/rr/sr" denied "$NAME"
	has "$NAME: net-deny=private" "${lines[0]}"
	has tcp://10.1.2.3:80 "$output"
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	cc task rm "$NAME" || true
	cc container rm "$NAME"
	run --separate-stderr "$SANDRUN" --root "$FT/rr/sr" denied "$NAME"
	has tcp://10.1.2.3:80 "$output"
}
