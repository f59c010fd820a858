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

	"github.com/chirograph/chirograph/cmd/version"
	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/replica"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit codes beside 0.
const (
	exitDamaged = 1 // check found damage, or follow --once that the ledger broke a promise
	exitFailed  = 2 // everything else that did not go as it should
)

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
	cobra.AddTemplateFunc("plainFlags", plainFlags)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages |", ".FlagUsages | plainFlags |"))
	root.SetHelpCommand(helpCommand())
	root.AddCommand(initCommand(), serveCommand(), recoverCommand(), logConfigCommand(),
		backupCommand(), followCommand(), promoteCommand(), checkCommand(), rebuildCommand(), freezeCommand(), operatingTopic())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return fmt.Errorf("%w; see %s --help", err, c.CommandPath()) })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "chirographd: %s\n", told(err))
		if breach := (*replica.Breach)(nil); errors.Is(err, errDamaged) || errors.As(err, &breach) && breach.Finding.Rule != audit.Behind {
			return exitDamaged // an older tree may be that of a cache
		}
		return exitFailed
	}
	return 0
}

// plainFlags leaves out "[=true|false]", which says nothing of a flag that is said or
// left out, and the name of a flag's value in parentheses, which stands before its text.
func plainFlags(usages string) string {
	const either = "[=true|false]"
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(usages, either, strings.Repeat(" ", len(either)))) {
		_, rest, _ := strings.Cut(line, "--")
		if words := strings.Fields(rest); len(words) > 1 {
			line = strings.Replace(line, " ("+words[1]+")", "", 1)
		}
		b.WriteString(line)
	}
	return b.String()
}

// helpCommand is cobra's, but that it fails for a command that it does not know.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
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
