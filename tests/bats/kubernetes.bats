# SPDX-License-Identifier: Apache-2.0
# kubernetes.bats - contrib/kubernetes: manifests by Kubernetes' schemas, the admission policy by CEL, the converter, the installer's script
#
# The schemas and the interpreter come from PyPI (tests/kubernetes/tools). The installer runs with a directory for a node and the real
# containerd to read what it writes; pods on such a configuration are cri.bats.

load helpers

K8S=$BATS_TEST_DIRNAME/../../contrib/kubernetes
TOOLS=$BATS_TEST_DIRNAME/../kubernetes

setup() {
	common_setup
	NODE_LOG=$T/node.log
}
teardown() { common_teardown; }

# python: the one that has the schemas and CEL.
python() { PY=$("$TOOLS/tools" "$SANDRUN_BUILDDIR/kubernetes-venv" 2>"$T/pip") || skip_or_fail "PyPI: $(tail -n 1 "$T/pip")"; }

@test "kubernetes: every manifest is one, by the schemas of two versions" {
	python
	run "$PY" "$TOOLS/validate" "$K8S"/*.yaml "$K8S"/installer/*.yaml
	is 0 "$status"
	[ "$output" -ge 6 ]
	# and the judge sees a mistake
	sed 's/nodeSelector/nodeSelektor/' "$K8S/installer/daemonset-install.yaml" >"$T/bad.yaml"
	run "$PY" "$TOOLS/validate" "$T/bad.yaml"
	[ "$status" -ne 0 ]
}

# admit JQ-FILTER: what the policy says of pod.yaml, changed.
admit() { "$PY" -c 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)' <"$K8S/pod.yaml" | jq "$1" | "$PY" "$TOOLS/admit" "$K8S/admission.yaml"; }

@test "kubernetes: the admission policy wants the runtime and a policy, in force, well spelled, on the pod's own network" {
	python
	is admitted "$(admit .)"
	is admitted "$(admit '.metadata.annotations = {"io.sandlock.net-deny": "private", "other": "x"}')"
	is admitted "$(admit '.metadata.annotations = {"io.sandlock.net-allow": "", "io.sandlock.mode": "enforce"}')"
	has "runtimeClassName: sandrun" "$(admit 'del(.spec.runtimeClassName)')"
	has "runtimeClassName: sandrun" "$(admit '.spec.runtimeClassName = "runc"')"
	has "wants a network policy" "$(admit 'del(.metadata.annotations)')"
	has "wants a network policy" "$(admit '.metadata.annotations = {"io.sandlock.net-alow": "x"}')"
	has audit "$(admit '.metadata.annotations["io.sandlock.mode"] = "audit"')"
	has "spelled almost" "$(admit '.metadata.annotations["sandlock.net-deny"] = "x"')"
	has hostNetwork "$(admit '.spec.hostNetwork = true')"
}

# policy EGRESS-YAML [SPEC-YAML]: a NetworkPolicy of egress rules. convert OPTION…: $status, $output, $stderr.
policy() {
	printf 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  policyTypes: %s\n  egress: %s\n' \
		"${2:-[Egress]}" "$1" >"$T/np.yaml"
}
convert() { run --separate-stderr "/usr/bin/python3" "$K8S/networkpolicy-to-annotations" --format json "$@" "$T/np.yaml"; }
says() { is 0 "$status" && is "$1" "$(jq -r '.["io.sandlock.net-allow"]' <<<"$output")"; }
refuses() { is 1 "$status" && is "" "$output" && has "$1" "$stderr"; }
own="loopback; udp://loopback; "

@test "kubernetes: NetworkPolicy to annotations: addresses, ports, ranges, exceptions, DNS, nothing" {
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 443}, {protocol: UDP, port: 8000, endPort: 8010}, {port: 80}]}]'
	convert
	says "${own}10.0.0.0/8:443,80; udp://10.0.0.0/8:8000-8010"
	policy '[{to: [{ipBlock: {cidr: "2001:db8::/32"}}], ports: [{port: 443}]}]'
	convert
	says "${own}[2001:db8::/32]:443"
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/30, except: [10.0.0.1/32]}}]}]'
	convert
	says "${own}10.0.0.0/32; udp://10.0.0.0/32; 10.0.0.2/31; udp://10.0.0.2/31"
	policy '[{ports: [{port: 53, protocol: UDP}]}]'
	convert
	says "${own}udp://*:53"
	policy '[{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53}]}]'
	convert
	says "${own}udp://resolver:53; resolver:53"
	convert --dns 10.96.0.10
	says "${own}udp://10.96.0.10:53; 10.96.0.10:53"
	policy '[]'
	convert
	says ""
	policy '[{}]'
	convert
	says "${own}*; udp://*"
}

@test "kubernetes: NetworkPolicy to annotations: what cannot be said is refused, with its place" {
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}, {to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]'
	convert
	refuses "egress[1].to[0]: podSelector"
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: http}]}]'
	convert
	refuses 'egress[0].ports[0].port: "http"'
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 1, protocol: SCTP}]}]'
	convert
	refuses SCTP
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/99}}]}]'
	convert
	refuses 10.0.0.0/99
	policy '[]' '[Ingress, Egress]'
	convert
	refuses --egress-only
	convert --egress-only
	says ""
	# a selector of DNS with another port is a selector of pods
	policy '[{to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 9153}]}]'
	convert
	refuses podSelector
}

@test "kubernetes: what the converter says, sandrun takes" {
	need sandrun
	policy '[{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: "2001:db8::/32"}}], ports: [{port: 443}, {protocol: UDP, port: 53}]}, {ports: [{port: 53, protocol: UDP}]}]'
	convert
	annotate "net-allow=$(jq -r '.["io.sandlock.net-allow"]' <<<"$output")"
	create || { cat "$OUT.err"; return 1; }
	rt delete --force "$ID"
}

# --- the installer -----------------------------------------------------------------------------------------------------

# node_make [CONFIG-TEXT]: a node's files in $T/host, and what stands for its programs: the real containerd, a systemctl that counts.
node_make() {
	mkdir -p "$T/host/etc/containerd" "$T/host/usr/local/bin" "$T/source"
	[ $# = 0 ] || printf '%s' "$1" >"$T/host/etc/containerd/config.toml"
	cp "$SANDRUN" "$T/source/sandrun"
	cp "$K8S"/../containerd/config-v?.toml "$T/source/"
	cat >"$T/node" <<-END
		#!/bin/sh
		echo "\$*" >>$NODE_LOG
		case \$1 in
		containerd) shift; [ "\$1" != --config ] || { f=$T/host\$2; shift 2; set -- --config "\$f" "\$@"; }; exec containerd "\$@" ;;
		systemctl) ;;
		*) f=$T/host\$1; shift; exec "\$f" "\$@" ;;
		esac
	END
	chmod 755 "$T/node"
}
installer() { run --separate-stderr env HOST="$T/host" SOURCE="$T/source" NODE="$T/node" sh "$K8S/installer/install" "$@"; }
restarts() { grep -c systemctl "$NODE_LOG" 2>/dev/null || true; }
config_of_node() { containerd --config "$T/host/etc/containerd/config.toml" config dump; }

@test "kubernetes: the installer adds what is missing, restarts once, and changes nothing the second time" {
	need containerd
	node_make "$(cat /etc/containerd/config.toml)"
	installer once
	is 0 "$status"
	cmp "$SANDRUN" "$T/host/usr/local/bin/sandrun"
	is 1 "$(restarts)"
	has 'runtimes.sandrun]' "$(config_of_node)"
	has 'runtimes.runc]' "$(config_of_node)"
	cp "$T/host/etc/containerd/config.toml" "$T/first"
	installer once
	is 0 "$status"
	is 1 "$(restarts)"
	cmp "$T/first" "$T/host/etc/containerd/config.toml"
}

@test "kubernetes: the installer on a node without a file, with a runc table of its own, with the systemd driver" {
	need containerd
	node_make
	installer once
	is 0 "$status"
	has 'runtimes.sandrun]' "$(config_of_node)"
	node_make 'version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    SystemdCgroup = true'
	installer once
	is 0 "$status"
	is 1 "$(grep -c 'runtimes.runc\]' "$T/host/etc/containerd/config.toml")"
	is 2 "$(grep -cE '^ *SystemdCgroup = true' "$T/host/etc/containerd/config.toml")"
	# a new file of ours replaces the section
	sed -i 's/"io.sandlock.\*"/"io.sandlock.*", "x.*"/' "$T/source/config-v2.toml"
	installer once
	is 1 "$(grep -c 'runtimes.sandrun\]' "$T/host/etc/containerd/config.toml")"
	has x. "$(cat "$T/host/etc/containerd/config.toml")"
}

@test "kubernetes: the installer puts back what containerd does not read, and keeps off where the program does not run" {
	need containerd
	node_make 'version = 2
'
	echo 'this is no TOML' >>"$T/source/config-v2.toml"
	installer once
	is 1 "$status"
	has "the old one is back" "$stderr"
	is "version = 2" "$(cat "$T/host/etc/containerd/config.toml")"
	is 0 "$(restarts)"
	node_make 'version = 2
'
	printf '#!/bin/sh\nexit 1\n' >"$T/source/sandrun"
	installer once
	is 1 "$status"
	[ ! -e "$T/host/usr/local/bin/sandrun" ]
	is "version = 2" "$(cat "$T/host/etc/containerd/config.toml")"
}

@test "kubernetes: uninstall leaves the file as it was, and the program while containers run" {
	need containerd
	node_make 'version = 2
root = "/var/lib/containerd"
'
	cp "$T/host/etc/containerd/config.toml" "$T/before"
	installer once
	mkdir -p "$T/host/run/containerd/runc/k8s.io/abc"
	touch "$T/host/run/containerd/runc/k8s.io/abc/record.json"
	installer uninstall
	is 1 "$status"
	cmp "$T/before" "$T/host/etc/containerd/config.toml"
	[ -x "$T/host/usr/local/bin/sandrun" ]
	rm "$T/host/run/containerd/runc/k8s.io/abc/record.json"
	installer uninstall
	is 0 "$status"
	[ ! -e "$T/host/usr/local/bin/sandrun" ]
	is 2 "$(restarts)"
}
