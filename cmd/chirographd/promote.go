package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// oldTime is how long is asked at the ledger's address whether it is still there.
const oldTime = 10 * time.Second

type promoteFlags struct {
	recoverFlags
	key, mldsa string
	off        bool // what answers at the old address is not the old ledger
}

func promoteCommand() *cobra.Command {
	var f promoteFlags
	c := &cobra.Command{
		Use:   "promote --dir DIR --key FILE [--witness-policy FILE | --without-witnesses] [--lose N] [--old-is-off]",
		Short: "Make a copy the ledger, when the old one is gone",
		Long: `Makes the copy that follow kept in DIR the ledger, with its secret key. THE OLD MACHINE
MUST BE OFF, FOR EVER: two that sign by one key make two histories.

The copy, a guard that is there and the old address are asked how many entries the copy
lacks. They are lost: only --lose N, just as many, goes on without them. When a witness
has more than the copy, or another tree, nothing is done.`,
		Example:               "  chirographd promote --dir copy --key ledger.key --witness-policy witnesses.policy",
		Args:                  cobra.NoArgs,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" || f.key == "" {
				return errors.New("--dir and --key have to be given")
			}
			return promote(cmd.Context(), f, cmd.OutOrStdout())
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "the directory of the copy (`DIR`)")
	c.Flags().StringVar(&f.key, "key", "", "the ledger's secret key (`FILE`)")
	c.Flags().StringVar(&f.mldsa, "ml-dsa", "", "its second secret key, where it has one (`FILE`)")
	c.Flags().StringVar(&f.guard, "guard", "", "where the guard is to be, or is (`DIR`)")
	c.Flags().StringVar(&f.witnesses, "witness-policy", "", "the witnesses to ask, and their quorum (`FILE`)")
	c.Flags().BoolVar(&f.alone, "without-witnesses", false, "nobody else knows how large the ledger was")
	c.Flags().Uint64Var(&f.lose, "lose", 0, "go on without the last `N` entries, which are lost")
	c.Flags().BoolVar(&f.off, "old-is-off", false, "what answers at the old address is a cache or another copy")
	return c
}

// promote makes a copy the ledger. What comes last is the store: until then it is a copy,
// and promote may be said again.
func promote(ctx context.Context, f promoteFlags, stdout io.Writer) (err error) {
	url, err := copiedFrom(f.dir)
	if err != nil {
		return err
	}
	if err := mustHaveNoEvidence(f.dir); err != nil {
		return err
	}
	policy, err := readPolicy(filepath.Join(f.dir, policyFile))
	if err != nil {
		return err
	}
	id, secrets, err := promoted(policy, f.key, f.mldsa)
	defer func() {
		for _, b := range secrets {
			clear(b)
		}
	}()
	if err != nil {
		return err
	}
	asked, err := id.readWitnesses(f.dir, f.witnesses, f.alone)
	if err != nil {
		return err
	}
	if asked == nil && !f.alone {
		return errors.New("give --witness-policy FILE, or say that there is nobody to ask: --without-witnesses")
	}
	if f.guard, err = guardOf(f.dir, f.guard); err != nil {
		return err
	}
	s, err := openCopy(f.dir, id.key, nil)
	if errors.Is(err, store.ErrOwn) { // it was killed at its last step
		return errors.Join(removed(filepath.Join(f.dir, copyOf)), fmt.Errorf("%s has the ledger already: chirographd serve runs it", f.dir))
	}
	if err != nil {
		return err
	}
	defer func() {
		if s != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	shown, known, err := replica.Behind(s)
	if err != nil {
		return err
	}
	p := &promotion{recovery{recoverFlags: f.recoverFlags, id: id, store: s, head: shown, guard: f.guard, stdout: stdout}, policy, url, f.off, false}
	if err := p.guardCopy(ctx, known); err != nil {
		return err
	}
	if shown.Checkpoint.Size < s.Head().Checkpoint.Size {
		if s, err = putCut(ctx, f.dir, s); err != nil {
			return err
		}
		p.store = s
	}
	return p.write(secrets, asked)
}

// mustHaveNoEvidence refuses a copy whose ledger broke a promise, before somebody judged it.
func mustHaveNoEvidence(dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var found []string
	for _, file := range list {
		if strings.HasPrefix(file.Name(), "evidence-") {
			found = append(found, file.Name())
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("%s has evidence that the ledger broke a promise: %s: judge it (chirograph-verify evidence), move it away, and promote again", dir, strings.Join(found, ", "))
}

// promoted returns who the ledger of a copy's policy is, with its secret keys, and
// the bytes of their files by the names that they are to have, which the caller overwrites.
func promoted(p *verify.Policy, key, mldsa string) (*identity, map[string][]byte, error) {
	id := &identity{key: p.Logs[0].Key}
	id.policy = &verify.Policy{Logs: p.Logs, Quorum: verify.NoQuorum}
	secrets := make(map[string][]byte)
	var err error
	if err := keys.Private(key); err != nil {
		return nil, secrets, err
	}
	if secrets[keyFile], err = keys.ReadFile(key); err != nil {
		return nil, secrets, err
	}
	if id.secret, err = keys.Open(key, nil); err != nil {
		return nil, secrets, err
	}
	if want := id.key.Public(); id.secret.Public() != want {
		return nil, secrets, fmt.Errorf("%s is the key %s, the ledger's is %s", key, id.secret.Public().Fingerprint(), want.Fingerprint())
	}
	for _, w := range p.Witnesses {
		if w.Key.Name() != id.key.Name() {
			continue
		}
		own := verify.Witness{Name: ownWitness, Key: w.Key, URL: w.URL}
		id.policy.Witnesses, id.policy.Quorum = []verify.Witness{own}, own.Name
	}
	own := id.own()
	switch {
	case mldsa == "" && own != (verify.Witness{}):
		return nil, secrets, fmt.Errorf("the ledger has a second key, %s: give its file as --ml-dsa", own.Key.Fingerprint())
	case mldsa == "":
		return id, secrets, nil
	case own == (verify.Witness{}):
		return nil, secrets, fmt.Errorf("--ml-dsa %s: the policy of the copy lists no second key of the ledger", mldsa)
	}
	if secrets[cosignerFile], err = keys.ReadFile(mldsa); err != nil {
		return nil, secrets, err
	}
	return id, secrets, id.openCosigner(mldsa, own)
}

// putCut puts a store that has what the copy shows, and no more, in the place of the
// copy's, which it closes, and returns it.
func putCut(ctx context.Context, dir string, s *store.Store) (*store.Store, error) {
	own, cut, old := filepath.Join(dir, storeDir), filepath.Join(dir, cutDir), filepath.Join(dir, oldDir)
	out, err := replica.Cut(ctx, s, store.Config{Dir: cut, Key: s.Key()})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := errors.Join(out.Close(), s.Close()); err != nil {
		return nil, err
	}
	if err := errors.Join(os.Rename(own, old), os.Rename(cut, own), syncDir(dir)); err != nil {
		return nil, err
	}
	return openCopy(dir, s.Key(), nil)
}

// A promotion is one run of promote.
type promotion struct {
	recovery
	copied *verify.Policy // by which the copy was judged
	url    string         // of the old ledger
	off    bool           // what answers there is not the old ledger
	shows  bool           // something there shows a tree of the ledger
}

// guardCopy has the guard begin with what the copy shows, if nobody shows that more has
// left the ledger, or whoever runs it says that it is lost.
func (p *promotion) guardCopy(ctx context.Context, known tlog.SignedCheckpoint) (err error) {
	g, err := store.OpenGuard(store.GuardConfig{Dir: p.guard, Key: p.id.key})
	switch {
	case errors.Is(err, store.ErrNoGuard):
	case err != nil:
		return err
	default:
		defer func() { err = errors.Join(err, g.Close()) }()
		last, err := g.Last()
		if err != nil {
			return err
		}
		if file, why := g.Damaged(); file != "" && p.head.Checkpoint.Size <= last.Size {
			return fmt.Errorf("guard: %s is damaged (%w), and may have had more than the %d entries of the other file: put a copy of it back, or move the guard away, and say with --lose what is lost", file, why, last.Size)
		}
		if known, err = p.larger("the guard", known, last); err != nil {
			return err
		}
	}
	if known, err = p.askOld(ctx, known); err != nil {
		return err
	}
	size := p.head.Checkpoint.Size
	lost := known.Size - size
	if lost > 0 {
		if err := sayLost(p.stdout, p.id.key.Name(), p.head, known.Checkpoint, "the old one had"); err != nil {
			return err
		}
	}
	if p.shows && !p.off {
		return fmt.Errorf("%s still shows the ledger, and the copy is not promoted: turn the old machine off, for ever; if a cache or another copy answers there, say --old-is-off", p.url)
	}
	if err := p.ask(ctx); err != nil {
		return err
	}
	switch {
	case lost == 0 && p.lose > 0:
		return fmt.Errorf("nothing is lost: the copy has %s, and nobody who was asked knows of more", entries(size))
	case p.lose != lost:
		return fmt.Errorf("that would lose %s, and the copy is not promoted: find a later one, or say --lose %d", entries(lost), lost)
	case g != nil:
		return g.Set(p.head.Checkpoint)
	}
	return store.CreateGuard(store.GuardConfig{Dir: p.guard, Key: p.id.key}, p.head.Checkpoint)
}

// larger returns the one of two checkpoints of the ledger that has more. What the copy
// shows has to go on from the other, or the other from it.
func (p *promotion) larger(who string, known, c tlog.SignedCheckpoint) (tlog.SignedCheckpoint, error) {
	if c.Size > known.Size {
		return c, nil
	}
	if c.Size > p.head.Checkpoint.Size {
		return known, nil // what neither has here cannot be compared
	}
	if err := p.store.Continues(c.Checkpoint); err != nil {
		return known, fmt.Errorf("%s has a checkpoint of another history than the copy: %w", who, err)
	}
	return known, nil
}

// askOld asks at the ledger's address whether it is still there. That nobody answers is
// as it should be.
func (p *promotion) askOld(ctx context.Context, known tlog.SignedCheckpoint) (tlog.SignedCheckpoint, error) {
	c, err := shownAt(ctx, p.copied.Logs, p.url)
	if err != nil {
		return known, p.say("nothing that shows a tree of the ledger answers at %s, as it should be", p.url)
	}
	p.shows = true
	if err := p.say("WARNING: %s still shows the ledger, with %s. Is the old machine off? If a cache or another copy answers there, all is well", p.url, entries(c.Size)); err != nil {
		return known, err
	}
	return p.larger(p.url, known, c)
}

// shownAt returns the newest checkpoint that a ledger shows at its address, with whatever
// quorum.
func shownAt(ctx context.Context, ledger []verify.Log, url string) (tlog.SignedCheckpoint, error) {
	ctx, cancel := context.WithTimeout(ctx, oldTime)
	defer cancel()
	c, err := client.New(client.Config{URL: url, Policy: &verify.Policy{Logs: ledger, Quorum: verify.NoQuorum}})
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	checkpoint, err := c.Checkpoint(ctx)
	if err != nil {
		return tlog.SignedCheckpoint{}, err
	}
	return checkpoint.SignedCheckpoint, nil
}

// write writes what serve needs, the store last.
func (p *promotion) write(secrets map[string][]byte, asked []byte) error {
	for name, b := range secrets {
		if err := writeSecret(filepath.Join(p.dir, name), b); err != nil {
			return err
		}
	}
	if err := errors.Join(
		keepGuard(p.dir, p.guard), keepWitnesses(p.dir, asked), keep(filepath.Join(p.dir, policyFile), p.ownPolicy().Bytes()), syncDir(p.dir),
	); err != nil {
		return err
	}
	if err := p.store.Promote(p.head.Checkpoint); err != nil {
		return err
	}
	if err := errors.Join(removed(filepath.Join(p.dir, copyOf)), syncDir(p.dir)); err != nil {
		return err
	}
	return p.say("%s: the copy in %s is the ledger, from the tree of %s on; chirographd serve runs it. The machine that was the ledger must never run again",
		p.id.key.Name(), p.dir, entries(p.head.Checkpoint.Size))
}

// ownPolicy returns the policy of the ledger itself, without the witnesses that it asks.
func (p *promotion) ownPolicy() *verify.Policy {
	own := &verify.Policy{Logs: p.copied.Logs, Quorum: verify.NoQuorum}
	if w := p.id.own(); w != (verify.Witness{}) {
		own.Witnesses, own.Quorum = []verify.Witness{w}, w.Name
	}
	return own
}

// writeSecret writes the file of a secret key, which is there already or new.
func writeSecret(name string, b []byte) error {
	err := writeSynced(name, b, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	old, err := keys.ReadFile(name)
	defer clear(old)
	if err == nil && subtle.ConstantTimeCompare(old, b) != 1 {
		err = fmt.Errorf("%s is there, and is another than the file that was given", name)
	}
	return err
}
