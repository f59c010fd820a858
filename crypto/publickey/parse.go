package publickey

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

const (
	magic    = "openssh-key-v1\x00"
	pemBegin = "-----BEGIN "
	pemType  = "OPENSSH PRIVATE KEY"
)

// MaxRounds bounds the work of one passphrase. ssh-keygen takes 16 or 24 rounds,
// 100 is what the cautious tell it; x/crypto/ssh, too, stops at 2,048, which
// takes some seconds.
const MaxRounds = 2048

var canonical = base64.StdEncoding.Strict()

// A wire is what is left of an encoding of RFC 4251, section 5, to be read.
type wire struct {
	rest  []byte
	short bool // more was read than there is, and what came back is zero
}

func (w *wire) number() uint32 {
	if w.short = w.short || len(w.rest) < 4; w.short {
		return 0
	}
	n := binary.BigEndian.Uint32(w.rest)
	w.rest = w.rest[4:]
	return n
}

func (w *wire) bytes() []byte {
	n := w.number()
	if w.short = w.short || uint64(n) > uint64(len(w.rest)); w.short {
		return nil
	}
	b := w.rest[:n]
	w.rest = w.rest[n:]
	return b
}

func (w *wire) text() string { return string(w.bytes()) }

// whole says whether all of it was read, and nothing is left.
func (w *wire) whole() bool { return !w.short && len(w.rest) == 0 }

// ParseWire is the one place where a key of another kind is told apart.
func ParseWire(b []byte) (note.PublicKey, error) {
	w := wire{rest: b}
	kind := w.text()
	if w.short {
		return note.PublicKey{}, errors.New("its public key is malformed")
	}
	if kind != Algorithm {
		return note.PublicKey{}, kindError(kind)
	}
	key := w.bytes()
	if !w.whole() {
		return note.PublicKey{}, errors.New("its public key is malformed")
	}
	return note.ParsePublicKey(key)
}

func kindError(algorithm string) error {
	if strings.HasPrefix(algorithm, "sk-") {
		return fmt.Errorf("a key of the type %.60q lives in a security token, which signs other bytes than it is given; only ssh-ed25519 keys sign here", algorithm)
	}
	return fmt.Errorf("a key of the type %.60q; only ssh-ed25519 keys sign here", algorithm)
}

// Parse reads the one line of FILE.pub.
func Parse(data []byte) (note.PublicKey, string, error) {
	if LooksPrivate(data) { // before a copy of it that cannot be overwritten
		return note.PublicKey{}, "", errors.New("a private key file where the public one should be")
	}
	line := strings.TrimRight(string(data), "\r\n \t")
	if strings.ContainsAny(line, "\r\n\x00") {
		return note.PublicKey{}, "", errors.New("not one line of text, as a public key file is")
	}
	kind, encoded, name := field(line)
	if kind != Algorithm {
		if !knownKind(kind) {
			return note.PublicKey{}, "", errors.New(`not a public key file: its line does not begin with "ssh-ed25519"`)
		}
		return note.PublicKey{}, "", kindError(kind)
	}
	wire, err := canonical.DecodeString(encoded)
	if err != nil {
		return note.PublicKey{}, "", errors.New("its public key is not in base64")
	}
	public, err := ParseWire(wire)
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

// LooksPrivate says whether data is rather a FILE than a FILE.pub.
func LooksPrivate(data []byte) bool { return bytes.Contains(data, []byte(pemBegin)) }

// A Private is what a key FILE says without its passphrase.
type Private struct {
	Public    note.PublicKey // claimed: the secret part has not been seen
	Encrypted bool
}

// ParsePrivate reads what a key FILE says without its passphrase, and refuses a key of
// another kind before anybody types one.
func ParsePrivate(data []byte) (Private, error) {
	block, _ := pem.Decode(data)
	switch {
	case bytes.HasPrefix(data, []byte("PuTTY-User-Key-File")):
		return Private{}, errors.New("a key file of PuTTY; puttygen can export it in the format of OpenSSH")
	case block == nil && !LooksPrivate(data):
		if _, _, err := Parse(data); err == nil {
			return Private{}, errors.New("a public key file; the secret key is in the file without .pub")
		}
		return Private{}, errors.New("not a key file of OpenSSH")
	case block == nil:
		return Private{}, errors.New("a damaged key file: not a whole PEM block")
	}
	defer clear(block.Bytes)
	if block.Type != pemType {
		return Private{}, fmt.Errorf("a PEM file of the type %.60q, not %q; ssh-keygen makes one: ssh-keygen -t ed25519", block.Type, pemType)
	}
	if len(block.Headers) > 0 {
		return Private{}, errors.New("a key file with PEM headers, which OpenSSH does not write")
	}
	body, ok := bytes.CutPrefix(block.Bytes, []byte(magic))
	if !ok {
		return Private{}, errors.New("a damaged key file: it does not begin as version 1 of the format does")
	}
	w := wire{rest: body}
	cipher, kdf, options := w.text(), w.text(), w.text()
	count, public := w.number(), w.bytes()
	w.bytes() // the secret part
	if w.short {
		return Private{}, errors.New("a damaged key file: it ends early")
	}
	if count != 1 {
		return Private{}, fmt.Errorf("a file with %d keys, not one", count)
	}
	key, err := ParseWire(public)
	if err != nil {
		return Private{}, err
	}
	encrypted, err := checkCipher(cipher, kdf, options)
	if err != nil {
		return Private{}, err
	}
	return Private{key, encrypted}, nil
}

func checkCipher(cipher, kdf, options string) (encrypted bool, err error) {
	if cipher == "none" && kdf == "none" && options == "" {
		return false, nil
	}
	if cipher != "aes256-ctr" && cipher != "aes256-cbc" || kdf != "bcrypt" {
		return false, fmt.Errorf("encrypted with %.40q and %.40q; known is aes256-ctr with bcrypt, which ssh-keygen -p writes", cipher, kdf)
	}
	w := wire{rest: []byte(options)}
	salt, rounds := w.text(), w.number()
	if !w.whole() || salt == "" || rounds == 0 {
		return false, errors.New("a damaged key file: no salt and rounds for its passphrase")
	}
	if rounds > MaxRounds {
		return false, fmt.Errorf("encrypted with %d rounds of bcrypt, at most %d are allowed", rounds, MaxRounds)
	}
	return true, nil
}
