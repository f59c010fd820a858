package verify

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/rules"
)

// MaxEvidence is how many bytes evidence may have: five hundred of the largest entries
// with their proofs, for an answer under a contract with a long chain before it.
const MaxEvidence = 32 << 20

// Fork is the rule that evidence of two trees names, of which neither begins with the
// other. It is none of [rules], because no entry breaks it.
const Fork rules.Rule = "fork"

const evidenceLine = "chirograph/evidence/v1"

// A Charge is what evidence says, with what is to prove it. It proves nothing until
// [Evidence] has judged it. Its text is
//
//	chirograph/evidence/v1
//	rule <rule>
//	absent <first index> <last index>      ? of the entries among which one should be and is not
//	proof <base64>                         + of a c2sp.org/tlog-proof@v1 whose extra is the entry
//
// where the first proof is of the entry that breaks the rule, and the others are of
// the earlier ones that the rule reads, ascending, all under the same checkpoint to
// the byte; the proof of an entry of no bytes has no extra. Of a fork it is
//
//	chirograph/evidence/v1
//	rule fork
//	root <base64>                          of as many entries of the larger tree as the smaller has
//	checkpoint <base64>                    the signed one of the smaller tree
//	consistency <base64>                   add-checkpoint of c2sp.org/tlog-witness: from that root to the signed one of the larger
//
// or, where two entries of one index show it,
//
//	chirograph/evidence/v1
//	rule fork
//	proof <base64>                         of that index in one tree
//	proof <base64>                         and in the other
//
// and of an entry that was published later than it says
//
//	chirograph/evidence/v1
//	rule backdating
//	checkpoint <base64>                    a signed one with fewer entries, with the cosignatures of those who had seen no more
//	proof <base64>                         of the entry
//
// Lines end in LF; numbers and base64 are as in a proof. Each value has one text.
type Charge struct {
	Rule   rules.Rule
	Absent *Range       // nil for none
	Proofs []tlog.Proof // none of a fork that two trees show, two of one that two entries show, one of backdating

	Root        tlog.Hash             // of a fork that two trees show
	Checkpoint  tlog.SignedCheckpoint // the same, and of backdating
	Consistency tlog.Consistency      // of a fork that two trees show
}

// A Range is entries of a log, the last one included.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// The rules that an entry may break, as evidence names them.
var entryRules = map[rules.Rule]bool{
	rules.Form: true, rules.Size: true, rules.Once: true, rules.Refers: true, rules.Time: true, rules.Signed: true,
	rules.Revoked: true, rules.Quorum: true, rules.Replaces: true, rules.Under: true, rules.Terminates: true,
}

// ParseEvidence reads what [Charge.Bytes] prints, and nothing else; at most
// [MaxEvidence] bytes.
func ParseEvidence(b []byte) (*Charge, error) {
	if len(b) > MaxEvidence {
		return nil, fmt.Errorf("evidence has %d bytes, at most %d are allowed", len(b), MaxEvidence)
	}
	p := evidenceParser{rest: string(b)}
	if line, _, _ := strings.Cut(p.rest, "\n"); line != evidenceLine {
		shown := 8 // of what may be another file, with a secret in it
		if strings.HasPrefix(line, "chirograph/") {
			shown = 60
		}
		return nil, fmt.Errorf("evidence begins with the line %.*q, not %s", shown, line, evidenceLine)
	}
	p.rest = strings.TrimPrefix(p.rest, evidenceLine+"\n")
	c := &Charge{Rule: rules.Rule(p.value("rule"))}
	switch {
	case p.err != nil:
	case c.Rule == Fork && p.next("proof"):
		p.twoEntries(c)
	case c.Rule == Fork:
		p.fork(c)
	case c.Rule == Backdating:
		c.Checkpoint = data(&p, "checkpoint", tlog.ParseSignedCheckpoint)
		c.Proofs = []tlog.Proof{data(&p, "proof", tlog.ParseProof)}
	case entryRules[c.Rule]:
		p.entries(c)
	default:
		p.err = fmt.Errorf("rule %.40q is none that a ledger may break", c.Rule)
	}
	if p.err == nil && p.rest != "" {
		p.err = fmt.Errorf("it goes on with %.60q", p.rest)
	}
	if p.err == nil && !bytes.Equal(c.Bytes(), b) {
		p.err = errors.New("it is not in its one form")
	}
	if p.err != nil {
		return nil, fmt.Errorf("evidence: %w", p.err)
	}
	return c, nil
}

// An evidenceParser reads line by line. After an error it reads nothing.
type evidenceParser struct {
	rest string
	err  error
}

// next says whether the next line has this keyword.
func (p *evidenceParser) next(keyword string) bool {
	return p.err == nil && strings.HasPrefix(p.rest, keyword+" ")
}

// value takes the line of this keyword, and returns what it says.
func (p *evidenceParser) value(keyword string) string {
	if p.err != nil {
		return ""
	}
	line, rest, ok := strings.Cut(p.rest, "\n")
	value, named := strings.CutPrefix(line, keyword+" ")
	if !ok || !named {
		p.err = fmt.Errorf("the line %.60q stands where %s belongs", line, keyword)
		return ""
	}
	p.rest = rest
	return value
}

// data takes a line of base64, and returns what parse makes of it.
func data[T any](p *evidenceParser, keyword string, parse func([]byte) (T, error)) (v T) {
	value := p.value(keyword)
	if p.err != nil {
		return v
	}
	b, err := base64.StdEncoding.Strict().DecodeString(value)
	if err == nil {
		v, err = parse(b)
	}
	if err != nil {
		p.err = fmt.Errorf("%s: %w", keyword, err)
	}
	return v
}

func (p *evidenceParser) fork(c *Charge) {
	root := p.value("root")
	if p.err == nil {
		c.Root, p.err = tlog.ParseHash(root)
	}
	c.Checkpoint = data(p, "checkpoint", tlog.ParseSignedCheckpoint)
	c.Consistency = data(p, "consistency", tlog.ParseConsistency)
}

func (p *evidenceParser) twoEntries(c *Charge) {
	for range 2 {
		c.Proofs = append(c.Proofs, data(p, "proof", tlog.ParseProof))
	}
	if a, b := c.Proofs[0].Index, c.Proofs[1].Index; p.err == nil && a != b {
		p.err = fmt.Errorf("the proofs are of the entries %d and %d, and not of one index", a, b)
	}
}

func (p *evidenceParser) entries(c *Charge) {
	if p.next("absent") {
		c.Absent = p.absent()
	}
	for first := true; p.err == nil && (first || p.rest != ""); first = false {
		proof := data(p, "proof", tlog.ParseProof)
		if p.err == nil {
			p.err = c.fits(proof)
		}
		c.Proofs = append(c.Proofs, proof)
	}
}

func (p *evidenceParser) absent() *Range {
	value := p.value("absent")
	first, last, _ := strings.Cut(value, " ")
	var r Range
	var err, err2 error
	r.First, err = note.ParseDecimal(first)
	r.Last, err2 = note.ParseDecimal(last)
	if p.err == nil && (err != nil || err2 != nil || r.First > r.Last) {
		p.err = fmt.Errorf("absent %.60q is not the indexes of a first and a last entry", value)
	}
	return &r
}

// fits says whether the proof may come next.
func (c *Charge) fits(proof tlog.Proof) error {
	if len(c.Proofs) == 0 {
		return nil
	}
	broken, last := c.Proofs[0], c.Proofs[len(c.Proofs)-1]
	switch {
	case proof.Index >= broken.Index:
		return fmt.Errorf("proof of entry %d: it is not before entry %d", proof.Index, broken.Index)
	case len(c.Proofs) > 1 && proof.Index <= last.Index:
		return fmt.Errorf("proof of entry %d comes after that of %d", proof.Index, last.Index)
	case !bytes.Equal(proof.Checkpoint.Bytes(), broken.Checkpoint.Bytes()):
		return fmt.Errorf("proof of entry %d: it is under another checkpoint than that of entry %d", proof.Index, broken.Index)
	}
	return nil
}

// Bytes prints the evidence.
func (c *Charge) Bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nrule %s\n", evidenceLine, c.Rule)
	encoded := func(keyword string, value []byte) {
		fmt.Fprintf(&b, "%s %s\n", keyword, base64.StdEncoding.EncodeToString(value))
	}
	switch {
	case c.Rule == Backdating:
		encoded("checkpoint", c.Checkpoint.Bytes())
	case c.Rule == Fork && len(c.Proofs) == 0:
		fmt.Fprintf(&b, "root %s\n", c.Root)
		encoded("checkpoint", c.Checkpoint.Bytes())
		encoded("consistency", c.Consistency.Bytes())
	}
	if c.Absent != nil {
		fmt.Fprintf(&b, "absent %d %d\n", c.Absent.First, c.Absent.Last)
	}
	for _, p := range c.Proofs {
		encoded("proof", p.Bytes())
	}
	return b.Bytes()
}
