# SPDX-License-Identifier: Apache-2.0
# mistakes.bats - input that is wrong: one line that says what and where, the same in --log, an exit code, and nothing left behind

load helpers

setup() {
	common_setup
	need sandrun
	cp "$B/config.json" "$T/good"
}
teardown() { common_teardown; }

# wrong WORD… -- COMMAND…: fails with one line that has the words; the record in --log says the same.
wrong() {
	local words=()
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	rm -f "$T/log"
	RT_TIMEOUT=20 run --separate-stderr rt --log "$T/log" --log-format json "$@" </dev/null
	one_clear_line "${words[@]}" || { echo "(for $*)"; return 1; }
	is 1 "$(wc -l <"$T/log")"
	jq -e --arg said "$stderr" '.level == "error" and ("sandrun: " + .msg == $said)' "$T/log" >/dev/null ||
		{ echo "said: $stderr; logged: $(cat "$T/log")"; return 1; }
	if [ "$1" = exec ]; then is 255 "$status"; else is 1 "$status"; fi
	[ -z "$(ls "$STATE" 2>/dev/null)" ] || { echo "state is left after $*"; ls "$STATE"; return 1; }
}
# refused WORD FILTER: create refuses a configuration that the filter has changed, and names WORD.
refused() {
	jq "$2" "$T/good" >"$B/config.json"
	wrong "$1" -- create --bundle "$B" "$ID" || { echo "(for $2)"; return 1; }
}

@test "config.json: wrong types, missing fields, unknown words, each by its path" {
	refused process.args '.process.args = null'
	refused process.args '.process.args = []'
	refused 'process.args[0]' '.process.args = [1]'
	refused 'process.args[0]' '.process.args = ["a\u0000b"]'
	refused root 'del(.root)'
	refused root.path '.root.path = ""'
	refused linux 'del(.linux)'
	refused linux '.linux = []'
	refused 'linux.namespaces[1]' '.linux.namespaces = [{type: "pid"}, {type: "pid"}]'
	refused ociVersion 'del(.ociVersion)'
	refused ociVersion '.ociVersion = "2.0.0"'
	refused mounts '.mounts = "x"'
	refused 'mounts[0].destination' '.mounts = [{type: "tmpfs"}]'
	refused 'annotations["a"]' '.annotations = {a: 1}'
	refused 'hooks.prestart[0].path' '.hooks.prestart = [{path: "relative"}]'
	refused 'hooks.createRuntime[0].timeout' '.hooks.createRuntime = [{path: "/bin/true", timeout: -1}]'
	refused 'process.rlimits[0].type' '.process.rlimits = [{type: "RLIMIT_X", soft: 1, hard: 1}]'
	refused 'process.rlimits[0].soft' '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 9, hard: 1}]'
	refused process.user.uid '.process.user.uid = 4294967296'
	refused process.user.uid '.process.user.uid = 1.5'
	refused process.user.gid '.process.user.gid = "0"'
	refused process.cwd 'del(.process.cwd)'
	refused 'process.env[0]' '.process.env = ["x"]'
	refused process.oomScoreAdj '.process.oomScoreAdj = 5000'
	refused linux.resources.memory.limit '.linux.resources.memory.limit = "64m"'
	refused 'linux.resources.devices[0].type' '.linux.resources.devices = [{allow: true, type: "z"}]'
	refused linux.seccomp.defaultAction '.linux.seccomp = {defaultAction: "X"}'
	refused 'linux.seccomp.architectures[0]' '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["X"]}'
	refused linux.rootfsPropagation '.linux.rootfsPropagation = "x"'
	refused 'linux.maskedPaths[0]' '.linux.maskedPaths = ["relative"]'
	refused 'linux.devices[0].major' '.linux.devices = [{path: "/dev/x", type: "c"}]'
	refused linux.intelRdt.closID '.linux.intelRdt = {closID: "a/b"}'
	refused linux.personality.domain '.linux.personality = {domain: "X"}'
	refused linux.timeOffsets '.linux.timeOffsets = {x: {secs: 1}}'
	refused process.scheduler.policy '.process.scheduler = {policy: "X"}'
	assert_no_leftovers
}

@test "config.json: what only the machine can refuse is named as well, and nothing of it stays" {
	refused root.path '.root.path = "/nonexistent"'
	refused 'mounts[6] (/x)' '.mounts += [{destination: "/x", type: "nosuchfs", source: "a"}]'
	refused 'mounts[6] (/proc/sys)' '.mounts += [{destination: "/proc/sys", type: "tmpfs"}]'
	refused createRuntime '.hooks.createRuntime = [{path: "/nonexistent"}]'
	refused linux.cgroupsPath '.linux.cgroupsPath = "../../x"'
	refused linux.cgroupsPath '.linux.cgroupsPath = "/"'
	refused linux.resources.cpu.cpus '.linux.resources.cpu.cpus = "x"'
	refused linux.resources.memory.limit '.linux.resources.memory.limit = 1'
	refused 'linux.sysctl["kernel.panic"]' '.linux.sysctl = {"kernel.panic": "1"}'
	refused 'linux.sysctl["net/../kernel/panic"]' '.linux.sysctl = {"net/../kernel/panic": "1"}'
	refused hostname '.hostname = "x" * 300'
	refused terminal '.process.terminal = true'
	refused 'linux.seccomp kills whatever calls prctl, ' '.linux.seccomp = {defaultAction: "SCMP_ACT_KILL"}'
	assert_no_leftovers
}

@test "a cgroup v2 file that is about processes is no resource: nobody is brought in by it" {
	local key
	if [ -e /sys/fs/cgroup/cgroup.controllers ] || [ -e /sys/fs/cgroup/unified/cgroup.procs ]; then
		spawn sleep 1000
		for key in cgroup.procs cgroup.threads cgroup.kill cgroup.freeze cgroup.type; do
			refused "linux.resources.unified[\"$key\"]" ".linux.resources.unified = {\"$key\": \"$!\"}"
		done
		kill -0 $!
	fi
	refused linux.resources.unified '.linux.resources.unified = {"a/b": "1"}'
	refused linux.resources.unified '.linux.resources.unified = {"nosuch.key": "1"}'
	assert_no_leftovers
}

@test "a key that is there twice is an error where keys are data: two readers could see two policies" {
	sed '1s/{/{"annotations": {"io.sandlock.net-deny": "private", "io.sandlock.net-deny": ""},/' "$T/good" >"$B/config.json"
	wrong io.sandlock.net-deny twice -- create --bundle "$B" "$ID"
	refused 'two spellings' '.annotations = {"io.sandlock.net-deny": "private", "io.sandlock.network.deny": ""}'
}

@test "a text that is no config.json: nothing, noise, not UTF-8, too deep, too large, more than one" {
	: >"$B/config.json"
	wrong config.json empty -- create --bundle "$B" "$ID"
	head -c 5000 /dev/urandom >"$B/config.json"
	wrong config.json 'not valid JSON' -- create --bundle "$B" "$ID"
	printf '{"ociVersion": "1.0.0", "hostname": "\xff\xfe"}' >"$B/config.json"
	wrong 'line 1' UTF8 -- create --bundle "$B" "$ID"
	(cat "$T/good" && echo '{}') >"$B/config.json"
	wrong trailing -- create --bundle "$B" "$ID"
	printf '{"x": %s' "$(yes '[' | head -n 100000 | tr -d '\n')" >"$B/config.json"
	wrong config.json -- create --bundle "$B" "$ID"
	truncate -s 100M "$B/config.json"
	wrong "$B/config.json" large -- create --bundle "$B" "$ID"
	rm "$B/config.json"
	wrong "$B/config.json" -- create --bundle "$B" "$ID"
	mkdir "$B/config.json"
	wrong "$B/config.json" -- create --bundle "$B" "$ID"
	wrong /nonexistent -- create --bundle /nonexistent "$ID"
	wrong /etc/passwd -- create --bundle /etc/passwd "$ID"
	assert_no_leftovers
}

@test "a config.json that is a FIFO or a device does not hold us; --config may be a pipe" {
	rm "$B/config.json"
	mkfifo "$B/config.json"
	wrong "$B/config.json" "not a regular file" -- create --bundle "$B" "$ID"
	rm "$B/config.json"
	ln -s /dev/zero "$B/config.json"
	wrong "$B/config.json" "not a regular file" -- create --bundle "$B" "$ID"
	jq '.process.args = ["echo", "by pipe"]' "$T/good" >"$T/piped"
	is "by pipe" "$(rt run --bundle "$B" --config <(cat "$T/piped") "$ID")"
	is "by pipe" "$(cat "$T/piped" | rt run --bundle "$B" --config /dev/stdin "$ID")"
}

@test "a hundred thousand annotations, and mounts, are read in a moment" {
	args true
	cp "$B/config.json" "$T/good"
	jq '.annotations = (reduce range(100000) as $i ({}; .["k\($i)"] = "v"))' "$T/good" >"$B/config.json"
	elapsed_ms rt run --bundle "$B" "$ID"
	[ "$MS" -lt $((5000 * SLOWER)) ]
	refused 'mounts[6] (/m)' '.mounts += [range(100000) | {destination: "/m", type: "nosuch", source: "x"}]'
}

@test "a config.json that its reader may not read" {
	need setpriv
	chmod 600 "$B/config.json"
	run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups cat "$SANDRUN"
	[ "$status" = 0 ] || cp "$SANDRUN" "$T/sandrun"
	[ ! -e "$T/sandrun" ] || SANDRUN=$T/sandrun
	run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups "$SANDRUN" --root "$T/mine" create --bundle "$B" "$ID"
	one_clear_line "ermission denied" config.json
}

@test "control characters, quotes and what is not ASCII are one line on stderr and valid JSON in the log" {
	refused linux.rootfsPropagation '.linux.rootfsPropagation = "\u001b[31mred\n\u0007\"\\\u007f"'
	[[ $stderr != *$'\e'* && $stderr != *$'\a'* ]]
	refused linux.rootfsPropagation '.linux.rootfsPropagation = "é\u2028😀"'
	refused io.sandlock.net-allow '.annotations = {"io.sandlock.net-allow": "\u0001\u001b[31m\n\""}'
	[[ $stderr != *$'\e'* ]]
	refused io.sandlock.net-allow '.annotations = {"io.sandlock.net-allow": ("😀" * 2000)}'
	wrong 'container id' -- state $'a\nb\e[31m'
	[[ $stderr != *$'\e'* ]]
	# bytes that are no UTF-8 may not reach a reader of JSON
	run --separate-stderr rt --log "$T/log8" --log-format json state $'\xff\xfe'
	iconv -f UTF-8 -t UTF-8 "$T/log8" >/dev/null
	jq -e .msg "$T/log8" >/dev/null
}

@test "ids: what would be a path, too long, empty, an option" {
	local id
	for id in a/b ../x . .. "" 'a b' 'a;b' '*' é "$(printf '%0300d' 0)"; do
		wrong 'container id' -- create --bundle "$B" "$id"
		wrong 'container id' -- state "$id"
		wrong 'container id' -- delete --force "$id"
	done
	wrong option -- state -x
	assert_no_leftovers
}

@test "every command: no arguments, too many, an unknown option, an unknown id" {
	local c
	for c in create start state kill delete run exec ps pause resume update events checkpoint restore; do
		wrong "$c" missing -- $c
		wrong "$c" --no-such -- $c --no-such x
	done
	for c in create start state kill delete run list pause resume update spec features events checkpoint restore help version check denied metrics; do
		wrong "$c" 'too many' -- $c a b c d e f
	done
	for c in start state kill delete ps pause resume update events checkpoint; do
		wrong 'does not exist' -- $c nosuchid
	done
	wrong 'does not exist' -- exec nosuchid true
	wrong nosuch -- nosuch
	wrong nosuch -- help nosuch
	wrong nosuch -- help policy nosuch
	wrong 'did you mean "create"' -- craete
	wrong 'did you mean "delete"' -- help deleet
	wrong 'did you mean --force' -- delete --froce x
	cd "$T"
	wrong config.json -- create nosuchid
	wrong config.json -- run nosuchid
	[ ! -e "$T/config.json" ]
}

@test "global options: a log that cannot be opened, an unknown format, a root that is none" {
	run --separate-stderr "$SANDRUN" --log /nonexistent/x state y
	one_clear_line /nonexistent/x
	run --separate-stderr "$SANDRUN" --log-format xml state y
	one_clear_line xml
	run --separate-stderr "$SANDRUN" --root /etc/passwd create --bundle "$B" "$ID"
	one_clear_line /etc/passwd
	run --separate-stderr "$SANDRUN" --root /proc/nosuch create --bundle "$B" "$ID"
	one_clear_line /proc/nosuch
	run --separate-stderr "$SANDRUN" --no-such list
	one_clear_line no-such
}

@test "output that cannot be written is an error" {
	local c
	mkdir "$STATE"
	for c in list features --version; do
		run --separate-stderr sh -c '"$0" --root "$1" $2 >/dev/full' "$SANDRUN" "$STATE" "$c"
		one_clear_line output
	done
}

@test "--annotation without KEY=VALUE, or with a policy that is none: one clear line, and nothing is made" {
	need sandrun
	run --separate-stderr rt --annotation io.sandlock.net-deny create --bundle "$B" "$ID"
	one_clear_line "--annotation io.sandlock.net-deny" "KEY=VALUE"
	run --separate-stderr rt --annotation =private create --bundle "$B" "$ID"
	one_clear_line "KEY=VALUE"
	run --separate-stderr rt --annotation io.sandlock.net-deny=example.org create --bundle "$B" "$ID"
	one_clear_line "io.sandlock.net-deny" "example.org"
	nothing_left
}
