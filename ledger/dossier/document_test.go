package dossier

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

var errRead = errors.New("the disk is gone")

// failing is a source of b that fails where b ends.
func failing(b []byte) Source {
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(b), failingReader{})), nil
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errRead }

func absent() (io.ReadCloser, error) { return nil, errRead }

func TestOnlyTheDocumentOfTheLineIsTaken(t *testing.T) {
	contract := newRecord(t, contractText(t, 1))
	id := contract.ID()
	for _, c := range []struct {
		name, document, sentence string
		id                       record.ID
		source                   Source
		salt                     []byte
	}{
		{"another record", testDrawing.name, "has no record", record.ID{1}, Bytes(testDrawing.data), nil},
		{"another name", "x.pdf", "no document of that name", id, Bytes(testDrawing.data), nil},
		{"another case", "Drawing.pdf", "no document of that name", id, Bytes(testDrawing.data), nil},
		{"another content", testDrawing.name, "is sha256:", id, Bytes(bytes.ToUpper(testDrawing.data)), nil},
		{"a byte longer", testDrawing.name, "than the 19 bytes that the record states", id, Bytes(append(bytes.Clone(testDrawing.data), 0)), nil},
		{"a byte shorter", testDrawing.name, "has 18 bytes", id, Bytes(testDrawing.data[1:]), nil},
		{"public with salt", testDrawing.name, "not salted", id, Bytes(testDrawing.data), testSalt(1)},
		{"salted without", testTerms.name, "there is no salt", id, Bytes(testTerms.data), nil},
		{"another salt", testTerms.name, "document does not match: document-1.md is salted-sha256:", id, Bytes(testTerms.data), testSalt(2)},
		{"short salt", testTerms.name, "31 bytes, not 32", id, Bytes(testTerms.data), testSalt(1)[1:]},
		{"salted and larger", testTerms.name, "more than the 4096 bytes", id, zeros(4097), testSalt(1)},
		{"not there", testDrawing.name, errRead.Error(), id, absent, nil},
		{"not readable", testDrawing.name, errRead.Error(), id, failing(testDrawing.data), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDossier(t, contract)
			before := written(t, d)
			err := d.AddDocument(c.id, c.document, c.source, c.salt)
			if err == nil || !strings.Contains(err.Error(), c.sentence) {
				t.Errorf("error is %v, want %q in it", err, c.sentence)
			}
			if !bytes.Equal(written(t, d), before) {
				t.Error("the dossier has changed")
			}
		})
	}
}

// replaceFile returns the dossier read from bytes in which one file is another.
func replaceFile(t *testing.T, d *Dossier, path string, data []byte) *Dossier {
	t.Helper()
	files := unpack(t, written(t, d))
	files[index(t, files, path)].data = data
	return mustRead(t, pack(files))
}

func removeFile(t *testing.T, d *Dossier, path string) *Dossier {
	t.Helper()
	files := unpack(t, written(t, d))
	i := index(t, files, path)
	return mustRead(t, pack(append(files[:i:i], files[i+1:]...)))
}

func TestStateOfEveryDocumentIsTold(t *testing.T) {
	d := testDossier(t)
	id := d.Contract().ID()
	terms, drawing := documentPath(id, testTerms.name), documentPath(id, testDrawing.name)
	for _, c := range []struct {
		name           string
		d              *Dossier
		terms, drawing State
		reason         string
	}{
		{"whole", d, Matches, Matches, ""},
		{"read again", mustRead(t, written(t, d)), Matches, Matches, ""},
		{"empty", newDossier(t, newRecord(t, contractText(t, 1))), Absent, Absent, ""},
		{"terms gone", removeFile(t, d, terms), Absent, Matches, ""},
		{"salt gone", removeFile(t, d, saltPath(id, testTerms.name)), NoSalt, Matches, ""},
		{"terms changed", replaceFile(t, d, terms, []byte("# terms\n")), Differs, Matches, "is salted-sha256:"},
		{"salt changed", replaceFile(t, d, saltPath(id, testTerms.name), testSalt(2)), Differs, Matches, "is salted-sha256:"},
		{"terms too large", replaceFile(t, d, terms, make([]byte, 4097)), Differs, Matches, "more than the 4096 bytes"},
		{"drawing changed", replaceFile(t, d, drawing, bytes.ToUpper(testDrawing.data)), Matches, Differs, "is sha256:"},
		{"drawing cut", replaceFile(t, d, drawing, nil), Matches, Differs, "has 0 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			checked, err := c.d.CheckDocuments(id)
			if err != nil || len(checked) != 2 {
				t.Fatalf("%v, %v", checked, err)
			}
			if checked[0].State != c.terms || checked[1].State != c.drawing {
				t.Errorf("terms are %q, the drawing is %q; want %q, %q", checked[0].State, checked[1].State, c.terms, c.drawing)
			}
			if checked[0].State.String() == checked[1].State.String() != (c.terms == c.drawing) {
				t.Errorf("states print as %s and %s", checked[0].State, checked[1].State)
			}
			if reason := checked[0].Reason + checked[1].Reason; (reason == "") != (c.reason == "") || !strings.Contains(reason, c.reason) {
				t.Errorf("reason is %q, want %q", reason, c.reason)
			}
			if checked[0].Name != testTerms.name || checked[1].Name != testDrawing.name {
				t.Errorf("documents are not in the order of the record")
			}
		})
	}
	if _, err := d.CheckDocuments(record.ID{1}); err == nil {
		t.Error("documents of no record are checked")
	}
	f := d.edit(id)
	f.documents[testTerms.name] = document{absent, 8, 0}
	if _, err := d.CheckDocuments(id); !errors.Is(err, errRead) {
		t.Errorf("document that cannot be read: %v", err)
	}
}

func TestRightDocumentTakesTheWrongOnesPlace(t *testing.T) {
	d := testDossier(t)
	id := d.Contract().ID()
	want := written(t, d)
	wrong := replaceFile(t, d, documentPath(id, testTerms.name), []byte("wrong"))
	if err := wrong.AddDocument(id, testTerms.name, Bytes(testTerms.data), nil); err != nil {
		t.Fatalf("with the salt that is there: %v", err)
	}
	if !bytes.Equal(written(t, wrong), want) {
		t.Error("the dossier is not what it was")
	}
}

func TestDocumentThatChangesIsNotWritten(t *testing.T) {
	for _, c := range []struct {
		name, sentence string
		later          Source
	}{
		{"shorter", "has 18 bytes, not the 19 it had before", Bytes(testDrawing.data[1:])},
		{"longer", "has more than the 19 bytes it had before", Bytes(append(bytes.Clone(testDrawing.data), 0))},
		{"other bytes", "has the CRC-32", Bytes(bytes.ToUpper(testDrawing.data))},
		{"gone", errRead.Error(), absent},
		{"failing", errRead.Error(), failing(testDrawing.data[:5])},
		{"failing at its end", errRead.Error(), failing(testDrawing.data)},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDossier(t, newRecord(t, contractText(t, 1)))
			source := Bytes(testDrawing.data)
			if err := d.AddDocument(d.Contract().ID(), testDrawing.name, func() (io.ReadCloser, error) { return source() }, nil); err != nil {
				t.Fatal(err)
			}
			written(t, d)
			source = c.later
			if _, err := d.WriteTo(io.Discard); err == nil || !strings.Contains(err.Error(), c.sentence) {
				t.Errorf("error is %v, want %q in it", err, c.sentence)
			}
		})
	}
}

func TestLargeDocumentIsNeverInMemory(t *testing.T) {
	const size = 100 << 20
	const most = 4 << 20
	salt := testSalt(3)
	var hash [32]byte
	text := contractText(t, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	open := zeros(size)
	in, err := open()
	if err != nil {
		t.Fatal(err)
	}
	hash, text.Documents[0].Size, err = record.Commit(salt, in)
	if err != nil {
		t.Fatal(err)
	}
	text.Documents[0].Hash = hash
	d := newDossier(t, newRecord(t, text))
	if err := d.AddDocument(d.Contract().ID(), text.Documents[0].Name, open, salt); err != nil {
		t.Fatal(err)
	}
	n, err := d.WriteTo(io.Discard)
	if err != nil || n < size {
		t.Fatalf("%d bytes written, %v", n, err)
	}
	if _, err := d.CheckDocuments(d.Contract().ID()); err != nil {
		t.Fatal(err)
	}
	r := &virtual{t: t, d: d}
	again, err := Read(r.prepare(), n)
	if err != nil {
		t.Fatal(err)
	}
	if checked, err := again.CheckDocuments(again.Contract().ID()); err != nil || checked[0].State != Matches {
		t.Errorf("%v, %v", checked, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > most {
		t.Errorf("a document of %d bytes costs %d bytes of memory, at most %d are allowed", size, grown, most)
	}
}

// virtual is the file of a dossier with one document of zeros, of which only the
// rest is kept.
type virtual struct {
	t           *testing.T
	d           *Dossier
	head, tail  []byte
	skip, total int64
}

func (v *virtual) prepare() io.ReaderAt {
	files, total, err := v.d.layout()
	if err != nil {
		v.t.Fatal(err)
	}
	v.total = total
	v.skip = files[0].size
	cut := files[0].end() - files[0].size
	w := &around{cut: cut, skip: v.skip}
	if _, err := v.d.WriteTo(w); err != nil {
		v.t.Fatal(err)
	}
	v.head, v.tail = w.kept[:cut], w.kept[cut:]
	return v
}

// around keeps what is written but for skip bytes from cut on.
type around struct {
	at, cut, skip int64
	kept          []byte
}

func (w *around) Write(p []byte) (int, error) {
	for i := range p {
		if w.at < w.cut || w.at >= w.cut+w.skip {
			w.kept = append(w.kept, p[i])
		}
		w.at++
	}
	return len(p), nil
}

func (v *virtual) ReadAt(b []byte, offset int64) (int, error) {
	for i := range b {
		switch at := offset + int64(i); {
		case at < int64(len(v.head)):
			b[i] = v.head[at]
		case at < int64(len(v.head))+v.skip:
			b[i] = 0
		case at < v.total:
			b[i] = v.tail[at-int64(len(v.head))-v.skip]
		default:
			return i, io.EOF
		}
	}
	return len(b), nil
}
