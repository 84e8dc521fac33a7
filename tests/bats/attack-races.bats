# SPDX-License-Identifier: Apache-2.0
# attack-races.bats - rule 1 of the threat model: what a verdict was based on changes between the verdict and the call

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	netns_make
	netns_addr 10.1.2.3/32 203.0.113.5/32
}
teardown() { common_teardown; }

# in_mode traps|bpf: on the host's network everything is on behalf; in a network of its own the cgroup program helps.
in_mode() {
	if [ "$1" = traps ]; then host_network; else joined_network; fi
}

@test "a thread that flips the descriptor and ends, so that its caller looks alone, wins nothing" {
	serve udp:10.1.2.3:53
	host_network
	annotate net-deny=10.0.0.0/8
	trying 'last-rival connect 1500 10.1.2.3 53=0' 'last-rival sendto 3000 10.1.2.3 53=0'
	nothing_reached udp:10.1.2.3:53
}
