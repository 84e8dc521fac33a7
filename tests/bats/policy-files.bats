# SPDX-License-Identifier: Apache-2.0
# policy-files.bats - /etc/sandrun/policy.toml: what holds of a container that says nothing, and of one that does

load helpers
load helpers-net

setup() {
	policy_setup 10.1.2.3/32 10.1.2.4/32 203.0.113.5/32 169.254.169.254/32
	host_network
	export SANDRUN_POLICY_FILE=$T/policy.toml
}
teardown() { common_teardown; }

# file: the policy file is what comes on the standard input.
file() { cat >"$T/policy.toml"; }
policy() { run --separate-stderr rt policy "$@"; }
# refused TEXT: create fails, its one line has TEXT, and nothing is left.
refused() {
	run --separate-stderr create
	[ "$status" != 0 ] || { echo "create went through"; return 1; }
	has "$1" "$(cat "$OUT.err")"
	is 1 "$(wc -l <"$OUT.err")"
	[[ "$(cat "$OUT.err")" != *'not found'* && "$(cat "$OUT.err")" != *'no such file'* ]]
	is "" "$(ls "$STATE" 2>/dev/null)"
}

@test "[default] holds for a container without a policy, in exec too, and state says where it came from" {
	serve tcp:10.1.2.3:443 tcp:10.1.2.4:443 tcp:203.0.113.5:80
	file <<-END
		# for every container here
		[default]
		allow = ["10.1.2.3:443", "203.0.113.5:80"]
	END
	trying 'tcp 10.1.2.3 443=OK' 'tcp 10.1.2.4 443=ECONNREFUSED' 'tcp 203.0.113.5 80=OK' 'tcp 203.0.113.5 81=ECONNREFUSED'
	args sleep 1000
	start_container
	exec_probe tcp 10.1.2.4 443
	is ECONNREFUSED "$output"
	is "$T/policy.toml sha256:$(sha256sum "$T/policy.toml" | cut -d' ' -f1)" "$(annotation policy-files)"
	is "net-allow: $T/policy.toml [default]" "$(annotation policy-sources)"
	is "10.1.2.3:443; 203.0.113.5:80" "$(annotation net-allow)"
	# who reads it sees which rule, and of which file
	policy show "$ID"
	has "10.1.2.3:443" "$output"
	has "$T/policy.toml [default]" "$output"
	policy check "$ID" 10.1.2.3:443
	has 'by "10.1.2.3:443" ([default] allow)' "$output"
	nothing_reached tcp:10.1.2.4:443
	# it is read once: what the file says later is for later containers
	rm "$T/policy.toml"
	exec_probe tcp 10.1.2.4 443
	is ECONNREFUSED "$output"
}

@test "[default]: a container with a policy of its own keeps that; settings without a list go on top" {
	serve tcp:10.1.2.3:443 tcp:10.1.2.4:443
	file <<-END
		[default.network]
		deny = "10.1.2.3"
		errno = "EACCES"
	END
	trying 'tcp 10.1.2.3 443=EACCES' 'tcp 10.1.2.4 443=OK'
	annotate net-deny=10.1.2.4
	trying 'tcp 10.1.2.3 443=OK' 'tcp 10.1.2.4 443=ECONNREFUSED'
	cfg 'del(.annotations)'
	annotate errno=EPERM
	trying 'tcp 10.1.2.3 443=EPERM' 'tcp 10.1.2.4 443=OK'
	# a pod's key for another container is none for this one
	cfg 'del(.annotations)'
	annotate container.db.net-deny=10.1.2.4 io.kubernetes.cri.container-name=web
	trying 'tcp 10.1.2.3 443=EACCES' 'tcp 10.1.2.4 443=OK'
}

@test "unpoliced: refuse lets no container in that has no policy: a dropped annotation is noticed" {
	file <<<'unpoliced = "refuse"'
	refused 'the container has no policy'
	has "$T/policy.toml" "$(cat "$OUT.err")"
	annotate net-deny=private
	trying 'tcp 10.1.2.3 443=ECONNREFUSED'
	cfg 'del(.annotations)'
	# a pause container runs nothing of anybody's
	annotate io.kubernetes.cri.container-type=sandbox io.kubernetes.cri.sandbox-id="$ID"
	trying 'tcp 10.1.2.3 443=ECONNREFUSED'
}

@test "a file that others could have written, or put there, is refused" {
	file <<<'unpoliced = "allow"'
	chmod 666 "$T/policy.toml"
	refused 'others may write to'
	chmod 644 "$T/policy.toml"
	chown 1000 "$T/policy.toml"
	refused 'belongs to user 1000'
	chown 0 "$T/policy.toml"
	chmod 777 "$T"
	refused "others may write to $T (mode 0777)"
	chmod 755 "$T"
	chown 1000 "$T"
	refused "$T belongs to user 1000"
	chown 0 "$T"
	# a link is as good as where it leads to
	mkdir -m 777 "$T/open"
	mv "$T/policy.toml" "$T/open"
	ln -s open/policy.toml "$T/policy.toml"
	refused "others may write to $T/open"
	chmod 755 "$T/open"
	create
	rt delete --force "$ID"
	ln -sf nowhere "$T/policy.toml"
	refused "policy.toml"
	rm "$T/policy.toml"
	mkfifo "$T/policy.toml"
	refused 'is no regular file'
}

@test "a mistake in any part of the file is told with its line, and what would be right" {
	try_file() { printf '%b' "$1" >"$T/policy.toml"; refused "$2"; }
	try_file '[defualt]\nallow = []\n' 'line 1: the file: unknown table "defualt"; did you mean "default"?'
	try_file '\n[default]\nalow = ["10.0.0.1"]\n' 'line 3: [default]: unknown key "alow"; did you mean "allow"?'
	try_file '[default]\nallow = [\n"10.0.0.1:443",\n"10.0.0.1:http"]\n' 'line 4: [default]: allow: "10.0.0.1:http" at character 1'
	try_file '[default]\nallow = ["10.0.0.1:80", "443"]\n' 'line 2: [default]: allow: "443"'
	try_file '[default]\nallow = [["x"]]\n' 'line 2: [default] allow: it is an array'
	try_file '[default]\nallow_udp = "true"\n' 'line 2: [default] allow_udp: it is a string, and true or false is expected'
	try_file '[default]\nallow_udp = true\n' 'line 1: [default]: io.sandlock.allow-udp has a meaning only beside'
	try_file '[default]\nerrno = "EHOSTDOWN"\ndeny = "private"\n[default.network]\ndeny = "loopback"\n' 'is there twice'
	try_file 'unpoliced = "yes"\n' 'line 1: unpoliced:'
	try_file 'default = 1\n' 'a table is expected'
	try_file '[default]\n[default]\n' 'is there twice'
	try_file '[default' 'line 1:'
}

@test "without a file, and with an empty one, nothing is there that would cost" {
	trying 'tcp 10.1.2.3 443=ECONNREFUSED'
	args sleep 1000
	file </dev/null
	start_container
	is "" "$(annotation supervisor-pid)"
	is "" "$(annotation policy-sources)"
}
