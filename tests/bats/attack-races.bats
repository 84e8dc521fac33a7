# SPDX-License-Identifier: Apache-2.0
# attack-races.bats - rule 1 of the threat model: what a verdict was based on changes between the verdict and the call

load helpers
load helpers-net

setup() { policy_setup 10.1.2.3/32 203.0.113.5/32; }
teardown() { common_teardown; }

@test "a thread that flips the descriptor and ends, so that its caller looks alone, wins nothing" {
	serve udp:10.1.2.3:53
	host_network
	annotate net-deny=10.0.0.0/8
	trying 'last-rival connect 1500 10.1.2.3 53=0' 'last-rival sendto 3000 10.1.2.3 53=0'
	nothing_reached udp:10.1.2.3:53
}

@test "processes that share memory, or write it from outside, change nothing that was judged" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=10.0.0.0/8
		trying 'flip-by-process memory 10000 203.0.113.5 53 10.1.2.3 53=DONE' \
			'flip-by-process writev 10000 203.0.113.5 53 10.1.2.3 53=DONE'
	done
	nothing_reached udp:10.1.2.3:53
}

@test "a storm of signals neither loses nor doubles a datagram" {
	serve udp:203.0.113.5:53
	local mode
	for mode in traps bpf; do
		in_mode $mode net-deny=10.0.0.0/8
		trying 'signal-storm 1000 203.0.113.5 53=1000'
	done
	reached udp:203.0.113.5:53 2000
}

@test "a storm of signals neither loses nor doubles a byte of a stream" {
	in_mode traps net-deny=10.0.0.0/8
	trying 'stream-storm 16 203.0.113.5 81=OK' 'stream-storm-eintr 16 203.0.113.5 82=OK'
	in_mode bpf net-deny=10.0.0.0/8
	trying 'stream-storm 16 198.51.100.2 81=OK' 'stream-storm-eintr 16 198.51.100.2 82=OK'
}
