package ledgertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/chirograph/chirograph/ledger"
)

// Who says that a record may be registered does not lie if it is.
func TestOnlyWhoSaysThatARecordIsNotTakenIsHeldToIt(t *testing.T) {
	for _, test := range []struct {
		err            error
		denied, unsure bool
		goes           bool
	}{
		{fmt.Errorf("%w: no answer", ledger.ErrUnconfirmed), false, true, true},
		{fmt.Errorf("%w: a write failed", ledger.ErrStopped), false, true, false},
		{errors.Join(ledger.ErrStopped, ledger.ErrUnconfirmed), false, true, false},
		{ledger.ErrBusy, true, false, true},
	} {
		l := newLife(&Faulted{Writes: func() int { return 1 }, Cut: func() bool { return false }}, point{number: 1})
		l.t = t
		r := l.first[0]
		goes := l.answered(r, ledger.Registration{}, test.err)
		if denied := l.denied[r.ID()] != nil; denied != test.denied || l.unsure[r.ID()] != test.unsure || goes != test.goes {
			t.Errorf("%v: denied %t, unsure %t, goes on %t", test.err, denied, l.unsure[r.ID()], goes)
		}
	}
}
