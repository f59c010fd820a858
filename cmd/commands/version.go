package commands

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/version"
)

func versionCommand(program string) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version [--json]",
		Short: "Print which build this is, and what it was built of",
		Long: `Prints the version, the commit that it was built from and its time, the Go release and
the platform, and each module in the program with its version and the hash that go.sum
has for it. --version prints the first of that, in a line.`,
		Example: "  " + program + " version --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			b := version.Read(c.Root().Name())
			if !asJSON {
				_, err := fmt.Fprint(c.OutOrStdout(), b.Text())
				return err
			}
			text, err := json.MarshalIndent(b, "", "  ")
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", text)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print it as data")
	return c
}

// manualCommand writes the pages for man. It is for whoever makes a release, or has no
// package of one.
func (p Program) manualCommand(program string) *cobra.Command {
	return &cobra.Command{
		Use:   "manual DIR",
		Short: "Write the pages for man to a folder",
		Long: fmt.Sprintf(`Writes the page of this program, and of each of its commands, to the folder DIR, which is
made where it is not there. They say what --help-all does. man DIR/%s.%d shows one;
those in share/man/man%[2]d beside a folder bin of your PATH are found by their names.`, program, p.Section),
		Args:    cobra.ExactArgs(1),
		Example: "  " + program + " manual man",

		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: func(c *cobra.Command, args []string) error { return p.writePages(c.Root(), args[0]) },
	}
}

// writePages writes the page of each command, but those that are hidden, and of help,
// which says nothing that the others do not.
func (p Program) writePages(root *cobra.Command, dir string) error {
	b := version.Read(root.Name())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var write func(c *cobra.Command) error
	write = func(c *cobra.Command) error {
		page := p.page(c)
		page.See = p.see(c)
		text := page.Man(b.Program+" "+b.Version, b.Day())
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s.%d", page.File(), page.Section)), text, 0o644); err != nil {
			return err
		}
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() || sub.Name() == "help" {
				continue
			}
			if err := write(sub); err != nil {
				return err
			}
		}
		return nil
	}
	return write(root)
}

// see are the pages that the one of a command refers to: those of its own commands, or the
// one that it is of.
func (p Program) see(c *cobra.Command) (names []string) {
	if c.HasParent() {
		names = append(names, p.page(c.Parent()).File())
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && sub.Name() != "help" {
			names = append(names, p.page(sub).File())
		}
	}
	if !c.HasParent() {
		names = append(names, p.See...)
	}
	return names
}
