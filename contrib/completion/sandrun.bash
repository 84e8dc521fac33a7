# SPDX-License-Identifier: Apache-2.0
# bash completion for sandrun: commands, their options (asked of sandrun itself), container ids

_sandrun_options() {
	"$1" "${@:2}" --help 2>/dev/null | sed -nE 's/^  (-.), (--[a-z0-9-]+).*/\1\n\2/p; s/^      (--[a-z0-9-]+).*/\1/p'
}

_sandrun() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' root=() i
	local commands='check checkpoint create delete denied events exec features help kill list metrics pause policy ps restore resume run spec start state update version'

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root) root=(--root "${COMP_WORDS[++i]}") ;;
		--log | --log-format | --log-level | --cgroup-manager | --annotation | --criu) ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	[[ $command != kill && $command != delete ]] || prev='' # their -r is no --resources
	case $prev in
	--root | --bundle | -b | --log | --pid-file | --console-socket | --pidfd-socket | --image-path | --work-path | --parent-path | --criu | --process | -p | --config | --file | --resources | -r | --textfile)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$cur"); return ;;
	--manage-cgroups-mode) mapfile -t COMPREPLY < <(compgen -W 'soft full strict ignore' -- "$cur"); return ;;
	--network-lock) mapfile -t COMPREPLY < <(compgen -W 'iptables nftables skip' -- "$cur"); return ;;
	--empty-ns) mapfile -t COMPREPLY < <(compgen -W network -- "$cur"); return ;;
	--cgroup-manager) mapfile -t COMPREPLY < <(compgen -W 'cgroupfs systemd disabled' -- "$cur"); return ;;
	esac
	if [[ -z $command ]]; then
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_sandrun_options "${COMP_WORDS[0]}")" -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur")
		fi
		return
	fi
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sandrun_options "${COMP_WORDS[0]}" "$command")" -- "$cur")
		return
	fi
	if [[ $command == policy && ${COMP_WORDS[COMP_CWORD-1]} == policy ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'check show learn' -- "$cur")
		return
	fi
	case $command in
	check | create | restore | run | spec | features | list | metrics | version) ;;
	help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" "${root[@]}" list -q 2>/dev/null)" -- "$cur") ;;
	esac
}
complete -F _sandrun sandrun
