# SPDX-License-Identifier: Apache-2.0
# profile.bats - what the runtime itself needs behind linux.seccomp, and what is told when the profile kills

load helpers

setup() {
	common_setup
	need sandrun
	cp "$PROGRAMS/bare" "$B/rootfs/bin/"
}
teardown() { common_teardown; }

rrun() { run --separate-stderr rt "$@"; }

# profile DEFAULT NNP CALL… : these calls pass, for the others there is DEFAULT.
profile() {
	local default=$1 nnp=$2
	shift 2
	cfg '.linux.seccomp = {"defaultAction": $d, "syscalls": [{"names": $ARGS.positional, "action": "SCMP_ACT_ALLOW"}]} |
		.process.noNewPrivileges = $n' --arg d "$default" --argjson n "$nnp" --args -- "$@"
}
# deny ACTION NNP CALL…: these calls get ACTION, the others pass.
deny() {
	local action=$1 nnp=$2
	shift 2
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": $ARGS.positional, "action": $a}]} |
		.process.noNewPrivileges = $n' --arg a "$action" --argjson n "$nnp" --args -- "$@"
}
needs_bare() { "$PROGRAMS/bare" || [ $? = 7 ] || skip "bare.c knows no exit for this processor"; }

@test "with noNewPrivileges nothing but execve is needed behind the profile: run, start, exec, with a policy, as a user" {
	needs_bare
	local policy user
	for policy in '' net-deny=10.0.0.0/8; do
		[ -z "$policy" ] || annotate "$policy"
		for user in 0 1000; do
			cfg '.process.user = {"uid": $u, "gid": $u, "additionalGids": [5]}' --argjson u $user
			profile SCMP_ACT_KILL_PROCESS true execve exit_group
			run_container -- bare
			is "7 " "$status $stderr"
			create
			rt start "$ID"
			wait_until status_is stopped
			rt delete "$ID"
		done
	done
}

@test "exec behind a tight profile needs nothing but execve, too" {
	needs_bare
	args sleep 1000
	start_container
	# The configuration that create stored: as if it had been this one.
	jq '.linux.seccomp = {"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["execve", "exit_group"],
		"action": "SCMP_ACT_ALLOW"}]} | .process.noNewPrivileges = true' "$STATE/$ID/config.json" >"$T/tight"
	cp "$T/tight" "$STATE/$ID/config.json"
	rrun exec "$ID" bare
	is "7 " "$status $stderr"
	rrun exec --user 1000:1000 "$ID" bare
	is "7 " "$status $stderr"
}

@test "a startContainer hook runs behind the profile, and init needs nothing for it" {
	needs_bare
	profile SCMP_ACT_KILL_PROCESS true execve exit_group
	cfg '.hooks.startContainer = [{"path": "/bin/bare"}]'
	run_container -- bare
	one_clear_line "error running startContainer hook #0: /bin/bare: exit status 7"
	cfg '.hooks.startContainer = [{"path": "/bin/busybox", "args": ["true"]}]'
	run_container -- bare
	one_clear_line "error running startContainer hook #0: /bin/busybox: it was killed by signal 31 (bad system call)"
}

@test "a profile that would kill the process for certain is refused before anything is made, by the names of the calls" {
	local how
	for how in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		deny $how true execve
		run_container -- true
		one_clear_line "linux.seccomp kills whatever calls execve,"
		deny $how false execve read setresuid
		run_container -- true
		one_clear_line "linux.seccomp kills whatever calls setresuid, read, execve," "with process.noNewPrivileges"
	done
	deny SCMP_ACT_KILL false read
	rrun create --bundle "$B" "$ID"
	one_clear_line "linux.seccomp kills whatever calls read,"
	assert_no_leftovers
	# The others are no obstacle.
	deny SCMP_ACT_KILL false acct mount
	run_container -- true
	is "0 " "$status $stderr"
	# Not certain: an argument decides.
	cfg '.linux.seccomp.syscalls = [{"names": ["read"], "action": "SCMP_ACT_KILL", "args": [{"index": 2, "value": 4097, "op": "SCMP_CMP_EQ"}]}]'
	run_container -- true
	is "0 " "$status $stderr"
}

@test "start asks for no accept4 of a profile, unless something is to be told" {
	deny SCMP_ACT_KILL_PROCESS false accept4
	run_container -- echo runs
	is "0 runs" "$status $output$stderr"
	# run: init is its child, and nobody is faster to reap it.
	args sleep 1000
	cfg '.hooks.startContainer = [{"path": "/bin/busybox", "args": ["rm", "/bin/sleep"]}]'
	rrun run --bundle "$B" "$ID"
	one_clear_line "init ended with status 1 before it was the command, without a word"
}

@test "killed by the profile: told by create, start and exec, with the calls in question" {
	cfg '.process.user.additionalGids = [5]'
	deny SCMP_ACT_KILL_PROCESS false setgroups
	run_container -- true
	one_clear_line "init was killed by linux.seccomp on its way to the command, where it needs setgroups"
	# Behind create's READY, by an argument: CLOSE_RANGE_CLOEXEC. Start may come too late to see how init ended, but not that it did.
	cfg '.linux.seccomp.syscalls = [{"names": ["close_range"], "action": "SCMP_ACT_KILL_PROCESS", "args": [{"index": 2, "value": 4, "op": "SCMP_CMP_EQ"}]}]'
	args sleep 1000
	run_container
	one_clear_line "init was killed by linux.seccomp on its way to the command, where it needs close_range"
	create
	rrun start "$ID"
	one_clear_line "init "
	[[ $stderr == *"init was killed by linux.seccomp on its way to the command, where it needs close_range"* ||
		$stderr == *"init ended before it was the command (killed by linux.seccomp? It needs close_range)"* ]]
	rt delete "$ID"
	jq .linux.seccomp "$B/config.json" >"$T/seccomp"
	cfg 'del(.linux.seccomp)'
	start_container
	jq --slurpfile s "$T/seccomp" '.linux.seccomp = $s[0]' "$STATE/$ID/config.json" >"$T/tight"
	cp "$T/tight" "$STATE/$ID/config.json"
	rrun exec "$ID" true
	one_clear_line "the new process was killed by linux.seccomp on its way to the command, where it needs close_range"
}

@test "what dies of itself is told by its code only: a command that its profile kills, and one that ends at once" {
	deny SCMP_ACT_KILL_PROCESS true umask
	args sh -c 'umask 0'
	run --separate-stderr rt run --bundle "$B" "$ID"
	is "159 " "$status $stderr"
	args sleep 1000
	start_container
	rrun exec "$ID" sh -c 'umask 0'
	is "159 " "$status $stderr"
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		rrun exec "$ID" false
		is "1 " "$status $stderr"
	done
}

@test "killed for want of memory or by somebody: told as that" {
	cfg '.linux.resources.memory = {"limit": 40960}'
	run_container -- true
	one_clear_line "init was killed before it was the command: its cgroup is out of memory"
}

@test "an errno of the profile to what the runtime needs is told as that" {
	cfg '.process.user = {"uid": 1000, "gid": 1000}'
	deny SCMP_ACT_ERRNO false setresgid
	run_container -- true
	one_clear_line "process.user.gid: " "linux.seccomp answers so to setresgid"
	deny SCMP_ACT_ERRNO true setresgid
	run_container -- true
	is "0 " "$status $stderr"
}

@test "a command that was removed after create is missing itself; one without its interpreter misses that" {
	printf '#!/bin/sh\nexit 0\n' >"$B/rootfs/bin/prog"
	chmod 755 "$B/rootfs/bin/prog"
	args /bin/prog
	create
	rm "$B/rootfs/bin/prog"
	rrun start "$ID"
	one_clear_line "exec /bin/prog: no such file or directory"
	[[ $stderr != *interpreter* ]]
	rt delete "$ID"
	printf '#!/bin/nowhere\n' >"$B/rootfs/bin/prog"
	chmod 755 "$B/rootfs/bin/prog"
	run_container -- /bin/prog
	one_clear_line "exec /bin/prog: no such file or directory (its interpreter or loader is missing)"
	printf '#!/etc/passwd\n' >"$B/rootfs/bin/prog"
	run_container -- /bin/prog
	one_clear_line "exec /bin/prog: permission denied (for its interpreter or loader)"
	# Behind a profile that forbids to look.
	deny SCMP_ACT_KILL true newfstatat fstat faccessat2 stat access faccessat
	printf '#!/bin/nowhere\n' >"$B/rootfs/bin/prog"
	run_container -- /bin/prog
	one_clear_line "exec /bin/prog: no such file or directory (it, its interpreter or its loader is missing)"
}
