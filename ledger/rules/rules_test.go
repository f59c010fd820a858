package rules_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A breach makes a good submission break one rule.
type breach struct {
	rule  rules.Rule
	name  string
	apply func(*submission)
	kinds string // of records that can break it so
	says  string
}

// breaches stand in the order of the rules.
var breaches = []breach{
	{rules.Form, "another ledger", func(s *submission) { s.ledger = key("other.example") }, "contract revocation",
		"the record is for the ledger ledger.example+"},
	{rules.Once, "registered already", func(s *submission) { s.once = true }, "contract revocation", "is registered already, as entry 7"},
	{rules.Time, "a clock that went back", func(s *submission) { s.state.last = s.time + 1 }, "contract revocation",
		"it is 2026-03-01T09:00:00Z, before the last entry, of 2026-03-01T09:00:01Z"},
	{rules.Time, "made in the future", func(s *submission) { s.text.Made, s.text.SignBy = now+301, ifSet(s.text.SignBy, now+400) }, "contract revocation",
		"made is 2026-03-01T09:05:01Z, more than 300 seconds after the ledger's time, 2026-03-01T09:00:00Z"},
	{rules.Time, "signed too late", func(s *submission) { s.text.SignBy = now - 1 }, "contract", "sign-by is 2026-03-01T08:59:59Z, it is 2026-03-01T09:00:00Z"},
	{rules.Signed, "a line of a stranger", func(s *submission) {
		s.extra = string(key("mallory.example").Signature(make([]byte, 64)).Append(nil))
	}, "contract revocation", "mallory.example with the key id"},
	{rules.Signed, "a line that does not verify", func(s *submission) {
		s.lines, s.extra = nil, string(key("alice.example").Signature(make([]byte, 64)).Append(nil))
	}, "contract revocation", "the signature of alice.example does not verify"},
	{rules.Revoked, "a revoked key", func(s *submission) { s.state.revoked[key("alice.example").Public()] = 3 }, "contract revocation",
		"the key of alice.example, SHA256:"},
	{rules.Quorum, "a line that is missing", func(s *submission) { s.lines = s.lines[:len(s.lines)-1] }, "contract revocation", "signatures"},
}

func ifSet(old, new int64) int64 {
	if old == 0 {
		return 0
	}
	return new
}

func TestTheFirstRuleThatFailsIsNamed(t *testing.T) {
	for _, kind := range []record.Kind{record.Contract, record.Revocation} {
		if err := good(kind).judge(t); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		for i, first := range breaches {
			if !strings.Contains(first.kinds, kind.String()) {
				continue
			}
			t.Run(fmt.Sprintf("%s: %s", kind, first.name), func(t *testing.T) {
				s := good(kind)
				first.apply(s)
				err := s.judge(t)
				if got := broken(t, err); got != first.rule || !strings.Contains(err.Error(), first.says) {
					t.Errorf("%v, want %s: … %s", err, first.rule, first.says)
				}
			})
			for _, second := range breaches[i+1:] {
				if second.rule == first.rule || !strings.Contains(second.kinds, kind.String()) {
					continue
				}
				t.Run(fmt.Sprintf("%s: %s and %s", kind, first.name, second.name), func(t *testing.T) {
					for _, breaks := range [][]breach{{first, second}, {second, first}} {
						s := good(kind)
						for _, b := range breaks {
							if len(s.lines) == 0 && b.rule == rules.Quorum {
								continue // the line that would be missing is the one at fault
							}
							b.apply(s)
						}
						err := s.judge(t)
						if got := broken(t, err); got != first.rule || !strings.Contains(err.Error(), first.says) {
							t.Errorf("%v, want %s", err, first.rule)
						}
					}
				})
			}
		}
	}
}

func TestALedgerIsItsWholeKey(t *testing.T) {
	renamed, err := note.NewKey("renamed.example", note.Ed25519, key("ledger.example").Public())
	if err != nil {
		t.Fatal(err)
	}
	s := good(record.Contract)
	s.ledger = renamed
	if got := broken(t, s.judge(t)); got != rules.Form {
		t.Errorf("a record for the same key under another name breaks %q", got)
	}
}

func TestWhatIsNotAdmittedYetIsRefusedInASentence(t *testing.T) {
	id := record.ID(sha256.Sum256([]byte("older")))
	replaces, under := good(record.Contract), good(record.Contract)
	replaces.text.Replaces = id
	replaces.text.Former = []record.Party{{Role: "buyer", Threshold: 1, Keys: []note.Key{key("bob.example")}}}
	under.text.Under = id
	for _, c := range []struct {
		submission *submission
		says       string
	}{
		{good(record.Statement), "statements it does not register yet"},
		{good(record.Termination), "terminations it does not register yet"},
		{replaces, "contracts that replace another it does not register yet"},
		{under, "contracts under another it does not register yet"},
	} {
		err := c.submission.judge(t)
		if got := broken(t, err); got != rules.Form || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %s: … %s", err, rules.Form, c.says)
		}
	}
}

func TestTimeIsJudgedToTheSecond(t *testing.T) {
	const endOf9999 = 253402300799
	for _, c := range []struct {
		name                        string
		kind                        record.Kind
		made, signBy, last, t, want int64 // want 0: admitted
	}{
		{"made 300 s ahead", record.Contract, now + 300, now + 400, 0, now, 0},
		{"made 301 s ahead", record.Contract, now + 301, now + 400, 0, now, 1},
		{"a revocation made 300 s ahead", record.Revocation, now + 300, 0, 0, now, 0},
		{"a revocation made 301 s ahead", record.Revocation, now + 301, 0, 0, now, 1},
		{"at the second of sign-by", record.Contract, now - 60, now, 0, now, 0},
		{"a second after sign-by", record.Contract, now - 60, now - 1, 0, now, 1},
		{"at the time of the last entry", record.Contract, now - 60, now + 60, now, now, 0},
		{"a second before the last entry", record.Contract, now - 60, now + 60, now + 1, now, 1},
		{"a revocation at the time of the last entry", record.Revocation, now, 0, now, now, 0},
		{"a revocation a second before it", record.Revocation, now, 0, now + 1, now, 1},
		{"the first entry, in 1970", record.Contract, 0, 1, 0, 0, 0},
		{"a revocation does not lapse", record.Revocation, 0, 0, now, endOf9999, 0},
		{"the last second there is", record.Contract, endOf9999 - 1, endOf9999, endOf9999, endOf9999, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := good(c.kind)
			s.text.Made, s.text.SignBy, s.state.last, s.time = c.made, c.signBy, c.last, c.t
			want := map[bool]rules.Rule{true: rules.Time}[c.want != 0]
			if err := s.judge(t); broken(t, err) != want {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

func TestOnlyKeysThatSignHaveToBeGood(t *testing.T) {
	dave := key("dave.example").Public()
	s := good(record.Contract)
	s.state.revoked[dave] = 3
	if err := s.judge(t); err != nil {
		t.Errorf("a revoked key that is listed and does not sign: %v", err)
	}
	s.lines = append(s.lines, "dave.example")
	err := s.judge(t)
	if got := broken(t, err); got != rules.Revoked || !strings.Contains(err.Error(), "is revoked by entry 3") || !strings.Contains(err.Error(), dave.Fingerprint()) {
		t.Errorf("a revoked key signs beyond the threshold: %v", err)
	}
	other := good(record.Contract)
	other.state = s.state
	other.text.Nonce[0] = 1
	other.text.Parties = other.text.Parties[:1:1]
	other.text.Parties = append(other.text.Parties, record.Party{Role: "buyer", Threshold: 1, Keys: []note.Key{key("erin.example")}})
	other.lines = []string{"alice.example", "erin.example"}
	if err := other.judge(t); err != nil {
		t.Errorf("a contract that does not name the revoked key: %v", err)
	}
	renamed, err := note.NewKey("renamed.example", note.Ed25519, dave)
	if err != nil {
		t.Fatal(err)
	}
	other.text.Parties[1].Keys[0] = renamed
	text := other.text.Bytes()
	other.lines, other.extra = other.lines[:1], string(renamed.Signature(ed25519.Sign(secret("dave.example"), text)).Append(nil))
	if got := broken(t, other.judge(t)); got != rules.Revoked {
		t.Errorf("the revoked key under another name breaks %q", got)
	}
}

func TestAKeyIsRevokedOnce(t *testing.T) {
	s := good(record.Revocation)
	s.state.revoked[s.text.Key.Public()] = 3
	if got := broken(t, s.judge(t)); got != rules.Revoked {
		t.Errorf("a second revocation breaks %q", got)
	}
	s.lines = nil
	if got := broken(t, s.judge(t)); got != rules.Revoked {
		t.Errorf("a second revocation that nobody signed breaks %q", got)
	}
	s.once = true
	if got := broken(t, s.judge(t)); got != rules.Once {
		t.Errorf("the same revocation again breaks %q", got)
	}
}

func TestEveryLineNeedsItsThreshold(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"alice.example bob.example carol.example", ""},
		{"alice.example bob.example dave.example", ""},
		{"alice.example bob.example carol.example dave.example", ""},
		{"alice.example bob.example", "buyer has 1 of 2 signatures"},
		{"alice.example", "buyer has 0 of 2 signatures"},
		{"bob.example carol.example", "manufacturer has 0 of 1 signatures"},
		{"bob.example", "manufacturer has 0 of 1 signatures, buyer has 1 of 2 signatures"},
		{"", "manufacturer has 0 of 1 signatures, buyer has 0 of 2 signatures"},
	} {
		s := good(record.Contract)
		s.lines = strings.Fields(c.lines)
		err := s.judge(t)
		if c.want == "" && err != nil || c.want != "" && (broken(t, err) != rules.Quorum || err.Error() != "quorum: "+c.want) {
			t.Errorf("signed by %q: %v, want %q", c.lines, err, c.want)
		}
	}
	s := good(record.Revocation)
	s.lines = nil
	if err := s.judge(t); broken(t, err) != rules.Quorum || err.Error() != "quorum: the key alice.example has 0 of 1 signatures" {
		t.Errorf("a revocation that nobody signed: %v", err)
	}
}

func TestAStateThatCannotBeReadIsNoAnswer(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, breaks := range []func(*submission){
		func(s *submission) {},
		func(s *submission) { s.once = true },
		func(s *submission) { s.state.revoked[key("carol.example").Public()] = 3 },
		func(s *submission) { s.lines = s.lines[:1] },
		func(s *submission) { s.extra = string(key("mallory.example").Signature(make([]byte, 64)).Append(nil)) },
	} {
		sound := good(record.Contract)
		breaks(sound)
		_ = sound.judge(t)
		if sound.state.asked == 0 {
			t.Fatal("the state is not asked")
		}
		for n := 1; n <= sound.state.asked; n++ {
			s := good(record.Contract)
			breaks(s)
			s.state.err, s.state.fails = broken, n
			err := s.judge(t)
			if refusal := new(rules.Refusal); !errors.Is(err, broken) || errors.As(err, &refusal) {
				t.Errorf("reading %d of %d fails: %v", n, sound.state.asked, err)
			}
		}
	}
	s := good(record.Contract)
	s.ledger, s.state.err = key("other.example"), broken
	if err := s.judge(t); s.state.asked != 0 || err == nil || errors.Is(err, broken) {
		t.Errorf("the state is asked %d times about a record for another ledger: %v", s.state.asked, err)
	}
}

func TestRefuseNeverAdmits(t *testing.T) {
	s := good(record.Contract)
	fault := &record.SignatureError{Text: s.text, Reason: "signature line 1: bob.example signs twice"}
	err := rules.Refuse(s.state, s.ledger, s.time, fault)
	if broken(t, err) != rules.Signed || err.Error() != "signed: signature line 1: bob.example signs twice" {
		t.Errorf("%v", err)
	}
}

func BenchmarkAdmit(b *testing.B) {
	s := good(record.Contract)
	r, err := record.Open(s.bytes(), note.PublicKey.Verify)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := rules.Admit(s.state, s.ledger, s.time, r); err != nil {
			b.Fatal(err)
		}
	}
}
