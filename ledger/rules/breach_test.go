package rules_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A breach makes a good submission break one rule, after any other breach too.
type breach struct {
	rule  rules.Rule
	name  string
	kinds []string // of submissions that can break it so
	apply func(*submission)
	says  string
}

var (
	lapsing    = []string{contract, amendment, callOff, amended, statement, termination}
	underOne   = []string{statement, termination}
	replacing  = []string{amendment, amended}
	framed     = []string{callOff, amended}
	statements = []string{statement}
	endings    = []string{termination}
)

var nobody = record.ID(sha256.Sum256([]byte("nobody")))

// breaches stand in the order of the rules.
var breaches = []breach{
	{rules.Form, "another ledger", submissions, func(s *submission) { s.ledger = key("other.example") }, "the record is for the ledger ledger.example+"},
	{rules.Once, "registered already", submissions, func(s *submission) { s.once = true }, "is registered already, as entry 7"},

	{rules.Refers, "a contract that is not there", underOne, func(s *submission) { s.text.Contract = nobody }, "contract names " + nobody.String() + ", which is not registered"},
	{rules.Refers, "a contract that is a statement", underOne, func(s *submission) { s.text.Contract = s.said() }, "which is a statement"},
	{rules.Refers, "replaces what is not there", replacing, func(s *submission) { s.text.Replaces = nobody }, "replaces names " + nobody.String() + ", which is not registered"},
	{rules.Refers, "a frame that is not there", framed, func(s *submission) { s.text.Under = nobody }, "under names " + nobody.String() + ", which is not registered"},
	{rules.Refers, "a frame that is a statement", framed, func(s *submission) { s.text.Under = s.said() }, "which is a statement"},
	{rules.Refers, "by of another role", underOne, func(s *submission) { s.text.Parties[len(s.text.Parties)-1].Role = "maker" }, "by maker is not so a party of contract"},
	{rules.Refers, "former of another role", replacing, func(s *submission) { s.text.Former[0].Role = "maker" }, "former maker is not so a party of contract"},
	{rules.Refers, "answers what is not there", statements, func(s *submission) { s.text.Answers = nobody }, "answers names " + nobody.String() + ", which is not registered"},
	{rules.Refers, "answers a contract", statements, func(s *submission) { s.text.Answers = contractText().ID() }, "which is a contract"},
	{rules.Refers, "answers a statement under another contract", statements, func(s *submission) { s.text.Answers = s.elsewhere() }, "which is neither"},

	{rules.Time, "a clock that went back", submissions, func(s *submission) { s.state.last = s.time + 1 }, "it is 2026-03-01T09:00:00Z, before the last entry, of 2026-03-01T09:00:01Z"},
	{rules.Time, "made in the future", submissions, func(s *submission) { s.text.Made, s.text.SignBy = now+301, ifSet(s.text.SignBy, now+400) },
		"made is 2026-03-01T09:05:01Z, more than 300 seconds after the ledger's time, 2026-03-01T09:00:00Z"},
	{rules.Time, "signed too late", lapsing, func(s *submission) { s.text.SignBy = now - 1 }, "sign-by is 2026-03-01T08:59:59Z, it is 2026-03-01T09:00:00Z"},

	{rules.Signed, "a line of a stranger", submissions, func(s *submission) { s.extra = string(key("mallory.example").Signature(make([]byte, 64)).Append(nil)) },
		"mallory.example with the key id"},
	{rules.Signed, "a line that does not verify", submissions, func(s *submission) {
		s.lines, s.extra = nil, string(s.text.Signers()[0].Signature(make([]byte, 64)).Append(nil))
	}, "signature line 1: "},

	{rules.Revoked, "a revoked key", submissions, func(s *submission) {
		for _, name := range []string{"alice.example", "bob.example"} {
			s.state.revoked[key(name).Public()] = 3
		}
	}, "is revoked by entry 3"},
	{rules.Quorum, "a line that is missing", submissions, func(s *submission) { s.lines = s.lines[:max(0, len(s.lines)-1)] }, "signatures"},

	{rules.Replaces, "replaced already", replacing, func(s *submission) { s.replaceOld(0) }, "is replaced by"},
	{rules.Replaces, "terminated yesterday", replacing, func(s *submission) { s.terminate(contractText(), record.DateOf(now)-1) }, "is terminated since 2026-02-28"},
	{rules.Replaces, "terminated today", replacing, func(s *submission) { s.terminate(contractText(), record.DateOf(now)) }, "is terminated since 2026-03-01"},

	{rules.Under, "a frame that is terminated", framed, func(s *submission) { s.terminate(frameText(), record.DateOf(now)) }, "is terminated by"},
	{rules.Under, "a frame that has not begun", framed, func(s *submission) { s.otherFrame(func(f *record.Text) { f.From = record.DateOf(now) + 1 }) }, "is pending, on 2026-03-01"},
	{rules.Under, "a frame that is over", framed, func(s *submission) { s.otherFrame(func(f *record.Text) { f.Until = record.DateOf(now) - 1 }) }, "is expired since 2026-03-01, on 2026-03-01"},
	{rules.Under, "a frame of others", framed, func(s *submission) {
		s.otherFrame(func(f *record.Text) {
			f.Parties = f.Parties[1:]
			f.Parties = append(f.Parties, party("buyer", 1, "zoe.example"))
		})
	}, "no party of the frame contract"},
	{rules.Under, "a frame that asks more of its party", framed, func(s *submission) {
		s.otherFrame(func(f *record.Text) { f.Parties[0] = party("manufacturer", 2, "alice.example", "zoe.example") })
	}, "no party of the frame contract"},

	{rules.Terminates, "effective yesterday", endings, func(s *submission) { s.text.Effective = record.DateOf(now) - 1 }, "effective is 2026-02-28, it is 2026-03-01"},
	{rules.Terminates, "alone, and not terminable", endings, func(s *submission) {
		s.text.Parties = s.text.Parties[len(s.text.Parties)-1:]
		s.lines = slices.DeleteFunc(slices.Clone(s.lines), func(name string) bool { return name == "alice.example" })
	}, "buyer may not end contract"},
	{rules.Terminates, "terminated from today on", endings, func(s *submission) { s.terminate(contractText(), record.DateOf(now)) }, "is terminated from 2026-03-01 on by"},
	{rules.Terminates, "replaced from today on", endings, func(s *submission) { s.replaceOld(record.DateOf(now)) }, "is replaced from 2026-03-01 on by"},
}

func ifSet(old, new int64) int64 {
	if old == 0 {
		return 0
	}
	return new
}

// said returns the id of the statement that a good submission's log has.
func (s *submission) said() record.ID { return good(statement).text.Answers }

// elsewhere registers a statement under the frame.
func (s *submission) elsewhere() record.ID {
	text := head(record.Statement)
	text.Contract, text.Parties, text.About = frameText().ID(), frameText().Parties, "delivery"
	s.state.add(text)
	return text.ID()
}

// replaceOld registers a contract that takes the place of the first from a day on.
func (s *submission) replaceOld(from record.Date) record.ID {
	text := contractText()
	text.Nonce[0], text.From = 2, from
	text.Replaces, text.Former = contractText().ID(), text.Parties
	s.state.add(text)
	return text.ID()
}

// terminate registers the end of a contract by all.
func (s *submission) terminate(contract *record.Text, effective record.Date) {
	text := head(record.Termination)
	text.Contract, text.Parties, text.Effective = contract.ID(), contract.Parties, effective
	s.state.add(text)
}

// otherFrame registers a changed frame, and puts the submission under it.
func (s *submission) otherFrame(change func(*record.Text)) {
	f := frameText()
	f.Nonce[0], f.Terminable = 3, nil
	change(f)
	s.state.add(f)
	if s.text.Under != nobody && s.text.Under != s.said() {
		s.text.Under = f.ID()
	}
}

func TestTheFirstRuleThatFailsIsNamed(t *testing.T) {
	for _, kind := range submissions {
		if err := good(kind).judge(t); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for i, first := range breaches {
			if !slices.Contains(first.kinds, kind) {
				continue
			}
			t.Run(fmt.Sprintf("%s: %s", kind, first.name), func(t *testing.T) { first.isNamed(t, kind, first) })
			for _, second := range breaches[i+1:] {
				if second.rule == first.rule || !slices.Contains(second.kinds, kind) {
					continue
				}
				t.Run(fmt.Sprintf("%s: %s and %s", kind, first.name, second.name), func(t *testing.T) {
					first.isNamed(t, kind, first, second)
					first.isNamed(t, kind, second, first)
				})
			}
		}
	}
}

// isNamed demands that a good submission with these breaches is refused by b.
func (b breach) isNamed(t *testing.T, kind string, breaches ...breach) {
	t.Helper()
	s := good(kind)
	for _, x := range breaches {
		x.apply(s)
	}
	err := s.judge(t)
	if got := broken(t, err); got != b.rule || !strings.Contains(err.Error(), b.says) {
		t.Errorf("%v, want %s: … %s", err, b.rule, b.says)
	}
}

func TestEverySubmissionThatIsGoodIsAdmitted(t *testing.T) {
	for _, kind := range submissions {
		s := good(kind)
		r, err := record.Open(s.bytes(), note.PublicKey.Verify)
		if err != nil {
			t.Fatal(err)
		}
		if err := rules.Admit(s.state, s.ledger, s.time, r); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
