package note_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
)

func BenchmarkVerify(b *testing.B) {
	pub, text := public(b, "alice.example"), bytes.Repeat([]byte("x"), 600)
	sig := ed25519.Sign(secret("alice.example"), text)
	b.ReportAllocs()
	for b.Loop() {
		if !pub.Verify(text, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkVerifyFloor(b *testing.B) {
	pub, text := secret("alice.example").Public().(ed25519.PublicKey), bytes.Repeat([]byte("x"), 600)
	sig := ed25519.Sign(secret("alice.example"), text)
	b.ReportAllocs()
	for b.Loop() {
		if !ed25519.Verify(pub, text, sig) {
			b.Fatal("does not verify")
		}
	}
}

func BenchmarkParseKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := note.ParseKey(exampleKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data := signed(b, "chirograph/contract/v1\n"+string(bytes.Repeat([]byte("line of text\n"), 45)), "alice.example", "bob.example").Bytes()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := note.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
