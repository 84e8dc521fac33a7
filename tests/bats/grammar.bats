# SPDX-License-Identifier: Apache-2.0
# grammar.bats - every error row of the policy's grammar gives its one clear line and leaves nothing behind

load helpers
load helpers-net

setup() {
	common_setup
	need sandrun
}
teardown() { common_teardown; }

# refused KEY=VALUE WORD…: create fails with one line that names the key and has the words; nothing is made.
refused() {
	local annotation=$1 key=${1%%=*}
	shift
	cfg 'del(.annotations)'
	annotate "$annotation"
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line "io.sandlock.$key" "$@" || { echo "(for $annotation)"; return 1; }
	# podman would make 127 of these words
	[[ ${stderr,,} != *"not found"* && ${stderr,,} != *"no such file"* ]] || { echo "$stderr"; return 1; }
	nothing_left || { echo "(after $annotation)"; leftovers; return 1; }
}

# accepted's create must not hold bats' pipe: the container's init has it as stdout.
accepted() {
	cfg 'del(.annotations)'
	annotate "$@"
	create || { echo "$* is refused: $(cat "$OUT.err")"; return 1; }
	is "" "$(cat "$OUT.err")"
	rt delete --force "$ID"
}

@test "ports: 0, above 65535, backwards, '*' in a list, empty, no number" {
	refused net-allow=10.0.0.1:0 0
	refused net-allow=10.0.0.1:65536 65536
	refused net-allow=10.0.0.1:99999999999999999999 99999999999999999999
	refused net-allow=10.0.0.1:90-80 90-80
	refused 'net-allow=10.0.0.1:80,*' '*'
	refused net-allow=10.0.0.1: 10.0.0.1:
	refused net-allow=10.0.0.1:http http
	refused net-allow=10.0.0.1:80- 80-
	refused net-deny=10.0.0.1:0 0
	refused net-allow=:0-5 0
}

@test "addresses: a prefix too long, a bad octet, an unclosed bracket, nothing inside" {
	refused net-deny=10.0.0.0/33 33
	refused net-deny=fd00::/129 129
	refused net-deny=10.0.0.0/ 10.0.0.0/
	refused net-deny=10.0.0.256 10.0.0.256
	refused net-deny='[::1' '[::1'
	refused net-deny='[]:80' '[]'
	refused net-deny='[::1]80' '[::1]80'
	refused net-deny=::g ::g
}

@test "schemes: unknown, empty body, icmp with a port" {
	refused net-allow=http://10.0.0.1 http
	refused net-allow=sctp://10.0.0.1:80 sctp
	refused net-allow=tcp:// tcp://
	refused net-allow=udp:// udp://
	refused net-allow=icmp://10.0.0.1:80 icmp
	refused net-deny=icmp://10.0.0.1:80 icmp
}

@test "a bare number asks whether a port was meant" {
	refused net-allow=443 443 :443
	refused net-deny=443 443 :443
	refused 'net-allow=10.0.0.1 443' 443 :443
}

@test "hostnames: never in net-deny, never with a wildcard, and they must resolve" {
	refused net-deny=example.org example.org
	refused net-deny=tcp://example.org:80 example.org
	refused 'net-allow=*.example.org:80' '*.example.org'
	refused net-allow=nosuchname.invalid:80 nosuchname.invalid
}

@test "the offending token and its position are named" {
	refused 'net-deny=10.0.0.0/8 192.168.0.0/99 fd00::/8' 192.168.0.0/99
	[[ $stderr =~ [0-9] ]]
	has "12" "$stderr"
}

@test "net-allow and net-deny together: both keys are named" {
	cfg 'del(.annotations)'
	annotate net-allow=10.0.0.1:80 net-deny=private
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line io.sandlock.net-allow io.sandlock.net-deny
	nothing_left
	annotate network.allow=10.0.0.1:80
	cfg 'del(.annotations["io.sandlock.net-allow"])'
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line
	nothing_left
}

@test "net-allow-bind and net-deny-bind together, and bad ports there" {
	annotate net-allow-bind=80 net-deny-bind=22
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line io.sandlock.net-allow-bind io.sandlock.net-deny-bind
	refused net-allow-bind=0 0
	refused net-allow-bind=70000 70000
	refused net-deny-bind=ssh ssh
	refused net-allow-bind=90-80 90-80
}

@test "booleans: anything but the known words" {
	local w
	for w in true false 1 0 yes no on off; do
		accepted net-allow=10.0.0.1 "allow-udp=$w" "allow-icmp=$w"
	done
	refused allow-udp=maybe maybe
	refused allow-icmp=2 2
	refused allow-udp= allow-udp
}

@test "unknown keys and keys of later stages are errors, not silence" {
	refused net-dny=private
	refused net-deny6=private
	refused NET-DENY=private
	refused "=x"
	refused profile=web
}

@test "everything the grammar says is accepted" {
	accepted net-deny=private,loopback,link-local,metadata,multicast
	accepted 'net-deny=127.0.0.1,10.0.0.0/8,:25'
	accepted 'net-deny=tcp://10.0.0.0/8:25;udp://[fd00::/8]:53  icmp://10.0.0.1,*:6667'
	accepted net-allow='10.0.0.1:80,443,8000-8010;[::1]:80;::1;fe80::/10'
	accepted 'net-allow=*'
	accepted 'net-allow=*:443'
	accepted net-allow=:443
	accepted 'net-allow=10.0.0.1:*'
	accepted 'net-allow=  ;, '
	accepted net-allow=localhost:80
	accepted net-allow= allow-udp=true
	accepted net-allow-bind=80,443,8000-8010
	accepted 'net-allow-bind=*'
	accepted net-deny-bind='22 23;25'
	accepted net-deny=10.1.2.3/8
}

@test "other vendors' annotations are none of our business" {
	annotate org.opencontainers.image.title=x run.oci.keep_original_groups=1
	create
	is "" "$(cat "$OUT.err")"
	is "" "$(rt state "$ID" | jq -r '.annotations["io.sandlock.supervisor-pid"] // ""')"
}

@test "--log has the same line as one JSON object" {
	annotate net-deny=example.org
	run --separate-stderr rt --log "$T/log" --log-format json create --bundle "$B" "$ID"
	one_clear_line example.org
	is 1 "$(wc -l <"$T/log")"
	has "$(jq -r .msg "$T/log")" "$stderr"
}

@test "a profile of its own with SCMP_ACT_NOTIFY cannot be combined with a policy: a clear error" {
	annotate net-deny=private
	cfg '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/tmp/l.sock",
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line SCMP_ACT_NOTIFY
	nothing_left
}
