# SPDX-License-Identifier: Apache-2.0
# policy-native.bats - what is allowed is as without a policy: sessions that look at each other, unix peers, ICMP beside UDP

load helpers
load helpers-net

setup() { policy_setup 10.1.2.3/32 203.0.113.5/32; }
teardown() { common_teardown; }

with_program() {
	joined_network
	without nf-tables
	args sleep 1000
	start_container
	[[ $(annotation enforcement) == *bpf* ]] || skip_or_fail "no cgroup program here"
}

# looks: whether an exec session may look at init, and init's children at it.
looks() {
	run --separate-stderr rt exec "$ID" sh -c 'readlink /proc/1/root && cat /proc/1/environ >/dev/null && probe attach 1'
}

@test "exec sessions and init may trace each other where the cgroup program judges" {
	annotate net-deny=private
	with_program
	[[ $(annotation enforcement) != *landlock* ]]
	looks
	is $'/\nOK' "$output"
}

@test "exec sessions and init may not trace each other under Landlock, which has a domain for each, where that is required" {
	need landlock-net
	annotate net-deny=private require=landlock
	with_program
	[[ $(annotation enforcement) == *landlock*bpf* ]]
	looks
	[ "$status" != 0 ]
}

@test "a threaded program's unix peers see its pid where the cgroup program judges, ping allowed or not" {
	local policy
	joined_network
	for policy in net-deny=private net-allow=203.0.113.5:80 'net-allow=udp://203.0.113.5:53'; do
		cfg 'del(.annotations)'
		annotate "$policy"
		trying unix-threads=OK
		trying unix-self=OK
	done
}

@test "refusals of the cgroup program are told with who, what and where to" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80 udp:10.1.2.3:53
	annotate net-deny=10.0.0.0/8
	with_program
	exec_probe each 'tcp 203.0.113.5 80' 'tcp 10.1.2.3 80' 'udp-connect 10.1.2.3 53' 'fastopen 10.1.2.3 80' 'nonblock 10.1.2.3 80'
	outcome 'tcp 203.0.113.5 80' OK
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	outcome 'udp-connect 10.1.2.3 53' ECONNREFUSED
	outcome 'fastopen 10.1.2.3 80' ECONNREFUSED
	outcome 'nonblock 10.1.2.3 80' ECONNREFUSED
	is 4 "$(annotation denied)"
	wait_until file_has "$STATE/$ID/denied.jsonl" 'udp://10.1.2.3:53'
	is 4 "$(jq -s 'map(select(.pid > 0 and .comm == "probe" and .call == "connect" and .error == "ECONNREFUSED" and
		(.rule | contains("10.0.0.0/8")))) | length' "$STATE/$ID/denied.jsonl")"
	nothing_reached tcp:10.1.2.3:80 udp:10.1.2.3:53
}

@test "echo requests are judged at every call, also beside sends that continue; neighbours are still found" {
	joined_network
	without nf-tables
	annotate 'net-deny=10.0.0.0/8;fe80::/10;multicast'
	trying 'icmp 203.0.113.5=OK' 'icmp 10.1.2.3=ECONNREFUSED' 'icmp 2001:db8:c::1=OK'
	cfg 'del(.annotations)'
	annotate 'net-allow=203.0.113.5;[2001:db8:c::1]' allow-icmp=true
	trying 'icmp 203.0.113.5=OK' 'icmp 10.1.2.3=ECONNREFUSED' 'raw-icmp 203.0.113.5=OK' 'raw-icmp 10.1.2.3=ECONNREFUSED' \
		'icmp 2001:db8:c::1=OK' 'raw-icmp 2001:db8:c::1=OK'
}

# differs SEED CASES [threads]: the same random calls without a policy and under those that allow them all.
differs() {
	local mode policy
	for mode in traps bpf; do
		cfg 'del(.annotations) | .linux.namespaces |= (map(select(.type != "network")) + [{"type": "network"}])'
		RT_OUTSIDE=
		if [ $mode = traps ]; then host_network; else joined_network; fi
		run_container differ "$@"
		is 0 "$status"
		printf '%s\n' "$output" >"$T/none"
		for policy in net-deny=203.0.113.0/24 'net-allow=*'; do
			cfg 'del(.annotations)'
			annotate "$policy"
			[[ $policy != net-allow=* ]] || annotate allow-udp=true allow-icmp=true
			run_container differ "$@"
			is 0 "$status"
			printf '%s\n' "$output" >"$T/policy"
			# On behalf of several threads a unix peer sees no pid, and netlink is read-only.
			[ "$mode ${3:-}" != "traps threads" ] || sed -i 's/=nobody-/=me-/; / nl /d' "$T/policy" "$T/none"
			diff "$T/none" "$T/policy" || { echo "(differ $*: $mode $policy)"; return 1; }
		done
	done
}

# Other seeds, for as long as somebody has patience: SANDRUN_DIFFER="17 18 19" bats tests/bats/policy-native.bats
more_seeds() {
	local seed
	for seed in ${SANDRUN_DIFFER:-}; do differs "$seed" 2000 "$@"; done
}

@test "random calls with right and wrong arguments end as without a policy" {
	cp "$PROGRAMS/differ" "$B/rootfs/bin/"
	differs 1 2000
	differs 2 2000
	more_seeds
}

@test "random calls with right and wrong arguments end as without a policy: a program with threads" {
	cp "$PROGRAMS/differ" "$B/rootfs/bin/"
	differs 1 2000 threads
	differs 2 2000 threads
	more_seeds threads
}

@test "under a user's own runtime each user of the container binds to what is allowed" {
	need userns setpriv newuidmap
	cp "$SANDRUN" "$T/rt"
	chmod 755 "$T" "$T/rt"
	mkdir -p "$STATE"
	chown -R 12345:12345 "$B" "$STATE"
	echo tester:x:12345:12345::/:/bin/sh | cat /etc/passwd - >"$T/passwd"
	echo tester:200000:65536 >"$T/subid"
	cfg 'del(.linux.cgroupsPath, .linux.resources) | .mounts |= map(select(.type != "sysfs")) |
		.linux.namespaces |= (map(select(.type != "cgroup" and .type != "user")) + [{"type": "user"}]) |
		.linux.uidMappings = [{containerID: 0, hostID: 12345, size: 1}, {containerID: 1, hostID: 200000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	annotate net-allow-bind=1-60000 # more ports than Landlock is told of
	local user
	for user in 0 5; do
		cfg ".process.user = {uid: $user, gid: $user}"
		args /bin/probe each 'bind 0.0.0.0 8080' 'bind 0.0.0.0 60001'
		run --separate-stderr env SANDRUN_TEST="$ID" XDG_RUNTIME_DIR="$STATE" unshare -m sh -c 'mount --bind "$1/passwd" /etc/passwd &&
			mount --bind "$1/subid" /etc/subuid && mount --bind "$1/subid" /etc/subgid && shift && exec "$@"' - "$T" \
			setpriv --reuid 12345 --regid 12345 --clear-groups "$T/rt" --root "$STATE" run --bundle "$B" "$ID"
		is "0 " "$status $stderr"
		outcome 'bind 0.0.0.0 8080' OK
		outcome 'bind 0.0.0.0 60001' EACCES
	done
}

@test "sends from where the data lies (SO_ZEROCOPY) work as natively, or are not offered" {
	serve udp:203.0.113.5:53
	host_network
	trying 'zerocopy 203.0.113.5 53=OK'
	in_mode bpf net-deny=10.0.0.0/8
	trying 'zerocopy 203.0.113.5 53=OK'
	in_mode traps net-deny=10.0.0.0/8
	try 'zerocopy 203.0.113.5 53'
	case $output in *': OK' | *': EOPNOTSUPP') ;; *) is "OK or EOPNOTSUPP" "$output" ;; esac
}

@test "a connect that another thread ends ends, and nothing is connected later" {
	local policy
	host_network
	trying 'end-midair shutdown=ECONNRESET 0' 'end-midair unspec=ECONNRESET 0'
	for policy in net-deny=10.0.0.0/8 net-allow=127.0.0.1; do
		in_mode traps "$policy"
		trying 'end-midair shutdown=ECONNRESET 0'
		trying 'end-midair unspec=ECONNRESET 0'
	done
}

@test "O_NONBLOCK that comes and goes does not keep everybody else waiting" {
	netns_peer
	serve tcp:203.0.113.5:80
	in_mode traps net-deny=10.1.0.0/16
	trying 'stick 10.9.0.77 203.0.113.5 80=QUICK'
}

@test "what the cgroup program refuses is recorded with its own time and pid, in order with what the supervisor refuses" {
	local before after i
	annotate net-deny=10.0.0.0/8
	with_program
	before=$(date -u +%FT%T.%3NZ)
	rt exec --detach --pid-file "$T/session" "$ID" probe tcp 10.1.2.3 80 >"$OUT" </dev/null
	wait_until file_has "$OUT" ECONNREFUSED
	after=$(date -u +%FT%T.%3NZ)
	# Nobody is told at once: the program's record is looked at once a second.
	wait_until test -s "$STATE/$ID/denied.jsonl"
	is true "$(jq --arg a "$before" --arg b "$after" '.time >= $a and .time <= $b' "$STATE/$ID/denied.jsonl")"
	is "$(cat "$T/session")" "$(jq .pid "$STATE/$ID/denied.jsonl")"
	is bpf "$(jq -r '.layer' "$STATE/$ID/denied.jsonl")"
	for i in 1 2 3 4 5; do
		run rt exec "$ID" probe each 'tcp 10.1.2.3 80' 'socket inet raw' 'tcp 10.1.2.3 81' 'socket packet raw'
	done
	wait_until recorded 21
	jq -r .time "$STATE/$ID/denied.jsonl" | sort -c
	jq .seq "$STATE/$ID/denied.jsonl" | sort -nc
}
recorded() { [ "$(wc -l <"$STATE/$ID/denied.jsonl")" -ge "$1" ]; }
