# SPDX-License-Identifier: Apache-2.0
# systemd.bats - the systemd cgroup manager against a systemd of the test's own
#
# Where the machine does not run systemd, it can run systemd's manager of a user all the same: in a mount namespace that has cgroup v2
# alone, in a cgroup of its own below the root, with a bus of its own. It has no controllers then, but scopes as they are everywhere.

load helpers

MANAGER=/lib/systemd/systemd

setup() {
	common_setup
	need sandrun
	[ -x "$MANAGER" ] && command -v dbus-daemon busctl nsenter >/dev/null || skip "no systemd, dbus-daemon, busctl or nsenter"
	"$SANDRUN" features | jq -e .linux.cgroup.systemd >/dev/null || skip "built without systemd"
	start_manager
	# No path: it is systemd's to give. The root of the process's cgroup namespace is out of sight.
	cfg 'del(.linux.cgroupsPath, .linux.resources) | .linux.namespaces |= map(select(.type != "cgroup"))'
}
teardown() { common_teardown; }

# start_manager: what rt does from here on happens in its mount namespace.
start_manager() {
	cat >"$T/bus.conf" <<-END
		<busconfig><type>session</type><listen>unix:path=/run/user/bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
		</busconfig>
	END
	cat >"$T/manager" <<-'END'
		umount -R /sys/fs/cgroup
		mount -t cgroup2 cgroup /sys/fs/cgroup
		mkdir "/sys/fs/cgroup/$1"
		echo $$ >"/sys/fs/cgroup/$1/cgroup.procs"
		mount -t tmpfs tmpfs /run
		mkdir -p /run/user /run/systemd/system
		ln -s /run/user/systemd/private /run/systemd/private # who is root asks there
		dbus-daemon --config-file="$2/bus.conf" --nofork --nopidfile &
		until [ -S /run/user/bus ]; do sleep 0.02; done
		exec "$3" --user --unit=basic.target --log-target=console
	END
	local user=(env XDG_RUNTIME_DIR=/run/user DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/bus)
	cleanup end_manager
	spawn "${user[@]}" unshare -m bash "$T/manager" "$ID-manager" "$T" "$MANAGER" >"$T/manager.log" 2>&1 </dev/null
	NSENTER=(nsenter --mount="/proc/$!/ns/mnt" "${user[@]}")
	WAIT_FOR=30 wait_until manager_answers || { cat "$T/manager.log"; return 1; }
}
manager_answers() { "${NSENTER[@]}" busctl --user call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping; }
end_manager() {
	local top
	top=$(find /sys/fs/cgroup -type d -name "$ID-manager" 2>/dev/null | head -n 1)
	[ -n "$top" ] || return 0
	find "$top" -name cgroup.procs -exec cat {} + | xargs -r kill -KILL
	wait_until rmdirs "$top"
}
rmdirs() { find "$1" -depth -type d -exec rmdir {} \; && [ ! -d "$1" ]; }

# The cgroup of the container, below that of the manager.
place_of() { sed -n "s|^0::/$ID-manager/||p" "/proc/$1/cgroup"; }
# In the default slice, which is user.slice, or for root system.slice.
in_slice() { is "$1" "$(place_of "$2" | sed -E 's/^(user|system)\.slice.//')"; }

@test "the container is in a scope of its name and slice, which ends with it" {
	args sleep 1000
	rt --systemd-cgroup create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
	in_slice "sandrun-$ID.scope" "$(container_pid)"
	rt start "$ID"
	rt exec -d --pid-file "$T/pid2" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	in_slice "sandrun-$ID.scope" "$(cat "$T/pid2")"
	has sandrun-"$ID".scope "$("${NSENTER[@]}" systemctl --user list-units --type=scope --no-legend --plain)"
	rt delete --force "$ID"
	wait_until not scope_is_there
	cfg '.linux.cgroupsPath = "my.slice:pre:name"'
	rt --systemd-cgroup create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
	is "my.slice/pre-name.scope" "$(place_of "$(container_pid)")"
}
scope_is_there() { "${NSENTER[@]}" systemctl --user list-units --all --no-legend --plain | grep -q "sandrun-$ID.scope"; }

# There is none: a mount namespace without /run, and no bus by the environment.
no_systemd() { unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run; unset DBUS_SESSION_BUS_ADDRESS DBUS_SYSTEM_BUS_ADDRESS; exec "$@"' sh "$@"; }

@test "without a systemd: one line that says so, and none that engines take for a missing command" {
	NSENTER=()
	run --separate-stderr no_systemd "$SANDRUN" --root "$STATE" --systemd-cgroup run --bundle "$B" "$ID"
	one_clear_line "systemd does not run on this machine" "cgroupfs"
	[[ ${stderr,,} != *"not found"* && ${stderr,,} != *"no such file"* ]]
	[ ! -e "$STATE/$ID" ]
	# A socket that nobody serves.
	run --separate-stderr env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere \
		"$SANDRUN" --root "$STATE" --systemd-cgroup run --bundle "$B" "$ID"
	one_clear_line systemd
	[[ ${stderr,,} != *"not found"* && ${stderr,,} != *"no such file"* ]]
}

@test "run.oci.systemd.subgroup: the container is in a cgroup below the scope, exec, pause and delete find it" {
	args sleep 1000
	annotate run.oci.systemd.subgroup=inner/most
	rt --systemd-cgroup create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
	in_slice "sandrun-$ID.scope/inner/most" "$(container_pid)"
	rt start "$ID"
	rt exec -d --pid-file "$T/pid2" "$ID" sleep 1000 </dev/null >/dev/null 2>&1
	in_slice "sandrun-$ID.scope/inner/most" "$(cat "$T/pid2")"
	rt pause "$ID"
	status_is paused
	rt resume "$ID"
	rt delete --force "$ID"
	wait_until not scope_is_there
	annotate run.oci.systemd.subgroup=
	rt --systemd-cgroup create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>&1
	in_slice "sandrun-$ID.scope" "$(container_pid)"
	rt delete --force "$ID"
	annotate run.oci.systemd.subgroup=../other
	run --separate-stderr rt --systemd-cgroup create --bundle "$B" "$ID"
	one_clear_line run.oci.systemd.subgroup ../other
	wait_until not scope_is_there
}

@test "run.oci.delegate-cgroup: the process is below the root of its cgroup namespace, with either manager" {
	local outer
	args sh -c 'cat /proc/self/cgroup; sleep 1000'
	cfg '.linux.namespaces += [{type: "cgroup"}] | .linux.cgroupsPath = ""'
	annotate run.oci.delegate-cgroup=mine run.oci.systemd.subgroup=inner
	rt --systemd-cgroup create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>&1
	in_slice "sandrun-$ID.scope/inner/mine" "$(container_pid)"
	rt start "$ID"
	wait_until file_has "$OUT" '^0::/mine$'
	# There, where the upper one passes controllers on and takes no process itself.
	[[ $(rt exec "$ID" grep ^0 /proc/self/cgroup) =~ ^0::/(mine)?$ ]]
	rt delete --force "$ID"
	wait_until not scope_is_there
	cfg '.linux.cgroupsPath = $p' --arg p "/$ID-manager/$ID" # below the manager's, so that it ends with it
	rt create --bundle "$B" --pid-file "$T/pid" "$ID" </dev/null >"$OUT" 2>&1
	is "$ID/mine" "$(place_of "$(container_pid)")"
	rt delete --force "$ID"
	outer=$(find /sys/fs/cgroup -type d -name "$ID-manager" | head -n 1)
	[ ! -e "$outer/$ID" ]
	annotate run.oci.delegate-cgroup=a/../..
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line run.oci.delegate-cgroup a/../..
	annotate run.oci.delegate-cgroup=mine
	run --separate-stderr rt --cgroup-manager disabled create --bundle "$B" "$ID"
	one_clear_line run.oci.delegate-cgroup "needs cgroup v2"
}
