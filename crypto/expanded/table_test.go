package expanded

import (
	"bytes"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"filippo.io/edwards25519"
)

// edges are numbers at which digits carry, end, or are all of one kind.
func edges() (all []*edwards25519.Scalar) {
	for _, n := range []int64{0, 1, 7, 8, 9, 15, 16, 17, 127, 128, 129, 255, 256, 1 << 32, 1<<32 - 1} {
		for _, b := range [][]byte{encode(big.NewInt(n)), encode(new(big.Int).Sub(order, big.NewInt(n+1)))} {
			all = append(all, scalar(b))
		}
	}
	for _, b := range []byte{0x08, 0x80, 0x88, 0x77, 0x7f, 0x78, 0x87, 0x81, 0x09, 0x90, 0x99, 0xff} {
		all = append(all, scalar(append(bytes.Repeat([]byte{b}, 31), b&0x0f)))
	}
	return all
}

func TestDigitsAddUpToTheNumber(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	numbers := edges()
	for range 1000 {
		b := make([]byte, 64)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		numbers = append(numbers, scalar(b))
	}
	all := [][]byte{encode(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 253), big.NewInt(1)))}
	for _, n := range numbers {
		all = append(all, n.Bytes())
	}
	for _, n := range all {
		for _, bits := range []int{keyBits, baseBits} {
			digits := make([]int16, 256/bits)
			split(digits, [32]byte(n), bits)
			sum, low, high := new(big.Int), int16(1-1<<(bits-1)), int16(1<<(bits-1))
			for _, d := range slices.Backward(digits) {
				if d < low || d > high {
					t.Fatalf("%x: digit %d is not from %d to %d", n, d, low, high)
				}
				sum.Lsh(sum, uint(bits)).Add(sum, big.NewInt(int64(d)))
			}
			if sum.Cmp(decode(n)) != 0 {
				t.Fatalf("%x: digits of %d bits add up to %x", n, bits, encode(sum))
			}
		}
	}
}

// Every point of every table is what it is called.
func TestTablesHoldMultiples(t *testing.T) {
	check := func(name string, got *fixed, want *edwards25519.Point) {
		t.Helper()
		var p point
		p.setNeutral()
		p.add(got)
		if b := p.encode(); !bytes.Equal(b[:], want.Bytes()) {
			t.Fatalf("%s is %x, not %x", name, b, want.Bytes())
		}
		p.subtract(got)
		if b := p.encode(); !bytes.Equal(b[:], edwards25519.NewIdentityPoint().Bytes()) {
			t.Fatalf("%s less itself is %x", name, b)
		}
	}
	number := func(n int64, shift int) *edwards25519.Scalar {
		return scalar(encode(new(big.Int).Lsh(big.NewInt(n), uint(shift))))
	}
	for i, row := range baseTable() {
		for j := range row {
			want := new(edwards25519.Point).ScalarBaseMult(number(int64(j+1), baseBits*i))
			check(fmt.Sprintf("B, row %d, place %d", i, j), &row[j], want)
		}
	}
	for _, part := range small { // for a part of small order, a number is not taken modulo L
		a := new(edwards25519.Point).ScalarBaseMult(scalar([]byte("a")))
		a.Add(a, part)
		var table keyTable
		table.fill(a.Bytes())
		first := new(edwards25519.Point).Negate(a)
		for i := range table {
			want := edwards25519.NewIdentityPoint()
			for j := range table[i] {
				want.Add(want, first)
				check(fmt.Sprintf("A, row %d, place %d", i, j), &table[i][j], want)
			}
			for range keyBits * keyStep {
				first.Double(first)
			}
		}
	}
}

// The equation at the edges of both numbers, by keys with every part of small order,
// the neutral point and B itself.
func TestTheEquationHoldsAtItsEdges(t *testing.T) {
	base := edwards25519.NewGeneratorPoint()
	for i, part := range small {
		for _, a := range []*edwards25519.Point{part, new(edwards25519.Point).Add(base, part), new(edwards25519.Point).Subtract(part, base)} {
			all := edges()
			for n, k := range all {
				sameSum(t, a.Bytes(), k, all[(7*n+i)%len(all)])
				sameSum(t, a.Bytes(), k, k)
			}
		}
	}
}

// The memory that a key costs is what is said of it.
func TestAnExpandedKeyHas7680Bytes(t *testing.T) {
	if n := unsafe.Sizeof(keyTable{}); n != 7680 {
		t.Errorf("a table has %d bytes", n)
	}
	if n := unsafe.Sizeof(met{}); n != 33 {
		t.Errorf("a key that is not expanded has %d bytes", n)
	}
	if n := unsafe.Sizeof(*baseTable()); n != 491_520 {
		t.Errorf("the table of the base point has %d bytes", n)
	}
}
