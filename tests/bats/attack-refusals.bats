# SPDX-License-Identifier: Apache-2.0
# attack-refusals.bats - rule 7 of the threat model: each refused call is counted and described, whoever could have refused it

load helpers
load helpers-net

setup() { policy_setup 10.1.2.3/32 203.0.113.5/32 fd00:77::1/128 2001:db8::5/128; }
teardown() { common_teardown; }

# started_in traps|bpf POLICY: a container that waits for sessions; the one before it is gone.
started_in() {
	[ ! -d "$STATE/$ID" ] || rt delete --force "$ID"
	in_mode "$@"
	args sleep 1000
	start_container
}

# one_refusal 'VERB ARG…' OUTCOME CALL ERROR TEXT: the verb has that outcome, of one word or more; the counter and the log have as
# many more refusals, one of this call, with this errno, and TEXT in its line.
one_refusal() {
	local before n line
	before=$(annotation denied)
	n=$(wc -w <<<"$2")
	exec_probe $1
	is "$2" "$output"
	wait_until eval '[ "$(annotation denied)" = $((before + n)) ]' || is $((before + n)) "$(annotation denied)"
	wait_until has_line "$3" "$4" "$5" || { echo "no line for $1: $3 $4 $5"; tail -3 "$STATE/$ID/denied.jsonl"; return 1; }
}
has_line() {
	tail -n "${n:-3}" "$STATE/$ID/denied.jsonl" | jq -se --arg c "$1" --arg e "$2" --arg t "$3" \
		'any(.call == $c and .error == $e and .comm == "probe" and (.destination + " " + .rule | contains($t)))' >/dev/null
}
kind='a kind of socket that no rule can allow'

@test "sockets that no rule can allow" {
	local mode
	for mode in traps bpf; do
		started_in $mode net-deny=private
		one_refusal 'socket packet raw all' EACCES socket EACCES "packet socket $kind"
		one_refusal 'socket inet raw raw' EACCES socket EACCES "raw IP socket $kind"
		one_refusal 'socket inet stream sctp' EACCES socket EACCES "SCTP socket $kind"
		one_refusal 'socket inet6 stream mptcp' EPROTONOSUPPORT socket EPROTONOSUPPORT "MPTCP socket (IPv6) MPTCP, in place"
		one_refusal 'socket vsock stream' EACCES socket EACCES 'vsock socket'
		one_refusal 'socketpair tipc stream' EACCES socketpair EACCES 'TIPC socket'
		started_in $mode net-allow=203.0.113.5:80
		one_refusal 'socket inet dgram icmp' EACCES socket EACCES 'no icmp:// rule and no allow-icmp'
		one_refusal 'udp 203.0.113.5 53' ECONNREFUSED sendto ECONNREFUSED 'udp://203.0.113.5:53'
	done
	started_in traps net-allow-bind=8080
	one_refusal 'socket inet stream mptcp' EPROTONOSUPPORT socket EPROTONOSUPPORT 'MPTCP socket'
	one_refusal 'socket smc stream' EACCES socket EACCES 'SMC socket'
}

@test "a socket through the i386 table" {
	need probe32
	started_in traps net-allow=203.0.113.5:80
	local before
	before=$(annotation denied)
	run --separate-stderr rt exec "$ID" /bin/probe32 socket inet raw raw
	is EACCES "$output"
	wait_until eval '[ "$(annotation denied)" = $((before + 1)) ]'
	has '"destination":"raw IP socket","socket":"2/3/255"' "$(cat "$STATE/$ID/denied.jsonl")"
}

@test "system calls that no policy has: io_uring, x32 numbers, descriptors shared between processes, keys of the host's helpers" {
	local p
	for p in net-deny=private net-allow=203.0.113.5:80 net-allow-bind=8080; do
		started_in traps "$p"
		one_refusal io_uring ENOSYS io_uring_setup ENOSYS io_uring
		one_refusal uring-calls 'ENOSYS ENOSYS ENOSYS' io_uring_enter ENOSYS io_uring
		has_line io_uring_register ENOSYS io_uring
	done
	started_in traps net-deny=private
	one_refusal 'x32 203.0.113.5 80' ENOSYS x32 ENOSYS 'the x32 table'
	one_refusal clone-files EPERM clone EPERM 'without being a thread'
	one_refusal request-key ENOKEY request_key ENOKEY 'a program of the host'
	one_refusal 'request-key dns_resolver' ENOKEY request_key ENOKEY 'a program of the host'
	[ "$(annotation denied)" = "$(grep -c . "$STATE/$ID/denied.jsonl")" ]
	# Without a text for a helper the kernel only looks for a key that is there.
	exec_probe request-key user quiet
	is ENOKEY "$output"
	is 4 "$(annotation denied)"
}

@test "a socket option that redirects packets or connects by itself" {
	local mode
	for mode in traps bpf; do
		started_in $mode net-deny=private
		one_refusal 'source-route 203.0.113.5 53 10.1.2.3' SET-EPERM setsockopt EPERM redirects
		one_refusal 'routing-header 2001:db8::5 53 fd00:77::1' SET-EPERM setsockopt EPERM redirects
		one_refusal 'flow-label 2001:db8::5 53 fd00:77::1' EPERM setsockopt EPERM redirects
		one_refusal sctp-option EPERM setsockopt EPERM 'connects by itself'
		one_refusal 'sctp-option get' EPERM getsockopt EPERM 'connects by itself'
	done
}

@test "a membership in a group, which the kernel announces to the neighbours: where the group may be sent to" {
	local mode
	for mode in traps bpf; do
		started_in $mode net-allow=203.0.113.5:80
		one_refusal 'join 224.0.0.251' 'EACCES EACCES EACCES EACCES' setsockopt EACCES 'udp://224.0.0.251:0'
		one_refusal 'join ff02::fb' 'EACCES EACCES EACCES' setsockopt EACCES 'udp://[ff02::fb]:0'
		started_in $mode 'net-deny=10.0.0.0/8;ff02::/16'
		exec_probe join 224.0.0.251
		is 'EPROTO OK OK OK' "$output"
		one_refusal 'join ff02::fb' 'EACCES EACCES EACCES' setsockopt EACCES 'ff02::/16'
		started_in $mode 'net-allow=udp://224.0.0.251:5353'
		exec_probe join 224.0.0.251
		is 'EPROTO OK OK OK' "$output"
		one_refusal 'join 224.0.0.252' 'EACCES EACCES EACCES EACCES' setsockopt EACCES 'not listed'
	done
}

@test "a membership through the 32-bit layout of the option" {
	need probe32
	started_in traps 'net-allow=udp://224.0.0.251:5353 udp://[ff02::fb]:5353'
	run --separate-stderr rt exec "$ID" /bin/probe32 each 'join 224.0.0.251' 'join ff02::fb' 'join 224.0.0.252' 'join ff05::1'
	outcome 'join 224.0.0.251' 'EPROTO OK OK OK'
	outcome 'join ff02::fb' 'EPROTO OK OK'
	outcome 'join 224.0.0.252' 'EACCES EACCES EACCES EACCES'
	outcome 'join ff05::1' 'EACCES EACCES EACCES'
}

@test "binds, also those that Landlock would refuse by itself" {
	local p
	for p in net-allow-bind=8080 net-deny-bind=22; do
		started_in traps "$p"
		one_refusal 'bind 127.0.0.1 22' EACCES bind EACCES 'tcp port '
		exec_probe each 'listen 127.0.0.1 8080' 'bind-udp 127.0.0.1 22' unix-self
		outcome 'listen 127.0.0.1 8080' OK
		outcome 'bind-udp 127.0.0.1 22' OK
		outcome unix-self OK
	done
	started_in traps net-allow-bind=8080
	one_refusal 'listen-unbound 127.0.0.1 0' EACCES listen EACCES 'tcp port '
}

@test "what is allowed is not counted: a whole program's start, threads, processes, sockets" {
	started_in bpf 'net-allow=udp://203.0.113.5:53 203.0.113.5:80'
	serve tcp:203.0.113.5:80 udp:203.0.113.5:53
	exec_probe each 'tcp 203.0.113.5 80' 'udp 203.0.113.5 53' unix-self netlink 'beside 203.0.113.5 80 203.0.113.5 80'
	run rt exec "$ID" /bin/sh -c 'ls / | wc -l; ps >/dev/null'
	is 0 "$(annotation denied)"
}
