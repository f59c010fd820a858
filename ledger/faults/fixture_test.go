package faults

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

const epoch = 1_800_000_000 // when every run begins, POSIX seconds

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// A signer is a key with its secret, made from its name and a number.
type signer struct {
	note.Key
	secret ed25519.PrivateKey
}

func newSigner(name string, n uint64) signer {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("faults "+name), n))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public := must(note.ParsePublicKey(secret.Public().(ed25519.PublicKey)))
	return signer{must(note.NewKey(name, note.Ed25519, public)), secret}
}

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

var (
	home  = newSigner("ledger.example", 0)
	alice = newSigner("alice.example", 0)
	bob   = newSigner("bob.example", 0)
)

func nonce(n uint64) (b [16]byte) {
	binary.BigEndian.PutUint64(b[8:], n)
	return b
}

func sealed(text *record.Text, signers ...signer) *record.Record {
	r := must(record.New(text))
	for _, s := range signers {
		r = must(r.Sign(s.Public(), s.sign))
	}
	return r
}

// contractText is the text of contract number n between alice and bob, with that many
// attachments beside its terms.
func contractText(n uint64, attachments int) *record.Text {
	text := &record.Text{
		Kind: record.Contract, Ledger: home.Key, Made: epoch - 60, SignBy: epoch + 300*24*3600, Nonce: nonce(n),
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{alice.Key}},
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{bob.Key}},
		},
		Documents: []record.Document{{Hash: sha256.Sum256(nil), Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}
	for i := range attachments {
		text.Documents = append(text.Documents, record.Document{Hash: sha256.Sum256(fmt.Appendf(nil, "%d %d", n, i)), Size: 1, Media: "text/plain",
			Kind: "attachment", Name: fmt.Sprintf("%s-%d.txt", strings.Repeat("x", 100), i)})
	}
	return text
}

func contract(n uint64) *record.Record { return sealed(contractText(n, 0), alice, bob) }

// large is a contract of some 15 kB: twenty of them fill the first table that Pebble keeps
// in memory.
func large(n uint64) *record.Record { return sealed(contractText(n, 60), alice, bob) }

func revocation(n uint64) *record.Record {
	s := newSigner("key.example", n)
	return sealed(&record.Text{Kind: record.Revocation, Ledger: home.Key, Made: epoch - 60, Nonce: nonce(n), Key: s.Key, Reason: "lost"}, s)
}

// life returns six records of one contract, each of which needs those before it: the
// contract, a dispute, one that replaces it, the resolution under that, an earlier end
// of the first by all, and an acceptance.
func life(n uint64) []*record.Record {
	first := contractText(n, 0)
	about := func(i uint64, contract, answers record.ID, token string) *record.Text {
		return &record.Text{
			Kind: record.Statement, Ledger: home.Key, Made: first.Made, SignBy: first.SignBy, Nonce: nonce(n + i),
			Contract: contract, Parties: first.Parties, About: token, Answers: answers,
		}
	}
	dispute := about(1, first.ID(), record.ID{}, rules.AboutDispute)
	second := contractText(n+2, 0)
	second.Replaces, second.Former, second.From = first.ID(), first.Parties, record.DateOf(epoch)+30
	end := about(4, first.ID(), record.ID{}, "")
	end.Kind, end.Effective = record.Termination, record.DateOf(epoch)+20
	var list []*record.Record
	for _, text := range []*record.Text{first, dispute, second, about(3, second.ID(), dispute.ID(), rules.AboutResolution), end, about(5, second.ID(), dispute.ID(), "acceptance")} {
		list = append(list, sealed(text, alice, bob))
	}
	return list
}

// The records of all runs are signed once.
var signedOnce = sync.OnceValue(func() (s struct {
	filler, contracts, revocations, large, life []*record.Record
}) {
	for n := range uint64(fillers) {
		s.filler = append(s.filler, contract(1<<32+n))
	}
	for n := range uint64(40) {
		s.contracts = append(s.contracts, contract(n))
		s.revocations = append(s.revocations, revocation(n))
	}
	for n := range uint64(48) {
		s.large = append(s.large, large(1<<33+n))
	}
	s.life = life(1 << 34)
	return s
})
