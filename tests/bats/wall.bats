# SPDX-License-Identifier: Apache-2.0
# wall.bats - the table of nftables that refuses a container's packets: alone, against programs in its network namespace that no filter
# holds. What counts is what arrives on the far side, not an errno.

load helpers
load helpers-net

denied=(10.66.66.66 fd66::66)

# The denied hosts live in "$ID-p", behind "$ID"; the container is in "$ID-c".
setup() {
	common_setup
	need sandrun ipv6 nft
	netns_make
	netns_peer
	ip -n "$ID-p" addr add 10.66.66.66/32 dev lo
	ip -n "$ID-p" addr add fd66::66/128 dev lo nodad
	ip -n "$ID" route add 10.66.66.66/32 via 10.9.0.2
	ip -n "$ID" route add fd66::66/128 via fd09::2
	netns_addr 203.0.113.5/32 2001:db8::5/128
	joined_network
	in_ns sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/c0/rp_filter; echo 0 >/proc/sys/net/ipv4/conf/v0/rp_filter'
	ip -n "$ID-p" route add default via 10.9.0.1
	ip -n "$ID-p" route add default via fd09::1
	wait_until eval '[ "$(in_ns "$PROBE" tcp fd09::2 9) $(in_ns "$PROBE" tcp 10.9.0.2 9)" = "ECONNREFUSED ECONNREFUSED" ]'
	wait_until eval '[ "$(in_c "$PROBE" tcp fd66::66 9) $(in_c "$PROBE" tcp 10.66.66.66 9)" = "ECONNREFUSED ECONNREFUSED" ]'
	sniff "$ID-p" "${denied[@]}" 10.9.0.2
	sniff "$ID" "${denied[@]}"
}
teardown() { common_teardown; }

in_c() { nsenter --net="/run/netns/$ID-c" "$@"; }

# walled POLICY: a container that sleeps in "$ID-c", so that its wall stands there.
walled() {
	cfg 'del(.annotations)'
	annotate "$@"
	args sleep 1000
	start_container
	has ,nft "$(annotation enforcement)"
}
unwalled() {
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
}

# What arrived at the far side by now: what is sent after it is counted after it.
arrived() {
	local before
	before=$(count "10.9.0.2@$ID-p")
	is OK "$(in_ns "$PROBE" udp 10.9.0.2 9)"
	wait_until not count_is "10.9.0.2@$ID-p" "$before"
	count "$1@$ID-p"
}

policies=('net-deny=10.66.66.66 fd66::66' 'net-allow=203.0.113.5:7000 [2001:db8::5]:7000' 'net-deny=10.0.0.0/8; fd66::/16; :25')

@test "without a wall forged packets do arrive" {
	local kind before4 before6
	for kind in tcp-syn tcp-ack udp icmp-echo sctp gre ipip unknown; do
		before4=$(arrived 10.66.66.66)
		before6=$(arrived fd66::66)
		forge_all "$kind"
		[ "$(arrived 10.66.66.66)" -ge $((before4 + 5)) ] || { echo "($kind, IPv4)"; return 1; }
		[ "$(arrived fd66::66)" -ge $((before6 + 5)) ] || { echo "($kind, IPv6)"; return 1; }
	done
}

# Each of some 600 packets: every kind, from an own address, another, loopback and nobody's, bare, with options, a route, as a fragment.
# A segment that opens no connection, with an own source and header, is taken for an answer: the filter refuses such sockets.
@test "no forged packet reaches a denied host, but TCP segments that open no connection" {
	local policy kind a
	for policy in "${policies[@]}"; do
		walled "$policy"
		for kind in $(forged_kinds); do
			for a in "${denied[@]}"; do arrived "$a" >"$T/before-$a"; done
			forge_all "$kind"
			case $kind in tcp-syn-ack | tcp-ack | tcp-rst | tcp-fin | tcp-none) continue ;; esac
			for a in "${denied[@]}"; do
				is "$(cat "$T/before-$a")" "$(arrived "$a")" || { echo "($policy: $kind to $a)"; return 1; }
			done
		done
		unwalled
	done
}
forge_all() {
	in_c "$PROGRAMS/forge" 198.51.100.2 192.0.2.9 10.66.66.66 "$1" >/dev/null
	in_c "$PROGRAMS/forge" 2001:db8:c::2 2001:db8:bad::9 fd66::66 "$1" >/dev/null
}
forged_kinds() { "$PROGRAMS/forge" kinds; }

@test "the kernel of the namespace answers nobody who is denied: forged sources, by every way, from inside" {
	local policy way kind
	for policy in "${policies[@]:0:2}"; do
		walled "$policy"
		for way in freebind freebind6 transparent transparent6 none; do
			for kind in udp ping tcp listen; do
				in_c "$PROBE" reflect $kind fd66::66 2001:db8:c::2 7777 $way
				in_c "$PROBE" reflect $kind fd66::66 ff02::1%lo 7777 $way
				in_c "$PROBE" reflect $kind fd66::66 2001:db8::5 7777 $way
				case $way in *6) ;; *) in_c "$PROBE" reflect $kind 10.66.66.66 198.51.100.2 7777 $way ;; esac
			done
			in_c "$PROBE" reflect-pktinfo fd66::66 2001:db8:c::2 7777 $way
			in_c "$PROBE" reflect-pktinfo 10.66.66.66 198.51.100.2 7777 $way
		done
		in_c sh -c 'echo 1 >/proc/sys/net/ipv4/ip_nonlocal_bind; echo 1 >/proc/sys/net/ipv6/ip_nonlocal_bind'
		in_c "$PROBE" reflect udp 10.66.66.66 198.51.100.2 7777 none
		in_c "$PROBE" reflect udp fd66::66 2001:db8:c::2 7777 none
		unwalled
	done
	nothing_sniffed "${denied[@]}"
}

@test "the control: without a wall answers of the kernel do reach it" {
	in_c "$PROBE" reflect udp fd66::66 2001:db8:c::2 7777 freebind6
	in_c "$PROBE" reflect listen fd66::66 2001:db8:c::2 7778 freebind6
	wait_until eval '[ "$(count "fd66::66@$ID-p")" -ge 2 ]'
}

@test "answers to those who come from a denied host are no egress: TCP, UDP, ping, closed ports" {
	local policy from
	for policy in "${policies[@]:0:2}"; do
		walled "$policy"
		rm -f "$T/counts"
		spawn nsenter --net="/run/netns/$ID-c" "$PROGRAMS/serve" "$T/counts" tcp:198.51.100.2:7000 udp:198.51.100.2:7000 tcp:[2001:db8:c::2]:7000 udp:[2001:db8:c::2]:7000
		wait_until test -e "$T/counts"
		in_peer ip route replace 198.51.100.0/24 via 10.9.0.1 src 10.66.66.66
		in_peer ip -6 route replace 2001:db8:c::/64 via fd09::1 src fd66::66
		is OK "$(in_peer "$PROBE" tcp-echo 198.51.100.2 7000)"
		is OK "$(in_peer "$PROBE" tcp-echo 2001:db8:c::2 7000)"
		is OK "$(in_peer "$PROBE" udp-echo 198.51.100.2 7000)"
		is OK "$(in_peer "$PROBE" udp-echo 2001:db8:c::2 7000)"
		is ECONNREFUSED "$(in_peer "$PROBE" tcp 198.51.100.2 7001)"
		is ECONNREFUSED "$(in_peer "$PROBE" tcp 2001:db8:c::2 7001)"
		kill "${SPAWNED[-1]}"
		unwalled
	done
}

@test "the network goes on working: neighbours, duplicate addresses, groups" {
	walled 'net-deny=fe80::/10 ff00::/8 10.0.0.0/8'
	# A new address is tried, found to be free, and used; one that somebody has is not.
	ip -n "$ID-c" addr add 2001:db8:c::3/64 dev c1
	wait_until eval 'ip -n "$ID-c" addr show dev c1 | grep 2001:db8:c::3 | grep -qv tentative'
	ip -n "$ID" addr add 2001:db8:c::77/64 dev c0 nodad
	ip -n "$ID-c" addr add 2001:db8:c::77/64 dev c1
	wait_until eval 'ip -n "$ID-c" addr show dev c1 | grep 2001:db8:c::77/ | grep -q dadfailed'
	ip -n "$ID-c" neigh flush dev c1
	serve tcp:[2001:db8::5]:80
	is OK "$(in_c "$PROBE" tcp 2001:db8::5 80)"
	in_c nft list chain inet "$(in_c nft list tables | sed -n 's/table inet //p')" strange | grep -q 'packets 0'
}

@test "two containers of one namespace have a table each, and it goes with its container" {
	walled net-deny=10.66.66.66
	is 1 "$(in_c nft list tables | grep -c sandrun)"
	unwalled
	is 0 "$(in_c nft list tables | grep -c sandrun)"
}

@test "10,000 prefixes, and what touches is one" {
	local i rules=
	rules=$(for ((i = 0; i < 10000; i++)); do echo "11.$((i / 256)).$((i % 256)).0/25"; done)
	elapsed_ms walled "net-deny=10.66.66.66 $rules"
	is EPERM "$(in_c "$PROBE" udp 11.39.15.1 53)"
	is OK "$(in_c "$PROBE" udp 203.0.113.5 53)"
	unwalled
	rules=$(for ((i = 0; i < 10000; i++)); do echo "11.$((i / 256)).$((i % 256)).0/24"; done)
	walled "net-deny=10.66.66.66 $rules"
	is EPERM "$(in_c "$PROBE" udp 11.39.15.200 53)"
}

@test "what it refuses by itself is counted exactly, and told with whose socket it was and no name; a new supervisor goes on" {
	annotate net-deny=10.0.0.0/8
	cfg '.process.user = {"uid": 1000, "gid": 1000}'
	args sleep 1000
	start_container
	exec_probe each 'udp 10.66.66.66 53' 'sendmsg 10.66.66.66 54' 'tcp 10.66.66.66 80' 'fastopen 10.66.66.66 81' 'icmp 10.66.66.66'
	is 5 "$(annotation denied)"
	wait_until eval '[ "$(wc -l <"$STATE/$ID/denied.jsonl")" = 5 ]'
	is '["udp://10.66.66.66:53","udp://10.66.66.66:54","tcp://10.66.66.66:81","icmp://10.66.66.66"]' "$(jq -sc 'map(select(.layer == "nft" and
		.pid == 0 and .comm == "" and .uid == 1000 and .call == "packet" and (.rule | startswith("10.0.0.0/8")))) | map(.destination)' \
		"$STATE/$ID/denied.jsonl")"
	is '["tcp://10.66.66.66:80"]' "$(jq -sc 'map(select(.layer == "notify" and .pid > 0 and .comm == "probe" and .call == "connect")) |
		map(.destination)' "$STATE/$ID/denied.jsonl")"
	kill -KILL "$(supervisor_pid)"
	run --separate-stderr rt exec "$ID" probe udp-flood 10.66.66.66 53 20000
	is 20000 "$output"
	is 20005 "$(annotation denied)"
	is 1 "$(annotation supervisor-restarts)"
	[ "$(wc -l <"$STATE/$ID/denied.jsonl")" -lt 200 ]
	nothing_sniffed 10.66.66.66
}
