package watch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/ledgertest"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

func TestHonestLedgerIsWatchedInSilence(t *testing.T) {
	l := newLedger()
	b := newBench(t, l, alone, nil)
	for range 5 {
		b.turn()
		l.fill(len(l.Entries) + 70)
	}
	b.turn()
	b.stands(0, 0)
	if size := b.store.Head().Checkpoint.Size; size != 350 {
		t.Errorf("%d entries are judged", size)
	}
}

// A turn at which nothing is new costs the ledger one request, and another an hour later
// the comparison of what is served.
func TestIdleTurnIsOneRequest(t *testing.T) {
	l := newLedger().fill(5)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.Forget()
	for range 10 {
		b.turn()
	}
	if all := l.Asked(""); l.Asked("checkpoint") != 10 || all != 10 {
		t.Errorf("asked for %d paths, of which %d are the checkpoint", all, l.Asked("checkpoint"))
	}
	b.now += 3600
	b.turn()
	if l.Asked("tile/") == 0 || l.Asked("contracts/") == 0 {
		t.Errorf("asked for %d tiles and %d contracts", l.Asked("tile/"), l.Asked("contracts/"))
	}
}

func TestLedgerThatChangesItsPastIsCaught(t *testing.T) {
	l := newLedger().fill(5)
	twin := l.twin().fill(8)
	l.fill(7)
	b := newBench(t, l, alone, nil)
	b.turn()
	b.net["ledger.example"] = twin
	b.convicts(b.turn("fork!")[0], verify.Fork)
	b.turn()
	b.restart()
	twin.fill(9)
	b.turn()
	b.stands(1, 0)
}

func TestLedgerThatGoesBackIsToldOnceAndWhenItIsOver(t *testing.T) {
	l := newLedger().fill(5)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.Shown = 3
	b.turn("behind!")
	b.turn()
	b.restart()
	b.turn()
	b.stands(1, 0)
	l.Shown = 5
	b.turn("behind")
	b.turn()
	b.stands(0, 0)
}

func TestBrokenRuleIsToldOnceWithEvidence(t *testing.T) {
	l := newLedger().fill(5)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.Register(verify.OpenEntry(l.Entries[2]).Record)
	l.fill(9)
	e := b.turn("rule!")[0]
	if breach := b.convicts(e, rules.Once); e.ID != breach.ID.String() || !strings.HasPrefix(e.Text, "entry 5 breaks the rule once: ") {
		t.Error(e)
	}
	l.fill(12)
	b.turn()
	b.restart()
	b.turn()
	b.stands(1, 0)
}

func TestWhatIsServedBesideTheTreeIsCompared(t *testing.T) {
	l := newLedger().fill(5)
	b := newBench(t, l, alone, nil)
	b.turn()
	l.Alter = func(path string, b []byte) []byte {
		if strings.HasPrefix(path, "contracts/") {
			return bytes.Replace(b, []byte(`"in force"`), []byte(`"expired"`), 1)
		}
		return b
	}
	b.now += 3600
	if e := b.turn("status!")[0]; e.ID == "" || e.Evidence != "" {
		t.Error(e)
	}
	b.stands(1, 0)
	b.turn()
	l.Alter = nil
	b.turn("status")
	wrong := tlog.LeafHash([]byte("wrong"))
	l.fill(6)
	l.Root = &wrong
	b.turn("tree!")
	b.turn()
	b.stands(1, 0)
}

func TestUnknownKindIsToldOnceAndEntriesBeforeItAreTold(t *testing.T) {
	l := newLedger().fill(3)
	l.Add([]byte("registered 1772370000\nchirograph/lease/v1\nwhatever\n"))
	b := newBench(t, l, alone, func(cfg *Config) {
		cfg.Mine = func() (*Mine, error) { return &Mine{Keys: keysOf(buyer)}, nil }
	})
	b.turn("unjudged!", "key!")
	l.fill(6)
	b.turn()
	b.restart()
	b.turn()
	b.stands(0, 1)
}

// Killed between two turns, and killed while something is told: nothing is lost.
func TestWhatWasNotToldIsToldAfterARestart(t *testing.T) {
	l := newLedger()
	gone := errors.New("nobody listens")
	b := newBench(t, l, alone, func(cfg *Config) {
		cfg.Mine = func() (*Mine, error) { return &Mine{Keys: keysOf(buyer)}, nil }
	})
	b.turn()
	l.fill(5)
	report := b.cfg.Report
	n := 0
	b.Watcher.cfg.Report = func(e Event) error {
		if n++; n > 2 {
			return gone
		}
		return nil
	}
	*b.clock = b.now
	if _, err := b.Turn(context.Background()); !errors.Is(err, gone) {
		t.Fatal(err)
	}
	b.cfg.Report = report
	b.restart()
	if events := b.turn("key!", "key!", "key!"); *events[0].Index != 2 {
		t.Error(events)
	}
}

func TestTurnEndsWithItsContext(t *testing.T) {
	l := newLedger().fill(5)
	b := newBench(t, l, alone, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := b.Turn(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := b.Follow(ctx, time.Minute); err != nil {
		t.Error(err)
	}
}

func TestConfigurationThatMakesNoSenseIsRefused(t *testing.T) {
	l := newLedger()
	b := newBench(t, l, alone, nil)
	for _, c := range []struct {
		change func(cfg *Config)
		want   string
	}{
		{func(cfg *Config) { cfg.Ledger = other.Key }, "is no log of the policy"},
		{func(cfg *Config) { cfg.URL = "ftp://x" }, "begins with neither"},
		{func(cfg *Config) { cfg.Peers = []string{"x"} }, "begins with neither"},
		{func(cfg *Config) { cfg.Peers = []string{"http://ledger.example/"} }, "is the address of the ledger itself"},
		{func(cfg *Config) { cfg.Peers = []string{"http://a.example", "http://a.example/"} }, "is named twice"},
		{func(*Config) {}, "another watch is running over " + b.cfg.Dir + ": its copy is held by another process"},
	} {
		cfg := b.cfg
		c.change(&cfg)
		if _, err := Open(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	peers := b.cfg
	for i := range MaxSources + 1 {
		peers.Peers = append(peers.Peers, "http://"+strings.Repeat("a", i+1)+".example")
	}
	if _, err := Open(peers); err == nil || !strings.Contains(err.Error(), "129 witnesses and peers, at most 128") {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	peers.Peers = peers.Peers[1:]
	if err := must(Open(peers)).Close(); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"{}": "has the format", `{"format":"chirograph watch 1"}`: "is of the ledger", "x": "invalid character",
	} {
		if err := os.WriteFile(statePath(b.cfg.Dir), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(b.cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := os.Remove(statePath(b.cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	b.Watcher = must(Open(b.cfg))
}

func TestEachLedgerHasItsDirectory(t *testing.T) {
	seen := make(map[string]bool)
	for _, name := range []string{"ledger.example", "ledger.example/a", "ledger.example_a", "../../x", ".", "é", strings.Repeat("a", 255)} {
		dir := Dir("/state", ledgertest.NewSigner(name, home.Type()).Key)
		if filepath.Dir(dir) != "/state" || seen[dir] || strings.HasPrefix(filepath.Base(dir), ".") || len(filepath.Base(dir)) > 100 {
			t.Errorf("%s: %s", name, dir)
		}
		seen[dir] = true
	}
}

// A redirect or an answer of another ledger is no checkpoint of this one.
func TestAnotherLedgerAtTheAddressIsNotRead(t *testing.T) {
	l := newLedger().fill(3)
	l.Signer = other
	b := newBench(t, l, alone, nil)
	if e := b.turn("unreachable")[0]; !strings.Contains(e.Text, "no log of the policy signed") {
		t.Error(e)
	}
	b.net["ledger.example"] = http.RedirectHandler("http://elsewhere.example", http.StatusFound)
	b.turn()
	b.stands(0, 1)
}
