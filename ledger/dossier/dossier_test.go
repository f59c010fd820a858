package dossier

import (
	"bytes"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/chirograph/chirograph/ledger/record"
)

// A dossier is read by the offline verifier: nothing here reaches the network,
// other programs, or the rules of admission.
func TestImportsStayBelow(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/chirograph/chirograph/"
	allowed := []string{module + "crypto/note", module + "crypto/tlog", module + "ledger/record", module + "ledger/dossier", module + "ledger/newfile"}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		if path == "net" || path == "os/exec" || strings.HasPrefix(path, module) && !slices.Contains(allowed, path) {
			t.Errorf("package dossier reaches %s", path)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, testDossier(f)))
	f.Add(written(f, newDossier(f, newRecord(f, contractText(f, 1)))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := read(b)
		if err != nil {
			return
		}
		if again := written(t, d); !bytes.Equal(again, b) {
			t.Fatalf("%d bytes are taken, and written as %d others", len(b), len(again))
		}
		if d.Contract().Text().Kind != record.Contract {
			t.Fatal("the contract is none")
		}
		for _, r := range d.Records() {
			if _, err := d.CheckDocuments(r.ID()); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Join(mustRead(t, b)); err != nil || !bytes.Equal(written(t, d), b) {
			t.Fatalf("joined with itself it changes: %v", err)
		}
	})
}

// FuzzFile puts one file with the right headers into a dossier, which bytes made at
// random never have.
func FuzzFile(f *testing.F) {
	canonical := unpack(f, written(f, testDossier(f)))
	for _, file := range canonical {
		f.Add(file.path, file.data)
	}
	stranger := newRecord(f, contractText(f, 9))
	f.Add(recordPath(stranger.ID()), stranger.Bytes())
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		if len(path) > maxPath {
			return
		}
		files := slices.DeleteFunc(slices.Clone(canonical), func(f rawFile) bool { return f.path == path })
		files = append(files, rawFile{path: path, data: data})
		sortFiles(files)
		b := pack(files)
		d, err := read(b)
		if err != nil {
			return
		}
		if again := written(t, d); !bytes.Equal(again, b) {
			t.Fatalf("%q with %q is taken, and written otherwise", path, data)
		}
	})
}

// FuzzPath: whatever parsePath takes, it would print.
func FuzzPath(f *testing.F) {
	id := strings.Repeat("0a", 32)
	for _, path := range []string{
		"policy", "records/" + id + ".note", "receipts/" + id + ".tlog-proof", "receipts/" + id + ".first.tlog-proof",
		"documents/" + id + "/a.pdf", "salts/" + id + "/a.pdf", "documents/" + id + "/../a.pdf", "",
	} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		p, err := parsePath(path)
		if err != nil {
			return
		}
		printed := map[role]string{
			isPolicy: policyPath, isRecord: recordPath(p.id), isReceipt: receiptPath(p.id), isFirst: firstPath(p.id),
			isDocument: documentPath(p.id, p.name), isSalt: saltPath(p.id, p.name),
		}[p.role]
		if printed != path {
			t.Fatalf("%q is taken for %q", path, printed)
		}
	})
}

// benchDossier returns a dossier with a document of 1 MB.
func benchDossier(b *testing.B) *Dossier {
	doc := testDocument{testTerms.name, testSalt(1), bytes.Repeat([]byte("0123456789abcdef"), 1<<16)}
	text := contractText(b, 1)
	text.Documents = []record.Document{doc.line(b, record.Terms)}
	full := signed(b, newRecord(b, text), testParties...)
	d := newDossier(b, full)
	addReceipt(b, d, receipt(b, full, 3, 9, 3))
	addDocument(b, d, full.ID(), doc)
	return d
}

func BenchmarkRead(b *testing.B) {
	data := written(b, benchDossier(b))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		mustRead(b, data)
	}
}

func BenchmarkWrite(b *testing.B) {
	d := benchDossier(b)
	b.SetBytes(int64(len(written(b, d))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
