# SPDX-License-Identifier: Apache-2.0
# units.bats - containers as systemd's services: quadlet, readiness, exit status; as root, and as a user with a systemd of its own
#
# RUNTIME_BIN=/usr/bin/crun runs what is neutral with a peer.

load ../bats/helpers
load ../bats/helpers-engine
load helpers-vm

setup_file() { podman_file_setup; }
teardown_file() { podman_file_teardown; }

setup() {
	if [ "$(id -u)" = 0 ]; then
		podman_setup
		QUADLETS=/run/containers/systemd
		RUN=(systemd-run)
	else
		user_setup
		QUADLETS=$XDG_RUNTIME_DIR/containers/systemd
		RUN=(systemd-run --user)
	fi
	mkdir -p "$QUADLETS"
	GLOBAL="--runtime ${RUNTIME_BIN:-$FT/bin/sandrun} --tmpdir $FT/tmp --cgroup-manager systemd"
}
teardown() {
	local rc=0
	"${SD[@]}" stop "$NAME.service" 2>/dev/null
	rm -f "$QUADLETS/$NAME".*
	"${SD[@]}" daemon-reload
	"${SD[@]}" reset-failed "$NAME.service" 2>/dev/null
	if [ "$(id -u)" = 0 ]; then podman_teardown || rc=1; else user_teardown || rc=1; fi
	return $rc
}

pms() { pm --cgroup-manager systemd "$@"; }
cpid() { pm inspect -f '{{.State.Pid}}' "$NAME"; }

# quadlet EXEC [LINE…]: the service $NAME, not started; LINEs go into [Container].
quadlet() {
	local exec=$1
	shift
	{
		printf '%s\n' '[Container]' "ContainerName=$NAME" 'Image=localhost/t:latest' 'Pull=never' 'Network=none' \
			"GlobalArgs=$GLOBAL" "Exec=$exec" "$@"
		quadlet_service
	} >"$QUADLETS/$NAME.container"
	"${SD[@]}" daemon-reload
	unit_is "$NAME.service" LoadState loaded
}
quadlet_service() {
	printf '%s\n' '[Service]' "Environment=CONTAINERS_CONF=$FT/containers.conf CONTAINERS_STORAGE_CONF=$FT/storage.conf" \
		'TimeoutStartSec=600' 'Restart=no'
}
state_is() { [ "$(unit_prop "$NAME.service" ActiveState)" = "$1" ]; }

@test "quadlet: the service runs it in a cgroup of its own, with limits; exec, reload, stop" {
	quadlet "sleep 1000" 'PodmanArgs=--memory 64m --pids-limit 40' 'HealthCmd=test -e /tmp/ok' HealthInterval=disable
	"${SD[@]}" start "$NAME.service"
	unit_is "$NAME.service" ActiveState active
	has "/$NAME.service/libpod-payload-" "$(cg_of "$(cpid)")"
	cg_is "$(cpid)" memory.max 67108864
	cg_is "$(cpid)" pids.max 40
	"${SD[@]}" daemon-reload
	cg_is "$(cpid)" memory.max 67108864
	is 0::/ "$(pms exec "$NAME" cat /proc/self/cgroup)"
	run pms healthcheck run "$NAME"
	[ "$status" -ne 0 ]
	pms exec "$NAME" touch /tmp/ok
	run pms healthcheck run "$NAME"
	is 0 "$status"
	local pid
	pid=$(cpid)
	"${SD[@]}" stop "$NAME.service"
	wait_until pid_gone "$pid"
	state_is inactive || state_is failed
	run pm container exists "$NAME"
	is 1 "$status"
}

@test "quadlet: the container's exit status is the service's" {
	quadlet "sh -c 'exit 3'"
	"${SD[@]}" start "$NAME.service" || true
	wait_until state_is failed
	unit_is "$NAME.service" ExecMainStatus 3
	quadlet "true"
	"${SD[@]}" reset-failed "$NAME.service"
	"${SD[@]}" start "$NAME.service" || true
	wait_until state_is inactive
	unit_is "$NAME.service" Result success
}

@test "quadlet: a policy by annotation" {
	need sandrun
	quadlet "sleep 1000" Annotation=io.sandlock.net-deny=loopback
	"${SD[@]}" start "$NAME.service"
	is ECONNREFUSED "$(pms exec "$NAME" probe tcp 127.0.0.1 80)"
	local sup
	sup=$(jq -r '.annotations["io.sandlock.supervisor-pid"]' < <(
		if [ "$(id -u)" = 0 ]; then rt_of_podman state "$(cid)"; else pm unshare "$SANDRUN" --root "$FT/state" state "$(cid)"; fi))
	[ -d "/proc/$sup" ]
	"${SD[@]}" stop "$NAME.service"
	wait_until pid_gone "$sup"
}

@test "quadlet: ready when the container says so" {
	quadlet "sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; probe notify READY=1; exec sleep 1000'" Notify=true
	"${SD[@]}" start --no-block "$NAME.service"
	wait_until pm exec "$NAME" true
	unit_is "$NAME.service" ActiveState activating
	pm exec "$NAME" touch /tmp/go
	wait_until state_is active
	unit_is "$NAME.service" ActiveState active
}

@test "quadlet: killed for want of memory, the service fails" {
	quadlet "tail -c 60000000 /dev/zero" 'PodmanArgs=--memory 16m --memory-swap 16m'
	"${SD[@]}" start "$NAME.service" || true
	wait_until state_is failed
}

@test "systemd-run: a service of type notify waits for the container; its end is the service's" {
	"${RUN[@]}" --quiet --no-block --unit "$NAME.service" --service-type=notify -p NotifyAccess=all -p Delegate=yes \
		-p TimeoutStartSec=600 --setenv=CONTAINERS_CONF="$FT/containers.conf" --setenv=CONTAINERS_STORAGE_CONF="$FT/storage.conf" \
		podman --runtime "${RUNTIME_BIN:-$FT/bin/sandrun}" --tmpdir "$FT/tmp" --cgroup-manager systemd run --name "$NAME" --rm \
		--cgroups=split --sdnotify=container --network none t \
		sh -c 'until [ -e /tmp/go ]; do sleep 0.1; done; probe notify "READY=1"; until [ -e /tmp/end ]; do sleep 0.1; done; exit 4'
	wait_until pm exec "$NAME" true
	unit_is "$NAME.service" ActiveState activating
	pm exec "$NAME" touch /tmp/go
	wait_until state_is active
	pm exec "$NAME" touch /tmp/end
	wait_until state_is failed
	unit_is "$NAME.service" ExecMainStatus 4
}
