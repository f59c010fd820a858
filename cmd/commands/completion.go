package commands

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shells are those that completion is for, and what writes it.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       bashScript,
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
}

// bashScript writes cobra's script, and has its offers without a backslash before a comma.
// The script quotes by printf %q, which sees a list of braces in every comma; what was
// completed once would then not be known again after the next comma.
func bashScript(root *cobra.Command, w io.Writer) error {
	if err := root.GenBashCompletionV2(w, true); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
__%[1]s_with_commas()
{
    __start_%[1]s
    COMPREPLY=("${COMPREPLY[@]//\\,/,}")
}
if [[ $(type -t compopt) = "builtin" ]]; then
    complete -o default -F __%[1]s_with_commas %[1]s
else
    complete -o default -o nospace -F __%[1]s_with_commas %[1]s
fi
`, root.Name())
	return err
}

func completionCommand(program string) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print what has a shell complete this program's commands",
		Long: `Prints a script that has the shell complete commands, flags and what stands after
them. It asks this program, which opens the file that the line names, and no network.

bash needs the package bash-completion; the script goes to a file of the program's name
in ~/.local/share/bash-completion/completions. For zsh it is a file _PROGRAM in a folder
of $fpath, for fish PROGRAM.fish in ~/.config/fish/completions.`,
		Example:   "  " + program + " completion bash > ~/.local/share/bash-completion/completions/" + program,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 || shells[args[0]] == nil {
				return fmt.Errorf("the shell is %q, it has to be one of bash, zsh, fish and powershell", strings.Join(args, " "))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return shells[args[0]](c.Root(), c.OutOrStdout()) },
	}
}

// completeFlags has the value of each flag completed by what its help calls it.
func completeFlags(c *cobra.Command) {
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 && !c.HasSubCommands() {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if _, has := c.GetFlagCompletionFunc(f.Name); has || f.NoOptDefVal != "" {
			return
		}
		if err := c.RegisterFlagCompletionFunc(f.Name, completionOf(valueOf(f))); err != nil {
			panic(err) // asked above
		}
	})
}

// completionOf returns how a value of that name is completed: by folders, by files, or not
// at all, which is better than by files that it cannot be.
func completionOf(value string) cobra.CompletionFunc {
	is := func(names ...string) bool {
		return slices.ContainsFunc(strings.FieldsFunc(value, func(r rune) bool { return r == '|' || r == ',' || r == '[' || r == ']' }), func(part string) bool {
			return slices.Contains(names, strings.TrimRight(part, "0123456789"))
		})
	}
	switch {
	case is("DIR"):
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
	case is("FILE", "NOTE", "POLICY", "CMD"):
		return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		}
	case is("X.chirograph", "DOSSIER"):
		return Files("chirograph")
	}
	return cobra.NoFileCompletions
}

// Values has a flag completed by the values that it may have, in this order.
func Values(c *cobra.Command, flag string, values ...string) {
	fixed := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
	if err := c.RegisterFlagCompletionFunc(flag, fixed); err != nil {
		panic(err) // a flag that is not there, or has its values already
	}
}

// FilesAfter completes the name of a file that stands behind something else in one word,
// as in "buyer=ann.pub,b", where shells look for no file of their own: before is all that
// stands in front of the name, said are names that are not offered again. It offers files
// of the ending, where there are such, else all, and folders with a slash behind them;
// what is hidden only where a dot says so. A name with a comma, or with what a line cannot
// show, is never offered. Where nothing is, the shell may look for itself.
func FilesAfter(before, name, ending string, said ...string) ([]string, cobra.ShellCompDirective) {
	dir, begun := filepath.Split(name)
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	var folders, wanted, others []string
	for _, e := range entries {
		file := e.Name()
		if !strings.HasPrefix(file, begun) || begun == "" && file[0] == '.' || slices.Contains(said, dir+file) ||
			strings.ContainsFunc(file, func(r rune) bool { return r == ',' || !unicode.IsPrint(r) }) {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, file)) // of what a link points to
		switch offer := before + dir + file; {
		case err != nil:
		case info.IsDir():
			folders = append(folders, offer+"/")
		case strings.HasSuffix(file, ending):
			wanted = append(wanted, offer)
		default:
			others = append(others, offer)
		}
	}
	if len(wanted) == 0 {
		wanted = others
	}
	list := slices.Concat(folders, wanted)
	if len(list) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// Files completes names of files with these endings.
func Files(endings ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}
