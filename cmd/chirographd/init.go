package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// What the directory of a ledger holds.
const (
	keyFile    = "ledger.key" // the secret; ledger.key.pub beside it
	policyFile = "policy"
	storeDir   = "store"
)

func initCommand() *cobra.Command {
	var dir, origin, ledgerURL string
	c := &cobra.Command{
		Use:   "init --dir DIR --origin NAME [--url URL]",
		Short: "Make the keys and the empty log of a new ledger",
		Long: `Makes a new ledger in DIR: its secret key (ledger.key, which whoever has it can sign
as the ledger with), its policy, and an empty log. Nothing that is there is written
over.

NAME is the name of the ledger for ever, in every contract and receipt: a host name
of yours, with a path perhaps, as in ledger.example/2026.`,
		Example: "  chirographd init --dir /var/lib/chirograph --origin ledger.example --url https://ledger.example",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" || origin == "" {
				return errors.New("--dir and --origin have to be given")
			}
			policy, err := initLedger(dir, origin, ledgerURL)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "made the ledger %s in %s, key %s\n", origin, dir, policy.Logs[0].Key.Public().Fingerprint())
			_, err = cmd.OutOrStdout().Write(policy.Bytes())
			return err
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "keep the ledger in `DIR`, new or empty")
	c.Flags().StringVar(&origin, "origin", "", "the ledger's `NAME` for ever")
	c.Flags().StringVar(&ledgerURL, "url", "", "the public finds it at `URL`")
	return c
}

// initLedger makes a ledger beside dir and gives it the name when it is whole.
func initLedger(dir, origin, ledgerURL string) (*verify.Policy, error) {
	if err := record.CheckOrigin(origin); err != nil {
		return nil, fmt.Errorf("--origin: %w", err)
	}
	if err := checkURL(ledgerURL); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := mustBeEmpty(dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "."+filepath.Base(dir)+".*.tmp")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	policy, err := fillLedger(temp, origin, ledgerURL)
	if err != nil {
		return nil, err
	}
	// Windows renames over nothing; an empty directory is as good as none.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return policy, os.Rename(temp, dir)
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
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
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("--url %q is not an http or https URL without query", s)
	}
	return nil
}

func fillLedger(dir, origin, ledgerURL string) (*verify.Policy, error) {
	secret, err := keys.Generate(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	if err := secret.WriteFiles(filepath.Join(dir, keyFile), nil); err != nil {
		return nil, err
	}
	vkey, err := note.NewKey(origin, note.Ed25519, secret.Public())
	if err != nil {
		return nil, err
	}
	if err := ledger.Create(store.Config{Dir: filepath.Join(dir, storeDir), Key: vkey}, secret.Sign); err != nil {
		return nil, err
	}
	text := (&verify.Policy{Logs: []verify.Log{{Key: vkey, URL: ledgerURL}}, Quorum: "none"}).Bytes()
	policy, err := verify.ParsePolicy(text)
	if err != nil {
		return nil, err
	}
	return policy, os.WriteFile(filepath.Join(dir, policyFile), text, 0o644)
}
