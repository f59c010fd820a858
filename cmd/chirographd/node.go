package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/metrics"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/ledger/witness"
)

// leastAfter is the shortest time after which a node may take over: its beats are a fifth of
// it apart, and a bucket may take a second for each.
const leastAfter = 5 * time.Second

type nodeFlags struct {
	dir, listen, at, url, witnesses, guard string
	alone, trust                           bool
	after                                  time.Duration
	bucket                                 bucketFlags
	front
	secrets
}

func nodeCommand() *cobra.Command {
	var f nodeFlags
	c := &cobra.Command{
		Use:   "node --dir DIR --listen ADDR --at URL --bucket NAME [--witness-policy FILE | --without-witnesses]",
		Short: "Run one of several nodes of a ledger on object storage",
		Long: `Runs a node of a ledger whose log is in a bucket, until it is interrupted. All nodes serve
reads; one leads, takes records, and gets those that were sent to the others. Where it does
not change the log for ten seconds, another takes over.

DIR is made by init on the first machine, and its log put into the bucket by migrate. To each
other copy its ledger.key, ledger.key.pub, policy and what else of the keys there is, and
nothing more: the store and the guard are each node's own. One whose guard is new leads once it
has seen another lead, or by --trust-bucket. The others find this node at URL; have each trust them by --trusted-proxy.`,
		Example:               "  chirographd node --dir ledger --listen :8080 --at http://10.0.0.1:8080 --bucket ledger",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			logger, err := f.front.read(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			b, err := f.bucket.open()
			if err != nil {
				return err
			}
			defer b.Close()
			if err := f.mayServe(cmd.Context(), b); err != nil {
				return err
			}
			if err := probedOnce(cmd.Context(), f.dir, &f.bucket, time.Now()); err != nil {
				return err
			}
			return runNode(cmd.Context(), f, bucketOf(b), cmd.OutOrStdout(), logger)
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "this node's part of the ledger is in `DIR`")
	c.Flags().StringVar(&f.listen, "listen", "", "serve at `HOST:PORT`")
	c.Flags().StringVar(&f.at, "at", "", "the other nodes find this one at `URL`, which has no path")
	c.Flags().StringVar(&f.url, "url", "", "the public finds the ledger at `URL`")
	c.Flags().DurationVar(&f.after, "takeover-after", node.DefaultAfter, "take over from a node that did nothing for `TIME`")
	c.Flags().StringVar(&f.witnesses, "witness-policy", "", "ask the witnesses of `FILE` for their quorum")
	c.Flags().BoolVar(&f.alone, "without-witnesses", false, "ask nobody any more, not those of last time either")
	c.Flags().BoolVar(&f.trust, "trust-bucket", false, "lead with a new guard before any node was seen to: nothing that nodes signed is missing from this bucket")
	c.Flags().StringVar(&f.guard, "guard", "", "the guard is in `DIR`; else where it was last")
	f.bucket.flags(c)
	f.bucket.viaFlag(c, "try the store by `URL,URL` too, before this node first leads")
	commands.Advanced(c, "takeover-after", "guard", "trust-bucket", "url", "via")
	hidden(c, func(c *cobra.Command) { f.front.flags(c, "take `N` records a second from each address") }, f.front.operating, f.secrets.flags)
	return c
}

func (f *nodeFlags) check() error {
	if f.dir == "" || f.listen == "" || f.at == "" {
		return errors.New("--dir, --listen and --at have to be given")
	}
	if err := checkURL(f.url); err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	if err := objects.CheckOwner(f.at); err != nil {
		return fmt.Errorf("--at: %w", err)
	}
	if f.after < leastAfter {
		return fmt.Errorf("--takeover-after %s: at least %s, or a node that works is taken for one that does not", f.after, leastAfter)
	}
	return f.bucket.checkVia()
}

// mayServe says whether the directory may be a node's, before anything is written in it. To one in
// which init made another ledger, migrate would be the wrong advice.
func (f *nodeFlags) mayServe(ctx context.Context, b objects.Bucket) error {
	key, err := readKey(f.dir)
	if err == nil {
		_, err = mayBeIn(f.dir, f.bucket.bucket, key)
	}
	if errors.Is(err, errOwnLog) {
		if _, _, other := (&objects.Register{Bucket: b, Key: key}).Peek(ctx); errors.Is(other, objects.ErrOther) {
			return fmt.Errorf("%s has a ledger of its own, and %w: init is for the first node alone; into a new directory copy %s, %s.pub, %s and, where it is there, %s of another node, and nothing else",
				f.dir, other, keyFile, keyFile, policyFile, cosignerFile)
		}
	}
	return err
}

// enter demands of the directory that it is a node's of the bucket. A new one becomes that once the
// bucket was seen to have the ledger's log: where a wrong one was named, another may be.
func (f *nodeFlags) enter(ctx context.Context, key note.Key, b objects.Bucket) error {
	isNew, err := mayBeIn(f.dir, f.bucket.bucket, key)
	if err == nil && isNew {
		err = node.Belongs(ctx, &objects.Register{Bucket: b, Key: key})
	}
	if err != nil {
		return err
	}
	return mustBeIn(f.dir, f.bucket.bucket, key)
}

// runNode runs a node until ctx ends. The order of shutdown is listener, node, the operator's
// own address, guard, store.
func runNode(ctx context.Context, f nodeFlags, b objects.Bucket, stdout io.Writer, logger *slog.Logger) (err error) {
	places, err := nodePlaces()
	if err != nil {
		return err
	}
	id, err := readIdentityBy(f.dir, f.url, f.secrets)
	if err != nil {
		return err
	}
	// Before there is a store, which a crash can leave in the form of a ledger of one machine.
	if err := f.enter(ctx, id.key, b); err != nil {
		return err
	}
	asked, _, err := id.chooseWitnesses(serveFlags{dir: f.dir, witnesses: f.witnesses, alone: f.alone}, logger)
	if err != nil {
		return err
	}
	guard, err := guardOf(f.dir, f.guard)
	if err != nil {
		return err
	}
	s, err := node.OpenStore(store.Config{Dir: filepath.Join(f.dir, storeDir), Key: id.key, Guard: guard, Log: logger})
	if err != nil {
		return whoHolds(err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	defer endWith(s, logger)()
	if err := mustStillBeIn(f.dir, f.bucket.bucket); err != nil {
		return err
	}
	if err := errors.Join(keepGuard(f.dir, guard), keepWitnesses(f.dir, asked)); err != nil {
		return err
	}
	m := metrics.New()
	own := f.watch(id, guard, logger)
	cfg := node.Config{
		Register: &objects.Register{Bucket: b, Key: id.key, Random: rand.Reader}, Owner: f.at,
		Store: s, Guard: store.GuardConfig{Dir: guard, Key: id.key}, Dir: f.dir, Trust: f.trust,
		Sign: id.secret.Sign, Cosigner: id.cosigner, Policy: id.policy.Bytes(), Clock: clock, After: f.after, Log: logger, Batch: m.Batch,
		Able: mayRegister(own.signs, own.disks.room), Self: func(ctx context.Context) error { return web.AskForMark(ctx, f.at, own.mark) },
	}
	if asked != nil {
		cfg.Witnesses = func(s *store.Store) (*witness.Witnesses, error) { return id.askWitnesses(s, logger) }
	}
	n, err := node.Open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return f.serveNode(ctx, id, n, m, s, own, places, stdout, logger)
}

// An ownWatch is what a node looks after of its own.
type ownWatch struct {
	mark  string      // of this process
	signs func() bool // nil where the key is always there
	disks *disks
}

func (f *nodeFlags) watch(id *identity, guard string, logger *slog.Logger) ownWatch {
	return ownWatch{rand.Text(), watchAgent(id.secret, agentRetry, logger), &disks{clock: clock, log: logger, words: nodeDisks, list: []disk{
		{"store", cmp.Or(f.least, leastStore), func() (uint64, error) { return store.Free(filepath.Join(f.dir, storeDir)) }},
		{"guard", leastGuard, func() (uint64, error) { return store.Free(filepath.Dir(guard)) }},
	}}}
}

// serveNode serves a node, and runs it as long as it is served.
func (f *nodeFlags) serveNode(ctx context.Context, id *identity, n *node.Node, m *metrics.Metrics, s *store.Store, own ownWatch, places int, stdout io.Writer, logger *slog.Logger) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx)) // it ends after the listener
	defer cancel()
	w := &follower{cancel: cancel, done: make(chan struct{})}
	begun := false
	r := &reception{
		front: f.front, dir: f.dir, listen: f.listen, places: places, metrics: m, writer: w, log: logger,
		handler: web.Config{
			Key: id.key, View: n.View, Node: &web.Node{Log: n.Log, Owner: n.Owner, Ready: n.Ready, Frozen: n.Frozen, Look: n.Look, Mark: own.mark}, Past: n.Past(), Clock: clock,
			Checks: runtime.GOMAXPROCS(0), Places: places / 2, Policy: id.policy.Bytes(), URL: id.policy.Logs[0].URL, Logger: logger,
			Rate: f.rate, Burst: f.burst, Proxy: f.proxy, Signs: own.signs,
		},
		source: metrics.Source{View: n.View, Node: &metrics.Node{Log: n.Log, Leads: n.Leads, Owner: n.Owner, Taken: n.Taken}, Store: s.Size},
		disks:  own.disks,
		ready: func(url string) error {
			size := uint64(0)
			if v := n.View(); v != nil {
				size = v.Size()
			}
			frozen := ""
			if n.Frozen() {
				frozen = ", frozen for good: it registers nothing"
			}
			_, err := fmt.Fprintf(stdout, "node of %s at %s, for the others at %s, %s%s\n", id.key.Name(), url, f.at, entries(size), frozen)
			begun = true
			go func() {
				defer close(w.done)
				w.err = n.Run(running)
			}()
			return err
		},
	}
	err := r.serve(ctx, stdout)
	if !begun {
		return err
	}
	return errors.Join(err, w.Close())
}
