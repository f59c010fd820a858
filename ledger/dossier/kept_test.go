package dossier

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// renewal returns a contract over the documents of old, under other names.
func renewal(t testing.TB, old *record.Record) *record.Record {
	t.Helper()
	text := contractText(t, 9)
	text.Replaces, text.Former = old.ID(), text.Parties
	text.Documents[0].Name, text.Documents[1].Name = "terms.md", "meter.pdf"
	return newRecord(t, text)
}

// renewed returns a dossier of a contract with its documents, and of a renewal
// without.
func renewed(t testing.TB) (d *Dossier, old, next *record.Record) {
	t.Helper()
	old = newRecord(t, contractText(t, 1))
	next = renewal(t, old)
	d = newDossier(t, old)
	for _, doc := range []testDocument{testTerms, testDrawing} {
		if err := d.AddDocument(old.ID(), doc.name, Bytes(doc.data), doc.salt); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddRecord(next); err != nil {
		t.Fatal(err)
	}
	return d, old, next
}

func wantStates(t testing.TB, d *Dossier, id record.ID, want ...State) {
	t.Helper()
	checked, err := d.CheckDocuments(id)
	if err != nil || len(checked) != len(want) {
		t.Fatal(checked, err)
	}
	for i, c := range checked {
		if c.State != want[i] {
			t.Errorf("%s %s, want %s", c.Name, c.State, want[i])
		}
	}
}

func TestADocumentThatAnotherRecordNamesTooIsThere(t *testing.T) {
	d, _, next := renewed(t)
	wantStates(t, d, next.ID(), Matches, Matches)
	for name, want := range map[string]testDocument{"terms.md": testTerms, "meter.pdf": testDrawing} {
		source, size, ok := d.Document(next.ID(), name)
		if !ok || size != int64(len(want.data)) || !bytes.Equal(d.Salt(next.ID(), name), want.salt) {
			t.Fatalf("%s: %d bytes, %v", name, size, ok)
		}
		r, err := source()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want.data) {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	// It is kept once: the file has it under the one record.
	read, err := Read(bytes.NewReader(written(t, d)), int64(len(written(t, d))))
	if err != nil {
		t.Fatal(err)
	}
	wantStates(t, read, next.ID(), Matches, Matches)
	if len(read.folders[next.ID()].documents) != 0 {
		t.Error("it is there twice")
	}
}

func TestADocumentOfAnotherCommitmentIsNotTaken(t *testing.T) {
	old := newRecord(t, contractText(t, 1))
	text := contractText(t, 9)
	text.Replaces, text.Former = old.ID(), text.Parties
	other := testDocument{testTerms.name, testSalt(2), testTerms.data}
	text.Documents[0] = other.line(t, record.Terms) // the same file under another salt
	text.Documents[1].Size++
	next := newRecord(t, text)
	d := newDossier(t, old)
	for _, doc := range []testDocument{testTerms, testDrawing} {
		if err := d.AddDocument(old.ID(), doc.name, Bytes(doc.data), doc.salt); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.AddRecord(next); err != nil {
		t.Fatal(err)
	}
	wantStates(t, d, next.ID(), Absent, Absent)
	if _, _, ok := d.Document(next.ID(), testTerms.name); ok || d.Salt(next.ID(), testTerms.name) != nil {
		t.Error("it is there")
	}
}

func TestADocumentThatDoesNotMatchIsNobodyElses(t *testing.T) {
	d, old, next := renewed(t)
	f := d.folders[old.ID()]
	f.documents[testDrawing.name] = document{Bytes(bytes.ToUpper(testDrawing.data)), int64(len(testDrawing.data)), 0}
	delete(f.salts, testTerms.name)
	wantStates(t, d, old.ID(), NoSalt, Differs)
	wantStates(t, d, next.ID(), Absent, Absent)
	for _, name := range []string{"terms.md", "meter.pdf"} {
		if _, _, ok := d.Document(next.ID(), name); ok {
			t.Errorf("%s is there", name)
		}
	}
	f.documents[testDrawing.name] = document{failing(testDrawing.data), int64(len(testDrawing.data)), 0}
	d.commitments = nil
	if _, err := d.CheckDocuments(next.ID()); !errors.Is(err, errRead) {
		t.Errorf("one that cannot be read: %v", err)
	}
}

// What came later is found too: nothing is remembered of how it was.
func TestADocumentThatComesLaterIsFound(t *testing.T) {
	old := newRecord(t, contractText(t, 1))
	next := renewal(t, old)
	d := newDossier(t, old)
	if err := d.AddRecord(next); err != nil {
		t.Fatal(err)
	}
	wantStates(t, d, next.ID(), Absent, Absent)
	if err := d.AddDocument(old.ID(), testDrawing.name, Bytes(testDrawing.data), nil); err != nil {
		t.Fatal(err)
	}
	wantStates(t, d, next.ID(), Absent, Matches)
}

// Which of several copies is damaged decides nothing, nor in what order the ids are.
func TestADocumentIsThereAsLongAsOneCopyMatches(t *testing.T) {
	damaged := document{Bytes(bytes.ToUpper(testDrawing.data)), int64(len(testDrawing.data)), 0}
	unread := document{failing(testDrawing.data), int64(len(testDrawing.data)), 0}
	for name, bad := range map[string]document{"damaged": damaged, "not read": unread} {
		d, old, middle := renewed(t)
		text := contractText(t, 17)
		text.Replaces, text.Former = middle.ID(), text.Parties
		last := newRecord(t, text)
		if err := d.AddRecord(last); err != nil {
			t.Fatal(err)
		}
		good := d.folders[old.ID()].documents[testDrawing.name]
		for i, copies := range [][2]document{{good, bad}, {bad, good}} {
			d = d.clone()
			d.edit(old.ID()).documents[testDrawing.name] = copies[0]
			d.edit(middle.ID()).documents["meter.pdf"] = copies[1]
			for range 2 { // what was found out once changes nothing
				wantStates(t, d, last.ID(), Matches, Matches)
			}
			if source, _, ok := d.Document(last.ID(), testDrawing.name); !ok {
				t.Errorf("%s, copy %d: not found", name, i)
			} else if doc, err := match(text.Documents[1], source, nil); err != nil || doc.size != good.size {
				t.Errorf("%s, copy %d: %d bytes, %v", name, i, doc.size, err)
			}
		}
		d.edit(old.ID()).documents[testDrawing.name], d.edit(middle.ID()).documents["meter.pdf"] = damaged, damaged
		d.commitments = nil
		wantStates(t, d, last.ID(), Matches, Absent)
	}
}

func TestACopyThatDoesNotMatchIsReadOnce(t *testing.T) {
	d, old, next := renewed(t)
	reads := 0
	d.edit(old.ID()).documents[testDrawing.name] = document{func() (io.ReadCloser, error) {
		reads++
		return Bytes(bytes.ToUpper(testDrawing.data))()
	}, int64(len(testDrawing.data)), 0}
	d.commitments = nil
	for range 3 {
		wantStates(t, d, next.ID(), Matches, Absent)
	}
	if reads != 1 {
		t.Errorf("it was read %d times", reads)
	}
}
