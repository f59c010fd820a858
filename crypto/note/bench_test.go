package note_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"filippo.io/mldsa"

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

// Of the time of an ML-DSA-44 cosignature, reading the public key is what
// BenchmarkReadMLDSA44 takes: too little to keep what was read.
func BenchmarkVerifyMLDSA44(b *testing.B) {
	k := latticeKey(b, "witness.example")
	message, err := k.CosignatureMessage([]byte(checkpoint), 1_700_000_000)
	if err != nil {
		b.Fatal(err)
	}
	sig := latticeSign(b, "witness.example", 1_700_000_000, message)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.VerifyCosignature([]byte(checkpoint), sig); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadMLDSA44(b *testing.B) {
	public := latticeKey(b, "witness.example").PublicBytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := mldsa.NewPublicKey(mldsa.MLDSA44(), public); err != nil {
			b.Fatal(err)
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
