# SPDX-License-Identifier: Apache-2.0
# attack-trace.bats - where calls are made on behalf they leave no trace of the supervisor: no pid, no memory, no descriptors of its account

load helpers
load helpers-net

setup() { policy_setup 203.0.113.5/32; }
teardown() { common_teardown; }

@test "nobody but the caller is seen at the other end of a unix socket, and nothing can be taken of anybody" {
	cfg '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])'
	in_mode traps net-deny-bind=25
	trying peer-pidfd=OK
	# Without Landlock, too, whose domains keep a container from looking at others.
	local policy
	for policy in net-deny=private net-allow=udp://203.0.113.5:53 net-deny-bind=25; do
		in_mode traps "$policy"
		without nf-tables bpf landlock
		trying peer-pidfd=OK
	done
	# In a pid namespace that the supervisor is in, too, numbers are seen, but not its own.
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	in_mode traps net-deny=private
	args /bin/probe peer-pidfd wait
	start_container
	wait_until file_has "$OUT" .
	not file_has "$OUT" "$(supervisor_pid)"
	has "a stranger" "$(cat "$OUT")"
}

@test "what lies in unix sockets is charged to the container" {
	cfg '.linux.resources.memory.limit = 67108864'
	local policy
	host_network
	# Without a policy: what the kernel makes of the limit.
	run --separate-stderr rt run --bundle "$B" "$ID"
	args /bin/probe unix-memory 400
	run --separate-stderr rt run --bundle "$B" "$ID"
	[ "$status" != 0 ] || [ "${output:-0}" -lt 100 ] || skip "the memory controller does not hold here: $output MB"
	for policy in net-deny=private net-allow=udp://203.0.113.5:53; do
		in_mode traps "$policy"
		args /bin/probe unix-memory 400
		run --separate-stderr rt run --bundle "$B" "$ID"
		[ "$status" != 0 ] || [ "${output:-0}" -lt 100 ] || { echo "$output MB queued"; return 1; }
		rt delete --force "$ID" 2>/dev/null || true
	done
}

@test "descriptors on their way are bounded by the container's limit, and others can send theirs" {
	cfg '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 1024, "hard": 1024}]'
	in_mode traps net-deny=private
	args /bin/probe unix-fds 30000
	run --separate-stderr rt run --bundle "$B" "$ID"
	is "ETOOMANYREFS" "${output% *}"
	[ "${output#* }" -le 1500 ]
}

@test "a caller in thousands of groups is still itself: what a group opens is open, and signals interrupt" {
	mkdir -m 755 "$B/rootfs/run"
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/run", "options": ["rbind", "rw"]}]' --arg s "$B/rootfs/run"
	in_mode traps net-deny=private
	# One that a single group may use.
	spawn "$PROGRAMS/serve" "$T/counts" "unix:$B/rootfs/run/sock"
	wait_until test -S "$B/rootfs/run/sock"
	chgrp 204242 "$B/rootfs/run/sock"
	chmod 660 "$B/rootfs/run/sock"
	RT_TIMEOUT=20
	trying 'many-groups /run/sock 204242=OK EINTR'
	trying 'many-groups /run/sock 204243=EACCES EINTR'
}

@test "what a sendmmsg says of its messages is not written where the caller could not write" {
	serve udp:203.0.113.5:53
	host_network
	trying 'mmsg-readonly 203.0.113.5 53=EFAULT kept'
	in_mode traps net-deny=private
	trying 'mmsg-readonly 203.0.113.5 53=EFAULT kept' 'sendmmsg 203.0.113.5 53 203.0.113.5 53=OK 2'
}

@test "a port that may not be bound is not listened on by way of a range from which the kernel chooses" {
	host_network
	in_ns sh -c 'echo 1024 65535 >/proc/sys/net/ipv4/ip_local_port_range'
	trying 'listen-range 8081=OK OK THERE'
	local policy
	for policy in net-deny-bind=8081 net-allow-bind=8080; do
		in_mode traps "$policy"
		try 'listen-range 8081'
		case $output in *' elsewhere') ;; *) is "not there" "$output" ;; esac
	done
}
