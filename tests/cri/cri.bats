# SPDX-License-Identifier: Apache-2.0
# cri.bats - Kubernetes' way in: pods, containers, exec, stop, annotations, through containerd's CRI service
#
# Not part of `make check`, for it needs crictl (CRICTL, or in the PATH), which Debian 12 has no package of: make check-cri. Pods are
# on the host's network (no CNI); "the host" is containerd's own network namespace.

load ../bats/helpers
load ../bats/helpers-net
load ../bats/helpers-engine

: "${CRICTL:=$(command -v crictl || true)}"

setup_file() {
	need containerd ctr podman nsenter "${CRICTL:-crictl}"
	podman_file_setup
	pm import --change 'CMD ["/bin/sleep", "100000"]' "$FT/rootfs.tar" t:latest >/dev/null 2>&1
	pm save --format docker-archive -o "$FT/image.tar" localhost/t:latest >/dev/null 2>&1
	unshare --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	nsenter --net --target "$HOLDER" ip link set lo up
	mkdir -p "$FT/ctd"
	cri_config >"$FT/ctd/config.toml"
	nsenter --net --target "$HOLDER" containerd --config "$FT/ctd/config.toml" >"$FT/ctd/log" 2>&1 </dev/null 3>&- &
	CTD_PID=$!
	export CTD_PID
	echo "$CTD_PID" >"$FT/ctd.pid"
	wait_until ctr -a "$FT/ctd/c.sock" version || { cat "$FT/ctd/log" >&2; return 1; }
	ctr -a "$FT/ctd/c.sock" -n k8s.io images import "$FT/image.tar" >/dev/null
	wait_until eval 'cr images | grep -q localhost/t'
}

# "sandrun" passes our annotations on, "plain" is not told to.
cri_config() {
	cat <<-END
		version = 2
		root = "$FT/ctd/root"
		state = "$FT/ctd/state"
		disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
			"io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$FT/ctd/c.sock"
		[ttrpc]
		address = "$FT/ctd/c.sock.ttrpc"
		[plugins."io.containerd.grpc.v1.cri"]
		sandbox_image = "localhost/t:latest"
		restrict_oom_score_adj = true
		[plugins."io.containerd.grpc.v1.cri".containerd]
		default_runtime_name = "sandrun"
	END
	local name
	for name in sandrun plain; do
		cat <<-END
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$name]
			runtime_type = "io.containerd.runc.v2"
			$([ $name = plain ] || echo 'pod_annotations = ["io.sandlock.*"]
			container_annotations = ["io.sandlock.*"]')
			[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.$name.options]
			BinaryName = "$SANDRUN"
			Root = "$FT/rr"
		END
	done
}

teardown_file() {
	CTD_PID=$(cat "$FT/ctd.pid")
	kill "$CTD_PID" && wait_until pid_gone "$CTD_PID" || kill -KILL "$CTD_PID"
	wait "$CTD_PID" 2>/dev/null
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	engine_file_teardown
}

setup() {
	common_setup
	NSENTER=(nsenter --net="/proc/$HOLDER/ns/net")
}
teardown() {
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
leftovers_of_cri() {
	pgrep -af "containerd-shim.*$FT/ctd/c.sock" | sed 's/^/process /'
	pgrep -af "$SANDRUN .*$FT/rr|^sandrun.*$FT" | sed 's/^/process /'
	[ ! -d "$FT/rr/k8s.io" ] || find "$FT/rr/k8s.io" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
	grep -E "$FT/ctd/state/.*rootfs" /proc/self/mountinfo | awk '{print "mount " $5}'
	find /sys/fs/cgroup -mindepth 2 -type d -path "*/$ID-pod/*" | sed 's/^/cgroup /'
}
nothing_left_of_cri() { [ -z "$(leftovers_of_cri)" ]; }

# cr WORD…: crictl at this file's containerd.
cr() { timeout --foreground -k 5 "${RT_TIMEOUT:-60}" nsenter --net --target "$HOLDER" "$CRICTL" -r "unix://$FT/ctd/c.sock" -i "unix://$FT/ctd/c.sock" "$@" 3>&-; }

# pod [JQ-FILTER [HANDLER]]: sets $POD. container NAME SCRIPT [JQ-FILTER]: created and started in $POD; its id is printed.
pod() {
	jq -n --arg n "$ID" --arg logs "$T" '{metadata: {name: $n, namespace: "default", uid: $n, attempt: 0}, log_directory: $logs,
		linux: {cgroup_parent: ("/" + $n + "-pod"), security_context: {namespace_options: {network: 2}}}}' | jq "${1:-.}" >"$T/pod.json"
	POD=$(cr runp -r "${2:-sandrun}" "$T/pod.json")
}
container() {
	local id
	jq -n --arg n "$1" --arg s "$2" '{metadata: {name: $n}, image: {image: "localhost/t:latest"}, command: ["sh", "-c", $s],
		log_path: ($n + ".log"), linux: {}}' | jq "${3:-.}" >"$T/$1.json"
	id=$(cr create "$POD" "$T/$1.json" "$T/pod.json") && cr start "$id" >/dev/null && echo "$id"
}
rt_of_cri() { "$SANDRUN" --root "$FT/rr/k8s.io" "$@"; }
is_cri_state() { [ "$(cr inspect "$1" | jq -r .status.state)" = "$2" ]; }

@test "cri: a pod and a container: run, log, exit code, stop, remove" {
	pod
	local c
	c=$(container c 'echo hello; echo err >&2; exit 7')
	wait_until is_cri_state "$c" CONTAINER_EXITED
	is 7 "$(cr inspect "$c" | jq .status.exitCode)"
	has hello "$(cr logs "$c" 2>/dev/null)"
	has "stderr F err" "$(cat "$T/c.log")"
	cr rm "$c" >/dev/null
	cr stopp "$POD" >/dev/null
	cr rmp "$POD" >/dev/null
	nothing_left_of_cri
}

@test "cri: exec-sync: code, the two outputs apart, and a time limit" {
	pod
	local c
	c=$(container c 'sleep 1000')
	run --separate-stderr cr exec -s "$c" sh -c 'echo out; echo err >&2'
	is "0 out err" "$status $(xargs <<<"$output $stderr")"
	run --separate-stderr cr exec -s "$c" sh -c 'exit 9'
	[ "$status" -ne 0 ]
	[[ $stderr$output == *"exit code 9"* || $stderr$output == *"exited with 9"* ]]
	run --separate-stderr cr exec -s --timeout 1 "$c" sleep 1000
	[ "$status" -ne 0 ]
	# the session has ended with its time
	wait_until eval '[ "$(rt_of_cri ps --format json '"$c"' | jq length)" = 1 ]'
}

@test "cri: streaming exec: standard input, a terminal, a code" {
	need script
	pod
	local c
	c=$(container c 'sleep 1000')
	head -c 300000 /dev/urandom >"$T/in"
	cr exec -i "$c" cat <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
	run cr exec "$c" sh -c 'exit 9'
	[ "$status" -ne 0 ]
	has "exit code 9" "$output"
	run timeout 30 script -qefc "nsenter --net --target $HOLDER $CRICTL -r unix://$FT/ctd/c.sock exec -it $c probe tty" "$T/tty.out" </dev/null
	has /dev/pts/ "$output"
	has session "$output"
}

@test "cri: stop of a workload that ignores TERM, kill of one that is gone, and removal of what runs" {
	pod
	local c
	c=$(container c 'probe ignore-term')
	elapsed_ms cr stop --timeout 1 "$c"
	[ "$MS" -ge 900 ] && [ "$MS" -lt $((8000 * SLOWER)) ]
	is 137 "$(cr inspect "$c" | jq .status.exitCode)"
	cr stop "$c" >/dev/null
	c=$(container d 'sleep 1000')
	cr rm -f "$c" >/dev/null
}

@test "cri: update of resources, stats, and a cgroup below the pod's" {
	pod
	local c pid
	c=$(container c 'sleep 1000' '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_shares: 512}')
	pid=$(cr inspect "$c" | jq .info.pid)
	has "/$ID-pod/$c" "$(cat "/proc/$pid/cgroup")"
	cr update --memory 100663296 "$c" >/dev/null
	is 100663296 "$(cat "$(find /sys/fs/cgroup -path "*/$ID-pod/$c/memory.limit_in_bytes" -o -path "*/$ID-pod/$c/memory.max" | head -n 1)")"
	is ok "$(cr exec -s "$c" echo ok)"
	[ "$(cr stats -o json "$c" | jq -r '.stats[0].memory.workingSetBytes.value')" -gt 0 ]
}

@test "cri: containers of a pod share what the pod says: IPC, the pod's or the node's pid namespace" {
	pod '.linux.security_context.namespace_options.pid = 0'
	local a b
	a=$(container a 'sleep 1000')
	b=$(container b 'sleep 1000')
	is "$(cr exec -s "$a" readlink /proc/self/ns/ipc)" "$(cr exec -s "$b" readlink /proc/self/ns/ipc)"
	cr stopp "$POD" >/dev/null
	cr rmp "$POD" >/dev/null
	pod '.linux.security_context.namespace_options.pid = 2'
	a=$(container a 'sleep 765431 & sleep 765432' '.linux.security_context.namespace_options = {pid: 2}')
	wait_until pgrep -f "^sleep 765431"
	cr stop --timeout 0 "$a" >/dev/null
	wait_until not pgrep -f "^sleep 76543[12]"
}

@test "cri: the shim is killed: containerd notices, and the pod can be removed" {
	need sandrun
	pod '.annotations["io.sandlock.net-deny"] = "private"'
	local c init sup
	c=$(container c 'sleep 1000' '.annotations["io.sandlock.net-deny"] = "private"')
	init=$(cr inspect "$c" | jq .info.pid)
	sup=$(rt_of_cri state "$c" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	kill -KILL "$(pgrep -f "containerd-shim-runc-v2 .*-id $POD ")"
	wait_until pid_gone "$init"
	wait_until pid_gone "$sup"
	wait_until is_cri_state "$c" CONTAINER_EXITED
	cr stopp "$POD" >/dev/null
	cr rmp "$POD" >/dev/null
}

@test "cri: containerd starts again, and the container lives on" {
	pod
	local c pid
	c=$(container c 'echo begun; sleep 1000')
	pid=$(cr inspect "$c" | jq .info.pid)
	kill "$(cat "$FT/ctd.pid")"
	wait_until pid_gone "$(cat "$FT/ctd.pid")"
	"${NSENTER[@]}" containerd --config "$FT/ctd/config.toml" >>"$FT/ctd/log" 2>&1 </dev/null 3>&- &
	echo $! >"$FT/ctd.pid"
	wait_until cr inspect "$c"
	is "$pid" "$(cr inspect "$c" | jq .info.pid)"
	is ok "$(cr exec -s "$c" echo ok)"
}

@test "cri: annotations of pod and container are enforced, in exec, too; where they are not passed on there is no policy" {
	need sandrun
	local c
	serve tcp:127.0.0.1:80
	pod '.annotations["io.sandlock.net-deny"] = "private"'
	c=$(container c 'sleep 1000')
	is ECONNREFUSED "$(cr exec -s "$c" probe tcp 127.0.0.1 80)"
	c=$(container d 'sleep 1000' '.annotations["io.sandlock.net-deny"] = "9.9.9.9"')
	# the container's own word wins over the pod's in containerd
	is OK "$(cr exec -s "$c" probe tcp 127.0.0.1 80)"
	is ECONNREFUSED "$(cr exec -s "$c" probe tcp 9.9.9.9 80)"
	cr stopp "$POD" >/dev/null
	cr rmp -f "$POD" >/dev/null
	pod '.annotations["io.sandlock.net-deny"] = "private"' plain
	c=$(container e 'sleep 1000')
	is OK "$(cr exec -s "$c" probe tcp 127.0.0.1 80)"
}

@test "cri: a bad annotation fails the pod with our line" {
	need sandrun
	run pod '.annotations["io.sandlock.net-deny"] = "example.org"'
	[ "$status" -ne 0 ]
	has io.sandlock.net-deny "$output"
	has example.org "$output"
}

@test "cri: a missing command, a bad seccomp profile: readable errors, and the pod is usable" {
	pod
	run container c ''  '.command = ["/no/such"]'
	[ "$status" -ne 0 ]
	has "/no/such" "$output"
	run container d 'true' '.linux.security_context.seccomp = {profile_type: 2, localhost_ref: "/no/profile"}'
	[ "$status" -ne 0 ]
	local c
	c=$(container e 'sleep 1000')
	is ok "$(cr exec -s "$c" echo ok)"
}
