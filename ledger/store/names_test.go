package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// namedRecord returns a revocation by a key under a name, which is not its only one.
func namedRecord(t testing.TB, name string, key, nonce byte) *record.Record {
	t.Helper()
	k, err := note.NewKey(name, note.Ed25519, newSigner("key.example", uint64(key)).Public())
	if err != nil {
		t.Fatal(err)
	}
	text := &record.Text{Kind: record.Revocation, Ledger: home.Key, Nonce: [16]byte{nonce}, Key: k, Reason: "lost"}
	n := note.Note{Text: text.Bytes(), Signatures: []note.Signature{k.Signature(make([]byte, 64))}}
	r, err := record.Open(n.Bytes(), checkedBefore)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func appendAll(t testing.TB, s *Store, records ...*record.Record) {
	t.Helper()
	b := s.NewBatch()
	for _, r := range records {
		if _, err := b.Append(1, r); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, b)
}

// listNames returns what a state says of the names with a beginning: name and first entry.
func listNames(t testing.TB, s State, prefix string, limit int) (list []string, more bool) {
	t.Helper()
	rows, more, err := s.Names(prefix, NamedKey{}, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range rows {
		list = append(list, fmt.Sprint(n.Name, " ", n.First))
	}
	return list, more
}

func TestNamesAreFoundByTheirBeginningInTheOrderOfTheirBytes(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	longest := strings.Repeat("z", 64)
	for i, name := range []string{"b", "a.b", "a", "A", "0", "a-b", longest, "a@"} {
		appendAll(t, s, namedRecord(t, name, byte(i), 0))
	}
	state := s.State(s.Head())
	for _, c := range []struct {
		prefix string
		limit  int
		want   []string
		more   bool
	}{
		{"", 9, []string{"0 4", "A 3", "a 2", "a-b 5", "a.b 1", "a@ 7", "b 0", longest + " 6"}, false},
		{"", 8, []string{"0 4", "A 3", "a 2", "a-b 5", "a.b 1", "a@ 7", "b 0", longest + " 6"}, false},
		{"", 7, []string{"0 4", "A 3", "a 2", "a-b 5", "a.b 1", "a@ 7", "b 0"}, true},
		{"a", 4, []string{"a 2", "a-b 5", "a.b 1", "a@ 7"}, false},
		{"a", 3, []string{"a 2", "a-b 5", "a.b 1"}, true},
		{"a.b", 9, []string{"a.b 1"}, false},
		{"a.bc", 9, nil, false},
		{"0", 9, []string{"0 4"}, false},
		{"к", 9, nil, false},
		{longest, 9, []string{longest + " 6"}, false},
		{longest + "z", 9, nil, false},
		{"a\x00", 9, nil, false},
		{"\xff", 9, nil, false},
		{"a", 0, nil, true},
		{"c", 0, nil, false},
	} {
		if got, more := listNames(t, state, c.prefix, c.limit); !slices.Equal(got, c.want) || more != c.more {
			t.Errorf("%d that begin with %.8q: %.60q, %v, want %.60q, %v", c.limit, c.prefix, got, more, c.want, c.more)
		}
	}
	closeStore(t, s)
}

func TestANameIsThatOfTheFirstRecordWhoeverRemembersIt(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	appendAll(t, s, namedRecord(t, "a", 0, 0), namedRecord(t, "a", 0, 1), namedRecord(t, "b", 0, 2))
	want := []string{"a 0", "b 2"}
	same := func(when string) {
		t.Helper()
		if got, more := listNames(t, s.State(s.Head()), "", 9); !slices.Equal(got, want) || more {
			t.Errorf("%s: %q, %v, want %q", when, got, more, want)
		}
	}
	same("twice in one batch")
	appendAll(t, s, namedRecord(t, "b", 0, 3), namedRecord(t, "a", 0, 4))
	same("remembered")
	s.named = lately[naming]{}
	appendAll(t, s, namedRecord(t, "a", 0, 5), namedRecord(t, "b", 0, 6))
	same("driven out of memory")
	b := s.NewBatch()
	if _, err := b.Append(1, namedRecord(t, "c", 0, 7)); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	same("of a batch that is given up")
	appendAll(t, s, namedRecord(t, "a", 1, 8), namedRecord(t, "c", 0, 9))
	want = []string{"a 0", "a 7", "b 2", "c 8"}
	if strings.Compare(string(newSigner("key.example", 1).Public().Bytes()), string(newSigner("key.example", 0).Public().Bytes())) < 0 {
		want[0], want[1] = want[1], want[0]
	}
	same("of another key")
	closeStore(t, s)
	s = openStore(t, fs)
	appendAll(t, s, namedRecord(t, "b", 0, 10))
	same("after a start")
	closeStore(t, s)
}

func TestAKeyThatDidNotSignHasNoName(t *testing.T) {
	contract, _, _ := cases(t)
	s := newStore(t, vfs.NewMem())
	appendAll(t, s, contract)
	if got, _ := listNames(t, s.State(s.Head()), "", 9); !slices.Equal(got, []string{"alice.example 0"}) {
		t.Errorf("%q, though alice alone signed", got)
	}
	closeStore(t, s)
}

// crowdRecord returns a contract that 64 keys sign, each under a name that no other record has.
func crowdRecord(t testing.TB, n int, keys []note.PublicKey) *record.Record {
	t.Helper()
	parties := []record.Party{{Role: "buyer", Threshold: 16}, {Role: "maker", Threshold: 16}}
	var signatures []note.Signature
	for i, public := range keys {
		k, err := note.NewKey(fmt.Sprintf("key.%04d.%02d", n, i), note.Ed25519, public)
		if err != nil {
			t.Fatal(err)
		}
		parties[i*2/len(keys)].Keys = append(parties[i*2/len(keys)].Keys, k)
		signatures = append(signatures, k.Signature(make([]byte, 64)))
	}
	text := &record.Text{Kind: record.Contract, Ledger: home.Key, Made: 1, SignBy: 100, Nonce: [16]byte{byte(n), byte(n >> 8)}, Title: "Crowd", Parties: parties,
		Documents: []record.Document{{Hash: [32]byte{1}, Size: 1, Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}}
	r, err := record.Open(note.Note{Text: text.Bytes(), Signatures: signatures}.Bytes(), checkedBefore)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// However many names the records of the largest batch have, before they are public they
// hide none that is.
func TestNamesOfLaterEntriesAreNotShownAndHideNoOthers(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	appendAll(t, s, namedRecord(t, "key.z", 0, 0))
	before := s.Head()
	var keys []note.PublicKey
	for i := range uint64(record.MaxKeys) {
		keys = append(keys, newSigner("crowd.example", i).Public())
	}
	var batch []*record.Record
	for n := range 1024 { // ledger.DefaultBatch
		batch = append(batch, crowdRecord(t, n, keys))
	}
	appendAll(t, s, batch...)
	if got, more := listNames(t, s.State(before), "", 9); !slices.Equal(got, []string{"key.z 0"}) || more {
		t.Errorf("behind %d later ones: %q, %v", maxLaterNames, got, more)
	}
	appendAll(t, s, namedRecord(t, "a", 0, 1))
	if got, more := listNames(t, s.State(before), "", 9); len(got) != 0 || !more {
		t.Errorf("behind %d later ones: %q, %v", maxLaterNames+1, got, more)
	}
	if got, more := listNames(t, s.State(before), "key.z", 9); !slices.Equal(got, []string{"key.z 0"}) || more {
		t.Errorf("by its own beginning: %q, %v", got, more)
	}
	closeStore(t, s)
}

// Whoever calls any number of keys by the name of another hides it from nobody who goes on
// from page to page; and each key is on one.
func TestNobodyHidesAKeyFromWhoGoesOn(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	for i := range byte(40) {
		appendAll(t, s, namedRecord(t, "ann.example", i, 0))
	}
	appendAll(t, s, namedRecord(t, "ann.example0", 0, 1), namedRecord(t, "anna", 0, 1), namedRecord(t, "bob", 0, 1))
	before := s.Head()
	appendAll(t, s, namedRecord(t, "ann.example", 40, 0), namedRecord(t, "ann.example.x", 0, 2))
	for prefix, want := range map[string]int{"ann.example": 41, "ann": 42, "": 43, "bob": 1, "c": 0} {
		for _, limit := range []int{1, 7, 41, 42, 64} {
			found, after := make(map[NamedKey]bool), NamedKey{}
			for {
				list, more, err := s.State(before).Names(prefix, after, limit)
				if err != nil || len(list) > limit || more && len(list) < limit {
					t.Fatalf("%q, %d at once: %d, %v, %v", prefix, limit, len(list), more, err)
				}
				known := len(found)
				for _, n := range list {
					found[n] = true
				}
				if len(found) != known+len(list) {
					t.Fatalf("%q, %d at once: a page has what another has: %v", prefix, limit, list)
				}
				if !more {
					break
				}
				after = NamedKey{Name: list[limit-1].Name, Key: list[limit-1].Key}
			}
			if len(found) != want {
				t.Errorf("%q, %d at once: %d keys, want %d", prefix, limit, len(found), want)
			}
		}
	}
	for name, want := range map[string]int{"0": 41, "ann.example1": 0, "zz": 0} { // before them, behind them, behind what begins so
		list, _, err := s.State(before).Names("ann.example", NamedKey{Name: name, Key: newSigner("key.example", 0).Public()}, 64)
		if err != nil || len(list) != want {
			t.Errorf("behind %q: %d, %v, want %d", name, len(list), err, want)
		}
	}
	closeStore(t, s)
}
