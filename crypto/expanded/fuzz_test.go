package expanded

import (
	"bytes"
	"slices"
	"testing"

	"filippo.io/edwards25519"

	"github.com/chirograph/chirograph/crypto/note"
)

// same says whether a key and a signature are judged by us as by the standard library
// and the rule for keys: when they are new, when the key came before, and when it is expanded
// whatever came before. It returns the judgement.
func same(t *testing.T, public, message, sig []byte) bool {
	t.Helper()
	want := holds(public, message, sig)
	keys := newKeys(1, ways)
	for range 3 {
		p, err := keys.ParsePublicKey(public)
		if (err == nil) != isKey(public) {
			t.Fatalf("key %x: %v, by the rule for keys it is %v", public, err, isKey(public))
		}
		if err != nil {
			return false
		}
		if got := keys.Verify(p, message, sig); got != want {
			t.Fatalf("key %x, message %x, signature %x: %v, by the standard library %v", public, message, sig, got, want)
		}
	}
	if len(keys.ring) == 1 != want {
		t.Fatalf("%d keys are expanded after 3 signatures that are %v", len(keys.ring), want)
	}
	p, err := note.ParsePublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(sig) == signatureSize && expand(p).table.verify([32]byte(public), message, sig); got != want {
		t.Fatalf("key %x, message %x, signature %x: expanded %v, by the standard library %v", public, message, sig, got, want)
	}
	return want
}

// sameSum says whether the equation is what the library of points computes, for any key,
// any k and any s.
func sameSum(t *testing.T, public []byte, k, s *edwards25519.Scalar) {
	t.Helper()
	minus, err := new(edwards25519.Point).SetBytes(public)
	if err != nil {
		return
	}
	var table keyTable
	table.fill(public)
	minus.Negate(minus)
	want := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(k, minus, s)
	p := table.combine([32]byte(k.Bytes()), [32]byte(s.Bytes()))
	if got := p.encode(); !bytes.Equal(got[:], want.Bytes()) {
		t.Fatalf("[s]B − [k]A is %x, with k %x, s %x, A %x; we say %x", want.Bytes(), k.Bytes(), s.Bytes(), public, got)
	}
}

// forgeOf reads how to forge from 32 bits, so that what mutates these goes from one edge
// to another.
func forgeOf(a, r []byte, bits uint32, flip uint16) forge {
	return forge{
		a: scalar(a), r: scalar(r),
		keyT: byte(bits & 7), rT: byte(bits >> 3 & 7),
		fit:  bits>>6&1 == 1,
		keyE: byte(bits >> 7 & 3), rE: byte(bits >> 9 & 3), hashE: byte(bits >> 11 & 3),
		s:    byte(bits >> 13 & 7),
		add:  byte(bits >> 16 & 15),
		flip: flip, flipOne: bits>>20&1 == 1, shorter: bits>>21&7 == 7, otherwords: bits>>24&7 == 7,
	}
}

const (
	fits    = 1 << 6
	oddKey  = 1 << 7
	oddR    = 1 << 9
	oddHash = 1 << 11
	edgeS   = 1 << 13
	addL    = 1 << 16
	flips   = 1 << 20
)

// FuzzVerify forges a signature from two scalars, parts of small order, encodings and
// edges, and mutates it; and it takes its own bytes for a key and a signature. It must be judged as by
// the standard library; and [s]B − [k]A must be what the library of points says.
func FuzzVerify(f *testing.F) {
	for i := range uint32(64) { // every key and R with every part of small order
		f.Add([]byte("a"), []byte("r"), i|fits, uint16(i), []byte("text\n"))
		f.Add([]byte("a"), []byte("r"), i|fits|flips, uint16(8*i), []byte("text\n"))
		f.Add([]byte{}, []byte{}, i|fits|oddKey*(i&3)|oddR*(i>>3&3)|oddHash*(i>>4&3), uint16(0), []byte{})
	}
	for i := range uint32(16) {
		f.Add([]byte("a"), []byte("r"), addL*i, uint16(0), []byte("text\n"))
		f.Add([]byte("a"), []byte("r"), edgeS*(i&7)|addL*(i&8), uint16(0), []byte("text\n"))
	}
	for _, b := range odd {
		f.Add(b, b, uint32(0), uint16(0), b)
	}
	f.Fuzz(func(t *testing.T, a, r []byte, bits uint32, flip uint16, message []byte) {
		public, text, sig := forgeOf(a, r, bits, flip).make(message)
		same(t, public, text, sig)
		k, s := scalar(a), scalar(r)
		sameSum(t, public, k, s)
		if len(a) >= 32 {
			same(t, a[:32], message, slices.Concat(a[:32], s.Bytes()))
		}
	})
}
