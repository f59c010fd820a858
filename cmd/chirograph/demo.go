package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// crowdSize is how many contracts the demo registers beside the one that it tells of:
// four tiles of the tree and a second or two.
const crowdSize = 1000

func (a *app) demoCommand() *cobra.Command {
	var keep string
	c := &cobra.Command{
		Use:   "demo [--keep DIR]",
		Short: "Show everything once: a contract, a ledger, and four forgeries that are caught",
		Long: `Starts a ledger on this machine, draws up a contract of three parties, signs and
registers it, verifies its receipt offline, registers 1,000 more contracts, and
forges four times. It uses no network and none of your files, takes some seconds,
and removes everything that it made.

With --keep all its files stay in DIR. Exit 0: every step went as it should, and
every forgery was caught where it should be.`,
		Example: "  chirograph demo --keep pumps",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.demo(cmd.Context(), keep)
		},
	}
	c.Flags().StringVar(&keep, "keep", "", "leave the demo's files in `DIR`, which is new or empty")
	return c
}

// demo plays the demo in a directory of its own. The directory is gone afterwards,
// unless it is to be kept; after an interruption it is gone in any case.
func (a *app) demo(ctx context.Context, keep string) error {
	// Else a write to a pipe that nobody reads any more would end the process
	// before it has cleaned up.
	pipe := make(chan os.Signal, 1)
	signal.Notify(pipe, syscall.SIGPIPE)
	defer signal.Stop(pipe)
	dir, remove, err := demoDir(keep)
	if err != nil {
		return err
	}
	d := a.newDemo(dir, keep, crowdSize)
	err = errors.Join(d.play(ctx), d.close())
	switch {
	case err == nil && keep != "":
		return nil
	case err == nil:
		return remove()
	case ctx.Err() != nil:
		return errors.Join(errors.New("interrupted; the demo's files are removed"), remove())
	case keep == "":
		return errors.Join(hint(err, "chirograph demo --keep DIR leaves the files, to look at"), remove())
	}
	return hint(err, "the files are in %s", keep)
}

// demoDir makes the directory of a demo, and returns its absolute path and what
// leaves of it what was there before.
func demoDir(keep string) (dir string, remove func() error, err error) {
	if dir, err = filepath.Abs(cmp.Or(keep, os.TempDir())); err != nil {
		return "", nil, err
	}
	if strings.Contains(dir, ",") {
		return "", nil, hint(fmt.Errorf("%s has a comma, with which chirograph new separates keys", dir), "name another folder: --keep DIR")
	}
	if keep == "" {
		if dir, err = os.MkdirTemp(dir, "chirograph-demo-*"); err != nil {
			return "", nil, err
		}
		return dir, func() error { return os.RemoveAll(dir) }, nil
	}
	found, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return dir, func() error { return os.RemoveAll(dir) }, os.MkdirAll(dir, 0o700)
	case err != nil:
		return "", nil, fmt.Errorf("--keep: %w", err)
	case len(found) > 0:
		return "", nil, hint(fmt.Errorf("--keep: %s is not empty, it has %s", keep, found[0].Name()), "name a folder that is new or empty")
	}
	return dir, func() error {
		made, err := os.ReadDir(dir)
		for _, f := range made {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, f.Name())))
		}
		return err
	}, nil
}

// A demo is the play: its steps, and what they pass on to each other.
type demo struct {
	*story
	tool      *app   // the commands, as a user of the demo's directory has them
	dir       string // absolute
	keep      string // as the user named it; "" when nothing is kept
	crowd     int    // how many more contracts to register
	crowdTime time.Duration
	steps     []demoStep
	forgeries []forgery
	finale    demoStep

	start   time.Time
	secret  keys.SecretKey // the ledger's
	ledger  *demoLedger
	policy  *verify.Policy
	client  *client.Client
	id      record.ID             // of the contract
	first   tlog.SignedCheckpoint // when the contract was alone
	kept    tlog.SignedCheckpoint // when the crowd had come
	proof   tlog.Proof            // of the contract, against the latter
	others  []*record.Record      // the crowd
	figures demoFigures
}

// A demoStep is a part of the play. It prints what it did, and returns an error
// unless everything was as it should be.
type demoStep struct {
	title string
	do    func(context.Context) error
	why   string // it matters
}

func (a *app) newDemo(dir, keep string, crowd int) *demo {
	d := &demo{
		story: newStory(a.stdout), dir: dir, keep: keep, crowd: crowd, crowdTime: crowdTime, start: a.now(),
		tool: &app{stdin: strings.NewReader(""), random: a.random, now: a.now},
	}
	d.tool.getenv = func(name string) string {
		if name == "CHIROGRAPH_HOME" {
			return d.path("home")
		}
		return ""
	}
	d.steps, d.forgeries, d.finale = d.honestSteps(), d.allForgeries(), d.lastStep()
	return d
}

// path returns the path of a file of the demo.
func (d *demo) path(parts ...string) string {
	return filepath.Join(append([]string{d.dir}, parts...)...)
}

// save writes a file of the demo.
func (d *demo) save(content []byte, parts ...string) error {
	path := d.path(parts...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

// play takes the steps, then the forgeries, and ends with the summary. It stops at
// the first that does not go as it should.
func (d *demo) play(ctx context.Context) error {
	steps := d.steps
	for _, f := range d.forgeries {
		steps = append(steps, f.step(d))
	}
	steps = append(steps, d.finale)
	d.print("Chirograph in %d steps: a contract, a ledger, and %d forgeries.", len(steps), len(d.forgeries))
	for i, s := range steps {
		d.print("")
		d.print("%2d. %s", i+1, s.title)
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, strings.ToLower(s.title), err)
		}
		d.tell("-> %s", s.why)
		if err := errors.Join(d.story.err, ctx.Err()); err != nil {
			return err
		}
	}
	d.summary()
	return d.story.err
}

// close stops the ledger, if a step has started one.
func (d *demo) close() error {
	if d.ledger == nil {
		return nil
	}
	return d.ledger.stop()
}
