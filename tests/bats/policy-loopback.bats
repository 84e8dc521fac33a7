# SPDX-License-Identifier: Apache-2.0
# policy-loopback.bats - a container's own loopback is no egress; and what 0.0.0.0 and :: are
#
# In a network namespace that nobody else is in ("$ID-c"), where a server is put once the container is there.

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32 127.0.0.11/32
	serve tcp:10.1.2.3:80 udp:10.1.2.3:53 tcp:203.0.113.5:80
	args sleep 1000
}
teardown() { common_teardown; }

# own POLICY…: started, with servers on its loopback.
own() {
	[ ! -d "$STATE/$ID" ] || rt delete --force "$ID"
	[ -z "${OWN:-}" ] || { kill "$OWN"; wait "$OWN" 2>/dev/null || true; }
	joined_network
	cfg 'del(.annotations)'
	annotate "$@"
	start_container
	rm -f "$T/counts-own"
	spawn nsenter --net="/run/netns/$ID-c" "$PROGRAMS/serve" "$T/counts-own" tcp:127.0.0.1:80 tcp:127.9.9.9:25 udp:127.0.0.1:53 tcp:[::1]:80 \
		tcp:127.0.0.11:80
	OWN=$!
	wait_until test -e "$T/counts-own"
}
# sees 'VERB ARG…=WORD' …: of a session; WORD "no" is any refusal.
sees() {
	local t calls=() have
	for t; do calls+=("${t%=*}"); done
	exec_probe each "${calls[@]}"
	for t; do
		have=$(sed -n "s/^${t%=*}: //p" <<<"$output")
		case ${t##*=} in
		no) [[ $have == ECONNREFUSED || $have == EPERM ]] ;;
		*) [ "$have" = "${t##*=}" ] ;;
		esac || { echo "$t: $have"; return 1; }
	done
}

@test "own loopback needs no rule, with either list, and neither private nor :25 covers it" {
	own net-allow=
	sees 'tcp-echo 127.0.0.1 80=OK' 'udp-echo 127.0.0.1 53=OK' 'tcp-echo ::1 80=OK' 'tcp 0.0.0.0 80=OK' 'tcp :: 80=OK' \
		'tcp 10.1.2.3 80=no' 'tcp 203.0.113.5 80=no' 'udp 10.1.2.3 53=no'
	own 'net-deny=private *:25'
	sees 'tcp-echo 127.0.0.1 80=OK' 'udp-echo 127.0.0.1 53=OK' 'tcp-echo 127.9.9.9 25=OK' 'tcp-echo ::1 80=OK' 'tcp 10.1.2.3 80=no' \
		'tcp-echo 203.0.113.5 80=OK'
	own net-allow=203.0.113.5:80
	sees 'tcp-echo 127.0.0.1 80=OK' 'tcp-echo 203.0.113.5 80=OK' 'tcp 10.1.2.3 80=no'
	nothing_reached tcp:10.1.2.3:80 udp:10.1.2.3:53
}

@test "who means it says so: loopback, or an address, in net-deny" {
	own net-deny=loopback
	sees 'tcp 127.0.0.1 80=no' 'tcp 127.9.9.9 25=no' 'tcp ::1 80=no' 'tcp 0.0.0.0 80=no' 'tcp-echo 203.0.113.5 80=OK'
	own 'net-deny=127.0.0.1:80'
	sees 'tcp 127.0.0.1 80=no' 'tcp 0.0.0.0 80=no' 'udp-echo 127.0.0.1 53=OK' 'tcp-echo 127.9.9.9 25=OK' 'tcp-echo ::1 80=OK'
	own 'net-allow=203.0.113.5' net-deny=loopback
	sees 'tcp 127.0.0.1 80=no' 'tcp-echo 203.0.113.5 80=OK'
}

@test "a name server at a loopback address of its own is a way out, and no loopback" {
	mkdir -p "$B/rootfs/etc"
	echo 'nameserver 127.0.0.11' >"$B/rootfs/etc/resolv.conf"
	own net-allow=
	sees 'tcp 127.0.0.11 80=no' 'tcp-echo 127.0.0.1 80=OK'
	own net-deny=private
	sees 'tcp 127.0.0.11 80=no' 'tcp-echo 127.0.0.1 80=OK'
}

@test "0.0.0.0 is denied by what holds it, however it is sent to" {
	own net-deny=0.0.0.0/8
	sees 'tcp 0.0.0.0 80=no' 'udp 0.0.0.0 53=no' 'sendmsg 0.0.0.0 53=no' 'tcp ::ffff:0.0.0.0 80=no' 'tcp-echo 127.0.0.1 80=OK' \
		'udp-echo 127.0.0.1 53=OK'
	own net-deny=::/127
	sees 'tcp :: 80=no' 'tcp ::1 80=no' 'tcp-echo 127.0.0.1 80=OK'
}

@test "on the host's network, and where others are in it already, loopback is judged like any address" {
	local how
	serve tcp:127.0.0.1:81
	for how in host inhabited; do
		cfg 'del(.annotations) | .linux.namespaces |= (map(select(.type != "network")) + [{"type": "network"}])'
		RT_OUTSIDE=
		host_network
		if [ $how = inhabited ]; then
			joined_network
			spawn nsenter --net="/run/netns/$ID-c" sleep 1000
			wait_until eval '[ "$(readlink /proc/'$!'/ns/net)" = "net:[$(stat -Lc %i /run/netns/'$ID-c')]" ]'
		fi
		annotate net-deny=private errno=EACCES
		start_container
		exec_probe each 'tcp 127.0.0.1 81' 'tcp ::1 81'
		outcome 'tcp 127.0.0.1 81' EACCES
		outcome 'tcp ::1 81' EACCES
		rt delete --force "$ID"
	done
	nothing_reached tcp:127.0.0.1:81
}
