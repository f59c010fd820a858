package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/metrics"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/ledger/witness"
)

func serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve --dir DIR --listen ADDR [--url URL] [--witness-policy FILE | --without-witnesses] [--guard DIR] [--rate N] [--burst N] [--trusted-proxy CIDR]",
		Short: "Run the ledger",
		Long: `Runs the ledger in DIR until it is interrupted; then it answers all that it took, and
slow callers delay the end by eight seconds at most. It does not start when its guard has
seen entries that it lacks: see chirographd recover.

The witnesses of FILE, a policy with their URLs, cosign every tree before it is public,
until others are named. Those who only say that they have seen more stop its signing.`,
		Example:               "  chirographd serve --dir /var/lib/chirograph --listen 127.0.0.1:8080",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" || f.listen == "" {
				return errors.New("--dir and --listen have to be given")
			}
			if err := checkURL(f.url); err != nil {
				return fmt.Errorf("--url: %w", err)
			}
			logger, err := f.front.read(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			err = serve(cmd.Context(), f, cmd.OutOrStdout(), logger)
			var conflict *witness.Conflict
			if errors.As(err, &conflict) {
				err = fmt.Errorf("%w: either an old copy was restored here, or a second ledger has this key; "+
					"what is lost, if it is, chirographd recover --dir %s says", err, f.dir)
			}
			return err
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the ledger that is kept in `DIR`")
	c.Flags().StringVar(&f.listen, "listen", "", "serve at `HOST:PORT`")
	c.Flags().StringVar(&f.url, "url", "", "the public finds it at `URL`")
	c.Flags().StringVar(&f.witnesses, "witness-policy", "", "ask the witnesses of `FILE` for their quorum")
	c.Flags().BoolVar(&f.alone, "without-witnesses", false, "ask nobody any more, not those of last time either")
	c.Flags().StringVar(&f.guard, "guard", "", "the guard is in `DIR`; else where it was last")
	f.front.flags(c, "take `N` records a second from each address")
	hidden(c, f.front.operating, f.secrets.flags)
	return c
}

type serveFlags struct {
	dir, listen, url, witnesses, guard string
	alone                              bool
	front
	secrets
}

// serve runs a ledger until ctx ends or it has to stop. The order of shutdown is
// listener, sequencer, the operator's own address, witnesses, guard, store.
func serve(ctx context.Context, f serveFlags, stdout io.Writer, logger *slog.Logger) (err error) {
	places, err := places()
	if err != nil {
		return err
	}
	id, err := readIdentityBy(f.dir, f.url, f.secrets)
	if err == nil {
		err = mustBeHere(f.dir)
	}
	if err != nil {
		return err
	}
	asked, before, err := id.chooseWitnesses(f, logger)
	if err != nil {
		return err
	}
	guard, err := guardOf(f.dir, f.guard)
	if err != nil {
		return err
	}
	s, err := openHere(f.dir, store.Config{Dir: filepath.Join(f.dir, storeDir), Key: id.key, Guard: guard, Log: logger})
	if err != nil {
		return whoseCopy(whatIsLost(f.dir, whoHolds(cutRebuild(f.dir, err))))
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	defer endWith(s, logger)()
	g, err := store.OpenGuard(store.GuardConfig{Dir: guard, Key: id.key})
	if err != nil {
		return whereItIs(err)
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	m := metrics.New()
	cfg := ledger.Config{
		Batch: m.Batch, Store: s, Guard: g, Sign: id.secret.Sign, Cosigner: id.cosigner, Witnessed: before != nil, Clock: time.Now, Policy: id.policy.Bytes(), Log: logger,
	}
	by := &asking{dir: f.dir, file: f.witnesses, alone: f.alone, id: id, store: s, logger: logger}
	defer by.Close()
	if asked != nil {
		if by.witnesses, err = id.askWitnesses(s, logger); err != nil {
			return err
		}
		cfg.Witnesses = by.witnesses
	}
	l, err := ledger.Open(cfg)
	if err != nil {
		return whatIsLost(f.dir, err)
	}
	if err := errors.Join(keepGuard(f.dir, guard), keepWitnesses(f.dir, asked)); err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	by.log = l
	asks, err := listenControl(f.dir, l, by.reload, logger)
	if err != nil {
		logger.Warn("no backup can be made while the ledger runs, and no witness policy be read again", "err", err)
	} else {
		defer func() { err = errors.Join(err, asks.Close()) }()
	}
	return f.serveLog(ctx, id, l, m, s, guard, places, stdout, logger)
}

// chooseWitnesses has the ledger ask whom the flags say. It returns the policy of these, and
// that of those who were asked last; nil for none.
func (id *identity) chooseWitnesses(f serveFlags, logger *slog.Logger) (asked, before []byte, err error) {
	if asked, err = id.readWitnesses(f.dir, f.witnesses, f.alone); err != nil {
		return nil, nil, err
	}
	if before, err = lastWitnesses(f.dir); err == nil {
		sayForgotten(before, id.policy, logger)
	}
	return asked, before, err
}

// whereItIs says what to do about a ledger without a guard.
func whereItIs(err error) error {
	if errors.Is(err, store.ErrNoGuard) {
		return fmt.Errorf("%w: where it is, --guard DIR says; where it is lost, see chirographd recover --help", err)
	}
	return err
}

// whatIsLost says what to do about a store that is not the one that the guard knows.
func whatIsLost(dir string, err error) error {
	how := "what is lost, and how to go on, chirographd recover --dir " + dir + " --without-witnesses says, or with --witness-policy FILE"
	switch {
	case errors.Is(err, store.ErrBehind):
		return fmt.Errorf("%w. An old copy was put in its place, or a file of it is damaged: keep a copy of %s, in which the rest may still be; %s", err, filepath.Join(dir, storeDir), how)
	case errors.Is(err, ledger.ErrGuard):
		return fmt.Errorf("%w: %s", err, how)
	case errors.Is(err, ledger.ErrThawed):
		return fmt.Errorf("%w: chirographd freeze --dir %s freezes it again", err, dir)
	}
	return err
}

// whoHolds says what to do about a store that another process has open.
func whoHolds(err error) error {
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("%w: another chirographd runs in this directory; stop it first", err)
	}
	return err
}

// places returns how many connections may be open at once.
func places() (int, error) {
	files, err := fileLimit()
	if err != nil {
		return 0, err
	}
	return connections(files, 0)
}

// serveLog serves a log at an address until ctx ends or the log stops.
func (f *serveFlags) serveLog(ctx context.Context, id *identity, l *ledger.Log, m *metrics.Metrics, s *store.Store, guard string, places int, stdout io.Writer, logger *slog.Logger) error {
	waits := ""
	if !l.Confirmed() {
		waits = ", not ready before its witnesses have confirmed it"
	}
	if l.Frozen() {
		waits += ", frozen for good: it registers nothing"
	}
	var signs func() bool
	if !l.Frozen() { // which signs nothing any more
		signs = watchAgent(id.secret, 0, logger)
	}
	r := &reception{
		front: f.front, dir: f.dir, listen: f.listen, places: places, metrics: m, writer: l, log: logger,
		handler: web.Config{
			Key: id.key, View: l.View, Log: l, Past: l.Past(), Clock: time.Now, Checks: runtime.GOMAXPROCS(0),
			Places: places / 2, Policy: id.policy.Bytes(), URL: id.policy.Logs[0].URL, Logger: logger,
			Rate: f.rate, Burst: f.burst, Proxy: f.proxy, Signs: signs,
		},
		source: metrics.Source{View: l.View, Log: l, Store: s.Size},
		disks: &disks{clock: time.Now, log: logger, words: ledgerDisks, list: []disk{
			{"store", cmp.Or(f.least, leastStore), func() (uint64, error) { return store.Free(filepath.Join(f.dir, storeDir)) }},
			{"guard", leastGuard, func() (uint64, error) { return store.Free(guard) }},
		}},
		ready: func(url string) error {
			_, err := fmt.Fprintf(stdout, "%s at %s, %s%s\n", l.Key().Name(), url, entries(l.View().Size()), waits)
			return err
		},
	}
	return r.serve(ctx, stdout)
}

const disjoint = "two quorums of the witnesses may have nobody in common, so that each can cosign another history: let them overlap, by more than half of the witnesses"

// askWitnesses returns the witnesses of the ledger's policy, which prove from its store
// that it only grew.
func (id *identity) askWitnesses(s *store.Store, logger *slog.Logger) (*witness.Witnesses, error) {
	if witness.Disjoint(id.policy, id.key) {
		logger.Warn(disjoint, "quorum", id.policy.Quorum)
	}
	return witness.New(witness.Config{
		Ledger: id.key, Policy: id.policy, Clock: time.Now, Logger: logger,
		Prove: func(old, size uint64) ([]tlog.Hash, error) { return tlog.ConsistencyProof(s.Tile, old, size) },
	})
}

// entries counts the entries of a log.
func entries(n uint64) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
