# SPDX-License-Identifier: Apache-2.0
# hooks.bats - hooks/ as they are shipped: by hand in config.json, and through podman's hooks.d
#
# In mounts of its own: a /run with a journal's socket where a test listens, sandrun in /usr/local/bin and its default root.

load helpers
load helpers-net
load helpers-engine

HOOKS=$BATS_TEST_DIRNAME/../../hooks

setup_file() {
	need podman conmon unshare nsenter logger
	podman_file_setup
	unshare --mount --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	inside sh -c 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /usr/local/bin && cp "$1" /usr/local/bin/sandrun && ip link set lo up' _ "$SANDRUN"
	mkdir -p "$FT/hooks.d"
	for f in "$HOOKS"/hooks.d/*.json; do
		sed "s,@libexecdir@/sandrun,$(cd "$HOOKS" && pwd)," "$f" >"$FT/hooks.d/${f##*/}"
	done
}
teardown_file() {
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	podman_file_teardown
}
setup() {
	common_setup
	need sandrun
	NAME=$ID
	NSENTER=(nsenter --mount --net --target "$HOLDER")
}
teardown() {
	local rc=0
	pd rm -fa -t 0 >/dev/null 2>&1 || true
	inside rm -rf /run/systemd
	common_teardown || rc=1
	return $rc
}

inside() { nsenter --mount --net --target "$HOLDER" "$@"; }
pd() {
	CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf timeout --foreground -k 5 $((${RT_TIMEOUT:-90} * SLOWER)) \
		nsenter --mount --net --target "$HOLDER" podman --runtime /usr/local/bin/sandrun --hooks-dir "$FT/hooks.d" "$@" 3>&-
}

# journal: what journald would be handed, an entry's fields on a line, in $T/journal.
journal() {
	spawn "${NSENTER[@]}" /usr/bin/python3 -c '
import os, socket, sys
os.makedirs("/run/systemd/journal", exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/systemd/journal/socket")
out = open(sys.argv[1], "a", buffering=1)
while True:
    out.write(s.recv(65536).decode(errors="replace").replace("\n", "|") + "\n")' "$T/journal"
	wait_until inside test -S /run/systemd/journal/socket
}

@test "hooks: poststop hands podman's refusals to the journal, with the container's id as a field" {
	journal
	pd run --network none --name "$NAME" --annotation io.sandlock.net-deny=9.9.9.9 t sh -c 'probe tcp 9.9.9.9 443; probe tcp 9.9.9.9 80' || true
	local id
	id=$(pd inspect -f '{{.Id}}' "$NAME")
	pd rm -f -t 0 "$NAME" >/dev/null
	wait_until file_has "$T/journal" "SANDRUN_CONTAINER=$id"
	wait_until file_has "$T/journal" "MESSAGE=.*9.9.9.9:443"
	has "SYSLOG_IDENTIFIER=sandrun" "$(cat "$T/journal")"
}

@test "hooks: poststop says nothing of a container that nothing was refused to, or that has no policy" {
	journal
	pd run --rm --network none --annotation io.sandlock.net-deny=9.9.9.9 t true
	pd run --rm --network none t true
	inside logger --journald <<<"MESSAGE=end"
	wait_until file_has "$T/journal" MESSAGE=end
	is 1 "$(wc -l <"$T/journal")"
}

@test "hooks: poststop by hand in config.json; an id in an annotation is not the container's" {
	journal
	host_network
	cfg '.hooks.poststop = [{path: $p}] | .annotations["{\"id\":\"other\""] = "\"id\":\"other\""' --arg p "$(cd "$HOOKS" && pwd)/poststop"
	annotate net-deny=9.9.9.9
	args probe tcp 9.9.9.9 443
	# the default root, which the hook's sandrun looks at
	inside env SANDRUN_TEST="$ID" /usr/local/bin/sandrun run --bundle "$B" "$ID" >/dev/null
	wait_until file_has "$T/journal" "SANDRUN_CONTAINER=$ID"
	not file_has "$T/journal" "SANDRUN_CONTAINER=other"
}

@test "hooks: poststop on a text that is no state fails with one line, and nothing is handed over" {
	run --separate-stderr "$HOOKS/poststop" <<<'{"annotations":{"id":"x"}}'
	one_clear_line "no container's id"
	run --separate-stderr "$HOOKS/poststop" <<<'nonsense'
	one_clear_line "no container's id"
}
