# SPDX-License-Identifier: Apache-2.0
# container.bats - namespaces, user namespaces, hooks, cgroups

load helpers
load helpers-net

setup() { common_setup; }
teardown() { common_teardown; }

ns_of() { readlink "/proc/$1/ns/$2"; }

@test "namespaces: new where named, the host's where not, an existing one by its path" {
	args sleep 1000
	cfg '.linux.namespaces |= map(select(.type != "ipc"))'
	start_container
	local p n
	p=$(container_pid)
	for n in pid net uts mnt; do [ "$(ns_of "$p" $n)" != "$(ns_of self $n)" ]; done
	is "$(ns_of self ipc)" "$(ns_of "$p" ipc)"
	rt delete --force "$ID"
	netns_make
	NSENTER=()
	cfg '(.linux.namespaces[] | select(.type == "network")).path = $p' --arg p "/run/netns/$ID"
	start_container
	is "$(nsenter --net="/run/netns/$ID" readlink /proc/self/ns/net)" "$(ns_of "$(container_pid)" net)"
}

@test "a cgroup namespace shows the container its own root" {
	cfg '.linux.namespaces += [{"type": "cgroup"}]'
	run_container -- cat /proc/self/cgroup
	[[ $output != *"$ID"* ]]
	has ":/" "$output"
}

@test "a new network namespace has lo up" {
	run_container -- probe each 'tcp 127.0.0.1 9'
	has ECONNREFUSED "$output"
}

@test "user namespace: maps, root inside is nobody outside, exec joins it" {
	need userns
	chown -R 100000:100000 "$B/rootfs"
	cfg '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "sysfs"))'
	args sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/made; sleep 1000'
	start_container
	wait_until test -e "$B/rootfs/tmp/made"
	is "0 100000 65536 0" "$(xargs <"$OUT")"
	is 100000 "$(stat -c %u "$B/rootfs/tmp/made")"
	is 100000 "$(stat -c %u "/proc/$(container_pid)")"
	run rt exec "$ID" id -u
	is 0 "$output"
	is "$(ns_of "$(container_pid)" user)" "$(rt exec "$ID" readlink /proc/self/ns/user)"
}

@test "user namespace without an id 0: the first id makes what has to be made, in create and exec, with maps or joined" {
	need sandrun userns
	chmod 1777 "$B/rootfs/tmp"
	cfg '.linux.namespaces += [{"type": "user"}] | .process.user = {"uid": 1000, "gid": 1001} |
		.linux.uidMappings = [{"containerID": 1000, "hostID": 100000, "size": 1}] |
		.linux.gidMappings = [{"containerID": 1001, "hostID": 100001, "size": 1}] |
		(.mounts[] | select(.type == "devpts").options) |= map(select(startswith("gid=") | not))'
	local look='id -u; id -g; grep -E "^Cap(Prm|Eff)" /proc/self/status | cut -f2 | xargs; stat -c %u:%g /dev /dev/shm; echo x >/dev/null; touch /tmp/$1'
	args sh -c "$look; exec sleep 1000" sh first
	start_container
	wait_until test -e "$B/rootfs/tmp/first"
	is "1000 1001 0000000000000000 0000000000000000 1000:1001 1000:1001" "$(xargs <"$OUT")"
	is 100000:100001 "$(stat -c %u:%g "$B/rootfs/tmp/first")"
	run --separate-stderr rt exec "$ID" sh -c "$look" sh second
	is "0 " "$status $stderr"
	is "$(cat "$OUT")" "$output"
	run --separate-stderr rt exec --user 0 "$ID" true
	one_clear_line "process.user.uid: 0 is not mapped in the user namespace (linux.uidMappings)"
	# A second container in the first one's user namespace, of which its configuration has no maps.
	jq --arg u "/proc/$(container_pid)/ns/user" --arg id "$ID-2" '.linux.cgroupsPath = "/" + $id |
		.linux.namespaces |= map(if .type == "user" then .path = $u else . end) | del(.linux.uidMappings, .linux.gidMappings)' \
		"$B/config.json" >"$B/two.json"
	mv "$B/two.json" "$B/config.json"
	rt run --bundle "$B" --detach "$ID-2" </dev/null >"$OUT.2" 2>&1
	wait_until eval "[ \$(wc -l <'$OUT.2') = 5 ]"
	is "$(cat "$OUT")" "$(cat "$OUT.2")"
	run --separate-stderr rt exec "$ID-2" sh -c "$look" sh third
	is "0 " "$status $stderr"
	rt delete --force "$ID-2"
}

@test "a user without privileges gets a user namespace, also where the configuration has none" {
	need sandrun userns setpriv
	cp "$SANDRUN" "$T/rt"
	chmod 755 "$T/rt"
	mkdir "$STATE"
	chown -R 12345:12345 "$B" "$STATE"
	cfg 'del(.linux.cgroupsPath, .linux.resources) | .process.user = {uid: 7, gid: 8} |
		.mounts |= map(select(.type != "sysfs") | if .type == "devpts" then .options -= ["gid=5"] else . end)'
	args sh -c 'cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g; touch /tmp/made'
	run --separate-stderr env SANDRUN_TEST="$ID" XDG_RUNTIME_DIR="$STATE" setpriv --reuid 12345 --regid 12345 --clear-groups \
		"$T/rt" --root "$STATE" run --bundle "$B" "$ID"
	is "0  7 12345 1 8 12345 1 7 8" "$status $stderr $(xargs <<<"$output")"
	is 12345:12345 "$(stat -c %u:%g "$B/rootfs/tmp/made")"
}

@test "the cgroup is the user's who may write to it: with a cgroup namespace and a writable mount, else not" {
	need sandrun userns
	local root=/sys/fs/cgroup
	cgroup_v2 || root=/sys/fs/cgroup/unified
	[ -e $root/cgroup.procs ] || skip "no cgroup v2"
	owners() {
		create
		stat -c %u $root/"$ID" $root/"$ID"/cgroup.{procs,events} | xargs
		rt delete "$ID"
	}
	cfg '.process.user = {uid: 1000, gid: 1000} | .mounts |= map(select(.destination != "/sys/fs/cgroup")) |
		.linux.namespaces |= map(select(.type != "cgroup"))'
	is "0 0 0" "$(owners)"
	cfg '.linux.namespaces += [{type: "cgroup"}] |
		.mounts += [{destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: ["nosuid", "rw"]}]'
	cp "$B/config.json" "$T/writable"
	is "1000 1000 0" "$(owners)"
	cfg '.mounts[-1].options = ["ro"]'
	is "0 0 0" "$(owners)"
	jq '.linux.namespaces |= map(select(.type != "cgroup"))' "$T/writable" >"$B/config.json"
	is "0 0 0" "$(owners)"
	jq '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "sysfs"))' "$T/writable" >"$B/config.json"
	chown -R 100000:100000 "$B/rootfs"
	is "101000 101000 0" "$(owners)"
}

# hook STAGE SCRIPT: a shell hook; its standard input and environment are kept in $T/hook.STAGE.
hook() {
	cat >"$T/hook.$1.sh" <<-END
		cat >$T/hook.$1.state
		echo $1 >>$T/hook.order
		$2
	END
	cfg '.hooks[$s] += [{"path": "/bin/sh", "args": ["sh", $f], "env": ["PATH=/bin:/usr/bin", "HOOK=yes"], "timeout": 10}]' \
		--arg s "$1" --arg f "$T/hook.$1.sh"
}

@test "hooks: six kinds, in order, with the state on standard input" {
	local s
	# those that run inside need their script there
	mkdir -p "$B/rootfs$T"
	mount --bind "$T" "$B/rootfs$T"
	cleanup umount -l "$B/rootfs$T"
	cfg '.mounts += [{"destination": $t, "type": "bind", "source": $t, "options": ["bind"]}]' --arg t "$T"
	for s in prestart createRuntime createContainer startContainer poststart poststop; do hook $s ':'; done
	cfg '.annotations["org.test"] = "seen"'
	args sleep 1000
	create
	is "prestart createRuntime createContainer" "$(xargs <"$T/hook.order")"
	rt start "$ID"
	wait_until file_has "$T/hook.order" poststart
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
	is "prestart createRuntime createContainer startContainer poststart poststop" "$(xargs <"$T/hook.order")"
	for s in createRuntime createContainer; do
		jq -e --arg id "$ID" '.id == $id and .status == "creating" and .annotations["org.test"] == "seen" and .ociVersion and .bundle' \
			"$T/hook.$s.state" || { echo "state of $s:"; cat "$T/hook.$s.state"; false; }
	done
	is created "$(jq -r .status "$T/hook.prestart.state")"
	is created "$(jq -r .status "$T/hook.startContainer.state")"
	is running "$(jq -r .status "$T/hook.poststart.state")"
	is stopped "$(jq -r .status "$T/hook.poststop.state")"
	[ "$(jq .pid "$T/hook.createRuntime.state")" -gt 0 ]
}

@test "hooks that fail before start fail create and leave nothing" {
	local s
	for s in createRuntime createContainer; do
		cp "$B/config.json" "$T/saved"
		cfg '.hooks[$s] = [{"path": "/bin/sh", "args": ["sh", "-c", "echo why >&2; exit 3"]}]' --arg s "$s"
		run --separate-stderr rt create --bundle "$B" "$ID"
		[ "$status" -ne 0 ]
		cp "$T/saved" "$B/config.json"
		assert_no_leftovers
	done
}

@test "a failing startContainer hook fails the start; failing poststart and poststop hooks do not matter" {
	args touch /tmp/ran
	cfg '.hooks.startContainer = [{"path": "/bin/false"}]'
	create
	run --separate-stderr rt start "$ID"
	rt delete --force "$ID"
	[ ! -e "$B/rootfs/tmp/ran" ]
	cfg '.hooks = {"poststop": [{"path": "/bin/false"}]}'
	create
	rt start "$ID"
	wait_until test -e "$B/rootfs/tmp/ran"
	wait_until status_is stopped
	run rt delete "$ID"
	is 0 "$status"
	assert_no_leftovers
}

@test "a hook that takes too long is killed and counts as failed" {
	cfg '.hooks.createRuntime = [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]'
	elapsed_ms run --separate-stderr rt create --bundle "$B" "$ID"
	[ "$status" -ne 0 ]
	[ "$MS" -lt $((5000 * SLOWER)) ]
	assert_no_leftovers
}

@test "createRuntime runs in the host's mount namespace after the container's namespaces exist" {
	hook createRuntime "readlink /proc/self/ns/mnt >$T/hook.ns; readlink /proc/\$(sed 's/.*\"pid\": *\\([0-9]*\\).*/\\1/' $T/hook.createRuntime.state)/ns/net >$T/hook.net"
	args sleep 1000
	create
	is "$(ns_of self mnt)" "$(cat "$T/hook.ns")"
	is "$(ns_of "$(container_pid)" net)" "$(cat "$T/hook.net")"
}

# A cgroup file of the container, by its v1 or its v2 name.
cgroup_value() { cat $(find /sys/fs/cgroup -path "*$ID*" \( -name "$1" -o -name "$2" \) | head -n 1); }

@test "cgroup limits are in force before the workload runs, and the cgroup goes with the container" {
	cfg '.linux.resources |= . + {"memory": {"limit": 104857600}, "pids": {"limit": 33},
		"cpu": {"shares": 512, "quota": 50000, "period": 100000}}'
	args sleep 1000
	create
	is 104857600 "$(cgroup_value memory.limit_in_bytes memory.max)"
	is 33 "$(cgroup_value pids.max pids.max)"
	has 50000 "$(cgroup_value cpu.cfs_quota_us cpu.max)"
	has "$ID" "$(cat "/proc/$(container_pid)/cgroup")"
	rt delete --force "$ID"
	is "" "$(find /sys/fs/cgroup -name "*$ID*")"
}

@test "the pids limit stops a fork bomb, and memory beyond the limit is a kill" {
	cfg '.linux.resources |= . + {"pids": {"limit": 20}, "memory": {"limit": 33554432}}'
	run_container -- sh -c 'i=0; while [ $i -lt 40 ]; do sleep 1 & i=$((i+1)); done; wait'
	has fork "$stderr"
	run_container -- sh -c 'tail /dev/zero; echo tail=$?'
	has 137 "$output$status"
}

@test "a container without cgroupsPath gets a cgroup of its own that goes with it" {
	cfg 'del(.linux.cgroupsPath)'
	args sleep 1000
	start_container
	has "$ID" "$(cat "/proc/$(container_pid)/cgroup")"
	rt delete --force "$ID"
	assert_no_leftovers
}

@test "processes that outlive init in a shared pid namespace are ended by kill --all and by delete --force" {
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	args sh -c 'sleep 765432 & sleep 765433 & wait'
	start_container
	wait_until eval '[ "$(rt ps --format json $ID | jq length)" = 3 ]'
	kill -KILL "$(container_pid)"
	wait_until status_is stopped
	rt kill --all "$ID" KILL
	wait_until not pgrep -f 'sleep 76543[23]'
	rt delete "$ID"
	assert_no_leftovers
}
