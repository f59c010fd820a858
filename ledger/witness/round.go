package witness

import (
	"fmt"
	"maps"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// A round is one call of Cosign, and what comes after it, until the next.
type round struct {
	asked tlog.SignedCheckpoint // with the ledger's own lines only
	since int64
	own   []string // names of the policy's witnesses that are the ledger, with a line in asked

	lines map[string]note.Signature // cosignatures, by name of the witness; guarded by mu of Witnesses
	over  bool                      // nobody wants more of them; likewise

	// done is closed, under the same mu, when answer or err is there.
	done   chan struct{}
	ended  bool
	answer tlog.SignedCheckpoint
	err    error
}

// newRound checks what is asked for.
func (w *Witnesses) newRound(c tlog.SignedCheckpoint, since int64) (*round, error) {
	if err := checkSigned(c, w.cfg.Ledger); err != nil {
		return nil, err
	}
	if string(c.Note.Text) != string(c.Text()) {
		return nil, fmt.Errorf("the note of the checkpoint of size %d has another text", c.Size)
	}
	asked := ownLines(c)
	if size := len(asked.Bytes()); size > MaxRequest-maxProof {
		return nil, fmt.Errorf("checkpoint with the ledger's own lines has %d bytes, at most %d go to a witness", size, MaxRequest-maxProof)
	}
	r := &round{
		asked: asked,
		since: since,
		lines: make(map[string]note.Signature),
		done:  make(chan struct{}),
	}
	for _, x := range w.cfg.Policy.Witnesses {
		if !own(x, w.cfg.Ledger) {
			continue
		}
		for _, s := range asked.Note.Signatures {
			if !s.By(x.Key) {
				continue
			}
			if _, err := x.Key.VerifyCosignature(asked.Note.Text, s.Bytes); err != nil {
				return nil, fmt.Errorf("own line of the checkpoint of size %d: %w", c.Size, err)
			}
			r.own = append(r.own, x.Name)
		}
	}
	if !w.cfg.Policy.Met(w.set(r, everybody)) {
		return nil, fmt.Errorf("the quorum %s is out of reach: the checkpoint of size %d lacks a line of the ledger's own", w.cfg.Policy.Quorum, c.Size)
	}
	return r, nil
}

// set returns the names of the ledger's own witnesses of a round, and those of the
// askers that are asked for.
func (w *Witnesses) set(r *round, is func(*asker) bool) map[string]bool {
	names := make(map[string]bool)
	for _, name := range r.own {
		names[name] = true
	}
	for _, a := range w.askers {
		if is(a) {
			for _, x := range a.witnesses {
				names[x.Name] = true
			}
		}
	}
	return names
}

func nobody(*asker) bool    { return false }
func everybody(*asker) bool { return true }

// begin makes r the round.
func (w *Witnesses) begin(r *round) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch last := w.round; {
	case w.closed:
		return ErrClosed
	case w.conflict != nil:
		return w.conflict
	case last == nil:
	case r.asked.Size < last.asked.Size:
		return fmt.Errorf("checkpoint of size %d after one of size %d", r.asked.Size, last.asked.Size)
	case r.asked.Size == last.asked.Size && r.asked.Root != last.asked.Root:
		return fmt.Errorf("checkpoint of size %d with root %s after one with root %s", r.asked.Size, r.asked.Root, last.asked.Root)
	default:
		last.end(errOutdated)
		last.over = true
	}
	w.round = r
	if w.cfg.Policy.Met(w.set(r, nobody)) {
		r.answer = w.collect(r)
		r.end(nil)
	}
	w.wakeAll()
	return nil
}

func (w *Witnesses) wakeAll() {
	for _, a := range w.askers {
		select {
		case a.wake <- struct{}{}:
		default: // it has not seen the last one yet
		}
	}
}

// end ends the call of Cosign, if it has not ended; mu is held. With an error nobody
// is asked any more, but those who make a doubt.
func (r *round) end(err error) {
	if r.ended {
		return
	}
	r.ended, r.err, r.over = true, err, err != nil
	close(r.done)
}

func (w *Witnesses) giveUp(r *round, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.end(err)
}

// due returns the round in which a still has to be asked, or nil.
func (w *Witnesses) due(a *asker) *round {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.round
	if r == nil || a.cosigned == r || r.over && (w.doubt == nil || a.claim == nil) {
		return nil
	}
	return r
}

// newest returns the newest checkpoint that was asked for.
func (w *Witnesses) newest() tlog.SignedCheckpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.round.asked
}

// accept adds what a answered in round r: lines by name of the witness, which have
// been verified.
func (w *Witnesses) accept(a *asker, r *round, lines map[string]note.Signature) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a.claim = nil
	for name := range lines {
		w.reports[name].Cosigned = w.cfg.Clock().Unix()
	}
	if len(lines) == len(a.witnesses) {
		a.cosigned = r
	}
	late := r.ended
	added := len(r.lines)
	if !r.over {
		maps.Copy(r.lines, lines)
	}
	added = len(r.lines) - added
	w.weigh()
	w.meet()
	if late && added > 0 {
		w.sendLate(w.collect(r))
	}
}

// meet ends the call of Cosign that waits, if its quorum is there and no doubt; mu is
// held.
func (w *Witnesses) meet() {
	r := w.round
	if r.ended || w.doubt != nil {
		return
	}
	names := w.set(r, nobody)
	for name := range r.lines {
		names[name] = true
	}
	if w.cfg.Policy.Met(names) {
		w.met = true
		r.answer = w.collect(r)
		r.end(nil)
	}
}

// sendLate never waits: mu is held, and nobody else sends.
func (w *Witnesses) sendLate(c tlog.SignedCheckpoint) {
	select {
	case <-w.late:
	default:
	}
	w.late <- c
}

// collect returns the checkpoint with the lines that it has, the witnesses' in the
// order of the policy; mu is held.
func (w *Witnesses) collect(r *round) tlog.SignedCheckpoint {
	c := tlog.SignedCheckpoint{Checkpoint: r.asked.Checkpoint, Note: note.Note{Text: r.asked.Note.Text}}
	c.Note.Signatures = append(c.Note.Signatures, r.asked.Note.Signatures...)
	for _, x := range w.cfg.Policy.Witnesses {
		if s, ok := r.lines[x.Name]; ok {
			c.Note.Signatures = append(c.Note.Signatures, s)
		}
	}
	return c
}

// checkSigned says whether the ledger signed c.
func checkSigned(c tlog.SignedCheckpoint, ledger note.Key) error {
	if c.Origin != ledger.Name() {
		return fmt.Errorf("checkpoint is of %q, the ledger is %s", c.Origin, ledger.Name())
	}
	signed := false
	for _, s := range c.Note.Signatures {
		if !s.By(ledger) {
			continue
		}
		if !ledger.Public().Verify(c.Note.Text, s.Bytes) {
			return fmt.Errorf("the line of %s under the checkpoint of size %d does not verify", ledger.Name(), c.Size)
		}
		signed = true
	}
	if !signed {
		return fmt.Errorf("the checkpoint of size %d is not signed by the key of %s, %s", c.Size, ledger.Name(), ledger.Public().Fingerprint())
	}
	return nil
}

// own says whether the witness is the ledger itself.
func own(x verify.Witness, ledger note.Key) bool { return x.Key.Name() == ledger.Name() }

// ownLines returns the checkpoint with the lines of its ledger alone: witnesses bound
// what they read, and what others signed is none of their business.
func ownLines(c tlog.SignedCheckpoint) tlog.SignedCheckpoint {
	n := note.Note{Text: c.Note.Text}
	for _, s := range c.Note.Signatures {
		if s.Name == c.Origin {
			n.Signatures = append(n.Signatures, s)
		}
	}
	return tlog.SignedCheckpoint{Checkpoint: c.Checkpoint, Note: n}
}
