# SPDX-License-Identifier: Apache-2.0
# helpers-cri.bash - a private containerd with its CRI service, on the distribution's configuration and our file behind it
#
# Owns:     $FT (as in helpers-engine.bash), and the namespaces that containerd lives in ($HOLDER): a network of its own, which is
#           "the host's" for its pods, and mounts of its own, so that /etc/containerd, /run, /var/lib/containerd and
#           /usr/local/bin may be written: containerd runs without any option, as its unit runs it.
# Must not: touch the machine's own containerd, or its files.
#
# CONTAINERD=/path/to/bin takes containerd, its shim and ctr from there; CRICTL=/path another client.

: "${CRICTL:=$(command -v crictl || echo "$TESTS_DIR/../cri/crictl")}"
CTD_PATH=${CONTAINERD:+$CONTAINERD:}/usr/sbin:/usr/bin:/sbin:/bin

cri_file_setup() {
	need podman nsenter jq "$CRICTL"
	/usr/bin/python3 -c 'import grpc' 2>/dev/null || [ "$CRICTL" != "$TESTS_DIR/../cri/crictl" ] || skip_or_fail "no python3-grpcio" || return 1
	PATH=$CTD_PATH need containerd ctr runc
	podman_file_setup
	pm import --change 'CMD ["/bin/sleep", "100000"]' "$FT/rootfs.tar" t:latest >/dev/null 2>&1
	pm save --format docker-archive -o "$FT/image.tar" localhost/t:latest >/dev/null 2>&1
	unshare --mount --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	# overlayfs cannot lie on another overlay: a tmpfs
	mkdir -p "$FT/etc"
	cp "$SANDRUN" "$FT/sandrun.bin"
	inside sh -c 'for d in /run /var/lib/containerd /usr/local/bin /etc/containerd; do
		[ -d $d ] || mkdir -p $d; mount -t tmpfs tmpfs $d || exit 1; done; ip link set lo up; cp "$1" /usr/local/bin/sandrun' _ "$FT/sandrun.bin"
	cri_config
	ctd_start || { cat "$FT/ctd.log" >&2; return 1; }
	cri_images
}

# inside COMMAND…: in containerd's namespaces.
inside() { PATH=$CTD_PATH nsenter --mount --net --target "$HOLDER" "$@"; }

# The distribution's config.toml, the shipped file behind it, and what only a test wants: no adjustment that needs
# CAP_SYS_RESOURCE (CI machines often lack it), and a handler that is not told to pass annotations on.
cri_config() {
	local version=2 table='plugins."io.containerd.grpc.v1.cri"'
	case $(inside containerd --version) in *" v2."* | *" 2."*) version=3 table="plugins.'io.containerd.cri.v1.runtime'" ;; esac
	export CONFIG_VERSION=$version
	if [ $version = 2 ] && [ -s /etc/containerd/config.toml ]; then
		cat /etc/containerd/config.toml >"$FT/config.toml"
	else
		echo "version = $version" >"$FT/config.toml"
	fi
	grep -qxF "  [$table]" "$FT/config.toml" || grep -qxF "[$table]" "$FT/config.toml" || echo "[$table]" >>"$FT/config.toml"
	sed -i "s/^ *\[$(sed 's/[][.]/\\&/g' <<<"$table")\]\$/&\nrestrict_oom_score_adj = true/" "$FT/config.toml"
	cat "$TESTS_DIR/../../contrib/containerd/config-v$version.toml" >>"$FT/config.toml"
	cat >>"$FT/config.toml" <<-END
		[$table.containerd.runtimes.plain]
		runtime_type = "io.containerd.runc.v2"
		options = { BinaryName = "/usr/local/bin/sandrun" }
	END
	inside cp "$FT/config.toml" /etc/containerd/config.toml
}

# Not through a function: $! must be the daemon. A login session's XDG_RUNTIME_DIR is not in this /run.
ctd_start() {
	PATH=$CTD_PATH env -u XDG_RUNTIME_DIR nsenter --mount --net --target "$HOLDER" containerd >>"$FT/ctd.log" 2>&1 </dev/null 3>&- &
	echo $! >"$FT/ctd.pid"
	wait_until eval '[ "$(cr version | grep -c containerd)" -gt 0 ]'
}
ctd_stop() {
	local pid
	pid=$(cat "$FT/ctd.pid")
	kill "$pid" && wait_until pid_gone "$pid" || kill -KILL "$pid"
}

# The one image, also under the name of the pause image that this containerd would fetch.
cri_images() {
	local pause
	pause=$(inside containerd config dump 2>/dev/null | sed -nE "s/^ *(sandbox_image|sandbox) = [\"'](.*)[\"']/\2/p" | head -n 1)
	inside ctr -n k8s.io images import "$FT/image.tar" >/dev/null
	inside ctr -n k8s.io images tag localhost/t:latest "$pause" >/dev/null
	wait_until eval 'cr images | grep -q localhost/t && cr images | grep -qF '"$pause"
}

cri_file_teardown() {
	ctd_stop
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	engine_file_teardown
}

cri_setup() {
	common_setup
	NSENTER=(nsenter --net="/proc/$HOLDER/ns/net")
}
cri_teardown() {
	local rc=0 p
	for p in $(cr pods -q 2>/dev/null); do
		cr stopp "$p" >/dev/null 2>&1
		cr rmp -f "$p" >/dev/null 2>&1
	done
	wait_until nothing_left_of_cri || { leftovers_of_cri >&2; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	find /sys/fs/cgroup -depth -type d -path "*/$ID-pod*" -exec rmdir {} + 2>/dev/null
	common_teardown || rc=1
	return $rc
}
# A shim or a supervisor in containerd's network, state, mounts, cgroups.
leftovers_of_cri() {
	local f pid
	for f in $(grep -lsaE '^containerd-shim|^/usr/bin/containerd-shim|^sandrun|/sandrun' /proc/[0-9]*/cmdline); do
		pid=${f#/proc/}
		pid=${pid%%/*}
		pid_gone "$pid" || [ "$(readlink "/proc/$pid/ns/net")" != "$(readlink "/proc/$HOLDER/ns/net")" ] ||
			echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
	inside sh -c '[ ! -d /run/containerd/runc/k8s.io ] || find /run/containerd/runc/k8s.io -mindepth 1 -maxdepth 1 ! -name ".*"' | sed 's/^/state /'
	inside grep -E "/run/containerd/io.*rootfs" /proc/self/mountinfo | awk '{print "mount " $5}'
	find /sys/fs/cgroup -mindepth 2 -type d -path "*/$ID-pod/*" | sed 's/^/cgroup /'
}
nothing_left_of_cri() { [ -z "$(leftovers_of_cri)" ]; }

# cr WORD…: crictl at this file's containerd.
CRI_SOCKET=unix:///run/containerd/containerd.sock
cr() { timeout --foreground -k 5 $((${RT_TIMEOUT:-60} * SLOWER)) nsenter --mount --net --target "$HOLDER" "$CRICTL" -r "$CRI_SOCKET" -i "$CRI_SOCKET" "$@" 3>&-; }

# pod [JQ-FILTER [HANDLER]]: sets $POD. container NAME SCRIPT [JQ-FILTER]: created and started in $POD; its id is printed.
pod() {
	jq -n --arg n "$ID" --arg logs "$T" '{metadata: {name: $n, namespace: "default", uid: $n, attempt: 0}, log_directory: $logs,
		linux: {cgroup_parent: ("/" + $n + "-pod"), security_context: {namespace_options: {network: 2}}}}' | jq "${1:-.}" >"$T/pod.json"
	POD=$(cr runp -r "${2-sandrun}" "$T/pod.json")
}
container() {
	local id
	jq -n --arg n "$1" --arg s "$2" '{metadata: {name: $n}, image: {image: "localhost/t:latest"}, command: ["sh", "-c", $s],
		log_path: ($n + ".log"), linux: {}}' | jq "${3:-.}" >"$T/$1.json"
	id=$(cr create "$POD" "$T/$1.json" "$T/pod.json") && cr start "$id" >/dev/null && echo "$id"
}
rt_of_cri() { inside /usr/local/bin/sandrun --root /run/containerd/runc/k8s.io "$@"; }
is_cri_state() { [ "$(cr inspect "$1" | jq -r .status.state)" = "$2" ]; }
