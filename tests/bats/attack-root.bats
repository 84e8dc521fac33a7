# SPDX-License-Identifier: Apache-2.0
# attack-root.bats - another local user who was at the state directory first

load helpers

VICTIM=54321
OTHER=54322

setup() {
	common_setup
	need sandrun userns setpriv
	cp "$SANDRUN" "$T/rt"
	chmod 755 "$T/rt"
	chown -R $VICTIM:$VICTIM "$B"
	# What a user without privileges may have.
	cfg 'del(.linux.cgroupsPath, .linux.resources) |
		.mounts |= map(select(.type != "sysfs") | if .type == "devpts" then .options -= ["gid=5"] else . end)'
	args sleep 1000
	SQUAT=/tmp/sandrun-$VICTIM
	rm -rf "$SQUAT" "$SQUAT.cache" "$SQUAT.past"
	cleanup rm -rf "$SQUAT" "$SQUAT.cache" "$SQUAT.past"
	printf '#!/bin/sh\nid -u >>%s\n' "$T/ran" >"$T/evil"
	chmod 755 "$T/evil"
	: >"$T/ran"
	chmod 666 "$T/ran"
	export SANDRUN_TEST=$ID
}
teardown() { common_teardown; }

# as UID WORD…: without an environment to speak of.
as() {
	local uid=$1
	shift
	setpriv --reuid "$uid" --regid "$uid" --clear-groups env -i PATH="$PATH" SANDRUN_TEST="$ID" ${XDG:+XDG_RUNTIME_DIR="$XDG"} "$@" 3>&-
}
# victim WORD…: the runtime as the victim, with its default state root.
victim() { as $VICTIM timeout 30 "$T/rt" --cgroup-manager disabled "$@" </dev/null; }
# Not by bats' run: what a create leaves would keep its pipe open.
say_victim() {
	status=0
	victim "$@" >"$T/said.out" 2>"$T/said.err" || status=$?
	output=$(cat "$T/said.out")
	stderr=$(cat "$T/said.err")
}

# plant DIR: a container of another user's making, whose end would run a program.
plant() {
	as $OTHER mkdir -p -m 777 "$1"
	as $OTHER sh -c 'cd "$1" && touch lock &&
		echo "{\"id\":\"$2\",\"poststop\":true,\"bundle\":\"/\",\"rootfs\":\"/x\",\"annotations\":{}}" >record.json &&
		echo "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},\"linux\":{},\"hooks\":{\"poststop\":[{\"path\":\"$3\"}]}}" >config.json
		chmod 666 *' - "$1" "$ID" "$T/evil"
}

# Each command that could read a record, or make one; by the root, list as well.
all_refused() {
	refused "$@"
	say_victim list
	one_clear_line "$@"
}
refused() {
	local c
	for c in "create --bundle $B $ID" "run --bundle $B $ID" "state $ID" "start $ID" "kill $ID KILL" "exec $ID true" "ps $ID" \
		"delete --force $ID" "delete $ID" "pause $ID"; do
		# shellcheck disable=SC2086
		say_victim $c
		one_clear_line "$@" || { echo "$c"; return 1; }
	done
	is "" "$(cat "$T/ran")"
}

@test "a state root in /tmp that another user made first is used by no command, and nothing is run out of it" {
	as $OTHER mkdir -m 777 "$SQUAT"
	plant "$SQUAT/$ID"
	all_refused "$SQUAT" "belongs to user $OTHER"
	is "config.json lock record.json" "$(ls "$SQUAT/$ID" | xargs)"
}

@test "a state root in /tmp that is another user's link, also to a directory of one's own, is not followed" {
	mkdir -m 777 "$T/theirs"
	plant "$T/theirs/$ID"
	as $OTHER ln -s "$T/theirs" "$SQUAT"
	all_refused "$SQUAT" "belongs to user $OTHER"
	rm "$SQUAT"
	mkdir "$T/own"
	chown $VICTIM "$T/own"
	as $OTHER ln -s "$T/own" "$SQUAT"
	all_refused "$SQUAT"
	is "" "$(ls -A "$T/own")"
}

@test "a state root in /tmp that is a file or a FIFO holds nobody up" {
	as $OTHER touch "$SQUAT"
	all_refused "$SQUAT"
	rm "$SQUAT"
	as $OTHER mkfifo "$SQUAT"
	all_refused "$SQUAT"
}

@test "a state root of one's own that others may write to is refused, and the message says what makes it fit" {
	local mode
	for mode in 777 1777 770 702; do
		rm -rf "$SQUAT"
		as $VICTIM mkdir -m $mode "$SQUAT"
		all_refused "$SQUAT" "chmod go-w"
	done
	chmod go-w "$SQUAT"
	victim create --bundle "$B" "$ID" >"$OUT" 2>&1
	victim delete --force "$ID"
}

@test "a container that another user puts into one's own state root is none" {
	as $VICTIM mkdir -m 755 "$SQUAT"
	mkdir -m 777 "$T/theirs"
	plant "$T/theirs/$ID"
	cp -a "$T/theirs/$ID" "$SQUAT/"
	refused "$ID"
	# A link in its place is not followed either.
	rm -r "$SQUAT/$ID"
	ln -s "$T/theirs/$ID" "$SQUAT/$ID"
	say_victim state "$ID"
	one_clear_line "does not exist"
}

@test "the same holds for \$XDG_RUNTIME_DIR, for --root, and for root" {
	XDG=$T/xdg
	mkdir -m 1777 "$XDG"
	as $OTHER mkdir -m 777 "$XDG/sandrun"
	plant "$XDG/sandrun/$ID"
	all_refused "$XDG/sandrun" "belongs to user $OTHER"
	run --separate-stderr "$T/rt" --root "$XDG/sandrun" delete --force "$ID"
	one_clear_line "$XDG/sandrun" "belongs to user $OTHER"
	run --separate-stderr "$T/rt" --root "$XDG/sandrun" list
	one_clear_line "$XDG/sandrun" "belongs to user $OTHER"
	XDG=relative
	say_victim create --bundle "$B" "$ID"
	is "0 " "$status $stderr"
	[ -d "$SQUAT/$ID" ]
	victim delete --force "$ID"
	is "" "$(cat "$T/ran")"
}

@test "a cache of profiles that another user made first is not used, and nothing is written there" {
	cfg '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["chroot"], action: "SCMP_ACT_ERRNO"}]}'
	as $OTHER mkdir -m 777 "$SQUAT.cache"
	victim create --bundle "$B" "$ID" >"$OUT" 2>&1 || { cat "$OUT"; return 1; }
	victim delete --force "$ID"
	is "" "$(ls -A "$SQUAT.cache")"
}

@test "a state root that is a link of one's own, or of root's, is followed" {
	mkdir "$T/own"
	chown $VICTIM "$T/own"
	ln -s "$T/own" "$SQUAT"
	victim create --bundle "$B" "$ID" >"$OUT" 2>&1 || { cat "$OUT"; return 1; }
	[ -d "$T/own/$ID" ]
	victim delete --force "$ID"
	[ ! -e "$T/own/$ID" ]
}
