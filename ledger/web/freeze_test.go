package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/crypto/tlog"
	"github.com/chirograph/chirograph/ledger"
)

// newFrozen makes a ledger that was frozen when it had contract 0.
func newFrozen(t *testing.T) *world {
	t.Helper()
	return newWorld(t, func(cfg *ledger.Config) {
		b := cfg.Store.NewBatch()
		must(b.Append(epoch, contract(0)))
		c := must(b.Checkpoint())
		n := note.Note{Text: c.Text(), Signatures: []note.Signature{home.Signature(must(home.sign(c.Text())))}}
		if err := b.Commit(tlog.SignedCheckpoint{Checkpoint: c, Note: n}); err != nil {
			t.Fatal(err)
		}
		if err := cfg.Store.Freeze(); err != nil {
			t.Fatal(err)
		}
	}, "ledger", vfs.NewMem())
}

func TestAFrozenLedgerRefusesWhatIsNewAndAnswersAllElse(t *testing.T) {
	w := newFrozen(t)
	const says = "the ledger is frozen for good: it registers nothing any more"
	wantProblemOf(t, frozen, w.post(contract(1).Bytes()), http.StatusForbidden, "", says)
	// No signature is looked at for it, and no rate is asked.
	forged := strings.Replace(string(contract(2).Bytes()), "terms.txt", "terme.txt", 1)
	wantProblemOf(t, frozen, w.post([]byte(forged)), http.StatusForbidden, "", says)
	wantProblem(t, w.post([]byte("no record")), http.StatusBadRequest, "form", "")

	if resp := w.post(contract(0).Bytes()); resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(read(t, resp)), "c2sp.org/tlog-proof@v1\n") {
		t.Errorf("what is registered: %s", resp.Status)
	}
	id := contract(0).ID().String()
	for _, path := range []string{"/", "/readyz", "/healthz", "/checkpoint", "/policy", "/records/" + id, "/records/" + id + "/receipt", "/contracts/" + id, "/consistency/0"} {
		if resp := w.get("GET", path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	w.unix.Store(epoch - 1000) // of which nothing depends any more
	if reason := w.h.Unready(); reason != "" {
		t.Errorf("not ready by %q", reason)
	}
	w.unix.Store(epoch)
}

func TestAFrozenLedgerSaysSoToWhoeverReadsItsText(t *testing.T) {
	const says = "It is frozen for good: it registers nothing any more.\n"
	if b := string(read(t, newFrozen(t).get("GET", "/"))); !strings.HasSuffix(b, "\n1 records are registered.\n"+says) {
		t.Error(b)
	}
	if b := string(read(t, open(t).get("GET", "/"))); strings.Contains(b, "frozen") {
		t.Error(b)
	}
}

func TestAFrozenLedgerAnswersEachRecordOfAStream(t *testing.T) {
	w := newFrozen(t)
	s := w.stream(t, "192.0.2.1:1", "")
	go func() {
		s.send(contract(1).Bytes(), contract(0).Bytes(), contract(2).Bytes())
		s.end()
	}()
	for i, want := range []struct {
		status int
		typ    string
	}{{http.StatusForbidden, frozen}, {http.StatusOK, ""}, {http.StatusForbidden, frozen}} {
		l, ok := s.next()
		if id := contract([]uint64{1, 0, 2}[i]).ID().String(); !ok || l.Status != want.status || l.Type != want.typ || l.ID != id {
			t.Errorf("line %d: %+v, want %d %s of %s", i, l, want.status, want.typ, id)
		}
	}
	if l, ok := s.next(); ok {
		t.Errorf("one more line: %+v", l)
	}
}

// Who looks at a contract, a record or a key, and never at the home page, is told too: by
// the page and by the JSON. Of a ledger that is not frozen neither says anything.
func TestEveryPageOfAFrozenLedgerOnWhichSomebodyWouldActSaysSo(t *testing.T) {
	id, key := contract(0).ID().String(), "/keys/"+maker.Public().String()
	for _, test := range []struct{ html, json, says string }{
		{"/", "/index.json", "This ledger registers nothing any more."},
		{"/contracts/" + id, "/contracts/" + id + ".json", "nothing of this contract can be amended, ended, stated or resolved here"},
		{"/records/" + id, "/records/" + id + ".json", "nothing here can answer this record, change it or end it"},
		{key, key + ".json", "nothing that this key signs, and no revocation of it"},
	} {
		frozen, open := newFrozen(t), open(t).add(contract(0))
		for w, want := range map[*world]bool{frozen: true, open: false} {
			b := string(read(t, w.ask(test.html)))
			if strings.Contains(b, test.says) != want || strings.Contains(strings.ToLower(b), "frozen") != want {
				t.Errorf("%s, frozen %v: %s", test.html, want, b)
			}
			var said struct {
				Frozen *bool `json:"frozen"`
			}
			b = string(read(t, w.get("GET", test.json)))
			if err := json.Unmarshal([]byte(b), &said); err != nil || (said.Frozen != nil) != want || want && !*said.Frozen {
				t.Errorf("%s, frozen %v: %v %s", test.json, want, err, b)
			}
		}
	}
}
