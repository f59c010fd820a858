package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/cmd/manual"
)

// about is what the help of chirograph itself says, beside its commands' own.
var about = commands.Program{
	Section: 1,
	Rows: []manual.Row{
		{Names: "key", Text: "make, show and revoke keys"},
		{Names: "policy", Text: "fetch a ledger's own policy: its key and its witnesses"},
		{Names: "new, amend", Text: "draw up a contract, or one that takes its place"},
		{Names: "show, sign", Text: "see what a contract says and what it lacks; sign it"},
		{Names: "join, drop", Text: "put copies together; take out drafts that have lapsed"},
		{Names: "submit, update", Text: "register what all have signed; fetch what came later"},
		{Names: "status", Text: "ask the ledger how a contract stands"},
		{Names: "declare, terminate", Text: "draft a statement, say of delivery; draft the end"},
		{Names: "extract, certificate", Text: "write documents and receipts as files; print it all"},
		{Names: "audit, watch", Text: "check a whole ledger; follow ledgers, and be told"},
		{Names: "demo", Text: "see all of it at once, with four forgeries"},
		{Names: "completion, manual", Text: "have your shell complete names; write pages for man"},
		{Names: "version, help", Text: "about this program"},
	},
	More: []manual.Section{
		{Title: "EXIT STATUS", Text: `0 when it did what was asked, or the answer is yes; 1 when the answer is no; 2 when it could not ask, or the command line makes no sense.`},
		{Title: "ENVIRONMENT", Text: `CHIROGRAPH_HOME is the folder in which it remembers what it has seen of ledgers. SSH_AUTH_SOCK is the agent that --agent asks.`},
	},
	See: []string{"chirographd", "chirograph-verify"},
}

// explain has every command answer a line that makes no sense with the one that
// would, and its help fit a screen.
func (a *app) explain(c *cobra.Command) {
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return hint(err, "%s", useOf(c)) })
	c.SetHelpCommand(helpCommand())
	c.InitDefaultHelpCmd()
	a.complete(c)
	commands.Prepare(c, about)
	explainArgs(c)
}

// helpCommand is cobra's, but for what it says of a command that it does not know:
// that, and not what the program is.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Print the help of a command",
		Example: "  chirograph help sign",
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			found, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return hint(fmt.Errorf("unknown command %q for %q", strings.Join(args, " "), root.Name()), "%s --help lists the commands", root.Name())
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

func explainArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return hint(err, "%s", useOf(c))
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		explainArgs(sub)
	}
}

func useOf(c *cobra.Command) string {
	if c.HasSubCommands() {
		return c.CommandPath() + " --help lists the commands"
	}
	return c.UseLine()
}

// group makes a command that is nothing without one of its own: it shows its help,
// and refuses what it does not know.
func group(c *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	c.AddCommand(commands...)
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

// commandFirst puts the words that name the command before the flags that stand in
// front of them, so that flags may stand anywhere.
func commandFirst(root *cobra.Command, args []string) []string {
	if len(args) > 1 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		half := len(args) - 1 // the word that a shell asks for stays where it is
		return slices.Concat(args[:1], commandFirst(root, args[1:half]), args[half:])
	}
	valued := make(map[string]bool)
	valuedFlags(root, valued)
	var words, rest []string
	for c, i := root, 0; i < len(args); i++ {
		arg := args[i]
		if arg != "-" && arg != "--" && strings.HasPrefix(arg, "-") {
			rest = append(rest, arg)
			if valued[arg] && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
			continue
		}
		next := commandOf(c, arg)
		if next == nil {
			return slices.Concat(words, rest, args[i:])
		}
		c, words = next, append(words, arg)
	}
	return append(words, rest...)
}

func commandOf(c *cobra.Command, name string) *cobra.Command {
	for _, sub := range c.Commands() {
		if sub.Name() == name {
			return sub
		}
	}
	return nil
}

// valuedFlags collects the flags after which a value stands as an argument of its
// own: in every command the same.
func valuedFlags(c *cobra.Command, valued map[string]bool) {
	for _, f := range flagsOf(c) {
		if f.NoOptDefVal == "" {
			valued["--"+f.Name], valued["-"+f.Shorthand] = true, true
		}
	}
	for _, sub := range c.Commands() {
		valuedFlags(sub, valued)
	}
}

func flagsOf(c *cobra.Command) (flags []*pflag.Flag) {
	c.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f) })
	return flags
}

// someArguments demands as many arguments as there are names, and takes any more.
func someArguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, given []string) error {
		if len(given) < len(names) {
			return fmt.Errorf("%s is missing", names[len(given)])
		}
		return nil
	}
}

// arguments demands as many arguments as there are names, and any more where the
// last name ends in "…".
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, given []string) error {
		last := names[len(names)-1]
		switch {
		case len(given) < len(names):
			return fmt.Errorf("%s is missing", strings.TrimSuffix(names[len(given)], "…"))
		case len(given) > len(names) && !strings.HasSuffix(last, "…"):
			return fmt.Errorf("%q is one argument too many", given[len(names)])
		}
		return nil
	}
}
