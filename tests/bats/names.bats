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
