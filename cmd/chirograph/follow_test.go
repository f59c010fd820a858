package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chirograph/chirograph/ledger/client"
	"github.com/chirograph/chirograph/ledger/dossier"
	"github.com/chirograph/chirograph/ledger/record"
)

// Between any two requests the ledger publishes.
func TestAnUpdateEndsWhateverTheLedgerPublishes(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	held, all := []*client.Receipt{receipt}, []*record.Record{contract}
	const statements = 12
	for range statements {
		r, receipt := s.register(s.statementText(contract, "delivery"), "ann.example")
		held, all = append(held, receipt), append(all, r)
	}
	path := s.save(contract, held...)
	s.publish()
	for range 3 {
		s.requests.Store(0)
		s.wants(exitYes, "update", path)
		// A receipt each, a tile or two, and the pages of the contract and its two keys.
		if n := s.requests.Load(); n > statements+20 {
			t.Errorf("%d requests for %d receipts", n, len(all))
		}
		s.holds(path, all...)
	}
	s.wants(exitYes, "status", path)
}

func TestASubmissionEndsWhateverTheLedgerPublishes(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	one, two := s.sign(s.statementText(contract, "delivery"), "ann.example"), s.sign(s.statementText(contract, "payment"), "ann.example")
	path := s.save(contract, receipt)
	d := s.open(path)
	s.must(d.AddRecord(one))
	s.must(d.AddRecord(two))
	path = s.saveAs(d)
	s.publish()
	s.wants(exitYes, "submit", path)
	s.holds(path, contract, one, two)
}

// What was registered is kept, whatever can't be asked after it, and stands in the way
// of nothing.
func TestWhatWasRegisteredIsKeptWhateverFails(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	good, more := s.sign(s.statementText(contract, "delivery"), "ann.example"), s.sign(s.statementText(contract, "payment"), "ann.example")
	path := s.save(contract, receipt)
	d := s.open(path)
	s.must(d.AddRecord(good))
	s.must(d.AddRecord(more))
	path = s.saveAs(d)
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if strings.HasPrefix(q.URL.Path, "/tile/") {
			return http.StatusNotFound, nil
		}
		return 0, nil
	}
	s.wants(exitUnasked, "submit", path)
	s.says("the receipts are kept, and whether the ledger shows one history was not found out")
	s.holds(path, contract, good, more)
	s.wants(exitUnasked, "update", path)
	s.change = nil
	s.wants(exitYes, "update", path)

	// One answer is lost; the next record is sent all the same.
	third, fourth := s.sign(s.statementText(contract, "cost"), "ann.example"), s.sign(s.statementText(contract, "return"), "ann.example")
	d = s.open(path)
	s.must(d.AddRecord(third))
	s.must(d.AddRecord(fourth))
	path = s.saveAs(d)
	lost := false
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if q.Method != http.MethodPost || lost {
			return 0, nil
		}
		lost = true
		return http.StatusCreated, []byte("no receipt\n")
	}
	s.wants(exitUnasked, "submit", path)
	if d := s.open(path); (d.Receipt(third.ID()) == nil) == (d.Receipt(fourth.ID()) == nil) {
		t.Error("not one of two is kept")
	}
	s.change = nil
	s.wants(exitYes, "submit", path)
	s.holds(path, contract, good, more, third, fourth)
}

// Tiles are nobody's word: those of another tree show no fork, and what is got under
// them is not put in.
func TestTilesOfAnotherTreeAccuseNobody(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	s.register(s.statementText(contract, "delivery"), "ann.example")
	s.change = func(q *http.Request, body []byte) (int, []byte) {
		if strings.HasPrefix(q.URL.Path, "/tile/") {
			body[len(body)-1] ^= 1
		}
		return http.StatusOK, body
	}
	s.wants(exitUnasked, "update", path)
	s.says(errTiles.Error())
	s.holds(path, contract)
}

func TestATimeLineThatNeverEndsIsNotFollowed(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	one, _ := s.register(s.statementText(contract, "delivery"), "ann.example")
	held := s.save(contract, receipt)
	s.wants(exitYes, "update", held)
	s.holds(held, contract, one)
	for want, id := range map[string]func(n uint64) string{
		"twice under contract":              func(uint64) string { return one.ID().String() },
		"and says that it does not have it": func(n uint64) string { return fmt.Sprintf("%064x", n+1) },
	} {
		s.page("/contracts/", func(page map[string]any) {
			var after uint64
			fmt.Sscanf(page["asked"].(string), "after=%d", &after) // 0 where it is not there
			var events []any
			for n := after + 1; n <= after+256; n++ {
				events = append(events, map[string]any{"index": n, "id": id(n), "relation": "terminates"})
			}
			page["timeline"], page["next"], page["size"] = events, after+256, 1<<40
		})
		s.requests.Store(0)
		s.wants(exitUnasked, "update", held)
		s.says(want)
		if n := s.requests.Load(); n > 20 {
			t.Errorf("%d requests", n)
		}
	}
}

// full returns an update of a dossier that has room for n more records beside what is
// always left free.
func (s *stage) full(path string, n int) *updating {
	s.Helper()
	a := &app{stdin: strings.NewReader(""), stdout: &s.stdout, stderr: &s.stderr, now: func() time.Time { return s.now }, getenv: func(string) string { return "" }}
	c, err := client.New(client.Config{URL: s.front.URL, Policy: s.policy})
	s.must(err)
	u := a.newUpdating(path, s.open(path), c)
	s.must(u.renew(s.Context()))
	u.room = freeRecords + n
	return u
}

func TestAnEntryBeyondTheTreeIsNone(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	s.page("/contracts/", func(page map[string]any) {
		var after uint64
		fmt.Sscanf(page["asked"].(string), "after=%d", &after)
		var events []any
		for n := after + 1; n <= after+256; n++ {
			events = append(events, map[string]any{"index": n, "id": fmt.Sprintf("%064x", n), "relation": "states", "about": "notice"})
		}
		page["timeline"], page["next"], page["size"] = events, after+256, 1<<40
	})
	err := s.full(path, 0).follow(t.Context())
	if err == nil || !strings.HasSuffix(err.Error(), "names entry 1, and has signed a tree of 1") {
		t.Error(err)
	}
}

// Ann states things without end. What decides how the contract stands is fetched, and
// it is said how much else is not.
func TestOnePartyAloneCannotFillADossier(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	const flood = 6
	for range flood {
		s.register(s.statementText(contract, "notice"), "ann.example")
	}
	dispute, _ := s.register(s.statementText(contract, "dispute"), "ann.example")
	today := record.DateOf(s.now.Unix())
	end := s.text(record.Termination)
	end.Contract, end.Parties, end.Effective = contract.ID(), contract.Text().Parties, today+40
	ends, _ := s.register(end, "ann.example", "dan.example")
	revoked := s.text(record.Revocation)
	revoked.Key, revoked.Reason = testKey(t, "ann.example"), "lost"
	revocation, _ := s.register(revoked, "ann.example")

	s.stderr.Reset()
	u := s.full(path, 5)
	s.must(u.follow(t.Context()))
	for _, r := range []*record.Record{dispute, ends, revocation} {
		if u.dossier.Receipt(r.ID()) == nil {
			t.Errorf("%s is not there", r.Text().Kind)
		}
	}
	if n := len(u.dossier.Records()); n != 1+5 {
		t.Errorf("%d records, want 6", n)
	}
	s.says("4 records were left out: one file holds 4096, ")

	s.stderr.Reset()
	u = s.full(path, flood+3)
	s.must(u.follow(t.Context()))
	if n := len(u.dossier.Records()); n != 1+flood+3 || s.stderr.Len() > 0 {
		t.Errorf("%d records, want 10; %s", n, s.stderr.String())
	}
	// Nor by bytes.
	u = s.full(path, flood+3)
	u.bytes = freeBytes
	s.must(u.follow(t.Context()))
	if n := len(u.dossier.Records()); n != 1+3 {
		t.Errorf("%d records, want 4", n)
	}
	// Nor has anybody to ask for more than there is room for.
	u = s.full(path, flood+3)
	u.fetches = maxFetches
	s.must(u.follow(t.Context()))
	if n := len(u.dossier.Records()); n != 1+3 {
		t.Errorf("%d records, want 4", n)
	}
	if freeRecords*4 != dossier.MaxRecords || freeBytes*4 != dossier.MaxHeld {
		t.Error("a quarter is not left free")
	}
}

// The contract that took the place of one whose time line is full is found, and what is
// under it.
func TestWhatTookThePlaceIsFollowedFirst(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	for range 4 {
		s.register(s.statementText(contract, "notice"), "ann.example")
	}
	next, _ := s.register(s.amendmentText(contract, record.DateOf(s.now.Unix())+30), "ann.example", "dan.example")
	under, _ := s.register(s.statementText(next, "delivery"), "ann.example")
	u := s.full(path, 2)
	s.must(u.follow(t.Context()))
	for _, r := range []*record.Record{next, under} {
		if u.dossier.Receipt(r.ID()) == nil {
			t.Errorf("%s is not there", r.Text().Kind)
		}
	}
	if u.left != 4 {
		t.Errorf("%d are left out, want 4", u.left)
	}
}

func TestOnlyTheRevocationOfTheKeyIsTakenForIt(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	other := s.text(record.Revocation)
	other.Key, other.Reason = testKey(t, "eve.example"), "lost"
	stranger, _ := s.register(other, "eve.example")
	foreign, _ := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	signed := func(index int, id record.ID) map[string]any {
		return map[string]any{"index": index, "id": id.String(), "kind": "revocation", "registered": "2026-01-01T00:00:00Z", "name": "x"}
	}
	ann := testKey(t, "ann.example").Public()
	for _, c := range []struct {
		by      int
		records []any
		want    string
	}{
		{1, []any{signed(1, stranger.ID())}, "says that revocation " + stranger.ID().String() + " revokes key " + ann.Fingerprint() + ", and it does not"},
		{2, []any{signed(2, foreign.ID())}, "says that contract " + foreign.ID().String() + " revokes key"},
		{2, []any{signed(2, stranger.ID())}, "lists " + stranger.ID().String() + " as entry 2, by its receipt it is entry 1"},
		{2, []any{signed(3, stranger.ID())}, "says that entry 2 revokes key " + ann.Fingerprint() + ", and does not list it"},
		{2, []any{}, "and does not list it"},
		{0, []any{signed(0, contract.ID())}, "says that contract " + contract.ID().String() + " revokes key"},
		{1, []any{signed(1, record.ID{1})}, "and says that it does not have it"},
		{3, []any{signed(3, stranger.ID())}, "names entry 3, and has signed a tree of 3"},
	} {
		s.page("/keys/"+ann.String(), func(page map[string]any) {
			page["revoked_by"], page["records"], page["size"] = c.by, c.records, 1<<40
		})
		s.wants(exitUnasked, "update", path)
		s.says(c.want)
		s.holds(path, contract)
	}
	s.change = nil
	mine := s.text(record.Revocation)
	mine.Key, mine.Reason = testKey(t, "ann.example"), "lost"
	revocation, _ := s.register(mine, "ann.example")
	s.wants(exitYes, "update", path)
	s.holds(path, contract, revocation)
	s.wants(exitYes, "update", path)
}

func TestWhatIsListedIsWhatItsReceiptSays(t *testing.T) {
	s := newStage(t)
	contract, receipt := s.register(s.contractText(), "ann.example", "dan.example")
	one, _ := s.register(s.statementText(contract, "delivery"), "ann.example")
	foreign, _ := s.register(s.contractText(), "ann.example", "dan.example")
	path := s.save(contract, receipt)
	list := func(events ...any) {
		s.page("/contracts/", func(page map[string]any) { page["timeline"], page["size"] = events, 1<<40 })
	}
	event := func(index int, id record.ID) any {
		return map[string]any{"index": index, "id": id.String(), "relation": "states", "about": "delivery"}
	}
	ends := func(index int, id record.ID) any {
		return map[string]any{"index": index, "id": id.String(), "relation": "terminates"}
	}
	for _, c := range []struct {
		events []any
		want   string
	}{
		{[]any{event(2, one.ID())}, "lists " + one.ID().String() + " as entry 2, by its receipt it is entry 1"},
		{[]any{event(1, one.ID()), event(2, one.ID())}, "lists " + one.ID().String() + " twice under contract " + contract.ID().String()},
		{[]any{event(1, contract.ID())}, "lists " + contract.ID().String() + " as entry 1, by its receipt it is entry 0"},
		{[]any{event(2, foreign.ID())}, "says that contract " + foreign.ID().String() + " belongs to contract " + contract.ID().String() + ", and it does not"},
		{[]any{ends(1, one.ID())}, "lists statement " + one.ID().String() + " as what terminates contract " + contract.ID().String() + ", and it is what states it"},
		{[]any{event(9, record.ID{1})}, "and says that it does not have it"},
	} {
		list(c.events...)
		path := s.saveAs(s.open(path))
		s.wants(exitUnasked, "update", path)
		s.says(c.want)
	}
	s.change = nil
	s.wants(exitYes, "update", path)
	s.holds(path, contract, one)
}
