package ledger

import (
	"errors"
	"fmt"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/store"
	"github.com/chirograph/chirograph/verify"
)

// Snapshot makes a copy of the store in a directory of its own, as [store.Store.Snapshot]
// does, between two batches: all that is in it has a checkpoint that the guard
// has, which is returned, so that nothing is in a backup that did not leave the ledger.
// Records wait meanwhile: for links and the log of writes, and not for the entries; where
// there are no links, the error is [store.ErrNoLinks].
func (l *Log) Snapshot() (dir string, checkpoint tlog.SignedCheckpoint, err error) {
	l.leaving.Lock()
	defer l.leaving.Unlock()
	head := l.store.Head().Checkpoint
	if head.Checkpoint != l.left {
		return "", head, fmt.Errorf("the tree of %d entries is not in the guard yet, which has %d", head.Size, l.left.Size)
	}
	dir, err = l.store.SnapshotLinked()
	if errors.Is(err, store.ErrNoLinks) {
		err = fmt.Errorf("%w; it would have to be copied, and no record be registered meanwhile: stop the ledger for the time of the backup, or have its store on a file system with links", err)
	}
	return dir, head, err
}

// NewView returns the log that a store has at a head, of which the caller says that it
// is public: a store that no Log writes, a copy of another's. The policy is the one by
// which receipts are checked before they leave.
func NewView(s *store.Store, head store.Head, policy *verify.Policy) *View {
	return newView(s, head, policy)
}
