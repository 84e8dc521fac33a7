# SPDX-License-Identifier: Apache-2.0
# debian.bash - packages of another Debian release than this machine's, for tests that need something newer or older
#
# Must not: touch this machine's apt: its lists, cache and installed packages stay as they are.

# The mirror that this machine itself uses for Debian's main archive.
debian_mirror() {
	apt-get indextargets --format '$(REPO_URI) $(LABEL) $(COMPONENT) $(SUITE)' |
		awk '$2 == "Debian" && $3 == "main" && $4 !~ /updates|security|backports/ && !u { u = $1 } END { print u }'
}

# debian_apt SUITE DIR: fills the array "apt" with options for apt-get and apt-cache: that release alone, with nothing installed
# and everything in DIR. apt verifies what it gets.
debian_apt() {
	local suite=$1 dir=$2
	mkdir -p "$dir/lists/partial" "$dir/archives/partial"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) $suite main" >"$dir/sources.list"
	# shellcheck disable=SC2034
	apt=(-q -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$dir/lists"
		-o Dir::Cache="$dir" -o Dir::State::status=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none)
}
