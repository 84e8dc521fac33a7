# SPDX-License-Identifier: Apache-2.0
# podman-policy.bats - policies that arrive as podman's --annotation

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() {
	podman_setup
	need sandrun
	netns_make
	netns_addr 10.1.2.3/32 169.254.169.254/32
}
teardown() {
	# netavark leaves it in the background, and it does not end by itself
	[ -z "${WORLD:-}" ] || kill "$(nsenter --mount="/proc/$WORLD/ns/mnt" cat /run/containers/networks/aardvark-dns/aardvark.pid)" || true
	podman_teardown
}

deny=(--annotation io.sandlock.net-deny=private)

@test "podman: --annotation io.sandlock.net-deny is enforced in run and in exec" {
	serve tcp:127.0.0.1:80 tcp:10.1.2.3:80 udp:169.254.169.254:53
	run --separate-stderr pm run --rm --network host "${deny[@]}" t probe each 'tcp 127.0.0.1 80' 'tcp 10.1.2.3 80' \
		'udp 169.254.169.254 53'
	is 0 "$status"
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	outcome 'udp 169.254.169.254 53' ECONNREFUSED
	pm run -d --network host "${deny[@]}" --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr pm exec "$NAME" probe each 'tcp 127.0.0.1 80' 'udp 169.254.169.254 53'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'udp 169.254.169.254 53' ECONNREFUSED
	run --separate-stderr pm exec -u 1000 "$NAME" probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
	nothing_reached tcp:127.0.0.1:80 tcp:10.1.2.3:80 udp:169.254.169.254:53
}

@test "podman: in an ordinary container no socket comes in from outside; a volume, or shared memory with others, is a way" {
	enforcement() { rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.enforcement"]'; }
	pm run -d --network none "${deny[@]}" --name "$NAME" t sleep 1000 >/dev/null
	case $(enforcement) in *bpf*) ;; *) skip "no cgroup program here" ;; esac
	pm rm -f -t 0 "$NAME" >/dev/null
	local option
	for option in "-v $T:/v" "-v $T:/dev/shm" "-v /dev/shm:/dev/shm" --pid=host --ipc=host; do
		pm run -d --network none "${deny[@]}" $option --name "$NAME" t sleep 1000 >/dev/null
		[[ $(enforcement) != *bpf* ]] || { echo "bpf with $option"; return 1; }
		pm rm -f -t 0 "$NAME" >/dev/null
	done
}

@test "podman: net-allow with semicolons survives podman's comma splitting" {
	serve tcp:127.0.0.1:80 tcp:10.1.2.3:443
	run --separate-stderr pm run --rm --network host --annotation 'io.sandlock.net-allow=127.0.0.1:80;10.1.2.3:443' t \
		probe each 'tcp 127.0.0.1 80' 'tcp 10.1.2.3 443' 'tcp 10.1.2.3 80' 'udp 127.0.0.1 80'
	is 0 "$status"
	outcome 'tcp 127.0.0.1 80' OK
	outcome 'tcp 10.1.2.3 443' OK
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	outcome 'udp 127.0.0.1 80' ECONNREFUSED
}

@test "podman: without an annotation nothing is confined and no supervisor runs" {
	serve tcp:127.0.0.1:80
	run --separate-stderr pm run --rm --network host t probe tcp 127.0.0.1 80
	is OK "$output"
	pm run -d --network host --name "$NAME" t sleep 1000 >/dev/null
	is "" "$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"] // ""')"
}

@test "podman: a bad annotation fails with 126, not 127, and one line; nothing is left" {
	local bad
	for bad in io.sandlock.net-deny=example.org io.sandlock.net-allow=443 io.sandlock.net-dny=private \
		io.sandlock.net-allow=nosuch.invalid:80 io.sandlock.profile=nosuch io.sandlock.allow-udp=maybe; do
		run --separate-stderr pm run --rm --network host --annotation "$bad" t true
		is 126 "$status"
		has "${bad%%=*}" "$stderr"
		is 1 "$(grep -c . <<<"$stderr")"
	done
}

@test "podman: run and wait return at once with the supervisor on" {
	elapsed_ms piped --network host "${deny[@]}"
	[ "$MS" -lt $((3000 * SLOWER)) ]
	elapsed_ms pm wait "$NAME"
	[ "$MS" -lt $((2000 * SLOWER)) ]
}

# The pipe ends when nobody holds its other end any more: a helper with our stdio would keep it open.
piped() { pm run "$@" --name "$NAME" t echo hi | cat >/dev/null; }

@test "podman: killing the supervisor leaves the denied denied, and the container ends with its own code" {
	serve tcp:127.0.0.1:80
	pm run -d --network host "${deny[@]}" --name "$NAME" t \
		sh -c 'until [ -e /tmp/go ]; do sleep 0.05; done; probe tcp 127.0.0.1 80 >/tmp/after; exit 23' >/dev/null
	local sup
	sup=$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	kill -KILL "$sup"
	wait_until pid_gone "$sup"
	touch "$(pm mount "$NAME")/tmp/go"
	run pm wait "$NAME"
	is 23 "$output"
	[ "$(cat "$(pm mount "$NAME")/tmp/after")" != OK ]
	nothing_reached tcp:127.0.0.1:80
}

@test "podman: stop, restart and rm -f end the supervisor each time" {
	pm run -d --network host "${deny[@]}" --name "$NAME" t sleep 1000 >/dev/null
	local one two
	one=$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	pm restart -t 0 "$NAME" >/dev/null
	wait_until pid_gone "$one"
	two=$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	[ "$one" != "$two" ]
	run --separate-stderr pm exec "$NAME" probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
	pm rm -f -t 0 "$NAME" >/dev/null
	wait_until pid_gone "$two"
}

@test "podman: sandrun denied finds a container by podman's name and short id, before and after its removal" {
	local id word
	pm run -d --network host "${deny[@]}" --name "$NAME" t sleep 1000 >/dev/null
	id=$(cid)
	pm exec "$NAME" probe tcp 10.1.2.3 80 >/dev/null
	for word in "$NAME" "${id:0:12}" "$id"; do
		run --separate-stderr rt_of_podman denied "$word"
		has "$NAME (${id:0:12}): net-deny=private" "${lines[0]}"
		has tcp://10.1.2.3:80 "$output"
	done
	pm rm -f -t 0 "$NAME" >/dev/null
	for word in "$NAME" "${id:0:12}" "$id"; do
		run --separate-stderr rt_of_podman denied "$word"
		has "$NAME (${id:0:12}): net-deny=private; removed" "${lines[0]}"
		has tcp://10.1.2.3:80 "$output"
	done
	# and where podman has lost the annotation (an older Docker-compatible API), it says so
	pm run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr rt_of_podman denied "$NAME"
	has "$NAME: no policy" "$output"
}

# --- name servers and names: podman's bridge, with aardvark in front of a name server of the test's own -------------------------

# The world: 203.0.113.53 answers for api.test (203.0.113.10), on the namespace's lo. netavark's bridge and aardvark live in the
# namespace, and what they ask goes to the resolv.conf that podman runs with. In a mount namespace of the test's own, for aardvark
# is one for all that have the same /run/containers.
world() {
	command -v /usr/lib/podman/netavark >/dev/null || command -v netavark >/dev/null || skip "no netavark"
	netns_addr 203.0.113.53/32 203.0.113.10/32
	printf '%s\n' 'api.test A 203.0.113.10 60' >"$T/world"
	spawn "${NSENTER[@]}" "$PROGRAMS/nameserver" 203.0.113.53 "$T/world" "$T/asked"
	wait_until test -e "$T/asked"
	serve tcp:203.0.113.10:443 tcp:10.1.2.3:80 tcp:169.254.169.254:80
	printf 'nameserver 203.0.113.53\n' >"$T/resolv.conf"
	spawn "${NSENTER[@]}" unshare -m sh -c "mount --bind $T/resolv.conf /etc/resolv.conf && mkdir -p /run/containers &&
		mount -t tmpfs tmpfs /run/containers && touch $T/mounted && exec sleep 1000"
	wait_until test -e "$T/mounted"
	WORLD=$!
	NSENTER=(nsenter --net="/run/netns/$ID" --mount="/proc/$WORLD/ns/mnt")
	printf '[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "%s"\n' "$FT/netavark" >"$T/add"
	sed '/^\[network\]/,$d' "$FT/containers.conf" | cat - "$T/add" >"$T/containers.conf"
	NET=n-${ID#srt.}
	pm network create "$NET" >/dev/null
}
pm() {
	CONTAINERS_CONF=${CONF:-$FT/containers.conf} CONTAINERS_STORAGE_CONF=$FT/storage.conf timeout --foreground -k 5 $((${RT_TIMEOUT:-90} * SLOWER)) \
		"${NSENTER[@]}" podman --runtime "${RUNTIME_BIN:-$FT/bin/sandrun}" --tmpdir "$FT/tmp" "$@" 3>&-
}

@test "podman: net-deny=private leaves a bridge's name server, the internet and the container's own loopback" {
	local CONF=$T/containers.conf
	world
	pm run -d --network "$NET" "${deny[@]}" --name "$NAME" t sleep 1000 >/dev/null
	# a server of the container's own
	spawn nsenter --net="/proc/$(pm inspect -f '{{.State.Pid}}' "$NAME")/ns/net" "$PROGRAMS/serve" "$T/counts-own" tcp:127.0.0.1:7000
	wait_until test -e "$T/counts-own"
	run --separate-stderr pm exec "$NAME" /bin/busybox nslookup api.test
	has 203.0.113.10 "$output"
	run --separate-stderr pm exec "$NAME" probe each 'tcp-echo 203.0.113.10 443' 'tcp 10.1.2.3 80' 'tcp 169.254.169.254 80' 'tcp-echo 127.0.0.1 7000'
	outcome 'tcp-echo 203.0.113.10 443' OK
	outcome 'tcp-echo 127.0.0.1 7000' OK
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	outcome 'tcp 169.254.169.254 80' ECONNREFUSED
	nothing_reached tcp:10.1.2.3:80 tcp:169.254.169.254:80
}

@test "podman: net-allow=NAME:443 means what the container would get: a bridge's neighbour, a name of the world, the host" {
	local CONF=$T/containers.conf
	world
	pm run -d --network "$NET" --name db t sleep 1000 >/dev/null
	local db
	db=$(pm inspect -f "{{(index .NetworkSettings.Networks \"$NET\").IPAddress}}" db)
	pm run -d --network "$NET" --annotation io.sandlock.dns=open --annotation 'io.sandlock.net-allow=api.test:443;db:5432' --name "$NAME" t \
		sleep 1000 >/dev/null
	run --separate-stderr pm exec "$NAME" cat /etc/hosts
	has $'203.0.113.10\tapi.test' "$output"
	has "$db"$'\tdb' "$output"
	run --separate-stderr pm exec "$NAME" probe each 'tcp-echo 203.0.113.10 443' "tcp $db 80" 'tcp 10.1.2.3 80'
	outcome 'tcp-echo 203.0.113.10 443' OK
	outcome "tcp $db 80" ECONNREFUSED
	outcome 'tcp 10.1.2.3 80' ECONNREFUSED
	pm rm -f -t 0 db >/dev/null
	nothing_reached tcp:10.1.2.3:80
	run --separate-stderr pm run --rm --network "$NET" --annotation io.sandlock.net-allow=host.containers.internal:8080 t grep host.containers.internal /etc/hosts
	is 0 "$status"
}
