# SPDX-License-Identifier: Apache-2.0
# policy-ask.bats - what a policy says, asked beforehand and of a running container; what it is; and one that is learnt

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 10.1.2.4/32 203.0.113.5/32 169.254.169.254/32 2001:db8::5/128
	host_network
}
teardown() { common_teardown; }

policy() { run --separate-stderr rt policy "$@"; }
# says VERDICT DESTINATION WORDS
says() { grep -qE -- "^$1 +$2: .*$3" <<<"$output" || { printf 'no "%s %s: %s" in:\n%s\n' "$1" "$2" "$3" "$output"; return 1; }; }

@test "policy check: of annotations, without a container: verdict, rule, what would allow it; exit status 0, 1, 2" {
	policy check --annotation net-deny=private,:25 --annotation io.sandlock.net-allow-bind=80 \
		10.1.2.3:443 tcp://1.1.1.1:25 8.8.8.8:443 udp://8.8.8.8:53 icmp://10.0.0.1 '[fd00::1]:80' bind:80 bind:81
	is 1 "$status"
	says denied tcp://10.1.2.3:443 'by "private" \(io.sandlock.net-deny\)'
	says denied tcp://1.1.1.1:25 'by ":25" \(io.sandlock.net-deny\)'
	says allowed tcp://8.8.8.8:443 'no rule of io.sandlock.net-deny covers it'
	says allowed udp://8.8.8.8:53
	says denied icmp://10.0.0.1 'by "private"'
	says denied 'tcp://\[fd00::1\]:80' 'by "private"'
	says allowed 'tcp port 80' 'by "80" \(io.sandlock.net-allow-bind\)'
	says denied 'tcp port 81' 'no rule of io.sandlock.net-allow-bind'
	has 'to allow it: add !10.1.2.3:443 to io.sandlock.net-deny' "$output"
	has 'this host has the layers notify' "$output"
	policy check --annotation net-allow=10.1.2.3:443 10.1.2.3:443
	is 0 "$status"
	policy check --annotation net-allow=10.1.2.3:443 10.1.2.3:80
	is 1 "$status"
	says denied tcp://10.1.2.3:80 '"10.1.2.3:443" covers the address at other ports'
	is 10.1.2.3:443 "$(rt policy check --json --annotation net-allow=10.1.2.3:443 10.1.2.3:80 | jq -r '.destinations[0].nearest')"
	# what create would refuse is refused here, with the same words
	policy check --annotation net-deny=private,443 10.1.2.3:80
	is 2 "$status"
	one_clear_line 'a number alone is no destination'
	policy check --annotation net-dney=private 10.1.2.3:80
	one_clear_line 'did you mean "io.sandlock.net-deny"'
	policy check --annotation net-deny 10.1.2.3:80
	one_clear_line 'KEY=VALUE is expected'
}

@test "policy check: own loopback is free in a network of its own, judged on the host's; a bundle says which" {
	policy check --annotation net-allow=10.1.2.3 127.0.0.1:80
	says allowed tcp://127.0.0.1:80 "own loopback is no egress"
	policy check --host-network --annotation net-allow=10.1.2.3 127.0.0.1:80
	is 1 "$status"
	annotate net-allow=10.1.2.3
	policy check --bundle "$B" 127.0.0.1:80
	is 1 "$status"
	cfg '.linux.namespaces += [{"type": "network"}]'
	policy check --bundle "$B" 127.0.0.1:80 10.1.2.3:80
	is 0 "$status"
	has "the bundle $B" "$output"
	cfg 'del(.annotations)'
	policy check --bundle "$B" 127.0.0.1:80
	is 0 "$status"
	has 'no policy, so everything is allowed' "$output"
}

@test "policy check: of a container, by id or name, what is asked is what is enforced" {
	serve tcp:10.1.2.3:80 tcp:10.1.2.3:81 tcp:203.0.113.5:80 udp:10.1.2.4:53 udp:203.0.113.5:53 tcp:[2001:db8::5]:80
	annotate 'net-deny=10.0.0.0/8 !10.1.2.3:80 2001:db8::/32' net-deny-bind=25 io.kubernetes.cri.container-name=web
	args sleep 1000
	start_container
	local asked enforced d
	for d in 'tcp 10.1.2.3 80' 'tcp 10.1.2.3 81' 'tcp 203.0.113.5 80' 'udp 10.1.2.4 53' 'udp 203.0.113.5 53' 'tcp 2001:db8::5 80'; do
		set -- $d
		case $2 in *:*) asked="$1://[$2]:$3" ;; *) asked=$1://$2:$3 ;; esac
		asked=$(rt policy check web "$asked" | head -n 1 | cut -d' ' -f1)
		exec_probe $d
		case $output in OK) enforced=allowed ;; ECONNREFUSED) enforced=denied ;; *) enforced=$output ;; esac
		is "$d $asked" "$d $enforced"
	done
	policy check web bind:25 bind:26
	says denied 'tcp port 25' 'by "25" \(io.sandlock.net-deny-bind\)'
	says allowed 'tcp port 26'
	has "web ($ID): enforced by notify" "$output"
	policy check nosuch 10.1.2.3:80
	is 2 "$status"
	one_clear_line nosuch
}

@test "policy check: the advice of each refusal is enough, and no more" {
	local d key value json before after
	for key in net-deny=private,:25 net-allow=203.0.113.5:443; do
		for d in 10.1.2.3:80 udp://10.1.2.3:53 icmp://10.1.2.3 '[fd00::1]:80' udp://[fd00::1]:53; do
			json=$(rt policy check --json --annotation "$key" "$d") && continue
			value=$(jq -r '.destinations[0].toAllow.value' <<<"$json")
			rt policy check --annotation "$key $value" "$d" >/dev/null || { echo "$key $value does not allow $d"; return 1; }
			for before in 10.1.2.4:80 10.1.2.3:81 udp://10.1.2.4:53 169.254.169.254:80; do
				rt policy check --annotation "$key" "$before" >/dev/null && continue
				not rt policy check --annotation "$key $value" "$before" >/dev/null
			done
		done
	done
}

@test "policy check: mistakes in a destination" {
	local d
	for d in 10.1.2.3 '10.1.2.3:' 10.1.2.3:0 10.1.2.3:70000 ftp://10.1.2.3:21 'icmp://10.1.2.3:7' '[::1' '[::1]80' ':80' '10.1.2:80' bind:x 'a b:80'; do
		policy check --annotation net-deny=private "$d"
		is 2 "$status" || { echo "for $d"; return 1; }
		one_clear_line "$d"
	done
	policy check --annotation net-deny=private
	one_clear_line 'an argument is missing'
	policy
	one_clear_line 'an argument is missing'
	policy chekc
	one_clear_line 'did you mean "policy check"'
}

@test "policy show: rules, where they came from, how often each has refused; names with their addresses; settings" {
	annotate 'net-allow=203.0.113.5:80,localhost:8080 udp://10.1.2.3:53 !203.0.113.5:81 203.0.113.0/24:81-82' net-deny=169.254.0.0/16 \
		net-allow-bind=8080 dns=off
	args sleep 1000
	start_container
	for i in 1 2; do rt exec "$ID" /bin/probe tcp 169.254.169.254 80 >/dev/null; done
	rt exec "$ID" /bin/probe tcp 10.1.2.3 80 >/dev/null
	rt exec "$ID" /bin/probe tcp 203.0.113.5 81 >/dev/null
	wait_until eval '[ "$(annotation denied)" = 4 ]'
	policy show "$ID"
	row() { grep -qE "^  $1 +$2 +$3 +annotation$" <<<"$output" || { printf 'no row %s in\n%s\n' "$*" "$output"; return 1; }; }
	row net-allow 203.0.113.5:80 -
	row net-allow localhost:8080 -
	row net-allow udp://10.1.2.3:53 -
	row net-allow '!203.0.113.5:81' 1
	row net-deny 169.254.0.0/16 2
	row net-allow-bind 8080 -
	grep -qE '^  \(default\) +not listed +1 +-$' <<<"$output"
	grep -qE '^  localhost: .*127.0.0.1.* \([0-9]+s\)$' <<<"$output"
	has 'settings: dns=off' "$output"
	is 2 "$(rt policy show --format json "$ID" | jq '.rules[] | select(.rule == "169.254.0.0/16").refused')"
	policy show nosuch
	one_clear_line nosuch
	policy show --format xml "$ID"
	one_clear_line xml
}

@test "policy show: what it prints as annotations, options or YAML makes the same policy again" {
	annotate "net-allow=203.0.113.5:80,81 [2001:db8::5]:443" allow-udp=yes net-deny-bind=22,25
	args sleep 1000
	start_container
	local stored again
	stored=$(cat "$STATE/$ID/policy")
	# annotations
	rt policy show --format annotations "$ID" >"$T/annotations"
	# podman's options, which it cuts at commas: so there are none
	not grep -q , <(rt policy show --format podman "$ID")
	eval "set -- $(rt policy show --format podman "$ID")"
	is 6 $#
	is "--annotation io.sandlock.net-allow=203.0.113.5:80;81 [2001:db8::5]:443" "$1 $2"
	rt delete --force "$ID"
	cfg 'del(.annotations)'
	shift
	for again in "$1" "$3" "$5"; do annotate "$again"; done
	start_container
	is "$stored" "$(cat "$STATE/$ID/policy")"
	rt delete --force "$ID"
	cfg 'del(.annotations)'
	while read -r again; do annotate "$again"; done <"$T/annotations"
	start_container
	is "$stored" "$(cat "$STATE/$ID/policy")"
	has 'io.sandlock.net-allow: "203.0.113.5:80,81 [2001:db8::5]:443"' "$(rt policy show --format kubernetes "$ID")"
}

@test "policy learn: from audit mode to a policy under which the same work is not refused" {
	local work=('tcp 10.1.2.3 80' 'tcp 10.1.2.3 81' 'udp 10.1.2.4 53' 'tcp 2001:db8::5 443' 'bind 127.0.0.1 8080' 'tcp 203.0.113.5 80')
	serve tcp:10.1.2.3:80 tcp:10.1.2.3:81 udp:10.1.2.4:53 tcp:[2001:db8::5]:443 tcp:203.0.113.5:80
	annotate net-allow=203.0.113.5:80 net-allow-bind= mode=audit
	args /bin/probe each "${work[@]}"
	rt run --bundle "$B" "$ID" >"$T/audited" 2>/dev/null
	not grep -v ': OK$' "$T/audited"
	policy learn "$ID"
	is "0 " "$status $stderr"
	is 'io.sandlock.net-allow=10.1.2.3:80,81 [2001:db8::5]:443 udp://10.1.2.4:53' "${lines[0]}"
	is 'io.sandlock.net-allow-bind=8080' "${lines[1]}"
	policy learn --merge "$ID"
	is 'io.sandlock.net-allow=203.0.113.5:80 10.1.2.3:80,81 [2001:db8::5]:443 udp://10.1.2.4:53' "${lines[0]}"
	not grep -q mode <<<"$output"
	cfg 'del(.annotations)'
	local line
	while read -r line; do annotate "$line"; done <<<"$output"
	rt run --bundle "$B" "$ID.again" >"$T/enforced"
	is "$(cat "$T/audited")" "$(cat "$T/enforced")"
	[ -z "$(rt denied --all "$ID.again" 2>/dev/null | grep -F 10.1.2)" ]
	# and nothing else: a port beside it
	args /bin/probe tcp 10.1.2.3 82
	is ECONNREFUSED "$(rt run --bundle "$B" "$ID.other")"
}

@test "policy learn: many neighbours become a prefix, the metadata service and loopback never; what was not described is said" {
	record() { # DESTINATION…: a record of these
		local d n=0
		for d; do
			n=$((n + 1))
			printf '{"schema":1,"time":"2026-11-30T14:00:00.000Z","container":"x","seq":%d,"verdict":"would-deny","pid":7,"comm":"p","call":"%s","destination":"%s","rule":"default: not listed","layer":"notify","error":"ECONNREFUSED"}\n' \
				$n "${CALL:-connect}" "$d"
		done
	}
	learnt() { record "$@" >"$T/r"; rt policy learn ${OPTIONS:-} "$T/r" 2>"$T/err" | sed -n 's/^io.sandlock.net-allow=//p'; }
	local eight=() meta=() i
	for i in 1 2 3 4 5 6 7 8; do eight+=("tcp://198.51.100.$i:443") meta+=("tcp://169.254.169.25$((i - 1)):80"); done
	is 198.51.100.0/24:443 "$(learnt "${eight[@]}")"
	is '198.51.100.0/24:443 198.51.100.9:80' "$(learnt "${eight[@]}" tcp://198.51.100.9:80)"
	is '198.51.100.1:443 198.51.100.2:443' "$(learnt "${eight[@]:0:2}")"
	is 198.51.100.0/24:443 "$(OPTIONS='--collapse 2' learnt "${eight[@]:0:2}")"
	is 8 "$(OPTIONS='--collapse 0' learnt "${eight[@]}" | wc -w)"
	is '[2001:db8::]/64:443' "$(OPTIONS='--collapse 2' learnt 'tcp://[2001:db8::1]:443' 'tcp://[2001:db8::2]:443' | sed 's,\[2001:db8::/64\],[2001:db8::]/64,')"
	has 169.254.169.254:80 "$(OPTIONS='--collapse 2' learnt "${meta[@]}")"
	has 'metadata service is among them' "$(cat "$T/err")"
	is '127.0.0.1:80 127.0.0.2:80' "$(OPTIONS='--collapse 2' learnt tcp://127.0.0.1:80 tcp://127.0.0.2:80)"
	# a UDP connect to where TCP then goes is a look-up's
	is 198.51.100.1:443 "$(learnt udp://198.51.100.1:443 tcp://198.51.100.1:443)"
	is udp://198.51.100.1:443 "$(learnt udp://198.51.100.1:443)"
	is icmp://198.51.100.1 "$(learnt icmp://198.51.100.1)"
	# what comes out is a policy
	rt policy check --annotation "net-allow=$(OPTIONS='--collapse 2' learnt 'tcp://[2001:db8::1]:443' 'tcp://[2001:db8::2]:443')" '[2001:db8::77]:443'
	{ record tcp://198.51.100.1:443; echo '{"schema":1,"time":"2026-11-30T14:00:00.000Z","container":"x","seq":9,"suppressed":8}'; } >"$T/r"
	policy learn "$T/r"
	has '8 refusals are not described' "$stderr"
	printf 'noise\n\0{"call":7}\n[]\n' >"$T/r"
	policy learn "$T/r"
	is 'io.sandlock.net-allow=' "$output"
	policy learn "$T/none"
	one_clear_line "$T/none"
}
