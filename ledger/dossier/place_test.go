package dossier

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/crypto/note"
	"github.com/chirograph/chirograph/ledger/record"
)

// replacing returns a contract that takes the place of another, under a frame or none.
func replacing(t testing.TB, nonce byte, old *record.Record, under record.ID) *record.Record {
	text := contractText(t, nonce)
	if old != nil {
		text.Replaces, text.Former = old.ID(), old.Text().Parties
	}
	text.Under = under
	return newRecord(t, text)
}

func TestADraftTakesNobodysPlace(t *testing.T) {
	frame := signed(t, newRecord(t, contractText(t, 1)), testParties...)
	sub := signed(t, replacing(t, 2, nil, frame.ID()), testParties...)
	amendment := replacing(t, 3, sub, frame.ID())
	second := replacing(t, 4, amendment, record.ID{})
	stranger := func(of *record.Record) *record.Record {
		text := contractText(t, 9)
		text.Parties = []record.Party{
			{Role: "buyer", Threshold: 1, Keys: []note.Key{testVerifier(t, "mallory.example")}},
			{Role: "maker", Threshold: 1, Keys: []note.Key{testVerifier(t, "eve.example")}},
		}
		text.Under = of.ID()
		return newRecord(t, text)
	}
	for _, c := range []struct {
		name       string
		registered []*record.Record
		drafts     []*record.Record
		contract   *record.Record
		inPlace    *record.Record
	}{
		{"a draft alone", nil, []*record.Record{frame}, frame, nil},
		{"one contract", []*record.Record{frame}, nil, frame, frame},
		{"a subcontract", []*record.Record{frame, sub}, nil, sub, sub},
		{"a draft of one", []*record.Record{frame}, []*record.Record{sub}, sub, frame},
		{"an amendment", []*record.Record{frame, sub}, []*record.Record{amendment}, amendment, sub},
		{"an amendment of a draft", []*record.Record{frame, sub}, []*record.Record{amendment, second}, second, sub},
		{"drafts on drafts", nil, []*record.Record{sub, amendment, second}, second, nil},
		{"a stranger's", []*record.Record{frame}, []*record.Record{stranger(frame)}, stranger(frame), frame},
		{"a stranger's under an amendment", []*record.Record{sub}, []*record.Record{amendment, stranger(amendment)}, stranger(amendment), sub},
		{"a draft of which the old one is not there", nil, []*record.Record{amendment}, amendment, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := append(append([]*record.Record{}, c.registered...), c.drafts...)
			d := newDossier(t, c.contract)
			for _, r := range slices.Backward(all) { // each names the one before
				addRecord(t, d, r)
			}
			for i, r := range c.registered {
				addReceipt(t, d, receipt(t, r, uint64(i), 9, 0))
			}
			if got := d.Contract().ID(); got != c.contract.ID() {
				t.Errorf("its contract is %s, want %s", got, c.contract.ID())
			}
			got := d.InPlace()
			if (got == nil) != (c.inPlace == nil) || got != nil && got.ID() != c.inPlace.ID() {
				t.Errorf("in place is %v, want %v", got, c.inPlace)
			}
		})
	}
}

func TestOnlyDraftsAreDropped(t *testing.T) {
	d := testDossier(t)
	before := written(t, d)
	contract := d.Contract()
	var draft *record.Record
	for _, r := range d.Records() {
		if d.Receipt(r.ID()) == nil {
			draft = r
		}
	}
	for want, ids := range map[string][]record.ID{
		"contract " + contract.ID().String() + " is registered, and stays": {contract.ID()},
		"is registered, and stays":                     {draft.ID(), contract.ID()},
		"dossier has no record 01":                     {{1}},
		"dossier has no record " + draft.ID().String(): {draft.ID(), draft.ID()},
	} {
		if err := d.Drop(ids...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if !bytes.Equal(written(t, d), before) {
			t.Error("it changed")
		}
	}
	if err := d.Drop(draft.ID()); err != nil {
		t.Fatal(err)
	}
	if d.Record(draft.ID()) != nil || len(mustRead(t, written(t, d)).Records()) != 1 {
		t.Error("it is still there")
	}
	addRecord(t, d, draft)
	if !bytes.Equal(written(t, d), before) {
		t.Error("joined again it is not what it was")
	}

	// What stays, does not hang on what goes.
	alone := newDossier(t, contract)
	addRecord(t, alone, newRecord(t, statementText(t, contract.ID(), 7)))
	if err := alone.Drop(contract.ID()); err == nil {
		t.Error("the contract of a statement was dropped")
	}
}

func TestADroppedDraftTakesItsDocumentsAlong(t *testing.T) {
	old := signed(t, newRecord(t, contractText(t, 1)), testParties...)
	draft := replacing(t, 2, old, record.ID{})
	d := newDossier(t, old)
	addReceipt(t, d, receipt(t, old, 3, 5, 0))
	before := written(t, d)
	addRecord(t, d, draft)
	addDocument(t, d, draft.ID(), testTerms)
	addDocument(t, d, draft.ID(), testDrawing)
	if err := d.Drop(draft.ID()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, d), before) || d.Contract().ID() != old.ID() {
		t.Error("something is left of it")
	}
}

func TestManyReceiptsAreAddedAsOneByOne(t *testing.T) {
	contract := signed(t, newRecord(t, contractText(t, 1)), testParties...)
	receipts := [][]byte{receipt(t, contract, 0, 5, 0), receipt(t, contract, 0, 9, 1), receipt(t, contract, 0, 7, 0)}
	for n := range byte(5) {
		statement := signed(t, newRecord(t, statementText(t, contract.ID(), n)), "bob.example")
		receipts = append(receipts, receipt(t, statement, uint64(n)+1, 9, 0))
	}
	one, many := newDossier(t, contract), newDossier(t, contract)
	for _, b := range receipts {
		addReceipt(t, one, b)
	}
	if err := many.AddReceipts(receipts); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written(t, one), written(t, many)) {
		t.Error("they differ")
	}
	// All or none.
	before := written(t, many)
	other := signed(t, newRecord(t, statementText(t, contract.ID(), 8)), "bob.example")
	for name, bad := range map[string][]byte{
		"no receipt":             []byte("no receipt"),
		"of another entry":       receipt(t, contract, 1, 9, 0),
		"under another contract": receipt(t, signed(t, newRecord(t, statementText(t, record.ID{1}, 9)), "bob.example"), 8, 9, 0),
	} {
		if err := many.AddReceipts([][]byte{receipt(t, other, 7, 9, 0), bad}); err == nil || !bytes.Equal(written(t, many), before) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReceiptsThatProveNothingAreTakenOut(t *testing.T) {
	contract := signed(t, newRecord(t, contractText(t, 1)), testParties...)
	first, newest := receipt(t, contract, 0, 5, 0), receipt(t, contract, 0, 9, 0)
	for _, c := range []struct {
		name string
		keep [][]byte
	}{
		{"both", [][]byte{first, newest}}, {"the first", [][]byte{first}}, {"the newest", [][]byte{newest}}, {"neither", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, want := newDossier(t, contract), newDossier(t, contract)
			if err := d.AddReceipts([][]byte{first, newest}); err != nil {
				t.Fatal(err)
			}
			if err := want.AddReceipts(c.keep); err != nil {
				t.Fatal(err)
			}
			err := d.KeepReceipts(func(r *Receipt) bool {
				for _, b := range c.keep {
					if bytes.Equal(b, r.Bytes()) {
						return true
					}
				}
				return false
			})
			if err != nil || !bytes.Equal(written(t, d), written(t, want)) {
				t.Errorf("%v, or another dossier", err)
			}
		})
	}
}

func TestRoomIsWhatMayStillBeAdded(t *testing.T) {
	d := testDossier(t)
	records, held := d.Room()
	if records != MaxRecords-2 {
		t.Errorf("room for %d records, want %d", records, MaxRecords-2)
	}
	more := receipt(t, signed(t, newRecord(t, statementText(t, d.Contract().ID(), 5)), "bob.example"), 6, 9, 0)
	addReceipt(t, d, more)
	r, err := parseReceipt(more)
	if err != nil {
		t.Fatal(err)
	}
	now, left := d.Room()
	if now != records-1 || left != held-int64(len(more)+len(r.Entry.Record)) {
		t.Errorf("room for %d records and %d bytes after %d and %d", now, left, records, held)
	}
}
