# SPDX-License-Identifier: Apache-2.0
# rootless.bats - podman and the runtime for a user without privileges, with a login session and a systemd of its own
#
# Runs as that user (guest sees to it). RUNTIME_BIN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load ../bats/helpers-engine
load helpers-vm

setup_file() {
	podman_file_setup
	cp "$PROGRAMS/serve" "$FT/rootfs/bin/"
	tar -C "$FT/rootfs" -cf "$FT/rootfs.tar" .
	pm import "$FT/rootfs.tar" t:latest >/dev/null 2>&1
}
teardown_file() { podman_file_teardown; }

setup() { user_setup; }
teardown() { user_teardown; }

pms() { pm --cgroup-manager systemd "$@"; }
cpid() { pm inspect -f '{{.State.Pid}}' "$NAME"; }
scope() { echo "libpod-$(cid).scope"; }

@test "rootless, systemd: run gives output and code" {
	run --separate-stderr pms run --rm --network none t sh -c 'echo out; id -u; exit 32'
	is 32 "$status"
	is $'out\n0' "$output"
	is "" "$stderr"
}

@test "rootless, systemd: limits are in the user's unit and in the files" {
	pms run -d --network none --name "$NAME" --memory 64m --memory-reservation 32m --memory-swap 96m --cpus 0.25 --cpu-shares 512 \
		--cpuset-cpus 0 --pids-limit 40 t sleep 1000 >/dev/null
	limits_in_unit "$(scope)"
	limits_in_files "$(cpid)" "$(cg_file "$(cpid)" cpu.weight)"
	has "/user@1000.service/user.slice/$(scope)" "$(cg_of "$(cpid)")"
	is 67108864 "$(pms exec "$NAME" cat /sys/fs/cgroup/memory.max)"
	systemctl --user daemon-reload
	limits_in_files "$(cpid)" "$(cg_file "$(cpid)" cpu.weight)"
	pms update --memory 128m --pids-limit 99 "$NAME" >/dev/null
	cg_is "$(cpid)" memory.max 134217728
	cg_is "$(cpid)" pids.max 99
	local s
	s=$(scope)
	pms stop -t 1 "$NAME" >/dev/null
	wait_until unit_gone "$s"
	not_failed "$s"
}

@test "rootless, systemd: exec, pause, stats, top" {
	pms run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr pms exec "$NAME" sh -c 'id -u; exit 7'
	is "7 0" "$status $output"
	pms pause "$NAME" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 1
	pms unpause "$NAME" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 0
	run --separate-stderr pms stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$NAME"
	is 0 "$status"
	has "1 " "$output"
	run pms top "$NAME" pid args
	has "sleep 1000" "$output"
}

@test "rootless, systemd: podman reports a kill for want of memory" {
	local try killed
	# conmon reads memory.events after the kill, and the user's systemd removes the emptied scope: a race
	# of these two. So: it must be reported, but not each time.
	for try in 1 2 3 4; do
		run --separate-stderr pms run --network none --name "$NAME" --memory 16m --memory-swap 16m t tail -c 60000000 /dev/zero
		is 137 "$status"
		killed=$(pms inspect -f '{{.State.OOMKilled}}' "$NAME")
		[ "$killed" != true ] || break
		pms rm -f "$NAME" >/dev/null
	done
	is true "$killed"
}

@test "rootless, systemd: users, uid maps, volumes" {
	mkdir "$T/v"
	run --separate-stderr pms run --rm --network none --userns keep-id -v "$T/v:/v" t sh -c 'id -u; touch /v/x'
	is "0 1000" "$status $output"
	is 1000 "$(stat -c %u "$T/v/x")"
	run --separate-stderr pms run --rm --network none -u 5:6 t sh -c 'id -u; id -g'
	is $'5\n6' "$output"
	run --separate-stderr pms run --rm --network none --userns keep-id:uid=5,gid=6 t sh -c 'id -u; id -g'
	is $'5\n6' "$output"
}

@test "rootless, systemd: --privileged, --device, --read-only, --tmpfs, --pid host" {
	run --separate-stderr pms run --rm --network none --privileged t sh -c 'mount -t tmpfs x /tmp && echo yes'
	is "0 yes" "$status $output"
	run --separate-stderr pms run --rm --network none --device /dev/fuse t sh -c ': </dev/fuse && echo yes'
	is "0 yes" "$status $output"
	run --separate-stderr pms run --rm --network none --read-only --tmpfs /run t sh -c 'touch /x 2>/dev/null || touch /run/x && echo ok'
	is "0 ok" "$status $output"
	run --separate-stderr pms run --rm --network none --pid host t sh -c 'test -d /proc/1 && echo ok'
	is "0 ok" "$status $output"
}

@test "rootless, systemd: the container may have cgroups of its own where podman makes the mount writable" {
	run --separate-stderr pms run --rm --network none --security-opt unmask=/sys/fs/cgroup --systemd=always t \
		sh -c 'mkdir /sys/fs/cgroup/x && echo 5 >/sys/fs/cgroup/x/cgroup.max.depth && cat /proc/self/cgroup'
	is 0 "$status"
	has "0::/" "$output"
}

@test "rootless: pasta connects it; a published port reaches it" {
	pms run -d --network pasta -p 127.0.0.1:18080:80 --name "$NAME" t serve /tmp/counts tcp:0.0.0.0:80 >/dev/null
	wait_until pms exec "$NAME" test -e /tmp/counts
	is OK "$("$PROBE" tcp 127.0.0.1 18080)"
	wait_until pms exec "$NAME" grep -q 'tcp:0.0.0.0:80 [1-9]' /tmp/counts
}

@test "rootless: slirp4netns" {
	run --separate-stderr pms run --rm --network slirp4netns t busybox ifconfig tap0
	is 0 "$status"
	has 10.0.2.100 "$output"
}

@test "rootless, cgroupfs: run, exec, code, pause" {
	pm run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr pm exec "$NAME" sh -c 'exit 7'
	is 7 "$status"
	run --separate-stderr pm rm -f -t 0 "$NAME"
	is 0 "$status"
}

@test "rootless, --cgroups=disabled: run, exec, stop" {
	pm run -d --cgroups disabled --network none --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr pm exec "$NAME" sh -c 'exit 7'
	is 7 "$status"
	run --separate-stderr pm stop -t 1 "$NAME"
	is 0 "$status"
}

@test "rootless: a policy's net-deny holds in run and in exec" {
	need sandrun
	pms run -d --network none --name "$NAME" --annotation io.sandlock.net-deny=loopback:81 t \
		serve /tmp/counts tcp:127.0.0.1:80 tcp:127.0.0.1:81 udp:127.0.0.1:81 >/dev/null
	wait_until pms exec "$NAME" test -e /tmp/counts
	run --separate-stderr pms exec "$NAME" probe each 'tcp 127.0.0.1 80' 'tcp 127.0.0.1 81' 'udp 127.0.0.1 81' \
		'tcp ::ffff:127.0.0.1 81' 'tcp 0.0.0.0 81'
	is 'tcp 127.0.0.1 80: OK
tcp 127.0.0.1 81: ECONNREFUSED
udp 127.0.0.1 81: ECONNREFUSED
tcp ::ffff:127.0.0.1 81: ECONNREFUSED
tcp 0.0.0.0 81: ECONNREFUSED' "$output"
	# what is counted is what the supervisor saw
	run podman unshare "$SANDRUN" --root "$FT/state" state "$(cid)"
	[ "$(sed -n '/^{/,$p' <<<"$output" | jq -r '.annotations["io.sandlock.denied"]')" -ge 4 ] || { echo "$output"; false; }
	echo "# enforcement: $(jq -r '.annotations["io.sandlock.enforcement"]' <<<"$output")" >&3
	local sup
	sup=$(jq -r '.annotations["io.sandlock.supervisor-pid"]' <<<"$output")
	[[ $(cg_of "$sup") != *"$(cid)"* ]] || [[ $(cg_of "$sup") == *conmon* ]]
	run pms exec "$NAME" cat /tmp/counts
	! grep -q ':81 [1-9]' <<<"$output"
	elapsed_ms pms rm -f -t 0 "$NAME"
	wait_until pid_gone "$sup"
}

@test "rootless: a policy's net-allow holds, with pasta" {
	need sandrun
	pms run -d --network pasta --name "$NAME" --annotation 'io.sandlock.net-allow=127.0.0.1:80' t \
		serve /tmp/counts tcp:127.0.0.1:80 tcp:127.0.0.1:81 >/dev/null
	wait_until pms exec "$NAME" test -e /tmp/counts
	run --separate-stderr pms exec "$NAME" probe each 'tcp 127.0.0.1 80' 'tcp 127.0.0.1 81' 'udp 127.0.0.1 80' 'tcp 10.0.2.2 80'
	is 'tcp 127.0.0.1 80: OK
tcp 127.0.0.1 81: ECONNREFUSED
udp 127.0.0.1 80: EACCES
tcp 10.0.2.2 80: ECONNREFUSED' "$output"
}
