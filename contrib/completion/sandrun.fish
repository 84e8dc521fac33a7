# SPDX-License-Identifier: Apache-2.0
# fish completion for sandrun: commands and their options (asked of sandrun itself), container ids

function __sandrun_command
    set -l words (commandline -opc)
    set -l i 2
    while test $i -le (count $words)
        switch $words[$i]
            case --root --log --log-format --log-level --cgroup-manager --annotation --criu
                set i (math $i + 1)
            case '-*'
            case '*'
                echo $words[$i]
                return 0
        end
        set i (math $i + 1)
    end
    return 1
end

function __sandrun_commands
    sandrun help 2>/dev/null | sed -n '/^COMMANDS:/,/^GLOBAL OPTIONS:/s/^   \([a-z]*\)  *\(.*\)/\1\t\2/p'
end

function __sandrun_options
    set -l command (__sandrun_command)
    sandrun $command --help 2>/dev/null | sed -nE 's/^  (-.), (--[a-z0-9-]+)( [^ ]+)? +(.*)/\1\t\4\n\2\t\4/p; s/^      (--[a-z0-9-]+)( [^ ]+)? +(.*)/\1\t\3/p'
end

function __sandrun_ids
    set -l words (commandline -opc)
    set -l at (contains -i -- --root $words)
    and set -l root --root $words[(math $at + 1)]
    sandrun $root list -q 2>/dev/null
end

complete -c sandrun -f
complete -c sandrun -n 'not __sandrun_command >/dev/null' -a '(__sandrun_commands)'
complete -c sandrun -n 'test "$(__sandrun_command)" = help' -a '(__sandrun_commands)'
complete -c sandrun -n 'test (commandline -opc)[-1] = policy' -a 'check show learn'
complete -c sandrun -n 'string match -q -- "-*" (commandline -ct)' -a '(__sandrun_options)'
complete -c sandrun -n '__sandrun_command >/dev/null; and not contains (__sandrun_command) check create restore run spec features list metrics version help' -a '(__sandrun_ids)'
complete -c sandrun -n 'contains -- (commandline -opc)[-1] --root --bundle -b --log --pid-file --config --file --resources --process --criu --textfile' -F
