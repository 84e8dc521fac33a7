# SPDX-License-Identifier: Apache-2.0
# helpers.bash - what every .bats file stands on: the binary, a bundle, a run, waiting, and "nothing is left"
#
# Owns:     $T (this test's directory), $ID (its name, also the container's id and cgroup), $STATE (--root), $B (bundle).
# Must not: sleep for a time where a condition can be waited for; leave anything behind, also when a test fails.
#
# SANDRUN=/usr/sbin/runc runs what is neutral with another runtime: that is how the tests themselves are tested.
# SANDRUN_MUST_RUN=1 makes every skip a failure. SANDRUN_TEST_SLOWER=10 is for an emulated machine: time limits are ten times longer.

bats_require_minimum_version 1.5.0
# A missing command's 127 is an answer here, not a mistake in a test.
export BATS_WARNING_FILE=/dev/null

TESTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${SANDRUN_BUILDDIR:=$(cd "$TESTS_DIR/../.." && pwd)}"
: "${SANDRUN:=$SANDRUN_BUILDDIR/sandrun}"
PROGRAMS=$SANDRUN_BUILDDIR/tests/programs
PROBE=$PROGRAMS/probe
SLOWER=${SANDRUN_TEST_SLOWER:-1}
export SANDRUN SANDRUN_BUILDDIR

# A sanitizer's leak check wants ptrace, which a container's processes do not grant.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}

# --- what must be there ---------------------------------------------------------------------------------------

skip_or_fail() {
	if [ "${SANDRUN_MUST_RUN:-0}" = 1 ]; then
		echo "SANDRUN_MUST_RUN=1 and this cannot run: $1" >&2
		return 1
	fi
	skip "$1"
}

# need THING…: goes on if each is there.
need() {
	local thing
	for thing; do
		case $thing in
		root) [ "$(id -u)" = 0 ] || skip_or_fail "needs root" || return 1 ;;
		sandrun) is_sandrun || skip "$(basename "$SANDRUN") has no policy" ;;
		probe32) [ -x "$PROGRAMS/probe32" ] && "$PROGRAMS/probe32" exit 0 ||
			skip_or_fail "no 32-bit probe (gcc-multilib)" || return 1 ;;
		ipv6) [ -e /proc/net/if_inet6 ] || skip_or_fail "the kernel has no IPv6" || return 1 ;;
		landlock-net) landlock_net || skip_or_fail "the kernel's Landlock has no network rules (Linux 6.7)" || return 1 ;;
		userns) unshare -U true || skip_or_fail "no user namespaces" || return 1 ;;
		*) command -v "$thing" >/dev/null || skip_or_fail "$thing is not installed" || return 1 ;;
		esac
	done
}

is_sandrun() {
	case $("$SANDRUN" --version 2>/dev/null) in sandrun*) return 0 ;; *) return 1 ;; esac
}

# Since its ABI 4, Linux 6.7.
landlock_net() { [ "$("$PROBE" landlock)" -ge 4 ]; }
cgroup_v2() { [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; }

# --- setup and teardown -------------------------------------------------------------------------------------

common_setup() {
	need root
	[ -x "$SANDRUN" ] || { echo "no runtime at $SANDRUN (build it, or set SANDRUN)" >&2; return 1; }
	[ -x "$PROBE" ] || { echo "no probe at $PROBE (make check builds it)" >&2; return 1; }
	# Short, for a socket's path has 107 bytes; unique, for it is what leftovers are known by.
	T=$(mktemp -d /tmp/srt.XXXXXX)
	chmod 755 "$T"
	ID=${T##*/}
	STATE=$T/state
	B=$T/bundle
	OUT=$T/out
	NSENTER=()
	CLEANUPS=()
	SPAWNED=()
	LACKS=()
	make_bundle "$B"
}

common_teardown() {
	local rc=0 c i p
	[ -n "${T:-}" ] || return 0
	for c in "$STATE"/*/; do
		[ -d "$c" ] && rt delete --force "$(basename "$c")" >/dev/null 2>&1
	done
	for p in "${SPAWNED[@]}"; do kill -KILL "$p" 2>/dev/null; wait "$p" 2>/dev/null; done
	for ((i = ${#CLEANUPS[@]} - 1; i >= 0; i--)); do eval "${CLEANUPS[i]}" >/dev/null 2>&1 || true; done
	if ! wait_until nothing_left; then
		echo "left behind by the test:" >&2
		leftovers >&2
		sweep
		[ -z "${BATS_TEST_COMPLETED:-}" ] || rc=1
	fi
	rm -rf --one-file-system "$T"
	return $rc
}

# cleanup COMMAND…: run at the end, last one first.
cleanup() { CLEANUPS+=("$(printf '%q ' "$@")"); }

# spawn COMMAND…: in the background, ended with the test. $! is its pid.
spawn() {
	"$@" 3>&- &
	SPAWNED+=($!)
}

# spawn_recvtty [ROWS COLUMNS]: who takes the terminal at $T/c.sock and copies it to $T/tty.out.
spawn_recvtty() {
	"$PROGRAMS/recvtty" "$T/c.sock" "$@" >"$T/tty.out" 2>"$T/tty.err" </dev/null 3>&- &
	SPAWNED+=($!)
	wait_until test -S "$T/c.sock"
}

# --- waiting ------------------------------------------------------------------------------------------------

# wait_until COMMAND…: until it succeeds, at most 10 s (WAIT_FOR).
wait_until() {
	local end=$((SECONDS + ${WAIT_FOR:-10} * SLOWER))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

pid_gone() { [ ! -e "/proc/$1/stat" ] || [ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" = Z ]; }
status_is() { [ "$(rt state "${2:-$ID}" | jq -r .status)" = "$1" ]; }
file_has() { grep -q -- "$2" "$1"; }
not() { ! "$@"; }

# elapsed_ms COMMAND…: sets $MS.
elapsed_ms() {
	local a b rc=0
	a=$(date +%s%N)
	"$@" || rc=$?
	b=$(date +%s%N)
	MS=$(((b - a) / 1000000))
	return $rc
}

# --- bundle and config.json ---------------------------------------------------------------------------------

# make_rootfs DIR: busybox and our static programs.
make_rootfs() {
	local box app
	box=$(command -v busybox)
	mkdir -p "$1"/{bin,etc,proc,sys,dev,tmp,root,var}
	chmod 1777 "$1/tmp"
	cp "$box" "$1/bin/busybox"
	for app in sh ls cat echo true false sleep id mount umount stat touch mkdir rm ln head wc env kill ps hostname \
		grep dd sysctl readlink awk tail tr cut test stty seq yes chmod chown mknod sort pwd; do
		ln -sf busybox "$1/bin/$app"
	done
	cp "$PROBE" "$PROGRAMS/flip" "$1/bin/"
	[ ! -x "$PROGRAMS/probe32" ] || cp "$PROGRAMS/probe32" "$1/bin/"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:1001:user\n' >"$1/etc/group"
	printf '127.0.0.1\tlocalhost\n' >"$1/etc/hosts"
}

# make_bundle DIR: rootfs and a config.json in a fresh network namespace, without a policy.
make_bundle() {
	mkdir -p "$1"
	make_rootfs "$1/rootfs"
	jq --arg id "$ID" '.linux.cgroupsPath = "/" + $id' "$TESTS_DIR/config.json" >"$1/config.json"
}

# cfg FILTER [JQ-OPTION…]: changes config.json.
cfg() {
	local filter=$1
	shift
	jq "$filter" "$B/config.json" "$@" >"$B/config.json.new" && mv "$B/config.json.new" "$B/config.json"
}

# args WORD…: the workload's command.
args() { cfg '.process.args = $ARGS.positional' --args -- "$@"; }
# shell SCRIPT: the same, as a shell script.
shell() { args sh -c "$1"; }
# annotate KEY=VALUE…: io.sandlock. may be left out before net-allow and the like.
annotate() {
	local a key
	for a; do
		key=${a%%=*}
		case $key in io.* | run.* | org.*) ;; *) key=io.sandlock.$key ;; esac
		cfg '.annotations[$k] = $v' --arg k "$key" --rawfile v <(printf %s "${a#*=}")
	done
}
host_network() { cfg '.linux.namespaces |= map(select(.type != "network"))'; }
all_caps() {
	cfg '.process.capabilities |= (. as $c | ["CAP_SYS_ADMIN","CAP_NET_ADMIN","CAP_NET_RAW","CAP_SYS_PTRACE"] as $m |
		with_entries(.value += $m) | with_entries(.value |= unique))'
}

# in_userns: a user namespace, in which the bundle's root is root's.
in_userns() {
	cfg '.linux.namespaces += [{type: "user"}] | .linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown -R 100000:100000 "$B/rootfs"
}

# --- running --------------------------------------------------------------------------------------------------

# rt WORD…: the runtime, on this test's --root, in its network namespace if it has one (and not RT_OUTSIDE), on a kernel that lacks
# what without() said. 3 is bats' own descriptor.
# It is killed when its time is up; the 137 of that looks like others, so it is said.
rt() {
	local enter=("${NSENTER[@]}") limit=$((${RT_TIMEOUT:-60} * SLOWER)) start=$SECONDS rc=0
	[ -z "${RT_OUTSIDE:-}" ] || enter=()
	SANDRUN_TEST=$ID timeout --foreground -k 5 "$limit" "${enter[@]}" "${LACKS[@]}" "$SANDRUN" --root "$STATE" "$@" 3>&- || rc=$?
	[ $((SECONDS - start)) -lt "$limit" ] || echo "helpers: the time limit of $limit s has ended this command" >&2
	return $rc
}

# without [FEATURE…]: the runtime finds a kernel without these (tests/programs/oldkernel.c) from here on; none: the kernel as it is.
without() {
	LACKS=()
	[ $# = 0 ] || LACKS=("$PROGRAMS/oldkernel" "$@" --)
}

# run_container [--annotate K=V]… [--] WORD…: runs it in the foreground: $status, $output, $stderr.
run_container() {
	while [ $# -gt 0 ]; do
		case $1 in
		--annotate) annotate "$2"; shift 2 ;;
		--) shift; break ;;
		*) break ;;
		esac
	done
	[ $# -eq 0 ] || args "$@"
	run --separate-stderr rt run --bundle "$B" "$ID"
}

# create [OPTION…]: detached; the container's output goes to $OUT, ours to $OUT.err (a container's init would keep the
# pipe of bats' `run` open). start_container: create and start.
create() { rt create --bundle "$B" --pid-file "$T/pid" "$@" "$ID" </dev/null >"$OUT" 2>"$OUT.err"; }
start_container() { create "$@" && rt start "$ID"; }
container_pid() { cat "$T/pid"; }
# exec_probe WORD…: a probe in the running container: $status, $output.
exec_probe() { run --separate-stderr rt exec "$ID" /bin/probe "$@"; }

# --- assertions -------------------------------------------------------------------------------------------------

# The one form of a failure: non-zero, nothing on stdout, one line on stderr that has the text.
one_clear_line() {
	[ "$status" -ne 0 ] || { echo "it succeeded: $output"; return 1; }
	[ -z "$output" ] || { echo "stdout is not empty: $output"; return 1; }
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 1 ] && [ -n "$stderr" ] || { echo "not one line: $stderr"; return 1; }
	[ ${#stderr} -lt 4000 ]
	local part
	for part; do
		[[ $stderr == *"$part"* ]] || { echo "no \"$part\" in: $stderr"; return 1; }
	done
}

# is EXPECTED ACTUAL: equal, or says both.
is() { [ "$2" = "$1" ] || { printf 'expected: %s\nhave:     %s\n' "$1" "$2"; said; return 1; }; }
has() { [[ $2 == *"$1"* ]] || { printf 'expected in it: %s\nhave: %s\n' "$1" "$2"; said; return 1; }; }
# What the last `run` left, for whoever reads the failure.
said() { printf 'last run: status %s, stdout: %s, stderr: %s\n' "${status:-}" "${output:-}" "${stderr:-}" | head -c 2000; }

# Whatever carries this test's name: processes (by command line, marker or cgroup), cgroups of every hierarchy, mounts,
# unix sockets, state (but not its cache of seccomp programs). grep must not find itself: the name comes from a file.
leftovers() {
	local f pid name=${1:-$ID}
	for f in $(grep -lsaF -f <(echo "$name") /proc/[0-9]*/cmdline /proc/[0-9]*/cgroup; \
		grep -lsaF -f <(echo "SANDRUN_TEST=$name") /proc/[0-9]*/environ); do
		pid=${f#/proc/}
		pid=${pid%%/*}
		[ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || pid_gone "$pid" || pid_is_ours "$pid" ||
			echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) ($f)"
	done
	find /sys/fs/cgroup -type d -name "*$name*" 2>/dev/null | sed 's/^/cgroup /'
	grep -F "$name" /proc/self/mountinfo | grep -v ' /run/netns/' | awk '{print "mount " $5}'
	grep -F "/$name/" /proc/net/unix | awk '{print "socket " $NF}'
	[ ! -d "${STATE:-/nonexistent}" ] || find "$STATE" -mindepth 1 -maxdepth 1 ! -name '.*' | sed 's/^/state /'
}

# Our own subshells inherit the marker only while they run the runtime: they are ancestors of this shell.
pid_is_ours() {
	local p=$BASHPID
	while [ "$p" -gt 1 ]; do
		[ "$p" != "$1" ] || return 0
		p=$(sed 's/.*) //' "/proc/$p/stat" 2>/dev/null | cut -d' ' -f2)
		[ -n "$p" ] || return 1
	done
	return 1
}

nothing_left() { [ -z "$(leftovers)" ]; }

assert_no_leftovers() {
	wait_until nothing_left || { leftovers; return 1; }
}

# After a failed test: what it left must not disturb the next one.
sweep() {
	local kind what rest
	leftovers | while read -r kind what rest; do
		case $kind in
		process) kill -KILL "${what%:}" 2>/dev/null ;;
		mount) umount -l "$what" 2>/dev/null ;;
		esac
	done
	find /sys/fs/cgroup -depth -type d -name "*$ID*" 2>/dev/null | while read -r what; do
		while read -r rest; do kill -KILL "$rest" 2>/dev/null; done <"$what/cgroup.procs"
		wait_until rmdir "$what"
	done
}
