package ledger_test

import (
	"testing"

	"github.com/chirograph/chirograph/ledger"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func TestAPageOfNamesHasItsBound(t *testing.T) {
	w := newWorld(t, vfs.NewMem())
	for n := range uint64(ledger.MaxPage + 1) {
		if n == ledger.MaxPage {
			if list, more, err := w.log.View().Names("key", ledger.NamedKey{}, ledger.MaxPage+1); err != nil || len(list) != ledger.MaxPage || more {
				t.Errorf("at the bound: %d names, %v, %v", len(list), more, err)
			}
		}
		w.append(t, revocation(t, n))
	}
	for limit, want := range map[int]int{ledger.MaxPage + 1: ledger.MaxPage, ledger.MaxPage: ledger.MaxPage, 3: 3, 0: 0, -1: 0} {
		list, more, err := w.log.View().Names("key.example", ledger.NamedKey{}, limit)
		if err != nil || len(list) != want || !more {
			t.Errorf("%d asked for: %d names, %v, %v", limit, len(list), more, err)
		}
	}
	if list, more, err := w.log.View().Names("key.example0", ledger.NamedKey{}, 9); err != nil || len(list) != 0 || more {
		t.Errorf("of nobody: %d names, %v, %v", len(list), more, err)
	}
	w.close(t)
}
