package rules_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
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

func key(name string) note.Key { return named(name, name) }

// named returns the verifier key of secret(label) under a name.
func named(name, label string) note.Key {
	p, err := note.ParsePublicKey(secret(label).Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	k, err := note.NewKey(name, note.Ed25519, p)
	if err != nil {
		panic(err)
	}
	return k
}

// party returns a line whose keys have these names.
func party(role string, threshold int, names ...string) record.Party {
	p := record.Party{Role: role, Threshold: threshold}
	for _, name := range names {
		p.Keys = append(p.Keys, key(name))
	}
	return p
}

// A state is one in memory that fails when it is told to, and says of a record or a
// key beside those in its log that it is there.
type state struct {
	rules.Memory
	next    uint64
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
	if index, ok := s.index[id]; ok {
		return index, true, s.fault()
	}
	index, ok, _ := s.Memory.Index(id)
	return index, ok, s.fault()
}

func (s *state) Revoked(key note.PublicKey) (uint64, bool, error) {
	index, ok := s.revoked[key]
	return index, ok, s.fault()
}

func (s *state) Lookup(id record.ID) (*rules.Entry, error) {
	if err := s.fault(); err != nil {
		return nil, err
	}
	return s.Memory.Lookup(id)
}

func (s *state) Place(contract record.ID) (rules.Place, error) {
	if err := s.fault(); err != nil {
		return rules.Place{}, err
	}
	return s.Memory.Place(contract)
}

func (s *state) Ends(contract record.ID) ([]rules.End, error) {
	ends, _ := s.Memory.Ends(contract)
	return ends, s.fault()
}

func (s *state) Dispute(chain record.ID, index uint64) (rules.Dispute, bool, error) {
	d, ok, _ := s.Memory.Dispute(chain, index)
	return d, ok, s.fault()
}

func (s *state) Disputes(at rules.Place, limit int) ([]rules.Dispute, error) {
	open, _ := s.Memory.Disputes(at, limit)
	return open, s.fault()
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

// head returns what every record says.
func head(kind record.Kind) *record.Text {
	return &record.Text{Kind: kind, Ledger: key("ledger.example"), Made: now - 60, SignBy: now + 86400}
}

// contractText is a contract between alice, and two of bob, carol and dave.
func contractText() *record.Text {
	text := head(record.Contract)
	text.Parties = []record.Party{
		party("manufacturer", 1, "alice.example"),
		party("buyer", 2, "bob.example", "carol.example", "dave.example"),
	}
	text.Documents = []record.Document{{Media: "text/markdown", Kind: record.Terms, Name: "terms.md"}}
	return text
}

// frameText is a contract between alice and erin, which erin may end alone with
// thirty days' notice.
func frameText() *record.Text {
	text := contractText()
	text.Nonce[0] = 1
	text.Parties[1] = party("lead-contractor", 1, "erin.example")
	text.Terminable = []record.Notice{{Role: "lead-contractor", Days: 30}}
	return text
}

// add makes the text an entry of a day before now, asking nobody.
func (s *state) add(text *record.Text) {
	r, err := record.New(text)
	if err == nil {
		err = s.Memory.Add(s.next, now-86400, r)
	}
	s.next++
	if err != nil {
		panic(err)
	}
}

// The kinds of submission.
const (
	contract    = "contract"
	amendment   = "amendment"
	callOff     = "call-off"         // a contract under a frame
	amended     = "amended-call-off" // both
	statement   = "statement"
	termination = "termination"
	revocation  = "revocation"
)

var submissions = []string{contract, amendment, callOff, amended, statement, termination, revocation}

// good returns a submission that is admitted: something between alice, and two of
// bob, carol and dave; or a revocation of alice's key. The log has their contract, a
// frame between alice and erin, and a statement under their contract.
func good(kind string) *submission {
	s := &submission{
		ledger: key("ledger.example"), time: now,
		state: &state{index: make(map[record.ID]uint64), revoked: make(map[note.PublicKey]uint64), last: now - 10},
		lines: []string{"alice.example", "bob.example", "carol.example"},
	}
	old, frame := contractText(), frameText()
	said := head(record.Statement)
	said.Contract, said.Parties, said.About = old.ID(), old.Parties, "delivery"
	s.state.add(old)
	s.state.add(frame)
	s.state.add(said)
	s.text = contractText()
	switch kind {
	case statement:
		s.text = head(record.Statement)
		s.text.Contract, s.text.Parties, s.text.About, s.text.Answers = old.ID(), old.Parties, "acceptance", said.ID()
	case termination:
		s.text = head(record.Termination)
		s.text.Contract, s.text.Parties = old.ID(), old.Parties
	case revocation:
		s.text = head(record.Revocation)
		s.text.SignBy, s.text.Key, s.text.Reason = 0, key("alice.example"), "lost"
		s.lines = s.lines[:1]
	}
	if kind == amendment || kind == amended {
		s.text.Replaces, s.text.Former = old.ID(), old.Parties
	}
	if kind == callOff || kind == amended {
		s.text.Under = frame.ID()
	}
	s.text.Nonce[0] = 9
	s.text.Parties = slices.Clone(s.text.Parties)
	s.text.Former = slices.Clone(s.text.Former)
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
