package ledger

import (
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/verify"
)

// Bounds of a Past.
const (
	MaxPast   = 256 // checkpoints: of more than four hours in which each minute had one
	pastEvery = 60  // seconds: a page is for people, who do not tell seconds apart

	timeSize = 8 // bytes of the time with which a cosignature begins (c2sp.org/tlog-cosignature)
)

// A Past remembers what was public since the process began: of each minute the last
// checkpoint, and when each witness of the policy cosigned last. It is the process's word:
// nothing of it is on disk.
type Past struct {
	clock func() time.Time

	mu        sync.Mutex
	shown     []Shown    // the oldest first
	witnesses []note.Key // in the order of the policy; those alone are remembered, however many lines there are
	cosigned  []int64    // POSIX seconds, beside witnesses; 0 for never
}

// A Shown is a checkpoint with the time at which it was public first.
type Shown struct {
	tlog.SignedCheckpoint
	At int64 // POSIX seconds, by the clock of the process
}

// NewPast returns one that remembers nothing yet.
func NewPast(policy *verify.Policy, clock func() time.Time) *Past {
	p := &Past{clock: clock}
	p.follow(policy)
	return p
}

// follow has it remember the witnesses of another policy, and forget those that are in that
// no more.
func (p *Past) follow(policy *verify.Policy) {
	p.mu.Lock()
	defer p.mu.Unlock()
	witnesses, cosigned := p.witnesses, p.cosigned
	p.witnesses, p.cosigned = nil, nil
	for _, w := range policy.Witnesses {
		at := int64(0)
		if i := slices.Index(witnesses, w.Key); i >= 0 {
			at = cosigned[i]
		}
		p.witnesses, p.cosigned = append(p.witnesses, w.Key), append(p.cosigned, at)
	}
}

// Add remembers a checkpoint that is public. Every line of a witness in it is one that was
// verified before.
func (p *Past) Add(c tlog.SignedCheckpoint) {
	now := p.clock().Unix()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, w := range p.witnesses {
		for _, s := range c.Note.Signatures {
			if s.By(w) && len(s.Bytes) > timeSize {
				p.cosigned[i] = max(p.cosigned[i], int64(binary.BigEndian.Uint64(s.Bytes)))
			}
		}
	}
	last := len(p.shown) - 1
	switch {
	case last >= 0 && p.shown[last].Checkpoint == c.Checkpoint:
		p.shown[last].SignedCheckpoint = c // with more cosignatures, or newer ones
		return
	case last >= 0 && now/pastEvery <= p.shown[last].At/pastEvery:
		p.shown[last] = Shown{c, now}
		return
	}
	p.shown = append(p.shown, Shown{c, now})
	if len(p.shown) > MaxPast {
		p.shown = slices.Delete(p.shown, 0, 1)
	}
}

// Checkpoints returns what is remembered, the newest first: at most [MaxPast].
func (p *Past) Checkpoints() []Shown {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.shown)
	slices.Reverse(list)
	return list
}

// Cosigned returns the latest time, in POSIX seconds and by its own word, at which a
// witness of the policy had cosigned a tree that was public; false where it has not since
// the process began.
func (p *Past) Cosigned(k note.Key) (time int64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.witnesses, k)
	if i < 0 || p.cosigned[i] == 0 {
		return 0, false
	}
	return p.cosigned[i], true
}
