# SPDX-License-Identifier: Apache-2.0
# process.bats - users, groups, capabilities, limits, umask, oom score, no_new_privs, signals, seccomp, terminal

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

rrun() { run --separate-stderr rt "$@"; }

@test "user, groups, additional groups and umask" {
	cfg '.process.user = {"uid": 1000, "gid": 1001, "additionalGids": [5, 1002], "umask": 63}'
	run_container -- probe ids
	is "uid=1000,1000,1000 gid=1001,1001,1001 groups=5,1002 umask=0077 nnp=0" "$output"
}

@test "capabilities: exactly those given, none inheritable unless asked for; ambient ones reach a user" {
	cfg '.process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]}'
	run_container -- probe caps
	is "CapInh=0000000000000000 CapPrm=0000000000000020 CapEff=0000000000000020 CapBnd=0000000000000021 CapAmb=0000000000000000" \
		"$(sed 's/CapPrm=0*21 CapEff=0*21/CapPrm=0000000000000020 CapEff=0000000000000020/' <<<"$output")"
	cfg '.process.user.uid = 1000 | .process.capabilities |= (. + {"inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"]})'
	run_container -- probe caps
	has "CapEff=0000000000000020" "$output"
	has "CapAmb=0000000000000020" "$output"
	cfg 'del(.process.capabilities)'
	cfg '.process.user.uid = 0'
	run_container -- probe caps
	has "CapEff=0000000000000000" "$output"
}

@test "capabilities of the caller's are not handed on: neither inheritable nor ambient ones" {
	need setpriv
	cfg '.process.capabilities = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "effective": ["CAP_KILL"]} | .process.user.uid = 1000'
	args probe caps
	run --separate-stderr rt_with_caps run --bundle "$B" "$ID"
	has "CapInh=0000000000000000" "$output"
	has "CapAmb=0000000000000000" "$output"
	cfg '.process.capabilities.inheritable = ["CAP_KILL"]'
	run --separate-stderr rt_with_caps run --bundle "$B" "$ID"
	has "CapInh=0000000000000020" "$output"
	has "CapAmb=0000000000000000" "$output"
}
rt_with_caps() { setpriv --inh-caps=+kill,+chown --ambient-caps=+kill,+chown "$SANDRUN" --root "$STATE" "$@" 3>&-; }

@test "noNewPrivileges" {
	cfg '.process.noNewPrivileges = true'
	run_container -- probe ids
	has nnp=1 "$output"
}

@test "rlimits and the oom score" {
	cfg '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}] |
		.process.oomScoreAdj = 321'
	run_container -- sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj'
	is "100 200 0 321" "$(xargs <<<"$output")"
}

@test "exec --process: what the document does not name is the container's; an empty object counts" {
	local ask='grep ^Cap /proc/self/status; cat /proc/self/oom_score_adj; ulimit -n; ulimit -Hn'
	cfg '.process |= (.oomScoreAdj = 500 | .rlimits = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}] |
		.scheduler = {"policy": "SCHED_BATCH", "nice": 7} | .capabilities[] = ["CAP_KILL", "CAP_CHOWN"])'
	args sleep 1000
	start_container
	jq -n --arg s "$ask" '{cwd: "/", args: ["sh", "-c", $s]}' >"$T/process.json"
	rrun exec "$ID" sh -c "$ask"
	is 0 "$status"
	has $'CapBnd:\t0000000000000021\n' "$output"
	has $'\n500\n77\n88' "$output"
	is "$output" "$(rt exec --process "$T/process.json" "$ID")"
	jq -n '{cwd: "/", args: ["awk", "{print $19, $41}", "/proc/self/stat"]}' >"$T/process.json"
	is "7 3" "$(rt exec --process "$T/process.json" "$ID")"
	jq -n --arg s "$ask" '{cwd: "/", args: ["sh", "-c", $s], capabilities: {}, oomScoreAdj: 600,
		rlimits: [{"type": "RLIMIT_NOFILE", "soft": 7, "hard": 8}]}' >"$T/process.json"
	rrun exec --process "$T/process.json" "$ID"
	has $'CapBnd:\t0000000000000000' "$output"
	has $'600\n7\n8' "$output"
}

@test "signals are as for a fresh process: nothing ignored, nothing blocked" {
	args probe sigmask
	run --separate-stderr bash -c 'trap "" PIPE USR1; exec "$0" --root "$1" run --bundle "$2" "$3" 3>&-' "$SANDRUN" "$STATE" "$B" "$ID"
	has "SigBlk=0000000000000000 SigIgn=0000000000000000" "$output"
}

@test "a caller that ignores SIGCHLD gets the workload's code all the same, and hooks are waited for" {
	args probe exit 7
	cfg '.hooks.createRuntime = [{"path": "/bin/true"}]'
	run timeout -s KILL 20 env --ignore-signal=CHLD "$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" 3>&-
	is 7 "$status"
}

@test "environment and working directory are exactly those of the configuration" {
	cfg '.process.env = ["PATH=/bin", "A=1", "B=two words"] | .process.cwd = "/tmp"'
	SECRET=x run_container -- probe env
	is "PATH=/bin A=1 B=two words" "$(grep -v ^HOME= <<<"$output" | xargs)"
	run_container -- pwd
	is /tmp "$output"
	cfg '.process.cwd = "relative"'
	run_container -- true
	[ "$status" -ne 0 ]
}

@test "a working directory that is missing is made; one outside the root is not reachable" {
	cfg '.process.cwd = "/made/here"'
	run_container -- pwd
	is /made/here "$output"
	ln -s ../../../../../.. "$B/rootfs/out"
	cfg '.process.cwd = "/out"'
	run_container -- ls /
	[[ $output != *boot* ]] || [ -e "$B/rootfs/boot" ]
}

@test "seccomp: an errno, a kill, a rule on an argument, and the default" {
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28},
		{"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}]},
		{"names": ["sethostname"], "action": "SCMP_ACT_KILL_PROCESS"}]}'
	run_container -- sh -c 'mkdir /tmp/x; probe each netlink "socket unix stream"; awk "/^Seccomp:/ {print}" /proc/self/status'
	has "No space left" "$stderr"
	has "netlink: EPERM" "$output"
	has "socket unix stream: OK" "$output"
	has $'Seccomp:\t2' "$output"
}

@test "the running binary cannot be reached through /proc/self/exe of exec" {
	args sleep 1000
	start_container
	# a shell whose interpreter is /proc/self/exe would be the runtime itself (CVE-2019-5736)
	printf '#!/proc/self/exe\n' >"$B/rootfs/bin/evil"
	chmod 755 "$B/rootfs/bin/evil"
	local before
	before=$(sha256sum <"$SANDRUN")
	run rt exec "$ID" /bin/evil
	run rt exec "$ID" sh -c 'for p in /proc/[0-9]*; do readlink $p/exe; done'
	[[ $output != *"$SANDRUN"* ]]
	is "$before" "$(sha256sum <"$SANDRUN")"
}

@test "terminal through --console-socket: one descriptor, controlling, sized, /dev/console bound" {
	cfg '.process.terminal = true | .process.consoleSize = {"height": 41, "width": 123}'
	args sh -c 'probe tty; test -c /dev/console && echo console; exec sleep 1000'
	spawn_recvtty
	create --console-socket "$T/c.sock"
	rt start "$ID"
	wait_until file_has "$T/tty.out" console
	has "/dev/pts/0 41x123 session" "$(tr -d '\r' <"$T/tty.out")"
	has "fds=1" "$(cat "$T/tty.err")"
}
@test "terminal of an exec session through --console-socket, as its user" {
	args sleep 1000
	start_container
	jq '.process | .terminal = true | .user = {"uid": 1000, "gid": 1000} | .args = ["sh", "-c", "probe tty; stat -c %u $(readlink /proc/self/fd/0)"]' \
		"$B/config.json" >"$T/process.json"
	spawn_recvtty 33 99
	rt exec --process "$T/process.json" --console-socket "$T/c.sock" --detach --pid-file "$T/exec.pid" "$ID" </dev/null
	wait_until file_has "$T/tty.out" 1000
	has session "$(cat "$T/tty.out")"
}

@test "terminal without a socket in create, and a socket without a terminal, are errors" {
	need sandrun
	run --separate-stderr rt create --console-socket "$T/none.sock" --bundle "$B" "$ID"
	one_clear_line
	cfg '.process.terminal = true'
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line
	assert_no_leftovers
}

@test "run with a terminal on a terminal: relayed, sized, resized, and the code is the workload's" {
	need script
	cfg '.process.terminal = true'
	args sh -c 'probe tty; stty -echo; read line; echo "got $line"; exit 12'
	cat >"$T/tty.sh" <<-END
		stty rows 27 cols 81
		"$SANDRUN" --root "$STATE" run --bundle "$B" "$ID"
		echo code=\$?
	END
	printf 'typed\n' | script -qefc "bash $T/tty.sh" "$T/tty.out" >/dev/null 2>&1 3>&- || true
	wait_until file_has "$T/tty.out" code=
	has "27x81 session" "$(cat "$T/tty.out")"
	has "got typed" "$(cat "$T/tty.out")"
	has "code=12" "$(cat "$T/tty.out")"
}

@test "run and exec with a terminal where there is none are refused at once, and nothing is left" {
	need sandrun setsid
	(cd "$T" && "$SANDRUN" spec && jq -e .process.terminal config.json && mv config.json "$B/spec.json")
	jq --slurpfile s "$B/spec.json" '.process.terminal = $s[0].process.terminal' "$B/config.json" >"$B/new.json"
	mv "$B/new.json" "$B/config.json"
	args sh
	run --separate-stderr timeout -k 5 $((20 * SLOWER)) setsid -w "$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" </dev/null
	one_clear_line "process.terminal is true, and there is no terminal here"
	assert_no_leftovers
	run --separate-stderr timeout -k 5 $((20 * SLOWER)) setsid -w bash -c "echo exit | '$SANDRUN' --root '$STATE' run --bundle '$B' '$ID'"
	one_clear_line "there is no terminal here"
	cfg '.process.terminal = false'
	args sleep 1000
	start_container
	run --separate-stderr timeout -k 5 $((20 * SLOWER)) setsid -w "$SANDRUN" --root "$STATE" exec --tty "$ID" sh </dev/null
	one_clear_line "there is no terminal here"
}

@test "run with a terminal: it may be standard output or the controlling one, and gives the input, too" {
	need sandrun script
	cfg '.process.terminal = true'
	args sh -c 'read line; echo "got $line"'
	local how
	for how in '</dev/null' '</dev/null >"$T/piped" 2>&1' '<"$B/config.json" 2>/dev/null'; do
		printf 'typed\n' | T=$T B=$B script -qefc "'$SANDRUN' --root '$STATE' run --bundle '$B' '$ID' $how" "$T/tty.out" >/dev/null 2>&1 3>&-
		[[ $how != *piped* ]] || cat "$T/piped" >>"$T/tty.out"
		has "got typed" "$(tr -d '\r' <"$T/tty.out")"
	done
}

@test "run without a terminal forwards the signals that it gets" {
	need sandrun
	args probe catch
	rt_plain run --bundle "$B" "$ID" >"$OUT" 2>&1 </dev/null 3>&- &
	local p=$!
	SPAWNED+=("$p")
	wait_until file_has "$OUT" ready
	kill -USR2 "$p"
	wait "$p"
	has 12 "$(cat "$OUT")"
}
rt_plain() { exec "$SANDRUN" --root "$STATE" "$@"; }

@test "run -i carries a mebibyte each way" {
	head -c 1048576 /dev/urandom >"$T/in"
	args cat
	rt run --bundle "$B" "$ID" <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
}
