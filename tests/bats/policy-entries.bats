# SPDX-License-Identifier: Apache-2.0
# policy-entries.bats - each known way in of the policy contract, tried by a hostile workload; and what must feel native

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32 fd00:77::1/128 2001:db8::5/128
	host_network
	all_caps
}
teardown() { common_teardown; }

@test "io_uring cannot be set up under any policy" {
	local p
	for p in net-deny=private net-allow=10.1.2.3:443 net-allow=:443 net-deny-bind=22; do
		cfg 'del(.annotations)'
		annotate "$p"
		trying 'io_uring=ENOSYS'
	done
	cfg 'del(.annotations)'
	try io_uring
	[[ $output != *ENOSYS ]]
}

@test "TCP Fast Open sends, by every call, do not reach a denied address" {
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	local p
	for p in net-deny=private net-allow=203.0.113.5:80; do
		cfg 'del(.annotations)'
		annotate "$p"
		trying 'fastopen 127.0.0.1 80=ECONNREFUSED' 'fastopen-sendmsg 127.0.0.1 80=ECONNREFUSED' \
			'fastopen-connect 127.0.0.1 80=ECONNREFUSED'
		try 'fastopen-sendmmsg 127.0.0.1 80'
		[[ $output != *OK* ]]
		trying 'fastopen 203.0.113.5 80=OK' 'fastopen-connect 203.0.113.5 80=OK'
	done
	nothing_reached tcp:127.0.0.1:80
}

@test "protocols that a policy cannot speak of are no socket: SCTP, UDP-Lite, DCCP, raw, packet, vsock, xdp" {
	annotate net-deny=private
	trying 'socket inet stream sctp=EACCES' 'socket inet seqpacket sctp=EACCES' 'socket inet6 seqpacket sctp=EACCES' \
		'socket inet dgram udplite=EACCES' 'socket inet6 dgram udplite=EACCES' 'socket inet dccp dccp=EACCES' \
		'socket inet raw raw=EACCES' 'socket inet raw udp=EACCES' 'socket inet raw tcp=EACCES' 'socket inet6 raw raw=EACCES' \
		'socket packet raw all=EACCES' 'socket packet dgram all=EACCES' 'socket inet packet=EACCES' \
		'socket vsock stream=EACCES' 'socket xdp raw=EACCES' \
		'mptcp 10.1.2.3 80=EPROTONOSUPPORT' 'socket inet6 stream mptcp=EPROTONOSUPPORT' \
		'socket unix stream=OK' 'socket unix dgram=OK' 'socketpair unix seqpacket=OK' 'netlink=OK'
}

@test "the i386 system call table (int 0x80) and x32 numbers do not get past" {
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate net-deny=private
	try 'int80 127.0.0.1 80' 'int80-socketcall 127.0.0.1 80' 'x32 127.0.0.1 80'
	[[ $output != *": OK"* ]]
	outcome 'int80 127.0.0.1 80' ECONNREFUSED
	outcome 'int80-socketcall 127.0.0.1 80' ECONNREFUSED
	nothing_reached tcp:127.0.0.1:80
}

@test "a 32-bit program is confined, and what is allowed works for it" {
	need probe32
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80 udp:203.0.113.5:53 udp:127.0.0.1:53
	annotate net-deny=private
	args /bin/probe32 each 'tcp 127.0.0.1 80' 'tcp-echo 203.0.113.5 80' 'udp-echo 203.0.113.5 53' 'udp 127.0.0.1 53' \
		'sendmsg 127.0.0.1 53' 'sendmsg 203.0.113.5 53' 'sendmmsg 203.0.113.5 53 127.0.0.1 53' io_uring \
		'fastopen 127.0.0.1 80' 'mptcp 127.0.0.1 80' 'socket inet raw raw' \
		'unix /srv/s' netlink recv-timeout
	mkdir "$B/rootfs/srv"
	serve_unix "$B/rootfs/srv/s"
	run_container
	is 0 "$status"
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp-echo 203.0.113.5 80' OK
	outcome 'udp-echo 203.0.113.5 53' OK
	outcome 'udp 127.0.0.1 53' ECONNREFUSED
	outcome 'sendmsg 127.0.0.1 53' ECONNREFUSED
	outcome 'sendmsg 203.0.113.5 53' OK
	outcome 'sendmmsg 203.0.113.5 53 127.0.0.1 53' 'OK 1'
	outcome io_uring ENOSYS
	outcome 'fastopen 127.0.0.1 80' ECONNREFUSED
	outcome 'mptcp 127.0.0.1 80' EPROTONOSUPPORT
	outcome 'socket inet raw raw' EACCES
	outcome 'unix /srv/s' OK
	outcome netlink OK
	outcome recv-timeout EAGAIN
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
}

# Beside the listeners of serve: a unix socket.
serve_unix() {
	spawn "$PROGRAMS/serve" "$T/counts-unix" "unix:$1"
	wait_until test -e "$T/counts-unix"
}

@test "source routes and routing headers are refused" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	annotate net-deny=private
	try 'source-route 203.0.113.5 53 10.1.2.3' 'source-route-cmsg 203.0.113.5 53 10.1.2.3' \
		'routing-header 2001:db8::5 53 fd00:77::1'
	[[ $output != *": OK"* ]]
	nothing_reached udp:10.1.2.3:53
}

# rounds N: how many tries; SANDRUN_RACES=100 (with BATS_TEST_TIMEOUT=3600) is a hundred times as many.
rounds() { echo $(($1 * ${SANDRUN_RACES:-1} / SLOWER)); }

# flips TRIED WHAT PROTO ROUNDS: between the destination that is allowed and the one that is not; the output has TRIED.
flips() {
	local port=53
	[ "$3" = udp ] || port=80
	run_container -- flip "$2" "$3" "$(rounds "$4")" 203.0.113.5 $port 10.1.2.3 $port
	echo "$mode $2 $3: $output"
	[ "$status" = 0 ]
	[[ $output =~ $1=[1-9] ]]
}

@test "an address flipped by a second thread never reaches the denied destination" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80 udp:203.0.113.5:53 udp:10.1.2.3:53
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=10.0.0.0/8
		flips refused addr tcp 3000
		flips refused addr udp 20000
		flips allowed msghdr udp 20000
	done
	nothing_reached tcp:10.1.2.3:80 udp:10.1.2.3:53
}

@test "a descriptor flipped by dup2 between a unix and an internet socket never reaches the denied destination" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80 udp:203.0.113.5:53 udp:10.1.2.3:53
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=10.0.0.0/8
		flips '(allowed|refused|other)' dup2 udp 50000
		flips '(allowed|refused|other)' dup2 tcp 20000
	done
	nothing_reached tcp:10.1.2.3:80 udp:10.1.2.3:53
}

@test "the same flips without a policy do reach it: the race is real" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53 tcp:203.0.113.5:80 tcp:10.1.2.3:80
	run_container -- flip addr udp $((20000 / SLOWER)) 203.0.113.5 53 10.1.2.3 53
	run_container -- flip dup2 udp $((200000 / SLOWER)) 203.0.113.5 53 10.1.2.3 53
	wait_until eval '[ "$(count udp:10.1.2.3:53)" -gt 0 ]'
}

@test "a slow page under one address does not delay another caller" {
	serve tcp:203.0.113.5:80
	annotate net-deny=private
	try 'slow-pages 203.0.113.5 80'
	[[ $output == *": OK" || $output == *UFFD-EPERM ]]
}

@test "a seccomp listener of its own is refused to the workload" {
	annotate net-deny=private
	try own-listener
	[[ $output != *": OK" ]]
}

@test "a socket that comes through SCM_RIGHTS is judged like any other" {
	serve udp:10.1.2.3:53 udp:203.0.113.5:53 tcp:10.1.2.3:80
	annotate net-deny=private
	mkdir "$B/rootfs/give"
	spawn "${NSENTER[@]}" "$PROBE" give "$B/rootfs/give/udp"
	spawn "${NSENTER[@]}" "$PROBE" give "$B/rootfs/give/tcp" tcp
	wait_until test -S "$B/rootfs/give/udp" -a -S "$B/rootfs/give/tcp"
	trying 'take /give/udp 10.1.2.3 53=ECONNREFUSED' 'take /give/udp 203.0.113.5 53=OK' \
		'take /give/tcp 10.1.2.3 80=ECONNREFUSED'
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:80
}

@test "the workload cannot see, signal or trace the supervisor, even in the host's pid namespace" {
	annotate net-deny=private
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	args sleep 1000
	start_container
	local sup
	sup=$(supervisor_pid)
	run --separate-stderr rt exec --user 1000 "$ID" /bin/probe kill "$sup" 9
	is EPERM "$output"
	[ -e "/proc/$sup" ]
	rt delete --force "$ID"
	cfg '.linux.namespaces += [{"type": "pid"}]'
	start_container
	sup=$(supervisor_pid)
	exec_probe kill "$sup" 9
	is ESRCH "$output"
}

@test "bad lengths and pointers are the kernel's own errors, and the supervisor survives them" {
	annotate net-deny=private
	args sleep 1000
	start_container
	exec_probe bad-address 127.0.0.1 80
	is "EINVAL EFAULT" "$output"
	[ -e "/proc/$(supervisor_pid)" ]
	exec_probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
}

@test "a blocking connect blocks alone, a signal interrupts it, and a non-blocking one is EINPROGRESS" {
	netns_peer
	serve_peer tcp:10.9.0.2:80
	annotate net-deny=127.0.0.0/8
	trying 'interrupt 10.9.0.77 80=EINTR' 'beside 10.9.0.77 80 10.9.0.2 80=OK FAST' 'nonblock 10.9.0.2 80=EINPROGRESS OK' \
		'nonblock 10.9.0.2 81=EINPROGRESS ECONNREFUSED' 'tcp 10.9.0.2 81=ECONNREFUSED' 'disconnect 10.9.0.2 80=OK'
}

@test "unix sockets, their credentials and descriptors are as without a policy, in every mode" {
	local p
	mkdir "$B/rootfs/srv"
	serve "unix:$B/rootfs/srv/s"
	for p in net-deny=private net-allow= net-allow=udp://10.1.2.3:53 net-allow=:443; do
		cfg 'del(.annotations)'
		annotate "$p"
		trying 'unix-self=OK' 'unix /srv/s=OK' 'unix /srv/none=ENOENT' 'unix @nobody=ECONNREFUSED' 'netlink=OK'
	done
}

@test "a packet really crosses to another machine only where the policy lets it" {
	netns_peer
	serve_peer tcp:10.9.0.2:80 udp:10.9.0.2:53 udp:[fd09::2]:53 tcp:[fd09::2]:80
	annotate 'net-allow=10.9.0.2:80;udp://[fd09::2]:53'
	trying 'tcp-echo 10.9.0.2 80=OK' 'udp-echo fd09::2 53=OK' 'udp 10.9.0.2 53=ECONNREFUSED' 'tcp fd09::2 80=ECONNREFUSED' \
		'sendmsg 10.9.0.2 53=ECONNREFUSED'
	reached tcp:10.9.0.2:80 1
	reached udp:[fd09::2]:53 1
	is 0 "$(count udp:10.9.0.2:53)"
	is 0 "$(count tcp:[fd09::2]:80)"
}
