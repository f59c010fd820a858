// Command chirographd is a ledger: it registers the contracts that parties signed,
// and serves its log to everyone.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// exitFailed is the exit code of everything that did not go as it should.
const exitFailed = 2

func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what is still being answered
	root := &cobra.Command{
		Use:   "chirographd",
		Short: "A ledger of contracts that all parties signed",
		Long: `chirographd keeps a ledger: it registers contracts that all parties signed, and
serves its log, as tiles, to everyone who wants to check it.`,
		Example: `  chirographd init --dir ledger --origin ledger.example
  chirographd serve --dir ledger --listen 127.0.0.1:8080`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpCommand(helpCommand())
	root.AddCommand(initCommand(), serveCommand(), recoverCommand(), logConfigCommand())
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return fmt.Errorf("%w; see %s --help", err, c.CommandPath()) })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "chirographd: %s\n", err)
		return exitFailed
	}
	return 0
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
