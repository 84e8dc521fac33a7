# SPDX-License-Identifier: Apache-2.0
# attack-fuse.bats - a container that is its own FUSE server, and what waits for that: the supervisor must serve others meanwhile, and
# nothing may outlive the container

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	[ -c /dev/fuse ] || skip_or_fail "no /dev/fuse"
	FUSECTL=$(mktemp -d /tmp/fusectl.XXXXXX)
	mount -t fusectl fusectl "$FUSECTL" || skip_or_fail "no fusectl"
	BEFORE=$(ls "$FUSECTL")
	cfg '.linux.devices += [{"type": "c", "path": "/dev/fuse", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0}]'
	cfg '.linux.resources.devices += [{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rwm"}]'
	cfg '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	host_network
}
# After a failure only this gets rid of who waits.
teardown() {
	local c
	for c in $(ls "$FUSECTL"); do
		[[ " $(echo $BEFORE) " == *" $c "* ]] || [ -n "${BATS_TEST_COMPLETED:-}" ] || echo 1 >"$FUSECTL/$c/abort"
	done
	umount "$FUSECTL"
	rmdir "$FUSECTL"
	common_teardown
}

# No process that the runtime has started; not even one that has nothing more than a number.
nobody_left() { ! grep -lsaF "SANDRUN_TEST=$ID" /proc/[0-9]*/environ; }
gone() { local p; for p; do [ ! -e "/proc/$p" ] || not_a_thread_left "$p" || return 1; done; }
not_a_thread_left() { [ "$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status")" = Z ] && [ "$(ls "/proc/$1/task" | wc -l)" = 1 ]; }

hanging() {
	args probe fuse-hang "$1"
	start_container
	wait_until file_has "$OUT" HANGS
}

@test "an address in a file of FUSE that is never read delays nobody else, and the supervisor ends with its container" {
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80
	annotate net-deny=private
	trying 'fuse-pages 203.0.113.5 80 10.1.2.3 80=OK ECONNREFUSED FAST'
	wait_until nobody_left
	nothing_reached tcp:10.1.2.3:80
}

@test "a supervisor that has in its hands what its own wait depends on lets go of it when the container ends" {
	local what pids
	annotate net-deny=private
	for what in device queue; do
		hanging $what
		pids="$(container_pid) $(supervisor_pid) $(sed -n 's/^PPid:\t//p' "/proc/$(supervisor_pid)/status")"
		rt delete --force "$ID"
		wait_until gone $pids || { ps -o pid,stat,wchan:30,comm $pids; return 1; }
	done
}

@test "delete --force also ends an init that waits for a server of its own container" {
	local what policy pid
	for policy in net-deny=private ''; do
		cfg 'del(.annotations)'
		[ -z "$policy" ] || annotate "$policy"
		for what in close self; do
			hanging $what
			pid=$(container_pid)
			rt delete --force "$ID"
			wait_until gone "$pid"
			assert_no_leftovers
		done
	done
}
