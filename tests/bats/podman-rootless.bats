# SPDX-License-Identifier: Apache-2.0
# podman-rootless.bats - podman of a user without privileges: subordinate ids, no cgroups of its own, a policy
#
# The user exists only in a mount namespace of this file, where /etc is a copy. With a login session, systemd and delegated
# cgroups: tests/vm/rootless.bats.

load helpers
load helpers-net
load helpers-engine

USER_ID=61234

setup_file() {
	need podman conmon setpriv newuidmap unshare nsenter userns
	engine_file_setup
	unshare --mount --net sleep infinity </dev/null >/dev/null 2>&1 3>&- &
	HOLDER=$!
	export HOLDER
	wait_until eval '[ "$(readlink /proc/$HOLDER/ns/net)" != "$(readlink /proc/self/ns/net)" ] && grep -q sleep /proc/$HOLDER/cmdline'
	cp -a /etc "$FT/etc"
	echo "tester:x:$USER_ID:$USER_ID::$FT/home:/bin/sh" >>"$FT/etc/passwd"
	echo "tester:x:$USER_ID:" >>"$FT/etc/group"
	echo tester:200000:65536 | tee -a "$FT/etc/subuid" >>"$FT/etc/subgid"
	nsenter --mount --target "$HOLDER" mount --bind "$FT/etc" /etc
	nsenter --net --target "$HOLDER" ip link set lo up
	mkdir "$FT/home" "$FT/xdg"
	chmod 700 "$FT/xdg"
	# what podman reads and writes is the user's
	cat >"$FT/containers.conf" <<-END
		[containers]
		default_ulimits = [$ULIMITS]
		log_driver = "k8s-file"
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime_supports_json = ["sandrun"]
		runtime_supports_nocgroup = ["sandrun"]
	END
	podman_storage vfs
	# the user may not be able to reach the build directory
	cp "$SANDRUN" "$FT/bin/sandrun"
	chown -R $USER_ID:$USER_ID "$FT/home" "$FT/xdg"
	mkdir "$FT/graph" "$FT/run" "$FT/tmp"
	chown $USER_ID:$USER_ID "$FT/graph" "$FT/run" "$FT/tmp"
	as_user
	pm import "$FT/rootfs.tar" t:latest >/dev/null
}
teardown_file() {
	as_user
	pm rm -fa -t 0 >/dev/null 2>&1
	pm rmi -fa >/dev/null 2>&1
	# podman's own process that keeps its user namespace
	pkill -KILL -U $USER_ID || true
	kill "$HOLDER"
	wait "$HOLDER" 2>/dev/null
	engine_file_teardown
}
# as_user: pm is the user's podman from here on.
as_user() {
	cd "$FT/home"
	NSENTER=(nsenter --mount --net --target "$HOLDER" setpriv --reuid $USER_ID --regid $USER_ID --clear-groups --inh-caps=-all
		env HOME="$FT/home" XDG_RUNTIME_DIR="$FT/xdg" USER=tester)
}
setup() {
	common_setup
	NAME=$ID
	as_user
}
teardown() {
	local rc=0
	pm rm -fa -t 0 >/dev/null 2>&1 || true
	wait_until nothing_left_of_user || { leftovers_of_user; [ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1; }
	NSENTER=()
	common_teardown || rc=1
	return $rc
}
leftovers_of_user() {
	find "$FT/xdg/sandrun" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
	pgrep -a -U $USER_ID 'sandrun|conmon|sleep'
}
nothing_left_of_user() { [ -z "$(leftovers_of_user 2>/dev/null)" ]; }
rt_of_user() { "${NSENTER[@]}" podman unshare "$FT/bin/sandrun" --root "$FT/xdg/sandrun" "$@"; }

@test "podman, rootless: run gives output and code; root inside is the user outside" {
	run --separate-stderr pm run --rm --network none t sh -c 'echo out; id -u; cat /proc/self/uid_map; exit 32'
	is 32 "$status"
	[[ $output =~ ^out$'\n'0$'\n'\ *0\ +$USER_ID\ +1$'\n'\ *1\ +200000\ +65536$ ]]
	is "" "$stderr"
}

@test "podman, rootless: a missing command is 127, one that cannot be executed 126" {
	run pm run --rm --network none t /no/such
	is 127 "$status"
	run pm run --rm --network none t /etc/passwd
	is 126 "$status"
}

@test "podman, rootless: exec, other users, volumes, kill, stop" {
	mkdir "$FT/home/v"
	chown $USER_ID:$USER_ID "$FT/home/v"
	pm run -d --network none --name "$NAME" -v "$FT/home/v:/v" t sleep 1000 >/dev/null
	run --separate-stderr pm exec "$NAME" sh -c 'touch /v/mine; exit 7'
	is 7 "$status"
	run --separate-stderr pm exec -u 1000:1000 "$NAME" id -u
	is 1000 "$output"
	is $USER_ID "$(stat -c %u "$FT/home/v/mine")"
	elapsed_ms pm stop -t 1 "$NAME"
	is 137 "$(pm inspect -f '{{.State.ExitCode}}' "$NAME")"
	pm start "$NAME" >/dev/null
	is ok "$(pm exec "$NAME" echo ok)"
	rm -rf "$FT/home/v"
}

@test "podman, rootless: --userns keep-id, -t, -i" {
	is $USER_ID "$(pm run --rm --network none --userns keep-id t id -u)"
	run --separate-stderr pm run --rm -t --network none t probe tty
	has session "$output"
	is hello "$(echo hello | pm run --rm -i --network none t cat)"
}

@test "podman, rootless: a pod with shared namespaces" {
	pm pod create --name "$NAME-pod" --network none --infra-image localhost/t --infra-command "/bin/sleep 1000" --share net,ipc >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME" t sleep 1000 >/dev/null
	pm run -d --pod "$NAME-pod" --name "$NAME-2" t sleep 1000 >/dev/null
	is "$(pm exec "$NAME" readlink /proc/self/ns/net)" "$(pm exec "$NAME-2" readlink /proc/self/ns/net)"
	pm pod rm -f -t 0 "$NAME-pod" >/dev/null
}

@test "podman, rootless: a policy is enforced in run and exec, and its supervisor ends with the container" {
	need sandrun
	nsenter --net --target "$HOLDER" "$PROGRAMS/serve" "$T/counts" tcp:127.0.0.1:80 3>&- &
	SPAWNED+=($!)
	wait_until test -e "$T/counts"
	run --separate-stderr pm run --rm --network host --annotation io.sandlock.net-deny=private t probe tcp 127.0.0.1 80
	is "0 ECONNREFUSED" "$status $output"
	run --separate-stderr pm run --rm --network host t probe tcp 127.0.0.1 80
	is "0 OK" "$status $output"
	pm run -d --network host --annotation io.sandlock.net-deny=private --name "$NAME" t sleep 1000 >/dev/null
	is ECONNREFUSED "$(pm exec "$NAME" probe tcp 127.0.0.1 80)"
	local sup
	sup=$(rt_of_user state "$(cid)" | jq -r '.annotations["io.sandlock.supervisor-pid"]')
	[ -e "/proc/$sup" ]
	pm rm -f -t 0 "$NAME" >/dev/null
	wait_until pid_gone "$sup"
	wait_until grep -q 'tcp:127.0.0.1:80 1' "$T/counts"
}

# The supervisor is the user's, outside of the container's user namespace: it has no capability over the host's network, and there
# is no cgroup program. So all is on behalf of callers whose ids it may not always take.
@test "podman, rootless: the attacks on a policy win nothing, and are counted" {
	need sandrun
	local policy in_net=(nsenter --net --target "$HOLDER") a t calls
	for a in 10.1.2.3/32 203.0.113.5/32; do "${in_net[@]}" ip addr add "$a" dev lo; done
	"${in_net[@]}" sh -c 'echo 3 >/proc/sys/net/ipv4/tcp_fastopen'
	"${in_net[@]}" "$PROGRAMS/serve" "$T/counts" tcp:10.1.2.3:80 udp:10.1.2.3:53 tcp:203.0.113.5:80 udp:203.0.113.5:53 3>&- &
	SPAWNED+=($!)
	wait_until test -e "$T/counts"
	local attacks=('tcp 10.1.2.3 80=ECONNREFUSED' 'nonblock 10.1.2.3 80=ECONNREFUSED' 'udp 10.1.2.3 53=ECONNREFUSED'
		'sendmsg 10.1.2.3 53=ECONNREFUSED' 'udp-connect 10.1.2.3 53=ECONNREFUSED' 'sendmmsg 203.0.113.5 53 10.1.2.3 53=OK 1'
		'udp ::ffff:10.1.2.3 53=ECONNREFUSED' 'udp-unspec 10.1.2.3 53=ECONNREFUSED' 'udp-v4-on-v6 10.1.2.3 53=ECONNREFUSED'
		'fastopen 10.1.2.3 80=ECONNREFUSED' 'fastopen-sendmsg 10.1.2.3 80=ECONNREFUSED' 'mptcp 10.1.2.3 80=EPROTONOSUPPORT'
		'dissolve 203.0.113.5 80 10.1.2.3 80=ECONNREFUSED ECONNREFUSED' 'addrform 203.0.113.5 53 10.1.2.3 53=ECONNREFUSED ECONNREFUSED'
		'io_uring=ENOSYS' 'uring-calls=ENOSYS ENOSYS ENOSYS' 'clone-files=EPERM' 'sctp-option=EPERM'
		'foreign-source 10.1.2.3 53=ECONNREFUSED ECONNREFUSED ECONNREFUSED' 'page-flip 1000 203.0.113.5 53 10.1.2.3 53=DONE'
		'flip-by-process memory 2000 203.0.113.5 53 10.1.2.3 53=DONE' 'last-rival connect 300 10.1.2.3 53=0'
		'last-rival sendto 300 10.1.2.3 53=0' 'vanish 50 10.1.2.3 80=OK' 'tcp-echo 203.0.113.5 80=OK' 'udp-echo 203.0.113.5 53=OK'
		'unix-self=OK' 'netlink=OK')
	for t in "${attacks[@]}"; do calls+=("${t%=*}"); done
	for policy in net-deny=10.0.0.0/8 'net-allow=203.0.113.5:80 udp://203.0.113.5:53'; do
		run --separate-stderr pm run --rm --network host --annotation "io.sandlock.$policy" t probe each "${calls[@]}"
		is 0 "$status"
		for t in "${attacks[@]}"; do outcome "${t%=*}" "${t##*=}"; done
		pm run -d --network host --annotation "io.sandlock.$policy" --name "$NAME" t sleep 1000 >/dev/null
		pm exec "$NAME" probe each 'socket packet raw all' 'io_uring' 'tcp 10.1.2.3 80' 'join 224.0.0.251' >"$T/exec"
		grep -q 'io_uring: ENOSYS' "$T/exec"
		grep -q 'tcp 10.1.2.3 80: ECONNREFUSED' "$T/exec"
		rt_of_user state "$(cid)" | jq -r '.annotations["io.sandlock.denied"]' >"$T/denied"
		# at least the socket and the connect: the engine's own profile may be faster about others
		[ "$(cat "$T/denied")" -ge 2 ]
		pm rm -f -t 0 "$NAME" >/dev/null
	done
	# A marker is the first that arrives.
	is OK "$("${in_net[@]}" "$PROBE" tcp 10.1.2.3 80)"
	is OK "$("${in_net[@]}" "$PROBE" udp 10.1.2.3 53)"
	wait_until count_is udp:10.1.2.3:53 1
	wait_until count_is tcp:10.1.2.3:80 1
}
