package peers

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
)

const origin = "ledger.example"

// secret returns the private key that belongs to a name, for ever the same.
func secret(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func key(t testing.TB, name string, typ note.Type) note.Key {
	t.Helper()
	p, err := note.ParsePublicKey(secret(name).Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	k, err := note.NewKey(name, typ, p)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A history is a log in memory: its leaves, and its root at every size.
type history struct {
	tree   tlog.Tree
	hashes [3][]tlog.Hash // what tiles hold, by level
	roots  []tlog.Hash
}

func entry(i uint64) []byte { return fmt.Appendf(nil, "entry %d", i) }

func newHistory(size uint64) *history {
	h := &history{tree: tlog.NewTree()}
	h.roots = append(h.roots, h.tree.Root())
	for i := range size {
		h.tree.Append(tlog.LeafHash(entry(i)), func(level int, _ uint64, hash tlog.Hash) {
			h.hashes[level] = append(h.hashes[level], hash)
		})
		h.roots = append(h.roots, h.tree.Root())
	}
	return h
}

func (h *history) read(t tlog.Tile) ([]byte, error) {
	var b []byte
	for _, hash := range h.hashes[t.Level][t.Index*tlog.MaxWidth:][:t.Width] {
		b = append(b, hash[:]...)
	}
	return b, nil
}

// signed returns the checkpoint of that size, signed by the ledger and cosigned by
// the witnesses at that time.
func (h *history) signed(t testing.TB, size uint64, time int64, witnesses ...string) tlog.SignedCheckpoint {
	t.Helper()
	c := tlog.SignedCheckpoint{Checkpoint: tlog.Checkpoint{Origin: origin, Size: size, Root: h.roots[size]}}
	c.Note.Text = c.Text()
	c.Note.Signatures = append(c.Note.Signatures, key(t, origin, note.Ed25519).Signature(ed25519.Sign(secret(origin), c.Note.Text)))
	for _, w := range witnesses {
		sig := note.CosignatureBytes(time, ed25519.Sign(secret(w), note.CosignatureMessage(c.Note.Text, time)))
		c.Note.Signatures = append(c.Note.Signatures, key(t, w, note.Cosignature).Signature(sig))
	}
	return c
}

// published returns a member of each of our own vectors of a class that has it.
func published(t testing.TB, class, member string) [][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", class, "*.json"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no vectors of the class %s: %v", class, err)
	}
	var all [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s, ok := v[member].(string); ok {
			all = append(all, []byte(s))
		}
	}
	return all
}
