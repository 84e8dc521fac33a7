# SPDX-License-Identifier: Apache-2.0
# attack-means.bats - what the network and the kernel's other interfaces offer a hostile workload: tunnels, sources, groups, odd
# ways to write, cgroups, traces, exec in mid-call; in each mode: on behalf ("traps": the host's network), with the cgroup
# program ("bpf"), and where neither it nor Landlock is there ("bare")

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
	netns_make
	netns_addr 10.1.2.3/32 203.0.113.5/32 fd00:77::1/128 2001:db8::5/128
	BARE=()
}
teardown() { common_teardown; }

# As in helpers.bash; in mode "bare" on a kernel without Landlock and cgroup programs (on cgroup v2 without a cgroup, then, for
# device rules want one).
rt() {
	local enter=("${NSENTER[@]}") manager=()
	[ -z "${RT_OUTSIDE:-}" ] || enter=()
	[[ " ${BARE[*]} " != *" bpf "* ]] || ! cgroup_v2 || manager=(--cgroup-manager disabled)
	SANDRUN_TEST=$ID timeout --foreground -k 5 $((${RT_TIMEOUT:-60} * SLOWER)) "${enter[@]}" "${BARE[@]}" "$SANDRUN" "${manager[@]}" --root "$STATE" \
		"$@" 3>&-
}

allow_udp='net-allow=udp://203.0.113.5:53;tcp://203.0.113.5:80;udp://[2001:db8::5]:53'
modes='traps bpf bare wall'

# in_mode traps|bpf|bare|wall POLICY: REFUSED is the errno of a send that is refused.
in_mode() {
	cfg 'del(.annotations) | .linux.namespaces |= (map(select(.type != "network")) + [{"type": "network"}])'
	RT_OUTSIDE= BARE=() REFUSED=ECONNREFUSED
	case $1 in
	traps) BARE=("$PROGRAMS/oldkernel" bpf --); host_network ;;
	bare) BARE=("$PROGRAMS/oldkernel" landlock bpf nf-tables --); joined_network ;;
	bpf) BARE=("$PROGRAMS/oldkernel" nf-tables --); joined_network ;;
	wall) REFUSED=EPERM; joined_network ;;
	esac
	annotate "$2"
}
capabilities() { cfg '.process.capabilities |= map_values(. + $ARGS.positional)' --args -- "$@"; }

@test "a source that is nobody's, or another device, does not change the verdict on the destination" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	capabilities CAP_NET_RAW
	local mode policy
	for mode in $modes; do
		for policy in net-deny=private "$allow_udp"; do
			in_mode $mode "$policy"
			# By lo it gets no further than the container's own network stack.
			[ $mode = wall ] && trying 'foreign-source 10.1.2.3 53=EPERM EPERM OK' ||
				trying 'foreign-source 10.1.2.3 53=ECONNREFUSED ECONNREFUSED ECONNREFUSED'
		done
	done
	nothing_reached udp:10.1.2.3:53
}

@test "a TCP socket in repair mode connects where it may, and else sends nothing" {
	serve tcp:10.1.2.3:80
	capabilities CAP_NET_ADMIN
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=private
		try 'repair 10.1.2.3 80'
		[[ $output == *": ECONNREFUSED "* && $output != *OK ]]
	done
	nothing_reached tcp:10.1.2.3:80
}

@test "hop-by-hop options do not carry a routing header past" {
	capabilities CAP_NET_RAW
	local mode
	for mode in $modes; do
		in_mode $mode "$allow_udp"
		try 'hop-by-hop 2001:db8::5 53 fd00:77::1'
		[[ $output == *": EPERM" || $output == *": EINVAL" ]] || is EPERM "$output"
	done
}

@test "IPv4 addresses in IPv6 clothes: those that the kernel takes off are judged as IPv4" {
	serve udp:10.1.2.3:53 tcp:10.1.2.3:80
	local mode
	for mode in $modes; do
		in_mode $mode 'net-deny=private loopback'
		trying "udp ::ffff:10.1.2.3 53=$REFUSED" "sendmsg ::ffff:10.1.2.3 53=$REFUSED" 'tcp ::ffff:10.1.2.3 80=ECONNREFUSED' \
			"udp 64:ff9b::10.1.2.3 53=$REFUSED" 'tcp 64:ff9b::10.1.2.3 80=ECONNREFUSED' "udp-v4-on-v6 10.1.2.3 53=$REFUSED" \
			"udp 0.0.0.0 53=$REFUSED" "udp :: 53=$REFUSED" "udp 127.1.2.3 53=$REFUSED"
		in_mode $mode net-allow=udp://10.1.2.4:53
		# 6to4, Teredo, ISATAP, compatible: addresses like any other, and not listed
		trying "udp 2002:a01:203::1 53=$REFUSED" "udp 2001:0:a01:203:: 53=$REFUSED" "udp ::10.1.2.3 53=$REFUSED" \
			"broadcast 255.255.255.255 53=$REFUSED"
		# What goes by lo does not leave, so a wall is not what refuses it.
		[ $mode = wall ] || trying 'udp fe80::1%lo 53=ECONNREFUSED' 'udp fe80::5efe:10.1.2.3%lo 53=ECONNREFUSED' \
			'udp ff02::1%lo 53=ECONNREFUSED'
	done
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:80
}

@test "tunnels and devices of a network namespace of its own do not reach into the container's" {
	need userns
	serve udp:10.1.2.3:53
	local mode word
	for mode in $modes; do
		in_mode $mode net-deny=private
		try 'links 10.1.2.3 53' 'links 10.1.2.3 53 here'
		grep -q "send=$REFUSED" <<<"$output"
		for word in $(tail -1 <<<"$output" | cut -d: -f2); do
			case $word in *=OK) echo "made: $output"; return 1 ;; esac
		done
		# With every capability over a namespace of its own, but none over the container's. Older kernels make the veth, see below.
		for word in $(head -1 <<<"$output" | cut -d: -f2); do
			case $word in *=EPERM | *=EOPNOTSUPP | veth=OK | vxlan=EINVAL | send="$REFUSED" | send=ENETUNREACH) ;; *) echo "$word in: $output"; return 1 ;; esac
		done
	done
	nothing_reached udp:10.1.2.3:53
}

@test "a pair of devices with an end in the container's network does not carry a tunnel past the verdict" {
	need userns
	serve udp:10.1.2.3:53
	# A host that brings up and routes what appears in its network; in a network of the container's own is nobody who would.
	spawn sh -c "until ip -n $ID link set far up 2>/dev/null; do sleep 0.02; done"
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=10.0.0.0/8
		[ -z "$RT_OUTSIDE" ] || nsenter --net="/run/netns/$ID-c" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
		try 'tunnel 10.1.2.3 53 203.0.113.4 203.0.113.5 53'
		[ $mode != traps ] || [[ $output != *veth=OK* ]] || is 'no device' "$output"
	done
	nothing_reached udp:10.1.2.3:53
}

@test "policies of the kernel that put packets into a tunnel want a capability that the container has not" {
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=private
		try 'xfrm 10.1.2.3'
		[[ $output != *OK* && $output == *EPERM* ]]
	done
}

@test "a socket that could not be connected takes no data by any call" {
	serve udp:10.1.2.3:53
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=private
		try 'write-ways 10.1.2.3 53'
		has 'connect=ECONNREFUSED' "$output"
		[[ $output != *=OK* ]]
		[[ $output == *aio=EDESTADDRREQ* || $output == *aio=EAGAIN* ]]
	done
	nothing_reached udp:10.1.2.3:53
}

@test "pages that are protected, dropped and mapped anew under an address that changes" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53 tcp:203.0.113.5:53 tcp:10.1.2.3:53
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=10.0.0.0/8
		trying "page-flip $((4000 / SLOWER)) 203.0.113.5 53 10.1.2.3 53=DONE"
	done
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:53
}

@test "exec out of a file without a name, in the middle of other threads' calls, leaves the policy where it was" {
	netns_peer
	serve udp:10.1.2.3:53 tcp:10.1.2.3:80
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=10.1.0.0/16
		args probe exec-midcall 10.9.0.77 80 tcp 10.1.2.3 80
		run_container
		is ECONNREFUSED "$output"
		args probe exec-midcall 10.9.0.77 80 sendmsg 10.1.2.3 53
		run_container
		is $REFUSED "$output"
	done
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:80
}

@test "a tracer that comes while a call is on its way cannot send it elsewhere" {
	netns_peer
	serve tcp:10.1.2.3:80
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=10.1.0.0/16
		trying 'trace-pending 10.9.0.77 80 10.1.2.3 80=DONE'
	done
	nothing_reached tcp:10.1.2.3:80
}

@test "filters of its own, on top: no listener, and no other answer than the stricter one" {
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=private
		try 'own-filters 10.1.2.3 80'
		# EINVAL: a flag that this kernel has not; TRACE without a tracer is ENOSYS, where nothing of ours is stricter.
		[[ $output =~ ^own-filters\ 10.1.2.3\ 80:\ (EBUSY|EINVAL)\ (EBUSY|EINVAL)\ (EBUSY|EINVAL)\ (EBUSY|EINVAL)\ ECONNREFUSED\ ECONNREFUSED\ (ECONNREFUSED|ENOSYS)$ ]] ||
			is 'own-filters: EBUSY… ECONNREFUSED…' "$output"
	done
}

@test "a cgroup of its own below, a child born there, and one that is gone do not take a socket out of sight" {
	serve udp:10.1.2.3:53 tcp:10.1.2.3:53
	in_mode bpf net-deny=private
	cfg '.mounts += [{"type": "cgroup", "source": "cgroup", "destination": "/sys/fs/cgroup", "options": []}] |
		.linux.namespaces += [{"type": "cgroup"}]'
	local dir=/sys/fs/cgroup
	[ ! -d /sys/fs/cgroup/unified ] || dir=/sys/fs/cgroup/unified
	try "orphan-cgroup $dir 10.1.2.3 53" "clone-cgroup $dir 10.1.2.3 53" "clone-cgroup $dir/.. 10.1.2.3 53"
	outcome "orphan-cgroup $dir 10.1.2.3 53" 'ECONNREFUSED ECONNREFUSED'
	outcome "clone-cgroup $dir 10.1.2.3 53" ECONNREFUSED
	[[ $output != *OK* ]]
	nothing_reached udp:10.1.2.3:53 tcp:10.1.2.3:53
}

@test "where its pid can be seen, the supervisor gives nothing away and takes nothing, also to root" {
	in_mode traps net-deny=private
	cfg '.linux.namespaces |= map(select(.type != "pid"))'
	args sleep 1000
	start_container
	local pid
	for pid in "$(supervisor_pid)" "$(sed -n 's/^PPid:\t//p' "/proc/$(supervisor_pid)/status")"; do
		exec_probe pry "$pid"
		[[ $output != *=OK* && $output == "ptrace=EPERM getfd=EPERM"* ]] || is 'no OK' "$output"
	done
}
