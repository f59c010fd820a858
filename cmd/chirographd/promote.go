package main

import (
	"context"
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
	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/ledger/replica"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// oldTime is how long is asked at the ledger's address whether it is still there.
const oldTime = 10 * time.Second

type promoteFlags struct {
	recoverFlags
	key, mldsa string
	off        bool         // what answers at the old address is not the old ledger
	step       func(string) // called after each step that changes what is on disk; nil for none
}

func promoteCommand() *cobra.Command {
	var f promoteFlags
	c := &cobra.Command{
		Use:   "promote --dir DIR --key FILE [--ml-dsa FILE] [--guard DIR] [--witness-policy FILE | --without-witnesses] [--lose N] [--old-is-off]",
		Short: "Make a copy the ledger, when the old one is gone",
		Long: `Makes the copy that follow kept in DIR the ledger, with its secret key. THE OLD MACHINE
MUST BE OFF, FOR EVER: two that sign by one key make two histories.

The copy, a guard that is there and the old address are asked how many entries the copy
lacks. They are lost: only --lose N, just as many, goes on without them. When a witness
has more than the copy, or another tree, nothing is done. The copy of a frozen ledger is
not frozen: freeze it too.`,
		Example:               "  chirographd promote --dir copy --key key --witness-policy witnesses.policy",
		Args:                  noArguments,
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
	c.Flags().BoolVar(&f.off, "old-is-off", false, "what answers there is a cache or another copy")
	return c
}

// promote makes a copy the ledger. What comes last is the store: until then it is a copy,
// and promote may be said again, whenever it was killed.
func promote(ctx context.Context, f promoteFlags, stdout io.Writer) (err error) {
	if err := mustBeHere(f.dir); err != nil {
		return err
	}
	// Asked first, so that nothing is made in a place that somebody named by mistake.
	if _, err := copiedFrom(f.dir); err != nil {
		return mustBePromoted(f, stdout, err)
	}
	hold, err := holdCopy(f.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hold.Close()) }()
	url, err := copiedFrom(f.dir)
	if err != nil {
		return mustBePromoted(f, stdout, err)
	}
	if err := mustHaveNoEvidence(f.dir); err != nil {
		return err
	}
	policy, err := readPolicy(filepath.Join(f.dir, policyFile))
	if err != nil {
		return err
	}
	id, secrets, err := promoted(policy, f.key, f.mldsa)
	defer clearAll(secrets)
	if err == nil {
		err = mustBeFree(f.dir, secrets)
	}
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
		return mustBePromoted(f, stdout, err)
	}
	if err != nil {
		return err
	}
	p := &promotion{recovery{recoverFlags: f.recoverFlags, id: id, store: s, guard: f.guard, stdout: stdout}, policy, url, f.off, false, f.step}
	defer func() {
		if p.store != nil {
			err = errors.Join(err, p.store.Close())
		}
	}()
	return p.run(ctx, secrets, asked)
}

// run promotes the copy that is open.
func (p *promotion) run(ctx context.Context, secrets map[string][]byte, asked []byte) error {
	shown, known, err := replica.Behind(p.store)
	if err != nil {
		return err
	}
	p.head = shown
	if err := p.guardCopy(ctx, known); err != nil {
		return err
	}
	if shown.Checkpoint.Size < p.store.Head().Checkpoint.Size {
		if err := p.putCut(ctx); err != nil {
			return err
		}
	}
	return p.write(secrets, asked)
}

// mustBePromoted says that the ledger in a directory has been promoted, with the key that
// is given, or returns none, where there is no ledger at all. What a promotion did not come
// to at its very end is done.
func mustBePromoted(f promoteFlags, stdout io.Writer, none error) error {
	policy, err := readPolicy(filepath.Join(f.dir, policyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return none
	}
	if err == nil {
		err = mustBeNoBackup(f.dir)
	}
	if err != nil {
		return err
	}
	id, secrets, err := promoted(policy, f.key, f.mldsa)
	defer clearAll(secrets)
	if err != nil {
		return err
	}
	for name, b := range secrets {
		if err := mustBe(filepath.Join(f.dir, name), b); err != nil {
			return err
		}
	}
	guard, err := guardOf(f.dir, f.guard)
	if err != nil {
		return err
	}
	s, err := store.Open(store.Config{Dir: filepath.Join(f.dir, storeDir), Key: id.key})
	if err != nil {
		return mustBeStopped(f.dir, err)
	}
	err = knownTo(s, store.GuardConfig{Dir: guard, Key: id.key})
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	if err := removed(filepath.Join(f.dir, copyOf)); err != nil {
		return err
	}
	lost := ""
	if f.lose > 0 {
		lost = fmt.Sprintf("; --lose %d lost nothing this time", f.lose)
	}
	_, err = fmt.Fprintf(stdout, "%s: %s has the ledger already, with %s, and nothing is left to do%s: chirographd serve runs it\n",
		id.key.Name(), f.dir, entries(s.Head().Checkpoint.Size), lost)
	return err
}

// knownTo demands that a ledger's store has what its guard knows of.
func knownTo(s *store.Store, guard store.GuardConfig) error {
	list, err := store.ReadGuard(guard)
	if err != nil {
		return fmt.Errorf("%w: where it is, --guard DIR says; where it is lost, see chirographd recover --help", err)
	}
	for _, file := range list {
		if file.Err == nil {
			err = errors.Join(err, s.Continues(file.Checkpoint.Checkpoint))
		}
	}
	if err != nil {
		return fmt.Errorf("the store is not the one that its guard knows: %w: see chirographd recover --help", err)
	}
	return nil
}

func clearAll(secrets map[string][]byte) {
	for _, b := range secrets {
		clear(b)
	}
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
	if secrets[keyFile], err = publickey.ReadFile(key); err != nil {
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
	if secrets[cosignerFile], err = publickey.ReadFile(mldsa); err != nil {
		return nil, secrets, err
	}
	return id, secrets, id.openCosigner(mldsa, own)
}

// A promotion is one run of promote.
type promotion struct {
	recovery
	copied *verify.Policy // by which the copy was judged
	url    string         // of the old ledger
	off    bool           // what answers there is not the old ledger
	shows  bool           // something there shows a tree of the ledger
	step   func(string)   // nil for none
}

func (p *promotion) did(step string) {
	if p.step != nil {
		p.step(step)
	}
}
