# SPDX-License-Identifier: Apache-2.0
# killed.bats - a create that is killed in the middle, at any system call: "delete --force" leaves nothing of it

load helpers

setup() {
	common_setup
	need sandrun strace
	args sleep 1000
}
teardown() { common_teardown; }

# Every system call of a create, as "name occurrence" lines: strace counts each name for itself.
calls_of_create() {
	strace -o "$T/trace" "$SANDRUN" --root "$STATE" create --bundle "$B" "$ID" </dev/null >/dev/null
	rt delete --force "$ID"
	awk -F'(' '/^[a-z0-9_]+\(/ { n[$1]++; print $1, n[$1] }' "$T/trace"
}

# Kills a create at every STEP-th call from FIRST on.
kill_at() {
	local first=$1 step=$2 name nth killed=0 at=0
	while read -r name nth; do
		at=$((at + 1))
		[ "$at" -ge "$first" ] && [ $(((at - first) % step)) = 0 ] || continue
		strace -o "$T/killed" -e inject="$name:signal=KILL:when=$nth" \
			"$SANDRUN" --root "$STATE" create --bundle "$B" "$ID" </dev/null >/dev/null 2>&1 || true
		! grep -q 'killed by SIGKILL' "$T/killed" || killed=$((killed + 1))
		rt delete --force "$ID"
		wait_until nothing_left || { echo "killed at call $at: $name, time $nth"; leftovers; return 1; }
	done < <(calls_of_create)
	[ "$killed" -gt 10 ]
}

@test "killed anywhere in create, a plain container can be deleted without a trace" {
	kill_at 60 7
}

@test "killed anywhere in create, a container with a policy can be deleted without a trace" {
	annotate net-deny=private
	kill_at 63 7
}

