package ledgertest

import (
	"crypto/ed25519"
	"crypto/sha256"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// Who takes part in what a Fake serves, unless a test says otherwise.
var (
	Home  = NewSigner("ledger.example", note.Ed25519)
	Maker = NewSigner("maker.example", note.Ed25519)
	Buyer = NewSigner("buyer.example", note.Ed25519)
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A Signer is a key with its secret, made from its name and nothing else.
type Signer struct {
	note.Key
	secret ed25519.PrivateKey
}

// NewSigner panics when no key can have that name. One name has one secret, whatever
// the type.
func NewSigner(name string, typ note.Type) Signer {
	seed := sha256.Sum256([]byte(name))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return Signer{must(note.NewKey(name, typ, public)), secret}
}

// Sign has the form that record.Sign asks for; its error is nil.
func (s Signer) Sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

// Cosign returns the line of a witness, whose key is of type note.Cosignature.
func (s Signer) Cosign(text []byte, at int64) note.Signature {
	return s.Signature(note.CosignatureBytes(at, ed25519.Sign(s.secret, note.CosignatureMessage(text, at))))
}

// Party returns one of which all the keys have to sign.
func Party(role string, keys ...Signer) record.Party {
	p := record.Party{Role: role, Threshold: len(keys)}
	for _, k := range keys {
		p.Keys = append(p.Keys, k.Key)
	}
	return p
}

// Signed panics when there is no record of that text. Whether these are the signers that
// it needs, nobody asks.
func Signed(t *record.Text, by ...Signer) *record.Record {
	return makeOnce(t, by, func() *record.Record {
		r := must(record.New(t))
		for _, s := range by {
			r = must(r.Sign(s.Public(), s.Sign))
		}
		return r
	})
}
