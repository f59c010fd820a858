package check_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules/rulestest"
	"github.com/chirograph/chirograph/ledger/store"
)

const (
	storeDir = "store"
	guardDir = "guard"
	stateDir = "state"
	newDir   = "new"
)

// secret is that of rulestest.Ledger.
var secret = func() ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("ledger.example"))
	return ed25519.NewKeyFromSeed(seed[:])
}()

func signs(c tlog.Checkpoint) tlog.SignedCheckpoint {
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{rulestest.Ledger.Signature(ed25519.Sign(secret, c.Text()))}}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

// A world is a ledger's store and guard in memory, with nobody who has them.
type world struct {
	fs  *vfs.MemFS
	log []rulestest.Entry
}

func (w *world) store() store.Config {
	return store.Config{Dir: storeDir, FS: w.fs, Key: rulestest.Ledger}
}

func (w *world) guard() store.GuardConfig {
	return store.GuardConfig{Dir: guardDir, FS: w.fs, Key: rulestest.Ledger}
}

// newWorld makes a ledger of these entries, in batches of at most step, where the head is
// not published from entry hold on.
func newWorld(t testing.TB, log []rulestest.Entry, step, hold int) *world {
	t.Helper()
	w := &world{vfs.NewMem(), log}
	empty := signs(tlog.Checkpoint{Origin: rulestest.Ledger.Name(), Root: tlog.EmptyRoot()})
	if err := errors.Join(store.CreateGuard(w.guard(), empty), store.Create(w.store(), empty)); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(w.store())
	if err != nil {
		t.Fatal(err)
	}
	g, err := store.OpenGuard(w.guard())
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(log); n += step {
		if n <= hold && hold < n+step {
			if err := s.Hold(); err != nil {
				t.Fatal(err)
			}
		}
		b := s.NewBatch()
		for _, e := range log[n:min(n+step, len(log))] {
			if _, err := b.Append(e.Time, e.Record); err != nil {
				t.Fatal(err)
			}
		}
		c, err := b.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Commit(signs(c)), g.Put(s.Head().Checkpoint)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(g.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	return w
}

// freeze has the store be frozen.
func (w *world) freeze(t testing.TB) {
	t.Helper()
	s, err := store.Open(w.store())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Freeze(), s.Close()); err != nil {
		t.Fatal(err)
	}
}

// history returns the log of a random history.
func history(t testing.TB, seed uint64, steps int) []rulestest.Entry {
	t.Helper()
	log, err := rulestest.Play(rulestest.Steps(seed, steps), func(rulestest.Model, rulestest.Attempt) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for i := range log {
		log[i].Record = honest(t, log[i].Record)
	}
	return log
}

// honest returns the record with the signatures made that it only seems to have.
func honest(t testing.TB, r *record.Record) *record.Record {
	t.Helper()
	signed, err := record.New(r.Text())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range r.Signed() {
		signed = sign(t, signed, k)
	}
	return signed
}

// sign has a key of rulestest sign a record.
func sign(t testing.TB, r *record.Record, k note.Key) *record.Record {
	t.Helper()
	seed := sha256.Sum256([]byte(strings.TrimPrefix(k.Name(), "new.")))
	r, err := r.Sign(k.Public(), func(m []byte) ([]byte, error) { return ed25519.Sign(ed25519.NewKeyFromSeed(seed[:]), m), nil })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// revocations returns so many entries, each of another key. Their signatures hold where
// that is asked for.
func revocations(t testing.TB, n int, signed bool) []rulestest.Entry {
	t.Helper()
	return revocationsFrom(t, 0, n, signed)
}

// revocationsFrom returns those with numbers below to.
func revocationsFrom(t testing.TB, from, to int, signed bool) (list []rulestest.Entry) {
	t.Helper()
	var public note.PublicKey
	var private ed25519.PrivateKey
	for i := from; i < to; i++ {
		if i == from || signed {
			seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("key"), uint64(i)))
			private = ed25519.NewKeyFromSeed(seed[:])
			var err error
			if public, err = note.ParsePublicKey(private.Public().(ed25519.PublicKey)); err != nil {
				t.Fatal(err)
			}
		}
		key, err := note.NewKey("key.example", note.Ed25519, public)
		if err != nil {
			t.Fatal(err)
		}
		text := &record.Text{Kind: record.Revocation, Ledger: rulestest.Ledger, Made: 1_800_000_000, Key: key, Reason: "lost"}
		binary.BigEndian.PutUint64(text.Nonce[:], uint64(i))
		sig := make([]byte, ed25519.SignatureSize)
		if signed {
			sig = ed25519.Sign(private, text.Bytes())
		}
		r, err := record.Open(note.Note{Text: text.Bytes(), Signatures: []note.Signature{key.Signature(sig)}}.Bytes(),
			func(note.PublicKey, []byte, []byte) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rulestest.Entry{Time: 1_800_000_000 + int64(i/10), Record: r})
	}
	return list
}

// clone returns a copy of a world.
func (w *world) clone(t testing.TB) *world {
	t.Helper()
	fs := vfs.NewMem()
	for _, dir := range []string{storeDir, guardDir} {
		if ok, err := vfs.Clone(w.fs, fs, dir, dir); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	return &world{fs, w.log}
}

// copyFrom copies a directory of another world.
func (w *world) copyFrom(from *world, dir string) (bool, error) {
	return vfs.Clone(from.fs, w.fs, dir, dir)
}

// database opens the database of a store as such.
func (w *world) database(t testing.TB, dir string) *pebble.DB {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{FS: w.fs, FormatMajorVersion: pebble.FormatTableFormatV6, Logger: quiet{}, ErrorIfNotExists: true})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

type quiet struct{}

func (quiet) Infof(string, ...any)      {}
func (quiet) Errorf(string, ...any)     {}
func (quiet) Fatalf(f string, a ...any) { panic(f) }

// dump returns every key and value, with the pieces of each tile put together.
func (w *world) dump(t testing.TB, dir string) map[string]string {
	t.Helper()
	db := w.database(t, dir)
	it, err := db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for it.First(); it.Valid(); it.Next() {
		k := string(it.Key())
		if k[0] == 't' {
			k = k[:10]
		}
		all[k] += string(it.Value())
	}
	if err := errors.Join(it.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

// tamper changes the database; a nil value deletes.
func (w *world) tamper(t testing.TB, changes map[string][]byte) {
	t.Helper()
	db := w.database(t, storeDir)
	b := db.NewBatch()
	for key, value := range changes {
		if value == nil {
			if err := b.Delete([]byte(key), nil); err != nil {
				t.Fatal(err)
			}
		} else if err := b.Set([]byte(key), value, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Apply(b, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// known returns what the guard has.
func (w *world) known(t testing.TB) []store.GuardFile {
	t.Helper()
	list, err := store.ReadGuard(w.guard())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (w *world) check(t testing.TB) *check.Result {
	t.Helper()
	result, err := check.Run(t.Context(), check.Config{Store: w.store(), Known: w.known(t), State: stateDir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.fs.Stat(stateDir); err == nil && (len(result.Findings) == 0 || result.Head.Checkpoint.Size > 0) {
		t.Error("what was kept while the check ran is still there")
	}
	return result
}

// findings returns the findings, a line each.
func findings(r *check.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.String() + "\n")
	}
	return b.String()
}

// tables are the keys by table: by their first byte, or their name.
func tables(all map[string]string) map[string][]string {
	named := map[string]bool{"format": true, "head": true, "published": true, "frozen": true}
	out := make(map[string][]string)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		table := key[:1]
		if named[key] {
			table = key
		}
		out[table] = append(out[table], key)
	}
	return out
}

// flipped returns b with one bit another.
func flipped(b string, at int) []byte {
	c := bytes.Clone([]byte(b))
	c[at] ^= 1
	return c
}
