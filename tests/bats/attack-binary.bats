# SPDX-License-Identifier: Apache-2.0
# attack-binary.bats - a container that is after the runtime's binary, where nobody can write it at the moment (CVE-2019-5736)

load helpers

setup() {
	common_setup
	need sandrun
	# A filesystem of its own, that is read-only until it is updated.
	mkdir "$T/fs"
	mount -t tmpfs tmpfs "$T/fs"
	cleanup umount -l "$T/fs"
	cp "$SANDRUN" "$T/fs/sandrun"
	ORIGINAL=$SANDRUN
	SANDRUN=$T/fs/sandrun
	BEFORE=$(sha256sum <"$SANDRUN")
	bring_libraries
}
teardown() {
	SANDRUN=$ORIGINAL
	common_teardown
}

# What an attacker brings, so that the runtime's binary can be executed inside.
bring_libraries() {
	local lib
	for lib in $(ldd "$SANDRUN" | grep -o '/[^ ]*'); do
		mkdir -p "$B/rootfs$(dirname "$lib")"
		cp -L "$lib" "$B/rootfs$lib"
	done
}

# Opens the first executable that is not busybox' and keeps it; says so, and tries to write to it until it can.
holder='while [ ! -e /tmp/held ]; do
	for p in /proc/[0-9]*; do
		exe=$(readlink $p/exe) || continue
		case $exe in *busybox* | "") ;; *) exec 9<$p/exe && echo "$exe" >/tmp/held && break ;; esac
	done
done
while :; do echo overwritten >/proc/self/fd/9 && echo >/tmp/won; echo >>/tmp/tries; done 2>/dev/null'

# The runtime inside of the container for a moment, until the holder has it.
lure() {
	local i
	for i in $(seq 100); do
		rt exec "$ID" /proc/self/exe --help >/dev/null 2>&1
		[ ! -e "$B/rootfs/tmp/held" ] || return 0
	done
	return 1
}

# update: the filesystem is written, as by a package manager, while the holder tries a hundred times.
update() {
	mount -o remount,rw "$T/fs" && touch "$T/fs/updated"
	: >"$B/rootfs/tmp/tries"
	wait_until tried 100
}
tried() { [ "$(wc -l <"$B/rootfs/tmp/tries")" -ge "$1" ]; }

@test "a binary on a read-only filesystem is not taken for protected: a container that holds it cannot write it during an update" {
	all_caps
	mount -o remount,ro "$T/fs"
	args sh -c "$holder"
	start_container
	lure
	update
	[ ! -e "$B/rootfs/tmp/won" ]
	is "$BEFORE" "$(sha256sum <"$SANDRUN")"
}

@test "a binary that is a read-only bind mount is not taken for protected" {
	all_caps
	mount --bind "$SANDRUN" "$SANDRUN"
	cleanup umount -l "$T/fs/sandrun"
	mount -o remount,bind,ro "$SANDRUN"
	args sh -c "$holder"
	start_container
	lure
	mount -o remount,bind,rw "$SANDRUN"
	update
	[ ! -e "$B/rootfs/tmp/won" ]
	is "$BEFORE" "$(sha256sum <"$SANDRUN")"
}

# executions WORD…: how many binaries of the runtime are executed, one after the other, for this command.
executions() { strace -e trace=execve,execveat -o "$T/trace" "$@" >/dev/null 2>&1; grep -c ' = 0$' "$T/trace"; }

@test "each command that enters a container is executed once more, whatever mark its caller has, and no hook inherits one" {
	need strace
	mount -o remount,ro "$T/fs"
	local mark
	args sleep 1000
	for mark in '' 1 1.1.1 "$$.1.1"; do
		is 2 "$(SANDRUN_PROTECTED=$mark executions "$SANDRUN" --root "$STATE" create --bundle /nonexistent x)"
		is 2 "$(SANDRUN_PROTECTED=$mark executions "$SANDRUN" --root "$STATE" exec x true)"
	done
	printf '#!/bin/sh\nenv >%s\n' "$T/env" >"$T/hook"
	chmod 755 "$T/hook"
	cfg '.hooks.createRuntime = [{path: $h}]' --arg h "$T/hook"
	create
	grep -q '^PATH=' "$T/env"
	run ! grep PROTECTED "$T/env"
}

@test "a user who owns the binary and may not write it is protected, too" {
	need strace setpriv
	umount -l "$T/fs" # nobody else's mount is in the way
	mkdir -p "$T/own"
	cp "$ORIGINAL" "$T/own/sandrun"
	chown -R 1000:1000 "$T/own"
	chmod 555 "$T/own/sandrun"
	is 2 "$(executions setpriv --reuid 1000 --regid 1000 --clear-groups "$T/own/sandrun" --root "$T/own/state" create --bundle /nonexistent x |
		awk '{ print $1 - 1 }')"
	# Who can never write it has nothing to lose.
	chown root "$T/own/sandrun"
	is 1 "$(executions setpriv --reuid 1000 --regid 1000 --clear-groups "$T/own/sandrun" --root "$T/own/state" create --bundle /nonexistent x |
		awk '{ print $1 - 1 }')"
}
