# SPDX-License-Identifier: Apache-2.0
# names.bats - names in a policy mean what the container's name servers say at the moment
#
# The name server and all names are the test's own: 203.0.113.53 in the namespace that stands for the world.

load helpers
load helpers-net

setup() {
	policy_setup 203.0.113.53/32 203.0.113.10/32 203.0.113.11/32 203.0.113.12/32 10.1.2.3/32 169.254.169.254/32
	joined_network
	printf 'nameserver 203.0.113.53\nsearch corp.test\noptions ndots:1\n' >"$T/resolv.conf"
	printf 'nameserver 203.0.113.10\n' >"$B/rootfs/etc/resolv.conf" # the image's
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/etc/resolv.conf", "options": ["rbind", "rprivate"]}]' --arg s "$T/resolv.conf"
	world 'api.test A 203.0.113.10 1' 'other.test A 203.0.113.11 60' 'a.wild.test A 203.0.113.11 60' 'a.b.wild.test A 203.0.113.12 60' \
		'in.wild.test A 10.1.2.3 60' 'meta.test A 169.254.169.254 60' 'inside.test A 10.1.2.3 60' 'c.test CNAME x.test 60' 'x.test A 203.0.113.12 60'
	spawn "${NSENTER[@]}" "$PROGRAMS/nameserver" 203.0.113.53 "$T/world" "$T/asked"
	wait_until test -e "$T/asked"
	serve tcp:203.0.113.10:443 tcp:203.0.113.11:443 tcp:203.0.113.12:443 tcp:10.1.2.3:443 tcp:169.254.169.254:443 udp:203.0.113.53:5353
}
teardown() { common_teardown; }

world() { printf '%s\n' "$@" >"$T/world.new" && mv "$T/world.new" "$T/world"; }
started() {
	cfg 'del(.annotations)'
	annotate "$@"
	args sleep 1000
	start_container
}
# lookup NAME: its addresses as the container sees them, or nothing.
lookup() { rt exec "$ID" /bin/busybox nslookup "$1" 2>/dev/null </dev/null | awk '/^Address/ && !/:53$/ { print $NF }' | tail -n +1 | grep -v 127.0.53.53; }
reach() { exec_probe tcp "$1" "${2:-443}"; is "$3" "$output"; }

@test "a name is looked up by the container, and only its addresses of the moment are let in" {
	started 'net-allow=api.test:443'
	# not before it has been asked for, and no address that no name has
	reach 203.0.113.10 443 ECONNREFUSED
	is 203.0.113.10 "$(lookup api.test)"
	reach 203.0.113.10 443 OK
	reach 203.0.113.11 443 ECONNREFUSED
	exec_probe tcp 203.0.113.10 80
	is ECONNREFUSED "$output"
	reached tcp:203.0.113.10:443 1
	nothing_reached tcp:203.0.113.11:443
	is "nameserver 127.0.53.53" "$(rt exec "$ID" cat /etc/resolv.conf </dev/null | grep nameserver)"
	has "search corp.test" "$(rt exec "$ID" cat /etc/resolv.conf </dev/null)"
}

@test "a name that moves is followed; the record tells by which name an address is known" {
	started 'net-allow=api.test:443'
	is 203.0.113.10 "$(lookup api.test)"
	world 'api.test A 203.0.113.12 1'
	moved() { [ "$(lookup api.test)" = 203.0.113.12 ]; }
	wait_until moved
	reach 203.0.113.12 443 OK
	exec_probe tcp 203.0.113.12 22
	is ECONNREFUSED "$output"
	wait_until file_has "$STATE/$ID/denied.jsonl" '"destination":"tcp://203.0.113.12:22","name":"api.test"'
}

@test "a question that no rule covers does not leave, and is told" {
	started 'net-allow=api.test:443'
	is "" "$(lookup secret.evil.test)"
	is "" "$(lookup other.test)"
	is 203.0.113.10 "$(lookup api.test)"
	is "" "$(grep -iE 'secret|other|corp' "$T/asked")"
	wait_until file_has "$STATE/$ID/denied.jsonl" '"call":"dns".*"name":"secret.evil.test"'
	# the real server is out of reach: it would carry the data
	exec_probe udp 203.0.113.53 53
	is EPERM "$output"
	exec_probe udp-connect 203.0.113.53 53
	is ECONNREFUSED "$output"
}

@test "wildcards: one label or any depth, public addresses only; an exact name may be inside, but never the metadata address" {
	started 'net-allow=*.wild.test:443 inside.test:443 ?meta.test:443'
	is 203.0.113.11 "$(lookup a.wild.test)"
	reach 203.0.113.11 443 OK
	is "" "$(lookup a.b.wild.test)"
	is "" "$(lookup wild.test)"
	is 10.1.2.3 "$(lookup in.wild.test)"
	reach 10.1.2.3 443 ECONNREFUSED
	is 10.1.2.3 "$(lookup inside.test)"
	reach 10.1.2.3 443 OK
	is 169.254.169.254 "$(lookup meta.test)"
	reach 169.254.169.254 443 ECONNREFUSED
	nothing_reached tcp:169.254.169.254:443
	rt delete --force "$ID"
	started 'net-allow=**.wild.test:443'
	is 203.0.113.12 "$(lookup a.b.wild.test)"
	reach 203.0.113.12 443 OK
}

@test "aliases are followed, an exception and a deny list hold for names, too" {
	started 'net-allow=c.test:443 api.test:443 !203.0.113.12'
	is 203.0.113.12 "$(lookup c.test | tail -n 1)"
	reach 203.0.113.12 443 ECONNREFUSED
	rt delete --force "$ID"
	started 'net-allow=c.test:443' 'net-deny=203.0.113.0/24:443'
	is 203.0.113.12 "$(lookup c.test | tail -n 1)"
	reach 203.0.113.12 443 ECONNREFUSED
	rt delete --force "$ID"
	started 'net-allow=c.test:443'
	is 203.0.113.12 "$(lookup c.test | tail -n 1)"
	reach 203.0.113.12 443 OK
}

@test "name service and supervisor are killed: names go on, what was learned stays, nothing is open meanwhile" {
	local pid
	started 'net-allow=api.test:443'
	is 203.0.113.10 "$(lookup api.test)"
	served() { [ "$(lookup api.test)" = 203.0.113.10 ]; }
	for pid in $(service_pids); do kill -KILL "$pid"; done
	reach 203.0.113.10 443 OK
	wait_until served
	kill -KILL "$(supervisor_pid)"
	wait_until served
	reach 203.0.113.10 443 OK
	reach 203.0.113.11 443 ECONNREFUSED
}
# The processes that serve names, by their comm, of this test's session.
service_pids() {
	local p
	for p in /proc/[0-9]*; do
		[ "$(cat "$p/comm" 2>/dev/null)" = sandrun-names ] && tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qx "SANDRUN_TEST=$ID" && echo "${p#/proc/}"
	done
	return 0
}

@test "where there can be no name service a wildcard is one clear line" {
	host_network
	annotate 'net-allow=*.wild.test:443'
	run_container /bin/true
	one_clear_line '"*.wild.test:443"' "name service" "no network of its own"
	cfg 'del(.annotations)'
	joined_network
	annotate 'net-allow=*.wild.test:443' dns=open
	run_container /bin/true
	one_clear_line "io.sandlock.dns is open"
}

# Who answers says where an allowed name leads.
@test "an image's resolv.conf, and a server on the container's own loopback, are not asked for the addresses of a name" {
	printf 'nameserver 127.0.0.1\n' >"$T/resolv.conf"
	annotate 'net-allow=*.wild.test:443'
	run_container /bin/true
	one_clear_line "name service" "own loopback"
	cfg 'del(.mounts[-1])'
	printf 'nameserver 203.0.113.53\n' >"$B/rootfs/etc/resolv.conf"
	run_container /bin/true
	one_clear_line "name service" "an image's is not believed"
	cfg 'del(.annotations)'
	annotate 'net-allow=?api.test:443'
	try 'tcp 203.0.113.10 443'
	outcome 'tcp 203.0.113.10 443' ECONNREFUSED
	is "" "$(cat "$T/asked")"
}

# --- the wall ---------------------------------------------------------------------------------------------------------------

in_c() { nsenter --net="/run/netns/$ID-c" "$@"; }
table() { in_c nft list tables | sed -n 's/table inet //p'; }
# The local ports of the name service's sockets with which it asks, of "udp" or "tcp".
asking_ports() { in_c nft -j list set inet "$(table)" asking4 | jq -r --arg p "$1" '[.nftables[] | .set.elem? // [] | .[] | .concat | select(.[1] == $p) | .[2]] | unique | .[]'; }
# lease ADDRESS: how many seconds it is let in for yet; nothing if it is not.
lease() { in_c nft -j list set inet "$(table)" names4_0 | jq -r --arg a "$1" '.nftables[] | .set.elem? // [] | .[] | .elem | select(.val == $a) | .expires'; }

@test "names have a wall: sends are the kernel's own, and packets go to what a name has now, whoever makes them" {
	need nft
	started 'net-allow=api.test:443 udp://api.test:5353 *.wild.test:80,8000-8010'
	has ,nft "$(annotation enforcement)"
	is EPERM "$(in_c "$PROBE" udp 203.0.113.10 5353)"
	is ECONNREFUSED "$(in_c "$PROBE" tcp 203.0.113.10 443)"
	is 203.0.113.10 "$(lookup api.test)"
	[ "$(lease 203.0.113.10)" -ge 55 ]
	is OK "$(in_c "$PROBE" udp 203.0.113.10 5353)"
	is EPERM "$(in_c "$PROBE" udp 203.0.113.10 443)"
	is OK "$(in_c "$PROBE" tcp 203.0.113.10 443)"
	is ECONNREFUSED "$(in_c "$PROBE" tcp 203.0.113.10 444)"
	is EPERM "$(in_c "$PROBE" udp 203.0.113.11 5353)"
	is 203.0.113.11 "$(lookup a.wild.test)"
	is ECONNREFUSED "$(in_c "$PROBE" tcp 203.0.113.11 443)"
	nothing_reached tcp:203.0.113.11:443
}

@test "nobody but the name service asks its servers, also as root with every socket that there is; nor answers in their place" {
	need nft
	sniff "$ID" 203.0.113.53 203.0.113.10
	started 'net-allow=api.test:443'
	is 203.0.113.10 "$(lookup api.test)"
	local before ports
	# what comes behind all that the lookup has sent
	is OK "$(in_ns "$PROBE" udp 203.0.113.10 5353)"
	wait_until not count_is "203.0.113.10@$ID" 0
	before=$(count "203.0.113.53@$ID")
	[ "$before" -gt 0 ]
	ports=$(asking_ports udp && asking_ports tcp)
	is 20 "$(wc -w <<<"$ports")"
	# of TCP where a port is UDP's, and of UDP where it is TCP's
	[ "$(in_c "$PROBE" impersonate 203.0.113.53 53 $ports)" -gt 0 ]
	run --separate-stderr rt exec "$ID" probe impersonate 203.0.113.53 53 $ports
	[ "$status" = 0 ]
	for p in $(asking_ports udp); do is EPERM "$(in_c "$PROBE" udp 127.0.0.1 "$p")"; done
	# the marker and its echo come last
	is OK "$(in_ns "$PROBE" udp 203.0.113.53 5353)"
	wait_until eval '[ "$(count "203.0.113.53@$ID")" -ge $((before + 2)) ]'
	is $((before + 2)) "$(count "203.0.113.53@$ID")"
	is 203.0.113.10 "$(lookup api.test)"
}

@test "long answers come by TCP, again and again" {
	local i lines=()
	for ((i = 1; i <= 100; i++)); do lines+=("big.test A 203.0.113.$((i + 9)) 1"); done
	world "${lines[@]}"
	started 'net-allow=big.test:443'
	for i in 1 2 3; do
		: >"$T/asked"
		lookup big.test >/dev/null || :
		has_all() { [ "$(in_c nft -j list set inet "$(table)" names4_0 | jq '[.nftables[] | .set.elem? // [] | .[]] | length')" = 100 ]; }
		wait_until has_all
		# by UDP, and then by TCP
		[ "$(grep -ci '^big.test 1$' "$T/asked")" -ge 2 ]
		reach 203.0.113.12 443 OK
		sleep 1.1 # its TTL is over
	done
}

@test "a tunnel by labels gets nothing out, and a flood of questions slows nobody else and fills nothing" {
	local before after kb pid
	started 'net-allow=*.wild.test:443'
	: >"$T/asked"
	run --separate-stderr rt exec "$ID" probe ask-many 127.0.53.53 secret.evil.test 20000 4
	[ "$status" = 0 ] && [ "$output" -gt 15000 ]
	is "" "$(grep -vi wild "$T/asked")"
	run --separate-stderr rt exec "$ID" probe ask-many 127.0.53.53 wild.test 30000 6
	[ "$status" = 0 ] && [ "$output" -gt 20000 ]
	is 203.0.113.11 "$(lookup a.wild.test)"
	# the upstream sees what the bound of a container lets through: 1000 a second, four tries each at most
	[ "$(wc -l <"$T/asked")" -lt 40000 ]
	is "" "$(grep -vi wild "$T/asked")"
	for pid in $(service_pids); do
		kb=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status")
		[ "$kb" -lt 8192 ] || { echo "the name service has $kb kB"; return 1; }
	done
	[ "$(wc -l <"$STATE/$ID/denied.jsonl")" -lt 1000 ]
}

@test "what a name had before ends after its grace, with or without a supervisor; what it has now stays" {
	local left watcher
	need nft
	started 'net-allow=api.test:443'
	is 203.0.113.10 "$(lookup api.test)"
	world 'api.test A 203.0.113.12 1'
	moved() { [ "$(lookup api.test)" = 203.0.113.12 ]; }
	WAIT_FOR=2 wait_until moved
	reach 203.0.113.12 443 OK
	reach 203.0.113.10 443 OK
	watcher=$(rt state "$ID" | jq -r '.annotations["io.sandlock.watcher-pid"] // empty')
	kill -KILL ${watcher:+$watcher} "$(supervisor_pid)"
	# nobody judges connects any more; packets are the wall's
	is OK "$(in_c "$PROBE" tcp 203.0.113.10 443)"
	is ECONNREFUSED "$(in_c "$PROBE" tcp 203.0.113.11 443)"
	ended() { [ -z "$(lease "$1")" ]; }
	WAIT_FOR=80 wait_until ended 203.0.113.10
	is ECONNREFUSED "$(in_c "$PROBE" tcp 203.0.113.10 443)"
	nothing_reached tcp:203.0.113.11:443
}
