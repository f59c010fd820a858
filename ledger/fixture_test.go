package ledger_test

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	dir   = "ledger"
	epoch = 1_800_000_000 // when every test begins, POSIX seconds
)

// A signer is a key pair made of a number.
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

func (s signer) sign(message []byte) ([]byte, error) { return ed25519.Sign(s.secret, message), nil }

var (
	home    = newSigner("ledger.example", 0)
	alice   = newSigner("alice.example", 0)
	bob     = newSigner("bob.example", 0)
	carol   = newSigner("carol.example", 0)
	policy  = []byte("log " + home.String() + "\nquorum none\n")
	forever = int64(epoch + 300*24*3600)
)

func nonce(n uint64) (b [16]byte) {
	binary.BigEndian.PutUint64(b[8:], n)
	return b
}

// revocation returns revocation number n: each of another key.
func revocation(t testing.TB, n uint64) *record.Record {
	t.Helper()
	return revoke(t, newSigner("key.example", n), n)
}

func revoke(t testing.TB, s signer, n uint64) *record.Record {
	t.Helper()
	r, err := record.New(&record.Text{
		Kind: record.Revocation, Ledger: home.Key, Made: epoch, Nonce: nonce(n), Key: s.Key, Reason: "lost",
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed(t, r, s)
}

// draft returns contract number n between alice (or carol for her) and bob,
// unsigned.
func draft(t testing.TB, n uint64, documents ...record.Document) *record.Record {
	t.Helper()
	terms := record.Document{Hash: sha256.Sum256(nil), Size: 1, Media: "text/plain", Kind: "terms", Name: "terms.txt"}
	r, err := record.New(&record.Text{
		Kind: record.Contract, Ledger: home.Key, Made: epoch, SignBy: forever, Nonce: nonce(n),
		Parties: []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{alice.Key, carol.Key}},
			{Role: "manufacturer", Threshold: 1, Keys: []note.Key{bob.Key}},
		},
		Documents: append([]record.Document{terms}, documents...),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func contract(t testing.TB, n uint64) *record.Record {
	t.Helper()
	return signed(t, draft(t, n), alice, bob)
}

func signed(t testing.TB, r *record.Record, signers ...signer) *record.Record {
	t.Helper()
	for _, s := range signers {
		var err error
		if r, err = r.Sign(s.Public(), s.sign); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// unchecked returns contract number n with signatures that nobody made. It is for
// logs so large that honest ones would take too long, and has no receipt.
func unchecked(t testing.TB, n uint64) *record.Record {
	t.Helper()
	noise := sha512.Sum512(binary.BigEndian.AppendUint64(nil, n))
	r, err := record.Open(note.Note{
		Text: fmt.Appendf(nil, uncheckedText(), n, noise[:32]),
		Signatures: []note.Signature{
			alice.Signature(noise[:]),
			bob.Signature(slices.Concat(noise[32:], noise[:32])),
		},
	}.Bytes(), func(note.PublicKey, []byte, []byte) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// uncheckedText is the text of a contract as a format, with its nonce and the hash
// of its terms left open.
var uncheckedText = sync.OnceValue(func() string {
	text := string(draft(&testing.B{}, 0).Text().Bytes())
	text = strings.Replace(text, "nonce "+strings.Repeat("0", 32), "nonce %032x", 1)
	return strings.Replace(text, fmt.Sprintf("sha256:%x", sha256.Sum256(nil)), "sha256:%x", 1)
})

// A clock shows what it is set to.
type clock struct{ unix atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(c.unix.Load(), 0) }

// A world is a ledger in a file system of its own.
type world struct {
	dir    string
	fs     vfs.FS // nil for the disk
	clock  *clock
	sign   func(message []byte) ([]byte, error)
	config ledger.Config // Store, Guard, Sign, Clock and Policy are filled in by open

	store *store.Store
	guard *store.Guard
	log   *ledger.Log
}

func (w *world) storeConfig() store.Config {
	return store.Config{Dir: cmp.Or(w.dir, dir), FS: w.fs, Key: home.Key}
}

func (w *world) guardConfig() store.GuardConfig {
	return store.GuardConfig{Dir: cmp.Or(w.dir, dir) + "-guard", FS: w.fs, Key: home.Key}
}

// create makes the ledger that open opens, signed by sign.
func (w *world) create(sign func([]byte) ([]byte, error)) error {
	return ledger.Create(w.storeConfig(), w.guardConfig(), ledger.Config{Sign: sign, Cosigner: w.config.Cosigner, Clock: w.clock.now})
}

// newWorld makes a ledger in fs and opens it.
func newWorld(t testing.TB, fs vfs.FS) *world {
	t.Helper()
	w := &world{fs: fs, clock: new(clock), sign: home.sign}
	w.clock.unix.Store(epoch)
	if err := w.create(home.sign); err != nil {
		t.Fatal(err)
	}
	w.mustOpen(t)
	return w
}

func (w *world) open() error {
	s, err := store.Open(w.storeConfig())
	if err != nil {
		return err
	}
	g, err := store.OpenGuard(w.guardConfig())
	if err != nil {
		return errors.Join(err, s.Close())
	}
	cfg := w.config
	cfg.Store, cfg.Guard, cfg.Clock, cfg.Policy = s, g, w.clock.now, policy
	cfg.Sign = func(message []byte) ([]byte, error) { return w.sign(message) }
	l, err := ledger.Open(cfg)
	if err != nil {
		return errors.Join(err, g.Close(), s.Close())
	}
	w.store, w.guard, w.log = s, g, l
	return nil
}

func (w *world) mustOpen(t testing.TB) {
	t.Helper()
	if err := w.open(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) close(t testing.TB) {
	t.Helper()
	if err := errors.Join(w.log.Close(), w.guard.Close(), w.store.Close()); err != nil {
		t.Fatal(err)
	}
}

// append registers records, all at once, and fails unless each is new.
func (w *world) append(t testing.TB, records ...*record.Record) []ledger.Registration {
	t.Helper()
	out := make([]ledger.Registration, len(records))
	errs := make([]error, len(records))
	var group sync.WaitGroup
	for i, r := range records {
		group.Go(func() { out[i], errs[i] = w.log.Append(context.Background(), r) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i, reg := range out {
		if !reg.New || reg.View.Size() <= reg.Index {
			t.Fatalf("record %d: new is %v, index %d, size of the view %d", i, reg.New, reg.Index, reg.View.Size())
		}
	}
	return out
}

// neverVerifies is a record.Check that no signature passes.
func neverVerifies(note.PublicKey, []byte, []byte) bool { return false }

// sealed returns the checkpoint as the ledger signs it.
func sealed(t testing.TB, c tlog.Checkpoint) tlog.SignedCheckpoint {
	t.Helper()
	sig, err := home.sign(c.Text())
	if err != nil {
		t.Fatal(err)
	}
	return tlog.SignedCheckpoint{Checkpoint: c, Note: note.Note{Text: c.Text(), Signatures: []note.Signature{home.Signature(sig)}}}
}
