package record_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/chirograph/chirograph/ledger/record"
)

// decides demands that check takes exactly the good ones, and says why not.
func decides(t *testing.T, check func(string) error, why string, good, bad []string) {
	t.Helper()
	for _, s := range good {
		if err := check(s); err != nil {
			t.Errorf("%q is refused: %v", s, err)
		}
	}
	for _, s := range bad {
		if err := check(s); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: error %v, want one that says %q", s, err, why)
		}
	}
}

func TestATokenIsShortAndLowercase(t *testing.T) {
	decides(t, record.CheckToken, "is not a token",
		[]string{"a", "z", "a0", "lead-contractor", "a-", "a--b", "x" + strings.Repeat("9", 31)},
		[]string{"", "A", "aB", "0a", "-a", "a_b", "a.b", "a b", "a\n", "é", "a\x00", strings.Repeat("a", 33), "{", "`"})
}

func TestAKeyNameIsASCII(t *testing.T) {
	decides(t, record.CheckKeyName, "is not a key name",
		[]string{"a", "Z", "0", "alice.example/2026", "alice@example.com", "a_b-c", strings.Repeat("a", 64), "a.", "chirograph/x"},
		[]string{"", ".a", "_a", "@a", "/a", "-a", "a b", "a+b", "a:b", "é", "aé", "a\x7f", "a[", strings.Repeat("a", 65)})
	decides(t, record.CheckOrigin, "", []string{"ledger.example", "chirograph", "Chirograph/v1", "a/chirograph/"}, nil)
	decides(t, record.CheckOrigin, "reserved for records", nil, []string{"chirograph/", "chirograph/contract/v1"})
	decides(t, record.CheckOrigin, "is not a key name", nil, []string{"", "-"})
}

func TestAMediaTypeHasTwoHalves(t *testing.T) {
	half := strings.Repeat("a", 64)
	decides(t, record.CheckMediaType, "is not a media type",
		[]string{"text/plain", "image/svg+xml", "application/vnd.ms-excel", "0/0", half + "/" + half, "a/b.c+d-e"},
		[]string{"", "text", "text/", "/plain", "text/plain/x", "Text/plain", "text/plain; charset=utf-8", "text/ plain", "text /plain",
			"+a/b", "a/.b", "a/-b", "a_b/c", "*/*", half + "a/b", "a/" + half + "b", "a/b\n"})
}

func TestADocumentNameIsSafeEverywhere(t *testing.T) {
	decides(t, record.CheckFileName, "is not a document name",
		[]string{"a", "A", "0", "a.md", "Drawing (A3).svg", "Drawing (A3)", "a..b", "a  b", "a)", "a" + strings.Repeat(".", 126) + "b", "x.pdf.exe"},
		[]string{"", ".", "..", ".a", "a.", "a ", " a", "-a", "(a)", ")", "a(", "a-", "a_", "a/b", `a\b`, "../a", "C:a", "a\x00b", "a\nb", "é", "a\u202eb",
			"a" + strings.Repeat("b", 128), "a~", "a*b", "a?b", "a\"b", "a<b", "a|b", "a'b", "a,b", "a+b", "a&b", "%41"})
	devices := []string{"con", "CON", "Con.txt", "prn", "aux", "nul", "nul.tar.gz", "NUL .txt", "com1", "COM9.md", "lpt1", "Lpt9.x", "con  .x.y"}
	decides(t, record.CheckFileName, "is a device on Windows", nil, devices)
	decides(t, record.CheckFileName, "", []string{"cons", "console.md", "com", "com0", "LPT0.md", "com10", "comx", "lpt", "lpt12.md", "nul-1", "a.nul", "xcon", "con-tract.md", "aux(1)"}, nil)
}

// hidden is the list of testvectors/FORMATS.md, section 2, for titles.
var hidden = [][2]rune{
	{0, 0x1F}, {0x7F, 0xA0}, {0xAD, 0xAD}, {0x34F, 0x34F}, {0x61C, 0x61C}, {0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
	{0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xE000, 0xF8FF}, {0xFDD0, 0xFDEF},
	{0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
	{0x1FFFE, 0x1FFFF}, {0x2FFFE, 0x2FFFF}, {0x3FFFE, 0x3FFFF}, {0x4FFFE, 0x4FFFF}, {0x5FFFE, 0x5FFFF}, {0x6FFFE, 0x6FFFF}, {0x7FFFE, 0x7FFFF},
	{0x8FFFE, 0x8FFFF}, {0x9FFFE, 0x9FFFF}, {0xAFFFE, 0xAFFFF}, {0xBFFFE, 0xBFFFF}, {0xCFFFE, 0xCFFFF}, {0xDFFFE, 0xDFFFF}, {0xE0000, 0x10FFFF},
}

func TestATitleHidesNothing(t *testing.T) {
	next := 0
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for next < len(hidden) && hidden[next][1] < r {
			next++
		}
		bad := next < len(hidden) && hidden[next][0] <= r
		err := record.CheckTitle("a" + string(r) + "b")
		if bad != (err != nil) {
			t.Fatalf("title with U+%04X: error %v", r, err)
		}
		if want := fmt.Sprintf("title has the character U+%04X", r); err != nil && err.Error() != want {
			t.Fatalf("title with U+%04X: %v", r, err)
		}
	}
	if next != len(hidden)-1 {
		t.Errorf("came to range %d of %d", next+1, len(hidden))
	}
}

func TestATitleIsShortAndHasSingleSpaces(t *testing.T) {
	decides(t, record.CheckTitle, "",
		[]string{"a", "a b", strings.Repeat("a", 200), strings.Repeat("é", 100), "עברית", "🙂", "a\u0301", "<b>&amp;</b>"}, nil)
	decides(t, record.CheckTitle, "title is empty", nil, []string{""})
	decides(t, record.CheckTitle, "title has 201 bytes, at most 200", nil, []string{strings.Repeat("a", 201), strings.Repeat("é", 100) + "a"})
	decides(t, record.CheckTitle, "has a leading, trailing or double space", nil, []string{" ", " a", "a ", "a  b"})
	decides(t, record.CheckTitle, "is not valid UTF-8", nil, []string{"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
	decides(t, record.CheckTitle, "title has the character U+202E", nil, []string{"pay \u202e 001 €"})
}

func TestATimeHasOneText(t *testing.T) {
	for s, want := range map[string]int64{
		"1970-01-01T00:00:00Z": 0, "1970-01-01T00:00:01Z": 1, "2000-02-29T23:59:59Z": 951868799, "2026-03-01T09:00:00Z": 1772355600,
		"9999-12-31T23:59:59Z": 253402300799,
	} {
		got, err := record.ParseTime(s)
		if err != nil || got != want || record.FormatTime(got) != s {
			t.Errorf("%s reads as %d and prints as %s, %v", s, got, record.FormatTime(got), err)
		}
	}
	parse := func(s string) error { _, err := record.ParseTime(s); return err }
	decides(t, parse, "is not a time (YYYY-MM-DDTHH:MM:SSZ, from 1970)", nil, []string{
		"", "1969-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "+2026-03-01T09:00:00Z", "2026-03-01", "2026-03-01T09:00:00",
		"2026-03-01T09:00Z", "2026-03-01t09:00:00z", "2026-03-01 09:00:00Z", "2026-03-01T09:00:00+00:00", "2026-03-01T09:00:00.0Z", "2026-03-01T09:00:00.5Z",
		"2026-03-01T09:00:00,5Z", "2026-03-01T9:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T09:60:00Z", "2016-12-31T23:59:60Z", "2026-02-29T09:00:00Z",
		"1900-02-29T09:00:00Z", "2026-13-01T09:00:00Z", "2026-00-01T09:00:00Z", "2026-03-00T09:00:00Z", "2026-03-32T09:00:00Z", "２026-03-01T09:00:00Z",
		"2026-03-01T09:00:00ZZ", " 2026-03-01T09:00:00Z", "2026-3-01T09:00:00Z",
	})
}

// A cosigner says what time it likes, and what is printed of it is never a date that
// nobody reads.
func TestATimeThatIsNoneIsPrintedAsANumber(t *testing.T) {
	for unix, want := range map[int64]string{
		lastSecond: "9999-12-31T23:59:59Z", lastSecond + 1: "POSIX second 253402300800",
		1<<63 - 1: "POSIX second 9223372036854775807", -1: "POSIX second -1",
	} {
		if got := record.FormatTime(unix); got != want {
			t.Errorf("%d is printed as %s", unix, got)
		}
	}
}

func TestADateHasOneText(t *testing.T) {
	last := day("9999-12-31")
	for d := record.Date(1); d <= last; d += 1 + d%97 {
		s := d.String()
		if got, err := record.ParseDate(s); err != nil || got != d {
			t.Fatalf("%s is day %d, reads as %d, %v", s, d, got, err)
		}
		if want := time.Unix(d.Unix(), 0).UTC().Format("2006-01-02"); want != s || d.Unix()%86400 != 0 {
			t.Fatalf("day %d prints as %s, want %s", d, s, want)
		}
		if record.DateOf(d.Unix()) != d || record.DateOf(d.Unix()+86399) != d || record.DateOf(d.Unix()+86400) != d+1 {
			t.Fatalf("%s does not last from its first second to its last", s)
		}
	}
	if day("1970-01-01") != 1 || day("1970-01-02") != 2 || last != record.DateOf(at("9999-12-31T23:59:59Z")) {
		t.Error("days are not counted from 1970-01-01, which is 1")
	}
	parse := func(s string) error { _, err := record.ParseDate(s); return err }
	decides(t, parse, "is not a date (YYYY-MM-DD, from 1970)", nil, []string{
		"", "1969-12-31", "0001-01-01", "10000-01-01", "2026-02-29", "2100-02-29", "2026-04-31", "2026-4-01", "2026-04-1", "2026/04/01", "20260401", "2026-13-01",
		"2026-00-01", "2026-01-00", "2026-04-01 ", "2026-04-01T00:00:00Z", "-2026-04-01",
	})
}

func TestAnIDIsNotZeros(t *testing.T) {
	id := idOf("x")
	if got, err := record.ParseID(id.String()); err != nil || got != id {
		t.Errorf("%s reads as %s, %v", id, got, err)
	}
	parse := func(s string) error { _, err := record.ParseID(s); return err }
	decides(t, parse, "id is all zeros", nil, []string{strings.Repeat("0", 64)})
	decides(t, parse, "is not 64 lowercase hex digits", nil, []string{
		"", strings.Repeat("1", 63), strings.Repeat("1", 65), strings.Repeat("A", 64), strings.Repeat("g", 64), "0x" + strings.Repeat("1", 62), strings.Repeat("é", 32)})
}
