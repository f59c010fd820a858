package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/ledger/objects"
)

// ErrNoLog says that a new node was started with a bucket that has nothing for it.
var ErrNoLog = errors.New("this node has no entries yet, and the bucket has no log for it")

// Belongs returns ErrNoLog where a bucket has no log for a ledger's new node, or that of another
// ledger, and else why nobody knows.
func Belongs(ctx context.Context, r *objects.Register) error {
	_, _, err := r.Peek(ctx)
	return forNew(err)
}

// forNew says of a head that could not be read what that is to a new node.
func forNew(err error) error {
	switch {
	case errors.Is(err, objects.ErrAbsent):
		return fmt.Errorf("%w: %w: name the bucket that the other nodes have, or put the log there by chirographd migrate", ErrNoLog, err)
	case errors.Is(err, objects.ErrOther):
		return fmt.Errorf("%w: %w: name the bucket of this ledger, and give the node the files of this ledger's other nodes", ErrNoLog, err)
	}
	return err
}

// belongs returns ErrNoLog where a node that has nothing to show was started with the wrong bucket,
// or the wrong key. One that has entries goes on to show them, and one whose bucket does not answer
// waits for it.
func (n *Node) belongs(ctx context.Context) error {
	if n.known.Load() > 0 {
		return nil
	}
	_, err := n.peek(ctx)
	if err = forNew(err); errors.Is(err, ErrNoLog) {
		return err
	}
	return nil
}
