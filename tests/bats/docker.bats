# SPDX-License-Identifier: Apache-2.0
# docker.bats - Docker's users: run, exec, networks, signals, limits, builds, through a real engine from the distribution
#
# Debian 12 has 20.10, Debian 13 has 26.1; both are meant. Not here: --annotation (24 and later; the runtime "policy" stands in for
# it), `features` at the daemon's start and recursive read-only mounts (25 and later), the systemd driver: tests/vm/docker.bats. Nor compose.

load helpers
load helpers-net
load helpers-engine
load helpers-docker

setup_file() { docker_file_setup; }
teardown_file() { docker_file_teardown; }
setup() { docker_setup; }
teardown() { docker_teardown; }

# drun WORD…: in the foreground, removed after. $status, $output, $stderr.
drun() { run --separate-stderr dk run --rm --network none "$@"; }
# dstart OPTION… IMAGE WORD…: detached, as $NAME.
dstart() { dk run -d --name "$NAME" --network none "$@" >/dev/null; }
status_of() { awk -v k="$1:" '$1 == k { print $2 }' <<<"$output"; }

# --- the daemon, exit codes, output ---------------------------------------------------------------------------

@test "docker: info names the default runtime and its version" {
	need sandrun
	run --separate-stderr dk info -f '{{.DefaultRuntime}} {{.RuncCommit.ID}}'
	# a build outside of git knows no commit
	[[ $output =~ ^sandrun\ ([0-9a-f]+|unknown)$ ]]
	has '"sandrun"' "$(dk info -f '{{json .Runtimes}}')"
}

@test "docker: run gives the workload's exit code and output" {
	drun t sh -c 'echo out; echo err >&2; exit 32'
	is "32 out err" "$status $output $stderr"
	drun t true
	is "0 " "$status $output$stderr"
}

@test "docker: a missing command is 127, one that cannot be executed 126, a wrong option 125" {
	local c
	for c in /no/such nosuch; do
		drun t "$c"
		is 127 "$status"
		has "$c" "$stderr"
	done
	for c in /etc /etc/passwd; do
		drun t "$c"
		is 126 "$status"
		has "$c" "$stderr"
	done
	drun --no-such-option t true
	is 125 "$status"
	is "" "$(dk ps -aq)"
}

@test "docker: a file bound on a directory says which" {
	drun -v /etc/hostname:/tmp t true
	# 127 in later versions
	[[ $status = 12[57] ]]
	has "not a directory" "$stderr"
	has /tmp "$stderr"
}

@test "docker: logs are complete after a fast exit" {
	local i
	for i in 1 2; do
		dk run -d --network none --name "$NAME-$i" t sh -c 'seq 5000; echo end >&2' >/dev/null
		is 0 "$(dk wait "$NAME-$i")"
		is 5001 "$(dk logs "$NAME-$i" 2>&1 | wc -l)"
	done
}

@test "docker: runtimeArgs put a wrapper in front of us, and all works" {
	drun --runtime with-args t sh -c 'echo in; exit 9'
	is "9 in" "$status $output"
	dstart --runtime with-args t sleep 1000
	run --separate-stderr dk exec "$NAME" echo 'two  words'
	is 'two  words' "$output"
	drun --runtime with-args t /no/such
	is 127 "$status"
}

@test "docker: our containers and another runtime's share the state directory" {
	[ -n "$OTHER_RUNTIME" ] || skip_or_fail "no other runtime"
	dstart t sleep 1000
	dk run -d --name "$NAME-other" --network none --runtime other t sleep 1000 >/dev/null
	run --separate-stderr rt_of_docker list -q
	is "0 " "$status $stderr"
	has "$(dk_id)" "$output"
	is a "$(dk exec "$NAME" echo a)"
	is b "$(dk exec "$NAME-other" echo b)"
	dk rm -f "$NAME" >/dev/null
	is b "$(dk exec "$NAME-other" echo b)"
}

# --- terminals and standard input -----------------------------------------------------------------------------

@test "docker: run -t gives a terminal of the user's size, and the size follows" {
	need script
	mkdir "$T/t"
	cat >"$T/session" <<-END
		stty rows 33 cols 77
		(until [ -e $T/t/go ]; do sleep 0.02; done; stty rows 40 cols 101 </dev/tty) &
		$(DKS) run --rm -it --network none -v $T/t:/t t sh -c \
			'probe tty; echo; test -c /dev/console && probe await-size 33 77; echo; touch /t/go; probe await-size 40 101'
	END
	run timeout 30 script -qefc "sh $T/session" "$T/tty.out" </dev/null
	is 0 "$status"
	[[ ${output//$'\r'/} =~ /dev/pts/[0-9]+\ [0-9]+x[0-9]+\ session ]]
	has 33x77 "$output"
	has 40x101 "$output"
}

@test "docker: run -i carries a mebibyte each way without losing a byte" {
	head -c 1048576 /dev/urandom >"$T/in"
	dk run --rm -i --network none t cat <"$T/in" >"$T/back"
	cmp "$T/in" "$T/back"
}

@test "docker: attach, type, detach; the container goes on" {
	need script
	dk run -dit --name "$NAME" --network none t sh -c 'until [ -e /tmp/x ]; do echo tick; sleep 0.05; done & read x; echo "got $x"; sleep 1000' \
		>/dev/null
	(
		wait_until file_has "$T/ts" tick
		printf 'word\r'
		wait_until file_has "$T/ts" "got word"
		printf '\020\021'
		wait_until test -s "$T/detached"
	) | timeout 30 script -qefc "$(DKS) attach $NAME; echo \$? >$T/detached" "$T/ts" >/dev/null
	[ -s "$T/detached" ]
	has "read escape sequence" "$(cat "$T/ts")"
	dk_is .State.Running true
}

# --- networks ---------------------------------------------------------------------------------------------------

@test "docker: the default bridge: an address, the gateway answers, names in /etc" {
	serve tcp:0.0.0.0:80
	run --separate-stderr dk run --rm --hostname box t sh -c 'hostname; grep -c box /etc/hosts; busybox ip -4 -o addr show eth0; probe tcp \
		$(busybox ip route | awk "/default/ {print \$3}") 80'
	is 0 "$status"
	is $'box\n1' "$(head -n 2 <<<"$output")"
	has "inet 172." "$output"
	is OK "$(tail -n 1 <<<"$output")"
}

@test "docker: containers of one network find each other by name" {
	dk network create "$NAME" >/dev/null
	dk run -d --name "$NAME-a" --network "$NAME" --network-alias peer t sleep 1000 >/dev/null
	run --separate-stderr dk run --rm --network "$NAME" t busybox ping -c 1 -w 5 peer
	is 0 "$status"
	has "1 packets received" "$output"
	dk rm -f "$NAME-a" >/dev/null
	dk network rm "$NAME" >/dev/null
}

@test "docker: --network none, host, container:X" {
	# lo, and what kernels with tunnels make of themselves in each namespace
	drun t sh -c 'ls /sys/class/net'
	is "$(unshare --net ip -br link | sed 's/[@ ].*//' | sort)" "$output"
	run --separate-stderr dk run --rm --network host t readlink /proc/self/ns/net
	is "$(inside readlink /proc/self/ns/net)" "$output"
	dstart t sleep 1000
	run --separate-stderr dk run --rm --network "container:$NAME" t readlink /proc/self/ns/net
	is "$(readlink "/proc/$(dk_pid)/ns/net")" "$output"
}

@test "docker: a published port answers and is free once the container is gone" {
	dk run -d --name "$NAME" -p 127.0.0.1:8081:80 t serve /tmp/counts tcp:0.0.0.0:80 >/dev/null
	wait_until eval '[ "$(in_ns "$PROBE" tcp-echo 127.0.0.1 8081)" = OK ]'
	dk kill "$NAME" >/dev/null
	dk wait "$NAME" >/dev/null
	wait_until eval '[ "$(in_ns "$PROBE" tcp 127.0.0.1 8081)" = ECONNREFUSED ]'
	dk run -d --name "$NAME-again" -p 127.0.0.1:8081:80 t sleep 1000 >/dev/null
}

# --- exec -------------------------------------------------------------------------------------------------------

@test "docker: exec gives output, code, user, directory, environment, a terminal" {
	need script
	dstart t sleep 1000
	run --separate-stderr dk exec "$NAME" sh -c 'echo out; echo err >&2; exit 9'
	is "9 out err" "$status $output $stderr"
	run --separate-stderr dk exec -u user -w /tmp -e A=b "$NAME" sh -c 'id -u; pwd; echo $A'
	is $'1000\n/tmp\nb' "$output"
	is hello "$(echo hello | dk exec -i "$NAME" cat)"
	dk exec -d "$NAME" sh -c 'touch /tmp/done; sleep 1000'
	wait_until dk exec "$NAME" test -e /tmp/done
	run timeout 30 script -qefc "$(DKS) exec -it $NAME probe tty" "$T/tty.out" </dev/null
	has /dev/pts/ "$output"
	has session "$output"
}

@test "docker: exec of what is missing or not executable leaves the container usable" {
	dstart t sleep 1000
	run dk exec "$NAME" /no/such
	# 126 in every Docker whatever the text; 127 since 28
	[[ $status = 12[67] ]]
	has "no such file" "$output"
	run dk exec "$NAME" /etc/passwd
	is 126 "$status"
	is fine "$(dk exec "$NAME" echo fine)"
}

# --- signals, stop, restart, pause ------------------------------------------------------------------------------

@test "docker: stop, kill, kill -s with names and real-time signals" {
	dstart t probe catch
	wait_until eval 'dk logs "$NAME" | grep -q .'
	dk stop "$NAME" >/dev/null
	is 15 "$(dk logs "$NAME" | tail -n 1)"
	dk rm "$NAME" >/dev/null
	dstart t probe ignore-term
	dk stop -t 1 "$NAME" >/dev/null
	dk_is .State.ExitCode 137
	dk rm "$NAME" >/dev/null
	dstart t sleep 1000
	dk kill "$NAME" >/dev/null
	is 137 "$(dk wait "$NAME")"
	dk rm "$NAME" >/dev/null
	dstart t sh -c 'trap "exit 37" 37; trap "exit 10" USR1; echo ready; while :; do sleep 0.05; done'
	wait_until eval 'dk logs "$NAME" | grep -q ready'
	dk kill -s RTMIN+3 "$NAME" >/dev/null
	is 37 "$(dk wait "$NAME")"
	dk start "$NAME" >/dev/null
	wait_until eval '[ "$(dk logs "$NAME" | grep -c ready)" = 2 ]'
	dk kill -s USR1 "$NAME" >/dev/null
	is 10 "$(dk wait "$NAME")"
}

@test "docker: --restart on-failure tries again, and restart gives a new process" {
	dstart --restart on-failure:2 t sh -c 'echo try; exit 3'
	wait_until eval 'dk_is .RestartCount 2 && dk_is .State.Running false'
	is 3 "$(dk logs "$NAME" | grep -c try)"
	dk rm -f "$NAME" >/dev/null
	dstart t sleep 1000
	local before
	before=$(dk_pid)
	dk restart -t 0 "$NAME" >/dev/null
	[ "$(dk_pid)" != "$before" ]
	dk_is .State.Running true
}

@test "docker: pause stops, exec is refused meanwhile, unpause goes on, a paused one can be removed" {
	dstart t sleep 1000
	dk pause "$NAME" >/dev/null
	dk_is .State.Status paused
	is paused "$(rt_of_docker state "$(dk_id)" | jq -r .status)"
	run dk exec "$NAME" true
	has "is paused" "$output"
	dk unpause "$NAME" >/dev/null
	is ok "$(dk exec "$NAME" echo ok)"
	dk pause "$NAME" >/dev/null
	dk rm -f "$NAME" >/dev/null
}

# --- limits and numbers -----------------------------------------------------------------------------------------

@test "docker: update changes memory, cpus and pids, keeps the rest, and exec still works" {
	dstart -m 64m --memory-swap 128m --cpu-shares 512 t sleep 1000
	is 67108864 "$(cg_value memory.limit_in_bytes memory.max)"
	dk update -m 96m "$NAME" >/dev/null
	is 100663296 "$(cg_value memory.limit_in_bytes memory.max)"
	dk update --cpus 0.5 --pids-limit 55 "$NAME" >/dev/null
	has 50000 "$(cg_value cpu.cfs_quota_us cpu.max)"
	is 55 "$(cg_value pids.max)"
	is 100663296 "$(cg_value memory.limit_in_bytes memory.max)"
	[ ! -e /sys/fs/cgroup/cpu ] || is 512 "$(cg_value cpu.shares)"
	is ok "$(dk exec "$NAME" echo ok)"
}

@test "docker: top lists exactly the container's processes, stats counts them" {
	dstart t sh -c 'sleep 1000 & wait'
	wait_until eval '[ "$(dk top "$NAME" -o pid,args | tail -n +2 | wc -l)" = 2 ]'
	has "$(dk_pid)" "$(dk top "$NAME" -o pid,args)"
	run --separate-stderr dk stats --no-stream --format '{{.PIDs}} {{.MemUsage}}' "$NAME"
	[[ $output =~ ^2\ [0-9.]+[KM]iB ]]
}

@test "docker: a container out of memory is 137 and OOMKilled" {
	dstart -m 24m --memory-swap 24m t dd if=/dev/zero of=/dev/null bs=100M count=1
	is 137 "$(dk wait "$NAME")"
	dk_is .State.OOMKilled true
}

@test "docker: --cgroup-parent and --cgroupns" {
	drun --cgroup-parent "/$DKPARENT/own" --cgroupns host t cat /proc/self/cgroup
	has "/$DKPARENT/own/" "$output"
	drun --cgroupns private t cat /proc/self/cgroup
	[[ $output != *"$DKPARENT"* ]]
	rmdir /sys/fs/cgroup/*/"$DKPARENT/own" "/sys/fs/cgroup/$DKPARENT/own" 2>/dev/null || true
}

# --- file systems -----------------------------------------------------------------------------------------------

@test "docker: --read-only, --tmpfs, volumes, bind mounts" {
	mkdir "$T/data"
	echo here >"$T/data/f"
	drun --read-only --tmpfs /tmp:size=1m -v "$T/data:/data" --mount "type=bind,src=$T/data,dst=/ro,readonly" -v "/vol" t sh -c '
		cat /data/f; touch /data/new /tmp/new /vol/new && echo written
		touch /new; touch /ro/new; true'
	is $'here\nwritten' "$output"
	is 2 "$(grep -c 'Read-only' <<<"$stderr")"
	[ -e "$T/data/new" ]
	dk volume create "$NAME" >/dev/null
	drun -v "$NAME:/v" t sh -c 'echo kept >/v/f'
	drun -v "$NAME:/v" t cat /v/f
	is kept "$output"
	dk volume rm "$NAME" >/dev/null
}

@test "docker: bind-propagation=rslave sees later mounts" {
	mkdir -p "$T/data/sub"
	inside mount --bind "$T" "$T"
	inside mount --make-shared "$T"
	dstart --mount "type=bind,src=$T/data,dst=/d,bind-propagation=rslave" t sleep 1000
	inside mount -t tmpfs -o size=64k tmpfs "$T/data/sub"
	inside touch "$T/data/sub/seen"
	dk exec "$NAME" test -e /d/sub/seen
	dk rm -f "$NAME" >/dev/null
	inside umount "$T/data/sub"
	inside umount "$T"
}

@test "docker: --device gives one device under a name, and only that access" {
	local dev
	for dev in /dev/fuse /dev/net/tun /dev/loop-control; do
		{ : <>"$dev"; } 2>/dev/null && break
	done
	dstart --device "$dev:/dev/own:r" t sleep 1000
	dk exec "$NAME" sh -c ': </dev/own'
	run dk exec "$NAME" sh -c ': >/dev/own'
	[ "$status" -ne 0 ]
	has "not permitted" "$output"
	drun --device "$dev:/dev/own" t sh -c ': <>/dev/own'
	is 0 "$status"
	# a node that the container makes itself does not help
	drun t sh -c "mknod /tmp/own c $(stat -c '0x%t 0x%T' "$dev" | xargs printf '%d %d'); : </tmp/own"
	[ "$status" -ne 0 ]
	has "not permitted" "$stderr"
}

@test "docker: cp, commit, diff" {
	dstart t sleep 1000
	echo in >"$T/f"
	dk cp "$T/f" "$NAME:/root/f"
	is in "$(dk exec "$NAME" cat /root/f)"
	dk exec "$NAME" sh -c 'echo out >/root/g'
	dk cp "$NAME:/root/g" "$T/g"
	is out "$(cat "$T/g")"
	has "A /root/g" "$(dk diff "$NAME")"
	dk commit "$NAME" "c:$NAME" >/dev/null
	drun "c:$NAME" cat /root/g
	is out "$output"
	dk rmi -f "c:$NAME" >/dev/null
}

# --- rights -----------------------------------------------------------------------------------------------------

@test "docker: capabilities: default, --cap-drop ALL, --cap-add, --privileged, another user" {
	drun t cat /proc/self/status
	is 00000000a80425fb "$(status_of CapEff)"
	is 2 "$(status_of Seccomp)"
	drun --cap-drop ALL --cap-add NET_ADMIN t cat /proc/self/status
	is 0000000000001000 "$(status_of CapEff)"
	drun -u 1000:1001 --group-add 1002 t probe ids
	has "uid=1000,1000,1000 gid=1001,1001,1001 groups=1001,1002" "$output"
	drun -u 1000 t cat /proc/self/status
	is 0000000000000000 "$(status_of CapEff)"
	drun --privileged t sh -c 'cat /proc/self/status; ls /dev | grep -c .; mount -t tmpfs none /tmp && echo mounted'
	is 0 "$status"
	# the engine's own list ends with what it knows
	is 1 $((0x$(status_of CapEff) >> 21 & 1))
	is 0 "$(status_of Seccomp)"
	has mounted "$output"
}

@test "docker: --security-opt no-new-privileges, seccomp profile, unconfined" {
	drun --security-opt no-new-privileges t cat /proc/self/status
	is 1 "$(status_of NoNewPrivs)"
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >"$T/seccomp"
	drun --security-opt "seccomp=$T/seccomp" t mkdir /tmp/x
	[ "$status" -ne 0 ]
	has "not permitted" "$stderr"
	drun --security-opt seccomp=unconfined t cat /proc/self/status
	is 0 "$(status_of Seccomp)"
}

@test "docker: namespaces of the host and of another container: pid, ipc, uts; --shm-size; --sysctl; --init" {
	dstart --ipc shareable t sleep 1000
	drun --pid "container:$NAME" --ipc "container:$NAME" t sh -c 'for n in pid ipc; do readlink /proc/self/ns/$n; done'
	is "$(readlink "/proc/$(dk_pid)/ns/pid" "/proc/$(dk_pid)/ns/ipc")" "$output"
	drun --pid host --ipc host --uts host t sh -c 'for n in pid ipc uts; do readlink /proc/self/ns/$n; done'
	is "$(readlink /proc/self/ns/pid /proc/self/ns/ipc /proc/self/ns/uts)" "$output"
	drun --shm-size 1m --sysctl net.ipv4.ip_default_ttl=33 t sh -c 'cat /proc/sys/net/ipv4/ip_default_ttl; grep -o "shm .*" /proc/mounts'
	has 33 "$output"
	has size=1024k "$output"
	need docker-init
	drun --init t sh -c 'tr "\0" " " </proc/1/cmdline'
	has docker-init "$output"
}

@test "docker: the host's pid namespace: nothing survives init" {
	dstart --pid host t sh -c 'sleep 876541 & sleep 876542'
	wait_until pgrep -f "^sleep 876541"
	dk kill "$NAME" >/dev/null
	dk wait "$NAME" >/dev/null
	wait_until not pgrep -f "^sleep 87654[12]"
}

@test "docker: a health check runs and turns" {
	dstart --health-cmd 'test -e /tmp/ok' --health-interval 0.3s --health-retries 1 t sleep 1000
	wait_until dk_is .State.Health.Status unhealthy
	dk exec "$NAME" touch /tmp/ok
	wait_until dk_is .State.Health.Status healthy
}

# --- what engines go through ------------------------------------------------------------------------------------

@test "docker: a reload and a restart of the daemon leave the container running" {
	dstart t sh -c 'echo begun; sleep 1000'
	local pid
	pid=$(dk_pid)
	kill -HUP "$(cat "$FT/dockerd.pid")"
	is ok "$(dk exec "$NAME" echo ok)"
	docker_stop
	[ -e "/proc/$pid" ]
	docker_start
	is "$pid" "$(dk_pid)"
	is ok "$(dk exec "$NAME" echo ok)"
	is begun "$(dk logs "$NAME")"
	dk stop -t 0 "$NAME" >/dev/null
	dk_is .State.ExitCode 137
}

@test "docker: the shim is killed: the container ends and nothing is left" {
	dstart t sleep 1000
	local init shim
	init=$(dk_pid)
	shim=$(pgrep -f "containerd-shim.*-id $(dk_id)")
	kill -KILL "$shim"
	wait_until dk_is .State.Running false
	wait_until pid_gone "$init"
	dk rm "$NAME" >/dev/null
}

@test "docker: --userns-remap: root is somebody else, files belong to root inside" {
	need userns
	local dir=$FT/remap pid
	jq 'del(."live-restore")' "$FT/daemon.json" >"$FT/remap.json"
	# --bridge none would take docker0 away
	DKPREFIX="unshare --net" DKDIR=$dir DKCONFIG=$FT/remap.json docker_start --userns-remap dockremap --bridge none --iptables=false --containerd-namespace remap \
		--containerd-plugins-namespace remap-plugins || { tail "$dir/dockerd.log"; return 1; }
	DKDIR=$dir dk import "$FT/rootfs.tar" t:latest >/dev/null
	DKDIR=$dir run --separate-stderr dk run --rm --network none t sh -c 'cat /proc/self/uid_map; stat -c %u /bin/busybox; touch /tmp/x && id -u; mount -t tmpfs none /tmp'
	is "1" "$status"
	[[ $output =~ ^\ *0\ +100000\ +65536$'\n'0$'\n'0$ ]]
	DKDIR=$dir dk run -d --name "$NAME" --network none t sleep 1000 >/dev/null
	DKDIR=$dir run --separate-stderr dk exec "$NAME" id -u
	is 0 "$output"
	pid=$(DKDIR=$dir dk_pid)
	is 100000 "$(stat -c %u "/proc/$pid")"
	DKDIR=$dir run --separate-stderr dk run --rm --network none --userns host t cat /proc/self/uid_map
	has 4294967295 "$output"
	DKDIR=$dir dk rm -f "$NAME" >/dev/null
	DKDIR=$dir docker_stop
}

# --- builds -----------------------------------------------------------------------------------------------------

dockerfile() {
	mkdir "$T/build"
	cat >"$T/build/Dockerfile" <<-END
		FROM t:latest
		RUN id -u && echo built >/root/built
		RUN ["/bin/sh", "-c", "test -e /root/built && mkdir /root/d"]
		USER user
		RUN id -u >/tmp/who
		CMD ["sh", "-c", "cat /root/built /tmp/who; ls -d /root/d"]
	END
}

@test "docker: build, the old builder" {
	dockerfile
	DOCKER_BUILDKIT=0 dk build --network none -t "c:$NAME" "$T/build" >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
	drun "c:$NAME"
	is $'built\n1000\n/root/d' "$output"
	echo 'RUN exit 7' >>"$T/build/Dockerfile"
	DOCKER_BUILDKIT=0 run dk build --network none "$T/build"
	[ "$status" -ne 0 ]
	has "returned a non-zero code: 7" "$output"
	dk rmi -f "c:$NAME" >/dev/null
}

@test "docker: build with BuildKit runs us in the foreground" {
	dockerfile
	# a client from 23 on needs its buildx
	[[ $(dk version -f '{{.Client.Version}}') = 20.* ]] || dk buildx version || skip_or_fail "no docker-buildx" || return 1
	DOCKER_BUILDKIT=1 dk build --network none --progress plain -t "c:$NAME" "$T/build" >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
	drun "c:$NAME"
	is $'built\n1000\n/root/d' "$output"
	grep -q '^.*run --bundle' "$FT/runc-calls"
	echo 'RUN exit 7' >>"$T/build/Dockerfile"
	DOCKER_BUILDKIT=1 run dk build --network none --progress plain "$T/build"
	[ "$status" -ne 0 ]
	has "7" "$output"
	dk rmi -f "c:$NAME" >/dev/null
}

# --- policies ---------------------------------------------------------------------------------------------------

@test "docker: a policy is enforced in run and in exec, on the host's network and on a bridge" {
	need sandrun
	serve tcp:0.0.0.0:80
	echo '{"io.sandlock.net-deny": "private"}' >"$FT/annotations"
	run --separate-stderr dk run --rm --network host --runtime policy t probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
	dk run -d --name "$NAME" --runtime policy t sleep 1000 >/dev/null
	local gw
	gw=$(dk inspect -f '{{.NetworkSettings.Gateway}}' "$NAME")
	run --separate-stderr dk exec "$NAME" probe tcp "$gw" 80
	is ECONNREFUSED "$output"
	run --separate-stderr dk exec -u user "$NAME" probe tcp "$gw" 80
	is ECONNREFUSED "$output"
	nothing_reached tcp:0.0.0.0:80
	# beside it a container without one
	run --separate-stderr dk run --rm t probe tcp "$gw" 80
	is OK "$output"
}

@test "docker: the supervisor is not among the container's processes, and ends with it" {
	need sandrun
	echo '{"io.sandlock.net-deny": "private"}' >"$FT/annotations"
	dstart --runtime policy t sleep 1000
	local sup
	sup=$(rt_of_docker state "$(dk_id)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	[ -e "/proc/$sup" ]
	is 1 "$(dk top "$NAME" -o pid,args | tail -n +2 | wc -l)"
	is 1 "$(dk stats --no-stream --format '{{.PIDs}}' "$NAME")"
	dk pause "$NAME" >/dev/null
	dk unpause "$NAME" >/dev/null
	dk kill "$NAME" >/dev/null
	wait_until pid_gone "$sup"
	dk start "$NAME" >/dev/null
	local again
	again=$(rt_of_docker state "$(dk_id)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	[ "$again" != "$sup" ]
	kill -KILL "$(pgrep -f "containerd-shim.*-id $(dk_id)")"
	wait_until pid_gone "$again"
}

@test "docker: a bad policy fails with our line and 125, not 126 or 127" {
	need sandrun
	echo '{"io.sandlock.net-deny": "example.org"}' >"$FT/annotations"
	drun --runtime policy t true
	is 125 "$status"
	has io.sandlock.net-deny "$stderr"
	has example.org "$stderr"
}

@test "docker: sandrun denied finds a container by Docker's name" {
	need sandrun
	echo '{"io.sandlock.net-deny": "private"}' >"$FT/annotations"
	dk run -d --name "$NAME" --runtime policy t sleep 1000 >/dev/null
	local root id
	id=$(dk_id)
	dk exec "$NAME" probe tcp 10.1.2.3 80 >/dev/null
	root=$(dirname "$(dirname "$(ls "$FT"/exec/runtime-*/moby/"$id"/record.json)")")
	run --separate-stderr "$SANDRUN" --root "$root" denied "$NAME"
	has "$NAME (${id:0:12}): net-deny=private" "${lines[0]}"
	has tcp://10.1.2.3:80 "$output"
	dk rm -f "$NAME" >/dev/null
	run --separate-stderr "$SANDRUN" --root "$root" denied "$NAME"
	has "$NAME (${id:0:12}): net-deny=private; removed" "${lines[0]}"
	dk run -d --name "$NAME" t sleep 1000 >/dev/null
	root=$(dirname "$(dirname "$(ls "$FT"/exec/runtime-*/moby/"$(dk_id)"/record.json)")")
	run --separate-stderr "$SANDRUN" --root "$root" denied "$NAME"
	has "$NAME: no policy" "$output"
}
