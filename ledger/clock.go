package ledger

import (
	"fmt"

	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
)

// A ClockError says that the ledger's clock is more than [rules.Skew] seconds behind
// its last entry, or behind the time at which witnesses had seen no later one, so that
// nothing is registered: it would seem to be of before.
type ClockError struct{ Now, Last int64 } // POSIX seconds

func (e *ClockError) Error() string {
	return fmt.Sprintf("the ledger's clock is behind: it is %s, the last tree is of %s",
		record.FormatTime(e.Now), record.FormatTime(e.Last))
}

// time returns the time of an entry after the one registered at last.
func (l *Log) time(last int64) (int64, error) {
	now := l.signer.clock().Unix()
	if err := ClockBehind(now, max(last, l.seen.Load())); err != nil {
		return 0, err
	}
	return max(now, last), nil
}

// ClockBehind returns the [*ClockError] of a ledger whose clock says now, where nothing is
// registered then after the last time; else nil. Both are POSIX seconds.
func ClockBehind(now, last int64) error {
	if last-now > rules.Skew {
		return &ClockError{Now: now, Last: last}
	}
	return nil
}

// Behind returns a [*ClockError] as long as the ledger's clock is so far behind what is published
// that nothing is registered; else nil, and where it is frozen.
func (l *Log) Behind() error {
	if l.frozen {
		return nil
	}
	_, err := l.time(l.View().LastTime())
	return err
}
