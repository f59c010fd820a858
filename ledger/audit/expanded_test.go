package audit

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/chirograph/chirograph/crypto/expanded"
	"github.com/chirograph/chirograph/ledger/record"
	"github.com/chirograph/chirograph/ledger/rules"
	"github.com/chirograph/chirograph/verify"
)

// An entry is the same to an audit as to whoever verifies offline, whatever was done to
// it: nobody is accused, and nobody acquitted, because a key was expanded.
func TestExpandedKeysOpenEntriesAsTheStandardLibraryDoes(t *testing.T) {
	const seed = 11
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	l, refused := history(t, seed, 200)
	entries := l.Entries
	for _, a := range refused {
		entries = append(entries, record.Entry{Registered: a.time, Record: a.raw}.Bytes())
	}
	keys := expanded.New()
	faults := 0
	for range 3 { // new keys, met ones, expanded ones
		for _, e := range entries {
			changed := bytes.Clone(e)
			for range random.IntN(2) {
				changed[random.IntN(len(changed))] ^= 1 << random.IntN(8)
			}
			got, want := verify.OpenEntryBy(changed, keys.ParsePublicKey, keys.Verify), verify.OpenEntry(changed)
			state := new(rules.Memory)
			gotErr, wantErr := got.Admit(state, home.Key), want.Admit(state, home.Key)
			if got.ID() != want.ID() || got.Registered != want.Registered || (got.Record == nil) != (want.Record == nil) ||
				(gotErr == nil) != (wantErr == nil) || gotErr != nil && gotErr.Error() != wantErr.Error() {
				t.Fatalf("%v, by the standard library %v:\n%s", gotErr, wantErr, changed)
			}
			if want.Record == nil {
				faults++
			}
		}
	}
	if faults == 0 || faults == 3*len(entries) {
		t.Errorf("%d of %d entries have faults", faults, 3*len(entries))
	}
}
