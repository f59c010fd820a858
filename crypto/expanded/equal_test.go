package expanded

import (
	"bytes"
	"crypto/ed25519"
	"math/big"
	"math/rand/v2"
	"testing"
)

// Every key and R with every part of small order and in every encoding, and every edge of S.
func TestForgedSignaturesAreJudgedAsByTheStandardLibrary(t *testing.T) {
	verified, refused := 0, 0
	count := func(a, r []byte, bits uint32) {
		public, text, sig := forgeOf(a, r, bits, 0).make([]byte("text\n"))
		if same(t, public, text, sig) {
			verified++
		} else {
			refused++
		}
	}
	for i := range uint32(64) {
		count([]byte("a"), []byte("r"), i)
		count([]byte("a"), []byte("r"), i|fits)
		for _, a := range [][]byte{nil, []byte("a")} {
			for e := range uint32(4) {
				count(a, nil, i|fits|oddR*e)
				count(a, nil, i|fits|oddR*e|oddHash*e)
				count(a, nil, i|fits|oddKey*e)
			}
		}
	}
	for s := range uint32(8) {
		for n := range uint32(16) {
			count([]byte("a"), []byte("r"), edgeS*s|addL*n)
		}
	}
	if verified < 300 || refused < 900 {
		t.Errorf("%d are verified, %d refused: too few of one kind to show anything", verified, refused)
	}
}

// No bit of a signature, a message or a key can be turned.
func TestASignatureIsOfItsBytesAlone(t *testing.T) {
	secret := ed25519.NewKeyFromSeed(make([]byte, 32))
	public, message := []byte(secret.Public().(ed25519.PublicKey)), []byte("text\n")
	sig := ed25519.Sign(secret, message)
	if !same(t, public, message, sig) {
		t.Fatal("does not verify")
	}
	for _, b := range [][]byte{public, message, sig} {
		for i := range 8 * len(b) {
			b[i/8] ^= 1 << (i % 8)
			if same(t, public, message, sig) {
				t.Errorf("verifies with bit %d turned", i)
			}
			b[i/8] ^= 1 << (i % 8)
		}
	}
	for _, bad := range [][]byte{nil, sig[:32], sig[:63], append(bytes.Clone(sig), 0)} {
		if same(t, public, message, bad) {
			t.Errorf("a signature of %d bytes verifies", len(bad))
		}
	}
}

func TestSignaturesOfAllKeysAndLengthsVerify(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	for n := range 300 {
		seed, message := make([]byte, 32), make([]byte, n)
		rng.Read(seed)
		rng.Read(message)
		secret := ed25519.NewKeyFromSeed(seed)
		if !same(t, secret.Public().(ed25519.PublicKey), message, ed25519.Sign(secret, message)) {
			t.Errorf("a signature of %d bytes by the key of seed %x does not verify", n, seed)
		}
	}
}

// anyNumber returns any number, one near an edge, or one of long runs of equal bits.
func anyNumber(rng *rand.Rand) []byte {
	b := make([]byte, 32)
	switch rng.IntN(4) {
	case 0:
		b[rng.IntN(32)] = byte(1 << rng.IntN(8))
	case 1:
		return encode(new(big.Int).Sub(order, big.NewInt(rng.Int64N(300))))
	case 2:
		for i := range b {
			b[i] = []byte{0x00, 0xff, 0x88, 0x80, 0x7f, 0x78, 0x08, 0x77}[rng.IntN(8)]
		}
	default:
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
	}
	return b
}

// anyForgery returns a forged signature. Of most bits each turns a good one into a bad one,
// so not all are drawn each time.
func anyForgery(rng *rand.Rand) (public, message, sig []byte) {
	bits := rng.Uint32() & (1<<28 - 1)
	switch rng.IntN(4) {
	case 0:
		bits = bits&(1<<6-1) | fits
	case 1:
		bits = bits&(1<<13-1) | fits
	case 2:
		bits &= 1<<21 - 1
	}
	message = make([]byte, rng.IntN(80))
	for i := range message {
		message[i] = byte(rng.Uint32())
	}
	return forgeOf(anyNumber(rng), anyNumber(rng), bits, uint16(rng.Uint32())).make(message)
}

func TestForgeriesAtRandomAreJudgedAsByTheStandardLibrary(t *testing.T) {
	const seed, many = 1, 500
	rng, verified := rand.New(rand.NewPCG(seed, 0)), 0
	for range many {
		public, message, sig := anyForgery(rng)
		if same(t, public, message, sig) {
			verified++
		}
	}
	if verified < many/8 || verified > many*7/8 {
		t.Errorf("of %d with seed %d, %d are verified: too few of one kind to show anything", many, seed, verified)
	}
}
