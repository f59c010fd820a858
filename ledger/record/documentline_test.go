package record_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/chirograph/chirograph/ledger/record"
)

// withDocuments adds n documents of the kind drawing to the terms.
func withDocuments(n int) edit {
	return func(s string) string {
		return s + many("document", n, func(i int) string {
			d := drawing()
			d.Name = fmt.Sprintf("d%d", i)
			return d.String()
		})
	}
}

func TestDocumentLinesAreChecked(t *testing.T) {
	hash := hex.EncodeToString(sha256Of("terms"))
	refuses(t, small(), []bad{
		{"no document", drop("document"), `contract has 0 documents of the kind "terms", exactly 1`},
		{"no terms", put(" terms ", " annex "), `contract has 0 documents of the kind "terms", exactly 1`},
		{"two terms", func(s string) string {
			return s + strings.Replace("document "+terms().String()+"\n", "terms.md", "more.md", 1)
		}, `contract has 2 documents of the kind "terms", exactly 1`},
		{"the same name twice", func(s string) string {
			return s + "document " + strings.Replace(drawing().String(), "Drawing (A3).svg", "terms.md", 1) + "\n"
		},
			`document name "terms.md" is twice`},
		{"the same name in capitals", func(s string) string {
			return s + "document " + strings.Replace(drawing().String(), "Drawing (A3).svg", "TERMS.md", 1) + "\n"
		}, `document name "TERMS.md" is twice, without regard to case`},
		{"65 documents", withDocuments(64), "more than 64 document lines"},
		{"four fields", put(" terms terms.md", " terms"), "is not <commitment> <size> <media-type> <kind> <name>"},
		{"two spaces", put(" 8192 ", "  8192 "), `size "" is not a decimal`},
		{"another hash", put("salted-sha256:", "md5:"), "begins with neither sha256: nor salted-sha256:"},
		{"no hash", put("salted-sha256:"+hash, hash), "begins with neither sha256: nor salted-sha256:"},
		{"hash in capitals", put(hash, strings.ToUpper(hash)), "is not 64 lowercase hex digits"},
		{"hash of 63 digits", put(hash, hash[1:]), "is not 64 lowercase hex digits"},
		{"hash of 65 digits", put(hash, "0"+hash), "is not 64 lowercase hex digits"},
		{"size with a leading zero", put(" 8192 ", " 08192 "), `size "08192" is not a decimal`},
		{"size below zero", put(" 8192 ", " -8192 "), `size "-8192" is not a decimal`},
		{"size of 2^53", put(" 8192 ", " 9007199254740992 "), "size 9007199254740992, at most 9007199254740991"},
		{"size of 2^64", put(" 8192 ", " 18446744073709551616 "), "is not a decimal"},
		{"salted size of 0", put(" 8192 ", " 0 "), "size 0 of a salted document is not a multiple of 4096, and at least that"},
		{"salted size below a multiple", put(" 8192 ", " 8191 "), "size 8191 of a salted document is not a multiple of 4096"},
		{"salted size above a multiple", put(" 8192 ", " 4097 "), "size 4097 of a salted document"},
		{"media type with a parameter", put("text/markdown", "text/markdown;charset=utf-8"), "is not a media type in lowercase without parameters"},
		{"media type in capitals", put("text/markdown", "text/Markdown"), "is not a media type"},
		{"kind in capitals", put(" terms ", " Terms "), `kind "Terms" is not a token`},
		{"name with a path", put("terms.md", "../terms.md"), `"../terms.md" is not a document name`},
		{"name that is a device", put("terms.md", "nul.md"), `document name "nul.md" is a device on Windows`},
		{"name with a space at the end", put("terms.md", "terms.md "), "is not a document name"},
	})
	accepts(t, small(), map[string]edit{
		"64 documents":              withDocuments(63),
		"salted size of 4096":       put(" 8192 ", " 4096 "),
		"largest salted size":       put(" 8192 ", " 9007199254736896 "),
		"size of 2^53 - 1":          put("salted-sha256:"+hash+" 8192 ", "sha256:"+hash+" 9007199254740991 "),
		"size of 0":                 put("salted-sha256:"+hash+" 8192 ", "sha256:"+hash+" 0 "),
		"the same hash twice":       func(s string) string { return s + "document sha256:" + hash + " 1 text/plain annex a\n" },
		"name with spaces":          put("terms.md", "terms  (final) v2"),
		"name with two extensions":  put("terms.md", "terms.pdf.exe"),
		"hash of zeros":             put(hash, strings.Repeat("0", 64)),
		"kind that is also a party": put(" terms terms.md", " terms buyer"),
	})
	accepts(t, statement(), map[string]edit{"terms in a statement": put(" drawing ", " terms ")})
}

func sha256Of(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }

func TestASaltedSizeIsRoundedUp(t *testing.T) {
	for n, want := range map[int64]int64{
		0: 4096, 1: 4096, 4095: 4096, 4096: 4096, 4097: 8192, 8192: 8192, 1<<53 - 4096: 1<<53 - 4096,
	} {
		if got := record.RoundSize(n); got != want {
			t.Errorf("%d bytes are stated as %d, want %d", n, got, want)
		}
	}
}

func TestADocumentThatCannotBeReadIsNotAnother(t *testing.T) {
	broken := errors.New("the disk is broken")
	err := drawing().Match(nil, iotest.ErrReader(broken))
	if !errors.Is(err, broken) || errors.Is(err, record.ErrMismatch) {
		t.Errorf("error %v", err)
	}
}
