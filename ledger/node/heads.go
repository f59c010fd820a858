package node

import (
	"sync/atomic"

	"github.com/chirograph/chirograph/crypto/tlog"
)

// heads are those that a node read, as far as something follows from one for those after it.
type heads struct {
	freezes atomic.Pointer[tlog.Checkpoint] // of the first that was frozen, until the guard has it; nil for none
}
