# SPDX-License-Identifier: Apache-2.0
# policy-oldkernel.bats - the same policies where the kernel lacks a layer or a feature, and io.sandlock.require
#
# The runtime and all it starts run under a seccomp filter that gives an older kernel's errnos (tests/programs/oldkernel.c).

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32
	LACKS=()
}
teardown() { common_teardown; }

# As in helpers.bash, on a kernel that lacks ${LACKS[@]}. Without bpf(2), cgroup v2 has no device rules either, which is
# an error of its own: so there without a cgroup.
rt() {
	local manager=()
	case " ${LACKS[*]}" in *' bpf'*) ! cgroup_v2 || manager=(--cgroup-manager disabled) ;; esac
	SANDRUN_TEST=$ID timeout --foreground -k 5 $((${RT_TIMEOUT:-60} * SLOWER)) "${NSENTER[@]}" "$PROGRAMS/oldkernel" "${LACKS[@]}" -- \
		"$SANDRUN" "${manager[@]}" --root "$STATE" "$@" 3>&-
}
# What `state` says of the kernel as it is, but without a cgroup program.
layers() { if landlock_net; then echo notify,landlock; else echo notify; fi; }
# The network namespace of the test by path, as engines give it: for the container it is its own.
own_network() { cfg '.linux.namespaces |= map(if .type == "network" then .path = $p else . end)' --arg p "/run/netns/$ID"; }

listeners=(tcp:127.0.0.1:80 udp:127.0.0.1:53 tcp:203.0.113.5:80 udp:203.0.113.5:53)
# All that a policy can say, the known ways in, an exec session; and that a death is survived there, too.
whole_policy() {
	annotate net-deny=private
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'nonblock 127.0.0.1 80=ECONNREFUSED' 'tcp ::ffff:127.0.0.1 80=ECONNREFUSED' \
		'udp 127.0.0.1 53=ECONNREFUSED' 'udp-connect 127.0.0.1 53=ECONNREFUSED' 'sendmsg 127.0.0.1 53=ECONNREFUSED' \
		'sendmmsg 203.0.113.5 53 127.0.0.1 53=OK 1' 'tcp-echo 203.0.113.5 80=OK' 'udp-echo 203.0.113.5 53=OK' \
		'mptcp 127.0.0.1 80=EPROTONOSUPPORT' 'io_uring=ENOSYS' 'unix-self=OK' 'netlink=OK'
	args sleep 1000
	start_container
	exec_probe each 'tcp 127.0.0.1 80' 'tcp 203.0.113.5 80' 'udp 127.0.0.1 53'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp 203.0.113.5 80' OK
	outcome 'udp 127.0.0.1 53' ECONNREFUSED
	kill -KILL "$(supervisor_pid)"
	exec_probe each 'tcp 127.0.0.1 80' 'tcp 203.0.113.5 80'
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp 203.0.113.5 80' OK
	ENFORCEMENT=$(annotation enforcement)
	rt delete --force "$ID"
	cfg 'del(.annotations)'
	annotate net-allow=203.0.113.5:80
	trying 'tcp-echo 203.0.113.5 80=OK' 'tcp 127.0.0.1 80=ECONNREFUSED' 'udp 203.0.113.5 53=ECONNREFUSED' \
		'fastopen 127.0.0.1 80=ECONNREFUSED'
	cfg 'del(.annotations)'
	annotate net-allow=:80 net-allow-bind=8080
	trying 'tcp 203.0.113.5 80=OK' 'tcp 127.0.0.1 81=ECONNREFUSED' 'listen 127.0.0.1 8080=OK' 'bind 127.0.0.1 8081=EACCES'
	cfg 'del(.annotations)'
}
denied_stayed_denied() { nothing_reached udp:127.0.0.1:53; }

@test "as it is: every layer, and the whole policy" {
	own_network
	serve "${listeners[@]}"
	whole_policy
	[[ $ENFORCEMENT == notify,bpf* || $ENFORCEMENT == "$(layers)" ]]
	denied_stayed_denied
}

@test "without Landlock (before 6.7, or not enabled at boot) the policy is complete, and state says so" {
	own_network
	serve "${listeners[@]}"
	for LACKS in landlock landlock-off; do
		whole_policy
		has notify "$ENFORCEMENT"
		[[ $ENFORCEMENT != *landlock* ]]
	done
	denied_stayed_denied
}

@test "without cgroup programs (a user's runtime, before 6.1) the policy is complete, and state says so" {
	own_network
	serve "${listeners[@]}"
	for LACKS in bpf bpf-attach; do
		whole_policy
		is "$(layers)" "$ENFORCEMENT"
	done
	denied_stayed_denied
}

@test "with the filter alone: no Landlock, no cgroup program, no newer flag (5.10)" {
	own_network
	serve "${listeners[@]}"
	LACKS=(landlock bpf sync-wake-up wait-killable pidfd-thread)
	whole_policy
	is notify "$ENFORCEMENT"
	denied_stayed_denied
}

@test "the same on the host's network" {
	host_network
	serve "${listeners[@]}"
	LACKS=(landlock bpf sync-wake-up wait-killable pidfd-thread)
	whole_policy
	is notify "$ENFORCEMENT"
	denied_stayed_denied
}

@test "each newer flag alone may be missing" {
	own_network
	serve "${listeners[@]}"
	for LACKS in sync-wake-up wait-killable pidfd-thread; do whole_policy; done
	denied_stayed_denied
}

@test "without user notification, or without pidfd_getfd, there is no policy, and so no container" {
	annotate net-deny=private
	LACKS=(user-notif)
	run_container true
	one_clear_line "notify filter"
	LACKS=(pidfd-getfd)
	run_container true
	one_clear_line "pidfd_getfd" "Linux 5.6"
	LACKS=()
	assert_no_leftovers
}

@test "flipped addresses and descriptors win nothing without a backstop" {
	own_network
	serve "${listeners[@]}"
	annotate net-deny=private
	LACKS=(landlock bpf)
	local race
	for race in addr msghdr dup2; do
		run_container flip $race tcp $((1000 / SLOWER)) 203.0.113.5 80 127.0.0.1 80
		is 0 "$status"
		run_container flip $race udp $((1000 / SLOWER)) 203.0.113.5 53 127.0.0.1 53
		is 0 "$status"
	done
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
}

@test "an inherited TCP socket, which the cgroup program does not see, is not left to it where there is no Landlock" {
	joined_network
	serve tcp:203.0.113.5:80 tcp:10.1.2.3:80
	cp "$PROGRAMS/passfd" "$B/rootfs/bin/"
	annotate net-allow=203.0.113.5:80
	LACKS=(landlock)
	cfg '.process.capabilities |= map_values(. + ["CAP_SYS_PTRACE"])' # userfaultfd
	args passfd slow-flip 3 10.1.2.3 80
	export PASSFD_NETNS=/run/netns/$ID-c
	run --separate-stderr timeout 60 "$PROGRAMS/passfd" with tcp -- "$PROGRAMS/oldkernel" landlock -- "$SANDRUN" --root "$STATE" run \
		--preserve-fds 1 --bundle "$B" "$ID"
	[ "$output" != 'connect: OK' ]
	nothing_reached tcp:10.1.2.3:80
	# exec: refused where it would be
	args sleep 1000
	LACKS=(landlock nf-tables)
	start_container
	is notify,bpf "$(annotation enforcement)"
	run --separate-stderr "$PROGRAMS/passfd" with tcp -- "$PROGRAMS/oldkernel" landlock -- \
		"$SANDRUN" --root "$STATE" exec --preserve-fds 1 "$ID" passfd use 3 10.1.2.3 80
	one_clear_line "descriptor 3 is a socket from outside"
}

@test "where devices can be put into a network that is shared, nobody gets a network namespace, and it is counted" {
	need userns
	annotate net-deny=private
	LACKS=(peer-check)
	trying 'netns=OK OK'
	host_network
	args sleep 1000
	start_container
	exec_probe netns
	is 'EPERM EPERM' "$output"
	is 2 "$(annotation denied)"
	is 2 "$(jq -r .rule "$STATE/$ID/denied.jsonl" | grep -c 'a network namespace')"
	# The death of the supervisor changes nothing, nor does another table of calls.
	kill -KILL "$(supervisor_pid)"
	exec_probe netns
	is 'EPERM EPERM' "$output"
	need probe32
	run --separate-stderr rt exec "$ID" /bin/probe32 netns
	is 'EPERM EPERM' "$output"
}

# --- io.sandlock.require -------------------------------------------------------------------------------------------------------

@test "require: a layer that is there changes nothing" {
	need landlock-net
	annotate net-deny=private 'require=notify, landlock'
	run_container --  probe tcp 127.0.0.1 80
	is ECONNREFUSED "$output"
}

@test "require: a missing layer is an error that names it and the cause, and nothing is left" {
	annotate net-deny=private require=landlock
	LACKS=(landlock)
	run_container true
	one_clear_line "io.sandlock.require: the layer landlock is not available here: the kernel has no Landlock"
	cfg 'del(.annotations)'
	annotate net-deny=private require=bpf
	LACKS=(bpf)
	run_container true
	one_clear_line "io.sandlock.require: the layer bpf is not available here: "
	LACKS=(action-avail)
	cfg 'del(.annotations)'
	annotate net-deny=private require=notify
	run_container true
	one_clear_line "the layer notify" "Linux 5.0"
	LACKS=()
	assert_no_leftovers
}

@test "require=bpf where the container could leave its cgroup, or the policy says nothing of egress" {
	cp "$B/config.json" "$T/config.json"
	annotate net-deny=private require=bpf
	cfg '.process.capabilities |= map_values(. + ["CAP_DAC_READ_SEARCH"])'
	run_container true
	one_clear_line "the layer bpf" "CAP_DAC_READ_SEARCH"
	cp "$T/config.json" "$B/config.json"
	annotate net-allow-bind=80 require=bpf
	run_container true
	one_clear_line "the layer bpf" "egress"
	assert_no_leftovers
}

@test "require=nft where the network is not the container's own, or the kernel has no nf_tables" {
	annotate net-deny=private require=nft
	run_container true
	is "0 " "$status $stderr"
	LACKS=(nf-tables)
	run_container true
	one_clear_line "the layer nft" "the kernel has no nf_tables"
	LACKS=()
	own_network
	run_container true
	one_clear_line "the layer nft" "shares its network namespace with other processes"
	host_network
	run_container true
	one_clear_line "the layer nft" "shares the network namespace of its runtime"
	assert_no_leftovers
}

@test "require=landlock where its rules could not say it" {
	need landlock-net
	annotate net-deny-bind=80 require=landlock
	run_container true
	one_clear_line "the layer landlock" "2048 ports"
	assert_no_leftovers
}

@test "require: mistakes" {
	annotate net-deny=private 'require=notify lanlock'
	run_container true
	one_clear_line 'io.sandlock.require: "lanlock" at character 8: no such layer'
	cfg '.annotations["io.sandlock.require"] = ""'
	run_container true
	one_clear_line "io.sandlock.require: it names no layer"
	cfg 'del(.annotations)'
	annotate require=notify
	run_container true
	one_clear_line "beside a policy"
}
