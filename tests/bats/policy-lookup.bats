# SPDX-License-Identifier: Apache-2.0
# policy-lookup.bats - names in net-allow are looked up as the container would: hosts file, its own name servers, the host's
#
# The container's network is the namespace "$ID-c"; its name server is 203.0.113.53 in "$ID", which the runtime itself, in the
# host's namespace, cannot reach.

load helpers
load helpers-net

setup() {
	policy_setup 203.0.113.53/32 203.0.113.10/32 203.0.113.11/32 10.1.2.3/32 169.254.169.254/32
	joined_network
	mkdir -p "$B/rootfs/etc"
	resolv_conf 'nameserver 203.0.113.53' 'search corp.test other.test' 'options ndots:1 timeout:1'
	printf '%s\n' 'api.test A 203.0.113.10 60' 'api.test AAAA 2001:db8:9::10 60' 'db.corp.test A 10.1.2.3 60' 'meta.test A 169.254.169.254 60' \
		'both.test A 169.254.169.254 60' 'both.test A 203.0.113.11 60' 'c.test CNAME api.test 60' >"$T/world"
	spawn "${NSENTER[@]}" "$PROGRAMS/nameserver" 203.0.113.53 "$T/world" "$T/asked"
	wait_until test -e "$T/asked"
	serve tcp:203.0.113.10:443 tcp:203.0.113.11:443 tcp:10.1.2.3:5432 tcp:169.254.169.254:443
}
teardown() { common_teardown; }

# The engine's: an image is not asked where a name leads (names.bats).
resolv_conf() { mounted resolv.conf "$@"; }
mounted() {
	printf '%s\n' "${@:2}" >"$T/$1"
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": ("/etc/" + $n), "options": ["rbind", "rprivate"]}]' --arg s "$T/$1" --arg n "$1"
}
# Where names are followed while the container runs is another matter (names.bats).
policy() {
	cfg 'del(.annotations)'
	annotate dns=open "$@"
}

@test "the container's name server is asked, from inside its network" {
	policy 'net-allow=api.test:443'
	trying 'tcp-echo 203.0.113.10 443=OK' 'tcp 203.0.113.11 443=ECONNREFUSED' 'tcp 203.0.113.10 80=ECONNREFUSED'
	has 'api.test 1' "$(cat "$T/asked")"
	has 'api.test 28' "$(cat "$T/asked")"
	policy 'net-allow=c.test:443'
	trying 'tcp-echo 203.0.113.10 443=OK'
	args cat /etc/hosts
	run_container
	has $'203.0.113.10\tc.test' "$output"
	has $'2001:db8:9::10\tc.test' "$output"
}

@test "a short name is looked for in the container's search list" {
	policy 'net-allow=db:5432'
	trying 'tcp-echo 10.1.2.3 5432=OK'
	has 'db.corp.test 1' "$(cat "$T/asked")"
	not grep -q '^db ' "$T/asked"
}

@test "the engine's hosts file comes first, and is not asked about; the image's is not believed" {
	mounted hosts '127.0.0.1 localhost' '10.1.2.3 host.containers.internal api.test # 203.0.113.11 other'
	policy 'net-allow=host.containers.internal:5432 API.test:5432'
	trying 'tcp-echo 10.1.2.3 5432=OK' 'tcp 203.0.113.10 5432=ECONNREFUSED'
	is "" "$(cat "$T/asked")"
	cfg 'del(.mounts[-1])'
	printf '10.1.2.3 api.test\n' >"$B/rootfs/etc/hosts"
	policy 'net-allow=api.test:443'
	trying 'tcp-echo 203.0.113.10 443=OK' 'tcp 10.1.2.3 443=ECONNREFUSED'
}

@test "the engine's resolv.conf wins over the image's" {
	printf 'nameserver 203.0.113.99\n' >"$B/rootfs/etc/resolv.conf"
	mounted resolv.conf '# made by an engine' 'nameserver 203.0.113.53'
	policy 'net-allow=api.test:443'
	trying 'tcp-echo 203.0.113.10 443=OK'
}

@test "a resolv.conf that leads out of the root, or is no file, is not read" {
	cfg '.mounts |= map(select(.destination != "/etc/resolv.conf"))'
	printf 'nameserver 203.0.113.53\n' >"$T/outside"
	ln -sf "$T/outside" "$B/rootfs/etc/resolv.conf"
	policy 'net-allow=?api.test:443'
	create
	is "" "$(cat "$T/asked")"
	not grep -q resolver "$STATE/$ID/policy"
	rt delete --force "$ID"
	rm "$B/rootfs/etc/resolv.conf"
	mkfifo "$B/rootfs/etc/resolv.conf"
	elapsed_ms create
	[ "$MS" -lt $((5000 * SLOWER)) ]
}

@test "no name is a way to a metadata service" {
	policy 'net-allow=meta.test:443'
	run --separate-stderr rt create --bundle "$B" "$ID"
	has meta.test "$stderr"
	has metadata "$stderr"
	[ "$status" -ne 0 ]
	policy 'net-allow=both.test:443'
	create
	has metadata "$(cat "$OUT.err")"
	has 'host both.test 203.0.113.11' "$(cat "$STATE/$ID/policy")"
	not grep -q 169.254 "$STATE/$ID/policy"
}

@test "an optional name that has no address is a warning; a name that must be there is an error that shows how" {
	policy 'net-allow=?later.test:443 api.test:443'
	create
	has '?later.test' "$(cat "$OUT.err")"
	rt delete --force "$ID"
	policy 'net-allow=later.test:443'
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line io.sandlock.net-allow later.test '?later.test'
	run leftovers
	is "" "$(grep -v -e /serve -e /nameserver <<<"$output")"
}

@test "a name server that does not answer costs some seconds, and the host's is asked then" {
	resolv_conf 'nameserver 203.0.113.77' 'nameserver 203.0.113.78'
	policy 'net-allow=?api.test:443'
	elapsed_ms create
	[ "$MS" -lt $((16000 * SLOWER)) ]
	is "" "$(cat "$T/asked")"
}

@test "on the host's network the container's name server is asked there" {
	host_network
	RT_OUTSIDE=
	policy 'net-allow=api.test:443'
	trying 'tcp-echo 203.0.113.10 443=OK' 'tcp 203.0.113.11 443=ECONNREFUSED'
}

@test "net-deny=private leaves the container's private name server, its internet and its own loopback" {
	resolv_conf 'nameserver 10.1.2.53'
	netns_addr 10.1.2.53/32
	spawn "${NSENTER[@]}" "$PROGRAMS/nameserver" 10.1.2.53 "$T/world" "$T/asked2"
	wait_until test -e "$T/asked2"
	serve tcp:10.1.2.53:80 udp:10.1.2.53:54
	cfg 'del(.annotations)'
	annotate net-deny=private
	args sleep 1000
	start_container
	is "" "$(cat "$OUT.err")"
	# a server of the container's own
	spawn nsenter --net="/run/netns/$ID-c" "$PROGRAMS/serve" "$T/counts-own" tcp:127.0.0.1:7000
	wait_until test -e "$T/counts-own"
	run rt exec "$ID" /bin/busybox nslookup api.test
	has 203.0.113.10 "$output"
	has 'api.test 1' "$(cat "$T/asked2")"
	exec_probe each 'tcp-echo 203.0.113.10 443' 'tcp 10.1.2.3 5432' 'tcp 10.1.2.53 80' 'udp 10.1.2.53 54' 'tcp-echo 127.0.0.1 7000'
	outcome 'tcp-echo 203.0.113.10 443' OK
	outcome 'tcp 10.1.2.3 5432' ECONNREFUSED
	outcome 'tcp 10.1.2.53 80' ECONNREFUSED
	# EPERM: the kernel's own, where it refuses sends by itself
	[[ $output == *'udp 10.1.2.53 54: E'* ]]
	outcome 'tcp-echo 127.0.0.1 7000' OK
	nothing_reached tcp:10.1.2.3:5432 tcp:10.1.2.53:80 udp:10.1.2.53:54
	rt delete --force "$ID"
	: >"$T/asked2"
	annotate dns=off
	start_container
	has 'without a name server' "$(cat "$OUT.err")"
	run rt exec "$ID" /bin/busybox nslookup api.test
	is "" "$(cat "$T/asked2")"
}

@test "what leaves a container without a name server is told at create" {
	resolv_conf 'nameserver 10.1.2.53'
	policy net-deny=10.0.0.0/8
	create
	has 'without a name server' "$(cat "$OUT.err")"
	rt delete --force "$ID"
	policy 'net-deny=10.0.0.0/8 !resolver'
	create
	is "" "$(cat "$OUT.err")"
	rt delete --force "$ID"
	policy net-allow=:443
	create
	has 'udp://resolver' "$(cat "$OUT.err")"
	rt delete --force "$ID"
	policy 'net-allow=:443 udp://resolver'
	create
	is "" "$(cat "$OUT.err")"
	rt delete --force "$ID"
	policy net-allow=203.0.113.10:443
	create
	is "" "$(cat "$OUT.err")"
}
