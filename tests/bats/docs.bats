# SPDX-License-Identifier: Apache-2.0
# docs.bats - what README.md and the guides show is so

load helpers

TOP=$BATS_TEST_DIRNAME/../..

setup() { common_setup; }
teardown() { common_teardown; }

# explained KEY=VALUE MESSAGE: create refuses it with these words, and troubleshooting.md explains them.
explained() {
	cfg 'del(.annotations)'
	annotate "$1"
	run --separate-stderr rt create --bundle "$B" "$ID"
	one_clear_line "$2"
	grep -qF "$2" "$TOP/docs/troubleshooting.md" || { echo "not in troubleshooting.md: $2"; return 1; }
}

@test "docs: the messages that the troubleshooting page explains are the ones that are given" {
	need sandrun
	explained net-allow=443 'a number alone is no destination; did you mean ":443"?'
	explained net-alow=:443 'unknown key; did you mean'
	explained net-deny=example.org 'a host name cannot be denied'
}

@test "docs: each local link of the pages leads to a file" {
	local page link
	for page in README.md CONTRIBUTING.md SECURITY.md NEWS.md docs/*.md hooks/README.md tests/README.md; do
		[ -e "$TOP/$page" ] || continue
		while read -r link; do
			[ -e "$TOP/$(dirname "$page")/${link%%#*}" ] || { echo "$page: no $link"; return 1; }
		done < <(grep -oE '\]\([^)#h][^)]*\)' "$TOP/$page" | sed 's/^](//; s/)$//')
	done
}

@test "docs: each policy that README and the guides show is one that sandrun takes" {
	need sandrun
	local p n=0
	printf '203.0.113.7 api.example.com api.openai.com github.com pypi.org files.pythonhosted.org deb.debian.org registry.npmjs.org git.example.com\n' \
		>>"$B/rootfs/etc/hosts"
	while read -r p; do
		n=$((n + 1))
		# names are looked up where the test runs, which knows none of them
		p=$(sed -E 's/[a-z.]+\.(com|org):/203.0.113.7:/g; s/db:/203.0.113.8:/' <<<"$p")
		cfg 'del(.annotations)'
		annotate "$p"
		create || { echo "$p: $(cat "$OUT.err")"; return 1; }
		rt delete --force "$ID"
	done < <(cat "$TOP"/README.md "$TOP"/docs/*.md | grep -oE "'?io\.sandlock\.net-(allow|deny)=[^'\`]*'|io\.sandlock\.net-(allow|deny)=[^ '\"\`]*" |
		tr -d "'" | grep -v '=LIST' | sort -u)
	[ "$n" -ge 5 ]
}
