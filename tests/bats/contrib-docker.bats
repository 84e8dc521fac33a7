# SPDX-License-Identifier: Apache-2.0
# contrib-docker.bats - contrib/docker/daemon.json as it is shipped

load helpers
load helpers-net
load helpers-engine
load helpers-docker

# What is not in the file, and what a test's daemon needs, comes by the command line.
setup_file() {
	DKCONFIG=$BATS_TEST_DIRNAME/../../contrib/docker/daemon.json
	export DKCONFIG
	docker_file_setup --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/srdk.$$" --default-ulimit nofile=1024:1024 \
		--default-ulimit nproc=1024:1024
}
teardown_file() { docker_file_teardown; }
setup() { docker_setup; }
teardown() { docker_teardown; }

@test "contrib/docker: the runtimes of daemon.json are there, and runc stays the default" {
	is runc "$(dk info -f '{{.DefaultRuntime}}')"
	has '"sandrun"' "$(dk info -f '{{json .Runtimes}}')"
}

@test "contrib/docker: docker run --runtime sandrun" {
	run --separate-stderr dk run --rm --network none --runtime sandrun t sh -c 'echo out; exit 7'
	is "7 out" "$status $output"
	dk run -d --name "$NAME" --network none --runtime sandrun t sleep 1000 >/dev/null
	is ok "$(dk exec "$NAME" echo ok)"
}

@test "contrib/docker: a runtime with a policy in its runtimeArgs, where the engine has no annotations" {
	need sandrun
	docker_network_address() { inside ip addr "$1" 10.1.2.3/32 dev lo; }
	docker_network_address add
	cleanup docker_network_address del
	serve tcp:10.1.2.3:80
	run --separate-stderr dk run --rm --network host --runtime sandrun-private t probe tcp 10.1.2.3 80
	is ECONNREFUSED "$output"
	run --separate-stderr dk run --rm --network host --runtime sandrun t probe tcp 10.1.2.3 80
	is OK "$output"
	# exec is under it, too
	dk run -d --name "$NAME" --network host --runtime sandrun-private t sleep 1000 >/dev/null
	is ECONNREFUSED "$(dk exec "$NAME" probe tcp 10.1.2.3 80)"
}
