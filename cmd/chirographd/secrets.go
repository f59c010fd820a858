package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/chirograph/chirograph/crypto/keys"
	"github.com/chirograph/chirograph/crypto/note"
)

// agentPatience is how long an agent has for a signature. Nobody is asked, and records
// wait; three such times are less than they do.
const agentPatience = 5 * time.Second

// credentials is the variable in which systemd names the directory of what a service was
// given (LoadCredential=).
const credentials = "CREDENTIALS_DIRECTORY"

// secrets says where the secret keys of a ledger are. The zero value is for its directory,
// or where that has none, what systemd gave.
type secrets struct {
	key, cosigner string
	agent         bool
}

func (f *secrets) flags(c *cobra.Command) {
	c.Flags().StringVar(&f.key, "key", "", "the secret key is in `FILE`; else ledger.key below --dir")
	c.Flags().StringVar(&f.cosigner, "mldsa-key", "", "the second one is in `FILE`; else ledger.mldsa.key there")
	c.Flags().BoolVar(&f.agent, "agent", false, "an ssh-agent (SSH_AUTH_SOCK) has the secret key")
}

// file returns where a secret key of the ledger in dir is: where it is said to be, in dir, or
// where that has none and systemd gave one, there.
func file(dir, said, name string) string {
	own := filepath.Join(dir, name)
	if said != "" {
		return said
	}
	given := os.Getenv(credentials)
	if _, err := os.Stat(own); given == "" || !errors.Is(err, fs.ErrNotExist) {
		return own
	}
	if _, err := os.Stat(filepath.Join(given, name)); err != nil {
		return own
	}
	return filepath.Join(given, name)
}

// open returns the secret half of a ledger's key, of which it made sure.
func (f *secrets) open(dir string, want note.PublicKey) (keys.Signer, error) {
	if f.agent && f.key != "" {
		return nil, errors.New("--agent and --key contradict each other: give one")
	}
	if f.agent {
		return fromAgent(want)
	}
	name := file(dir, f.key, keyFile)
	secret, err := keys.Open(name, nil)
	if err != nil {
		return nil, err
	}
	if err := keys.Private(name); err != nil {
		return nil, err
	}
	if secret.Public() != want {
		return nil, fmt.Errorf("%s is the key %s, the policy's is %s", name, secret.Public().Fingerprint(), want.Fingerprint())
	}
	return secret, nil
}

// An agentKey is one that an agent has, which has little time for a signature.
type agentKey struct{ keys.AgentKey }

func (k agentKey) Sign(message []byte) ([]byte, error) { return k.SignWithin(agentPatience, message) }

// fromAgent returns the key of the ssh-agent that is the ledger's.
func fromAgent(want note.PublicKey) (keys.Signer, error) {
	list, err := keys.AgentKeys(os.Getenv("SSH_AUTH_SOCK"))
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		if k.Public() == want {
			return agentKey{k}, nil
		}
	}
	return nil, fmt.Errorf("the ssh-agent has %d Ed25519 keys, and not %s, the policy's: ssh-add FILE gives it one", len(list), want.Fingerprint())
}
