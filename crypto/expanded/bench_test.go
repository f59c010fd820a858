package expanded_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/note"
)

// a signature of 600 bytes, as many as a contract between two parties has.
func signed(b *testing.B) (public note.PublicKey, message, sig []byte) {
	secret := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		b.Fatal(err)
	}
	message = bytes.Repeat([]byte("x"), 600)
	b.ReportAllocs()
	return public, message, ed25519.Sign(secret, message)
}

// BenchmarkVerify is what repeated keys cost.
func BenchmarkVerify(b *testing.B) {
	public, message, sig := signed(b)
	keys := expanded.New()
	for range 2 {
		keys.Verify(public, message, sig)
	}
	for b.Loop() {
		if !keys.Verify(public, message, sig) {
			b.Fatal("does not verify")
		}
	}
}

// BenchmarkVerifyStandard is what they cost the standard library.
func BenchmarkVerifyStandard(b *testing.B) {
	public, message, sig := signed(b)
	for b.Loop() {
		if !public.Verify(message, sig) {
			b.Fatal("does not verify")
		}
	}
}

// BenchmarkParsePublicKey is what reading a key that is remembered costs.
func BenchmarkParsePublicKey(b *testing.B) {
	public, _, _ := signed(b)
	keys := expanded.New()
	for b.Loop() {
		if _, err := keys.ParsePublicKey(public.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
