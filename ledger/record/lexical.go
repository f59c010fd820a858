package record

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of single values (FORMATS.md, section 2).
const (
	maxTitle   = 200       // bytes
	maxToken   = 32        // bytes of a role, kind or about
	maxName    = 64        // bytes of a key name or an origin
	maxFile    = 128       // bytes of a document's name
	maxMedia   = 64        // bytes of each half of a media type
	maxSize    = 1<<53 - 1 // bytes of a document: what every language's numbers hold
	maxNotice  = 3650      // days
	saltedUnit = 4096      // bytes to whose multiple a salted document's size is rounded up
)

// maxTime is 9999-12-31T23:59:59Z in POSIX seconds, the last time of four digits.
const maxTime = 253402300799

const timeLayout = "2006-01-02T15:04:05Z"

// An ID names a record: the SHA-256 of its text. The zero ID names none.
type ID [32]byte

// ParseID reads 64 lowercase hex digits that are not all zero.
func ParseID(s string) (ID, error) {
	var id ID
	if err := decodeHex(id[:], s); err != nil {
		return ID{}, fmt.Errorf("id %w", err)
	}
	if id == (ID{}) {
		return ID{}, errors.New("id is all zeros")
	}
	return id, nil
}

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// decodeHex fills dst from lowercase hex of exactly its length.
func decodeHex(dst []byte, s string) error {
	if len(s) != 2*len(dst) || strings.ToLower(s) != s {
		return fmt.Errorf("%.100q is not %d lowercase hex digits", s, 2*len(dst))
	}
	if _, err := hex.Decode(dst, []byte(s)); err != nil {
		return fmt.Errorf("%.100q is not %d lowercase hex digits", s, 2*len(dst))
	}
	return nil
}

// A Date is a day in UTC from 1970-01-01, which is 1, to 9999-12-31. The zero
// Date is none. Dates compare as numbers, and adding n gives the day n days on.
type Date int32

const secondsPerDay = 24 * 60 * 60

// DateOf returns the day of a time in POSIX seconds, which is not negative.
func DateOf(unix int64) Date { return Date(unix/secondsPerDay) + 1 }

// ParseDate reads YYYY-MM-DD.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 || t.Format(time.DateOnly) != s {
		return 0, fmt.Errorf("%.100q is not a date (YYYY-MM-DD, from 1970)", s)
	}
	return DateOf(t.Unix()), nil
}

// Unix returns the day's first second.
func (d Date) Unix() int64 { return int64(d-1) * secondsPerDay }

func (d Date) String() string { return time.Unix(d.Unix(), 0).UTC().Format(time.DateOnly) }

// ParseTime reads YYYY-MM-DDTHH:MM:SSZ, from 1970 on, as POSIX seconds.
func ParseTime(s string) (int64, error) {
	t, err := time.Parse(timeLayout, s)
	if err != nil || t.Year() < 1970 || t.Format(timeLayout) != s {
		return 0, fmt.Errorf("%.100q is not a time (YYYY-MM-DDTHH:MM:SSZ, from 1970)", s)
	}
	return t.Unix(), nil
}

// FormatTime prints POSIX seconds as [ParseTime] reads them. Others, which a
// cosignature may have, it prints as a number: "POSIX second 253402300800".
func FormatTime(unix int64) string {
	if unix < 0 || unix > maxTime {
		return fmt.Sprintf("POSIX second %d", unix)
	}
	return time.Unix(unix, 0).UTC().Format(timeLayout)
}

// CheckToken says whether s may be a role, a document's kind, or what a statement
// is about: [a-z][a-z0-9-]{0,31}.
func CheckToken(s string) error {
	if s == "" || len(s) > maxToken || !isLower(s[0]) || !all(s, func(c byte) bool { return isLower(c) || isDigit(c) || c == '-' }) {
		return fmt.Errorf("%.100q is not a token (a lowercase letter, then up to 31 of a-z, 0-9 and -)", s)
	}
	return nil
}

// CheckKeyName says whether s may be the name of a party's or a ledger's key:
// [A-Za-z0-9][A-Za-z0-9._@/-]{0,63}.
func CheckKeyName(s string) error {
	if s == "" || len(s) > maxName || !isAlnum(s[0]) ||
		!all(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte("._@/-", c) >= 0 }) {
		return fmt.Errorf("%.100q is not a key name (a letter or digit, then up to 63 of A-Z, a-z, 0-9 and . _ @ / -)", s)
	}
	return nil
}

// reservedPrefix begins the first lines of records, which no origin may resemble:
// the ledger's key never signs a text that could be read as both.
const reservedPrefix = "chirograph/"

// CheckOrigin says whether s may be the name of a ledger: a key name that does
// not begin with "chirograph/".
func CheckOrigin(s string) error {
	if strings.HasPrefix(s, reservedPrefix) {
		return fmt.Errorf("origin %.100q begins with %q, which is reserved for records", s, reservedPrefix)
	}
	return CheckKeyName(s)
}

// CheckFileName says whether s may be a document's name:
// [A-Za-z0-9]([A-Za-z0-9 ._()-]{0,126}[A-Za-z0-9)])? and no Windows device.
func CheckFileName(s string) error {
	last := len(s) - 1
	if s == "" || len(s) > maxFile || !isAlnum(s[0]) || !isAlnum(s[last]) && (s[last] != ')' || last == 0) ||
		!all(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte(" ._()-", c) >= 0 }) {
		return fmt.Errorf("%.150q is not a document name (up to 128 of A-Z, a-z, 0-9, space and . _ ( ) -, from a letter or digit to one or a closing parenthesis)", s)
	}
	stem, _, _ := strings.Cut(s, ".")
	switch stem = strings.ToUpper(strings.TrimRight(stem, " ")); {
	case stem == "CON", stem == "PRN", stem == "AUX", stem == "NUL",
		len(stem) == 4 && (stem[:3] == "COM" || stem[:3] == "LPT") && '1' <= stem[3] && stem[3] <= '9':
		return fmt.Errorf("document name %q is a device on Windows", s)
	}
	return nil
}

// CheckMediaType says whether s may be a media type: two halves of
// [a-z0-9][a-z0-9.+-]{0,63} about a slash, without parameters.
func CheckMediaType(s string) error {
	half := func(s string) bool {
		return s != "" && len(s) <= maxMedia && (isLower(s[0]) || isDigit(s[0])) &&
			all(s, func(c byte) bool { return isLower(c) || isDigit(c) || strings.IndexByte(".+-", c) >= 0 })
	}
	major, minor, ok := strings.Cut(s, "/")
	if !ok || !half(major) || !half(minor) {
		return fmt.Errorf("%.150q is not a media type in lowercase without parameters", s)
	}
	return nil
}

// hidden lists the characters that a title may not have, beside the last two of
// every plane and everything from E0000 on: controls, spaces that are not U+0020,
// what is invisible, reorders, selects variants, or is not assigned for ever.
var hidden = [][2]rune{
	{0x0000, 0x001F}, {0x007F, 0x00A0}, {0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160},
	{0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F},
	{0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xD800, 0xF8FF}, {0xFDD0, 0xFDEF}, {0xFE00, 0xFE0F},
	{0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A},
}

// CheckTitle says whether s may be a title: 1 to 200 bytes of UTF-8 without
// leading, trailing or double space and without the characters that hide.
func CheckTitle(s string) error {
	switch {
	case s == "":
		return errors.New("title is empty")
	case len(s) > maxTitle:
		return fmt.Errorf("title has %d bytes, at most %d are allowed", len(s), maxTitle)
	case !utf8.ValidString(s):
		return fmt.Errorf("title %q is not valid UTF-8", s)
	case s[0] == ' ' || s[len(s)-1] == ' ' || strings.Contains(s, "  "):
		return fmt.Errorf("title %q has a leading, trailing or double space", s)
	}
	for _, r := range s {
		if Hides(r) {
			return fmt.Errorf("title has the character U+%04X", r)
		}
	}
	return nil
}

// Hides says whether a character is one that no title has, because a reader would not see
// it, or see others (FORMATS.md, section 2.4).
func Hides(r rune) bool {
	if r&0xFFFE == 0xFFFE || r >= 0xE0000 {
		return true
	}
	for _, h := range hidden {
		if h[0] <= r && r <= h[1] {
			return true
		}
	}
	return false
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlnum(c byte) bool { return isLower(c) || isDigit(c) || 'A' <= c && c <= 'Z' }

func all(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
