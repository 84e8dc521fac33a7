# SPDX-License-Identifier: Apache-2.0
# cri.bats - Kubernetes' way in: pods, containers, exec, stop, annotations, through containerd's CRI service
#
# On the distribution's own configuration with contrib/containerd's file appended. Pods are on the host's network (no CNI);
# "the host" is containerd's own network namespace.

load helpers
load helpers-net
load helpers-engine
load helpers-cri

setup_file() { cri_file_setup; }
teardown_file() { cri_file_teardown; }
setup() { cri_setup; }
teardown() { cri_teardown; }

@test "cri: beside sandrun, runc is still there, and it is the default" {
	local c handler
	for handler in "" runc; do
		# a runc that may not change its oom_score_adj (CI machines) fails by itself; that it is asked is what counts here
		run pod . "$handler"
		[ "$status" = 0 ] || has "runc create failed" "$output"
	done
	for c in $(cr pods -q); do cr stopp "$c" >/dev/null; cr rmp -f "$c" >/dev/null; done
	pod
	c=$(container d 'sleep 1000')
	is sandrun "$(rt_of_cri state "$c" | jq -r 'if .annotations then "sandrun" else "?" end')"
}

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
	# the protocol of streaming has no half-close: so many bytes, not the end
	cr exec -i "$c" head -c 300000 <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
	run cr exec "$c" sh -c 'exit 9'
	[ "$status" -ne 0 ]
	has "exit code 9" "$output"
	run timeout 30 script -qefc "nsenter --mount --net --target $HOLDER $CRICTL -r $CRI_SOCKET exec -it $c probe tty" "$T/tty.out" </dev/null
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

@test "cri: containerd tells of what begins and ends, and that the kernel killed for memory" {
	local c
	spawn cr events >"$T/events"
	pod
	c=$(container c 'exec tail /dev/zero' '.linux.resources = {memory_limit_in_bytes: 16777216}')
	wait_until is_cri_state "$c" CONTAINER_EXITED
	is "137 OOMKilled" "$(cr inspect "$c" | jq -r '"\(.status.exitCode) \(.status.reason)"')"
	cr rm "$c" >/dev/null
	if [ "$CONFIG_VERSION" = 3 ] || grep -q "$c" "$T/events"; then
		wait_until eval '[ "$(jq -r "select(.containerId == \"'"$c"'\") | .containerEventType" "$T/events" | sort -u | wc -l)" -ge 3 ]'
	fi
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
	# containerd 2 asks the runtime to delete the pod only, and leaves its containers' state and cgroups
	[ "$CONFIG_VERSION" = 2 ] || rt_of_cri delete --force "$c"
	cr stopp "$POD" >/dev/null
	cr rmp "$POD" >/dev/null
}

@test "cri: containerd starts again, and the container lives on" {
	pod
	local c pid
	c=$(container c 'echo begun; sleep 1000')
	pid=$(cr inspect "$c" | jq .info.pid)
	ctd_stop
	ctd_start
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

@test "cri: a bad annotation of the pod or of a container fails the container with our line" {
	need sandrun
	# the pause container has no policy; a containerd that was told so gives each container the pod's annotations
	pod '.annotations["io.sandlock.net-deny"] = "example.org"'
	run container c 'sleep 1000'
	[ "$status" -ne 0 ]
	has io.sandlock.net-deny "$output"
	has example.org "$output"
	cr stopp "$POD" >/dev/null
	cr rmp -f "$POD" >/dev/null
	pod
	run container d 'sleep 1000' '.annotations["io.sandlock.net-alow"] = ":443"'
	[ "$status" -ne 0 ]
	has 'did you mean "io.sandlock.net-allow"' "$output"
	nothing_left_of_containers() { [ -z "$(rt_of_cri list -q | grep -v "^$POD")" ]; }
	wait_until nothing_left_of_containers
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

@test "cri: one container's own keys win over the pod's, and the pause container has no policy" {
	local web db policy pause
	serve tcp:127.0.0.1:80 tcp:127.0.0.1:81
	pod '.annotations = {"io.sandlock.net-deny": "127.0.0.1:80", "io.sandlock.container.web.net-allow": "127.0.0.1:80"}'
	pause=$POD
	is "" "$(rt_of_cri state "$pause" | jq -r '.annotations["io.sandlock.supervisor-pid"] // ""')"
	web=$(container web 'sleep 1000')
	db=$(container db 'sleep 1000')
	is OK "$(cr exec -s "$web" probe tcp 127.0.0.1 80)"
	is ECONNREFUSED "$(cr exec -s "$web" probe tcp 127.0.0.1 81)"
	is ECONNREFUSED "$(cr exec -s "$db" probe tcp 127.0.0.1 80)"
	is OK "$(cr exec -s "$db" probe tcp 127.0.0.1 81)"
	reached tcp:127.0.0.1:80 1
	reached tcp:127.0.0.1:81 1
}
