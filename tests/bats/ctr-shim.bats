# SPDX-License-Identifier: Apache-2.0
# ctr-shim.bats - the contract with containerd's shim: descriptors, times, clean-up, its death

load helpers
load helpers-net
load helpers-engine

setup_file() { ctr_file_setup; }
teardown_file() { ctr_file_teardown; }
setup() { ctr_setup; }
teardown() { ctr_teardown; }

policy=()
cc_run_d() { is_sandrun && policy=(--annotation io.sandlock.net-deny=10.0.0.0/8); cc_run -d "${policy[@]}" "$@" >/dev/null; }
task_is() { cc task ls | awk -v n="$NAME" '$1 == n { print $3 }' | grep -qx "$1"; }
shim_pid() { pgrep -f "containerd-shim-runc-v2 .*-id $NAME "; }
rt_of_ctr() { "$SANDRUN" --root "$FT/rr/sr" "$@"; }
sup_of_ctr() { rt_of_ctr state "$NAME" | jq -r '.annotations["io.sandlock.supervisor-pid"]'; }

@test "ctr: delete, and delete --force of what is gone, succeed silently" {
	cc_run_d "$IMG" "$NAME" true
	wait_until task_is STOPPED
	cc task rm "$NAME"
	run rt_of_ctr delete --force "$NAME"
	is "0 " "$status $output"
}

@test "ctr: --runc-root is where the state is, below the namespace" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	[ -d "$FT/rr/sr/$NAME" ]
	is running "$(rt_of_ctr state "$NAME" | jq -r .status)"
}

@test "ctr: the shim's listening socket reaches neither the container nor the supervisor" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	run --separate-stderr cc task exec --exec-id fds "$NAME" probe fds
	is "0 1 2" "$(cut -d' ' -f1 <<<"$output" | xargs)"
	local init
	init=$(rt_of_ctr state "$NAME" | jq .pid)
	is "0 1 2" "$(ls "/proc/$init/fd" | xargs)"
	if is_sandrun; then
		local sup socks
		sup=$(sup_of_ctr)
		socks=$(ls -l "/proc/$(shim_pid)/fd" | grep -o 'socket:\[[0-9]*\]' | sort -u)
		[ -n "$socks" ]
		run grep -F -f <(echo "$socks") <(ls -l "/proc/$sup/fd")
		is 1 "$status"
	fi
}

@test "ctr: killing the shim ends the container, the supervisor and the state within 5 s" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	local init sup=
	init=$(rt_of_ctr state "$NAME" | jq .pid)
	is_sandrun && sup=$(sup_of_ctr)
	kill -KILL "$(shim_pid)"
	WAIT_FOR=5 wait_until pid_gone "$init"
	[ -z "$sup" ] || WAIT_FOR=5 wait_until pid_gone "$sup"
	WAIT_FOR=5 wait_until test ! -e "$FT/rr/sr/$NAME"
}

@test "ctr: after task rm the supervisor and the shim are gone" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	local shim sup=
	shim=$(shim_pid)
	is_sandrun && sup=$(sup_of_ctr)
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	cc task rm "$NAME" || true
	WAIT_FOR=3 wait_until pid_gone "$shim"
	[ -z "$sup" ] || WAIT_FOR=3 wait_until pid_gone "$sup"
}

@test "ctr: a foreground run ends when its workload does, without a drain" {
	local i
	for i in 1 2; do
		is_sandrun && policy=(--annotation io.sandlock.net-deny=10.0.0.0/8)
		elapsed_ms cc_run --rm "${policy[@]}" "$IMG" "$NAME" true
		[ "$MS" -lt $((1500 * SLOWER)) ]
	done
}

@test "ctr: create with a terminal answers within a second" {
	need script
	is_sandrun && policy=(--annotation io.sandlock.net-deny=10.0.0.0/8)
	elapsed_ms script -qefc "ctr -a $FT/ctd/c.sock -n sr run --rm -t ${policy[*]} --runc-binary $SANDRUN --runc-root $FT/rr \
		$IMG $NAME true" "$T/tty.out" </dev/null
	[ "$MS" -lt $((2000 * SLOWER)) ]
}

@test "ctr: a failed create is cleaned up, and its log is one error object" {
	is_sandrun && policy=(--annotation io.sandlock.net-dny=private)
	run --separate-stderr cc_run --rm "${policy[@]}" "$IMG" "$NAME" /no/such
	[ "$status" -ne 0 ]
	has "OCI runtime create failed" "$stderr"
	# the text between containerd's prefix and its end is the msg of log.json: had it not been read, "unknown" would follow
	[[ $stderr != *"unable to retrieve OCI runtime error"* ]]
	[ ! -e "$FT/rr/sr/$NAME" ]
}

@test "ctr: no descriptor of the shim's reaches a hook" {
	printf '#!/bin/sh\nls -l /proc/self/fd >%s\n' "$T/fds" >"$T/hook"
	chmod 755 "$T/hook"
	shell 'sleep 1000'
	cfg '.root.path = $r | .hooks.createRuntime = [{path: $h}]' --arg r "$B/rootfs" --arg h "$T/hook"
	cc_run -d --config "$B/config.json" "$NAME" >/dev/null
	[ -s "$T/fds" ]
	# its own three, and the directory that ls reads
	is "0 1 2 3" "$(awk 'NF > 8 { print $9 }' "$T/fds" | xargs)"
	local socks
	socks=$(ls -l "/proc/$(shim_pid)/fd" | grep -o 'socket:\[[0-9]*\]' | sort -u)
	run grep -F -f <(echo "$socks") "$T/fds"
	is 1 "$status"
}

@test "ctr: twenty runs in a row leave nothing" {
	local i
	is_sandrun && policy=(--annotation io.sandlock.net-deny=10.0.0.0/8)
	for i in $(seq "${SANDRUN_SOAK:-20}"); do
		cc_run --rm "${policy[@]}" "$IMG" "$NAME" true
	done
	nothing_left_of_engine
}

@test "ctr: init's end while a session runs ends the session, too" {
	cc_run_d "$IMG" "$NAME" sleep 1000
	cc task exec --exec-id long "$NAME" sleep 1000 >/dev/null 3>&- &
	local p=$!
	wait_until eval 'cc task ps $NAME | grep -c "^[0-9]" | grep -qx 2'
	cc task kill -s KILL "$NAME"
	wait_until task_is STOPPED
	wait_until pid_gone $p
}
