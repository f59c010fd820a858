package pages

import (
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/ledger/record"
)

// means says what a line of a record means, by its keyword (FORMATS.md, section 2.3).
var means = map[string]string{
	"ledger":     "the only ledger in which this may be registered",
	"made":       "when it was drawn up, as whoever did so claims",
	"sign-by":    "it could not be registered later",
	"nonce":      "random, so that equal texts have different ids",
	"title":      "what the parties call it",
	"party":      "who is bound: a role, how many of its keys have to sign, and the keys",
	"by":         "who signs this: the contract's own line of the party",
	"former":     "a party of the contract that this replaces",
	"document":   "a file of this record, by its hash: whoever has the file can check it",
	"from":       "the first day in force",
	"until":      "the last day in force",
	"terminable": "who may end the contract alone, and with how much notice",
	"replaces":   "the contract whose place this one takes",
	"under":      "the frame contract under which this one is made",
	"contract":   "the contract that this belongs to",
	"about":      "what is stated",
	"answers":    "the earlier statement that this one answers",
	"effective":  "the first day no longer in force",
	"key":        "this key signs nothing more, in any contract",
	"reason":     "why",
}

// A line is one of a record's text, explained.
type line struct {
	Keyword string
	Means   string
	Parts   []part
}

// A part is a value of a line.
type part struct {
	Label string
	Text  string // may be a stranger's
	Time  bool   // Text is a time or a date
	Code  bool   // Text is a hash, a fingerprint, a token
	Path  string // of what it names, from the home page; "" for nothing
}

// explain returns the lines of a record in their order. The text and the values are of one
// record: a text prints its values in one order.
func explain(r *Record) []line {
	var party, former, document int
	lists := map[string][]Party{"party": r.Parties, "by": r.By, "former": r.Former}
	var lines []line
	for _, raw := range r.RawLines() {
		keyword, value := raw.Keyword, raw.Value
		if value == "" {
			lines = append(lines, line{Keyword: keyword, Means: "the kind of record, and the version of its format", Parts: []part{{Text: r.Kind}}})
			continue
		}
		l := line{Keyword: keyword, Means: means[keyword]}
		switch keyword {
		case "party", "by":
			l.Parts = partsOfParty(lists[keyword][party])
			party++
		case "former":
			l.Parts = partsOfParty(r.Former[former])
			former++
		case "document":
			l.Parts = partsOfDocument(r.Documents[document])
			document++
		case "terminable":
			for _, n := range r.Terminable {
				l.Parts = append(l.Parts, part{Text: fmt.Sprintf("%s, with a notice of %s", n.Role, count(n.Days, "day"))})
			}
		case "ledger":
			name, _, _ := strings.Cut(value, "+")
			l.Parts = []part{{Text: name}}
		case "key":
			l.Parts = partsOfKey(*r.Key)
		case "made", "sign-by", "from", "until", "effective":
			l.Parts = []part{{Text: value, Time: true}}
		case "replaces", "under", "contract":
			l.Parts = []part{{Text: value, Code: true, Path: pathOf(record.Contract.String(), value)}}
		case "answers":
			l.Parts = []part{{Text: value, Code: true, Path: "records/" + value}}
		default:
			l.Parts = []part{{Text: value, Code: keyword == "nonce"}}
		}
		lines = append(lines, l)
	}
	return lines
}

func partsOfParty(p Party) []part {
	parts := []part{{Label: "role", Text: p.Role}, {Label: "signatures", Text: signs(p)}}
	for _, k := range p.Keys {
		parts = append(parts, partsOfKey(k)...)
	}
	return parts
}

func partsOfKey(k PartyKey) []part {
	label := "key"
	if k.Signed {
		label = "key, signed"
	}
	return []part{{Label: label, Text: k.Name, Path: "keys/" + k.Key}, {Label: "fingerprint", Text: k.Fingerprint, Code: true}}
}

func partsOfDocument(d Document) []part {
	return []part{
		{Label: "name", Text: d.Name}, {Label: "kind", Text: d.Kind}, {Label: "media type", Text: d.Media},
		{Label: "size", Text: size(d)}, {Label: "commitment", Text: d.Commitment, Code: true},
	}
}
