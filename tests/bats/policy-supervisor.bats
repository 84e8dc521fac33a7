# SPDX-License-Identifier: Apache-2.0
# policy-supervisor.bats - the supervisor of a real container is killed: it comes back, or everything is closed

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	host_network
	without nf-tables bpf
	serve tcp:127.0.0.1:80 udp:127.0.0.1:53 tcp:203.0.113.5:80 udp:203.0.113.5:53
	annotate net-deny=private
	args sleep 1000
}
teardown() { common_teardown; }

watcher_pid() { jq -r .supervisorPid "$STATE/$ID/record.json"; }
kill_now() {
	local p
	kill -KILL "$@"
	for p; do wait_until pid_gone "$p"; done
}
both_ways() {
	exec_probe each 'tcp 127.0.0.1 80' 'udp 127.0.0.1 53' 'tcp 203.0.113.5 80' 'udp 203.0.113.5 53'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'udp 127.0.0.1 53' ECONNREFUSED
	outcome 'tcp 203.0.113.5 80' OK
	outcome 'udp 203.0.113.5 53' OK
}

@test "a killed supervisor is replaced within a second: allowed works, denied is denied, state tells, exec works" {
	start_container
	local sup
	sup=$(supervisor_pid)
	both_ways
	is "" "$(annotation supervisor-restarts)"
	kill_now "$sup"
	elapsed_ms both_ways
	# an exec and its probes included
	[ "$MS" -lt 1000 ]
	is 1 "$(annotation supervisor-restarts)"
	is 4 "$(annotation denied)"
	has notify "$(annotation enforcement)"
	[[ $(annotation enforcement) != *gone* ]]
	[ "$(supervisor_pid)" != "$sup" ]
	grep -q '"supervisor_restarts":1' "$STATE/$ID/denied.jsonl"
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
}

@test "the workload's own calls go on after its supervisor was replaced" {
	shell 'probe tcp 203.0.113.5 80; until [ -e /tmp/go ]; do sleep 0.02; done
		probe each "tcp 203.0.113.5 80" "tcp 127.0.0.1 80" "udp 127.0.0.1 53" "udp-echo 203.0.113.5 53"; echo done; exit 23'
	create
	rt start "$ID"
	wait_until file_has "$OUT" OK
	kill_now "$(supervisor_pid)"
	touch "$B/rootfs/tmp/go"
	wait_until file_has "$OUT" done
	file_has "$OUT" 'tcp 203.0.113.5 80: OK'
	file_has "$OUT" 'udp-echo 203.0.113.5 53: OK'
	file_has "$OUT" 'tcp 127.0.0.1 80: ECONNREFUSED'
	file_has "$OUT" 'udp 127.0.0.1 53: ECONNREFUSED'
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
}

@test "watcher and supervisor: own sessions, no inherited descriptor, outside the cgroup; both end with init" {
	exec 9</etc/passwd
	start_container
	exec 9<&-
	local w s p f
	w=$(watcher_pid)
	s=$(supervisor_pid)
	kill_now "$s" # the second one inherits from the watcher
	s=$(supervisor_pid)
	is "$w" "$(ps -o ppid= -p "$s" | tr -d ' ')"
	for p in "$w" "$s"; do
		is "$p" "$(ps -o sid= -p "$p" | tr -d ' ')"
		for f in 0 1 2; do is /dev/null "$(readlink "/proc/$p/fd/$f")"; done
		run sh -c "ls -l /proc/$p/fd | grep -E 'passwd|pipe:|$OUT'"
		is 1 "$status"
		run grep "$ID" "/proc/$p/cgroup"
		is 1 "$status"
	done
	is "0000000000000000" "$(awk '/^CapEff/ { print $2 }' "/proc/$w/status")"
	is 2 "$(awk '/^Seccomp:/ { print $2 }' "/proc/$w/status")"
	rt kill "$ID" KILL
	WAIT_FOR=3 wait_until pid_gone "$w"
	pid_gone "$s"
}

@test "a killed watcher: the supervisor goes on alone and state says so; both dead: closed, and state says that" {
	start_container
	local s
	s=$(supervisor_pid)
	kill_now "$(watcher_pid)"
	both_ways
	is "$s" "$(supervisor_pid)"
	has "watcher gone" "$(annotation enforcement)"
	kill_now "$s"
	is 0 "$(supervisor_pid)"
	has "supervisor gone: what it served is denied" "$(annotation enforcement)"
	exec_probe tcp 203.0.113.5 80
	one_clear_line supervisor
	status_is running
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
}

@test "both killed at once: closed, and the container ends with its own code" {
	shell 'until [ -e /tmp/go ]; do sleep 0.02; done; probe each "tcp 203.0.113.5 80" "tcp 127.0.0.1 80" "udp 127.0.0.1 53"; exit 23'
	spawn rt run --bundle "$B" "$ID" >"$OUT" 2>&1
	local run=$! code=0
	wait_until status_is running
	kill_now "$(watcher_pid)" "$(supervisor_pid)"
	touch "$B/rootfs/tmp/go"
	wait "$run" || code=$?
	is 23 "$code"
	is 3 "$(grep -c ENOSYS "$OUT")"
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
	is 0 "$(count tcp:203.0.113.5:80)"
}

@test "one that dies over and over is given up after ten times in a minute: closed" {
	start_container
	local n=0 s
	while s=$(supervisor_pid) && [ "$s" != 0 ]; do
		kill_now "$s"
		n=$((n + 1))
		[ $n -lt 30 ]
	done
	is 11 "$n"
	has "supervisor gone" "$(annotation enforcement)"
	status_is running
}

@test "delete --force ends watcher and supervisor, whatever their state" {
	local w s how
	for how in both lonely stopped replaced; do
		start_container
		w=$(watcher_pid)
		s=$(supervisor_pid)
		case $how in
		lonely) kill_now "$w" ;;
		stopped) kill -STOP "$s" ;;
		replaced) kill_now "$s"; s=$(supervisor_pid) ;;
		esac
		elapsed_ms rt delete --force "$ID"
		[ "$MS" -lt 5000 ] # containerd's patience
		pid_gone "$w"
		pid_gone "$s"
	done
}

@test "a create that fails ends both before it returns" {
	cfg '.process.args = ["/no/such/command"]'
	run --separate-stderr rt create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	run leftovers
	is "" "$(grep -v /serve <<<"$output")"
}

@test "a pids limit that leaves no room for a helper: run and exec all the same" {
	serve tcp:127.0.0.1:80
	annotate net-deny=127.0.0.1
	cfg '.linux.resources.pids.limit = 1'
	trying 'tcp 127.0.0.1 80=ECONNREFUSED'
	cfg '.linux.resources.pids.limit = 2'
	args sleep 1000
	start_container
	run rt exec "$ID" probe tcp 127.0.0.1 80
	[[ $output == *ECONNREFUSED* ]]
	nothing_reached tcp:127.0.0.1:80
}
