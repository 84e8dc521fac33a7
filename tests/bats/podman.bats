# SPDX-License-Identifier: Apache-2.0
# podman.bats - what podman's users see of the runtime: codes, texts, terminals, pipes, life and death

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() { podman_setup; }
teardown() { podman_teardown; }

# prun WORD…: run --rm without a network.
prun() { run --separate-stderr pm run --rm --network none "$@"; }

@test "podman: run gives the workload's exit code" {
	prun t true
	is "0 " "$status $output"
	prun t false
	is 1 "$status"
	prun t sh -c 'echo out; echo err >&2; exit 32'
	is 32 "$status"
	is out "$output"
	is err "$stderr"
}

@test "podman: a missing command is 127, a directory is 126, each with podman's own words" {
	prun t /no/such
	is 127 "$status"
	has "attempted to invoke a command that was not found" "$stderr"
	prun t /etc
	is 126 "$status"
	[[ ${stderr,,} == *"permission denied"* || ${stderr,,} == *"is a directory"* ]]
}

@test "podman: a command that is not in \$PATH is 127" {
	prun t foobar
	is 127 "$status"
	has "not found in \$PATH" "$stderr"
}

@test "podman: a file that is not executable is 126" {
	prun t /etc/passwd
	is 126 "$status"
	has "ermission denied" "$stderr"
}

@test "podman: an empty command is 127" {
	prun t ""
	is 127 "$status"
}

@test "podman: death by signal is 128 and the signal's number" {
	run pm run -d --network none --name "$NAME" t sleep 1000
	is 0 "$status"
	pm kill -s KILL "$NAME"
	run pm wait "$NAME"
	is 137 "$output"
	prun --pid host t sh -c 'kill -TERM $$; sleep 10'
	is 143 "$status"
}

@test "podman: run -t gives a terminal that is stdin, controlling and sized, with CRLF" {
	prun -t t sh -c 'probe tty; test -c /dev/console && echo console'
	is 0 "$status"
	[[ ${output//$'\r'/} =~ ^/dev/pts/[0-9]+\ [0-9]+x[0-9]+\ session ]]
	has $'session\r\nconsole' "$output"
}

@test "podman: run -i carries a mebibyte each way without losing a byte" {
	head -c 1048576 /dev/urandom >"$T/in"
	pm run --rm -i --network none t cat <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
}

@test "podman: run -d, logs and wait" {
	pm run -d --network none --name "$NAME" t sh -c 'echo one; echo two >&2; exit 5' >/dev/null
	run pm wait "$NAME"
	is 5 "$output"
	run --separate-stderr pm logs "$NAME"
	is one "$output"
	is two "$stderr"
}

@test "podman: create, init, start -a" {
	pm create --network none --name "$NAME" t sh -c 'echo started; exit 3' >/dev/null
	pm init "$NAME" >/dev/null
	is "initialized" "$(pm inspect -f '{{.State.Status}}' "$NAME")"
	run --separate-stderr pm start -a "$NAME"
	is 3 "$status"
	is started "$output"
}

@test "podman: restart, and starting again, make the container anew" {
	pm run -d --network none --name "$NAME" t sleep 1000 >/dev/null
	local first
	first=$(pm inspect -f '{{.State.Pid}}' "$NAME")
	pm restart -t 0 "$NAME" >/dev/null
	[ "$(pm inspect -f '{{.State.Pid}}' "$NAME")" != "$first" ]
	pm stop -t 0 "$NAME" >/dev/null
	pm start "$NAME" >/dev/null
	is running "$(pm inspect -f '{{.State.Status}}' "$NAME")"
}

@test "podman: stop ends a workload that ignores TERM with KILL when the time is up" {
	pm run -d --network none --name "$NAME" t probe ignore-term >/dev/null
	elapsed_ms pm stop -t 1 "$NAME"
	[ "$MS" -ge 900 ] && [ "$MS" -lt $((6000 * SLOWER)) ]
	is 137 "$(pm inspect -f '{{.State.ExitCode}}' "$NAME")"
}

@test "podman: stop is immediate for a workload that heeds TERM" {
	pm run -d --network none --name "$NAME" t probe catch >/dev/null
	wait_until file_has <(pm logs "$NAME") ready || wait_until eval 'pm logs $NAME | grep -q ready'
	elapsed_ms pm stop -t 10 "$NAME"
	[ "$MS" -lt $((4000 * SLOWER)) ]
	is 0 "$(pm inspect -f '{{.State.ExitCode}}' "$NAME")"
	has 15 "$(pm logs "$NAME")"
}

@test "podman: kill delivers USR1 and RTMIN+3 by number" {
	local sig number
	for sig in USR1:10 RTMIN+3:37; do
		number=${sig##*:}
		pm run -d --network none --name "$NAME$number" t probe catch >/dev/null
		wait_until eval 'pm logs '"$NAME$number"' | grep -q ready'
		pm kill -s "${sig%%:*}" "$NAME$number" >/dev/null
		pm wait "$NAME$number" >/dev/null
		has "$number" "$(pm logs "$NAME$number" | tail -n 1)"
	done
}

@test "podman: with the host's pid namespace, stop reaches every process of the container" {
	pm run -d --pid host --network none --name "$NAME" t sh -c 'sleep 987654 & sleep 987655' >/dev/null
	wait_until eval 'grep -lsaF 987654 /proc/[0-9]*/cmdline | grep -v self'
	pm stop -t 1 "$NAME" >/dev/null
	wait_until eval '! pgrep -f "sleep 98765[45]"'
}

@test "podman: a published port is free at once after the container's end" {
	netns_make
	pm run -d --name "$NAME" -p 127.0.0.1:8099:80 t sleep 1000 >/dev/null
	is EADDRINUSE "$(in_ns "$PROBE" bind 127.0.0.1 8099)"
	pm rm -f -t 0 "$NAME" >/dev/null
	is OK "$(in_ns "$PROBE" bind 127.0.0.1 8099)"
}

@test "podman: a container on a bridge reaches its gateway" {
	netns_make
	run --separate-stderr pm run --rm t sh -c 'gw=$(tr "\t" " " </proc/net/route | grep -c "^eth0 00000000"); echo $gw; probe tcp 10.88.0.1 9'
	is 0 "$status"
	is $'1\nECONNREFUSED' "$output"
}

@test "podman: run piped into another command, and wait, return at once" {
	elapsed_ms piped --network none
	[ "$MS" -lt $((5000 * SLOWER)) ]
	elapsed_ms pm wait "$NAME"
	[ "$MS" -lt $((2000 * SLOWER)) ]
}

piped() { pm run "$@" --name "$NAME" t echo hi | cat >/dev/null; }

@test "podman: with --log-level=debug, and with a name that podman does not know, an error is still one clean line" {
	run --separate-stderr pm --log-level=debug run --rm --network none t /no/such
	is 127 "$status"
	cp "$FT/bin/sandrun" "$FT/bin/otherrun"
	RUNTIME_BIN=$FT/bin/otherrun run --separate-stderr pm run --rm --network none t /no/such
	is 127 "$status"
	is 1 "$(grep -c . <<<"$stderr")"
	RUNTIME_BIN=$FT/bin/otherrun run --separate-stderr pm run --rm --network none t sh -c 'exit 9'
	is 9 "$status"
	is "" "$stderr"
}

@test "podman: the runtime works under its own path and its default state directory" {
	RUNTIME_BIN=$SANDRUN run --separate-stderr pm run --rm --network none t sh -c 'echo plain; exit 4'
	is 4 "$status"
	is plain "$output"
}
