package audit

import (
	"math/rand/v2"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// An audit that was killed at any moment, together with its machine, goes on from what is
// on disk, judges what it lost again, and nothing that it did not judge is taken for
// judged: what breaks a rule at the end is found.
func TestAnAuditThatWasKilledGoesOn(t *testing.T) {
	const seed = 3
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const size = 256 * killedBundles
	l := newLedger().fill(size)
	l.Add(l.Entries[17]) // once more
	for range 4 {
		files := vfs.NewCrashableMem()
		copied := func() *store.Store {
			return must(store.OpenCopy(store.Config{Dir: "state", FS: files, Key: home.Key, Bulk: true}))
		}
		cfg := l.config(t, "state")
		killedAt := 1 + random.Uint64N(size)
		var left *vfs.MemFS
		cfg.Progress = func(p Progress) {
			if left == nil && p.Done >= killedAt {
				left = files.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: random.IntN(101), RNG: random})
			}
		}
		if r, err := run(t.Context(), cfg, copied()); err != nil || r.Finding == nil || r.Finding.Index != size {
			t.Fatalf("%+v, %v", r, err)
		}
		files = left
		cfg.Progress = nil
		r, err := run(t.Context(), cfg, copied())
		if err != nil || r.Known > killedAt+256 || r.Judged != size || r.Finding == nil || r.Finding.Index != size || r.Finding.Evidence == nil {
			t.Errorf("killed at %d: %+v, %v", killedAt, r, err)
		}
	}
}
