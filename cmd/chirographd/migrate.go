package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/cmd/commands"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/node"
	"github.com/chirograph/chirograph/ledger/objects"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

type migrateFlags struct {
	dir, guard string
	to, from   bool
	after      time.Duration // for how long a head is watched that names who leads
	bucketFlags
}

func migrateCommand() *cobra.Command {
	var f migrateFlags
	c := &cobra.Command{
		Use:   "migrate --dir DIR (--to-bucket | --from-bucket) --bucket NAME[/PREFIX] [--endpoint URL] [--guard DIR]",
		Short: "Move a ledger into a bucket of an object store, or back",
		Long: `With --to-bucket the log of a stopped ledger goes to a bucket, from where any number of
nodes serve it (chirographd node). All of it is put there and read back, and each hash is
compared, before the bucket has a log. DIR is not served as a ledger of one machine from
then on; it may be the directory of a node.

With --from-bucket the log comes back into DIR, which has the ledger's keys and policy:
stop all nodes first; it refuses while one leads. Every entry is judged as by an audit. From
then on no node leads in the bucket, and chirographd serve runs DIR.

Either way the log is the same, to the byte. What was cut short is said again.`,
		Example:               "  chirographd migrate --dir /var/lib/chirograph --to-bucket --bucket ledger --endpoint https://s3.example",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" || f.bucket == "" || f.to == f.from {
				return errors.New("--dir, --bucket and one of --to-bucket and --from-bucket have to be given")
			}
			if f.after < leastAfter {
				return fmt.Errorf("--takeover-after %s: at least %s, in which a node that leads changes the head", f.after, leastAfter)
			}
			m, err := newMigration(f, cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			defer m.close()
			if f.to {
				return m.toBucket(cmd.Context())
			}
			return m.fromBucket(cmd.Context())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the ledger (`DIR`)")
	c.Flags().BoolVar(&f.to, "to-bucket", false, "move the log from DIR to the bucket")
	c.Flags().BoolVar(&f.from, "from-bucket", false, "move it from the bucket to DIR")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is (`DIR`); else where it was last")
	c.Flags().DurationVar(&f.after, "takeover-after", node.DefaultAfter, "as the nodes have it: who leads has changed the head within `TIME`")
	f.bucketFlags.flags(c)
	commands.Advanced(c, "takeover-after")
	return c
}

// A migration is one run of migrate.
type migration struct {
	migrateFlags
	key            note.Key
	policy         *verify.Policy
	register       *objects.Register
	was            *moved        // nil where the directory says nothing of a bucket
	seen           objects.Nonce // of a head that was watched, and that nobody changed
	close          func()
	stdout, stderr io.Writer
	step           func(string) error // called after each step that leaves something; nil for none
}

func newMigration(f migrateFlags, stdout, stderr io.Writer) (*migration, error) {
	key, err := readKey(f.dir)
	if err != nil {
		return nil, err
	}
	if err := mustOwn(f.dir); err != nil && (f.to || !errors.Is(err, fs.ErrNotExist)) {
		return nil, err
	}
	m := &migration{migrateFlags: f, key: key, stdout: stdout, stderr: stderr}
	if m.policy, err = readPolicy(filepath.Join(f.dir, policyFile)); err != nil {
		return nil, err
	}
	looks := m.look
	if f.to {
		looks = m.mayGo
	}
	if err := looks(); err != nil {
		return nil, err
	}
	b, err := f.open()
	if err != nil {
		return nil, err
	}
	m.close = b.Close
	m.register = &objects.Register{Bucket: b, Key: key, Random: rand.Reader, Trouble: sayTrouble(stderr)}
	return m, nil
}

// look reads where the log is by its directory, and demands that this is where the flags say. What
// it was before the store is this process's, another may have changed.
func (m *migration) look() (err error) {
	if m.was, err = readMoved(m.dir); err != nil || m.was == nil {
		return err
	}
	switch was := m.was; {
	case was.bucket != m.bucket:
		return fmt.Errorf("the log of %s is in the bucket %s, or on the way, and not in %s", m.dir, was.bucket, m.bucket)
	case was.step != there && was.at != m.endpoint:
		return fmt.Errorf("the log of %s is on the way to or from the bucket %s at %s, and not at %s: say it as the first time; where both are the same store, by two gateways, write the other one into the line \"at\" of %s",
			m.dir, was.bucket, cmp.Or(was.at, "AWS"), cmp.Or(m.endpoint, "AWS"), filepath.Join(m.dir, movedFile))
	}
	return nil
}

// mayGo demands of the directory that its log is in it, or on its way to the bucket.
func (m *migration) mayGo() error {
	if err := m.look(); err != nil || m.was == nil || m.was.step == going {
		return err
	}
	return mustBeHere(m.dir)
}

func (m *migration) did(step string) error {
	if m.step == nil {
		return nil
	}
	return m.step(step)
}

// nonce returns the one under which this run, and those that went before, change the head.
func (m *migration) nonce(now step) (n objects.Nonce, err error) {
	if m.was != nil && m.was.step == now {
		return m.was.nonce, nil
	}
	_, err = io.ReadFull(rand.Reader, n[:])
	return n, err
}

// toBucket puts the log into the bucket, its head last. Before that the directory is
// marked, because a node may go on with the log as soon as the head is there.
func (m *migration) toBucket(ctx context.Context) (err error) {
	s, g, err := (&freezing{freezeFlags: freezeFlags{dir: m.dir, guard: m.guard}}).open(m.key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close(), s.Close()) }()
	if err := m.mayGo(); err != nil {
		return err
	}
	head := s.Published()
	tree := head.Checkpoint.Checkpoint
	if have := s.Head().Checkpoint; have.Checkpoint != tree {
		return fmt.Errorf("the ledger has %s, of which %d are public: run chirographd serve until its witnesses have cosigned all", entries(have.Size), tree.Size)
	}
	if err := staysFrozen(m.dir, s, g); err != nil {
		return err
	}
	nonce, err := m.nonce(going)
	if err != nil {
		return err
	}
	state := objects.Open
	if s.Frozen() {
		state = objects.Frozen
	}
	mark := moved{step: going, bucket: m.bucket, nonce: nonce, state: state, at: m.endpoint}
	entered, err := m.entered(ctx, &mark, tree, s.Continues)
	if err == nil && !entered {
		err = m.enter(ctx, mark, s, head)
	}
	if err != nil {
		return err
	}
	if err := m.vouch(); err != nil {
		return err
	}
	if err := keepMoved(m.dir, moved{step: there, bucket: m.bucket, nonce: nonce, state: state}); err != nil {
		return err
	}
	return m.sayThere(ctx, mark, tree)
}

// vouch has the guard beside a log that goes to the bucket be no new one, were it a node's before.
func (m *migration) vouch() error {
	guard, err := guardOf(m.dir, m.guard)
	if err != nil {
		return err
	}
	return node.Vouch(store.GuardConfig{Dir: guard, Key: m.key})
}

// entered says whether an earlier run has put the head there: nodes may have gone on with it.
// Else mark, which is of this run, says afterwards which head is to be replaced. The error is that
// the bucket has another log, or this one, or had it since the first run.
func (m *migration) entered(ctx context.Context, mark *moved, tree tlog.Checkpoint, begins func(tlog.Checkpoint) error) (bool, error) {
	h, _, err := m.register.Read(ctx)
	absent, again := errors.Is(err, objects.ErrAbsent), m.was != nil
	if errors.Is(err, objects.ErrOther) {
		return false, fmt.Errorf("%s: %w: %s", m.place(), err, m.nothingDone())
	}
	if err != nil && !absent {
		return false, err
	}
	switch {
	case again && !absent && (h.Nonce == mark.nonce || h.State != objects.Moved && h.Checkpoint.Size >= tree.Size):
		return true, nil
	case !absent && h.State != objects.Moved:
		return false, fmt.Errorf("%s has a log of %s with %s already, %s: %s", m.place(), h.Checkpoint.Origin, entries(h.Checkpoint.Size), h.State, m.nothingDone())
	case again && absent:
		return false, m.emptied(ctx)
	case again && h.Nonce != m.was.after:
		return false, fmt.Errorf("%w: %s says so of %s, and %s has %s: whoever brought them back goes on with them, and this directory does not",
			objects.ErrLeft, m.place(), entries(h.Checkpoint.Size), m.dir, entries(tree.Size))
	}
	if mark.after = h.Nonce; absent {
		return false, nil
	}
	return false, begins(h.Checkpoint)
}

// emptied returns an error where a bucket without a head has not what was in it when the directory
// was marked. The head may have been there since, and nodes may have gone on with the log: what
// they have would be lost, and be signed a second time, if it came there once more as it was.
func (m *migration) emptied(ctx context.Context) error {
	had := "a checkpoint"
	switch _, v, err := m.register.Published(ctx); {
	case err != nil:
		return err
	case m.was.after != objects.Nonce{}:
		had = "the head " + m.was.after.String()
	case v != "":
		return nil
	}
	return fmt.Errorf("%s had %s when %s was marked, and has none: it was emptied since, or is another: %s", m.place(), had, m.dir, m.nothingDone())
}

// nothingDone says so where a bucket has not what this directory has, and how to go on where the
// directory is marked: its log may have been in the bucket since, or is nowhere else.
func (m *migration) nothingDone() string {
	if m.was == nil {
		return "nothing was done"
	}
	return fmt.Sprintf("nothing was done. If nodes went on with the log of %s, one of them may have more than this directory: %s. Only if none did: remove %s, and begin anew, where there is no other log",
		m.dir, bucketLost, filepath.Join(m.dir, movedFile))
}

// enter puts all of a log into the bucket, marks the directory, and makes the head.
func (m *migration) enter(ctx context.Context, mark moved, s *store.Store, head store.Head) error {
	steps := []struct {
		do   func() error
		done string
	}{
		{func() error { return m.register.Fill(ctx, s, head) }, "tiles and bundles are there"},
		{func() error { return m.compare(ctx, head.Checkpoint) }, "all was read back"},
		{func() error { return m.register.Show(ctx, head.Checkpoint, s.Continues) }, "the checkpoint is there"},
		{func() error { return keepMoved(m.dir, mark) }, "the directory is marked"},
		{func() error {
			return m.register.Enter(ctx, mark.nonce, mark.after, head.Checkpoint.Checkpoint, head.Time, mark.state, s.Continues)
		}, "the head is there"},
	}
	fmt.Fprintf(m.stderr, "putting %s into %s\n", entries(head.Checkpoint.Size), m.place())
	for _, step := range steps {
		if err := step.do(); err != nil {
			return err
		}
		if err := m.did(step.done); err != nil {
			return err
		}
	}
	return nil
}

// compare reads all tiles and bundles of a checkpoint back, and compares each hash with its
// root.
func (m *migration) compare(ctx context.Context, c tlog.SignedCheckpoint) error {
	if c.Size == 0 {
		return nil
	}
	from, err := m.client(withCheckpoint{m.register.Bucket, c})
	if err != nil {
		return err
	}
	result, err := audit.Hashes(ctx, audit.Config{Client: from, Policy: m.policy})
	switch {
	case err != nil:
		return fmt.Errorf("what was put into the bucket was not read back: %w", err)
	case result.Finding != nil:
		return fmt.Errorf("what is in the bucket is not the log: %s: nothing goes on there; another prefix, or another store, has to be found", result.Finding)
	case result.Hashed != c.Size:
		return fmt.Errorf("of %s %d were compared", entries(c.Size), result.Hashed)
	}
	fmt.Fprintf(m.stderr, "read back: %s, and every hash of the tree\n", entries(result.Hashed))
	return nil
}

// client returns one that reads the log from a bucket.
func (m *migration) client(b objects.Bucket) (*client.Client, error) {
	return client.New(client.Config{
		URL: "http://bucket", Policy: m.policy, Ledger: m.key,
		HTTP: &http.Client{Transport: objects.Transport{Bucket: b}},
	})
}

// A withCheckpoint is a bucket as it is with a checkpoint that it does not have yet.
type withCheckpoint struct {
	objects.Bucket
	c tlog.SignedCheckpoint
}

func (b withCheckpoint) Get(ctx context.Context, name string, most int) ([]byte, objects.Version, error) {
	if name == objects.CheckpointName {
		return b.c.Bytes(), "", nil
	}
	return b.Bucket.Get(ctx, name, most)
}
