package qr_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/qr"
)

// sample returns so many bytes, always the same.
func sample(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func split(t testing.TB, whole []byte) []qr.Part {
	t.Helper()
	parts, err := qr.Split(whole)
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestPartsInAnyOrderAndTwiceAreTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{1, qr.PartSize - 1, qr.PartSize, qr.PartSize + 1, 10*qr.PartSize + 7, qr.MaxWhole} {
		whole := sample(n)
		parts := split(t, whole)
		if want := (n + qr.PartSize - 1) / qr.PartSize; len(parts) != want {
			t.Errorf("%d bytes are %d parts, not the fewest, %d", n, len(parts), want)
		}
		var read []qr.Part
		for _, p := range append(slices.Clone(parts), parts...) {
			text := p.Bytes()
			if len(text) > qr.MaxBytes {
				t.Errorf("a code has %d bytes", len(text))
			}
			again, err := qr.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			read = append(read, again)
		}
		r.Shuffle(len(read), func(i, j int) { read[i], read[j] = read[j], read[i] })
		sets := qr.Sets(read)
		if len(sets) != 1 {
			t.Fatalf("%d bytes are %d sets", n, len(sets))
		}
		if got, err := qr.Join(sets[0]); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("of %d bytes %d came back: %v", n, len(got), err)
		}
	}
}

func TestAWholeIsBounded(t *testing.T) {
	for _, n := range []int{0, qr.MaxWhole + 1} {
		if parts, err := qr.Split(sample(n)); err == nil {
			t.Errorf("%d bytes are %d parts", n, len(parts))
		}
	}
}

func TestMixedPartsAreToldApart(t *testing.T) {
	a, b := sample(2*qr.PartSize), sample(3*qr.PartSize)
	pa, pb := split(t, a), split(t, b)
	sets := qr.Sets([]qr.Part{pb[2], pa[1], pb[0], pa[0], pb[1]})
	if len(sets) != 2 {
		t.Fatalf("%d sets", len(sets))
	}
	for i, want := range [][]byte{b, a} {
		if got, err := qr.Join(sets[i]); err != nil || !bytes.Equal(got, want) {
			t.Errorf("set %d: %v", i, err)
		}
	}
}

func TestWhatIsNoWholeSaysWhy(t *testing.T) {
	parts := split(t, sample(3*qr.PartSize))
	other := parts[1]
	other.Data = sample(qr.PartSize)
	for _, c := range []struct {
		name string
		set  []qr.Part
		kind qr.Kind
		says string
	}{
		{"nothing", nil, qr.Missing, "no code"},
		{"two missing", parts[1:2], qr.Missing, "of 3 codes these are missing: 1, 3"},
		{"two that differ", []qr.Part{parts[0], parts[1], other, parts[2]}, qr.Differ, "number 2 of 3"},
		{"another", []qr.Part{parts[0], other, parts[2]}, qr.Hash, "SHA-256"},
	} {
		_, err := qr.Join(c.set)
		var f *qr.Fault
		if !errors.As(err, &f) || f.Kind != c.kind || !strings.Contains(f.Reason, c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

const sum = "0123456789abcdef"

func TestACodeHasOneText(t *testing.T) {
	full := strings.Repeat("x", qr.PartSize)
	for _, good := range []string{"1/1 " + sum + "\nx", "1/1 " + sum + "\n\n", "1/2 " + sum + "\n" + full, "99/99 " + sum + "\n" + full} {
		if _, err := qr.Parse([]byte("chirograph/qr/v1 " + good)); err != nil {
			t.Errorf("%.40q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "x", "1/1 " + sum, "1/1 " + sum + "\n", "0/1 " + sum + "\nx", "2/1 " + sum + "\nx", "01/1 " + sum + "\nx", "+1/1 " + sum + "\nx", "1/100 " + sum + "\n" + full,
		"1/01 " + sum + "\nx", "1 " + sum + "\nx", "1/1/1 " + sum + "\nx", "1/2 " + sum + "\nx", "1/1 " + sum + "\n" + full + "x", "1/2 " + sum + "\n" + full + "x",
		"1/1 0123456789ABCDEF\nx", "1/1 0123456789abcde\nx", "1/1 0123456789abcdef0\nx", "1/1 0123456789abcdeg\nx", "1/1  " + sum + "\nx", "1/1 " + sum + " \nx", "1/1 " + sum + "\r\nx",
		"18446744073709551617/18446744073709551617 " + sum + "\nx",
	} {
		if p, err := qr.Parse([]byte("chirograph/qr/v1 " + bad)); err == nil {
			t.Errorf("%.40q is read as %d/%d", bad, p.K, p.N)
		}
	}
	for _, first := range []string{"", "chirograph/qr/v2 ", "Chirograph/qr/v1 ", "chirograph/qr/v1\t"} {
		if _, err := qr.Parse([]byte(first + "1/1 " + sum + "\nx")); err == nil {
			t.Errorf("%q is read", first)
		}
	}
}

func FuzzCode(f *testing.F) {
	for _, s := range []string{"", "chirograph/qr/v1 1/1 " + sum + "\nx", "chirograph/qr/v1 1/2 " + sum + "\n" + strings.Repeat("x", qr.PartSize), "chirograph/qr/v1 01/1 " + sum + "\nx"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := qr.Parse(b)
		if err != nil {
			return
		}
		if got := p.Bytes(); !bytes.Equal(got, b) {
			t.Errorf("%q is printed %q", b, got)
		}
		whole, err := qr.Join([]qr.Part{p})
		if err == nil && fmt.Sprintf("%q", split(t, whole)[0].Bytes()) != fmt.Sprintf("%q", b) {
			t.Errorf("%q is a whole of another code", b)
		}
	})
}
