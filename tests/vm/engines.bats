# SPDX-License-Identifier: Apache-2.0
# engines.bats - podman as root with the systemd manager, containerd with --runc-systemd-cgroup, on cgroup v2
#
# RUNTIME_BIN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load ../bats/helpers-engine
load helpers-vm

setup_file() { ctr_file_setup; }
teardown_file() { ctr_file_teardown; }
setup() {
	podman_setup
	v2_only
}
teardown() {
	cc task kill -s KILL "$NAME" >/dev/null 2>&1
	cc task rm -f "$NAME" >/dev/null 2>&1
	cc container rm "$NAME" >/dev/null 2>&1
	podman_teardown
}

pms() { pm --cgroup-manager systemd "$@"; }
cpid() { pm inspect -f '{{.State.Pid}}' "$NAME"; }
scope() { echo "libpod-$(cid).scope"; }

@test "podman, systemd: limits are in the unit and in the files; update; stop takes the unit away" {
	local s
	pms run -d --network none --name "$NAME" --memory 64m --memory-reservation 32m --memory-swap 96m --cpus 0.25 --cpu-shares 512 \
		--cpuset-cpus 0 --pids-limit 40 t sleep 1000 >/dev/null
	s=$(scope)
	unit_is "$s" Slice machine.slice
	limits_in_unit "$s"
	limits_in_files "$(cpid)" "$(cg_file "$(cpid)" cpu.weight)"
	systemctl daemon-reload
	limits_in_files "$(cpid)" "$(cg_file "$(cpid)" cpu.weight)"
	is 67108864 "$(pms exec "$NAME" cat /sys/fs/cgroup/memory.max)"
	is 0::/ "$(pms exec "$NAME" cat /proc/self/cgroup)"
	pms update --memory 128m --pids-limit 99 "$NAME" >/dev/null
	cg_is "$(cpid)" memory.max 134217728
	cg_is "$(cpid)" pids.max 99
	pms stop -t 1 "$NAME" >/dev/null
	wait_until unit_gone "$s"
	not_failed "$s"
}

@test "podman, systemd: a slice of the user's choice" {
	pms run -d --network none --name "$NAME" --cgroup-parent srt-x.slice t sleep 1000 >/dev/null
	has /srt.slice/srt-x.slice/libpod- "$(cg_of "$(cpid)")"
	pms rm -f -t 0 "$NAME" >/dev/null
	systemctl stop srt-x.slice srt.slice
}

@test "podman, systemd: pause, stats, top, kill, restart" {
	pms run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	pms pause "$NAME" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 1
	pms unpause "$NAME" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 0
	run --separate-stderr pms stats --no-stream --format '{{.PIDs}}' "$NAME"
	is 1 "$output"
	run pms top "$NAME" pid args
	has "sleep 1000" "$output"
	pms restart -t 0 "$NAME" >/dev/null
	unit_is "$(scope)" ActiveState active
	pms kill "$NAME" >/dev/null
	is 137 "$(pms wait "$NAME")"
}

@test "podman, systemd: a kill for want of memory is reported" {
	run --separate-stderr pms run --network none --name "$NAME" --memory 16m --memory-swap 16m t \
		sh -c 'x=$(yes | head -c 60000000 | tr -d "\n"); echo survived'
	is 137 "$status"
	is true "$(pms inspect -f '{{.State.OOMKilled}}' "$NAME")"
	run --separate-stderr pms start -a "$NAME"
	is 137 "$status"
}

@test "podman, systemd: device rules hold" {
	modprobe fuse || true
	run --separate-stderr pms run --rm --network none --cap-add MKNOD --device /dev/fuse:/dev/fuse:r t \
		sh -c "mknod /tmp/vda b $(stat -c '%Hr %Lr' /dev/vda); $open_script" _ /dev/null /dev/fuse /tmp/vda
	is $'/dev/null yes\n/dev/fuse yes\n/tmp/vda no' "$output"
	run --separate-stderr pms run --rm --network none --device /dev/fuse:/dev/fuse:r t sh -c ': >/dev/fuse && echo written'
	[ "$status" -ne 0 ]
}

@test "podman, systemd: --cgroups=split inside a unit, --cgroups=no-conmon, --cgroups=disabled" {
	local mode
	for mode in no-conmon disabled; do
		run --separate-stderr pms run --rm --network none --cgroups "$mode" t sh -c 'exit 5'
		is "5 " "$status $stderr"
	done
	run --separate-stderr systemd-run -q --pipe --wait -p Delegate=yes --setenv=CONTAINERS_CONF="$FT/containers.conf" \
		--setenv=CONTAINERS_STORAGE_CONF="$FT/storage.conf" podman --runtime "${RUNTIME_BIN:-$FT/bin/sandrun}" --tmpdir "$FT/tmp" \
		--cgroup-manager systemd run --rm --network none --cgroups split --memory 64m t cat /sys/fs/cgroup/memory.max
	is "0 67108864" "$status $output"
}

@test "podman, systemd: a pod with a limit: its slice has it, shared namespaces, and goes with it" {
	pms pod create --name "$NAME-p" --network none --memory 128m --infra-image localhost/t:latest \
		--infra-command '/bin/sleep 1000' >/dev/null
	run --separate-stderr pms run --name "$NAME" --pod "$NAME-p" t sh -c 'cat /proc/sys/kernel/hostname; exit 3'
	is "3 $NAME-p" "$status $output"
	local slice
	slice=$(pms pod inspect "$NAME-p" | jq -r '.. | .CgroupPath? // empty' | head -n 1)
	is 134217728 "$(cat "/sys/fs/cgroup/${slice#/}/memory.max")"
	pms pod rm -f -t 0 "$NAME-p" >/dev/null
	[ ! -e "/sys/fs/cgroup/${slice#/}" ]
}

@test "podman, systemd: unified, throttles, cpuset; update changes them, and a daemon-reload keeps them" {
	local vda
	vda=$(stat -c '%Hr:%Lr' /dev/vda)
	pms run -d --network none --name "$NAME" --cgroup-conf memory.high=50331648 --device-read-bps /dev/vda:1mb t sleep 1000 >/dev/null
	unit_is "$(scope)" MemoryHigh 50331648
	pms update --cpus 0.5 --cpuset-cpus 0 --memory-reservation 32m --device-write-iops /dev/vda:100 "$NAME" >/dev/null
	systemctl daemon-reload
	cg_is "$(cpid)" memory.high 50331648
	cg_is "$(cpid)" cpu.max '50000 100000'
	cg_is "$(cpid)" cpuset.cpus 0
	cg_is "$(cpid)" memory.low 33554432
	cg_is "$(cpid)" io.max "$vda rbps=1048576 wbps=max riops=max wiops=100"
}

@test "podman, systemd: a pod is paused, counted, killed and started again as one" {
	pms pod create --name "$NAME-p" --network none --infra-image localhost/t:latest --infra-command '/bin/sleep 1000' >/dev/null
	pms run -d --name "$NAME" --pod "$NAME-p" t sleep 1000 >/dev/null
	pms pod pause "$NAME-p" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 1
	pms pod unpause "$NAME-p" >/dev/null
	cg_is "$(cpid)" cgroup.freeze 0
	run --separate-stderr pms pod stats --no-stream --format '{{.Name}} {{.PIDS}}' "$NAME-p"
	has "$NAME 1" "$output"
	pms pod kill "$NAME-p" >/dev/null
	is 137 "$(pms wait "$NAME")"
	pms pod start "$NAME-p" >/dev/null
	unit_is "$(scope)" ActiveState active
	pms pod rm -f -t 0 "$NAME-p" >/dev/null
}

@test "podman, systemd: a policy has its cgroup program, in a scope and with --cgroups=split" {
	need sandrun
	pms run -d --network none --name "$NAME" --annotation io.sandlock.net-deny=private --memory 64m t sleep 1000 >/dev/null
	has bpf "$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.enforcement"]')"
	cg_is "$(cpid)" memory.max 67108864
	is ECONNREFUSED "$(pms exec "$NAME" probe tcp 127.0.0.1 80)"
	run --separate-stderr systemd-run -q --pipe --wait -p Delegate=yes --setenv=CONTAINERS_CONF="$FT/containers.conf" \
		--setenv=CONTAINERS_STORAGE_CONF="$FT/storage.conf" podman --runtime "$FT/bin/sandrun" --tmpdir "$FT/tmp" \
		--cgroup-manager systemd run --rm --network none --cgroups split --annotation io.sandlock.net-deny=private \
		--annotation io.sandlock.require=bpf t probe tcp 127.0.0.1 80
	is "0 ECONNREFUSED" "$status $output"
}

@test "podman 5: --preserve-fd with holes between, in run and in exec" {
	touch "$T/ten" "$T/twelve"
	fds() {
		CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf podman --runtime "${RUNTIME_BIN:-$FT/bin/sandrun}" \
			--tmpdir "$FT/tmp" --cgroup-manager systemd "$@" 3>&- 10>>"$T/ten" 12>>"$T/twelve"
	}
	run --separate-stderr fds run --rm --network none --preserve-fd 10,12 t probe fds
	is 0 "$status"
	has "10 $T/ten" "$output"
	has "12 $T/twelve" "$output"
	pms run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	run --separate-stderr fds exec --preserve-fd 12 "$NAME" probe fds
	is 0 "$status"
	has "12 $T/twelve" "$output"
	[[ $output != *"$T/ten"* ]]
}

@test "podman kube play: a pod with an init container, limits and an annotation; down takes it away" {
	need sandrun
	cat >"$T/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata:
		  name: $NAME
		  annotations:
		    io.sandlock.net-deny: private
		spec:
		  initContainers:
		  - {name: first, image: localhost/t:latest, command: [sh, -c, "echo made >/v/f"], volumeMounts: [{name: v, mountPath: /v}]}
		  containers:
		  - name: main
		    image: localhost/t:latest
		    command: [sleep, "1000"]
		    resources: {limits: {memory: 64Mi}}
		    volumeMounts: [{name: v, mountPath: /v}]
		  volumes:
		  - {name: v, emptyDir: {}}
	END
	kube() {
		CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf podman --runtime "$FT/bin/sandrun" --tmpdir "$FT/tmp" \
			--cgroup-manager systemd kube "$@" 3>&-
	}
	kube play --network none "$T/pod.yaml" >/dev/null
	is made "$(pms exec "$NAME-main" cat /v/f)"
	NAME=$NAME-main
	cg_is "$(cpid)" memory.max 67108864
	is ECONNREFUSED "$(pms exec "$NAME" probe tcp 127.0.0.1 80)"
	kube down "$T/pod.yaml" >/dev/null
	run pm container exists "$NAME"
	is 1 "$status"
}

@test "podman, systemd: the default bridge, a published port, and a policy" {
	need sandrun
	pms run -d -p 127.0.0.1:18080:80 --name "$NAME" --annotation io.sandlock.net-deny=10.0.2.0/24 -v "$PROGRAMS/serve:/serve" t \
		/serve /tmp/counts tcp:0.0.0.0:80 >/dev/null
	wait_until pms exec "$NAME" test -e /tmp/counts
	is OK "$("$PROBE" tcp 127.0.0.1 18080)"
	is ECONNREFUSED "$(pms exec "$NAME" probe tcp 10.0.2.2 80)"
}

@test "podman, systemd: --systemd=always boots a systemd inside" {
	[ -x /usr/lib/systemd/systemd ] || skip "no systemd to boot"
	pms run -d --network none --systemd=always --name "$NAME" --tmpfs /var/log/journal --rootfs /:O \
		/usr/lib/systemd/systemd systemd.unit=basic.target systemd.mask=dev-hugepages.mount >/dev/null
	WAIT_FOR=60 wait_until pms exec "$NAME" systemctl is-active basic.target
	is active "$(pms exec "$NAME" systemctl is-active basic.target)"
	# exec goes where init went: its own cgroup has none but inner ones
	has 0::/init.scope "$(pms exec "$NAME" cat /proc/1/cgroup)"
	pms stop -t 60 "$NAME" >/dev/null
}

@test "ctr: --runc-systemd-cgroup: the unit is there with its limits, exec goes there, rm takes it away" {
	local u=cri-$NAME.scope pid
	cc run -d --runc-binary "${RUNTIME_BIN:-$SANDRUN}" --runc-root "$FT/rr" --runc-systemd-cgroup \
		--cgroup "system.slice:cri:$NAME" --memory-limit 67108864 --cpus 0.25 "$IMG" "$NAME" sleep 1000 >/dev/null
	unit_is "$u" ActiveState active
	unit_is "$u" MemoryMax 67108864
	unit_is "$u" CPUQuotaPerSecUSec 250ms
	pid=$(cc task ls | awk -v n="$NAME" '$1 == n { print $2 }')
	cg_is "$pid" memory.max 67108864
	is "$(cg_of "$pid")" "/sys/fs/cgroup$(cc task exec --exec-id e1 "$NAME" sed 's/0:://' /proc/self/cgroup 2>/dev/null ||
		cc task exec --exec-id e2 "$NAME" awk -F: '{print $3}' /proc/self/cgroup)"
	cc task metrics "$NAME" | grep -q 'memory.usage\|usage_usec'
	cc task pause "$NAME"
	cg_is "$pid" cgroup.freeze 1
	cc task resume "$NAME"
	cc task kill -s KILL "$NAME"
	wait_until pid_gone "$pid"
	cc task rm -f "$NAME" >/dev/null 2>&1
	wait_until unit_gone "$u"
	not_failed "$u"
}

@test "ctr: --runc-systemd-cgroup: run --rm, codes, a failing command, a policy" {
	local sd=(--runc-binary "${RUNTIME_BIN:-$SANDRUN}" --runc-root "$FT/rr" --runc-systemd-cgroup --cgroup "system.slice:cri:$NAME")
	run --separate-stderr cc run --rm "${sd[@]}" "$IMG" "$NAME" sh -c 'exit 32'
	is 32 "$status"
	run --separate-stderr cc run --rm "${sd[@]}" "$IMG" "$NAME" /no/such
	[ "$status" -ne 0 ]
	cc container rm "$NAME" >/dev/null 2>&1 || true
	wait_until unit_gone "cri-$NAME.scope"
	need sandrun
	run --separate-stderr cc run --rm "${sd[@]}" --annotation io.sandlock.net-deny=private "$IMG" "$NAME" probe tcp 127.0.0.1 80
	is "0 ECONNREFUSED" "$status $output"
}
