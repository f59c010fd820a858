package note_test

import (
	"bytes"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
)

// What follows makes keys and signatures as RFC 8032 describes them, from points
// and scalars, so that those can be made that no signer would.

// order is L, the order of the base point (RFC 8032, section 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// encode prints n as 32 bytes, the lowest first.
func encode(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// scalarOf returns a scalar that belongs to a label, for ever the same.
func scalarOf(label string) *edwards25519.Scalar {
	sum := sha512.Sum512([]byte(label))
	s, err := new(edwards25519.Scalar).SetUniformBytes(sum[:])
	if err != nil {
		panic(err)
	}
	return s
}

func scalarFrom(n int64) *edwards25519.Scalar {
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(encode(big.NewInt(n)))
	if err != nil {
		panic(err)
	}
	return s
}

func times(s *edwards25519.Scalar, p *edwards25519.Point) *edwards25519.Point {
	return new(edwards25519.Point).ScalarMult(s, p)
}

func base(s *edwards25519.Scalar) *edwards25519.Point {
	return new(edwards25519.Point).ScalarBaseMult(s)
}

func sum(p, q *edwards25519.Point) *edwards25519.Point { return new(edwards25519.Point).Add(p, q) }

func negate(p *edwards25519.Point) *edwards25519.Point { return new(edwards25519.Point).Negate(p) }

func isIdentity(p *edwards25519.Point) bool { return p.Equal(edwards25519.NewIdentityPoint()) == 1 }

// torsion returns L times p: the part of it that is of small order.
func torsion(p *edwards25519.Point) *edwards25519.Point {
	minusOne := new(edwards25519.Scalar).Negate(scalarFrom(1)) // L − 1
	return sum(times(minusOne, p), p)
}

// smallPoints returns the eight points whose order divides 8: n times a point of
// order 8, n = 0 to 7.
func smallPoints() [8]*edwards25519.Point {
	for y := int64(2); ; y++ {
		p, err := new(edwards25519.Point).SetBytes(encode(big.NewInt(y)))
		if err != nil {
			continue
		}
		t := torsion(p)
		if isIdentity(times(scalarFrom(4), t)) {
			continue
		}
		all := [8]*edwards25519.Point{edwards25519.NewIdentityPoint()}
		for n := 1; n < 8; n++ {
			all[n] = sum(all[n-1], t)
		}
		return all
	}
}

// field is p = 2^255 − 19.
var field = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// nonCanonical returns every encoding that decoders without the checks of RFC
// 8032, section 5.1.3, take beside the canonical one: a y of p or more, and a sign
// where x is 0.
func nonCanonical() [][]byte {
	var all [][]byte
	add := func(y *big.Int, sign byte) {
		b := encode(y)
		b[31] |= sign << 7
		if p, err := new(edwards25519.Point).SetBytes(b); err == nil && !bytes.Equal(p.Bytes(), b) {
			all = append(all, b)
		}
	}
	for _, y := range []*big.Int{big.NewInt(1), new(big.Int).Sub(field, big.NewInt(1))} {
		add(y, 1)
	}
	for n := range int64(19) {
		y := new(big.Int).Add(field, big.NewInt(n))
		add(y, 0)
		add(y, 1)
	}
	return all
}

// smallEncodings returns, for each point of small order, its encodings, the
// canonical one first.
func smallEncodings() map[*edwards25519.Point][][]byte {
	all := make(map[*edwards25519.Point][][]byte)
	for _, p := range smallPoints() {
		all[p] = [][]byte{p.Bytes()}
		for _, b := range nonCanonical() {
			if q, err := new(edwards25519.Point).SetBytes(b); err == nil && q.Equal(p) == 1 {
				all[p] = append(all[p], b)
			}
		}
	}
	return all
}

// challenge returns k = SHA-512(R || A || M) mod L.
func challenge(r, a, message []byte) *edwards25519.Scalar {
	h := sha512.New()
	h.Write(r)
	h.Write(a)
	h.Write(message)
	k, err := new(edwards25519.Scalar).SetUniformBytes(h.Sum(nil))
	if err != nil {
		panic(err)
	}
	return k
}

// A forge is a public key A = aB + T and the R = rB + U of its signatures, with T
// and U of small order. A case that has no aB or rB has a or r = 0.
type forge struct {
	a, r *edwards25519.Scalar
	t, u *edwards25519.Point
	// What stands in the signature and the key, and what is hashed. Where nil, the
	// canonical encoding.
	encodedA, encodedR, hashedA, hashedR []byte
}

func (f forge) pointA() *edwards25519.Point { return sum(base(f.a), f.t) }
func (f forge) pointR() *edwards25519.Point { return sum(base(f.r), f.u) }

func or(b []byte, p *edwards25519.Point) []byte {
	if b != nil {
		return b
	}
	return p.Bytes()
}

func (f forge) key() []byte { return or(f.encodedA, f.pointA()) }

// sign looks for a message for which kT + U is the identity, or is not, and where
// want is given, holds too. It signs it with S = r + ka.
func (f forge) sign(t testing.TB, residue bool, want func(k *edwards25519.Scalar) bool) (message, sig []byte) {
	t.Helper()
	for i := range 10_000 {
		message = fmt.Appendf(nil, "message %d", i)
		k := challenge(or(f.hashedR, f.pointR()), or(f.hashedA, f.pointA()), message)
		if isIdentity(sum(times(k, f.t), f.u)) == residue || want != nil && !want(k) {
			continue
		}
		s := new(edwards25519.Scalar).MultiplyAdd(k, f.a, f.r)
		return message, slices.Concat(or(f.encodedR, f.pointR()), s.Bytes())
	}
	t.Fatal("no such message among 10,000")
	return nil, nil
}

// equations says whether SB = R + kA, and the same times 8, hold for a signature
// by f, whatever the encodings, for S mod L.
func (f forge) equations(message, sig []byte) (cofactorless, cofactored bool) {
	k := challenge(or(f.hashedR, f.pointR()), or(f.hashedA, f.pointA()), message)
	n := slices.Clone(sig[32:])
	slices.Reverse(n)
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(encode(new(big.Int).Mod(new(big.Int).SetBytes(n), order)))
	if err != nil {
		panic(err)
	}
	rest := sum(base(s), negate(sum(f.pointR(), times(k, f.pointA()))))
	return isIdentity(rest), isIdentity(new(edwards25519.Point).MultByCofactor(rest))
}

// plus adds n·L to the S of a signature.
func plus(sig []byte, n int64) []byte {
	s := slices.Clone(sig[32:])
	slices.Reverse(s)
	more := new(big.Int).Add(new(big.Int).SetBytes(s), new(big.Int).Mul(order, big.NewInt(n)))
	return slices.Concat(sig[:32], encode(more))
}
