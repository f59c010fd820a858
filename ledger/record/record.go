// Package record reads, prints and signs the records of a ledger: contracts, and
// the statements, terminations and revocations under them.
//
// A record is a signed note. Its text says what is agreed, one value a line, and
// names its own signers, so its signatures are checked from its own bytes. Each
// value has one text: [ParseText] prints what it read and refuses what differs.
// testvectors/FORMATS.md, section 2, is the grammar.
//
// A [Text] is what a record says. A [Record] is a Text with signature lines of
// which every one was verified: holding one is the proof of that, and [Open],
// [OpenDraft] and [New] are the only makers. Whether enough have signed is another
// question, that [Record.Complete] answers.
package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/chirograph/chirograph/crypto/note"
)

// maxLines is how many signature lines a record carries: as many as it may have
// distinct keys.
const maxLines = MaxKeys

// A Check says whether sig is pub's signature of message, by the rule of
// [note.PublicKey.Verify], which is one.
type Check func(pub note.PublicKey, message, sig []byte) bool

// A ReadKey says what [note.ParsePublicKey] says of 32 bytes, and may remember it.
type ReadKey func(b []byte) (note.PublicKey, error)

// A Record is a text with verified signature lines, each of another key that the
// text names, in the order in which it names them. It does not change.
type Record struct {
	id    ID
	text  *Text
	note  note.Note
	keys  []note.Key // that may sign
	lines []int      // for each signature line, the key it is of
}

// A SignatureError says that a text is in form, and one of its signature lines is
// not: it is of a key that may not sign, out of order, twice, or does not verify.
type SignatureError struct {
	Text   *Text
	Reason string
}

func (e *SignatureError) Error() string { return e.Reason }

// New returns a draft of t without signatures. Its empty slices are nil. The error
// says which rule of form the text breaks.
func New(t *Text) (*Record, error) {
	r, err := OpenDraft(append(t.Bytes(), '\n'), nil)
	if err != nil {
		return nil, err
	}
	// A value with a line feed in it could pass for two good lines.
	if !reflect.DeepEqual(r.text, t) {
		return nil, fmt.Errorf("text does not say what was filled in: it reads\n%s", r.note.Text)
	}
	return r, nil
}

// Open reads a record with at least one signature line, and checks every line.
// The error is a [*SignatureError] when only a signature line is at fault. The
// record shares memory with b.
func Open(b []byte, check Check) (*Record, error) {
	n, err := note.Parse(b)
	if err != nil {
		return nil, err
	}
	return open(n, note.ParsePublicKey, check)
}

// OpenNote is [Open] for a note that [note.Parse] has read, of whose keys some may have
// come before.
func OpenNote(n note.Note, read ReadKey, check Check) (*Record, error) {
	if len(n.Signatures) == 0 {
		return nil, errors.New("note has no signature line")
	}
	return open(n, read, check)
}

// OpenDraft is [Open] for a record that may lack signatures, also all.
func OpenDraft(b []byte, check Check) (*Record, error) {
	n, err := note.ParseDraft(b)
	if err != nil {
		return nil, err
	}
	return open(n, note.ParsePublicKey, check)
}

func open(n note.Note, read ReadKey, check Check) (*Record, error) {
	if len(n.Signatures) > maxLines {
		return nil, fmt.Errorf("record has %d signature lines, at most %d are allowed", len(n.Signatures), maxLines)
	}
	t, err := parseText(n.Text, read)
	if err != nil {
		return nil, err
	}
	r := &Record{id: sha256.Sum256(n.Text), text: t, note: n, keys: t.Signers()}
	if err := r.checkLines(check); err != nil {
		return nil, err
	}
	return r, nil
}

// checkLines finds the key of each line and has it verified.
func (r *Record) checkLines(check Check) error {
	for i, s := range r.note.Signatures {
		fault := func(format string, args ...any) error {
			return &SignatureError{r.text, fmt.Sprintf("signature line %d: ", i+1) + fmt.Sprintf(format, args...)}
		}
		k := slices.IndexFunc(r.keys, s.By)
		switch {
		case k < 0:
			return fault("%s with the key id %08x may not sign this %s", s.Name, s.ID, r.text.Kind)
		case slices.Contains(r.lines, k):
			return fault("%s signs twice", s.Name)
		case i > 0 && k < r.lines[i-1]:
			return fault("%s signs after %s, the text names them the other way round", s.Name, r.note.Signatures[i-1].Name)
		case !check(r.keys[k].Public(), r.note.Text, s.Bytes):
			return fault("the signature of %s does not verify", s.Name)
		}
		r.lines = append(r.lines, k)
	}
	return nil
}

// ID returns the record's name.
func (r *Record) ID() ID { return r.id }

// Text returns what the record says. It is shared and must not be changed.
func (r *Record) Text() *Text { return r.text }

// Bytes prints the record: text, empty line, signature lines.
func (r *Record) Bytes() []byte { return r.note.Bytes() }

// Append appends the record to b, as Bytes prints it.
func (r *Record) Append(b []byte) []byte { return r.note.Append(b) }

// Signed returns the keys that signed, in the order of the text, under the name
// and at the place where the text first names each.
func (r *Record) Signed() []note.Key {
	keys := make([]note.Key, len(r.lines))
	for i, k := range r.lines {
		keys[i] = r.keys[k]
	}
	return keys
}

// SignedBy says whether pub signed.
func (r *Record) SignedBy(pub note.PublicKey) bool {
	return slices.ContainsFunc(r.lines, func(k int) bool { return r.keys[k].Public() == pub })
}

// A Shortfall is a requirement that is not met: fewer than its threshold of its
// keys have signed.
type Shortfall struct {
	Requirement
	Signed int // below Threshold
}

// Missing returns who still has to sign, in the order of the text.
func (r *Record) Missing() []Shortfall {
	var missing []Shortfall
	for _, q := range r.text.Requirements() {
		signed := 0
		for _, k := range q.Keys {
			if r.SignedBy(k.Public()) {
				signed++
			}
		}
		if signed < q.Threshold {
			missing = append(missing, Shortfall{q, signed})
		}
	}
	return missing
}

// Complete says whether everyone who has to sign has.
func (r *Record) Complete() bool { return len(r.Missing()) == 0 }

// Sign returns the record with the signature line of pub, which sign makes over
// the text. What sign returns is verified.
func (r *Record) Sign(pub note.PublicKey, sign func(message []byte) ([]byte, error)) (*Record, error) {
	k := slices.IndexFunc(r.keys, func(k note.Key) bool { return k.Public() == pub })
	switch {
	case k < 0:
		return nil, fmt.Errorf("key %s may not sign this %s, which does not name it", pub.Fingerprint(), r.text.Kind)
	case slices.Contains(r.lines, k):
		return nil, fmt.Errorf("key %s signed this %s already, as %s", pub.Fingerprint(), r.text.Kind, r.keys[k].Name())
	}
	sig, err := sign(r.note.Text)
	if err != nil {
		return nil, err
	}
	if !pub.Verify(r.note.Text, sig) {
		return nil, fmt.Errorf("what was made to sign as %s is no signature of key %s", r.keys[k].Name(), pub.Fingerprint())
	}
	return r.with(k, r.keys[k].Signature(sig)), nil
}

// with returns r with one more line, of the key numbered k, at its place.
func (r *Record) with(k int, s note.Signature) *Record {
	i, _ := slices.BinarySearch(r.lines, k)
	signed := *r
	signed.lines = slices.Insert(slices.Clone(r.lines), i, k)
	signed.note.Signatures = slices.Insert(slices.Clone(r.note.Signatures), i, s)
	return &signed
}

// Merge returns the record with the signature lines of both. Where a key signed
// in both, the line of r stays.
func (r *Record) Merge(other *Record) (*Record, error) {
	if r.id != other.id {
		return nil, fmt.Errorf("records %s and %s are not the same", r.id, other.id)
	}
	for i, k := range other.lines {
		if !slices.Contains(r.lines, k) {
			r = r.with(k, other.note.Signatures[i])
		}
	}
	return r, nil
}
