# SPDX-License-Identifier: Apache-2.0
# attack-files.bats - files that the runtime makes by name where a container writes, too: a volume with the pid file or the log in it

load helpers

setup() {
	common_setup
	need sandrun
	V=$T/volume
	mkdir "$V"
	args sleep 1000
	victim=$T/victim
	echo untouched >"$victim"
}
teardown() { common_teardown; }

# plant KIND NAME: what a container may have made there.
plant() {
	rm -rf "${V:?}/$2"
	case $1 in
	fifo) mkfifo "$V/$2" ;;
	device) mknod "$V/$2" c 1 11 ;; # the kernel's log: harmless to be written to, and it shows
	link) ln -s "$victim" "$V/$2" ;;
	dangling) ln -s "$T/made" "$V/$2" ;;
	directory) mkdir "$V/$2" ;;
	socket)
		spawn "$PROGRAMS/manager" notify "$V/$2" >/dev/null 2>&1
		wait_until test -S "$V/$2"
		;;
	esac
}
quick() { RT_TIMEOUT=10 elapsed_ms rt "$@"; }
unharmed() { [ "$(cat "$victim")" = untouched ] && [ ! -e "$T/made" ]; }

# In a pid namespace of its own, where all pids are small.
@test "--pid-file: whatever has the name of its temporary file, or its own, is neither opened nor waited for" {
	local kind i
	for kind in fifo device link dangling; do
		rm -rf "${V:?}"/*
		for i in $(seq 300); do plant $kind "pid.$i.tmp"; done
		plant $kind pid
		SANDRUN_TEST=$ID timeout 60 unshare --pid --fork --kill-child --mount-proc sh -c '
			set -e
			"$1" --root "$2" create --bundle "$3" --pid-file "$5/pid" "$4" </dev/null >/dev/null 2>&1
			test -f "$5/pid" && ! test -L "$5/pid" && kill -0 $(cat "$5/pid")
			rm "$5/pid"
			"$1" --root "$2" start "$4"
			timeout 10 "$1" --root "$2" exec --detach --pid-file "$5/pid" "$4" sleep 100 </dev/null >/dev/null 2>&1
			kill -0 $(cat "$5/pid")
			"$1" --root "$2" delete --force "$4"' - "$SANDRUN" "$STATE" "$B" "$ID" "$V" 3>&- || { echo $kind; return 1; }
		unharmed
		is "$V/pid" "$(find "$V" -type f)"
	done
}

@test "--pid-file that cannot be written: one clear line, and the container is not made" {
	mkdir "$V/pid"
	run --separate-stderr rt create --bundle "$B" --pid-file "$V/pid" "$ID"
	one_clear_line "--pid-file"
	assert_no_leftovers
	is "" "$(find "$V" -type f)"
}

@test "--log: a FIFO without a reader, a device, a link, a directory or a socket in its place is refused at once" {
	local kind
	for kind in fifo device link dangling directory socket; do
		plant $kind log
		run --separate-stderr quick --log "$V/log" state "$ID"
		one_clear_line --log "$V/log" || { echo $kind; return 1; }
		unharmed || { echo $kind; return 1; }
	done
	# In /dev, but not the host's own.
	ln -sf "$victim" "/dev/shm/$ID"
	cleanup rm -f "/dev/shm/$ID"
	run --separate-stderr quick --log "/dev/shm/$ID" state "$ID"
	one_clear_line "/dev/shm/$ID" "a symbolic link"
	unharmed
	run --separate-stderr quick --log "$T/nowhere/log" state "$ID"
	one_clear_line "$T/nowhere/log"
	[[ $stderr != *o\ such\ file* ]]
}

@test "--log: a file, the standard descriptors, the devices of the host and a FIFO with a reader are written to" {
	local where line='does not exist'
	for where in 1 2 3; do rt --log "$V/log" state "$ID" 2>/dev/null || true; done
	is 3 "$(grep -c "$line" "$V/log")"
	for where in /dev/stderr /proc/self/fd/2 /dev/fd/2; do
		is 2 "$(rt --log $where state "$ID" 2>&1 >/dev/null | grep -c "$line")"
	done
	for where in /dev/stdout /dev/fd/1; do is 1 "$(rt --log $where state "$ID" 2>/dev/null | grep -c "$line")"; done
	run --separate-stderr rt --log /dev/null state "$ID"
	one_clear_line "$line"
	mkfifo "$V/fifo"
	spawn sh -c 'exec cat <>"$1" >"$2"' - "$V/fifo" "$T/read"
	heard() { rt --log "$V/fifo" state "$ID" 2>/dev/null || file_has "$T/read" "$line"; }
	wait_until heard
}

@test "--log to standard error that is a socket, as a service's is" {
	need python3
	run --separate-stderr python3 -c 'import socket, subprocess, sys
ours, its = socket.socketpair()
subprocess.run(sys.argv[1:], stderr=its)
its.close()
print(ours.recv(65536).decode(), end="")' "$SANDRUN" --root "$STATE" --log /dev/stderr state "$ID"
	is 2 "$(grep -c "does not exist" <<<"$output")"
}

@test "the notification socket is open to the container from its birth on, and no mode is changed by a name" {
	need strace
	NOTIFY_SOCKET=@$ID create
	NOTIFY_SOCKET=@$ID strace -o "$T/trace" "$SANDRUN" --root "$STATE" start "$ID" >/dev/null 2>&1 3>&- &
	wait_until test -S "$STATE/$ID/notify/notify"
	is 777 "$(stat -c %a "$STATE/$ID/notify/notify")"
	rt delete --force "$ID"
	wait $!
	run ! grep -E "^(chmod|fchmodat2?)\(" "$T/trace"
}
