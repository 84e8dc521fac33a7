# SPDX-License-Identifier: Apache-2.0
# policy-foreign.bats - sockets that come from outside: inherited, or by SCM_RIGHTS over a unix socket that somebody shares

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	serve udp:127.0.0.1:53 udp:10.1.2.3:53 tcp:10.1.2.3:53 udp:203.0.113.5:53
	cp "$PROGRAMS/passfd" "$B/rootfs/bin/"
	mkdir "$T/share"
	GIVERS=()
	no_annotations
}
teardown() { common_teardown; }

denied=(udp:127.0.0.1:53 udp:10.1.2.3:53 tcp:10.1.2.3:53)
policies=(net-deny=private net-allow=203.0.113.5:53 'net-allow=udp://203.0.113.5:53' net-allow= net-allow=:443)

# give PATH KIND: the outside helper, with sockets of the network namespace "$ID".
give() {
	spawn "${NSENTER[@]}" "$PROGRAMS/passfd" give "$1" "$2"
	[ "${1#@}" != "$1" ] || wait_until test -S "$1"
}
share_directory() { cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/share", "options": ["rbind", "rw"]}]' --arg s "$T/share"; }
no_annotations() { cfg 'del(.annotations)'; annotate outside=judge; }
# No call of these went through.
all_refused() {
	is 0 "$status"
	[[ $output == *"sendmsg: "* ]] || { said; return 1; }
	[[ $output != *": OK"* ]] || { said; return 1; }
}

@test "SCM_RIGHTS over a unix socket in a mounted directory: judged in every mode, by every call" {
	local kind policy
	share_directory
	for kind in udp udp6 raw icmp udplite mptcp route; do give "$T/share/$kind" $kind; done
	for policy in "${policies[@]}"; do
		annotate "$policy"
		for kind in udp udp6 raw udplite mptcp; do
			run_container passfd take /share/$kind 10.1.2.3 53
			all_refused
		done
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "the same socket sends to what is allowed, and a source route in it is refused" {
	share_directory
	give "$T/share/udp" udp
	give "$T/share/route" route
	annotate 'net-allow=udp://203.0.113.5:53'
	run_container passfd take /share/udp 203.0.113.5 53
	has "sendmsg: OK" "$output"
	has "sendmmsg: OK" "$output"
	reached udp:203.0.113.5:53 5
	run_container passfd take /share/route 203.0.113.5 53
	all_refused
	reached udp:203.0.113.5:53 5
}

@test "a flow label of a socket from outside, with a routing header in it, is left behind" {
	# Nowhere: who tries to go there has heeded the label.
	export PASSFD_HOP=2001:db8:dead::1
	netns_addr 2001:db8::5/128
	in_ns "$PROGRAMS/passfd" with label -- true || skip "the kernel has no Mobile IPv6, and so no such labels"
	args passfd use 3 2001:db8::5 53
	host_network
	run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with label -- "$SANDRUN" --root "$STATE" run --preserve-fds 1 --bundle "$B" "$ID"
	has "sendto: ENETUNREACH" "$output"
	annotate net-deny=private
	run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with label -- "$SANDRUN" --root "$STATE" run --preserve-fds 1 --bundle "$B" "$ID"
	local call
	for call in sendto sendmsg sendmmsg flowinfo connect; do has "$call: OK" "$output"; done
}

@test "a TCP socket with a source route is one that only the supervisor judges" {
	local policy
	for policy in net-deny=10.0.0.0/8 net-allow=203.0.113.5:53; do
		annotate "$policy"
		args passfd use 3 203.0.113.5 53
		run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with tcproute -- "$SANDRUN" --root "$STATE" run --preserve-fds 1 \
			--bundle "$B" "$ID"
		has "connect: ECONNREFUSED" "$output"
		has "fastopen: ECONNREFUSED" "$output"
		no_annotations
	done
}

@test "in a directory that is mounted where shared memory is" {
	local policy
	give "$T/share/udp" udp
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/dev/shm", "options": ["rbind", "rw"]}]' --arg s "$T/share"
	for policy in "${policies[@]}"; do
		annotate "$policy"
		run_container passfd take /dev/shm/udp 10.1.2.3 53
		all_refused
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "over a unix socket that is itself mounted" {
	local policy
	give "$T/share/udp" udp
	touch "$B/rootfs/sock"
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/sock", "options": ["bind"]}]' --arg s "$T/share/udp"
	for policy in "${policies[@]}"; do
		annotate "$policy"
		run_container passfd take /sock 10.1.2.3 53
		all_refused
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "over an abstract unix socket, in a network namespace that others are in" {
	local policy
	cfg '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/$ID"
	give "@$ID" udp
	for policy in "${policies[@]}" ; do
		annotate "$policy"
		run_container passfd take "@$ID" 10.1.2.3 53
		all_refused
		no_annotations
	done
	host_network
	annotate net-allow=203.0.113.5:53
	run_container passfd take "@$ID" 10.1.2.3 53
	all_refused
	nothing_reached "${denied[@]}"
}

@test "a descriptor that flips between a unix socket and one from outside wins nothing" {
	local policy
	share_directory
	give "$T/share/udp" udp
	for policy in "${policies[@]}"; do
		annotate "$policy"
		run_container passfd race /share/udp 10.1.2.3 53 3000
		is 0 "$status"
		is "raced 3000" "$output"
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "--preserve-fds: an inherited socket is judged in every mode" {
	local kind policy
	for policy in "${policies[@]}"; do
		annotate "$policy"
		for kind in udp udp6 raw udplite mptcp tcp; do
			args passfd use 3 10.1.2.3 53
			run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with $kind -- "$SANDRUN" --root "$STATE" run \
				--preserve-fds 1 --bundle "$B" "$ID"
			all_refused
		done
		no_annotations
	done
	nothing_reached "${denied[@]}"
}

@test "--preserve-fds: an io_uring is refused; without a policy it is nobody's business" {
	"$PROGRAMS/passfd" with ring -- true || skip "the kernel has no io_uring"
	annotate net-deny=private
	args true
	run --separate-stderr "$PROGRAMS/passfd" with ring -- "$SANDRUN" --root "$STATE" run --preserve-fds 1 --bundle "$B" "$ID"
	one_clear_line "descriptor 3 is an io_uring"
	cfg 'del(.annotations)'
	run --separate-stderr "$PROGRAMS/passfd" with ring -- "$SANDRUN" --root "$STATE" run --preserve-fds 1 --bundle "$B" "$ID"
	is 0 "$status"
}

@test "exec --preserve-fds: refused where the layers would not see the socket, judged where they do" {
	annotate net-allow=203.0.113.5:53
	without nf-tables
	args sleep 1000
	start_container
	for kind in udp raw unix; do
		run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with $kind -- "$SANDRUN" --root "$STATE" exec --preserve-fds 1 \
			"$ID" passfd use 3 10.1.2.3 53
		one_clear_line "descriptor 3 is a socket from outside"
	done
	run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with tcp -- "$SANDRUN" --root "$STATE" exec --preserve-fds 1 "$ID" \
		passfd use 3 10.1.2.3 53
	case $(annotation enforcement) in
	*bpf*) one_clear_line "descriptor 3 is a socket from outside" ;;
	*) all_refused ;;
	esac
	rt delete --force "$ID"
	share_directory
	start_container
	run --separate-stderr "${NSENTER[@]}" "$PROGRAMS/passfd" with udp -- "$SANDRUN" --root "$STATE" exec --preserve-fds 1 "$ID" \
		passfd use 3 10.1.2.3 53
	all_refused
	nothing_reached "${denied[@]}"
}

@test "where no socket can come in, the cgroup program stays in force; a file that is mounted is no way in" {
	annotate net-deny=private
	without nf-tables
	touch "$T/file"
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/file", "options": ["bind"]}]' --arg s "$T/file"
	mkdir "$T/shm"
	mount -t tmpfs shm "$T/shm"
	cleanup umount "$T/shm"
	cfg '.mounts += [{"type": "bind", "source": $s, "destination": "/dev/shm", "options": ["bind"]}]' --arg s "$T/shm"
	args sleep 1000
	start_container
	case $(annotation enforcement) in *bpf*) ;; *) skip "no cgroup program here" ;; esac
	rt delete --force "$ID"
	# shared memory that others have, too: the host's, a volume
	local shm
	for shm in /dev/shm "$T/share"; do
		cfg '.mounts[-1].source = $s' --arg s "$shm"
		start_container
		[[ $(annotation enforcement) != *bpf* ]]
		rt delete --force "$ID"
	done
	cfg 'del(.mounts[-1])'
	share_directory
	start_container
	[[ $(annotation enforcement) != *bpf* ]]
	rt delete --force "$ID"
	annotate require=bpf
	run_container true
	one_clear_line "the layer bpf" "shares a directory or socket of the host"
}

@test "a cgroup hierarchy that root of the container could write to, beyond its own part, takes the program out of force" {
	annotate net-deny=private
	without nf-tables
	cfg '.mounts += [{"type": "cgroup", "source": "cgroup", "destination": "/sys/fs/cgroup", "options": ["nosuid"]}]'
	args sleep 1000
	start_container
	[[ $(annotation enforcement) != *bpf* ]]
	rt delete --force "$ID"
	cfg '.mounts[-1].options = ["nosuid", "ro"]'
	start_container
	case $(annotation enforcement) in *bpf*) ;; *) skip "no cgroup program here" ;; esac
	rt delete --force "$ID"
	cfg '.mounts[-1].options = [] | .linux.namespaces += [{"type": "cgroup"}]'
	start_container
	has bpf "$(annotation enforcement)"
	# What it can make there is below.
	exec_probe each 'udp 10.1.2.3 53'
	outcome 'udp 10.1.2.3 53' ECONNREFUSED
	run --separate-stderr rt exec "$ID" /bin/sh -c 'cd /sys/fs/cgroup/unified 2>/dev/null || cd /sys/fs/cgroup
		mkdir own && echo 0 >own/cgroup.procs && exec /bin/probe udp 10.1.2.3 53'
	is ECONNREFUSED "$output"
	rt delete --force "$ID"
	annotate require=bpf
	cfg '.linux.namespaces |= map(select(.type != "cgroup"))'
	run_container true
	one_clear_line "the layer bpf" "leave its cgroup"
}
