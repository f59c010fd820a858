package keys

import (
	"crypto/ed25519"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/publickey"
	"golang.org/x/crypto/ssh"
)

const algorithm = publickey.Algorithm

var canonical = base64.StdEncoding.Strict()

// wireKey returns the wire encoding of a key (RFC 8709, section 4).
func wireKey(public note.PublicKey) []byte {
	return ssh.Marshal(struct {
		Algorithm string
		Key       []byte
	}{algorithm, public.Bytes()})
}

// privateFile is a FILE of which only the readable part was read.
type privateFile struct {
	publickey.Private
	text []byte
}

// parsePrivate reads what a private key file says without its passphrase. The result
// shares memory with data.
func parsePrivate(data []byte) (privateFile, error) {
	p, err := publickey.ParsePrivate(data)
	return privateFile{p, data}, err
}

// open reads the secret part. The errors of x/crypto/ssh, which may quote what
// they met in there, are left behind.
func (f privateFile) open(passphrase []byte) (SecretKey, error) {
	var parsed any
	var err error
	switch {
	case !f.Encrypted:
		parsed, err = ssh.ParseRawPrivateKey(f.text)
	case len(passphrase) == 0:
		return SecretKey{}, ErrPassphrase
	default:
		parsed, err = ssh.ParseRawPrivateKeyWithPassphrase(f.text, passphrase)
	}
	if errors.Is(err, x509.IncorrectPasswordError) {
		return SecretKey{}, ErrPassphrase
	}
	secret, ok := parsed.(*ed25519.PrivateKey)
	if err != nil || !ok {
		return SecretKey{}, errors.New("a damaged key file: its secret part is malformed")
	}
	// Signing with the public key of another secret gives the secret away, and
	// x/crypto/ssh compares neither with the other.
	if !fits(*secret) {
		return SecretKey{}, errors.New("a damaged key file: the public key in its secret part is not the secret key's")
	}
	k, err := newSecretKey(*secret)
	if err != nil {
		return SecretKey{}, err
	}
	if k.public != f.Public {
		return SecretKey{}, fmt.Errorf("a damaged key file: it says %s, its secret key is %s", f.Public.Fingerprint(), k.public.Fingerprint())
	}
	return k, nil
}

// fits says whether the public half of a secret key is the one of its seed.
func fits(secret ed25519.PrivateKey) bool {
	seed := secret.Seed()
	defer clear(seed)
	want := ed25519.NewKeyFromSeed(seed)
	defer clear(want)
	return subtle.ConstantTimeCompare(want, secret) == 1
}
