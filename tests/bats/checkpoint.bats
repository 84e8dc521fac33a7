# SPDX-License-Identifier: Apache-2.0
# checkpoint.bats - containers into files and back, by CRIU: what of a container comes back, what is refused, what is left
#
# SANDRUN_CRIU: another CRIU than that in $PATH. Without one that works on this kernel the tests are skipped; the refusals are not.

load helpers
load helpers-net

setup() { common_setup; need sandrun; built; }
teardown() { common_teardown; }

built() {
	case $("$SANDRUN" --version) in *+CRIU*) ;; *) skip "built without CRIU" ;; esac
}

# contrib/test brings a newer CRIU where the installed one does not know this kernel (tests/newer-criu). Where there is none, not even
# SANDRUN_MUST_RUN asks for it.
need_criu() {
	CRIU=${SANDRUN_CRIU:-criu}
	command -v "$CRIU" >/dev/null || skip "CRIU is not installed"
	"$CRIU" check >"$T/check" 2>&1 || skip "CRIU does not work here: $(grep -m1 Error "$T/check" || tail -n 1 "$T/check")"
}

# ck WORD…: the runtime with this CRIU.
ck() { rt ${SANDRUN_CRIU:+--criu "$SANDRUN_CRIU"} "$@"; }
checkpoint() {
	ck checkpoint --image-path "$T/img" --work-path "$T/work" "$@" "$ID" >"$T/ck.out" 2>&1 || { failed dump; return 1; }
}
restore() {
	ck restore --detach --bundle "$B" --image-path "$T/img" --work-path "$T/work" --pid-file "$T/pid" "$@" "$ID" \
		</dev/null >>"$OUT" 2>"$OUT.err" || { cat "$OUT.err"; failed restore; return 1; }
}
failed() {
	[ ! -e "$T/ck.out" ] || cat "$T/ck.out"
	grep -n -B3 Error "$T/work/$1.log" "$T/img/$1.log" 2>/dev/null | tail -n 40
	return 1
}

# A shell that counts: in memory, in a file of the root and one of a tmpfs.
counter() {
	cfg '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev"]}]'
	shell 'n=0; echo secret >/tmp/kept; while :; do n=$((n + 1)); echo $n >/root/n.new; mv /root/n.new /root/n; sleep 0.05; done'
}
count() { cat "$B/rootfs/root/n" 2>/dev/null || echo 0; }
counts_past() { [ "$(count)" -gt "$1" ]; }

inside() { rt exec "$ID" "$@" 2>/dev/null; }
mount_options_of() { awk -v at="$1" '$5 == at { print $6 }' "/proc/$(container_pid)/mountinfo" | tail -n 1; }

@test "checkpoint ends the container and leaves nothing; restore lets it run on" {
	need_criu
	counter
	start_container
	wait_until counts_past 3
	checkpoint
	[ ! -s "$T/ck.out" ]
	run rt state "$ID"
	[ "$status" -ne 0 ]
	assert_no_leftovers
	local before
	before=$(count)
	restore
	[ ! -s "$OUT.err" ]
	wait_until counts_past "$before"
	[ "$(count)" -lt $((before + 1000)) ]
	status_is running
	is secret "$(inside cat /tmp/kept)"
	is "$(container_pid)" "$(rt state "$ID" | jq .pid)"
	rt ps --format json "$ID" | jq -e --argjson pid "$(container_pid)" 'index($pid) != null'
	rt pause "$ID"
	status_is paused
	rt resume "$ID"
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
	assert_no_leftovers
}

@test "--leave-running: the container runs on, and a copy of then can be restored later" {
	need_criu
	counter
	start_container
	wait_until counts_past 3
	checkpoint --leave-running
	status_is running
	local then now
	then=$(count)
	wait_until counts_past $((then + 40))
	rt delete --force "$ID"
	now=$(count)
	restore
	# It goes on from where it was then, not from where it ended.
	wait_until not counts_past $((now - 20))
	wait_until counts_past "$then"
}

@test "--pre-dump and --parent-path: what did not change is in the first images only" {
	need_criu
	# A megabyte that stays as it is, and nobody forks.
	mkfifo "$B/rootfs/root/fifo"
	args sh -c 'x=$(head -c 1000000 /dev/zero | tr "\0" x); echo ready >/root/n; read -r y </root/fifo; echo $y ${#x} >/root/n; read -r y </root/fifo'
	start_container
	wait_until file_has "$B/rootfs/root/n" ready
	if ! ck checkpoint --pre-dump --image-path "$T/pre" --work-path "$T/work" "$ID" 2>"$T/err"; then
		grep -q 'cannot track memory' "$T/err" && skip "this kernel tracks no memory"
		cat "$T/err"
		false
	fi
	status_is running
	checkpoint --parent-path ../pre
	[ "$(cat "$T"/pre/pages-*.img | wc -c)" -gt 1000000 ]
	[ "$(cat "$T"/img/pages-*.img | wc -c)" -lt 1000000 ]
	[ -e "$T/img/parent" ]
	restore
	spawn sh -c 'echo back >"$1"' - "$B/rootfs/root/fifo"
	wait_until file_has "$B/rootfs/root/n" 'back 1000000'
}

@test "standard streams that are pipes, fifos or logs become those of restore" {
	need_criu
	mkfifo "$T/fifo"
	# Opened read-write, so that nobody waits for the other side.
	spawn sh -c 'exec 4<>"$1"; exec cat <&4 >"$2"' - "$T/fifo" "$T/fifo.txt"
	shell 'read -r x; n=0; while :; do n=$((n + 1)); echo out $n $x; echo err $n >&2; sleep 0.05; done'
	echo word >"$T/in"
	rt create --bundle "$B" "$ID" <"$T/in" > >(exec cat >"$T/out.1") 2>>"$T/err.1"
	rt start "$ID"
	wait_until file_has "$T/out.1" 'out 3 word'
	wait_until file_has "$T/err.1" 'err 3'
	checkpoint
	ck restore --detach --bundle "$B" --image-path "$T/img" "$ID" <"$T/in" > >(exec cat >"$T/out.2") 2>>"$T/err.2" || { cat "$T/err.2"; false; }
	wait_until test -s "$T/out.2"
	wait_until test -s "$T/err.2"
	is $(($(tail -n 1 "$T/out.1" | cut -d' ' -f2) + 1)) "$(head -n 1 "$T/out.2" | cut -d' ' -f2)"
	not file_has "$T/err.2" out
	# And again: what is out there now is known as well.
	checkpoint
	ck restore --detach --bundle "$B" --image-path "$T/img" "$ID" <"$T/in" >"$T/fifo" 2>>"$T/err.3"
	wait_until test -s "$T/err.3"
	wait_until file_has "$T/fifo.txt" word
	checkpoint
	ck restore --detach --bundle "$B" --image-path "$T/img" "$ID" <"$T/in" >"$T/fifo" 2>>"$T/err.4"
	wait_until test -s "$T/err.4"
}

@test "restore in the foreground gives the exit status, and deletes" {
	need_criu
	shell 'until [ -e /root/go ]; do sleep 0.05; done; echo bye; exit 7'
	rt run --detach --bundle "$B" "$ID" </dev/null > >(exec cat) 2> >(exec cat)
	checkpoint
	touch "$B/rootfs/root/go"
	run --separate-stderr ck restore --bundle "$B" --image-path "$T/img" "$ID"
	is "7 bye" "$status $output"
	is "" "$stderr"
	assert_no_leftovers
}

@test "mounts from outside: directory, file, over a symlink, in one another; and their flags" {
	need_criu
	mkdir -p "$T/dir/sub" "$T/inner"
	echo dir >"$T/dir/f"
	echo file >"$T/file"
	echo inner >"$T/inner/f"
	ln -s real "$B/rootfs/link"
	mkdir "$B/rootfs/real"
	cfg '.mounts += [{"destination": "/d", "type": "bind", "source": ($t + "/dir"), "options": ["rbind", "ro", "nosuid"]},
		{"destination": "/d/sub", "type": "bind", "source": ($t + "/inner"), "options": ["bind", "rw"]},
		{"destination": "/f//", "source": ($t + "/file"), "options": ["bind", "ro"]},
		{"destination": "/again", "source": ($t + "/file"), "options": ["bind", "ro"]},
		{"destination": "/rw", "source": ($t + "/file"), "options": ["bind", "rw"]},
		{"destination": "/link/x", "type": "bind", "source": ($t + "/inner"), "options": ["rbind"]}]' --arg t "$T"
	counter
	start_container
	local paths=(/d /d/sub /f /again /rw /real/x /proc/keys /proc/timer_list /proc/bus /sys/firmware /sys /dev/shm) p
	declare -A before
	for p in "${paths[@]}"; do before[$p]=$(mount_options_of "$p"); done
	wait_until counts_past 1
	checkpoint
	# What create made in the image is made again.
	rmdir "$B/rootfs/d" "$B/rootfs/real/x"
	restore
	for p in "${paths[@]}"; do is "$p ${before[$p]}" "$p $(mount_options_of "$p")"; done
	is "dir inner file inner" "$(inside cat /d/f /d/sub/f /f /link/x/f | tr '\n' ' ' | sed 's/ $//')"
	is "" "$(inside cat /proc/keys)"
	run inside sh -c 'echo x >/d/f'
	[ "$status" -ne 0 ]
	# Nothing of it is on the host.
	not grep -q "$T" /proc/self/mountinfo
}

@test "a terminal comes back on --console-socket" {
	need_criu
	cfg '.process.terminal = true'
	args sh -c 'n=0; while :; do n=$((n + 1)); echo count $n; sleep 0.05; done'
	spawn "$PROGRAMS/recvtty" "$T/c.sock" >"$T/tty.1" 2>&1
	wait_until test -S "$T/c.sock"
	create --console-socket "$T/c.sock"
	rt start "$ID"
	wait_until file_has "$T/tty.1" 'count 3'
	checkpoint
	spawn "$PROGRAMS/recvtty" "$T/d.sock" >"$T/tty.2" 2>&1
	wait_until test -S "$T/d.sock"
	restore --console-socket "$T/d.sock"
	wait_until file_has "$T/tty.2" count
	not file_has "$T/tty.2" 'count 1$'
	run inside sh -c 'test -c /dev/console && readlink /proc/1/fd/0'
	has /dev/pts/0 "$output"
}

@test "a network namespace that was joined is joined again; a new one comes back with its addresses" {
	need_criu
	ip netns add "$ID"
	cleanup ip netns delete "$ID"
	ip -n "$ID" addr add 10.77.0.1/32 dev lo
	ip -n "$ID" link set lo up
	counter
	cfg '.linux.namespaces |= map(if .type == "network" then .path = "/run/netns/" + $id else . end)' --arg id "$ID"
	start_container
	wait_until counts_past 1
	checkpoint
	restore
	is "$(stat -Lc %i "/run/netns/$ID")" "$(stat -Lc %i "/proc/$(container_pid)/ns/net")"
	rt delete --force "$ID"
	rm -rf "$T/img"
	cfg '.linux.namespaces |= map(if .type == "network" then {type} else . end)'
	start_container
	nsenter --net="/proc/$(container_pid)/ns/net" ip addr add 10.77.0.2/32 dev lo
	checkpoint
	restore
	has 10.77.0.2 "$(nsenter --net="/proc/$(container_pid)/ns/net" ip -o addr)"
}

@test "with a user namespace and devices" {
	need_criu
	need userns
	cfg '.linux.namespaces += [{"type": "user"}] |
		.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]'
	chown -R 100000:100000 "$B/rootfs"
	counter
	# CRIU opens files of the host again, and as the container's root.
	rt run --detach --bundle "$B" "$ID" </dev/null >/dev/null 2>&1
	wait_until counts_past 1
	checkpoint
	local before
	before=$(count)
	ck restore --detach --bundle "$B" --image-path "$T/img" --pid-file "$T/pid" "$ID" </dev/null >/dev/null 2>"$T/err" ||
		{ cat "$T/err"; failed restore; }
	wait_until counts_past "$before"
	is "0 100000 65536" "$(awk '{ print $1, $2, $3 }' "/proc/$(container_pid)/uid_map")"
	is 700 "$(stat -c %a "$T/img")"
	is 1:3 "$(inside stat -c %t:%T /dev/null)"
}

@test "limits are those of config.json; with a cgroup namespace, too" {
	need_criu
	counter
	cfg '.linux.resources.pids.limit = 77 | .linux.namespaces += [{"type": "cgroup"}] |
		.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
	start_container
	wait_until counts_past 1
	checkpoint
	cfg '.linux.resources.pids.limit = 78'
	restore
	local dir
	dir=$(find /sys/fs/cgroup -type d -name "$ID" -exec test -e {}/pids.max ';' -print -quit)
	is 78 "$(cat "$dir/pids.max")"
	grep -qx "$(container_pid)" "$dir/cgroup.procs"
}

@test "the host's cgroup filesystem keeps its options" {
	need_criu
	local before
	before=$(cgroup2_options)
	[ -n "$before" ] || skip "no cgroup v2 here"
	grep -q 'cgroup2 /sys/fs/cgroup ' /proc/self/mounts || skip "CRIU is told of cgroup v2 where it is alone"
	counter
	cfg '.linux.namespaces += [{"type": "cgroup"}] |
		.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
	start_container
	wait_until counts_past 1
	checkpoint
	is "$before" "$(cgroup2_options)"
	restore
	is "$before" "$(cgroup2_options)"
}
cgroup2_options() { awk '$3 == "cgroup2" { print $4; exit }' /proc/self/mounts; }

@test "a mount of type cgroup without a cgroup namespace" {
	need_criu
	counter
	cfg '.mounts += [{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]'
	start_container
	wait_until counts_past 1
	checkpoint
	restore
	wait_until counts_past "$(count)"
	run inside ls /sys/fs/cgroup
	[ -n "$output" ]
}

@test "a paused container can be checkpointed, and stays paused with --leave-running" {
	need_criu
	counter
	start_container
	wait_until counts_past 1
	rt pause "$ID"
	checkpoint --leave-running
	status_is paused
	rt resume "$ID"
	wait_until counts_past "$(count)"
	rt delete --force "$ID"
	restore
	status_is running
	wait_until counts_past "$(count)"
}

# Without the capability a pipe can only be as large as everybody's, and CRIU does without the pipe.
big_pipes() {
	[ $((0x$(awk '/^CapEff:/ { print $2 }' /proc/self/status) >> 24 & 1)) = 1 ] || [ "$(cat /proc/sys/fs/pipe-max-size)" -ge 4194304 ] ||
		skip "this machine gives no CAP_SYS_RESOURCE, which CRIU's lazy pages want"
}

@test "--lazy-pages: the container runs on elsewhere while its memory is still on its way" {
	need_criu
	"$CRIU" check --feature uffd-noncoop >/dev/null 2>&1 || skip "CRIU has no userfaultfd here"
	big_pipes
	local dump pages
	mkfifo "$B/rootfs/root/fifo" "$T/ready"
	args sh -c 'x=$(head -c 1000000 /dev/zero | tr "\0" x); echo ready >/root/n; read -r y </root/fifo; echo $y ${#x} >/root/n'
	start_container
	wait_until file_has "$B/rootfs/root/n" ready
	mkdir "$T/img" "$T/work"
	exec 7<>"$T/ready"
	ck checkpoint --lazy-pages --page-server 127.0.0.1:27277 --status-fd 7 --manage-cgroups-mode ignore \
		--image-path "$T/img" --work-path "$T/work" "$ID" >"$T/ck.out" 2>&1 3>&- &
	dump=$!
	is 1 "$(timeout 20 head -c 1 <&7 | wc -c)"
	"$CRIU" lazy-pages --page-server --address 127.0.0.1 --port 27277 -D "$T/img" -W "$T/work" -o lazy.log 7>&- 3>&- &
	pages=$!
	wait_until test -S "$T/work/lazy-pages.socket"
	# The old one is still there, in its cgroup.
	cfg '.linux.cgroupsPath += ".r"'
	ck restore --detach --bundle "$B" --image-path "$T/img" --work-path "$T/work" --lazy-pages --manage-cgroups-mode ignore "$ID.r" \
		</dev/null >>"$OUT" 2>"$OUT.err" 7>&- || { cat "$OUT.err"; failed restore; }
	wait "$dump" && wait "$pages"
	exec 7>&-
	echo back >"$B/rootfs/root/fifo"
	wait_until file_has "$B/rootfs/root/n" 'back 1000000'
	not rt state "$ID"
	rt delete --force "$ID.r"
}

@test "--tcp-established: both ends of a connection come back; without it CRIU says what to ask for" {
	need_criu
	mkfifo "$B/rootfs/root/in" "$B/rootfs/root/idle"
	cfg '.linux.namespaces |= (map(select(.type != "network")) + [{"type": "network"}])
		| .process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
	shell 'ip link set lo up; exec 3<>/root/in 4<>/root/idle; nc -l -p 7000 <&4 >/root/got & until nc 127.0.0.1 7000 <&3 2>/dev/null; do :; done & echo first >&3; wait'
	start_container
	wait_until file_has "$B/rootfs/root/got" first
	not ck checkpoint --image-path "$T/no" --work-path "$T/work" "$ID" 2>"$T/err"
	file_has "$T/err" '--tcp-established'
	status_is running
	if ! ck checkpoint --image-path "$T/img" --work-path "$T/work" --tcp-established "$ID" 2>"$T/err"; then
		grep -q "Can't get 1:16 opt" "$T/err" && skip "this CRIU asks TCP sockets for an option that this kernel has for unix sockets only"
		cat "$T/err"
		false
	fi
	restore --tcp-established
	echo second >"$B/rootfs/root/in"
	wait_until file_has "$B/rootfs/root/got" second
}

@test "a container that told the service manager that it is ready" {
	need_criu
	need socat
	spawn socat -u "UNIX-RECV:$T/manager" "CREATE:$T/told"
	wait_until test -S "$T/manager"
	shell 'probe notify $NOTIFY_SOCKET READY=1; n=0; while :; do n=$((n + 1)); echo $n >/root/n; sleep 0.05; done'
	NOTIFY_SOCKET=$T/manager create
	NOTIFY_SOCKET=$T/manager rt start "$ID"
	wait_until file_has "$T/told" READY=1
	wait_until counts_past 3
	checkpoint
	restore
	wait_until counts_past "$(count)"
}

@test "hooks: prestart and createRuntime run at restore, with init's pid; poststop when the files are written" {
	need_criu
	counter
	start_container
	checkpoint
	cfg '.hooks = {"prestart": [{"path": "/bin/sh", "args": ["sh", "-c", "jq -c . >" + $t + "/h1"], "env": ["PATH=" + $p]}],
		"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "jq -c . >" + $t + "/h2"], "env": ["PATH=" + $p]}],
		"poststop": [{"path": "/bin/touch", "args": ["touch", $t + "/h3"]}]}' --arg t "$T" --arg p "$PATH"
	restore
	is "$(container_pid)" "$(jq .pid "$T/h1")"
	is "$ID" "$(jq -r .id "$T/h2")"
	[ ! -e "$T/h3" ]
	checkpoint
	[ -e "$T/h3" ]
	# One that fails: its words, and nothing is left.
	cfg '.hooks.createRuntime = [{"path": "/bin/sh", "args": ["sh", "-c", "echo no way; exit 3"]}]'
	run --separate-stderr ck restore --detach --bundle "$B" --image-path "$T/img" "$ID"
	one_clear_line "createRuntime" "no way"
	not has "CRIU" "$stderr"
	assert_no_leftovers
}

@test "restore that fails says why in a line and leaves nothing" {
	need_criu
	counter
	start_container
	checkpoint
	run --separate-stderr ck restore --detach --bundle "$B" --image-path "$T/nowhere" "$ID"
	one_clear_line "--image-path"
	mkdir "$T/empty"
	run --separate-stderr ck restore --detach --bundle "$B" --image-path "$T/empty" "$ID"
	one_clear_line CRIU
	assert_no_leftovers
	rm "$T"/img/core-1.img
	run --separate-stderr ck restore --detach --bundle "$B" --image-path "$T/img" "$ID"
	one_clear_line CRIU
	assert_no_leftovers
	not grep -q "$T" /proc/self/mountinfo
}

@test "restore that is killed in the middle: delete --force removes what there is" {
	need_criu
	counter
	start_container
	wait_until counts_past 1
	checkpoint
	cfg '.hooks = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "kill -KILL $PPID"]}]}'
	run restore
	[ "$status" -ne 0 ]
	status_is stopped
	rt delete --force "$ID"
	assert_no_leftovers
	cfg 'del(.hooks)'
	restore
	wait_until counts_past "$(count)"
}

@test "dump that fails says why in a line, and the container runs on; --file-locks" {
	need_criu
	args probe hold-lock /root/lock
	start_container
	wait_until file_has "$OUT" locked
	run --separate-stderr ck checkpoint --image-path "$T/img" "$ID"
	one_clear_line "CRIU failed" lock
	status_is running
	run inside probe hold-lock /root/lock
	is EAGAIN "$output"
	checkpoint --file-locks
	restore --file-locks
	run inside probe hold-lock /root/lock
	is EAGAIN "$output"
}

@test "an id that is taken is left alone" {
	need_criu
	counter
	start_container
	wait_until counts_past 1
	checkpoint --leave-running
	run --separate-stderr ck restore --detach --bundle "$B" --image-path "$T/img" "$ID"
	one_clear_line "already exists"
	status_is running
	wait_until counts_past "$(count)"
}

# --- refusals: these need no CRIU ------------------------------------------------------------------------------------

@test "a container with a policy cannot be checkpointed, nor restored" {
	annotate net-deny=10.0.0.0/8
	args sleep 1000
	start_container
	run --separate-stderr ck checkpoint --image-path "$T/img" "$ID"
	one_clear_line "network policy"
	status_is running
	[ ! -e "$T/img" ]
	rt delete --force "$ID"
	mkdir "$T/img"
	run --separate-stderr ck restore --bundle "$B" --image-path "$T/img" "$ID"
	one_clear_line "network policy"
	assert_no_leftovers
}

@test "what does not run cannot be checkpointed" {
	args sleep 1000
	run --separate-stderr rt checkpoint --image-path "$T/img" "$ID"
	one_clear_line "container does not exist"
	create
	run --separate-stderr rt checkpoint --image-path "$T/img" "$ID"
	one_clear_line "not been started"
	rt kill "$ID" KILL
	wait_until status_is stopped
	run --separate-stderr rt checkpoint --image-path "$T/img" "$ID"
	one_clear_line "container not running"
	[ ! -e "$T/img" ]
}

@test "options that make no sense are named" {
	args sleep 1000
	start_container
	run --separate-stderr rt checkpoint --empty-ns pid "$ID"
	one_clear_line "--empty-ns" pid
	run --separate-stderr rt --criu "$T/no-criu" checkpoint --image-path "$T/img" "$ID"
	one_clear_line "CRIU is not installed" no-criu
	run --separate-stderr rt restore --lsm-mount-context
	one_clear_line "lsm-mount-context" argument
	need_criu
	run --separate-stderr ck checkpoint --image-path "$T/img" --manage-cgroups-mode half "$ID"
	one_clear_line "--manage-cgroups-mode" "soft"
	run --separate-stderr ck checkpoint --image-path "$T/img" --network-lock no "$ID"
	one_clear_line "--network-lock" "nftables"
	run --separate-stderr ck checkpoint --image-path "$T/img" --page-server nowhere "$ID"
	one_clear_line "--page-server" "ADDRESS:PORT"
	status_is running
}

@test "a user is told that it needs root" {
	need setpriv
	run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups env XDG_RUNTIME_DIR="$T" "$SANDRUN" restore \
		--bundle "$B" --image-path "$T" "$ID"
	one_clear_line root
}
