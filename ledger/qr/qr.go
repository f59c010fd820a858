// Package qr cuts a receipt into texts that each fit one QR code, and puts what was read
// from codes together again: testvectors/FORMATS.md, section 3.9. It draws nothing and
// reads no pictures.
//
// A code holds, in byte mode and without a character set,
//
//	chirograph/qr/v1 <k>/<n> <16 hex digits>
//	<bytes>
//
// where the digits are the first of the SHA-256 of the whole, the codes of a whole are
// numbered from 1 to n, and each but the last has [PartSize] bytes after its first line.
package qr

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// Bounds of what codes hold.
const (
	PartSize = 600                 // bytes: with its line, 640 bytes, the code has 97 modules at level M, half a millimetre each on 55 mm
	MaxParts = 99                  // of one whole: more than any record needs that 20 witnesses saw; eleven pages
	MaxWhole = MaxParts * PartSize // bytes
)

const (
	keyword  = "chirograph/qr/v1"
	sumSize  = 8 // bytes of the hash that each code has: they tell wholes apart, and catch what was read wrongly; who forges is caught by the receipt
	maxLine  = len(keyword) + len(" 99/99 ") + 2*sumSize + len("\n")
	MaxBytes = maxLine + PartSize // of the text of a code
)

// A Part is what one code holds.
type Part struct {
	K, N int           // the K-th of N: 1 ≤ K ≤ N ≤ MaxParts
	Sum  [sumSize]byte // the first bytes of the SHA-256 of the whole
	Data []byte        // PartSize bytes; of the last part 1 to PartSize
}

// A Fault says why codes are no whole.
type Fault struct {
	Kind   Kind
	Reason string
}

func (f *Fault) Error() string { return f.Reason }

// A Kind is the kind of a Fault, as the vectors name it.
type Kind string

// The kinds in the order in which they are found.
const (
	Form    Kind = "form"    // a text is none of a code
	Differ  Kind = "differ"  // two codes of one number are not the same
	Missing Kind = "missing" // codes are not there
	Hash    Kind = "hash"    // the whole is not the one that its codes are of
)

func fault(kind Kind, format string, args ...any) error {
	return &Fault{kind, fmt.Sprintf(format, args...)}
}

// Split returns the parts of a whole of 1 to [MaxWhole] bytes, the fewest that hold it.
func Split(whole []byte) ([]Part, error) {
	if len(whole) == 0 || len(whole) > MaxWhole {
		return nil, fmt.Errorf("%d bytes do not go into QR codes: 1 to %d do", len(whole), MaxWhole)
	}
	n := (len(whole) + PartSize - 1) / PartSize
	parts := make([]Part, 0, n)
	for k := 1; k <= n; k++ {
		from, to := (k-1)*PartSize, min(k*PartSize, len(whole))
		parts = append(parts, Part{k, n, sumOf(whole), whole[from:to:to]})
	}
	return parts, nil
}

func sumOf(whole []byte) [sumSize]byte {
	sum := sha256.Sum256(whole)
	return [sumSize]byte(sum[:])
}

// Bytes prints the text of the code.
func (p Part) Bytes() []byte {
	return fmt.Appendf(nil, "%s %d/%d %x\n%s", keyword, p.K, p.N, p.Sum, p.Data)
}

// Parse reads what [Part.Bytes] prints, and nothing else. The part shares memory with b.
// The error is a *Fault.
func Parse(b []byte) (Part, error) {
	if len(b) > MaxBytes {
		return Part{}, fault(Form, "code has %d bytes, at most %d are allowed", len(b), MaxBytes)
	}
	line, data, ok := bytes.Cut(b, []byte("\n"))
	fields := strings.Split(string(line), " ")
	if !ok || len(fields) != 3 || fields[0] != keyword {
		return Part{}, fault(Form, "code begins with the line %.60q, not %s", line, keyword)
	}
	p := Part{Data: data}
	if err := p.parseNumbers(fields[1]); err != nil {
		return Part{}, err
	}
	if n, err := hex.Decode(p.Sum[:], []byte(fields[2])[:min(len(fields[2]), 2*sumSize)]); err != nil || n != sumSize {
		return Part{}, fault(Form, "hash %.60q of the code is not %d hex digits", fields[2], 2*sumSize)
	}
	if p.K < p.N && len(data) != PartSize || len(data) < 1 || len(data) > PartSize {
		return Part{}, fault(Form, "code %d of %d has %d bytes; each but the last has %d, and that has 1 to %d", p.K, p.N, len(data), PartSize, PartSize)
	}
	if !bytes.Equal(p.Bytes(), b) {
		return Part{}, fault(Form, "code is not in its one form")
	}
	return p, nil
}

func (p *Part) parseNumbers(s string) error {
	first, second, ok := strings.Cut(s, "/")
	k, err := note.ParseDecimal(first)
	n, err2 := note.ParseDecimal(second)
	if !ok || errors.Join(err, err2) != nil || k < 1 || k > n || n > MaxParts {
		return fault(Form, "code has the number %.60q, not k/n with 1 ≤ k ≤ n ≤ %d", s, MaxParts)
	}
	p.K, p.N = int(k), int(n)
	return nil
}

// Sets returns the parts by the whole that they say they are of, those in the order in
// which the first part of each stands.
func Sets(parts []Part) [][]Part {
	type whole struct {
		sum [sumSize]byte
		n   int
	}
	place := make(map[whole]int)
	var sets [][]Part
	for _, p := range parts {
		of := whole{p.Sum, p.N}
		i, ok := place[of]
		if !ok {
			i = len(sets)
			place[of] = i
			sets = append(sets, nil)
		}
		sets[i] = append(sets[i], p)
	}
	return sets
}

// Join returns the whole of a set of [Sets]. The parts may stand in any order, and be there
// more than once. The error is a *Fault.
func Join(set []Part) ([]byte, error) {
	if len(set) == 0 {
		return nil, fault(Missing, "there is no code")
	}
	byNumber := make([][]byte, set[0].N)
	for _, p := range set {
		if before := byNumber[p.K-1]; before != nil && !bytes.Equal(before, p.Data) {
			return nil, fault(Differ, "two codes are number %d of %d, and are not the same", p.K, p.N)
		}
		byNumber[p.K-1] = p.Data
	}
	var absent []string
	for i, data := range byNumber {
		if data == nil {
			absent = append(absent, fmt.Sprint(i+1))
		}
	}
	if len(absent) > 0 {
		return nil, fault(Missing, "of %d codes these are missing: %s", len(byNumber), strings.Join(absent, ", "))
	}
	whole := bytes.Join(byNumber, nil)
	if sum := sumOf(whole); sum != set[0].Sum {
		return nil, fault(Hash, "the %d codes together have the SHA-256 %x…, and say that it is %x…", len(byNumber), sum, set[0].Sum)
	}
	return whole, nil
}
