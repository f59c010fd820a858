// Command chirograph is the tool of the parties: it makes keys, draws up contracts,
// shows and signs them, and registers them with a ledger.
//
// It exits 0 when it did what was asked or the answer is yes, 1 when the answer is
// no, and 2 when it could not ask or the command line makes no sense.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/terminal"
	"github.com/chirograph/chirograph/cmd/version"
	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/ledger/dossier"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

const (
	exitYes     = 0
	exitNo      = 1
	exitUnasked = 2
)

// An app is what all commands share: the world outside.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	random io.Reader
	now    func() time.Time
	getenv func(string) string
}

func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what does not heed the first
	done := make(chan struct{})
	defer close(done)
	go endLate(ctx, done)
	if err := keys.NoDumps(); err != nil {
		fmt.Fprintf(stderr, "warning: a crash may write your keys to disk: %s\n", err)
	}
	a := &app{stdin, stdout, stderr, rand.Reader, time.Now, os.Getenv}
	root := a.root()
	a.explain(root)
	root.SetArgs(commandFirst(root, args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitYes
	}
	err, stopped := foundOut(ctx, err)
	if stopped {
		fmt.Fprintln(stderr, "chirograph: stopped")
	}
	if err == nil {
		return exitUnasked
	}
	fmt.Fprintf(stderr, "chirograph: %s\n", plainError(err))
	if h := advice(err); h != "" {
		fmt.Fprintf(stderr, "hint: %s\n", h)
	}
	var n *negative
	if errors.As(err, &n) {
		return exitNo
	}
	return exitUnasked
}

// advice returns what to do about an error: its own hint, or one that any command may
// need; "" for none.
func advice(err error) string {
	var h *hinted
	var op *net.OpError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.Is(err, dossier.ErrChanged):
		return "another command wrote the file meanwhile: run this one again"
	case errors.As(err, &op) && op.Op == "dial":
		return "nothing answers there: is the ledger running, is the address right?"
	}
	return ""
}

// errStopped is the error of a command that a signal ended.
var errStopped = errors.New("stopped")

// foundOut returns what of the error of a command is not that a signal ended it, nil for
// nothing, and whether one did.
func foundOut(ctx context.Context, err error) (found error, stopped bool) {
	if !errors.Is(err, errStopped) && !errors.Is(err, keys.ErrInterrupted) && !(ctx.Err() != nil && errors.Is(err, context.Canceled)) {
		return err, false
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, part := range e.Unwrap() {
			part, _ = foundOut(ctx, part)
			found = errors.Join(found, part)
		}
	case interface{ Unwrap() error }:
		// What is around both, a hint say, stays around both.
		if inner, _ := foundOut(ctx, e.Unwrap()); inner != nil {
			found = err
		}
	}
	return found, true
}

// grace is how long a command may go on after a signal: a request ends at once, and
// work on files, which does not ask, leaves them whole whenever it ends.
const grace = 10 * time.Second

// endLate ends a command that goes on after a signal.
func endLate(ctx context.Context, done <-chan struct{}) {
	<-ctx.Done()
	select {
	case <-done:
	case <-time.After(grace):
		os.Exit(exitUnasked)
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "chirograph",
		Short: "Contracts that all parties sign, in a ledger that nobody can change",
		Long: `Draws up contracts, shows and signs them, and registers them with a ledger. Each
is one file, X.chirograph; its way is key new, new, show, sign, join, submit.`,
		Example:       "  chirograph demo",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version.Of("chirograph"),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(a.keyCommand(), a.policyCommand(), a.newCommand(), a.amendCommand(), a.declareCommand(), a.terminateCommand(), a.showCommand(), a.extractCommand(),
		a.signCommand(), a.joinCommand(), a.dropCommand(), a.certificateCommand(), a.submitCommand(), a.updateCommand(), a.statusCommand(), a.auditCommand(), a.watchCommand(), a.demoCommand())
	return root
}

// say prints talk: what a person reads and no program.
func (a *app) say(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", plainArgs(args)...) }

// print prints a result.
func (a *app) print(format string, args ...any) error {
	_, err := fmt.Fprintf(a.stdout, format+"\n", plainArgs(args)...)
	return err
}

func (a *app) printJSON(v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return a.print("%s", terminal.JSON(b))
}

// A negative error is the answer no, and not a failure to find out.
type negative struct{ error }

func (n *negative) Unwrap() error { return n.error }

func no(format string, args ...any) error { return &negative{fmt.Errorf(format, plainArgs(args)...)} }

// A hinted error says what to do next.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

func hint(err error, format string, args ...any) error {
	return &hinted{err, fmt.Sprintf(format, plainArgs(args)...)}
}
