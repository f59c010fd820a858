package rules_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

func TestALedgerIsItsWholeKey(t *testing.T) {
	renamed, err := note.NewKey("renamed.example", note.Ed25519, key("ledger.example").Public())
	if err != nil {
		t.Fatal(err)
	}
	s := good(contract)
	s.ledger = renamed
	if got := broken(t, s.judge(t)); got != rules.Form {
		t.Errorf("a record for the same key under another name breaks %q", got)
	}
}

func TestTimeIsJudgedToTheSecond(t *testing.T) {
	const endOf9999 = 253402300799
	for _, c := range []struct {
		name                        string
		kind                        string
		made, signBy, last, t, want int64 // want 0: admitted
	}{
		{"made 300 s ahead", contract, now + 300, now + 400, 0, now, 0},
		{"made 301 s ahead", contract, now + 301, now + 400, 0, now, 1},
		{"a revocation made 300 s ahead", revocation, now + 300, 0, 0, now, 0},
		{"a revocation made 301 s ahead", revocation, now + 301, 0, 0, now, 1},
		{"at the second of sign-by", contract, now - 60, now, 0, now, 0},
		{"a second after sign-by", contract, now - 60, now - 1, 0, now, 1},
		{"at the time of the last entry", contract, now - 60, now + 60, now, now, 0},
		{"a second before the last entry", contract, now - 60, now + 60, now + 1, now, 1},
		{"a revocation at the time of the last entry", revocation, now, 0, now, now, 0},
		{"a revocation a second before it", revocation, now, 0, now + 1, now, 1},
		{"the first entry, in 1970", contract, 0, 1, 0, 0, 0},
		{"a revocation does not lapse", revocation, 0, 0, now, endOf9999, 0},
		{"the last second there is", contract, endOf9999 - 1, endOf9999, endOf9999, endOf9999, 0},
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
	s := good(contract)
	s.state.revoked[dave] = 3
	if err := s.judge(t); err != nil {
		t.Errorf("a revoked key that is listed and does not sign: %v", err)
	}
	s.lines = append(s.lines, "dave.example")
	err := s.judge(t)
	if got := broken(t, err); got != rules.Revoked || !strings.Contains(err.Error(), "is revoked by entry 3") || !strings.Contains(err.Error(), dave.Fingerprint()) {
		t.Errorf("a revoked key signs beyond the threshold: %v", err)
	}
	other := good(contract)
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
	s := good(revocation)
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
		s := good(contract)
		s.lines = strings.Fields(c.lines)
		err := s.judge(t)
		if c.want == "" && err != nil || c.want != "" && (broken(t, err) != rules.Quorum || err.Error() != "quorum: "+c.want) {
			t.Errorf("signed by %q: %v, want %q", c.lines, err, c.want)
		}
	}
	s := good(revocation)
	s.lines = nil
	if err := s.judge(t); broken(t, err) != rules.Quorum || err.Error() != "quorum: the key alice.example has 0 of 1 signatures" {
		t.Errorf("a revocation that nobody signed: %v", err)
	}
}

func TestAStateThatCannotBeReadIsNoAnswer(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, kind := range submissions {
		for _, breaks := range []func(*submission){
			func(s *submission) {},
			func(s *submission) { s.lines = s.lines[:len(s.lines)-1] },
			func(s *submission) { s.extra = string(key("mallory.example").Signature(make([]byte, 64)).Append(nil)) },
			func(s *submission) { s.answerAnAncestor() },
		} {
			sound := good(kind)
			breaks(sound)
			_ = sound.judge(t)
			if sound.state.asked == 0 {
				t.Fatal("the state is not asked")
			}
			for n := 1; n <= sound.state.asked; n++ {
				s := good(kind)
				breaks(s)
				s.state.err, s.state.fails = broken, n
				err := s.judge(t)
				if refusal := new(rules.Refusal); !errors.Is(err, broken) || errors.As(err, &refusal) {
					t.Errorf("%s: reading %d of %d fails: %v", kind, n, sound.state.asked, err)
				}
			}
		}
		s := good(kind)
		s.ledger, s.state.err = key("other.example"), broken
		if err := s.judge(t); s.state.asked != 0 || err == nil || errors.Is(err, broken) {
			t.Errorf("the state is asked %d times about a %s for another ledger: %v", s.state.asked, kind, err)
		}
	}
}

// answerAnAncestor makes a statement one under a contract that replaces that of the
// statement that it answers.
func (s *submission) answerAnAncestor() {
	if s.text.Kind == record.Statement {
		s.text.Contract = s.replaceOld(0)
	}
}

func TestRefuseNeverAdmits(t *testing.T) {
	s := good(contract)
	fault := &record.SignatureError{Text: s.text, Reason: "signature line 1: bob.example signs twice"}
	err := rules.Refuse(s.state, s.ledger, s.time, fault)
	if broken(t, err) != rules.Signed || err.Error() != "signed: signature line 1: bob.example signs twice" {
		t.Errorf("%v", err)
	}
}

func BenchmarkAdmit(b *testing.B) {
	for _, kind := range submissions {
		b.Run(kind, func(b *testing.B) {
			s := good(kind)
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
		})
	}
}
