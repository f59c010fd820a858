package testvectors

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"fmt"
	"math/big"

	"filippo.io/edwards25519"
)

// order is L, the order of the base point.
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// fieldPrime is p, 2²⁵⁵−19.
var fieldPrime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

// littleEndian returns n in 32 bytes.
func littleEndian(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	return b
}

// seededScalar returns the scalar of a label.
func seededScalar(label string) *edwards25519.Scalar {
	wide := sha512.Sum512([]byte("chirograph test vectors: scalar " + label))
	s, err := edwards25519.NewScalar().SetUniformBytes(wide[:])
	if err != nil {
		panic(err)
	}
	return s
}

// base returns [s]B.
func base(s *edwards25519.Scalar) *edwards25519.Point {
	return new(edwards25519.Point).ScalarBaseMult(s)
}

// decode reads an encoding as crypto/ed25519 does: also those that are not canonical.
func decode(encoding []byte) (*edwards25519.Point, bool) {
	p, err := new(edwards25519.Point).SetBytes(encoding)
	return p, err == nil
}

// generator is a point T of order 8: [L]P of the first point P, by its y, that
// gives one.
var generator = func() *edwards25519.Point {
	minusOne, err := edwards25519.NewScalar().SetCanonicalBytes(littleEndian(new(big.Int).Sub(order, big.NewInt(1))))
	if err != nil {
		panic(err)
	}
	for y := int64(2); ; y++ {
		p, ok := decode(littleEndian(big.NewInt(y)))
		if !ok {
			continue
		}
		t := new(edwards25519.Point).ScalarMult(minusOne, p)
		t.Add(t, p)
		if times(4, t).Equal(edwards25519.NewIdentityPoint()) == 0 {
			return t
		}
	}
}()

// torsion returns [i]T. The points of small order are those of i from 0 to 7.
func torsion(i int) *edwards25519.Point { return times(i, generator) }

// times returns [n]p by adding, whatever the order of p.
func times(n int, p *edwards25519.Point) *edwards25519.Point {
	sum := edwards25519.NewIdentityPoint()
	for range n {
		sum.Add(sum, p)
	}
	return sum
}

func smallOrder(p *edwards25519.Point) bool {
	return times(8, p).Equal(edwards25519.NewIdentityPoint()) == 1
}

// challenge returns k = SHA-512(R || A || M) mod L, and k mod 8.
func challenge(r, a, message []byte) (*edwards25519.Scalar, int) {
	h := sha512.New()
	h.Write(r)
	h.Write(a)
	h.Write(message)
	k, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil))
	if err != nil {
		panic(err)
	}
	return k, int(k.Bytes()[0] & 7)
}

// holds says which of the two equations (R, S) satisfies for A, reading every
// encoding loosely: SB = R + kA, and 8SB = 8R + 8kA.
func holds(a, message, sig []byte) (cofactorless, cofactored bool) {
	pointA, okA := decode(a)
	pointR, okR := decode(sig[:32])
	s := new(big.Int).SetBytes(reversed(sig[32:]))
	scalar, err := edwards25519.NewScalar().SetCanonicalBytes(littleEndian(s.Mod(s, order)))
	if !okA || !okR || err != nil {
		return false, false
	}
	k, _ := challenge(sig[:32], a, message)
	d := new(edwards25519.Point).Subtract(base(scalar), pointR)
	d.Subtract(d, new(edwards25519.Point).ScalarMult(k, pointA))
	return d.Equal(edwards25519.NewIdentityPoint()) == 1, smallOrder(d)
}

func reversed(b []byte) []byte {
	r := make([]byte, len(b))
	for i, c := range b {
		r[len(b)-1-i] = c
	}
	return r
}

// A pair is a secret scalar and the encoding of a public key that is its multiple of B, plus a
// point of small order, [t]T.
type pair struct {
	secret *edwards25519.Scalar
	t      int
	public []byte
}

func newPair(label string, t int) pair {
	secret := seededScalar(label)
	a := base(secret)
	a.Add(a, torsion(t))
	return pair{secret, t, a.Bytes()}
}

// sign returns a signature of message whose R is [r]B + [j]T for the first r, of a
// row of nonces, and j, of those allowed, at which the difference SB − R − kA has
// the order that wanted asks of its index in T: 0 is a signature without cofactor.
func (p pair) sign(message []byte, js []int, wanted func(difference int) bool) []byte {
	for n := 0; ; n++ {
		nonce := seededScalar(fmt.Sprintf("nonce %d of %x for %q", n, p.public, message))
		for _, j := range js {
			r := base(nonce)
			encoded := r.Add(r, torsion(j)).Bytes()
			if sig, difference := p.answer(message, encoded, nonce, j); wanted(difference) {
				return sig
			}
		}
	}
}

// answer returns the signature of the nonce whose R, plus [j]T, was encoded so, and
// the index in T of SB − R − kA.
func (p pair) answer(message, encoded []byte, nonce *edwards25519.Scalar, j int) (sig []byte, difference int) {
	k, k8 := challenge(encoded, p.public, message)
	s := edwards25519.NewScalar().MultiplyAdd(k, p.secret, nonce)
	return append(bytes.Clone(encoded), s.Bytes()...), ((-j-k8*p.t)%8 + 8) % 8
}

// fits signs as crypto/ed25519 verifies, without a cofactor.
func fits(difference int) bool { return difference == 0 }

// fitsCofactored signs so that only a check that multiplies by 8 is content.
func fitsCofactored(difference int) bool { return difference != 0 }

// mixedKey returns a key whose public key has the small-order component [t]T. Its
// signatures satisfy the equation without cofactor.
func mixedKey(label string, t int) key {
	p := newPair(label, t)
	return key{label, 1, p.public, func(m []byte) []byte { return p.sign(m, []int{0}, fits) }}
}

// plainPair returns the scalar that crypto/ed25519 signs with for the label's seed.
func plainPair(label string) pair {
	private := privateKey(label)
	h := sha512.Sum512(private.Seed())
	s, err := edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	if err != nil {
		panic(err)
	}
	return pair{s, 0, private.Public().(ed25519.PublicKey)}
}
