# SPDX-License-Identifier: Apache-2.0
# podman-make.bats - containers that podman makes out of more than one thing: hooks, pods, builds, images with annotations

load helpers
load helpers-net
load helpers-engine

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }
setup() { podman_setup; }
teardown() {
	! pm pod exists "$NAME-pod" || pod_rm || true
	podman_teardown
}

# hook STAGE SCRIPT: a hook of hooks.d for containers with the annotation org.example.hook.
hook() {
	mkdir -p "$T/hooks"
	printf '#!/bin/sh\n%s\n' "$2" >"$T/hooks/$1.sh"
	chmod 755 "$T/hooks/$1.sh"
	jq -n --arg path "$T/hooks/$1.sh" --arg stage "$1" '{version: "1.0.0", hook: {path: $path, args: ["hook", $stage]},
		when: {annotations: {"^org\\.example\\.hook$": "^yes$"}}, stages: [$stage]}' >"$T/hooks/$1.json"
}

@test "podman: hooks.d: each stage runs with the state on its standard input, and precreate's changes count" {
	local stage
	hook precreate 'exec /usr/bin/jq -c ".process.args = [\"echo\", \"changed\"]"'
	for stage in createRuntime createContainer poststart poststop; do
		# createContainer runs in the container's mount namespace, but before the root is changed: host paths still work
		hook $stage "/usr/bin/jq -c '[\"$stage\", .status, .pid > 0, .annotations[\"org.example.hook\"]]' >>$T/ran"
	done
	run --separate-stderr pm --hooks-dir "$T/hooks" run --network none --name "$NAME" --annotation org.example.hook=yes t echo unchanged
	is "0 changed" "$status $output"
	pm rm -f "$NAME" >/dev/null
	has '["createRuntime","creating",true,"yes"]' "$(cat "$T/ran")"
	has '["createContainer","creating",true,"yes"]' "$(cat "$T/ran")"
	has '["poststart",' "$(cat "$T/ran")"
	wait_until file_has "$T/ran" poststop
	rm "$T/ran"
	run --separate-stderr pm --hooks-dir "$T/hooks" run --rm --network none t echo unchanged
	is unchanged "$output"
	[ ! -e "$T/ran" ]
}

@test "podman: a hook that fails stops the container, with its message, and nothing is left" {
	hook createRuntime 'echo this is why >&2; exit 3'
	run --separate-stderr pm --hooks-dir "$T/hooks" run --rm --network none --annotation org.example.hook=yes t true
	is 126 "$status"
	has createRuntime "$stderr"
	wait_until nothing_left_of_engine
}

@test "podman: a precreate hook gives a container its policy" {
	need sandrun
	netns_make
	hook precreate 'exec /usr/bin/jq -c ".annotations[\"io.sandlock.net-deny\"] = \"private\""'
	pm --hooks-dir "$T/hooks" run -d --network host --name "$NAME" --annotation org.example.hook=yes t sleep 1000 >/dev/null
	serve tcp:127.0.0.1:80
	run --separate-stderr pm exec "$NAME" probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
	nothing_reached tcp:127.0.0.1:80
}

@test "podman: descriptors of podman's reach neither the container, nor a hook, nor the supervisor" {
	local policy=()
	! is_sandrun || policy=(--annotation io.sandlock.net-deny=private)
	hook createRuntime "ls -l /proc/self/fd >$T/fds"
	touch "$T/stray"
	exec 9<"$T/stray"
	pm --hooks-dir "$T/hooks" run -d --network none --name "$NAME" "${policy[@]}" --annotation org.example.hook=yes t sleep 1000 >/dev/null
	exec 9<&-
	[ -s "$T/fds" ]
	[[ $(cat "$T/fds") != *"$T/stray"* ]]
	is "0 1 2" "$(ls "/proc/$(pm inspect -f '{{.State.Pid}}' "$NAME")/fd" | xargs)"
	if is_sandrun; then
		local sup
		sup=$(rt_of_podman state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
		[[ $(ls -l "/proc/$sup/fd") != *"$T/stray"* ]]
	fi
}

@test "podman: an image's annotations cannot loosen a policy that podman was given" {
	need sandrun
	netns_make
	serve tcp:127.0.0.1:80
	local key
	for key in io.sandlock.net-deny=9.9.9.9 io.sandlock.net-allow=loopback io.sandlock.net-allow= ; do
		printf 'FROM localhost/t\nENV A=b\n' >"$T/Dockerfile"
		pm build --format oci --annotation "$key" -t "a:$NAME" -f "$T/Dockerfile" "$T" >/dev/null 2>&1
		run --separate-stderr pm run --rm --network host --annotation io.sandlock.net-deny=private "a:$NAME" probe tcp 127.0.0.1 80
		# the same key: the command line's; one that contradicts it: an error, or (podman 4.6 and later) not even seen
		[ "$status" != 0 ] || is ECONNREFUSED "$output"
		[ "$status" = 0 ] || has io.sandlock "$stderr"
		pm rmi -f "a:$NAME" >/dev/null
	done
	nothing_reached tcp:127.0.0.1:80
}

# Where a controller has no hierarchy on this machine, podman makes plain files for it, which it then cannot remove.
pod_rm() {
	find /sys/fs/cgroup -depth -path "*/libpod_parent/$(pm pod inspect -f '{{.ID}}' "$NAME-pod")*" -fstype tmpfs -delete
	pm pod rm -f -t 0 "$NAME-pod" >/dev/null
}

@test "podman: a pod: shared network, IPC and host name; stop, start and rm -f" {
	netns_make
	pm pod create --name "$NAME-pod" --infra-image localhost/t --infra-command "/bin/sleep 1000" --share net,ipc,uts --hostname podhost >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME" t sh -c 'hostname; sleep 1000' >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME-2" t sleep 1000 >/dev/null
	local a b ns
	a=$(pm inspect -f '{{.State.Pid}}' "$NAME")
	b=$(pm inspect -f '{{.State.Pid}}' "$NAME-2")
	for ns in net ipc uts; do is "$(readlink "/proc/$a/ns/$ns")" "$(readlink "/proc/$b/ns/$ns")"; done
	[ "$(readlink "/proc/$a/ns/pid")" != "$(readlink "/proc/$b/ns/pid")" ]
	is podhost "$(pm logs "$NAME")"
	pm pod stop -t 0 "$NAME-pod" >/dev/null
	wait_until pid_gone "$a"
	pm pod start "$NAME-pod" >/dev/null
	is podhost "$(pm exec "$NAME-2" hostname)"
	pod_rm
	is "" "$(pm ps -aq)"
}

@test "podman: a pod with a shared pid namespace: one container ends without the other" {
	netns_make
	pm pod create --name "$NAME-pod" --infra-image localhost/t --infra-command "/bin/sleep 1000" --share net,pid >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME" t sh -c 'sleep 764321 & sleep 764322' >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME-2" t sleep 1000 >/dev/null
	wait_until pgrep -f "^sleep 764321"
	pm kill "$NAME" >/dev/null
	is 137 "$(pm wait "$NAME")"
	wait_until not pgrep -f "^sleep 76432[12]"
	is running "$(pm inspect -f '{{.State.Status}}' "$NAME-2")"
	pod_rm
}

@test "podman: containers of one pod, each with a policy of its own" {
	need sandrun
	netns_make
	pm pod create --name "$NAME-pod" --infra-image localhost/t --infra-command "/bin/sleep 1000" >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME" --annotation io.sandlock.net-deny=loopback t sleep 1000 >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME-2" t sleep 1000 >/dev/null
	# a closed port of the pod's loopback: reached, or not even tried
	run --separate-stderr pm exec "$NAME-2" probe udp 127.0.0.1 9
	is OK "$output"
	run --separate-stderr pm exec "$NAME" probe udp 127.0.0.1 9
	is ECONNREFUSED "$output"
	wait_until eval '[ "$(rt_of_podman state "$(cid)" | jq -r ".annotations[\"io.sandlock.denied\"]")" = 1 ]'
	pod_rm
}

@test "podman: build: RUN, USER, and a RUN that fails" {
	cat >"$T/Dockerfile" <<-END
		FROM localhost/t
		RUN id -u && echo built >/root/built
		RUN ["/bin/sh", "-c", "test -e /root/built && mkdir /root/d"]
		USER user
		RUN id -u >/tmp/who
		CMD ["sh", "-c", "cat /root/built /tmp/who; ls -d /root/d"]
	END
	build -t "c:$NAME" || { cat "$T/log"; return 1; }
	run --separate-stderr pm run --rm --network none "c:$NAME"
	is $'built\n1000\n/root/d' "$output"
	grep -q buildah "$FT/calls"
	echo 'RUN exit 7' >>"$T/Dockerfile"
	run build
	[ "$status" -ne 0 ]
	has "7" "$(cat "$T/log")"
	echo 'RUN /no/such' >"$T/last"
	sed -i "s,RUN exit 7,RUN [\"/no/such\"]," "$T/Dockerfile"
	run build
	[ "$status" -ne 0 ]
	has "/no/such" "$(cat "$T/log")"
	pm rmi -f "c:$NAME" >/dev/null
}
# build OPTION…: what it prints is in $T/log.
build() { pm build --network none --isolation oci "$@" -f "$T/Dockerfile" "$T" >"$T/log" 2>&1; }

@test "podman: --uidmap without an id 0" {
	need userns
	# --rootfs: podman's overlay storage cannot be mounted for such a user.
	printf "user:x:1000:\n" >"$B/rootfs/etc/group"
	chown -R 100000:100000 "$B/rootfs"
	local how
	for how in "--network none" "--network none --annotation io.sandlock.net-deny=private"; do
		# shellcheck disable=SC2086
		run --separate-stderr pm run --rm $how --uidmap 1000:100000:1 --user 1000 --rootfs "$B/rootfs" sh -c 'id -u; cat /proc/self/uid_map | xargs; echo x >/dev/null'
		is "0 $'1000\n1000 100000 1'" "$status $(printf %q "$output")"
		# shellcheck disable=SC2086
		pm run -d $how --name "$NAME" --uidmap 1000:100000:1 --user 1000 --rootfs "$B/rootfs" sleep 1000 >/dev/null
		run --separate-stderr pm exec "$NAME" id -u
		is "0 1000" "$status $output"
		run --separate-stderr pm exec -t "$NAME" sh -c 'tty; id -u'
		is "0 /dev/pts/0 1000" "$status $(tr -d '\r' <<<"$output" | xargs)"
		pm rm -f -t 0 "$NAME" >/dev/null
	done
}

@test "podman: the systemd cgroup manager without a systemd is an error of its own, and not a missing command" {
	need sandrun
	[ ! -d /run/systemd/system ] || skip "systemd runs here"
	run --separate-stderr pm --cgroup-manager systemd run --rm --network none --name "$NAME" t true
	[ "$status" = 125 ] || [ "$status" = 126 ]
	# The other lines are podman's own.
	has "systemd does not run on this machine" "$(grep ^Error: <<<"$stderr")"
	[[ $(grep ^Error: <<<"${stderr,,}") != *"not found"* ]]
}
