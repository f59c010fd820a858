package check_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger/check"
	"github.com/chirograph/chirograph/ledger/store"
)

func TestAKeyThatNoLedgerHasIsFoundWhereverItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 300)[:40], 7, 1<<30)
	entry := func(index uint64) string { return string(entryKey(index)) }
	tile := ""
	for key := range w.dump(t, storeDir) {
		if key[0] == 't' {
			tile = key
		}
	}
	for _, key := range []string{
		"", "b", "e", "f", "g", "kept", "note", "t", "zzz", "\x00", "\xff",
		entry(0) + "x", entry(20) + "x", entry(39) + "x", entry(2)[:8], entry(40), entry(1<<64 - 1), tile + "\x00\x00\x01",
	} {
		c := w.clone(t)
		c.tamper(t, map[string][]byte{key: bytes.Repeat([]byte{1}, tlog.HashSize)})
		if r := c.check(t); !strings.Contains(findings(r), "no ledger of 40 entries has it") ||
			len(r.Findings) != 1 && !strings.HasPrefix(key, tile) { // that is in the way of a tile too
			t.Errorf("%q: found\n%s", key, findings(r))
		}
	}
}

func TestACheckEndsWhereTheHeadIsOfLessThanThereIs(t *testing.T) {
	t.Parallel()
	entries := history(t, 1003, 300)[:10]
	w := newWorld(t, entries, 3, 1<<30)
	empty := signs(tlog.Checkpoint{Origin: w.store().Key.Name(), Root: tlog.EmptyRoot()})
	w.tamper(t, map[string][]byte{"head": append([]byte("0\n"), empty.Bytes()...)})
	if r := w.check(t); !strings.Contains(findings(r), "no ledger of 0 entries has it") {
		t.Errorf("found\n%s", findings(r))
	}
	raw, err := store.OpenRaw(w.store())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	found := 0
	err = raw.Strangers(ctx, 0, func([]byte) error { found++; cancel(); return nil })
	if !errors.Is(err, context.Canceled) || found != 1 {
		t.Errorf("it goes on to %d strangers after it was ended: %v", found, err)
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestALineOfTheLedgersKeyThatDoesNotVerifyIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, history(t, 1003, 300)[:40], 7, 14)
	for _, name := range []string{"head", "published"} {
		value := w.piece(t, name)
		line := value[strings.LastIndex(value[:len(value)-1], "\n")+1:]
		at := len(line) - 20
		other := byte('A')
		if line[at] == other {
			other = 'B'
		}
		c := w.clone(t)
		c.tamper(t, map[string][]byte{name: []byte(value + line[:at] + string(other) + line[at+1:])})
		known := c.known(t)
		r, err := check.Run(t.Context(), check.Config{Store: c.store(), Known: known, State: stateDir})
		if err != nil || !strings.Contains(findings(r), "signature line 2 is of the ledger's key, and does not verify") {
			t.Errorf("%s: %v, found\n%s", name, err, findings(r))
		}
	}
}
