package rules_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// secret returns the private key that belongs to a name, for ever the same.
func secret(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func key(name string) note.Key {
	p, err := note.ParsePublicKey(secret(name).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, note.Ed25519, p)
	if err != nil {
		panic(err)
	}
	return k
}

// A state is what the entries of a log say, in memory.
type state struct {
	index   map[record.ID]uint64
	revoked map[note.PublicKey]uint64
	last    int64
	asked   int   // how often it was read
	err     error // of every reading from the number fails on
	fails   int
}

func (s *state) fault() error {
	if s.asked++; s.err != nil && s.asked >= s.fails {
		return s.err
	}
	return nil
}

// What stands beside an error is not to be looked at.
func (s *state) Index(id record.ID) (uint64, bool, error) {
	index, ok := s.index[id]
	err := s.fault()
	return index, ok, err
}

func (s *state) Revoked(key note.PublicKey) (uint64, bool, error) {
	index, ok := s.revoked[key]
	err := s.fault()
	return index, ok, err
}

func (s *state) LastTime() int64 { return s.last }

// now is the time at which a case is judged, 2026-03-01T09:00:00Z.
const now = 1772355600

// A submission is a record as it comes to a ledger, whose key is ledger.
type submission struct {
	text   *record.Text
	lines  []string // who signs, in order
	extra  string   // a signature line after those
	ledger note.Key
	state  *state
	once   bool // registered already, as entry 7
	time   int64
}

// good returns a submission that is admitted: a contract between alice, and two
// of bob, carol and dave; or a revocation of alice's key.
func good(kind record.Kind) *submission {
	s := &submission{
		text:   &record.Text{Kind: kind, Ledger: key("ledger.example"), Made: now - 60},
		ledger: key("ledger.example"), time: now,
		state: &state{index: make(map[record.ID]uint64), revoked: make(map[note.PublicKey]uint64), last: now - 10},
	}
	if kind == record.Revocation {
		s.text.Key, s.text.Reason, s.lines = key("alice.example"), "lost", []string{"alice.example"}
		return s
	}
	s.text.SignBy = now + 86400
	s.text.Parties = []record.Party{
		{Role: "manufacturer", Threshold: 1, Keys: []note.Key{key("alice.example")}},
		{Role: "buyer", Threshold: 2, Keys: []note.Key{key("bob.example"), key("carol.example"), key("dave.example")}},
	}
	if kind == record.Contract {
		s.text.Documents = []record.Document{{Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}}
	} else {
		s.text.Contract = sha256.Sum256([]byte("contract"))
		s.text.About = map[record.Kind]string{record.Statement: "delivery"}[kind]
	}
	s.lines = []string{"alice.example", "bob.example", "carol.example"}
	return s
}

func (s *submission) bytes() []byte {
	text := s.text.Bytes()
	b := append(text[:len(text):len(text)], '\n')
	for _, name := range s.lines {
		b = key(name).Signature(ed25519.Sign(secret(name), text)).Append(b)
	}
	return append(b, s.extra...)
}

// judge asks the rules as a ledger does.
func (s *submission) judge(t testing.TB) error {
	t.Helper()
	if s.once {
		s.state.index[s.text.ID()] = 7
	}
	r, err := record.OpenDraft(s.bytes(), note.PublicKey.Verify)
	var fault *record.SignatureError
	if errors.As(err, &fault) {
		return rules.Refuse(s.state, s.ledger, s.time, fault)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rules.Admit(s.state, s.ledger, s.time, r)
}

// broken returns the rule that err names, "" for no error.
func broken(t testing.TB, err error) rules.Rule {
	t.Helper()
	if err == nil {
		return ""
	}
	var refusal *rules.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("%v is no refusal", err)
	}
	if refusal.Reason == "" || refusal.Error() != string(refusal.Rule)+": "+refusal.Reason {
		t.Fatalf("refusal prints as %q", refusal)
	}
	if (refusal.Rule == rules.Once) != (refusal.Index == 7) {
		t.Fatalf("%s has the index %d", refusal.Rule, refusal.Index)
	}
	return refusal.Rule
}
