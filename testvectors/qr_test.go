package testvectors

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

const partSize = 600

// codesOf returns the texts of the codes of a whole.
func codesOf(whole string) []string {
	var codes []string
	n := (len(whole) + partSize - 1) / partSize
	for k := 1; k <= n; k++ {
		codes = append(codes, code(k, n, sumOf(whole), whole[(k-1)*partSize:min(k*partSize, len(whole))]))
	}
	return codes
}

func sumOf(whole string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(whole)))[:16] }

func code(k, n int, sum, part string) string {
	return fmt.Sprintf("chirograph/qr/v1 %d/%d %s\n%s", k, n, sum, part)
}

// codeMembers returns the codes as the input of a vector.
func codeMembers(codes []string) member {
	var list []map[string]any
	for _, c := range codes {
		m := octets("code", c)
		list = append(list, map[string]any{m.name: m.value})
	}
	return member{"codes", list}
}

func qrVectors() []vector {
	t := numbered(9)
	receipt := tlogProof(strings.Repeat("entry ", 150), 2, t.path(2, 9), signed(checkpointText(ledgerKey.name, 9, t.root(9)), ledgerKey))
	large := strings.Repeat("x", 99*partSize)
	binary := "\x00\xff\r\n" + strings.Repeat("\u05d0", partSize/2)
	a, b := codesOf(receipt), codesOf(binary)
	if len(a) != 3 || len(b) != 2 {
		panic("the wholes have other numbers of codes than is said")
	}
	ok := func(name, comment string, codes []string, wholes ...string) vector {
		list := []string{}
		for _, w := range wholes {
			list = append(list, base64.StdEncoding.EncodeToString([]byte(w)))
		}
		return accepted("qr", name, comment, codeMembers(codes), member{"wholes", list})
	}
	bad := func(name, kind, comment string, codes ...string) vector {
		return refused("qr", name, kind, comment, codeMembers(codes))
	}
	other := code(2, 3, sumOf(receipt), strings.Repeat("y", partSize))
	vs := []vector{
		ok("receipt", "A receipt in three codes.", a, receipt),
		ok("backwards-and-twice", "The codes are read in another order, and one of them twice.", []string{a[2], a[0], a[2], a[1]}, receipt),
		ok("two-sets", "The codes of two wholes were read together.", []string{b[1], a[0], b[0], a[2], a[1]}, binary, receipt),
		ok("one-byte", "The smallest whole.", codesOf("\n"), "\n"),
		ok("one-full-code", "The whole fills one code.", codesOf(large[:partSize]), large[:partSize]),
		ok("99-codes", "The largest whole.", codesOf(large), large),
		bad("differ", "differ", "Two codes are the second, and are not the same.", a[0], a[1], other, a[2]),
		bad("differ-and-missing", "differ", "Two codes are the second and are not the same, and the third is missing.", a[0], a[1], other),
		bad("first-missing", "missing", "The first code is missing.", a[1:]...),
		bad("last-missing", "missing", "The last code is missing.", a[:2]...),
		bad("second-set-missing", "missing", "One set is whole, of the other a code is missing.", append(append([]string{}, a...), b[0])...),
		bad("other-number-of-codes", "missing", "A code has the sum of the others, and says that there are more.", a[0], a[1], code(3, 4, sumOf(receipt), strings.Repeat("y", partSize)), a[2]),
		bad("part-changed", "hash", "A part was read wrongly.", a[0], other, a[2]),
		bad("parts-swapped", "hash", "Two parts have each other's number.", code(1, 3, sumOf(receipt), receipt[partSize:2*partSize]), code(2, 3, sumOf(receipt), receipt[:partSize]), a[2]),
		bad("sum-of-another", "hash", "The sum is that of another whole.", code(1, 1, sumOf("a"), "b")),
	}
	full, sum := strings.Repeat("x", partSize), sumOf("x")
	for _, s := range []sample{
		{"empty", "", "The code is empty."},
		{"another-text", "https://ledger.example/", "The code is of something else."},
		{"version-2", "chirograph/qr/v2 1/1 " + sum + "\nx", "The version is another."},
		{"in-uppercase", "CHIROGRAPH/qr/v1 1/1 " + sum + "\nx", "The keyword is in uppercase."},
		{"space-before", " chirograph/qr/v1 1/1 " + sum + "\nx", "A space comes first."},
		{"byte-order-mark", "\ufeffchirograph/qr/v1 1/1 " + sum + "\nx", "A byte order mark comes first."},
		{"line-alone", "chirograph/qr/v1 1/1 " + sum, "The code is its line, without LF."},
		{"line-in-crlf", "chirograph/qr/v1 1/1 " + sum + "\r\nx", "The line ends in CR LF."},
		{"part-empty", "chirograph/qr/v1 1/1 " + sum + "\n", "The part is empty."},
		{"part-of-601-bytes", "chirograph/qr/v1 1/1 " + sum + "\n" + full + "x", "The part has 601 bytes."},
		{"first-part-short", "chirograph/qr/v1 1/2 " + sum + "\n" + full[1:], "A part that is not the last has 599 bytes."},
		{"number-0", "chirograph/qr/v1 0/1 " + sum + "\n" + full, "The number is 0."},
		{"number-above-all", "chirograph/qr/v1 2/1 " + sum + "\nx", "The number is above how many there are."},
		{"100-codes", "chirograph/qr/v1 1/100 " + sum + "\n" + full, "There are 100 codes."},
		{"number-leading-zero", "chirograph/qr/v1 01/1 " + sum + "\nx", "The number has a leading zero."},
		{"count-leading-zero", "chirograph/qr/v1 1/01 " + sum + "\nx", "How many there are has a leading zero."},
		{"number-with-sign", "chirograph/qr/v1 +1/1 " + sum + "\nx", "The number has a sign."},
		{"without-count", "chirograph/qr/v1 1 " + sum + "\nx", "How many there are is missing."},
		{"three-numbers", "chirograph/qr/v1 1/1/1 " + sum + "\nx", "There are three numbers."},
		{"sum-in-uppercase", "chirograph/qr/v1 1/1 " + strings.ToUpper(sum) + "\nx", "The sum is in uppercase."},
		{"sum-of-7-bytes", "chirograph/qr/v1 1/1 " + sum[2:] + "\nx", "The sum has 7 bytes."},
		{"sum-of-9-bytes", "chirograph/qr/v1 1/1 " + sum + "00\nx", "The sum has 9 bytes."},
		{"sum-of-15-digits", "chirograph/qr/v1 1/1 " + sum[1:] + "\nx", "The sum has 15 digits."},
		{"sum-not-hex", "chirograph/qr/v1 1/1 " + sum[1:] + "g\nx", "The sum has a character that is no digit."},
		{"two-spaces", "chirograph/qr/v1  1/1 " + sum + "\nx", "Two spaces follow the keyword."},
		{"space-after-sum", "chirograph/qr/v1 1/1 " + sum + " \nx", "A space follows the sum."},
		{"tab", "chirograph/qr/v1\t1/1 " + sum + "\nx", "A tab follows the keyword."},
	} {
		vs = append(vs, bad(s.name, "form", s.comment, s.value))
	}
	return append(vs, bad("second-code-bad", "form", "One code is good, and one is not.", a[0], "chirograph/qr/v1 0/1 "+sum+"\nx"))
}
