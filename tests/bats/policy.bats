# SPDX-License-Identifier: Apache-2.0
# policy.bats - net-deny and net-allow through real containers on "the host's network": a namespace that the test makes

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 172.16.5.5/32 192.168.7.7/32 169.254.169.254/32 203.0.113.5/32 fd00:77::1/128 2001:db8::5/128
	host_network
}
teardown() { common_teardown; }

private_tcp=(tcp:127.0.0.1:80 tcp:[::1]:80 tcp:10.1.2.3:80 tcp:172.16.5.5:80 tcp:192.168.7.7:80 tcp:169.254.169.254:80 tcp:[fd00:77::1]:80)
private_udp=(udp:127.0.0.1:53 udp:[::1]:53 udp:10.1.2.3:53 udp:169.254.169.254:53 udp:[fd00:77::1]:53)

@test "net-deny=private: no private address by TCP, in any notation, and nothing is on the wire" {
	serve "${private_tcp[@]}" tcp:203.0.113.5:80 tcp:[2001:db8::5]:80
	annotate net-deny=private
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'tcp ::1 80=ECONNREFUSED' 'tcp ::ffff:127.0.0.1 80=ECONNREFUSED' \
		'tcp 0.0.0.0 80=ECONNREFUSED' 'tcp :: 80=ECONNREFUSED' 'tcp 127.99.0.1 80=ECONNREFUSED' \
		'tcp 10.1.2.3 80=ECONNREFUSED' 'tcp 172.16.5.5 80=ECONNREFUSED' 'tcp 192.168.7.7 80=ECONNREFUSED' \
		'tcp 169.254.169.254 80=ECONNREFUSED' 'tcp ::ffff:169.254.169.254 80=ECONNREFUSED' \
		'tcp ::ffff:0.0.0.0 80=ECONNREFUSED' 'tcp fd00:77::1 80=ECONNREFUSED' 'nonblock 127.0.0.1 80=ECONNREFUSED' \
		'tcp 203.0.113.5 80=OK' 'tcp 2001:db8::5 80=OK' 'tcp ::ffff:203.0.113.5 80=OK'
	nothing_reached "${private_tcp[@]}"
	reached tcp:203.0.113.5:80 2
	reached tcp:[2001:db8::5]:80 1
}

@test "net-deny=private: no private address by UDP, by every call that sends" {
	serve "${private_udp[@]}" udp:203.0.113.5:53 udp:[2001:db8::5]:53
	annotate net-deny=private
	trying 'udp 127.0.0.1 53=ECONNREFUSED' 'udp ::1 53=ECONNREFUSED' 'udp ::ffff:127.0.0.1 53=ECONNREFUSED' \
		'udp 0.0.0.0 53=ECONNREFUSED' 'udp :: 53=ECONNREFUSED' 'udp 10.1.2.3 53=ECONNREFUSED' \
		'udp 169.254.169.254 53=ECONNREFUSED' 'udp fd00:77::1 53=ECONNREFUSED' \
		'udp-connect 127.0.0.1 53=ECONNREFUSED' 'udp-connect 0.0.0.0 53=ECONNREFUSED' \
		'sendmsg 10.1.2.3 53=ECONNREFUSED' 'sendmsg ::ffff:10.1.2.3 53=ECONNREFUSED' \
		'sendmmsg 10.1.2.3 53=ECONNREFUSED' 'udp-unspec 127.0.0.1 53=ECONNREFUSED' \
		'udp-v4-on-v6 127.0.0.1 53=ECONNREFUSED' \
		'udp-reconnect 203.0.113.5 53 127.0.0.1 53=ECONNREFUSED' \
		'udp-connected-sendto 203.0.113.5 53 127.0.0.1 53=ECONNREFUSED' \
		'udp-echo 203.0.113.5 53=OK' 'udp-echo 2001:db8::5 53=OK' 'udp-connect 203.0.113.5 53=OK' 'sendmsg 203.0.113.5 53=OK'
	nothing_reached "${private_udp[@]}"
	wait_until eval '[ "$(count udp:203.0.113.5:53)" -ge 3 ]'
}

@test "sendmmsg: what was allowed goes out, and the count says how far it came" {
	serve udp:203.0.113.5:53 udp:10.1.2.3:53
	annotate net-deny=10.0.0.0/8
	trying 'sendmmsg 203.0.113.5 53 203.0.113.5 53=OK 2' 'sendmmsg 203.0.113.5 53 10.1.2.3 53 203.0.113.5 53=OK 1' \
		'sendmmsg 10.1.2.3 53 203.0.113.5 53=ECONNREFUSED'
	nothing_reached udp:10.1.2.3:53
	reached udp:203.0.113.5:53 3
}

@test "net-allow=ADDR:PORT: that and nothing else by TCP; a UDP socket is made and sends nothing" {
	serve tcp:10.1.2.3:443 tcp:10.1.2.3:80 tcp:127.0.0.1:443 tcp:203.0.113.5:443 udp:10.1.2.3:443
	annotate net-allow=10.1.2.3:443
	trying 'tcp-echo 10.1.2.3 443=OK' 'tcp-echo ::ffff:10.1.2.3 443=OK' 'nonblock 10.1.2.3 443=EINPROGRESS OK' \
		'tcp 10.1.2.3 80=ECONNREFUSED' 'tcp 127.0.0.1 443=ECONNREFUSED' 'tcp 203.0.113.5 443=ECONNREFUSED' \
		'tcp 0.0.0.0 443=ECONNREFUSED' 'tcp ::1 443=ECONNREFUSED' \
		'udp 10.1.2.3 443=ECONNREFUSED' 'udp ::1 443=ECONNREFUSED' 'socket inet dgram=OK' 'socket inet6 dgram udp=OK' \
		'icmp 10.1.2.3=EACCES'
	reached tcp:10.1.2.3:443 3
	nothing_reached tcp:10.1.2.3:80 tcp:127.0.0.1:443 tcp:203.0.113.5:443 udp:10.1.2.3:443
}

@test "net-allow present and empty: nothing at all" {
	serve tcp:127.0.0.1:80
	annotate net-allow=
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'socket inet dgram=OK' 'unix-self=OK' 'netlink=OK'
	nothing_reached tcp:127.0.0.1:80
}

@test "net-allow: a udp:// rule, allow-udp and a port for every address" {
	serve udp:10.1.2.3:53 udp:10.1.2.3:54 udp:127.0.0.1:53 tcp:10.1.2.3:53 tcp:127.0.0.1:8080 tcp:[2001:db8::5]:8080
	annotate 'net-allow=udp://10.1.2.3:53 :8080'
	trying 'udp-echo 10.1.2.3 53=OK' 'udp 10.1.2.3 54=ECONNREFUSED' 'udp 127.0.0.1 53=ECONNREFUSED' \
		'tcp 10.1.2.3 53=ECONNREFUSED' 'tcp 127.0.0.1 8080=OK' 'tcp 2001:db8::5 8080=OK' 'udp 127.0.0.1 8080=ECONNREFUSED'
	nothing_reached udp:10.1.2.3:54 udp:127.0.0.1:53 tcp:10.1.2.3:53
	annotate net-allow=10.1.2.3:53 allow-udp=true
	trying 'udp-echo 10.1.2.3 53=OK' 'tcp 10.1.2.3 53=OK' 'udp 10.1.2.3 54=ECONNREFUSED'
}

@test "net-allow: a pure port policy needs no trap and still holds" {
	serve tcp:127.0.0.1:443 tcp:10.1.2.3:80
	annotate net-allow=:443
	trying 'tcp-echo 127.0.0.1 443=OK' 'tcp-echo ::ffff:127.0.0.1 443=OK' \
		'mptcp 10.1.2.3 80=EPROTONOSUPPORT' 'socket inet dgram=OK'
	try 'tcp 10.1.2.3 80'
	# Landlock's own errno where it stands alone
	[[ $output == *ECONNREFUSED || $output == *EACCES ]]
	# Fast Open: "not here" makes a program fall back to connect
	try 'fastopen 10.1.2.3 80'
	[[ $output == *ECONNREFUSED || $output == *EOPNOTSUPP ]]
	nothing_reached tcp:10.1.2.3:80
}

@test "net-allow: a hostname is resolved at create and pinned in the container's /etc/hosts" {
	serve tcp:127.0.0.1:80 tcp:10.1.2.3:80
	annotate net-allow=localhost:80
	trying 'tcp 127.0.0.1 80=OK' 'tcp 10.1.2.3 80=ECONNREFUSED'
	args grep -w localhost /etc/hosts
	run_container
	has "127.0.0.1" "$output"
}

@test "net-deny of a port: everywhere, for TCP and UDP; other ports are open" {
	serve tcp:127.0.0.1:25 udp:127.0.0.1:25 tcp:127.0.0.1:26 tcp:[2001:db8::5]:25
	annotate net-deny=:25
	trying 'tcp 127.0.0.1 25=ECONNREFUSED' 'udp 127.0.0.1 25=ECONNREFUSED' 'tcp 2001:db8::5 25=ECONNREFUSED' \
		'tcp 127.0.0.1 26=OK'
	nothing_reached tcp:127.0.0.1:25 udp:127.0.0.1:25
}

@test "icmp: allowed by allow-icmp and a rule, gated by destination; denied ones never leave" {
	annotate net-allow=10.1.2.3 allow-icmp=true
	trying 'icmp 10.1.2.3=OK' 'icmp 127.0.0.1=ECONNREFUSED' 'raw-icmp 10.1.2.3=OK' 'raw-icmp 127.0.0.1=ECONNREFUSED'
	cfg 'del(.annotations)'
	annotate net-deny=loopback
	trying 'icmp 10.1.2.3=OK' 'icmp 127.0.0.1=ECONNREFUSED' 'icmp ::1=ECONNREFUSED' 'icmp ::ffff:127.0.0.1=ECONNREFUSED'
}

@test "exec sessions, other users, and children of the workload are confined alike" {
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate net-deny=private
	args sleep 1000
	start_container
	exec_probe each 'tcp 127.0.0.1 80' 'udp 127.0.0.1 80' 'tcp 203.0.113.5 80' io_uring
	outcome 'tcp 127.0.0.1 80' ECONNREFUSED
	outcome 'udp 127.0.0.1 80' ECONNREFUSED
	outcome 'tcp 203.0.113.5 80' OK
	outcome io_uring ENOSYS
	run --separate-stderr rt exec --user 1000:1000 "$ID" sh -c '(probe tcp 127.0.0.1 80; probe tcp 203.0.113.5 80)'
	is $'ECONNREFUSED\nOK' "$output"
	nothing_reached tcp:127.0.0.1:80
}

@test "a setuid program inside is confined, too" {
	serve tcp:127.0.0.1:80
	chmod 4755 "$B/rootfs/bin/probe"
	annotate net-deny=private
	cfg '.process.user = {"uid": 1000, "gid": 1000}'
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'udp 127.0.0.1 80=ECONNREFUSED'
	nothing_reached tcp:127.0.0.1:80
}

@test "with no_new_privileges, without a capability and with podman's seccomp profile the policy is the same" {
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate net-deny=private
	cfg '.process.noNewPrivileges = true | .process.capabilities = {} | .process.user = {"uid": 1000, "gid": 1000}'
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'tcp 203.0.113.5 80=OK' 'udp 127.0.0.1 80=ECONNREFUSED'
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
		"syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}]}'
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'tcp 203.0.113.5 80=OK'
	nothing_reached tcp:127.0.0.1:80
}

@test "in a user namespace the policy is the same" {
	need userns
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate net-deny=private
	chown -R 100000:100000 "$B/rootfs"
	cfg '.linux.namespaces += [{"type": "user"}] | .linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] |
		.linux.gidMappings = .linux.uidMappings | .mounts |= map(select(.type != "sysfs"))'
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'tcp 203.0.113.5 80=OK' 'udp 127.0.0.1 80=ECONNREFUSED'
	nothing_reached tcp:127.0.0.1:80
}

@test "net-allow-bind and net-deny-bind: TCP ports only, UDP is never touched, egress stays open" {
	serve tcp:203.0.113.5:80
	annotate net-allow-bind=8080,9000-9001
	trying 'listen 127.0.0.1 8080=OK' 'listen ::1 9001=OK' 'bind 127.0.0.1 8081=EACCES' 'bind :: 22=EACCES' \
		'bind-udp 127.0.0.1 8081=OK' 'tcp 203.0.113.5 80=OK'
	cfg 'del(.annotations)'
	annotate net-deny-bind=22
	trying 'bind 0.0.0.0 22=EACCES' 'bind :: 22=EACCES' 'listen 127.0.0.1 8081=OK' 'listen-unbound 127.0.0.1 0=OK'
	cfg 'del(.annotations)'
	annotate 'net-allow-bind=*'
	trying 'listen 127.0.0.1 22=OK'
}

@test "the old names of the keys mean the same" {
	serve tcp:127.0.0.1:80
	annotate network.deny=private
	trying 'tcp 127.0.0.1 80=ECONNREFUSED'
	cfg 'del(.annotations)'
	annotate network.allow=127.0.0.1:81 network.deny_bind=22
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'bind 0.0.0.0 22=EACCES'
	nothing_reached tcp:127.0.0.1:80
}

@test "state tells the supervisor, the layers and the count of refusals" {
	annotate net-deny=private
	args sleep 1000
	start_container
	[ -e "/proc/$(supervisor_pid)" ]
	has notify "$(annotation enforcement)"
	is 0 "$(annotation denied)"
	exec_probe each 'tcp 127.0.0.1 80' 'tcp 127.0.0.1 81' 'udp 10.1.2.3 53'
	wait_until eval '[ "$(annotation denied)" = 3 ]'
	is private "$(annotation net-deny)"
}

@test "killing the supervisor leaves the denied denied; the container lives on, and state says so" {
	serve tcp:127.0.0.1:80 udp:127.0.0.1:53
	annotate net-deny=private
	args sleep 1000
	start_container
	local sup
	sup=$(supervisor_pid)
	kill -KILL "$sup"
	wait_until pid_gone "$sup"
	status_is running
	exec_probe each 'tcp 127.0.0.1 80' 'udp 127.0.0.1 53'
	[[ $output != *": OK"* ]]
	nothing_reached tcp:127.0.0.1:80 udp:127.0.0.1:53
	[ "$(supervisor_pid)" != "$sup" ]
	rt kill "$ID" KILL
	wait_until status_is stopped
	rt delete "$ID"
}

@test "killing the supervisor while the workload runs: its own calls stay denied" {
	serve tcp:127.0.0.1:80
	annotate net-deny=private
	shell 'until [ -e /tmp/go ]; do sleep 0.02; done; probe each "tcp 127.0.0.1 80" "tcp 203.0.113.5 80" "unix-self"; echo done'
	start_container
	kill -KILL "$(supervisor_pid)"
	touch "$B/rootfs/tmp/go"
	wait_until file_has "$OUT" done
	not grep -q 'tcp.*: OK' "$OUT"
	nothing_reached tcp:127.0.0.1:80
}

@test "the supervisor is its own session, holds no stdio, is outside the cgroup, and ends with init" {
	annotate net-deny=private
	args sleep 1000
	start_container
	local sup init
	sup=$(supervisor_pid)
	init=$(container_pid)
	is "$sup" "$(ps -o sid= -p "$sup" | tr -d ' ')"
	is /dev/null "$(readlink "/proc/$sup/fd/0")"
	is /dev/null "$(readlink "/proc/$sup/fd/1")"
	is /dev/null "$(readlink "/proc/$sup/fd/2")"
	run grep "$ID" "/proc/$sup/cgroup"
	is 1 "$status"
	[ "$(ps -o ppid= -p "$init" | tr -d ' ')" != "$sup" ]
	run rt ps --format json "$ID"
	is "[$init]" "$(jq -c . <<<"$output")"
	rt kill "$ID" KILL
	WAIT_FOR=3 wait_until pid_gone "$sup"
}

@test "delete --force ends the supervisor" {
	annotate net-deny=private
	args sleep 1000
	create
	local sup
	sup=$(supervisor_pid)
	rt delete --force "$ID"
	wait_until pid_gone "$sup"
	assert_no_leftovers
}

@test "a plain container starts no supervisor and traps nothing" {
	args sleep 1000
	start_container
	is "" "$(supervisor_pid)"
	is 0 "$(awk '/^Seccomp:/ { print $2 }' "/proc/$(container_pid)/status")"
	run leftovers
	[[ $output != *supervisor* ]]
	is 1 "$(grep -c '^process' <<<"$output")"
}

@test "ten thousand rules work and do not slow a verdict down" {
	serve tcp:127.0.0.1:80 tcp:203.0.113.5:80
	annotate "net-deny=$(seq 0 9999 | awk '{ printf "10.%d.%d.0/25:%d;", $1 / 250, $1 % 250, 1 + $1 }')127.0.0.1"
	trying 'tcp 127.0.0.1 80=ECONNREFUSED' 'tcp 203.0.113.5 80=OK' 'tcp 10.0.0.1 1=ECONNREFUSED'
	nothing_reached tcp:127.0.0.1:80
}
