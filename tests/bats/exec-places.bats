# SPDX-License-Identifier: Apache-2.0
# exec-places.bats - exec goes where create made the container, wherever the workload has gone since

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	local app
	for app in unshare chroot mkdir cp; do ln -sf busybox "$B/rootfs/bin/$app"; done
	echo real >"$B/rootfs/marker"
}
teardown() { common_teardown; }

# ns TYPE: the namespace of the first process, as it is now.
ns() { readlink "/proc/$(container_pid)/ns/$1"; }
moved_from() { [ "$(ns "$1")" != "$2" ]; }

# goes SCRIPT…: create, note the namespaces, start, wait until the first process has said "gone".
goes() {
	shell "$1; exec sh -c 'echo gone; exec sleep 1000'"
	[ "$#" = 1 ] || args "$@"
	create
	local t
	for t in user mnt net ipc uts; do declare -g "WAS_$t=$(ns $t)"; done
	rt start "$ID"
	wait_until file_has "$OUT" gone
}

# arrives TYPE…: exec sees the root that was made, and these namespaces as they were.
arrives() {
	local t was
	for t; do
		was=WAS_$t
		run --separate-stderr rt exec "$ID" sh -c "cat /marker; readlink /proc/self/ns/$t"
		is "0 real ${!was}" "$status $(xargs <<<"$output")${stderr:+ $stderr}"
	done
}

@test "a first process in a user namespace of its own does not take exec with it" {
	goes sh -c 'exec unshare -U sh -c "echo gone; exec sleep 1000"'
	moved_from user "$WAS_user"
	arrives user mnt net
	rt delete --force "$ID"
	goes sh -c 'exec unshare -r sh -c "echo gone; exec sleep 1000"'
	moved_from user "$WAS_user"
	arrives user
}

@test "a first process in a chroot does not take exec with it" {
	goes sh -c 'mkdir -p /jail/bin; cp /bin/busybox /jail/bin; ln -s busybox /jail/bin/sh; ln -s busybox /jail/bin/cat
		ln -s busybox /jail/bin/readlink; echo jail >/jail/marker; exec chroot /jail /bin/busybox sh -c "echo gone; exec /bin/busybox sleep 1000"'
	arrives mnt
}

@test "a chroot in a container without a mount namespace does not, either" {
	mkdir -p "$B/rootfs/jail/bin"
	cp "$B/rootfs/bin/busybox" "$B/rootfs/jail/bin"
	ln -s busybox "$B/rootfs/jail/bin/sh"
	ln -s busybox "$B/rootfs/jail/bin/cat"
	echo jail >"$B/rootfs/jail/marker"
	cfg '.linux.namespaces |= map(select(.type != "mount")) | del(.mounts, .linux.maskedPaths, .linux.readonlyPaths)'
	goes chroot /jail /bin/busybox sh -c "echo gone; exec /bin/busybox sleep 1000"
	run --separate-stderr rt exec "$ID" cat /marker
	is "0 real" "$status $output$stderr"
	# another directory in its place is none of the container's
	mv "$B/rootfs" "$B/rootfs.old"
	mkdir "$B/rootfs"
	run --separate-stderr rt exec "$ID" cat /marker
	one_clear_line "not the directory any more"
	rmdir "$B/rootfs"
	mv "$B/rootfs.old" "$B/rootfs"
}

@test "what the first process has left is found with who stayed, or by its path in the configuration" {
	all_caps
	# a child stays behind
	goes sh -c 'sleep 1000 & exec unshare -mnui sh -c "echo gone; exec sleep 1000"'
	moved_from mnt "$WAS_mnt"
	arrives mnt net ipc uts
	rt delete --force "$ID"
	# nobody does; but the engine has given the network by a path
	spawn unshare --net sleep 1000
	local holder=$!
	wait_until [ "$(readlink /proc/self/ns/net)" != "$(readlink "/proc/$holder/ns/net")" ]
	cfg '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/proc/$holder/ns/net"
	goes sh -c 'exec unshare -n sh -c "echo gone; exec sleep 1000"'
	moved_from net "$WAS_net"
	arrives net
}

@test "where everybody has left, exec follows into what was made in the container; with a policy, not to another network" {
	all_caps
	goes sh -c 'exec unshare -rmui sh -c "echo gone; exec sleep 1000"'
	moved_from mnt "$WAS_mnt"
	arrives user
	run --separate-stderr rt exec "$ID" readlink /proc/self/ns/mnt
	is "0 $(ns mnt)" "$status $output"
	rt delete --force "$ID"
	annotate net-deny=10.0.0.0/8
	goes sh -c 'exec unshare -n sh -c "echo gone; exec sleep 1000"'
	moved_from net "$WAS_net" || skip "this policy keeps the workload in its network"
	run --separate-stderr rt exec "$ID" true
	one_clear_line "has left the network namespace"
}

@test "in a user namespace of the container's, exec joins that one and not one below" {
	in_userns
	goes sh -c 'exec unshare -r sh -c "echo gone; exec sleep 1000"'
	moved_from user "$WAS_user"
	arrives user
}

@test "a record of a sandrun that noted no namespaces is good for exec, too" {
	args sleep 1000
	start_container
	jq -c 'del(.namespaces, .root)' "$STATE/$ID/record.json" >"$T/record" && cat "$T/record" >"$STATE/$ID/record.json"
	run --separate-stderr rt exec "$ID" cat /marker
	is "0 real" "$status $output$stderr"
}
