//go:build linux

package nodes

import (
	"crypto/ed25519"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// A signature is one that the ledger's key has made.
type signature struct {
	node    int
	at      time.Time
	message string
}

// A signer has the ledger's key, and remembers what it was asked to sign.
type signer struct {
	agent.Agent

	mu   sync.Mutex
	made []signature
}

// newSigner returns a signer of a key.
func newSigner(t testing.TB, key ed25519.PrivateKey) *signer {
	ring := agent.NewKeyring()
	must(t, ring.Add(agent.AddedKey{PrivateKey: &key}))
	return &signer{Agent: ring}
}

// serve returns the socket of an ssh-agent for a node, which has ended when the test has.
func (s *signer) serve(t testing.TB, node int) string {
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	must(t, err)
	var busy sync.WaitGroup
	busy.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			busy.Go(func() {
				defer c.Close()
				agent.ServeAgent(&asked{s, node}, c) // until it hangs up
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		busy.Wait()
	})
	return socket
}

// signatures returns all that were made so far.
func (s *signer) signatures() []signature {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]signature(nil), s.made...)
}

// An asked is a signer whom one node asks.
type asked struct {
	*signer
	node int
}

// Sign implements agent.Agent. What is to be signed is remembered before it is.
func (a *asked) Sign(key ssh.PublicKey, message []byte) (*ssh.Signature, error) {
	a.mu.Lock()
	a.made = append(a.made, signature{a.node, time.Now(), string(message)})
	a.mu.Unlock()
	return a.Agent.Sign(key, message)
}

func (a *asked) SignWithFlags(key ssh.PublicKey, message []byte, _ agent.SignatureFlags) (*ssh.Signature, error) {
	return a.Sign(key, message)
}

func (a *asked) Extension(string, []byte) ([]byte, error) { return nil, agent.ErrExtensionUnsupported }
