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

@test "an exec'd process cannot be looked into by the container before it is the command" {
	annotate net-deny=private
	shell 'while [ ! -e /tmp/over ]; do for p in /proc/[0-9]*; do
		[ "$(cat $p/comm 2>/dev/null)" = sandrun ] || continue
		echo met >>/tmp/met
		for n in 3 4 5 6 7 8 9; do readlink $p/fd/$n; done 2>/dev/null | sed "s/^/$(cat $p/comm) /" >>/tmp/looked
		ls $p/fd >/dev/null 2>&1 && [ "$(cat $p/comm 2>/dev/null)" = sandrun ] && echo listed >>/tmp/looked
		head -c 1 $p/environ >>/tmp/looked 2>/dev/null
	done; done'
	start_container
	local i
	for i in $(seq 40); do rt exec "$ID" /bin/true; done
	touch "$B/rootfs/tmp/over"
	[ -s "$B/rootfs/tmp/met" ] || skip "the two did not meet"
	run grep -a sandrun "$B/rootfs/tmp/looked"
	is "" "$output"
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
