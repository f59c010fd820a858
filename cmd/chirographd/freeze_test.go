package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/store"
)

// unreadable is a terminal at which nobody types.
type unreadable struct{ typed chan struct{} }

func (u unreadable) Read([]byte) (int, error) {
	<-u.typed
	return 0, io.EOF
}

// freezeIn runs freeze without --name, and demands that nothing is frozen.
func freezeIn(t *testing.T, ctx context.Context, dir string) (stdout string, err error) {
	t.Helper()
	var out, talk bytes.Buffer
	nobody := unreadable{make(chan struct{})}
	t.Cleanup(func() { close(nobody.typed) })
	z := &freezing{freezeFlags{dir: dir}, 1_800_000_000, nobody, &out, &talk}
	err = z.freeze(ctx)
	key, err2 := readKey(dir)
	s, err3 := store.OpenReadOnly(store.Config{Dir: filepath.Join(dir, storeDir), Key: key})
	if err := errors.Join(err2, err3); err != nil {
		t.Fatal(err)
	}
	if s.Frozen() {
		t.Error("the ledger is frozen")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), err
}

func TestAFreezeThatIsInterruptedFreezesNothing(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out, err := freezeIn(t, ctx, dir); !errors.Is(err, errInterrupted) || out != "" {
		t.Errorf("while it reads: %q, %v", out, err)
	}
}

func TestAListThatCannotBeMadeToItsEndIsNotPrintedAndNothingIsFrozen(t *testing.T) {
	dir, policy := newLedger(t)
	grow(t, dir, "", revocations(t, policy.Logs[0].Key, 3)...)
	tamper(t, dir, func(key, value []byte) []byte {
		if key[0] != 'e' || key[8] != 1 {
			return nil
		}
		value[len(value)-1] ^= 1
		return value
	})
	out, err := freezeIn(t, t.Context(), dir)
	if out != "" || err == nil || !strings.HasPrefix(err.Error(), "nothing was frozen: ") || !strings.Contains(err.Error(), "entry 1") {
		t.Errorf("%q, %v", out, err)
	}
}
