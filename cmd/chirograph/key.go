package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"github.com/chirograph/chirograph/ledger/record"
)

func (a *app) keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key new|show|revoke", Short: "Make, show and revoke keys", Example: "  chirograph key new bob.example --out bob.key"}
	return group(c, a.keyNewCommand(), a.keyShowCommand(), a.keyRevokeCommand())
}

func (a *app) keyNewCommand() *cobra.Command {
	var out, ledger string
	var open bool
	c := &cobra.Command{
		Use:   "new NAME [--out FILE] [--no-passphrase] [--ledger URL|VKEY]",
		Short: "Make a key, and print its verifier key, which goes to whoever draws up the contract",
		Long: `Makes a key and writes it to FILE (NAME.key if you do not say), with the public
half in FILE.pub. Both are OpenSSH key files: ssh-add -c FILE puts the key into an
agent that asks before each use.

With --ledger it also signs a revocation, FILE.revocation. Keep that apart from the
key: on the day the key is lost, anyone who has it can register it.`,
		Example: "  chirograph key new bob.example --out bob.key",
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := record.CheckKeyName(name); err != nil {
				return err
			}
			if out == "" {
				out = strings.NewReplacer("/", "-", "@", "-").Replace(name) + ".key"
			}
			var ledgerKey note.Key
			if ledger != "" {
				var err error
				if ledgerKey, err = a.ledgerKey(cmd.Context(), ledger); err != nil {
					return err
				}
			}
			return a.newKey(name, out, open, ledgerKey)
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file of the secret (`FILE`)")
	c.Flags().BoolVar(&open, "no-passphrase", false, "write the secret unencrypted")
	c.Flags().StringVar(&ledger, "ledger", "", "also sign a revocation for this ledger (`URL|VKEY`)")
	return c
}

func (a *app) newKey(name, out string, open bool, ledger note.Key) error {
	revocation := out + ".revocation"
	for _, path := range []string{out, out + ".pub", revocation} {
		if err := refuseExisting(path); err != nil {
			return err
		}
	}
	var passphrase []byte
	if !open {
		var err error
		passphrase, err = keys.NewPassphrase("passphrase for "+out+": ", "the same again: ")
		if errors.Is(err, keys.ErrNoTerminal) {
			return hint(err, "use a terminal, or --no-passphrase for a key that its file alone protects")
		}
		if err != nil {
			return err
		}
		defer clear(passphrase)
	}
	key, err := keys.Generate(a.random, name)
	if err != nil {
		return err
	}
	if err := key.WriteFiles(out, passphrase); err != nil {
		return err
	}
	a.say("wrote %s (secret) and %s.pub; fingerprint %s", out, out, key.Public().Fingerprint())
	if ledger != (note.Key{}) {
		r, err := a.revocation(key, name, ledger, "lost")
		if err != nil {
			return err
		}
		if err := newFile(revocation, forOwner, bytes.NewReader(r.Bytes())); err != nil {
			return err
		}
		a.say("wrote %s: keep it apart from the key; on the day the key is lost, chirograph submit %s --ledger URL", revocation, shellQuote(revocation))
	}
	return a.printKey(key.Public(), name)
}

func (a *app) printKey(pub note.PublicKey, name string) error {
	k, err := note.NewKey(name, note.Ed25519, pub)
	if err != nil {
		return err
	}
	return a.print("%s", k)
}

func (a *app) keyShowCommand() *cobra.Command {
	var name string
	c := &cobra.Command{
		Use:     "show FILE [--name NAME]",
		Short:   "Print the verifier key of a key file, of its .pub file, or of ssh-keygen's",
		Example: "  chirograph key show ~/.ssh/id_ed25519.pub --name bob.example",
		Args:    arguments("FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			pub, own, err := publickey.Open(args[0])
			if err != nil {
				return err
			}
			if name == "" {
				name = own
			}
			if err := record.CheckKeyName(name); err != nil {
				return hint(fmt.Errorf("the name of the key: %w", err), "give it one: --name NAME")
			}
			a.say("fingerprint %s", pub.Fingerprint())
			return a.printKey(pub, name)
		},
	}
	c.Flags().StringVar(&name, "name", "", "the name in the verifier key (`NAME`), instead of the one in the file")
	return c
}

func (a *app) keyRevokeCommand() *cobra.Command {
	var ledger, reason, out, name string
	c := &cobra.Command{
		Use:   "revoke --ledger URL|VKEY [--reason R] [-o NOTE] KEYFILE",
		Short: "Sign the revocation of a key: from its registration on, the key signs nothing more",
		Example: `  chirograph key revoke --ledger https://ledger.example --reason compromised -o bob.revocation bob.key
  chirograph submit bob.revocation --ledger https://ledger.example`,
		Args: arguments("KEYFILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(record.Reasons, reason) {
				return fmt.Errorf("--reason %q is none of %s", reason, strings.Join(record.Reasons, ", "))
			}
			ledgerKey, err := a.ledgerKey(cmd.Context(), ledger)
			if err != nil {
				return err
			}
			key, err := a.openKey(args[0])
			if err != nil {
				return err
			}
			if name == "" {
				name = key.Name()
			}
			r, err := a.revocation(key, name, ledgerKey, reason)
			if err != nil {
				return err
			}
			if out == "" {
				_, err := a.stdout.Write(r.Bytes())
				return err
			}
			if err := newFile(out, forOwner, bytes.NewReader(r.Bytes())); err != nil {
				return err
			}
			a.say("wrote %s; it takes effect when it is registered: chirograph submit %s --ledger URL", out, shellQuote(out))
			return nil
		},
	}
	c.Flags().StringVar(&ledger, "ledger", "", "the ledger that the key signs for (`URL|VKEY`)")
	c.Flags().StringVar(&reason, "reason", "lost", "superseded, lost or compromised (`R`)")
	c.Flags().StringVarP(&out, "output", "o", "", "the file of the revocation (`NOTE`); else standard output")
	c.Flags().StringVar(&name, "name", "", "the key's name (`NAME`), where its .pub file has none that fits")
	return c
}

// revocation signs a revocation of key for a ledger.
func (a *app) revocation(key keys.Signer, name string, ledger note.Key, reason string) (*record.Record, error) {
	if err := record.CheckKeyName(name); err != nil {
		return nil, hint(fmt.Errorf("the name of the key: %w", err), "give it one: --name NAME")
	}
	k, err := note.NewKey(name, note.Ed25519, key.Public())
	if err != nil {
		return nil, err
	}
	t := &record.Text{Kind: record.Revocation, Ledger: ledger, Made: a.now().Unix(), Key: k, Reason: reason}
	if _, err := io.ReadFull(a.random, t.Nonce[:]); err != nil {
		return nil, err
	}
	draft, err := record.New(t)
	if err != nil {
		return nil, err
	}
	return draft.Sign(key.Public(), key.Sign)
}

// openKey reads a secret key, asks for its passphrase, and warns when others can
// read it.
func (a *app) openKey(path string) (keys.SecretKey, error) {
	key, err := keys.Open(path, func(path string) ([]byte, error) {
		return keys.Passphrase("passphrase for " + path + ": ")
	})
	switch {
	case errors.Is(err, keys.ErrNoTerminal):
		return key, hint(err, "put the key into an agent, ssh-add -c %s, and use --agent", path)
	case errors.Is(err, fs.ErrNotExist):
		return key, hint(err, "chirograph key new makes one")
	}
	if w := keys.Readable(path); err == nil && w != "" {
		a.say("warning: %s", w)
	}
	return key, err
}

// agentKeys returns the keys of the running agent.
func (a *app) agentKeys() ([]keys.Signer, error) {
	found, err := keys.AgentKeys(a.getenv("SSH_AUTH_SOCK"))
	if errors.Is(err, keys.ErrNoAgent) {
		return nil, hint(err, "start one with ssh-agent, and add the key: ssh-add -c FILE")
	}
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, hint(errors.New("the ssh-agent holds no Ed25519 key"), "add one: ssh-add -c FILE")
	}
	signers := make([]keys.Signer, len(found))
	for i, k := range found {
		signers[i] = k
	}
	return signers, nil
}

// publicKeys returns the public keys of key files and, if asked, of the agent: which
// keys are mine.
func (a *app) publicKeys(files []string, agent bool) (map[note.PublicKey]bool, error) {
	mine := make(map[note.PublicKey]bool)
	for _, path := range files {
		pub, _, err := publickey.Open(path)
		if err != nil {
			return nil, err
		}
		mine[pub] = true
	}
	if agent {
		signers, err := a.agentKeys()
		if err != nil {
			return nil, err
		}
		for _, s := range signers {
			mine[s.Public()] = true
		}
	}
	return mine, nil
}

// verifierKey reads a verifier key, or a file that holds one, or a .pub file.
func verifierKey(arg string) (note.Key, error) {
	pub, name, err := publickey.Find(arg)
	if err != nil {
		return note.Key{}, err
	}
	return note.NewKey(name, note.Ed25519, pub)
}
