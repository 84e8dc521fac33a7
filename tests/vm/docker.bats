# SPDX-License-Identifier: Apache-2.0
# docker.bats - Docker as Debian 13 runs it: 26.1, systemd driver, cgroup v2; and what Debian 12's has not: --annotation, features,
# recursive read-only mounts
#
# The engine uses the machine's own network and /run, where systemd is: this is for the virtual machine only. The rest of what
# Docker's users do is in tests/bats/docker.bats, with the cgroupfs driver. RUNTIME_BIN=/usr/sbin/runc runs what is neutral.

load ../bats/helpers
load ../bats/helpers-net
load ../bats/helpers-engine
load ../bats/helpers-docker
load helpers-vm

setup_file() {
	need "$DOCKERD" "$DK" runc
	engine_file_setup
	cp "$PROGRAMS/serve" "$FT/rootfs/bin/"
	mkdir -p "$FT/cli"
	jq -n --arg rt "${RUNTIME_BIN:-$SANDRUN}" '{"runtimes": {"ours": {"path": $rt}}, "default-runtime": "ours",
		"exec-opts": ["native.cgroupdriver=systemd"]}' >"$FT/daemon.json"
	"$DOCKERD" --config-file "$FT/daemon.json" --data-root "$FT/data" --exec-root "$FT/exec" --pidfile "$FT/docker.pid" \
		-H "unix://$FT/d.sock" >"$FT/dockerd.log" 2>&1 </dev/null 3>&- &
	echo $! >"$FT/dockerd.pid"
	WAIT_FOR=60 wait_until docker_answers || { tail -n 20 "$FT/dockerd.log" >&2; return 1; }
	tar -C "$FT/rootfs" -c . | dk import - t:latest >/dev/null
}
teardown_file() {
	docker_stop
	engine_file_teardown
}
setup() {
	common_setup
	v2_only
	NAME=$ID
}
teardown() {
	local c
	for c in $(dk ps -aq); do dk rm -f -v "$c" >/dev/null 2>&1; done
	common_teardown
}

drun() { run --separate-stderr dk run --rm --network none "$@"; }
dstart() { dk run -d --name "$NAME" --network none "$@" >/dev/null; }
scope() { echo "docker-$(dk_id).scope"; }
noted() { rt_of_docker state "$(dk_id)" | jq -r --arg k "io.sandlock.$1" '.annotations[$k]'; }

@test "docker, systemd: info; what the daemon asks the runtime for at its start it gets" {
	is "systemd 2 ours" "$(dk info -f '{{.CgroupDriver}} {{.CgroupVersion}} {{.DefaultRuntime}}')"
	! grep -i 'features' "$FT/dockerd.log"
}

@test "docker, systemd: limits are in the unit and in the files; update; a reload keeps them; stop takes the unit away" {
	local s
	dstart --memory 64m --memory-reservation 32m --memory-swap 96m --cpus 0.25 --cpu-shares 512 --cpuset-cpus 0 --pids-limit 40 t \
		sleep 1000
	s=$(scope)
	unit_is "$s" Slice system.slice
	limits_in_unit "$s"
	limits_in_files "$(dk_pid)" "$(cg_file "$(dk_pid)" cpu.weight)"
	dk update --memory 96m --pids-limit 55 --cpus 0.5 "$NAME" >/dev/null
	systemctl daemon-reload
	cg_is "$(dk_pid)" memory.max 100663296
	cg_is "$(dk_pid)" pids.max 55
	cg_is "$(dk_pid)" cpu.max '50000 100000'
	is 100663296 "$(dk exec "$NAME" cat /sys/fs/cgroup/memory.max)"
	is 0::/ "$(dk exec "$NAME" cat /proc/self/cgroup)"
	dk stop -t 0 "$NAME" >/dev/null
	wait_until unit_gone "$s"
	not_failed "$s"
}

@test "docker, systemd: run, exec, logs, users, volumes, pause, restart" {
	mkdir "$T/v"
	chmod 777 "$T/v"
	drun -u 1000:1001 -v "$T/v:/v" -w /v t sh -c 'id -u; id -g; echo kept >f; exit 7'
	is $'7 1000\n1001' "$status $output"
	is kept "$(cat "$T/v/f")"
	dstart t sh -c 'echo begun; sleep 1000'
	run --separate-stderr dk exec -u 1000 -e A=b "$NAME" sh -c 'id -u; echo $A; exit 9'
	is $'9 1000\nb' "$status $output"
	dk pause "$NAME" >/dev/null
	cg_is "$(dk_pid)" cgroup.freeze 1
	dk unpause "$NAME" >/dev/null
	dk restart -t 0 "$NAME" >/dev/null
	wait_until eval '[ "$(dk logs "$NAME" | grep -c begun)" = 2 ]'
	unit_is "$(scope)" ActiveState active
}

@test "docker, systemd: a slice of the user's choice, and no memory left" {
	dstart --cgroup-parent srt-d.slice t sleep 1000
	has /srt.slice/srt-d.slice/docker- "$(cg_of "$(dk_pid)")"
	dk rm -f "$NAME" >/dev/null
	systemctl stop srt-d.slice srt.slice
	dstart -m 24m --memory-swap 24m t dd if=/dev/zero of=/dev/null bs=100M count=1
	is 137 "$(dk wait "$NAME")"
}

@test "docker: a recursive read-only mount" {
	mkdir -p "$T/m/sub"
	mount -t tmpfs -o size=64k tmpfs "$T/m/sub"
	cleanup umount "$T/m/sub"
	drun --mount "type=bind,src=$T/m,dst=/m,readonly,bind-recursive=readonly,bind-propagation=rprivate" t sh -c 'touch /m/sub/x'
	[ "$status" -ne 0 ]
	has Read-only "$stderr"
	[ ! -e "$T/m/sub/x" ]
}

@test "docker: a policy by --annotation: on a bridge and on the host's network, in exec, after a restart" {
	need sandrun
	local gw sup
	spawn "$PROGRAMS/serve" "$T/counts" tcp:0.0.0.0:18081
	wait_until test -e "$T/counts"
	run --separate-stderr dk run --rm --network host --annotation io.sandlock.net-deny=private t probe tcp 127.0.0.1 18081
	is ECONNREFUSED "$output"
	dk run -d --name "$NAME" --annotation io.sandlock.net-deny=private t sleep 1000 >/dev/null
	gw=$(dk inspect -f '{{.NetworkSettings.Gateway}}' "$NAME")
	is ECONNREFUSED "$(dk exec "$NAME" probe tcp "$gw" 18081)"
	is ECONNREFUSED "$(dk exec -u 1000 "$NAME" probe tcp "$gw" 18081)"
	has bpf "$(noted enforcement)"
	sup=$(noted supervisor-pid)
	dk restart -t 0 "$NAME" >/dev/null
	wait_until pid_gone "$sup"
	is ECONNREFUSED "$(dk exec "$NAME" probe tcp "$gw" 18081)"
	# Beside it one without; and that is the only one to arrive.
	is OK "$(dk run --rm t probe tcp "$gw" 18081)"
	reached tcp:0.0.0.0:18081 1
	drun --annotation io.sandlock.net-deny=example.org t true
	is 125 "$status"
	has io.sandlock.net-deny "$stderr"
}
