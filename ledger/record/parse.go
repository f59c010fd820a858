package record

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
)

// Bounds of a record (FORMATS.md, section 2). Together they make every record
// that may be signed fit an entry: 64 lines of at most 162 bytes and 22,000 bytes
// of text are less than MaxRecord.
const (
	MaxText      = 22_000 // bytes
	MaxParties   = 32     // party, by or former lines, each
	MaxThreshold = 32     // sum over the party or by lines, and over the former lines
	MaxKeys      = 64     // distinct keys that may sign
	MaxDocuments = 64

	maxSignBy = 366 * secondsPerDay // after made
)

// ParseText reads the text of a record of any kind. The error names the first
// line that breaks a rule of form, and how.
func ParseText(text []byte) (*Text, error) { return parseText(text, note.ParsePublicKey) }

func parseText(text []byte, read ReadKey) (*Text, error) {
	if len(text) > MaxText {
		return nil, fmt.Errorf("text has %d bytes, at most %d are allowed", len(text), MaxText)
	}
	p, err := newParser(text, read)
	if err != nil {
		return nil, err
	}
	t := new(Text)
	p.kind(t)
	p.head(t)
	switch t.Kind {
	case Contract:
		p.contract(t)
	case Statement:
		p.statement(t)
	case Termination:
		p.termination(t)
	case Revocation:
		p.revocation(t)
	}
	if p.err == nil && len(p.lines) > 0 {
		p.unexpected()
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := t.checkKeys(); err != nil {
		return nil, err
	}
	if err := t.checkDocuments(); err != nil {
		return nil, err
	}
	if printed := t.append(make([]byte, 0, len(text))); !bytes.Equal(printed, text) {
		return nil, differs(text, printed)
	}
	return t, nil
}

// A parser goes through the lines of a text. After the first error it does
// nothing more.
type parser struct {
	lines  []string // not yet read, without LF
	number int      // of the first of them, from 1
	err    error
	read   ReadKey
}

func newParser(text []byte, read ReadKey) (*parser, error) {
	body, ok := strings.CutSuffix(string(text), "\n")
	if !ok {
		return nil, errors.New("text does not end in a line feed")
	}
	lines := strings.Split(body, "\n")
	if i := slices.Index(lines, ""); i >= 0 {
		return nil, fmt.Errorf("line %d is empty", i+1)
	}
	return &parser{lines: lines, number: 1, read: read}, nil
}

func (p *parser) fail(number int, err error) {
	if p.err == nil {
		p.err = fmt.Errorf("line %d: %w", number, err)
	}
}

func (p *parser) unexpected() {
	keyword, _, ok := strings.Cut(p.lines[0], " ")
	switch {
	case !slices.Contains(keywords, keyword):
		p.fail(p.number, fmt.Errorf("unknown keyword %.100q", keyword))
	case !ok:
		p.fail(p.number, fmt.Errorf("%q has no value", keyword))
	default:
		p.fail(p.number, fmt.Errorf("%q is not expected here: it is twice, out of order, or not of this kind of record", keyword))
	}
}

var keywords = []string{
	"ledger", "made", "sign-by", "nonce", "title", "party", "document", "from", "until", "terminable", "replaces",
	"former", "under", "contract", "by", "about", "answers", "effective", "key", "reason",
}

// optional reads a line if it is next.
func (p *parser) optional(keyword string, read func(value string) error) bool {
	if p.err != nil || len(p.lines) == 0 {
		return false
	}
	value, ok := strings.CutPrefix(p.lines[0], keyword+" ")
	if !ok {
		return false
	}
	if err := read(value); err != nil {
		p.fail(p.number, fmt.Errorf("%s: %w", keyword, err))
	}
	p.lines, p.number = p.lines[1:], p.number+1
	return true
}

// required reads a line that has to be next.
func (p *parser) required(keyword string, read func(value string) error) {
	if p.optional(keyword, read) || p.err != nil {
		return
	}
	if len(p.lines) == 0 {
		p.fail(p.number, fmt.Errorf("the text ends where %q is expected", keyword))
		return
	}
	found, _, ok := strings.Cut(p.lines[0], " ")
	if !ok || !slices.Contains(keywords, found) {
		p.unexpected()
		return
	}
	p.fail(p.number, fmt.Errorf("%q is not expected here: %q is", found, keyword))
}

func (p *parser) kind(t *Text) {
	for k := Contract; k <= Revocation; k++ {
		if p.lines[0] == k.header() {
			t.Kind = k
			p.lines, p.number = p.lines[1:], 2
			return
		}
	}
	p.fail(1, fmt.Errorf("unknown kind of record %.100q", p.lines[0]))
}

func (p *parser) head(t *Text) {
	p.required("ledger", func(v string) (err error) {
		if t.Ledger, err = p.partyKey(v); err != nil {
			return err
		}
		return CheckOrigin(t.Ledger.Name())
	})
	p.required("made", into(&t.Made, ParseTime))
	if t.Kind != Revocation {
		p.required("sign-by", func(v string) (err error) {
			if t.SignBy, err = ParseTime(v); err != nil {
				return err
			}
			if t.SignBy <= t.Made || t.SignBy > t.Made+maxSignBy {
				return fmt.Errorf("%s is not after made, %s, by at most 366 days", v, FormatTime(t.Made))
			}
			return nil
		})
	}
	p.required("nonce", func(v string) error { return decodeHex(t.Nonce[:], v) })
}

func (p *parser) contract(t *Text) {
	p.optional("title", func(v string) error {
		t.Title = v
		return CheckTitle(v)
	})
	p.parties("party", &t.Parties)
	if p.err == nil && len(t.Parties) < 2 {
		p.fail(p.number, fmt.Errorf("contract has %d party lines, at least 2 are needed", len(t.Parties)))
	}
	p.documents(t)
	p.optional("from", into(&t.From, ParseDate))
	p.optional("until", func(v string) (err error) {
		if t.Until, err = ParseDate(v); err == nil && t.Until < t.From {
			err = fmt.Errorf("%s is before from, %s", t.Until, t.From)
		}
		return err
	})
	p.optional("terminable", func(v string) error { return t.parseTerminable(v) })
	if p.optional("replaces", into(&t.Replaces, ParseID)) {
		p.parties("former", &t.Former)
	}
	p.optional("under", into(&t.Under, ParseID))
}

func (p *parser) statement(t *Text) {
	p.required("contract", into(&t.Contract, ParseID))
	p.parties("by", &t.Parties)
	p.required("about", func(v string) error {
		t.About = v
		return CheckToken(v)
	})
	p.optional("answers", into(&t.Answers, ParseID))
	p.documents(t)
}

func (p *parser) termination(t *Text) {
	p.required("contract", into(&t.Contract, ParseID))
	p.parties("by", &t.Parties)
	p.optional("effective", into(&t.Effective, ParseDate))
	p.documents(t)
}

func (p *parser) revocation(t *Text) {
	p.required("key", into(&t.Key, p.partyKey))
	p.required("reason", func(v string) error {
		t.Reason = v
		if !slices.Contains(Reasons, v) {
			return fmt.Errorf("%.100q is none of %s", v, strings.Join(Reasons, ", "))
		}
		return nil
	})
}

// into returns a reader of a value that parse turns into *dst.
func into[T any](dst *T, parse func(string) (T, error)) func(string) error {
	return func(v string) (err error) {
		*dst, err = parse(v)
		return err
	}
}

func (p *parser) parties(keyword string, dst *[]Party) {
	sum, roles, seen := 0, make(map[string]bool), make(map[note.PublicKey]bool)
	read := func(v string) error {
		party, err := p.party(v)
		if err != nil {
			return err
		}
		if len(*dst) == MaxParties {
			return fmt.Errorf("more than %d %s lines", MaxParties, keyword)
		}
		if roles[party.Role] {
			return fmt.Errorf("role %q is twice", party.Role)
		}
		roles[party.Role] = true
		if sum += party.Threshold; sum > MaxThreshold {
			return fmt.Errorf("thresholds add up to %d, at most %d are allowed", sum, MaxThreshold)
		}
		for _, k := range party.Keys {
			if seen[k.Public()] {
				return fmt.Errorf("key %s is twice among the %s lines", k.Public().Fingerprint(), keyword)
			}
			seen[k.Public()] = true
		}
		*dst = append(*dst, party)
		return nil
	}
	p.required(keyword, read)
	for p.optional(keyword, read) {
	}
}

func (p *parser) party(v string) (Party, error) {
	fields := strings.Split(v, " ")
	if len(fields) < 3 {
		return Party{}, fmt.Errorf("%.100q is not <role> <threshold> <vkey> [<vkey> …]", v)
	}
	if len(fields)-2 > MaxKeys {
		return Party{}, fmt.Errorf("%d keys, at most %d are allowed", len(fields)-2, MaxKeys)
	}
	party := Party{Role: fields[0]}
	if err := CheckToken(party.Role); err != nil {
		return Party{}, fmt.Errorf("role %w", err)
	}
	n, err := note.ParseDecimal(fields[1])
	if err != nil {
		return Party{}, fmt.Errorf("threshold %w", err)
	}
	if n < 1 || n > uint64(len(fields)-2) {
		return Party{}, fmt.Errorf("threshold of %s is %d, it has %d keys", party.Role, n, len(fields)-2)
	}
	party.Threshold = int(n)
	for _, f := range fields[2:] {
		k, err := p.partyKey(f)
		if err != nil {
			return Party{}, err
		}
		party.Keys = append(party.Keys, k)
	}
	return party, nil
}

// partyKey reads a verifier key that a party signs records with.
func (p *parser) partyKey(s string) (note.Key, error) {
	k, err := note.ParseKeyBy(s, p.read)
	if err != nil {
		return note.Key{}, err
	}
	if k.Type() != note.Ed25519 {
		return note.Key{}, fmt.Errorf("key %s has the type %#02x, records are signed with %#02x", k.Name(), byte(k.Type()), byte(note.Ed25519))
	}
	return k, CheckKeyName(k.Name())
}

func (p *parser) documents(t *Text) {
	read := func(v string) error {
		if len(t.Documents) == MaxDocuments {
			return fmt.Errorf("more than %d document lines", MaxDocuments)
		}
		d, err := parseDocument(v)
		t.Documents = append(t.Documents, d)
		return err
	}
	for p.optional("document", read) {
	}
}

func parseDocument(v string) (d Document, err error) {
	fields := strings.SplitN(v, " ", 5)
	if len(fields) < 5 {
		return d, fmt.Errorf("%.100q is not <commitment> <size> <media-type> <kind> <name>", v)
	}
	digits, ok := strings.CutPrefix(fields[0], plain)
	if !ok {
		if digits, ok = strings.CutPrefix(fields[0], salted); !ok {
			return d, fmt.Errorf("commitment %.100q begins with neither %s nor %s", fields[0], plain, salted)
		}
		d.Salted = true
	}
	if err := decodeHex(d.Hash[:], digits); err != nil {
		return d, fmt.Errorf("commitment %w", err)
	}
	size, err := note.ParseDecimal(fields[1])
	switch {
	case err != nil:
		return d, fmt.Errorf("size %w", err)
	case size > maxSize:
		return d, fmt.Errorf("size %d, at most %d is allowed", size, int64(maxSize))
	case d.Salted && (size == 0 || size%saltedUnit != 0):
		return d, fmt.Errorf("size %d of a salted document is not a multiple of %d, and at least that", size, saltedUnit)
	}
	d.Size, d.Media, d.Kind, d.Name = int64(size), fields[2], fields[3], fields[4]
	if err := CheckMediaType(d.Media); err != nil {
		return d, err
	}
	if err := CheckToken(d.Kind); err != nil {
		return d, fmt.Errorf("kind %w", err)
	}
	return d, CheckFileName(d.Name)
}

func (t *Text) parseTerminable(v string) error {
	next := 0
	for f := range strings.SplitSeq(v, " ") {
		role, digits, ok := strings.Cut(f, ":")
		days, err := note.ParseDecimal(digits)
		if !ok || err != nil || days > maxNotice {
			return fmt.Errorf("%.100q is not <role>:<days> with 0 to %s days", f, strconv.Itoa(maxNotice))
		}
		i := slices.IndexFunc(t.Parties[next:], func(p Party) bool { return p.Role == role })
		if i < 0 {
			return fmt.Errorf("%q is no party, is twice, or is not in the order of the parties", role)
		}
		next += i + 1
		t.Terminable = append(t.Terminable, Notice{role, int(days)})
	}
	return nil
}
