# SPDX-License-Identifier: Apache-2.0
# helpers-engine.bash - a private podman and a private containerd, each with an image made here
#
# Owns:     $FT, one directory for a .bats file: storage, sockets, configuration, the image. No registry, no system-wide
#           configuration, no daemon of the machine's is touched.
# Must not: run an engine outside a network namespace of the test where it would make bridges (pm_bridge says so).

# A container's soft limits must be reachable without CAP_SYS_RESOURCE, which CI machines often lack.
ULIMITS='"nofile=1024:1024","nproc=1024:1024"'

engine_file_setup() {
	FT=$(mktemp -d /tmp/srf.XXXXXX)
	chmod 755 "$FT"
	export FT
	# make_image's tar needs the helpers' rootfs; the wrapper keeps state and log apart from the machine's own
	make_rootfs "$FT/rootfs"
	tar -C "$FT/rootfs" -cf "$FT/rootfs.tar" .
	mkdir -p "$FT/bin"
	cat >"$FT/bin/sandrun" <<-END
		#!/bin/sh
		printf '%s\n' "\$*" >>$FT/calls
		exec $SANDRUN --root $FT/state "\$@"
	END
	chmod 755 "$FT/bin/sandrun"
}

engine_file_teardown() {
	local m
	grep -F "$FT" /proc/self/mountinfo | awk '{print $5}' | sort -r | while read -r m; do umount -l "$m"; done
	rm -rf --one-file-system "$FT"
}

# --- podman -----------------------------------------------------------------------------------------------------

podman_file_setup() {
	need podman conmon
	engine_file_setup
	cat >"$FT/containers.conf" <<-END
		[containers]
		default_ulimits = [$ULIMITS]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime_supports_json = ["crun", "runc", "sandrun"]
		runtime_supports_nocgroup = ["crun", "sandrun"]
		[network]
		network_config_dir = "$FT/net"
	END
	# overlay where it works; on an overlay of a CI machine's own it may not
	podman_storage overlay
	NSENTER=()
	if ! pm import "$FT/rootfs.tar" t:latest >/dev/null 2>&1; then
		podman_storage vfs
		pm import "$FT/rootfs.tar" t:latest >/dev/null
	fi
}

podman_storage() {
	printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$1" "$FT/graph" "$FT/run" >"$FT/storage.conf"
	printf '{"default":[{"type":"insecureAcceptAnything"}]}\n' >"$FT/policy.json"
}

podman_file_teardown() {
	NSENTER=()
	pm rm -fa -t 0 >/dev/null 2>&1 || true
	pm system prune -fa >/dev/null 2>&1 || true
	engine_file_teardown
}

# pm WORD…: podman with our runtime. RUNTIME_BIN overrides the wrapper.
pm() {
	CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf timeout --foreground -k 5 $((${RT_TIMEOUT:-90} * SLOWER)) \
		"${NSENTER[@]}" podman --runtime "${RUNTIME_BIN:-$FT/bin/sandrun}" --tmpdir "$FT/tmp" "$@" 3>&-
}

podman_setup() {
	common_setup
	rm -f "$FT/calls"
	NAME=$ID
}

podman_teardown() {
	local rc=0
	pm rm -fa -t 0 >/dev/null 2>&1 || true
	wait_until nothing_left_of_engine || { leftovers_of_engine >&2; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	common_teardown || rc=1
	return $rc
}

# What an engine's containers leave: conmon or a shim, mounts of a container, cgroups of one, our state.
leftovers_of_engine() {
	local f pid
	for f in $(grep -lsaF -f <(echo "$FT") /proc/[0-9]*/cmdline); do
		pid=${f#/proc/}
		pid=${pid%%/*}
		# the file's containerd is meant to be there
		pid_gone "$pid" || pid_is_ours "$pid" || [ "$pid" = "${CTD_PID:-}" ] ||
			echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	grep -E "$FT/(graph/.*/merged|run/.*/shm|ctd/state/.*rootfs)" /proc/self/mountinfo | awk '{print "mount " $5}'
	[ ! -d "$FT/state" ] || find "$FT/state" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
	[ ! -d "$FT/rr/sr" ] || find "$FT/rr/sr" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
	for f in $(awk '/ create / || $1 == "create" { print $NF }' "$FT/calls" 2>/dev/null | sort -u); do
		find /sys/fs/cgroup -type d -name "*$f*" | sed 's/^/cgroup /'
	done
}
nothing_left_of_engine() { [ -z "$(leftovers_of_engine)" ]; }

cid() { pm inspect -f '{{.Id}}' "${1:-$NAME}"; }
# The runtime's own view of a podman container.
rt_of_podman() { "$SANDRUN" --root "$FT/state" "$@"; }

# --- containerd -------------------------------------------------------------------------------------------------

# Only what tasks need: the rest looks for devices and file systems that are not here.
containerd_config() {
	mkdir -p "$FT/ctd"
	cat >"$FT/ctd/config.toml" <<-END
		version = 2
		root = "$FT/ctd/root"
		state = "$FT/ctd/state"
		disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
			"io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs",
			"io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$FT/ctd/c.sock"
		[ttrpc]
		address = "$FT/ctd/c.sock.ttrpc"
	END
}

ctr_file_setup() {
	need containerd ctr podman
	podman_file_setup
	pm save --format docker-archive -o "$FT/image.tar" localhost/t:latest >/dev/null 2>&1
	containerd_config
	containerd --config "$FT/ctd/config.toml" >"$FT/ctd/log" 2>&1 </dev/null 3>&- &
	CTD_PID=$!
	export CTD_PID
	wait_until ctr -a "$FT/ctd/c.sock" version || { cat "$FT/ctd/log" >&2; return 1; }
	cc images import "$FT/image.tar" >/dev/null
}

ctr_file_teardown() {
	local t
	for t in $(cc task ls -q 2>/dev/null); do cc task rm -f "$t" >/dev/null 2>&1; done
	kill "$CTD_PID" && wait_until pid_gone "$CTD_PID" || kill -KILL "$CTD_PID"
	wait "$CTD_PID" 2>/dev/null
	engine_file_teardown
}

# cc WORD…: ctr, in a namespace of its own. IMG is the image.
IMG=localhost/t:latest
cc() { timeout --foreground -k 5 $((${RT_TIMEOUT:-60} * SLOWER)) ctr -a "$FT/ctd/c.sock" -n sr "$@" 3>&-; }
# The runtime itself, without the wrapper: containerd always gives a --root.
cc_run() { cc run --runc-binary "$SANDRUN" --runc-root "$FT/rr" "$@"; }

ctr_setup() { common_setup; NAME=$ID; }
ctr_teardown() {
	local rc=0
	cc task kill -s KILL "$NAME" >/dev/null 2>&1
	cc task rm -f "$NAME" >/dev/null 2>&1
	cc container rm "$NAME" >/dev/null 2>&1
	wait_until nothing_left_of_engine || { leftovers_of_engine >&2; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	common_teardown || rc=1
	return $rc
}
