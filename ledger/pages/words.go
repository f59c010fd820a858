package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// functions are what the templates may call.
var functions = template.FuncMap{
	"shown": shown,
	"human": human,
	"ago":   ago,
	"count": count,
	"short": short,
	"size":  size,
	"signs": signs,
	"day":   func(d record.Date) string { return d.String() },
	"eve":   eve,
	"never": func(s Status) bool {
		return s.Standing == rules.Pending && s.Ends.Day != 0 && s.Ends.Day.String() <= s.Since
	},
	"says":  says,
	"name":  capital,
	"party": func(p Party, root string) partyOn { return partyOn{p, root} },
	"tail":  func(path string) string { return strings.TrimPrefix(path, "/") },
	"next":  func(n uint64) uint64 { return n + 1 },
}

// human returns a time or a date of a record as people write it.
func human(s string) string {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.Format("2 January 2006")
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.Format("2 January 2006, 15:04:05 UTC")
	}
	return s // a time that no calendar has, as a witness may claim one
}

// eve returns the day before a first day no longer in force.
func eve(day string) string {
	d, err := record.ParseDate(day)
	if err != nil || d < 2 {
		return day
	}
	return (d - 1).String()
}

// ago says how long before now a time was, both in POSIX seconds.
func ago(at, now int64) string {
	s := now - at
	switch {
	case s < 0:
		return "in the future"
	case s < 60:
		return "less than a minute ago"
	case s < 3600:
		return count(s/60, "minute") + " ago"
	case s < 2*86400:
		return count(s/3600, "hour") + " ago"
	}
	return count(s/86400, "day") + " ago"
}

// count says how many there are of a thing.
func count(n any, one string) string {
	s := fmt.Sprint(n)
	switch {
	case s == "0":
		return "no " + plural(one)
	case s == "1":
		return "1 " + one
	}
	return thousands(s) + " " + plural(one)
}

func plural(one string) string {
	if base, ok := strings.CutSuffix(one, "ry"); ok {
		return base + "ries"
	}
	return one + "s"
}

// thousands sets a comma between each three digits.
func thousands(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// conjunction returns words with commas and an "and".
func conjunction(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// short returns the beginning of an id, which people compare by.
func short(id string) string { return id[:min(12, len(id))] + "…" }

// size says how large a document is; a salted one states no more than its order.
func size(d Document) string {
	n := thousands(strconv.FormatInt(d.Size, 10)) + " bytes"
	if d.Size == 1 {
		n = "1 byte"
	}
	if d.Salted() {
		return "up to " + n
	}
	return n
}

// Salted says whether the commitment is to the file with 32 random bytes before it.
func (d Document) Salted() bool { return strings.HasPrefix(d.Commitment, "salted-") }

// signs says how many of a party's keys have to sign, and how many did.
func signs(p Party) string {
	signed := 0
	for _, k := range p.Keys {
		if k.Signed {
			signed++
		}
	}
	if len(p.Keys) == 1 {
		return "its one key has to sign"
	}
	verb := "have"
	if p.Threshold == 1 {
		verb = "has"
	}
	return fmt.Sprintf("%d of its %d keys %s to sign; %d did", p.Threshold, len(p.Keys), verb, signed)
}

// says returns what an event of a contract is, in words.
func says(e Event) string {
	by := conjunction(e.By)
	switch e.Relation {
	case "states":
		if e.Answers != "" {
			return by + ": " + e.About + ", an answer"
		}
		return by + ": " + e.About
	case "terminates":
		return by + ": termination"
	case "replaces":
		return "replaced by another contract"
	}
	return "a contract was made under it"
}

// capital returns a word with a large first letter. It is one of ours, or a token.
func capital(word any) string {
	s := fmt.Sprint(word)
	return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

func hexOf(r rune) string { return strconv.FormatInt(int64(r), 16) }

// A row is a record in a list.
type row struct {
	Index      uint64
	ID         string
	Kind       string
	Path       string // from the home page
	Registered string
	Subject    string // may be a stranger's
	Name       string // of the key whose list it is, in this record
}

func rowsOf(list []Entry) (rows []row) {
	for _, e := range list {
		rows = append(rows, row{Index: e.Index, ID: e.ID, Kind: e.Kind, Path: pathOf(e.Kind, e.ID), Registered: e.Registered, Subject: e.subject()})
	}
	return rows
}

func (s Signed) row() row {
	subject := s.What
	if s.Kind == record.Statement.String() {
		subject = capital(subject)
	}
	if subject == "" {
		subject = capital(s.Kind)
		if s.Kind == record.Contract.String() {
			subject = titled("")
		}
	}
	return row{s.Index, s.ID, s.Kind, pathOf(s.Kind, s.ID), s.Registered, subject, s.Name}
}

// pathOf returns where people find a record, from the home page.
func pathOf(kind, id string) string {
	if kind == record.Contract.String() {
		return "contracts/" + id
	}
	return "records/" + id
}

// subject says what the entry is about.
func (e Entry) subject() string {
	switch e.Kind {
	case record.Contract.String():
		return titled(e.Title)
	case record.Statement.String():
		return capital(e.About) + ", by " + conjunction(e.By)
	case record.Termination.String():
		if e.Effective != "" {
			return "Termination by " + conjunction(e.By) + ", from " + human(e.Effective) + " on"
		}
		return "Termination by " + conjunction(e.By)
	}
	return "Revocation of " + e.KeyName + ", " + e.Reason
}

// A partyOn is a party on a page, which has its links from there.
type partyOn struct {
	P    Party
	Root string
}
