package record_test

import (
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// twoParties is a signed contract between two parties, of about 760 bytes with its
// two lines.
func twoParties(b *testing.B) []byte {
	data := sign(b, draft(b, small()), "alice.example", "bob.example").Bytes()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	return data
}

func BenchmarkOpen(b *testing.B) {
	data := twoParties(b)
	for b.Loop() {
		if _, err := record.Open(data, note.PublicKey.Verify); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenWithoutSignatures is Open less the two signature checks, which are
// the floor.
func BenchmarkOpenWithoutSignatures(b *testing.B) {
	data := twoParties(b)
	for b.Loop() {
		if _, err := record.Open(data, func(note.PublicKey, []byte, []byte) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseText(b *testing.B) {
	text := small().Bytes()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := record.ParseText(text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkID(b *testing.B) {
	text := small()
	b.ReportAllocs()
	for b.Loop() {
		text.ID()
	}
}

// BenchmarkOpenNote is what remains for a ledger that has read the note and knows its
// keys, less the signature checks.
func BenchmarkOpenNote(b *testing.B) {
	data := twoParties(b)
	n, err := note.Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	known := make(map[[32]byte]note.PublicKey)
	read := func(b []byte) (note.PublicKey, error) {
		if p, ok := known[[32]byte(b)]; ok {
			return p, nil
		}
		p, err := note.ParsePublicKey(b)
		known[[32]byte(b)] = p
		return p, err
	}
	for b.Loop() {
		if _, err := record.OpenNote(n, read, func(note.PublicKey, []byte, []byte) bool { return true }); err != nil {
			b.Fatal(err)
		}
	}
}
