# SPDX-License-Identifier: Apache-2.0
# attack-runtime.bats - the runtime itself as the target: its binary, its descriptors, its processes, names that change

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	# A binary of this test's own: if an attack works, nobody else is hurt.
	cp "$SANDRUN" "$T/sandrun"
	SANDRUN=$T/sandrun
	BEFORE=$(sha256sum <"$SANDRUN")
}
teardown() {
	common_teardown
}

binary_unharmed() { is "$BEFORE" "$(sha256sum <"$SANDRUN")"; }

# A loop in the container that tries to write whatever /proc/PID/exe is not ours, until /tmp/over exists.
overwriter='while [ ! -e /tmp/over ]; do
	for p in /proc/[0-9]*; do
		exe=$(readlink $p/exe) || continue
		case $exe in *busybox* | "") ;; *)
			echo "$exe" >>/tmp/seen
			(echo overwritten >$p/exe) 2>/dev/null && echo WON >>/tmp/won
			(exec 9<$p/exe; kill -9 ${p#/proc/}; for i in 1 2 3 4 5 6 7 8 9; do
				echo overwritten >/proc/self/fd/9 && echo WON >>/tmp/won; done) 2>/dev/null ;;
		esac
	done
done'

# The runtime's own libraries in the container, as an attacker would put them there (or worse ones).
bring_libraries() {
	local lib
	for lib in $(ldd "$SANDRUN" | grep -o '/[^ ]*'); do
		mkdir -p "$B/rootfs$(dirname "$lib")"
		cp -L "$lib" "$B/rootfs$lib"
	done
}

@test "CVE-2019-5736: an entry point /proc/self/exe, or a script with that interpreter, does not reach the binary" {
	local entry
	bring_libraries
	printf '#!/proc/self/exe --version\n' >"$B/rootfs/bin/script"
	chmod 755 "$B/rootfs/bin/script"
	for entry in /proc/self/exe /bin/script; do
		args "$entry" --version
		run_container
		binary_unharmed
	done
	args sleep 1000
	start_container
	for entry in /proc/self/exe /bin/script; do
		run --separate-stderr rt exec "$ID" "$entry" --version
		binary_unharmed
	done
}

@test "CVE-2019-5736: a container that watches for exec'd processes cannot write what they run" {
	all_caps
	bring_libraries
	args sh -c "$overwriter"
	start_container
	local i
	for i in $(seq 40); do
		run --separate-stderr rt exec "$ID" /proc/self/exe state "$ID"
		run --separate-stderr rt exec "$ID" /bin/true
	done
	touch "$B/rootfs/tmp/over"
	[ -s "$B/rootfs/tmp/seen" ]
	[ ! -e "$B/rootfs/tmp/won" ]
	binary_unharmed
}

@test "CVE-2024-21626: no working directory is a descriptor that leads out" {
	local fd
	args sleep 1000
	start_container
	for fd in $(seq 3 30) 100 101 102; do
		run --separate-stderr rt exec --cwd "/proc/self/fd/$fd" "$ID" cat ../../../../etc/shadow ../../../../../etc/shadow
		[ "$status" -ne 0 ]
		is "" "$output"
	done
	rt delete --force "$ID"
	for fd in $(seq 3 30); do
		cfg ".process.cwd = \"/proc/self/fd/$fd\""
		run_container -- cat ../../../../etc/shadow
		[ "$status" -ne 0 ]
		is "" "$output"
	done
}

@test "no descriptor of ours is left in the workload, in create or exec, with or without a policy" {
	local p
	for p in '' net-deny=private net-allow=; do
		cfg 'del(.annotations)'
		[ -z "$p" ] || annotate "$p"
		args probe fds
		run_container
		is '0 1 2' "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
		args sleep 1000
		start_container
		exec_probe fds
		is '0 1 2' "$(cut -d' ' -f1 <<<"$output" | tr '\n' ' ' | sed 's/ $//')"
		rt delete --force "$ID"
	done
}

@test "an init that replaces /proc, /etc/passwd and the working directory does not lead exec astray" {
	all_caps
	annotate net-deny=private
	shell 'mkdir /fake /fake/self /fake/self/attr /fake/self/fd /fake/thread-self; ln -s / /fake/self/root; ln -s / /fake/self/cwd
		mount -t tmpfs none /tmp; umount -l /proc; mount --bind /fake /proc
		rm -f /etc/passwd; ln -s /dev/zero /etc/passwd; echo ready; sleep 1000'
	start_container
	wait_until file_has "$OUT" ready
	RT_TIMEOUT=20 run --separate-stderr rt exec "$ID" /bin/probe tcp 127.0.0.1 9
	[ "$status" != 124 ]
	[[ $output != *OK* ]]
	RT_TIMEOUT=20 run --separate-stderr rt exec "$ID" /bin/echo alive
	[ "$status" != 124 ]
}

# What a container tries with every process of ours that it meets: descriptors, memory, environment, the places it is in.
# (Which numbers are open the kernel tells every root.)
# Whatever it gets is in /tmp/looked; /tmp/met says that it met one.
looker='looked() { [ "$(cat $p/comm 2>/dev/null)" = sandrun ] && echo "$1" >>/tmp/looked; }
while [ ! -e /tmp/over ]; do
	for p in /proc/[0-9]*; do
		[ "$(cat $p/comm 2>/dev/null)" = sandrun ] || continue
		echo met >>/tmp/met
		for n in 0 1 3 4 5 6 7 8 9 10 11 12; do readlink $p/fd/$n >/dev/null 2>&1 && looked fd; done
		for n in exe cwd root; do readlink $p/$n >/dev/null 2>&1 && looked $n; done
		ls $p/root/ >/dev/null 2>&1 && looked through
		head -c 1 $p/environ 2>/dev/null | grep -q . && looked environ
		(exec 9<$p/mem) 2>/dev/null && looked mem
	done
done'

@test "CVE-2016-9962: init, waiting for start in another container's pid namespace, cannot be looked into from there" {
	local policy other
	for policy in '' net-deny=private; do
		shell "$looker"
		start_container
		other=$(container_pid)
		cp "$B/config.json" "$T/looker.json"
		[ -z "$policy" ] || annotate "$policy"
		cfg '.linux.namespaces |= map(if .type == "pid" then .path = $p else . end) | .linux.cgroupsPath += "-2"' --arg p "/proc/$other/ns/pid"
		args sleep 1000
		rt create --bundle "$B" "$ID-2" </dev/null >"$OUT" 2>&1
		# looked at a few times
		wait_until eval '[ "$(grep -c met "$B/rootfs/tmp/met")" -ge 3 ]'
		touch "$B/rootfs/tmp/over"
		[ ! -e "$B/rootfs/tmp/looked" ] || { sort "$B/rootfs/tmp/looked" | uniq -c; false; }
		rt delete --force "$ID-2"
		rt delete --force "$ID"
		rm "$B/rootfs/tmp/over" "$B/rootfs/tmp/met"
		cp "$T/looker.json" "$B/config.json"
	done
}

@test "CVE-2016-9962: an exec'd process cannot be looked into by the container before it is the command" {
	need strace
	annotate net-deny=private
	shell "$looker"
	start_container
	local i
	# held back at the last moment, when it has no more capabilities than the container
	for i in 1 2 3 4 5; do
		strace -f -o /dev/null -e inject=execve:delay_enter=1s "$SANDRUN" --root "$STATE" exec "$ID" /bin/true 3>&-
		[ ! -s "$B/rootfs/tmp/met" ] || break
	done
	[ -s "$B/rootfs/tmp/met" ]
	for i in $(seq 10); do rt exec "$ID" /bin/true; done
	touch "$B/rootfs/tmp/over"
	[ ! -e "$B/rootfs/tmp/looked" ] || { sort "$B/rootfs/tmp/looked" | uniq -c; false; }
}

# seized_by OPTION…: a container that traces what it can as soon as it is born; its log is $SEIZED.
seized_by() {
	SEIZED=$B/rootfs/tmp/seized
	rm -f "$SEIZED"
	cp "$PROGRAMS/seize" "$B/rootfs/bin/"
	args seize "$@" /tmp/seized
	start_container
	wait_until file_has "$SEIZED" ready
}

# What is the workload already is the container's own.
nobody_seized() { ! grep -A 30 "comm sandrun" "$SEIZED"; }

@test "CVE-2016-9962: a container that makes a user namespace, and so may trace in it, seizes no process of exec" {
	local policy i
	for policy in '' net-deny=private; do
		[ -z "$policy" ] || annotate "$policy"
		seized_by -u
		for i in $(seq 20); do RT_TIMEOUT=20 run --separate-stderr rt exec "$ID" /bin/true; done
		nobody_seized
		rt delete --force "$ID"
	done
}

@test "CVE-2016-9962: a container with CAP_SYS_PTRACE in a user namespace of its own seizes no process of exec" {
	local i
	all_caps
	in_userns
	seized_by
	for i in $(seq 20); do RT_TIMEOUT=20 run --separate-stderr rt exec "$ID" /bin/true; done
	nobody_seized
}

# creates_beside N: another container is made and removed N times, from $B as it is.
creates_beside() {
	local i
	args sleep 1000
	cfg '.linux.cgroupsPath += "-2"'
	for ((i = 0; i < $1; i++)); do
		rt create --bundle "$B" "$ID-2" </dev/null >"$OUT" 2>&1 || cat "$OUT"
		rt delete --force "$ID-2"
	done
}

# joins TYPE: the namespace of the container that runs is taken instead of a new one.
joins() {
	cfg '.linux.namespaces |= map(if .type == $t then .path = $p else . end)' --arg t "$1" --arg p "/proc/$(container_pid)/ns/$2"
}

@test "CVE-2016-9962: who is in the pid namespace that is joined seizes no process of another container's create" {
	# the owner of the user namespace that is made: in its parent, with the same uid
	seized_by
	joins pid pid
	in_userns
	creates_beside 20
	nobody_seized
}

@test "CVE-2016-9962: who is in the pid and user namespaces that are joined seizes no process of another container's create" {
	all_caps
	in_userns
	seized_by
	joins pid pid
	joins user user
	creates_beside 20
	nobody_seized
}

@test "CVE-2016-9962: who sees the host's pids seizes no process of another container's create" {
	cp "$B/config.json" "$T/plain.json"
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	seized_by -w 24 -m "$STATE"
	cp "$T/plain.json" "$B/config.json"
	in_userns
	creates_beside 20
	# (where a change of ids takes the mark back, there is a moment with the ids of the other container)
	! grep -A 1 "comm sandrun" "$SEIZED" | grep "Uid:.0" || return 1
	[ "$(cat /proc/sys/fs/suid_dumpable)" = 1 ] || nobody_seized
}

@test "the command line of a process that enters, which everybody may read who sees it, says nothing of the host" {
	args sleep 1000
	create
	is "sandrun init" "$(tr '\0' ' ' <"/proc/$(container_pid)/cmdline" | xargs)"
	rt start "$ID"
	: >"$T/log"
	spawn "$PROGRAMS/births" -S "$T/log" "$SANDRUN" --root "$STATE" exec -e SECRET=word "$ID" /bin/true
	wait_until file_has "$T/log" stopped
	is "sandrun exec" "$(tr '\0' ' ' <"/proc/$(sed -n 's/^stopped //p' "$T/log")/cmdline" | xargs)"
}

@test "the caller's session keyring, and what it leads to, stays outside: run and exec" {
	local runtime=("$SANDRUN" --root "$STATE")
	run --separate-stderr "$PROBE" with-key secret "$PROBE" find-key secret
	is OK "$output"
	args probe find-key secret
	run --separate-stderr "$PROBE" with-key secret "${runtime[@]}" run --bundle "$B" "$ID" 3>&-
	is ENOKEY "$output"
	args sleep 1000
	start_container
	run --separate-stderr "$PROBE" with-key secret "${runtime[@]}" exec "$ID" /bin/probe find-key secret 3>&-
	is ENOKEY "$output"
	rt delete --force "$ID"
	start_container --no-new-keyring
	run --separate-stderr "$PROBE" with-key secret "${runtime[@]}" exec "$ID" /bin/probe find-key secret 3>&-
	is OK "$output"
}

# elsewhere COMMAND -- WORD…: a run in a mount namespace in which the command has changed something of the host's.
elsewhere() {
	run --separate-stderr unshare --mount --propagation private sh -c "$1"'; shift; exec "$@"' sh "$1" \
		"$SANDRUN" --root "$STATE" run --bundle "$B" "$ID" 3>&-
}

@test "CVE-2025-52881: a sysctl is written into procfs itself, not to what somebody has mounted over it" {
	cfg '.linux.sysctl = {"kernel.msgmax": "9000", "kernel.domainname": "dom", "net.ipv4.ip_default_ttl": "33"}'
	args cat /proc/sys/kernel/msgmax /proc/sys/kernel/domainname /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_default_ttl
	run_container
	local usual="9000 dom sandbox 33"
	is "$usual" "$(xargs <<<"$output")"
	echo untouched >"$T/file"
	# a file of somebody else's, another sysctl, and a directory full of them (a namespace's own ones are entries of its own,
	# which nobody can have mounted over; those of UTS namespaces are the same for all)
	elsewhere "mount --bind $T/file /proc/sys/kernel/domainname"
	is "0 $usual" "$status $(xargs <<<"$output")"
	is untouched "$(cat "$T/file")"
	elsewhere "mount --bind /proc/sys/kernel/hostname /proc/sys/kernel/domainname"
	is "0 $usual" "$status $(xargs <<<"$output")"
	mkdir -p "$T/sys/kernel" "$T/sys/net/ipv4"
	echo untouched | tee "$T/sys/kernel/msgmax" "$T/sys/kernel/domainname" >"$T/sys/net/ipv4/ip_default_ttl"
	elsewhere "mount --bind $T/sys /proc/sys"
	is "0 $usual" "$status $(xargs <<<"$output")"
	is "untouched untouched untouched" "$(cat "$T/sys/kernel/msgmax" "$T/sys/kernel/domainname" "$T/sys/net/ipv4/ip_default_ttl" | xargs)"
}

@test "CVE-2025-31133: what covers a masked file is the null device, and nothing else that has its name" {
	cfg '.linux.maskedPaths = ["/etc/passwd"]'
	args cat /etc/passwd
	run_container
	is "0 " "$status $output"
	# the host's
	echo planted >"$T/file"
	elsewhere "mount --bind $T/file /dev/null"
	is "0 " "$status $output"
	# the container's, in a volume where somebody has been before: a file, a link to one, another device
	mkdir "$T/dev"
	cfg '.mounts |= map(if .destination == "/dev" then {destination: "/dev", type: "bind", source: $d, options: ["bind"]} else . end |
		select(.destination | startswith("/dev/") | not))' --arg d "$T/dev"
	local plant
	for plant in "cp $T/file" "ln -s /etc/group" "ln -s ../../../../../../..$T/file" mknod; do
		rm -rf "$T/dev"/*
		case $plant in mknod*) mknod -m 666 "$T/dev/null" c 1 5 ;; *) $plant "$T/dev/null" ;; esac
		elsewhere true
		[[ $output != *planted* && $output != *root* ]]
		elsewhere "mount --bind $T/file /dev/null"
		[[ $output != *planted* && $output != *root* ]]
		is planted "$(cat "$T/file")"
	done
}

@test "a path to a command that changes between symbolic links stays in the container" {
	ln -s /bin/true "$B/rootfs/bin/turn"
	shell 'while [ ! -e /tmp/over ]; do ln -sfn ../../../../../../usr/bin/id /bin/turn; ln -sfn /bin/true /bin/turn; done'
	start_container
	local i
	for i in $(seq 30); do
		run --separate-stderr rt exec "$ID" /bin/turn
		[[ $output != *uid=0*gid*groups* ]] || [ -L "$B/rootfs/usr/bin/id" ]
	done
	touch "$B/rootfs/tmp/over"
}
