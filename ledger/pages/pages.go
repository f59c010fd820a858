// Package pages is what a visitor of a ledger is shown: the ledger, a contract, a record,
// a key, the log. Each is one value, gathered from one [ledger.View], with up to three
// faces: JSON for programs, HTML for people, and Atom for whoever wants to be told. The
// JSON is the interface of testvectors/FORMATS.md, section 5; what only people need, such
// as the titles beside ids, is in the HTML alone.
//
// A page proves nothing. It is the word of whoever serves it, says so, and says how to
// check it: by receipts, and by the verifier. The HTML has no script, fetches nothing, and
// links by relative paths, so that it works behind any prefix. What strangers wrote is
// escaped by html/template, isolated from the direction of the words about it (bdi), and
// what would hide in it is written out, as \u{202e}.
//
// Everything is bounded: a page has at most so many rows as its constants say, and at most
// [MaxHTML] bytes.
//
// There is no clock and no HTTP here: the time of a page is an argument, and so is the path
// it stands at.
package pages

import (
	"encoding/json"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
)

// Bounds of pages. The time line of a contract and the records of a key have
// [ledger.MaxPage] rows.
const (
	MaxLog    = 64      // entries of a page of the log: some screens of a phone
	MaxFeed   = 64      // entries of a feed: of a reader that asks once a day, more than most contracts have in a year
	MaxLatest = 8       // records on the home page
	MaxNames  = 64      // keys that a search finds
	MaxUnder  = 6       // contracts made under one that are drawn; the time line has all
	MaxQuery  = 256     // bytes of what is searched for: more than an id, a name or a verifier key has, and a line of OpenSSH with a usual comment
	MaxHTML   = 1 << 20 // bytes of HTML: the page of a contract with as many keys, documents, events and disputes as there can be has half of them
)

// A Site is the ledger whose pages these are.
type Site struct {
	Key    note.Key
	URL    string       // of the ledger; may be empty
	Copy   bool         // what is shown is a read-only copy of the ledger
	Frozen bool         // the ledger registers nothing any more
	Past   *ledger.Past // what was public since the process began; nil for nothing
}

// JSON returns the JSON of a value of this package.
func JSON(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

// maxDepth is how deep a path is below the home page of which the way back is relative: one
// of an error may have any number of slashes.
const maxDepth = 8

// Root returns the reference from the page at a path to the home page.
func Root(path string) string {
	switch n := strings.Count(path, "/") - 1; {
	case n > maxDepth:
		return "/"
	case n > 0:
		return strings.Repeat("../", n)
	}
	return "./"
}

// shown returns what a stranger wrote with each character that would hide, or turn what
// stands about it, written out.
func shown(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(s, hides) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hides(r) {
			b.WriteString(`\u{` + hexOf(r) + `}`)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// hides is [record.Hides] but for the character that stands for no character.
func hides(r rune) bool { return r != '\uFFFD' && record.Hides(r) }

func date(d record.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func optionalID(id record.ID) string {
	if id == (record.ID{}) {
		return ""
	}
	return id.String()
}
