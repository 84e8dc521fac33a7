# SPDX-License-Identifier: Apache-2.0
# attack-supervisor.bats - rules 5 and 7 of the threat model: the supervisor survives the workload, delays nobody for it, and
# counts each refusal

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	host_network
	annotate net-deny=10.1.0.0/16
	cfg '.linux.resources.pids = {"limit": 6000}'
}
teardown() { common_teardown; }

@test "callers that exit, exec or are killed in the middle of a call, by the hundred" {
	serve tcp:10.1.2.3:80 tcp:203.0.113.5:80
	args sleep 1000
	start_container
	local sup
	sup=$(supervisor_pid)
	exec_probe each 'vanish 200 10.1.2.3 80' 'vanish 200 203.0.113.5 80' 'tcp 203.0.113.5 80' 'tcp 10.1.2.3 80'
	outcome 'vanish 200 10.1.2.3 80' OK
	outcome 'vanish 200 203.0.113.5 80' OK
	outcome 'tcp 203.0.113.5 80' OK
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	is "$sup" "$(supervisor_pid)"
	nothing_reached tcp:10.1.2.3:80
}

@test "a hundred processes that call without end do not keep another call from its answer" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80
	trying 'swarm 100 10.1.2.3 80 203.0.113.5 80=OK FAST'
	nothing_reached tcp:10.1.2.3:80
}

@test "a thousand blocked connects do not keep another one from its answer, and go with their caller" {
	netns_peer
	serve tcp:203.0.113.5:80
	args sleep 1000
	start_container
	exec_probe crowd $((1000 / SLOWER)) 10.9.0.77 80 203.0.113.5 80
	is 'OK FAST' "$output"
	# Their sockets are the container's; once they are given up, the supervisor holds none.
	wait_until eval '[ "$(ls -l /proc/$(supervisor_pid)/fd | grep -c socket:)" -lt 8 ]'
}

@test "what is written about refusals has a bound, what is counted has none" {
	local each=$((4000 / SLOWER)) all=$((4000 / SLOWER * 8))
	shell "for i in 1 2 3 4 5 6 7 8; do flip addr tcp $each 10.1.2.3 9 10.1.2.3 10 & done; wait; echo over; sleep 1000"
	start_container
	WAIT_FOR=40 wait_until file_has "$OUT" over
	wait_until eval '[ "$(annotation denied)" = $all ]'
	[ "$(cat "$STATE/$ID"/denied.jsonl* | wc -c)" -lt 2200000 ]
	# Each line is JSON, and the lines account for all.
	rt kill "$ID" KILL
	wait_until status_is stopped
	wait_until eval 'is $all "$(cat "$STATE/$ID"/denied.jsonl* | jq -s "map(if .suppressed then .suppressed elif .call then 1 else 0 end) | add")"'
}

@test "a name of a task that is no text does not break the record" {
	# A command's name is its file's: quotes, a line feed, a byte that is not UTF-8
	cp "$PROBE" "$B/rootfs/tmp/"$'"\\\n\xff{}'
	shell '/tmp/[!a-z]* tcp 10.1.2.3 80; sleep 1000'
	start_container
	wait_until file_has "$OUT" ECONNREFUSED
	wait_until test -s "$STATE/$ID/denied.jsonl"
	is 1 "$(wc -l <"$STATE/$ID/denied.jsonl")"
	is tcp://10.1.2.3:80 "$(jq -r .destination "$STATE/$ID/denied.jsonl")"
}
