package store

import (
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const testDir = "store"

type signer struct {
	note.Key
	secret ed25519.PrivateKey
}

func newSigner(name string, n uint64) signer {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte(name), n))
	secret := ed25519.NewKeyFromSeed(seed[:])
	public, err := note.ParsePublicKey(secret.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	key, err := note.NewKey(name, note.Ed25519, public)
	if err != nil {
		panic(err)
	}
	return signer{key, secret}
}

var home = newSigner("ledger.example", 0)

func (s signer) signs(c tlog.Checkpoint) tlog.SignedCheckpoint {
	sig := ed25519.Sign(s.secret, c.Text())
	n := note.Note{Text: c.Text(), Signatures: []note.Signature{s.Signature(sig)}}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: n}
}

// emptyLog is the checkpoint of a new ledger.
func emptyLog() tlog.SignedCheckpoint {
	return home.signs(tlog.Checkpoint{Origin: home.Name(), Root: tlog.EmptyRoot()})
}

func config(fs vfs.FS) Config { return Config{Dir: testDir, FS: fs, Key: home.Key} }

// newStore makes a store in fs and opens it.
func newStore(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	if err := Create(config(fs), emptyLog()); err != nil {
		t.Fatal(err)
	}
	return openStore(t, fs)
}

func openStore(t testing.TB, fs vfs.FS) *Store {
	t.Helper()
	s, err := Open(config(fs))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// believed takes any signature: a store checks none in records.
func believed(note.PublicKey, []byte, []byte) bool { return true }

// made has the first revocations, which most tests fill a store with.
var made [8192]atomic.Pointer[record.Record]

// revocation returns revocation number n, of a key of its own or, with every
// seventh, of the one before. Nobody has signed it: it has bytes of its own in that place.
func revocation(t testing.TB, n uint64) *record.Record {
	t.Helper()
	if n < uint64(len(made)) {
		if r := made[n].Load(); r != nil {
			return r
		}
	}
	k := newSigner("key.example", n-n%7/6)
	text := &record.Text{Kind: record.Revocation, Ledger: home.Key, Key: k.Key, Reason: "lost"}
	binary.BigEndian.PutUint64(text.Nonce[8:], n)
	sig := sha512.Sum512(text.Nonce[:])
	r, err := record.Open(note.Note{Text: text.Bytes(), Signatures: []note.Signature{k.Signature(sig[:])}}.Bytes(), believed)
	if err != nil {
		t.Fatal(err)
	}
	if n < uint64(len(made)) {
		made[n].Store(r)
	}
	return r
}

// fill adds revocations of these numbers to the batch, a second apart.
func fill(t testing.TB, b *Batch, from, to uint64) {
	t.Helper()
	for n := from; n < to; n++ {
		if index, err := b.Append(int64(n), revocation(t, n)); err != nil || index != n {
			t.Fatalf("revocation %d: index %d, %v", n, index, err)
		}
	}
}

// grow appends revocations in batches of at most step until the store has size.
func grow(t testing.TB, s *Store, size, step uint64) {
	t.Helper()
	for n := s.Head().Checkpoint.Size; n < size; n = min(n+step, size) {
		b := s.NewBatch()
		fill(t, b, n, min(n+step, size))
		commit(t, b)
	}
}

func commit(t testing.TB, b *Batch) {
	t.Helper()
	c, err := b.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(home.signs(c)); err != nil {
		t.Fatal(err)
	}
}

// dump returns every key and value of a store, with the pieces of each tile put
// together at the tile's first key.
func dump(t testing.TB, s *Store) map[string]string {
	t.Helper()
	it, err := s.db.NewIter(&pebble.IterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for it.First(); it.Valid(); it.Next() {
		k := string(it.Key())
		if k[0] == 't' {
			level, index, start, ok := parseTileKey(it.Key())
			k = string(tileKey(level, index, 0))
			if !ok || start*32 != len(all[k]) {
				t.Fatalf("piece %x comes after %d bytes", it.Key(), len(all[k]))
			}
		}
		all[k] += string(it.Value())
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

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

// model returns what a store has, key by key as the package comment says, when
// revocations 0 to size-1 are in it.
func model(t testing.TB, size uint64) map[string]string {
	t.Helper()
	all := map[string]string{"format": "chirograph store 3\n" + home.String() + "\n"}
	be := func(n uint64) string { return string(binary.BigEndian.AppendUint64(nil, n)) }
	var leaves [][32]byte
	for n := range size {
		r := revocation(t, n)
		entry := fmt.Sprintf("registered %d\n%s", n, r.Bytes())
		id, key := r.ID(), string(r.Text().Key.Public().Bytes())
		all["e"+be(n)] = entry
		all["r"+string(id[:])] = be(n) + "\x04"
		all["k"+key+be(n)] = "\x04"
		all["v"+key] = be(n)
		if name := "a" + r.Text().Key.Name() + "\x00" + key; all[name] == "" {
			all[name] = be(n) + string(id[:])
		}
		leaves = append(leaves, sha256.Sum256([]byte("\x00"+entry)))
	}
	last := "0"
	if size > 0 {
		last = fmt.Sprint(size - 1)
	}
	root := tlog.Checkpoint{Origin: home.Name(), Size: size, Root: mth(leaves)}
	all["head"] = last + "\n" + string(home.signs(root).Bytes())
	for level := byte(0); len(leaves) > 0; level++ {
		var above [][32]byte
		for i := 0; i < len(leaves); i += 256 {
			here := leaves[i:min(i+256, len(leaves))]
			var b strings.Builder
			for _, h := range here {
				b.Write(h[:])
			}
			all["t"+string([]byte{level})+be(uint64(i/256))+"\x00\x00"] = b.String()
			if len(here) == 256 {
				above = append(above, mth(here))
			}
		}
		leaves = above
	}
	return all
}

// checkStore compares all that is in the store with the model.
func checkStore(t testing.TB, s *Store) {
	t.Helper()
	got, want := dump(t, s), model(t, s.Head().Checkpoint.Size)
	for k, v := range want {
		if got[k] != v {
			t.Errorf("key %q:\n%q, want\n%q", k, got[k], v)
		}
	}
	for k := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("key %q should not be there", k)
		}
	}
}
