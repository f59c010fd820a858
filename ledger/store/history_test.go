package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// answers asks a state of that size everything that there is to ask about the
// records of a log, of which some may come after the size.
func answers(s rules.State, log rulestest.Model, size uint64) (list []string, err error) {
	say := func(question string, e error, answer ...any) {
		err = errors.Join(err, e)
		list = append(list, fmt.Sprintf("%s: %v", question, answer))
	}
	keys := make(map[note.PublicKey]bool)
	say("last time", nil, s.LastTime())
	for i, e := range log {
		id, text := e.Record.ID(), e.Record.Text()
		index, ok, err := s.Index(id)
		if !ok {
			index = 0
		}
		say("index of "+id.String(), err, index, ok)
		found, err := s.Lookup(id)
		if say("lookup of "+id.String(), err, found != nil); found != nil {
			say("found", nil, found.Index, found.Registered, found.ID, string(found.Text.Bytes()))
		}
		for _, k := range text.Signers() {
			if p := k.Public(); !keys[p] {
				keys[p] = true
				index, ok, err := s.Revoked(p)
				if !ok {
					index = 0
				}
				say("revoked "+p.String(), err, index, ok)
			}
		}
		if text.Kind != record.Contract || uint64(i) >= size {
			continue
		}
		place, err := s.Place(id)
		say("place of "+id.String(), err, place)
		ends, err := s.Ends(id)
		say("ends of "+id.String(), err, ends)
		if place.Depth > 0 {
			continue
		}
		for _, at := range []rules.Place{{Chain: id}, {Chain: id, Depth: 2}, {Chain: id, Depth: 9}} {
			for _, limit := range []int{0, 1, 2, math.MaxInt} {
				open, err := s.Disputes(at, limit)
				say(fmt.Sprintf("%d disputes of %v", limit, at), err, len(open) > 0, open)
			}
		}
		for n, e := range log {
			if e.Record.Text().Kind != record.Statement {
				continue
			}
			d, ok, err := s.Dispute(id, uint64(n))
			resolved := "not"
			if ok && d.Resolved != nil {
				resolved = fmt.Sprint(*d.Resolved)
			}
			if d.Resolved = nil; !ok {
				d = rules.Dispute{}
			}
			say(fmt.Sprintf("dispute %d of %s", n, id), err, d, ok, resolved)
		}
	}
	return list, err
}

// remembered returns the state of a log in memory.
func remembered(log rulestest.Model) (*rules.Memory, error) {
	m := new(rules.Memory)
	for i, e := range log {
		if err := m.Add(uint64(i), e.Time, e.Record); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// sameState compares what the state s of the first size entries says with what one
// in memory says.
func sameState(s rules.State, log rulestest.Model, size uint64) error {
	memory, err := remembered(log[:size])
	if err != nil {
		return err
	}
	got, err1 := answers(s, log, size)
	want, err2 := answers(memory, log, size)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			return fmt.Errorf("size %d: %q, want %q", size, got[i], want[i])
		}
	}
	return nil
}

// sameLists compares the time lines of contracts and the records of keys with those
// that the log has.
func sameLists(s *Store, state State, log rulestest.Model) error {
	if err := sameNewest(s, state, log); err != nil {
		return err
	}
	signed := make(map[note.PublicKey][]KeyRecord)
	for i, e := range log {
		for _, k := range e.Record.Signed() {
			signed[k.Public()] = append(signed[k.Public()], KeyRecord{uint64(i), e.Record.Text().Kind})
		}
	}
	for key, want := range signed {
		if got, err := s.KeyRecords(key, 0, state.size, len(log)+1); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("size %d: key %s has signed %v, %v, want %v", state.size, key, got, err, want)
		}
	}
	for _, prefix := range []string{"", "a", "new.", "nobody", "\x00", "\xff"} {
		for _, limit := range []int{0, 1, 5, len(log) * 9} {
			all := namesIn(log, prefix)
			want := all[:min(len(all), limit)]
			if got, more, err := state.Names(prefix, NamedKey{}, limit); err != nil || !slices.Equal(got, want) || more != (len(want) < len(all)) {
				return fmt.Errorf("size %d: %d names that begin with %q are %v, %v, %v, want %v", state.size, limit, prefix, got, more, err, want)
			}
		}
	}
	for _, id := range log.Contracts() {
		want := log.History(id)
		if got, err := state.History(id, 0, len(log)+1); err != nil || !slices.Equal(got, want) {
			return fmt.Errorf("size %d: time line of %s is %v, %v, want %v", state.size, id, got, err, want)
		}
		var paged []uint64
		for first := uint64(0); ; {
			page, err := state.History(id, first, 2)
			if err != nil || len(page) > 2 {
				return fmt.Errorf("a page of 2 has %d, %v", len(page), err)
			}
			if len(page) == 0 {
				break
			}
			paged, first = append(paged, page...), page[len(page)-1]+1
		}
		if !slices.Equal(paged, want) {
			return fmt.Errorf("size %d: time line of %s in pages is %v, want %v", state.size, id, paged, want)
		}
	}
	return nil
}

// namesIn returns what a log gives for the names with a beginning.
func namesIn(log rulestest.Model, prefix string) (list []NamedKey) {
	for i, e := range log {
		for _, k := range e.Record.Signed() {
			n := NamedKey{k.Name(), k.Public(), uint64(i)}
			same := func(o NamedKey) bool { return o.Name == n.Name && o.Key == n.Key }
			if strings.HasPrefix(n.Name, prefix) && !slices.ContainsFunc(list, same) {
				list = append(list, n)
			}
		}
	}
	slices.SortFunc(list, func(a, b NamedKey) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), bytes.Compare(a.Key.Bytes(), b.Key.Bytes()))
	})
	return list
}

// stateKeys returns the keys and values of the rules' state and the indexes as the
// package comment says them, found from the log alone.
func stateKeys(log rulestest.Model) map[string]string {
	all := make(map[string]string)
	be := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
	name := func(id record.ID) string { return string(id[:]) }
	date := func(d record.Date, t int64) string {
		if d == 0 {
			d = record.DateOf(t)
		}
		return string(binary.BigEndian.AppendUint32(nil, uint32(d)))
	}
	chain, depth := make(map[record.ID]record.ID), make(map[record.ID]uint64)
	parties := make(map[record.ID]int)
	disputes := make(map[record.ID]string) // their keys
	for i, e := range log {
		id, text, at := e.Record.ID(), e.Record.Text(), be(uint64(i))
		kind := string([]byte{byte(text.Kind)})
		all["r"+name(id)] = at + kind
		for _, k := range e.Record.Signed() {
			all["k"+string(k.Public().Bytes())+at] = kind
			if row := "a" + k.Name() + "\x00" + string(k.Public().Bytes()); all[row] == "" {
				all[row] = at + name(id)
			}
		}
		for _, c := range []record.ID{text.Contract, text.Replaces, text.Under} {
			if c != (record.ID{}) {
				all["h"+name(c)+at] = kind
			}
		}
		switch {
		case text.Kind == record.Revocation:
			all["v"+string(text.Key.Public().Bytes())] = at
		case text.Kind == record.Termination:
			all["x"+name(text.Contract)+"\x03"+at] = date(text.Effective, e.Time) + name(id)
		case text.Kind == record.Contract:
			chain[id], parties[id] = id, len(text.Parties)
			if old := text.Replaces; old != (record.ID{}) {
				chain[id], depth[id] = chain[old], depth[old]+1
				all["c"+name(id)] = name(chain[id]) + be(depth[id])
				all["x"+name(old)+"\x01"+at] = date(text.From, e.Time) + name(id)
			}
		case text.About == "dispute":
			disputes[id] = "d" + name(chain[text.Contract]) + at
			all[disputes[id]] = be(depth[text.Contract]) + strings.Repeat("\xff", 8) + name(id)
			all["o"+name(chain[text.Contract])+be(depth[text.Contract])+at] = name(id)
		case text.About == "resolution" && len(text.Parties) == parties[text.Contract] && disputes[text.Answers] != "":
			key := disputes[text.Answers]
			if value := all[key]; value[8:16] == strings.Repeat("\xff", 8) {
				all[key] = value[:8] + at + value[16:]
				delete(all, "o"+key[1:33]+value[:8]+key[33:])
				all["s"+key[1:33]+at] = key[33:]
			}
		}
	}
	return all
}

// hasItsKeys compares all that is in the store, beside entries and tiles, with what
// the log gives.
func (r *run) hasItsKeys() error {
	got, want := dump(r.t, r.store), stateKeys(r.log)
	for key, value := range got {
		if strings.Contains(Tables, key[:1]) && key != string(headKey) && value != want[key] {
			return fmt.Errorf("key %q has %q, want %q", key, value, want[key])
		}
	}
	for key := range want {
		if _, ok := got[key]; !ok {
			return fmt.Errorf("key %q is not there", key)
		}
	}
	return nil
}

// A run is a history that goes into a store in batches.
type run struct {
	t     testing.TB
	fs    vfs.FS
	store *Store
	batch *Batch
	log   rulestest.Model // committed, and in the batch
	heads []Head
}

func (r *run) checkpoint() error {
	c, err := r.batch.Checkpoint()
	if err != nil {
		return err
	}
	if err := r.batch.Commit(home.signs(c)); err != nil {
		return err
	}
	r.heads = append(r.heads, r.store.Head())
	r.batch = r.store.NewBatch()
	return r.compare(r.store.Head())
}

func (r *run) compare(head Head) error {
	state, size := r.store.State(head), head.Checkpoint.Size
	return errors.Join(sameState(state, r.log, size), sameLists(r.store, state, r.log[:size]))
}

// again gives the batch up, and puts its entries into a new one.
func (r *run) again() error {
	if err := r.batch.Close(); err != nil {
		return err
	}
	r.batch = r.store.NewBatch()
	for _, e := range r.log[r.store.Head().Checkpoint.Size:] {
		if _, err := r.batch.Append(e.Time, e.Record); err != nil {
			return err
		}
	}
	return nil
}

// reopen closes the store without what is not committed, and opens it.
func (r *run) reopen() error {
	if err := errors.Join(r.batch.Close(), r.store.Close()); err != nil {
		return err
	}
	r.store = openStore(r.t, r.fs)
	r.batch = r.store.NewBatch()
	return errors.Join(r.compare(r.store.Head()), r.again())
}

// step asks the batch about a submission, adds what is admitted, and does to the
// batch what the die says.
func (r *run) step(a rulestest.Attempt, die byte) error {
	var err error
	if a.Record != nil {
		err = rules.Admit(r.batch, a.Ledger, a.Time, a.Record)
	} else {
		err = rules.Refuse(r.batch, a.Ledger, a.Time, a.Fault)
	}
	rule, refusal := "", new(rules.Refusal)
	if errors.As(err, &refusal) {
		rule, err = string(refusal.Rule), nil
	}
	if err != nil || rule != a.Rule {
		return fmt.Errorf("the batch says %q, %v, want %q of the submission %s", rule, err, a.Rule, a)
	}
	if rule == "" {
		if index, err := r.batch.Append(a.Time, a.Record); err != nil || index != uint64(len(r.log)) {
			return fmt.Errorf("appended as entry %d of %d: %v", index, len(r.log), err)
		}
		r.log = append(r.log, rulestest.Entry{Time: a.Time, Record: a.Record})
	}
	switch {
	case die < 24 && r.batch.Len() > 0:
		return r.checkpoint()
	case die < 32:
		return errors.Join(sameState(r.batch, r.log, uint64(len(r.log))), r.again())
	case die < 36:
		return r.reopen()
	case die < 48 && len(r.heads) > 0:
		return r.compare(r.heads[int(die)*7919%len(r.heads)])
	}
	return nil
}

// kept plays a history into a new store. The last die of each step says where
// batches end.
func kept(t testing.TB, steps []rulestest.Step) (n int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	fs := vfs.NewMem()
	r := &run{t: t, fs: fs, store: newStore(t, fs)}
	r.batch = r.store.NewBatch()
	i := 0
	_, err = rulestest.Play(steps, func(_ rulestest.Model, a rulestest.Attempt) error {
		die := steps[i][len(steps[i])-1]
		i++
		return r.step(a, die)
	})
	if err == nil && r.batch.Len() > 0 {
		err = r.checkpoint()
	}
	if err == nil {
		err = r.hasItsKeys()
	}
	for i, head := range r.heads {
		if err == nil && i%3 == 0 {
			err = r.compare(head)
		}
	}
	return len(r.log), errors.Join(err, r.batch.Close(), r.store.Close())
}

// CHIROGRAPH_TEST_HISTORIES says how many histories a longer run plays.
func TestTheStoreSaysInEveryHistoryWhatMemorySays(t *testing.T) {
	t.Parallel()
	histories := ordinaryHistories
	if s := os.Getenv("CHIROGRAPH_TEST_HISTORIES"); s != "" {
		var err error
		if histories, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	for seed := range histories {
		steps := rulestest.Steps(1000+uint64(seed), ordinarySteps)
		n, err := kept(t, steps)
		if err != nil {
			least := rulestest.Minimal(steps, func(steps []rulestest.Step) bool {
				_, err := kept(t, steps)
				return err != nil
			})
			_, again := kept(t, least)
			t.Fatalf("history %d: %v; of %d steps it needs %d: %v\n%s", seed, err, len(steps), len(least), again, rulestest.Story(least))
		}
		if n < 50 {
			t.Errorf("history %d has %d entries, too few to say anything", seed, n)
		}
	}
}
