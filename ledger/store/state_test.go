package store

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// cases returns a contract, a dispute under it, and a contract that replaces it.
func cases(t testing.TB) (contract, dispute, next *record.Record) {
	t.Helper()
	text := record.Text{Kind: record.Contract, Ledger: home.Key, SignBy: 1, Parties: []record.Party{
		{Role: "buyer", Threshold: 1, Keys: []note.Key{newSigner("alice.example", 0).Key}},
		{Role: "seller", Threshold: 1, Keys: []note.Key{newSigner("bob.example", 0).Key}},
	}}
	said := text
	text.Documents = []record.Document{{Media: "text/plain", Kind: record.Terms, Name: "terms.txt"}}
	later := text
	made := func(text *record.Text) *record.Record {
		n := note.Note{Text: text.Bytes(), Signatures: []note.Signature{text.Signers()[0].Signature(make([]byte, 64))}}
		r, err := record.Open(n.Bytes(), checkedBefore)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	contract = made(&text)
	said.Kind, said.Contract, said.About = record.Statement, contract.ID(), rules.AboutDispute
	later.Replaces, later.Former = contract.ID(), text.Parties
	return contract, made(&said), made(&later)
}

// gone stands for the value of a key that is not there.
const gone = "gone"

func TestAStateThatIsDamagedIsNoAnswer(t *testing.T) {
	contract, dispute, next := cases(t)
	id := contract.ID()
	number := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
	place, ends, disputed := string(placeKey(next.ID())), string(endKey(id, true, 2)), string(disputeKey(id, 1))
	open, settled := string(openKey(id, 0, 1)), string(settledKey(id, 5))
	name, names := string(nameKey("alice.example", newSigner("alice.example", 0).Public())), func(s State) error { return third(s.Names("al", NamedKey{}, 9)) }
	disputes := func(s State) error { return second(s.Disputes(rules.Place{Chain: id}, 9)) }
	for name, c := range map[string]struct {
		key, value string
		read       func(State) error
	}{
		"an index":                 {"r" + string(id[:]), "short", func(s State) error { return third(s.Index(id)) }},
		"a record by its index":    {"r" + string(id[:]), "short", func(s State) error { return second(s.Lookup(id)) }},
		"a record elsewhere":       {"r" + string(id[:]), number(1) + "\x01", func(s State) error { return second(s.Lookup(id)) }},
		"an entry":                 {string(entryKey(0)), "no entry", func(s State) error { return second(s.Lookup(id)) }},
		"an entry that is gone":    {string(entryKey(0)), gone, func(s State) error { return second(s.Lookup(id)) }},
		"a record":                 {string(entryKey(0)), "registered 5\nno record\n", func(s State) error { return second(s.Lookup(id)) }},
		"a place":                  {place, strings.Repeat("x", 39), func(s State) error { return second(s.Place(next.ID())) }},
		"an end":                   {ends, strings.Repeat("x", 35), func(s State) error { return second(s.Ends(id)) }},
		"a dispute":                {disputed, strings.Repeat("x", 47), func(s State) error { return third(s.Dispute(id, 1)) }},
		"a name":                   {name, "short", names},
		"a name of another entry":  {name, number(7) + string(id[:]), names},
		"a name of another record": {name, number(0) + strings.Repeat("x", 32), names},
		"a name of nobody":         {name[:3] + "\x00" + name[len(name)-32:], number(0) + string(id[:]), names},
		"a name out of form":       {name + "x", number(0) + string(id[:]), names},
		"an open dispute":          {open, strings.Repeat("x", 31), disputes},
		"a settled dispute":        {settled, "short", disputes},
		"no settled dispute":       {settled, number(2), disputes},
		"the status by its place":  {place, "", func(s State) error { return statusOf(s, next) }},
		"the status by its ends":   {ends, "", func(s State) error { return statusOf(s, contract) }},
		"the status by a dispute":  {open, "", func(s State) error { return statusOf(s, contract) }},
		"the admission, by an end": {ends, "", func(s State) error { return again(t, s, next) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, vfs.NewMem())
			b := s.NewBatch()
			for _, r := range []*record.Record{contract, dispute, next} {
				if _, err := b.Append(1, r); err != nil {
					t.Fatal(err)
				}
			}
			commit(t, b)
			if err := c.read(s.State(s.Head())); err != nil {
				t.Fatalf("before it is damaged: %v", err)
			}
			if c.value != gone {
				put(t, s, c.key, c.value)
			} else if err := s.db.Delete([]byte(c.key), pebble.Sync); err != nil {
				t.Fatal(err)
			}
			if err := c.read(s.State(s.Head())); err == nil || errors.Is(err, ErrNotFound) {
				t.Errorf("damaged: %v", err)
			}
			closeStore(t, s)
		})
	}
}

// again asks whether a contract that differs in its nonce is admitted, and takes a
// refusal for an answer.
func again(t *testing.T, s State, r *record.Record) error {
	text := *r.Text()
	text.Nonce[0] = 1
	n := note.Note{Text: text.Bytes()}
	for _, k := range text.Signers() {
		n.Signatures = append(n.Signatures, k.Signature(make([]byte, 64)))
	}
	other, err := record.Open(n.Bytes(), checkedBefore)
	if err != nil {
		t.Fatal(err)
	}
	err = rules.Admit(s, home.Key, 1, other)
	if refusal := new(rules.Refusal); errors.As(err, &refusal) {
		return nil
	}
	return err
}

func statusOf(s State, r *record.Record) error {
	e, err := s.Lookup(r.ID())
	if err != nil {
		return err
	}
	return second(rules.StatusAt(s, e, 1))
}

func TestABatchThatCannotFoldStaysAsItWas(t *testing.T) {
	contract, dispute, next := cases(t)
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	if _, err := b.Append(1, contract); err != nil {
		t.Fatal(err)
	}
	commit(t, b)
	id := contract.ID()
	put(t, s, string(placeKey(id)), "short")
	b = s.NewBatch()
	for _, r := range []*record.Record{dispute, next} {
		if _, err := b.Append(1, r); err == nil || b.Len() != 0 {
			t.Errorf("took a %s though it cannot read where the contract stands: %d entries", r.Text().Kind, b.Len())
		}
		if _, ok, err := b.Index(r.ID()); ok || err != nil {
			t.Errorf("has what it did not take: %v", err)
		}
	}
	if index, err := b.Append(1, revocation(t, 0)); err != nil || index != 1 {
		t.Errorf("the next: entry %d, %v", index, err)
	}
	commit(t, b)
	if list, err := s.State(s.Head()).History(id, 0, 9); err != nil || len(list) != 0 {
		t.Errorf("what was not taken is in the time line: %v, %v", list, err)
	}
	closeStore(t, s)
}

func TestABatchAnswersBeforeTheStoreThatItGoesOnFrom(t *testing.T) {
	contract, dispute, next := cases(t)
	id := contract.ID()
	end := func(day record.Date) *record.Record {
		text := *dispute.Text()
		text.Kind, text.About, text.Effective = record.Termination, "", day
		r, err := record.Open(append(text.Bytes(), dispute.Bytes()[len(dispute.Text().Bytes()):]...), checkedBefore)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	add := func(records ...*record.Record) {
		for _, r := range records {
			if _, err := b.Append(1, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	days := func(s rules.State) (list []record.Date) {
		ends, err := s.Ends(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ends {
			list = append(list, e.Day)
		}
		return list
	}
	add(contract, end(40), end(39))
	if got := days(b); !slices.Equal(got, []record.Date{39}) {
		t.Errorf("in one batch the ends are %v, not 39", got)
	}
	commit(t, b)
	old := s.Head()
	b = s.NewBatch()
	add(end(38))
	if got := days(b); !slices.Equal(got, []record.Date{38}) {
		t.Errorf("after the store's the ends are %v, not 38", got)
	}
	add(next)
	if got := days(b); !slices.Equal(got, []record.Date{1, 38}) {
		t.Errorf("with a replacement the ends are %v, not 1 and 38", got)
	}
	commit(t, b)
	if got, before := days(s.State(s.Head())), days(s.State(old)); !slices.Equal(got, []record.Date{1, 38}) || !slices.Equal(before, []record.Date{39}) {
		t.Errorf("the store has the ends %v, and had %v, not 1 and 38, and 39", got, before)
	}
	closeStore(t, s)
}

func TestATimeLineStartsAndEndsWhereItIsTold(t *testing.T) {
	contract, dispute, next := cases(t)
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	for _, r := range []*record.Record{contract, dispute, next} {
		if _, err := b.Append(1, r); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, b)
	for _, c := range []struct {
		size, first uint64
		limit, want int
	}{{3, 0, 9, 2}, {3, 0, 2, 2}, {3, 0, 1, 1}, {3, 0, 0, 0}, {3, 1, 9, 2}, {3, 2, 9, 1}, {3, 3, 9, 0}, {3, 1<<64 - 1, 9, 0}, {2, 0, 9, 1}, {1, 0, 9, 0}, {0, 0, 9, 0}} {
		list, err := State{store: s, size: c.size}.History(contract.ID(), c.first, c.limit)
		if err != nil || len(list) != c.want {
			t.Errorf("%+v: %v, %v", c, list, err)
		}
	}
	closeStore(t, s)
}
