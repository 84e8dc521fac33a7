# SPDX-License-Identifier: Apache-2.0
# rootfs.bats - mounts and their options, devices, masked and read-only paths, propagation, symlinks that lead out

load helpers

setup() { common_setup; }
teardown() { common_teardown; }

mnt() { cfg ".mounts += [$1]" "${@:2}"; }
# The mount options of a path, as the container sees them.
opts_of() { run_container -- awk -v p="$1" '$5 == p { print $6 " " $NF }' /proc/self/mountinfo; }

@test "bind mounts: a directory, a file, read-only, and what a target needs is made" {
	mkdir "$T/src"
	echo data >"$T/src/file"
	mnt "{\"destination\": \"/made/dir\", \"type\": \"bind\", \"source\": \"$T/src\", \"options\": [\"rbind\", \"rw\"]}"
	mnt "{\"destination\": \"/made/file\", \"type\": \"bind\", \"source\": \"$T/src/file\", \"options\": [\"bind\", \"ro\"]}"
	run_container -- sh -c 'cat /made/dir/file /made/file; echo new >/made/dir/new; echo x >/made/file'
	has $'data\ndata' "$output"
	has "Read-only" "$stderr"
	is new "$(cat "$T/src/new")"
}

@test "what is missing below a read-only mount is made, in the source, and the mount is read-only all the same" {
	mkdir -p "$T/ro" "$T/in" "$T/two"
	echo file >"$T/file"
	mnt "{\"destination\": \"/vol\", \"type\": \"bind\", \"source\": \"$T/ro\", \"options\": [\"rbind\", \"ro\", \"rprivate\"]}"
	mnt "{\"destination\": \"/vol/a/b\", \"type\": \"bind\", \"source\": \"$T/in\", \"options\": [\"bind\"]}"
	mnt "{\"destination\": \"/vol/f\", \"type\": \"bind\", \"source\": \"$T/file\", \"options\": [\"bind\", \"ro\"]}"
	mnt "{\"destination\": \"/ram\", \"type\": \"ramfs\", \"source\": \"ramfs\", \"options\": [\"ro\"]}"
	mnt "{\"destination\": \"/ram/two\", \"type\": \"bind\", \"source\": \"$T/two\", \"options\": [\"bind\", \"ro\"]}"
	mnt "{\"destination\": \"/again\", \"type\": \"bind\", \"source\": \"$T/two\", \"options\": [\"bind\", \"ro\"]}"
	cfg '.linux.devices = [{"path": "/vol/d/null", "type": "c", "major": 1, "minor": 3}]'
	run_container -- sh -c 'cat /vol/f; for p in /vol /vol/a /vol/a/b /ram /ram/two /again; do touch $p/x 2>/dev/null && echo "$p"; done;
		echo x 2>/dev/null >>/vol/f; ls /vol/d'
	is "file /vol/a/b null" "$(xargs <<<"$output")"
	is "" "$stderr"
	is file "$(cat "$T/file")"
	# A later word on the same mount holds, and on no other one of the same source.
	mnt '{"destination": "/ram/two", "options": ["remount", "bind", "rw"]}'
	run_container -- sh -c 'for p in /ram /ram/two /again; do touch $p/x 2>/dev/null && echo $p; done'
	is /ram/two "$output"
}

@test "tmpfs with mode and size; flags nosuid nodev noexec are in force" {
	mnt '{"destination": "/t", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "noexec", "mode=1750", "size=1m"]}'
	run_container -- sh -c 'stat -c %a /t; cp /bin/busybox /t/ 2>/dev/null; awk "\$5 == \"/t\" {print \$6}" /proc/self/mountinfo'
	has 1750 "$output"
	has nosuid,nodev,noexec "$output"
}

@test "recursive read-only (rro) reaches the mounts below" {
	need sandrun
	mkdir -p "$T/src/sub"
	mount -t tmpfs tmpfs "$T/src/sub"
	cleanup umount "$T/src/sub"
	mnt "{\"destination\": \"/r\", \"type\": \"bind\", \"source\": \"$T/src\", \"options\": [\"rbind\", \"rro\"]}"
	run_container -- sh -c 'touch /r/x; touch /r/sub/x'
	[ "$status" -ne 0 ]
	is 2 "$(grep -c Read-only <<<"$stderr")"
	[ ! -e "$T/src/sub/x" ]
}

@test "a read-only root is read-only, /dev and /proc are not part of it" {
	cfg '.root.readonly = true'
	run_container -- sh -c 'touch /x; echo hi >/dev/null && touch /dev/shm/ok && echo fine'
	has Read-only "$stderr"
	is fine "$output"
}

@test "remount changes what is mounted; with bind only the mount, and nothing of the host comes in" {
	mnt '{destination: "/t", type: "tmpfs", source: "/etc", options: ["size=1m"]}'
	mnt '{destination: "/t", type: "tmpfs", source: "/etc", options: ["remount", "size=2m"]}'
	run_container -- awk '$5 == "/t" { print $6, $NF }' /proc/self/mountinfo
	is 1 "${#lines[@]}"
	has size=2048k "$output"
	mnt '{destination: "/t", type: "none", source: "/etc", options: ["bind", "remount", "ro"]}'
	run_container -- sh -c 'awk "\$5 == \"/t\" { print \$6, \$NF }" /proc/self/mountinfo; ls /t'
	is 1 "${#lines[@]}"
	[[ $output == ro,* && $output == *"rw,size=2048k"* ]]
}

@test "masked and read-only paths" {
	cfg '.linux.maskedPaths += ["/etc/passwd", "/root", "/no/such"] | .linux.readonlyPaths += ["/tmp"]'
	run_container -- sh -c 'wc -c </etc/passwd; ls -A /root; touch /tmp/x'
	is 0 "$(xargs <<<"$output")"
	has Read-only "$stderr"
}

@test "a read-only path covers no mount below it; / means the root, and cannot be masked" {
	need sandrun
	mkdir -p "$B/rootfs/mnt" "$B/rootfs/twin"
	mnt '{"destination": "/mnt/sub", "type": "tmpfs", "source": "tmpfs"}'
	mnt "{\"destination\": \"/twin\", \"type\": \"bind\", \"source\": \"$B/rootfs\", \"options\": [\"bind\"]}"
	cfg '.linux.readonlyPaths += ["/mnt"]'
	local where='for p in / /mnt /mnt/sub /twin /tmp; do touch $p/x 2>/dev/null && echo $p; done'
	run_container -- sh -c "$where"
	is "/ /mnt/sub /twin /tmp" "$(xargs <<<"$output")"
	cfg '.linux.readonlyPaths[-1] = "/twin"'
	run_container -- sh -c "$where"
	is "/ /mnt /mnt/sub /tmp" "$(xargs <<<"$output")"
	rm "$B/rootfs/x" "$B"/rootfs/{mnt,tmp}/x
	ln -s .. "$B/rootfs/etc/up"
	local path
	for path in / /. /etc/up; do
		cfg '.linux.readonlyPaths[-1] = $p' --arg p "$path"
		run_container -- sh -c "$where"
		is "$path: /mnt/sub /twin" "$path: $(xargs <<<"$output")"
		rm "$B/rootfs/x"
	done
	cfg '.linux.maskedPaths = ["/etc/up"]'
	run_container -- true
	one_clear_line "linux.maskedPaths[0] (/etc/up): the root itself cannot be masked"
}

@test "devices: the defaults, links, a declared one, and nothing else" {
	cfg '.linux.devices = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 438, "uid": 7, "gid": 8}] |
		.linux.resources.devices += [{"allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm"}]'
	run_container -- sh -c 'ls /dev | xargs; stat -c "%a %u %g %t:%T" /dev/mine; readlink /dev/ptmx; readlink /dev/fd;
		head -c 4 /dev/mine | wc -c; echo x >/dev/null && head -c 3 /dev/urandom | wc -c'
	local d
	for d in null zero full random urandom tty fd stdin stdout stderr ptmx pts shm mine; do has "$d" "${lines[0]}"; done
	is "666 7 8 1:5" "${lines[1]}"
	is /proc/self/fd "${lines[3]}"
	is "4 3" "$(xargs <<<"${lines[4]} ${lines[5]}")"
}

@test "a device that the cgroup does not allow cannot be opened, even if made" {
	# On a mount of its own: where the tests run may be "nodev", and that is another answer.
	mnt '{"destination": "/d", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}'
	run_container -- sh -c 'mknod /d/mem c 1 1 && cat /d/mem | head -c 1; mknod /d/k c 1 11; head -c 1 </d/k'
	[[ $stderr == *"ermitted"* ]]
}

@test "sysctl, hostname and domainname" {
	cfg '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "9000"} | .hostname = "myhost" | .domainname = "my.domain"'
	is_sandrun || cfg 'del(.domainname)'
	run_container -- sh -c 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax; hostname; cat /proc/sys/kernel/domainname'
	has $'1\n9000\nmyhost' "$output"
	! is_sandrun || has my.domain "$output"
}

@test "propagation: slave receives from the host, private does not, shared gives back" {
	mkdir -p "$T/src"
	mount --bind "$T/src" "$T/src"
	mount --make-shared "$T/src"
	cleanup umount -R "$T/src"
	mnt "{\"destination\": \"/p\", \"type\": \"bind\", \"source\": \"$T/src\", \"options\": [\"rbind\", \"rslave\"]}"
	args sleep 1000
	start_container
	mkdir "$T/src/sub"
	mount -t tmpfs tmpfs "$T/src/sub"
	touch "$T/src/sub/here"
	rt exec "$ID" test -e /p/sub/here
	rt delete --force "$ID"
	umount "$T/src/sub"
	cfg '.mounts[-1].options = ["rbind", "rprivate"]'
	start_container
	mount -t tmpfs tmpfs "$T/src/sub"
	touch "$T/src/sub/here"
	run rt exec "$ID" test -e /p/sub/here
	is 1 "$status"
	umount "$T/src/sub"
}

# late_mounts: which of the places $1… have a file "late" that the host mounted there after the container was made.
late_mounts() {
	local p
	for p; do rt exec "$ID" test ! -e "$p/late" || echo "$p"; done | xargs
}

@test "what the host mounts later does not come in, but where the configuration asks for it" {
	mkdir -p "$T/host/sub" "$B/rootfs"/{late,v1,v2}
	mount -t tmpfs tmpfs "$T/host"
	cleanup umount "$T/host"
	mkdir "$T/host/sub"
	mount --bind "$B" "$B"
	cleanup umount "$B"
	mount --make-shared "$B"
	mount --make-shared "$T/host"
	cleanup umount "$T/host/sub"
	cleanup umount "$B/rootfs/late"
	args sleep 1000
	mnt "{\"destination\": \"/v1\", \"type\": \"bind\", \"source\": \"$T/host\", \"options\": [\"rbind\"]}"
	mnt "{\"destination\": \"/v2\", \"type\": \"bind\", \"source\": \"$T/host\", \"options\": [\"bind\", \"WORD\"]}"
	local row word root
	for row in rprivate:-: rslave:-:/v2 rshared:-:/v2 slave:rprivate: "rprivate:rslave:/late /v1" "rprivate:slave:/late /v1" userns:-: \
		rslave:-:/v2; do
		IFS=: read -r word root want <<<"$row"
		# All rows from here on.
		[ "$word" != userns ] || cfg '.linux.namespaces += [{"type": "user"}] | del(.linux.rootfsPropagation) |
			.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}] | .linux.gidMappings = .linux.uidMappings'
		word=${word/userns/rprivate}
		cfg '.mounts[-1].options[1] = $w | if $r == "-" then del(.linux.rootfsPropagation) else .linux.rootfsPropagation = $r end' --arg w "$word" --arg r "$root"
		start_container
		mount -t tmpfs tmpfs "$T/host/sub"
		touch "$T/host/sub/late"
		mount -t tmpfs tmpfs "$B/rootfs/late"
		touch "$B/rootfs/late/late"
		is "$row: $want" "$row: $(late_mounts /late /v1/sub /v2/sub | sed 's,/sub,,g')"
		umount "$T/host/sub" "$B/rootfs/late"
		rt delete --force "$ID"
	done
}

@test "a mount target that is a symlink out of the root stays in the root" {
	mkdir -p "$T/outside" "$T/src"
	echo inside >"$T/src/f"
	ln -s ../../../../../../../../.."$T/outside" "$B/rootfs/link"
	mnt "{\"destination\": \"/link/sub\", \"type\": \"bind\", \"source\": \"$T/src\", \"options\": [\"bind\"]}"
	run_container -- true
	is 0 "$(find "$T/outside" -mindepth 1 | wc -l)"
}

@test "a /proc or a mask target that is a symlink is refused or harmless" {
	need sandrun
	rmdir "$B/rootfs/proc"
	mkdir "$B/rootfs/fake"
	ln -s fake "$B/rootfs/proc"
	run_container -- true
	[ "$status" -ne 0 ] || [ ! -e "$B/rootfs/fake/self" ]
	rm "$B/rootfs/proc"
	mkdir "$B/rootfs/proc"
}

@test "nothing of the host is mounted inside, and the old root is gone" {
	run_container -- cat /proc/self/mountinfo
	[[ $output != *"$T/state"* ]]
	# one line for the root, one for each mount and each mask; none from outside
	[ "$(wc -l <<<"$output")" -lt 40 ]
	run_container -- ls /
	[[ $output != *put_old* && $output != *.pivot* ]]
}

@test "--no-pivot works, too" {
	run --separate-stderr rt run --no-pivot --bundle "$B" "$ID"
	is 0 "$status"
}

@test "the change of root takes nothing away from the host, and adds nothing, whatever is shared" {
	# A host of its own, all of it shared, where the bundle is on a mount of its own: the change of root is one of its parent.
	mkdir "$T/m"
	mkfifo "$T/ready"
	spawn unshare -m sh -c 'mount --make-rprivate / && mount -t tmpfs tmpfs "$1/m" && cp -a "$1/bundle" "$1/m/" &&
		mount --make-rshared / && echo >"$1/ready"; exec sleep 1000' sh "$T"
	NSENTER=(nsenter -t $! -m)
	read -r <"$T/ready"
	local word how before
	# But for those of other tests, which go when their place is removed.
	mounts_there() { "${NSENTER[@]}" grep -vE ' /(run/netns|tmp|var)/' /proc/self/mountinfo; }
	before=$(mounts_there)
	for word in '' private slave rslave shared rshared unbindable; do
		"${NSENTER[@]}" sh -c 'jq --arg w "$2" ".linux.rootfsPropagation = \$w | if \$w == \"\" then del(.linux.rootfsPropagation) else . end |
			.process.args = [\"cat\", \"/proc/self/mountinfo\"]" "$1/bundle/config.json" >"$1/m/bundle/config.json"' sh "$T" "$word"
		for how in --keep --no-pivot; do
			run --separate-stderr rt run $how --bundle "$T/m/bundle" "$ID"
			is "$how $word: 0 " "$how $word: $status $stderr"
			diff <(echo "$before") <(mounts_there) || { echo "with $how, $word"; return 1; }
			[ $how != --keep ] || rt delete "$ID"
		done
	done
}

@test "copying up: tmpcopyup fills a tmpfs with what the image has there" {
	mkdir "$B/rootfs/data"
	echo kept >"$B/rootfs/data/f"
	mnt '{"destination": "/data", "type": "tmpfs", "source": "tmpfs", "options": ["tmpcopyup"]}'
	run_container -- cat /data/f
	is kept "$output"
}

# Below /vol a volume is mounted, and then a part of it, which is nowhere else, with id mappings. /vol/link is a symlink of the volume.
idmapped_part() { # SOURCE-BELOW-ROOTFS OPTION…
	local src=$1
	shift
	mkdir -p "$T/vol/part" "$B/rootfs/vol" "$B/rootfs/mapped"
	chmod a+rx "$T/vol" "$B" "$B/rootfs"
	echo mine >"$T/vol/part/f"
	[ -L "$T/vol/link" ] || ln -s "$T/secret" "$T/vol/link"
	mnt "{\"destination\": \"/vol\", \"type\": \"bind\", \"source\": \"$T/vol\", \"options\": [\"rbind\"]}"
	mnt '{"destination": "/mapped", "type": "bind", "source": $s, "options": $ARGS.positional}' --arg s "$B/rootfs/$src" --args -- "$@"
}
# The filesystem of the test must know id mappings; so do ext4, btrfs, xfs since 5.12 to 5.19, tmpfs since 6.3.
run_idmapped() {
	run_container -- "$@"
	[[ $stderr != *"cannot idmap its filesystem"* ]] || skip_or_fail "$stderr"
}

@test "id mappings: on what is there only since an earlier mount of the same container" {
	need sandrun
	idmapped_part vol/part bind "idmap=uids=0-1234-1;gids=0-4321-1"
	run_idmapped sh -c 'cat /mapped/f; stat -c %u:%g /mapped/f /vol/part/f'
	is $'mine\n1234:4321\n0:0' "$output"
}

@test "id mappings: the same for a container in a user namespace, whose root may not make them" {
	need sandrun userns
	idmapped_part vol/part rbind idmap
	# Twice, and one of them with the mappings of its own: create is asked in their order.
	cfg '.mounts += [.mounts[-1] + {destination: "/tmp", uidMappings: [{containerID: 0, hostID: 100007, size: 1}],
		gidMappings: [{containerID: 0, hostID: 100008, size: 1}]}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings |
		.linux.namespaces += [{type: "user"}]'
	run_idmapped sh -c 'cat /mapped/f; stat -c %u:%g /mapped/f /tmp/f /vol/part/f'
	is $'mine\n0:0\n7:8\n65534:65534' "$output"
}

@test "id mappings: a volume's symlink is no source where symlinks are not to be followed, and a missing one is no other" {
	need sandrun
	mkdir "$T/secret"
	idmapped_part vol/link bind src-nofollow "idmap=uids=0-1234-1;gids=0-4321-1"
	run_idmapped sh -c 'ls /mapped'
	[ "$status" -ne 0 ]
	# On the host there is something of that name; in the container it is covered.
	mkdir -p "$B/rootfs/vol/hidden"
	cfg '.mounts[-1].source = $s | .mounts[-1].options -= ["src-nofollow"]' --arg s "$B/rootfs/vol/hidden"
	run_idmapped true
	one_clear_line "mounts[" "/mapped" "bind source" "it is not there"
}
