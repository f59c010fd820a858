package store

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestNoFileHasEntriesIdsOrTilesBesideOtherKeys(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 600, 100)
	merge := func() {
		if err := errors.Join(s.db.Flush(), s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false)); err != nil {
			t.Fatal(err)
		}
	}
	merge()
	tables, err := s.db.SSTables()
	if err != nil {
		t.Fatal(err)
	}
	var have []byte
	for _, table := range slices.Concat(tables...) {
		first, last := table.Smallest.UserKey[0], table.Largest.UserKey[0]
		if (strings.ContainsRune("ert", rune(first)) || strings.ContainsRune("ert", rune(last))) && first != last {
			t.Errorf("a file has the tables %c to %c", first, last)
		}
		have = append(have, first, last)
	}
	for _, name := range []byte("ert") {
		if !slices.Contains(have, name) {
			t.Errorf("no file has the table %c", name)
		}
	}
	checkStore(t, s)
	closeStore(t, s)
}

// Of 900 records 300 are in the last level, 300 in tables above, 300 in memory.
func TestAnIdIsFoundWhereverItLies(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 300, 100)
	if err := errors.Join(s.db.Flush(), s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false)); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 600, 100)
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 900, 100)
	m := s.db.Metrics()
	if m.Levels[6].TablesCount == 0 || m.Levels[0].TablesCount == 0 || m.MemTable.Size == 0 {
		t.Fatalf("not everywhere is something:\n%v", m)
	}
	state := s.State(s.Head())
	b := s.NewBatch()
	find := func(id record.ID, want uint64, there bool) {
		t.Helper()
		if index, ok, err := b.Index(id); index != want || ok != there || err != nil {
			t.Errorf("the batch has %s as entry %d, %v, %v; it is %d, %v", id, index, ok, err, want, there)
		}
		a, index, ok, err := state.Absence(id)
		if index != want || ok != there || err != nil || there == (a == Absence{id: id, store: s, below: 900}) {
			t.Errorf("the state has %s as entry %d, %v, %v, %v; it is %d, %v", id, index, ok, a, err, want, there)
		}
	}
	for i := range uint64(900) {
		r, err := s.Registered(i)
		if err != nil {
			t.Fatal(err)
		}
		id := r.Record.ID()
		find(id, i, true)
		for _, byte := range []int{0, 15, 31} {
			id[byte] ^= 1
			find(id, 0, false)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}
