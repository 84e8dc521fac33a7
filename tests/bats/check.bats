# SPDX-License-Identifier: Apache-2.0
# check.bats - what a machine has, what it lacks with its cure, and engines that would lose a policy without a word

load helpers

setup() {
	common_setup
	need sandrun unshare
	mkdir "$T/path"
}
teardown() { common_teardown; }

# engine NAME VERSION-LINE: it is installed. file PATH: its configuration, from stdin.
engine() {
	printf '#!/bin/sh\necho "%s"\n' "$2" >"$T/path/$1"
	chmod 755 "$T/path/$1"
}
file() {
	[ -d "$T/etc" ] || cp -a /etc "$T/etc"
	mkdir -p "$(dirname "$T$1")"
	cat >"$T$1"
}
# check [OPTION…]: there, with nothing installed but these engines.
check() {
	[ -d "$T/etc" ] || cp -a /etc "$T/etc"
	run --separate-stderr unshare --mount --propagation private sh -c '
		mount --bind "$1/etc" /etc; mkdir -p "$1/none"; mount --bind "$1/none" /usr/sbin; mount --bind "$1/none" /usr/local/sbin
		shift; PATH=$0/path exec "$@"' "$T" "$T" "$SANDRUN" check "$@"
}
line() { grep -qE -- "^  $1 +$2" <<<"$output" || { printf 'no line %s %s in:\n%s\n' "$1" "$2" "$output"; return 1; }; }
cure() { grep -qE -- "^ +(→ )?$1" <<<"$output" || { printf 'no cure %s in:\n%s\n' "$1" "$output"; return 1; }; }
no_line() { not grep -qE -- "^  $1 +$2" <<<"$output"; }

@test "check: the layers of this kernel, as state names them for a container; doctor is the same" {
	run --separate-stderr "$SANDRUN" check
	line ok 'notify: seccomp user notification'
	if landlock_net; then line ok 'landlock: with rules for TCP'; else line missing landlock; fi
	local json
	json=$("$SANDRUN" doctor --json)
	is ok "$(jq -r '.findings[] | select(.area == "layers" and .name == "notify").state' <<<"$json")"
	is "$(uname -r)" "$(jq -r '.findings[] | select(.name == "release").what' <<<"$json" | cut -d' ' -f2)"
	# what is not there has a reason; what is missing a cure
	is 0 "$(jq '[.findings[] | select(.state == "missing" and .area != "layers" and .cure == null)] | length' <<<"$json")"
}

# old FEATURE…: as on a kernel without these.
old() { run --separate-stderr "$PROGRAMS/oldkernel" "$@" -- "$SANDRUN" check; }

@test "check: what a kernel lacks, and where no policy can be enforced the exit status says so" {
	old user-notif
	is 1 "$status"
	line WRONG 'notify: no seccomp user notification: no policy can be enforced'
	cure 'a kernel from Linux 5.6 on'
	is false "$("$PROGRAMS/oldkernel" user-notif -- "$SANDRUN" check --json | jq .ok)"
	old pidfd-getfd
	is 1 "$status"
	line WRONG 'pidfd_getfd: '
	old sync-wake-up landlock bpf
	is 0 "$status"
	line ok 'notify: .*about 50 µs'
	line missing 'landlock: the kernel has none'
	line missing 'bpf: the kernel refuses the program'
	cure 'CAP_BPF'
}

@test "check: podman: not known, known, with a wrong path, and where the default policy is" {
	engine podman 'podman version 4.3.1'
	: | file /etc/containers/containers.conf
	check
	is "0 " "$status $stderr"
	line missing 'runtime: sandrun is not among its runtimes'
	cure '/etc/containers/containers.conf.d/sandrun.conf:'
	cure 'sandrun = \["/usr/local/bin/sandrun"'
	line note "annotations: --annotation arrives; podman's Docker-compatible API drops"
	line note 'images: before 4.5.1'
	printf '[engine]\nruntime = "crun"\n[engine.runtimes]\nsandrun = ["/nonexistent", "%s"]\n' "$SANDRUN" | file /etc/containers/containers.conf
	check
	line ok "runtime: sandrun is $SANDRUN \(podman --runtime sandrun\)"
	line note 'messages: runtime_supports_json lacks sandrun'
	printf '[engine]\nruntime = "sandrun"\nruntime_supports_json = ["crun", "sandrun"]\n[containers]\nannotations = ["io.sandlock.net-deny=private"]\n' |
		file /etc/containers/containers.conf.d/50.conf
	check
	line ok "runtime: sandrun is $SANDRUN, the default for every container"
	line ok 'default policy: every container gets io.sandlock.net-deny=private'
	no_line note messages
	printf '[engine.runtimes]\nsandrun = ["/nonexistent"]\n' | file /etc/containers/containers.conf.d/60.conf
	check
	is 1 "$status"
	line WRONG 'runtime: \[engine.runtimes\] sandrun: none of its paths is a program'
	printf '[engine\n' | file /etc/containers/containers.conf.d/60.conf
	check
	line WRONG 'configuration: /etc/containers/containers.conf.d/60.conf: line 1: '
	no_line ok docker
}

@test "check: the files of contrib are what it asks for" {
	engine podman 'podman version 5.4.0'
	engine dockerd 'Docker version 26.1.5, build x'
	engine containerd 'containerd github.com/containerd/containerd 1.7.24 x'
	engine crio 'crio version 1.28.0'
	local contrib=$TESTS_DIR/../../contrib from=/usr/local/bin/sandrun
	sed "s,$from,$SANDRUN," "$contrib/podman/sandrun.conf" | file /etc/containers/containers.conf.d/sandrun.conf
	sed "s,$from,$SANDRUN," "$contrib/docker/daemon.json" | file /etc/docker/daemon.json
	sed "s,$from,$SANDRUN," "$contrib/containerd/config-v2.toml" | file /etc/containerd/config.toml
	sed "s,$from,$SANDRUN," "$contrib/crio/10-sandrun.conf" | file /etc/crio/crio.conf.d/10-sandrun.conf
	check
	is 0 "$status"
	line ok "runtime: sandrun is $SANDRUN \(podman --runtime sandrun\)"
	line ok 'annotations: sandrun: io.sandlock.\* arrives'
	is 4 "$(grep -c "runtime: sandrun is $SANDRUN" <<<"$output")"
	not grep -q 'missing *runtime' <<<"$output"
	sed "s,$from,$SANDRUN," "$contrib/containerd/config-v3.toml" | file /etc/containerd/config.toml
	check
	line ok 'annotations: sandrun: io.sandlock.\* arrives'
}

@test "check: containerd that would drop the annotations is wrong, with the lines to add; so through an import, and with a pattern" {
	engine containerd 'containerd github.com/containerd/containerd/v2 2.0.2 x'
	printf 'version = 3\n' | file /etc/containerd/config.toml
	check
	is 0 "$status"
	line missing 'runtime: sandrun is not among the runtimes of its CRI plugin'
	cure "\[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.sandrun\]"
	printf 'imports = ["conf.d/*.toml"]\n' | file /etc/containerd/config.toml
	table() {
		printf "[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.box]\n%s\n[%s.options]\nBinaryName = \"%s\"\n" "$1" \
			"plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.box" "$SANDRUN" | file /etc/containerd/conf.d/x.toml
	}
	table ''
	check
	is 1 "$status"
	line WRONG 'annotations: box: containerd drops io.sandlock.\* without a word'
	cure '/etc/containerd/conf.d/x.toml, in the table of box:'
	cure 'pod_annotations = \["io.sandlock.\*"\]'
	table 'pod_annotations = ["io.kubernetes.*"]'
	check
	is 1 "$status"
	table 'pod_annotations = ["io.kubernetes.*", "*"]'
	check
	is 0 "$status"
	line note 'annotations: box: io.sandlock.\* of pods arrives'
	printf 'disabled_plugins = ["cri"]\n' | file /etc/containerd/config.toml
	check
	line note 'kubernetes: its CRI plugin is switched off'
}

@test "check: Docker without --annotation wants the policy from the runtime's arguments" {
	engine dockerd 'Docker version 20.10.24+dfsg1, build x'
	printf '{"runtimes": {"box": {"path": "%s"}}, "default-runtime": "box"}' "$SANDRUN" | file /etc/docker/daemon.json
	check
	line ok "runtime: box is $SANDRUN, the default"
	line note 'policy: this Docker has no --annotation'
	printf '{' | file /etc/docker/daemon.json
	check
	line WRONG 'configuration: /etc/docker/daemon.json'
	rm "$T/etc/docker/daemon.json"
	check
	line missing 'runtime: sandrun is not among its runtimes'
}

@test "check: as a user: his subordinate ids, his cgroup, what only root gets" {
	need setpriv
	setpriv --reuid 1000 --clear-groups test -x "$SANDRUN" || { cp "$SANDRUN" "$T/sandrun"; SANDRUN=$T/sandrun; }
	run --separate-stderr setpriv --reuid 1000 --regid 1000 --clear-groups "$SANDRUN" check
	line 'missing|ok' 'subordinate ids: '
	line missing 'bpf: for containers of root only'
	line ok 'nft: '
}

@test "check: an engine that does not answer does not hold it" {
	printf '#!/bin/sh\nsleep 1000\n' >"$T/path/podman"
	chmod 755 "$T/path/podman"
	RT_TIMEOUT=20 check
	line ok 'version: '
}
