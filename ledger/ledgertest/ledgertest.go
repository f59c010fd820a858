// Package ledgertest has what tests of a ledger share. CheckLog checks a whole log: what
// it serves, against what its entries alone give. A Fake is the other side for those who
// read one: it serves whatever it is told to have, signed.
package ledgertest

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
)

// mth is the Merkle tree hash over leaf hashes, as RFC 6962, section 2.1, says it.
func mth(leaves [][32]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := 1 << (bits.Len(uint(n-1)) - 1)
		left, right := mth(leaves[:k]), mth(leaves[k:])
		return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
	}
}

// A contents is what a log has, found from its entries alone.
type contents struct {
	leaves  [][32]byte
	ids     map[record.ID]uint64
	revoked map[note.PublicKey]uint64
	signed  map[note.PublicKey][]store.KeyRecord
	named   map[note.Key]uint64 // under the name
	bundles [][]byte            // of entries, each as its bundle has it
	last    int64

	state     rules.Memory
	contracts []record.ID
	chains    map[record.ID]bool     // in which there was a dispute
	history   map[record.ID][]uint64 // by contract
	disputes  []uint64               // indexes of all
}

// parsed has the records that parse has read, up to parsedMost of them: crash tests
// read the same ones hundreds of times.
var parsed struct {
	sync.Mutex
	records map[string]*record.Record
}

const parsedMost = 2000

// parse reads a record and believes its signatures.
func parse(t testing.TB, b []byte) *record.Record {
	t.Helper()
	parsed.Lock()
	defer parsed.Unlock()
	if r, ok := parsed.records[string(b)]; ok {
		return r
	}
	r, err := record.Open(b, func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		t.Fatalf("record %q: %v", b, err)
	}
	if parsed.records == nil {
		parsed.records = make(map[string]*record.Record)
	}
	if len(parsed.records) < parsedMost {
		parsed.records[string(b)] = r
	}
	return r
}

// readEntries reads all entries of a view, and nothing else.
func readEntries(t testing.TB, v *ledger.View) *contents {
	t.Helper()
	c := &contents{
		ids:     make(map[record.ID]uint64),
		revoked: make(map[note.PublicKey]uint64),
		signed:  make(map[note.PublicKey][]store.KeyRecord),
		named:   make(map[note.Key]uint64),
		chains:  make(map[record.ID]bool),
		history: make(map[record.ID][]uint64),
	}
	for i := range v.Size() {
		b, err := v.Entry(i)
		if err != nil {
			t.Fatal(err)
		}
		e, err := record.ParseEntry(b)
		if err != nil {
			t.Fatalf("entry %d: %v", i, err)
		}
		r := parse(t, e.Record)
		if other, ok := c.ids[r.ID()]; ok {
			t.Fatalf("entries %d and %d have the same record", other, i)
		}
		if e.Registered < c.last {
			t.Fatalf("entry %d is of %d, before its predecessor of %d", i, e.Registered, c.last)
		}
		c.last = e.Registered
		c.ids[r.ID()] = i
		for _, k := range r.Signed() {
			if _, ok := c.named[k]; !ok {
				c.named[k] = i
			}
			c.signed[k.Public()] = append(c.signed[k.Public()], store.KeyRecord{Index: i, Kind: r.Text().Kind})
		}
		if r.Text().Kind == record.Revocation {
			c.revoked[r.Text().Key.Public()] = i
		}
		c.fold(t, i, e.Registered, r)
		c.leaves = append(c.leaves, sha256.Sum256(append([]byte{0}, b...)))
		c.bundles = append(c.bundles, append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	}
	return c
}

// names returns the keys that signed, by their names.
func (c *contents) names() (list []store.NamedKey) {
	for k, first := range c.named {
		list = append(list, store.NamedKey{Name: k.Name(), Key: k.Public(), First: first})
	}
	slices.SortFunc(list, func(a, b store.NamedKey) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), bytes.Compare(a.Key.Bytes(), b.Key.Bytes()))
	})
	return list
}

// fold makes the record part of the rules' state and of the time lines.
func (c *contents) fold(t testing.TB, index uint64, registered int64, r *record.Record) {
	t.Helper()
	if err := c.state.Add(index, registered, r); err != nil {
		t.Fatalf("entry %d: %v", index, err)
	}
	text := r.Text()
	if text.Kind == record.Contract {
		c.contracts = append(c.contracts, r.ID())
	}
	if text.About == rules.AboutDispute {
		place, err := c.state.Place(text.Contract)
		if err != nil {
			t.Fatal(err)
		}
		c.chains[place.Chain] = true
		c.disputes = append(c.disputes, index)
	}
	for _, id := range []record.ID{text.Contract, text.Replaces, text.Under} {
		if id != (record.ID{}) {
			c.history[id] = append(c.history[id], index)
		}
	}
}

// CheckLog reads the whole log of the ledger of that key back, and compares everything
// that it says with what its entries alone give. It returns their leaf hashes.
func CheckLog(t testing.TB, v *ledger.View, key note.Key) []tlog.Hash {
	t.Helper()
	c := readEntries(t, v)
	checkHead(t, v, key, c)
	checkTiles(t, v, c)
	checkIndexes(t, v, c)
	checkNames(t, v, c)
	checkState(t, v, c)
	return c.hashes()
}

// CheckEdge is the part of CheckLog that tells tree sizes apart, without the records.
func CheckEdge(t testing.TB, v *ledger.View, key note.Key) {
	t.Helper()
	c := &contents{last: v.LastTime()}
	for first := uint64(0); first < v.Size(); first += 256 {
		width := tlog.TileWidth(-1, first/256, v.Size())
		b, err := v.Bundle(tlog.Tile{Level: -1, Index: first / 256, Width: width})
		if err != nil {
			t.Fatal(err)
		}
		entries, err := tlog.ParseBundle(b, width)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			c.leaves = append(c.leaves, tlog.LeafHash(e))
			c.bundles = append(c.bundles, append([]byte{byte(len(e) >> 8), byte(len(e))}, e...))
		}
	}
	checkHead(t, v, key, c)
	checkTiles(t, v, c)
}

func (c *contents) hashes() []tlog.Hash {
	list := make([]tlog.Hash, len(c.leaves))
	for i, h := range c.leaves {
		list[i] = h
	}
	return list
}

func checkHead(t testing.TB, v *ledger.View, key note.Key, c *contents) {
	t.Helper()
	cp := v.Checkpoint()
	if cp.Origin != key.Name() || cp.Size != uint64(len(c.leaves)) || cp.Root != tlog.Hash(mth(c.leaves)) {
		t.Fatalf("checkpoint is %+v, entries give size %d and root %s", cp.Checkpoint, len(c.leaves), tlog.Hash(mth(c.leaves)))
	}
	if sigs := cp.Note.Signatures; len(sigs) == 0 || !sigs[0].By(key) || !key.Public().Verify(cp.Text(), sigs[0].Bytes) {
		t.Fatalf("checkpoint of size %d has the signatures %v", cp.Size, sigs)
	}
	if v.LastTime() != c.last {
		t.Fatalf("time of the head is %d, the last entry is of %d", v.LastTime(), c.last)
	}
	if _, err := v.Entry(cp.Size); !errors.Is(err, ledger.ErrNotFound) {
		t.Fatalf("entry %d beyond the size: %v", cp.Size, err)
	}
}

// checkTiles reads every tile and bundle at its full width, the tiles at the right
// edge at every width and the bundle there at three, and asks for the ones beyond.
func checkTiles(t testing.TB, v *ledger.View, c *contents) {
	t.Helper()
	hashes := c.leaves
	for level := 0; ; level++ {
		for first := 0; first < len(hashes); first += 256 {
			here := hashes[first:min(first+256, len(hashes))]
			low := len(here)
			if first+256 >= len(hashes) {
				low = 1
			}
			var want, bundle []byte
			for w := 1; w <= len(here); w++ {
				want = append(want, here[w-1][:]...)
				if level == 0 {
					bundle = append(bundle, c.bundles[first+w-1]...)
				}
				if w < low {
					continue
				}
				tile := tlog.Tile{Level: level, Index: uint64(first / 256), Width: w}
				if got, err := v.Tile(tile); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s: not what the entries give (%v)", tile.Path(), err)
				}
				if tile.Level = -1; level == 0 && (w == 1 || w == len(here)/2 || w == len(here)) {
					if got, err := v.Bundle(tile); err != nil || !bytes.Equal(got, bundle) {
						t.Fatalf("%s: not what the entries give (%v)", tile.Path(), err)
					}
				}
			}
		}
		end := tlog.Tile{Level: level, Index: uint64(len(hashes) / 256), Width: len(hashes)%256 + 1}
		if _, err := v.Tile(end); !errors.Is(err, ledger.ErrNotFound) {
			t.Fatalf("%s beyond the size: %v", end.Path(), err)
		}
		if len(hashes) == 0 {
			return
		}
		var above [][32]byte
		for ; len(hashes) >= 256; hashes = hashes[256:] {
			above = append(above, mth(hashes[:256]))
		}
		hashes = above
	}
}

func checkIndexes(t testing.TB, v *ledger.View, c *contents) {
	t.Helper()
	for id, want := range c.ids {
		if got, ok, err := v.Index(id); err != nil || !ok || got != want {
			t.Fatalf("record %s: index %d, %v, %v; it is entry %d", id, got, ok, err, want)
		}
	}
	for key, want := range c.revoked {
		if got, ok, err := v.Revoked(key); err != nil || !ok || got != want {
			t.Fatalf("key %s: revoked by %d, %v, %v; it is entry %d", key, got, ok, err, want)
		}
	}
	for key, want := range c.signed {
		var got []store.KeyRecord
		for first, more := uint64(0), true; more; {
			var page []store.KeyRecord
			var err error
			if page, more, err = v.Key(key, first, ledger.MaxPage); err != nil || len(page) == 0 || len(page) > ledger.MaxPage {
				t.Fatalf("key %s from %d: %d records, %v", key, first, len(page), err)
			}
			got = append(got, page...)
			first = page[len(page)-1].Index + 1
		}
		if len(got) != len(want) {
			t.Fatalf("key %s: %d records, it signed %d", key, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("key %s: record %d is %v, it signed %v", key, i, got[i], want[i])
			}
		}
		if _, ok, err := v.Revoked(key); err != nil || ok != hasKey(c.revoked, key) {
			t.Fatalf("key %s: revoked is %v, %v", key, ok, err)
		}
	}
}

// checkNames asks for the keys of all names, as many as there are at once, and by the
// beginning of the first.
func checkNames(t testing.TB, v *ledger.View, c *contents) {
	t.Helper()
	all, prefixes := c.names(), []string{""}
	if len(all) > 0 {
		prefixes = append(prefixes, all[0].Name, all[0].Name[:1], all[len(all)-1].Name)
	}
	for _, prefix := range prefixes {
		want := slices.DeleteFunc(slices.Clone(all), func(n store.NamedKey) bool { return !strings.HasPrefix(n.Name, prefix) })
		got, more, err := v.Names(prefix, ledger.NamedKey{}, ledger.MaxPage)
		if page := min(len(want), ledger.MaxPage); err != nil || more != (page < len(want)) || !slices.Equal(got, want[:page]) {
			t.Fatalf("names that begin with %q: %v, %v, %v; the entries give %v", prefix, got, more, err, want)
		}
	}
}

// checkState compares what the rules may ask of the view with what the entries alone
// give. Of contracts that nothing belongs to, which are most of a large log, it asks
// about every sixteenth.
func checkState(t testing.TB, v *ledger.View, c *contents) {
	t.Helper()
	for i, id := range c.contracts {
		want, err := c.state.Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		if i%16 != 0 && len(c.history[id]) == 0 && want.Text.Replaces == (record.ID{}) {
			continue
		}
		got, err := v.Lookup(id)
		if err != nil || got == nil || got.Index != want.Index || got.Registered != want.Registered || got.Text.ID() != id {
			t.Fatalf("contract %s: %+v, %v; it is entry %d of %d", id, got, err, want.Index, want.Registered)
		}
		same(t, "place of "+id.String(), v.Place, c.state.Place, id)
		same(t, "ends of "+id.String(), v.Ends, c.state.Ends, id)
		same(t, "disputes of "+id.String(), disputesOf(v), disputesOf(&c.state), id)
		if list, more, err := v.History(id, 0); err != nil || more || !slices.Equal(list, c.history[id]) {
			t.Fatalf("time line of %s: %v, %v, %v; the entries give %v", id, list, more, err, c.history[id])
		}
	}
	for chain := range c.chains {
		for _, index := range c.disputes {
			same(t, fmt.Sprintf("dispute %d of %s", index, chain), disputeOf(v, index), disputeOf(&c.state, index), chain)
		}
	}
}

// same demands that two answers about a contract are the same.
func same[T any](t testing.TB, what string, got, want func(record.ID) (T, error), id record.ID) {
	t.Helper()
	a, err1 := got(id)
	b, err2 := want(id)
	if err := errors.Join(err1, err2); err != nil || !reflect.DeepEqual(a, b) {
		t.Fatalf("%s: %+v, %v; the entries give %+v", what, a, err, b)
	}
}

// disputesOf returns the question about the open disputes of a contract.
func disputesOf(s rules.State) func(contract record.ID) ([]rules.Dispute, error) {
	return func(contract record.ID) ([]rules.Dispute, error) {
		place, err := s.Place(contract)
		if err != nil {
			return nil, err
		}
		return s.Disputes(place, 9)
	}
}

// disputeOf returns a question about the entry of this index.
func disputeOf(s rules.State, index uint64) func(chain record.ID) (*rules.Dispute, error) {
	return func(chain record.ID) (*rules.Dispute, error) {
		d, ok, err := s.Dispute(chain, index)
		if !ok {
			return nil, err
		}
		return &d, err
	}
}

func hasKey(m map[note.PublicKey]uint64, key note.PublicKey) bool {
	_, ok := m[key]
	return ok
}
