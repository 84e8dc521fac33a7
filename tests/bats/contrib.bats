# SPDX-License-Identifier: Apache-2.0
# contrib.bats - what contrib/ ships is well formed, installed where it is read, and holds policies that sandrun takes
#
# The files of engines are used as shipped in cri.bats, contrib-podman.bats, contrib-docker.bats and hooks.bats; here is what no engine
# of this machine reads (CRI-O, Compose, quadlet, Kubernetes).

load helpers

TOP=$BATS_TEST_DIRNAME/../..
CONTRIB=$TOP/contrib

setup() { common_setup; }
teardown() { common_teardown; }

# policies: "KEY=VALUE" of each io.sandlock annotation in contrib/, comments (that start with the very key) included.
policies() {
	grep -rhoE "io\.sandlock\.[a-z-]+(=|\"?: *\")[^\"',]*" "$CONTRIB"/{podman,docker,compose,containerd,crio,kubernetes} |
		sed -E 's/"?: *"/=/' | sort -u
}

@test "contrib: each policy in its files is one that sandrun takes" {
	need sandrun
	local p n=0
	echo '203.0.113.7 api.example.com db' >>"$B/rootfs/etc/hosts"
	while read -r p; do
		n=$((n + 1))
		# names are looked up on the host's side, and examples are no names that anybody has
		p=${p//api.example.com/203.0.113.7}
		p=${p//db:/203.0.113.8:}
		cfg 'del(.annotations)'
		annotate "$p"
		create || { echo "$p: $(cat "$OUT.err")"; return 1; }
		rt delete --force "$ID"
	done < <(policies)
	[ "$n" -ge 4 ]
}

@test "contrib: every TOML, JSON and YAML file is one" {
	need /usr/bin/python3
	/usr/bin/python3 - "$CONTRIB" <<-'END'
		import glob, json, sys
		try:
		    import tomllib
		except ImportError:
		    tomllib = None
		import yaml
		n = 0
		for f in glob.glob(sys.argv[1] + "/*/*"):
		    if f.endswith(".json"):
		        json.load(open(f))
		    elif f.endswith((".yaml", ".yml")):
		        list(yaml.safe_load_all(open(f)))
		    elif f.endswith((".toml", ".conf")) and "tmpfiles" not in f and tomllib:
		        tomllib.load(open(f, "rb"))
		    else:
		        continue
		    n += 1
		assert n >= 6, n
	END
}

@test "contrib/crio: the handler names the program, a root and conmon, and no annotations" {
	/usr/bin/python3 - "$CONTRIB/crio/10-sandrun.conf" <<-'END'
		import sys, tomllib
		h = tomllib.load(open(sys.argv[1], "rb"))["crio"]["runtime"]["runtimes"]["sandrun"]
		assert set(h) == {"runtime_path", "runtime_root", "monitor_path"}, h
		assert all(v.startswith("/") for v in h.values())
	END
}

@test "contrib/monitoring: alerts and dashboard ask for numbers and labels that sandrun metrics gives" {
	need sandrun
	local word label
	annotate net-deny=9.9.9.9
	args sleep 1000
	start_container
	exec_probe tcp 9.9.9.9 80
	# the cgroup program's refusals are counted when its record is read
	wait_until eval 'rt metrics >"$T/metrics"; grep -q "^sandrun_egress_total{" "$T/metrics"'
	for word in $(cat "$CONTRIB"/monitoring/alerts.yaml "$CONTRIB"/monitoring/dashboard.json | grep -oE 'sandrun_[a-z_]+(_total|_info)' | sort -u); do
		grep -q "^$word{" "$T/metrics" || { echo "no $word in:"; cat "$T/metrics"; return 1; }
	done
	# names that no engine gave are left out
	for label in id container pod namespace image rule proto enforcement; do
		grep -qE "[{,]$label=\"" "$T/metrics" || sed -n '/SS "metrics/,/SS /p' "$TOP/docs/sandrun.1" | grep -qw "$label" ||
			{ echo "no label $label"; return 1; }
	done
	! command -v promtool >/dev/null || promtool check rules "$CONTRIB/monitoring/alerts.yaml"
}

@test "make install: podman's file, hooks, completions and manual pages are where they are read" {
	local dest=$T/dest f
	make -C "$SANDRUN_BUILDDIR" install DESTDIR="$dest" >"$T/install.log" 2>&1 || { tail "$T/install.log"; return 1; }
	for f in etc/containers/containers.conf.d/sandrun.conf usr/local/bin/sandrun usr/local/share/man/man1/sandrun.1 \
		usr/local/share/man/man5/sandrun-policy.5 usr/local/share/bash-completion/completions/sandrun; do
		[ -s "$dest/$f" ] || { echo "no $f"; (cd "$dest" && find . -type f); return 1; }
	done
	for f in "$dest"/usr/local/share/sandrun/hooks.d/*.json; do
		[ -x "$dest$(jq -r .hook.path "$f")" ] || { cat "$f"; return 1; }
	done
}
