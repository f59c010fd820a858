// Package watch follows a ledger for as long as it runs: it audits what is new, and
// compares what the ledger shows with what others saw of it.
//
// # A turn
//
// A turn asks what the witnesses of the policy and other addresses of the ledger show
// ("sources"), and after them the ledger, so that an honest ledger is never behind for
// having been asked first. Then
//
//   - what is new is audited, as package audit does, into a copy of the log that is kept,
//     and proved to continue the checkpoint that was kept;
//   - the policy's quorum is demanded of what the ledger shows, and that it was renewed
//     lately: what was judged, for a fresh checkpoint of entries that it serves nobody
//     renews nothing. Where none of those come for ten minutes, that is an alarm;
//   - every checkpoint of a source is compared with the copy: one that is no part of the
//     same history is a fork, and evidence of it is written. One that is ahead of the
//     copy is kept until it can be compared, and after ten minutes an alarm. A witness
//     that answers and shows none is told once;
//   - so is the tree of every receipt at hand that the ledger's key signed, whoever else
//     did. One that is ahead of what the ledger shows is an alarm after ten minutes, too:
//     the ledger has shown it before it gave the receipt, and a cache may not have it yet;
//   - the newest cosigned checkpoint is held against the entries that came after it: one
//     that claims an earlier time than that at which a quorum had seen nothing of it, is
//     backdated, and evidence of it is written;
//   - once an hour the ledger is asked whether it is frozen, which no tree shows and no
//     key signs: it is told as what the ledger says;
//   - records that concern the user's keys and contracts are told.
//
// A turn in which the ledger shows the tree that was judged before costs it one request,
// but once an hour, when tiles and contracts are compared too.
//
// # What is told, and how often
//
// What is so for a while (no quorum, not reachable, not renewed) is told when it begins
// and when it is over; a broken promise and a record once. A fork is two trees, whoever
// shows which. What there is of a key when it is first watched for is told as one. What
// was told is remembered in the directory, so that it is not told again after a restart;
// only where the process was killed between the two is it told twice. The memory, on disk
// and in the process, is bounded by the configuration: by how many sources, keys,
// contracts and receipts there are, and not by how long it runs or what it meets.
//
// # What is not proved
//
// Two histories are found out where somebody shows both: to be alone with a ledger that
// has no witnesses proves nothing. A ledger that lets its cosignatures grow old keeps
// the bound on its times as wide as they are old: that is what freshness is asked for.
package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// Times of a watch.
const (
	// patience is how long a source may show a tree that the ledger does not: a witness
	// has it before it is published, and a ledger may wait for a quorum.
	patience = 10 * time.Minute
	// readTime is how long the ledger may be read in a turn: ten million entries of one
	// that answers. One that drips keeps a watch no longer from what it does beside.
	readTime = time.Hour
	// compareEvery is how often tiles and contracts are compared where nothing is new.
	compareEvery = time.Hour
)

// MaxSources is how many witnesses with a URL and peers are asked: as many witnesses
// as a policy may list, and as many peers.
const MaxSources = 2 * verify.MaxWitnesses

// Config says which ledger is watched, for whom, and where that is remembered.
type Config struct {
	Policy *verify.Policy // whose quorum is demanded, and whose witnesses are asked
	Ledger note.Key       // a log of Policy
	URL    string         // where the ledger answers
	Peers  []string       // other addresses of the same ledger, and mirrors of it
	Dir    string         // of this ledger alone; it is made where there is none

	HTTP      *http.Client      // asks the ledger and the peers; nil for one of package client
	Transport http.RoundTripper // asks the witnesses; nil for one of package witness

	Fresh time.Duration         // how long ago the quorum may have been renewed; 0 for any time
	Mine  func() (*Mine, error) // whose records are told; asked each turn. Nil for nobody's
	Clock func() time.Time
	// Random chooses what is compared, so that the ledger cannot know it.
	Random io.Reader

	Report   func(Event) error    // is told; its error ends the turn
	Progress func(audit.Progress) // as of an audit; nil for none
	Log      *slog.Logger         // of the store, and of what is remembered and damaged; nil for none
}

// A Watcher follows one ledger. It is for one goroutine.
type Watcher struct {
	cfg      Config
	log      verify.Log
	loose    *verify.Policy // the log alone: what its key signed is compared, whoever saw it
	audited  *verify.Policy // the policy without its quorum, which is demanded here
	ledger   *client.Client
	sources  []*source
	own      *source      // the ledger, where what it shows is compared and not read
	store    *store.Store // the copy
	state    *state
	agreed   map[tlog.Checkpoint]bool // trees of receipts at hand that are of the copy's history
	compared time.Time                // when tiles and contracts were last
	heardAt  time.Time                // when the ledger was last asked whether it is frozen
	reading  time.Duration            // of the ledger, in a turn
}

// Dir returns the directory below state for a ledger: its name, as far as a file may
// have it, and what tells it from others.
func Dir(state string, ledger note.Key) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, ledger.Name())
	sum := sha256.Sum256([]byte(ledger.String()))
	return filepath.Join(state, strings.TrimLeft(name[:min(len(name), 64)], ".")+"-"+hex.EncodeToString(sum[:8]))
}

// Open makes or opens what is remembered. Nobody is asked yet. A directory is for one
// process at a time: the error is a [store.ErrHeld] where another has it.
func Open(cfg Config) (*Watcher, error) {
	log, ok := cfg.Policy.Log(cfg.Ledger)
	if !ok {
		return nil, fmt.Errorf("watch: the ledger %s is no log of the policy", cfg.Ledger)
	}
	w := &Watcher{cfg: cfg, reading: readTime, log: log, loose: &verify.Policy{Logs: []verify.Log{log}, Quorum: verify.NoQuorum}}
	audited := *cfg.Policy
	audited.Quorum = verify.NoQuorum
	w.audited = &audited
	var err error
	if w.ledger, err = w.client(cfg.URL); err != nil {
		return nil, err
	}
	w.own = &source{name: ownName, peer: w.ledger}
	if err := w.addSources(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, err
	}
	// The store's lock keeps another process away from the rest of the directory too.
	w.store, err = store.OpenCopy(store.Config{Dir: filepath.Join(cfg.Dir, "copy"), Key: cfg.Ledger, Log: cfg.Log})
	switch {
	case errors.Is(err, store.ErrHeld):
		return nil, fmt.Errorf("another watch is running over %s: its copy is %w", cfg.Dir, store.ErrHeld)
	case err != nil:
		return nil, err
	}
	if w.state, err = readState(cfg.Dir, cfg.Ledger, cfg.Clock().Unix()); err != nil {
		return nil, errors.Join(err, w.store.Close())
	}
	w.drop()
	w.state.forget(w.everybody())
	return w, nil
}

// client returns an interface to the ledger at a URL, which demands its signature and
// no more.
func (w *Watcher) client(url string) (*client.Client, error) {
	return client.New(client.Config{URL: url, Policy: w.loose, Ledger: w.cfg.Ledger, HTTP: w.cfg.HTTP})
}

// Close lets go of the directory.
func (w *Watcher) Close() error { return w.store.Close() }

// An Outcome is how things stand after a turn, whether they were told now or before.
type Outcome struct {
	Broken   []string // what the ledger promised and did not keep, in sentences
	Unlooked []string // what could not be looked at
}

// Follow makes a turn, and another each time the pause after one is over, until the
// context ends, which is no error. The error is of the disk or of Report.
func (w *Watcher) Follow(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		if _, err := w.Turn(ctx); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				return nil
			}
			return err
		}
		timer.Reset(pause)
	}
}

// Turn looks at everything once. What is wrong with the ledger is told and is in the
// outcome; the error is that of the context, of the disk or of Report.
func (w *Watcher) Turn(ctx context.Context) (*Outcome, error) {
	w.state.right(w.cfg.Clock().Unix())
	err := w.turn(ctx)
	if err := errors.Join(err, w.state.write(w.cfg.Dir)); err != nil {
		return nil, err
	}
	o := w.state.outcome()
	if waiting := w.waitingHeld(); waiting != "" {
		o.Unlooked = append(o.Unlooked, waiting)
	}
	return o, nil
}

// askAgain is after how long a ledger that shows less than a receipt is asked once more
// by who looks once: /checkpoint may be that of a cache, for two seconds.
const askAgain = 3 * time.Second

// Once is Turn for who looks once. Where what is shown lags behind a receipt it looks
// once more.
func (w *Watcher) Once(ctx context.Context) (*Outcome, error) {
	o, err := w.Turn(ctx)
	if err != nil || w.waitingHeld() == "" {
		return o, err
	}
	again := time.NewTimer(askAgain)
	defer again.Stop()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-again.C:
	}
	return w.Turn(ctx)
}

func (w *Watcher) turn(ctx context.Context) error {
	mine := new(Mine)
	if w.cfg.Mine != nil {
		var err error
		if mine, err = w.cfg.Mine(); err != nil {
			return err
		}
	}
	views := w.ask(ctx)
	shown, whole, err := w.read(ctx)
	if err != nil {
		return err
	}
	if whole {
		w.state.Reached = w.cfg.Clock().Unix()
	}
	if shown != nil {
		if err := w.demand(*shown, whole); err != nil {
			return err
		}
	}
	if err := w.fresh(); err != nil {
		return err
	}
	if err := w.frozen(ctx); err != nil {
		return err
	}
	if err := w.compare(ctx, views); err != nil {
		return err
	}
	if err := w.compareHeld(ctx, mine.Receipts, shown); err != nil {
		return err
	}
	if err := w.dates(shown, views); err != nil {
		return err
	}
	return w.tellMine(ctx, mine)
}
