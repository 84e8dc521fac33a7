# SPDX-License-Identifier: Apache-2.0
# policy-modes.bats - io.sandlock.mode=audit and io.sandlock.errno: what a refused call meets, or does not

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 203.0.113.5/32 2001:db8::5/128
	serve tcp:10.1.2.3:80 udp:10.1.2.3:53 tcp:203.0.113.5:80 udp:203.0.113.5:53 tcp:[2001:db8::5]:80
}
teardown() { common_teardown; }

modes='traps bpf'

# would_deny CALL TEXT: a line of the record says so.
would_deny() {
	wait_until has_line "$@" || { echo "no line: $*"; cat "$STATE/$ID/denied.jsonl"; return 1; }
}
has_line() {
	jq -se --arg c "$1" --arg t "$2" 'any(.verdict == "would-deny" and .call == $c and (.destination + " " + .rule | contains($t)))' \
		"$STATE/$ID/denied.jsonl" >/dev/null
}

@test "audit: all that is denied is let through and written down" {
	local mode
	for mode in $modes; do
		in_mode $mode net-deny=10.0.0.0/8
		annotate mode=audit net-deny-bind=8080
		args sleep 1000
		create
		has audit "$(cat "$OUT.err")"
		rt start "$ID"
		exec_probe each 'tcp-echo 10.1.2.3 80' 'udp-echo 10.1.2.3 53' 'sendmsg 10.1.2.3 53' 'tcp-echo 203.0.113.5 80' \
			'sendmmsg 203.0.113.5 53 10.1.2.3 53' 'bind 127.0.0.1 8080' 'unix-self' 'netlink' 'nonblock 10.1.2.3 80'
		is 0 "$status"
		[[ $output != *ECONNREFUSED* && $output != *EACCES* && $output != *EPERM* ]] || { echo "$output"; return 1; }
		outcome 'tcp-echo 10.1.2.3 80' OK
		outcome 'udp-echo 10.1.2.3 53' OK
		outcome 'sendmmsg 203.0.113.5 53 10.1.2.3 53' 'OK 2'
		outcome 'bind 127.0.0.1 8080' OK
		would_deny connect 'tcp://10.1.2.3:80'
		would_deny sendto 'udp://10.1.2.3:53'
		would_deny sendmsg 'udp://10.1.2.3:53'
		would_deny sendmmsg 'udp://10.1.2.3:53'
		would_deny bind 'tcp port 8080'
		not grep -q 203.0.113.5 "$STATE/$ID/denied.jsonl"
		is notify "$(annotation enforcement)"
		rt delete --force "$ID"
	done
}

@test "audit: kinds of sockets and calls, too" {
	in_mode traps net-allow=203.0.113.5:80
	annotate mode=audit
	all_caps
	args sleep 1000
	start_container
	exec_probe each 'socket inet raw udp' 'socket packet raw all' 'icmp 10.1.2.3' 'tcp-echo 10.1.2.3 80'
	outcome 'socket inet raw udp' OK
	outcome 'socket packet raw all' OK
	outcome 'tcp-echo 10.1.2.3 80' OK
	would_deny socket 'raw'
	would_deny socket 'packet socket'
	would_deny connect 'tcp://10.1.2.3:80'
}

@test "audit: with a layer that would refuse by itself required, create fails and says why" {
	annotate net-deny=private mode=audit require=landlock
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line io.sandlock.require landlock io.sandlock.mode
	run leftovers
	is "" "$(grep -v /serve <<<"$output")"
}

@test "errno: what a refused call returns is what the policy says, in each mode and by each call" {
	local mode error
	for mode in $modes; do
		for error in EACCES ENETUNREACH ETIMEDOUT; do
			in_mode $mode net-deny=10.0.0.0/8
			annotate errno=$error
			trying "tcp 10.1.2.3 80=$error" "udp 10.1.2.3 53=$error" "sendmsg 10.1.2.3 53=$error" "nonblock 10.1.2.3 80=$error" \
				"tcp-echo 203.0.113.5 80=OK"
		done
	done
	nothing_reached tcp:10.1.2.3:80 udp:10.1.2.3:53
}

@test "errno: sessions have it, and the record says it" {
	in_mode traps net-deny=10.0.0.0/8
	annotate errno=EHOSTUNREACH
	args sleep 1000
	start_container
	exec_probe tcp 10.1.2.3 80
	is EHOSTUNREACH "$output"
	wait_until file_has "$STATE/$ID/denied.jsonl" EHOSTUNREACH
}

@test "another version's stored policy: exec says so, and enters nobody" {
	annotate net-deny=private
	args sleep 1000
	start_container
	local number
	for number in 1 3 12; do
		sed -i "1s/.*/sandrun-policy $number/" "$STATE/$ID/policy"
		run --separate-stderr rt exec "$ID" /bin/true
		one_clear_line 'another version of sandrun'
	done
	sed -i '1s/.*/sandrun-policy 2/; s/private/10.0.0.1/' "$STATE/$ID/policy"
	run --separate-stderr rt exec "$ID" /bin/true
	one_clear_line 'not whole'
	status_is running
}
