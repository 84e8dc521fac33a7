# SPDX-License-Identifier: Apache-2.0
# record.bats - where the record of refusals goes: journal, syslog, a file, the state directory; what a workload cannot do to it

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32
	need python3
	host_network
	annotate net-deny=10.0.0.0/8
	# mounts of its own: a /run, /dev/log and /var/log that are nobody's
	unshare --mount --net --propagation private sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	SPAWNED+=($HOLDER)
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	nsenter --mount --target "$HOLDER" sh -c 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log && mkdir -p "$1/dev" &&
		mount -t tmpfs -o mode=755 tmpfs "$1/dev" && for d in null zero full random urandom tty; do cp -a /dev/$d "$1/dev/"; done &&
		mkdir "$1/dev/pts" "$1/dev/shm" && mount --bind /dev/pts "$1/dev/pts" && mount --rbind "$1/dev" /dev' _ "$T"
	NSENTER=(nsenter --mount --target "$HOLDER" --net="/run/netns/$ID")
	# the net namespace by a name that is there in both
	exec 7<"/run/netns/$ID"
	NSENTER=(nsenter --net=/proc/$$/fd/7 --mount=/proc/$HOLDER/ns/mnt)
}
teardown() {
	local rc=0
	common_teardown || rc=1
	exec 7<&-
	return $rc
}

# listens SOCKET FILE: what comes to it, a datagram on a line.
listens() {
	spawn "${NSENTER[@]}" python3 -c '
import os, socket, sys
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
out = open(sys.argv[2], "a", buffering=1)
while True:
    out.write(s.recv(65536).decode(errors="replace").replace("\n", "|") + "\n")' "$1" "$2"
	LISTENER=$!
	wait_until in_ns test -S "$1"
}
probe_denied() { args /bin/probe tcp 10.1.2.3 "$1"; rt run --bundle "$B" "$ID" >/dev/null; }
var() { in_ns cat "/var/log/sandrun/$1"; }

@test "log=journal: a line a refusal, with fields to look for; who the container is; the state directory has none" {
	listens /run/systemd/journal/socket "$T/journal"
	annotate log=journal io.kubernetes.cri.container-name=web io.kubernetes.cri.image-name=app:1
	args sleep 1000
	start_container
	rt exec "$ID" /bin/probe tcp 10.1.2.3 80 >/dev/null
	wait_until file_has "$T/journal" 10.1.2.3
	local line field
	line=$(cat "$T/journal")
	for field in "MESSAGE=container $ID: connect tcp://10.1.2.3:80 by probe: ECONNREFUSED, 10.0.0.0/8 (io.sandlock.net-deny)" PRIORITY=4 \
		SYSLOG_IDENTIFIER=sandrun "SANDRUN_CONTAINER=$ID" SANDRUN_SEQ=1 SANDRUN_VERDICT=denied SANDRUN_CALL=connect \
		SANDRUN_DESTINATION=tcp://10.1.2.3:80 'SANDRUN_RULE=10.0.0.0/8 (io.sandlock.net-deny)' SANDRUN_ERROR=ECONNREFUSED \
		'SANDRUN_WHO={"name":"web","image":"app:1"}'; do
		has "|$field|" "|$line"
	done
	[ ! -e "$STATE/$ID/denied.jsonl" ]
	is 1 "$(annotation denied)"
	run --separate-stderr rt denied "$ID"
	has 'journalctl SANDRUN_CONTAINER' "$output"
	# a journal that is started anew, and one that is not there
	kill -KILL "$LISTENER"
	rt exec "$ID" /bin/probe tcp 10.1.2.3 81 >/dev/null
	in_ns rm /run/systemd/journal/socket
	listens /run/systemd/journal/socket "$T/journal2"
	rt exec "$ID" /bin/probe tcp 10.1.2.3 82 >/dev/null
	wait_until file_has "$T/journal2" 10.1.2.3:82
	has SANDRUN_SEQ=3 "$(cat "$T/journal2")"
}

@test "log: syslog and state together; none at all" {
	listens /dev/log "$T/syslog"
	annotate 'log=syslog state'
	args sleep 1000
	start_container
	rt exec "$ID" /bin/probe tcp 10.1.2.3 80 >/dev/null
	wait_until file_has "$T/syslog" 10.1.2.3
	grep -qE '^<28>[A-Z][a-z]{2} [ 0-9]{2} [0-9:]{8} sandrun: \{' "$T/syslog"
	is "$(cat "$STATE/$ID/denied.jsonl")" "$(sed 's/.*sandrun: //' "$T/syslog")"
	rt delete --force "$ID"
	rm -r "$STATE.past"
	annotate log=none
	start_container
	rt exec "$ID" /bin/probe tcp 10.1.2.3 80 >/dev/null
	wait_until eval '[ "$(annotation denied)" = 1 ]'
	[ ! -e "$STATE/$ID/denied.jsonl" ]
	run --separate-stderr rt denied "$ID"
	has '1 refused' "$output"
	has 'io.sandlock.log=none' "$output"
	rt delete --force "$ID"
	[ ! -e "$STATE.past" ]
}

@test "log=file: below the directory for it, by container; it is there after the end, is bounded, and follows a rotation" {
	annotate log=file:%ID.jsonl
	probe_denied 80
	is tcp://10.1.2.3:80 "$(var "$ID.jsonl" | head -n 1 | jq -r .destination)"
	is "700 600" "$(in_ns stat -c %a /var/log/sandrun "/var/log/sandrun/$ID.jsonl" | xargs)"
	# another run appends
	annotate log=file:/var/log/sandrun/%ID.jsonl
	probe_denied 81
	is "tcp://10.1.2.3:80 tcp://10.1.2.3:81" "$(var "$ID.jsonl" | jq -r 'select(.call).destination' | xargs)"
	in_ns mkdir /var/log/sandrun/team
	annotate log=file:team/all.jsonl
	args sleep 1000
	start_container
	rt exec "$ID" /bin/probe tcp 10.1.2.3 82 >/dev/null
	wait_until eval 'var team/all.jsonl | grep -q :82'
	in_ns mv /var/log/sandrun/team/all.jsonl /var/log/sandrun/team/rotated
	rt exec "$ID" /bin/probe tcp 10.1.2.3 83 >/dev/null
	wait_until eval 'var team/all.jsonl | grep -q :83'
	not grep -q :83 <(var team/rotated)
	# full: it becomes .1, and there is no third
	in_ns truncate -s 10M /var/log/sandrun/team/all.jsonl
	rt exec "$ID" /bin/probe tcp 10.1.2.3 84 >/dev/null
	wait_until eval 'var team/all.jsonl | grep -q :84'
	is "all.jsonl all.jsonl.1 rotated" "$(in_ns ls /var/log/sandrun/team | xargs)"
}

@test "log=file: an annotation writes nowhere else: not above, not by a link, not into another's directory, not another's file" {
	in_ns mkdir -p /var/log/sandrun "$T/elsewhere"
	in_ns ln -s "$T/elsewhere" /var/log/sandrun/link
	in_ns ln -s "$T/elsewhere/x" /var/log/sandrun/filelink
	local path
	for path in /etc/x ../x team/../../x link/x /var/log/x /var/log/sandrunx/x; do
		annotate "log=file:$path"
		run --separate-stderr rt create --bundle "$B" "$ID"
		one_clear_line io.sandlock.log || { echo "for $path"; return 1; }
		[ ! -e "$STATE/$ID" ]
	done
	[ -z "$(ls "$T/elsewhere")" ]
	# a file that is a link, a FIFO, or has another name: the record is lost, nothing is followed
	in_ns mkfifo /var/log/sandrun/fifo
	in_ns sh -c 'echo mine >/var/log/sandrun/hard && ln /var/log/sandrun/hard /var/log/sandrun/other'
	for path in filelink fifo hard; do
		annotate "log=file:$path"
		probe_denied 80
	done
	[ -z "$(ls "$T/elsewhere")" ]
	is mine "$(var other)"
	in_ns chmod 777 /var/log/sandrun
	annotate log=file:x
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line 'others may write to it'
	for path in '' nosuch 'state none' 'file:a file:b' file:; do
		annotate "log=$path"
		run --separate-stderr rt create --bundle "$B" "$ID"
		one_clear_line io.sandlock.log
	done
}

@test "the record: a name that would be a line or a field of its own is neither, anywhere" {
	listens /run/systemd/journal/socket "$T/journal"
	annotate 'log=journal,state,file:%ID.jsonl'
	local name='printf "a\nSANDRUN_CONTAINER=forged\n\",\"seq\":9"'
	shell "cp /bin/probe /tmp/p && cd /tmp && mv p \"\$($name | cut -c1-15 | tr -d /)\" && for f in /tmp/a*; do \"\$f\" tcp 10.1.2.3 80; done; sleep 1000"
	start_container
	wait_until file_has "$T/journal" 10.1.2.3
	is 1 "$(wc -l <"$STATE/$ID/denied.jsonl")"
	jq -e '.comm | startswith("a")' "$STATE/$ID/denied.jsonl"
	not grep -q '|SANDRUN_CONTAINER=forged' "$T/journal"
	is 1 "$(grep -o '|SANDRUN_CONTAINER=[^|]*' "$T/journal" | wc -l)"
}

@test "the record: 3,000 refusals a second lose nothing silently: lines, what was left out, and the count agree" {
	annotate 'log=state,file:%ID.jsonl'
	local calls=() n
	for ((n = 0; n < 12000; n++)); do calls+=('tcp 10.1.2.3 80'); done
	args /bin/probe each "${calls[@]}"
	elapsed_ms rt run --bundle "$B" "$ID" >"$T/out"
	is 12000 "$(grep -c ECONNREFUSED "$T/out")"
	echo "12000 in $MS ms"
	[ "$MS" -lt $((4000 * SLOWER)) ]
	is 12000 "$(var "$ID.jsonl" | jq -s 'map(if .suppressed then .suppressed elif .call then 1 else 0 end) | add')"
	is 12000 "$(var "$ID.jsonl" | tail -n 1 | jq .total_denied)"
	# a gap in the numbers is as wide as what a line says was left out
	var "$ID.jsonl" | jq -se '. as $all | [range(1; length) | select($all[.].call and ($all[. - 1].call)) |
		select($all[.].seq != $all[. - 1].seq + 1)] | length == 0 or ($all | map(.suppressed // 0) | add) > 0'
	run --separate-stderr rt denied "$ID"
	not grep -q 'lines are missing' <<<"$output"
	has 'more were refused faster than they could be described' "$output"
}

@test "--log journald: and syslog: are written to; where nobody listens it is an error" {
	local to
	for to in journald syslog; do
		run --separate-stderr rt --log $to:here state nosuch
		one_clear_line "--log $to:here: nobody listens"
	done
	listens /run/systemd/journal/socket "$T/journal"
	listens /dev/log "$T/syslog"
	run --separate-stderr rt --log journald:here state nosuch
	one_clear_line 'does not exist'
	wait_until file_has "$T/journal" '^PRIORITY=3|SYSLOG_IDENTIFIER=here|MESSAGE=.*does not exist: nosuch|$'
	run --separate-stderr rt --log syslog:there state $'no\nsuch'
	wait_until file_has "$T/syslog" '^<27>there: container id'
	is 1 "$(wc -l <"$T/syslog")"
}
