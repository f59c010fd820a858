package expanded

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"math/big"
	"slices"

	"filippo.io/edwards25519"
)

// order is L (RFC 8032, section 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// encode prints n, below 2^256, the lowest byte first.
func encode(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func decode(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// scalar reads up to 64 bytes, the lowest first, modulo L: so every edge can be
// written down.
func scalar(b []byte) *edwards25519.Scalar {
	wide := make([]byte, 64)
	copy(wide, b)
	s, err := new(edwards25519.Scalar).SetUniformBytes(wide)
	if err != nil {
		panic(err)
	}
	return s
}

func isNeutral(p *edwards25519.Point) bool { return p.Equal(edwards25519.NewIdentityPoint()) == 1 }

// small holds the eight points of small order: n times one of order 8.
var small = func() (all [8]*edwards25519.Point) {
	minusOne := new(edwards25519.Scalar).Negate(scalar([]byte{1}))
	for y := byte(2); ; y++ {
		p, err := new(edwards25519.Point).SetBytes(append([]byte{y}, make([]byte, 31)...))
		if err != nil {
			continue
		}
		t := new(edwards25519.Point).ScalarMult(minusOne, p)
		t.Add(t, p) // L times p
		if all[0] = edwards25519.NewIdentityPoint(); isNeutral(new(edwards25519.Point).ScalarMult(scalar([]byte{4}), t)) {
			continue
		}
		for n := 1; n < 8; n++ {
			all[n] = new(edwards25519.Point).Add(all[n-1], t)
		}
		return all
	}
}()

// odd lists the 26 encodings that are not canonical.
var odd = func() (all [][]byte) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	ys := []*big.Int{big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1))}
	for n := range int64(19) {
		ys = append(ys, new(big.Int).Add(p, big.NewInt(n)))
	}
	for _, y := range ys {
		for sign := range byte(2) {
			b := encode(y)
			b[31] |= sign << 7
			if q, err := new(edwards25519.Point).SetBytes(b); err == nil && !bytes.Equal(q.Bytes(), b) {
				all = append(all, b)
			}
		}
	}
	return all
}()

// encodings returns all encodings of p, the canonical one first.
func encodings(p *edwards25519.Point) [][]byte {
	all := [][]byte{p.Bytes()}
	for _, b := range odd {
		if q, err := new(edwards25519.Point).SetBytes(b); err == nil && q.Equal(p) == 1 {
			all = append(all, b)
		}
	}
	return all
}

// A forge is how a key and a signature are made, from points and scalars: what
// no signer would make can be.
type forge struct {
	a, r       *edwards25519.Scalar
	keyT, rT   byte // the key is aB and this point of small order, R is rB and this one
	keyE, rE   byte // which of their encodings, by number, if there are so many
	hashE      byte // which of those of R is hashed
	fit        bool // for a message at which the parts of small order add up to nothing, if one is soon found
	add        byte // times L is added to S
	s          byte // what S is: 0 the right one, else an edge
	flip       uint16
	flipOne    bool // flips one bit of the signature
	shorter    bool // lacks its last byte
	otherwords bool // is of another message
}

// nth returns the encoding of that number, else the first.
func nth(p *edwards25519.Point, n byte) []byte {
	all := encodings(p)
	if int(n) < len(all) {
		return all[n]
	}
	return all[0]
}

// make returns the key, the message, which may go on after the one that is given, and the
// signature.
func (f forge) make(message []byte) (public, text, sig []byte) {
	a := new(edwards25519.Point).ScalarBaseMult(f.a)
	a.Add(a, small[f.keyT%8])
	r := new(edwards25519.Point).ScalarBaseMult(f.r)
	r.Add(r, small[f.rT%8])
	public, text = nth(a, f.keyE), slices.Clone(message)
	k := challenge(nth(r, f.hashE), public, text)
	for n := byte(0); f.fit && n < 24 && !isNeutral(residue(k, small[f.keyT%8], small[f.rT%8])); n++ {
		text = append(slices.Clone(message), n)
		k = challenge(nth(r, f.hashE), public, text)
	}
	s := new(edwards25519.Scalar).MultiplyAdd(k, f.a, f.r)
	minusOne := new(big.Int).Sub(order, big.NewInt(1))
	edges := [][]byte{s.Bytes(), make([]byte, 32), encode(minusOne), encode(order), new(edwards25519.Scalar).Negate(s).Bytes(),
		bytes.Repeat([]byte{0xff}, 32), encode(new(big.Int).Lsh(big.NewInt(1), 252)), encode(new(big.Int).Lsh(big.NewInt(1), 253))}
	number := decode(edges[f.s%8])
	number.Add(number, new(big.Int).Mul(order, big.NewInt(int64(f.add%16))))
	if number.BitLen() > 256 {
		number = decode(s.Bytes())
	}
	sig = append(slices.Clone(nth(r, f.rE)), encode(number)...)
	if f.flipOne {
		sig[f.flip/8%64] ^= 1 << (f.flip % 8)
	}
	if f.shorter {
		sig = sig[:63]
	}
	if f.otherwords {
		text = append(text, '.')
	}
	return public, text, sig
}

// residue returns kt + u.
func residue(k *edwards25519.Scalar, t, u *edwards25519.Point) *edwards25519.Point {
	sum := new(edwards25519.Point).ScalarMult(scalar([]byte{k.Bytes()[0] & 7}), t)
	return sum.Add(sum, u)
}

func challenge(r, a, message []byte) *edwards25519.Scalar {
	sum := sha512.Sum512(slices.Concat(r, a, message))
	return scalar(sum[:])
}

// isKey is the rule for keys, in the words of FORMATS.md, section 2.8, by nothing of
// ours.
func isKey(b []byte) bool {
	if len(b) != 32 {
		return false
	}
	p, err := new(edwards25519.Point).SetBytes(b)
	return err == nil && bytes.Equal(p.Bytes(), b) && !isNeutral(new(edwards25519.Point).MultByCofactor(p))
}

// holds is the rule for signatures: that of the standard library, for a key.
func holds(public, message, sig []byte) bool {
	return isKey(public) && ed25519.Verify(public, message, sig)
}
