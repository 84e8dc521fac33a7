# SPDX-License-Identifier: Apache-2.0
# attack-annotations.bats - an annotation that names a file of the host, as an image's may

load helpers

LOGS=/var/log/sandrun

setup() {
	common_setup
	need sandrun
	[ -d $LOGS ] || cleanup rmdir $LOGS
	mkdir -p -m 700 $LOGS
	LOG=$LOGS/$ID
	cleanup rm -rf "$LOG"
	victim=$T/victim
	echo untouched >"$victim"
	cfg '.hooks = {createRuntime: [{path: "/bin/sh", args: ["sh", "-c", "echo one; echo one >&2"]}]}'
	args true
}
teardown() { common_teardown; }

unharmed() { is untouched "$(cat "$victim")" && [ ! -e "$T/made" ]; }

# refused PATH TEXT…: as standard output and as standard error of hooks; nothing is made.
refused() {
	local key path=$1
	shift
	for key in run.oci.hooks.stdout run.oci.hooks.stderr; do
		cfg 'del(.annotations)'
		annotate "$key=$path"
		RT_TIMEOUT=10 run_container
		one_clear_line "$key" "$@" || { echo "$key=$path"; return 1; }
		unharmed || { echo "$key=$path"; return 1; }
	done
}

@test "run.oci.hooks.stdout and .stderr name only files below $LOGS, whatever path leads there" {
	local p
	for p in "$victim" "$T/made" "$B/config.json" relative "$LOGS" "$LOGS/" "${LOGS}x/made" "" / "//var/log/sandrun-not/x" \
		/proc/self/fd/1 /dev/kmsg; do
		refused "$p" "below $LOGS"
	done
	refused "$LOGS/../../..$victim"
	refused "$LOGS/./../../..$T/made"
}

@test "below $LOGS no link is followed, no FIFO waited for, no device opened, no file of another user's written to" {
	mkdir -m 700 "$LOG"
	ln -s "$victim" "$LOG/link"
	refused "$LOG/link" "not a regular file"
	ln -s "$T" "$LOG/dir"
	refused "$LOG/dir/victim"
	refused "$LOG/dir/made"
	mkfifo "$LOG/fifo"
	refused "$LOG/fifo" "not a regular file"
	mknod "$LOG/device" c 1 11
	refused "$LOG/device" "not a regular file"
	ln "$victim" "$LOG/hard" 2>/dev/null || { echo other >"$LOG/first" && ln "$LOG/first" "$LOG/hard"; }
	refused "$LOG/hard" "one name"
	touch "$LOG/theirs"
	chown 1000 "$LOG/theirs"
	refused "$LOG/theirs" "somebody else"
	touch "$LOG/open"
	chmod 666 "$LOG/open"
	refused "$LOG/open" "others may write"
	refused "$LOG/missing/file" missing
	is "" "$(cat "$LOG/theirs" "$LOG/open")"
}

@test "the directory itself has to be root's, and nobody else may write to it" {
	local mode
	mode=$(stat -c %a $LOGS)
	cleanup chown root $LOGS
	cleanup chmod "$mode" $LOGS
	chmod 1777 $LOGS
	refused "$LOG" "others may write"
	chmod 755 $LOGS
	chown 1000 $LOGS
	refused "$LOG" "somebody else"
	[ ! -e "$LOG" ]
}

@test "a user's are below the user's own directory for state" {
	need setpriv userns
	cp "$SANDRUN" "$T/rt"
	mkdir "$T/home" "$T/state"
	chmod 755 "$T" "$T/rt"
	chown -R 12345:12345 "$B" "$T/home" "$T/state"
	cfg 'del(.linux.cgroupsPath, .linux.resources) |
		.mounts |= map(select(.type != "sysfs") | if .type == "devpts" then .options -= ["gid=5"] else . end)'
	as_user() {
		run --separate-stderr env SANDRUN_TEST="$ID" HOME="$T/home" "$@" setpriv --reuid 12345 --regid 12345 --clear-groups \
			"$T/rt" --root "$T/state" run --bundle "$B" "$ID"
	}
	annotate "run.oci.hooks.stdout=$T/home/.local/state/sandrun/log"
	as_user A=B
	is "0 " "$status $stderr"
	is one "$(cat "$T/home/.local/state/sandrun/log")"
	as_user XDG_STATE_HOME="$T/home/elsewhere"
	one_clear_line "below $T/home/elsewhere/sandrun"
	annotate "run.oci.hooks.stdout=$LOG"
	as_user A=B
	one_clear_line "below $T/home/.local/state/sandrun"
}

@test "org.criu.config names only files in root's directories for CRIU: else an image would have root run a program" {
	need criu
	args sleep 1000
	printf '#!/bin/sh\nid >%s\n' "$T/made" >"$T/script"
	chmod 755 "$T/script"
	printf 'action-script %s\n' "$T/script" >"$T/criu.conf"
	cfg 'del(.hooks)'
	local p
	[ -d /etc/criu ] || cleanup rmdir /etc/criu
	mkdir -p /etc/criu
	ln -s "$T/criu.conf" "/etc/criu/$ID"
	cleanup rm -f "/etc/criu/$ID"
	for p in "$T/criu.conf" "/etc/criu/../..$T/criu.conf" "/etc/criu/$ID"; do
		cfg 'del(.annotations)'
		annotate "org.criu.config=$p"
		start_container
		run --separate-stderr rt checkpoint --image-path "$T/images" "$ID"
		one_clear_line org.criu.config || { echo "$p"; return 1; }
		status_is running
		rt delete --force "$ID"
		[ ! -e "$T/made" ]
	done
}
