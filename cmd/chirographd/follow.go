package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/metrics"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/web"
	"github.com/chirograph/chirograph/verify"
)

// What the directory of a copy holds, beside store and policy.
const (
	copyOf = "copy-of"   // the URL of the ledger: there is none in the directory of a ledger
	cutDir = "store.cut" // a store that is being made, by promote
	oldDir = "store.old" // the one whose place it takes
	held   = "copy.lock" // held by follow and promote as long as they run: the store has more than one name meanwhile

	guardCut = "guard.unfinished" // where the guard is that promote is writing
)

type followFlags struct {
	dir, policy, listen string
	once                bool
	front
}

func followCommand() *cobra.Command {
	var f followFlags
	c := &cobra.Command{
		Use:   "follow --dir DIR --policy FILE [--listen ADDR] [--once] [--rate N] [--burst N] [--trusted-proxy CIDR] URL",
		Short: "Keep a read-only copy of a ledger, and serve it",
		Long: `Copies the ledger at URL to DIR, and goes on until it is interrupted; with --once up to
where the ledger is now. Everything is verified, as by an audit. What breaks a rule or a
promise is not taken in (exit 1 with --once); evidence, where there is some, is in DIR then.

With --listen the copy is served as the ledger serves its own. It takes no records, and
says where the ledger is; GET /readyz fails before it has a tree, after a broken promise,
and while it is two minutes behind. To make it the ledger: chirographd promote.`,
		Example:               "  chirographd follow --dir copy --policy ledger.policy --listen :8080 https://ledger.example",
		Args:                  aURL,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.dir == "" || f.policy == "":
				return errors.New("--dir and --policy have to be given")
			case f.once && f.listen != "":
				return errors.New("--once ends when the copy is made, and --listen serves it: give one")
			case f.listen == "" && (f.admin != "" || f.cert != "" || len(f.acme) > 0):
				return errors.New("--admin, --tls-cert and --acme are for a copy that is served: --listen ADDR has to be given")
			}
			logger, err := f.front.read(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return follow(cmd.Context(), f, args[0], cmd.OutOrStdout(), logger)
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "keep the copy in `DIR`, new or of this ledger")
	c.Flags().StringVar(&f.policy, "policy", "", "trust the ledger and the quorum of `FILE`")
	c.Flags().StringVar(&f.listen, "listen", "", "serve the copy at `HOST:PORT`")
	c.Flags().BoolVar(&f.once, "once", false, "end when the copy has what the ledger has now")
	f.front.flags(c, "make ten times `N` large answers a second for each address")
	hidden(c, f.front.operating)
	return c
}

// follow keeps a copy until ctx ends.
func follow(ctx context.Context, f followFlags, url string, stdout io.Writer, logger *slog.Logger) (err error) {
	places, err := places()
	if err != nil {
		return err
	}
	policy, err := readPolicy(f.policy)
	if err != nil {
		return err
	}
	c, err := client.New(client.Config{URL: url, Policy: policy})
	if err != nil {
		return err
	}
	hold, err := holdFollowed(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hold.Close()) }()
	s, err := openFollowed(f.dir, c, policy, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	defer endWith(s, logger)()
	r, err := replica.Open(replica.Config{Client: c, Policy: policy, Store: s, Dir: f.dir, Clock: time.Now, Log: logger})
	if err != nil {
		return err
	}
	if f.once {
		if err := r.Turn(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%s: %s copied from %s, root %s\n", c.Ledger().Name(), entries(r.View().Size()), c.URL(), r.View().Checkpoint().Root)
		return err
	}
	return f.followOn(ctx, r, s, c, policy, places, stdout, logger)
}

// holdFollowed holds the directory of a copy, which it makes where there is none.
func holdFollowed(dir string) (io.Closer, error) {
	if err := mustFollow(dir); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := makeDir(path); err != nil {
		return nil, err
	}
	hold, err := holdCopy(dir)
	if err != nil {
		return nil, err
	}
	if err := mustFollow(dir); err != nil { // it may have been promoted meanwhile
		return nil, errors.Join(err, hold.Close())
	}
	return hold, nil
}

// holdCopy holds the directory of a copy against every other follow and promote.
func holdCopy(dir string) (io.Closer, error) {
	hold, err := store.Hold(filepath.Join(dir, held))
	return hold, mustBeStopped(dir, err)
}

// mustBeStopped says what to do about what another process has.
func mustBeStopped(what string, err error) error {
	if errors.Is(err, store.ErrHeld) {
		return fmt.Errorf("%s is %w: stop it first", what, store.ErrHeld)
	}
	return err
}

// openFollowed opens the copy of a ledger, which it makes where there is none.
func openFollowed(dir string, c *client.Client, policy *verify.Policy, logger *slog.Logger) (*store.Store, error) {
	s, err := openCopy(dir, c.Ledger(), logger)
	if errors.Is(err, store.ErrOwn) {
		return nil, fmt.Errorf("%w: if %s was a copy, chirographd promote, said again, ends what it began; chirographd serve runs a ledger", err, dir)
	}
	if err != nil {
		return nil, err
	}
	if policy.Logs[0].URL == "" {
		policy.Logs[0].URL = c.URL()
	}
	// Beside the store, so that they are this process's to write.
	if err := errors.Join(
		keep(filepath.Join(dir, copyOf), []byte(c.URL()+"\n")),
		keep(filepath.Join(dir, policyFile), policy.Bytes()),
	); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// mustFollow refuses the directory of a ledger, before anything in it is touched.
func mustFollow(dir string) error {
	_, notCopy := os.Stat(filepath.Join(dir, copyOf))
	if _, err := os.Stat(filepath.Join(dir, policyFile)); err == nil && errors.Is(notCopy, fs.ErrNotExist) {
		if err := mustBeNoBackup(dir); err != nil {
			return err
		}
		return fmt.Errorf("%s has a ledger of its own: chirographd serve runs it, and a copy is kept elsewhere", dir)
	}
	return nil
}

// openCopy opens the copy in a directory that is held. What a promotion left that was
// killed while it put one store in the place of another, is settled.
func openCopy(dir string, key note.Key, logger *slog.Logger) (*store.Store, error) {
	own, cut, old := filepath.Join(dir, storeDir), filepath.Join(dir, cutDir), filepath.Join(dir, oldDir)
	// While there is no store, the one that was made is whole.
	for _, left := range []string{cut, old} {
		if _, err := os.Stat(own); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		switch err := os.Rename(left, own); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		default:
			if err := syncDir(dir); err != nil {
				return nil, err
			}
		}
	}
	s, err := store.OpenCopy(store.Config{Dir: own, Key: key, Log: logger})
	if err != nil {
		return nil, mustBeStopped(dir, err)
	}
	if err := errors.Join(os.RemoveAll(cut), os.RemoveAll(old)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// A follower is the part of a copy that ends with its server.
type follower struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when no turn is made any more
	err    error         // why, set before done
}

func (f *follower) Done() <-chan struct{} { return f.done }

// Close ends a turn that is being made.
func (f *follower) Close() error {
	f.cancel()
	<-f.done
	return f.err
}

// followOn makes turns until ctx ends, and serves what is there meanwhile where it is
// said at which address.
func (f *followFlags) followOn(ctx context.Context, r *replica.Replica, s *store.Store, c *client.Client, policy *verify.Policy, places int, stdout io.Writer, logger *slog.Logger) error {
	turning, cancel := context.WithCancel(ctx)
	running := &follower{cancel: cancel, done: make(chan struct{})}
	begun := false
	begin := func() {
		begun = true
		go func() {
			defer close(running.done)
			running.err = r.Follow(turning, replica.Pause)
		}()
	}
	if f.listen == "" {
		begin()
		<-running.Done()
		return running.Close()
	}
	defer cancel()
	served := &reception{
		front: f.front, dir: f.dir, listen: f.listen, places: places, metrics: metrics.New(), writer: running, log: logger,
		handler: web.Config{
			Key: c.Ledger(), View: r.View, Past: r.Past(), Copy: &web.Copy{Ledger: policy.Logs[0].URL, Ready: r.Ready}, Clock: time.Now,
			Checks: runtime.GOMAXPROCS(0), Policy: policy.Bytes(), URL: policy.Logs[0].URL, Logger: logger,
			Rate: f.rate, Burst: f.burst, Proxy: f.proxy,
		},
		source: metrics.Source{View: r.View, Store: s.Size},
		disks: &disks{clock: time.Now, log: logger, words: copyDisks, list: []disk{
			{"store", cmp.Or(f.least, leastStore), func() (uint64, error) { return store.Free(filepath.Join(f.dir, storeDir)) }},
		}},
		ready: func(url string) error {
			size := uint64(0)
			if v := r.View(); v != nil {
				size = v.Size()
			}
			_, err := fmt.Fprintf(stdout, "copy of %s at %s, %s\n", c.Ledger().Name(), url, entries(size))
			begin()
			return err
		},
	}
	err := served.serve(ctx, stdout)
	if !begun {
		return err
	}
	return errors.Join(err, running.Close())
}

// errNoCopy says that a directory has no copy of a ledger.
var errNoCopy = errors.New("there is no copy of a ledger")

// copiedFrom returns the URL of the ledger of which a directory has a copy.
func copiedFrom(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, copyOf))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w in %s: chirographd follow makes one", errNoCopy, dir)
	}
	return strings.TrimSuffix(string(b), "\n"), err
}
