package node

import (
	"context"
	"sync"
	"time"
)

// maxLooks is how often within one Poll a node that follows reads what is public because it
// was asked to, one look as long after the other as the next: what somebody registers is shown
// soon, and who sends many costs the bucket some requests a second.
const maxLooks = 20

// Look has a node that follows read what is public now, and not at the next Poll, since whoever
// calls knows that there is news. It returns when a look that began since has ended, or ctx
// has, or nothing comes of waiting: the node does not follow, or its last look failed.
func (n *Node) Look(ctx context.Context) {
	number := n.looks.next()
	select {
	case n.asked <- struct{}{}:
	default: // somebody asked just before
	}
	n.looks.wait(ctx, number)
}

// looks are those at what is public, as others wait for them.
type looks struct {
	mu     sync.Mutex
	begun  uint64
	ended  uint64
	well   bool          // the last one went well, and another comes
	change chan struct{} // closed at the next change; nil where nobody waits for it
}

// next returns the number of the look after all that have begun.
func (l *looks) next() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begun + 1
}

// wait waits for a look to end, until ctx does or none comes that goes well.
func (l *looks) wait(ctx context.Context, number uint64) {
	for {
		l.mu.Lock()
		if !l.well || l.ended >= number {
			l.mu.Unlock()
			return
		}
		if l.change == nil {
			l.change = make(chan struct{})
		}
		change := l.change
		l.mu.Unlock()
		select {
		case <-change:
		case <-ctx.Done():
			return
		}
	}
}

func (l *looks) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
}

// end says that all looks that have begun are over, and whether another comes that may go well.
func (l *looks) end(well bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended, l.well = l.begun, well
	if l.change != nil {
		close(l.change)
		l.change = nil
	}
}

// A pace lets through what Look sends, one look some time after the other.
type pace struct {
	asked  <-chan struct{} // nil while it is too soon
	rested *time.Timer
}

// wanted returns what Look sends to, nil for never: while it is too soon, and while the node rests
// after a look that failed.
func (n *Node) wanted(p pace) <-chan struct{} {
	if n.turns.rest > 0 {
		return nil
	}
	return p.asked
}
