package main

import (
	"fmt"
	"strings"
)

// scripts have a shell complete the line, without asking this program.
var scripts = map[string]func() string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}

// receiptEndings are those of the files that receipt reads.
var receiptEndings = []string{"chirograph", "tlog-proof"}

// flagNames returns the flags after which nothing stands, and those after which a file, a
// folder, or something else does.
func flagNames() (of map[string][]string) {
	of = make(map[string][]string)
	for _, f := range flags {
		of[f.Value] = append(of[f.Value], f.Name)
	}
	return of
}

func bashScript() string {
	of := flagNames()
	var all []string
	for _, f := range flags {
		all = append(all, f.Name)
	}
	lines := func(words []string) string { return strings.Join(words, `\n`) }
	var receipts strings.Builder
	for _, ending := range receiptEndings {
		fmt.Fprintf(&receipts, ` compgen -f -X '!*.%s' -- "$cur";`, ending)
	}
	return fmt.Sprintf(`# bash completion for chirograph-verify
_chirograph_verify() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word IFS=$'\n'
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in %[1]s|help) command=$word; break ;; esac
    done
    case $prev in
    %[2]s) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
    %[3]s) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return ;;
    %[4]s) return ;;
    esac
    case $cur,$command in
    -*) COMPREPLY=($(compgen -W $'%[5]s' -- "$cur")) ;;
    *,) COMPREPLY=($(compgen -W $'%[6]s\nhelp' -- "$cur")) ;;
    *,help) COMPREPLY=($(compgen -W $'%[6]s' -- "$cur")) ;;
    *,completion) COMPREPLY=($(compgen -W $'bash\nzsh\nfish' -- "$cur")) ;;
    *,version) ;;
    *,manual) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")) ;;
    *,receipt) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur";%[7]s)) ;;
    *) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")) ;;
    esac
}
complete -F _chirograph_verify chirograph-verify
`, strings.Join(names(), "|"), strings.Join(of["FILE"], "|"), strings.Join(of["DIR"], "|"), strings.Join(of["ROLE=VKEY"], "|"),
		lines(all), lines(names()), receipts.String())
}

// single puts a text in single quotes, for zsh and fish.
func single(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func zshScript() string {
	var b strings.Builder
	b.WriteString("#compdef chirograph-verify\n_chirograph_verify() {\n    local curcontext=$curcontext state line ret=1\n    local -a known\n    known=(\n")
	for _, name := range names() {
		fmt.Fprintf(&b, "        %s\n", single(name+":"+pages[name].Short))
	}
	b.WriteString("        'help:Print the help of a command'\n    )\n    _arguments -C -S \\\n")
	for _, f := range flags {
		spec := fmt.Sprintf("%s[%s]", f.Name, strings.NewReplacer("[", `\[`, "]", `\]`).Replace(f.Text))
		if f.Repeating {
			spec = "*" + spec
		}
		switch f.Value {
		case "":
		case "FILE":
			spec += ":file:_files"
		case "DIR":
			spec += ":folder:_files -/"
		default:
			spec += ":" + strings.ToLower(strings.ReplaceAll(f.Value, "=", " and ")) + ":"
		}
		fmt.Fprintf(&b, "        %s \\\n", single(spec))
	}
	fmt.Fprintf(&b, `        '1:command:{_describe command known}' '*: :->rest' && ret=0
    if [[ $state == rest ]]; then
        case $line[1] in
        help) _describe command known && ret=0 ;;
        completion) _values shell bash zsh fish && ret=0 ;;
        version) ;;
        manual) _files -/ && ret=0 ;;
        receipt) _files -g '*.(%s)' && ret=0 ;;
        *) _files && ret=0 ;;
        esac
    fi
    return ret
}
if [[ $funcstack[1] == _chirograph-verify ]]; then
    _chirograph_verify "$@"
else
    compdef _chirograph_verify chirograph-verify
fi
`, strings.Join(receiptEndings, "|"))
	return b.String()
}

func fishScript() string {
	var b strings.Builder
	b.WriteString("# fish completion for chirograph-verify\ncomplete -c chirograph-verify -f\n")
	for _, name := range names() {
		fmt.Fprintf(&b, "complete -c chirograph-verify -n __fish_use_subcommand -a %s -d %s\n", name, single(pages[name].Short))
	}
	b.WriteString("complete -c chirograph-verify -n __fish_use_subcommand -a help -d 'Print the help of a command'\n")
	fmt.Fprintf(&b, "complete -c chirograph-verify -n '__fish_seen_subcommand_from help' -a '%s'\n", strings.Join(names(), " "))
	b.WriteString("complete -c chirograph-verify -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n")
	b.WriteString("complete -c chirograph-verify -n '__fish_seen_subcommand_from manual' -a '(__fish_complete_directories)'\n")
	b.WriteString("complete -c chirograph-verify -n '__fish_seen_subcommand_from receipt consistency evidence' -F\n")
	for _, f := range flags {
		how := map[string]string{"": "", "FILE": " -r -F", "DIR": " -x -a '(__fish_complete_directories)'"}
		what, ok := how[f.Value]
		if !ok {
			what = " -x"
		}
		fmt.Fprintf(&b, "complete -c chirograph-verify -l %s%s -d %s\n", strings.TrimPrefix(f.Name, "--"), what, single(f.Text))
	}
	return b.String()
}
