# SPDX-License-Identifier: Apache-2.0
# podman-checkpoint.bats - podman container checkpoint and restore, with our runtime and CRIU, as root
#
# As in checkpoint.bats: skipped where CRIU does not work.

load helpers
load helpers-net
load helpers-engine

setup_file() {
	case $("$SANDRUN" --version) in *+CRIU*) ;; *) export LACK="built without CRIU" ;; esac
	command -v criu >/dev/null || export LACK="CRIU is not installed"
	[ -n "${LACK:-}" ] || criu check >/dev/null 2>&1 || export LACK="CRIU does not work here (criu check)"
	[ -n "${LACK:-}" ] || podman_file_setup
}
teardown_file() { [ -n "${LACK:-}" ] || podman_file_teardown; }
setup() {
	[ -z "${LACK:-}" ] || skip "$LACK"
	podman_setup
}
teardown() { [ -n "${LACK:-}" ] || podman_teardown; }

# counter [OPTION…]: counts in memory, to standard output.
counter() {
	run pm run -d --name "$NAME" "$@" t sh -c 'n=0; while :; do n=$((n + 1)); echo n=$n; sleep 0.05; done'
	is 0 "$status"
	wait_until counts_past 3
}
count() { pm logs --tail 1 "${1:-$NAME}" 2>/dev/null | tr -d '\r' | sed -n 's/.*n=//p'; }
counts_past() { [ "$(count "${2:-$NAME}")" -gt "$1" ]; }
pm_status() { pm inspect -f '{{.State.Status}}' "${1:-$NAME}"; }
status_is_pm() { [ "$(pm_status "${2:-$NAME}")" = "$1" ]; }

ckpt() {
	run pm container "$@"
	[ "$status" = 0 ] || { echo "$output"; grep -h Error "$FT"/graph/*/*/userdata/*.log 2>/dev/null | tail; return 1; }
}

@test "podman: checkpoint, restore, and the same processes go on" {
	counter --network none
	local before
	ckpt checkpoint "$NAME"
	wait_until status_is_pm exited
	before=$(count)
	ckpt restore "$NAME"
	wait_until status_is_pm running
	wait_until counts_past "$before"
	is 0 "$(pm logs "$NAME" | grep -c 'n=1$' | awk '{ print $1 - 1 }')"
	run pm exec "$NAME" echo hello
	is hello "$output"
	run pm top "$NAME"
	is 0 "$status"
	pm stop -t 0 "$NAME"
	wait_until status_is_pm exited
	pm rm "$NAME"
}

@test "podman: --leave-running" {
	counter --network none
	ckpt checkpoint --leave-running "$NAME"
	status_is_pm running
	wait_until counts_past $(($(count) + 3))
}

@test "podman: --export, and --import under another name" {
	counter --network none
	ckpt checkpoint --export "$T/ck.tar" "$NAME"
	local before
	before=$(count)
	pm rm "$NAME"
	ckpt restore --import "$T/ck.tar" --name "$NAME-2"
	wait_until status_is_pm running "$NAME-2"
	wait_until counts_past "$before" "$NAME-2"
}

@test "podman: volumes, a tmpfs, a terminal" {
	mkdir "$T/vol"
	echo in >"$T/vol/f"
	counter --network none -t -v "$T/vol:/vol:ro" -v "$T/vol:/again:ro" --tmpfs /scratch
	pm exec "$NAME" sh -c 'echo kept >/scratch/f'
	ckpt checkpoint "$NAME"
	local before
	before=$(count)
	ckpt restore "$NAME"
	wait_until status_is_pm running
	run pm exec "$NAME" cat /vol/f /scratch/f
	is "in kept" "$(tr '\n' ' ' <<<"$output" | sed 's/ *$//')"
	run pm exec "$NAME" sh -c 'echo x >/vol/f || echo x >/again/f'
	[ "$status" -ne 0 ]
}

locked() { pm logs "$NAME" | grep -q locked; }

@test "podman: --file-locks, and what CRIU says when it cannot" {
	run pm run -d --name "$NAME" --network none t probe hold-lock /root/lock
	is 0 "$status"
	wait_until locked
	run pm container checkpoint "$NAME"
	[ "$status" -ne 0 ]
	has lock "$output"
	status_is_pm running
	ckpt checkpoint --file-locks "$NAME"
	ckpt restore --file-locks "$NAME"
	wait_until status_is_pm running
}

@test "podman: a policy and a checkpoint are one clear error, and the container runs on" {
	counter --network none --annotation io.sandlock.net-deny=private
	run pm container checkpoint "$NAME"
	[ "$status" -ne 0 ]
	has "network policy" "$output"
	status_is_pm running
	wait_until counts_past $(($(count) + 3))
}
