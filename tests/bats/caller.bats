# SPDX-License-Identifier: Apache-2.0
# caller.bats - what the runtime's caller is like: its limits, its descriptors

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	host_network
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate net-deny=private
	args sleep 1000
}
teardown() { common_teardown; }

watcher_pid() { jq -r .supervisorPid "$STATE/$ID/record.json"; }
# limit_of PID NAME: soft and hard.
limit_of() { sed -nE "s/^$2 +([^ ]+) +([^ ]+) .*/\1 \2/p" "/proc/$1/limits"; }
# create_with LIMIT: the runtime's caller has it.
create_with() { (ulimit "$@" && create) || { cat "$OUT.err"; return 1; }; }
# Root that may not (CAP_SYS_RESOURCE) is as a user: the soft limit goes up to the hard one, and no further.
can_raise() { (ulimit -n 80 && ulimit -n 100) 2>/dev/null; }
lines() { [ "$(wc -l <"$2")" = "$1" ]; }
both_ways() {
	exec_probe each 'tcp 127.0.0.1 80' 'tcp 203.0.113.5 80'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp 203.0.113.5 80' OK
}

@test "the caller's limit on the size of files does not end the supervisor, and its record goes on" {
	local sup i
	create_with -f 8
	rt start "$ID"
	sup=$(supervisor_pid)
	for i in $(seq 12); do
		exec_probe each 'tcp 127.0.0.1 80' 'tcp 127.0.0.1 81' 'tcp 127.0.0.1 82' 'tcp 127.0.0.1 83' 'tcp 127.0.0.1 84' \
			'tcp 127.0.0.1 85' 'tcp 127.0.0.1 86' 'tcp 127.0.0.1 87'
	done
	exec_probe tcp 127.0.0.1 9999
	wait_until file_has "$STATE/$ID/denied.jsonl" ':9999"'
	is "$sup" "$(supervisor_pid)"
	is "" "$(annotation supervisor-restarts)"
	is 97 "$(annotation denied)"
	both_ways
}

@test "none of the caller's limits is the supervisor's or the watcher's; the workload has them" {
	local pid name
	(
		ulimit -n 80 && ulimit -f 2000 && ulimit -t 3000 && ulimit -v 4000000 && ulimit -d 2000000 && ulimit -u 500 &&
			ulimit -s 512 && ulimit -i 100 && ulimit -l 64 && create
	) || { cat "$OUT.err"; return 1; }
	rt start "$ID"
	both_ways
	for pid in $(supervisor_pid) $(watcher_pid); do
		is "0 0" "$(limit_of "$pid" 'Max core file size')"
		can_raise || continue
		is "65536 65536" "$(limit_of "$pid" 'Max open files')"
		for name in 'Max file size' 'Max cpu time' 'Max address space' 'Max data size' 'Max processes' 'Max pending signals'; do
			is "unlimited unlimited" "$(limit_of "$pid" "$name")"
		done
		is "8388608 8388608" "$(limit_of "$pid" 'Max stack size')"
	done
	is "80 80" "$(limit_of "$(container_pid)" 'Max open files')"
	is "3000 3000" "$(limit_of "$(container_pid)" 'Max cpu time')"
}

@test "few descriptors, which a user cannot raise: a container with a policy is made, or the message names the limit" {
	need setpriv userns
	cp "$SANDRUN" "$T/rt"
	chmod 755 "$T/rt"
	mkdir "$T/own"
	chown -R 12345:12345 "$B" "$T/own"
	cfg 'del(.linux.cgroupsPath, .linux.resources) |
		.mounts |= map(select(.type != "sysfs") | if .type == "devpts" then .options -= ["gid=5"] else . end)'
	args true
	local n made=0
	for n in 10 20 30 60 90 100 101; do
		run --separate-stderr sh -c 'ulimit -n '$n' && exec "$@"' - env SANDRUN_TEST="$ID" setpriv --reuid 12345 --regid 12345 --clear-groups \
			timeout 30 "$T/rt" --root "$T/own" run --bundle "$B" "$ID"
		[ "$status" = 0 ] && made=$((made + 1)) || one_clear_line "oo many open files" || return 1
		is "" "$(ls "$T/own")"
	done
	[ $made -ge 4 ]
}

@test "a limit on the size of files that no record fits into: one clear line, and nothing is left" {
	local n
	for n in 0 1; do
		status=0
		stderr=$( (ulimit -f $n && rt create --bundle "$B" "$ID") 2>&1 >/dev/null </dev/null) || status=$?
		output=
		one_clear_line "ile too large"
		[ ! -e "$STATE/$ID" ]
	done
}

@test "descriptors 0 to 2 that the caller closed are the null device, here and for the workload" {
	local closed
	shell 'for fd in 0 1 2; do l=$(readlink /proc/$$/fd/$fd); echo "$l" >>/tmp/fds; done; echo out; echo err >&2; exec sleep 1000'
	for closed in '<&-' '>&-' '2>&-' '<&- >&-' '>&- 2>&-' '<&- 2>&-' '<&- >&- 2>&-'; do
		rm -f "$B/rootfs/tmp/fds"
		eval "\"\$SANDRUN\" --root \"\$STATE\" create --bundle \"\$B\" --pid-file \"\$T/pid\" \"\$ID\" </dev/null >\"\$OUT\" 2>\"\$OUT.err\" 3>&- $closed" ||
			{ echo "$closed"; cat "$OUT.err"; return 1; }
		rt start "$ID"
		wait_until lines 3 "$B/rootfs/tmp/fds"
		[[ $closed != *'<&-'* ]] || is /dev/null "$(sed -n 1p "$B/rootfs/tmp/fds")"
		[[ ! $closed =~ (^| )'>&-' ]] || is /dev/null "$(sed -n 2p "$B/rootfs/tmp/fds")"
		[[ $closed != *'2>&-'* ]] || is /dev/null "$(sed -n 3p "$B/rootfs/tmp/fds")"
		# exec likewise, and no file of ours becomes its input or output.
		eval "\"\$SANDRUN\" --root \"\$STATE\" exec \"\$ID\" sh -c 'rm /tmp/fds; for fd in 0 1 2; do l=\$(readlink /proc/\$\$/fd/\$fd); echo \$l >>/tmp/fds; done; echo out; echo err >&2' </dev/null >\"\$OUT\" 2>\"\$OUT.err\" 3>&- $closed"
		lines 3 "$B/rootfs/tmp/fds"
		[[ $closed != *'<&-'* ]] || is /dev/null "$(sed -n 1p "$B/rootfs/tmp/fds")"
		run ! grep -lr '^out$\|^err$' "$STATE"
		rt delete --force "$ID"
	done
}
