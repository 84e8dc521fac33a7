# SPDX-License-Identifier: Apache-2.0
# attack-entries.bats - rule 4 of the threat model, every entry: sockets, options, control data and tracers of a hostile
# workload, in each mode: everything on behalf ("traps": the host's network) and with the cgroup program ("bpf")

load helpers
load helpers-net

setup() { policy_setup 10.1.2.3/32 203.0.113.5/32 fd00:77::1/128 2001:db8::5/128; }
teardown() { common_teardown; }

allow_udp='net-allow=udp://203.0.113.5:53;tcp://203.0.113.5:80;udp://[2001:db8::5]:53'

@test "one socket and several destinations: each is judged" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53 tcp:203.0.113.5:80 tcp:10.1.2.3:80
	local mode policy
	for mode in traps bpf; do
		for policy in net-deny=private "$allow_udp"; do
			in_mode $mode "$policy"
			try 'dissolve 203.0.113.5 80 10.1.2.3 80' 'addrform 203.0.113.5 53 10.1.2.3 53' 'corked 203.0.113.5 53 10.1.2.3 53'
			outcome 'dissolve 203.0.113.5 80 10.1.2.3 80' 'ECONNREFUSED ECONNREFUSED'
			outcome 'addrform 203.0.113.5 53 10.1.2.3 53' 'ECONNREFUSED ECONNREFUSED'
			# What is kept back for the first may be completed: it goes to the first. And a socket that listens does not
			# connect: EISCONN where nobody asks before the kernel does.
			has ' ECONNREFUSED E' "$(grep corked <<<"$output")"
		done
	done
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:80
}

@test "a deferred Fast Open connect does not carry its first byte elsewhere" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80
	in_mode traps net-deny=private
	trying 'deferred 203.0.113.5 80 10.1.2.3 80=OK ECONNREFUSED OK'
	# Untrapped, the second connect waits for what it has put off itself, as without a policy.
	in_mode bpf net-deny=private
	try 'deferred 203.0.113.5 80 10.1.2.3 80'
	nothing_reached tcp:10.1.2.3:80
}

@test ":: does not become 127.0.0.1 by way of a socket that is bound to an IPv4-mapped address" {
	serve udp:127.0.0.1:53 tcp:127.0.0.1:80
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=127.0.0.0/8
		try 'mapped-any 53' 'mapped-any-tcp 80'
		[[ $output != *": OK"* ]]
	done
	# In a network of its own 127.0.0.1 is the container's, and free.
	in_mode traps 'net-allow=udp://[::1]:53;tcp://[::1]:80'
	try 'mapped-any 53' 'mapped-any-tcp 80'
	[[ $output != *": OK"* ]]
	nothing_reached udp:127.0.0.1:53 tcp:127.0.0.1:80
}

@test "broadcast and multicast addresses are destinations like any other" {
	local mode
	for mode in traps bpf; do
		in_mode $mode 'net-deny=255.255.255.255 multicast'
		trying 'broadcast 255.255.255.255 53=ECONNREFUSED' 'broadcast 224.0.0.1 53=ECONNREFUSED'
		in_mode $mode "$allow_udp"
		trying 'broadcast 255.255.255.255 53=ECONNREFUSED' 'broadcast 224.0.0.1 53=ECONNREFUSED'
	done
}

@test "of all families, types and protocols there are sockets of TCP, UDP and echo alone, also through socketcall" {
	in_mode traps net-deny=private
	trying 'sweep=2/1/0 2/1/6 2/2/0 2/2/1 2/2/17 10/1/0 10/1/6 10/2/0 10/2/17 10/2/58'
	in_mode traps net-allow=203.0.113.5:80
	try sweep userns-sockets
	# A UDP socket that sends nothing is no egress; its sends are refused.
	outcome sweep '2/1/0 2/1/6 2/2/0 2/2/17 10/1/0 10/1/6 10/2/0 10/2/17'
	# A kernel that lets devices out of network namespaces gives none (docs/security.md).
	outcome userns-sockets 'EACCES EACCES' || outcome userns-sockets 'UNSHARE-EPERMEACCES EACCES'
	in_mode traps net-allow=203.0.113.5:80
	trying 'sweep-old=2/1/0 2/1/6 2/2/0 2/2/17 10/1/0 10/1/6 10/2/0 10/2/17'
}

@test "a socket out of socketcall, which the supervisor makes, is judged in every mode" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	in_mode traps "$allow_udp"
	trying 'old-udp 203.0.113.5 53=OK' 'old-udp 10.1.2.3 53=ECONNREFUSED'
	in_mode bpf net-deny=private
	trying 'old-udp 203.0.113.5 53=OK' 'old-udp 10.1.2.3 53=ECONNREFUSED'
	in_mode bpf "$allow_udp"
	trying 'old-udp 203.0.113.5 53=OK' 'old-udp 10.1.2.3 53=ECONNREFUSED'
	nothing_reached udp:10.1.2.3:53
}

@test "a socket out of socketcall is its caller's: a port that another user shares with himself is not shared with it" {
	cfg '.process.user = {"uid": 1000, "gid": 1001}'
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=private
		trying 'old-owner=1000/1001'
	done
}

@test "a user namespace of its own gives no right to low ports, as without a policy" {
	need userns
	local policy users='{"containerID": 0, "hostID": 100000, "size": 65536}'
	# The last one is bound on behalf: Landlock cannot say it.
	for policy in none net-allow-bind=81 net-deny-bind=22; do
		cfg 'del(.annotations)'
		[ $policy = none ] || annotate $policy
		host_network
		cfg '.process.user = {"uid": 1000, "gid": 1000} | del(.linux.uidMappings, .linux.gidMappings) |
			.linux.namespaces |= map(select(.type != "user"))'
		RT_OUTSIDE=
		trying 'low-port=EACCES EACCES EACCES OK'
		# Root of the container has it, and not out of a namespace below
		cfg '.process.user = {"uid": 0, "gid": 0}'
		trying 'low-port=OK EACCES EACCES OK'
		# of a user namespace over the host's network not, over its own it has
		cfg '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [$u] | .linux.gidMappings = [$u]' --argjson u "$users"
		trying 'low-port=EACCES EACCES EACCES OK'
		cfg '.linux.namespaces += [{"type": "network"}]'
		trying 'low-port=OK EACCES EACCES OK'
	done
}

@test "an option through socketcall is set with the caller's rights, also where the host has made its user namespace" {
	need userns
	local policy
	cfg '.process.user = {"uid": 1000, "gid": 1000} | .linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [$u] |
		.linux.gidMappings = [$u]' --argjson u '{"containerID": 0, "hostID": 100000, "size": 65536}'
	for policy in none net-deny=10.0.0.0/8; do
		cfg 'del(.annotations)'
		[ $policy = none ] || annotate $policy
		trying 'old-transparent=EPERM'
	done
}

@test "source routes as control data are refused where sends are not trapped, too, and counted" {
	in_mode bpf "$allow_udp"
	args sleep 1000
	start_container
	[[ $(annotation enforcement) == *bpf* ]] || skip_or_fail "no cgroup program here"
	exec_probe source-route-cmsg 203.0.113.5 53 10.1.2.3
	is EPERM "$output"
	wait_until eval '[ "$(annotation denied)" = 1 ]'
	has '"rule":"source route"' "$(cat "$STATE/$ID/denied.jsonl")"
}

@test "control data that has nothing to do with the way is the socket's own business, in every mode" {
	serve udp:203.0.113.5:53 udp:[2001:db8::5]:53
	local mode policy
	for mode in traps bpf; do
		for policy in net-deny=private "$allow_udp"; do
			in_mode $mode "$policy"
			trying 'connected-cmsg 203.0.113.5 53=OK' 'connected-cmsg 2001:db8::5 53=OK'
		done
	done
	reached udp:203.0.113.5:53 4
	reached udp:[2001:db8::5]:53 4
}

@test "flow labels, which may carry a routing header, are refused; so are SMC and other ways to change a TCP socket" {
	serve tcp:203.0.113.5:80
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=private
		trying 'flow-label 2001:db8::5 53 fd00:77::1=EPERM' 'ulp smc 203.0.113.5 80=EPERM' 'ulp espintcp 203.0.113.5 80=EPERM'
		try 'every-option 203.0.113.5 53 10.1.2.3'
		[[ $output != *SET* ]]
	done
}

@test "no part of io_uring is there, also for a ring from outside" {
	in_mode traps net-deny=private
	trying 'uring-calls=ENOSYS ENOSYS ENOSYS'
}

@test "a process that shares descriptors without being a thread is refused where that could win a race" {
	in_mode traps net-deny=private
	trying 'clone-files=EPERM'
}

@test "a tracer that changes a call at its entry gets the verdict on what it made of it, and cannot switch the filter off" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	all_caps
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=private
		trying 'traced 203.0.113.5 53 10.1.2.3 53=DONE' 'traced-filter 10.1.2.3 53=DONE' 'suspend-seccomp=EPERM'
	done
	nothing_reached udp:10.1.2.3:53
}

@test "a listener without bind, on a port that the kernel chooses, is none of an allowlist's" {
	serve tcp:203.0.113.5:80
	in_mode traps net-allow-bind=8080
	trying 'listen-unbound 127.0.0.1 0=EACCES' 'listen 127.0.0.1 8080=OK' 'unix-self=OK' 'tcp 203.0.113.5 80=OK'
	in_mode traps net-allow-bind=8080
	annotate net-deny=10.0.0.0/8
	trying 'listen-unbound 127.0.0.1 0=EACCES' 'listen 127.0.0.1 8080=OK' 'unix-self=OK'
	in_mode traps 'net-allow-bind=*'
	trying 'listen-unbound 127.0.0.1 0=OK'
	in_mode traps net-deny-bind=22
	trying 'listen-unbound 127.0.0.1 0=OK'
}

@test "a container that may leave its cgroup, and with it the cgroup program, is not left to that" {
	serve udp:10.1.2.3:53
	local cap
	for cap in CAP_SYS_ADMIN CAP_DAC_READ_SEARCH; do
		in_mode bpf "$allow_udp"
		cfg '.process.capabilities |= map_values((. - ["CAP_SYS_ADMIN"]) + [$c])' --arg c $cap
		shell 'mkdir -p /cg; mount -t cgroup2 none /cg 2>/dev/null && echo 0 >/cg/cgroup.procs; exec probe sendmsg 10.1.2.3 53'
		run_container
		is ECONNREFUSED "$output"
	done
	nothing_reached udp:10.1.2.3:53
	# exec cannot give what create did not know of
	in_mode bpf "$allow_udp"
	cfg '.process.capabilities |= map_values(. - ["CAP_SYS_ADMIN", "CAP_DAC_READ_SEARCH"])'
	args sleep 1000
	start_container
	run --separate-stderr rt exec --cap CAP_SYS_ADMIN "$ID" /bin/true
	one_clear_line CAP_SYS_ADMIN
	run --separate-stderr rt exec "$ID" /bin/true
	is 0 "$status"
}
