package witness

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// Bounds of patience.
const (
	// requestTime is how long a witness has for an answer: enough for a busy one on a
	// bad line. It may take two more after refusals, and one to show what it saw, and
	// that is still far below the 300 s after which a cosignature tells of backdating.
	requestTime = 10 * time.Second
	// maxRefusals is after how many sizes that a witness names for one checkpoint it is
	// still asked: its own, and one more when somebody else brought it a checkpoint in
	// between. A third is not serious.
	maxRefusals = 2
	// minPause and maxPause bound the time after a failure, which doubles: a restart
	// takes a second, and one request each half minute harms nobody.
	minPause = time.Second
	maxPause = 30 * time.Second
	// maxRetryAfter bounds what a witness may ask for in Retry-After.
	maxRetryAfter = time.Minute
)

// An asker asks one witness, by whatever names and keys the policy has it. What is
// not said to be guarded belongs to its goroutine.
type asker struct {
	url       string // as parseURL returns it
	witnesses []verify.Witness
	wake      chan struct{} // has room for one: there is another round

	at      *position // what it cosigned last, as far as we know; nil if we don't
	trouble string    // kind of the last failure that was logged; "" after a success

	cosigned *round  // the last in which it gave all that it has to; guarded by mu
	claim    *uint64 // size of another tree that it says it has; guarded by mu
}

// A position is a tree that a witness has.
type position struct {
	size uint64
	root *tlog.Hash // nil if only the witness knows it
}

func newAskers(p *verify.Policy, ledger note.Key) ([]*asker, error) {
	var askers []*asker
	byURL := make(map[string]*asker)
	for _, x := range p.Witnesses {
		if own(x, ledger) {
			continue
		}
		if x.URL == "" {
			return nil, fmt.Errorf("policy: the witness %s has no URL, so that nobody can ask it", x.Name)
		}
		url, err := parseURL(x.URL)
		if err != nil {
			return nil, fmt.Errorf("policy: witness %s: %w", x.Name, err)
		}
		a, ok := byURL[url]
		if !ok {
			a = &asker{url: url, wake: make(chan struct{}, 1)}
			byURL[url] = a
			askers = append(askers, a)
		}
		a.witnesses = append(a.witnesses, x)
	}
	return askers, nil
}

// A failure is a checkpoint that a witness did not cosign.
type failure struct {
	kind  string        // a change of it is logged
	err   error         // what a witness chose of it is short and quoted
	after time.Duration // for which it wants to be left alone
	loud  bool          // somebody has to look
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

const (
	kindTime       = "time"
	kindConnection = "connection"
	kindAnswer     = "answer"
	kindSize       = "size"
	kindClaim      = "claim"
	kindConflict   = "conflict"
	kindOurs       = "ours" // our own fault; all others are statuses
)

// errOutdated says that another round has begun.
var errOutdated = errors.New("another checkpoint was asked for")

// work asks a for the newest checkpoint until it has cosigned it, again and again.
func (w *Witnesses) work(ctx context.Context, a *asker) {
	pause := minPause
	for ctx.Err() == nil {
		r := w.due(a)
		if r == nil {
			select {
			case <-a.wake:
			case <-ctx.Done():
			}
			continue
		}
		err := w.ask(ctx, a, r)
		var f *failure
		switch {
		case ctx.Err() != nil || err == errOutdated:
			continue
		case !errors.As(err, &f):
			w.recovered(a)
			pause = minPause
			continue
		}
		w.report(a, r, f)
		w.failed(a, r)
		w.pause(ctx, a, r, max(minPause, f.after), pause)
		pause = min(2*pause, maxPause)
	}
}

// pause waits: for all of hold, and up to full as long as the round is r.
func (w *Witnesses) pause(ctx context.Context, a *asker, r *round, hold, full time.Duration) {
	timer := time.NewTimer(hold)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return
	}
	timer.Reset(full - hold)
	for w.due(a) == r {
		select {
		case <-a.wake: // also for r itself
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (w *Witnesses) report(a *asker, r *round, f *failure) {
	if f.kind == a.trouble {
		return
	}
	a.trouble = f.kind
	if f.kind == kindConflict {
		return // it ends everything, and whoever called says so once
	}
	level := slog.LevelWarn
	if f.loud {
		level = slog.LevelError
	}
	w.log.Log(context.Background(), level, "witness does not cosign", "witness", a.witnesses[0].Name, "url", a.url, "size", r.asked.Size, "err", f.err)
}

func (w *Witnesses) recovered(a *asker) {
	if a.trouble != "" {
		w.log.Info("witness cosigns again", "witness", a.witnesses[0].Name, "url", a.url)
		a.trouble = ""
	}
}

// ask asks a to cosign the checkpoint of r. The error is a [*failure] or errOutdated.
func (w *Witnesses) ask(ctx context.Context, a *asker, r *round) error {
	for refusals := 0; ; refusals++ {
		if w.due(a) != r {
			return errOutdated
		}
		at := a.at
		if at == nil {
			at = &position{r.asked.Size, &r.asked.Root}
		}
		body, err := w.request(at, r)
		if err != nil {
			return &failure{kind: kindOurs, err: err, loud: true}
		}
		x, err := exchange(ctx, w.client, http.MethodPost, a.url+"/add-checkpoint", body)
		switch {
		case err != nil:
			return err
		case x.status == http.StatusOK:
			return w.cosignatures(a, r, x)
		case x.status == http.StatusUnprocessableEntity && at.size > 0:
			return w.hear(ctx, a, at.size, "refused a proof that holds (422)")
		case x.status != http.StatusConflict:
			return x.unexpected()
		}
		if err := w.refused(ctx, a, r, at.size, x); err != nil {
			return err
		}
		if refusals == maxRefusals {
			return &failure{kind: kindSize, err: fmt.Errorf("named a size %d times (409), the last is %d, and cosigned none", refusals+1, a.at.size)}
		}
	}
}

// request returns the body of a request to a witness that is at a position.
func (w *Witnesses) request(at *position, r *round) ([]byte, error) {
	hashes, err := w.prove(at.size, r.asked.Size)
	if err != nil {
		return nil, err
	}
	if at.root != nil {
		if err := tlog.VerifyConsistency(at.size, *at.root, r.asked.Size, r.asked.Root, hashes); err != nil {
			return nil, fmt.Errorf("the tree of size %d does not begin with the one of size %d that the witness cosigned: %w", r.asked.Size, at.size, err)
		}
	}
	return tlog.Consistency{Old: at.size, Hashes: hashes, Checkpoint: r.asked}.Bytes(), nil
}

// prove returns the hashes of a consistency proof between trees that were asked for.
func (w *Witnesses) prove(old, size uint64) ([]tlog.Hash, error) {
	if old == 0 || old == size {
		return nil, nil
	}
	hashes, err := w.cfg.Prove(old, size)
	if err != nil {
		return nil, fmt.Errorf("proof from size %d to %d: %w", old, size, err)
	}
	if len(hashes) > tlog.MaxHashes {
		return nil, fmt.Errorf("proof from size %d to %d has %d hashes, at most %d are allowed", old, size, len(hashes), tlog.MaxHashes)
	}
	return hashes, nil
}

// refused reads a 409 to a request from size old, and returns nil when the witness
// can be asked from the size that it named.
func (w *Witnesses) refused(ctx context.Context, a *asker, r *round, old uint64, x *answer) error {
	const claim = "refused the checkpoint (409)"
	if x.err != nil {
		return x.err
	}
	ours := w.newest()
	size, err := parseSize(x.body)
	switch {
	case old == r.asked.Size && (len(x.body) == 0 || err == nil && size == old):
		// In v1.0.0 that is how a witness refuses another root of one size.
		return w.hear(ctx, a, old, claim)
	case err != nil:
		return &failure{kind: kindSize, err: fmt.Errorf("refused size %d (409) and named none: %w", old, err)}
	case size > ours.Size:
		return w.hear(ctx, a, size, claim)
	case size == old:
		return &failure{kind: kindSize, err: fmt.Errorf("refused size %d (409) and named the same", old)}
	}
	a.at = &position{size: size}
	if size > r.asked.Size {
		return errOutdated // somebody brought it what we asked for since
	}
	return nil
}

// cosignatures takes what a witness answered.
func (w *Witnesses) cosignatures(a *asker, r *round, x *answer) error {
	if x.err != nil {
		return x.err
	}
	signatures, err := parseSignatures(r.asked.Note.Text, x.body)
	if err != nil {
		return &failure{kind: kindAnswer, err: err}
	}
	lines := make(map[string]note.Signature)
	var missing error
	for _, y := range a.witnesses {
		s, err := pick(y.Key, r.asked.Note.Text, signatures, r.since-Window, w.cfg.Clock().Unix()+Window)
		if err != nil {
			missing = errors.Join(missing, err)
			continue
		}
		lines[y.Name] = s
	}
	if len(lines) > 0 {
		root := r.asked.Root
		a.at = &position{r.asked.Size, &root}
		w.accept(a, r, lines)
	}
	if missing != nil {
		return &failure{kind: kindAnswer, err: missing}
	}
	return nil
}
