package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// testKey returns a verifier key of that name, always the same.
func testKey(t *testing.T, name string) note.Key {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	pub, err := note.ParsePublicKey(ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewKey(name, note.Ed25519, pub)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Of seventeen ids two begin with the same digit.
func TestAnAnswerIsToOneStatement(t *testing.T) {
	ledger := testKey(t, "ledger.example")
	text := record.Text{
		Kind: record.Contract, Ledger: ledger, Made: 1_790_000_000, SignBy: 1_790_000_060,
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{testKey(t, "ann.example")}},
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{testKey(t, "dan.example")}},
		},
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}},
	}
	contract, err := record.New(&text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := dossier.New(contract, []byte("log "+ledger.String()+"\nquorum none\n"))
	if err != nil {
		t.Fatal(err)
	}
	begin := make(map[string]int)
	for n := range byte(17) {
		r, err := record.New(&record.Text{
			Kind: record.Statement, Ledger: ledger, Made: text.Made, SignBy: text.SignBy, Nonce: [16]byte{n},
			Contract: contract.ID(), Parties: text.Parties[:1], About: "delivery",
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.AddRecord(r); err != nil {
			t.Fatal(err)
		}
		id := r.ID()
		begin[id.String()[:1]]++
		for _, prefix := range []string{id.String(), id.String()[:16]} {
			if got, err := statementID(d, prefix); got != id || err != nil {
				t.Errorf("%s: %s, %v", prefix, got, err)
			}
		}
	}
	for digit, n := range begin {
		if _, err := statementID(d, digit); n > 1 && (err == nil || !strings.Contains(err.Error(), "statements here begin so")) {
			t.Errorf("%s, with which %d ids begin: %v", digit, n, err)
		}
	}
	if _, err := statementID(d, contract.ID().String()); err == nil || !strings.Contains(err.Error(), "it is a contract, not a statement") {
		t.Error(err)
	}
	if _, err := statementID(d, strings.Repeat("0", 16)); err == nil || !strings.Contains(err.Error(), "no statement here") {
		t.Error(err)
	}
	other := record.ID{1, 2, 3} // of a record that the dossier does not have
	if got, err := statementID(d, other.String()); got != other || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}
