// Package replica keeps a full copy of a ledger's log that serves the same reads, made
// from what every ledger serves as tlog-tiles: its checkpoint, its tiles, its bundles.
//
// # What holds
//
// Nothing is shown that was not proved and judged as an audit does it (package audit,
// whose loop this is): the ledger's signature and the policy's quorum, that the tree
// continues every one that was shown or begun before, each entry in it, its form, its
// signatures, the rules of admission, and that no entry claims a time before which a
// quorum had seen that it was not there. Only then the checkpoint becomes the one that
// is shown, to the byte as the ledger showed it, with the cosignatures on it. So a copy
// is always at a tree that the ledger signed and that breaks no rule, however far the reading of
// the next one is, and after a crash at any moment it shows what it showed before.
//
// A ledger that breaks a promise is not followed any further. The copy goes on to show
// what it had, says what is wrong, and writes the evidence where there is some. There is
// no secret key here: a copy signs nothing.
package replica

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/audit"
	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// Times of a copy.
const (
	// Pause is between two turns: about as long as the ledger's checkpoint may be kept
	// by those on the way.
	Pause = 3 * time.Second
	// maxPause is between two turns at which the ledger did not answer or broke a
	// promise: it is doubled up to here.
	maxPause = time.Minute
	// Patience is for how long a copy may not have reached a checkpoint that the
	// ledger shows, before it is not ready: some turns, and one that had to be tried again.
	Patience = 2 * time.Minute
)

// MaxEvidence is how many files of evidence are kept: one convicts, and a ledger can
// make as many as it likes.
const MaxEvidence = 64

// The name of a file of evidence has the rule and the beginning of its hash between these.
const (
	evidencePrefix = "evidence-"
	evidenceSuffix = ".txt"
)

// Config says what is copied, and where it is kept.
type Config struct {
	Client   *client.Client // asks the ledger
	Policy   *verify.Policy // the client's: by it receipts are checked before they leave
	Store    *store.Store   // a copy, open as long as the Replica; empty at first
	Dir      string         // for evidence
	Clock    func() time.Time
	Past     *ledger.Past         // what is shown is added to it; nil for one that begins with Open
	Progress func(audit.Progress) // as of an audit; nil for none
	Log      *slog.Logger
}

// A Replica is a copy of a log. Its turns are of one goroutine; what it shows may be
// read by all.
type Replica struct {
	cfg  Config
	keys *expanded.Keys              // of who signed
	view atomic.Pointer[ledger.View] // nil before the first tree is judged
	past *ledger.Past

	mu      sync.Mutex
	reached time.Time // when it was last known to have all that the ledger shows; at first when it began
	told    string    // the last thing that was said, so that it is said once
	broken  bool      // a promise of the ledger, when it was last asked to the end

	proofs map[rules.Rule]string // the file of evidence of each rule that was broken since a turn went well; of who makes turns
}

// Open shows what the copy has. Nobody is asked yet.
func Open(cfg Config) (*Replica, error) {
	if cfg.Client.Ledger() != cfg.Store.Key() {
		return nil, fmt.Errorf("the copy is of the ledger %s, not of %s", cfg.Store.Key(), cfg.Client.Ledger())
	}
	r := &Replica{cfg: cfg, keys: expanded.New(), proofs: make(map[rules.Rule]string), past: cfg.Past, reached: cfg.Clock()}
	if r.past == nil {
		r.past = ledger.NewPast(cfg.Policy, cfg.Clock)
	}
	if shown, ok := cfg.Store.Shown(); ok {
		r.show(shown)
	}
	return r, nil
}

func (r *Replica) show(head store.Head) {
	r.view.Store(ledger.NewView(r.cfg.Store, head, r.cfg.Policy))
	r.past.Add(head.Checkpoint)
}

// View returns the log as it is shown, nil before there is a tree that was judged.
func (r *Replica) View() *ledger.View { return r.view.Load() }

// Past returns what the copy showed since Open, and before where Config says so.
func (r *Replica) Past() *ledger.Past { return r.past }

// Ready returns nil where the copy had all that the ledger shows less than [Patience]
// ago, and has not found since that it broke a promise. That it shows an older tree is
// none yet, because a cache on the way may do so for some seconds. Strangers may read the
// error: why it is so, the log says.
func (r *Replica) Ready() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := r.cfg.Clock().Sub(r.reached)
	switch {
	case r.View() == nil:
		return errors.New("the copy has no tree to show yet")
	case r.broken:
		return errors.New("what the ledger shows breaks a promise: the copy follows it no further, and shows what it had before")
	case since > Patience:
		return fmt.Errorf("the copy has not reached the ledger's latest tree for %s", since.Round(time.Second))
	}
	return nil
}

// A Breach says that the ledger broke a promise, and that nothing of it was taken in.
type Breach struct {
	Finding  *audit.Finding
	Evidence string // the file that proves it to others; "" where nothing that the ledger signed shows it
}

func (b *Breach) Error() string {
	s := b.Finding.String()
	if b.Finding.Doubt != "" {
		s += "; it leaves open: " + b.Finding.Doubt
	}
	if b.Evidence != "" {
		s += "; evidence: " + b.Evidence
	}
	return s
}

// Turn reads what is new once, and shows it. The error is a [*Breach], or says why the
// ledger could not be read to the end: it did not answer, or an entry is of a kind that
// this program does not know. What was shown before is shown then as it was.
func (r *Replica) Turn(ctx context.Context) error {
	err := r.turn(ctx)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var breach *Breach
	switch {
	case err == nil:
		r.reached, r.broken = r.cfg.Clock(), false
		clear(r.proofs)
	case errors.As(err, &breach) && breach.Finding.Rule != audit.Behind:
		r.broken = true
	}
	r.tell(err)
	return err
}

func (r *Replica) turn(ctx context.Context) error {
	result, err := audit.Read(ctx, audit.Config{Client: r.cfg.Client, Policy: r.cfg.Policy, Copy: r.cfg.Store, Keys: r.keys, Progress: r.cfg.Progress})
	if err != nil {
		return err
	}
	if result.Finding != nil {
		return r.breach(result.Finding)
	}
	before, ok := r.cfg.Store.Shown()
	if ok {
		f, err := audit.Backdated(r.cfg.Policy, r.cfg.Store, before.Checkpoint, result.Checkpoint.SignedCheckpoint)
		if err != nil {
			return err
		}
		if f != nil {
			return r.breach(f)
		}
		if !r.newer(*result.Shown, before.Checkpoint) {
			return nil
		}
	}
	if err := r.cfg.Store.Publish(*result.Shown); err != nil {
		return err
	}
	shown, _ := r.cfg.Store.Shown()
	r.show(shown)
	return nil
}

// newer says whether a checkpoint is to be shown instead of another: of a larger tree,
// or of the same with cosignatures that are not older. A cache on the way may show one
// of before.
func (r *Replica) newer(c, before tlog.SignedCheckpoint) bool {
	if c.Size != before.Size {
		return c.Size > before.Size
	}
	if string(c.Bytes()) == string(before.Bytes()) {
		return false
	}
	log, _ := r.cfg.Policy.Log(r.cfg.Store.Key())
	was, ok := r.cfg.Policy.RenewedAt(log, before)
	is, _ := r.cfg.Policy.RenewedAt(log, c)
	return !ok || is >= was
}

// breach keeps the evidence of a finding, once for each rule: a log that goes on breaking it shows
// another tree at each turn.
func (r *Replica) breach(f *audit.Finding) error {
	if f.Evidence == nil {
		return &Breach{Finding: f}
	}
	if kept := r.proofs[f.Rule]; kept != "" {
		return &Breach{f, kept}
	}
	kept, err := r.keep(f)
	if err != nil {
		return err
	}
	r.proofs[f.Rule] = kept
	return &Breach{f, kept}
}

// keep writes the evidence of a finding, and returns the file.
func (r *Replica) keep(f *audit.Finding) (string, error) {
	sum := sha256.Sum256(f.Evidence)
	file := filepath.Join(r.cfg.Dir, evidencePrefix+string(f.Rule)+"-"+hex.EncodeToString(sum[:8])+evidenceSuffix)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	have, err := evidenceIn(r.cfg.Dir)
	if err != nil {
		return "", fmt.Errorf("%w; and where the evidence is to be cannot be read: %w", &Breach{Finding: f}, err)
	}
	if len(have) >= MaxEvidence {
		return filepath.Join(r.cfg.Dir, have[0]), nil
	}
	if err := store.WriteFile(nil, file, f.Evidence); err != nil {
		return "", fmt.Errorf("%w; and the evidence could not be written: %w", &Breach{Finding: f}, err)
	}
	return file, nil
}

// evidenceIn returns the names of the files of evidence in a directory.
func evidenceIn(dir string) (names []string, err error) {
	list, err := os.ReadDir(cmp.Or(dir, "."))
	for _, file := range list {
		if strings.HasPrefix(file.Name(), evidencePrefix) && strings.HasSuffix(file.Name(), evidenceSuffix) {
			names = append(names, file.Name())
		}
	}
	return names, err
}

// tell says how a turn ended where that is news.
func (r *Replica) tell(err error) {
	if err == nil {
		if r.told != "" {
			r.cfg.Log.Info("the ledger is followed again", "size", r.View().Size())
		}
		r.told = ""
		return
	}
	var b *Breach
	what := err.Error()
	if errors.As(err, &b) && b.Evidence != "" {
		what = b.Evidence // the same, with whatever tree
	}
	if r.told == what {
		return
	}
	r.told = what
	size := uint64(0)
	if v := r.View(); v != nil {
		size = v.Size()
	}
	switch {
	case b == nil:
		r.cfg.Log.Warn("the ledger could not be followed", "why", err, "shown", size)
	case b.Finding.Rule == audit.Behind:
		r.cfg.Log.Warn("the ledger shows an older tree, as a cache may for a while: nothing of it is taken in", "what", err, "shown", size)
	case b.Evidence != "":
		r.cfg.Log.Error("THE LEDGER BROKE A PROMISE: it is followed no further, and what was judged before is shown as it was", "what", err, "shown", size)
	default:
		r.cfg.Log.Error("WHAT ANSWERS IN THE LEDGER'S NAME IS NOT ITS LOG: nothing of it is taken in", "what", err, "shown", size)
	}
}

// Follow makes a turn, and another each time the pause after one is over, until ctx
// ends, which is no error. The error is of the disk.
func (r *Replica) Follow(ctx context.Context, pause time.Duration) error {
	wait := pause
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		err := r.Turn(ctx)
		switch {
		case r.cfg.Store.Err() != nil:
			return r.cfg.Store.Err()
		case err == nil:
			wait = pause
		case ctx.Err() != nil:
			return nil
		default:
			wait = min(2*wait, max(pause, maxPause))
		}
		timer.Reset(wait)
	}
}

// Behind says how many entries the ledger is known to have signed that the copy does not
// show, as far as the copy knows: those of a checkpoint that it began to read.
func Behind(s *store.Store) (shown store.Head, known tlog.SignedCheckpoint, err error) {
	shown, ok := s.Shown()
	if !ok {
		return shown, known, errors.New("the copy has no tree that was judged to its end")
	}
	known, err = s.Kept()
	if errors.Is(err, store.ErrNotFound) {
		known, err = shown.Checkpoint, nil
	}
	if err == nil && known.Size < shown.Checkpoint.Size {
		err = fmt.Errorf("the copy shows a tree of %d entries, and knows of one of %d", shown.Checkpoint.Size, known.Size)
	}
	return shown, known, err
}
