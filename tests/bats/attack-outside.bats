# SPDX-License-Identifier: Apache-2.0
# attack-outside.bats - ways to a socket from outside that are not sockets themselves: descriptors of directories, paths and
# processes, filesystems that are mounted elsewhere, too, the root directory; and files by which a process leaves its cgroup

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	serve udp:10.1.2.3:53 tcp:10.1.2.3:53
	cp "$PROGRAMS/passfd" "$B/rootfs/bin/"
	mkdir "$T/share"
}
teardown() { common_teardown; }

denied=(udp:10.1.2.3:53 tcp:10.1.2.3:53)
# Each mode that would leave UDP sockets alone, for the container cannot make any, or the program sees those that it makes
policies=(net-deny=private net-allow=203.0.113.5:53 net-allow=:443)

# give PATH: the outside helper, with a UDP socket of the network namespace "$ID".
give() {
	spawn "${NSENTER[@]}" "$PROGRAMS/passfd" give "$1" udp
	wait_until test -S "$1"
}
all_refused() {
	is 0 "$status"
	[[ $output == *"sendmsg: "* ]] || { said; return 1; }
	[[ $output != *": OK"* ]] || { said; return 1; }
}
# with KIND COMMAND…: the runtime with this as descriptor 3.
with() {
	local kind=$1 command=$2
	shift 2
	run --separate-stderr "${NSENTER[@]}" env SANDRUN_TEST="$ID" "$PROGRAMS/passfd" with "$kind" -- "${LACKS[@]}" "$SANDRUN" --root "$STATE" \
		"$command" --preserve-fds 1 "$@"
}
no_annotations() { cfg 'del(.annotations)'; }
# Sends on sockets that others hand in are judged only where somebody asks for it.
judge() { annotate outside=judge; }
has_program() { [[ $(annotation enforcement) == *bpf* ]]; }

@test "a directory that is handed down, and the path of a socket, lead to sockets from outside" {
	local policy
	give "$T/share/udp"
	for policy in "${policies[@]}"; do
		annotate "$policy"
		args passfd take /proc/self/fd/3/udp 10.1.2.3 53
		with "$T/share" run --bundle "$B" "$ID"
		all_refused
		args passfd take /proc/self/fd/3 10.1.2.3 53
		with "$T/share/udp" run --bundle "$B" "$ID"
		all_refused
		args passfd take /proc/self/fd/0/udp 10.1.2.3 53
		run --separate-stderr rt run --bundle "$B" "$ID" <"$T/share"
		all_refused
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "exec refuses these, and a pidfd, where the container's layers would not see the socket" {
	annotate net-deny=private
	args sleep 1000
	start_container
	give "$T/share/udp"
	with "$T/share" exec "$ID" passfd take /proc/self/fd/3/udp 10.1.2.3 53
	one_clear_line "descriptor 3 is a directory from outside"
	with "$T/share/udp" exec "$ID" passfd take /proc/self/fd/3 10.1.2.3 53
	one_clear_line "descriptor 3 is the path of a socket from outside"
	with pidfd exec "$ID" true
	one_clear_line "descriptor 3 is" "from outside"
	run --separate-stderr rt exec "$ID" true <"$T/share"
	one_clear_line "descriptor 0 is a directory from outside"
	# What holds nothing is handed down as ever.
	with event exec "$ID" true
	is 0 "$status"
	with "$B/config.json" exec "$ID" true
	is 0 "$status"
	nothing_reached "${denied[@]}"
}

@test "files, pipes and numbers that are handed down cost nothing" {
	joined_network
	without nf-tables
	annotate net-deny=private
	args sleep 1000
	start_container
	has_program || skip_or_fail "no cgroup program here"
	rt delete --force "$ID"
	local kind
	for kind in event "$B/config.json" /dev/null; do
		env SANDRUN_TEST="$ID" "$PROGRAMS/passfd" with "$kind" -- "${LACKS[@]}" "$SANDRUN" --root "$STATE" create --preserve-fds 1 \
			--bundle "$B" "$ID" </dev/null >"$OUT" 2>&1 3>&-
		has_program || { echo "$kind: $(annotation enforcement)"; return 1; }
		rt delete --force "$ID"
	done
	env SANDRUN_TEST="$ID" "$PROGRAMS/passfd" with pidfd -- "${LACKS[@]}" "$SANDRUN" --root "$STATE" create --preserve-fds 1 \
		--bundle "$B" "$ID" </dev/null >"$OUT" 2>&1 3>&-
	not has_program
}

@test "a filesystem that is mounted elsewhere, too, is shared without being a bind" {
	mkdir "$T/dev"
	mount -t devtmpfs devtmpfs "$T/dev" || skip_or_fail "no devtmpfs"
	cleanup umount "$T/dev"
	cleanup rm -f "$T/dev/$ID"
	give "$T/dev/$ID"
	cfg '.mounts += [{"type": "devtmpfs", "source": "devtmpfs", "destination": "/mnt"}]'
	local policy
	for policy in "${policies[@]}"; do
		annotate "$policy"
		judge
		run_container passfd take "/mnt/$ID" 10.1.2.3 53
		all_refused
		no_annotations
	done
	nothing_reached "${denied[@]}"
	annotate net-deny=private require=bpf
	judge
	run_container true
	one_clear_line "the layer bpf" "may be mounted elsewhere, too"
}

@test "nobody is behind the sockets of an overlay's layers, so an overlay costs nothing" {
	joined_network
	without nf-tables
	mkdir "$T/upper" "$T/work"
	give "$T/share/low"
	give "$T/upper/up"
	cfg '.mounts += [{"type": "overlay", "source": "overlay", "destination": "/mnt", "options": [$o]}]' \
		--arg o "lowerdir=$T/share,upperdir=$T/upper,workdir=$T/work"
	annotate net-deny=private
	local socket
	for socket in low up; do
		run_container passfd take /mnt/$socket 10.1.2.3 53
		is 1 "$status"
		has "Connection refused" "$stderr"
	done
	args sleep 1000
	start_container
	has_program || skip_or_fail "no cgroup program here"
}

@test "the host's own root as the root directory, or a mount of the host in it" {
	give "$T/share/udp"
	cfg '.root.path = "/"'
	local policy
	for policy in "${policies[@]}"; do
		annotate "$policy"
		judge
		run_container "$PROGRAMS/passfd" take "$T/share/udp" 10.1.2.3 53
		all_refused
		no_annotations
	done
	mkdir "$B/rootfs/with space"
	mount --bind "$T/share" "$B/rootfs/with space"
	cleanup umount "$B/rootfs/with space"
	cfg '.root.path = "rootfs"'
	for policy in "${policies[@]}"; do
		annotate "$policy"
		judge
		run_container passfd take "/with space/udp" 10.1.2.3 53
		all_refused
		no_annotations
	done
	nothing_reached "${denied[@]}"
	annotate net-deny=private require=bpf
	run_container true
	one_clear_line "the layer bpf" "mounted in the container's root directory"
}

@test "a file of a cgroup hierarchy, mounted or handed down, takes nobody out of the program's sight" {
	local root=/sys/fs/cgroup
	cgroup_v2 || root=/sys/fs/cgroup/unified
	[ -e "$root/cgroup.procs" ] || skip_or_fail "no cgroup v2"
	mkdir "$root/$ID-out"
	cleanup rmdir "$root/$ID-out"
	joined_network
	without nf-tables
	annotate net-deny=private
	shell 'echo 0 >/dev/fd/3; exec probe each "sendmsg 10.1.2.3 53" "tcp 10.1.2.3 53"'
	run --separate-stderr env SANDRUN_TEST="$ID" "$PROGRAMS/passfd" with "$root/$ID-out/cgroup.procs" -- "${LACKS[@]}" "$SANDRUN" --root "$STATE" \
		run --preserve-fds 1 --bundle "$B" "$ID"
	outcome 'sendmsg 10.1.2.3 53' ECONNREFUSED
	outcome 'tcp 10.1.2.3 53' ECONNREFUSED
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/procs", "options": ["bind", "rw"]}]' --arg s "$root/$ID-out/cgroup.procs"
	shell 'echo 0 >/procs; grep -q out /proc/self/cgroup || exit 9; exec probe each "sendmsg 10.1.2.3 53" "tcp 10.1.2.3 53"'
	run_container
	outcome 'sendmsg 10.1.2.3 53' ECONNREFUSED
	outcome 'tcp 10.1.2.3 53' ECONNREFUSED
	nothing_reached "${denied[@]}"
}

@test "what owns the network is not held to addresses, and the log says so" {
	annotate net-deny=private
	run_container true
	is 0 "$status"
	is '' "$stderr"
	cfg '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])'
	run_container true
	is 0 "$status"
	has "CAP_NET_ADMIN the container can rewrite routes" "$stderr"
	# Who restricts binds only has nothing to lose; nor where the network is somebody else's
	no_annotations
	annotate net-allow-bind=8080
	run_container true
	is '' "$stderr"
}

@test "a socket of the caller's that is dissolved, listens, or is connected anew: judged or refused" {
	local kind how
	joined_network
	for kind in tcp udp udp6; do
		for how in net-deny=private net-allow=203.0.113.5:80 net-allow=udp://203.0.113.5:53; do
			annotate "$how"
			args passfd redo 3 10.1.2.3 53
			PASSFD_NETNS=/run/netns/$ID-c with $kind run --bundle "$B" "$ID"
			all_refused
			no_annotations
		done
	done
	nothing_reached "${denied[@]}"
}
