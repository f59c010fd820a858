// Package keys holds the secret Ed25519 keys with which a person or a ledger signs, in
// OpenSSH key files or in a running ssh-agent, and the secret ML-DSA-44 key with which
// a ledger cosigns. It does not know what is signed.
//
// A key FILE is what ssh-keygen writes and ssh-add takes (openssh-key-v1, see
// PROTOCOL.key of OpenSSH), with or without a passphrase; FILE.pub beside it is
// one line,
//
//	ssh-ed25519 <base64> <name>
//
// and the only place of the name: what stands at the end of a line that
// somebody else wrote, "bob@host" or anything. Whoever uses a name checks it
// against the grammar that he needs, and quotes it where he prints it.
//
// OpenSSH has no format for an ML-DSA-44 key. Its file is the one of OpenSSL for the
// seed, PKCS #8 in PEM (RFC 9881, section 6), to the byte, and has no name in it. It
// is not encrypted: a ledger starts without somebody who types.
//
// Every Ed25519 public key has passed [note.ParsePublicKey], every secret key fits its
// public one, and no error and no print of a value here holds a secret.
// Passphrases are overwritten after use, as far as Go allows: the libraries
// beneath make copies of their own.
package keys

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"

	"github.com/chirograph/chirograph/crypto/note"
)

// A Signer is one Ed25519 key that can sign: a [SecretKey] or an [AgentKey].
type Signer interface {
	// Public returns the key that verifies what Sign returns.
	Public() note.PublicKey
	// Name returns the name that stands beside the key, unchecked; "" where
	// there is none.
	Name() string
	// Sign returns the 64 bytes of an Ed25519 signature over message, which
	// Public verifies.
	Sign(message []byte) ([]byte, error)
}

// A SecretKey is a secret key in memory, made by [Generate] or [Open]. The zero
// value is no key and signs nothing.
type SecretKey struct {
	name   string
	public note.PublicKey
	secret ed25519.PrivateKey
}

// Generate returns a new key whose secret is the first 32 bytes of random. The
// name is one that a verifier key may have (c2sp.org/signed-note).
func Generate(random io.Reader, name string) (SecretKey, error) {
	seed := make([]byte, ed25519.SeedSize)
	defer clear(seed)
	if _, err := io.ReadFull(random, seed); err != nil {
		return SecretKey{}, fmt.Errorf("reading %d random bytes for a key: %w", len(seed), err)
	}
	k, err := newSecretKey(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		return SecretKey{}, err
	}
	if _, err := note.NewKey(name, note.Ed25519, k.public); err != nil {
		return SecretKey{}, err
	}
	k.name = name
	return k, nil
}

func newSecretKey(secret ed25519.PrivateKey) (SecretKey, error) {
	public, err := note.ParsePublicKey(secret[ed25519.SeedSize:])
	if err != nil {
		return SecretKey{}, err
	}
	return SecretKey{public: public, secret: secret}, nil
}

func (k SecretKey) Public() note.PublicKey { return k.public }
func (k SecretKey) Name() string           { return k.name }

// Sign returns the signature of RFC 8032, section 5.1.6: the same for the same
// message. It fails for the zero value only.
func (k SecretKey) Sign(message []byte) ([]byte, error) {
	if k.secret == nil {
		return nil, errors.New("there is no secret key to sign with")
	}
	return ed25519.Sign(k.secret, message), nil
}

// Format prints the quoted name and the fingerprint, whatever the verb, so that
// a key that strays into a log line shows no secret.
func (k SecretKey) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "%q %s", k.name, k.public.Fingerprint())
}
