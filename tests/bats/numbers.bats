# SPDX-License-Identifier: Apache-2.0
# numbers.bats - how many calls were refused: list, events, metrics, state; while a container runs and after its end

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	host_network
	args sleep 1000
}
teardown() { common_teardown; }

second() {
	cfg '.linux.cgroupsPath = "/" + $id' --arg id "$1"
	rt create --bundle "$B" "$1" </dev/null >/dev/null 2>&1
	rt start "$1"
}
# refused N VERB…: by a session. What a layer of the kernel has refused is counted when the supervisor looks: state makes it.
refused() {
	local n=$1 i before
	before=$(annotation denied)
	shift
	for ((i = 0; i < n; i++)); do rt exec "$ID" /bin/probe "$@" >/dev/null; done
	wait_until eval '[ "$(annotation denied)" = $((before + n)) ]'
}

@test "list: the policy of each container and how many calls it has refused; a plain one has neither" {
	annotate 'net-deny=10.0.0.0/8,:25' net-allow-bind=8080
	start_container
	cfg 'del(.annotations)'
	second "$ID.plain"
	refused 3 tcp 10.1.2.3 80
	run --separate-stderr rt list
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER\ +DENIED\ +POLICY$ ]]
	grep -qE "^$ID +[0-9]+ +running .* 3 +net-deny=10.0.0.0/8,:25 net-allow-bind=8080$" <<<"$output"
	grep -qE "^$ID.plain .* - +-$" <<<"$output"
}

@test "list: on a terminal ids are short and names are there" {
	need script
	annotate net-deny=10.0.0.0/8 io.kubernetes.cri.container-name=web
	local id
	id=$(printf '%s' "$ID" | sha256sum | cut -d' ' -f1)
	second "$id"
	run script -qefc "$SANDRUN --root $STATE list" /dev/null </dev/null
	has 'ID            NAME  PID' "${lines[0]}"
	grep -qE "^${id:0:12}  web +[0-9]+ +running +20[-0-9T:]{17}  0 +net-deny=10.0.0.0/8" <<<"$output"
	not grep -q "$id" <<<"$output"
}

@test "events --stats: an object with the policy's numbers, by rule; none without a policy" {
	annotate 'net-deny=10.0.0.0/8,:25' net-allow-bind=8080
	start_container
	refused 2 tcp 10.1.2.3 80
	refused 1 udp 10.1.2.3 53
	refused 1 bind 127.0.0.1 81
	refused 1 socket packet raw all
	local stats
	stats=$(rt events --stats "$ID" | jq -c .data.sandlock)
	is 5 "$(jq .denied <<<"$stats")"
	by() { jq --arg r "$1" --arg p "$2" '.byRule[] | select(.rule == $r and .proto == $p).denied' <<<"$stats"; }
	is 2 "$(by '10.0.0.0/8 (io.sandlock.net-deny)' tcp)"
	is 1 "$(by '10.0.0.0/8 (io.sandlock.net-deny)' udp)"
	is 1 "$(by 'default: not listed' tcp)"
	is 1 "$(by other none)"
	rt delete --force "$ID"
	cfg 'del(.annotations)'
	start_container
	is null "$(rt events --stats "$ID" | jq -c .data.sandlock)"
}

@test "events --denied: refusals as lines of JSON as they come; it ends with the container" {
	annotate net-deny=10.0.0.0/8
	start_container
	spawn "${NSENTER[@]}" "$SANDRUN" --root "$STATE" events --denied "$ID" >"$T/events"
	local pid=$!
	wait_until eval 'refused 1 tcp 10.1.2.3 80; [ -s "$T/events" ]'
	is "denied connect tcp://10.1.2.3:80 ECONNREFUSED $ID" \
		"$(head -n 1 "$T/events" | jq -r '[.type, .call, .destination, .error, .id] | join(" ")')"
	is '{"do":"add","key":"io.sandlock.net-deny","value":"!10.1.2.3:80"}' "$(head -n 1 "$T/events" | jq -c .toAllow)"
	rt delete --force "$ID"
	wait_until pid_gone "$pid"
	run --separate-stderr rt events --denied "$ID"
	one_clear_line "does not exist: $ID"
	run --separate-stderr rt events
	one_clear_line 'an argument is missing'
}

# openmetrics: what the format demands of the text on stdin.
openmetrics() {
	awk '
		ended { print "after # EOF: " $0; bad = 1 }
		/^# EOF$/ { ended = 1; next }
		/^# TYPE [a-z_]+ (counter|info|gauge)$/ { if (seen[$3]++) { print "twice: " $0; bad = 1 } type[$3] = $4; next }
		/^# HELP [a-z_]+ ./ { next }
		/^[a-z_]+\{([a-zA-Z_]+="([^"\\]|\\.)*",?)*\} [0-9]+$/ {
			name = $0; sub(/\{.*/, "", name)
			family = name; sub(/_(total|info)$/, "", family)
			if (!(family in type) || (type[family] == "counter") != (name ~ /_total$/)) { print "no family: " $0; bad = 1 }
			key = $0; sub(/ [0-9]+$/, "", key)
			if (samples[key]++) { print "twice: " $0; bad = 1 }
			next }
		{ print "not a line: " $0; bad = 1 }
		END { if (!ended) print "no # EOF"; exit bad || !ended }'
}

@test "metrics: every container, by rule and protocol, as the format wants it; a file is written in one step and others may read it" {
	annotate 'net-deny=10.0.0.0/8' io.kubernetes.cri.container-name=web io.kubernetes.cri.sandbox-name='p"q\r' \
		io.kubernetes.cri.sandbox-namespace=default
	start_container
	cfg 'del(.annotations)'
	second "$ID.plain"
	refused 2 tcp 10.1.2.3 80
	refused 1 udp 10.1.2.3 53
	rt metrics >"$T/metrics"
	openmetrics <"$T/metrics"
	local who="id=\"$ID\",container=\"web\",pod=\"p\\\"q\\\\r\",namespace=\"default\""
	grep -qF "sandrun_egress_total{$who,verdict=\"denied\",rule=\"10.0.0.0/8 (io.sandlock.net-deny)\",proto=\"tcp\"} 2" "$T/metrics"
	grep -qF "sandrun_egress_total{$who,verdict=\"denied\",rule=\"10.0.0.0/8 (io.sandlock.net-deny)\",proto=\"udp\"} 1" "$T/metrics"
	grep -qF "sandrun_denied_total{$who} 3" "$T/metrics"
	grep -qF "sandrun_supervisor_restarts_total{$who} 0" "$T/metrics"
	grep -qF "sandrun_container_info{id=\"$ID.plain\",enforcement=\"none\",running=\"true\"} 1" "$T/metrics"
	not grep -q "denied_total{id=\"$ID.plain\"" "$T/metrics"
	mkdir "$T/textfile"
	rt metrics --textfile "$T/textfile"
	cmp "$T/metrics" "$T/textfile/sandrun.prom"
	is 644 "$(stat -c %a "$T/textfile/sandrun.prom")"
	is sandrun.prom "$(ls "$T/textfile")"
	run --separate-stderr rt metrics --textfile "$T/none"
	one_clear_line "$T/none"
}

@test "a stopped container tells how many were refused; so after the end of supervisor and watcher" {
	annotate net-deny=10.0.0.0/8
	args /bin/probe each 'tcp 10.1.2.3 80' 'tcp 10.1.2.3 81' 'udp 10.1.2.3 53'
	start_container
	wait_until status_is stopped
	wait_until eval '[ ! -e "/proc/$(rt state "$ID" | jq -r ".annotations[\"io.sandlock.supervisor-pid\"]")/stat" ]'
	is 3 "$(annotation denied)"
	wait_until file_has "$STATE/$ID/denied.jsonl" '"total_denied":3'
	rt list | grep -qE "^$ID .* 3 +net-deny=10.0.0.0/8$"
	rt metrics | grep -qE "^sandrun_denied_total\{id=\"$ID\"\} 3$"
	rt delete "$ID"
	run --separate-stderr rt denied "$ID"
	has tcp://10.1.2.3:81 "$output"
	rm -r "$STATE.past"
	# killed: the numbers are where they were
	args sleep 1000
	start_container
	refused 2 tcp 10.1.2.3 80
	local watcher sup
	watcher=$(jq .supervisorPid "$STATE/$ID/record.json")
	sup=$(supervisor_pid)
	kill -KILL "$watcher" "$sup"
	wait_until pid_gone "$sup"
	is 2 "$(annotation denied)"
	has 'supervisor gone' "$(annotation enforcement)"
}

@test "a state directory without room for the counters has a policy all the same" {
	mkdir "$STATE"
	mount -t tmpfs -o size=500k,mode=700 tmpfs "$STATE"
	cleanup umount -l "$STATE"
	serve tcp:10.1.2.3:80
	# room for the state, not for a large policy's counters
	annotate "net-deny=$(seq 1 3000 | awk '{ printf "10.0.%d.%d/32 ", $1 / 250, $1 % 250 }')10.1.2.3"
	start_container
	local used
	used=$(du -k --exclude=counts "$STATE/$ID" | tail -n 1 | cut -f1)
	rt delete --force "$ID"
	mount -o remount,size=$((used + 24))k "$STATE"
	start_container
	[ ! -e "$STATE/$ID/counts" ]
	exec_probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
	wait_until eval '[ "$(annotation denied)" = 1 ]'
	nothing_reached tcp:10.1.2.3:80
	rt delete --force "$ID"
}

@test "list, metrics and denied of a thousand containers take no more than a moment" {
	annotate net-deny=10.0.0.0/8
	start_container
	refused 1 tcp 10.1.2.3 80
	local i c best
	for ((i = 0; i < 1000; i++)); do mkdir "$STATE/many$i"; touch "$STATE/many$i/lock"; done
	for ((i = 0; i < 1000; i++)); do cp "$STATE/$ID/record.json" "$STATE/$ID/counts" "$STATE/$ID/policy" "$STATE/many$i/"; done
	for c in list metrics denied; do
		best=9999
		for i in 1 2 3; do
			elapsed_ms rt $c >"$T/out"
			[ "$MS" -ge "$best" ] || best=$MS
		done
		echo "$c: $best ms"
		[ "$best" -lt $((400 * SLOWER)) ]
	done
	rm -r "$STATE"/many*
}
