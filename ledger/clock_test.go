package ledger_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestTimesNeverDecreaseAndAClockThatIsFarBehindRegistersNothing(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	w.clock.unix.Store(epoch + 1000)
	w.append(t, unchecked(t, 0))
	for _, c := range []struct{ now, want int64 }{
		{epoch + 999, epoch + 1000},
		{epoch + 1000 - rules.Skew, epoch + 1000},
		{epoch + 1001, epoch + 1001},
	} {
		w.clock.unix.Store(c.now)
		if reg := w.append(t, unchecked(t, uint64(c.now)))[0]; reg.Registered != c.want {
			t.Errorf("at %d: registered at %d, not %d", c.now, reg.Registered, c.want)
		}
	}
	size := w.log.View().Size()
	if err := w.log.Behind(); err != nil {
		t.Error(err)
	}
	w.clock.unix.Store(epoch + 1001 - rules.Skew - 1)
	for range 2 {
		if err, want := w.log.Behind(), ledger.ClockBehind(epoch+1001-rules.Skew-1, epoch+1001); want == nil || err == nil || err.Error() != want.Error() {
			t.Errorf("it is told %v, not %v", err, want)
		}
		_, err := w.log.Append(t.Context(), unchecked(t, 1))
		var behind *ledger.ClockError
		if !errors.As(err, &behind) || behind.Now != epoch+1001-rules.Skew-1 || behind.Last != epoch+1001 {
			t.Errorf("with a clock that is 301 s behind: %v", err)
		}
		for _, unix := range []int64{epoch + 1001 - rules.Skew - 1, epoch + 1001} {
			if !strings.Contains(err.Error(), record.FormatTime(unix)) {
				t.Errorf("%q does not name %s", err, record.FormatTime(unix))
			}
		}
		w.close(t)
		w.mustOpen(t) // it forgets nothing
	}
	if reg, err := w.log.Append(t.Context(), unchecked(t, 0)); err != nil || reg.New {
		t.Errorf("what is registered: %+v, %v", reg, err)
	}
	if got := w.log.View().Size(); got != size {
		t.Errorf("the log has %d entries, not %d", got, size)
	}
	checkLog(t, w.log.View())
	w.close(t)
}
