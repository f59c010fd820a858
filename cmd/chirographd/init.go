package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

func initCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{
		Use:   "init --dir DIR --origin NAME [--url URL] [--ml-dsa] [--guard DIR]",
		Short: "Make the keys and the empty log of a new ledger",
		Long: `Makes a new ledger in DIR: its secret key (ledger.key), its policy, and an empty log.
Nothing that is there is written over.

NAME is the name of the ledger for ever, in every contract and receipt: a host name
of yours, with a path perhaps, as in ledger.example/2026.

With --ml-dsa it gets a second key, which signs each tree too and cannot be added
later: receipts, some 3 KB longer, then outlive Ed25519. The guard remembers the last
tree that left, so that an old copy is not taken for the ledger: best on another disk.`,
		Example:               "  chirographd init --dir /var/lib/chirograph --origin ledger.example --url https://ledger.example",
		Args:                  noArguments,
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.dir == "" || f.origin == "" {
				return errors.New("--dir and --origin have to be given")
			}
			policy, err := initLedger(f)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "made the ledger %s in %s, key %s\n", f.origin, f.dir, policy.Logs[0].Key.Fingerprint())
			_, err = cmd.OutOrStdout().Write(policy.Bytes())
			return err
		},
	}
	c.Flags().StringVar(&f.dir, "dir", "", "keep the ledger in `DIR`, new or empty")
	c.Flags().StringVar(&f.origin, "origin", "", "the ledger's `NAME` for ever")
	c.Flags().StringVar(&f.url, "url", "", "the public finds it at `URL`")
	c.Flags().BoolVar(&f.mldsa, "ml-dsa", false, "give it a second, post-quantum key")
	c.Flags().StringVar(&f.guard, "guard", "", "keep the guard in `DIR`, not in the ledger's directory")
	return c
}

type initFlags struct {
	dir, origin, url, guard string
	mldsa                   bool
}

// initLedger makes a ledger beside its directory, and gives it the name when it is
// whole.
func initLedger(f initFlags) (*verify.Policy, error) {
	if err := record.CheckOrigin(f.origin); err != nil {
		return nil, fmt.Errorf("--origin: %w", err)
	}
	if err := checkURL(f.url); err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	dir, err := filepath.Abs(f.dir)
	if err != nil {
		return nil, err
	}
	if err := mustBeEmpty(dir); err != nil {
		return nil, err
	}
	if isTop(dir) {
		return nil, fmt.Errorf("%s is the top of a disk, and no directory can take its place: make the ledger in one below it, as --dir %s", dir, filepath.Join(dir, "ledger"))
	}
	if f.guard != "" {
		if err := checkGuard(dir, f.guard); err != nil {
			return nil, err
		}
	}
	if err := makeDir(filepath.Dir(dir)); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	f.dir = temp
	_, guardErr := os.Lstat(f.guard)
	policy, err := fillLedger(f)
	if err == nil {
		err = takePlace(temp, dir)
	}
	if err != nil && policy != nil && f.guard != "" {
		err = errors.Join(err, removeGuard(f.guard, policy.Logs[0].Key, errors.Is(guardErr, fs.ErrNotExist)))
	}
	if err != nil {
		return nil, err
	}
	// Nothing leaves a ledger whose name a power cut could still take away.
	return policy, syncDir(filepath.Dir(dir))
}

// takePlace gives a directory the name of one that is empty or not there.
func takePlace(temp, dir string) error {
	// Windows renames over nothing; an empty directory is as good as none.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(temp, dir)
}

// makeDir makes a directory, and those above it that are missing, and returns when their
// names are on disk.
func makeDir(name string) error {
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	above := filepath.Dir(name)
	if err := makeDir(above); err != nil {
		return err
	}
	if err := os.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(above)
}

// checkGuard demands a place for a guard beside the ledger's directory, new or empty.
func checkGuard(dir, guard string) error {
	place, err := filepath.Abs(guard)
	if err != nil {
		return err
	}
	if within, err := filepath.Rel(dir, place); err == nil && within != ".." && !strings.HasPrefix(within, ".."+string(filepath.Separator)) {
		return fmt.Errorf("--guard %s is in the ledger's directory, where the guard is when nothing is said", guard)
	}
	if err := mustBeEmpty(place); err != nil {
		return fmt.Errorf("--guard: %w", err)
	}
	return nil
}

// removeGuard removes the guard of a ledger that did not come to be, with the directory that
// was made for it. What another init made there in the same moment stays.
func removeGuard(dir string, key note.Key, isNew bool) error {
	if err := store.RemoveGuard(store.GuardConfig{Dir: dir, Key: key}); err != nil || !isNew {
		return err
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) > 0 {
		return nil // it was not made, or is another's
	}
	if err := os.Remove(dir); err != nil && mustBeEmpty(dir) == nil {
		return err
	}
	return nil
}

// mustBeEmpty demands a directory that is new or empty, but for what a file system makes at
// its top.
func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return ofTheDisk(dir, e) })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty: it has %s; a ledger is never written over", dir, entries[0].Name())
	}
	return nil
}

// checkURL demands a URL that a policy and a client can use.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		return fmt.Errorf("the URL of %s has a user or a password, and policies are public", u.Host)
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("%q is not an http or https URL without query", s)
	}
	return nil
}

// fillLedger makes what a ledger has, and returns its policy, also beside an error that came
// after its keys were made.
func fillLedger(f initFlags) (*verify.Policy, error) {
	policy, cfg, err := makeKeys(f)
	if err != nil {
		return nil, err
	}
	in := store.Config{Dir: filepath.Join(f.dir, storeDir), Key: policy.Logs[0].Key}
	guard := store.GuardConfig{Dir: cmp.Or(f.guard, filepath.Join(f.dir, guardDir)), Key: policy.Logs[0].Key}
	if err := ledger.Create(in, guard, cfg); err != nil {
		return policy, err
	}
	if err := keepGuard(f.dir, guard.Dir); err != nil {
		return policy, err
	}
	text := policy.Bytes()
	read, err := verify.ParsePolicy(text)
	if err != nil {
		return policy, err
	}
	return read, keep(filepath.Join(f.dir, policyFile), text)
}

// makeKeys writes the ledger's secret keys, and returns the policy that has their
// public halves, and what signs by them.
func makeKeys(f initFlags) (*verify.Policy, ledger.Config, error) {
	cfg := ledger.Config{Clock: time.Now}
	secret, err := keys.Generate(rand.Reader, f.origin)
	if err != nil {
		return nil, cfg, err
	}
	if err := secret.WriteFiles(filepath.Join(f.dir, keyFile), nil); err != nil {
		return nil, cfg, err
	}
	vkey, err := note.NewKey(f.origin, note.Ed25519, secret.Public())
	if err != nil {
		return nil, cfg, err
	}
	cfg.Sign = secret.Sign
	policy := &verify.Policy{Logs: []verify.Log{{Key: vkey, URL: f.url}}, Quorum: verify.NoQuorum}
	if !f.mldsa {
		return policy, cfg, nil
	}
	second, err := keys.GenerateMLDSA44(rand.Reader)
	if err != nil {
		return nil, cfg, err
	}
	if err := second.WriteFile(filepath.Join(f.dir, cosignerFile)); err != nil {
		return nil, cfg, err
	}
	own := verify.Witness{Name: ownWitness, URL: f.url}
	if own.Key, err = second.Key(f.origin); err != nil {
		return nil, cfg, err
	}
	policy.Witnesses, policy.Quorum = []verify.Witness{own}, own.Name
	cfg.Cosigner = &ledger.Cosigner{Key: own.Key, Sign: second.Sign}
	return policy, cfg, nil
}
