package note

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"filippo.io/edwards25519"
)

// A Type says what a key signs and how (c2sp.org/signed-note, signature types).
type Type byte

const (
	Ed25519     Type = 0x01 // the text of a note
	Cosignature Type = 0x04 // a checkpoint, with a time, by Ed25519 (c2sp.org/tlog-cosignature@v1.0.1)
	MLDSA44     Type = 0x06 // a checkpoint, with a time, by ML-DSA-44 (c2sp.org/tlog-cosignature@v1.1.0-rc.1)
)

// A PublicKey is an Ed25519 public key: 32 bytes that are the canonical encoding
// of a point that is not of small order. Two are equal when they are ==. The
// zero value is no key and verifies nothing.
type PublicKey struct{ b [ed25519.PublicKeySize]byte }

// ParsePublicKey reads the encoding of RFC 8032, section 5.1.2. It refuses what
// crypto/ed25519 takes beside it: coordinates of p or more, the negative zero,
// and the eight points of small order, whose signatures fit many texts.
func ParsePublicKey(b []byte) (PublicKey, error) {
	if len(b) != ed25519.PublicKeySize {
		return PublicKey{}, fmt.Errorf("public key has %d bytes, not %d", len(b), ed25519.PublicKeySize)
	}
	p, err := new(edwards25519.Point).SetBytes(b)
	if err != nil {
		return PublicKey{}, fmt.Errorf("public key %x is not a point of the curve", b)
	}
	if !isCanonical(b) {
		return PublicKey{}, fmt.Errorf("public key %x is not in its canonical encoding", b)
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return PublicKey{}, fmt.Errorf("public key %x is a point of small order", b)
	}
	return PublicKey{[ed25519.PublicKeySize]byte(b)}, nil
}

// isCanonical says whether the 32 bytes, which decode to a point, are what it encodes to: y
// is below p, and the sign is 0 where x is 0, which is at y = 1 and y = −1. To encode
// the point again would say the same, and take as long as to decode it.
func isCanonical(b []byte) bool {
	sign, high := b[31]>>7, b[31]&0x7f
	switch {
	case high == 0x7f && b[0] >= 0xec && all(b[1:31], 0xff): // −1, p and what is above
		return b[0] == 0xec && sign == 0
	case high == 0 && b[0] == 1 && all(b[1:31], 0):
		return sign == 0
	}
	return true
}

func all(b []byte, value byte) bool {
	for _, c := range b {
		if c != value {
			return false
		}
	}
	return true
}

// Bytes returns the 32 bytes.
func (p PublicKey) Bytes() []byte { return p.b[:] }

// String returns the 32 bytes in lowercase hex.
func (p PublicKey) String() string { return hex.EncodeToString(p.b[:]) }

// Fingerprint returns what `ssh-keygen -l` prints for the key: "SHA256:" and the
// unpadded base64 of the hash of its wire encoding (RFC 4253, section 6.6, and
// RFC 8709, section 4).
func (p PublicKey) Fingerprint() string {
	const algorithm = "ssh-ed25519"
	wire := binary.BigEndian.AppendUint32(nil, uint32(len(algorithm)))
	wire = append(wire, algorithm...)
	wire = binary.BigEndian.AppendUint32(wire, ed25519.PublicKeySize)
	sum := sha256.Sum256(append(wire, p.b[:]...))
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Verify says whether sig is a signature of message: S < L, and R equal byte for
// byte to the one computed, by the equation without cofactor (crypto/ed25519).
func (p PublicKey) Verify(message, sig []byte) bool {
	if p == (PublicKey{}) || len(sig) != ed25519.SignatureSize {
		return false
	}
	return ed25519.Verify(p.b[:], message, sig)
}

// A Key is a verifier key: a public key with a name and what it signs. Two are
// equal when they are ==. The zero value is no key.
type Key struct {
	name   string
	typ    Type
	id     uint32
	public PublicKey // zero in a key of type MLDSA44
	mldsa  string    // the public key of one of type MLDSA44, else ""; a string, so that keys have ==
}

// NewKey returns the verifier key of public under name, of the type Ed25519 or
// Cosignature.
func NewKey(name string, typ Type, public PublicKey) (Key, error) {
	if err := CheckName(name); err != nil {
		return Key{}, err
	}
	if typ != Ed25519 && typ != Cosignature {
		return Key{}, fmt.Errorf("key %s has the type %#02x; an Ed25519 public key has %#02x or %#02x", name, byte(typ), byte(Ed25519), byte(Cosignature))
	}
	if public == (PublicKey{}) {
		return Key{}, fmt.Errorf("key %s has no public key", name)
	}
	return Key{name: name, typ: typ, public: public}.withID(), nil
}

// withID returns the key with the id that the rest of it gives.
func (k Key) withID() Key {
	b := make([]byte, 0, 128) // most fit, and stay off the heap
	b = append(append(b, k.name...), '\n')
	sum := sha256.Sum256(k.appendMaterial(b))
	k.id = binary.BigEndian.Uint32(sum[:])
	return k
}

// appendMaterial appends what the base64 of the verifier key is of.
func (k Key) appendMaterial(b []byte) []byte {
	b = append(b, byte(k.typ))
	if k.typ == MLDSA44 {
		return append(b, k.mldsa...)
	}
	return append(b, k.public.b[:]...)
}

// signerKey is what a secret key begins with in the text form of other programs for
// signed notes (golang.org/x/mod/sumdb/note). Nothing here reads one.
const signerKey = "PRIVATE+KEY+"

// ParseKey reads a verifier key:
//
//	<key name>+<key id, 8 lowercase hex digits>+<base64 of type || public key>
//
// The key id is the one that the rest gives. Errors show what is wrong, and nothing of a
// secret key that was put here by mistake: one is no verifier key, whose id is hex, while
// the base64 of a verifier key may hold any letters.
func ParseKey(vkey string) (Key, error) { return ParseKeyBy(vkey, ParsePublicKey) }

// ParseKeyBy is [ParseKey] with a parse that says what [ParsePublicKey] says, and may
// remember it.
func ParseKeyBy(vkey string, parse func([]byte) (PublicKey, error)) (Key, error) {
	k, err := parseKey(vkey, parse)
	if err != nil && strings.Contains(vkey, signerKey) {
		return Key{}, errors.New("a secret key, " + signerKey + "…, where a verifier key belongs")
	}
	return k, err
}

func parseKey(vkey string, parse func([]byte) (PublicKey, error)) (Key, error) {
	name, rest, ok := strings.Cut(vkey, "+")
	id, encoded, ok2 := strings.Cut(rest, "+")
	if !ok || !ok2 {
		return Key{}, fmt.Errorf("verifier key %.8q is not <name>+<key id>+<base64>", vkey)
	}
	b, err := decodeBase64(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return Key{}, fmt.Errorf("verifier key %.300q: not canonical base64", vkey)
	}
	if len(b) == 0 {
		return Key{}, errors.New("verifier key has no type")
	}
	k, err := newKey(name, Type(b[0]), b[1:], parse)
	if err != nil {
		return Key{}, fmt.Errorf("verifier key %.100q: %w", name, err)
	}
	var want [8]byte
	if k.appendID(want[:0]); id != string(want[:]) {
		return Key{}, fmt.Errorf("verifier key %s has the key id %.20q, its name and public key give %s", name, id, want[:])
	}
	return k, nil
}

func newKey(name string, typ Type, public []byte, parse func([]byte) (PublicKey, error)) (Key, error) {
	switch typ {
	case Ed25519, Cosignature:
		p, err := parse(public)
		if err != nil {
			return Key{}, err
		}
		return NewKey(name, typ, p)
	case MLDSA44:
		return NewMLDSA44Key(name, public)
	}
	return Key{}, fmt.Errorf("the type %#02x is unknown; known are %#02x, %#02x and %#02x", byte(typ), byte(Ed25519), byte(Cosignature), byte(MLDSA44))
}

func (k Key) Name() string { return k.name }
func (k Key) Type() Type   { return k.typ }
func (k Key) ID() uint32   { return k.id }

// appendID appends the eight digits of the id.
func (k Key) appendID(b []byte) []byte {
	var id [4]byte
	binary.BigEndian.PutUint32(id[:], k.id)
	return hex.AppendEncode(b, id[:])
}

// Public returns the Ed25519 public key; the zero value, which verifies nothing,
// for a key of type MLDSA44.
func (k Key) Public() PublicKey { return k.public }

// PublicBytes returns the public key as it stands in the verifier key: 32 bytes,
// or the 1,312 of a key of type MLDSA44.
func (k Key) PublicBytes() []byte {
	if k.typ == MLDSA44 {
		return []byte(k.mldsa)
	}
	return k.public.b[:]
}

// Fingerprint returns what people compare: [PublicKey.Fingerprint]. Of a key of type
// MLDSA44 it is "SHA256:" and the unpadded base64 of the hash of the
// SubjectPublicKeyInfo (RFC 9881, section 4), that `openssl pkey -pubout` prints.
func (k Key) Fingerprint() string {
	if k.typ != MLDSA44 {
		return k.public.Fingerprint()
	}
	sum := sha256.Sum256([]byte(mldsa44Info + k.mldsa))
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// String prints the verifier key.
func (k Key) String() string { return string(k.Append(nil)) }

// Append appends the verifier key to b.
func (k Key) Append(b []byte) []byte {
	b = append(append(b, k.name...), '+')
	b = append(k.appendID(b), '+')
	var material [1 + ed25519.PublicKeySize]byte
	return canonical.AppendEncode(b, k.appendMaterial(material[:0]))
}

// Signature returns the line in which k signs with sig.
func (k Key) Signature(sig []byte) Signature { return Signature{k.name, k.id, sig} }
