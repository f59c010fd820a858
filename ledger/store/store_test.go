package store

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAStoreHasWhatItsEntriesSayAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, step := range []uint64{1, 3, 255, 256, 257, 600} {
		fs := vfs.NewMem()
		s := newStore(t, fs)
		checkStore(t, s)
		for _, size := range []uint64{1, 2, 254, 255, 256, 257, 511, 512, 513, 600} {
			grow(t, s, size, step)
			checkStore(t, s)
		}
		closeStore(t, s)
		s = openStore(t, fs)
		grow(t, s, 601, step)
		checkStore(t, s)
		closeStore(t, s)
	}
}

func TestALoneRecordWritesOneHashALevel(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 200, 200)
	b := s.NewBatch()
	fill(t, b, 200, 201)
	before := b.Bytes()
	commit(t, b)
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{'t'}, UpperBound: []byte{'u'}})
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for it.First(); it.Valid(); it.Next() {
		sizes = append(sizes, len(it.Value()))
	}
	if err := it.Close(); err != nil {
		t.Fatal(err)
	}
	if len(sizes) != 2 || sizes[0] != 200*32 || sizes[1] != 32 {
		t.Fatalf("pieces have %v bytes, want [6400 32]; the entry has %d", sizes, before)
	}
	closeStore(t, s)
}

func TestABatchThatIsGivenUpLeavesNoTrace(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 250, 7)
	for _, n := range []uint64{251, 256, 300} {
		b := s.NewBatch()
		fill(t, b, 250, n)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkStore(t, s)
	// Its hashes are not in the tiles of the next one either.
	b := s.NewBatch()
	for n := uint64(250); n < 260; n++ {
		if _, err := b.Append(9999, revocation(t, 5000+n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	grow(t, s, 300, 50)
	checkStore(t, s)
	closeStore(t, s)
}

func TestABatchKnowsItsOwnEntries(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 3, 3)
	b := s.NewBatch()
	fill(t, b, 3, 5)
	if b.Len() != 2 || b.LastTime() != 4 {
		t.Fatalf("batch has %d entries until %d, want 2 until 4", b.Len(), b.LastTime())
	}
	for n := range uint64(6) {
		r := revocation(t, n)
		index, ok, err := b.Index(r.ID())
		if err != nil || ok != (n < 5) || ok && index != n {
			t.Errorf("record %d: index %d, %v, %v", n, index, ok, err)
		}
		index, ok, err = b.Revoked(r.Text().Key.Public())
		if err != nil || ok != (n < 5) || ok && index != n {
			t.Errorf("key %d: revoked by %d, %v, %v", n, index, ok, err)
		}
		if _, ok, err := s.State(s.Head()).Index(r.ID()); err != nil || ok != (n < 3) {
			t.Errorf("the store has record %d before the commit: %v, %v", n, ok, err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

func TestABatchTakesNoTimeThatAnEntryCannotHave(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	for _, registered := range []int64{-1, 253402300800} {
		if _, err := b.Append(registered, revocation(t, 0)); err == nil {
			t.Errorf("took the time %d", registered)
		}
	}
	for n, registered := range []int64{0, 253402300799} {
		if _, err := b.Append(registered, revocation(t, uint64(n))); err != nil {
			t.Errorf("did not take the time %d: %v", registered, err)
		}
	}
	if b.Len() != 2 {
		t.Errorf("batch has %d entries, not 2", b.Len())
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

func TestACommitTakesNoCheckpointButItsOwn(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	grow(t, s, 5, 5)
	stranger := newSigner("ledger.example", 1)
	for name, spoil := range map[string]func(tlog.Checkpoint) tlog.SignedCheckpoint{
		"size":     func(c tlog.Checkpoint) tlog.SignedCheckpoint { c.Size++; return home.signs(c) },
		"root":     func(c tlog.Checkpoint) tlog.SignedCheckpoint { c.Root[0] ^= 1; return home.signs(c) },
		"origin":   func(c tlog.Checkpoint) tlog.SignedCheckpoint { c.Origin = "other.example"; return home.signs(c) },
		"stranger": stranger.signs,
		"unsigned": func(c tlog.Checkpoint) tlog.SignedCheckpoint { return tlog.SignedCheckpoint{Checkpoint: c} },
		"signature": func(c tlog.Checkpoint) tlog.SignedCheckpoint {
			s := home.signs(c)
			s.Note.Signatures[0].Bytes[0] ^= 1
			return s
		},
	} {
		b := s.NewBatch()
		fill(t, b, 5, 6)
		c, err := b.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Commit(spoil(c)); err == nil || s.Err() != nil {
			t.Errorf("%s: committed (%v), or the store failed (%v)", name, err, s.Err())
		}
	}
	checkStore(t, s)
	grow(t, s, 6, 1)
	checkStore(t, s)
	closeStore(t, s)
}

func TestNothingIsSignedOnATreeThatIsNotTheHeads(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 5, 5)
	s.tree.Append(tlog.LeafHash(nil), nil)
	b := s.NewBatch()
	if _, err := b.Checkpoint(); err == nil || !strings.Contains(err.Error(), "size 5") || !strings.Contains(err.Error(), "size 6") {
		t.Fatalf("error %v does not name the sizes 5 and 6", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
}

func TestReadsTellAbsentFromDamaged(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 300, 300)
	for _, err := range []error{
		second(s.Entry(300)),
		second(s.Tile(tlog.Tile{Level: 0, Index: 1, Width: 45})),
		second(s.Tile(tlog.Tile{Level: 0, Index: 2, Width: 1})),
		second(s.Tile(tlog.Tile{Level: 0, Index: 0, Width: 257})),
		second(s.Tile(tlog.Tile{Level: 0, Index: 0, Width: 0})),
		second(s.Tile(tlog.Tile{Level: 2, Index: 0, Width: 1})),
		second(s.State(s.Head()).Bundle(tlog.Tile{Level: -1, Index: 1, Width: 45})),
		second(s.State(s.Head()).Bundle(tlog.Tile{Level: -1, Index: 2, Width: 1})),
		second(s.State(s.Head()).Bundle(tlog.Tile{Level: -1, Index: 0, Width: 0})),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("absent: %v", err)
		}
	}
	r := revocation(t, 1)
	id, key := r.ID(), r.Text().Key.Public()
	put(t, s, "r"+string(id[:]), "short")
	put(t, s, "v"+string(key.Bytes()), "")
	put(t, s, "k"+string(key.Bytes())+"\x00\x00\x00\x00\x00\x00\x00\x01", "long")
	put(t, s, string(tileKey(0, 1, 50)), strings.Repeat("x", 32))
	put(t, s, string(tileKey(0, 2, 0)), strings.Repeat("x", 31))
	put(t, s, string(tileKey(0, 3, 0)), strings.Repeat("x", 32*257))
	put(t, s, string(entryKey(2)), strings.Repeat("x", 1<<16))
	for _, err := range []error{
		third(s.State(s.Head()).Index(id)), third(s.State(s.Head()).Revoked(key)), second(s.KeyRecords(key, 0, 9, 9)),
		second(s.tile(0, 1)), second(s.tile(0, 2)), second(s.tile(0, 3)),
		second(s.Tile(tlog.Tile{Level: 0, Index: 1, Width: 256})),
		second(s.State(s.Head()).Bundle(tlog.Tile{Level: -1, Index: 0, Width: 256})),
	} {
		if err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("damaged: %v", err)
		}
	}
	closeStore(t, s)
}

func second[T any](_ T, err error) error        { return err }
func third[T, U any](_ T, _ U, err error) error { return err }

func TestKeyRecordsComeInTheOrderOfTheLogAndWithinBounds(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	grow(t, s, 28, 28) // 5 and 6, 12 and 13, 19 and 20, 26 and 27 are of one key each
	key := revocation(t, 13).Text().Key.Public()
	for _, c := range []struct {
		first, end uint64
		limit      int
		want       []uint64
	}{
		{0, 28, 9, []uint64{12, 13}},
		{0, 28, 1, []uint64{12}},
		{0, 28, 0, nil},
		{13, 28, 9, []uint64{13}},
		{12, 13, 9, []uint64{12}},
		{14, 28, 9, nil},
		{28, 28, 9, nil},
		{29, 28, 9, nil},
		{1<<64 - 1, 28, 9, nil},
	} {
		list, err := s.KeyRecords(key, c.first, c.end, c.limit)
		if err != nil || len(list) != len(c.want) {
			t.Errorf("%+v: %v, %v", c, list, err)
			continue
		}
		for i, r := range list {
			if r != (KeyRecord{c.want[i], record.Revocation}) {
				t.Errorf("%+v: %v", c, list)
			}
		}
	}
	closeStore(t, s)
}

func TestAStoreIsCreatedOnceAndOpensOnlyWhereItIs(t *testing.T) {
	fs := vfs.NewMem()
	if _, err := Open(config(fs)); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Fatalf("opened nothing: %v", err)
	}
	if names, err := fs.List(""); err != nil || len(names) != 0 {
		t.Fatalf("to open nothing left %v, %v", names, err)
	}
	if err := fs.MkdirAll(testDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(config(fs)); err == nil || !strings.Contains(err.Error(), "there is none") {
		t.Fatalf("opened an empty directory: %v", err)
	}
	s := newStore(t, fs)
	grow(t, s, 3, 3)
	closeStore(t, s)
	if err := Create(config(fs), emptyLog()); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Fatalf("created twice: %v", err)
	}
	s = openStore(t, fs)
	checkStore(t, s)
	closeStore(t, s)
}

func TestAStoreIsCreatedWithTheCheckpointOfNothing(t *testing.T) {
	fs := vfs.NewMem()
	one := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 1, Root: tlog.LeafHash(nil)})
	if err := Create(config(fs), one); err == nil || !strings.Contains(err.Error(), "size 1") {
		t.Fatalf("created: %v", err)
	}
	if names, err := fs.List(""); err != nil || len(names) != 0 {
		t.Fatalf("what was refused left %v, %v", names, err)
	}
}

func TestACreationThatWasCutShortIsDoneAgain(t *testing.T) {
	fs := vfs.NewMem()
	s, err := open(config(fs), true)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if _, err := Open(config(fs)); err == nil || !strings.Contains(err.Error(), "never finished") {
		t.Fatalf("opened: %v", err)
	}
	s = newStore(t, fs)
	checkStore(t, s)
	closeStore(t, s)
}

func TestAStoreHasOneProcess(t *testing.T) {
	if dir := os.Getenv("CHIROGRAPH_TEST_STORE"); dir != "" {
		_, err := Open(Config{Dir: dir, Key: home.Key})
		if errors.Is(err, ErrHeld) && strings.Contains(err.Error(), dir) {
			os.Stdout.WriteString("refused as held\n")
		}
		return
	}
	dir := t.TempDir()
	cfg := Config{Dir: dir, Key: home.Key}
	if err := Create(cfg, emptyLog()); err != nil {
		t.Fatal(err)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cfg); !errors.Is(err, ErrHeld) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened twice: %v", err)
	}
	if err := Create(cfg, emptyLog()); !errors.Is(err, ErrHeld) {
		t.Errorf("created while open: %v", err)
	}
	other := exec.Command(os.Args[0], "-test.run=^TestAStoreHasOneProcess$")
	other.Env = append(os.Environ(), "CHIROGRAPH_TEST_STORE="+dir)
	if out, err := other.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("refused as held")) {
		t.Errorf("the second process said %v:\n%s", err, out)
	}
	grow(t, s, 3, 1)
	closeStore(t, s)
	if s, err = Open(cfg); err != nil {
		t.Fatal(err)
	}
	checkStore(t, s)
	closeStore(t, s)
}

func TestALockFileThatCannotBeMadeIsNoOtherProcess(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Dir: dir, Key: home.Key}
	if err := Create(cfg, emptyLog()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/LOCK"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir+"/LOCK", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(cfg); err == nil || errors.Is(err, ErrHeld) {
		t.Fatalf("opened: %v", err)
	}
}

// put writes a value that no batch would.
func put(t testing.TB, s *Store, key, value string) {
	t.Helper()
	if err := s.db.Set([]byte(key), []byte(value), pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

// Whoever has the entries of a batch has them also when others write with what was its memory.
func TestTheEntriesOfABatchStayWhatTheyAre(t *testing.T) {
	s := newStore(t, vfs.NewMem())
	b := s.NewBatch()
	fill(t, b, 0, 20)
	entries, err := b.Entries()
	if err != nil || len(entries) != 20 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	commit(t, b)
	for range 8 {
		if err := s.db.Set([]byte("z"), bytes.Repeat([]byte{0xff}, 64<<10), pebble.NoSync); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range entries {
		if want, err := s.Entry(uint64(i)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("entry %d: %.40q, the store has %.40q (%v)", i, got, want, err)
		}
	}
}
