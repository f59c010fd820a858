package replica

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/ledger/store/faultfs"
	"github.com/chirograph/chirograph/verify"
)

func TestACopyShowsWhatTheLedgerShowsToTheByte(t *testing.T) {
	l := newLiar(0)
	l.at = begin
	l.extra = []byte("\u2014 stranger.example AAAAAAAA\n") // of a key that the policy does not know
	files := vfs.NewMem()
	b := follow(t, l, seen, files, t.TempDir())
	if b.View() != nil || b.Ready() == nil {
		t.Error("something is shown before the first turn")
	}
	for _, size := range []int{0, 1, 2, 255, 256, 257, 600} {
		l.grow(size)
		l.at = l.last + 60
		b.turn(t)
		b.shows(t, l, size)
		if err := b.Ready(); err != nil {
			t.Error(err)
		}
		if size == 257 {
			b.close(t)
			b = follow(t, l, seen, files, b.dir)
			b.shows(t, l, size)
		}
	}
	l.at += 3600 // renewed, with nothing new
	b.turn(t)
	b.shows(t, l, 600)
	latest := l.at
	l.at -= 60 // a cache on the way shows what was before
	b.turn(t)
	l.at = latest
	b.shows(t, l, 600)
	b.close(t)
	if b.log.Len() > 0 {
		t.Error(b.log)
	}
	for path := range l.asked {
		if path != "checkpoint" && !strings.HasPrefix(path, "tile/") {
			t.Errorf("it asks for %s, which is none of tlog-tiles", path)
		}
	}
}

func TestWithNothingNewOneRequestIsMade(t *testing.T) {
	l := newLiar(300)
	b := follow(t, l, trust, vfs.NewMem(), t.TempDir())
	b.turn(t)
	clear(l.asked)
	b.turn(t)
	if len(l.asked) != 1 || l.asked["checkpoint"] != 1 {
		t.Error(l.asked)
	}
	b.close(t)
}

// A copy that met a lie goes on when what it is shown is the ledger's log again.
func TestAnHonestLedgerIsFollowedAgain(t *testing.T) {
	l := newLiar(300)
	b := follow(t, l, trust, vfs.NewMem(), t.TempDir())
	b.turn(t)
	l.shown = 290
	if err := b.Turn(t.Context()); err == nil {
		t.Fatal("nothing is found")
	}
	l.grow(310)
	b.turn(t)
	b.shows(t, l, 310)
	if !strings.Contains(b.log.String(), "followed again") {
		t.Error(b.log)
	}
	b.close(t)
}

// strange is a name that has a meaning to some who read names.
func strange() string {
	if runtime.GOOS == "windows" { // which has no * and ?
		return "a[b]c"
	}
	return "a[b]*?c"
}

// Issue 5, point 1. The disk is full at any operation that wants room: the copy says so and
// stops, and when there is room again it shows what the ledger showed, and goes on.
func TestACopyOnAFullDiskGoesOnWhenThereIsRoom(t *testing.T) {
	full := errors.New("no space left on device")
	l := newLiar(260)
	points := 0
	for at := int64(1); ; at++ {
		mem := vfs.NewMem()
		l.shown = 5
		b := follow(t, l, trust, faultfs.New(mem, func(faultfs.Op) (f faultfs.Fault) { return f }), t.TempDir())
		b.turn(t)
		b.close(t)
		var n atomic.Int64
		var on atomic.Bool
		disk := faultfs.New(mem, func(op faultfs.Op) (f faultfs.Fault) {
			if on.Load() && op.Kind.Grows() && n.Add(1) >= at {
				f = faultfs.Fault{Err: full, Done: faultfs.Half}
			}
			return f
		})
		b = follow(t, l, trust, disk, b.dir)
		on.Store(true)
		l.shown = 260
		err := b.Turn(t.Context())
		b.closed = true // a store that failed is left as it is
		if err == nil {
			on.Store(false)
			if err := b.store.Close(); err != nil {
				t.Fatal(err)
			}
			break
		}
		points++
		if !errors.Is(err, full) || b.store.Err() == nil {
			t.Fatalf("write %d: %v, the store says %v", at, err, b.store.Err())
		}
		b.shows(t, l, 5)
		disk.Kill()
		b = follow(t, l, trust, faultfs.New(mem, func(faultfs.Op) (f faultfs.Fault) { return f }), b.dir)
		if size := b.View().Size(); size != 5 && size != 260 {
			t.Fatalf("write %d: it shows %d entries", at, size)
		}
		b.turn(t)
		b.shows(t, l, 260)
		b.close(t)
	}
	if points < 3 {
		t.Errorf("%d points", points)
	}
	t.Logf("%d points", points)
}

// Evidence that cannot be written is found and said all the same, and written when it can be.
func TestEvidenceThatCannotBeWrittenIsSaid(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	l := newLiar(10)
	b := follow(t, l, trust, vfs.NewMem(), dir)
	b.turn(t)
	f := l.twin(9)
	f.register(revocation(1000))
	*l = liar{entries: f.entries, sizes: f.sizes, hashes: f.hashes, shown: f.shown, asked: f.asked}
	var breach *Breach
	if err := b.Turn(t.Context()); !errors.As(err, &breach) || breach.Evidence != "" || !strings.Contains(err.Error(), dir) {
		t.Fatal(err)
	}
	if b.Ready() == nil {
		t.Error("it is ready")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := b.Turn(t.Context()); !errors.As(err, &breach) || breach.Evidence == "" {
		t.Fatal(err)
	}
	checkEvidence(t, dir, true, verify.Fork)
	b.close(t)
}

// However many forks are signed, the directory does not fill.
func TestEvidenceIsBounded(t *testing.T) {
	l := newLiar(10)
	dir := filepath.Join(t.TempDir(), strange())
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b := follow(t, l, trust, vfs.NewMem(), dir)
	b.turn(t)
	honest := l.twin(10)
	for n := range MaxEvidence + 3 {
		f := l.twin(9)
		f.register(revocation(uint64(1000 + n)))
		*l = liar{entries: f.entries, sizes: f.sizes, hashes: f.hashes, shown: f.shown, asked: f.asked}
		var breach *Breach
		if err := b.Turn(t.Context()); !errors.As(err, &breach) || breach.Evidence == "" {
			t.Fatal(err)
		}
		if have := len(must(os.ReadDir(b.dir))); have != min(n+1, MaxEvidence) {
			t.Fatalf("%d files after %d forks", have, n+1)
		}
		// Another fork is one that comes after it.
		*l = liar{entries: honest.entries, sizes: honest.sizes, hashes: honest.hashes, shown: honest.shown, asked: honest.asked}
		b.turn(t)
	}
	b.close(t)
}

// A log that forked shows another tree at each turn.
func TestOneForkIsSaidAndKeptOnce(t *testing.T) {
	l := newLiar(10)
	b := follow(t, l, trust, vfs.NewMem(), t.TempDir())
	b.turn(t)
	f := l.twin(9)
	*l = liar{entries: f.entries, sizes: f.sizes, hashes: f.hashes, shown: f.shown, asked: f.asked}
	for n := range 5 {
		l.register(revocation(uint64(1000 + n)))
		var breach *Breach
		if err := b.Turn(t.Context()); !errors.As(err, &breach) || breach.Evidence == "" {
			t.Fatal(err)
		}
		if _, err := os.Stat(breach.Evidence); err != nil {
			t.Error(err)
		}
	}
	if have := must(os.ReadDir(b.dir)); len(have) != 1 || strings.Count(b.log.String(), "level=ERROR") != 1 {
		t.Errorf("%d files:\n%s", len(have), b.log)
	}
	b.close(t)
}

// A crash before any write, with whatever was not synced lost or kept, leaves a copy
// that shows something that the ledger showed, no older than what it showed before, and
// that goes on.
func TestACopyThatCrashesGoesOn(t *testing.T) {
	seed := uint64(5)
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	l := newLiar(260)
	points := 0
	for _, kept := range []int{0, 50, 100} {
		for at := int64(1); ; at++ {
			mem := vfs.NewCrashableMem()
			l.shown = 5
			b := follow(t, l, trust, mem, t.TempDir())
			b.turn(t)
			b.close(t)
			var n atomic.Int64
			var crashed *vfs.MemFS
			b = follow(t, l, trust, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
				if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && n.Add(1) == at {
					crashed = mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: random})
				}
				return nil
			})), t.TempDir())
			l.shown = 260
			b.turn(t)
			b.close(t)
			if crashed == nil {
				break
			}
			points++
			b = follow(t, l, trust, crashed, t.TempDir())
			size := int(b.View().Size())
			if size != 5 && size != 260 {
				t.Fatalf("before write %d: it shows %d entries", at, size)
			}
			b.shows(t, l, size)
			b.turn(t)
			b.shows(t, l, 260)
			b.close(t)
		}
	}
	if points < 50 {
		t.Errorf("%d points", points)
	}
	t.Logf("%d points", points)
}

// Between turns it waits, longer where the ledger does not answer, and not for ever.
func TestTurnsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLiar(3)
		b := follow(t, l, trust, vfs.NewMem(), "")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- b.Follow(ctx, Pause) }()
		time.Sleep(10*Pause + time.Millisecond)
		synctest.Wait()
		if n := l.asked["checkpoint"]; n != 11 {
			t.Errorf("%d turns in ten pauses", n)
		}
		l.mu.Lock()
		l.answer = func(string) *response { return &response{http.StatusNotFound, strings.NewReader("")} }
		l.asked["checkpoint"] = 0
		l.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := l.asked["checkpoint"]; n < 60 || n > 66 {
			t.Errorf("%d turns in an hour without an answer", n)
		}
		if b.Ready() == nil {
			t.Error("it is ready")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b.close(t)
	})
}

// What a copy read beyond what it shows is left out of a cut, to the key.
func TestACutHasWhatIsShownAndNoMore(t *testing.T) {
	l := newLiar(300)
	files := vfs.NewMem()
	b := follow(t, l, trust, files, t.TempDir())
	b.turn(t)
	l.grow(900)
	l.answer = func(path string) *response {
		if path == "tile/entries/002" {
			return &response{http.StatusNotFound, strings.NewReader("")}
		}
		return nil
	}
	if err := b.Turn(t.Context()); err == nil || b.store.Head().Checkpoint.Size != 512 {
		t.Fatal(b.store.Head(), err)
	}
	shown, known, err := Behind(b.store)
	if err != nil || shown.Checkpoint.Size != 300 || known.Size != 900 {
		t.Error(shown, known, err)
	}
	out, err := Cut(t.Context(), b.store, store.Config{Dir: "cut", FS: files, Key: home.Key})
	if err != nil {
		t.Fatal(err)
	}
	if h, ok := out.Shown(); !ok || h.Checkpoint.Size != 300 || out.Head().Checkpoint.Size != 300 {
		t.Error(h, ok)
	}
	if _, known, err := Behind(out); err != nil || known.Size != 900 {
		t.Error("it forgot how far the ledger had gone: ", known.Size, err)
	}
	b.close(t)
	if err := out.Promote(must(tlog.ParseSignedCheckpoint(l.checkpoint(300)))); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
