package dossier

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

func TestDossierSaysWhatWasPutIn(t *testing.T) {
	for _, d := range []*Dossier{testDossier(t), mustRead(t, written(t, testDossier(t)))} {
		contract := newRecord(t, contractText(t, 1))
		id := contract.ID()
		if d.Contract().ID() != id || d.Record(id).ID() != id {
			t.Errorf("contract is %s, want %s", d.Contract().ID(), id)
		}
		if string(d.Policy()) != testPolicy {
			t.Errorf("policy is %q", d.Policy())
		}
		records := d.Records()
		if len(records) != 2 || records[0].ID().String() >= records[1].ID().String() {
			t.Errorf("records are %v", records)
		}
		full := signed(t, contract, testParties...)
		if !bytes.Equal(d.Record(id).Bytes(), full.Bytes()) {
			t.Error("the contract is not in its registered form")
		}
		if newest := d.Receipt(id); !bytes.Equal(newest.Bytes(), receipt(t, full, 3, 9, 1)) || newest.Proof.Index != 3 || newest.Entry.Registered != testTime+60 {
			t.Errorf("receipt is %s", newest.Bytes())
		}
		if first := d.FirstReceipt(id); !bytes.Equal(first.Bytes(), receipt(t, full, 3, 5, 0)) {
			t.Errorf("first receipt is %s", first.Bytes())
		}
		if salt := d.Salt(id, testTerms.name); !bytes.Equal(salt, testTerms.salt) || d.Salt(id, testDrawing.name) != nil {
			t.Errorf("salt is %x", salt)
		}
		source, size, ok := d.Document(id, testDrawing.name)
		if !ok || size != int64(len(testDrawing.data)) {
			t.Fatalf("drawing: %d bytes, %v", size, ok)
		}
		if data := readAll(t, source); !bytes.Equal(data, testDrawing.data) {
			t.Errorf("drawing reads %q", data)
		}
		none := record.ID{1}
		if _, _, ok := d.Document(none, testDrawing.name); ok || d.Record(none) != nil || d.Receipt(none) != nil || d.FirstReceipt(none) != nil || d.Salt(none, "x") != nil {
			t.Error("there is something of a record that is not there")
		}
	}
}

func readAll(t testing.TB, source Source) []byte {
	t.Helper()
	in, err := source()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(in); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsReadIsWrittenAgain(t *testing.T) {
	for name, d := range map[string]*Dossier{
		"whole": testDossier(t), "least": newDossier(t, newRecord(t, contractText(t, 1))),
	} {
		b := written(t, d)
		if again := written(t, mustRead(t, b)); !bytes.Equal(again, b) {
			t.Errorf("%s: %d bytes become %d others", name, len(b), len(again))
		}
	}
}

func amendment(t testing.TB, of *record.Record, nonce byte) *record.Record {
	text := contractText(t, nonce)
	text.Replaces, text.Former = of.ID(), of.Text().Parties
	return newRecord(t, text)
}

func callOff(t testing.TB, under *record.Record, nonce byte) *record.Record {
	text := contractText(t, nonce)
	text.Under = under.ID()
	return newRecord(t, text)
}

func TestContractIsTheOneThatNoOtherReplacesOrIsUnder(t *testing.T) {
	first := newRecord(t, contractText(t, 1))
	second := amendment(t, first, 2)
	third := amendment(t, second, 3)
	frame := newRecord(t, contractText(t, 4))
	sub := callOff(t, frame, 5)
	stranger := newRecord(t, contractText(t, 6))
	for _, c := range []struct {
		name    string
		records []*record.Record
		want    *record.Record // nil: refused
	}{
		{"alone", []*record.Record{first}, first},
		{"amended", []*record.Record{first, second}, second},
		{"amended twice", []*record.Record{first, second, third}, third},
		{"amended, what it replaces is not there", []*record.Record{third}, third},
		{"subcontract with its frame", []*record.Record{frame, sub}, sub},
		{"two strangers", []*record.Record{first, stranger}, nil},
		{"two amendments", []*record.Record{first, second, amendment(t, first, 7)}, nil},
		{"an amendment too far", []*record.Record{first, third}, nil},
	} {
		for range 2 {
			d, err := New(c.records[0], []byte(testPolicy))
			for _, r := range c.records[1:] {
				if err == nil {
					err = d.AddRecord(r)
				}
			}
			switch {
			case c.want == nil && (err == nil || !strings.Contains(err.Error(), "2 contracts that no other")):
				t.Errorf("%s: %v", c.name, err)
			case c.want != nil && err != nil:
				t.Errorf("%s: %v", c.name, err)
			case c.want != nil && d.Contract() != c.want:
				t.Errorf("%s: contract is %s, want %s", c.name, d.Contract().ID(), c.want.ID())
			}
			if c.want == nil {
				break
			}
			if again := mustRead(t, written(t, d)); again.Contract().ID() != c.want.ID() {
				t.Errorf("%s: contract read is %s, want %s", c.name, again.Contract().ID(), c.want.ID())
			}
			slices.Reverse(c.records)
			if c.name == "amended twice" {
				break // from the last to the first there is a gap in between
			}
		}
	}
}

func TestContractsThatAreTooManyAreNamed(t *testing.T) {
	d := newDossier(t, newRecord(t, contractText(t, 1)))
	for n := range byte(5) {
		r := newRecord(t, contractText(t, 10+n))
		d.edit(r.ID()).record = r
	}
	err := d.check()
	if err == nil || !strings.Contains(err.Error(), "6 contracts") || !strings.HasSuffix(err.Error(), ", …") || strings.Count(err.Error(), ",") != 5 {
		t.Errorf("error is %v", err)
	}
}

func TestNewRefusesWhatIsNoDossier(t *testing.T) {
	if _, err := New(newRecord(t, statementText(t, record.ID{1}, 1)), []byte(testPolicy)); err == nil {
		t.Error("a statement alone is taken for a dossier")
	}
	if _, err := New(newRecord(t, contractText(t, 1)), nil); err == nil {
		t.Error("a dossier without policy is taken")
	}
}

func TestRefusedOperationChangesNothing(t *testing.T) {
	d := testDossier(t)
	before := written(t, d)
	id := d.Contract().ID()
	full := d.Record(id)
	lost := statementText(t, record.ID{9}, 9)
	for name, c := range map[string]struct {
		sentence string
		do       func() error
	}{
		"stranger":             {"2 contracts", func() error { return d.AddRecord(newRecord(t, contractText(t, 8))) }},
		"statement elsewhere":  {"which the dossier does not have", func() error { return d.AddRecord(newRecord(t, lost)) }},
		"policy":               {"empty", func() error { return d.SetPolicy(nil) }},
		"no receipt":           {"receipt: proof", func() error { _, err := d.AddReceipt([]byte("x")); return err }},
		"receipt of no entry":  {"receipt: entry", func() error { _, err := d.AddReceipt(receiptAt(t, nil, -1, 3, 5, 0)); return err }},
		"receipt of no record": {"receipt: note", func() error { _, err := d.AddReceipt(receiptAt(t, []byte("x\n"), 1, 3, 5, 0)); return err }},
		"receipt of a draft": {"no signature line", func() error {
			_, err := d.AddReceipt(receipt(t, newRecord(t, contractText(t, 1)), 3, 5, 0))
			return err
		}},
		"receipt of a stranger": {"2 contracts", func() error {
			_, err := d.AddReceipt(receipt(t, signed(t, newRecord(t, contractText(t, 8)), testParties...), 4, 5, 0))
			return err
		}},
		"another index": {"entry 3 and entry 4", func() error { _, err := d.AddReceipt(receipt(t, full, 4, 50, 0)); return err }},
		"another time": {"registered at", func() error {
			_, err := d.AddReceipt(receiptAt(t, full.Bytes(), testTime, 3, 50, 0))
			return err
		}},
		"another form": {"other signature lines", func() error {
			_, err := d.AddReceipt(receipt(t, signed(t, newRecord(t, contractText(t, 1)), testParties[:2]...), 3, 50, 0))
			return err
		}},
		"join a stranger": {"2 contracts", func() error { return d.Join(newDossier(t, newRecord(t, contractText(t, 8)))) }},
	} {
		if err := c.do(); err == nil || !strings.Contains(err.Error(), c.sentence) {
			t.Errorf("%s: error is %v, want %q in it", name, err, c.sentence)
		}
		if !bytes.Equal(written(t, d), before) {
			t.Fatalf("%s: the dossier has changed", name)
		}
	}
}

func TestRegisteredFormWinsOverDrafts(t *testing.T) {
	contract := newRecord(t, contractText(t, 1))
	id := contract.ID()
	registered := signed(t, contract, "bob.example", "mia.example", "max.example")
	draft := signed(t, contract, "bob.example")
	for _, other := range []*record.Record{contract, draft} {
		d := newDossier(t, other)
		if got, err := d.AddReceipt(receipt(t, registered, 3, 5, 0)); err != nil || got != id {
			t.Fatalf("%s, %v", got, err)
		}
		addRecord(t, d, other)
		if !bytes.Equal(d.Record(id).Bytes(), registered.Bytes()) {
			t.Error("a draft has taken the place of the registered form")
		}
		without := newDossier(t, other)
		if err := without.Join(d); err != nil || !bytes.Equal(written(t, without), written(t, d)) {
			t.Errorf("draft joined with the registered form: %v", err)
		}
		if err := d.Join(newDossier(t, other)); err != nil || !bytes.Equal(d.Record(id).Bytes(), registered.Bytes()) {
			t.Errorf("registered form joined with a draft: %v", err)
		}
	}
}

func TestDraftsUniteTheirSignatures(t *testing.T) {
	contract := newRecord(t, contractText(t, 1))
	d := newDossier(t, signed(t, contract, "max.example"))
	addRecord(t, d, signed(t, contract, "bob.example"))
	if err := d.Join(newDossier(t, signed(t, contract, "mia.example"))); err != nil {
		t.Fatal(err)
	}
	if !d.Contract().Complete() || !bytes.Equal(d.Contract().Bytes(), signed(t, contract, testParties...).Bytes()) {
		t.Errorf("signed by %v", d.Contract().Signed())
	}
	if err := d.Join(d); err != nil || len(d.Records()) != 1 {
		t.Errorf("joined with itself: %v", err)
	}
}

func TestOldestAndNewestReceiptStay(t *testing.T) {
	full := signed(t, newRecord(t, contractText(t, 1)), testParties...)
	id := full.ID()
	receipts := map[string][]byte{}
	for _, size := range []uint64{4, 7, 9} {
		for witnesses := range 3 {
			receipts[fmt.Sprint(size, "/", witnesses)] = receipt(t, full, 3, size, witnesses)
		}
	}
	for _, c := range []struct {
		added         []string
		first, newest string
	}{
		{[]string{"7/1"}, "7/1", "7/1"},
		{[]string{"7/1", "7/1"}, "7/1", "7/1"},
		{[]string{"7/1", "7/2", "7/0"}, "7/2", "7/2"},
		{[]string{"7/1", "9/0"}, "7/1", "9/0"},
		{[]string{"7/1", "4/0"}, "4/0", "7/1"},
		{[]string{"7/1", "4/0", "9/2"}, "4/0", "9/2"},
		{[]string{"4/0", "7/2", "9/1", "4/2", "9/0", "4/1"}, "4/2", "9/1"},
	} {
		for seed := range uint64(6) {
			order := slices.Clone(c.added)
			rand.New(rand.NewPCG(1, seed)).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			d := newDossier(t, full)
			for _, name := range order {
				addReceipt(t, d, receipts[name])
			}
			first, newest := d.FirstReceipt(id), d.Receipt(id)
			if !bytes.Equal(first.Bytes(), receipts[c.first]) || !bytes.Equal(newest.Bytes(), receipts[c.newest]) {
				t.Errorf("of %v there are %d and %d, want %s and %s", order, first.Proof.Checkpoint.Size, newest.Proof.Checkpoint.Size, c.first, c.newest)
			}
			files, _, _ := d.layout()
			want := 3
			if c.first != c.newest {
				want = 4
			}
			if len(files) != want {
				t.Errorf("of %v there are %d files, want %d", order, len(files), want)
			}
			mustRead(t, written(t, d))
		}
	}
}

// someDossier returns a dossier with some of the signatures, receipts, statements
// and documents of testDossier.
func someDossier(t testing.TB, r *rand.Rand) *Dossier {
	some := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(string) bool { return r.IntN(2) == 0 })
	}
	contract := newRecord(t, contractText(t, 1))
	d := newDossier(t, signed(t, contract, some(testParties)...))
	full := signed(t, contract, testParties...)
	for range r.IntN(3) {
		addReceipt(t, d, receipt(t, full, 3, uint64(4+r.IntN(4)), r.IntN(3)))
	}
	for n := range byte(4) {
		if r.IntN(2) == 0 {
			addRecord(t, d, signed(t, newRecord(t, statementText(t, contract.ID(), 10+n)), some(testParties[:1])...))
		}
	}
	for _, doc := range []testDocument{testTerms, testDrawing} {
		if r.IntN(2) == 0 {
			addDocument(t, d, contract.ID(), doc)
		}
	}
	return d
}

func joined(t testing.TB, ds ...*Dossier) []byte {
	t.Helper()
	d := ds[0].clone()
	for _, other := range ds[1:] {
		if err := d.Join(other); err != nil {
			t.Fatal(err)
		}
	}
	return written(t, d)
}

func TestJoinDoesNotAskForOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for i := range 60 {
		a, b, c := someDossier(t, r), someDossier(t, r), someDossier(t, r)
		abc := joined(t, a, b, c)
		if !bytes.Equal(abc, joined(t, c, b, a)) || !bytes.Equal(abc, joined(t, b, mustRead(t, joined(t, a, c)))) {
			t.Fatalf("round %d: the order matters", i)
		}
		if !bytes.Equal(abc, joined(t, mustRead(t, abc), a, b, c, mustRead(t, abc))) {
			t.Fatalf("round %d: joining again changes something", i)
		}
	}
}

func TestJoinKeepsItsPolicy(t *testing.T) {
	d, other := testDossier(t), testDossier(t)
	if err := other.SetPolicy([]byte("quorum none\n")); err != nil {
		t.Fatal(err)
	}
	if err := d.Join(other); err != nil || string(d.Policy()) != testPolicy {
		t.Errorf("policy is %q, %v", d.Policy(), err)
	}
}

func TestJoinTakesOnlyDocumentsThatMatch(t *testing.T) {
	whole := testDossier(t)
	id := whole.Contract().ID()
	terms, salt, drawing := documentPath(id, testTerms.name), saltPath(id, testTerms.name), documentPath(id, testDrawing.name)
	bare := newDossier(t, newRecord(t, contractText(t, 1)))
	noTerms, noSalt := removeFile(t, whole, terms), removeFile(t, whole, salt)
	neither := removeFile(t, noTerms, salt)
	for _, c := range []struct {
		name        string
		to, from    *Dossier
		sentence    string // "": taken
		terms, salt bool   // afterwards there
	}{
		{"all", bare, whole, "", true, true},
		{"nothing", whole, bare, "", true, true},
		{"both have it", whole, testDossier(t), "", true, true},
		{"document to its salt", noTerms, noSalt, "", true, true},
		{"salt to its document", noSalt, noTerms, "", true, true},
		{"document whose salt is nowhere", neither, noSalt, "", false, false},
		{"salt whose document is nowhere", neither, noTerms, "", false, false},
		{"wrong document", noTerms, replaceFile(t, whole, terms, []byte("wrong")), terms + ": document does not match: document-1.md is salted-sha256:", false, true},
		{"wrong document for the salt", noTerms, replaceFile(t, noSalt, terms, []byte("wrong")), terms + ": document does not match: document-1.md is", false, true},
		{"wrong salt", neither, replaceFile(t, whole, salt, testSalt(9)), terms + ": document does not match: document-1.md is", false, false},
		{"wrong salt for the document", noSalt, replaceFile(t, noTerms, salt, testSalt(9)), terms + ": document does not match: document-1.md is", true, false},
		{"wrong public document", removeFile(t, whole, drawing), replaceFile(t, whole, drawing, []byte("wrong")), drawing + ": document does not match: drawing.pdf has 5 bytes", true, true},
		{"two documents", whole, replaceFile(t, whole, drawing, []byte("wrong")), drawing + ": the two have different documents, of 19 and 5 bytes", true, true},
		{"the right document for a wrong one", replaceFile(t, whole, drawing, []byte("wrong")), whole, "", true, true},
		{"the right salted document for a wrong one", replaceFile(t, whole, terms, []byte("wrong")), noSalt, "", true, true},
		{"two wrong documents", replaceFile(t, whole, drawing, []byte("wrong")), replaceFile(t, whole, drawing, []byte("worse")), drawing + ": document does not match", true, true},
		{"two salts", whole, replaceFile(t, whole, salt, testSalt(9)), terms + ": the two have different salts", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := c.to.clone()
			err := d.Join(c.from)
			if (err == nil) != (c.sentence == "") || err != nil && !strings.Contains(err.Error(), c.sentence) {
				t.Errorf("error is %v, want %q in it", err, c.sentence)
			}
			if _, _, ok := d.Document(id, testTerms.name); ok != c.terms {
				t.Errorf("terms are there: %v, want %v", ok, c.terms)
			}
			if salt := d.Salt(id, testTerms.name); (salt != nil) != c.salt {
				t.Errorf("salt is there: %v, want %v", salt != nil, c.salt)
			}
			checked, err := d.CheckDocuments(id)
			if err != nil {
				t.Fatal(err)
			}
			for _, doc := range checked {
				if doc.State == Differs && c.sentence == "" {
					t.Errorf("%s does not match after a join that went well", doc.Name)
				}
			}
		})
	}
}

func TestJoinNamesReceiptsThatDisagree(t *testing.T) {
	contract := newRecord(t, contractText(t, 1))
	full := signed(t, contract, testParties...)
	a, b := newDossier(t, contract), newDossier(t, contract)
	addReceipt(t, a, receipt(t, full, 3, 5, 0))
	addReceipt(t, b, receipt(t, full, 4, 6, 0))
	if err := a.Join(b); err == nil || !strings.Contains(err.Error(), full.ID().String()+": two receipts say that it is entry 3 and entry 4") {
		t.Errorf("error is %v", err)
	}
}
