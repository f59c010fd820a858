package commands

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// shells are those that completion is for, and what writes it.
var shells = map[string]func(root *cobra.Command, w io.Writer) error{
	"bash":       func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
	"zsh":        func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
	"fish":       func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
	"powershell": func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
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
		value, _ := pflag.UnquoteUsage(f)
		if _, has := c.GetFlagCompletionFunc(f.Name); has || f.NoOptDefVal != "" {
			return
		}
		if err := c.RegisterFlagCompletionFunc(f.Name, completionOf(value)); err != nil {
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

// Files completes names of files with these endings.
func Files(endings ...string) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}
