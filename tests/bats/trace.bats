# SPDX-License-Identifier: Apache-2.0
# trace.bats - SANDRUN_TRACE and --debug tell what a command does

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

# Each mount, device, masked path and cgroup write of the configuration is a line.
@test "the trace of a create names each mount, each cgroup write and each step of the process" {
	local m
	args /bin/true
	SANDRUN_TRACE=all create
	while read -r m; do
		grep -qE "trace: mount: .* on $m " "$OUT.err" || { echo "no line for the mount on $m"; cat "$OUT.err"; return 1; }
	done < <(jq -r '.mounts[] | select(.type != "cgroup") | .destination' "$B/config.json")
	while read -r m; do
		file_has "$OUT.err" "trace: mount: mask $m" || { echo "no line for $m"; return 1; }
	done < <(jq -r '.linux.maskedPaths[]?' "$B/config.json")
	file_has "$OUT.err" "trace: namespaces: network: new"
	file_has "$OUT.err" "trace: device: /dev/null"
	file_has "$OUT.err" "trace: cgroup: /sys/fs/cgroup/.*$ID"
	file_has "$OUT.err" "trace: process: capabilities: "
	run --separate-stderr env SANDRUN_TRACE=state "$SANDRUN" --root "$STATE" delete --force "$ID"
	has "trace: state: init $(container_pid) gets SIGKILL" "$stderr"
}

@test "only the areas that are asked for are told, into --log where there is one" {
	args /bin/true
	SANDRUN_TRACE=mount rt --log "$T/log" --log-format json run --bundle "$B" "$ID" 2>"$T/err"
	is "" "$(cat "$T/err")"
	is "mount" "$(jq -r .msg "$T/log" | sed -n 's/^trace: \([a-z]*\):.*/\1/p' | sort -u)"
	is 0 "$(rt run --bundle "$B" "$ID" 2>&1 | wc -l)"
}

@test "a word that is no area is one clear line, and nothing is made" {
	run --separate-stderr env SANDRUN_TRACE=mount,moutn "$SANDRUN" --root "$STATE" create --bundle "$B" "$ID"
	one_clear_line SANDRUN_TRACE '"moutn"' "cgroup"
	nothing_left
}
