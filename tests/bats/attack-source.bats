# SPDX-License-Identifier: Apache-2.0
# attack-source.bats - a source is a destination, too: whoever answers a packet sends the answer there. And packets that a program
# puts together itself. What counts is what arrives on the far side, not an errno.

load helpers
load helpers-net

denied=(10.66.66.66 fd66::66)

setup() {
	common_setup
	need sandrun ipv6
	netns_make
	netns_peer
	ip -n "$ID-p" addr add 10.66.66.66/32 dev lo
	ip -n "$ID-p" addr add fd66::66/128 dev lo nodad
	ip -n "$ID" route add 10.66.66.66/32 via 10.9.0.2
	ip -n "$ID" route add fd66::66/128 via fd09::2
	netns_addr 203.0.113.5/32 2001:db8::5/128
	# The neighbours know each other; what is sent before is lost.
	wait_until eval '[ "$(in_ns "$PROBE" tcp fd09::2 9) $(in_ns "$PROBE" tcp 10.9.0.2 9)" = "ECONNREFUSED ECONNREFUSED" ]'
	sniff "$ID-p" "${denied[@]}"
	sniff "$ID" "${denied[@]}"
	cfg '.process.capabilities |= map_values(. + ["CAP_NET_RAW"])'
}
teardown() { common_teardown; }

deny='net-deny=10.66.66.66 fd66::66'

# own MODE: addresses that the container has in it, of both families.
own() {
	case $1 in
	traps) echo 203.0.113.5 2001:db8::5 ;;
	*) echo 198.51.100.2 2001:db8:c::2 ;;
	esac
}

# The sniffer sees what a container without a policy can do; else these tests would show nothing.
@test "without a policy the answers do reach the host whose address was taken" {
	cfg '.linux.namespaces |= map(select(.type != "network"))'
	try 'reflect udp fd66::66 2001:db8::5 7777' 'reflect listen fd66::66 2001:db8::5 7778' 'raw-header 255 fd09::2 fd66::66 2001:db8::5' \
		'reflect udp 10.66.66.66 203.0.113.5 7777 transparent'
	# an ICMP error, a SYN-ACK, two whole packets; an ICMP error
	wait_until eval '[ "$(count "fd66::66@$ID-p")" -ge 4 ] && [ "$(count "10.66.66.66@$ID-p")" -ge 1 ]'
}

@test "no answer of the container's own kernel goes to a denied host" {
	local mode own kind way
	for mode in traps bpf wall; do
		in_mode $mode "$deny"
		own=($(own $mode))
		for way in freebind freebind6 transparent transparent6; do
			for kind in udp ping tcp listen; do
				try "reflect $kind fd66::66 ${own[1]} 7777 $way" "reflect $kind fd66::66 ff02::1%lo 7777 $way"
				case $way in *6) ;; *) try "reflect $kind 10.66.66.66 ${own[0]} 7777 $way" ;; esac
			done
			try "reflect-pktinfo fd66::66 ${own[1]} 7777 $way" "reflect-pktinfo 10.66.66.66 ${own[0]} 7777 $way"
		done
	done
	nothing_sniffed "${denied[@]}"
}

@test "nor of an allowed host" {
	local mode way
	for mode in traps bpf wall; do
		in_mode $mode "$deny"
		for way in none freebind6 transparent6; do
			try "reflect udp fd66::66 fd09::2 7777 $way" "reflect ping fd66::66 fd09::2 0 $way" "reflect tcp fd66::66 fd09::2 7777 $way" \
				"reflect-pktinfo fd66::66 fd09::2 7777 $way"
		done
	done
	nothing_sniffed "${denied[@]}"
}

@test "a raw socket cannot be told by any level that its packets come whole" {
	local mode own level
	for mode in traps bpf wall; do
		in_mode $mode 'net-allow=icmp://*'
		cfg '.annotations["io.sandlock.allow-icmp"] = "true"'
		own=($(own $mode))
		for level in 41 255 58; do try "raw-header $level ${own[1]} fd66::66 ${own[1]}"; done
	done
	nothing_sniffed fd66::66
}

@test "no option of any level gives a socket a header, a source or a mark of its own" {
	local mode
	for mode in traps bpf wall; do
		in_mode $mode 'net-allow=udp://* icmp://* tcp://*'
		cfg '.annotations["io.sandlock.allow-icmp"] = "true"'
		trying 'every-level=8 kinds' 'every-level old=8 kinds'
		[ ! -x "$PROGRAMS/probe32" ] || {
			run_container /bin/probe32 every-level old
			is "6 kinds" "$output" # no raw ones through socketcall
		}
	done
}

@test "a raw socket that names no address sends its own bytes, and nobody else's" {
	in_mode traps 'net-allow=icmp://127.0.0.1'
	cfg '.annotations["io.sandlock.allow-icmp"] = "true"'
	trying raw-leak=MINE
}
