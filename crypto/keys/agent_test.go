package keys

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// A liar is an agent that signs as it likes.
type liar struct {
	agent.Agent
	sign func(message []byte) (*ssh.Signature, error)
}

func (l liar) Sign(_ ssh.PublicKey, message []byte) (*ssh.Signature, error) { return l.sign(message) }

// serve returns a dialer to a, each connection served by itself.
func serve(t *testing.T, a agent.Agent) dialer {
	log.SetOutput(io.Discard) // ServeAgent writes its refusals there
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		serving.Go(func() {
			defer theirs.Close()
			agent.ServeAgent(a, theirs)
		})
		return ours, nil
	}
}

func add(t *testing.T, a agent.Agent, secret any, comment string) {
	t.Helper()
	if err := a.Add(agent.AddedKey{PrivateKey: secret, Comment: comment}); err != nil {
		t.Fatal(err)
	}
}

func TestAgentKeysAreTheEd25519Ones(t *testing.T) {
	ring := agent.NewKeyring()
	dial := serve(t, ring)
	if keys, err := agentKeys(dial); err != nil || len(keys) != 0 {
		t.Errorf("an empty agent: %v, %v", keys, err)
	}
	alice, bob := keyOf(t, 1, "alice"), keyOf(t, 2, "bob")
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	add(t, ring, alice.secret, "alice")
	add(t, ring, other, "other")
	add(t, ring, bob.secret, "Bob Smith")
	keys, err := agentKeys(dial)
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0].Public() != alice.Public() || keys[1].Public() != bob.Public() || keys[0].Name() != "alice" || keys[1].Name() != "Bob Smith" {
		t.Fatalf("keys %v", keys)
	}
	message := []byte("a text")
	want, _ := bob.Sign(message)
	got, err := keys[1].Sign(message)
	if err != nil || string(got) != string(want) {
		t.Errorf("signature %x, %v; the file key's is %x", got, err, want)
	}

	if err := ring.Remove(&agent.Key{Format: algorithm, Blob: wireKey(bob.public)}); err != nil {
		t.Fatal(err)
	}
	_, err = keys[1].Sign(message)
	wantError(t, err, "no longer held", bob.Public().Fingerprint())
}

func TestWhatAnAgentReturnsIsVerified(t *testing.T) {
	alice, bob := keyOf(t, 1, "alice"), keyOf(t, 2, "bob")
	message := []byte("a text")
	good, _ := alice.Sign(message)
	elsewhere, _ := alice.Sign([]byte("another text"))
	stranger, _ := bob.Sign(message)
	for name, c := range map[string]struct {
		sig  ssh.Signature
		want string
	}{
		"another text": {ssh.Signature{Format: algorithm, Blob: elsewhere}, "no signature by " + alice.Public().Fingerprint()},
		"another key":  {ssh.Signature{Format: algorithm, Blob: stranger}, "no signature by"},
		"short":        {ssh.Signature{Format: algorithm, Blob: good[:63]}, "63 bytes"},
		"empty":        {ssh.Signature{Format: algorithm}, "0 bytes"},
		"long":         {ssh.Signature{Format: algorithm, Blob: append(good[:64:64], 0)}, "65 bytes"},
		"format":       {ssh.Signature{Format: "rsa-sha2-256", Blob: good}, `"rsa-sha2-256"`},
		"token":        {ssh.Signature{Format: "sk-ssh-ed25519@openssh.com", Blob: good, Rest: make([]byte, 5)}, `"sk-ssh-ed25519@openssh.com"`},
		"more":         {ssh.Signature{Format: algorithm, Blob: good, Rest: []byte("more")}, "4 bytes follow"},
	} {
		t.Run(name, func(t *testing.T) {
			ring := agent.NewKeyring()
			add(t, ring, alice.secret, "alice")
			keys, err := agentKeys(serve(t, liar{ring, func([]byte) (*ssh.Signature, error) { return &c.sig, nil }}))
			if err != nil || len(keys) != 1 {
				t.Fatal(keys, err)
			}
			sig, err := keys[0].Sign(message)
			if sig != nil {
				t.Errorf("signature %x", sig)
			}
			wantError(t, err, c.want)
		})
	}
}

// badKeys lists keys that no secret has.
type badKeys struct{ agent.Agent }

func (badKeys) List() ([]*agent.Key, error) {
	key := func(bytes string) *agent.Key {
		return &agent.Key{Format: algorithm, Blob: ssh.Marshal(struct{ A, B string }{algorithm, bytes})}
	}
	return []*agent.Key{key("short"), key(string(make([]byte, ed25519.PublicKeySize)))}, nil
}

func TestKeysThatAreNoneAreNotListed(t *testing.T) {
	if keys, err := agentKeys(serve(t, badKeys{agent.NewKeyring()})); err != nil || len(keys) != 0 {
		t.Errorf("%v, %v", keys, err)
	}
}

func TestLockedAgentSignsNothing(t *testing.T) {
	ring := agent.NewKeyring()
	add(t, ring, keyOf(t, 1, "alice").secret, "alice")
	keys, err := agentKeys(serve(t, ring))
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
	if err := ring.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	_, err = keys[0].Sign([]byte("text"))
	wantError(t, err, "locked")
}

// Whether the agent has the key is found out without a signature.
func TestWhetherAnAgentHasAKeyCostsNoSignature(t *testing.T) {
	ring, alice := agent.NewKeyring(), keyOf(t, 1, "alice")
	add(t, ring, keyOf(t, 2, "bob").secret, "bob")
	add(t, ring, alice.secret, "alice")
	keys, err := agentKeys(serve(t, liar{ring, func([]byte) (*ssh.Signature, error) {
		t.Error("it was asked to sign")
		return nil, errors.New("no")
	}}))
	if err != nil || len(keys) != 2 {
		t.Fatal(keys, err)
	}
	held := func() error { return keys[1].HeldWithin(AgentTimeout) }
	if err := held(); err != nil {
		t.Error(err)
	}
	if err := ring.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	wantError(t, held(), "of its 0 Ed25519 keys none is "+alice.Public().Fingerprint(), "locked")
	if err := errors.Join(ring.Unlock([]byte("x")), held()); err != nil {
		t.Error(err)
	}
	if err := ring.Remove(&agent.Key{Format: algorithm, Blob: wireKey(alice.public)}); err != nil {
		t.Fatal(err)
	}
	wantError(t, held(), "of its 1 Ed25519 keys none is "+alice.Public().Fingerprint())
	keys[1].dial = func(context.Context) (net.Conn, error) { return nil, errors.New("away") }
	wantError(t, held(), "ssh-agent: away")
	wantError(t, AgentKey{}.HeldWithin(AgentTimeout), "no key to sign with")
}

func TestAgentThatTalksNonsense(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":       "",
		"too long":      "\xff\xff\xff\xff",
		"empty":         "\x00\x00\x00\x00",
		"failure":       "\x00\x00\x00\x01\x05",
		"success":       "\x00\x00\x00\x01\x06",
		"too many keys": "\x00\x00\x00\x05\x0c\xff\xff\xff\xff",
		"missing key":   "\x00\x00\x00\x05\x0c\x00\x00\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := agentKeys(func(context.Context) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					defer theirs.Close()
					io.ReadFull(theirs, make([]byte, 5))
					io.WriteString(theirs, answer)
				}()
				return ours, nil
			})
			if keys != nil {
				t.Errorf("keys %v", keys)
			}
			wantError(t, err, "ssh-agent: listing its keys")
		})
	}
}

// silent returns a dialer to an agent that hears and never answers.
func silent() dialer {
	return func(context.Context) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() {
			defer theirs.Close()
			io.Copy(io.Discard, theirs)
		}()
		return ours, nil
	}
}

func TestSilentAgentIsLeftInTime(t *testing.T) {
	deaf := func(ctx context.Context) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		dial  dialer
		limit time.Duration
		ask   func(dialer) error
		want  string
	}{
		"list":           {silent(), AgentTimeout, func(d dialer) error { _, err := agentKeys(d); return err }, "no answer within 10s"},
		"sign":           {silent(), SignTimeout, func(d dialer) error { _, err := AgentKey{dial: d}.Sign(nil); return err }, "no answer within 5m0s"},
		"dial":           {deaf, AgentTimeout, func(d dialer) error { _, err := agentKeys(d); return err }, "deadline"},
		"dial, for Sign": {deaf, AgentTimeout, func(d dialer) error { _, err := AgentKey{dial: d}.Sign(nil); return err }, "deadline"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				wantError(t, c.ask(c.dial), "ssh-agent", c.want)
				if took := time.Since(start); took != c.limit {
					t.Errorf("took %v, want %v", took, c.limit)
				}
			})
		})
	}
}

func TestPersonMayThinkBeforeSigning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alice := keyOf(t, 1, "alice")
		dial := serve(t, liar{agent.NewKeyring(), func(message []byte) (*ssh.Signature, error) {
			time.Sleep(SignTimeout - time.Second) // of the bubble's clock
			sig, err := alice.Sign(message)
			return &ssh.Signature{Format: algorithm, Blob: sig}, err
		}})
		if _, err := (AgentKey{"alice", alice.public, dial}).Sign([]byte("text")); err != nil {
			t.Error(err)
		}
	})
}

func TestNoAgent(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log(`"" is the pipe of OpenSSH here`)
	} else if _, err := AgentKeys(""); !errors.Is(err, ErrNoAgent) {
		t.Error(err)
	}
	address := t.TempDir() + "/none"
	_, err := AgentKeys(address)
	wantError(t, err, "ssh-agent", address)
}
