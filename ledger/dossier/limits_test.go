package dossier

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

func wantOneTooMany(t *testing.T, err error, sentence string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), sentence) {
		t.Errorf("one past the limit: %v, want %q", err, sentence)
	}
}

func TestPolicyIsBounded(t *testing.T) {
	r := newRecord(t, contractText(t, 1))
	d, err := New(r, bytes.Repeat([]byte("#"), MaxPolicy))
	if err != nil {
		t.Fatalf("at the limit: %v", err)
	}
	mustRead(t, written(t, d))
	_, err = New(r, bytes.Repeat([]byte("#"), MaxPolicy+1))
	wantOneTooMany(t, err, "policy has 262145 bytes, at most 262144")
	wantOneTooMany(t, d.SetPolicy(bytes.Repeat([]byte("#"), MaxPolicy+1)), "policy has 262145 bytes, at most 262144")
	if len(d.Policy()) != MaxPolicy {
		t.Errorf("refused policy changed the dossier")
	}
}

// statements returns a dossier with n records, the first a contract, the others
// statements with that many salted documents each, which are empty.
func statements(t testing.TB, n, documents int) *Dossier {
	t.Helper()
	contract := newRecord(t, contractText(t, 1))
	d := newDossier(t, contract)
	text := statementText(t, contract.ID(), 0)
	for i := range documents {
		doc := testDocument{fmt.Sprintf("document-%d.md", i), testSalt(1), nil}
		text.Documents = append(text.Documents, doc.line(t, "attachment"))
	}
	for i := 1; i < n; i++ {
		text.Nonce = [16]byte{byte(i), byte(i >> 8)}
		r := newRecord(t, text)
		f := d.edit(r.ID())
		f.record = r
		for _, line := range text.Documents {
			f.documents[line.Name] = document{Bytes(nil), 0, 0}
			f.salts[line.Name] = testSalt(1)
		}
	}
	return d
}

func TestRecordsAreBounded(t *testing.T) {
	d := statements(t, MaxRecords, 0)
	b := written(t, d)
	if got := len(mustRead(t, b).Records()); got != MaxRecords {
		t.Errorf("%d records are read, %d were written", got, MaxRecords)
	}
	text := statementText(t, newRecord(t, contractText(t, 1)).ID(), 255)
	text.Nonce[15] = 1
	more := newRecord(t, text)
	wantOneTooMany(t, d.AddRecord(more), "4097 records, at most 4096")
	files := append(unpack(t, b), rawFile{path: recordPath(more.ID()), data: more.Bytes()})
	sortFiles(files)
	_, err := read(pack(files))
	wantOneTooMany(t, err, "4097 records, at most 4096")
}

func TestFilesAreBounded(t *testing.T) {
	// A record with all its documents and salts has 129 files; 508 of these, the
	// policy and the contract are just as many as there may be.
	const perRecord = 1 + 2*record.MaxDocuments
	d := statements(t, 1+(MaxFiles-2)/perRecord, record.MaxDocuments)
	b := written(t, d)
	if files, err := readDirectory(bytes.NewReader(b), int64(len(b))); err != nil || len(files) != MaxFiles {
		t.Fatalf("at the limit: %d files, %v", len(files), err)
	}
	mustRead(t, b)
	d.edit(d.Contract().ID()).documents[testTerms.name] = document{Bytes(nil), 0, 0}
	wantOneTooMany(t, d.check(), "65535 files, at most 65534")
	if n, err := d.WriteTo(io.Discard); err == nil || n != 0 {
		t.Errorf("one file too many: %d bytes were written, %v", n, err)
	}
}

func TestBytesInMemoryAreBounded(t *testing.T) {
	d := testDossier(t)
	held := func() (n int) {
		files, _, _ := d.layout()
		for _, f := range files {
			if f.document.source == nil {
				n += len(f.data)
			}
		}
		return n
	}
	d.policy = make([]byte, MaxHeld-(held()-len(d.policy)))
	if err := d.check(); err != nil {
		t.Errorf("at the limit: %v", err)
	}
	d.policy = append(d.policy, 0)
	wantOneTooMany(t, d.check(), "134217729 bytes beside documents, at most 134217728")
	files := unpack(t, written(t, testDossier(t)))
	files = append(files, rawFile{path: recordPath(record.ID{255}), data: make([]byte, MaxHeld)})
	sortFiles(files)
	_, err := read(pack(files))
	wantOneTooMany(t, err, "bytes beside documents, at most 134217728")
}

// zeros is a source of that many bytes of which none is kept.
func zeros(n int64) Source {
	return func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zeroReader{}, n)), nil }
}

type zeroReader struct{}

func (zeroReader) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func TestDossierIsBoundedBeforeItsFirstByte(t *testing.T) {
	d := testDossier(t)
	id, name := d.Contract().ID(), testDrawing.name
	_, total, err := d.layout()
	if err != nil {
		t.Fatal(err)
	}
	f := d.edit(id)
	size := MaxSize - (total - f.documents[name].size)
	f.documents[name] = document{zeros(size), size, 0}
	if _, total, err := d.layout(); err != nil || total != MaxSize {
		t.Errorf("at the limit: %d bytes, %v", total, err)
	}
	f.documents[name] = document{zeros(size + 1), size + 1, 0}
	n, err := d.WriteTo(io.Discard)
	wantOneTooMany(t, err, "2147483649 bytes, at most 2147483648")
	if n != 0 {
		t.Errorf("%d bytes were written", n)
	}
}
