// Command chirographd is a ledger: it registers the contracts that parties signed,
// and serves its log to everyone.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/cmd/manual"
	"github.com/chirograph/chirograph/cmd/version"
	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/replica"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes beside 0.
const (
	exitDamaged = 1 // check found damage, probe-store that a store is unfit, or follow --once that the ledger broke a promise
	exitFailed  = 2 // everything else that did not go as it should
)

// about is what the help of chirographd itself says, beside its commands' own.
var about = commands.Program{
	Section: 8,
	Rows: []manual.Row{
		{Names: "init", Text: "make the keys and the empty log of a new ledger"},
		{Names: "serve", Text: "run the ledger"},
		{Names: "node", Text: "run one of several nodes of a ledger on object storage"},
		{Names: "reload", Text: "have it read its witness policy again while it runs"},
		{Names: "log-config", Text: "print what the operator of a witness needs to know of it"},
		{Names: "backup", Text: "copy a ledger, also one that runs"},
		{Names: "follow, promote", Text: "keep a read-only copy; make it the ledger"},
		{Names: "check, rebuild", Text: "find what is damaged; make it anew from the entries"},
		{Names: "recover", Text: "give a ledger a guard, or go on after a loss"},
		{Names: "freeze", Text: "have a ledger register nothing any more, for good"},
		{Names: "probe-store, migrate", Text: "try an object store; move a ledger into it, or back"},
		{Names: "completion, manual", Text: "have your shell complete flags; write pages for man"},
		{Names: "version, help", Text: "about this program"},
	},
	More: []manual.Section{
		{Title: "EXIT STATUS", Text: `0 when it did what was asked; 1 when check found damage, probe-store that a store cannot carry a ledger, or follow --once that the ledger broke a promise; 2 when something else did not go as it should.`},
	},
	See: []string{"chirograph", "chirograph-verify"},
}

func run(args []string, stdout, stderr io.Writer) int {
	ctx, unhook := hungUp(context.Background())
	defer unhook()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what is still being answered
	if err := keys.NoDumps(); err != nil {
		fmt.Fprintf(stderr, "chirographd: warning: a crash may write the ledger's keys to disk: %s\n", err)
	}
	root := &cobra.Command{
		Use:   "chirographd",
		Short: "A ledger of contracts that all parties signed",
		Long: `chirographd keeps a ledger: it registers contracts that all parties signed, and
serves its log, as tiles, to everyone who wants to check it.`,
		Example: `  chirographd init --dir ledger --origin ledger.example
  chirographd serve --dir ledger --listen 127.0.0.1:8080`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version.Of("chirographd"),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpCommand(helpCommand())
	root.AddCommand(initCommand(), serveCommand(), recoverCommand(), logConfigCommand(),
		backupCommand(), followCommand(), promoteCommand(), checkCommand(), rebuildCommand(), freezeCommand(), reloadCommand(), nodeCommand(), probeCommand(), migrateCommand())
	root.InitDefaultHelpCmd()
	commands.Prepare(root, about)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return fmt.Errorf("%w; see %s --help", err, c.CommandPath()) })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "chirographd: %s\n", told(err))
		if breach := (*replica.Breach)(nil); errors.Is(err, errDamaged) || errors.Is(err, errUnfit) || errors.As(err, &breach) && breach.Finding.Rule != audit.Behind {
			return exitDamaged // an older tree may be that of a cache
		}
		return exitFailed
	}
	return 0
}

// helpCommand is cobra's, but that it fails for a command that it does not know.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",

		Example: "  chirographd help serve",
		RunE: func(c *cobra.Command, args []string) error {
			found, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return fmt.Errorf("unknown command %q for %q", strings.Join(args, " "), c.Root().Name())
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}
