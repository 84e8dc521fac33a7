# SPDX-License-Identifier: Apache-2.0
# contrib-podman.bats - contrib/podman/sandrun.conf as it is shipped, behind the distribution's own configuration
#
# podman runs in mounts of its own, so that /etc/containers, /usr/local/bin and /run may be written; no CONTAINERS_CONF, which
# would replace every file. 99-test.conf holds only what a CI machine needs.

load helpers
load helpers-net
load helpers-engine

CONF=$BATS_TEST_DIRNAME/../../contrib/podman/sandrun.conf

setup_file() {
	need podman conmon unshare nsenter
	podman_file_setup
	unshare --mount --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	cp -a /etc/containers "$FT/etc-containers"
	inside sh -c 'mount --bind "$1/etc-containers" /etc/containers && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /usr/local/bin &&
		cp "$2" /usr/local/bin/sandrun && ip link set lo up' _ "$FT" "$SANDRUN"
	mkdir -p "$FT/etc-containers/containers.conf.d"
	cat >"$FT/etc-containers/containers.conf.d/99-test.conf" <<-END
		[containers]
		default_ulimits = [$ULIMITS]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	END
}
teardown_file() {
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	podman_file_teardown
}

inside() { nsenter --mount --net --target "$HOLDER" "$@"; }
# pd WORD…: podman as a user of the drop-in calls it.
pd() { CONTAINERS_STORAGE_CONF=$FT/storage.conf timeout --foreground -k 5 $((${RT_TIMEOUT:-90} * SLOWER)) nsenter --mount --net --target "$HOLDER" podman "$@" 3>&-; }
# drop_in [SED-EXPRESSION]: the shipped file, with comment signs taken away.
drop_in() { sed "${1:-}" "$CONF" >"$FT/etc-containers/containers.conf.d/sandrun.conf"; }

setup() {
	common_setup
	NAME=$ID
	NSENTER=(nsenter --net="/proc/$HOLDER/ns/net")
	drop_in
}
teardown() {
	local rc=0
	pd rm -fa -t 0 >/dev/null 2>&1 || true
	common_teardown || rc=1
	return $rc
}

@test "contrib/podman: with the file in place, sandrun is a name, and errors are one clean line" {
	local rt=(--runtime sandrun)
	run --separate-stderr pd "${rt[@]}" run --rm --network none t sh -c 'echo out; exit 7'
	is "7 out" "$status $output"
	run --separate-stderr pd "${rt[@]}" run --rm --network none t nosuch
	is 127 "$status"
	run --separate-stderr pd "${rt[@]}" run --rm --network none --annotation io.sandlock.net-deny=example.org t true
	is 126 "$status"
	has io.sandlock.net-deny "$stderr"
	# of a runtime that is not listed as one that speaks JSON, podman shows the log's line with its time and level
	[[ $stderr != *'"level"'* && $stderr != *level=* ]]
}

@test "contrib/podman: --cgroups=disabled is allowed" {
	is ok "$(pd --runtime sandrun run --rm --network none --cgroups=disabled t echo ok)"
}

@test "contrib/podman: as the machine's default runtime" {
	need sandrun
	drop_in 's/^#runtime/runtime/'
	is /usr/local/bin/sandrun "$(pd info -f '{{.Host.OCIRuntime.Path}}')"
	has sandrun "$(pd info -f '{{.Host.OCIRuntime.Version}}')"
	"${NSENTER[@]}" ip addr add 10.1.2.3/32 dev lo
	cleanup "${NSENTER[@]}" ip addr del 10.1.2.3/32 dev lo
	serve tcp:10.1.2.3:80
	run --separate-stderr pd run --rm --network host --annotation io.sandlock.net-deny=10.0.0.0/8 t probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
}

@test "contrib/podman: the machine's default policy; a container's own word of the same key replaces it" {
	need sandrun
	drop_in 's/^#runtime/runtime/; s/^#\[containers\]/[containers]/; s/^#annotations/annotations/'
	"${NSENTER[@]}" ip addr add 10.1.2.3/32 dev lo
	cleanup "${NSENTER[@]}" ip addr del 10.1.2.3/32 dev lo
	serve tcp:10.1.2.3:80
	run --separate-stderr pd run --rm --network host t probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
	run --separate-stderr pd run --rm --network host --annotation io.sandlock.net-deny=9.9.9.9 t probe tcp 10.1.2.3 80
	is OK "$output"
	# another key does not take it away: either both hold, or they are refused together
	run --separate-stderr pd run --rm --network host --annotation io.sandlock.net-allow=10.1.2.3:80 t probe tcp 10.1.2.3 80
	[ "$output" != OK ]
}

@test "contrib/podman: a policy by --runtime-flag takes the place of an annotation of that key" {
	need sandrun
	"${NSENTER[@]}" ip addr add 10.1.2.3/32 dev lo
	cleanup "${NSENTER[@]}" ip addr del 10.1.2.3/32 dev lo
	serve tcp:10.1.2.3:80
	local flag=(--runtime sandrun --runtime-flag annotation=io.sandlock.net-deny=private)
	run --separate-stderr pd "${flag[@]}" run --rm --network host t probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
	run --separate-stderr pd "${flag[@]}" run --rm --network host --annotation io.sandlock.net-deny=9.9.9.9 t probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
}
