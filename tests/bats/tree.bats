# SPDX-License-Identifier: Apache-2.0
# tree.bats - the source tree is as docs/architecture.md says

load helpers

setup() { cd "$TESTS_DIR/../.."; }

sources() { find src oci -name '*.[ch]'; }

@test "includes go one way: cmd, checkpoint, launch, container, the rooms, policy, base" {
	local from to places=0
	declare -A may=(
		[main]='cmd checkpoint launch container oci base'
		[cmd]='inspect checkpoint launch container host rootfs process cgroup confine oci base'
		[inspect]='checkpoint launch container supervisor confine policyfile policy toml oci base'
		[checkpoint]='launch container host rootfs policy oci base'
		[launch]='container host rootfs process cgroup confine supervisor names policyfile policy oci base'
		[container]='host process cgroup confine supervisor oci base' [host]='oci base'
		[rootfs]='policy oci base' [process]='oci base' [cgroup]='oci base'
		[names]='base' [supervisor]='confine names policy base' [confine]='policy oci base' [policy]='oci base' [base]='' [oci]='' [toml]='oci base' [policyfile]='policy toml oci base'
	)
	while read -r from to; do
		places=$((places + 1))
		[ "$from" = "$to" ] || [[ " ${may[$from]} " == *" $to "* ]] || { echo "$from includes $to"; return 1; }
	done < <(grep -roE '^#include "[a-z]+/' src oci --include='*.[ch]' | sed -E 's,^(src/)?([a-z]+)[^"]*"([a-z]+)/,\2 \3,')
	[ "$places" -gt 100 ]
}

@test "every file opens with its licence, its name and what it is, and is in its room's local.mk" {
	local f
	while read -r f; do
		is "// SPDX-License-Identifier: Apache-2.0" "$(head -n 1 "$f")"
		[[ $(sed -n 2p "$f") == "/* ${f##*/} - "* ]] || { echo "$f does not open with its name"; return 1; }
		grep -qF "$f" src/local.mk src/*/local.mk oci/local.mk Makefile.am || { echo "$f is in no local.mk"; return 1; }
	done < <(sources)
}

@test "the files and functions that the pages name are there" {
	local page word
	for page in docs/architecture.md docs/security.md; do
		for word in $(grep -oE '`[a-zA-Z_0-9/.]+(\(\))?`' $page | tr -d '`' | sort -u); do
			case $word in
			/* | */NAME.c | fd/N) ;;
			*'()') grep -rqw "${word%()}" src oci || { echo "$page: no function $word"; return 1; } ;;
			*.c | *.h | *.md | */*) find . -path "*/${word%/}" -o -path "*/${word%/}.md" | grep -q . || { echo "$page: no file $word"; return 1; } ;;
			esac
		done
	done
}
