# SPDX-License-Identifier: Apache-2.0
# helpers-net.bash - network namespaces that a test makes, listeners in them, and what really arrived
#
# Owns:     the namespace "$ID" that stands for "the host" ($NSENTER runs in it), its peer "$ID-p" at the other end of a
#           veth pair, and the counting servers. Nothing ever leaves these namespaces.

# netns_make: a namespace with lo up; rt, run_container … run in it from here on.
netns_make() {
	need ip nsenter
	ip netns add "$ID"
	cleanup ip netns delete "$ID"
	ip -n "$ID" link set lo up
	NSENTER=(nsenter --net="/run/netns/$ID")
	# ping sockets for everyone, Fast Open for both sides
	in_ns sh -c 'echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range; echo 3 >/proc/sys/net/ipv4/tcp_fastopen'
}

# policy_setup ADDR/LEN…: what most tests of policies begin with.
policy_setup() {
	common_setup
	need sandrun
	netns_make
	netns_addr "$@"
}

in_ns() { "${NSENTER[@]}" "$@"; }
in_peer() { nsenter --net="/run/netns/$ID-p" "$@"; }

# netns_addr ADDR/LEN…: the test's own addresses, on lo.
netns_addr() {
	local a
	for a; do
		case $a in
		*:*) ip -n "$ID" addr add "$a" dev lo nodad ;;
		*) ip -n "$ID" addr add "$a" dev lo ;;
		esac
	done
}

# netns_peer: 10.9.0.1/24 and fd09::1/64 here, .2 and ::2 in the namespace "$ID-p".
netns_peer() {
	ip netns add "$ID-p"
	cleanup ip netns delete "$ID-p"
	ip -n "$ID" link add v0 type veth peer name v1 netns "$ID-p"
	ip -n "$ID-p" link set lo up
	ip -n "$ID" addr add 10.9.0.1/24 dev v0
	ip -n "$ID" addr add fd09::1/64 dev v0 nodad
	ip -n "$ID-p" addr add 10.9.0.2/24 dev v1
	ip -n "$ID-p" addr add fd09::2/64 dev v1 nodad
	ip -n "$ID" link set v0 up
	ip -n "$ID-p" link set v1 up
	# 10.9.0.77 swallows what is sent to it: a neighbour that nobody is
	ip -n "$ID" neigh add 10.9.0.77 lladdr 02:00:00:00:00:77 dev v0
}

# joined_network: the container gets a network of its own as engines make it: a namespace "$ID-c" in which nobody else is (so
# that a wall may stand there, or the cgroup program be used), with a way to all addresses of "$ID".
joined_network() {
	if [ ! -e "/run/netns/$ID-c" ]; then
		ip netns add "$ID-c"
		cleanup ip netns delete "$ID-c"
		ip -n "$ID" link add c0 type veth peer name c1 netns "$ID-c"
		ip -n "$ID-c" link set lo up
		ip -n "$ID" addr add 198.51.100.1/30 dev c0
		ip -n "$ID" addr add 2001:db8:c::1/64 dev c0 nodad
		ip -n "$ID-c" addr add 198.51.100.2/30 dev c1
		ip -n "$ID-c" addr add 2001:db8:c::2/64 dev c1 nodad
		ip -n "$ID" link set c0 up
		ip -n "$ID-c" link set c1 up
		ip -n "$ID-c" route add default via 198.51.100.1
		ip -n "$ID-c" route add default via 2001:db8:c::1
		nsenter --net="/run/netns/$ID-c" sh -c 'echo "0 2147483647" >/proc/sys/net/ipv4/ping_group_range
			echo 3 >/proc/sys/net/ipv4/tcp_fastopen'
	fi
	RT_OUTSIDE=1
	cfg '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/$ID-c"
}

# in_mode traps|bpf|wall POLICY: a container on the host's network and without a cgroup program, where every call is made on behalf; or
# in a network of its own, where that program helps, or a table of nftables refuses packets. REFUSED is then the errno of a send
# that is refused.
in_mode() {
	without
	REFUSED=ECONNREFUSED
	case $1 in
	wall) REFUSED=EPERM ;;
	bpf) without nf-tables ;;
	traps) without nf-tables bpf ;;
	esac
	cfg 'del(.annotations) | .linux.namespaces |= (map(select(.type != "network")) + [{"type": "network"}])'
	RT_OUTSIDE=
	if [ "$1" = traps ]; then host_network; else joined_network; fi
	annotate "$2"
}

# serve WHERE…: counting listeners here; serve_peer: there.
serve() {
	spawn "${NSENTER[@]}" "$PROGRAMS/serve" "$T/counts" "$@"
	wait_until test -e "$T/counts"
}
serve_peer() {
	spawn nsenter --net="/run/netns/$ID-p" "$PROGRAMS/serve" "$T/counts-peer" "$@"
	wait_until test -e "$T/counts-peer"
}

# count WHERE: arrivals at this listener so far.
count() { cat "$T"/counts* 2>/dev/null | awk -v w="$1" '$1 == w { n = $2 } END { print n + 0 }'; }
count_is() { [ "$(count "$1")" = "$2" ]; }

# sniff NETNS ADDR…: counts packets that arrive in that namespace for these addresses; count ADDR@NETNS tells how many.
sniff() {
	local ns=$1
	shift
	spawn nsenter --net="/run/netns/$ns" "$PROGRAMS/sniff" "$T/counts-sniff-$ns" "$ns" "$@"
	wait_until test -e "$T/counts-sniff-$ns"
}

# nothing_sniffed ADDR…: no packet for these has arrived in "$ID" or "$ID-p". The marker as in nothing_reached: from "$ID", so that
# it arrives in "$ID-p".
nothing_sniffed() {
	local a
	for a; do
		is 0 "$(count "$a@$ID")" || { echo "(packets for $a in $ID)"; return 1; }
		is OK "$(in_ns "$PROBE" udp "$a" 9)" || { echo "(marker to $a)"; return 1; }
		wait_until not count_is "$a@$ID-p" 0
		is 1 "$(count "$a@$ID-p")" || { echo "(packets for $a in $ID-p, with the marker)"; return 1; }
		is 0 "$(count "$a@$ID")" || { echo "(packets for $a in $ID)"; return 1; }
	done
}

# nothing_reached WHERE…: no packet ever did. A marker from outside the container is sent now; a socket's queue is in
# order, so when the marker has been counted, all that came before it has been counted, too.
nothing_reached() {
	local w before proto addr port
	for w; do
		before=$(count "$w")
		proto=${w%%:*}
		addr=${w#*:}
		port=${addr##*:}
		addr=${addr%:*}
		addr=${addr#[}
		addr=${addr%]}
		is OK "$(in_ns "$PROBE" "$proto" "$addr" "$port")" || { echo "(marker to $w)"; return 1; }
		wait_until not count_is "$w" "$before"
		is 1 "$(count "$w")" || { echo "(arrivals at $w with the marker)"; return 1; }
	done
}

# reached WHERE N: exactly N arrived.
reached() {
	wait_until count_is "$1" "$2" || { is "$2" "$(count "$1")"; return 1; }
}

# try 'VERB ARG…' …: in a container with this config.json; $output has a line "VERB ARG…: WORD" for each.
try() {
	args /bin/probe each "$@"
	run --separate-stderr rt run --bundle "$B" "$ID"
	[ "$status" = 0 ] || { echo "status $status: $stderr"; return 1; }
}

# outcome 'VERB ARG…' WORD: what try saw.
outcome() {
	grep -qxF -- "$1: $2" <<<"$output" || { printf 'expected  %s: %s\nhave:\n%s\n' "$1" "$2" "$output"; return 1; }
}

# trying 'VERB ARG…=WORD' …: try them all and compare.
trying() {
	local t calls=()
	for t; do calls+=("${t%=*}"); done
	try "${calls[@]}"
	for t; do outcome "${t%=*}" "${t##*=}"; done
}

# The supervisor's pid and count of refusals, from `state`.
annotation() { rt state "${2:-$ID}" | jq -r --arg k "io.sandlock.$1" '.annotations[$k] // ""'; }
supervisor_pid() { annotation supervisor-pid "$@"; }
