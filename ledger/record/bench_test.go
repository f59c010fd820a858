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
