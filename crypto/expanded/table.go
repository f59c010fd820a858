package expanded

import (
	"crypto/sha512"
	"sync"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

const signatureSize = 64

// A number below 2^253 is written in digits, 4 bits each for a key and 8 for B, from
// −7 to 8 and from −127 to 128. A row of a table has the multiples of a point that
// digits ask for.
const (
	keyBits   = 4
	keyDigits = 64
	keyStep   = 8 // digits for which a key has one row: an eighth of the rows, for 28 doublings
	keyRows   = keyDigits / keyStep
	keyRow    = 1 << (keyBits - 1)

	baseBits = 8
	baseRows = 32 // one for each digit: no doubling
	baseRow  = 1 << (baseBits - 1)
)

// A keyTable is an expanded key A: [i][n−1] is −[n·2^(32i)]A.
type keyTable [keyRows][keyRow]fixed

// baseTable returns the table of the base point, in 491,520 bytes: [i][n−1] is [n·2^(8i)]B.
var baseTable = sync.OnceValue(func() *[baseRows][baseRow]fixed {
	t := new([baseRows][baseRow]fixed)
	var points [baseRow]edwards25519.Point
	var rest [baseRow]field.Element
	first := edwards25519.NewGeneratorPoint()
	for i := range t {
		multiples(points[:], first)
		fix(t[i][:], points[:], rest[:])
		first.Double(&points[baseRow-1]) // 128 times first, and 256
	}
	return t
})

// multiples fills points with p, 2p, 3p and so on.
func multiples(points []edwards25519.Point, p *edwards25519.Point) {
	points[0].Set(p)
	for i := 1; i < len(points); i++ {
		if i%2 == 1 {
			points[i].Double(&points[i/2])
		} else {
			points[i].Add(&points[i-1], p)
		}
	}
}

// fill expands a public key, which is in its canonical encoding.
func (t *keyTable) fill(public []byte) {
	first, err := new(edwards25519.Point).SetBytes(public)
	if err != nil {
		panic("a note.PublicKey is no point: " + err.Error())
	}
	first.Negate(first)
	var points [keyRows * keyRow]edwards25519.Point
	var rest [keyRows * keyRow]field.Element
	var all [keyRows * keyRow]fixed
	for i := range keyRows {
		row := points[i*keyRow : (i+1)*keyRow]
		multiples(row, first)
		first.Set(&row[keyRow-1]) // 2^3 times what it was
		for range keyBits*keyStep - (keyBits - 1) {
			first.Double(first)
		}
	}
	fix(all[:], points[:], rest[:])
	for i := range t {
		t[i] = [keyRow]fixed(all[i*keyRow:])
	}
}

// verify says whether sig, of 64 bytes, is a signature of message by the key of
// this table, whose canonical encoding is public.
func (t *keyTable) verify(public [32]byte, message, sig []byte) bool {
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(sig[32:])
	if err != nil {
		return false
	}
	h := sha512.New()
	h.Write(sig[:32])
	h.Write(public[:])
	h.Write(message)
	var wide [sha512.Size]byte
	k, err := new(edwards25519.Scalar).SetUniformBytes(h.Sum(wide[:0]))
	if err != nil {
		panic("SHA-512 has not 64 bytes: " + err.Error())
	}
	// Memory is waited for once, and not for each of 64 points: a fifth of the time, for
	// a key that has not signed for a while.
	near := *t
	p := near.combine([32]byte(k.Bytes()), [32]byte(s.Bytes()))
	return p.encode() == [32]byte(sig[:32])
}

// combine returns [s]B − [k]A for numbers below 2^253, the lowest byte first.
func (t *keyTable) combine(k, s [32]byte) point {
	var p point
	p.setNeutral()
	var digits [keyDigits]int16
	split(digits[:], k, keyBits)
	for step := keyStep - 1; step >= 0; step-- {
		for i := range t {
			p.addDigit(t[i][:], digits[i*keyStep+step])
		}
		if step > 0 {
			p.double(keyBits)
		}
	}
	base := baseTable()
	split(digits[:baseRows], s, baseBits)
	for i := range base {
		p.addDigit(base[i][:], digits[i])
	}
	return p
}

// addDigit adds to p so many times the point of a row.
func (p *point) addDigit(row []fixed, digit int16) {
	switch {
	case digit > 0:
		p.add(&row[digit-1])
	case digit < 0:
		p.subtract(&row[-digit-1])
	}
}

// split writes n, below 2^253, in digits of 4 or of 8 bits, which it does to the end: n is the sum of
// digits[i]·2^(bits·i).
func split(digits []int16, n [32]byte, bits int) {
	var carry int16
	for i := range digits {
		d := int16(n[i*bits/8])>>(i*bits%8)&(1<<bits-1) + carry
		carry = 0
		if d > 1<<(bits-1) {
			d, carry = d-1<<bits, 1
		}
		digits[i] = d
	}
}
