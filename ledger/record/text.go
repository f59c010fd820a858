package record

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	"github.com/chirograph/chirograph/crypto/note"
)

// A Kind is one of the four kinds of record.
type Kind byte

const (
	Contract Kind = 1 + iota
	Statement
	Termination
	Revocation
)

var kinds = [...]string{Contract: "contract", Statement: "statement", Termination: "termination", Revocation: "revocation"}

func (k Kind) String() string {
	if k < Contract || k > Revocation {
		return fmt.Sprintf("Kind(%d)", byte(k))
	}
	return kinds[k]
}

// headers are the first lines of records, by kind.
var headers = [...]string{
	Contract:    reservedPrefix + "contract/v1",
	Statement:   reservedPrefix + "statement/v1",
	Termination: reservedPrefix + "termination/v1",
	Revocation:  reservedPrefix + "revocation/v1",
}

// header returns the first line of a record of this kind.
func (k Kind) header() string {
	if k < Contract || k > Revocation {
		return reservedPrefix + k.String() + "/v1"
	}
	return headers[k]
}

// A Text is what a record says, each line as a value. A Text that came from
// [ParseText] keeps every rule of form; one filled in by hand is checked when
// [New] makes a draft of it.
type Text struct {
	Kind   Kind
	Ledger note.Key // the only ledger in which this may be registered
	Made   int64    // POSIX seconds, as claimed by whoever drew it up
	SignBy int64    // POSIX seconds; 0 in a revocation, which does not lapse
	Nonce  [16]byte

	Title      string  // of a contract; may be empty
	Contract   ID      // that a statement or termination is under; else zero
	Parties    []Party // the party lines of a contract, the by lines of a statement or termination
	About      string  // of a statement
	Answers    ID      // an earlier statement; zero for none
	Documents  []Document
	From       Date     // first day in force; zero for the day of registration
	Until      Date     // last day in force; zero for none
	Terminable []Notice // the parties that may end the contract alone
	Replaces   ID       // the contract whose place this one takes; zero for none
	Former     []Party  // all party lines of the contract that is replaced
	Under      ID       // the frame contract; zero for none
	Effective  Date     // of a termination: first day no longer in force; zero for the day of registration

	Key    note.Key // that a revocation revokes
	Reason string   // of a revocation: superseded, lost or compromised
}

// A Party is a role with the keys that sign for it.
type Party struct {
	Role      string
	Threshold int        // 1 to len(Keys): how many of the keys have to sign
	Keys      []note.Key // one or more
}

// A Document is a file that a record names by hash.
type Document struct {
	Salted bool     // the hash is of 32 random bytes and the file, and the size is rounded up
	Hash   [32]byte // SHA-256
	Size   int64    // bytes; of a salted document the next multiple of 4,096, at least that
	Media  string   // media type
	Kind   string   // token; exactly one document of a contract has "terms"
	Name   string
}

// Terms is the kind of the document that a contract has exactly one of.
const Terms = "terms"

// A Notice lets a party end a contract alone.
type Notice struct {
	Role string
	Days int // 0 to 3650: between the day of registration and the effective day
}

// Reasons lists the reasons of a revocation.
var Reasons = []string{"superseded", "lost", "compromised"}

// Bytes prints the text, from the first byte of the kind to the last LF.
func (t *Text) Bytes() []byte { return t.append(make([]byte, 0, 1024)) }

// append appends the text to b.
func (t *Text) append(b []byte) []byte {
	p := &printer{append(append(b, t.Kind.header()...), '\n')}
	p.key("ledger", t.Ledger)
	p.line("made", FormatTime(t.Made))
	if t.Kind != Revocation {
		p.line("sign-by", FormatTime(t.SignBy))
	}
	p.line("nonce", hex.EncodeToString(t.Nonce[:]))
	switch t.Kind {
	case Contract:
		p.contract(t)
	case Statement:
		p.line("contract", t.Contract.String())
		p.parties("by", t.Parties)
		p.line("about", t.About)
		p.id("answers", t.Answers)
		p.documents(t.Documents)
	case Termination:
		p.line("contract", t.Contract.String())
		p.parties("by", t.Parties)
		p.date("effective", t.Effective)
		p.documents(t.Documents)
	case Revocation:
		p.key("key", t.Key)
		p.line("reason", t.Reason)
	}
	return p.b
}

// A printer appends lines to b.
type printer struct{ b []byte }

func (p *printer) begin(keyword string) { p.b = append(append(p.b, keyword...), ' ') }
func (p *printer) end()                 { p.b = append(p.b, '\n') }

func (p *printer) line(keyword, value string) {
	p.begin(keyword)
	p.b = append(p.b, value...)
	p.end()
}

func (p *printer) key(keyword string, k note.Key) {
	p.begin(keyword)
	p.b = k.Append(p.b)
	p.end()
}

func (p *printer) contract(t *Text) {
	if t.Title != "" {
		p.line("title", t.Title)
	}
	p.parties("party", t.Parties)
	p.documents(t.Documents)
	p.date("from", t.From)
	p.date("until", t.Until)
	if len(t.Terminable) > 0 {
		p.b = append(p.b, "terminable"...)
		for _, n := range t.Terminable {
			p.b = append(append(append(p.b, ' '), n.Role...), ':')
			p.b = strconv.AppendInt(p.b, int64(n.Days), 10)
		}
		p.end()
	}
	p.id("replaces", t.Replaces)
	p.parties("former", t.Former)
	p.id("under", t.Under)
}

func (p *printer) id(keyword string, id ID) {
	if id != (ID{}) {
		p.line(keyword, id.String())
	}
}

func (p *printer) date(keyword string, d Date) {
	if d != 0 {
		p.line(keyword, d.String())
	}
}

func (p *printer) parties(keyword string, parties []Party) {
	for i := range parties {
		p.begin(keyword)
		p.b = parties[i].append(p.b)
		p.end()
	}
}

func (p *printer) documents(documents []Document) {
	for i := range documents {
		p.begin("document")
		p.b = documents[i].append(p.b)
		p.end()
	}
}

// String prints the party as its line has it after the keyword.
func (p Party) String() string { return string(p.append(nil)) }

func (p Party) append(b []byte) []byte {
	b = append(append(b, p.Role...), ' ')
	b = strconv.AppendInt(b, int64(p.Threshold), 10)
	for _, k := range p.Keys {
		b = k.Append(append(b, ' '))
	}
	return b
}

// Equal says whether two lines are the same: role, threshold and verifier keys in
// their order.
func (p Party) Equal(other Party) bool {
	return p.Role == other.Role && p.Threshold == other.Threshold && slices.Equal(p.Keys, other.Keys)
}

// String prints the document as its line has it after the keyword.
func (d Document) String() string { return string(d.append(nil)) }

func (d Document) append(b []byte) []byte {
	b = append(d.appendCommitment(b), ' ')
	b = append(strconv.AppendInt(b, d.Size, 10), ' ')
	b = append(append(b, d.Media...), ' ')
	b = append(append(b, d.Kind...), ' ')
	return append(b, d.Name...)
}

// Commitment prints the document's hash with the name of its algorithm.
func (d Document) Commitment() string { return string(d.appendCommitment(nil)) }

func (d Document) appendCommitment(b []byte) []byte {
	prefix := plain
	if d.Salted {
		prefix = salted
	}
	return hex.AppendEncode(append(b, prefix...), d.Hash[:])
}

const (
	plain  = "sha256:"
	salted = "salted-sha256:"
)

// RoundSize returns the size that a salted document of n bytes states, n being at
// most 2⁵³ − 4,096.
func RoundSize(n int64) int64 { return max(n+saltedUnit-1, saltedUnit) / saltedUnit * saltedUnit }

// ID returns the name of the record: the SHA-256 of its text.
func (t *Text) ID() ID { return sha256.Sum256(t.Bytes()) }

// A Requirement is a line of a record whose keys have to sign: a party, by or
// former line, or the key of a revocation.
type Requirement struct {
	Keyword string // party, by, former or key
	Party          // of a revocation without a role, with a threshold of 1
}

// Requirements returns who has to sign, in the order of the text.
func (t *Text) Requirements() []Requirement {
	if t.Kind == Revocation {
		return []Requirement{{"key", Party{Threshold: 1, Keys: []note.Key{t.Key}}}}
	}
	keyword := "by"
	if t.Kind == Contract {
		keyword = "party"
	}
	rs := make([]Requirement, 0, len(t.Parties)+len(t.Former))
	for _, p := range t.Parties {
		rs = append(rs, Requirement{keyword, p})
	}
	for _, p := range t.Former {
		rs = append(rs, Requirement{"former", p})
	}
	return rs
}

// Signers returns the keys that may sign, each once, under the name and at the
// place where the text first names it.
func (t *Text) Signers() []note.Key {
	var keys []note.Key
	seen := make(map[note.PublicKey]bool)
	for _, r := range t.Requirements() {
		for _, k := range r.Keys {
			if !seen[k.Public()] {
				seen[k.Public()] = true
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// Name says whose signatures are required: "buyer", "former buyer", or "the key
// NAME" of a revocation.
func (r Requirement) Name() string {
	switch r.Keyword {
	case "key":
		return "the key " + r.Keys[0].Name()
	case "former":
		return "former " + r.Role
	}
	return r.Role
}
