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

@test "hostnames: never in net-deny, never excepted, and they must resolve unless they are optional" {
	refused net-deny=example.org example.org
	refused net-deny=tcp://example.org:80 example.org
	refused 'net-allow=* !example.org:80' '!example.org:80'
	refused 'net-allow=*.example.org:80' '*.example.org'
	refused 'net-allow=*.co.uk:80' '*.co.uk' 'anybody'
	refused net-allow=nosuchname.invalid:80 nosuchname.invalid '?nosuchname.invalid'
	annotate net-allow='?nosuchname.invalid:80 10.0.0.1'
	create
	has '?nosuchname.invalid' "$(cat "$OUT.err")"
	rt delete --force "$ID"
	refused net-allow='?10.0.0.1' '?10.0.0.1'
	refused $'net-allow=m\xc3\xbcnchen.example:443' xn--
}

@test "what could be read in two ways shows both" {
	refused 'net-allow=10.0.0.1 :443' '"10.0.0.1:443"' '"10.0.0.1 *:443"' 'character 10'
	refused 'net-deny=private :25' '"private:25"' '"private *:25"'
	refused 'net-allow=2001:db8::1:443' '[2001:db8::1]:443' '[2001:db8::1:443]'
	accepted 'net-deny=private,:25'
	accepted 'net-deny=private *:25'
	accepted 'net-allow=10.0.0.1:80 :443'
}

@test "what other programs write is shown in this language" {
	refused net-allow=https://api.example.com/v1 api.example.com:443
	refused net-allow=udp:10.0.0.1:53 udp://10.0.0.1:53
	refused net-allow=53/udp udp://:53
	refused net-allow=api.example.com/v1:443 api.example.com:443
	refused 'net-deny=["10.0.0.0/8"]' quotes
	refused 'net-deny=[10.0.0.0/8]' brackets
	refused net-deny=privat '"private"'
	refused net-allow=tls://api.example.com:443 'not implemented'
}

@test "exceptions: those that take nothing away, and empty deny lists, are errors" {
	refused 'net-deny=private !8.8.8.8' '!8.8.8.8' 'character 9'
	refused 'net-allow=10.0.0.0/8:80 !10.0.0.1:81' '!10.0.0.1:81'
	refused net-deny= empty
	refused net-deny-bind= empty
	refused 'net-allow-bind=80 !81' '!81'
	accepted 'net-deny=private !10.1.2.3:5432'
	accepted 'net-allow=10.0.0.0/8 !10.0.0.1'
}

@test "the offending token and its position are named" {
	refused 'net-deny=10.0.0.0/8 192.168.0.0/99 fd00::/8' 192.168.0.0/99
	[[ $stderr =~ [0-9] ]]
	has "12" "$stderr"
}

@test "both lists together are accepted, in either spelling; two spellings of one are not" {
	accepted net-allow=10.0.0.1:80 net-deny=private net-allow-bind=80 net-deny-bind=22
	accepted network.allow=10.0.0.1:80 net-deny=private
	cfg 'del(.annotations)'
	annotate net-allow=10.0.0.1:80 network.allow=10.0.0.1:80
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line io.sandlock.net-allow io.sandlock.network.allow
	nothing_left
}

@test "bad ports in the bind lists" {
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
	refused http-allow=x 'not implemented'
	refused credential.github=x 'not implemented'
	refused network.port_remap=true 'network namespace'
	accepted net-allow=10.0.0.1 network.port_remap=false
}

@test "the same keys under a prefix that is nearly ours, or none, are errors" {
	local key
	for key in io.sandrun.net-deny io.sandlck.net-dny sandlock.net-deny IO.SANDLOCK.net-deny io.sandlock/net-deny net-deny; do
		cfg 'del(.annotations) | .annotations[$k] = "private"' --arg k "$key"
		run --separate-stderr rt create --bundle "$B" "$ID"
		one_clear_line "$key" 'did you mean "io.sandlock.net-deny"'
		nothing_left
	done
}

@test "words: dns, mode, outside, errno, log, tell" {
	accepted net-deny=private dns=open outside=judge errno=EACCES log=state tell=false log-allowed=false
	accepted net-deny=private dns=off mode=enforce outside=native errno=ETIMEDOUT
	refused dns=on on filter
	refused dns=filter 'names of' net-allow
	refused mode=learn learn
	refused outside=no native
	refused errno=EINTR EINTR ECONNREFUSED
	refused log=jurnal jurnal
	refused tell=true 'not implemented'
	refused mode=audit net-allow
}

@test "audit mode is said loudly" {
	annotate net-deny=private mode=audit
	create
	has audit "$(cat "$OUT.err")"
	is audit "$(rt state "$ID" | jq -r '.annotations["io.sandlock.mode"]')"
}

@test "a pod's keys: one container's own win, and a pause container has none" {
	pod() { cfg '.annotations |= . + {"io.kubernetes.cri.container-name": $n}' --arg n "$1"; }
	cfg 'del(.annotations)'
	annotate net-deny=private container.web.net-allow=:80
	pod web
	create
	has 'allow :80' "$(cat "$STATE/$ID/policy")"
	not grep -q private "$STATE/$ID/policy"
	rt delete --force "$ID"
	pod db
	create
	has 'deny private' "$(cat "$STATE/$ID/policy")"
	rt delete --force "$ID"
	cfg '.annotations |= . + {"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": $i}' --arg i "$ID"
	create
	[ ! -e "$STATE/$ID/policy" ]
	is "" "$(annotation supervisor-pid)"
	rt delete --force "$ID"
	# not so an image that only says so
	cfg '.annotations["io.kubernetes.cri.sandbox-id"] = "another"'
	create
	[ -e "$STATE/$ID/policy" ]
}

@test "everything the grammar says is accepted" {
	accepted net-deny=private,loopback,link-local,metadata,multicast
	accepted 'net-deny=127.0.0.1,10.0.0.0/8,:25'
	accepted 'net-deny=tcp://10.0.0.0/8:25;udp://[fd00::/8]:53  icmp://10.0.0.1,*:6667'
	accepted net-deny=private,resolver
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
