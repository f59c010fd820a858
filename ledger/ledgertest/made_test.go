package ledgertest

import (
	"slices"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/verify"
)

// What was made before is what would be made again, and true; another signer or word makes
// another.
func TestARecordThatWasMadeBeforeIsTheSame(t *testing.T) {
	f, other := NewFake(1), NewSigner("other.example", note.Ed25519)
	text := func(name string) *record.Text {
		f.Number = 7
		c := f.Text(record.Contract)
		c.Parties[1], c.Documents[0].Name = Party("buyer", Buyer, other), name
		return c
	}
	first := Signed(text("a.txt"), Maker, Buyer)
	again, named, signed := Signed(text("a.txt"), Maker, Buyer), Signed(text("b.txt"), Maker, Buyer), Signed(text("a.txt"), Maker, other)
	if again != first || named.ID() == first.ID() || signed.ID() != first.ID() || slices.Equal(signed.Bytes(), first.Bytes()) {
		t.Errorf("made of the same: %v", again == first)
	}
	for _, r := range []*record.Record{first, named, signed} {
		entry := record.Entry{Registered: Begin, Record: r.Bytes()}
		if at, got := open(entry.Bytes()); at != Begin || got != r {
			t.Errorf("it is opened as %v of %d", got, at)
		}
		if e := verify.OpenEntry(entry.Bytes()); e.Record == nil || !slices.Equal(e.Record.Bytes(), r.Bytes()) {
			t.Errorf("it does not verify:\n%s", r.Bytes())
		}
		entry.Record[len(entry.Record)-10] ^= 1 // of a signature
		if _, got := open(entry.Bytes()); got != nil {
			t.Error("a signature that does not hold is believed")
		}
	}
}
