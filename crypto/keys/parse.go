package keys

import (
	"bytes"
	"crypto/ed25519"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"golang.org/x/crypto/ssh"
)

const (
	algorithm = ssh.KeyAlgoED25519
	magic     = "openssh-key-v1\x00"
	pemBegin  = "-----BEGIN "
	pemType   = "OPENSSH PRIVATE KEY"
)

// maxRounds bounds the work of one passphrase. ssh-keygen takes 16 or 24 rounds,
// 100 is what the cautious tell it; x/crypto/ssh, too, stops at 2,048, which
// takes some seconds.
const maxRounds = 2048

var canonical = base64.StdEncoding.Strict()

// wireKey returns the wire encoding of a key (RFC 8709, section 4).
func wireKey(public note.PublicKey) []byte {
	return ssh.Marshal(struct {
		Algorithm string
		Key       []byte
	}{algorithm, public.Bytes()})
}

// parseWireKey is the one place where a key of another kind is told apart.
func parseWireKey(b []byte) (note.PublicKey, error) {
	var kind struct {
		Algorithm string
		Rest      []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(b, &kind); err != nil {
		return note.PublicKey{}, errors.New("its public key is malformed")
	}
	if kind.Algorithm != algorithm {
		return note.PublicKey{}, kindError(kind.Algorithm)
	}
	var key struct{ Bytes []byte }
	if err := ssh.Unmarshal(kind.Rest, &key); err != nil {
		return note.PublicKey{}, errors.New("its public key is malformed")
	}
	return note.ParsePublicKey(key.Bytes)
}

func kindError(algorithm string) error {
	if strings.HasPrefix(algorithm, "sk-") {
		return fmt.Errorf("a key of the type %.60q lives in a security token, which signs other bytes than it is given; only ssh-ed25519 keys sign here", algorithm)
	}
	return fmt.Errorf("a key of the type %.60q; only ssh-ed25519 keys sign here", algorithm)
}

// parsePublic reads the one line of FILE.pub.
func parsePublic(data []byte) (note.PublicKey, string, error) {
	if looksPrivate(data) { // before a copy of it that cannot be overwritten
		return note.PublicKey{}, "", errors.New("a private key file where the public one should be")
	}
	line := strings.TrimRight(string(data), "\r\n \t")
	if strings.ContainsAny(line, "\r\n\x00") {
		return note.PublicKey{}, "", errors.New("not one line of text, as a public key file is")
	}
	kind, encoded, name := field(line)
	if kind != algorithm {
		if !knownKind(kind) {
			return note.PublicKey{}, "", errors.New(`not a public key file: its line does not begin with "ssh-ed25519"`)
		}
		return note.PublicKey{}, "", kindError(kind)
	}
	wire, err := canonical.DecodeString(encoded)
	if err != nil {
		return note.PublicKey{}, "", errors.New("its public key is not in base64")
	}
	public, err := parseWireKey(wire)
	if err != nil {
		return note.PublicKey{}, "", err
	}
	return public, name, nil
}

// field splits a line into its first two words and the rest.
func field(line string) (first, second, rest string) {
	const blank = " \t"
	cut := func(s string) (string, string) {
		if i := strings.IndexAny(s, blank); i >= 0 {
			return s[:i], strings.TrimLeft(s[i:], blank)
		}
		return s, ""
	}
	first, rest = cut(line)
	second, rest = cut(rest)
	return first, second, rest
}

func knownKind(kind string) bool {
	return strings.HasPrefix(kind, "ssh-") || strings.HasPrefix(kind, "ecdsa-sha2-") || strings.HasPrefix(kind, "sk-")
}

// looksPrivate says whether data is rather a FILE than a FILE.pub.
func looksPrivate(data []byte) bool { return bytes.Contains(data, []byte(pemBegin)) }

// privateFile is a FILE of which only the readable part was read.
type privateFile struct {
	text      []byte
	public    note.PublicKey // claimed: the secret part has not been seen
	encrypted bool
}

// parsePrivate reads what a private key file says without its passphrase, and
// refuses a key of another kind before anybody types one. The result shares
// memory with data.
func parsePrivate(data []byte) (privateFile, error) {
	block, _ := pem.Decode(data)
	switch {
	case bytes.HasPrefix(data, []byte("PuTTY-User-Key-File")):
		return privateFile{}, errors.New("a key file of PuTTY; puttygen can export it in the format of OpenSSH")
	case block == nil && !looksPrivate(data):
		if _, _, err := parsePublic(data); err == nil {
			return privateFile{}, errors.New("a public key file; the secret key is in the file without .pub")
		}
		return privateFile{}, errors.New("not a key file of OpenSSH")
	case block == nil:
		return privateFile{}, errors.New("a damaged key file: not a whole PEM block")
	}
	defer clear(block.Bytes)
	if block.Type != pemType {
		return privateFile{}, fmt.Errorf("a PEM file of the type %.60q, not %q; ssh-keygen makes one: ssh-keygen -t ed25519", block.Type, pemType)
	}
	if len(block.Headers) > 0 {
		return privateFile{}, errors.New("a key file with PEM headers, which OpenSSH does not write")
	}
	body, ok := bytes.CutPrefix(block.Bytes, []byte(magic))
	if !ok {
		return privateFile{}, errors.New("a damaged key file: it does not begin as version 1 of the format does")
	}
	var box struct {
		Cipher, KDF, Options string
		Keys                 uint32
		Public, Secret       []byte
		Rest                 []byte `ssh:"rest"`
	}
	if err := ssh.Unmarshal(body, &box); err != nil {
		return privateFile{}, errors.New("a damaged key file: it ends early")
	}
	defer clear(box.Secret)
	if box.Keys != 1 {
		return privateFile{}, fmt.Errorf("a file with %d keys, not one", box.Keys)
	}
	public, err := parseWireKey(box.Public)
	if err != nil {
		return privateFile{}, err
	}
	encrypted, err := checkCipher(box.Cipher, box.KDF, box.Options)
	if err != nil {
		return privateFile{}, err
	}
	return privateFile{data, public, encrypted}, nil
}

func checkCipher(cipher, kdf, options string) (encrypted bool, err error) {
	if cipher == "none" && kdf == "none" && options == "" {
		return false, nil
	}
	if cipher != "aes256-ctr" && cipher != "aes256-cbc" || kdf != "bcrypt" {
		return false, fmt.Errorf("encrypted with %.40q and %.40q; known is aes256-ctr with bcrypt, which ssh-keygen -p writes", cipher, kdf)
	}
	var bcrypt struct {
		Salt   string
		Rounds uint32
	}
	if err := ssh.Unmarshal([]byte(options), &bcrypt); err != nil || bcrypt.Salt == "" || bcrypt.Rounds == 0 {
		return false, errors.New("a damaged key file: no salt and rounds for its passphrase")
	}
	if bcrypt.Rounds > maxRounds {
		return false, fmt.Errorf("encrypted with %d rounds of bcrypt, at most %d are allowed", bcrypt.Rounds, maxRounds)
	}
	return true, nil
}

// open reads the secret part. The errors of x/crypto/ssh, which may quote what
// they met in there, are left behind.
func (f privateFile) open(passphrase []byte) (SecretKey, error) {
	var parsed any
	var err error
	switch {
	case !f.encrypted:
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
	if k.public != f.public {
		return SecretKey{}, fmt.Errorf("a damaged key file: it says %s, its secret key is %s", f.public.Fingerprint(), k.public.Fingerprint())
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
