# SPDX-License-Identifier: Apache-2.0
# podman-exec.bats - sessions in a running podman container

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() {
	podman_setup
	pm run -d --network none --name "$NAME" t sleep 1000 >/dev/null
}
teardown() { podman_teardown; }

pexec() { run --separate-stderr pm exec "$@"; }

@test "podman exec: code, user, directory and environment" {
	pexec "$NAME" sh -c 'exit 7'
	is 7 "$status"
	pexec -u 1000:1001 -w /tmp -e WORD=x "$NAME" sh -c 'echo $(id -u):$(id -g) $(pwd) $WORD'
	is 0 "$status"
	is "1000:1001 /tmp x" "$output"
	pexec -u user "$NAME" probe ids
	has "uid=1000,1000,1000" "$output"
}

@test "podman exec: -i carries a mebibyte each way" {
	head -c 1048576 /dev/urandom >"$T/in"
	pm exec -i "$NAME" cat <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
}

@test "podman exec: -t gives a terminal, and -it one that follows a resize" {
	pexec -t "$NAME" probe tty
	is 0 "$status"
	[[ ${output//$'\r'/} =~ ^/dev/pts/[0-9]+\ [0-9]+x[0-9]+\ session ]]
	# podman on a terminal of 20x50 that becomes 33x77 once the first size has arrived inside
	need script
	cat >"$T/tty.sh" <<-END
		. $TESTS_DIR/helpers-engine.bash
		NSENTER=()
		stty rows 20 cols 50
		# more than once: podman may not listen for the signal yet when the first size has arrived
		(until [ -e $(pm mount "$NAME")/tmp/sized ]; do sleep 0.02; done
		while sleep 0.2; do stty -F /dev/tty rows 33 cols 77; sleep 0.2; stty -F /dev/tty rows 33 cols 76; done) &
		resizer=\$!
		pm exec -it $NAME sh -c 'probe await-size 20 50; touch /tmp/sized; probe await-size 33 77'
		kill \$resizer
	END
	script -qefc "bash $T/tty.sh" "$T/tty.out" </dev/null >/dev/null 3>&-
	has 33x77 "$(cat "$T/tty.out")"
}

@test "podman exec: -d leaves the session running, and its pid goes when it ends" {
	pexec -d "$NAME" sh -c 'echo $$ >/tmp/session; while [ ! -e /tmp/stop ]; do sleep 0.05; done; echo bye >/tmp/bye'
	is 0 "$status"
	wait_until pm exec "$NAME" test -s /tmp/session
	pm exec "$NAME" sh -c 'kill -0 $(cat /tmp/session)'
	pm exec "$NAME" touch /tmp/stop
	wait_until pm exec "$NAME" sh -c '! kill -0 $(cat /tmp/session) 2>/dev/null'
	pm exec "$NAME" test -s /tmp/bye
}

@test "podman exec: a missing command is 127, detached 125 or 127, and no session stays" {
	pexec "$NAME" /no/such
	is 127 "$status"
	pexec "$NAME" foobar
	is 127 "$status"
	pexec -d "$NAME" /no/such
	[ "$status" = 125 ] || [ "$status" = 127 ]
	pexec "$NAME" true
	is 0 "$status"
}

@test "podman exec: a directory is 126" {
	pexec "$NAME" /etc
	is 126 "$status"
}

@test "podman exec: --preserve-fds hands over exactly the declared descriptors" {
	run --separate-stderr pm_with_fds 1 exec --preserve-fds 1 "$NAME" probe fds
	is 0 "$status"
	has "3 $T/three" "$output"
	[[ $output != *"$T/four"* ]]
	pexec "$NAME" probe fds
	is "0 1 2" "$(cut -d' ' -f1 <<<"$output" | xargs)"
}

# podman with 3 and 4 open on files; bats' own 3 is out of the way.
pm_with_fds() {
	shift
	touch "$T/three" "$T/four"
	CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf podman \
		--runtime "$FT/bin/sandrun" --tmpdir "$FT/tmp" "$@" 3>>"$T/three" 4>>"$T/four"
}

@test "podman exec: two sessions at once do not disturb each other" {
	local i
	for i in 1 2 3 4; do
		pm exec "$NAME" sh -c "echo $i; exit $i" >"$T/$i.out" &
		eval "p$i=$!"
	done
	for i in 1 2 3 4; do
		local p=p$i rc=0
		wait "${!p}" || rc=$?
		is "$i" "$rc"
		is "$i" "$(cat "$T/$i.out")"
	done
}

@test "podman exec: in a paused container it fails, and works again afterwards" {
	pm pause "$NAME" >/dev/null
	pexec "$NAME" true
	[ "$status" -ne 0 ]
	pm unpause "$NAME" >/dev/null
	pexec "$NAME" true
	is 0 "$status"
}
