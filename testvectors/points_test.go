package testvectors

import (
	"bytes"
	"fmt"
	"math/big"
	"slices"
)

// A point is an encoding that is no public key.
type point struct {
	name, comment string
	encoding      []byte
	small         bool // decodes, loosely, to a point of small order
}

// badPoints lists every encoding that is no public key by being of small order or
// not canonical, and some that are no points at all.
func badPoints() []point {
	return slices.Concat(smallOrderPoints(), nonCanonicalPoints(), noPoints())
}

// smallOrderPoints returns the eight of small order in their canonical encoding.
func smallOrderPoints() []point {
	var list []point
	for i := range 8 {
		n := 8
		for n > 1 && i*(n/2)%8 == 0 {
			n /= 2
		}
		list = append(list, point{fmt.Sprintf("small-order-%d-%dt", n, i), fmt.Sprintf("The public key is [%d]T, a point of order %d.", i, n), torsion(i).Bytes(), true})
	}
	return list
}

// encodeY returns y in 255 bits with the sign in the last.
func encodeY(y *big.Int, sign byte) []byte {
	b := littleEndian(y)
	b[31] |= sign << 7
	return b
}

// nonCanonicalPoints returns the 2·19 encodings with a y of p or more, as far as
// they are points, and the two that call a zero x negative.
func nonCanonicalPoints() []point {
	last := new(big.Int).Sub(fieldPrime, big.NewInt(1))
	list := []point{
		{"negative-zero-1", "The encoding of the neutral point with the sign bit: a negative zero.", encodeY(big.NewInt(1), 1), true},
		{"negative-zero-2", "The encoding of the point of order 2 with the sign bit: a negative zero.", encodeY(last, 1), true},
	}
	for i := range int64(19) {
		for sign := range byte(2) {
			encoding := encodeY(new(big.Int).Add(fieldPrime, big.NewInt(i)), sign)
			p, ok := decode(encoding)
			if !ok {
				continue
			}
			list = append(list, point{fmt.Sprintf("y-p-plus-%d-sign-%d", i, sign), fmt.Sprintf("The y of the public key is encoded as p + %d.", i), encoding, smallOrder(p)})
		}
	}
	for _, p := range list {
		if q, ok := decode(p.encoding); !ok || bytes.Equal(q.Bytes(), p.encoding) {
			panic(p.name + " is canonical, or no point")
		}
	}
	return list
}

func noPoints() []point {
	list := []point{{"not-on-curve-above-p", "The y of the public key is encoded as p + 2, and 2 is the y of no point.", encodeY(new(big.Int).Add(fieldPrime, big.NewInt(2)), 0), false}}
	for _, y := range []int64{2, 7, 8, 11} {
		for sign := range byte(2) {
			list = append(list, point{fmt.Sprintf("not-on-curve-y-%d-sign-%d", y, sign), fmt.Sprintf("No point of the curve has the y %d.", y), encodeY(big.NewInt(y), sign), false})
		}
	}
	for _, p := range list {
		if _, ok := decode(p.encoding); ok {
			panic(p.name + " is a point")
		}
	}
	return list
}
