# SPDX-License-Identifier: Apache-2.0
# options.bats - what --help, the manual page and the completion say of commands and options is the same

load helpers

setup() { need sandrun; }

manual=$TESTS_DIR/../../docs/sandrun.1
completion=$TESTS_DIR/../../contrib/completion/sandrun.bash

commands() { "$SANDRUN" --help | sed -n '/^COMMANDS:/,/^GLOBAL OPTIONS:/s/^   \([a-z]*\) .*/\1/p'; }
# help_options [COMMAND]: the lines of its options; names: the long names in such lines; letters: the short ones.
help_options() { "$SANDRUN" "$@" --help | sed -n '/OPTIONS:$/,$s/^  \(-., \|    \)--/&/p'; }
names() { sed -E 's/^ +(-., +)?(--[a-z0-9-]+).*/\2/' | sort -u; }
letters() { sed -nE 's/^ +(-.), .*/\1/p' | sort -u; }

# manual_of COMMAND ("" is the global options): its section as plain text; one line for each line of the source.
manual_of() {
	awk -v c="$1" '
		/^\.SH/ { on = c == "" && $0 ~ /GLOBAL OPTIONS/ }
		/^\.SS/ { title = $0; gsub(/^\.SS "?|"$/, "", title); on = 0
			n = split(title, part, ", "); for (i = 1; i <= n; i++) { split(part[i], w, " "); on = on || w[1] == c } }
		on' "$manual" | sed 's/\\-/-/g; s/\\f[BIRP]//g; s/"//g'
}
# Heads of paragraphs and titles: what the section is about, not what it mentions.
heads() { awk '/^\.SS/ { print } tp { print } { tp = /^\.TP/ }'; }
long_in() { grep -oE -- '--[a-z0-9][a-z0-9-]*' | sort -u; }
missing() { comm -23 - <(sort -u "$1"); }

# The sections that speak of a command's options.
sections() {
	manual_of "$1"
	case $1 in
	run) manual_of create ;;
	restore) manual_of checkpoint; manual_of run; manual_of create ;;
	esac
}

@test "the manual page has every command, and every option with its letter, of --help" {
	local c m=$BATS_TEST_TMPDIR/manual
	for c in "" $(commands); do
		sections "$c" >"$m"
		[ -s "$m" ] || { echo "no section of $c"; return 1; }
		is "$c:" "$c:$(help_options $c | names | missing <(long_in <"$m"))"
		is "$c:" "$c:$(help_options $c | letters | missing <(grep -oE -- '(^|[^-a-z])-[a-zA-Z]\b' "$m" | grep -oE -- '-.$'))"
	done
}

@test "what the manual page says a command takes, it takes" {
	local c
	for c in "" $(commands); do
		is "$c:" "$c:$(manual_of "$c" | heads | long_in | grep -vx -- '--help\|--name' |
			missing <(help_options $c | names))"
	done
}

@test "the completion has every command and every option, and completes files where a file is wanted" {
	local c
	is "$(commands | sort)" "$(sed -n "s/.*commands='\(.*\)'/\1/p" "$completion" | tr ' ' '\n' | sort)"
	source "$completion"
	for c in "" $(commands); do
		is "$c:" "$c:$(help_options $c | names | missing <(_sandrun_options "$SANDRUN" $c))"
		# not of the container's files
		is "$c:" "$c:$(help_options $c | grep -E -- '--[a-z0-9-]+ (FILE|DIR|PATH) ' | grep -vE -- '--(cwd|cgroup) ' | names |
			missing <(sed -n '/--root | --bundle/p' "$completion" | long_in))"
	done
	# A value of a global option is not the command.
	is "" "$(help_options | grep -E -- '--[a-z-]+ [A-Z]' | names | missing <(sed -n '/^\t\t--root)/,/^\t\t-\*)/p' "$completion" | long_in))"
}

# offers SHELL LINE LAST: what the completion of fish or zsh offers for it; LAST is the last of it.
offers() {
	case $1 in
	fish) PATH=$T/bin:$PATH HOME=$T fish -c "source $TESTS_DIR/../../contrib/completion/sandrun.fish; complete -C '$2'" ;;
	zsh) PATH=$T/bin:$PATH timeout 20 zsh -f -c '
		zmodload zsh/zpty
		zpty z "PS1= zsh -f -i"
		zpty -w z "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; zstyle \":completion:*\" list-separator \"#\"; LISTMAX=0; unset zle_bracketed_paste"
		zpty -w -n z "$2"$'"'\t\t'"'
		zpty -r z out "*$3*"
		print -r -- $out
		zpty -d z' _ "$TESTS_DIR/../../contrib/completion" "$2" "$3" ;;
	esac
}

@test "fish and zsh complete commands and their options, too" {
	local shell tried=
	T=$BATS_TEST_TMPDIR
	mkdir "$T/bin"
	ln -s "$SANDRUN" "$T/bin/sandrun"
	for shell in fish zsh; do
		command -v $shell >/dev/null || continue
		tried+=$shell
		offers $shell 'sandrun de' 'tell what was refused' >"$T/out"
		has delete "$(cat "$T/out")"
		has 'tell what was refused' "$(cat "$T/out")"
		offers $shell 'sandrun --root /tmp denied --' 'only since then' >"$T/out"
		has --follow "$(cat "$T/out")"
		has 'only since then' "$(cat "$T/out")"
	done
	[ "$tried" ] || skip_or_fail "neither fish nor zsh is installed"
}
