# SPDX-License-Identifier: Apache-2.0
# peers.bats - what users of runc and crun rely on: options, texts that scripts look for, what happens in odd states

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

rrun() { run --separate-stderr rt "$@"; }

# on_v1 CONTROLLER: its directory of this container, or skips.
on_v1() {
	[ -d "/sys/fs/cgroup/$1" ] || skip "no cgroup v1 hierarchy with $1"
	echo "/sys/fs/cgroup/$1/$ID"
}

@test "warnings are told on stderr, and with --log nowhere but there and only if asked for" {
	need sandrun
	cfg '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	run_container true
	is 0 "$status"
	has "CAP_NO_SUCH" "$stderr"
	rrun --log "$T/log" run --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	is "" "$(cat "$T/log")"
	rrun --log "$T/log" --log-level warning run --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	has CAP_NO_SUCH "$(cat "$T/log")"
}

@test "an ambient capability that is not inheritable is a warning that names it" {
	cfg '.process.capabilities |= {bounding: ["CAP_KILL", "CAP_CHOWN"], permitted: ["CAP_KILL", "CAP_CHOWN"],
		effective: ["CAP_KILL"], inheritable: ["CAP_KILL"], ambient: ["CAP_KILL", "CAP_CHOWN"]}'
	run_container grep CapAmb /proc/self/status
	is 0 "$status"
	has "can't raise ambient capability CAP_CHOWN: " "$stderr"
	has 0000000000000020 "$output"
}

@test "exec --additional-gids adds up" {
	args sleep 1000
	start_container
	rrun exec --user 1000:1000 --additional-gids 7 --additional-gids 100,65534 "$ID" id -G
	is "1000 7 100 65534" "$output"
}

@test "exec --cgroup: for all hierarchies or one of them, never above, never one that is not there" {
	local memory cpu
	memory=$(on_v1 memory)
	cpu=$(on_v1 cpu)
	args sleep 1000
	cfg '.linux.namespaces |= map(select(.type != "cgroup"))'
	start_container
	rrun exec --cgroup .. "$ID" true
	one_clear_line "bad sub cgroup path"
	rrun exec --cgroup absent "$ID" true
	one_clear_line "adding pid " "o such file or directory"
	rrun exec --cgroup cpu:absent "$ID" true
	one_clear_line "adding pid " "o such file or directory"
	rrun exec --cgroup whaaat:/ "$ID" true
	one_clear_line "unknown controller "
	mkdir "$memory/below" "$cpu/under"
	rrun exec --cgroup memory:below --cgroup cpu:under "$ID" cat /proc/self/cgroup
	is 0 "$status"
	has ":memory:/$ID/below" "$output"
	has "/$ID/under" "$(grep -E ':cpu[,:]' <<<"$output")"
	is "/$ID" "$(grep :freezer: <<<"$output" | cut -d: -f3)"
	rrun exec --cgroup / "$ID" cat /proc/self/cgroup
	is "" "$(grep -v ":/$ID\$" <<<"$output")"
}

@test "a cgroup with processes and a frozen one are refused in the peers' words" {
	args sleep 1000
	start_container
	rrun create --bundle "$B" "$ID-2"
	one_clear_line "container's cgroup is not empty"
	rt delete --force "$ID"
	local dir
	dir=$(on_v1 freezer)
	mkdir "$dir"
	echo FROZEN >"$dir/freezer.state"
	rrun create --bundle "$B" "$ID"
	echo THAWED >"$dir/freezer.state"
	rmdir "$dir"
	one_clear_line "container's cgroup unexpectedly frozen"
}

@test "a failed hook is named by kind and number" {
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart; do
		cfg '.hooks = {($k): [{"path": "/bin/true"}, {"path": "/bin/false"}]}' --arg k "$kind"
		run_container true
		[ "$status" -ne 0 ]
		has "error running $kind hook #1:" "$stderr"
	done
	cfg '.hooks = {"poststop": [{"path": "/bin/false"}]}'
	run_container true
	is 0 "$status"
	has "error running poststop hook #0:" "$stderr"
}

@test "list: in the order of the names; a root that was named and is not there is an error" {
	args sleep 1000
	local i
	for i in c a b; do
		cfg '.linux.cgroupsPath = $p' --arg p "/$ID-$i"
		rt create --bundle "$B" "$ID-$i" </dev/null >/dev/null 2>&1
	done
	is "$ID-a $ID-b $ID-c" "$(rt list -q | xargs)"
	is "$ID-a $ID-b $ID-c" "$(rt list -f json | jq -r '.[].id' | xargs)"
	run --separate-stderr "$SANDRUN" --root "$T/absent" list
	one_clear_line "$T/absent"
}

@test "delete --regex: all whose id matches, and nothing else" {
	need sandrun
	args sleep 1000
	local i
	for i in a1 a2 b1; do
		cfg '.linux.cgroupsPath = $p' --arg p "/$ID-$i"
		rt create --bundle "$B" "$ID-$i" </dev/null >/dev/null 2>&1
	done
	rt start "$ID-a2"
	rrun delete --regex "$ID-a.*"
	one_clear_line "not stopped"
	is "$ID-a2 $ID-b1" "$(rt list -q | xargs)"
	rrun delete --force -r -- '-a[0-9]$'
	is "0  " "$status $output $stderr"
	is "$ID-b1" "$(rt list -q)"
	rrun delete --force --regex '('
	one_clear_line "regular expression"
}

@test "kill --regex: all whose id matches, also where one of them cannot be" {
	need sandrun
	args sleep 1000
	local i
	for i in a1 a2 a3 b1; do
		cfg '.linux.cgroupsPath = $p' --arg p "/$ID-$i"
		rt run -d --bundle "$B" "$ID-$i" </dev/null >/dev/null 2>&1
	done
	rt kill "$ID-a1" KILL
	wait_until status_is stopped "$ID-a1"
	rrun kill --regex "$ID-a.*" KILL
	one_clear_line "container not running: $ID-a1"
	wait_until status_is stopped "$ID-a2"
	wait_until status_is stopped "$ID-a3"
	status_is running "$ID-b1"
	rrun kill -r -a "b1\$" 9
	is "0  " "$status $output $stderr"
	wait_until status_is stopped "$ID-b1"
	rrun kill --regex '(' TERM
	one_clear_line "kill: the regular expression"
}

@test "spec --file: another name, also one that is there" {
	need sandrun
	echo old >"$T/other.json"
	rt spec --bundle "$T" --file other.json
	jq -e .process.args "$T/other.json"
	rt spec -f /dev/stdout | jq -e .root.path
	[ ! -e config.json ]
}

@test "spec: a cgroup namespace on cgroup v2 only" {
	rt spec --bundle "$T"
	local want=0
	[ "$(stat -fc %T /sys/fs/cgroup)" != cgroup2fs ] || want=1
	is "$want" "$(jq '[.linux.namespaces[] | select(.type == "cgroup")] | length' "$T/config.json")"
}

@test "linux.memoryPolicy: what is wrong with it" {
	local -A wrong=([{}]="invalid memory policy mode" ['{"mode": "X"}']="invalid memory policy mode"
		['{"mode": "MPOL_BIND", "nodes": "0", "flags": ["X"]}']="invalid memory policy flag"
		['{"mode": "MPOL_DEFAULT", "nodes": "0-7"}']="mode requires 0 nodes but got 8"
		['{"mode": "MPOL_BIND", "nodes": "0-9876543210"}']="invalid memory policy node")
	local p
	for p in "${!wrong[@]}"; do
		cfg '.linux.memoryPolicy = $p' --argjson p "$p"
		run_container true
		one_clear_line "${wrong[$p]}"
	done
}

@test "help: each command says its name and what it is for" {
	need sandrun
	local c
	for c in create delete events exec features kill list pause ps resume run spec start state update; do
		rrun "$c" --help
		is 0 "$status"
		is NAME: "${lines[0]}"
		has "sandrun $c - " "${lines[1]}"
	done
	rrun foo -h
	one_clear_line "No help topic for 'foo'"
}

# spawn_manager WORD…: our manager program, its output in $T/manager.out.
spawn_manager() {
	local m=$1 path=$2
	shift 2
	"$PROGRAMS/manager" "$m" "$path" "$@" >"$T/manager.out" 2>&1 </dev/null 3>&- &
	SPAWNED+=($!)
	wait_until test -S "$path"
}

@test "--pidfd-socket of create, run and exec gets a pidfd of the new process" {
	args sleep 1000
	spawn_manager pidfd "$T/p.sock" 9
	rt create --bundle "$B" --pidfd-socket "$T/p.sock" "$ID" </dev/null >/dev/null 2>&1
	wait_until status_is stopped
	is standard "$(cat "$T/manager.out")"
	rt delete "$ID"
	rm "$T/p.sock"
	spawn_manager pidfd "$T/p.sock" 0
	rt run -d --bundle "$B" --pidfd-socket "$T/p.sock" "$ID" </dev/null >/dev/null 2>&1
	wait_until file_has "$T/manager.out" standard
	rt delete --force "$ID"
	rm "$T/p.sock"
	start_container
	spawn_manager pidfd "$T/p.sock" 9
	rrun exec --pidfd-socket "$T/p.sock" "$ID" sleep 1000
	is 137 "$status"
	is setns "$(cat "$T/manager.out")"
	status_is running
	rt delete --force "$ID"
	rrun create --bundle "$B" --pidfd-socket "$T/none.sock" "$ID"
	one_clear_line --pidfd-socket
	assert_no_leftovers
}

@test "NOTIFY_SOCKET: start returns when the workload is ready, and the manager hears of it and of its pid" {
	export NOTIFY_SOCKET=$T/n.sock
	spawn_manager notify "$NOTIFY_SOCKET"
	shell 'echo up; cat >/dev/null <fifo; probe notify $NOTIFY_SOCKET STATUS=almost; probe notify $NOTIFY_SOCKET READY=1; exec sleep 1000'
	cfg '.process.cwd = "/tmp"'
	mkfifo "$B/rootfs/tmp/fifo"
	create
	spawn rt start "$ID"
	local starter=$!
	wait_until file_has "$OUT" up
	kill -0 "$starter"
	is "" "$(cat "$T/manager.out")"
	: >"$B/rootfs/tmp/fifo"
	wait "$starter"
	wait_until file_has "$T/manager.out" BARRIER
	is "READY=1 MAINPID=$(container_pid) BARRIER=1" "$(xargs <"$T/manager.out")"
	status_is running
	rt delete --force "$ID"
}

@test "NOTIFY_SOCKET: run passes it on, a container that ends unready does not hang start, and an engine's own socket stays" {
	export NOTIFY_SOCKET=$T/n.sock
	spawn_manager notify "$NOTIFY_SOCKET"
	run_container -- sh -c 'probe notify $NOTIFY_SOCKET READY=1'
	is "0 OK" "$status $output"
	wait_until file_has "$T/manager.out" READY=1
	is "READY=1" "$(cat "$T/manager.out")"
	args true
	create
	rrun start "$ID"
	is "0  " "$status $output $stderr"
	rt delete --force "$ID"
	cfg '.process.env += ["NOTIFY_SOCKET=/own"]'
	args sh -c 'echo $NOTIFY_SOCKET; exec sleep 1000'
	create
	rt start "$ID"
	wait_until file_has "$OUT" /own
	rt delete --force "$ID"
}

@test "LISTEN_FDS: the descriptors and the variables reach the workload" {
	export LISTEN_FDS=1
	shell 'echo $LISTEN_FDS $LISTEN_PID; cat <&3'
	exec 7<<<given
	run --separate-stderr "$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" 3<&7
	exec 7<&-
	is 0 "$status"
	is "1 1 given" "$(xargs <<<"$output")"
}

@test "a failed hook stops and deletes the container, and poststop hooks run after it" {
	need sandrun
	local kind step
	args sleep 1000
	cp "$B/config.json" "$T/good"
	for kind in prestart createRuntime createContainer startContainer poststart; do
		rm -f "$T/gone"
		jq '.hooks = {($k): [{"path": "/bin/false"}], "poststop": [{"path": "/bin/sh", "args": ["sh", "-c", "cat >" + $f]}]}' \
			--arg k "$kind" --arg f "$T/gone" "$T/good" >"$B/config.json"
		step=create
		[ "$kind" != startContainer ] && [ "$kind" != poststart ] || step=start
		[ $step = create ] || rt create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1
		[ $step = create ] && rrun create --bundle "$B" "$ID" || rrun start "$ID"
		one_clear_line "$kind hook #0"
		jq -e '.status == "stopped" and .id == $id' --arg id "$ID" "$T/gone"
		rrun state "$ID"
		one_clear_line "does not exist"
		assert_no_leftovers
	done
}

@test "a create that fails before there is an init runs no poststop hook; a program that is missing does" {
	need sandrun
	args /no/such/program
	cfg '.hooks = {"poststop": [{"path": "/bin/touch", "args": ["touch", $f]}]}' --arg f "$T/gone"
	cp "$B/config.json" "$T/good"
	cfg '.linux.namespaces += [{"type": "cgroup", "path": "/no/such"}]'
	rrun create --bundle "$B" "$ID"
	one_clear_line /no/such
	[ ! -e "$T/gone" ]
	cp "$T/good" "$B/config.json"
	rrun create --bundle "$B" "$ID"
	one_clear_line /no/such/program
	[ -e "$T/gone" ]
}

@test "run.oci.hooks.stdout and .stderr: what hooks say goes into these files" {
	need sandrun
	local logs=/var/log/sandrun
	[ -d $logs ] || cleanup rmdir $logs
	annotate "run.oci.hooks.stdout=$logs/$ID-so" "run.oci.hooks.stderr=$logs/$ID-se"
	cleanup rm -f "$logs/$ID-so" "$logs/$ID-se"
	cfg '.hooks = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "echo one; echo two >&2"]}],
		"poststop": [{"path": "/bin/echo", "args": ["echo", "three"]}]}'
	run_container true
	is "0  " "$status $output $stderr"
	is "one three" "$(xargs <"$logs/$ID-so")"
	is two "$(cat "$logs/$ID-se")"
	annotate "run.oci.hooks.stdout=$logs/$ID/no/such"
	cfg 'del(.hooks.poststop)'
	run_container true
	one_clear_line run.oci.hooks.stdout
}

@test "run.oci.pidfd_receiver and run.oci.seccomp_fail_unknown_syscall" {
	need sandrun
	args sleep 1000
	annotate "run.oci.pidfd_receiver=$T/p.sock"
	spawn_manager pidfd "$T/p.sock" 9
	rt create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1
	wait_until status_is stopped
	rt delete "$ID"
	cfg 'del(.annotations)'
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}]}'
	run_container true
	is 0 "$status"
	annotate run.oci.seccomp_fail_unknown_syscall=1
	run_container true
	one_clear_line 'unknown system call "no_such_call"'
}

# The agent closes the listener with the connection: who asks then gets ENOSYS.
agent() {
	rm -f "$T/agent.sock"
	spawn socat -u "UNIX-LISTEN:$T/agent.sock" "CREATE:$T/agent.json"
	wait_until test -S "$T/agent.sock"
}
agent_heard() { jq -e '.fds == ["seccompFd"] and .state.id == $id' --arg id "$ID" "$T/agent.json"; }

@test "run.oci.seccomp.receiver, or RUN_OCI_SECCOMP_RECEIVER, stands in for a missing listenerPath" {
	need sandrun socat
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	args mkdir /tmp/x
	run_container
	one_clear_line listenerPath
	annotate "run.oci.seccomp.receiver=$T/agent.sock"
	agent
	run_container
	has "not implemented" "$stderr"
	wait_until agent_heard
	annotate run.oci.seccomp.receiver=agent.sock
	run_container
	one_clear_line run.oci.seccomp.receiver "no absolute path"
	cfg 'del(.annotations)'
	agent
	RUN_OCI_SECCOMP_RECEIVER=$T/agent.sock run_container
	has "not implemented" "$stderr"
	wait_until agent_heard
	# What the profile says counts, and one without SCMP_ACT_NOTIFY has no listener to send.
	cfg '.linux.seccomp.listenerPath = "/no/such"'
	RUN_OCI_SECCOMP_RECEIVER=$T/agent.sock run_container
	one_clear_line /no/such
	cfg 'del(.linux.seccomp.listenerPath) | .linux.seccomp.syscalls[0].action = "SCMP_ACT_ALLOW"'
	RUN_OCI_SECCOMP_RECEIVER=$T/nobody.sock run_container
	is "0 " "$status $stderr"
}

@test "a handler of crun's that is not here is refused, but for a pod's pause container and for -smart ones" {
	need sandrun
	args true
	annotate run.oci.handler=krun
	run_container
	one_clear_line run.oci.handler krun
	annotate io.kubernetes.cri.container-type=sandbox
	run_container
	is "0 " "$status $stderr"
	cfg '.annotations = {"run.oci.handler": "wasm-smart"}'
	run_container
	is "0 " "$status $stderr"
	cfg '.annotations = {"run.oci.seccomp_bpf_data": "BgAAAAAA/38="}'
	run_container
	one_clear_line run.oci.seccomp_bpf_data
	cfg '.annotations = {"run.oci.mount_context_type": "nocontext"}'
	run_container
	one_clear_line run.oci.mount_context_type nocontext
	annotate run.oci.mount_context_type=rootcontext
	run_container
	is "0 " "$status $stderr"
}

@test "run.oci.systemd.force_cgroup_v1: /sys/fs/cgroup has the hierarchy name=systemd and no other" {
	need sandrun
	[ -e /sys/fs/cgroup/systemd/cgroup.procs ] || skip "no hierarchy name=systemd"
	cfg '.mounts |= map(select(.destination != "/sys/fs/cgroup")) | .linux.namespaces |= map(select(.type != "cgroup")) |
		.linux.namespaces += [{type: "cgroup"}] |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["rw"]}]'
	args sh -c 'echo /sys/fs/cgroup/*; grep "name=systemd" /proc/self/mountinfo; mkdir /sys/fs/cgroup/systemd/init.scope && echo made'
	annotate run.oci.systemd.force_cgroup_v1=/sys/fs/cgroup
	run_container
	is "/sys/fs/cgroup/systemd" "${lines[0]}"
	[[ ${lines[1]} == *" / /sys/fs/cgroup/systemd "* && ${lines[2]} == made ]]
	annotate run.oci.systemd.force_cgroup_v1=/elsewhere
	run_container
	[ "${lines[0]}" != /sys/fs/cgroup/systemd ]
}

# outliving_init: the container, in the host's pid namespace, without its init: $REST is a process that is left.
outliving_init() {
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	args sleep 1000
	start_container
	rt exec -d --pid-file "$T/rest" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	REST=$(cat "$T/rest")
	kill -KILL "$(container_pid)"
	wait_until status_is stopped
	kill -0 "$REST"
}

@test "kill KILL and delete find what has outlived init in a shared pid namespace" {
	outliving_init
	rrun kill "$ID" TERM
	one_clear_line "container not running"
	rrun kill "$ID" KILL
	is "0  " "$status $output $stderr"
	wait_until pid_gone "$REST"
	rrun kill "$ID" KILL
	one_clear_line "container not running"
	rt delete "$ID"
	outliving_init
	rrun delete "$ID"
	is "0  " "$status $output $stderr"
	wait_until pid_gone "$REST"
	outliving_init
	rrun delete --force "$ID"
	is "0  " "$status $output $stderr"
	wait_until pid_gone "$REST"
}

@test "a terminal in the host's mount namespace is the host's" {
	need sandrun script
	cfg '.process.terminal = true | .linux.namespaces |= map(select(.type != "mount")) | .linux |= del(.maskedPaths, .readonlyPaths)'
	args echo hello
	run timeout 20 script -qefc "'$SANDRUN' --root '$STATE' run --bundle '$B' '$ID'" /dev/null
	is 0 "$status"
	has hello "$output"
}

@test "mounts: a destination that begins with the root's own path means what is behind it" {
	mkdir -p "$T/src"
	echo here >"$T/src/file"
	cfg '.mounts += [{"source": $s, "destination": $d, "type": "bind", "options": ["bind"]}]' --arg s "$T/src" --arg d "$B/rootfs/data/sub"
	run_container cat /data/sub/file
	is here "$output"
}

@test "update --l3-cache-schema without linux.intelRdt is refused" {
	need sandrun
	args sleep 1000
	start_container
	rrun update --l3-cache-schema L3:0=f "$ID"
	one_clear_line linux.intelRdt
	rrun update --mem-bw-schema MB:0=50 "$ID"
	one_clear_line linux.intelRdt
}

@test "a user namespace without mappings: the creator is whom the workload is, the others come from his subordinate ids" {
	local range=(0 0)
	! grep -q ^root: /etc/subuid || IFS=: read -ra range <<<"$(sed -n 's/^root://p;T;q' /etc/subuid)"
	chmod -R go+rX "$B"
	cfg '.linux.namespaces += [{"type": "user"}] | .process.user = {"uid": 0, "gid": 0} |
		(.mounts[] | select(.type == "devpts") | .options) -= ["gid=5"]'
	run_container cat /proc/self/uid_map
	is 0 "$status"
	is "0 0 1" "$(head -n 1 <<<"$output" | xargs)"
	if [ "${range[1]}" = 0 ]; then
		is 1 "${#lines[@]}"
	else
		is "1 ${range[0]} ${range[1]}" "$(sed -n 2p <<<"$output" | xargs)"
	fi
}

@test "--debug tells the steps, on stderr or in --log, each as a record" {
	need sandrun
	rrun --debug run --bundle "$B" "$ID"
	is 0 "$status"
	is "" "$(grep -v '^time="[^"]*" level=debug msg=".*"$' <<<"$stderr")"
	has "is ready" "$stderr"
	rrun --debug --log "$T/log" --log-format json run --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	jq -se 'map(select(.level == "debug" and (.msg | test("is ready")))) | length == 1' "$T/log"
}

@test "linux.devices in a user namespace: the owner and the mode that were asked for, also of one that the host does not show" {
	chmod -R go+rX "$B"
	cfg '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "sysfs")) |
		.linux.devices = [{"path": "/dev/zip", "type": "c", "major": 1, "minor": 5, "fileMode": 416, "uid": 7, "gid": 8},
			{"path": "/dev/plain", "type": "c", "major": 1, "minor": 3}] |
		.linux.resources.devices = [{"allow": true, "access": "rwm"}]'
	run_container sh -c 'stat -c "%a %u %g %t:%T" /dev/zip /dev/plain; head -c 3 /dev/zip | wc -c; chmod 600 /dev/plain; stat -c %a /dev/plain'
	is 0 "$status"
	is "640 7 8 1:5 666 0 0 1:3 3 600" "$(xargs <<<"$output")"
	is 666 "$(stat -c %a /dev/null)"
}

@test "a created container ends by a TERM" {
	args touch /tmp/ran
	create
	rt kill "$ID" TERM
	wait_until status_is stopped
	[ ! -e "$B/rootfs/tmp/ran" ]
	rt delete "$ID"
}

@test "delete --force of a container whose init cannot be killed is an error within seconds, and the next one has success" {
	local frozen
	on_v1 freezer >/dev/null
	frozen=/sys/fs/cgroup/freezer/$ID-other
	args sleep 1000
	start_container
	mkdir "$frozen"
	cleanup eval "echo THAWED >$frozen/freezer.state; rmdir $frozen"
	container_pid >"$frozen/cgroup.procs"
	echo FROZEN >"$frozen/freezer.state"
	rrun delete --force "$ID"
	one_clear_line "container init still running"
	is "$ID" "$(rt list -q)"
	echo THAWED >"$frozen/freezer.state"
	wait_until status_is stopped
	rt delete --force "$ID"
}
