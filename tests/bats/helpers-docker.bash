# SPDX-License-Identifier: Apache-2.0
# helpers-docker.bash - a private Docker engine with an image made here
#
# Owns:     $FT (as in helpers-engine.bash), the engine's own containerd and dockerd, and the namespaces they live in: a network of
#           their own, so that docker0 and the iptables rules are nobody else's; mounts of their own, so that /etc (a copy)
#           and /run (empty) may be written, and nothing of theirs stays mounted.
# Must not: use a docker that is not the distribution's (the versions differ), or the machine's own daemon.

DK=/usr/bin/docker
DOCKERD=/usr/sbin/dockerd
# What the machine has instead, for comparing and for containers side by side.
OTHER_RUNTIME=$(command -v runc || true)

# docker_file_setup [OPTION…]: the daemon's options beside its file (DKCONFIG, if it is not the one made here).
docker_file_setup() {
	need unshare nsenter ip jq iptables containerd runc "$DOCKERD" "$DK"
	engine_file_setup
	# what listens behind a published port
	cp "$PROGRAMS/serve" "$FT/rootfs/bin/"
	tar -C "$FT/rootfs" -cf "$FT/rootfs.tar" .
	DKPARENT=${FT##*/}
	export DKPARENT
	unshare --mount --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	cp -a /etc "$FT/etc"
	# for --userns-remap
	echo dockremap:100000:65536 | tee -a "$FT/etc/subuid" >>"$FT/etc/subgid"
	echo dockremap:x:99999:99999::/:/bin/false >>"$FT/etc/passwd"
	echo dockremap:x:99999: >>"$FT/etc/group"
	inside mount --bind "$FT/etc" /etc
	inside mount -t tmpfs tmpfs /run
	# contrib's files name the program where it is installed
	inside sh -c 'mount -t tmpfs tmpfs /usr/local/bin && cp "$1" /usr/local/bin/sandrun' _ "$SANDRUN"
	inside ip link set lo up
	docker_make_runtimes
	mkdir -p "$FT/cli"
	containerd_config
	# Not through a function: $! must be the daemon. A login session's XDG_RUNTIME_DIR is not in this /run, and the shim would use it.
	env -u XDG_RUNTIME_DIR nsenter --mount --net --target "$HOLDER" containerd --config "$FT/ctd/config.toml" >"$FT/ctd/log" 2>&1 </dev/null 3>&- &
	echo $! >"$FT/ctd.pid"
	jq -n --arg ft "$FT" --arg rt "$SANDRUN" --arg other "$OTHER_RUNTIME" --arg parent "/$DKPARENT" '{
		"runtimes": {"sandrun": {"path": $rt}, "other": {"path": $other}, "policy": {"path": ($ft + "/bin/policy")},
			"with-args": {"path": $rt, "runtimeArgs": ["--debug"]}},
		"default-runtime": "sandrun", "live-restore": true, "cgroup-parent": $parent,
		"exec-opts": ["native.cgroupdriver=cgroupfs"],
		"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 1024},
			"nproc": {"Name": "nproc", "Soft": 1024, "Hard": 1024}}}' >"$FT/daemon.json"
	if ! docker_start "$@"; then
		tail -n 20 "$FT/dockerd.log" >&2
		docker_file_teardown
		skip_or_fail "dockerd does not start here"
		return 1
	fi
	dk import "$FT/rootfs.tar" t:latest >/dev/null
}

# The engine's runtimes beside sandrun itself. "policy": Docker before 24 knows no --annotation, so this one adds what is in
# $FT/annotations (a JSON object) on its way to create. "runc": what the daemon's BuildKit looks for in its PATH.
docker_make_runtimes() {
	cat >"$FT/bin/policy" <<-END
		#!/bin/sh
		prev=
		for word; do
			case \$prev in --bundle) b=\$word ;; esac
			prev=\$word
		done
		if [ -n "\${b:-}" ]; then
			jq -c --slurpfile a $FT/annotations '.annotations += \$a[0]' "\$b/config.json" >"\$b/config.new" &&
				mv "\$b/config.new" "\$b/config.json"
		fi
		exec $SANDRUN "\$@"
	END
	cat >"$FT/bin/runc" <<-END
		#!/bin/sh
		printf '%s\n' "\$*" >>$FT/runc-calls
		exec $SANDRUN "\$@"
	END
	chmod 755 "$FT/bin/policy" "$FT/bin/runc"
}

# inside COMMAND…: in the engine's namespaces.
inside() { nsenter --mount --net --target "$HOLDER" "$@"; }

# docker_start [OPTION…]: DKPREFIX is a command in front; DKDIR is another engine's directory (its socket is $DKDIR/d.sock).
docker_start() {
	local dir=${DKDIR:-$FT}
	mkdir -p "$dir"
	PATH=$FT/bin:$PATH env -u XDG_RUNTIME_DIR nsenter --mount --net --target "$HOLDER" ${DKPREFIX:-} "$DOCKERD" --config-file "${DKCONFIG:-$FT/daemon.json}" --data-root "$dir/data" --exec-root "$dir/exec" \
		--pidfile "$dir/docker.pid" -H "unix://$dir/d.sock" --containerd "$FT/ctd/c.sock" "$@" >>"$dir/dockerd.log" 2>&1 </dev/null 3>&- &
	echo $! >"$dir/dockerd.pid"
	wait_until docker_answers
}
docker_answers() {
	local dir=${DKDIR:-$FT}
	! pid_gone "$(cat "$dir/dockerd.pid")" || { WAIT_FOR=0; return 1; }
	dk version
}
docker_stop() {
	local pid
	pid=$(cat "${DKDIR:-$FT}/dockerd.pid")
	kill "$pid"
	wait_until pid_gone "$pid" || { kill -QUIT "$pid"; return 1; }
}

# dk WORD…: the distribution's docker at this engine. A detached container outlives it, so 3 must not stay open.
dk() {
	DOCKER_CONFIG=$FT/cli timeout --foreground -k 5 $((${RT_TIMEOUT:-60} * SLOWER)) "$DK" -H "unix://${DKDIR:-$FT}/d.sock" "$@" 3>&-
}
# The same for script(1), which wants one string.
DKS() { printf '%s -H unix://%s/d.sock' "$DK" "$FT"; }

docker_file_teardown() {
	local p
	# shellcheck disable=SC2046
	dk rm -f $(dk ps -aq) >/dev/null 2>&1
	for p in "$FT/dockerd.pid" "$FT/ctd.pid"; do
		p=$(cat "$p" 2>/dev/null) || continue
		kill "$p" && wait_until pid_gone "$p" || kill -KILL "$p"
		wait "$p" 2>/dev/null
	done
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	find /sys/fs/cgroup -depth -type d -path "*/$DKPARENT*" -exec rmdir {} + 2>/dev/null
	engine_file_teardown
}

docker_setup() {
	common_setup
	NAME=$ID
	# published ports and the policy's destinations are in the engine's network
	NSENTER=(nsenter --net="/proc/$HOLDER/ns/net")
}
docker_teardown() {
	local rc=0
	# shellcheck disable=SC2046
	dk rm -f -v $(dk ps -aq) >/dev/null 2>&1
	wait_until nothing_left_of_docker || { leftovers_of_docker >&2; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	common_teardown || rc=1
	return $rc
}

# Of containers that are gone (BuildKit's own parent cgroup stays with the daemon): a shim, a supervisor or an own call, state, a cgroup, a mount in the engine's namespace.
leftovers_of_docker() {
	local f
	pgrep -af "containerd-shim.*$FT/ctd/c.sock" | sed 's/^/process /'
	pgrep -af "^sandrun.*$FT|$SANDRUN .*$FT/exec" | sed 's/^/process /'
	for f in "$FT"/exec/runtime-*/moby; do
		[ ! -d "$f" ] || find "$f" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
	done
	find /sys/fs/cgroup -mindepth 2 -type d -path "*/$DKPARENT/*" ! -path "*/$DKPARENT/buildkit" | sed 's/^/cgroup /'
	inside grep -E "$FT/(data/overlay2/.*/merged|ctd/state/.*rootfs)" /proc/self/mountinfo | awk '{print "mount " $5}'
}
nothing_left_of_docker() { [ -z "$(leftovers_of_docker)" ]; }

dk_pid() { dk inspect -f '{{.State.Pid}}' "${1:-$NAME}"; }
dk_id() { dk inspect -f '{{.Id}}' "${1:-$NAME}"; }
dk_is() { [ "$(dk inspect -f "{{$1}}" "$NAME")" = "$2" ]; }
# The runtime's own view of a container of Docker's.
rt_of_docker() {
	local f
	for f in "$FT"/exec/runtime-*/moby; do "$SANDRUN" --root "$f" "$@" && return 0; done
	return 1
}
# cg_value FILE…: of the container's cgroup, the first of the files (v1's name, v2's name) that is there.
cg_value() {
	local f id
	id=$(dk_id)
	for f; do
		f=$(find /sys/fs/cgroup -path "*/$id/$f" -print -quit)
		[ -z "$f" ] || { cat "$f"; return 0; }
	done
	return 1
}
