# SPDX-License-Identifier: Apache-2.0
# freezer.bats - what is frozen can be ended: cgroup v1's freezer holds even what has got SIGKILL

load helpers

setup() {
	common_setup
	[ -d /sys/fs/cgroup/freezer ] || skip "no cgroup v1 hierarchy with a freezer"
}
teardown() {
	local f
	# What a failed test left frozen could not be swept away.
	for f in $(find "/sys/fs/cgroup/freezer/${ID:-none}" -name cgroup.procs 2>/dev/null); do
		xargs -r kill -KILL <"$f" 2>/dev/null
		echo THAWED >"${f%/*}/freezer.state"
	done
	common_teardown
}

# Runs the runtime where only v1's controllers are in /sys/fs/cgroup: on a hybrid host v2's freezer would be taken, which
# lets SIGKILL through. Sets NSENTER.
only_v1() {
	mountpoint -q /sys/fs/cgroup/unified || return 0
	mkfifo "$T/ready"
	spawn unshare -m --propagation private sh -c '
		t=$1 d=; mkdir "$t"; mount -t tmpfs -o mode=755 tmpfs "$t"
		for d in /sys/fs/cgroup/*; do
			[ "${d##*/}" != unified ] || continue
			if [ -L "$d" ]; then cp -P "$d" "$t/"; else mkdir "$t/${d##*/}"; mount --bind "$d" "$t/${d##*/}"; fi
		done
		umount -R -l /sys/fs/cgroup; mount --move "$t" /sys/fs/cgroup; rmdir "$t"
		echo >"$2"; exec sleep 1000' sh "$T/v1" "$T/ready"
	NSENTER=(nsenter -t $! -m)
	read -r <"$T/ready"
	is 0 "$("${NSENTER[@]}" grep -c cgroup2 /proc/self/mountinfo || true)"
}

# A container that sees its v1 cgroups and may write them.
own_freezer() {
	mkdir -p "$B/rootfs/sys/fs/cgroup"
	cfg '.linux.namespaces += [{"type": "cgroup"}] |
		.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["rw"]}]'
}

freezer_dir() { echo "/sys/fs/cgroup/freezer/$ID"; }
has_state() { is "$2" "$(cat "$(freezer_dir)/$1/freezer.state")"; }

@test "kill KILL ends a paused container, and it counts as stopped" {
	only_v1
	shell 'sleep 1000 & exec sleep 1000'
	start_container
	rt pause "$ID"
	rt kill "$ID" TERM
	status_is paused
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
	assert_no_leftovers
}

@test "kill KILL ends a container whose init sits in a cgroup that it froze itself" {
	need sandrun
	only_v1
	own_freezer
	shell 'f=/sys/fs/cgroup/freezer; mkdir -p $f/a/b $f/ctl; sleep 1000 &
		(echo 0 >$f/ctl/cgroup.procs; echo $$ >$f/a/b/cgroup.procs; exec sh -c "echo FROZEN >$f/a/b/freezer.state") & wait'
	start_container
	wait_until has_state a/b FROZEN
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
	assert_no_leftovers
}

@test "delete --force of a container that froze cgroups of its own leaves nothing, in a shared pid namespace neither" {
	need sandrun
	own_freezer
	local shared
	for shared in '.' '.linux.namespaces |= map(select(.type != "pid"))'; do
		cfg "$shared"
		shell 'f=/sys/fs/cgroup/freezer; for d in in in/deep; do
			mkdir $f/$d; sleep 1000 & echo $! >$f/$d/cgroup.procs; done
			echo FROZEN >$f/in/deep/freezer.state; echo FROZEN >$f/in/freezer.state; exec sleep 1000'
		start_container
		wait_until has_state in FROZEN
		rt delete --force "$ID"
		assert_no_leftovers
	done
}

@test "delete --force ends a container that freezes its init again and again" {
	need sandrun
	only_v1
	own_freezer
	shell 'f=/sys/fs/cgroup/freezer; mkdir $f/in; echo $$ >$f/in/cgroup.procs
		for i in 1 2 3; do (echo 0 >$f/cgroup.procs; while :; do echo FROZEN >$f/in/freezer.state; done) & done; exec sleep 1000'
	start_container
	wait_until has_state in FROZEN
	rt delete --force "$ID"
	assert_no_leftovers
}

@test "resume leaves alone what the container froze itself" {
	need sandrun
	own_freezer
	shell 'f=/sys/fs/cgroup/freezer; mkdir $f/in; sleep 1000 & echo $! >$f/in/cgroup.procs; echo FROZEN >$f/in/freezer.state; exec sleep 1000'
	start_container
	wait_until has_state in FROZEN
	rt pause "$ID"
	rt resume "$ID"
	status_is running
	has_state in FROZEN
}
