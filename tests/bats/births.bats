# SPDX-License-Identifier: Apache-2.0
# births.bats - every process of ours, looked at when it is born and before each system call: hidden, and with empty hands where the
# container can see it
#
# fs.suid_dumpable is 1 meanwhile: the kernel takes the mark back with each change of ids then.

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	LOG=$T/births
	if [ "$(cat /proc/sys/fs/suid_dumpable)" = 0 ] && echo 1 >/proc/sys/fs/suid_dumpable; then
		cleanup sh -c 'echo 0 >/proc/sys/fs/suid_dumpable'
	fi
}
teardown() { common_teardown; }

# watched WORD…: the runtime, under observation. What it has of ours is in $LOG.
watched() {
	: >"$LOG"
	timeout --foreground -k 5 $((60 * SLOWER)) "${NSENTER[@]}" "$PROGRAMS/births" -s -u "${AS:-0}" "$LOG" "$SANDRUN" --root "$STATE" "$@" 3>&- \
		</dev/null >>"$OUT" 2>"$OUT.err" || { cat "$OUT" "$OUT.err" >&2; return 1; }
}

# births N [PIDS]: at least so many processes were born (in a pid namespace of this kind).
births() { [ "$(grep -c "^born .* pids=${2:-}" "$LOG")" -ge "$1" ] || { cat "$LOG" >&2; return 1; }; }

# open_in LINES: what the processes of these lines of $LOG have open, one a line.
open_in() { sed -n "s/^$1.* fds//p" "$LOG" | tr ' ' '\n' | grep .; }

# nothing_in_reach: no process could be looked into at any time; whom the container of an exec can see has the conversation from its birth on,
# and beside it what it made in there itself.
nothing_in_reach() {
	! grep BARE "$LOG" || return 1
	! open_in 'born.*pids=shared' | grep -vE '=(socket:|pipe:|/dev/pts)' || return 1
	! open_in 'setsid.*pids=[as][lh]' | grep -vE '=(socket:|pipe:|/dev/pts)' || return 1
	! grep -E '^setsid|pids=shared' "$LOG" | grep -E '=socket:.*=socket:' || return 1
}

# nothing_needless: the same for a create, which needs the root and sources of mounts until its root is the container's; but not the state directory, its
# lock, a cgroup, a namespace.
nothing_needless() {
	! grep BARE "$LOG" || return 1
	! { open_in 'born.*pids=shared'; open_in 'setsid.*pids=[as][lh]'; } | grep -E "=($STATE/[^/]*(/lock)?|/sys/fs/cgroup.*|[a-z]*:\[[0-9]*\])$" |
		grep -vE '=(socket|pipe):' || return 1
}

joins() {
	cfg '.linux.cgroupsPath += "-2" | .linux.namespaces |= map(if .type == $t then .path = $p else . end)' --arg t "$1" \
		--arg p "/proc/$(container_pid)/ns/$2"
}

@test "create, start and exec" {
	args sleep 1000
	watched create --bundle "$B" "$ID"
	births 1 alone
	nothing_needless
	# while it waits
	is "" "$(readlink "/proc/$(rt state "$ID" | jq .pid)/fd/"* | grep -vE '^(socket:|/dev/null$|/tmp/srt.*/out(.err)?$)')"
	watched start "$ID"
	nothing_needless
	watched exec "$ID" /bin/true
	births 1 own # the stage
	births 1 shared
	nothing_in_reach
	watched exec --user 1000:1000 "$ID" /bin/true
	births 1 shared
	nothing_in_reach
	watched delete --force "$ID"
	nothing_needless
}

@test "create and exec in a user namespace, as another user, with a terminal and a seccomp profile" {
	args sleep 1000
	in_userns
	cfg '.process.user = {uid: 5, gid: 5, additionalGids: [7]} | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	watched create --bundle "$B" "$ID"
	births 1 alone
	nothing_needless
	watched start "$ID"
	spawn_recvtty
	watched exec --tty --console-socket "$T/c.sock" "$ID" /bin/true
	births 1 shared
	nothing_in_reach
	watched exec --user 6:6 "$ID" /bin/true
	nothing_in_reach
}

@test "create and exec with a policy: also the process that hands the listener over" {
	policy_setup
	args sleep 1000
	annotate net-deny=private
	watched create --bundle "$B" "$ID"
	births 4
	nothing_needless
	watched start "$ID"
	watched exec "$ID" /bin/true
	births 2 shared
	nothing_in_reach
}

@test "create in a pid namespace that others are in, with a user namespace that is new, that is joined, or without one" {
	local kind
	args sleep 1000
	start_container
	cp "$B/config.json" "$T/first.json"
	for kind in none new; do
		joins pid pid
		# a procfs is not for a user namespace that is not the pid namespace's
		[ $kind = none ] || { in_userns; cfg '.mounts |= map(select(.type != "proc")) | del(.linux.maskedPaths, .linux.readonlyPaths)'; }
		watched create --bundle "$B" "$ID-2"
		births 1 shared
		nothing_needless
		watched exec "$ID-2" /bin/true || [ $kind = new ]
		rt delete --force "$ID-2"
		cp "$T/first.json" "$B/config.json"
	done
	rt delete --force "$ID"
	in_userns
	start_container
	joins pid pid
	joins user user
	watched create --bundle "$B" "$ID-2"
	births 1 shared
	nothing_needless
}

@test "create and exec in the host's pid namespace" {
	args sleep 1000
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	watched create --bundle "$B" "$ID"
	nothing_needless
	rt start "$ID"
	watched exec "$ID" /bin/true
	births 2 own
	nothing_in_reach
}

@test "a user's create and exec: hidden before the process is in the container" {
	need userns
	args sleep 1000
	cfg '.linux.namespaces |= map(select(.type != "network")) + [{type: "user"}] | del(.linux.resources, .linux.cgroupsPath) |
		.linux.uidMappings = [{containerID: 0, hostID: 1000, size: 1}] | .linux.gidMappings = .linux.uidMappings |
		.mounts |= map(select(.destination == "/proc" or .destination == "/dev"))'
	chown -R 1000:1000 "$B"
	mkdir "$STATE"
	chown 1000:1000 "$STATE"
	cp "$SANDRUN" "$T/sandrun"
	SANDRUN=$T/sandrun
	AS=1000
	watched create --bundle "$B" "$ID"
	births 1 own
	births 1 alone
	# the stage, until its maps are written: that it can be seen into makes the files the user's
	! grep BARE "$LOG" | grep -v 'pids=own)\|born.*pids=own' || return 1
	! sed -n 's/^born.*pids=alone hidden fds//p' "$LOG" | tr ' ' '\n' | grep . | grep -vE '=socket:' || return 1
	watched start "$ID"
	watched exec "$ID" /bin/true
	births 1 shared
	! grep BARE "$LOG" | grep -v 'pids=own)\|born.*pids=own' || return 1
	sed -i '/pids=own/d' "$LOG"
	nothing_in_reach
	watched delete --force "$ID" # root does not believe in a user's state
}

@test "the helper for id mappings" {
	args sleep 1000
	mkdir "$T/vol"
	cfg '.mounts += [{destination: "/mapped", type: "bind", source: $v, options: ["bind", "idmap=uids=0-1234-1;gids=0-4321-1"]}]' --arg v "$T/vol"
	watched create --bundle "$B" "$ID" || [[ $(cat "$OUT.err") == *"cannot idmap its filesystem"* ]]
	births 2
	nothing_needless
}

@test "the question about links, devices of a user namespace, and hooks" {
	policy_setup
	args sleep 1000
	annotate net-deny=private
	host_network
	cfg '.hooks = {createRuntime: [{path: "/bin/true"}], createContainer: [{path: "/bin/true"}], startContainer: [{path: "/bin/true"}],
		prestart: [{path: "/bin/true"}], poststart: [{path: "/bin/true"}], poststop: [{path: "/bin/true"}]}'
	watched create --bundle "$B" "$ID"
	births 6
	nothing_needless
	watched start "$ID"
	births 1
	nothing_needless
	watched delete --force "$ID"
	births 1
	nothing_needless
	cfg 'del(.annotations, .hooks) | .linux.devices = [{path: "/dev/d", type: "c", major: 1, minor: 3}]'
	in_userns
	watched create --bundle "$B" "$ID"
	births 2
	nothing_needless
}

@test "restore" {
	local criu=${SANDRUN_CRIU:-criu}
	need "$criu"
	"$criu" check >"$T/check" 2>&1 || skip "CRIU does not work here: $(grep -m1 Error "$T/check")"
	args sleep 1000
	start_container
	rt --criu "$criu" checkpoint --image-path "$T/img" --work-path "$T/work" "$ID" >"$OUT" 2>&1 || { cat "$OUT"; skip "this container cannot be dumped here"; }
	watched --criu "$criu" restore --detach --bundle "$B" --image-path "$T/img" --work-path "$T/work" "$ID"
	births 1
	nothing_needless
}
