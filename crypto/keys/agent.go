package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// How long an agent may take. It is a process on this machine, or at the other
// end of a connection that ssh forwards.
const (
	AgentTimeout = 10 * time.Second // to accept a connection; to list its keys
	SignTimeout  = 5 * time.Minute  // to sign: a person may be asked, and looks first
)

// ErrNoAgent is the error for an empty address where there is no customary one.
var ErrNoAgent = errors.New("no ssh-agent is known (SSH_AUTH_SOCK is empty)")

// An AgentKey is a key that a running ssh-agent holds. Add it with
//
//	ssh-add -c FILE
//
// and the agent asks before each use: without -c, whatever runs under the same
// account, and the root of each machine to which the agent is forwarded, signs
// with it unseen. The zero value is no key and signs nothing.
type AgentKey struct {
	name   string
	public note.PublicKey
	dial   dialer
}

// AgentKeys returns the Ed25519 keys of the agent at address, the path of its
// socket ($SSH_AUTH_SOCK), in the agent's order; other kinds of keys are left
// out. On Windows, address may be a named pipe, and "" is the one of OpenSSH.
func AgentKeys(address string) ([]AgentKey, error) {
	return agentKeys(func(ctx context.Context) (net.Conn, error) { return dialAgent(ctx, address) })
}

func agentKeys(dial dialer) ([]AgentKey, error) {
	return keysWithin(AgentTimeout, dial)
}

func keysWithin(limit time.Duration, dial dialer) ([]AgentKey, error) {
	var keys []AgentKey
	err := dial.ask(limit, func(a agent.Agent) error {
		listed, err := a.List()
		if err != nil {
			return fmt.Errorf("listing its keys: %w", err)
		}
		for _, k := range listed {
			if public, err := publickey.ParseWire(k.Blob); err == nil {
				keys = append(keys, AgentKey{k.Comment, public, dial})
			}
		}
		return nil
	})
	return keys, err
}

func (k AgentKey) Public() note.PublicKey { return k.public }

// Name returns the agent's comment of the key, which is that of the file that
// was added.
func (k AgentKey) Name() string { return k.name }

// Sign asks the agent for a signature over message and verifies it. Where the
// agent asks a person, it waits as long as [SignTimeout].
func (k AgentKey) Sign(message []byte) ([]byte, error) { return k.SignWithin(SignTimeout, message) }

// SignWithin is Sign for where nobody is asked.
func (k AgentKey) SignWithin(limit time.Duration, message []byte) ([]byte, error) {
	if k.dial == nil {
		return nil, errors.New("there is no key to sign with")
	}
	var sig *ssh.Signature
	err := k.dial.ask(limit, func(a agent.Agent) (err error) {
		if sig, err = a.Sign(&agent.Key{Format: algorithm, Blob: wireKey(k.public)}, message); err != nil {
			return fmt.Errorf("no signature by %s (refused, locked, or no longer held): %w", k.public.Fingerprint(), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if sig.Format != algorithm {
		return nil, fmt.Errorf("ssh-agent: asked for a signature of the type %s, got %.60q", algorithm, sig.Format)
	}
	if len(sig.Rest) > 0 {
		return nil, fmt.Errorf("ssh-agent: %d bytes follow the signature", len(sig.Rest))
	}
	if !k.public.Verify(message, sig.Blob) {
		return nil, fmt.Errorf("ssh-agent: what it returned (%d bytes) is no signature by %s over this message", len(sig.Blob), k.public.Fingerprint())
	}
	return sig.Blob, nil
}

// HeldWithin says why the agent could not sign: that it does not answer within the limit, is
// locked, or no longer has the key. It asks for no signature, so an agent that would refuse
// one is not found out, and no person is asked.
func (k AgentKey) HeldWithin(limit time.Duration) error {
	if k.dial == nil {
		return errors.New("there is no key to sign with")
	}
	list, err := keysWithin(limit, k.dial)
	if err == nil && !slices.ContainsFunc(list, func(held AgentKey) bool { return held.public == k.public }) {
		err = fmt.Errorf("ssh-agent: of its %d Ed25519 keys none is %s (locked, or no longer held)", len(list), k.public.Fingerprint())
	}
	return err
}

// A dialer connects to one agent.
type dialer func(context.Context) (net.Conn, error)

// ask puts one question to the agent, over a connection of its own, so that an
// agent that has gone and come again is found, and nothing is to be closed.
func (dial dialer) ask(limit time.Duration, question func(agent.Agent) error) error {
	dialing, cancel := context.WithTimeout(context.Background(), AgentTimeout)
	defer cancel()
	conn, err := dial(dialing)
	if err != nil {
		return fmt.Errorf("ssh-agent: %w", err)
	}
	defer conn.Close()
	asking, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	defer context.AfterFunc(asking, func() { conn.Close() })()
	// Without its Close, the client starts no goroutine and keeps no queue.
	err = question(agent.NewClient(struct{ io.ReadWriter }{conn}))
	switch {
	case err != nil && asking.Err() != nil:
		return fmt.Errorf("ssh-agent: no answer within %v", limit)
	case err != nil:
		return fmt.Errorf("ssh-agent: %w", err)
	}
	return nil
}
