package store

import (
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// flip returns the value at key with one bit another.
func flip(t *testing.T, s *Store, key []byte, at int) string {
	t.Helper()
	b, err := s.get(key)
	if err != nil {
		t.Fatal(err)
	}
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return string(b)
}

func drop(t *testing.T, s *Store, key []byte) {
	t.Helper()
	if err := s.db.Delete(key, pebble.Sync); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThatDoesNotAgreeWithItselfDoesNotOpen(t *testing.T) {
	root := func(size uint64) string { return mustHead(t, model(t, size)["head"]).Checkpoint.Root.String() }
	stranger := newSigner("stranger.example", 0)
	resign := func(c tlog.SignedCheckpoint, time string) string { return time + "\n" + string(c.Bytes()) }
	head := func(s *Store) tlog.Checkpoint { return s.head.Checkpoint.Checkpoint }
	cases := []struct {
		name  string
		size  uint64
		spoil func(s *Store)
		want  []string // of the error
	}{
		{"format number", 3, func(s *Store) { put(t, s, "format", "chirograph store 1\nwhatever") },
			[]string{`"chirograph store 1"`, `"chirograph store 3"`, "chirographd rebuild"}},
		{"format number before", 3, func(s *Store) { put(t, s, "format", "chirograph store 2\nwhatever") },
			[]string{`"chirograph store 2"`, `"chirograph store 3"`, "chirographd rebuild"}},
		{"frozen with less", 3, func(s *Store) {
			put(t, s, "frozen", string(mustHead(t, model(t, 2)["head"]).Checkpoint.Text()))
		}, []string{"frozen", root(2), root(3)}},
		{"frozen and flipped", 3, func(s *Store) {
			if err := s.Freeze(); err != nil {
				t.Fatal(err)
			}
			put(t, s, "frozen", flip(t, s, frozenKey, 3))
		}, []string{"frozen", root(3)}},
		{"another ledger", 3, func(s *Store) { put(t, s, "format", format+stranger.String()+"\n") },
			[]string{stranger.String(), home.String()}},
		{"no format", 3, func(s *Store) { drop(t, s, formatKey) }, []string{"no format number"}},
		{"no head", 3, func(s *Store) { drop(t, s, headKey) }, []string{"head"}},
		{"empty head", 3, func(s *Store) { put(t, s, "head", "") }, []string{"head"}},
		{"head without a checkpoint", 3, func(s *Store) { put(t, s, "head", "2\n") }, []string{"checkpoint of the head"}},
		{"time that is no number", 3, func(s *Store) { put(t, s, "head", "02\n") }, []string{"time of the head", `"02"`}},
		{"time of another entry", 3, func(s *Store) { put(t, s, "head", resign(s.head.Checkpoint, "1")) }, []string{"time 2", "head 1"}},
		{"time without an entry", 0, func(s *Store) { put(t, s, "head", resign(s.head.Checkpoint, "1")) }, []string{"time 1"}},
		{"signature of the head", 3, func(s *Store) { put(t, s, "head", flip(t, s, headKey, -5)) }, []string{"checkpoint"}},
		{"head of a stranger", 3, func(s *Store) { put(t, s, "head", resign(stranger.signs(head(s)), "2")) }, []string{"no signature", home.String()}},
		{"head of another origin", 3, func(s *Store) {
			c := head(s)
			c.Origin = "other.example"
			put(t, s, "head", resign(home.signs(c), "2"))
		}, []string{"other.example", home.Name()}},
		{"smaller head", 3, func(s *Store) { put(t, s, "head", model(t, 2)["head"]) }, []string{"3 hashes", "size 2"}},
		{"larger head", 3, func(s *Store) { put(t, s, "head", model(t, 4)["head"]) }, []string{"3 hashes", "size 4"}},
		{"head of the empty log", 3, func(s *Store) { put(t, s, "head", model(t, 0)["head"]) }, []string{"size 0"}},
		{"entry beyond the size", 3, func(s *Store) { put(t, s, string(entryKey(7)), "x") }, []string{"size 3", "6500000000000000"}},
		{"entry in an empty log", 0, func(s *Store) { put(t, s, string(entryKey(0)), "x") }, []string{"size 0", "650000000000000000"}},
		{"hash beyond the size", 3, func(s *Store) { put(t, s, string(tileKey(0, 0, 3)), strings.Repeat("x", 32)) }, []string{"4 hashes", "size 3"}},
		{"tile beyond the size", 3, func(s *Store) { put(t, s, string(tileKey(0, 1, 0)), "x") }, []string{"size 3", "7400000000000000000100"}},
		{"level beyond the size", 3, func(s *Store) { put(t, s, string(tileKey(1, 0, 0)), "x") }, []string{"size 3", "7401"}},
		{"tile key of another form", 3, func(s *Store) { put(t, s, string(tileKey(7, 0, 0))+"x", "x") }, []string{"size 3", "7407"}},
		{"last entry gone", 3, func(s *Store) { drop(t, s, entryKey(2)) }, []string{"size 3", "entry 2"}},
		{"last entry changed", 3, func(s *Store) { put(t, s, string(entryKey(2)), flip(t, s, entryKey(2), 40)) }, []string{"entry 2", "leaf hash"}},
		{"right edge flipped", 3, func(s *Store) { put(t, s, string(tileKey(0, 0, 0)), flip(t, s, tileKey(0, 0, 0), 5)) }, []string{"size 3", root(3)}},
		{"right edge flipped on the level above", 257, func(s *Store) { put(t, s, string(tileKey(1, 0, 0)), flip(t, s, tileKey(1, 0, 0), 5)) }, []string{"size 257", root(257)}},
		{"right edge flipped in a full tile", 256, func(s *Store) { put(t, s, string(tileKey(0, 0, 0)), flip(t, s, tileKey(0, 0, 0), 5)) }, []string{"level 0", "level above"}},
		{"right edge short of a hash", 3, func(s *Store) { put(t, s, string(tileKey(0, 0, 0)), strings.Repeat("x", 64)) }, []string{"2 hashes", "3"}},
		{"right edge of no whole hash", 3, func(s *Store) { put(t, s, string(tileKey(0, 0, 0)), strings.Repeat("x", 95)) }, []string{"95"}},
		{"right edge gone", 3, func(s *Store) { drop(t, s, tileKey(0, 0, 0)) }, []string{"0 hashes", "3"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.NewMem()
			s := newStore(t, fs)
			grow(t, s, c.size, 1000)
			c.spoil(s)
			closeStore(t, s)
			s, err := Open(config(fs))
			if err == nil {
				t.Fatal("opened", s.Close())
			}
			for _, want := range append(c.want, testDir) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestALastEntryThatIsNoneDoesNotOpen(t *testing.T) {
	fs := vfs.NewMem()
	s := newStore(t, fs)
	entry := []byte("not registered\n")
	tree := tlog.NewTree()
	tree.Append(tlog.LeafHash(entry), nil)
	c := home.signs(tlog.Checkpoint{Origin: home.Name(), Size: 1, Root: tree.Root()})
	leaf := tlog.LeafHash(entry)
	put(t, s, string(entryKey(0)), string(entry))
	put(t, s, string(tileKey(0, 0, 0)), string(leaf[:]))
	put(t, s, "head", "0\n"+string(c.Bytes()))
	closeStore(t, s)
	if _, err := Open(config(fs)); err == nil || !strings.Contains(err.Error(), "entry 0") {
		t.Fatalf("opened: %v", err)
	}
}

func TestAStoreOpensForTheKeyThatItIsOf(t *testing.T) {
	fs := vfs.NewMem()
	closeStore(t, newStore(t, fs))
	cfg := config(fs)
	for _, other := range []signer{newSigner("other.example", 0), newSigner("ledger.example", 1)} {
		cfg.Key = other.Key
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), other.String()) || !strings.Contains(err.Error(), home.String()) {
			t.Errorf("opened for %s: %v", other, err)
		}
	}
	s := openStore(t, fs)
	if s.Key() != home.Key {
		t.Errorf("the key is %s, not %s", s.Key(), home)
	}
	closeStore(t, s)
}

func mustHead(t *testing.T, value string) Head {
	t.Helper()
	h, err := parseHead([]byte(value))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func FuzzHead(f *testing.F) {
	f.Add([]byte("0\n" + string(emptyLog().Bytes())))
	f.Add([]byte("1800000000\n" + string(emptyLog().Bytes())))
	f.Add([]byte("00\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseHead(b); err == nil && string(h.bytes()) != string(b) {
			t.Errorf("%q is read as %q", b, h.bytes())
		}
	})
}
